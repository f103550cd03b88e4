/* The type checker on memories: several of them, vectors with their lanes, atomic accesses; and the
 * slots that vectors take. */
#include "wasm/code.h"
#include "wasm/limits.h"

#include "test/lib/check.h"
#include "test/lib/wasm_bytes.h"

#define I32	  0x7f
#define I64	  0x7e
#define V128	  0x7b
#define FUNCREF	  0x70
#define EXTERNREF 0x6f
#define VOID	  0x40

/* Types of the module around a body. */
enum { NONE, NONE_I32, NONE_V128, V128_V128, TWO_V128, TYPE_TOTAL };

/* Two memories, of which the second is shared; one data segment; an imported function of type
 * V128_V128. */
#define MODULE_OF(type, ...)                                                                       \
	WASM_HEADER,                                                                               \
		SECTION_OF(TYPE, TYPE_TOTAL, 0x60, 0, 0, 0x60, 0, 1, I32, 0x60, 0, 1, V128, 0x60,  \
			   1, V128, 1, V128, 0x60, 0, 2, V128, V128),                              \
		SECTION_OF(IMPORT, 1, 0, 0, 0, V128_V128), SECTION_OF(FUNC, 1, type),              \
		SECTION_OF(MEMORY, 2, 0, 1, 3, 1, 2), SECTION_OF(DATA_COUNT, 1),                   \
		CODE_OF(__VA_ARGS__, 0x0b), SECTION_OF(DATA, 1, 1, 0)

static enum err verdict(const uint8_t *bytes, size_t size)
{
	struct wasm_error error;

	return wasm_verdict(&error, bytes, size);
}

/* The verdict on a body without locals; its last `end` is added. */
#define BODY(type, ...) verdict(BYTES(MODULE_OF(type, 0, __VA_ARGS__)))

#define ADDRESS	   0x41, 0
#define THREE_I32  0x41, 0, 0x41, 0, 0x41, 0
#define ZEROS	   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define VECTOR	   0xfd, 12, ZEROS
#define DROP	   0x1a
#define V(code)	   0xfd, code
#define ATOM(code) 0xfe, code

/* ---- several memories ------------------------------------------------------------------------ */

TEST(accesses_name_their_memory)
{
	CHECK_EQ(BODY(NONE_I32, ADDRESS, 0x28, 2, 0), E_OK);
	CHECK_EQ(BODY(NONE_I32, ADDRESS, 0x28, 0x42, 0, 0), E_OK);
	CHECK_EQ(BODY(NONE_I32, ADDRESS, 0x28, 0x42, 1, 0), E_OK);
	CHECK_EQ(BODY(NONE_I32, ADDRESS, 0x28, 0x42, 2, 0), E_WASM_NO_SUCH_MEMORY);
	CHECK_EQ(BODY(NONE_I32, ADDRESS, 0x28, 0x43, 1, 0), E_WASM_ALIGNMENT);
	CHECK_EQ(BODY(NONE_I32, ADDRESS, 0x28, 0x3f, 0), E_WASM_ALIGNMENT);
	CHECK_EQ(BODY(NONE_I32, ADDRESS, 0x28, 0x80, 1, 0), E_WASM_BAD_MEMARG);
	CHECK_EQ(BODY(NONE_I32, ADDRESS, 0x28, 0xc2, 0, 1, 0), E_OK); /* padded */
	CHECK_EQ(BODY(NONE, ADDRESS, ADDRESS, 0x36, 0x42, 2, 0), E_WASM_NO_SUCH_MEMORY);
}

