/* In a collateral for many chips: what belongs to one report. */
#ifndef ATTEST_SEV_CHOOSE_H
#define ATTEST_SEV_CHOOSE_H

#include "attest/collateral.h"
#include "attest/sev.h"

/*
 * Chooses for a report (untrusted, as the collateral is): the certificate of the chip's key at the reported TCB, or else
 * of any key, so that the verdict can say what is wrong with it; the chain that has its issuer; the list of that chain's
 * ARK. Pointers lead into the collateral; what is not found is NULL.
 */
void sev_choose(struct sev_collateral *out, const struct attest_collateral *c, const void *report,
		size_t size);

#endif
