#!/bin/bash
# What it costs to run a program in an attested enclave of another process, on this machine: medians of runs. Usage:
# bench/deploy.sh BUILD
set -eu
b=$1
runs=${RUNS:-15}
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT

"$b/retwine" serve --listen 127.0.0.1:0 2>"$work/log" &
server=$!
until grep -q 'listening on' "$work/log"; do sleep 0.05; done
to=$(sed -n 's/.*listening on //p' "$work/log")

us_of() {
	local start=$EPOCHREALTIME
	"$@" >/dev/null 2>&1
	local end=$EPOCHREALTIME
	echo $((${end/./} - ${start/./}))
}

median() {
	sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}

# times NAME: the medians of a field of the client's figures.
times() {
	sed -n "s/.*\"$1_ms\": \([0-9.]*\).*/\1/p" "$work/stats" | median
}

# The two are one: where processors are few, the enclave is running before the client is told that all was sent.
delivered_and_run() {
	sed -n 's/.*"deliver_ms": \([0-9.]*\), "run_ms": \([0-9.]*\).*/\1 \2/p' "$work/stats" |
		awk '{print $1 + $2}' | median
}

line() {
	printf '%-44s %12.1f %s\n' "$1" "$2" "$3"
}

head -c $((64 << 20)) /dev/zero >"$work/large"
for ((i = 0; i < runs; i++)); do
	us_of "$b/retwine" run "$b/examples/hello.wasm" >>"$work/run"
	us_of "$b/retwine" deploy --to "$to" --insecure-accept-simulation "$b/examples/hello.wasm" >>"$work/deploy"
	"$b/retwine" deploy --to "$to" --insecure-accept-simulation --stats=json "$b/examples/hello.wasm" \
		2>&1 >/dev/null | grep _ms >>"$work/stats"
done
for ((i = 0; i < 3; i++)); do
	"$b/retwine" deploy --to "$to" --insecure-accept-simulation --stats=json --tmp /in:256M \
		--input "$work/large::/in/large" "$b/examples/hello.wasm" 2>&1 >/dev/null | grep _ms >>"$work/large.stats"
done

echo "== deploying hello world to a server on this machine, simulated"
line "start to exit" "$(median <"$work/deploy" | awk '{print $1 / 1000}')" "ms"
line "  of which connection and greeting" "$(times connect)" "ms"
line "  enclave's start, key, quote, TLS handshake" "$(times handshake)" "ms"
line "  verifying the quote, collateral included" "$(times verify)" "ms"
line "  delivering, and running to the end" "$(delivered_and_run)" "ms"
line "for comparison: retwine run, start to exit" "$(median <"$work/run" | awk '{print $1 / 1000}')" "ms"
mv "$work/large.stats" "$work/stats"
line "delivering a file of 64 MiB" "$(awk -v ms="$(times deliver)" 'BEGIN {print 64000 / ms}')" "MiB/s"
