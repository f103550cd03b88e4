/*
 * Certificate revocation lists (RFC 5280, 5) of a PCK CA or a root: complete ones, direct, ECDSA with P-256.
 */
#ifndef ATTEST_CRL_H
#define ATTEST_CRL_H

#include "attest/x509.h"

#define CRL_SIZE_MAX (1024 * 1024) /* bytes, in DER */

struct mbedtls_x509_crl;

/* Zeroed is safe to fini. */
struct attest_crl {
	struct mbedtls_x509_crl *parsed; /* owned; the other pointers lead into it */
	struct x509_bytes issuer;
	struct x509_bytes tbs;
	struct x509_bytes signature;
	struct attest_window window; /* thisUpdate to nextUpdate */
};

/* Decodes a list in DER or PEM (untrusted). The rules CRL_*; ATTEST_MEMORY. On ATTEST_OK the caller owes crl_fini; else
 * *out is zeroed. */
MUST_USE enum attest_rule crl_decode(struct attest_crl *out, const void *data, size_t size);
void crl_fini(struct attest_crl *c);

/* The rules CRL_ISSUER, CRL_SIGNER, CRL_SIGNATURE: is it the list of this CA (trusted: its chain has been verified)? */
MUST_USE enum attest_rule crl_verify(const struct attest_crl *c,
				     const struct x509_certificate *issuer);

/* Does it list the certificate? The caller knows that both have the same issuer. */
MUST_USE bool crl_lists(const struct attest_crl *c, const struct x509_certificate *certificate);

#endif
