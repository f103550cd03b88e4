/* What generated code has the runtime do: memories, tables, exceptions; with right and hostile arguments. */
#include "test/unit/native_guest.h"

/* The body of the test: runs as defined function 0 of module a. */
static void (*g_inside)(struct guest *g);

static enum wasm_trap body_inside(struct guest *g, struct native_regs *regs)
{
	(void)regs;
	g_inside(g);
	return TRAP_NONE;
}

static void run_inside(void (*inside)(struct guest *g), struct wasm_control *control)
{
	struct guest g;

	guest_begin(&g, control);
	g_inside = inside;
	g.unit[0].body[0] = body_inside;
	CHECK_EQ(guest_call(&g, 0, 0, 0), TRAP_NONE);
	guest_fini(&g);
}

#define JUNK ((uint64_t)0x55555555 << 32)

static uint64_t g_result;

/* 32-bit arguments have upper halves that mean nothing. */
static enum wasm_trap help(enum native_helper helper, uint32_t a, uint32_t b, uint32_t c,
			   uint32_t d, uint32_t e)
{
	const uint64_t args[6] = {JUNK | a, JUNK | b, JUNK | c, JUNK | d, JUNK | e, JUNK};

	g_result = 0;
	return native_fake_help(helper, args, &g_result);
}

#define HELP(name, ...)	       help_of(NATIVE_HELPER_##name, (uint32_t[5]){__VA_ARGS__})
#define HOSTILE(name, ...)     CHECK_EQ(HELP(name, __VA_ARGS__), TRAP_HOST_FAILED)
#define TRAPS(trap, name, ...) CHECK_EQ(HELP(name, __VA_ARGS__), TRAP_##trap)
#define WORKS(name, ...)       CHECK_EQ(HELP(name, __VA_ARGS__), TRAP_NONE)

static enum wasm_trap help_of(enum native_helper helper, const uint32_t a[5])
{
	return help(helper, a[0], a[1], a[2], a[3], a[4]);
}

static uint32_t disp_of_table(const struct guest *g, uint32_t i)
{
	return g->unit[0].code.layout.tables + 16 * i;
}

static uint32_t disp_of_memory(const struct guest *g, uint32_t i)
{
	return g->unit[0].code.layout.memories + 16 * i;
}

/* ---- memories ------------------------------------------------------------------------------------- */

static bool memory_slot_is_right(const struct guest *g, uint32_t i)
{
	const struct wasm_memory_instance *m = g->unit[0].instance->memories[i];

	return *slot(g, disp_of_memory(g, i)) == (uint64_t)(uintptr_t)m->base &&
	       *slot(g, disp_of_memory(g, i) + 8) == m->size;
}

static void inside_memories(struct guest *g)
{
	uint8_t *base;

	CHECK(memory_slot_is_right(g, 0) && memory_slot_is_right(g, 1));
	WORKS(memory_size, 0);
	CHECK_EQ(g_result, 1);
	WORKS(memory_grow, 0, 1);
	CHECK_EQ(g_result, 1);
	CHECK(memory_slot_is_right(g, 0));
	CHECK_EQ(*slot(g, disp_of_memory(g, 0) + 8), 2 * 65536);
	WORKS(memory_grow, 0, 2);
	CHECK_EQ(g_result, UINT32_MAX);
	WORKS(memory_grow, 1, 1);
	CHECK(memory_slot_is_right(g, 1));

	WORKS(memory_init, 0, 0, 131072 - 3, 0, 3);
	base = g->unit[0].instance->memories[0]->base;
	CHECK_EQ(memcmp(base + 131072 - 3, "abc", 3), 0);
	WORKS(memory_copy, 1, 0, 10, 131072 - 3, 3);
	CHECK_EQ(memcmp(g->unit[0].instance->memories[1]->base + 10, "abc", 3), 0);
	WORKS(memory_copy, 1, 1, 11, 10, 3);
	CHECK_EQ(memcmp(g->unit[0].instance->memories[1]->base + 10, "aabc", 4), 0);
	WORKS(memory_fill, 0, 131072 - 2, 0x1ff, 2);
	CHECK_EQ(memcmp(base + 131072 - 3, "a\xff\xff", 3), 0);
	WORKS(memory_fill, 0, 131072, 1, 0);
	WORKS(data_drop, 0);
	TRAPS(MEMORY_BOUNDS, memory_init, 0, 0, 0, 0, 1);
	WORKS(memory_init, 0, 0, 0, 0, 0);
}

