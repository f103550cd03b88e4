/* Jacobi's method: a five-point stencil over 250 x 250 doubles, there and back, n times. */
#include "kernel.h"

#define N 250

static double a[N][N], b[N][N];

static void step(double to[N][N], double from[N][N])
{
	for (int i = 1; i < N - 1; i++) {
		for (int j = 1; j < N - 1; j++)
			to[i][j] = 0.2 * (from[i][j] + from[i][j - 1] + from[i][j + 1] +
					  from[i + 1][j] + from[i - 1][j]);
	}
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	double sum = 0;

	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++)
			a[i][j] = b[i][j] = kernel_random(&seed) % 1000;
	}
	for (uint32_t i = 0; i < n; i++) {
		step(b, a);
		step(a, b);
		a[i % N][0] += 100;
	}
	for (int i = 0; i < N; i++)
		sum += a[i][i];
	return (uint64_t)(sum * 1000);
}
