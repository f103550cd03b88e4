/* crypto/: published vectors, the two block functions against each other, and failing entropy. */
#include <cpuid.h>
#include <string.h>

#include "crypto/cmac.h"
#include "crypto/drbg.h"
#include "crypto/hkdf.h"
#include "crypto/sha256.h"

#include "test/lib/check.h"
#include "test/lib/hex.h"

static void check_sha(const char *text, size_t size, const char *hex)
{
	uint8_t digest[SHA256_SIZE];

	sha256_digest(digest, text, size);
	CHECK(hex_equal(digest, sizeof digest, hex));
}

/* FIPS 180-4 examples, and the lengths around the padding's corners. */
static void check_sha_vectors(void)
{
	char a[1000];

	memset(a, 'a', sizeof a);
	check_sha("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	check_sha("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	check_sha("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	check_sha(a, 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
	check_sha(a, 63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34");
	check_sha(a, 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
	check_sha(a, 1000, "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3");
}

static bool cpu_has_sha(void)
{
	unsigned a, b, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & 1u << 29);
}

TEST(sha256_gives_the_published_digests)
{
	crypto_set_cpu_hints(0);
	check_sha_vectors();
}

TEST(sha256_with_sha_extensions_gives_the_published_digests)
{
	if (!cpu_has_sha()) {
		printf("no SHA extensions here: that path is not tested\n");
		return;
	}
	crypto_set_cpu_hints(1);
	check_sha_vectors();
	crypto_set_cpu_hints(0);
}

/* Every split of 200 bytes in two pieces, and byte by byte. */
static void check_pieces(void)
{
	uint8_t data[200], whole[SHA256_SIZE], pieces[SHA256_SIZE];
	struct sha256 s;

	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i * 7);
	sha256_digest(whole, data, sizeof data);
	for (size_t cut = 0; cut <= sizeof data; cut++) {
		sha256_init(&s);
		sha256_update(&s, data, cut);
		sha256_update(&s, data + cut, sizeof data - cut);
		sha256_final(&s, pieces);
		CHECK(memcmp(whole, pieces, sizeof whole) == 0);
	}
	sha256_init(&s);
	for (size_t i = 0; i < sizeof data; i++)
		sha256_update(&s, data + i, 1);
	sha256_final(&s, pieces);
	CHECK(memcmp(whole, pieces, sizeof whole) == 0);
}

TEST(sha256_does_not_depend_on_the_pieces)
{
	crypto_set_cpu_hints(0);
	check_pieces();
	crypto_set_cpu_hints(cpu_has_sha() ? 1 : 0);
	check_pieces();
	crypto_set_cpu_hints(0);
}

TEST(sha256_final_wipes)
{
	struct sha256 s;
	static const struct sha256 zero;
	uint8_t digest[SHA256_SIZE];

	sha256_init(&s);
	sha256_update(&s, "secret", 6);
	sha256_final(&s, digest);
	CHECK(memcmp(&s, &zero, sizeof s) == 0);
}

/* RFC 5869, appendix A.1 to A.3. */
TEST(hkdf_gives_the_vectors_of_rfc_5869)
{
	uint8_t ikm[80], salt[80], info[80], out[82], prk[HKDF_PRK_SIZE];

	memset(ikm, 0x0b, 22);
	for (uint8_t i = 0; i < 13; i++)
		salt[i] = i;
	for (uint8_t i = 0; i < 10; i++)
		info[i] = (uint8_t)(0xf0 + i);
	CHECK_EQ(hkdf_sha256(out, 42, salt, 13, ikm, 22, info, 10), E_OK);
	CHECK(hex_equal(out, 42,
			"3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
			"34007208d5b887185865"));
	hkdf_sha256_extract(prk, salt, 13, ikm, 22);
	CHECK(hex_equal(prk, sizeof prk,
			"077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"));
	CHECK_EQ(hkdf_sha256(out, 42, NULL, 0, ikm, 22, NULL, 0), E_OK);
	CHECK(hex_equal(out, 42,
			"8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
			"9d201395faa4b61a96c8"));
	for (uint8_t i = 0; i < 80; i++) {
		ikm[i] = i;
		salt[i] = (uint8_t)(0x60 + i);
		info[i] = (uint8_t)(0xb0 + i);
	}
	CHECK_EQ(hkdf_sha256(out, 82, salt, 80, ikm, 80, info, 80), E_OK);
	CHECK(hex_equal(out, 82,
			"b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
			"59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
			"cc30c58179ec3e87c14c01d5c1f3434f1d87"));
}

TEST(hkdf_refuses_lengths_that_it_cannot_give)
{
	static uint8_t out[HKDF_OUT_MAX + 1];

	CHECK_EQ(hkdf_sha256(out, 0, NULL, 0, "k", 1, NULL, 0), E_LIMIT);
	CHECK_EQ(hkdf_sha256(out, HKDF_OUT_MAX + 1, NULL, 0, "k", 1, NULL, 0), E_LIMIT);
	CHECK_EQ(out[0], 0);
	CHECK_EQ(hkdf_sha256(out, HKDF_OUT_MAX, NULL, 0, "k", 1, NULL, 0), E_OK);
}

/* RFC 4493, section 4. */
TEST(cmac_gives_the_vectors_of_rfc_4493)
{
	uint8_t key[16], data[64], mac[CMAC_SIZE];

	hex_read(key, "2b7e151628aed2a6abf7158809cf4f3c");
	hex_read(data, "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
		       "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
	cmac_aes128(mac, key, data, 0);
	CHECK(hex_equal(mac, 16, "bb1d6929e95937287fa37d129b756746"));
	cmac_aes128(mac, key, data, 16);
	CHECK(hex_equal(mac, 16, "070a16b46b4d4144f79bdd9dd04a287c"));
	cmac_aes128(mac, key, data, 40);
	CHECK(hex_equal(mac, 16, "dfa66747de9ae63030ca32611497c827"));
	cmac_aes128(mac, key, data, 64);
	CHECK(hex_equal(mac, 16, "51f0bebf7e3b9d92fc49741779363cfe"));
}

/* Entropy that counts up and, when told, fails. */
struct source {
	unsigned calls, fail_at;
	uint8_t next;
};

static bool source_bytes(void *context, uint8_t *out, size_t size)
{
	struct source *s = context;

	if (++s->calls == s->fail_at)
		return false;
	for (size_t i = 0; i < size; i++)
		out[i] = s->next++;
	return true;
}

TEST(drbg_repeats_itself_for_the_same_entropy_alone)
{
	struct source a = {0}, b = {0}, c = {.next = 1};
	struct drbg x, y, z;
	uint8_t p[64], q[64];

	CHECK_EQ(drbg_init(&x, source_bytes, &a), E_OK);
	CHECK_EQ(drbg_init(&y, source_bytes, &b), E_OK);
	CHECK_EQ(drbg_init(&z, source_bytes, &c), E_OK);
	CHECK(drbg_random(&x, p, 64) == E_OK && drbg_random(&y, q, 64) == E_OK);
	CHECK(memcmp(p, q, 64) == 0);
	CHECK_EQ(drbg_random(&z, q, 64), E_OK);
	CHECK(memcmp(p, q, 64) != 0);
	CHECK_EQ(drbg_random(&x, q, 64), E_OK);
	CHECK(memcmp(p, q, 64) != 0);
	drbg_fini(&x);
	drbg_fini(&y);
	drbg_fini(&z);
}

TEST(drbg_fills_more_than_one_request)
{
	static uint8_t out[5000], zero[64];
	struct source s = {0};
	struct drbg d;

	CHECK_EQ(drbg_init(&d, source_bytes, &s), E_OK);
	CHECK_EQ(drbg_random(&d, out, sizeof out), E_OK);
	CHECK(memcmp(out + sizeof out - 64, zero, 64) != 0);
	CHECK(memcmp(out, out + 1024, 64) != 0);
	CHECK_EQ(drbg_random(&d, out, 0), E_OK);
	drbg_fini(&d);
}

TEST(drbg_without_entropy_fails_and_is_finished)
{
	struct source s = {.fail_at = 1};
	struct drbg d;

	CHECK_EQ(drbg_init(&d, source_bytes, &s), E_CRYPTO);
	drbg_fini(&d);
}

TEST(drbg_takes_entropy_again_and_says_when_it_cannot)
{
	struct source s = {0};
	struct drbg d;
	uint8_t out[16];
	unsigned after_init;

	CHECK_EQ(drbg_init(&d, source_bytes, &s), E_OK);
	after_init = s.calls;
	CHECK_EQ(drbg_reseed(&d), E_OK);
	CHECK_EQ(s.calls, after_init + 1);
	s.fail_at = s.calls + 1;
	CHECK_EQ(drbg_reseed(&d), E_CRYPTO);
	s.fail_at = 0;
	for (int i = 0; i < 20000; i++)
		CHECK_EQ(drbg_random(&d, out, 1), E_OK);
	CHECK(s.calls > after_init + 2); /* by itself */
	s.fail_at = s.calls + 1;
	for (int i = 0; i < 20000 && drbg_random(&d, out, 16) == E_OK; i++)
		;
	CHECK_EQ(s.calls, s.fail_at); /* it asked, was refused and said so */
	CHECK_EQ(out[0] | out[15], 0);
	drbg_fini(&d);
}

int main(void)
{
	RUN(sha256_gives_the_published_digests);
	RUN(sha256_with_sha_extensions_gives_the_published_digests);
	RUN(sha256_does_not_depend_on_the_pieces);
	RUN(sha256_final_wipes);
	RUN(hkdf_gives_the_vectors_of_rfc_5869);
	RUN(hkdf_refuses_lengths_that_it_cannot_give);
	RUN(cmac_gives_the_vectors_of_rfc_4493);
	RUN(drbg_repeats_itself_for_the_same_entropy_alone);
	RUN(drbg_fills_more_than_one_request);
	RUN(drbg_without_entropy_fails_and_is_finished);
	RUN(drbg_takes_entropy_again_and_says_when_it_cannot);
	return check_report();
}
