/* How many bytes of 64 KiB are line ends, and how many start a UTF-8 sequence, n times. */
#include "kernel.h"

#define SIZE 65536

static uint8_t text[SIZE];

static uint32_t count_lines(void)
{
	uint32_t count = 0;

	for (int i = 0; i < SIZE; i++)
		count += text[i] == '\n';
	return count;
}

static uint32_t count_characters(void)
{
	uint32_t count = 0;

	for (int i = 0; i < SIZE; i++)
		count += (text[i] & 0xc0) != 0x80;
	return count;
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	uint64_t sum = 0;

	for (int i = 0; i < SIZE; i++)
		text[i] = (uint8_t)kernel_random(&seed);
	for (uint32_t i = 0; i < n; i++) {
		sum = sum * 31 + count_lines() * 65536ull + count_characters();
		text[i % SIZE] ^= 0x2a;
	}
	return sum;
}
