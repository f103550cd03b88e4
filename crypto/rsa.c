/*
 * RSA-3072, e = 3, by mbedTLS. Blinding takes its random numbers from a DRBG that is seeded by the
 * key and the message, so that the same call gives the same bytes and takes nothing from its
 * surroundings.
 * Trust: PEM text, moduli and signatures are untrusted.
 */
#include "crypto/rsa.h"

#include <string.h>

#include <mbedtls/pk.h>
#include <mbedtls/rsa.h>

#include "base/heap.h"
#include "base/wipe.h"
#include "crypto/drbg.h"

/* A source that repeats SHA-256(seed ‖ counter): the entropy of a deterministic DRBG. */
struct rsa_seed {
	uint8_t seed[RSA_SEED_SIZE];
	uint32_t counter;
};

static bool rsa_seed_bytes(void *context, uint8_t *out, size_t size)
{
	struct rsa_seed *s = context;
	uint8_t block[SHA256_SIZE];

	for (size_t done = 0; done < size;) {
		size_t n = size - done < sizeof block ? size - done : sizeof block;

		s->counter++;
		sha256_digest(block, s, sizeof *s);
		memcpy(out + done, block, n);
		done += n;
	}
	wipe(block, sizeof block);
	return true;
}

/* The library's idea of a random function. */
static int rsa_random(void *context, unsigned char *out, size_t size)
{
	return drbg_random(context, out, size) == E_OK ? 0 : MBEDTLS_ERR_RSA_RNG_FAILED;
}

enum err rsa_generate_pem(char pem[RSA_PEM_MAX], const uint8_t seed[RSA_SEED_SIZE])
{
	struct rsa_seed source = {0};
	struct drbg random;
	mbedtls_pk_context pk;
	enum err err;

	memcpy(source.seed, seed, sizeof source.seed);
	mbedtls_pk_init(&pk);
	err = drbg_init(&random, rsa_seed_bytes, &source);
	if (err != E_OK)
		goto out;
	err = E_CRYPTO;
	if (mbedtls_pk_setup(&pk, mbedtls_pk_info_from_type(MBEDTLS_PK_RSA)) == 0 &&
	    mbedtls_rsa_gen_key(mbedtls_pk_rsa(pk), rsa_random, &random, RSA_SIZE * 8,
				RSA_EXPONENT) == 0 &&
	    mbedtls_pk_write_key_pem(&pk, (unsigned char *)pem, RSA_PEM_MAX) == 0)
		err = E_OK;
out:
	mbedtls_pk_free(&pk);
	drbg_fini(&random);
	wipe(&source, sizeof source);
	return err;
}

/* The key in pem, checked to be of our one kind, into pk (initialised by the caller, who frees it).
 */
static enum err rsa_load(mbedtls_pk_context *pk, const char *pem, size_t pem_size)
{
	mbedtls_mpi e;
	enum err err = E_SGX_KEY;
	/* the library wants a closing NUL inside the length */
	uint8_t *text;

	if (pem_size >= RSA_PEM_MAX)
		return E_SGX_KEY;
	text = heap_alloc(pem_size + 1);
	if (!text)
		return E_NOMEM;
	memcpy(text, pem, pem_size);
	mbedtls_mpi_init(&e);
	if (mbedtls_pk_parse_key(pk, text, pem_size + 1, NULL, 0) == 0 &&
	    mbedtls_pk_get_type(pk) == MBEDTLS_PK_RSA &&
	    mbedtls_pk_get_bitlen(pk) == RSA_SIZE * 8 &&
	    mbedtls_rsa_check_privkey(mbedtls_pk_rsa(*pk)) == 0 &&
	    mbedtls_rsa_export(mbedtls_pk_rsa(*pk), NULL, NULL, NULL, NULL, &e) == 0 &&
	    mbedtls_mpi_cmp_int(&e, RSA_EXPONENT) == 0)
		err = E_OK;
	mbedtls_mpi_free(&e);
	wipe(text, pem_size);
	heap_free(text);
	return err;
}

static void rsa_reverse(uint8_t out[RSA_SIZE], const uint8_t in[RSA_SIZE])
{
	for (size_t i = 0; i < RSA_SIZE; i++)
		out[i] = in[RSA_SIZE - 1 - i];
}

/* Signs with a loaded key; the modulus comes out of the same key. */
static enum err rsa_sign_with(mbedtls_rsa_context *rsa, uint8_t modulus[RSA_SIZE],
			      uint8_t signature[RSA_SIZE], struct drbg *random,
			      const uint8_t digest[SHA256_SIZE])
{
	uint8_t n[RSA_SIZE], s[RSA_SIZE];

	if (mbedtls_rsa_export_raw(rsa, n, sizeof n, NULL, 0, NULL, 0, NULL, 0, NULL, 0) ||
	    mbedtls_rsa_pkcs1_sign(rsa, rsa_random, random, MBEDTLS_RSA_PRIVATE, MBEDTLS_MD_SHA256,
				   SHA256_SIZE, digest, s))
		return E_CRYPTO;
	rsa_reverse(modulus, n);
	rsa_reverse(signature, s);
	return E_OK;
}

