/*
 * The linker's table of definitions, by a hash of both names.
 * Trust: the names that are looked up are a module's.
 * Invariant: at most half of the slots are taken; a whole-instance definition has an empty name and
 * a key of its own.
 */
#include "wasm/linker.h"

#include <string.h>

#include "base/heap.h"

#define LINKER_CAPACITY_MIN 64u

void wasm_linker_fini(struct wasm_linker *l)
{
	heap_free(l->defs);
	*l = (struct wasm_linker){0};
}

static bool names_equal(struct wasm_name a, struct wasm_name b)
{
	return a.len == b.len && (!a.len || memcmp(a.p, b.p, a.len) == 0);
}

static uint32_t name_hash(uint32_t h, struct wasm_name name)
{
	for (uint32_t i = 0; i < name.len; i++)
		h = (h ^ (uint8_t)name.p[i]) * 16777619u; /* FNV-1a */
	return (h ^ name.len) * 16777619u;
}

/* The definition, or the free slot where it belongs. whole: of an instance. */
static struct wasm_definition *linker_slot(const struct wasm_linker *l, struct wasm_name module,
					   struct wasm_name name, bool whole)
{
	uint32_t mask = l->capacity - 1;
	uint32_t h = name_hash(name_hash(2166136261u ^ whole, module), name);

	for (uint32_t i = (h ^ h >> 15) & mask;; i = (i + 1) & mask) {
		struct wasm_definition *d = &l->defs[i];

		if (!d->module.p || ((d->instance != NULL) == whole &&
				     names_equal(d->module, module) && names_equal(d->name, name)))
			return d;
	}
}

static bool linker_reserve(struct wasm_linker *l)
{
	struct wasm_linker bigger = {
		.count = l->count, .capacity = l->capacity ? l->capacity * 2 : LINKER_CAPACITY_MIN};

	if (l->count < l->capacity / 2)
		return true;
	if (bigger.capacity == 0)
		return false;
	bigger.defs = heap_alloc_array(bigger.capacity, sizeof(*bigger.defs));
	if (!bigger.defs)
		return false;
	for (uint32_t i = 0; i < l->capacity; i++) {
		const struct wasm_definition *d = &l->defs[i];

		if (d->module.p)
			*linker_slot(&bigger, d->module, d->name, d->instance != NULL) = *d;
	}
	heap_free(l->defs);
	*l = bigger;
	return true;
}

static enum err linker_put(struct wasm_linker *l, const struct wasm_definition *def)
{
	if (!linker_reserve(l))
		return E_NOMEM;
	struct wasm_definition *d = linker_slot(l, def->module, def->name, def->instance != NULL);

	if (!d->module.p)
		l->count++;
	*d = *def;
	return E_OK;
}

enum err wasm_linker_define(struct wasm_linker *l, struct wasm_name module, struct wasm_name name,
			    struct wasm_extern value)
{
	return linker_put(l, &(struct wasm_definition){module, name, value, NULL});
}

enum err wasm_linker_define_instance(struct wasm_linker *l, struct wasm_name module,
				     const struct wasm_instance *instance)
{
	return linker_put(l, &(struct wasm_definition){.module = module, .instance = instance});
}

enum err wasm_linker_define_host(struct wasm_linker *l, struct wasm_store *s,
				 const struct wasm_host_func *funcs, size_t count, void *env)
{
	for (size_t i = 0; i < count; i++) {
		struct wasm_extern x = {.kind = WASM_KIND_FUNC};
		enum err err = wasm_func_add_host(s, &funcs[i], env, &x.func);

		if (!err)
			err = wasm_linker_define(l, wasm_name_of(funcs[i].module),
						 wasm_name_of(funcs[i].name), x);
		if (err)
			return err;
	}
	return E_OK;
}

bool wasm_linker_resolve(void *linker, struct wasm_name module, struct wasm_name name,
			 struct wasm_extern *out)
{
	const struct wasm_linker *l = linker;

	if (!l->capacity)
		return false;
	const struct wasm_definition *d = linker_slot(l, module, name, false);

	if (d->module.p) {
		*out = d->value;
		return true;
	}
	d = linker_slot(l, module, (struct wasm_name){0}, true);
	return d->module.p && wasm_instance_export(d->instance, name, out);
}
