/*
 * JSON from elsewhere, read with limits: size, depth, no member twice. On top of jansson, with what
 * the formats of Intel's service have in common: exact bytes of a member (signatures are over
 * these), hexadecimal strings, dates, small numbers.
 */
#ifndef ATTEST_JSON_H
#define ATTEST_JSON_H

#include <jansson.h>

#include "base/cc.h"

#define ATTEST_JSON_SIZE_MAX  (1024 * 1024)
#define ATTEST_JSON_DEPTH_MAX 16

/* Reads a text (untrusted) that is one object and nothing else; NULL when it is not, or larger or
 * deeper than allowed. json_decref frees it. */
MUST_USE json_t *attest_json_read(const char *text, size_t size);

/* The same for an object that only carries texts of others: they may have NULs in them, so their lengths
 * count (json_string_length). */
MUST_USE json_t *attest_json_read_outer(const char *text, size_t size);

/* Where the value of a member of the outermost object stands in the text, byte for byte; the text
 * has been read by one of these. False when there is no such member, or its name is written
 * with escapes. */
MUST_USE bool attest_json_slice(const char **value, size_t *value_size, const char *text,
				size_t size, const char *member);

/* A member of an object; false when it is missing or of another type. Strings stay the object's. */
MUST_USE bool attest_json_text(const char **out, const json_t *object, const char *member);
/* 0 to max. */
MUST_USE bool attest_json_number(uint32_t *out, const json_t *object, const char *member,
				 uint32_t max);
/* Exactly size bytes as hexadecimal digits of either case. */
MUST_USE bool attest_json_hex(uint8_t *out, size_t size, const json_t *object, const char *member);
/* RFC 3339, in UTC, to the second ("2025-06-19T10:32:27Z"), as UNIX seconds. */
MUST_USE bool attest_json_date(int64_t *out, const json_t *object, const char *member);

MUST_USE bool attest_hex_read(uint8_t *out, size_t size, const char *digits, size_t digit_count);
MUST_USE bool attest_date_read(int64_t *out, const char *text);

#endif
