/* Exceptions of both forms: who catches what, what lies where afterwards, what is collected. */
#include "interp/interp.h"
#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/unit/guest_module.h"
#include "test/unit/modules_exceptions.h"

/* Calls the caller's export "inner" and hands on what comes of it, calls "garbage", or lies. */
static enum wasm_trap host_call(void *env, struct wasm_caller *caller, const uint64_t *args,
				uint64_t *results)
{
	struct guest *g = env;
	struct wasm_extern x;

	if (args[0] == 99)
		return TRAP_UNCAUGHT_EXCEPTION; /* of a host that has none */
	const char *name = args[0] == 98 ? "garbage" : "inner";

	if (!wasm_instance_export(caller->instance, wasm_name_of(name), &x))
		return TRAP_HOST_FAILED;
	enum wasm_trap trap = interp_call(&g->thread, x.func, args, results);

	return trap ? trap : TRAP_HOST_FAILED;
}

static void start(struct guest *g, const void *bytes, size_t size)
{
	static const uint32_t i32[] = {WASM_I32};
	static const struct wasm_host_func call = {
		"host", "call", {i32, i32, 1, 1, 1, 1, 0}, host_call};

	CHECK_EQ(guest_init(g, &(struct wasm_store_config){0}, &(struct interp_limits){0}), E_OK);
	CHECK_EQ(wasm_linker_define_host(&g->linker, &g->store, &call, 1, g), E_OK);
	CHECK_EQ(guest_add(g, bytes, size), E_OK);
}

#define START(g, name) start(g, module_##name, sizeof module_##name)

static uint64_t result(struct guest *g, const char *name, uint64_t a, uint64_t b)
{
	CHECK_EQ(guest_call(g, name, a, b, 0), TRAP_NONE);
	CHECK_EQ(g->thread.exception, 0);
	return g->result[0];
}

TEST(a_try_table_catches_through_frames_with_what_lies_below)
{
	struct guest g;

	START(&g, eh_new);
	CHECK_EQ(result(&g, "catch_deep", 0, 12), 1000 + 120 + 7 + 30005);
	CHECK_EQ(result(&g, "catch_deep", 3000, 12), 1000 + 120 + 7 + 30005);
	guest_fini(&g);
}

TEST(the_first_fitting_clause_of_the_innermost_try_table_catches)
{
	struct guest g;

	START(&g, eh_new);
	CHECK_EQ(result(&g, "clauses", 0, 0), 30);
	CHECK_EQ(result(&g, "clauses", 1, 0), 10);
	CHECK_EQ(result(&g, "clauses", 2, 0), 41);
	CHECK_EQ(result(&g, "clauses", 3, 0), 90);
	guest_fini(&g);
}

TEST(a_clause_may_lead_to_a_loop_or_out_of_the_function)
{
	struct guest g;

	START(&g, eh_new);
	CHECK_EQ(result(&g, "again", 5, 0), 5);
	CHECK_EQ(result(&g, "to_func", 2, 0), 40);
	CHECK_EQ(result(&g, "to_func", 3, 0), 95);
	CHECK_EQ(guest_call(&g, "to_func", 1, 0, 0), TRAP_UNCAUGHT_EXCEPTION);
	guest_fini(&g);
}

TEST(an_exception_can_be_kept_and_thrown_again)
{
	struct guest g;

	START(&g, eh_new);
	CHECK_EQ(guest_call(&g, "rethrow_uncaught", 0, 0, 0), TRAP_NULL_EXCEPTION);
	CHECK_EQ(guest_call(&g, "throw_null", 0, 0, 0), TRAP_NULL_EXCEPTION);
	CHECK_EQ(result(&g, "keep", 1, 0), 0);
	CHECK_EQ(result(&g, "throw_kept", 1, 0), 40);
	CHECK_EQ(guest_call(&g, "throw_kept", 2, 0, 0), TRAP_NULL_EXCEPTION);
	CHECK_EQ(guest_call(&g, "rethrow_uncaught", 0, 0, 0), TRAP_UNCAUGHT_EXCEPTION);
	CHECK(g.thread.exception != 0);
	guest_fini(&g);
}

TEST(unused_exceptions_are_collected_and_held_ones_stay)
{
	struct guest g;

	START(&g, eh_new);
	CHECK_EQ(result(&g, "keep", 1, 0), 0); /* by a table and a global */
	CHECK_EQ(result(&g, "garbage", 100000, 0), 77);
	CHECK(g.store.exceptions.capacity < 10000);
	CHECK_EQ(result(&g, "throw_kept", 1, 0), 40);
	guest_fini(&g);
}

