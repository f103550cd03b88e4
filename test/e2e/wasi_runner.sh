#!/bin/bash
# The runner of the conformance programs notices each way to be wrong, and reads what the public set has beside
# its programs.
. "$(dirname "$0")/lib.sh"

EXITS=$BUILD/wasi/c/exit_status.wasm # says "before" and gives 33
mkdir "$WORK/set"

# runner NAME STATUS PATTERN JSON [PROGRAM]: what the runner says of one program with that description.
runner() {
	rm -rf "$WORK/set/"*
	cp "${5:-$EXITS}" "$WORK/set/program.wasm"
	echo "$4" >"$WORK/set/program.json"
	test/wasi/run.py "$BUILD" "$WORK/set" >"$WORK/out" 2>"$WORK/err"
	status=$?
	check_status "$1" "$2"
	check "$1" "does not say $3: $(cat "$WORK/out")" grep -q -- "$3" "$WORK/out"
}
runner "right" 0 '^1 passed, 0 failed' '{"exit_code": 33, "stdout": "before\n"}'
runner "another status" 1 'exit status 33, must be 0' '{}'
runner "another output" 1 "stdout is 'before" '{"exit_code": 33, "stdout": "behind\n"}'
runner "another error output" 1 "stderr is ''" '{"exit_code": 33, "stderr": "x"}'
runner "what comes after" 1 "'false' gave 1" '{"exit_code": 33, "after": ["false"]}'
runner "what comes before" 1 "'false' gave 1" '{"exit_code": 33, "setup": ["false"]}'
runner "arguments" 1 'count == 6' '{"args": ["one"]}' "$BUILD/wasi/c/args_exact.wasm"
runner "variables" 1 'count == 0' '{"env": {"A": "1"}}' "$BUILD/wasi/c/environ_empty.wasm"
runner "a client that gets something else" 1 "client: the client got b'HEL'" \
	'{"options": ["--tcplisten", "127.0.0.1:{port}"], "client": ["connect", "send hel", "expect hel", "end"]}' \
	"$BUILD/wasi/c/sock_echo.wasm"

# As in the public set: a directory beside the program, whose leftovers are removed, and no other change to it.
rm -rf "$WORK/set/"*
cp "$BUILD/wasi/odd/names.wasm" "$WORK/set"
mkdir "$WORK/set/fs-tests.dir"
echo content >"$WORK/set/fs-tests.dir/file"
touch "$WORK/set/fs-tests.dir/left.cleanup"
echo '{"root": "fs-tests.dir", "stdout": "file\u0000content\n\u0000"}' >"$WORK/set/names.json"
test/wasi/run.py "$BUILD" "$WORK/set" >"$WORK/out" 2>&1
status=$?
check_status "a directory beside the program" 0
check "a directory beside the program" "was changed" test -e "$WORK/set/fs-tests.dir/left.cleanup"

# A function or an errno that no program meets is missing.
mkdir "$WORK/sources"
cp test/wasi/*.c test/wasi/c/*.c "$WORK/sources"
test/wasi/run.py --coverage "$WORK/sources" >"$WORK/out" 2>&1
check "coverage" "not complete: $(grep -i missing "$WORK/out")" grep -qx '0 missing' "$WORK/out"
rm "$WORK/sources/too_many_open.c"
test/wasi/run.py --coverage "$WORK/sources" >"$WORK/out" 2>&1
status=$?
check_status "coverage with a program less" 1
check "coverage with a program less" "another errno" grep -q '^path_open:.*MFILE|NFILE MISSING' "$WORK/out"

finish
