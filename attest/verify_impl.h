/*
 * The parts of one verification of a quote; attest/verify.c goes through them in order. Nothing
 * outside of the verifier includes this.
 */
#ifndef ATTEST_VERIFY_IMPL_H
#define ATTEST_VERIFY_IMPL_H

#include "attest/chain.h"
#include "attest/crl.h"
#include "attest/identity.h"
#include "attest/pck.h"
#include "attest/quote.h"
#include "attest/tcb.h"
#include "attest/verify.h"

/* Lists that one CA signed. */
struct crl_lists {
	struct attest_crl list[ATTEST_COLLATERAL_MAX]; /* the best is the first */
	uint32_t count;
};

/* What the collateral's certificates, and those of a quote that has no whole chain, are: texts that were decoded. */
struct certificate_pool {
	struct attest_chain texts[ATTEST_COLLATERAL_MAX + 1];
	uint32_t count;
};
#define POOL_CERTIFICATES ((size_t)(ATTEST_COLLATERAL_MAX + 1) * CHAIN_MAX)

struct verification {
	struct attest_verdict *v;
	const struct attest_collateral *c;
	const struct attest_policy *p;
	int64_t now;
	struct attest_quote quote;
	struct attest_chain pck_chain; /* verified, if has_platform */
	struct attest_pck platform;
	struct crl_lists root_lists; /* verified */
	struct crl_lists pck_lists;  /* likewise, of the platform's CA */
	struct certificate_pool pool;
	struct attest_chain signer;	  /* verified; count 0: none yet */
	struct tcb_info info;		  /* authentic, if has_info */
	struct enclave_identity identity; /* authentic, if has_identity */
	bool has_platform;
	bool has_info;
	bool has_identity;
	bool short_of_memory;
};

/* Refuses by a rule; ATTEST_MEMORY ends the verification without a verdict instead. */
void verification_refuse(struct verification *x, enum attest_rule rule, const char *what);

/* What is known of a chain that was found, the best last. */
enum chain_worth {
	CHAIN_NONE,
	CHAIN_VERIFIES,
	CHAIN_KNOWN, /* it ends in a root that is known */
	CHAIN_VALID, /* and is valid now */
};

/* A search for the best chain. Zeroed but for the first two; who ends it owes chain_fini of best. */
struct chain_search {
	struct verification *x;
	enum chain_role role;
	struct attest_chain best;
	enum chain_worth worth;
	uint32_t links; /* that were tried */
};

/* trust_pool.c: decodes the certificates that there are, once. */
void pool_fill(struct verification *x);
void pool_fini(struct certificate_pool *pool);
/* The i-th of POOL_CERTIFICATES places, CHAIN_MAX for each text; NULL: it is empty. */
const struct x509_certificate *pool_at(const struct certificate_pool *pool, size_t i);
/* A chain of copies of these, leaf first. CERTIFICATE_*, ATTEST_MEMORY. On ATTEST_OK the caller owes chain_fini. */
MUST_USE enum attest_rule pool_chain(struct attest_chain *out,
				     const struct x509_certificate *const *c, size_t count);
/* Looks for a better chain than s->best, that begins with this leaf. */
void search_leaf(struct chain_search *s, const struct x509_certificate *leaf);

/* trust.c: is it Intel's root, or one that the policy accepts: the simulator's, the one that it names? */
bool trust_knows(const struct verification *x, const struct x509_certificate *root);

/* trust.c: the platform's certificates, from the quote or the collateral, to a root that the policy
 * knows, and not revoked. Sets has_platform. */
void trust_platform(struct verification *x);
void trust_lists_fini(struct crl_lists *lists);
/* Is the JSON signed by a signer of the same root, not revoked? `rule` is the one of its signature
 * (ATTEST_OK: none). */
MUST_USE bool trust_signed(struct verification *x, const struct attest_signed *s,
			   enum attest_rule rule, const char *what);
/* Something with a date of issue: narrows the window, and asks for its age. */
void trust_issued(struct verification *x, enum attest_rule rule, const struct attest_window *w,
		  const char *what);

/* choose.c: which TCB info and which identity of the collateral fit, and whether they are
 * authentic. Set has_info, has_identity. */
void choose_tcb_info(struct verification *x);
void choose_identity(struct verification *x);

/* policy.c: what the owner asks for. */
void policy_check(struct verification *x, enum attest_status status);

#endif
