/*
 * differential verdict | run [FUEL]: our side of the comparison with another engine. Standard input is
 * a stream of modules, each after its length (four bytes, little-endian); the answers go to standard
 * output, module by module, so that one process serves thousands.
 *
 * verdict: a line for each: "ok", or the name of the error and its offset.
 * run: instantiates, calls every exported function in order with zeros, and tells what came of it, as
 * test/differential/canonical.mjs does for V8; a line "." ends each. Imported functions tell their
 * arguments and answer with zeros. With FUEL, each call may use that much of it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interp/interp.h"
#include "wasm/validate.h"

#define MODULE_MAX  (64u * 1024 * 1024)
#define IMPORTS_MAX 256u
#define SLOTS_MAX   4096u

struct run {
	struct wasm_module module;
	struct wasm_store store;
	struct interp_thread thread;
	struct wasm_control control;
	struct wasm_host_func hosts[IMPORTS_MAX];
	uint32_t next_import;
	uint64_t fuel; /* of each call; 0: unlimited */
};

static const char *err_name(enum err e)
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

/* ---- values ---------------------------------------------------------------------------------- */

static void print_value(uint32_t type, const uint64_t *slots)
{
	uint64_t magnitude;

	switch (type) {
	case WASM_I32:
		printf(" i32:%" PRIx32, (uint32_t)slots[0]);
		return;
	case WASM_I64:
		printf(" i64:%" PRIx64, slots[0]);
		return;
	case WASM_F32:
		magnitude = slots[0] & 0x7fffffff;
		if (magnitude > 0x7f800000)
			printf(" f32:nan");
		else
			printf(" f32:%" PRIx32, (uint32_t)slots[0]);
		return;
	case WASM_F64:
		magnitude = slots[0] & INT64_MAX;
		if (magnitude > 0x7ff0000000000000)
			printf(" f64:nan");
		else
			printf(" f64:%" PRIx64, slots[0]);
		return;
	case WASM_V128:
		printf(" v128:%016" PRIx64 "%016" PRIx64, slots[1], slots[0]);
		return;
	default:
		printf(" ref:%s", slots[0] ? "some" : "null");
	}
}

static void print_values(const uint32_t *types, uint32_t count, const uint64_t *slots)
{
	for (uint32_t i = 0; i < count; i++) {
		print_value(types[i], slots);
		slots += wasm_type_slots(types[i]);
	}
	printf("\n");
}

static void print_name(struct wasm_name name)
{
	for (uint32_t i = 0; i < name.len; i++)
		putchar(name.p[i] > ' ' && name.p[i] <= '~' ? name.p[i] : '?');
}

/* ---- imports --------------------------------------------------------------------------------- */

static enum wasm_trap host_call(void *env, struct wasm_caller *caller, const uint64_t *args,
				uint64_t *results)
{
	const struct wasm_import *import = env;
	const struct wasm_func_type *type = wasm_func_type(caller->instance->module, import->index);

	printf("  ");
	print_name(import->name);
	print_values(type->params, type->param_count, args);
	memset(results, 0, type->result_slots * sizeof(*results));
	return TRAP_NONE;
}

/* Imports are asked for in their order. */
static bool resolve(void *env, struct wasm_name module, struct wasm_name name,
		    struct wasm_extern *out)
{
	struct run *r = env;
	const struct wasm_import *import = &r->module.imports[r->next_import];

	(void)module, (void)name;
	if (r->next_import == IMPORTS_MAX || import->kind != WASM_KIND_FUNC)
		return false;
	struct wasm_host_func *host = &r->hosts[r->next_import++];

	*host = (struct wasm_host_func){"", "", *wasm_func_type(&r->module, import->index),
					host_call};
	out->kind = WASM_KIND_FUNC;
	return wasm_func_add_host(&r->store, host, (void *)(uintptr_t)import, &out->func) == E_OK;
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
	__atomic_store_n(&r->control.fuel, r->fuel, __ATOMIC_RELAXED);
}

/* Returns false when the engines may differ from here on, by their own limits. */
static bool call(struct run *r, const struct wasm_func_instance *func)
{
	static const uint64_t args[SLOTS_MAX];
	static uint64_t results[SLOTS_MAX];
	const struct wasm_func_type *type = func->type;

	if (is_foreign(type->params, type->param_count) ||
	    is_foreign(type->results, type->result_count)) {
		printf("  skipped\n");
		return true;
	}
	enum wasm_trap trap = interp_call(&r->thread, func, args, results);

	if (trap == TRAP_NONE) {
		printf("  =");
		print_values(type->results, type->result_count, results);
		return true;
	}
	printf("  ! %s\n", trap_kind(trap));
	return trap != TRAP_STACK_EXHAUSTED && trap != TRAP_OUT_OF_FUEL &&
	       trap != TRAP_OUT_OF_MEMORY;
}

static void print_memory(const struct wasm_memory_instance *m)
{
	uint32_t hash = 0x811c9dc5; /* FNV-1a over words */
	uint64_t size = wasm_memory_size(m);

	for (uint64_t i = 0; i < size; i += 4) {
		uint32_t word;

		memcpy(&word, m->base + i, 4);
		hash = (hash ^ word) * 0x01000193;
	}
	printf(" %" PRIu64 " %" PRIx32 "\n", size, hash);
}

