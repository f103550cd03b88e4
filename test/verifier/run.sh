#!/bin/sh
# Usage: test/verifier/run.sh BUILD MODULE...   Compiles the modules, verifies them, tells what was refused; runs
# mutants of what was accepted in the emulator. The last line is "N passed, N failed": checks, not functions.
set -u
b=$1
shift
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
	fi
	sed "s/^/$name: /" "$work/out" | tail -n 12
}

check decoder "$b/test/verifier/decoder_check" 20000000 1
for module in "$@"; do
	name=$(basename "$module" .wasm)
	"$b/retwine-compile" -O1 --quiet "$module" -o "$work/$name.wasm" || exit 2
	"$b/retwine-compile" -O1 --isa v2 --quiet "$module" -o "$work/$name.v2.wasm" || exit 2
	# Functions may still be refused: what is counted is that it comes to an end.
	"$b/test/verifier/verify_tool" "$work/$name.wasm" >"$work/out" 2>&1
	sed "s/^/$name: /" "$work/out" | tail -n 12
	check "mutants of $name" "$b/test/verifier/oracle" 1 2000 "$work/$name.v2.wasm"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
