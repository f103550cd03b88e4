/*
 * SEV-SNP reports: real ones, and synthetic ones with one thing wrong. Each negative is refused by the rule that is meant.
 * The certificates are those that test/attest/make_sev.sh made; reports are signed here.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mbedtls/ecdsa.h>
#include <mbedtls/pk.h>
#include <mbedtls/sha512.h>

#include "attest/pem.h"
#include "attest/sev.h"
#include "attest/sev_choose.h"
#include "attest/sev_impl.h"
#include "attest/verify.h"
#include "base/heap.h"
#include "crypto/drbg.h"
#include "crypto/sha256.h"

#include "test/lib/check.h"
#include "test/lib/file.h"
#include "test/lib/hex.h"
#include "test/lib/native.h"
#include "test/lib/pki.h"

#define MADE   "test/attest/sev/"
#define SHARED "../shared/data/quotes/"
#define NOW    INT64_C(1750000000) /* 2025-06-15 */

static struct attest_verdict g_verdict;
static uint8_t g_root[SHA256_SIZE];

/* ---- files ---- */

/* Read once; kept to the end. */
static struct {
	char path[256];
	struct host_bytes bytes;
} g_files[128];
static size_t g_file_count;

/* A chain is read under the names of its two parts. */
static struct host_bytes *find(const char *a, const char *b)
{
	char path[256];

	(void)snprintf(path, sizeof path, "%s%s", a, b);
	for (size_t i = 0; i < g_file_count; i++) {
		if (strcmp(g_files[i].path, path) == 0)
			return &g_files[i].bytes;
	}
	must(g_file_count < COUNT_OF(g_files));
	memcpy(g_files[g_file_count].path, path, sizeof path);
	return &g_files[g_file_count++].bytes;
}

static struct host_bytes load(const char *folder, const char *name)
{
	struct host_bytes *b = find(folder, name);
	char path[256];

	(void)snprintf(path, sizeof path, "%s%s", folder, name);
	if (!b->p)
		*b = file_load(path);
	if (!b->p)
		printf("%s is missing\n", path);
	CHECK(b->p != NULL);
	return *b;
}

/* AMD's certificates come in PEM; what verifies them takes DER. */
static struct host_bytes load_der(const char *folder, const char *name)
{
	struct host_bytes text = load(folder, name), *der = find(name, " in DER");
	struct reader r;
	size_t n;

	if (der->p || text.p[0] == 0x30)
		return der->p ? *der : text;
	uint8_t *p = malloc(text.size);

	reader_init(&r, text.p, text.size);
	while (pem_more(&r) && pem_take(&r, "CERTIFICATE", p + der->size, text.size, &n))
		der->size += n;
	der->p = p;
	CHECK(reader_done(&r));
	return *der;
}

static bool has_shared(void)
{
	if (access(SHARED "README.md", R_OK) == 0)
		return true;
	printf("no " SHARED ": the real reports are not tried\n");
	return false;
}

/* ASK and ARK, one behind the other. */
static struct host_bytes load_chain(const char *signer, const char *root)
{
	struct host_bytes a = load(MADE, signer), b = load(MADE, root), *both = find(signer, root);

	if (!both->p) {
		uint8_t *p = malloc(a.size + b.size);

		memcpy(p, a.p, a.size);
		memcpy(p + a.size, b.p, b.size);
		*both = (struct host_bytes){p, a.size + b.size};
	}
	return *both;
}

/* ---- reports ---- */

static bool test_entropy(void *context, uint8_t *out, size_t size)
{
	(void)context;
	memset(out, 0x42, size);
	return true;
}

static int test_random(void *context, unsigned char *out, size_t size)
{
	return drbg_random(context, out, size) == E_OK ? 0 : -1;
}

/* Signs bytes 0 to 0x29f with test/attest/sev/key.pem. */
static void sign(uint8_t report[SEV_REPORT_SIZE])
{
	struct host_bytes pem = load(MADE, "key.pem");
	uint8_t *text = calloc(1, pem.size + 1), hash[48];
	mbedtls_pk_context pk;
	struct drbg random;
	mbedtls_mpi r, s;

	memcpy(text, pem.p, pem.size);
	mbedtls_pk_init(&pk);
	mbedtls_mpi_init(&r);
	mbedtls_mpi_init(&s);
	CHECK_EQ(drbg_init(&random, test_entropy, NULL), E_OK);
	CHECK_EQ(mbedtls_pk_parse_key(&pk, text, pem.size + 1, NULL, 0), 0);
	CHECK_EQ(mbedtls_sha512_ret(report, SEV_SIGNED_SIZE, hash, 1), 0);
	CHECK_EQ(mbedtls_ecdsa_sign(&mbedtls_pk_ec(pk)->grp, &r, &s, &mbedtls_pk_ec(pk)->d, hash,
				    sizeof hash, test_random, &random),
		 0);
	CHECK_EQ(mbedtls_mpi_write_binary_le(&r, report + 0x2a0, 72), 0);
	CHECK_EQ(mbedtls_mpi_write_binary_le(&s, report + 0x2a0 + 72, 72), 0);
	mbedtls_mpi_free(&r);
	mbedtls_mpi_free(&s);
	mbedtls_pk_free(&pk);
	drbg_fini(&random);
	free(text);
}

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

/* What the synthetic VCEK belongs to: Milan, version 3, TCB 2.0.5.68. */
static void fill(uint8_t report[SEV_REPORT_SIZE])
{
	static const uint8_t tcb[SEV_TCB_SIZE] = {2, 0, 0, 0, 0, 0, 5, 68};

	memset(report, 0, SEV_REPORT_SIZE);
	put32(report, 3);
	put32(report + 4, 7);
	put32(report + 8, 0x30000);
	put32(report + 0x34, 1);
	memset(report + 0x50, 0xd0, 64);
	memset(report + 0x90, 0xd1, 48);
	memset(report + 0xc0, 0xd2, 32);
	memset(report + 0x160, 0xff, 32);
	memcpy(report + 0x38, tcb, sizeof tcb);
	memcpy(report + 0x180, tcb, sizeof tcb);
	report[0x188] = 0x19;
	report[0x189] = 0x01;
	for (unsigned i = 0; i < SEV_CHIP_ID_SIZE; i++)
		report[0x1a0 + i] = (uint8_t)(i + 1);
	memcpy(report + 0x1e0, tcb, sizeof tcb);
	memcpy(report + 0x1f0, tcb, sizeof tcb);
}

/* ---- one verification ---- */

struct setup {
	uint8_t report[SEV_REPORT_SIZE];
	size_t size;
	struct sev_collateral collateral;
	struct attest_policy policy;
	int64_t now;
};

static void use_key(struct setup *s, const char *name)
{
	struct host_bytes b = load(MADE, name);

	s->collateral.key = b.p;
	s->collateral.key_size = b.size;
}

