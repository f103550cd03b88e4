#!/bin/bash
# Quotes of running programs: by the simulated quoting enclave and by AESM (a stand-in), through the host calls and
# under the command's list of system calls; what they say, byte by byte, against what `retwine measure` says; openssl's
# own opinion of the signatures.
. "$(dirname "$0")/lib.sh"
GUEST=$GUESTS/attest.wasm
PROGRAM=("$GUEST" hello quote)
export XDG_STATE_HOME=$WORK/state

# bytes OFFSET SIZE: of the quote, in hexadecimal digits.
bytes() {
	dd "if=$WORK/quote" bs=1 "skip=$1" "count=$2" status=none | od -An -v -tx1 | tr -d ' \n'
}
unhex() {
	python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))'
}
says() {
	check "$1" "bytes $2 to $(($2 + $3 - 1)) are $(bytes "$2" "$3"), must be $4" test "$(bytes "$2" "$3")" = "$4"
}
zeros() { printf "%0$((2 * $1))d" 0; }
quoted() { # NAME ARGUMENT...
	local name=$1
	shift
	run --attestation "$@"
	check_status "$name" 0
	cp "$WORK/out" "$WORK/quote"
	check "$name" "there is no quote" test -s "$WORK/quote"
}

quoted simulated "${PROGRAM[@]}"
retwine measure --attestation ${ENGINE:+--engine "$ENGINE"} "${PROGRAM[@]}"
cp "$WORK/out" "$WORK/measure"
says version 0 4 03000200
says reserved 4 4 00000000
says vendor 12 16 939a7233f79c4ca9940a0db3957f0607
says "user data" 44 4 00000000
says MISCSELECT 64 4 01000000
says ATTRIBUTES 96 8 8500000000000000
says MRENCLAVE 112 32 "$(field mr_enclave "$WORK/measure")"
says "behind MRENCLAVE" 144 32 "$(zeros 32)"
says MRSIGNER 176 32 "$(field mr_signer "$WORK/measure")"
says "CONFIGID" 240 64 "$(field launch_digest "$WORK/measure")$(zeros 32)"
says "CONFIGSVN" 308 2 0000
says "product of an image of this tree" 304 4 00000000
size=$(stat -c %s "$WORK/quote")
check "signature data" "the length does not end the quote" test $((0x$(bytes 435 1)$(bytes 434 1)$(bytes 433 1)$(bytes 432 1))) -eq $((size - 436))

# The report data, from what doc/attestation.md says, in other words than ours.
claims=$(python3 - "$(field launch_digest "$WORK/measure")" "$(field program_digest "$WORK/measure")" "68656c6c6f" <<'EOF'
import hashlib, sys
launch, program, user = (bytes.fromhex(a) for a in sys.argv[1:4])
text = lambda s: bytes([0x60 + len(s)]) + s.encode()
data = lambda b: bytes([0x58, len(b)]) + b
claims = (b"\xa4" + text("domain") + text("retwine.guest.v1") + text("user-data") + data(user.ljust(64, b"\0"))
          + text("launch-digest") + data(launch) + text("program-digest") + data(program))
print(hashlib.sha256(claims).hexdigest() + 64 * "0")
EOF
)
says REPORTDATA 368 64 "$claims"

# ---- the signatures, by openssl alone --------------------------------------------------------------------------

