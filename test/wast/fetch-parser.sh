#!/bin/sh
# Fetches the text parser of wasm-tools: one WebAssembly module of an npm package, at most once.
# Usage: test/wast/fetch-parser.sh DIR
# Makes DIR/wasm-tools.core.wasm. reader/text_parser.mjs says what it is and how it is called.
set -eu

package=@bytecodealliance/jco-transpile
version=0.15.0
integrity=sha512-MFftJ81B9TtHbvgCRZQod3jfgl62YvJszxsNdfx9IVNewxlX9q7U4Wd+w6gJzw+o9IjEGWoyg/BFpb/RnaJvlA==

dir=$1
parser=$dir/wasm-tools.core.wasm
tarball=$dir/jco-transpile-$version.tgz

if [ -f "$parser" ] && [ -f "$tarball" ]; then
	exit 0
fi
"$(dirname "$0")/../../tools/npm-fetch.sh" "$package" "$version" "$integrity" "$tarball"
tar -xzOf "$tarball" package/vendor/wasm-tools.core.wasm >"$parser.part"
mv "$parser.part" "$parser"
