/*
 * Runs a module and tells what it does.
 * Trust: the module is untrusted; it is decoded and validated first.
 */
#include "test/differential/observe.h"

#include <string.h>

#include "base/heap.h"
#include "wasm/linker.h"
#include "wasm/validate.h"

#define IMPORTS_MAX 256u
#define SLOTS_MAX   4096u
#define TEXT_SIZE   2048u

struct run {
	struct wasm_module module;
	struct wasm_store store;
	struct engine_thread thread;
	struct wasm_control control;
	struct wasm_host_func hosts[IMPORTS_MAX];
	uint32_t next_import;
	struct observe_options options;
	const struct observe_out *out;
	size_t text_size; /* not yet written */
	char text[TEXT_SIZE];
	uint64_t args[SLOTS_MAX]; /* zeros */
	uint64_t results[SLOTS_MAX];
};

const char *observe_err_name(enum err e)
{
	static const char *const names[] = {
#define ERR(name, words) [E_##name] = #name,
#include "base/err.def"
#undef ERR
	};

	return names[e];
}

/*
 * Kinds of traps as far as every engine tells them apart: V8 has one message for a float that is out
 * of range and one that is no number, and one for a null and a wrong function of a table; and an
 * atomic access may be out of bounds and unaligned at once.
 */
static const char *trap_kind(enum wasm_trap trap)
{
	switch (trap) {
	case TRAP_UNREACHABLE:
		return "unreachable";
	case TRAP_MEMORY_BOUNDS:
	case TRAP_UNALIGNED_ATOMIC:
		return "memory";
	case TRAP_TABLE_BOUNDS:
	case TRAP_UNDEFINED_ELEMENT:
		return "table";
	case TRAP_UNINITIALIZED_ELEMENT:
	case TRAP_INDIRECT_CALL_TYPE:
		return "indirect";
	case TRAP_DIVIDE_BY_ZERO:
		return "divide";
	case TRAP_INTEGER_OVERFLOW:
	case TRAP_INVALID_CONVERSION:
		return "unrepresentable";
	case TRAP_NULL_REFERENCE:
	case TRAP_NULL_FUNCTION:
	case TRAP_NULL_EXCEPTION:
		return "null";
	case TRAP_UNCAUGHT_EXCEPTION:
		return "exception";
	case TRAP_EXPECTED_SHARED:
		return "unshared";
	case TRAP_STACK_EXHAUSTED:
		return "exhausted";
	case TRAP_OUT_OF_FUEL:
		return "fuel";
	default:
		return "other";
	}
}

static const char *trap_name(enum wasm_trap trap)
{
	static const char *const names[TRAP_COUNT] = {
#define TRAP(name, words) #name,
#include "wasm/trap.def"
#undef TRAP
	};

	return trap < TRAP_COUNT ? names[trap] : "no trap of ours";
}

/* ---- text ------------------------------------------------------------------------------------ */

static void text_flush(struct run *r)
{
	if (r->text_size)
		r->out->write(r->out->env, r->text, r->text_size);
	r->text_size = 0;
}

static void text_char(struct run *r, char c)
{
	if (r->text_size == TEXT_SIZE)
		text_flush(r);
	r->text[r->text_size++] = c;
}

static void text_words(struct run *r, const char *words)
{
	while (*words)
		text_char(r, *words++);
}

static void text_number(struct run *r, uint64_t v, unsigned base, unsigned digits_min)
{
	char digits[20];
	unsigned n = 0;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v || n < digits_min);
	while (n)
		text_char(r, digits[--n]);
}

static void text_hex(struct run *r, const char *prefix, uint64_t v)
{
	text_words(r, prefix);
	text_number(r, v, 16, 1);
}

static void text_name(struct run *r, struct wasm_name name)
{
	for (uint32_t i = 0; i < name.len; i++)
		text_char(r, name.p[i] > ' ' && name.p[i] <= '~' ? name.p[i] : '?');
}

static void text_trap(struct run *r, enum wasm_trap trap)
{
	text_words(r, "! ");
	text_words(r, r->options.exact ? trap_name(trap) : trap_kind(trap));
	text_char(r, '\n');
}

/* ---- values ---------------------------------------------------------------------------------- */

static void text_value(struct run *r, uint32_t type, const uint64_t *slots)
{
	switch (type) {
	case WASM_I32:
		text_hex(r, " i32:", (uint32_t)slots[0]);
		return;
	case WASM_I64:
		text_hex(r, " i64:", slots[0]);
		return;
	case WASM_F32:
		if ((slots[0] & 0x7fffffff) > 0x7f800000)
			text_words(r, " f32:nan");
		else
			text_hex(r, " f32:", (uint32_t)slots[0]);
		return;
	case WASM_F64:
		if ((slots[0] & INT64_MAX) > 0x7ff0000000000000)
			text_words(r, " f64:nan");
		else
			text_hex(r, " f64:", slots[0]);
		return;
	case WASM_V128:
		text_words(r, " v128:");
		text_number(r, slots[1], 16, 16);
		text_number(r, slots[0], 16, 16);
		return;
	default:
		text_words(r, slots[0] ? " ref:some" : " ref:null");
	}
}

