/*
 * The ways into and out of a simulated enclave.
 *
 *   sim_go             host C -> enclave (EENTER), or -> sim_restore (ERESUME)
 *   sim_return_points  where EEXIT leads: one landing per thread, so that the landing knows whose
 *                      FS and GS to restore without a system call
 *   sim_leaf_entry     where the patched ENCLU function of an image jumps (fast mode): EEXIT leaves
 *                      through RBX at once, other leaves save everything and run in C
 *   sim_restore        continues with a whole CPU state (ERESUME, return from a leaf)
 *   sim_aex_land       ends sim_go after an asynchronous exit
 *   sim_signal_stub    every signal handler of the process: host FS and GS around the C handler
 *
 * Registers at EENTER: RAX = CSSA, RBX = TCS, RCX = return point; RDI RSI RDX R8 R9 the caller's;
 * all others are whatever the host had. At EEXIT: RBX = return point, RSP and RBP as at EENTER
 * (the kernel's vDSO function needs them too); anything else ends the process.
 * An enclave keeps RSP and RBP of its EENTER until its EEXIT, over exceptions and ERESUME, while the
 * caller's stack may have moved. So the enclave is always entered on the same small stack of the
 * thread, on which leaves run in C too.
 * While an enclave runs, FS and GS are its own: nothing here may use a stack protector or TLS before
 * it has put the host's back.
 */
#include "host/device/sim_asm.h"
#include "sgx/arch.h"

#define SYS_WRITE  1
#define SYS_GETPID 39
#define SYS_GETTID 186
#define SYS_TGKILL 234
#define SIGABRT	   6
#define USER_CS	   0x33
#define USER_SS	   0x2b

	.text
	.hidden	sim_go
	.hidden sim_return_points
	.hidden sim_leaf_entry
	.hidden sim_leaf_spill
	.hidden sim_leaf_spill_end
	.hidden sim_restore
	.hidden sim_aex_land
	.hidden sim_signal_stub
	.hidden g_sim_threads
	.hidden g_sim_tids
	.hidden g_sim_xsave_mask
	.hidden sim_leaf_fast
	.hidden sim_signal_dispatch

/*
 * int sim_go(struct sim_thread *t, const struct sim_frame *resume): enters, or resumes when there
 * is a frame. 0 after EEXIT, 1 after an asynchronous exit.
 */
	.globl	sim_go
	.type	sim_go, @function
sim_go:
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	sub	$8, %rsp
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
	mov	%rsp, SIM_T_CALLER_RSP(%rdi)
	mov	SIM_T_HOST_RSP(%rdi), %rsp
	mov	SIM_T_HOST_RBP(%rdi), %rbp
	rdfsbase %rax
	mov	%rax, SIM_T_HOST_FS(%rdi)
	rdgsbase %rax
	mov	%rax, SIM_T_HOST_GS(%rdi)
	test	%rsi, %rsi
	jnz	1f
	mov	SIM_T_SSA_GPRS(%rdi), %rax
	mov	%rsp, GPRS_URSP_OFF(%rax)
	mov	%rbp, GPRS_URBP_OFF(%rax)
	movl	$1, SIM_T_INSIDE(%rdi)
	mov	SIM_T_ENCLAVE_FS(%rdi), %rax
	wrfsbase %rax
	mov	SIM_T_ENCLAVE_GS(%rdi), %rax
	wrgsbase %rax
	mov	SIM_T_ENTRY(%rdi), %r11
	mov	SIM_T_IN_RAX(%rdi), %rax
	mov	SIM_T_IN_RBX(%rdi), %rbx
	mov	SIM_T_IN_RCX(%rdi), %rcx
	mov	SIM_T_IN_RDX(%rdi), %rdx
	mov	SIM_T_IN_RSI(%rdi), %rsi
	mov	SIM_T_IN_R8(%rdi), %r8
	mov	SIM_T_IN_R9(%rdi), %r9
	mov	SIM_T_IN_RDI(%rdi), %rdi
	jmp	*%r11
1:
	movl	$1, SIM_T_INSIDE(%rdi)
	mov	%rsi, %rdi
	jmp	sim_restore
	.size	sim_go, . - sim_go

