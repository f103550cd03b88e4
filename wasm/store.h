/* The inside of struct wasm_store, for the files of this directory that fill it. */
#ifndef WASM_STORE_H
#define WASM_STORE_H

#include "wasm/instance.h"

struct wasm_table_list {
	struct wasm_table_list *next;
	struct wasm_table_instance table;
};

struct wasm_memory_list {
	struct wasm_memory_list *next;
	struct wasm_memory_instance memory;
};

/* Room for `count` more functions; false: no memory. */
MUST_USE bool wasm_store_reserve_funcs(struct wasm_store *s, uint32_t count);

/* Gives the function a reference and no code yet; room was reserved. */
void wasm_store_add_func(struct wasm_store *s, struct wasm_func_instance *func);

#endif
