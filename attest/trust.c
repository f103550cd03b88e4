/*
 * Who vouches: certificates up to a root whose key is known, and lists of what was revoked. A
 * quote's own chain and all collateral must come from the same root, so that the simulator's cannot
 * vouch for hardware.
 * Trust: the keys below, and the root that the policy adds. Chains and lists are untrusted until
 * they are verified; which of several is taken decides only what is refused.
 */
#include <string.h>

#include "attest/verify_impl.h"

/*
 * x and y of the key of "Intel SGX Root CA". Intel issued more than one certificate for it (until
 * 2033, until 2049), each signed by itself, and old quotes have the old one: it is the key that is
 * known.
 */
static const uint8_t g_root_intel[ECDSA_P256_KEY_SIZE] = {
	0x0b, 0xa9, 0xc4, 0xc0, 0xc0, 0xc8, 0x61, 0x93, 0xa3, 0xfe, 0x23, 0xd6, 0xb0,
	0x2c, 0xda, 0x10, 0xa8, 0xbb, 0xd4, 0xe8, 0x8e, 0x48, 0xb4, 0x45, 0x85, 0x61,
	0xa3, 0x6e, 0x70, 0x55, 0x25, 0xf5, 0x67, 0x91, 0x8e, 0x2e, 0xdc, 0x88, 0xe4,
	0x0d, 0x86, 0x0b, 0xd0, 0xcc, 0x4e, 0xe2, 0x6a, 0xac, 0xc9, 0x88, 0xe5, 0x05,
	0xa9, 0x53, 0x55, 0x8c, 0x45, 0x3f, 0x6b, 0x09, 0x04, 0xae, 0x73, 0x94,
};

/* Of "Retwine Simulation Root CA" (host/quoting/simulation/root.der), whose private key everybody has. */
static const uint8_t g_root_simulation[ECDSA_P256_KEY_SIZE] = {
	0x98, 0x5d, 0x33, 0xf2, 0x02, 0x32, 0x55, 0x51, 0x16, 0x81, 0xe7, 0xa5, 0x88,
	0x25, 0x7e, 0x22, 0xab, 0xc4, 0x88, 0x9b, 0x41, 0x7f, 0xd9, 0x5c, 0xe5, 0x38,
	0x5c, 0xfa, 0x08, 0x5a, 0x1e, 0x16, 0xfc, 0x2d, 0xc3, 0x28, 0x76, 0x8a, 0xaa,
	0xa0, 0x15, 0x33, 0x8c, 0xda, 0x4d, 0x5a, 0xc8, 0x14, 0x61, 0x89, 0x4a, 0x23,
	0xcf, 0xa8, 0x24, 0x04, 0x8a, 0xcc, 0x0a, 0x73, 0x9b, 0x68, 0xea, 0xb8,
};

/* ---- the root -------------------------------------------------------------------------------- */

static bool root_is_given(const struct verification *x, const struct x509_certificate *root)
{
	const uint8_t *given = x->p->insecure_accept_root;

	return given && memcmp(root->digest, given, SHA256_SIZE) == 0;
}

bool trust_knows(const struct verification *x, const struct x509_certificate *root)
{
	return memcmp(root->key, g_root_intel, sizeof root->key) == 0 ||
	       (x->p->insecure_accept_simulation &&
		memcmp(root->key, g_root_simulation, sizeof root->key) == 0) ||
	       root_is_given(x, root);
}

static void trust_simulation(struct verification *x)
{
	x->v->simulated = true;
	if (x->p->insecure_accept_simulation)
		attest_relax(x->v, ATTEST_insecure_accept_simulation);
	else if (attest_applies(ROOT_SIMULATION))
		verification_refuse(x, ATTEST_ROOT_SIMULATION, NULL);
}

static void trust_root(struct verification *x, const struct x509_certificate *root)
{
	if (memcmp(root->key, g_root_intel, sizeof root->key) == 0)
		return;
	if (memcmp(root->key, g_root_simulation, sizeof root->key) == 0)
		trust_simulation(x);
	else if (root_is_given(x, root))
		attest_relax(x->v, ATTEST_insecure_accept_root);
	else if (attest_applies(ROOT_KNOWN))
		verification_refuse(x, ATTEST_ROOT_KNOWN, NULL);
}

