/* A += u1 v1' + u2 v2', x = A' y, w = A x for 256 x 256 doubles (BLAS level 2), n times. */
#include "kernel.h"

#define N 256

static double a[N][N], u1[N], v1[N], u2[N], v2[N], x[N], y[N], w[N];

static void gemver(double alpha, double beta)
{
	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++)
			a[i][j] += u1[i] * v1[j] + u2[i] * v2[j];
	}
	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++)
			x[i] += beta * a[j][i] * y[j];
	}
	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++)
			w[i] += alpha * a[i][j] * x[j];
	}
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	double sum = 0;

	for (int i = 0; i < N; i++) {
		u1[i] = kernel_random(&seed) % 100 / 100.0;
		v1[i] = kernel_random(&seed) % 100 / 100.0;
		u2[i] = -u1[i];
		v2[i] = v1[i] + 0.25;
		y[i] = kernel_random(&seed) % 100 / 100.0;
		x[i] = w[i] = 0;
		for (int j = 0; j < N; j++)
			a[i][j] = kernel_random(&seed) % 100 / 100.0;
	}
	for (uint32_t i = 0; i < n; i++) {
		gemver(0.001, 0.001);
		sum += w[i % N];
	}
	return (uint64_t)(sum * 1e6);
}
