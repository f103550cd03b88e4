/*
 * Real quotes with real collateral (../shared/data/quotes): each gets the verdict that is known of
 * it, within the window that is known, and is expired a second before and after. What is signed by
 * nobody whom we know is refused.
 */
#include <string.h>
#include <unistd.h>

#include "attest/identity.h"
#include "attest/json.h"
#include "attest/verify.h"
#include "base/heap.h"

#include "test/lib/check.h"

#define SHARED "../shared/data/quotes/"

static struct attest_collateral g_collateral;
static struct attest_verdict g_verdict;

/* ---- the table ------------------------------------------------------------------------------- */

#define SIGNER_2018	  "common/Intel_SGX_TCB_Signing_2018-05-21_ec37d981.pem"
#define SIGNER_2025	  "common/Intel_SGX_TCB_Signing_2025-05-06_c0575e76.pem"
#define ROOT		  "common/Intel_SGX_Root_CA_2018-05-21_44a0196b.pem"
#define ROOT_CRL	  "common/root_ca_crl_2025-03-20_2026-04-03.der"
#define PLATFORM_CRL_JUNE "common/pck_crl_platform_2025-06-19_2025-07-19.der"

#define FILES_MAX 8

/* A quote, "file:2" for the second line of a file of hexadecimal digits; "-file": of that bundle
 * all but the TCB info. */
struct row {
	const char *quote;
	const char *files[FILES_MAX];
	enum attest_status status;
	const char *from;
	const char *until;
	const char *advisories;
	bool no_crl; /* none of that date is there */
};

