#!/bin/bash
# Programs that others built: flite speaks, yosys reads Verilog.
. "$(dirname "$0")/lib.sh"

mkdir "$WORK/root" "$WORK/yosys"
run --dir "$WORK/root::/" "$EXAMPLES/flite.wasm" -t "hello world from web assembly" -o /hello.wav
check_status flite 0
check flite "another sound" test "$(sha256sum <"$WORK/root/hello.wav")" = \
	"07461dcbd066bd20187879ad20e8beb06eb1e7cbddd29b161eaa97cf2afc17f6  -"

run "$EXAMPLES/yosys.wasm" -V
check_status "yosys -V" 0
check "yosys -V" "not its version" grep -q '^Yosys 0.55 ' "$WORK/out"

# The digest is that of the same run in another runtime (V8).
cp test/e2e/counter.v "$WORK/yosys"
run --dir "$WORK/yosys::/data" "$EXAMPLES/yosys.wasm" -q -p \
	"read_verilog /data/counter.v; hierarchy -top counter; proc; opt; write_json /data/out.json"
check_status "yosys json" 0
check "yosys json" "no adder" grep -q '"type": "\$add"' "$WORK/yosys/out.json"
check "yosys json" "another result" test "$(sha256sum <"$WORK/yosys/out.json")" = \
	"b0ce8c259f5d34e223b896a89de1536b387029108b819dcc889e3d2901eb491d  -"

echo "module broken(" >"$WORK/yosys/counter.v"
run --dir "$WORK/yosys::/data" "$EXAMPLES/yosys.wasm" -q -p "read_verilog /data/counter.v"
check_status "yosys on a syntax error" 1
check "yosys on a syntax error" "no word about it" grep -q "counter.v:[0-9]*: ERROR: syntax error" "$WORK/err"

finish
