/*
 * Instantiation without an engine: types of several modules in one store, matching of imports,
 * constant expressions, segments, limits of a store, shared memories.
 */
#include "wasm/linker.h"

#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/lib/wasm_bytes.h"
#include "wasm/limits.h"

#define WORLD_MODULES 32

struct world {
	struct wasm_store store;
	struct wasm_linker linker;
	struct wasm_module modules[WORLD_MODULES];
	uint8_t imports[WORLD_MODULES][96]; /* bytes of modules made by import_as */
	size_t module_count;
	struct wasm_instance *instance; /* the newest */
	struct wasm_link_error error;
};

/* The store has a type already, so that no module's indices are its numbers. */
static void world_init(struct world *w, const struct wasm_store_config *config)
{
	static const uint32_t two[] = {WASM_F32, WASM_F32};
	static const struct wasm_func_type first = {two, two, 2, 2, 2, 2, 0};
	uint32_t sig = UINT32_MAX;

	*w = (struct world){0};
	CHECK_EQ(wasm_store_init(&w->store, config), E_OK);
	CHECK_EQ(wasm_sig_intern(&w->store, &first, &sig), E_OK);
	CHECK_EQ(sig, 0);
}

static void world_fini(struct world *w)
{
	wasm_linker_fini(&w->linker);
	wasm_store_fini(&w->store);
	for (size_t i = 0; i < w->module_count; i++)
		wasm_module_fini(&w->modules[i]);
}

static enum err world_add(struct world *w, const uint8_t *bytes, size_t size)
{
	struct wasm_module *m = &w->modules[w->module_count];
	struct wasm_error error;
	enum err err = wasm_decode(m, &error, bytes, size);

	if (err)
		return err;
	w->module_count++;
	err = wasm_validate(m, &error);
	if (err)
		return err;
	return wasm_instantiate(&w->store, m, wasm_linker_resolve, &w->linker, &w->instance,
				&w->error);
}

/* The module's bytes must outlive the world. */
#define MODULE(name, ...) static const uint8_t name[] = {WASM_HEADER, __VA_ARGS__}
#define ADD(w, name)	  world_add(w, name, sizeof(name))

static struct wasm_extern export_of(const struct wasm_instance *inst, const char *name)
{
	struct wasm_extern x = {0};

	CHECK(wasm_instance_export(inst, wasm_name_of(name), &x));
	return x;
}

/* Codes of the binary format. */
enum {
	I32 = 0x7f,
	V128 = 0x7b,
	FUNCREF = 0x70,
	EXTERNREF = 0x6f,
	EXNREF = 0x69,
	REF = 0x64,
	REF_NULL = 0x63,
	I32_CONST = 0x41,
	GLOBAL_GET = 0x23,
	NULL_OF = 0xd0,
	REF_FUNC = 0xd2,
	END = 0x0b
};

/*
 * Types: 0: (func (param (ref null 0))), 1: (func), 2: (func (param i32)),
 * 3: (func (param (ref null 0))), which does not name itself. Functions f of 0, g of 1, h of 3.
 * Tables t of (ref null 0), u of funcref. Memories m, s (shared). Tags e of 2, d of 1. Globals:
 * a: constant (ref 0); b: variable (ref null 0); c: constant v128; i: constant i32.
 */
MODULE(provider,
       SECTION_OF(TYPE, 4, 0x60, 1, REF_NULL, 0, 0, 0x60, 0, 0, 0x60, 1, I32, 0, 0x60, 1, REF_NULL,
		  0, 0),
       SECTION_OF(FUNC, 3, 0, 1, 3), SECTION_OF(TABLE, 2, REF_NULL, 0, 1, 2, 4, FUNCREF, 0, 1),
       SECTION_OF(MEMORY, 2, 1, 1, 2, 3, 1, 3), SECTION_OF(TAG, 2, 0, 2, 0, 1),
       SECTION_OF(GLOBAL, 4, REF, 0, 0, REF_FUNC, 0, END, REF_NULL, 0, 1, NULL_OF, 0, END, V128, 0,
		  0xfd, 12, 1, 0, 0, 0, 0, 0, 0, 0x80, 2, 0, 0, 0, 0, 0, 0, 0x40, END, I32, 0,
		  I32_CONST, 7, END),
       SECTION_OF(EXPORT, 13, 1, 'f', 0, 0, 1, 'g', 0, 1, 1, 'h', 0, 2, 1, 't', 1, 0, 1, 'u', 1, 1,
		  1, 'm', 2, 0, 1, 's', 2, 1, 1, 'e', 4, 0, 1, 'd', 4, 1, 1, 'a', 3, 0, 1, 'b', 3,
		  1, 1, 'c', 3, 2, 1, 'i', 3, 3),
       SECTION_OF(CODE, 3, 2, 0, END, 2, 0, END, 2, 0, END));

