/* A line of text for people, made without stdio; what is too long is cut. */
#ifndef TEST_WAST_LINE_H
#define TEST_WAST_LINE_H

#include "base/cc.h"

#define WAST_LINE_MAX 400

/* Zeroed is an empty line. */
struct wast_line {
	char text[WAST_LINE_MAX];
	size_t len;
};

void wast_line_bytes(struct wast_line *l, const char *p, size_t n);
void wast_line_text(struct wast_line *l, const char *s);
/* In base 10 or 16, without a prefix. */
void wast_line_number(struct wast_line *l, uint64_t v, unsigned base);

#endif
