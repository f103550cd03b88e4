/*
 * The bounded writer.
 * Trust: contents may be anything; buffer and size are ours.
 * Invariant: nothing is written at or after p + size; len never wraps.
 */
#include "base/writer.h"

#include <string.h>

#include "base/err.h"

void writer_init(struct writer *w, void *p, size_t size)
{
	w->p = p;
	w->size = size;
	w->len = 0;
}

void writer_bytes(struct writer *w, const void *p, size_t n)
{
	must(n <= SIZE_MAX - w->len);
	if (n != 0 && w->len <= w->size && n <= w->size - w->len)
		memcpy(w->p + w->len, p, n);
	w->len += n;
}

/* The low n <= 8 bytes of v, little-endian. */
static void writer_le(struct writer *w, uint64_t v, size_t n)
{
	uint8_t b[8];

	for (size_t i = 0; i < n; i++)
		b[i] = (uint8_t)(v >> (8 * i));
	writer_bytes(w, b, n);
}

void writer_u8(struct writer *w, uint8_t v)
{
	writer_le(w, v, 1);
}

void writer_u16(struct writer *w, uint16_t v)
{
	writer_le(w, v, 2);
}

void writer_u32(struct writer *w, uint32_t v)
{
	writer_le(w, v, 4);
}

void writer_u64(struct writer *w, uint64_t v)
{
	writer_le(w, v, 8);
}

bool writer_ok(const struct writer *w)
{
	return w->len <= w->size;
}
