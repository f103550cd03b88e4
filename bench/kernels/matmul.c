/* Product of two 96 x 96 matrices of doubles, n times. */
#include "kernel.h"

#define N 96

static double a[N][N], b[N][N], c[N][N];

static void multiply(void)
{
	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++) {
			double sum = 0;

			for (int k = 0; k < N; k++)
				sum += a[i][k] * b[k][j];
			c[i][j] = sum;
		}
	}
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	double sum = 0;

	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++) {
			a[i][j] = kernel_random(&seed) % 1000;
			b[i][j] = kernel_random(&seed) % 1000;
		}
	}
	for (uint32_t i = 0; i < n; i++) {
		multiply();
		a[i % N][0] += 1;
		sum += c[i % N][(i * 7) % N];
	}
	return (uint64_t)sum;
}
