#!/bin/bash
# Files, options and programs that are wrong: each ends in one line that says so, the right status,
# and nothing done.
. "$(dirname "$0")/lib.sh"

# A directory that nothing may change.
mkdir "$WORK/mount"
echo kept >"$WORK/mount/file"
mount_state() {
	find "$WORK/mount" -printf '%P %s %T@ %y\n' | sort
	find "$WORK/mount" -type f -exec sha256sum {} +
}
mount_state >"$WORK/state"

# bad_module NAME PATTERN: $WORK/bad.wasm is refused, by `run` and by `validate`.
bad_module() {
	run --dir "$WORK/mount::/data" "$WORK/bad.wasm" argument
	check_refused "$1" 125 "$2"
	retwine validate "$WORK/bad.wasm"
	check "$1" "validate accepts it" test "$status" -ne 0
	check_one_line "$1 (validate)" "$2"
}

# bytes HEX...: the bytes of a module, after magic and version.
bytes() {
	printf '\0asm\1\0\0\0' >"$WORK/bad.wasm"
	printf '%s' "$*" | tr -d ' ' | sed 's/../\\x&/g' >"$WORK/escaped"
	printf '%b' "$(cat "$WORK/escaped")" >>"$WORK/bad.wasm"
}

# ---- what is no module -------------------------------------------------------------------------
: >"$WORK/bad.wasm"
bad_module "an empty file" "empty"
printf '(module (func (export "_start")))\n' >"$WORK/bad.wasm"
bad_module "text" "text|not a WebAssembly"
printf '#!/bin/sh\necho hello\n' >"$WORK/bad.wasm"
bad_module "a script" "not a WebAssembly"
cp /bin/true "$WORK/bad.wasm"
bad_module "an ELF file" "not a WebAssembly"
printf '\0asm\15\0\1\0\0\0\0' >"$WORK/bad.wasm"
bad_module "a component" "component"
printf '\0asm\2\0\0\0' >"$WORK/bad.wasm"
bad_module "another version" "version"

run "$WORK/mount"
check_refused "a directory" 125 "directory"
run "$WORK/missing.wasm"
check_refused "a missing file" 125 "missing.wasm.*(no such file|not found|does not exist)"
run "$WORK/missing"$'\e[31m'"red.wasm"
check_refused "a name with control bytes" 125 "missing"
run /dev/null
check_refused "a device" 125
mkfifo "$WORK/pipe"
run "$WORK/pipe"
check_refused "a pipe without a writer" 125
rm "$WORK/pipe"

# ---- modules that are damaged --------------------------------------------------------------------
size=$(stat -c %s "$EXAMPLES/hello.wasm")
for n in 1 3 4 7 9 10 11 50 $((size / 4)) $((size / 2)) $((size - 2)) $((size - 1)); do
	head -c "$n" "$EXAMPLES/hello.wasm" >"$WORK/bad.wasm"
	bad_module "the first $n bytes of a module" "."
done
for tail in '\0' '\1' '\0asm\1\0\0\0' '\377\377\377'; do
	cp "$EXAMPLES/hello.wasm" "$WORK/bad.wasm"
	printf '%b' "$tail" >>"$WORK/bad.wasm"
	bad_module "a module with bytes after its end" "."
done
for seed in 1 2 3; do
	{
		printf '\0asm\1\0\0\0'
		openssl enc -aes-128-ctr -nosalt -K "0000000000000000000000000000000$seed" \
			-iv 00000000000000000000000000000000 -in /dev/zero 2>/dev/null | head -c 70000
	} >"$WORK/bad.wasm"
	bad_module "random bytes, seed $seed" "."
	tail -c +9 "$WORK/bad.wasm" >"$WORK/worse.wasm"
	mv "$WORK/worse.wasm" "$WORK/bad.wasm"
	bad_module "random bytes without a header, seed $seed" "not a WebAssembly"
done

# One byte changed anywhere: refused, trapped, or run to an end of its own; never a crash.
for n in $(seq 8 997 "$size"); do
	cp "$EXAMPLES/hello.wasm" "$WORK/bad.wasm"
	printf '\252' | dd of="$WORK/bad.wasm" bs=1 seek="$n" conv=notrunc status=none
	LIMIT=10 run -W max-memory-size=16M "$WORK/bad.wasm"
	case "$status" in
	125 | 134) check_one_line "byte $n changed" "." ;;
	132 | 135 | 136 | 137 | 138 | 139) fail "byte $n changed" "ended by a signal: $status" ;;
	*) ok ;;
	esac
done

