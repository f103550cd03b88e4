/*
 * DER (X.690, 10) read strictly, on top of base/reader.h: low tag numbers, definite and shortest
 * lengths. A reader goes bad at the first thing that is not so, and stays it; ask reader_done in the end.
 */
#ifndef ATTEST_DER_H
#define ATTEST_DER_H

#include "base/reader.h"

enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_OID = 0x06,
	DER_ENUMERATED = 0x0a,
	DER_UTF8_STRING = 0x0c,
	DER_IA5_STRING = 0x16,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
};

/* The contents of the next value, which must have this tag; a bad, empty reader if it has not. */
struct reader der_take(struct reader *r, uint8_t tag);

/* Is the next value's tag this one? Takes nothing. */
MUST_USE bool der_is(const struct reader *r, uint8_t tag);

/* Is this the whole of what is left? Takes nothing. */
MUST_USE bool der_equal(const struct reader *r, const void *bytes, size_t size);

/* A BOOLEAN, INTEGER or ENUMERATED that is not negative and at most max; 0, and r bad, if it is not. */
bool der_boolean(struct reader *r);
uint32_t der_unsigned(struct reader *r, uint8_t tag, uint32_t max);

/* Copies an OCTET STRING of exactly this size; zeros, and r bad, if it is not one. */
void der_octets(struct reader *r, void *out, size_t size);

#endif
