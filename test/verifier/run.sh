#!/bin/sh
# Usage: test/verifier/run.sh BUILD MODULE...   The decoder against a disassembler; the modules compiled and
# verified; mutants of them, and functions made at random, in the emulator, with the verifier as it is and with
# faults planted into it. The last line is "N passed, N failed": checks, not functions.
set -u
b=$1
shift
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# check NAME COMMAND...
check() {
	check=$1
	shift
	if "$@" >"$work/out" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $check"
	fi
	sed "s/^/$check: /" "$work/out" | tail -n 12
}

check decoder "$b/test/verifier/decoder_check" 20000000 1
modules=
for module in "$@"; do
	name=$(basename "$module" .wasm)
	for isa in v2 v3; do
		out=$work/$name.$isa.wasm
		"$b/retwine-compile" -O1 --isa "$isa" --quiet "$module" -o "$out" || exit 2
		check "$name $isa" "$b/test/verifier/verify_tool" "$out"
		modules="$modules $out"
	done
done
# shellcheck disable=SC2086 # a list
check oracle "$b/test/verifier/oracle" --generated 200000 1 100000 $modules
check planted test/verifier/planted.sh "$b" 40000 "$work/$(basename "$1" .wasm).v2.wasm"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
