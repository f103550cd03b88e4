/*
 * SHA-256: buffering and padding over a block function of a library, ipsec-mb's for the SHA
 * extensions (which takes whole blocks only) and mbedTLS's for all else.
 * Trust: the data are anybody's; the CPU hints are the host's word and choose only the code path.
 * Invariant: used < SHA256_BLOCK_SIZE between calls.
 */
#include "crypto/sha256.h"

#include <assert.h>
#include <string.h>

#include <mbedtls/aes.h>
#include <mbedtls/sha256.h>

#include "base/err.h"
#include "base/wipe.h"

/* ipsec-mb's argument record: the states of 16 lanes, then their data pointers. */
struct sha256_ni_args {
	uint32_t digest[16][8];
	const uint8_t *data[16];
};
static_assert(offsetof(struct sha256_ni_args, data) == 512, "layout of the assembler routine");

/* An assembler entry point without endbr64: never called through a pointer. */
void call_sha256_ni_x1_sse_from_c(struct sha256_ni_args *args, uint64_t blocks, uint64_t lane);

static uint32_t g_cpu_hints; /* set before there are other threads, then only read */

void crypto_set_cpu_hints(uint32_t hints)
{
	static const uint8_t key[16];
	mbedtls_aes_context aes;

	g_cpu_hints = hints & (CRYPTO_HINT_SHA | CRYPTO_HINT_VAES);
	/* mbedTLS fills its AES tables at the first key set-up, without a lock: do it now. */
	mbedtls_aes_init(&aes);
	must(mbedtls_aes_setkey_enc(&aes, key, 128) == 0);
	mbedtls_aes_free(&aes);
}

uint32_t crypto_cpu_hints(void)
{
	return g_cpu_hints;
}

static void sha256_blocks_ni(uint32_t state[8], const uint8_t *data, size_t blocks)
{
	struct sha256_ni_args args ALIGNED(64);

	memcpy(args.digest[0], state, sizeof args.digest[0]);
	args.data[0] = data;
	call_sha256_ni_x1_sse_from_c(&args, blocks, 0);
	memcpy(state, args.digest[0], sizeof args.digest[0]);
	wipe(args.digest[0], sizeof args.digest[0]);
}

static void sha256_blocks_plain(uint32_t state[8], const uint8_t *data, size_t blocks)
{
	mbedtls_sha256_context c;

	mbedtls_sha256_init(&c);
	memcpy(c.state, state, sizeof c.state);
	for (; blocks > 0; blocks--, data += SHA256_BLOCK_SIZE)
		must(mbedtls_internal_sha256_process(&c, data) == 0);
	memcpy(state, c.state, sizeof c.state);
	mbedtls_sha256_free(&c);
}

static void sha256_blocks(uint32_t state[8], const uint8_t *data, size_t blocks)
{
	if (blocks == 0)
		return;
	if ((g_cpu_hints & CRYPTO_HINT_SHA) != 0)
		sha256_blocks_ni(state, data, blocks);
	else
		sha256_blocks_plain(state, data, blocks);
}

void sha256_init(struct sha256 *s)
{
	static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

	memset(s, 0, sizeof *s);
	memcpy(s->state, initial, sizeof s->state);
}

void sha256_update(struct sha256 *s, const void *data, size_t size)
{
	const uint8_t *p = data;

	s->total += size;
	if (s->used > 0) {
		size_t room = SHA256_BLOCK_SIZE - s->used;
		size_t n = size < room ? size : room;

		if (n > 0)
			memcpy(s->block + s->used, p, n);
		if (n < room) {
			s->used += (uint32_t)n;
			return;
		}
		sha256_blocks(s->state, s->block, 1);
		p += n;
		size -= n;
	}
	size_t rest = size % SHA256_BLOCK_SIZE;

	sha256_blocks(s->state, p, size / SHA256_BLOCK_SIZE);
	if (rest > 0)
		memcpy(s->block, p + (size - rest), rest);
	s->used = (uint32_t)rest;
}

void sha256_final(struct sha256 *s, uint8_t digest[SHA256_SIZE])
{
	uint64_t bits = s->total << 3;
	uint8_t pad[SHA256_BLOCK_SIZE + 8] = {0x80};
	/* 0x80, zeros up to 8 bytes before the end of a block, the length in bits */
	size_t zeros = (2 * SHA256_BLOCK_SIZE - 1 - 8 - s->used) % SHA256_BLOCK_SIZE;

	for (size_t i = 0; i < 8; i++)
		pad[1 + zeros + i] = (uint8_t)(bits >> (56 - 8 * i));
	sha256_update(s, pad, 1 + zeros + 8);
	must(s->used == 0);
	for (size_t i = 0; i < SHA256_SIZE; i++)
		digest[i] = (uint8_t)(s->state[i / 4] >> (24 - 8 * (i % 4)));
	wipe(s, sizeof *s);
}

void sha256_digest(uint8_t digest[SHA256_SIZE], const void *data, size_t size)
{
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, data, size);
	sha256_final(&s, digest);
}