# signature OFFSET: r and s of 32 bytes each as openssl wants them.
signature() {
	printf 'asn1=SEQUENCE:s\n[s]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' "$(bytes "$1" 32)" "$(bytes $(($1 + 32)) 32)" >"$WORK/asn1"
	openssl asn1parse -genconf "$WORK/asn1" -out "$WORK/signature" -noout
}
# A public key on P-256 out of x and y: what stands before them in a SubjectPublicKeyInfo.
point() {
	{ printf 3059301306072a8648ce3d020106082a8648ce3d03010703420004; bytes "$1" 64; } | unhex |
		openssl pkey -pubin -inform DER -out "$WORK/key"
}
holds() { # NAME FROM SIZE
	dd "if=$WORK/quote" bs=1 "skip=$2" "count=$3" status=none >"$WORK/signed"
	check "$1" "openssl refuses the signature" \
		openssl dgst -sha256 -verify "$WORK/key" -signature "$WORK/signature" "$WORK/signed" >/dev/null 2>&1
}
by_openssl() { # NAME
	point 500
	signature 436
	holds "$1: the quote's signature" 0 432
	says "$1: the attestation key" 884 64 "$({ bytes 500 64; bytes 1014 32; } | unhex | sha256sum | cut -c 1-64)$(zeros 32)"
	tail -c +1053 "$WORK/quote" >"$WORK/chain"
	openssl x509 -in "$WORK/chain" -pubkey -noout >"$WORK/key" 2>/dev/null
	signature 948
	holds "$1: the quoting enclave's signature" 564 384
	check "$1" "openssl refuses the chain" \
		openssl verify -CAfile host/quoting/simulation/root.pem -untrusted host/quoting/simulation/pck-ca-chain.pem "$WORK/chain" >/dev/null 2>&1
}
by_openssl simulated

# ---- the infrastructure that is in the tree, and what the script makes ----------------------------------------------

# revocation NAME DIRECTORY STATUS CHAIN: openssl's opinion of a PCK certificate, with both lists.
revocation() {
	{
		cat "$2/root.pem"
		openssl crl -inform DER -in "$2/root.crl"
		openssl crl -inform DER -in "$2/pck-ca.crl"
	} >"$WORK/trusted"
	openssl verify -crl_check_all -CAfile "$WORK/trusted" -untrusted "$2/pck-ca-chain.pem" "$2/$4" >"$WORK/err" 2>&1
	check "$1" "openssl says $?, must say $3" test $? -eq "$3"
}
tools/simulation-pki.sh "$WORK/pki" >"$WORK/err" 2>&1 || fail "simulation-pki.sh" "it fails"
check "simulation-pki.sh" "it makes other files than the tree has" \
	test "$(ls host/quoting/simulation)" = "$(ls "$WORK/pki")"
for pki in host/quoting/simulation "$WORK/pki"; do
	for chain in current outdated withdrawn; do
		revocation "$pki: $chain" "$pki" 0 "pck-$chain-chain.pem"
	done
	revocation "$pki: listed" "$pki" 2 pck-listed-chain.pem
	check "$pki: listed" "openssl names another reason" grep -q "certificate revoked" "$WORK/err"
done
: >"$WORK/err"

# ---- through AESM ------------------------------------------------------------------------------------------------

mkfifo "$WORK/stop"
"$BUILD/test/fake_aesm" "$WORK/aesm" <"$WORK/stop" >"$WORK/aesm.log" &
exec 9>"$WORK/stop"
for _ in $(seq 100); do grep -q ready "$WORK/aesm.log" && break; read -rt 0.1 <> <(:); done
quoted aesm --quoting "aesm:$WORK/aesm" "${PROGRAM[@]}"
says "aesm: MRENCLAVE" 112 32 "$(field mr_enclave "$WORK/measure")"
says "aesm: REPORTDATA" 368 64 "$claims"
by_openssl aesm
retwine verify --insecure-accept-simulation "$WORK/quote"
check_status "aesm: verified" 0
exec 9>&-
wait
check "aesm" "$(tail -n 1 "$WORK/aesm.log")" grep -q "^quotes 1, wrong requests 0" "$WORK/aesm.log"
check "aesm" "the process that asks AESM is still there" sh -c "! pgrep -f '[q]uoting aesm:$WORK' >/dev/null"

# ---- nobody --------------------------------------------------------------------------------------------------------

run --attestation --quoting none "${PROGRAM[@]}"
check_status "nobody" 1
check "nobody" "there is a quote" test ! -s "$WORK/out"
check "nobody" "the guest is not told" grep -q "attest: quote: " "$WORK/err"
check_one_line "nobody" "no quote: nobody makes quotes on this machine"
run --attestation --quoting "aesm:$WORK/nowhere" "${PROGRAM[@]}"
check_refused "no AESM there" 125 "no AESM at the socket"
run --attestation --quoting magic "${PROGRAM[@]}"
check_refused "an unknown choice" 2 "quoting"
finish
