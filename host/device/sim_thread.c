/*
 * Threads of a simulated enclave: EENTER, asynchronous exit and ERESUME (SDM vol. 3D, EENTER,
 * ERESUME, "Asynchronous Exits"), with the return conventions of the kernel's vDSO function.
 * Trust: SSA frames and TCS pages belong to the enclave and are copied before they are checked.
 * Invariant: t->device is set exactly while the thread is between EENTER and the return of sim_go.
 */
#include "host/device/sim.h"

#include <cpuid.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/base/cpu.h"

#define STACK_SIZE	(64u * 1024)
#define STACKS_SIZE	(2 * (SIM_PAGE_SIZE + STACK_SIZE))
#define RFLAGS_RESTORED 0x244cd5u /* CF PF AF ZF SF DF OF AC ID: what a program may set */
#define RFLAGS_FIXED	0x202u
#define RFLAGS_TF	0x100u

struct sim_thread g_sim_threads[SIM_THREADS];
uint32_t g_sim_tids[SIM_THREADS];
uint64_t g_sim_xsave_mask;

static _Thread_local struct sim_thread *g_thread;
static pthread_key_t g_thread_key;
static pthread_once_t g_thread_once = PTHREAD_ONCE_INIT;
static pthread_mutex_t g_thread_lock = PTHREAD_MUTEX_INITIALIZER;

/* --- slots --- */

static void sim_thread_free(void *p)
{
	struct sim_thread *t = p;
	stack_t off = {.ss_flags = SS_DISABLE};

	sigaltstack(&off, NULL);
	munmap(t->stacks, STACKS_SIZE);
	t->stacks = NULL;
	g_thread = NULL;
	__atomic_store_n(&g_sim_tids[t->index], 0, __ATOMIC_RELEASE);
}

/* A forked child has one thread, with a new number. */
static void sim_thread_forked(void)
{
	memset(g_sim_tids, 0, sizeof g_sim_tids);
	if (g_thread)
		g_sim_tids[g_thread->index] = (uint32_t)syscall(SYS_gettid);
}

static void sim_thread_make_key(void)
{
	pthread_atfork(NULL, NULL, sim_thread_forked);
	if (pthread_key_create(&g_thread_key, sim_thread_free) != 0)
		g_thread_key = (pthread_key_t)-1;
}

/* The slots are probed from the thread's number on, as sim_entry.S does. */
static struct sim_thread *sim_thread_claim(uint32_t tid)
{
	for (uint32_t i = 0; i < SIM_THREADS; i++) {
		uint32_t index = (tid + i) % SIM_THREADS;

		if (__atomic_load_n(&g_sim_tids[index], __ATOMIC_RELAXED) == 0) {
			struct sim_thread *t = &g_sim_threads[index];

			memset(t, 0, sizeof *t);
			t->index = index;
			return t;
		}
	}
	return NULL;
}

