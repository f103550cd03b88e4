/* The type checker on exceptions: try_table and exnref, and the older try, catch and delegate. */
#include "wasm/code.h"
#include "wasm/limits.h"

#include "test/lib/check.h"
#include "test/lib/wasm_bytes.h"

#define I32	  0x7f
#define I64	  0x7e
#define V128	  0x7b
#define EXNREF	  0x69
#define EXTERNREF 0x6f
#define REF	  0x64
#define VOID	  0x40

/* Types of the module around a body; tags 0, 1 and 2 have types NONE, TAKES_I32 and TAKES_I64. */
enum {
	NONE,
	TAKES_I32,
	GIVES_I32,
	GIVES_EXN,
	GIVES_I32_EXN,
	GIVES_I32_REF, /* i32 and (ref exn) */
	TAKES_I64,
	TAKES_EXN,
	TYPE_TOTAL
};

#define MODULE_OF(type, ...)                                                                       \
	WASM_HEADER,                                                                               \
		SECTION_OF(TYPE, TYPE_TOTAL, 0x60, 0, 0, 0x60, 1, I32, 0, 0x60, 0, 1, I32, 0x60,   \
			   0, 1, EXNREF, 0x60, 0, 2, I32, EXNREF, 0x60, 0, 2, I32, REF, EXNREF,    \
			   0x60, 1, I64, 0, 0x60, 1, EXNREF, 0),                                   \
		SECTION_OF(FUNC, 1, type),                                                         \
		SECTION_OF(TAG, 3, 0, NONE, 0, TAKES_I32, 0, TAKES_I64),                           \
		CODE_OF(0, __VA_ARGS__, 0x0b)

static enum err verdict(const uint8_t *bytes, size_t size)
{
	struct wasm_error error;

	return wasm_verdict(&error, bytes, size);
}

/* The verdict on a body without locals; its last `end` is added. */
#define BODY(type, ...) verdict(BYTES(MODULE_OF(type, __VA_ARGS__)))

/* What is noted of a valid body without parameters and results. */
static struct wasm_body body_of(const uint8_t *bytes, size_t size)
{
	struct wasm_body body = {0};
	struct wasm_error error;
	struct wasm_module m;

	CHECK_EQ(wasm_decode(&m, &error, bytes, size), E_OK);
	CHECK_EQ(wasm_validate(&m, &error), E_OK);
	if (m.func_count == 1)
		body = *wasm_func_body(&m, 0);
	wasm_module_fini(&m);
	return body;
}

#define NOTED(...) body_of(BYTES(MODULE_OF(NONE, __VA_ARGS__)))

/* A block of that type around a try_table without type and with these clauses. */
#define CLAUSES(block, ...) BODY(NONE, 0x02, block, 0x1f, VOID, __VA_ARGS__, 0x0b, 0x00, 0x0b, 0x00)

/* ---- try_table ------------------------------------------------------------------------------- */

