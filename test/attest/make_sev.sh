#!/bin/bash
# Makes the certificates and lists of test/attest/sev: a synthetic ARK, ASK and ASVK, keys of chips and of a provider, and
# what is wrong with each in one respect. Keys are fresh at each run; only that of the reports is kept (key.pem): the
# tests sign with it. Needs openssl 3. Usage: test/attest/make_sev.sh [FOLDER]
set -eu
out=$(realpath "${1:-$(dirname "$0")/sev}")
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
pss=(-md sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:48)
org="/OU=Engineering/C=US/L=Santa Clara/ST=CA/O=Advanced Micro Devices"
ca=$'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n'

for name in ark ask asvk other; do
	openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:4096 -out $name.key
done
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out small.key
openssl ecparam -name secp384r1 -genkey -noout -out key.pem
openssl ecparam -name prime256v1 -genkey -noout -out p256.key

# certificate NAME SUBJECT-CN KEY ISSUER (a certificate's name, or "self") SERIAL EXTENSIONS [BEGIN [END]]
# A name that begins with _ is not kept. OPTIONS: how it is signed.
certificate() {
	local name=$1 cn=$2 key=$3 issuer=$4 serial=$5 begin=${7:-20200101000000Z} end=${8:-20491231235959Z}
	printf '%s' "$6" >"$name.ext"
	openssl req -new -key "$key" -subj "$org/CN=$cn" -out "$name.csr"
	mkdir -p "$name.ca"
	: >"$name.ca/index"
	echo "$serial" >"$name.ca/serial"
	cat >"$name.cnf" <<-END
		[ca]
		default_ca=c
		[c]
		database=$name.ca/index
		new_certs_dir=$name.ca
		serial=$name.ca/serial
		policy=p
		unique_subject=no
		email_in_dn=no
		default_md=sha384
		[p]
		OU=optional
		C=optional
		L=optional
		ST=optional
		O=optional
		CN=supplied
	END
	local by=(-selfsign -keyfile "$key")
	[ "$issuer" = self ] || by=(-cert "$issuer.pem" -keyfile "$issuer.key")
	[ "$key" = "$name.key" ] || cp "$key" "$name.key"
	openssl ca -batch -notext -config "$name.cnf" -preserveDN "${by[@]}" -in "$name.csr" -extfile "$name.ext" \
		-startdate "$begin" -enddate "$end" "${OPTIONS[@]}" -out "$name.pem" 2>"$name.log" || {
		cat "$name.log" >&2
		exit 1
	}
	[ "${name#_}" != "$name" ] || openssl x509 -in "$name.pem" -outform DER -out "$out/$name.der"
}
OPTIONS=("${pss[@]}")

# spl N...: boot loader, TEE, SNP, microcode, [FMC]; then the reserved ones.
spl() {
	local a=1.3.6.1.4.1.3704.1.3
	printf '%s=ASN1:INT:%s\n' $a.1 "$1" $a.2 "$2" $a.3 "$3" $a.8 "$4" $a.4 0 $a.5 0 $a.6 0 $a.7 0
	[ -z "${5:-}" ] || printf '%s=ASN1:INT:%s\n' $a.9 "$5"
}
product() { echo "1.3.6.1.4.1.3704.1.2=ASN1:IA5:$1"; }
hardware() { echo "1.3.6.1.4.1.3704.1.4=DER:$1"; }
version="1.3.6.1.4.1.3704.1.1=ASN1:INT:0"
chip=$(for i in $(seq 64); do printf '%02x' "$i"; done)
# all PRODUCT CHIP SPL...: the extensions of a VCEK.
all() {
	local p=$1 c=$2
	shift 2
	echo "$version"
	product "$p"
	spl "$@"
	hardware "$c"
}
good=$(all Milan-B0 "$chip" 2 0 5 68)

# ---- authorities ----
certificate ark ARK-Milan ark.key self 00010000 "$ca"
certificate ask SEV-Milan ask.key ark 00010001 "$ca"
certificate asvk SEV-VLEK-Milan asvk.key ark 00010002 "$ca"
certificate ark_turin ARK-Turin ark.key self 00010000 "$ca"
certificate ask_turin SEV-Turin ask.key ark_turin 00010001 "$ca"
certificate ask_name SEV-Genoa ask.key ark 00010001 "$ca"
certificate ask_plain SEV-Milan ask.key ark 00010001 $'basicConstraints=critical,CA:FALSE\n'
certificate ask_usage SEV-Milan ask.key ark 00010001 $'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature\n'
certificate ask_small SEV-Milan small.key ark 00010001 "$ca"
certificate ask_expired SEV-Milan ask.key ark 00010001 "$ca" 20200101000000Z 20240101000000Z
certificate _ark ARK-Milan other.key self 00010000 "$ca"
certificate _ask SEV-Milan other.key self 00010001 "$ca"
certificate _asvk SEV-VLEK-Milan ask.key self 00010001 "$ca"
certificate ask_forged SEV-Milan ask.key _ark 00010001 "$ca"
OPTIONS=(-md sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32)
certificate ask_sha256 SEV-Milan ask.key ark 00010001 "$ca"
OPTIONS=(-md sha384)
certificate ask_pkcs1 SEV-Milan ask.key ark 00010001 "$ca"
OPTIONS=("${pss[@]}")

