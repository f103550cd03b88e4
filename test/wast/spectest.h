/* The module "spectest" that test scripts import from (interpreter/README of the specification). */
#ifndef TEST_WAST_SPECTEST_H
#define TEST_WAST_SPECTEST_H

#include "wasm/linker.h"

struct spectest {
	struct wasm_linker *linker;
	struct wasm_store *store;
};

/* Makes its functions, globals and table in the store and defines them. */
MUST_USE enum err spectest_define(struct spectest *t, struct wasm_linker *l, struct wasm_store *s);

/*
 * A wasm_resolve with the struct spectest as env: by the linker, and the two memories are made when
 * they are first asked for. The first memory of a store may have a place of its own (the guest
 * window), and that is to be one that the script's own modules use.
 */
bool spectest_resolve(void *spectest, struct wasm_name module, struct wasm_name name,
		      struct wasm_extern *out);

#endif
