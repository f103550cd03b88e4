/*
 * Whom a client delivers to: certificates as enclaves make them, with quotes that the simulation signs over any body, each
 * with one thing that is not as it should be.
 */
#include "host/deploy/peer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "channel/certificate.h"
#include "host/device/sim.h"
#include "host/quoting/sim_quote.h"
#include "host/verify/policy.h"
#include "test/lib/check.h"

static const uint8_t g_launch[32] = {1, 2, 3}, g_nonce[32] = {4, 5, 6}, g_mrenclave[32] = {7, 8, 9};

/* What differs from what is wanted. */
struct fault {
	bool debug;
	bool mrenclave;
	bool config_id;
	bool config_svn;
	bool report_data;
	bool launch_claim;
	bool nonce_claim;
	bool nonce_short;
	bool nonce_missing;
};

static struct sim_qe g_qe;
static const struct fault *g_fault;

static enum err random_get(void *context, void *out, size_t size)
{
	(void)context;
	return getrandom(out, size, 0) == (ssize_t)size ? E_OK : E_CRYPTO;
}

static enum err quote(void *context, const uint8_t report_data[IDENTITY_REPORT_DATA_SIZE],
		      uint8_t *out, size_t max, size_t *size)
{
	struct sgx_report_body body = {
		.cpusvn = {1},
		.miscselect = MISC_EXINFO,
		.attributes = {.flags = ATTRIBUTE_INIT | ATTRIBUTE_MODE64 | ATTRIBUTE_KSS,
			       .xfrm = XFRM_X87 | XFRM_SSE | XFRM_AVX},
		.configsvn = g_fault->config_svn,
	};

	(void)context;
	memcpy(body.mrenclave, g_mrenclave, sizeof(body.mrenclave));
	memcpy(body.configid, g_launch, sizeof(g_launch));
	memcpy(&body.reportdata, report_data, sizeof(body.reportdata));
	body.mrenclave[31] ^= g_fault->mrenclave;
	body.configid[31] ^= g_fault->config_id;
	((uint8_t *)&body.reportdata)[31] ^= g_fault->report_data;
	if (g_fault->debug)
		body.attributes.flags |= ATTRIBUTE_DEBUG;
	return sim_qe_sign(&g_qe, out, max, size, &body);
}

static void make_certificate(struct certificate *certificate, const struct fault *fault)
{
	struct certificate_request request = {.random = {NULL, random_get}, .quote = quote};
	struct identity *claims = &request.identity;

	g_fault = fault;
	memcpy(claims->launch_digest, g_launch, sizeof(g_launch));
	memcpy(claims->nonce, g_nonce, sizeof(g_nonce));
	claims->nonce_size = fault->nonce_missing ? 0 : fault->nonce_short ? 31 : 32;
	claims->launch_digest[31] ^= fault->launch_claim;
	claims->nonce[31] ^= fault->nonce_claim;
	if (claims->nonce_size < 32)
		memset(claims->nonce + claims->nonce_size, 0, 32 - claims->nonce_size);
	CHECK_EQ(certificate_create(certificate, &request), E_OK);
}

/* ---- the client ---- */

static unsigned g_verified; /* calls of the callback */
static char g_relaxations[256];

static void on_verified(void *context, const char *text, const char *relaxations)
{
	(void)context;
	(void)text;
	g_verified++;
	(void)snprintf(g_relaxations, sizeof(g_relaxations), "%s", relaxations);
}

static struct peer *peer_new(bool accept_simulation)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		abort();
	peer->policy = retwine_policy_new();
	CHECK(peer->policy != NULL);
	policy_set_mr_enclave(peer->policy, g_mrenclave);
	if (accept_simulation)
		CHECK_EQ(retwine_policy_set(peer->policy, "insecure-accept-simulation", "true",
					    NULL),
			 RETWINE_OK);
	memcpy(peer->launch_digest, g_launch, sizeof(g_launch));
	memcpy(peer->nonce, g_nonce, sizeof(g_nonce));
	peer->verified = on_verified;
	g_verified = 0;
	return peer;
}

static void peer_free(struct peer *peer)
{
	retwine_policy_free(peer->policy);
	free(peer);
}

/* Refused before anybody is told that it is verified, with these words. */
static bool refused(struct peer *peer, const uint8_t *der, size_t size, const char *words)
{
	const enum err err = peer_check(peer, der, size);
	const bool right = err == E_DENIED && peer->asked && !peer->accepted && g_verified == 0 &&
			   strstr(peer->error.message, words);

	if (!right)
		printf("  error %d: %s\n", (int)err, peer->error.message);
	peer_free(peer);
	return right;
}

