/*
 * Every way into the enclave and out of it. Guest code is entered in native.S.
 *
 * entry            EENTER lands here. RAX = CSSA and RBX = TCS are the CPU's word; RCX is the host's
 *                  return address; everything else is the host's and not trusted.
 *   CSSA 0         .Lenter: a new entry or the answer to a host call, told apart by RDI and checked
 *                  against the thread's state, which only this file changes.
 *   CSSA 1         .Lexception: the first save area holds what was interrupted; runs on the
 *                  exception stack and leaves the interrupted stack alone. Refused where the thread
 *                  was interrupted on its way in or out: only this file's code runs there.
 *   CSSA > 1       cannot happen with NSSA 2; goes to .Lstop.
 * hostcall_exit    leaves for a host call; returns when the host re-enters with ENTER_RESUME.
 * .Lexit           the one way out: wipes every register but RDI and RSI, then EEXIT.
 * enclu_function   the one ENCLU instruction of the image.
 * host_copy        the one routine that touches host memory.
 *
 * Registers at .Lexit: RDI, RSI = what the host is told; R8 = where in the thread block the host's state
 * stands (THREAD_HOST or THREAD_EXC_HOST).
 *
 * Invariant: no C runs before DF, AC, MXCSR, x87 and vector state are known (threats: ABI confusion);
 * no register but RDI and RSI carries anything out.
 */
#include "boundary/abi.h"
#include "enclave/layout.h"
#include "enclave/thread.h"
#include "sgx/arch.h"

	.text

/* Known flags and vector state. Needs a trusted stack. Clobbers RAX, RDX. */
.macro CLEAN_STATE
	pushq	$2
	popfq
	cld
	movl	$0xe7, %eax
	xorl	%edx, %edx
	xrstor	init_state(%rip)
	lfence
.endm

	.globl	entry
	.hidden	entry
	.type	entry, @function
	.balign	64
entry:
	cmpq	$1, %rax
	ja	.Lstop
	je	.Lexception

/* ---- CSSA 0 ---- */
	leaq	THREAD_BLOCK_OFF(%rbx), %r9
	movq	%r9, %fs:THREAD_SELF
	movq	%rcx, %fs:THREAD_HOST
	movq	%rsp, %fs:THREAD_HOST + 8
	movq	%rbp, %fs:THREAD_HOST + 16
	xorl	%ebp, %ebp
	cmpq	$ENTER_RESUME, %rdi
	je	.Lresume
	cmpq	$THREAD_IDLE, %fs:THREAD_STATE
	leaq	(THREAD_STACK_OFF + THREAD_STACK_SIZE)(%rbx), %rsp
	jne	.Lrefuse
	movq	$THREAD_RUNNING, %fs:THREAD_STATE
	movq	%rdx, %r10
	CLEAN_STATE
	cmpq	$0, %fs:THREAD_CANARY
	jne	.Lhave_canary
	movl	$64, %ecx
.Lrandom:
	rdrand	%rax
	jc	.Lgot_random
	decl	%ecx
	jnz	.Lrandom
	jmp	.Ldead
.Lgot_random:
	movb	$0, %al			/* a string copy stops at it */
	movq	%rax, %fs:THREAD_CANARY
.Lhave_canary:
	movq	%r10, %rdx
	call	enclave_enter		/* (op, rsi, rdx) -> what the host is told */
	movq	%rax, %rdi
	xorl	%esi, %esi
	movq	$THREAD_IDLE, %fs:THREAD_STATE
	movl	$THREAD_HOST, %r8d
	jmp	.Lexit

/* A wrong state: tell so and change nothing. No stack is needed. A thread that is RUNNING at CSSA 0
 * died inside. */
.Lrefuse:
	movl	$EXIT_REFUSED, %edi
	cmpq	$THREAD_RUNNING, %fs:THREAD_STATE
	jne	1f
	movl	$EXIT_DEAD, %edi
1:	xorl	%esi, %esi
	movl	$THREAD_HOST, %r8d
	jmp	.Lexit

/* The answer to a host call: back onto the stack that waits for it. */
.Lresume:
	cmpq	$THREAD_CALLING, %fs:THREAD_STATE
	jne	.Lrefuse
	movq	%fs:THREAD_SAVED_RSP, %rsp
	movq	$THREAD_RUNNING, %fs:THREAD_STATE
	CLEAN_STATE
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret

/* void hostcall_exit(void): leave with EXIT_CALL, return when the host has answered. */
	.globl	hostcall_exit
	.hidden	hostcall_exit
	.type	hostcall_exit, @function
	.balign	16
hostcall_exit:
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, %fs:THREAD_SAVED_RSP
	movq	$THREAD_CALLING, %fs:THREAD_STATE
	movl	$EXIT_CALL, %edi
	xorl	%esi, %esi
	movl	$THREAD_HOST, %r8d
	jmp	.Lexit

