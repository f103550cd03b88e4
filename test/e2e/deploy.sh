#!/bin/bash
# Programs are delivered to enclaves that `retwine serve` starts, and run there as they would here; what a hostile
# host, server or network does instead is refused before anything is sent.
. "$(dirname "$0")/lib.sh"
here=test/e2e/deploy
serve_mode=()
[ "$MODE" = strict ] && serve_mode=(--strict-simulation)

# ---- servers -----------------------------------------------------------------------------------
mkdir "$WORK/server"
pids=()
trap '[ "$BASHPID" = "$$" ] && kill "${pids[@]}" 2>/dev/null; chmod -R u+w "$WORK"; rm -rf "$WORK"' EXIT

# wait_for FILE PATTERN: until a line of the file matches, for LIMIT seconds.
wait_for() {
	local i
	for ((i = 0; i < LIMIT * 20; i++)); do
		grep -Eq -- "$2" "$1" 2>/dev/null && return 0
		sleep 0.05
	done
	return 1
}

# serve OPTION...: starts a server; sets $to, $server (its process) and $log.
serve() {
	log=$WORK/server/log.$RANDOM
	HOME=$WORK/server XDG_CACHE_HOME=$WORK/server XDG_STATE_HOME=$WORK/server TMPDIR=$WORK/server \
		"$RETWINE" serve --listen 127.0.0.1:0 "${serve_mode[@]}" "$@" >"$WORK/server/out" 2>"$log" &
	server=$!
	pids+=("$server")
	wait_for "$log" 'listening on' || fail serve "does not listen: $(cat "$log")"
	to=$(sed -n 's/.*listening on //p' "$log")
}

# serve_end: tells it to end; its status is $status.
serve_end() {
	kill -TERM "$server"
	wait "$server"
	status=$?
}

