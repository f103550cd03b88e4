/* Types: how they are written, which are equal, which match, and what is defined with them. */
#include "wasm/limits.h"
#include "wasm/type_set.h"
#include "wasm/value_type.h"

#include "base/writer.h"
#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/lib/wasm_bytes.h"

#define I32	  0x7f
#define I64	  0x7e
#define V128	  0x7b
#define FUNCREF	  0x70
#define EXTERNREF 0x6f
#define EXNREF	  0x69
#define REF	  0x64
#define REF_NULL  0x63

#define NULLABLE(heap) WASM_REF_ABSTRACT(WASM_NULLABLE | (heap))
#define NON_NULL(heap) WASM_REF_ABSTRACT(heap)
#define CONCRETE(i)    (WASM_REF | (i))
#define MAYBE(i)       (WASM_REF | WASM_NULLABLE | (i))

/* ---- how they are written -------------------------------------------------------------------- */

/* A module of three types, of which 2 equals 1. */
static struct wasm_func_type g_three[3] = {{.canonical = 0}, {.canonical = 1}, {.canonical = 1}};
static const struct wasm_module g_module = {.types = g_three, .type_count = 3};

static enum err take(uint32_t *type, const uint8_t *p, size_t n)
{
	struct reader r;

	reader_init(&r, p, n);
	enum err e = value_type_take(&g_module, &r, type);

	return e ? e : reader_done(&r) ? E_OK : E_TRAILING;
}

#define TAKE(...) take(&type, BYTES(__VA_ARGS__))

TEST(value_types_become_words)
{
	uint32_t type = 0;

	CHECK(TAKE(I32) == E_OK && type == WASM_I32);
	CHECK(TAKE(V128) == E_OK && type == WASM_V128);
	CHECK(TAKE(FUNCREF) == E_OK && type == WASM_FUNCREF);
	CHECK(TAKE(EXTERNREF) == E_OK && type == WASM_EXTERNREF);
	CHECK(TAKE(EXNREF) == E_OK && type == WASM_EXNREF);
	CHECK(TAKE(0x72) == E_OK && type == NULLABLE(WASM_HEAP_NOEXTERN));
	CHECK(TAKE(0x73) == E_OK && type == NULLABLE(WASM_HEAP_NOFUNC));
	CHECK(TAKE(0x74) == E_OK && type == NULLABLE(WASM_HEAP_NOEXN));
	CHECK(TAKE(REF_NULL, FUNCREF) == E_OK && type == WASM_FUNCREF);
	CHECK(TAKE(REF, EXNREF) == E_OK && type == NON_NULL(WASM_HEAP_EXN));
	CHECK(TAKE(REF, 0) == E_OK && type == CONCRETE(0));
	CHECK(TAKE(REF_NULL, 0x81, 0x80, 0) == E_OK && type == MAYBE(1));
}

TEST(indices_in_types_are_canonical_and_known)
{
	uint32_t type = 0;

	CHECK(TAKE(REF, 2) == E_OK && type == CONCRETE(1));
	CHECK_EQ(TAKE(REF, 3), E_WASM_NO_SUCH_TYPE);
	CHECK_EQ(TAKE(REF, 0xff, 0xff, 0xff, 0xff, 0x0f), E_WASM_NO_SUCH_TYPE);
	CHECK_EQ(TAKE(REF, 0xff, 0xff, 0xff, 0xff, 0x1f), E_WASM_LEB_LARGE);
	CHECK_EQ(TAKE(REF, 0x80, 0x80, 0x80, 0x80, 0x80, 0), E_WASM_LEB_LONG);
	CHECK_EQ(TAKE(REF, 0xf0, 0x7f), E_WASM_BAD_TYPE);
}

