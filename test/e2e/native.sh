#!/bin/bash
# Native code from the command line: programs give what they give in the interpreter, end as they end
# there, and whatever is not verified, or does not belong to its module, its limits or its record, is refused in words.
. "$(dirname "$0")/lib.sh"

export XDG_CACHE_HOME=$WORK/cache
NATIVE=(--engine=native)
CODE=$WORK/code # compiled modules
mkdir "$CODE"

# native, interpreted ARGUMENT...: `run` with that engine.
native() {
	run "${NATIVE[@]}" "$@"
}
interpreted() {
	run --engine=interpreter "$@"
}

# compile NAME MODULE OPTION...: to $CODE/NAME.wasm.
compile() {
	local name=$1 module=$2
	shift 2
	retwine compile --quiet "$@" -o "$CODE/$name.wasm" "$module"
	check_status "compile $name" 0
}

# ---- what the compiler writes ------------------------------------------------------------------------
HELLO=$EXAMPLES/hello.wasm
compile hello "$HELLO"
check "compile" "it says something" test ! -s "$WORK/err" -a ! -s "$WORK/out"
size=$(stat -c %s "$HELLO")
head -c "$size" "$CODE/hello.wasm" >"$WORK/head"
check_same "the module stands before the section" "$HELLO" "$WORK/head"
retwine validate "$CODE/hello.wasm"
check_status "it is a valid module" 0
retwine inspect "$CODE/hello.wasm"
check "inspect" "no header" grep -Eq '^ +abi_version: +2$' "$WORK/out"
check "inspect" "no ISA" grep -Eq '^ +isa: +x86-64-v3$' "$WORK/out"
check "inspect" "not usable" grep -Eq '^ +usable: +yes$' "$WORK/out"
check "inspect" "another module digest" \
	test "$(field module_digest "$WORK/out")" = "$(sha256sum <"$HELLO" | cut -d ' ' -f 1)"
digest=$(field native_digest "$WORK/out")
payload=$(sed -n 's/^native_size: *//p' "$WORK/out") # the section's last bytes are the payload's
compile again "$HELLO" -j 1
check_same "the same bytes on one CPU" "$CODE/hello.wasm" "$CODE/again.wasm"
compile other "$HELLO" -O3 --isa v2 --fuel --interruptible
check "options" "the same bytes" test "$(cmp -s "$CODE/hello.wasm" "$CODE/other.wasm"; echo $?)" -eq 1
retwine inspect --format=json "$CODE/other.wasm"
check "inspect" "not v2" grep -q '"isa": "x86-64-v2"' "$WORK/out"
check "inspect" "no flags" test "$(grep -Ec '"(metered|polled)"' "$WORK/out")" -eq 2

cp "$HELLO" "$WORK/app.wasm"
retwine compile "$WORK/app.wasm" --quiet
check_status "a name by default, options behind" 0
check_same "a name by default" "$CODE/hello.wasm" "$WORK/app.retwine.wasm"
retwine compile "$WORK/app.retwine.wasm" --quiet -o "$WORK/twice.wasm"
check_same "a section takes the place of the old one" "$CODE/hello.wasm" "$WORK/twice.wasm"
(cd "$WORK" && cp app.wasm ./-app.wasm && "$RETWINE" compile --quiet -- -app.wasm) 2>"$WORK/err"
check_same "a name that begins with -" "$CODE/hello.wasm" "$WORK/-app.retwine.wasm"

# What is written first, beside its place, has a name that can be guessed.
echo kept >"$WORK/kept"
# shellcheck disable=SC2016 # the inner shell's
bash -c 'ln -s "$1" "$2.$$.tmp"; exec "$0" --quiet -o "$2" "$3"' "$BUILD/retwine-compile" \
	"$WORK/kept" "$WORK/linked.wasm" "$HELLO" 2>"$WORK/err"
check "a link in the place of a file" "it was followed" test "$(cat "$WORK/kept")" = kept

for wrong in "" "-O4 x.wasm" "--isa v4 x.wasm" "-j many x.wasm" "x.wasm y.wasm" "--nope x.wasm"; do
	# shellcheck disable=SC2086 # words
	retwine compile $wrong
	check_refused "compile $wrong" 2 "retwine compile --help"
done
printf 'no module' >"$WORK/bad.wasm"
retwine compile "$WORK/bad.wasm"
check_status "compile no module" 1
check "compile no module" "no words" grep -q "bad.wasm" "$WORK/err"
check "compile no module" "something was written" test ! -e "$WORK/bad.retwine.wasm"

