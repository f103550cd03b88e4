/* Facts as they come from a section: what is not well formed, and what claims more than holds. */
#include <stdlib.h>

#include "test/lib/native.h"
#include "test/unit/verify_code.h"

#include "native/verify_facts.h"

#define CODE(...)                                                                                  \
	code_place((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), NULL, 0)
#define BY(...)		   verdict_by((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))
#define HOLDS(...)	   CHECK_EQ(BY(__VA_ARGS__), VERIFY_OK)
#define FAILS(reason, ...) CHECK_EQ(BY(__VA_ARGS__), VERIFY_##reason)

/* A label so many bytes behind the one before it, with so many edits. */
#define LABEL(distance, edits) (distance) - 1, edits
/* Edits: a register by its distance from the one before, a place of the frame likewise. */
#define RSP0	     4, VALUE_FRAME
#define RSP(at)	     4, VALUE_FRAME | FACT_RANGE, -2 * (at)-1, 0
#define AFTER_RSP(r) (r) - 5
#define FRAME_FIRST  11 /* place 0 of the frame, behind RSP */

#define MOST	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01
#define NUMBER_U32  VALUE_NUMBER
#define NUMBER_ANY  VALUE_NUMBER | FACT_RANGE, MOST, MOST
#define MEMORY1	    5 /* objects: functions, three tables, two memories */
#define RANGE(n, m) 2 * (n), (m) - (n)

/* A claim: the bytes of its edit, without the place. */
struct claim {
	const char *name;
	uint8_t bytes[40];
	size_t size;
};
#define CLAIM(name, ...)                                                                           \
	{                                                                                          \
		name, {__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})                        \
	}

/* Nothing of this is true of what a function gets in RDI. */
static const struct claim g_claims[] = {
	CLAIM("a number of 32 bits", NUMBER_U32),
	CLAIM("0", VALUE_NUMBER | FACT_RANGE, RANGE(0, 0)),
	CLAIM("not negative", VALUE_NUMBER | FACT_RANGE, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	      0xff, 0xff, 0x7f),
	CLAIM("even", VALUE_NUMBER | FACT_RANGE | FACT_ALIGN, MOST, MOST, 1),
	CLAIM("a low byte", VALUE_NUMBER | FACT_RANGE | FACT_LOW, MOST, MOST, 0, 0x7f),
	CLAIM("low bits", VALUE_NUMBER | FACT_RANGE | FACT_LOW, MOST, MOST, 2, 0xff, 0xff, 0xff,
	      0xff, 0x07),
	CLAIM("an index", VALUE_NUMBER | FACT_RANGE | FACT_BOUND, MOST, MOST, 1 + 1, 1, 0),
	CLAIM("an offset", VALUE_NUMBER | FACT_RANGE | FACT_BOUND, MOST, MOST, 1 + MEMORY1, 0, 8),
	CLAIM("the same as RSI", FACT_SAME, X86_RSI, NUMBER_ANY),
	CLAIM("the frame", VALUE_FRAME),
	CLAIM("some of the frame", VALUE_FRAME | FACT_RANGE, 99, 0x40),
	CLAIM("the code", VALUE_IMAGE),
	CLAIM("what RDI was", VALUE_SAVED, X86_RDI),
	CLAIM("what RBX was", VALUE_SAVED, X86_RBX),
	CLAIM("functions", VALUE_TABLE, 0),
	CLAIM("a table", VALUE_TABLE, 2),
	CLAIM("an entry", VALUE_ENTRY, 2),
	CLAIM("an entry's middle", VALUE_ENTRY | FACT_RANGE, 2, RANGE(8, 8)),
	CLAIM("a table's count", VALUE_COUNT, 1),
	CLAIM("a memory's size", VALUE_COUNT, MEMORY1),
	CLAIM("a memory", VALUE_MEMORY, MEMORY1),
	CLAIM("checked memory", VALUE_MEMORY | FACT_BOUND, MEMORY1, 1 + MEMORY1, 0, 8),
	CLAIM("a function", VALUE_CODE),
	CLAIM("a word of a table", VALUE_JUMP_ENTRY | FACT_RANGE, 0x80, 0x40, 4),
	CLAIM("a place in a table", VALUE_JUMP | FACT_RANGE, 0, 0x80, 0x40, 4),
};

static enum verify_reason verdict_claim(const uint8_t *before, size_t size, const struct claim *c)
{
	uint8_t bytes[80];

	memcpy(bytes, before, size);
	memcpy(bytes + size, c->bytes, c->size);
	return verdict_by(bytes, size + c->size);
}

#define CLAIMED(claim, ...)                                                                        \
	verdict_claim((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), claim)

/* ---- claims that are not true --------------------------------------------------------------------------------- */

static void check_refused(enum verify_reason got, const struct claim *c, const char *where)
{
	if (got != VERIFY_FACTS)
		printf("%s, %s: %d\n", c->name, where, got);
	CHECK_EQ(got, VERIFY_FACTS);
}

TEST(nothing_is_claimed_of_a_register_that_is_not_so_on_each_edge)
{
	for (unsigned i = 0; i < COUNT_OF(g_claims); i++) {
		const struct claim *c = &g_claims[i];

		CODE(0xeb, 0x00, RET);
		check_refused(CLAIMED(c, 0, LABEL(2, 2), RSP0, AFTER_RSP(X86_RDI)), c, "jmp");
		CODE(0x74, 0x00, RET);
		check_refused(CLAIMED(c, 0, LABEL(2, 2), RSP0, AFTER_RSP(X86_RDI)), c, "je");
		CODE(0x90, RET); /* a label that no branch goes to */
		check_refused(CLAIMED(c, 0, LABEL(1, 2), RSP0, AFTER_RSP(X86_RDI)), c, "next");
		/* 2: is first reached with 0, then from 4 with anything: xor edi, edi; 2: mov rdi, rsi; jmp 2 */
		CODE(0x31, 0xff, 0x48, 0x89, 0xf7, 0xeb, 0xfb);
		check_refused(CLAIMED(c, 0, LABEL(2, 2), RSP0, AFTER_RSP(X86_RDI)), c, "loop");
		/* over a jump that is not taken: xor edi, edi; je 6; mov rdi, rsi; 7: ret */
		CODE(0x31, 0xff, 0x74, 0x03, 0x48, 0x89, 0xf7, RET);
		if (i > 1)
			check_refused(CLAIMED(c, 0, LABEL(7, 2), RSP0, AFTER_RSP(X86_RDI)), c,
				      "both ways");
	}
}