TEST(malformed_types_are_refused)
{
	static const uint8_t none[] = {0x40, 0x61, 0x65, 0x75, 0x77, 0x78, 0x60, 0x00, 0x80, 0xff};
	static const uint8_t gc[] = {0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x71};
	uint32_t type = 77;

	for (size_t i = 0; i < sizeof(none); i++)
		CHECK_EQ(TAKE(none[i]), E_WASM_BAD_TYPE);
	for (size_t i = 0; i < sizeof(gc); i++)
		CHECK(TAKE(gc[i]) == E_WASM_NEEDS_GC && TAKE(REF, gc[i]) == E_WASM_NEEDS_GC);
	CHECK_EQ(TAKE(REF, I32), E_WASM_BAD_TYPE);
	CHECK_EQ(TAKE(REF, REF), E_WASM_BAD_TYPE);
	CHECK_EQ(TAKE(REF), E_WASM_END);
	CHECK_EQ(TAKE(REF_NULL, 0x80), E_WASM_END);
	CHECK_EQ(take(&type, NULL, 0), E_WASM_END);
	CHECK_EQ(type, 77);
}

TEST(only_references_are_taken_as_references)
{
	struct reader r;
	uint32_t type;

	reader_init(&r, BYTES(V128));
	CHECK_EQ(value_type_take_ref(&g_module, &r, &type), E_WASM_BAD_TYPE);
	reader_init(&r, BYTES(REF, 0));
	CHECK(value_type_take_ref(&g_module, &r, &type) == E_OK && type == CONCRETE(0));
}

/* ---- matching -------------------------------------------------------------------------------- */

/* Every type there is, with two concrete ones; the rank tells its place in its hierarchy. */
static const struct {
	uint32_t heap; /* without nullability */
	char family;
	int rank; /* 2 above 1 above 0; equal ranks match only themselves */
} g_heaps[] = {
	{NON_NULL(WASM_HEAP_FUNC), 'f', 2},
	{CONCRETE(0), 'f', 1},
	{CONCRETE(1), 'f', 1},
	{NON_NULL(WASM_HEAP_NOFUNC), 'f', 0},
	{NON_NULL(WASM_HEAP_EXTERN), 'x', 2},
	{NON_NULL(WASM_HEAP_NOEXTERN), 'x', 0},
	{NON_NULL(WASM_HEAP_EXN), 'e', 2},
	{NON_NULL(WASM_HEAP_NOEXN), 'e', 0},
};

TEST(references_match_upwards_in_their_hierarchy)
{
	for (size_t a = 0; a < COUNT_OF(g_heaps); a++) {
		for (size_t b = 0; b < COUNT_OF(g_heaps); b++) {
			bool matches = a == b || (g_heaps[a].family == g_heaps[b].family &&
						  g_heaps[a].rank < g_heaps[b].rank);
			uint32_t sub = g_heaps[a].heap, super = g_heaps[b].heap;

			CHECK_EQ(wasm_type_matches(sub, super), matches);
			CHECK_EQ(wasm_type_matches(sub, super | WASM_NULLABLE), matches);
			CHECK_EQ(wasm_type_matches(sub | WASM_NULLABLE, super | WASM_NULLABLE),
				 matches);
			CHECK(!wasm_type_matches(sub | WASM_NULLABLE, super));
		}
		CHECK(wasm_type_matches(WASM_REF_BOTTOM, g_heaps[a].heap));
		CHECK(!wasm_type_matches(g_heaps[a].heap, WASM_I32));
		CHECK(!wasm_type_matches(WASM_I32, g_heaps[a].heap));
	}
}

TEST(numbers_match_only_themselves)
{
	static const uint32_t types[] = {WASM_I32, WASM_I64, WASM_F32, WASM_F64, WASM_V128};

	for (size_t a = 0; a < COUNT_OF(types); a++) {
		for (size_t b = 0; b < COUNT_OF(types); b++)
			CHECK_EQ(wasm_type_matches(types[a], types[b]), a == b);
	}
}

