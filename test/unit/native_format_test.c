/* The section retwine.native as bytes, and where slots and values are. */
#include <stdlib.h>

#include "base/heap.h"
#include "native/impl.h"
#include "native/verify_find.h"
#include "native/verify_section.h"
#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/lib/native_fake.h"
#include "wasm/module.h"

/* Two functions of 16 and 8 bytes, 5 bytes of data, 12 of facts: none, for each. */
struct section {
	struct native_header header;
	uint32_t offsets[3];
	uint8_t code[24], rodata[5], facts[12];
	uint8_t more[8];
};
#define SECTION_SIZE offsetof(struct section, more)

static struct section section_make(void)
{
	struct section s = {.header = {.magic = NATIVE_MAGIC,
				       .abi_version = NATIVE_ABI_VERSION,
				       .isa = NATIVE_ISA_V3,
				       .flags = NATIVE_METERED,
				       .func_count = 2,
				       .code_size = 24,
				       .rodata_size = 5,
				       .facts_size = 12},
			    .offsets = {0, 16, 24}};

	for (uint8_t i = 0; i < 32; i++)
		s.header.module_digest[i] = i;
	memset(s.code, NATIVE_PADDING, sizeof(s.code));
	s.rodata[0] = 77;
	return s;
}

/* On a copy of exactly that size. */
static enum err decode(struct native_image *image, const struct section *s, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	memcpy(copy, s, size);
	enum err err = native_decode(image, copy, size);

	if (err == E_OK) {
		CHECK_EQ(image->facts[11], s->facts[11]);
		CHECK_EQ(native_entry_offset(image, 2), 24);
	}
	free(copy);
	return err;
}

TEST(section_decodes)
{
	const struct section s = section_make();
	struct native_image image;

	CHECK_EQ(native_decode(&image, (const uint8_t *)&s, SECTION_SIZE), E_OK);
	CHECK_EQ(image.header.func_count, 2);
	CHECK(image.offsets == (const uint8_t *)s.offsets);
	CHECK(image.code == s.code && image.rodata == s.rodata && image.facts == s.facts);
	CHECK_EQ(memcmp(&image.header, &s.header, sizeof(s.header)), 0);
}

TEST(section_of_another_length_is_refused)
{
	const struct section s = section_make();
	struct native_image image = {0};

	for (size_t size = 0; size < SECTION_SIZE; size++)
		CHECK_EQ(decode(&image, &s, size), E_TRUNCATED);
	CHECK_EQ(decode(&image, &s, SECTION_SIZE + 1), E_MALFORMED);
	CHECK(image.code == NULL);
}

#define SPOILT(change, error)                                                                      \
	do {                                                                                       \
		struct section s = section_make();                                                 \
		struct native_image image = {0};                                                   \
		change;                                                                            \
		CHECK_EQ(decode(&image, &s, SECTION_SIZE), error);                                 \
		CHECK(image.offsets == NULL);                                                      \
	} while (0)

TEST(section_with_a_wrong_header_is_refused)
{
	SPOILT(s.header.magic ^= 1, E_MALFORMED);
	SPOILT(s.header.abi_version++, E_NATIVE_VERSION);
	SPOILT(s.header.abi_version = 0, E_NATIVE_VERSION);
	SPOILT(s.header.isa = 4, E_NATIVE_ISA);
	SPOILT(s.header.isa = 1, E_NATIVE_ISA);
	SPOILT(s.header.flags |= 8, E_MALFORMED);
	SPOILT(s.header.flags |= 1u << 31, E_MALFORMED);
	for (size_t i = 0; i < sizeof(((struct native_header *)NULL)->reserved); i++)
		SPOILT(s.header.reserved[i] = 1, E_MALFORMED);
	SPOILT(s.header.func_count = 3, E_TRUNCATED);
	SPOILT(s.header.func_count = 1, E_MALFORMED);
	SPOILT(s.header.func_count = UINT32_MAX, E_TRUNCATED);
	SPOILT(s.header.routine_count = 1, E_TRUNCATED);
	SPOILT(s.header.routine_count = NATIVE_ROUTINES_MAX, E_TRUNCATED);
	SPOILT(s.header.routine_count = NATIVE_ROUTINES_MAX + 1, E_LIMIT);
	SPOILT(s.header.routine_count = UINT32_MAX, E_LIMIT);
	SPOILT((s.header.func_count = UINT32_MAX, s.header.routine_count = 1), E_MALFORMED);
}

