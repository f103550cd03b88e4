/*
 * What the owner asks for, of evidence that is otherwise judged. Every demand that is not met is a
 * reason of its own.
 * Trust: the policy is the owner's; the evidence is authentic if nothing else is refused.
 */
#include <stdio.h>
#include <string.h>

#include "attest/td.h"
#include "attest/verify_impl.h"

/* ---- who it is ------------------------------------------------------------------------------- */

static bool is_wanted(const uint8_t *wanted, const uint8_t *is, size_t size)
{
	return !wanted || memcmp(wanted, is, size) == 0;
}

/* Refuses for a value that is another one than wanted, and says which. */
static void refuse_value(struct verification *x, enum attest_rule rule, const uint8_t *is)
{
	char hex[2 * ATTEST_HASH_SIZE + 1];

	for (unsigned i = 0; i < ATTEST_HASH_SIZE; i++)
		(void)snprintf(hex + (size_t)2 * i, 3, "%02x", is[i]);
	attest_refuse(x->v, rule, "it is %s", hex);
}

/* Is anything demanded that only a report of SEV-SNP can show? */
static bool wants_sev(const struct sev_policy *p)
{
	const struct sev_tcb *t = &p->tcb;

	return p->host_data || p->guest_svn || p->refuse_smt || t->fmc || t->boot_loader ||
	       t->tee || t->snp || t->microcode;
}

bool attest_wants_td(const struct attest_policy *p)
{
	bool any = p->mr_config_id || p->mr_owner;

	for (unsigned i = 0; i < TD_RTMR_COUNT; i++)
		any = any || p->rtmr[i];
	return any;
}

/* An SGX demand cannot be met by another kind of evidence, nor a TD's by an enclave, nor SEV-SNP's by either. */
static void check_kind(struct verification *x)
{
	const struct attest_policy *p = x->p;
	bool enclave = p->mr_enclave || p->mr_signer || p->launch_digest;
	bool guest = p->measurement || attest_wants_td(p);
	bool other = x->v->tee == ATTEST_TEE_SGX ? guest : enclave;

	if (!attest_holds(POLICY_KIND, !other && !wants_sev(&p->sev)))
		attest_refuse(x->v, ATTEST_POLICY_KIND, NULL);
}

static void check_signer(struct verification *x)
{
	const struct attest_policy *p = x->p;
	const struct attest_enclave *e = &x->v->enclave;

	if (!p->mr_signer)
		return;
	if (!attest_holds(MR_SIGNER, is_wanted(p->mr_signer, e->mr_signer, sizeof e->mr_signer)))
		refuse_value(x, ATTEST_MR_SIGNER, e->mr_signer);
	if (!attest_holds(ISV_PROD_ID, e->isv_prod_id == p->isv_prod_id))
		attest_refuse(x->v, ATTEST_ISV_PROD_ID, "it is %u", e->isv_prod_id);
	if (!attest_holds(ISV_SVN, e->isv_svn >= p->isv_svn))
		attest_refuse(x->v, ATTEST_ISV_SVN, "it is %u", e->isv_svn);
}

/* CONFIGID = launch digest and 32 zero bytes: the loader chooses it, the CPU vouches for it. */
static void check_launch(struct verification *x)
{
	static const uint8_t zeros[32];
	const struct attest_enclave *e = &x->v->enclave;

	if (!x->p->launch_digest)
		return;
	if (!attest_holds(LAUNCH_DIGEST,
			  memcmp(e->config_id, x->p->launch_digest, 32) == 0 &&
				  memcmp(e->config_id + 32, zeros, sizeof zeros) == 0))
		refuse_value(x, ATTEST_LAUNCH_DIGEST, e->config_id);
	if (!attest_holds(CONFIG_SVN, e->config_svn == 0))
		attest_refuse(x->v, ATTEST_CONFIG_SVN, "it is %u", e->config_svn);
}

static void check_enclave(struct verification *x)
{
	if (!attest_holds(MR_ENCLAVE,
			  is_wanted(x->p->mr_enclave, x->v->enclave.mr_enclave, ATTEST_HASH_SIZE)))
		refuse_value(x, ATTEST_MR_ENCLAVE, x->v->enclave.mr_enclave);
	check_signer(x);
	check_launch(x);
}