static void start_provider(struct world *w)
{
	world_init(w, &(struct wasm_store_config){0});
	CHECK_EQ(ADD(w, provider), E_OK);
	CHECK_EQ(wasm_linker_define_instance(&w->linker, wasm_name_of("p"), w->instance), E_OK);
}

/*
 * Instantiates a module that imports one thing of the provider as desc says. Its types: 0: (func),
 * 1: (func (param (ref null 1))), 2: (func (param (ref null 1))), 3: (func (param i32)).
 */
static enum err import_as(struct world *w, char name, const uint8_t *desc, size_t size)
{
	const uint8_t types[] = {WASM_HEADER,
				 SECTION_OF(TYPE, 4, 0x60, 0, 0, 0x60, 1, REF_NULL, 1, 0, 0x60, 1,
					    REF_NULL, 1, 0, 0x60, 1, I32, 0)};
	const uint8_t import[] = {IMPORT, (uint8_t)(5 + size), 1, 1, 'p', 1, (uint8_t)name};
	uint8_t *bytes = w->imports[w->module_count];

	memcpy(bytes, types, sizeof types);
	memcpy(bytes + sizeof types, import, sizeof import);
	memcpy(bytes + sizeof types + sizeof import, desc, size);
	return world_add(w, bytes, sizeof types + sizeof import + size);
}

#define IMPORT_AS(w, name, ...) import_as(w, name, BYTES(__VA_ARGS__))

/* ---- types ----------------------------------------------------------------------------------- */

TEST(equal_types_of_two_modules_have_one_number)
{
	struct world w;

	start_provider(&w);
	const struct wasm_instance *a = w.instance;

	CHECK_EQ(IMPORT_AS(&w, 'g', WASM_KIND_FUNC, 0), E_OK);
	const struct wasm_instance *b = w.instance;

	CHECK_EQ(b->sigs[0], a->sigs[1]);
	CHECK_EQ(b->sigs[1], a->sigs[0]); /* both name themselves */
	CHECK_EQ(b->sigs[2], a->sigs[3]);
	CHECK_EQ(b->sigs[3], a->sigs[2]);
	CHECK_EQ(w.store.sig_count, 1 + 4);
	/* their own words name them by their numbers */
	CHECK_EQ(a->types[0].params[0], WASM_REF | WASM_NULLABLE | a->sigs[0]);
	CHECK_EQ(b->types[1].params[0], WASM_REF | WASM_NULLABLE | a->sigs[0]);
	CHECK_EQ(b->types[2].params[0], WASM_REF | WASM_NULLABLE | a->sigs[0]);
	CHECK_EQ(wasm_store_type(b, WASM_REF | 1), WASM_REF | a->sigs[0]);
	CHECK_EQ(wasm_store_type(b, WASM_FUNCREF), WASM_FUNCREF);
	CHECK_EQ(wasm_store_type(b, WASM_V128), WASM_V128);
	world_fini(&w);
}

/* (func (result T)) and (func (param T)) for many T. */
TEST(types_that_differ_in_one_word_differ)
{
	static const uint32_t words[] = {WASM_I32,
					 WASM_I64,
					 WASM_F32,
					 WASM_F64,
					 WASM_V128,
					 WASM_FUNCREF,
					 WASM_EXTERNREF,
					 WASM_EXNREF,
					 WASM_REF | 0,
					 WASM_REF | WASM_NULLABLE | 0,
					 WASM_REF | 1,
					 WASM_REF_ABSTRACT(WASM_HEAP_FUNC),
					 WASM_REF_ABSTRACT(WASM_HEAP_NOFUNC)};
	struct wasm_func_type types[2 * COUNT_OF(words)];
	uint32_t sigs[COUNT_OF(types)], again;
	struct world w;

	world_init(&w, &(struct wasm_store_config){0});
	for (uint32_t i = 0; i < COUNT_OF(types); i++) {
		const uint32_t *word = &words[i / 2];

		types[i] = (struct wasm_func_type){.params = word, .results = word};
		types[i].param_count = i % 2;
		types[i].result_count = 1 - i % 2;
		CHECK_EQ(wasm_sig_intern(&w.store, &types[i], &sigs[i]), E_OK);
		CHECK_EQ(sigs[i], 1 + i);
	}
	for (uint32_t i = 0; i < COUNT_OF(types); i++) {
		CHECK_EQ(wasm_sig_intern(&w.store, &types[i], &again), E_OK);
		CHECK_EQ(again, sigs[i]);
	}
	world_fini(&w);
}

