/*
 * Growing ranges by EACCEPT, code by EACCEPTCOPY.
 * Trust: the host may deliver no page, a wrong page or a page late: EACCEPT fails or faults then.
 * That it says a prefault was done means nothing.
 * Invariant: accepted only grows; a page is accepted at most once, under the mutex.
 */
#include "enclave/memory.h"

#include <string.h>

#include "base/checked.h"
#include "base/mutex.h"
#include "enclave/layout.h"
#include "enclave/thread.h"
#include "hostcall/hostcall.h"
#include "platform/enclu.h"
#include "sgx/arch.h"

#define PAGE	  4096u
#define GROW_STEP ((size_t)256 * 1024) /* heap and code: exits are dearer than pages */

/* `accepted` is written under the mutex and read without it. */
static struct {
	uint64_t off;
	uint64_t size;
	size_t accepted;
} g_range[MEMORY_RANGES] = {
	[MEMORY_HEAP] = {LAYOUT_HEAP_OFF, LAYOUT_HEAP_SIZE, 0},
	[MEMORY_WINDOW] = {LAYOUT_WINDOW_OFF, LAYOUT_MEMORY_MAX, 0},
	[MEMORY_CODE] = {LAYOUT_CODE_OFF, LAYOUT_CODE_SIZE, 0},
};

/* EACCEPT, EACCEPTCOPY and EMODPE must not meet on one page: one mutex for all, held over the host
 * calls in between. */
static struct mutex g_mutex;

uint8_t *memory_base(enum memory_range range)
{
	return (uint8_t *)(uintptr_t)(enclave_base() + g_range[range].off);
}

size_t memory_accepted(enum memory_range range)
{
	return __atomic_load_n(&g_range[range].accepted, __ATOMIC_ACQUIRE);
}

static uint64_t accept_page(uint64_t address, uint64_t secinfo_flags)
{
	ALIGNED(64) struct sgx_secinfo info = {.flags = secinfo_flags};

	return enclu(ENCLU_EACCEPT, &info, (void *)(uintptr_t)address, NULL);
}

/* Accepts [off, off + len) of ELRANGE as read+write; *done counts the bytes that worked. */
static enum err accept_data(uint64_t off, size_t len, size_t *done)
{
	const uint64_t flags = SECINFO_REG | SECINFO_R | SECINFO_W | SECINFO_PENDING;

	*done = 0;
	if (hostcall_prefault(off, len) != HOST_SUCCESS)
		return E_NOMEM;
	for (; *done < len; *done += PAGE) {
		if (accept_page(enclave_base() + off + *done, flags) != 0)
			return E_NOMEM;
	}
	return E_OK;
}

enum err memory_grow(enum memory_range range, size_t size)
{
	size_t want, done;
	size_t step = range == MEMORY_WINDOW ? PAGE : GROW_STEP;
	enum err err = E_OK;

	if (!checked_round_up(&want, size, step) || want > g_range[range].size)
		return E_LIMIT;
	mutex_lock(&g_mutex);
	size_t have = g_range[range].accepted;

	if (want > have) {
		err = accept_data(g_range[range].off + have, want - have, &done);
		/* Pages of the window beyond the program's memory would not trap: a host that
		 * delivers only some of what it promised ends the enclave. */
		must(err == E_OK || done == 0 || range != MEMORY_WINDOW);
		__atomic_store_n(&g_range[range].accepted, have + done, __ATOMIC_RELEASE);
	}
	mutex_unlock(&g_mutex);
	return err;
}

/* What a page of the code region is for. */
enum code_page { CODE_EXECUTED, CODE_READ };

static uint64_t code_rights(enum code_page kind)
{
	return SECINFO_REG | SECINFO_R | (kind == CODE_EXECUTED ? SECINFO_X : 0);
}

/* Takes every right but R from a page and proves it, then adds X to code: the way where EACCEPTCOPY
 * left W behind (the SDM of 2016 reads so). */
static enum err restrict_code_page(uint64_t address, enum code_page kind)
{
	ALIGNED(64) struct sgx_secinfo info = {.flags = code_rights(kind)};

	if (hostcall_restrict(address - enclave_base(), PAGE, SECINFO_R) != HOST_SUCCESS)
		return E_NOMEM;
	if (accept_page(address, SECINFO_REG | SECINFO_R | SECINFO_PR) != 0)
		return E_DENIED;
	if (kind == CODE_EXECUTED)
		enclu(ENCLU_EMODPE, &info, (void *)(uintptr_t)address, NULL);
	return E_OK;
}

/* Without EACCEPTCOPY: filled while it is read+write, then never both again. */
static enum err fill_code_page(uint64_t address, const uint8_t *page, enum code_page kind)
{
	if (accept_page(address, SECINFO_REG | SECINFO_R | SECINFO_W | SECINFO_PENDING) != 0)
		return E_NOMEM;
	memcpy((void *)(uintptr_t)address, page, PAGE);
	return restrict_code_page(address, kind);
}

/* One page at its final place. `page` is ours and page-aligned. */
static enum err add_code_page(uint64_t address, uint8_t *page, enum code_page kind)
{
	/* This CPU's EACCEPTCOPY adds rights instead of setting them; under the mutex. */
	static bool copy_keeps_w;
	const uint64_t rights = code_rights(kind);
	ALIGNED(64) struct sgx_secinfo info = {.flags = rights};

	if (copy_keeps_w)
		return fill_code_page(address, page, kind);
	if (enclu(ENCLU_EACCEPTCOPY, &info, (void *)(uintptr_t)address, (void *)(uintptr_t)page) !=
	    0)
		return E_NOMEM;
	/* The proof that the EPCM says these rights and no more (SDM, EACCEPT). */
	if (accept_page(address, rights | SECINFO_PR) == 0)
		return E_OK;
	copy_keeps_w = true;
	return restrict_code_page(address, kind);
}

