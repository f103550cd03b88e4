/*
 * The enclave's own record of its pages: which part of each growable range it has accepted. A range
 * grows from its start only, page after page, each accepted once; nothing is ever given back. The
 * record, not any fault code, decides what an access meant (doc/enclave.md).
 */
#ifndef ENCLAVE_MEMORY_H
#define ENCLAVE_MEMORY_H

#include "base/cc.h"
#include "base/err.h"

enum memory_range {
	MEMORY_HEAP,
	MEMORY_WINDOW, /* memory 0 of the program */
	MEMORY_CODE,
	MEMORY_RANGES
};

/* First byte of a range. */
uint8_t *memory_base(enum memory_range range);

/* Bytes accepted so far, from the start. */
size_t memory_accepted(enum memory_range range);

/*
 * Makes at least `size` bytes (from the start of the range) usable: asks the host for the pages,
 * then accepts each. E_LIMIT beyond the range, E_NOMEM when the host does not deliver.
 */
MUST_USE enum err memory_grow(enum memory_range range, size_t size);

/* Code, and what it reads at the page behind it. */
struct memory_code {
	const uint8_t *code;
	size_t code_size; /* > 0 */
	const uint8_t *rodata;
	size_t rodata_size; /* may be 0 */
};

/*
 * Puts code into new pages of the code region: copied by EACCEPTCOPY to read+execute, its data to
 * read, proven by EACCEPT; never writable and executable at once. *entry is the address of the
 * code. It must have been verified: whatever stands there runs inside.
 */
MUST_USE enum err memory_add_code(const struct memory_code *c, uint64_t *entry);

/* Is the address inside what memory_add_code added? Only code can be executed there. */
bool memory_is_code(uint64_t address);

/* Makes `size` bytes at the top of the calling thread's guest stack usable. */
MUST_USE enum err memory_grow_guest_stack(size_t size, uint64_t *top);

/* Makes `size` bytes of the calling thread's slots usable, from their start: fresh pages are zero. NULL: no
 * memory, or too many. */
MUST_USE uint8_t *memory_grow_slots(size_t size);

/* What an address that faulted is to guest code. */
enum memory_fault {
	MEMORY_FAULT_OTHER,
	MEMORY_FAULT_WINDOW, /* in the guest window, beyond what is accepted */
	MEMORY_FAULT_STACK, /* in the calling thread's guest stack region, below what is accepted */
};
enum memory_fault memory_classify_fault(uint64_t address);

/* Is [p, p + size) wholly outside ELRANGE and not wrapping? Follow with a speculation barrier. */
MUST_USE bool memory_outside_enclave(uint64_t address, uint64_t size);

#endif
