/*
 * What an exception means.
 * Trust: the save area's registers, EXITINFO and EXINFO are the CPU's word; when and whether a
 * fault happens on a page is the host's choice. So a page fault is a trap only where the enclave's
 * own record says that no page was ever accepted there (enclave/memory.h); the error code decides
 * nothing.
 * Invariant: one exception is consumed once: EXITINFO is cleared before the thread is resumed.
 * Nothing but the interrupted RIP, RSP, RAX and flags is changed, and only when guest code or the
 * copy routine was interrupted (SmashEx: a handler that runs in the middle of the runtime's own
 * code must not act). A thread whose exception ended the enclave has nothing to go back to, though
 * the host may ERESUME it.
 */
#include "enclave/exception.h"

#include <string.h>

#include "base/err.h"
#include "boundary/abi.h"
#include "enclave/memory.h"
#include "enclave/panic.h"
#include "enclave/thread.h"
#include "sgx/arch.h"
#include "wasm/trap.h"

/* Labels of entry.S and native.S. */
extern HIDDEN const char host_copy_begin[], host_copy_end[], host_copy_fault[], native_trap[];

#define RFLAGS_KEPT  0xcd5ull /* the status flags; DF, AC, TF and the rest are cleared */
#define RFLAGS_FIXED 0x202ull

/* ud1 kk(%eax), %eax: the compiler's trap instruction, its kind in the displacement. */
#define UD1_SIZE 5
static const uint8_t k_ud1[4] = {0x67, 0x0f, 0xb9, 0x40};

/* What generated code raises itself: the traps of the specification, and that it saw that it is to end.
 * The others are the runtime's to raise, not the code's to claim. */
static bool is_trap_kind(uint32_t kind)
{
	return (kind > TRAP_NONE && kind <= TRAP_EXPECTED_SHARED &&
		kind != TRAP_UNCAUGHT_EXCEPTION) ||
	       kind == TRAP_INTERRUPTED;
}

/* #UD in guest code: the kind that the instruction names, TRAP_NONE when it is not ours. */
static enum wasm_trap trap_of_ud(uint64_t rip)
{
	uint8_t insn[UD1_SIZE];

	if (!memory_is_code(rip + UD1_SIZE - 1))
		return TRAP_NONE;
	memcpy(insn, (const void *)(uintptr_t)rip, UD1_SIZE);
	if (memcmp(insn, k_ud1, sizeof(k_ud1)) != 0 || !is_trap_kind(insn[4]))
		return TRAP_NONE;
	return (enum wasm_trap)insn[4];
}

static enum wasm_trap trap_of_page_fault(uint64_t address)
{
	switch (memory_classify_fault(address)) {
	case MEMORY_FAULT_WINDOW:
		return TRAP_MEMORY_BOUNDS;
	case MEMORY_FAULT_STACK:
		return TRAP_STACK_EXHAUSTED;
	case MEMORY_FAULT_OTHER:
		break;
	}
	return TRAP_NONE;
}

static enum wasm_trap guest_trap_of(uint32_t vector, uint64_t rip, uint64_t address)
{
	switch (vector) {
	case VECTOR_UD:
		return trap_of_ud(rip);
	case VECTOR_PF:
		return trap_of_page_fault(address);
	default:
		return TRAP_NONE;
	}
}

static void resume_at(struct sgx_gprs *gprs, const char *where)
{
	gprs->exitinfo = 0;
	gprs->rip = (uint64_t)where;
	gprs->rflags = (gprs->rflags & RFLAGS_KEPT) | RFLAGS_FIXED;
}

/* The copy routine touched host memory that is not there: the copy fails, with E_HOST. */
static bool handle_host_copy(struct sgx_gprs *gprs, uint32_t vector, uint64_t address)
{
	if (gprs->rip < (uint64_t)host_copy_begin || gprs->rip >= (uint64_t)host_copy_end)
		return false;
	if (vector != VECTOR_PF || !memory_outside_enclave(address, 1))
		return false;
	resume_at(gprs, host_copy_fault);
	return true;
}

static bool handle_guest(struct thread_block *t, struct sgx_gprs *gprs, uint32_t vector,
			 uint64_t address)
{
	if (t->guest_rsp == 0 || !memory_is_code(gprs->rip))
		return false;
	enum wasm_trap trap = guest_trap_of(vector, gprs->rip, address);

	if (trap == TRAP_NONE)
		return false;
	t->trap_address = gprs->rip;
	t->trap_stack = gprs->rsp;
	gprs->rax = (uint64_t)trap;
	gprs->rsp = t->guest_rsp;
	resume_at(gprs, native_trap);
	return true;
}

/* The end: the thread dies again, should the host resume it (a page that it took away can come
 * back, and an INT3 is left behind by its exception). */
static NORETURN void exception_die(struct sgx_gprs *gprs)
{
	resume_at(gprs, (const char *)(uintptr_t)enclave_die);
	panic(__FILE__, __LINE__);
}

uint64_t exception_enter(struct thread_block *t)
{
	uint8_t *ssa = thread_ssa(t);
	struct sgx_gprs *gprs = (struct sgx_gprs *)(void *)(ssa + SSA_GPRS_OFF(4096));
	const struct sgx_exinfo *exinfo = (const void *)(ssa + SSA_EXINFO_OFF(4096));

	if (enclave_is_dead())
		exception_die(gprs);
	if (!(gprs->exitinfo & EXITINFO_VALID))
		return EXIT_HANDLED; /* an interrupt, or an exception handled already */
	uint32_t vector = gprs->exitinfo & EXITINFO_VECTOR_MASK;
	uint64_t address = vector == VECTOR_PF ? exinfo->maddr : 0;

	if (handle_host_copy(gprs, vector, address) || handle_guest(t, gprs, vector, address))
		return EXIT_HANDLED;
	exception_die(gprs);
}
