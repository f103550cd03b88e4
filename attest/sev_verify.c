/*
 * The verdict on an SEV-SNP report: certificates, revocation, the key's signature and what it is bound to, and what
 * the owner asks for.
 * Trust: report and collateral are untrusted; the policy is the owner's.
 * Invariant: what is wrong with the report's making ends the check, what is merely not asked for does not: such
 * reasons are all named.
 */
#include <string.h>

#include <mbedtls/ecdsa.h>
#include <mbedtls/sha512.h>

#include "attest/sev_impl.h"
#include "attest/verify.h"

#define SIGNATURE_NUMBER 72 /* bytes of R and of S */

/* ---- the signature ---- */

/* A little-endian number of 72 bytes. */
static int read_number(mbedtls_mpi *out, const uint8_t *p)
{
	return mbedtls_mpi_read_binary_le(out, p, SIGNATURE_NUMBER);
}

bool sev_report_signed_by(const struct sev_report *report, const mbedtls_x509_crt *key)
{
	uint8_t hash[64]; /* the library's word for SHA-384 too */
	mbedtls_mpi r, s;

	if (!mbedtls_pk_can_do(&key->pk, MBEDTLS_PK_ECDSA))
		return false;
	mbedtls_ecp_keypair *ec = mbedtls_pk_ec(key->pk);

	mbedtls_mpi_init(&r);
	mbedtls_mpi_init(&s);
	bool ok = read_number(&r, report->signature) == 0 &&
		  read_number(&s, report->signature + SIGNATURE_NUMBER) == 0 &&
		  mbedtls_sha512_ret(report->message, SEV_SIGNED_SIZE, hash, 1) == 0 &&
		  mbedtls_ecdsa_verify(&ec->grp, hash, SHA384_SIZE, &ec->Q, &r, &s) == 0;

	mbedtls_mpi_free(&r);
	mbedtls_mpi_free(&s);
	return ok;
}

/* ---- what the key is bound to ---- */

static bool reserved_is_zero(enum sev_product product, const uint8_t tcb[SEV_TCB_SIZE])
{
	const unsigned first = product == SEV_TURIN ? 4 : 2, end = product == SEV_TURIN ? 7 : 6;

	for (unsigned i = first; i < end; i++) {
		if (tcb[i] != 0)
			return false;
	}
	return true;
}

static bool tcb_equal(const struct sev_tcb *a, const struct sev_tcb *b)
{
	return a->fmc == b->fmc && a->boot_loader == b->boot_loader && a->tee == b->tee &&
	       a->snp == b->snp && a->microcode == b->microcode;
}

/* No security version of a is below b's. */
static bool tcb_reaches(const struct sev_tcb *a, const struct sev_tcb *b)
{
	return a->fmc >= b->fmc && a->boot_loader >= b->boot_loader && a->tee >= b->tee &&
	       a->snp >= b->snp && a->microcode >= b->microcode;
}

static enum attest_rule check_binding(const struct sev_report *report, const struct sev_key *key)
{
	const struct sev_tcb tcb = sev_tcb_read(key->product, report->reported_tcb);
	/* A chip that is masked has no name in the report; its own key bound it. */
	const bool named = report->signing_key == SEV_VCEK && !report->chip_masked;

	if (named && !attest_holds(SEV_CHIP, memcmp(report->chip_id, key->hardware_id,
						    sizeof report->chip_id) == 0))
		return ATTEST_SEV_CHIP;
	if (!attest_holds(SEV_TCB_RESERVED, reserved_is_zero(key->product, report->reported_tcb)))
		return ATTEST_SEV_TCB_RESERVED;
	if (!attest_holds(SEV_TCB_EQUAL, tcb_equal(&tcb, &key->tcb)))
		return ATTEST_SEV_TCB_EQUAL;
	return ATTEST_OK;
}

/* AMD's root, or the one that the policy names. */
static bool root_is_accepted(struct attest_verdict *v, const struct sev_chain *chain,
			     enum sev_product product, const struct attest_policy *policy)
{
	const mbedtls_x509_crt *ark = chain->signers.next;
	uint8_t digest[SHA256_SIZE];