/* noreturn void sim_restore(const struct sim_frame *f): the caller set t->inside when f is inside. */
	.globl	sim_restore
	.type	sim_restore, @function
sim_restore:
	mov	SIM_F_XSAVE(%rdi), %rsi
	mov	SIM_F_MASK(%rdi), %eax
	mov	SIM_F_MASK+4(%rdi), %edx
	xrstor64 (%rsi)
	mov	GPRS_FSBASE_OFF(%rdi), %rax
	wrfsbase %rax
	mov	GPRS_GSBASE_OFF(%rdi), %rax
	wrgsbase %rax
	push	$USER_SS
	push	GPRS_RSP_OFF(%rdi)
	push	GPRS_RFLAGS_OFF(%rdi)
	push	$USER_CS
	push	GPRS_RIP_OFF(%rdi)
	mov	GPRS_RAX_OFF(%rdi), %rax
	mov	GPRS_RCX_OFF(%rdi), %rcx
	mov	GPRS_RDX_OFF(%rdi), %rdx
	mov	GPRS_RBX_OFF(%rdi), %rbx
	mov	GPRS_RBP_OFF(%rdi), %rbp
	mov	GPRS_RSI_OFF(%rdi), %rsi
	mov	GPRS_R8_OFF(%rdi), %r8
	mov	GPRS_R8_OFF+8(%rdi), %r9
	mov	GPRS_R8_OFF+16(%rdi), %r10
	mov	GPRS_R8_OFF+24(%rdi), %r11
	mov	GPRS_R8_OFF+32(%rdi), %r12
	mov	GPRS_R8_OFF+40(%rdi), %r13
	mov	GPRS_R8_OFF+48(%rdi), %r14
	mov	GPRS_R8_OFF+56(%rdi), %r15
	mov	GPRS_RDI_OFF(%rdi), %rdi
	iretq
	.size	sim_restore, . - sim_restore

/* Landings of EEXIT; the thread's index is the landing's. */
	.balign	SIM_RETURN_POINT_SIZE
	.globl	sim_return_points
	.type	sim_return_points, @function
sim_return_points:
	.set	index, 0
	.rept	SIM_THREADS
	.balign	SIM_RETURN_POINT_SIZE
	mov	$index, %ecx
	jmp	sim_landed
	.set	index, index + 1
	.endr
	.balign	SIM_RETURN_POINT_SIZE
	.size	sim_return_points, . - sim_return_points

	.type	sim_landed, @function
sim_landed:
	imul	$SIM_THREAD_SIZE, %ecx, %ecx
	lea	g_sim_threads(%rip), %rbx
	add	%rcx, %rbx
	cmp	%rsp, SIM_T_HOST_RSP(%rbx)
	jne	sim_bad_exit
	cmp	%rbp, SIM_T_HOST_RBP(%rbx)
	jne	sim_bad_exit
	mov	SIM_T_HOST_FS(%rbx), %rcx
	wrfsbase %rcx
	mov	SIM_T_HOST_GS(%rbx), %rcx
	wrgsbase %rcx
	movl	$0, SIM_T_INSIDE(%rbx)
	mov	%rdi, SIM_T_OUT_RDI(%rbx)
	mov	%rsi, SIM_T_OUT_RSI(%rbx)
	or	%r8, %rdx
	or	%r9, %rdx
	or	%r10, %rdx
	or	%r11, %rdx
	or	%r12, %rdx
	or	%r13, %rdx
	or	%r14, %rdx
	or	%r15, %rdx
	mov	%rdx, SIM_T_OUT_LEFT(%rbx)
	mov	SIM_T_CALLER_RSP(%rbx), %rsp
	xor	%eax, %eax
sim_leave:
	cld
	ldmxcsr	(%rsp)
	fldcw	4(%rsp)
	add	$8, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret
	.size	sim_landed, . - sim_landed

/* noreturn void sim_aex_land(struct sim_thread *t): FS and GS are the host's already. */
	.globl	sim_aex_land
	.type	sim_aex_land, @function
sim_aex_land:
	mov	SIM_T_CALLER_RSP(%rdi), %rsp
	mov	$1, %eax
	jmp	sim_leave
	.size	sim_aex_land, . - sim_aex_land

