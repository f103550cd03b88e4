/*
 * CTR_DRBG by mbedTLS, whose context is kept in an opaque array so that its headers stay in
 * crypto/.
 * Trust: the entropy function; nothing here comes from outside.
 * Invariant: entropy != NULL exactly when the library's context is seeded.
 */
#include "crypto/drbg.h"

#include <assert.h>
#include <string.h>

#include <mbedtls/ctr_drbg.h>

#include "base/wipe.h"

static_assert(sizeof(mbedtls_ctr_drbg_context) <= sizeof(((struct drbg *)0)->state), "room");
static_assert(_Alignof(mbedtls_ctr_drbg_context) <= _Alignof(uint64_t), "alignment");

static mbedtls_ctr_drbg_context *drbg_context(struct drbg *d)
{
	return (mbedtls_ctr_drbg_context *)(void *)d->state;
}

/* The library's idea of an entropy function, over ours. */
static int drbg_entropy(void *context, unsigned char *out, size_t size)
{
	struct drbg *d = context;

	return d->entropy(d->entropy_context, out, size)
		       ? 0
		       : MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED;
}

enum err drbg_init(struct drbg *d, drbg_entropy_func entropy, void *context)
{
	static const char name[] = "retwine.drbg.v1";

	memset(d, 0, sizeof *d);
	d->entropy = entropy;
	d->entropy_context = context;
	mbedtls_ctr_drbg_init(drbg_context(d));
	if (mbedtls_ctr_drbg_seed(drbg_context(d), drbg_entropy, d, (const uint8_t *)name,
				  sizeof name)) {
		drbg_fini(d);
		return E_CRYPTO;
	}
	return E_OK;
}

enum err drbg_random(struct drbg *d, void *out, size_t size)
{
	uint8_t *p = out;
	size_t done = 0;

	must(d->entropy);
	while (done < size) {
		size_t n = size - done;

		if (n > MBEDTLS_CTR_DRBG_MAX_REQUEST)
			n = MBEDTLS_CTR_DRBG_MAX_REQUEST;
		if (mbedtls_ctr_drbg_random(drbg_context(d), p + done, n)) {
			wipe(out, size);
			return E_CRYPTO;
		}
		done += n;
	}
	return E_OK;
}

enum err drbg_reseed(struct drbg *d)
{
	must(d->entropy);
	return mbedtls_ctr_drbg_reseed(drbg_context(d), NULL, 0) ? E_CRYPTO : E_OK;
}

void drbg_fini(struct drbg *d)
{
	if (d->entropy)
		mbedtls_ctr_drbg_free(drbg_context(d));
	wipe(d, sizeof *d);
}