TEST(types_know_their_slots_and_tops)
{
	CHECK(wasm_type_slots(WASM_V128) == 2 && wasm_type_slots(WASM_I64) == 1);
	CHECK(wasm_type_slots(WASM_EXNREF) == 1);
	CHECK_EQ(wasm_type_top(CONCRETE(0x6f)), WASM_HEAP_FUNC);
	CHECK_EQ(wasm_type_top(NON_NULL(WASM_HEAP_NOEXN)), WASM_HEAP_EXN);
	CHECK_EQ(wasm_type_top(NULLABLE(WASM_HEAP_NOEXTERN)), WASM_HEAP_EXTERN);
	CHECK(wasm_type_is_concrete(MAYBE(5)) && !wasm_type_is_concrete(WASM_FUNCREF));
	CHECK(!wasm_type_is_concrete(WASM_I32) && !wasm_type_is_num(WASM_V128));
	CHECK(wasm_type_is_defaultable(MAYBE(1)) && !wasm_type_is_defaultable(CONCRETE(1)));
	CHECK(wasm_type_is_defaultable(WASM_V128));
}

/* ---- equal function types -------------------------------------------------------------------- */

/* The canonical indices that a type section gives, as a number of decimal digits. */
static uint64_t canonical_digits(const uint8_t *bytes, size_t size)
{
	struct wasm_module m;
	struct wasm_error error;
	uint64_t digits = 0;

	if (wasm_decode(&m, &error, bytes, size) != E_OK)
		return 99999;
	for (uint32_t i = 0; i < m.type_count; i++) {
		digits = digits * 10 + m.types[i].canonical;
		const struct wasm_func_type *first = &m.types[m.types[i].canonical];

		CHECK(first->params == m.types[i].params && first->canonical <= i);
	}
	wasm_module_fini(&m);
	return digits;
}

#define CANONICAL(...) canonical_digits(BYTES(WASM_HEADER, SECTION_OF(TYPE, __VA_ARGS__)))

TEST(equal_types_get_the_first_index)
{
	CHECK_EQ(CANONICAL(3, 0x60, 0, 0, 0x60, 1, I32, 0, 0x60, 0, 0), 10);
	CHECK_EQ(CANONICAL(4, 0x60, 1, I32, 0, 0x60, 0, 1, I32, 0x60, 1, I32, 0, 0x60, 0, 1, I32),
		 101);
	/* parameters are not results, and what is nullable is not what is not */
	CHECK_EQ(CANONICAL(3, 0x60, 2, I32, I64, 0, 0x60, 1, I32, 1, I64, 0x60, 0, 2, I32, I64),
		 12);
	CHECK_EQ(CANONICAL(2, 0x60, 1, REF, FUNCREF, 0, 0x60, 1, FUNCREF, 0), 1);
	/* through an equal type */
	CHECK_EQ(CANONICAL(4, 0x60, 0, 0, 0x60, 0, 0, 0x60, 1, REF, 0, 0, 0x60, 1, REF, 1, 0), 22);
}

TEST(types_that_refer_to_themselves_are_equal)
{
	CHECK_EQ(CANONICAL(2, 0x60, 1, REF, 0, 0, 0x60, 1, REF, 1, 0), 0);
	CHECK_EQ(CANONICAL(2, 0x60, 1, REF, 0, 0, 0x60, 1, REF_NULL, 1, 0), 1);
	/* a reference to oneself is not one to another type that is written alike */
	CHECK_EQ(CANONICAL(2, 0x60, 1, REF, 0, 0, 0x60, 1, REF, 0, 0), 1);
	CHECK_EQ(CANONICAL(3, 0x60, 1, REF, 0, 0, 0x60, 1, REF, 0, 0, 0x60, 1, REF, 1, 0), 12);
	CHECK_EQ(CANONICAL(4, 0x60, 0, 0, 0x60, 1, REF, 1, 0, 0x60, 1, REF, 2, 1, I32, 0x60, 1, REF,
			   3, 1, I32),
		 122);
}

TEST(a_type_knows_none_that_follows)
{
	CHECK_EQ(VERDICT(SECTION_OF(TYPE, 1, 0x60, 1, REF, 0, 0)), E_OK);
	CHECK_EQ(VERDICT(SECTION_OF(TYPE, 1, 0x60, 1, REF, 1, 0)), E_WASM_NO_SUCH_TYPE);
	CHECK_EQ(VERDICT(SECTION_OF(TYPE, 2, 0x60, 1, REF, 1, 0, 0x60, 0, 0)), E_WASM_NO_SUCH_TYPE);
}

