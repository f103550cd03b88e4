/*
 * Claims beside a quote: what a certificate says in clear, and whose digest is the quote's report data. That it is, is
 * checked with the quote (struct attest_policy, report_data); here, what the claims say.
 */
#ifndef ATTEST_CLAIMS_H
#define ATTEST_CLAIMS_H

#include "attest/verify.h"

/* NULL: not there, or not asked for. */
struct attest_claims {
	const uint8_t *launch_digest;  /* 32 bytes */
	const uint8_t *program_digest; /* 32 bytes */
	const uint8_t *nonce;
	size_t nonce_size;
};

/*
 * Adds to the verdict on the quote what does not hold of the claims (untrusted; NULL: there are none), and concludes it
 * again. wanted->launch_digest is not looked at: the policy asks the quote for it.
 */
void attest_claims_check(struct attest_verdict *v, const struct attest_claims *said,
			 const struct attest_claims *wanted);

#endif
