/* Fuel to the instruction, and the ends that come from outside. */
#include "interp/interp.h"
#include "test/lib/check.h"
#include "test/unit/guest_module.h"
#include "test/unit/modules_fuel.h"
#include "test/unit/wasm_builder.h"

static void start(struct guest *g, struct wasm_control *control)
{
	const struct wasm_store_config config = {.control = control};

	CHECK_EQ(guest_init(g, &config, &(struct interp_limits){.max_depth = 1000}), E_OK);
	CHECK_EQ(guest_add(g, module_fuel, sizeof module_fuel), E_OK);
}

/* What a call takes; it must take that much, and one less is not enough. */
static uint64_t cost(const char *name, uint64_t arg)
{
	struct wasm_control control = {.metered = true, .fuel = 1000000};
	struct guest g;

	start(&g, &control);
	CHECK_EQ(guest_call(&g, name, arg, 0, 0), TRAP_NONE);
	uint64_t took = 1000000 - control.fuel;

	control.fuel = took;
	CHECK_EQ(guest_call(&g, name, arg, 0, 0), TRAP_NONE);
	CHECK_EQ(control.fuel, 0);
	control.fuel = took - 1;
	CHECK_EQ(guest_call(&g, name, arg, 0, 0), TRAP_OUT_OF_FUEL);
	CHECK(control.fuel < took);
	guest_fini(&g);
	return took;
}

TEST(each_instruction_takes_one_and_structure_none)
{
	CHECK_EQ(cost("straight", 1), 4);
	CHECK_EQ(cost("count", 1), 8);
	CHECK_EQ(cost("count", 2), 15);
	CHECK_EQ(cost("count", 1000), 7 * 1000 + 1);
}

TEST(only_the_way_that_is_taken_is_paid)
{
	CHECK_EQ(cost("either", 1), 3);
	CHECK_EQ(cost("either", 0), 7);
	CHECK_EQ(cost("skip", 1), 3);
	CHECK_EQ(cost("skip", 0), 6);
	CHECK_EQ(cost("switch", 0), 3);
	CHECK_EQ(cost("switch", 1), 6);
	CHECK_EQ(cost("switch", 2), 4);
}

TEST(copying_and_filling_takes_by_size)
{
	CHECK_EQ(cost("fill", 0), 4);
	CHECK_EQ(cost("fill", 63), 4);
	CHECK_EQ(cost("fill", 640), 14);
	CHECK_EQ(cost("copy", 6400), 104);
	CHECK_EQ(cost("table_fill", 64), 8);
	CHECK_EQ(cost("table_copy", 64), 8);
}

static const char *const endless[] = {"endless", "endless_tail", "endless_catch", "catch_to_loop"};

TEST(what_never_ends_ends_without_fuel)
{
	for (size_t i = 0; i < COUNT_OF(endless); i++) {
		struct wasm_control control = {.metered = true, .polled = i % 2, .fuel = 100000};
		struct guest g;

		start(&g, &control);
		CHECK_EQ(guest_call(&g, endless[i], 0, 0, 0), TRAP_OUT_OF_FUEL);
		CHECK(control.fuel < 10);
		CHECK_EQ(guest_call(&g, "straight", 0, 0, 0), TRAP_OUT_OF_FUEL);
		control.fuel = 4;
		CHECK_EQ(guest_call(&g, "straight", 0, 0, 0), TRAP_NONE);
		guest_fini(&g);
	}
}

TEST(stop_ends_code_that_was_translated_with_polling)
{
	for (size_t i = 0; i < 2 * COUNT_OF(endless); i++) {
		struct wasm_control control = {
			.polled = true, .metered = i % 2, .stop = TRAP_TIMEOUT, .fuel = 1000};
		struct guest g;

		start(&g, &control);
		CHECK_EQ(guest_call(&g, endless[i / 2], 0, 0, 0), TRAP_TIMEOUT);
		control.stop = TRAP_NONE;
		CHECK_EQ(guest_call(&g, "count", 10, 0, 0), TRAP_NONE);
		control.stop = TRAP_INTERRUPTED;
		CHECK_EQ(guest_call(&g, "endless_call", 0, 0, 0), TRAP_INTERRUPTED);
		guest_fini(&g);
	}
}

/* Says stop, as another thread would, while the caller is in the middle of its code. */
static enum wasm_trap host_stop(void *env, struct wasm_caller *caller, const uint64_t *args,
				uint64_t *results)
{
	struct wasm_control *control = env;

	(void)caller, (void)args, (void)results;
	control->stop = TRAP_TIMEOUT;
	return TRAP_NONE;
}