TEST(slots_of_a_type_are_counted)
{
	static const uint8_t module[] = {
		WASM_HEADER, SECTION_OF(TYPE, 1, 0x60, 3, V128, I32, V128, 2, V128, EXNREF)};
	struct wasm_module m;
	struct wasm_error error;

	CHECK_EQ(wasm_decode(&m, &error, module, sizeof(module)), E_OK);
	CHECK(m.types[0].param_slots == 5 && m.types[0].result_slots == 3);
	CHECK(m.types[0].params[0] == WASM_V128 && m.types[0].results[1] == WASM_EXNREF);
	wasm_module_fini(&m);
}

/* Against the definition: many types drawn from few words, each compared with all before it. */
static bool same_types(const struct wasm_func_type *a, const struct wasm_func_type *b)
{
	return a->param_count == b->param_count && a->result_count == b->result_count &&
	       (a->param_count == 0 ||
		memcmp(a->params, b->params, a->param_count * sizeof(*a->params)) == 0) &&
	       (a->result_count == 0 ||
		memcmp(a->results, b->results, a->result_count * sizeof(*a->results)) == 0);
}

TEST(the_set_finds_exactly_the_equal_types)
{
	enum { COUNT = 600 };
	static const uint32_t words[] = {WASM_I32, WASM_I64, WASM_FUNCREF, WASM_REF | 700};
	static struct wasm_func_type types[COUNT];
	static uint32_t values[COUNT][8];
	struct type_set set;
	uint32_t seed = 1, repeated = 0;

	CHECK_EQ(type_set_init(&set, COUNT), E_OK);
	for (uint32_t i = 0; i < COUNT; i++) {
		for (int k = 0; k < 8; k++) {
			seed = seed * 1103515245 + 12345;
			values[i][k] = words[seed >> 16 & 3];
		}
		types[i] = (struct wasm_func_type){.params = values[i],
						   .results = values[i] + 4,
						   .param_count = seed >> 20 & 3,
						   .result_count = seed >> 24 & 3};
		uint32_t first = 0;

		while (!same_types(&types[first], &types[i]))
			first++;
		repeated += first != i;
		CHECK_EQ(type_set_add(&set, types, i), first);
	}
	CHECK(repeated > 50 && repeated < COUNT - 50);
	type_set_fini(&set);
}

/* 30,000 types whose words agree but at the end: what a hostile module would choose. */
TEST(many_long_types_are_told_apart_quickly)
{
	enum { COUNT = 30000, PARAMS = 30 };
	size_t room = 64 + COUNT * (PARAMS + 3);
	uint8_t *module = malloc(room);
	struct wasm_module m;
	struct wasm_error error;
	struct writer w;

	writer_init(&w, module, room);
	writer_bytes(&w, BYTES(WASM_HEADER, TYPE));
	uint32_t size = 3 + COUNT * (PARAMS + 3);

	writer_bytes(&w, BYTES((uint8_t)(size | 0x80), (uint8_t)(size >> 7 | 0x80),
			       (uint8_t)(size >> 14 & 0x7f)));
	writer_bytes(&w, BYTES((uint8_t)((COUNT & 0x7f) | 0x80), (COUNT >> 7 & 0x7f) | 0x80,
			       COUNT >> 14));
	for (uint32_t i = 0; i < COUNT; i++) {
		writer_bytes(&w, BYTES(0x60, PARAMS));
		for (uint32_t k = 0; k < PARAMS; k++)
			writer_u8(&w, i >> k & 1 ? I32 : I64);
		writer_u8(&w, 0);
	}
	CHECK(writer_ok(&w));
	CHECK_EQ(wasm_decode(&m, &error, module, w.len), E_OK);
	CHECK_EQ(m.type_count, COUNT);
	for (uint32_t i = 0; i < m.type_count; i++)
		CHECK(m.types[i].canonical == i);
	wasm_module_fini(&m);
	free(module);
}

/* ---- what is defined with types --------------------------------------------------------------- */