static void use_chain(struct setup *s, const char *signer, const char *root)
{
	struct host_bytes b = load_chain(signer, root);

	s->collateral.chain = b.p;
	s->collateral.chain_size = b.size;
	b = load(MADE, root);
	sha256_digest(g_root, b.p, b.size);
	s->policy.insecure_accept_root = g_root;
}

static void use_crl(struct setup *s, const char *name)
{
	struct host_bytes b = load(MADE, name);

	s->collateral.crl = b.p;
	s->collateral.crl_size = b.size;
}

/* A report that is accepted. */
static struct setup good(void)
{
	struct setup s = {.size = SEV_REPORT_SIZE, .now = NOW};

	fill(s.report);
	use_key(&s, "vcek.der");
	use_chain(&s, "ask.der", "ark.der");
	use_crl(&s, "crl.der");
	return s;
}

static void verify(const struct setup *s)
{
	memset(&g_verdict, 0, sizeof g_verdict);
	g_verdict.window = ATTEST_ALWAYS;
	CHECK_EQ(sev_verify(&g_verdict, s->report, s->size, &s->collateral, &s->policy, s->now),
		 E_OK);
}

static bool was_accepted(void)
{
	for (uint32_t i = 0; i < g_verdict.reason_count; i++)
		printf("  %s\n", attest_rule_name(g_verdict.reasons[i].rule));
	return g_verdict.accepted && g_verdict.reason_count == 0;
}

/* Refused, and for this alone. */
static bool was_refused(enum attest_rule rule)
{
	if (!g_verdict.accepted && g_verdict.reason_count == 1 && g_verdict.reasons[0].rule == rule)
		return true;
	printf("not %s:%s\n", attest_rule_name(rule), g_verdict.accepted ? " accepted" : "");
	for (uint32_t i = 0; i < g_verdict.reason_count; i++)
		printf("  %s\n", attest_rule_name(g_verdict.reasons[i].rule));
	return false;
}

/* Signs and verifies. */
static bool accepts(struct setup *s)
{
	sign(s->report);
	verify(s);
	return was_accepted();
}

static bool refuses(struct setup *s, enum attest_rule rule)
{
	sign(s->report);
	verify(s);
	return was_refused(rule);
}

/* ---- tests: what is accepted ---- */

TEST(sev_accepts_what_is_right)
{
	struct setup s = good();

	CHECK(accepts(&s));
	CHECK_EQ(g_verdict.status, ATTEST_STATUS_VERIFIED);
	CHECK_EQ(g_verdict.tee, ATTEST_TEE_SEV_SNP);
	CHECK_EQ(g_verdict.sev.product, SEV_MILAN);
	CHECK_EQ(g_verdict.sev_tcb.microcode, 68);
	CHECK_EQ(g_verdict.sev_tcb.snp, 5);
	CHECK_EQ(g_verdict.relaxations, 1u << ATTEST_insecure_accept_root);
	CHECK_EQ(g_verdict.sev.guest_svn, 7);
	CHECK(!g_verdict.debug);
	CHECK(g_verdict.report_data[0] == 0xd0);
}

TEST(sev_accepts_a_vlek)
{
	struct setup s = good();

	s.report[0x48] = 1 << 2;
	memset(s.report + 0x1a0, 0, SEV_CHIP_ID_SIZE); /* such a host may hide its chip */
	use_key(&s, "vlek.der");
	use_chain(&s, "asvk.der", "ark.der");
	CHECK(accepts(&s));
}

TEST(sev_accepts_turin_in_its_layout)
{
	static const uint8_t tcb[SEV_TCB_SIZE] = {1, 2, 0, 5, 0, 0, 0, 68};
	struct setup s = good();

	s.report[0x188] = 0x1a;
	s.report[0x189] = 0x02;
	memcpy(s.report + 0x180, tcb, sizeof tcb);
	memset(s.report + 0x1a8, 0, SEV_CHIP_ID_SIZE - 8);
	use_key(&s, "vcek_turin.der");
	use_chain(&s, "ask_turin.der", "ark_turin.der");
	use_crl(&s, "crl_turin.der");
	CHECK(accepts(&s));
	CHECK_EQ(g_verdict.sev_tcb.fmc, 1);
	CHECK_EQ(g_verdict.sev_tcb.snp, 5);
	s.report[0x1a8] = 1; /* nothing behind the eight bytes */
	CHECK(refuses(&s, ATTEST_SEV_CHIP));
}

TEST(sev_accepts_every_version)
{
	for (uint32_t version = 2; version <= 5; version++) {
		struct setup s = good();

		put32(s.report, version);
		if (version == 2)
			s.report[0x188] = s.report[0x189] = 0;
		if (version == 5)
			s.report[0x1f8] = s.report[0x207] = 0xff; /* mitigation vectors */
		CHECK(accepts(&s));
	}
}

TEST(sev_is_told_from_a_quote)
{
	struct setup s = good();
	uint8_t quote[SEV_REPORT_SIZE] = {3, 0, 2, 0};

	CHECK(sev_detect(s.report, s.size));
	CHECK(sev_detect(s.report, s.size - 1)); /* one that was cut off */
	CHECK(!sev_detect(s.report, 3));
	CHECK(!sev_detect(quote, sizeof quote));
}

/* ---- the report's form ---- */

TEST(sev_report_has_its_size)
{
	struct setup s = good();
	struct sev_report out;
	uint8_t longer[SEV_REPORT_SIZE + 1] = {0};

	memcpy(longer, s.report, s.size);
	CHECK_EQ(sev_decode(&out, longer, sizeof longer), ATTEST_SEV_SIZE);
	for (size_t n = 4; n < SEV_REPORT_SIZE; n += 4)
		CHECK_EQ(sev_decode(&out, s.report, n), ATTEST_SEV_SIZE);
	CHECK_EQ(sev_decode(&out, s.report, SEV_REPORT_SIZE - 1), ATTEST_SEV_SIZE);
}

/* One byte of the report, and the rule that minds. */
struct byte_case {
	unsigned at;
	uint8_t value;
	enum attest_rule rule;
};

