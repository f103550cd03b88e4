/* All shortest paths between 120 places by Floyd and Warshall, n times. */
#include "kernel.h"

#define N 120

static int roads[N][N], path[N][N];

static void shorten(void)
{
	for (int k = 0; k < N; k++) {
		for (int i = 0; i < N; i++) {
			for (int j = 0; j < N; j++) {
				int around = path[i][k] + path[k][j];

				path[i][j] = path[i][j] < around ? path[i][j] : around;
			}
		}
	}
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	uint64_t sum = 0;

	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++)
			roads[i][j] = i == j ? 0 : (int)(kernel_random(&seed) % 10000) + 1;
	}
	for (uint32_t i = 0; i < n; i++) {
		for (int j = 0; j < N; j++) {
			for (int k = 0; k < N; k++)
				path[j][k] = roads[j][k];
		}
		shorten();
		sum = sum * 31 + (uint32_t)path[i % N][(i * 7 + 3) % N];
		roads[i % N][(i + 1) % N] /= 2;
	}
	return sum;
}
