/*
 * The simulated quoting enclave: which reports it takes, and that what it signs is a quote, byte by
 * byte, whose three signatures hold.
 */
#include "host/quoting/sim_quote.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/cmac.h"
#include "crypto/ecdsa.h"
#include "crypto/sha256.h"
#include "host/device/sim.h"

#include "test/lib/check.h"
#include "test/lib/hex.h"

#define QUOTE_MAX 8192

/* The public key of host/quoting/simulation/pck.key.pem. */
#define PCK_POINT                                                                                  \
	"5e1cc2f63e99ff3d7a83f34c7eb68f154527ee186fab136fb3da2c295890971b"                         \
	"277b895bdb0872e4169bb947bd627fc6da2a7a4e20b061a7656149daaba677fc"

static struct sgx_machine g_machine;
static struct sgx_identity g_self;
static struct sim_qe g_qe;
static uint8_t g_quote[QUOTE_MAX];
static size_t g_size;

static uint16_t u16_at(size_t off)
{
	return (uint16_t)(g_quote[off] | g_quote[off + 1] << 8);
}

static uint32_t u32_at(size_t off)
{
	return u16_at(off) | (uint32_t)u16_at(off + 2) << 16;
}

static void set_up(void)
{
	memset(&g_machine, 0x11, sizeof g_machine);
	memset(&g_self, 0x22, sizeof g_self);
	g_self.attributes.flags = ATTRIBUTE_INIT | ATTRIBUTE_MODE64 | ATTRIBUTE_KSS;
	g_self.isvsvn = 5;
	CHECK_EQ(sim_qe_init(&g_qe, &g_machine, SIMULATION_CURRENT), E_OK);
}

static void report_for(struct sgx_report *report, const struct sgx_targetinfo *target)
{
	struct sgx_reportdata data;

	memset(&data, 0x77, sizeof data);
	CHECK_EQ(sgx_make_report(report, &g_machine, &g_self, target, &data), SGX_SUCCESS);
}

static void report_for_qe(struct sgx_report *report)
{
	struct sgx_targetinfo target;

	sim_qe_target(&target, &g_qe);
	report_for(report, &target);
}

static void quote_self(void)
{
	struct sgx_report report;

	report_for_qe(&report);
	CHECK_EQ(sim_qe_sign(&g_qe, g_quote, sizeof g_quote, &g_size, &report.body), E_OK);
}

TEST(a_report_of_this_machine_for_this_target_holds)
{
	struct sgx_report report;

	set_up();
	report_for_qe(&report);
	CHECK(sim_qe_report_holds(&g_qe, &report));
}

TEST(a_report_with_any_bit_changed_is_refused)
{
	struct sgx_report report;
	uint8_t *bytes = (uint8_t *)&report;
	size_t taken = 0;

	set_up();
	report_for_qe(&report);
	for (size_t i = 0; i < sizeof report; i++) {
		bytes[i] ^= 0x40;
		taken += sim_qe_report_holds(&g_qe, &report);
		bytes[i] ^= 0x40;
	}
	CHECK_EQ(taken, 0);
	CHECK(sim_qe_report_holds(&g_qe, &report));
}

TEST(a_report_for_another_target_is_refused)
{
	struct sgx_report report;
	struct sgx_targetinfo target;

	set_up();
#define TO(statement)                                                                              \
	do {                                                                                       \
		sim_qe_target(&target, &g_qe);                                                     \
		statement;                                                                         \
		report_for(&report, &target);                                                      \
		CHECK(!sim_qe_report_holds(&g_qe, &report));                                       \
	} while (0)
	TO(target.mrenclave[0] ^= 1);
	TO(target.attributes.flags |= ATTRIBUTE_DEBUG);
	TO(target.attributes.xfrm |= XFRM_AVX);
	TO(target.miscselect = MISC_EXINFO);
	TO(target.configid[0] = 1);
	TO(target.configsvn = 1);
#undef TO
}

