/* The platform on SGX over a double of ENCLU and of RDRAND, both of which can be told to misbehave.
 */
#include <string.h>

#include "platform/enclu.h"
#include "platform/platform.h"
#include "platform/rdrand.h"
#include "sgx/keys.h"

#include "test/lib/check.h"

static struct sgx_machine g_machine;
static struct sgx_identity g_self;
static struct sgx_keyrequest g_last_request;
static bool g_key_refused;
static unsigned g_misaligned;

static void expect_aligned(const void *p, uintptr_t align)
{
	if ((uintptr_t)p % align != 0)
		g_misaligned++;
}

static uint64_t enclu_get_key(const void *request, void *key)
{
	expect_aligned(request, SGX_KEYREQUEST_ALIGN);
	expect_aligned(key, SGX_KEY_ALIGN);
	memcpy(&g_last_request, request, sizeof g_last_request);
	if (g_key_refused)
		return SGX_INVALID_CPUSVN;

	uint32_t code = sgx_get_key(key, &g_machine, &g_self, request);

	CHECK(code != SGX_FAULT_GP);
	return code;
}

static uint64_t enclu_report(const void *target, const void *data, void *out)
{
	expect_aligned(target, SGX_TARGETINFO_ALIGN);
	expect_aligned(data, SGX_REPORTDATA_ALIGN);
	expect_aligned(out, SGX_REPORT_ALIGN);
	CHECK_EQ(sgx_make_report(out, &g_machine, &g_self, target, data), SGX_SUCCESS);
	return ENCLU_EREPORT;
}

uint64_t enclu(uint32_t leaf, const void *rbx, void *rcx, void *rdx)
{
	if (leaf == ENCLU_EGETKEY)
		return enclu_get_key(rbx, rcx);
	CHECK_EQ(leaf, ENCLU_EREPORT);
	return enclu_report(rbx, rcx, rdx);
}

static unsigned g_rdrand_calls, g_rdrand_fails_from, g_rdrand_fails_once;
static bool g_rdrand_stuck;

bool rdrand_once(uint64_t *out)
{
	g_rdrand_calls++;
	if (g_rdrand_fails_from && g_rdrand_calls >= g_rdrand_fails_from)
		return false;
	if (g_rdrand_fails_once && g_rdrand_calls % 2 == 0)
		return false;
	*out = g_rdrand_stuck ? UINT64_MAX : g_rdrand_calls * 0x9e3779b97f4a7c15u;
	return true;
}

static void prepare(void)
{
	memset(&g_machine, 0x11, sizeof g_machine);
	memset(&g_self, 0x22, sizeof g_self);
	g_self.attributes.flags = ATTRIBUTE_INIT | ATTRIBUTE_MODE64 | ATTRIBUTE_KSS;
	g_self.attributes.xfrm = 7;
	g_self.miscselect = MISC_EXINFO;
	g_self.configsvn = 0;
	memset(g_self.configid + 32, 0, 32);
	g_key_refused = false;
}

/* These three run first and in this order: the generator is seeded once per process. */
TEST(random_without_a_source_is_an_error)
{
	uint8_t out[16];
	static const uint8_t zero[16];

	memset(out, 9, sizeof out);
	g_rdrand_fails_from = 1;
	CHECK_EQ(platform_random(out, sizeof out), E_STATE);
	CHECK(memcmp(out, zero, sizeof out) == 0);
	CHECK(g_rdrand_calls > 1 && g_rdrand_calls <= 64); /* it tried again, and gave up */
	g_rdrand_fails_from = g_rdrand_calls + 4;	   /* in the middle of a seed */
	CHECK_EQ(platform_random(out, sizeof out), E_STATE);
	g_rdrand_fails_from = 0;
}

TEST(random_from_a_stuck_source_is_an_error)
{
	uint8_t out[16];

	g_rdrand_stuck = true;
	CHECK_EQ(platform_random(out, sizeof out), E_STATE);
	g_rdrand_stuck = false;
}

TEST(random_recovers_and_survives_single_failures)
{
	uint8_t a[32], b[32];

	g_rdrand_fails_once = 1;
	CHECK_EQ(platform_random(a, sizeof a), E_OK);
	CHECK_EQ(platform_random(b, sizeof b), E_OK);
	CHECK(memcmp(a, b, sizeof a) != 0);
	g_rdrand_fails_once = 0;
}

