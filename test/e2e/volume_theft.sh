#!/bin/bash
# Who can open a volume: the program that it was sealed for, with the same identity, on the same machine; and
# the owner. And nobody else: another program, other mounts or limits, another machine, the tools.
. "$(dirname "$0")/lib.sh"

SECRET=the-secret-of-the-volume
VOL=$WORK/v.vol
PROGRAM=$GUESTS/files.wasm

openssl ecparam -name prime256v1 -genkey -noout -out "$WORK/owner.pem" 2>/dev/null
openssl ec -in "$WORK/owner.pem" -pubout -out "$WORK/public.pem" 2>/dev/null
openssl ecparam -name prime256v1 -genkey -noout -out "$WORK/thief.pem" 2>/dev/null
head -c 32 /dev/urandom >"$WORK/key"

# The options under test stand in V; the program writes below /v and leaves nothing.
V=$VOL::/v,owner=$WORK/public.pem

# open_volume [OPTION...]: a run of the program with the volume.
open_volume() {
	run --volume "$V" "$@" "$PROGRAM" /v
}

opened() {
	[ "$status" = 0 ] && grep -q '^remove: ok$' "$WORK/out"
}

refused_key() {
	[ "$status" = 125 ] && grep -q 'no key slot of the volume opens' "$WORK/err"
}

opens() {
	open_volume "${@:2}"
	check "$1" "it does not open" opened
}

refused_owner() {
	[ "$status" = 125 ] && [ ! -s "$WORK/out" ] && grep -q 'key' "$WORK/err"
}

stolen() {
	local before
	before=$(sha256sum <"$VOL")
	open_volume "${@:2}"
	check "$1" "it was not refused as a key that does not fit" refused_key
	check "$1 leaves the file alone" "the file was changed" test "$before" = "$(sha256sum <"$VOL")"
}

# ---- made once; create is no part of the identity ----
open_volume
check "an empty place" "a volume was found or made" \
	grep -q 'cannot open the volume .*No such file' "$WORK/err"
V=$V,create opens "create"
opens "the program again"
V=$V,create opens "the program again, with create"

V=$VOL::/v:ro,owner=$WORK/public.pem open_volume
check "the program again, to read alone" "it does not open" grep -q 'EROFS\|Read-only' "$WORK/out" "$WORK/err"

# ---- what is not the same program ----
V=$VOL::/w,label=v,owner=$WORK/public.pem stolen "another place"
V=$VOL::/v,label=w,owner=$WORK/public.pem stolen "another label"
V=$VOL::/v stolen "another owner"
V=$V,bind=launch stolen "bound to the launch"
V=$V,by=signer stolen "by the signer"
V=$V,anchor=$WORK/anchor,create stolen "with an anchor"
V=$V,cache=2M stolen "with another cache"
stolen "with another mount" --tmp /tmp
stolen "with a directory of the host" --dir "$WORK::/host"
stolen "with another limit" -W max-memory-size=1G
stolen "with fewer threads" --max-threads 1
stolen "with other diagnostics" --diagnostics none
stolen "with attestation" --attestation
stolen "with its arguments fixed" --args-policy fixed
PROGRAM=$GUESTS/show.wasm stolen "another program"

cp "$PROGRAM" "$WORK/same.wasm"
PROGRAM=$WORK/same.wasm opens "the same program of another name"
opens "with other variables" --env A=1 --salt "$(printf 'ab%.0s' {1..32})"

# ---- another machine ----
mkdir "$WORK/machine"
export XDG_STATE_HOME=$WORK/machine
stolen "another machine"
unset XDG_STATE_HOME
opens "the machine that sealed it"

# ---- another image by the same signer, and the same by another ----
V=$WORK/signer.vol::/v,by=signer,create opens "by the signer"
V=$WORK/signer.vol::/v,by=signer opens "by the signer, again"
V=$WORK/future.vol::/v,by=signer,svn=9,create
open_volume
check "a version that we are not" "it was sealed all the same" \
	grep -q 'this image is older' "$WORK/err"