enum err rsa_sign(uint8_t modulus[RSA_SIZE], uint8_t signature[RSA_SIZE], const char *pem,
		  size_t pem_size, const uint8_t digest[SHA256_SIZE])
{
	struct rsa_seed source = {0};
	struct drbg random = {0};
	struct sha256 hash;
	mbedtls_pk_context pk;
	enum err err;

	mbedtls_pk_init(&pk);
	err = rsa_load(&pk, pem, pem_size);
	if (err != E_OK)
		goto out;
	sha256_init(&hash);
	sha256_update(&hash, pem, pem_size);
	sha256_update(&hash, digest, SHA256_SIZE);
	sha256_final(&hash, source.seed);
	err = drbg_init(&random, rsa_seed_bytes, &source);
	if (err != E_OK)
		goto out;
	err = rsa_sign_with(mbedtls_pk_rsa(pk), modulus, signature, &random, digest);
out:
	drbg_fini(&random);
	mbedtls_pk_free(&pk);
	wipe(&source, sizeof source);
	return err;
}

enum err rsa_verify(const uint8_t modulus[RSA_SIZE], const uint8_t signature[RSA_SIZE],
		    const uint8_t digest[SHA256_SIZE])
{
	static const uint8_t exponent = RSA_EXPONENT;
	uint8_t n[RSA_SIZE], s[RSA_SIZE];
	mbedtls_rsa_context rsa;
	enum err err = E_SGX_SIGNATURE;

	rsa_reverse(n, modulus);
	rsa_reverse(s, signature);
	mbedtls_rsa_init(&rsa, MBEDTLS_RSA_PKCS_V15, 0);
	if (mbedtls_rsa_import_raw(&rsa, n, sizeof n, NULL, 0, NULL, 0, NULL, 0, &exponent, 1) ==
		    0 &&
	    mbedtls_rsa_complete(&rsa) == 0 && mbedtls_rsa_get_len(&rsa) == RSA_SIZE &&
	    mbedtls_rsa_check_pubkey(&rsa) == 0 &&
	    mbedtls_rsa_pkcs1_verify(&rsa, NULL, NULL, MBEDTLS_RSA_PUBLIC, MBEDTLS_MD_SHA256,
				     SHA256_SIZE, digest, s) == 0)
		err = E_OK;
	mbedtls_rsa_free(&rsa);
	return err;
}

/* q1 = s*s / m, r = s*s mod m, q2 = s*r / m; needs s < m and m != 0. */
static bool rsa_divide(mbedtls_mpi *q1, mbedtls_mpi *q2, const mbedtls_mpi *m, const mbedtls_mpi *s)
{
	mbedtls_mpi square, rest, product;
	bool done;

	mbedtls_mpi_init(&square);
	mbedtls_mpi_init(&rest);
	mbedtls_mpi_init(&product);
	done = mbedtls_mpi_mul_mpi(&square, s, s) == 0 &&
	       mbedtls_mpi_div_mpi(q1, &rest, &square, m) == 0 &&
	       mbedtls_mpi_mul_mpi(&product, s, &rest) == 0 &&
	       mbedtls_mpi_div_mpi(q2, NULL, &product, m) == 0;
	mbedtls_mpi_free(&square);
	mbedtls_mpi_free(&rest);
	mbedtls_mpi_free(&product);
	return done;
}

enum err rsa_quotients(uint8_t q1[RSA_SIZE], uint8_t q2[RSA_SIZE], const uint8_t modulus[RSA_SIZE],
		       const uint8_t signature[RSA_SIZE])
{
	mbedtls_mpi m, s, a, b;
	enum err err = E_CRYPTO;

	mbedtls_mpi_init(&m);
	mbedtls_mpi_init(&s);
	mbedtls_mpi_init(&a);
	mbedtls_mpi_init(&b);
	if (mbedtls_mpi_read_binary_le(&m, modulus, RSA_SIZE) ||
	    mbedtls_mpi_read_binary_le(&s, signature, RSA_SIZE))
		goto out;
	if (mbedtls_mpi_bitlen(&m) != RSA_SIZE * 8 || mbedtls_mpi_cmp_mpi(&s, &m) >= 0) {
		err = E_SGX_SIGNATURE;
		goto out;
	}
	if (rsa_divide(&a, &b, &m, &s) && mbedtls_mpi_write_binary_le(&a, q1, RSA_SIZE) == 0 &&
	    mbedtls_mpi_write_binary_le(&b, q2, RSA_SIZE) == 0)
		err = E_OK;
out:
	mbedtls_mpi_free(&m);
	mbedtls_mpi_free(&s);
	mbedtls_mpi_free(&a);
	mbedtls_mpi_free(&b);
	return err;
}
