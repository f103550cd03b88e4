/* CRC-32 (IEEE 802.3) of 64 KiB, eight bytes at a time by tables, n times. */
#include "kernel.h"

#define SIZE 65536

static uint8_t data[SIZE];
static uint32_t table[8][256];

static void init(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = c >> 1 ^ (c & 1 ? 0xedb88320 : 0);
		table[0][i] = c;
	}
	for (uint32_t i = 0; i < 256; i++) {
		for (int t = 1; t < 8; t++)
			table[t][i] = table[t - 1][i] >> 8 ^ table[0][table[t - 1][i] & 0xff];
	}
}

static uint32_t crc(uint32_t c)
{
	for (uint32_t i = 0; i < SIZE; i += 8) {
		uint32_t a, b;

		__builtin_memcpy(&a, data + i, 4);
		__builtin_memcpy(&b, data + i + 4, 4);
		a ^= c;
		c = table[7][a & 0xff] ^ table[6][a >> 8 & 0xff] ^ table[5][a >> 16 & 0xff] ^
		    table[4][a >> 24] ^ table[3][b & 0xff] ^ table[2][b >> 8 & 0xff] ^
		    table[1][b >> 16 & 0xff] ^ table[0][b >> 24];
	}
	return ~c;
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1, sum = 0;

	init();
	for (uint32_t i = 0; i < SIZE; i++)
		data[i] = (uint8_t)kernel_random(&seed);
	for (uint32_t i = 0; i < n; i++)
		sum = crc(sum);
	return sum;
}
