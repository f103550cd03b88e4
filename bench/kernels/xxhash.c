/* XXH64 of 64 KiB, n times. */
#include "kernel.h"

#define SIZE 65536
#define P1   0x9e3779b185ebca87u
#define P2   0xc2b2ae3d27d4eb4fu
#define P3   0x165667b19e3779f9u
#define P4   0x85ebca77c2b2ae63u
#define P5   0x27d4eb2f165667c5u

static uint8_t data[SIZE];

static uint64_t rotl(uint64_t v, int s)
{
	return v << s | v >> (64 - s);
}

static uint64_t mix(uint64_t acc, uint64_t word)
{
	return rotl(acc + word * P2, 31) * P1;
}

static uint64_t xxhash(const uint8_t *p, uint64_t size, uint64_t seed)
{
	uint64_t v[4] = {seed + P1 + P2, seed + P2, seed, seed - P1};
	uint64_t hash, left = size;

	for (; left >= 32; left -= 32) {
		for (int i = 0; i < 4; i++, p += 8) {
			uint64_t word;

			__builtin_memcpy(&word, p, 8);
			v[i] = mix(v[i], word);
		}
	}
	hash = rotl(v[0], 1) + rotl(v[1], 7) + rotl(v[2], 12) + rotl(v[3], 18);
	for (int i = 0; i < 4; i++)
		hash = (hash ^ mix(0, v[i])) * P1 + P4;
	hash += size;
	for (; left > 0; left--)
		hash = rotl(hash ^ *p++ * P5, 11) * P1;
	hash = (hash ^ hash >> 33) * P2;
	hash = (hash ^ hash >> 29) * P3;
	return hash ^ hash >> 32;
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < SIZE; i++)
		data[i] = (uint8_t)kernel_random(&seed);
	for (uint32_t i = 0; i < n; i++)
		sum ^= xxhash(data + i % 64, SIZE - 100 - i % 7, sum);
	return sum;
}