TEST(shared_memories_have_a_maximum)
{
	CHECK_EQ(VERDICT(SECTION_OF(MEMORY, 1, 3, 1, 2)), E_OK);
	CHECK_EQ(VERDICT(SECTION_OF(MEMORY, 1, 2, 1)), E_WASM_SHARED_NO_MAX);
	CHECK_EQ(VERDICT(SECTION_OF(MEMORY, 1, 3, 2, 1)), E_WASM_LIMITS_ORDER);
	CHECK_EQ(VERDICT(SECTION_OF(MEMORY, 1, 3, 1, 0x81, 0x80, 4)), E_WASM_BIG_MEMORY);
	CHECK_EQ(VERDICT(SECTION_OF(IMPORT, 1, 0, 0, 2, 3, 1, 2)), E_OK);
	CHECK_EQ(VERDICT(SECTION_OF(TABLE, 1, FUNCREF, 3, 1, 2)), E_WASM_BAD_LIMITS);
	CHECK_EQ(VERDICT(SECTION_OF(TABLE, 1, FUNCREF, 2, 1)), E_WASM_BAD_LIMITS);
}

TEST(there_may_be_a_hundred_memories)
{
	uint8_t bytes[16 + 2 * 101] = {WASM_HEADER, MEMORY, 0, 0, 0};
	struct wasm_error error;

	for (uint8_t count = 100; count <= 101; count++) {
		uint32_t size = 1 + 2u * count;

		bytes[9] = (uint8_t)(size | 0x80);
		bytes[10] = (uint8_t)(size >> 7);
		bytes[11] = count;
		CHECK_EQ(wasm_verdict(&error, bytes, 11 + size),
			 count == 100 ? E_OK : E_WASM_MANY_MEMORIES);
	}
	CHECK_EQ(VERDICT(SECTION_OF(IMPORT, 1, 0, 0, 2, 0, 1), SECTION_OF(MEMORY, 1, 0, 1)), E_OK);
	/* data in the second of two */
	CHECK_EQ(VERDICT(SECTION_OF(MEMORY, 2, 0, 1, 0, 1),
			 SECTION_OF(DATA, 1, 2, 1, 0x41, 0, 0x0b, 1, 'a')),
		 E_OK);
	CHECK_EQ(VERDICT(SECTION_OF(MEMORY, 2, 0, 1, 0, 1),
			 SECTION_OF(DATA, 1, 2, 2, 0x41, 0, 0x0b, 1, 'a')),
		 E_WASM_NO_SUCH_MEMORY);
}

#define TWO_TYPES SECTION_OF(TYPE, 2, 0x60, 1, I32, 0, 0x60, 0, 1, I32)

TEST(tags_have_no_results)
{
	CHECK_EQ(VERDICT(TWO_TYPES, SECTION_OF(TAG, 1, 0, 0)), E_OK);
	CHECK_EQ(VERDICT(TWO_TYPES, SECTION_OF(TAG, 1, 0, 1)), E_WASM_TAG_RESULT);
	CHECK_EQ(VERDICT(TWO_TYPES, SECTION_OF(TAG, 1, 0, 2)), E_WASM_NO_SUCH_TYPE);
	CHECK_EQ(VERDICT(TWO_TYPES, SECTION_OF(TAG, 1, 1, 0)), E_WASM_BAD_TAG);
	CHECK_EQ(VERDICT(TWO_TYPES, SECTION_OF(TAG, 2, 0, 0)), E_WASM_END);
	CHECK_EQ(VERDICT(TWO_TYPES, SECTION_OF(TAG, 1)), E_WASM_END);
	CHECK_EQ(VERDICT(TWO_TYPES, SECTION_OF(TAG, 1, 0)), E_WASM_END);
	CHECK_EQ(VERDICT(TWO_TYPES, SECTION_OF(TAG, 0xff, 0xff, 0x3f)), E_WASM_END);
	CHECK_EQ(VERDICT(TWO_TYPES, SECTION_OF(IMPORT, 1, 0, 0, 4, 0, 0)), E_OK);
	CHECK_EQ(VERDICT(TWO_TYPES, SECTION_OF(IMPORT, 1, 0, 0, 4, 0, 1)), E_WASM_TAG_RESULT);
	CHECK_EQ(VERDICT(TWO_TYPES, SECTION_OF(IMPORT, 1, 0, 0, 4, 1, 0)), E_WASM_BAD_TAG);
}

