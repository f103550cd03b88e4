/*
 * The module "spectest": functions that print nothing, four globals, a table, a memory, and the
 * shared memory of the threads proposal. Its table64 is missing, as 64-bit tables are.
 * Trust: arguments are ignored.
 */
#include "test/wast/spectest.h"

#include <string.h>

static enum wasm_trap print(void *env, struct wasm_caller *caller, const uint64_t *args,
			    uint64_t *results)
{
	(void)env, (void)caller, (void)args, (void)results;
	return TRAP_NONE;
}

static const uint32_t i32[] = {WASM_I32}, i64[] = {WASM_I64}, f32[] = {WASM_F32},
		      f64[] = {WASM_F64}, i32_f32[] = {WASM_I32, WASM_F32},
		      f64_f64[] = {WASM_F64, WASM_F64};

#define PARAMS(types)                                                                              \
	{                                                                                          \
		.params = (types), .param_count = COUNT_OF(types), .param_slots = COUNT_OF(types)  \
	}

static const struct wasm_host_func funcs[] = {
	{"spectest", "print", {0}, print},
	{"spectest", "print_i32", PARAMS(i32), print},
	{"spectest", "print_i64", PARAMS(i64), print},
	{"spectest", "print_f32", PARAMS(f32), print},
	{"spectest", "print_f64", PARAMS(f64), print},
	{"spectest", "print_i32_f32", PARAMS(i32_f32), print},
	{"spectest", "print_f64_f64", PARAMS(f64_f64), print},
};

static const struct {
	const char *name;
	uint32_t type;
	uint64_t value;
} globals[] = {
	{"global_i32", WASM_I32, 666},
	{"global_i64", WASM_I64, 666},
	{"global_f32", WASM_F32, 0x4426a666},	      /* 666.6 */
	{"global_f64", WASM_F64, 0x4084d4cccccccccd}, /* 666.6 */
};

static enum err define(struct wasm_linker *l, const char *name, struct wasm_extern x)
{
	return wasm_linker_define(l, wasm_name_of("spectest"), wasm_name_of(name), x);
}

static enum err define_globals(struct wasm_linker *l, struct wasm_store *s)
{
	for (size_t i = 0; i < COUNT_OF(globals); i++) {
		struct wasm_extern x = {.kind = WASM_KIND_GLOBAL};
		const uint64_t value[2] = {globals[i].value, 0};
		enum err err = wasm_global_add(s, (struct wasm_global_type){globals[i].type, false},
					       value, &x.global);

		if (!err)
			err = define(l, globals[i].name, x);
		if (err)
			return err;
	}
	return E_OK;
}

static enum err define_table(struct wasm_linker *l, struct wasm_store *s)
{
	const struct wasm_table_type type = {WASM_FUNCREF, {10, 20, true}};
	struct wasm_extern x = {.kind = WASM_KIND_TABLE};
	enum err err = wasm_table_add(s, &type, &x.table);

	return err ? err : define(l, "table", x);
}

static enum err define_memory(struct spectest *t, const char *name, bool shared)
{
	const struct wasm_memory_type type = {{1, 2, true}, shared};
	struct wasm_extern x = {.kind = WASM_KIND_MEMORY};
	enum err err = wasm_memory_add(t->store, &type, &x.memory);

	return err ? err : define(t->linker, name, x);
}

enum err spectest_define(struct spectest *t, struct wasm_linker *l, struct wasm_store *s)
{
	*t = (struct spectest){l, s};
	enum err err = wasm_linker_define_host(l, s, funcs, COUNT_OF(funcs), NULL);

	if (!err)
		err = define_globals(l, s);
	return err ? err : define_table(l, s);
}

static bool name_is(struct wasm_name name, const char *text)
{
	const struct wasm_name other = wasm_name_of(text);

	return name.len == other.len && memcmp(name.p, other.p, other.len) == 0;
}

bool spectest_resolve(void *spectest, struct wasm_name module, struct wasm_name name,
		      struct wasm_extern *out)
{
	struct spectest *t = spectest;
	const bool shared = name_is(name, "shared_memory");

	if (wasm_linker_resolve(t->linker, module, name, out))
		return true;
	if (!name_is(module, "spectest") || (!shared && !name_is(name, "memory")))
		return false;
	return define_memory(t, shared ? "shared_memory" : "memory", shared) == E_OK &&
	       wasm_linker_resolve(t->linker, module, name, out);
}
