/*
 * The function types of a store by number.
 * Trust: types come from validated modules, whose choice they are, or from the embedder.
 * Invariant: equal types have one number; a type refers to numbers up to its own.
 */
#include <string.h>

#include "base/heap.h"
#include "wasm/store.h"

#define SIG_CAPACITY_MIN 64u
#define SIG_MAX		 WASM_HEAP /* that number is no type's */

static enum err sig_reserve(struct wasm_store *s)
{
	const uint32_t capacity = s->sig_capacity ? s->sig_capacity * 2 : SIG_CAPACITY_MIN;

	if (s->sig_count == SIG_MAX)
		return E_LIMIT;
	if (s->sig_count < s->sig_capacity)
		return E_OK;
	struct wasm_func_type *sigs = heap_resize(s->sigs, s->sig_capacity * sizeof(*sigs),
						  (size_t)capacity * sizeof(*sigs));

	if (!sigs)
		return E_NOMEM;
	s->sigs = sigs;
	s->sig_capacity = capacity;
	return E_OK;
}

/* A reference of the type to itself has the next number, s->sig_count. */
enum err wasm_sig_intern(struct wasm_store *s, const struct wasm_func_type *type, uint32_t *sig)
{
	enum err err = sig_reserve(s);

	if (!err)
		err = type_set_reserve(&s->sig_set, s->sig_count + 1);
	if (err)
		return err;
	s->sigs[s->sig_count] = *type;
	*sig = type_set_add(&s->sig_set, s->sigs, s->sig_count);
	if (*sig == s->sig_count)
		s->sig_count++;
	return E_OK;
}

/* ---- types of a module ----------------------------------------------------------------------- */

uint32_t wasm_store_type(const struct wasm_instance *inst, uint32_t type)
{
	if (!wasm_type_is_concrete(type))
		return type;
	return (type & ~WASM_HEAP) | inst->sigs[type & WASM_HEAP];
}

static bool sig_has_concrete(const uint32_t *types, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (wasm_type_is_concrete(types[i]))
			return true;
	}
	return false;
}

/* Copies the vectors of a type of the module, if they look different in the store. */
static enum err sig_translate(const struct wasm_instance *inst, struct wasm_func_type *type)
{
	const uint32_t params = type->param_count, results = type->result_count;

	if (!sig_has_concrete(type->params, params) && !sig_has_concrete(type->results, results))
		return E_OK;
	uint32_t *words = arena_alloc_array(&inst->store->arena, params + results, sizeof *words);

	if (!words)
		return E_NOMEM;
	for (uint32_t i = 0; i < params; i++)
		words[i] = wasm_store_type(inst, type->params[i]);
	for (uint32_t i = 0; i < results; i++)
		words[params + i] = wasm_store_type(inst, type->results[i]);
	type->params = words;
	type->results = words + params;
	return E_OK;
}

/* The types before it are done. */
static enum err sig_of_type(struct wasm_instance *inst, uint32_t index)
{
	struct wasm_store *s = inst->store;
	struct wasm_func_type type = inst->module->types[index];

	if (type.canonical != index) {
		inst->sigs[index] = inst->sigs[type.canonical];
		return E_OK;
	}
	inst->sigs[index] = s->sig_count; /* for references to itself */
	enum err err = sig_translate(inst, &type);

	return err ? err : wasm_sig_intern(s, &type, &inst->sigs[index]);
}

enum err wasm_store_add_types(struct wasm_instance *inst)
{
	for (uint32_t i = 0; i < inst->module->type_count; i++) {
		enum err err = sig_of_type(inst, i);

		if (err)
			return err;
		inst->types[i] = inst->store->sigs[inst->sigs[i]];
	}
	return E_OK;
}
