#!/bin/bash
# retwine verify: quotes, reports and certificates; collateral from files, a service, and what was kept; what an
# independent verifier says of the same quotes.
. "$(dirname "$0")/lib.sh"
SHARED=${RETWINE_SHARED:-../shared}/data/quotes
OTHER=test/attest/verify_quote.py
export XDG_CACHE_HOME=$WORK/cache
mkdir "$WORK/cache"

# first_line: the status.
first_line() {
	head -n 1 "$WORK/out"
}

# verified NAME STATUS "accepted|refused" ARGUMENT...
verified() {
	local name=$1 expected=$2 verdict=$3
	shift 3
	retwine verify "$@"
	check "$name" "it says: $(first_line)" test "$(first_line)" = "$expected: $verdict"
	if [ "$verdict" = accepted ]; then check_status "$name" 0; else check_status "$name" 125; fi
}

# reason NAME RULE: it stands on a line of its own.
reason() {
	check "$1" "there is no reason $2" grep -q "^$2: " "$WORK/out"
}

wrong() {
	local name=$1 expected=$2 pattern=$3
	shift 3
	retwine verify "$@"
	check_refused "$name" "$expected" "$pattern"
}

# ---- simulated quotes ------------------------------------------------------------------------------
SIM=host/quoting/simulation
NOW=1763800000
sim_root=$(sha256sum "$SIM/root.der" | cut -c 1-64)
make_quote() {
	"$BUILD/test/make_sim_quote" "$@" || fail "make_sim_quote" "cannot make a quote"
}
hex() { printf "%0${2}d" 0 | tr 0 "$1"; }

make_quote "mrenclave=$(hex a 64)" "mrsigner=$(hex b 64)" isv-prod-id=7 isv-svn=3 "config-id=$(hex c 64)$(hex 0 64)" \
	"report-data=$(hex d 128)" "$WORK/quote"
sim=(--time "$NOW" --insecure-accept-simulation)
verified "a simulated quote" UpToDate accepted "${sim[@]}" "$WORK/quote"
check "a simulated quote" "it does not say who it is" grep -q "mr_enclave: $(hex a 64)" "$WORK/out"
check "a simulated quote" "the relaxation is not named" grep -q "insecure-accept-simulation" "$WORK/out"
verified "with all that is asked for" UpToDate accepted "${sim[@]}" --mrenclave "$(hex a 64)" --mrsigner "$(hex B 64)" \
	--isv-prod-id 7 --isv-svn 3 --launch-digest "$(hex c 64)" --report-data "$(hex d 128)" "$WORK/quote"
verified "not told of the simulation" Invalid refused --time "$NOW" --collateral "$SIM" "$WORK/quote"
reason "not told of the simulation" ROOT_SIMULATION
verified "another MRENCLAVE" UpToDate refused "${sim[@]}" --mrenclave "$(hex b 64)" "$WORK/quote"
verified "another signer" UpToDate refused "${sim[@]}" --mrsigner "$(hex a 64)" --isv-prod-id 7 "$WORK/quote"
verified "another product" UpToDate refused "${sim[@]}" --mrsigner "$(hex b 64)" --isv-prod-id 8 "$WORK/quote"
verified "too low a version" UpToDate refused "${sim[@]}" --mrsigner "$(hex b 64)" --isv-prod-id 7 --isv-svn 4 "$WORK/quote"
verified "another program" UpToDate refused "${sim[@]}" --launch-digest "$(hex d 64)" "$WORK/quote"
verified "other report data" UpToDate refused "${sim[@]}" --report-data "$(hex e 128)" "$WORK/quote"
verified "a nonce without claims" UpToDate refused "${sim[@]}" --nonce 0102 "$WORK/quote"
reason "a nonce without claims" CLAIMS_MISSING
verified "a program without claims" UpToDate refused "${sim[@]}" --program-digest "$(hex d 64)" "$WORK/quote"
verified "before its time" ExpiredOrNotYetValid refused --time 1700000000 --insecure-accept-simulation "$WORK/quote"
verified "after its time" ExpiredOrNotYetValid refused --time 2600000000 --insecure-accept-simulation "$WORK/quote"
verified "after its time, accepted by name" UpToDate accepted --time 2600000000 --insecure-accept-simulation \
	--insecure-accept-expired "$WORK/quote"
make_quote attributes=7 "$WORK/debug"
verified "a debug enclave" UpToDate refused "${sim[@]}" "$WORK/debug"
verified "a debug enclave, accepted by name" UpToDate accepted "${sim[@]}" --insecure-accept-debug "$WORK/debug"
make_quote pck=outdated "$WORK/outdated"
verified "a platform that is out of date" OutOfDate refused "${sim[@]}" "$WORK/outdated"
verified "the same, accepted by name" OutOfDate accepted "${sim[@]}" --insecure-accept-status SWHardeningNeeded,OutOfDate \
	"$WORK/outdated"
verified "but not its advisory" OutOfDate refused "${sim[@]}" --insecure-accept-status OutOfDate \
	--accept-advisories INTEL-SA-00001 "$WORK/outdated"
