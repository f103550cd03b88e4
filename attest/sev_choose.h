/* In a collateral for many chips: what belongs to one report. */
#ifndef ATTEST_SEV_CHOOSE_H
#define ATTEST_SEV_CHOOSE_H

#include "attest/collateral.h"
#include "attest/sev.h"

/* What was found; the rest is NULL. Zeroed is safe to fini. */
struct sev_choice {
	struct sev_collateral parts; /* leads into the collateral and into: */
	uint8_t *chain;		     /* owned */
};

/*
 * Chooses for a report (untrusted, as the collateral is) at a time: the certificate of the key that signed it; its issuer's and
 * the ARK's; of that ARK's lists the newest for the time, but before any other one that takes a certificate of this chain
 * back. Where nothing fits, what is nearest, so that the verdict can say what is wrong with it. On E_OK the caller owes
 * sev_choice_fini. E_NOMEM.
 */
MUST_USE enum err sev_choose(struct sev_choice *out, const struct attest_collateral *c,
			     const void *report, size_t size, int64_t now);
void sev_choice_fini(struct sev_choice *choice);

#endif
