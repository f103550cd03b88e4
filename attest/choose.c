/*
 * Of several TCB infos and identities: those that are for this platform and this time, of the latest
 * evaluation, the latest issued. Then they are verified; a choice never makes anything pass that would not have passed
 * alone.
 * Trust: the texts are untrusted until trust_signed has said otherwise.
 */
#include <string.h>

#include "attest/verify_impl.h"
#include "base/heap.h"

/* How well a text fits, to be compared: by its use, then by its evaluation, then by its date. Intel issues older
 * evaluations anew beside the latest, so a later date is no later judgement. */
struct rank {
	uint32_t fit;
	uint32_t evaluation;
	int64_t issued;
};

static bool rank_above(const struct rank *a, const struct rank *b)
{
	if (a->fit != b->fit)
		return a->fit > b->fit;
	if (a->evaluation != b->evaluation)
		return a->evaluation > b->evaluation;
	return a->issued > b->issued;
}

/* ---- TCB info -------------------------------------------------------------------------------- */

static bool info_tee(const struct verification *x, const struct tcb_info *info)
{
	return info->tdx == (x->quote.tee == QUOTE_TDX);
}

static bool info_fmspc(const struct verification *x, const struct tcb_info *info)
{
	return memcmp(info->fmspc, x->platform.fmspc, sizeof info->fmspc) == 0;
}

static bool info_pceid(const struct verification *x, const struct tcb_info *info)
{
	return memcmp(info->pceid, x->platform.pceid, sizeof info->pceid) == 0;
}

static struct rank info_rank(const struct verification *x, const struct tcb_info *info)
{
	uint32_t fit = info_tee(x, info) ? 8 : 0;

	fit += info_fmspc(x, info) ? 4 : 0;
	fit += info_pceid(x, info) ? 2 : 0;
	fit += window_holds(&info->window, x->now) ? 1 : 0;
	return (struct rank){fit, info->evaluation, info->window.not_before};
}

/* The best that can be decoded, in x->info; its place in the collateral, or -1 and the rule that
 * the last one broke. */
static int32_t info_choose(struct verification *x, struct tcb_info *trial, enum attest_rule *why)
{
	struct rank best = {0};
	int32_t index = -1;

	*why = rule_unless_off(TCB_INFO_GIVEN);
	for (uint32_t i = 0; i < x->c->tcb_info_count; i++) {
		const struct attest_bytes *text = &x->c->tcb_infos[i].text;
		enum attest_rule rule = tcb_info_decode(trial, (const char *)text->p, text->size);
		struct rank rank;

		if (rule) {
			*why = rule;
			continue;
		}
		rank = info_rank(x, trial);
		if (index >= 0 && !rank_above(&rank, &best)) {
			tcb_info_fini(trial);
			continue;
		}
		tcb_info_fini(&x->info);
		memcpy(&x->info, trial, sizeof x->info);
		best = rank;
		index = (int32_t)i;
	}
	return index;
}

/* Is it for this platform? */
static enum attest_rule info_check(const struct verification *x)
{
	if (!attest_holds(TCB_INFO_TEE, info_tee(x, &x->info)))
		return ATTEST_TCB_INFO_TEE;
	if (!attest_holds(TCB_INFO_FMSPC, info_fmspc(x, &x->info)))
		return ATTEST_TCB_INFO_FMSPC;
	if (!attest_holds(TCB_INFO_PCEID, info_pceid(x, &x->info)))
		return ATTEST_TCB_INFO_PCEID;
	return ATTEST_OK;
}

void choose_tcb_info(struct verification *x)
{
	struct tcb_info *trial = heap_alloc(sizeof *trial);
	enum attest_rule why = ATTEST_MEMORY;
	int32_t index = trial ? info_choose(x, trial, &why) : -1;

	heap_free(trial);
	if (index >= 0)
		why = info_check(x);
	if (index < 0 || why) {
		verification_refuse(x, why, NULL);
		return;
	}
	if (!trust_signed(x, &x->c->tcb_infos[index], rule_unless_off(TCB_INFO_SIGNED),
			  "the TCB info's signer"))
		return;
	x->has_info = true;
	x->v->tcb_evaluation = x->info.evaluation;
	if (attest_applies(TCB_INFO_TIME))
		trust_issued(x, ATTEST_TCB_INFO_TIME, &x->info.window, "the TCB info");
}

/* ---- identity -------------------------------------------------------------------------------- */

static bool identity_is(const struct verification *x, const struct enclave_identity *identity)
{
	return identity->td == (x->quote.tee == QUOTE_TDX);
}

static struct rank identity_rank(const struct verification *x,
				 const struct enclave_identity *identity)
{
	uint32_t fit = identity_is(x, identity) ? 2 : 0;

	fit += window_holds(&identity->window, x->now) ? 1 : 0;
	return (struct rank){fit, identity->evaluation, identity->window.not_before};
}

static int32_t identity_choose(struct verification *x, enum attest_rule *why)
{
	struct rank best = {0};
	int32_t index = -1;

	*why = rule_unless_off(IDENTITY_GIVEN);
	for (uint32_t i = 0; i < x->c->identity_count; i++) {
		const struct attest_bytes *text = &x->c->identities[i].text;
		struct enclave_identity trial;
		enum attest_rule rule =
			enclave_identity_decode(&trial, (const char *)text->p, text->size);
		struct rank rank;

		if (rule) {
			*why = rule;
			continue;
		}
		rank = identity_rank(x, &trial);
		if (index >= 0 && !rank_above(&rank, &best)) {
			enclave_identity_fini(&trial);
			continue;
		}
		enclave_identity_fini(&x->identity);
		x->identity = trial;
		best = rank;
		index = (int32_t)i;
	}
	return index;
}

void choose_identity(struct verification *x)
{
	enum attest_rule why;
	int32_t index = identity_choose(x, &why);

	if (index >= 0)
		why = attest_holds(IDENTITY_ID, identity_is(x, &x->identity)) ? ATTEST_OK
									      : ATTEST_IDENTITY_ID;
	if (index < 0 || why) {
		verification_refuse(x, why, NULL);
		return;
	}
	if (!trust_signed(x, &x->c->identities[index], rule_unless_off(IDENTITY_SIGNED),
			  "the identity's signer"))
		return;
	x->has_identity = true;
	if (!x->has_info || x->identity.evaluation < x->v->tcb_evaluation)
		x->v->tcb_evaluation = x->identity.evaluation;
	if (attest_applies(IDENTITY_TIME))
		trust_issued(x, ATTEST_IDENTITY_TIME, &x->identity.window,
			     "the quoting enclave's identity");
}
