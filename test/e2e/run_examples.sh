#!/bin/bash
# Programs in C, C++ and Rust print the same as their native builds.
. "$(dirname "$0")/lib.sh"

run "$EXAMPLES/hello.wasm" one "two words" ""
check_status hello 0
"$EXAMPLES/hello" one "two words" "" >"$WORK/native"
check_same hello "$WORK/native"

cp LICENSE "$WORK/in"
run "$EXAMPLES/words.wasm"
check_status words 0
"$EXAMPLES/words" <LICENSE >"$WORK/native"
check_same words "$WORK/native"
rm "$WORK/in"

# A file of transfers, then one with a fault.
mkdir "$WORK/ledger"
printf 'bank ann 100000\nbank bob 5000\nann bob 2550\nbob cho 7551\n\ncho ann 1\n' \
	>"$WORK/ledger/good"
printf 'bank ann 100\nann bob -5\n' >"$WORK/ledger/bad"
run --dir "$WORK/ledger::/ledger" "$EXAMPLES/ledger.wasm" /ledger/good
check_status ledger 0
"$EXAMPLES/ledger" "$WORK/ledger/good" >"$WORK/native"
check_same ledger "$WORK/native"
run --dir "$WORK/ledger::/ledger" "$EXAMPLES/ledger.wasm" /ledger/bad
check_status "ledger with a fault" 1
check "ledger with a fault" "does not name the line" grep -q "line 2: '-5'" "$WORK/err"

mkdir "$WORK/guest" "$WORK/host"
run --dir "$WORK/guest::/data" "$EXAMPLES/scoring.wasm" generate 20000 /data/applicants.csv
check_status "scoring generate" 0
"$EXAMPLES/scoring" generate 20000 "$WORK/host/applicants.csv" >"$WORK/native"
check_same "scoring generate" "$WORK/native"
check_same "scoring file" "$WORK/host/applicants.csv" "$WORK/guest/applicants.csv"
run --dir "$WORK/guest::/data:ro" "$EXAMPLES/scoring.wasm" score /data/applicants.csv
check_status "scoring score" 0
"$EXAMPLES/scoring" score "$WORK/host/applicants.csv" >"$WORK/native"
check_same "scoring score" "$WORK/native"

# SQLite: made by one run, read by a second, and by the native build.
sql() {
	cp "$1" "$WORK/in"
	run --dir "$WORK/guest::/data" --env HOME=/data "$EXAMPLES/sqlite3.wasm" -batch /data/shop.db
	"$EXAMPLES/sqlite3" -batch "$WORK/host/shop.db" <"$1" >"$WORK/native"
	rm "$WORK/in"
}
sed 's/100000/2000/' examples/sqlite/create.sql >"$WORK/create.sql"
sql "$WORK/create.sql"
check_status "sqlite create" 0
check_same "sqlite create" "$WORK/native"
check_same "sqlite file" "$WORK/host/shop.db" "$WORK/guest/shop.db"
sql examples/sqlite/query.sql
check_status "sqlite query" 0
check_same "sqlite query" "$WORK/native"
check "sqlite query" "says nothing of integrity" grep -qx ok "$WORK/out"

# Statements as arguments, a database in memory.
run --env HOME=/ "$EXAMPLES/sqlite3.wasm" -batch :memory: \
	"select 6 * 7; select hex(sha3('abc', 256)), printf('%.17g', 2.0/3);"
check_status "sqlite arguments" 0
"$EXAMPLES/sqlite3" -batch :memory: "select 6 * 7; select hex(sha3('abc', 256)), printf('%.17g', 2.0/3);" \
	>"$WORK/native"
check_same "sqlite arguments" "$WORK/native"

# What a program asks of the system.
mkdir "$WORK/files" "$WORK/files_native"
run --dir "$WORK/files::/data" "$GUESTS/files.wasm" /data
check_status files 0
"$GUESTS/files" "$WORK/files_native" >"$WORK/native"
check_same files "$WORK/native"
check files "left something behind" test -z "$(ls -A "$WORK/files")"

run "$GUESTS/clock.wasm"
check_text clock "backwards 0
slept enough
after 2020 yes
random differs"

head -c 300000 "$EXAMPLES/hello.wasm" >"$WORK/in"
run "$GUESTS/cat.wasm"
check_status cat 0
check_same cat "$WORK/in"
rm "$WORK/in"

# Arguments and environment: what was given, and nothing of the host's.
run --argv0 name --env B=2 --env A=1 --env "EMPTY=" "$GUESTS/echo.wasm" -- --dir -x
check_status echo 0
sort "$WORK/out" >"$WORK/sorted"
printf '%s\n' 'argv[0]=name' 'argv[1]=--' 'argv[2]=--dir' 'argv[3]=-x' 'env A=1' 'env B=2' \
	'env EMPTY=' | sort >"$WORK/expected"
check_same "echo: options behind the module are the guest's" "$WORK/expected" "$WORK/sorted"
INHERITED=yes run --env INHERITED "$GUESTS/echo.wasm"
check "env inherits by name" "is missing" grep -qx 'env INHERITED=yes' "$WORK/out"

# A bare module is `run`.
retwine "$EXAMPLES/hello.wasm" x
check_status "bare module" 0
check "bare module" "wrong output" grep -qx 'argument 1: x' "$WORK/out"

for code in 0 1 7 124 255; do
	run "$GUESTS/exit.wasm" "$code"
	check_status "exit $code" "$code"
done

finish
