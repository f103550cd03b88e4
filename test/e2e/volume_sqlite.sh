#!/bin/bash
# SQLite on a volume: what a rollback journal and synchronous=FULL promise, and what the volume's own commit does
# (examples/sqlite_volume), after a crash, on a full disk, and with garbage in the open file.
. "$(dirname "$0")/lib.sh"

COMPILE=(--interruptible)
SHELL_WASM=$EXAMPLES/sqlite3.wasm
VOLUME_WASM=$EXAMPLES/sqlite3-volume.wasm
VOLUME=$WORK/data.rtw
# A key of the test's own, so that two programs open the same volume, with whatever options.
head -c 32 /dev/urandom >"$WORK/key"
MOUNT="$VOLUME::/data,create,insecure-key-file=$WORK/key"

# sql MODULE OPTIONS DATABASE STATEMENTS: options of the volume begin with a comma.
sql() {
	printf '%s\n' "$4" >"$WORK/in"
	run -q --stats=json --volume "$MOUNT$2" "$1" -batch -bail "$3"
	rm "$WORK/in"
}

# count NAME: of the volume, from the statistics of the last run.
count() {
	tail -n 1 "$WORK/err" | python3 -c 'import json, sys; print(json.load(sys.stdin)["volumes"][0][sys.argv[1]])' "$1"
}

NONE='file:/data/none.db?vfs=unix-none'

# ---- an fsync is a commit --------------------------------------------------------------------------------
rows=20
inserts=$(for ((i = 0; i < rows; i++)); do echo "INSERT INTO t VALUES($i);"; done)
sql "$SHELL_WASM" "" "$NONE" "CREATE TABLE t(a);"
check_status "a table" 0
for way in "truncate full 60 100" "truncate off 0 3" "persist full 60 100" "delete extra 60 100"; do
	read -r journal synchronous least most <<<"$way"
	sql "$SHELL_WASM" "" "$NONE" "PRAGMA journal_mode=$journal; PRAGMA synchronous=$synchronous; $inserts"
	check_status "$way" 0
	commits=$(count commits)
	check "$way" "$commits commits for $rows transactions, must be $least to $most" \
		test "$commits" -ge "$least" -a "$commits" -le "$most"
done
sql "$VOLUME_WASM" "" /data/vfs.db "CREATE TABLE t(a);"
sql "$VOLUME_WASM" "" /data/vfs.db "$inserts"
check_status "the VFS" 0
commits=$(count commits)
check "the VFS" "$commits commits for $rows transactions" test "$commits" -ge "$rows" -a "$commits" -le $((rows + 2))
sql "$VOLUME_WASM" "" /data/vfs.db "SELECT count(*) FROM t; PRAGMA integrity_check;"
check_text "the VFS" "$rows
ok"

# ---- rollback, savepoints, a transaction larger than the cache, several databases ------------------------------
sql "$VOLUME_WASM" "" /data/vfs.db "BEGIN; DELETE FROM t; ROLLBACK; SELECT count(*) FROM t;
BEGIN; SAVEPOINT a; DELETE FROM t; ROLLBACK TO a; INSERT INTO t VALUES(-1); COMMIT; SELECT count(*) FROM t;
PRAGMA cache_size=20; BEGIN; INSERT INTO t SELECT randomblob(1000) FROM generate_series(1,1000); ROLLBACK; SELECT count(*) FROM t;
BEGIN; INSERT INTO t SELECT randomblob(1000) FROM generate_series(1,1000); COMMIT; SELECT count(*) FROM t;
ATTACH '/data/other.db' AS other; CREATE TABLE other.u(a); BEGIN; INSERT INTO u VALUES(1); INSERT INTO t VALUES(1); COMMIT;
SELECT count(*) FROM u; PRAGMA integrity_check; PRAGMA other.integrity_check;"
check_text "rollbacks" "20
21
21
1021
1
ok
ok"

# A directory of the host is refused, and nothing is made there.
mkdir "$WORK/plain"
echo "CREATE TABLE t(a);" >"$WORK/in"
run -q --dir "$WORK/plain::/data" "$VOLUME_WASM" -batch -bail /data/x.db
rm "$WORK/in"
check "a directory" "the database was opened" test "$status" -ne 0
check "a directory" "a file was made" test -z "$(ls "$WORK/plain")"

