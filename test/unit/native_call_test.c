/* Calls into native code and out of it: values, globals, levels, several instances, traps, fuel. */
#include "test/unit/native_guest.h"

/* ---- values ------------------------------------------------------------------------------------- */

static enum wasm_trap body_add_one(struct guest *g, struct native_regs *regs)
{
	(void)g;
	regs->result = ((uint64_t)0xdead << 32) | (uint32_t)(regs->gpr[0] + 1);
	return TRAP_NONE;
}

TEST(results_have_no_upper_halves)
{
	struct guest g;

	guest_begin(&g, NULL);
	g.unit[0].body[0] = body_add_one;
	CHECK_EQ(guest_call(&g, 0, 0, 41), TRAP_NONE);
	CHECK_EQ(g.results[0], 42);
	CHECK_EQ(guest_call(&g, 0, 0, 0x100000001), TRAP_NONE);
	CHECK_EQ(g.results[0], 2);
	CHECK(g.thread.instance == NULL);
	CHECK_EQ(g.thread.nesting, 0);
	guest_fini(&g);
}

static enum wasm_trap wide(struct wasm_caller *caller, const uint64_t *args, uint64_t *results)
{
	const uint32_t ref = guest_func(g_guest, 0, 2)->ref;
	const uint64_t expected[11] = {1, 2, 0x40400000, 4, 5, 6, ref, 8, 9, 10, 11};

	CHECK_EQ(memcmp(args, expected, sizeof(expected)), 0);
	CHECK(caller->instance == g_guest->unit[0].instance);
	results[0] = 0xffffffff40800000;
	results[1] = 0xffffffff00000007;
	results[2] = 8;
	results[3] = 9;
	return TRAP_NONE;
}

#define JUNK ((uint64_t)0xabcdef01 << 32)

/* The arguments of `wide`, with junk wherever a 32-bit value leaves room. */
static struct native_regs wide_regs(struct guest *g, uint32_t funcref)
{
	const uint64_t f32 = JUNK | 0x40400000, f64 = 4, v128[2] = {5, 6};
	struct native_regs regs = {
		.nest = g->unit[0].instance->funcs[0]->ref,
		.gpr = {JUNK | 1, 2, JUNK | funcref, JUNK | 8, JUNK | 9, JUNK | 10}};

	memset(regs.xmm, 0xcc, sizeof(regs.xmm));
	memcpy(regs.xmm[0], &f32, 8);
	memcpy(regs.xmm[1], &f64, 8);
	memcpy(regs.xmm[2], v128, 16);
	*slot(g, g->unit[0].code.layout.transfer) = JUNK | 11;
	return regs;
}

static enum wasm_trap body_wide(struct guest *g, struct native_regs *regs)
{
	struct native_regs out = wide_regs(g, guest_func(g, 0, 2)->ref);
	const uint64_t *transfer = slot(g, g->unit[0].code.layout.transfer);
	uint64_t f32;

	CHECK_EQ(native_fake_import(&out), TRAP_NONE);
	memcpy(&f32, out.xmm[0], 8);
	CHECK_EQ(f32, 0x40800000);
	CHECK_EQ(transfer[0], 7);
	CHECK_EQ(transfer[1], 8);
	CHECK_EQ(transfer[2], 9);
	CHECK_EQ(out.target, 0);
	regs->result = 1;
	return TRAP_NONE;
}

TEST(host_functions_get_and_give_every_kind_of_value)
{
	struct guest g;

	guest_begin(&g, NULL);
	g_host_wide = wide;
	g.unit[0].body[0] = body_wide;
	CHECK_EQ(guest_call(&g, 0, 0, 0), TRAP_NONE);
	CHECK_EQ(g.results[0], 1);
	guest_fini(&g);
}

/* ---- what the code makes up ------------------------------------------------------------------------- */

static enum wasm_trap body_hostile_reference(struct guest *g, struct native_regs *regs)
{
	struct native_regs out = wide_regs(g, (uint32_t)regs->gpr[0]);

	return native_fake_import(&out);
}

static enum wasm_trap must_not_run(struct wasm_caller *caller, const uint64_t *args,
				   uint64_t *results)
{
	(void)caller;
	(void)args;
	(void)results;
	CHECK(false);
	return TRAP_NONE;
}

TEST(references_that_are_none_do_not_get_out)
{
	struct guest g;

	guest_begin(&g, NULL);
	g_host_wide = must_not_run;
	g.unit[0].body[0] = body_hostile_reference;
	CHECK_EQ(guest_call(&g, 0, 0, g.store.func_count), TRAP_HOST_FAILED);
	CHECK_EQ(guest_call(&g, 0, 0, UINT32_MAX), TRAP_HOST_FAILED);
	guest_fini(&g);
}

