/*
 * AES-256-GCM (NIST SP 800-38D) with nonces of 96 bits and tags of 128. A pair of key and nonce is used
 * once: the caller sees to it.
 */
#ifndef CRYPTO_GCM_H
#define CRYPTO_GCM_H

#include "base/cc.h"
#include "base/err.h"

#define GCM_KEY_SIZE   32
#define GCM_NONCE_SIZE 12
#define GCM_TAG_SIZE   16
#define GCM_SIZE_MAX   (((uint64_t)1 << 36) - 32) /* bytes of a message */

/* An expanded key, for any number of threads at once; may be copied. Secret: its owner wipes it with
 * wipe (base/wipe.h). */
struct gcm_key {
	uint8_t data[1008]; /* the library's */
	uint8_t wide;	    /* for which of its code paths it was made */
	uint8_t zero[15];
} ALIGNED(16);

void gcm_key_init(struct gcm_key *key, const uint8_t bytes[GCM_KEY_SIZE]);

/*
 * Encrypts `size` bytes and makes the tag over them and the aad. `cipher` may be `plain`; they do not
 * overlap otherwise. Cannot fail; size at most GCM_SIZE_MAX.
 */
void gcm_seal(const struct gcm_key *key, const uint8_t nonce[GCM_NONCE_SIZE], const void *aad,
	      size_t aad_size, const void *plain, size_t size, void *cipher,
	      uint8_t tag[GCM_TAG_SIZE]);

/*
 * The way back; all of it may be untrusted, but nobody may change it meanwhile. `plain` may be `cipher`.
 * E_CRYPTO: the tag does not fit; `plain` is wiped then. It holds plaintext that was not authenticated
 * while this runs, so nobody else may be able to read it.
 */
MUST_USE enum err gcm_open(const struct gcm_key *key, const uint8_t nonce[GCM_NONCE_SIZE],
			   const void *aad, size_t aad_size, const void *cipher, size_t size,
			   void *plain, const uint8_t tag[GCM_TAG_SIZE]);

#endif
