#!/bin/sh
# Usage: test/attest/score.sh PROGRAM...   Runs the tests of attest/, built with ATTEST_RULE_SCORE, once with all rules
# and once without each one of them: every rule must be missed. A crash notices as well, but is told.
# Every rule has its row in doc/attestation.md, and every row its rule, a file that has it and a test that there is.
# The last line is "N of M rules noticed".
set -u
cd "$(dirname "$0")/../.." || exit 2
rules=$(sed -n 's/^ATTEST_RULE(\([A-Z0-9_]*\),.*/\1/p' attest/rule_*.def)
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
bad=0

# rows: rule, file, test.
sed -n 's/^| `\([A-Z0-9_]*\)` |.*| \([a-z0-9_.]*\) | \([a-z0-9_]*\) |$/\1 \2 \3/p' doc/attestation.md >"$work/table"
cut -d' ' -f1 "$work/table" | sort >"$work/rows"
echo "$rules" | sort >"$work/rules"
if ! diff "$work/rules" "$work/rows" >"$work/diff"; then
	echo "rules (<) and rows of doc/attestation.md (>) differ:"
	cat "$work/diff"
	bad=1
fi
while read -r rule file test; do
	if ! grep -q "\b$rule\b" "attest/$file" 2>/dev/null; then
		echo "doc/attestation.md says that attest/$file has $rule"
		bad=1
	fi
	if ! grep -q "^TEST($test)" test/unit/*.c; then
		echo "doc/attestation.md names $test, and there is no such test"
		bad=1
	fi
done <"$work/table"
for program in "$@"; do
	if ! timeout 600 "$program" >"$work/out" 2>&1; then
		echo "FAIL $program, with all rules"
		cat "$work/out"
		exit 1
	fi
done

noticed=0
count=0
for rule in $rules; do
	count=$((count + 1))
	hit=no
	for program in "$@"; do
		ATTEST_RULE_OFF=$rule timeout 600 "$program" >"$work/out" 2>&1
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
done
echo "$noticed of $count rules noticed"
[ "$noticed" -eq "$count" ] && [ "$bad" -eq 0 ]
