/* Exceptions of a store: what a collection keeps, what it frees, and what a want of memory leaves. */
#include "wasm/instance.h"

#include "wasm/limits.h"

#include "test/lib/check.h"
#include "test/lib/native.h"

static const uint32_t number_params[] = {WASM_I32};
static const uint32_t link_params[] = {WASM_V128, WASM_EXNREF, WASM_I64};
static const struct wasm_func_type empty_type = {0};
static const struct wasm_func_type number_type = {
	.params = number_params, .param_count = 1, .param_slots = 1};
static const struct wasm_func_type link_type = {
	.params = link_params, .param_count = 3, .param_slots = 4};

struct tags {
	struct wasm_tag_instance *empty;
	struct wasm_tag_instance *number;
	struct wasm_tag_instance *link; /* holds another exception in its third slot */
};

static void start(struct wasm_store *s, struct tags *tags)
{
	CHECK_EQ(wasm_store_init(s, &(struct wasm_store_config){0}), E_OK);
	CHECK_EQ(wasm_tag_add(s, &empty_type, &tags->empty), E_OK);
	CHECK_EQ(wasm_tag_add(s, &number_type, &tags->number), E_OK);
	CHECK_EQ(wasm_tag_add(s, &link_type, &tags->link), E_OK);
}

static uint32_t add_link(struct wasm_store *s, const struct tags *tags, uint32_t to)
{
	return wasm_exception_add(s, tags->link, (uint64_t[]){1, 2, to, 3});
}

static bool exists(const struct wasm_store *s, uint32_t ref)
{
	return wasm_exception_of_ref(s, ref) != NULL;
}

TEST(an_exception_has_its_tag_and_a_copy_of_its_values)
{
	uint64_t values[] = {10, 20, 0, 40};
	struct wasm_store s;
	struct tags tags;

	start(&s, &tags);
	uint32_t a = wasm_exception_add(&s, tags.link, values);
	uint32_t b = wasm_exception_add(&s, tags.empty, NULL);

	values[0] = 0;
	CHECK(a != 0 && b != 0 && a != b);
	CHECK(wasm_exception_of_ref(&s, a)->tag == tags.link);
	CHECK_EQ(wasm_exception_of_ref(&s, a)->values[0], 10);
	CHECK_EQ(wasm_exception_of_ref(&s, a)->values[3], 40);
	CHECK(wasm_exception_of_ref(&s, b)->tag == tags.empty);
	wasm_store_fini(&s);
}

TEST(what_is_no_reference_means_no_exception)
{
	struct wasm_store s;
	struct tags tags;

	start(&s, &tags);
	CHECK(!exists(&s, 0) && !exists(&s, 1));
	uint32_t a = wasm_exception_add(&s, tags.empty, NULL);

	CHECK(exists(&s, a) && !exists(&s, 0) && !exists(&s, a + 1) && !exists(&s, UINT32_MAX));
	wasm_exception_sweep(&s);
	CHECK(!exists(&s, a)); /* an entry that is free */
	wasm_store_fini(&s);
}

TEST(a_sweep_frees_what_no_slot_holds)
{
	struct wasm_store s;
	struct tags tags;
	uint32_t ref[4];

	start(&s, &tags);
	for (uint32_t i = 0; i < 4; i++)
		ref[i] = wasm_exception_add(&s, tags.number, (uint64_t[]){i});
	/* numbers that are no references: too large, or with an upper half */
	const uint64_t slots[] = {0, ref[1], ref[3] + 1, UINT64_MAX, 1ull << 32 | ref[0], ref[3]};

	wasm_exception_mark(&s, slots, COUNT_OF(slots));
	wasm_exception_sweep(&s);
	CHECK(!exists(&s, ref[0]) && exists(&s, ref[1]));
	CHECK(!exists(&s, ref[2]) && exists(&s, ref[3]));
	CHECK_EQ(s.exceptions.live, 2);
	CHECK_EQ(wasm_exception_of_ref(&s, ref[3])->values[0], 3);
	/* marks do not outlast the sweep */
	wasm_exception_sweep(&s);
	CHECK_EQ(s.exceptions.live, 0);
	wasm_store_fini(&s);
}

TEST(freed_entries_are_used_again_and_none_twice)
{
	struct wasm_store s;
	struct tags tags;
	uint32_t seen = 0;

	start(&s, &tags);
	for (uint32_t i = 0; i < 10; i++)
		CHECK(wasm_exception_add(&s, tags.number, (uint64_t[]){i}) != 0);
	wasm_exception_mark(&s, (uint64_t[]){4}, 1);
	wasm_exception_sweep(&s);
	for (uint32_t i = 0; i < 9; i++) {
		uint32_t ref = wasm_exception_add(&s, tags.number, (uint64_t[]){100 + i});

		CHECK(ref >= 1 && ref <= 10 && ref != 4);
		CHECK(!(seen & 1u << ref));
		seen |= 1u << ref;
	}
	CHECK_EQ(s.exceptions.live, 10);
	CHECK_EQ(wasm_exception_add(&s, tags.empty, NULL), 11);
	CHECK_EQ(wasm_exception_of_ref(&s, 4)->values[0], 3);
	wasm_store_fini(&s);
}

