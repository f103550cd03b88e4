/*
 * Type checking of function bodies: the algorithm of Core 3.0, appendix A.3, in time linear in the
 * size of the body, without recursion.
 */
#ifndef WASM_VALIDATE_H
#define WASM_VALIDATE_H

#include "wasm/module.h"

/*
 * Checks every body of a decoded module and fills the second half of each struct wasm_body. On an
 * error, which `error` tells, the module must not be run. Errors: E_WASM_*, E_NOMEM.
 */
MUST_USE enum err wasm_validate(struct wasm_module *m, struct wasm_error *error);

#endif
