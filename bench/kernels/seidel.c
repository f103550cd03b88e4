/* Gauss-Seidel: a nine-point stencil in place over 120 x 120 doubles, n times. */
#include "kernel.h"

#define N 120

static double a[N][N];

static void sweep(void)
{
	for (int i = 1; i < N - 1; i++) {
		for (int j = 1; j < N - 1; j++)
			a[i][j] = (a[i - 1][j - 1] + a[i - 1][j] + a[i - 1][j + 1] + a[i][j - 1] +
				   a[i][j] + a[i][j + 1] + a[i + 1][j - 1] + a[i + 1][j] +
				   a[i + 1][j + 1]) /
				  9.0;
	}
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	double sum = 0;

	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++)
			a[i][j] = kernel_random(&seed) % 1000;
	}
	for (uint32_t i = 0; i < n; i++) {
		sweep();
		a[i % N][0] += 100;
	}
	for (int i = 0; i < N; i++)
		sum += a[i][i];
	return (uint64_t)(sum * 1000);
}
