/* The way to the kernel's entry function, and a load that may fail. See device_linux.h. */
#include "host/device/device_linux.h"

	.text
	.hidden	device_linux_go
	.hidden	device_linux_canceled
	.hidden	device_touch
	.hidden	device_touch_load
	.hidden	device_touch_failed

/* int device_linux_go(struct linux_call *call). The enclave gives RSP and RBP back, so the call is
 * found again at a fixed place of the stack. */
	.globl	device_linux_go
	.type	device_linux_go, @function
device_linux_go:
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	sub	$8, %rsp
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
	mov	%rsp, LINUX_CALL_CALLER_RSP(%rdi)
	mov	%rdi, %r11
	mov	LINUX_CALL_STACK(%r11), %rsp
	mov	%rsp, %rbp
	push	%r11
	push	LINUX_CALL_RUN(%r11)
	mov	LINUX_CALL_RDI(%r11), %rdi
	mov	LINUX_CALL_RSI(%r11), %rsi
	mov	LINUX_CALL_RDX(%r11), %rdx
	mov	LINUX_CALL_RCX(%r11), %rcx
	mov	LINUX_CALL_R8(%r11), %r8
	mov	LINUX_CALL_R9(%r11), %r9
	call	*LINUX_CALL_FUNCTION(%r11)
	.globl	device_linux_canceled
device_linux_canceled:
	mov	LINUX_CALL_KEPT - 8(%rsp), %r11
	mov	%rdi, LINUX_CALL_RDI(%r11)
	mov	%rsi, LINUX_CALL_RSI(%r11)
	mov	LINUX_CALL_CALLER_RSP(%r11), %rsp
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
	.size	device_linux_go, . - device_linux_go

	.globl	device_touch
	.globl	device_touch_load
	.globl	device_touch_failed
	.type	device_touch, @function
device_touch:
	xor	%eax, %eax
device_touch_load:
	movb	(%rdi), %dl
	ret
device_touch_failed:
	mov	$1, %eax
	ret
	.size	device_touch, . - device_touch

	.section .note.GNU-stack, "", @progbits