TEST(routines_stand_behind_the_functions)
{
	struct section s = section_make();
	struct native_image image;

	s.header.func_count = 1;
	s.header.routine_count = 1;
	CHECK_EQ(decode(&image, &s, SECTION_SIZE), E_OK);
	CHECK_EQ(native_entry_count(&image), 2);
}

TEST(section_with_wrong_sizes_is_refused)
{
	SPOILT(s.header.code_size++, E_TRUNCATED);
	SPOILT(s.header.code_size--, E_MALFORMED);
	SPOILT((s.header.code_size--, s.header.rodata_size++), E_MALFORMED);
	SPOILT(s.header.rodata_size++, E_TRUNCATED);
	SPOILT(s.header.facts_size--, E_MALFORMED);
	SPOILT(s.header.code_size = NATIVE_CODE_MAX, E_TRUNCATED);
	SPOILT(s.header.code_size = NATIVE_CODE_MAX + 1, E_LIMIT);
	SPOILT(s.header.rodata_size = UINT64_MAX, E_LIMIT);
	SPOILT(s.header.facts_size = (uint64_t)1 << 63, E_LIMIT);
}

TEST(functions_begin_in_order_aligned_and_inside)
{
	SPOILT(s.offsets[1] = 8, E_MALFORMED);
	SPOILT(s.offsets[1] = 0, E_MALFORMED);
	SPOILT(s.offsets[1] = 32, E_MALFORMED);
	SPOILT(s.offsets[0] = 1, E_MALFORMED);
	SPOILT(s.offsets[0] = 16, E_MALFORMED);
	SPOILT((s.offsets[0] = 16, s.offsets[1] = 24, s.header.func_count = 1), E_MALFORMED);
	SPOILT(s.offsets[2] = 23, E_MALFORMED);
	SPOILT(s.offsets[2] = 25, E_MALFORMED);
	SPOILT((s.offsets[1] = 16, s.offsets[2] = 16), E_MALFORMED);
}

TEST(section_belongs_to_its_module)
{
	const struct section s = section_make();
	struct wasm_module m = {.func_count = 5, .import_func_count = 3};
	struct native_image image;
	uint8_t digest[32];

	CHECK_EQ(native_decode(&image, (const uint8_t *)&s, SECTION_SIZE), E_OK);
	memcpy(digest, s.header.module_digest, sizeof(digest));
	CHECK_EQ(native_check(&image, &m, digest, 0), E_OK);
	CHECK_EQ(native_check(&image, &m, digest, NATIVE_METERED), E_OK);
	CHECK_EQ(native_check(&image, &m, digest, NATIVE_POLLED), E_NATIVE_POLLED);
	CHECK_EQ(native_check(&image, &m, digest, NATIVE_CHECKED), E_NATIVE_WINDOW);
	image.header.flags = NATIVE_POLLED;
	CHECK_EQ(native_check(&image, &m, digest, NATIVE_METERED), E_NATIVE_METERED);
	m.func_count = 6;
	CHECK_EQ(native_check(&image, &m, digest, 0), E_NATIVE_MODULE);
	m.func_count = 5;
	for (size_t i = 0; i < sizeof(digest); i++) {
		digest[i] ^= 0x80;
		CHECK_EQ(native_check(&image, &m, digest, 0), E_NATIVE_MODULE);
		digest[i] ^= 0x80;
	}
}

/* Code that no entry begins is code that nobody verifies. */
TEST(code_without_a_function_is_refused)
{
	struct section s = section_make();
	struct native_image image = {0};

	s.header.func_count = 0;
	s.header.rodata_size += 8; /* the two offsets that are none any more */
	s.offsets[0] = 24;
	CHECK_EQ(decode(&image, &s, SECTION_SIZE), E_MALFORMED);
	s.offsets[0] = 0;
	CHECK_EQ(decode(&image, &s, SECTION_SIZE), E_MALFORMED);
	s.header.code_size = 0;
	s.header.rodata_size += 24;
	CHECK_EQ(native_decode(&image, (const uint8_t *)&s, SECTION_SIZE), E_OK);
}

/* ---- loading ---------------------------------------------------------------------------------- */

