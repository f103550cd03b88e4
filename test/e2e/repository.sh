#!/bin/bash
# The tree keeps its own rules, and each check of a rule finds a planted fault.
. "$(dirname "$0")/lib.sh"

check_tool() {
	"$1" >"$WORK/out" 2>"$WORK/err"
	status=$?
	[ "$status" -eq 0 ] || sed 's/^/    /' "$WORK/out"
	check_status "$1" 0
}
check_tool tools/check-includes.sh
check_tool tools/check-style.sh

tree=$WORK/tree
mkdir -p "$tree/tools"
cp tools/includes.txt tools/check-*.sh Makefile "$tree/tools"
# planted NAME TOOL FILE TEXT: with that file in the tree, the tool fails and names it.
planted() {
	mkdir -p "$tree/$(dirname "$3")"
	printf '/* Trust: nothing. */\n%s\n' "$4" >"$tree/$3"
	"$2" "$tree" >"$WORK/out" 2>"$WORK/err"
	status=$?
	check "$1" "not found" test "$status" -eq 1
	check "$1" "the file is not named" grep -q "$3" "$WORK/out"
	rm "$tree/$3"
}
includes=tools/check-includes.sh
planted "an include against the direction" "$includes" wasm/a.c '#include "wasi/wasi.h"'
planted "enclave and host" "$includes" enclave/a.h '#include "host/run.h"'
planted "host and enclave" "$includes" host/a.h '  # include "enclave/layout.h"'
planted "upwards within the host side" "$includes" host/base/a.h '#include "host/run.h"'
planted "from one room of it to another" "$includes" host/volume/a.h '#include "host/deploy/peer.h"'
planted "an include without its directory" "$includes" base/a.c '#include "reader.h"'
planted "an include by .." "$includes" base/a.c '#include "base/../wasi/a.h"'
planted "a directory that is not listed" "$includes" novel/a.c 'int a;'

style=tools/check-style.sh
planted "strcpy" "$style" host/a.c 'void f(void) { strcpy(a, b); }'
planted "malloc inside" "$style" wasm/a.c 'void *f(void) { return malloc(4); }'
planted "a hosted header inside" "$style" wasi/a.c '#include <stdio.h>'
planted "host memory" "$style" wasi/a.c 'int f(void) { return host_copy(a, b, 1); }'
planted "code that is placed unverified" "$style" native/a.c 'int f(void) { return native_place(a, 1, b, 1, c); }'
planted "code that is placed by another way" "$style" program/a.c 'int f(void) { return memory_add_code(a, b); }'
planted "unfinished work" "$style" cli/a.c "/* TO""DO */"
rm -f "$tree/wasm/b.c"
echo 'int a;' >"$tree/wasm/b.c"
"$style" "$tree" >"$WORK/out" 2>"$WORK/err"
status=$?
check "no Trust: line" "not found" test "$status" -eq 1
rm "$tree/wasm/b.c"
"$style" "$tree" >"$WORK/out" 2>"$WORK/err"
status=$?
check_status "a tree without faults" 0

finish
