/* HMAC with SHA-256 (RFC 2104), over whole buffers or piece by piece. Cannot fail. */
#ifndef CRYPTO_HMAC_H
#define CRYPTO_HMAC_H

#include "base/cc.h"
#include "crypto/sha256.h"

#define HMAC_SIZE SHA256_SIZE

/* The two hashes, each with its padded key taken in. Secret until hmac_final, which wipes. */
struct hmac {
	struct sha256 inner, outer;
};

/* key: any size, also none. */
void hmac_init(struct hmac *h, const void *key, size_t key_size);
void hmac_update(struct hmac *h, const void *data, size_t size);

/* Compare a MAC with equal_ct (base/wipe.h) alone. */
void hmac_final(struct hmac *h, uint8_t mac[HMAC_SIZE]);

/* The MAC of one buffer. */
void hmac_sha256(uint8_t mac[HMAC_SIZE], const void *key, size_t key_size, const void *data,
		 size_t size);

#endif
