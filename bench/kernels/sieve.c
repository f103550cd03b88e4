/* Sieve of Eratosthenes up to 200,000, n times. */
#include "kernel.h"

#define LIMIT 200000

static uint8_t composite[LIMIT + 1];

uint64_t run(uint32_t n)
{
	uint64_t sum = 0;

	for (uint32_t round = 0; round < n; round++) {
		for (uint32_t i = 0; i <= LIMIT; i++)
			composite[i] = (uint8_t)(i < 2);
		for (uint32_t i = 2; i * i <= LIMIT; i++) {
			if (composite[i])
				continue;
			for (uint32_t j = i * i; j <= LIMIT; j += i)
				composite[j] = 1;
		}
		for (uint32_t i = 0; i <= LIMIT; i++)
			sum += composite[i] ? 0 : i + round;
	}
	return sum;
}