static enum wasm_trap body_calls_ref(struct guest *g, struct native_regs *regs)
{
	struct native_regs out = {.nest = regs->gpr[0], .gpr = {5}};
	enum wasm_trap trap = native_fake_import(&out);

	g->note[0] = out.target;
	regs->result = out.result;
	return trap;
}

static enum wasm_trap times_two(struct wasm_caller *caller, const uint64_t *args, uint64_t *results)
{
	(void)caller;
	results[0] = args[0] * 2;
	return TRAP_NONE;
}

TEST(only_functions_are_called)
{
	struct guest g;

	guest_begin(&g, NULL);
	g_host_unary = times_two;
	g.unit[0].body[0] = body_calls_ref;
	CHECK_EQ(guest_call(&g, 0, 0, 0), TRAP_HOST_FAILED);
	CHECK_EQ(guest_call(&g, 0, 0, g.store.func_count), TRAP_HOST_FAILED);
	CHECK_EQ(guest_call(&g, 0, 0, UINT32_MAX), TRAP_HOST_FAILED);
	CHECK(g.thread.trap_func == NULL); /* refused before anything */
	CHECK_EQ(guest_call(&g, 0, 0, g.unit[0].instance->funcs[1]->ref), TRAP_NONE);
	CHECK_EQ(g.results[0], 10);
	CHECK_EQ(g.note[0], 0);
	/* one of its own instance runs on the same level */
	CHECK_EQ(guest_call(&g, 0, 0, guest_func(&g, 0, 1)->ref), TRAP_NONE);
	CHECK_EQ(g.note[0], (uint64_t)(uintptr_t)guest_func(&g, 0, 1)->code);
	guest_fini(&g);
}

/* The callee's values would not fit into the caller's transfer area. */
static enum wasm_trap body_calls_wide_from_b(struct guest *g, struct native_regs *regs)
{
	struct native_regs out = {.nest = regs->gpr[0]};

	(void)g;
	return native_fake_import(&out);
}

TEST(functions_with_more_values_than_the_caller_has_room_are_not_called)
{
	struct guest g;

	guest_begin_two(&g, NULL);
	g_host_wide = must_not_run;
	CHECK(g.unit[1].code.layout.transfer_slots < g.unit[0].code.layout.transfer_slots);
	g.unit[1].body[0] = body_calls_wide_from_b;
	CHECK_EQ(guest_call(&g, 1, 0, g.unit[0].instance->funcs[0]->ref), TRAP_HOST_FAILED);
	struct wasm_func_instance *many;

	g_host_unary = must_not_run;
	CHECK_EQ(wasm_func_add_host(&g.store, &k_host[2], NULL, &many), E_OK);
	CHECK_EQ(native_place_params(many->type, NULL), 3);
	CHECK_EQ(g.unit[1].code.layout.transfer_slots, 2);
	CHECK_EQ(guest_call(&g, 1, 0, many->ref), TRAP_HOST_FAILED);
	guest_fini(&g);
}

static enum wasm_trap body_strange_stack(struct guest *g, struct native_regs *regs)
{
	const uint64_t bottom = g->thread.stack_top - g->thread.stack_size;
	const uint64_t bad[] = {0,
				8,
				bottom - 1,
				bottom - 4096,
				g->thread.stack_top - 7,
				g->thread.stack_top,
				UINT64_MAX,
				(uint64_t)(uintptr_t)g};
	struct native_regs out = {.nest = g->unit[0].instance->funcs[1]->ref};

	(void)regs;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		out.rsp = bad[i];
		CHECK_EQ(native_on_import(&out), TRAP_HOST_FAILED);
		CHECK_EQ(native_on_helper(&out, NATIVE_HELPER_memory_size), TRAP_HOST_FAILED);
	}
	out.rsp = bottom;
	CHECK_EQ(native_on_import(&out), TRAP_NONE);
	out.rsp = g->thread.stack_top - 8;
	CHECK_EQ(native_on_import(&out), TRAP_NONE);
	return TRAP_NONE;
}

TEST(calls_out_come_from_the_thread_stack)
{
	struct guest g;

	guest_begin(&g, NULL);
	g_host_unary = times_two;
	g.unit[0].body[0] = body_strange_stack;
	CHECK_EQ(guest_call(&g, 0, 0, 0), TRAP_NONE);
	guest_fini(&g);
}

/* ---- globals ---------------------------------------------------------------------------------------- */

