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

struct wasm_global_list {
	struct wasm_global_list *next;
	struct wasm_global_instance global;
};

/* On the stack of a thread that waits on a shared memory. */
struct wasm_waiter {
	struct wasm_waiter *next;
	uint64_t address;
	uint32_t thread;
	bool woken;
};

/* Room for `count` more functions; false: no memory. */
MUST_USE bool wasm_store_reserve_funcs(struct wasm_store *s, uint32_t count);

/* Gives the function a reference and no code yet; room was reserved. */
void wasm_store_add_func(struct wasm_store *s, struct wasm_func_instance *func);

/* Fills inst->sigs and inst->types, which have room. Errors: E_NOMEM, E_LIMIT. */
MUST_USE enum err wasm_store_add_types(struct wasm_instance *inst);

/* Takes pages out of those that the store's memories may have, or gives them back. Any thread. */
MUST_USE bool wasm_store_take_pages(struct wasm_store *s, uint64_t pages);
void wasm_store_give_pages(struct wasm_store *s, uint64_t pages);

void wasm_exceptions_init(struct wasm_exceptions *e);
void wasm_exceptions_fini(struct wasm_exceptions *e);

#endif
