/*
 * Signals of a process that simulates enclaves. Faults of enclave code become asynchronous exits
 * with the exception that the CPU would report; everything else goes to the handler that the
 * process set, with the host's FS and GS. In strict mode an interrupt of enclave code is an exit
 * and an ERESUME.
 * Trust: the kernel's signal frame. What the enclave's registers hold is the enclave's.
 * Invariant: every handler of the process is entered through sim_signal_stub, but for SIG_DFL and
 * SIG_IGN.
 */
#include "host/device/sim.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define FXSTATE_SW_OFF	    464 /* struct _fpx_sw_bytes in the legacy area */
#define FXSTATE_MAGIC1	    0x46505853u
#define MXCSR_OFF	    24
#define FCW_OFF		    0
#define RETRIES_MAX	    1000u
#define RFLAGS_AEX_CLEARED  0x50cd5u /* CF PF AF ZF SF DF OF RF AC */
#define USER_RFLAGS_DEFAULT 0x202u

/* The stub's words on its stack. */
struct sim_saved {
	uint64_t fs;
	uint64_t gs;
	struct sim_thread *thread;
};

void sim_signal_dispatch(int signo, siginfo_t *info, void *context, struct sim_saved *saved);

static const int g_fault_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};

/* What the process wants for each signal. */
static struct sigaction g_wanted[NSIG];
static pthread_mutex_t g_wanted_lock = PTHREAD_MUTEX_INITIALIZER;

static bool sim_is_fault_signal(int signo)
{
	for (size_t i = 0; i < COUNT_OF(g_fault_signals); i++)
		if (g_fault_signals[i] == signo)
			return true;
	return false;
}

/* --- the process's own handlers --- */

/* Default action of a fault signal: the instruction faults again (a trap does not), or the signal
 * is sent again, and the process ends as it would without us. */
static void sim_signal_default(int signo, const siginfo_t *info)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL};

	sigaction(signo, &dfl, NULL);
	if (info->si_code <= 0 || signo == SIGTRAP)
		syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), signo);
}

static void sim_signal_user(int signo, siginfo_t *info, void *context)
{
	struct sigaction wanted = g_wanted[signo];

	if (wanted.sa_flags & SA_SIGINFO)
		wanted.sa_sigaction(signo, info, context);
	else if (wanted.sa_handler == SIG_DFL ||
		 (wanted.sa_handler == SIG_IGN && info->si_code > 0))
		sim_signal_default(signo, info);
	else if (wanted.sa_handler != SIG_IGN)
		wanted.sa_handler(signo);
}

/* --- between the signal frame and the CPU state --- */

static uint64_t sim_greg(const ucontext_t *uc, int reg)
{
	return (uint64_t)uc->uc_mcontext.gregs[reg];
}

static void sim_set_greg(ucontext_t *uc, int reg, uint64_t value)
{
	uc->uc_mcontext.gregs[reg] = (greg_t)value;
}

static const struct {
	int greg;
	uint32_t off; /* in struct sgx_gprs */
} g_gregs[] = {
	{REG_RAX, offsetof(struct sgx_gprs, rax)}, {REG_RCX, offsetof(struct sgx_gprs, rcx)},
	{REG_RDX, offsetof(struct sgx_gprs, rdx)}, {REG_RBX, offsetof(struct sgx_gprs, rbx)},
	{REG_RSP, offsetof(struct sgx_gprs, rsp)}, {REG_RBP, offsetof(struct sgx_gprs, rbp)},
	{REG_RSI, offsetof(struct sgx_gprs, rsi)}, {REG_RDI, offsetof(struct sgx_gprs, rdi)},
	{REG_R8, offsetof(struct sgx_gprs, r8)},   {REG_R9, offsetof(struct sgx_gprs, r9)},
	{REG_R10, offsetof(struct sgx_gprs, r10)}, {REG_R11, offsetof(struct sgx_gprs, r11)},
	{REG_R12, offsetof(struct sgx_gprs, r12)}, {REG_R13, offsetof(struct sgx_gprs, r13)},
	{REG_R14, offsetof(struct sgx_gprs, r14)}, {REG_R15, offsetof(struct sgx_gprs, r15)},
	{REG_RIP, offsetof(struct sgx_gprs, rip)}, {REG_EFL, offsetof(struct sgx_gprs, rflags)},
};

