/*
 * Growing text and safe rendering.
 * Trust: the bytes given to text_add_safe are anybody's.
 * Invariant: p[len] is 0 when p is not NULL, and len < size.
 */
#include "host/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

/* Room for n more bytes and the terminator. */
static bool text_reserve(struct text *t, size_t n)
{
	size_t want, doubled;

	if (t->failed || !checked_add(&want, t->len, n) || !checked_add(&want, want, 1)) {
		t->failed = true;
		return false;
	}
	if (want <= t->size)
		return true;
	if (!checked_mul(&doubled, t->size, 2) || doubled < want)
		doubled = want < 64 ? 64 : want;
	char *p = realloc(t->p, doubled);

	if (!p) {
		t->failed = true;
		return false;
	}
	t->p = p;
	t->size = doubled;
	return true;
}

static void text_add_bytes(struct text *t, const char *p, size_t n)
{
	if (!text_reserve(t, n))
		return;
	memcpy(t->p + t->len, p, n);
	t->len += n;
	t->p[t->len] = 0;
}

void text_add(struct text *t, const char *s)
{
	text_add_bytes(t, s, strlen(s));
}

void text_addf(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0 || !text_reserve(t, (size_t)n)) {
		t->failed = true;
		return;
	}
	va_start(args, format);
	(void)vsnprintf(t->p + t->len, (size_t)n + 1, format, args);
	va_end(args);
	t->len += (size_t)n;
}

/*
 * Decodes one character of UTF-8 (RFC 3629): its length in bytes, or 0 for a broken, over-long or
 * surrogate one.
 */
static size_t utf8_decode(uint32_t *c, const uint8_t *p, size_t left)
{
	static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (n == 0 || n > left || p[0] > 0xf4)
		return 0;
	uint32_t v = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));

	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (p[i] & 0x3f);
	}
	if (v < smallest[n] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
		return 0;
	*c = v;
	return n;
}

/* Characters above ASCII that reorder, break or hide text (Unicode Bidi, line separators, BOM). */
static bool char_hides(uint32_t c)
{
	return (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xe0000 && c <= 0xe007f);
}

static void text_add_char(struct text *t, uint32_t c, const uint8_t *p, size_t n)
{
	if (c == '\n')
		text_add(t, "\\n");
	else if (c == '\t')
		text_add(t, "\\t");
	else if (c < 0x20 || c == 0x7f)
		text_addf(t, "\\x%02x", c);
	else if ((c >= 0x80 && c < 0xa0) || char_hides(c))
		text_addf(t, "\\u{%x}", c);
	else
		text_add_bytes(t, (const char *)p, n);
}

void text_add_safe(struct text *t, const void *bytes, size_t size)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < size;) {
		uint32_t c = 0;
		size_t n = utf8_decode(&c, p + i, size - i);

		if (n == 0) {
			text_addf(t, "\\x%02x", p[i]);
			n = 1;
		} else {
			text_add_char(t, c, p + i, n);
		}
		i += n;
	}
}

void text_add_hex(struct text *t, const void *bytes, size_t size)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < size; i++)
		text_addf(t, "%02x", p[i]);
}

int text_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

char *text_take(struct text *t)
{
	char *p = NULL;

	if (text_reserve(t, 0)) {
		p = t->p;
		p[t->len] = 0;
		t->p = NULL;
	}
	text_fini(t);
	return p;
}

void text_fini(struct text *t)
{
	free(t->p);
	*t = (struct text){0};
}
