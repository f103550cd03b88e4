/* Fuel to the instruction, and the ends that come from outside. */
#include "interp/interp.h"
#include "test/lib/check.h"
#include "test/unit/guest_module.h"
#include "test/unit/modules_fuel.h"

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
	RUN(without_a_control_nothing_is_paid);
	RUN(metering_changes_no_result);
	return check_report();
}