# ---- counts that promise more than the bytes --------------------------------------------------------
bytes 01 05 ffffffff0f
bad_module "2^32-1 types" "."
bytes 01 04 01 60 00 00 03 05 ffffffff0f
bad_module "2^32-1 functions" "."
bytes 0a 05 ffffffff0f
bad_module "2^32-1 bodies" "."
bytes 02 06 01 ffffffff0f
bad_module "an import with a name of 2^32-1 bytes" "."
bytes 01 04 01 60 00 00 03 02 01 00 0a 0c 01 0a 01 ffffffff0f 7f 0b 000000
bad_module "2^32-1 locals" "."
bytes 04 08 01 70 00 ffffffff0f # valid, but more than there is
run "$WORK/bad.wasm"
check_refused "a table of 2^32-1 elements" 125 "limit"
bytes 05 05 01 00 818004
bad_module "a memory of 65537 pages" "."
bytes 01 04 01 60 00 00 03 02 01 00 0a 0b 01 09 00 02 40 0e ffffffff0f
bad_module "a br_table with 2^32-1 labels" "."
bytes 05 03 01 00 01 0b 0b 01 00 41 00 0b ffffffff0f 00
bad_module "a data segment of 2^32-1 bytes" "."
bytes 01 ffffffff0f 00
bad_module "a section of 2^32-1 bytes" "."
bytes 01 8080808080808000
bad_module "an over-long size" "."

# Ten thousand nested blocks: decoded without recursion, and run.
{
	printf '(module (memory (export "memory") 1) (func (export "_start") '
	for _ in $(seq 10000); do printf 'block '; done
	for _ in $(seq 10000); do printf 'end '; done
	printf '))'
} >"$WORK/nested.wat"
if wat2wasm "$WORK/nested.wat" -o "$WORK/nested.wasm" 2>"$WORK/err"; then
	run "$WORK/nested.wasm"
	check_status "deeply nested blocks" 0
else
	fail "deeply nested blocks" "wat2wasm failed"
fi

# ---- imports and exports ----------------------------------------------------------------------------
run "$GUESTS/import_unknown.wasm"
check_refused "an import that does not exist" 125 "fd_levitate"
run "$GUESTS/import_type.wasm"
check_refused "an import of another type" 125 "proc_exit"
run "$GUESTS/import_module.wasm"
check_refused "an import of an unknown module" 125 "invoke"
run "$GUESTS/start_missing.wasm"
check_refused "a module without _start" 125 "_start"
run --invoke missing "$GUESTS/start_missing.wasm"
check_refused "--invoke of what is not exported" 2 "missing"
run --invoke helper "$GUESTS/start_missing.wasm" 1
check_refused "--invoke with too many values" 2 "helper.* values"
run --invoke helper "$GUESTS/start_missing.wasm"
check_status "--invoke" 0

# ---- options ----------------------------------------------------------------------------------------
HELLO=$EXAMPLES/hello.wasm
run --dir "$WORK/missing::/data" "$HELLO"
check_refused "a mount that is missing" 125 "missing"
run --dir "$WORK/mount/file::/data" "$HELLO"
check_refused "a mount that is a file" 125 "directory"
usage() {
	local name=$1
	shift
	run "$@"
	check_refused "$name" 2
}
usage "no module"
usage "an unknown option" --levitate "$HELLO"
usage "an option without its value" --dir
usage "the same guest path twice" --dir "$WORK/mount::/a" --dir "$WORK::/a" "$HELLO"
usage "an empty directory name" --dir "" "$HELLO"
usage "a guest path with .." --dir "$WORK/mount::/a/../b" "$HELLO"
usage "the same variable twice" --env A=1 --env A=2 "$HELLO"
usage "a variable without a name" --env =1 "$HELLO"
usage "a size that is none" -W max-memory-size=lots "$HELLO"
usage "an unknown limit" -W max-cheese=1 "$HELLO"
usage "fuel that is none" -W fuel=much "$HELLO"
usage "a time that is none" -W timeout=soon "$HELLO"
usage "no time at all" -W timeout=0s "$HELLO"
usage "no thread at all" --max-threads=0 "$HELLO"
usage "more threads than there can be" --max-threads=5000 "$HELLO"
usage "threads that are none" --host-max-threads=-1 "$HELLO"
usage "unknown diagnostics" --diagnostics everything "$HELLO"
retwine levitate
check "an unknown command" "status is $status" test "$status" -eq 2 -o "$status" -eq 125
check_one_line "an unknown command" "levitate"

config() {
	printf '%s\n' "$2" >"$WORK/app.yaml"
	run --config "$WORK/app.yaml" "$HELLO"
	check_refused "configuration: $1" 2 "app.yaml"
}
config "an unknown key" "levitate: yes"
config "a key twice" $'argv0: a\nargv0: b'
config "a wrong type" $'argv0: [a]'
config "no mapping" "- a"
config "no YAML" "a: ]["
config "a tab" $'\tb: ['
run --config "$WORK/missing.yaml" "$HELLO"
check "configuration: missing" "status is $status" test "$status" -eq 2 -o "$status" -eq 125
check_one_line "configuration: missing" "missing.yaml"

