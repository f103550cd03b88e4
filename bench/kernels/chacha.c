/* ChaCha20 (RFC 8439), 16 blocks side by side, so that a vector holds one word of several: 256 KiB of
 * stream, n times. */
#include "kernel.h"

#define LANES 16

static uint32_t state[16][LANES], stream[16][LANES];

static uint32_t rotl(uint32_t v, int s)
{
	return v << s | v >> (32 - s);
}

static void quarter(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
	for (int i = 0; i < LANES; i++) {
		uint32_t w = a[i], x = b[i], y = c[i], z = d[i];

		w += x, z = rotl(z ^ w, 16);
		y += z, x = rotl(x ^ y, 12);
		w += x, z = rotl(z ^ w, 8);
		y += z, x = rotl(x ^ y, 7);
		a[i] = w, b[i] = x, c[i] = y, d[i] = z;
	}
}

static void blocks(void)
{
	for (int i = 0; i < 16; i++) {
		for (int j = 0; j < LANES; j++)
			stream[i][j] = state[i][j];
	}
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 4; i++)
			quarter(stream[i], stream[4 + i], stream[8 + i], stream[12 + i]);
		for (int i = 0; i < 4; i++)
			quarter(stream[i], stream[4 + (i + 1) % 4], stream[8 + (i + 2) % 4],
				stream[12 + (i + 3) % 4]);
	}
	for (int i = 0; i < 16; i++) {
		for (int j = 0; j < LANES; j++)
			stream[i][j] += state[i][j];
	}
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	uint64_t sum = 0;

	for (int i = 0; i < 16; i++) {
		uint32_t word = kernel_random(&seed);

		for (int j = 0; j < LANES; j++)
			state[i][j] = word;
	}
	for (uint32_t i = 0; i < n * 256; i++) {
		for (uint32_t j = 0; j < LANES; j++)
			state[12][j] = i * LANES + j;
		blocks();
		sum = sum * 31 + (stream[0][0] ^ stream[15][LANES - 1]);
	}
	return sum;
}
