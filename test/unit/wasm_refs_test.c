/* The type checker on typed references, on calls in the place of returns, and on locals that must
 * be set before they are read. */
#include "wasm/limits.h"

#include "test/lib/check.h"
#include "test/lib/wasm_bytes.h"

#define I32	  0x7f
#define I64	  0x7e
#define FUNCREF	  0x70
#define EXTERNREF 0x6f
#define NOFUNC	  0x73
#define REF	  0x64
#define REF_NULL  0x63
#define VOID	  0x40

/* Types of the module around a body. */
enum {
	NONE,
	I32_I32,    /* i32 -> i32 */
	I64_I32,    /* i64 -> i32 */
	NONE_REF,   /* -> (ref I32_I32) */
	NONE_FUNC,  /* -> funcref */
	TWIN,	    /* equal to I32_I32 */
	NONE_MAYBE, /* -> (ref null I32_I32) */
	REF_REF,    /* (ref I32_I32) -> (ref I32_I32) */
	NONE_I32,   /* -> i32 */
	I32_REF,    /* i32 -> i32 (ref I32_I32) */
	TYPE_TOTAL
};

/*
 * Functions 0 to 4 are imported, of types NONE, I32_I32, I64_I32, NONE_REF and NONE_FUNC; 1 is
 * exported. Tables: 0 of funcref, 1 of (ref null I32_I32), 2 of externref. Function 5 is the body's.
 */
#define BEFORE(type)                                                                               \
	WASM_HEADER,                                                                               \
		SECTION_OF(TYPE, TYPE_TOTAL, 0x60, 0, 0, 0x60, 1, I32, 1, I32, 0x60, 1, I64, 1,    \
			   I32, 0x60, 0, 1, REF, I32_I32, 0x60, 0, 1, FUNCREF, 0x60, 1, I32, 1,    \
			   I32, 0x60, 0, 1, REF_NULL, TWIN, 0x60, 1, REF, TWIN, 1, REF, I32_I32,   \
			   0x60, 0, 1, I32, 0x60, 1, I32, 2, I32, REF, I32_I32),                   \
		SECTION_OF(IMPORT, 5, 0, 0, 0, NONE, 0, 0, 0, I32_I32, 0, 0, 0, I64_I32, 0, 0, 0,  \
			   NONE_REF, 0, 0, 0, NONE_FUNC),                                          \
		SECTION_OF(FUNC, 1, type),                                                         \
		SECTION_OF(TABLE, 3, FUNCREF, 0, 1, REF_NULL, TWIN, 0, 1, EXTERNREF, 0, 1),        \
		SECTION_OF(EXPORT, 1, 1, 'f', 0, 1)

static enum err verdict(const uint8_t *bytes, size_t size)
{
	struct wasm_error error;

	return wasm_verdict(&error, bytes, size);
}

/* The verdict on a body; its last `end` is added. LOCALS: one run of a typed reference, or none. */
#define BODY(type, ...) verdict(BYTES(BEFORE(type), CODE_OF(0, __VA_ARGS__, 0x0b)))
#define LOCAL_BODY(type, ref, ...)                                                                 \
	verdict(BYTES(BEFORE(type), CODE_OF(1, 2, ref, I32_I32, __VA_ARGS__, 0x0b)))

/* ---- calls in the place of returns ----------------------------------------------------------- */

TEST(a_tail_call_yields_what_the_function_yields)
{
	CHECK_EQ(BODY(NONE, 0x12, 0), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x12, 1), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x42, 0, 0x12, 2), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x42, 0, 0x12, 1), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x12, 1), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE, 0x41, 0, 0x12, 1), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x12, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_FUNC, 0x12, 3), E_OK); /* a subtype will do */
	CHECK_EQ(BODY(NONE_REF, 0x12, 4), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE, 0x12, 6), E_WASM_NO_SUCH_FUNC);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x12, 1, 0x42, 0, 0x7c, 0x1a), E_OK); /* unreachable */
}