#define NINE 0x4022000000000000ull /* as f64 */

static enum wasm_trap body_globals(struct guest *g, struct native_regs *regs)
{
	const uint32_t globals = g->unit[0].code.layout.globals;

	CHECK_EQ(*slot(g, globals), 5);
	CHECK_EQ(*slot(g, globals + 16), 6);
	CHECK_EQ(*slot(g, globals + 32), 7);
	CHECK_EQ(*slot(g, globals + 40), 8);
	CHECK_EQ(*slot(g, globals + 48), NINE);
	*slot(g, globals) = JUNK | 15;
	*slot(g, globals + 8) = 99;
	*slot(g, globals + 16) = JUNK | 16;
	*slot(g, globals + 32) = 17;
	*slot(g, globals + 40) = 18;
	*slot(g, globals + 48) = 19; /* immutable */
	*slot(g, globals + 64) = regs->gpr[0];
	return (enum wasm_trap)g->note[0];
}

TEST(globals_are_saved_after_a_trap_too)
{
	for (unsigned trap = TRAP_NONE; trap <= TRAP_UNREACHABLE; trap++) {
		struct guest g;

		guest_begin(&g, NULL);
		g.unit[0].body[0] = body_globals;
		g.note[0] = trap;
		const struct wasm_func_instance *f = guest_func(&g, 0, 2);

		CHECK_EQ(guest_call(&g, 0, 0, trap ? f->ref : 0x7fffffff), trap);
		struct wasm_global_instance **globals = g.unit[0].instance->globals;

		CHECK_EQ(globals[0]->value[0], 15);
		CHECK_EQ(globals[0]->value[1], 0);
		CHECK_EQ(globals[1]->value[0], JUNK | 16);
		CHECK_EQ(globals[2]->value[0], 17);
		CHECK_EQ(globals[2]->value[1], 18);
		CHECK_EQ(globals[3]->value[0], NINE);
		CHECK_EQ(globals[4]->value[0], trap ? f->ref : 0); /* one made up is null */
		guest_fini(&g);
	}
}

/* ---- several instances ------------------------------------------------------------------------------ */

static enum wasm_trap body_b0(struct guest *g, struct native_regs *regs)
{
	const struct native_layout *l = &g->unit[1].code.layout;
	struct native_regs out = {.nest = *slot(g, l->imports + 8), .gpr = {regs->gpr[0]}};

	CHECK_EQ(*slot(g, l->imports), (uint64_t)(uintptr_t)native_import_thunk);
	CHECK_EQ(*slot(g, l->globals), 5);
	*slot(g, l->globals) = 6;
	CHECK_EQ(native_fake_import(&out), TRAP_NONE);
	CHECK_EQ(*slot(g, l->globals), 7);
	regs->result = out.result;
	return TRAP_NONE;
}

static enum wasm_trap body_a0(struct guest *g, struct native_regs *regs)
{
	const struct native_layout *l = &g->unit[0].code.layout;

	CHECK_EQ(native_fake_depth(), 2);
	CHECK_EQ(g->thread.nesting, 2);
	CHECK_EQ(*slot(g, l->globals), 6);
	CHECK_EQ(*slot(g, l->ref_base), guest_func(g, 0, 0)->ref);
	CHECK_EQ(*slot(g, l->sigs), g->unit[0].instance->sigs[0] + 1);
	*slot(g, l->globals) = 7;
	regs->result = regs->gpr[0] + 100;
	return TRAP_NONE;
}

TEST(instances_call_each_other_each_with_its_slots)
{
	struct guest g;

	guest_begin_two(&g, NULL);
	g.unit[1].body[0] = body_b0;
	g.unit[0].body[0] = body_a0;
	CHECK_EQ(guest_call(&g, 1, 0, 11), TRAP_NONE);
	CHECK_EQ(g.results[0], 111);
	CHECK_EQ(g.unit[0].instance->globals[0]->value[0], 7);
	CHECK(g.thread.callout == NULL && g.thread.instance == NULL);
	guest_fini(&g);
}

static enum wasm_trap body_traps(struct guest *g, struct native_regs *regs)
{
	(void)regs;
	native_fake_trap_at(g->unit[0].code.address + 16 * g->note[0] + 3);
	return TRAP_DIVIDE_BY_ZERO;
}

static enum wasm_trap body_b0_plain(struct guest *g, struct native_regs *regs)
{
	struct native_regs out = {.nest = *slot(g, g->unit[1].code.layout.imports + 8)};

	(void)regs;
	return native_fake_import(&out);
}