# ---- killed: what was said to be committed is there ----------------------------------------------------------
# talk OPTIONS MODULE DATABASE: starts the shell with a pipe; ask STATEMENTS: waits until they are done. $answer: the last line.
talk() {
	local module=$2
	[ "$ENGINE" = native ] && compiled "$2"
	mkfifo "$WORK/pipe"
	"$RETWINE" "${RUN[@]}" -q --volume "$MOUNT$1" "$module" -batch "$3" <"$WORK/pipe" >"$WORK/said" 2>"$WORK/err" &
	talker=$!
	exec 9>"$WORK/pipe"
	rm "$WORK/pipe"
}

ask() {
	asked=$((${asked:-0} + 1))
	printf "%s\nSELECT 'done %d';\n" "$1" "$asked" >&9
	for ((i = 0; i < LIMIT * 20; i++)); do
		grep -q "done $asked" "$WORK/said" && break
		kill -0 "$talker" 2>/dev/null || break
		sleep 0.05
	done
	answer=$(tail -n 2 "$WORK/said" | head -n 1)
}

hang_up() {
	[ "${1:-}" = kill ] && kill -KILL "$talker"
	exec 9>&-
	wait "$talker" 2>/dev/null
	status=$?
}

for way in "vfs $VOLUME_WASM /data/vfs.db PRAGMA cache_size=-2000;" \
	"none $SHELL_WASM $NONE PRAGMA journal_mode=truncate;PRAGMA synchronous=full;"; do
	read -r name module database pragma <<<"$way"
	talk "" "$module" "$database"
	ask "$pragma CREATE TABLE k(a); INSERT INTO k VALUES(1); INSERT INTO k VALUES(2); BEGIN; INSERT INTO k VALUES(3); DELETE FROM t;"
	hang_up kill
	sql "$module" "" "$database" "SELECT a FROM k; SELECT count(*) > 0 FROM t; PRAGMA integrity_check;"
	check_text "killed, $name" "1
2
1
ok"
done

# Ended by the host, at no moment of its own choice: all transactions or parts of none.
transfers=$(awk 'BEGIN { srand(7); for (i = 0; i < 100000; i++) { a = int(rand() * 500); b = int(rand() * 500)
	printf "UPDATE m SET v = v + (id = %d) - (id = %d), d = randomblob(400) WHERE id IN (%d, %d);\n", a, b, a, b } }')
for way in "vfs $VOLUME_WASM /data/vfs.db PRAGMA cache_size=-2000;" \
	"none $SHELL_WASM $NONE PRAGMA journal_mode=truncate;PRAGMA synchronous=full;"; do
	read -r name module database pragma <<<"$way"
	sql "$module" "" "$database" "CREATE TABLE m(id INTEGER PRIMARY KEY, v, d);
INSERT INTO m SELECT value, 1000, randomblob(400) FROM generate_series(0,499);"
	for ms in 1000 1300 1700; do
		printf '%s\n' "$pragma" "$transfers" >"$WORK/in"
		run -q --timeout "${ms}ms" --volume "$MOUNT" "$module" -batch -bail "$database"
		check_status "ended, $name" 134
		sql "$module" "" "$database" "SELECT sum(v), sum(length(d)) FROM m; SELECT count(*) < 500 FROM m WHERE v = 1000; PRAGMA integrity_check;"
		check_text "ended, $name" "500000|200000
1
ok"
	done
done

# ---- a full disk: SQLITE_FULL, nothing lost, and all is well once there is room ------------------------------------
# with_file_limit KIB ...: sql in a process whose files cannot grow beyond that.
full() {
	trap '' XFSZ
	(
		ulimit -f "$1"
		shift
		sql "$@"
		exit "$status"
	)
	status=$?
	trap - XFSZ
}

used=$(($(stat -c %s "$VOLUME") / 1024))
for way in "$VOLUME_WASM /data/vfs.db" "$SHELL_WASM $NONE"; do
	read -r module database <<<"$way"
	before=$(sql "$module" "" "$database" "SELECT count(*) FROM k;" && cat "$WORK/out")
	full $((used + 2048)) "$module" "" "$database" "PRAGMA journal_mode=truncate; INSERT INTO k VALUES(4);
INSERT INTO k SELECT randomblob(1000) FROM generate_series(1,20000);"
	check "full disk, $database" "status $status" test "$status" -ne 0
	check "full disk, $database" "not SQLITE_FULL" grep -qi "database or disk is full" "$WORK/err"
	sql "$module" "" "$database" "SELECT count(*) - $before FROM k; INSERT INTO k SELECT randomblob(1000) FROM generate_series(1,5000);