TEST(stop_ends_straight_code_that_copies_fills_or_unwinds)
{
	static const char *const names[] = {"fill",	  "copy",	"init", "table_fill",
					    "table_copy", "table_init", "throw"};
	static const struct wasm_host_func stop = {
		.module = "host", .name = "stop", .call = host_stop};

	for (size_t i = 0; i < 2 * COUNT_OF(names); i++) {
		struct wasm_control control = {.polled = true, .metered = i % 2, .fuel = 1000};
		const struct wasm_store_config config = {.control = &control};
		struct guest g;

		CHECK_EQ(guest_init(&g, &config, &(struct interp_limits){0}), E_OK);
		CHECK_EQ(wasm_linker_define_host(&g.linker, &g.store, &stop, 1, &control), E_OK);
		CHECK_EQ(guest_add(&g, module_stop, sizeof module_stop), E_OK);
		CHECK_EQ(guest_call(&g, names[i / 2], 0, 0, 0), TRAP_TIMEOUT);
		CHECK_EQ(g.instance->memories[0]->base[0], 0);
		CHECK_EQ(g.instance->tables[0]->elems[0], 0);
		guest_fini(&g);
	}
}

/* What the only function of a module takes, whose body is given; tags 0 and 1 have no parameters. */
static uint64_t cost_of_body(const struct builder *body)
{
	struct wasm_control control = {.metered = true, .fuel = 1000};
	const struct wasm_store_config config = {.control = &control};
	struct builder b;
	struct guest g;

	build_begin(&b);
	build_bytes(&b, "\1\4\1\x60\0\0\3\2\1\0\15\5\2\0\0\0\0\7\5\1\1f\0\0", 24);
	build_section(&b, 10);
	build_byte(&b, 1);
	build_open(&b);
	build_bytes(&b, body->bytes, body->size);
	build_close(&b);
	build_close(&b);
	CHECK_EQ(guest_init(&g, &config, &(struct interp_limits){0}), E_OK);
	CHECK_EQ(guest_add(&g, b.bytes, b.size), E_OK);
	CHECK_EQ(guest_call(&g, "f", 0, 0, 0), TRAP_NONE);
	uint64_t took = 1000 - control.fuel;

	control.fuel = took - 1;
	CHECK_EQ(guest_call(&g, "f", 0, 0, 0), TRAP_OUT_OF_FUEL);
	guest_fini(&g);
	return took;
}

TEST(locals_are_paid_by_size)
{
	struct builder b = {0};

	build_bytes(&b, "\1\240\6\176\13", 5); /* 800 of i64 */
	CHECK_EQ(cost_of_body(&b), 100);
}

TEST(the_search_for_a_handler_is_paid)
{
	struct builder b = {0};

	build_bytes(&b, "\0\2\100\37\100\1\2\0", 8); /* block, try_table (catch_all 0) */
	for (int i = 0; i < 400; i++)
		build_bytes(&b, "\37\100\1\0\1\0", 6); /* try_table (catch 1 0) */
	build_bytes(&b, "\10\0", 2);		       /* throw 0 */
	for (int i = 0; i < 403; i++)
		build_byte(&b, 0x0b);
	CHECK_EQ(cost_of_body(&b), 1 + 800 / 16);
}

TEST(without_a_control_nothing_is_paid)
{
	struct guest g;

	start(&g, NULL);
	CHECK_EQ(guest_call(&g, "count", 100, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 100);
	CHECK_EQ(guest_call(&g, "endless_call", 0, 0, 0), TRAP_STACK_EXHAUSTED);
	guest_fini(&g);
}

TEST(metering_changes_no_result)
{
	struct wasm_control control = {.metered = true, .polled = true, .fuel = 100000};
	struct guest g;

	start(&g, &control);
	for (uint64_t i = 0; i < 4; i++) {
		static const uint64_t expected[] = {5, 4, 3, 3};

		CHECK_EQ(guest_call(&g, "switch", i, 0, 0), TRAP_NONE);
		CHECK_EQ(g.result[0], expected[i]);
	}
	CHECK_EQ(guest_call(&g, "either", 0, 0, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 7);
	guest_fini(&g);
}

int main(void)
{
	RUN(each_instruction_takes_one_and_structure_none);
	RUN(only_the_way_that_is_taken_is_paid);
	RUN(copying_and_filling_takes_by_size);
	RUN(what_never_ends_ends_without_fuel);
	RUN(stop_ends_code_that_was_translated_with_polling);
	RUN(stop_ends_straight_code_that_copies_fills_or_unwinds);
	RUN(locals_are_paid_by_size);
	RUN(the_search_for_a_handler_is_paid);
	RUN(without_a_control_nothing_is_paid);
	RUN(metering_changes_no_result);
	return check_report();
}