TEST(tags_come_between_memories_and_globals)
{
	CHECK_EQ(VERDICT(TWO_TYPES, SECTION_OF(MEMORY, 0), SECTION_OF(TAG, 0),
			 SECTION_OF(GLOBAL, 0)),
		 E_OK);
	CHECK_EQ(VERDICT(SECTION_OF(TAG, 0), SECTION_OF(MEMORY, 0)), E_WASM_SECTION_ORDER);
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 0), SECTION_OF(TAG, 0)), E_WASM_SECTION_ORDER);
	CHECK_EQ(VERDICT(SECTION_OF(TAG, 0), SECTION_OF(TAG, 0)), E_WASM_SECTION_ORDER);
	CHECK_EQ(VERDICT(TWO_TYPES, SECTION_OF(TAG, 1, 0, 0), SECTION_OF(EXPORT, 1, 1, 'a', 4, 0)),
		 E_OK);
	CHECK_EQ(VERDICT(TWO_TYPES, SECTION_OF(TAG, 1, 0, 0), SECTION_OF(EXPORT, 1, 1, 'a', 4, 1)),
		 E_WASM_NO_SUCH_TAG);
}

/* A module with types and an imported function of type 0 before the given sections. */
#define WITH_FUNC(...)                                                                             \
	VERDICT(TWO_TYPES, SECTION_OF(IMPORT, 2, 0, 0, 0, 0, 0, 0, 3, FUNCREF, 0), __VA_ARGS__)

TEST(tables_that_cannot_be_null_have_an_initializer)
{
	CHECK_EQ(WITH_FUNC(SECTION_OF(TABLE, 1, REF, FUNCREF, 0, 1)), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(WITH_FUNC(SECTION_OF(TABLE, 1, REF, 0, 0, 0)), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(WITH_FUNC(SECTION_OF(TABLE, 1, REF_NULL, 0, 0, 1)), E_OK);
	CHECK_EQ(WITH_FUNC(SECTION_OF(TABLE, 1, 0x40, 0, REF, 0, 0, 1, 0xd2, 0, 0x0b)), E_OK);
	CHECK_EQ(WITH_FUNC(SECTION_OF(TABLE, 1, 0x40, 0, REF, 1, 0, 1, 0xd2, 0, 0x0b)),
		 E_WASM_TYPE_MISMATCH);
	CHECK_EQ(WITH_FUNC(SECTION_OF(TABLE, 1, 0x40, 0, FUNCREF, 0, 1, 0x23, 0, 0x0b)), E_OK);
	CHECK_EQ(WITH_FUNC(SECTION_OF(TABLE, 1, 0x40, 0, FUNCREF, 0, 1, 0x23, 1, 0x0b)),
		 E_WASM_NO_SUCH_GLOBAL);
	CHECK_EQ(WITH_FUNC(SECTION_OF(TABLE, 1, 0x40, 0, FUNCREF, 0, 1, 0x41, 0, 0x0b)),
		 E_WASM_TYPE_MISMATCH);
	CHECK_EQ(WITH_FUNC(SECTION_OF(TABLE, 1, 0x40, 1, FUNCREF, 0, 1, 0xd2, 0, 0x0b)),
		 E_WASM_BAD_TABLE);
	CHECK_EQ(WITH_FUNC(SECTION_OF(TABLE, 1, 0x40)), E_WASM_END);
	CHECK_EQ(WITH_FUNC(SECTION_OF(TABLE, 1, 0x40, 0, FUNCREF, 0, 1)), E_WASM_END);
	CHECK_EQ(WITH_FUNC(SECTION_OF(TABLE, 1, 0x40, 0, 0x40, 0, FUNCREF, 0, 1, 0xd2, 0, 0x0b)),
		 E_WASM_BAD_TYPE);
	/* an imported one has its elements already */
	CHECK_EQ(VERDICT(TWO_TYPES, SECTION_OF(IMPORT, 1, 0, 0, 1, REF, FUNCREF, 0, 1)), E_OK);
}

TEST(constant_expressions_know_earlier_globals)
{
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 2, I32, 0, 0x41, 1, 0x0b, I32, 0, 0x23, 0, 0x0b)),
		 E_OK);
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 2, I32, 1, 0x41, 1, 0x0b, I32, 0, 0x23, 0, 0x0b)),
		 E_WASM_NOT_CONST);
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 1, I32, 0, 0x23, 0, 0x0b)), E_WASM_NO_SUCH_GLOBAL);
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 2, I32, 0, 0x23, 1, 0x0b, I32, 0, 0x41, 1, 0x0b)),
		 E_WASM_NO_SUCH_GLOBAL);
}