static const struct row g_rows[] = {
	{"phala-dcap-qvl/sgx_quote",
	 {"phala-dcap-qvl/sgx_quote_collateral.json"},
	 ATTEST_STATUS_CONFIGURATION_AND_SW_HARDENING_NEEDED,
	 "2025-06-19T10:56:11Z",
	 "2025-07-19T10:01:18Z",
	 "INTEL-SA-00289 INTEL-SA-00615",
	 false},
	{"phala-dcap-qvl/tdx_quote",
	 {"phala-dcap-qvl/tdx_quote_collateral.json"},
	 ATTEST_STATUS_UP_TO_DATE,
	 "2025-06-19T10:32:27Z",
	 "2025-07-19T10:00:35Z",
	 "",
	 false},
	{"phala-dcap-qvl/tdx_quote_outdated",
	 {"phala-dcap-qvl/tdx_quote_outdated_collateral.json"},
	 ATTEST_STATUS_NOT_SUPPORTED,
	 "2026-02-18T10:58:51Z",
	 "2026-03-20T10:41:15Z",
	 "",
	 false},
	{"phala-dcap-qvl/quote-from-tappd.hex",
	 {"phala-dcap-qvl/tdx_quote_collateral.json"},
	 ATTEST_STATUS_NOT_SUPPORTED,
	 "2025-06-19T10:32:27Z",
	 "2025-07-19T10:00:35Z",
	 "",
	 false},
	{"phala-dcap-qvl/tdx-quote.hex",
	 {"phala-dcap-qvl/tdx_quote_collateral.json"},
	 ATTEST_STATUS_NOT_SUPPORTED,
	 "2025-06-19T10:32:27Z",
	 "2025-07-19T10:00:35Z",
	 "",
	 false},
	{"oasis-core/quote_v3_ecdsa_p256_pck_chain.bin",
	 {"oasis-core/tcb_info_v3_fmspc_00606A000000.json", "oasis-core/qe_identity_v2.json",
	  "oasis-core/tcb_info_v3_fmspc_00606A000000_certs.pem"},
	 ATTEST_STATUS_SW_HARDENING_NEEDED,
	 "2022-12-19T09:40:10Z",
	 "2023-01-15T12:45:36Z",
	 "INTEL-SA-00615 INTEL-SA-00657",
	 true},
	{"oasis-core/quote_v3_ecdsa_p256_pck_chain.bin",
	 {"automata-dcap/0825/sgx_tcbinfov3_00606a000000.json",
	  "automata-dcap/0825/sgx_qeidentity_v4.json", "automata-dcap/0825/platform_crl.der",
	  ROOT_CRL, SIGNER_2025, ROOT},
	 ATTEST_STATUS_OUT_OF_DATE,
	 "2025-08-15T05:41:26Z",
	 "2025-09-14T04:36:46Z",
	 NULL,
	 false},
	{"oasis-core/quote_v4_tdx_ecdsa_p256.bin",
	 {"oasis-core/tcb_info_v3_tdx_fmspc_C0806F000000.json",
	  "oasis-core/qe_identity_v2_tdx2.json", SIGNER_2018, ROOT},
	 ATTEST_STATUS_UP_TO_DATE,
	 "2024-09-02T07:25:12Z",
	 "2024-10-02T06:47:57Z",
	 "",
	 true},
	{"oasis-core/quote_v4_tdx_ecdsa_p256_trailing.bin",
	 {"oasis-core/tcb_info_v3_tdx_fmspc_C0806F000000.json",
	  "oasis-core/qe_identity_v2_tdx2.json", SIGNER_2018, ROOT},
	 ATTEST_STATUS_UP_TO_DATE,
	 "2024-09-20T11:12:20Z",
	 "2024-10-02T06:47:57Z",
	 "",
	 true},
	{"oasis-core/quote_v4_tdx_ecdsa_p256_out_of_date.bin",
	 {"oasis-core/tcb_info_v3_tdx_fmspc_50806F000000.json",
	  "oasis-core/qe_identity_v2_tdx.json", SIGNER_2018, ROOT},
	 ATTEST_STATUS_NOT_SUPPORTED,
	 "2023-06-18T08:42:58Z",
	 "2023-07-08T07:24:59Z",
	 "",
	 true},
	{"automata-dcap/godcap_sample_quotes.hex:1",
	 {"automata-dcap/0825/sgx_tcbinfov3_00606a000000.json",
	  "automata-dcap/0825/sgx_qeidentity_v4.json", "automata-dcap/0825/platform_crl.der",
	  ROOT_CRL, SIGNER_2025, ROOT},
	 ATTEST_STATUS_SW_HARDENING_NEEDED,
	 "2025-08-15T05:41:26Z",
	 "2025-09-14T04:36:46Z",
	 "INTEL-SA-00615",
	 false},
	{"automata-dcap/godcap_sample_quotes.hex:1",
	 {"automata-dcap/0625/tcbinfo.json", "automata-dcap/0625/identity.json", SIGNER_2025, ROOT},
	 ATTEST_STATUS_SW_HARDENING_NEEDED,
	 "2025-06-04T09:25:11Z",
	 "2025-07-04T09:19:32Z",
	 "",
	 true},
	{"automata-dcap/godcap_sample_quotes.hex:2",
	 {"automata-dcap/0625/tcbinfov3_90C06F000000.json", "automata-dcap/0625/qe_td.json",
	  PLATFORM_CRL_JUNE, ROOT_CRL, SIGNER_2025, ROOT},
	 ATTEST_STATUS_NOT_SUPPORTED,
	 "2025-06-19T10:00:35Z",
	 "2025-07-04T09:40:18Z",
	 "",
	 false},
	{"automata-dcap/quotes/alibaba_quote_5.dat",
	 {"automata-dcap/0625/tcbinfov3_90C06F000000.json", "automata-dcap/0625/qe_td.json",
	  PLATFORM_CRL_JUNE, ROOT_CRL, SIGNER_2025, ROOT},
	 ATTEST_STATUS_UP_TO_DATE,
	 "2025-06-19T10:00:35Z",
	 "2025-07-04T09:40:18Z",
	 "",
	 false},
	{"automata-dcap/quotes/alibaba_quote_5.hex",
	 {"automata-dcap/0625/tcbinfov3_90C06F000000.json", "automata-dcap/0625/qe_td.json",
	  PLATFORM_CRL_JUNE, ROOT_CRL, SIGNER_2025, ROOT},
	 ATTEST_STATUS_UP_TO_DATE,
	 "2025-06-19T10:00:35Z",
	 "2025-07-04T09:40:18Z",
	 "",
	 false},
	{"automata-dcap/quotes/alibaba_quote_5.dat",
	 {"go-tdx-guest/sample_tcbinfo_response_v5",
	  "-phala-dcap-qvl/tdx_quote_outdated_collateral.json"},
	 ATTEST_STATUS_OUT_OF_DATE,
	 "2026-02-18T10:42:15Z",
	 "2026-03-03T14:49:26Z",
	 "INTEL-SA-01036 INTEL-SA-01079 INTEL-SA-01099 INTEL-SA-01103 INTEL-SA-01111",
	 false},
	{"automata-dcap/quotes/tdx_quote_5.dat",
	 {"automata-dcap/0625/tcbinfov3_90C06F000000.json", "automata-dcap/0625/qe_td.json",
	  PLATFORM_CRL_JUNE, ROOT_CRL, SIGNER_2025, ROOT},
	 ATTEST_STATUS_NOT_SUPPORTED,
	 "2025-06-19T10:00:35Z",
	 "2025-07-04T09:40:18Z",
	 "",
	 false},
	{"go-tdx-guest/quote_v5_sample.dat",
	 {"phala-dcap-qvl/tdx_quote_outdated_collateral.json"},
	 ATTEST_STATUS_UP_TO_DATE,
	 "2026-02-18T10:58:51Z",
	 "2026-03-20T10:41:15Z",
	 "",
	 false},
	{"go-tdx-guest/quote_v5_sample.dat",
	 {"go-tdx-guest/sample_tcbinfo_response_v5",
	  "-phala-dcap-qvl/tdx_quote_outdated_collateral.json"},
	 ATTEST_STATUS_UP_TO_DATE,
	 "2026-02-18T10:42:15Z",
	 "2026-03-03T14:49:26Z",
	 "",
	 false},
	{"go-tdx-guest/tdx_prod_quote_SPR_E4.dat",
	 {"go-tdx-guest/sample_tcbInfo_response", "go-tdx-guest/sample_qeIdentity_response",
	  "go-tdx-guest/pckcrl", "go-tdx-guest/rootcrl.der", SIGNER_2018, ROOT},
	 ATTEST_STATUS_NOT_SUPPORTED,
	 "2023-06-18T08:42:58Z",
	 "2023-07-08T07:24:59Z",
	 "",
	 false},
};

