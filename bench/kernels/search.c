/* Words sought in 64 KiB of text, by skipping (Horspool) and letter by letter, n times. */
#include "kernel.h"

#define SIZE 65536

static uint8_t text[SIZE];

static uint32_t search_skipping(const char *word, uint32_t length)
{
	uint32_t skip[256], count = 0;

	for (int i = 0; i < 256; i++)
		skip[i] = length;
	for (uint32_t i = 0; i + 1 < length; i++)
		skip[(uint8_t)word[i]] = length - 1 - i;
	for (uint32_t at = 0; at + length <= SIZE; at += skip[text[at + length - 1]]) {
		uint32_t i = length;

		while (i > 0 && text[at + i - 1] == (uint8_t)word[i - 1])
			i--;
		count += i == 0;
	}
	return count;
}

static uint32_t search_plain(const char *word, uint32_t length)
{
	uint32_t count = 0;

	for (uint32_t at = 0; at + length <= SIZE; at++) {
		uint32_t i = 0;

		while (i < length && text[at + i] == (uint8_t)word[i])
			i++;
		count += i == length;
	}
	return count;
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	uint64_t sum = 0;

	for (int i = 0; i < SIZE; i++)
		text[i] = (uint8_t)("etaoin shrdlu "[kernel_random(&seed) % 14]);
	for (uint32_t i = 0; i < n; i++) {
		sum = sum * 31 + search_skipping("a rose", 6) + search_skipping("tin", 3);
		sum = sum * 31 + search_plain("to", 2) + search_plain("shed", 4);
		text[i % SIZE] = 't';
	}
	return sum;
}
