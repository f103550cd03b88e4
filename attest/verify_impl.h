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

struct verification {
	struct attest_verdict *v;
	const struct attest_collateral *c;
	const struct attest_policy *p;
	int64_t now;
	struct attest_quote quote;
	struct attest_chain pck_chain; /* verified, if has_platform */
	struct attest_pck platform;
	struct crl_lists root_lists;	  /* verified */
	struct crl_lists pck_lists;	  /* likewise, of the platform's CA */
	struct attest_chain signer;	  /* verified */
	uint32_t signer_index;		  /* which texts it is made of, + 1; 0: none yet */
	struct tcb_info info;		  /* authentic, if has_info */
	struct enclave_identity identity; /* authentic, if has_identity */
	bool has_platform;
	bool has_info;
	bool has_identity;
	bool short_of_memory;
};

/* Refuses by a rule; ATTEST_MEMORY ends the verification without a verdict instead. */
void verification_refuse(struct verification *x, enum attest_rule rule, const char *what);

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
