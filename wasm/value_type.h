/*
 * Value types in the binary format (Core 2.0, 5.3). Types of other features are known and refused
 * by the feature's name. Errors: E_WASM_END, E_WASM_BAD_TYPE, E_WASM_NEEDS_*.
 */
#ifndef WASM_VALUE_TYPE_H
#define WASM_VALUE_TYPE_H

#include "base/err.h"
#include "base/reader.h"
#include "wasm/types.h"

/* Takes any value type; the bytes are untrusted. */
MUST_USE enum err value_type_take(struct reader *r, uint8_t *out);

/* Takes a reference type; another value type is E_WASM_BAD_TYPE. */
MUST_USE enum err value_type_take_ref(struct reader *r, uint8_t *out);

#endif