TEST(traps_pass_through_and_name_the_innermost_function)
{
	struct guest g;

	guest_begin_two(&g, NULL);
	g.unit[1].body[0] = body_b0_plain;
	g.unit[0].body[0] = body_traps;
	for (g.note[0] = 0; g.note[0] < 3; g.note[0]++) {
		CHECK_EQ(guest_call(&g, 1, 0, 0), TRAP_DIVIDE_BY_ZERO);
		CHECK(g.thread.trap_func == guest_func(&g, 0, (uint32_t)g.note[0]));
	}
	CHECK_EQ(guest_call(&g, 1, 0, 0),
		 TRAP_DIVIDE_BY_ZERO); /* behind the last: in the routine */
	CHECK(g.thread.trap_func == guest_func(&g, 1, 0));
	CHECK(g.thread.callout == NULL && g.thread.instance == NULL);
	g.note[0] = 0;
	CHECK_EQ(guest_call(&g, 0, 0, 0), TRAP_DIVIDE_BY_ZERO);
	guest_fini(&g);
}

static enum wasm_trap grow(struct wasm_caller *caller, const uint64_t *args, uint64_t *results)
{
	results[0] = wasm_memory_grow(caller->instance->memories[0], (uint32_t)args[0]);
	return TRAP_NONE;
}

static enum wasm_trap body_host_grows(struct guest *g, struct native_regs *regs)
{
	struct native_regs out = {.nest = g->unit[0].instance->funcs[1]->ref, .gpr = {2}};
	const uint32_t disp = g->unit[0].code.layout.memories;

	(void)regs;
	CHECK_EQ(*slot(g, disp + 8), 65536);
	CHECK_EQ(native_fake_import(&out), TRAP_NONE);
	CHECK_EQ(*slot(g, disp), (uint64_t)(uintptr_t)g->unit[0].instance->memories[0]->base);
	CHECK_EQ(*slot(g, disp + 8), 3 * 65536);
	return TRAP_NONE;
}

TEST(a_memory_may_grow_in_a_host_function)
{
	struct guest g;

	guest_begin(&g, NULL);
	g_host_unary = grow;
	g.unit[0].body[0] = body_host_grows;
	CHECK_EQ(guest_call(&g, 0, 0, 0), TRAP_NONE);
	guest_fini(&g);
}

static enum wasm_trap body_twins(struct guest *g, struct native_regs *regs)
{
	const uint32_t globals = g->unit[1].code.layout.globals;
	const uint64_t first[6] = {0}, second[6] = {1}, third[6] = {2};

	*slot(g, globals) = 50;
	CHECK_EQ(native_fake_help(NATIVE_HELPER_global_changed, first, NULL), TRAP_NONE);
	CHECK_EQ(*slot(g, globals + 16), 50);
	*slot(g, globals + 16) = 60;
	CHECK_EQ(native_fake_help(NATIVE_HELPER_global_changed, second, NULL), TRAP_NONE);
	CHECK_EQ(*slot(g, globals), 60);
	CHECK_EQ(*slot(g, globals + 32), 70); /* its own, which was 70 */
	regs->result = 0;
	return native_fake_help(NATIVE_HELPER_global_changed, third, NULL);
}

TEST(a_global_that_is_imported_twice_is_one)
{
	struct guest g;

	guest_begin(&g, NULL);
	CHECK_EQ(wasm_linker_define_instance(&g.linker, wasm_name_of("a"), g.unit[0].instance),
		 E_OK);
	CHECK_EQ(guest_add(&g, module_d, sizeof(module_d), 0), E_OK);
	g.unit[1].body[0] = body_twins;
	CHECK_EQ(guest_call(&g, 1, 0, 0), TRAP_HOST_FAILED);
	CHECK_EQ(g.unit[0].instance->globals[0]->value[0], 60);
	guest_fini(&g);
}

/* ---- levels ----------------------------------------------------------------------------------------- */

static enum wasm_trap again(struct wasm_caller *caller, const uint64_t *args, uint64_t *results)
{
	(void)caller;
	return native_call(&g_guest->thread, guest_func(g_guest, 0, 0), args, results);
}

static enum wasm_trap body_down(struct guest *g, struct native_regs *regs)
{
	struct native_regs out = {.nest = g->unit[0].instance->funcs[1]->ref,
				  .gpr = {regs->gpr[0] - 1}};

	if (regs->gpr[0] == 0)
		return TRAP_NONE;
	enum wasm_trap trap = native_fake_import(&out);

	regs->result = out.result + 1;
	return trap;
}

