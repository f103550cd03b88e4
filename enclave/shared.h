/*
 * The shared area as the enclave sees it: checked once at start, then reached through these alone.
 * An offset is a uref: it cannot be dereferenced.
 */
#ifndef ENCLAVE_SHARED_H
#define ENCLAVE_SHARED_H

#include "base/cc.h"
#include "base/err.h"
#include "boundary/abi.h"

struct uref {
	uint64_t off; /* in the shared area */
};

/*
 * Takes the area that the host offers: wholly outside ELRANGE, page-aligned, its header known and
 * its parts inside it. Both arguments are the host's. E_HOST when anything is off. Once only.
 */
MUST_USE enum err shared_open(uint64_t address, uint64_t size);

/* The copy of the header. */
const struct shared_header *shared_header(void);

/* The calling thread's slot. */
struct uref shared_slot(void);

/* Copies size bytes in (out) by aligned words; the last word may carry bytes beyond, which are
 * dropped (written as zeros). E_HOST: outside the area, misaligned, or the host took the pages
 * away. */
MUST_USE enum err shared_read(void *dst, struct uref src, size_t size);
MUST_USE enum err shared_write(struct uref dst, const void *src, size_t size);

#endif