TEST(what_is_true_may_be_claimed)
{
	/* xor edi, edi; jmp 4; hlt */
	CODE(0x31, 0xff, 0xeb, 0x00, 0xf4);
	for (unsigned i = 0; i < COUNT_OF(g_claims); i++) {
		const struct claim *c = &g_claims[i];
		bool of_zero = i < 6;

		CHECK_EQ(CLAIMED(c, 0, LABEL(4, 2), RSP0, AFTER_RSP(X86_RDI)),
			 of_zero ? VERIFY_OK : VERIFY_FACTS);
	}
	CODE(0x90, 0xf4);
	HOLDS(0, LABEL(1, 1), RSP0);
	HOLDS(0, LABEL(1, 2), 3, VALUE_SAVED, X86_RBX, 0, VALUE_FRAME);
	FAILS(FACTS, 0, LABEL(1, 2), 3, VALUE_SAVED, X86_RBP, 0, VALUE_FRAME);
	HOLDS(0, LABEL(1, 2), RSP0, AFTER_RSP(X86_R15), VALUE_SAVED, X86_R15);
	HOLDS(0, LABEL(1, 2), RSP0, AFTER_RSP(X86_RDI), NUMBER_ANY);
}

TEST(what_is_claimed_is_what_holds_at_the_label)
{
	/* jmp 2; mov eax, gs:[rdi]; ret */
	CODE(0xeb, 0x00, LOAD_RDI, RET);
	FAILS(WINDOW, 0, LABEL(2, 1), RSP0);
	FAILS(FACTS, 0, LABEL(2, 2), RSP0, AFTER_RSP(X86_RDI), NUMBER_U32);
	/* mov edi, edi before it: known, and lost if it is not claimed; the registers of the caller likewise */
	CODE(MOV_EDI, 0xeb, 0x00, LOAD_RDI, RET);
	FAILS(WINDOW, 0, LABEL(4, 1), RSP0);
	FAILS(SAVED, 0, LABEL(4, 2), RSP0, AFTER_RSP(X86_RDI), NUMBER_U32);
	CODE(MOV_EDI, 0xeb, 0x00, LOAD_RDI, 0xf4);
	HOLDS(0, LABEL(4, 2), RSP0, AFTER_RSP(X86_RDI), NUMBER_U32);
}

TEST(the_stack_pointer_is_where_it_is_claimed_to_be)
{
	CODE(0x50, 0xeb, 0x00, 0xf4); /* push rax; jmp */
	HOLDS(0, LABEL(3, 1), RSP(-8));
	FAILS(FACTS, 0, LABEL(3, 1), RSP0);
	FAILS(FACTS, 0, LABEL(3, 1), RSP(-16));
	FAILS(FACTS, 0, LABEL(3, 1), RSP(-4));
	/* a loop that pushes: 50 eb fd */
	CODE(0x90, 0x50, 0xeb, 0xfd);
	FAILS(FACTS, 0, LABEL(1, 1), RSP0);
	FAILS(FACTS, 0, LABEL(1, 1), RSP(-8));
}

TEST(nothing_is_claimed_of_the_frame_that_was_not_stored)
{
	static const struct claim frame[] = {
		CLAIM("any", NUMBER_ANY),
		CLAIM("what RBX was", VALUE_SAVED, X86_RBX),
	};

	/* push rbx; jmp 3; hlt */
	CODE(0x53, 0xeb, 0x00, 0xf4);
	HOLDS(2, LABEL(3, 2), RSP(-8), FRAME_FIRST + 1, VALUE_SAVED, X86_RBX);
	FAILS(FACTS, 2, LABEL(3, 2), RSP(-8), FRAME_FIRST + 1, VALUE_SAVED, X86_RBP);
	FAILS(FACTS, 2, LABEL(3, 2), RSP(-8), FRAME_FIRST, NUMBER_U32);	     /* of 4 bytes */
	FAILS(FACTS, 1, LABEL(3, 2), RSP(-8), FRAME_FIRST, NUMBER_U32);	     /* its other half */
	FAILS(FACTS_FORM, 3, LABEL(3, 2), RSP(-8), FRAME_FIRST, NUMBER_U32); /* below RSP */
	/* push rax; jmp 3 */
	CODE(0x50, 0xeb, 0x00, 0xf4);
	HOLDS(2, LABEL(3, 2), RSP(-8), FRAME_FIRST + 1, NUMBER_ANY);
	for (unsigned i = 0; i < COUNT_OF(g_claims); i++)
		check_refused(CLAIMED(&g_claims[i], 2, LABEL(3, 2), RSP(-8), FRAME_FIRST + 1),
			      &g_claims[i], "pushed");
	/* push rax; pop rax; push rcx with nothing stored: sub rsp, 8 */
	CODE(0x50, 0x58, 0x48, 0x83, 0xec, 0x08, 0xeb, 0x00, 0xf4);
	HOLDS(0, LABEL(8, 1), RSP(-8));
	for (unsigned i = 0; i < COUNT_OF(frame); i++)
		check_refused(CLAIMED(&frame[i], 2, LABEL(8, 2), RSP(-8), FRAME_FIRST + 1),
			      &frame[i], "left from before");
}

TEST(the_same_is_claimed_only_of_what_is_the_same)
{
	/* jmp 2: edi against esi and their copies */
	CODE(0x89, 0xf8, 0xeb, 0x00, 0xf4); /* mov eax, edi */
	HOLDS(0, LABEL(4, 3), 0, NUMBER_U32, 3, VALUE_FRAME, 2, FACT_SAME, X86_RAX, NUMBER_ANY);
	FAILS(FACTS, 0, LABEL(4, 3), 0, NUMBER_U32, 3, VALUE_FRAME, 1, FACT_SAME, X86_RAX,
	      NUMBER_ANY);
	/* of a place that is none, or holds no number */
	FAILS(FACTS, 0, LABEL(4, 2), RSP0, AFTER_RSP(X86_RDI), FACT_SAME, X86_RSP, NUMBER_ANY);
	FAILS(FACTS, 2, LABEL(4, 2), RSP0, AFTER_RSP(X86_RDI), FACT_SAME, 17, NUMBER_ANY);
	FAILS(FACTS_FORM, 0, LABEL(4, 2), RSP0, AFTER_RSP(X86_RDI), FACT_SAME, 17, NUMBER_ANY);
	/* of two copies in the frame: push rdi; push rdi */
	CODE(0x57, 0x57, 0xeb, 0x00, 0xf4);
	HOLDS(4, LABEL(4, 3), RSP(-16), FRAME_FIRST + 1, NUMBER_ANY, 3, FACT_SAME, 17, NUMBER_ANY);
	CODE(0x57, 0x56, 0xeb, 0x00, 0xf4);
	FAILS(FACTS, 4, LABEL(4, 3), RSP(-16), FRAME_FIRST + 1, NUMBER_ANY, 3, FACT_SAME, 17,
	      NUMBER_ANY);
	/* two registers of the caller are none, and not the same */
	CODE(0x90, 0xf4);
	FAILS(FACTS, 0, LABEL(1, 2), 3, FACT_SAME, X86_RBP, NUMBER_ANY, 0, VALUE_FRAME);
}

