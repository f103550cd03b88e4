#!/bin/sh
# The link gate: refuses an enclave image that holds what must not be in one. Usage: check-image.sh
# IMAGE MAP [LIST]. Checks: no segment writable and executable, first PT_LOAD at 0, no TLS and no
# interpreter; only RELATIVE relocations; no undefined symbol; no code but in .text; no forbidden
# instruction; exactly one ENCLU, also counted over raw bytes; %gs nowhere, %fs only for the thread
# block; the library objects linked are those of LIST. test/e2e/image_gate.sh tries to get past it.
set -eu
image=$1
map=$2
list=${3:-}
failed=0

fail() {
	echo "check-image: $1" >&2
	failed=1
}

segments=$(readelf -lW "$image")
echo "$segments" | awk '$1 == "LOAD" && /WE/ {exit 1}' || fail "a segment is writable and executable"
echo "$segments" | grep -Eq '^ *(TLS|INTERP) ' && fail "TLS or an interpreter"
first=$(echo "$segments" | awk '$1 == "LOAD" {print $3; exit}')
[ "$first" = 0x0000000000000000 ] || fail "the first PT_LOAD is at $first, not 0"

other=$(readelf -rW "$image" | awk '/^[0-9a-f]+ / && $3 != "R_X86_64_RELATIVE" {print $3}' | sort -u)
[ -z "$other" ] || fail "relocations other than RELATIVE: $other"
undefined=$(nm -u "$image")
[ -z "$undefined" ] || fail "undefined symbols: $undefined"

sections=$(readelf -SW "$image" | sed -n 's/^ *\[ *[0-9]*\] *//p' | awk '$7 ~ /X/ {print $1}')
[ "$sections" = .text ] || fail "code in other sections than .text: $sections"

# Linear disassembly; the image has no data in its code segment.
code=$(objdump -d --no-show-raw-insn "$image")
echo "$code" | awk '
	/^[0-9a-f]+ <.*>:$/ { name = $2; gsub(/[<>:]/, "", name); next }
	{
		line = $0
		bad = 0
		for (i = 2; $i ~ /^(rep|repn?[ez]|lock|bnd|notrack|data(16|32)|[cdefgs]s|addr(16|32)|x(acquire|release)|rex(\.[WRXB]+)?)$/; i++)
			if ($i ~ /^[fg]s$/) bad = 1
		insn = $i
		if (insn ~ /^(cpuid|getsec|rdpmc|rdtscp?|syscall|sysenter|sysexit|sysret|vmcall|vmfunc|vmmcall)[lq]?$/) bad = 1
		if (insn ~ /^(in|out|ins[bwl]?|outs[bwl]?|int|int1|icebp|into|iret[qlw]?|hlt|cli|sti|std)$/) bad = 1
		if (insn ~ /^(lcall|ljmp|lret[qlw]?|lds|les|lfs|lgs|lss|lgdt|lidt|lldt|ltr|sgdt|sidt|sldt|str|smsw|lmsw|clts|invlpg|wrmsr|rdmsr)[lqw]?$/) bad = 1
		if (insn ~ /^(wrfsbase|wrgsbase|swapgs|xsetbv|wrpkru|xbegin|encls|enclv|clac|stac)[lq]?$/) bad = 1
		if (insn ~ /^\(bad\)$/ || line ~ /\(bad\)/) bad = 1
		if (insn ~ /^mov/ && line ~ /,%[cdefgs]s$/) bad = 1
		if (insn ~ /^(push|pop)/ && line ~ /%[cdefgs]s$/) bad = 1
		if (line ~ /%gs:/) bad = 1
		native = name ~ /^native_(enter|trap|import_thunk|helper_call)$/
		if (line ~ /%fs:/ && line !~ /%fs:0x(0|28)(,|[ \t]|$)/ && !(native && line ~ /%fs:0x50(,|[ \t]|$)/) && name !~ /^(entry|hostcall_exit|enclave_die|enclu)$/) bad = 1
		if (insn ~ /^f?xrstors?(64)?$/ && name !~ /^(entry|hostcall_exit|enclave_die)$/) bad = 1
		if (insn ~ /^(v?ldmxcsr|popf[qw]?)$/ && !native && name !~ /^(entry|hostcall_exit|enclave_die)$/) bad = 1
		if (insn == "enclu") { enclu++; if (name != "enclu_site") bad = 1 }
		if (bad) { print "check-image: forbidden in " name ": " line > "/dev/stderr"; failed = 1 }
	}
	END {
		if (enclu != 1) { print "check-image: " enclu + 0 " ENCLU instructions, not 1" > "/dev/stderr"; failed = 1 }
		exit failed
	}' || failed=1

# The same count over the bytes of what can be executed, aligned or not.
executable() {
	echo "$segments" | awk '$1 == "LOAD" && /(R| )(W| )E +0x/ {print $2, $5}' | while read -r off size; do
		tail -c "+$((off + 1))" "$image" | head -c "$((size))"
	done
}
count=$(executable | od -An -v -tx1 -w1 | tr -d ' ' | awk '
	{ if (a == "0f" && b == "01" && $0 == "d7") n++; a = b; b = $0 } END { print n + 0 }')
[ "$count" = 1 ] || fail "the bytes of ENCLU stand $count times in the code, not once"

# Which objects of which libraries are inside.
linked=$(grep -o 'lib[A-Za-z_0-9]*\.a([A-Za-z_0-9.-]*)' "$map" | sort -u)
if [ -n "$list" ] && [ "$linked" != "$(grep -v '^#' "$list")" ]; then
	echo "$linked" | diff - "$list" | grep '^[<>] *lib' >&2 || :
	fail "the library objects linked differ from $list"
fi
exit $failed