# other COMMAND...: a server that is none, sets $to, $other (its process) and $said (its output).
other() {
	said=$WORK/other.${#pids[@]}
	"$@" >"$said" 2>&1 &
	other=$!
	pids+=("$other")
	wait_for "$said" '^port ' || fail "$1" "does not listen: $(cat "$said")"
	to=127.0.0.1:$(sed -n 's/^port //p' "$said")
}

other_end() {
	kill "$other" 2>/dev/null
	wait "$other" 2>/dev/null
}

# hold OPTION...: a client whose program goes on; $holder, its output in $WORK/hold.
hold() {
	rm -f "$WORK/hold"
	"$RETWINE" deploy --to "$to" --insecure-accept-simulation "$@" >"$WORK/hold" 2>"$WORK/hold.err" &
	holder=$!
	pids+=("$holder")
	wait_for "$WORK/hold" holding || fail hold "it did not start: $(cat "$WORK/hold.err")"
}

hold_end() {
	kill "-${1:-TERM}" "$holder"
	wait "$holder" 2>/dev/null
}

deploy() {
	retwine deploy --to "$to" --insecure-accept-simulation "$@"
}

# The lines of its own, without the banner for the simulation.
own_lines() {
	sed '/^retwine: wasm backtrace:/,$d' "$WORK/err" | grep '^retwine: ' |
		grep -Ev '^retwine: (SIMULATION|INSECURE|--insecure-|compiling )'
}

launch_digest() {
	"$RETWINE" measure "$@" >"$WORK/measured"
	field launch_digest "$WORK/measured"
}

# ---- programs that run as they should ------------------------------------------------------------
serve

deploy "$EXAMPLES/hello.wasm" one "two words" ""
check_status hello 0
"$EXAMPLES/hello" one "two words" "" >"$WORK/native"
check_same hello "$WORK/native"
check "a relaxation is told" "no banner" grep -q '^retwine: INSECURE' "$WORK/err"
check "a relaxation is told" "not by its name" grep -q 'insecure-accept-simulation' "$WORK/err"

for code in 0 7 255; do
	deploy "$GUESTS/exit.wasm" "$code"
	check_status "exit $code" "$code"
done

deploy --argv0 name --env B=2 --env A=1 "$GUESTS/echo.wasm" -- --dir -x
check_status echo 0
sort "$WORK/out" >"$WORK/sorted"
printf '%s\n' 'argv[0]=name' 'argv[1]=--' 'argv[2]=--dir' 'argv[3]=-x' 'env A=1' 'env B=2' |
	sort >"$WORK/expected"
check_same "arguments and variables" "$WORK/expected" "$WORK/sorted"

head -c 300000 "$EXAMPLES/hello.wasm" >"$WORK/bytes"
deploy --stdin "$WORK/bytes" "$GUESTS/cat.wasm"
check_status "standard input" 0
check_same "standard input" "$WORK/bytes"
deploy "$GUESTS/cat.wasm"
check_status "no standard input" 0
check "no standard input" "some came" test ! -s "$WORK/out"
cp "$WORK/bytes" "$WORK/in"
deploy --stdin - "$GUESTS/cat.wasm"
check_same "standard input of ours" "$WORK/bytes"
rm "$WORK/in"

mkdir "$WORK/host"
"$EXAMPLES/scoring" generate 2000 "$WORK/host/applicants.csv" >/dev/null
"$EXAMPLES/scoring" score "$WORK/host/applicants.csv" >"$WORK/native"
deploy --tmp /data --input "$WORK/host/applicants.csv::/data/deep/er/applicants.csv" \
	"$EXAMPLES/scoring.wasm" score /data/deep/er/applicants.csv
check_status "scoring a file that was delivered" 0
check_same "scoring a file that was delivered" "$WORK/native"

deploy "$GUESTS/traps.wasm" unreachable
check_status trap 134
check trap "no kind of trap" grep -q 'trap: unreachable' "$WORK/err"
check trap "no backtrace" grep -q 'wasm backtrace' "$WORK/err"
deploy --diagnostics none "$GUESTS/traps.wasm" unreachable
check_status "a trap that is not told" 134
check "a trap that is not told" "it is told" test "$(grep -c 'trap' "$WORK/err")" -eq 1
deploy -W fuel=1000 "$GUESTS/forever.wasm"
check_status "no fuel left" 134

deploy --status-file "$WORK/status" "$GUESTS/exit.wasm" 125
check "status file" "says $(cat "$WORK/status")" grep -qx 'exited 125' "$WORK/status"

# Native code is verified by the enclave there as it would be here.
compiled "$EXAMPLES/hello.wasm"
deploy "$module" one "two words" ""
check_status "native code" 0
"$EXAMPLES/hello" one "two words" "" >"$WORK/native"
check_same "native code" "$WORK/native"

# What it writes cannot be written here: it is given up, and that is told.
"$RETWINE" deploy --to "$to" --insecure-accept-simulation "$EXAMPLES/hello.wasm" >/dev/full 2>"$WORK/err"
status=$?
check_status "a full disk" 125
check_one_line "a full disk" 'cannot be written here'

# What a program cannot be given, what makes no sense: nobody is asked.
deploy --dir "$WORK::/data" "$EXAMPLES/hello.wasm"
check_refused "no --dir" 2 'dir'
deploy --input "$WORK/bytes::/data/x" "$EXAMPLES/hello.wasm"
check_refused "an input without a place" 2 '/data/x lies below no directory.*--tmp'
deploy --tmp /data --input "$WORK/nothing::/data/x" "$EXAMPLES/hello.wasm"
check_refused "an input that is not there" 125 'nothing'
deploy --secret "key=$WORK/bytes" "$EXAMPLES/hello.wasm"
check_refused "a key without a place" 2 'attestation'
head -c 100 "$WORK/bytes" >"$WORK/key"
deploy --attestation --secret "../x=$WORK/key" "$EXAMPLES/hello.wasm"
check_refused "a key with a bad name" 2 "'../x' is not the name of a key"
deploy --tmp /data --input "$WORK/key::/data/x" --input "$WORK/key::/data//x" "$EXAMPLES/hello.wasm"
check_refused "two inputs of one name" 2 'delivered twice'
retwine deploy "$EXAMPLES/hello.wasm"
check_refused "no server" 2 '--to'
retwine deploy --to nowhere "$EXAMPLES/hello.wasm"
check_refused "no port" 2 'HOST:PORT'

# A key is what /dev/attestation gives.
deploy --attestation --secret "token=$WORK/key" "$GUESTS/show.wasm" /dev/attestation/keys/token
check_status "a key" 0
check_same "a key" "$WORK/key"

# ---- the enclave has to be the right one ----------------------------------------------------------
retwine deploy --to "$to" "$EXAMPLES/hello.wasm"
check_refused "the simulation is not trusted" 125 'not trusted, nothing was sent.*simul'
deploy --mrenclave "$(printf '%064d' 0)" "$EXAMPLES/hello.wasm"
check_refused "another enclave was wanted" 125 'MR_ENCLAVE'

# The host starts another module, or another argument, than the client announced.
swapped=$(launch_digest "$GUESTS/exit.wasm" one)
changed=$(launch_digest "$EXAMPLES/hello.wasm" two)
real=$to
for digest in "$swapped" "$changed"; do
	other python3 "$here/middle.py" digest "$real" "$digest"
	deploy "$EXAMPLES/hello.wasm" one
	check_refused "another launch" 125 'not trusted, nothing was sent.*another launch digest'
	other_end
done

# Who knows program and arguments does not know the digest: a delivery has a salt of its own, unless it is told one.
guessed=$(launch_digest "$EXAMPLES/hello.wasm" one)
other python3 "$here/middle.py" digest "$real" "$guessed"
deploy "$EXAMPLES/hello.wasm" one
check_refused "a digest that is guessed" 125 'not trusted, nothing was sent.*another launch digest'
other_end
other python3 "$here/middle.py" digest "$real" "$guessed"
deploy --salt "$(printf '%064d' 0)" "$EXAMPLES/hello.wasm" one
check_status "without salt" 0
other_end

# The host answers a fresh client with evidence for an older one.
other python3 "$here/middle.py" nonce "$real" "$(printf '%064d' 1)"
deploy "$EXAMPLES/hello.wasm"
check_refused "another nonce" 125 'not trusted, nothing was sent.*another nonce'
other_end

# Who passes all on is no harm, and learns the certificate.
other python3 "$here/middle.py" record "$real" "$WORK/recorded.der"
salt=$(printf 'ab%.0s' {1..32}) # the same each time, so that what was recorded is for this launch
deploy --salt "$salt" "$EXAMPLES/hello.wasm"
check_status "a relay" 0
wait "$other"
sent=$(sed -n 's/^sent //p' "$said")
check "the certificate" "openssl does not read it" \
	openssl x509 -inform DER -in "$WORK/recorded.der" -noout -text -out "$WORK/certificate"
check "the certificate" "has no evidence" grep -q '2.23.133.5.4.9' "$WORK/certificate"

# Somebody ends the channel himself: without evidence, and with evidence that was recorded.
evidence=$(openssl asn1parse -inform DER -in "$WORK/recorded.der" |
	awk -F: '/2.23.133.5.4.9/ {getline; print $1 + 0}')
check "the evidence" "is not where it should be" test -n "$evidence"
openssl asn1parse -inform DER -in "$WORK/recorded.der" -strparse "$evidence" -noout -out "$WORK/evidence" 2>/dev/null
hex=$(od -An -v -tx1 "$WORK/evidence" | tr -d ' \n')
openssl ecparam -name prime256v1 -genkey -noout -out "$WORK/middle.key" 2>/dev/null
openssl req -x509 -new -key "$WORK/middle.key" -sha256 -subj "/CN=Retwine enclave" -days 3650 \
	-out "$WORK/plain.pem" 2>/dev/null
printf '[req]\ndistinguished_name=d\nx509_extensions=e\n[d]\n[e]\n2.23.133.5.4.9=DER:%s\n' "$hex" >"$WORK/copied.conf"
openssl req -x509 -new -key "$WORK/middle.key" -sha256 -subj "/CN=Retwine enclave" -days 3650 \
	-config "$WORK/copied.conf" -out "$WORK/copied.pem" 2>/dev/null
for name in plain copied; do
	other python3 "$here/middle.py" end "$WORK/$name.pem" "$WORK/middle.key"
	deploy "$EXAMPLES/hello.wasm"
	case $name in
	plain) why='carries no evidence' ;;
	copied) why='evidence in the certificate is for another key' ;;
	esac
	check_refused "in the middle, $name" 125 "not trusted, nothing was sent.*$why"
	wait "$other"
	check "in the middle, $name" "got something" test "$(grep -c '^got' "$said")" -eq 0
