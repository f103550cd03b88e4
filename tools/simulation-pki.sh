#!/bin/bash
# Makes the public key infrastructure "Retwine Simulation" (host/quoting/simulation/): keys, certificates, revocation lists,
# TCB info and QE identity, in the formats of Intel's. The keys are public: everybody may sign with them.
# Keys and root that are there are kept, so that running it again changes serial numbers and signatures alone (those of
# ECDSA are random).
# Usage: tools/simulation-pki.sh [DIRECTORY]     needs openssl 3.0
set -euo pipefail
dir=${1:-$(dirname "$0")/../host/quoting/simulation}
mkdir -p "$dir"
cd "$dir"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

start=20250101000000Z
end=20491231235959Z
json_start=2025-01-01T00:00:00Z
json_end=2049-12-31T23:59:59Z
fmspc=525753494D00 # "RWSIM"
pce_id=0000

sha256_text() {
	printf %s "$1" | openssl dgst -sha256 -r | cut -d' ' -f1 | tr a-f A-F
}

key() {
	[ -f "$1.key.pem" ] ||
		openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:named_curve -out "$1.key.pem"
}

# tcb COMPONENT1 PCESVN: the SGX extension of a PCK certificate (1.2.840.113741.1.13.1), as openssl's ASN.1 text.
tcb() {
	local i
	cat <<EOF
sgx = ASN1:SEQUENCE:sgx
[sgx]
ppid = SEQUENCE:ppid
tcb = SEQUENCE:tcb
pceid = SEQUENCE:pceid
fmspc = SEQUENCE:fmspc
type = SEQUENCE:type
[ppid]
oid = OID:1.2.840.113741.1.13.1.1
value = FORMAT:HEX,OCT:$(sha256_text "Retwine Simulation PPID" | cut -c1-32)
[pceid]
oid = OID:1.2.840.113741.1.13.1.3
value = FORMAT:HEX,OCT:$pce_id
[fmspc]
oid = OID:1.2.840.113741.1.13.1.4
value = FORMAT:HEX,OCT:$fmspc
[type]
oid = OID:1.2.840.113741.1.13.1.5
value = ENUM:0
[tcb]
oid = OID:1.2.840.113741.1.13.1.2
values = SEQUENCE:tcb_values
[tcb_values]
EOF
	for i in $(seq 1 18); do echo "v$i = SEQUENCE:tcb_$i"; done
	for i in $(seq 1 16); do
		printf '[tcb_%d]\noid = OID:1.2.840.113741.1.13.1.2.%d\nvalue = INT:%d\n' "$i" "$i" "$((i == 1 ? $1 : 0))"
	done
	printf '[tcb_17]\noid = OID:1.2.840.113741.1.13.1.2.17\nvalue = INT:%d\n' "$2"
	printf '[tcb_18]\noid = OID:1.2.840.113741.1.13.1.2.18\nvalue = FORMAT:HEX,OCT:%02X%030d\n' "$1" 0
}

# settings ISSUER EXTENSIONS...: a configuration of `openssl ca`; more sections come by standard input.
settings() {
	local issuer=$1
	shift
	: >"$work/$issuer.index"
	[ -f "$work/$issuer.number" ] || echo 01 >"$work/$issuer.number"
	cat <<EOF
oid_section = oids
[oids]
sgx = 1.2.840.113741.1.13.1
[ca]
default_ca = $issuer
[$issuer]
database = $work/$issuer.index
new_certs_dir = $work
rand_serial = yes
default_md = sha256
crlnumber = $work/$issuer.number
unique_subject = no
policy = policy
[policy]
commonName = supplied
organizationName = supplied
[crl]
authorityKeyIdentifier = keyid:always
[extensions]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
crlDistributionPoints = URI:https://retwine.invalid/simulation/$issuer.crl
EOF
	printf '%s\n' "$@"
	cat
}

# certificate NAME SUBJECT ISSUER KEY EXTENSIONS... <MORE
certificate() {
	local name=$1 subject=$2 issuer=$3 from=$4
	shift 4
	settings "$issuer" "$@" >"$work/config"
	openssl req -new -key "$from.key.pem" -subj "/O=Retwine Simulation/CN=$subject" -out "$work/request"
	local by=(-cert "$issuer.pem" -keyfile "$issuer.key.pem")
	[ "$name" != "$issuer" ] || by=(-selfsign -keyfile "$issuer.key.pem")
	openssl ca -batch -notext -preserveDN -config "$work/config" -extensions extensions "${by[@]}" -in "$work/request" \
		-startdate $start -enddate $end -out "$name.pem" 2>"$work/log" || { cat "$work/log"; exit 1; }
}

# revocations ISSUER OUT [CERTIFICATE]
revocations() {
	settings "$1" </dev/null >"$work/config"
	local ca=(openssl ca -batch -config "$work/config" -cert "$1.pem" -keyfile "$1.key.pem")
	[ -z "${3:-}" ] || "${ca[@]}" -revoke "$3" 2>"$work/log"
	[ -z "${3:-}" ] || sed -i -E "s/\t[0-9]+Z\t([0-9A-F]+)\t/\t250101000000Z\t\1\t/" "$work/$1.index"
	"${ca[@]}" -gencrl -crlexts crl -crl_lastupdate $start -crl_nextupdate $end -out "$work/crl" 2>"$work/log" ||
		{ cat "$work/log"; exit 1; }
	openssl crl -in "$work/crl" -outform DER -out "$2"
}