# ---- the same output, the same ends ----------------------------------------------------------------------
# same NAME ARGUMENT...: in both engines; $CODE/NAME.wasm for the word MODULE, $WORK/in for both.
same() {
	local name=$1
	shift
	interpreted "${@/#MODULE/$CODE/$name.wasm}"
	local expected=$status
	mv "$WORK/out" "$WORK/interpreter"
	native "${@/#MODULE/$CODE/$name.wasm}"
	check_status "$name" "$expected"
	check_same "$name" "$WORK/interpreter"
}
same hello MODULE one "two words" ""
for name in words ledger scoring sqlite3; do
	compile "$name" "$EXAMPLES/$name.wasm"
done
for name in echo exit cat traps recurse forever; do
	compile "$name" "$GUESTS/$name.wasm"
done
cp LICENSE "$WORK/in"
same words MODULE
same cat MODULE
rm "$WORK/in"
mkdir "$WORK/data"
printf 'bank ann 100000\nbank bob 5000\nann bob 2550\nbob cho 7551\n\ncho ann 1\n' >"$WORK/data/good"
printf 'bank ann 100\nann bob -5\n' >"$WORK/data/bad"
same ledger --dir "$WORK/data::/ledger" MODULE /ledger/good
same ledger --dir "$WORK/data::/ledger" MODULE /ledger/bad
same scoring --dir "$WORK/data::/data" MODULE generate 5000 /data/applicants.csv
same scoring --dir "$WORK/data::/data:ro" MODULE score /data/applicants.csv
sed 's/100000/500/' examples/sqlite/create.sql >"$WORK/in"
same sqlite3 --env HOME=/ MODULE -batch :memory:
rm "$WORK/in"
same echo --argv0 name --env A=1 MODULE x
for code in 0 1 255; do
	same exit MODULE "$code"
done

# trapped KIND PATTERN: status, words, output before, and the innermost function.
trapped() {
	native "$CODE/traps.wasm" "$1"
	check_status "trap $1" 134
	check_text "trap $1" before
	check_one_line "trap $1" "$2"
	check "trap $1" "no function" grep -Eq '^retwine: +0: .' "$WORK/err"
	check "trap $1" "no word about callers" grep -q "records no callers" "$WORK/err"
}
trapped unreachable unreachable
trapped load "out of bounds memory access"
trapped store "out of bounds memory access"
trapped divide "integer divide by zero"
trapped overflow "integer overflow"
trapped truncate "integer overflow"
trapped nan "invalid conversion to integer"
trapped signature "indirect call type mismatch"
trapped null "uninitialized element|undefined element|indirect call type mismatch"
trapped table "undefined element"
trapped recursion "call stack exhausted|out of bounds memory access"
native "$CODE/recurse.wasm"
check_status "recursion without memory" 134
check_one_line "recursion without memory" "call stack exhausted"
native --diagnostics none "$CODE/traps.wasm" divide
check_status "diagnostics none" 134
check "diagnostics none" "says more" test "$(grep -Ec 'divide|  0:' "$WORK/err")" -eq 0
native -W max-memory-size=64M "$CODE/traps.wasm" grow
check_text "memory.grow up to the limit" $'before\ngrew some'

# ---- which engine --------------------------------------------------------------------------------------
# engine_of ARGUMENT...: what `retwine measure` says of it.
engine_of() {
	retwine measure "$@"
	sed -n 's/^engine: *//p' "$WORK/out"
}
check "a module with native code" "another engine" test "$(engine_of "$CODE/hello.wasm")" = native
check "a plain module" "another engine" test "$(engine_of "$HELLO")" = interpreter
check "--engine=auto" "another engine" test "$(engine_of --engine auto "$CODE/hello.wasm")" = native
check "--engine=interpreter" "another engine" \
	test "$(engine_of --engine interpreter "$CODE/hello.wasm")" = interpreter
run --engine=jit "$CODE/hello.wasm"
check_refused "no such engine" 2 "not auto, interpreter or native"
run --insecure-unverified-native "$CODE/hello.wasm"
check_refused "the option of old" 2 "insecure-unverified-native"
native --quiet "$CODE/hello.wasm"
check "--quiet" "a banner" test ! -s "$WORK/err"
run "$CODE/traps.wasm" divide
check_status "without an option" 134
check "without an option" "not native code" grep -q "records no callers" "$WORK/err"
printf 'module: %s\nengine: interpreter\n' "$CODE/traps.wasm" >"$WORK/app.yaml"
run --config "$WORK/app.yaml" divide
check_status "a configuration file" 134
check "a configuration file" "native code" test "$(grep -c "records no callers" "$WORK/err")" -eq 0

