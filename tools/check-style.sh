#!/bin/sh
# Cheap rules over the sources, each a pattern that must not occur; prints what it finds.
# Usage: tools/check-style.sh [TREE]
set -eu
cd "${1:-$(dirname "$0")/..}"
bad=0

# forbid WHY PATTERN FILE-PATTERN...: comments do not count, nor do files after "but:".
forbid() {
	why=$1 pattern=$2
	shift 2
	found=$(for file in $(ls "$@" 2>/dev/null); do
		# Comments become nothing, lines keep their numbers.
		awk -v file="$file" -v pattern="$pattern" '
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
	if [ -n "$found" ]; then
		echo "$why:"
		echo "$found" | sed 's/^/  /'
		bad=1
	fi
}

inside="base/*.[ch] boundary/*.[ch] crypto/*.[ch] platform/*.[ch] launch/*.[ch] hostcall/*.[ch]
	wasm/*.[ch] interp/*.[ch] wasi/*.[ch] program/*.[ch] enclave/*.[ch]"
all="$inside sgx/*.[ch] host/*.[ch] cli/*.[ch] include/*.h"
word='(^|[^A-Za-z0-9_])'

# shellcheck disable=SC2086 # lists of patterns
{
	forbid "functions that no size bounds, or that jump" \
		"$word(strcpy|strcat|sprintf|vsprintf|gets|alloca|setjmp|longjmp|strtok|system|popen)[ \t]*\\(" $all
	forbid "the C library's heap or streams inside the enclave" \
		"$word(malloc|calloc|realloc|free|printf|fprintf|snprintf|fopen|errno)[ \t]*(\\(|\$|;|=)" $inside
	forbid "a hosted header inside the enclave" \
		"^#[ \t]*include[ \t]*<(stdio|stdlib|errno|unistd|pthread|math|time|locale|signal)" $inside
	forbid "#if outside base/cc.h and header guards" \
		"^#[ \t]*if[ \t]" $(ls $inside | grep -v '^base/cc\.h$')
	forbid "host memory is touched outside enclave/shared.c" \
		"${word}host_copy[ \t]*\\(" $(ls $inside | grep -v '^enclave/shared\.c$')
}

# Comments count here.
found=$(grep -nE "$word(TODO|FIXME|XXX|HACK)($|[^A-Za-z0-9_])" $(ls $all Makefile tools/*.sh 2>/dev/null) |
	grep -v '^tools/check-style.sh' || :)
if [ -n "$found" ]; then
	echo "unfinished:"
	echo "$found" | sed 's/^/  /'
	bad=1
fi

# Every .c of the runtime opens with who is believed.
for file in $(ls $all 2>/dev/null | grep '\.c$'); do
	head -n 25 "$file" | grep -q 'Trust:' || { echo "$file: no Trust: line"; bad=1; }
done

[ "$bad" -eq 0 ] && echo "style: nothing found"
exit "$bad"
