/*
 * The EPCM of a simulated enclave and the mappings of the host, turned into page protections: a
 * page is accessible exactly as far as both allow, and everything else in ELRANGE is PROT_NONE.
 * Trust: offsets were checked against ELRANGE by the callers; entries are the simulator's own.
 * Invariant: a page without SIM_PAGE_PRESENT is PROT_NONE and holds no memory.
 */
#include "host/device/sim_pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK_PAGES   512u
#define CHUNK_SIZE    ((uint64_t)CHUNK_PAGES * SIM_PAGE_SIZE)
#define MAPPINGS_MAX  65000u /* vm.max_map_count: the kernel never merges enclave mappings */
#define MAPPINGS_STEP 64u

int sim_pages_init(struct sim_pages *p, uint64_t base, uint64_t size)
{
	memset(p, 0, sizeof *p);
	p->base = (uint8_t *)(uintptr_t)base;
	p->size = size;
	p->chunk_count = (size_t)((size + CHUNK_SIZE - 1) / CHUNK_SIZE);

	/* Mapped, not allocated: only the parts that are used cost memory. */
	void *table = mmap(NULL, p->chunk_count * sizeof *p->chunk, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (table == MAP_FAILED)
		return ENOMEM;
	p->chunk = table;
	return 0;
}

void sim_pages_fini(struct sim_pages *p)
{
	if (p->chunk) {
		for (size_t i = 0; i < p->chunk_count; i++)
			free(p->chunk[i]);
		munmap(p->chunk, p->chunk_count * sizeof *p->chunk);
	}
	free(p->mapping);
	memset(p, 0, sizeof *p);
}

sim_page sim_pages_get(const struct sim_pages *p, uint64_t off)
{
	const sim_page *chunk = p->chunk[off / CHUNK_SIZE];

	return chunk ? chunk[off / SIM_PAGE_SIZE % CHUNK_PAGES] : 0;
}

int sim_pages_set(struct sim_pages *p, uint64_t off, sim_page entry)
{
	sim_page **chunk = &p->chunk[off / CHUNK_SIZE];

	if (!*chunk) {
		*chunk = calloc(CHUNK_PAGES, sizeof **chunk);
		if (!*chunk)
			return ENOMEM;
	}
	(*chunk)[off / SIM_PAGE_SIZE % CHUNK_PAGES] = entry;
	atomic_fetch_add(&p->generation, 1);
	return 0;
}

/* Index of the first mapping that ends after `off`. */
static size_t sim_pages_find_mapping(const struct sim_pages *p, uint64_t off)
{
	size_t low = 0, high = p->mapping_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->mapping[middle].end <= off)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int sim_pages_mapped(const struct sim_pages *p, uint64_t off)
{
	size_t i = sim_pages_find_mapping(p, off);

	return i < p->mapping_count && p->mapping[i].start <= off ? p->mapping[i].prot : 0;
}

static int sim_page_max(sim_page entry)
{
	return entry >> SIM_PAGE_MAX_SHIFT & SECINFO_PERMISSIONS;
}

/* Enclave code may use it as an ordinary page. */
static bool sim_page_usable(sim_page entry)
{
	return (entry & SIM_PAGE_PRESENT) && (entry & SIM_PAGE_TYPE) == SECINFO_REG &&
	       !(entry & (SECINFO_PENDING | SECINFO_MODIFIED));
}

/* Would the kernel's fault handler set up a PTE? Not when the mapping exceeds the page's limit. */
static bool sim_page_mappable(sim_page entry, int prot)
{
	return (entry & SIM_PAGE_PRESENT) && (prot & ~sim_page_max(entry)) == 0;
}

static int sim_pages_protection(sim_page entry, int prot)
{
	if (!sim_page_usable(entry) || !sim_page_mappable(entry, prot))
		return PROT_NONE;
	return entry & SECINFO_PERMISSIONS & prot;
}

static uint32_t sim_access_code(int access)
{
	switch (access) {
	case PROT_WRITE:
		return PFEC_USER | PFEC_WRITE;
	case PROT_EXEC:
		return PFEC_USER | PFEC_FETCH;
	default:
		return PFEC_USER;
	}
}

uint32_t sim_pages_refuse_paging(const struct sim_pages *p, uint64_t off, int access)
{
	int prot = sim_pages_mapped(p, off);

	if (prot == PROT_NONE || !sim_page_mappable(sim_pages_get(p, off), prot))
		return sim_access_code(access);
	return prot & access ? 0 : sim_access_code(access) | PFEC_PRESENT;
}

uint32_t sim_pages_refuse(const struct sim_pages *p, uint64_t off, int access)
{
	sim_page entry = sim_pages_get(p, off);
	uint32_t code = sim_pages_refuse_paging(p, off, access);

	if (code != 0)
		return code;
	if (sim_page_usable(entry) && (entry & access))
		return 0;
	return sim_access_code(access) | PFEC_PRESENT | PFEC_SGX;
}

uint32_t sim_pages_refuse_tcs(const struct sim_pages *p, uint64_t off)
{
	uint32_t code = sim_pages_refuse_paging(p, off, PROT_WRITE);
	sim_page state =
		sim_pages_get(p, off) & (SIM_PAGE_TYPE | SECINFO_PENDING | SECINFO_MODIFIED);

	if (code != 0)
		return code;
	return state == SECINFO_TCS ? 0 : PFEC_USER | PFEC_WRITE | PFEC_PRESENT | PFEC_SGX;
}

bool sim_pages_augments(const struct sim_pages *p, uint64_t off, int access)
{
	return p->dynamic && !(sim_pages_get(p, off) & SIM_PAGE_PRESENT) &&
	       (sim_pages_mapped(p, off) & access);
}

int sim_pages_change(struct sim_pages *p, uint64_t off, sim_page entry)
{
	int prot = sim_pages_mapped(p, off);
	int before = sim_pages_protection(sim_pages_get(p, off), prot);
	int after = sim_pages_protection(entry, prot);
	int error = sim_pages_set(p, off, entry);

	if (error == 0 && before != after && mprotect(p->base + off, SIM_PAGE_SIZE, after) != 0)
		error = errno;
	return error;
}

/* One mprotect per run of pages that get the same protection. */
int sim_pages_sync(struct sim_pages *p, uint64_t off, uint64_t length)
{
	uint64_t run = off, end = off + length;
	int run_prot = -1; /* no run */

	for (uint64_t at = off; at <= end; at += SIM_PAGE_SIZE) {
		int prot = -1;

		if (at < end && !p->chunk[at / CHUNK_SIZE]) {
			uint64_t skip = CHUNK_SIZE - at % CHUNK_SIZE - SIM_PAGE_SIZE;

			if (run_prot >= 0 && mprotect(p->base + run, at - run, run_prot) != 0)
				return errno;
			run_prot = -1;
			at = end - at <= skip ? end - SIM_PAGE_SIZE : at + skip;
			continue;
		}
		if (at < end && (sim_pages_get(p, at) & SIM_PAGE_PRESENT))
			prot = sim_pages_protection(sim_pages_get(p, at), sim_pages_mapped(p, at));
		if (prot == run_prot)
			continue;
		if (run_prot >= 0 && mprotect(p->base + run, at - run, run_prot) != 0)
			return errno;
		run = at;
		run_prot = prot;
	}
	return 0;
}

void sim_pages_remove(struct sim_pages *p, uint64_t off)
{
	madvise(p->base + off, SIM_PAGE_SIZE, MADV_DONTNEED);
	mprotect(p->base + off, SIM_PAGE_SIZE, PROT_NONE);
	if (p->chunk[off / CHUNK_SIZE])
		p->chunk[off / CHUNK_SIZE][off / SIM_PAGE_SIZE % CHUNK_PAGES] = 0;
	atomic_fetch_add(&p->generation, 1);
}

int sim_pages_augment(struct sim_pages *p, uint64_t off)
{
	return sim_pages_set(p, off,
			     SIM_PAGE_PRESENT | SECINFO_REG | SECINFO_R | SECINFO_W |
				     SECINFO_PENDING | SECINFO_PERMISSIONS << SIM_PAGE_MAX_SHIFT);
}

/* sgx_encl_may_map: no more rights than any present page of the range has. */
static bool sim_pages_may_map(const struct sim_pages *p, uint64_t off, uint64_t length, int prot)
{
	uint64_t end = off + length;

	for (uint64_t at = off; at < end; at += SIM_PAGE_SIZE) {
		if (!p->chunk[at / CHUNK_SIZE]) {
			at += CHUNK_SIZE - at % CHUNK_SIZE - SIM_PAGE_SIZE;
			continue;
		}
		sim_page entry = sim_pages_get(p, at);

		if ((entry & SIM_PAGE_PRESENT) && (prot & ~sim_page_max(entry)) != 0)
			return false;
	}
	return true;
}

static int sim_pages_mapping_reserve(struct sim_pages *p, size_t more)
{
	if (p->mapping_count + more <= p->mapping_room)
		return 0;
	if (p->mapping_count + more > MAPPINGS_MAX)
		return ENOMEM;
	size_t room = p->mapping_room + MAPPINGS_STEP;
	struct sim_mapping *m = realloc(p->mapping, room * sizeof *m);

	if (!m)
		return ENOMEM;
	p->mapping = m;
	p->mapping_room = room;
	return 0;
}

static void sim_pages_mapping_insert(struct sim_pages *p, size_t i, struct sim_mapping m)
{
	memmove(&p->mapping[i + 1], &p->mapping[i], (p->mapping_count - i) * sizeof m);
	p->mapping[i] = m;
	p->mapping_count++;
}

/* Splits the mapping that `at` lies within, so that one starts there. Room is reserved. */
static void sim_pages_mapping_split(struct sim_pages *p, uint64_t at)
{
	size_t i = sim_pages_find_mapping(p, at);

	if (i == p->mapping_count || p->mapping[i].start >= at)
		return;
	struct sim_mapping right = p->mapping[i];

	right.start = at;
	p->mapping[i].end = at;
	sim_pages_mapping_insert(p, i + 1, right);
}

int sim_pages_map(struct sim_pages *p, uint64_t off, uint64_t length, int prot)
{
	if (!sim_pages_may_map(p, off, length, prot))
		return EACCES;
	if (sim_pages_mapping_reserve(p, 3) != 0)
		return ENOMEM;
	sim_pages_mapping_split(p, off);
	sim_pages_mapping_split(p, off + length);

	size_t first = sim_pages_find_mapping(p, off);
	size_t last = first;

	while (last < p->mapping_count && p->mapping[last].start < off + length)
		last++;
	memmove(&p->mapping[first], &p->mapping[last],
		(p->mapping_count - last) * sizeof *p->mapping);
	p->mapping_count -= last - first;
	sim_pages_mapping_insert(p, first, (struct sim_mapping){off, off + length, prot});
	atomic_fetch_add(&p->generation, 1);
	return sim_pages_sync(p, off, length);
}

/* mprotect gives ENOMEM when a part is not mapped. */
int sim_pages_protect(struct sim_pages *p, uint64_t off, uint64_t length, int prot)
{
	uint64_t at = off;

	for (size_t i = sim_pages_find_mapping(p, off); at < off + length; i++) {
		if (i == p->mapping_count || p->mapping[i].start > at)
			return ENOMEM;
		at = p->mapping[i].end;
	}
	return sim_pages_map(p, off, length, prot);
}

/* Runs `copy` with the pages of the range open, then closes them again. */
static int sim_pages_open(struct sim_pages *p, uint64_t off, size_t size)
{
	uint64_t first = off & ~(uint64_t)(SIM_PAGE_SIZE - 1);

	for (uint64_t at = first; at < off + size; at += SIM_PAGE_SIZE) {
		sim_page entry = sim_pages_get(p, at);

		if (!(entry & SIM_PAGE_PRESENT) || (entry & SECINFO_PENDING))
			return EFAULT;
		if (sim_pages_protection(entry, sim_pages_mapped(p, at)) ==
		    (PROT_READ | PROT_WRITE))
			continue;
		if (mprotect(p->base + at, SIM_PAGE_SIZE, PROT_READ | PROT_WRITE) != 0)
			return errno;
	}
	return 0;
}

static int sim_pages_shut(struct sim_pages *p, uint64_t off, size_t size)
{
	uint64_t first = off & ~(uint64_t)(SIM_PAGE_SIZE - 1);

	for (uint64_t at = first; at < off + size; at += SIM_PAGE_SIZE) {
		if (sim_pages_protection(sim_pages_get(p, at), sim_pages_mapped(p, at)) ==
		    (PROT_READ | PROT_WRITE))
			continue;
		int error = sim_pages_sync(p, at, SIM_PAGE_SIZE);

		if (error != 0)
			return error;
	}
	return 0;
}

int sim_pages_peek(struct sim_pages *p, uint64_t off, void *out, size_t size)
{
	int error = sim_pages_open(p, off, size);

	if (error != 0)
		return error;
	memcpy(out, p->base + off, size);
	return sim_pages_shut(p, off, size);
}

int sim_pages_poke(struct sim_pages *p, uint64_t off, const void *in, size_t size)
{
	int error = sim_pages_open(p, off, size);

	if (error != 0)
		return error;
	memcpy(p->base + off, in, size);
	return sim_pages_shut(p, off, size);
}