TEST(indirect_tail_calls_are_checked)
{
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x41, 0, 0x13, I32_I32, 0), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x41, 0, 0x13, I32_I32, 1), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x13, I32_I32, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE, 0x41, 0, 0x41, 0, 0x13, I32_I32, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE, 0x41, 0, 0x13, NONE, 2), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE, 0x41, 0, 0x13, NONE, 3), E_WASM_NO_SUCH_TABLE);
	CHECK_EQ(BODY(NONE, 0x41, 0, 0x13, TYPE_TOTAL, 0), E_WASM_NO_SUCH_TYPE);
	/* the same without a return */
	CHECK_EQ(BODY(NONE, 0x41, 0, 0x41, 0, 0x11, I32_I32, 1, 0x1a), E_OK);
	CHECK_EQ(BODY(NONE, 0x41, 0, 0x11, NONE, 2), E_WASM_TYPE_MISMATCH);
}

TEST(call_ref_takes_a_reference_to_its_type)
{
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0xd2, 1, 0x14, I32_I32), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0xd2, 1, 0x14, TWIN), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0xd0, TWIN, 0x14, I32_I32), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0xd0, NOFUNC, 0x14, I32_I32), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0xd0, FUNCREF, 0x14, I32_I32), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0xd0, I64_I32, 0x14, I32_I32), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0xd2, 1, 0x14, I32_I32), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE, 0xd0, 0, 0x14, TYPE_TOTAL), E_WASM_NO_SUCH_TYPE);
	CHECK_EQ(BODY(NONE_I32, 0x00, 0x14, I32_I32), E_OK);
}

TEST(return_call_ref_is_both)
{
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0xd2, 1, 0x15, I32_I32), E_OK);
	CHECK_EQ(BODY(NONE, 0x41, 0, 0xd2, 1, 0x15, I32_I32), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x41, 0, 0x15, I32_I32), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_FUNC, 0xd0, NONE_REF, 0x15, NONE_REF), E_OK);
	CHECK_EQ(BODY(NONE_REF, 0xd0, NONE_FUNC, 0x15, NONE_FUNC), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0xd0, NONE_I32, 0x15, TYPE_TOTAL), E_WASM_NO_SUCH_TYPE);
}

/* ---- references ------------------------------------------------------------------------------ */

TEST(ref_func_is_concrete_and_not_null)
{
	CHECK_EQ(BODY(NONE_REF, 0xd2, 1), E_OK);
	CHECK_EQ(BODY(NONE_MAYBE, 0xd2, 1), E_OK);
	CHECK_EQ(BODY(NONE_FUNC, 0xd2, 1), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0xd2, 1), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_REF, 0xd2, 2), E_WASM_UNDECLARED_REF);
	CHECK_EQ(BODY(NONE_REF, 0xd2, 6), E_WASM_NO_SUCH_FUNC);
}

/* A module whose only function names itself, with what may declare it in between. */
#define SELF_TYPE 0x60, 0, 0
#define SELF(...)                                                                                  \
	verdict(BYTES(WASM_HEADER, SECTION_OF(TYPE, 1, SELF_TYPE), SECTION_OF(FUNC, 1, 0),         \
		      __VA_ARGS__, CODE_OF(0, 0xd2, 0, 0x1a, 0x0b)))

