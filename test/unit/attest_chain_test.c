/* Certificates and chains: each rule broken alone, certificates of Intel's, and time only as a window. */
#include <stdlib.h>
#include <string.h>

#include "attest/chain.h"

#include "test/lib/check.h"
#include "test/lib/file.h"
#include "test/lib/hex.h"
#include "test/lib/native.h"
#include "test/lib/pki.h"

static struct pki_world g_world;
static struct pki_bytes g_text, g_der, g_extra;
static struct x509_certificate g_certificate;

/* Makes a copy that ends where it ends, and decodes it. */
static enum attest_rule decode_der(const void *der, size_t size)
{
	static uint8_t *copy;

	free(copy);
	copy = malloc(size ? size : 1);
	if (!copy)
		abort();
	memcpy(copy, der, size);
	return x509_decode(&g_certificate, copy, size);
}

/* The leaf as the world has it now. */
static enum attest_rule decode_leaf(void)
{
	pki_world_der(&g_der, &g_world, PKI_LEAF);
	return decode_der(g_der.p, g_der.size);
}

static enum attest_rule verify_text(enum chain_role role)
{
	struct attest_chain chain;
	enum attest_rule rule = chain_decode(&chain, g_text.p, g_text.size);

	if (rule != ATTEST_OK)
		return rule;
	rule = chain_verify(&chain, role);
	chain_fini(&chain);
	return rule;
}

static enum attest_rule verify_pck(void)
{
	pki_world_pck_chain(&g_text, &g_world);
	return verify_text(CHAIN_PCK);
}

static enum attest_rule verify_tcb(void)
{
	pki_world_tcb_chain(&g_text, &g_world);
	return verify_text(CHAIN_TCB);
}

/* ---- one certificate --------------------------------------------------------------------------- */

TEST(certificate_is_taken_apart)
{
	const struct x509_certificate *c = &g_certificate;

	pki_world(&g_world);
	CHECK_EQ(decode_leaf(), ATTEST_OK);
	CHECK(x509_name_is(c, "Intel SGX PCK Certificate"));
	CHECK(!x509_name_is(c, "Intel SGX PCK Certificat"));
	CHECK(!x509_name_is(c, "Intel SGX PCK Certificate "));
	CHECK(memcmp(c->key, g_world.keys[PKI_LEAF].public_key + 1, sizeof c->key) == 0);
	CHECK_EQ(c->serial.size, 1);
	CHECK_EQ(c->serial.p[0], PKI_LEAF + 1);
	CHECK_EQ(c->window.not_before, 1577836800);
	CHECK_EQ(c->window.not_after, 2524607999);
	CHECK(!c->ca);
	CHECK_EQ(c->path_length, X509_PATH_UNLIMITED);
	CHECK_EQ(c->usage, X509_DIGITAL_SIGNATURE | 0x40);
	CHECK_EQ(c->der.size, g_der.size);
	pki_world_der(&g_der, &g_world, PKI_ROOT);
	CHECK_EQ(decode_der(g_der.p, g_der.size), ATTEST_OK);
	CHECK(c->ca);
	CHECK_EQ(c->path_length, 1);
	CHECK_EQ(x509_signed_by(c, c->key), E_OK);
	CHECK_EQ(x509_signed_by(c, g_world.keys[PKI_CA].public_key + 1), E_CRYPTO);
}

TEST(certificate_dates_are_seconds_since_1970)
{
	CHECK_EQ(x509_time(1970, 1, 1, 0, 0, 0), 0);
	CHECK_EQ(x509_time(2000, 2, 29, 23, 59, 59), 951868799);
	CHECK_EQ(x509_time(2000, 3, 1, 0, 0, 0), 951868800);
	CHECK_EQ(x509_time(2025, 6, 19, 10, 56, 11), 1750330571);
	CHECK_EQ(x509_time(2100, 3, 1, 0, 0, 0), 4107542400);
	CHECK_EQ(x509_time(1969, 12, 31, 23, 59, 59), -1);
	CHECK_EQ(x509_time(9999, 12, 31, 23, 59, 59), 253402300799);
	pki_world(&g_world);
	g_world.certificates[PKI_LEAF].not_before = "19700101000001Z";
	g_world.certificates[PKI_LEAF].not_after = "99991231235959Z";
	CHECK_EQ(decode_leaf(), ATTEST_OK);
	CHECK_EQ(g_certificate.window.not_before, 1);
	CHECK_EQ(g_certificate.window.not_after, 253402300799);
}