	sha256_digest(digest, ark->raw.p, ark->raw.len);
	if (sev_root_is_pinned(digest, product))
		return true;
	if (!policy->insecure_accept_root ||
	    memcmp(policy->insecure_accept_root, digest, sizeof digest) != 0)
		return false;
	attest_relax(v, ATTEST_insecure_accept_root);
	return true;
}

/* The certificates: of this kind of key and of this product, up to a root that is trusted. */
static enum attest_rule check_chain(struct sev_key *key, struct attest_verdict *v,
				    const struct sev_chain *chain,
				    const struct attest_policy *policy)
{
	const struct sev_report *report = &v->sev;
	enum attest_rule rule = sev_key_read(key, &chain->key);

	if (rule != ATTEST_OK)
		return rule;
	if (!attest_holds(SEV_KEY_PRODUCT, report->product == SEV_PRODUCT_UNKNOWN ||
						   report->product == key->product))
		return ATTEST_SEV_KEY_PRODUCT;
	if (!attest_holds(SEV_KEY_KIND,
			  (report->signing_key == SEV_VCEK) == (key->hardware_id_size > 0)))
		return ATTEST_SEV_KEY_KIND;
	if (!attest_holds(SEV_ROOT, root_is_accepted(v, chain, key->product, policy)))
		return ATTEST_SEV_ROOT;
	return sev_chain_check(chain, key->product, report->signing_key);
}

static enum attest_rule check_authentic(struct sev_key *key, struct attest_verdict *v,
					const struct sev_chain *chain,
					const struct attest_policy *policy)
{
	enum attest_rule rule = check_chain(key, v, chain, policy);

	if (rule != ATTEST_OK)
		return rule;
	/* First whether it is this chip's key, as it says: of another key no signature could hold. */
	rule = check_binding(&v->sev, key);
	if (rule != ATTEST_OK)
		return rule;
	return attest_holds(SEV_SIGNATURE, sev_report_signed_by(&v->sev, &chain->key))
		       ? ATTEST_OK
		       : ATTEST_SEV_SIGNATURE;
}

/* ---- revocation, time ---- */

/* As trust_issued has it. */
static void check_age(struct attest_verdict *v, const struct attest_window *w,
		      const struct attest_policy *policy, int64_t now)
{
	const uint64_t age = w->not_before < now ? (uint64_t)now - (uint64_t)w->not_before : 0;

	if (policy->max_collateral_age > 0 &&
	    !attest_holds(COLLATERAL_AGE, age <= (uint64_t)policy->max_collateral_age))
		attest_refuse(v, ATTEST_COLLATERAL_AGE, "the list");
}

static void check_crl(struct attest_verdict *v, const struct sev_chain *chain,
		      const struct sev_collateral *collateral, const struct attest_policy *policy,
		      int64_t now)
{
	struct attest_window window;

	if (!collateral->crl) {
		if (policy->insecure_accept_missing_crl)
			attest_relax(v, ATTEST_insecure_accept_missing_crl);
		else if (attest_applies(SEV_CRL_MISSING))
			attest_refuse(v, ATTEST_SEV_CRL_MISSING, NULL);
		return;
	}
	enum attest_rule rule =
		sev_crl_check(&window, chain, collateral->crl, collateral->crl_size);

	if (rule != ATTEST_OK) {
		attest_refuse(v, rule, NULL);
		return;
	}
	if (attest_applies(SEV_CRL_TIME))
		attest_narrow(v, policy, ATTEST_SEV_CRL_TIME, &window, now, "the list");
	check_age(v, &window, policy, now);
}

/* ---- the owner's wishes ---- */

static void check_guest(struct attest_verdict *v, const struct sev_report *report,
			const struct attest_policy *policy)
{
	const struct sev_policy *p = &policy->sev;

	if (v->debug && attest_applies(SEV_DEBUG)) {
		if (policy->insecure_accept_debug)
			attest_relax(v, ATTEST_insecure_accept_debug);
		else
			attest_refuse(v, ATTEST_SEV_DEBUG, NULL);
	}
	if ((report->policy & SEV_POLICY_MIGRATE) && attest_applies(SEV_MIGRATION)) {
		if (policy->insecure_accept_migration)
			attest_relax(v, ATTEST_insecure_accept_migration);
		else
			attest_refuse(v, ATTEST_SEV_MIGRATION, NULL);
	}
	if (!attest_holds(SEV_SMT, !p->refuse_smt || !(report->policy & SEV_POLICY_SMT)))
		attest_refuse(v, ATTEST_SEV_SMT, NULL);
	if (!attest_holds(SEV_VMPL, report->vmpl <= p->vmpl))
		attest_refuse(v, ATTEST_SEV_VMPL, "VMPL %u", report->vmpl);
	if (!attest_holds(SEV_GUEST_SVN, report->guest_svn >= p->guest_svn))
		attest_refuse(v, ATTEST_SEV_GUEST_SVN, "%u, not %u", report->guest_svn,
			      p->guest_svn);
	if (!attest_holds(SEV_TCB_FLOOR, tcb_reaches(&v->sev_tcb, &p->tcb)))
		attest_refuse(v, ATTEST_SEV_TCB_FLOOR, NULL);
}

