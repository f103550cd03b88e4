#!/bin/bash
# A trusted volume and its host: reads without host calls, a file that is cut or spoiled while a program reads it, no room,
# the machine owner's limits, little address space, many names.
. "$(dirname "$0")/lib.sh"

IO=$GUESTS/volume_io.wasm
GIVE=(--volume "$WORK/v.img::/data,create,cache=1M")

# stat_of NAME: a count of --stats=json of the last run.
calls_of() {
	python3 -c 'import json, sys
text = open(sys.argv[1]).read()
print(json.loads(text[text.index("{"):])["host_calls"].get(sys.argv[2], 0))' "$WORK/err" "$1"
}

run --quiet --stats=json "${GIVE[@]}" "$IO" write /data/f 24
check_status "write" 0
check "write" "is not in large parts" test "$(calls_of pwrite)" -le 400
run --quiet --stats=json "${GIVE[@]}" "$IO" read /data/f
check_status "read" 0
check_text "read" "read 24 MiB"
check "read" "asks the host for blocks" test "$(calls_of pread)" -eq 0
check "read" "has no mapping" test "$(calls_of map)" -eq 1
check "read" "asks for every block" test "$(calls_of ahead)" -le 100

# Less address space than a mapping likes to have.
timeout --signal=KILL "$LIMIT" bash -c 'ulimit -v 141000000; exec "$@"' - "$RETWINE" "${RUN[@]}" --quiet "${GIVE[@]}" \
	"$IO" read /data/f >"$WORK/out" 2>"$WORK/err"
status=$?
check_status "with little address space" 0
check_text "with little address space" "read 24 MiB"

# while_reading NAME COMMAND...: spoils the file by the command while the program reads; it must be told of an error.
while_reading() {
	local name=$1
	shift
	cp "$WORK/v.img" "$WORK/copy.img"
	rm -f "$WORK/fifo"
	mkfifo "$WORK/fifo"
	timeout --signal=KILL "$LIMIT" "$RETWINE" "${RUN[@]}" --quiet --volume "$WORK/copy.img::/data,create,cache=1M" \
		"$IO" reread /data/f >"$WORK/fifo" 2>"$WORK/err" &
	local pid=$!
	{
		read -r first
		"$@"
		cat >"$WORK/out"
	} <"$WORK/fifo"
	wait $pid
	status=$?
	check "$name" "said '$first'" test "$first" = "read 24 MiB"
	check_status "$name" 1
	check_text "$name" "read: EIO"
}
while_reading "a file that is cut" truncate -s 1M "$WORK/copy.img"
while_reading "a file that is emptied" truncate -s 0 "$WORK/copy.img"
while_reading "garbage over the file" dd if=/dev/urandom of="$WORK/copy.img" bs=1M seek=1 count=24 conv=notrunc status=none
check "garbage over the file" "does not say why" matches "volume /data: reading failed"
while_reading "zeros over the file" dd if=/dev/zero of="$WORK/copy.img" bs=1M seek=1 count=24 conv=notrunc status=none
check "zeros over the file" "does not say why" matches "volume /data: reading failed"

# What was committed is whole after all that.
run --quiet "${GIVE[@]}" "$IO" read /data/f
check_status "read again" 0
check_text "read again" "read 24 MiB"

# The machine owner's limit; then more room.
cp "$WORK/v.img" "$WORK/copy.img"
run --quiet --host-max-disk 8M --volume "$WORK/copy.img::/data,create,cache=1M" "$IO" write /data/g 16
check_status "host-max-disk" 125 # the commit at the end has no room either
check "host-max-disk" "does not say why" matches "no space is left: /data"
check_text "host-max-disk" "write: ENOSPC"
check "host-max-disk" "more was written" test "$(stat -c %s "$WORK/copy.img")" -le $(($(stat -c %s "$WORK/v.img") + (8 << 20)))
run --quiet --volume "$WORK/copy.img::/data,create,cache=1M" "$IO" read /data/f
check_text "after host-max-disk" "read 24 MiB"
run --quiet --volume "$WORK/copy.img::/data,create,cache=1M" "$IO" write /data/g 16
check_status "with room again" 0

# A full disk, and room again without a new start.
timeout --signal=KILL "$LIMIT" bash -c 'ulimit -f 16384; exec "$@"' - "$RETWINE" "${RUN[@]}" --quiet \
	--volume "$WORK/full.img::/data,create,cache=1M" "$IO" fill /data/f 2>"$WORK/err" | cat >"$WORK/out"
status=${PIPESTATUS[0]}
check_status "a full disk" 0
printf 'write: ENOSPC\nwritten again\n' >"$WORK/expected"
check_same "a full disk" "$WORK/expected"

run --quiet --volume "$WORK/names.img::/data,create" "$IO" names /data 100000
check_status "100,000 names" 0
printf 'listed 100000\nleft 0\n' >"$WORK/expected"
check_same "100,000 names" "$WORK/expected"

finish
