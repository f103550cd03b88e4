/* Levenshtein's distance of two strings of 1000 letters, n times. */
#include "kernel.h"

#define SIZE 1000

static char one[SIZE], two[SIZE];
static uint16_t row[SIZE + 1];

static unsigned min(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static uint32_t distance(void)
{
	for (unsigned j = 0; j <= SIZE; j++)
		row[j] = (uint16_t)j;
	for (unsigned i = 1; i <= SIZE; i++) {
		unsigned diagonal = i - 1, left = i;

		row[0] = (uint16_t)i;
		for (unsigned j = 1; j <= SIZE; j++) {
			unsigned above = row[j];

			left = min(min(above, left) + 1, diagonal + (one[i - 1] != two[j - 1]));
			row[j] = (uint16_t)left;
			diagonal = above;
		}
	}
	return row[SIZE];
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	uint64_t sum = 0;

	for (int i = 0; i < SIZE; i++) {
		one[i] = (char)('a' + kernel_random(&seed) % 4);
		two[i] = (char)('a' + kernel_random(&seed) % 4);
	}
	for (uint32_t i = 0; i < n; i++) {
		sum = sum * 31 + distance();
		one[i % SIZE] ^= 1;
	}
	return sum;
}
