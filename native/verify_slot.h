/*
 * The slots behind FS as the verifier sees them, and the objects that they lead to.
 */
#ifndef NATIVE_VERIFY_SLOT_H
#define NATIVE_VERIFY_SLOT_H

#include "native/verify.h"
#include "native/verify_value.h"

/* Objects with a size: the function table, tables, memories. */
#define OBJECT_FUNCTIONS 0u

/* How many entries, or bytes, an object has at least, always. */
uint64_t object_min(const struct verify_image *image, uint32_t object);
bool object_is_table(const struct verify_image *image, uint32_t object);
bool object_is_memory(const struct verify_image *image, uint32_t object);
/* The number of its entries, or bytes. */
struct value object_count(const struct verify_image *image, uint32_t object);

/*
 * Is an access (X86_READ, X86_WRITE) of `size` bytes at FS + at one that the slots allow? *v: what it reads.
 * Within one slot; addresses and counts whole; nothing is written but what is the guest's (doc/native.md).
 */
MUST_USE bool slot_access(const struct verify_image *image, int64_t at, unsigned size,
			  unsigned access, struct value *v);

#endif
