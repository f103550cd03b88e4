/* SIGSTRUCT: made and judged; each field that EINIT looks at; two that others have made. */
#include <stdlib.h>
#include <string.h>

#include <mbedtls/pk.h>

#include "sgx/sigstruct.h"

#include "test/lib/check.h"
#include "test/lib/hex.h"
#include "test/lib/native.h"

static char g_pem[RSA_PEM_MAX];
static struct sgx_sign g_sign;
static struct sgx_sigstruct g_good;
static const struct sgx_attributes g_attributes = {SIGN_ATTRIBUTES, SIGN_XFRM};

static enum err sign_with(struct sgx_sigstruct *s, const char *pem)
{
	return sgx_sigstruct_create(s, &g_sign, pem, strlen(pem));
}

/* One key for all tests, of a fixed seed. */
static void prepare(void)
{
	uint8_t seed[RSA_SEED_SIZE];

	memset(seed, 7, sizeof seed);
	CHECK_EQ(sgx_key_generate(g_pem, seed), E_OK);
	memset(g_sign.mrenclave, 0x5a, sizeof g_sign.mrenclave);
	g_sign.date = 0x20260228;
	g_sign.isvprodid = 3;
	g_sign.isvsvn = 9;
	memset(g_sign.isvfamilyid, 1, sizeof g_sign.isvfamilyid);
	memset(g_sign.isvextprodid, 2, sizeof g_sign.isvextprodid);
	CHECK_EQ(sign_with(&g_good, g_pem), E_OK);
}

TEST(sigstruct_that_we_make_is_accepted)
{
	CHECK_EQ(sgx_sigstruct_verify(&g_good), REFUSAL_NONE);
	CHECK_EQ(sgx_sigstruct_check(&g_good, g_sign.mrenclave, g_attributes, SIGN_MISCSELECT),
		 REFUSAL_NONE);
	CHECK_EQ(g_good.isvprodid, 3);
	CHECK_EQ(g_good.isvsvn, 9);
	CHECK_EQ(g_good.date, 0x20260228);
}

TEST(sigstruct_is_the_same_for_the_same_inputs)
{
	struct sgx_sigstruct again;
	uint8_t seed[RSA_SEED_SIZE];
	char pem[RSA_PEM_MAX];

	CHECK_EQ(sign_with(&again, g_pem), E_OK);
	CHECK(memcmp(&again, &g_good, sizeof again) == 0);
	memset(seed, 7, sizeof seed);
	CHECK_EQ(sgx_key_generate(pem, seed), E_OK);
	CHECK(strcmp(pem, g_pem) == 0);
}

TEST(sigstruct_mrsigner_is_that_of_the_key)
{
	uint8_t a[SGX_HASH_SIZE], b[SGX_HASH_SIZE], seed[RSA_SEED_SIZE] = {1};
	struct sgx_sigstruct other;
	char pem[RSA_PEM_MAX];

	CHECK_EQ(sgx_key_generate(pem, seed), E_OK);
	CHECK_EQ(sign_with(&other, pem), E_OK);
	CHECK_EQ(sgx_sigstruct_verify(&other), REFUSAL_NONE);
	sgx_sigstruct_mrsigner(&g_good, a);
	sgx_sigstruct_mrsigner(&other, b);
	CHECK(memcmp(a, b, sizeof a) != 0);
}

TEST(sigstruct_refuses_dates_that_are_none)
{
	static const uint32_t bad[] = {0x20261301, 0x20260001, 0x20260100, 0x20260132,
				       0x2026010a, 0x202a0101, 0x20260a01, 0};
	struct sgx_sigstruct s = {0};
	uint32_t good = g_sign.date;

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		g_sign.date = bad[i];
		CHECK_EQ(sign_with(&s, g_pem), E_INVALID);
	}
	CHECK_EQ(s.exponent, 0);
	g_sign.date = good;
}

