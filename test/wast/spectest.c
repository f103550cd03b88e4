/*
 * The module "spectest": functions that print nothing, four globals, a table, a memory.
 * Trust: arguments are ignored.
 */
#include "test/wast/spectest.h"

static enum wasm_trap print(void *env, struct wasm_caller *caller, const uint64_t *args,
			    uint64_t *results)
{
	(void)env, (void)caller, (void)args, (void)results;
	return TRAP_NONE;
}

static const uint8_t i32[] = {WASM_I32}, i64[] = {WASM_I64}, f32[] = {WASM_F32}, f64[] = {WASM_F64},
		     i32_f32[] = {WASM_I32, WASM_F32}, f64_f64[] = {WASM_F64, WASM_F64};

static const struct wasm_host_func funcs[] = {
	{"spectest", "print", {0}, print},
	{"spectest", "print_i32", {.params = i32, .param_count = 1}, print},
	{"spectest", "print_i64", {.params = i64, .param_count = 1}, print},
	{"spectest", "print_f32", {.params = f32, .param_count = 1}, print},
	{"spectest", "print_f64", {.params = f64, .param_count = 1}, print},
	{"spectest", "print_i32_f32", {.params = i32_f32, .param_count = 2}, print},
	{"spectest", "print_f64_f64", {.params = f64_f64, .param_count = 2}, print},
};

static const struct {
	const char *name;
	uint8_t type;
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
		enum err err = wasm_global_add(s, (struct wasm_global_type){globals[i].type, false},
					       globals[i].value, &x.global);

		if (!err)
			err = define(l, globals[i].name, x);
		if (err)
			return err;
	}
	return E_OK;
}

enum err spectest_define(struct wasm_linker *l, struct wasm_store *s)
{
	struct wasm_extern table = {.kind = WASM_KIND_TABLE}, memory = {.kind = WASM_KIND_MEMORY};
	enum err err = wasm_linker_define_host(l, s, funcs, COUNT_OF(funcs), NULL);

	if (!err)
		err = define_globals(l, s);
	if (!err)
		err = wasm_table_add(s, &(struct wasm_table_type){WASM_FUNCREF, {10, 20, true}},
				     &table.table);
	if (!err)
		err = define(l, "table", table);
	if (!err)
		err = wasm_memory_add(s, &(struct wasm_memory_type){{1, 2, true}}, &memory.memory);
	if (!err)
		err = define(l, "memory", memory);
	return err;
}