static const struct byte_case g_bytes[] = {
	{0x000, 1, ATTEST_SEV_VERSION},	       {0x000, 6, ATTEST_SEV_VERSION},
	{0x001, 1, ATTEST_SEV_VERSION},	       {0x034, 0, ATTEST_SEV_ALGORITHM},
	{0x034, 2, ATTEST_SEV_ALGORITHM},      {0x048, 2, ATTEST_SEV_SIGNED},
	{0x048, 2 << 2, ATTEST_SEV_SIGNER},    {0x048, 6 << 2, ATTEST_SEV_SIGNER},
	{0x048, 7 << 2, ATTEST_SEV_SIGNED},    {0x048, 1 << 5, ATTEST_SEV_RESERVED},
	{0x04b, 1, ATTEST_SEV_RESERVED},       {0x04c, 1, ATTEST_SEV_RESERVED},
	{0x04f, 1, ATTEST_SEV_RESERVED},       {0x18b, 1, ATTEST_SEV_RESERVED},
	{0x19f, 1, ATTEST_SEV_RESERVED},       {0x1eb, 1, ATTEST_SEV_RESERVED},
	{0x1ef, 1, ATTEST_SEV_RESERVED},       {0x1f8, 1, ATTEST_SEV_RESERVED},
	{0x208, 1, ATTEST_SEV_RESERVED},       {0x29f, 1, ATTEST_SEV_RESERVED},
	{0x330, 1, ATTEST_SEV_RESERVED},       {0x49f, 1, ATTEST_SEV_RESERVED},
	{0x00a, 1, ATTEST_SEV_POLICY_BITS},    {0x00b, 4, ATTEST_SEV_POLICY_BITS},
	{0x00f, 0x80, ATTEST_SEV_POLICY_BITS}, {0x188, 0x17, ATTEST_SEV_PRODUCT},
	{0x189, 0x20, ATTEST_SEV_PRODUCT},     {0x189, 0x11, ATTEST_SEV_KEY_PRODUCT},
	{0x048, 1 << 2, ATTEST_SEV_KEY_KIND},  {0x180, 3, ATTEST_SEV_TCB_EQUAL},
	{0x181, 1, ATTEST_SEV_TCB_EQUAL},      {0x186, 4, ATTEST_SEV_TCB_EQUAL},
	{0x187, 67, ATTEST_SEV_TCB_EQUAL},     {0x182, 1, ATTEST_SEV_TCB_RESERVED},
	{0x185, 1, ATTEST_SEV_TCB_RESERVED},   {0x1a0, 2, ATTEST_SEV_CHIP},
	{0x1df, 2, ATTEST_SEV_CHIP},	       {0x00a, 3 + 8, ATTEST_SEV_DEBUG},
	{0x00a, 3 + 4, ATTEST_SEV_MIGRATION},  {0x030, 1, ATTEST_SEV_VMPL},
	{0x033, 0xff, ATTEST_SEV_VMPL},
};

TEST(sev_refuses_each_field_for_its_own_reason)
{
	for (size_t i = 0; i < COUNT_OF(g_bytes); i++) {
		struct setup s = good();

		s.report[g_bytes[i].at] = g_bytes[i].value;
		if (!refuses(&s, g_bytes[i].rule)) {
			printf("byte 0x%x\n", g_bytes[i].at);
			CHECK(false);
		}
	}
}

TEST(sev_version_2_has_no_cpuid)
{
	struct setup s = good();

	put32(s.report, 2);
	CHECK(refuses(&s, ATTEST_SEV_RESERVED));
}

TEST(sev_refuses_a_change_after_signing)
{
	static const unsigned at[] = {0x4,  0x10, 0x20, 0x38,  0x40,  0x50,  0x8f,  0x90,
				      0xbf, 0xc0, 0xe0, 0x110, 0x140, 0x160, 0x1e0, 0x1f0};

	for (size_t i = 0; i < COUNT_OF(at); i++) {
		struct setup s = good();

		sign(s.report);
		s.report[at[i]] ^= 1;
		verify(&s);
		CHECK(was_refused(ATTEST_SEV_SIGNATURE));
	}
}

TEST(sev_refuses_other_signatures)
{
	struct setup s = good();

	verify(&s); /* all zeros */
	CHECK(was_refused(ATTEST_SEV_SIGNATURE));
	for (unsigned at = 0x2a0; at < 0x2a0 + 144; at += 9) {
		sign(s.report);
		s.report[at] ^= 1;
		verify(&s);
		CHECK(was_refused(ATTEST_SEV_SIGNATURE));
	}
}

/* ---- certificates ---- */

struct file_case {
	const char *file;
	enum attest_rule rule;
};

TEST(sev_refuses_each_key_for_its_own_reason)
{
	static const struct file_case keys[] = {
		{"vcek_other_chip.der", ATTEST_SEV_CHIP},
		{"vcek_other_tcb.der", ATTEST_SEV_TCB_EQUAL},
		{"vcek_genoa.der", ATTEST_SEV_KEY_PRODUCT},
		{"vcek_unknown.der", ATTEST_SEV_KEY_EXTENSIONS},
		{"vcek_prefix.der", ATTEST_SEV_KEY_EXTENSIONS},
		{"vcek_short_chip.der", ATTEST_SEV_KEY_COMPLETE},
		{"vcek_long_chip.der", ATTEST_SEV_KEY_EXTENSIONS},
		{"vcek_no_microcode.der", ATTEST_SEV_KEY_COMPLETE},
		{"vcek_no_product.der", ATTEST_SEV_KEY_COMPLETE},
		{"vcek_no_chip.der", ATTEST_SEV_KEY_COMPLETE},
		{"vcek_both.der", ATTEST_SEV_KEY_COMPLETE},
		{"vcek_reserved.der", ATTEST_SEV_KEY_EXTENSIONS},
		{"vcek_large_spl.der", ATTEST_SEV_KEY_EXTENSIONS},
		{"vcek_ca.der", ATTEST_SEV_AUTHORITY},
		{"vcek_name.der", ATTEST_SEV_NAMES},
		{"vcek_p256.der", ATTEST_SEV_CURVE},
		{"vcek_forged.der", ATTEST_SEV_KEY_SIGNED},
		{"vcek_issuer.der", ATTEST_SEV_ISSUERS},
		{"vcek_salt.der", ATTEST_SEV_KEY_SIGNED},
		{"vlek.der", ATTEST_SEV_KEY_KIND},
		{"ask.der", ATTEST_SEV_KEY_COMPLETE},
		{"crl.der", ATTEST_SEV_KEY_FORM},
	};

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		struct setup s = good();

		use_key(&s, keys[i].file);
		if (!refuses(&s, keys[i].rule)) {
			printf("%s\n", keys[i].file);
			CHECK(false);
		}
	}
}

TEST(sev_refuses_each_chain_for_its_own_reason)
{
	static const struct file_case signers[] = {
		{"ask_name.der", ATTEST_SEV_NAMES},
		{"asvk.der", ATTEST_SEV_NAMES},
		{"ask_plain.der", ATTEST_SEV_AUTHORITY},
		{"ask_usage.der", ATTEST_SEV_AUTHORITY},
		{"ask_small.der", ATTEST_SEV_CURVE},
		{"ask_expired.der", ATTEST_SEV_TIME},
		{"ask_forged.der", ATTEST_SEV_SIGNER_SIGNED},
		{"ask_sha256.der", ATTEST_SEV_SIGNER_SIGNED},
		{"ask_pkcs1.der", ATTEST_SEV_SIGNER_SIGNED},
		{"crl.der", ATTEST_SEV_CHAIN_FORM},
	};

	for (size_t i = 0; i < COUNT_OF(signers); i++) {
		struct setup s = good();

		use_chain(&s, signers[i].file, "ark.der");
		if (!refuses(&s, signers[i].rule)) {
			printf("%s\n", signers[i].file);
			CHECK(false);
		}
	}
}

