#!/bin/bash
# What Retwine costs, each figure a ratio or a count, medians of interleaved runs. Usage:
# bench/run.sh BUILD KERNELS [SIMD_KERNELS]
set -eu
b=$1
kernels=$2
simd_kernels=${3:-}
runs=15

# ms_of COMMAND...: wall time of one run, in microseconds.
us_of() {
	local start=$EPOCHREALTIME
	"$@" >/dev/null 2>&1
	local end=$EPOCHREALTIME
	echo $((${end/./} - ${start/./}))
}

median() {
	sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}

echo "== the enclave"
"$b/test/enclave_bench" "$b/test-enclave.elf" "$b/test-enclave.sig"

echo "== hello world, process start to exit"
for ((i = 0; i < runs; i++)); do
	echo "$(us_of "$b/retwine" run "$b/examples/hello.wasm") $(us_of /bin/true)"
done >"$b/bench-hello"
hello=$(cut -d' ' -f1 "$b/bench-hello" | median)
true_us=$(cut -d' ' -f2 "$b/bench-hello" | median)
rss=$("$b/test/enclave_bench" --rss "$b/retwine" run "$b/examples/hello.wasm")
awk -v h="$hello" -v t="$true_us" -v r="$rss" 'BEGIN {
	printf "%-44s %12.1f ms  %9.2f x /bin/true   (target <= 10 ms)\n", "start to exit", h / 1000, h / t
	printf "%-44s %12.1f MiB                     (target <= 12 MiB)\n", "largest resident size", r / 1024 }'

echo "== the interpreter, against clang-19 -O3 native and wasm-interp"
# shellcheck disable=SC2086 # a list of words
"$b/bench/interp_bench" "$b/bench" $kernels
if [ -n "$simd_kernels" ]; then
	# shellcheck disable=SC2086 # a list of words
	"$b/bench/interp_bench" --simd "$b/bench" $simd_kernels
fi