/* cmp eax, 9 (or others); ja behind: mov eax, gs:[rdi * 8]; hlt */
#define IF_SMALL(...) __VA_ARGS__, 0x77, 0x08, 0x65, 0x8b, 0x04, 0xfd, LE32(0), 0xf4
#define RSP_RSI_RDI   3, VALUE_FRAME, 1, NUMBER_ANY, 0, FACT_SAME, X86_RSI, NUMBER_U32

TEST(what_is_learnt_is_learnt_of_the_same_alone)
{
	/* mov edi, esi; mov eax, edx; jmp 6; cmp esi, 9 */
	CODE(0x89, 0xf7, 0x89, 0xd0, 0xeb, 0x00, IF_SMALL(0x83, 0xfe, 0x09));
	HOLDS(0, LABEL(6, 4), 0, NUMBER_U32, RSP_RSI_RDI, LABEL(13, 0));
	FAILS(WINDOW, 0, LABEL(6, 4), 0, NUMBER_U32, 3, VALUE_FRAME, 1, NUMBER_ANY, 0, NUMBER_U32,
	      LABEL(13, 0));
	/* of a place that comes later nothing is known yet */
	FAILS(WINDOW, 0, LABEL(6, 4), 0, NUMBER_U32, 3, VALUE_FRAME, 1, FACT_SAME, X86_RDI,
	      NUMBER_ANY, 0, NUMBER_U32, LABEL(13, 1), X86_RSI, NUMBER_ANY);
	/* cmp eax, 9 */
	CODE(0x89, 0xf7, 0x89, 0xd0, 0xeb, 0x00, IF_SMALL(0x83, 0xf8, 0x09));
	FAILS(WINDOW, 0, LABEL(6, 4), 0, NUMBER_U32, RSP_RSI_RDI, LABEL(13, 0));
}

TEST(a_branch_tells_what_it_has_found)
{
	/* mov edi, edi; cmp edi, 9; jcc 8; hlt; 8: mov eax, gs:[rdi * 8]; hlt */
#define JCC(opcode)                                                                                \
	CODE(MOV_EDI, 0x83, 0xff, 0x09, opcode, 0x01, 0xf4, 0x65, 0x8b, 0x04, 0xfd, LE32(0), 0xf4)
#define SMALL 0, LABEL(8, 2), RSP0, AFTER_RSP(X86_RDI), VALUE_NUMBER | FACT_RANGE, RANGE(0, 9)
	JCC(0x76); /* jbe */
	HOLDS(SMALL);
	JCC(0x77); /* ja */
	FAILS(FACTS, SMALL);
	/* ja over it: what goes on is small, what branches is not */
	CODE(MOV_EDI, 0x83, 0xff, 0x09, 0x77, 0x09, 0x65, 0x8b, 0x04, 0xfd, LE32(0), 0xf4, 0xf4);
	HOLDS(0, LABEL(16, 1), RSP0);
	FAILS(FACTS, 0, LABEL(16, 2), RSP0, AFTER_RSP(X86_RDI), VALUE_NUMBER | FACT_RANGE,
	      RANGE(0, 9));
	CODE(MOV_EDI, 0x83, 0xff, 0x09, 0x76, 0x09, 0x65, 0x8b, 0x04, 0xfd, LE32(0), 0xf4, 0xf4);
	FAILS(WINDOW, 0, LABEL(16, 1), RSP0);
}

TEST(labels_that_agree_with_each_other_must_be_reached_as_they_claim)
{
	/* 2: and 4: say of each other that rdi is below 2^32 */
	CODE(0xeb, 0x00, 0xeb, 0x00, 0xeb, 0xfc);
	FAILS(FACTS, 0, LABEL(2, 2), RSP0, AFTER_RSP(X86_RDI), NUMBER_U32, LABEL(2, 0));
	/* not reached: hlt first. Anything may be said there */
	CODE(0xf4, 0x90, 0x65, 0x8b, 0x07, 0xeb, 0xfb);
	HOLDS(0, LABEL(2, 2), RSP0, AFTER_RSP(X86_RDI), NUMBER_U32);
	HOLDS(0, LABEL(1, 2), RSP0, AFTER_RSP(X86_RDI), NUMBER_U32, LABEL(1, 0));
	/* a branch there from where it is reached: je 2 */
	CODE(0x74, 0x01, 0xf4, 0x65, 0x8b, 0x07, 0xeb, 0xfb);
	FAILS(FACTS, 0, LABEL(3, 2), RSP0, AFTER_RSP(X86_RDI), NUMBER_U32);
}

TEST(a_loop_keeps_what_it_claims)
{
	/* xor edi, edi; 2: mov eax, gs:[rdi]; add rdi, 8; jmp 2 */
	CODE(0x31, 0xff, LOAD_RDI, 0x48, 0x83, 0xc7, 0x08, 0xeb, 0xf7);
	FAILS(FACTS, 0, LABEL(2, 2), RSP0, AFTER_RSP(X86_RDI), VALUE_NUMBER | FACT_RANGE, 0, 0);
	FAILS(FACTS, 0, LABEL(2, 2), RSP0, AFTER_RSP(X86_RDI), NUMBER_U32);
	/* add edi, 8 */
	CODE(0x31, 0xff, LOAD_RDI, 0x83, 0xc7, 0x08, 0xeb, 0xf8);
	HOLDS(0, LABEL(2, 2), RSP0, AFTER_RSP(X86_RDI), NUMBER_U32);
	FAILS(FACTS, 0, LABEL(2, 2), RSP0, AFTER_RSP(X86_RDI), VALUE_NUMBER | FACT_RANGE, 0, 0);
}

/* ---- labels ---------------------------------------------------------------------------------------------------- */

TEST(each_label_that_is_reached_has_facts)
{
	CODE(0x74, 0x00, 0xeb, 0x01, 0x90, 0xf4);
	HOLDS(0, LABEL(2, 1), RSP0, LABEL(3, 0));
	FAILS(BRANCH, 0, LABEL(2, 1), RSP0);
	FAILS(BRANCH, 0, LABEL(5, 1), RSP0);
	CHECK_EQ(verdict_by(NULL, 0), VERIFY_BRANCH);
}

