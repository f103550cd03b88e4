/* Guest code for the probes: what a compiler could emit, and what it must not. Copied into the code
 * region page by page; everything is position-independent. */
	.section .rodata
.macro GUEST name
	.globl	\name, \name\()_end
	.hidden	\name, \name\()_end
	.balign	16
\name:
.endm

GUEST guest_load
	movq	%gs:(%rdi), %rax
	ret
guest_load_end:

GUEST guest_ud1			/* the kind byte is patched in by the probe */
	.byte	0x67, 0x0f, 0xb9, 0x40, 0
	ret
guest_ud1_end:

GUEST guest_recurse
	subq	$256, %rsp
	call	guest_recurse
	ret
guest_recurse_end:

GUEST guest_flags
	pushq	$0x40602		/* AC, DF */
	popfq
	pushq	$0x0000
	ldmxcsr	(%rsp)
	addq	$8, %rsp
	movl	$7, %eax
	ret
guest_flags_end:

GUEST guest_ud2			/* its fifth byte would be a kind */
	ud2
	.byte	0x67, 0x40, 1
guest_ud2_end:

GUEST guest_divide
	xorl	%ecx, %ecx
	movl	$1, %eax
	cltd
	idivl	%ecx
	ret
guest_divide_end:

GUEST guest_write_code
	leaq	guest_write_code(%rip), %rcx
	movb	$0x90, (%rcx)
	ret
guest_write_code_end:

GUEST guest_falls		/* off its end, into the padding */
	movl	$1, %eax
guest_falls_end:

GUEST guest_42
	movl	$42, %eax
	ret
guest_42_end:

GUEST guest_calls		/* (function, its argument) */
	movq	%rdi, %rax
	movq	%rsi, %rdi
	subq	$8, %rsp
	call	*%rax
	addq	$8, %rsp
	ret
guest_calls_end:

GUEST guest_touch
	movq	(%rdi), %rax
	ret
guest_touch_end:

	.section .note.GNU-stack, "", @progbits
