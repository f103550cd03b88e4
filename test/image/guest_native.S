/*
 * The code of the module of probe_native.c: 14 functions of (disp: where an import slot stands from FS,
 * x) -> i64, as a compiler that means no good might make them. At the next page stands its
 * read-only data.
 */
	/* Slots that are at the same place in every module (native/layout.c). */
	.set	helpers, 0
#define HELPER(name, result, params) .set helpers, helpers + 1
#include "native/helper.def"
#undef HELPER
	.set	GUEST_HELPER_MEMORY_GROW, 0x3d000 + 8
	.set	GUEST_FUNCTION_TABLE, (0x3d000 + 8 * helpers + 15) & ~15
	.set	GUEST_REF_BASE, GUEST_FUNCTION_TABLE + 16
	.set	GUEST_STOP, GUEST_FUNCTION_TABLE + 24
	.set	GUEST_TRANSFER, GUEST_FUNCTION_TABLE + 48
	.set	GUEST_TRAP_INTERRUPTED, 21 /* enum wasm_trap */

	.section .rodata
	.globl	guest_native, guest_native_end, guest_native_offsets
	.hidden	guest_native, guest_native_end, guest_native_offsets

.macro FUNCTION name
	.balign	16, 0xf4
.L\name:
.endm

	.balign	16
guest_native:

/* 0 when no register but the arguments and R10, R11 held anything, and the flags are known. */
FUNCTION entry
	orq	%rbx, %rax
	orq	%rbp, %rax
	orq	%r12, %rax
	orq	%r13, %rax
	orq	%r14, %rax
	orq	%r15, %rax
	orq	%rdx, %rax
	orq	%rcx, %rax
	orq	%r8, %rax
	orq	%r9, %rax
	.irp	i, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vorps	%ymm\i, %ymm0, %ymm0
	.endr
	xorl	%ecx, %ecx
	vptest	%ymm0, %ymm0
	setnz	%cl
	orq	%rcx, %rax
	pushfq
	popq	%rcx
	andl	$0x40400, %ecx
	orq	%rcx, %rax
	ret

/* Calls f(1, x, 3, 4, 5, 6, 7, 8.0) with everything else dirty; -1 when a register is not what it is to be
 * afterwards, else the sum of both results' bits. */
FUNCTION import
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	subq	$24, %rsp
	movl	$0, 8(%rsp)
	ldmxcsr	8(%rsp)
	movq	%rdi, %rax
	movl	$1, %edi
	movl	$3, %edx
	movl	$4, %ecx
	movl	$5, %r8d
	movl	$6, %r9d
	movq	$7, %fs:GUEST_TRANSFER
	movq	$-1, %rbx
	movq	$-2, %rbp
	movq	$-3, %r12
	movq	$-4, %r13
	movq	$-5, %r14
	movq	$-6, %r15
	.irp	i, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vpcmpeqd %ymm\i, %ymm\i, %ymm\i
	.endr
	movl	$0x41000000, %r11d
	movq	%r11, (%rsp)
	vmovss	(%rsp), %xmm0
	pushq	$0x40602		/* AC, DF */
	popfq
	movl	%fs:8(%rax), %r10d
	call	*%fs:(%rax)
	pushfq
	orq	%rdx, %rcx
	orq	%rsi, %rcx
	orq	%rdi, %rcx
	orq	%r8, %rcx
	orq	%r9, %rcx
	orq	%r10, %rcx
	orq	%r11, %rcx
	popq	%rdx
	andl	$0x40400, %edx
	orq	%rdx, %rcx
	subq	$-1, %rbx
	orq	%rbx, %rcx
	subq	$-2, %rbp
	orq	%rbp, %rcx
	subq	$-3, %r12
	orq	%r12, %rcx
	subq	$-4, %r13
	orq	%r13, %rcx
	subq	$-5, %r14
	orq	%r14, %rcx
	subq	$-6, %r15
	orq	%r15, %rcx
	.irp	i, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vorps	%ymm\i, %ymm1, %ymm1
	.endr
	vextractf128 $1, %ymm0, %xmm0
	vorps	%ymm0, %ymm1, %ymm1
	xorl	%edx, %edx
	vptest	%ymm1, %ymm1
	setnz	%dl
	addq	%fs:GUEST_TRANSFER, %rax
	orq	%rdx, %rcx
	jz	1f
	movq	$-1, %rax
