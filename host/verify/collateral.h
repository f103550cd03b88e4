/*
 * Collateral for one piece of evidence: from the files that a policy names, from what was kept, or from the services of
 * Intel (PCS, or a PCCS) and AMD (KDS). Nothing that comes from there is believed: attest/ verifies it.
 */
#ifndef HOST_VERIFY_COLLATERAL_H
#define HOST_VERIFY_COLLATERAL_H

#include "attest/collateral.h"
#include "base/cc.h"
#include "host/verify/policy.h"

/*
 * Adds to a zeroed collateral what the policy's files hold; without files, what the evidence (untrusted) needs and the
 * services give, unless the policy is offline. With insecure_accept_simulation that of the simulator too.
 * RETWINE_INPUT: a file cannot be read or is no collateral; RETWINE_FAILED: a service did not answer. In any case
 * attest_collateral_fini has to follow.
 */
MUST_USE enum retwine_code collateral_find(struct attest_collateral *out,
					   const struct retwine_policy *policy,
					   const void *evidence, size_t size,
					   struct retwine_error *error);

#endif
