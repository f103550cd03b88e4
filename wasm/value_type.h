/*
 * Value types in the binary format (Core 3.0, 5.3). An index in them is checked against the types
 * that the module has so far, and comes out canonical. Types of other features are known and
 * refused by the feature's name. Errors: those of leb.h, E_WASM_END, E_WASM_BAD_TYPE,
 * E_WASM_NO_SUCH_TYPE, E_WASM_NEEDS_*.
 */
#ifndef WASM_VALUE_TYPE_H
#define WASM_VALUE_TYPE_H

#include "base/err.h"
#include "base/reader.h"
#include "wasm/module.h"

/* Takes any value type; the bytes are untrusted. */
MUST_USE enum err value_type_take(const struct wasm_module *m, struct reader *r, uint32_t *out);

/* Takes a reference type; another value type is E_WASM_BAD_TYPE. */
MUST_USE enum err value_type_take_ref(const struct wasm_module *m, struct reader *r, uint32_t *out);

/* Takes a heap type: *out is the nullable reference to it. */
MUST_USE enum err value_type_take_heap(const struct wasm_module *m, struct reader *r,
				       uint32_t *out);

#endif
