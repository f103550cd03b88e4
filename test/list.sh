#!/bin/bash
# The test programs, one per line: name, tab, command (test/run.sh). Usage: test/list.sh BUILD
set -u
b=$1
cd "$(dirname "$0")/.." || exit 2
shared=${RETWINE_SHARED:-../shared}

entry() {
	printf '%s\t%s\n' "$1" "$2"
}

entry check-boundary "python3 tools/check-boundary.py && echo '1 passed, 0 failed' || echo '0 passed, 1 failed'"
for t in test/unit/*_test.c; do
	name=$(basename "$t" .c)
	entry "unit/$name" "$b/unit/$name"
done
for t in "$b"/tsan/*_test; do
	entry "tsan/$(basename "$t")" "$t"
done
for guest in "queue 2 2" "sum 4" "counter 4" "barrier 4"; do
	# shellcheck disable=SC2086 # a program and its arguments
	set -- $guest
	entry "tsan/threads-$1" "$b/tsan/threads 50 $b/guests/threads/$1.wasm ${*:2}"
done
for f in fuzz/*_fuzz.c; do
	name=$(basename "$f" _fuzz.c)
	entry "seeds/$name" "$b/fuzz/${name}_replay fuzz/seeds/$name"
done
entry compiler-numbers "$b/test/number_test"
entry compiler-forms "test/compiler/forms.sh $b"
entry simulator "$b/test/sim_test"
entry enclave-fast "$b/test/enclave_test $b/test-enclave.elf $b/test-enclave.sig"
entry enclave-strict "$b/test/enclave_test $b/test-enclave.elf $b/test-enclave.sig strict"
entry threads-enclave-fast "$b/test/threads_test $b/test-enclave.elf $b/test-enclave.sig"
entry threads-enclave-strict "$b/test/threads_test $b/test-enclave.elf $b/test-enclave.sig strict"
entry spec-self-native "test/wast/self-test.sh $b/wast $b/wast-native"
entry spec-self-enclave "test/wast/self-test.sh $b/wast $b/retwine-wast"
entry spec-self-native-code "test/wast/self-test.sh $b/wast $b/retwine-wast --engine=native --every-window"
if [ -d "$shared/data/testsuite" ]; then
	entry spec-enclave "test/wast/run.sh $shared/data/testsuite $b/wast $b/retwine-wast"
	entry spec-native "test/wast/run.sh $shared/data/testsuite $b/wast $b/wast-native"
	for level in 1 3; do
		entry "spec-native-code-O$level" \
			"test/wast/run.sh $shared/data/testsuite $b/wast $b/retwine-wast --engine=native --every-window --level $level"
	done
else
	echo "no $shared/data/testsuite: the specification suite is not run (see README)" >&2
fi
entry differential "test/differential/run.sh $b"
entry hostile "$b/test/hostile_lies --short"
entry hostile-runs "test/hostile/run.py --short $b"
wasi=""
for set in c unstable libc rust; do wasi="$wasi $b/wasi/$set"; done
for mode in fast strict; do
	entry "wasi-$mode" "test/wasi/run.py --mode=$mode $b$wasi"
done
entry wasi-in-memory "test/wasi/run.py --mount=tmp $b$wasi"
entry wasi-on-a-volume "test/wasi/run.py --mount=volume $b$wasi"
entry wasi-native-code "test/wasi/run.py --engine=native $b$wasi"
for t in test/e2e/*.sh; do
	name=$(basename "$t" .sh)
	case $name in lib) continue ;; channel_openssl | compressors | determinism | image_gate | install | real_programs | repository | verify | volume) modes=fast ;; *) modes="fast strict" ;; esac
	for mode in $modes; do
		entry "$name-$mode" "BUILD=$b RETWINE=$b/retwine MODE=$mode $t"
	done
done
for name in run_examples threads toolchains; do
	entry "$name-native-code" "BUILD=$b RETWINE=$b/retwine ENGINE=native test/e2e/$name.sh"
done