TEST(a_label_stands_at_an_instruction_of_the_function)
{
	CODE(0xb8, LE32(0x90909090), RET); /* mov eax, imm32 */
	CHECK_EQ(verdict_by(NULL, 0), VERIFY_OK);
	FAILS(SAVED, 0, LABEL(5, 1), RSP0);
	for (uint8_t at = 1; at < 5; at++)
		FAILS(BRANCH, 0, LABEL(at, 1), RSP0);
	/* the padding behind it is of the function, up to the next one */
	HOLDS(0, LABEL(6, 1), RSP0);
	HOLDS(0, LABEL(15, 1), RSP0);
	FAILS(FACTS_FORM, 0, LABEL(16, 1), RSP0);
	FAILS(FACTS_FORM, 0, LABEL(15, 1), RSP0, LABEL(1, 0));
	FAILS(FACTS_FORM, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, RSP0);
	FAILS(FACTS_FORM, 0, MOST, 1, RSP0);
}

TEST(a_jump_table_that_is_claimed_lies_in_the_data)
{
	/* hlt; 1: jmp rcx; hlt; where nothing gets to, what is claimed is RCX */
	static const uint8_t code[] = {0xf4, 0xff, 0xe1, 0xf4};
	static const int32_t words[] = {1, 1, 1};
#define WORDS_AT(n, size)                                                                          \
	0, LABEL(1, 2), 1, VALUE_JUMP | FACT_RANGE, 0, 0x80 | (2 * (n)&0x7f),                      \
		(CODE_RODATA + (n)) >> 6, size, 2, VALUE_FRAME

	code_place(code, sizeof code, (const uint8_t *)words, 8); /* the third is not of them */
	HOLDS(WORDS_AT(0, 0));
	HOLDS(WORDS_AT(0, 4));
	HOLDS(WORDS_AT(4, 0));
	FAILS(JUMP_TABLE, WORDS_AT(0, 8));
	FAILS(JUMP_TABLE, WORDS_AT(8, 0));
	code_place(code, sizeof code, (const uint8_t *)(words + 1), 8);
	FAILS(JUMP_TABLE, WORDS_AT(-4, 0));
	FAILS(JUMP_TABLE, WORDS_AT(-4, 4));
}

TEST(a_jump_does_not_go_around_the_end_of_32_bits)
{
	static const uint8_t code[] = {0xf4, 0xff, 0xe1, 0xf4};
	static const int32_t words[] = {2};

	/* which + 2 is 2^32 + 1 */
	code_place(code, sizeof code, (const uint8_t *)words, sizeof words);
	FAILS(JUMP_TABLE, 0, LABEL(1, 2), 1, VALUE_JUMP | FACT_RANGE, 0xff, 0xff, 0xff, 0xff, 0x0f,
	      0x80, CODE_RODATA >> 6, 0, 2, VALUE_FRAME);
}

TEST(a_function_is_in_the_code)
{
	static uint8_t code[VERIFY_FUNCTION_MAX + 1], none[12];
	struct code_world *w = CODE(RET);
	struct verify_image image = w->image;
	struct verifier v = {0};
	uint32_t entries[] = {0, 16, 32};

	image.facts = none;
	image.facts_size = sizeof none;
	image.entries = entries;
	CHECK_EQ(verifier_init(&v, &image), E_OK);
	CHECK_EQ(verify_function(&v, 1).reason, VERIFY_OK);
	entries[2] = 33;
	CHECK_EQ(verify_function(&v, 1).reason, VERIFY_SIZE);
	entries[2] = 16;
	CHECK_EQ(verify_function(&v, 1).reason, VERIFY_SIZE);
	entries[2] = 15;
	CHECK_EQ(verify_function(&v, 1).reason, VERIFY_SIZE);
	entries[1] = image.code_size = sizeof code;
	memset(code, 0xf4, sizeof code);
	image.code = code;
	CHECK_EQ(verify_function_with(&v, 0, NULL, 0).reason, VERIFY_SIZE);
	entries[1]--;
	CHECK_EQ(verify_function_with(&v, 0, NULL, 0).reason, VERIFY_OK);
	verifier_fini(&v);
}

TEST(nothing_runs_over_the_end)
{
	CODE(0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
	     0x90, 0x90);
	CHECK_EQ(verdict_by(NULL, 0), VERIFY_END);
	FAILS(END, 0, LABEL(15, 1), RSP0);
	CODE(0xf4, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
	     0x90, 0x90);
	CHECK_EQ(verdict_by(NULL, 0), VERIFY_OK);
	FAILS(END, 0, LABEL(15, 1), RSP0);
}

/* ---- what is not well formed ------------------------------------------------------------------------------------ */

/* Of RDI, behind RSP, in a function without a branch. */
#define FORM(...) FAILS(FACTS_FORM, 0, LABEL(1, 2), RSP0, AFTER_RSP(X86_RDI), __VA_ARGS__)
/* Well formed, and not true. */
#define FORM_GOOD(...) FAILS(FACTS, 0, LABEL(1, 2), RSP0, AFTER_RSP(X86_RDI), __VA_ARGS__)

TEST(a_value_says_what_its_kind_can_say)
{
	CODE(0x90, RET);
	for (uint8_t kind = VALUE_KINDS; kind < FACT_SAME; kind++)
		for (unsigned flags = 0; flags < 16; flags++)
			FORM((uint8_t)(kind | flags << 4), 0, 1, 0, 1, 0);
	FORM(VALUE_FRAME | FACT_ALIGN, 1);
	FORM(VALUE_FRAME | FACT_LOW, 2, 1);
	FORM(VALUE_FRAME | FACT_BOUND, 1, 1, 0);
	FORM(VALUE_IMAGE | FACT_BOUND, 1, 1, 0);
	FORM(VALUE_SAVED | FACT_RANGE, 3, 0, 0);
	FORM(VALUE_TABLE | FACT_RANGE, 1, 0, 0);
	FORM(VALUE_ENTRY | FACT_BOUND, 1, 1, 1, 0);
	FORM(VALUE_COUNT | FACT_BOUND, 1, 1, 1, 0);
	FORM(VALUE_MEMORY | FACT_ALIGN, MEMORY1, 3);
	FORM(VALUE_CODE | FACT_RANGE, 0, 0);
	FORM(VALUE_JUMP | FACT_ALIGN, 0, 2);
	FORM(FACT_SAME, 0, FACT_SAME, 0, NUMBER_U32);
	FORM(FACT_SAME, 0, FACT_NOTHING);
}

