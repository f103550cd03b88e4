/*
 * Tagged evidence, written and read.
 * Trust: what is read is anybody's.
 */
#include "channel/evidence.h"

#include "base/checked.h"
#include "base/reader.h"
#include "channel/cbor.h"

/* Of the tag, the array and two byte strings below 4 GiB. */
#define EVIDENCE_HEADS_MAX (3 + 1 + 5 + 5)

enum err evidence_encode(struct writer *out, const struct evidence *evidence)
{
	size_t size;

	if (!checked_add(&size, evidence->quote_size, evidence->claims_size) ||
	    size > EVIDENCE_MAX - EVIDENCE_HEADS_MAX)
		return E_LIMIT;
	cbor_write_head(out, CBOR_TAG, EVIDENCE_TAG);
	cbor_write_head(out, CBOR_ARRAY, 2);
	cbor_write_bytes(out, evidence->quote, evidence->quote_size);
	cbor_write_bytes(out, evidence->claims, evidence->claims_size);
	return E_OK;
}

enum err evidence_decode(struct evidence *out, const void *p, size_t size)
{
	struct evidence e;
	struct reader r;

	if (size > EVIDENCE_MAX)
		return E_LIMIT;
	reader_init(&r, p, size);
	cbor_expect(&r, CBOR_TAG, EVIDENCE_TAG);
	cbor_expect(&r, CBOR_ARRAY, 2);
	e.quote = cbor_read_string(&r, CBOR_BYTES, &e.quote_size);
	e.claims = cbor_read_string(&r, CBOR_BYTES, &e.claims_size);
	if (!reader_done(&r))
		return E_MALFORMED;
	*out = e;
	return E_OK;
}
