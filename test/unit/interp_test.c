/* The interpreter: semantics at the edges, traps, stacks, host functions, want of memory. */
#include "interp/interp.h"

#include <stdlib.h>

#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/unit/guest_module.h"
#include "test/unit/modules.h"
#include "test/unit/wasm_builder.h"
#include "wasm/limits.h"

#define ADD(g, name) guest_add(g, module_##name, sizeof module_##name)

static void start(struct guest *g)
{
	CHECK_EQ(guest_init(g, &(struct wasm_store_config){0}, &(struct interp_limits){0}), E_OK);
}

static uint64_t f64_bits_of(double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof bits);
	return bits;
}

TEST(numbers_trap_where_they_must)
{
	struct guest g;

	start(&g);
	CHECK_EQ(ADD(&g, numbers), E_OK);
	CHECK_EQ(guest_call(&g, "div", (uint32_t)-7, 2, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], (uint32_t)-3);
	CHECK_EQ(guest_call(&g, "div", 7, 0, 0), TRAP_DIVIDE_BY_ZERO);
	CHECK_EQ(guest_call(&g, "div", 0x80000000, UINT32_MAX, 0), TRAP_INTEGER_OVERFLOW);
	CHECK_EQ(guest_call(&g, "trunc", f64_bits_of(-2147483648.9), 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 0x80000000);
	CHECK_EQ(guest_call(&g, "trunc", f64_bits_of(-2147483649.0), 0, 0), TRAP_INTEGER_OVERFLOW);
	CHECK_EQ(guest_call(&g, "trunc", (uint64_t)0x7ff8 << 48, 0, 0), TRAP_INVALID_CONVERSION);
	CHECK_EQ(guest_call(&g, "unreachable", 0, 0, 0), TRAP_UNREACHABLE);
	CHECK_EQ(guest_call(&g, "fac", 20, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 2432902008176640000u);
	guest_fini(&g);
}

TEST(several_results_keep_their_order_and_types)
{
	struct guest g;

	start(&g);
	CHECK_EQ(ADD(&g, numbers), E_OK);
	CHECK_EQ(guest_call(&g, "swap", 0xffffffff00000005, 0xfedcba9876543210, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 0xfedcba9876543210);
	CHECK_EQ(g.result[1], 5); /* the upper half of an i32 argument is dropped */
	guest_fini(&g);
}

TEST(a_value_on_the_stack_outlives_its_local)
{
	struct guest g;

	start(&g);
	CHECK_EQ(ADD(&g, aliases), E_OK);
	CHECK_EQ(guest_call(&g, "read_then_set", 3, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 3 << 16 | 4);
	CHECK_EQ(guest_call(&g, "pending_tee", 3, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 308);
	CHECK_EQ(guest_call(&g, "block_below", 3, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 37);
	CHECK_EQ(guest_call(&g, "block_below", 0, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 0);
	CHECK_EQ(guest_call(&g, "exchange", 3, 10, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 7);
	guest_fini(&g);
}

TEST(fused_ops_mean_what_the_two_meant)
{
	struct guest g;
	uint64_t nan = (uint64_t)0x7ff8 << 48;

	start(&g);
	CHECK_EQ(ADD(&g, aliases), E_OK);
	CHECK_EQ(guest_call(&g, "not_less", f64_bits_of(1), f64_bits_of(2), 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 0);
	CHECK_EQ(guest_call(&g, "not_less", nan, f64_bits_of(2), 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 1);
	/* (1 + 2^-30)^2 rounds to 1 + 2^-29; one rounding would leave 2^-60 */
	uint64_t x = f64_bits_of(1 + 0x1p-30);

	CHECK_EQ(guest_call(&g, "mul_sub", x, x, f64_bits_of(1 + 0x1p-29)), TRAP_NONE);
	CHECK_EQ(g.result[0], 0);
	for (uint64_t i = 0; i < 5; i++) {
		static const uint64_t expected[] = {11, 112, 110, 112, 112};

		CHECK_EQ(guest_call(&g, "switch", i, 0, 0), TRAP_NONE);
		CHECK_EQ(g.result[0], expected[i]);
	}
	guest_fini(&g);
}

/* Adds a page to the caller's memory and calls back, with more arguments than it has itself. */
static enum wasm_trap host_visit(void *env, struct wasm_caller *caller, const uint64_t *args,
				 uint64_t *results)
{
	const uint64_t three[] = {1, 2, 3};
	struct guest *g = env;
	struct wasm_extern x;

	(void)args;
	results[0] = wasm_memory_grow(wasm_instance_memory(caller->instance), 1);
	if (!wasm_instance_export(caller->instance, wasm_name_of("three"), &x))
		return TRAP_HOST_FAILED;
	uint64_t last = 0;
	enum wasm_trap trap = interp_call(&g->thread, x.func, three, &last);

	return trap || last == 3 ? trap : TRAP_HOST_FAILED;
}

static void start_edges(struct guest *g)
{
	static const uint32_t i32[] = {WASM_I32};
	static const struct wasm_host_func visit = {
		"host", "visit", {NULL, i32, 0, 1, 0, 1, 0}, host_visit};

	start(g);
	CHECK_EQ(wasm_linker_define_host(&g->linker, &g->store, &visit, 1, g), E_OK);
	CHECK_EQ(ADD(g, edges), E_OK);
}

TEST(ops_are_not_fused_where_they_would_mean_something_else)
{
	struct guest g;

	start_edges(&g);
	CHECK_EQ(guest_call(&g, "far_offset", 0, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 'z'); /* an offset above 16 bits */
	CHECK_EQ(guest_call(&g, "sum_and_offset", 1, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 'd'); /* of 1 + 8 + 4 */
	CHECK_EQ(guest_call(&g, "sum_and_offset", (uint32_t)-8, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], '4');
	CHECK_EQ(guest_call(&g, "sum_and_offset", (uint32_t)-9, 0, 0), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(guest_call(&g, "is_65541", 65541, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 1); /* a comparison with more than 16 bits */
	CHECK_EQ(guest_call(&g, "is_65541", 5, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 0);
	CHECK_EQ(guest_call(&g, "some_ways_add", 7, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 7);
	CHECK_EQ(guest_call(&g, "some_ways_add", 0, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 1);
	guest_fini(&g);
}

/* Depths about the first sizes of frames and slots, so that what the host needs is just not there. */
TEST(a_host_function_has_room_at_every_depth_and_may_move_the_memory)
{
	struct guest g;

	start_edges(&g);
	for (uint64_t n = 240; n < 4110; n += n == 270 ? 3800 : 1) {
		CHECK_EQ(guest_call(&g, "deep", n, 0, 0), TRAP_NONE);
		CHECK_EQ(g.result[0], 0);
		interp_thread_fini(&g.thread);
		CHECK_EQ(interp_thread_init(&g.thread, &g.store, &(struct interp_limits){0}), E_OK);
	}
	guest_fini(&g);
}

TEST(memory_is_checked_to_the_byte)
{
	struct guest g;

	start(&g);
	CHECK_EQ(ADD(&g, memory), E_OK);
	CHECK_EQ(guest_call(&g, "load", 65532, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 0x64636261);
	CHECK_EQ(guest_call(&g, "load", 65533, 0, 0), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(guest_call(&g, "load", UINT32_MAX, 0, 0), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(guest_call(&g, "load_far", 0, 0, 0), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(guest_call(&g, "load_far", 1, 0, 0), TRAP_MEMORY_BOUNDS); /* 2^32, not 0 */
	CHECK_EQ(guest_call(&g, "store", 65533, 1, 0), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(guest_call(&g, "load_sum", 65530, 4, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 'd');
	CHECK_EQ(guest_call(&g, "load_sum", 65530, 5, 0), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(guest_call(&g, "load_sum", 65533, UINT32_MAX, 0), TRAP_NONE); /* the sum wraps */
	CHECK_EQ(guest_call(&g, "load_scaled", 8, 8190, 0), TRAP_NONE);
	CHECK_EQ(guest_call(&g, "load_scaled", 1, 8191, 0), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(guest_call(&g, "load_wrapped", 3, 0, 0), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(guest_call(&g, "load_wrapped", 4, 0, 0), TRAP_NONE);
	CHECK_EQ(guest_call(&g, "store_sum", 65530, 6, 1), TRAP_MEMORY_BOUNDS);
	guest_fini(&g);
}

TEST(bulk_memory_checks_before_it_writes)
{
	struct guest g;

	start(&g);
	CHECK_EQ(ADD(&g, memory), E_OK);
	CHECK_EQ(guest_call(&g, "fill", 65535, 9, 2), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(guest_call(&g, "load", 65532, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 0x64636261);
	CHECK_EQ(guest_call(&g, "fill", 65536, 9, 0), TRAP_NONE);
	CHECK_EQ(guest_call(&g, "fill", 65537, 9, 0), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(guest_call(&g, "copy", 65531, 65532, 4), TRAP_NONE);
	CHECK_EQ(guest_call(&g, "load", 65531, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 0x64636261);
	CHECK_EQ(guest_call(&g, "copy", 0, 65533, 4), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(guest_call(&g, "copy", 65533, 0, 4), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(guest_call(&g, "init", 65535, 0, 2), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(guest_call(&g, "copy", 0, UINT32_MAX, UINT32_MAX), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(guest_call(&g, "init", 0, 1, 2), TRAP_NONE);
	CHECK_EQ(guest_call(&g, "load", 0, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 'y' | 'z' << 8);
	CHECK_EQ(guest_call(&g, "init", 0, 1, 3), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(guest_call(&g, "drop", 0, 0, 0), TRAP_NONE);
	CHECK_EQ(guest_call(&g, "init", 0, 0, 1), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(guest_call(&g, "init", 0, 0, 0), TRAP_NONE);
	guest_fini(&g);
}

TEST(memory_grows_to_its_limit_and_is_zero)
{
	struct guest g;

	start(&g);
	CHECK_EQ(ADD(&g, memory), E_OK);
	CHECK_EQ(guest_call(&g, "grow_and_store", 65536 + 100, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 77);
	CHECK_EQ(guest_call(&g, "load", 65536 + 104, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 0);
	CHECK_EQ(guest_call(&g, "grow", 2, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], UINT32_MAX);
	CHECK_EQ(guest_call(&g, "grow", UINT32_MAX, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], UINT32_MAX);
	CHECK_EQ(guest_call(&g, "grow", 1, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 2);
	CHECK_EQ(guest_call(&g, "size", 0, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 3);
	guest_fini(&g);
}

TEST(memory_obeys_the_limit_of_the_run)
{
	struct guest g;

	CHECK_EQ(guest_init(&g, &(struct wasm_store_config){.max_memory_pages = 2},
			    &(struct interp_limits){0}),
		 E_OK);
	CHECK_EQ(ADD(&g, memory), E_OK);
	CHECK_EQ(guest_call(&g, "grow", 1, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 1);
	CHECK_EQ(guest_call(&g, "grow", 1, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], UINT32_MAX);
	guest_fini(&g);
}

TEST(tables_check_indices_nulls_and_types)
{
	struct guest g;

	start(&g);
	CHECK_EQ(ADD(&g, tables), E_OK);
	CHECK_EQ(guest_call(&g, "call", 0, 7, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 14);
	CHECK_EQ(guest_call(&g, "call", 1, 7, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 49);
	CHECK_EQ(guest_call(&g, "call", 2, 7, 0), TRAP_UNINITIALIZED_ELEMENT);
	CHECK_EQ(guest_call(&g, "call", 4, 7, 0), TRAP_UNDEFINED_ELEMENT);
	CHECK_EQ(guest_call(&g, "set_other", 3, 0, 0), TRAP_NONE);
	CHECK_EQ(guest_call(&g, "call", 3, 7, 0), TRAP_INDIRECT_CALL_TYPE);
	CHECK_EQ(guest_call(&g, "set_other", 4, 0, 0), TRAP_TABLE_BOUNDS);
	CHECK_EQ(guest_call(&g, "is_null", 4, 0, 0), TRAP_TABLE_BOUNDS);
	CHECK_EQ(guest_call(&g, "is_null", 2, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 1);
	CHECK_EQ(guest_call(&g, "put", 1, 0xffffffff00000009, 0), TRAP_NONE);
	CHECK_EQ(guest_call(&g, "get", 1, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 9);
	guest_fini(&g);
}

TEST(a_constant_index_in_a_loop_is_the_one_that_is_called)
{
	struct guest g;

	start(&g);
	CHECK_EQ(ADD(&g, constant_index), E_OK);
	CHECK_EQ(guest_call(&g, "sum", 3, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 60);
	guest_fini(&g);
}

TEST(bulk_tables_check_before_they_write)
{
	struct guest g;

	start(&g);
	CHECK_EQ(ADD(&g, tables), E_OK);
	CHECK_EQ(guest_call(&g, "fill", 2, 3, 0), TRAP_TABLE_BOUNDS);
	CHECK_EQ(guest_call(&g, "is_null", 3, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 1);
	CHECK_EQ(guest_call(&g, "grow", 5, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], UINT32_MAX);
	CHECK_EQ(guest_call(&g, "grow", 4, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 4);
	CHECK_EQ(guest_call(&g, "call", 7, 4, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 8);
	CHECK_EQ(guest_call(&g, "init", 5, 0, 4), TRAP_TABLE_BOUNDS);
	CHECK_EQ(guest_call(&g, "init", 6, 0, 3), TRAP_TABLE_BOUNDS);
	CHECK_EQ(guest_call(&g, "init", 5, 0, 3), TRAP_NONE);
	CHECK_EQ(guest_call(&g, "call", 5, 5, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 25);
	CHECK_EQ(guest_call(&g, "copy", 4, 5, 3), TRAP_NONE);
	CHECK_EQ(guest_call(&g, "call", 5, 5, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 10);
	CHECK_EQ(guest_call(&g, "copy", 6, 5, 3), TRAP_TABLE_BOUNDS);
	CHECK_EQ(guest_call(&g, "copy", 0, 6, 3), TRAP_TABLE_BOUNDS);
	CHECK_EQ(guest_call(&g, "drop", 0, 0, 0), TRAP_NONE);
	CHECK_EQ(guest_call(&g, "init", 0, 0, 1), TRAP_TABLE_BOUNDS);
	guest_fini(&g);
}

/* ---- host functions -------------------------------------------------------------------------- */

static enum wasm_trap host_add(void *env, struct wasm_caller *caller, const uint64_t *args,
			       uint64_t *results)
{
	struct guest *g = env;

	CHECK(caller->instance == g->instance);
	CHECK(wasm_instance_memory(caller->instance)->size == WASM_PAGE_SIZE);
	results[0] = args[0] + args[1];
	return TRAP_NONE;
}

static enum wasm_trap host_exit(void *env, struct wasm_caller *caller, const uint64_t *args,
				uint64_t *results)
{
	(void)env, (void)results;
	caller->exit_status = (uint32_t)args[0];
	return TRAP_EXIT;
}

/* Calls the guest back with n - 1, until 0. */
static enum wasm_trap host_again(void *env, struct wasm_caller *caller, const uint64_t *args,
				 uint64_t *results)
{
	struct guest *g = env;
	uint64_t n = args[0] - 1;
	struct wasm_extern x;

	(void)caller;
	if (args[0] == 0) {
		results[0] = 0xffffffff00000000; /* the upper half of an i32 is dropped */
		return TRAP_NONE;
	}
	if (!wasm_instance_export(g->instance, wasm_name_of("again"), &x))
		return TRAP_HOST_FAILED;
	return interp_call(&g->thread, x.func, &n, results);
}

static const uint32_t i32_i64[] = {WASM_I32, WASM_I64};
static const struct wasm_host_func host_funcs[] = {
	{"host", "add", {i32_i64, i32_i64 + 1, 2, 1, 2, 1, 0}, host_add},
	{"host", "exit", {i32_i64, NULL, 1, 0, 1, 0, 0}, host_exit},
	{"host", "again", {i32_i64, i32_i64, 1, 1, 1, 1, 0}, host_again},
};

static void start_calls(struct guest *g, const struct interp_limits *limits)
{
	CHECK_EQ(guest_init(g, &(struct wasm_store_config){0}, limits), E_OK);
	CHECK_EQ(
		wasm_linker_define_host(&g->linker, &g->store, host_funcs, COUNT_OF(host_funcs), g),
		E_OK);
	CHECK_EQ(ADD(g, calls), E_OK);
}

TEST(host_functions_see_caller_and_arguments)
{
	struct guest g;

	start_calls(&g, &(struct interp_limits){0});
	CHECK_EQ(guest_call(&g, "add", UINT32_MAX, 5, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], (uint64_t)UINT32_MAX + 6);
	CHECK_EQ(guest_call(&g, "exit", 42, 0, 0), TRAP_EXIT);
	CHECK_EQ(g.thread.caller.exit_status, 42);
	CHECK_EQ(guest_call(&g, "add", 1, 2, 0), TRAP_NONE);
	guest_fini(&g);
}

TEST(host_functions_may_call_back_but_not_without_end)
{
	struct guest g;

	start_calls(&g, &(struct interp_limits){0});
	CHECK_EQ(guest_call(&g, "again", 5, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 5 + 4 + 3 + 2 + 1);
	CHECK_EQ(guest_call(&g, "again", 100, 0, 0), TRAP_STACK_EXHAUSTED);
	CHECK_EQ(guest_call(&g, "again", 5, 0, 0), TRAP_NONE);
	guest_fini(&g);
}

TEST(a_host_function_with_too_many_values_is_refused)
{
	static const uint32_t many[WASM_HOST_VALUES_MAX + 1] = {WASM_I32};
	const struct wasm_host_func f = {
		"host", "many", {many, NULL, COUNT_OF(many), 0, COUNT_OF(many), 0, 0}, host_add};
	const struct wasm_host_func sum = {
		"host", "sum", {many, many, 40, 25, 40, 25, 0}, host_add};
	struct wasm_func_instance *func;
	struct guest g;

	start(&g);
	CHECK_EQ(wasm_func_add_host(&g.store, &f, NULL, &func), E_LIMIT);
	CHECK_EQ(wasm_func_add_host(&g.store, &sum, NULL, &func), E_LIMIT);
	guest_fini(&g);
}

/* ---- stacks ---------------------------------------------------------------------------------- */

TEST(deep_recursion_works_and_endless_recursion_traps)
{
	struct guest g;

	start_calls(&g, &(struct interp_limits){0});
	CHECK_EQ(guest_call(&g, "down", 60000, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 60000);
	CHECK_EQ(guest_call(&g, "forever", 0, 0, 0), TRAP_STACK_EXHAUSTED);
	CHECK_EQ(guest_call(&g, "down", 60000, 0, 0), TRAP_NONE);
	guest_fini(&g);
}

TEST(stack_limits_are_kept)
{
	struct guest g;

	start_calls(&g, &(struct interp_limits){.max_depth = 100});
	CHECK_EQ(guest_call(&g, "down", 99, 0, 0), TRAP_NONE);
	CHECK_EQ(guest_call(&g, "down", 110, 0, 0), TRAP_STACK_EXHAUSTED);
	guest_fini(&g);
	start_calls(&g, &(struct interp_limits){.stack_size = 65536});
	CHECK_EQ(guest_call(&g, "down", 1000, 0, 0), TRAP_NONE);
	CHECK_EQ(guest_call(&g, "down", 60000, 0, 0), TRAP_STACK_EXHAUSTED);
	CHECK((size_t)(g.thread.slots_end - g.thread.slots) * 8 <= 65536);
	guest_fini(&g);
}

TEST(a_backtrace_begins_where_a_function_found_no_stack)
{
	struct interp_position line;
	struct guest g;
	size_t depth;

	start_calls(&g, &(struct interp_limits){.stack_size = 65536});
	CHECK_EQ(guest_call(&g, "down", 60000, 0, 0), TRAP_STACK_EXHAUSTED);
	CHECK_EQ(interp_backtrace(&g.thread, &line, 1, 0, &depth), 1);
	CHECK_EQ(line.offset, wasm_func_body(&g.modules[0], line.func->index)->code);
	guest_fini(&g);
}

TEST(a_backtrace_names_each_call_and_instruction)
{
	struct interp_position lines[4];
	struct guest g;
	size_t depth;

	start_calls(&g, &(struct interp_limits){0});
	CHECK_EQ(guest_call(&g, "outer", 1, 0, 0), TRAP_NONE);
	CHECK_EQ(guest_call(&g, "outer", 0, 0, 0), TRAP_DIVIDE_BY_ZERO);
	CHECK_EQ(interp_backtrace(&g.thread, lines, 4, 0, &depth), 2);
	CHECK_EQ(depth, 2);
	CHECK_EQ(lines[0].func->index, 8);
	CHECK_EQ(module_calls[lines[0].offset], 0x6e); /* i32.div_u */
	CHECK_EQ(lines[1].func->index, 9);
	CHECK_EQ(module_calls[lines[1].offset], 0x10); /* call */
	CHECK_EQ(interp_backtrace(&g.thread, lines, 4, 1, &depth), 1);
	CHECK_EQ(lines[0].func->index, 9);
	CHECK_EQ(guest_call(&g, "exit", 3, 0, 0), TRAP_EXIT);
	CHECK_EQ(interp_backtrace(&g.thread, lines, 4, 0, &depth), 2);
	CHECK(lines[0].func->host == &host_funcs[1]);
	CHECK_EQ(module_calls[lines[1].offset], 0x10);
	guest_fini(&g);
}

/* ---- large functions ------------------------------------------------------------------------- */

struct bytes {
	uint8_t *p;
	size_t n;
};

static void byte(struct bytes *b, unsigned v)
{
	b->p[b->n++] = (uint8_t)v;
}

static void leb(struct bytes *b, uint32_t v)
{
	for (; v >= 0x80; v >>= 7)
		byte(b, v | 0x80);
	byte(b, v);
}

static void section(struct bytes *b, unsigned id, const void *p, size_t n)
{
	byte(b, id);
	leb(b, (uint32_t)n);
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

/* (func (export "f") (result i32)): `locals` of i32, the last set to 5, read `reads` times, summed
 * up together with a constant 1 below each. */
static struct bytes large_module(uint32_t locals, uint32_t reads)
{
	struct bytes m = {calloc(1, 1 << 20), 0}, code = {calloc(1, 1 << 20), 0},
		     sec = {calloc(1, 1 << 20), 0};

	byte(&code, 1); /* one run of locals */
	leb(&code, locals);
	byte(&code, WASM_I32);
	byte(&code, 0x41), byte(&code, 5);
	byte(&code, 0x21), leb(&code, locals - 1);
	for (uint32_t i = 0; i < reads; i++) {
		byte(&code, 0x41), byte(&code, 1);
		byte(&code, 0x20), leb(&code, locals - 1);
	}
	for (uint32_t i = 1; i < 2 * reads; i++)
		byte(&code, 0x6a);
	byte(&code, 0x0b);
	byte(&sec, 1);
	leb(&sec, (uint32_t)code.n);
	memcpy(sec.p + sec.n, code.p, code.n);
	sec.n += code.n;
	memcpy(m.p, "\0asm\1\0\0\0", 8);
	m.n = 8;
	section(&m, 1, "\1\x60\0\1\x7f", 5);
	section(&m, 3, "\1\0", 2);
	section(&m, 7, "\1\1f\0\0", 5);
	section(&m, 10, sec.p, sec.n);
	free(code.p);
	free(sec.p);
	return m;
}

static void check_large(uint32_t locals, uint32_t reads)
{
	struct bytes m = large_module(locals, reads);
	struct guest g;

	start(&g);
	CHECK_EQ(guest_add(&g, m.p, m.n), E_OK);
	CHECK_EQ(guest_call(&g, "f", 0, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 6 * reads);
	guest_fini(&g);
	free(m.p);
}

/* A module whose function "f" ends in x + -x, after so many calls and nops: what is before decides
 * how much room for ops is left. */
static void build_sum(struct builder *b, unsigned calls, unsigned nops)
{
	build_begin(b);
	build_bytes(b, "\1\11\2\x60\0\0\x60\1\175\1\175\3\3\2\0\1\7\5\1\1f\0\1", 23);
	build_section(b, 10);
	build_bytes(b, "\2\2\0\13", 4);
	build_open(b);
	build_byte(b, 0);
	for (unsigned i = 0; i < calls; i++)
		build_bytes(b, "\20\0", 2);
	for (unsigned i = 0; i < nops; i++)
		build_byte(b, 1);
	build_bytes(b, "\40\0\40\0\214\222\13", 7); /* x, x, f32.neg, f32.add */
	build_close(b);
	build_close(b);
}

TEST(the_last_op_before_the_room_ends_is_looked_at_alone)
{
	for (unsigned i = 0; i < 400; i++) {
		struct builder b;
		struct guest g;

		build_sum(&b, i / 2, i % 2);
		start(&g);
		CHECK_EQ(guest_add(&g, b.bytes, b.size), E_OK);
		CHECK_EQ(guest_call(&g, "f", 0x40490fdb, 0, 0), TRAP_NONE);
		CHECK_EQ(g.result[0], 0);
		guest_fini(&g);
	}
}

TEST(fifty_thousand_locals_and_far_slots_work)
{
	check_large(1, 10);
	check_large(WASM_MAX_LOCALS, 10);
	check_large(WASM_MAX_LOCALS, 7767); /* the last frame without far slots */
	check_large(WASM_MAX_LOCALS, 7768);
	check_large(WASM_MAX_LOCALS, 20000);
}

TEST(a_frame_above_the_stack_limit_is_refused_before_translation)
{
	struct bytes m = large_module(WASM_MAX_LOCALS, 10);
	struct guest g;

	CHECK_EQ(guest_init(&g, &(struct wasm_store_config){0},
			    &(struct interp_limits){.stack_size = WASM_MAX_LOCALS * 8}),
		 E_OK);
	CHECK_EQ(guest_add(&g, m.p, m.n), E_OK);
	native_heap_fail_at(0);
	CHECK_EQ(guest_call(&g, "f", 0, 0, 0), TRAP_STACK_EXHAUSTED);
	native_heap_fail_at(-1);
	guest_fini(&g);
	free(m.p);
}

/* ---- want of memory -------------------------------------------------------------------------- */

/* Everything from decoding on, with the n-th allocation failing: an error or TRAP_OUT_OF_MEMORY,
 * and nothing leaks (the sanitizer looks). True: it went through. */
static bool run_with_failure(long n)
{
	struct guest g;
	enum wasm_trap trap = TRAP_NONE;

	native_heap_fail_at(n);
	enum err err = guest_init(&g, &(struct wasm_store_config){0}, &(struct interp_limits){0});

	if (!err)
		err = wasm_linker_define_host(&g.linker, &g.store, host_funcs, COUNT_OF(host_funcs),
					      &g);
	if (!err)
		err = ADD(&g, calls);
	if (!err)
		trap = guest_call(&g, "down", 20000, 0, 0);
	native_heap_fail_at(-1);
	CHECK(!err || err == E_NOMEM);
	CHECK(trap == TRAP_NONE || trap == TRAP_OUT_OF_MEMORY);
	if (!err && !trap)
		CHECK_EQ(g.result[0], 20000);
	guest_fini(&g);
	return !err && !trap;
}

TEST(every_failing_allocation_ends_cleanly)
{
	long n = 0;

	while (n < 500 && !run_with_failure(n))
		n++;
	CHECK(n > 10 && n < 500);
}

int main(void)
{
	RUN(numbers_trap_where_they_must);
	RUN(several_results_keep_their_order_and_types);
	RUN(a_value_on_the_stack_outlives_its_local);
	RUN(fused_ops_mean_what_the_two_meant);
	RUN(ops_are_not_fused_where_they_would_mean_something_else);
	RUN(a_host_function_has_room_at_every_depth_and_may_move_the_memory);
	RUN(memory_is_checked_to_the_byte);
	RUN(bulk_memory_checks_before_it_writes);
	RUN(memory_grows_to_its_limit_and_is_zero);
	RUN(memory_obeys_the_limit_of_the_run);
	RUN(tables_check_indices_nulls_and_types);
	RUN(a_constant_index_in_a_loop_is_the_one_that_is_called);
	RUN(bulk_tables_check_before_they_write);
	RUN(host_functions_see_caller_and_arguments);
	RUN(host_functions_may_call_back_but_not_without_end);
	RUN(a_host_function_with_too_many_values_is_refused);
	RUN(deep_recursion_works_and_endless_recursion_traps);
	RUN(stack_limits_are_kept);
	RUN(a_backtrace_begins_where_a_function_found_no_stack);
	RUN(a_backtrace_names_each_call_and_instruction);
	RUN(the_last_op_before_the_room_ends_is_looked_at_alone);
	RUN(fifty_thousand_locals_and_far_slots_work);
	RUN(a_frame_above_the_stack_limit_is_refused_before_translation);
	RUN(every_failing_allocation_ends_cleanly);
	return check_report();
}