check "and nothing is left behind" "there is a volume" test ! -s "$WORK/future.vol"
V=$VOL::/v,owner=$WORK/public.pem

# ---- bound to the arguments ----
V=$WORK/bound.vol::/v,bind=launch,create opens "bound to its arguments"
VOL=$WORK/bound.vol
V=$VOL::/v,bind=launch opens "the same arguments, without create"
V=$VOL::/v,bind=launch stolen "other arguments" --env A=1
VOL=$WORK/v.vol

# ---- a key that the host has, and the seal slot that comes by it ----
VOL=$WORK/insecure.vol
V=$VOL::/v,insecure-key-file=$WORK/key,create opens "with an insecure key"
check "an insecure key is told" "no word of it" grep -q 'INSECURE: the key of the volume /v' "$WORK/err"
V=$VOL::/v,insecure-key-file=$WORK/key opens "with other options" --tmp /tmp
V=$VOL::/v stolen "sealed, which it is not"
head -c 32 /dev/urandom >"$WORK/key2"
V=$VOL::/v,insecure-key-file=$WORK/key2 stolen "with another key"
V=$VOL::/v,insecure-key-file=$WORK/key,add-seal opens "add-seal"
V=$VOL::/v,insecure-key-file=$WORK/key2 opens "by the seal slot that was added"
V=$VOL::/v,insecure-key-file=$WORK/key2 stolen "and not for another program" --tmp /tmp
V=$VOL::/v,key=id stolen "a key that nobody delivered"
head -c 31 /dev/urandom >"$WORK/key2"
V=$VOL::/v,insecure-key-file=$WORK/key2 open_volume
check "a key that is short" "it was taken" grep -q 'fewer than 32' "$WORK/err"
V=$VOL::/v,insecure-key-file=$WORK/key open_volume --strict
check "an insecure key with --strict" "it was taken" grep -q 'strict' "$WORK/err"
VOL=$WORK/v.vol

# ---- the header ----
cp "$VOL" "$WORK/whole.vol"
for i in 0 16384; do # one copy is enough
	cp "$WORK/whole.vol" "$VOL"
	printf '\377' | dd of="$VOL" bs=1 seek=$((i + 200)) conv=notrunc 2>/dev/null
	V=$VOL::/v,owner=$WORK/public.pem opens "a header with one damaged copy"
done
for i in 0 16384; do
	printf '\377' | dd of="$VOL" bs=1 seek=$((i + 20)) conv=notrunc 2>/dev/null
done
V=$VOL::/v,owner=$WORK/public.pem open_volume
check "a header with two damaged copies" "it was not refused" grep -q 'header is damaged' "$WORK/err"
cp "$WORK/whole.vol" "$VOL"

# ---- the tools ----
retwine volume ls "$VOL::/"
check_status "the tools without a key" 2
retwine volume ls --owner-key "$WORK/thief.pem" "$VOL::/"
check "the tools with another owner's key" "they opened it" refused_owner
retwine volume ls --owner-key "$WORK/owner.pem" "$VOL::/"
check "the owner's tools" "they did not open it" test "$status" = 0
echo "$SECRET" >"$WORK/secret"
retwine volume cp --owner-key "$WORK/owner.pem" "$WORK/secret" "$VOL::/secret"
check "the owner puts a file in" "it was refused" test "$status" = 0
run --volume "$VOL::/v,owner=$WORK/public.pem" "$GUESTS/cat.wasm" /v/secret
check "which another program does not read" "it was not refused" refused_key
check "and which is not to be found in the file" "the secret stands there in clear" \
	test "$(grep -c "$SECRET" "$VOL")" = 0

# ---- one at a time ----
flock "$VOL" true
exec 9<>"$VOL"
flock 9
V=$VOL::/v,owner=$WORK/public.pem open_volume
check "a second writer" "it was let in" grep -q 'second writer' "$WORK/err"
exec 9>&-

finish