TEST(random_reseeds_and_says_when_it_cannot)
{
	static uint8_t out[64];
	static const uint8_t zero[64];
	unsigned seeded = g_rdrand_calls;
	enum err err = E_OK;

	for (int i = 0; i < 20000; i++)
		CHECK_EQ(platform_random(out, 1), E_OK);
	CHECK(g_rdrand_calls > seeded);
	g_rdrand_fails_from = g_rdrand_calls + 1;
	for (int i = 0; i < 20000 && err == E_OK; i++)
		err = platform_random(out, sizeof out);
	CHECK_EQ(err, E_STATE);
	CHECK(memcmp(out, zero, sizeof out) == 0);
	g_rdrand_fails_from = 0;
	CHECK_EQ(platform_random(out, sizeof out), E_OK);
}

TEST(secret_is_bound_to_enclave_and_machine_and_to_nothing_that_the_host_chooses)
{
	uint8_t first[PLATFORM_SECRET_SIZE], again[PLATFORM_SECRET_SIZE];

	prepare();
	CHECK_EQ(platform_secret(first), E_OK);
	CHECK(memcmp(first, first + 16, 16) != 0); /* two keys, not one twice */
#define SECRET(statement, same)                                                                    \
	do {                                                                                       \
		prepare();                                                                         \
		statement;                                                                         \
		CHECK_EQ(platform_secret(again), E_OK);                                            \
		CHECK_EQ(memcmp(first, again, sizeof first) == 0, same);                           \
	} while (0)
	SECRET((void)0, true);
	SECRET(g_self.configid[0]++, true);
	SECRET(g_self.configsvn++, true);
	SECRET(g_self.attributes.xfrm |= XFRM_AVX512, true);
	SECRET(g_self.mrsigner[0]++, true);
	SECRET(g_machine.report_keyid[0]++, true);
	SECRET(g_self.mrenclave[0]++, false);
	SECRET(g_machine.secret[0]++, false);
	SECRET(g_machine.owner_epoch[0]++, false);
	SECRET(g_self.isvsvn++, false);
	SECRET(g_self.attributes.flags |= ATTRIBUTE_DEBUG, false);
	SECRET(g_self.attributes.flags |= ATTRIBUTE_PROVISIONKEY, false);
	SECRET(g_self.attributes.flags |= ATTRIBUTE_AEXNOTIFY, false);
	SECRET(g_self.miscselect = 0, false);
#undef SECRET
	CHECK_EQ(g_last_request.keypolicy, KEYPOLICY_MRENCLAVE);
	CHECK_EQ(g_last_request.attributemask.xfrm, 0);
}

TEST(secret_that_the_cpu_refuses_is_an_error_and_leaves_the_output)
{
	uint8_t out[PLATFORM_SECRET_SIZE] = {7};

	prepare();
	g_key_refused = true;
	CHECK_EQ(platform_secret(out), E_UNSUPPORTED);
	CHECK_EQ(out[0], 7);
	CHECK_EQ(platform_derive_key(out, "label", out, NULL, 0), E_UNSUPPORTED);
	CHECK_EQ(out[0], 7);
}

TEST(derived_keys_differ_by_label_program_and_context)
{
	uint8_t program[32] = {1}, other[32] = {2}, context[PLATFORM_CONTEXT_MAX + 1] = {3};
	uint8_t a[32], b[32];

	prepare();
	CHECK_EQ(platform_derive_key(a, "volume", program, context, 2), E_OK);
#define KEY(label, digest, size, same)                                                             \
	do {                                                                                       \
		CHECK_EQ(platform_derive_key(b, label, digest, context, size), E_OK);              \
		CHECK_EQ(memcmp(a, b, sizeof a) == 0, same);                                       \
	} while (0)
	KEY("volume", program, 2, true);
	KEY("volumes", program, 2, false);
	KEY("volum", program, 2, false);
	KEY("volume", other, 2, false);
	KEY("volume", program, 1, false);
	KEY("volume", program, 3, false);
	KEY("volume", program, PLATFORM_CONTEXT_MAX, false);
	context[0]++;
	KEY("volume", program, 2, false);
#undef KEY
	CHECK_EQ(platform_derive_key(b, "volume", program, context, PLATFORM_CONTEXT_MAX + 1),
		 E_LIMIT);
}

