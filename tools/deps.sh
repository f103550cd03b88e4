#!/bin/sh
# Installs the Debian packages that a target needs, and only those that are missing.
# Usage: tools/deps.sh SET...   sets: build test examples demo
# As another user than root it names the command instead and exits 1.
set -eu

# The image, the command, the guests in C and C++.
build="clang-19 lld-19 make gcc libc6-dev binutils libmbedtls-dev libipsec-mb-dev libyaml-dev libjansson-dev libseccomp-dev openssl"
examples="wasi-libc libclang-rt-19-dev-wasm32 libc++-19-dev-wasm32 libc++abi-19-dev-wasm32 npm ca-certificates"
demo=""
test="libclang-rt-19-dev wabt python3 rustc libstd-rust-dev-wasm32"

want=""
for set in "$@"; do
	case "$set" in
	build) want="$want $build" ;;
	examples) want="$want $examples" ;;
	demo) want="$want $build $examples $demo" ;;
	test) want="$want $build $examples $test" ;;
	*) echo "deps.sh: unknown set '$set'" >&2; exit 2 ;;
	esac
done

missing=""
for package in $want; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
		missing="$missing $package"
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
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
