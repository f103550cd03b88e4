/* ECDH with P-256 (SP 800-56A, 5.7.1.2): a secret that two key pairs share. */
#ifndef CRYPTO_ECDH_H
#define CRYPTO_ECDH_H

#include "base/cc.h"
#include "base/err.h"
#include "crypto/p256.h"

#define ECDH_SECRET_SIZE 32

/*
 * The x coordinate of private_key * public_key. The public key is untrusted: E_CRYPTO unless it is a point of
 * the curve (and not the one at infinity), or when random, which only blinds, failed; E_NOMEM. The
 * secret is no key yet (crypto/hkdf.h); the caller wipes it.
 */
MUST_USE enum err ecdh_p256(uint8_t secret[ECDH_SECRET_SIZE],
			    const uint8_t private_key[P256_PRIVATE_SIZE],
			    const uint8_t public_key[P256_PUBLIC_SIZE],
			    const struct crypto_random *random);

#endif