TEST(certificate_refuses_every_truncation)
{
	pki_world(&g_world);
	CHECK_EQ(decode_leaf(), ATTEST_OK);
	for (size_t size = 0; size < g_der.size; size++)
		CHECK_EQ(decode_der(g_der.p, size), ATTEST_CERTIFICATE_FORM);
}

TEST(certificate_refuses_what_is_behind_it)
{
	pki_world(&g_world);
	CHECK_EQ(decode_leaf(), ATTEST_OK);
	pki_put(&g_der, "", 1);
	CHECK_EQ(decode_der(g_der.p, g_der.size), ATTEST_CERTIFICATE_END);
}

TEST(certificate_refuses_bytes_that_are_none)
{
	static const uint8_t huge[] = {0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x30, 0};
	static const uint8_t indefinite[] = {0x30, 0x80, 0x30, 0x80, 0, 0, 0, 0};

	CHECK_EQ(decode_der(huge, sizeof huge), ATTEST_CERTIFICATE_FORM);
	CHECK_EQ(decode_der(indefinite, sizeof indefinite), ATTEST_CERTIFICATE_FORM);
	CHECK(!g_certificate.tbs.p);
}

/* A large extension makes a certificate of any size. */
TEST(certificate_is_limited_in_size)
{
	static const uint8_t oid[] = {0x2a, 3, 4};
	static uint8_t value[X509_CERTIFICATE_MAX];
	size_t room;

	pki_world(&g_world);
	g_world.certificates[PKI_LEAF].extensions = &g_extra;
	g_extra.size = 0;
	pki_extension(&g_extra, oid, sizeof oid, false, value, 7000);
	CHECK_EQ(decode_leaf(), ATTEST_OK);
	room = X509_CERTIFICATE_MAX - g_der.size;
	g_extra.size = 0;
	pki_extension(&g_extra, oid, sizeof oid, false, value, 7000 + room);
	(void)decode_leaf();
	while (g_der.size > X509_CERTIFICATE_MAX) { /* signatures differ in length */
		g_extra.size = 0;
		pki_extension(&g_extra, oid, sizeof oid, false, value, 7000 + --room);
		(void)decode_leaf();
	}
	CHECK_EQ(decode_leaf(), ATTEST_OK);
	g_extra.size = 0;
	pki_extension(&g_extra, oid, sizeof oid, false, value, 7000 + room + 16);
	CHECK_EQ(decode_leaf(), ATTEST_CERTIFICATE_SIZE);
}

TEST(certificate_is_of_version_3)
{
	pki_world(&g_world);
	for (int version = 1; version <= 2; version++) {
		g_world.certificates[PKI_LEAF].version = version;
		CHECK_EQ(decode_leaf(), ATTEST_CERTIFICATE_VERSION);
	}
	g_world.certificates[PKI_LEAF].version = 4;
	CHECK_EQ(decode_leaf(), ATTEST_CERTIFICATE_FORM);
}

TEST(certificate_has_one_common_name)
{
	pki_world(&g_world);
	g_world.certificates[PKI_LEAF].second_subject = "Intel SGX PCK Certificate";
	CHECK_EQ(decode_leaf(), ATTEST_OK);
	CHECK(!x509_name_is(&g_certificate, "Intel SGX PCK Certificate"));
}

TEST(certificate_is_signed_with_sha256)
{
	pki_world(&g_world);
	g_world.certificates[PKI_LEAF].algorithm = PKI_RSA_SHA256;
	CHECK_EQ(decode_leaf(), ATTEST_CERTIFICATE_ALGORITHM);
	g_world.certificates[PKI_LEAF].algorithm = PKI_ECDSA_SHA384;
	CHECK_EQ(decode_leaf(), ATTEST_CERTIFICATE_ALGORITHM);
}

TEST(certificate_key_is_of_p256)
{
	/* the generator of P-384, and an RSA key of 512 bits */
	static const char *const spki[] = {
		"3076301006072a8648ce3d020106052b8104002203620004"
		"aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c"
		"3a545e3872760ab73617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c0"
		"0a60b1ce1d7e819d7a431d7c90ea0e5f",
		"305c300d06092a864886f70d0101010500034b003048024100"
		"c1111111111111111111111111111111111111111111111111111111111111111111111111111111"
		"111111111111111111111111111111111111111111111111"
		"0203010001",
	};

	pki_world(&g_world);
	g_world.certificates[PKI_LEAF].spki = &g_extra;
	for (size_t i = 0; i < COUNT_OF(spki); i++) {
		g_extra.size = hex_read(g_extra.p, spki[i]);
		CHECK_EQ(decode_leaf(), ATTEST_CERTIFICATE_KEY);
		CHECK_EQ(g_certificate.key[0], 0);
	}
}

