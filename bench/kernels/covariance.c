/* Covariances of 80 series of 100 doubles, n times. */
#include "kernel.h"

#define M 80
#define N 100

static double data[N][M], centred[N][M], cov[M][M], mean[M];

static void covariance(void)
{
	for (int j = 0; j < M; j++) {
		mean[j] = 0;
		for (int i = 0; i < N; i++)
			mean[j] += data[i][j];
		mean[j] /= N;
	}
	for (int i = 0; i < N; i++) {
		for (int j = 0; j < M; j++)
			centred[i][j] = data[i][j] - mean[j];
	}
	for (int i = 0; i < M; i++) {
		for (int j = i; j < M; j++) {
			cov[i][j] = 0;
			for (int k = 0; k < N; k++)
				cov[i][j] += centred[k][i] * centred[k][j];
			cov[i][j] /= N - 1;
			cov[j][i] = cov[i][j];
		}
	}
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	double sum = 0;

	for (int i = 0; i < N; i++) {
		for (int j = 0; j < M; j++)
			data[i][j] = kernel_random(&seed) % 1000;
	}
	for (uint32_t i = 0; i < n; i++) {
		covariance();
		sum += cov[i % M][(i * 7) % M];
		data[i % N][i % M] += 1;
	}
	return (uint64_t)(int64_t)(sum * 1000);
}
