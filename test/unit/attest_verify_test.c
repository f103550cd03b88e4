/*
 * The verdict on a made-up platform: accepted as it stands; with any one thing wrong refused by the
 * rule that is meant, and by no other. And the simulator's own: refused unless it is asked for.
 */
#include "attest/verify.h"

#include <stdlib.h>
#include <string.h>

#include "attest/json.h"
#include "base/heap.h"

#include "test/lib/attest_scene.h"
#include "test/lib/check.h"

static struct scene g_scene;
static struct scene g_td;
static struct pki_world g_foreign;

/* ---- one thing wrong, each ------------------------------------------------------------------- */

static void no_pck_chain(struct scene *s)
{
	static const uint8_t ppid[404];

	s->quote.certification = QUOTE_PPID_RSA_3072;
	s->quote.certification_data = ppid;
	s->quote.certification_size = sizeof ppid;
}

static void empty_pck_chain(struct scene *s)
{
	s->quote.certification_data = "";
	s->quote.certification_size = 0;
}

static void unknown_root(struct scene *s)
{
	s->policy.insecure_accept_root = NULL;
}

static void other_root_accepted(struct scene *s)
{
	s->root_digest[31] ^= 1;
}

/* A signer whose root is another, of the same name. */
static void foreign_signer(struct scene *s)
{
	pki_world(&g_foreign);
	pki_key(&g_foreign.keys[PKI_ROOT], "another root");
	s->signer_world = &g_foreign;
	s->info_signer = s->identity_signer = &g_foreign.keys[PKI_SIGNER];
}

static void pck_expired(struct scene *s)
{
	s->world.certificates[PKI_LEAF].not_after = "240531235959Z";
}

static void pck_not_yet_valid(struct scene *s)
{
	s->world.certificates[PKI_LEAF].not_before = "240601000001Z";
}

static void ca_expired(struct scene *s)
{
	s->world.certificates[PKI_CA].not_after = "240531235959Z";
}

static void no_root_crl(struct scene *s)
{
	s->no_root_crl = true;
}

static void root_crl_expired(struct scene *s)
{
	s->root_crl_until = "240531235959Z";
}

static void root_crl_not_yet_valid(struct scene *s)
{
	s->root_crl_from = "240601000001Z";
}

static void ca_revoked(struct scene *s)
{
	s->root_revoked = s->world.certificates[PKI_CA].serial;
}

static void no_pck_crl(struct scene *s)
{
	s->no_pck_crl = true;
}

static void pck_crl_expired(struct scene *s)
{
	s->pck_crl_until = "240531235959Z";
}

static void pck_revoked(struct scene *s)
{
	s->pck_revoked = s->world.certificates[PKI_LEAF].serial;
}

static void no_signer(struct scene *s)
{
	s->signer_world = NULL;
}

static void signer_expired(struct scene *s)
{
	s->world.certificates[PKI_SIGNER].not_after = "240531235959Z";
}

static void signer_revoked(struct scene *s)
{
	s->root_revoked = s->world.certificates[PKI_SIGNER].serial;
}

static void no_info(struct scene *s)
{
	s->info_signer = NULL;
}

static void info_forged(struct scene *s)
{
	s->info_signer = &s->attestation_key;
}

static void info_malformed(struct scene *s)
{
	s->levels[4].status = "Splendid";
}

static void info_of_version_4(struct scene *s)
{
	s->info_version = 4;
}

static void info_of_type_1(struct scene *s)
{
	s->info_type = 1;
}

static void info_expired(struct scene *s)
{
	s->info_until = "2024-05-31T23:59:59Z";
}

static void info_not_yet_valid(struct scene *s)
{
	s->info_from = "2024-06-01T00:00:01Z";
}

static void info_of_tdx(struct scene *s)
{
	s->info_id = "TDX";
	s->module_count = 1;
}

static void info_of_another_model(struct scene *s)
{
	s->info_fmspc = "00606a000002";
}

static void info_of_another_pce(struct scene *s)
{
	s->info_pceid = "0001";
}

static void no_identity(struct scene *s)
{
	s->identity_signer = NULL;
}

static void identity_forged(struct scene *s)
{
	s->identity_signer = &s->attestation_key;
}

static void identity_malformed(struct scene *s)
{
	s->identity_status = "Splendid";
}

static void identity_of_version_1(struct scene *s)
{
	s->identity_version = 1;
}

static void identity_of_qve(struct scene *s)
{
	s->identity_id = "QVE";
}

static void identity_expired(struct scene *s)
{
	s->identity_until = "2024-05-31T23:59:59Z";
}

static void identity_of_td_qe(struct scene *s)
{
	s->identity_id = "TD_QE";
}

static void qe_miscselect(struct scene *s)
{
	s->quote.qe.miscselect = 1;
}

static void qe_debug(struct scene *s)
{
	s->quote.qe.attributes.flags |= ATTRIBUTE_DEBUG;
}

static void qe_of_another_signer(struct scene *s)
{
	s->quote.qe.mrsigner[31] ^= 1;
}

static void qe_of_another_product(struct scene *s)
{
	s->quote.qe.isvprodid = 2;
}

static void qe_too_old(struct scene *s)
{
	s->quote.qe.isvsvn = 2;
}

static void qe_revoked(struct scene *s)
{
	s->quote.qe.isvsvn = 3;
}

static void platform_too_old(struct scene *s)
{
	s->world.pck.components[15] = 0;
	pki_world_extend(&s->world);
}

static void pce_too_old(struct scene *s)
{
	s->world.pck.pcesvn = 12;
	pki_world_extend(&s->world);
}

static void set_components(struct scene *s, uint8_t svn)
{
	s->world.pck.components[7] = svn;
	pki_world_extend(&s->world);
}

static void platform_revoked(struct scene *s)
{
	set_components(s, 1);
}

static void platform_out_of_date(struct scene *s)
{
	set_components(s, 2);
}

static void qe_forged(struct scene *s)
{
	s->quote.pck = &s->attestation_key;
}

static void debug_enclave(struct scene *s)
{
	s->quote.enclave.attributes.flags |= ATTRIBUTE_DEBUG;
}

static const uint8_t g_aa[48] = {
	0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
	0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
	0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
	0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
};
static const uint8_t g_zeros[64];
static uint8_t g_wanted[64];

/* What the policy wants: size bytes, the last one of them as given. */
static const uint8_t *wanted(uint8_t byte, unsigned size, uint8_t last)
{
	memset(g_wanted, byte, sizeof g_wanted);
	g_wanted[size - 1] = last;
	return g_wanted;
}

static void another_enclave(struct scene *s)
{
	s->policy.mr_enclave = wanted(0xaa, 32, 0xab);
}

static void want_signer(struct scene *s)
{
	s->policy.mr_signer = wanted(0xbb, 32, 0xbb);
	s->policy.isv_prod_id = 7;
	s->policy.isv_svn = 3;
}

static void another_signer(struct scene *s)
{
	want_signer(s);
	s->policy.mr_signer = wanted(0xbb, 32, 0xba);
}

static void another_product(struct scene *s)
{
	want_signer(s);
	s->policy.isv_prod_id = 8;
}

static void older_version(struct scene *s)
{
	want_signer(s);
	s->policy.isv_svn = 4;
}

static void another_launch(struct scene *s)
{
	s->policy.launch_digest = wanted(0xcc, 32, 0xcd);
}

static void longer_launch(struct scene *s)
{
	s->policy.launch_digest = wanted(0xcc, 32, 0xcc);
	s->quote.enclave.configid[63] = 1;
}

static void another_config_svn(struct scene *s)
{
	s->policy.launch_digest = wanted(0xcc, 32, 0xcc);
	s->quote.enclave.configsvn = 1;
}

static void other_report_data(struct scene *s)
{
	s->policy.report_data = wanted(0xdd, 64, 0xdc);
}

static void want_a_guest(struct scene *s)
{
	s->policy.measurement = g_aa;
}

static void td_other_rtmr(struct scene *s)
{
	s->policy.rtmr[3] = wanted(0x13, 48, 0x14);
}

static void td_other_config(struct scene *s)
{
	s->policy.mr_config_id = wanted(0x20, 48, 0x21);
}

static void td_other_owner(struct scene *s)
{
	s->policy.mr_owner = wanted(0x30, 48, 0x31);
}

static void want_host_data(struct scene *s)
{
	s->policy.sev.host_data = g_aa;
}

static void want_a_guests_version(struct scene *s)
{
	s->policy.sev.guest_svn = 1;
}

static void want_no_smt(struct scene *s)
{
	s->policy.sev.refuse_smt = true;
}

static void want_a_guests_firmware(struct scene *s)
{
	s->policy.sev.tcb.snp = 1;
}

static void later_evaluation(struct scene *s)
{
	s->policy.min_tcb_evaluation = 18;
}

static void older_evaluation_of_identity(struct scene *s)
{
	s->policy.min_tcb_evaluation = 17;
	s->identity_evaluation = 16;
}

/* The list of the root's is the oldest: 17 days. */
static void collateral_too_old(struct scene *s)
{
	s->policy.max_collateral_age = 17 * 86400 - 1;
}

static void advisory_not_allowed(struct scene *s)
{
	static const char *const allowed[] = {"INTEL-SA-00003"};

	set_components(s, 4);
	s->policy.accepted_statuses = 1U << ATTEST_STATUS_SW_HARDENING_NEEDED;
	s->policy.advisories = allowed;
	s->policy.advisory_count = 1;
}

