/* C = alpha A B + beta C of 128 x 128 matrices of doubles (BLAS level 3), n times. */
#include "kernel.h"

#define N 128

static double a[N][N], b[N][N], c[N][N];

static void gemm(double alpha, double beta)
{
	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++)
			c[i][j] *= beta;
		for (int k = 0; k < N; k++) {
			for (int j = 0; j < N; j++)
				c[i][j] += alpha * a[i][k] * b[k][j];
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
			c[i][j] = 0;
		}
	}
	for (uint32_t i = 0; i < n; i++) {
		gemm(1.5, 0.5);
		sum += c[i % N][(i * 7) % N];
	}
	return (uint64_t)sum;
}