/* 300 types of 0 to 299 parameters: the table grows, and finds all again. */
TEST(many_types_keep_their_numbers)
{
	static uint32_t params[300];
	static struct wasm_func_type types[300];
	uint32_t first[300], again;
	struct world w;

	for (uint32_t i = 0; i < COUNT_OF(params); i++)
		params[i] = WASM_I64;
	world_init(&w, &(struct wasm_store_config){0});
	for (uint32_t i = 0; i < COUNT_OF(types); i++) {
		types[i] = (struct wasm_func_type){params, NULL, i, 0, i, 0, 0};
		CHECK_EQ(wasm_sig_intern(&w.store, &types[i], &first[i]), E_OK);
		CHECK_EQ(first[i], 1 + i);
	}
	for (uint32_t i = 0; i < COUNT_OF(types); i++) {
		CHECK_EQ(wasm_sig_intern(&w.store, &types[i], &again), E_OK);
		CHECK_EQ(again, first[i]);
	}
	world_fini(&w);
}

static enum wasm_trap host_nothing(void *env, struct wasm_caller *caller, const uint64_t *args,
				   uint64_t *results)
{
	(void)env, (void)caller, (void)args, (void)results;
	return TRAP_NONE;
}

TEST(a_host_function_has_64_slots_at_most)
{
	static uint32_t vectors[33];
	struct wasm_host_func host = {
		"m", "f", {.params = vectors, .results = vectors}, host_nothing};
	struct wasm_func_instance *func;
	struct world w;

	for (uint32_t i = 0; i < COUNT_OF(vectors); i++)
		vectors[i] = WASM_V128;
	world_init(&w, &(struct wasm_store_config){0});
	host.type.param_count = 33;
	host.type.param_slots = 66;
	CHECK_EQ(wasm_func_add_host(&w.store, &host, NULL, &func), E_LIMIT);
	host.type.param_count = 20;
	host.type.param_slots = 40;
	host.type.result_count = 13;
	host.type.result_slots = 26;
	CHECK_EQ(wasm_func_add_host(&w.store, &host, NULL, &func), E_LIMIT);
	host.type.result_count = 12;
	host.type.result_slots = 24;
	CHECK_EQ(wasm_func_add_host(&w.store, &host, NULL, &func), E_OK);
	world_fini(&w);
}

/* ---- matching -------------------------------------------------------------------------------- */

TEST(functions_match_by_equal_types)
{
	struct world w;

	start_provider(&w);
	const struct wasm_instance *p = w.instance;

	CHECK_EQ(IMPORT_AS(&w, 'f', WASM_KIND_FUNC, 1), E_OK);
	CHECK(w.instance->funcs[0] == p->funcs[0]);
	CHECK_EQ(IMPORT_AS(&w, 'f', WASM_KIND_FUNC, 2), E_WASM_IMPORT_TYPE);
	CHECK_EQ(IMPORT_AS(&w, 'h', WASM_KIND_FUNC, 2), E_OK);
	CHECK_EQ(IMPORT_AS(&w, 'h', WASM_KIND_FUNC, 1), E_WASM_IMPORT_TYPE);
	CHECK_EQ(IMPORT_AS(&w, 'g', WASM_KIND_FUNC, 3), E_WASM_IMPORT_TYPE);
	CHECK_EQ(IMPORT_AS(&w, 'e', WASM_KIND_FUNC, 3), E_WASM_IMPORT_TYPE);
	CHECK_EQ(IMPORT_AS(&w, 'z', WASM_KIND_FUNC, 0), E_WASM_UNKNOWN_IMPORT);
	world_fini(&w);
}

