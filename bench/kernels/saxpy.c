/* y = a x + y for vectors of 4096 floats, 64 times, n times. */
#include "kernel.h"

#define SIZE 4096

static float x[SIZE], y[SIZE];

static void saxpy(float a)
{
	for (int i = 0; i < SIZE; i++)
		y[i] = a * x[i] + y[i];
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	double sum = 0;

	for (int i = 0; i < SIZE; i++) {
		x[i] = (float)(kernel_random(&seed) % 1000) / 8;
		y[i] = 0;
	}
	for (uint32_t i = 0; i < n * 64; i++)
		saxpy((i & 1) ? -0.75f : 0.8125f);
	for (int i = 0; i < SIZE; i++)
		sum += (double)y[i];
	return (uint64_t)sum;
}
