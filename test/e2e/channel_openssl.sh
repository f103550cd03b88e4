#!/bin/bash
# The channel against openssl's command line: it shows our certificate and its extension, and speaks with
# our ends, as client and as server, attested on one side and on both; what our ends refuse, they refuse
# of openssl too. The channel is outside of an enclave here, so one mode is enough.
. "$(dirname "$0")/lib.sh"

TOOL=$BUILD/test/channel/channel_tool
SUITE=ECDHE-ECDSA-AES256-GCM-SHA384
CERT=$WORK/cert.pem
KEY=$WORK/key.pem

quietly() {
	"$@" >"$WORK/out" 2>"$WORK/err"
}

check "certificate" "is not made" quietly "$TOOL" certificate "$CERT" "$KEY"
check "certificate of a client" "is not made" quietly "$TOOL" certificate "$WORK/cert2.pem" "$WORK/key2.pem"

quietly openssl x509 -in "$CERT" -noout -text
for text in 'Version: 3' 'Signature Algorithm: ecdsa-with-SHA256' 'Subject: CN = Retwine enclave' \
	'NIST CURVE: P-256' 'CA:FALSE' 'Digital Signature' '2.23.133.5.4.9:' 'retwine.channel.v1' \
	'Not After : Dec 31 23:59:59 9999 GMT'; do
	check "openssl shows the certificate" "without $text" grep -qF -- "$text" "$WORK/out"
done
check "openssl verifies the certificate's own signature" "does not" \
	quietly openssl verify -check_ss_sig -CAfile "$CERT" "$CERT"
check "openssl refuses the certificate of another key" "does not" \
	eval '! quietly openssl verify -check_ss_sig -CAfile "$CERT" "$WORK/cert2.pem"'

# The extension is CBOR: tag 60000 of [quote, claims]; its quote is the one that was given.
head -c 5000 /dev/urandom >"$WORK/quote"
check "certificate over a quote of 5000 bytes" "is not made" \
	quietly "$TOOL" certificate "$WORK/cert3.pem" "$WORK/key3.pem" "$WORK/quote"
openssl x509 -in "$WORK/cert3.pem" -outform DER | xxd -p | tr -d '\n' >"$WORK/hex"
check "the quote" "is not in the certificate" \
	grep -q "0606678105050409.\{8,16\}d9ea6082591388$(xxd -p "$WORK/quote" | tr -d '\n')58" "$WORK/hex"

# listen [mutual]: our server in the background; its port is $port.
listen() {
	: >"$WORK/port"
	timeout 30 "$TOOL" listen "$CERT" "$KEY" "$@" >"$WORK/port" 2>&1 &
	server=$!
	for _ in $(seq 100); do
		port=$(head -n 1 "$WORK/port")
		[ -n "$port" ] && return
		read -rt 0.05 <> <(:) || :
	done
	fail "our server" "does not listen"
}

# client TEXT OPTION...: openssl says TEXT and then waits for what comes back.
client() {
	local text=$1
	shift
	{
		printf '%s\n' "$text"
		read -rt 0.4 <> <(:) || :
	} | timeout 20 openssl s_client -connect "127.0.0.1:$port" -nocommands "$@" >"$WORK/out" 2>"$WORK/err" || :
	wait "$server"
}

said() {
	check "$1" "says $(tail -n 1 "$WORK/port")" grep -qx "$2" "$WORK/port"
}

listen
client "there and back" -tls1_2 -cipher "$SUITE"
check "openssl as client" "does not hear the echo" grep -qx "there and back" "$WORK/out"
check "openssl as client" "chose another suite" grep -q "Cipher is $SUITE" "$WORK/out"
check "openssl as client" "without extended master secret" grep -q "Extended master secret: yes" "$WORK/out"
check "openssl as client" "with a session ticket" eval '! grep -q "TLS session ticket" "$WORK/out"'
check "openssl as client" "without secure renegotiation" grep -q "Secure Renegotiation IS supported" "$WORK/out"

listen
client "there and back"
check "openssl as client, all that it can" "does not hear the echo" grep -qx "there and back" "$WORK/out"
check "openssl as client, all that it can" "chose another suite" grep -q "Cipher is $SUITE" "$WORK/out"

