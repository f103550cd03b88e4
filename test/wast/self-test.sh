#!/bin/sh
# Tests what runs the specification's suite: the reader, and that the runner tells right from wrong.
# Usage: test/wast/self-test.sh BUILD RUNNER [ARG...]   (as for run.sh)
# Last line: `N passed, N failed`.
set -u

[ $# -ge 2 ] || { echo "usage: $0 BUILD RUNNER [ARG...]" >&2; exit 2; }
build=$1
shift
here=$(dirname "$0")
parser=$build/wasm-tools.core.wasm
passed=0
failed=0

check() { # NAME OK
	if [ "$2" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $1"
	fi
}

# ends_with FILE LINE RUNNER...: does the script's run end with that line?
ends_with() {
	script=$build/own/$1.script
	want=$2
	shift 2
	out=$(timeout 60 "$@" "$script" 2>&1)
	last=$(printf '%s\n' "$out" | tail -n 1)
	[ "$last" = "$want" ] && return 0
	printf '%s\n' "$out" | head -n 20
	echo "$script ends with '$last', not with '$want'"
	return 1
}

# A copy of a good script, cut off or with an unknown command, is an error and says so.
broken_is_refused() {
	head -c "$1" "$build/own/threads.script" >"$build/own/broken.script"
	printf '%b' "$2" >>"$build/own/broken.script"
	shift 2
	! timeout 60 "$@" "$build/own/broken.script" >/dev/null 2>&1
}

# A module that is refused for want of a feature that its text does not ask for is a failure: the
# byte that says what the first module of skipped.wast needs is taken away.
needs_are_believed_from_the_text() {
	cp "$build/own/skipped.script" "$build/own/broken.script"
	printf '\000' | dd of="$build/own/broken.script" bs=1 seek=36 conv=notrunc 2>/dev/null
	timeout 60 "$@" "$build/own/broken.script" 2>&1 | grep -q '^skipped.wast:3: module refused'
}

# A .wast file with a mistake leaves no script, and the reader says which line it is.
wrong_file_is_refused() {
	mkdir -p "$build/own/source"
	printf '(module)\n(assert_banana)\n' >"$build/own/source/mistake.wast"
	out=$(node "$here/reader/main.mjs" "$parser" "$build/own" "$build/own/source" mistake) &&
		return 1
	[ "$out" = "$build/own/source/mistake.wast:2: unknown command assert_banana" ] &&
		[ ! -e "$build/own/mistake.script" ]
}

mkdir -p "$build" && "$here/fetch-parser.sh" "$build" || exit 2
node "$here/reader/test.mjs" "$parser" >"$build/reader.log" || cat "$build/reader.log"
check reader "$(tail -n 1 "$build/reader.log" | grep -q '^[1-9][0-9]* passed, 0 failed$'; echo $?)"
check wrong_file_is_refused "$(wrong_file_is_refused; echo $?)"
node "$here/reader/main.mjs" "$parser" "$build/own" "$here/own" wrong threads skipped effects || exit 2
size=$(wc -c <"$build/own/threads.script")
check wrong_is_wrong "$(ends_with wrong '4 passed, 67 failed, 0 skipped' "$@" >&2; echo $?)"
check threads "$(ends_with threads '36 passed, 0 failed, 0 skipped' "$@" >&2; echo $?)"
check effects "$(ends_with effects '122 passed, 0 failed, 0 skipped' "$@" >&2; echo $?)"
check skipped "$(ends_with skipped '5 passed, 0 failed, 11 skipped' "$@" >&2; echo $?)"
check needs_are_believed_from_the_text "$(needs_are_believed_from_the_text "$@"; echo $?)"
check cut_off "$(broken_is_refused $((size - 1)) '' "$@"; echo $?)"
check only_the_magic "$(broken_is_refused 4 '' "$@"; echo $?)"
check unknown_command "$(broken_is_refused "$size" '\0377\0001\0000\0000\0000' "$@"; echo $?)"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