TEST(offsets_are_32_bits_wide)
{
	CHECK_EQ(BODY(NONE_I32, ADDRESS, 0x28, 2, 0xff, 0xff, 0xff, 0xff, 0x0f), E_OK);
	CHECK_EQ(BODY(NONE_I32, ADDRESS, 0x28, 2, 0x80, 0x80, 0x80, 0x80, 0x10), E_WASM_OFFSET);
	CHECK_EQ(BODY(NONE_I32, ADDRESS, 0x28, 2, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
		      0x80, 0x01),
		 E_WASM_OFFSET);
	CHECK_EQ(BODY(NONE_I32, ADDRESS, 0x28, 2, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
		      0x80, 0x02),
		 E_WASM_LEB_LARGE);
	CHECK_EQ(BODY(NONE_I32, ADDRESS, ATOM(0x10), 2, 0x80, 0x80, 0x80, 0x80, 0x10),
		 E_WASM_OFFSET);
}

TEST(bulk_instructions_name_their_memories)
{
	CHECK_EQ(BODY(NONE_I32, 0x3f, 1), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x3f, 2), E_WASM_NO_SUCH_MEMORY);
	CHECK_EQ(BODY(NONE_I32, ADDRESS, 0x40, 1), E_OK);
	CHECK_EQ(BODY(NONE_I32, ADDRESS, 0x40, 2), E_WASM_NO_SUCH_MEMORY);
	CHECK_EQ(BODY(NONE, THREE_I32, 0xfc, 10, 0, 1), E_OK);
	CHECK_EQ(BODY(NONE, THREE_I32, 0xfc, 10, 1, 0), E_OK);
	CHECK_EQ(BODY(NONE, THREE_I32, 0xfc, 10, 2, 0), E_WASM_NO_SUCH_MEMORY);
	CHECK_EQ(BODY(NONE, THREE_I32, 0xfc, 10, 0, 2), E_WASM_NO_SUCH_MEMORY);
	CHECK_EQ(BODY(NONE, THREE_I32, 0xfc, 11, 1), E_OK);
	CHECK_EQ(BODY(NONE, THREE_I32, 0xfc, 11, 2), E_WASM_NO_SUCH_MEMORY);
	CHECK_EQ(BODY(NONE, THREE_I32, 0xfc, 8, 0, 1), E_OK);
	CHECK_EQ(BODY(NONE, THREE_I32, 0xfc, 8, 0, 2), E_WASM_NO_SUCH_MEMORY);
	CHECK_EQ(BODY(NONE, THREE_I32, 0xfc, 8, 1, 1), E_WASM_NO_SUCH_DATA);
}

/* ---- vectors --------------------------------------------------------------------------------- */

TEST(vector_accesses_are_aligned_at_most_naturally)
{
	CHECK_EQ(BODY(NONE_V128, ADDRESS, V(0), 4, 0), E_OK);
	CHECK_EQ(BODY(NONE_V128, ADDRESS, V(0), 5, 0), E_WASM_ALIGNMENT);
	CHECK_EQ(BODY(NONE_V128, ADDRESS, V(1), 4, 0), E_WASM_ALIGNMENT);
	CHECK_EQ(BODY(NONE_V128, ADDRESS, V(7), 0, 0), E_OK);
	CHECK_EQ(BODY(NONE_V128, ADDRESS, V(7), 1, 0), E_WASM_ALIGNMENT);
	CHECK_EQ(BODY(NONE_V128, ADDRESS, V(0), 0x44, 1, 0), E_OK);
	CHECK_EQ(BODY(NONE_V128, ADDRESS, V(0), 0x44, 2, 0), E_WASM_NO_SUCH_MEMORY);
	CHECK_EQ(BODY(NONE, ADDRESS, VECTOR, V(11), 4, 0), E_OK);
	CHECK_EQ(BODY(NONE, VECTOR, ADDRESS, V(11), 4, 0), E_WASM_TYPE_MISMATCH);
}