struct negative {
	const char *claim;
	void (*spoil)(struct scene *s);
	enum attest_rule rule;
	enum attest_status status;
};

#define ST(name) ATTEST_STATUS_##name

static const struct negative g_negatives[] = {
	{"no certificates of the platform", no_pck_chain, ATTEST_PCK_CHAIN_GIVEN, ST(MISSING)},
	{"an empty chain", empty_pck_chain, ATTEST_PCK_CHAIN_GIVEN, ST(MISSING)},
	{"an unknown root", unknown_root, ATTEST_ROOT_KNOWN, ST(INVALID)},
	{"a root that is not the one accepted", other_root_accepted, ATTEST_ROOT_KNOWN,
	 ST(INVALID)},
	{"a PCK that expired", pck_expired, ATTEST_PCK_CHAIN_TIME, ST(EXPIRED)},
	{"a PCK that is not valid yet", pck_not_yet_valid, ATTEST_PCK_CHAIN_TIME, ST(EXPIRED)},
	{"a CA that expired", ca_expired, ATTEST_PCK_CHAIN_TIME, ST(EXPIRED)},
	{"no CRL of the root", no_root_crl, ATTEST_ROOT_CRL_GIVEN, ST(MISSING)},
	{"a CRL of the root that expired", root_crl_expired, ATTEST_ROOT_CRL_TIME, ST(EXPIRED)},
	{"a CRL of the root of tomorrow", root_crl_not_yet_valid, ATTEST_ROOT_CRL_TIME,
	 ST(EXPIRED)},
	{"a CA that was revoked", ca_revoked, ATTEST_CA_REVOKED, ST(REVOKED)},
	{"no CRL of the CA", no_pck_crl, ATTEST_PCK_CRL_GIVEN, ST(MISSING)},
	{"a CRL of the CA that expired", pck_crl_expired, ATTEST_PCK_CRL_TIME, ST(EXPIRED)},
	{"a PCK that was revoked", pck_revoked, ATTEST_PCK_REVOKED, ST(REVOKED)},
	{"no TCB info", no_info, ATTEST_TCB_INFO_GIVEN, ST(MISSING)},
	{"a TCB info that another signed", info_forged, ATTEST_TCB_INFO_SIGNED, ST(INVALID)},
	{"a TCB info with a status that is unknown", info_malformed, ATTEST_TCB_INFO_FORM,
	 ST(INVALID)},
	{"a TCB info of version 4", info_of_version_4, ATTEST_TCB_INFO_VERSION, ST(INVALID)},
	{"a TCB info of type 1", info_of_type_1, ATTEST_TCB_INFO_VERSION, ST(INVALID)},
	{"a TCB info that expired", info_expired, ATTEST_TCB_INFO_TIME, ST(EXPIRED)},
	{"a TCB info of tomorrow", info_not_yet_valid, ATTEST_TCB_INFO_TIME, ST(EXPIRED)},
	{"a TCB info of TDX", info_of_tdx, ATTEST_TCB_INFO_TEE, ST(MISSING)},
	{"a TCB info of another model", info_of_another_model, ATTEST_TCB_INFO_FMSPC, ST(MISSING)},
	{"a TCB info of another PCE", info_of_another_pce, ATTEST_TCB_INFO_PCEID, ST(MISSING)},
	{"no identity", no_identity, ATTEST_IDENTITY_GIVEN, ST(MISSING)},
	{"an identity that another signed", identity_forged, ATTEST_IDENTITY_SIGNED, ST(INVALID)},
	{"an identity with a status that is unknown", identity_malformed, ATTEST_IDENTITY_FORM,
	 ST(INVALID)},
	{"an identity of version 1", identity_of_version_1, ATTEST_IDENTITY_VERSION, ST(INVALID)},
	{"an identity of another enclave", identity_of_qve, ATTEST_IDENTITY_KNOWN, ST(INVALID)},
	{"an identity that expired", identity_expired, ATTEST_IDENTITY_TIME, ST(EXPIRED)},
	{"an identity of the TD quoting enclave", identity_of_td_qe, ATTEST_IDENTITY_ID,
	 ST(MISSING)},
	{"another MISCSELECT of the quoting enclave", qe_miscselect, ATTEST_QE_MISCSELECT,
	 ST(INVALID)},
	{"a debug quoting enclave", qe_debug, ATTEST_QE_ATTRIBUTES, ST(INVALID)},
	{"a quoting enclave of another signer", qe_of_another_signer, ATTEST_QE_MRSIGNER,
	 ST(INVALID)},
	{"another enclave of the same signer", qe_of_another_product, ATTEST_QE_PRODID,
	 ST(INVALID)},
	{"a quoting enclave below every level", qe_too_old, ATTEST_QE_LEVEL, ST(NOT_SUPPORTED)},
	{"a quoting enclave that is revoked", qe_revoked, ATTEST_TCB_REVOKED, ST(REVOKED)},
	{"a report that the PCK did not sign", qe_forged, ATTEST_QE_SIGNATURE, ST(INVALID)},
	{"a component below every level", platform_too_old, ATTEST_TCB_LEVEL, ST(NOT_SUPPORTED)},
	{"a PCE below every level", pce_too_old, ATTEST_TCB_LEVEL, ST(NOT_SUPPORTED)},
	{"a platform that is revoked", platform_revoked, ATTEST_TCB_REVOKED, ST(REVOKED)},
	{"a platform that is out of date", platform_out_of_date, ATTEST_STATUS_ACCEPTED,
	 ST(OUT_OF_DATE)},
	{"an advisory that is not allowed", advisory_not_allowed, ATTEST_ADVISORIES_ALLOWED,
	 ST(SW_HARDENING_NEEDED)},
	{"an evaluation below the policy's", later_evaluation, ATTEST_TCB_EVALUATION,
	 ST(UP_TO_DATE)},
	{"an evaluation of the identity below the policy's", older_evaluation_of_identity,
	 ATTEST_TCB_EVALUATION, ST(UP_TO_DATE)},
	{"a CRL older than the policy allows", collateral_too_old, ATTEST_COLLATERAL_AGE,
	 ST(UP_TO_DATE)},
	{"a debug enclave", debug_enclave, ATTEST_DEBUG_REFUSED, ST(UP_TO_DATE)},
	{"a guest's measurement wanted", want_a_guest, ATTEST_POLICY_KIND, ST(UP_TO_DATE)},
	{"a TD's RTMR wanted", td_other_rtmr, ATTEST_POLICY_KIND, ST(UP_TO_DATE)},
	{"a TD's MRCONFIGID wanted", td_other_config, ATTEST_POLICY_KIND, ST(UP_TO_DATE)},
	{"a TD's MROWNER wanted", td_other_owner, ATTEST_POLICY_KIND, ST(UP_TO_DATE)},
	{"host data wanted", want_host_data, ATTEST_POLICY_KIND, ST(UP_TO_DATE)},
	{"a guest's version wanted", want_a_guests_version, ATTEST_POLICY_KIND, ST(UP_TO_DATE)},
	{"no SMT wanted", want_no_smt, ATTEST_POLICY_KIND, ST(UP_TO_DATE)},
	{"a guest's firmware wanted", want_a_guests_firmware, ATTEST_POLICY_KIND, ST(UP_TO_DATE)},
	{"another enclave", another_enclave, ATTEST_MR_ENCLAVE, ST(UP_TO_DATE)},
	{"an enclave of another signer", another_signer, ATTEST_MR_SIGNER, ST(UP_TO_DATE)},
	{"another product", another_product, ATTEST_ISV_PROD_ID, ST(UP_TO_DATE)},
	{"a security version below the policy's", older_version, ATTEST_ISV_SVN, ST(UP_TO_DATE)},
	{"another launch", another_launch, ATTEST_LAUNCH_DIGEST, ST(UP_TO_DATE)},
	{"a launch digest with more behind it", longer_launch, ATTEST_LAUNCH_DIGEST,
	 ST(UP_TO_DATE)},
	{"a CONFIGSVN", another_config_svn, ATTEST_CONFIG_SVN, ST(UP_TO_DATE)},
	{"other report data", other_report_data, ATTEST_REPORT_DATA, ST(UP_TO_DATE)},
};

static void explain(const struct scene *s, const char *claim)
{
	char *text = attest_verdict_text(&s->verdict);

	printf("%s: %s", claim, text);
	heap_free(text);
}

/* Where a rule was left out (test/score.sh) one failure is enough. */
static void stop_if_missed(void)
{
	if (g_checks_failed && getenv("ATTEST_RULE_OFF"))
		exit(1);
}

/* Refused, by this rule and no other. */
static void check_refused(struct scene *s, const struct negative *n)
{
	int before = g_checks_failed;

	n->spoil(s);
	scene_verify(s);
	CHECK(!s->verdict.accepted);
	CHECK_EQ(s->verdict.status, n->status);
	CHECK_EQ(s->verdict.reason_count, 1);
	CHECK_EQ(s->verdict.reasons[0].rule, n->rule);
	if (g_checks_failed != before)
		explain(s, n->claim);
	stop_if_missed();
}