TEST(sev_refuses_an_unknown_root)
{
	struct setup s = good();

	s.policy.insecure_accept_root = NULL;
	CHECK(refuses(&s, ATTEST_SEV_ROOT));
	g_root[31] ^= 1;
	s.policy.insecure_accept_root = g_root;
	CHECK(refuses(&s, ATTEST_SEV_ROOT));
}

/* The extension of one security version becomes a second one of another. */
TEST(sev_refuses_an_extension_twice)
{
	static const uint8_t oid[] = {0x2b, 6, 1, 4, 1, 0x9c, 0x78, 1, 3, 4};
	struct setup s = good();
	struct host_bytes b = load(MADE, "vcek.der");
	uint8_t *key = malloc(b.size);

	memcpy(key, b.p, b.size);
	uint8_t *at = memmem(key, b.size, oid, sizeof oid);

	CHECK(at != NULL);
	at[sizeof oid - 1] = 8;
	s.collateral.key = key;
	CHECK(refuses(&s, ATTEST_SEV_KEY_EXTENSIONS));
	at[sizeof oid - 1] = 10; /* and one that is not known */
	CHECK(refuses(&s, ATTEST_SEV_KEY_EXTENSIONS));
	free(key);
}

TEST(sev_refuses_what_is_behind_the_certificates)
{
	struct setup s = good();
	uint8_t *key = calloc(1, s.collateral.key_size + 1);
	struct host_bytes ark = load(MADE, "ark.der");
	uint8_t *chain = malloc(s.collateral.chain_size + ark.size);

	memcpy(key, s.collateral.key, s.collateral.key_size);
	s.collateral.key = key;
	s.collateral.key_size++;
	CHECK(refuses(&s, ATTEST_SEV_KEY_FORM));
	s.collateral.key_size -= 2;
	CHECK(refuses(&s, ATTEST_SEV_KEY_FORM));
	s.collateral.key_size++;
	memcpy(chain, s.collateral.chain, s.collateral.chain_size);
	memcpy(chain + s.collateral.chain_size, ark.p, ark.size);
	s.collateral.chain = chain;
	s.collateral.chain_size += ark.size;
	CHECK(refuses(&s, ATTEST_SEV_CHAIN_FORM));
	s.collateral.chain_size -= ark.size;
	CHECK(accepts(&s));
	free(key);
	free(chain);
}

TEST(sev_names_what_is_missing)
{
	struct setup s = good();

	s.collateral.key = NULL;
	s.collateral.key_size = 0;
	CHECK(refuses(&s, ATTEST_SEV_KEY_MISSING));
	CHECK_EQ(g_verdict.status, ATTEST_STATUS_MISSING);
	s = good();
	s.collateral.chain = NULL;
	s.collateral.chain_size = 0;
	CHECK(refuses(&s, ATTEST_SEV_CHAIN_MISSING));
	s = good();
	s.collateral.crl = NULL;
	CHECK(refuses(&s, ATTEST_SEV_CRL_MISSING));
	s.policy.insecure_accept_missing_crl = true;
	CHECK(accepts(&s));
	CHECK(g_verdict.relaxations & 1u << ATTEST_insecure_accept_missing_crl);
}

/* ---- lists ---- */

TEST(sev_refuses_each_list_for_its_own_reason)
{
	static const struct file_case lists[] = {
		{"crl_ask.der", ATTEST_SEV_CRL_LISTED},	   {"crl_ark.der", ATTEST_SEV_CRL_LISTED},
		{"crl_issuer.der", ATTEST_SEV_CRL_ISSUER}, {"crl_turin.der", ATTEST_SEV_CRL_ISSUER},
		{"crl_forged.der", ATTEST_SEV_CRL_SIGNED}, {"crl_pkcs1.der", ATTEST_SEV_CRL_SIGNED},
		{"crl_expired.der", ATTEST_SEV_CRL_TIME},  {"ask.der", ATTEST_SEV_CRL_FORM},
	};

	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		struct setup s = good();

		use_crl(&s, lists[i].file);
		if (!refuses(&s, lists[i].rule)) {
			printf("%s\n", lists[i].file);
			CHECK(false);
		}
	}
	struct setup s = good();

	use_crl(&s, "crl_ask.der");
	CHECK(refuses(&s, ATTEST_SEV_CRL_LISTED));
	CHECK_EQ(g_verdict.status, ATTEST_STATUS_REVOKED);
}

/* ---- time ---- */

TEST(sev_holds_in_its_window_alone)
{
	/* vcek.der: 2022-01-01 .. 2029-01-01; crl.der from 2024-01-01 */
	struct setup s = good();
	const int64_t begin = 1704067200, end = 1861920000;

	s.now = begin;
	CHECK(accepts(&s));
	CHECK_EQ(g_verdict.window.not_before, begin);
	CHECK_EQ(g_verdict.window.not_after, end);
	s.now = begin - 1;
	CHECK(refuses(&s, ATTEST_SEV_CRL_TIME));
	s.now = end;
	CHECK(accepts(&s));
	s.now = end + 1;
	CHECK(refuses(&s, ATTEST_SEV_TIME));
	CHECK_EQ(g_verdict.status, ATTEST_STATUS_EXPIRED);
	s.now = 0;
	sign(s.report);
	verify(&s);
	CHECK_EQ(g_verdict.reason_count, 2);
	s.now = end + 1;
	s.policy.insecure_accept_expired = true;
	CHECK(accepts(&s));
	CHECK(g_verdict.relaxations & 1u << ATTEST_insecure_accept_expired);
}

/* ---- the owner's wishes ---- */

TEST(sev_relaxes_only_by_name)
{
	struct setup s = good();

	s.report[0x0a] = 3 + 8;
	s.policy.insecure_accept_debug = true;
	CHECK(accepts(&s));
	CHECK(g_verdict.debug);
	CHECK(g_verdict.relaxations & 1u << ATTEST_insecure_accept_debug);
	s = good();
	s.report[0x0a] = 3 + 4;
	s.policy.insecure_accept_migration = true;
	CHECK(accepts(&s));
	CHECK(g_verdict.relaxations & 1u << ATTEST_insecure_accept_migration);
}

TEST(sev_measurement_and_data_are_those_asked_for)
{
	struct setup s = good();
	uint8_t measurement[48], host_data[32], report_data[64];

	memset(measurement, 0xd1, sizeof measurement);
	memset(host_data, 0xd2, sizeof host_data);
	memset(report_data, 0xd0, sizeof report_data);
	s.policy.measurement = measurement;
	s.policy.sev.host_data = host_data;
	s.policy.report_data = report_data;
	CHECK(accepts(&s));
	measurement[47] ^= 1;
	CHECK(refuses(&s, ATTEST_SEV_MEASUREMENT));
	measurement[47] ^= 1;
	host_data[31] ^= 1;
	CHECK(refuses(&s, ATTEST_SEV_HOST_DATA));
	host_data[31] ^= 1;
	report_data[63] ^= 1;
	CHECK(refuses(&s, ATTEST_SEV_REPORT_DATA));
}