/* mbedTLS refuses a key off the curve when it reads it. */
TEST(certificate_key_is_a_point_of_the_curve)
{
	static const char spki[] =
		"3059301306072a8648ce3d020106082a8648ce3d030107034200"
		"04aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a38"
		"5502f25dbf55296c3a545e3872760ab73617de4a96262c6f5d9e98bf9292dc29f8";

	pki_world(&g_world);
	g_world.certificates[PKI_LEAF].spki = &g_extra;
	g_extra.size = hex_read(g_extra.p, spki);
	CHECK_EQ(decode_leaf(), ATTEST_CERTIFICATE_FORM);
}

TEST(certificate_extensions_stand_once)
{
	static const uint8_t oid[] = {0x2a, 3, 4}, other[] = {0x2a, 3, 5};

	pki_world(&g_world);
	g_world.certificates[PKI_LEAF].extensions = &g_extra;
	g_extra.size = 0;
	pki_extension(&g_extra, oid, sizeof oid, false, "a", 1);
	pki_extension(&g_extra, other, sizeof other, false, "a", 1);
	CHECK_EQ(decode_leaf(), ATTEST_OK);
	pki_extension(&g_extra, oid, sizeof oid, false, "b", 1);
	CHECK_EQ(decode_leaf(), ATTEST_CERTIFICATE_EXTENSIONS);
}

TEST(certificate_extensions_are_not_many)
{
	pki_world(&g_world);
	g_world.certificates[PKI_LEAF].extensions = &g_extra;
	g_extra.size = 0;
	for (uint8_t i = 0; i < 30; i++) { /* two more are there */
		const uint8_t oid[] = {0x2a, 3, i};

		pki_extension(&g_extra, oid, sizeof oid, false, "a", 1);
	}
	CHECK_EQ(decode_leaf(), ATTEST_OK);
	pki_extension(&g_extra, "\x2a\x04", 2, false, "a", 1);
	CHECK_EQ(decode_leaf(), ATTEST_CERTIFICATE_EXTENSIONS);
}

TEST(certificate_has_no_critical_extension_that_is_not_looked_at)
{
	static const uint8_t unknown[] = {0x2a, 3, 4}, alternative[] = {0x55, 0x1d, 17};
	static const uint8_t names[] = {0x30, 3, 0x82, 1, 'a'};

	pki_world(&g_world);
	g_world.certificates[PKI_LEAF].extensions = &g_extra;
	g_extra.size = 0;
	pki_extension(&g_extra, alternative, sizeof alternative, false, names, sizeof names);
	CHECK_EQ(decode_leaf(), ATTEST_OK);
	g_extra.size = 0;
	pki_extension(&g_extra, alternative, sizeof alternative, true, names, sizeof names);
	CHECK_EQ(decode_leaf(), ATTEST_CERTIFICATE_CRITICAL);
	g_extra.size = 0;
	pki_extension(&g_extra, unknown, sizeof unknown, true, "a", 1);
	CHECK_EQ(decode_leaf(), ATTEST_CERTIFICATE_FORM); /* mbedTLS refuses it first */
}

TEST(certificate_extension_is_found_by_its_oid)
{
	static const uint8_t oid[] = {0x2a, 3, 4};
	struct reader value;

	pki_world(&g_world);
	g_world.certificates[PKI_LEAF].extensions = &g_extra;
	g_extra.size = 0;
	pki_extension(&g_extra, oid, sizeof oid, false, "value", 5);
	CHECK_EQ(decode_leaf(), ATTEST_OK);
	value = x509_extension(&g_certificate, oid, sizeof oid);
	CHECK_EQ(value.left, 5);
	CHECK(value.left == 5 && memcmp(value.p, "value", 5) == 0);
	CHECK_EQ(x509_extension(&g_certificate, oid, 2).left, 0);
}

TEST(serial_numbers_are_numbers)
{
	const struct x509_bytes one = {(const uint8_t *)"\x01", 1};
	const struct x509_bytes long_one = {(const uint8_t *)"\0\0\x01", 3};
	const struct x509_bytes two = {(const uint8_t *)"\x02", 1};
	const struct x509_bytes long_two = {(const uint8_t *)"\x01\x02", 2};

	CHECK(x509_same_serial(one, one));
	CHECK(x509_same_serial(one, long_one));
	CHECK(!x509_same_serial(one, two));
	CHECK(!x509_same_serial(two, long_two));
	CHECK(!x509_same_serial((struct x509_bytes){0}, (struct x509_bytes){0}));
}