/* A seal key by this policy, of which *key is told. */
static enum err seal_key(uint8_t key[32], const struct platform_seal *seal)
{
	static const uint8_t program[32] = {1};

	return platform_derive_seal_key(key, seal, "volume", program, "context", 7);
}

TEST(seal_keys_for_an_enclave_are_those_of_the_secret)
{
	static const uint8_t program[32] = {1};
	struct platform_seal seal;
	uint8_t a[32], b[32];

	prepare();
	platform_seal_own(&seal, false);
	CHECK(!seal.signer && seal.product == g_self.isvprodid && seal.svn == g_self.isvsvn);
	CHECK(memcmp(seal.cpu_svn, g_machine.cpusvn, sizeof seal.cpu_svn) == 0);
	CHECK_EQ(seal_key(a, &seal), E_OK);
	CHECK_EQ(platform_derive_key(b, "volume", program, "context", 7), E_OK);
	CHECK(memcmp(a, b, sizeof a) == 0);
	seal.signer = true;
	CHECK_EQ(seal_key(b, &seal), E_OK);
	CHECK(memcmp(a, b, sizeof a) != 0);
	CHECK_EQ(g_last_request.keypolicy, KEYPOLICY_MRSIGNER);
	CHECK_EQ(g_last_request.attributemask.xfrm, 0);
	CHECK_EQ(g_last_request.attributemask.flags, UINT64_MAX);
}

TEST(seal_keys_for_a_signer_are_bound_to_signer_and_product)
{
	struct platform_seal seal;
	uint8_t first[32], again[32];

	prepare();
	platform_seal_own(&seal, true);
	CHECK_EQ(seal_key(first, &seal), E_OK);
#define SEAL(statement, same)                                                                      \
	do {                                                                                       \
		prepare();                                                                         \
		statement;                                                                         \
		platform_seal_own(&seal, true);                                                    \
		seal.svn = 0x2222;                                                                 \
		CHECK_EQ(seal_key(again, &seal), E_OK);                                            \
		CHECK_EQ(memcmp(first, again, sizeof first) == 0, same);                           \
	} while (0)
	SEAL((void)0, true);
	SEAL(g_self.mrenclave[0]++, true);
	SEAL(g_self.isvsvn++, true); /* a newer image has the keys of the older one */
	SEAL(g_self.configid[0]++, true);
	SEAL(g_self.attributes.xfrm |= XFRM_AVX512, true);
	SEAL(g_self.mrsigner[0]++, false);
	SEAL(g_self.isvprodid++, false);
	SEAL(g_self.attributes.flags |= ATTRIBUTE_DEBUG, false);
	SEAL(g_machine.secret[0]++, false);
	SEAL(g_machine.cpusvn[0]++, false);
#undef SEAL
}

TEST(seal_keys_of_another_product_or_of_newer_versions_are_denied)
{
	struct platform_seal seal;
	uint8_t key[32], first[32];

	prepare();
	for (int signer = 0; signer < 2; signer++) {
		platform_seal_own(&seal, signer);
		CHECK_EQ(seal_key(first, &seal), E_OK);
		seal.svn--;
		CHECK_EQ(seal_key(key, &seal), E_OK);
		CHECK(memcmp(first, key, sizeof key) != 0);
		seal.svn += 2;
		CHECK_EQ(seal_key(key, &seal), E_DENIED);
		seal.svn--;
		seal.product++;
		CHECK_EQ(seal_key(key, &seal), E_DENIED);
		seal.product--;
		seal.cpu_svn[5]++;
		CHECK_EQ(seal_key(key, &seal), E_DENIED);
		seal.cpu_svn[5] -= 2;
		CHECK_EQ(seal_key(key, &seal), E_OK);
		CHECK(memcmp(first, key, sizeof key) != 0);
	}
}

