/* The heat equation in space: a seven-point stencil over 40 x 40 x 40 doubles, n times. */
#include "kernel.h"

#define N 40

static double a[N][N][N], b[N][N][N];

static double bend(double left, double here, double right)
{
	return 0.125 * (right - 2.0 * here + left);
}

static void step(double to[N][N][N], double from[N][N][N])
{
	for (int i = 1; i < N - 1; i++) {
		for (int j = 1; j < N - 1; j++) {
			for (int k = 1; k < N - 1; k++) {
				double here = from[i][j][k];

				to[i][j][k] = bend(from[i - 1][j][k], here, from[i + 1][j][k]) +
					      bend(from[i][j - 1][k], here, from[i][j + 1][k]) +
					      bend(from[i][j][k - 1], here, from[i][j][k + 1]) +
					      here;
			}
		}
	}
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	double sum = 0;

	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++) {
			for (int k = 0; k < N; k++)
				a[i][j][k] = b[i][j][k] = kernel_random(&seed) % 1000;
		}
	}
	for (uint32_t i = 0; i < n; i++) {
		step(b, a);
		step(a, b);
		a[i % N][0][3] += 100;
	}
	for (int i = 0; i < N; i++)
		sum += a[i][i][i];
	return (uint64_t)(sum * 1000);
}
