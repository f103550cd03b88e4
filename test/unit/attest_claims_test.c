/* Claims beside a quote: each has to be what was asked for, and none makes a verdict better. */
#include <string.h>

#include "attest/claims.h"

#include "test/lib/check.h"

static struct attest_verdict g_verdict;
static uint8_t g_launch[32], g_program[32], g_nonce[16];
static struct attest_claims g_said, g_wanted;

/* A quote that was accepted, with claims, all of which are asked for. */
static void prepare(void)
{
	memset(&g_verdict, 0, sizeof g_verdict);
	memset(g_launch, 1, sizeof g_launch);
	memset(g_program, 2, sizeof g_program);
	memset(g_nonce, 3, sizeof g_nonce);
	memcpy(g_verdict.enclave.config_id, g_launch, sizeof g_launch);
	attest_conclude(&g_verdict, ATTEST_STATUS_UP_TO_DATE);
	g_said = (struct attest_claims){g_launch, g_program, g_nonce, sizeof g_nonce};
	g_wanted = g_said;
}

static bool refused(enum attest_rule rule)
{
	attest_claims_check(&g_verdict, &g_said, &g_wanted);
	return !g_verdict.accepted && g_verdict.reason_count == 1 &&
	       g_verdict.reasons[0].rule == rule;
}

TEST(claims_that_are_asked_for_are_accepted)
{
	prepare();
	attest_claims_check(&g_verdict, &g_said, &g_wanted);
	CHECK(g_verdict.accepted);
	CHECK_EQ(g_verdict.status, ATTEST_STATUS_UP_TO_DATE);
	prepare();
	g_wanted = (struct attest_claims){0};
	attest_claims_check(&g_verdict, &g_said, &g_wanted);
	CHECK(g_verdict.accepted);
	attest_claims_check(&g_verdict, NULL, &g_wanted);
	CHECK(g_verdict.accepted);
}

TEST(claims_launch_digest_is_the_quotes)
{
	prepare();
	g_verdict.enclave.config_id[31] ^= 1;
	CHECK(refused(ATTEST_CLAIMS_LAUNCH));
	CHECK_EQ(g_verdict.status, ATTEST_STATUS_INVALID);
}

TEST(claims_nonce_is_the_one_asked_for)
{
	uint8_t other[sizeof g_nonce];

	prepare();
	memcpy(other, g_nonce, sizeof other);
	other[0] ^= 1;
	g_wanted.nonce = other;
	CHECK(refused(ATTEST_CLAIMS_NONCE));
	prepare();
	g_said.nonce_size--;
	CHECK(refused(ATTEST_CLAIMS_NONCE));
	prepare();
	g_said.nonce = NULL;
	g_said.nonce_size = 0;
	CHECK(refused(ATTEST_CLAIMS_NONCE));
}

TEST(claims_program_is_the_one_asked_for)
{
	uint8_t other[32];

	prepare();
	memcpy(other, g_program, sizeof other);
	other[31] ^= 1;
	g_wanted.program_digest = other;
	CHECK(refused(ATTEST_CLAIMS_PROGRAM));
	prepare();
	g_said.program_digest = NULL;
	CHECK(refused(ATTEST_CLAIMS_PROGRAM));
}

TEST(claims_that_are_missing_are_not_made_up)
{
	prepare();
	g_wanted.program_digest = NULL;
	attest_claims_check(&g_verdict, NULL, &g_wanted);
	CHECK(!g_verdict.accepted);
	CHECK_EQ(g_verdict.reasons[0].rule, ATTEST_CLAIMS_MISSING);
	prepare();
	g_wanted.nonce = NULL;
	attest_claims_check(&g_verdict, NULL, &g_wanted);
	CHECK(!g_verdict.accepted);
}

TEST(claims_make_no_verdict_better)
{
	prepare();
	attest_refuse(&g_verdict, ATTEST_SEV_SIGNATURE, NULL);
	attest_conclude(&g_verdict, ATTEST_STATUS_UP_TO_DATE);
	attest_claims_check(&g_verdict, &g_said, &g_wanted);
	CHECK(!g_verdict.accepted);
	CHECK_EQ(g_verdict.status, ATTEST_STATUS_INVALID);
	CHECK_EQ(g_verdict.reason_count, 1);
}

int main(void)
{
	RUN(claims_that_are_asked_for_are_accepted);
	RUN(claims_launch_digest_is_the_quotes);
	RUN(claims_nonce_is_the_one_asked_for);
	RUN(claims_program_is_the_one_asked_for);
	RUN(claims_that_are_missing_are_not_made_up);
	RUN(claims_make_no_verdict_better);
	return check_report();
}
