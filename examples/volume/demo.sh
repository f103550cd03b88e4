#!/bin/bash
# The volume's demonstration: SQLite keeps a table in a trusted volume; then the host, who has the file, reads it, changes
# it, gives it to another program and puts an older one back, and is refused each time in one clear line. Ends with
# status 1 when anything is not as it must be. Usage: examples/volume/demo.sh [BUILD]
set -u
cd "$(dirname "$0")/../.." || exit 2

build=$(realpath "${1:-build}")
retwine=$build/retwine
sqlite=$build/examples/sqlite3.wasm
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
failed=0

step() {
	printf '\n== %s\n' "$1"
}

# shown COMMAND...: prints the command as one would type it, runs it, leaves $status.
shown() {
	local word line=''
	for word in "$@"; do
		case "$word" in
		*[!A-Za-z0-9_./:=,-]*) line+=" '$word'" ;;
		*) line+=" $word" ;;
		esac
	done
	line=${line//$build\//}
	echo "\$${line//$PWD/}"
	"$@" </dev/null >out 2>err
	status=$?
	cat out
	grep -v SIMULATION err
}

must() {
	local what=$1
	shift
	if "$@"; then
		echo "ok: $what"
	else
		echo "WRONG: $what" >&2
		failed=1
	fi
}

# query OPTIONS STATEMENT: the program, on the volume; the state that it leaves is written to `state`.
query() {
	shown "$retwine" run --volume-state state --volume "data.rtw::/data,owner=owner.pub,$1" \
		"$sqlite" -batch "file:/data/shop.db?vfs=unix-none" "$2"
}
# The state, as pin= takes it.
pin() {
	grep -Eo '[0-9]+:[0-9a-f]{64}' state
}

refused() {
	must "refused in one clear line" test "$status" -eq 125 -a ! -s out -a \
		"$(grep '^retwine: ' err | grep -vc SIMULATION)" -eq 1
	must "for the right reason" grep -Eq "$1" err
}

# host WORDS SCRIPT: what the host does to the file, in Python; f is the file, size its size.
host() {
	echo "host\$ $1"
	python3 -c "
import os
size = os.path.getsize('data.rtw')
f = open('data.rtw', 'r+b')
def block(n):
    f.seek(4096 * n)
    return f.read(4096)
def put(n, b):
    f.seek(4096 * n)
    f.write(b)
$2"
}

step "the owner makes a key; its private half stays at home"
shown openssl ecparam -name prime256v1 -genkey -noout -out owner.pem
shown openssl ec -in owner.pem -pubout -out owner.pub
rm -f err

step "SQLite in the enclave, its database in a volume that is made for it: sealed to the program, and for the owner"
secret="patient 31415926 takes 27 mg"
query create,pin=0 "create table t(x); insert into t values('$secret')"
must "it ran" test "$status" -eq 0
last=$(pin)
query "pin=$last" "select * from t"
must "a second run reads it" grep -qx "$secret" out
last=$(pin)
cp data.rtw before.rtw

step "the host reads the file"
shown "$retwine" inspect data.rtw
must "neither the row nor a name is in it" test "$(grep -c -a -e "$secret" -e shop.db data.rtw)" = 0

step "the host changes one bit in every block"
host "flips a bit" "
for n in range(16, size // 4096):
    b = bytearray(block(n)); b[100] ^= 1; put(n, bytes(b))"
query "pin=$last" "select * from t"
refused 'not what was written'

step "the host exchanges blocks"
cp before.rtw data.rtw
host "puts each block in the place of the next one" "
blocks = [block(n) for n in range(16, size // 4096)]
for n, b in enumerate(blocks[1:] + blocks[:1]):
    put(16 + n, b)"
query "pin=$last" "select * from t"
refused 'not what was written'

step "the host damages the last commit"
cp before.rtw data.rtw
host "overwrites both superblocks" "
put(8, os.urandom(4096)); put(9, os.urandom(4096))"
query "pin=$last" "select * from t"
refused 'no commit of the volume is intact'

step "the host gives the volume to another program, and to the same one with other limits"
cp before.rtw data.rtw
shown "$retwine" run --volume "data.rtw::/data,owner=owner.pub,pin=$last" "$build/examples/scoring.wasm" score /data/shop.db
refused 'no key slot'
shown "$retwine" run -W max-memory-size=64M --volume "data.rtw::/data,owner=owner.pub,pin=$last" \
	"$sqlite" -batch /data/shop.db "select * from t"
refused 'no key slot'

step "the owner opens it at home; somebody else's key does not"
shown "$retwine" volume ls -l --owner-key owner.pem data.rtw
must "it opens" grep -q shop.db out
shown "$retwine" volume check --owner-key owner.pem data.rtw
must "it is sound" grep -q 'verdict: *sound' out
openssl ecparam -name prime256v1 -genkey -noout -out other.pem
shown "$retwine" volume ls --owner-key other.pem data.rtw
refused 'none of its key slots'

step "the host puts an older file back: the owner says which commit is the last"
query "pin=$last" "update t set x = 'discharged'; select * from t"
must "with the right pin it runs" grep -qx discharged out
last=$(pin)
host "cp before.rtw data.rtw" "f.write(open('before.rtw', 'rb').read()); f.truncate()"
query "pin=$last" "select * from t"
refused 'rolled back|expected commit'
shown "$retwine" volume ls --owner-key owner.pem --pin "$last" data.rtw
refused 'rolled back or exchanged: expected commit'

echo
if [ "$failed" -ne 0 ]; then
	echo "demo: FAILED, see WRONG above"
	exit 1
fi
echo "demo: everything is as it must be"
