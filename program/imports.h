/* What a program may import: the functions of WASI preview1, as host functions of the store. */
#ifndef PROGRAM_IMPORTS_H
#define PROGRAM_IMPORTS_H

#include "base/err.h"
#include "wasi/wasi.h"
#include "wasm/linker.h"

struct program_import; /* one function with its surroundings */

/* Zeroed is safe to fini. */
struct program_imports {
	struct wasm_host_func *funcs;
	struct program_import *envs;
	uint8_t *types; /* parameter types of all functions */
	struct wasm_linker linker;
};

/* Defines all functions of `wasi`, which outlives the store. Errors: E_NOMEM. */
MUST_USE enum err program_imports_init(struct program_imports *p, struct wasm_store *store,
				       struct wasi *wasi);
void program_imports_fini(struct program_imports *p);

#endif