TEST(lanes_are_below_their_number)
{
	CHECK_EQ(BODY(NONE_I32, VECTOR, V(0x15), 15), E_OK);
	CHECK_EQ(BODY(NONE_I32, VECTOR, V(0x15), 16), E_WASM_LANE);
	CHECK_EQ(BODY(NONE_I32, VECTOR, V(0x18), 7), E_OK);
	CHECK_EQ(BODY(NONE_I32, VECTOR, V(0x18), 8), E_WASM_LANE);
	CHECK_EQ(BODY(NONE_I32, VECTOR, V(0x1b), 3), E_OK);
	CHECK_EQ(BODY(NONE_I32, VECTOR, V(0x1b), 4), E_WASM_LANE);
	CHECK_EQ(BODY(NONE, VECTOR, V(0x1d), 1, DROP), E_OK);
	CHECK_EQ(BODY(NONE, VECTOR, V(0x1d), 2, DROP), E_WASM_LANE);
	CHECK_EQ(BODY(NONE, VECTOR, V(0x1d), 0xff, DROP), E_WASM_LANE);
	CHECK_EQ(BODY(NONE_V128, VECTOR, 0x41, 0, V(0x17), 16), E_WASM_LANE);
}

TEST(lanes_in_memory_are_below_their_number)
{
	static const uint8_t lanes[] = {16, 8, 4, 2};

	for (uint8_t i = 0; i < 4; i++) { /* load8_lane to load64_lane, and the stores */
		uint8_t last = (uint8_t)(lanes[i] - 1), load = (uint8_t)(0x54 + i),
			store = (uint8_t)(0x58 + i);

		CHECK_EQ(BODY(NONE_V128, ADDRESS, VECTOR, V(load), i, 0, last), E_OK);
		CHECK_EQ(BODY(NONE_V128, ADDRESS, VECTOR, V(load), i, 0, lanes[i]), E_WASM_LANE);
		CHECK_EQ(BODY(NONE_V128, ADDRESS, VECTOR, V(load), (uint8_t)(i + 1), 0, last),
			 E_WASM_ALIGNMENT);
		CHECK_EQ(BODY(NONE, ADDRESS, VECTOR, V(store), i, 0, last), E_OK);
		CHECK_EQ(BODY(NONE, ADDRESS, VECTOR, V(store), i, 0, lanes[i]), E_WASM_LANE);
	}
	CHECK_EQ(BODY(NONE_V128, ADDRESS, VECTOR, V(0x54), 0x40, 1, 0, 15), E_OK);
	CHECK_EQ(BODY(NONE_V128, ADDRESS, VECTOR, V(0x54), 0x40, 2, 0, 15), E_WASM_NO_SUCH_MEMORY);
}

TEST(lanes_of_a_shuffle_are_those_of_two_vectors)
{
	CHECK_EQ(BODY(NONE_V128, VECTOR, VECTOR, V(13), 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21,
		      20, 19, 18, 17, 16),
		 E_OK);
	CHECK_EQ(BODY(NONE_V128, VECTOR, VECTOR, V(13), 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		      0, 0),
		 E_WASM_LANE);
	CHECK_EQ(BODY(NONE_V128, VECTOR, VECTOR, V(13), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		      32),
		 E_WASM_LANE);
}

TEST(vectors_are_a_type_of_their_own)
{
	CHECK_EQ(BODY(NONE_V128, VECTOR), E_OK);
	CHECK_EQ(BODY(NONE_I32, VECTOR), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_V128, 0x42, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_V128, VECTOR, VECTOR, 0x41, 0, 0x1b), E_OK); /* select */
	CHECK_EQ(BODY(NONE_V128, VECTOR, 0x42, 0, 0x41, 0, 0x1b), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_V128, VECTOR, VECTOR, 0x41, 0, 0x1c, 1, V128), E_OK);
	CHECK_EQ(BODY(NONE_V128, 0x02, V128, VECTOR, 0x0b), E_OK);
	CHECK_EQ(BODY(NONE_V128, VECTOR, VECTOR, V(0x85), 2), E_WASM_TYPE_MISMATCH);
}

