/* Erasing and comparing secrets. */
#ifndef BASE_WIPE_H
#define BASE_WIPE_H

#include "base/cc.h"

/* Writes zeros that the compiler may not drop. */
static inline void wipe(void *p, size_t n)
{
	volatile uint8_t *b = p;

	while (n-- > 0)
		*b++ = 0;
}

/* Equality in time that depends on n alone. */
MUST_USE static inline bool equal_ct(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;
	uint8_t d = 0;

	for (size_t i = 0; i < n; i++)
		d |= (uint8_t)(x[i] ^ y[i]);
	return d == 0;
}

#endif
