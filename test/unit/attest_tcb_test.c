/*
 * TCB infos and identities as texts: what is not of their form is refused, every part of it; and
 * how statuses of parts make one of the whole.
 */
#include "attest/tcb.h"

#include <stdlib.h>
#include <string.h>

#include "attest/identity.h"
#include "attest/json.h"

#include "test/lib/attest_scene.h"
#include "test/lib/check.h"

static struct scene g_scene;
static struct tcb_info g_info;
static struct pki_bytes g_text;

/* ---- the text of a TCB info, with one thing replaced ----------------------------------------- */

static void replace(struct pki_bytes *text, const char *from, const char *to)
{
	static struct pki_bytes result;
	const char *at;

	text->p[text->size] = '\0';
	at = strstr((const char *)text->p, from);
	CHECK(at != NULL);
	if (!at)
		return;
	result.size = 0;
	pki_put(&result, text->p, (size_t)(at - (const char *)text->p));
	pki_put(&result, to, strlen(to));
	pki_put(&result, at + strlen(from), strlen(at) - strlen(from));
	memcpy(text->p, result.p, result.size);
	text->size = result.size;
}

static enum attest_rule decode(void)
{
	enum attest_rule rule = tcb_info_decode(&g_info, (const char *)g_text.p, g_text.size);

	if (rule == ATTEST_OK)
		tcb_info_fini(&g_info);
	return rule;
}

static void make_info(bool td)
{
	if (td)
		scene_init_td(&g_scene);
	else
		scene_init(&g_scene);
	scene_tcb_info(&g_text, &g_scene);
}

struct edit {
	const char *from;
	const char *to;
};

/* In a TCB info of SGX. */
static const struct edit g_info_edits[] = {
	{"\"id\":\"SGX\",", ""},
	{"\"id\":\"SGX\"", "\"id\":\"sgx\""},
	{"\"id\":\"SGX\"", "\"id\":\"SGX\",\"id\":\"SGX\""},
	{"\"id\":\"SGX\"", "\"id\":1"},
	{"\"version\":3,", ""},
	{"\"version\":3", "\"version\":\"3\""},
	{"\"version\":3", "\"version\":3.0"},
	{"\"version\":3", "\"version\":99999999999999999999"},
	{"\"tcbType\":0,", ""},
	{"\"issueDate\":\"2024-05-20T00:00:00Z\",", ""},
	{"2024-05-20T00:00:00Z", "2024-05-20T00:00:00"},
	{"2024-05-20T00:00:00Z", "2024-05-20 00:00:00Z"},
	{"2024-05-20T00:00:00Z", "2024-13-20T00:00:00Z"},
	{"2024-05-20T00:00:00Z", "2024-02-30T00:00:00Z"},
	{"2024-05-20T00:00:00Z", "2024-05-20T24:00:00Z"},
	{"2024-05-20T00:00:00Z", "2024-05-20T00:00:60Z"},
	{"2024-05-20T00:00:00Z", "2024-05-20T00:00:00.0Z"},
	{"2024-05-20T00:00:00Z", "2024-05-20T00:00:00+00:00"},
	{"\"nextUpdate\"", "\"nextupdate\""},
	{"\"fmspc\":\"00606a000001\"", "\"fmspc\":\"00606a0000\""},
	{"\"fmspc\":\"00606a000001\"", "\"fmspc\":\"00606a0000010\""},
	{"\"fmspc\":\"00606a000001\"", "\"fmspc\":\"00606g000001\""},
	{"\"pceId\":\"0000\"", "\"pceId\":0"},
	{"\"tcbEvaluationDataNumber\":17", "\"tcbEvaluationDataNumber\":-1"},
	{"\"tcbEvaluationDataNumber\":17", "\"tcbEvaluationDataNumber\":4294967296"},
	{"\"tcbEvaluationDataNumber\":17", "\"tcbEvaluationDataNumber\":null"},
	{"\"tcbLevels\"", "\"levels\""},
	{"{\"svn\":5}", "{}"},
	{"{\"svn\":5},", ""},
	{"{\"svn\":5}", "{\"svn\":5},{\"svn\":5}"},
	{"{\"svn\":5}", "{\"svn\":-1}"},
	{"{\"svn\":5}", "{\"svn\":65536}"},
	{"{\"svn\":5}", "{\"svn\":\"5\"}"},
	{"{\"svn\":5}", "5"},
	{"\"pcesvn\":13", "\"pcesvn\":65536"},
	{",\"pcesvn\"", ",\"PCESVN\""},
	{"\"tcbDate\":\"2024-03-13T00:00:00Z\",", ""},
	{"\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"uptodate\""},
	{"\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"Verified\""},
	{"\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"TDRelaunchAdvised\""},
	{"[\"INTEL-SA-00004\"]", "\"INTEL-SA-00004\""},
	{"[\"INTEL-SA-00004\"]", "[4]"},
	{"[\"INTEL-SA-00004\"]", "[\"\"]"},
	{"[\"INTEL-SA-00004\"]", "[\"INTEL-SA-00004\\n\"]"},
	{"[\"INTEL-SA-00004\"]", "[\"INTEL-SA-0000000000000000000004X\"]"},
	{"[\"INTEL-SA-00004\"]", "[[[[[[[[[[[[[[[[[[[[\"INTEL-SA-00004\"]]]]]]]]]]]]]]]]]]]]"},
};

