/* Maxwell's equations in a plane by finite differences in time, 160 x 160 floats, n times. */
#include "kernel.h"

#define N 160

static float ex[N][N], ey[N][N], hz[N][N];

static void step(float source)
{
	for (int j = 0; j < N; j++)
		ey[0][j] = source;
	for (int i = 1; i < N; i++) {
		for (int j = 0; j < N; j++)
			ey[i][j] -= 0.5f * (hz[i][j] - hz[i - 1][j]);
	}
	for (int i = 0; i < N; i++) {
		for (int j = 1; j < N; j++)
			ex[i][j] -= 0.5f * (hz[i][j] - hz[i][j - 1]);
	}
	for (int i = 0; i < N - 1; i++) {
		for (int j = 0; j < N - 1; j++)
			hz[i][j] -= 0.7f * (ex[i][j + 1] - ex[i][j] + ey[i + 1][j] - ey[i][j]);
	}
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	double sum = 0;

	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++) {
			ex[i][j] = (float)(kernel_random(&seed) % 100);
			ey[i][j] = (float)(kernel_random(&seed) % 100);
			hz[i][j] = (float)(kernel_random(&seed) % 100);
		}
	}
	for (uint32_t i = 0; i < n; i++) {
		step((float)(i % 16));
		sum += (double)hz[N / 2][i % N];
	}
	return (uint64_t)(int64_t)(sum * 100);
}
