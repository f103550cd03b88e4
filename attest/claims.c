/*
 * Claims beside a quote.
 * Trust: claims are as untrusted as the quote; they hold when the quote is accepted with their digest as report data.
 * Invariant: nothing here makes a verdict better.
 */
#include "attest/claims.h"

#include <string.h>

static bool is_wanted(const uint8_t *wanted, size_t wanted_size, const uint8_t *said,
		      size_t said_size)
{
	return !wanted ||
	       (said && said_size == wanted_size && memcmp(said, wanted, wanted_size) == 0);
}

static void check_said(struct attest_verdict *v, const struct attest_claims *said,
		       const struct attest_claims *wanted)
{
	if (said->launch_digest &&
	    !attest_holds(CLAIMS_LAUNCH,
			  memcmp(said->launch_digest, v->enclave.config_id, ATTEST_HASH_SIZE) == 0))
		attest_refuse(v, ATTEST_CLAIMS_LAUNCH, NULL);
	if (!attest_holds(CLAIMS_NONCE, is_wanted(wanted->nonce, wanted->nonce_size, said->nonce,
						  said->nonce_size)))
		attest_refuse(v, ATTEST_CLAIMS_NONCE, NULL);
	if (!attest_holds(CLAIMS_PROGRAM, is_wanted(wanted->program_digest, ATTEST_HASH_SIZE,
						    said->program_digest, ATTEST_HASH_SIZE)))
		attest_refuse(v, ATTEST_CLAIMS_PROGRAM, NULL);
}

void attest_claims_check(struct attest_verdict *v, const struct attest_claims *said,
			 const struct attest_claims *wanted)
{
	if (said)
		check_said(v, said, wanted);
	else if (!attest_holds(CLAIMS_MISSING, !wanted->nonce && !wanted->program_digest))
		attest_refuse(v, ATTEST_CLAIMS_MISSING, NULL);
	attest_conclude(v, v->status);
}
