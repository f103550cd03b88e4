/* C = alpha A A' + beta C, the lower triangle, of 128 x 128 doubles, n times. */
#include "kernel.h"

#define N 128

static double a[N][N], c[N][N];

static void syrk(double alpha, double beta)
{
	for (int i = 0; i < N; i++) {
		for (int j = 0; j <= i; j++)
			c[i][j] *= beta;
		for (int k = 0; k < N; k++) {
			for (int j = 0; j <= i; j++)
				c[i][j] += alpha * a[i][k] * a[j][k];
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
			c[i][j] = 0;
		}
	}
	for (uint32_t i = 0; i < n; i++) {
		syrk(1.5, 0.5);
		sum += c[N - 1][(i * 7) % N];
	}
	return (uint64_t)sum;
}