TEST(host_functions_may_call_up_to_a_depth)
{
	struct guest g;

	guest_begin(&g, NULL);
	g_host_unary = again;
	g.unit[0].body[0] = body_down;
	CHECK_EQ(guest_call(&g, 0, 0, NATIVE_NESTING_MAX - 1), TRAP_NONE);
	CHECK_EQ(g.results[0], NATIVE_NESTING_MAX - 1);
	CHECK_EQ(guest_call(&g, 0, 0, NATIVE_NESTING_MAX), TRAP_STACK_EXHAUSTED);
	CHECK_EQ(g.thread.nesting, 0);
	CHECK_EQ(guest_call(&g, 0, 0, 3), TRAP_NONE);
	guest_fini(&g);
}

static enum wasm_trap body_no_stack_left(struct guest *g, struct native_regs *regs)
{
	struct native_regs out = {.nest = g->unit[0].instance->funcs[1]->ref,
				  .rsp = g->thread.stack_top - g->thread.stack_size + regs->gpr[0]};

	if (native_fake_depth() == 2)
		return TRAP_NONE;
	return native_on_import(&out);
}

TEST(a_level_begins_only_where_there_is_stack)
{
	struct guest g;

	guest_begin(&g, NULL);
	g_host_unary = again;
	g.unit[0].body[0] = body_no_stack_left;
	CHECK_EQ(guest_call(&g, 0, 0, 4096), TRAP_NONE);
	CHECK_EQ(guest_call(&g, 0, 0, 4095), TRAP_STACK_EXHAUSTED);
	CHECK_EQ(guest_call(&g, 0, 0, 0), TRAP_STACK_EXHAUSTED);
	guest_fini(&g);
}

static enum wasm_trap leave(struct wasm_caller *caller, const uint64_t *args, uint64_t *results)
{
	(void)args;
	(void)results;
	caller->exit_status = 3;
	return TRAP_EXIT;
}

TEST(exit_leaves_all_levels)
{
	struct guest g;

	guest_begin(&g, NULL);
	g_host_unary = leave;
	g.unit[0].body[0] = body_down;
	CHECK_EQ(guest_call(&g, 0, 0, 2), TRAP_EXIT);
	CHECK_EQ(g.thread.caller.exit_status, 3);
	CHECK(g.thread.trap_func == guest_func(&g, 0, 0));
	guest_fini(&g);
}

/* In the routine behind the functions, which was called from the place that g->note[1] is from the code. */
static enum wasm_trap body_traps_in_routine(struct guest *g, struct native_regs *regs)
{
	const uint64_t code = g->unit[0].code.address;

	(void)regs;
	native_fake_trap_at(code + 16 * 3 + 5);
	if (g->note[0])
		native_fake_trap_below(code + g->note[1]);
	return TRAP_MEMORY_BOUNDS;
}

/* Whoever called it, if that can be seen; never the last function. */
TEST(a_trap_in_a_shared_routine_is_its_callers)
{
	struct guest g;

	guest_begin(&g, NULL);
	g.unit[0].body[0] = body_traps_in_routine;
	CHECK_EQ(g.unit[0].module.func_count - g.unit[0].module.import_func_count, 3);
	CHECK_EQ(guest_call(&g, 0, 0, 0), TRAP_MEMORY_BOUNDS);
	CHECK(g.thread.trap_func == NULL);
	g.note[0] = 1;
	for (uint32_t i = 0; i < 3; i++) {
		g.note[1] = 16 * i + 16; /* the CALL is its last instruction */
		CHECK_EQ(guest_call(&g, 0, 0, 0), TRAP_MEMORY_BOUNDS);
		CHECK(g.thread.trap_func == guest_func(&g, 0, i));
	}
	for (uint32_t i = 0; i < 3;
	     i++) { /* no function's: the routine's, behind it, before the first */
		static const uint64_t k_at[] = {16 * 3 + 1, 16 * 4 + 1, 0};

		g.note[1] = k_at[i];
		CHECK_EQ(guest_call(&g, 0, 0, 0), TRAP_MEMORY_BOUNDS);
		CHECK(g.thread.trap_func == NULL);
	}
	guest_fini(&g);
}

TEST(a_host_function_can_be_called_from_outside)
{
	struct guest g;
	const uint64_t arg = 21;
	uint64_t result = 0;

	guest_begin(&g, NULL);
	g_host_unary = times_two;
	CHECK_EQ(native_call(&g.thread, g.unit[0].instance->funcs[1], &arg, &result), TRAP_NONE);
	CHECK_EQ(result, 42);
	guest_fini(&g);
}