TEST(code_next_yields_vectors_and_lanes)
{
	static const uint8_t code[] = {0xfd, 12, 1,  2,	 3,  4,	 5,    6,    7,	   8, 9, 10,
				       11,   12, 13, 14, 15, 16, 0xfd, 0x55, 0x41, 2, 3, 4};
	static const struct wasm_module m;
	struct wasm_insn insn;
	struct reader r;

	for (size_t n = 0; n < 18; n++) {
		reader_init(&r, code, n);
		CHECK_EQ(code_next(&m, &r, &insn), E_WASM_END);
	}
	reader_init(&r, code, sizeof(code));
	CHECK(code_next(&m, &r, &insn) == E_OK && insn.op == WASM_OP_V128_CONST);
	CHECK(memcmp(insn.v128, code + 2, 16) == 0);
	CHECK(code_next(&m, &r, &insn) == E_OK && insn.op == WASM_OP_V128_LOAD16_LANE);
	CHECK(insn.mem.align == 1 && insn.mem.memory == 2 && insn.mem.offset == 3 &&
	      insn.mem.lane == 4);
	CHECK(reader_done(&r));
}

/* ---- atomic accesses ------------------------------------------------------------------------- */

TEST(atomic_accesses_are_aligned_exactly)
{
	CHECK_EQ(BODY(NONE_I32, ADDRESS, ATOM(0x10), 2, 0), E_OK);
	CHECK_EQ(BODY(NONE_I32, ADDRESS, ATOM(0x10), 1, 0), E_WASM_ATOMIC_ALIGNMENT);
	CHECK_EQ(BODY(NONE_I32, ADDRESS, ATOM(0x10), 3, 0), E_WASM_ATOMIC_ALIGNMENT);
	CHECK_EQ(BODY(NONE_I32, ADDRESS, ATOM(0x12), 0, 0), E_OK);
	CHECK_EQ(BODY(NONE_I32, ADDRESS, ATOM(0x12), 1, 0), E_WASM_ATOMIC_ALIGNMENT);
	CHECK_EQ(BODY(NONE, ADDRESS, 0x42, 0, ATOM(0x18), 3, 0), E_OK);
	CHECK_EQ(BODY(NONE, ADDRESS, 0x42, 0, ATOM(0x18), 2, 0), E_WASM_ATOMIC_ALIGNMENT);
	CHECK_EQ(BODY(NONE_I32, ADDRESS, ATOM(0x10), 0x42, 1, 0), E_OK);
	CHECK_EQ(BODY(NONE_I32, ADDRESS, ATOM(0x10), 0x42, 2, 0), E_WASM_NO_SUCH_MEMORY);
}

TEST(waiting_needs_no_shared_memory)
{
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x41, 0, 0x42, 0, ATOM(1), 2, 0), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x42, 0, 0x42, 0, ATOM(1), 2, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x42, 0, 0x42, 0, ATOM(2), 3, 0), E_OK);
	CHECK_EQ(BODY(NONE_I32, 0x41, 0, 0x41, 0, ATOM(0), 2, 0), E_OK);
}

TEST(a_fence_has_a_zero_byte)
{
	CHECK_EQ(BODY(NONE, ATOM(3), 0), E_OK);
	CHECK_EQ(BODY(NONE, ATOM(3), 1), E_WASM_BAD_FENCE);
	CHECK_EQ(verdict(BYTES(WASM_HEADER, SECTION_OF(TYPE, 1, 0x60, 0, 0), SECTION_OF(FUNC, 1, 0),
			       CODE_OF(0, ATOM(3), 0, 0x0b))),
		 E_OK); /* and needs no memory */
}

/* ---- slots ----------------------------------------------------------------------------------- */

static struct wasm_body body_of(const uint8_t *bytes, size_t size)
{
	struct wasm_body body = {0};
	struct wasm_error error;
	struct wasm_module m;

	CHECK_EQ(wasm_decode(&m, &error, bytes, size), E_OK);
	CHECK_EQ(wasm_validate(&m, &error), E_OK);
	if (m.func_count == 2)
		body = *wasm_func_body(&m, 1);
	wasm_module_fini(&m);
	return body;
}

#define NOTED(type, ...) body_of(BYTES(MODULE_OF(type, __VA_ARGS__)))