TEST(functions_are_declared_outside_of_bodies)
{
	CHECK_EQ(SELF(SECTION_OF(TABLE, 0)), E_WASM_UNDECLARED_REF);
	CHECK_EQ(SELF(SECTION_OF(TABLE, 1, 0x40, 0, FUNCREF, 0, 1, 0xd2, 0, 0x0b)), E_OK);
	CHECK_EQ(SELF(SECTION_OF(GLOBAL, 1, FUNCREF, 0, 0xd2, 0, 0x0b)), E_OK);
	CHECK_EQ(SELF(SECTION_OF(GLOBAL, 1, FUNCREF, 0, 0xd2, 1, 0x0b)), E_WASM_NO_SUCH_FUNC);
	CHECK_EQ(SELF(SECTION_OF(EXPORT, 1, 0, 0, 0)), E_OK);
	CHECK_EQ(SELF(SECTION_OF(START, 0)), E_WASM_UNDECLARED_REF);
	CHECK_EQ(SELF(SECTION_OF(ELEM, 1, 1, 0, 1, 0)), E_OK);
	CHECK_EQ(SELF(SECTION_OF(ELEM, 1, 3, 0, 1, 0)), E_OK);
	CHECK_EQ(SELF(SECTION_OF(ELEM, 1, 5, FUNCREF, 1, 0xd2, 0, 0x0b)), E_OK);
	CHECK_EQ(SELF(SECTION_OF(ELEM, 1, 5, FUNCREF, 1, 0xd0, FUNCREF, 0x0b)),
		 E_WASM_UNDECLARED_REF);
}

TEST(null_is_of_a_nullable_type)
{
	CHECK_EQ(BODY(NONE_MAYBE, 0xd0, I32_I32), E_OK);
	CHECK_EQ(BODY(NONE_MAYBE, 0xd0, TWIN), E_OK);
	CHECK_EQ(BODY(NONE_MAYBE, 0xd0, NOFUNC), E_OK);
	CHECK_EQ(BODY(NONE_REF, 0xd0, I32_I32), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_MAYBE, 0xd0, I64_I32), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_MAYBE, 0xd0, FUNCREF), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_FUNC, 0xd0, I32_I32), E_OK);
	CHECK_EQ(BODY(NONE_FUNC, 0xd0, EXTERNREF), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_FUNC, 0xd0, TYPE_TOTAL), E_WASM_NO_SUCH_TYPE);
}

TEST(null_is_asked_for_and_excluded)
{
	CHECK_EQ(BODY(NONE_I32, 0xd0, I32_I32, 0xd1), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0xd1), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0xd1), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x00, 0xd1), E_OK);
	CHECK_EQ(BODY(NONE_REF, 0xd0, I32_I32, 0xd4), E_OK);
	CHECK_EQ(BODY(NONE_REF, 0xd2, 1, 0xd4), E_OK);
	CHECK_EQ(BODY(NONE_REF, 0xd0, FUNCREF, 0xd4), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_REF, 0x41, 0, 0xd4), E_WASM_TYPE_MISMATCH);
	/* of any reference type in unreachable code, but of one */
	CHECK_EQ(BODY(NONE_REF, 0x00, 0xd4), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x00, 0xd4), E_WASM_TYPE_MISMATCH);
}

TEST(br_on_null_keeps_what_is_not_null)
{
	CHECK_EQ(BODY(NONE_REF, 0x02, VOID, 0xd0, TWIN, 0xd5, 0, 0x0f, 0x0b, 0x00), E_OK);
	CHECK_EQ(BODY(NONE_REF, 0x02, VOID, 0xd0, FUNCREF, 0xd5, 0, 0x0f, 0x0b, 0x00),
		 E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0xd0, TWIN, 0xd5, 0, 0x1a), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x42, 0, 0xd0, TWIN, 0xd5, 0, 0x1a), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0xd0, TWIN, 0xd5, 0, 0x1a), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE, 0x41, 0, 0xd5, 0, 0x1a), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE, 0xd0, TWIN, 0xd5, 1, 0x1a), E_WASM_NO_SUCH_LABEL);
	CHECK_EQ(BODY(NONE_REF, 0x02, VOID, 0x00, 0xd5, 0, 0x0f, 0x0b, 0x00), E_OK);
}