TEST(constants_match_by_subtypes_and_variables_by_equal_ones)
{
	struct world w;

	start_provider(&w);
	CHECK_EQ(IMPORT_AS(&w, 'a', WASM_KIND_GLOBAL, REF, 1, 0), E_OK);
	CHECK_EQ(IMPORT_AS(&w, 'a', WASM_KIND_GLOBAL, REF_NULL, 1, 0), E_OK);
	CHECK_EQ(IMPORT_AS(&w, 'a', WASM_KIND_GLOBAL, REF, FUNCREF, 0), E_OK);
	CHECK_EQ(IMPORT_AS(&w, 'a', WASM_KIND_GLOBAL, FUNCREF, 0), E_OK);
	CHECK_EQ(IMPORT_AS(&w, 'a', WASM_KIND_GLOBAL, REF, 2, 0), E_WASM_IMPORT_TYPE);
	CHECK_EQ(IMPORT_AS(&w, 'a', WASM_KIND_GLOBAL, REF, 0, 0), E_WASM_IMPORT_TYPE);
	CHECK_EQ(IMPORT_AS(&w, 'a', WASM_KIND_GLOBAL, EXTERNREF, 0), E_WASM_IMPORT_TYPE);
	CHECK_EQ(IMPORT_AS(&w, 'a', WASM_KIND_GLOBAL, REF, 1, 1), E_WASM_IMPORT_TYPE);
	CHECK_EQ(IMPORT_AS(&w, 'b', WASM_KIND_GLOBAL, REF_NULL, 1, 1), E_OK);
	CHECK_EQ(IMPORT_AS(&w, 'b', WASM_KIND_GLOBAL, FUNCREF, 1), E_WASM_IMPORT_TYPE);
	CHECK_EQ(IMPORT_AS(&w, 'b', WASM_KIND_GLOBAL, REF, 1, 1), E_WASM_IMPORT_TYPE);
	CHECK_EQ(IMPORT_AS(&w, 'b', WASM_KIND_GLOBAL, REF_NULL, 1, 0), E_WASM_IMPORT_TYPE);
	CHECK_EQ(IMPORT_AS(&w, 'c', WASM_KIND_GLOBAL, V128, 0), E_OK);
	CHECK_EQ(IMPORT_AS(&w, 'c', WASM_KIND_GLOBAL, I32, 0), E_WASM_IMPORT_TYPE);
	world_fini(&w);
}

TEST(tables_match_by_equal_types_and_limits)
{
	struct world w;

	start_provider(&w);
	CHECK_EQ(IMPORT_AS(&w, 't', WASM_KIND_TABLE, REF_NULL, 1, 0, 2), E_OK);
	CHECK_EQ(IMPORT_AS(&w, 't', WASM_KIND_TABLE, REF_NULL, 1, 1, 1, 4), E_OK);
	CHECK_EQ(IMPORT_AS(&w, 't', WASM_KIND_TABLE, FUNCREF, 0, 2), E_WASM_IMPORT_TYPE);
	CHECK_EQ(IMPORT_AS(&w, 't', WASM_KIND_TABLE, REF_NULL, 2, 0, 2), E_WASM_IMPORT_TYPE);
	CHECK_EQ(IMPORT_AS(&w, 't', WASM_KIND_TABLE, REF_NULL, 1, 0, 3), E_WASM_IMPORT_TYPE);
	CHECK_EQ(IMPORT_AS(&w, 't', WASM_KIND_TABLE, REF_NULL, 1, 1, 2, 3), E_WASM_IMPORT_TYPE);
	CHECK_EQ(IMPORT_AS(&w, 'u', WASM_KIND_TABLE, REF_NULL, 1, 0, 1), E_WASM_IMPORT_TYPE);
	CHECK_EQ(IMPORT_AS(&w, 'u', WASM_KIND_TABLE, FUNCREF, 1, 1, 9), E_WASM_IMPORT_TYPE);
	world_fini(&w);
}

TEST(a_shared_memory_is_no_other)
{
	struct world w;

	start_provider(&w);
	struct wasm_memory_instance *shared = export_of(w.instance, "s").memory;

	CHECK_EQ(IMPORT_AS(&w, 'm', WASM_KIND_MEMORY, 1, 1, 2), E_OK);
	CHECK_EQ(IMPORT_AS(&w, 'm', WASM_KIND_MEMORY, 3, 1, 2), E_WASM_IMPORT_TYPE);
	CHECK_EQ(IMPORT_AS(&w, 's', WASM_KIND_MEMORY, 3, 1, 3), E_OK);
	CHECK_EQ(IMPORT_AS(&w, 's', WASM_KIND_MEMORY, 1, 1, 3), E_WASM_IMPORT_TYPE);
	CHECK_EQ(IMPORT_AS(&w, 's', WASM_KIND_MEMORY, 3, 2, 3), E_WASM_IMPORT_TYPE);
	/* the size that it has now counts, not the one at the start */
	CHECK_EQ(wasm_memory_grow(shared, 1), 1);
	CHECK_EQ(IMPORT_AS(&w, 's', WASM_KIND_MEMORY, 3, 2, 3), E_OK);
	world_fini(&w);
}

MODULE(unbounded, SECTION_OF(TABLE, 1, FUNCREF, 0, 1), SECTION_OF(MEMORY, 1, 0, 1),
       SECTION_OF(EXPORT, 2, 1, 't', 1, 0, 1, 'm', 2, 0));

