/* Forward and backward substitution in triangles of 300 x 300 doubles, n times. */
#include "kernel.h"

#define N 300

static double l[N][N], b[N], x[N];

static void solve(void)
{
	for (int i = 0; i < N; i++) {
		x[i] = b[i];
		for (int j = 0; j < i; j++)
			x[i] -= l[i][j] * x[j];
		x[i] /= l[i][i];
	}
	for (int i = N - 1; i >= 0; i--) {
		x[i] /= l[i][i];
		for (int j = 0; j < i; j++)
			x[j] -= l[i][j] * x[i];
	}
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	double sum = 0;

	for (int i = 0; i < N; i++) {
		b[i] = kernel_random(&seed) % 1000;
		for (int j = 0; j <= i; j++)
			l[i][j] = kernel_random(&seed) % 100 / 1000.0 + (i == j ? 8 : 0);
	}
	for (uint32_t i = 0; i < n; i++) {
		solve();
		sum += x[i % N];
		b[i % N] += 1;
	}
	return (uint64_t)(int64_t)(sum * 1e6);
}