static void sim_regs_load(struct sgx_gprs *regs, const ucontext_t *uc,
			  const struct sim_saved *saved)
{
	memset(regs, 0, sizeof *regs);
	for (size_t i = 0; i < COUNT_OF(g_gregs); i++) {
		uint64_t value = sim_greg(uc, g_gregs[i].greg);

		memcpy((uint8_t *)regs + g_gregs[i].off, &value, sizeof value);
	}
	regs->fsbase = saved->fs;
	regs->gsbase = saved->gs;
}

static void sim_regs_store(const struct sgx_gprs *regs, ucontext_t *uc, struct sim_saved *saved)
{
	for (size_t i = 0; i < COUNT_OF(g_gregs); i++) {
		uint64_t value;

		memcpy(&value, (const uint8_t *)regs + g_gregs[i].off, sizeof value);
		sim_set_greg(uc, g_gregs[i].greg, value);
	}
	saved->fs = regs->fsbase;
	saved->gs = regs->gsbase;
}

/* The XSAVE image of the frame. The kernel writes it in the CPU's standard format. */
static uint8_t *sim_frame_xsave(const ucontext_t *uc)
{
	uint8_t *image = (uint8_t *)uc->uc_mcontext.fpregs;
	uint32_t magic;

	must(image != NULL);
	memcpy(&magic, image + FXSTATE_SW_OFF, sizeof magic);
	must(magic == FXSTATE_MAGIC1);
	return image;
}

/* Puts the components of XFRM in place of the frame's own. */
static void sim_frame_set_xsave(const struct sim_device *d, ucontext_t *uc, const uint8_t *image)
{
	uint8_t *frame = sim_frame_xsave(uc);
	uint64_t xfrm = d->secs.attributes.xfrm, old, new;

	memcpy(&old, frame + XSAVE_HEADER_OFF, sizeof old);
	memcpy(&new, image + XSAVE_HEADER_OFF, sizeof new);
	memcpy(frame, image, FXSTATE_SW_OFF);
	memcpy(frame + XSAVE_HEADER_OFF + XSAVE_HEADER_SIZE,
	       image + XSAVE_HEADER_OFF + XSAVE_HEADER_SIZE,
	       d->xsave_size - XSAVE_HEADER_OFF - XSAVE_HEADER_SIZE);
	new = (old & ~xfrm) | (new &xfrm);
	memcpy(frame + XSAVE_HEADER_OFF, &new, sizeof new);
}

/* The state that the host finds after an exit: nothing of the enclave's. */
static void sim_frame_synthetic(struct sim_thread *t, ucontext_t *uc, struct sim_saved *saved,
				const struct sim_event *event)
{
	uint8_t *frame = sim_frame_xsave(uc);
	uint64_t present, xfrm = t->device->secs.attributes.xfrm;
	uint32_t mxcsr = event->exception && event->vector == VECTOR_XM ? 0x1f01 : 0x1fb0;
	uint16_t fcw = 0x37f;
	struct sgx_gprs regs = {
		.rax = ENCLU_ERESUME,
		.rbx = t->device->device.base + t->tcs->off,
		.rcx = t->in_rcx,
		.rsp = t->host_rsp,
		.rbp = t->host_rbp,
		.rip = (uint64_t)(uintptr_t)sim_aex_land,
		.rdi = (uint64_t)(uintptr_t)t,
		.rflags = (sim_greg(uc, REG_EFL) & ~(uint64_t)RFLAGS_AEX_CLEARED) |
			  USER_RFLAGS_DEFAULT,
		.fsbase = t->host_fs,
		.gsbase = t->host_gs,
	};

	sim_regs_store(&regs, uc, saved);
	memcpy(&present, frame + XSAVE_HEADER_OFF, sizeof present);
	present &= ~xfrm;
	memcpy(frame + XSAVE_HEADER_OFF, &present, sizeof present);
	memset(frame, 0, FXSTATE_SW_OFF);
	memcpy(frame + FCW_OFF, &fcw, sizeof fcw);
	memcpy(frame + MXCSR_OFF, &mxcsr, sizeof mxcsr);
	t->inside = 0;
}