/* Loads s; the module has as many functions as the section says. */
static enum err load(const struct section *s, struct native_refusal *refusal)
{
	const struct wasm_module m = {.func_count = s->header.func_count};
	struct native_image image;
	struct native_code code;

	CHECK_EQ(native_decode(&image, (const uint8_t *)s, SECTION_SIZE), E_OK);
	enum err err = native_load(&code, refusal, &image, &m);

	if (err == E_OK)
		native_code_fini(&code);
	return err;
}

static const uint8_t k_syscall[] = {0x0f, 0x05};

/* Wherever it stands, in a function or in a routine, nothing of the section gets its place. */
TEST(nothing_is_placed_before_all_is_verified)
{
	for (size_t at = 0; at + sizeof(k_syscall) <= sizeof(((struct section *)NULL)->code);
	     at++) {
		for (uint32_t funcs = 1; funcs <= 2; funcs++) {
			struct section s = section_make();
			struct native_refusal r = {0};

			if (at < 16 && at + sizeof(k_syscall) > 16)
				continue;
			s.header.func_count = funcs;
			s.header.routine_count = 2 - funcs;
			memcpy(s.code + at, k_syscall, sizeof(k_syscall));
			CHECK_EQ(load(&s, &r), E_NATIVE_UNVERIFIED);
			CHECK_EQ(r.reason, VERIFY_INSTRUCTION);
			CHECK(r.entry == at / 16 && r.offset == at % 16);
			CHECK_EQ(native_fake_placed(), 0);
		}
	}
}

TEST(the_first_refusal_is_told)
{
	struct section s = section_make();
	struct native_refusal r = {0};

	s.code[15] = 0x90; /* NOP, and on into the next function */
	memcpy(s.code + 20, k_syscall, sizeof(k_syscall));
	memset(s.code, 0x90, 15);
	CHECK_EQ(load(&s, &r), E_NATIVE_UNVERIFIED);
	CHECK(r.entry == 0 && r.offset == 16 && r.reason == VERIFY_END);
	CHECK_EQ(native_fake_placed(), 0);
}

/* mov al, gs:[0] */
static const uint8_t k_window[] = {0x65, 0x8a, 0x04, 0x25, 0, 0, 0, 0, NATIVE_PADDING};

static enum err load_window(uint32_t flags, uint32_t memories, struct native_refusal *refusal)
{
	static const struct wasm_memory_type memory = {.limits = {.min = 1}};
	const struct wasm_module m = {
		.func_count = 2, .memory_count = memories, .memories = (void *)(uintptr_t)&memory};
	struct section s = section_make();
	struct native_image image;
	struct native_code code;

	s.header.flags = flags;
	memcpy(s.code, k_window, sizeof(k_window));
	CHECK_EQ(native_decode(&image, (const uint8_t *)&s, SECTION_SIZE), E_OK);
	enum err err = native_load(&code, refusal, &image, &m);

	if (err == E_OK)
		native_code_fini(&code);
	return err;
}

/* The window is memory 0's; with a memory elsewhere, or none, it may be another module's. */
TEST(only_code_of_a_memory_in_the_window_may_reach_it)
{
	struct native_refusal r = {0};

	CHECK_EQ(load_window(0, 1, &r), E_OK);
	native_fake_reset();
	CHECK_EQ(load_window(NATIVE_CHECKED, 1, &r), E_NATIVE_UNVERIFIED);
	CHECK_EQ(r.reason, VERIFY_WINDOW);
	CHECK_EQ(load_window(0, 0, &r), E_NATIVE_UNVERIFIED);
	CHECK_EQ(r.reason, VERIFY_WINDOW);
	CHECK_EQ(native_fake_placed(), 0);
}

/* Facts as the compiler finds them. */
static void find_facts(struct facts_buffer *facts, struct native_image *image,
		       const struct wasm_module *m)
{
	uint32_t *entries = verify_entries(image);
	struct verify_image described;
	struct finder finder;

	CHECK_EQ(verify_image_init(&described, image, entries, m), E_OK);
	CHECK_EQ(finder_init(&finder, &described), E_OK);
	CHECK_EQ(finder_find_all(&finder, facts, NULL), E_OK);
	finder_fini(&finder);
	heap_free(entries);
	image->facts = facts->bytes;
	image->header.facts_size = facts->size;
}

