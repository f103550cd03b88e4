/*
 * Text that grows, and the rendering of foreign names: what comes from files, guests and command
 * lines is shown with control characters and broken UTF-8 escaped, so that it cannot steer a
 * terminal or break a line in two.
 */
#ifndef HOST_BASE_TEXT_H
#define HOST_BASE_TEXT_H

#include "base/cc.h"

/* Zeroed is valid and empty. A failed allocation is remembered; text_take tells. */
struct text {
	char *p; /* terminated once anything was added */
	size_t len;
	size_t size;
	bool failed;
};

void text_add(struct text *t, const char *s);
void text_addf(struct text *t, const char *format, ...) PRINTF_LIKE(2, 3);

/* The bytes, escaped: \n \t \\xNN for control bytes and broken UTF-8, \\u{NNNN} for characters that
 * reorder or hide text. */
void text_add_safe(struct text *t, const void *bytes, size_t size);

/* Lower-case hex digits. */
void text_add_hex(struct text *t, const void *bytes, size_t size);

/* The value of a hexadecimal digit of either case, or -1. */
int text_hex_digit(char c);

/* Gives the text away (free); NULL when memory was short. The text is empty again. */
MUST_USE char *text_take(struct text *t);

void text_fini(struct text *t);

#endif