TEST(memories_grow_and_are_filled)
{
	run_inside(inside_memories, NULL);
}

static void inside_memory_bounds(struct guest *g)
{
	(void)g;
	TRAPS(MEMORY_BOUNDS, memory_fill, 0, 65536, 0, 1);
	TRAPS(MEMORY_BOUNDS, memory_fill, 0, 65535, 0, 2);
	TRAPS(MEMORY_BOUNDS, memory_fill, 0, UINT32_MAX, 0, UINT32_MAX);
	TRAPS(MEMORY_BOUNDS, memory_copy, 0, 1, 65530, 0, 7);
	TRAPS(MEMORY_BOUNDS, memory_copy, 0, 1, 0, 65530, 7);
	TRAPS(MEMORY_BOUNDS, memory_copy, 0, 0, 2, 0, UINT32_MAX);
	TRAPS(MEMORY_BOUNDS, memory_init, 0, 0, 65534, 0, 3);
	TRAPS(MEMORY_BOUNDS, memory_init, 0, 0, 0, 1, 3);
	HOSTILE(memory_size, 2);
	HOSTILE(memory_grow, 2, 0);
	HOSTILE(memory_grow, UINT32_MAX, 0);
	HOSTILE(memory_copy, 2, 0, 0, 0, 0);
	HOSTILE(memory_copy, 0, 2, 0, 0, 0);
	HOSTILE(memory_fill, 2, 0, 0, 0);
	HOSTILE(memory_init, 2, 0, 0, 0, 0);
	HOSTILE(memory_init, 0, 1, 0, 0, 0);
	HOSTILE(data_drop, 1);
	HOSTILE(data_drop, UINT32_MAX);
	HOSTILE(wait32, 2);
	HOSTILE(wait64, 2);
	HOSTILE(notify, 2);
}

TEST(memories_are_not_left)
{
	run_inside(inside_memory_bounds, NULL);
}

