/*
 * Glue between the table of WASI functions and the store's host functions.
 * Trust: arguments are the guest's; wasi/ checks them. A function sees the memory 0 of the instance
 * that calls it.
 */
#include "program/imports.h"

#include <string.h>

#include "base/heap.h"
#include "wasm/instance.h"

#define WASI_MODULE "wasi_snapshot_preview1"
#define PARAMS_MAX  16

struct program_import {
	struct wasi *wasi;
	const struct wasi_func *func;
};

static const uint8_t k_i32[1] = {WASM_I32};

static enum wasm_trap import_call(void *env, struct wasm_caller *caller, const uint64_t *args,
				  uint64_t *results)
{
	const struct program_import *import = env;
	const struct wasm_memory_instance *m = wasm_instance_memory(caller->instance);
	struct wasi_memory memory = {m ? m->base : NULL, m ? m->size : 0};
	uint32_t result = import->func->call(import->wasi, &memory, args);

	if (import->wasi->exited) {
		caller->exit_status = import->wasi->exit_status;
		return TRAP_EXIT;
	}
	if (import->func->returns)
		results[0] = result;
	return TRAP_NONE;
}

static void define_one(struct program_imports *p, size_t i)
{
	const struct wasi_func *f = &g_wasi_funcs[i];
	uint8_t *params = p->types + i * PARAMS_MAX;
	uint32_t count = 0;

	for (; f->params[count]; count++) {
		must(count < PARAMS_MAX);
		params[count] = f->params[count] == 'I' ? WASM_I64 : WASM_I32;
	}
	p->funcs[i] = (struct wasm_host_func){
		.module = WASI_MODULE,
		.name = f->name,
		.type = {params, k_i32, count, f->returns ? 1 : 0},
		.call = import_call,
	};
}

static enum err define_all(struct program_imports *p, struct wasm_store *store, struct wasi *wasi)
{
	enum err err = E_OK;

	for (size_t i = 0; i < g_wasi_func_count && err == E_OK; i++) {
		define_one(p, i);
		p->envs[i] = (struct program_import){wasi, &g_wasi_funcs[i]};
		err = wasm_linker_define_host(&p->linker, store, &p->funcs[i], 1, &p->envs[i]);
	}
	return err;
}

enum err program_imports_init(struct program_imports *p, struct wasm_store *store,
			      struct wasi *wasi)
{
	size_t n = g_wasi_func_count;

	*p = (struct program_imports){0};
	p->funcs = heap_alloc_array(n, sizeof(*p->funcs));
	p->envs = heap_alloc_array(n, sizeof(*p->envs));
	p->types = heap_alloc_array(n, PARAMS_MAX);
	enum err err = E_NOMEM;

	if (p->funcs && p->envs && p->types)
		err = define_all(p, store, wasi);
	if (err != E_OK)
		program_imports_fini(p);
	return err;
}

void program_imports_fini(struct program_imports *p)
{
	wasm_linker_fini(&p->linker);
	heap_free(p->funcs);
	heap_free(p->envs);
	heap_free(p->types);
	*p = (struct program_imports){0};
}
