/*
 * The caller's randomness as the library asks for it.
 * Trust: the callback.
 */
#include "crypto/random.h"

#include <mbedtls/ctr_drbg.h>

int crypto_random_library(void *random, unsigned char *out, size_t size)
{
	const struct crypto_random *r = random;

	return r->get(r->context, out, size) == E_OK ? 0
						     : MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED;
}
