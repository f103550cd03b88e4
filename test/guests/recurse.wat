;; Endless recursion without a byte of linear memory: only the runtime's own stack grows.
(module
  (memory (export "memory") 1)
  (func $down (export "_start") (call $down)))
