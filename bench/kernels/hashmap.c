/* A hash table with open addresses: 20,000 words of text are counted, then looked up, n times. */
#include "kernel.h"

#define SLOTS 8192
#define WORDS 20000

struct entry {
	char key[8];
	uint32_t count;
};

static struct entry table[SLOTS];
static char words[WORDS][8];

static struct entry *find(const char key[8])
{
	uint32_t hash = 2166136261u;

	for (int i = 0; i < 8 && key[i]; i++)
		hash = (hash ^ (uint8_t)key[i]) * 16777619u;
	for (;; hash++) {
		struct entry *e = &table[hash % SLOTS];
		int i = 0;

		while (i < 7 && e->key[i] == key[i] && key[i])
			i++;
		if (!e->key[0] || e->key[i] == key[i])
			return e;
	}
}

static void count(void)
{
	for (int i = 0; i < SLOTS; i++)
		table[i] = (struct entry){0};
	for (int i = 0; i < WORDS; i++) {
		struct entry *e = find(words[i]);

		for (int j = 0; j < 8; j++)
			e->key[j] = words[i][j];
		e->count++;
	}
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	uint64_t sum = 0;

	for (int i = 0; i < WORDS; i++) {
		uint32_t word = kernel_random(&seed) % 60 * (kernel_random(&seed) % 60) + 1;

		for (int j = 0; j < 7; j++, word /= 6)
			words[i][j] = word ? (char)('a' + word % 6) : 0;
	}
	for (uint32_t i = 0; i < n; i++) {
		count();
		for (uint32_t j = 0; j < WORDS; j += 3)
			sum = sum * 31 + find(words[j])->count;
		words[i % WORDS][0] = (char)('a' + i % 20);
	}
	return sum;
}
