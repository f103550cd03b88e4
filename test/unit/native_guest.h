/*
 * Modules with native code in the fake surroundings (test/lib/native_fake.h): what a function's code
 * does is a function of the test.
 */
#ifndef TEST_UNIT_NATIVE_GUEST_H
#define TEST_UNIT_NATIVE_GUEST_H

#include <string.h>

#include "native/impl.h"
#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/lib/native_fake.h"
#include "test/unit/modules_native.h"
#include "wasm/linker.h"
#include "wasm/validate.h"

#define GUEST_STACK ((size_t)64 * 1024)

struct guest;
typedef enum wasm_trap guest_body(struct guest *g, struct native_regs *regs);

struct guest_unit {
	struct wasm_module module;
	struct native_code code;
	struct wasm_instance *instance;
	guest_body *body[8]; /* of defined function i; NULL: returns its registers */
};

struct guest {
	struct wasm_store store;
	struct wasm_linker linker;
	struct native_thread thread;
	struct guest_unit unit[3];
	uint32_t unit_count;
	struct wasm_link_error link_error;
	uint64_t note[8]; /* for bodies and host functions to tell the test */
	uint64_t results[8];
};

static struct guest *g_guest; /* for host functions */

static inline enum wasm_trap guest_code(void *env, uint64_t code, struct native_regs *regs)
{
	struct guest *g = env;

	for (uint32_t i = 0; i < g->unit_count; i++) {
		const struct guest_unit *u = &g->unit[i];
		uint64_t offset = code - u->code.address;

		if (offset >= u->code.size)
			continue;
		CHECK_EQ(offset % 16, 0);
		guest_body *body = u->body[offset / 16];

		return body ? body(g, regs) : TRAP_NONE;
	}
	return TRAP_COUNT;
}

static inline enum err guest_init(struct guest *g, struct wasm_control *control)
{
	const struct wasm_store_config config = {.control = control};
	const struct native_limits limits = {.stack_size = GUEST_STACK};

	*g = (struct guest){.unit_count = 0};
	g_guest = g;
	native_fake_window(NULL);
	native_fake_run(guest_code, g);
	enum err err = wasm_store_init(&g->store, &config);

	native_store_init(&g->store);
	return err ? err : native_thread_init(&g->thread, &g->store, &limits);
}

static inline void guest_fini(struct guest *g)
{
	native_thread_fini(&g->thread);
	wasm_linker_fini(&g->linker);
	wasm_store_fini(&g->store);
	for (uint32_t i = 0; i < g->unit_count; i++) {
		native_code_fini(&g->unit[i].code);
		wasm_module_fini(&g->unit[i].module);
	}
	native_fake_reset();
}

/* Code of 16 bytes for each function, and behind them a shared routine: what the verifier sees is HLT. */
static inline enum err guest_load(struct guest_unit *u, uint32_t flags)
{
	const uint32_t count = u->module.func_count - u->module.import_func_count;
	uint8_t code[16 * 9], offsets[4 * 10], facts[4 * 10] = {0};
	struct native_refusal refusal;

	memset(code, NATIVE_PADDING, sizeof(code));
	for (uint32_t i = 0; i <= count + 1; i++)
		memcpy(offsets + (size_t)4 * i, &(uint32_t){16 * i}, 4);
	const struct native_image image = {.header = {.flags = flags,
						      .func_count = count,
						      .routine_count = 1,
						      .code_size = 16 * (count + 1),
						      .facts_size = 4 * (count + 2)},
					   .offsets = offsets,
					   .code = code,
					   .facts = facts};

	return native_load(&u->code, &refusal, &image, &u->module);
}

/* Decodes, loads and instantiates; does not link. */
static inline enum err guest_instantiate(struct guest *g, const uint8_t *bytes, size_t size,
					 uint32_t flags)
{
	struct guest_unit *u = &g->unit[g->unit_count];
	struct wasm_error error;
	enum err err = wasm_decode(&u->module, &error, bytes, size);

	if (err)
		return err;
	g->unit_count++;
	err = wasm_validate(&u->module, &error);
	if (!err)
		err = guest_load(u, flags);
	return err ? err
		   : wasm_instantiate(&g->store, &u->module, wasm_linker_resolve, &g->linker,
				      &u->instance, &g->link_error);
}