/* ---- text -------------------------------------------------------------------------------------- */

TEST(chain_of_each_role_is_verified)
{
	struct attest_chain chain;

	pki_world(&g_world);
	CHECK_EQ(verify_pck(), ATTEST_OK);
	CHECK_EQ(verify_tcb(), ATTEST_OK);
	CHECK_EQ(chain_decode(&chain, g_text.p, g_text.size), ATTEST_OK);
	CHECK_EQ(chain.count, 2);
	CHECK(x509_name_is(chain_leaf(&chain), "Intel SGX TCB Signing"));
	CHECK(x509_name_is(chain_root(&chain), "Intel SGX Root CA"));
	pki_world_der(&g_der, &g_world, PKI_ROOT);
	sha256_digest(g_extra.p, g_der.p, g_der.size);
	CHECK(memcmp(chain_root(&chain)->digest, g_extra.p, SHA256_SIZE) == 0);
	chain_fini(&chain);
	CHECK_EQ(chain.count, 0);
}

TEST(chain_window_is_that_of_all_its_certificates)
{
	struct attest_chain chain;
	struct attest_window window;

	pki_world(&g_world);
	g_world.certificates[PKI_CA].not_before = "20210101000000Z";
	g_world.certificates[PKI_ROOT].not_after = "20400101000000Z";
	g_world.certificates[PKI_LEAF].not_after = "20410101000000Z";
	pki_world_pck_chain(&g_text, &g_world);
	CHECK_EQ(chain_decode(&chain, g_text.p, g_text.size), ATTEST_OK);
	CHECK_EQ(chain_verify(&chain, CHAIN_PCK), ATTEST_OK); /* whatever the time is */
	window = chain_window(&chain);
	CHECK_EQ(window.not_before, x509_time(2021, 1, 1, 0, 0, 0));
	CHECK_EQ(window.not_after, x509_time(2040, 1, 1, 0, 0, 0));
	CHECK(!window_holds(&window, window.not_before - 1));
	CHECK(window_holds(&window, window.not_before));
	CHECK(window_holds(&window, window.not_after));
	CHECK(!window_holds(&window, window.not_after + 1));
	chain_fini(&chain);
}

TEST(chain_text_may_end_in_zeros_and_blanks)
{
	pki_world(&g_world);
	pki_world_pck_chain(&g_text, &g_world);
	pki_put(&g_text, "\r\n \t\n\0\0\0", 8);
	CHECK_EQ(verify_text(CHAIN_PCK), ATTEST_OK);
	pki_world_pck_chain(&g_text, &g_world);
	g_text.size--; /* without the last line's end */
	CHECK_EQ(verify_text(CHAIN_PCK), ATTEST_OK);
}

TEST(chain_lines_may_end_as_elsewhere)
{
	size_t n = 0;

	pki_world(&g_world);
	pki_world_pck_chain(&g_der, &g_world);
	for (size_t i = 0; i < g_der.size; i++) {
		if (g_der.p[i] == '\n')
			g_text.p[n++] = '\r';
		g_text.p[n++] = g_der.p[i];
	}
	g_text.size = n;
	CHECK_EQ(verify_text(CHAIN_PCK), ATTEST_OK);
}

/* Certificates in any order are the same chain. */
TEST(chain_is_put_into_order)
{
	static const enum pki_who orders[][3] = {
		{PKI_LEAF, PKI_CA, PKI_ROOT}, {PKI_LEAF, PKI_ROOT, PKI_CA},
		{PKI_CA, PKI_LEAF, PKI_ROOT}, {PKI_CA, PKI_ROOT, PKI_LEAF},
		{PKI_ROOT, PKI_LEAF, PKI_CA}, {PKI_ROOT, PKI_CA, PKI_LEAF},
	};

	pki_world(&g_world);
	for (size_t i = 0; i < COUNT_OF(orders); i++) {
		g_text.size = 0;
		for (size_t k = 0; k < 3; k++) {
			pki_world_der(&g_der, &g_world, orders[i][k]);
			pki_pem(&g_text, "CERTIFICATE", g_der.p, g_der.size);
		}
		CHECK_EQ(verify_text(CHAIN_PCK), ATTEST_OK);
	}
	g_text.size = 0;
	pki_world_der(&g_der, &g_world, PKI_ROOT);
	pki_pem(&g_text, "CERTIFICATE", g_der.p, g_der.size);
	pki_world_der(&g_der, &g_world, PKI_SIGNER);
	pki_pem(&g_text, "CERTIFICATE", g_der.p, g_der.size);
	CHECK_EQ(verify_text(CHAIN_TCB), ATTEST_OK);
}

