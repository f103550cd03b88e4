/*
 * *Retwine Simulation* as a verifier sees it: its files verify as collateral, each kind of machine
 * gets its verdict, and nothing of it is accepted unless the verifier says so by name.
 */
#include "host/quoting/simulation.h"

#include <stdlib.h>
#include <string.h>

#include "attest/verify.h"
#include "base/heap.h"
#include "crypto/sha256.h"
#include "host/quoting/sim_quote.h"

#include "test/lib/check.h"

#define NOW   INT64_C(1767225600) /* 2026-01-01T00:00:00Z */
#define START INT64_C(1735689600) /* 2025-01-01T00:00:00Z */
#define END   INT64_C(2524607999) /* 2049-12-31T23:59:59Z */

static struct sgx_machine g_machine;
static struct attest_collateral g_collateral;
static struct attest_verdict g_verdict;
static uint8_t g_quote[HOST_QUOTE_MAX];
static size_t g_size;
static struct sgx_report_body g_body;

static void collateral_without(enum simulation_file left_out)
{
	static const enum simulation_file files[] = {SIMULATION_ROOT_CRL,  SIMULATION_PCK_CRL,
						     SIMULATION_TCB_INFO,  SIMULATION_QE_IDENTITY,
						     SIMULATION_TCB_CHAIN, SIMULATION_CA_CHAIN};
	enum attest_item what;

	attest_collateral_fini(&g_collateral);
	memset(&g_collateral, 0, sizeof g_collateral);
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		const struct simulation_bytes b = simulation_file(files[i]);

		if (files[i] == left_out)
			continue;
		CHECK_EQ(attest_collateral_add(&g_collateral, b.p, b.size, &what), E_OK);
		CHECK(what != ATTEST_ITEM_NONE);
	}
}

static void quote_of(enum simulation_pck pck)
{
	struct sim_qe qe;

	memset(&g_machine, 0x31, sizeof g_machine);
	memset(&g_body, 0, sizeof g_body);
	g_body.attributes = (struct sgx_attributes){
		ATTRIBUTE_INIT | ATTRIBUTE_MODE64 | ATTRIBUTE_KSS, XFRM_X87 | XFRM_SSE | XFRM_AVX};
	g_body.miscselect = MISC_EXINFO;
	g_body.mrenclave[0] = 7;
	CHECK_EQ(sim_qe_init(&qe, &g_machine, pck), E_OK);
	CHECK_EQ(sim_qe_sign(&qe, g_quote, sizeof g_quote, &g_size, &g_body), E_OK);
	sim_qe_fini(&qe);
}

static bool verify_at(int64_t now, bool simulation)
{
	const struct attest_policy policy = {.insecure_accept_simulation = simulation};

	CHECK_EQ(attest_verify(&g_verdict, g_quote, g_size, &g_collateral, &policy, now), E_OK);
	return g_verdict.accepted;
}

static void print_verdict(void)
{
	char *text = attest_verdict_text(&g_verdict);

	printf("%s", text ? text : "no memory\n");
	heap_free(text);
}

static bool has_reason(const char *name)
{
	for (uint32_t i = 0; i < g_verdict.reason_count; i++)
		if (strcmp(attest_rule_name(g_verdict.reasons[i].rule), name) == 0)
			return true;
	print_verdict();
	return false;
}

TEST(a_simulated_quote_verifies_when_the_verifier_says_so)
{
	quote_of(SIMULATION_CURRENT);
	collateral_without(SIMULATION_FILE_END);
	const bool accepted = verify_at(NOW, true);

	CHECK(accepted);
	if (!accepted)
		print_verdict();
	CHECK_EQ(g_verdict.status, ATTEST_STATUS_UP_TO_DATE);
	CHECK(g_verdict.simulated);
	CHECK_EQ(g_verdict.relaxations, 1u << ATTEST_insecure_accept_simulation);
	CHECK(memcmp(g_verdict.enclave.mr_enclave, g_body.mrenclave, 32) == 0);
	CHECK(memcmp(g_verdict.fmspc, "RWSIM", 6) == 0);
	CHECK_EQ(g_verdict.advisory_count, 0);
	CHECK_EQ(g_verdict.trailing, 0);
}

