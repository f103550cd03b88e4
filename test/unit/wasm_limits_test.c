/* The limits of wasm/limits.h, each met and each exceeded by one; and modules large enough that every
 * allocation stands alone. */
#include "base/writer.h"
#include "wasm/limits.h"

#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/lib/wasm_bytes.h"

#define I32	0x7f
#define V128	0x7b
#define FUNCREF 0x70

/* ---- modules of many like things -------------------------------------------------------------- */

struct many {
	uint8_t section;
	uint8_t kind; /* as an import */
	uint8_t import[4], import_size;
	uint8_t entry[5], entry_size;
	uint32_t max;
	enum err too_many;
};

static const struct many g_many[] = {
	{FUNC, WASM_KIND_FUNC, {0}, 1, {0}, 1, WASM_MAX_FUNCS, E_WASM_MANY_FUNCS},
	{TABLE,
	 WASM_KIND_TABLE,
	 {FUNCREF, 0, 0},
	 3,
	 {FUNCREF, 0, 0},
	 3,
	 WASM_MAX_TABLES,
	 E_WASM_MANY_TABLES},
	{MEMORY, WASM_KIND_MEMORY, {0, 0}, 2, {0, 0}, 2, WASM_MAX_MEMORIES, E_WASM_MANY_MEMORIES},
	{TAG, WASM_KIND_TAG, {0, 0}, 2, {0, 0}, 2, WASM_MAX_TAGS, E_WASM_MANY_TAGS},
	{GLOBAL,
	 WASM_KIND_GLOBAL,
	 {I32, 0},
	 2,
	 {I32, 0, 0x41, 0, 0x0b},
	 5,
	 WASM_MAX_GLOBALS,
	 E_WASM_MANY_GLOBALS},
};

static void write_leb(struct writer *w, uint32_t n)
{
	for (; n >= 0x80; n >>= 7)
		writer_u8(w, (uint8_t)(n | 0x80));
	writer_u8(w, (uint8_t)n);
}

static uint32_t leb_size(uint32_t n)
{
	return n < 0x80 ? 1 : 1 + leb_size(n >> 7);
}

/* A section of `count` entries; its content is that and the entries. */
static void write_section(struct writer *w, uint8_t id, uint32_t count, const uint8_t *entry,
			  uint32_t size)
{
	writer_u8(w, id);
	write_leb(w, leb_size(count) + count * size);
	write_leb(w, count);
	for (uint32_t i = 0; i < count; i++)
		writer_bytes(w, entry, size);
}

/* A type, so many imports of the kind, so many entries of the section; bodies for functions. */
static size_t write_many(struct writer *w, const struct many *many, uint32_t imports,
			 uint32_t count)
{
	uint8_t import[16] = {0, 0, many->kind};

	writer_bytes(w, BYTES(WASM_HEADER, SECTION_OF(TYPE, 1, 0x60, 0, 0)));
	memcpy(import + 3, many->import, many->import_size);
	write_section(w, IMPORT, imports, import, 3u + many->import_size);
	write_section(w, many->section, count, many->entry, many->entry_size);
	if (many->section == FUNC)
		write_section(w, CODE, count, (const uint8_t[]){2, 0, 0x0b}, 3);
	CHECK(writer_ok(w));
	return w->len;
}

static enum err many_verdict(const struct many *many, uint32_t imports, uint32_t count)
{
	size_t room = 100 + (size_t)imports * 8 + (size_t)count * 8;
	uint8_t *module = malloc(room);
	struct wasm_error error;
	struct writer w;

	writer_init(&w, module, room);
	enum err e = wasm_verdict(&error, module, write_many(&w, many, imports, count));

	free(module);
	return e;
}

TEST(index_spaces_are_bounded)
{
	for (size_t i = 0; i < COUNT_OF(g_many); i++) {
		const struct many *many = &g_many[i];

		CHECK_EQ(many_verdict(many, 0, many->max), E_OK);
		CHECK_EQ(many_verdict(many, 0, many->max + 1), many->too_many);
		CHECK_EQ(many_verdict(many, 1, many->max - 1), E_OK);
		CHECK_EQ(many_verdict(many, 1, many->max), many->too_many);
	}
}

TEST(imports_are_bounded_by_kind)
{
	CHECK_EQ(many_verdict(&g_many[1], WASM_MAX_TABLES, 0), E_OK);
	CHECK_EQ(many_verdict(&g_many[1], WASM_MAX_TABLES + 1, 0), E_WASM_MANY_TABLES);
	CHECK_EQ(many_verdict(&g_many[2], WASM_MAX_MEMORIES, 0), E_OK);
	CHECK_EQ(many_verdict(&g_many[2], WASM_MAX_MEMORIES + 1, 0), E_WASM_MANY_MEMORIES);
}

