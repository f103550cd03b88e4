/*
 * As much of CBOR (RFC 8949) as evidence needs: unsigned numbers, byte and text strings, arrays, maps
 * and tags of definite length, each head in its shortest form (4.2.1). What is read is untrusted.
 */
#ifndef CHANNEL_CBOR_H
#define CHANNEL_CBOR_H

#include "base/cc.h"
#include "base/reader.h"
#include "base/writer.h"

enum cbor_major {
	CBOR_UNSIGNED = 0,
	CBOR_NEGATIVE = 1,
	CBOR_BYTES = 2,
	CBOR_TEXT = 3,
	CBOR_ARRAY = 4,
	CBOR_MAP = 5,
	CBOR_TAG = 6,
	CBOR_SIMPLE = 7,
};

/* One head: of a number, a tag, or of what follows (bytes, or items of an array or map). */
void cbor_write_head(struct writer *w, enum cbor_major major, uint64_t argument);
void cbor_write_bytes(struct writer *w, const void *p, size_t size);
void cbor_write_text(struct writer *w, const char *text);

/* A head of this kind: its argument, or 0 and a bad reader. */
uint64_t cbor_read_head(struct reader *r, enum cbor_major major);

/* A string of this kind (CBOR_BYTES or CBOR_TEXT), in place: NULL and a bad reader when there is none. */
const uint8_t *cbor_read_string(struct reader *r, enum cbor_major major, size_t *size);

/* A head of an array or map with exactly `count` entries, or a tag or number that is exactly this. */
void cbor_expect(struct reader *r, enum cbor_major major, uint64_t argument);

/* Passes over one item, whatever it is and however deep; takes no stack for the depth. */
void cbor_skip(struct reader *r);

#endif
