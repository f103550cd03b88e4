#!/bin/sh
# Prints the Debian packages that decide the image's bytes, as "name=version name=version ...":
# `retwine measure` shows them. Outside Debian it prints nothing.
set -eu
command -v dpkg-query >/dev/null || exit 0
for package in clang-19 libllvm19 libclang-common-19-dev lld-19 libmbedtls-dev libipsec-mb-dev; do
	dpkg-query -W -f '${Package}=${Version} ' "$package" 2>/dev/null || true
done