/* Also in the middle of a function, where there are labels to be remembered: never the code's fault. */
TEST(loading_survives_want_of_memory)
{
	struct section s = section_make();
	struct wasm_module m = {.func_count = 2};
	struct facts_buffer facts = {0};
	struct native_refusal refusal;
	struct native_image image;
	struct native_code code;
	long n = 0;

	memcpy(s.code, "\xeb\x00", 2); /* JMP to the next instruction */
	CHECK_EQ(native_decode(&image, (const uint8_t *)&s, SECTION_SIZE), E_OK);
	find_facts(&facts, &image, &m);
	CHECK(image.header.facts_size > 12);
	for (;; n++) {
		native_heap_fail_at(n);
		enum err err = native_load(&code, &refusal, &image, &m);

		native_heap_fail_at(-1);
		if (err == E_OK)
			break;
		CHECK_EQ(err, E_NOMEM);
		CHECK_EQ(native_fake_placed(), 0);
	}
	CHECK(n > 3);
	CHECK_EQ(memcmp((const void *)(uintptr_t)code.address, s.code, sizeof(s.code)), 0);
	CHECK_EQ(*(const uint8_t *)(uintptr_t)(code.address + NATIVE_PAGE), 77);
	CHECK_EQ(code.offsets[2], 24);
	native_code_fini(&code);
	native_fake_reset();
	facts_buffer_fini(&facts);
}

/* ---- layout ----------------------------------------------------------------------------------- */

TEST(values_have_their_places)
{
	static const uint32_t params[] = {WASM_I32, WASM_F32,  WASM_I64,    WASM_V128, WASM_FUNCREF,
					  WASM_F64, WASM_I32,  WASM_I32,    WASM_I32,  WASM_I32,
					  WASM_F32, WASM_F32,  WASM_F32,    WASM_F32,  WASM_F32,
					  WASM_F32, WASM_V128, WASM_EXNREF, WASM_F32};
	static const struct native_place expected[] = {
		{NATIVE_IN_INT, 0},	 {NATIVE_IN_VECTOR, 0},	  {NATIVE_IN_INT, 1},
		{NATIVE_IN_VECTOR, 1},	 {NATIVE_IN_INT, 2},	  {NATIVE_IN_VECTOR, 2},
		{NATIVE_IN_INT, 3},	 {NATIVE_IN_INT, 4},	  {NATIVE_IN_INT, 5},
		{NATIVE_IN_TRANSFER, 0}, {NATIVE_IN_VECTOR, 3},	  {NATIVE_IN_VECTOR, 4},
		{NATIVE_IN_VECTOR, 5},	 {NATIVE_IN_VECTOR, 6},	  {NATIVE_IN_VECTOR, 7},
		{NATIVE_IN_TRANSFER, 1}, {NATIVE_IN_TRANSFER, 2}, {NATIVE_IN_TRANSFER, 4},
		{NATIVE_IN_TRANSFER, 5}};
	const struct wasm_func_type type = {.params = params, .param_count = COUNT_OF(params)};
	struct native_place places[COUNT_OF(params)];

	static_assert(COUNT_OF(params) == COUNT_OF(expected), "places");
	CHECK_EQ(native_place_params(&type, places), 6);
	CHECK_EQ(native_place_params(&type, NULL), 6);
	for (size_t i = 0; i < COUNT_OF(params); i++) {
		CHECK_EQ(places[i].kind, expected[i].kind);
		CHECK_EQ(places[i].index, expected[i].index);
	}
}

TEST(only_the_first_result_is_in_a_register)
{
	static const uint32_t results[] = {WASM_V128, WASM_I32, WASM_V128, WASM_F64};
	struct wasm_func_type type = {.results = results, .result_count = COUNT_OF(results)};
	struct native_place places[COUNT_OF(results)];

	CHECK_EQ(native_place_results(&type, places), 4);
	CHECK_EQ(places[0].kind, NATIVE_IN_VECTOR);
	CHECK_EQ(places[1].kind, NATIVE_IN_TRANSFER);
	CHECK_EQ(places[1].index, 0);
	CHECK_EQ(places[2].index, 1);
	CHECK_EQ(places[3].index, 3);
	type.results++;
	type.result_count = 1;
	CHECK_EQ(native_place_results(&type, places), 0);
	CHECK_EQ(places[0].kind, NATIVE_IN_INT);
	type.result_count = 0;
	CHECK_EQ(native_place_results(&type, NULL), 0);
}