static void text_values(struct run *r, const uint32_t *types, uint32_t count, const uint64_t *slots)
{
	for (uint32_t i = 0; i < count; i++) {
		text_value(r, types[i], slots);
		slots += wasm_type_slots(types[i]);
	}
	text_char(r, '\n');
}

/* ---- imports --------------------------------------------------------------------------------- */

/* What a host function has as its env. */
struct observed_import {
	struct run *run;
	const struct wasm_import *import;
};

static enum wasm_trap host_call(void *env, struct wasm_caller *caller, const uint64_t *args,
				uint64_t *results)
{
	const struct observed_import *x = env;
	const struct wasm_func_type *type = wasm_func_type(&x->run->module, x->import->index);

	(void)caller;
	text_words(x->run, "  ");
	text_name(x->run, x->import->name);
	text_values(x->run, type->params, type->param_count, args);
	memset(results, 0, type->result_slots * sizeof(*results));
	return TRAP_NONE;
}

/* Imports are asked for in their order. */
static bool resolve(void *env, struct wasm_name module, struct wasm_name name,
		    struct wasm_extern *out)
{
	struct run *r = env;
	const struct wasm_import *import = &r->module.imports[r->next_import];
	struct observed_import *x;

	(void)module, (void)name;
	if (r->next_import == IMPORTS_MAX || import->kind != WASM_KIND_FUNC)
		return false;
	struct wasm_host_func *host = &r->hosts[r->next_import++];

	x = arena_alloc(&r->store.arena, sizeof *x);
	if (!x)
		return false;
	*x = (struct observed_import){r, import};
	*host = (struct wasm_host_func){"", "", *wasm_func_type(&r->module, import->index),
					host_call};
	out->kind = WASM_KIND_FUNC;
	return wasm_func_add_host(&r->store, host, x, &out->func) == E_OK;
}

/* ---- running --------------------------------------------------------------------------------- */

/* What JavaScript cannot give or take is left out on both sides. */
static bool is_foreign(const uint32_t *types, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (wasm_type_is_ref(types[i]) &&
		    (wasm_type_top(types[i]) == WASM_HEAP_EXN || !(types[i] & WASM_NULLABLE)))
			return true;
	}
	return false;
}

static void refuel(struct run *r)
{
	__atomic_store_n(&r->control.fuel, r->options.fuel, __ATOMIC_RELAXED);
}

static void tell_fuel(struct run *r)
{
	if (!r->options.exact || !r->control.metered)
		return;
	text_words(r, "  fuel ");
	text_number(r, __atomic_load_n(&r->control.fuel, __ATOMIC_RELAXED), 10, 1);
	text_char(r, '\n');
}

/* Returns false when engines may differ from here on, by their own limits. */
static bool call(struct run *r, const struct wasm_func_instance *func)
{
	const struct wasm_func_type *type = func->type;

	if (is_foreign(type->params, type->param_count) ||
	    is_foreign(type->results, type->result_count) || type->param_slots > SLOTS_MAX ||
	    type->result_slots > SLOTS_MAX) {
		text_words(r, "  skipped\n");
		return true;
	}
	enum wasm_trap trap = engine_call(&r->thread, func, r->args, r->results);

	text_words(r, "  ");
	if (trap == TRAP_NONE) {
		text_char(r, '=');
		text_values(r, type->results, type->result_count, r->results);
	} else {
		text_trap(r, trap);
	}
	if (trap == TRAP_STACK_EXHAUSTED || trap == TRAP_OUT_OF_MEMORY)
		return false;
	tell_fuel(r);
	return trap != TRAP_OUT_OF_FUEL || r->options.exact;
}

static bool run_exports(struct run *r, const struct wasm_instance *inst)
{
	struct wasm_extern hang_limit;
	bool has_hang_limit =
		wasm_instance_export(inst, wasm_name_of("hangLimitInitializer"), &hang_limit) &&
		hang_limit.kind == WASM_KIND_FUNC;

	for (uint32_t i = 0; i < r->module.export_count; i++) {
		const struct wasm_export *export = &r->module.exports[i];

		if (export->kind != WASM_KIND_FUNC)
			continue;
		refuel(r);
		if (has_hang_limit && engine_call(&r->thread, hang_limit.func, NULL, NULL))
			return false;
		text_words(r, "call ");
		text_name(r, export->name);
		text_char(r, '\n');
		if (!call(r, inst->funcs[export->index]))
			return false;
	}
	return true;
}