TEST(a_report_of_another_machine_is_refused)
{
	struct sgx_report report;
	struct sgx_machine other;
	struct sim_qe qe;

	set_up();
	report_for_qe(&report);
	other = g_machine;
	other.secret[31] ^= 1;
	CHECK_EQ(sim_qe_init(&qe, &other, SIMULATION_CURRENT), E_OK);
	CHECK(!sim_qe_report_holds(&qe, &report));
	other.secret[31] ^= 1;
	CHECK(sim_qe_report_holds(&qe, &report));
	other.report_keyid[0] ^=
		1; /* another start of the machine: the report says which it was made in */
	CHECK(sim_qe_report_holds(&qe, &report));
	sim_qe_fini(&qe);
}

/* A MAC that holds, over what no CPU writes. */
TEST(a_report_with_reserved_bytes_is_refused)
{
	struct sgx_report report;
	struct sgx_keyrequest request = {.keyname = KEYNAME_REPORT};
	static const size_t reserved[] = {21, 31, 96, 127, 160, 191, 262, 303};
	uint8_t key[16];

	set_up();
	memcpy(request.keyid, g_machine.report_keyid, sizeof request.keyid);
	CHECK_EQ(sgx_get_key(key, &g_machine, &g_qe.identity, &request), SGX_SUCCESS);
	for (size_t i = 0; i < COUNT_OF(reserved); i++) {
		report_for_qe(&report);
		((uint8_t *)&report)[reserved[i]] = 1;
		cmac_aes128(report.mac, key, &report.body, sizeof report.body);
		CHECK(!sim_qe_report_holds(&g_qe, &report));
	}
	report_for_qe(&report);
	cmac_aes128(report.mac, key, &report.body, sizeof report.body);
	CHECK(sim_qe_report_holds(&g_qe, &report));
}

TEST(the_quote_has_the_wire_format)
{
	struct sgx_report report;

	set_up();
	quote_self();
	report_for_qe(&report);
	CHECK_EQ(u16_at(0), 3);
	CHECK_EQ(u16_at(2), 2);
	CHECK_EQ(u32_at(4), 0);
	CHECK_EQ(u16_at(8), SIM_QE_ISVSVN);
	CHECK_EQ(u16_at(10), SIM_QE_PCESVN);
	CHECK(hex_equal(g_quote + 12, 16, "939a7233f79c4ca9940a0db3957f0607"));
	CHECK(memcmp(g_quote + 28, g_qe.id, 16) == 0 && u32_at(44) == 0);
	CHECK(memcmp(g_quote + 48, &report.body, 384) == 0);
	CHECK_EQ(u32_at(432), g_size - 436);
	CHECK_EQ(u16_at(1012), 32);
	CHECK_EQ(u16_at(1014 + 32), 5);
	CHECK_EQ(u32_at(1014 + 34), g_size - 1014 - 38);
	CHECK_EQ(u32_at(1014 + 34), simulation_pck_chain(SIMULATION_CURRENT).size);
	CHECK(memcmp(g_quote + 1014 + 38, "-----BEGIN CERTIFICATE-----\n", 28) == 0);
	CHECK(memcmp(g_quote + g_size - 26, "-----END CERTIFICATE-----\n", 26) == 0);
}