TEST(an_uncaught_exception_leaves_its_place_and_tag)
{
	struct guest g;
	struct interp_position lines[8];
	size_t depth;
	struct wasm_extern a;

	START(&g, eh_new);
	CHECK_EQ(guest_call(&g, "deep", 4, 9, 0), TRAP_UNCAUGHT_EXCEPTION);
	CHECK_EQ(interp_backtrace(&g.thread, lines, COUNT_OF(lines), 0, &depth), 5);
	CHECK_EQ(depth, 5);
	CHECK(lines[1].offset == lines[4].offset && lines[0].offset != lines[1].offset);
	CHECK(wasm_instance_export(g.instance, wasm_name_of("a"), &a));
	const struct wasm_exception *x = wasm_exception_of_ref(&g.store, g.thread.exception);

	CHECK(x && x->tag == a.tag);
	CHECK_EQ(x->values[0], 9);
	CHECK_EQ(x->values[1], 7);
	guest_fini(&g);
}

TEST(exceptions_pass_through_host_functions)
{
	struct guest g;

	START(&g, eh_new);
	CHECK_EQ(result(&g, "through", 31, 0), 31);
	guest_fini(&g);
	START(&g, eh_old);
	CHECK_EQ(result(&g, "through", 32, 0), 32);
	guest_fini(&g);
}

TEST(an_exception_that_nobody_catches_keeps_its_place_through_host_functions)
{
	struct guest g;
	struct interp_position lines[8];
	size_t depth;
	struct wasm_extern inner;

	START(&g, eh_new);
	CHECK(wasm_instance_export(g.instance, wasm_name_of("inner"), &inner));
	CHECK_EQ(guest_call(&g, "pass_on", 1, 0, 0), TRAP_UNCAUGHT_EXCEPTION);
	CHECK_EQ(interp_backtrace(&g.thread, lines, COUNT_OF(lines), 0, &depth), 3);
	CHECK(lines[0].func == inner.func && lines[1].func->host && !lines[2].func->host);
	guest_fini(&g);
}

TEST(a_host_function_cannot_throw_what_is_not_there)
{
	struct guest g;

	START(&g, eh_new);
	CHECK_EQ(guest_call(&g, "inner", 1, 0, 0), TRAP_UNCAUGHT_EXCEPTION);
	CHECK(g.thread.exception != 0);
	CHECK_EQ(guest_call(&g, "through", 99, 0, 0), TRAP_UNCAUGHT_EXCEPTION);
	CHECK_EQ(g.thread.exception, 0);
	guest_fini(&g);
}

TEST(a_trap_of_a_host_function_has_its_own_place_after_a_caught_exception)
{
	struct guest g;
	struct interp_position lines[8];
	size_t depth;

	START(&g, eh_new);
	CHECK_EQ(guest_call(&g, "pass_on", 98, 0, 0), TRAP_HOST_FAILED);
	CHECK_EQ(interp_backtrace(&g.thread, lines, COUNT_OF(lines), 0, &depth), 2);
	CHECK(lines[0].func->host && !lines[1].func->host);
	guest_fini(&g);
}

TEST(an_exception_of_another_instance_is_caught_by_tag_and_the_memory_is_ones_own)
{
	struct guest g;

	START(&g, eh_a);
	CHECK_EQ(wasm_linker_define_instance(&g.linker, wasm_name_of("a"), g.instance), E_OK);
	CHECK_EQ(guest_add(&g, module_eh_b, sizeof module_eh_b), E_OK);
	CHECK_EQ(result(&g, "catch", 5, 0), 1000 * 100 + 6);
	guest_fini(&g);
}

TEST(a_trap_is_not_caught)
{
	struct guest g;

	START(&g, eh_new);
	CHECK_EQ(guest_call(&g, "trap_passes", 0, 0, 0), TRAP_UNREACHABLE);
	guest_fini(&g);
}

TEST(a_tail_call_leaves_its_try)
{
	struct guest g;

	START(&g, eh_new);
	CHECK_EQ(result(&g, "from_tail", 2, 0), 41);
	CHECK_EQ(result(&g, "tail_leaves", 3, 0), 90);
	CHECK_EQ(guest_call(&g, "tail_leaves", 2, 0, 0), TRAP_UNCAUGHT_EXCEPTION);
	guest_fini(&g);
}