/* The host's stack pointers came back wrong: on hardware the vDSO function would run wild. FS is
 * unknown here, so no C. */
	.type	sim_bad_exit, @function
sim_bad_exit:
	mov	$SYS_WRITE, %eax
	mov	$2, %edi
	lea	sim_bad_exit_words(%rip), %rsi
	mov	$sim_bad_exit_words_size, %edx
	syscall
	mov	$SYS_GETPID, %eax
	syscall
	mov	%eax, %ebx
	mov	$SYS_GETTID, %eax
	syscall
	mov	%ebx, %edi
	mov	%eax, %esi
	mov	$SIGABRT, %edx
	mov	$SYS_TGKILL, %eax
	syscall
	ud2
	.size	sim_bad_exit, . - sim_bad_exit

/*
 * Fast mode: the image's ENCLU function jumps here in place of ENCLU. RCX and RAX are free for
 * EEXIT. The other leaves need scratch registers before the thread is known: three words below the
 * enclave's stack pointer (the image has no red zone). A fault between sim_leaf_spill and
 * sim_leaf_spill_end is reported as one of the ENCLU instruction, with all registers intact.
 */
	.globl	sim_leaf_entry
	.type	sim_leaf_entry, @function
sim_leaf_entry:
	cmp	$ENCLU_EEXIT, %eax
	jne	sim_leaf_spill
	lea	sim_return_points(%rip), %rcx
	mov	%rbx, %rax
	sub	%rcx, %rax
	test	$(SIM_RETURN_POINT_SIZE - 1), %al
	jnz	1f
	cmp	$(SIM_THREADS * SIM_RETURN_POINT_SIZE), %rax
	jae	1f
	jmp	*%rbx
1:
	mov	$ENCLU_EEXIT, %eax
	.globl	sim_leaf_spill
sim_leaf_spill:
	mov	%rax, -24(%rsp)
	mov	%rcx, -8(%rsp)
	mov	%r11, -16(%rsp)
	.globl	sim_leaf_spill_end
sim_leaf_spill_end:
	mov	$SYS_GETTID, %eax
	syscall
	lea	g_sim_tids(%rip), %r11
	mov	%eax, %ecx
2:
	and	$(SIM_THREADS - 1), %ecx
	cmp	%eax, (%r11, %rcx, 4)
	je	3f
	inc	%ecx
	jmp	2b
3:
	imul	$SIM_THREAD_SIZE, %ecx, %ecx
	lea	g_sim_threads(%rip), %r11
	add	%rcx, %r11
	mov	-24(%rsp), %rax
	mov	%rax, SIM_T_LEAF+GPRS_RAX_OFF(%r11)
	mov	-8(%rsp), %rax
	mov	%rax, SIM_T_LEAF+GPRS_RCX_OFF(%r11)
	mov	-16(%rsp), %rax
	mov	%rax, SIM_T_LEAF+GPRS_R8_OFF+24(%r11)
	mov	%rdx, SIM_T_LEAF+GPRS_RDX_OFF(%r11)
	mov	%rbx, SIM_T_LEAF+GPRS_RBX_OFF(%r11)
	mov	%rsp, SIM_T_LEAF+GPRS_RSP_OFF(%r11)
	mov	%rbp, SIM_T_LEAF+GPRS_RBP_OFF(%r11)
	mov	%rsi, SIM_T_LEAF+GPRS_RSI_OFF(%r11)
	mov	%rdi, SIM_T_LEAF+GPRS_RDI_OFF(%r11)
	mov	%r8, SIM_T_LEAF+GPRS_R8_OFF(%r11)
	mov	%r9, SIM_T_LEAF+GPRS_R8_OFF+8(%r11)
	mov	%r10, SIM_T_LEAF+GPRS_R8_OFF+16(%r11)
	mov	%r12, SIM_T_LEAF+GPRS_R8_OFF+32(%r11)
	mov	%r13, SIM_T_LEAF+GPRS_R8_OFF+40(%r11)
	mov	%r14, SIM_T_LEAF+GPRS_R8_OFF+48(%r11)
	mov	%r15, SIM_T_LEAF+GPRS_R8_OFF+56(%r11)
	rdfsbase %rax
	mov	%rax, SIM_T_LEAF+GPRS_FSBASE_OFF(%r11)
	rdgsbase %rax
	mov	%rax, SIM_T_LEAF+GPRS_GSBASE_OFF(%r11)
	mov	SIM_T_HOST_RSP(%r11), %rsp
	and	$-64, %rsp
	sub	$SIM_XSAVE_MAX, %rsp
	pushfq
	pop	SIM_T_LEAF+GPRS_RFLAGS_OFF(%r11)
	push	$0 /* AC and TF are the enclave's own */
	popfq
	cld
	mov	SIM_T_HOST_FS(%r11), %rax
	wrfsbase %rax
	mov	SIM_T_HOST_GS(%r11), %rax
	wrgsbase %rax
	movl	$0, SIM_T_INSIDE(%r11)
	lea	XSAVE_HEADER_OFF(%rsp), %rdi
	xor	%eax, %eax
	mov	$(XSAVE_HEADER_SIZE / 8), %ecx
	rep stosq
	mov	g_sim_xsave_mask(%rip), %eax
	mov	g_sim_xsave_mask+4(%rip), %edx
	xsave64	(%rsp)
	ldmxcsr	sim_host_mxcsr(%rip)
	fninit
	vzeroupper
	mov	%r11, %rdi
	mov	%rsp, %rsi
	call	sim_leaf_fast
	ud2
	.size	sim_leaf_entry, . - sim_leaf_entry

