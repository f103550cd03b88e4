/*
 * What the image has in place of parts of mbedTLS, natively: the multiplication of GCM, division, and
 * the names that lead nowhere (crypto/image/); and that a channel works with them.
 */
#include "crypto/image/aesni.c"
#include "crypto/image/divide.c"
__asm__(".include \"crypto/image/absent.S\"");

#include <pthread.h>
#include <stdlib.h>

#include <mbedtls/gcm.h>
#include <mbedtls/md.h>
#include <mbedtls/pk.h>

#include "channel/channel.h"

#include "test/lib/check.h"
#include "test/lib/fake_certificate.h"
#include "test/lib/hex.h"
#include "test/lib/wire.h"

/* SP 800-38D, 6.3, algorithm 1, bit by bit. */
static void field_multiply(uint8_t c[16], const uint8_t a[16], const uint8_t b[16])
{
	uint8_t v[16], z[16] = {0};

	memcpy(v, b, 16);
	for (unsigned i = 0; i < 128; i++) {
		const uint8_t low = v[15] & 1;

		if (a[i / 8] >> (7 - i % 8) & 1)
			for (unsigned k = 0; k < 16; k++)
				z[k] ^= v[k];
		for (unsigned k = 15; k > 0; k--)
			v[k] = (uint8_t)(v[k] >> 1 | v[k - 1] << 7);
		v[0] = (uint8_t)(v[0] >> 1 ^ (low ? 0xe1 : 0));
	}
	memcpy(c, z, 16);
}

TEST(multiplication_is_that_of_the_standard)
{
	const struct crypto_random random = fake_random();
	uint8_t a[16], b[16], c[16], want[16];

	for (unsigned i = 0; i < 20000; i++) {
		CHECK_EQ(random.get(random.context, a, 16), E_OK);
		CHECK_EQ(random.get(random.context, b, 16), E_OK);
		if (i < 256) { /* single bits, with everything and with each other */
			memset(a, 0, 16);
			a[i % 128 / 8] = (uint8_t)(0x80 >> i % 8);
			if (i < 128)
				memset(b, 0xff, 16);
		}
		field_multiply(want, a, b);
		mbedtls_aesni_gcm_mult(c, a, b);
		CHECK(memcmp(c, want, 16) == 0);
		/* in place, as the library calls it */
		mbedtls_aesni_gcm_mult(a, a, b);
		CHECK(memcmp(a, want, 16) == 0);
	}
}

/* The Galois/Counter Mode of Operation, McGrew and Viega, appendix B, test case 16. */
TEST(gcm_gives_the_published_vector)
{
	uint8_t key[32], iv[12], aad[20], plain[60], out[60], tag[16];
	mbedtls_gcm_context gcm;

	hex_read(key, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
	hex_read(iv, "cafebabefacedbaddecaf888");
	hex_read(aad, "feedfacedeadbeeffeedfacedeadbeefabaddad2");
	hex_read(plain, "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
			"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
	mbedtls_gcm_init(&gcm);
	CHECK_EQ(mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, key, 256), 0);
	CHECK_EQ(mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, sizeof plain, iv, sizeof iv,
					   aad, sizeof aad, plain, out, sizeof tag, tag),
		 0);
	CHECK(hex_equal(out, sizeof out,
			"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
			"8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"));
	CHECK(hex_equal(tag, sizeof tag, "76fc6ece0f4e1768cddf8853bb2d551b"));
	mbedtls_gcm_free(&gcm);
}

/* Against multiplication, which is the compiler's: a = q * b + r with r < b. */
TEST(division_divides)
{
	const struct crypto_random random = fake_random();

	for (unsigned i = 0; i < 20000; i++) {
		unsigned __int128 a, b;

		CHECK_EQ(random.get(random.context, &a, sizeof a), E_OK);
		CHECK_EQ(random.get(random.context, &b, sizeof b), E_OK);
		a >>= i % 128;
		b >>= i / 128 % 128;
		if (b == 0)
			b = 1;
		const unsigned __int128 q = __udivti3(a, b), r = a - q * b;

		CHECK(r < b);
		CHECK(q == 0 || q * b / q == b); /* the product did not wrap */
	}
	CHECK(__udivti3(-(unsigned __int128)1, 1) == -(unsigned __int128)1);
	CHECK(__udivti3(0, 1) == 0);
	CHECK(__udivti3(-(unsigned __int128)1, -(unsigned __int128)1) == 1);
}

