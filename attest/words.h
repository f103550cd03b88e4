/*
 * A verdict for people and for programs: one JSON object, whose members, one a line, are the text
 * too.
 */
#ifndef ATTEST_WORDS_H
#define ATTEST_WORDS_H

#include <jansson.h>

#include "attest/verify.h"

/* Sets a member; where memory is short the object lacks it. */
void words_hex(json_t *object, const char *name, const void *p, size_t size);
void words_number(json_t *object, const char *name, uint64_t n);
void words_bool(json_t *object, const char *name, bool value);
void words_text(json_t *object, const char *name, const char *text);

/* What an SEV-SNP report says (attest/sev_words.c), in the order in which it is printed. */
void sev_fields(json_t *identity, const struct attest_verdict *v);

#endif
