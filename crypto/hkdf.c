/*
 * HKDF over our SHA-256. The construction stands here, and not in mbedTLS's, because its digest
 * table would bring every digest from MD2 on into the enclave image.
 * Trust: lengths and info may be anybody's; the secret is wiped by its owner.
 */
#include "crypto/hkdf.h"

#include <string.h>

#include "base/wipe.h"
#include "crypto/hmac.h"

/* RFC 5869, 2.2: an empty salt counts as 32 zeros, as does the empty key of HMAC. */
void hkdf_sha256_extract(uint8_t prk[HKDF_PRK_SIZE], const void *salt, size_t salt_size,
			 const void *secret, size_t secret_size)
{
	hmac_sha256(prk, salt, salt_size, secret, secret_size);
}

/* RFC 5869, 2.3: T(i) = HMAC(prk, T(i-1) ‖ info ‖ i), of which out takes as much as it wants. */
enum err hkdf_sha256_expand(uint8_t *out, size_t out_size, const uint8_t prk[HKDF_PRK_SIZE],
			    const void *info, size_t info_size)
{
	uint8_t t[HMAC_SIZE];
	struct hmac h;

	if (out_size == 0 || out_size > HKDF_OUT_MAX)
		return E_LIMIT;
	for (uint8_t i = 1; out_size > 0; i++) {
		size_t n = out_size < sizeof t ? out_size : sizeof t;

		hmac_init(&h, prk, HKDF_PRK_SIZE);
		if (i > 1)
			hmac_update(&h, t, sizeof t);
		hmac_update(&h, info, info_size);
		hmac_update(&h, &i, 1);
		hmac_final(&h, t);
		memcpy(out, t, n);
		out += n;
		out_size -= n;
	}
	wipe(t, sizeof t);
	return E_OK;
}

enum err hkdf_sha256(uint8_t *out, size_t out_size, const void *salt, size_t salt_size,
		     const void *secret, size_t secret_size, const void *info, size_t info_size)
{
	uint8_t prk[HKDF_PRK_SIZE];
	enum err err;

	hkdf_sha256_extract(prk, salt, salt_size, secret, secret_size);
	err = hkdf_sha256_expand(out, out_size, prk, info, info_size);
	wipe(prk, sizeof prk);
	return err;
}