TEST(a_platform_in_order_is_accepted)
{
	scene_init(&g_scene);
	scene_verify(&g_scene);
	CHECK(g_scene.verdict.accepted);
	CHECK_EQ(g_scene.verdict.status, ATTEST_STATUS_UP_TO_DATE);
	CHECK_EQ(g_scene.verdict.reason_count, 0);
	CHECK_EQ(g_scene.verdict.relaxations, 1U << ATTEST_insecure_accept_root);
	CHECK_EQ(g_scene.verdict.tee, ATTEST_TEE_SGX);
	CHECK_EQ(g_scene.verdict.tcb_date, 1691539200); /* the quoting enclave's */
	CHECK_EQ(g_scene.verdict.advisory_count, 0);
	CHECK_EQ(g_scene.verdict.tcb_evaluation, 17);
	if (!g_scene.verdict.accepted)
		explain(&g_scene, "in order");
}

TEST(one_thing_wrong_is_refused_by_its_rule_alone)
{
	for (unsigned i = 0; i < COUNT_OF(g_negatives); i++) {
		scene_init(&g_scene);
		check_refused(&g_scene, &g_negatives[i]);
	}
}

/* These spoil both texts, or the quote for more than one rule. */
TEST(a_signer_is_given_valid_of_the_same_root_and_not_revoked)
{
	static const struct negative signers[] = {
		{"no signer", no_signer, ATTEST_SIGNER_GIVEN, ST(MISSING)},
		{"a signer of another root", foreign_signer, ATTEST_ROOT_SAME, ST(INVALID)},
		{"a signer that expired", signer_expired, ATTEST_SIGNER_TIME, ST(EXPIRED)},
		{"a signer that was revoked", signer_revoked, ATTEST_SIGNER_REVOKED, ST(REVOKED)},
	};

	for (unsigned i = 0; i < COUNT_OF(signers); i++) {
		scene_init(&g_scene);
		signers[i].spoil(&g_scene);
		scene_verify(&g_scene);
		CHECK(!g_scene.verdict.accepted);
		CHECK_EQ(g_scene.verdict.status, signers[i].status);
		CHECK(scene_refused_by(&g_scene, signers[i].rule));
	}
}

/* ---- statuses -------------------------------------------------------------------------------- */

TEST(a_platform_is_judged_by_the_highest_level_that_it_reaches)
{
	static const enum attest_status expected[] = {
		ATTEST_STATUS_NOT_SUPPORTED,	   ATTEST_STATUS_REVOKED,
		ATTEST_STATUS_OUT_OF_DATE,	   ATTEST_STATUS_CONFIGURATION_NEEDED,
		ATTEST_STATUS_SW_HARDENING_NEEDED, ATTEST_STATUS_UP_TO_DATE,
		ATTEST_STATUS_UP_TO_DATE,
	};

	for (uint8_t svn = 0; svn < COUNT_OF(expected); svn++) {
		scene_init(&g_scene);
		set_components(&g_scene, svn);
		g_scene.policy.accepted_statuses = UINT32_MAX;
		scene_verify(&g_scene);
		CHECK_EQ(g_scene.verdict.status, expected[svn]);
		CHECK_EQ(g_scene.verdict.accepted, svn >= 2);
	}
}

TEST(a_level_is_the_highest_in_whatever_order_they_stand)
{
	struct scene_level first;

	scene_init(&g_scene);
	first = g_scene.levels[0];
	g_scene.levels[0] = g_scene.levels[3];
	g_scene.levels[3] = first;
	scene_verify(&g_scene);
	CHECK_EQ(g_scene.verdict.status, ATTEST_STATUS_UP_TO_DATE);
	CHECK(g_scene.verdict.accepted);
}

TEST(an_accepted_status_is_told_with_its_advisories)
{
	scene_init(&g_scene);
	set_components(&g_scene, 4);
	g_scene.policy.accepted_statuses = 1U << ATTEST_STATUS_SW_HARDENING_NEEDED;
	scene_verify(&g_scene);
	CHECK(g_scene.verdict.accepted);
	CHECK_EQ(g_scene.verdict.advisory_count, 1);
	CHECK(strcmp(g_scene.verdict.advisories[0], "INTEL-SA-00004") == 0);
	set_components(&g_scene, 3);
	scene_verify(&g_scene);
	CHECK(!g_scene.verdict.accepted);
}

TEST(a_platform_is_no_better_than_its_quoting_enclave)
{
	static const struct {
		uint8_t svn;
		enum attest_status status;
	} rows[] = {
		{5, ATTEST_STATUS_OUT_OF_DATE},
		{4, ATTEST_STATUS_OUT_OF_DATE},
		{3, ATTEST_STATUS_OUT_OF_DATE_CONFIGURATION_NEEDED},
		{2, ATTEST_STATUS_OUT_OF_DATE},
		{1, ATTEST_STATUS_REVOKED},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		scene_init(&g_scene);
		set_components(&g_scene, rows[i].svn);
		g_scene.quote.qe.isvsvn = 6;
		g_scene.policy.accepted_statuses = UINT32_MAX;
		scene_verify(&g_scene);
		CHECK_EQ(g_scene.verdict.status, rows[i].status);
	}
}

/* ---- TDX ------------------------------------------------------------------------------------- */

static void accept_all(struct scene *s)
{
	s->policy.accepted_statuses = UINT32_MAX;
}

static void td_module_unknown(struct scene *s)
{
	s->quote.td.tee_tcb_svn[1] = 2;
}

static void td_module_of_another_signer(struct scene *s)
{
	s->quote.td.mrsignerseam[47] = 1;
}

static void td_module_attributes(struct scene *s)
{
	s->quote.td.seam_attributes[7] = 0x80;
}

static void td_module_attributes_wanted(struct scene *s)
{
	s->modules[1].attributes = 1;
	memset(s->quote.td.seam_attributes, 1, sizeof s->quote.td.seam_attributes);
}

static void td_module_too_old(struct scene *s)
{
	s->quote.td.tee_tcb_svn[0] = 1;
}

static void td_module_revoked(struct scene *s)
{
	s->quote.td.tee_tcb_svn[0] = 2;
	s->quote.td15 = false;
}

static void td_component_too_old(struct scene *s)
{
	s->quote.td.tee_tcb_svn[2] = 0;
}

static void td_debug(struct scene *s)
{
	s->quote.td.attributes[0] = 1;
}

static void td_reserved_like_debug(struct scene *s)
{
	s->quote.td.attributes[0] = 0x80;
}

static void td_migratable(struct scene *s)
{
	s->quote.td.attributes[3] |= 0x20;
}

static void td_reserved_8(struct scene *s)
{
	s->quote.td.attributes[1] = 0x01;
}

static void td_reserved_26(struct scene *s)
{
	s->quote.td.attributes[3] |= 0x04;
}

static void td_reserved_32(struct scene *s)
{
	s->quote.td.attributes[4] = 0x01;
}

static void td_reserved_61(struct scene *s)
{
	s->quote.td.attributes[7] = 0x20;
}

static void td_other_measurement(struct scene *s)
{
	s->policy.measurement = wanted(0xaa, 48, 0xab);
}

static void td_want_an_enclave(struct scene *s)
{
	s->policy.mr_enclave = g_aa;
}

static void td_info_of_sgx(struct scene *s)
{
	s->info_id = "SGX";
	s->module_count = 0;
}

static void td_identity_of_qe(struct scene *s)
{
	s->identity_id = "QE";
}

static void td_other_report_data(struct scene *s)
{
	s->policy.report_data = wanted(0xdd, 64, 0xdc);
}

static const struct negative g_td_negatives[] = {
	{"a module without identity", td_module_unknown, ATTEST_MODULE_KNOWN, ST(INVALID)},
	{"a module of another signer", td_module_of_another_signer, ATTEST_MODULE_MRSIGNER,
	 ST(INVALID)},
	{"a module with attributes", td_module_attributes, ATTEST_MODULE_ATTRIBUTES, ST(INVALID)},
	{"a module with attributes that are wanted", td_module_attributes_wanted,
	 ATTEST_MODULE_ATTRIBUTES, ST(INVALID)},
	{"a module below every level", td_module_too_old, ATTEST_MODULE_LEVEL, ST(NOT_SUPPORTED)},
	{"a module that is revoked", td_module_revoked, ATTEST_TCB_REVOKED, ST(REVOKED)},
	{"a TDX component below every level", td_component_too_old, ATTEST_TCB_LEVEL,
	 ST(NOT_SUPPORTED)},
	{"a debug TD", td_debug, ATTEST_DEBUG_REFUSED, ST(UP_TO_DATE)},
	{"a TD with another bit of that group", td_reserved_like_debug, ATTEST_DEBUG_REFUSED,
	 ST(UP_TO_DATE)},
	{"a TD that can be migrated", td_migratable, ATTEST_TD_MIGRATION, ST(UP_TO_DATE)},
	{"a TD with bit 8 of its attributes", td_reserved_8, ATTEST_TD_ATTRIBUTES, ST(INVALID)},
	{"a TD with bit 26", td_reserved_26, ATTEST_TD_ATTRIBUTES, ST(INVALID)},
	{"a TD with bit 32", td_reserved_32, ATTEST_TD_ATTRIBUTES, ST(INVALID)},
	{"a TD with bit 61", td_reserved_61, ATTEST_TD_ATTRIBUTES, ST(INVALID)},
	{"another measurement", td_other_measurement, ATTEST_MEASUREMENT, ST(UP_TO_DATE)},
	{"another RTMR", td_other_rtmr, ATTEST_TD_RTMR, ST(UP_TO_DATE)},
	{"another MRCONFIGID", td_other_config, ATTEST_TD_CONFIG_ID, ST(UP_TO_DATE)},
	{"another MROWNER", td_other_owner, ATTEST_TD_OWNER, ST(UP_TO_DATE)},
	{"an enclave wanted", td_want_an_enclave, ATTEST_POLICY_KIND, ST(UP_TO_DATE)},
	{"host data of a TD wanted", want_host_data, ATTEST_POLICY_KIND, ST(UP_TO_DATE)},
	{"other report data of a TD", td_other_report_data, ATTEST_REPORT_DATA, ST(UP_TO_DATE)},
	{"a TCB info of SGX", td_info_of_sgx, ATTEST_TCB_INFO_TEE, ST(MISSING)},
	{"an identity of QE", td_identity_of_qe, ATTEST_IDENTITY_ID, ST(MISSING)},
};

