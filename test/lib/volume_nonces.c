/* gcm_seal with a look at key and nonce, which go into a set of digests. */
#include "test/lib/volume_nonces.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/gcm.h"

void __real_gcm_seal(const struct gcm_key *key, const uint8_t nonce[GCM_NONCE_SIZE],
		     const void *aad, size_t aad_size, const void *plain, size_t size, void *cipher,
		     uint8_t tag[GCM_TAG_SIZE]) __attribute__((weak));
void __wrap_gcm_seal(const struct gcm_key *key, const uint8_t nonce[GCM_NONCE_SIZE],
		     const void *aad, size_t aad_size, const void *plain, size_t size, void *cipher,
		     uint8_t tag[GCM_TAG_SIZE]);

struct nonce_digest {
	uint64_t a, b; /* both 0: an empty place */
};

static struct nonce_digest *g_set;
static size_t g_room, g_count; /* room: a power of two */
static uint64_t g_sealed, g_repeated;

uint64_t nonces_sealed(void)
{
	return g_sealed;
}

uint64_t nonces_repeated(void)
{
	return g_repeated;
}

void nonces_forget(void)
{
	free(g_set);
	g_set = NULL;
	g_room = g_count = 0;
	g_sealed = g_repeated = 0;
}

static uint64_t nonce_mix(uint64_t h, const uint8_t *p, size_t size)
{
	for (size_t i = 0; i < size; i += 4) {
		uint32_t x;

		memcpy(&x, p + i, 4);
		h = (h ^ x) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	return h;
}

/* False: it was there. */
static bool nonce_enter(struct nonce_digest *set, size_t room, const struct nonce_digest *d)
{
	for (size_t i = d->a & (room - 1);; i = (i + 1) & (room - 1)) {
		if (set[i].a == d->a && set[i].b == d->b)
			return false;
		if (set[i].a == 0 && set[i].b == 0) {
			set[i] = *d;
			return true;
		}
	}
}

static void nonce_grow(void)
{
	const size_t room = g_room ? g_room * 2 : 1024;
	struct nonce_digest *set = calloc(room, sizeof(*set));

	if (!set)
		abort();
	for (size_t i = 0; i < g_room; i++) {
		if (g_set[i].a != 0 || g_set[i].b != 0)
			(void)nonce_enter(set, room, &g_set[i]);
	}
	free(g_set);
	g_set = set;
	g_room = room;
}

void __wrap_gcm_seal(const struct gcm_key *key, const uint8_t nonce[GCM_NONCE_SIZE],
		     const void *aad, size_t aad_size, const void *plain, size_t size, void *cipher,
		     uint8_t tag[GCM_TAG_SIZE])
{
	struct nonce_digest d;

	static_assert(sizeof(key->data) % 4 == 0, "whole words");
	d.a = nonce_mix(nonce_mix(1, key->data, sizeof(key->data)), nonce, GCM_NONCE_SIZE);
	d.b = nonce_mix(nonce_mix(2, key->data, sizeof(key->data)), nonce, GCM_NONCE_SIZE) | 1;
	if (g_count * 2 >= g_room)
		nonce_grow();
	if (nonce_enter(g_set, g_room, &d))
		g_count++;
	else
		g_repeated++;
	g_sealed++;
	__real_gcm_seal(key, nonce, aad, aad_size, plain, size, cipher, tag);
}