TEST(constant_expressions_have_types_that_match)
{
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 1, V128, 0, 0xfd, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
				    0, 0, 0, 0, 0, 0x0b)),
		 E_OK);
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 1, V128, 0, 0x42, 0, 0x0b)), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(WITH_FUNC(SECTION_OF(GLOBAL, 1, REF, 0, 0, 0xd2, 0, 0x0b)), E_OK);
	CHECK_EQ(WITH_FUNC(SECTION_OF(GLOBAL, 1, REF, FUNCREF, 0, 0xd2, 0, 0x0b)), E_OK);
	CHECK_EQ(WITH_FUNC(SECTION_OF(GLOBAL, 1, REF_NULL, 1, 0, 0xd2, 0, 0x0b)),
		 E_WASM_TYPE_MISMATCH);
	CHECK_EQ(WITH_FUNC(SECTION_OF(GLOBAL, 1, REF, 0, 0, 0xd0, 0, 0x0b)), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(WITH_FUNC(SECTION_OF(GLOBAL, 1, REF_NULL, 0, 0, 0xd0, 0, 0x0b)), E_OK);
	CHECK_EQ(WITH_FUNC(SECTION_OF(GLOBAL, 1, REF_NULL, 0, 0, 0xd0, 0x73, 0x0b)), E_OK);
	CHECK_EQ(WITH_FUNC(SECTION_OF(GLOBAL, 1, EXNREF, 0, 0xd0, EXNREF, 0x0b)), E_OK);
	CHECK_EQ(WITH_FUNC(SECTION_OF(GLOBAL, 1, EXNREF, 0, 0xd0, EXTERNREF, 0x0b)),
		 E_WASM_TYPE_MISMATCH);
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 1, I32, 0, 0xfd, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
				    0, 0, 0, 0, 0xfd, 0x53, 0x0b)),
		 E_WASM_NOT_CONST);
}

TEST(constant_expressions_count_slots)
{
	static const uint8_t module[] = {
		WASM_HEADER,
		SECTION_OF(GLOBAL, 2, V128, 0, 0xfd, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
			   14, 15, 16, 0x0b, I32, 0, 0x41, 1, 0x41, 2, 0x41, 3, 0x6a, 0x6c, 0x0b)};
	struct wasm_module m;
	struct wasm_error error;

	CHECK_EQ(wasm_decode(&m, &error, module, sizeof(module)), E_OK);
	CHECK(m.globals[0].init.max_stack == 2 && m.globals[1].init.max_stack == 3);
	wasm_module_fini(&m);
}

/* Tables of (ref null 0) and funcref, function 0 of type 0. */
#define TYPED_TABLES(...)                                                                          \
	WITH_FUNC(SECTION_OF(TABLE, 2, REF_NULL, 0, 0, 1, FUNCREF, 0, 1),                          \
		  SECTION_OF(ELEM, 1, __VA_ARGS__))