# ---- the enclave image --------------------------------------------------------------------------------
image() {
	run --image "$WORK/image.elf" "$HELLO"
	check_refused "$1" 125 "$2"
}
fresh_image() {
	cp "$BUILD/retwine-enclave.elf" "$WORK/image.elf"
	cp "$BUILD/retwine-enclave.sig" "$WORK/image.sig"
}
flip() {
	local old
	old=$(od -An -tu1 -j "$2" -N 1 "$1")
	printf '%b' "\\x$(printf '%02x' $((old ^ 1)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
fresh_image
run --image "$WORK/image.elf" "$HELLO"
check_status "an image of the same bytes" 0
text=$(readelf -SW "$WORK/image.elf" | awk '/ \.text / { for (i = 1; i < NF; i++) if ($i == ".text") print $(i + 3) }')
flip "$WORK/image.elf" $((16#$text + 100))
image "a flipped bit in the image" "MRENCLAVE|measurement"
fresh_image
truncate -s -5000 "$WORK/image.elf"
image "a truncated image" "."
: >"$WORK/image.elf"
image "an empty image" "."
rm "$WORK/image.elf"
image "a missing image" "image.elf"
# SIGSTRUCT: header 0, date 20, modulus 128, signature 516, MISCSELECT 900, ATTRIBUTES 928,
# MRENCLAVE 960, Q1 1040 (SDM 3D, table 35-19).
for off in 0 20 130 520 900 928 961 1041 1807; do
	fresh_image
	flip "$WORK/image.sig" "$off"
	image "byte $off of the signature changed" "."
done
fresh_image
truncate -s 1807 "$WORK/image.sig"
image "a signature one byte short" "."
fresh_image
printf '\0' >>"$WORK/image.sig"
image "a signature one byte long" "."
rm "$WORK/image.sig"
image "a missing signature" "image.sig"

# ---- programs that go wrong -----------------------------------------------------------------------------
# trapped NAME PATTERN: status 134, what was written before is there, the backtrace names functions.
trapped() {
	run --diagnostics backtrace "$GUESTS/traps.wasm" "$1"
	check_status "trap $1" 134
	check_text "trap $1" before
	check_one_line "trap $1" "$2"
	sed '1,/^retwine: wasm backtrace:/d' "$WORK/err" >"$WORK/backtrace"
	check "trap $1" "the backtrace names no function" \
		grep -Eq "main|trap_inner|descend|abort" "$WORK/backtrace"
}
trapped unreachable "unreachable"
trapped abort "unreachable"
trapped load "out of bounds memory access"
trapped store "out of bounds memory access"
trapped divide "integer divide by zero"
trapped overflow "integer overflow"
trapped truncate "integer overflow"
trapped nan "invalid conversion to integer"
trapped signature "indirect call type mismatch"
trapped null "uninitialized element|undefined element|indirect call type mismatch"
trapped table "undefined element"
trapped recursion "call stack exhausted|out of bounds memory access"
run "$GUESTS/recurse.wasm"
check_status "recursion without memory" 134
check_one_line "recursion without memory" "call stack exhausted"

run --diagnostics trap "$GUESTS/traps.wasm" divide
check_status "diagnostics trap" 134
check_one_line "diagnostics trap" "integer divide by zero"
check "diagnostics trap" "says more" test "$(grep -c trap_inner "$WORK/err")" -eq 0
run --diagnostics none "$GUESTS/traps.wasm" divide
check_status "diagnostics none" 134
check "diagnostics none" "says more" test "$(grep -Ec 'trap_inner|divide' "$WORK/err")" -eq 0

# Memory without end is refused to the program, which goes on.
run -W max-memory-size=64M "$GUESTS/traps.wasm" grow
check_status "unbounded memory.grow" 0
check_text "unbounded memory.grow" $'before\ngrew some'
run -W max-memory-size=64M "$GUESTS/traps.wasm" fill
check_status "unbounded malloc" 0
check_text "unbounded malloc" $'before\nfilled some'
run "$GUESTS/traps.wasm" grow
check_status "memory.grow to 4 GiB" 0
run -W max-memory-size=1M "$GUESTS/memory_huge.wasm"
check_refused "a memory over the limit" 125 "memory|limit"

mount_state >"$WORK/state_after"
check_same "the mounted directory is as it was" "$WORK/state" "$WORK/state_after"
check "no core file" "there is one" test -z "$(find . -maxdepth 1 -name 'core*' -type f)"

finish
