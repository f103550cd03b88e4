/* Bytes written as hexadecimal text, for test vectors. */
#ifndef TEST_LIB_HEX_H
#define TEST_LIB_HEX_H

#include <stdio.h>
#include <string.h>

#include "base/cc.h"

/* Reads the bytes that the text gives; returns how many. */
static inline size_t hex_read(uint8_t *out, const char *hex)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned v = 0;

		if (sscanf(hex + 2 * i, "%2x", &v) != 1)
			return 0;
		out[i] = (uint8_t)v;
	}
	return n;
}

static inline bool hex_equal(const uint8_t *p, size_t size, const char *hex)
{
	uint8_t expected[512];

	return strlen(hex) == 2 * size && size <= sizeof expected &&
	       hex_read(expected, hex) == size && memcmp(p, expected, size) == 0;
}

#endif