TEST(without_a_maximum_none_is_matched_not_even_the_largest)
{
	struct world w;

	world_init(&w, &(struct wasm_store_config){0});
	CHECK_EQ(ADD(&w, unbounded), E_OK);
	CHECK_EQ(wasm_linker_define_instance(&w.linker, wasm_name_of("p"), w.instance), E_OK);
	CHECK_EQ(IMPORT_AS(&w, 'm', WASM_KIND_MEMORY, 0, 1), E_OK);
	CHECK_EQ(IMPORT_AS(&w, 'm', WASM_KIND_MEMORY, 1, 1, 0x80, 0x80, 4), E_WASM_IMPORT_TYPE);
	CHECK_EQ(IMPORT_AS(&w, 't', WASM_KIND_TABLE, FUNCREF, 0, 1), E_OK);
	CHECK_EQ(IMPORT_AS(&w, 't', WASM_KIND_TABLE, FUNCREF, 1, 1, 0xff, 0xff, 0xff, 0xff, 15),
		 E_WASM_IMPORT_TYPE);
	world_fini(&w);
}

TEST(tags_match_by_type_and_keep_their_identity)
{
	struct world w;

	start_provider(&w);
	struct wasm_tag_instance *e = export_of(w.instance, "e").tag;

	CHECK(e != export_of(w.instance, "d").tag);
	CHECK_EQ(e->type->param_slots, 1);
	CHECK_EQ(IMPORT_AS(&w, 'e', WASM_KIND_TAG, 0, 3), E_OK);
	CHECK(w.instance->tags[0] == e);
	CHECK_EQ(IMPORT_AS(&w, 'd', WASM_KIND_TAG, 0, 0), E_OK);
	CHECK(w.instance->tags[0] != e);
	CHECK_EQ(IMPORT_AS(&w, 'e', WASM_KIND_TAG, 0, 0), E_WASM_IMPORT_TYPE);
	CHECK_EQ(IMPORT_AS(&w, 'm', WASM_KIND_TAG, 0, 0), E_WASM_IMPORT_TYPE);
	world_fini(&w);
}

/* ---- constant expressions and segments ------------------------------------------------------- */

/* Imports the constants c (v128) and a (of functions); own globals: c; a; a sum of nine numbers that
 * are all on the stack at once. */
MODULE(copier, SECTION_OF(TYPE, 1, 0x60, 1, REF_NULL, 0, 0),
       SECTION_OF(IMPORT, 2, 1, 'p', 1, 'c', 3, V128, 0, 1, 'p', 1, 'a', 3, REF, 0, 0),
       SECTION_OF(GLOBAL, 3, V128, 0, GLOBAL_GET, 0, END, FUNCREF, 0, GLOBAL_GET, 1, END, I32, 0,
		  I32_CONST, 1, I32_CONST, 2, I32_CONST, 3, I32_CONST, 4, I32_CONST, 5, I32_CONST,
		  6, I32_CONST, 7, I32_CONST, 8, I32_CONST, 9, 0x6a, 0x6a, 0x6a, 0x6a, 0x6a, 0x6a,
		  0x6a, 0x6a, END),
       SECTION_OF(EXPORT, 3, 1, 'v', 3, 2, 1, 'f', 3, 3, 1, 'n', 3, 4));

TEST(globals_hold_vectors_references_and_sums)
{
	struct world w;

	start_provider(&w);
	const struct wasm_instance *p = w.instance;

	CHECK_EQ(export_of(p, "c").global->value[0], 0x8000000000000001);
	CHECK_EQ(export_of(p, "c").global->value[1], 0x4000000000000002);
	CHECK_EQ(export_of(p, "a").global->type.type, WASM_REF | p->sigs[0]);
	CHECK(p->sigs[0] != 0);
	CHECK_EQ(ADD(&w, copier), E_OK);
	CHECK_EQ(export_of(w.instance, "v").global->value[0], 0x8000000000000001);
	CHECK_EQ(export_of(w.instance, "v").global->value[1], 0x4000000000000002);
	CHECK_EQ(export_of(w.instance, "f").global->value[0], p->funcs[0]->ref);
	CHECK_EQ(export_of(w.instance, "n").global->value[0], 45);
	CHECK_EQ(export_of(w.instance, "n").global->value[1], 0);
	world_fini(&w);
}

/*
 * Table 0 of two (ref 0), each the function; table 1 of three funcref, each the imported constant;
 * table 2 of two funcref, null. An active segment of (ref 0) for table 2 from 1 on, a passive one.
 */