TEST(evidence_for_ourselves_verifies_and_carries_the_data)
{
	uint8_t data[PLATFORM_REPORT_DATA_SIZE], out[PLATFORM_EVIDENCE_MAX];
	struct sgx_report report;
	size_t size = 0, verified = 0;

	prepare();
	memset(data, 0x44, sizeof data);
	CHECK_EQ(platform_evidence(data, NULL, 0, out, sizeof report, &size), E_OK);
	CHECK_EQ(size, sizeof report);
	memcpy(&report, out, sizeof report);
	CHECK(memcmp(report.body.reportdata.data, data, sizeof data) == 0);
	CHECK_EQ(platform_evidence_verify(out, size), E_OK);
	for (size_t i = 0; i < size; i++) {
		out[i] ^= 1;
		verified += platform_evidence_verify(out, size) == E_OK;
		out[i] ^= 1;
	}
	CHECK_EQ(verified, 0);
	CHECK_EQ(platform_evidence_verify(out, size - 1), E_DENIED);
	CHECK_EQ(platform_evidence_verify(out, size + 1), E_DENIED);
	CHECK_EQ(platform_evidence_verify(out, 0), E_DENIED);
	g_key_refused = true;
	CHECK_EQ(platform_evidence_verify(out, size), E_UNSUPPORTED);
}

TEST(evidence_for_another_does_not_verify_here)
{
	uint8_t data[PLATFORM_REPORT_DATA_SIZE] = {0}, out[512];
	struct sgx_targetinfo target = {.mrenclave = {5}};
	size_t size;

	prepare();
	CHECK_EQ(platform_evidence(data, &target, sizeof target, out, sizeof out, &size), E_OK);
	CHECK_EQ(platform_evidence_verify(out, size), E_DENIED);
	memcpy(g_self.mrenclave, target.mrenclave, sizeof target.mrenclave);
	g_self.attributes.flags = g_self.attributes.xfrm = 0;
	g_self.miscselect = 0;
	memset(g_self.configid, 0, sizeof g_self.configid);
	CHECK_EQ(platform_evidence_verify(out, size), E_OK); /* it was for that one */
}

TEST(evidence_refuses_what_is_no_target_and_too_little_room)
{
	uint8_t data[PLATFORM_REPORT_DATA_SIZE] = {0}, out[512] = {0};
	struct sgx_targetinfo target = {0};
	size_t size = 1;

	prepare();
	CHECK_EQ(platform_evidence(data, &target, 511, out, sizeof out, &size), E_INVALID);
	CHECK_EQ(platform_evidence(data, &target, 513, out, sizeof out, &size), E_INVALID);
	CHECK_EQ(platform_evidence(data, &target, 512, out, 431, &size), E_LIMIT);
	target.reserved1 = 1;
	CHECK_EQ(platform_evidence(data, &target, 512, out, sizeof out, &size), E_INVALID);
	target.reserved1 = 0;
	target.reserved2[0] = 1;
	CHECK_EQ(platform_evidence(data, &target, 512, out, sizeof out, &size), E_INVALID);
	target.reserved2[0] = 0;
	target.reserved3[383] = 1;
	CHECK_EQ(platform_evidence(data, &target, 512, out, sizeof out, &size), E_INVALID);
	target.reserved3[383] = 0;
	target.cet_attributes = 1;
	CHECK_EQ(platform_evidence(data, &target, 512, out, sizeof out, &size), E_INVALID);
	CHECK_EQ(size, 1);
}

TEST(our_own_target_is_what_evidence_for_us_is_made_for)
{
	uint8_t target[512], data[PLATFORM_REPORT_DATA_SIZE] = {7}, out[PLATFORM_EVIDENCE_MAX];
	size_t size = 0;

	prepare();
	CHECK_EQ(platform_target(target, sizeof target - 1, &size), E_LIMIT);
	CHECK_EQ(platform_target(target, sizeof target, &size), E_OK);
	CHECK_EQ(size, 512);
	CHECK_EQ(platform_evidence(data, target, size, out, sizeof out, &size), E_OK);
	CHECK_EQ(platform_evidence_verify(out, size), E_OK);
	target[0] ^= 1; /* another MRENCLAVE */
	CHECK_EQ(platform_evidence(data, target, 512, out, sizeof out, &size), E_OK);
	CHECK_EQ(platform_evidence_verify(out, size), E_DENIED);
}