/* --- faults --- */

/* An exception ends the run of the enclave: exit, and enter returns with it. */
static void sim_signal_exit(struct sim_thread *t, ucontext_t *uc, struct sim_saved *saved,
			    const struct sgx_gprs *regs, const struct sim_event *event)
{
	sim_aex(t, regs, sim_frame_xsave(uc), event);
	sim_thread_note(t, event);
	sim_frame_synthetic(t, uc, saved, event);
}

/* Does an ENCLU stand at `rip`, in a page that the enclave may execute? */
static bool sim_at_enclu(struct sim_device *d, uint64_t rip)
{
	static const uint8_t enclu[3] = {0x0f, 0x01, 0xd7};
	uint64_t off = sim_offset(d, rip);
	bool found = true;

	if (off == UINT64_MAX || sim_offset(d, rip + sizeof enclu - 1) == UINT64_MAX)
		return false;
	pthread_mutex_lock(&d->lock);
	for (size_t i = 0; i < sizeof enclu && found; i++)
		found = sim_pages_refuse(&d->pages, off + i, PROT_EXEC) == 0 &&
			sim_pages_refuse(&d->pages, off + i, PROT_READ) == 0 &&
			*(const volatile uint8_t *)(uintptr_t)(rip + i) == enclu[i];
	pthread_mutex_unlock(&d->lock);
	return found;
}

/* ENCLU without a patch: #UD here, #GP where the CPU knows the instruction. */
static void sim_signal_enclu(struct sim_thread *t, ucontext_t *uc, struct sim_saved *saved,
			     struct sgx_gprs *regs)
{
	struct sim_event event;

	switch (sim_leaf(t, regs, sim_frame_xsave(uc), &event)) {
	case SIM_LEAF_DONE:
	case SIM_LEAF_EXIT: /* the landing notes that the thread is outside */
		sim_regs_store(regs, uc, saved);
		return;
	case SIM_LEAF_FAULT:
		sim_signal_exit(t, uc, saved, regs, &event);
		return;
	}
}

static int sim_access_of(uint64_t code)
{
	if (code & PFEC_FETCH)
		return PROT_EXEC;
	return code & PFEC_WRITE ? PROT_WRITE : PROT_READ;
}

/*
 * A page fault inside ELRANGE: what the model says, since the kernel here only sees PROT_NONE.
 * False when the model allows the access: another thread changed the page just now, so it is tried
 * again.
 */
static bool sim_page_fault(struct sim_thread *t, struct sim_event *event, uint64_t code)
{
	struct sim_device *d = t->device;
	uint64_t off = sim_offset(d, event->address) & ~(uint64_t)(SIM_PAGE_SIZE - 1);
	int access = sim_access_of(code);

	pthread_mutex_lock(&d->lock);
	/* The kernel adds the page, the access is tried again and finds it pending: two exits. */
	if (sim_pages_augments(&d->pages, off, access) && sim_pages_augment(&d->pages, off) == 0) {
		t->tcs->aexs++;
		t->tcs->resumes++;
	}
	event->error_code = sim_pages_refuse(&d->pages, off, access);
	pthread_mutex_unlock(&d->lock);
	return event->error_code != 0;
}

/* The same access may not be tried again for ever. */
static void sim_count_retry(struct sim_thread *t, uint64_t rip, uint64_t address)
{
	if (t->retry_rip != rip || t->retry_address != address)
		t->retries = 0;
	t->retry_rip = rip;
	t->retry_address = address;
	t->retries++;
	must(t->retries < RETRIES_MAX);
}