static size_t whole_pages(size_t size)
{
	return (size + PAGE - 1) / PAGE * PAGE;
}

static enum err add_code_pages(const uint8_t *bytes, size_t size, uint64_t off, enum code_page kind)
{
	static ALIGNED(4096) uint8_t staging[PAGE]; /* under the mutex */
	/* HLT faults for good; past an INT3 the host could resume, instruction by instruction. */
	const uint8_t padding = 0xf4;

	for (size_t at = 0; at < size; at += PAGE) {
		size_t n = size - at < PAGE ? size - at : PAGE;

		memset(staging, padding, PAGE);
		memcpy(staging, bytes + at, n);
		enum err err = add_code_page(enclave_base() + off + at, staging, kind);

		if (err != E_OK)
			return err;
		__atomic_fetch_add(&g_range[MEMORY_CODE].accepted, PAGE, __ATOMIC_RELEASE);
	}
	return E_OK;
}

/* The host maps all of it R+X; what is only read has no X in the EPCM. */
static enum err add_code_locked(const struct memory_code *c, uint64_t off)
{
	const size_t code_size = whole_pages(c->code_size);
	const size_t size = code_size + whole_pages(c->rodata_size);
	enum err err = hostcall_prefault(off, size) == HOST_SUCCESS ? E_OK : E_NOMEM;

	if (!err)
		err = add_code_pages(c->code, c->code_size, off, CODE_EXECUTED);
	if (!err)
		err = add_code_pages(c->rodata, c->rodata_size, off + code_size, CODE_READ);
	if (!err && hostcall_protect_code(off, size) != HOST_SUCCESS)
		err = E_NOMEM;
	return err;
}

/* Do both fit behind what is there? */
static bool code_fits(const struct memory_code *c, size_t have)
{
	const size_t room = LAYOUT_CODE_SIZE - have;

	return c->code_size != 0 && c->code_size <= room &&
	       c->rodata_size <= room - whole_pages(c->code_size);
}

enum err memory_add_code(const struct memory_code *c, uint64_t *entry)
{
	enum err err = E_LIMIT;

	mutex_lock(&g_mutex);
	size_t have = g_range[MEMORY_CODE].accepted;

	if (code_fits(c, have)) {
		err = add_code_locked(c, LAYOUT_CODE_OFF + have);
		if (err == E_OK)
			*entry = enclave_base() + LAYOUT_CODE_OFF + have;
	}
	mutex_unlock(&g_mutex);
	return err;
}

bool memory_is_code(uint64_t address)
{
	return range_inside(address - (enclave_base() + LAYOUT_CODE_OFF), 1,
			    memory_accepted(MEMORY_CODE));
}

static uint64_t guest_stack_top(const struct thread_block *t)
{
	return enclave_base() + LAYOUT_GUEST_STACKS_OFF +
	       (thread_index(t) + 1) * (uint64_t)LAYOUT_GUEST_STACK_STRIDE;
}

enum err memory_grow_guest_stack(size_t size, uint64_t *top)
{
	struct thread_block *t = thread_self();
	uint64_t end = guest_stack_top(t);
	size_t want, done;

	if (!checked_round_up(&want, size, PAGE) ||
	    want > LAYOUT_GUEST_STACK_STRIDE - LAYOUT_GUEST_STACK_GUARD)
		return E_LIMIT;
	if (t->guest_stack_accepted == 0) {
		mutex_lock(&g_mutex);
		enum err err = accept_data(end - want - enclave_base(), want, &done);

		mutex_unlock(&g_mutex);
		if (err != E_OK)
			return err;
		t->guest_stack_accepted = want;
	}
	if (want > t->guest_stack_accepted)
		return E_LIMIT;
	*top = end;
	return E_OK;
}

uint8_t *memory_grow_slots(size_t size)
{
	struct thread_block *t = thread_self();
	uint8_t *slots = (uint8_t *)t - THREAD_BLOCK_OFF + THREAD_SLOTS_OFF;
	size_t want, done = 0;
	enum err err = E_OK;

	if (!checked_round_up(&want, size, PAGE) || want > THREAD_SLOTS_SIZE)
		return NULL;
	if (want > t->slots_accepted) {
		const uint64_t off =
			(uint64_t)(uintptr_t)slots - enclave_base() + t->slots_accepted;

		mutex_lock(&g_mutex);
		err = accept_data(off, want - t->slots_accepted, &done);
		mutex_unlock(&g_mutex);
		t->slots_accepted += done;
	}
	return err ? NULL : slots;
}

enum memory_fault memory_classify_fault(uint64_t address)
{
	const struct thread_block *t = thread_self();
	uint64_t in_window = address - (enclave_base() + LAYOUT_WINDOW_OFF);
	uint64_t below_top = guest_stack_top(t) - address;

	if (in_window < LAYOUT_WINDOW_SIZE)
		return in_window >= memory_accepted(MEMORY_WINDOW) ? MEMORY_FAULT_WINDOW
								   : MEMORY_FAULT_OTHER;
	if (below_top - 1 < LAYOUT_GUEST_STACK_STRIDE)
		return below_top > t->guest_stack_accepted ? MEMORY_FAULT_STACK
							   : MEMORY_FAULT_OTHER;
	return MEMORY_FAULT_OTHER;
}

bool memory_outside_enclave(uint64_t address, uint64_t size)
{
	uint64_t base = enclave_base();

	if (address + size < address)
		return false;
	return address + size <= base || address >= base + LAYOUT_ELRANGE_SIZE;
}
