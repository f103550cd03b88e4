/*
 * The bounds-checked reader.
 * Trust: the bytes are untrusted in content; the pointer and the length are ours.
 * Invariant: p[0..left) is readable; bad implies left == 0.
 */
#include "base/reader.h"

#include <string.h>

void reader_init(struct reader *r, const void *p, size_t len)
{
	r->p = p;
	r->left = len;
	r->bad = false;
}

void reader_fail(struct reader *r)
{
	r->bad = true;
	r->left = 0;
}

const uint8_t *reader_take(struct reader *r, size_t n)
{
	if (r->bad || n > r->left) {
		reader_fail(r);
		return NULL;
	}
	const uint8_t *p = r->p;

	if (n != 0)
		r->p += n;
	r->left -= n;
	return p;
}

uint8_t reader_u8(struct reader *r)
{
	const uint8_t *p = reader_take(r, 1);

	return p ? p[0] : 0;
}

/* Little-endian number of n <= 8 bytes. */
static uint64_t reader_le(struct reader *r, size_t n)
{
	const uint8_t *p = reader_take(r, n);
	uint64_t v = 0;

	if (!p)
		return 0;
	for (size_t i = n; i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

uint16_t reader_u16(struct reader *r)
{
	return (uint16_t)reader_le(r, 2);
}

uint32_t reader_u32(struct reader *r)
{
	return (uint32_t)reader_le(r, 4);
}

uint64_t reader_u64(struct reader *r)
{
	return reader_le(r, 8);
}

void reader_bytes(struct reader *r, void *out, size_t n)
{
	const uint8_t *p = reader_take(r, n);

	if (n == 0)
		return;
	if (p)
		memcpy(out, p, n);
	else
		memset(out, 0, n);
}

struct reader reader_sub(struct reader *r, size_t n)
{
	struct reader sub = {0};
	const uint8_t *p = reader_take(r, n);

	if (r->bad)
		sub.bad = true;
	else
		reader_init(&sub, p, n);
	return sub;
}

bool reader_ok(const struct reader *r)
{
	return !r->bad;
}

bool reader_done(const struct reader *r)
{
	return !r->bad && r->left == 0;
}
