/*
 * Names.
 * Trust: the bytes are untrusted.
 */
#include "wasm/name.h"

#include <string.h>

#include "wasm/leb.h"
#include "wasm/limits.h"

/*
 * The length of the UTF-8 sequence at p, or 0: over-long forms, surrogates, and what lies above
 * U+10FFFF are refused (Unicode 15, table 3-7; RFC 3629).
 */
static size_t utf8_sequence(const uint8_t *p, size_t left)
{
	uint8_t low = 0x80; /* of the second byte */
	uint8_t high = 0xbf;
	size_t n;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (n > left || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

static bool utf8_valid(const uint8_t *p, size_t len)
{
	size_t n;

	for (size_t at = 0; at < len; at += n) {
		n = utf8_sequence(p + at, len - at);
		if (n == 0)
			return false;
	}
	return true;
}

enum err name_take(struct reader *r, struct wasm_name *out)
{
	uint32_t len;
	enum err e = leb_take_u32(r, &len);

	if (e)
		return e;
	if (len > r->left)
		return E_WASM_END;
	if (len > WASM_MAX_NAME)
		return E_WASM_LONG_NAME;
	const uint8_t *p = reader_take(r, len);

	if (!utf8_valid(p, len))
		return E_WASM_UTF8;
	out->p = (const char *)p;
	out->len = len;
	return E_OK;
}

bool name_is(const struct wasm_name *name, const char *text)
{
	return name->len == strlen(text) && memcmp(name->p, text, name->len) == 0;
}
