;; A memory of 4 GiB from the start.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 65536)
  (func (export "_start")
    (i32.store (i32.const 0xfffffffc) (i32.const 5))
    (call $exit (i32.load (i32.const 0xfffffffc)))))