TEST(sev_versions_have_floors)
{
	struct setup s = good();
	uint8_t *floors[] = {&s.policy.sev.tcb.fmc, &s.policy.sev.tcb.boot_loader,
			     &s.policy.sev.tcb.tee, &s.policy.sev.tcb.snp,
			     &s.policy.sev.tcb.microcode};

	s.policy.sev.tcb = (struct sev_tcb){0, 2, 0, 5, 68};
	s.policy.sev.guest_svn = 7;
	CHECK(accepts(&s));
	for (size_t i = 0; i < COUNT_OF(floors); i++) {
		++*floors[i];
		CHECK(refuses(&s, ATTEST_SEV_TCB_FLOOR));
		--*floors[i];
	}
	s.policy.sev.guest_svn = 8;
	CHECK(refuses(&s, ATTEST_SEV_GUEST_SVN));
	s = good();
	s.policy.sev.refuse_smt = true;
	CHECK(refuses(&s, ATTEST_SEV_SMT));
	s.report[0x0a] = 2;
	CHECK(accepts(&s));
	s.report[0x30] = 3;
	s.policy.sev.vmpl = 3;
	CHECK(accepts(&s));
}

TEST(sev_is_no_enclave)
{
	static const uint8_t digest[32];
	struct setup s = good();

	s.policy.mr_enclave = digest;
	CHECK(refuses(&s, ATTEST_SEV_FOREIGN));
	s.policy.mr_enclave = NULL;
	s.policy.mr_signer = digest;
	CHECK(refuses(&s, ATTEST_SEV_FOREIGN));
	s.policy.mr_signer = NULL;
	s.policy.launch_digest = digest;
	CHECK(refuses(&s, ATTEST_SEV_FOREIGN));
}

/* What only Intel's collateral can show is not forgotten, and AMD's list has an age. */
TEST(sev_meets_every_demand_or_says_so)
{
	static const char *const none[] = {"INTEL-SA-00001"};
	struct setup s = good();

	s.policy.min_tcb_evaluation = 1;
	CHECK(refuses(&s, ATTEST_SEV_FOREIGN));
	s.policy.min_tcb_evaluation = 0;
	s.policy.advisories = none;
	s.policy.advisory_count = 1;
	CHECK(refuses(&s, ATTEST_SEV_FOREIGN));
	s.policy.advisories = NULL;
	s.policy.advisory_count = 0;
	s.policy.max_collateral_age = 3600;
	CHECK(refuses(&s, ATTEST_COLLATERAL_AGE));
	s.policy.max_collateral_age = INT64_C(1) << 40;
	verify(&s);
	CHECK(g_verdict.accepted);
}

TEST(sev_reasons_are_all_named)
{
	struct setup s = good();

	s.report[0x0a] = 3 + 4 + 8;
	s.report[0x30] = 2;
	sign(s.report);
	verify(&s);
	CHECK_EQ(g_verdict.reason_count, 3);
}

/* ---- with whatever collateral there is ---- */

static struct attest_collateral g_collateral;

static enum err give_bytes(const void *p, size_t size, enum attest_item *what)
{
	uint8_t *exact = malloc(size ? size : 1); /* so that a read too far is seen */

	memcpy(exact, p, size);
	enum err err = attest_collateral_add(&g_collateral, exact, size, what);

	free(exact);
	return err;
}

static void give(const char *name)
{
	struct host_bytes b = load(MADE, name);

	CHECK_EQ(give_bytes(b.p, b.size, NULL), E_OK);
}

/* Several certificates as one text. */
static void give_pem(const char *const names[], size_t count, const char *behind, size_t size)
{
	static struct pki_bytes text;
	enum attest_item what = ATTEST_ITEM_NONE;

	text.size = 0;
	for (size_t i = 0; i < count; i++) {
		struct host_bytes b = load(MADE, names[i]);

		pki_pem(&text, "CERTIFICATE", b.p, b.size);
	}
	pki_put(&text, behind, size);
	CHECK_EQ(give_bytes(text.p, text.size, &what), E_OK);
	CHECK(what != ATTEST_ITEM_NONE);
}

#define GIVE_PEM(...)                                                                              \
	give_pem((const char *const[]){__VA_ARGS__},                                               \
		 COUNT_OF(((const char *const[]){__VA_ARGS__})), "", 0)

static void verify_all(struct setup *s)
{
	sign(s->report);
	CHECK_EQ(attest_verify(&g_verdict, s->report, s->size, &g_collateral, &s->policy, s->now),
		 E_OK);
	attest_collateral_fini(&g_collateral);
}

static bool accepts_all(struct setup *s)
{
	verify_all(s);
	return was_accepted();
}

static bool refuses_all(struct setup *s, enum attest_rule rule)
{
	verify_all(s);
	return was_refused(rule);
}

static struct setup good_vlek(void)
{
	struct setup s = good();

	s.report[0x48] = 1 << 2;
	return s;
}

TEST(sev_chooses_what_belongs_to_the_report)
{
	static const char *const names[] = {"vcek_other_chip.der",
					    "vlek.der",
					    "vcek_genoa.der",
					    "vcek.der",
					    "vcek_other_tcb.der",
					    "ask_turin.der",
					    "ark_turin.der",
					    "asvk.der",
					    "ask.der",
					    "ark.der",
					    "crl_turin.der",
					    "crl_expired.der",
					    "crl.der",
					    "crl_issuer.der"};
	struct setup s = good();
	struct sev_choice choice;
	struct host_bytes chain = load_chain("ask.der", "ark.der");

	for (size_t i = 0; i < COUNT_OF(names); i++)
		give(names[i]);
	sign(s.report);
	CHECK_EQ(sev_choose(&choice, &g_collateral, s.report, s.size, s.now), E_OK);
	CHECK(choice.parts.key == g_collateral.sev_keys[3].p);
	CHECK_EQ(choice.parts.chain_size, chain.size);
	CHECK(memcmp(choice.parts.chain, chain.p, chain.size) == 0);
	CHECK(choice.parts.crl == g_collateral.sev_crls[2].p);
	sev_choice_fini(&choice);
	CHECK_EQ(sev_choose(&choice, &g_collateral, s.report, 10, s.now), E_OK);
	CHECK(choice.parts.key == NULL);
	sev_choice_fini(&choice);
	native_heap_fail_at(0);
	CHECK_EQ(sev_choose(&choice, &g_collateral, s.report, s.size, s.now), E_NOMEM);
	native_heap_fail_at(-1);
	sev_choice_fini(&choice);
	attest_collateral_fini(&g_collateral);
}