TEST(what_is_absent_fails)
{
	/* an RSA public key of 1024 bits */
	static const char rsa[] =
		"30819f300d06092a864886f70d010101050003818d0030818902818100c15d2842c53a21"
		"c9edb59110f3ac892b42792980d259e1e08676a26bc85c84e9f714d22f2f7741efea846c"
		"da4ea6020ea5584ad0c08d0caa7f56a83d44fe333176f8783f4e2fb9a3215decacbf3d0e"
		"bb7414e053ac04f72d7c000bea1fef2cf6013316dac0c6fbdca97d0ad4b6485c6e5ec2a9"
		"bfd548c6e61837e1bd19c97c970203010001";
	static const mbedtls_md_type_t digests[] = {MBEDTLS_MD_MD2, MBEDTLS_MD_MD4, MBEDTLS_MD_MD5,
						    MBEDTLS_MD_SHA1, MBEDTLS_MD_RIPEMD160};
	static const mbedtls_cipher_type_t ciphers[] = {
		MBEDTLS_CIPHER_DES_CBC,		 MBEDTLS_CIPHER_DES_EDE3_CBC,
		MBEDTLS_CIPHER_CAMELLIA_128_CBC, MBEDTLS_CIPHER_CAMELLIA_256_GCM,
		MBEDTLS_CIPHER_BLOWFISH_CBC,	 MBEDTLS_CIPHER_ARC4_128,
		MBEDTLS_CIPHER_AES_256_CCM,	 MBEDTLS_CIPHER_CHACHA20,
		MBEDTLS_CIPHER_CHACHA20_POLY1305};
	uint8_t der[512], key[32] = {0}, out[64];
	const size_t size = hex_read(der, rsa);
	mbedtls_pk_context pk;

	mbedtls_pk_init(&pk);
	CHECK(size > 100 && mbedtls_pk_parse_public_key(&pk, der, size) != 0);
	mbedtls_pk_free(&pk);
	for (size_t i = 0; i < COUNT_OF(digests); i++)
		CHECK(mbedtls_md(mbedtls_md_info_from_type(digests[i]), der, size, out) != 0);
	for (size_t i = 0; i < COUNT_OF(ciphers); i++) {
		const mbedtls_cipher_info_t *info = mbedtls_cipher_info_from_type(ciphers[i]);
		mbedtls_cipher_context_t cipher;
		size_t got;

		mbedtls_cipher_init(&cipher);
		CHECK_EQ(mbedtls_cipher_setup(&cipher, info), 0);
		/* arc4 has a key set-up that cannot fail */
		CHECK(mbedtls_cipher_setkey(&cipher, key, (int)info->key_bitlen, MBEDTLS_ENCRYPT) ||
		      mbedtls_cipher_update(&cipher, key, sizeof key, out, &got));
		mbedtls_cipher_free(&cipher);
	}
}

static enum err accept_any(void *context, const uint8_t *der, size_t size)
{
	struct certificate_evidence e;

	(void)context;
	return certificate_check(&e, der, size);
}

static void *server_run(void *config)
{
	struct channel *c;
	uint8_t bytes[64];
	size_t got;

	if (channel_open(&c, config) != E_OK)
		return NULL;
	if (channel_read(c, bytes, sizeof bytes, &got) == E_OK)
		CHECK_EQ(channel_write(c, bytes, got), E_OK);
	channel_free(c);
	return NULL;
}

TEST(a_channel_works_with_it)
{
	struct certificate own = fake_certificate(100);
	struct channel_config config = {.own = &own, .peer = accept_any, .random = fake_random()};
	struct channel_config server_config;
	struct channel *c;
	struct wire wire;
	uint8_t bytes[64];
	size_t got = 0;
	pthread_t thread;

	wire_init(&wire);
	server_config = config;
	config.role = CHANNEL_CLIENT;
	config.transport = wire_transport(&wire, 0);
	server_config.role = CHANNEL_SERVER;
	server_config.transport = wire_transport(&wire, 1);
	if (pthread_create(&thread, NULL, server_run, &server_config))
		abort();
	CHECK_EQ(channel_open(&c, &config), E_OK);
	CHECK_EQ(channel_write(c, "there and back", 14), E_OK);
	CHECK_EQ(channel_read(c, bytes, sizeof bytes, &got), E_OK);
	CHECK(got == 14 && memcmp(bytes, "there and back", 14) == 0);
	pthread_join(thread, NULL);
	channel_free(c);
	wire_fini(&wire);
	certificate_fini(&own);
}

int main(void)
{
	RUN(multiplication_is_that_of_the_standard);
	RUN(gcm_gives_the_published_vector);
	RUN(division_divides);
	RUN(what_is_absent_fails);
	RUN(a_channel_works_with_it);
	return check_report();
}