# ---- verified ------------------------------------------------------------------------------------------
retwine inspect --native "$CODE/hello.wasm"
check_status "inspect --native" 0
functions=$(sed -n 's/^  functions: *//p' "$WORK/out")
routines=$(sed -n 's/^  routines: *//p' "$WORK/out")
check "inspect --native" "$functions functions" \
	test "$(sed -n '/^functions:/,/^routines:/p' "$WORK/out" | grep -c ' verified=yes')" -eq "$functions"
check "inspect --native" "no names" grep -Eq 'code=[0-9]+ facts=[0-9]+ verified=yes name=main' "$WORK/out"
check "inspect --native" "not verified" grep -q '^verified: yes$' "$WORK/out"
retwine inspect --native --format=json "$CODE/hello.wasm"
check "inspect --native, JSON" "not verified" grep -q '^  "verified": true$' "$WORK/out"
retwine inspect --native "$HELLO"
check_refused "inspect --native, a plain module" 1 "no native code"
retwine inspect --native "$WORK/bad.wasm"
check_refused "inspect --native, no module" 1 "bad.wasm"

# ---- identity --------------------------------------------------------------------------------------------
retwine measure --engine=interpreter "$CODE/hello.wasm"
interpreted=$(field program_digest "$WORK/out")
retwine measure "${NATIVE[@]}" --record "$WORK/record" "$CODE/hello.wasm"
measured=$(field program_digest "$WORK/out")
check "measure" "no engine" grep -Eq '^engine: +native$' "$WORK/out"
check "measure" "another native digest" test "$(field native_digest "$WORK/out")" = "$digest"
check "the engine is part of the program" "the same digest" test "$interpreted" != "$measured"
native --show-identity "$CODE/hello.wasm"
check "what runs was measured" "another digest" \
	test "$(field program_digest "$WORK/err")" = "$measured"
retwine inspect "$WORK/record"
check "the record" "no engine" grep -Eq '^engine: +native$' "$WORK/out"

native --native-digest "$digest" "$CODE/hello.wasm"
check_status "the pinned digest" 0
native --native-digest "${digest//[0-9a-e]/f}" "$CODE/hello.wasm"
check_refused "another pinned digest" 125 "native-digest"
run --native-digest "${digest//[0-9a-e]/f}" "$HELLO"
check_refused "a pinned digest, and no section" 125 "native-digest"
run --native-digest abc "$HELLO"
check_refused "no digest" 2 "64 hexadecimal digits"

# ---- damaged and foreign sections ------------------------------------------------------------------------
# patched NAME PATTERN OFFSET BYTES: hello with these bytes in the section's header.
patched() {
	local at=$(($(stat -c %s "$CODE/hello.wasm") - payload + $3))
	cp "$CODE/hello.wasm" "$WORK/patched.wasm"
	# shellcheck disable=SC2059 # the bytes are a format
	printf "$4" | dd of="$WORK/patched.wasm" bs=1 seek="$at" conv=notrunc status=none
	run "$WORK/patched.wasm"
	check_refused "$1" 125 "$2"
	retwine inspect "$WORK/patched.wasm"
	check "$1" "inspect finds it usable" grep -Eq '^ +usable: +no$' "$WORK/out"
	retwine inspect --native "$WORK/patched.wasm"
	check_refused "$1: inspect --native" 1 "$2"
	interpreted "$WORK/patched.wasm"
	check_status "$1: the interpreter" 0
}
patched "another magic" "damaged" 0 'x'
patched "another version" "another version.*compile it again" 8 '\1'
patched "another CPU" "CPUs" 12 '\5'
patched "unknown flags" "damaged" 16 '\20'
patched "another number of functions" "damaged|another module" 20 '\1\0\0\0'
patched "another module's digest" "another module" 24 'abcd'
patched "a size over the end" "damaged" 59 '\1'
patched "a size below the end" "damaged" 72 '\1'
patched "a reserved byte" "damaged" 95 '\1'
patched "a function not at its alignment" "damaged" 100 '\1'
patched "functions out of order" "damaged" 102 '\377'
# What is well formed and not safe is the enclave's to find: SYSCALL where the code begins, behind the offsets.
at=$(($(stat -c %s "$CODE/hello.wasm") - payload + 96 + 4 * (functions + routines + 1)))
cp "$CODE/hello.wasm" "$WORK/unsafe.wasm"
printf '\17\5' | dd of="$WORK/unsafe.wasm" bs=1 seek="$at" conv=notrunc status=none
refused='native code refused: function [0-9]+ \("[^"]+"\) at \+0x0: .* not on the list; compile it again'
run "$WORK/unsafe.wasm"
check_refused "code that is not safe" 125 "unsafe.wasm: $refused with this version of retwine$"
native --diagnostics none "$WORK/unsafe.wasm"
check_refused "code that is not safe, diagnostics none" 125 "$refused"
interpreted "$WORK/unsafe.wasm"
check_status "code that is not safe: the interpreter" 0
retwine inspect --native "$WORK/unsafe.wasm"
check_status "code that is not safe: inspect --native" 1
check "code that is not safe: inspect --native" "not found" \
	grep -Eq 'verified=no at=\+0x0 why=an instruction that is not on the list' "$WORK/out"
