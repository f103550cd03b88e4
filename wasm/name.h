/* Names in the binary format (Core 3.0, 5.2.4). */
#ifndef WASM_NAME_H
#define WASM_NAME_H

#include "base/err.h"
#include "base/reader.h"
#include "wasm/types.h"

/*
 * Takes a length and as many bytes of UTF-8; they stay where they are. The bytes are untrusted.
 * Errors: those of leb.h, E_WASM_LONG_NAME, E_WASM_UTF8.
 */
MUST_USE enum err name_take(struct reader *r, struct wasm_name *out);

/* Equality with a C string of ours. */
bool name_is(const struct wasm_name *name, const char *text);

#endif