make_quote pck=withdrawn "$WORK/withdrawn"
verified "a platform that was revoked" Revoked refused "${sim[@]}" --insecure-accept-status OutOfDate "$WORK/withdrawn"
make_quote pck=listed "$WORK/listed"
verified "a certificate that was revoked" Revoked refused "${sim[@]}" "$WORK/listed"
for at in 0 2 30 48 112 300 431 440 600 900 1000; do
	cp "$WORK/quote" "$WORK/damaged"
	printf '\xa5' | dd of="$WORK/damaged" bs=1 seek="$at" conv=notrunc status=none
	cmp -s "$WORK/quote" "$WORK/damaged" && continue
	verified "byte $at changed" Invalid refused "${sim[@]}" "$WORK/damaged"
done
head -c 1000 "$WORK/quote" >"$WORK/damaged"
verified "a quote that ends early" Invalid refused "${sim[@]}" "$WORK/damaged"
od -An -v -tx1 "$WORK/quote" | tr -d " \n" >"$WORK/hex"
verified "a quote in digits" UpToDate accepted "${sim[@]}" "$WORK/hex"
printf '0x%s\n' "$(cat "$WORK/hex")" >"$WORK/0x"
verified "a quote in digits, with 0x" UpToDate accepted "${sim[@]}" "$WORK/0x"
{ printf '\t '; fold -w 60 "$WORK/hex"; printf ' \t\r\n'; } >"$WORK/lines"
verified "a quote in lines of digits" UpToDate accepted "${sim[@]}" "$WORK/lines"
base64 -w 0 "$WORK/quote" >"$WORK/base64"
verified "a quote in base64" UpToDate accepted "${sim[@]}" "$WORK/base64"
base64 "$WORK/quote" >"$WORK/base64"
verified "a quote in lines of base64" UpToDate accepted "${sim[@]}" "$WORK/base64"
sed '3s/./!/' "$WORK/base64" >"$WORK/damaged"
verified "base64 with another character" Invalid refused "${sim[@]}" "$WORK/damaged"

# What a program said: its 64 bytes are not the report data, but in the claims whose digest these are.
python3 - "$WORK" <<-'END'
	import hashlib, sys
	def text(s): return bytes([0x60 + len(s)]) + s.encode()
	def data(b): return (bytes([0x40 + len(b)]) if len(b) < 24 else bytes([0x58, len(b)])) + b
	claims = {"domain": text("retwine.guest.v1"), "launch-digest": data(b"\x11" * 32), "program-digest": data(b"\x22" * 32),
	          "nonce": data(b"\x33" * 16), "user-data": data(b"\x44" * 64)}
	items = sorted((text(k), v) for k, v in claims.items())
	body = bytes([0xa0 + len(items)]) + b"".join(k + v for k, v in items)
	open(sys.argv[1] + "/report_data", "w").write(hashlib.sha256(body).hexdigest() + "00" * 32)
END
make_quote "report-data=$(cat "$WORK/report_data")" "config-id=$(hex 1 64)$(hex 0 64)" "$WORK/guest"
guest=(--launch-digest "$(hex 1 64)" --program-digest "$(hex 2 64)" --nonce "$(hex 3 32)" --user-data "$(hex 4 128)")
verified "what a program said" UpToDate accepted "${sim[@]}" "${guest[@]}" "$WORK/guest"
for i in 1 3 5 7; do
	other=("${guest[@]}")
	other[i]=${other[i]:2}ff
	verified "a program said something else ($i)" UpToDate refused "${sim[@]}" "${other[@]}" "$WORK/guest"
done
wrong "user data alone" 2 "launch-digest" "${sim[@]}" --user-data "$(hex 4 128)" "$WORK/guest"

# ---- words, and what is no evidence -----------------------------------------------------------------
retwine verify "${sim[@]}" --format=json "$WORK/quote"
check "json" "no JSON" python3 -c 'import json,sys
v = json.load(open(sys.argv[1]))
sys.exit(not (v["status"] == "UpToDate" and v["accepted"] is True))' "$WORK/out"
retwine verify --time "$NOW" --collateral "$SIM" --format=json "$WORK/quote"
check_status "json of a refusal" 125
check "json of a refusal" "no JSON" python3 -c 'import json,sys
v = json.load(open(sys.argv[1]))
sys.exit(not (v["accepted"] is False and v["reasons"]))' "$WORK/out"
wrong "no file" 2 "one file"
wrong "two files" 2 "one file" "$WORK/quote" "$WORK/quote"
wrong "a missing file" 1 "missing" "${sim[@]}" "$WORK/missing"
: >"$WORK/empty"
wrong "an empty file" 1 "no evidence" "${sim[@]}" "$WORK/empty"
wrong "a certificate without a quote" 1 "no evidence" "${sim[@]}" "$SIM/root.der"
wrong "an option that is none" 2 "insecure" --insecure "$WORK/quote"
wrong "half a digest" 2 "64 hexadecimal" --mrenclave abc "$WORK/quote"
wrong "a status that cannot be accepted" 2 "no status" --insecure-accept-status Revoked "$WORK/quote"
wrong "a version without a signer" 2 "mrsigner" "${sim[@]}" --isv-svn 3 "$WORK/quote"
wrong "a time that is none" 2 "time" --time now "$WORK/quote"
wrong "collateral that is missing" 1 "missing" --time "$NOW" --collateral "$WORK/missing" "$WORK/quote"
wrong "collateral that is none" 1 "no collateral" --time "$NOW" --collateral "$WORK/quote" "$WORK/quote"

