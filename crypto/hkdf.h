/* HKDF with SHA-256 (RFC 5869): keys from a secret. */
#ifndef CRYPTO_HKDF_H
#define CRYPTO_HKDF_H

#include "base/cc.h"
#include "base/err.h"

#define HKDF_OUT_MAX (255 * 32)

/*
 * Extract and expand: out_size bytes (1..HKDF_OUT_MAX) from the secret, for the purpose that `info`
 * names. The salt may be empty. Only error: E_LIMIT, for out_size.
 */
MUST_USE enum err hkdf_sha256(uint8_t *out, size_t out_size, const void *salt, size_t salt_size,
			      const void *secret, size_t secret_size, const void *info,
			      size_t info_size);

/* The two steps by themselves, for many keys from one secret. The pseudorandom key is as secret. */
#define HKDF_PRK_SIZE 32
void hkdf_sha256_extract(uint8_t prk[HKDF_PRK_SIZE], const void *salt, size_t salt_size,
			 const void *secret, size_t secret_size);
MUST_USE enum err hkdf_sha256_expand(uint8_t *out, size_t out_size,
				     const uint8_t prk[HKDF_PRK_SIZE], const void *info,
				     size_t info_size);

#endif