/*
 * void sim_signal_stub(int signo, siginfo_t *info, void *context), called by the kernel. A thread
 * that never entered an enclave has the host's FS and GS, so nothing is changed for it (and CPUs
 * without FSGSBASE get that far only).
 * On the stack for sim_signal_dispatch: struct sim_saved { fs, gs, thread }.
 */
	.globl	sim_signal_stub
	.type	sim_signal_stub, @function
sim_signal_stub:
	push	%rbp
	push	%rbx
	sub	$24, %rsp
	mov	%rdi, %r8
	mov	%rsi, %r9
	mov	%rdx, %r10
	mov	$SYS_GETTID, %eax
	syscall
	lea	g_sim_tids(%rip), %rsi
	mov	%eax, %ecx
	mov	$SIM_THREADS, %edx
	xor	%ebx, %ebx
1:
	and	$(SIM_THREADS - 1), %ecx
	cmp	%eax, (%rsi, %rcx, 4)
	je	2f
	inc	%ecx
	dec	%edx
	jnz	1b
	jmp	3f
2:
	imul	$SIM_THREAD_SIZE, %ecx, %ecx
	lea	g_sim_threads(%rip), %rbx
	add	%rcx, %rbx
	cmpl	$0, SIM_T_INSIDE(%rbx)
	je	3f
	rdfsbase %rax
	mov	%rax, (%rsp)
	rdgsbase %rax
	mov	%rax, 8(%rsp)
	mov	SIM_T_HOST_FS(%rbx), %rax
	wrfsbase %rax
	mov	SIM_T_HOST_GS(%rbx), %rax
	wrgsbase %rax
	mov	%rbx, 16(%rsp)
	mov	%r8, %rdi
	mov	%r9, %rsi
	mov	%r10, %rdx
	mov	%rsp, %rcx
	call	sim_signal_dispatch
	mov	(%rsp), %rax
	wrfsbase %rax
	mov	8(%rsp), %rax
	wrgsbase %rax
	jmp	4f
3:
	mov	%r8, %rdi
	mov	%r9, %rsi
	mov	%r10, %rdx
	xor	%ecx, %ecx
	call	sim_signal_dispatch
4:
	add	$24, %rsp
	pop	%rbx
	pop	%rbp
	ret
	.size	sim_signal_stub, . - sim_signal_stub

	.section .rodata
	.balign	4
sim_host_mxcsr:
	.long	0x1f80
sim_bad_exit_words:
	.ascii	"simulation: the enclave left with another stack pointer than it was entered with\n"
	.set	sim_bad_exit_words_size, . - sim_bad_exit_words
	.section .note.GNU-stack, "", @progbits
