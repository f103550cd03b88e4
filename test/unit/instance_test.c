/* Instances: linking of several, matching of imports, order of initialization, failures. */
#include "wasm/instance.h"

#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/unit/guest_module.h"
#include "test/unit/modules.h"

#define ADD(g, name) guest_add(g, module_##name, sizeof module_##name)

static void start_provider(struct guest *g)
{
	CHECK_EQ(guest_init(g, &(struct wasm_store_config){0}, &(struct interp_limits){0}), E_OK);
	CHECK_EQ(ADD(g, provider), E_OK);
	CHECK_EQ(wasm_linker_define_instance(&g->linker, wasm_name_of("provider"), g->instance),
		 E_OK);
}

TEST(linked_instances_share_what_they_import_and_nothing_else)
{
	struct wasm_instance *provider;
	struct wasm_extern x;
	struct guest g;

	start_provider(&g);
	provider = g.instance;
	CHECK_EQ(ADD(&g, user), E_OK);
	/* the callee stores into its own memory; the caller's is in force again afterwards */
	CHECK_EQ(guest_call(&g, "poke_both", 16, 99, 0), TRAP_NONE);
	CHECK_EQ(g.result[0], 1);
	CHECK_EQ(provider->memories[0]->base[16], 99);
	CHECK(wasm_instance_export(provider, wasm_name_of("counter"), &x));
	CHECK_EQ(x.global->value[0], 6);
	CHECK(wasm_instance_export(g.instance, wasm_name_of("sum"), &x));
	CHECK_EQ(x.global->value[0], (uint64_t)-10);
	CHECK_EQ(provider->tables[0]->elems[0], g.instance->funcs[2]->ref);
	CHECK(wasm_func_of_ref(&g.store, provider->tables[0]->elems[0]) == g.instance->funcs[2]);
	CHECK_EQ(guest_call(&g, "fail_there", 0, 0, 0), TRAP_UNREACHABLE);
	CHECK_EQ(guest_call(&g, "poke_both", 16, 5, 0), TRAP_NONE);
	guest_fini(&g);
}

TEST(a_backtrace_crosses_instances)
{
	struct interp_position lines[4];
	struct guest g;
	size_t depth;

	start_provider(&g);
	CHECK_EQ(ADD(&g, user), E_OK);
	CHECK_EQ(guest_call(&g, "fail_there", 0, 0, 0), TRAP_UNREACHABLE);
	CHECK_EQ(interp_backtrace(&g.thread, lines, 4, 0, &depth), 2);
	CHECK_EQ(module_provider[lines[0].offset], 0x00); /* unreachable */
	CHECK(lines[1].func->instance == g.instance);
	CHECK_EQ(module_user[lines[1].offset], 0x10); /* call */
	guest_fini(&g);
}

TEST(imports_must_match)
{
	struct guest g;

	start_provider(&g);
	CHECK_EQ(ADD(&g, wrong_type), E_WASM_IMPORT_TYPE); /* mutability */
	CHECK_EQ(ADD(&g, wrong_func), E_WASM_IMPORT_TYPE);
	CHECK_EQ(ADD(&g, wrong_memory), E_WASM_IMPORT_TYPE); /* maximum too large */
	guest_fini(&g);
	start_provider(&g);
	CHECK_EQ(ADD(&g, wrong_table), E_WASM_IMPORT_TYPE);
	CHECK_EQ(ADD(&g, wrong_global), E_WASM_IMPORT_TYPE); /* the type of the value */
	guest_fini(&g);
	start_provider(&g);
	CHECK_EQ(ADD(&g, missing), E_WASM_UNKNOWN_IMPORT);
	CHECK_EQ(g.error.import, 1);
	guest_fini(&g);
}

TEST(a_segment_that_does_not_fit_leaves_the_earlier_ones)
{
	struct wasm_instance *provider;
	struct guest g;

	start_provider(&g);
	provider = g.instance;
	CHECK_EQ(ADD(&g, late_trap), E_WASM_TRAP);
	CHECK_EQ(g.error.trap, TRAP_MEMORY_BOUNDS);
	CHECK(memcmp(provider->memories[0]->base + 8, "ok", 2) == 0);
	/* and the function that it put into the table is still there to be called */
	CHECK(wasm_func_of_ref(&g.store, provider->tables[0]->elems[1]) != NULL);
	CHECK_EQ(interp_call(&g.thread, wasm_func_of_ref(&g.store, provider->tables[0]->elems[1]),
			     NULL, NULL),
		 TRAP_NONE);
	guest_fini(&g);
}

