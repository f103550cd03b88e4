;; Asks for a function that WASI preview1 does not have. The start function must not run.
(module
  (import "wasi_snapshot_preview1" "fd_levitate" (func (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func $start (call $exit (i32.const 7)))
  (start $start)
  (func (export "_start")))
