#!/bin/sh
# Fetches one package of the npm registry as a tarball and checks it.
# Usage: tools/npm-fetch.sh NAME VERSION INTEGRITY DEST
# INTEGRITY is npm's "sha512-BASE64" of the tarball; DEST is the file to make. Nothing of the package
# is run, and DEST appears only when the digest is right.
set -eu

[ $# -eq 4 ] || { echo "usage: npm-fetch.sh NAME VERSION INTEGRITY DEST" >&2; exit 2; }
name=$1 version=$2 integrity=$3 dest=$4

digest() {
	printf 'sha512-%s' "$(openssl dgst -sha512 -binary "$1" | base64 -w 0)"
}

if [ -f "$dest" ] && [ "$(digest "$dest")" = "$integrity" ]; then
	exit 0
fi
command -v npm >/dev/null || { echo "npm-fetch.sh: npm is not installed (make deps)" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "fetching npm package $name@$version"
if ! npm pack --loglevel=error --ignore-scripts --pack-destination "$work" "$name@$version" >"$work/log" 2>&1
then
	echo "npm-fetch.sh: $name@$version: npm pack failed:" >&2
	cat "$work/log" >&2
	exit 1
fi
set -- "$work"/*.tgz
[ $# -eq 1 ] && [ -f "$1" ] || { echo "npm-fetch.sh: $name@$version: no tarball" >&2; exit 1; }

found=$(digest "$1")
if [ "$found" != "$integrity" ]; then
	echo "npm-fetch.sh: $name@$version: digest is $found, must be $integrity" >&2
	exit 1
fi
mkdir -p "$(dirname "$dest")"
mv "$1" "$dest.part"
mv "$dest.part" "$dest"
