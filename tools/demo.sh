#!/bin/bash
# The demonstration: SQLite and a credit-scoring program run inside the enclave; then the scoring is delivered to an
# enclave of a host that does all it can to see or change it. Ends with status 1 when any output is not what it must
# be. Usage: tools/demo.sh [BUILD]
set -u
cd "$(dirname "$0")/.." || exit 2

build=${1:-build}
retwine=$build/retwine
examples=$build/examples
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT
mkdir "$work/data"
failed=0

step() {
	printf '\n== %s\n' "$1"
}

# shown INPUT COMMAND...: prints the command as one would type it, runs it on that input, and stops the
# demo when it fails.
shown() {
	local word line='' input=$1
	shift
	for word in "$@"; do
		case "$word" in
		*[!A-Za-z0-9_./:=-]*) line+=" '$word'" ;;
		*) line+=" $word" ;;
		esac
	done
	[ "$input" = /dev/null ] || line+=" < $input"
	echo "\$${line//$work/\$WORK}"
	"$@" <"$input" >"$work/out" 2>"$work/err"
	local status=$?
	cat "$work/out" "$work/err"
	if [ "$status" -ne 0 ]; then
		echo "demo: the command ended with status $status" >&2
		exit 1
	fi
}

# must WHAT COMMAND...: a claim about what was printed.
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

same_as_native() {
	must "the output is that of the native build" cmp -s "$work/out" "$work/native"
}

field() {
	grep -Ei "(^|[^a-z_])$1[^a-z_]" "$2" | grep -Eo '[0-9a-f]{64}' | head -n 1
}

sqlite=("$retwine" run --stats --show-identity --dir "$work/data::/data" --env HOME=/data
	"$examples/sqlite3.wasm" -batch /data/shop.db)
native=("$examples/sqlite3" -batch "$work/shop.db")

step "who will run: measured offline, without starting anything"
shown /dev/null "$retwine" measure "${sqlite[@]:4}"
mrenclave=$(field mr_enclave "$work/out")
program=$(field program_digest "$work/out")
launch=$(field launch_digest "$work/out")
must "MRENCLAVE and both digests" test -n "$mrenclave" -a -n "$program" -a -n "$launch"

step "SQLite in the enclave: a table of 100,000 rows in a file of a mounted directory"
shown examples/sqlite/create.sql "${sqlite[@]}"
must "it says that it is a simulation" grep -q SIMULATION "$work/err"
must "MRENCLAVE is the measured one" test "$(field mr_enclave "$work/err")" = "$mrenclave"
must "the program digest is the measured one" test "$(field program_digest "$work/err")" = "$program"
must "the launch digest is the measured one" test "$(field launch_digest "$work/err")" = "$launch"
"${native[@]}" <examples/sqlite/create.sql >"$work/native"
same_as_native
must "the database file is that of the native build" cmp -s "$work/data/shop.db" "$work/shop.db"

step "a second run opens the file again: a join, an aggregate, an integrity check"
shown examples/sqlite/query.sql "${sqlite[@]}"
must "integrity_check says ok" grep -qx ok "$work/out"
"${native[@]}" <examples/sqlite/query.sql >"$work/native"
same_as_native

step "credit scoring: 1,000,000 synthetic applicants, generated inside"
scoring=("$retwine" run --stats --show-identity --dir "$work/data::/data" "$examples/scoring.wasm")
shown /dev/null "${scoring[@]}" generate 1000000 /data/applicants.csv
"$examples/scoring" generate 1000000 "$work/applicants.csv" >"$work/native"
same_as_native
must "the CSV file is that of the native build" cmp -s "$work/data/applicants.csv" "$work/applicants.csv"

step "each applicant scored"
shown /dev/null "${scoring[@]}" score /data/applicants.csv
must "all rows were scored" grep -qx 'rows 1000000' "$work/out"
"$examples/scoring" score "$work/applicants.csv" >"$work/native"
same_as_native

# ---- the host fails ----------------------------------------------------------------------------------------------

# The lines of its own, without those that say what is accepted.
own_lines() {
	grep '^retwine: ' "$work/err" | grep -Ev '^retwine: (INSECURE|--insecure-|SIMULATION)'
}

# wait_for FILE PATTERN: until a line of the file matches.
wait_for() {
	local i
	for ((i = 0; i < 600; i++)); do
		grep -Eq -- "$2" "$1" 2>/dev/null && return
		sleep 0.1
	done
	echo "demo: $1 never said $2" >&2
	exit 1
}

