/*
 * ECDSA verification by mbedTLS.
 * Trust: keys, digests and signatures are untrusted.
 */
#include "crypto/ecdsa.h"

#include <string.h>

#include <mbedtls/ecdsa.h>

#define ECDSA_KEY_MAX ECDSA_P384_KEY_SIZE

static enum err ecdsa_result(int ret)
{
	if (ret == 0)
		return E_OK;
	return ret == MBEDTLS_ERR_MPI_ALLOC_FAILED || ret == MBEDTLS_ERR_ECP_ALLOC_FAILED
		       ? E_NOMEM
		       : E_CRYPTO;
}

/* Loads the curve and the key, which must be a point of it (SP 800-186, D.1.1); the library's verification looks
 * at that as well, but does not promise it. */
static int ecdsa_load(mbedtls_ecp_keypair *pair, mbedtls_ecp_group_id curve, const uint8_t *key,
		      size_t size)
{
	uint8_t point[1 + ECDSA_KEY_MAX] = {4}; /* not compressed */
	int ret = mbedtls_ecp_group_load(&pair->grp, curve);

	if (ret)
		return ret;
	memcpy(point + 1, key, size);
	ret = mbedtls_ecp_point_read_binary(&pair->grp, &pair->Q, point, 1 + size);
	if (ret)
		return ret;
	return mbedtls_ecp_check_pubkey(&pair->grp, &pair->Q);
}

/* key and signature are of 2 * half bytes. */
static enum err ecdsa_verify(mbedtls_ecp_group_id curve, size_t half, const uint8_t *key,
			     const uint8_t *digest, size_t digest_size, const uint8_t *signature)
{
	mbedtls_ecp_keypair pair;
	mbedtls_mpi r, s;
	int ret;

	mbedtls_ecp_keypair_init(&pair);
	mbedtls_mpi_init(&r);
	mbedtls_mpi_init(&s);
	ret = ecdsa_load(&pair, curve, key, 2 * half);
	if (ret)
		goto out;
	ret = mbedtls_mpi_read_binary(&r, signature, half);
	if (ret)
		goto out;
	ret = mbedtls_mpi_read_binary(&s, signature + half, half);
	if (ret)
		goto out;
	ret = mbedtls_ecdsa_verify(&pair.grp, digest, digest_size, &pair.Q, &r, &s);
out:
	mbedtls_mpi_free(&r);
	mbedtls_mpi_free(&s);
	mbedtls_ecp_keypair_free(&pair);
	return ecdsa_result(ret);
}

enum err ecdsa_p256_verify(const uint8_t key[ECDSA_P256_KEY_SIZE],
			   const uint8_t digest[SHA256_SIZE],
			   const uint8_t signature[ECDSA_P256_SIGNATURE_SIZE])
{
	return ecdsa_verify(MBEDTLS_ECP_DP_SECP256R1, ECDSA_P256_KEY_SIZE / 2, key, digest,
			    SHA256_SIZE, signature);
}

enum err ecdsa_p384_verify(const uint8_t key[ECDSA_P384_KEY_SIZE],
			   const uint8_t digest[ECDSA_P384_DIGEST_SIZE],
			   const uint8_t signature[ECDSA_P384_SIGNATURE_SIZE])
{
	return ecdsa_verify(MBEDTLS_ECP_DP_SECP384R1, ECDSA_P384_KEY_SIZE / 2, key, digest,
			    ECDSA_P384_DIGEST_SIZE, signature);
}

enum err ecdsa_p256_verify_der(const uint8_t key[ECDSA_P256_KEY_SIZE],
			       const uint8_t digest[SHA256_SIZE], const void *signature,
			       size_t size)
{
	mbedtls_ecdsa_context context;
	int ret;

	mbedtls_ecdsa_init(&context);
	ret = ecdsa_load(&context, MBEDTLS_ECP_DP_SECP256R1, key, ECDSA_P256_KEY_SIZE);
	if (ret == 0)
		ret = mbedtls_ecdsa_read_signature(&context, digest, SHA256_SIZE, signature, size);
	mbedtls_ecdsa_free(&context);
	return ecdsa_result(ret);
}
