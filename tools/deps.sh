#!/bin/sh
# Installs the Debian packages that a target needs, and only those that are missing.
# Usage: tools/deps.sh SET...   sets: build examples demo test verifier
# As another user than root it names the command instead and exits 1.
set -eu

# The image, the command, the compiler.
build="clang-19 lld-19 llvm-19-dev make gcc libc6-dev binutils libmbedtls-dev libipsec-mb-dev libyaml-dev
	libjansson-dev libseccomp-dev libcurl4-openssl-dev libprotobuf-c-dev protobuf-c-compiler openssl"
# Programs in C for WASI, and npm, which fetches their sources.
examples="wasi-libc libclang-rt-19-dev-wasm32 npm ca-certificates"
# Sanitizers, programs in text, C++ and Rust.
test="libclang-rt-19-dev wabt python3 libc++-19-dev-wasm32 libc++abi-19-dev-wasm32
	libstdc++-12-dev rustc libstd-rust-dev-wasm32 lld-14 binaryen libsimde-dev libsqlite3-dev xz-utils bzip2"

# A disassembler and an emulator, for the verifier's own tests.
verifier="libzydis-dev libunicorn-dev"

want=""
for set in "$@"; do
	case "$set" in
	build) want="$want $build" ;;
	examples) want="$want $examples" ;;
	demo) want="$want $build $examples python3" ;;
	test) want="$want $build $examples $test" ;;
	verifier) want="$want $verifier" ;;
	*) echo "deps.sh: unknown set '$set'" >&2; exit 2 ;;
	esac
done

# installed PACKAGE: npm may come from elsewhere, as long as it runs.
installed() {
	case "$1" in
	npm) command -v npm >/dev/null && npm --version >/dev/null 2>&1 && return ;;
	esac
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=""
for package in $want; do
	installed "$package" || missing="$missing $package"
done
if [ -z "$missing" ]; then
	exit 0
fi
echo "packages to install:$missing"
if [ "$(id -u)" -ne 0 ]; then
	echo "not root: please run  apt-get install --no-install-recommends$missing" >&2
	exit 1
fi
apt-get update -qq
# shellcheck disable=SC2086 # a list of words
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