/* ---- files ----------------------------------------------------------------------------------- */

/* The bytes of the file that was read last, and a NUL. */
static uint8_t g_file[128 * 1024];

static size_t shared(const char *name)
{
	char path[256];
	size_t size = 0;
	FILE *file;

	(void)snprintf(path, sizeof path, SHARED "%s", name);
	file = fopen(path, "rb");
	CHECK(file != NULL);
	if (file) {
		size = fread(g_file, 1, sizeof g_file - 1, file);
		(void)fclose(file);
	}
	g_file[size] = '\0';
	return size;
}

static uint8_t g_quote[16 * 1024];

/* A quote's bytes, from a binary file or a line of digits. */
static size_t load_quote(const char *name)
{
	char file[256];
	const char *colon = strchr(name, ':');
	unsigned line = colon ? (unsigned)(colon[1] - '0') : 1;
	const char *p = (const char *)g_file;
	size_t size;

	(void)snprintf(file, sizeof file, "%.*s", colon ? (int)(colon - name) : 255, name);
	size = shared(file);
	if (!strstr(file, ".hex")) {
		memcpy(g_quote, g_file, size);
		return size;
	}
	while (--line > 0)
		p = strchr(p, '\n') + 1;
	p += p[0] == '0' && p[1] == 'x' ? 2 : 0;
	size = strspn(p, "0123456789abcdefABCDEF") / 2;
	CHECK(attest_hex_read(g_quote, size, p, 2 * size));
	return size;
}

static void add_file(const char *name)
{
	enum attest_item what = ATTEST_ITEM_NONE;
	bool but_info = name[0] == '-';
	uint32_t before = g_collateral.tcb_info_count;
	size_t size = shared(name + (but_info ? 1 : 0));

	CHECK_EQ(attest_collateral_add(&g_collateral, g_file, size, &what), E_OK);
	CHECK(what != ATTEST_ITEM_NONE);
	while (but_info && g_collateral.tcb_info_count > before) {
		g_collateral.tcb_info_count--;
		heap_free(g_collateral.tcb_infos[g_collateral.tcb_info_count].text.p);
		g_collateral.tcb_infos[g_collateral.tcb_info_count].text.p = NULL;
	}
}