TEST(a_value_refers_to_what_there_is)
{
	CODE(0x90, RET);
	FORM_GOOD(VALUE_TABLE, 3);
	FORM(VALUE_TABLE, 4); /* a memory */
	FORM(VALUE_ENTRY, 4);
	FORM(VALUE_MEMORY, 3); /* a table */
	FORM_GOOD(VALUE_MEMORY, 5);
	FORM(VALUE_MEMORY, 6);
	FORM_GOOD(VALUE_COUNT, 5);
	FORM(VALUE_COUNT, 6);
	FORM(VALUE_COUNT, 0xff, 0xff, 0xff, 0xff, 0x0f);
	FORM(VALUE_TABLE, 0xff, 0xff, 0xff, 0xff, 0x0f);
	FORM(VALUE_MEMORY, 0x80, 0x80, 0x80, 0x80, 0x10);
	FORM_GOOD(VALUE_SAVED, 15);
	FORM(VALUE_SAVED, 16);
}

TEST(a_range_is_in_order_and_where_its_kind_can_be)
{
	CODE(0x90, RET);
	FORM(VALUE_NUMBER | FACT_RANGE, 0, MOST); /* wraps */
	FORM(VALUE_NUMBER | FACT_RANGE, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
	     0x01);
	FORM(VALUE_ENTRY | FACT_RANGE, 1, RANGE(16, 16));
	FORM(VALUE_ENTRY | FACT_RANGE, 1, 1, 0); /* -1 */
	FORM(VALUE_ENTRY | FACT_RANGE, 1, RANGE(0, 8));
	FORM(VALUE_COUNT | FACT_RANGE, 1, 1, 1);
	/* more than any size: so it looks where a comparison with a size cannot hold */
	FORM_GOOD(VALUE_COUNT | FACT_RANGE, 1, 0, 0x81, 0x80, 0x80, 0x80, 0x10);
	/* an address is not further than 2^40 from what it is an address of */
	FORM_GOOD(VALUE_IMAGE | FACT_RANGE, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20);
	FORM(VALUE_IMAGE | FACT_RANGE, 0, 0x81, 0x80, 0x80, 0x80, 0x80, 0x20);
	FORM(VALUE_IMAGE | FACT_RANGE, 0x81, 0x80, 0x80, 0x80, 0x80, 0x40, 0);
	FORM(VALUE_FRAME | FACT_RANGE, MOST, 0);
	FORM(VALUE_MEMORY | FACT_RANGE, MEMORY1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	     0x7f);
	FORM(VALUE_JUMP | FACT_RANGE, 0, MOST, MOST);
}

TEST(what_else_is_said_of_a_value_is_within_its_limits)
{
	CODE(0x90, RET);
	FORM_GOOD(VALUE_NUMBER | FACT_ALIGN, 63);
	FORM(VALUE_NUMBER | FACT_ALIGN, 64);
	FORM(VALUE_NUMBER | FACT_ALIGN, 0);
	FORM_GOOD(VALUE_NUMBER | FACT_LOW, 0, 0xff, 0x01);
	FORM(VALUE_NUMBER | FACT_LOW, 0, 0x80, 0x02);
	FORM(VALUE_NUMBER | FACT_LOW, 3, 0);
	FORM(VALUE_NUMBER | FACT_LOW, 2, 0x80, 0x80, 0x80, 0x80, 0x10);
	FORM_GOOD(VALUE_NUMBER | FACT_BOUND, 1, 16, 0);
	FORM(VALUE_NUMBER | FACT_BOUND, 1, 17, 0);
	FORM(VALUE_NUMBER | FACT_BOUND, 0, 1, 0);
	FORM_GOOD(VALUE_NUMBER | FACT_BOUND, 1 + MEMORY1, 1, 0);
	FORM(VALUE_NUMBER | FACT_BOUND, 2 + MEMORY1, 1, 0);
	FORM(VALUE_NUMBER | FACT_BOUND, 1, 1, 0x80, 0x80, 0x80, 0x80, 0x10);
}

TEST(a_number_is_as_short_as_it_can_be)
{
	CODE(0x90, 0xf4);
	HOLDS(0, 0, 1, 4, VALUE_FRAME);
	FAILS(FACTS_FORM, 0x80, 0, 0, 1, 4, VALUE_FRAME);
	FAILS(FACTS_FORM, 0, 0x80, 0, 1, 4, VALUE_FRAME);
	FAILS(FACTS_FORM, 0, 0, 0x81, 0, 4, VALUE_FRAME);
	FAILS(FACTS_FORM, 0, 0, 1, 0x84, 0, VALUE_FRAME);
	FORM(VALUE_NUMBER | FACT_RANGE, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02,
	     0);
	FORM(VALUE_NUMBER | FACT_RANGE, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	     0x00, 0);
}

TEST(the_stack_pointer_is_known_at_each_label)
{
	CODE(0x90, 0xf4);
	FAILS(FACTS_FORM, 0, LABEL(1, 0));
	FAILS(FACTS_FORM, 0, LABEL(1, 1), 7, NUMBER_U32);
	FAILS(FACTS_FORM, 0, LABEL(1, 1), 4, NUMBER_U32);
	FAILS(FACTS_FORM, 0, LABEL(1, 1), 4, VALUE_FRAME | FACT_RANGE, 15, 8); /* one of several */
	FAILS(FACTS_FORM, 0, LABEL(1, 1), 4, VALUE_FRAME | FACT_RANGE, 8, 0);  /* 4 */
	FAILS(FACTS_FORM, 0, LABEL(1, 1), 4, VALUE_FRAME | FACT_RANGE, 3, 0);  /* -2 */
	FAILS(FACTS_FORM, 0, LABEL(1, 1), 4, VALUE_FRAME | FACT_RANGE, 0x87, 0x80, 0x80, 0x01, 0);
	FAILS(FACTS, 0, LABEL(1, 1), 4, VALUE_FRAME | FACT_RANGE, 0xff, 0xff, 0x7f, 0);
	/* gone at the second one */
	CODE(0x90, 0x90, 0xf4);
	HOLDS(0, LABEL(1, 1), RSP0, LABEL(1, 0));
	FAILS(FACTS_FORM, 0, LABEL(1, 1), RSP0, LABEL(1, 1), 4, FACT_NOTHING);
}

