/*
 * The one file whose code reaches host memory, through host_copy of entry.S.
 * Trust: nothing in the area; its place is checked once and kept inside.
 * Invariant: every access is inside [g_base, g_base + g_size), which is outside ELRANGE, or reads a mapping that
 * hostcall_outside allowed; aligned 8-byte words only (AEPIC leak, MMIO stale data). Nothing goes out once the enclave
 * is dead.
 */
#include "enclave/shared.h"

#include <string.h>

#include "base/checked.h"
#include "boundary/calls.h"
#include "enclave/layout.h"
#include "enclave/memory.h"
#include "enclave/panic.h"
#include "enclave/thread.h"
#include "hostcall/hostcall.h"

#define WORD 8u

/* entry.S; either side may be the host's. */
uint64_t host_copy(void *dst, const void *src, size_t words);

/* Written by shared_open, on thread 0 before any other thread gets past its entry (main.c). */
static uint64_t g_base;
static uint64_t g_size;
static struct shared_header g_header;

static void *shared_address(struct uref u)
{
	__asm__ volatile("lfence" : : : "memory"); /* the checks come first */
	return (void *)(uintptr_t)(g_base + u.off);
}

static bool shared_inside(struct uref u, size_t size)
{
	size_t whole;

	return u.off % WORD == 0 && checked_round_up(&whole, size, WORD) &&
	       range_inside(u.off, whole, g_size);
}

enum err shared_read(void *dst, struct uref src, size_t size)
{
	size_t words = size / WORD;
	uint64_t last = 0;

	if (!shared_inside(src, size))
		return E_HOST;
	if (!host_copy(dst, shared_address(src), words))
		return E_HOST;
	if (size % WORD == 0)
		return E_OK;
	if (!host_copy(&last, shared_address((struct uref){src.off + words * WORD}), 1))
		return E_HOST;
	memcpy((uint8_t *)dst + words * WORD, &last, size % WORD);
	return E_OK;
}

enum err shared_write(struct uref dst, const void *src, size_t size)
{
	size_t words = size / WORD;
	uint64_t last = 0;

	if (enclave_is_dead())
		enclave_die();
	if (!shared_inside(dst, size))
		return E_HOST;
	if (!host_copy(shared_address(dst), src, words))
		return E_HOST;
	if (size % WORD == 0)
		return E_OK;
	memcpy(&last, (const uint8_t *)src + words * WORD, size % WORD);
	return host_copy(shared_address((struct uref){dst.off + words * WORD}), &last, 1) ? E_OK
											  : E_HOST;
}

/* Elsewhere the enclave's own bytes, or a host call's, would be taken for those of a file. */
bool hostcall_outside(uint64_t address, uint64_t size)
{
	return memory_outside_enclave(address, size) &&
	       (address + size <= g_base || g_base + g_size <= address);
}

bool hostcall_copy_words(void *dst, uint64_t address, size_t words)
{
	__asm__ volatile("lfence" : : : "memory"); /* the checks come first */
	return host_copy(dst, (const void *)(uintptr_t)address, words) != 0;
}

static bool all_zero(const uint8_t *p, size_t n)
{
	uint8_t any = 0;

	for (size_t i = 0; i < n; i++)
		any |= p[i];
	return any == 0;
}

/* Each mode has fields of its own; those of the other are 0. */
static bool mode_valid(const struct shared_header *h)
{
	if (h->mode == RUN_MODE_DEPLOY)
		return h->launch_size == 0 && h->module_size == 0 &&
		       h->connection < HOST_HANDLES_MAX;
	return h->mode == RUN_MODE_RUN && h->connection == 0 &&
	       all_zero(h->nonce, sizeof(h->nonce));
}

static bool header_valid(const struct shared_header *h, uint64_t size)
{
	return h->magic == SHARED_MAGIC && h->abi_version == ABI_VERSION && h->size == size &&
	       h->thread_count >= LAYOUT_THREAD_COUNT && h->thread_count <= SHARED_THREADS_MAX &&
	       h->slots_off % 4096 == 0 && h->slots_off >= sizeof(*h) &&
	       range_inside(h->slots_off, (uint64_t)h->thread_count * SHARED_SLOT_SIZE, size) &&
	       h->launch_off % WORD == 0 && range_inside(h->launch_off, h->launch_size, size) &&
	       h->module_off % WORD == 0 && range_inside(h->module_off, h->module_size, size) &&
	       mode_valid(h);
}

enum err shared_open(uint64_t address, uint64_t size)
{
	struct shared_header header;

	if (g_base != 0 || address == 0 || address % 4096 != 0 || size % 4096 != 0 ||
	    !memory_outside_enclave(address, size))
		return E_HOST;
	g_base = address;
	g_size = size;
	enum err err = shared_read(&header, (struct uref){0}, sizeof(header));

	if (err != E_OK || !header_valid(&header, size)) {
		g_size = 0;
		return E_HOST;
	}
	g_header = header;
	return E_OK;
}

const struct shared_header *shared_header(void)
{
	return &g_header;
}

struct uref shared_slot(void)
{
	uint64_t index = thread_index(thread_self());

	must(index < g_header.thread_count);
	return (struct uref){g_header.slots_off + index * SHARED_SLOT_SIZE};
}
