#!/bin/sh
# Lines of code per directory, without blank lines and comments. What runs inside the enclave has to
# be trusted by the program's owner; the rest does not.
set -eu
cd "$(dirname "$0")/.."

# count DIRECTORY: lines of its sources that hold more than a comment.
count() {
	find "$1" -maxdepth 2 -type f \( -name '*.c' -o -name '*.h' -o -name '*.S' -o -name '*.def' \) \
		! -name "${2:-none}" -exec cat {} + | awk '
	{
		line = $0
		code = ""
		while (line != "") {
			if (comment) {
				if (!(i = index(line, "*/"))) break
				line = substr(line, i + 2)
				comment = 0
			} else if (i = index(line, "/*")) {
				code = code substr(line, 1, i - 1)
				line = substr(line, i + 2)
				comment = 1
			} else {
				code = code line
				line = ""
			}
		}
		sub(/\/\/.*/, "", code)
		if (code ~ /[^ \t]/) n++
	}
	END { print n + 0 }'
}

list() {
	total=0
	echo "$1"
	shift
	for dir in "$@"; do
		[ -d "$dir" ] || continue
		lines=$(count "$dir" 'verify_find*')
		total=$((total + lines))
		printf '  %-10s %6d\n' "$dir" "$lines"
	done
	printf '  %-10s %6d\n' total "$total"
}

# What finds facts for the verifier of native code is not in the image.
list "in the enclave image (trusted)" base boundary crypto platform launch hostcall channel wasm interp \
	native volume wasi program enclave
list "outside" sgx attest compiler host include cli
list "tests and tools" test fuzz bench examples