MODULE(tables, SECTION_OF(TYPE, 1, 0x60, 1, REF_NULL, 0, 0),
       SECTION_OF(IMPORT, 1, 1, 'p', 1, 'a', 3, FUNCREF, 0), SECTION_OF(FUNC, 1, 0),
       SECTION_OF(TABLE, 3, 0x40, 0, REF, 0, 0, 2, REF_FUNC, 0, END, 0x40, 0, FUNCREF, 0, 3,
		  GLOBAL_GET, 0, END, FUNCREF, 0, 2),
       SECTION_OF(ELEM, 2, 6, 2, I32_CONST, 1, END, REF, 0, 1, REF_FUNC, 0, END, 5, FUNCREF, 2,
		  GLOBAL_GET, 0, END, NULL_OF, FUNCREF, END),
       SECTION_OF(CODE, 1, 2, 0, END));

TEST(tables_start_with_their_initial_value)
{
	struct world w;

	start_provider(&w);
	uint32_t a = export_of(w.instance, "f").func->ref;

	CHECK_EQ(ADD(&w, tables), E_OK);
	const struct wasm_instance *inst = w.instance;
	uint32_t own = inst->funcs[0]->ref;

	CHECK(own != a);
	CHECK_EQ(inst->tables[0]->elems[0], own);
	CHECK_EQ(inst->tables[0]->elems[1], own);
	CHECK_EQ(inst->tables[0]->type.elem, WASM_REF | inst->sigs[0]);
	CHECK_EQ(inst->tables[1]->elems[0], a);
	CHECK_EQ(inst->tables[1]->elems[2], a);
	CHECK_EQ(inst->tables[2]->elems[0], 0);
	CHECK_EQ(inst->tables[2]->elems[1], own);
	CHECK_EQ(inst->elems[0].count, 0);
	CHECK_EQ(inst->elems[1].count, 2);
	CHECK_EQ(inst->elems[1].refs[0], a);
	CHECK_EQ(inst->elems[1].refs[1], 0);
	world_fini(&w);
}

/* Segments of one null for the last entry of the table, and for the entry behind it. */
MODULE(elem_inside, SECTION_OF(TABLE, 1, FUNCREF, 0, 2),
       SECTION_OF(ELEM, 1, 4, I32_CONST, 1, END, 1, NULL_OF, FUNCREF, END));
MODULE(elem_outside, SECTION_OF(TABLE, 1, FUNCREF, 0, 2),
       SECTION_OF(ELEM, 1, 4, I32_CONST, 2, END, 1, NULL_OF, FUNCREF, END));

TEST(elements_outside_of_their_table_trap)
{
	struct world w;

	world_init(&w, &(struct wasm_store_config){0});
	CHECK_EQ(ADD(&w, elem_inside), E_OK);
	CHECK_EQ(ADD(&w, elem_outside), E_WASM_TRAP);
	CHECK_EQ(w.error.trap, TRAP_TABLE_BOUNDS);
	world_fini(&w);
}

/* Two memories of one and two pages: "one" in the first at 0, "two" in the second at 65534; a
 * passive segment "passive". */
MODULE(memories, SECTION_OF(MEMORY, 2, 0, 1, 0, 2), SECTION_OF(DATA_COUNT, 3),
       SECTION_OF(DATA, 3, 0, I32_CONST, 0, END, 3, 'o', 'n', 'e', 2, 1, I32_CONST, 0xfe, 0xff,
		  0x03, END, 3, 't', 'w', 'o', 1, 7, 'p', 'a', 's', 's', 'i', 'v', 'e'));

