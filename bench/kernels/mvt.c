/* x1 += A y1 and x2 += A' y2 for 400 x 400 floats, n times. */
#include "kernel.h"

#define N 400

static float a[N][N], x1[N], x2[N], y1[N], y2[N];

static void mvt(void)
{
	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++)
			x1[i] += a[i][j] * y1[j];
	}
	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++)
			x2[j] += a[i][j] * y2[i];
	}
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	double sum = 0;

	for (int i = 0; i < N; i++) {
		x1[i] = x2[i] = 0;
		y1[i] = (float)(kernel_random(&seed) % 10);
		y2[i] = (float)(kernel_random(&seed) % 10);
		for (int j = 0; j < N; j++)
			a[i][j] = (float)(kernel_random(&seed) % 10) / 64;
	}
	for (uint32_t i = 0; i < n; i++) {
		mvt();
		sum += (double)x1[i % N] + (double)x2[i % N] * 3;
	}
	return (uint64_t)sum;
}
