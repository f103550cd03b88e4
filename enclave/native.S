/*
 * Between the runtime and generated code (doc/native.md, native/native.h).
 *
 * native_enter          the runtime's registers onto its stack, the guest's from struct native_regs;
 *                       calls the guest on its own stack.
 * native_trap           where a trap resumes, by the exception handler's hand, with the kind in EAX: the
 *                       innermost native_enter returns it.
 * native_import_thunk   the guest calls what it cannot call directly: its registers onto the
 *                       runtime's stack, native_on_import; then back, or on to regs.target.
 * native_helper_call    the same for helper EAX; the entries in native_helper_code lead here.
 *
 * Stacks: FS:THREAD_GUEST_RSP is the runtime's RSP, a multiple of 16, while guest code runs; the
 * thunks go on below it, so levels nest. native_enter keeps the outer level's value. The guest's RSP stands
 * in struct native_regs meanwhile; nothing of the runtime is ever on the guest's stack but return addresses.
 *
 * Registers. To the guest at its entry and back from a thunk: nothing of the runtime's in any register
 * but results. From the guest: DF, AC and MXCSR are made known before any C runs; whatever else it
 * left in registers is only stored. Callee-saved ones are kept by the C functions themselves.
 */
#include "enclave/layout.h"
#include "enclave/thread.h"
#include "native/regs.h"

	.text

/* Flags and MXCSR that C expects. Needs the runtime's stack. */
.macro KNOWN_FLAGS
	pushq	$2
	popfq
	vldmxcsr known_mxcsr(%rip)
.endm

/* The guest's registers into struct native_regs at the runtime's RSP. Clobbers R11. */
.macro SAVE_GUEST
	movq	%rsp, %r11
	movq	%fs:THREAD_GUEST_RSP, %rsp
	subq	$NATIVE_REGS_SIZE, %rsp
	movq	%rdi, 0(%rsp)
	movq	%rsi, 8(%rsp)
	movq	%rdx, 16(%rsp)
	movq	%rcx, 24(%rsp)
	movq	%r8, 32(%rsp)
	movq	%r9, 40(%rsp)
	movq	$0, NATIVE_REGS_RESULT(%rsp)
	movq	%r10, NATIVE_REGS_NEST(%rsp)
	movq	%rbx, NATIVE_REGS_SAVED(%rsp)
	movq	%rbp, NATIVE_REGS_SAVED + 8(%rsp)
	movq	%r12, NATIVE_REGS_SAVED + 16(%rsp)
	movq	%r13, NATIVE_REGS_SAVED + 24(%rsp)
	movq	%r14, NATIVE_REGS_SAVED + 32(%rsp)
	movq	%r15, NATIVE_REGS_SAVED + 40(%rsp)
	movq	%r11, NATIVE_REGS_RSP(%rsp)
	movq	$0, NATIVE_REGS_TARGET(%rsp)
	.irp	i, 0, 1, 2, 3, 4, 5, 6, 7
	vmovdqu	%xmm\i, NATIVE_REGS_XMM + 16 * \i(%rsp)
	.endr
	vzeroupper
.endm

/* Argument registers from struct native_regs at \regs, which is none of them; vector registers
 * have nothing else. */
.macro LOAD_ARGUMENTS regs
	vzeroall
	.irp	i, 0, 1, 2, 3, 4, 5, 6, 7
	vmovdqu	NATIVE_REGS_XMM + 16 * \i(\regs), %xmm\i
	.endr
	movq	0(\regs), %rdi
	movq	8(\regs), %rsi
	movq	16(\regs), %rdx
	movq	24(\regs), %rcx
	movq	32(\regs), %r8
	movq	40(\regs), %r9
.endm

/* enum wasm_trap native_enter(uint64_t code, uint64_t stack_top, struct native_regs *regs) */
	.globl	native_enter
	.hidden	native_enter
	.type	native_enter, @function
	.balign	16