TEST(a_tcb_info_that_is_not_of_its_form_is_refused)
{
	make_info(false);
	CHECK_EQ(decode(), ATTEST_OK);
	for (unsigned i = 0; i < COUNT_OF(g_info_edits); i++) {
		make_info(false);
		replace(&g_text, g_info_edits[i].from, g_info_edits[i].to);
		CHECK_EQ(decode(), ATTEST_TCB_INFO_FORM);
		if (decode() != ATTEST_TCB_INFO_FORM)
			printf("%s -> %s\n", g_info_edits[i].from, g_info_edits[i].to);
	}
}

/* In a TCB info of TDX. */
static const struct edit g_td_edits[] = {
	{"\"tdxModule\"", "\"module\""},
	{"\"tdxtcbcomponents\"", "\"components\""},
	{"\"tdxModuleIdentities\":[", "\"tdxModuleIdentities\":7,\"x\":["},
	{"\"attributes\":\"0000000000000000\"", "\"attributes\":\"00000000000000\""},
	{"\"TDX_01\"", "\"TDX_1\""},
	{"\"TDX_01\"", "\"TDX_00\""},
	{"\"TDX_01\"", "\"TDX_0G\""},
	{"\"TDX_01\"", "\"tdx_01\""},
	{"\"TDX_01\"", "\"TDX_010\""},
	{"{\"isvsvn\":6}", "{}"},
	{"{\"isvsvn\":6}", "{\"isvsvn\":65536}"},
	{"{\"tcb\":{\"isvsvn\":6}", "{\"tcb\":[6]"},
};

TEST(a_tcb_info_of_tdx_that_is_not_of_its_form_is_refused)
{
	make_info(true);
	CHECK_EQ(decode(), ATTEST_OK);
	for (unsigned i = 0; i < COUNT_OF(g_td_edits); i++) {
		make_info(true);
		replace(&g_text, g_td_edits[i].from, g_td_edits[i].to);
		CHECK_EQ(decode(), ATTEST_TCB_INFO_FORM);
		if (decode() != ATTEST_TCB_INFO_FORM)
			printf("%s -> %s\n", g_td_edits[i].from, g_td_edits[i].to);
	}
}

/* Signed texts may say more than we know: Intel adds members. */
TEST(a_member_that_is_unknown_is_no_harm)
{
	make_info(false);
	replace(&g_text, "\"id\":\"SGX\"", "\"id\":\"SGX\",\"new\":{\"a\":[1]}");
	CHECK_EQ(decode(), ATTEST_OK);
}

TEST(a_tcb_info_of_version_2_names_each_component)
{
	scene_init(&g_scene);
	g_scene.info_version = 2;
	scene_tcb_info(&g_text, &g_scene);
	CHECK_EQ(decode(), ATTEST_OK);
	replace(&g_text, "sgxtcbcomp16svn", "sgxtcbcomp17svn");
	CHECK_EQ(decode(), ATTEST_TCB_INFO_FORM);
	scene_tcb_info(&g_text, &g_scene);
	replace(&g_text, "\"version\":2", "\"version\":2,\"id\":\"SGX\"");
	CHECK_EQ(decode(), ATTEST_TCB_INFO_FORM);
}

/* A text of n levels or modules, all alike. */
static void repeat_level(const char *of, unsigned n)
{
	static struct pki_bytes level;
	const char *begin;
	const char *end;

	g_text.p[g_text.size] = '\0';
	begin = strstr((const char *)g_text.p, of);
	CHECK(begin != NULL);
	end = begin + strlen(of);
	level.size = 0;
	pki_put(&level, end, (size_t)((const char *)g_text.p + g_text.size - end));
	g_text.size = (size_t)(end - (const char *)g_text.p);
	for (unsigned i = 1; i < n; i++)
		pki_put(&g_text, of, strlen(of));
	pki_put(&g_text, level.p, level.size);
}

