#!/bin/sh
# Builds the enclave image in two directories of different depth and compares it, bit for bit.
# Prints its digest.
set -eu
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# build DIRECTORY: a fresh copy of the sources, built there.
build() {
	mkdir -p "$1"
	tar -cf - --exclude=./build --exclude=./.git . | tar -xf - -C "$1"
	if ! make -C "$1" --no-print-directory build/retwine-enclave.elf >"$work/log" 2>&1; then
		tail -n 20 "$work/log" >&2
		echo "check-reproducible: the build failed" >&2
		exit 1
	fi
}

one=$work/a
two=$work/another/and/deeper
build "$one"
(umask 077; LC_ALL=C TZ=Asia/Tokyo build "$two")
if ! cmp "$one/build/retwine-enclave.elf" "$two/build/retwine-enclave.elf"; then
	echo "check-reproducible: the images differ" >&2
	exit 1
fi
sha256sum <"$one/build/retwine-enclave.elf"
