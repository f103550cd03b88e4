/*
 * Collateral over the network: Intel's PCS and whoever speaks like it (PCCS), AMD's KDS. HTTPS alone unless the policy says
 * otherwise, without redirection, with limits on time and size.
 */
#ifndef HOST_VERIFY_COLLATERAL_FETCH_H
#define HOST_VERIFY_COLLATERAL_FETCH_H

#include "attest/collateral.h"
#include "base/cc.h"
#include "host/verify/policy.h"

/* Adds what the evidence (untrusted) needs, as collateral_find says. Evidence that cannot be decoded, or is the simulator's,
 * needs nothing. */
MUST_USE enum retwine_code collateral_fetch(struct attest_collateral *out,
					    const struct retwine_policy *policy,
					    const void *evidence, size_t size,
					    struct retwine_error *error);

#endif
