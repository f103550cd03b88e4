#!/bin/bash
# Compares our interpreter with V8: verdicts on damaged modules, and what random modules do; and native
# code with the interpreter.
# Usage: test/differential/run.sh BUILD [DAMAGED [FUZZED [GENERATED [NATIVE_FUZZED [NATIVE_GENERATED]]]]]
# Counts of modules; the last two: for native code.
# SEED (environment, default 1) chooses which. Modules that the two do not agree on are kept in
# BUILD/differential/findings. Ends with "N passed, N failed".
set -u
[ $# -ge 1 ] || { echo "usage: run.sh BUILD [COUNT...]" >&2; exit 2; }
build=$1 damaged=${2:-5000} fuzzed=${3:-150} generated=${4:-300}
native_fuzzed=${5:-20} native_generated=${6:-40}
here=$(dirname "$0")
driver=$build/differential/driver
findings=$build/differential/findings
log=$build/differential/log
seed=${SEED:-1}
# Both forms of exception handling may stand in one module; the names of types are needed in JavaScript.
node=("$build/toolchains/node" --no-warnings --wasm-allow-mixed-eh-for-testing
	--experimental-wasm-type-reflection)
passed=0 failed=0

# part COMMAND...: its last line is its count.
part() {
	local status counts
	"$@" >"$log" 2>&1
	status=$?
	head -n 40 "$log" | cut -c 1-400
	counts=$(tail -n 1 "$log" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p')
	if [ -z "$counts" ] || { [ "$status" -ne 0 ] && [ "${counts#* }" -eq 0 ]; }; then
		echo "FAIL $2: ended with status $status"
		counts="${counts:-0} 1"
	fi
	passed=$((passed + ${counts%% *})) failed=$((failed + ${counts##* }))
}

rm -rf "$findings"
seeds=(fuzz/seeds)
for dir in "$build/wast" "$build/guests"; do
	[ -d "$dir" ] && seeds+=("$dir")
done
[ "$damaged" -eq 0 ] ||
	part "${node[@]}" "$here/validate.mjs" "$driver" "$findings" "$damaged" "$seed" "${seeds[@]}"
[ "$generated" -eq 0 ] ||
	part "${node[@]}" "$here/execute.mjs" "$driver" "$findings" "$generated" "$seed" generated
[ "$native_generated" -eq 0 ] ||
	part "${node[@]}" "$here/engines.mjs" "$build" "$findings" "$native_generated" "$seed" generated
if [ $((fuzzed + native_fuzzed)) -gt 0 ] && ! command -v wasm-opt >/dev/null; then
	echo "FAIL wasm-opt is missing: install the package binaryen"
	failed=$((failed + 1))
else
	[ "$fuzzed" -eq 0 ] ||
		part "${node[@]}" "$here/execute.mjs" "$driver" "$findings" "$fuzzed" "$seed" fuzzed
	[ "$native_fuzzed" -eq 0 ] ||
		part "${node[@]}" "$here/engines.mjs" "$build" "$findings" "$native_fuzzed" "$seed" fuzzed
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
