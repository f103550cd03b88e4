/* ECDSA verification: vectors of RFC 6979 (A.2.5, A.2.6), and keys and signatures that are none. */
#include <string.h>

#include <mbedtls/sha512.h>

#include "crypto/ecdsa.h"

#include "test/lib/check.h"
#include "test/lib/hex.h"

static uint8_t g_key[64], g_digest[32], g_signature[64];
static uint8_t g_key384[96], g_digest384[64], g_signature384[96];

static void prepare(void)
{
	sha256_digest(g_digest, "sample", 6);
	hex_read(g_key, "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
			"7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
	hex_read(g_signature, "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
			      "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
	CHECK_EQ(mbedtls_sha512_ret((const uint8_t *)"sample", 6, g_digest384, 1), 0);
	hex_read(g_key384, "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0e"
			   "a9055866064a254"
			   "515480bc13"
			   "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231"
			   "c3ae0d4fe7344fd"
			   "2533264720");
	hex_read(g_signature384, "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c8"
				 "1a648152e44acf96e36dd"
				 "1e80fabe46"
				 "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa"
				 "329c145786e679e7b82c7"
				 "1a38628ac8");
}

/* The signature as X.509 has it; both numbers begin with a high bit. */
static size_t encode(uint8_t der[80])
{
	memcpy(der, "\x30\x46\x02\x21\0", 5);
	memcpy(der + 5, g_signature, 32);
	memcpy(der + 37, "\x02\x21\0", 3);
	memcpy(der + 40, g_signature + 32, 32);
	return 72;
}

TEST(ecdsa_accepts_what_the_key_signed)
{
	uint8_t der[80];

	CHECK_EQ(ecdsa_p256_verify(g_key, g_digest, g_signature), E_OK);
	CHECK_EQ(ecdsa_p384_verify(g_key384, g_digest384, g_signature384), E_OK);
	CHECK_EQ(ecdsa_p256_verify_der(g_key, g_digest, der, encode(der)), E_OK);
}

TEST(ecdsa_refuses_every_changed_byte)
{
	for (size_t i = 0; i < 32; i++) {
		g_digest[i] ^= 1;
		CHECK_EQ(ecdsa_p256_verify(g_key, g_digest, g_signature), E_CRYPTO);
		g_digest[i] ^= 1;
	}
	for (size_t i = 0; i < 64; i++) {
		g_signature[i] ^= 1;
		CHECK_EQ(ecdsa_p256_verify(g_key, g_digest, g_signature), E_CRYPTO);
		g_signature[i] ^= 1;
		g_key[i] ^= 1;
		CHECK_EQ(ecdsa_p256_verify(g_key, g_digest, g_signature), E_CRYPTO);
		g_key[i] ^= 1;
	}
	for (size_t i = 0; i < 96; i += 5) {
		g_signature384[i] ^= 1;
		CHECK_EQ(ecdsa_p384_verify(g_key384, g_digest384, g_signature384), E_CRYPTO);
		g_signature384[i] ^= 1;
		g_key384[i] ^= 1;
		CHECK_EQ(ecdsa_p384_verify(g_key384, g_digest384, g_signature384), E_CRYPTO);
		g_key384[i] ^= 1;
	}
}

/* 0, the order, and more than it, as r or s. */
TEST(ecdsa_refuses_numbers_out_of_range)
{
	static const char *const numbers[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"};

	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		uint8_t signature[64];

		memcpy(signature, g_signature, sizeof signature);
		hex_read(signature, numbers[i]);
		CHECK_EQ(ecdsa_p256_verify(g_key, g_digest, signature), E_CRYPTO);
		hex_read(signature + 32, numbers[i]);
		CHECK_EQ(ecdsa_p256_verify(g_key, g_digest, signature), E_CRYPTO);
		memcpy(signature, g_signature, 32);
		CHECK_EQ(ecdsa_p256_verify(g_key, g_digest, signature), E_CRYPTO);
	}
}

TEST(ecdsa_refuses_keys_that_are_no_points)
{
	uint8_t key[64] = {0}, key384[96] = {0};

	CHECK_EQ(ecdsa_p256_verify(key, g_digest, g_signature), E_CRYPTO);
	CHECK_EQ(ecdsa_p384_verify(key384, g_digest384, g_signature384), E_CRYPTO);
	memset(key, 0xff, sizeof key);
	CHECK_EQ(ecdsa_p256_verify(key, g_digest, g_signature), E_CRYPTO);
}

/*
 * r and s are both the digest e, so that u1 and u2 are 1: it remains whether G + Q has x = e. The formula of addition
 * does not know which curve it is on, so there is such a Q, only not on P-256.
 */
TEST(ecdsa_refuses_a_key_made_to_fit_a_signature)
{
	uint8_t key[64], signature[64];

	hex_read(key, "0000000000000000000000000000000000000000000000000000000000000007"
		      "04141b02384a55d455cdd6332eee0291685bce25c074c19e892368484613fb5c");
	memcpy(signature, g_digest, 32);
	memcpy(signature + 32, g_digest, 32);
	CHECK_EQ(ecdsa_p256_verify(key, g_digest, signature), E_CRYPTO);
}

TEST(ecdsa_der_is_exact)
{
	uint8_t der[80] = {0};
	const size_t size = encode(der);

	for (size_t i = 0; i < size; i++)
		CHECK_EQ(ecdsa_p256_verify_der(g_key, g_digest, der, i), E_CRYPTO);
	CHECK_EQ(ecdsa_p256_verify_der(g_key, g_digest, der, size + 1), E_CRYPTO);
	der[1]++;
	CHECK_EQ(ecdsa_p256_verify_der(g_key, g_digest, der, size + 1), E_CRYPTO);
	encode(der);
	der[0] = 0x31;
	CHECK_EQ(ecdsa_p256_verify_der(g_key, g_digest, der, size), E_CRYPTO);
}

int main(void)
{
	prepare();
	RUN(ecdsa_accepts_what_the_key_signed);
	RUN(ecdsa_refuses_every_changed_byte);
	RUN(ecdsa_refuses_numbers_out_of_range);
	RUN(ecdsa_refuses_keys_that_are_no_points);
	RUN(ecdsa_refuses_a_key_made_to_fit_a_signature);
	RUN(ecdsa_der_is_exact);
	return check_report();
}
