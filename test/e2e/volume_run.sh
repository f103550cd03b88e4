#!/bin/bash
# A program's volume over its life: what is there after each kind of end, what is told of its state, and that
# an anchor finds every state but the last one.
. "$(dirname "$0")/lib.sh"

PROGRAM=$GUESTS/volume_end.wasm
VOL=$WORK/v.vol
COMPILE=(--interruptible)

# on VOLUME-OPTIONS HOW [OPTION...]: runs the program.
on() {
	local options=$1 how=$2
	shift 2
	run --volume "$VOL::/v$options" "$@" "$PROGRAM" /v "$how"
}

# holds NAME ONE TWO: what the volume holds in a further run.
holds() {
	on "$options" show
	check_text "$1" "one: $2"$'\n'"two: $3"
}

# ---- the ends ----
options=
on ,create exit
check_status "an exit" 3
check "nothing is told of a volume" "there is a line" test -z "$(own_lines)"
holds "after an exit all is there" "not synced" "not synced"

rm "$VOL"
on ,create trap
check_status "a trap" 134
holds "after a trap what was synced is there" "synced" "missing"

rm "$VOL"
on ,create spin --timeout 500ms
check_status "a timeout" 134
on "" show --timeout 500ms # without it, this would be another program
check_text "after a timeout what was synced is there" "one: synced"$'\n'"two: missing"

rm "$VOL"
on ,create exit
LIMIT=2 on "" spin 2>/dev/null
check_status "a run that is killed" 137
holds "after that what was synced is there" "synced" "not synced"

# ---- the state ----
rm "$VOL"
STATE=$WORK/state
on ,create,pin=0 exit --volume-state "$STATE"
check_status "a pinned volume is made" 3
check "its state is written" "it is not" grep -Eqx '[1-9][0-9]*:[0-9a-f]{64}' "$STATE"
check "and not told besides" "there is a line" test -z "$(own_lines)"
first=$(cat "$STATE")
cp "$VOL" "$WORK/first.vol"
on ",pin=$first" exit
check_status "the pin fits" 3
check_one_line "the new state is told" \
	"^retwine: volume /v: commit [0-9]+, root [0-9a-f]{64}\$"
second=$(own_lines | sed 's/.*commit \([0-9]*\), root \(.*\)/\1:\2/')
check "it is another one" "it is the same" test "$first" != "$second"

refused_state() {
	on ",$2" show
	check_refused "$1" 125 "$3"
}
refused_state "an old pin" "pin=$first" "expected commit ${first%%:*}, found ${second%%:*}"
refused_state "no pin, but a volume" "pin=0" "expected a new volume, found commit ${second%%:*}"
refused_state "the right number with another root" "pin=${second%%:*}:${first#*:}" \
	"found ${second%%:*} with other contents"
cp "$VOL" "$WORK/second.vol"
cp "$WORK/first.vol" "$VOL"
refused_state "the whole file rolled back" "pin=$second" \
	"expected commit ${second%%:*}, found ${first%%:*}"
: >"$VOL"
refused_state "the file emptied" "create,pin=$second" "expected commit ${second%%:*}, found none"
check "which makes nothing" "there is a volume" test ! -s "$VOL"
cp "$WORK/second.vol" "$VOL"
on ",pin=$second" show
check_status "the last state" 0

echo kept >"$STATE"
on ",pin=$first" show --volume-state "$STATE"
check "a refusal leaves the state's file" "it was changed" test "$(cat "$STATE")" = kept

# SIGINT ends it as a crash does; where the program can be told of it (it has a timeout), the state is told, too.
rm "$VOL"
on ,create,pin=0 exit --timeout 1m --volume-state "$STATE"
first=$(cat "$STATE")
module=$PROGRAM
[ "$ENGINE" = native ] && compiled "$PROGRAM"
env --default-signal=INT timeout --foreground --preserve-status --signal=INT 2 "$RETWINE" "${RUN[@]}" \
	--volume "$VOL::/v,pin=$first" --timeout 1m --volume-state "$STATE" "$module" /v spin \
	>"$WORK/out" 2>"$WORK/err" </dev/null
status=$?
check_status "SIGINT" 130
check "the state after SIGINT is told" "it is the old one" test "$first" != "$(cat "$STATE")"
on ",pin=$(cat "$STATE")" show --timeout 1m
check_text "after SIGINT what was synced is there" "one: synced"$'\n'"two: not synced"

# ---- an anchor's file ----
rm "$VOL"
options=,anchor=$WORK/anchor
on "$options,create" exit
check_status "an anchored volume is made" 3
cp "$VOL" "$WORK/first.vol"
cp "$WORK/anchor" "$WORK/anchor.first"
on "$options" exit
holds "it goes on" "not synced" "not synced"
cp "$VOL" "$WORK/second.vol"
cp "$WORK/first.vol" "$VOL"
on "$options" show
check_refused "an anchored volume rolled back" 125 "expected commit [0-9]+, found [0-9]+"
: >"$VOL"
on "$options,create" show
check_refused "an anchored volume emptied" 125 "its anchor knows of something else"
cp "$WORK/second.vol" "$VOL"
head -c 1024 /dev/urandom >"$WORK/anchor"
on "$options" show
check_refused "an anchor that is garbage" 125 "not in the state that its anchor names"
cp "$WORK/anchor.first" "$WORK/anchor"
on "$options" show
check_refused "an anchor that is old" 125 "expected commit"

# ---- statistics ----
rm -f "$VOL"
on ,create exit --stats=json
check "statistics name the volume" "they do not" \
	grep -Eq '"volumes": ?\[\{"path": ?"/v", ?"commit": ?[0-9]+' "$WORK/err"
on "" exit --diagnostics none --stats=json
check_status "without diagnostics it is another program" 125

# ---- what is in the way ----
echo garbage >"$VOL"
on ,create show
check_refused "garbage is no volume" 125 "not a volume of Retwine"
check "and is left alone" "it was changed" test "$(cat "$VOL")" = garbage
: >"$VOL"
on "" show
check_refused "an empty file without create" 125 "file is empty: /v; with the option create"
rm "$VOL"
on "" show
check_refused "a missing file without create" 125 "cannot open the volume"
mkdir "$VOL"
on ,create show
check_refused "a directory" 125 "a directory"
run --volume "$VOL" "$PROGRAM"
check_refused "a volume without a place" 2 "FILE::GUEST"

finish
