/*
 * P-256 by mbedTLS: keys of our own.
 * Trust: keys and digests are the caller's; the random callback.
 * Invariant: no private number outlives a call but in the caller's buffer; the library's are wiped by
 * their free functions.
 */
#include "crypto/p256.h"

#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>

/* What every call needs. */
struct p256 {
	mbedtls_ecp_group group;
	mbedtls_ecp_point point;
	mbedtls_mpi d, r, s;
};

static enum err p256_error(int result)
{
	if (result == 0)
		return E_OK;
	return result == MBEDTLS_ERR_ECP_ALLOC_FAILED || result == MBEDTLS_ERR_MPI_ALLOC_FAILED
		       ? E_NOMEM
		       : E_CRYPTO;
}

static int p256_init(struct p256 *c)
{
	mbedtls_ecp_group_init(&c->group);
	mbedtls_ecp_point_init(&c->point);
	mbedtls_mpi_init(&c->d);
	mbedtls_mpi_init(&c->r);
	mbedtls_mpi_init(&c->s);
	return mbedtls_ecp_group_load(&c->group, MBEDTLS_ECP_DP_SECP256R1);
}

static void p256_fini(struct p256 *c)
{
	mbedtls_ecp_group_free(&c->group);
	mbedtls_ecp_point_free(&c->point);
	mbedtls_mpi_free(&c->d);
	mbedtls_mpi_free(&c->r);
	mbedtls_mpi_free(&c->s);
}

/* The library takes its callback's context as not const. */
static void *p256_random(const struct crypto_random *random)
{
	return (void *)(uintptr_t)random;
}

static int p256_write_point(struct p256 *c, uint8_t public_key[P256_PUBLIC_SIZE])
{
	size_t size;
	int result =
		mbedtls_ecp_point_write_binary(&c->group, &c->point, MBEDTLS_ECP_PF_UNCOMPRESSED,
					       &size, public_key, P256_PUBLIC_SIZE);

	must(result != 0 || size == P256_PUBLIC_SIZE);
	return result;
}

/* Loads d, which must be in [1, n). */
static int p256_read_private(struct p256 *c, const uint8_t private_key[P256_PRIVATE_SIZE])
{
	int result = mbedtls_mpi_read_binary(&c->d, private_key, P256_PRIVATE_SIZE);

	return result ? result : mbedtls_ecp_check_privkey(&c->group, &c->d);
}

enum err p256_generate(uint8_t private_key[P256_PRIVATE_SIZE], uint8_t public_key[P256_PUBLIC_SIZE],
		       const struct crypto_random *random)
{
	struct p256 c;
	int result = p256_init(&c);

	if (result == 0)
		result = mbedtls_ecp_gen_keypair(&c.group, &c.d, &c.point, crypto_random_library,
						 p256_random(random));
	if (result == 0)
		result = p256_write_point(&c, public_key);
	if (result == 0)
		result = mbedtls_mpi_write_binary(&c.d, private_key, P256_PRIVATE_SIZE);
	p256_fini(&c);
	return p256_error(result);
}

enum err p256_public(uint8_t public_key[P256_PUBLIC_SIZE],
		     const uint8_t private_key[P256_PRIVATE_SIZE],
		     const struct crypto_random *random)
{
	struct p256 c;
	int result = p256_init(&c);

	if (result == 0)
		result = p256_read_private(&c, private_key);
	if (result == 0)
		result = mbedtls_ecp_mul(&c.group, &c.point, &c.d, &c.group.G,
					 crypto_random_library, p256_random(random));
	if (result == 0)
		result = p256_write_point(&c, public_key);
	p256_fini(&c);
	return p256_error(result);
}

enum err p256_sign(uint8_t signature[P256_SIGNATURE_SIZE],
		   const uint8_t private_key[P256_PRIVATE_SIZE], const uint8_t digest[SHA256_SIZE],
		   const struct crypto_random *random)
{
	struct p256 c;
	int result = p256_init(&c);

	if (result == 0)
		result = p256_read_private(&c, private_key);
	if (result == 0)
		result = mbedtls_ecdsa_sign_det_ext(&c.group, &c.r, &c.s, &c.d, digest, SHA256_SIZE,
						    MBEDTLS_MD_SHA256, crypto_random_library,
						    p256_random(random));
	if (result == 0)
		result = mbedtls_mpi_write_binary(&c.r, signature, P256_SIGNATURE_SIZE / 2);
	if (result == 0)
		result = mbedtls_mpi_write_binary(&c.s, signature + P256_SIGNATURE_SIZE / 2,
						  P256_SIGNATURE_SIZE / 2);
	p256_fini(&c);
	return p256_error(result);
}
