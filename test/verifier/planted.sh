#!/bin/sh
# Usage: test/verifier/planted.sh BUILD CASES [MODULE.wasm...]
# Plants faults into the verifier, one at a time, and tells which of them the oracle notices within so many cases of
# one seed: those of planted.txt, each compiled into an oracle of its own, and each of the verifier's rules left out
# (BUILD/score/oracle, if there is one).
# The last lines are "N of M rules noticed" and "N of M planted faults noticed". Exit status: 0 if the verifier
# without faults has no escape and at least NOTICED_MIN of 100 planted faults are noticed.
set -u
cd "$(dirname "$0")/../.." || exit 2
NOTICED_MIN=${NOTICED_MIN:-75}
CC=${CC:-clang-19}
b=$1
cases=$2
shift 2
rules_oracle=$b/score/oracle
objects=
for source in base/*.c wasm/*.c native/format.c native/check.c native/layout.c native/x86_decode.c \
	native/verify*.c host/base/heap.c host/base/park.c test/lib/file.c test/verifier/oracle*.c; do
	objects="$objects $b/host/${source%.c}.o"
done
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

# plant FILE: the file, with $OLD replaced by $NEW, once
plant() {
	mkdir -p "$work/native" && awk '
		BEGIN { old = ENVIRON["OLD"]; new = ENVIRON["NEW"] }
		{
			i = index($0, old)
			if (i) {
				n++
				$0 = substr($0, 1, i - 1) new substr($0, i + length(old))
			}
			print
		}
		END { exit n != 1 }' "$1" >"$work/$1"
}

# build FILE: $work/oracle, with this one source file
build() {
	source=$1
	[ "$source" = native/x86.def ] && source=native/x86_decode.c
	[ -e "$work/$source" ] || cp "$source" "$work/$source"
	"$CC" -std=c17 -O1 -w -D_GNU_SOURCE -fno-strict-aliasing -march=x86-64-v2 -I"$work" -I. \
		-c "$work/$source" -o "$work/planted.o" || return 1
	set --
	for object in $objects; do
		case $object in
		*/"${source%.c}.o") set -- "$@" "$work/planted.o" ;;
		*) set -- "$@" "$object" ;;
		esac
	done
	"$CC" -o "$work/oracle" "$@" -lZydis -lunicorn -lpthread
}

# noticed ORACLE...: 0 if it finds an escape; a crash or a hang of the verifier is noticed, too
noticed() {
	timeout 120 "$@" >"$work/out" 2>&1
	status=$?
	if [ $status -eq 2 ]; then
		cat "$work/out"
		exit 2
	fi
	[ $status -ne 0 ]
}

count=0
found=0
bad=0
# shellcheck disable=SC2086 # a list
"$CC" -o "$work/oracle" $objects -lZydis -lunicorn -lpthread || exit 2
if noticed "$work/oracle" --first --generated "$cases" 1 "$((cases / 8))" "$@"; then
	echo "FAIL without a fault"
	cat "$work/out"
	bad=1
fi
while IFS= read -r line; do
	case $line in '#'* | '') continue ;; esac
	what=${line%% %% *}
	rest=${line#* %% }
	file=${rest%% %% *}
	rest=${rest#* %% }
	OLD=${rest%% %% *}
	NEW=${rest#* %% }
	export OLD NEW
	rm -rf "${work:?}/native"
	count=$((count + 1))
	if ! plant "$file" || ! build "$file"; then
		echo "FAIL cannot be planted: $what"
		bad=1
	elif noticed "$work/oracle" --first --generated "$cases" 1 "$((cases / 8))" "$@"; then
		found=$((found + 1))
	else
		echo "not noticed: $what"
	fi
done <test/verifier/planted.txt

rules=0
missed=0
if [ -x "$rules_oracle" ]; then
	for rule in $(sed -n 's/^VERIFY_RULE(\([A-Z0-9_]*\),.*/\1/p' native/verify_rule.def); do
		rules=$((rules + 1))
		VERIFY_RULE_OFF=$rule
		export VERIFY_RULE_OFF
		if ! noticed "$rules_oracle" --first --generated "$((cases / 2))" 1 "$((cases / 8))" "$@"; then
			missed=$((missed + 1))
			echo "not noticed without: $rule"
		fi
		unset VERIFY_RULE_OFF
	done
	echo "$((rules - missed)) of $rules rules noticed"
fi
echo "$found of $count planted faults noticed"
[ $bad -eq 0 ] && [ $((100 * found)) -ge $((NOTICED_MIN * count)) ]