1:	addq	$24, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret

FUNCTION touch
	movq	%gs:(%rsi), %rax
	ret

/* Jumps to the import's code, which is the thunk, in the name of tail_end; all argument registers are
 * to arrive there. */
FUNCTION tail
	movq	%fs:GUEST_REF_BASE, %r10
	addl	$4, %r10d
	movq	%rdi, %r11
	movl	$1, %edi
	movl	$2, %edx
	movl	$4, %ecx
	movl	$8, %r8d
	movl	$16, %r9d
	.irp	i, 0, 1, 2, 3, 4, 5, 6, 7
	vmovq	%rdx, %xmm\i
	.endr
	jmp	*%fs:(%r11)

/* rdi + x + rdx + ... + the low halves of the vector registers + its own index, by R10. */
FUNCTION tail_end
	.irp	i, 1, 2, 3, 4, 5, 6, 7
	vpaddq	%xmm\i, %xmm0, %xmm0
	.endr
	vmovq	%xmm0, %rax
	addq	%rdi, %rax
	addq	%rsi, %rax
	addq	%rdx, %rax
	addq	%rcx, %rax
	addq	%r8, %rax
	addq	%r9, %rax
	addq	%r10, %rax
	subq	%fs:GUEST_REF_BASE, %rax
	ret

/* Calls out with RSP = x. */
FUNCTION bad_stack
	movl	%fs:8(%rdi), %r10d
	movq	%rsi, %rsp
	call	*%fs:(%rdi)
	ret

/* g(x) + 1 */
FUNCTION again
	subq	$8, %rsp
	movl	%fs:8(%rdi), %r10d
	movq	%rdi, %rax
	movq	%rsi, %rdi
	call	*%fs:(%rax)
	addq	$8, %rsp
	incq	%rax
	ret

FUNCTION rodata
	movq	guest_native + 4096(%rip), %rax
	ret

FUNCTION rodata_write
	movq	%rsi, guest_native + 4096(%rip)
	ret

FUNCTION rodata_exec
	leaq	guest_native + 4096(%rip), %rax
	jmp	*%rax

FUNCTION stop
	movq	%fs:GUEST_STOP, %rax
	testq	%rax, %rax
	jz	1f
	ud1	GUEST_TRAP_INTERRUPTED(%eax), %eax
1:	ret

/* memory.grow 0 by x: old pages, or -1 as 32 bits; -1 as 64 when a register kept what the runtime had
 * there. */
FUNCTION helper
	subq	$8, %rsp
	xorl	%edi, %edi
	call	*%fs:GUEST_HELPER_MEMORY_GROW
	orq	%rdx, %rcx
	orq	%rsi, %rcx
	orq	%rdi, %rcx
	orq	%r8, %rcx
	orq	%r9, %rcx
	orq	%r10, %rcx
	orq	%r11, %rcx
	jz	1f
	movq	$-1, %rax
1:	addq	$8, %rsp
	ret

/* The same of memory 1, which there is not. */
FUNCTION helper_bad
	subq	$8, %rsp
	movl	$1, %edi
	call	*%fs:GUEST_HELPER_MEMORY_GROW
	addq	$8, %rsp
	ret

/* Traps with flags and MXCSR dirty. */
FUNCTION flags_trap
	pushq	$0
	ldmxcsr	(%rsp)
	popq	%rax
	pushq	$0x602		/* DF */
	popfq
	.byte	0x67, 0x0f, 0xb9, 0x40, 1
guest_native_end:

	.balign	4
guest_native_offsets:
	.irp	name, entry, import, touch, tail, tail_end, bad_stack, again, rodata, rodata_write, \
		rodata_exec, stop, helper, helper_bad, flags_trap
	.long	.L\name - guest_native
	.endr
	.long	guest_native_end - guest_native

	.section .note.GNU-stack, "", @progbits
