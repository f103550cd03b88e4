/*
 * What a verifier needs beside a quote: TCB infos, identities of quoting enclaves, chains of
 * certificates and CRLs, as Intel's service (PCS), a cache of it (PCCS) or a file gives them. A
 * collateral is a set: any number of each up to ATTEST_COLLATERAL_MAX, in any order, such as a
 * directory of files; attest_verify chooses what fits the quote. Nothing in here is believed: it is
 * only sorted by what it claims to be.
 */
#ifndef ATTEST_COLLATERAL_H
#define ATTEST_COLLATERAL_H

#include "base/cc.h"
#include "base/err.h"

#define ATTEST_COLLATERAL_MAX	   64		 /* of each kind */
#define ATTEST_COLLATERAL_SIZE_MAX (1024 * 1024) /* bytes of one item */

/* Bytes that a collateral owns; p NULL: none. */
struct attest_bytes {
	uint8_t *p;
	size_t size;
};

/* JSON and the signature over exactly these bytes. */
struct attest_signed {
	struct attest_bytes text;
	uint8_t signature[64]; /* r || s, big-endian */
};

enum attest_item {
	ATTEST_ITEM_NONE, /* something else */
	ATTEST_ITEM_TCB_INFO,
	ATTEST_ITEM_IDENTITY,
	ATTEST_ITEM_CHAIN,	/* certificates in PEM, leaf first: of a TCB signer, a PCK, a CA */
	ATTEST_ITEM_CRL,	/* of a CA of Intel's */
	ATTEST_ITEM_SEV_KEY,	/* a VCEK's or VLEK's certificate */
	ATTEST_ITEM_SEV_ISSUER, /* an ASK's, ASVK's or ARK's */
	ATTEST_ITEM_SEV_CRL,	/* of an ARK */
	ATTEST_ITEM_BUNDLE,	/* several of these in one object */
};

struct attest_collateral {
	struct attest_signed tcb_infos[ATTEST_COLLATERAL_MAX];
	struct attest_signed identities[ATTEST_COLLATERAL_MAX];
	struct attest_bytes chains[ATTEST_COLLATERAL_MAX];
	struct attest_bytes crls[ATTEST_COLLATERAL_MAX];
	struct attest_bytes sev_keys[ATTEST_COLLATERAL_MAX]; /* AMD's: DER, one in each */
	struct attest_bytes sev_issuers[ATTEST_COLLATERAL_MAX];
	struct attest_bytes sev_crls[ATTEST_COLLATERAL_MAX];
	uint32_t tcb_info_count;
	uint32_t identity_count;
	uint32_t chain_count;
	uint32_t crl_count;
	uint32_t sev_key_count;
	uint32_t sev_issuer_count;
	uint32_t sev_crl_count;
};

/* A zeroed collateral is an empty one. Frees what was added. */
void attest_collateral_fini(struct attest_collateral *c);

/*
 * Adds a copy of what the bytes (untrusted) are, told by their form: the body of a PCS response
 * with a TCB info or an enclave identity, one object with all of it (pck_crl_issuer_chain,
 * root_ca_crl, pck_crl, tcb_info, ...), certificates in PEM, a CRL in DER, PEM or hexadecimal
 * digits, AMD's certificates in DER or PEM, any number of them in any order; NULs behind any of it
 * are no part of it. The same item twice is kept once. *what, if not NULL, says what it was, or the
 * first of it: ATTEST_ITEM_NONE, with E_OK, for anything else. E_MALFORMED: it is one of these, but
 * damaged. E_LIMIT: too large or too many. E_NOMEM.
 */
MUST_USE enum err attest_collateral_add(struct attest_collateral *c, const void *bytes, size_t size,
					enum attest_item *what);

#endif