TEST(a_td_in_order_is_accepted_and_one_thing_wrong_is_not)
{
	scene_init_td(&g_td);
	scene_verify(&g_td);
	CHECK(g_td.verdict.accepted);
	CHECK_EQ(g_td.verdict.status, ATTEST_STATUS_UP_TO_DATE);
	CHECK_EQ(g_td.verdict.tee, ATTEST_TEE_TDX);
	CHECK_EQ(g_td.verdict.tcb_date, 1691539200); /* the oldest part's: 2023-08-09 */
	if (!g_td.verdict.accepted)
		explain(&g_td, "a TD in order");
	for (unsigned i = 0; i < COUNT_OF(g_td_negatives); i++) {
		scene_init_td(&g_td);
		check_refused(&g_td, &g_td_negatives[i]);
	}
}

/* LASS, SEPT_VE_DISABLE, PKS, KL, TPA, PERFMON, each and all; and a service TD that is bound. */
TEST(a_td_may_have_the_attributes_that_are_known)
{
	static const uint8_t bits[] = {27, 28, 30, 31, 62, 63};

	scene_init_td(&g_td);
	for (unsigned i = 0; i < COUNT_OF(bits); i++) {
		g_td.quote.td.attributes[bits[i] / 8] |= (uint8_t)(1U << bits[i] % 8);
		scene_verify(&g_td);
		CHECK(g_td.verdict.accepted);
	}
	memset(g_td.quote.td.mrservicetd, 0x77, sizeof g_td.quote.td.mrservicetd);
	scene_verify(&g_td);
	CHECK(g_td.verdict.accepted);
}

/* Is the member of the identity in the verdict's JSON true? */
static bool identity_says(const struct scene *s, const char *member)
{
	char *text = attest_verdict_json(&s->verdict);
	json_t *json = text ? attest_json_read(text, strlen(text)) : NULL;
	bool said = json_is_true(json_object_get(json_object_get(json, "identity"), member));

	json_decref(json);
	heap_free(text);
	return said;
}

TEST(a_td_has_the_registers_that_are_asked_for)
{
	uint8_t want[6][TD_HASH_SIZE];

	scene_init_td(&g_td);
	for (unsigned i = 0; i < COUNT_OF(want); i++)
		memset(want[i], i < TD_RTMR_COUNT ? 0x10 + (int)i : 0x10 * ((int)i - 2),
		       sizeof want[i]);
	for (unsigned i = 0; i < TD_RTMR_COUNT; i++)
		g_td.policy.rtmr[i] = want[i];
	g_td.policy.mr_config_id = want[4];
	g_td.policy.mr_owner = want[5];
	scene_verify(&g_td);
	CHECK(g_td.verdict.accepted);
	for (unsigned i = 0; i < COUNT_OF(want); i++) {
		want[i][i] ^= 1;
		scene_verify(&g_td);
		CHECK(!g_td.verdict.accepted);
		CHECK_EQ(g_td.verdict.reason_count, 1);
		want[i][i] ^= 1;
	}
}

/* A report of SEV-SNP, which is judged elsewhere, is refused for it. */
TEST(what_is_asked_of_a_td_is_asked_of_every_guest)
{
	static const uint8_t report[SEV_REPORT_SIZE] = {3};

	scene_init_td(&g_td);
	scene_make(&g_td);
	for (unsigned i = 0; i < 2; i++) {
		CHECK_EQ(attest_verify(&g_td.verdict, report, sizeof report, &g_td.collateral,
				       &g_td.policy, g_td.now),
			 E_OK);
		CHECK_EQ(g_td.verdict.tee, ATTEST_TEE_SEV_SNP);
		CHECK_EQ(scene_refused_by(&g_td, ATTEST_POLICY_KIND), i == 1);
		g_td.policy.rtmr[0] = g_aa;
	}
}

TEST(a_td_that_can_be_migrated_is_accepted_by_name_alone_and_told)
{
	scene_init_td(&g_td);
	scene_verify(&g_td);
	CHECK(!identity_says(&g_td, "migration") && !identity_says(&g_td, "service_td"));
	td_migratable(&g_td);
	memset(g_td.quote.td.mrservicetd, 0x77, sizeof g_td.quote.td.mrservicetd);
	g_td.policy.insecure_accept_debug = true;
	scene_verify(&g_td);
	CHECK(!g_td.verdict.accepted);
	CHECK(identity_says(&g_td, "migration") && identity_says(&g_td, "service_td"));
	g_td.policy.insecure_accept_debug = false;
	g_td.policy.insecure_accept_migration = true;
	scene_verify(&g_td);
	CHECK(g_td.verdict.accepted);
	CHECK_EQ(g_td.verdict.relaxations,
		 1U << ATTEST_insecure_accept_migration | 1U << ATTEST_insecure_accept_root);
}

TEST(a_module_with_an_identity_is_judged_by_it_and_not_by_components_0_and_1)
{
	scene_init_td(&g_td);
	for (unsigned i = 0; i < g_td.level_count; i++)
		g_td.levels[i].tdx[0] = g_td.levels[i].tdx[1] = 99;
	scene_verify(&g_td);
	CHECK_EQ(g_td.verdict.status, ATTEST_STATUS_UP_TO_DATE);
	/* the module of old has none: its components count */
	g_td.quote.td.tee_tcb_svn[1] = 0;
	scene_verify(&g_td);
	CHECK_EQ(g_td.verdict.status, ATTEST_STATUS_NOT_SUPPORTED);
	for (unsigned i = 0; i < g_td.level_count; i++)
		g_td.levels[i].tdx[0] = g_td.levels[i].tdx[1] = 0;
	scene_verify(&g_td);
	CHECK_EQ(g_td.verdict.status, ATTEST_STATUS_UP_TO_DATE);
}

/* The module at the start had SVN 4, which is OutOfDate; the one that runs now has 6, the
 * latest. */
static void td_relaunch(struct scene *s)
{
	s->quote.td.tee_tcb_svn[0] = 4;
	s->quote.td.tee_tcb_svn2[0] = 6;
}

static void relaunch_configuration(struct scene *s)
{
	td_relaunch(s);
	set_components(s, 3);
}

static void relaunch_td10(struct scene *s)
{
	td_relaunch(s);
	s->quote.td15 = false;
}

static void relaunch_module_old_now(struct scene *s)
{
	td_relaunch(s);
	s->quote.td.tee_tcb_svn2[0] = 5;
}

static void relaunch_component_old_now(struct scene *s)
{
	td_relaunch(s);
	s->quote.td.tee_tcb_svn2[2] = 4;
}

static void relaunch_component_too_old_now(struct scene *s)
{
	td_relaunch(s);
	s->quote.td.tee_tcb_svn2[2] = 2;
}

static void relaunch_platform_old(struct scene *s)
{
	td_relaunch(s);
	set_components(s, 2);
}

static void relaunch_qe_old(struct scene *s)
{
	td_relaunch(s);
	s->quote.qe.isvsvn = 6;
}

static void relaunch_not_the_module(struct scene *s)
{
	td_relaunch(s);
	s->quote.td.tee_tcb_svn[0] = 6;
	s->quote.td.tee_tcb_svn[2] = 2; /* the level that says OutOfDate */
}

static void relaunch_revoked_now(struct scene *s)
{
	td_relaunch(s);
	s->quote.td.tee_tcb_svn2[0] = 2;
}

static void current_old_now(struct scene *s)
{
	s->quote.td.tee_tcb_svn2[0] = 4;
}

static void relaunch_other_module_now(struct scene *s)
{
	td_relaunch(s);
	s->quote.td.tee_tcb_svn2[1] = 10;
}

static void relaunch_module_of_old_now(struct scene *s)
{
	td_relaunch(s);
	s->quote.td.tee_tcb_svn2[1] = 0;
	s->quote.td.tee_tcb_svn2[0] = 3;
}