for refused in "-tls1_3" "-tls1_1 -cipher ALL:@SECLEVEL=0" "-tls1 -cipher ALL:@SECLEVEL=0" \
	"-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256" "-tls1_2 -cipher ECDHE-ECDSA-CHACHA20-POLY1305" \
	"-tls1_2 -cipher ECDHE-RSA-AES256-GCM-SHA384" "-tls1_2 -groups X25519" "-tls1_2 -groups P-521" \
	"-tls1_2 -sigalgs ECDSA+SHA1 -cipher ALL:@SECLEVEL=0"; do
	listen
	# shellcheck disable=SC2086
	client "not heard" $refused
	said "our server refuses $refused" "refused: CHANNEL_HANDSHAKE\|refused: CHANNEL_CUT"
	check "our server refuses $refused" "echoes" eval '! grep -qx "not heard" "$WORK/out"'
done

listen mutual
client "there and back" -tls1_2 -cert "$WORK/cert2.pem" -key "$WORK/key2.pem"
check "openssl as client with a certificate" "does not hear the echo" grep -qx "there and back" "$WORK/out"
listen mutual
client "not heard" -tls1_2
said "our server refuses a client without certificate" "refused: CHANNEL_PEER"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$WORK/key4.pem" \
	-out "$WORK/cert4.pem" -subj /CN=Somebody >/dev/null 2>&1
listen mutual
client "not heard" -tls1_2 -cert "$WORK/cert4.pem" -key "$WORK/key4.pem"
said "our server refuses a client without evidence" "refused: CERTIFICATE_EVIDENCE"

# serve OPTION...: openssl's server in the background, once; its port is $port.
serve() {
	: >"$WORK/served"
	timeout 30 openssl s_server -accept 127.0.0.1:0 -naccept 1 -rev "$@" >"$WORK/served" 2>&1 </dev/null &
	server=$!
	for _ in $(seq 100); do
		port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' "$WORK/served")
		[ -n "$port" ] && return
		read -rt 0.05 <> <(:) || :
	done
	fail "openssl's server" "does not listen"
}

connect() {
	timeout 20 "$TOOL" connect "$port" "$@" >"$WORK/out" 2>"$WORK/err"
	kill "$server" 2>/dev/null
	wait "$server" 2>/dev/null
}

text=$'live\n'
serve -tls1_2 -cert "$CERT" -key "$KEY"
connect "$CERT" "$text"
check "openssl as server" "does not answer" grep -qx evil "$WORK/out"
serve -cert "$CERT" -key "$KEY"
connect "$CERT" "$text"
check "openssl as server, all that it can" "does not answer" grep -qx evil "$WORK/out"
serve -tls1_2 -cert "$CERT" -key "$KEY" -Verify 1 -verify_return_error -CAfile "$WORK/cert2.pem"
connect "$CERT" "$text" "$WORK/cert2.pem" "$WORK/key2.pem"
check "openssl as server that verifies us" "does not answer" grep -qx evil "$WORK/out"
serve -tls1_2 -cert "$WORK/cert2.pem" -key "$WORK/key2.pem"
connect "$CERT" "$text"
check "our client refuses another enclave" "does not" grep -qx "refused: DENIED" "$WORK/out"
serve -tls1_2 -cert "$WORK/cert4.pem" -key "$WORK/key4.pem"
connect "$CERT" "$text"
check "our client refuses a server without evidence" "does not" grep -qx "refused: CERTIFICATE_EVIDENCE" "$WORK/out"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$WORK/key5.pem" -out "$WORK/cert5.pem" -subj /CN=Somebody \
	>/dev/null 2>&1
for refused in "-tls1_3 -cert $CERT -key $KEY" "-tls1_1 -cert $CERT -key $KEY -cipher ALL:@SECLEVEL=0" \
	"-tls1_2 -cert $CERT -key $KEY -cipher ECDHE-ECDSA-AES128-GCM-SHA256" \
	"-tls1_2 -cert $WORK/cert5.pem -key $WORK/key5.pem" "-tls1_2 -cert $CERT -key $KEY -named_curve P-521"; do
	# shellcheck disable=SC2086
	serve $refused
	connect "$CERT" "$text"
	check "our client refuses ${refused##* }" "does not" grep -qx "refused: CHANNEL_HANDSHAKE" "$WORK/out"
done
finish