check "code that is not safe: inspect --native" "verified" grep -q '^verified: no$' "$WORK/out"
"$BUILD/retwine-compile" --quiet --no-verify -o "$CODE/unproved.wasm" "$HELLO"
run "$CODE/unproved.wasm"
check_refused "code without facts" 125 "without the facts.*compile it again"
retwine inspect --native "$CODE/unproved.wasm"
check_refused "code without facts: inspect --native" 1 "without the facts.*compile it again"
# The code of one module behind another.
at=$(stat -c %s "$HELLO")
tail -c +$((at + 1)) "$CODE/hello.wasm" | cat "$GUESTS/exit.wasm" - >"$WORK/foreign.wasm"
native "$WORK/foreign.wasm"
check_refused "the code of another module" 125 "another module"

# ---- limits ------------------------------------------------------------------------------------------------
native -W fuel=1000000 "$CODE/forever.wasm" spin
check_refused "fuel, and code that does not count" 125 "--fuel"
native -W timeout=1s "$CODE/forever.wasm" spin
check_refused "a timeout, and code that does not look" 125 "--interruptible"
compile limited "$GUESTS/forever.wasm" --fuel --interruptible
native -W fuel=1000000 "$CODE/limited.wasm" spin
check_status "fuel" 134
check "fuel" "another reason" grep -q "all fuel consumed" "$WORK/err"
for how in spin sleep; do
	start=${EPOCHREALTIME/./}
	native -W timeout=300ms "$CODE/limited.wasm" "$how"
	elapsed=$((${EPOCHREALTIME/./} - start))
	check_status "timeout, $how" 134
	check "timeout, $how" "another reason" grep -q "time limit was reached" "$WORK/err"
	check "timeout, $how" "took $elapsed us" test "$elapsed" -ge 300000 -a "$elapsed" -lt 1500000
done
compile fuel "$GUESTS/echo.wasm" --fuel
native -W fuel=1000000000 "$CODE/fuel.wasm" x
check_status "fuel that lasts" 0

# The same fuel is used up: what is just enough in one engine is in the other.
enough() {
	run "$@" -W fuel="$low" "$CODE/fuel.wasm" x
	test "$status" -eq 0
}
low=1
high=1000000
while [ $((high - low)) -gt 1 ]; do
	middle=$(((low + high) / 2))
	interpreted -W fuel="$middle" "$CODE/fuel.wasm" x
	if [ "$status" -eq 0 ]; then high=$middle; else low=$middle; fi
done
check "fuel is exact" "$low is enough" test "$(enough "${NATIVE[@]}"; echo $?)" -eq 1
low=$high
check "fuel is exact" "$high is not enough" enough "${NATIVE[@]}"

# ---- threads -----------------------------------------------------------------------------------------------
mkdir "$CODE/threads"
for name in sum queue counter ends; do
	compile "threads/$name" "$GUESTS/threads/$name.wasm" --interruptible
done
for _ in {1..20}; do
	native --max-threads 8 "$CODE/threads/sum.wasm" 4
	check_text "parallel sum" "2147478263136480 in 1000 portions"
	native --max-threads 8 "$CODE/threads/queue.wasm" 2 2
	check_text "producers and consumers" "500500, 0 wrong, 0 left"
	native --max-threads 8 "$CODE/threads/counter.wasm" 4
	check_text "mutex and atomics" "8000 64 8000 8000 8000 1f4000001f40"
