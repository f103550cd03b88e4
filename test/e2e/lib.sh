# What the end-to-end scripts share. A script sources this, states claims by ok and fail (mostly
# through the check_* functions) and ends with finish. Environment: RETWINE, the command (default
# build/retwine); MODE, fast or strict simulation; ENGINE, interpreter or native; BUILD, the build folder;
# LIMIT, seconds per run.
# shellcheck shell=bash disable=SC2034
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2

BUILD=$(realpath "${BUILD:-build}")
RETWINE=$(realpath "${RETWINE:-$BUILD/retwine}")
MODE=${MODE:-fast}
ENGINE=${ENGINE:-interpreter}
LIMIT=${LIMIT:-120}
EXAMPLES=$BUILD/examples
GUESTS=$BUILD/guests
ROOT=$PWD

case "$MODE" in
fast) RUN=(run) ;;
strict) RUN=(run --strict-simulation) ;;
*) echo "MODE is '$MODE', must be fast or strict" >&2; exit 2 ;;
esac

case "$ENGINE" in
interpreter) ;;
native) RUN+=(--engine native) ;;
*) echo "ENGINE is '$ENGINE', must be interpreter or native" >&2; exit 2 ;;
esac
# How the programs are compiled for ENGINE=native.
COMPILE=()

WORK=$(mktemp -d)
# A process that was forked and dies before it reset its traps must not clean up.
trap '[ "$BASHPID" = "$$" ] && chmod -R u+w "$WORK" && rm -rf "$WORK"' EXIT

passed=0
failed=0
status=0

ok() {
	passed=$((passed + 1))
}

# fail NAME WHY: with what the command said.
fail() {
	failed=$((failed + 1))
	echo "FAIL $1 ($MODE, $ENGINE): $2"
	if [ -s "$WORK/err" ]; then
		head -n 8 "$WORK/err" | cut -c 1-300 | sed 's/^/    /'
	fi
}

# check NAME WHY COMMAND...: the claim holds when the command succeeds.
check() {
	local name=$1 why=$2
	shift 2
	if "$@"; then ok; else fail "$name" "$why"; fi
}

# retwine ARGUMENT...: runs the command; leaves $status, $WORK/out and $WORK/err. Standard input is
# $WORK/in when that exists. A run over the limit counts as killed (status 137).
retwine() {
	local input=/dev/null
	[ -e "$WORK/in" ] && input=$WORK/in
	timeout --signal=KILL "$LIMIT" "$RETWINE" "$@" <"$input" >"$WORK/out" 2>"$WORK/err"
	status=$?
}

# compiled MODULE: sets $module to the same with native code, compiled once for all scripts.
compiled() {
	local level
	level=$(IFS=; echo "${COMPILE[*]}")
	module=$BUILD/native$level/${1#"$BUILD/"}
	[ "$module" -nt "$1" ] && [ "$module" -nt "$BUILD/retwine-compile" ] && return
	mkdir -p "$(dirname "$module")"
	"$RETWINE" compile --quiet "${COMPILE[@]}" --output "$module.$$" "$1" && mv "$module.$$" "$module" ||
		fail "$1" "does not compile"
}

# run ARGUMENT...: `retwine run` in the mode under test. With ENGINE=native the module, the first argument
# that is one, has been compiled before.
run() {
	local words=() module=
	while [ $# -gt 0 ]; do
		if [ "$ENGINE" = native ] && [ -z "$module" ] && [[ $1 = *.wasm && -f $1 ]]; then
			compiled "$1"
			words+=("$module")
		else
			words+=("$1")
		fi
		shift
	done
	retwine "${RUN[@]}" "${words[@]}"
}

# The lines that Retwine speaks in its own name, but for banners, notices and the backtrace.
own_lines() {
	sed '/^retwine: wasm backtrace:/,$d' "$WORK/err" | grep '^retwine: ' |
		grep -Ev '^retwine: (SIMULATION|compiling )'
}

check_status() {
	check "$1" "status is $status, must be $2" test "$status" -eq "$2"
}

# check_same NAME EXPECTED [ACTUAL]: two files hold the same bytes.
check_same() {
	local actual=${3:-$WORK/out}
	if cmp -s "$2" "$actual"; then
		ok
	else
		fail "$1" "output differs"
		diff "$2" "$actual" | head -n 6 | cut -c 1-200 | sed 's/^/    /'
	fi
}

# check_text NAME TEXT: standard output is TEXT and a line end.
check_text() {
	printf '%s\n' "$2" >"$WORK/expected"
	check_same "$1" "$WORK/expected"
}

# check_refused NAME STATUS [PATTERN]: that status, nothing on standard output, and exactly one line
# of its own that matches the pattern (extended, any case).
check_refused() {
	check_status "$1" "$2"
	check "$1" "wrote to standard output" test ! -s "$WORK/out"
	check_one_line "$1" "${3:-.}"
}

check_one_line() {
	local count
	count=$(own_lines | wc -l)
	check "$1" "$count lines of its own, must be 1" test "$count" -eq 1
	check "$1" "the line does not match '$2'" matches "$2"
	check "$1" "control bytes on standard error" test -z "$(tr -d '\n\t\40-\176\200-\377' <"$WORK/err")"
}

matches() {
	own_lines | grep -Eqi -- "$1"
}

# field NAME FILE: the hexadecimal value of a field in a document that Retwine wrote.
field() {
	grep -Ei "(^|[^a-z_])$1[^a-z_]" "$2" | grep -Eo '[0-9a-f]{64}' | head -n 1
}

finish() {
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
	exit
}
