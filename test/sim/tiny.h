/*
 * A hand-made enclave for tests of the device: one page of code (tiny_enclave.S), a few pages of
 * each kind, eight threads. Built page by page through the device interface; a test bends one thing
 * and sees it refused. Offsets are in ELRANGE.
 */
#ifndef TEST_SIM_TINY_H
#define TEST_SIM_TINY_H

#define TINY_PROBE	   0
#define TINY_LEAF	   1
#define TINY_READ	   2
#define TINY_WRITE	   3
#define TINY_CALL	   4
#define TINY_BASES	   5
#define TINY_SPIN	   6
#define TINY_UD		   7
#define TINY_DE		   8
#define TINY_BP		   9
#define TINY_GP		   10
#define TINY_BAD_EXIT	   11
#define TINY_REGS	   12
#define TINY_COPY	   13
#define TINY_SET_BASES	   14
#define TINY_LEAF_REGS	   15
#define TINY_LEAF_NO_STACK 16
#define TINY_EXIT_TO	   17
#define TINY_SPOIL	   18

#define TINY_SIZE    0x400000
#define TINY_DATA    0x2000 /* two pages RW */
#define TINY_RO	     0x4000
#define TINY_TCS     0x10000 /* per thread: TCS, two SSA frames, the FS page */
#define TINY_TCS_GAP 0x4000
#define TINY_THREADS 8
#define TINY_SSA     0x1000
#define TINY_FS	     0x3000
#define TINY_DYNAMIC 0x100000 /* mapped RW, no pages at first */
#define TINY_HOLE    0x300000 /* never mapped */

#define TINY_DYNAMIC_SIZE 0x100000

#ifndef __ASSEMBLER__

#include "host/device/device.h"
#include "sgx/arch.h"
#include "sgx/measure.h"

extern const uint8_t tiny_code[], tiny_code_end[], tiny_enclu[], tiny_exit[], tiny_bases[];
void tiny_exit_elsewhere(void); /* host code that goes on to RCX, with RDI + 1000 */

/* What a test may bend before the enclave is built. */
struct tiny_plan {
	enum device_sim_mode mode;
	struct sgx_secs secs; /* base and size are filled in */
	struct sgx_tcs tcs;   /* of each thread; OSSA, OFSBASE, OGSBASE are filled in when 0 */
	uint64_t code_flags;  /* SECINFO flags */
	uint64_t data_flags;
	uint64_t enclu_off;
	uint8_t code[4096];
};

struct tiny {
	struct device *device;
	uint64_t base;
};

/* The plan of a good enclave. */
void tiny_plan(struct tiny_plan *plan, enum device_sim_mode mode);

/* Reserve, ECREATE, EADD. errno of the step that failed; close it in any case. */
int tiny_build(struct tiny *t, const struct tiny_plan *plan);

/* The measurement of a plan's pages, open for more. */
void tiny_measure_begin(const struct tiny_plan *plan, struct sgx_measure *m);

/* MRENCLAVE of a plan by sgx/measure.h, and a SIGSTRUCT over it with the tests' key. */
void tiny_measure(const struct tiny_plan *plan, uint8_t mrenclave[32]);
void tiny_sign(struct sgx_sigstruct *out, const uint8_t mrenclave[32]);

/* Signs `s` anew after a test changed a signed field. */
void tiny_sign_again(struct sgx_sigstruct *s);

/* The usual mappings. errno. */
int tiny_map(const struct tiny *t);

/* tiny_build, EINIT with a signature of what was planned, tiny_map. */
int tiny_launch(struct tiny *t, const struct tiny_plan *plan);

/* tiny_launch of the good plan. */
int tiny_start(struct tiny *t, enum device_sim_mode mode);

void tiny_close(struct tiny *t);

/* Address of a thread's TCS. */
uint64_t tiny_tcs(const struct tiny *t, unsigned thread);

/* EENTER on a thread: what the vDSO's caller sees. */
struct device_run tiny_enter(const struct tiny *t, unsigned thread, uint64_t what, uint64_t rsi,
			     uint64_t rdx, uint64_t r8, uint64_t r9);
struct device_run tiny_resume(const struct tiny *t, unsigned thread);

/* A leaf: RDI of the result is RAX, RSI is RFLAGS. */
struct device_run tiny_leaf(const struct tiny *t, unsigned thread, uint32_t leaf, uint64_t rbx,
			    uint64_t rcx, uint64_t rdx);

/* A leaf on the page at `off` with a SECINFO of these flags (it stands at TINY_DATA). */
struct device_run tiny_secinfo_leaf(const struct tiny *t, unsigned thread, uint32_t leaf,
				    uint64_t flags, uint64_t off, uint64_t source);

/* The simulator lets the host look: tests read and bend what is inside. */
void *tiny_at(const struct tiny *t, uint64_t off);
struct sgx_gprs *tiny_ssa(const struct tiny *t, unsigned thread, unsigned cssa);
struct sgx_exinfo *tiny_exinfo(const struct tiny *t, unsigned thread, unsigned cssa);

/* After a fault at CSSA 0: makes the thread leave, so that it can be entered again. */
void tiny_unwind(const struct tiny *t, unsigned thread);

#endif
#endif
