/* In how many ways ten queens stand on a board without a threat: a search with bit sets, n times. */
#include "kernel.h"

#define QUEENS 10

static uint32_t place(uint32_t columns, uint32_t left, uint32_t right)
{
	uint32_t count = 0, free = ~(columns | left | right) & ((1u << QUEENS) - 1);

	if (columns == (1u << QUEENS) - 1)
		return 1;
	while (free) {
		uint32_t here = free & -free;

		free ^= here;
		count += place(columns | here, (left | here) << 1, (right | here) >> 1);
	}
	return count;
}

uint64_t run(uint32_t n)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum = sum * 31 + place(0, 1u << i % QUEENS, 0);
	return sum;
}
