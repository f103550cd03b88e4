#!/bin/sh
# Usage: test/verifier/score.sh PROGRAM...   Runs the verifier's unit tests, built with VERIFY_RULE_SCORE, once with
# all rules and once without each one of them: every rule must be missed. A crash does as well, but is told.
# Every rule has its row in doc/verifier.md, and every row its rule and a test that there is.
# The last line is "N of M rules noticed".
set -u
cd "$(dirname "$0")/../.." || exit 2
rules=$(sed -n 's/^VERIFY_RULE(\([A-Z0-9_]*\),.*/\1/p' native/verify_rule.def)
rows=$(sed -n 's/^| `\([A-Z0-9_]*\)` |.*/\1/p' doc/verifier.md)
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
bad=0

echo "$rules" | sort >"$work/rules"
echo "$rows" | sort >"$work/rows"
if ! diff "$work/rules" "$work/rows" >"$work/diff"; then
	echo "rules (<) and rows of doc/verifier.md (>) differ:"
	cat "$work/diff"
	bad=1
fi
for test in $(sed -n 's/^|.*| \([a-z0-9]*_[a-z0-9_]*\) |$/\1/p' doc/verifier.md | sort -u); do
	if ! grep -q "^TEST($test)" test/unit/*.c; then
		echo "doc/verifier.md names $test, and there is no such test"
		bad=1
	fi
done
for program in "$@"; do
	if ! timeout 60 "$program" >"$work/out" 2>&1; then
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
		VERIFY_RULE_OFF=$rule timeout 20 "$program" >"$work/out" 2>&1
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
