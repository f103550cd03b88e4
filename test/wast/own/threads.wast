;; Commands `thread` and `wait`, shared memories, and threads that wait for each other.

(module $M (memory (export "m") 1 2 shared) (memory (export "own") 1))
(register "M" $M)
(module $Read
  (memory (import "M" "m") 1 2 shared)
  (func (export "load") (param i32) (result i32) (i32.atomic.load (local.get 0))))

;; Sleeps until it is woken; whoever wakes it may come first or last.
(thread $Sleeper (shared (module $M))
  (register "M" $M)
  (module
    (memory (import "M" "m") 1 2 shared)
    (func (export "wait") (result i32)
      (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))
  (assert_return (invoke "wait") (either (i32.const 0) (i32.const 1)))
)
(thread $Waker (shared (module $M))
  (register "M" $M)
  (module
    (memory (import "M" "m") 1 2 shared)
    (func (export "wake") (result i32)
      (i32.atomic.store (i32.const 0) (i32.const 1))
      (memory.atomic.notify (i32.const 0) (i32.const -1))))
  (assert_return (invoke "wake") (either (i32.const 0) (i32.const 1)))
  (assert_return (invoke "wake") (either (i32.const 0) (i32.const 1)))
)
(wait $Waker)
(wait $Sleeper)
(assert_return (invoke $Read "load" (i32.const 0)) (i32.const 1))

;; Two threads take turns: each adds its part a thousand times when the word says that it may.
(module $Turns
  (memory (import "M" "m") 1 2 shared)
  (func (export "sum") (result i32) (i32.load (i32.const 12))))
(thread $Even (shared (module $M))
  (register "M" $M)
  (module
    (memory (import "M" "m") 1 2 shared)
    (func (export "run") (local $i i32)
      (loop $next
        (loop $turn (br_if $turn (i32.atomic.load (i32.const 8))))
        (i32.store (i32.const 12) (i32.add (i32.load (i32.const 12)) (i32.const 1)))
        (i32.atomic.store (i32.const 8) (i32.const 1))
        (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                               (i32.const 1000))))))
  (assert_return (invoke "run"))
)
(thread $Odd (shared (module $M))
  (register "M" $M)
  (module
    (memory (import "M" "m") 1 2 shared)
    (func (export "run") (local $i i32)
      (loop $next
        (loop $turn (br_if $turn (i32.eqz (i32.atomic.load (i32.const 8)))))
        (i32.store (i32.const 12) (i32.add (i32.load (i32.const 12)) (i32.const 2)))
        (i32.atomic.store (i32.const 8) (i32.const 0))
        (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                               (i32.const 1000))))))
  (assert_return (invoke "run"))
)
(wait $Even)
(wait $Odd)
(assert_return (invoke $Turns "sum") (i32.const 3000))

;; What one thread lets grow is there for the other. A memory that is not shared is nobody else's.
(thread $Grow (shared (module $M))
  (register "M" $M)
  (module
    (memory (import "M" "m") 1 2 shared)
    (func (export "grow") (result i32) (memory.grow (i32.const 1))))
  (assert_return (invoke "grow") (i32.const 1))
  (assert_return (invoke "grow") (i32.const -1))
  (assert_unlinkable (module (memory (import "M" "own") 1)) "unknown import")
)
(wait $Grow)
(assert_return (invoke $Read "load" (i32.const 131068)) (i32.const 0))
(assert_trap (invoke $Read "load" (i32.const 131072)) "out of bounds memory access")