for name in root pck-ca pck tcb-signer; do key "$name"; done
# The root is pinned by verifiers: one that is there is kept, as keys are.
[ -f root.pem ] || certificate root "Retwine Simulation Root CA" root root \
	"basicConstraints = critical,CA:TRUE,pathlen:1" "keyUsage = critical,keyCertSign,cRLSign" </dev/null
certificate pck-ca "Retwine Simulation PCK CA" root pck-ca \
	"basicConstraints = critical,CA:TRUE,pathlen:0" "keyUsage = critical,keyCertSign,cRLSign" </dev/null
certificate tcb-signer "Retwine Simulation TCB Signing" root tcb-signer \
	"basicConstraints = critical,CA:FALSE" "keyUsage = critical,digitalSignature,nonRepudiation" </dev/null
# The platform that the simulator is, and three that it could be: name, first component, PCESVN.
while read -r name component pcesvn; do
	tcb "$component" "$pcesvn" >"$work/tcb"
	certificate "$name" "Retwine Simulation PCK Certificate" pck-ca pck \
		"basicConstraints = critical,CA:FALSE" "keyUsage = critical,digitalSignature,nonRepudiation" <"$work/tcb"
done <<EOF
pck-current 1 3
pck-outdated 0 3
pck-withdrawn 0 1
pck-listed 1 3
EOF
revocations root root.crl
revocations pck-ca pck-ca.crl pck-listed.pem

openssl x509 -in root.pem -outform DER -out root.der
# The PCK's private key as 32 bytes, out of the SEC 1 structure.
openssl ec -in pck.key.pem -outform DER 2>"$work/log" | dd bs=1 skip=7 count=32 of=pck.key.bin 2>"$work/log"
for name in current outdated withdrawn listed; do cat "pck-$name.pem" pck-ca.pem root.pem >"pck-$name-chain.pem"; done
cat tcb-signer.pem root.pem >tcb-chain.pem
cat pck-ca.pem root.pem >pck-ca-chain.pem
rm -f pck-current.pem pck-outdated.pem pck-withdrawn.pem pck-listed.pem tcb-signer.pem pck-ca.pem
chmod 644 ./*.pem

# ---- TCB info and QE identity, without line ends: what is signed are these very bytes ------------------------------

# signature FILE: raw r||s in hexadecimal digits.
signature() {
	openssl dgst -sha256 -sign tcb-signer.key.pem "$1" | openssl asn1parse -inform DER |
		sed -n 's/.*INTEGER *://p' | awk '{ n = 64 - length($0); while (n-- > 0) printf "0"; printf "%s", $0 }' | tr A-F a-f
}

# level COMPONENT1 PCESVN STATUS MORE
level() {
	local i list="{\"svn\":$1}"
	for i in $(seq 2 16); do list="$list,{\"svn\":0}"; done
	printf '{"tcb":{"sgxtcbcomponents":[%s],"pcesvn":%d},"tcbDate":"2025-01-01T00:00:00Z","tcbStatus":"%s"%s}' "$list" "$2" "$3" "$4"
}

{
	printf '{"id":"SGX","version":3,"issueDate":"%s","nextUpdate":"%s","fmspc":"%s","pceId":"%s","tcbType":0,' \
		$json_start $json_end $fmspc $pce_id
	printf '"tcbEvaluationDataNumber":1,"tcbLevels":['
	level 1 3 UpToDate ""
	printf ,
	level 0 3 OutOfDate ',"advisoryIDs":["RETWINE-SIM-00001"]'
	printf ,
	level 0 1 Revoked ""
	printf ']}'
} >"$work/tcb-info"
printf '{"tcbInfo":%s,"signature":"%s"}' "$(cat "$work/tcb-info")" "$(signature "$work/tcb-info")" >tcb-info.json

{
	printf '{"id":"QE","version":2,"issueDate":"%s","nextUpdate":"%s","tcbEvaluationDataNumber":1,' $json_start $json_end
	printf '"miscselect":"00000000","miscselectMask":"FFFFFFFF",'
	printf '"attributes":"15000000000000000000000000000000","attributesMask":"FFFFFFFFFFFFFFFF0000000000000000",'
	printf '"mrsigner":"%s","isvprodid":1,"tcbLevels":[' "$(sha256_text "Retwine Simulation")"
	printf '{"tcb":{"isvsvn":2},"tcbDate":"2025-01-01T00:00:00Z","tcbStatus":"UpToDate"},'
	printf '{"tcb":{"isvsvn":1},"tcbDate":"2024-01-01T00:00:00Z","tcbStatus":"OutOfDate"}]}'
} >"$work/qe-identity"
printf '{"enclaveIdentity":%s,"signature":"%s"}' "$(cat "$work/qe-identity")" "$(signature "$work/qe-identity")" >qe-identity.json
