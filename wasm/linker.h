/*
 * Names for what modules import: host functions and other things one by one, or all exports of an
 * instance. wasm_linker_resolve is a wasm_resolve with the linker as env.
 */
#ifndef WASM_LINKER_H
#define WASM_LINKER_H

#include "wasm/instance.h"

struct wasm_definition {
	struct wasm_name module;
	struct wasm_name name;
	struct wasm_extern value;
	const struct wasm_instance
		*instance; /* set: all its exports; name and value are not used */
};

/* Zeroed is an empty linker. */
struct wasm_linker {
	struct wasm_definition *defs; /* hash table; module.p NULL: free */
	uint32_t count;
	uint32_t capacity; /* a power of two, or 0 */
};

void wasm_linker_fini(struct wasm_linker *l);

/* Each adds or replaces. The names are the caller's and outlive the linker. Errors: E_NOMEM. */
MUST_USE enum err wasm_linker_define(struct wasm_linker *l, struct wasm_name module,
				     struct wasm_name name, struct wasm_extern value);
MUST_USE enum err wasm_linker_define_instance(struct wasm_linker *l, struct wasm_name module,
					      const struct wasm_instance *instance);

/* Makes instances of `count` host functions in the store, all with one env, and defines them. */
MUST_USE enum err wasm_linker_define_host(struct wasm_linker *l, struct wasm_store *s,
					  const struct wasm_host_func *funcs, size_t count,
					  void *env);

bool wasm_linker_resolve(void *linker, struct wasm_name module, struct wasm_name name,
			 struct wasm_extern *out);

static inline struct wasm_name wasm_name_of(const char *s)
{
	return (struct wasm_name){s, (uint32_t)__builtin_strlen(s)};
}

#endif