static const struct {
	const char *claim;
	void (*set)(struct scene *s);
	enum attest_status status;
} g_relaunches[] = {
	{"the module alone was old", td_relaunch, ST(TD_RELAUNCH_ADVISED)},
	{"and the platform needs configuration", relaunch_configuration,
	 ST(TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED)},
	{"another module runs now, the latest", relaunch_other_module_now, ST(TD_RELAUNCH_ADVISED)},
	{"the module of old runs now, the latest", relaunch_module_of_old_now,
	 ST(TD_RELAUNCH_ADVISED)},
	{"a TD that does not say what runs now", relaunch_td10, ST(OUT_OF_DATE)},
	{"the module that runs now is old too", relaunch_module_old_now, ST(OUT_OF_DATE)},
	{"a component of it is not the latest, but good enough", relaunch_component_old_now,
	 ST(TD_RELAUNCH_ADVISED)},
	{"a component of it is old too", relaunch_component_too_old_now, ST(OUT_OF_DATE)},
	{"the platform is old too", relaunch_platform_old, ST(OUT_OF_DATE)},
	{"the quoting enclave is old too", relaunch_qe_old, ST(OUT_OF_DATE)},
	{"it was another part of the module that was old", relaunch_not_the_module,
	 ST(TD_RELAUNCH_ADVISED)},
	{"a TD of today, with an older module now", current_old_now, ST(UP_TO_DATE)},
};

TEST(a_td_is_to_be_launched_again_where_what_it_was_launched_under_is_mended)
{
	for (unsigned i = 0; i < COUNT_OF(g_relaunches); i++) {
		scene_init_td(&g_td);
		g_relaunches[i].set(&g_td);
		accept_all(&g_td);
		scene_verify(&g_td);
		CHECK_EQ(g_td.verdict.status, g_relaunches[i].status);
		CHECK(g_td.verdict.accepted);
		if (g_td.verdict.status != g_relaunches[i].status)
			explain(&g_td, g_relaunches[i].claim);
	}
}

/* Whatever it was launched under. */
TEST(what_runs_now_must_be_known_and_on_a_level)
{
	for (uint8_t launch = 4; launch <= 6; launch += 2) {
		scene_init_td(&g_td);
		td_relaunch(&g_td);
		g_td.quote.td.tee_tcb_svn[0] = launch;
		g_td.quote.td.tee_tcb_svn2[1] = 9;
		accept_all(&g_td);
		scene_verify(&g_td);
		CHECK_EQ(g_td.verdict.status, ATTEST_STATUS_INVALID);
		CHECK(scene_refused_by(&g_td, ATTEST_MODULE_KNOWN));
		g_td.quote.td.tee_tcb_svn2[1] = g_td.quote.td.tee_tcb_svn[1];
		g_td.quote.td.tee_tcb_svn2[2] = 0;
		scene_verify(&g_td);
		CHECK_EQ(g_td.verdict.status, ATTEST_STATUS_NOT_SUPPORTED);
		CHECK(scene_refused_by(&g_td, ATTEST_TCB_LEVEL));
	}
}

TEST(a_module_that_is_revoked_now_is_revoked)
{
	scene_init_td(&g_td);
	relaunch_revoked_now(&g_td);
	accept_all(&g_td);
	scene_verify(&g_td);
	CHECK_EQ(g_td.verdict.status, ATTEST_STATUS_REVOKED);
	CHECK(scene_refused_by(&g_td, ATTEST_TCB_REVOKED));
}

/* ---- relaxations ----------------------------------------------------------------------------- */

static void relax_debug(struct scene *s)
{
	debug_enclave(s);
	s->policy.insecure_accept_debug = true;
}

static void relax_crls(struct scene *s)
{
	s->no_root_crl = s->no_pck_crl = true;
	s->policy.insecure_accept_missing_crl = true;
}

static void relax_time(struct scene *s)
{
	info_expired(s);
	s->policy.insecure_accept_expired = true;
}

TEST(a_relaxation_lets_its_own_thing_pass_and_is_told)
{
	static const struct {
		void (*set)(struct scene *s);
		enum attest_relaxation relaxation;
	} rows[] = {
		{relax_debug, ATTEST_insecure_accept_debug},
		{relax_crls, ATTEST_insecure_accept_missing_crl},
		{relax_time, ATTEST_insecure_accept_expired},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		scene_init(&g_scene);
		rows[i].set(&g_scene);
		scene_verify(&g_scene);
		CHECK(g_scene.verdict.accepted);
		CHECK_EQ(g_scene.verdict.relaxations,
			 1U << rows[i].relaxation | 1U << ATTEST_insecure_accept_root);
	}
}

/* What is not needed is not told; and none lets anything else pass. */
TEST(relaxations_do_not_reach_further)
{
	static void (*const spoils[])(struct scene * s) = {
		info_forged, pck_revoked, qe_forged, another_enclave, no_info, platform_revoked};

	for (unsigned i = 0; i < COUNT_OF(spoils); i++) {
		scene_init(&g_scene);
		g_scene.policy.insecure_accept_debug = true;
		g_scene.policy.insecure_accept_missing_crl = true;
		g_scene.policy.insecure_accept_expired = true;
		g_scene.policy.insecure_accept_simulation = true;
		accept_all(&g_scene);
		spoils[i](&g_scene);
		scene_verify(&g_scene);
		CHECK(!g_scene.verdict.accepted);
		CHECK_EQ(g_scene.verdict.relaxations, 1U << ATTEST_insecure_accept_root);
	}
}

/* ---- what is told ---------------------------------------------------------------------------- */

TEST(the_window_is_that_of_everything_that_was_used)
{
	int64_t from = 0;
	int64_t until = 0;

	scene_init(&g_scene);
	scene_verify(&g_scene);
	CHECK(attest_date_read(&from, "2024-05-22T00:00:00Z"));
	CHECK(attest_date_read(&until, "2024-06-19T00:00:00Z"));
	CHECK_EQ(g_scene.verdict.window.not_before, from);
	CHECK_EQ(g_scene.verdict.window.not_after, until);
}

TEST(the_text_says_the_status_first_and_every_reason_on_a_line)
{
	char *text;

	scene_init(&g_scene);
	pck_revoked(&g_scene);
	another_enclave(&g_scene);
	scene_verify(&g_scene);
	text = attest_verdict_text(&g_scene.verdict);
	CHECK(text && strncmp(text, "Revoked: refused\nPCK_REVOKED: ", 30) == 0);
	CHECK(text && strstr(text, "\nMR_ENCLAVE: "));
	CHECK(text && strstr(text, "\nrelaxations: insecure-accept-root\n"));
	CHECK(text && strstr(text, "\n  mr_enclave: aaaa"));
	heap_free(text);
}

TEST(the_json_has_the_same)
{
	char *text;
	json_t *json;

	scene_init(&g_scene);
	set_components(&g_scene, 4);
	accept_all(&g_scene);
	scene_verify(&g_scene);
	text = attest_verdict_json(&g_scene.verdict);
	json = text ? attest_json_read(text, strlen(text)) : NULL;
	CHECK(json != NULL);
	CHECK(json &&
	      strcmp(json_string_value(json_object_get(json, "status")), "SWHardeningNeeded") == 0);
	CHECK(json && json_is_true(json_object_get(json, "accepted")));
	CHECK_EQ(json_array_size(json_object_get(json, "relaxations")), 2);
	CHECK_EQ(json_integer_value(
			 json_object_get(json_object_get(json, "identity"), "isv_prod_id")),
		 7);
	json_decref(json);
	heap_free(text);
}

/* Sixty of them, and everything else that an owner can demand. */
static void many_advisories(struct scene *s)
{
	static char names[60][ATTEST_ADVISORY_SIZE];
	static const char *const allowed[] = {"INTEL-SA-00003"};

	for (unsigned i = 0; i < COUNT_OF(names); i++)
		(void)snprintf(names[i], sizeof names[i], "INTEL-SA-%05u", 1000 + i);
	s->more_advisories = names;
	s->more_advisory_count = COUNT_OF(names);
	set_components(s, 4);
	s->policy.advisories = allowed;
	s->policy.advisory_count = 1;
	debug_enclave(s);
	s->quote.enclave.configsvn = 1;
	s->policy.mr_enclave = s->policy.mr_signer = s->policy.launch_digest = g_zeros;
	s->policy.isv_prod_id = 8;
	s->policy.isv_svn = 4;
	s->policy.report_data = g_zeros;
	s->policy.measurement = g_zeros;
	s->policy.min_tcb_evaluation = 18;
	s->policy.max_collateral_age = 86400;
}

TEST(many_advisories_are_one_reason_and_hide_no_other)
{
	static const enum attest_rule rules[] = {
		ATTEST_STATUS_ACCEPTED, ATTEST_ADVISORIES_ALLOWED, ATTEST_TCB_EVALUATION,
		ATTEST_COLLATERAL_AGE,	ATTEST_DEBUG_REFUSED,	   ATTEST_POLICY_KIND,
		ATTEST_MR_ENCLAVE,	ATTEST_MR_SIGNER,	   ATTEST_ISV_PROD_ID,
		ATTEST_ISV_SVN,		ATTEST_LAUNCH_DIGEST,	   ATTEST_CONFIG_SVN,
		ATTEST_REPORT_DATA,
	};
	unsigned told = 0;

	scene_init(&g_scene);
	many_advisories(&g_scene);
	scene_verify(&g_scene);
	CHECK(!g_scene.verdict.accepted);
	CHECK_EQ(g_scene.verdict.status, ATTEST_STATUS_SW_HARDENING_NEEDED);
	CHECK_EQ(g_scene.verdict.advisory_count, 61);
	for (unsigned i = 0; i < COUNT_OF(rules); i++)
		CHECK(scene_refused_by(&g_scene, rules[i]));
	for (uint32_t i = 0; i < g_scene.verdict.reason_count; i++) {
		const struct attest_reason *r = &g_scene.verdict.reasons[i];

		if (r->rule != ATTEST_ADVISORIES_ALLOWED)
			continue;
		told++;
		CHECK(strncmp(r->detail, "61: INTEL-SA-00004 INTEL-SA-01000 INTEL-SA-01001 ", 49) ==
		      0);
		CHECK(strlen(r->detail) > 4 &&
		      strcmp(r->detail + strlen(r->detail) - 4, " ...") == 0);
	}
	CHECK_EQ(told, 1);
}

