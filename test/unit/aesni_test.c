/* The image's AES for mbedTLS, natively: the vectors of FIPS 197, appendix C, and A.2 for 192 bits.
 */
#include "crypto/image/aesni.c"

#include "crypto/cmac.h"

#include "test/lib/check.h"
#include "test/lib/hex.h"

static void check_aes(size_t bits, const char *cipher)
{
	uint8_t key[32], plain[16], out[16], back[16];
	mbedtls_aes_context c;
	uint32_t decryption[60];

	for (uint8_t i = 0; i < 32; i++)
		key[i] = i;
	hex_read(plain, "00112233445566778899aabbccddeeff");
	memset(&c, 0, sizeof c);
	c.nr = (int)bits / 32 + 6;
	c.rk = c.buf;
	CHECK_EQ(mbedtls_aesni_setkey_enc((unsigned char *)c.rk, key, bits), 0);
	CHECK_EQ(mbedtls_aesni_crypt_ecb(&c, MBEDTLS_AES_ENCRYPT, plain, out), 0);
	CHECK(hex_equal(out, 16, cipher));
	mbedtls_aesni_inverse_key((unsigned char *)decryption, (unsigned char *)c.rk, c.nr);
	c.rk = decryption;
	CHECK_EQ(mbedtls_aesni_crypt_ecb(&c, MBEDTLS_AES_DECRYPT, out, back), 0);
	CHECK(memcmp(back, plain, 16) == 0);
}

TEST(aes_128_is_that_of_fips_197)
{
	check_aes(128, "69c4e0d86a7b0430d8cdb78070b4c55a");
}

TEST(aes_192_is_that_of_fips_197)
{
	check_aes(192, "dda97ca4864cdfe06eaf70a0ec0d7191");
}

TEST(aes_256_is_that_of_fips_197)
{
	check_aes(256, "8ea2b7ca516745bfeafc49904b496089");
}

TEST(aes_refuses_other_key_lengths)
{
	unsigned char rk[240], key[64] = {0};

	CHECK(mbedtls_aesni_setkey_enc(rk, key, 0) != 0);
	CHECK(mbedtls_aesni_setkey_enc(rk, key, 120) != 0);
	CHECK(mbedtls_aesni_setkey_enc(rk, key, 512) != 0);
}

/* RFC 4493, example 4: the library's AES is linked, but these functions are under it. */
TEST(the_library_uses_it)
{
	uint8_t key[16], data[64], mac[CMAC_SIZE];

	hex_read(key, "2b7e151628aed2a6abf7158809cf4f3c");
	hex_read(data, "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
		       "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
	cmac_aes128(mac, key, data, sizeof data);
	CHECK(hex_equal(mac, sizeof mac, "51f0bebf7e3b9d92fc49741779363cfe"));
}

int main(void)
{
	RUN(the_library_uses_it);
	RUN(aes_128_is_that_of_fips_197);
	RUN(aes_192_is_that_of_fips_197);
	RUN(aes_256_is_that_of_fips_197);
	RUN(aes_refuses_other_key_lengths);
	return check_report();
}
