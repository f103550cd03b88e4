/* A module of modules.h, decoded, validated, instantiated, and called by export names. */
#ifndef TEST_UNIT_GUEST_MODULE_H
#define TEST_UNIT_GUEST_MODULE_H

#include <string.h>

#include "interp/interp.h"
#include "wasm/linker.h"
#include "wasm/validate.h"

struct guest {
	struct wasm_store store;
	struct wasm_linker linker;
	struct interp_thread thread;
	struct wasm_module modules[4];
	size_t module_count;
	struct wasm_instance *instance; /* the newest */
	struct wasm_link_error error;
	uint64_t result[2];
};

static inline enum err guest_init(struct guest *g, const struct wasm_store_config *config,
				  const struct interp_limits *limits)
{
	*g = (struct guest){.module_count = 0};
	enum err err = wasm_store_init(&g->store, config);

	interp_store_init(&g->store);
	return err ? err : interp_thread_init(&g->thread, &g->store, limits);
}

static inline void guest_fini(struct guest *g)
{
	interp_thread_fini(&g->thread);
	wasm_linker_fini(&g->linker);
	wasm_store_fini(&g->store);
	for (size_t i = 0; i < g->module_count; i++)
		wasm_module_fini(&g->modules[i]);
}

static inline enum err guest_add(struct guest *g, const void *bytes, size_t size)
{
	struct wasm_module *m = &g->modules[g->module_count];
	struct wasm_error error;
	enum err err = wasm_decode(m, &error, bytes, size);

	if (err)
		return err;
	g->module_count++;
	err = wasm_validate(m, &error);
	if (err)
		return err;
	return wasm_instantiate(&g->store, m, wasm_linker_resolve, &g->linker, &g->instance,
				&g->error);
}

/* Results are in g->result. A missing export is TRAP_COUNT. */
static inline enum wasm_trap guest_call(struct guest *g, const char *name, uint64_t a, uint64_t b,
					uint64_t c)
{
	uint64_t args[3] = {a, b, c};
	struct wasm_extern x;

	if (!wasm_instance_export(g->instance, wasm_name_of(name), &x) || x.kind != WASM_KIND_FUNC)
		return TRAP_COUNT;
	return interp_call(&g->thread, x.func, args, g->result);
}

#endif