TEST(element_segments_match_their_table)
{
	/* indices are of type (ref func), which is no (ref null 0) */
	CHECK_EQ(TYPED_TABLES(0, 0x41, 0, 0x0b, 1, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(TYPED_TABLES(2, 1, 0x41, 0, 0x0b, 0, 1, 0), E_OK);
	CHECK_EQ(TYPED_TABLES(4, 0x41, 0, 0x0b, 1, 0xd2, 0, 0x0b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(TYPED_TABLES(6, 0, 0x41, 0, 0x0b, REF, 0, 1, 0xd2, 0, 0x0b), E_OK);
	CHECK_EQ(TYPED_TABLES(6, 1, 0x41, 0, 0x0b, REF, 0, 1, 0xd2, 0, 0x0b), E_OK);
	CHECK_EQ(TYPED_TABLES(6, 0, 0x41, 0, 0x0b, REF, 1, 1, 0xd2, 0, 0x0b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(TYPED_TABLES(6, 0, 0x41, 0, 0x0b, REF, 0, 1, 0xd0, 0, 0x0b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(TYPED_TABLES(6, 0, 0x41, 0, 0x0b, REF_NULL, 0, 1, 0xd0, 0, 0x0b), E_OK);
	CHECK_EQ(TYPED_TABLES(5, REF, FUNCREF, 1, 0x23, 0, 0x0b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(TYPED_TABLES(5, FUNCREF, 1, 0x23, 0, 0x0b), E_OK);
	CHECK_EQ(TYPED_TABLES(5, EXNREF, 1, 0xd0, EXNREF, 0x0b), E_OK);
}

TEST(element_items_of_typed_segments_are_listed)
{
	static const uint8_t module[] = {
		WASM_HEADER, TWO_TYPES, SECTION_OF(IMPORT, 1, 0, 0, 0, 0),
		SECTION_OF(ELEM, 1, 5, REF_NULL, 0, 2, 0xd0, 0, 0x0b, 0xd2, 0, 0x0b)};
	struct wasm_module m;
	struct wasm_error error;

	CHECK_EQ(wasm_decode(&m, &error, module, sizeof(module)), E_OK);
	struct reader r = wasm_span_reader(&m, m.elems[0].items);

	CHECK_EQ(m.elems[0].type, MAYBE(0));
	CHECK_EQ(wasm_elem_next(&m, &m.elems[0], &r).kind, WASM_ITEM_NULL);
	CHECK_EQ(wasm_elem_next(&m, &m.elems[0], &r).kind, WASM_ITEM_FUNC);
	CHECK(reader_done(&r));
	wasm_module_fini(&m);
}

TEST(any_allocation_of_types_may_fail)
{
	static const uint8_t module[] = {WASM_HEADER, TWO_TYPES,
					 SECTION_OF(IMPORT, 1, 0, 0, 4, 0, 0),
					 SECTION_OF(TAG, 1, 0, 0)};
	struct wasm_error error;
	long n = 0;
	enum err e;

	do {
		native_heap_fail_at(n++);
		e = wasm_verdict(&error, module, sizeof(module));
		CHECK(e == E_OK || e == E_NOMEM);
	} while (e && n < 100);
	native_heap_fail_at(-1);
	CHECK_EQ(e, E_OK);
	CHECK(n > 4);
}

int main(void)
{
	RUN(value_types_become_words);
	RUN(indices_in_types_are_canonical_and_known);
	RUN(malformed_types_are_refused);
	RUN(only_references_are_taken_as_references);
	RUN(references_match_upwards_in_their_hierarchy);
	RUN(numbers_match_only_themselves);
	RUN(types_know_their_slots_and_tops);
	RUN(equal_types_get_the_first_index);
	RUN(types_that_refer_to_themselves_are_equal);
	RUN(a_type_knows_none_that_follows);
	RUN(slots_of_a_type_are_counted);
	RUN(the_set_finds_exactly_the_equal_types);
	RUN(many_long_types_are_told_apart_quickly);
	RUN(shared_memories_have_a_maximum);
	RUN(there_may_be_a_hundred_memories);
	RUN(tags_have_no_results);
	RUN(tags_come_between_memories_and_globals);
	RUN(tables_that_cannot_be_null_have_an_initializer);
	RUN(constant_expressions_know_earlier_globals);
	RUN(constant_expressions_have_types_that_match);
	RUN(constant_expressions_count_slots);
	RUN(element_segments_match_their_table);
	RUN(element_items_of_typed_segments_are_listed);
	RUN(any_allocation_of_types_may_fail);
	return check_report();
}
