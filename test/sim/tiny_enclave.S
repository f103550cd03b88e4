/*
 * The smallest enclave that can be asked to do one thing: its code is one page, placed at offset 0
 * of ELRANGE by test/sim/tiny.c. Not linked: the bytes between tiny_code and tiny_code_end are what
 * is added and measured, so everything in here is position-independent.
 *
 * Entry: RDI = what to do (TINY_*), RSI RDX R8 R9 its arguments; RAX = CSSA. FS is the thread's
 * page: the host's RCX, RSP, RBP at CSSA * 64, stacks growing down from its end (CSSA 0) and from its
 * middle (CSSA 1). Exit: RDI, RSI = results. Registers are not scrubbed: it has no secrets.
 */
#include "test/sim/tiny.h"

	.section .rodata
	.balign	4096
	.globl	tiny_code
	.type	tiny_code, @object
	.globl	tiny_code_end
	.globl	tiny_enclu
	.globl	tiny_exit
	.globl	tiny_bases
	.globl	tiny_exit_elsewhere
tiny_code:
	mov	%rax, %r10
	shl	$6, %r10
	mov	%rcx, %fs:0(%r10)
	mov	%rsp, %fs:8(%r10)
	mov	%rbp, %fs:16(%r10)
	shl	$11, %rax
	rdfsbase %rsp
	add	$4096, %rsp
	sub	%rax, %rsp
	push	%r10
	cld

	cmp	$TINY_PROBE, %edi
	je	tiny_exit
	cmp	$TINY_LEAF, %edi
	je	tiny_do_leaf
	cmp	$TINY_READ, %edi
	je	tiny_do_read
	cmp	$TINY_WRITE, %edi
	je	tiny_do_write
	cmp	$TINY_CALL, %edi
	je	tiny_do_call
	cmp	$TINY_BASES, %edi
	je	tiny_do_bases
	cmp	$TINY_SPIN, %edi
	je	tiny_do_spin
	cmp	$TINY_UD, %edi
	je	tiny_do_ud
	cmp	$TINY_DE, %edi
	je	tiny_do_de
	cmp	$TINY_BP, %edi
	je	tiny_do_bp
	cmp	$TINY_GP, %edi
	je	tiny_do_gp
	cmp	$TINY_BAD_EXIT, %edi
	je	tiny_do_bad_exit
	cmp	$TINY_REGS, %edi
	je	tiny_do_regs
	cmp	$TINY_COPY, %edi
	je	tiny_do_copy
	cmp	$TINY_SET_BASES, %edi
	je	tiny_do_set_bases
	cmp	$TINY_LEAF_REGS, %edi
	je	tiny_do_leaf_regs
	cmp	$TINY_LEAF_NO_STACK, %edi
	je	tiny_do_leaf_no_stack
	cmp	$TINY_EXIT_TO, %edi
	je	tiny_do_exit_to
	cmp	$TINY_SPOIL, %edi
	je	tiny_do_spoil
	mov	$-1, %rdi

/* RDI, RSI are the results. */
tiny_exit:
	pop	%r10
	mov	%fs:0(%r10), %rbx
tiny_exit_rbx:
	mov	%fs:8(%r10), %rsp
	mov	%fs:16(%r10), %rbp
	mov	$4, %eax
	jmp	tiny_enclu

/* The ENCLU function. */
	.balign	16
tiny_enclu:
	.fill	14, 1, 0x90
	.byte	0x0f, 0x01, 0xd7
	ret

/* leaf RSI with RBX = RDX, RCX = R8, RDX = R9: RAX and RFLAGS */
tiny_do_leaf:
	mov	%esi, %eax
	mov	%rdx, %rbx
	mov	%r8, %rcx
	mov	%r9, %rdx
	call	tiny_enclu
	pushf
	pop	%rsi
	mov	%rax, %rdi
	jmp	tiny_exit

tiny_do_read:
	mov	(%rsi), %rdi
	jmp	tiny_exit

tiny_do_write:
	mov	%rdx, (%rsi)
	xor	%edi, %edi
	jmp	tiny_exit

/* call RSI; it returns by `ret` */
tiny_do_call:
	call	*%rsi
	xor	%edi, %edi
	jmp	tiny_exit

tiny_bases:
tiny_do_bases:
	rdfsbase %rdi
	rdgsbase %rsi
	jmp	tiny_exit

/* from the host's RSI: 2048 bytes of vector registers and 64 of mask registers; R8 turns; then to the
 * host's RDX. R9: with AVX-512. Result: how many general registers changed. */
tiny_do_spin:
	test	%r9, %r9
	jz	1f
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	vmovdqu64 64*\n(%rsi), %zmm\n
	.endr
	.irp	n, 1,2,3,4,5,6,7
	kmovq	2048+8*\n(%rsi), %k\n
	.endr
	jmp	2f
1:
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	vmovdqu	64*\n(%rsi), %ymm\n
	.endr
2:
	.irp	r, rax,rbx,rcx,rdi,rbp,r10,r11,r12,r13,r14,r15
	lea	0x1234567(%rsi), %\r
	.endr
	std