TEST(places_of_the_frame_lie_apart_above_the_stack_pointer)
{
	/* push rax; push rcx; hlt */
	CODE(0x50, 0x51, 0xf4);
	HOLDS(4, LABEL(2, 3), RSP(-16), FRAME_FIRST + 1, NUMBER_ANY, 3, NUMBER_ANY);
	/* 8 bytes at -16 and 4 or 8 bytes at -12 or -16 */
	FAILS(FACTS_FORM, 4, LABEL(2, 3), RSP(-16), FRAME_FIRST + 1, NUMBER_ANY, 0, NUMBER_ANY);
	FAILS(FACTS_FORM, 4, LABEL(2, 3), RSP(-16), FRAME_FIRST + 1, NUMBER_ANY, 1, NUMBER_ANY);
	FAILS(FACTS_FORM, 4, LABEL(2, 3), RSP(-16), FRAME_FIRST, NUMBER_ANY, 0, NUMBER_ANY);
	/* over the return address, and at it */
	FAILS(FACTS_FORM, 1, LABEL(2, 2), RSP(-16), FRAME_FIRST + 1, NUMBER_ANY);
	FAILS(FACTS_FORM, 1, LABEL(2, 2), RSP(-16), FRAME_FIRST + 2, NUMBER_ANY);
	FAILS(FACTS_FORM, 0, LABEL(2, 2), RSP(-16), FRAME_FIRST, NUMBER_ANY);
	/* below the stack pointer; where a pop leaves it, too */
	FAILS(FACTS_FORM, 5, LABEL(2, 2), RSP(-16), FRAME_FIRST + 1, NUMBER_ANY);
	CODE(0x50, 0x90, 0x58, 0xf4);
	HOLDS(2, LABEL(1, 2), RSP(-8), FRAME_FIRST + 1, NUMBER_ANY, LABEL(2, 2), RSP0,
	      FRAME_FIRST + 1, FACT_NOTHING);
	FAILS(FACTS_FORM, 2, LABEL(1, 2), RSP(-8), FRAME_FIRST + 1, NUMBER_ANY, LABEL(2, 1), RSP0);
	/* deeper than a frame may be */
	FAILS(FACTS_FORM, 0x81, 0x80, 0x10, LABEL(1, 1), RSP0);
	FAILS(FACTS_FORM, MOST, LABEL(1, 1), RSP0);
	FAILS(FACTS_FORM, 2, LABEL(1, 2), RSP(-8), MOST, NUMBER_ANY);
	FAILS(FACTS_FORM, 2, LABEL(1, 2), RSP(-8), AFTER_RSP(X86_RDI), FACT_SAME, MOST, NUMBER_ANY);
	FAILS(FACTS_FORM, 2, LABEL(1, 2), RSP(-8), 0xff, 0xff, 0xff, 0xff, 0x0f, NUMBER_ANY);
	/* 4 times the distance is 2^64 */
	FAILS(FACTS_FORM, 2, LABEL(1, 2), RSP(-8), AFTER_RSP(X86_RDI), FACT_SAME, 0x90, 0x80, 0x80,
	      0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, NUMBER_ANY);
}

TEST(an_edit_takes_away_what_was_there)
{
	CODE(0x90, 0x90, 0xf4);
	FAILS(FACTS_FORM, 0, LABEL(1, 2), RSP0, AFTER_RSP(X86_RDI), FACT_NOTHING);
	FAILS(FACTS_FORM, 0, LABEL(1, 1), RSP0, LABEL(1, 1), 7, FACT_NOTHING);
	HOLDS(0, LABEL(1, 2), RSP0, AFTER_RSP(X86_RDI), NUMBER_ANY, LABEL(1, 1), 7, FACT_NOTHING);
	FAILS(FACTS, 0, LABEL(1, 2), RSP0, AFTER_RSP(X86_RDI), NUMBER_ANY, LABEL(1, 1), 7,
	      NUMBER_U32);
}

TEST(forged_counts_are_refused)
{
	CODE(0x90, 0xf4);
	FAILS(FACTS_FORM, 0, LABEL(1, 0x7f), RSP0);
	FAILS(FACTS_FORM, 0, LABEL(1, 2), RSP0);
	FAILS(FACTS_FORM, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, RSP0);
	FAILS(FACTS_FORM, 0, 0, MOST, RSP0);
	FAILS(FACTS_FORM, 0, LABEL(1, 0), RSP0);
}

/* ---- real ones ------------------------------------------------------------------------------------------------- */

/* push rbx; mov ebx, edi; 3: mov eax, gs:[rbx]; add ebx, 4; sub esi, 1; jne 3; test eax, eax; je 22; call 32; 22: pop rbx; ret */
#define LOOP                                                                                       \
	0x53, 0x89, 0xfb, 0x65, 0x8b, 0x03, 0x83, 0xc3, 0x04, 0x83, 0xee, 0x01, 0x75, 0xf5, 0x85,  \
		0xc0, 0x74, 0x05, 0xe8, LE32(9), 0x5b, RET

/* The facts of the code that is placed. */
static size_t facts_found(uint8_t *facts, size_t room)
{
	struct finder f = {0};
	struct facts_buffer b = {0};

	CHECK_EQ(finder_init(&f, &world()->image), E_OK);
	CHECK_EQ(finder_find(&f, 0, &b).reason, VERIFY_OK);
	CHECK(b.size <= room);
	size_t size = b.size;

	if (size != 0)
		memcpy(facts, b.bytes, size);

	facts_buffer_fini(&b);
	finder_fini(&f);
	return size;
}

TEST(facts_that_are_found_hold)
{
	uint8_t facts[100];

	CODE(LOOP);
	size_t size = facts_found(facts, sizeof facts);

	CHECK_EQ(verdict_by(facts, size), VERIFY_OK);
	/* what is needed and no more: at 3 RBX, RSP, four of the caller's, the one in the frame; at 22 RBX no more */
	static const uint8_t needed[] = {2,	      LABEL(3, 8), 3,
					 NUMBER_U32,  0,	   VALUE_FRAME | FACT_RANGE,
					 15,	      0,	   0,
					 VALUE_SAVED, X86_RBP,	   6,
					 VALUE_SAVED, X86_R12,	   0,
					 VALUE_SAVED, X86_R13,	   0,
					 VALUE_SAVED, X86_R14,	   0,
					 VALUE_SAVED, X86_R15,	   1,
					 VALUE_SAVED, X86_RBX,	   LABEL(20, 1),
					 3,	      FACT_NOTHING};

	CHECK_EQ(size, sizeof needed);
	CHECK(size == sizeof needed && memcmp(facts, needed, size) == 0);
	CODE(RET);
	CHECK_EQ(facts_found(facts, sizeof facts), 0);
}

TEST(what_is_the_same_stays_so_at_a_label)
{
	/* mov edi, esi; jmp 4; cmp esi, 9: learnt of edi, too */
	ACCEPTED(0x89, 0xf7, 0xeb, 0x00, IF_SMALL(0x83, 0xfe, 0x09));
	REFUSED(WINDOW, 0x89, 0xf7, 0xeb, 0x00, IF_SMALL(0x83, 0xfa, 0x09));
	/* not where one of two ways has another: mov edi, esi; je 6; mov edi, edx */
	REFUSED(WINDOW, 0x89, 0xf7, 0x74, 0x02, 0x89, 0xd7, IF_SMALL(0x83, 0xfe, 0x09));
}

