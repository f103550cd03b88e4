#!/bin/sh
# Checks every #include "..." of the tree against tools/includes.txt; prints each violation.
# Usage: tools/check-includes.sh [TREE]
set -eu
cd "${1:-$(dirname "$0")/..}"

list=$(mktemp)
trap 'rm -f "$list"' EXIT
find . \( -name build -o -name .git -o -name node_modules \) -prune -o -type f \
	\( -name '*.c' -o -name '*.h' -o -name '*.S' -o -name '*.def' -o -name '*.cc' \) -print |
	sed 's,^\./,,' | sort >"$list"

awk '
function violation(file, line, why) {
	printf "%s:%d: %s\n", file, line, why
	bad++
}
# The listed directory that a file is in: its own, else the one at the top.
function room(path,  dir) {
	dir = path
	sub(/\/[^\/]*$/, "", dir)
	if (dir in listed)
		return dir
	return index(path, "/") ? substr(path, 1, index(path, "/") - 1) : ""
}
# The table.
FILENAME == "tools/includes.txt" {
	sub(/#.*/, "")
	sub(/:/, "")
	for (i = 1; i <= NF; i++) {
		allowed[$1, $i] = 1
		named[$i] = 1
	}
	if (NF > 0)
		listed[$1] = 1
	next
}
# The list of files.
{
	for (name in named)
		if (name != "*" && !(name in listed)) {
			printf "tools/includes.txt: %s is not listed itself\n", name
			bad++
			delete named[name]
		}
	file = $0
	dir = room(file)
	if (!(dir in listed)) {
		violation(file, 1, "directory \"" dir "\" is not in tools/includes.txt")
		next
	}
	for (n = 1; (getline text < file) > 0; n++) {
		if (text !~ /^[ \t]*#[ \t]*include[ \t]*"/)
			continue
		checked++
		sub(/^[^"]*"/, "", text)
		sub(/".*/, "", text)
		other = room(text)
		if ((dir == "examples" || dir == "bench") && other == "")
			continue
		if (other == "" || text ~ /\.\./)
			violation(file, n, "\"" text "\" must be written \"dir/file.h\"")
		else if (!(other in listed))
			violation(file, n, "\"" text "\": unknown directory")
		else if (other != dir && !((dir, other) in allowed) && !((dir, "*") in allowed))
			violation(file, n, dir " must not include " other " (\"" text "\")")
	}
	close(file)
}
END {
	printf "includes: %d checked, %d wrong\n", checked, bad
	exit bad > 0
}' tools/includes.txt "$list"
