#!/bin/bash
# Programs as toolchains emit them: Lua and Duktape, whose setjmp is exception handling in its legacy
# form and in the one of exnref, and libwebp with SIMD. What they print must be what the same source
# prints when it is built natively.
. "$(dirname "$0")/lib.sh"

TOOLCHAINS=$BUILD/toolchains
SCRIPTS=test/e2e/toolchains

# script PROGRAM SCRIPT ARGUMENT...: on standard input, with both forms of exception handling.
script() {
	local program=$1 script=$2 form
	shift 2
	cp "$SCRIPTS/$script" "$WORK/in"
	"$TOOLCHAINS/$program" "$@" <"$WORK/in" >"$WORK/expected"
	check "$program $script, natively" "fails" test "$?" -eq 0 -a -s "$WORK/expected"
	for form in legacy exnref; do
		run "$TOOLCHAINS/$program-$form.wasm" "$@"
		check_status "$program $script, $form" 0
		check_same "$program $script, $form" "$WORK/expected"
	done
	rm "$WORK/in"
}

script lua language.lua -
script lua bench.lua - 2
script duktape language.js --run-stdin
script duktape bench.js --run-stdin

# An error that nobody catches is the program's own affair: its message and status.
echo 'error({}, 0)' >"$WORK/in"
run "$TOOLCHAINS/lua-legacy.wasm" -
check_status "lua, uncaught" 1
check "lua, uncaught" "no message" grep -q "error object is a table value" "$WORK/err"
echo 'throw new RangeError("nobody")' >"$WORK/in"
run "$TOOLCHAINS/duktape-exnref.wasm" --run-stdin
check_status "duktape, uncaught" 1
check "duktape, uncaught" "no message" grep -q "RangeError: nobody" "$WORK/err"
rm "$WORK/in"

# 1.2 megabytes of picture, compressed in five ways and decompressed in four.
size="640 480"
[ "$MODE" = strict ] && size="320 200"
# shellcheck disable=SC2086 # two words
"$TOOLCHAINS/webp" $size >"$WORK/expected"
check "webp, natively" "fails" test "$(wc -l <"$WORK/expected")" -eq 6
check "webp-simd.wasm" "holds hardly any SIMD" test \
	"$(wasm-objdump -d "$TOOLCHAINS/webp-simd.wasm" | grep -Ec ' (v128|[if](8x16|16x8|32x4|64x2))\.')" -gt 5000
for build in scalar simd; do
	# shellcheck disable=SC2086
	run "$TOOLCHAINS/webp-$build.wasm" $size
	check_status "webp, $build" 0
	check_same "webp, $build" "$WORK/expected"
done

finish
