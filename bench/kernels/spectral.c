/* The spectral norm of an endless matrix, its first 200 rows, by the power method, n times. */
#include "kernel.h"

#define N 200

static double u[N], v[N], t[N];

static double element(int i, int j)
{
	return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1);
}

static void multiply(double to[N], const double from[N])
{
	for (int i = 0; i < N; i++) {
		double sum = 0;

		for (int j = 0; j < N; j++)
			sum += element(i, j) * from[j];
		to[i] = sum;
	}
}

static void multiply_transposed(double to[N], const double from[N])
{
	for (int i = 0; i < N; i++) {
		double sum = 0;

		for (int j = 0; j < N; j++)
			sum += element(j, i) * from[j];
		to[i] = sum;
	}
}

uint64_t run(uint32_t n)
{
	double above = 0, below = 1;

	for (int i = 0; i < N; i++)
		u[i] = 1;
	for (uint32_t i = 0; i < n; i++) {
		multiply(t, u);
		multiply_transposed(v, t);
		multiply(t, v);
		multiply_transposed(u, t);
	}
	for (int i = 0; i < N; i++) {
		above += u[i] * v[i];
		below += v[i] * v[i];
	}
	return (uint64_t)(__builtin_sqrt(above / below) * 1e9);
}
