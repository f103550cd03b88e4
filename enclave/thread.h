/*
 * The thread block: one page per TCS that FS points to while the thread is inside. entry.S uses it
 * by the offsets below; the canary stands where compilers expect it (fs:0x28).
 */
#ifndef ENCLAVE_THREAD_H
#define ENCLAVE_THREAD_H

#define THREAD_SELF	    0x00
#define THREAD_STATE	    0x08
#define THREAD_HOST	    0x10 /* RCX, RSP, RBP of the entry at CSSA 0 */
#define THREAD_CANARY	    0x28
#define THREAD_EXC_HOST	    0x30 /* the same of the entry at CSSA 1 */
#define THREAD_SAVED_RSP    0x48
#define THREAD_GUEST_RSP    0x50
#define THREAD_IN_EXCEPTION 0x58

/* States. Only entry.S changes them. */
#define THREAD_IDLE    0 /* may be entered anew */
#define THREAD_RUNNING 1 /* inside, or interrupted */
#define THREAD_CALLING 2 /* outside, a host call is pending */

#ifndef __ASSEMBLER__

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cc.h"
#include "enclave/layout.h"
#include "sgx/arch.h"

/* What the host had in its registers when it entered, and must find again. */
struct thread_host_state {
	uint64_t return_address;
	uint64_t rsp;
	uint64_t rbp;
};

struct native_thread;

struct thread_block {
	struct thread_block *self;
	uint64_t state;
	struct thread_host_state host;
	uint64_t canary;
	struct thread_host_state exc_host;
	uint64_t saved_rsp; /* trusted stack while a host call is pending */
	uint64_t guest_rsp; /* trusted stack of native_enter (native.S); 0: no guest code runs */
	uint64_t in_exception;
	uint64_t guest_stack_accepted; /* bytes, from the top downwards */
	uint64_t slots_accepted;       /* bytes of the slots of native code */
	uint64_t trap_address;	       /* RIP of the last trap of guest code */
	uint64_t trap_stack;	       /* its RSP, whatever that was */
	struct native_thread *native;  /* the engine's */
	uint32_t call_seq;	       /* sequence number of the last host call */
	uint32_t reserved;
};
static_assert(offsetof(struct thread_block, self) == THREAD_SELF, "thread block");
static_assert(offsetof(struct thread_block, state) == THREAD_STATE, "thread block");
static_assert(offsetof(struct thread_block, host) == THREAD_HOST, "thread block");
static_assert(offsetof(struct thread_block, canary) == THREAD_CANARY, "thread block");
static_assert(offsetof(struct thread_block, exc_host) == THREAD_EXC_HOST, "thread block");
static_assert(offsetof(struct thread_block, saved_rsp) == THREAD_SAVED_RSP, "thread block");
static_assert(offsetof(struct thread_block, guest_rsp) == THREAD_GUEST_RSP, "thread block");
static_assert(offsetof(struct thread_block, in_exception) == THREAD_IN_EXCEPTION, "thread block");
static_assert(sizeof(struct thread_block) <= 4096, "thread block");

/* The calling thread's block. */
static inline struct thread_block *thread_self(void)
{
	struct thread_block *t;

	__asm__("mov %%fs:0, %0" : "=r"(t));
	return t;
}

/* Base of ELRANGE: the image's first byte. */
static inline uint64_t enclave_base(void)
{
	extern HIDDEN const char image_start[];

	return (uint64_t)image_start;
}

/* Number of a thread, 0 .. LAYOUT_THREAD_COUNT - 1: the place of its block tells. */
static inline uint64_t thread_index(const struct thread_block *t)
{
	return ((uint64_t)t - enclave_base() - LAYOUT_THREADS_OFF) / LAYOUT_THREAD_STRIDE;
}

/* The first save area of the thread: what an exception interrupted. */
static inline uint8_t *thread_ssa(const struct thread_block *t)
{
	return (uint8_t *)(uintptr_t)t - THREAD_BLOCK_OFF + THREAD_SSA_OFF;
}

#endif /* __ASSEMBLER__ */
#endif
