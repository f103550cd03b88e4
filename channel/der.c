/*
 * DER, backwards.
 * Trust: the bytes may be anything; sizes are checked against the room left.
 * Invariant: [end - size, end) is what is written; nothing is written below start.
 */
#include "channel/der.h"

#include <string.h>

void der_init(struct der *d, void *p, size_t size)
{
	d->start = p;
	d->end = d->start + size;
	d->room = size;
	d->bad = false;
}

size_t der_size(const struct der *d)
{
	return (size_t)(d->end - d->start) - d->room;
}

const uint8_t *der_data(const struct der *d)
{
	return d->start + d->room;
}

void der_put(struct der *d, const void *p, size_t size)
{
	if (d->bad || size > d->room) {
		d->bad = true;
		return;
	}
	d->room -= size;
	if (size > 0)
		memcpy(d->start + d->room, p, size);
}

static void der_put_u8(struct der *d, size_t byte)
{
	const uint8_t b = (uint8_t)byte;

	der_put(d, &b, 1);
}

/* X.690, 10.1: the shortest form. */
static void der_put_length(struct der *d, size_t size)
{
	size_t bytes = 0;

	if (size < 0x80) {
		der_put_u8(d, size);
		return;
	}
	for (; size > 0; size >>= 8, bytes++)
		der_put_u8(d, size);
	der_put_u8(d, 0x80 | bytes);
}

void der_wrap(struct der *d, enum der_tag tag, size_t mark)
{
	der_put_length(d, der_size(d) - mark);
	der_put_u8(d, tag);
}

void der_element(struct der *d, enum der_tag tag, const void *p, size_t size)
{
	const size_t mark = der_size(d);

	der_put(d, p, size);
	der_wrap(d, tag, mark);
}

/* X.690, 8.3.2: no superfluous zeros, but one where the number would be negative without. */
void der_integer(struct der *d, const uint8_t *p, size_t size)
{
	const size_t mark = der_size(d);

	while (size > 1 && p[0] == 0) {
		p++;
		size--;
	}
	der_put(d, p, size);
	if (size == 0 || p[0] >= 0x80)
		der_put_u8(d, 0);
	der_wrap(d, DER_INTEGER, mark);
}
