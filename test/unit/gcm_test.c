/*
 * crypto/gcm: published vectors, another implementation over many lengths, and what is refused; on both
 * code paths. And HMAC.
 */
#include "crypto/gcm.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mbedtls/gcm.h>

#include "crypto/hmac.h"
#include "crypto/sha256.h"
#include "host/base/cpu.h"

#include "test/lib/check.h"
#include "test/lib/hex.h"

#define TEXT_MAX 8300
#define AAD_MAX	 300
#define GUARD	 0xa5

static uint8_t g_plain[TEXT_MAX], g_cipher[TEXT_MAX + 64], g_back[TEXT_MAX + 64], g_aad[AAD_MAX];

static void fill(uint8_t *p, size_t size, unsigned seed)
{
	for (size_t i = 0; i < size; i++) {
		seed = seed * 1103515245u + 12345u;
		p[i] = (uint8_t)(seed >> 16);
	}
}

/* Runs a test on the path without hints, then on the one with all that this CPU has. */
static void on_both_paths(void (*test)(void))
{
	crypto_set_cpu_hints(0);
	test();
	if ((cpu_hints() & CRYPTO_HINT_VAES) == 0)
		printf("no VAES with AVX-512 here: that path is not tested\n");
	crypto_set_cpu_hints(cpu_hints());
	test();
	crypto_set_cpu_hints(0);
}

static void check_vector(const char *key, const char *nonce, const char *plain, const char *aad,
			 const char *cipher, const char *tag)
{
	uint8_t k[GCM_KEY_SIZE], n[GCM_NONCE_SIZE], p[64], a[64], out[64], t[GCM_TAG_SIZE];
	const size_t size = hex_read(p, plain), aad_size = hex_read(a, aad);
	struct gcm_key g;

	CHECK_EQ(hex_read(k, key), sizeof k);
	CHECK_EQ(hex_read(n, nonce), sizeof n);
	gcm_key_init(&g, k);
	gcm_seal(&g, n, a, aad_size, p, size, out, t);
	CHECK(hex_equal(out, size, cipher));
	CHECK(hex_equal(t, sizeof t, tag));
	CHECK_EQ(gcm_open(&g, n, a, aad_size, out, size, out, t), E_OK);
	CHECK(memcmp(out, p, size) == 0);
}

#define ZERO_KEY "0000000000000000000000000000000000000000000000000000000000000000"
#define KEY	 "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
#define PLAIN                                                                                      \
	"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"                         \
	"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
#define CIPHER                                                                                     \
	"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"                         \
	"8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"

/* The GCM specification's test cases 13 to 16. */
static void check_vectors(void)
{
	check_vector(ZERO_KEY, "000000000000000000000000", "", "", "",
		     "530f8afbc74536b9a963b4f1c4cb738b");
	check_vector(ZERO_KEY, "000000000000000000000000", "00000000000000000000000000000000", "",
		     "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919");
	check_vector(KEY, "cafebabefacedbaddecaf888", PLAIN "1aafd255", "", CIPHER "898015ad",
		     "b094dac5d93471bdec1a502270e3cc6c");
	check_vector(KEY, "cafebabefacedbaddecaf888", PLAIN,
		     "feedfacedeadbeeffeedfacedeadbeefabaddad2", CIPHER,
		     "76fc6ece0f4e1768cddf8853bb2d551b");
}

TEST(gcm_gives_the_published_vectors)
{
	on_both_paths(check_vectors);
}

