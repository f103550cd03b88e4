#!/bin/bash
# The demonstration: SQLite and a credit-scoring program run inside the enclave. Ends with status 1
# when any output is not what it must be. Usage: tools/demo.sh [BUILD]
set -u
cd "$(dirname "$0")/.." || exit 2

build=${1:-build}
retwine=$build/retwine
examples=$build/examples
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/data"
failed=0

step() {
	printf '\n== %s\n' "$1"
}

# shown INPUT COMMAND...: prints the command as one would type it, runs it on that input, and stops the
# demo when it fails.
shown() {
	local word line='' input=$1
	shift
	for word in "$@"; do
		case "$word" in
		*[!A-Za-z0-9_./:=-]*) line+=" '$word'" ;;
		*) line+=" $word" ;;
		esac
	done
	[ "$input" = /dev/null ] || line+=" < $input"
	echo "\$${line//$work/\$WORK}"
	"$@" <"$input" >"$work/out" 2>"$work/err"
	local status=$?
	cat "$work/out" "$work/err"
	if [ "$status" -ne 0 ]; then
		echo "demo: the command ended with status $status" >&2
		exit 1
	fi
}

# must WHAT COMMAND...: a claim about what was printed.
must() {
	local what=$1
	shift
	if "$@"; then
		echo "ok: $what"
	else
		echo "WRONG: $what" >&2
		failed=1
	fi
}

same_as_native() {
	must "the output is that of the native build" cmp -s "$work/out" "$work/native"
}

field() {
	grep -Ei "(^|[^a-z_])$1[^a-z_]" "$2" | grep -Eo '[0-9a-f]{64}' | head -n 1
}

sqlite=("$retwine" run --stats --show-identity --dir "$work/data::/data" --env HOME=/data
	"$examples/sqlite3.wasm" -batch /data/shop.db)
native=("$examples/sqlite3" -batch "$work/shop.db")

step "who will run: measured offline, without starting anything"
shown /dev/null "$retwine" measure "${sqlite[@]:4}"
mrenclave=$(field mr_enclave "$work/out")
program=$(field program_digest "$work/out")
launch=$(field launch_digest "$work/out")
must "MRENCLAVE and both digests" test -n "$mrenclave" -a -n "$program" -a -n "$launch"

step "SQLite in the enclave: a table of 100,000 rows in a file of a mounted directory"
shown examples/sqlite/create.sql "${sqlite[@]}"
must "it says that it is a simulation" grep -q SIMULATION "$work/err"
must "MRENCLAVE is the measured one" test "$(field mr_enclave "$work/err")" = "$mrenclave"
must "the program digest is the measured one" test "$(field program_digest "$work/err")" = "$program"
must "the launch digest is the measured one" test "$(field launch_digest "$work/err")" = "$launch"
"${native[@]}" <examples/sqlite/create.sql >"$work/native"
same_as_native
must "the database file is that of the native build" cmp -s "$work/data/shop.db" "$work/shop.db"

step "a second run opens the file again: a join, an aggregate, an integrity check"
shown examples/sqlite/query.sql "${sqlite[@]}"
must "integrity_check says ok" grep -qx ok "$work/out"
"${native[@]}" <examples/sqlite/query.sql >"$work/native"
same_as_native

step "credit scoring: 1,000,000 synthetic applicants, generated inside"
scoring=("$retwine" run --stats --show-identity --dir "$work/data::/data" "$examples/scoring.wasm")
shown /dev/null "${scoring[@]}" generate 1000000 /data/applicants.csv
"$examples/scoring" generate 1000000 "$work/applicants.csv" >"$work/native"
same_as_native
must "the CSV file is that of the native build" cmp -s "$work/data/applicants.csv" "$work/applicants.csv"

step "each applicant scored"
shown /dev/null "${scoring[@]}" score /data/applicants.csv
must "all rows were scored" grep -qx 'rows 1000000' "$work/out"
"$examples/scoring" score "$work/applicants.csv" >"$work/native"
same_as_native

echo
if [ "$failed" -ne 0 ]; then
	echo "demo: FAILED, see WRONG above"
	exit 1
fi
echo "demo: everything is as it must be"