done
for _ in {1..5}; do
	native --max-threads 4 "$CODE/threads/ends.wasm" return
	check_status "main returns while threads run" 3
	native --max-threads 4 "$CODE/threads/ends.wasm" exit
	check_status "a thread exits" 7
	native --max-threads 4 "$CODE/threads/ends.wasm" trap
	check_status "a thread traps" 134
	check "a thread traps" "not told" matches "integer divide by zero"
	native --max-threads 4 "$CODE/threads/ends.wasm" main-trap
	check_status "main traps" 134
done
native --max-threads 8 "$CODE/threads/ends.wasm" grow
check_text "memory that grows" "80 pages more"
compile threads/deaf "$GUESTS/threads/sum.wasm"
native --max-threads 4 "$CODE/threads/deaf.wasm" 2
check_refused "threads, and code that does not look" 125 "--interruptible"

# ---- the cache -----------------------------------------------------------------------------------------------
# cached NAME MADE ARGUMENT...: a run of a plain module; MADE: whether it is compiled (yes, no).
cached() {
	local name=$1 made=$2
	shift 2
	native "$@"
	check_status "cache: $name" 0
	check "cache: $name" "compiled, or not: must be $made" \
		test "$(grep -q '^retwine: compiling ' "$WORK/err" && echo yes || echo no)" = "$made"
}
interpreted "$HELLO" x
mv "$WORK/out" "$WORK/interpreter"
cached "empty" yes "$HELLO" x
check_same "cache: empty" "$WORK/interpreter"
cached "again" no "$HELLO" x
check_same "cache: again" "$WORK/interpreter"
cp "$HELLO" "$WORK/renamed.wasm"
cached "another name" no "$WORK/renamed.wasm"
cached "other limits" yes -W fuel=100000000 "$HELLO"
cached "other limits again" no -W fuel=100000000 "$HELLO"
cached "another module" yes "$GUESTS/echo.wasm"
check "cache" "$(ls "$XDG_CACHE_HOME/retwine")" test "$(ls "$XDG_CACHE_HOME/retwine" | wc -l)" -eq 3
check "cache" "others may look in" test "$(stat -c %a "$XDG_CACHE_HOME/retwine")" = 700
retwine measure "${NATIVE[@]}" "$HELLO"
kept=$(field native_digest "$WORK/out")
check "cache" "another code than the compiler's" test "$kept" = "$digest"

rm "$XDG_CACHE_HOME"/retwine/*
cached "emptied" yes "$HELLO"
entry=$(echo "$XDG_CACHE_HOME"/retwine/*)
for at in 0 33 150 $(($(stat -c %s "$entry") - 1)); do
	before=$(od -An -tu1 -j "$at" -N 1 "$entry")
	printf "\\$(printf %o $((before ^ 4)))" | dd of="$entry" bs=1 seek="$at" conv=notrunc status=none
	cached "byte $at changed" yes "$HELLO"
	cached "byte $at made again" no "$HELLO"
done
for size in 0 31 32 100 $(($(stat -c %s "$entry") - 1)); do
	truncate -s "$size" "$entry"
	cached "cut to $size bytes" yes "$HELLO"
done
printf x >>"$entry"
cached "a byte more" yes "$HELLO"
cached "whole again" no "$HELLO"
# Whole and sound, and of another module.
cp "$entry" "$WORK/entry"
rm "$XDG_CACHE_HOME"/retwine/*
cached "another module's entry, first" yes "$GUESTS/exit.wasm"
cp "$WORK/entry" "$(echo "$XDG_CACHE_HOME"/retwine/*)"
cached "another module's entry" yes "$GUESTS/exit.wasm"

native --native-digest "$digest" "$HELLO"
check_status "cache: the pinned digest" 0
native --native-digest "${digest//[0-9a-e]/f}" "$HELLO"
check_refused "cache: another pinned digest" 125 "native-digest"
native "$WORK/bad.wasm"
check_refused "cache: no module" 125 "not a module"
chmod 755 "$XDG_CACHE_HOME/retwine"
native "$HELLO"
check_refused "cache: for others to write" 125 "mode 0700"
XDG_CACHE_HOME='' HOME='' native "$HELLO"
check_refused "cache: no place" 125 "XDG_CACHE_HOME"

finish
