/* A Toeplitz system of 400 unknowns by Levinson and Durbin, in doubles, n times. */
#include "kernel.h"

#define N 400

static double r[N], y[N], z[N];

static void solve(void)
{
	double alpha = -r[0], beta = 1;

	y[0] = -r[0];
	for (int k = 1; k < N; k++) {
		double sum = 0;

		beta *= 1 - alpha * alpha;
		for (int i = 0; i < k; i++)
			sum += r[k - i - 1] * y[i];
		alpha = -(r[k] + sum) / beta;
		for (int i = 0; i < k; i++)
			z[i] = y[i] + alpha * y[k - i - 1];
		for (int i = 0; i < k; i++)
			y[i] = z[i];
		y[k] = alpha;
	}
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	double sum = 0;

	for (int i = 0; i < N; i++)
		r[i] = kernel_random(&seed) % 1000 / 1e6;
	for (uint32_t i = 0; i < n; i++) {
		solve();
		sum += y[i % N] + y[N - 1];
		r[i % N] *= 0.5;
	}
	return (uint64_t)(int64_t)(sum * 1e9);
}
