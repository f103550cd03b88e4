/* Adler-32 over 64 KiB, n times: sums of bytes and of sums. */
#include "kernel.h"

#define SIZE  65536
#define CHUNK 5552 /* the sums fit 32 bits so long */

static uint8_t data[SIZE];

static uint32_t adler(void)
{
	uint32_t a = 1, b = 0;

	for (uint32_t at = 0; at < SIZE;) {
		uint32_t count = SIZE - at < CHUNK ? SIZE - at : CHUNK, sum = 0, weighted = 0;

		for (uint32_t i = 0; i < count; i++) {
			sum += data[at + i];
			weighted += (count - i) * data[at + i];
		}
		b = (b + count * a + weighted) % 65521;
		a = (a + sum) % 65521;
		at += count;
	}
	return b << 16 | a;
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < SIZE; i++)
		data[i] = (uint8_t)kernel_random(&seed);
	for (uint32_t i = 0; i < n; i++) {
		data[i % SIZE]++;
		sum += adler();
	}
	return sum;
}
