/* Nussinov's folding of a chain of 200 bases: a table of intervals, n times. */
#include "kernel.h"

#define N 200

static uint8_t base[N];
static int best[N][N];

static int max(int a, int b)
{
	return a > b ? a : b;
}

static void fold(void)
{
	for (int i = N - 1; i >= 0; i--) {
		for (int j = i + 1; j < N; j++) {
			int score = best[i][j - 1];

			if (i + 1 < N) {
				score = max(score, best[i + 1][j]);
				score = max(score, best[i + 1][j - 1] +
							   (i < j - 1 && base[i] + base[j] == 3));
			}
			for (int k = i + 1; k < j; k++)
				score = max(score, best[i][k] + best[k + 1][j]);
			best[i][j] = score;
		}
	}
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	uint64_t sum = 0;

	for (int i = 0; i < N; i++) {
		base[i] = kernel_random(&seed) % 4;
		for (int j = 0; j < N; j++)
			best[i][j] = 0;
	}
	for (uint32_t i = 0; i < n; i++) {
		fold();
		sum = sum * 31 + (uint32_t)best[0][N - 1];
		base[i % N] ^= 1;
	}
	return sum;
}
