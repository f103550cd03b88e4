/* Quotes and reports: what is asked of the host, what of its answers is taken, what a program can say. */
#include "program/evidence.h"

#include "channel/identity.h"
#include "hostcall/hostcall.h"
#include "platform/platform.h"
#include "sgx/arch.h"
#include "test/lib/check.h"
#include "test/lib/machine.h"

/* ---- the host ------------------------------------------------------------------------------- */

static enum host_errno g_target_answers, g_quote_answers;
static int g_again; /* quotes that are answered by AGAIN first */
static unsigned g_targets, g_quotes;
static struct sgx_targetinfo g_target;
static struct sgx_report g_report; /* the last that a quote was asked for */
static size_t g_max;

enum host_errno hostcall_quote_target(uint8_t out[HOST_QUOTE_TARGET_SIZE])
{
	g_targets++;
	if (g_target_answers == HOST_SUCCESS)
		memcpy(out, &g_target, sizeof(g_target));
	return g_target_answers;
}

enum host_errno hostcall_quote(const uint8_t report[HOST_QUOTE_REPORT_SIZE], void *out, size_t max,
			       size_t *size)
{
	g_quotes++;
	memcpy(&g_report, report, sizeof(g_report));
	g_max = max;
	if (g_again-- > 0)
		return HOST_AGAIN;
	if (g_quote_answers != HOST_SUCCESS)
		return g_quote_answers;
	memcpy(out, "quote", 5);
	*size = 5;
	return HOST_SUCCESS;
}

static void set_up(void)
{
	static const uint8_t digest[32] = {1, 2, 3};

	machine_launch(digest);
	g_target_answers = g_quote_answers = HOST_SUCCESS;
	g_again = 0;
	g_targets = g_quotes = 0;
	memset(&g_target, 0, sizeof(g_target));
	memset(g_target.mrenclave, 0x77, sizeof(g_target.mrenclave));
}

/* ---- quotes --------------------------------------------------------------------------------- */

static uint8_t g_out[40000];
static size_t g_size;

static enum err quote(void)
{
	uint8_t report_data[PROGRAM_REPORT_DATA_SIZE];

	memset(report_data, 0xda, sizeof(report_data));
	g_size = 0;
	return program_quote(report_data, g_out, sizeof(g_out), &g_size);
}

TEST(a_quote_is_over_our_report_for_whom_the_host_names)
{
	set_up();
	CHECK_EQ(quote(), E_OK);
	CHECK(g_size == 5 && memcmp(g_out, "quote", 5) == 0);
	for (size_t i = 0; i < PROGRAM_REPORT_DATA_SIZE; i++)
		CHECK_EQ(g_report.body.reportdata.data[i], 0xda);
	CHECK(memcmp(g_report.body.configid, machine_self()->configid, 64) == 0);
	CHECK_EQ(platform_evidence_verify(&g_report, sizeof(g_report)), E_DENIED); /* not for us */
	size_t size;

	CHECK_EQ(platform_target((uint8_t *)&g_target, sizeof(g_target), &size), E_OK);
	CHECK_EQ(quote(), E_OK);
	CHECK_EQ(platform_evidence_verify(&g_report, sizeof(g_report)), E_OK);
	CHECK_EQ(g_max, HOST_QUOTE_MAX); /* never more, whatever there is room for */
}

/* More than its caller has room for would be written behind that. */
TEST(a_quote_is_asked_for_as_large_as_its_room)
{
	uint8_t report_data[PROGRAM_REPORT_DATA_SIZE] = {0};

	set_up();
	CHECK_EQ(program_quote(report_data, g_out, 14976, &g_size), E_OK);
	CHECK_EQ(g_max, 14976);
	CHECK_EQ(program_quote(report_data, g_out, 5, &g_size), E_OK);
	CHECK_EQ(g_max, 5);
	CHECK_EQ(program_quote(report_data, g_out, HOST_QUOTE_MAX + 1, &g_size), E_OK);
	CHECK_EQ(g_max, HOST_QUOTE_MAX);
	g_quotes = 0;
	CHECK_EQ(program_quote(report_data, g_out, 0, &g_size), E_LIMIT);
	CHECK_EQ(g_quotes, 0);
}

TEST(a_target_that_is_none_is_the_hosts_fault)
{
	set_up();
	g_target.reserved3[0] = 1;
	CHECK_EQ(quote(), E_HOST);
	CHECK_EQ(g_quotes, 0);
}

TEST(a_quoting_enclave_that_changes_is_asked_again_but_not_for_ever)
{
	set_up();
	g_again = 2;
	CHECK_EQ(quote(), E_OK);
	CHECK(g_targets == 3 && g_quotes == 3);
	set_up();
	g_again = 1000;
	CHECK_EQ(quote(), E_HOST);
	CHECK(g_targets == 3 && g_quotes == 3);
}