TEST(sev_chain_comes_in_any_form)
{
	struct setup s = good();
	struct host_bytes ask = load(MADE, "ask.der"), both = load_chain("ask.der", "ark.der");

	give("vcek.der"), give("crl.der"), give("ask.der"), give("ark.der");
	CHECK(accepts_all(&s));
	give("vcek.der"), give("crl.der"), GIVE_PEM("ark.der"), GIVE_PEM("ask.der");
	CHECK(accepts_all(&s));
	give("vcek.der"), give("crl.der"), GIVE_PEM("ark.der", "ask.der");
	CHECK(accepts_all(&s));
	give("crl.der"), GIVE_PEM("vcek.der", "ask.der", "ark.der");
	CHECK(accepts_all(&s));
	give("crl.der"), GIVE_PEM("ask.der", "ark.der", "vcek.der");
	CHECK(accepts_all(&s));
	give("vcek.der"), give("crl.der");
	give_pem((const char *const[]){"ask.der", "ark.der"}, 2, "\n\0\0", 3);
	CHECK(accepts_all(&s));
	give("vcek.der"), give("crl.der");
	CHECK_EQ(give_bytes(both.p, both.size, NULL), E_OK);
	CHECK(accepts_all(&s));
	CHECK_EQ(give_bytes(both.p, ask.size + 9, NULL), E_MALFORMED);
	attest_collateral_fini(&g_collateral);
}

/* Whatever else is in a file. */
TEST(sev_certificates_are_told_from_others_in_their_text)
{
	static struct pki_bytes text, chain;
	static struct pki_world world;
	struct host_bytes ask = load(MADE, "ask.der");

	pki_world(&world);
	pki_pem(&text, "CERTIFICATE", ask.p, ask.size);
	pki_world_tcb_chain(&chain, &world);
	pki_put(&text, chain.p, chain.size);
	pki_put(&text, "words", 5);
	CHECK_EQ(give_bytes(text.p, text.size, NULL), E_OK);
	CHECK_EQ(g_collateral.sev_issuer_count, 1);
	CHECK_EQ(g_collateral.chain_count, 1);
	CHECK(g_collateral.chains[0].size <= chain.size);
	attest_collateral_fini(&g_collateral);
}

TEST(sev_nul_behind_der_is_no_part_of_it)
{
	static const char *const names[] = {"vcek.der", "ask.der", "ark.der", "crl.der"};
	struct setup s = good();

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct host_bytes b = load(MADE, names[i]);
		uint8_t *p = calloc(1, b.size + 2);

		memcpy(p, b.p, b.size);
		CHECK_EQ(give_bytes(p, b.size + 2, NULL), E_OK);
		free(p);
	}
	CHECK(accepts_all(&s));
}

TEST(sev_list_comes_in_pem_too)
{
	static struct pki_bytes text;
	struct setup s = good();
	struct host_bytes crl = load(MADE, "crl.der");

	pki_pem(&text, "X509 CRL", crl.p, crl.size);
	pki_put(&text, "", 1);
	CHECK_EQ(give_bytes(text.p, text.size, NULL), E_OK);
	give("vcek.der"), give("ask.der"), give("ark.der");
	CHECK(accepts_all(&s));
}

/* What is there and does not fit is not said to be missing. */
TEST(sev_certificates_that_do_not_fit_are_not_missing)
{
	struct setup s = good();

	give("vcek.der"), give("crl.der"), give("asvk.der"), give("ark.der");
	CHECK(refuses_all(&s, ATTEST_SEV_NAMES));
	give("vcek_issuer.der"), give("crl.der"), give("ask.der"), give("ark.der");
	CHECK(refuses_all(&s, ATTEST_SEV_ISSUERS));
	give("vcek.der"), give("crl.der"), give("ask.der"), give("ark_turin.der");
	CHECK(refuses_all(&s, ATTEST_SEV_ROOT));
	give("vcek_no_product.der"), give("crl.der"), give("ask.der"), give("ark.der");
	CHECK(refuses_all(&s, ATTEST_SEV_KEY_COMPLETE));
	give("vcek.der"), give("crl.der"), give("ask.der");
	CHECK(refuses_all(&s, ATTEST_SEV_CHAIN_MISSING));
	give("vcek.der"), give("crl.der"), give("ark.der");
	CHECK(refuses_all(&s, ATTEST_SEV_CHAIN_MISSING));
	give("ask.der"), give("ark.der"), give("crl.der");
	CHECK(refuses_all(&s, ATTEST_SEV_KEY_MISSING));
}

/* One of the same name that is old or has another key does not hide the good one. */
TEST(sev_wrong_certificates_hide_no_right_ones)
{
	static const char *const wrong[] = {"ask_expired.der", "ask_small.der", "asvk.der",
					    "ask_name.der"};
	struct setup s = good();

	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		give(wrong[i]);
	give("vcek_other_chip.der"), give("vcek_other_tcb.der"), give("vcek_no_chip.der");
	give("ark_turin.der"), give("ask_turin.der"), give("crl_turin.der");
	give("vcek.der"), give("ask.der"), give("ark.der"), give("crl.der");
	CHECK(accepts_all(&s));
}

TEST(sev_vlek_comes_with_its_chain)
{
	struct setup s = good_vlek();

	give("vlek.der"), give("crl.der"), GIVE_PEM("asvk.der", "ark.der");
	CHECK(accepts_all(&s));
	give("vlek.der"), give("crl.der"), GIVE_PEM("ask.der", "ark.der");
	CHECK(refuses_all(&s, ATTEST_SEV_NAMES));
}

TEST(sev_kind_of_key_weighs_most)
{
	struct setup s = good_vlek();

	give("vcek.der"), give("vlek.der"), give("ask.der"), give("asvk.der"), give("ark.der");
	give("crl.der");
	CHECK(accepts_all(&s));
	s = good();
	give("vlek.der"), give("vcek.der"), give("ask.der"), give("asvk.der"), give("ark.der");
	give("crl.der");
	CHECK(accepts_all(&s));
}

TEST(sev_masked_chip_is_bound_by_its_key)
{
	struct setup s = good();
	char *json;

	memset(s.report + 0x1a0, 0, SEV_CHIP_ID_SIZE);
	give("vcek_other_tcb.der"), give("vcek_p256.der"),
		give("vcek.der"); /* the signature decides */
	give("ask.der"), give("ark.der"), give("crl.der");
	CHECK(accepts_all(&s));
	json = attest_verdict_json(&g_verdict);
	CHECK(json && strstr(json, "\"chip_masked\": true"));
	CHECK(json && !strstr(json, "ppid"));
	heap_free(json);
	json = attest_verdict_text(&g_verdict);
	CHECK(json && strstr(json, "  tcb.snp: 5\n") && strstr(json, "  policy.smt: yes\n"));
	heap_free(json);
	s.report[0x1df] = 1;
	give("vcek.der"), give("ask.der"), give("ark.der"), give("crl.der");
	CHECK(refuses_all(&s, ATTEST_SEV_CHIP));
	json = attest_verdict_json(&g_verdict);
	CHECK(json && strstr(json, "\"chip_masked\": false"));
	heap_free(json);
}

