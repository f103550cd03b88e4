#!/bin/sh
# Runs every script of the WebAssembly test suite, also those in its folders.
# Usage: test/wast/run.sh SUITE BUILD RUNNER [ARG...]
#   SUITE   a clone of https://github.com/WebAssembly/testsuite
#   BUILD   for the scripts in binary form; kept, so that a second run converts nothing
#   RUNNER  is called with ARG... and one FILE.script, and ends with `N passed, N failed, N skipped`
# Prints failures, then the counts of each proposal (proposals.txt), the reasons for what was
# skipped, and the totals. Exit 1 when something failed, 3 when the suite is not there.
set -u

if [ $# -lt 3 ]; then
	echo "usage: $0 SUITE BUILD RUNNER [ARG...]" >&2
	exit 2
fi
suite=$1
build=$2
shift 2
here=$(dirname "$0")
limit=300 # seconds for one file

if [ ! -f "$suite/i32.wast" ]; then
	echo "NOT RUN: no clone of https://github.com/WebAssembly/testsuite in $suite"
	exit 3
fi
if ! command -v node >/dev/null || ! command -v wat2wasm >/dev/null; then
	echo "node or wat2wasm is missing: install the packages nodejs and wabt" >&2
	exit 2
fi
mkdir -p "$build" || exit 2
"$here/fetch-parser.sh" "$build" || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

proposal_of() {
	while read -r pattern proposal; do
		case $pattern in '' | '#'*) continue ;; esac
		# shellcheck disable=SC2254 # a pattern it is
		case $1 in $pattern) echo "$proposal" && return ;; esac
	done <"$here/proposals.txt"
	echo core
}

# One line for a file: what it counts, and for which proposal. `out` is what its runner printed.
count_file() {
	counts=$(printf '%s\n' "$out" | tail -n 1 |
		sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p')
	if [ -z "$counts" ]; then
		echo "FAIL $1: the runner ended with status $status" >&3
		counts="0 1 0"
	elif [ "$status" -ne 0 ] && [ "${counts#* 0 }" != "$counts" ]; then
		echo "FAIL $1: status $status without a failure" >&3
		counts="0 1 0"
	fi
	if [ "$status" -ne 0 ]; then
		printf '%s\n' "$out" | head -n 20 >&3
	fi
	echo "file $2 $counts"
	printf '%s\n' "$out" | sed -nE 's/^([0-9]+) (skipped|turned around): (.*)$/note \1 \2: \3/p'
}

exec 3>&1
(cd "$suite" && find . -name '*.wast') | sed 's|^\./||; s|\.wast$||' | LC_ALL=C sort >"$work/names"
while read -r name; do
	proposal=$(proposal_of "$name")
	if [ "$proposal" = - ]; then
		echo "NOT RUN $name: of a proposal that Retwine does not implement"
	else
		echo "$name $proposal" >>"$work/files"
	fi
done <"$work/names"
cut -d ' ' -f 1 "$work/files" |
	xargs node "$here/reader/main.mjs" "$build/wasm-tools.core.wasm" "$build/scripts" \
		"$suite" ||
	echo "FAIL: not every file could be read"

while read -r name proposal; do
	script=$build/scripts/$name.script
	if [ ! -f "$script" ]; then
		echo "FAIL $name: no script" >&3
		echo "file $proposal 0 1 0"
		continue
	fi
	out=$(timeout "$limit" "$@" "$script" 2>&1 </dev/null)
	status=$?
	count_file "$name" "$proposal"
done <"$work/files" >"$work/counts"

awk '
	function row(name, f, p, b, s) { return sprintf("%-20s %6s %8s %8s %8s", name, f, p, b, s) }
	$1 == "file" { files[$2]++; passed[$2] += $3; failed[$2] += $4; skipped[$2] += $5 }
	$1 == "note" { n = $2; sub(/^note [0-9]+ /, ""); notes[$0] += n }
	END {
		print row("proposal", "files", "passed", "failed", "skipped")
		for (p in files) {
			print row(p, files[p], passed[p], failed[p], skipped[p]) | "LC_ALL=C sort"
			all[1] += passed[p]; all[2] += failed[p]; all[3] += skipped[p]
		}
		close("LC_ALL=C sort")
		for (note in notes)
			printf "%d %s\n", notes[note], note
		printf "%d passed, %d failed, %d skipped\n", all[1], all[2], all[3]
		exit all[2] != 0
	}' "$work/counts"
