/*
 * The simulator's memory: what the EPCM says of each page, what the host has mapped, and the
 * protection that follows from both. Offsets are from the base of ELRANGE. Callers hold the
 * device's lock, except for sim_pages_generation.
 */
#ifndef HOST_DEVICE_SIM_PAGES_H
#define HOST_DEVICE_SIM_PAGES_H

#include <stdatomic.h>

#include "base/cc.h"
#include "sgx/arch.h"

#define SIM_PAGE_SIZE 4096u

/*
 * An EPCM entry. The low bits are those of SECINFO.FLAGS (R, W, X, PENDING, MODIFIED, PR and the
 * page type), so that a comparison with a SECINFO is one mask.
 */
typedef uint16_t sim_page;

#define SIM_PAGE_ACCEPTED_BITS                                                                     \
	(SECINFO_PERMISSIONS | SECINFO_PENDING | SECINFO_MODIFIED | SIM_PAGE_TYPE)
#define SIM_PAGE_TYPE	   0x700
#define SIM_PAGE_MAX_SHIFT 12 /* the kernel's limit for mappings of this page: R, W, X */
#define SIM_PAGE_PRESENT   0x8000

struct sim_mapping {
	uint64_t start;
	uint64_t end;
	int prot;
};

struct sim_pages {
	uint8_t *base;
	uint64_t size;
	bool dynamic; /* after EINIT: a fault in a mapping adds a page */
	sim_page **chunk;
	size_t chunk_count;
	struct sim_mapping *mapping; /* sorted, disjoint */
	size_t mapping_count;
	size_t mapping_room;
	atomic_ulong generation; /* changes whenever a page or a mapping may have lost a right */
};

/* Takes over a reserved range. ENOMEM. */
MUST_USE int sim_pages_init(struct sim_pages *p, uint64_t base, uint64_t size);

/* Frees the tables; the range itself belongs to the device. */
void sim_pages_fini(struct sim_pages *p);

/* The entry of the page at `off`; 0 when there is none. */
sim_page sim_pages_get(const struct sim_pages *p, uint64_t off);

/* Sets an entry; the protection follows with sim_pages_sync. ENOMEM. */
MUST_USE int sim_pages_set(struct sim_pages *p, uint64_t off, sim_page entry);

/* Gives the present pages of a range the protection that EPCM and mapping allow. errno. */
MUST_USE int sim_pages_sync(struct sim_pages *p, uint64_t off, uint64_t length);

/* Sets the entry of a page that has its protection, and the protection that follows. errno. */
MUST_USE int sim_pages_change(struct sim_pages *p, uint64_t off, sim_page entry);

/* Drops a page and its contents. */
void sim_pages_remove(struct sim_pages *p, uint64_t off);

/* EAUG: the page becomes present, zero, RW and pending. ENOMEM. */
MUST_USE int sim_pages_augment(struct sim_pages *p, uint64_t off);

/*
 * mmap and mprotect of the device (the kernel's rules): a mapping may not have more rights than a
 * present page of it. EACCES, ENOMEM (for protect also: not mapped).
 */
MUST_USE int sim_pages_map(struct sim_pages *p, uint64_t off, uint64_t length, int prot);
MUST_USE int sim_pages_protect(struct sim_pages *p, uint64_t off, uint64_t length, int prot);

/* The rights of the mapping at `off`; 0 without one. */
int sim_pages_mapped(const struct sim_pages *p, uint64_t off);

/*
 * May enclave code access the page of `off` in this way (one of PROT_READ, PROT_WRITE, PROT_EXEC)?
 * 0, or the page fault error code that the CPU gives.
 */
uint32_t sim_pages_refuse(const struct sim_pages *p, uint64_t off, int access);

/* The part of that which paging decides: mapping and presence, not the EPCM. */
uint32_t sim_pages_refuse_paging(const struct sim_pages *p, uint64_t off, int access);

/* The same question for the TCS page of an EENTER: type TCS, accepted, mapped R and W. */
uint32_t sim_pages_refuse_tcs(const struct sim_pages *p, uint64_t off);

/* Would the kernel answer this refused access with EAUG? */
bool sim_pages_augments(const struct sim_pages *p, uint64_t off, int access);

/*
 * Reads and writes as the CPU does by physical address, whatever the mapping says: pages that are
 * present and not pending. EFAULT otherwise.
 */
MUST_USE int sim_pages_peek(struct sim_pages *p, uint64_t off, void *out, size_t size);
MUST_USE int sim_pages_poke(struct sim_pages *p, uint64_t off, const void *in, size_t size);

#endif
