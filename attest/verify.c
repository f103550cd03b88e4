/*
 * The verification of a quote, step by step (Intel SGX/TDX DCAP, "Quote Verification"). A step that
 * fails notes its reason; those that can do without it go on, so that the verdict is complete.
 * Trust: nothing of the quote and the collateral; the policy and the time are the caller's word.
 * Invariant: the status is INVALID until every step before it has been taken.
 */
#include "attest/verify.h"

#include <string.h>

#include "attest/sev_choose.h"
#include "attest/td.h"
#include "attest/verify_impl.h"
#include "base/heap.h"

void verification_refuse(struct verification *x, enum attest_rule rule, const char *what)
{
	if (rule == ATTEST_MEMORY)
		x->short_of_memory = true;
	attest_refuse(x->v, rule, what ? "%s" : NULL, what);
}

/* ---- what the quote says --------------------------------------------------------------------- */

static void tell_enclave(struct attest_verdict *v, const struct sgx_report_body *body)
{
	struct attest_enclave *e = &v->enclave;

	v->tee = ATTEST_TEE_SGX;
	memcpy(e->mr_enclave, body->mrenclave, sizeof e->mr_enclave);
	memcpy(e->mr_signer, body->mrsigner, sizeof e->mr_signer);
	memcpy(e->config_id, body->configid, sizeof e->config_id);
	memcpy(e->isv_ext_prod_id, body->isvextprodid, sizeof e->isv_ext_prod_id);
	memcpy(e->isv_family_id, body->isvfamilyid, sizeof e->isv_family_id);
	memcpy(e->cpu_svn, body->cpusvn, sizeof e->cpu_svn);
	e->attributes = body->attributes.flags;
	e->xfrm = body->attributes.xfrm;
	e->miscselect = body->miscselect;
	e->isv_prod_id = body->isvprodid;
	e->isv_svn = body->isvsvn;
	e->config_svn = body->configsvn;
	v->debug = (body->attributes.flags & ATTRIBUTE_DEBUG) != 0;
	memcpy(v->report_data, &body->reportdata, sizeof v->report_data);
}

static void tell_td(struct attest_verdict *v, const struct attest_td *td)
{
	v->tee = ATTEST_TEE_TDX;
	v->td = *td;
	v->debug = (td_attributes(td) & TD_ATTRIBUTES_UNTRUSTED) != 0;
	memcpy(v->report_data, td->report_data, sizeof v->report_data);
}

static void tell_quote(struct attest_verdict *v, const struct attest_quote *quote)
{
	if (quote->tee == QUOTE_SGX)
		tell_enclave(v, &quote->enclave);
	else
		tell_td(v, &quote->td);
	v->decoded = true;
	v->trailing = quote->tail < UINT32_MAX ? (uint32_t)quote->tail : UINT32_MAX;
}

/* ---- what is signed by whom ------------------------------------------------------------------ */

static void check_signatures(struct verification *x)
{
	enum attest_rule rule;

	if (x->has_platform) {
		rule = quote_verify_qe(&x->quote, chain_leaf(&x->pck_chain)->key);
		if (rule)
			verification_refuse(x, rule, NULL);
	}
	rule = quote_verify_key(&x->quote);
	if (rule)
		verification_refuse(x, rule, NULL);
	rule = quote_verify_signature(&x->quote);
	if (rule)
		verification_refuse(x, rule, NULL);
}

/* ---- how it is judged ------------------------------------------------------------------------ */

static void add_advisory(struct attest_verdict *v, const char *advisory)
{
	for (uint32_t i = 0; i < v->advisory_count; i++) {
		if (strcmp(v->advisories[i], advisory) == 0)
			return;
	}
	if (v->advisory_count == ATTEST_ADVISORY_MAX)
		return;
	memcpy(v->advisories[v->advisory_count++], advisory, strlen(advisory) + 1);
}

/* What a part is judged by: its advisories, and the date of the oldest level of all parts. */
static void add_judgement(struct attest_verdict *v, const struct tcb_judgement *judgement)
{
	if (v->tcb_date == 0 || judgement->date < v->tcb_date)
		v->tcb_date = judgement->date;
	for (size_t i = 0; i < json_array_size(judgement->advisories); i++)
		add_advisory(v, json_string_value(json_array_get(judgement->advisories, i)));
}

static void tell_platform(struct tcb_platform *out, const struct verification *x)
{
	const struct attest_td *td = &x->quote.td;

	memset(out, 0, sizeof(*out));
	for (unsigned i = 0; i < TCB_COMPONENT_COUNT; i++)
		out->sgx[i] = x->platform.components[i];
	out->pcesvn = x->platform.pcesvn;
	if (x->quote.tee != QUOTE_TDX)
		return;
	out->tee_tcb_svn = td->tee_tcb_svn;
	out->mrsignerseam = td->mrsignerseam;
	out->seam_attributes = td->seam_attributes;
}

/* A TD 1.5 says under which TDX module it was launched and which one runs now: both are judged (Intel's
 * verification library since 2026). */
