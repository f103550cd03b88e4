/* A 3 x 3 binomial filter over a picture of 256 x 256 bytes, n times. */
#include "kernel.h"

#define SIZE 256

static uint8_t a[SIZE][SIZE], b[SIZE][SIZE];

static void blur(uint8_t to[SIZE][SIZE], uint8_t from[SIZE][SIZE])
{
	for (int y = 1; y < SIZE - 1; y++) {
		for (int x = 1; x < SIZE - 1; x++) {
			uint16_t above = (uint16_t)(from[y - 1][x - 1] + 2 * from[y - 1][x] +
						    from[y - 1][x + 1]);
			uint16_t here =
				(uint16_t)(from[y][x - 1] + 2 * from[y][x] + from[y][x + 1]);
			uint16_t below = (uint16_t)(from[y + 1][x - 1] + 2 * from[y + 1][x] +
						    from[y + 1][x + 1]);

			to[y][x] = (uint8_t)((uint16_t)(above + 2 * here + below + 8) >> 4);
		}
	}
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	uint64_t sum = 0;

	for (int y = 0; y < SIZE; y++) {
		for (int x = 0; x < SIZE; x++)
			a[y][x] = b[y][x] = (uint8_t)kernel_random(&seed);
	}
	for (uint32_t i = 0; i < n; i++) {
		blur(b, a);
		a[i % SIZE][(i * 7) % SIZE] ^= 0x55;
		blur(a, b);
	}
	for (int y = 0; y < SIZE; y++) {
		for (int x = 0; x < SIZE; x++)
			sum = sum * 31 + a[y][x];
	}
	return sum;
}