# Of a directory, what is damaged is named, once, and passed over; what is something else is not spoken of.
mkdir "$WORK/files"
cp "$SIM"/*.json "$SIM"/*.crl "$SIM"/tcb-chain.pem "$SIM"/root.der "$SIM"/pck.key.bin "$WORK/files"
echo "not of this kind" >"$WORK/files/README"
echo '{"name": "something else"}' >"$WORK/files/package.json"
openssl ecparam -name prime256v1 -genkey -noout -out "$WORK/files/key.pem"
openssl ec -in "$WORK/files/key.pem" -outform der -out "$WORK/files/key.der" 2>/dev/null
files=(--time "$NOW" --insecure-accept-simulation --collateral "$WORK/files")
verified "a directory in order" UpToDate accepted "${files[@]}" "$WORK/quote"
check "a directory in order" "it says something" test ! -s "$WORK/err"
python3 - "$SIM" "$WORK/files" <<-'END'
	import sys, urllib.parse
	sim, out = sys.argv[1:]
	info = open(sim + "/tcb-info.json", "rb").read()
	crl = open(sim + "/pck-ca.crl", "rb").read()
	bad = {"mark.json": b"\xef\xbb\xbf" + info, "twice.json": info.replace(b'"signature"', b'"signature":"","signature"'),
	       "url.pem": urllib.parse.quote(open(sim + "/tcb-chain.pem").read()).encode(),
	       "cut.pem": open(sim + "/tcb-chain.pem", "rb").read()[:200], "version.crl": crl.replace(b"\2\1\1\x30", b"\2\1\5\x30", 1),
	       "cut.crl": crl[:-1]}
	for name, body in bad.items(): open(out + "/" + name, "wb").write(body)
END
verified "a directory with damaged files" UpToDate accepted "${files[@]}" "$WORK/quote"
for name in mark.json twice.json url.pem cut.pem version.crl cut.crl; do
	check "a directory with damaged files" "$name is not named once" test \
		"$(grep -c "$WORK/files/$name is damaged" "$WORK/err")" -eq 1
done
check "a directory with damaged files" "it says more" test "$(wc -l <"$WORK/err")" -eq 6

# ---- the other verifier says the same ---------------------------------------------------------------
# agrees NAME TIME QUOTE ARGUMENT...: the same status, and the same advisories where there is one of the platform.
agrees() {
	local name=$1 time=$2 quote=$3 ours=() theirs=()
	shift 3
	while [ $# -gt 0 ]; do
		case $1 in
		--collateral) ours+=("$1" "$2") theirs+=("$1" "$2"); shift 2 ;;
		--simulation) ours+=(--insecure-accept-simulation) theirs+=(--root "$sim_root"); shift ;;
		--without-crl) ours+=(--insecure-accept-missing-crl) theirs+=("$1"); shift ;;
		--root) ours+=(--insecure-accept-root "$2") theirs+=("$1" "$2"); shift 2 ;;
		*) ours+=("$1"); shift ;;
		esac
	done
	python3 "$OTHER" --time "$time" "${theirs[@]}" "$quote" >"$WORK/other" 2>&1
	expected=$(head -n 1 "$WORK/other")
	retwine verify --time "$time" "${ours[@]}" --insecure-accept-debug --format=json "$quote"
	python3 -c 'import json,sys
v = json.load(open(sys.argv[1]))
known = v["status"] not in ("Invalid", "Revoked", "ExpiredOrNotYetValid", "MissingCollateral", "NotSupported")
print(v["status"], ",".join(sorted(v.get("advisories", []))) if known else "")' "$WORK/out" >"$WORK/said"
	check "$name" "we say $(cat "$WORK/said"), the other $expected" test "$(sed 's/ *$//' "$WORK/said")" = "${expected%% }"
}
for quote in quote debug outdated withdrawn listed; do
	agrees "simulated: $quote" "$NOW" "$WORK/$quote" --collateral "$SIM" --simulation
done
# Without PCK chains in the collateral, which could stand for the quote's own.
mkdir "$WORK/sim"
cp "$SIM"/*.json "$SIM"/*.crl "$SIM"/tcb-chain.pem "$SIM"/pck-ca-chain.pem "$WORK/sim"
for at in 30 112 300 440 600 900 1100 2000 4000; do
	cp "$WORK/quote" "$WORK/damaged"
	printf '\xa5' | dd of="$WORK/damaged" bs=1 seek="$at" conv=notrunc status=none
	agrees "simulated, byte $at changed" "$NOW" "$WORK/damaged" --collateral "$WORK/sim" --simulation
	check "simulated, byte $at changed" "the other accepts it" test "$expected" = Invalid
done

if [ ! -d "$SHARED" ]; then
	echo "no $SHARED: real quotes are not tried" >&2
	finish
fi

Q=$SHARED
root_pem=$Q/common/Intel_SGX_Root_CA_2018-05-21_44a0196b.pem
old=(--collateral "$root_pem" --collateral "$Q/common/Intel_SGX_TCB_Signing_2018-05-21_ec37d981.pem")
phala=$Q/phala-dcap-qvl
sed -n 1p "$Q/automata-dcap/godcap_sample_quotes.hex" >"$WORK/god1"
sed -n 2p "$Q/automata-dcap/godcap_sample_quotes.hex" >"$WORK/god2"
# around NAME FROM TO QUOTE ARGUMENT...: at both ends of its window, and one second outside.
around() {
	local name=$1 from to
	from=$(date -u -d "$2" +%s)
	to=$(date -u -d "$3" +%s)
	shift 3
	for t in $((from - 1)) "$from" "$to" $((to + 1)); do
		agrees "$name at $t" "$t" "$@"
	done
}
around "phala sgx" 2025-06-19T10:56:11Z 2025-07-19T10:01:18Z "$phala/sgx_quote" --collateral "$phala/sgx_quote_collateral.json"
around "phala tdx" 2025-06-19T10:32:27Z 2025-07-19T10:00:35Z "$phala/tdx_quote" --collateral "$phala/tdx_quote_collateral.json"
around "phala outdated" 2026-02-18T10:58:51Z 2026-03-20T10:41:15Z "$phala/tdx_quote_outdated" \
	--collateral "$phala/tdx_quote_outdated_collateral.json"
agrees "phala tappd" 1750500000 "$phala/quote-from-tappd.hex" --collateral "$phala/tdx_quote_collateral.json"
agrees "phala 0x" 1750500000 "$phala/tdx-quote.hex" --collateral "$phala/tdx_quote_collateral.json"
o=$Q/oasis-core
sgx=(--collateral "$o/tcb_info_v3_fmspc_00606A000000.json" --collateral "$o/qe_identity_v2.json" --without-crl)
agrees "oasis v3" 1671497404 "$o/quote_v3_ecdsa_p256_pck_chain.bin" "${sgx[@]}" \
	--collateral "$o/tcb_info_v3_fmspc_00606A000000_certs.pem"
agrees "oasis v3, bad signer" 1671497404 "$o/quote_v3_ecdsa_p256_pck_chain.bin" "${sgx[@]}" \
	--collateral "$o/tcb_info_v3_fmspc_00606A000000_certs_bad.pem"
agrees "oasis v3, later" 1756000000 "$o/quote_v3_ecdsa_p256_pck_chain.bin" --collateral "$Q/automata-dcap/0825" \
	--collateral "$Q/common"
agrees "oasis v3, without a chain" 1671497404 "$o/quote_v3_ecdsa_p256_eppid.bin" "${sgx[@]}" "${old[@]}"
tdx2=(--collateral "$o/tcb_info_v3_tdx_fmspc_C0806F000000.json" --collateral "$o/qe_identity_v2_tdx2.json" --without-crl)
agrees "oasis v4" 1725263032 "$o/quote_v4_tdx_ecdsa_p256.bin" "${tdx2[@]}" "${old[@]}"
agrees "oasis v4, trailing" 1726900000 "$o/quote_v4_tdx_ecdsa_p256_trailing.bin" "${tdx2[@]}" "${old[@]}"
agrees "oasis v4, old" 1687500000 "$o/quote_v4_tdx_ecdsa_p256_out_of_date.bin" --without-crl "${old[@]}" \
	--collateral "$o/tcb_info_v3_tdx_fmspc_50806F000000.json" --collateral "$o/qe_identity_v2_tdx.json"
a=$Q/automata-dcap
around "automata 1" 2025-08-15T05:41:26Z 2025-09-14T04:36:46Z "$WORK/god1" --collateral "$a/0825" --collateral "$root_pem" \
	--collateral "$Q/common/Intel_SGX_TCB_Signing_2025-05-06_c0575e76.pem" \
	--collateral "$Q/common/root_ca_crl_2025-03-20_2026-04-03.der"
agrees "automata 1, TCB info v2" 1750500000 "$WORK/god1" --collateral "$a/0625" --collateral "$Q/common"
agrees "automata 2" 1750500000 "$WORK/god2" --collateral "$a/0625" --collateral "$Q/common"
agrees "alibaba" 1750500000 "$a/quotes/alibaba_quote_5.dat" --collateral "$a/0625" --collateral "$Q/common"
agrees "alibaba, hex" 1750500000 "$a/quotes/alibaba_quote_5.hex" --collateral "$a/0625" --collateral "$Q/common"
agrees "alibaba, later" 1772000000 "$a/quotes/alibaba_quote_5.dat" --collateral "$phala/tdx_quote_outdated_collateral.json" \
	--collateral "$Q/go-tdx-guest/sample_tcbinfo_response_v5"
agrees "automata tdx 5" 1750500000 "$a/quotes/tdx_quote_5.dat" --collateral "$a/0625" --collateral "$Q/common"
agrees "go-tdx v5" 1772000000 "$Q/go-tdx-guest/quote_v5_sample.dat" --collateral "$phala/tdx_quote_outdated_collateral.json"
agrees "go-tdx v4" 1688173200 "$Q/go-tdx-guest/tdx_prod_quote_SPR_E4.dat" --collateral "$Q/go-tdx-guest" "${old[@]}"
i=$Q/intel-qvl-sample
agrees "Intel's sample, an unknown root" 1600000000 "$i/quote.dat" --collateral "$i"
i_root=$(openssl x509 -in "$i/trustedRootCaCert.pem" -outform der | sha256sum | cut -c 1-64)
agrees "Intel's sample, its root" 1600000000 "$i/quote.dat" --collateral "$i" --root "$i_root"
i_root=$(openssl x509 -in "$i/tdx/trustedRootCaCert.pem" -outform der | sha256sum | cut -c 1-64)
agrees "Intel's TDX sample, its root" 1700000000 "$i/tdx/quote.dat" --collateral "$i/tdx" --root "$i_root"

# ---- SEV-SNP -------------------------------------------------------------------------------------------
verified "a Milan" Verified accepted --time 1750000000 --collateral "$Q/virtee-sev" --insecure-accept-missing-crl \
	"$Q/virtee-sev/report_milan.hex"
verified "a Milan without a list" MissingCollateral refused --time 1750000000 --collateral "$Q/virtee-sev" \
	"$Q/virtee-sev/report_milan.hex"
reason "a Milan without a list" SEV_CRL_MISSING
verified "a Milan of another measurement" Verified refused --time 1750000000 --collateral "$Q/virtee-sev" \
	--insecure-accept-missing-crl --measurement "$(hex 0 96)" "$Q/virtee-sev/report_milan.hex"
verified "a Milan of a TD's RTMR" Verified refused --time 1750000000 --collateral "$Q/virtee-sev" \
	--insecure-accept-missing-crl --rtmr1 "$(hex 0 96)" "$Q/virtee-sev/report_milan.hex"
reason "a Milan of a TD's RTMR" POLICY_KIND
td=(--time 1750500000 --collateral "$a/0625" --collateral "$Q/common")
td_quote=$a/quotes/alibaba_quote_5.dat
retwine verify "${td[@]}" "$td_quote"
asked=()
for register in rtmr0 rtmr1 rtmr2 rtmr3 mr_config_id mr_owner; do
	asked+=("--${register//_/}" "$(sed -n "s/^  $register: //p" "$WORK/out")")
done
verified "a TD with all its registers" UpToDate accepted "${td[@]}" "${asked[@]}" "$td_quote"
for i in 1 3 5 7 9 11; do
	other=("${asked[@]}")
	other[i]=${other[i]:2}a7
	verified "a TD with another ${other[i - 1]}" UpToDate refused "${td[@]}" "${other[@]}" "$td_quote"
done
verified "a Milan with debug" Verified refused --time 1750000000 --collateral "$Q/go-sev-guest" \
	--insecure-accept-missing-crl "$Q/go-sev-guest/attestation.bin"
reason "a Milan with debug" SEV_DEBUG
verified "a Milan too late" ExpiredOrNotYetValid refused --time 1910000000 --collateral "$Q/virtee-sev" \
	--insecure-accept-missing-crl "$Q/virtee-sev/report_milan.hex"

# ---- a service of collateral ---------------------------------------------------------------------------
server=
stop() {
	[ -z "$server" ] || kill "$server" 2>/dev/null
	server=
}
trap 'stop; [ "$BASHPID" = "$$" ] && chmod -R u+w "$WORK" && rm -rf "$WORK"' EXIT
# serve ARGUMENT...: starts it; sets $port.
serve() {
	rm -f "$WORK/pccs/port"
	timeout 300 python3 test/attest/fake_pccs.py "$WORK/pccs" "$@" &
	server=$!
	for _ in $(seq 100); do
		[ -s "$WORK/pccs/port" ] && break
		sleep 0.05
	done
	port=$(cat "$WORK/pccs/port")
}
mkdir "$WORK/pccs"
# answers VARIANT: what the service says; all is right but for the variant.
answers() {
	python3 - "$phala/sgx_quote_collateral.json" "$WORK/pccs" "$1" <<-'END'
		import json, sys
		c, out, variant = json.load(open(sys.argv[1])), sys.argv[2], sys.argv[3]
		def put(name, data):
		    open(out + "/" + name, "wb").write(data if isinstance(data, bytes) else data.encode())
		put("tcb.json", '{"tcbInfo":%s,"signature":"%s"}' % (c["tcb_info"], c["tcb_info_signature"]))
		put("qe.json", '{"enclaveIdentity":%s,"signature":"%s"}' % (c["qe_identity"], c["qe_identity_signature"]))
		put("pck.crl", bytes.fromhex(c["pck_crl"]))
		put("root.crl", c["root_ca_crl"])
		put("tcb.pem", c["tcb_info_issuer_chain"]); put("qe.pem", c["qe_identity_issuer_chain"])
		put("pck.pem", c["pck_crl_issuer_chain"])
		v4 = "/sgx/certification/v4/"
		tcb = v4 + "tcb?fmspc=00A067110000"
		a = {tcb: {"file": "tcb.json", "headers": {"TCB-Info-Issuer-Chain": "@tcb.pem"}},
		     v4 + "qe/identity": {"file": "qe.json", "headers": {"SGX-Enclave-Identity-Issuer-Chain": "@qe.pem"}},
		     v4 + "pckcrl?ca=processor&encoding=der": {"file": "pck.crl", "headers": {"SGX-PCK-CRL-Issuer-Chain": "@pck.pem"}},
		     v4 + "rootcacrl": {"file": "root.crl"}}
		if variant == "missing": del a[tcb]
		if variant == "redirect": a[tcb] = {"status": 302, "headers": {"Location": "file:///etc/passwd"}}
		if variant == "elsewhere":
		    a["/elsewhere"] = a[tcb]
		    a[tcb] = {"status": 302, "headers": {"Location": "/elsewhere"}}
		if variant == "status": a[tcb]["status"] = 500
		if variant == "large": a[tcb]["repeat"] = 1000
		if variant == "headers": a[tcb]["headers"]["X-Filling"] = "x" * 60000; a[tcb]["headers"]["X-More"] = "x" * 60000
		if variant == "nonsense": a[tcb] = {"file": "answers.json"}
		if variant == "chain":
		    for b in a.values():
		        b["headers"] = {n: "-----BEGIN%zz" for n in b.get("headers", {})}
		json.dump(a, open(out + "/answers.json", "w"))
	END
}
forget() { rm -rf "$WORK/cache/retwine"; : >"$WORK/pccs/log"; }
real=(--time 1750500000 --insecure-accept-status ConfigurationAndSWHardeningNeeded)
answers right
serve
http=("${real[@]}" --pccs-url "http://127.0.0.1:$port" --insecure-accept-http-collateral)
forget
verified "collateral of a service" ConfigurationAndSWHardeningNeeded accepted "${http[@]}" "$phala/sgx_quote"
check "collateral of a service" "it asked otherwise" test "$(sort "$WORK/pccs/log" | wc -l)" -eq 4
# It expired by now, so that nothing is kept: asked again, it is fetched again.
verified "what expired is not kept" ConfigurationAndSWHardeningNeeded accepted "${http[@]}" "$phala/sgx_quote"
check "what expired is not kept" "$(wc -l <"$WORK/pccs/log") requests" test "$(wc -l <"$WORK/pccs/log")" -gt 4
# bad VARIANT PATTERN
bad() {
	answers "$1"
	forget
	wrong "a service: $1" 125 "$2" "${http[@]}" "$phala/sgx_quote"
}
bad missing "status 404"
bad status "status 500"
bad redirect "status 302"
bad elsewhere "status 302"
bad large "longer than a MiB"
bad headers "longer than 64 KiB"
bad nonsense "no collateral"
answers chain
forget
verified "a service: no chains" MissingCollateral refused "${http[@]}" "$phala/sgx_quote"
answers right
wrong "plain http not by name" 2 "https" "${real[@]}" --pccs-url "http://127.0.0.1:$port" "$phala/sgx_quote"
wrong "another scheme" 2 "https" "${real[@]}" --pccs-url "file:///etc" --insecure-accept-http-collateral "$phala/sgx_quote"
verified "offline" MissingCollateral refused "${http[@]}" --offline "$phala/sgx_quote"
stop
wrong "no service" 125 "cannot fetch" "${http[@]}" "$phala/sgx_quote"

# Over TLS, with an authority of its own, and what is kept.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$WORK/tls.key" -out "$WORK/tls.pem" \
	-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -days 2 2>/dev/null
serve --tls "$WORK/tls.pem" "$WORK/tls.key"
https=("${real[@]}" --pccs-url "https://127.0.0.1:$port")
forget
verified "over TLS" ConfigurationAndSWHardeningNeeded accepted "${https[@]}" --ca-file "$WORK/tls.pem" "$phala/sgx_quote"
wrong "a server that nobody vouches for" 125 "cannot fetch" "${https[@]}" "$phala/sgx_quote"
# A report of a synthetic Milan (test/attest/make_sev.sh), whose ARK has a list.
python3 - "$WORK/pccs" test/attest/sev <<-'END'
	import json, shutil, struct, subprocess, sys
	out, made = sys.argv[1:]
	def report(name, version=3, key=0, vmpl=0, chip=bytes(range(1, 65))):
	    r = bytearray(1184)
	    tcb = bytes([2, 0, 0, 0, 0, 0, 5, 68])
	    struct.pack_into("<IIQ", r, 0, version, 7, 0x30000)
	    struct.pack_into("<II", r, 0x30, vmpl, 1)
	    r[0x48] = key << 2
	    for at in (0x38, 0x180, 0x1e0, 0x1f0): r[at:at + 8] = tcb
	    if version > 2: r[0x188:0x18a] = bytes([0x19, 0x01])
	    r[0x1a0:0x1e0] = chip
	    sign = ["openssl", "dgst", "-sha384", "-sign", made + "/key.pem"]
	    der = subprocess.run(sign, input=bytes(r[:0x2a0]), capture_output=True, check=True).stdout
	    n = der[3]
	    r[0x2a0:0x2e8] = int.from_bytes(der[4:4 + n], "big").to_bytes(72, "little")
	    r[0x2e8:0x330] = int.from_bytes(der[6 + n:], "big").to_bytes(72, "little")
	    open(out + "/" + name, "wb").write(r)
	    return bytes(r)
	r = report("report")
	report("report_2", version=2)
	report("report_vlek", key=1)
	report("report_vmpl", vmpl=2)
	report("report_masked", chip=bytes(64))
	answer = struct.pack("<II", 0, 1184) + bytes(24) + r
	open(out + "/answer", "wb").write(answer.ljust(4000, b"\0"))
	open(out + "/answer_failed", "wb").write(b"\x16" + answer[1:].ljust(3999, b"\0"))
	open(out + "/answer_dirty", "wb").write(answer[:31] + b"\1" + answer[32:].ljust(3968, b"\0"))
	for name in ("vcek.der", "crl.der"): shutil.copy(made + "/" + name, out)
	with open(out + "/chain", "wb") as f:
	    for name in ("ask.der", "ark.der"): f.write(open(made + "/" + name, "rb").read())
	url = "/vcek/v1/Milan/%s?blSPL=02&teeSPL=00&snpSPL=05&ucodeSPL=68" % bytes(range(1, 65)).hex()
	json.dump({url: {"file": "vcek.der"}, "/vcek/v1/Milan/cert_chain": {"file": "chain"},
	           "/vcek/v1/Milan/crl": {"file": "crl.der"}}, open(out + "/answers.json", "w"))
END
report=$WORK/pccs/report
forget
kds=(--time 1750000000 --kds-url "https://127.0.0.1:$port" --ca-file "$WORK/tls.pem"
	--insecure-accept-root "$(sha256sum test/attest/sev/ark.der | cut -c 1-64)")
verified "AMD's service" Verified accepted "${kds[@]}" "$report"
asked=$(wc -l <"$WORK/pccs/log")
check "AMD's service" "$asked requests" test "$asked" -eq 3
verified "what was kept" Verified accepted "${kds[@]}" "$report"
check "what was kept" "it was fetched again" test "$(wc -l <"$WORK/pccs/log")" -eq "$asked"
check "what was kept" "others can read it" test -z "$(find "$WORK/cache/retwine" -maxdepth 0 -perm /077)"
verified "what was kept, offline" Verified accepted "${kds[@]}" --offline "$report"
verified "what is new is asked for" ExpiredOrNotYetValid refused "${kds[@]}" --max-collateral-age 1h --offline \
	--time 2600000000 "$report"
verified "an old list is refused" Verified refused "${kds[@]}" --max-collateral-age 24h --offline "$report"
verified "what is new is fetched" Verified accepted "${kds[@]}" --max-collateral-age 20000h "$report"
check "what is new is fetched" "it was not" test "$(wc -l <"$WORK/pccs/log")" -eq $((asked + 3))
asked=$((asked + 3))
verified "another root" Invalid refused "${kds[@]:0:6}" "$report"
# What is given instead of fetched: the layouts that AMD's service and other tools write.
made=test/attest/sev
pem() { for f in "$@"; do openssl x509 -inform DER -in "$made/$f.der"; done; }
given=(--time 1750000000 "${kds[@]: -2}")
mkdir "$WORK/given" "$WORK/vlek"
pem vcek >"$WORK/given/vcek.pem"
pem ask >"$WORK/given/ask.pem"
pem ark >"$WORK/given/ark.pem"
cp "$made/crl.der" "$WORK/given"
verified "certificates in files of their own" Verified accepted "${given[@]}" --collateral "$WORK/given" "$report"
pem ark vcek ask >"$WORK/all.pem"
verified "certificates in one file" Verified accepted "${given[@]}" --collateral "$WORK/all.pem" --collateral "$made/crl.der" \
	"$report"
pem vlek >"$WORK/vlek/vlek.pem"
pem asvk ark >"$WORK/vlek/chain.pem"
cp "$made/crl.der" "$WORK/vlek"
verified "a provider's key" Verified accepted "${given[@]}" --collateral "$WORK/vlek" "$WORK/pccs/report_vlek"
verified "a provider's key and a chip's" Verified accepted "${given[@]}" --collateral "$WORK/given" --collateral "$WORK/vlek" \
	"$WORK/pccs/report_vlek"
check "a provider's key and a chip's" "it says another" grep -q "signing_key: VLEK" "$WORK/out"
check "a provider's key and a chip's" "it has a PPID" test -z "$(grep -i ppid "$WORK/out")"
verified "another's chain" Invalid refused "${given[@]}" --collateral "$WORK/given" "$WORK/pccs/report_vlek"
reason "another's chain" SEV_KEY_KIND
verified "a chip that is masked" Verified accepted "${given[@]}" --collateral "$WORK/given" "$WORK/pccs/report_masked"
check "a chip that is masked" "it does not say so" grep -q "chip_masked: yes" "$WORK/out"
verified "nobody knows whose certificate to fetch" MissingCollateral refused "${kds[@]}" "$WORK/pccs/report_masked"
reason "nobody knows whose certificate to fetch" SEV_KEY_MISSING
# What may be asked of such a guest.
of_guest=("${given[@]}" --collateral "$WORK/given")
verified "no older than asked for" Verified accepted "${of_guest[@]}" --sev-tcb bootloader=2,tee=0,snp=5,microcode=68 \
	--guest-svn 7 --vmpl 0 "$report"
verified "older microcode" Verified refused "${of_guest[@]}" --sev-tcb microcode=69 "$report"
reason "older microcode" SEV_TCB_FLOOR
verified "an FMC before Turin" Verified refused "${of_guest[@]}" --sev-tcb fmc=1 "$report"
reason "an FMC before Turin" SEV_TCB_FLOOR
verified "an older guest" Verified refused "${of_guest[@]}" --guest-svn 8 "$report"
reason "an older guest" SEV_GUEST_SVN
verified "beside another thread" Verified refused "${of_guest[@]}" --refuse-smt "$report"
reason "beside another thread" SEV_SMT
verified "a lower level" Verified refused "${of_guest[@]}" "$WORK/pccs/report_vmpl"
reason "a lower level" SEV_VMPL
verified "a lower level, but not so low" Verified refused "${of_guest[@]}" --vmpl 1 "$WORK/pccs/report_vmpl"
verified "a lower level that is asked for" Verified accepted "${of_guest[@]}" --vmpl 2 "$WORK/pccs/report_vmpl"
verified "an enclave has none of it" UpToDate refused "${sim[@]}" --sev-tcb snp=1 "$WORK/quote"
reason "an enclave has none of it" POLICY_KIND
wrong "a level that is none" 2 "vmpl" --vmpl 4 "$report"
wrong "a version that is none" 2 "sev-tcb" --sev-tcb firmware=1 "$report"
# Of other sizes: what /dev/sev-guest answered, whole; what was cut off or padded.
verified "the answer of the device" Verified accepted "${given[@]}" --collateral "$WORK/given" "$WORK/pccs/answer"
verified "an answer that failed" Invalid refused "${given[@]}" --collateral "$WORK/given" "$WORK/pccs/answer_failed"
verified "an answer of another form" Invalid refused "${given[@]}" --collateral "$WORK/given" "$WORK/pccs/answer_dirty"
head -c 1180 "$report" >"$WORK/cut"
verified "a report that was cut off" Invalid refused "${given[@]}" --collateral "$WORK/given" "$WORK/cut"
reason "a report that was cut off" SEV_SIZE
(cat "$report" && head -c 2816 /dev/zero) >"$WORK/padded"
verified "a report with something behind it" Invalid refused "${given[@]}" --collateral "$WORK/given" "$WORK/padded"
reason "a report with something behind it" SEV_SIZE
# A report before version 3 may be of Milan or Genoa: this service knows Genoa alone.
mv "$WORK/pccs/answers.json" "$WORK/answers.json"
sed "s/Milan/Genoa/g" "$WORK/answers.json" >"$WORK/pccs/answers.json"
forget
verified "a report that does not say its product" Verified accepted "${kds[@]}" "$WORK/pccs/report_2"
verified "the same, offline" Verified accepted "${kds[@]}" --offline "$WORK/pccs/report_2"
mv "$WORK/answers.json" "$WORK/pccs/answers.json"
forget
verified "nothing kept, offline" MissingCollateral refused "${kds[@]}" --offline "$WORK/pccs/report_2"
reason "nothing kept, offline" SEV_KEY_MISSING
verified "AMD's service again" Verified accepted "${kds[@]}" "$report"
asked=$(wc -l <"$WORK/pccs/log")
for f in "$WORK"/cache/retwine/collateral-*; do
	printf '\xff' | dd of="$f" bs=1 seek=60 conv=notrunc status=none
done
verified "what was kept and damaged" Verified accepted "${kds[@]}" "$report"
check "what was kept and damaged" "it was believed" test "$(wc -l <"$WORK/pccs/log")" -gt "$asked"
stop
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$WORK/tls.key" -out "$WORK/tls.pem" \
	-subj /CN=elsewhere -addext subjectAltName=DNS:elsewhere -days 2 2>/dev/null
serve --tls "$WORK/tls.pem" "$WORK/tls.key"
forget
wrong "a server of another name" 125 "cannot fetch" --time 1750000000 --kds-url "https://127.0.0.1:$port" \
	--ca-file "$WORK/tls.pem" "$report"
stop
finish