done

# A server that plays the enclave, with quotes that it signs itself. First: all as it should be.
if [ "$MODE" = fast ]; then
	other "$BUILD/e2e/hostile_serve" "$BUILD/retwine-enclave.elf" honest
	deploy "$EXAMPLES/hello.wasm"
	wait "$other"
	check "what the simulation is worth" "the forger got nothing" grep -q '^got' "$said"
	while read -r mode why; do
		other "$BUILD/e2e/hostile_serve" "$BUILD/retwine-enclave.elf" "$mode" "$WORK/recorded.der"
		deploy --salt "$salt" "$EXAMPLES/hello.wasm"
		check_refused "hostile: $mode" 125 "$why"
		wait "$other"
		check "hostile: $mode" "got something" test "$(grep -c '^got' "$said")" -eq 0
	done <<'END'
debug nothing was sent.*DEBUG_REFUSED
measure nothing was sent.*MR_ENCLAVE
config nothing was sent.*LAUNCH_DIGEST
claims nothing was sent.*another launch digest
nonce nothing was sent.*another nonce
data nothing was sent.*REPORT_DATA
quote nothing was sent.*REPORT_DATA
relay the handshake failed
END
fi
to=$real

# Damage on the way is found, wherever it is.
if [ "$MODE" = fast ]; then
	for at in 0 5 30 90 200 1500 4500 $((sent - 100)); do
		for what in flip cut; do
			other python3 "$here/middle.py" "$what" "$real" "$at"
			deploy --connect-timeout 5s "$EXAMPLES/hello.wasm"
			check_status "$what at $at" 125
			check_one_line "$what at $at" 'damaged|closed|handshake failed|took too long'
			other_end
		done
	done
	to=$real
fi