/* Those that are allowed do not count. */
TEST(advisories_that_are_not_allowed_are_named)
{
	static const char *const allowed[] = {"INTEL-SA-00004", "INTEL-SA-01001"};

	scene_init(&g_scene);
	many_advisories(&g_scene);
	g_scene.more_advisory_count = 3;
	g_scene.policy.advisories = allowed;
	g_scene.policy.advisory_count = COUNT_OF(allowed);
	scene_verify(&g_scene);
	for (uint32_t i = 0; i < g_scene.verdict.reason_count; i++) {
		const struct attest_reason *r = &g_scene.verdict.reasons[i];

		if (r->rule == ATTEST_ADVISORIES_ALLOWED)
			CHECK(strcmp(r->detail, "2: INTEL-SA-01000 INTEL-SA-01002") == 0);
	}
	CHECK(scene_refused_by(&g_scene, ATTEST_ADVISORIES_ALLOWED));
}

/* What has no room is not told, but counts. */
TEST(a_reason_without_room_makes_no_verdict_better)
{
	static struct attest_verdict v;

	memset(&v, 0, sizeof v);
	for (unsigned i = 0; i < ATTEST_REASON_MAX; i++)
		attest_refuse(&v, ATTEST_MR_ENCLAVE, NULL);
	attest_conclude(&v, ATTEST_STATUS_UP_TO_DATE);
	CHECK_EQ(v.status, ATTEST_STATUS_UP_TO_DATE);
	CHECK(!v.accepted);
	attest_refuse(&v, ATTEST_PCK_REVOKED, NULL);
	attest_conclude(&v, ATTEST_STATUS_UP_TO_DATE);
	CHECK_EQ(v.status, ATTEST_STATUS_REVOKED);
	attest_refuse(&v, ATTEST_CLAIMS_LAUNCH, NULL);
	attest_conclude(&v, ATTEST_STATUS_UP_TO_DATE);
	CHECK_EQ(v.status, ATTEST_STATUS_INVALID);
	CHECK(!v.accepted);
	CHECK_EQ(v.reason_count, ATTEST_REASON_MAX);
}

/* ---- the simulator's ------------------------------------------------------------------------- */

#define SIMULATION "host/quoting/simulation/"

static size_t load(uint8_t *out, size_t max, const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t size = 0;

	CHECK(file != NULL);
	if (file) {
		size = fread(out, 1, max - 1, file);
		(void)fclose(file);
	}
	out[size] = '\0';
	return size;
}

static uint8_t g_work[32 * 1024];

/* A scene of the simulated machine: its files, and a quote by its public key. */
static void simulate(struct scene *s, const char *chain)
{
	static const char *const files[] = {
		SIMULATION "tcb-info.json", SIMULATION "qe-identity.json",
		SIMULATION "tcb-chain.pem", SIMULATION "root.crl", SIMULATION "pck-ca.crl"};
	json_t *identity;

	scene_init(s);
	s->policy.insecure_accept_root = NULL;
	s->now = INT64_C(1767225600); /* 2026-01-01 */
	s->info_signer = s->identity_signer = NULL;
	s->signer_world = NULL;
	s->no_root_crl = s->no_pck_crl = true;
	(void)load(s->world.keys[PKI_LEAF].private_key, P256_PRIVATE_SIZE + 1,
		   SIMULATION "pck.key.bin");
	identity = json_load_file(SIMULATION "qe-identity.json", 0, NULL);
	CHECK(attest_json_hex(s->quote.qe.mrsigner, 32,
			      json_object_get(identity, "enclaveIdentity"), "mrsigner"));
	json_decref(identity);
	s->quote.qe.attributes.flags = 0x15;
	s->quote.qe.isvsvn = 2;
	s->quote.certification_size = load(g_work, sizeof g_work, chain);
	s->quote.certification_data = g_work;
	scene_make(s);
	for (unsigned i = 0; i < COUNT_OF(files); i++) {
		size_t size = load(g_work, sizeof g_work, files[i]);

		CHECK_EQ(attest_collateral_add(&s->collateral, g_work, size, NULL), E_OK);
	}
}

TEST(the_simulators_evidence_is_refused_unless_it_is_asked_for)
{
	simulate(&g_scene, SIMULATION "pck-current-chain.pem");
	scene_verify_made(&g_scene);
	CHECK(!g_scene.verdict.accepted);
	CHECK(g_scene.verdict.simulated);
	CHECK_EQ(g_scene.verdict.status, ATTEST_STATUS_INVALID);
	CHECK_EQ(g_scene.verdict.reason_count, 1);
	CHECK_EQ(g_scene.verdict.reasons[0].rule, ATTEST_ROOT_SIMULATION);
	g_scene.policy.insecure_accept_simulation = true;
	scene_verify_made(&g_scene);
	CHECK(g_scene.verdict.accepted);
	CHECK_EQ(g_scene.verdict.relaxations, 1U << ATTEST_insecure_accept_simulation);
	if (!g_scene.verdict.accepted)
		explain(&g_scene, "simulation");
}

TEST(the_simulated_machines_are_worth_what_they_say)
{
	static const struct {
		const char *chain;
		enum attest_status status;
	} rows[] = {
		{SIMULATION "pck-outdated-chain.pem", ATTEST_STATUS_OUT_OF_DATE},
		{SIMULATION "pck-withdrawn-chain.pem", ATTEST_STATUS_REVOKED},
		{SIMULATION "pck-listed-chain.pem", ATTEST_STATUS_REVOKED},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		simulate(&g_scene, rows[i].chain);
		g_scene.policy.insecure_accept_simulation = true;
		scene_verify_made(&g_scene);
		CHECK(!g_scene.verdict.accepted);
		CHECK_EQ(g_scene.verdict.status, rows[i].status);
	}
}

/* A simulated machine with the simulator's collateral cannot pass with a real one's relaxations,
 * nor the reverse. */
TEST(simulation_does_not_vouch_for_hardware)
{
	scene_init(&g_scene);
	g_scene.info_signer = g_scene.identity_signer = NULL;
	g_scene.signer_world = NULL;
	g_scene.policy.insecure_accept_simulation = true;
	scene_make(&g_scene);
	for (unsigned i = 0; i < 2; i++) {
		const char *files[] = {SIMULATION "tcb-chain.pem", SIMULATION "qe-identity.json"};
		size_t size = load(g_work, sizeof g_work, files[i]);

		CHECK_EQ(attest_collateral_add(&g_scene.collateral, g_work, size, NULL), E_OK);
	}
	scene_verify_made(&g_scene);
	CHECK(!g_scene.verdict.accepted);
	CHECK(scene_refused_by(&g_scene, ATTEST_ROOT_SAME));
}

/* ---- what arrives broken --------------------------------------------------------------------- */

TEST(a_quote_that_is_cut_anywhere_is_refused)
{
	scene_init(&g_scene);
	scene_make(&g_scene);
	for (size_t size = 0; size < g_scene.quote_bytes.size; size += size < 60 ? 1 : 37) {
		uint8_t *cut = malloc(size + 1); /* so that a read too far is seen */

		memcpy(cut, g_scene.quote_bytes.p, size);
		CHECK_EQ(attest_verify(&g_scene.verdict, cut, size, &g_scene.collateral,
				       &g_scene.policy, g_scene.now),
			 E_OK);
		CHECK(!g_scene.verdict.accepted);
		free(cut);
	}
}

/* One bit of the signed part, the signatures or the quoting enclave's report. */
TEST(a_quote_with_any_bit_changed_is_refused)
{
	scene_init(&g_scene);
	scene_make(&g_scene);
	for (size_t i = 0; i < 1014 + 32; i += 29) {
		g_scene.quote_bytes.p[i] ^= (uint8_t)(1U << i % 8);
		scene_verify_made(&g_scene);
		CHECK(!g_scene.verdict.accepted);
		g_scene.quote_bytes.p[i] ^= (uint8_t)(1U << i % 8);
	}
}

/* The quote's own chain is damaged: the same chain in the collateral does not mend it. Without any it
 * does. */
TEST(a_chain_of_the_collateral_stands_in_for_none_but_not_for_a_damaged_one)
{
	static struct pki_bytes chain;

	scene_init(&g_scene);
	pki_world_pck_chain(&chain, &g_scene.world);
	scene_make(&g_scene);
	CHECK_EQ(attest_collateral_add(&g_scene.collateral, chain.p, chain.size, NULL), E_OK);
	g_scene.quote_bytes.p[1500] ^= 1;
	scene_verify_made(&g_scene);
	CHECK(!g_scene.verdict.accepted);
	scene_init(&g_scene);
	empty_pck_chain(&g_scene);
	scene_make(&g_scene);
	CHECK_EQ(attest_collateral_add(&g_scene.collateral, chain.p, chain.size, NULL), E_OK);
	scene_verify_made(&g_scene);
	CHECK(g_scene.verdict.accepted);
}

/* ---- several of one kind ----------------------------------------------------------------------- */

