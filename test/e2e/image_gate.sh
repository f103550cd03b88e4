#!/bin/bash
# Tries to get forbidden code past tools/check-image.sh: small images, each with one thing wrong, and
# one with nothing wrong. The gate looks at the file only, so one mode is enough.
. "$(dirname "$0")/lib.sh"

OBJECT=$WORK/gate.o
IMAGE=$WORK/gate.elf

# build CODE: an image whose entry is CODE, with the one ENCLU and a relocation, as ours has.
build() {
	{
		printf '.text\n.globl entry\nentry:\n'
		printf '%b\n' "$1"
		printf 'enclu_site:\n.byte 0x0f, 0x01, 0xd7\nret\n'
		printf '.data\n.quad entry\n.section .note.GNU-stack, "", @progbits\n'
	} >"$WORK/gate.S"
	clang-19 --target=x86_64-linux-gnu -c "$WORK/gate.S" -o "$OBJECT" 2>"$WORK/err" &&
		ld.lld-19 --pie -static --no-dynamic-linker -z noexecstack -z max-page-size=4096 -z notext \
			-T enclave/image.lds -Map="$WORK/map" -o "$IMAGE" "$OBJECT" 2>>"$WORK/err"
}

gate() {
	tools/check-image.sh "$IMAGE" "$WORK/map" 2>"$WORK/err"
}

passes() {
	check "gate: $1" "does not build" build "$2"
	check "gate: $1" "is refused" gate
}

refused() {
	check "gate: $1" "does not build" build "$2"
	check "gate: $1" "passes" eval '! gate'
}

# refused_with_byte NAME OFFSET BYTE: an image with nothing wrong but this byte of the file.
refused_with_byte() {
	check "gate: $1" "does not build" build 'nop'
	printf '%b' "\\x$3" | dd of="$IMAGE" bs=1 seek="$2" conv=notrunc status=none
	check "gate: $1" "passes" eval '! gate'
}

passes "nothing wrong" 'nop'
passes "the canary" 'movq %fs:0x28, %rax\n cmpq %fs:0x28, %rax'

for insn in cpuid syscall sysenter rdtsc rdtscp 'int $0x80' '.byte 0xf1' hlt 'in %dx, %al' insb insw outsw \
	'lret' iretq 'wrfsbase %rax' 'wrgsbase %rax' 'xrstor (%rax)' 'xrstor64 (%rax)' 'xrstors (%rax)' \
	'fxrstor (%rax)' 'fxrstor64 (%rax)' 'ldmxcsr (%rax)' 'vldmxcsr (%rax)' popfq std sti cli \
	'xbegin 1f\n1:' 'movq %gs:0, %rax' 'movq %fs:0x8, %rax' 'movq %fs:0x28(%rcx), %rax' \
	'movq %fs:(%rcx), %rax' 'movw %ax, %ds' 'popq %fs' enclv encls; do
	refused "$insn" "jmp f\nf:\n$insn"
done

passes "the named routines of native.S" 'jmp f\nf: nop\nnative_enter: movq %fs:0x50, %rsp\npopfq\nvldmxcsr (%rax)'
for insn in 'movq %fs:0x58, %rax' 'movq %fs:0x50(%rcx), %rax' 'movq %gs:0, %rax' 'xrstor (%rax)' 'wrfsbase %rax' cpuid; do
	refused "$insn in native_enter" "jmp f\nf: nop\nnative_enter: $insn"
done
refused "a routine that only sounds like one of native.S" 'jmp f\nf: nop\nnative_enter_too: movq %fs:0x50, %rsp'

# The same behind prefixes that mean nothing to them.
for prefix in 0x48 0x40 0x66 0xf2 0xf3 0x2e 0x65 0x64 0x67 '0x66, 0x66' '0x2e, 0x48' '0xf3, 0x66'; do
	refused "syscall behind $prefix" "jmp f\nf:\n.byte $prefix, 0x0f, 0x05"
	refused "cpuid behind $prefix" "jmp f\nf:\n.byte $prefix, 0x0f, 0xa2"
done

refused "a second ENCLU" 'jmp f\nf: enclu'
refused "an ENCLU inside an instruction" 'movl $0xd7010f, %eax'
refused "code in a section of its own" 'nop\n.section other, "ax"\nmovl $1, %eax\nret\n.text'
refused "an ENCLU inside an instruction of another section" \
	'nop\n.section other, "ax"\nmovl $0xd7010f, %eax\nret\n.text'

# Flags of the second program header (the code's): 64 + 56 + 4. W+X, and W+X without R.
refused_with_byte "a segment both writable and executable" 124 07
refused_with_byte "the same without reading" 124 03
refused_with_byte "read-only data writable and executable" 68 03

finish