/* So many of each that each array has memory of its own. */
TEST(each_allocation_of_an_index_space_may_fail)
{
	for (size_t i = 0; i < COUNT_OF(g_many); i++) {
		uint32_t count = g_many[i].max < 20000 ? g_many[i].max : 20000;
		uint32_t imports = count == 20000 ? 0 : 1;
		long n = 0;
		enum err e;

		do {
			native_heap_fail_at(n++);
			e = many_verdict(&g_many[i], imports, count - imports);
			CHECK(e == E_OK || e == E_NOMEM);
		} while (e && n < 100);
		native_heap_fail_at(-1);
		CHECK_EQ(e, E_OK);
	}
}

TEST(imports_are_counted_by_kind)
{
	static const uint8_t module[] = {
		WASM_HEADER,
		SECTION_OF(TYPE, 1, 0x60, 0, 0),
		SECTION_OF(IMPORT, 15, 0, 0, 0, 0, 0, 0, 1, FUNCREF, 0, 0, 0, 0, 1, FUNCREF, 0, 0,
			   0, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3, I32, 0, 0, 0, 3,
			   I32, 0, 0, 0, 3, I32, 0, 0, 0, 3, I32, 0, 0, 0, 4, 0, 0, 0, 0, 4, 0, 0,
			   0, 0, 4, 0, 0, 0, 0, 4, 0, 0, 0, 0, 4, 0, 0),
		SECTION_OF(TABLE, 1, 0x40, 0, FUNCREF, 0, 0, 0xd2, 0, 0x0b),
		SECTION_OF(MEMORY, 1, 3, 1, 1),
		SECTION_OF(TAG, 1, 0, 0)};
	struct wasm_error error;
	struct wasm_module m;

	CHECK_EQ(wasm_decode(&m, &error, module, sizeof(module)), E_OK);
	CHECK(m.import_func_count == 1 && m.func_count == 1);
	CHECK(m.import_table_count == 2 && m.table_count == 3);
	CHECK(m.import_memory_count == 3 && m.memory_count == 4);
	CHECK(m.import_global_count == 4 && m.global_count == 4);
	CHECK(m.import_tag_count == 5 && m.tag_count == 6);
	CHECK(!m.tables[1].has_init && m.tables[2].has_init);
	CHECK(!m.memories[2].shared && m.memories[3].shared);
	CHECK_EQ(m.imports[14].index, 4);
	wasm_module_fini(&m);
}

/* ---- sizes ----------------------------------------------------------------------------------- */

TEST(a_module_is_bounded)
{
	static const uint8_t header[] = {WASM_HEADER};
	struct wasm_error error;
	struct wasm_module m;

	CHECK_EQ(wasm_decode(&m, &error, header, (size_t)WASM_MAX_MODULE_SIZE + 1), E_WASM_SIZE);
}

/* A module of one function whose body has that size, or says so. */
static enum err body_verdict(uint32_t size, uint32_t said)
{
	size_t room = 64 + (size_t)size;
	uint8_t *module = malloc(room), *body = calloc(1, size);
	struct wasm_error error;
	struct writer w;

	memset(body + 1, 0x01, size - 1);
	body[size - 1] = 0x0b;
	writer_init(&w, module, room);
	writer_bytes(&w, BYTES(WASM_HEADER, SECTION_OF(TYPE, 1, 0x60, 0, 0), SECTION_OF(FUNC, 1, 0),
			       CODE));
	write_leb(&w, 1 + leb_size(said) + size);
	writer_u8(&w, 1);
	write_leb(&w, said);
	writer_bytes(&w, body, size);
	enum err e = wasm_verdict(&error, module, w.len);

	free(body);
	free(module);
	return e;
}

TEST(bodies_are_bounded)
{
	CHECK_EQ(body_verdict(WASM_MAX_BODY_SIZE, WASM_MAX_BODY_SIZE), E_OK);
	CHECK_EQ(body_verdict(WASM_MAX_BODY_SIZE + 1, WASM_MAX_BODY_SIZE + 1), E_WASM_LONG_BODY);
	CHECK_EQ(body_verdict(10, 11), E_WASM_END);
	CHECK_EQ(body_verdict(10, 9), E_WASM_SECTION_SIZE);
}

TEST(names_are_bounded)
{
	for (uint32_t size = WASM_MAX_NAME; size <= WASM_MAX_NAME + 1; size++) {
		uint8_t *module = malloc(size + 32);
		uint8_t *name = malloc(size);
		struct wasm_error error;
		struct writer w;

		memset(name, 'a', size);
		writer_init(&w, module, size + 32);
		writer_bytes(&w, BYTES(WASM_HEADER, CUSTOM));
		write_leb(&w, leb_size(size) + size);
		write_leb(&w, size);
		writer_bytes(&w, name, size);
		CHECK_EQ(wasm_verdict(&error, module, w.len),
			 size == WASM_MAX_NAME ? E_OK : E_WASM_LONG_NAME);
		free(name);
		free(module);
	}
}