/* What of the policy speaks of enclaves, or of what Intel publishes, cannot hold for such a guest. */
static void check_foreign(struct attest_verdict *v, const struct attest_policy *policy)
{
	const bool enclave = policy->mr_enclave || policy->mr_signer || policy->launch_digest;

	if (!attest_holds(SEV_FOREIGN,
			  !enclave && !policy->advisories && policy->min_tcb_evaluation == 0))
		attest_refuse(v, ATTEST_SEV_FOREIGN, NULL);
}

static bool is_wanted(const uint8_t *wanted, const uint8_t *is, size_t size)
{
	return !wanted || memcmp(wanted, is, size) == 0;
}

static void check_content(struct attest_verdict *v, const struct sev_report *report,
			  const struct attest_policy *policy)
{
	if (!attest_holds(SEV_MEASUREMENT, is_wanted(policy->measurement, report->measurement,
						     SEV_MEASUREMENT_SIZE)))
		attest_refuse(v, ATTEST_SEV_MEASUREMENT, NULL);
	if (!attest_holds(SEV_HOST_DATA,
			  is_wanted(policy->sev.host_data, report->host_data, SEV_HOST_DATA_SIZE)))
		attest_refuse(v, ATTEST_SEV_HOST_DATA, NULL);
	if (!attest_holds(SEV_REPORT_DATA, is_wanted(policy->report_data, report->report_data,
						     SEV_REPORT_DATA_SIZE)))
		attest_refuse(v, ATTEST_SEV_REPORT_DATA, NULL);
}

/* ---- all of it ---- */

static void tell_report(struct attest_verdict *v, const struct sev_report *report)
{
	v->decoded = true;
	v->sev = *report;
	v->debug = (report->policy & SEV_POLICY_DEBUG) != 0;
	memcpy(v->report_data, report->report_data, sizeof v->report_data);
}

static void verify_with(struct attest_verdict *v, struct sev_chain *chain,
			const struct sev_collateral *collateral, const struct attest_policy *policy,
			int64_t now)
{
	struct sev_key key;
	enum attest_rule rule = sev_chain_parse(chain, collateral);

	if (rule == ATTEST_OK)
		rule = check_authentic(&key, v, chain, policy);
	if (rule != ATTEST_OK) {
		attest_refuse(v, rule, NULL);
		return;
	}
	const struct attest_window window = sev_chain_window(chain);

	v->sev.product = key.product;
	v->sev_tcb = key.tcb;
	if (attest_applies(SEV_TIME))
		attest_narrow(v, policy, ATTEST_SEV_TIME, &window, now, "the certificates");
	check_crl(v, chain, collateral, policy, now);
	check_guest(v, &v->sev, policy);
	check_foreign(v, policy);
	check_content(v, &v->sev, policy);
}

enum err sev_verify(struct attest_verdict *v, const void *p, size_t size,
		    const struct sev_collateral *collateral, const struct attest_policy *policy,
		    int64_t now)
{
	struct sev_report report;
	struct sev_chain chain;
	enum attest_rule rule = sev_decode(&report, p, size);

	v->tee = ATTEST_TEE_SEV_SNP;
	if (rule == ATTEST_OK) {
		tell_report(v, &report);
		sev_chain_init(&chain);
		verify_with(v, &chain, collateral, policy, now);
		sev_chain_fini(&chain);
	} else {
		attest_refuse(v, rule, NULL);
	}
	attest_conclude(v, ATTEST_STATUS_VERIFIED);
	return E_OK;
}
