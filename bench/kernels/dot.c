/* Inner products of vectors of 4096 numbers of 16 bits, 64 of them, n times. */
#include "kernel.h"

#define SIZE 4096

static int16_t a[SIZE], b[SIZE];

static uint32_t dot(void)
{
	int32_t sum = 0;

	for (int i = 0; i < SIZE; i++)
		sum += a[i] * b[i];
	return (uint32_t)sum;
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	uint64_t sum = 0;

	for (int i = 0; i < SIZE; i++) {
		a[i] = (int16_t)(kernel_random(&seed) % 512 - 256);
		b[i] = (int16_t)(kernel_random(&seed) % 512 - 256);
	}
	for (uint32_t i = 0; i < n * 64; i++) {
		sum = sum * 31 + dot();
		a[i % SIZE] ^= 7;
	}
	return sum;
}