SELECT count(*) - $before FROM k; PRAGMA integrity_check; DELETE FROM k WHERE typeof(a) = 'blob'; VACUUM;"
	check_text "room again, $database" "1
5001
ok"
done

# In one program: full, then room by deleting, and on.
full $((used + 16384)) "$VOLUME_WASM" "" /data/vfs.db ".bail off
CREATE TABLE big(a);
INSERT INTO big SELECT randomblob(1000) FROM generate_series(1,100000);
SELECT count(*) FROM big;
INSERT INTO big SELECT randomblob(1000) FROM generate_series(1,2000);
SELECT count(*) FROM big; DELETE FROM big; PRAGMA integrity_check; DROP TABLE big;"
check_text "full, and on" "0
2000
ok"

# Full in the middle of the pages of one COMMIT, which the VFS has to take back: the transaction fits into the page cache.
full $((used + 16384)) "$VOLUME_WASM" "" /data/vfs.db ".bail off
PRAGMA cache_size=-100000;
CREATE TABLE mid(a);
INSERT INTO mid SELECT zeroblob(1000) FROM generate_series(1,3000);
BEGIN;
UPDATE mid SET a = randomblob(1000);
INSERT INTO mid SELECT randomblob(1000) FROM generate_series(1,40000);
COMMIT;
ROLLBACK;
SELECT count(*), sum(a = zeroblob(1000)) FROM mid;
INSERT INTO mid SELECT zeroblob(1000) FROM generate_series(1,100);
SELECT count(*), sum(a = zeroblob(1000)) FROM mid;
PRAGMA integrity_check; DROP TABLE mid;"
check_text "full in COMMIT, and on" "3000|3000
3100|3100
ok"
# The same where nothing is appended: pages are only changed, and there is no room for their new places.
full $((used + 16384)) "$VOLUME_WASM" ,cache=4M /data/vfs.db ".bail off
PRAGMA cache_size=-100000;
CREATE TABLE mid(a);
CREATE TABLE fill(a);
INSERT INTO mid SELECT zeroblob(1000) FROM generate_series(1,5000);
$(for ((i = 0; i < 20; i++)); do echo "INSERT INTO fill SELECT zeroblob(1000) FROM generate_series(1,500);"; done)
UPDATE mid SET a = randomblob(1000);
SELECT count(*), sum(a = zeroblob(1000)) FROM mid;
DROP TABLE fill;
UPDATE mid SET a = randomblob(1000) WHERE rowid <= 1000;
SELECT count(*), sum(a = zeroblob(1000)) FROM mid;
PRAGMA integrity_check; DROP TABLE mid;"
check_text "full of changes, and on" "5000|5000
5000|4000
ok"
check "full in COMMIT" "not SQLITE_FULL" grep -qi "database or disk is full" "$WORK/err"

# ---- garbage in the open file: an error, no wrong answer; what was committed elsewhere stands -----------------------------
sql "$VOLUME_WASM" "" /data/safe.db "CREATE TABLE s(a); INSERT INTO s VALUES('safe');"
end=$(($(stat -c %s "$VOLUME") / 4096))
sql "$VOLUME_WASM" "" /data/large.db \
	"CREATE TABLE l(a INTEGER PRIMARY KEY, b); INSERT INTO l SELECT value, randomblob(3000) FROM generate_series(1,8000);"
last=$(($(stat -c %s "$VOLUME") / 4096))
check "large" "the volume has not grown" test "$last" -gt $((end + 4000))
talk ,cache=1M "$VOLUME_WASM" /data/large.db
ask "PRAGMA cache_size=-100; SELECT count(*) FROM l WHERE a < 10;"
cp "$VOLUME" "$WORK/intact"
dd if=/dev/urandom of="$VOLUME" bs=4096 seek=$((end + 1000)) count=2000 conv=notrunc status=none
ask "SELECT sum(length(b)) FROM l;"
check "garbage" "no error: $(cat "$WORK/said")" grep -Eqi "disk I/O error|malformed" "$WORK/err"
check "garbage" "a wrong sum" test -z "$(grep -E '^[0-9]{5,}' "$WORK/said")"
ask "ATTACH '/data/safe.db' AS safe; SELECT a FROM safe.s;"
check "garbage" "what lies elsewhere is not readable: $answer" test "$answer" = safe
hang_up
cp "$WORK/intact" "$VOLUME"
sql "$VOLUME_WASM" "" /data/large.db "SELECT sum(length(b)) FROM l; PRAGMA integrity_check;"
check_text "the file as it was" "24000000
ok"
finish