TEST(chain_refuses_every_truncation)
{
	pki_world(&g_world);
	pki_world_tcb_chain(&g_text, &g_world);
	for (size_t size = g_text.size - 1; size-- > 0;) {
		enum attest_rule rule;

		g_text.size = size;
		rule = verify_text(CHAIN_TCB);
		CHECK(rule == ATTEST_CHAIN_TEXT || rule == ATTEST_CHAIN_COUNT ||
		      rule == ATTEST_CHAIN_LENGTH);
	}
}

TEST(chain_text_is_certificates_alone)
{
	static const char *const bad[] = {
		"x",
		"-----BEGIN CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\nAAAA\n",
		"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\nA===\n-----END CERTIFICATE-----\n",
		"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END X509 CRL-----\n",
		"\0-----BEGIN CERTIFICATE-----\n"};

	pki_world(&g_world);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		pki_world_tcb_chain(&g_text, &g_world);
		pki_put(&g_text, bad[i], strlen(bad[i] + (bad[i][0] == 0)) + (bad[i][0] == 0));
		CHECK_EQ(verify_text(CHAIN_TCB), ATTEST_CHAIN_TEXT);
	}
	g_text.size = 0;
	pki_put(&g_text, "text", 4);
	CHECK_EQ(verify_text(CHAIN_TCB), ATTEST_CHAIN_TEXT);
}

/* One letter of the lines before and behind a certificate is another one. */
TEST(chain_lines_have_their_label)
{
	static const char *const lines[] = {"-----BEGIN CERTIFICATE-----",
					    "-----END CERTIFICATE-----"};

	pki_world(&g_world);
	for (size_t k = 0; k < COUNT_OF(lines); k++) {
		for (size_t i = 0; i < strlen(lines[k]); i++) {
			uint8_t *line;

			pki_world_tcb_chain(&g_text, &g_world);
			line = memmem(g_text.p, g_text.size, lines[k], strlen(lines[k]));
			line[i] = '.';
			CHECK_EQ(verify_text(CHAIN_TCB), ATTEST_CHAIN_TEXT);
		}
	}
}

TEST(chain_refuses_a_damaged_certificate)
{
	pki_world(&g_world);
	pki_world_tcb_chain(&g_text, &g_world);
	memcpy(g_text.p + 28, "AAAA", 4);
	CHECK_EQ(verify_text(CHAIN_TCB), ATTEST_CERTIFICATE_FORM);
}

TEST(chain_has_one_to_three_certificates)
{
	pki_world(&g_world);
	g_text.size = 0;
	CHECK_EQ(verify_text(CHAIN_PCK), ATTEST_CHAIN_COUNT);
	pki_put(&g_text, "\n\0\0", 3);
	CHECK_EQ(verify_text(CHAIN_PCK), ATTEST_CHAIN_COUNT);
	pki_world_pck_chain(&g_text, &g_world);
	pki_world_der(&g_der, &g_world, PKI_ROOT);
	pki_pem(&g_text, "CERTIFICATE", g_der.p, g_der.size);
	CHECK_EQ(verify_text(CHAIN_PCK), ATTEST_CHAIN_COUNT);
}

TEST(chain_text_is_limited)
{
	pki_world(&g_world);
	pki_world_pck_chain(&g_text, &g_world);
	while (g_text.size < CHAIN_TEXT_MAX)
		g_text.p[g_text.size++] = '\n';
	CHECK_EQ(verify_text(CHAIN_PCK), ATTEST_OK);
	g_text.p[g_text.size++] = '\n';
	CHECK_EQ(verify_text(CHAIN_PCK), ATTEST_CHAIN_SIZE);
	g_text.p[g_text.size - 1] = 0; /* zeros are not text */
	CHECK_EQ(verify_text(CHAIN_PCK), ATTEST_OK);
}

TEST(chain_says_when_memory_is_short)
{
	pki_world(&g_world);
	pki_world_pck_chain(&g_text, &g_world);
	native_heap_fail_at(0);
	CHECK_EQ(verify_text(CHAIN_PCK), ATTEST_MEMORY);
	native_heap_fail_at(-1);
}

/* ---- names, constraints, signatures ------------------------------------------------------------- */