# ---- many at once, and limits ----------------------------------------------------------------------
for i in 1 2 3; do
	"$RETWINE" deploy --to "$to" --insecure-accept-simulation "$EXAMPLES/hello.wasm" "number $i" \
		>"$WORK/many.$i" 2>"$WORK/many.err.$i" &
	many[i]=$!
done
for i in 1 2 3; do
	wait "${many[i]}"
	check "three at once" "number $i ended with $?" test $? -eq 0
	check "three at once" "number $i: another's output" grep -qx "argument 1: number $i" "$WORK/many.$i"
done

# A client that goes away takes its enclave with it.
hold "$GUESTS/hold.wasm"
hold_end KILL
check "a client that goes away" "its enclave stays" wait_for "$log" 'client went away|status 0'

# Nothing of the programs is in the log.
check "the log" "has a program's output" test "$(grep -c 'argument 1\|number 1' "$log")" -eq 0
serve_end
check_status "told to end" 0
check "told to end" "does not say so" grep -q 'ended$' "$log"

serve --max-clients 1
hold "$GUESTS/hold.wasm"
deploy "$EXAMPLES/hello.wasm"
check_refused "more clients than allowed" 125 'as many clients as it may'
hold_end
serve_end

# A client that says hello and no more.
serve --idle-time 500ms
python3 "$here/middle.py" silent "$to" "$(launch_digest "$EXAMPLES/hello.wasm")" >"$WORK/silent" 2>"$WORK/err"
check "a client that falls silent" "$(cat "$WORK/silent")" grep -qx closed "$WORK/silent"
check "a client that falls silent" "is not told in the log" wait_for "$log" 'client 1 .*status 125'
serve_end

# Memory: the owner's.
serve --host-max-memory 1M
deploy "$EXAMPLES/hello.wasm"
check_status "no memory for it" 125
check_one_line "no memory for it" 'memory|closed'
serve_end

# Time: the program's own, the owner's.
serve --max-time 3s
deploy --timeout 500ms "$GUESTS/forever.wasm"
check_status "the program's time" 134
deploy "$GUESTS/forever.wasm" # it has no time of its own, so that nothing in it can be told
check_status "the owner's time" 125
check_one_line "the owner's time" 'closed during the program'
serve_end

# A server without a right image does not start.
retwine serve --listen 127.0.0.1:0 --image "$WORK/nothing.elf"
check_refused "no image" 125 'nothing.elf'
retwine serve --listen here
check_refused "no address" 2
retwine serve --max-clients 0
check_refused "no clients" 2 'max-clients'

# ---- what the host sees ----------------------------------------------------------------------------
serve
printf 'marker-%s-%s-of-a-secret-that-nobody-else-sees' "$RANDOM$RANDOM$RANDOM" "$RANDOM$RANDOM" >"$WORK/marker"
for i in 1 2 3 4 5; do cat "$WORK/marker" "$WORK/key"; done >"$WORK/secret.txt"
hold --tmp /in --attestation --input "$WORK/secret.txt::/in/secret.txt" --secret "token=$WORK/marker" \
	--stdin "$WORK/secret.txt" "$GUESTS/hold.wasm" /in/secret.txt /dev/attestation/keys/token
worker=$(sed -n 's/.*client 1 .*process \([0-9]*\) for.*/\1/p' "$log")
check "its process" "makes any system call" grep -Eq '^Seccomp:.2' "/proc/$worker/status"
check "its process" "leaves its memory in a file" grep -Eq '^Max core file size +0 ' "/proc/$worker/limits"
check "the client" "leaves its memory in a file" grep -Eq '^Max core file size +0 ' "/proc/$holder/limits"
check "its process" "has the socket that listens" \
	test "$(find "/proc/$worker/fd" -lname 'socket:*' | wc -l)" -le 2
python3 "$here/search.py" "$WORK/marker" "$server" "$worker" >"$WORK/found" 2>"$WORK/err"
status=$?
check_status "the search" 0
check "the search" "cannot find it in the enclave" grep -Eqx 'inside [1-9][0-9]*' "$WORK/found"
check "the host's memory" "$(head -n 3 "$WORK/found")" grep -qx 'outside 0' "$WORK/found"
check "the host's files" "hold the secret" \
	test -z "$(grep -rlF -f "$WORK/marker" "$WORK/server" 2>/dev/null)"

# A server that dies leaves no enclave behind.
kill -KILL "$server"
wait "$server" 2>/dev/null
for ((i = 0; i < LIMIT * 20; i++)); do
	[ -e "/proc/$worker/exe" ] || break
	sleep 0.05
done
check "the server dies" "its client's process stays" test ! -e "/proc/$worker/exe"
wait "$holder"
status=$?
check_status "the server dies" 125
check "the server dies" "the client is not told" grep -q 'connection was closed' "$WORK/hold.err"

finish
