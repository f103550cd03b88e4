/* Tail calls in constant space, calls by reference, jumps on null. */
#include "interp/interp.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/lib/check.h"
#include "test/unit/guest_module.h"
#include "test/unit/modules_calls.h"

static enum wasm_trap host_add(void *env, struct wasm_caller *caller, const uint64_t *args,
			       uint64_t *results)
{
	(void)env, (void)caller;
	if (args[1] == 99)
		return TRAP_HOST_FAILED;
	results[0] = (uint32_t)(args[0] * 2 + args[1]);
	return TRAP_NONE;
}

static void start(struct guest *g, const struct interp_limits *limits)
{
	static const uint32_t i32[] = {WASM_I32, WASM_I32};
	static const struct wasm_host_func add = {
		"host", "add", {i32, i32, 2, 1, 2, 1, 0}, host_add};

	CHECK_EQ(guest_init(g, &(struct wasm_store_config){0}, limits), E_OK);
	CHECK_EQ(wasm_linker_define_host(&g->linker, &g->store, &add, 1, g), E_OK);
}

static void start_one(struct guest *g)
{
	start(g, &(struct interp_limits){.stack_size = 64 * 1024, .max_depth = 8});
	CHECK_EQ(guest_add(g, module_tails, sizeof module_tails), E_OK);
}

static void start_two(struct guest *g, uint32_t depth)
{
	start(g, &(struct interp_limits){.stack_size = 64 * 1024, .max_depth = depth});
	CHECK_EQ(guest_add(g, module_tails_a, sizeof module_tails_a), E_OK);
	CHECK_EQ(wasm_linker_define_instance(&g->linker, wasm_name_of("a"), g->instance), E_OK);
	CHECK_EQ(guest_add(g, module_tails_b, sizeof module_tails_b), E_OK);
}

static uint64_t result(struct guest *g, const char *name, uint64_t a, uint64_t b)
{
	CHECK_EQ(guest_call(g, name, a, b, 0), TRAP_NONE);
	return g->result[0];
}

TEST(tail_calls_take_no_space)
{
	struct guest g;

	start_one(&g);
	CHECK_EQ(result(&g, "even", 100000, 0), 1);
	CHECK_EQ(result(&g, "even", 100001, 0), 0);
	CHECK_EQ(result(&g, "odd", 77777, 0), 1);
	CHECK_EQ(result(&g, "down", 100000, 0), 3);
	CHECK_EQ(result(&g, "wider", 7, 0), 3217);
	guest_fini(&g);
}

TEST(a_tail_call_of_a_host_function_returns_to_the_caller)
{
	struct guest g;
	struct interp_position lines[4];
	size_t depth;

	start_one(&g);
	CHECK_EQ(result(&g, "to_host", 20, 0), 45);
	CHECK_EQ(result(&g, "over_to_host", 20, 0), 300);
	CHECK_EQ(guest_call(&g, "over_to_host", 99, 0, 0), TRAP_HOST_FAILED);
	CHECK_EQ(interp_backtrace(&g.thread, lines, 4, 0, &depth), 2);
	CHECK(lines[0].func->host && !lines[1].func->host);
	guest_fini(&g);
}

TEST(calls_check_null_bounds_and_type)
{
	struct guest g;

	start_one(&g);
	CHECK_EQ(guest_call(&g, "call_null", 1, 0, 0), TRAP_NULL_FUNCTION);
	CHECK_EQ(guest_call(&g, "tail_null", 1, 0, 0), TRAP_NULL_FUNCTION);
	CHECK_EQ(guest_call(&g, "empty_entry", 1, 0, 0), TRAP_UNINITIALIZED_ELEMENT);
	CHECK_EQ(guest_call(&g, "outside", 1, 0, 0), TRAP_UNDEFINED_ELEMENT);
	CHECK_EQ(guest_call(&g, "other_type", 1, 0, 0), TRAP_INDIRECT_CALL_TYPE);
	CHECK_EQ(guest_call(&g, "as_non_null", 0, 0, 0), TRAP_NULL_REFERENCE);
	CHECK_EQ(result(&g, "as_non_null", 1, 0), 1);
	guest_fini(&g);
}

TEST(jumps_on_null_take_the_right_values_along)
{
	struct guest g;

	start_one(&g);
	CHECK_EQ(result(&g, "on_null", 0, 0), 107);
	CHECK_EQ(result(&g, "on_null", 1, 0), 108);
	CHECK_EQ(result(&g, "on_null_moves", 0, 0), 55);
	CHECK_EQ(result(&g, "on_null_moves", 1, 0), 64);
	CHECK_EQ(result(&g, "on_non_null", 0, 4), 42);
	CHECK_EQ(result(&g, "on_non_null", 1, 4), 1);
	CHECK_EQ(result(&g, "on_non_null", 1, 5), 0);
	CHECK_EQ(result(&g, "on_non_null_moves", 0, 4), UINT32_MAX);
	CHECK_EQ(result(&g, "on_non_null_moves", 1, 5), 0);
	guest_fini(&g);
}