TEST(errors_of_the_host_are_told_apart)
{
	static const struct {
		enum host_errno error;
		enum err err;
	} cases[] = {{HOST_NOTSUP, E_UNSUPPORTED},
		     {HOST_NOMEM, E_NOMEM},
		     {HOST_IO, E_HOST},
		     {HOST_INTR, E_HOST},
		     {HOST_ACCES, E_HOST}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		set_up();
		g_target_answers = cases[i].error;
		CHECK_EQ(quote(), cases[i].err);
		CHECK_EQ(g_quotes, 0);
		set_up();
		g_quote_answers = cases[i].error;
		CHECK_EQ(quote(), cases[i].err);
		CHECK_EQ(g_size, 0);
	}
	set_up();
	CHECK_EQ(program_quote(g_out, g_out, 0, &g_size), E_LIMIT);
	CHECK_EQ(g_targets, 0);
}

/* ---- what a program says -------------------------------------------------------------------- */

static const uint8_t g_launch[32] = {1, 2, 3}, g_program[32] = {4, 5, 6};
static struct wasi_attestation g_attestation;
static uint8_t g_user[WASI_USER_SIZE] = "what the program says";

static void set_up_program(void)
{
	set_up();
	program_attestation_init(&g_attestation, g_launch, g_program);
}

static enum wasi_errno claims(void *out, size_t max)
{
	return g_attestation.claims(g_attestation.context, g_user, out, max, &g_size);
}

TEST(a_program_speaks_as_a_guest_of_this_launch)
{
	struct identity identity;

	set_up_program();
	CHECK_EQ(claims(g_out, sizeof(g_out)), WASI_SUCCESS);
	CHECK_EQ(identity_decode(&identity, g_out, g_size), E_OK);
	CHECK_EQ(identity.domain, IDENTITY_GUEST);
	CHECK(identity.has_program_digest && identity.nonce_size == 0);
	CHECK(memcmp(identity.launch_digest, g_launch, 32) == 0);
	CHECK(memcmp(identity.program_digest, g_program, 32) == 0);
	CHECK(memcmp(identity.user_data, g_user, sizeof(g_user)) == 0);
	for (size_t max = 0, size = g_size; max < size; max++)
		CHECK_EQ(claims(g_out, max), WASI_OVERFLOW);
}

/* Whatever a program says, its report data is a hash of claims that say that a program said it. */
TEST(report_data_is_the_hash_of_the_claims)
{
	uint8_t expected[IDENTITY_REPORT_DATA_SIZE];
	struct sgx_report report;

	set_up_program();
	CHECK_EQ(claims(g_out, sizeof(g_out)), WASI_SUCCESS);
	identity_report_data(expected, g_out, g_size);
	CHECK_EQ(g_attestation.quote(g_attestation.context, g_user, g_out, sizeof(g_out), &g_size),
		 WASI_SUCCESS);
	CHECK(memcmp(&g_report.body.reportdata, expected, sizeof(expected)) == 0);
	CHECK_EQ(g_attestation.report(g_attestation.context, g_user, (const uint8_t *)&g_target,
				      (uint8_t *)&report),
		 WASI_SUCCESS);
	CHECK(memcmp(&report.body.reportdata, expected, sizeof(expected)) == 0);
	g_user[0] ^= 1;
	CHECK_EQ(g_attestation.report(g_attestation.context, g_user, (const uint8_t *)&g_target,
				      (uint8_t *)&report),
		 WASI_SUCCESS);
	CHECK(memcmp(&report.body.reportdata, expected, sizeof(expected)) != 0);
	g_user[0] ^= 1;
}

TEST(a_program_may_name_any_target_that_is_one)
{
	uint8_t report[WASI_REPORT_SIZE], target[WASI_TARGET_SIZE];

	set_up_program();
	CHECK_EQ(g_attestation.my_target(g_attestation.context, target), WASI_SUCCESS);
	CHECK_EQ(g_attestation.report(g_attestation.context, g_user, target, report), WASI_SUCCESS);
	CHECK_EQ(platform_evidence_verify(report, sizeof(report)), E_OK);
	target[sizeof(target) - 1] = 1;
	CHECK_EQ(g_attestation.report(g_attestation.context, g_user, target, report), WASI_INVAL);
}

TEST(a_program_hears_why_there_is_no_quote)
{
	set_up_program();
	g_target_answers = HOST_NOTSUP;
	CHECK_EQ(g_attestation.quote(g_attestation.context, g_user, g_out, sizeof(g_out), &g_size),
		 WASI_NOTSUP);
	g_target_answers = HOST_NOMEM;
	CHECK_EQ(g_attestation.quote(g_attestation.context, g_user, g_out, sizeof(g_out), &g_size),
		 WASI_NOMEM);
	g_target_answers = HOST_BUSY;
	CHECK_EQ(g_attestation.quote(g_attestation.context, g_user, g_out, sizeof(g_out), &g_size),
		 WASI_IO);
}

int main(void)
{
	RUN(a_quote_is_over_our_report_for_whom_the_host_names);
	RUN(a_quote_is_asked_for_as_large_as_its_room);
	RUN(a_target_that_is_none_is_the_hosts_fault);
	RUN(a_quoting_enclave_that_changes_is_asked_again_but_not_for_ever);
	RUN(errors_of_the_host_are_told_apart);
	RUN(a_program_speaks_as_a_guest_of_this_launch);
	RUN(report_data_is_the_hash_of_the_claims);
	RUN(a_program_may_name_any_target_that_is_one);
	RUN(a_program_hears_why_there_is_no_quote);
	return check_report();
}
