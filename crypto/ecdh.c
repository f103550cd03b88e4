/*
 * ECDH by mbedTLS.
 * Trust: the private key is ours; the public one is anybody's and checked to be a point of the curve,
 * which has no small subgroups (cofactor 1).
 * Invariant: the secret leaves in the caller's buffer alone; the library's numbers are wiped by their
 * free functions.
 */
#include "crypto/ecdh.h"

#include <mbedtls/ecp.h>

#include "base/wipe.h"

struct ecdh {
	mbedtls_ecp_group group;
	mbedtls_ecp_point point;
	mbedtls_mpi d;
};

/* The library's multiplication looks at the point as well, but does not promise it. */
static int ecdh_compute(struct ecdh *c, uint8_t out[P256_PUBLIC_SIZE], const uint8_t *private_key,
			const uint8_t *public_key, const struct crypto_random *random)
{
	size_t size = 0;
	int result = mbedtls_ecp_group_load(&c->group, MBEDTLS_ECP_DP_SECP256R1);

	if (result == 0)
		result = mbedtls_mpi_read_binary(&c->d, private_key, P256_PRIVATE_SIZE);
	if (result == 0)
		result = mbedtls_ecp_check_privkey(&c->group, &c->d);
	if (result == 0)
		result = mbedtls_ecp_point_read_binary(&c->group, &c->point, public_key,
						       P256_PUBLIC_SIZE);
	if (result == 0)
		result = mbedtls_ecp_check_pubkey(&c->group, &c->point);
	if (result == 0)
		result = mbedtls_ecp_mul(&c->group, &c->point, &c->d, &c->point,
					 crypto_random_library, (void *)(uintptr_t)random);
	if (result == 0)
		result = mbedtls_ecp_point_write_binary(&c->group, &c->point,
							MBEDTLS_ECP_PF_UNCOMPRESSED, &size, out,
							P256_PUBLIC_SIZE);
	/* The point at infinity, which a valid pair cannot give, would be one byte. */
	return result == 0 && size != P256_PUBLIC_SIZE ? MBEDTLS_ERR_ECP_INVALID_KEY : result;
}

enum err ecdh_p256(uint8_t secret[ECDH_SECRET_SIZE], const uint8_t private_key[P256_PRIVATE_SIZE],
		   const uint8_t public_key[P256_PUBLIC_SIZE], const struct crypto_random *random)
{
	uint8_t point[P256_PUBLIC_SIZE];
	struct ecdh c;

	mbedtls_ecp_group_init(&c.group);
	mbedtls_ecp_point_init(&c.point);
	mbedtls_mpi_init(&c.d);
	int result = ecdh_compute(&c, point, private_key, public_key, random);

	if (result == 0) {
		for (size_t i = 0; i < ECDH_SECRET_SIZE; i++)
			secret[i] = point[1 + i];
	}
	wipe(point, sizeof(point));
	mbedtls_ecp_group_free(&c.group);
	mbedtls_ecp_point_free(&c.point);
	mbedtls_mpi_free(&c.d);
	if (result == 0)
		return E_OK;
	return result == MBEDTLS_ERR_ECP_ALLOC_FAILED || result == MBEDTLS_ERR_MPI_ALLOC_FAILED
		       ? E_NOMEM
		       : E_CRYPTO;
}
