#!/bin/bash
# Keys and signatures: what `retwine sign` writes, and what it leaves alone.
. "$(dirname "$0")/lib.sh"

cp "$BUILD/retwine-enclave.elf" "$WORK/image.elf"

# refused NAME PATTERN FILE...: the command just given failed and the files are as they were.
refused() {
	local name=$1 pattern=$2
	shift 2
	check "$name" "status is $status" test "$status" -eq 1 -o "$status" -eq 2
	check_one_line "$name" "$pattern"
	check "$name" "a file changed" sha256sum --quiet --check "$WORK/sums"
	check "$name" "a file was left behind" test "$(ls "$WORK"/*.new 2>/dev/null | wc -l)" -eq 0
}

# ---- keys -----------------------------------------------------------------------------------------
(umask 000 && retwine sign --new-key "$WORK/key.pem" && exit "$status")
check "a new key" "status" test "$?" -eq 0
check "a new key" "others can read it" test "$(stat -c %a "$WORK/key.pem")" = 600
sha256sum "$WORK/key.pem" "$WORK/image.elf" >"$WORK/sums"

retwine sign --new-key "$WORK/key.pem"
refused "a key that is there" "key.pem.*exists"
ln -s nowhere "$WORK/link.pem"
retwine sign --new-key "$WORK/link.pem"
refused "a key under a symlink's name" "link.pem.*exists"
check "a key under a symlink's name" "it was replaced" test -L "$WORK/link.pem"
check "a key under a symlink's name" "it was followed" test ! -e "$WORK/nowhere"

# ---- signatures -------------------------------------------------------------------------------------
retwine sign --key "$WORK/key.pem" --date 20200229 "$WORK/image.elf"
check_status "a signature" 0
check "a signature" "its size" test "$(stat -c %s "$WORK/image.sig")" -eq 1808
cp "$WORK/image.sig" "$WORK/first.sig"
retwine sign --key "$WORK/key.pem" --date 20200229 "$WORK/image.elf"
check_same "a signature made again" "$WORK/first.sig" "$WORK/image.sig"
run --image "$WORK/image.elf" "$EXAMPLES/hello.wasm"
check_status "an image that was signed" 0

retwine sign --key "$WORK/key.pem" --output "$WORK/key.pem" "$WORK/image.elf"
refused "a signature over its key" "would replace"
retwine sign --key "$WORK/key.pem" --output "$WORK/./image.elf" "$WORK/image.elf"
refused "a signature over its image" "would replace"
mkfifo "$WORK/pipe"
retwine sign --key "$WORK/key.pem" --output "$WORK/pipe" "$WORK/image.elf"
refused "a signature in the place of a pipe" "not a regular file"
check "a signature in the place of a pipe" "it was replaced" test -p "$WORK/pipe"
retwine sign --key "$WORK/image.elf" --output "$WORK/new.sig" "$WORK/image.elf"
refused "a key that is none" "image.elf"
check "a key that is none" "there is a signature" test ! -e "$WORK/new.sig"

# ---- names with control characters: none reaches the terminal -----------------------------------------
escape=$'\e[31m'
retwine measure --record "$WORK/missing/$escape" "$EXAMPLES/hello.wasm"
refused "a record's name with control bytes" "cannot write"
check "a record's name with control bytes" "they are shown" bash -c '! grep -q $'"'\\e'"' "$1"' - "$WORK/err"
run --status-file "$WORK/missing/$escape" "$EXAMPLES/hello.wasm"
check_status "a status file's name with control bytes" 125
check "a status file's name with control bytes" "they are shown" bash -c '! grep -q $'"'\\e'"' "$1"' - "$WORK/err"

finish
