#!/bin/bash
# The owner's tools on volumes, end to end: what is copied in comes out, what was changed from outside is refused in
# words, key slots come and go and no block of data with them.
. "$(dirname "$0")/lib.sh"
cd "$WORK" || exit 2

new_key() {
	openssl ecparam -name prime256v1 -genkey -noout -out "$1.pem" 2>"$WORK/err" &&
		openssl ec -in "$1.pem" -pubout -out "$1.pub" 2>"$WORK/err" || fail "openssl" "makes no key"
}
new_key owner
new_key other
openssl ecparam -name secp384r1 -genkey -noout -out p384.pem
head -c 32 /dev/urandom >shared.key
head -c 31 /dev/urandom >short.key
head -c 64 /dev/urandom >disk.key

volume() {
	retwine volume "$@"
}
# with_key COMMAND ARGUMENT...: as the owner.
with_key() {
	local tool=$1
	shift
	volume "$tool" --owner-key owner.pem "$@"
}
# The state of v.rtw as check says it, as --pin takes it.
state() {
	with_key check v.rtw
	sed -n 's/^state: *//p' "$WORK/out"
}

# ---- create ----

volume create --owner owner.pub --provisioned team=shared.key --volume-state v.state v.rtw
check_status "create" 0
check "create" "wrote no state" test "$(cat v.state)" = "$(state)"
check "create" "others may read the file" test "$(stat -c %a v.rtw)" = 600
first=$(state)
volume create --owner owner.pub v.rtw
check_refused "create over a file" 1 "exists"
volume create v2.rtw
check_refused "create for nobody" 2 "--owner"
volume create --owner owner.pem v2.rtw
check_refused "create with a private key" 1 "private key"
volume create --owner p384.pem v2.rtw
check_refused "create with another curve" 1 "P-256|private"
volume create --provisioned team=short.key v2.rtw
check_refused "create with a short key" 1 "32|bytes"
volume create --provisioned insecure-key-file=shared.key v2.rtw
check_refused "create with a reserved name" 2 "insecure-key-file"
volume create --owner owner.pub nowhere/v.rtw
check_refused "create in no directory" 1 "directory"
volume create --owner owner.pub --size-max 4K v2.rtw
check_refused "create in no room" 1 "space|room"
check "create that failed" "left a file" test ! -e v2.rtw

# ---- in and out ----

mkdir -p tree/a/b tree/empty
seq 1 20000 >tree/a/numbers
head -c 3000001 /dev/urandom >tree/a/b/noise
printf x >tree/"a name with a space"
printf y >"tree/$(printf 'odd\001\377name')"
: >tree/nothing
ln -s a/numbers tree/link
ln -s /nowhere tree/dangling
truncate -s 300M tree/sparse
printf end >>tree/sparse
touch -d '2001-02-03 04:05:06.789 UTC' tree/a/numbers

with_key cp -r tree v.rtw::/
check_status "cp in" 0
second=$(state)
check "cp in" "the state did not change" test -n "$second" -a "$second" != "$first"
check "a sparse file" "takes room in the volume" test "$(stat -c %s v.rtw)" -lt 20000000
with_key cp -r v.rtw::/tree copy
check_status "cp out" 0
check "cp out" "contents differ" diff -r --no-dereference tree copy
check "cp out" "the time of change is lost" test \
	"$(stat -c %.Y copy/a/numbers)" = "$(stat -c %.Y tree/a/numbers)"
check "a sparse file" "takes room outside" test "$(stat -c %b copy/sparse)" -lt 100
check "cp out" "others may read it" test "$(stat -c %a copy/a/numbers)" = 600
with_key cp v.rtw::/tree/link -
check_same "a symlink on the path" tree/a/numbers
cp tree/a/numbers in
with_key cp - v.rtw::/from-stdin
check_status "cp of standard input" 0
rm in
with_key cp v.rtw::/from-stdin -
check_same "cp of standard input" tree/a/numbers

