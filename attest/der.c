/*
 * DER, strictly.
 * Trust: every byte is untrusted.
 */
#include "attest/der.h"

#include <string.h>

/* The length octets (X.690, 8.1.3 and 10.1): definite, and as few as will do. */
static size_t der_length(struct reader *r)
{
	uint8_t first = reader_u8(r);
	size_t count = first & 0x7f, length = 0;

	if (first < 0x80)
		return first;
	if (count == 0 || count > 4) {
		reader_fail(r);
		return 0;
	}
	for (size_t i = 0; i < count; i++)
		length = length << 8 | reader_u8(r);
	if (length < 0x80 || length >> (8 * (count - 1)) == 0)
		reader_fail(r);
	return length;
}

struct reader der_take(struct reader *r, uint8_t tag)
{
	size_t length;

	if (reader_u8(r) != tag)
		reader_fail(r);
	length = der_length(r);
	return reader_sub(r, length);
}

bool der_is(const struct reader *r, uint8_t tag)
{
	return !r->bad && r->left > 0 && r->p[0] == tag;
}

bool der_equal(const struct reader *r, const void *bytes, size_t size)
{
	return !r->bad && r->left == size && memcmp(r->p, bytes, size) == 0;
}

bool der_boolean(struct reader *r)
{
	struct reader value = der_take(r, DER_BOOLEAN);
	uint8_t b = reader_u8(&value);

	if (!reader_done(&value) || (b != 0 && b != 0xff)) /* X.690, 11.1 */
		reader_fail(r);
	return b == 0xff;
}

uint32_t der_unsigned(struct reader *r, uint8_t tag, uint32_t max)
{
	struct reader value = der_take(r, tag);
	uint8_t first = reader_u8(&value);
	uint64_t number = first;

	/* negative, or a leading zero that is no sign (X.690, 8.3.2) */
	if (first & 0x80 || (first == 0 && value.left > 0 && !(value.p[0] & 0x80)))
		reader_fail(r);
	while (value.left > 0 && number <= max)
		number = number << 8 | reader_u8(&value);
	if (!reader_done(&value) || number > max)
		reader_fail(r);
	return r->bad ? 0 : (uint32_t)number;
}

void der_octets(struct reader *r, void *out, size_t size)
{
	struct reader value = der_take(r, DER_OCTET_STRING);

	reader_bytes(&value, out, size);
	if (!reader_done(&value)) {
		reader_fail(r);
		memset(out, 0, size);
	}
}
