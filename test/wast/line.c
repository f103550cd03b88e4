/*
 * Lines of text.
 * Trust: any bytes; they are copied, up to the room that there is.
 */
#include "test/wast/line.h"

#include <string.h>

void wast_line_bytes(struct wast_line *l, const char *p, size_t n)
{
	size_t left = sizeof l->text - l->len;

	if (n > left)
		n = left;
	if (n)
		memcpy(l->text + l->len, p, n);
	l->len += n;
}

void wast_line_text(struct wast_line *l, const char *s)
{
	wast_line_bytes(l, s, strlen(s));
}

void wast_line_number(struct wast_line *l, uint64_t v, unsigned base)
{
	char digits[20];
	size_t n = sizeof digits;

	do {
		digits[--n] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	wast_line_bytes(l, digits + n, sizeof digits - n);
}
