/*
 * AES-256-GCM by ipsec-mb's assembler, called by its entry points: its manager asks CPUID and brings in
 * megabytes. Two code paths: 512-bit registers with VAES where the hints say so, SSE elsewhere (the
 * paths between are no faster here).
 *
 * The routines return nothing. A parameter that they do not like leaves output and tag as they
 * were, so that a tag left from before would hold: what they refuse (no pointer, a size out of
 * range) is checked here first, and the tag is filled with a wrong one before it is computed.
 *
 * Trust: nonce, aad, ciphertext and tag may be anybody's; the hints are the host's word and choose only
 * the code path. The key remembers for which path it was made.
 */
#include "crypto/gcm.h"

#include <assert.h>
#include <string.h>

#include "base/wipe.h"
#include "crypto/sha256.h"

/* ipsec-mb's; named for this one use because its header claims names of others. */
struct gcm_library_context {
	uint8_t aad_hash[16];
	uint64_t aad_length, in_length;
	uint8_t partial_block_enc_key[16], nonce[16], counter[16];
	uint64_t partial_block_length;
} ALIGNED(16);
static_assert(sizeof(struct gcm_library_context) == 96, "88 bytes, and none less");
static_assert(sizeof(struct gcm_key) == 1024, "no padding that would not be copied");

typedef void gcm_library_func(const void *key, struct gcm_library_context *context, uint8_t *out,
			      const uint8_t *in, uint64_t size, const uint8_t *nonce,
			      const uint8_t *aad, uint64_t aad_size, uint8_t *tag,
			      uint64_t tag_size);

void aes_keyexp_256_enc_sse(const void *key, void *round_keys); /* needs 16-byte alignment */
void aes_gcm_precomp_256_sse(void *key);
void aes_gcm_precomp_256_vaes_avx512(void *key);
gcm_library_func aes_gcm_enc_256_sse, aes_gcm_enc_256_vaes_avx512;
gcm_library_func aes_gcm_dec_256_sse, aes_gcm_dec_256_vaes_avx512;

/*
 * Where the library notes a refused parameter, and the table that the number comes from: its own
 * definitions stand in an object that formats messages. Shared by all threads, so nobody reads it;
 * every call writes zero.
 */
extern int imb_errno;
extern const int imb_errno_types[64];
int imb_errno;
const int imb_errno_types[64];

/* As wipe does, but quick: this stands in the way of every block. */
static void gcm_forget(void *p, size_t n)
{
	memset(p, 0, n);
	reread_nothing(p);
}

void gcm_key_init(struct gcm_key *key, const uint8_t bytes[GCM_KEY_SIZE])
{
	memset(key, 0, sizeof *key);
	key->wide = (crypto_cpu_hints() & CRYPTO_HINT_VAES) != 0;
	aes_keyexp_256_enc_sse(bytes, key->data);
	if (key->wide)
		aes_gcm_precomp_256_vaes_avx512(key->data);
	else
		aes_gcm_precomp_256_sse(key->data);
}

/* One direction of one of the paths. For an empty text or aad the routines look at no pointer. */
static void gcm_run(gcm_library_func *wide, gcm_library_func *sse, const struct gcm_key *key,
		    const uint8_t *nonce, const void *aad, size_t aad_size, const void *in,
		    size_t size, void *out, uint8_t *tag)
{
	struct gcm_library_context context;

	must(key && nonce && tag && size <= GCM_SIZE_MAX);
	must((in && out) || size == 0);
	must(aad || aad_size == 0);
	(key->wide ? wide : sse)(key->data, &context, out, in, size, nonce, aad, aad_size, tag,
				 GCM_TAG_SIZE);
	gcm_forget(&context, sizeof context);
}

void gcm_seal(const struct gcm_key *key, const uint8_t nonce[GCM_NONCE_SIZE], const void *aad,
	      size_t aad_size, const void *plain, size_t size, void *cipher,
	      uint8_t tag[GCM_TAG_SIZE])
{
	gcm_run(aes_gcm_enc_256_vaes_avx512, aes_gcm_enc_256_sse, key, nonce, aad, aad_size, plain,
		size, cipher, tag);
}

enum err gcm_open(const struct gcm_key *key, const uint8_t nonce[GCM_NONCE_SIZE], const void *aad,
		  size_t aad_size, const void *cipher, size_t size, void *plain,
		  const uint8_t tag[GCM_TAG_SIZE])
{
	uint8_t computed[GCM_TAG_SIZE];
	enum err err = E_OK;

	for (size_t i = 0; i < sizeof computed; i++)
		computed[i] = (uint8_t)~tag[i];
	gcm_run(aes_gcm_dec_256_vaes_avx512, aes_gcm_dec_256_sse, key, nonce, aad, aad_size, cipher,
		size, plain, computed);
	if (!equal_ct(computed, tag, sizeof computed)) {
		wipe(plain, size);
		err = E_CRYPTO;
	}
	gcm_forget(computed,
		   sizeof computed); /* with a forged one it is what the host must not learn */
	return err;
}
