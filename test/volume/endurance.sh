#!/bin/bash
# SQLite in the enclave, a transaction for each line of input: memory stays flat, the volume's file bounded, and at the end
# every transaction is there. Usage: test/volume/endurance.sh BUILD TRANSACTIONS
set -eu
b=$1
count=$2
work=$(mktemp -d -p "${TMPDIR:-/dev/shm}")
trap 'rm -rf "$work"' EXIT
shell=$b/examples/sqlite3-volume.wasm
mount=::/data,create,cache=1M

die() {
	echo "FAIL $*" >&2
	echo "0 passed, 1 failed"
	exit 1
}

# statements N: as many transactions on a table of 1,000 rows, ten of which go and come all the time.
statements() {
	awk -v n="$1" 'BEGIN {
		print "CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, turns INTEGER, data BLOB);"
		print "INSERT OR IGNORE INTO t SELECT value, 0, randomblob(500) FROM generate_series(1, 1000);"
		print "CREATE TABLE IF NOT EXISTS done(n INTEGER);"
		srand(1)
		for (i = 1; i <= n; i++) {
			id = int(rand() * 1000) + 1
			if (i % 10 == 0)
				printf "REPLACE INTO t VALUES(%d, %d, randomblob(%d));\n", id, i, rand() * 4000
			else
				printf "UPDATE t SET turns = %d, data = randomblob(500) WHERE id = %d;\n", i, id
		}
		printf "INSERT INTO done VALUES(%d);\n", n
	}'
}

# run_it VOLUME N: prints the largest resident size in KiB.
run_it() {
	statements "$2" >"$work/sql"
	"$b/test/enclave_bench" --rss "$b/retwine" run -q --volume "$1$mount" "$shell" -batch -bail /data/db \
		<"$work/sql" 2>"$work/err" || die "$2 transactions"
}

ask() {
	"$b/retwine" run -q --volume "$1$mount" "$shell" -batch /data/db "$2" 2>"$work/err"
}

short=$(run_it "$work/short.rtw" $((count / 10)))
long=$(run_it "$work/long.rtw" "$count")
[ "$(ask "$work/long.rtw" 'SELECT n FROM done')" = "$count" ] || die "the last transaction is not there"
[ "$(ask "$work/long.rtw" 'PRAGMA integrity_check')" = ok ] || die "integrity_check"
size=$(stat -c %s "$work/long.rtw")
live=$(ask "$work/long.rtw" 'SELECT page_count * page_size FROM pragma_page_count, pragma_page_size')
echo "$count transactions: resident $long KiB (a tenth of them: $short KiB), file $((size >> 10)) KiB, database $((live >> 10)) KiB"
[ "$long" -le $((short + 4096)) ] || die "memory has grown"
[ "$size" -le $((live * 3 + (4 << 20))) ] || die "the file has grown"
echo "1 passed, 0 failed"
