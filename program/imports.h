/*
 * What a program may import: the functions of WASI preview1 and of wasi-threads, as host functions.
 * One set serves all threads of a program.
 */
#ifndef PROGRAM_IMPORTS_H
#define PROGRAM_IMPORTS_H

#include "base/err.h"
#include "wasm/linker.h"

struct program;
struct program_import; /* one function with its surroundings */

/* Zeroed is safe to fini. */
struct program_imports {
	struct wasm_host_func *funcs;
	struct program_import *envs;
	uint32_t *types; /* parameter types of all functions */
	size_t count;
};

/* Describes all functions; they work on `program`. Errors: E_NOMEM. */
MUST_USE enum err program_imports_init(struct program_imports *imports, struct program *program);
void program_imports_fini(struct program_imports *imports);

/* Makes the functions in a thread's store, under their names. Errors: E_NOMEM. */
MUST_USE enum err program_imports_define(const struct program_imports *imports,
					 struct wasm_store *store, struct wasm_linker *linker);

/* Does the module import the function that starts threads? */
MUST_USE bool program_imports_spawn(const struct wasm_module *m);

#endif
