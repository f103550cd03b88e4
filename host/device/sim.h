/*
 * The simulator's own structures. A simulated enclave is a device; a thread of the process that
 * enters one has a slot. Which part does what:
 *   device_sim.c   the ioctl-shaped face: ECREATE, EADD, EINIT, the kernel's EDMM calls
 *   sim_pages.c    EPCM and mappings
 *   sim_enclu.c    the leaves that an enclave executes
 *   sim_thread.c   EENTER, AEX, ERESUME
 *   sim_signal.c   faults and signals
 *   sim_entry.S    the switch itself
 */
#ifndef HOST_DEVICE_SIM_H
#define HOST_DEVICE_SIM_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/cc.h"
#include "base/err.h"
#include "host/device/device.h"
#include "host/device/sim_asm.h"
#include "host/device/sim_pages.h"
#include "sgx/arch.h"
#include "sgx/keys.h"
#include "sgx/measure.h"

#define SIM_TCS_MAX 256

/* What the CPU keeps of a TCS page. `busy` is its owner's lock: all else but off belongs to whoever
 * set it. */
struct sim_tcs {
	uint64_t off;
	struct {
		uint64_t ossa, oentry, ofsbase, ogsbase;
		uint32_t nssa;
	} fields;
	uint32_t cssa;
	atomic_uint busy;
	unsigned long checked; /* generation of the pages at which the SSA frame was seen usable */
	uint32_t checked_cssa;
	uint64_t enters;
	uint64_t resumes;
	uint64_t aexs;
};

struct sim_device {
	struct device device; /* first: ops get a pointer to it */
	enum device_sim_mode mode;
	uint64_t enclu_off;
	pthread_mutex_t lock; /* pages, the TCS list, and what the leaves do */
	bool created;
	bool initialised;
	struct sgx_secs secs; /* as given, plus what EINIT adds */
	struct sgx_identity identity;
	struct sgx_measure measure;
	size_t xsave_size;   /* of XFRM, in this CPU's layout */
	unsigned enclu_seen; /* ENCLU instructions in executable pages */
	uint64_t enclu_at;   /* offset of the last one */
	uint8_t tail[2];     /* last bytes of the executable page before tail_end */
	uint64_t tail_end;
	struct sim_pages pages;
	struct sim_tcs *tcs[SIM_TCS_MAX];
	atomic_uint tcs_count;
	atomic_ulong accepted;
	atomic_bool stopped;	/* nobody enters or goes on any more */
	struct sgx_tcs scratch; /* a TCS page being accepted; under the lock */
};

/* One thread of the process. Fields that sim_entry.S uses come first. */
struct sim_thread {
	uint64_t host_rsp; /* what the enclave sees as the host's: the end of the entry stack */
	uint64_t host_rbp;
	uint64_t host_fs;
	uint64_t host_gs;
	uint64_t out_rdi;
	uint64_t out_rsi;
	uint64_t in_rax, in_rbx, in_rcx, in_rdx, in_rsi, in_rdi, in_r8, in_r9;
	uint64_t entry;
	uint64_t enclave_fs;
	uint64_t enclave_gs;
	uint64_t ssa_gprs; /* GPRSGX of SSA[CSSA], for URSP and URBP */
	uint32_t inside;   /* FS and GS may be the enclave's */
	uint32_t index;
	uint64_t caller_rsp;	   /* of sim_go */
	uint64_t out_left;	   /* RDX, R8 to R15 at EEXIT, all OR-ed */
	struct sgx_gprs leaf;	   /* registers at a leaf in fast mode */
	struct sim_device *device; /* entered, or NULL */
	struct sim_tcs *tcs;
	uint16_t vector; /* of the exception that ended the last run */
	uint16_t error_code;
	uint64_t address;
	uint64_t retry_rip; /* a fault that the model does not refuse: see sim_signal.c */
	uint64_t retry_address;
	uint32_t retries;
	bool canceled; /* the run ended by an interrupt of a stopped device */
	void *stacks;  /* guard page, alternate signal stack, guard page, entry stack */
} ALIGNED(SIM_THREAD_SIZE);

