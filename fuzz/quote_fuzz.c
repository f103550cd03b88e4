/*
 * Quotes under arbitrary bytes: what is taken apart lies within them, in order and without gaps in what is
 * signed; what is refused leaves nothing; a quote is the same without what is behind it.
 */
#include <stdlib.h>
#include <string.h>

#include "attest/chain.h"
#include "attest/quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

/* Does the part lie in the quote, behind what is signed? */
static void expect_inside(const struct attest_quote *q, const uint8_t *data, const uint8_t *p,
			  size_t size)
{
	size_t off;

	expect(p >= data + q->signed_size);
	off = (size_t)(p - data);
	expect(off <= q->size && size <= q->size - off);
}

static void expect_decoded(const struct attest_quote *q, const uint8_t *data, size_t size)
{
	expect(q->size + q->tail == size && q->size <= size);
	expect(q->signed_bytes == data);
	expect(q->signed_size == 432 || q->signed_size == 438 || q->signed_size == 632 ||
	       q->signed_size == 638 || q->signed_size == 702 || q->signed_size == 939);
	expect(q->td15 == (q->signed_size >= 702));
	expect(q->user_data == data + 28);
	expect_inside(q, data, q->signature, ECDSA_P256_SIGNATURE_SIZE);
	expect_inside(q, data, q->key, ECDSA_P256_KEY_SIZE);
	expect_inside(q, data, q->qe_report, sizeof q->qe);
	expect_inside(q, data, q->qe_signature, ECDSA_P256_SIGNATURE_SIZE);
	expect_inside(q, data, q->auth, q->auth_size);
	expect_inside(q, data, q->certification_data, q->certification_size);
	expect(q->certification_data + q->certification_size == data + q->size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct attest_quote q, again;
	struct attest_chain chain;

	if (quote_decode(&q, data, size) != ATTEST_OK) {
		expect(q.version == 0 && !q.signature && !q.certification_data);
		return 0;
	}
	expect_decoded(&q, data, size);
	(void)!quote_verify_key(&q);
	expect(quote_decode(&again, data, q.size) == ATTEST_OK);
	expect(q.size == 0 || quote_decode(&again, data, q.size - 1) != ATTEST_OK);
	if (chain_decode(&chain, q.certification_data, q.certification_size) == ATTEST_OK)
		chain_fini(&chain);
	return 0;
}