TEST(sigstruct_refuses_text_that_is_no_key)
{
	struct sgx_sigstruct s;
	static char pem[RSA_PEM_MAX + 1];

	CHECK_EQ(sgx_sigstruct_create(&s, &g_sign, "", 0), E_SGX_KEY);
	CHECK_EQ(sign_with(&s, "no key"), E_SGX_KEY);
	CHECK_EQ(sgx_sigstruct_create(&s, &g_sign, g_pem, strlen(g_pem) / 2), E_SGX_KEY);
	strcpy(pem, g_pem);
	pem[600] = pem[600] == 'A' ? 'B' : 'A'; /* a number of the key is wrong */
	CHECK_EQ(sign_with(&s, pem), E_SGX_KEY);
	memset(pem, 'A', sizeof pem);
	CHECK_EQ(sgx_sigstruct_create(&s, &g_sign, pem, sizeof pem), E_SGX_KEY);
	native_heap_fail_at(0);
	CHECK_EQ(sign_with(&s, g_pem), E_NOMEM);
	native_heap_fail_at(-1);
}

static int counting_random(void *context, unsigned char *out, size_t size)
{
	uint64_t *x = context;

	for (size_t i = 0; i < size; i++) {
		*x = *x * 6364136223846793005u + 1442695040888963407u;
		out[i] = (unsigned char)(*x >> 56);
	}
	return 0;
}

static void check_rsa_refused(unsigned bits, int exponent)
{
	mbedtls_pk_context pk;
	struct sgx_sigstruct s;
	char pem[RSA_PEM_MAX];
	uint64_t seed = 1;

	mbedtls_pk_init(&pk);
	CHECK_EQ(mbedtls_pk_setup(&pk, mbedtls_pk_info_from_type(MBEDTLS_PK_RSA)), 0);
	CHECK_EQ(mbedtls_rsa_gen_key(mbedtls_pk_rsa(pk), counting_random, &seed, bits, exponent),
		 0);
	CHECK_EQ(mbedtls_pk_write_key_pem(&pk, (unsigned char *)pem, sizeof pem), 0);
	CHECK_EQ(sign_with(&s, pem), E_SGX_KEY);
	mbedtls_pk_free(&pk);
}

TEST(sigstruct_refuses_rsa_keys_of_another_size_or_exponent)
{
	check_rsa_refused(2048, 3);
	check_rsa_refused(3072, 65537);
}

TEST(sigstruct_with_any_byte_changed_is_refused)
{
	struct sgx_sigstruct s;
	size_t accepted = 0;

	for (size_t i = 0; i < sizeof s; i++) {
		uint8_t *bytes = (uint8_t *)&s;

		s = g_good;
		bytes[i] ^= 0x10;
		if (sgx_sigstruct_verify(&s) == REFUSAL_NONE)
			accepted++;
	}
	CHECK_EQ(accepted, 0);
}

/* The refusal for a good SIGSTRUCT after `statement`. */
#define SPOILT(statement, expected)                                                                \
	do {                                                                                       \
		struct sgx_sigstruct s = g_good;                                                   \
		statement;                                                                         \
		CHECK_EQ(sgx_sigstruct_verify(&s), expected);                                      \
	} while (0)