static_assert(sizeof(struct sim_thread) == SIM_THREAD_SIZE, "thread");
static_assert(offsetof(struct sim_thread, host_rbp) == SIM_T_HOST_RBP, "host_rbp");
static_assert(offsetof(struct sim_thread, host_fs) == SIM_T_HOST_FS, "host_fs");
static_assert(offsetof(struct sim_thread, host_gs) == SIM_T_HOST_GS, "host_gs");
static_assert(offsetof(struct sim_thread, out_rdi) == SIM_T_OUT_RDI, "out_rdi");
static_assert(offsetof(struct sim_thread, out_rsi) == SIM_T_OUT_RSI, "out_rsi");
static_assert(offsetof(struct sim_thread, in_rax) == SIM_T_IN_RAX, "in_rax");
static_assert(offsetof(struct sim_thread, in_rbx) == SIM_T_IN_RBX, "in_rbx");
static_assert(offsetof(struct sim_thread, in_rcx) == SIM_T_IN_RCX, "in_rcx");
static_assert(offsetof(struct sim_thread, in_rdx) == SIM_T_IN_RDX, "in_rdx");
static_assert(offsetof(struct sim_thread, in_rsi) == SIM_T_IN_RSI, "in_rsi");
static_assert(offsetof(struct sim_thread, in_rdi) == SIM_T_IN_RDI, "in_rdi");
static_assert(offsetof(struct sim_thread, in_r8) == SIM_T_IN_R8, "in_r8");
static_assert(offsetof(struct sim_thread, in_r9) == SIM_T_IN_R9, "in_r9");
static_assert(offsetof(struct sim_thread, entry) == SIM_T_ENTRY, "entry");
static_assert(offsetof(struct sim_thread, enclave_fs) == SIM_T_ENCLAVE_FS, "enclave_fs");
static_assert(offsetof(struct sim_thread, enclave_gs) == SIM_T_ENCLAVE_GS, "enclave_gs");
static_assert(offsetof(struct sim_thread, ssa_gprs) == SIM_T_SSA_GPRS, "ssa_gprs");
static_assert(offsetof(struct sim_thread, inside) == SIM_T_INSIDE, "inside");
static_assert(offsetof(struct sim_thread, caller_rsp) == SIM_T_CALLER_RSP, "caller_rsp");
static_assert(offsetof(struct sim_thread, out_left) == SIM_T_OUT_LEFT, "out_left");
static_assert(offsetof(struct sim_thread, leaf) == SIM_T_LEAF, "leaf");

/* A CPU state to continue with. */
struct sim_frame {
	struct sgx_gprs regs;
	const void *xsave; /* 64-aligned XSAVE image */
	uint64_t mask;	   /* components of it to load */
};
static_assert(offsetof(struct sim_frame, xsave) == SIM_F_XSAVE, "xsave");
static_assert(offsetof(struct sim_frame, mask) == SIM_F_MASK, "mask");

/* Why an enclave stopped. An interrupt has no vector that anyone is told. */
struct sim_event {
	bool exception;
	uint8_t vector;
	uint32_t error_code;
	uint64_t address;
};

/* sim_entry.S */
extern const char sim_return_points[], sim_leaf_spill[], sim_leaf_spill_end[], sim_leaf_entry[];
int sim_go(struct sim_thread *t, const struct sim_frame *resume);
NORETURN void sim_restore(const struct sim_frame *f);
NORETURN void sim_aex_land(struct sim_thread *t);
void sim_signal_stub(void);

extern struct sim_thread g_sim_threads[SIM_THREADS];
extern uint32_t g_sim_tids[SIM_THREADS];
extern uint64_t g_sim_xsave_mask;

/* --- sim_thread.c --- */

/* The CPU's XCR0, limited to what the simulator carries over an AEX (XFRM up to 0xE7). */
uint64_t sim_cpu_xfrm(void);

/* Bytes of an XSAVE image with the components of `xfrm` in standard format. */
size_t sim_xsave_size(uint64_t xfrm);

