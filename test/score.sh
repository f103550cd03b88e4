#!/bin/sh
# Usage: test/score.sh MACRO DOCUMENT FOLDER PROGRAM...   Are the rules of a verifier noticed? MACRO is VERIFY_RULE or
# ATTEST_RULE: FOLDER/*rule*.def has its rules, DOCUMENT a row for each, with the file of FOLDER that has it and a test.
# Runs the programs, tests that are built with MACRO_SCORE, once with all rules and once without each one of them
# (MACRO_OFF), that of the row's test first: every rule must be missed. A crash notices as well, but is told.
# The last line is "N of M rules noticed".
set -u
cd "$(dirname "$0")/.." || exit 2
macro=$1
document=$2
folder=$3
shift 3
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
bad=0

wrong() {
	echo "$document: $*"
	bad=1
}

sed -n "s/^$macro(\([A-Z0-9_]*\),.*/\1/p" "$folder"/*rule*.def >"$work/rules"
# rows: rule, file, test.
sed -n 's/^| `\([A-Z0-9_]*\)` |.*| \([a-z0-9_.]*\) | \([a-z0-9_]*\) |$/\1 \2 \3/p' "$document" >"$work/table"
sort "$work/rules" >"$work/sorted"
cut -d' ' -f1 "$work/table" | sort | diff "$work/sorted" - >"$work/diff" || {
	wrong "rules (<) and rows (>) differ:"
	cat "$work/diff"
}
while read -r rule file test; do
	grep -q "\b$rule\b" "$folder/$file" 2>/dev/null || wrong "$folder/$file does not have $rule"
	grep -q "^TEST($test)" test/unit/*.c || wrong "there is no test $test"
done <"$work/table"

for program in "$@"; do
	if ! timeout 600 "$program" >"$work/out" 2>&1; then
		echo "FAIL $program, with all rules"
		cat "$work/out"
		exit 1
	fi
done

# first RULE PROGRAM...: the programs, that of the rule's own test before the others.
first() {
	test=$(sed -n "s/^$1 .* //p" "$work/table")
	shift
	source=$(basename "$(grep -l "^TEST($test)" test/unit/*.c | head -n 1)" .c)
	for program in "$@"; do
		[ "${program##*/}" = "$source" ] && echo "$program"
	done
	for program in "$@"; do
		[ "${program##*/}" = "$source" ] || echo "$program"
	done
}

noticed=0
count=0
while read -r rule; do
	count=$((count + 1))
	hit=no
	for program in $(first "$rule" "$@"); do
		env "${macro}_OFF=$rule" timeout 120 "$program" >"$work/out" 2>&1 </dev/null
		case $? in
		0) continue ;;
		1) hit=yes ;;
		*) hit=crash ;;
		esac
		[ "$hit" = yes ] && break
	done
	case $hit in
	no) echo "not noticed: $rule" ;;
	crash) echo "noticed by a crash or a time limit alone: $rule" ;;
	esac
	[ "$hit" = no ] || noticed=$((noticed + 1))
done <"$work/rules"
echo "$noticed of $count rules noticed"
[ "$noticed" -eq "$count" ] && [ "$bad" -eq 0 ]