TEST(br_on_non_null_takes_the_reference_along)
{
	CHECK_EQ(BODY(NONE_REF, 0xd0, TWIN, 0xd6, 0, 0x00), E_OK);
	CHECK_EQ(BODY(NONE_FUNC, 0xd0, TWIN, 0xd6, 0, 0x00), E_OK);
	CHECK_EQ(BODY(NONE_REF, 0xd0, I64_I32, 0xd6, 0, 0x00), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_REF, 0xd0, FUNCREF, 0xd6, 0, 0x00), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE, 0xd0, TWIN, 0xd6, 0), E_WASM_TYPE_MISMATCH); /* nothing to take it */
	CHECK_EQ(BODY(NONE_I32, 0xd0, TWIN, 0xd6, 0, 0x00), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_REF, 0xd0, TWIN, 0xd6, 1, 0x00), E_WASM_NO_SUCH_LABEL);
	CHECK_EQ(BODY(I32_REF, 0x20, 0, 0xd0, TWIN, 0xd6, 0, 0xd2, 1), E_OK);
	CHECK_EQ(BODY(I32_REF, 0xd0, TWIN, 0xd6, 0, 0x00), E_WASM_TYPE_MISMATCH);
	/* it is gone afterwards */
	CHECK_EQ(BODY(NONE_REF, 0xd0, TWIN, 0xd6, 0), E_WASM_TYPE_MISMATCH);
}

TEST(branches_leave_the_types_of_their_label)
{
	/* (ref I32_I32) goes in as funcref and is one afterwards */
	CHECK_EQ(BODY(NONE_FUNC, 0xd2, 1, 0x41, 0, 0x0d, 0), E_OK);
	CHECK_EQ(BODY(NONE_REF, 0x02, FUNCREF, 0xd2, 1, 0x41, 0, 0x0d, 0, 0x0f, 0x0b, 0x00),
		 E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_REF, 0x02, REF, I32_I32, 0xd2, 1, 0x41, 0, 0x0d, 0, 0x0f, 0x0b), E_OK);
}

TEST(targets_of_a_br_table_may_differ_in_type)
{
	/* outer label funcref, inner label (ref I32_I32); the operand does for both */
	CHECK_EQ(BODY(NONE_FUNC, 0x02, REF, I32_I32, 0xd2, 1, 0x41, 0, 0x0e, 1, 0, 1, 0x0b), E_OK);
	CHECK_EQ(BODY(NONE_FUNC, 0x02, REF, I32_I32, 0xd0, TWIN, 0x41, 0, 0x0e, 1, 0, 1, 0x0b),
		 E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_FUNC, 0x02, REF, I32_I32, 0xd0, TWIN, 0x41, 0, 0x0e, 1, 1, 1, 0x0b),
		 E_OK);
	CHECK_EQ(BODY(NONE_FUNC, 0x02, VOID, 0xd2, 1, 0x41, 0, 0x0e, 1, 1, 0, 0x0b, 0x00),
		 E_WASM_TYPE_MISMATCH);
}

TEST(block_types_hold_references)
{
	CHECK_EQ(BODY(NONE_REF, 0x02, REF, TWIN, 0xd2, 1, 0x0b), E_OK);
	CHECK_EQ(BODY(NONE_REF, 0x02, REF_NULL, TWIN, 0xd2, 1, 0x0b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_REF, 0x02, REF, TYPE_TOTAL, 0xd2, 1, 0x0b), E_WASM_NO_SUCH_TYPE);
	/* an `if` without else turns parameters into results */
	CHECK_EQ(BODY(NONE_REF, 0xd2, 1, 0x41, 0, 0x04, REF_REF, 0x0b), E_OK);
	CHECK_EQ(BODY(NONE_REF, 0x41, 0, 0x04, NONE_REF, 0xd2, 1, 0x0b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x42, 0, 0x41, 0, 0x04, I64_I32, 0x1a, 0x41, 0, 0x0b),
		 E_WASM_TYPE_MISMATCH);
}

TEST(select_of_references_is_typed)
{
	CHECK_EQ(BODY(NONE_REF, 0xd2, 1, 0xd2, 1, 0x41, 0, 0x1b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_REF, 0xd2, 1, 0xd2, 1, 0x41, 0, 0x1c, 1, REF, TWIN), E_OK);
	CHECK_EQ(BODY(NONE_REF, 0xd2, 1, 0xd0, TWIN, 0x41, 0, 0x1c, 1, REF, TWIN),
		 E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_MAYBE, 0xd2, 1, 0xd0, TWIN, 0x41, 0, 0x1c, 1, REF_NULL, TWIN), E_OK);
}

