/* Fast Fourier transform of 4096 complex doubles, in place, n times. */
#include "kernel.h"

#define SIZE 4096

static double re[SIZE], im[SIZE], cosines[SIZE / 2], sines[SIZE / 2];

static void init(void)
{
	double c = 0.99999882345170188, s = 0.0015339801862847656; /* of 2 pi / SIZE */

	cosines[0] = 1;
	for (int i = 1; i < SIZE / 2; i++) {
		cosines[i] = cosines[i - 1] * c - sines[i - 1] * s;
		sines[i] = sines[i - 1] * c + cosines[i - 1] * s;
	}
}

static void reverse(void)
{
	for (unsigned i = 0, j = 0; i < SIZE; i++) {
		if (i < j) {
			double r = re[i], m = im[i];

			re[i] = re[j], im[i] = im[j];
			re[j] = r, im[j] = m;
		}
		unsigned bit = SIZE / 2;

		while (j & bit)
			j ^= bit, bit /= 2;
		j |= bit;
	}
}

static void transform(void)
{
	reverse();
	for (int half = 1; half < SIZE; half *= 2) {
		for (int at = 0; at < SIZE; at += 2 * half) {
			for (int k = 0; k < half; k++) {
				int a = at + k, b = a + half, w = k * (SIZE / 2 / half);
				double r = re[b] * cosines[w] + im[b] * sines[w];
				double m = im[b] * cosines[w] - re[b] * sines[w];

				re[b] = re[a] - r, im[b] = im[a] - m;
				re[a] += r, im[a] += m;
			}
		}
	}
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	double sum = 0;

	init();
	for (uint32_t i = 0; i < n; i++) {
		for (int j = 0; j < SIZE; j++) {
			re[j] = kernel_random(&seed) % 1000 / 1000.0;
			im[j] = 0;
		}
		transform();
		sum += re[i % SIZE] + im[1];
	}
	return (uint64_t)(int64_t)(sum * 1e6);
}
