/* Revocation lists: each rule broken alone, and Intel's. */
#include <stdlib.h>
#include <string.h>

#include "attest/chain.h"
#include "attest/crl.h"

#include "test/lib/check.h"
#include "test/lib/file.h"
#include "test/lib/native.h"
#include "test/lib/pki.h"

static struct pki_world g_world;
static struct pki_bytes g_list, g_der[PKI_COUNT], g_extra;
static struct x509_certificate g_certificates[PKI_COUNT];
static struct attest_crl g_crl;

static const uint32_t g_serials[] = {7, 128, 0x01020304, PKI_LEAF + 1};

static struct pki_crl what(void)
{
	return (struct pki_crl){
		.issuer = "Intel SGX PCK Platform CA",
		.signer = &g_world.keys[PKI_CA],
		.this_update = "250619100000Z",
		.next_update = "250719100000Z",
		.serials = g_serials,
		.count = COUNT_OF(g_serials),
	};
}

static void make(const struct pki_crl *c)
{
	g_list.size = 0;
	pki_crl(&g_list, c);
}

/* Decodes from a buffer that ends where the list ends. */
static enum attest_rule decode_bytes(const void *bytes, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	enum attest_rule rule;

	if (!copy)
		abort();
	memcpy(copy, bytes, size);
	crl_fini(&g_crl);
	rule = crl_decode(&g_crl, copy, size);
	free(copy);
	return rule;
}

static enum attest_rule decode(const struct pki_crl *c)
{
	make(c);
	return decode_bytes(g_list.p, g_list.size);
}

/* The world's certificates, decoded anew. */
static void decode_world(void)
{
	for (size_t i = 0; i < PKI_COUNT; i++) {
		pki_world_der(&g_der[i], &g_world, (enum pki_who)i);
		CHECK_EQ(x509_decode(&g_certificates[i], g_der[i].p, g_der[i].size), ATTEST_OK);
	}
}

static enum attest_rule verify(const struct pki_crl *c)
{
	enum attest_rule rule = decode(c);

	return rule == ATTEST_OK ? crl_verify(&g_crl, &g_certificates[PKI_CA]) : rule;
}

TEST(crl_is_taken_apart)
{
	struct pki_crl c = what();

	CHECK_EQ(verify(&c), ATTEST_OK);
	CHECK_EQ(g_crl.window.not_before, x509_time(2025, 6, 19, 10, 0, 0));
	CHECK_EQ(g_crl.window.not_after, x509_time(2025, 7, 19, 10, 0, 0));
	CHECK(x509_equal(g_crl.issuer, g_certificates[PKI_CA].subject));
}

TEST(crl_lists_whom_it_names)
{
	struct pki_crl c = what();

	CHECK_EQ(decode(&c), ATTEST_OK);
	CHECK(crl_lists(&g_crl, &g_certificates[PKI_LEAF])); /* the last */
	CHECK(!crl_lists(&g_crl, &g_certificates[PKI_CA]));
	g_world.certificates[PKI_CA].serial = 7; /* the first */
	g_world.certificates[PKI_SIGNER].serial = 128;
	g_world.certificates[PKI_ROOT].serial = 0x01020304;
	decode_world();
	CHECK(crl_lists(&g_crl, &g_certificates[PKI_CA]));
	CHECK(crl_lists(&g_crl, &g_certificates[PKI_SIGNER]));
	CHECK(crl_lists(&g_crl, &g_certificates[PKI_ROOT]));
	g_world.certificates[PKI_CA].serial = 0x01020305;
	g_world.certificates[PKI_ROOT].serial = 0x0102; /* a part of one */
	decode_world();
	CHECK(!crl_lists(&g_crl, &g_certificates[PKI_CA]));
	CHECK(!crl_lists(&g_crl, &g_certificates[PKI_ROOT]));
	pki_world(&g_world);
	decode_world();
}

TEST(crl_may_be_empty)
{
	struct pki_crl c = what();

	c.count = 0;
	CHECK_EQ(verify(&c), ATTEST_OK);
	CHECK(!crl_lists(&g_crl, &g_certificates[PKI_LEAF]));
}

TEST(crl_may_be_text)
{
	struct pki_crl c = what();
	static struct pki_bytes text;

	make(&c);
	text.size = 0;
	pki_pem(&text, "X509 CRL", g_list.p, g_list.size);
	CHECK_EQ(decode_bytes(text.p, text.size), ATTEST_OK);
	CHECK_EQ(crl_verify(&g_crl, &g_certificates[PKI_CA]), ATTEST_OK);
	CHECK(crl_lists(&g_crl, &g_certificates[PKI_LEAF]));
	for (size_t size = 0; size < text.size - 1; size++)
		CHECK_EQ(decode_bytes(text.p, size), ATTEST_CRL_FORM);
	pki_put(&text, "x", 1);
	CHECK_EQ(decode_bytes(text.p, text.size), ATTEST_CRL_FORM);
	text.size = 0;
	pki_pem(&text, "CERTIFICATE", g_list.p, g_list.size);
	CHECK_EQ(decode_bytes(text.p, text.size), ATTEST_CRL_FORM);
}

