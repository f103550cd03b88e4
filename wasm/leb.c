/*
 * LEB128.
 * Trust: the bytes are untrusted.
 * Invariant: no more than ten bytes are taken; a shift is always below 64.
 */
#include "wasm/leb.h"

/*
 * The payload bits, unextended, and in *used how many bits they are. Fails when the encoding has
 * more bytes than `bits` needs; the unused bits of the last byte are the caller's to check.
 */
static enum err leb_take(struct reader *r, unsigned bits, uint64_t *out, unsigned *used,
			 uint8_t *last)
{
	uint64_t v = 0;
	unsigned shift = 0;
	uint8_t b;

	do {
		if (shift >= bits)
			return E_WASM_LEB_LONG;
		if (!leb_take_byte(r, &b))
			return E_WASM_END;
		v |= (uint64_t)(b & 0x7f) << shift;
		shift += 7;
	} while (b & 0x80);
	*out = v;
	*used = shift;
	*last = b;
	return E_OK;
}

enum err leb_take_unsigned(struct reader *r, unsigned bits, uint64_t *out)
{
	uint64_t v;
	unsigned used;
	uint8_t last;
	enum err e = leb_take(r, bits, &v, &used, &last);

	if (e)
		return e;
	if (used > bits && last >> (7 - (used - bits)) != 0)
		return E_WASM_LEB_LARGE;
	*out = v;
	return E_OK;
}

enum err leb_take_signed(struct reader *r, unsigned bits, int64_t *out)
{
	uint64_t v;
	unsigned used;
	uint8_t last;
	enum err e = leb_take(r, bits, &v, &used, &last);

	if (e)
		return e;
	if (used > bits) {
		/* The sign bit and all above it in the last byte: none set, or all. */
		unsigned sign_at = 6 - (used - bits);
		unsigned top = last >> sign_at;

		if (top != 0 && top != 0x7fu >> sign_at)
			return E_WASM_LEB_LARGE;
	}
	if (used < 64 && (last & 0x40))
		v |= UINT64_MAX << used;
	*out = (int64_t)v;
	return E_OK;
}
