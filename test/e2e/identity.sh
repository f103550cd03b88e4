#!/bin/bash
# The digests say what a program is: they change with what belongs to it and with nothing else, and
# what `measure` says offline is what runs.
. "$(dirname "$0")/lib.sh"

HELLO=$EXAMPLES/hello.wasm
mkdir "$WORK/one" "$WORK/two"

# measure ARGUMENT...: leaves $program, $launch, $enclave and $signer.
measure() {
	retwine measure "$@"
	check "measure $*" "status is $status" test "$status" -eq 0
	program=$(field program_digest "$WORK/out")
	launch=$(field launch_digest "$WORK/out")
	enclave=$(field mr_enclave "$WORK/out")
	signer=$(field mr_signer "$WORK/out")
	check "measure $*" "a digest is missing" test -n "$program" -a -n "$launch" -a -n "$enclave" \
		-a -n "$signer"
}

# The module's digest is that of its bytes, which anyone can compute.
retwine measure "$HELLO"
check "the module digest" "is not SHA-256 of the file" \
	test "$(field module_digest "$WORK/out")" = "$(sha256sum <"$HELLO" | cut -d ' ' -f 1)"
check "CONFIGID" "is not the launch digest and zeros" grep -Eq \
	"config_id.*$(field launch_digest "$WORK/out")0{64}\$" "$WORK/out"

base=(--env A=1 --dir "$WORK/one::/one" --dir "$WORK/two::/two:ro" "$HELLO" argument)
measure "${base[@]}"
program0=$program launch0=$launch enclave0=$enclave

# same_as_base, differs PROGRAM LAUNCH: whether each digest is as before (same) or not (other).
compare() {
	local name=$1 want_program=$2 want_launch=$3
	shift 3
	measure "$@"
	local have_program=other have_launch=other
	[ "$program" = "$program0" ] && have_program=same
	[ "$launch" = "$launch0" ] && have_launch=same
	check "$name" "program digest: $have_program, must be $want_program" \
		test "$have_program" = "$want_program"
	check "$name" "launch digest: $have_launch, must be $want_launch" \
		test "$have_launch" = "$want_launch"
	check "$name" "MRENCLAVE changed" test "$enclave" = "$enclave0"
}

compare "the same again" same same "${base[@]}"
compare "other order of --dir" same same \
	--dir "$WORK/two::/two:ro" --env A=1 --dir "$WORK/one::/one" "$HELLO" argument
ln -s one "$WORK/alias"
compare "another host path" same same \
	--env A=1 --dir "$WORK/alias::/one" --dir "$WORK/one::/two:ro" "$HELLO" argument
cp "$HELLO" "$WORK/hello.wasm"
compare "the module from another place" same same "${base[@]/$HELLO/$WORK/hello.wasm}"

compare "another argument" same other "${base[@]}" more
compare "another --argv0" same other --argv0 other "${base[@]}"
compare "another value in --env" same other --env A=2 "${base[@]:2}"
compare "one --env more" same other --env B=1 "${base[@]}"
compare "another guest path" other other \
	--env A=1 --dir "$WORK/one::/three" --dir "$WORK/two::/two:ro" "$HELLO" argument
compare "a mount not read-only" other other \
	--env A=1 --dir "$WORK/one::/one" --dir "$WORK/two::/two" "$HELLO" argument
compare "a mount less" other other --env A=1 --dir "$WORK/one::/one" "$HELLO" argument
compare "another limit of memory" other other -W max-memory-size=16M "${base[@]}"
compare "a limit of fuel" other other -W fuel=1000000000 "${base[@]}"
compare "a limit of time" other other -W timeout=2s "${base[@]}"
compare "a limit of threads" other other --max-threads=2 "${base[@]}"
compare "the owner's limit of threads" same same --host-max-threads=2 "${base[@]}"
compare "other diagnostics" other other --diagnostics none "${base[@]}"
compare "fixed arguments" other other --args-policy fixed "${base[@]}"
cp "$HELLO" "$WORK/other.wasm"
printf '\0\3\2ab' >>"$WORK/other.wasm"
compare "the module with a custom section more" other other "${base[@]/$HELLO/$WORK/other.wasm}"

# Two variables: their order is nothing.
measure --env A=1 --env B=2 "$HELLO"
program0=$program launch0=$launch
compare "other order of --env" same same --env B=2 --env A=1 "$HELLO"
B=2 compare "an inherited variable" same same --env B --env A=1 "$HELLO"

# With fixed arguments they are part of the program.
measure --args-policy fixed "$HELLO" one
program0=$program launch0=$launch
compare "fixed: another argument" other other --args-policy fixed "$HELLO" two

# A configuration file means the same as the flags.
measure --env A=1 --dir "$WORK/one::/one" -W max-memory-size=32M "$HELLO" x y
program0=$program launch0=$launch
cat >"$WORK/app.yaml" <<-YAML
	module: $HELLO
	args: [x, "y"]
	env: {A: "1"}
	dir:
	  - $WORK/one::/one
	max-memory-size: 32M
YAML
compare "a configuration file" same same --config "$WORK/app.yaml"

# What runs is what was measured.
measure "${base[@]}"
run --show-identity "${base[@]}"
check_status "run shows its identity" 0
check "run shows its identity" "another program digest" \
	test "$(field program_digest "$WORK/err")" = "$program"
check "run shows its identity" "another launch digest" \
	test "$(field launch_digest "$WORK/err")" = "$launch"
check "run shows its identity" "another MRENCLAVE" test "$(field mr_enclave "$WORK/err")" = "$enclave"
check "run shows its identity" "no word of SIMULATION" grep -q SIMULATION "$WORK/err"

finish