static bool run_exports(struct run *r, const struct wasm_instance *inst)
{
	struct wasm_extern hang_limit;
	bool has_hang_limit =
		wasm_instance_export(inst, (struct wasm_name){"hangLimitInitializer", 20},
				     &hang_limit) &&
		hang_limit.kind == WASM_KIND_FUNC;

	for (uint32_t i = 0; i < r->module.export_count; i++) {
		const struct wasm_export *export = &r->module.exports[i];

		if (export->kind != WASM_KIND_FUNC)
			continue;
		refuel(r);
		if (has_hang_limit && interp_call(&r->thread, hang_limit.func, NULL, NULL))
			return false;
		printf("call ");
		print_name(export->name);
		printf("\n");
		if (!call(r, inst->funcs[export->index]))
			return false;
	}
	return true;
}

static void print_state(struct run *r, const struct wasm_instance *inst)
{
	for (uint32_t i = 0; i < r->module.export_count; i++) {
		const struct wasm_export *export = &r->module.exports[i];

		if (export->kind == WASM_KIND_MEMORY) {
			printf("memory ");
			print_name(export->name);
			print_memory(inst->memories[export->index]);
		} else if (export->kind == WASM_KIND_GLOBAL) {
			const struct wasm_global_instance *g = inst->globals[export->index];

			if (g->type.type == WASM_V128 || is_foreign(&g->type.type, 1))
				continue;
			printf("global ");
			print_name(export->name);
			print_values(&g->type.type, 1, g->value);
		}
	}
}

static void run_instance(struct run *r)
{
	struct wasm_link_error error;
	struct wasm_instance *inst;
	enum err e = wasm_instantiate(&r->store, &r->module, resolve, r, &inst, &error);

	if (e == E_WASM_TRAP) {
		printf("! %s\n", trap_kind(error.trap));
		return;
	}
	if (e) {
		printf("link %s\n", err_name(e));
		return;
	}
	if (wasm_instance_start(inst)) {
		printf("start\n");
		refuel(r);
		if (!call(r, wasm_instance_start(inst)))
			return;
	}
	if (run_exports(r, inst))
		print_state(r, inst);
	else
		printf("stop\n");
}

static void print_error(const struct wasm_error *error)
{
	printf("%s %" PRIu64 "\n", err_name(error->code), error->offset);
}

static void verdict(const uint8_t *bytes, size_t size)
{
	struct wasm_module module;
	struct wasm_error error;

	if (wasm_decode(&module, &error, bytes, size)) {
		print_error(&error);
		return;
	}
	if (wasm_validate(&module, &error))
		print_error(&error);
	else
		printf("ok\n");
	wasm_module_fini(&module);
}

static void run(const uint8_t *bytes, size_t size, uint64_t fuel)
{
	static struct run r;
	struct wasm_error error;
	struct interp_limits limits = {0};

	memset(&r, 0, sizeof r);
	r.fuel = fuel;
	r.control.metered = fuel != 0;
	if (wasm_decode(&r.module, &error, bytes, size)) {
		print_error(&error);
		return;
	}
	if (wasm_validate(&r.module, &error)) {
		print_error(&error);
	} else if (wasm_store_init(&r.store, &(struct wasm_store_config){.control = &r.control}) ==
		   E_OK) {
		interp_store_init(&r.store);
		if (interp_thread_init(&r.thread, &r.store, &limits) == E_OK)
			run_instance(&r);
		interp_thread_fini(&r.thread);
	}
	wasm_store_fini(&r.store);
	wasm_module_fini(&r.module);
}

/* The next module of the stream, to be freed; NULL at its end. */
static uint8_t *read_module(size_t *size)
{
	uint8_t head[4];

	if (fread(head, 1, sizeof head, stdin) != sizeof head)
		return NULL;
	*size = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 |
		(size_t)head[3] << 24;
	if (*size > MODULE_MAX) {
		fprintf(stderr, "differential: a module of %zu bytes\n", *size);
		exit(2);
	}
	/* Of exactly that size, so that a sanitizer sees every byte too far. */
	uint8_t *bytes = malloc(*size ? *size : 1);

	if (!bytes || fread(bytes, 1, *size, stdin) != *size) {
		fprintf(stderr, "differential: the stream ends within a module\n");
		exit(2);
	}
	return bytes;
}

int main(int argc, char **argv)
{
	bool runs = argc >= 2 && !strcmp(argv[1], "run");
	uint64_t fuel = runs && argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	uint8_t *bytes;
	size_t size;

	if (!runs && (argc != 2 || strcmp(argv[1], "verdict") != 0)) {
		fprintf(stderr, "usage: differential verdict | run [FUEL] <MODULES\n");
		return 2;
	}
	while ((bytes = read_module(&size)) != NULL) {
		if (runs) {
			run(bytes, size, fuel);
			printf(".\n");
		} else {
			verdict(bytes, size);
		}
		fflush(stdout);
		free(bytes);
	}
	return 0;
}