TEST(levels_and_advisories_have_a_limit)
{
	static const char isv[] = ",{\"tcb\":{\"isvsvn\":4},\"tcbDate\":\"2023-08-09T00:00:00Z\","
				  "\"tcbStatus\":\"OutOfDate\","
				  "\"advisoryIDs\":[\"INTEL-SA-00104\"]}";

	make_info(true);
	repeat_level(isv, TCB_ISV_LEVEL_MAX - 2); /* and two others */
	CHECK_EQ(decode(), ATTEST_OK);
	make_info(true);
	repeat_level(isv, TCB_ISV_LEVEL_MAX - 1);
	CHECK_EQ(decode(), ATTEST_TCB_INFO_FORM);
	make_info(false);
	replace(&g_text, "[\"INTEL-SA-00004\"]", "[\"INTEL-SA-00004\",\"A\"]");
	repeat_level(",\"A\"", TCB_ADVISORY_MAX - 1);
	CHECK_EQ(decode(), ATTEST_OK);
	make_info(false);
	replace(&g_text, "[\"INTEL-SA-00004\"]", "[\"INTEL-SA-00004\",\"A\"]");
	repeat_level(",\"A\"", TCB_ADVISORY_MAX);
	CHECK_EQ(decode(), ATTEST_TCB_INFO_FORM);
}

TEST(a_text_that_is_cut_anywhere_is_refused)
{
	make_info(true);
	for (size_t size = 0; size < g_text.size; size += 13) {
		char *cut = malloc(size + 1);

		memcpy(cut, g_text.p, size);
		CHECK_EQ(tcb_info_decode(&g_info, cut, size), ATTEST_TCB_INFO_FORM);
		free(cut);
	}
}

/* ---- identities ------------------------------------------------------------------------------ */

static const struct edit g_identity_edits[] = {
	{"\"id\":\"QE\",", ""},
	{"\"version\":2,", ""},
	{"\"miscselect\":\"00000000\"", "\"miscselect\":\"000000\""},
	{"\"miscselectMask\"", "\"mask\""},
	{"\"attributes\":\"11", "\"attributes\":\"1100"},
	{"\"attributesMask\":\"FB", "\"attributesMask\":\""},
	{"\"mrsigner\":\"8C8C", "\"mrsigner\":\"8C"},
	{"\"isvprodid\":1", "\"isvprodid\":65536"},
	{"\"isvprodid\":1,", ""},
	{"\"isvsvn\":8", "\"isvsvn\":-8"},
	{"\"tcbLevels\":[", "\"tcbLevels\":[],\"x\":["},
	{"2024-06-20T00:00:00Z", "2024-06-31T00:00:00Z"},
	{"\"tcbEvaluationDataNumber\":17,", ""},
	{"}]}", "}]"},
	{"}]}", "}]} x"},
};

static enum attest_rule decode_identity(void)
{
	struct enclave_identity identity;
	enum attest_rule rule =
		enclave_identity_decode(&identity, (const char *)g_text.p, g_text.size);

	if (rule == ATTEST_OK)
		enclave_identity_fini(&identity);
	return rule;
}

TEST(an_identity_that_is_not_of_its_form_is_refused)
{
	scene_init(&g_scene);
	scene_identity(&g_text, &g_scene);
	CHECK_EQ(decode_identity(), ATTEST_OK);
	for (unsigned i = 0; i < COUNT_OF(g_identity_edits); i++) {
		scene_identity(&g_text, &g_scene);
		replace(&g_text, g_identity_edits[i].from, g_identity_edits[i].to);
		CHECK_EQ(decode_identity(), ATTEST_IDENTITY_FORM);
		if (decode_identity() != ATTEST_IDENTITY_FORM)
			printf("%s -> %s\n", g_identity_edits[i].from, g_identity_edits[i].to);
	}
}

/* ---- statuses -------------------------------------------------------------------------------- */

#define ST(name) ATTEST_STATUS_##name

