/* Constant expressions (Core 3.0, 3.4.13). */
#ifndef WASM_EXPR_H
#define WASM_EXPR_H

#include "wasm/module.h"
#include "wasm/type_stack.h"

/*
 * Takes a constant expression off r, checks that it yields one value of `type`, and marks the
 * functions that it names as declared. The module's functions and globals before it are known; the
 * bytes are untrusted. `stack` is scratch. Errors: E_WASM_*, E_NOMEM.
 */
MUST_USE enum err expr_take(struct wasm_module *m, struct wasm_expr *out, struct reader *r,
			    struct type_stack *stack, uint32_t type);

#endif
