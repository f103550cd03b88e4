/*
 * Words for people: the host side's tables from numbers (base/err.def, wasm/trap.def) to words, and
 * the one way to fill a struct retwine_error.
 */
#ifndef HOST_BASE_WORDS_H
#define HOST_BASE_WORDS_H

#include "base/cc.h"
#include "base/err.h"
#include "include/retwine.h"

/* What the error says; for a number that is none, words that say so. Never NULL. */
const char *words_err(uint32_t err);

/* The trap's words, likewise. */
const char *words_trap(uint32_t trap);

/* Why the verifier refuses native code (enum verify_reason, native/verify.h). */
const char *words_verify(uint32_t reason);

/* Why EINIT refuses (enum sgx_refusal, sgx/sigstruct.h). */
const char *words_refusal(uint32_t refusal);

/* What a user can do about it: "" when there is nothing to say. */
const char *words_hint(uint32_t err);

/* Writes one line, escaped as text_add_safe does and cut to RETWINE_MESSAGE_MAX. error may be NULL.
 * Returns the code. */
enum retwine_code error_set(struct retwine_error *error, enum retwine_code code, const char *format,
			    ...) PRINTF_LIKE(3, 4);

/* "out of memory", RETWINE_FAILED. */
enum retwine_code error_no_memory(struct retwine_error *error);

/* Copies words into a message of RETWINE_MESSAGE_MAX bytes, escaped, cut with "..." when too long.
 */
void words_line(char out[RETWINE_MESSAGE_MAX], const char *line);

#endif
