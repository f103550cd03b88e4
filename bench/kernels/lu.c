/* LU decomposition of a 128 x 128 matrix of doubles without pivoting, n times. */
#include "kernel.h"

#define N 128

static double a[N][N], work[N][N];

static void lu(void)
{
	for (int i = 0; i < N; i++) {
		for (int j = 0; j < i; j++) {
			for (int k = 0; k < j; k++)
				work[i][j] -= work[i][k] * work[k][j];
			work[i][j] /= work[j][j];
		}
		for (int j = i; j < N; j++) {
			for (int k = 0; k < i; k++)
				work[i][j] -= work[i][k] * work[k][j];
		}
	}
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	double sum = 0;

	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++)
			a[i][j] = kernel_random(&seed) % 100 + (i == j ? 10000 : 0);
	}
	for (uint32_t i = 0; i < n; i++) {
		for (int j = 0; j < N; j++) {
			for (int k = 0; k < N; k++)
				work[j][k] = a[j][k];
		}
		lu();
		sum += work[N - 1][i % N] + work[i % N][N - 1];
		a[i % N][0] += 1;
	}
	return (uint64_t)(int64_t)(sum * 1000);
}
