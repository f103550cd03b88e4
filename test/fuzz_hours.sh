#!/bin/bash
# Runs libFuzzer harnesses until each has used a given time of CPU, as many at once as there are CPUs.
# Usage: fuzz_hours.sh BUILD SECONDS HARNESS[:SEEDS][:SEEDS]... (seeds: folders of fuzz/seeds besides the
# harness' own; a harness named twice runs twice, with another random seed). Fails on the first finding.
set -u
b=$1 seconds=$2
shift 2
cd "$(dirname "$0")/.." || exit 2
export b seconds

# CPU seconds of a process so far, its children's not counted; nothing once it is gone.
cpu_seconds() {
	sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk -v hz="$(getconf CLK_TCK)" '{ print int(($12 + $13) / hz) }'
}

fuzz() { # NUMBER HARNESS[:SEEDS]...
	local number=$1 name seeds more pid used=0 cpu status
	IFS=: read -r name more <<<"$2"
	seeds=fuzz/seeds/$name
	for more in ${more//:/ }; do seeds="$seeds fuzz/seeds/$more"; done
	mkdir -p "$b/fuzz/corpus-$name"
	# shellcheck disable=SC2086 # a list of folders
	"$b/fuzz/$name" -seed="$number" -print_final_stats=1 -artifact_prefix="$b/fuzz/" \
		"$b/fuzz/corpus-$name" $seeds >"$b/fuzz/hours-$number-$name.log" 2>&1 &
	pid=$!
	while kill -0 $pid 2>/dev/null; do
		sleep 5
		cpu=$(cpu_seconds $pid)
		used=${cpu:-$used}
		[ "$used" -lt "$seconds" ] || kill -INT $pid 2>/dev/null
	done
	wait $pid
	status=$?
	if [ "$used" -lt "$seconds" ] || grep -qE 'SUMMARY: (AddressSanitizer|UndefinedBehavior|libFuzzer: (timeout|out-of))' \
		"$b/fuzz/hours-$number-$name.log"; then
		echo "$name: stopped with status $status after $used s of CPU"
		tail -n 40 "$b/fuzz/hours-$number-$name.log"
		return 1
	fi
	echo "$name: $used s of CPU, $(sed -n 's/^stat::number_of_executed_units: *//p' \
		"$b/fuzz/hours-$number-$name.log") runs, no finding"
}
export -f fuzz cpu_seconds

number=0
for harness in "$@"; do
	number=$((number + 1))
	printf '%s\0%s\0' $number "$harness"
done | xargs -0 -n 2 -P "$(nproc)" bash -c 'fuzz "$1" "$2" || exit 255' fuzz