TEST(an_exception_keeps_those_that_it_holds_and_no_number_does)
{
	struct wasm_store s;
	struct tags tags;

	start(&s, &tags);
	uint32_t inner = wasm_exception_add(&s, tags.empty, NULL);
	uint32_t middle = add_link(&s, &tags, inner);
	uint32_t outer = add_link(&s, &tags, middle);
	uint32_t other = wasm_exception_add(&s, tags.empty, NULL);
	uint32_t number = wasm_exception_add(&s, tags.number, (uint64_t[]){other});
	uint32_t third = wasm_exception_add(&s, tags.empty, NULL);
	uint32_t wide = wasm_exception_add(&s, tags.link, (uint64_t[]){third, third, 0, third});

	wasm_exception_mark(&s, (uint64_t[]){outer, number, wide, outer}, 4);
	wasm_exception_sweep(&s);
	CHECK(exists(&s, outer) && exists(&s, middle) && exists(&s, inner));
	CHECK(exists(&s, number) && !exists(&s, other));
	CHECK(exists(&s, wide) && !exists(&s, third));
	wasm_exception_mark(&s, (uint64_t[]){middle}, 1);
	wasm_exception_sweep(&s);
	CHECK(!exists(&s, outer) && exists(&s, middle) && exists(&s, inner));
	wasm_store_fini(&s);
}

/* 100,000 exceptions, each held by the next: no recursion. */
TEST(a_long_chain_is_kept_and_freed)
{
	struct wasm_store s;
	struct tags tags;
	uint32_t last = 0;

	start(&s, &tags);
	for (int i = 0; i < 100000; i++)
		last = add_link(&s, &tags, last);
	wasm_exception_mark(&s, (uint64_t[]){last}, 1);
	wasm_exception_sweep(&s);
	CHECK_EQ(s.exceptions.live, 100000);
	wasm_exception_sweep(&s);
	CHECK_EQ(s.exceptions.live, 0);
	wasm_store_fini(&s);
}

TEST(tables_and_globals_of_exceptions_keep_theirs_and_others_none)
{
	const uint32_t exn = WASM_REF_ABSTRACT(WASM_HEAP_EXN);
	struct wasm_table_instance *table, *funcs;
	struct wasm_global_instance *global, *typed, *number;
	struct wasm_store s;
	struct tags tags;
	uint32_t ref[5];

	start(&s, &tags);
	for (uint32_t i = 0; i < 5; i++)
		ref[i] = wasm_exception_add(&s, tags.empty, NULL);
	CHECK_EQ(wasm_table_add(&s, &(struct wasm_table_type){WASM_EXNREF, {2, 0, false}}, &table),
		 E_OK);
	CHECK_EQ(wasm_table_add(&s, &(struct wasm_table_type){WASM_FUNCREF, {2, 0, false}}, &funcs),
		 E_OK);
	CHECK_EQ(wasm_global_add(&s, (struct wasm_global_type){WASM_EXNREF, true},
				 (uint64_t[2]){ref[1]}, &global),
		 E_OK);
	CHECK_EQ(wasm_global_add(&s, (struct wasm_global_type){exn, true}, (uint64_t[2]){ref[2]},
				 &typed),
		 E_OK);
	CHECK_EQ(wasm_global_add(&s, (struct wasm_global_type){WASM_I64, true},
				 (uint64_t[2]){ref[3]}, &number),
		 E_OK);
	table->elems[1] = ref[0];
	funcs->elems[0] = ref[4];
	wasm_exception_sweep(&s);
	CHECK(exists(&s, ref[0]) && exists(&s, ref[1]) && exists(&s, ref[2]));
	CHECK(!exists(&s, ref[3]) && !exists(&s, ref[4]));
	table->elems[1] = 0;
	global->value[0] = 0;
	wasm_exception_sweep(&s);
	CHECK(!exists(&s, ref[0]) && !exists(&s, ref[1]) && exists(&s, ref[2]));
	wasm_store_fini(&s);
}

TEST(a_collection_is_due_at_1024_and_then_at_twice_the_survivors)
{
	static uint64_t slots[2000];
	struct wasm_store s;
	struct tags tags;

	start(&s, &tags);
	for (uint32_t i = 0; i < 1024; i++) {
		CHECK(!wasm_exception_is_due(&s));
		slots[i] = wasm_exception_add(&s, tags.empty, NULL);
	}
	CHECK(wasm_exception_is_due(&s));
	wasm_exception_mark(&s, slots, 1000);
	wasm_exception_sweep(&s);
	for (uint32_t i = 1000; i < 2000; i++) {
		CHECK(!wasm_exception_is_due(&s));
		slots[i] = wasm_exception_add(&s, tags.empty, NULL);
	}
	CHECK(wasm_exception_is_due(&s));
	wasm_exception_mark(&s, slots, 100);
	wasm_exception_sweep(&s);
	CHECK_EQ(s.exceptions.collect_at, 1024);
	wasm_store_fini(&s);
}

