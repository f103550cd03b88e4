#!/bin/sh
# Cheap rules over the sources, each a pattern that must not occur; prints what it finds.
# Usage: tools/check-style.sh [TREE]
set -eu
cd "${1:-$(dirname "$0")/..}"
bad=0

# files DIRECTORY...: their C sources.
files() {
	for dir in "$@"; do
		for file in "$dir"/*.[ch]; do
			[ -f "$file" ] && echo "$file"
		done
	done
	return 0
}

# without FILE...: the list on standard input without them.
without() {
	printf '%s\n' "$@" >"$work/without"
	grep -vFx -f "$work/without" || :
}

# forbid WHY PATTERN: over the files named on standard input. Comments do not count.
forbid() {
	found=$(while read -r file; do
		awk -v file="$file" -v pattern="$2" '
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
			if (code ~ pattern) print file ":" FNR ": " $0
		}' "$file"
	done)
	report "$1" "$found"
}

report() {
	if [ -n "$2" ]; then
		echo "$1:"
		echo "$2" | sed 's/^/  /'
		bad=1
	fi
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
files base boundary crypto platform launch hostcall channel wasm interp native volume wasi program enclave >"$work/inside"
{ cat "$work/inside"; files sgx attest compiler host host/* cli include; } >"$work/all"
word='(^|[^A-Za-z0-9_])'

forbid "functions that no size bounds, or that jump" \
	"$word(strcpy|strcat|sprintf|vsprintf|gets|alloca|setjmp|longjmp|strtok|system|popen)[ \t]*\\(" \
	<"$work/all"
forbid "the C library's heap or streams inside the enclave" \
	"$word(malloc|calloc|realloc|free|printf|fprintf|snprintf|fopen)[ \t]*\\(" <"$work/inside"
forbid "a hosted header inside the enclave" \
	"^#[ \t]*include[ \t]*<(stdio|stdlib|errno|unistd|pthread|math|time|locale|signal)" \
	<"$work/inside"
without base/cc.h <"$work/inside" >"$work/list"
forbid "#if outside base/cc.h and header guards" "^#[ \t]*if[ \t]" <"$work/list"
without enclave/shared.c <"$work/inside" >"$work/list"
forbid "host memory is touched outside enclave/shared.c" "${word}host_copy[ \t]*\\(" <"$work/list"
# native_load verifies first.
without native/load.c native/native.h enclave/native_place.c <"$work/inside" >"$work/list"
forbid "native code is placed outside native/load.c" "${word}native_place[ \t]*\\(" <"$work/list"
without enclave/memory.c enclave/memory.h enclave/native_place.c <"$work/inside" >"$work/list"
forbid "pages become executable outside enclave/native_place.c" "${word}memory_add_code[ \t]*\\(" <"$work/list"

# Comments count here.
report "unfinished work" "$(xargs -r grep -nHE "$word(TODO|FIXME|XXX|HACK)($|[^A-Za-z0-9_])" <"$work/all")"

# Every .c of the runtime opens with who is believed.
report "no Trust: line" "$(grep '\.c$' "$work/all" | while read -r file; do
	head -n 25 "$file" | grep -q 'Trust:' || echo "$file"
done)"

[ "$bad" -eq 0 ] && echo "style: nothing found"
exit "$bad"