/* The vector and details of a fault of enclave code. False: try the instruction again. */
static bool sim_fault_event(struct sim_thread *t, int signo, const siginfo_t *info,
			    const ucontext_t *uc, const struct sgx_gprs *regs,
			    struct sim_event *event)
{
	uint64_t code = sim_greg(uc, REG_ERR);

	*event = (struct sim_event){.exception = true, .vector = (uint8_t)sim_greg(uc, REG_TRAPNO)};
	/* Code outside ELRANGE cannot run in an enclave. */
	if (sim_offset(t->device, regs->rip) == UINT64_MAX) {
		event->vector = VECTOR_GP;
		return true;
	}
	if (event->vector != VECTOR_PF && !(signo == SIGBUS && info->si_code == BUS_ADRERR))
		return true;
	event->vector = VECTOR_PF;
	event->address = sim_greg(uc, REG_CR2);
	if (sim_offset(t->device, event->address) == UINT64_MAX) {
		/* Host memory: P = 0 for a truncated file and the like. */
		event->error_code =
			(uint32_t)code & (PFEC_PRESENT | PFEC_WRITE | PFEC_USER | PFEC_FETCH);
		if (signo == SIGBUS)
			event->error_code &= ~(uint32_t)PFEC_PRESENT;
		return true;
	}
	if (sim_page_fault(t, event, code))
		return true;
	sim_count_retry(t, regs->rip, event->address);
	return false;
}

/*
 * Runs the process's handler in the middle of enclave code: a whole exit before, ERESUME after.
 * When ERESUME itself faults, enter returns with that; when the device was stopped, there is none.
 */
static void sim_signal_interrupt(struct sim_thread *t, int signo, siginfo_t *info, ucontext_t *uc,
				 struct sim_saved *saved, const struct sim_event *event)
{
	uint8_t xsave[SIM_XSAVE_MAX] ALIGNED(64) = {0};
	struct sgx_gprs regs;
	struct sim_event refused = {.exception = true, .vector = VECTOR_GP};

	sim_regs_load(&regs, uc, saved);
	sim_aex(t, &regs, sim_frame_xsave(uc), event);
	sim_frame_synthetic(t, uc, saved, event);
	sim_signal_user(signo, info, uc);
	if (atomic_load(&t->device->stopped)) {
		t->canceled = true;
		return;
	}
	if (!sim_tcs_acquire(t->tcs)) {
		sim_thread_note(t, &refused);
		return;
	}
	if (!sim_eresume(t, &regs, xsave, &refused)) {
		sim_tcs_release(t->tcs);
		sim_thread_note(t, &refused);
		return;
	}
	if (!sim_resume_fetch(t, &regs, xsave))
		return;
	sim_frame_set_xsave(t->device, uc, xsave);
	t->inside = 1;
	sim_regs_store(&regs, uc, saved);
}

/* A fault while the thread was inside. */
static void sim_signal_fault(struct sim_thread *t, int signo, siginfo_t *info, ucontext_t *uc,
			     struct sim_saved *saved)
{
	struct sgx_gprs regs;
	struct sim_event event;
	uint64_t rip = sim_greg(uc, REG_RIP);

	sim_regs_load(&regs, uc, saved);
	/* A leaf's scratch words below the enclave's stack pointer: report the ENCLU. */
	if (rip >= (uintptr_t)sim_leaf_spill && rip < (uintptr_t)sim_leaf_spill_end)
		regs.rip = t->device->device.base + t->device->enclu_at;
	else if ((signo == SIGILL || (signo == SIGSEGV && sim_greg(uc, REG_TRAPNO) == VECTOR_GP)) &&
		 sim_at_enclu(t->device, rip)) {
		sim_signal_enclu(t, uc, saved, &regs);
		return;
	}
	if (!sim_fault_event(t, signo, info, uc, &regs, &event))
		return;
	/* The kernel gives #DB and #BP to the process as SIGTRAP, never to the vDSO's caller. */
	if (signo == SIGTRAP)
		sim_signal_interrupt(t, signo, info, uc, saved, &event);
	else
		sim_signal_exit(t, uc, saved, &regs, &event);
}