TEST(slots_stand_one_group_behind_the_other)
{
	static const uint32_t many[] = {WASM_I64, WASM_I64, WASM_I64, WASM_I64, WASM_V128};
	struct wasm_func_type types[2] = {{.params = many, .param_count = 5, .param_slots = 6},
					  {.results = many, .result_count = 4, .result_slots = 4}};
	struct wasm_tag tag = {.type = 0};
	const struct wasm_module m = {.types = types,
				      .type_count = 2,
				      .tags = &tag,
				      .tag_count = 1,
				      .global_count = 3,
				      .memory_count = 1,
				      .table_count = 2,
				      .func_count = 4,
				      .import_func_count = 4};
	struct native_layout l;

	CHECK_EQ(native_layout_init(&l, &m), E_OK);
	CHECK_EQ(l.helpers, 0x3d000);
	CHECK_EQ(l.function_table, (l.helpers + 8 * NATIVE_HELPER_COUNT + 15) / 16 * 16);
	CHECK_EQ(l.ref_base, l.function_table + 16);
	CHECK_EQ(l.stop, l.ref_base + 8);
	CHECK_EQ(l.exception, l.stop + 8);
	CHECK_EQ(l.fuel, l.exception + 8);
	CHECK_EQ(l.transfer, l.fuel + 8);
	CHECK_EQ(l.helpers, native_layout_fixed()->helpers);
	CHECK_EQ(l.function_table, native_layout_fixed()->function_table);
	CHECK_EQ(l.ref_base, native_layout_fixed()->ref_base);
	CHECK_EQ(l.stop, native_layout_fixed()->stop);
	CHECK_EQ(l.exception, native_layout_fixed()->exception);
	CHECK_EQ(l.fuel, native_layout_fixed()->fuel);
	CHECK_EQ(l.transfer, native_layout_fixed()->transfer);
	CHECK_EQ(l.transfer_slots, 6); /* the tag's values */
	CHECK_EQ(l.globals, l.transfer + 48);
	CHECK_EQ(l.globals % 16, 0);
	CHECK_EQ(l.memories, l.globals + 48);
	CHECK_EQ(l.tables, l.memories + 16);
	CHECK_EQ(l.imports, l.tables + 32);
	CHECK_EQ(l.sigs, l.imports + 64);
	CHECK_EQ(l.end, l.sigs + 16);
}

TEST(too_many_slots_are_refused)
{
	struct wasm_module m = {0};
	struct native_layout l;

	CHECK_EQ(native_layout_init(&l, &m), E_OK);
	m.global_count = (NATIVE_SLOTS_MAX - (l.end - NATIVE_SLOTS_DISP)) / 16;
	CHECK_EQ(native_layout_init(&l, &m), E_OK);
	CHECK_EQ(l.end, NATIVE_SLOTS_DISP + NATIVE_SLOTS_MAX);
	m.global_count++;
	CHECK_EQ(native_layout_init(&l, &m), E_NATIVE_SLOTS);
	m.global_count--;
	m.table_count = 1;
	CHECK_EQ(native_layout_init(&l, &m), E_NATIVE_SLOTS);
	m.table_count = 0;
	m.global_count = 0;
	m.import_func_count = 1000000;
	CHECK_EQ(native_layout_init(&l, &m), E_NATIVE_SLOTS);
}

int main(void)
{
	RUN(section_decodes);
	RUN(section_of_another_length_is_refused);
	RUN(section_with_a_wrong_header_is_refused);
	RUN(routines_stand_behind_the_functions);
	RUN(section_with_wrong_sizes_is_refused);
	RUN(functions_begin_in_order_aligned_and_inside);
	RUN(section_belongs_to_its_module);
	RUN(code_without_a_function_is_refused);
	RUN(nothing_is_placed_before_all_is_verified);
	RUN(the_first_refusal_is_told);
	RUN(only_code_of_a_memory_in_the_window_may_reach_it);
	RUN(loading_survives_want_of_memory);
	RUN(values_have_their_places);
	RUN(only_the_first_result_is_in_a_register);
	RUN(slots_stand_one_group_behind_the_other);
	RUN(too_many_slots_are_refused);
	return check_report();
}
