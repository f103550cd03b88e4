/* A counter through SHA-256 for random numbers, a repeated text for a quote. */
#include "test/lib/fake_certificate.h"

#include <stdlib.h>
#include <stdatomic.h>
#include <string.h>

#include "crypto/sha256.h"

static atomic_uint g_counter; /* both ends of a channel may ask at once */
static atomic_long g_fail_at = -1;

static enum err fake_random_get(void *context, void *out, size_t size)
{
	uint8_t *p = out, block[SHA256_SIZE];

	(void)context;
	if (atomic_load(&g_fail_at) >= 0 && atomic_fetch_sub(&g_fail_at, 1) <= 0) {
		atomic_store(&g_fail_at, 0);
		return E_STATE;
	}
	while (size > 0) {
		const unsigned counter = atomic_fetch_add(&g_counter, 1);
		const size_t n = size < sizeof block ? size : sizeof block;

		sha256_digest(block, &counter, sizeof counter);
		memcpy(p, block, n);
		p += n;
		size -= n;
	}
	return E_OK;
}

struct crypto_random fake_random(void)
{
	return (struct crypto_random){.get = fake_random_get};
}

void fake_random_fail_at(long n)
{
	atomic_store(&g_fail_at, n);
}

enum err fake_quote_make(void *quote, const uint8_t report_data[IDENTITY_REPORT_DATA_SIZE],
			 uint8_t *out, size_t max, size_t *size)
{
	static const char text[5] = "quote";
	struct fake_quote *q = quote;

	q->count++;
	if (q->err != E_OK)
		return q->err;
	if (q->size > max)
		return E_LIMIT;
	for (size_t i = 0; i < q->size; i++) {
		const size_t at = i % (sizeof text + IDENTITY_REPORT_DATA_SIZE);

		out[i] = at < sizeof text ? (uint8_t)text[at] : report_data[at - sizeof text];
	}
	*size = q->size;
	return E_OK;
}

struct certificate_request fake_request(struct fake_quote *quote)
{
	struct certificate_request r = {
		.random = fake_random(), .quote = fake_quote_make, .quote_context = quote};

	memset(r.identity.launch_digest, 0x11, sizeof r.identity.launch_digest);
	memset(r.identity.nonce, 0x22, 32);
	r.identity.nonce_size = 32;
	return r;
}

struct certificate fake_certificate(size_t size)
{
	struct fake_quote quote = {.size = size};
	const struct certificate_request request = fake_request(&quote);
	struct certificate c;

	if (certificate_create(&c, &request) != E_OK)
		abort();
	return c;
}