TEST(unless_told_a_verifier_refuses_it)
{
	quote_of(SIMULATION_CURRENT);
	collateral_without(SIMULATION_FILE_END);
	CHECK(!verify_at(NOW, false));
	CHECK(g_verdict.simulated);
	CHECK_EQ(g_verdict.reason_count, 1);
	CHECK(has_reason("ROOT_SIMULATION"));
}

TEST(a_machine_can_be_out_of_date_withdrawn_or_listed)
{
	collateral_without(SIMULATION_FILE_END);
	quote_of(SIMULATION_OUTDATED);
	CHECK(!verify_at(NOW, true));
	CHECK_EQ(g_verdict.status, ATTEST_STATUS_OUT_OF_DATE);
	CHECK_EQ(g_verdict.advisory_count, 1);
	CHECK_EQ(strcmp(g_verdict.advisories[0], "RETWINE-SIM-00001"), 0);
	quote_of(SIMULATION_WITHDRAWN);
	CHECK(!verify_at(NOW, true));
	CHECK_EQ(g_verdict.status, ATTEST_STATUS_REVOKED);
	quote_of(SIMULATION_LISTED);
	CHECK(!verify_at(NOW, true));
	CHECK_EQ(g_verdict.status, ATTEST_STATUS_REVOKED);
}

TEST(it_is_valid_to_2049)
{
	quote_of(SIMULATION_CURRENT);
	collateral_without(SIMULATION_FILE_END);
	CHECK(verify_at(START, true));
	CHECK(verify_at(END, true));
	CHECK_EQ(g_verdict.window.not_before, START);
	CHECK_EQ(g_verdict.window.not_after, END);
	CHECK(!verify_at(START - 1, true));
	CHECK_EQ(g_verdict.status, ATTEST_STATUS_EXPIRED);
	CHECK(!verify_at(END + 1, true));
	CHECK_EQ(g_verdict.status, ATTEST_STATUS_EXPIRED);
}

TEST(every_file_is_needed)
{
	static const enum simulation_file needed[] = {SIMULATION_ROOT_CRL, SIMULATION_PCK_CRL,
						      SIMULATION_TCB_INFO, SIMULATION_QE_IDENTITY,
						      SIMULATION_TCB_CHAIN};

	quote_of(SIMULATION_CURRENT);
	for (size_t i = 0; i < COUNT_OF(needed); i++) {
		collateral_without(needed[i]);
		CHECK(!verify_at(NOW, true));
		CHECK(g_verdict.status == ATTEST_STATUS_MISSING);
	}
	collateral_without(SIMULATION_CA_CHAIN); /* the quote has the CA itself */
	CHECK(verify_at(NOW, true));
}

/* The verifier pins the root by its digest: it is this one. */
TEST(the_root_is_the_one_that_verifiers_know)
{
	uint8_t digest[32], again[32];
	const struct simulation_bytes root = simulation_file(SIMULATION_ROOT);

	simulation_root_digest(digest);
	sha256_digest(again, root.p, root.size);
	CHECK(memcmp(digest, again, sizeof digest) == 0);
	quote_of(SIMULATION_CURRENT);
	collateral_without(SIMULATION_FILE_END);
	CHECK(!verify_at(NOW, false) && g_verdict.simulated);
}

TEST(a_debug_enclave_is_refused_in_simulation_too)
{
	struct sim_qe qe;

	quote_of(SIMULATION_CURRENT);
	g_body.attributes.flags |= ATTRIBUTE_DEBUG;
	CHECK_EQ(sim_qe_init(&qe, &g_machine, SIMULATION_CURRENT), E_OK);
	CHECK_EQ(sim_qe_sign(&qe, g_quote, sizeof g_quote, &g_size, &g_body), E_OK);
	collateral_without(SIMULATION_FILE_END);
	CHECK(!verify_at(NOW, true));
	CHECK(g_verdict.debug);
	sim_qe_fini(&qe);
}

int main(void)
{
	RUN(a_simulated_quote_verifies_when_the_verifier_says_so);
	RUN(unless_told_a_verifier_refuses_it);
	RUN(a_machine_can_be_out_of_date_withdrawn_or_listed);
	RUN(it_is_valid_to_2049);
	RUN(every_file_is_needed);
	RUN(the_root_is_the_one_that_verifiers_know);
	RUN(a_debug_enclave_is_refused_in_simulation_too);
	attest_collateral_fini(&g_collateral);
	return check_report();
}