static void inside_waits(struct guest *g)
{
	const uint64_t aligned[6] = {0, 8, 0, 0}, odd[6] = {0, 9, 0, 0};
	const uint64_t far[6] = {0, ((uint64_t)1 << 32) + 8, 0, 0};
	uint64_t result;

	(void)g;
	CHECK_EQ(native_fake_help(NATIVE_HELPER_wait32, aligned, &result), TRAP_EXPECTED_SHARED);
	CHECK_EQ(native_fake_help(NATIVE_HELPER_wait64, odd, &result), TRAP_UNALIGNED_ATOMIC);
	CHECK_EQ(native_fake_help(NATIVE_HELPER_notify, aligned, &result), TRAP_NONE);
	CHECK_EQ(result, 0);
	CHECK_EQ(native_fake_help(NATIVE_HELPER_notify, far, &result), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(native_fake_help(NATIVE_HELPER_wait32, far, &result), TRAP_MEMORY_BOUNDS);
}

TEST(waiting_asks_the_memory)
{
	run_inside(inside_waits, NULL);
}

/* ---- tables --------------------------------------------------------------------------------------- */

/* The mirror is what the table says, and the slots lead to it. */
static bool table_is_right(const struct guest *g, uint32_t i)
{
	const struct wasm_table_instance *table = g->unit[0].instance->tables[i];
	const struct native_entry *entries = native_table_entries(table);
	bool right = *slot(g, disp_of_table(g, i)) == (uint64_t)(uintptr_t)entries &&
		     *slot(g, disp_of_table(g, i) + 8) == table->size;

	for (uint32_t k = 0; k < table->size; k++) {
		const struct wasm_func_instance *f =
			i == 0 ? wasm_func_of_ref(&g->store, table->elems[k]) : NULL;
		const void *code = f && f->instance ? f->code : native_import_thunk;

		right &= entries[k].ref == table->elems[k] &&
			 entries[k].sig == (f ? f->sig + 1 : 0) &&
			 entries[k].code == (uint64_t)(uintptr_t)code;
	}
	return right;
}

static void inside_tables(struct guest *g)
{
	const uint32_t f0 = guest_func(g, 0, 0)->ref, f2 = guest_func(g, 0, 2)->ref;
	const uint32_t host = g->unit[0].instance->funcs[1]->ref;

	CHECK(table_is_right(g, 0) && table_is_right(g, 1));
	WORKS(table_set, 0, 3, f0);
	WORKS(table_set, 0, 2, host);
	WORKS(table_set, 1, 2, 0xdeadbeef);
	CHECK(table_is_right(g, 0) && table_is_right(g, 1));
	CHECK_EQ(native_table_entries(g->unit[0].instance->tables[1])[2].ref, 0xdeadbeef);
	WORKS(table_grow, 0, f2, 6);
	CHECK_EQ(g_result, 4);
	CHECK(table_is_right(g, 0));
	WORKS(table_grow, 0, 0, 1);
	CHECK_EQ(g_result, UINT32_MAX);
	WORKS(table_grow, 1, 5, 100);
	CHECK_EQ(g_result, 3);
	CHECK(table_is_right(g, 1));
	WORKS(table_fill, 0, 5, f0, 5);
	CHECK(table_is_right(g, 0));
	WORKS(table_init, 0, 0, 0, 0, 3);
	CHECK(table_is_right(g, 0));
	CHECK_EQ(g->unit[0].instance->tables[0]->elems[0], f0);
	WORKS(table_copy, 0, 0, 1, 0, 9);
	CHECK(table_is_right(g, 0));
	WORKS(table_copy, 1, 1, 0, 2, 4);
	CHECK(table_is_right(g, 1));
	WORKS(elem_drop, 0);
	TRAPS(TABLE_BOUNDS, table_init, 0, 0, 0, 0, 1);
	WORKS(table_init, 0, 0, 0, 0, 0);
}

TEST(tables_and_their_mirrors_change_together)
{
	run_inside(inside_tables, NULL);
}

static void inside_table_bounds(struct guest *g)
{
	const uint32_t beyond = g->store.func_count;

	TRAPS(TABLE_BOUNDS, table_set, 0, 4, 0);
	TRAPS(TABLE_BOUNDS, table_set, 0, UINT32_MAX, 0);
	TRAPS(TABLE_BOUNDS, table_fill, 0, 3, 0, 2);
	TRAPS(TABLE_BOUNDS, table_fill, 0, UINT32_MAX, 0, 2);
	TRAPS(TABLE_BOUNDS, table_copy, 0, 1, 2, 0, 3);
	TRAPS(TABLE_BOUNDS, table_copy, 0, 1, 0, 1, 3);
	TRAPS(TABLE_BOUNDS, table_init, 0, 0, 2, 0, 3);
	TRAPS(TABLE_BOUNDS, table_init, 0, 0, 0, 1, 3);
	TRAPS(TABLE_BOUNDS, table_init, 0, 1, 0, 0, 1); /* active: empty now */
	HOSTILE(table_set, 2, 0, 0);
	HOSTILE(table_set, 0, 0, beyond);
	HOSTILE(table_set, 0, 0, UINT32_MAX);
	HOSTILE(table_grow, 2, 0, 0);
	HOSTILE(table_grow, 0, beyond, 1);
	HOSTILE(table_fill, 2, 0, 0, 0);
	HOSTILE(table_fill, 0, 0, beyond, 1);
	HOSTILE(table_copy, 2, 0, 0, 0, 0);
	HOSTILE(table_copy, 0, 2, 0, 0, 0);
	HOSTILE(table_init, 2, 0, 0, 0, 0);
	HOSTILE(table_init, 0, 2, 0, 0, 0);
	HOSTILE(elem_drop, 2);
	CHECK(table_is_right(g, 0) && table_is_right(g, 1));
}

TEST(tables_are_not_left_and_hold_only_references)
{
	run_inside(inside_table_bounds, NULL);
}

/* Numbers of the other table are no functions: they get there, and are called by nobody. */
static void inside_copies_across(struct guest *g)
{
	const struct wasm_table_instance *table = g->unit[0].instance->tables[0];

	WORKS(table_set, 1, 0, 0x7fffffff);
	WORKS(table_set, 1, 1, 1);
	WORKS(table_copy, 0, 1, 0, 0, 2);
	CHECK(table_is_right(g, 0));
	CHECK_EQ(native_table_entries(table)[0].sig, 0);
	CHECK_EQ(native_table_entries(table)[0].code, (uint64_t)(uintptr_t)native_import_thunk);
}

TEST(what_is_no_function_cannot_be_called_through_a_table)
{
	run_inside(inside_copies_across, NULL);
}

static void inside_grows_without_memory(struct guest *g)
{
	const struct wasm_table_instance *table = g->unit[0].instance->tables[1];
	const uint32_t entries = g->store.table_entries;

	for (long n = 0; n < 2; n++) {
		native_heap_fail_at(n);
		WORKS(table_grow, 1, 0, 50);
		native_heap_fail_at(-1);
		CHECK_EQ(g_result, UINT32_MAX);
		CHECK_EQ(table->size, 3);
		CHECK_EQ(g->store.table_entries, entries);
		CHECK(table_is_right(g, 1));
	}
	WORKS(table_grow, 1, 0, 50);
	CHECK_EQ(g_result, 3);
	CHECK(table_is_right(g, 1));
}

TEST(a_table_that_cannot_grow_stays)
{
	run_inside(inside_grows_without_memory, NULL);
}

static enum wasm_trap body_grows_shared(struct guest *g, struct native_regs *regs)
{
	struct native_regs out = {.nest = *slot(g, g->unit[1].code.layout.imports + 8)};
	const struct wasm_table_instance *table = g->unit[1].instance->tables[0];
	const uint32_t disp = g->unit[1].code.layout.tables;

	(void)regs;
	CHECK_EQ(*slot(g, disp + 8), 4);
	CHECK_EQ(native_fake_import(&out), TRAP_NONE);
	CHECK_EQ(*slot(g, disp), (uint64_t)(uintptr_t)native_table_entries(table));
	CHECK_EQ(*slot(g, disp + 8), 9);
	return TRAP_NONE;
}

static void inside_grows(struct guest *g)
{
	(void)g;
	WORKS(table_grow, 0, 0, 5);
}

TEST(a_shared_table_grows_for_all_its_instances)
{
	struct guest g;

	guest_begin_two(&g, NULL);
	const struct wasm_table_instance *table = g.unit[0].instance->tables[0];

	/* the second instance's function is in the first one's table, and both are behind the thunk */
	CHECK_EQ(native_table_entries(table)[0].ref, guest_func(&g, 1, 0)->ref);
	CHECK_EQ(native_table_entries(table)[0].code, (uint64_t)(uintptr_t)native_import_thunk);
	CHECK_EQ(native_table_entries(table)[1].code, (uint64_t)(uintptr_t)native_import_thunk);
	CHECK_EQ(native_table_entries(table)[1].sig, guest_func(&g, 0, 1)->sig + 1);
	g_inside = inside_grows;
	g.unit[0].body[0] = body_inside;
	g.unit[1].body[0] = body_grows_shared;
	CHECK_EQ(guest_call(&g, 1, 0, 0), TRAP_NONE);
	guest_fini(&g);
}

/* ---- exceptions ------------------------------------------------------------------------------------ */

static uint64_t *transfer(const struct guest *g)
{
	return slot(g, g->unit[0].code.layout.transfer);
}

static uint64_t *exception_slot(const struct guest *g)
{
	return slot(g, g->unit[0].code.layout.exception);
}

static uint32_t throw_one(const struct guest *g, uint64_t a, uint64_t b)
{
	transfer(g)[0] = JUNK | a;
	transfer(g)[1] = b;
	WORKS(throw, 0);
	uint32_t ref = (uint32_t)*exception_slot(g);

	*exception_slot(g) = 0;
	return ref;
}

static void inside_throws(struct guest *g)
{
	uint32_t ref = throw_one(g, 7, 8);

	CHECK(ref != 0);
	WORKS(exception_is, ref, 0);
	CHECK_EQ(g_result, 1);
	WORKS(exception_is, ref, 1);
	CHECK_EQ(g_result, 0);
	transfer(g)[0] = transfer(g)[1] = 0;
	WORKS(exception_values, ref, 0);
	CHECK_EQ(transfer(g)[0], 7);
	CHECK_EQ(transfer(g)[1], 8);
	WORKS(throw_ref, ref);
	CHECK_EQ(*exception_slot(g), ref);
	*exception_slot(g) = 0;
	WORKS(throw, 1);
	WORKS(exception_is, (uint32_t)*exception_slot(g), 1);
	CHECK_EQ(g_result, 1);
	*exception_slot(g) = 0;

	HOSTILE(throw, 2);
	TRAPS(NULL_EXCEPTION, throw_ref, 0);
	HOSTILE(throw_ref, 1000);
	HOSTILE(exception_is, 0, 0);
	HOSTILE(exception_is, 1000, 0);
	HOSTILE(exception_is, ref, 2);
	HOSTILE(exception_values, 0, 0);
	HOSTILE(exception_values, ref, 1);
	HOSTILE(exception_values, ref, 2);
	HOSTILE(exception_values, UINT32_MAX, 0);
}

TEST(exceptions_are_thrown_and_asked)
{
	run_inside(inside_throws, NULL);
}

static enum wasm_trap body_throws(struct guest *g, struct native_regs *regs)
{
	(void)regs;
	transfer(g)[0] = 1;
	transfer(g)[1] = 2;
	WORKS(throw, 0);
	if (g->note[0])
		*exception_slot(g) = g->note[0];
	return TRAP_NONE;
}

TEST(an_uncaught_exception_ends_the_call)
{
	struct guest g;

	guest_begin(&g, NULL);
	g.unit[0].body[1] = body_throws;
	CHECK_EQ(guest_call(&g, 0, 1, 0), TRAP_UNCAUGHT_EXCEPTION);
	CHECK(wasm_exception_of_ref(&g.store, g.thread.exception));
	CHECK(g.thread.trap_func == guest_func(&g, 0, 1));
	g.note[0] = 12345; /* none */
	CHECK_EQ(guest_call(&g, 0, 1, 0), TRAP_HOST_FAILED);
	g.note[0] = (uint64_t)1 << 32 | 1;
	CHECK_EQ(guest_call(&g, 0, 1, 0), TRAP_HOST_FAILED);
	guest_fini(&g);
}

static enum wasm_trap call_thrower(struct wasm_caller *caller, const uint64_t *args,
				   uint64_t *results)
{
	(void)caller;
	return native_call(&g_guest->thread, guest_func(g_guest, 0, 1), args, results);
}

static enum wasm_trap body_catches(struct guest *g, struct native_regs *regs)
{
	struct native_regs out = {.nest = g->unit[0].instance->funcs[1]->ref};

	CHECK_EQ(native_fake_import(&out), TRAP_NONE);
	CHECK(*exception_slot(g) != 0);
	WORKS(exception_is, (uint32_t)*exception_slot(g), 0);
	CHECK_EQ(g_result, 1);
	*exception_slot(g) = 0;
	regs->result = 77;
	return TRAP_NONE;
}

TEST(exceptions_fly_through_host_functions)
{
	struct guest g;

	guest_begin(&g, NULL);
	g_host_unary = call_thrower;
	g.unit[0].body[0] = body_catches;
	g.unit[0].body[1] = body_throws;
	CHECK_EQ(guest_call(&g, 0, 0, 0), TRAP_NONE);
	CHECK_EQ(g.results[0], 77);
	CHECK_EQ(g.thread.exception, 0);
	guest_fini(&g);
}

static enum wasm_trap grow_and_throw(struct wasm_caller *caller, const uint64_t *args,
				     uint64_t *results)
{
	CHECK_EQ(wasm_memory_grow(caller->instance->memories[0], 2), 1);
	return call_thrower(caller, args, results);
}

static enum wasm_trap body_looks_at_memory(struct guest *g, struct native_regs *regs)
{
	struct native_regs out = {.nest = g->unit[0].instance->funcs[1]->ref};
	const uint32_t disp = g->unit[0].code.layout.memories;

	(void)regs;
	CHECK_EQ(native_fake_import(&out), TRAP_NONE);
	CHECK(*exception_slot(g) != 0);
	*exception_slot(g) = 0;
	CHECK_EQ(*slot(g, disp), (uint64_t)(uintptr_t)g->unit[0].instance->memories[0]->base);
	CHECK_EQ(*slot(g, disp + 8), 3 * 65536);
	return TRAP_NONE;
}

TEST(a_memory_that_grew_before_an_exception_is_seen)
{
	struct guest g;

	guest_begin(&g, NULL);
	g_host_unary = grow_and_throw;
	g.unit[0].body[0] = body_looks_at_memory;
	g.unit[0].body[1] = body_throws;
	CHECK_EQ(guest_call(&g, 0, 0, 0), TRAP_NONE);
	guest_fini(&g);
}

/* One reference per place that a collection has to see; all others go. */
static void inside_collects(struct guest *g)
{
	const struct native_layout *l = &g->unit[0].code.layout;
	uint32_t kept[3], lost = throw_one(g, 0, 0);
	uint32_t *stack = (uint32_t *)(uintptr_t)(g->thread.stack_top - 36);
	uint32_t *global = (uint32_t *)(void *)slot(g, l->globals + 20); /* any 32 bits */

	for (int i = 0; i < 3; i++)
		kept[i] = throw_one(g, (uint64_t)i, 0);
	*stack = kept[0];
	*global = kept[1];
	for (int i = 0; i < 2000; i++) {
		const uint64_t args[6] = {0, 0, 0, 0, 0, (uint64_t)kept[2] << 32};

		transfer(g)[0] = 0;
		CHECK_EQ(native_fake_help(NATIVE_HELPER_throw, args, NULL), TRAP_NONE);
		*exception_slot(g) = 0;
	}
	CHECK(g->store.exceptions.live < 2000);
	for (uint32_t i = 0; i < 3; i++) {
		WORKS(exception_values, kept[i], 0);
		CHECK_EQ(transfer(g)[0], i);
	}
	/* its place was given to others: none of the kept ones */
	CHECK(lost != kept[0] && lost != kept[1] && lost != kept[2]);
}

TEST(collections_see_registers_stack_and_slots)
{
	run_inside(inside_collects, NULL);
}

static enum wasm_trap collect_inside(struct wasm_caller *caller, const uint64_t *args,
				     uint64_t *results)
{
	enum wasm_trap trap = TRAP_NONE;

	for (int i = 0; i < 1500 && (!trap || trap == TRAP_UNCAUGHT_EXCEPTION); i++)
		trap = call_thrower(caller, args, results);
	g_guest->thread.exception = 0;
	results[0] = 0;
	return TRAP_NONE;
}

static enum wasm_trap body_keeps_in_register(struct guest *g, struct native_regs *regs)
{
	uint32_t ref = 0;

	for (int i = 0; i < 60; i++) /* then it is no number that stands anywhere by chance */
		ref = throw_one(g, 5, 6);
	struct native_regs out = {.nest = g->unit[0].instance->funcs[1]->ref,
				  .saved = {0, 0, 0, ref}};

	CHECK_EQ(native_fake_import(&out), TRAP_NONE);
	WORKS(exception_values, ref, 0);
	CHECK_EQ(transfer(g)[0], 5);
	regs->result = 1;
	return TRAP_NONE;
}

TEST(collections_see_the_registers_of_outer_levels)
{
	struct guest g;

	guest_begin(&g, NULL);
	g_host_unary = collect_inside;
	g.unit[0].body[0] = body_keeps_in_register;
	g.unit[0].body[1] = body_throws;
	CHECK_EQ(guest_call(&g, 0, 0, 0), TRAP_NONE);
	CHECK_EQ(g.results[0], 1);
	guest_fini(&g);
}

/* ---- globals, fuel --------------------------------------------------------------------------------- */

static void inside_global_changed(struct guest *g)
{
	(void)g;
	HOSTILE(global_changed, 0); /* not imported */
	HOSTILE(global_changed, UINT32_MAX);
}

TEST(only_imported_globals_change_elsewhere)
{
	run_inside(inside_global_changed, NULL);
}

static void inside_pays(struct guest *g)
{
	const uint32_t fuel = g->unit[0].code.layout.fuel;
	struct wasm_control *control = g->store.config.control;
	const uint64_t args[6] = {1};

	CHECK_EQ(native_fake_help(NATIVE_HELPER_fuel, args, NULL), TRAP_NONE);
	uint64_t before = *slot(g, fuel) + control->fuel;

	WORKS(memory_fill, 0, 0, 0, 6400);
	WORKS(memory_copy, 0, 0, 0, 64, 6400);
	WORKS(table_fill, 1, 0, 0, 3);
	WORKS(table_set, 0, 0, 0);
	CHECK_EQ(*slot(g, fuel) + control->fuel, before - 200);
	WORKS(table_grow, 1, 0, 61);
	WORKS(table_fill, 1, 0, 0, 64);
	WORKS(table_copy, 1, 1, 0, 0, 64);
	CHECK_EQ(*slot(g, fuel) + control->fuel, before - 208);
	TRAPS(TABLE_BOUNDS, table_fill, 1, 0, 0, 16000);
	TRAPS(TABLE_BOUNDS, table_init, 1, 0, 0, 0, 160);
	TRAPS(MEMORY_BOUNDS, memory_init, 0, 0, 0, 0, 640);
	CHECK_EQ(*slot(g, fuel) + control->fuel, before - 1228);
	TRAPS(OUT_OF_FUEL, table_fill, 1, 0, 0, UINT32_MAX);
	TRAPS(OUT_OF_FUEL, memory_fill, 0, 0, 0, 65536);
	TRAPS(MEMORY_BOUNDS, memory_fill, 0, 0, 0, 65537);
	control->stop = TRAP_TIMEOUT;
	TRAPS(TIMEOUT, memory_fill, 0, 0, 0, 1);
	CHECK_EQ(native_fake_help(NATIVE_HELPER_fuel, args, NULL), TRAP_TIMEOUT);
}

TEST(work_in_bulk_is_paid_for_and_can_be_stopped)
{
	struct wasm_control control = {.metered = true, .polled = true, .fuel = 2000};

	run_inside(inside_pays, &control);
}

int main(void)
{
	RUN(memories_grow_and_are_filled);
	RUN(memories_are_not_left);
	RUN(waiting_asks_the_memory);
	RUN(tables_and_their_mirrors_change_together);
	RUN(tables_are_not_left_and_hold_only_references);
	RUN(what_is_no_function_cannot_be_called_through_a_table);
	RUN(a_table_that_cannot_grow_stays);
	RUN(a_shared_table_grows_for_all_its_instances);
	RUN(exceptions_are_thrown_and_asked);
	RUN(an_uncaught_exception_ends_the_call);
	RUN(exceptions_fly_through_host_functions);
	RUN(a_memory_that_grew_before_an_exception_is_seen);
	RUN(collections_see_registers_stack_and_slots);
	RUN(collections_see_the_registers_of_outer_levels);
	RUN(only_imported_globals_change_elsewhere);
	RUN(work_in_bulk_is_paid_for_and_can_be_stopped);
	return check_report();
}