TEST(tables_hold_their_type)
{
	CHECK_EQ(BODY(NONE, 0x41, 0, 0xd2, 1, 0x26, 1), E_OK);
	CHECK_EQ(BODY(NONE, 0x41, 0, 0xd0, FUNCREF, 0x26, 1), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_MAYBE, 0x41, 0, 0x25, 1), E_OK);
	CHECK_EQ(BODY(NONE_MAYBE, 0x41, 0, 0x25, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0xd0, TWIN, 0x41, 0, 0xfc, 15, 1), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0xd0, FUNCREF, 0x41, 0, 0xfc, 15, 1), E_WASM_TYPE_MISMATCH);
	/* copied to what holds more, not to what holds less */
	CHECK_EQ(BODY(NONE, 0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 14, 0, 1), E_OK);
	CHECK_EQ(BODY(NONE, 0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 14, 1, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE, 0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 14, 0, 2), E_WASM_TYPE_MISMATCH);
}

/* ---- locals ---------------------------------------------------------------------------------- */

TEST(a_local_that_cannot_be_null_is_set_before_it_is_read)
{
	CHECK_EQ(LOCAL_BODY(NONE_MAYBE, REF_NULL, 0x20, 0), E_OK);
	CHECK_EQ(LOCAL_BODY(NONE_REF, REF, 0x20, 0), E_WASM_LOCAL_UNSET);
	CHECK_EQ(LOCAL_BODY(NONE_REF, REF, 0xd2, 1, 0x21, 0, 0x20, 0), E_OK);
	CHECK_EQ(LOCAL_BODY(NONE_REF, REF, 0xd2, 1, 0x21, 1, 0x20, 0), E_WASM_LOCAL_UNSET);
	CHECK_EQ(LOCAL_BODY(NONE_REF, REF, 0xd2, 1, 0x22, 0), E_OK);
	CHECK_EQ(LOCAL_BODY(NONE_REF, REF, 0xd2, 1, 0x22, 0, 0x1a, 0x20, 0), E_OK);
	CHECK_EQ(LOCAL_BODY(NONE_REF, REF, 0xd0, TWIN, 0x21, 0, 0x20, 0), E_WASM_TYPE_MISMATCH);
	/* in unreachable code too */
	CHECK_EQ(LOCAL_BODY(NONE_REF, REF, 0x00, 0x20, 0), E_WASM_LOCAL_UNSET);
	/* a parameter is set */
	CHECK_EQ(BODY(REF_REF, 0x20, 0), E_OK);
}

#define SET0 0xd2, 1, 0x21, 0

TEST(what_a_block_sets_is_unset_at_its_end)
{
	CHECK_EQ(LOCAL_BODY(NONE_REF, REF, SET0, 0x02, VOID, 0x20, 0, 0x1a, 0x0b, 0x20, 0), E_OK);
	CHECK_EQ(LOCAL_BODY(NONE_REF, REF, 0x02, VOID, SET0, 0x20, 0, 0x1a, 0x0b, 0x20, 0),
		 E_WASM_LOCAL_UNSET);
	CHECK_EQ(LOCAL_BODY(NONE_REF, REF, SET0, 0x02, VOID, SET0, 0x0b, 0x20, 0), E_OK);
	CHECK_EQ(LOCAL_BODY(NONE_REF, REF, 0x41, 0, 0x04, VOID, SET0, 0x05, SET0, 0x0b, 0x20, 0),
		 E_WASM_LOCAL_UNSET);
	CHECK_EQ(LOCAL_BODY(NONE_REF, REF, 0x41, 0, 0x04, VOID, SET0, 0x05, 0x20, 0, 0x1a, 0x0b,
			    0xd2, 1),
		 E_WASM_LOCAL_UNSET);
	CHECK_EQ(LOCAL_BODY(NONE_REF, REF, 0x06, VOID, SET0, 0x19, 0x20, 0, 0x1a, 0x0b, 0xd2, 1),
		 E_WASM_LOCAL_UNSET);
	CHECK_EQ(LOCAL_BODY(NONE_REF, REF, 0x06, VOID, SET0, 0x18, 0, 0x20, 0), E_WASM_LOCAL_UNSET);
	CHECK_EQ(LOCAL_BODY(NONE_REF, REF, 0x02, VOID, SET0, 0x0b, 0x02, VOID, SET0, 0x20, 0, 0x1a,
			    0x0b, 0xd2, 1),
		 E_OK);
}