TEST(sigstruct_refusal_names_the_field)
{
	SPOILT(s.header[0] = 7, REFUSAL_HEADER);
	SPOILT(s.header2[15] = 1, REFUSAL_HEADER);
	SPOILT(s.vendor = 1, REFUSAL_VENDOR);
	SPOILT(s.reserved1[83] = 1, REFUSAL_RESERVED);
	SPOILT(s.reserved2[1] = 1, REFUSAL_RESERVED);
	SPOILT(s.reserved3[15] = 1, REFUSAL_RESERVED);
	SPOILT(s.reserved4[11] = 1, REFUSAL_RESERVED);
	SPOILT(s.cet_attributes = 1, REFUSAL_RESERVED);
	SPOILT(s.cet_attributes_mask = 1, REFUSAL_RESERVED);
	SPOILT(s.exponent = 65537, REFUSAL_EXPONENT);
	SPOILT((s.miscmask = 0xfffffffe), REFUSAL_UNMASKED);
	SPOILT(s.q1[0] ^= 1, REFUSAL_QUOTIENTS);
	SPOILT(s.q2[383] ^= 1, REFUSAL_QUOTIENTS);
	SPOILT(s.signature[0] ^= 1, REFUSAL_QUOTIENTS);
	SPOILT(memset(s.modulus, 0, sizeof s.modulus), REFUSAL_QUOTIENTS);
	SPOILT(memset(s.signature, 0xff, sizeof s.signature), REFUSAL_QUOTIENTS);
	SPOILT(s.vendor = 0x8086, REFUSAL_SIGNATURE);
	SPOILT(s.swdefined = 1, REFUSAL_SIGNATURE);
	SPOILT(s.isvsvn++, REFUSAL_SIGNATURE);
	SPOILT(s.attributemask.flags &= ~2ull, REFUSAL_SIGNATURE);
	SPOILT(s.enclavehash[31] ^= 1, REFUSAL_SIGNATURE);
}

/* Q1 and Q2 that fit a wrong signature: only the signature's own check is left. */
TEST(sigstruct_with_fitting_quotients_and_a_wrong_signature_is_refused)
{
	struct sgx_sigstruct s = g_good;

	s.signature[0] ^= 1;
	CHECK_EQ(rsa_quotients(s.q1, s.q2, s.modulus, s.signature), E_OK);
	CHECK_EQ(sgx_sigstruct_verify(&s), REFUSAL_SIGNATURE);
}

/* A signature S that is no smaller than the modulus is another writing of S - M. */
TEST(sigstruct_refuses_a_signature_beyond_the_modulus)
{
	uint8_t q1[SGX_RSA_SIZE], q2[SGX_RSA_SIZE], half[SGX_RSA_SIZE];

	CHECK_EQ(rsa_quotients(q1, q2, g_good.modulus, g_good.modulus), E_SGX_SIGNATURE);
	memcpy(half, g_good.modulus, sizeof half);
	half[SGX_RSA_SIZE - 1] = 0x7f; /* 3071 bits */
	CHECK_EQ(rsa_quotients(q1, q2, half, g_good.q1), E_SGX_SIGNATURE);
}

static enum sgx_refusal check_attributes(uint64_t flags, uint64_t xfrm)
{
	struct sgx_attributes a = {flags, xfrm};

	return sgx_sigstruct_check(&g_good, g_sign.mrenclave, a, SIGN_MISCSELECT);
}

TEST(sigstruct_enforces_every_attribute)
{
	for (unsigned bit = 0; bit < 64; bit++)
		if (1ull << bit != ATTRIBUTE_KSS)
			CHECK_EQ(check_attributes(SIGN_ATTRIBUTES ^ 1ull << bit, SIGN_XFRM),
				 REFUSAL_ATTRIBUTES);
	CHECK_EQ(check_attributes(SIGN_ATTRIBUTES & ~ATTRIBUTE_KSS, SIGN_XFRM), REFUSAL_FAMILY);
}

TEST(sigstruct_leaves_avx512_free_and_no_other_feature)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		bool is_free = (XFRM_AVX512 & 1ull << bit) != 0;

		CHECK_EQ(check_attributes(SIGN_ATTRIBUTES, SIGN_XFRM ^ 1ull << bit),
			 is_free ? REFUSAL_NONE : REFUSAL_XFRM);
	}
	CHECK_EQ(check_attributes(SIGN_ATTRIBUTES, SIGN_XFRM | XFRM_AVX512), REFUSAL_NONE);
}

TEST(sigstruct_enforces_miscselect_and_the_measurement)
{
	uint8_t other[SGX_HASH_SIZE];

	CHECK_EQ(sgx_sigstruct_check(&g_good, g_sign.mrenclave, g_attributes, 0),
		 REFUSAL_MISCSELECT);
	CHECK_EQ(sgx_sigstruct_check(&g_good, g_sign.mrenclave, g_attributes, 3),
		 REFUSAL_MISCSELECT);
	memcpy(other, g_sign.mrenclave, sizeof other);
	other[31] ^= 1;
	CHECK_EQ(sgx_sigstruct_check(&g_good, other, g_attributes, SIGN_MISCSELECT),
		 REFUSAL_MRENCLAVE);
}