static void check_td_attributes(struct verification *x)
{
	const uint64_t bits = td_attributes(&x->v->td);

	if (!attest_holds(TD_ATTRIBUTES, !(bits & ~TD_ATTRIBUTES_KNOWN)))
		attest_refuse(x->v, ATTEST_TD_ATTRIBUTES, NULL);
	if (!(bits & TD_ATTRIBUTE_MIGRATABLE))
		return;
	if (x->p->insecure_accept_migration)
		attest_relax(x->v, ATTEST_insecure_accept_migration);
	else if (attest_applies(TD_MIGRATION))
		attest_refuse(x->v, ATTEST_TD_MIGRATION, NULL);
}

static void check_td_registers(struct verification *x)
{
	const struct attest_policy *p = x->p;
	const struct attest_td *td = &x->v->td;

	for (unsigned i = 0; i < TD_RTMR_COUNT; i++) {
		if (!attest_holds(TD_RTMR, is_wanted(p->rtmr[i], td->rtmr[i], TD_HASH_SIZE)))
			attest_refuse(x->v, ATTEST_TD_RTMR, "RTMR%u", i);
	}
	if (!attest_holds(TD_CONFIG_ID, is_wanted(p->mr_config_id, td->mrconfigid, TD_HASH_SIZE)))
		attest_refuse(x->v, ATTEST_TD_CONFIG_ID, NULL);
	if (!attest_holds(TD_OWNER, is_wanted(p->mr_owner, td->mrowner, TD_HASH_SIZE)))
		attest_refuse(x->v, ATTEST_TD_OWNER, NULL);
}

static void check_td(struct verification *x)
{
	check_td_attributes(x);
	check_td_registers(x);
	if (!attest_holds(MEASUREMENT, is_wanted(x->p->measurement, x->v->td.mrtd, TD_HASH_SIZE)))
		attest_refuse(x->v, ATTEST_MEASUREMENT, NULL);
}

static void check_debug(struct verification *x)
{
	if (!x->v->debug)
		return;
	if (x->p->insecure_accept_debug)
		attest_relax(x->v, ATTEST_insecure_accept_debug);
	else if (attest_applies(DEBUG_REFUSED))
		attest_refuse(x->v, ATTEST_DEBUG_REFUSED, NULL);
}

/* ---- how good the platform is ---------------------------------------------------------------- */

static void check_status(struct verification *x, enum attest_status status)
{
	bool accepted =
		status == ATTEST_STATUS_UP_TO_DATE || (x->p->accepted_statuses >> status & 1);

	if (!attest_holds(STATUS_ACCEPTED, accepted))
		attest_refuse(x->v, ATTEST_STATUS_ACCEPTED, "it is %s", attest_status_name(status));
}

static bool advisory_allowed(const struct attest_policy *p, const char *advisory)
{
	for (uint32_t i = 0; i < p->advisory_count; i++) {
		if (strcmp(p->advisories[i], advisory) == 0)
			return true;
	}
	return false;
}

/* One reason for all of them, so that they push out no other: their number, and as many names as there is room for. */
static void check_advisories(struct verification *x)
{
	char names[ATTEST_DETAIL_MAX - 16] = "";
	const char *more = "";
	size_t length = 0;
	uint32_t count = 0;

	if (!x->p->advisories)
		return;
	for (uint32_t i = 0; i < x->v->advisory_count; i++) {
		const char *name = x->v->advisories[i];

		if (advisory_allowed(x->p, name))
			continue;
		count++;
		if (length + 1 + strlen(name) < sizeof names)
			length += (size_t)snprintf(names + length, sizeof names - length, " %s",
						   name);
		else
			more = " ...";
	}
	if (!attest_holds(ADVISORIES_ALLOWED, count == 0))
		attest_refuse(x->v, ATTEST_ADVISORIES_ALLOWED, "%u:%s%s", count, names, more);
}

/* Evaluations are numbered; an older one may not know of a flaw yet. */
static void check_evaluation(struct verification *x)
{
	const uint32_t least = x->v->tcb_evaluation;

	if (!attest_holds(TCB_EVALUATION, least >= x->p->min_tcb_evaluation))
		attest_refuse(x->v, ATTEST_TCB_EVALUATION, "it is %u", least);
}

void policy_check(struct verification *x, enum attest_status status)
{
	if (status >= ATTEST_STATUS_UP_TO_DATE)
		check_status(x, status);
	check_advisories(x);
	if (x->has_info && x->has_identity)
		check_evaluation(x);
	check_debug(x);
	check_kind(x);
	if (x->v->tee == ATTEST_TEE_SGX)
		check_enclave(x);
	else
		check_td(x);
	if (!attest_holds(REPORT_DATA, is_wanted(x->p->report_data, x->v->report_data,
						 sizeof x->v->report_data)))
		attest_refuse(x->v, ATTEST_REPORT_DATA, NULL);
}
