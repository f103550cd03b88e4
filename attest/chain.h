/*
 * Chains of Intel's kind: PCK certificate, PCK CA, root; or TCB signer, root. What is checked is all that does
 * not depend on the time: names, constraints, signatures. The chain gives its window of validity and the
 * root's digest: whether now is inside and the root is trusted is for the caller to ask (attest/verify.c).
 */
#ifndef ATTEST_CHAIN_H
#define ATTEST_CHAIN_H

#include "attest/x509.h"

#define CHAIN_MAX      3
#define CHAIN_TEXT_MAX (64 * 1024) /* bytes of PEM */

enum chain_role {
	CHAIN_PCK, /* leaf, CA, root */
	CHAIN_TCB, /* signer, root */
};

/* Zeroed is safe to fini. The certificates' pointers lead into memory of the chain. */
struct attest_chain {
	struct x509_certificate certificates[CHAIN_MAX]; /* leaf first, root last */
	size_t count;
	uint8_t *bytes; /* the DER of all, one after the other */
};

/*
 * Decodes certificates in PEM (untrusted), one to CHAIN_MAX of them, with nothing but line ends between them and
 * NULs behind the last, and puts them into order, whatever theirs is. The rules CHAIN_SIZE, CHAIN_TEXT, CHAIN_COUNT, CERTIFICATE_*; ATTEST_MEMORY. On ATTEST_OK the caller owes
 * chain_fini; else *out is zeroed.
 */
MUST_USE enum attest_rule chain_decode(struct attest_chain *out, const void *pem, size_t size);
void chain_fini(struct attest_chain *c);

/* The rules CHAIN_*: leaf first, each signed by the next, the last by itself, the names and constraints of the
 * role. The root is whatever it is. */
MUST_USE enum attest_rule chain_verify(const struct attest_chain *c, enum chain_role role);

const struct x509_certificate *chain_leaf(const struct attest_chain *c);
const struct x509_certificate *chain_root(const struct attest_chain *c);

/* When all its certificates are valid. */
struct attest_window chain_window(const struct attest_chain *c);

#endif