/* ---- revocation lists ------------------------------------------------------------------------ */

void trust_issued(struct verification *x, enum attest_rule rule, const struct attest_window *w,
		  const char *what)
{
	uint64_t age = w->not_before < x->now ? (uint64_t)x->now - (uint64_t)w->not_before : 0;
	uint64_t max =
		x->p->max_collateral_age > 0 ? (uint64_t)x->p->max_collateral_age : UINT64_MAX;

	attest_narrow(x->v, x->p, rule, w, x->now, what);
	if (!attest_holds(COLLATERAL_AGE, age <= max))
		verification_refuse(x, ATTEST_COLLATERAL_AGE, what);
}

/* Is a list better than the best so far: valid now, then issued later? */
static bool crl_better(const struct verification *x, const struct attest_crl *crl,
		       const struct attest_crl *best)
{
	bool holds = window_holds(&crl->window, x->now);

	if (!best->parsed || holds != window_holds(&best->window, x->now))
		return !best->parsed || holds;
	return crl->window.not_before > best->window.not_before;
}

/* Takes a list; the best stands first. */
static void lists_take(struct verification *x, struct crl_lists *lists,
		       const struct attest_crl *crl)
{
	const struct attest_crl best = lists->list[0];

	lists->list[lists->count] = *crl;
	if (crl_better(x, crl, &best)) {
		lists->list[0] = *crl;
		if (lists->count > 0)
			lists->list[lists->count] = best;
	}
	lists->count++;
}

/*
 * The lists of that CA in the collateral: all that the CA signed. *why is the rule that a list of that
 * name broke; ATTEST_OK when there is none such.
 */
static void lists_find(struct verification *x, struct crl_lists *lists, enum attest_rule *why,
		       const struct x509_certificate *ca)
{
	*why = ATTEST_OK;
	for (uint32_t i = 0; i < x->c->crl_count; i++) {
		struct attest_crl crl;
		enum attest_rule rule = crl_decode(&crl, x->c->crls[i].p, x->c->crls[i].size);

		if (rule == ATTEST_OK)
			rule = crl_verify(&crl, ca);
		if (rule != ATTEST_OK && rule != ATTEST_CRL_ISSUER)
			*why = rule;
		if (rule == ATTEST_OK)
			lists_take(x, lists, &crl);
		else
			crl_fini(&crl);
		if (rule == ATTEST_MEMORY) /* it may be the one */
			verification_refuse(x, rule, NULL);
	}
}

/* Is the certificate on any list of its CA? What was taken back stays so, whatever a better list says: whoever brings
 * the lists could choose one that does not have it. A list of the future is not known yet, unless it is all there is. */
static bool lists_have(const struct verification *x, const struct crl_lists *lists,
		       const struct x509_certificate *certificate)
{
	for (uint32_t i = 0; i < lists->count; i++) {
		const struct attest_crl *crl = &lists->list[i];

		if ((i == 0 || crl->window.not_before <= x->now) && crl_lists(crl, certificate))
			return true;
	}
	return false;
}

void trust_lists_fini(struct crl_lists *lists)
{
	for (uint32_t i = 0; i < lists->count; i++)
		crl_fini(&lists->list[i]);
	lists->count = 0;
}

struct crl_rules {
	enum attest_rule given;
	enum attest_rule time;
	const char *what;
};

/* Finds a CA's lists, the best of which tells the time; where there is none that is refused. */
static void lists_get(struct verification *x, struct crl_lists *out,
		      const struct x509_certificate *ca, const struct crl_rules *rules)
{
	enum attest_rule why;

	lists_find(x, out, &why, ca);
	if (out->count > 0) {
		if (rules->time)
			trust_issued(x, rules->time, &out->list[0].window, rules->what);
		return;
	}
	if (why)
		verification_refuse(x, why, rules->what);
	else if (x->p->insecure_accept_missing_crl)
		attest_relax(x->v, ATTEST_insecure_accept_missing_crl);
	else if (rules->given)
		verification_refuse(x, rules->given, NULL);
}