/* One for signals, one for entries, each above a page that faults. */
static int sim_thread_set_stacks(struct sim_thread *t)
{
	uint8_t *p = mmap(NULL, STACKS_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return errno;
	stack_t stack = {.ss_sp = p + SIM_PAGE_SIZE, .ss_size = STACK_SIZE};
	uint8_t *entry = p + 2 * SIM_PAGE_SIZE + STACK_SIZE;

	if (mprotect(stack.ss_sp, STACK_SIZE, PROT_READ | PROT_WRITE) != 0 ||
	    mprotect(entry, STACK_SIZE, PROT_READ | PROT_WRITE) != 0 ||
	    sigaltstack(&stack, NULL) != 0) {
		int error = errno;

		munmap(p, STACKS_SIZE);
		return error;
	}
	t->stacks = p;
	t->host_rsp = t->host_rbp = (uint64_t)(uintptr_t)(entry + STACK_SIZE - 64);
	return 0;
}

static struct sim_thread *sim_thread_make(void)
{
	uint32_t tid = (uint32_t)syscall(SYS_gettid);
	int error = EAGAIN;

	pthread_once(&g_thread_once, sim_thread_make_key);
	pthread_mutex_lock(&g_thread_lock);
	struct sim_thread *t = sim_thread_claim(tid);

	if (t)
		error = sim_thread_set_stacks(t);
	if (error == 0 && pthread_setspecific(g_thread_key, t) != 0) {
		sim_thread_free(t);
		error = ENOMEM;
	}
	if (error == 0)
		__atomic_store_n(&g_sim_tids[t->index], tid, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&g_thread_lock);
	if (error != 0) {
		errno = error;
		return NULL;
	}
	g_thread = t;
	return t;
}

struct sim_thread *sim_thread_get(void)
{
	return likely(g_thread != NULL) ? g_thread : sim_thread_make();
}

int device_thread_init(void)
{
	return sim_thread_get() ? 0 : errno;
}

/* --- XSAVE --- */

uint64_t sim_cpu_xfrm(void)
{
	return cpu_xcr0() & (XFRM_X87 | XFRM_SSE | XFRM_AVX | XFRM_AVX512);
}

struct sim_component {
	uint32_t size;
	uint32_t offset;
};

/* CPUID leaf 0xD: where component i stands in the standard format. */
static struct sim_component sim_xsave_component(unsigned i)
{
	static struct sim_component known[8];
	struct sim_component c = known[i];

	if (c.size == 0) {
		uint32_t ecx, edx;

		__cpuid_count(0xd, i, c.size, c.offset, ecx, edx);
		known[i] = c;
	}
	return c;
}

size_t sim_xsave_size(uint64_t xfrm)
{
	size_t size = XSAVE_HEADER_OFF + XSAVE_HEADER_SIZE;

	for (unsigned i = 2; i < 8; i++) {
		struct sim_component c = {0};

		if (xfrm >> i & 1)
			c = sim_xsave_component(i);
		if (c.size != 0 && c.offset + c.size > size)
			size = c.offset + c.size;
	}
	return size;
}

/* Copies the components of xfrm; bytes 464..511 are nobody's, and the kernel keeps words there. */
static void sim_xsave_copy(uint8_t *to, const uint8_t *from, uint64_t xfrm)
{
	uint64_t present;

	memcpy(&present, from + XSAVE_HEADER_OFF, sizeof present);
	memcpy(to, from, 464);
	present &= xfrm;
	memset(to + XSAVE_HEADER_OFF, 0, XSAVE_HEADER_SIZE);
	memcpy(to + XSAVE_HEADER_OFF, &present, sizeof present);
	for (unsigned i = 2; i < 8; i++) {
		if (!(xfrm >> i & 1))
			continue;
		struct sim_component c = sim_xsave_component(i);

		if (present >> i & 1)
			memcpy(to + c.offset, from + c.offset, c.size);
		else
			memset(to + c.offset, 0, c.size);
	}
}

/* --- AEX --- */

static uint64_t sim_ssa_off(const struct sim_device *d, const struct sim_tcs *tcs, uint32_t cssa)
{
	return tcs->fields.ossa + (uint64_t)cssa * d->secs.ssa_frame_pages * SIM_PAGE_SIZE;
}

/* Which exceptions the enclave is told of (SDM, EXITINFO). */
static bool sim_event_reported(const struct sim_device *d, const struct sim_event *event)
{
	switch (event->vector) {
	case VECTOR_DE:
	case VECTOR_DB:
	case VECTOR_BP:
	case VECTOR_BR:
	case VECTOR_UD:
	case VECTOR_MF:
	case VECTOR_AC:
	case VECTOR_XM:
		return event->exception;
	case VECTOR_GP:
	case VECTOR_PF:
		return event->exception && (d->secs.miscselect & MISC_EXINFO);
	default:
		return false;
	}
}

static uint32_t sim_event_exitinfo(const struct sim_device *d, const struct sim_event *event)
{
	uint32_t type =
		event->vector == VECTOR_BP ? EXITINFO_TYPE_SOFTWARE : EXITINFO_TYPE_HARDWARE;

	if (!sim_event_reported(d, event))
		return 0;
	return EXITINFO_VALID | type << EXITINFO_TYPE_SHIFT | event->vector;
}

/* The trace of an exit in SSA[CSSA]. */
static int sim_ssa_write(struct sim_device *d, uint64_t ssa, const uint8_t *image,
			 const struct sgx_gprs *regs, const struct sim_event *event)
{
	uint32_t frame_size = d->secs.ssa_frame_pages * SIM_PAGE_SIZE;
	int error = sim_pages_poke(&d->pages, ssa, image, d->xsave_size);

	if (error == 0 && sim_event_reported(d, event) &&
	    (event->vector == VECTOR_PF || event->vector == VECTOR_GP)) {
		struct sgx_exinfo info = {.maddr = event->address, .errcd = event->error_code};

		error = sim_pages_poke(&d->pages, ssa + SSA_EXINFO_OFF(frame_size), &info,
				       sizeof info);
	}
	if (error == 0)
		error = sim_pages_poke(&d->pages, ssa + SSA_GPRS_OFF(frame_size), regs,
				       sizeof *regs);
	return error;
}

void sim_aex_trace(struct sim_thread *t, const struct sgx_gprs *regs, const void *xsave,
		   const struct sim_event *event)
{
	struct sim_device *d = t->device;
	uint8_t image[SIM_XSAVE_MAX] ALIGNED(64) = {0};
	struct sgx_gprs saved = *regs;

	sim_xsave_copy(image, xsave, d->secs.attributes.xfrm);
	saved.ursp = t->host_rsp;
	saved.urbp = t->host_rbp;
	saved.rflags &= ~(uint64_t)RFLAGS_TF;
	saved.exitinfo = sim_event_exitinfo(d, event);
	memset(saved.reserved, 0, sizeof saved.reserved);
	saved.aexnotify = 0;
	pthread_mutex_lock(&d->lock);
	int error = sim_ssa_write(d, sim_ssa_off(d, t->tcs, t->tcs->cssa), image, &saved, event);

	pthread_mutex_unlock(&d->lock);
	/* The host took the SSA of a running thread away; a CPU would not have let it (ETRACK). */
	if (error != 0)
		abort();
	t->tcs->aexs++;
}

void sim_aex(struct sim_thread *t, const struct sgx_gprs *regs, const void *xsave,
	     const struct sim_event *event)
{
	sim_aex_trace(t, regs, xsave, event);
	t->tcs->cssa++;
	sim_tcs_release(t->tcs);
}

void sim_thread_note(struct sim_thread *t, const struct sim_event *event)
{
	t->vector = event->vector;
	t->error_code = (uint16_t)event->error_code;
	t->address = event->address & ~(uint64_t)(SIM_PAGE_SIZE - 1);
}

/* --- EENTER and ERESUME --- */

struct sim_tcs *sim_tcs_find(struct sim_device *d, uint64_t off)
{
	unsigned n = atomic_load_explicit(&d->tcs_count, memory_order_acquire);

	for (unsigned i = 0; i < n; i++)
		if (d->tcs[i]->off == off)
			return d->tcs[i];
	return NULL;
}

bool sim_tcs_legal(const struct sgx_tcs *tcs)
{
	for (size_t i = 0; i < sizeof tcs->reserved; i++)
		if (tcs->reserved[i] != 0)
			return false;
	return (tcs->flags & ~(uint64_t)TCS_DBGOPTIN) == 0;
}

int sim_tcs_add(struct sim_device *d, uint64_t off, const struct sgx_tcs *tcs)
{
	unsigned n = atomic_load(&d->tcs_count);
	struct sim_tcs *new = n < SIM_TCS_MAX ? calloc(1, sizeof *new) : NULL;

	if (!new)
		return ENOMEM;
	new->off = off;
	new->fields.ossa = tcs->ossa;
	new->fields.oentry = tcs->oentry;
	new->fields.ofsbase = tcs->ofsbase;
	new->fields.ogsbase = tcs->ogsbase;
	new->fields.nssa = tcs->nssa;
	d->tcs[n] = new;
	atomic_store_explicit(&d->tcs_count, n + 1, memory_order_release);
	return 0;
}

static struct sim_event sim_gp(void)
{
	return (struct sim_event){.exception = true, .vector = VECTOR_GP};
}

static struct sim_event sim_pf(uint64_t address, uint32_t code)
{
	return (struct sim_event){
		.exception = true, .vector = VECTOR_PF, .error_code = code, .address = address};
}

/* The fault that the CPU's own accesses to TCS and SSA frame would have, if any. The lock is held.
 */
static bool sim_tcs_pages(struct sim_device *d, const struct sim_tcs *tcs, uint32_t cssa,
			  struct sim_event *event)
{
	uint64_t ssa = sim_ssa_off(d, tcs, cssa);
	uint64_t size = (uint64_t)d->secs.ssa_frame_pages * SIM_PAGE_SIZE;
	uint64_t at = tcs->off;
	uint32_t code = sim_pages_refuse_tcs(&d->pages, at);

	for (uint64_t page = ssa; page < ssa + size && code == 0; page += SIM_PAGE_SIZE) {
		at = page;
		code = page < d->device.size ? sim_pages_refuse(&d->pages, at, PROT_WRITE)
					     : PFEC_USER | PFEC_WRITE;
	}
	if (code != 0)
		*event = sim_pf(d->device.base + at, code);
	return code == 0;
}

/* Pages that the CPU reads and writes must be there before anything runs. The TCS is taken; what
 * was seen once holds until the pages change. */
static bool sim_tcs_usable(struct sim_device *d, struct sim_tcs *tcs, uint32_t cssa,
			   struct sim_event *event)
{
	unsigned long generation = atomic_load(&d->pages.generation);
	bool ok;

	if (likely(tcs->checked == generation && tcs->checked_cssa == cssa))
		return true;
	pthread_mutex_lock(&d->lock);
	ok = sim_tcs_pages(d, tcs, cssa, event);
	pthread_mutex_unlock(&d->lock);
	if (ok) {
		tcs->checked = generation;
		tcs->checked_cssa = cssa;
	}
	return ok;
}

/* Finds and takes the TCS for EENTER or ERESUME. False: *event. */
static bool sim_tcs_take(struct sim_device *d, uint64_t address, struct sim_tcs **out,
			 struct sim_event *event)
{
	uint64_t off = sim_offset(d, address);
	struct sim_tcs *tcs;

	*event = sim_gp();
	if (address % SIM_PAGE_SIZE != 0 || !d->initialised)
		return false;
	tcs = off == UINT64_MAX ? NULL : sim_tcs_find(d, off);
	if (!tcs) {
		*event = sim_pf(address, PFEC_USER | PFEC_WRITE);
		return false;
	}
	if (!sim_tcs_acquire(tcs))
		return false;
	*out = tcs;
	return true;
}

/* The remaining checks of EENTER; the TCS is taken. */
static bool sim_eenter(struct sim_device *d, struct sim_thread *t, struct sim_tcs *tcs,
		       struct sim_event *event)
{
	uint64_t base = d->device.base;
	uint64_t frame_size = (uint64_t)d->secs.ssa_frame_pages * SIM_PAGE_SIZE;

	*event = sim_gp();
	if (((tcs->fields.ossa | tcs->fields.ofsbase | tcs->fields.ogsbase) &
	     (SIM_PAGE_SIZE - 1)) != 0)
		return false;
	if (tcs->cssa >= tcs->fields.nssa || tcs->fields.oentry >= d->device.size ||
	    tcs->fields.ossa >= d->device.size)
		return false;
	t->enclave_fs = base + tcs->fields.ofsbase;
	t->enclave_gs = base + tcs->fields.ogsbase;
	if (!sim_canonical(t->enclave_fs) || !sim_canonical(t->enclave_gs))
		return false;
	if (!sim_tcs_usable(d, tcs, tcs->cssa, event))
		return false;
	t->entry = base + tcs->fields.oentry;
	t->ssa_gprs = base + sim_ssa_off(d, tcs, tcs->cssa) + SSA_GPRS_OFF(frame_size);
	t->in_rax = tcs->cssa;
	t->in_rbx = base + tcs->off;
	t->in_rcx = (uint64_t)(uintptr_t)sim_return_points + t->index * SIM_RETURN_POINT_SIZE;
	return true;
}

/* The parts of a saved frame that would make the instruction itself fault. */
static bool sim_frame_legal(const struct sim_device *d, const struct sgx_gprs *regs,
			    const uint8_t *xsave)
{
	uint64_t header[XSAVE_HEADER_SIZE / 8];
	uint32_t mxcsr;

	memcpy(header, xsave + XSAVE_HEADER_OFF, sizeof header);
	memcpy(&mxcsr, xsave + 24, sizeof mxcsr);
	if ((header[0] & ~d->secs.attributes.xfrm) != 0 || (mxcsr & ~0xffffu) != 0)
		return false;
	if (header[1] != 0 || header[2] != 0) /* XCOMP_BV, and what XRSTOR reserves */
		return false;
	return sim_canonical(regs->fsbase) && sim_canonical(regs->gsbase) &&
	       sim_canonical(regs->rip);
}

bool sim_eresume(struct sim_thread *t, struct sgx_gprs *regs, uint8_t *xsave,
		 struct sim_event *event)
{
	struct sim_device *d = t->device;
	struct sim_tcs *tcs = t->tcs;
	uint64_t frame_size = (uint64_t)d->secs.ssa_frame_pages * SIM_PAGE_SIZE;
	int error;

	*event = sim_gp();
	if (tcs->cssa == 0)
		return false;
	uint64_t ssa = sim_ssa_off(d, tcs, tcs->cssa - 1);

	if (!sim_tcs_usable(d, tcs, tcs->cssa - 1, event))
		return false;
	pthread_mutex_lock(&d->lock);
	error = sim_pages_peek(&d->pages, ssa, xsave, d->xsave_size);
	if (error == 0)
		error = sim_pages_peek(&d->pages, ssa + SSA_GPRS_OFF(frame_size), regs,
				       sizeof *regs);
	pthread_mutex_unlock(&d->lock);
	if (error != 0 || !sim_frame_legal(d, regs, xsave))
		return false;
	regs->rflags = (regs->rflags & RFLAGS_RESTORED) | RFLAGS_FIXED;
	tcs->cssa--;
	tcs->resumes++;
	return true;
}

bool sim_resume_fetch(struct sim_thread *t, const struct sgx_gprs *regs, const void *xsave)
{
	const struct sim_event event = sim_gp();

	if (sim_offset(t->device, regs->rip) != UINT64_MAX)
		return true;
	sim_aex(t, regs, xsave, &event);
	sim_thread_note(t, &event);
	return false;
}

/* ERESUME and all that follows. -1: the instruction itself faulted, the TCS is still taken. */
static int sim_run_resume(struct sim_thread *t, struct sim_event *event)
{
	struct sim_frame frame;
	uint8_t xsave[SIM_XSAVE_MAX] ALIGNED(64) = {0};

	if (!sim_eresume(t, &frame.regs, xsave, event))
		return -1;
	if (!sim_resume_fetch(t, &frame.regs, xsave))
		return 1;
	frame.xsave = xsave;
	frame.mask = t->device->secs.attributes.xfrm;
	return sim_go(t, &frame);
}

/*
 * One EENTER or ERESUME until the enclave is left. 0: by EEXIT. Otherwise *event, and *function
 * says which instruction an exception is put down to: ERESUME once the enclave ran.
 */
static int sim_enter_tcs(struct sim_device *d, struct sim_thread *t, uint64_t address,
			 uint32_t *function, struct sim_event *event)
{
	struct sim_tcs *tcs;
	int outcome = -1;

	if (!sim_tcs_take(d, address, &tcs, event))
		return -1;
	t->tcs = tcs;
	if (*function == ENCLU_ERESUME) {
		outcome = sim_run_resume(t, event);
	} else if (sim_eenter(d, t, tcs, event)) {
		tcs->enters++;
		outcome = sim_go(t, NULL);
	}
	if (outcome <= 0) { /* an asynchronous exit has released it already */
		sim_tcs_release(tcs);
		return outcome;
	}
	*function = ENCLU_ERESUME;
	*event = (struct sim_event){true, (uint8_t)t->vector, t->error_code, t->address};
	return 1;
}

int sim_enter(struct device *device, uint64_t rdi, uint64_t rsi, uint64_t rdx, uint32_t function,
	      uint64_t r8, uint64_t r9, struct device_run *run)
{
	struct sim_device *d = (struct sim_device *)device;
	struct sim_thread *t = sim_thread_get();
	struct sim_event event;

	if (!t)
		return -errno;
	if (function != ENCLU_EENTER && function != ENCLU_ERESUME)
		return -EINVAL;
	/* A signal handler that runs on top of an enclave may not enter one. */
	if (t->device)
		return -EBUSY;
	if (atomic_load(&d->stopped))
		return -ECANCELED;
	t->canceled = false;
	t->device = d;
	t->in_rdi = rdi;
	t->in_rsi = rsi;
	t->in_rdx = rdx;
	t->in_r8 = r8;
	t->in_r9 = r9;

	int outcome = sim_enter_tcs(d, t, run->tcs, &function, &event);

	t->device = NULL;
	if (t->canceled)
		return -ECANCELED;
	if (outcome == 0) {
		run->function = ENCLU_EEXIT;
		run->rdi = t->out_rdi;
		run->rsi = t->out_rsi;
		run->left = t->out_left;
		return 0;
	}
	run->function = function;
	run->vector = event.vector;
	run->error_code = (uint16_t)event.error_code;
	run->address = event.address & ~(uint64_t)(SIM_PAGE_SIZE - 1);
	return 0;
}