# host COMMAND...: something that the host runs, and where it is reached ($to).
host() {
	echo "host\$ $(printf '%s ' "$@" | sed "s|$work|\$WORK|g")"
	host_log=$work/host.${#pids[@]}
	"$@" >"$host_log" 2>&1 &
	pids+=($!)
	wait_for "$host_log" '^port |listening on'
	to=$(sed -n 's/.*listening on //p; s/^port /127.0.0.1:/p' "$host_log")
}

# refused PATTERN: the owner deploys, and is told in one line why not.
refused() {
	"${deploy[@]}" --to "$to" "${program[@]}" >"$work/out" 2>"$work/err" </dev/null
	local status=$?
	cat "$work/out"
	own_lines
	must "refused in one clear line, nothing was sent" \
		test "$status" -eq 125 -a "$(own_lines | wc -l)" -eq 1 -a ! -s "$work/out"
	must "for the right reason" eval "own_lines | grep -Eq '$1'"
}

step "the same on a machine of somebody else: its owner serves, we deploy program and data"
rm "$work/data/applicants.csv"
marker=3141592653,31,7,2718281828,1618033988
{
	head -n 1000001 "$work/applicants.csv"
	echo "$marker,5000,40,1,2,rent,car,0"
} >"$work/secret.csv"
"$examples/scoring" score "$work/secret.csv" >"$work/native"
# A salt that is told: what was recorded of one delivery is for the launch of the next, too.
deploy=("$retwine" deploy --insecure-accept-simulation --salt "$(head -c 32 /dev/urandom | od -An -v -tx1 | tr -d " \n")")
program=(--tmp /data --input "$work/secret.csv::/data/applicants.csv" "$examples/scoring.wasm"
	score /data/applicants.csv)
mkdir "$work/server"
host env HOME="$work/server" XDG_STATE_HOME="$work/server" TMPDIR="$work/server" \
	"$retwine" serve --listen 127.0.0.1:0
server=$to
server_pid=${pids[-1]}
server_log=$host_log
shown /dev/null "${deploy[@]}" --show-verdict --stats --to "$server" "${program[@]}"
same_as_native
must "all rows were scored" grep -qx 'rows 1000001' "$work/out"

digest_of() {
	"$retwine" measure "$@" >"$work/measured"
	field launch_digest "$work/measured"
}
middle=(python3 test/e2e/deploy/middle.py)

step "the host swaps the module: it starts an enclave for another one"
host "${middle[@]}" digest "$server" "$(digest_of --tmp /data "$examples/hello.wasm" score /data/applicants.csv)"
refused 'another launch digest'

step "the host changes an argument"
host "${middle[@]}" digest "$server" "$(digest_of --tmp /data "$examples/scoring.wasm" score /data/other.csv)"
refused 'another launch digest'

step "the host replays an old quote: recorded from a connection, shown to a new one"
host "${middle[@]}" record "$server" "$work/recorded.der"
"${deploy[@]}" --to "$to" "${program[@]}" >/dev/null 2>&1
wait "${pids[-1]}"
host "$build/e2e/hostile_serve" "$build/retwine-enclave.elf" quote "$work/recorded.der"
refused REPORT_DATA
echo "and by letting an enclave make evidence for an older connection's nonce:"
host "${middle[@]}" nonce "$server" "$(printf '%064d' 7)"
refused 'another nonce'

step "the host uses a debug enclave, which it can read"
host "$build/e2e/hostile_serve" "$build/retwine-enclave.elf" debug
refused DEBUG

step "the host sits in the middle with a key of its own"
openssl ecparam -name prime256v1 -genkey -noout -out "$work/middle.key" 2>/dev/null
openssl req -x509 -new -key "$work/middle.key" -sha256 -subj "/CN=Retwine enclave" -out "$work/middle.pem" 2>/dev/null
host "${middle[@]}" end "$work/middle.pem" "$work/middle.key"
refused 'no evidence'
echo "and with its key, but the certificate of the enclave:"
host "$build/e2e/hostile_serve" "$build/retwine-enclave.elf" relay "$work/recorded.der"
refused 'handshake'

step "the host searches its memory and its files for a row of the input while the program runs"
printf '%s' "$marker" >"$work/marker"
"${deploy[@]}" --to "$server" "${program[@]}" >"$work/out" 2>"$work/err" </dev/null &
client=$!
pids+=("$client")
: >"$work/found"
until grep -Eqx 'inside [1-9][0-9]*' "$work/found" || ! kill -0 "$client" 2>/dev/null; do
	worker=$(sed -n 's/.* process \([0-9]*\) for .*/\1/p' "$server_log" | tail -n 1)
	python3 test/e2e/deploy/search.py "$work/marker" "$server_pid" "$worker" >"$work/found" 2>/dev/null
done
cat "$work/found"
must "it is found in the enclave's range" grep -Eqx 'inside [1-9][0-9]*' "$work/found"
must "and nowhere else in the memory of the host's processes" grep -qx 'outside 0' "$work/found"
must "nor in its files" test -z "$(grep -rlF -f "$work/marker" "$work/server" "$server_log")"
wait "$client"
must "the program was not disturbed" cmp -s "$work/out" "$work/native"
kill -TERM "$server_pid"
wait "$server_pid"
must "the server ends when it is told to" test $? -eq 0

examples/volume/demo.sh "$build" || failed=1

echo
if [ "$failed" -ne 0 ]; then
	echo "demo: FAILED, see WRONG above"
	exit 1
fi
echo "demo: everything is as it must be"