TEST(a_legacy_try_catches_by_tag)
{
	struct guest g;

	START(&g, eh_old);
	CHECK_EQ(result(&g, "clauses", 0, 0), 3);
	CHECK_EQ(result(&g, "clauses", 1, 0), 20);
	CHECK_EQ(result(&g, "clauses", 2, 0), 140);
	CHECK_EQ(result(&g, "clauses", 3, 0), 90);
	CHECK_EQ(result(&g, "loop", 1000, 0), 500500);
	CHECK_EQ(result(&g, "no_catch", 2, 0), 43);
	guest_fini(&g);
}

TEST(rethrow_means_the_exception_of_its_catch)
{
	struct guest g;

	START(&g, eh_old);
	CHECK_EQ(result(&g, "rethrown", 0, 0), 1);
	CHECK_EQ(result(&g, "rethrown", 1, 0), 2);
	CHECK_EQ(result(&g, "rethrown", 2, 0), 41);
	CHECK_EQ(result(&g, "rethrown", 3, 0), 90);
	guest_fini(&g);
}

TEST(delegate_leaves_out_what_lies_between)
{
	struct guest g;

	START(&g, eh_old);
	CHECK_EQ(result(&g, "delegated", 2, 0), 42);
	CHECK_EQ(result(&g, "delegated", 0, 0), 4);
	CHECK_EQ(result(&g, "delegated", 3, 0), 90);
	CHECK_EQ(result(&g, "delegated_out", 2, 0), 46);
	CHECK_EQ(guest_call(&g, "delegated_out", 1, 0, 0), TRAP_UNCAUGHT_EXCEPTION);
	CHECK_EQ(result(&g, "delegated_in_catch", 2, 0), 49);
	CHECK_EQ(guest_call(&g, "delegated_in_catch", 1, 0, 0), TRAP_UNCAUGHT_EXCEPTION);
	guest_fini(&g);
}

TEST(values_leave_a_catch_past_its_exception)
{
	struct guest g;

	START(&g, eh_old);
	CHECK_EQ(result(&g, "out_of_catch", 3, 0), 1 + 2 * (90 * 3 + 7));
	CHECK_EQ(result(&g, "out_of_catch", 0, 0), 1 + 2 * (1 * 3 + 2));
	CHECK_EQ(result(&g, "out_of_catch", 2, 0), 1 + 2 * (40 * 3 + 9));
	CHECK_EQ(result(&g, "out_of_catch", 1, 0), 1 + 2 * (11 * 3 + 12));
	guest_fini(&g);
}

TEST(want_of_memory_while_throwing_is_a_clean_trap)
{
	struct guest g;
	enum wasm_trap trap = TRAP_OUT_OF_MEMORY;

	for (long n = 0; trap != TRAP_NONE && n < 100; n++) {
		START(&g, eh_new);
		native_heap_fail_at(n);
		trap = guest_call(&g, "catch_deep", 400, 5, 0);
		native_heap_fail_at(-1);
		CHECK(trap == TRAP_NONE || trap == TRAP_OUT_OF_MEMORY);
		CHECK(g.thread.frame == g.thread.frames && g.thread.top == g.thread.slots);
		guest_fini(&g);
	}
	CHECK_EQ(trap, TRAP_NONE);
}

int main(void)
{
	RUN(a_try_table_catches_through_frames_with_what_lies_below);
	RUN(the_first_fitting_clause_of_the_innermost_try_table_catches);
	RUN(a_clause_may_lead_to_a_loop_or_out_of_the_function);
	RUN(an_exception_can_be_kept_and_thrown_again);
	RUN(unused_exceptions_are_collected_and_held_ones_stay);
	RUN(an_uncaught_exception_leaves_its_place_and_tag);
	RUN(exceptions_pass_through_host_functions);
	RUN(an_exception_that_nobody_catches_keeps_its_place_through_host_functions);
	RUN(a_host_function_cannot_throw_what_is_not_there);
	RUN(a_trap_of_a_host_function_has_its_own_place_after_a_caught_exception);
	RUN(an_exception_of_another_instance_is_caught_by_tag_and_the_memory_is_ones_own);
	RUN(a_trap_is_not_caught);
	RUN(a_tail_call_leaves_its_try);
	RUN(a_legacy_try_catches_by_tag);
	RUN(rethrow_means_the_exception_of_its_catch);
	RUN(delegate_leaves_out_what_lies_between);
	RUN(values_leave_a_catch_past_its_exception);
	RUN(want_of_memory_while_throwing_is_a_clean_trap);
	return check_report();
}