with_key cp -r tree/empty v.rtw::/merged
check_status "cp of a directory under another name" 0
with_key cp -r tree/. v.rtw::/merged
check_status "cp of a directory's contents" 0
rm -rf out2
with_key cp -r v.rtw::/merged out2
check "cp of a directory's contents" "contents differ" diff -r --no-dereference tree out2
with_key cp tree/nothing tree/a/numbers v.rtw::/merged/
check_status "cp of several" 0
with_key cp tree/nothing tree/a/numbers v.rtw::/merged
check_refused "cp of several to a name" 2 "end its name"
with_key cp -r v.rtw::/tree/a v.rtw::/merged/a/b/noise out2
check_status "cp of several out" 0
check_same "cp of several out" tree/a/b/noise out2/noise
with_key cp tree v.rtw::/
check_refused "cp of a directory without -r" 1 "-r"
with_key cp v.rtw::/tree out3
check_refused "cp out of a directory without -r" 1 "-r"
with_key cp v.rtw::/none out3
check_refused "cp of nothing" 1 "no.*name|nothing"
with_key cp none v.rtw::/
check_refused "cp of no file" 1 "none: No such file"
with_key cp v.rtw::/tree/nothing out3/
check_refused "cp into no directory" 1 "no such directory"
with_key cp tree/nothing other
check_refused "cp without a volume" 2 "FILE::PATH"
with_key cp v.rtw::/a v.rtw::/b
check_refused "cp inside" 2 "host"
with_key cp -r . v.rtw::/all
check_status "cp of the volume into itself" 1
with_key cp v.rtw v.rtw::/self
check_refused "cp of the volume into itself" 1 "the volume itself"
mkfifo fifo
with_key cp fifo v.rtw::/
check_refused "cp of a pipe" 1 "no regular file"

# A failure in the middle is no change at all.
before=$(sha256sum <v.rtw)
mkdir half
printf 1 >half/one
mkfifo half/two
with_key ls v.rtw
cp "$WORK/out" before.ls
with_key cp -r half v.rtw::/
check_refused "cp that fails half-way" 1 "neither file"
with_key ls v.rtw
check_same "cp that fails half-way" before.ls

# So is a disk that is full; with room again all is well.
volume create --owner owner.pub full.rtw
head -c 5000000 /dev/urandom >five
(
	ulimit -f 3000
	with_key cp five full.rtw::/
	check_refused "cp to a full disk" 1 "no space is left"
	[ "$failed" -eq 0 ]
)
check "cp to a full disk" "see above" test $? -eq 0
with_key cp --size-max 3M five full.rtw::/
check_refused "cp beyond --size-max" 1 "no space is left"
with_key check full.rtw
check "a full disk" "left damage" grep -q 'verdict: *sound' "$WORK/out"
with_key cp five full.rtw::/
check_status "cp when there is room again" 0
with_key cp full.rtw::/five -
check_same "cp when there is room again" five

# What comes out does not follow symlinks of the host, nor of the volume.
mkdir -p trap outside
ln -s ../outside trap/tree
with_key cp -r v.rtw::/tree trap/
check_status "cp over a symlink" 1
check "cp over a symlink" "wrote through it" test -z "$(ls outside)"
mkdir trap2 && ln -s ../outside/stolen trap2/link
with_key cp v.rtw::/tree/link trap2
check_status "cp over a symlink to a file" 0
check "cp over a symlink to a file" "wrote through it" test ! -e outside/stolen -a ! -L trap2/link

# ---- ls ----

with_key ls -R v.rtw::/tree
check_status "ls" 0
check "ls" "is not what was copied" test "$(wc -l <"$WORK/out")" = "$(find tree -mindepth 1 | wc -l)"
check "ls" "wrote raw bytes of a name" test -z "$(tr -d '\n\40-\176' <"$WORK/out")"
with_key ls -l v.rtw::/tree
check "ls -l" "no time of change" grep -q '20000\|108894 2001-02-03 04:05:06\|link -> a/numbers' "$WORK/out"
check "ls -l" "no symlink's target" grep -q 'link -> a/numbers' "$WORK/out"
with_key ls -l --format=json v.rtw::/tree
check "ls in JSON" "is none" python3 -c '
import json, sys
e = {x["path"]: x for x in json.load(open(sys.argv[1]))["entries"]}
assert e["sparse"]["size"] == 300 * 2**20 + 3 and e["a"]["type"] == "directory" and e["link"]["target"] == "a/numbers"
' "$WORK/out"
with_key ls v.rtw::/tree/none
check_refused "ls of nothing" 1 "there is nothing of that name"

