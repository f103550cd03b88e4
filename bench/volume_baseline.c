/*
 * What reading and writing encrypted blocks costs at the least: AES-256-GCM and one copy of each block of 4 KiB, natively,
 * without a file, a tree or an enclave. The same sizes and orders as bench/volume_guest.c, over as many blocks as its
 * file has, and again over one that stays in the processor's caches (-hot). Prints lines like its. Usage: MIB
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/gcm.h"
#include "host/base/cpu.h"

#define BLOCK 4096u
#define PART  (1u << 20)
#define AAD   33u /* bytes that a volume binds a block to */

struct ref {
	uint8_t nonce[GCM_NONCE_SIZE], tag[GCM_TAG_SIZE];
};

static struct gcm_key g_key;
static struct ref *g_refs;
static uint8_t *g_set; /* ciphertext */
static uint8_t g_staged[BLOCK], g_part[PART], g_aad[AAD];
static uint64_t g_blocks, g_counter, g_random = 0x9e3779b97f4a7c15u;

static uint64_t now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t random_below(uint64_t bound)
{
	uint64_t x = g_random += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return (x ^ x >> 31) % bound;
}

static void open_block(uint64_t index, uint8_t *plain)
{
	const struct ref *ref = &g_refs[index];

	memcpy(g_staged, g_set + index * BLOCK, BLOCK);
	if (gcm_open(&g_key, ref->nonce, g_aad, AAD, g_staged, BLOCK, plain, ref->tag) != E_OK)
		abort();
}

static void seal_block(uint64_t index, const uint8_t *plain)
{
	struct ref *ref = &g_refs[index];

	g_counter++;
	memcpy(ref->nonce, &g_counter, sizeof(g_counter));
	memcpy(g_staged, plain, BLOCK);
	gcm_seal(&g_key, ref->nonce, g_aad, AAD, g_staged, BLOCK, g_set + index * BLOCK, ref->tag);
}

enum order { ROW, RANDOM, HOT };

static void phase(const char *name, uint32_t size, enum order order, bool writes)
{
	uint64_t count = g_blocks * BLOCK / size, start = now();

	for (uint64_t i = 0; i < count; i++) {
		uint64_t first = order == ROW ? i : order == RANDOM ? random_below(count) : 0;

		for (uint32_t j = 0; j < size / BLOCK; j++) {
			if (writes)
				seal_block(first * (size / BLOCK) + j, g_part + j * BLOCK);
			else
				open_block(first * (size / BLOCK) + j, g_part + j * BLOCK);
		}
	}
	printf("%s %llu %u %llu\n", name, (unsigned long long)count, size,
	       (unsigned long long)(now() - start));
}

int main(int argc, char **argv)
{
	static const uint8_t bytes[GCM_KEY_SIZE] = {1};

	g_blocks = argc == 2 ? strtoull(argv[1], NULL, 10) * (PART / BLOCK) : 0;
	if (g_blocks == 0)
		return 2;
	cpu_set_crypto_hints();
	gcm_key_init(&g_key, bytes);
	g_refs = calloc(g_blocks, sizeof(*g_refs));
	g_set = malloc(g_blocks * BLOCK);
	if (!g_refs || !g_set)
		return 1;
	for (uint64_t i = 0; i < g_blocks; i++)
		seal_block(i, g_part);
	phase("read-4k-first", BLOCK, ROW, false);
	phase("read-4k", BLOCK, ROW, false);
	phase("read-4k-random", BLOCK, RANDOM, false);
	phase("read-1m", PART, ROW, false);
	phase("write-4k", BLOCK, ROW, true);
	phase("write-4k-random", BLOCK, RANDOM, true);
	phase("write-1m", PART, ROW, true);
	phase("read-4k-hot", BLOCK, HOT, false);
	phase("read-1m-hot", PART, HOT, false);
	phase("write-4k-hot", BLOCK, HOT, true);
	phase("write-1m-hot", PART, HOT, true);
	free(g_refs);
	free(g_set);
	return 0;
}
