/* What device_linux.c and its assembler share. */
#ifndef HOST_DEVICE_DEVICE_LINUX_H
#define HOST_DEVICE_DEVICE_LINUX_H

#define LINUX_CALL_FUNCTION   0
#define LINUX_CALL_STACK      8
#define LINUX_CALL_RDI	      16
#define LINUX_CALL_RSI	      24
#define LINUX_CALL_RDX	      32
#define LINUX_CALL_RCX	      40
#define LINUX_CALL_R8	      48
#define LINUX_CALL_R9	      56
#define LINUX_CALL_RUN	      64
#define LINUX_CALL_CALLER_RSP 72
#define LINUX_CALL_KEPT	      16 /* bytes on the call's stack while the function runs */

#ifndef __ASSEMBLER__

#include <assert.h>
#include <stdatomic.h>

#include "base/cc.h"

/* __vdso_sgx_enter_enclave: SysV order, the run structure on the stack. */
typedef int (*linux_enter_func)(uint64_t rdi, uint64_t rsi, uint64_t rdx, unsigned function,
				uint64_t r8, uint64_t r9, void *run);

/* The kernel's entry function and the bytes of its code, or NULL. */
linux_enter_func device_linux_vdso(uint64_t *size);

/* An ioctl; again when a signal came before it had done anything (EINTR). errno or 0. */
int device_linux_ioctl(int fd, unsigned long request, void *arg);

/* Arguments in, RDI and RSI of the EEXIT out. */
struct linux_call {
	linux_enter_func function;
	uint64_t stack; /* the end of the stack to call it on */
	uint64_t rdi, rsi, rdx, rcx, r8, r9;
	uint64_t run;
	uint64_t caller_rsp;
	uint64_t function_size;
	const atomic_bool *stopped; /* then a kick ends the call */
	bool canceled;		    /* out: it did */
};
static_assert(offsetof(struct linux_call, run) == LINUX_CALL_RUN, "run");
static_assert(offsetof(struct linux_call, caller_rsp) == LINUX_CALL_CALLER_RSP, "caller_rsp");

/*
 * Calls the function on the other stack and keeps what the C ABI promises (the vDSO function does
 * not save R12-R15, x87 and MXCSR control, DF). Always the same stack: an enclave restores at EEXIT
 * the RSP and RBP of its EENTER, also after an exception and ERESUME.
 */
int device_linux_go(struct linux_call *call);

/* device_linux_go, and -ECANCELED where device_linux_cancel ended it. */
int device_linux_call(struct linux_call *call);

/* From the handler of a kick: when the thread was interrupted in the function of its call, which is
 * where it stands while its enclave is interrupted, and the device was stopped, changes the context
 * so that the call returns. The enclave's thread is not resumed. */
void device_linux_cancel(void *context);
extern const char device_linux_canceled[];

/* Reads one byte; 0, or 1 when that raised SIGBUS. */
int device_touch(const void *p);
extern const char device_touch_load[], device_touch_failed[];

#endif
#endif
