/* What attest/sev*.c share: the certificates behind a report. */
#ifndef ATTEST_SEV_IMPL_H
#define ATTEST_SEV_IMPL_H

#include <mbedtls/x509_crl.h>
#include <mbedtls/x509_crt.h>

#include "attest/sev.h"
#include "attest/window.h"
#include "crypto/sha256.h"

#define SHA384_SIZE 48

/* What the certificate of a VCEK or VLEK says in AMD's extensions. */
struct sev_key {
	enum sev_product product;
	struct sev_tcb tcb;
	uint8_t hardware_id[SEV_CHIP_ID_SIZE]; /* zeros behind the end */
	size_t hardware_id_size; /* a VCEK's: 8 for Turin, else 64; 0: none, a VLEK's */
};

/* The certificates of key, ASK and ARK, parsed. Initialised and finished by their user. */
struct sev_chain {
	mbedtls_x509_crt key;
	mbedtls_x509_crt signers; /* ASK or ASVK; its `next` is the ARK */
};

void sev_chain_init(struct sev_chain *c);
void sev_chain_fini(struct sev_chain *c);

/* Parse the certificates: the key's, those of ASK and ARK, all. */
MUST_USE enum attest_rule sev_key_parse(struct sev_chain *c,
					const struct sev_collateral *collateral);
MUST_USE enum attest_rule sev_signers_parse(struct sev_chain *c,
					    const struct sev_collateral *collateral);
MUST_USE enum attest_rule sev_chain_parse(struct sev_chain *c,
					  const struct sev_collateral *collateral);

/* Reads AMD's extensions in a certificate. */
MUST_USE enum attest_rule sev_key_read(struct sev_key *out, const mbedtls_x509_crt *certificate);

/* Is this the digest (of the DER) of AMD's ARK for the product? */
MUST_USE bool sev_root_is_pinned(const uint8_t digest[SHA256_SIZE], enum sev_product product);

/* Checks names, kinds and signatures up to the ARK, whoever's it is. */
MUST_USE enum attest_rule sev_chain_check(const struct sev_chain *c, enum sev_product product,
					  enum sev_signing_key kind);

/* When all three are valid. */
struct attest_window sev_chain_window(const struct sev_chain *c);

/* How well a list fits a chain, the best last. */
enum sev_crl_fit {
	SEV_CRL_OF_ANOTHER, /* or no list at all */
	SEV_CRL_NAMED,	    /* it says that the ARK issued it */
	SEV_CRL_SIGNED,	    /* and the ARK did, */
	SEV_CRL_CURRENT,    /* for this time too */
	SEV_CRL_REVOKES, /* the ARK did, for whatever time, and it lists a certificate of the chain */
};

/* *issued: when. E_NOMEM: it is not known whether the list revokes. */
MUST_USE enum err sev_crl_fit(enum sev_crl_fit *out, int64_t *issued, const struct sev_chain *c,
			      const uint8_t *crl, size_t size, int64_t now);

/* Checks that the ARK issued the list, and that it lists none of the certificates. *window: the list's. */
MUST_USE enum attest_rule sev_crl_check(struct attest_window *window, const struct sev_chain *c,
					const uint8_t *crl, size_t size);

/* When a certificate is valid. */
struct attest_window sev_window(const mbedtls_x509_crt *c);

/* UNIX seconds of a time in a certificate. */
int64_t sev_time(const mbedtls_x509_time *t);

/* Does the issuer's certificate have the name that the other gives its issuer; did its key sign the other? */
MUST_USE bool sev_is_issuer(const mbedtls_x509_crt *issuer, const mbedtls_x509_crt *c);
MUST_USE bool sev_issued_by(const mbedtls_x509_crt *c, const mbedtls_x509_crt *issuer);

/* Is the report's signature that of the key in the certificate? */
MUST_USE bool sev_report_signed_by(const struct sev_report *report, const mbedtls_x509_crt *key);

/* The signer's key signed these bytes in the way that the certificate or list says it did, which has to be RSA-PSS with
 * SHA-384. E_CRYPTO: it did not. E_NOMEM. */
MUST_USE enum err sev_check_signature(const mbedtls_x509_crt *signer,
				      const mbedtls_x509_buf *message, mbedtls_pk_type_t kind,
				      mbedtls_md_type_t digest, const void *options,
				      const mbedtls_x509_buf *signature);

/* The same; false without memory. */
MUST_USE bool sev_signed_by(const mbedtls_x509_crt *signer, const mbedtls_x509_buf *message,
			    mbedtls_pk_type_t kind, mbedtls_md_type_t digest, const void *options,
			    const mbedtls_x509_buf *signature);

#endif
