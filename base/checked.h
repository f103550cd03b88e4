/*
 * Checked arithmetic for lengths and offsets: each returns true and writes *out only when the exact
 * result fits. Sums and products of untrusted lengths go through these.
 */
#ifndef BASE_CHECKED_H
#define BASE_CHECKED_H

#include "base/cc.h"

MUST_USE static inline bool checked_add(size_t *out, size_t a, size_t b)
{
	return !__builtin_add_overflow(a, b, out);
}

MUST_USE static inline bool checked_mul(size_t *out, size_t a, size_t b)
{
	return !__builtin_mul_overflow(a, b, out);
}

MUST_USE static inline bool checked_add_u64(uint64_t *out, uint64_t a, uint64_t b)
{
	return !__builtin_add_overflow(a, b, out);
}

/* Rounds up to a power of two `align`; false on overflow. */
MUST_USE static inline bool checked_round_up(size_t *out, size_t n, size_t align)
{
	size_t t;

	if (!checked_add(&t, n, align - 1))
		return false;
	*out = t & ~(align - 1);
	return true;
}

/* Is [off, off + len) inside [0, size)? Never forms off + len. */
MUST_USE static inline bool range_inside(uint64_t off, uint64_t len, uint64_t size)
{
	return off <= size && len <= size - off;
}

#endif
