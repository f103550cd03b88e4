/* retwine_verify: certificates that carry a simulated quote, and quotes, in files; what each form has to be and say. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mbedtls/base64.h>

#include "boundary/calls.h"
#include "channel/certificate.h"
#include "host/device/sim.h"
#include "host/quoting/sim_quote.h"
#include "host/verify/policy.h"

#include "test/lib/check.h"

#define NOW "1763800000"

static char g_folder[] = "/tmp/verify_test.XXXXXX";
static char g_file[64];
static struct retwine_error g_error;
static char *g_text;
static bool g_accepted;

/* ---- making evidence ---- */

static enum err test_random(void *context, void *out, size_t size)
{
	uint8_t *p = out, *state = context;

	for (size_t i = 0; i < size; i++)
		p[i] = (uint8_t)(++*state * 167u);
	return E_OK;
}

/* An enclave of a launch digest of ones, or what the test made of it. */
static uint8_t g_launch = 0x11;

static enum err test_quote(void *context, const uint8_t report_data[64], uint8_t *out, size_t max,
			   size_t *size)
{
	static struct sim_qe qe;
	struct sgx_report_body body = {
		.attributes = {ATTRIBUTE_INIT | ATTRIBUTE_MODE64 | ATTRIBUTE_KSS,
			       XFRM_X87 | XFRM_SSE}};

	(void)context;
	memset(body.mrenclave, 0xaa, sizeof body.mrenclave);
	memset(body.configid, g_launch, 32);
	memcpy(body.reportdata.data, report_data, sizeof body.reportdata.data);
	memcpy(body.cpusvn, sim_machine()->cpusvn, sizeof body.cpusvn);
	enum err err = sim_qe_init(&qe, sim_machine(), SIMULATION_CURRENT);

	return err == E_OK ? sim_qe_sign(&qe, out, max, size, &body) : err;
}

static struct certificate make_certificate(void)
{
	static uint8_t state;
	struct certificate_request request = {
		.identity = {.nonce_size = 4, .has_program_digest = true},
		.random = {&state, test_random},
		.quote = test_quote,
	};
	struct certificate c = {0};

	memset(request.identity.launch_digest, 0x11, sizeof request.identity.launch_digest);
	memset(request.identity.program_digest, 0x22, sizeof request.identity.program_digest);
	memset(request.identity.nonce, 0x33, request.identity.nonce_size);
	CHECK_EQ(certificate_create(&c, &request), E_OK);
	return c;
}

static void write_file(const void *p, size_t size)
{
	FILE *f = fopen(g_file, "wb");

	CHECK(f && fwrite(p, 1, size, f) == size && fclose(f) == 0);
}

static void write_pem(const struct certificate *c, unsigned times)
{
	unsigned char text[2 * CERTIFICATE_MAX];
	size_t size = 0;
	FILE *f = fopen(g_file, "wb");

	CHECK_EQ(mbedtls_base64_encode(text, sizeof text, &size, c->der, c->size), 0);
	for (unsigned i = 0; i < times; i++) {
		(void)fprintf(f, "-----BEGIN CERTIFICATE-----\n");
		for (size_t at = 0; at < size; at += 64)
			(void)fprintf(f, "%.64s\n", text + at);
		(void)fprintf(f, "-----END CERTIFICATE-----\n");
	}
	CHECK(fclose(f) == 0);
}

/* ---- verifying ---- */

/* Keys and texts, by twos, to the NULL. */
static enum retwine_code verify(enum retwine_format format, const char *const *keys)
{
	struct retwine_policy *p = retwine_policy_new();

	free(g_text);
	g_text = NULL;
	CHECK(retwine_policy_set(p, "time", NOW, NULL) == RETWINE_OK);
	CHECK(retwine_policy_set(p, "offline", "true", NULL) == RETWINE_OK);
	CHECK(retwine_policy_set(p, "insecure-accept-simulation", "true", NULL) == RETWINE_OK);
	for (; keys && *keys; keys += 2)
		CHECK(retwine_policy_set(p, keys[0], keys[1], &g_error) == RETWINE_OK);
	enum retwine_code code = retwine_verify(p, g_file, format, &g_accepted, &g_text, &g_error);

	retwine_policy_free(p);
	return code;
}

static bool accepts(const char *const *keys)
{
	const bool ok = verify(RETWINE_TEXT, keys) == RETWINE_OK && g_accepted;

	if (!ok)
		printf("%s\n", g_text ? g_text : g_error.message);
	return ok;
}

/* Refused, with this at the beginning of a line. */
static bool refuses(const char *const *keys, const char *reason)
{
	char line[64];

	(void)snprintf(line, sizeof line, "\n%s: ", reason);
	const bool ok =
		verify(RETWINE_TEXT, keys) == RETWINE_OK && !g_accepted && strstr(g_text, line);

	if (!ok)
		printf("not %s: %s\n", reason, g_text ? g_text : g_error.message);
	return ok;
}

#define X32(digits) digits digits digits digits digits digits digits digits
#define BYTES32(b)  X32(b b b b)