/* One with another evaluation, issued at another time, beside one of 17 of the 20th and 21st of May. */
static const struct {
	const char *claim;
	unsigned evaluation;
	const char *from;
	const char *until;
	unsigned chosen;
} g_evaluations[] = {
	{"an older evaluation that was issued later", 16, "2024-05-25T00:00:00Z",
	 "2024-06-24T00:00:00Z", 17},
	{"a newer evaluation that was issued earlier", 18, "2024-05-10T00:00:00Z",
	 "2024-06-09T00:00:00Z", 18},
	{"a newer evaluation that expired", 18, "2024-05-10T00:00:00Z", "2024-05-31T00:00:00Z", 17},
	{"a newer evaluation of the future", 18, "2024-06-02T00:00:00Z", "2024-07-01T00:00:00Z", 17},
};

TEST(of_several_tcb_infos_the_latest_evaluation_judges)
{
	for (unsigned i = 0; i < COUNT_OF(g_evaluations); i++) {
		for (unsigned first = 0; first < 2; first++) {
			struct scene *s = &g_scene;

			scene_init(s);
			s->identity_evaluation = 99;
			s->info_signer = first ? s->info_signer : NULL;
			scene_make(s);
			s->info_signer = s->identity_signer;
			s->info_evaluation = g_evaluations[i].evaluation;
			s->info_from = g_evaluations[i].from;
			s->info_until = g_evaluations[i].until;
			scene_add_info(s);
			s->info_evaluation = 17;
			s->info_from = "2024-05-20T00:00:00Z";
			s->info_until = "2024-06-19T00:00:00Z";
			scene_add_info(s);
			scene_verify_made(s);
			CHECK(s->verdict.accepted);
			CHECK_EQ(s->verdict.tcb_evaluation, g_evaluations[i].chosen);
			if (s->verdict.tcb_evaluation != g_evaluations[i].chosen)
				explain(s, g_evaluations[i].claim);
		}
	}
}

TEST(of_several_identities_the_latest_evaluation_judges)
{
	for (unsigned i = 0; i < COUNT_OF(g_evaluations); i++) {
		for (unsigned first = 0; first < 2; first++) {
			struct scene *s = &g_scene;

			scene_init(s);
			s->info_evaluation = 99;
			s->identity_signer = first ? s->identity_signer : NULL;
			scene_make(s);
			s->identity_signer = s->info_signer;
			s->identity_evaluation = g_evaluations[i].evaluation;
			s->identity_from = g_evaluations[i].from;
			s->identity_until = g_evaluations[i].until;
			scene_add_identity(s);
			s->identity_evaluation = 17;
			s->identity_from = "2024-05-21T00:00:00Z";
			s->identity_until = "2024-06-20T00:00:00Z";
			scene_add_identity(s);
			scene_verify_made(s);
			CHECK(s->verdict.accepted);
			CHECK_EQ(s->verdict.tcb_evaluation, g_evaluations[i].chosen);
			if (s->verdict.tcb_evaluation != g_evaluations[i].chosen)
				explain(s, g_evaluations[i].claim);
		}
	}
}

/* Of one evaluation the later is taken. */
TEST(of_one_evaluation_the_latest_issued_judges)
{
	int64_t from = 0;

	scene_init(&g_scene);
	scene_make(&g_scene);
	g_scene.info_from = "2024-05-26T00:00:00Z";
	scene_add_info(&g_scene);
	g_scene.identity_from = "2024-05-24T00:00:00Z";
	scene_add_identity(&g_scene);
	scene_verify_made(&g_scene);
	CHECK(attest_date_read(&from, "2024-05-26T00:00:00Z"));
	CHECK_EQ(g_scene.verdict.window.not_before, from);
}

/* The lesser of TCB info and identity is judged, and told. */
TEST(the_evaluation_that_is_told_is_the_one_that_is_judged)
{
	scene_init(&g_scene);
	g_scene.identity_evaluation = 3;
	g_scene.policy.min_tcb_evaluation = 3;
	scene_verify(&g_scene);
	CHECK(g_scene.verdict.accepted);
	CHECK_EQ(g_scene.verdict.tcb_evaluation, 3);
	g_scene.policy.min_tcb_evaluation = 4;
	scene_verify(&g_scene);
	CHECK(!g_scene.verdict.accepted);
	CHECK_EQ(g_scene.verdict.tcb_evaluation, 3);
}

/* ---- certificates that come apart --------------------------------------------------------------- */

/* Adds certificates of a world, all in one text. */
static void add_certificates(struct scene *s, const struct pki_world *w, const enum pki_who *who,
			     unsigned count)
{
	static struct pki_bytes der, text;

	text.size = 0;
	for (unsigned i = 0; i < count; i++) {
		pki_world_der(&der, w, who[i]);
		pki_pem(&text, "CERTIFICATE", der.p, der.size);
	}
	CHECK_EQ(attest_collateral_add(&s->collateral, text.p, text.size, NULL), E_OK);
}

static void add_certificate(struct scene *s, const struct pki_world *w, enum pki_who who)
{
	add_certificates(s, w, &who, 1);
}

/* A scene whose quote and collateral have no certificates. */
static void init_without_certificates(struct scene *s)
{
	scene_init(s);
	no_pck_chain(s);
	no_signer(s);
}

/* Another world with the same names: its CA and its root vouch for nothing here. */
static void make_foreign(void)
{
	pki_world(&g_foreign);
	pki_key(&g_foreign.keys[PKI_ROOT], "another root");
	pki_key(&g_foreign.keys[PKI_CA], "another CA");
	pki_key(&g_foreign.keys[PKI_LEAF], "another leaf");
}

TEST(certificates_may_come_one_by_one_and_in_any_order)
{
	make_foreign();
	for (unsigned first = 0; first < PKI_COUNT; first++) {
		init_without_certificates(&g_scene);
		scene_make(&g_scene);
		for (unsigned i = 0; i < PKI_COUNT; i++)
			add_certificate(&g_scene, &g_foreign, (enum pki_who)i);
		for (unsigned i = 0; i < PKI_COUNT; i++) {
			scene_verify_made(&g_scene);
			CHECK(!g_scene.verdict.accepted);
			add_certificate(&g_scene, &g_scene.world,
					(enum pki_who)((first + 3 * i) % PKI_COUNT));
		}
		scene_verify_made(&g_scene);
		CHECK(g_scene.verdict.accepted);
		if (!g_scene.verdict.accepted)
			explain(&g_scene, "one by one");
	}
}

/* The quote has the PCK certificate alone; the signer's root stands behind the platform's CA. */
TEST(certificates_may_come_in_any_company)
{
	static const enum pki_who ca_and_root[] = {PKI_CA, PKI_ROOT};
	static struct pki_bytes der, leaf;

	init_without_certificates(&g_scene);
	pki_world_der(&der, &g_scene.world, PKI_LEAF);
	leaf.size = 0;
	pki_pem(&leaf, "CERTIFICATE", der.p, der.size);
	g_scene.quote.certification = QUOTE_PCK_LEAF;
	g_scene.quote.certification_data = leaf.p;
	g_scene.quote.certification_size = leaf.size;
	scene_make(&g_scene);
	add_certificate(&g_scene, &g_scene.world, PKI_SIGNER);
	scene_verify_made(&g_scene);
	CHECK(scene_refused_by(&g_scene, ATTEST_PCK_CHAIN_GIVEN));
	add_certificates(&g_scene, &g_scene.world, ca_and_root, COUNT_OF(ca_and_root));
	scene_verify_made(&g_scene);
	CHECK(g_scene.verdict.accepted);
	if (!g_scene.verdict.accepted)
		explain(&g_scene, "in company");
}

/* A chain that is put together is verified like one that came whole: an issuer has to be a CA. */
TEST(certificates_that_come_one_by_one_are_verified)
{
	init_without_certificates(&g_scene);
	g_scene.world.certificates[PKI_CA].ca = 0;
	scene_make(&g_scene);
	for (unsigned i = 0; i < PKI_COUNT; i++)
		add_certificate(&g_scene, &g_scene.world, (enum pki_who)i);
	scene_verify_made(&g_scene);
	CHECK(!g_scene.verdict.accepted);
	CHECK(scene_refused_by(&g_scene, ATTEST_PCK_CHAIN_GIVEN));
}

/* Of two certificates of one CA the one that is valid now. */
TEST(an_expired_certificate_gives_way_to_its_successor)
{
	static const enum pki_who renewed[] = {PKI_ROOT, PKI_CA, PKI_SIGNER, PKI_LEAF};

	for (unsigned i = 0; i < COUNT_OF(renewed); i++) {
		const char **end = &g_scene.world.certificates[renewed[i]].not_after;

		init_without_certificates(&g_scene);
		scene_make(&g_scene);
		const char *kept = *end;

		*end = "240531235959Z";
		if (renewed[i] != PKI_ROOT)
			add_certificate(&g_scene, &g_scene.world, renewed[i]);
		*end = kept;
		for (unsigned k = 0; k < PKI_COUNT; k++)
			add_certificate(&g_scene, &g_scene.world, (enum pki_who)k);
		scene_verify_made(&g_scene);
		CHECK(g_scene.verdict.accepted);
		if (!g_scene.verdict.accepted)
			explain(&g_scene, "renewed");
	}
}