# ---- keys: vcek is good, the others are wrong in one respect ----
vcek() {
	certificate "$1" SEV-VCEK key.pem ask 00 "$2" "${@:3}"
}
vcek vcek "$good" 20220101000000Z 20290101000000Z
vcek vcek_other_chip "$(all Milan-B0 "${chip/0102/0202}" 2 0 5 68)"
vcek vcek_other_tcb "$(all Milan-B0 "$chip" 2 0 5 69)"
vcek vcek_genoa "$(all Genoa-B1 "$chip" 2 0 5 68)"
vcek vcek_unknown "$(all Naples "$chip" 2 0 5 68)"
vcek vcek_prefix "$(all Milano "$chip" 2 0 5 68)"
vcek vcek_short_chip "$(all Milan-B0 "${chip:0:126}" 2 0 5 68)"
vcek vcek_long_chip "$(all Milan-B0 "${chip}41" 2 0 5 68)"
vcek vcek_no_microcode "$(all Milan-B0 "$chip" 2 0 5 68 | grep -v '3\.8=')"
vcek vcek_no_product "$(all Milan-B0 "$chip" 2 0 5 68 | grep -v '1\.2=')"
vcek vcek_no_chip "$(all Milan-B0 "$chip" 2 0 5 68 | grep -v '1\.4=')"
vcek vcek_reserved "$(all Milan-B0 "$chip" 2 0 5 68 | sed 's/3\.5=ASN1:INT:0/3.5=ASN1:INT:1/')"
vcek vcek_large_spl "$(all Milan-B0 "$chip" 2 0 5 256)"
vcek vcek_both "$good
1.3.6.1.4.1.3704.1.5=ASN1:IA5:provider"
vcek vcek_ca "$good
basicConstraints=critical,CA:TRUE"
certificate vcek_name SEV-VCEX key.pem ask 00 "$good"
certificate vcek_p256 SEV-VCEK p256.key ask 00 "$good"
certificate vcek_forged SEV-VCEK key.pem _ask 00 "$good"
certificate vcek_issuer SEV-VCEK key.pem _asvk 00 "$good"
OPTIONS=(-md sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32)
vcek vcek_salt "$good"
OPTIONS=("${pss[@]}")
certificate vlek SEV-VLEK key.pem asvk 00 "$(all Milan-B0 "$chip" 2 0 5 68 | grep -v '1\.4=')
1.3.6.1.4.1.3704.1.5=ASN1:IA5:provider"
certificate vcek_turin SEV-VCEK key.pem ask_turin 00 "$(all Turin "${chip:0:16}" 2 0 5 68 1)"

# ---- lists: crl NAME ISSUER KEY [SERIAL] ----
crl() {
	local dir=$1.ca
	mkdir -p "$dir"
	: >"$dir/index"
	[ -z "${4:-}" ] || printf 'R\t491231235959Z\t%s\t%s\tunknown\t/CN=x\n' "${REVOKED:-240101000000Z}" "$4" >"$dir/index"
	echo 01 >"$dir/crlnumber"
	printf '[ca]\ndefault_ca=c\n[c]\ndatabase=%s/index\ncrlnumber=%s/crlnumber\ndefault_md=sha384\n' "$dir" "$dir" >"$1.cnf"
	openssl ca -gencrl -config "$1.cnf" -cert "$2.pem" -keyfile "$3" -crl_lastupdate "${BEGIN:-20240101000000Z}" \
		-crl_nextupdate "${END:-20491231235959Z}" "${OPTIONS[@]}" -out "$1.pem" 2>"$1.log" || {
		cat "$1.log" >&2
		exit 1
	}
	openssl crl -in "$1.pem" -outform DER -out "$out/$1.der"
}
crl crl ark ark.key
crl crl_turin ark_turin ark.key
crl crl_ask ark ark.key 010001
crl crl_ark ark ark.key 010000
REVOKED=481231235959Z crl crl_later ark ark.key 010001
crl crl_issuer ask ask.key
crl crl_forged _ark other.key
BEGIN=20230101000000Z END=20250101000000Z crl crl_expired ark ark.key
OPTIONS=(-md sha384)
crl crl_pkcs1 ark ark.key
cp key.pem "$out/key.pem"
