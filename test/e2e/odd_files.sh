#!/bin/bash
# Files as no program expects them: odd names, a symlink that the host swaps during a walk, 100,000 entries, no
# more room, a read-only mount, a file that grows and shrinks while it is read. What needs a mount of its own is
# done in a mount namespace, by root alone.
. "$(dirname "$0")/lib.sh"

ODD=$BUILD/wasi/odd
NOSPC=51
FBIG=22

# mounted COMMAND...: in a mount namespace of its own, which goes with the command.
mounted() {
	unshare --mount --propagation private "$@"
}
can_mount=true
[ "$(id -u)" -eq 0 ] && mounted true 2>/dev/null || can_mount=false

# ---- names ------------------------------------------------------------------------------------
python3 - "$WORK/names" "$WORK/expected" <<'PYTHON'
import os, sys

names = [b"new\nline", b"a::b", b"\xff\xfe\x80", b"n" * 255, b" ", b"-", b"...", b"%s%n", b"\x1b[2J", "\u00e9".encode(),
         "e\u0301".encode(), b"CON", b"x.", b"\\", b"\xed\xa0\x80"]
root = os.fsencode(sys.argv[1])
os.mkdir(root)
for i, name in enumerate(names):
    with open(os.path.join(root, name), "wb") as f:
        f.write(b"content %d\n" % i)
with open(sys.argv[2], "wb") as f:
    for pair in sorted((name, b"content %d\n" % i) for i, name in enumerate(names)):
        f.write(b"%s %s" % (pair[0].hex().encode(), pair[1]))
PYTHON
run --dir "$WORK/names::/" "$ODD/names.wasm"
check_status "odd names" 0
python3 - "$WORK/out" >"$WORK/listed" <<'PYTHON'
import sys

parts = open(sys.argv[1], "rb").read().split(b"\0")[:-1]
for name, text in sorted(zip(parts[::2], parts[1::2])):
    print(name.hex(), text.decode(), end="")
PYTHON
check_same "odd names" "$WORK/expected" "$WORK/listed"

# A directory whose own name is odd, given to the program.
mkdir "$WORK/a b" && echo "content" >"$WORK/a b/f"
run --dir "$WORK/a b::/" "$ODD/names.wasm"
check_status "a directory with a blank" 0

# ---- a symlink that comes and goes ----------------------------------------------------------------
mkdir -p "$WORK/walk/swap/sub" "$WORK/outside/sub"
echo inside >"$WORK/walk/swap/sub/file"
echo secret >"$WORK/outside/sub/file"
ln -s ../outside "$WORK/walk/other"
mkfifo "$WORK/ready"
# renameat2 with RENAME_EXCHANGE: at every moment there is either a directory or a symlink.
python3 - "$WORK/walk" <<'PYTHON' &
import ctypes, os, sys

libc = ctypes.CDLL(None, use_errno=True)
os.chdir(sys.argv[1])
open("../ready", "w").close()
while os.getppid() != 1 and not os.path.exists("../stop"):
    for _ in range(50):
        if libc.syscall(316, -100, b"swap", -100, b"other", 2) != 0:
            sys.exit(1)
PYTHON
swapper=$!
read -r _ <"$WORK/ready"
run --dir "$WORK/walk::/" "$ODD/walk.wasm"
touch "$WORK/stop"
check "a swapped symlink" "it was not swapped all the time" wait "$swapper"
check_status "a swapped symlink" 0
check "a swapped symlink" "never read: $(cat "$WORK/out")" grep -q '^[1-9][0-9]* read, ' "$WORK/out"
check "a swapped symlink" "never refused: $(cat "$WORK/out")" grep -q ' [1-9][0-9]* refused$' "$WORK/out"
check "a swapped symlink" "something was made outside" test "$(ls "$WORK/outside/sub")" = file
check "a swapped symlink" "the outside changed" test "$(cat "$WORK/outside/sub/file")" = secret

# ---- many entries -----------------------------------------------------------------------------
mkdir "$WORK/many"
(cd "$WORK/many" && seq -f 'n%06g' 0 99999 | xargs touch)
run --dir "$WORK/many::/" "$ODD/list.wasm"
check_status "100,000 entries" 0
check "100,000 entries" "not the right ones were removed" test "$(ls -U "$WORK/many" | wc -l)" -eq 90000
rm -rf "$WORK/many"

# ---- no more room -----------------------------------------------------------------------------
mkdir "$WORK/room"
run --host-max-disk 1M --dir "$WORK/room::/" "$ODD/full.wasm" "$NOSPC" "used up"
check_status "the owner's limit" 0

rm -f "$WORK/room/"*
# Blocks of 1 KiB; the command may not write more to one file.
limited() (
	ulimit -f 512
	run "$@"
	exit "$status"
)
limited --dir "$WORK/room::/" "$ODD/full.wasm" "$FBIG"
status=$?
check_status "a limit for each file" 0

# in_mount SOURCE-OPTIONS... -- ARGUMENT...: runs with a mount at $WORK/mounted.
mkdir "$WORK/mounted"
in_mount() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	export -f run retwine compiled fail
	printf '%s\n' "$(declare -p RUN COMPILE WORK LIMIT RETWINE BUILD ENGINE MODE failed)" >"$WORK/variables"
	mounted bash -c '. "$1"; shift; n=$1; shift; mount "${@:1:n}" || exit 99; shift "$n"; run "$@"; exit "$status"' \
		bash "$WORK/variables" "${#options[@]}" "${options[@]}" "$@"
	status=$?
}
if $can_mount; then
	in_mount -t tmpfs -o size=1m none "$WORK/mounted" -- --dir "$WORK/mounted::/" "$ODD/full.wasm" "$NOSPC"
	check_status "a full disk" 0

	mkdir "$WORK/source" "$WORK/source/d" "$WORK/writable"
	echo text >"$WORK/source/f"
	ln -s f "$WORK/source/link"
	touch "$WORK/writable/g"
	in_mount --bind -o ro "$WORK/source" "$WORK/mounted" -- --dir "$WORK/mounted::one" --dir "$WORK/writable::two" \
		"$BUILD/wasi/c/read_only_directory.wasm"
	check_status "a read-only mount" 0
	check "a read-only mount" "was changed" test "$(cat "$WORK/source/f")$(ls "$WORK/source")" = "textd
f
link"
else
	echo "no mounts here: a full disk and a read-only mount were not tried" >&2
fi

# ---- a file that grows and shrinks ------------------------------------------------------------------
mkdir "$WORK/moving"
rm -f "$WORK/stop"
: >"$WORK/moving/f"
python3 - "$WORK/moving/f" "$WORK/stop" "$WORK/ready" <<'PYTHON' &
import os, random, sys

pattern = bytes(i % 251 for i in range(256 << 10))
choose = random.Random(7)
fd = os.open(sys.argv[1], os.O_RDWR)
size = 0
open(sys.argv[3], "w").close()
while os.getppid() != 1 and not os.path.exists(sys.argv[2]):
    for _ in range(20):
        to = choose.choice([0, 1, 4095, 4096, 65536, choose.randrange(len(pattern)), len(pattern)])
        if to > size:
            os.pwrite(fd, pattern[size:to], size)
        else:
            os.ftruncate(fd, to)
        size = to
PYTHON
mover=$!
read -r _ <"$WORK/ready"
run --dir "$WORK/moving::/" "$ODD/moving.wasm"
touch "$WORK/stop"
wait "$mover"
check_status "a moving file" 0
check "a moving file" "did not move: $(cat "$WORK/out")" grep -q '^[1-9][0-9]* changes$' "$WORK/out"

finish