TEST(a_want_of_memory_adds_nothing_and_leaves_the_rest)
{
	struct wasm_store s;
	struct tags tags;
	uint32_t count = 0;

	start(&s, &tags);
	/* each of the two allocations, of the entry and of the values, at every number of entries */
	for (long n = 0; n < 40; n++) {
		native_heap_fail_at(n % 2);
		uint32_t failed = add_link(&s, &tags, 0);

		native_heap_fail_at(-1);
		count += failed != 0;
		CHECK_EQ(s.exceptions.live, count);
		count++;
		CHECK(add_link(&s, &tags, 0) != 0);
		CHECK_EQ(s.exceptions.live, count);
	}
	/* with a free entry, an exception without values needs no memory, however full the table */
	while (s.exceptions.count < s.exceptions.capacity)
		CHECK(wasm_exception_add(&s, tags.empty, NULL) != 0);
	wasm_exception_sweep(&s);
	native_heap_fail_at(0);
	CHECK(wasm_exception_add(&s, tags.empty, NULL) != 0);
	CHECK_EQ(wasm_exception_add(&s, tags.number, (uint64_t[]){0}), 0);
	native_heap_fail_at(-1);
	CHECK_EQ(s.exceptions.live, 1);
	wasm_store_fini(&s);
}

/* Exceptions of 1,000 values: their slots make a collection due, and end at a limit. */
TEST(values_are_limited_in_sum)
{
	static uint32_t params[1000];
	static const uint64_t values[1000];
	const struct wasm_func_type type = {
		.params = params, .param_count = 1000, .param_slots = 1000};
	struct wasm_tag_instance *large;
	struct wasm_store s;
	struct tags tags;
	uint64_t slots[65];

	for (size_t i = 0; i < COUNT_OF(params); i++)
		params[i] = WASM_I64;
	start(&s, &tags);
	CHECK_EQ(wasm_tag_add(&s, &type, &large), E_OK);
	for (uint32_t i = 0; i < 66; i++) {
		CHECK(!wasm_exception_is_due(&s));
		slots[i % 65] = wasm_exception_add(&s, large, values);
	}
	CHECK(wasm_exception_is_due(&s));
	wasm_exception_mark(&s, slots, 65);
	wasm_exception_sweep(&s);
	CHECK_EQ(s.exceptions.slots, 65000);
	CHECK_EQ(s.exceptions.collect_slots_at, 130000);
	for (uint32_t i = 65; i < WASM_MAX_EXCEPTION_SLOTS / 1000; i++)
		CHECK(wasm_exception_add(&s, large, values) != 0);
	CHECK_EQ(wasm_exception_add(&s, large, values), 0);
	CHECK(wasm_exception_add(&s, tags.number, values) != 0);
	wasm_exception_sweep(&s);
	CHECK_EQ(s.exceptions.slots, 0);
	CHECK(wasm_exception_add(&s, large, values) != 0);
	wasm_store_fini(&s);
}

TEST(exceptions_are_limited_in_number)
{
	struct wasm_store s;
	struct tags tags;

	start(&s, &tags);
	for (uint32_t i = 0; i < WASM_MAX_EXCEPTIONS; i++)
		CHECK(wasm_exception_add(&s, tags.empty, NULL) != 0);
	CHECK_EQ(wasm_exception_add(&s, tags.empty, NULL), 0);
	wasm_store_fini(&s);
}

TEST(tags_of_one_type_differ)
{
	struct wasm_tag_instance *again;
	struct wasm_store s;
	struct tags tags;

	start(&s, &tags);
	CHECK_EQ(wasm_tag_add(&s, &number_type, &again), E_OK);
	CHECK(again != tags.number);
	CHECK_EQ(again->sig, tags.number->sig);
	CHECK(again->sig != tags.empty->sig);
	wasm_store_fini(&s);
}

int main(void)
{
	RUN(an_exception_has_its_tag_and_a_copy_of_its_values);
	RUN(what_is_no_reference_means_no_exception);
	RUN(a_sweep_frees_what_no_slot_holds);
	RUN(freed_entries_are_used_again_and_none_twice);
	RUN(an_exception_keeps_those_that_it_holds_and_no_number_does);
	RUN(a_long_chain_is_kept_and_freed);
	RUN(tables_and_globals_of_exceptions_keep_theirs_and_others_none);
	RUN(a_collection_is_due_at_1024_and_then_at_twice_the_survivors);
	RUN(a_want_of_memory_adds_nothing_and_leaves_the_rest);
	RUN(values_are_limited_in_sum);
	RUN(exceptions_are_limited_in_number);
	RUN(tags_of_one_type_differ);
	return check_report();
}
