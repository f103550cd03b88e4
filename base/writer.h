/*
 * The counterpart of the reader: writes little-endian records into a buffer that the caller owns.
 * Overrunning it marks the writer bad and writes nothing more; `len` still counts what would have
 * been written, so that a first pass over a zero-size buffer measures.
 */
#ifndef BASE_WRITER_H
#define BASE_WRITER_H

#include "base/cc.h"

struct writer {
	uint8_t *p;
	size_t size; /* capacity */
	size_t len;  /* bytes asked for so far */
};

void writer_init(struct writer *w, void *p, size_t size);
void writer_u8(struct writer *w, uint8_t v);
void writer_u16(struct writer *w, uint16_t v);
void writer_u32(struct writer *w, uint32_t v);
void writer_u64(struct writer *w, uint64_t v);
void writer_bytes(struct writer *w, const void *p, size_t n);

/* Everything asked for is in the buffer. */
MUST_USE bool writer_ok(const struct writer *w);

#endif
