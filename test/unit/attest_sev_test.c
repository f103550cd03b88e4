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

#include "attest/sev.h"
#include "attest/sev_choose.h"
#include "attest/sev_impl.h"
#include "attest/verify.h"
#include "crypto/drbg.h"
#include "crypto/sha256.h"

#include "test/lib/check.h"
#include "test/lib/file.h"
#include "test/lib/hex.h"
#include "test/lib/native.h"

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
	CHECK(!sev_detect(s.report, s.size - 1));
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
	{0x048, 2 << 2, ATTEST_SEV_SIGNED},    {0x048, 7 << 2, ATTEST_SEV_SIGNED},
	{0x048, 1 << 5, ATTEST_SEV_RESERVED},  {0x04b, 1, ATTEST_SEV_RESERVED},
	{0x04c, 1, ATTEST_SEV_RESERVED},       {0x04f, 1, ATTEST_SEV_RESERVED},
	{0x18b, 1, ATTEST_SEV_RESERVED},       {0x19f, 1, ATTEST_SEV_RESERVED},
	{0x1eb, 1, ATTEST_SEV_RESERVED},       {0x1ef, 1, ATTEST_SEV_RESERVED},
	{0x1f8, 1, ATTEST_SEV_RESERVED},       {0x208, 1, ATTEST_SEV_RESERVED},
	{0x29f, 1, ATTEST_SEV_RESERVED},       {0x330, 1, ATTEST_SEV_RESERVED},
	{0x49f, 1, ATTEST_SEV_RESERVED},       {0x00a, 1, ATTEST_SEV_POLICY_BITS},
	{0x00b, 4, ATTEST_SEV_POLICY_BITS},    {0x00f, 0x80, ATTEST_SEV_POLICY_BITS},
	{0x188, 0x17, ATTEST_SEV_PRODUCT},     {0x189, 0x20, ATTEST_SEV_PRODUCT},
	{0x189, 0x11, ATTEST_SEV_KEY_PRODUCT}, {0x048, 1 << 2, ATTEST_SEV_KEY_KIND},
	{0x180, 3, ATTEST_SEV_TCB_EQUAL},      {0x181, 1, ATTEST_SEV_TCB_EQUAL},
	{0x186, 4, ATTEST_SEV_TCB_EQUAL},      {0x187, 67, ATTEST_SEV_TCB_EQUAL},
	{0x182, 1, ATTEST_SEV_TCB_RESERVED},   {0x185, 1, ATTEST_SEV_TCB_RESERVED},
	{0x1a0, 2, ATTEST_SEV_CHIP},	       {0x1df, 2, ATTEST_SEV_CHIP},
	{0x00a, 3 + 8, ATTEST_SEV_DEBUG},      {0x00a, 3 + 4, ATTEST_SEV_MIGRATION},
	{0x030, 1, ATTEST_SEV_VMPL},	       {0x033, 0xff, ATTEST_SEV_VMPL},
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

/* ---- choosing ---- */

static void add(struct attest_bytes *list, uint32_t *count, struct host_bytes b)
{
	list[*count].p = malloc(b.size);
	list[*count].size = b.size;
	memcpy(list[*count].p, b.p, b.size);
	++*count;
}

TEST(sev_chooses_what_belongs_to_the_report)
{
	static struct attest_collateral c;
	static const char *const keys[] = {"vcek_other_chip.der", "vlek.der",
					   "vcek_genoa.der",	  "vcek.der",
					   "vcek_other_tcb.der",  "crl.der"};
	static const char *const lists[] = {"crl_turin.der", "crl_expired.der", "crl.der",
					    "crl_issuer.der"};
	struct setup s = good();

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		add(c.sev_keys, &c.sev_key_count, load(MADE, keys[i]));
	add(c.sev_chains, &c.sev_chain_count, load_chain("ask_turin.der", "ark_turin.der"));
	add(c.sev_chains, &c.sev_chain_count, load_chain("asvk.der", "ark.der"));
	add(c.sev_chains, &c.sev_chain_count, load_chain("ask.der", "ark.der"));
	for (size_t i = 0; i < COUNT_OF(lists); i++)
		add(c.sev_crls, &c.sev_crl_count, load(MADE, lists[i]));
	sign(s.report);
	sev_choose(&s.collateral, &c, s.report, s.size);
	CHECK(s.collateral.key == c.sev_keys[3].p);
	CHECK(s.collateral.chain == c.sev_chains[2].p);
	CHECK(s.collateral.crl == c.sev_crls[2].p);
	CHECK(accepts(&s));
	sev_choose(&s.collateral, &c, s.report, 10);
	CHECK(s.collateral.key == NULL);
	attest_collateral_fini(&c);
}

/* ---- real reports ---- */

static struct setup real(struct host_bytes report, const char *key, const char *chain)
{
	struct setup s = {.now = NOW, .policy = {.insecure_accept_missing_crl = true}};
	struct host_bytes b = load(SHARED, key);

	CHECK_EQ(report.size, SEV_REPORT_SIZE);
	s.size = report.size;
	memcpy(s.report, report.p, sizeof s.report);
	s.collateral.key = b.p;
	s.collateral.key_size = b.size;
	b = load(SHARED, chain);
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
	CHECK(was_refused(ATTEST_SEV_SIGNATURE));
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
	struct host_bytes key = load(SHARED, "virtee-sev/vcek_turin.der");
	struct host_bytes list = load(SHARED, "virtee-sev/cert_chain_turin");
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
		struct host_bytes b = load(SHARED "go-sev-guest/", files[i].file);
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
	if (has_shared()) {
		RUN(sev_real_milan_with_debug);
		RUN(sev_real_milan);
		RUN(sev_real_chains);
		RUN(sev_real_roots_are_pinned);
	}
	return check_report();
}