TEST(a_verdict_without_facts_is_the_same)
{
	struct finder f = {0};

	CODE(LOOP);
	CHECK_EQ(finder_init(&f, &world()->image), E_OK);
	CHECK_EQ(finder_verdict(&f, 0).reason, VERIFY_OK);
	CODE(0xeb, 0x00, LOAD_RDI, RET);
	CHECK_EQ(finder_verdict(&f, 0).reason, VERIFY_WINDOW);
	finder_fini(&f);
}

TEST(facts_that_are_cut_off_are_refused)
{
	uint8_t facts[100];

	CODE(LOOP);
	size_t size = facts_found(facts, sizeof facts);

	for (size_t n = 0; n < size; n++) {
		uint8_t *copy = malloc(n ? n : 1); /* as long as it is: a read behind it is seen */

		memcpy(copy, facts, n);
		CHECK(verdict_by(copy, n) != VERIFY_OK);
		free(copy);
	}
}

TEST(facts_that_are_too_long_are_refused)
{
	uint8_t facts[100];

	CODE(LOOP);
	size_t size = facts_found(facts, sizeof facts);

	for (unsigned byte = 0; byte < 256; byte++) {
		facts[size] = (uint8_t)byte;
		CHECK(verdict_by(facts, size + 1) != VERIFY_OK);
	}
}

TEST(each_bit_of_the_facts_matters)
{
	uint8_t facts[100];
	unsigned accepted = 0;

	CODE(LOOP);
	size_t size = facts_found(facts, sizeof facts);

	for (size_t i = 0; i < size; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			facts[i] ^= (uint8_t)(1u << bit);
			accepted += verdict_by(facts, size) == VERIFY_OK;
			facts[i] ^= (uint8_t)(1u << bit);
		}
	}
	/* less may be said of EBX than that it has 32 bits, more of the frame's depth; nothing else */
	CHECK_EQ(accepted, 0);
}

/* ---- of an image ------------------------------------------------------------------------------------------------ */

/* Three words, and facts behind them. */
static enum err table_verdict(const uint32_t *words, size_t count, size_t facts)
{
	struct verify_image image = world()->image;
	struct verifier v = {0};
	uint8_t *bytes = calloc(1, 4 * count + facts + 1);

	for (size_t i = 0; i < 4 * count; i++)
		bytes[i] = (uint8_t)(words[i / 4] >> i % 4 * 8);
	image.facts = bytes;
	image.facts_size = (uint32_t)(4 * count + facts);
	enum err e = verifier_init(&v, &image);

	verifier_fini(&v);
	free(bytes);
	return e;
}

#define TABLE(facts, ...)                                                                          \
	table_verdict((const uint32_t[]){__VA_ARGS__},                                             \
		      sizeof((const uint32_t[]){__VA_ARGS__}) / 4, facts)

TEST(the_table_of_the_facts_is_checked)
{
	CODE(RET);
	CHECK_EQ(TABLE(0, 0, 0, 0), E_OK);
	CHECK_EQ(TABLE(9, 0, 4, 9), E_OK);
	CHECK_EQ(TABLE(9, 0, 9, 9), E_OK);
	CHECK_EQ(TABLE(0, 0, 0), E_MALFORMED); /* too short */
	CHECK_EQ(TABLE(3, 0, 0), E_MALFORMED);
	CHECK_EQ(TABLE(9, 1, 4, 9), E_MALFORMED); /* does not begin at 0 */
	CHECK_EQ(TABLE(9, 0, 4, 8), E_MALFORMED); /* something behind the last */
	CHECK_EQ(TABLE(9, 0, 4, 10), E_MALFORMED);
	CHECK_EQ(TABLE(9, 0, 10, 9), E_MALFORMED); /* falls */
	CHECK_EQ(TABLE(9, 0, 0xffffffff, 9), E_MALFORMED);
	CHECK_EQ(TABLE(9, 0, 9, 0xffffffff), E_MALFORMED);
}

/* The code twice: a loop, and a loop with another frame. */
static const uint8_t g_other[] = {0x55, 0x53, 0x89, 0xfb, 0x65, 0x8b, 0x03, 0x83,
				  0xc3, 0x04, 0xeb, 0xf8, 0xf4, 0xf4, 0xf4, 0xf4};

TEST(a_function_is_not_verified_by_the_facts_of_another)
{
	struct code_world *w = CODE(LOOP);
	struct facts_buffer b = {0};
	struct finder f = {0};
	struct verifier v = {0};
	struct verify_result results[2];
	struct verify_image image;

	memcpy(w->code + w->entries[1], g_other, sizeof g_other);
	CHECK_EQ(finder_init(&f, &w->image), E_OK);
	CHECK_EQ(finder_find_all(&f, &b, results), E_OK);
	CHECK_EQ(results[0].reason, VERIFY_OK);
	CHECK_EQ(results[1].reason, VERIFY_OK);
	image = w->image;
	image.facts = b.bytes;
	image.facts_size = (uint32_t)b.size;
	CHECK_EQ(verifier_init(&v, &image), E_OK);
	CHECK_EQ(verify_function(&v, 0).reason, VERIFY_OK);
	CHECK_EQ(verify_function(&v, 1).reason, VERIFY_OK);
	const uint8_t *facts = b.bytes + 12;
	uint32_t second = b.bytes[4];

	CHECK(second != 0 && second < b.size - 12);
	CHECK_EQ(verify_function_with(&v, 0, facts, second).reason, VERIFY_OK);
	CHECK(verify_function_with(&v, 1, facts, second).reason != VERIFY_OK);
	CHECK(verify_function_with(&v, 0, facts + second, b.size - 12 - second).reason !=
	      VERIFY_OK);
	/* one byte more or less of them */
	b.bytes[4]++;
	CHECK(verify_function(&v, 0).reason != VERIFY_OK);
	CHECK(verify_function(&v, 1).reason != VERIFY_OK);
	b.bytes[4] -= 2;
	CHECK(verify_function(&v, 0).reason != VERIFY_OK);
	CHECK(verify_function(&v, 1).reason != VERIFY_OK);
	verifier_fini(&v);
	facts_buffer_fini(&b);
	finder_fini(&f);
}

TEST(memory_that_is_short_refuses)
{
	uint8_t facts[100];
	unsigned refused = 0;

	CODE(LOOP);
	size_t size = facts_found(facts, sizeof facts);

	for (long n = 0; n < 20; n++) {
		native_heap_fail_at(n);
		enum verify_reason e = verdict_by(facts, size);

		native_heap_fail_at(-1);
		CHECK(e == VERIFY_MEMORY || e == VERIFY_OK);
		CHECK(e == VERIFY_MEMORY || n >= 6);
		refused += e == VERIFY_MEMORY;
	}
	CHECK(refused < 20);
	refused = 0;
	for (long n = 0; n < 60; n++) {
		native_heap_fail_at(n);
		enum verify_reason e = VERDICT(LOOP);

		native_heap_fail_at(-1);
		CHECK(e == VERIFY_MEMORY || e == VERIFY_OK);
		refused += e == VERIFY_MEMORY;
	}
	CHECK(refused > 20 && refused < 60);
}

