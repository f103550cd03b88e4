/* QR decomposition of 100 x 80 doubles by Gram and Schmidt, column by column, n times. */
#include "kernel.h"

#define M 100
#define N 80

static double a[M][N], work[M][N], q[M][N], r[N][N];

static void decompose(void)
{
	for (int k = 0; k < N; k++) {
		double square = 0;

		for (int i = 0; i < M; i++)
			square += work[i][k] * work[i][k];
		r[k][k] = __builtin_sqrt(square);
		for (int i = 0; i < M; i++)
			q[i][k] = work[i][k] / r[k][k];
		for (int j = k + 1; j < N; j++) {
			r[k][j] = 0;
			for (int i = 0; i < M; i++)
				r[k][j] += q[i][k] * work[i][j];
			for (int i = 0; i < M; i++)
				work[i][j] -= q[i][k] * r[k][j];
		}
	}
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	double sum = 0;

	for (int i = 0; i < M; i++) {
		for (int j = 0; j < N; j++)
			a[i][j] = kernel_random(&seed) % 1000 + (i == j ? 500 : 0);
	}
	for (uint32_t i = 0; i < n; i++) {
		for (int j = 0; j < M; j++) {
			for (int k = 0; k < N; k++)
				work[j][k] = a[j][k];
		}
		decompose();
		sum += r[i % N][N - 1];
		a[i % M][0] += 1;
	}
	return (uint64_t)(int64_t)(sum * 1000);
}