TEST(chain_has_the_length_of_its_role)
{
	pki_world(&g_world);
	pki_world_pck_chain(&g_text, &g_world);
	CHECK_EQ(verify_text(CHAIN_TCB), ATTEST_CHAIN_LENGTH);
	pki_world_tcb_chain(&g_text, &g_world);
	CHECK_EQ(verify_text(CHAIN_PCK), ATTEST_CHAIN_LENGTH);
	g_text.size = 0;
	pki_world_der(&g_der, &g_world, PKI_ROOT);
	pki_pem(&g_text, "CERTIFICATE", g_der.p, g_der.size);
	CHECK_EQ(verify_text(CHAIN_PCK), ATTEST_CHAIN_LENGTH);
	CHECK_EQ(verify_text(CHAIN_TCB), ATTEST_CHAIN_LENGTH);
}

static void rename_root(const char *name)
{
	pki_world(&g_world);
	g_world.certificates[PKI_ROOT].subject = g_world.certificates[PKI_ROOT].issuer = name;
	g_world.certificates[PKI_CA].issuer = name;
	g_world.certificates[PKI_SIGNER].issuer = name;
}

static void rename_ca(const char *name)
{
	g_world.certificates[PKI_CA].subject = name;
	g_world.certificates[PKI_LEAF].issuer = name;
}

TEST(chain_root_is_called_a_root)
{
	static const char *const bad[] = {"Intel SGX PCK Platform CA", "Intel SGX Root CA 2", "",
					  "Intel SGX Root C"};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		rename_root(bad[i]);
		CHECK_EQ(verify_pck(), ATTEST_CHAIN_ROOT_NAME);
		CHECK_EQ(verify_tcb(), ATTEST_CHAIN_ROOT_NAME);
	}
}

TEST(chain_issuer_is_called_a_pck_ca)
{
	static const char *const bad[] = {"Intel SGX PCK CA", "PCK Platform CA",
					  "Retwine Simulation PCK CA"};

	pki_world(&g_world);
	rename_ca("Intel SGX PCK Processor CA");
	CHECK_EQ(verify_pck(), ATTEST_OK);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		rename_ca(bad[i]);
		CHECK_EQ(verify_pck(), ATTEST_CHAIN_CA_NAME);
	}
}

TEST(chain_leaf_is_called_as_its_role_demands)
{
	pki_world(&g_world);
	g_world.certificates[PKI_LEAF].subject = "Intel SGX TCB Signing";
	CHECK_EQ(verify_pck(), ATTEST_CHAIN_LEAF_NAME);
	g_world.certificates[PKI_SIGNER].subject = "Intel SGX PCK Certificate";
	CHECK_EQ(verify_tcb(), ATTEST_CHAIN_LEAF_NAME);
	g_world.certificates[PKI_SIGNER].subject = "Intel SGX PCK Platform CA"; /* a true CA */
	CHECK_EQ(verify_tcb(), ATTEST_CHAIN_LEAF_NAME);
}

TEST(chain_of_the_simulator_has_its_own_names)
{
	rename_root("Retwine Simulation Root CA");
	CHECK_EQ(verify_pck(), ATTEST_CHAIN_CA_NAME);
	rename_ca("Retwine Simulation PCK CA");
	CHECK_EQ(verify_pck(), ATTEST_CHAIN_LEAF_NAME);
	g_world.certificates[PKI_LEAF].subject = "Retwine Simulation PCK Certificate";
	CHECK_EQ(verify_pck(), ATTEST_OK);
	CHECK_EQ(verify_tcb(), ATTEST_CHAIN_LEAF_NAME);
	g_world.certificates[PKI_SIGNER].subject = "Retwine Simulation TCB Signing";
	CHECK_EQ(verify_tcb(), ATTEST_OK);
}

TEST(chain_issuers_are_the_next_subjects)
{
	pki_world(&g_world);
	g_world.certificates[PKI_LEAF].issuer = "Intel SGX PCK Processor CA";
	CHECK_EQ(verify_pck(), ATTEST_CHAIN_ISSUER);
	pki_world(&g_world);
	g_world.certificates[PKI_CA].issuer = "Intel SGX Root CB";
	CHECK_EQ(verify_pck(), ATTEST_CHAIN_ISSUER);
	pki_world(&g_world);
	g_world.certificates[PKI_ROOT].issuer = "Intel SGX Root CB";
	CHECK_EQ(verify_pck(), ATTEST_CHAIN_ISSUER);
	CHECK_EQ(verify_tcb(), ATTEST_CHAIN_ISSUER);
}