TEST(sigstruct_refusals_have_the_codes_of_einit)
{
	CHECK_EQ(sgx_refusal_code(REFUSAL_NONE), 0);
	CHECK_EQ(sgx_refusal_code(REFUSAL_RESERVED), 1);
	CHECK_EQ(sgx_refusal_code(REFUSAL_XFRM), 2);
	CHECK_EQ(sgx_refusal_code(REFUSAL_MRENCLAVE), 4);
	CHECK_EQ(sgx_refusal_code(REFUSAL_SIGNATURE), 8);
	for (int r = REFUSAL_NONE + 1; r < REFUSAL_END; r++)
		CHECK(sgx_refusal_code((enum sgx_refusal)r) != SGX_SUCCESS);
}

/* A SIGSTRUCT of another project, if the folder with the samples is there. */
static bool read_sample(struct sgx_sigstruct *s, const char *name)
{
	const char *folder = getenv("RETWINE_SHARED");
	char path[1024];
	FILE *f;
	bool whole;

	snprintf(path, sizeof path, "%s/data/quotes/%s", folder ? folder : "../shared", name);
	f = fopen(path, "rb");
	if (!f) {
		printf("%s is not here: not checked\n", path);
		return false;
	}
	whole = fread(s, sizeof *s, 1, f) == 1 && fgetc(f) == EOF;
	CHECK(whole);
	fclose(f);
	return whole;
}

static void check_sample(const char *name, const char *hash, const char *mrsigner)
{
	struct sgx_sigstruct s;
	uint8_t signer[SGX_HASH_SIZE];

	if (!read_sample(&s, name))
		return;
	CHECK_EQ(sgx_sigstruct_verify(&s), REFUSAL_NONE);
	sgx_sigstruct_mrsigner(&s, signer);
	if (hash)
		CHECK(hex_equal(s.enclavehash, sizeof s.enclavehash, hash));
	if (mrsigner)
		CHECK(hex_equal(signer, sizeof signer, mrsigner));
	s.isvsvn++;
	CHECK_EQ(sgx_sigstruct_verify(&s), REFUSAL_SIGNATURE);
}

TEST(sigstructs_of_others_verify)
{
	check_sample("fortanix-sigstruct/test_enclave.sig",
		     "784acfd7d5096a8f0fbd3265760bff21b120f62407a9a9e5ba31aa3c8ed198fc", NULL);
	check_sample("oasis-core/sig1.sigstruct.bin", NULL,
		     "83d719e77deaca1470f6baf62a4d774303c899db69020f9c70ee1dfc08c7ce9e");
}

int main(void)
{
	prepare();
	RUN(sigstruct_that_we_make_is_accepted);
	RUN(sigstruct_is_the_same_for_the_same_inputs);
	RUN(sigstruct_mrsigner_is_that_of_the_key);
	RUN(sigstruct_refuses_dates_that_are_none);
	RUN(sigstruct_refuses_text_that_is_no_key);
	RUN(sigstruct_refuses_rsa_keys_of_another_size_or_exponent);
	RUN(sigstruct_with_any_byte_changed_is_refused);
	RUN(sigstruct_refusal_names_the_field);
	RUN(sigstruct_with_fitting_quotients_and_a_wrong_signature_is_refused);
	RUN(sigstruct_refuses_a_signature_beyond_the_modulus);
	RUN(sigstruct_enforces_every_attribute);
	RUN(sigstruct_leaves_avx512_free_and_no_other_feature);
	RUN(sigstruct_enforces_miscselect_and_the_measurement);
	RUN(sigstruct_refusals_have_the_codes_of_einit);
	RUN(sigstructs_of_others_verify);
	return check_report();
}