/* ---- fuel and interruption -------------------------------------------------------------------------- */

static enum wasm_trap body_burns(struct guest *g, struct native_regs *regs)
{
	const uint32_t fuel = g->unit[0].code.layout.fuel;
	const uint64_t args[6] = {regs->gpr[0]};
	enum wasm_trap trap = TRAP_NONE;

	if (*slot(g, fuel) < args[0])
		trap = native_fake_help(NATIVE_HELPER_fuel, args, NULL);
	if (!trap) {
		CHECK(*slot(g, fuel) >= args[0]);
		*slot(g, fuel) -= args[0];
	}
	return trap;
}

TEST(fuel_is_exact)
{
	struct wasm_control control = {.metered = true, .fuel = 100000};
	struct guest g;

	guest_begin(&g, &control);
	g.unit[0].body[0] = body_burns;
	CHECK_EQ(guest_call(&g, 0, 0, 1), TRAP_NONE);
	CHECK_EQ(control.fuel, 99999);
	CHECK_EQ(guest_call(&g, 0, 0, 90000), TRAP_NONE);
	CHECK_EQ(control.fuel, 9999);
	CHECK_EQ(guest_call(&g, 0, 0, 10000), TRAP_OUT_OF_FUEL);
	CHECK_EQ(control.fuel, 9999);
	CHECK_EQ(guest_call(&g, 0, 0, UINT64_MAX), TRAP_OUT_OF_FUEL);
	CHECK_EQ(guest_call(&g, 0, 0, 9999), TRAP_NONE);
	CHECK_EQ(control.fuel, 0);
	CHECK_EQ(guest_call(&g, 0, 0, 1), TRAP_OUT_OF_FUEL);
	guest_fini(&g);
}

static enum wasm_trap body_lies(struct guest *g, struct native_regs *regs)
{
	const uint64_t args[6] = {1};
	enum wasm_trap trap = native_fake_help(NATIVE_HELPER_fuel, args, NULL);

	*slot(g, g->unit[0].code.layout.fuel) = regs->gpr[0];
	return trap;
}

static enum wasm_trap body_takes_twice(struct guest *g, struct native_regs *regs)
{
	const uint64_t first[6] = {5000}, second[6] = {5000 + 4096 + 1};

	(void)g;
	(void)regs;
	CHECK_EQ(native_fake_help(NATIVE_HELPER_fuel, first, NULL), TRAP_NONE);
	return native_fake_help(NATIVE_HELPER_fuel, second, NULL);
}

TEST(fuel_that_was_not_used_comes_back)
{
	struct wasm_control control = {.metered = true, .fuel = 100000};
	struct guest g;

	guest_begin(&g, &control);
	g.unit[0].body[0] = body_takes_twice;
	CHECK_EQ(guest_call(&g, 0, 0, 0), TRAP_NONE);
	CHECK_EQ(control.fuel, 100000);
	guest_fini(&g);
}

TEST(fuel_that_was_not_given_does_not_come_back)
{
	struct wasm_control control = {.metered = true, .fuel = 10000};
	struct guest g;

	guest_begin(&g, &control);
	g.unit[0].body[0] = body_lies;
	CHECK_EQ(guest_call(&g, 0, 0, UINT64_MAX), TRAP_NONE);
	CHECK_EQ(control.fuel, 10000);
	CHECK_EQ(guest_call(&g, 0, 0, 20000), TRAP_NONE);
	CHECK_EQ(control.fuel, 10000);
	guest_fini(&g);
}

TEST(code_that_counts_without_need_always_has_fuel)
{
	struct guest g;

	guest_begin(&g, NULL);
	g.unit[0].body[0] = body_burns;
	CHECK_EQ(guest_call(&g, 0, 0, (uint64_t)1 << 40), TRAP_NONE);
	g.unit[0].body[0] = body_lies;
	CHECK_EQ(guest_call(&g, 0, 0, 0), TRAP_NONE);
	guest_fini(&g);
}

static enum wasm_trap body_polls(struct guest *g, struct native_regs *regs)
{
	regs->result = *slot(g, g->unit[0].code.layout.stop);
	return regs->result ? TRAP_INTERRUPTED : TRAP_NONE;
}