/* Two bodies: what the first sets says nothing of the second. */
TEST(each_body_begins_with_its_locals_unset)
{
	CHECK_EQ(verdict(BYTES(WASM_HEADER, SECTION_OF(TYPE, 1, 0x60, 0, 0),
			       SECTION_OF(FUNC, 2, 0, 0), SECTION_OF(EXPORT, 1, 0, 0, 0),
			       SECTION_OF(CODE, 2, 9, 1, 1, REF, 0, 0xd2, 0, 0x21, 0, 0x0b, 8, 1, 1,
					  REF, 0, 0x20, 0, 0x1a, 0x0b))),
		 E_WASM_LOCAL_UNSET);
}

/* Locals beyond those that lie near are found by their runs. */
TEST(distant_locals_have_their_types)
{
	/* 1,200 i32, one i64, 1,000 funcref */
#define MANY		     3, 0xb0, 9, I32, 1, I64, 0xe8, 7, FUNCREF
#define MANY_BODY(type, ...) verdict(BYTES(BEFORE(type), CODE_OF(MANY, __VA_ARGS__, 0x0b)))
	CHECK_EQ(MANY_BODY(NONE_I32, 0x20, 0xaf, 9), E_OK);
	CHECK_EQ(MANY_BODY(NONE_I32, 0x20, 0xb0, 9), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(MANY_BODY(NONE, 0x42, 0, 0x21, 0xb0, 9), E_OK);
	CHECK_EQ(MANY_BODY(NONE_FUNC, 0x20, 0xb1, 9), E_OK);
	CHECK_EQ(MANY_BODY(NONE_FUNC, 0x20, 0x98, 0x11), E_OK);
	CHECK_EQ(MANY_BODY(NONE_FUNC, 0x20, 0x99, 0x11), E_WASM_NO_SUCH_LOCAL);
	CHECK_EQ(MANY_BODY(NONE_I32, 0x20, 0xff, 7), E_OK);
	CHECK_EQ(MANY_BODY(NONE_I32, 0x20, 0x80, 8), E_OK);
}

int main(void)
{
	RUN(a_tail_call_yields_what_the_function_yields);
	RUN(indirect_tail_calls_are_checked);
	RUN(call_ref_takes_a_reference_to_its_type);
	RUN(return_call_ref_is_both);
	RUN(ref_func_is_concrete_and_not_null);
	RUN(functions_are_declared_outside_of_bodies);
	RUN(null_is_of_a_nullable_type);
	RUN(null_is_asked_for_and_excluded);
	RUN(br_on_null_keeps_what_is_not_null);
	RUN(br_on_non_null_takes_the_reference_along);
	RUN(branches_leave_the_types_of_their_label);
	RUN(targets_of_a_br_table_may_differ_in_type);
	RUN(block_types_hold_references);
	RUN(select_of_references_is_typed);
	RUN(tables_hold_their_type);
	RUN(a_local_that_cannot_be_null_is_set_before_it_is_read);
	RUN(what_a_block_sets_is_unset_at_its_end);
	RUN(each_body_begins_with_its_locals_unset);
	RUN(distant_locals_have_their_types);
	return check_report();
}