/* One message sealed here and by mbedTLS; nothing written beyond its end; opened in place. */
static void check_against(mbedtls_gcm_context *other, const struct gcm_key *g, size_t size,
			  size_t aad_size)
{
	uint8_t nonce[GCM_NONCE_SIZE], tag[GCM_TAG_SIZE], theirs[GCM_TAG_SIZE];
	uint8_t guard[64];

	memset(guard, GUARD, sizeof guard);
	memset(g_cipher + size, GUARD, sizeof guard);
	memset(g_back + size, GUARD, sizeof guard);
	fill(nonce, sizeof nonce, (unsigned)(size * 31 + aad_size));
	gcm_seal(g, nonce, g_aad, aad_size, g_plain, size, g_cipher, tag);
	CHECK_EQ(mbedtls_gcm_crypt_and_tag(other, MBEDTLS_GCM_ENCRYPT, size, nonce, sizeof nonce,
					   g_aad, aad_size, g_plain, g_back, sizeof theirs, theirs),
		 0);
	CHECK(memcmp(g_cipher, g_back, size) == 0);
	CHECK(memcmp(tag, theirs, sizeof tag) == 0);
	memset(g_back, 0, size);
	CHECK_EQ(gcm_open(g, nonce, g_aad, aad_size, g_cipher, size, g_back, tag), E_OK);
	CHECK(memcmp(g_back, g_plain, size) == 0);
	CHECK(memcmp(g_back + size, guard, sizeof guard) == 0);
	CHECK_EQ(gcm_open(g, nonce, g_aad, aad_size, g_cipher, size, g_cipher, tag), E_OK);
	CHECK(memcmp(g_cipher, g_plain, size) == 0);
	CHECK(memcmp(g_cipher + size, guard, sizeof guard) == 0);
}

static void check_lengths(void)
{
	uint8_t key[GCM_KEY_SIZE];
	mbedtls_gcm_context other;
	struct gcm_key g;

	fill(g_plain, sizeof g_plain, 1);
	fill(g_aad, sizeof g_aad, 2);
	fill(key, sizeof key, 3);
	gcm_key_init(&g, key);
	mbedtls_gcm_init(&other);
	CHECK_EQ(mbedtls_gcm_setkey(&other, MBEDTLS_CIPHER_ID_AES, key, 256), 0);
	for (size_t size = 0; size <= 300; size++)
		check_against(&other, &g, size, size % 41);
	for (size_t aad_size = 0; aad_size <= AAD_MAX; aad_size++)
		check_against(&other, &g, aad_size % 23, aad_size);
	for (size_t size = 301; size <= TEXT_MAX; size += 61)
		check_against(&other, &g, size, size % AAD_MAX);
	check_against(&other, &g, 4096, 33);
	mbedtls_gcm_free(&other);
}

TEST(gcm_gives_what_another_implementation_gives)
{
	on_both_paths(check_lengths);
}

struct message {
	uint8_t nonce[GCM_NONCE_SIZE], aad[33], cipher[257], tag[GCM_TAG_SIZE];
};

/* Refused, and nothing of it handed out. */
static void check_refused(const struct gcm_key *g, const struct message *m)
{
	uint8_t plain[sizeof m->cipher], any = 0;

	memset(plain, GUARD, sizeof plain);
	CHECK_EQ(gcm_open(g, m->nonce, m->aad, sizeof m->aad, m->cipher, sizeof m->cipher, plain,
			  m->tag),
		 E_CRYPTO);
	for (size_t i = 0; i < sizeof plain; i++)
		any |= plain[i];
	CHECK_EQ(any, 0);
}

static void check_tampering(void)
{
	uint8_t key[GCM_KEY_SIZE], plain[sizeof((struct message *)0)->cipher];
	struct message m, bent;
	struct gcm_key g, other;

	fill(key, sizeof key, 4);
	fill((uint8_t *)&m, sizeof m, 5);
	fill(plain, sizeof plain, 6);
	gcm_key_init(&g, key);
	gcm_seal(&g, m.nonce, m.aad, sizeof m.aad, plain, sizeof plain, m.cipher, m.tag);
	for (size_t i = 0; i < sizeof m; i++) {
		bent = m;
		((uint8_t *)&bent)[i] ^= (uint8_t)(1u << i % 8);
		check_refused(&g, &bent);
	}
	for (size_t i = 0; i < sizeof key; i++) {
		key[i] ^= 1;
		gcm_key_init(&other, key);
		key[i] ^= 1;
		check_refused(&other, &m);
	}
}

TEST(gcm_refuses_whatever_was_changed_and_wipes)
{
	on_both_paths(check_tampering);
}