/* ---- limits ------------------------------------------------------------------------------------------------------ */

#define SLOTS_MORE (VERIFY_SLOTS_MAX + 1)

/* RSP is low; as many places of four bytes behind it as said are any number below 2^32. Returns the size. */
static size_t facts_many(uint8_t *facts, uint32_t slots)
{
	static const uint8_t head[] = {0x90, 0x10, /* 4 * 0x810 bytes deep */
				       LABEL(1, 0)};
	size_t n = sizeof head - 1;
	uint32_t edits = slots + 1;

	memcpy(facts, head, n);
	facts[n++] = (uint8_t)((edits & 0x7f) | (edits > 0x7f ? 0x80 : 0));
	if (edits > 0x7f)
		facts[n++] = (uint8_t)(edits >> 7);
	/* RSP at -0x2040 */
	memcpy(facts + n, (const uint8_t[]){4, VALUE_FRAME | FACT_RANGE, 0xff, 0x80, 0x01, 0}, 6);
	n += 6;
	for (uint32_t i = 0; i < slots; i++) {
		facts[n++] = i == 0 ? FRAME_FIRST : 1;
		facts[n++] = NUMBER_U32;
	}
	return n;
}

TEST(no_more_of_the_frame_is_known_than_a_state_has_room_for)
{
	static uint8_t facts[4 * SLOTS_MORE];

	CODE(0xf4, 0xf4); /* not reached */
	CHECK_EQ(verdict_by(facts, facts_many(facts, VERIFY_SLOTS_MAX)), VERIFY_OK);
	CHECK_EQ(verdict_by(facts, facts_many(facts, SLOTS_MORE)), VERIFY_FACTS_FORM);
}

#define MANY_FACTS (4 * SLOTS_MORE + 8000)

/* Labels at every other byte, each with as many places as said, and a branch to each. Returns the size of the facts. */
static size_t code_many(uint8_t facts[MANY_FACTS], uint32_t slots)
{
	static uint8_t code[4000];
	static const uint8_t label[] = {LABEL(2, 0)};
	size_t n = facts_many(facts, slots);

	memset(code, 0xf4, sizeof code);
	for (size_t i = 1; i + 2 <= sizeof code; i += 2) {
		code[i] = 0x74; /* je to the next instruction */
		code[i + 1] = 0;
	}
	for (size_t i = 3; i < sizeof code; i += 2) {
		memcpy(facts + n, label, 2);
		n += 2;
	}
	code_place(code, sizeof code, NULL, 0);
	return n;
}

static enum verify_reason verdict_many(uint32_t slots)
{
	static uint8_t facts[MANY_FACTS];

	return verdict_by(facts, code_many(facts, slots));
}

TEST(effort_and_memory_are_limited)
{
	CHECK_EQ(verdict_many(4), VERIFY_OK);
	CHECK_EQ(verdict_many(130), VERIFY_EFFORT);
	CHECK_EQ(verdict_many(VERIFY_SLOTS_MAX), VERIFY_MEMORY);
}

/* The same function again and again stands for a section of many. */
TEST(the_effort_of_a_section_is_limited)
{
	static uint8_t facts[12 + MANY_FACTS];
	struct verify_image image;
	struct verifier v = {0};
	size_t n = code_many(facts + 12, 4);
	unsigned count = 0;

	memcpy(facts + 4, (const uint8_t[]){LE32(n)}, 4);
	memcpy(facts + 8, (const uint8_t[]){LE32(n)}, 4);
	image = world()->image;
	image.facts = facts;
	image.facts_size = (uint32_t)(12 + n);
	CHECK_EQ(verifier_init(&v, &image), E_OK);
	while (count < 1000 && verify_function(&v, 0).reason == VERIFY_OK)
		count++;
	CHECK(count > 2 && count < 100);
	CHECK_EQ(verify_function(&v, 0).reason, VERIFY_EFFORT);
	CHECK_EQ(verify_function(&v, 1).reason, VERIFY_EFFORT);
	verifier_fini(&v);
}

int main(void)
{
	RUN(nothing_is_claimed_of_a_register_that_is_not_so_on_each_edge);
	RUN(what_is_true_may_be_claimed);
	RUN(what_is_claimed_is_what_holds_at_the_label);
	RUN(the_stack_pointer_is_where_it_is_claimed_to_be);
	RUN(nothing_is_claimed_of_the_frame_that_was_not_stored);
	RUN(the_same_is_claimed_only_of_what_is_the_same);
	RUN(what_is_learnt_is_learnt_of_the_same_alone);
	RUN(a_branch_tells_what_it_has_found);
	RUN(labels_that_agree_with_each_other_must_be_reached_as_they_claim);
	RUN(a_loop_keeps_what_it_claims);
	RUN(each_label_that_is_reached_has_facts);
	RUN(a_label_stands_at_an_instruction_of_the_function);
	RUN(a_jump_table_that_is_claimed_lies_in_the_data);
	RUN(a_jump_does_not_go_around_the_end_of_32_bits);
	RUN(a_function_is_in_the_code);
	RUN(nothing_runs_over_the_end);
	RUN(a_value_says_what_its_kind_can_say);
	RUN(a_value_refers_to_what_there_is);
	RUN(a_range_is_in_order_and_where_its_kind_can_be);
	RUN(what_else_is_said_of_a_value_is_within_its_limits);
	RUN(a_number_is_as_short_as_it_can_be);
	RUN(the_stack_pointer_is_known_at_each_label);
	RUN(places_of_the_frame_lie_apart_above_the_stack_pointer);
	RUN(an_edit_takes_away_what_was_there);
	RUN(forged_counts_are_refused);
	RUN(facts_that_are_found_hold);
	RUN(what_is_the_same_stays_so_at_a_label);
	RUN(a_verdict_without_facts_is_the_same);
	RUN(facts_that_are_cut_off_are_refused);
	RUN(facts_that_are_too_long_are_refused);
	RUN(each_bit_of_the_facts_matters);
	RUN(the_table_of_the_facts_is_checked);
	RUN(a_function_is_not_verified_by_the_facts_of_another);
	RUN(memory_that_is_short_refuses);
	RUN(no_more_of_the_frame_is_known_than_a_state_has_room_for);
	RUN(effort_and_memory_are_limited);
	RUN(the_effort_of_a_section_is_limited);
	return check_report();
}