/* The root's lists, which stay for the signers; the CA is not on them. */
static void trust_ca(struct verification *x)
{
	const struct x509_certificate *ca = &x->pck_chain.certificates[1];
	const struct crl_rules rules = {
		.given = rule_unless_off(ROOT_CRL_GIVEN),
		.time = rule_unless_off(ROOT_CRL_TIME),
		.what = "the root's CRL",
	};

	lists_get(x, &x->root_lists, chain_root(&x->pck_chain), &rules);
	if (!attest_holds(CA_REVOKED, !lists_have(x, &x->root_lists, ca)))
		verification_refuse(x, ATTEST_CA_REVOKED, NULL);
}

static void trust_leaf(struct verification *x)
{
	const struct crl_rules rules = {
		.given = rule_unless_off(PCK_CRL_GIVEN),
		.time = rule_unless_off(PCK_CRL_TIME),
		.what = "the PCK CRL",
	};

	lists_get(x, &x->pck_lists, &x->pck_chain.certificates[1], &rules);
	if (!attest_holds(PCK_REVOKED, !lists_have(x, &x->pck_lists, chain_leaf(&x->pck_chain))))
		verification_refuse(x, ATTEST_PCK_REVOKED, NULL);
}

/* ---- the platform's chain -------------------------------------------------------------------- */

/* Does it say that it is a PCK certificate, and answer for this quote? That of another platform does not. */
static bool is_platform(const struct verification *x, const struct x509_certificate *c)
{
	return (x509_name_is(c, "Intel SGX PCK Certificate") ||
		x509_name_is(c, "Retwine Simulation PCK Certificate")) &&
	       quote_verify_qe(&x->quote, c->key) == ATTEST_OK;
}

/* Quotes without a chain: it is in the collateral, or all but the first of it. */
static bool chain_of_collateral(struct verification *x)
{
	struct chain_search search = {.x = x, .role = CHAIN_PCK};

	for (size_t i = 0; i < POOL_CERTIFICATES; i++) {
		const struct x509_certificate *c = pool_at(&x->pool, i);

		if (c && is_platform(x, c))
			search_leaf(&search, c);
	}
	x->pck_chain = search.best;
	return search.worth != CHAIN_NONE;
}

static enum attest_rule chain_of_quote(struct verification *x)
{
	enum attest_rule rule = chain_decode(&x->pck_chain, x->quote.certification_data,
					     x->quote.certification_size);

	return rule ? rule : chain_verify(&x->pck_chain, CHAIN_PCK);
}

/* Certification data without a certificate in PEM are no chain, whatever they are called; a damaged
 * one is. */
static bool quote_has_chain(const struct attest_quote *quote)
{
	static const char begin[] = "-----BEGIN";

	return quote->certification == QUOTE_PCK_CHAIN &&
	       memmem(quote->certification_data, quote->certification_size, begin,
		      sizeof begin - 1);
}

static enum attest_rule chain_find(struct verification *x)
{
	if (quote_has_chain(&x->quote))
		return chain_of_quote(x);
	return chain_of_collateral(x) ? ATTEST_OK : rule_unless_off(PCK_CHAIN_GIVEN);
}

void trust_platform(struct verification *x)
{
	enum attest_rule rule = chain_find(x);
	struct attest_window window;

	if (rule == ATTEST_OK)
		rule = pck_decode(&x->platform, chain_leaf(&x->pck_chain));
	if (rule) {
		verification_refuse(x, rule, "the platform's certificates");
		return;
	}
	x->has_platform = true;
	memcpy(x->v->fmspc, x->platform.fmspc, sizeof x->v->fmspc);
	memcpy(x->v->ppid, x->platform.ppid, sizeof x->v->ppid);
	trust_root(x, chain_root(&x->pck_chain));
	window = chain_window(&x->pck_chain);
	if (attest_applies(PCK_CHAIN_TIME))
		attest_narrow(x->v, x->p, ATTEST_PCK_CHAIN_TIME, &window, x->now,
			      "the platform's certificates");
	trust_ca(x);
	trust_leaf(x);
}