TEST(crl_refuses_every_truncation)
{
	struct pki_crl c = what();

	make(&c);
	for (size_t size = 0; size < g_list.size; size++)
		CHECK_EQ(decode_bytes(g_list.p, size), ATTEST_CRL_FORM);
	CHECK(!g_crl.parsed);
}

TEST(crl_refuses_what_is_behind_it)
{
	struct pki_crl c = what();

	make(&c);
	pki_put(&g_list, "\0", 1);
	CHECK_EQ(decode_bytes(g_list.p, g_list.size), ATTEST_CRL_FORM);
}

TEST(crl_is_limited_in_size)
{
	static uint8_t large[CRL_SIZE_MAX + 1];

	CHECK_EQ(crl_decode(&g_crl, large, CRL_SIZE_MAX), ATTEST_CRL_FORM);
	CHECK_EQ(crl_decode(&g_crl, large, CRL_SIZE_MAX + 1), ATTEST_CRL_SIZE);
}

/* Indirect lists and differences to another list say so in critical extensions. */
TEST(crl_has_no_critical_extension)
{
	static const uint8_t point[] = {0x55, 0x1d, 28}, delta[] = {0x55, 0x1d, 27};
	static const uint8_t value[] = {0x30, 3, 0x84, 1, 0xff}, base[] = {2, 1, 1};
	struct pki_crl c = what();

	c.extensions = &g_extra;
	g_extra.size = 0;
	pki_extension(&g_extra, point, sizeof point, false, value, sizeof value);
	CHECK_EQ(verify(&c), ATTEST_OK);
	g_extra.size = 0;
	pki_extension(&g_extra, point, sizeof point, true, value, sizeof value);
	CHECK_EQ(verify(&c), ATTEST_CRL_FORM);
	g_extra.size = 0;
	pki_extension(&g_extra, delta, sizeof delta, true, base, sizeof base);
	CHECK_EQ(verify(&c), ATTEST_CRL_FORM);
}

TEST(crl_is_signed_with_sha256)
{
	struct pki_crl c = what();

	c.algorithm = PKI_RSA_SHA256;
	CHECK_EQ(decode(&c), ATTEST_CRL_ALGORITHM);
	c.algorithm = PKI_ECDSA_SHA384;
	CHECK_EQ(decode(&c), ATTEST_CRL_ALGORITHM);
}

TEST(crl_says_when_the_next_one_comes)
{
	struct pki_crl c = what();

	c.next_update = NULL;
	CHECK_EQ(decode(&c), ATTEST_CRL_NEXT);
}

TEST(crl_is_of_the_issuer_in_question)
{
	struct pki_crl c = what();

	c.issuer = "Intel SGX PCK Processor CA";
	CHECK_EQ(verify(&c), ATTEST_CRL_ISSUER);
	c.issuer = "Intel SGX Root CA";
	CHECK_EQ(verify(&c), ATTEST_CRL_ISSUER);
}

TEST(crl_signer_may_sign_it)
{
	struct pki_crl c = what();

	g_world.certificates[PKI_CA].usage = X509_KEY_CERT_SIGN | X509_DIGITAL_SIGNATURE;
	decode_world();
	CHECK_EQ(verify(&c), ATTEST_CRL_SIGNER);
	g_world.certificates[PKI_CA].usage = -1;
	decode_world();
	CHECK_EQ(verify(&c), ATTEST_CRL_SIGNER);
	pki_world(&g_world);
	decode_world();
}

TEST(crl_is_signed_by_its_issuer)
{
	struct pki_crl c = what();

	c.signer = &g_world.keys[PKI_ROOT];
	CHECK_EQ(verify(&c), ATTEST_CRL_SIGNATURE);
}

TEST(crl_notices_every_changed_byte)
{
	struct pki_crl c = what();

	make(&c);
	for (size_t i = 0; i < g_list.size; i++) {
		enum attest_rule rule;

		g_list.p[i] ^= 1;
		rule = decode_bytes(g_list.p, g_list.size);
		if (rule == ATTEST_OK)
			rule = crl_verify(&g_crl, &g_certificates[PKI_CA]);
		CHECK(rule != ATTEST_OK);
		g_list.p[i] ^= 1;
	}
}

TEST(crl_says_when_memory_is_short)
{
	struct pki_crl c = what();
	static struct pki_bytes text;

	make(&c);
	text.size = 0;
	pki_pem(&text, "X509 CRL", g_list.p, g_list.size);
	for (long n = 0; n < 2; n++) {
		native_heap_fail_at(n);
		CHECK_EQ(decode_bytes(text.p, text.size), ATTEST_MEMORY);
	}
	native_heap_fail_at(-1);
}