/* ---- CSSA 1 ---- */
.Lexception:
	movq	%rcx, %fs:THREAD_EXC_HOST
	movq	%rsp, %fs:THREAD_EXC_HOST + 8
	movq	%rbp, %fs:THREAD_EXC_HOST + 16
	movq	$1, %fs:THREAD_IN_EXCEPTION
	leaq	(THREAD_EXC_STACK_OFF + THREAD_EXC_STACK_SIZE)(%rbx), %rsp
	xorl	%ebp, %ebp
	CLEAN_STATE
	movl	$EXIT_REFUSED, %edi
	cmpq	$THREAD_RUNNING, %fs:THREAD_STATE
	jne	.Lexception_exit
	movq	%fs:THREAD_SELF, %rdi
	call	exception_enter		/* (thread block) -> what the host is told */
	movq	%rax, %rdi
.Lexception_exit:
	xorl	%esi, %esi
	movq	$0, %fs:THREAD_IN_EXCEPTION
	movl	$THREAD_EXC_HOST, %r8d
	jmp	.Lexit

/* ---- the way out ---- */
.Lexit:
	movl	$0xe7, %eax
	xorl	%edx, %edx
	xrstor	init_state(%rip)
	movq	%fs:0(%r8), %rbx
	movq	%fs:8(%r8), %rsp
	movq	%fs:16(%r8), %rbp
	xorl	%ecx, %ecx
	xorl	%r8d, %r8d
	xorl	%r9d, %r9d
	xorl	%r10d, %r10d
	xorl	%r11d, %r11d
	xorl	%r12d, %r12d
	xorl	%r13d, %r13d
	xorl	%r14d, %r14d
	xorl	%r15d, %r15d
	xorl	%edx, %edx
	movl	$ENCLU_EEXIT, %eax
	jmp	enclu_function

/* The enclave is dead: panic comes here from any stack, and so does an entry that must not be, and a
 * thread that is resumed after its exception ended the enclave (enclave/exception.c). */
	.globl	enclave_die
	.hidden	enclave_die
	.type	enclave_die, @function
enclave_die:
.Ldead:
	movl	$EXIT_DEAD, %edi
	xorl	%esi, %esi
	movl	$THREAD_HOST, %r8d
	cmpq	$0, %fs:THREAD_IN_EXCEPTION
	je	.Lexit
	movq	$0, %fs:THREAD_IN_EXCEPTION
	movl	$THREAD_EXC_HOST, %r8d
	jmp	.Lexit
.Lstop:
	ud2
	jmp	.Lstop

/*
 * uint64_t enclu(leaf, rbx, rcx, rdx): RAX after the leaf (platform/enclu.h).
 */
	.globl	enclu
	.hidden	enclu
	.type	enclu, @function
	.balign	16
enclu:
	pushq	%rbx
	movl	%edi, %eax
	movq	%rsi, %rbx
	xchgq	%rcx, %rdx
	call	enclu_function
	popq	%rbx
	ret

/* The image's one ENCLU, behind IMAGE_ENCLU_NOPS bytes that a simulator may overwrite with a jump
 * after the measurement (sgx/image.h). */
	.globl	enclu_function
	.hidden	enclu_function
	.type	enclu_function, @function
	.balign	64
enclu_function:
	.fill	14, 1, 0x90
	.globl	enclu_site
	.hidden	enclu_site
enclu_site:
	.byte	0x0f, 0x01, 0xd7
	ret

/*
 * bool host_copy(void *dst, const void *src, size_t words): copies aligned 8-byte words between
 * enclave and host memory, either way (AEPIC leak, MMIO stale data). 0 when the host's side faulted:
 * the exception handler then resumes at host_copy_fault.
 */
	.globl	host_copy
	.hidden	host_copy
	.type	host_copy, @function
	.balign	16
host_copy:
	/* Lines that no cache has come one after the other to the string move, and at once to this. */
	movq	%rdx, %rcx
	leaq	(%rsi,%rdx,8), %r8
	movq	%rsi, %rax
1:	prefetcht0 (%rax)
	addq	$64, %rax
	cmpq	%r8, %rax
	jb	1b
	.globl	host_copy_begin
	.hidden	host_copy_begin
host_copy_begin:
	rep movsq
	.globl	host_copy_end
	.hidden	host_copy_end
host_copy_end:
	movl	$1, %eax
	ret
	.globl	host_copy_fault
	.hidden	host_copy_fault
host_copy_fault:
	xorl	%eax, %eax
	ret

/* XRSTOR image of the initial state: XSTATE_BV = 0; MXCSR is loaded all the same (SDM vol. 1, 13.8):
 * all exceptions masked and their flags set, against data-dependent timing (MCDT). */
	.section .rodata
	.balign	64
init_state:
	.fill	24, 1, 0
	.long	0x1fbf
	.long	0
	.fill	480, 1, 0
	.fill	64, 1, 0
	.fill	2112, 1, 0

	.section .note.GNU-stack, "", @progbits
