/*
 * HMAC over our SHA-256.
 * Trust: lengths and data may be anybody's; the key is wiped by its owner.
 */
#include "crypto/hmac.h"

#include <string.h>

#include "base/wipe.h"

void hmac_init(struct hmac *h, const void *key, size_t key_size)
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

void hmac_update(struct hmac *h, const void *data, size_t size)
{
	sha256_update(&h->inner, data, size);
}

void hmac_final(struct hmac *h, uint8_t mac[HMAC_SIZE])
{
	uint8_t inner[SHA256_SIZE];

	sha256_final(&h->inner, inner);
	sha256_update(&h->outer, inner, sizeof inner);
	sha256_final(&h->outer, mac);
	wipe(inner, sizeof inner);
}

void hmac_sha256(uint8_t mac[HMAC_SIZE], const void *key, size_t key_size, const void *data,
		 size_t size)
{
	struct hmac h;

	hmac_init(&h, key, key_size);
	hmac_update(&h, data, size);
	hmac_final(&h, mac);
}