3:
	dec	%r8
	jnz	3b
	pushf
	cld
	xor	%edi, %edi
	lea	0x1234567(%rsi), %rsi
	.irp	r, rax,rbx,rcx,rbp,r10,r11,r12,r13,r14,r15
	cmp	%rsi, %\r
	setne	%dil
	add	%edi, %edi
	.endr
	pop	%rax
	and	$0x400, %eax
	cmp	$0x400, %eax
	je	4f
	inc	%edi
4:
	test	%r9, %r9
	jz	5f
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	vmovdqu64 %zmm\n, 64*\n(%rdx)
	.endr
	.irp	n, 1,2,3,4,5,6,7
	kmovq	%k\n, 2048+8*\n(%rdx)
	.endr
	jmp	tiny_exit
5:
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	vmovdqu	%ymm\n, 64*\n(%rdx)
	.endr
	jmp	tiny_exit

tiny_do_ud:
	ud2
	mov	$7, %edi
	jmp	tiny_exit

tiny_do_de:
	xor	%edx, %edx
	xor	%eax, %eax
	xor	%ecx, %ecx
	div	%ecx
	jmp	tiny_exit

tiny_do_bp:
	int3
	mov	$7, %edi
	jmp	tiny_exit

tiny_do_gp:
	hlt
	jmp	tiny_exit

tiny_do_bad_exit:
	pop	%r10
	mov	%fs:0(%r10), %rbx
	mov	%fs:8(%r10), %rsp
	mov	%fs:16(%r10), %rbp
	sub	$64, %rsp
	mov	$4, %eax
	jmp	tiny_enclu

/* to the host's RSI: what EENTER gave in RAX, RBX, RCX, and the host's RSP and RBP */
tiny_do_regs:
	shr	$11, %rax
	mov	%rax, (%rsi)
	mov	%rbx, 8(%rsi)
	mov	%rcx, 16(%rsi)
	mov	%fs:8(%r10), %rax
	mov	%rax, 24(%rsi)
	mov	%fs:16(%r10), %rax
	mov	%rax, 32(%rsi)
	xor	%edi, %edi
	jmp	tiny_exit

/* R8 bytes from RDX to RSI */
tiny_do_copy:
	mov	%rsi, %rdi
	mov	%rdx, %rsi
	mov	%r8, %rcx
	rep movsb
	xor	%edi, %edi
	jmp	tiny_exit

/* FS := RSI, GS := RDX, then EMODPE with operands RBX = R8, RCX = R9: what the bases are after it */
tiny_do_set_bases:
	rdfsbase %r11
	wrfsbase %rsi
	wrgsbase %rdx
	mov	$6, %eax
	mov	%r8, %rbx
	mov	%r9, %rcx
	call	tiny_enclu
	rdgsbase %rsi
	rdfsbase %rdi
	wrfsbase %r11
	jmp	tiny_exit

/* EMODPE with operands RBX = RSI, RCX = RDX and every other register known: how many changed */
tiny_do_leaf_regs:
	mov	%rsi, %rbx
	mov	%rdx, %rcx
	vmovq	%rbx, %xmm1
	vpbroadcastq %xmm1, %ymm15
	.irp	r, rdx,rdi,rbp,r8,r9,r10,r11,r12,r13,r14,r15
	lea	0x7654321(%rcx), %\r
	.endr
	mov	$6, %eax
	call	tiny_enclu
	lea	0x7654321(%rcx), %rax
	mov	$0, %esi
	.irp	r, rdx,rdi,rbp,r8,r9,r10,r11,r12,r13,r14,r15
	cmp	%rax, %\r
	setne	%al
	movzbl	%al, %eax
	add	%eax, %esi
	lea	0x7654321(%rcx), %rax
	.endr
	vmovq	%rbx, %xmm0
	vpbroadcastq %xmm0, %ymm0
	vpcmpeqq %ymm0, %ymm15, %ymm0
	vpmovmskb %ymm0, %eax
	not	%eax
	or	%eax, %esi
	mov	%rsi, %rdi
	xor	%esi, %esi
	jmp	tiny_exit

/* leaf RSI (not EEXIT) with a stack pointer that points nowhere: RBX = RDX, RCX = R8 */
tiny_do_leaf_no_stack:
	mov	%esi, %eax
	mov	%rdx, %rbx
	mov	%r8, %rcx
	mov	$64, %esp
	jmp	tiny_enclu

/* EEXIT to RSI */
tiny_do_exit_to:
	pop	%r10
	mov	%rsi, %rbx
	jmp	tiny_exit_rbx

/* leaves with the control words of RSI (MXCSR) and RDX (x87), and with DF set */
tiny_do_spoil:
	push	%rsi
	ldmxcsr	(%rsp)
	mov	%rdx, (%rsp)
	fldcw	(%rsp)
	pop	%rsi
	std
	jmp	tiny_exit
tiny_code_end:

/* Host code, for an EEXIT that goes elsewhere: on to the address that the CPU gives in RCX. */
	.text
	.type	tiny_exit_elsewhere, @function
tiny_exit_elsewhere:
	add	$1000, %rdi
	jmp	*%rcx
	.section .note.GNU-stack, "", @progbits
