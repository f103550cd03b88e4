#!/bin/bash
# Runs the host that changes native code (test/e2e/tamper_native.c) and takes over its counts.
. "$(dirname "$0")/lib.sh"

mode=()
[ "$MODE" = strict ] && mode=(strict)
retwine compile --quiet -o "$WORK/hello.wasm" "$EXAMPLES/hello.wasm"
check_status "compile" 0
timeout --signal=KILL 300 "$BUILD/e2e/tamper_native" "$BUILD/retwine-enclave.elf" "$WORK/hello.wasm" "${mode[@]}" \
	>"$WORK/out" 2>"$WORK/err" </dev/null
status=$?
grep -v ' passed, ' "$WORK/out"
check_status "the dishonest host" 0
check "the dishonest host" "some tests are missing" grep -q '^9 passed' "$WORK/out"
counted=$(sed -n 's/ passed, .*//p' "$WORK/out")
passed=$((passed + ${counted:-0}))

finish
