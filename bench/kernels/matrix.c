/* Product of two 64 x 64 matrices of floats, row by row, n times. */
#include "kernel.h"

#define N 64

static float a[N][N], b[N][N], c[N][N];

static void multiply(void)
{
	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++)
			c[i][j] = 0;
		for (int k = 0; k < N; k++) {
			float factor = a[i][k];

			for (int j = 0; j < N; j++)
				c[i][j] += factor * b[k][j];
		}
	}
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	double sum = 0;

	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++) {
			a[i][j] = (float)(kernel_random(&seed) % 1000);
			b[i][j] = (float)(kernel_random(&seed) % 1000);
		}
	}
	for (uint32_t i = 0; i < n; i++) {
		multiply();
		a[i % N][0] += 1;
		sum += (double)c[i % N][(i * 7) % N];
	}
	return (uint64_t)sum;
}
