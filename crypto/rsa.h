/*
 * RSA-3072 with exponent 3 and PKCS#1 v1.5 over SHA-256: the one kind of signature that SGX knows.
 * Numbers are little-endian, as in SIGSTRUCT. For the host's tools; the enclave does not link it.
 */
#ifndef CRYPTO_RSA_H
#define CRYPTO_RSA_H

#include "base/cc.h"
#include "base/err.h"
#include "crypto/sha256.h"

#define RSA_SIZE      384
#define RSA_EXPONENT  3
#define RSA_SEED_SIZE 48
#define RSA_PEM_MAX   4096 /* bytes of a private key in PEM, with the closing NUL */

/*
 * Makes a key from a seed of the caller's entropy source (the same seed makes the same key; keep it
 * secret and wipe it). Writes PEM (PKCS#1) and a NUL.
 */
MUST_USE enum err rsa_generate_pem(char pem[RSA_PEM_MAX], const uint8_t seed[RSA_SEED_SIZE]);

/*
 * Signs a digest. pem: untrusted text of pem_size bytes, not encrypted. Deterministic. E_SGX_KEY
 * unless it is a consistent RSA private key of exactly 3072 bits with exponent 3.
 */
MUST_USE enum err rsa_sign(uint8_t modulus[RSA_SIZE], uint8_t signature[RSA_SIZE], const char *pem,
			   size_t pem_size, const uint8_t digest[SHA256_SIZE]);

/* modulus, signature: untrusted. E_SGX_SIGNATURE when it does not hold. */
MUST_USE enum err rsa_verify(const uint8_t modulus[RSA_SIZE], const uint8_t signature[RSA_SIZE],
			     const uint8_t digest[SHA256_SIZE]);

/*
 * The quotients that let the CPU cube without dividing (SDM, EINIT): q1 = S^2 / M,
 * q2 = S * (S^2 mod M) / M. modulus, signature: untrusted; E_SGX_SIGNATURE unless M > S and M has
 * 3072 bits.
 */
MUST_USE enum err rsa_quotients(uint8_t q1[RSA_SIZE], uint8_t q2[RSA_SIZE],
				const uint8_t modulus[RSA_SIZE], const uint8_t signature[RSA_SIZE]);

#endif
