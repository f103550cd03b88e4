/*
 * LEB128 integers of the binary format (Core 3.0, 5.2.2): at most ceil(N / 7) bytes, and the bits
 * of the last byte beyond N must be zero, or copies of the sign. A longer encoding than needed is
 * legal within that. The bytes are untrusted. Errors: E_WASM_END, E_WASM_LEB_LONG,
 * E_WASM_LEB_LARGE.
 */
#ifndef WASM_LEB_H
#define WASM_LEB_H

#include "base/err.h"
#include "base/reader.h"

/* Any number of bits up to 64. */
MUST_USE enum err leb_take_unsigned(struct reader *r, unsigned bits, uint64_t *out);
MUST_USE enum err leb_take_signed(struct reader *r, unsigned bits, int64_t *out);

/* Takes a byte if there is one. */
MUST_USE static ALWAYS_INLINE bool leb_take_byte(struct reader *r, uint8_t *out)
{
	if (unlikely(r->left == 0))
		return false;
	*out = *r->p++;
	r->left--;
	return true;
}

/* Nearly every integer in a module is one byte long; this is the fast way in. */
MUST_USE static ALWAYS_INLINE enum err leb_take_u32(struct reader *r, uint32_t *out)
{
	uint64_t v;

	if (likely(r->left != 0 && *r->p < 0x80)) {
		*out = *r->p++;
		r->left--;
		return E_OK;
	}
	enum err e = leb_take_unsigned(r, 32, &v);

	if (!e)
		*out = (uint32_t)v;
	return e;
}

MUST_USE static ALWAYS_INLINE enum err leb_take_u64(struct reader *r, uint64_t *out)
{
	if (likely(r->left != 0 && *r->p < 0x80)) {
		*out = *r->p++;
		r->left--;
		return E_OK;
	}
	return leb_take_unsigned(r, 64, out);
}

#endif