/* crl.der: from 2024 on; crl_expired.der: 2023 and 2024; crl_forged.der: from 2024 on; crl_ask.der, crl_ark.der: from 2024 on. */
TEST(sev_list_is_the_one_for_the_time)
{
	const int64_t in_2023 = 1685577600, in_2024 = 1717200000;
	struct setup s = good();

	s.now = in_2023;
	give("vcek.der"), give("ask.der"), give("ark.der"), give("crl.der"),
		give("crl_expired.der");
	CHECK(accepts_all(&s));
	s.now = in_2024;
	give("vcek.der"), give("ask.der"), give("ark.der");
	give("crl_forged.der"), give("crl_expired.der");
	CHECK(accepts_all(&s));
	give("vcek.der"), give("ask.der"), give("ark.der"), give("crl_expired.der"),
		give("crl.der");
	CHECK(accepts_all(&s));
	CHECK_EQ(g_verdict.window.not_before, 1704067200); /* of the two the newest */
	s.now = NOW;
	give("vcek.der"), give("ask.der"), give("ark.der"), give("crl_expired.der");
	CHECK(refuses_all(&s, ATTEST_SEV_CRL_TIME));
	give("vcek.der"), give("ask.der"), give("ark.der"), give("crl_turin.der");
	CHECK(refuses_all(&s, ATTEST_SEV_CRL_MISSING));
	give("vcek.der"), give("ask.der"), give("ark.der"), give("crl_forged.der");
	CHECK(refuses_all(&s, ATTEST_SEV_CRL_SIGNED));
}

TEST(sev_list_that_revokes_is_never_passed_over)
{
	struct setup s = good();

	give("vcek.der"), give("ask.der"), give("ark.der"), give("crl.der"), give("crl_ask.der");
	CHECK(refuses_all(&s, ATTEST_SEV_CRL_LISTED));
	give("vcek.der"), give("ask.der"), give("ark.der"), give("crl_ark.der"), give("crl.der");
	CHECK(refuses_all(&s, ATTEST_SEV_CRL_LISTED));
	s.now = 1685577600; /* 2023: the list that revokes is of tomorrow, and the ARK's all the same */
	give("vcek.der"), give("ask.der"), give("ark.der"), give("crl_expired.der");
	give("crl_ask.der");
	verify_all(&s);
	CHECK_EQ(g_verdict.status, ATTEST_STATUS_REVOKED);
}

/* Nor where memory is short: there is a verdict that refuses, or none. */
TEST(sev_allocation_that_fails_hides_no_list)
{
	struct setup s = good();
	bool failed = true;

	give("vcek.der"), give("ask.der"), give("ark.der"), give("crl.der"), give("crl_ask.der");
	sign(s.report);
	for (long n = 0; failed; n++) {
		native_heap_fail_at(n);
		const enum err err = attest_verify(&g_verdict, s.report, s.size, &g_collateral,
						   &s.policy, s.now);

		failed = native_heap_failed();
		native_heap_fail_at(-1);
		CHECK(err != E_OK || !g_verdict.accepted);
	}
	CHECK(was_refused(ATTEST_SEV_CRL_LISTED));
	attest_collateral_fini(&g_collateral);
}

TEST(sev_report_of_any_size_is_told_its_size)
{
	static uint8_t longer[4000];
	struct setup s = good();

	memcpy(longer, s.report, s.size);
	for (size_t size = 48; size <= sizeof longer; size += size == 48 ? 1135 : 1) {
		if (size == SEV_REPORT_SIZE)
			continue;
		CHECK_EQ(attest_verify(&g_verdict, longer, size, &g_collateral, &s.policy, s.now),
			 E_OK);
		CHECK(was_refused(ATTEST_SEV_SIZE));
	}
}

/* ---- real reports ---- */

static struct setup real(struct host_bytes report, const char *key, const char *chain)
{
	struct setup s = {.now = NOW, .policy = {.insecure_accept_missing_crl = true}};
	struct host_bytes b = load_der(SHARED, key);

	CHECK_EQ(report.size, SEV_REPORT_SIZE);
	s.size = report.size;
	memcpy(s.report, report.p, sizeof s.report);
	s.collateral.key = b.p;
	s.collateral.key_size = b.size;
	b = load_der(SHARED, chain);
	s.collateral.chain = b.p;
	s.collateral.chain_size = b.size;
	return s;
}

TEST(sev_real_milan_with_debug)
{
	struct setup s = real(load(SHARED, "go-sev-guest/attestation.bin"),
			      "go-sev-guest/vcek.testcer", "go-sev-guest/ask_ark_milan.pem");

	verify(&s);
	CHECK(was_refused(ATTEST_SEV_DEBUG));
	s.policy.insecure_accept_debug = true;
	verify(&s);
	CHECK(was_accepted());
	CHECK_EQ(g_verdict.report_data[4], 5);
	CHECK_EQ(g_verdict.sev.version, 2);
	CHECK_EQ(g_verdict.sev.product, SEV_MILAN);
	s.now = g_verdict.window.not_after + 1; /* 2029-09-24 */
	verify(&s);
	CHECK(was_refused(ATTEST_SEV_TIME));
	s.now = g_verdict.window.not_before - 1;
	verify(&s);
	CHECK(was_refused(ATTEST_SEV_TIME));
	s.now = NOW;
	s.policy.insecure_accept_missing_crl = false;
	verify(&s);
	CHECK(was_refused(ATTEST_SEV_CRL_MISSING));
	s = real(load(SHARED, "go-sev-guest/attestation.bin"), "virtee-sev/vcek_milan.der",
		 "go-sev-guest/milan.testcer");
	verify(&s);
	CHECK(was_refused(ATTEST_SEV_CHIP));
	s = real(load(SHARED, "go-sev-guest/attestation.bin"), "go-sev-guest/vcek.testcer",
		 "go-sev-guest/ask_ark_genoa.pem");
	verify(&s);
	CHECK(was_refused(ATTEST_SEV_ROOT));
}

TEST(sev_real_milan)
{
	struct host_bytes hex = load(SHARED, "virtee-sev/report_milan.hex");
	static char text[2 * SEV_REPORT_SIZE + 1];
	static uint8_t report[SEV_REPORT_SIZE];

	CHECK_EQ(hex.size, 2 * SEV_REPORT_SIZE);
	memcpy(text, hex.p, 2 * SEV_REPORT_SIZE);
	CHECK_EQ(hex_read(report, text), SEV_REPORT_SIZE);
	struct setup s = real((struct host_bytes){report, sizeof report},
			      "virtee-sev/vcek_milan.der", "virtee-sev/cert_chain_milan");

	verify(&s);
	CHECK(was_accepted());
	s.report[0x90] ^= 1;
	verify(&s);
	CHECK(was_refused(ATTEST_SEV_SIGNATURE));
}