static void add_files(const char *const *files)
{
	attest_collateral_fini(&g_collateral);
	for (unsigned i = 0; i < FILES_MAX && files[i]; i++)
		add_file(files[i]);
}

/* ---- what each must be ----------------------------------------------------------------------- */

/* For a failure. */
static void tell(const char *name)
{
	char *text = attest_verdict_text(&g_verdict);

	printf("%s: %s", name, text);
	heap_free(text);
}

static void verify_at(const struct row *row, size_t size, int64_t now)
{
	const struct attest_policy policy = {
		.accepted_statuses = UINT32_MAX,
		.insecure_accept_missing_crl = row->no_crl,
	};

	CHECK_EQ(attest_verify(&g_verdict, g_quote, size, &g_collateral, &policy, now), E_OK);
}

static void check_advisories(const char *expected)
{
	char text[ATTEST_ADVISORY_MAX * ATTEST_ADVISORY_SIZE] = "";

	for (uint32_t i = 0; i < g_verdict.advisory_count; i++) {
		if (i > 0)
			strcat(text, " ");
		strcat(text, g_verdict.advisories[i]);
	}
	if (expected && strcmp(text, expected) != 0)
		printf("advisories: %s\n", text);
	CHECK(!expected || strcmp(text, expected) == 0);
}

static void check_inside(const struct row *row, size_t size, int64_t now)
{
	bool supported = row->status != ATTEST_STATUS_NOT_SUPPORTED;

	verify_at(row, size, now);
	CHECK_EQ(g_verdict.status, row->status);
	CHECK_EQ(g_verdict.accepted, supported);
	CHECK_EQ(g_verdict.reason_count, supported ? 0 : 1);
	if (!supported)
		CHECK_EQ(g_verdict.reasons[0].rule, ATTEST_TCB_LEVEL);
	CHECK_EQ(g_verdict.relaxations, row->no_crl ? 1U << ATTEST_insecure_accept_missing_crl : 0);
	check_advisories(row->advisories);
}

static void check_outside(const struct row *row, size_t size, int64_t now)
{
	verify_at(row, size, now);
	CHECK_EQ(g_verdict.status, ATTEST_STATUS_EXPIRED);
	CHECK(!g_verdict.accepted);
}

static void check_row(const struct row *row)
{
	size_t size = load_quote(row->quote);
	int before = g_checks_failed;
	int64_t from = 0;
	int64_t until = 0;

	add_files(row->files);
	CHECK(attest_date_read(&from, row->from) && attest_date_read(&until, row->until));
	verify_at(row, size, from);
	CHECK_EQ(g_verdict.window.not_before, from);
	CHECK_EQ(g_verdict.window.not_after, until);
	check_inside(row, size, g_verdict.window.not_before);
	check_inside(row, size, from + (until - from) / 2);
	check_inside(row, size, g_verdict.window.not_after);
	if (g_checks_failed != before)
		tell(row->quote);
	check_outside(row, size, g_verdict.window.not_before - 1);
	check_outside(row, size, g_verdict.window.not_after + 1);
}

TEST(every_real_quote_gets_its_verdict_in_its_window_and_is_expired_outside)
{
	for (unsigned i = 0; i < COUNT_OF(g_rows); i++) {
		int before = g_checks_failed;

		check_row(&g_rows[i]);
		if (g_checks_failed != before)
			printf("FAIL row %u, %s\n", i, g_rows[i].quote);
	}
}

/* ---- what is refused ------------------------------------------------------------------------- */

/* A quote that is not to be believed, at a time when nothing is expired, and the first rule that
 * does not hold. */
struct refusal {
	const char *quote;
	const char *files[FILES_MAX];
	const char *now;
	enum attest_rule rule;
	enum attest_status status;
};

