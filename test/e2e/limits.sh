#!/bin/bash
# Runs in a poor environment: each works, or ends in one line that names the cause.
. "$(dirname "$0")/lib.sh"

HELLO=$EXAMPLES/hello.wasm
echo "hello from WebAssembly" >"$WORK/hello"

# works_or_says NAME PATTERN: after a run of hello.
works_or_says() {
	if [ "$status" -eq 0 ]; then
		check_same "$1" "$WORK/hello"
	else
		check_refused "$1" 125 "$2"
	fi
}

# ---- address space ---------------------------------------------------------------------------------
for kib in 60000 200000 1000000 4000000 60000000 67000000; do
	timeout --signal=KILL "$LIMIT" bash -c 'ulimit -v "$1"; shift; exec "$@"' - "$kib" \
		"$RETWINE" "${RUN[@]}" "$HELLO" </dev/null >"$WORK/out" 2>"$WORK/err"
	status=$?
	if [ "$status" -eq 127 ]; then
		ok # not even the dynamic linker starts: not ours to say
	else
		works_or_says "ulimit -v $kib" "address space|memory"
	fi
done

# A kernel that refuses overcommit. This changes a setting of the machine, so only when asked.
setting=/proc/sys/vm/overcommit_memory
if [ -n "${E2E_MACHINE_SETTINGS:-}" ] && [ -w "$setting" ]; then
	before=$(cat "$setting")
	echo 2 >"$setting"
	run "$HELLO"
	echo "$before" >"$setting"
	works_or_says "overcommit refused" "memory|overcommit"
fi

for limit in "-n 3" "-n 8" "-s 64" "-c 0" "-l 0"; do
	timeout --signal=KILL "$LIMIT" bash -c 'ulimit $1; shift; exec "$@"' - "$limit" \
		"$RETWINE" "${RUN[@]}" "$HELLO" </dev/null 2>"$WORK/err" | cat >"$WORK/out"
	status=${PIPESTATUS[0]}
	if [ "$status" -eq 127 ] || { [ "$limit" = "-s 64" ] && [ "$status" -ge 137 ]; }; then
		ok # the system cannot start the command
	else
		works_or_says "ulimit $limit" "."
	fi
done

# A file over the limit of sizes: the program gets the error. (Standard error is a pipe here, for what
# the command itself writes counts too.)
mkdir "$WORK/small"
timeout --signal=KILL "$LIMIT" bash -c 'ulimit -f 8; exec "$@"' - "$RETWINE" "${RUN[@]}" \
	--dir "$WORK/small::/data" "$EXAMPLES/scoring.wasm" generate 1000 /data/file.csv \
	</dev/null 2>&1 | cat >"$WORK/err"
status=${PIPESTATUS[0]}
check_status "ulimit -f 8" 1
check "ulimit -f 8" "the program was not told" grep -q "cannot write" "$WORK/err"

# ---- the machine owner's limits, kept by the host side -----------------------------------------------
digest=$("$RETWINE" measure "$EXAMPLES/scoring.wasm" | grep launch_digest)
run --host-max-disk 8K --dir "$WORK/small::/data" "$EXAMPLES/scoring.wasm" generate 1000 /data/two.csv
check_status "host-max-disk" 1
check "host-max-disk" "the program was not told" grep -q "cannot write" "$WORK/err"
check "host-max-disk" "more was written" test "$(wc -c <"$WORK/small/two.csv")" -le 8192
run --host-max-memory 64K "$HELLO"
check_refused "host-max-memory" 125 "memory"
run --host-max-memory 64M "$HELLO"
check_status "host-max-memory is enough" 0
run --host-max-handles 4 --dir "$WORK/small::/data" "$EXAMPLES/scoring.wasm" generate 10 /data/three.csv
check_status "host-max-handles" 1
check "host-max-handles" "the file was made" test ! -e "$WORK/small/three.csv"
run --strict --tcplisten 127.0.0.1:0 --tmp /tmp "$HELLO"
check_status "strict allows streams, sockets and memory" 0
run --strict --dir "$WORK/small::/data" "$HELLO"
check_refused "strict refuses a directory" 2 "strict"
check "owner's limits" "they are in the digest" test "$digest" = \
	"$("$RETWINE" measure --host-max-disk 8K "$EXAMPLES/scoring.wasm" | grep launch_digest)"

