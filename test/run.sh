#!/bin/bash
# Runs the test programs one after the other and adds up their counts. Each line on standard input is
# "name<TAB>command"; a program ends with "N passed, N failed[, N skipped]" and its exit status agrees.
# One that does not is counted as failed. Logs: $1/NAME.log. Last line: "N passed, N failed".
set -u
logs=$1
mkdir -p "$logs"
passed=0 failed=0
while IFS=$'\t' read -r name command; do
	[ -n "$name" ] || continue
	log=$logs/$name.log
	mkdir -p "$(dirname "$log")"
	start=$SECONDS
	bash -c "$command" >"$log" 2>&1 </dev/null
	status=$?
	line=$(grep -E '^([^ ]+: )?[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
	p=$(echo "$line" | sed -nE 's/.*\b([0-9]+) passed.*/\1/p')
	f=$(echo "$line" | sed -nE 's/.*\b([0-9]+) failed.*/\1/p')
	if [ -z "$line" ] || { [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; }; then
		f=$((${f:-0} + 1))
		line="ended with status $status${line:+ after: $line}"
	fi
	passed=$((passed + ${p:-0})) failed=$((failed + f))
	printf '%-28s %4ds  %s\n' "$name" $((SECONDS - start)) "$line"
	[ "$f" -eq 0 ] || grep -E 'FAIL|failed:|ERROR|error|panic' "$log" | head -n 20 | sed 's/^/    /'
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