TEST(the_quoting_enclave_is_the_one_of_the_identity)
{
	const struct simulation_bytes identity = simulation_file(SIMULATION_QE_IDENTITY);
	static char text[4096];
	char hex[65];

	set_up();
	CHECK(identity.size < sizeof text);
	memcpy(text, identity.p, identity.size);
	for (size_t i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02X", g_qe.report.mrsigner[i]);
	CHECK(strstr(text, hex) != NULL);
	CHECK(strstr(text, "\"attributes\":\"15000000000000000000000000000000\"") != NULL);
	CHECK_EQ(g_qe.report.attributes.flags, 0x15);
	CHECK(strstr(text, "\"isvprodid\":1,") != NULL && g_qe.report.isvprodid == 1);
	CHECK(strstr(text, "{\"isvsvn\":2},") != NULL && g_qe.report.isvsvn == 2);
	CHECK_EQ(g_qe.report.miscselect, 0);
}

static enum err signature_holds(const void *key, const void *message, size_t size,
				const void *signature)
{
	uint8_t digest[SHA256_SIZE];

	sha256_digest(digest, message, size);
	return ecdsa_p256_verify(key, digest, signature);
}

TEST(the_three_links_of_the_signature_hold)
{
	uint8_t hash[SHA256_SIZE];
	static const uint8_t zeros[32];
	struct sha256 h;
	uint8_t pck[64];

	set_up();
	quote_self();
	CHECK_EQ(signature_holds(g_quote + 500, g_quote, 432, g_quote + 436), E_OK);
	g_quote[100] ^= 1;
	CHECK(signature_holds(g_quote + 500, g_quote, 432, g_quote + 436) != E_OK);
	g_quote[100] ^= 1;
	sha256_init(&h);
	sha256_update(&h, g_quote + 500, 64);
	sha256_update(&h, g_quote + 1014, 32);
	sha256_final(&h, hash);
	CHECK(memcmp(g_quote + 564 + 320, hash, 32) == 0);
	CHECK(memcmp(g_quote + 564 + 352, zeros, 32) == 0);
	CHECK_EQ(hex_read(pck, PCK_POINT), 64);
	CHECK_EQ(signature_holds(pck, g_quote + 564, 384, g_quote + 948), E_OK);
}

/* The key is the machine's: another run of it signs by the same one, another machine by another. */
TEST(the_attestation_key_belongs_to_the_machine)
{
	struct sim_qe again, other;
	struct sgx_machine machine;

	set_up();
	CHECK_EQ(sim_qe_init(&again, &g_machine, SIMULATION_OUTDATED), E_OK);
	CHECK(memcmp(again.point, g_qe.point, 64) == 0 && memcmp(again.id, g_qe.id, 16) == 0);
	machine = g_machine;
	machine.secret[0] ^= 1;
	CHECK_EQ(sim_qe_init(&other, &machine, SIMULATION_CURRENT), E_OK);
	CHECK(memcmp(other.point, g_qe.point, 64) != 0 && memcmp(other.id, g_qe.id, 16) != 0);
	sim_qe_fini(&again);
	sim_qe_fini(&other);
}

TEST(a_buffer_that_is_too_small_is_not_overrun)
{
	struct sgx_report report;
	size_t size = 1;

	set_up();
	quote_self();
	report_for_qe(&report);
	for (size_t max = 0; max<g_size; max += max> 440 && max + 300 < g_size ? 97 : 1) {
		uint8_t *exact = malloc(max + (max == 0));

		CHECK_EQ(sim_qe_sign(&g_qe, exact, max, &size, &report.body), E_LIMIT);
		free(exact);
	}
	CHECK_EQ(size, 1);
	CHECK_EQ(sim_qe_sign(&g_qe, g_quote, g_size, &size, &report.body), E_OK);
	CHECK_EQ(size, g_size);
}

/* ---- the provider, on this process's machine ---- */

TEST(the_provider_signs_what_was_made_for_it_alone)
{
	struct quoting *q;
	struct sgx_targetinfo target;
	struct sgx_report report;
	char why[QUOTING_WHY_MAX];
	const struct quoting_config config = {QUOTING_AUTO, NULL};

	set_up();
	CHECK_EQ(quoting_open(&q, &config, true, why), E_OK);
	CHECK_EQ(strcmp(q->ops->name, "simulation"), 0);
	CHECK_EQ(quoting_target(q, (uint8_t *)&target, -1), HOST_SUCCESS);
	const struct sgx_reportdata data = {{1}};

	CHECK_EQ(sgx_make_report(&report, sim_machine(), &g_self, &target, &data), SGX_SUCCESS);
	CHECK_EQ(quoting_quote(q, (uint8_t *)&report, g_quote, sizeof g_quote, &g_size, -1),
		 HOST_SUCCESS);
	CHECK(memcmp(g_quote + 48, &report.body, sizeof report.body) == 0);
	quoting_why(q, why);
	CHECK_EQ(why[0], 0);
	CHECK_EQ(quoting_quote(q, (uint8_t *)&report, g_quote, g_size - 1, &g_size, -1),
		 HOST_OVERFLOW);
	report.body.reportdata.data[0]++;
	CHECK_EQ(quoting_quote(q, (uint8_t *)&report, g_quote, sizeof g_quote, &g_size, -1),
		 HOST_ACCES);
	quoting_why(q, why);
	CHECK(strstr(why, "refuses the report") != NULL);
	quoting_close(q);
}

TEST(choices_that_cannot_be_kept_are_refused)
{
	struct quoting *q = NULL;
	char why[QUOTING_WHY_MAX];
	struct quoting_config config = {QUOTING_SIMULATED, NULL};
	uint8_t target[HOST_QUOTE_TARGET_SIZE];

	CHECK_EQ(quoting_open(&q, &config, false, why), E_INVALID);
	CHECK(strstr(why, "simulated enclaves alone") != NULL);
	config = (struct quoting_config){QUOTING_AESM, "/nonexistent/socket"};
	CHECK_EQ(quoting_open(&q, &config, false, why), E_NOT_FOUND);
	CHECK(strstr(why, "no AESM") != NULL);
	config.choice = QUOTING_AUTO; /* hardware without AESM: nobody */
	CHECK_EQ(quoting_open(&q, &config, false, why), E_OK);
	CHECK_EQ(quoting_target(q, target, -1), HOST_NOTSUP);
	CHECK_EQ(quoting_quote(q, g_quote, g_quote, sizeof g_quote, &g_size, -1), HOST_NOTSUP);
	quoting_why(q, why);
	CHECK(strstr(why, "aesmd") != NULL);
	quoting_close(q);
	config.choice = QUOTING_NOBODY;
	CHECK_EQ(quoting_open(&q, &config, true, why), E_OK);
	CHECK_EQ(quoting_target(q, target, -1), HOST_NOTSUP);
	quoting_close(q);
	quoting_close(NULL);
}

TEST(the_choice_is_read_from_text)
{
	struct quoting_config c;
	char longest[200];

	CHECK(quoting_config_parse(&c, "auto") == E_OK && c.choice == QUOTING_AUTO);
	CHECK(quoting_config_parse(&c, "simulated") == E_OK && c.choice == QUOTING_SIMULATED);
	CHECK(quoting_config_parse(&c, "none") == E_OK && c.choice == QUOTING_NOBODY);
	CHECK(quoting_config_parse(&c, "aesm") == E_OK && c.choice == QUOTING_AESM);
	CHECK(!c.aesm_socket);
	CHECK(quoting_config_parse(&c, "aesm:/run/a") == E_OK && c.choice == QUOTING_AESM);
	CHECK_EQ(strcmp(c.aesm_socket, "/run/a"), 0);
	CHECK(quoting_config_parse(&c, "aesm:@name") == E_OK);
	CHECK_EQ(quoting_config_parse(&c, "aesm:"), E_INVALID);
	CHECK_EQ(quoting_config_parse(&c, "aesm:@"), E_INVALID);
	CHECK_EQ(quoting_config_parse(&c, "Auto"), E_INVALID);
	CHECK_EQ(quoting_config_parse(&c, ""), E_INVALID);
	memset(longest, 'a', sizeof longest);
	memcpy(longest, "aesm:", 5);
	longest[5 + 107] = 0;
	CHECK_EQ(quoting_config_parse(&c, longest), E_OK);
	longest[5 + 107] = 'a';
	longest[5 + 108] = 0;
	CHECK_EQ(quoting_config_parse(&c, longest), E_INVALID);
}

int main(void)
{
	RUN(a_report_of_this_machine_for_this_target_holds);
	RUN(a_report_with_any_bit_changed_is_refused);
	RUN(a_report_for_another_target_is_refused);
	RUN(a_report_of_another_machine_is_refused);
	RUN(a_report_with_reserved_bytes_is_refused);
	RUN(the_quote_has_the_wire_format);
	RUN(the_quoting_enclave_is_the_one_of_the_identity);
	RUN(the_three_links_of_the_signature_hold);
	RUN(the_attestation_key_belongs_to_the_machine);
	RUN(a_buffer_that_is_too_small_is_not_overrun);
	RUN(the_provider_signs_what_was_made_for_it_alone);
	RUN(choices_that_cannot_be_kept_are_refused);
	RUN(the_choice_is_read_from_text);
	return check_report();
}