/* ---- Intel's ------------------------------------------------------------------------------------ */

#define DATA "../shared/data/quotes/"

static const struct {
	const char *list;
	const char *issuer;
	enum attest_rule rule;
	int64_t this_update, next_update; /* 0: not looked at */
} g_real[] = {
	{"common/root_ca_crl_2025-03-20_2026-04-03.der",
	 "common/Intel_SGX_Root_CA_2018-05-21_44a0196b.pem", ATTEST_OK, 1742469717, 1775215317},
	{"common/pck_crl_platform_2025-06-19_2025-07-19.der",
	 "common/Intel_SGX_PCK_Platform_CA_2018-05-21_22eb770d.pem", ATTEST_OK, 0, 0},
	{"common/pck_crl_platform_2025-09-02_2025-10-02.der",
	 "common/Intel_SGX_PCK_Platform_CA_2018-05-21_22eb770d.pem", ATTEST_OK, 0, 0},
	{"common/pck_crl_platform_2026-02-18_2026-03-20.der",
	 "common/Intel_SGX_PCK_Platform_CA_2018-05-21_22eb770d.pem", ATTEST_OK, 0, 0},
	{"common/pck_crl_processor_2025-06-19_2025-07-19.der",
	 "common/Intel_SGX_PCK_Processor_CA_2018-05-21_13b2dcce.pem", ATTEST_OK, 1750328598,
	 1752920598},
	{"common/pck_crl_processor_2025-06-19_2025-07-19.der",
	 "common/Intel_SGX_PCK_Platform_CA_2018-05-21_22eb770d.pem", ATTEST_CRL_ISSUER, 0, 0},
	{"go-tdx-guest/pckcrl", "common/Intel_SGX_PCK_Platform_CA_2018-05-21_22eb770d.pem",
	 ATTEST_OK, 0, 0},
	{"go-tdx-guest/rootcrl.der", "common/Intel_SGX_Root_CA_2018-05-21_44a0196b.pem", ATTEST_OK,
	 0, 0},
	{"intel-qvl-sample/rootCaCrl.pem", "intel-qvl-sample/trustedRootCaCert.pem", ATTEST_OK, 0,
	 0},
	{"intel-qvl-sample/rootCaCrl.der", "intel-qvl-sample/trustedRootCaCert.pem", ATTEST_OK, 0,
	 0},
	/* the name is right, the key another */
	{"intel-qvl-sample/rootCaCrl.der", "common/Intel_SGX_Root_CA_2018-05-21_44a0196b.pem",
	 ATTEST_CRL_SIGNATURE, 0, 0},
};

static bool load(struct host_bytes *out, const char *name)
{
	char path[256];

	snprintf(path, sizeof path, DATA "%s", name);
	*out = file_load(path);
	if (!out->p)
		printf("not there: %s\n", path);
	return out->p;
}

TEST(crls_of_intel_are_verified)
{
	static struct host_bytes lists[COUNT_OF(g_real)], issuers[COUNT_OF(g_real)];
	struct attest_chain chain;

	for (size_t i = 0; i < COUNT_OF(g_real); i++) {
		if (!load(&lists[i], g_real[i].list) || !load(&issuers[i], g_real[i].issuer))
			continue;
		CHECK_EQ(chain_decode(&chain, issuers[i].p, issuers[i].size), ATTEST_OK);
		CHECK_EQ(decode_bytes(lists[i].p, lists[i].size), ATTEST_OK);
		CHECK_EQ(crl_verify(&g_crl, chain_leaf(&chain)), g_real[i].rule);
		if (g_real[i].this_update) {
			CHECK_EQ(g_crl.window.not_before, g_real[i].this_update);
			CHECK_EQ(g_crl.window.not_after, g_real[i].next_update);
		}
		chain_fini(&chain);
	}
}

int main(void)
{
	pki_world(&g_world);
	decode_world();
	RUN(crl_is_taken_apart);
	RUN(crl_lists_whom_it_names);
	RUN(crl_may_be_empty);
	RUN(crl_may_be_text);
	RUN(crl_refuses_every_truncation);
	RUN(crl_refuses_what_is_behind_it);
	RUN(crl_is_limited_in_size);
	RUN(crl_has_no_critical_extension);
	RUN(crl_is_signed_with_sha256);
	RUN(crl_says_when_the_next_one_comes);
	RUN(crl_is_of_the_issuer_in_question);
	RUN(crl_signer_may_sign_it);
	RUN(crl_is_signed_by_its_issuer);
	RUN(crl_notices_every_changed_byte);
	RUN(crl_says_when_memory_is_short);
	RUN(crls_of_intel_are_verified);
	crl_fini(&g_crl);
	return check_report();
}