/* ---- the state afterwards -------------------------------------------------------------------- */

static void text_memory(struct run *r, const struct wasm_memory_instance *m)
{
	uint32_t hash = 0x811c9dc5; /* FNV-1a over words */
	uint64_t size = wasm_memory_size(m);

	for (uint64_t i = 0; i < size; i += 4) {
		uint32_t word;

		memcpy(&word, m->base + i, 4);
		hash = (hash ^ word) * 0x01000193;
	}
	text_char(r, ' ');
	text_number(r, size, 10, 1);
	text_hex(r, " ", hash);
	text_char(r, '\n');
}

static void tell_exports(struct run *r, const struct wasm_instance *inst)
{
	for (uint32_t i = 0; i < r->module.export_count; i++) {
		const struct wasm_export *export = &r->module.exports[i];

		if (export->kind == WASM_KIND_MEMORY) {
			text_words(r, "memory ");
			text_name(r, export->name);
			text_memory(r, inst->memories[export->index]);
		} else if (export->kind == WASM_KIND_GLOBAL) {
			const struct wasm_global_instance *g = inst->globals[export->index];

			if (g->type.type == WASM_V128 || is_foreign(&g->type.type, 1))
				continue;
			text_words(r, "global ");
			text_name(r, export->name);
			text_values(r, &g->type.type, 1, g->value);
		}
	}
}

/* References of functions have the same numbers with every engine of ours; those of exceptions may
 * not. */
static void text_table(struct run *r, const struct wasm_table_instance *t)
{
	const bool numbers = wasm_type_top(t->type.elem) != WASM_HEAP_EXN;
	uint32_t hash = 0x811c9dc5;

	for (uint32_t i = 0; i < t->size; i++)
		hash = (hash ^ (numbers ? t->elems[i] : t->elems[i] != 0)) * 0x01000193;
	text_number(r, t->size, 10, 1);
	text_hex(r, " ", hash);
	text_char(r, '\n');
}

static void tell_everything(struct run *r, const struct wasm_instance *inst)
{
	for (uint32_t i = 0; i < r->module.memory_count; i++) {
		text_words(r, "memory");
		text_memory(r, inst->memories[i]);
	}
	for (uint32_t i = 0; i < r->module.global_count; i++) {
		text_words(r, "global");
		text_values(r, &inst->globals[i]->type.type, 1, inst->globals[i]->value);
	}
	for (uint32_t i = 0; i < r->module.table_count; i++) {
		text_words(r, "table ");
		text_table(r, inst->tables[i]);
	}
}

static void run_instance(struct run *r)
{
	struct wasm_link_error error;
	struct wasm_instance *inst;
	enum err e = engine_instantiate(&r->thread, &r->module, resolve, r, &inst, &error);

	if (e == E_WASM_TRAP) {
		text_trap(r, error.trap);
		return;
	}
	if (e) {
		text_words(r, "link ");
		text_words(r, observe_err_name(e));
		text_char(r, '\n');
		return;
	}
	if (wasm_instance_start(inst)) {
		text_words(r, "start\n");
		refuel(r);
		if (!call(r, wasm_instance_start(inst)))
			return;
	}
	if (!run_exports(r, inst))
		text_words(r, "stop\n");
	else if (r->options.exact)
		tell_everything(r, inst);
	else
		tell_exports(r, inst);
}

static void run_store(struct run *r, const struct engine_config *engine)
{
	const struct wasm_store_config config = {
		.memory_ops = engine->memory_ops,
		.control = &r->control,
	};

	if (wasm_store_init(&r->store, &config) == E_OK) {
		engine_store_init(engine, &r->store);
		if (engine_thread_init(&r->thread, engine, &r->store) == E_OK)
			run_instance(r);
		engine_thread_fini(&r->thread);
	}
	wasm_store_fini(&r->store);
}

enum err observe_module(const uint8_t *bytes, size_t size, const struct engine_config *engine,
			const struct observe_options *options, const struct observe_out *out)
{
	struct run *r = heap_alloc(sizeof *r);
	struct wasm_error error;

	if (!r)
		return E_NOMEM;
	r->options = *options;
	r->out = out;
	r->control.metered = options->fuel != 0;
	enum err err = wasm_decode(&r->module, &error, bytes, size);

	if (!err)
		err = wasm_validate(&r->module, &error);
	if (err) {
		text_words(r, observe_err_name(err));
		text_char(r, ' ');
		text_number(r, error.offset, 10, 1);
		text_char(r, '\n');
	} else {
		run_store(r, engine);
	}
	wasm_module_fini(&r->module);
	text_flush(r);
	heap_free(r);
	return E_OK;
}