static const struct refusal g_refusals[] = {
	{"oasis-core/quote_v3_ecdsa_p256_pck_chain.bin",
	 {"oasis-core/tcb_info_v3_fmspc_00606A000000.json", "oasis-core/qe_identity_v2.json",
	  "oasis-core/tcb_info_v3_fmspc_00606A000000_certs_bad.pem"},
	 "2022-12-20T00:50:04Z",
	 ATTEST_SIGNER_GIVEN,
	 ATTEST_STATUS_MISSING},
	{"oasis-core/quote_v3_ecdsa_p256_eppid.bin",
	 {"oasis-core/tcb_info_v3_fmspc_00606A000000.json", "oasis-core/qe_identity_v2.json",
	  "oasis-core/tcb_info_v3_fmspc_00606A000000_certs.pem"},
	 "2022-12-20T00:50:04Z",
	 ATTEST_PCK_CHAIN_GIVEN,
	 ATTEST_STATUS_MISSING},
	{"fortanix-dcap-ql/quote_pck_cert_chain.bin",
	 {NULL},
	 "2020-06-01T00:00:00Z",
	 ATTEST_TCB_INFO_GIVEN,
	 ATTEST_STATUS_MISSING},
	{"fortanix-dcap-ql/quote_pck_cert_chain_corrupted.bin",
	 {NULL},
	 "2020-06-01T00:00:00Z",
	 ATTEST_QUOTE_SIGNATURE,
	 ATTEST_STATUS_INVALID},
	{"fortanix-dcap-ql/quote_raw_tcb.bin",
	 {NULL},
	 "2020-06-01T00:00:00Z",
	 ATTEST_PCK_CHAIN_GIVEN,
	 ATTEST_STATUS_MISSING},
	{"fortanix-dcap-ql/quote_pck_cert_chain.bin",
	 {"fortanix-dcap-ql/corrupt_qe3_identity.json", SIGNER_2018, ROOT},
	 "2020-06-01T00:00:00Z",
	 ATTEST_IDENTITY_SIGNED,
	 ATTEST_STATUS_INVALID},
	{"fortanix-dcap-ql/quote_pck_cert_chain.bin",
	 {"fortanix-dcap-ql/qe3_identity.json", SIGNER_2018, ROOT},
	 "2020-06-01T00:00:00Z",
	 ATTEST_TCB_INFO_GIVEN,
	 ATTEST_STATUS_MISSING},
	{"intel-qvl-sample/quote.dat",
	 {"intel-qvl-sample/pckCert.pem", "intel-qvl-sample/pckSignChain.pem",
	  "intel-qvl-sample/tcbSignChain.pem", "intel-qvl-sample/tcbInfo.json",
	  "intel-qvl-sample/qeIdentity.json", "intel-qvl-sample/rootCaCrl.der",
	  "intel-qvl-sample/intermediateCaCrl.der"},
	 "2024-01-01T00:00:00Z",
	 ATTEST_ROOT_KNOWN,
	 ATTEST_STATUS_INVALID},
	{"intel-qvl-sample/tdx/quote.dat",
	 {"intel-qvl-sample/tdx/pckCert.pem", "intel-qvl-sample/tdx/pckSignChain.pem",
	  "intel-qvl-sample/tdx/tcbSignChain.pem", "intel-qvl-sample/tdx/tcbInfo.json",
	  "intel-qvl-sample/tdx/qeIdentity.json", "intel-qvl-sample/tdx/rootCaCrl.der",
	  "intel-qvl-sample/tdx/intermediateCaCrl.der"},
	 "2024-01-01T00:00:00Z",
	 ATTEST_ROOT_KNOWN,
	 ATTEST_STATUS_INVALID},
};

static bool has_reason(enum attest_rule rule)
{
	for (uint32_t i = 0; i < g_verdict.reason_count; i++) {
		if (g_verdict.reasons[i].rule == rule)
			return true;
	}
	return false;
}