TEST(tail_calls_between_instances_take_no_space_and_keep_memories_apart)
{
	struct guest g;

	start_two(&g, 8);
	CHECK_EQ(result(&g, "ping", 100000, 0), 50000 * 101);
	CHECK_EQ(result(&g, "ping", 100001, 5), 50000 * 101 + 100 + 5);
	CHECK(g.thread.frames_end - g.thread.frames <= 12);
	/* back from the other instance's tail calls, each goes on with its own memory */
	CHECK_EQ(result(&g, "both", 3, 0), 201 + 1000 * 1 + 10000 * 100);
	CHECK_EQ(result(&g, "both", 4, 0), 202 + 1000 * 1 + 10000 * 100);
	CHECK(!g.thread.instance);
	guest_fini(&g);
}

TEST(the_limit_of_depth_holds_for_tail_calls_between_instances)
{
	struct guest g;
	uint32_t depth = 1;
	enum wasm_trap trap = TRAP_STACK_EXHAUSTED;

	for (; trap == TRAP_STACK_EXHAUSTED && depth < 10; depth++) {
		start_two(&g, depth);
		trap = guest_call(&g, "both", 4, 0, 0);
		CHECK(g.thread.frame == g.thread.frames && g.thread.top == g.thread.slots);
		guest_fini(&g);
	}
	CHECK_EQ(trap, TRAP_NONE);
}

TEST(a_tail_call_into_another_instance_finds_room_at_every_depth)
{
	uint64_t deepest = 0;

	for (uint64_t n = 0; n < 16; n++) {
		struct guest g;

		start_two(&g, 8);
		enum wasm_trap trap = guest_call(&g, "dive", n, 5, 0);

		CHECK(trap == TRAP_NONE ? g.result[0] == n + 5 : trap == TRAP_STACK_EXHAUSTED);
		deepest = trap == TRAP_NONE ? n : deepest;
		guest_fini(&g);
	}
	CHECK(deepest >= 7 && deepest < 12);
}

/* Does the embedder's mistake end the program at once? */
static bool call_panics(struct guest *g, const char *name, uint64_t ref)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(1);
		(void)guest_call(g, name, ref, 0, 0);
		_exit(0);
	}
	CHECK_EQ(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

TEST(a_reference_from_outside_is_one_of_the_store_and_of_the_type)
{
	struct guest g;
	struct wasm_extern even, wider;

	start_one(&g);
	CHECK(wasm_instance_export(g.instance, wasm_name_of("even"), &even));
	CHECK(wasm_instance_export(g.instance, wasm_name_of("on_non_null"), &wider));
	CHECK_EQ(guest_call(&g, "take_any", even.func->ref, 0, 0), TRAP_NONE);
	CHECK_EQ(guest_call(&g, "take_any", 0, 0, 0), TRAP_NONE);
	CHECK_EQ(guest_call(&g, "take_typed", even.func->ref, 0, 0), TRAP_NONE);
	CHECK_EQ(guest_call(&g, "take_typed", 0, 0, 0), TRAP_NONE);
	CHECK_EQ(guest_call(&g, "take_non_null", wider.func->ref, 0, 0), TRAP_NONE);
	CHECK_EQ(guest_call(&g, "take_exception", 0, 0, 0), TRAP_NONE);
	CHECK(call_panics(&g, "take_any", g.store.func_count));
	CHECK(call_panics(&g, "take_typed", wider.func->ref));
	CHECK(call_panics(&g, "take_non_null", 0));
	CHECK(call_panics(&g, "take_exception", 1));
	guest_fini(&g);
}

int main(void)
{
	RUN(tail_calls_take_no_space);
	RUN(a_tail_call_of_a_host_function_returns_to_the_caller);
	RUN(calls_check_null_bounds_and_type);
	RUN(jumps_on_null_take_the_right_values_along);
	RUN(tail_calls_between_instances_take_no_space_and_keep_memories_apart);
	RUN(the_limit_of_depth_holds_for_tail_calls_between_instances);
	RUN(a_tail_call_into_another_instance_finds_room_at_every_depth);
	RUN(a_reference_from_outside_is_one_of_the_store_and_of_the_type);
	return check_report();
}