TEST(chain_issuers_are_cas)
{
	static const enum pki_who cas[] = {PKI_CA, PKI_ROOT};

	for (size_t i = 0; i < COUNT_OF(cas); i++) {
		pki_world(&g_world);
		g_world.certificates[cas[i]].path_length = -1;
		g_world.certificates[cas[i]].ca = 0;
		CHECK_EQ(verify_pck(), ATTEST_CHAIN_CA);
		g_world.certificates[cas[i]].ca = -1;
		CHECK_EQ(verify_pck(), ATTEST_CHAIN_CA);
	}
	CHECK_EQ(verify_tcb(), ATTEST_CHAIN_CA);
}

TEST(chain_leaf_is_no_ca)
{
	pki_world(&g_world);
	g_world.certificates[PKI_LEAF].ca = 1;
	CHECK_EQ(verify_pck(), ATTEST_CHAIN_LEAF);
	g_world.certificates[PKI_SIGNER].ca = 1;
	CHECK_EQ(verify_tcb(), ATTEST_CHAIN_LEAF);
	g_world.certificates[PKI_LEAF].ca = -1; /* it need not say so */
	CHECK_EQ(verify_pck(), ATTEST_OK);
}

TEST(chain_is_no_longer_than_a_ca_allows)
{
	pki_world(&g_world);
	g_world.certificates[PKI_ROOT].path_length = 0;
	CHECK_EQ(verify_pck(), ATTEST_CHAIN_PATH);
	CHECK_EQ(verify_tcb(), ATTEST_OK);
	g_world.certificates[PKI_ROOT].path_length = -1;
	g_world.certificates[PKI_CA].path_length = -1;
	CHECK_EQ(verify_pck(), ATTEST_OK);
}

TEST(chain_issuers_may_sign_certificates)
{
	static const enum pki_who cas[] = {PKI_CA, PKI_ROOT};

	for (size_t i = 0; i < COUNT_OF(cas); i++) {
		pki_world(&g_world);
		g_world.certificates[cas[i]].usage = X509_CRL_SIGN | X509_DIGITAL_SIGNATURE;
		CHECK_EQ(verify_pck(), ATTEST_CHAIN_CA_USAGE);
		g_world.certificates[cas[i]].usage = -1;
		CHECK_EQ(verify_pck(), ATTEST_CHAIN_CA_USAGE);
		g_world.certificates[cas[i]].usage = X509_KEY_CERT_SIGN;
		CHECK_EQ(verify_pck(), ATTEST_OK);
	}
}

TEST(chain_leaf_signs_data_alone)
{
	static const int bad[] = {-1, 0x40, X509_DIGITAL_SIGNATURE | X509_KEY_CERT_SIGN,
				  X509_DIGITAL_SIGNATURE | X509_CRL_SIGN,
				  X509_KEY_CERT_SIGN | X509_CRL_SIGN};

	pki_world(&g_world);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		g_world.certificates[PKI_LEAF].usage = bad[i];
		CHECK_EQ(verify_pck(), ATTEST_CHAIN_LEAF_USAGE);
		g_world.certificates[PKI_SIGNER].usage = bad[i];
		CHECK_EQ(verify_tcb(), ATTEST_CHAIN_LEAF_USAGE);
	}
}

TEST(chain_certificates_are_signed_by_the_next)
{
	static const enum pki_who whose[] = {PKI_LEAF, PKI_CA, PKI_ROOT};

	for (size_t i = 0; i < COUNT_OF(whose); i++) {
		pki_world(&g_world);
		g_world.certificates[whose[i]].signer = &g_world.keys[PKI_SIGNER];
		CHECK_EQ(verify_pck(), ATTEST_CHAIN_SIGNATURE);
	}
	pki_world(&g_world);
	g_world.certificates[PKI_SIGNER].signer = &g_world.keys[PKI_CA];
	CHECK_EQ(verify_tcb(), ATTEST_CHAIN_SIGNATURE);
}

/* A bit of any byte of what is signed, or of the signature, is another one. */
TEST(chain_notices_every_changed_byte)
{
	pki_world(&g_world);
	pki_world_der(&g_extra, &g_world, PKI_SIGNER);
	for (size_t i = 0; i < g_extra.size; i += 3) {
		g_text.size = 0;
		g_extra.p[i] ^= 1;
		pki_pem(&g_text, "CERTIFICATE", g_extra.p, g_extra.size);
		g_extra.p[i] ^= 1;
		pki_world_der(&g_der, &g_world, PKI_ROOT);
		pki_pem(&g_text, "CERTIFICATE", g_der.p, g_der.size);
		CHECK(verify_text(CHAIN_TCB) != ATTEST_OK);
	}
}