void sim_signal_dispatch(int signo, siginfo_t *info, void *context, struct sim_saved *saved)
{
	struct sim_thread *t = saved ? saved->thread : NULL;
	static const struct sim_event interrupt;
	ucontext_t *uc = context;

	if (!t) {
		sim_signal_user(signo, info, context);
		return;
	}
	if (sim_is_fault_signal(signo) && info->si_code > 0) {
		sim_signal_fault(t, signo, info, uc, saved);
		return;
	}
	if (sim_offset(t->device, sim_greg(uc, REG_RIP)) == UINT64_MAX) {
		/* on the way in or out */
	} else if (t->device->mode == DEVICE_SIM_STRICT || atomic_load(&t->device->stopped)) {
		sim_signal_interrupt(t, signo, info, uc, saved, &interrupt);
		return;
	} else {
		t->tcs->aexs++;
		t->tcs->resumes++;
	}
	t->inside = 0;
	sim_signal_user(signo, info, context);
	t->inside = 1;
}

/* --- installing --- */

/* The stub for a signal, with the mask and the flags that the process wants. */
static int sim_signal_set_stub(int signo, const struct sigaction *wanted)
{
	struct sigaction action = {.sa_mask = wanted->sa_mask};

	action.sa_flags = (wanted->sa_flags & ~SA_NODEFER) | SA_SIGINFO | SA_ONSTACK;
	action.sa_sigaction = (void (*)(int, siginfo_t *, void *))(void (*)(void))sim_signal_stub;
	if (sim_is_fault_signal(signo))
		action.sa_flags &= ~(int)SA_RESETHAND;
	else
		action.sa_flags |= wanted->sa_flags & SA_NODEFER;
	return sigaction(signo, &action, NULL) == 0 ? 0 : errno;
}

static int sim_signal_install_all(void)
{
	for (size_t i = 0; i < COUNT_OF(g_fault_signals); i++) {
		int signo = g_fault_signals[i];
		int error;

		if (sigaction(signo, NULL, &g_wanted[signo]) != 0)
			return errno;
		error = sim_signal_set_stub(signo, &g_wanted[signo]);
		if (error != 0)
			return error;
	}
	return 0;
}

int sim_signal_install(void)
{
	static bool installed;
	int error = 0;

	pthread_mutex_lock(&g_wanted_lock);
	if (!installed)
		error = sim_signal_install_all();
	if (error == 0)
		installed = true;
	pthread_mutex_unlock(&g_wanted_lock);
	return error;
}

static bool sim_is_handler(const struct sigaction *action)
{
	return (action->sa_flags & SA_SIGINFO) ||
	       (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN);
}

/* The kernel's own entry for a signal that was never set here may be a handler of somebody else. */
static int sim_signal_known(int signo, struct sigaction *now)
{
	if (sigaction(signo, NULL, now) != 0)
		return errno;
	if ((now->sa_flags & SA_SIGINFO) && (void (*)(void))now->sa_sigaction == sim_signal_stub)
		*now = g_wanted[signo];
	return 0;
}

int device_sigaction(int signo, const struct sigaction *action, struct sigaction *old)
{
	struct sigaction before;
	int error = EINVAL;

	if (signo <= 0 || signo >= NSIG)
		return EINVAL;
	pthread_mutex_lock(&g_wanted_lock);
	error = sim_signal_known(signo, &before);
	if (error == 0 && action) {
		bool stub = sim_is_fault_signal(signo) || sim_is_handler(action);
		struct sigaction kept = g_wanted[signo];

		g_wanted[signo] = *action;
		if (stub)
			error = sim_signal_set_stub(signo, action);
		else if (sigaction(signo, action, NULL) != 0)
			error = errno;
		if (error != 0)
			g_wanted[signo] = kept;
	}
	if (error == 0 && old)
		*old = before;
	pthread_mutex_unlock(&g_wanted_lock);
	return error;
}