/* Whatever stands in the other half of CONFIGID: nobody is told of a launch that is none. */
TEST(launch_digest_is_told_of_a_launch_that_is_one)
{
	uint8_t digest[32] = {0};

	prepare();
	CHECK_EQ(platform_launch_digest(digest), E_OK);
	CHECK(memcmp(digest, g_self.configid, sizeof digest) == 0);
	memset(digest, 0, sizeof digest);
	for (size_t i = 32; i < SGX_CONFIGID_SIZE; i++) {
		g_self.configid[i] ^= 1;
		CHECK_EQ(platform_launch_digest(digest), E_DENIED);
		g_self.configid[i] ^= 1;
	}
	g_self.configsvn = 1;
	CHECK_EQ(platform_launch_digest(digest), E_DENIED);
	g_self.configsvn = 0;
	g_self.attributes.flags |= ATTRIBUTE_DEBUG;
	CHECK_EQ(platform_launch_digest(digest), E_DENIED);
	CHECK_EQ(digest[0], 0);
}

TEST(launch_is_the_configid_and_nothing_else)
{
	uint8_t digest[32];

	prepare();
	memcpy(digest, g_self.configid, sizeof digest);
	CHECK_EQ(platform_check_launch(digest), E_OK);
	for (size_t i = 0; i < SGX_CONFIGID_SIZE; i++) {
		g_self.configid[i] ^= 1;
		CHECK_EQ(platform_check_launch(digest), E_DENIED);
		g_self.configid[i] ^= 1;
	}
	g_self.configsvn = 1;
	CHECK_EQ(platform_check_launch(digest), E_DENIED);
}

TEST(avx512_is_ours_with_all_of_its_state_alone)
{
	prepare();
	CHECK(!platform_has_avx512());
	g_self.attributes.xfrm |= XFRM_AVX512;
	CHECK(platform_has_avx512());
	for (unsigned bit = 5; bit < 8; bit++) {
		g_self.attributes.xfrm ^= 1ull << bit;
		CHECK(!platform_has_avx512());
		g_self.attributes.xfrm ^= 1ull << bit;
	}
}

/* Anybody can sign the image with other masks: its attributes are then what the machine's owner likes.
 */
TEST(launch_with_foreign_attributes_is_refused)
{
	uint8_t digest[32];

	prepare();
	memcpy(digest, g_self.configid, sizeof digest);
	g_self.attributes.xfrm = XFRM_X87 | XFRM_SSE | XFRM_AVX | XFRM_AVX512;
	CHECK_EQ(platform_check_launch(digest), E_OK);
	for (unsigned bit = 0; bit < 64; bit++) {
		prepare();
		g_self.attributes.flags ^= 1ull << bit;
		CHECK_EQ(platform_check_launch(digest), E_DENIED);
		prepare();
		g_self.attributes.xfrm ^= 1ull << bit;
		CHECK_EQ(platform_check_launch(digest), E_DENIED);
	}
	for (unsigned bit = 0; bit < 32; bit++) {
		prepare();
		g_self.miscselect ^= 1u << bit;
		CHECK_EQ(platform_check_launch(digest), E_DENIED);
	}
	prepare();
	CHECK_EQ(platform_check_launch(digest), E_OK);
}

TEST(all_operands_were_aligned)
{
	CHECK_EQ(g_misaligned, 0);
}

int main(void)
{
	RUN(random_without_a_source_is_an_error);
	RUN(random_from_a_stuck_source_is_an_error);
	RUN(random_recovers_and_survives_single_failures);
	RUN(random_reseeds_and_says_when_it_cannot);
	RUN(secret_is_bound_to_enclave_and_machine_and_to_nothing_that_the_host_chooses);
	RUN(secret_that_the_cpu_refuses_is_an_error_and_leaves_the_output);
	RUN(derived_keys_differ_by_label_program_and_context);
	RUN(seal_keys_for_an_enclave_are_those_of_the_secret);
	RUN(seal_keys_for_a_signer_are_bound_to_signer_and_product);
	RUN(seal_keys_of_another_product_or_of_newer_versions_are_denied);
	RUN(evidence_for_ourselves_verifies_and_carries_the_data);
	RUN(evidence_for_another_does_not_verify_here);
	RUN(evidence_refuses_what_is_no_target_and_too_little_room);
	RUN(our_own_target_is_what_evidence_for_us_is_made_for);
	RUN(launch_digest_is_told_of_a_launch_that_is_one);
	RUN(launch_is_the_configid_and_nothing_else);
	RUN(avx512_is_ours_with_all_of_its_state_alone);
	RUN(launch_with_foreign_attributes_is_refused);
	RUN(all_operands_were_aligned);
	return check_report();
}