# ---- the list of system calls, kept by the kernel ------------------------------------------------------
# seccomp_of NAME EXPECTED OPTION...: while a program runs, "Seccomp:" of each thread of its process is
# EXPECTED (2: there is a list). The timeout is for a second thread.
seccomp_of() {
	local pid line modes
	rm -f "$WORK/pipe" "$WORK/never"
	mkfifo "$WORK/pipe" "$WORK/never"
	exec 8<>"$WORK/never"
	"$RETWINE" "${RUN[@]}" "${@:3}" -W timeout=1h "$GUESTS/forever.wasm" read \
		<"$WORK/never" >"$WORK/pipe" 2>"$WORK/err" &
	pid=$!
	exec 9<"$WORK/pipe"
	read -r -t "$LIMIT" line <&9 || line=
	check "$1" "did not start: '$line'" test "$line" = ready
	modes=$(cat /proc/$pid/task/*/status | sed -n 's/^Seccomp:[[:blank:]]*//p' | tr '\n' ' ')
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	exec 9<&- 8>&-
	check "$1" "Seccomp of its threads is $modes" test "$modes" = "$2 $2 "
}
seccomp_of "the list of system calls" 2
seccomp_of "no list with --no-seccomp" 0 --no-seccomp

# A call that is not in the list ends the process in one line, also from a thread that takes no signals: here one
# that ends the program, and asks for a socket where it would wake the others.
cat >"$WORK/stray.c" <<'C'
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>
ssize_t write(int fd, const void *data, size_t size)
{
	if (getpid() != (int)syscall(SYS_gettid))
		return syscall(SYS_socket, 2, 1, 0);
	return syscall(SYS_write, fd, data, size);
}
C
clang-19 -shared -fPIC -o "$WORK/stray.so" "$WORK/stray.c"
stray() {
	LD_PRELOAD=$WORK/stray.so timeout --signal=KILL "$LIMIT" "$RETWINE" "${RUN[@]}" \
		--status-file "$WORK/status" "$@" "$GUESTS/threads/ends.wasm" exit </dev/null >"$WORK/out" 2>"$WORK/err"
	status=$?
}
stray
check_refused "a call that is not in the list" 125 "system call.*number 41;"
check "a call that is not in the list" "the status file says '$(cat "$WORK/status")'" \
	grep -qx "failed 125" "$WORK/status"
stray --no-seccomp
check_status "a call that no list stops" 7

# A system that cannot have a list: nothing runs, in one line. (The python sees to it that seccomp fails.)
retwine_without_seccomp() {
	timeout --signal=KILL "$LIMIT" python3 - "$RETWINE" "${RUN[@]}" --status-file "$WORK/status" "$@" \
		</dev/null >"$WORK/out" 2>"$WORK/err" <<'PYTHON'
import ctypes, errno, os, struct, sys

# A filter of one's own: seccomp(2) and prctl(PR_SET_SECCOMP) give EINVAL, all else is as before.
SECCOMP, PRCTL, PR_SET_SECCOMP = 317, 157, 22
program = [
    (0x20, 0, 0, 0),  # the number
    (0x15, 3, 0, SECCOMP),
    (0x15, 0, 3, PRCTL),
    (0x20, 0, 0, 16),  # its first argument
    (0x15, 0, 1, PR_SET_SECCOMP),
    (0x06, 0, 0, 0x00050000 | errno.EINVAL),
    (0x06, 0, 0, 0x7FFF0000),
]
code = b"".join(struct.pack("HBBI", *line) for line in program)
data = ctypes.create_string_buffer(code)
head = struct.pack("HxxxxxxQ", len(program), ctypes.addressof(data))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(PR_SET_SECCOMP, 2, head, 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
PYTHON
	status=$?
}
retwine_without_seccomp "$HELLO"
check_refused "no seccomp" 125 "seccomp.*Invalid argument.*--no-seccomp"
check "no seccomp" "the status file says '$(head -n 1 "$WORK/status")'" grep -qx "refused 125" "$WORK/status"
retwine_without_seccomp --no-seccomp "$HELLO"
check_status "no seccomp, and none asked for" 0

# ---- standard streams ------------------------------------------------------------------------------
# With a stream closed, no file that Retwine opens may take its place.
cp "$HELLO" "$GUESTS/cat.wasm" "$WORK"
sha256sum "$WORK"/*.wasm >"$WORK/sums"

"$RETWINE" "${RUN[@]}" "$WORK/cat.wasm" <&- >"$WORK/out" 2>"$WORK/err"
status=$?
check "closed stdin" "something was read: $(wc -c <"$WORK/out") bytes" test ! -s "$WORK/out"
check "closed stdin" "status is $status" test "$status" -eq 0 -o "$status" -eq 1 -o "$status" -eq 125
"$RETWINE" "${RUN[@]}" "$WORK/hello.wasm" <&- >"$WORK/out" 2>"$WORK/err"
status=$?
works_or_says "closed stdin, not read" "standard input"

"$RETWINE" "${RUN[@]}" "$WORK/hello.wasm" </dev/null >&- 2>"$WORK/err"
status=$?
check "closed stdout" "ended by a signal: $status" test "$status" -le 125
head -c 100000 /dev/zero >"$WORK/in"
"$RETWINE" "${RUN[@]}" "$WORK/cat.wasm" <"$WORK/in" >&- 2>"$WORK/err"
status=$?
check "closed stdout" "status is $status" test "$status" -eq 1 -o "$status" -eq 125
check "closed stdout" "no word about it" test -s "$WORK/err"

"$RETWINE" "${RUN[@]}" "$WORK/hello.wasm" </dev/null >"$WORK/out" 2>&-
status=$?
: >"$WORK/err"
check "closed stderr" "status is $status" test "$status" -eq 0 -o "$status" -eq 125
"$RETWINE" "${RUN[@]}" "$WORK/hello.wasm" <&- >&- 2>&-
status=$?
check "all streams closed" "ended by a signal: $status" test "$status" -le 125

"$RETWINE" "${RUN[@]}" "$WORK/cat.wasm" <"$WORK/in" >/dev/full 2>"$WORK/err"
status=$?
check_status "a full device on stdout" 1
check "a full device on stdout" "the program was not told" grep -q "cat: write: No space left" "$WORK/err"

# The reader goes away: the program gets an error (EPIPE), or the command ends by SIGPIPE.
head -c 3000000 /dev/zero >"$WORK/in"
"$RETWINE" "${RUN[@]}" "$WORK/cat.wasm" <"$WORK/in" 2>"$WORK/err" | head -c 10 >/dev/null
status=${PIPESTATUS[0]}
check "a reader that goes away" "status is $status" test "$status" -eq 1 -o "$status" -eq 141
rm "$WORK/in"

# A directory on stdin.
"$RETWINE" "${RUN[@]}" "$WORK/cat.wasm" <"$WORK" >"$WORK/out" 2>"$WORK/err"
status=$?
check "a directory on stdin" "status is $status" test "$status" -eq 1 -o "$status" -eq 125
check "a directory on stdin" "something was read" test ! -s "$WORK/out"

check "the modules are as they were" "one changed" sha256sum --quiet --check "$WORK/sums"

# ---- fuel and time ---------------------------------------------------------------------------------
# expire HOW: whatever the program does, its time ends, with the trap that says so.
expire() {
	local start elapsed
	rm -f "$WORK/never"
	mkfifo "$WORK/never"
	exec 8<>"$WORK/never"
	start=${EPOCHREALTIME/./}
	timeout --signal=KILL "$LIMIT" "$RETWINE" "${RUN[@]}" -W timeout=300ms \
		"$GUESTS/forever.wasm" "$1" <"$WORK/never" >"$WORK/out" 2>"$WORK/err"
	status=$?
	elapsed=$((${EPOCHREALTIME/./} - start))
	exec 8<&-
	check_status "timeout, $1" 134
	check "timeout, $1" "another reason" grep -q "time limit was reached" "$WORK/err"
	check "timeout, $1" "no output before" grep -q ready "$WORK/out"
	check "timeout, $1" "took $elapsed us" test "$elapsed" -ge 300000 -a "$elapsed" -lt 1300000
}
expire spin
expire sleep
expire read
expire write

# The program never sees the wait that its end cuts short: this one would say so, and end by itself.
rm -f "$WORK/never"
mkfifo "$WORK/never"
exec 8<>"$WORK/never"
wrong=0
for _ in {1..40}; do
	timeout --signal=KILL "$LIMIT" "$RETWINE" "${RUN[@]}" -W timeout=20ms \
		"$GUESTS/cat.wasm" <&8 >"$WORK/out" 2>"$WORK/err" || [ $? -eq 134 ] || wrong=$((wrong + 1))
done
exec 8<&-
check "timeout in a read" "$wrong of 40 runs ended in another way" test "$wrong" -eq 0

run -W timeout=1h "$GUESTS/echo.wasm" in time
check_status "a timeout that does not come" 0
run -W fuel=1000000 "$GUESTS/forever.wasm" spin
check_status "fuel" 134
check "fuel" "another reason" grep -q "all fuel consumed" "$WORK/err"
run -W fuel=1000000000 "$GUESTS/echo.wasm" with fuel
check_status "fuel that lasts" 0

# ---- SIGINT ----------------------------------------------------------------------------------------
# interrupt HOW [OPTION...]: the program says that it runs, then gets SIGINT, and ends within a second.
# (What bash starts with & ignores SIGINT; timeout passes it on.)
interrupt() {
	local pid start elapsed line
	rm -f "$WORK/pipe" "$WORK/never"
	mkfifo "$WORK/pipe" "$WORK/never"
	exec 8<>"$WORK/never"
	env --default-signal=INT timeout --foreground --signal=KILL "$LIMIT" \
		"$RETWINE" "${RUN[@]}" "${@:2}" "$GUESTS/forever.wasm" "$1" \
		<"$WORK/never" >"$WORK/pipe" 2>"$WORK/err" &
	pid=$!
	exec 9<"$WORK/pipe"
	read -r -t "$LIMIT" line <&9 || line=
	check "SIGINT, $1" "did not start: '$line'" test "$line" = ready
	if [ "$1" = write ]; then
		cat <&9 >/dev/null &
	fi
	start=${EPOCHREALTIME/./}
	kill -INT "$pid"
	wait "$pid"
	status=$?
	elapsed=$((${EPOCHREALTIME/./} - start))
	exec 9<&- 8>&-
	check_status "SIGINT, $1" 130
	check "SIGINT, $1" "took $elapsed us" test "$elapsed" -lt 1000000
}
interrupt spin
interrupt sleep
interrupt read
interrupt write
# With a timeout the program can be told, and ends in order.
interrupt spin -W timeout=1h
interrupt sleep -W timeout=1h
interrupt read -W timeout=1h
interrupt write -W timeout=1h

# Signals that follow each other faster than the grace period do not put off the end.
rm -f "$WORK/pipe"
mkfifo "$WORK/pipe"
env --default-signal=INT "$RETWINE" "${RUN[@]}" "$GUESTS/forever.wasm" spin \
	>"$WORK/pipe" 2>"$WORK/err" &
pid=$!
read -r -t "$LIMIT" line <"$WORK/pipe"
for _ in 1 2 3 4 5 6 7 8; do
	sleep 0.1 # the first: until the host call behind "ready" is over
	kill -INT "$pid" 2>/dev/null || break
done
check "SIGINT, many times" "still runs" bash -c '! kill -0 "$1" 2>/dev/null' - "$pid"
kill -KILL "$pid" 2>/dev/null
wait "$pid"
status=$?
check_status "SIGINT, many times" 130

# Where it was ignored from the start it stays so.
env --ignore-signal=INT "$RETWINE" "${RUN[@]}" "$GUESTS/forever.wasm" spin \
	>"$WORK/pipe" 2>"$WORK/err" &
pid=$!
read -r -t "$LIMIT" line <"$WORK/pipe"
kill -INT "$pid"
sleep 0.6
check "SIGINT, ignored" "it ended" kill -0 "$pid"
kill -KILL "$pid" 2>/dev/null
wait "$pid" 2>/dev/null

# ---- several at once ---------------------------------------------------------------------------------
"$EXAMPLES/sqlite3" -batch :memory: <examples/sqlite/create.sql >"$WORK/expected"
pids=()
for i in 1 2 3 4 5 6 7 8; do
	mkdir "$WORK/$i"
	timeout --signal=KILL "$LIMIT" "$RETWINE" "${RUN[@]}" --dir "$WORK/$i::/data" --env HOME=/ \
		"$EXAMPLES/sqlite3.wasm" -batch /data/shop.db <examples/sqlite/create.sql \
		>"$WORK/out$i" 2>"$WORK/err$i" &
	pids+=($!)
done
for i in 1 2 3 4 5 6 7 8; do
	wait "${pids[$((i - 1))]}"
	status=$?
	cp "$WORK/err$i" "$WORK/err"
	check_status "eight at once, program $i" 0
	check_same "eight at once, program $i" "$WORK/expected" "$WORK/out$i"
done

finish
