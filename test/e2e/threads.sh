#!/bin/bash
# Programs with threads (wasi-threads): the right answer every time, RUNS times in all (1,000 in fast
# mode), and each way to end: by return, exit and trap, while other threads compute, wait and sleep.
. "$(dirname "$0")/lib.sh"

RUNS=${RUNS:-$([ "$MODE" = fast ] && echo 1000 || echo 100)}
COMPILE=(--interruptible)
THREADS=$GUESTS/threads
LIMIT=20

# repeated NAME SHARE EXPECTED GUEST ARGUMENT...: SHARE percent of the runs, one claim for all of them.
repeated() {
	local name=$1 share=$2 i wrong=0
	shift 2
	printf '%s\n' "$1" >"$WORK/expected"
	shift
	for ((i = 0; i < RUNS * share / 100; i++)); do
		run --max-threads 8 "$THREADS/$1.wasm" "${@:2}"
		[ "$status" -eq 0 ] && cmp -s "$WORK/expected" "$WORK/out" || wrong=$((wrong + 1))
	done
	check "$name" "$wrong of $i runs went wrong; the last: status $status, $(head -c 200 "$WORK/out")" \
		test "$wrong" -eq 0
}

repeated "parallel sum" 20 "2147478263136480 in 1000 portions" sum 4
repeated "parallel sum, one thread" 5 "2147478263136480 in 1000 portions" sum 1
repeated "producers and consumers" 25 "500500, 0 wrong, 0 left" queue 2 2
repeated "producers, one consumer" 10 "1125750, 0 wrong, 0 left" queue 3 1
repeated "mutex and atomics" 20 "8000 64 8000 8000 8000 1f4000001f40" counter 4
repeated "barrier" 15 "aadacf00 2 1 4 0" barrier 4
repeated "memory that grows" 5 "80 pages more" ends grow
repeated "threads that make threads" 5 "4" ends chain

# Ends, some of them often: what they leave to chance is who is where.
for ((i = 0; i < RUNS / 50; i++)); do
	run --max-threads 4 "$THREADS/ends.wasm" return
	check_status "main returns while threads run" 3
	run --max-threads 4 "$THREADS/ends.wasm" exit
	check_status "a thread exits" 7
	run --max-threads 4 "$THREADS/ends.wasm" trap
	check_status "a thread traps" 134
	check "a thread traps" "not told" matches "integer divide by zero"
	run --max-threads 4 "$THREADS/ends.wasm" main-trap
	check_status "main traps" 134
done

# The limit, which counts the first thread: spawn fails, the program is told and goes on; what has ended
# counts no more.
for n in 1 2 7; do
	run --max-threads "$n" "$THREADS/ends.wasm" many
	check_status "--max-threads $n" 0
	check_text "--max-threads $n" "$((n - 1)) threads, and again $((n - 1))"
done
run --max-threads 3 "$THREADS/barrier.wasm" 4
check_status "more threads than allowed" 2
check "more threads than allowed" "the program did not say so" grep -q "barrier: no thread 2" "$WORK/err"
run "$THREADS/ends.wasm" many
check_status "no limit given" 0
check "no limit given" "no threads: $(cat "$WORK/out")" grep -q "^[1-9]" "$WORK/out"

# Lines of several threads are whole.
run --max-threads 4 "$THREADS/ends.wasm" output
check_status "output of threads" 0
for t in 0 1 2 3; do
	for l in 0 1 2 3 4 5 6 7 8 9; do
		echo "thread $t, line $l"
	done
done >"$WORK/expected"
for t in 0 1 2 3; do
	grep "^thread $t" "$WORK/out"
done >"$WORK/sorted"
check_same "output of threads" "$WORK/expected" "$WORK/sorted"
check "output of threads" "lines that no thread wrote" test "$(wc -l <"$WORK/out")" -eq 40

finish
