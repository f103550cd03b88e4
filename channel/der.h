/*
 * Writing DER (ITU-T X.690) from its end to its beginning, so that what an element holds is there
 * when its length is written. For what we write ourselves; nothing is read with it.
 */
#ifndef CHANNEL_DER_H
#define CHANNEL_DER_H

#include "base/cc.h"

enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_OID = 0x06,
	DER_UTF8_STRING = 0x0c,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_CONTEXT_0 = 0xa0, /* constructed */
	DER_CONTEXT_3 = 0xa3,
};

/* Fills a buffer of the caller's from behind. Running out of room marks it bad for good. */
struct der {
	uint8_t *start;
	uint8_t *end;
	size_t room; /* bytes between start and what is written */
	bool bad;
};

void der_init(struct der *d, void *p, size_t size);

/* How much is written so far: a mark to give to der_wrap. */
size_t der_size(const struct der *d);

/* The first byte written so far. */
const uint8_t *der_data(const struct der *d);

/* Puts bytes in front of all that is written. */
void der_put(struct der *d, const void *p, size_t size);

/* Puts tag and length of all that was written since the mark in front of it. */
void der_wrap(struct der *d, enum der_tag tag, size_t mark);

/* An element of these bytes. */
void der_element(struct der *d, enum der_tag tag, const void *p, size_t size);

/* A positive INTEGER of these big-endian bytes. */
void der_integer(struct der *d, const uint8_t *p, size_t size);

#endif
