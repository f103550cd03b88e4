/*
 * Certificates, chains, revocation lists and quotes for tests: right ones, and wrong in any one way. All keys come from
 * a name, signatures are deterministic: the same calls give the same bytes.
 */
#ifndef TEST_LIB_PKI_H
#define TEST_LIB_PKI_H

#include "attest/pck.h"
#include "attest/quote.h"
#include "crypto/p256.h"

#define PKI_MAX (96 * 1024)

/* Bytes being written. */
struct pki_bytes {
	uint8_t p[PKI_MAX];
	size_t size;
};

void pki_put(struct pki_bytes *b, const void *bytes, size_t size);

/* DER: a value with its contents; one whose contents are what is put between begin and end. */
void pki_value(struct pki_bytes *b, uint8_t tag, const void *contents, size_t size);
size_t pki_begin(struct pki_bytes *b, uint8_t tag);
void pki_end(struct pki_bytes *b, size_t begin);

/* ---- keys ------------------------------------------------------------------------------------ */

struct pki_key {
	uint8_t private_key[P256_PRIVATE_SIZE];
	uint8_t public_key[P256_PUBLIC_SIZE]; /* 4, x, y */
};

void pki_key(struct pki_key *out, const char *name);
void pki_sign(uint8_t signature[P256_SIGNATURE_SIZE], const struct pki_key *key, const void *bytes,
	      size_t size);

/* ---- certificates ---------------------------------------------------------------------------- */

enum pki_algorithm {
	PKI_ECDSA_SHA256,
	PKI_ECDSA_SHA384,
	PKI_RSA_SHA256, /* says so alone: it is the key's as ever */
};

/* Dates are GeneralizedTime with 15 characters, UTCTime with 13. */
struct pki_certificate {
	const char *subject; /* common names */
	const char *issuer;
	const struct pki_key *key;
	const struct pki_key *signer;
	const char *not_before;
	const char *not_after;
	uint32_t serial;
	int version;
	int ca;				    /* 0, 1; -1: no basicConstraints */
	int path_length;		    /* -1: none */
	int usage;			    /* the octet of keyUsage; -1: none */
	const struct pki_bytes *extensions; /* more of them, in DER; may be NULL */
	const struct pki_bytes *spki;	    /* in the place of key, may be NULL */
	enum pki_algorithm algorithm;
	const char *second_subject; /* a further common name; may be NULL */
};

/* A certificate in DER, appended. */
void pki_certificate(struct pki_bytes *out, const struct pki_certificate *c);

/* An Extension, appended. oid: its contents. */
void pki_extension(struct pki_bytes *out, const void *oid, size_t oid_size, bool critical,
		   const void *value, size_t size);

/* The contents of the SGX extension, and the Extension, appended. */
void pki_pck_contents(struct pki_bytes *out, const struct attest_pck *pck);
void pki_pck_extension(struct pki_bytes *out, const struct attest_pck *pck);

/* Bytes as PEM, appended. label "CERTIFICATE", "X509 CRL". */
void pki_pem(struct pki_bytes *out, const char *label, const void *der, size_t size);

struct pki_crl {
	const char *issuer;
	const struct pki_key *signer;
	const char *this_update;
	const char *next_update; /* NULL: none */
	const uint32_t *serials;
	size_t count;
	const struct pki_bytes *extensions; /* may be NULL */
	enum pki_algorithm algorithm;
};

/* A list in DER, appended. */
void pki_crl(struct pki_bytes *out, const struct pki_crl *c);

/* ---- a world like Intel's --------------------------------------------------------------------- */

enum pki_who {
	PKI_ROOT,
	PKI_CA,
	PKI_LEAF,
	PKI_SIGNER,
	PKI_COUNT,
};

/* What each certificate says; change it before the chains are made. */
struct pki_world {
	struct pki_key keys[PKI_COUNT];
	struct pki_certificate certificates[PKI_COUNT];
	struct attest_pck pck;		  /* what the leaf says; pki_world_extend puts it there */
	struct pki_bytes leaf_extensions; /* the leaf's, beside the usual ones */
};

/* Names, dates (2020 to 2049) and constraints as Intel's; serial numbers 1, 2, 3, 4. It must stay where it is. */
void pki_world(struct pki_world *out);

/* The DER of one certificate; the PEM of leaf, CA, root and of signer, root. Each from the start of *out. */
void pki_world_der(struct pki_bytes *out, const struct pki_world *w, enum pki_who who);
void pki_world_pck_chain(struct pki_bytes *out, const struct pki_world *w);
void pki_world_tcb_chain(struct pki_bytes *out, const struct pki_world *w);

/* After a change of w->pck: the leaf's extensions anew. */
void pki_world_extend(struct pki_world *w);

/* ---- quotes ----------------------------------------------------------------------------------- */

struct pki_quote {
	uint16_t version;
	enum quote_tee tee;
	bool td15;	    /* version 5 */
	bool td15_extended; /* and that */
	struct sgx_report_body enclave;
	struct attest_td td;
	struct sgx_report_body qe; /* its report data are made */
	const struct pki_key *pck; /* signs the QE's report */
	const struct pki_key *key; /* the attestation key */
	size_t auth_size;
	uint16_t certification;
	const void *certification_data;
	size_t certification_size;
};

/* A quote, from the start of *out. */
void pki_quote(struct pki_bytes *out, const struct pki_quote *q);

#endif
