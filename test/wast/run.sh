#!/bin/sh
# Runs the scripts of the WebAssembly test suite that are listed in files.txt.
# Usage: test/wast/run.sh SUITE BUILD RUNNER [ARG...]
#   SUITE   a clone of https://github.com/WebAssembly/testsuite
#   BUILD   where wast2json puts its files; kept, so that a second run converts nothing
#   RUNNER  is called with ARG... and one FILE.json, and ends with `N passed, N failed, N skipped`
# Prints failures, then the totals. Exit 1 when something failed, 3 when the suite is not there.
set -u

if [ $# -lt 3 ]; then
	echo "usage: $0 SUITE BUILD RUNNER [ARG...]" >&2
	exit 2
fi
suite=$1
build=$2
shift 2
list=$(dirname "$0")/files.txt

if [ ! -f "$suite/i32.wast" ]; then
	echo "NOT RUN: no test suite in $suite (clone https://github.com/WebAssembly/testsuite there)"
	exit 3
fi
if ! command -v wast2json >/dev/null; then
	echo "wast2json is missing: install the package wabt" >&2
	exit 2
fi
mkdir -p "$build" || exit 2

passed=0
failed=0
skipped=0
for name in $(grep -v '^#' "$list"); do
	json=$build/$name.json
	if [ ! -f "$json" ] || [ "$suite/$name.wast" -nt "$json" ]; then
		if ! wast2json --enable-all "$suite/$name.wast" -o "$json" 2>"$json.log"; then
			echo "FAIL $name: wast2json cannot convert it, see $json.log"
			rm -f "$json"
			failed=$((failed + 1))
			continue
		fi
	fi
	out=$("$@" "$json" 2>&1)
	status=$?
	last=$(printf '%s\n' "$out" | tail -n 1)
	counts=$(printf '%s\n' "$last" |
		sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p')
	if [ -z "$counts" ]; then
		echo "FAIL $name: the runner ended with status $status: $last"
		failed=$((failed + 1))
		continue
	fi
	p=${counts%% *}
	s=${counts##* }
	f=${counts#* }
	f=${f% *}
	if [ "$f" -ne 0 ] || [ "$status" -ne 0 ]; then
		echo "FAIL $name (status $status)"
		printf '%s\n' "$out" | head -n 20
	fi
	if [ "$f" -eq 0 ] && [ "$status" -ne 0 ]; then
		f=1
	fi
	passed=$((passed + p))
	failed=$((failed + f))
	skipped=$((skipped + s))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
