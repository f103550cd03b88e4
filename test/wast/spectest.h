/* The module "spectest" that test scripts import from (interpreter/README of the specification). */
#ifndef TEST_WAST_SPECTEST_H
#define TEST_WAST_SPECTEST_H

#include "wasm/linker.h"

/* Makes its functions, globals, table and memory in the store and defines them. */
MUST_USE enum err spectest_define(struct wasm_linker *l, struct wasm_store *s);

#endif