# ---- check ----

with_key check v.rtw
check_status "check" 0
check "check" "is not sound" grep -q 'verdict: *sound' "$WORK/out"
with_key check --format=json --time v.rtw
check "check in JSON" "is none" python3 -c '
import json, sys
c = json.load(open(sys.argv[1]))
assert c["verdict"] == "sound" and c["problems"] == 0 and c["files"] > 10 and c["blocks"] > 700
' "$WORK/out"

# ---- keys ----

volume ls v.rtw
check_refused "no key" 2 "--owner-key"
volume ls --owner-key other.pem v.rtw
check_refused "another owner's key" 125 "key slots"
volume ls --owner-key owner.pub v.rtw
check_refused "the public half" 1 "no private key"
volume ls --key-file disk.key v.rtw
check_refused "another provisioned key" 125 "key slots"
volume ls --key-file shared.key v.rtw
check_status "the provisioned key" 0
volume ls --key-file shared.key --owner-key owner.pem v.rtw
check_refused "two keys" 2 "one key"

retwine inspect v.rtw
check_status "inspect" 0
check "inspect" "claims to be sure" grep -q 'authentic: *no' "$WORK/out"
check "inspect" "no owner" grep -q 'kind=owner' "$WORK/out"
check "inspect" "no provisioned key" grep -q 'key=team' "$WORK/out"
check "inspect" "another owner" grep -q "$(openssl ec -pubin -in owner.pub -outform DER 2>/dev/null |
	tail -c 65 | od -An -v -tx1 | tr -d ' \n')" "$WORK/out"

# Slots come and go; not a byte behind the header changes, and the state stays what it was.
with_key ls v.rtw
cp v.rtw before.rtw
with_key rekey --add-owner other.pub --drop 1 v.rtw
check_status "rekey" 0
check "rekey" "the list is not authentic" grep -q 'authentic: *yes' "$WORK/out"
check "rekey" "wrote behind the header" cmp -s -i 32768 before.rtw v.rtw
check "rekey" "did not write the header" test "$(cmp -s -n 32768 before.rtw v.rtw; echo $?)" = 1
volume ls --key-file shared.key v.rtw
check_refused "a dropped slot" 125 "key slots"
volume ls --owner-key other.pem v.rtw
check_status "an added slot" 0
# Neither copy of the header has the old slot.
python3 - shared.key <<-'END' >"$WORK/out" 2>"$WORK/err" || fail "rekey" "the dropped slot is still there"
	data = open("v.rtw", "rb").read(32768)
	assert b"team" not in data
END
ok
with_key rekey --drop 0 --drop 1 v.rtw
check_refused "dropping all slots" 2 "last key slot"
with_key rekey --add-provisioned team=shared.key v.rtw
with_key rekey --drop 0 --drop 1 v.rtw
check_refused "dropping all owners" 2 "--force"
with_key rekey --drop 7 v.rtw
check_refused "dropping what is not there" 2 "no slot 7"
with_key rekey --drop 0 --drop 0 v.rtw
check_refused "dropping twice" 2 "twice"
with_key rekey --force --drop 0 --drop 1 v.rtw
check_status "dropping all owners, insisting" 0
with_key ls v.rtw
check_refused "the owner, dropped" 125 "key slots"
volume rekey --key-file shared.key --add-owner owner.pub v.rtw
check_status "the owner again" 0
for i in $(seq 3 17); do
	with_key rekey --add-provisioned "k$i=disk.key" v.rtw
done
check_refused "a seventeenth slot" 1 "16 key slots"

volume create --add-insecure-key-file disk.key insecure.rtw
check "an insecure key" "without a banner" grep -q '^retwine: INSECURE' "$WORK/err"
volume ls --insecure-key-file disk.key insecure.rtw
check_status "an insecure key" 0
check "an insecure key" "without a banner" grep -q '^retwine: INSECURE' "$WORK/err"
volume ls --key-file disk.key insecure.rtw
check_refused "an insecure key by another name" 125 "key slots"
retwine inspect insecure.rtw
check "an insecure key" "is not shown as such" grep -q INSECURE "$WORK/out"

# ---- the state ----