/* ---- Intel's ------------------------------------------------------------------------------------ */

#define DATA "../shared/data/quotes/"

static const struct {
	const char *path;
	enum chain_role role;
	enum attest_rule rule;
	const char *root; /* the digest of its DER */
} g_real[] = {
	{"oasis-core/tcb_info_v3_fmspc_00606A000000_certs.pem", CHAIN_TCB, ATTEST_OK,
	 "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3"},
	{"oasis-core/tcb_info_v3_fmspc_00606A000000_certs_bad.pem", CHAIN_TCB,
	 ATTEST_CHAIN_LEAF_NAME, NULL},
	{"intel-qvl-sample/tcbSignChain.pem", CHAIN_TCB, ATTEST_OK, NULL},
	{"intel-qvl-sample/tdx/tcbSignChain.pem", CHAIN_TCB, ATTEST_OK, NULL},
	{"intel-qvl-sample/pckSignChain.pem", CHAIN_PCK, ATTEST_CHAIN_LENGTH, NULL},
	{"common/Intel_SGX_Root_CA_2018-05-21_44a0196b.pem", CHAIN_PCK, ATTEST_CHAIN_LENGTH,
	 "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3"},
};

TEST(chains_of_intel_are_verified)
{
	static struct host_bytes files[COUNT_OF(g_real)];
	struct attest_chain chain;
	char path[256];

	for (size_t i = 0; i < COUNT_OF(g_real); i++) {
		snprintf(path, sizeof path, DATA "%s", g_real[i].path);
		files[i] = file_load(path);
		if (!files[i].p) {
			printf("not there: %s\n", path);
			continue;
		}
		CHECK_EQ(chain_decode(&chain, files[i].p, files[i].size), ATTEST_OK);
		CHECK_EQ(chain_verify(&chain, g_real[i].role), g_real[i].rule);
		CHECK(!g_real[i].root ||
		      hex_equal(chain_root(&chain)->digest, SHA256_SIZE, g_real[i].root));
		chain_fini(&chain);
	}
}

int main(void)
{
	RUN(certificate_is_taken_apart);
	RUN(certificate_dates_are_seconds_since_1970);
	RUN(certificate_refuses_every_truncation);
	RUN(certificate_refuses_what_is_behind_it);
	RUN(certificate_refuses_bytes_that_are_none);
	RUN(certificate_is_limited_in_size);
	RUN(certificate_is_of_version_3);
	RUN(certificate_has_one_common_name);
	RUN(certificate_is_signed_with_sha256);
	RUN(certificate_key_is_of_p256);
	RUN(certificate_key_is_a_point_of_the_curve);
	RUN(certificate_extensions_stand_once);
	RUN(certificate_extensions_are_not_many);
	RUN(certificate_has_no_critical_extension_that_is_not_looked_at);
	RUN(certificate_extension_is_found_by_its_oid);
	RUN(serial_numbers_are_numbers);
	RUN(chain_of_each_role_is_verified);
	RUN(chain_window_is_that_of_all_its_certificates);
	RUN(chain_text_may_end_in_zeros_and_blanks);
	RUN(chain_lines_may_end_as_elsewhere);
	RUN(chain_is_put_into_order);
	RUN(chain_refuses_every_truncation);
	RUN(chain_text_is_certificates_alone);
	RUN(chain_lines_have_their_label);
	RUN(chain_refuses_a_damaged_certificate);
	RUN(chain_has_one_to_three_certificates);
	RUN(chain_text_is_limited);
	RUN(chain_says_when_memory_is_short);
	RUN(chain_has_the_length_of_its_role);
	RUN(chain_root_is_called_a_root);
	RUN(chain_issuer_is_called_a_pck_ca);
	RUN(chain_leaf_is_called_as_its_role_demands);
	RUN(chain_of_the_simulator_has_its_own_names);
	RUN(chain_issuers_are_the_next_subjects);
	RUN(chain_issuers_are_cas);
	RUN(chain_leaf_is_no_ca);
	RUN(chain_is_no_longer_than_a_ca_allows);
	RUN(chain_issuers_may_sign_certificates);
	RUN(chain_leaf_signs_data_alone);
	RUN(chain_certificates_are_signed_by_the_next);
	RUN(chain_notices_every_changed_byte);
	RUN(chains_of_intel_are_verified);
	return check_report();
}