native_enter:
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushq	%fs:THREAD_GUEST_RSP
	pushq	%rdx
	subq	$8, %rsp
	movq	%rsp, %fs:THREAD_GUEST_RSP
	movq	%rdi, %r11
	movq	%rdx, %rax
	movq	%rsi, %rsp
	LOAD_ARGUMENTS %rax
	movq	NATIVE_REGS_NEST(%rax), %r10
	xorl	%eax, %eax
	xorl	%ebx, %ebx
	xorl	%ebp, %ebp
	xorl	%r12d, %r12d
	xorl	%r13d, %r13d
	xorl	%r14d, %r14d
	xorl	%r15d, %r15d
	call	*%r11
	movq	%fs:THREAD_GUEST_RSP, %rsp
	KNOWN_FLAGS
	movq	8(%rsp), %rdx
	movq	%rax, NATIVE_REGS_RESULT(%rdx)
	vmovdqu	%xmm0, NATIVE_REGS_XMM(%rdx)
	xorl	%eax, %eax		/* TRAP_NONE */
.Lleave:
	vzeroall
	addq	$16, %rsp
	popq	%fs:THREAD_GUEST_RSP
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret

	.globl	native_trap
	.hidden	native_trap
	.type	native_trap, @function
	.balign	16
native_trap:
	movq	%fs:THREAD_GUEST_RSP, %rsp
	KNOWN_FLAGS
	jmp	.Lleave

	.globl	native_import_thunk
	.hidden	native_import_thunk
	.type	native_import_thunk, @function
	.balign	16
native_import_thunk:
	SAVE_GUEST
	KNOWN_FLAGS
	movq	%rsp, %rdi
	call	native_on_import	/* (regs) -> trap */
	testl	%eax, %eax
	jnz	native_trap
	cmpq	$0, NATIVE_REGS_TARGET(%rsp)
	je	.Lback
	LOAD_ARGUMENTS %rsp
	movq	NATIVE_REGS_NEST(%rsp), %r10
	movq	NATIVE_REGS_TARGET(%rsp), %r11
	movq	NATIVE_REGS_RSP(%rsp), %rsp
	xorl	%eax, %eax
	jmp	*%r11

	.globl	native_helper_call
	.hidden	native_helper_call
	.type	native_helper_call, @function
	.balign	16
native_helper_call:
	SAVE_GUEST
	KNOWN_FLAGS
	movq	%rsp, %rdi
	movl	%eax, %esi
	call	native_on_helper	/* (regs, helper) -> trap */
	testl	%eax, %eax
	jnz	native_trap
.Lback:
	vzeroall
	vmovdqu	NATIVE_REGS_XMM(%rsp), %xmm0
	movq	NATIVE_REGS_RESULT(%rsp), %rax
	movq	NATIVE_REGS_RSP(%rsp), %rsp
	xorl	%ecx, %ecx
	xorl	%edx, %edx
	xorl	%esi, %esi
	xorl	%edi, %edi
	xorl	%r8d, %r8d
	xorl	%r9d, %r9d
	xorl	%r10d, %r10d
	xorl	%r11d, %r11d
	ret

/* One entry per helper; native_helper_thunks has their addresses. */
#define HELPER(name, result, params)                                                               \
	HELPER_CODE name

	.set	helper, 0
.macro HELPER_CODE name
	.balign	16
.Lhelper_\name:
	movl	$helper, %eax
	jmp	native_helper_call
	.set	helper, helper + 1
.endm
	.type	native_helper_code, @function
native_helper_code:
#include "native/helper.def"
#undef HELPER

	.section .data.rel.ro, "aw"
	.globl	native_helper_thunks
	.hidden	native_helper_thunks
	.balign	8
#define HELPER(name, result, params) .quad .Lhelper_##name;
native_helper_thunks:
#include "native/helper.def"
#undef HELPER

/* All exceptions masked and their flags set, as init_state has it (entry.S). */
	.section .rodata
	.balign	4
known_mxcsr:
	.long	0x1fbf

	.section .note.GNU-stack, "", @progbits
