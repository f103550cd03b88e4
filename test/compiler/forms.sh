#!/bin/bash
# Usage: test/compiler/forms.sh BUILD   Modules that need each form of code (enum unit_form): they compile with all
# options, the verifier accepts every function by the section's facts, any number of threads gives the same bytes;
# and without the compiler's loop some would be refused. The last line is "N passed, N failed".
set -u
b=$1
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# check NAME COMMAND...
check() {
	name=$1
	shift
	if "$@" >"$work/out" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $name"
		tail -n 3 "$work/out"
	fi
}

# Two arrays at fixed places: the code generator counts from their end up to 0.
cat >"$work/loop.wat" <<'END'
(module (memory (export "memory") 4)
  (func (export "run") (result i32) (local $i i32) (local $s i32)
    (loop $l
      (local.set $s (i32.add (local.get $s) (i32.mul
        (i32.load16_s offset=1024 (i32.shl (local.get $i) (i32.const 1)))
        (i32.load16_s offset=4096 (i32.shl (local.get $i) (i32.const 1))))))
      (br_if $l (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))
    (memory.copy (local.get $i) (i32.const 0) (local.get $s))
    (memory.fill (local.get $i) (i32.const 0) (local.get $s))
    (local.get $s)))
END
# Indices that are constants, multiples, or below 2^32 only with their offset; a shared memory, which grows.
cat >"$work/further.wat" <<'END'
(module (memory 0) (memory 1) (memory 1 2 shared)
  (func (i64.store8 align=1 (i32.const 0) (i64.const 1)))
  (func (param i32) (result i64) (i64.load8_s 1 offset=4294967295 (local.get 0)))
  (func (param i32) (result i32) (i32.load offset=4294967291 (local.get 0)))
  (func (param i32) (result i32) (i32.load 1 offset=8409620 (i32.shl (local.get 0) (i32.const 2))))
  (func (param i32 i32) (result i32) (select
    (i32.load 1 (local.get 0)) (i32.load 1 offset=8 (local.get 1)) (local.get 1)))
  (func (param i32) (result i32) (i32.atomic.load 2 (local.get 0)))
  (func (param i32) (result i32) (i32.atomic.rmw.add 2 offset=4 (local.get 0) (i32.const 1))))
END
# More in the frame than the verifier remembers at once, and tables in between.
{
	echo '(module (memory 1) (memory 1) (table 4 10 funcref) (type $t (func (result i32)))'
	echo '(func $g (type $t) i32.const 5) (elem (i32.const 0) $g $g)'
	echo '(func (export "f") (param i32) (result i32) (local'
	for i in $(seq 1500); do echo ' i32'; done
	echo ')'
	for i in $(seq 1500); do
		echo "(local.set $i (i32.add (local.get $((i - 1))) (i32.load offset=$i (local.get $((i - 1))))))"
		[ $((i % 100)) -ne 0 ] && continue
		echo "(local.set $i (call_indirect (type \$t) (local.get $i)))"
		echo "(local.set $i (i32.load 1 offset=7 (local.get $i)))"
		echo "(block (block (block (br_table 0 1 2 0 1 (local.get $i))) (local.set 1 (i32.const 5))) (local.set 2 (i32.const 7)))"
	done
	echo '(local.get 1)'
	for i in $(seq 1500); do echo "(i32.xor (local.get $i))"; done
	echo '))'
} >"$work/frame.wat"

for m in loop further frame; do
	wat2wasm --enable-threads --enable-multi-memory "$work/$m.wat" -o "$work/$m.wasm" || exit 2
	for level in -O0 -O1 -O2 -O3; do
		for options in "" "--isa v2" "--checked-memory" "--fuel --interruptible" \
			"--checked-memory --fuel --interruptible"; do
			# shellcheck disable=SC2086 # several options
			check "compiles: $m $level $options" \
				"$b/retwine-compile" --quiet -j1 $level $options "$work/$m.wasm" -o "$work/one.wasm"
			check "verifies: $m $level $options" "$b/test/verifier/verify_tool" --quiet "$work/one.wasm"
		done
		check "compiles with threads: $m $level" \
			"$b/retwine-compile" --quiet -j4 $level --checked-memory --fuel --interruptible \
			"$work/$m.wasm" -o "$work/four.wasm"
		check "same bytes: $m $level" cmp "$work/one.wasm" "$work/four.wasm"
	done
done

refused() {
	! "$b/test/verifier/verify_tool" --quiet "$1"
}
"$b/retwine-compile" --quiet --no-verify -O1 "$work/loop.wasm" -o "$work/plain.wasm" || exit 2
check "without facts it is refused" refused "$work/plain.wasm"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