printf new >new
with_key cp --pin "$first" new v.rtw::/
check_refused "a pin that is old" 125 "rolled back or exchanged: expected commit 1 .*found commit"
now=$(state)
cp v.rtw old.rtw
with_key cp --pin "$now" new v.rtw::/
check_status "the right pin" 0
told=$(sed -n 's/.* the state is \(.*\) now$/\1/p' "$WORK/err")
check "the right pin" "the new state is not told" test "$told" = "$(state)"
with_key ls --pin "$now" v.rtw
check_status "the commit after the pin" 0
with_key ls --pin "$told" v.rtw
check_status "the new pin" 0
with_key cp --pin "$told" --volume-state v.state new v.rtw::/
check "the state" "is told and written" test ! -s "$WORK/err"
with_key ls --pin "$(cat v.state)" v.rtw
check_status "the pin of the file" 0
with_key ls --pin "$(cat v.state)" old.rtw
check_refused "a volume rolled back" 125 "rolled back or exchanged: expected commit $((${now%%:*} + 2)) "
with_key ls --pin 12 v.rtw
check_refused "a pin that is none" 2 "no state"
with_key ls --pin "$(cat v.state)" --anchor v.anchor v.rtw
check_refused "two anchors" 2 "give one"

volume create --owner owner.pub --anchor a.anchor a.rtw
check_status "create with an anchor" 0
with_key cp --anchor a.anchor new a.rtw::/
check_status "an anchor" 0
cp a.rtw a.old
with_key cp --anchor a.anchor new a.rtw::/second
with_key cp --anchor a.anchor new a.rtw::/third
with_key ls --anchor a.anchor a.rtw
check_status "an anchor" 0
cp a.rtw a.new
cp a.old a.rtw
with_key ls --anchor a.anchor a.rtw
check_refused "an anchor's volume rolled back" 125 "rolled back or exchanged"
with_key ls a.rtw
check_status "the same without the anchor" 0
cp a.new a.rtw
with_key ls --anchor none.anchor a.rtw
check_refused "an anchor that is not there" 1 "none.anchor"
printf garbage >bad.anchor
with_key ls --anchor bad.anchor a.rtw
check_refused "an anchor that is garbage" 125 "anchor"
with_key ls --anchor a.anchor v.rtw
check_refused "another volume's anchor" 125 "anchor"

# ---- a second writer ----

(
	flock -s 9
	volume rekey --key-file shared.key --drop 3 v.rtw
	check_refused "a writer beside a reader" 1 "second writer"
	with_key ls v.rtw
	check_status "a reader beside a reader" 0
	[ "$failed" -eq 0 ]
) 9<v.rtw
check "a second reader" "see above" test $? -eq 0
(
	flock -x 9
	with_key ls v.rtw
	check_refused "a reader beside a writer" 1 "open for writing"
	retwine inspect v.rtw
	check_status "inspect beside a writer" 0
	[ "$failed" -eq 0 ]
) 9<v.rtw
check "a second writer" "see above" test $? -eq 0

# ---- damage ----

# damaged NAME COMMAND...: the command changes d.rtw, of which check then says that something is wrong, or that it does not open.
damaged() {
	local name=$1
	shift
	cp v.rtw d.rtw
	"$@"
	with_key check d.rtw
	case $status in
	1) check "$name" "check says nothing" grep -q 'verdict: *damaged' "$WORK/out" ;;
	125) check_refused "$name" 125 "the volume d.rtw" ;;
	*) fail "$name" "check ends with $status" ;;
	esac
}
poke() { # OFFSET: one byte
	python3 -c '
import sys
f = open("d.rtw", "r+b")
f.seek(int(sys.argv[1]))
b = f.read(1)
f.seek(-1, 1)
f.write(bytes([b[0] ^ 1]))' "$1"
}
zero() { # BLOCK COUNT
	dd if=/dev/zero of=d.rtw bs=4096 seek="$1" count="$2" conv=notrunc status=none
}
damaged "both superblocks" zero 8 2
damaged "a lot of blocks" zero 20 600
damaged "the whole rest" zero 16 10000
damaged "the end is missing" truncate -s 100000 d.rtw
with_key cp d.rtw::/tree/a/numbers -
check "a file that is cut" "gave something" test ! -s "$WORK/out"
check "a file that is cut" "says nothing" test "$status" -eq 125 -o "$status" -eq 1
cp v.rtw d.rtw
zero 0 4
with_key ls d.rtw
check_status "one copy of the header" 0
zero 0 8
with_key ls d.rtw
check_refused "no header" 1 "not a volume"
cp v.rtw d.rtw
poke 100
poke 16484
with_key ls d.rtw
check_status "both headers damaged" 125
: >d.rtw
with_key ls d.rtw
check_refused "an empty file" 1 "not a volume"
head -c 1000000 /dev/urandom >d.rtw
with_key ls d.rtw
check_refused "random bytes" 1 "not a volume"
with_key ls .
check_refused "a directory" 1 "a directory"
with_key ls none.rtw
check_refused "no file" 1 "No such file"