static inline enum err guest_add(struct guest *g, const uint8_t *bytes, size_t size, uint32_t flags)
{
	enum err err = guest_instantiate(g, bytes, size, flags);
	const struct guest_unit *u = &g->unit[g->unit_count - 1];

	return err ? err : native_link(&g->thread, u->instance, &u->code);
}

static inline struct wasm_func_instance *guest_func(const struct guest *g, uint32_t unit,
						    uint32_t i)
{
	const struct guest_unit *u = &g->unit[unit];

	return u->instance->funcs[u->module.import_func_count + i];
}

/* Calls defined function i of a unit; results in g->results. */
static inline enum wasm_trap guest_call(struct guest *g, uint32_t unit, uint32_t i, uint64_t a)
{
	const uint64_t args[8] = {a};

	return native_call(&g->thread, guest_func(g, unit, i), args, g->results);
}

static inline uint64_t *slot(const struct guest *g, uint32_t disp)
{
	return (uint64_t *)(void *)native_slot(&g->thread, disp);
}

/* ---- what the host offers -------------------------------------------------------------------------- */

static enum wasm_trap (*g_host_unary)(struct wasm_caller *caller, const uint64_t *args,
				      uint64_t *results);
static enum wasm_trap (*g_host_wide)(struct wasm_caller *caller, const uint64_t *args,
				     uint64_t *results);

static inline enum wasm_trap host_unary(void *env, struct wasm_caller *caller, const uint64_t *args,
					uint64_t *results)
{
	(void)env;
	return g_host_unary(caller, args, results);
}

static inline enum wasm_trap host_wide(void *env, struct wasm_caller *caller, const uint64_t *args,
				       uint64_t *results)
{
	(void)env;
	return g_host_wide(caller, args, results);
}

static const uint32_t k_wide_params[] = {WASM_I32,  WASM_I64,	  WASM_F32,	  WASM_F64,
					 WASM_V128, WASM_FUNCREF, WASM_EXTERNREF, WASM_I32,
					 WASM_I32,  WASM_I32};
static const uint32_t k_wide_results[] = {WASM_F32, WASM_I32, WASM_V128};
static const uint32_t k_many_params[] = {WASM_I32, WASM_I32, WASM_I32, WASM_I32, WASM_I32,
					 WASM_I32, WASM_I32, WASM_I32, WASM_I32};
static const struct wasm_host_func k_host[] = {
	{"h",
	 "wide",
	 {.params = k_wide_params,
	  .results = k_wide_results,
	  .param_count = 10,
	  .result_count = 3,
	  .param_slots = 11,
	  .result_slots = 4},
	 host_wide},
	{"h",
	 "unary",
	 {.params = k_wide_params,
	  .results = k_wide_params,
	  .param_count = 1,
	  .result_count = 1,
	  .param_slots = 1,
	  .result_slots = 1},
	 host_unary},
	{"h", "many", {.params = k_many_params, .param_count = 9, .param_slots = 9}, host_unary},
};

/* Module a alone; its memory is not in the window. */
static inline void guest_begin(struct guest *g, struct wasm_control *control)
{
	CHECK_EQ(guest_init(g, control), E_OK);
	CHECK_EQ(wasm_linker_define_host(&g->linker, &g->store, k_host, 2, NULL), E_OK);
	CHECK_EQ(guest_add(g, module_a, sizeof(module_a), NATIVE_CHECKED), E_OK);
}

/* Then b, which imports from it. */
static inline void guest_begin_two(struct guest *g, struct wasm_control *control)
{
	guest_begin(g, control);
	CHECK_EQ(wasm_linker_define_instance(&g->linker, wasm_name_of("a"), g->unit[0].instance),
		 E_OK);
	CHECK_EQ(guest_add(g, module_b, sizeof(module_b), 0), E_OK);
}

#endif
