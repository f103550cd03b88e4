/*
 * CBOR heads and what hangs on them.
 * Trust: what is read is anybody's. Lengths are compared with the bytes left before they size anything.
 */
#include "channel/cbor.h"

#include <string.h>

/* RFC 8949, 3: the low five bits of a head, from which on the argument stands behind it. */
#define INFO_MAX  23u
#define INFO_U8	  24u
#define INFO_U64  27u
#define INFO_MASK 31u

/* The low `size` bytes of v, big-endian. */
static void cbor_write_be(struct writer *w, uint64_t v, size_t size)
{
	while (size-- > 0)
		writer_u8(w, (uint8_t)(v >> (8 * size)));
}

void cbor_write_head(struct writer *w, enum cbor_major major, uint64_t argument)
{
	const uint8_t high = (uint8_t)(major << 5);
	uint8_t log = 0;

	if (argument <= INFO_MAX) {
		writer_u8(w, (uint8_t)(high | argument));
		return;
	}
	while (log < 3 && argument >> (8u << log) != 0)
		log++;
	writer_u8(w, (uint8_t)(high | (INFO_U8 + log)));
	cbor_write_be(w, argument, (size_t)1 << log);
}

void cbor_write_bytes(struct writer *w, const void *p, size_t size)
{
	cbor_write_head(w, CBOR_BYTES, size);
	writer_bytes(w, p, size);
}

void cbor_write_text(struct writer *w, const char *text)
{
	const size_t size = strlen(text);

	cbor_write_head(w, CBOR_TEXT, size);
	writer_bytes(w, text, size);
}

/* A number of 1 << log bytes. */
static uint64_t cbor_read_be(struct reader *r, unsigned log)
{
	uint64_t v = 0;

	for (size_t i = 0; i < (size_t)1 << log; i++)
		v = v << 8 | reader_u8(r);
	return v;
}

/* A head of any kind. Of simple values and floats the argument is not looked at. */
static uint64_t cbor_read_any(struct reader *r, enum cbor_major *major)
{
	const uint8_t first = reader_u8(r);
	const unsigned info = first & INFO_MASK;

	*major = (enum cbor_major)(first >> 5);
	if (info <= INFO_MAX)
		return info;
	if (info > INFO_U64) { /* reserved, or of indefinite length */
		reader_fail(r);
		return 0;
	}
	const unsigned log = info - INFO_U8;
	const uint64_t v = cbor_read_be(r, log);
	/* 4.2.1: not longer than need be. 3.3: a simple value below 32 has no second byte. */
	const uint64_t least = log > 0		       ? (uint64_t)1 << (4u << log)
			       : *major == CBOR_SIMPLE ? 32
						       : INFO_MAX + 1;

	if (v < least && (*major != CBOR_SIMPLE || log == 0))
		reader_fail(r);
	return r->bad ? 0 : v;
}

uint64_t cbor_read_head(struct reader *r, enum cbor_major major)
{
	enum cbor_major got;
	const uint64_t v = cbor_read_any(r, &got);

	if (got != major) {
		reader_fail(r);
		return 0;
	}
	return v;
}

const uint8_t *cbor_read_string(struct reader *r, enum cbor_major major, size_t *size)
{
	*size = cbor_read_head(r, major);
	return reader_take(r, *size);
}

void cbor_expect(struct reader *r, enum cbor_major major, uint64_t argument)
{
	if (cbor_read_head(r, major) != argument)
		reader_fail(r);
}

/*
 * Items still to come are counted, not nested: an array adds its entries to them. Every item is a byte
 * at least, so that an array cannot have more than bytes are left; which also keeps the count from wrapping.
 */
void cbor_skip(struct reader *r)
{
	uint64_t items = 1;

	while (items > 0 && !r->bad) {
		enum cbor_major major;
		const uint64_t v = cbor_read_any(r, &major);

		items--;
		if (v > r->left && (major >= CBOR_BYTES && major <= CBOR_MAP))
			reader_fail(r);
		else if (major == CBOR_BYTES || major == CBOR_TEXT)
			(void)reader_take(r, v);
		else if (major == CBOR_ARRAY)
			items += v;
		else if (major == CBOR_MAP)
			items += 2 * v;
		else if (major == CBOR_TAG)
			items++;
	}
}