/* Calls that push a thousand values each. */
static enum err stack_verdict(uint32_t calls)
{
	size_t room = 4096 + 2 * (size_t)calls;
	uint8_t *module = malloc(room);
	struct wasm_error error;
	struct writer w;

	writer_init(&w, module, room);
	writer_bytes(&w, BYTES(WASM_HEADER, TYPE));
	write_leb(&w, 1 + 3 + 4 + 1000);
	writer_bytes(&w, BYTES(2, 0x60, 0, 0, 0x60, 0, 0xe8, 7));
	for (int i = 0; i < 1000; i++)
		writer_u8(&w, I32);
	writer_bytes(&w, BYTES(SECTION_OF(IMPORT, 1, 0, 0, 0, 1), SECTION_OF(FUNC, 1, 0), CODE));
	write_leb(&w, 1 + leb_size(3 + 2 * calls) + 3 + 2 * calls);
	writer_u8(&w, 1);
	write_leb(&w, 3 + 2 * calls);
	writer_u8(&w, 0);
	for (uint32_t i = 0; i < calls; i++)
		writer_bytes(&w, BYTES(0x10, 0));
	writer_bytes(&w, BYTES(0x00, 0x0b));
	CHECK(writer_ok(&w));
	enum err e = wasm_verdict(&error, module, w.len);

	free(module);
	return e;
}

TEST(the_operand_stack_is_bounded)
{
	CHECK_EQ(stack_verdict(WASM_MAX_STACK / 1000), E_OK);
	CHECK_EQ(stack_verdict(WASM_MAX_STACK / 1000 + 1), E_WASM_HIGH_STACK);
}

/* ---- one body after the other ---------------------------------------------------------------- */

/* The first has vectors, locals and a high stack, and leaves things on it; the second has none. */
TEST(bodies_do_not_know_of_each_other)
{
	static const uint8_t module[] = {
		WASM_HEADER, SECTION_OF(TYPE, 1, 0x60, 0, 0), SECTION_OF(FUNC, 2, 0, 0),
		SECTION_OF(CODE, 2, 12, 1, 3, V128, 0x20, 0, 0x20, 1, 0x20, 2, 0x00, 0x01, 0x0b, 7,
			   1, 1, I32, 0x41, 0, 0x1a, 0x0b)};
	struct wasm_error error;
	struct wasm_module m;

	CHECK_EQ(wasm_decode(&m, &error, module, sizeof(module)), E_OK);
	CHECK_EQ(wasm_validate(&m, &error), E_OK);
	const struct wasm_body *a = wasm_func_body(&m, 0), *b = wasm_func_body(&m, 1);

	CHECK(a->has_v128 && a->local_count == 3 && a->local_slots == 6 && a->max_stack == 6);
	CHECK(!b->has_v128 && b->local_count == 1 && b->local_slots == 1 && b->max_stack == 1);
	wasm_module_fini(&m);
}

/* The same number of locals, first of one type and then of another. */
TEST(distant_locals_are_those_of_the_body)
{
	static const uint8_t module[] = {
		WASM_HEADER, SECTION_OF(TYPE, 1, 0x60, 0, 0), SECTION_OF(FUNC, 2, 0, 0),
		SECTION_OF(CODE, 2, 9, 1, 0xd0, 0x0f, V128, 0x20, 0xdc, 0x0b, 0x1a, 0x0b, 10, 1,
			   0xd0, 0x0f, I32, 0x20, 0xdc, 0x0b, 0x45, 0x1a, 0x0b)};
	struct wasm_error error;

	CHECK_EQ(wasm_verdict(&error, module, sizeof(module)), E_OK);
}

/* Ten thousand bodies, each declaring all the locals there may be: no more than their bytes. */
TEST(locals_cost_their_bytes)
{
	enum { COUNT = 10000 };
	size_t room = 100 + COUNT * 9;
	uint8_t *module = malloc(room);
	struct wasm_error error;
	struct writer w;

	writer_init(&w, module, room);
	writer_bytes(&w, BYTES(WASM_HEADER, SECTION_OF(TYPE, 1, 0x60, 0, 0)));
	write_section(&w, FUNC, COUNT, (const uint8_t[]){0}, 1);
	write_section(&w, CODE, COUNT, (const uint8_t[]){6, 1, 0xd0, 0x86, 3, I32, 0x0b}, 7);
	CHECK(writer_ok(&w));
	CHECK_EQ(wasm_verdict(&error, module, w.len), E_OK);
	free(module);
}

int main(void)
{
	RUN(index_spaces_are_bounded);
	RUN(imports_are_bounded_by_kind);
	RUN(each_allocation_of_an_index_space_may_fail);
	RUN(imports_are_counted_by_kind);
	RUN(a_module_is_bounded);
	RUN(bodies_are_bounded);
	RUN(names_are_bounded);
	RUN(the_operand_stack_is_bounded);
	RUN(bodies_do_not_know_of_each_other);
	RUN(distant_locals_are_those_of_the_body);
	RUN(locals_cost_their_bytes);
	return check_report();
}
