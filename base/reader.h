/*
 * The one way to take bytes apart. A reader stands over bytes that we own, never over host memory.
 * A read past the end marks the reader bad, once and for all: later reads yield 0, so that a
 * decoder may read a whole record and ask reader_ok() once before it acts.
 */
#ifndef BASE_READER_H
#define BASE_READER_H

#include "base/cc.h"

struct reader {
	const uint8_t *p;
	size_t left;
	bool bad;
};

void reader_init(struct reader *r, const void *p, size_t len);

/* Takes n bytes; NULL (and bad) when fewer are left. For n = 0 the pointer is not to be read. */
const uint8_t *reader_take(struct reader *r, size_t n);

/* Little-endian fixed width; 0 when bad. */
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);

/* Copies n bytes to out; zeros when bad. */
void reader_bytes(struct reader *r, void *out, size_t n);

/* Splits off a reader over the next n bytes; a bad, empty one when fewer are left. */
struct reader reader_sub(struct reader *r, size_t n);

/* Marks the reader bad: what was read makes no sense. */
void reader_fail(struct reader *r);

/* Nothing failed so far. */
MUST_USE bool reader_ok(const struct reader *r);

/* Nothing failed and nothing is left. */
MUST_USE bool reader_done(const struct reader *r);

#endif