# A block of contents that is damaged: that file is refused, others come out; nothing wrong is delivered.
volume create --owner owner.pub one.rtw
head -c 2000000 /dev/urandom >big
with_key cp big new one.rtw::/
cp one.rtw d.rtw
found=0
for block in $(seq 16 $(($(stat -c %s one.rtw) / 4096 - 1))); do
	[ $((block % 8)) -eq 0 ] || continue
	cp one.rtw d.rtw
	poke $((block * 4096 + 17))
	with_key cp d.rtw::/big -
	if [ "$status" -eq 0 ]; then
		check_same "block $block" big
	else
		found=$((found + 1)) last=$block
		check "block $block" "status is $status" test "$status" -eq 125
		check "block $block" "wrong bytes came out" cmp -s -n "$(stat -c %s "$WORK/out")" "$WORK/out" big
	fi
done
check "damaged blocks" "only $found were noticed" test "$found" -gt 50
cp one.rtw d.rtw
poke $((last * 4096))
with_key cp d.rtw::/big half-out
check "a damaged file" "has its name" test ! -e half-out
check "a damaged file" "left a temporary file" test -z "$(find . -maxdepth 1 -name '.retwine-*')"

# ---- the document ----

# A reader that knows doc/volume.md alone finds the same: several mounts, names in more buckets than one, a tree with a node.
volume create --owner owner.pub --provisioned team=shared.key small.rtw
mkdir -p small/names
for i in $(seq 100); do
	: >"small/names/a name that is long enough for a bucket to be full of them $i"
done
head -c 20000 /dev/urandom >small/noise
ln -s noise small/short
ln -s "$(printf %0200d 0)" small/long
with_key cp -r small small.rtw::/
with_key cp new small.rtw::/last
check_status "a small volume" 0
if python3 "$ROOT/test/volume/read_volume.py" small.rtw shared.key >"$WORK/read" 2>"$WORK/err"; then
	ok
else
	fail "a reader by the document" "does not read it"
fi
with_key check small.rtw
{
	sed -n 's/^state: */state /p' "$WORK/out"
	python3 -c '
import hashlib, os
def show(real, path):
    for name in sorted(os.listdir(real)):
        at, shown = os.path.join(real, name), path + name.decode()
        if os.path.isdir(at):
            print(shown + "/")
            show(at, shown + "/")
        else:
            data = os.readlink(at) if os.path.islink(at) else open(at, "rb").read()
            print(shown, len(data), hashlib.sha256(data).hexdigest())
data = open("new", "rb").read()
print("/last", len(data), hashlib.sha256(data).hexdigest())
print("/small/")
show(b"small", "/small/")'
} >"$WORK/expected"
check_same "a reader by the document" "$WORK/expected" "$WORK/read"
poke_small() {
	cp small.rtw d.rtw
	poke "$1"
	python3 "$ROOT/test/volume/read_volume.py" d.rtw shared.key >/dev/null 2>&1
	check "the same reader" "reads a changed header" test $? -ne 0
}
poke_small 16380

# ---- the command line ----

volume
check_refused "no subcommand" 2 "create, ls, cp"
volume frob
check_refused "an unknown subcommand" 2 "frob"
volume cp --frob
check_refused "an unknown option" 2 "unknown option"
volume ls --owner-key owner.pem a.rtw b.rtw
check_refused "two volumes" 2 "one volume"
for tool in create ls cp check rekey inspect name; do
	volume "$tool" --help
	check_status "volume $tool --help" 0
	check "volume $tool --help" "does not explain it" grep -q "Usage: retwine volume $tool" "$WORK/out"
done

finish