/* Lengths that differ though the bytes do not. */
static void check_moved_ends(void)
{
	static const uint8_t zeros[64];
	const uint8_t key[GCM_KEY_SIZE] = {7}, nonce[GCM_NONCE_SIZE] = {8};
	uint8_t cipher[64], plain[64], tag[GCM_TAG_SIZE];
	struct gcm_key g;

	gcm_key_init(&g, key);
	gcm_seal(&g, nonce, zeros, 16, zeros, 32, cipher, tag);
	CHECK_EQ(gcm_open(&g, nonce, zeros, 16, cipher, 32, plain, tag), E_OK);
	CHECK_EQ(gcm_open(&g, nonce, zeros, 16, cipher, 31, plain, tag), E_CRYPTO);
	CHECK_EQ(gcm_open(&g, nonce, zeros, 17, cipher, 32, plain, tag), E_CRYPTO);
	CHECK_EQ(gcm_open(&g, nonce, zeros, 15, cipher, 32, plain, tag), E_CRYPTO);
	CHECK_EQ(gcm_open(&g, nonce, zeros, 0, cipher, 0, plain, tag), E_CRYPTO);
}

TEST(gcm_binds_the_lengths)
{
	on_both_paths(check_moved_ends);
}

TEST(gcm_key_keeps_the_path_that_it_was_made_for)
{
	const uint8_t key[GCM_KEY_SIZE] = {1}, nonce[GCM_NONCE_SIZE] = {2};
	uint8_t cipher[100] = {0}, tag[GCM_TAG_SIZE];
	struct gcm_key plain, wide, copy;

	crypto_set_cpu_hints(0);
	gcm_key_init(&plain, key);
	crypto_set_cpu_hints(cpu_hints());
	gcm_key_init(&wide, key);
	crypto_set_cpu_hints(0);
	copy = wide;
	gcm_seal(&copy, nonce, NULL, 0, cipher, sizeof cipher, cipher, tag);
	CHECK_EQ(gcm_open(&plain, nonce, NULL, 0, cipher, sizeof cipher, cipher, tag), E_OK);
}

/* The library would leave the tag as it is, and an old one would hold. */
TEST(gcm_does_not_let_the_library_refuse)
{
	static const struct gcm_key g;
	uint8_t nonce[GCM_NONCE_SIZE] = {0}, tag[GCM_TAG_SIZE] = {0};

	for (int wrong = 0; wrong < 4; wrong++) {
		const pid_t child = fork();
		int status = 0;

		if (child == 0) {
			(void)!freopen("/dev/null", "w", stderr);
			(void)signal(SIGABRT, SIG_DFL);
			gcm_seal(wrong == 0 ? NULL : &g, wrong == 1 ? NULL : nonce, NULL,
				 wrong == 2 ? 1 : 0, wrong == 3 ? NULL : tag, wrong == 3 ? 1 : 0,
				 tag, tag);
			_exit(0);
		}
		CHECK(child > 0 && waitpid(child, &status, 0) == child);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	}
}

/* RFC 4231, 4.2, 4.3 and 4.7. */
TEST(hmac_gives_the_vectors_of_rfc_4231)
{
	static const char *const long_text =
		"Test Using Larger Than Block-Size Key - Hash Key First";
	uint8_t key[131], mac[HMAC_SIZE];
	struct hmac h;

	memset(key, 0x0b, 20);
	hmac_sha256(mac, key, 20, "Hi There", 8);
	CHECK(hex_equal(mac, sizeof mac,
			"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"));
	hmac_init(&h, "Jefe", 4);
	hmac_update(&h, "what do ya want ", 16);
	hmac_update(&h, "for nothing?", 12);
	hmac_final(&h, mac);
	CHECK(hex_equal(mac, sizeof mac,
			"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
	memset(key, 0xaa, sizeof key);
	hmac_sha256(mac, key, sizeof key, long_text, strlen(long_text));
	CHECK(hex_equal(mac, sizeof mac,
			"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
}

TEST(hmac_final_wipes)
{
	static const struct hmac zero;
	uint8_t mac[HMAC_SIZE];
	struct hmac h;

	hmac_init(&h, "secret", 6);
	hmac_final(&h, mac);
	CHECK(memcmp(&h, &zero, sizeof h) == 0);
}

int main(void)
{
	RUN(gcm_gives_the_published_vectors);
	RUN(gcm_gives_what_another_implementation_gives);
	RUN(gcm_refuses_whatever_was_changed_and_wipes);
	RUN(gcm_binds_the_lengths);
	RUN(gcm_key_keeps_the_path_that_it_was_made_for);
	RUN(gcm_does_not_let_the_library_refuse);
	RUN(hmac_gives_the_vectors_of_rfc_4231);
	RUN(hmac_final_wipes);
	return check_report();
}
