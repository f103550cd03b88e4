/*
 * ECDSA verification (FIPS 186-4) with P-256 and P-384, for evidence and certificates of others.
 * Keys are x || y, signatures r || s, all numbers big-endian. Outside of enclaves alone.
 */
#ifndef CRYPTO_ECDSA_H
#define CRYPTO_ECDSA_H

#include "base/cc.h"
#include "base/err.h"
#include "crypto/sha256.h"

#define ECDSA_P256_KEY_SIZE	  64
#define ECDSA_P256_SIGNATURE_SIZE 64
#define ECDSA_P384_KEY_SIZE	  96
#define ECDSA_P384_SIGNATURE_SIZE 96
#define ECDSA_P384_DIGEST_SIZE	  48 /* SHA-384 */

/* Key, digest and signature are untrusted. E_CRYPTO: the key is no point of the curve, or the
 * signature does not hold. E_NOMEM: not known. */
MUST_USE enum err ecdsa_p256_verify(const uint8_t key[ECDSA_P256_KEY_SIZE],
				    const uint8_t digest[SHA256_SIZE],
				    const uint8_t signature[ECDSA_P256_SIGNATURE_SIZE]);
MUST_USE enum err ecdsa_p384_verify(const uint8_t key[ECDSA_P384_KEY_SIZE],
				    const uint8_t digest[ECDSA_P384_DIGEST_SIZE],
				    const uint8_t signature[ECDSA_P384_SIGNATURE_SIZE]);

/* The same for a signature as X.509 has it (RFC 3279, 2.2.3): SEQUENCE of two INTEGERs in DER, and nothing
 * behind it. */
MUST_USE enum err ecdsa_p256_verify_der(const uint8_t key[ECDSA_P256_KEY_SIZE],
					const uint8_t digest[SHA256_SIZE], const void *signature,
					size_t size);

#endif
