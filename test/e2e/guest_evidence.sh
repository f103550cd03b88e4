#!/bin/bash
# /dev/attestation from inside a program to whoever verifies: what it wrote, what it was started as, and that a
# quote speaks for nothing else.
. "$(dirname "$0")/lib.sh"
GUEST=$GUESTS/attest.wasm
export XDG_CACHE_HOME=$WORK/cache
mkdir "$WORK/cache"

# evidence OUT OPTIONS... -- TEXT NAME...: what the guest copies out, in a file.
evidence() {
	local out=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	run --quiet --attestation "${options[@]}" "$GUEST" "$@"
	check_status "evidence for $out" 0
	cp "$WORK/out" "$WORK/$out"
}

# measured FIELD OPTIONS... -- TEXT NAME...: as it would be started.
measured() {
	local field=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	"$RETWINE" measure --engine interpreter --attestation "${options[@]}" "$GUEST" "$@" | awk -v f="$field:" '$1 == f { print $2 }'
}

padded() {
	printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n' | awk '{ while (length($0) < 128) $0 = $0 "00"; print }'
}

# verified NAME "accepted|refused" ARGUMENT...
verified() {
	local name=$1 expected=$2
	shift 2
	retwine verify --insecure-accept-simulation --offline "$@"
	check "$name" "it says: $(head -n 1 "$WORK/out")" test "$(head -n 1 "$WORK/out")" = "UpToDate: $expected"
}

evidence quote -- "my words" quote
enclave=$(measured mr_enclave -- "my words" quote)
launch=$(measured launch_digest -- "my words" quote)
program=$(measured program_digest -- "my words" quote)
user=$(padded "my words")
all=(--mrenclave "$enclave" --launch-digest "$launch" --program-digest "$program" --user-data)
verified "what it wrote" accepted "${all[@]}" "$user" "$WORK/quote"
verified "other words" refused "${all[@]}" "$(padded "my word")" "$WORK/quote"
verified "the words themselves" refused --mrenclave "$enclave" --report-data "$user" "$WORK/quote"
verified "another program" refused --mrenclave "$enclave" --launch-digest "$launch" --user-data "$user" \
	--program-digest "$launch" "$WORK/quote"

# Another start of the same program says another launch digest, and its claims too.
evidence other --env A=1 -- "my words" quote
verified "another start" refused "${all[@]}" "$user" "$WORK/other"
verified "another start, known" accepted --mrenclave "$enclave" --program-digest "$program" --user-data "$user" \
	--launch-digest "$(measured launch_digest --env A=1 -- "my words" quote)" "$WORK/other"

# Claims are what the report data are the hash of.
evidence claims -- "my words" quote claims
size=$(stat -c %s "$WORK/quote")
tail -c +$((size + 1)) "$WORK/claims" >"$WORK/just_claims"
hash=$(sha256sum "$WORK/just_claims" | cut -c 1-64)
inside=$(od -An -v -tx1 -j $((48 + 320)) -N 64 "$WORK/claims" | tr -d ' \n')
check "claims" "REPORTDATA is not their hash" test "$inside" = "$hash$(printf '%064d' 0)"
check "claims" "the words are not in them" grep -q "my words" "$WORK/just_claims"
check "claims" "the domain is not in them" grep -q "retwine.guest.v1" "$WORK/just_claims"

evidence type -- x attestation_type
check "attestation_type" "it is $(cat "$WORK/type")" test "$(cat "$WORK/type")" = dcap

# Without the option there is nothing; without quotes there is the rest.
run --quiet "$GUEST" x quote
check_status "no such mount" 1
check "no such mount" "it says something else" grep -q "No such file\|Capabilities insufficient\|not capable" "$WORK/err"
run --quiet --attestation --quoting none "$GUEST" x quote
check_status "nobody makes quotes" 1
check "nobody makes quotes" "it says something else" grep -q "quote: Not supported" "$WORK/err"
evidence report --quoting none -- x report
check "report" "its size is $(stat -c %s "$WORK/report")" test "$(stat -c %s "$WORK/report")" -eq 432

retwine measure --attestation --strict --record "$WORK/record" "$GUEST" x
check_status "record" 0
retwine inspect "$WORK/record"
check "inspect" "the mount is not shown" grep -q "guest_path=/dev/attestation kind=attestation trusted=yes" "$WORK/out"
rm -f "$WORK/out"
run --dir "$WORK::/dev/attestation/keys" "$GUEST" x report
check_status "its place is its own" 2
check "its place is its own" "it says something else" grep -q "is a place of evidence and keys" "$WORK/err"
finish
