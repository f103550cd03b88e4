#!/bin/sh
# Builds the kernels of the interpreter's benchmark natively and for WebAssembly, from one source each.
# Usage: bench/build_kernels.sh DIR NAME[:N[:M]]...   (the words that interp_bench takes)
set -eu

dir=$1
shift
kernels=$(dirname "$0")/kernels
# No call of memset or memcpy: a kernel has no library. One rounding per operation on both sides.
flags="-O3 -fno-builtin-memset -fno-builtin-memcpy -fno-math-errno -ffp-contract=off"
wasm="--target=wasm32 -nostdlib -Wl,--no-entry"

mkdir -p "$dir"
for spec in "$@"; do
	name=${spec%%:*}
	m=${spec##*:}
	clang-19 $flags -fPIC -shared "$kernels/$name.c" -o "$dir/$name.so"
	clang-19 $flags $wasm -Wl,--export=run "$kernels/$name.c" -o "$dir/$name.wasm"
	clang-19 $flags $wasm -msimd128 -Wl,--export=run "$kernels/$name.c" -o "$dir/$name.simd.wasm"
	clang-19 $flags $wasm -DKERNEL_N="${m:-1}" -Wl,--export=measure "$kernels/$name.c" \
		-o "$dir/$name.measure.wasm"
done
