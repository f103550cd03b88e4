#!/bin/bash
# The compressors of Debian's sources (zlib, bzip2, zstd, lz4, brotli) compress a tree and restore it: every file
# comes back byte for byte. FILES: how many files there are (default 200).
. "$(dirname "$0")/lib.sh"

FILES=${FILES:-200}
TOOLS=$BUILD/wasi/tools
LIMIT=600

# Sizes from nothing to a few buffers, contents from all alike to random, names with blanks and more; the
# same each time.
python3 - "$WORK/tree" "$FILES" <<'PYTHON'
import pathlib, random, sys

root, count = pathlib.Path(sys.argv[1]), int(sys.argv[2])
source = random.Random(1)
words = [bytes(source.randrange(97, 123) for _ in range(source.randrange(1, 12))) for _ in range(500)]
for i in range(count):
    folder = root / f"folder {i // 100}" / "in a folder"
    if i % 100 == 0:
        folder.mkdir(parents=True)
    size = [0, 1, 10, 300, 900, 2000][i % 6] if i % 500 else 200_000
    kind = source.randrange(3)
    data = (source.randbytes(size) if kind == 0 else bytes(size) if kind == 1
            else b" ".join(source.choice(words) for _ in range(size // 4))[:size])
    (folder / f"file {i} \u00fc#").write_bytes(data)
PYTHON
(cd "$WORK/tree" && find . -type f -print0 | sort -z | xargs -0 sha256sum) >"$WORK/sums"
check "the tree" "has other files" test "$(wc -l <"$WORK/sums")" -eq "$FILES"

# files: sets ${list[@]} to all files of the copy.
files() {
	mapfile -d '' list < <(cd "$WORK/copy" && find . -type f -print0 | sort -z)
}

# compressor NAME SUFFIX COMPRESS RESTORE: both are options, in words.
compressor() {
	local list options
	rm -rf "$WORK/copy"
	cp -r "$WORK/tree" "$WORK/copy"
	files
	read -ra options <<<"$3"
	run --dir "$WORK/copy::." "$TOOLS/$1.wasm" "${options[@]}" "${list[@]}"
	check_status "$1 compresses" 0
	check "$1 compresses" "not every file" test \
		"$(find "$WORK/copy" -type f -name "*.$2" | wc -l)" -eq "$FILES"
	check "$1 compresses" "left a file" test "$(find "$WORK/copy" -type f | wc -l)" -eq "$FILES"
	if [ "$1" = minigzip ]; then
		check "$1 compresses" "gzip does not understand it" \
			find "$WORK/copy" -type f -exec gzip -t {} +
	fi
	files
	read -ra options <<<"$4"
	run --dir "$WORK/copy::." "$TOOLS/$1.wasm" "${options[@]}" "${list[@]}"
	check_status "$1 restores" 0
	(cd "$WORK/copy" && find . -type f -print0 | sort -z | xargs -0 sha256sum) >"$WORK/restored"
	check_same "$1 restores" "$WORK/sums" "$WORK/restored"
}

compressor minigzip gz "" -d
compressor bzip2 bz2 -1 -d
compressor zstd zst "--rm -q -3" "-d --rm -q"
compressor lz4 lz4 "-m --rm -q" "-d -m --rm -q"
compressor brotli br "-j -q 4" "-d -j"

finish