int sim_enter(struct device *device, uint64_t rdi, uint64_t rsi, uint64_t rdx, uint32_t function,
	      uint64_t r8, uint64_t r9, struct device_run *run);

/* The slot of the calling thread, made when there is none; NULL and errno. */
struct sim_thread *sim_thread_get(void);

/* Offset of a pointer in ELRANGE, or UINT64_MAX. */
static inline uint64_t sim_offset(const struct sim_device *d, uint64_t address)
{
	uint64_t off = address - d->device.base;

	return off < d->device.size ? off : UINT64_MAX;
}

static inline bool sim_canonical(uint64_t address)
{
	return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

/*
 * Asynchronous exit: regs and xsave go to SSA[CSSA], CSSA rises, the TCS is free. xsave is an image
 * in standard format with at least the components of XFRM.
 */
void sim_aex(struct sim_thread *t, const struct sgx_gprs *regs, const void *xsave,
	     const struct sim_event *event);

/* The trace that an exit which the kernel resolves at once leaves in the SSA frame. */
void sim_aex_trace(struct sim_thread *t, const struct sgx_gprs *regs, const void *xsave,
		   const struct sim_event *event);

/* Keeps the exception for the return from enter. */
void sim_thread_note(struct sim_thread *t, const struct sim_event *event);

/*
 * ERESUME up to the point of no return: takes the TCS, reads and checks SSA[CSSA-1] and lowers
 * CSSA. False: event says which fault the instruction has, and nothing changed. xsave gets
 * d->xsave_size bytes. What it gave goes through sim_resume_fetch.
 */
bool sim_eresume(struct sim_thread *t, struct sgx_gprs *regs, uint8_t *xsave,
		 struct sim_event *event);

/* After sim_eresume. False: RIP is outside ELRANGE, so the fetch faulted at once and the frame is
 * there again (noted). */
bool sim_resume_fetch(struct sim_thread *t, const struct sgx_gprs *regs, const void *xsave);

static inline bool sim_tcs_acquire(struct sim_tcs *tcs)
{
	return atomic_exchange_explicit(&tcs->busy, 1, memory_order_acquire) == 0;
}

static inline void sim_tcs_release(struct sim_tcs *tcs)
{
	atomic_store_explicit(&tcs->busy, 0, memory_order_release);
}

/* The TCS whose page is at `off`, or NULL. */
struct sim_tcs *sim_tcs_find(struct sim_device *d, uint64_t off);

/* The rules of EADD and EACCEPT for the bytes of a TCS page: reserved fields and unknown flags. */
bool sim_tcs_legal(const struct sgx_tcs *tcs);

/* A new TCS page at `off`; the caller holds the device's lock. ENOMEM. */
MUST_USE int sim_tcs_add(struct sim_device *d, uint64_t off, const struct sgx_tcs *tcs);

/* --- sim_enclu.c --- */

enum sim_leaf_result {
	SIM_LEAF_DONE,	/* regs are as after the instruction, RIP included */
	SIM_LEAF_EXIT,	/* EEXIT: regs hold the host's RIP, FS and GS */
	SIM_LEAF_FAULT, /* nothing changed; *event says what */
};

/*
 * Executes the ENCLU at regs->rip. xsave is the enclave's vector state (for a fault on the way that
 * the kernel resolves, which in strict mode leaves its trace in the SSA).
 */
enum sim_leaf_result sim_leaf(struct sim_thread *t, struct sgx_gprs *regs, const void *xsave,
			      struct sim_event *event);

/* Called by sim_entry.S with the registers in t->leaf. */
NORETURN void sim_leaf_fast(struct sim_thread *t, const void *xsave);

/* --- sim_signal.c --- */

/* Puts the simulator's handlers in place, once per process. errno. */
MUST_USE int sim_signal_install(void);

/* --- sim_secret.c --- */

/* The simulated CPU with its secret, which is read or made at the first call. Never fails: without
 * any place to keep a secret it is this process's own. */
const struct sgx_machine *sim_machine(void);

#endif
