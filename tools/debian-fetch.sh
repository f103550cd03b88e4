#!/bin/sh
# Fetches one file of a Debian source package and checks it.
# Usage: tools/debian-fetch.sh POOL-PATH SHA256 DEST
# POOL-PATH is the path below pool/main/. The mirror is the one that apt is configured for, and apt's own
# helper does the transfer. DEST appears only when the digest is right.
set -eu

[ $# -eq 3 ] || { echo "usage: debian-fetch.sh POOL-PATH SHA256 DEST" >&2; exit 2; }
path=$1 sha256=$2 dest=$3

matches() {
	[ -f "$1" ] && echo "$sha256  $1" | sha256sum --check --status
}

if matches "$dest"; then
	exit 0
fi
helper=/usr/lib/apt/apt-helper
[ -x "$helper" ] || { echo "debian-fetch.sh: $helper is missing: not a Debian system" >&2; exit 1; }
mirror=$(apt-get indextargets --format '$(REPO_URI) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
	sed -n 's,^\(.*/debian/\) main$,\1,p' | head -n 1)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "fetching $path"
if ! "$helper" download-file "${mirror:-http://deb.debian.org/debian/}pool/main/$path" "$work/file" \
	"SHA256:$sha256" >"$work/log" 2>&1 || ! matches "$work/file"; then
	echo "debian-fetch.sh: $path:" >&2
	cat "$work/log" >&2
	exit 1
fi
mkdir -p "$(dirname "$dest")"
mv "$work/file" "$dest.part"
mv "$dest.part" "$dest"
