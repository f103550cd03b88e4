/*
 * HKDF over our SHA-256. The construction stands here, and not in mbedTLS's, because its digest
 * table would bring every digest from MD2 on into the enclave image.
 * Trust: lengths and info may be anybody's; the secret is wiped by its owner.
 */
#include "crypto/hkdf.h"

#include <string.h>

#include "base/wipe.h"
#include "crypto/sha256.h"

/* HMAC (RFC 2104): the two hashes, each with its padded key taken in. */
struct hmac {
	struct sha256 inner, outer;
};

static void hmac_init(struct hmac *h, const uint8_t *key, size_t key_size)
{
	uint8_t pad[SHA256_BLOCK_SIZE] = {0};

	if (key_size > SHA256_BLOCK_SIZE)
		sha256_digest(pad, key, key_size);
	else if (key_size > 0)
		memcpy(pad, key, key_size);
	for (size_t i = 0; i < sizeof pad; i++)
		pad[i] ^= 0x36;
	sha256_init(&h->inner);
	sha256_update(&h->inner, pad, sizeof pad);
	for (size_t i = 0; i < sizeof pad; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	sha256_init(&h->outer);
	sha256_update(&h->outer, pad, sizeof pad);
	wipe(pad, sizeof pad);
}

static void hmac_final(struct hmac *h, uint8_t mac[SHA256_SIZE])
{
	sha256_final(&h->inner, mac);
	sha256_update(&h->outer, mac, SHA256_SIZE);
	sha256_final(&h->outer, mac);
}

/* RFC 5869, 2.2: the pseudorandom key. An empty salt counts as 32 zeros, as does the empty key. */
static void hkdf_extract(uint8_t prk[SHA256_SIZE], const void *salt, size_t salt_size,
			 const void *secret, size_t secret_size)
{
	struct hmac h;

	hmac_init(&h, salt, salt_size);
	sha256_update(&h.inner, secret, secret_size);
	hmac_final(&h, prk);
}

/* RFC 5869, 2.3: T(i) = HMAC(prk, T(i-1) ‖ info ‖ i), of which out takes as much as it wants. */
static void hkdf_expand(uint8_t *out, size_t out_size, const uint8_t prk[SHA256_SIZE],
			const void *info, size_t info_size)
{
	uint8_t t[SHA256_SIZE];
	struct hmac h;

	for (uint8_t i = 1; out_size > 0; i++) {
		size_t n = out_size < sizeof t ? out_size : sizeof t;

		hmac_init(&h, prk, SHA256_SIZE);
		if (i > 1)
			sha256_update(&h.inner, t, sizeof t);
		sha256_update(&h.inner, info, info_size);
		sha256_update(&h.inner, &i, 1);
		hmac_final(&h, t);
		memcpy(out, t, n);
		out += n;
		out_size -= n;
	}
	wipe(t, sizeof t);
}

enum err hkdf_sha256(uint8_t *out, size_t out_size, const void *salt, size_t salt_size,
		     const void *secret, size_t secret_size, const void *info, size_t info_size)
{
	uint8_t prk[SHA256_SIZE];

	if (out_size == 0 || out_size > HKDF_OUT_MAX)
		return E_LIMIT;
	hkdf_extract(prk, salt, salt_size, secret, secret_size);
	hkdf_expand(out, out_size, prk, info, info_size);
	wipe(prk, sizeof prk);
	return E_OK;
}
