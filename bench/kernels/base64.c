/* 24 KiB to Base64 (RFC 4648) and back, n times. */
#include "kernel.h"

#define SIZE 24576

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static uint8_t data[SIZE], back[SIZE], values[256];
static char text[SIZE / 3 * 4];

static void encode(void)
{
	char *to = text;

	for (int i = 0; i < SIZE; i += 3) {
		uint32_t v = (uint32_t)data[i] << 16 | (uint32_t)data[i + 1] << 8 | data[i + 2];

		*to++ = letters[v >> 18];
		*to++ = letters[v >> 12 & 63];
		*to++ = letters[v >> 6 & 63];
		*to++ = letters[v & 63];
	}
}

static void decode(void)
{
	uint8_t *to = back;

	for (const char *p = text; p < text + sizeof text; p += 4) {
		uint32_t v = 0;

		for (int i = 0; i < 4; i++)
			v = v << 6 | values[(uint8_t)p[i]];
		*to++ = (uint8_t)(v >> 16);
		*to++ = (uint8_t)(v >> 8);
		*to++ = (uint8_t)v;
	}
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	uint64_t sum = 0;

	for (uint8_t i = 0; i < 64; i++)
		values[(uint8_t)letters[i]] = i;
	for (int i = 0; i < SIZE; i++)
		data[i] = (uint8_t)kernel_random(&seed);
	for (uint32_t i = 0; i < n; i++) {
		encode();
		decode();
		sum = sum * 31 + back[i % SIZE] * 256u + (uint8_t)text[i % sizeof text];
		data[i % SIZE] ^= 0x5a;
	}
	return sum;
}