TEST(data_go_to_the_memory_that_they_name)
{
	struct world w;

	world_init(&w, &(struct wasm_store_config){0});
	CHECK_EQ(ADD(&w, memories), E_OK);
	struct wasm_memory_instance *const *m = w.instance->memories;

	CHECK(memcmp(m[0]->base, "one", 4) == 0);
	CHECK(memcmp(m[1]->base + 65534, "two", 4) == 0);
	CHECK_EQ(m[1]->ordinal, 1);
	/* each memory's own size is the bound */
	CHECK_EQ(wasm_memory_init(w.instance, 0, 2, 65530, 0, 7), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(m[0]->base[65530], 0);
	CHECK_EQ(wasm_memory_init(w.instance, 1, 2, 65530, 0, 7), TRAP_NONE);
	CHECK(memcmp(m[1]->base + 65530, "passive", 7) == 0);
	CHECK_EQ(wasm_memory_init(w.instance, 1, 2, 131072 - 3, 4, 3), TRAP_NONE);
	CHECK_EQ(wasm_memory_init(w.instance, 1, 2, 131072 - 3, 4, 4), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(wasm_memory_init(w.instance, 1, 2, 0, 5, 3), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(wasm_memory_init(w.instance, 1, 2, 131072, 7, 0), TRAP_NONE);
	CHECK_EQ(wasm_memory_init(w.instance, 1, 2, 131073, 7, 0), TRAP_MEMORY_BOUNDS);
	/* an active segment is dropped when it has been used */
	CHECK_EQ(wasm_memory_init(w.instance, 0, 0, 0, 0, 1), TRAP_MEMORY_BOUNDS);
	world_fini(&w);
}

/* The second segment ends one byte behind the first memory. */
MODULE(data_outside, SECTION_OF(MEMORY, 2, 0, 1, 0, 2),
       SECTION_OF(DATA, 2, 2, 1, I32_CONST, 0xfe, 0xff, 0x03, END, 3, 't', 'w', 'o', 0, I32_CONST,
		  0xfe, 0xff, 0x03, END, 3, 'o', 'n', 'e'));

TEST(data_outside_of_their_memory_trap)
{
	struct world w;

	world_init(&w, &(struct wasm_store_config){0});
	CHECK_EQ(ADD(&w, data_outside), E_WASM_TRAP);
	CHECK_EQ(w.error.trap, TRAP_MEMORY_BOUNDS);
	world_fini(&w);
}

/* ---- limits of a store ----------------------------------------------------------------------- */

TEST(tables_share_the_limit_of_their_store)
{
	const struct wasm_table_type four = {WASM_FUNCREF, {4, 0, false}};
	const struct wasm_table_type few = {WASM_FUNCREF, {3, 4, true}};
	struct wasm_table_instance *a, *b, *c;
	struct world w;

	world_init(&w, &(struct wasm_store_config){.max_table_entries = 10});
	CHECK_EQ(wasm_table_add(&w.store, &four, &a), E_OK);
	CHECK_EQ(wasm_table_add(&w.store, &few, &b), E_OK);
	CHECK_EQ(wasm_table_add(&w.store, &four, &c), E_LIMIT);
	CHECK_EQ(wasm_table_grow(&w.store, a, 0, 4), UINT32_MAX);
	CHECK_EQ(wasm_table_grow(&w.store, a, 0, UINT32_MAX), UINT32_MAX);
	CHECK_EQ(wasm_table_grow(&w.store, b, 0, 2), UINT32_MAX); /* its own maximum */
	CHECK_EQ(wasm_table_grow(&w.store, b, 0, 1), 3);
	CHECK_EQ(wasm_table_grow(&w.store, a, 7, 2), 4);
	CHECK_EQ(a->elems[5], 7);
	CHECK_EQ(wasm_table_grow(&w.store, a, 0, 1), UINT32_MAX);
	CHECK_EQ(wasm_table_grow(&w.store, a, 0, 0), 6);
	CHECK_EQ(w.store.table_entries, 10);
	world_fini(&w);
}

TEST(memories_share_the_limit_of_their_store)
{
	const struct wasm_memory_type two = {{2, 0, false}, false}, three = {{3, 9, true}, false};
	struct wasm_memory_instance *a, *b, *c;
	struct world w;

	world_init(&w, &(struct wasm_store_config){.max_memory_pages = 6});
	CHECK_EQ(wasm_memory_add(&w.store, &two, &a), E_OK);
	CHECK_EQ(wasm_memory_add(&w.store, &three, &b), E_OK);
	CHECK_EQ(wasm_memory_add(&w.store, &two, &c), E_LIMIT);
	CHECK_EQ(wasm_memory_grow(a, 2), UINT32_MAX);
	CHECK_EQ(wasm_memory_grow(a, UINT32_MAX), UINT32_MAX);
	/* what could not be had is not counted */
	native_heap_fail_at(0);
	CHECK_EQ(wasm_memory_grow(b, 1), UINT32_MAX);
	CHECK_EQ(wasm_memory_grow(b, 0), 3);
	native_heap_fail_at(-1);
	CHECK_EQ(w.store.memory_pages, 5);
	CHECK_EQ(wasm_memory_grow(b, 1), 3);
	CHECK_EQ(wasm_memory_size(b), 4 * (uint64_t)WASM_PAGE_SIZE);
	CHECK_EQ(wasm_memory_grow(a, 1), UINT32_MAX);
	CHECK_EQ(w.store.memory_pages, 6);
	world_fini(&w);
}

TEST(a_memory_that_cannot_be_had_is_not_counted)
{
	const struct wasm_memory_type two = {{2, 0, false}, false};
	struct wasm_memory_instance *a;
	struct world w;

	world_init(&w, &(struct wasm_store_config){.max_memory_pages = 2});
	for (long n = 0; n < 2; n++) {
		native_heap_fail_at(n);
		CHECK_EQ(wasm_memory_add(&w.store, &two, &a), E_NOMEM);
		native_heap_fail_at(-1);
		CHECK_EQ(w.store.memory_pages, 0);
	}
	CHECK_EQ(wasm_memory_add(&w.store, &two, &a), E_OK);
	world_fini(&w);
}

TEST(a_shared_memory_has_all_its_room_from_the_start)
{
	const struct wasm_memory_type type = {{1, 100, true}, true};
	struct wasm_memory_instance *m;
	struct world w;

	world_init(&w, &(struct wasm_store_config){.max_memory_pages = 40});
	CHECK_EQ(wasm_memory_add(&w.store, &type, &m), E_OK);
	const uint8_t *base = m->base;

	native_heap_fail_at(0);
	CHECK_EQ(wasm_memory_grow(m, 38), 1);
	CHECK_EQ(wasm_memory_grow(m, 2), UINT32_MAX);
	CHECK_EQ(wasm_memory_grow(m, 1), 39);
	native_heap_fail_at(-1);
	CHECK(m->base == base);
	CHECK_EQ(m->base[wasm_memory_size(m) - 1], 0);
	world_fini(&w);
}

/* As threads do: each has a store of its own. */
TEST(a_shared_memory_of_another_store_can_be_imported)
{
	struct wasm_memory_instance *shared;
	struct wasm_extern x = {.kind = WASM_KIND_MEMORY};
	struct world owner, w;

	start_provider(&owner);
	shared = export_of(owner.instance, "s").memory;
	x.memory = shared;
	world_init(&w, &(struct wasm_store_config){.max_memory_pages = 1});
	CHECK_EQ(wasm_linker_define(&w.linker, wasm_name_of("p"), wasm_name_of("s"), x), E_OK);
	CHECK_EQ(IMPORT_AS(&w, 's', WASM_KIND_MEMORY, 3, 1, 3), E_OK);
	CHECK(wasm_instance_memory(w.instance) == shared);
	/* it grows within the limits of the store that made it, and outlives the other */
	CHECK_EQ(wasm_memory_grow(w.instance->memories[0], 1), 1);
	CHECK_EQ(w.store.memory_pages, 0);
	world_fini(&w);
	CHECK_EQ(owner.store.memory_pages, 1 + 2);
	CHECK_EQ(shared->base[wasm_memory_size(shared) - 1], 0);
	world_fini(&owner);
}

/* ---- failing --------------------------------------------------------------------------------- */

/* Linking with the n-th allocation failing; true: it went through. */
static bool link_with_failure(long n)
{
	struct world w = {0};

	native_heap_fail_at(n);
	enum err err = wasm_store_init(&w.store, &(struct wasm_store_config){0});

	if (!err)
		err = ADD(&w, provider);
	if (!err)
		err = wasm_linker_define_instance(&w.linker, wasm_name_of("p"), w.instance);
	if (!err)
		err = ADD(&w, copier);
	if (!err)
		err = ADD(&w, tables);
	native_heap_fail_at(-1);
	CHECK(!err || err == E_NOMEM);
	world_fini(&w);
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
	RUN(equal_types_of_two_modules_have_one_number);
	RUN(types_that_differ_in_one_word_differ);
	RUN(many_types_keep_their_numbers);
	RUN(a_host_function_has_64_slots_at_most);
	RUN(functions_match_by_equal_types);
	RUN(constants_match_by_subtypes_and_variables_by_equal_ones);
	RUN(tables_match_by_equal_types_and_limits);
	RUN(a_shared_memory_is_no_other);
	RUN(without_a_maximum_none_is_matched_not_even_the_largest);
	RUN(tags_match_by_type_and_keep_their_identity);
	RUN(globals_hold_vectors_references_and_sums);
	RUN(tables_start_with_their_initial_value);
	RUN(elements_outside_of_their_table_trap);
	RUN(data_go_to_the_memory_that_they_name);
	RUN(data_outside_of_their_memory_trap);
	RUN(tables_share_the_limit_of_their_store);
	RUN(memories_share_the_limit_of_their_store);
	RUN(a_memory_that_cannot_be_had_is_not_counted);
	RUN(a_shared_memory_has_all_its_room_from_the_start);
	RUN(a_shared_memory_of_another_store_can_be_imported);
	RUN(every_failing_allocation_ends_cleanly);
	return check_report();
}
