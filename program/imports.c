/*
 * Glue between the table of WASI functions and the store's host functions.
 * Trust: arguments are the guest's; wasi/ checks them. A function sees the memory 0 of the instance
 * that calls it.
 * Invariant: a call that returns after the program was told to end does not return to the guest.
 */
#include "program/imports.h"

#include <string.h>

#include "base/heap.h"
#include "program/impl.h"

#define THREADS_MODULE "wasi" /* the wasi-threads proposal */
#define THREADS_SPAWN  "thread-spawn"
#define PARAMS_MAX     16

struct program_import {
	struct program *program;
	const struct wasi_func *func; /* NULL: thread-spawn */
};

static const uint32_t k_i32[1] = {WASM_I32};

/* What stands against going on in the guest. */
static enum wasm_trap import_end(struct program *p, struct wasm_caller *caller)
{
	if (wasi_exited(&p->wasi, &caller->exit_status))
		return TRAP_EXIT;
	return program_stop_reason(p);
}

/* Base and size of a shared memory hold for the call; one of another kind has no other thread. */
static struct wasi_memory import_memory(const struct wasm_caller *caller)
{
	const struct wasm_memory_instance *m = wasm_instance_memory(caller->instance);
	const uint64_t size = m ? wasm_memory_size(m) : 0;

	return (struct wasi_memory){size != 0 ? m->base : NULL, size};
}

static enum wasm_trap import_call(void *env, struct wasm_caller *caller, const uint64_t *args,
				  uint64_t *results)
{
	const struct program_import *import = env;
	const struct wasi_memory memory = import_memory(caller);
	const uint32_t result = import->func->call(&import->program->wasi, &memory, args);
	const enum wasm_trap end = import_end(import->program, caller);

	if (end == TRAP_NONE && import->func->returns)
		results[0] = result;
	return end;
}

static enum wasm_trap import_spawn(void *env, struct wasm_caller *caller, const uint64_t *args,
				   uint64_t *results)
{
	const struct program_import *import = env;
	const int32_t id = program_spawn(import->program, (uint32_t)args[0]);

	results[0] = (uint32_t)id;
	return import_end(import->program, caller);
}

static void describe_wasi(struct program_imports *imports, size_t i)
{
	const struct wasi_func *f = &g_wasi_funcs[i];
	uint32_t *params = imports->types + i * PARAMS_MAX;
	uint32_t count = 0;

	for (; f->params[count]; count++) {
		must(count < PARAMS_MAX);
		params[count] = f->params[count] == 'I' ? WASM_I64 : WASM_I32;
	}
	imports->envs[i].func = f;
	imports->funcs[i] = (struct wasm_host_func){
		.module = f->module,
		.name = f->name,
		.type = {.params = params,
			 .results = k_i32,
			 .param_count = count,
			 .result_count = f->returns ? 1 : 0,
			 .param_slots = count,
			 .result_slots = f->returns ? 1 : 0},
		.call = import_call,
	};
}

static void describe_all(struct program_imports *imports, struct program *program)
{
	for (size_t i = 0; i < g_wasi_func_count; i++)
		describe_wasi(imports, i);
	imports->funcs[g_wasi_func_count] = (struct wasm_host_func){
		.module = THREADS_MODULE,
		.name = THREADS_SPAWN,
		.type = {.params = k_i32,
			 .results = k_i32,
			 .param_count = 1,
			 .result_count = 1,
			 .param_slots = 1,
			 .result_slots = 1},
		.call = import_spawn,
	};
	for (size_t i = 0; i < imports->count; i++)
		imports->envs[i].program = program;
}

enum err program_imports_init(struct program_imports *imports, struct program *program)
{
	const size_t n = g_wasi_func_count + 1;

	*imports = (struct program_imports){
		.funcs = heap_alloc_array(n, sizeof(*imports->funcs)),
		.envs = heap_alloc_array(n, sizeof(*imports->envs)),
		.types = heap_alloc_array(n, PARAMS_MAX * sizeof(*imports->types)),
		.count = n,
	};
	if (!imports->funcs || !imports->envs || !imports->types) {
		program_imports_fini(imports);
		return E_NOMEM;
	}
	describe_all(imports, program);
	return E_OK;
}

void program_imports_fini(struct program_imports *imports)
{
	heap_free(imports->funcs);
	heap_free(imports->envs);
	heap_free(imports->types);
	*imports = (struct program_imports){0};
}

enum err program_imports_define(const struct program_imports *imports, struct wasm_store *store,
				struct wasm_linker *linker)
{
	enum err err = E_OK;

	for (size_t i = 0; i < imports->count && err == E_OK; i++)
		err = wasm_linker_define_host(linker, store, &imports->funcs[i], 1,
					      &imports->envs[i]);
	return err;
}

static bool name_is(struct wasm_name name, const char *s)
{
	return name.len == strlen(s) && memcmp(name.p, s, name.len) == 0;
}

bool program_imports_spawn(const struct wasm_module *m)
{
	for (uint32_t i = 0; i < m->import_count; i++) {
		const struct wasm_import *import = &m->imports[i];

		if (import->kind == WASM_KIND_FUNC && name_is(import->module, THREADS_MODULE) &&
		    name_is(import->name, THREADS_SPAWN))
			return true;
	}
	return false;
}
