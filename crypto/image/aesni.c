/*
 * AES and the multiplication of GCM for mbedTLS inside the enclave, in place of its own aesni.c, which
 * asks CPUID: illegal there. Every CPU with SGX has AES-NI and PCLMULQDQ, so the table code, whose
 * timing depends on the key, is never reached. These definitions stand before the library in the
 * link, so that its object is not taken.
 * Trust: callers are mbedTLS's aes.c, with key schedules of its own making.
 */
#include <assert.h>
#include <string.h>
#include <tmmintrin.h>
#include <wmmintrin.h>

#include <mbedtls/aes.h>
#include <mbedtls/aesni.h>

#include "base/err.h"
#include "base/wipe.h"

/* x86-64-v3 names neither. */
#define AESNI  __attribute__((target("aes")))
#define PCLMUL __attribute__((target("pclmul")))

int mbedtls_aesni_has_support(unsigned int what)
{
	return what == MBEDTLS_AESNI_AES || what == MBEDTLS_AESNI_CLMUL;
}

/* Block `i` of a key schedule. */
static __m128i aesni_key(const uint32_t *rk, int i)
{
	return _mm_loadu_si128((const __m128i *)(const void *)rk + i);
}

AESNI static __m128i aesni_encrypt(const uint32_t *rk, int rounds, __m128i b)
{
	b = _mm_xor_si128(b, aesni_key(rk, 0));
	for (int i = 1; i < rounds; i++)
		b = _mm_aesenc_si128(b, aesni_key(rk, i));
	return _mm_aesenclast_si128(b, aesni_key(rk, rounds));
}

AESNI static __m128i aesni_decrypt(const uint32_t *rk, int rounds, __m128i b)
{
	b = _mm_xor_si128(b, aesni_key(rk, 0));
	for (int i = 1; i < rounds; i++)
		b = _mm_aesdec_si128(b, aesni_key(rk, i));
	return _mm_aesdeclast_si128(b, aesni_key(rk, rounds));
}

AESNI int mbedtls_aesni_crypt_ecb(mbedtls_aes_context *ctx, int mode, const unsigned char input[16],
				  unsigned char output[16])
{
	__m128i b = _mm_loadu_si128((const __m128i *)(const void *)input);

	if (mode == MBEDTLS_AES_ENCRYPT)
		b = aesni_encrypt(ctx->rk, ctx->nr, b);
	else
		b = aesni_decrypt(ctx->rk, ctx->nr, b);
	_mm_storeu_si128((__m128i *)(void *)output, b);
	return 0;
}

/* The decryption schedule: the other one backwards, its middle through InvMixColumns. */
AESNI void mbedtls_aesni_inverse_key(unsigned char *invkey, const unsigned char *fwdkey, int nr)
{
	__m128i *out = (__m128i *)(void *)invkey;
	const __m128i *in = (const __m128i *)(const void *)fwdkey;

	_mm_storeu_si128(out, _mm_loadu_si128(in + nr));
	for (int i = 1; i < nr; i++)
		_mm_storeu_si128(out + i, _mm_aesimc_si128(_mm_loadu_si128(in + nr - i)));
	_mm_storeu_si128(out + nr, _mm_loadu_si128(in));
}

/* SubWord of FIPS 197, 5.2. */
AESNI static uint32_t aesni_sub_word(uint32_t w)
{
	__m128i b = _mm_set1_epi32((int)w);

	return (uint32_t)_mm_cvtsi128_si32(_mm_aeskeygenassist_si128(b, 0));
}

/* FIPS 197, 5.2; words little-endian, so that RotWord turns right. */
AESNI int mbedtls_aesni_setkey_enc(unsigned char *rk, const unsigned char *key, size_t bits)
{
	const size_t nk = bits / 32, count = 4 * (nk + 7);
	uint32_t w[60], rcon = 1;

	static_assert(sizeof w == 4 * 4 * (8 + 7), "room for the longest schedule");
	if (bits != 128 && bits != 192 && bits != 256)
		return MBEDTLS_ERR_AES_INVALID_KEY_LENGTH;
	memcpy(w, key, bits / 8);
	for (size_t i = nk; i < count; i++) {
		uint32_t t = w[i - 1];

		if (i % nk == 0) {
			t = aesni_sub_word(t);
			t = (t >> 8 | t << 24) ^ rcon;
			rcon = rcon << 1 ^ (rcon >> 7) * 0x11b;
		} else if (nk == 8 && i % nk == 4) {
			t = aesni_sub_word(t);
		}
		w[i] = w[i - nk] ^ t;
	}
	memcpy(rk, w, count * sizeof w[0]);
	wipe(w, sizeof w);
	return 0;
}

/* The bytes the other way round: GCM's first bit is the highest one of byte 0 (SP 800-38D, 6.3). */
static __m128i gcm_load(const unsigned char p[16])
{
	const __m128i order = _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);

	return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), order);
}

static void gcm_store(unsigned char p[16], __m128i v)
{
	const __m128i order = _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);

	_mm_storeu_si128((__m128i *)(void *)p, _mm_shuffle_epi8(v, order));
}

/* One bit to the left over 256 bits: the product of two reflected polynomials is one place short. */
static void gcm_shift(__m128i *high, __m128i *low)
{
	const __m128i h = _mm_srli_epi64(*high, 63), l = _mm_srli_epi64(*low, 63);

	*high = _mm_or_si128(_mm_slli_epi64(*high, 1),
			     _mm_or_si128(_mm_slli_si128(h, 8), _mm_srli_si128(l, 8)));
	*low = _mm_or_si128(_mm_slli_epi64(*low, 1), _mm_slli_si128(l, 8));
}

/* One step of reduction by x^128 + x^7 + x^2 + x + 1, reflected: 64 bits of the low half go. */
PCLMUL static __m128i gcm_fold(__m128i low)
{
	const __m128i polynomial = _mm_set_epi64x(0, (long long)0xc200000000000000u);

	return _mm_xor_si128(_mm_shuffle_epi32(low, 0x4e),
			     _mm_clmulepi64_si128(low, polynomial, 0));
}

/* c = a * b in the field of GCM (SP 800-38D, 6.3). No branch and no address depends on either. */
PCLMUL void mbedtls_aesni_gcm_mult(unsigned char c[16], const unsigned char a[16],
				   const unsigned char b[16])
{
	const __m128i x = gcm_load(a), y = gcm_load(b);
	const __m128i middle =
		_mm_xor_si128(_mm_clmulepi64_si128(x, y, 0x01), _mm_clmulepi64_si128(x, y, 0x10));
	__m128i low = _mm_xor_si128(_mm_clmulepi64_si128(x, y, 0x00), _mm_slli_si128(middle, 8));
	__m128i high = _mm_xor_si128(_mm_clmulepi64_si128(x, y, 0x11), _mm_srli_si128(middle, 8));

	gcm_shift(&high, &low);
	gcm_store(c, _mm_xor_si128(high, gcm_fold(gcm_fold(low))));
}
