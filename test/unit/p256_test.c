/* crypto/p256: the vectors of RFC 6979, what the library verifies, and keys that are none. */
#include "crypto/p256.h"

#include <string.h>

#include <mbedtls/ecdsa.h>

#include "base/wipe.h"

#include "test/lib/check.h"
#include "test/lib/fake_certificate.h"
#include "test/lib/hex.h"

/* RFC 6979, A.2.5. */
#define PRIVATE "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"
#define PUBLIC                                                                                     \
	"0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"                       \
	"7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"

TEST(the_public_key_is_that_of_rfc_6979)
{
	const struct crypto_random random = fake_random();
	uint8_t private_key[P256_PRIVATE_SIZE], public_key[P256_PUBLIC_SIZE];

	hex_read(private_key, PRIVATE);
	CHECK_EQ(p256_public(public_key, private_key, &random), E_OK);
	CHECK(hex_equal(public_key, sizeof public_key, PUBLIC));
}

TEST(the_signatures_are_those_of_rfc_6979)
{
	static const char *const rows[][2] = {
		{"sample", "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
			   "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
		{"test", "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
			 "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"},
	};
	const struct crypto_random random = fake_random();
	uint8_t private_key[P256_PRIVATE_SIZE], signature[P256_SIGNATURE_SIZE];
	uint8_t digest[SHA256_SIZE];

	hex_read(private_key, PRIVATE);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		sha256_digest(digest, rows[i][0], strlen(rows[i][0]));
		CHECK_EQ(p256_sign(signature, private_key, digest, &random), E_OK);
		CHECK(hex_equal(signature, sizeof signature, rows[i][1]));
	}
}

static bool verifies(const uint8_t public_key[P256_PUBLIC_SIZE], const uint8_t digest[SHA256_SIZE],
		     const uint8_t signature[P256_SIGNATURE_SIZE])
{
	mbedtls_ecp_group group;
	mbedtls_ecp_point q;
	mbedtls_mpi r, s;

	mbedtls_ecp_group_init(&group);
	mbedtls_ecp_point_init(&q);
	mbedtls_mpi_init(&r);
	mbedtls_mpi_init(&s);
	const bool good =
		mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_SECP256R1) == 0 &&
		mbedtls_ecp_point_read_binary(&group, &q, public_key, P256_PUBLIC_SIZE) == 0 &&
		mbedtls_mpi_read_binary(&r, signature, 32) == 0 &&
		mbedtls_mpi_read_binary(&s, signature + 32, 32) == 0 &&
		mbedtls_ecdsa_verify(&group, digest, SHA256_SIZE, &q, &r, &s) == 0;
	mbedtls_ecp_group_free(&group);
	mbedtls_ecp_point_free(&q);
	mbedtls_mpi_free(&r);
	mbedtls_mpi_free(&s);
	return good;
}

TEST(new_keys_sign)
{
	const struct crypto_random random = fake_random();
	uint8_t private_key[P256_PRIVATE_SIZE], public_key[P256_PUBLIC_SIZE],
		again[P256_PUBLIC_SIZE];
	uint8_t signature[P256_SIGNATURE_SIZE], digest[SHA256_SIZE];

	for (unsigned i = 0; i < 20; i++) {
		sha256_digest(digest, &i, sizeof i);
		CHECK_EQ(p256_generate(private_key, public_key, &random), E_OK);
		CHECK_EQ(p256_public(again, private_key, &random), E_OK);
		CHECK(memcmp(again, public_key, sizeof again) == 0);
		CHECK_EQ(p256_sign(signature, private_key, digest, &random), E_OK);
		CHECK(verifies(public_key, digest, signature));
		signature[i] ^= 1;
		CHECK(!verifies(public_key, digest, signature));
	}
}

TEST(a_number_that_is_no_key_is_refused)
{
	static const char *const wrong[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		/* the order, and what is above it */
		"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	};
	const struct crypto_random random = fake_random();
	uint8_t private_key[P256_PRIVATE_SIZE], out[P256_PUBLIC_SIZE], digest[SHA256_SIZE] = {0};

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		hex_read(private_key, wrong[i]);
		CHECK_EQ(p256_public(out, private_key, &random), E_CRYPTO);
		CHECK_EQ(p256_sign(out, private_key, digest, &random), E_CRYPTO);
	}
	hex_read(private_key, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550");
	CHECK_EQ(p256_public(out, private_key, &random), E_OK);
}

TEST(without_randomness_nothing_is_made)
{
	const struct crypto_random random = fake_random();
	uint8_t private_key[P256_PRIVATE_SIZE] = {0}, out[P256_PUBLIC_SIZE],
		digest[SHA256_SIZE] = {0};
	const uint8_t zeros[P256_PRIVATE_SIZE] = {0};

	fake_random_fail_at(0);
	CHECK_EQ(p256_generate(private_key, out, &random), E_CRYPTO);
	CHECK(memcmp(private_key, zeros, sizeof zeros) == 0);
	hex_read(private_key, PRIVATE);
	CHECK_EQ(p256_public(out, private_key, &random), E_CRYPTO);
	CHECK_EQ(p256_sign(out, private_key, digest, &random), E_CRYPTO);
	fake_random_fail_at(-1);
}

int main(void)
{
	RUN(the_public_key_is_that_of_rfc_6979);
	RUN(the_signatures_are_those_of_rfc_6979);
	RUN(new_keys_sign);
	RUN(a_number_that_is_no_key_is_refused);
	RUN(without_randomness_nothing_is_made);
	return check_report();
}
