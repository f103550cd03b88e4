#!/bin/bash
# Volumes of delivered programs: kept by the server, opened by a key that is delivered, found by it; what the server
# does to them instead is refused by the enclave, or by the state that the owner pins.
. "$(dirname "$0")/lib.sh"
serve_mode=()
[ "$MODE" = strict ] && serve_mode=(--strict-simulation)
cd "$WORK" || exit 2
mkdir server vols
pids=()
trap '[ "$BASHPID" = "$$" ] && kill "${pids[@]}" 2>/dev/null; rm -rf "$WORK"' EXIT

# serve OPTION...: starts a server; sets $to and $log.
serve() {
	log=$WORK/server/log.${#pids[@]}
	HOME=$WORK/server XDG_CACHE_HOME=$WORK/server XDG_STATE_HOME=$WORK/server TMPDIR=$WORK/server \
		"$RETWINE" serve --listen 127.0.0.1:0 "${serve_mode[@]}" "$@" >server/out 2>"$log" &
	pids+=($!)
	local i
	for ((i = 0; i < LIMIT * 20; i++)); do
		grep -qs 'listening on' "$log" && break
		sleep 0.05
	done
	to=$(sed -n 's/.*listening on //p' "$log")
	check serve "does not listen: $(cat "$log")" test -n "$to"
}

# deploy OPTIONS PROGRAM...: without what it says of the relaxation in force.
deploy() {
	retwine deploy --insecure-accept-simulation --to "$to" "$@"
	sed -i '/^retwine: INSECURE: this deployment/d; /^retwine: --insecure-accept-simulation/d' err
}

for k in team other; do
	head -c 32 /dev/urandom >$k.key
done
head -c 31 /dev/urandom >short.key
with_team=(--attestation --secret team=team.key)

serve --volumes "$WORK/vols"

# ---- made, used again, seen by the owner ----

deploy "${with_team[@]}" --volume '-::/data,key=team' "$EXAMPLES/hello.wasm"
check_refused "a volume that is not there" 125 "keeps no volume for this key and label"
check "a volume that is not there" "was made" test -z "$(ls vols)"
deploy "${with_team[@]}" --volume '-::/data,key=team,create,pin=0' --volume-state state "$EXAMPLES/words.wasm" /data/none
check "a volume is made" "there is none" test "$(ls vols | wc -l)" -eq 1
check "a volume is made" "its name says something" grep -Eqx '[0-9a-f]{64}\.rtw' <(ls vols)
check "a volume is made" "no state" grep -Eqx '[0-9]+:[0-9a-f]{64}' state
file=vols/$(ls vols)
first=$(cat state)
echo hello >text
retwine volume cp --key-file team.key --pin "$first" --volume-state state text "$file::/text"
check_status "the owner writes into it" 0
cp "$file" old.rtw
deploy "${with_team[@]}" --volume "-::/data,key=team,pin=$(cat state)" --volume-state state "$GUESTS/show.wasm" /data/text
check_status "a program reads it" 0
check_same "a program reads it" text

# A volume that was made at home is brought to the server, under the name that it has there.
retwine volume create --provisioned team=team.key home.rtw
retwine volume cp --key-file team.key text home.rtw::/text
retwine volume name --key-file team.key brought
check_status "the name" 0
mv home.rtw "vols/$(cat out)"
deploy "${with_team[@]}" --volume '-::/data:ro,key=team,label=brought' "$GUESTS/show.wasm" /data/text
check_same "a volume that was brought" text
retwine volume name --key-file team.key data
check "the name" "is another one" test "$file" = "vols/$(cat out)"
retwine volume name --key-file short.key data
check_refused "the name for a short key" 1 "32"
retwine volume name --key-file team.key "$(printf %065d 0)"
check_refused "the name of a long label" 2 "no label"
rm vols/"$(retwine volume name --key-file team.key brought; cat out)"

# ---- keys ----

deploy --attestation --secret team=other.key --volume '-::/data,key=team' "$GUESTS/show.wasm" /data/text
check_refused "another key" 125 "keeps no volume for this key and label"
deploy "${with_team[@]}" --volume '-::/data,key=team,label=other' "$GUESTS/show.wasm" /data/text
check_refused "another label" 125 "keeps no volume for this key and label"
deploy --attestation --secret team=short.key --volume '-::/data,key=team,create' "$GUESTS/show.wasm" /data/text
check_refused "a short key" 125 "fewer than 32"
deploy "${with_team[@]}" --volume '-::/data' "$GUESTS/show.wasm" /data/text
check_refused "no key" 2 "key=ID"
deploy "${with_team[@]}" --volume '-::/data,key=other' "$GUESTS/show.wasm" /data/text
check_refused "a key that is not delivered" 2 "not among the keys"
deploy "${with_team[@]}" --volume "-::/data,key=team,anchor=$WORK/a" "$GUESTS/show.wasm" /data/text
check_refused "an anchor in a file" 2 "anchor="
check "refused ones" "made a volume" test "$(ls vols | wc -l)" -eq 1

# ---- what the server does ----

pinned=(--volume "-::/data,key=team,pin=$(cat state)")
(
	flock -x 9
	deploy "${with_team[@]}" "${pinned[@]}" "$GUESTS/show.wasm" /data/text
	check_refused "a second writer" 125 "no second writer"
	[ "$failed" -eq 0 ]
) 9<"$file"
check "a second writer" "see above" test $? -eq 0
cp "$file" new.rtw
retwine volume cp --key-file team.key text "$file::/more"
retwine volume cp --key-file team.key text "$file::/more"
last=$(retwine volume check --key-file team.key "$file"; sed -n 's/^state: *//p' out)
cp old.rtw "$file"
deploy "${with_team[@]}" --volume "-::/data,key=team,pin=$last" "$GUESTS/show.wasm" /data/text
check_refused "a volume rolled back" 125 "rolled back or exchanged"
cp new.rtw "$file"
python3 - "$file" <<-'END'
	import sys
	f = open(sys.argv[1], "r+b")
	data = bytearray(f.read())
	for n in range(16, len(data) // 4096):
	    data[n * 4096 + 9] ^= 4
	f.seek(0)
	f.write(data)
END
deploy "${with_team[@]}" "${pinned[@]}" "$GUESTS/show.wasm" /data/text
check_refused "a changed volume" 125 "not what was written"
: >"$file"
deploy "${with_team[@]}" "${pinned[@]}" "$GUESTS/show.wasm" /data/text
check_refused "an emptied volume" 125 "empty"
rm "$file" && mkdir "$file"
deploy "${with_team[@]}" "${pinned[@]}" "$GUESTS/show.wasm" /data/text
check_refused "a directory in its place" 125 "."
rmdir "$file" && ln -s ../new.rtw "$file"
deploy "${with_team[@]}" "${pinned[@]}" "$GUESTS/show.wasm" /data/text
check_refused "a symlink in its place" 125 "."

# ---- a server that keeps none, and one that grants little ----

serve
deploy "${with_team[@]}" "${pinned[@]}" "$GUESTS/show.wasm" /data/text
check_refused "a server without volumes" 125 "from a server that has a directory for them"
rm -f "$file"
serve --volumes "$WORK/vols" --host-max-disk 100K
deploy "${with_team[@]}" --volume '-::/data,key=team,create' "$GUESTS/show.wasm" /data/text
check_refused "no room for it" 125 "no space"
serve --volumes "$WORK/none"
deploy "${with_team[@]}" "${pinned[@]}" "$GUESTS/show.wasm" /data/text
check_status "a server whose directory is not there" 125
for l in server/log.*; do
	check "the log" "a call was stopped: $(grep stopped "$l")" test -z "$(grep 'system call' "$l")"
done

finish