/* ---- signers of JSON ------------------------------------------------------------------------- */

static bool signed_by(const struct attest_signed *s, const uint8_t key[ECDSA_P256_KEY_SIZE])
{
	uint8_t digest[SHA256_SIZE];

	sha256_digest(digest, s->text.p, s->text.size);
	return ecdsa_p256_verify(key, digest, s->signature) == E_OK;
}

static bool is_signer(const struct x509_certificate *c)
{
	return x509_name_is(c, "Intel SGX TCB Signing") ||
	       x509_name_is(c, "Retwine Simulation TCB Signing");
}

/* Finds who signed it. *text: the first text that has such a one, whatever else; *any: there is some signer. */
static void signer_find(struct chain_search *search, const struct attest_chain **text, bool *any,
			const struct attest_signed *s)
{
	const struct certificate_pool *pool = &search->x->pool;

	for (size_t i = 0; i < POOL_CERTIFICATES; i++) {
		const struct x509_certificate *c = pool_at(pool, i);

		if (!c || !is_signer(c))
			continue;
		*any = true;
		if (!signed_by(s, c->key))
			continue;
		if (!*text)
			*text = &pool->texts[i / CHAIN_MAX];
		search_leaf(search, c);
	}
}

/* Where no chain verifies, the text with the signer is what is refused. */
static enum attest_rule signer_of_text(struct attest_chain *out, const struct attest_chain *text)
{
	const struct x509_certificate *c[CHAIN_MAX];

	for (size_t i = 0; i < text->count; i++)
		c[i] = &text->certificates[i];
	return pool_chain(out, c, text->count);
}

static bool signer_is_known(const struct verification *x, const struct attest_chain *signer)
{
	if (x->signer.count == 0 || x->signer.count != signer->count)
		return false;
	for (size_t i = 0; i < signer->count; i++) {
		if (memcmp(x->signer.certificates[i].digest, signer->certificates[i].digest,
			   SHA256_SIZE) != 0)
			return false;
	}
	return true;
}

/* The chain is new here: is it good, of the same root, valid, not revoked? */
static bool trust_signer(struct verification *x, const struct attest_chain *signer,
			 const char *what)
{
	enum attest_rule rule = chain_verify(signer, CHAIN_TCB);
	struct attest_window window = chain_window(signer);

	if (rule == ATTEST_OK &&
	    !attest_holds(ROOT_SAME, memcmp(chain_root(signer)->key, chain_root(&x->pck_chain)->key,
					    ECDSA_P256_KEY_SIZE) == 0))
		rule = ATTEST_ROOT_SAME;
	if (rule) {
		verification_refuse(x, rule, what);
		return false;
	}
	if (attest_applies(SIGNER_TIME))
		attest_narrow(x->v, x->p, ATTEST_SIGNER_TIME, &window, x->now, what);
	if (!attest_holds(SIGNER_REVOKED, !lists_have(x, &x->root_lists, chain_leaf(signer))))
		verification_refuse(x, ATTEST_SIGNER_REVOKED, what);
	return true;
}

bool trust_signed(struct verification *x, const struct attest_signed *s, enum attest_rule rule,
		  const char *what)
{
	struct chain_search search = {.x = x, .role = CHAIN_TCB};
	const struct attest_chain *text = NULL;
	bool any = false;
	bool known;

	signer_find(&search, &text, &any, s);
	if (!any)
		rule = rule_unless_off(SIGNER_GIVEN);
	if (text)
		rule = search.worth ? ATTEST_OK : signer_of_text(&search.best, text);
	if (!text || rule) {
		if (rule)
			verification_refuse(x, rule, what);
		return rule == ATTEST_OK;
	}
	known = signer_is_known(x, &search.best);
	if (!known && trust_signer(x, &search.best, what)) {
		chain_fini(&x->signer);
		x->signer = search.best;
		return true;
	}
	chain_fini(&search.best);
	return known;
}