TEST(verify_accepts_a_certificate)
{
	static const char *const all[] = {"mrenclave",	    BYTES32("aa"), "launch-digest",
					  BYTES32("11"),    "nonce",	   "33333333",
					  "program-digest", BYTES32("22"), NULL};
	struct certificate c = make_certificate();

	write_file(c.der, c.size);
	CHECK(accepts(NULL));
	CHECK(accepts(all));
	CHECK(g_text && strstr(g_text, "\nclaims.launch_digest: 1111"));
	CHECK(g_text && strstr(g_text, "\nclaims.nonce: 33333333\n"));
	write_pem(&c, 1);
	CHECK(accepts(all));
	CHECK_EQ(verify(RETWINE_JSON, all), RETWINE_OK);
	CHECK(g_text && strstr(g_text, "\"claims\": {"));
	CHECK(g_text && strstr(g_text, "\"accepted\": true"));
	certificate_fini(&c);
}

TEST(verify_asks_the_claims_what_it_is_asked)
{
	static const char *const nonce[] = {"nonce", "33333334", NULL};
	static const char *const nonce_short[] = {"nonce", "333333", NULL};
	static const char *const program[] = {"program-digest", BYTES32("23"), NULL};
	static const char *const launch[] = {"launch-digest", BYTES32("12"), NULL};
	static const char *const enclave[] = {"mrenclave", BYTES32("ab"), NULL};
	struct certificate c = make_certificate();

	write_file(c.der, c.size);
	CHECK(refuses(nonce, "CLAIMS_NONCE"));
	CHECK(refuses(nonce_short, "CLAIMS_NONCE"));
	CHECK(refuses(program, "CLAIMS_PROGRAM"));
	CHECK(refuses(launch, "LAUNCH_DIGEST"));
	CHECK(refuses(enclave, "MR_ENCLAVE"));
	certificate_fini(&c);
}

/* A host that puts an honest enclave's quote under claims of another program, or under another key. */
TEST(verify_refuses_claims_that_are_not_the_quotes)
{
	struct certificate c;

	g_launch = 0x12;
	c = make_certificate();
	g_launch = 0x11;
	write_file(c.der, c.size);
	CHECK(refuses(NULL, "CLAIMS_LAUNCH"));
	certificate_fini(&c);
}

TEST(verify_refuses_certificates_that_are_damaged)
{
	struct certificate c = make_certificate();

	for (size_t at = 0; at < c.size; at += 97) {
		c.der[at] ^= 0x40;
		write_file(c.der, c.size);
		CHECK(verify(RETWINE_TEXT, NULL) == RETWINE_INPUT || !g_accepted);
		c.der[at] ^= 0x40;
	}
	write_file(c.der, c.size - 1);
	CHECK_EQ(verify(RETWINE_TEXT, NULL), RETWINE_INPUT);
	write_pem(&c, 2);
	CHECK_EQ(verify(RETWINE_TEXT, NULL), RETWINE_INPUT);
	certificate_fini(&c);
}

TEST(verify_takes_no_report_data_for_a_certificate)
{
	static const char *const data[] = {"report-data", BYTES32("00") BYTES32("00"), NULL};
	static const char *const user[] = {"user-data", BYTES32("00") BYTES32("00"), NULL};
	struct certificate c = make_certificate();

	write_file(c.der, c.size);
	CHECK_EQ(verify(RETWINE_TEXT, data), RETWINE_USAGE);
	CHECK_EQ(verify(RETWINE_TEXT, user), RETWINE_USAGE);
	certificate_fini(&c);
}

TEST(verify_holds_report_data_to_what_is_asked)
{
	static const char *const good[] = {"report-data", BYTES32("44") BYTES32("44"), NULL};
	static const char *const bad[] = {"report-data", BYTES32("44") BYTES32("45"), NULL};
	static const char *const both[] = {"report-data", BYTES32("44") BYTES32("44"), "user-data",
					   BYTES32("44") BYTES32("44"), NULL};
	static uint8_t quote[HOST_QUOTE_MAX];
	uint8_t data[64];
	size_t size;

	memset(data, 0x44, sizeof data);
	CHECK_EQ(test_quote(NULL, data, quote, sizeof quote, &size), E_OK);
	write_file(quote, size);
	CHECK(accepts(good));
	CHECK(refuses(bad, "REPORT_DATA"));
	CHECK_EQ(verify(RETWINE_TEXT, both), RETWINE_USAGE);
	/* The 64 bytes of a program are not the report data. */
	static const char *const user[] = {"user-data",
					   BYTES32("44") BYTES32("44"),
					   "launch-digest",
					   BYTES32("11"),
					   "program-digest",
					   BYTES32("22"),
					   NULL};

	CHECK(refuses(user, "REPORT_DATA"));
}

int main(void)
{
	if (!mkdtemp(g_folder))
		return 1;
	(void)setenv("XDG_CACHE_HOME", g_folder, 1);
	(void)snprintf(g_file, sizeof g_file, "%s/evidence", g_folder);
	RUN(verify_accepts_a_certificate);
	RUN(verify_asks_the_claims_what_it_is_asked);
	RUN(verify_refuses_claims_that_are_not_the_quotes);
	RUN(verify_refuses_certificates_that_are_damaged);
	RUN(verify_takes_no_report_data_for_a_certificate);
	RUN(verify_holds_report_data_to_what_is_asked);
	free(g_text);
	(void)unlink(g_file);
	(void)rmdir(g_folder);
	return check_report();
}