TEST(an_element_segment_must_fit_its_table)
{
	struct guest g;

	CHECK_EQ(guest_init(&g, &(struct wasm_store_config){0}, &(struct interp_limits){0}), E_OK);
	CHECK_EQ(ADD(&g, elem_outside), E_WASM_TRAP);
	CHECK_EQ(g.error.trap, TRAP_TABLE_BOUNDS);
	guest_fini(&g);
}

TEST(equal_types_have_one_number_and_others_differ)
{
	static const uint32_t i32[] = {WASM_I32, WASM_I32};
	const struct wasm_func_type a = {i32, NULL, 1, 0, 1, 0, 0}, b = {i32, i32, 1, 1, 1, 1, 0},
				    c = {i32 + 1, i32, 1, 1, 1, 1, 0},
				    d = {NULL, i32, 0, 2, 0, 2, 0};
	uint32_t na = 0, nb = 0, nc = 0, nd = 0;
	struct guest g;

	CHECK_EQ(guest_init(&g, &(struct wasm_store_config){0}, &(struct interp_limits){0}), E_OK);
	CHECK(!wasm_sig_intern(&g.store, &a, &na) && !wasm_sig_intern(&g.store, &b, &nb));
	CHECK(!wasm_sig_intern(&g.store, &c, &nc) && !wasm_sig_intern(&g.store, &d, &nd));
	CHECK(nb == nc && na != nb && na != nd && nb != nd);
	guest_fini(&g);
}

TEST(the_linker_finds_the_last_definition_and_no_other_name)
{
	struct wasm_extern x = {.kind = WASM_KIND_GLOBAL}, found;
	struct wasm_global_instance one = {.value = {1}}, two = {.value = {2}};
	struct wasm_linker l = {0};

	CHECK(!wasm_linker_resolve(&l, wasm_name_of("a"), wasm_name_of("b"), &found));
	x.global = &one;
	CHECK_EQ(wasm_linker_define(&l, wasm_name_of("a"), wasm_name_of("b"), x), E_OK);
	x.global = &two;
	CHECK_EQ(wasm_linker_define(&l, wasm_name_of("a"), wasm_name_of("b"), x), E_OK);
	CHECK(wasm_linker_resolve(&l, wasm_name_of("a"), wasm_name_of("b"), &found));
	CHECK(found.global == &two);
	CHECK(!wasm_linker_resolve(&l, wasm_name_of("ab"), wasm_name_of(""), &found));
	CHECK(!wasm_linker_resolve(&l, wasm_name_of(""), wasm_name_of("ab"), &found));
	CHECK(!wasm_linker_resolve(&l, wasm_name_of("a"), wasm_name_of("bb"), &found));
	wasm_linker_fini(&l);
}

/* Linking of two modules with the n-th allocation failing; true: it went through. */
static bool link_with_failure(long n)
{
	struct guest g;

	native_heap_fail_at(n);
	enum err err = guest_init(&g, &(struct wasm_store_config){0}, &(struct interp_limits){0});

	if (!err)
		err = ADD(&g, provider);
	if (!err)
		err = wasm_linker_define_instance(&g.linker, wasm_name_of("provider"), g.instance);
	if (!err)
		err = ADD(&g, user);
	native_heap_fail_at(-1);
	CHECK(!err || err == E_NOMEM);
	guest_fini(&g);
	return !err;
}

TEST(every_failing_allocation_ends_cleanly)
{
	long n = 0;

	while (n < 500 && !link_with_failure(n))
		n++;
	CHECK(n > 10 && n < 500);
}

int main(void)
{
	RUN(linked_instances_share_what_they_import_and_nothing_else);
	RUN(a_backtrace_crosses_instances);
	RUN(imports_must_match);
	RUN(a_segment_that_does_not_fit_leaves_the_earlier_ones);
	RUN(an_element_segment_must_fit_its_table);
	RUN(equal_types_have_one_number_and_others_differ);
	RUN(the_linker_finds_the_last_definition_and_no_other_name);
	RUN(every_failing_allocation_ends_cleanly);
	return check_report();
}