TEST(clauses_carry_what_they_catch)
{
	CHECK_EQ(CLAUSES(VOID, 1, 0, 0, 0), E_OK);
	CHECK_EQ(CLAUSES(I32, 1, 0, 0, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(CLAUSES(I32, 1, 0, 1, 0), E_OK);
	CHECK_EQ(CLAUSES(VOID, 1, 0, 1, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(CLAUSES(I32, 1, 0, 2, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(CLAUSES(VOID, 1, 2, 0), E_OK);
	CHECK_EQ(CLAUSES(I32, 1, 2, 0), E_WASM_TYPE_MISMATCH);
}

TEST(clauses_carry_the_exception)
{
	CHECK_EQ(CLAUSES(EXNREF, 1, 1, 0, 0), E_OK);
	CHECK_EQ(CLAUSES(VOID, 1, 1, 0, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(CLAUSES(GIVES_I32_EXN, 1, 1, 1, 0), E_OK);
	CHECK_EQ(CLAUSES(GIVES_I32_REF, 1, 1, 1, 0), E_OK); /* it is never null */
	CHECK_EQ(CLAUSES(GIVES_I32_EXN, 1, 0, 1, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(CLAUSES(I32, 1, 1, 1, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(CLAUSES(EXNREF, 1, 3, 0), E_OK);
	CHECK_EQ(CLAUSES(EXTERNREF, 1, 3, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(CLAUSES(VOID, 1, 3, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(CLAUSES(GIVES_I32_EXN, 1, 3, 0), E_WASM_TYPE_MISMATCH);
}

TEST(every_clause_is_checked)
{
	CHECK_EQ(CLAUSES(VOID, 3, 0, 0, 0, 2, 0, 2, 1), E_OK);
	CHECK_EQ(CLAUSES(VOID, 3, 0, 0, 0, 2, 0, 3, 1), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(CLAUSES(VOID, 2, 0, 0, 0, 0, 3, 0), E_WASM_NO_SUCH_TAG);
	CHECK_EQ(CLAUSES(VOID, 1, 1, 3, 0), E_WASM_NO_SUCH_TAG);
	CHECK_EQ(CLAUSES(VOID, 1, 4, 0), E_WASM_BAD_CATCH);
	CHECK_EQ(CLAUSES(VOID, 1, 0xff, 0), E_WASM_BAD_CATCH);
}

/* Label 0 is the block around the try_table, never the try_table itself. */
TEST(labels_of_clauses_count_from_outside)
{
	CHECK_EQ(CLAUSES(VOID, 1, 2, 1), E_OK);
	CHECK_EQ(CLAUSES(VOID, 1, 2, 2), E_WASM_NO_SUCH_LABEL);
	CHECK_EQ(BODY(NONE, 0x1f, VOID, 1, 2, 0, 0x0b), E_OK);
	CHECK_EQ(BODY(NONE, 0x1f, VOID, 1, 2, 1, 0x0b), E_WASM_NO_SUCH_LABEL);
	CHECK_EQ(BODY(NONE, 0x1f, I32, 1, 2, 0, 0x41, 0, 0x0b, 0x1a), E_OK);
	/* a loop takes its parameters */
	CHECK_EQ(BODY(NONE, 0x41, 0, 0x03, TAKES_I32, 0x1a, 0x1f, VOID, 1, 0, 1, 0, 0x0b, 0x0b),
		 E_OK);
	CHECK_EQ(BODY(NONE, 0x41, 0, 0x03, TAKES_I32, 0x1a, 0x1f, VOID, 1, 2, 0, 0x0b, 0x0b),
		 E_WASM_TYPE_MISMATCH);
}

TEST(a_try_table_is_a_block)
{
	CHECK_EQ(BODY(NONE, 0x1f, VOID, 0, 0x0c, 0, 0x0b), E_OK);
	CHECK_EQ(BODY(NONE, 0x41, 0, 0x1f, TAKES_I32, 0, 0x1a, 0x0b), E_OK);
	CHECK_EQ(BODY(NONE, 0x1f, TAKES_I32, 0, 0x1a, 0x0b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(GIVES_I32, 0x1f, I32, 0, 0x41, 0, 0x0b), E_OK);
	CHECK_EQ(BODY(GIVES_I32, 0x1f, I32, 0, 0x0b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE, 0x1f, TYPE_TOTAL, 0, 0x0b), E_WASM_NO_SUCH_TYPE);
	CHECK_EQ(BODY(NONE, 0x1f, VOID, 0, 0x07, 0, 0x0b), E_WASM_CATCH_WITHOUT_TRY);
	CHECK_EQ(BODY(NONE, 0x1f, VOID, 0, 0x18, 0), E_WASM_CATCH_WITHOUT_TRY);
}

TEST(clauses_are_complete_and_bounded)
{
	static const struct wasm_module m;
	size_t size = 4 + 2 * (WASM_MAX_CATCHES + 1);
	uint8_t *code = calloc(1, size);
	struct wasm_insn insn;
	struct reader r;

	memcpy(code, (const uint8_t[]){0x1f, VOID, 0x90, 0x4e}, 4); /* 10,000 clauses */
	memset(code + 4, 2, size - 4);
	reader_init(&r, code, size - 2);
	CHECK_EQ(code_next(&m, &r, &insn), E_OK);
	CHECK(insn.catch_count == WASM_MAX_CATCHES && reader_done(&r));
	reader_init(&r, code, size - 3);
	CHECK_EQ(code_next(&m, &r, &insn), E_WASM_END);
	code[2]++;
	reader_init(&r, code, size);
	CHECK_EQ(code_next(&m, &r, &insn), E_WASM_MANY_CATCHES);
	free(code);
}

TEST(code_next_yields_clauses)
{
	static const uint8_t code[] = {0x1f, 4, 4, 0, 5, 6, 1, 7, 8, 2, 9, 3, 10};
	static const struct wasm_catch want[] = {{WASM_CATCH, 5, 6},
						 {WASM_CATCH_REF, 7, 8},
						 {WASM_CATCH_ALL, 0, 9},
						 {WASM_CATCH_ALL_REF, 0, 10}};
	static const struct wasm_module m;
	struct wasm_insn insn;
	struct reader r;

	for (size_t n = 0; n < sizeof(code); n++) {
		reader_init(&r, code, n);
		CHECK_EQ(code_next(&m, &r, &insn), E_WASM_END);
	}
	reader_init(&r, code, sizeof(code));
	CHECK(code_next(&m, &r, &insn) == E_OK && reader_done(&r));
	CHECK(insn.block.has_index && insn.block.index == 4 && insn.catch_count == 4);
	for (size_t i = 0; i < COUNT_OF(want); i++) {
		struct wasm_catch got = code_catch_next(&insn.catches);

		CHECK(got.kind == want[i].kind && got.tag == want[i].tag &&
		      got.label == want[i].label);
	}
	CHECK(reader_done(&insn.catches));
}

/* ---- throwing -------------------------------------------------------------------------------- */

TEST(a_throw_takes_the_values_of_its_tag)
{
	CHECK_EQ(BODY(NONE, 0x08, 0), E_OK);
	CHECK_EQ(BODY(GIVES_I32, 0x08, 0), E_OK); /* nothing runs after it */
	CHECK_EQ(BODY(NONE, 0x41, 0, 0x08, 1), E_OK);
	CHECK_EQ(BODY(NONE, 0x08, 1), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE, 0x42, 0, 0x08, 1), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE, 0x08, 3), E_WASM_NO_SUCH_TAG);
}

TEST(throw_ref_takes_an_exception)
{
	CHECK_EQ(BODY(NONE, 0xd0, EXNREF, 0x0a), E_OK);
	CHECK_EQ(BODY(GIVES_I32, 0xd0, EXNREF, 0x0a), E_OK);
	CHECK_EQ(BODY(NONE, 0xd0, 0x74, 0x0a), E_OK);
	CHECK_EQ(BODY(NONE, 0xd0, EXNREF, 0xd4, 0x0a), E_OK);
	CHECK_EQ(BODY(NONE, 0xd0, EXTERNREF, 0x0a), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE, 0x41, 0, 0x0a), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE, 0x0a), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE, 0x00, 0x0a), E_OK);
}

/* ---- the older form -------------------------------------------------------------------------- */

TEST(handlers_yield_the_results_of_the_try)
{
	CHECK_EQ(BODY(NONE, 0x06, VOID, 0x0b), E_OK);
	CHECK_EQ(BODY(GIVES_I32, 0x06, I32, 0x41, 0, 0x07, 1, 0x0b), E_OK);
	CHECK_EQ(BODY(GIVES_I32, 0x06, I32, 0x41, 0, 0x07, 0, 0x0b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(GIVES_I32, 0x06, I32, 0x41, 0, 0x07, 2, 0x0b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(GIVES_I32, 0x06, I32, 0x07, 1, 0x0b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(GIVES_I32, 0x06, I32, 0x41, 0, 0x19, 0x41, 1, 0x0b), E_OK);
	CHECK_EQ(BODY(GIVES_I32, 0x06, I32, 0x41, 0, 0x19, 0x0b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE, 0x06, VOID, 0x41, 0, 0x19, 0x0b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE, 0x06, VOID, 0x00, 0x07, 1, 0x1a, 0x0b), E_OK);
	CHECK_EQ(BODY(NONE, 0x06, VOID, 0x00, 0x07, 1, 0x1a, 0x1a, 0x0b), E_WASM_TYPE_MISMATCH);
}

TEST(handlers_come_in_a_try_and_in_order)
{
	CHECK_EQ(BODY(NONE, 0x06, VOID, 0x07, 0, 0x07, 0, 0x19, 0x0b), E_OK);
	CHECK_EQ(BODY(NONE, 0x06, VOID, 0x19, 0x07, 0, 0x0b), E_WASM_CATCH_WITHOUT_TRY);
	CHECK_EQ(BODY(NONE, 0x06, VOID, 0x19, 0x19, 0x0b), E_WASM_CATCH_WITHOUT_TRY);
	CHECK_EQ(BODY(NONE, 0x02, VOID, 0x07, 0, 0x0b), E_WASM_CATCH_WITHOUT_TRY);
	CHECK_EQ(BODY(NONE, 0x02, VOID, 0x19, 0x0b), E_WASM_CATCH_WITHOUT_TRY);
	CHECK_EQ(BODY(NONE, 0x19), E_WASM_CATCH_WITHOUT_TRY);
	CHECK_EQ(BODY(NONE, 0x06, VOID, 0x07, 3, 0x0b), E_WASM_NO_SUCH_TAG);
	CHECK_EQ(BODY(NONE, 0x06, VOID, 0x05, 0x0b), E_WASM_ELSE_WITHOUT_IF);
	CHECK_EQ(BODY(NONE, 0x41, 0, 0x04, VOID, 0x07, 0, 0x0b), E_WASM_CATCH_WITHOUT_TRY);
}

TEST(delegate_ends_a_try_without_handlers)
{
	CHECK_EQ(BODY(NONE, 0x06, VOID, 0x18, 0), E_OK); /* to the caller */
	CHECK_EQ(BODY(NONE, 0x06, VOID, 0x18, 1), E_WASM_NO_SUCH_LABEL);
	CHECK_EQ(BODY(NONE, 0x06, VOID, 0x06, VOID, 0x18, 1, 0x0b), E_OK);
	CHECK_EQ(BODY(NONE, 0x06, VOID, 0x06, VOID, 0x18, 2, 0x0b), E_WASM_NO_SUCH_LABEL);
	CHECK_EQ(BODY(GIVES_I32, 0x06, I32, 0x41, 0, 0x18, 0), E_OK);
	CHECK_EQ(BODY(GIVES_I32, 0x06, I32, 0x18, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE, 0x06, VOID, 0x07, 0, 0x18, 0), E_WASM_CATCH_WITHOUT_TRY);
	CHECK_EQ(BODY(NONE, 0x06, VOID, 0x19, 0x18, 0), E_WASM_CATCH_WITHOUT_TRY);
	CHECK_EQ(BODY(NONE, 0x02, VOID, 0x18, 0), E_WASM_CATCH_WITHOUT_TRY);
	CHECK_EQ(BODY(NONE, 0x18, 0), E_WASM_CATCH_WITHOUT_TRY);
}

TEST(rethrow_names_a_handler)
{
	CHECK_EQ(BODY(NONE, 0x06, VOID, 0x07, 0, 0x09, 0, 0x0b), E_OK);
	CHECK_EQ(BODY(NONE, 0x06, VOID, 0x19, 0x02, VOID, 0x09, 1, 0x0b, 0x0b), E_OK);
	CHECK_EQ(BODY(GIVES_I32, 0x06, I32, 0x41, 0, 0x19, 0x09, 0, 0x0b), E_OK);
	CHECK_EQ(BODY(NONE, 0x06, VOID, 0x09, 0, 0x0b), E_WASM_RETHROW_LABEL);
	CHECK_EQ(BODY(NONE, 0x06, VOID, 0x19, 0x02, VOID, 0x09, 0, 0x0b, 0x0b),
		 E_WASM_RETHROW_LABEL);
	CHECK_EQ(BODY(NONE, 0x06, VOID, 0x19, 0x09, 1, 0x0b), E_WASM_RETHROW_LABEL);
	CHECK_EQ(BODY(NONE, 0x06, VOID, 0x19, 0x09, 2, 0x0b), E_WASM_NO_SUCH_LABEL);
}

TEST(branches_leave_a_try)
{
	CHECK_EQ(BODY(GIVES_I32, 0x06, I32, 0x41, 0, 0x0c, 0, 0x07, 1, 0x0c, 0, 0x0b), E_OK);
	CHECK_EQ(BODY(GIVES_I32, 0x06, I32, 0x0c, 0, 0x0b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE, 0x41, 0, 0x06, TAKES_I32, 0x1a, 0x19, 0x0b), E_OK);
	CHECK_EQ(BODY(NONE, 0x06, TAKES_I32, 0x1a, 0x19, 0x0b), E_WASM_TYPE_MISMATCH);
	/* a handler has not the parameters of the try */
	CHECK_EQ(BODY(NONE, 0x41, 0, 0x06, TAKES_I32, 0x1a, 0x19, 0x1a, 0x0b),
		 E_WASM_TYPE_MISMATCH);
}

/* ---- what is noted --------------------------------------------------------------------------- */

TEST(a_handler_has_a_slot_for_its_exception)
{
	CHECK_EQ(NOTED(0x06, VOID, 0x41, 0, 0x1a, 0x0b).max_stack, 1);
	CHECK_EQ(NOTED(0x06, VOID, 0x19, 0x0b).max_stack, 1);
	CHECK_EQ(NOTED(0x06, VOID, 0x19, 0x41, 0, 0x1a, 0x0b).max_stack, 2);
	CHECK_EQ(NOTED(0x06, VOID, 0x07, 1, 0x1a, 0x07, 1, 0x1a, 0x0b).max_stack, 2);
	/* nested: one each; and none after the end */
	CHECK_EQ(NOTED(0x06, VOID, 0x19, 0x06, VOID, 0x19, 0x41, 0, 0x1a, 0x0b, 0x0b).max_stack, 3);
	CHECK_EQ(NOTED(0x06, VOID, 0x19, 0x0b, 0x06, VOID, 0x19, 0x0b, 0x41, 0, 0x1a).max_stack, 1);
	CHECK_EQ(NOTED(0x41, 0, 0x06, VOID, 0x19, 0x0b, 0x41, 0, 0x1a, 0x1a).max_stack, 2);
	CHECK_EQ(NOTED(0x06, VOID, 0x19, 0x09, 0, 0x41, 0, 0x1a, 0x0b).max_stack, 2);
}

TEST(blocks_and_clauses_are_counted)
{
	struct wasm_body b = NOTED(0x02, VOID, 0x1f, VOID, 2, 0, 0, 0, 2, 0, 0x06, VOID, 0x07, 0,
				   0x19, 0x0b, 0x06, VOID, 0x18, 0, 0x0b, 0x0b);

	CHECK_EQ(b.block_count, 4);
	CHECK_EQ(b.catch_count, 5);
	CHECK_EQ(b.max_depth, 4);
}

/* 30,000 nested tries, each with its handler: nothing recurses, nothing is quadratic. */
TEST(tries_nest_deeply)
{
	enum { DEPTH = 30000 };
	static const uint8_t start[] = {WASM_HEADER, SECTION_OF(TYPE, 1, 0x60, 0, 0),
					SECTION_OF(FUNC, 1, 0)};
	uint32_t size = 2 + DEPTH * 4;
	uint8_t *module = calloc(1, sizeof(start) + 16 + size), *p = module + sizeof(start);

	memcpy(module, start, sizeof(start));
	*p++ = CODE;
	for (int i = 0; i < 2; i++) { /* the section: count and a padded size more */
		uint32_t n = i == 0 ? size + 5 : size;

		if (i == 1)
			*p++ = 1;
		for (int k = 0; k < 4; k++)
			*p++ = (uint8_t)((n >> 7 * k & 0x7f) | (k < 3 ? 0x80 : 0));
	}
	p++;
	for (int i = 0; i < DEPTH; i++) {
		*p++ = 0x06;
		*p++ = VOID;
	}
	for (int i = 0; i < DEPTH; i++) {
		*p++ = 0x19;
		*p++ = 0x0b;
	}
	*p++ = 0x0b;
	struct wasm_body b = body_of(module, (size_t)(p - module));

	CHECK(b.max_depth == DEPTH + 1 && b.block_count == DEPTH && b.catch_count == DEPTH);
	CHECK_EQ(b.max_stack, 1);
	free(module);
}

int main(void)
{
	RUN(clauses_carry_what_they_catch);
	RUN(clauses_carry_the_exception);
	RUN(every_clause_is_checked);
	RUN(labels_of_clauses_count_from_outside);
	RUN(a_try_table_is_a_block);
	RUN(clauses_are_complete_and_bounded);
	RUN(code_next_yields_clauses);
	RUN(a_throw_takes_the_values_of_its_tag);
	RUN(throw_ref_takes_an_exception);
	RUN(handlers_yield_the_results_of_the_try);
	RUN(handlers_come_in_a_try_and_in_order);
	RUN(delegate_ends_a_try_without_handlers);
	RUN(rethrow_names_a_handler);
	RUN(branches_leave_a_try);
	RUN(a_handler_has_a_slot_for_its_exception);
	RUN(blocks_and_clauses_are_counted);
	RUN(tries_nest_deeply);
	return check_report();
}