/* Room for many certificates of the right name is no way to stop the verifier, nor to keep it from the right ones. */
TEST(certificates_of_the_same_names_neither_help_nor_hinder)
{
	make_foreign();
	init_without_certificates(&g_scene);
	scene_make(&g_scene);
	for (unsigned i = 0; i < (ATTEST_COLLATERAL_MAX - PKI_COUNT) / 2; i++) {
		g_foreign.certificates[PKI_CA].serial = g_foreign.certificates[PKI_ROOT].serial =
			1000 + i;
		g_foreign.keys[PKI_CA] = i % 2 ? g_scene.world.keys[PKI_CA]
					       : g_foreign.keys[PKI_LEAF];
		add_certificate(&g_scene, &g_foreign, PKI_CA);
		add_certificate(&g_scene, &g_foreign, PKI_ROOT);
	}
	for (unsigned i = 0; i < PKI_COUNT; i++)
		add_certificate(&g_scene, &g_scene.world, (enum pki_who)i);
	CHECK_EQ(g_scene.collateral.chain_count, ATTEST_COLLATERAL_MAX);
	scene_verify_made(&g_scene);
	CHECK(g_scene.verdict.accepted);
	if (!g_scene.verdict.accepted)
		explain(&g_scene, "the same names");
}

/* ---- several lists of one CA ------------------------------------------------------------------ */

/* The scene's lists name nobody: issued on the 15th (the root's) and the 22nd of May, and valid. */
struct second_list {
	const char *claim;
	const char *from;
	const char *until;
	bool listed; /* are those that it names revoked? */
};

static const struct second_list g_second_lists[] = {
	{"issued at the same time as a clean one", "240522000000Z", "240621000000Z", true},
	{"the same, as the root's", "240515000000Z", "240701000000Z", true},
	{"newer, and expired", "240529000000Z", "240530000000Z", true},
	{"older, and valid", "240501000000Z", "240701000000Z", true},
	{"older, and expired", "240401000000Z", "240501000000Z", true},
	{"issued now", "240601000000Z", "240701000000Z", true},
	{"of the future", "240601000001Z", "240701000000Z", false},
};

/* Whose certificate, on whose list. */
static const struct {
	enum pki_who issuer, who;
	enum attest_rule rule;
} g_listed[] = {
	{PKI_CA, PKI_LEAF, ATTEST_PCK_REVOKED},
	{PKI_ROOT, PKI_CA, ATTEST_CA_REVOKED},
	{PKI_ROOT, PKI_SIGNER, ATTEST_SIGNER_REVOKED},
};

static void add_second_list(struct scene *s, enum pki_who issuer, enum pki_who signer,
			    const struct second_list *list, enum pki_who who)
{
	static struct pki_bytes der;
	const struct pki_crl crl = {
		.issuer = s->world.certificates[issuer].subject,
		.signer = &s->world.keys[signer],
		.this_update = list->from,
		.next_update = list->until,
		.serials = &s->world.certificates[who].serial,
		.count = 1,
	};

	der.size = 0;
	pki_crl(&der, &crl);
	CHECK_EQ(attest_collateral_add(&s->collateral, der.p, der.size, NULL), E_OK);
}

static void check_second_list(struct scene *s, const struct second_list *list, unsigned i)
{
	const int before = g_checks_failed;

	add_second_list(s, g_listed[i].issuer, g_listed[i].issuer, list, g_listed[i].who);
	scene_verify_made(s);
	CHECK_EQ(scene_refused_by(s, g_listed[i].rule), list->listed);
	CHECK_EQ(s->verdict.accepted, !list->listed);
	CHECK_EQ(s->verdict.status,
		 list->listed ? ATTEST_STATUS_REVOKED : ATTEST_STATUS_UP_TO_DATE);
	if (g_checks_failed != before)
		explain(s, list->claim);
	stop_if_missed();
}

TEST(who_is_on_any_list_of_its_ca_is_revoked)
{
	for (unsigned i = 0; i < COUNT_OF(g_listed); i++) {
		for (unsigned k = 0; k < COUNT_OF(g_second_lists); k++) {
			scene_init(&g_scene);
			scene_make(&g_scene);
			check_second_list(&g_scene, &g_second_lists[k], i);
		}
	}
}

TEST(a_list_that_its_ca_did_not_sign_revokes_nobody)
{
	scene_init(&g_scene);
	scene_make(&g_scene);
	add_second_list(&g_scene, PKI_CA, PKI_ROOT, &g_second_lists[0], PKI_LEAF);
	scene_verify_made(&g_scene);
	CHECK(g_scene.verdict.accepted);
}

/* Where times do not count, a list of the future is the list that is used, not none. */
TEST(a_list_of_the_future_counts_where_there_is_no_other)
{
	scene_init(&g_scene);
	g_scene.pck_crl_from = "240601000001Z";
	g_scene.policy.insecure_accept_expired = true;
	scene_verify(&g_scene);
	CHECK(g_scene.verdict.accepted);
	pck_revoked(&g_scene);
	scene_verify(&g_scene);
	CHECK(scene_refused_by(&g_scene, ATTEST_PCK_REVOKED));
}

/* The window is that of a list that is valid now, whatever else there is. */
TEST(the_best_of_several_lists_tells_the_time)
{
	static const struct second_list expired = {"", "240529000000Z", "240530000000Z", false};
	int64_t until = 0;

	scene_init(&g_scene);
	scene_make(&g_scene);
	add_second_list(&g_scene, PKI_CA, PKI_CA, &expired, PKI_SIGNER);
	add_second_list(&g_scene, PKI_ROOT, PKI_ROOT, &expired, PKI_ROOT);
	scene_verify_made(&g_scene);
	CHECK(g_scene.verdict.accepted);
	CHECK(attest_date_read(&until, "2024-06-19T00:00:00Z"));
	CHECK_EQ(g_scene.verdict.window.not_after, until);
}

TEST(bytes_behind_a_quote_are_told_and_mean_nothing)
{
	scene_init(&g_scene);
	scene_make(&g_scene);
	memset(g_scene.quote_bytes.p + g_scene.quote_bytes.size, 0xff, 70);
	g_scene.quote_bytes.size += 70;
	scene_verify_made(&g_scene);
	CHECK(g_scene.verdict.accepted);
	CHECK_EQ(g_scene.verdict.trailing, 70);
}

int main(void)
{
	RUN(a_platform_in_order_is_accepted);
	RUN(one_thing_wrong_is_refused_by_its_rule_alone);
	RUN(a_signer_is_given_valid_of_the_same_root_and_not_revoked);
	RUN(a_platform_is_judged_by_the_highest_level_that_it_reaches);
	RUN(a_level_is_the_highest_in_whatever_order_they_stand);
	RUN(an_accepted_status_is_told_with_its_advisories);
	RUN(a_platform_is_no_better_than_its_quoting_enclave);
	RUN(a_td_in_order_is_accepted_and_one_thing_wrong_is_not);
	RUN(a_td_may_have_the_attributes_that_are_known);
	RUN(a_td_has_the_registers_that_are_asked_for);
	RUN(what_is_asked_of_a_td_is_asked_of_every_guest);
	RUN(a_td_that_can_be_migrated_is_accepted_by_name_alone_and_told);
	RUN(a_module_with_an_identity_is_judged_by_it_and_not_by_components_0_and_1);
	RUN(a_td_is_to_be_launched_again_where_what_it_was_launched_under_is_mended);
	RUN(what_runs_now_must_be_known_and_on_a_level);
	RUN(a_module_that_is_revoked_now_is_revoked);
	RUN(a_relaxation_lets_its_own_thing_pass_and_is_told);
	RUN(relaxations_do_not_reach_further);
	RUN(the_window_is_that_of_everything_that_was_used);
	RUN(the_text_says_the_status_first_and_every_reason_on_a_line);
	RUN(the_json_has_the_same);
	RUN(many_advisories_are_one_reason_and_hide_no_other);
	RUN(advisories_that_are_not_allowed_are_named);
	RUN(a_reason_without_room_makes_no_verdict_better);
	RUN(the_simulators_evidence_is_refused_unless_it_is_asked_for);
	RUN(the_simulated_machines_are_worth_what_they_say);
	RUN(simulation_does_not_vouch_for_hardware);
	RUN(a_quote_that_is_cut_anywhere_is_refused);
	RUN(a_quote_with_any_bit_changed_is_refused);
	RUN(a_chain_of_the_collateral_stands_in_for_none_but_not_for_a_damaged_one);
	RUN(of_several_tcb_infos_the_latest_evaluation_judges);
	RUN(of_several_identities_the_latest_evaluation_judges);
	RUN(of_one_evaluation_the_latest_issued_judges);
	RUN(the_evaluation_that_is_told_is_the_one_that_is_judged);
	RUN(certificates_may_come_one_by_one_and_in_any_order);
	RUN(certificates_may_come_in_any_company);
	RUN(certificates_that_come_one_by_one_are_verified);
	RUN(an_expired_certificate_gives_way_to_its_successor);
	RUN(certificates_of_the_same_names_neither_help_nor_hinder);
	RUN(who_is_on_any_list_of_its_ca_is_revoked);
	RUN(a_list_that_its_ca_did_not_sign_revokes_nobody);
	RUN(a_list_of_the_future_counts_where_there_is_no_other);
	RUN(the_best_of_several_lists_tells_the_time);
	RUN(bytes_behind_a_quote_are_told_and_mean_nothing);
	scene_fini(&g_scene);
	scene_fini(&g_td);
	return check_report();
}
