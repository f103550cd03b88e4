#!/bin/bash
# No path leaves a mount, whatever it is made of; a read-only mount is not changed.
. "$(dirname "$0")/lib.sh"

tree=$WORK/tree
mkdir -p "$tree/mount/a/b" "$tree/empty"
echo secret >"$tree/secret"
ln -s secret "$tree/outer_link"
(
	cd "$tree/mount" || exit 1
	echo file >file
	echo c >a/b/c
	ln -s file inside
	ln -s ../file a/up
	ln -s a dir_in
	ln -s ../secret link_out
	ln -s /etc/passwd link_absolute
	ln -s / link_root
	ln -s .. dir_out
	ln -s ../../secret a/link_deep
	ln -s a/link_deep chain
	ln -s loop loop
	ln -s ../created link_new
)
state() {
	find "$tree" -path "$tree/mount" -prune -o -printf '%P %y %s %T@ %n\n' | sort
	cat "$tree/secret" "$tree/mount/file"
}
state >"$WORK/state"
rm -f /tmp/retwine_created

run --dir "$tree/mount::/data" "$GUESTS/escape.wasm"
check_status escape 0
check escape "not every attempt was refused" test "$(grep -c '^refused ' "$WORK/out")" -eq 120
check escape "something left the mount" test "$(grep -c '^ALLOWED ' "$WORK/out")" -eq 0
check escape "not every control succeeded" test "$(grep -c '^inside ' "$WORK/out")" -eq 11
check escape "a control was lost" test "$(grep -c '^LOST ' "$WORK/out")" -eq 0
grep -E '^(ALLOWED|LOST)' "$WORK/out" | sed 's/^/    /'
state >"$WORK/state_after"
check_same "nothing outside the mount changed" "$WORK/state" "$WORK/state_after"
check "nothing was made in /tmp" "there is a file" test ! -e /tmp/retwine_created

# A mount given by a symlink is the directory it points to; its name on the host plays no part.
ln -s tree/mount "$WORK/alias"
echo content >"$tree/mount/visible"
run --dir "$WORK/alias::/x" "$GUESTS/files.wasm" /x
check "a mount by a symlink" "not the directory" grep -q 'list:.* visible' "$WORK/out"

mkdir -p "$WORK/ro/dir" "$WORK/rw"
echo content >"$WORK/ro/file"
echo given >"$WORK/rw/file"
find "$WORK/ro" -printf '%P %y %s %T@ %n\n' | sort >"$WORK/state"
run --dir "$WORK/ro::/ro:ro" --dir "$WORK/rw::/rw" "$GUESTS/readonly.wasm"
check_status readonly 0
check readonly "not every attempt was refused" test "$(grep -c '^refused ' "$WORK/out")" -eq 18
check readonly "something was allowed" test "$(grep -c '^ALLOWED ' "$WORK/out")" -eq 0
check readonly "cannot be read" grep -qx 'inside read' "$WORK/out"
grep '^ALLOWED' "$WORK/out" | sed 's/^/    /'
find "$WORK/ro" -printf '%P %y %s %T@ %n\n' | sort >"$WORK/state_after"
check_same "the read-only directory is as it was" "$WORK/state" "$WORK/state_after"

# Without a mount there is no file at all.
run "$EXAMPLES/scoring.wasm" score /etc/passwd
check_status "no mount" 1

finish
