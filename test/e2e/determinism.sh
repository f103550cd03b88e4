#!/bin/bash
# The image that is built here is the one that anyone builds from the same sources and packages.
. "$(dirname "$0")/lib.sh"

if tools/check-reproducible.sh >"$WORK/out" 2>"$WORK/err"; then
	ok
	sha256sum <"$BUILD/retwine-enclave.elf" >"$WORK/expected"
	check_same "the image of this build" "$WORK/expected"
else
	fail "two directories" "$(tail -n 1 "$WORK/err")"
fi

finish