static bool refused_for(struct fault fault, const char *words)
{
	struct certificate certificate = {0};

	make_certificate(&certificate, &fault);
	const bool right = refused(peer_new(true), certificate.der, certificate.size, words);

	certificate_fini(&certificate);
	return right;
}

TEST(the_wanted_enclave_is_accepted)
{
	static const struct fault none;
	struct certificate certificate = {0};
	struct peer *peer = peer_new(true);

	make_certificate(&certificate, &none);
	CHECK_EQ(peer_check(peer, certificate.der, certificate.size), E_OK);
	CHECK(peer->accepted);
	CHECK_EQ(g_verified, 1);
	CHECK(strstr(g_relaxations, "insecure-accept-simulation") != NULL);
	CHECK(peer->verdict.simulated);
	peer_free(peer);
	/* ... unless the simulation is not: */
	CHECK(refused(peer_new(false), certificate.der, certificate.size, "SIMULATION"));
	certificate_fini(&certificate);
}

TEST(another_launch_is_refused)
{
	CHECK(refused_for((struct fault){.launch_claim = true}, "another launch digest"));
	CHECK(refused_for((struct fault){.config_id = true}, "LAUNCH_DIGEST"));
	CHECK(refused_for((struct fault){.config_svn = true}, "CONFIG"));
}

TEST(another_nonce_is_refused)
{
	CHECK(refused_for((struct fault){.nonce_claim = true}, "another nonce"));
	CHECK(refused_for((struct fault){.nonce_short = true}, "another nonce"));
	CHECK(refused_for((struct fault){.nonce_missing = true}, "another nonce"));
}

TEST(another_enclave_is_refused)
{
	CHECK(refused_for((struct fault){.mrenclave = true}, "MR_ENCLAVE"));
	CHECK(refused_for((struct fault){.debug = true}, "DEBUG_REFUSED"));
}

TEST(a_quote_over_other_claims_is_refused)
{
	CHECK(refused_for((struct fault){.report_data = true}, "REPORT_DATA"));
}

TEST(what_is_no_certificate_is_refused)
{
	static const struct fault none;
	struct certificate certificate = {0};

	make_certificate(&certificate, &none);
	CHECK(refused(peer_new(true), certificate.der, certificate.size - 1, "certificate"));
	certificate.der[certificate.size - 1] ^= 1; /* of its signature */
	CHECK(refused(peer_new(true), certificate.der, certificate.size, "signature"));
	certificate_fini(&certificate);
	CHECK(refused(peer_new(true), (const uint8_t *)"", 0, "limit"));
}

/* With g_launch as the launch digest and g_nonce as the program's. */
static enum retwine_code with(const char *key, const char *value)
{
	struct peer *peer = peer_new(true);

	CHECK_EQ(retwine_policy_set(peer->policy, key, value, NULL), RETWINE_OK);
	const enum retwine_code code = peer_check_policy(peer, g_nonce, NULL);

	peer_free(peer);
	return code;
}

TEST(a_policy_that_asks_for_something_else_is_not_overruled)
{
	static const char launch[] =
		"0102030000000000000000000000000000000000000000000000000000000000";
	static const char program[] =
		"0405060000000000000000000000000000000000000000000000000000000000";

	CHECK_EQ(with("insecure-accept-debug", "true"), RETWINE_OK);
	CHECK_EQ(with("launch-digest", launch), RETWINE_OK);
	CHECK_EQ(with("launch-digest", program), RETWINE_REFUSED);
	CHECK_EQ(with("program-digest", program), RETWINE_OK);
	CHECK_EQ(with("program-digest", launch), RETWINE_REFUSED);
	CHECK_EQ(with("nonce", "00"), RETWINE_USAGE);
}

int main(void)
{
	if (sim_qe_init(&g_qe, sim_machine(), SIMULATION_CURRENT) != E_OK)
		return 2;
	RUN(the_wanted_enclave_is_accepted);
	RUN(another_launch_is_refused);
	RUN(another_nonce_is_refused);
	RUN(another_enclave_is_refused);
	RUN(a_quote_over_other_claims_is_refused);
	RUN(what_is_no_certificate_is_refused);
	RUN(a_policy_that_asks_for_something_else_is_not_overruled);
	sim_qe_fini(&g_qe);
	return check_report();
}
