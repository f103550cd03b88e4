/* ECDSA with P-256 and SHA-256 (FIPS 186-4) for keys of our own: making them and signing. */
#ifndef CRYPTO_P256_H
#define CRYPTO_P256_H

#include "base/cc.h"
#include "base/err.h"
#include "crypto/random.h"
#include "crypto/sha256.h"

#define P256_PRIVATE_SIZE   32
#define P256_PUBLIC_SIZE    65 /* 4, x, y (SEC 1, 2.3.3, not compressed) */
#define P256_SIGNATURE_SIZE 64 /* r, s, big-endian */

/* A new key. The caller wipes the private one. E_CRYPTO: random failed; E_NOMEM. */
MUST_USE enum err p256_generate(uint8_t private_key[P256_PRIVATE_SIZE],
				uint8_t public_key[P256_PUBLIC_SIZE],
				const struct crypto_random *random);

/* The public key of a private one. E_CRYPTO: it is no private key, or random, which only
 * blinds, failed; E_NOMEM. */
MUST_USE enum err p256_public(uint8_t public_key[P256_PUBLIC_SIZE],
			      const uint8_t private_key[P256_PRIVATE_SIZE],
			      const struct crypto_random *random);

/* Signs a digest; deterministic (RFC 6979), random only blinds. Errors as p256_public. */
MUST_USE enum err p256_sign(uint8_t signature[P256_SIGNATURE_SIZE],
			    const uint8_t private_key[P256_PRIVATE_SIZE],
			    const uint8_t digest[SHA256_SIZE], const struct crypto_random *random);

#endif