TEST(a_part_makes_the_whole_no_better)
{
	static const struct {
		enum attest_status platform;
		enum attest_status part;
		enum attest_status whole;
	} rows[] = {
		{ST(UP_TO_DATE), ST(UP_TO_DATE), ST(UP_TO_DATE)},
		{ST(SW_HARDENING_NEEDED), ST(UP_TO_DATE), ST(SW_HARDENING_NEEDED)},
		{ST(CONFIGURATION_NEEDED), ST(SW_HARDENING_NEEDED),
		 ST(CONFIGURATION_AND_SW_HARDENING_NEEDED)},
		{ST(UP_TO_DATE), ST(CONFIGURATION_NEEDED), ST(CONFIGURATION_NEEDED)},
		{ST(UP_TO_DATE), ST(OUT_OF_DATE), ST(OUT_OF_DATE)},
		{ST(SW_HARDENING_NEEDED), ST(OUT_OF_DATE), ST(OUT_OF_DATE)},
		{ST(CONFIGURATION_NEEDED), ST(OUT_OF_DATE), ST(OUT_OF_DATE_CONFIGURATION_NEEDED)},
		{ST(CONFIGURATION_AND_SW_HARDENING_NEEDED), ST(OUT_OF_DATE),
		 ST(OUT_OF_DATE_CONFIGURATION_NEEDED)},
		{ST(OUT_OF_DATE), ST(UP_TO_DATE), ST(OUT_OF_DATE)},
		{ST(OUT_OF_DATE), ST(OUT_OF_DATE), ST(OUT_OF_DATE)},
		{ST(OUT_OF_DATE_CONFIGURATION_NEEDED), ST(OUT_OF_DATE),
		 ST(OUT_OF_DATE_CONFIGURATION_NEEDED)},
		{ST(UP_TO_DATE), ST(REVOKED), ST(REVOKED)},
		{ST(OUT_OF_DATE), ST(REVOKED), ST(REVOKED)},
		{ST(REVOKED), ST(UP_TO_DATE), ST(REVOKED)},
		{ST(TD_RELAUNCH_ADVISED), ST(UP_TO_DATE), ST(TD_RELAUNCH_ADVISED)},
		{ST(TD_RELAUNCH_ADVISED), ST(OUT_OF_DATE), ST(OUT_OF_DATE)},
		{ST(TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED), ST(OUT_OF_DATE),
		 ST(OUT_OF_DATE_CONFIGURATION_NEEDED)},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++)
		CHECK_EQ(attest_status_converge(rows[i].platform, rows[i].part), rows[i].whole);
}

TEST(what_a_policy_may_accept_has_a_name)
{
	enum attest_status status;

	CHECK(attest_status_acceptable(&status, "OutOfDate") && status == ST(OUT_OF_DATE));
	CHECK(attest_status_acceptable(&status, "TDRelaunchAdvised") &&
	      status == ST(TD_RELAUNCH_ADVISED));
	CHECK(!attest_status_acceptable(&status, "Revoked"));
	CHECK(!attest_status_acceptable(&status, "Invalid"));
	CHECK(!attest_status_acceptable(&status, "NotSupported"));
	CHECK(!attest_status_acceptable(&status, "Verified"));
	CHECK(!attest_status_acceptable(&status, ""));
}

/* ---- dates ----------------------------------------------------------------------------------- */

TEST(a_date_is_the_second_that_it_says)
{
	static const struct {
		const char *text;
		int64_t time;
	} rows[] = {
		{"1970-01-01T00:00:00Z", 0},	      {"2000-02-29T23:59:59Z", 951868799},
		{"2000-03-01T00:00:00Z", 951868800},  {"2024-06-01T00:00:00Z", SCENE_NOW},
		{"2100-03-01T00:00:00Z", 4107542400}, {"9999-12-31T23:59:59Z", 253402300799},
	};
	int64_t time;

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		CHECK(attest_date_read(&time, rows[i].text));
		CHECK_EQ(time, rows[i].time);
	}
	CHECK(!attest_date_read(&time, "2100-02-29T00:00:00Z"));
	CHECK(!attest_date_read(&time, "1969-12-31T23:59:59Z"));
	CHECK(!attest_date_read(&time, ""));
}

int main(void)
{
	RUN(a_tcb_info_that_is_not_of_its_form_is_refused);
	RUN(a_tcb_info_of_tdx_that_is_not_of_its_form_is_refused);
	RUN(a_member_that_is_unknown_is_no_harm);
	RUN(a_tcb_info_of_version_2_names_each_component);
	RUN(levels_and_advisories_have_a_limit);
	RUN(a_text_that_is_cut_anywhere_is_refused);
	RUN(an_identity_that_is_not_of_its_form_is_refused);
	RUN(a_part_makes_the_whole_no_better);
	RUN(what_a_policy_may_accept_has_a_name);
	RUN(a_date_is_the_second_that_it_says);
	scene_fini(&g_scene);
	return check_report();
}