TEST(vectors_take_two_slots_of_the_stack)
{
	CHECK_EQ(NOTED(NONE, 0, 0x41, 0, DROP).max_stack, 1);
	CHECK_EQ(NOTED(NONE, 0, VECTOR, DROP).max_stack, 2);
	CHECK_EQ(NOTED(NONE, 0, VECTOR, 0x41, 0, DROP, DROP).max_stack, 3);
	CHECK_EQ(NOTED(NONE, 0, VECTOR, VECTOR, V(0x51), DROP).max_stack, 4);
	CHECK_EQ(NOTED(NONE, 0, VECTOR, DROP, 0x41, 0, 0x41, 0, DROP, DROP).max_stack, 2);
	CHECK_EQ(NOTED(NONE_V128, 0, VECTOR, 0x10, 0).max_stack, 2);
	/* through blocks, branches and unreachable code the count stays right */
	CHECK_EQ(NOTED(NONE, 0, VECTOR, 0x02, V128_V128, 0x0c, 0, 0x0b, DROP, 0x41, 0, DROP)
			 .max_stack,
		 2);
	CHECK_EQ(NOTED(NONE, 0, 0x02, VOID, VECTOR, VECTOR, 0x0c, 0, 0x0b, VECTOR, DROP).max_stack,
		 4);
	CHECK_EQ(NOTED(NONE, 0, 0x02, VOID, VECTOR, 0x00, 0x0b, VECTOR, VECTOR, DROP, DROP)
			 .max_stack,
		 4);
	CHECK_EQ(NOTED(NONE, 0, 0x00, V(0x51), 0x41, 0, DROP, DROP).max_stack, 3);
	CHECK_EQ(NOTED(TWO_V128, 0, VECTOR, VECTOR).max_stack, 4);
	CHECK_EQ(NOTED(NONE, 0, VECTOR, 0x41, 0, 0x04, V128_V128, 0x05, 0x0b, DROP).max_stack, 3);
	CHECK_EQ(NOTED(NONE, 0, 0x06, VOID, VECTOR, DROP, 0x19, VECTOR, DROP, 0x0b).max_stack, 3);
}

TEST(vectors_take_two_slots_of_the_locals)
{
	struct wasm_body b = NOTED(V128_V128, 2, 3, I64, 2, V128, VECTOR);

	CHECK(b.local_count == 6 && b.local_slots == 9);
	CHECK(NOTED(NONE, 1, 3, I64, 0x01).local_slots == 3);
}

TEST(a_body_tells_whether_it_has_vectors)
{
	CHECK(!NOTED(NONE, 0, 0x01).has_v128);
	CHECK(!NOTED(NONE, 1, 1, I32, 0x41, 0, DROP).has_v128);
	CHECK(NOTED(NONE, 1, 1, V128, 0x01).has_v128);
	CHECK(NOTED(NONE, 0, VECTOR, DROP).has_v128);
	CHECK(NOTED(V128_V128, 0, 0x20, 0).has_v128);
	CHECK(NOTED(NONE, 0, 0x41, 0, V(0x0f), V(0x53), DROP).has_v128);
}

int main(void)
{
	RUN(accesses_name_their_memory);
	RUN(offsets_are_32_bits_wide);
	RUN(bulk_instructions_name_their_memories);
	RUN(vector_accesses_are_aligned_at_most_naturally);
	RUN(lanes_are_below_their_number);
	RUN(lanes_in_memory_are_below_their_number);
	RUN(lanes_of_a_shuffle_are_those_of_two_vectors);
	RUN(vectors_are_a_type_of_their_own);
	RUN(code_next_yields_vectors_and_lanes);
	RUN(atomic_accesses_are_aligned_exactly);
	RUN(waiting_needs_no_shared_memory);
	RUN(a_fence_has_a_zero_byte);
	RUN(vectors_take_two_slots_of_the_stack);
	RUN(vectors_take_two_slots_of_the_locals);
	RUN(a_body_tells_whether_it_has_vectors);
	return check_report();
}