TEST(all_threads_of_a_control_are_stopped)
{
	struct wasm_control control = {.polled = true}, other = {.polled = true};
	struct guest g;

	guest_begin(&g, &control);
	g.unit[0].body[0] = body_polls;
	CHECK_EQ(guest_call(&g, 0, 0, 0), TRAP_NONE);
	other.stop = TRAP_TIMEOUT;
	native_stop_all(&other);
	CHECK_EQ(guest_call(&g, 0, 0, 0), TRAP_NONE);
	control.stop = TRAP_TIMEOUT;
	native_stop_all(&control);
	CHECK_EQ(guest_call(&g, 0, 0, 0), TRAP_TIMEOUT);
	CHECK_EQ(guest_call(&g, 0, 0, 0), TRAP_TIMEOUT); /* placing slots does not take it away */
	guest_fini(&g);
	/* one that begins afterwards knows, too */
	guest_begin(&g, &control);
	g.unit[0].body[0] = body_polls;
	CHECK_EQ(guest_call(&g, 0, 0, 0), TRAP_TIMEOUT);
	guest_fini(&g);
	guest_begin(&g, NULL);
	native_stop_all(&control);
	g.unit[0].body[0] = body_polls;
	CHECK_EQ(guest_call(&g, 0, 0, 0), TRAP_NONE);
	guest_fini(&g);
}

/* ---- linking ---------------------------------------------------------------------------------------- */

TEST(code_has_to_be_of_the_kind_that_the_memory_needs)
{
	struct guest g;

	CHECK_EQ(guest_init(&g, NULL), E_OK);
	CHECK_EQ(wasm_linker_define_host(&g.linker, &g.store, k_host, 2, NULL), E_OK);
	CHECK_EQ(guest_instantiate(&g, module_a, sizeof(module_a), 0), E_OK);
	CHECK(!native_instance_in_window(g.unit[0].instance));
	CHECK_EQ(native_link(&g.thread, g.unit[0].instance, &g.unit[0].code), E_NATIVE_WINDOW);
	CHECK_EQ(guest_call(&g, 0, 0, 0), TRAP_HOST_FAILED);
	native_fake_window(g.unit[0].instance->memories[0]->base);
	CHECK(native_instance_in_window(g.unit[0].instance));
	g.unit[0].code.flags = NATIVE_CHECKED;
	CHECK_EQ(native_link(&g.thread, g.unit[0].instance, &g.unit[0].code), E_NATIVE_WINDOW);
	g.unit[0].code.flags = 0;
	CHECK_EQ(native_link(&g.thread, g.unit[0].instance, &g.unit[0].code), E_OK);
	guest_fini(&g);
}

/* Its instance is there to be imported from as `a`, and more functions than there is room. */
static void guest_begin_crowded(struct guest *g)
{
	guest_begin(g, NULL);
	g->unit[0].body[0] = body_add_one;
	CHECK_EQ(wasm_linker_define_instance(&g->linker, wasm_name_of("a"), g->unit[0].instance),
		 E_OK);
	for (int i = 0; i < 100; i++) {
		struct wasm_func_instance *f;

		CHECK_EQ(wasm_func_add_host(&g->store, &k_host[1], NULL, &f), E_OK);
	}
}

static enum err link_with_memory_for(struct guest *g, long n)
{
	native_heap_fail_at(n);
	enum err err = native_link(&g->thread, g->unit[1].instance, &g->unit[1].code);

	native_heap_fail_at(-1);
	return err;
}

TEST(a_link_that_failed_changes_nothing_that_can_be_seen)
{
	struct guest g;
	long n = 0;

	guest_begin_crowded(&g);
	CHECK_EQ(guest_instantiate(&g, module_b, sizeof(module_b), 0), E_OK);
	for (; link_with_memory_for(&g, n) != E_OK; n++) {
		CHECK_EQ(guest_call(&g, 0, 0, 1), TRAP_NONE);
		CHECK_EQ(guest_call(&g, 1, 0, 1), TRAP_HOST_FAILED);
	}
	CHECK_EQ(n, 1);
	CHECK_EQ(guest_call(&g, 1, 0, 1), TRAP_NONE);
	guest_fini(&g);
}

TEST(functions_of_an_instantiation_that_failed_can_be_called)
{
	struct guest g;

	guest_begin(&g, NULL);
	CHECK_EQ(wasm_linker_define_instance(&g.linker, wasm_name_of("a"), g.unit[0].instance),
		 E_OK);
	CHECK_EQ(guest_instantiate(&g, module_c, sizeof(module_c), NATIVE_CHECKED), E_WASM_TRAP);
	CHECK_EQ(native_link_failed(&g.thread, &g.unit[1].code), E_OK);
	struct wasm_table_instance *table = g.unit[0].instance->tables[0];
	const struct native_entry *entry = &native_table_entries(table)[2];
	struct wasm_func_instance *func = g.store.funcs[table->elems[2]];

	CHECK_EQ(entry->ref, func->ref);
	CHECK_EQ(entry->code, (uint64_t)(uintptr_t)native_import_thunk);
	g.unit[1].instance = func->instance;
	g.unit[1].body[0] = body_add_one;
	CHECK_EQ(guest_call(&g, 1, 0, 8), TRAP_NONE);
	CHECK_EQ(g.results[0], 9);
	guest_fini(&g);
}