static void check_refusal(const struct refusal *r)
{
	const struct attest_policy policy = {
		.accepted_statuses = UINT32_MAX,
		.insecure_accept_missing_crl = true,
	};
	size_t size = load_quote(r->quote);
	int64_t now = 0;

	add_files(r->files);
	CHECK(attest_date_read(&now, r->now));
	CHECK_EQ(attest_verify(&g_verdict, g_quote, size, &g_collateral, &policy, now), E_OK);
	CHECK(!g_verdict.accepted);
	CHECK_EQ(g_verdict.status, r->status);
	CHECK(has_reason(r->rule));
}

TEST(what_is_forged_foreign_or_incomplete_is_refused_for_its_reason)
{
	for (unsigned i = 0; i < COUNT_OF(g_refusals); i++) {
		int before = g_checks_failed;

		check_refusal(&g_refusals[i]);
		if (g_checks_failed != before)
			tell(g_refusals[i].quote);
	}
}

/* ---- answers of the service ---------------------------------------------------------------------- */

#define ANSWERS "matterlabs-teepot-pcs/"

/* What was added last can be decoded, if it is of the quoting enclaves. */
static void check_item(enum attest_item what)
{
	static struct tcb_info info;
	struct enclave_identity identity;
	const struct attest_bytes *text;

	if (what == ATTEST_ITEM_TCB_INFO) {
		text = &g_collateral.tcb_infos[g_collateral.tcb_info_count - 1].text;
		CHECK_EQ(tcb_info_decode(&info, (const char *)text->p, text->size), ATTEST_OK);
		CHECK_EQ(info.module_count > 0, info.tdx);
		tcb_info_fini(&info);
	}
	if (what == ATTEST_ITEM_IDENTITY) {
		text = &g_collateral.identities[g_collateral.identity_count - 1].text;
		CHECK_EQ(enclave_identity_decode(&identity, (const char *)text->p, text->size),
			 ATTEST_OK);
		enclave_identity_fini(&identity);
	}
}

/* A file of answers: its members are what the service said, each a text. Returns how many are
 * collateral. */
static unsigned check_answers(const char *name)
{
	size_t size = shared(name);
	json_t *json = attest_json_read((const char *)g_file, size);
	const char *member;
	json_t *value;
	unsigned found = 0;

	CHECK(json != NULL);
	json_object_foreach(json, member, value)
	{
		enum attest_item what = ATTEST_ITEM_NONE;

		CHECK_EQ(attest_collateral_add(&g_collateral, json_string_value(value),
					       json_string_length(value), &what),
			 E_OK);
		found += what != ATTEST_ITEM_NONE;
		check_item(what);
	}
	json_decref(json);
	return found;
}

TEST(answers_of_the_service_are_understood)
{
	static const char *const both[] = {
		ANSWERS "pck_crl_platform.json",	  ANSWERS "pck_crl_processor.json",
		ANSWERS "sgx_qe_identity.json",		  ANSWERS "sgx_qe_identity_v3.json",
		ANSWERS "sgx_tcb_info_00906ED50000.json", ANSWERS "sgx_tcb_info_alt.json",
		ANSWERS "sgx_tcb_info_early.json",	  ANSWERS "sgx_tcb_info_v3.json",
		ANSWERS "tdx_qe_identity.json",		  ANSWERS "tdx_tcb_info.json",
		ANSWERS "tdx_tcb_info_00806F050000.json", ANSWERS "tdx_tcb_info_eval17.json",
	};

	attest_collateral_fini(&g_collateral);
	for (unsigned i = 0; i < COUNT_OF(both); i++)
		CHECK_EQ(check_answers(both[i]), 2); /* the answer and its issuers */
	CHECK_EQ(check_answers(ANSWERS "sgx_tcb_eval_nums.json"), 1);
	CHECK_EQ(check_answers(ANSWERS "fmspcs.json"), 0);
}

int main(void)
{
	if (access(SHARED, R_OK) != 0) {
		printf("no " SHARED ": real quotes are not verified\n0 passed, 0 failed\n");
		return 0;
	}
	RUN(every_real_quote_gets_its_verdict_in_its_window_and_is_expired_outside);
	RUN(what_is_forged_foreign_or_incomplete_is_refused_for_its_reason);
	RUN(answers_of_the_service_are_understood);
	attest_collateral_fini(&g_collateral);
	return check_report();
}