static enum attest_status judge_modules(struct verification *x, const struct tcb_result *launch,
					const struct tcb_platform *platform)
{
	struct tcb_platform running = *platform;
	struct tcb_result now;
	enum attest_rule rule;

	if (!x->quote.td15)
		return launch->status;
	running.tee_tcb_svn = x->quote.td.tee_tcb_svn2;
	rule = tcb_match(&now, &x->info, &running);
	if (rule) {
		verification_refuse(x, rule, "the module that runs now");
		return launch->status;
	}
	return attest_status_relaunch(launch->status, now.status);
}

/* The platform's status, with what its parts make of it. */
static enum attest_status judge(struct verification *x, const struct tcb_result *result,
				const struct tcb_platform *platform, enum attest_status qe)
{
	enum attest_status status = judge_modules(x, result, platform);

	if (attest_applies(CONVERGE_QE))
		status = attest_status_converge(status, qe);
	if (result->platform == ATTEST_STATUS_REVOKED)
		status = ATTEST_STATUS_REVOKED;
	if (!attest_holds(TCB_REVOKED, status != ATTEST_STATUS_REVOKED)) {
		verification_refuse(x, ATTEST_TCB_REVOKED, NULL);
		return ATTEST_STATUS_REVOKED;
	}
	return status;
}

static enum attest_status check_tcb(struct verification *x, const struct tcb_isv_level *qe)
{
	struct tcb_platform platform;
	struct tcb_result result;
	enum attest_rule rule;

	tell_platform(&platform, x);
	rule = tcb_match(&result, &x->info, &platform);
	if (rule) {
		verification_refuse(x, rule, NULL);
		return ATTEST_STATUS_INVALID;
	}
	add_judgement(x->v, &result.level->judgement);
	if (result.module)
		add_judgement(x->v, &result.module->judgement);
	if (!qe)
		return ATTEST_STATUS_INVALID;
	add_judgement(x->v, &qe->judgement);
	return judge(x, &result, &platform, qe->judgement.status);
}

/* The quoting enclave's level; NULL where it is not known. */
static const struct tcb_isv_level *check_qe(struct verification *x)
{
	const struct tcb_isv_level *level = NULL;
	enum attest_rule rule;

	if (!x->has_identity)
		return NULL;
	rule = enclave_identity_match(&level, &x->identity, &x->quote.qe);
	if (rule) {
		verification_refuse(x, rule, NULL);
		return NULL;
	}
	return level;
}

/* ---- all ------------------------------------------------------------------------------------- */

static void verify_quote(struct verification *x)
{
	enum attest_status status = ATTEST_STATUS_INVALID;

	tell_quote(x->v, &x->quote);
	pool_fill(x);
	trust_platform(x);
	if (x->has_platform) {
		choose_tcb_info(x);
		choose_identity(x);
	}
	check_signatures(x);
	if (x->has_platform) {
		const struct tcb_isv_level *qe = check_qe(x);

		if (x->has_info)
			status = check_tcb(x, qe);
	}
	policy_check(x, status);
	attest_conclude(x->v, status);
}

static void verification_fini(struct verification *x)
{
	chain_fini(&x->pck_chain);
	chain_fini(&x->signer);
	pool_fini(&x->pool);
	trust_lists_fini(&x->root_lists);
	trust_lists_fini(&x->pck_lists);
	tcb_info_fini(&x->info);
	enclave_identity_fini(&x->identity);
}

static enum err verify_as_quote(struct attest_verdict *out, const void *quote, size_t size,
				const struct attest_collateral *c, const struct attest_policy *p,
				int64_t now)
{
	struct verification *x = heap_alloc(sizeof *x);
	enum attest_rule rule;
	enum err err;

	if (!x)
		return E_NOMEM;
	x->v = out;
	x->c = c;
	x->p = p;
	x->now = now;
	rule = quote_decode(&x->quote, quote, size);
	if (rule) {
		verification_refuse(x, rule, NULL);
		attest_conclude(out, ATTEST_STATUS_INVALID);
	} else {
		verify_quote(x);
	}
	err = x->short_of_memory ? E_NOMEM : E_OK;
	verification_fini(x);
	heap_free(x);
	return err;
}

enum err attest_verify(struct attest_verdict *out, const void *quote, size_t size,
		       const struct attest_collateral *c, const struct attest_policy *p,
		       int64_t now)
{
	struct sev_choice choice;
	enum err err;

	memset(out, 0, sizeof(*out));
	out->window = ATTEST_ALWAYS;
	if (!sev_detect(quote, size))
		return verify_as_quote(out, quote, size, c, p, now);
	err = sev_choose(&choice, c, quote, size, now);
	if (err)
		return err;
	err = sev_verify(out, quote, size, &choice.parts, p, now);
	sev_choice_fini(&choice);
	out->sev.message = NULL; /* the caller's bytes, which need not outlive this call */
	out->sev.signature = NULL;
	if (err == E_OK && !attest_holds(POLICY_KIND, !attest_wants_td(p))) {
		attest_refuse(out, ATTEST_POLICY_KIND, NULL);
		attest_conclude(out, out->status);
	}
	return err;
}
