/*
 * One thread of a program: its store, its instance of the module, and what it runs.
 * Trust: the module is decoded and validated; what it imports is matched here and in wasm/.
 * Invariant: all threads see the same memory for the same import.
 */
#include <string.h>

#include "program/impl.h"

#define THREAD_ENTRY "wasi_thread_start" /* the wasi-threads proposal */

/* The memory of one import: made by the first thread, found by the others. */
static enum err thread_define_memory(struct program *p, struct program_thread *t,
				     const struct wasm_import *import)
{
	struct wasm_memory_instance **memory = &p->memories[import->index];
	enum err err = E_OK;

	if (!*memory) {
		must(t == &p->first);
		err = wasm_memory_add(&t->store, &p->module.memories[import->index], memory);
	}
	if (err != E_OK)
		return err;
	return wasm_linker_define(
		&t->linker, import->module, import->name,
		(struct wasm_extern){.kind = WASM_KIND_MEMORY, .memory = *memory});
}

/* Every shared memory that the module imports is there, whatever its name, unless that name means
 * something else already: then the types do not match. */
static enum err thread_define_memories(struct program *p, struct program_thread *t)
{
	const struct wasm_module *m = &p->module;
	struct wasm_extern taken;
	enum err err = E_OK;

	for (uint32_t i = 0; i < m->import_count && err == E_OK; i++) {
		const struct wasm_import *import = &m->imports[i];

		if (import->kind == WASM_KIND_MEMORY && m->memories[import->index].shared &&
		    !wasm_linker_resolve(&t->linker, import->module, import->name, &taken))
			err = thread_define_memory(p, t, import);
	}
	return err;
}

enum err program_thread_init(struct program *p, struct program_thread *t,
			     struct wasm_link_error *error)
{
	const struct wasm_store_config config = {
		.memory_ops = program_memory_ops(),
		.max_memory_pages = p->max_memory_pages,
		.control = &p->control,
	};
	enum err err = wasm_store_init(&t->store, &config);

	if (err != E_OK)
		return err;
	err = program_engine_init(p, t);
	if (err == E_OK)
		err = program_imports_define(&p->imports, &t->store, &t->linker);
	if (err == E_OK)
		err = thread_define_memories(p, t);
	if (err == E_OK)
		err = wasm_instantiate(&t->store, &p->module, wasm_linker_resolve, &t->linker,
				       &t->instance, error);
	return err;
}

void program_thread_fini(struct program_thread *t)
{
	program_engine_fini(t);
	wasm_store_fini(&t->store);
	wasm_linker_fini(&t->linker);
}

enum wasm_trap program_thread_begin(struct program_thread *t)
{
	const struct wasm_func_instance *start = wasm_instance_start(t->instance);

	return start ? program_engine_call(t, start, NULL, NULL) : TRAP_NONE;
}

bool program_has_thread_entry(const struct wasm_module *m)
{
	const struct wasm_export *export =
		wasm_export_find(m, THREAD_ENTRY, sizeof(THREAD_ENTRY) - 1);

	if (!export || export->kind != WASM_KIND_FUNC)
		return false;
	const struct wasm_func_type *type = wasm_func_type(m, export->index);

	return type->param_count == 2 && type->params[0] == WASM_I32 &&
	       type->params[1] == WASM_I32 && type->result_count == 0;
}

enum wasm_trap program_thread_call(struct program_thread *t)
{
	const uint64_t args[2] = {t->id, t->argument};
	struct wasm_extern entry;
	const enum wasm_trap trap = program_thread_begin(t);

	if (trap != TRAP_NONE)
		return trap;
	must(wasm_instance_export(t->instance, wasm_name_of(THREAD_ENTRY), &entry));
	return program_engine_call(t, entry.func, args, NULL);
}