static enum err link_failed_with_memory_for(struct guest *g, long n)
{
	native_heap_fail_at(n);
	enum err err = native_link_failed(&g->thread, &g->unit[1].code);

	native_heap_fail_at(-1);
	return err;
}

TEST(a_failed_instantiation_that_cannot_be_linked_is_not_called)
{
	struct guest g;
	long n = 0;

	guest_begin_crowded(&g);
	CHECK_EQ(guest_instantiate(&g, module_c, sizeof(module_c), NATIVE_CHECKED), E_WASM_TRAP);
	const uint32_t ref = g.unit[0].instance->tables[0]->elems[2];
	const struct wasm_func_instance *func = g.store.funcs[ref];

	for (; link_failed_with_memory_for(&g, n) != E_OK; n++) {
		CHECK_EQ(g.thread.instance_count, 1);
		CHECK_EQ(native_call(&g.thread, func, &(uint64_t){1}, g.results), TRAP_HOST_FAILED);
		CHECK_EQ(guest_call(&g, 0, 0, 1), TRAP_NONE);
	}
	CHECK(n > 0);
	CHECK_EQ(native_call(&g.thread, func, &(uint64_t){1}, g.results), TRAP_NONE);
	guest_fini(&g);
}

/* A level that began at the very bottom of a stack that ends within a page would begin below it. */
TEST(a_stack_has_whole_pages)
{
	struct guest g;
	struct native_limits limits = {.stack_size = 4097};

	guest_begin(&g, NULL);
	native_thread_fini(&g.thread);
	CHECK_EQ(native_thread_init(&g.thread, &g.store, &limits), E_OK);
	CHECK_EQ(g.thread.stack_size, 8192);
	native_thread_fini(&g.thread);
	limits.stack_size = SIZE_MAX;
	CHECK_EQ(native_thread_init(&g.thread, &g.store, &limits), E_LIMIT);
	guest_fini(&g);
}

TEST(a_thread_needs_a_stack_and_gives_back_what_it_has)
{
	struct guest g;
	const struct native_limits limits = {.stack_size = NATIVE_FAKE_STACK_MAX + 1};

	guest_begin(&g, NULL);
	native_thread_fini(&g.thread);
	native_thread_fini(&g.thread);
	CHECK_EQ(native_thread_init(&g.thread, &g.store, &limits), E_LIMIT);
	native_thread_fini(&g.thread);
	CHECK(native_current() == NULL);
	guest_fini(&g);
}

int main(void)
{
	RUN(results_have_no_upper_halves);
	RUN(host_functions_get_and_give_every_kind_of_value);
	RUN(references_that_are_none_do_not_get_out);
	RUN(only_functions_are_called);
	RUN(functions_with_more_values_than_the_caller_has_room_are_not_called);
	RUN(calls_out_come_from_the_thread_stack);
	RUN(globals_are_saved_after_a_trap_too);
	RUN(instances_call_each_other_each_with_its_slots);
	RUN(traps_pass_through_and_name_the_innermost_function);
	RUN(a_memory_may_grow_in_a_host_function);
	RUN(a_global_that_is_imported_twice_is_one);
	RUN(host_functions_may_call_up_to_a_depth);
	RUN(a_level_begins_only_where_there_is_stack);
	RUN(exit_leaves_all_levels);
	RUN(a_trap_in_a_shared_routine_is_its_callers);
	RUN(a_host_function_can_be_called_from_outside);
	RUN(fuel_is_exact);
	RUN(fuel_that_was_not_used_comes_back);
	RUN(fuel_that_was_not_given_does_not_come_back);
	RUN(code_that_counts_without_need_always_has_fuel);
	RUN(all_threads_of_a_control_are_stopped);
	RUN(code_has_to_be_of_the_kind_that_the_memory_needs);
	RUN(a_link_that_failed_changes_nothing_that_can_be_seen);
	RUN(functions_of_an_instantiation_that_failed_can_be_called);
	RUN(a_failed_instantiation_that_cannot_be_linked_is_not_called);
	RUN(a_stack_has_whole_pages);
	RUN(a_thread_needs_a_stack_and_gives_back_what_it_has);
	return check_report();
}
