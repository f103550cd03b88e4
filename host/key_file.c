/*
 * Key files, by mbedTLS's parser.
 * Trust: the files are the user's; the library checks that a public key is a point of the curve and a
 * private one in its range.
 */
#include "host/key_file.h"

#include <mbedtls/ecp.h>
#include <mbedtls/pk.h>
#include <string.h>

#include "base/wipe.h"
#include "host/base/files.h"
#include "host/base/words.h"
#include "volume/slot.h"

#define PEM_MAX 65536u

/* With the closing NUL that the parser wants inside the length; wiped and freed by pem_fini. */
static enum retwine_code pem_read(struct file *pem, const char *path, const char *what,
				  struct retwine_error *error)
{
	const enum retwine_code code = file_read(pem, path, what, PEM_MAX - 1, error);

	if (code == RETWINE_OK)
		pem->p[pem->size] = 0; /* file_read has room for one byte more */
	return code;
}

static void pem_fini(struct file *pem)
{
	if (pem->p)
		wipe(pem->p, pem->size);
	file_fini(pem);
}

/* The key pair inside, when it is one of the curve; NULL otherwise. */
static mbedtls_ecp_keypair *pem_pair(mbedtls_pk_context *pk)
{
	mbedtls_ecp_keypair *pair;

	if (!mbedtls_pk_can_do(pk, MBEDTLS_PK_ECKEY))
		return NULL;
	pair = mbedtls_pk_ec(*pk);
	return pair->grp.id == MBEDTLS_ECP_DP_SECP256R1 ? pair : NULL;
}

static bool pem_public(uint8_t key[P256_PUBLIC_SIZE], mbedtls_pk_context *pk)
{
	mbedtls_ecp_keypair *pair = pem_pair(pk);
	size_t size = 0;

	return pair && mbedtls_ecp_check_pubkey(&pair->grp, &pair->Q) == 0 &&
	       mbedtls_ecp_point_write_binary(&pair->grp, &pair->Q, MBEDTLS_ECP_PF_UNCOMPRESSED,
					      &size, key, P256_PUBLIC_SIZE) == 0 &&
	       size == P256_PUBLIC_SIZE;
}

enum retwine_code key_file_public(uint8_t key[P256_PUBLIC_SIZE], const char *path,
				  struct retwine_error *error)
{
	struct file pem = {0};
	mbedtls_pk_context pk;
	enum retwine_code code = pem_read(&pem, path, "the owner's public key", error);

	if (code != RETWINE_OK)
		return code;
	mbedtls_pk_init(&pk);
	if (mbedtls_pk_parse_public_key(&pk, pem.p, pem.size + 1) != 0 || !pem_public(key, &pk))
		code = error_set(error, RETWINE_INPUT,
				 strstr((const char *)pem.p, "PRIVATE KEY")
					 ? "%s holds a private key, which stays with the owner; "
					   "write its public half with 'openssl ec -pubout'"
					 : "%s is no public key of P-256 in PEM; write one with "
					   "'openssl ec -pubout'",
				 path);
	mbedtls_pk_free(&pk);
	pem_fini(&pem);
	return code;
}

enum retwine_code key_file_private(uint8_t key[P256_PRIVATE_SIZE], const char *path,
				   struct retwine_error *error)
{
	struct file pem = {0};
	mbedtls_pk_context pk;
	mbedtls_ecp_keypair *pair = NULL;
	enum retwine_code code = pem_read(&pem, path, "the owner's private key", error);

	if (code != RETWINE_OK)
		return code;
	mbedtls_pk_init(&pk);
	if (mbedtls_pk_parse_key(&pk, pem.p, pem.size + 1, NULL, 0) == 0)
		pair = pem_pair(&pk);
	if (!pair || mbedtls_ecp_check_privkey(&pair->grp, &pair->d) != 0 ||
	    mbedtls_mpi_write_binary(&pair->d, key, P256_PRIVATE_SIZE) != 0)
		code = error_set(error, RETWINE_INPUT,
				 "%s is no private key of P-256 in PEM without a password; make "
				 "one with 'openssl ecparam -name prime256v1 -genkey -noout'",
				 path);
	mbedtls_pk_free(&pk);
	pem_fini(&pem);
	return code;
}

enum retwine_code key_file_secret(uint8_t **key, size_t *size, const char *path,
				  struct retwine_error *error)
{
	struct file file = {0};
	const enum retwine_code code = file_read(&file, path, "the key", VOLUME_SECRET_MAX, error);

	if (code != RETWINE_OK)
		return code;
	if (file.size < VOLUME_SECRET_MIN) {
		pem_fini(&file);
		return error_set(error, RETWINE_INPUT,
				 "the key %s has fewer than %u bytes; make one with 'openssl rand "
				 "-out FILE 32'",
				 path, VOLUME_SECRET_MIN);
	}
	*key = file.p;
	*size = file.size;
	return RETWINE_OK;
}

void key_file_free(uint8_t *key, size_t size)
{
	struct file file = {.p = key, .size = size};

	pem_fini(&file);
}