/* Chains without a report: from a key, or from ASK or ASVK on, to the pinned ARK. */
TEST(sev_real_chains)
{
	struct host_bytes key = load_der(SHARED, "virtee-sev/vcek_turin.der");
	struct host_bytes list = load_der(SHARED, "virtee-sev/cert_chain_turin");
	const struct sev_collateral turin = {key.p, key.size, list.p, list.size, NULL, 0};
	struct sev_chain chain;
	struct sev_key out;
	uint8_t digest[SHA256_SIZE];

	sev_chain_init(&chain);
	CHECK_EQ(sev_chain_parse(&chain, &turin), ATTEST_OK);
	CHECK_EQ(sev_key_read(&out, &chain.key), ATTEST_OK);
	CHECK_EQ(out.product, SEV_TURIN);
	CHECK_EQ(out.tcb.microcode, 9);
	CHECK_EQ(out.hardware_id_size, 8);
	CHECK(hex_equal(out.hardware_id, 8, "1e550a8ee5cf9f4d"));
	CHECK_EQ(sev_chain_check(&chain, SEV_TURIN, SEV_VCEK), ATTEST_OK);
	sha256_digest(digest, chain.signers.next->raw.p, chain.signers.next->raw.len);
	CHECK(sev_root_is_pinned(digest, SEV_TURIN));
	CHECK(!sev_root_is_pinned(digest, SEV_MILAN));
	sev_chain_fini(&chain);
}

TEST(sev_real_roots_are_pinned)
{
	static const struct {
		const char *file;
		enum sev_product product;
	} files[] = {
		{"ask_ark_milan.pem", SEV_MILAN},      {"ask_ark_milan_vlek.pem", SEV_MILAN},
		{"ask_ark_genoa.pem", SEV_GENOA},      {"ask_ark_genoa_vlek.pem", SEV_GENOA},
		{"ask_ark_turin_vcek.pem", SEV_TURIN}, {"ask_ark_turin_vlek.pem", SEV_TURIN},
		{"milan.testcer", SEV_MILAN},	       {"milanvlek.testcer", SEV_MILAN},
	};

	for (size_t i = 0; i < COUNT_OF(files); i++) {
		struct host_bytes b = load_der(SHARED "go-sev-guest/", files[i].file);
		const struct sev_collateral c = {NULL, 0, b.p, b.size, NULL, 0};
		struct sev_chain chain;
		uint8_t digest[SHA256_SIZE];

		sev_chain_init(&chain);
		CHECK_EQ(sev_signers_parse(&chain, &c), ATTEST_OK);
		const mbedtls_x509_crt *ark = chain.signers.next;

		sha256_digest(digest, ark->raw.p, ark->raw.len);
		CHECK(sev_root_is_pinned(digest, files[i].product));
		CHECK(sev_signed_by(ark, &chain.signers.tbs, chain.signers.sig_pk,
				    chain.signers.sig_md, chain.signers.sig_opts,
				    &chain.signers.sig));
		sev_chain_fini(&chain);
	}
}

/* AMD's own files, as they are: no certificate of them is a chip's or a provider's key. */
TEST(sev_real_chains_are_told_apart_from_keys)
{
	static const char *const files[] = {"ask_ark_milan.pem",      "ask_ark_milan_vlek.pem",
					    "ask_ark_genoa.pem",      "ask_ark_genoa_vlek.pem",
					    "ask_ark_turin_vcek.pem", "ask_ark_turin_vlek.pem"};

	for (size_t i = 0; i < COUNT_OF(files); i++) {
		struct host_bytes b = load(SHARED "go-sev-guest/", files[i]);
		enum attest_item what = ATTEST_ITEM_NONE;

		CHECK_EQ(give_bytes(b.p, b.size, &what), E_OK);
		CHECK_EQ(what, ATTEST_ITEM_SEV_ISSUER);
		CHECK_EQ(g_collateral.sev_key_count, 0);
		CHECK_EQ(g_collateral.sev_issuer_count, 2);
		attest_collateral_fini(&g_collateral);
	}
	struct host_bytes key = load(SHARED, "go-sev-guest/vcek.testcer");

	CHECK_EQ(give_bytes(key.p, key.size, NULL), E_OK);
	CHECK_EQ(g_collateral.sev_key_count, 1);
	attest_collateral_fini(&g_collateral);
}

int main(void)
{
	RUN(sev_accepts_what_is_right);
	RUN(sev_accepts_a_vlek);
	RUN(sev_accepts_turin_in_its_layout);
	RUN(sev_accepts_every_version);
	RUN(sev_is_told_from_a_quote);
	RUN(sev_report_has_its_size);
	RUN(sev_refuses_each_field_for_its_own_reason);
	RUN(sev_version_2_has_no_cpuid);
	RUN(sev_refuses_a_change_after_signing);
	RUN(sev_refuses_other_signatures);
	RUN(sev_refuses_each_key_for_its_own_reason);
	RUN(sev_refuses_each_chain_for_its_own_reason);
	RUN(sev_refuses_an_unknown_root);
	RUN(sev_refuses_an_extension_twice);
	RUN(sev_refuses_what_is_behind_the_certificates);
	RUN(sev_names_what_is_missing);
	RUN(sev_refuses_each_list_for_its_own_reason);
	RUN(sev_holds_in_its_window_alone);
	RUN(sev_relaxes_only_by_name);
	RUN(sev_measurement_and_data_are_those_asked_for);
	RUN(sev_versions_have_floors);
	RUN(sev_is_no_enclave);
	RUN(sev_meets_every_demand_or_says_so);
	RUN(sev_reasons_are_all_named);
	RUN(sev_chooses_what_belongs_to_the_report);
	RUN(sev_chain_comes_in_any_form);
	RUN(sev_certificates_are_told_from_others_in_their_text);
	RUN(sev_nul_behind_der_is_no_part_of_it);
	RUN(sev_list_comes_in_pem_too);
	RUN(sev_certificates_that_do_not_fit_are_not_missing);
	RUN(sev_wrong_certificates_hide_no_right_ones);
	RUN(sev_vlek_comes_with_its_chain);
	RUN(sev_kind_of_key_weighs_most);
	RUN(sev_masked_chip_is_bound_by_its_key);
	RUN(sev_list_is_the_one_for_the_time);
	RUN(sev_list_that_revokes_is_never_passed_over);
	RUN(sev_allocation_that_fails_hides_no_list);
	RUN(sev_report_of_any_size_is_told_its_size);
	if (has_shared()) {
		RUN(sev_real_milan_with_debug);
		RUN(sev_real_milan);
		RUN(sev_real_chains);
		RUN(sev_real_roots_are_pinned);
		RUN(sev_real_chains_are_told_apart_from_keys);
	}
	return check_report();
}
