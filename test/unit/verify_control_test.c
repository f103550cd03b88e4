/* The verifier: branches, calls, jump tables; slots, tables and further memories, which lead to them. */
#include "test/unit/verify_code.h"

#define PUSH 0x50
#define POP  0x59

#define IMPORT	  (slots()->imports)
#define HELPER	  (slots()->helpers)
#define TABLE(i)  (slots()->tables + 16 * (i))
#define MEM(i)	  (slots()->memories + 16 * (i))
#define GLOBAL(i) (slots()->globals + 16 * (i))

/* ---- branches and calls ------------------------------------------------------------------------------------ */

TEST(a_branch_goes_to_an_instruction_of_the_function)
{
	ACCEPTED(0xeb, 0x05, 0xb8, LE32(0x90909090), RET);
	REFUSED(BRANCH, 0xeb, 0x01, 0xb8, LE32(0x90909090), RET); /* into MOV */
	REFUSED(BRANCH, 0x74, 0x04, 0xb8, LE32(0xc3909090), RET);
	REFUSED(BRANCH, 0xeb, 0x03, MOV_EDI, LOAD_RDI, RET); /* behind the GS prefix */
	REFUSED(BRANCH, 0xe9, LE32(-6), RET);		     /* before the code */
	REFUSED(BRANCH, 0xe9, LE32(12), RET);		     /* into the next function */
	REFUSED(BRANCH, 0x0f, 0x84, LE32(0x7fffffff), RET);
	ACCEPTED(0xe9, LE32(11), RET); /* the next function */
	ACCEPTED(0xe9, LE32(-5));      /* itself */
	REFUSED(STACK_POINTER, PUSH, 0xe9, LE32(-6));
}

TEST(a_call_goes_to_a_function)
{
	ACCEPTED(PUSH, 0xe8, LE32(10), POP, RET);
	REFUSED(CALL, PUSH, 0xe8, LE32(11), POP, RET);		  /* a byte behind its entry */
	REFUSED(CALL, PUSH, 0xe8, LE32(9), POP, RET);		  /* and before it */
	REFUSED(CALL, PUSH, 0xe8, LE32(0), POP, RET);		  /* into itself */
	REFUSED(CALL, PUSH, 0xe8, LE32(26), POP, RET);		  /* the end of the code */
	ACCEPTED(PUSH, 0xe8, LE32(-6), POP, RET);		  /* itself */
	REFUSED(CALL, PUSH, 0xff, 0xd7, POP, RET);		  /* call rdi */
	REFUSED(CALL, 0xff, 0xe7);				  /* jmp rdi */
	REFUSED(CALL, PUSH, 0xff, 0x14, 0x24, POP, RET);	  /* call [rsp] */
	REFUSED(CALL, PUSH, MOV_EDI, 0x65, 0xff, 0x17, POP, RET); /* call gs:[rdi] */
	REFUSED(ADDRESS, PUSH, 0xff, 0x17, POP, RET);		  /* call [rdi] */
	REFUSED(CALL, PUSH, 0xff, 0xd3, POP, RET); /* call rbx: what the caller had there */
	/* lea rax, [rip]; call rax */
	REFUSED(CALL, PUSH, 0x48, 0x8d, 0x05, LE32(8), 0xff, 0xd0, POP, RET);
}

TEST(a_call_through_a_slot_takes_a_slot_for_that)
{
	ACCEPTED(PUSH, FS(HELPER, 0xff, 0x14), POP, RET);
	ACCEPTED(PUSH, FS(HELPER + 8, 0xff, 0x14), POP, RET);
	REFUSED(SLOT, PUSH, FS(HELPER + 4, 0xff, 0x14), POP, RET);
	ACCEPTED(PUSH, FS(IMPORT, 0xff, 0x14), POP, RET);
	ACCEPTED(FS(IMPORT, 0xff, 0x24)); /* jmp */
	REFUSED(STACK_POINTER, PUSH, FS(IMPORT, 0xff, 0x24));
	REFUSED(STACK_POINTER, FS(IMPORT, 0xff, 0x14), RET); /* misaligned */
	REFUSED(SLOT, PUSH, FS(IMPORT + 4, 0xff, 0x14), POP, RET);
	REFUSED(CALL, PUSH, FS(IMPORT + 8, 0xff, 0x14), POP, RET);
	REFUSED(CALL, PUSH, FS(GLOBAL(1), 0xff, 0x14), POP, RET); /* forged */
	REFUSED(CALL, PUSH, FS(GLOBAL(0), 0xff, 0x14), POP, RET);
	REFUSED(CALL, PUSH, FS(slots()->transfer, 0xff, 0x14), POP, RET);
	REFUSED(CALL, PUSH, FS(slots()->exception, 0xff, 0x14), POP, RET);
	REFUSED(CALL, PUSH, FS(slots()->ref_base, 0xff, 0x14), POP, RET);
	REFUSED(CALL, PUSH, FS(slots()->function_table, 0xff, 0x14), POP, RET);
	REFUSED(CALL, PUSH, FS(TABLE(0), 0xff, 0x14), POP, RET);
	REFUSED(CALL, PUSH, FS(MEM(0), 0xff, 0x14), POP, RET);
	REFUSED(CALL, PUSH, FS(slots()->sigs, 0xff, 0x14), POP, RET);
}

TEST(a_code_address_may_be_kept_but_not_made)
{
	/* mov rax, fs:[import]; ...; call rax */
#define KEPT(...) PUSH, FS(IMPORT, 0x48, 0x8b, 0x04), __VA_ARGS__, 0xff, 0xd0, POP, RET
	ACCEPTED(KEPT(0x90));
	ACCEPTED(KEPT(0x48, 0x89, 0x04, 0x24, 0x48, 0x8b, 0x04, 0x24)); /* spilled */
	REFUSED(CALL, KEPT(0x48, 0xff, 0xc0));				/* inc rax */
	REFUSED(CALL, KEPT(0x48, 0x8d, 0x40, 1));			/* lea rax, [rax + 1] */
	REFUSED(CALL, KEPT(0x89, 0xc0));				/* mov eax, eax */
	REFUSED(CALL, KEPT(0xb0, 0x01));				/* mov al, 1 */
	REFUSED(CALL, KEPT(0x48, 0x0f, 0x44, 0xc7));			/* cmove rax, rdi */
	REFUSED(CALL, KEPT(0x48, 0x89, 0x04, 0x24, 0x88, 0x0c, 0x24, 0x48, 0x8b, 0x04, 0x24));
	/* over a call: mov rbx, rax; call next; call rbx */
	REFUSED(CALL, 0x53, FS(IMPORT, 0x48, 0x8b, 0x1c), 0xe8, LE32(0x20 - 15), 0xff, 0xd3, 0x5b,
		RET);
}

/* ---- jump tables ------------------------------------------------------------------------------------------- */

/* cmp edi, 1; ja 23; mov edi, edi; lea rax, [table]; movsxd rcx, [rax + rdi * 4]; add rcx, rax; jmp rcx;
 * 23: ret; nop; 25: ret */
#define JUMPS(jcc, lea, ...)                                                                       \
	0x83, 0xff, 0x01, jcc, 0x12, 0x89, 0xff, 0x48, 0x8d, 0x05, LE32(CODE_RODATA - 14 + (lea)), \
		__VA_ARGS__, 0xff, 0xe1, RET, 0x90, RET
#define MOVSXD 0x48, 0x63, 0x0c, 0xb8
#define ADD    0x48, 0x01, 0xc1
#define TO(at) ((at)-CODE_RODATA)

TEST(a_jump_table_is_checked_entry_by_entry)
{
	const int32_t good[] = {TO(23), TO(25)}, inside[] = {TO(23), TO(22)};
	const int32_t next[] = {TO(23), TO(32)}, entry[] = {TO(23), TO(0)};
	const int32_t end[] = {TO(23), TO(26)}, far[] = {TO(23), INT32_MIN};

	CHECK_EQ(VERDICT_WITH(good, JUMPS(0x77, 0, MOVSXD, ADD)), VERIFY_OK);
	CHECK_EQ(VERDICT_WITH(inside, JUMPS(0x77, 0, MOVSXD, ADD)), VERIFY_JUMP_TABLE);
	CHECK_EQ(VERDICT_WITH(next, JUMPS(0x77, 0, MOVSXD, ADD)), VERIFY_JUMP_TABLE);
	CHECK_EQ(VERDICT_WITH(entry, JUMPS(0x77, 0, MOVSXD, ADD)), VERIFY_JUMP_TABLE);
	CHECK_EQ(VERDICT_WITH(far, JUMPS(0x77, 0, MOVSXD, ADD)), VERIFY_JUMP_TABLE);
	CHECK_EQ(VERDICT_WITH(end, JUMPS(0x77, 0, MOVSXD, ADD)), VERIFY_OK); /* HLT */
}

TEST(a_jump_table_has_an_end)
{
	const int32_t words[] = {TO(23), TO(25)};
	const int32_t one[] = {TO(23)};

	CHECK_EQ(VERDICT_WITH(one, JUMPS(0x77, 0, MOVSXD, ADD)), VERIFY_RODATA);
	CHECK_EQ(VERDICT_WITH(words, JUMPS(0x77, 4, MOVSXD, ADD)), VERIFY_RODATA);
	CHECK_EQ(VERDICT_WITH(words, JUMPS(0x77, -4, MOVSXD, ADD)), VERIFY_RODATA);
	CHECK_EQ(VERDICT_WITH(words, JUMPS(0x73, 0, MOVSXD, ADD)), VERIFY_OK);	   /* jae */
	CHECK_EQ(VERDICT_WITH(words, JUMPS(0x76, 0, MOVSXD, ADD)), VERIFY_RODATA); /* jbe */
	CHECK_EQ(VERDICT_WITH(words, JUMPS(0x7f, 0, MOVSXD, ADD)), VERIFY_RODATA); /* jg: signed */
	CHECK_EQ(VERDICT_WITH(words, JUMPS(0x74, 0, MOVSXD, ADD)), VERIFY_RODATA); /* je */
	CHECK_EQ(VERDICT_WITH(words, JUMPS(0x78, 0, MOVSXD, ADD)), VERIFY_RODATA); /* js */
	/* cmp edi, n; jae */
#define JUMPS_BELOW(n)                                                                             \
	0x83, 0xff, n, 0x73, 0x12, 0x89, 0xff, 0x48, 0x8d, 0x05, LE32(CODE_RODATA - 14), MOVSXD,   \
		ADD, 0xff, 0xe1, RET, 0x90, RET
	CHECK_EQ(VERDICT_WITH(words, JUMPS_BELOW(2)), VERIFY_OK);
	CHECK_EQ(VERDICT_WITH(words, JUMPS_BELOW(3)), VERIFY_RODATA);
	CHECK_EQ(VERDICT_WITH(one, JUMPS_BELOW(2)), VERIFY_RODATA);
}

TEST(a_jump_goes_where_the_words_say)
{
	const int32_t words[] = {TO(23), TO(25)};
	const int32_t behind[] = {0, TO(23) - 4, TO(25) - 4};
	const int32_t third[] = {TO(32), TO(32), TO(1)};

	/* relative to the table, wherever that is */
	CHECK_EQ(VERDICT_WITH(behind, JUMPS(0x77, 4, MOVSXD, ADD)), VERIFY_OK);
	CHECK_EQ(VERDICT_WITH(words, JUMPS(0x77, 0, MOVSXD, ADD)), VERIFY_OK);
	/* and edx, 4; cmp edi, 1; ja 32; mov edi, edi; lea rax, [table]; mov rsi, rax; add rax, rdx;
	 * movsxd rcx, [rax + rdi * 4]; add rcx, rsi; jmp rcx; 32: ret */
	CHECK_EQ(VERDICT_WITH(third, 0x83, 0xe2, 4, 0x83, 0xff, 0x01, 0x77, 24, 0x89, 0xff, 0x48,
			      0x8d, 0x05, LE32(CODE_RODATA - 17), 0x48, 0x89, 0xc6, 0x48, 0x01,
			      0xd0, MOVSXD, 0x48, 0x01, 0xf1, 0xff, 0xe1, RET),
		 VERIFY_CALL);

	/* sub for add; lea rcx, [rax + rcx * 2]; 32-bit add */
	CHECK_EQ(VERDICT_WITH(words, JUMPS(0x77, 0, MOVSXD, 0x48, 0x29, 0xc1)), VERIFY_CALL);
	CHECK_EQ(VERDICT_WITH(words, 0x83, 0xff, 0x01, 0x77, 0x13, 0x89, 0xff, 0x48, 0x8d, 0x05,
			      LE32(CODE_RODATA - 14), MOVSXD, 0x48, 0x8d, 0x0c, 0x48, 0xff, 0xe1,
			      RET),
		 VERIFY_CALL);
	CHECK_EQ(VERDICT_WITH(words, 0x83, 0xff, 0x01, 0x77, 0x11, 0x89, 0xff, 0x48, 0x8d, 0x05,
			      LE32(CODE_RODATA - 14), MOVSXD, 0x01, 0xc1, 0xff, 0xe1, RET),
		 VERIFY_CALL);
	/* cmp edi, 1; ja 29; mov edi, edi; lea rax, [table]; movsxd rcx, [rax + rdi * 4]; and esi, n;
	 * add rax, rsi; add rcx, rax; jmp rcx; 29: ret; nop; 31: ret */
	const int32_t later[] = {TO(29), TO(31)};
#define JUMPS_FROM(n)                                                                              \
	VERDICT_WITH(later, 0x83, 0xff, 0x01, 0x77, 24, 0x89, 0xff, 0x48, 0x8d, 0x05,              \
		     LE32(CODE_RODATA - 14), MOVSXD, 0x83, 0xe6, n, 0x48, 0x01, 0xf0, ADD, 0xff,   \
		     0xe1, RET, 0x90, RET)
	CHECK_EQ(JUMPS_FROM(0), VERIFY_OK);
	CHECK_EQ(JUMPS_FROM(1), VERIFY_CALL);
	/* movsx rcx, word [rax + rdi * 4]; byte; nop */
	CHECK_EQ(VERDICT_WITH(words, 0x83, 0xff, 0x01, 0x77, 0x13, 0x89, 0xff, 0x48, 0x8d, 0x05,
			      LE32(CODE_RODATA - 14), 0x48, 0x0f, 0xbf, 0x0c, 0xb8, ADD, 0xff, 0xe1,
			      RET),
		 VERIFY_CALL);
	CHECK_EQ(VERDICT_WITH(words, 0x83, 0xff, 0x01, 0x77, 0x13, 0x89, 0xff, 0x48, 0x8d, 0x05,
			      LE32(CODE_RODATA - 14), 0x48, 0x0f, 0xbe, 0x0c, 0xb8, ADD, 0xff, 0xe1,
			      RET),
		 VERIFY_CALL);
	/* and edi, 7; and edi, -4; je 24; lea rax, [table]; movsxd rcx, [rax + rdi]; add rcx, rax; jmp rcx;
	 * 24: ret; nop; 26: ret: RDI is 4, as it is a multiple of that from 1 to 7 */
#define JUMPS_AT(jcc)                                                                              \
	0x83, 0xe7, 7, 0x83, 0xe7, 0xfc, jcc, 16, 0x48, 0x8d, 0x05, LE32(CODE_RODATA - 15), 0x48,  \
		0x63, 0x0c, 0x38, ADD, 0xff, 0xe1, RET, 0x90, RET
	const int32_t second[] = {1, TO(26), 1}, both[] = {TO(24), TO(26), 1},
		      first[] = {TO(24), 1, 1};

	CHECK_EQ(VERDICT_WITH(first, JUMPS_AT(0x74)), VERIFY_JUMP_TABLE);
	CHECK_EQ(VERDICT_WITH(both, JUMPS_AT(0x76)), VERIFY_OK);
	CHECK_EQ(VERDICT_WITH(second, JUMPS_AT(0x78)), VERIFY_JUMP_TABLE);
	CHECK_EQ(VERDICT_WITH(first, JUMPS_AT(0x78)), VERIFY_JUMP_TABLE);
	/* movsxd rcx, [rax + rdi]: bytes, not words */
	CHECK_EQ(VERDICT_WITH(words, JUMPS(0x77, 0, 0x48, 0x63, 0x0c, 0x38, ADD)), VERIFY_CALL);
	/* without sign: mov ecx, [rax + rdi * 4], nop */
	CHECK_EQ(VERDICT_WITH(words, JUMPS(0x77, 0, 0x8b, 0x0c, 0xb8, 0x90, ADD)), VERIFY_CALL);
}

TEST(a_jump_does_not_leave_by_wrapping_around)
{
	const int32_t words[] = {TO(37), TO(39)}, far[] = {37 + 16, 39 + 16}, low[] = {37, 39};

	/* cmp edi, 1; ja 37; mov edi, edi; lea rax, [table]; movsxd rcx, [rax + rdi * 4]; lea rdx, [rip + a - 25];
	 * lea rdx, [rdx + b]; add rcx, rdx; jmp rcx; 37: ret; nop; 39: ret: to the code + a + b + word */
#define JUMPS_BY(a, b)                                                                             \
	0x83, 0xff, 0x01, 0x77, 32, 0x89, 0xff, 0x48, 0x8d, 0x05, LE32(CODE_RODATA - 14), MOVSXD,  \
		0x48, 0x8d, 0x15, LE32((a)-25), 0x48, 0x8d, 0x92, LE32(b), 0x48, 0x01, 0xd1, 0xff, \
		0xe1, RET, 0x90, RET
	CHECK_EQ(VERDICT_WITH(words, JUMPS_BY(CODE_RODATA, 0)), VERIFY_OK);
	/* 2^32 further, or in front of it */
	CHECK_EQ(VERDICT_WITH(far, JUMPS_BY(0x7ffffff8, 0x7ffffff8)), VERIFY_JUMP_TABLE);
	CHECK_EQ(VERDICT_WITH(low, JUMPS_BY(0x7fffffff, 1)), VERIFY_JUMP_TABLE);
	CHECK_EQ(VERDICT_WITH(far, JUMPS_BY(0, -16)), VERIFY_CALL);
}

TEST(flags_are_those_of_the_last_instruction_that_wrote_them)
{
	const int32_t words[] = {TO(25), TO(25)};
	/* cmp edi, 1; two bytes; ja; ... as above, all two bytes further */
#define BETWEEN(...)                                                                               \
	VERDICT_WITH(words, 0x83, 0xff, 0x01, __VA_ARGS__, 0x77, 0x12, 0x89, 0xff, 0x48, 0x8d,     \
		     0x05, LE32(CODE_RODATA - 16), MOVSXD, ADD, 0xff, 0xe1, RET, 0x90, RET)
	CHECK_EQ(BETWEEN(0x89, 0xc6), VERIFY_OK); /* mov esi, eax */
	CHECK_EQ(BETWEEN(0x66, 0x90), VERIFY_OK);
	CHECK_EQ(BETWEEN(0xff, 0xc6), VERIFY_RODATA); /* inc esi */
	CHECK_EQ(BETWEEN(0x39, 0xc6), VERIFY_RODATA); /* cmp esi, eax */
	CHECK_EQ(BETWEEN(0x01, 0xc6), VERIFY_RODATA); /* add */
	CHECK_EQ(BETWEEN(0x29, 0xc6), VERIFY_RODATA); /* sub */
	CHECK_EQ(BETWEEN(0x21, 0xc6), VERIFY_RODATA); /* and */
	CHECK_EQ(BETWEEN(0xd3, 0xe6), VERIFY_RODATA); /* shl esi, cl */
	CHECK_EQ(BETWEEN(0x11, 0xc6), VERIFY_RODATA); /* adc */
	CHECK_EQ(BETWEEN(0xf7, 0xe6), VERIFY_RODATA); /* mul esi */
	CHECK_EQ(BETWEEN(0xf7, 0xde), VERIFY_RODATA); /* neg esi */
	CHECK_EQ(BETWEEN(0x85, 0xf6), VERIFY_RODATA); /* test esi, esi */
	CHECK_EQ(BETWEEN(0x85, 0xc6), VERIFY_RODATA); /* test esi, eax */
	CHECK_EQ(BETWEEN(0x89, 0xc7), VERIFY_RODATA); /* mov edi, eax: another index */
	CHECK_EQ(BETWEEN(0x89, 0xfe), VERIFY_OK);     /* mov esi, edi */
}

/* ---- slots --------------------------------------------------------------------------------------------------- */

/* mov eax, fs:[at]; mov fs:[at], eax; the same with RAX, AL, XMM0 */
static enum verify_reason slot_read(uint32_t at, unsigned size)
{
	switch (size) {
	case 1:
		return VERDICT(FS(at, 0x8a, 0x04), RET);
	case 4:
		return VERDICT(FS(at, 0x8b, 0x04), RET);
	case 8:
		return VERDICT(FS(at, 0x48, 0x8b, 0x04), RET);
	default:
		return VERDICT(FS(at, 0x0f, 0x10, 0x04), RET);
	}
}

static enum verify_reason slot_write(uint32_t at, unsigned size)
{
	switch (size) {
	case 1:
		return VERDICT(FS(at, 0x88, 0x04), RET);
	case 4:
		return VERDICT(FS(at, 0x89, 0x04), RET);
	case 8:
		return VERDICT(FS(at, 0x48, 0x89, 0x04), RET);
	default:
		return VERDICT(FS(at, 0x0f, 0x11, 0x04), RET);
	}
}

TEST(slots_begin_and_end)
{
	CHECK_EQ(slot_read(0, 8), VERIFY_SLOT);
	CHECK_EQ(slot_write(0, 8), VERIFY_SLOT);
	CHECK_EQ(slot_read(0x28, 8), VERIFY_SLOT); /* the canary */
	CHECK_EQ(slot_read(NATIVE_SLOTS_DISP - 8, 8), VERIFY_SLOT);
	CHECK_EQ(slot_read(NATIVE_SLOTS_DISP - 4, 8), VERIFY_SLOT);
	CHECK_EQ(slot_read(NATIVE_SLOTS_DISP, 8), VERIFY_OK);
	CHECK_EQ(slot_read(slots()->end - 8, 8), VERIFY_OK);
	CHECK_EQ(slot_read(slots()->end - 4, 8), VERIFY_SLOT);
	CHECK_EQ(slot_read(slots()->end, 1), VERIFY_SLOT);
	CHECK_EQ(slot_read((uint32_t)-8, 8), VERIFY_SLOT);
	/* fs:[rdi], fs:[rdi + slot], fs:[rdi * 1 + slot] */
	/* between two: the function table begins at a multiple of 16 */
	CHECK_EQ(slots()->helpers + 8 * NATIVE_HELPER_COUNT + 8, slots()->function_table);
	CHECK_EQ(slot_read(slots()->function_table - 8, 8), VERIFY_SLOT);
	CHECK_EQ(slot_read(slots()->function_table - 8, 1), VERIFY_SLOT);
	REFUSED(SLOT, 0x31, 0xff, 0x64, 0x8b, 0x07, RET);
	REFUSED(SLOT, 0x31, 0xff, 0x64, 0x8b, 0x87, LE32(GLOBAL(1)), RET);
	REFUSED(SLOT, 0x31, 0xff, 0x64, 0x8b, 0x04, 0x3d, LE32(GLOBAL(1)), RET);
}

TEST(a_slot_is_written_only_if_it_is_the_guests)
{
	const struct native_layout *l = slots();
	const uint32_t fixed[] = {l->helpers,	  l->function_table, l->function_table + 8,
				  l->ref_base,	  l->stop,	     GLOBAL(0),
				  MEM(0),	  MEM(0) + 8,	     MEM(1) + 8,
				  TABLE(0),	  TABLE(2) + 8,	     l->imports,
				  l->imports + 8, l->sigs,	     l->sigs + 8};
	const uint32_t variable[] = {l->exception, l->fuel, l->transfer, GLOBAL(1), GLOBAL(2) + 8};

	for (unsigned i = 0; i < COUNT_OF(fixed); i++) {
		CHECK_EQ(slot_read(fixed[i], 8), VERIFY_OK);
		CHECK_EQ(slot_write(fixed[i], 8), VERIFY_SLOT);
		CHECK_EQ(slot_write(fixed[i], 1), VERIFY_SLOT);
	}
	for (unsigned i = 0; i < COUNT_OF(variable); i++) {
		CHECK_EQ(slot_read(variable[i], 8), VERIFY_OK);
		CHECK_EQ(slot_write(variable[i], 8), VERIFY_OK);
		CHECK_EQ(slot_write(variable[i], 1), VERIFY_OK);
	}
	/* read and write in one */
	REFUSED(SLOT, FS(l->stop, 0xf0, 0x48, 0xff, 0x04), RET);
	ACCEPTED(FS(GLOBAL(1), 0x48, 0x83, 0x04), 1, RET);
}

TEST(an_access_stays_in_one_slot)
{
	const struct native_layout *l = slots();
	const uint32_t transfer_end = l->transfer + 8 * l->transfer_slots;

	CHECK_EQ(slot_write(GLOBAL(1), 16), VERIFY_OK);
	CHECK_EQ(slot_write(GLOBAL(1) + 8, 16), VERIFY_SLOT);
	CHECK_EQ(slot_write(GLOBAL(1) + 12, 4), VERIFY_OK);
	CHECK_EQ(slot_write(GLOBAL(1) + 12, 8), VERIFY_SLOT);
	CHECK_EQ(slot_write(GLOBAL(2) + 12, 8), VERIFY_SLOT);
	CHECK_EQ(slot_write(l->exception - 4, 8), VERIFY_SLOT);
	CHECK_EQ(slot_write(l->exception + 4, 8), VERIFY_SLOT);
	CHECK_EQ(slot_write(l->exception, 16), VERIFY_SLOT);
	CHECK_EQ(slot_write(transfer_end - 8, 8), VERIFY_OK);
	CHECK_EQ(slot_write(transfer_end - 4, 8), VERIFY_SLOT);
	CHECK_EQ(slot_write(transfer_end - 16, 16), VERIFY_OK);
	CHECK_EQ(slot_write(transfer_end - 8, 16), VERIFY_SLOT);
	/* addresses are read whole */
	CHECK_EQ(slot_read(TABLE(0), 16), VERIFY_SLOT);
	CHECK_EQ(slot_read(TABLE(0), 4), VERIFY_SLOT);
	CHECK_EQ(slot_read(TABLE(0) + 4, 8), VERIFY_SLOT);
	CHECK_EQ(slot_read(MEM(1), 4), VERIFY_SLOT);
	CHECK_EQ(slot_read(l->helpers, 4), VERIFY_SLOT);
	CHECK_EQ(slot_read(l->helpers + 8, 16), VERIFY_SLOT);
	CHECK_EQ(slot_read(l->imports, 16), VERIFY_SLOT);
	CHECK_EQ(slot_read(l->imports + 8, 4), VERIFY_OK);
}

/* ---- tables -------------------------------------------------------------------------------------------------- */

/* push rax; mov edi, edi; cmp rdi, fs:[count]; jae trap; shl rdi, 4; mov rax, fs:[entries]; call [rax + rdi];
 * pop rcx; ret; trap */
#define INDEXED(count, jcc, shift, entries, ...)                                                   \
	PUSH, MOV_EDI, FS(count, 0x48, 0x3b, 0x3c), jcc, 17 + sizeof((uint8_t[]){__VA_ARGS__}),    \
		0x48, 0xc1, 0xe7, shift, FS(entries, 0x48, 0x8b, 0x04), __VA_ARGS__, POP, RET,     \
		0x90, 0x90, TRAP
#define CALL_ENTRY 0xff, 0x14, 0x38

TEST(an_index_is_below_the_tables_count)
{
	const uint32_t count = TABLE(0) + 8, functions = slots()->function_table;

	ACCEPTED(INDEXED(count, 0x73, 4, TABLE(0), CALL_ENTRY)); /* jae */
	ACCEPTED(INDEXED(functions + 8, 0x73, 4, functions, CALL_ENTRY));
	REFUSED(ADDRESS, INDEXED(count, 0x77, 4, TABLE(0), CALL_ENTRY)); /* ja */
	REFUSED(ADDRESS, INDEXED(count, 0x72, 4, TABLE(0), CALL_ENTRY)); /* jb */
	REFUSED(ADDRESS, INDEXED(count, 0x7d, 4, TABLE(0), CALL_ENTRY)); /* jge */
	REFUSED(ADDRESS, INDEXED(count, 0x75, 4, TABLE(0), CALL_ENTRY)); /* jne */
	REFUSED(ADDRESS, INDEXED(count, 0x73, 3, TABLE(0), CALL_ENTRY));
	REFUSED(ADDRESS, INDEXED(count, 0x73, 5, TABLE(0), CALL_ENTRY));
	REFUSED(ADDRESS, INDEXED(count, 0x73, 4, TABLE(2), CALL_ENTRY)); /* another table */
	REFUSED(ADDRESS, INDEXED(TABLE(2) + 8, 0x73, 4, TABLE(0), CALL_ENTRY));
	REFUSED(ADDRESS, INDEXED(functions + 8, 0x73, 4, TABLE(0), CALL_ENTRY));
	REFUSED(ADDRESS, INDEXED(MEM(0) + 8, 0x73, 4, TABLE(0), CALL_ENTRY));
	REFUSED(ADDRESS, INDEXED(GLOBAL(0), 0x73, 4, TABLE(0), CALL_ENTRY));
	/* what is not the index: inc rdi; add rdi, 16; lea rax, [rax + 16] */
	REFUSED(ADDRESS, INDEXED(count, 0x73, 4, TABLE(0), 0x48, 0xff, 0xc7, CALL_ENTRY));
	REFUSED(ADDRESS, INDEXED(count, 0x73, 4, TABLE(0), 0x48, 0x83, 0xc7, 16, CALL_ENTRY));
	REFUSED(ADDRESS, INDEXED(count, 0x73, 4, TABLE(0), 0x48, 0x8d, 0x40, 16, CALL_ENTRY));
	REFUSED(ADDRESS, INDEXED(count, 0x73, 4, TABLE(0), 0xff, 0x14, 0x78)); /* rdi * 2 */
	REFUSED(ADDRESS, PUSH, MOV_EDI, 0x48, 0xc1, 0xe7, 4, FS(TABLE(0), 0x48, 0x8b, 0x04),
		CALL_ENTRY, POP, RET);
	/* push rax; shr rdi, n; mov esi, edi; cmp esi, fs:[count]; jae trap; shl rdi, 4; ...: 16 times RDI, of
	 * which only the low half is an index, unless there is no other */
#define LOW_HALF(n)                                                                                \
	PUSH, 0x48, 0xc1, 0xef, n, 0x89, 0xfe, FS(count, 0x3b, 0x34), 0x73, 18, 0x48, 0xc1, 0xe7,  \
		4, FS(TABLE(0), 0x48, 0x8b, 0x04), CALL_ENTRY, POP, RET, TRAP
	REFUSED(ADDRESS, LOW_HALF(8));
	ACCEPTED(LOW_HALF(32));
}

TEST(a_forged_reference_is_an_index_like_any_other)
{
	const uint32_t functions = slots()->function_table;

	/* push rax; mov edi, the reference; cmp rdi, fs:[number of functions]; jae trap; shl rdi, 4;
	 * mov rax, fs:[functions]; call [rax + rdi] (or call rdi); pop rcx; ret; trap */
#define BY_REFERENCE(...)                                                                          \
	PUSH, __VA_ARGS__, FS(functions + 8, 0x48, 0x3b, 0x3c), 0x73, 18, 0x48, 0xc1, 0xe7, 4,     \
		FS(functions, 0x48, 0x8b, 0x04), CALL_ENTRY, POP, RET, TRAP
#define UNCHECKED(...)                                                                             \
	PUSH, __VA_ARGS__, 0x48, 0xc1, 0xe7, 4, FS(functions, 0x48, 0x8b, 0x04), CALL_ENTRY, POP,  \
		RET
#define CALLED(...) PUSH, __VA_ARGS__, 0xff, 0xd7, POP, RET
	/* of a global, an argument, the transfer area, the exception slot, an entry's ref, and the memory */
	ACCEPTED(BY_REFERENCE(FS(GLOBAL(1), 0x8b, 0x3c)));
	REFUSED(ADDRESS, UNCHECKED(FS(GLOBAL(1), 0x8b, 0x3c)));
	REFUSED(CALL, CALLED(FS(GLOBAL(1), 0x48, 0x8b, 0x3c)));
	ACCEPTED(BY_REFERENCE(MOV_EDI));
	REFUSED(ADDRESS, UNCHECKED(MOV_EDI));
	REFUSED(CALL, CALLED(MOV_EDI));
	ACCEPTED(BY_REFERENCE(FS(slots()->transfer, 0x8b, 0x3c)));
	REFUSED(ADDRESS, UNCHECKED(FS(slots()->transfer, 0x8b, 0x3c)));
	REFUSED(CALL, CALLED(FS(slots()->transfer, 0x48, 0x8b, 0x3c)));
	ACCEPTED(BY_REFERENCE(FS(slots()->exception, 0x8b, 0x3c)));
	REFUSED(ADDRESS, UNCHECKED(FS(slots()->exception, 0x8b, 0x3c)));
	/* mov rax, fs:[table 1]; mov edi, [rax + 12] */
	ACCEPTED(BY_REFERENCE(FS(TABLE(1), 0x48, 0x8b, 0x04), 0x8b, 0x78, 12));
	REFUSED(ADDRESS, UNCHECKED(FS(TABLE(1), 0x48, 0x8b, 0x04), 0x8b, 0x78, 12));
	REFUSED(CALL, CALLED(FS(TABLE(1), 0x48, 0x8b, 0x04), 0x48, 0x8b, 0x78, 8));
	ACCEPTED(BY_REFERENCE(MOV_EDI, 0x65, 0x8b, 0x3f));
	REFUSED(ADDRESS, UNCHECKED(MOV_EDI, 0x65, 0x8b, 0x3f));
	REFUSED(CALL, CALLED(MOV_EDI, 0x65, 0x48, 0x8b, 0x3f));
	/* a constant: functions may be few */
	REFUSED(ADDRESS, UNCHECKED(0xbf, LE32(1)));
	REFUSED(ADDRESS, UNCHECKED(0x31, 0xff));
}

TEST(an_index_is_checked_as_it_is_used)
{
	const uint32_t count = TABLE(0) + 8;

	/* cmp edi, fs:[count]; jae; [mov edi, edi;] shl rdi, 4; ... */
	REFUSED(ADDRESS, PUSH, FS(count, 0x3b, 0x3c), 0x73, 19, 0x66, 0x90, 0x48, 0xc1, 0xe7, 4,
		FS(TABLE(0), 0x48, 0x8b, 0x04), CALL_ENTRY, POP, RET, TRAP);
	ACCEPTED(PUSH, FS(count, 0x3b, 0x3c), 0x73, 20, MOV_EDI, 0x48, 0xc1, 0xe7, 4,
		 FS(TABLE(0), 0x48, 0x8b, 0x04), CALL_ENTRY, POP, RET, TRAP);
	/* mov rax, fs:[count]; cmp rax, 100; ja; cmp dil, al; jae: of the index only 8 bits */
	REFUSED(ADDRESS, PUSH, MOV_EDI, FS(count, 0x48, 0x8b, 0x04), 0x48, 0x83, 0xf8, 100, 0x77,
		23, 0x40, 0x38, 0xc7, 0x73, 18, 0x48, 0xc1, 0xe7, 4, FS(TABLE(0), 0x48, 0x8b, 0x04),
		CALL_ENTRY, POP, RET, TRAP);
	/* cmp dil, fs:[count] */
	REFUSED(ADDRESS, PUSH, MOV_EDI, FS(count, 0x40, 0x3a, 0x3c), 0x73, 18, 0x48, 0xc1, 0xe7, 4,
		FS(TABLE(0), 0x48, 0x8b, 0x04), CALL_ENTRY, POP, RET, TRAP);
}

TEST(a_tables_entry_is_read_in_its_parts)
{
	const uint32_t count = TABLE(0) + 8;

	ACCEPTED(INDEXED(count, 0x73, 4, TABLE(0), 0x8b, 0x4c, 0x38, 8));  /* sig */
	ACCEPTED(INDEXED(count, 0x73, 4, TABLE(0), 0x8b, 0x4c, 0x38, 12)); /* ref */
	ACCEPTED(INDEXED(count, 0x73, 4, TABLE(0), 0x48, 0x8b, 0x4c, 0x38, 8));
	REFUSED(TABLE, INDEXED(count, 0x73, 4, TABLE(0), 0x8b, 0x4c, 0x38, 4));
	REFUSED(TABLE, INDEXED(count, 0x73, 4, TABLE(0), 0x48, 0x8b, 0x4c, 0x38, 4));
	REFUSED(TABLE, INDEXED(count, 0x73, 4, TABLE(0), 0x48, 0x8b, 0x4c, 0x38, 12));
	REFUSED(ADDRESS, INDEXED(count, 0x73, 4, TABLE(0), 0x8b, 0x4c, 0x38, 16));
	REFUSED(ADDRESS, INDEXED(count, 0x73, 4, TABLE(0), 0x8b, 0x4c, 0x38, 0xfc));
	REFUSED(CALL, INDEXED(count, 0x73, 4, TABLE(0), 0xff, 0x54, 0x38, 8));	/* call ref */
	REFUSED(TABLE, INDEXED(count, 0x73, 4, TABLE(0), 0x89, 0x4c, 0x38, 8)); /* written */
	REFUSED(TABLE, INDEXED(count, 0x73, 4, TABLE(0), 0x48, 0x89, 0x0c, 0x38));
	REFUSED(ADDRESS, FS(TABLE(0), 0x48, 0x8b, 0x04), 0x48, 0x8b, 0x00, RET); /* no index */
}

TEST(a_tables_address_is_stale_after_a_call)
{
	/* push rbx; xor edi, edi; mov rbx, fs:[table 1]; ...; mov eax, [rbx + 8]; pop rbx; ret */
#define ENTRY_OF(...) 0x53, FS(TABLE(1), 0x48, 0x8b, 0x1c), __VA_ARGS__, 0x8b, 0x43, 8, 0x5b, RET
	ACCEPTED(ENTRY_OF(0x90));
	REFUSED(ADDRESS, ENTRY_OF(FS(HELPER, 0xff, 0x14)));
	ACCEPTED(ENTRY_OF(FS(HELPER, 0xff, 0x14), FS(TABLE(1), 0x48, 0x8b, 0x1c)));
	/* an entry's as well: add rbx, 16 */
	ACCEPTED(ENTRY_OF(0x48, 0x83, 0xc3, 16));
	REFUSED(ADDRESS, ENTRY_OF(0x48, 0x83, 0xc3, 16, FS(HELPER, 0xff, 0x14)));
}

TEST(a_table_of_fixed_size_needs_no_count)
{
	/* mov rax, fs:[table 1]; call [rax + d] */
#define FIXED(d) PUSH, FS(TABLE(1), 0x48, 0x8b, 0x04), 0xff, 0x90, LE32(d), POP, RET
	ACCEPTED(FIXED(0));
	ACCEPTED(FIXED(7 * 16));
	REFUSED(ADDRESS, FIXED(8 * 16));
	REFUSED(ADDRESS, FIXED(-16));
	REFUSED(TABLE, FIXED(4));
	/* cmp edi, n; ja trap; mov edi, edi; shl rdi, 4; mov rax, fs:[table]; call [rax + rdi] */
#define BELOW(n, table)                                                                            \
	PUSH, 0x83, 0xff, n, 0x77, 20, MOV_EDI, 0x48, 0xc1, 0xe7, 4, FS(table, 0x48, 0x8b, 0x04),  \
		CALL_ENTRY, POP, RET, TRAP
	ACCEPTED(BELOW(7, TABLE(1)));
	REFUSED(ADDRESS, BELOW(8, TABLE(1)));
	REFUSED(ADDRESS, BELOW(7, TABLE(0)));
	/* eight bytes apart */
	REFUSED(ADDRESS, PUSH, 0x83, 0xff, 7, 0x77, 20, MOV_EDI, 0x48, 0xc1, 0xe7, 3,
		FS(TABLE(1), 0x48, 0x8b, 0x04), CALL_ENTRY, POP, RET, TRAP);
}

/* ---- further memories ---------------------------------------------------------------------------------------- */

/* mov edi, edi; lea rcx, [rdi + end]; cmp rcx, fs:[size]; ja trap; mov rax, fs:[base]; mov eax, [rax + rdi + d];
 * ret; trap */
#define MEMORY(end, size, jcc, base, d)                                                            \
	MOV_EDI, 0x48, 0x8d, 0x4f, end, FS(size, 0x48, 0x3b, 0x0c), jcc, 14,                       \
		FS(base, 0x48, 0x8b, 0x04), 0x8b, 0x44, 0x38, d, RET, TRAP

TEST(a_further_memory_is_reached_behind_its_check)
{
	ACCEPTED(MEMORY(12, MEM(1) + 8, 0x77, MEM(1), 8));
	ACCEPTED(MEMORY(12, MEM(1) + 8, 0x77, MEM(1), 0));
	REFUSED(FURTHER_MEMORY, MEMORY(12, MEM(1) + 8, 0x77, MEM(1), 9));
	REFUSED(FURTHER_MEMORY, MEMORY(11, MEM(1) + 8, 0x77, MEM(1), 8));
	REFUSED(FURTHER_MEMORY, MEMORY(12, MEM(1) + 8, 0x77, MEM(1), 0xfc)); /* below it */
	REFUSED(FURTHER_MEMORY, MEMORY(12, MEM(0) + 8, 0x77, MEM(1), 8)); /* another one's size */
	REFUSED(FURTHER_MEMORY, MEMORY(12, TABLE(0) + 8, 0x77, MEM(1), 8));
	REFUSED(FURTHER_MEMORY, MEMORY(12, GLOBAL(1), 0x77, MEM(1), 8));
	REFUSED(FURTHER_MEMORY, MEMORY(12, MEM(1) + 8, 0x72, MEM(1), 8)); /* jb */
	REFUSED(FURTHER_MEMORY, MEMORY(12, MEM(1) + 8, 0x7f, MEM(1), 8)); /* jg */
	REFUSED(ADDRESS, MEMORY(12, MEM(1) + 8, 0x77, GLOBAL(1), 8));
	/* mov edi, edi; lea rcx, [rdi + end]; lea rdx, [rdi + at]; cmp rcx, fs:[size]; ja out;
	 * mov rax, fs:[base]; mov eax, [rax + rdx]; out: ret */
#define CHECKED_AT(end, at)                                                                        \
	MOV_EDI, 0x48, 0x8d, 0x4f, end, 0x48, 0x8d, 0x57, at, FS(MEM(1) + 8, 0x48, 0x3b, 0x0c),    \
		0x77, 12, FS(MEM(1), 0x48, 0x8b, 0x04), 0x8b, 0x04, 0x10, RET
	ACCEPTED(CHECKED_AT(12, 8));
	REFUSED(FURTHER_MEMORY, CHECKED_AT(12, 9));
	REFUSED(FURTHER_MEMORY, CHECKED_AT(12, 16));
	/* mov edi, edi; lea rcx, [rdi + 12]; cmp rcx, fs:[size]; ja out; mov rax, fs:[base]; add rax, rdi;
	 * and esi, n; mov eax, [rax + rsi]; out: ret: what is added to the sum must be one number */
#define CHECKED_SUM(n)                                                                             \
	MOV_EDI, 0x48, 0x8d, 0x4f, 12, FS(MEM(1) + 8, 0x48, 0x3b, 0x0c), 0x77, 18,                 \
		FS(MEM(1), 0x48, 0x8b, 0x04), 0x48, 0x01, 0xf8, 0x83, 0xe6, n, 0x8b, 0x04, 0x30,   \
		RET
	ACCEPTED(CHECKED_SUM(0));
	REFUSED(FURTHER_MEMORY, CHECKED_SUM(127));
	/* and edi, 0xfffff; shl rdi, 2; ...: RDI is four times something, too */
#define TIMES_FOUR 0x81, 0xe7, LE32(0xfffff), 0x48, 0xc1, 0xe7, 2
	ACCEPTED(TIMES_FOUR, MEMORY(12, MEM(1) + 8, 0x77, MEM(1), 8));
	REFUSED(FURTHER_MEMORY, TIMES_FOUR, MEMORY(12, MEM(1) + 8, 0x77, MEM(1), 9));
	ACCEPTED(TIMES_FOUR, CHECKED_AT(12, 8));
	REFUSED(FURTHER_MEMORY, TIMES_FOUR, CHECKED_AT(12, 9));
	/* shr rdi, n; mov esi, edi; lea rcx, [rsi + 12]; cmp rcx, fs:[size]; ja out; mov rax, fs:[base];
	 * mov eax, [rax + rdi]; out: ret: its low half was compared */
#define CHECKED_HALF(n)                                                                            \
	0x48, 0xc1, 0xef, n, 0x89, 0xfe, 0x48, 0x8d, 0x4e, 12, FS(MEM(1) + 8, 0x48, 0x3b, 0x0c),   \
		0x77, 12, FS(MEM(1), 0x48, 0x8b, 0x04), 0x8b, 0x04, 0x38, RET
	ACCEPTED(CHECKED_HALF(32));
	REFUSED(FURTHER_MEMORY, CHECKED_HALF(25));
}

TEST(a_part_of_a_size_is_not_the_size)
{
	/* mov ecx, fs:[at]; sub rcx, 8; mov eax, gs:[rcx]; ret: table 1 has at least 8 entries */
#define LESS(at) FS(at, 0x8b, 0x0c), 0x48, 0x83, 0xe9, 8, 0x65, 0x8b, 0x01, RET
	ACCEPTED(LESS(TABLE(1) + 8));
	REFUSED(WINDOW, LESS(TABLE(1) + 12));
	REFUSED(WINDOW, LESS(TABLE(0) + 8)); /* and table 0 none */
	REFUSED(WINDOW, LESS(MEM(1) + 8));   /* the low half of 2^32 is 0 */
}

TEST(a_size_that_was_compared_is_a_least_size)
{
	/* cmp fs:[size], n; jb (or another) out; ...; mov rax, fs:[base]; mov ecx, [rax + at]; out: ret */
#define COMPARED_SIZE(size, n, jcc, at, ...)                                                       \
	FS(size, 0x48, 0x81, 0x3c), LE32(n), jcc, 15 + sizeof((uint8_t[]){__VA_ARGS__}),           \
		__VA_ARGS__, FS(MEM(1), 0x48, 0x8b, 0x04), 0x8b, 0x88, LE32(at), RET
	ACCEPTED(COMPARED_SIZE(MEM(1) + 8, 200004, 0x72, 200000, 0x90));
	REFUSED(FURTHER_MEMORY, COMPARED_SIZE(MEM(1) + 8, 200003, 0x72, 200000, 0x90));
	ACCEPTED(COMPARED_SIZE(MEM(1) + 8, 200003, 0x76, 200000, 0x90));		/* jbe */
	REFUSED(FURTHER_MEMORY, COMPARED_SIZE(MEM(1) + 8, 200004, 0x73, 200000, 0x90)); /* jae */
	REFUSED(FURTHER_MEMORY, COMPARED_SIZE(MEM(1) + 8, 200004, 0x74, 200000, 0x90)); /* je */
	REFUSED(FURTHER_MEMORY,
		COMPARED_SIZE(MEM(0) + 8, 200004, 0x72, 200000, 0x90)); /* another's */
	REFUSED(FURTHER_MEMORY, COMPARED_SIZE(TABLE(0) + 8, 200004, 0x72, 200000, 0x90));
	REFUSED(FURTHER_MEMORY, COMPARED_SIZE(GLOBAL(1), 200004, 0x72, 200000, 0x90));
	/* the larger of two, whichever comes first; test esi, esi; je to the next instruction, which is a label */
	ACCEPTED(COMPARED_SIZE(MEM(1) + 8, 200004, 0x72, 200000, FS(MEM(1) + 8, 0x48, 0x83, 0x3c),
			       9, 0x72, 15));
	ACCEPTED(COMPARED_SIZE(MEM(1) + 8, 9, 0x72, 200000, FS(MEM(1) + 8, 0x48, 0x81, 0x3c),
			       LE32(200004), 0x72, 15));
	REFUSED(FURTHER_MEMORY,
		COMPARED_SIZE(MEM(1) + 8, 200004, 0x72, 200000, 0x85, 0xf6, 0x74, 0));
}

TEST(a_further_memory_has_a_least_size)
{
	/* mov rax, fs:[base]; mov ecx, [rax + d] */
#define CONSTANT(d) FS(MEM(1), 0x48, 0x8b, 0x04), 0x8b, 0x88, LE32(d), RET
	ACCEPTED(CONSTANT(0));
	ACCEPTED(CONSTANT(65532));
	REFUSED(FURTHER_MEMORY, CONSTANT(65533));
	REFUSED(FURTHER_MEMORY, CONSTANT(-4));
	/* stale */
	REFUSED(ADDRESS, 0x53, FS(MEM(1), 0x48, 0x8b, 0x1c), FS(HELPER, 0xff, 0x14), 0x8b, 0x03,
		0x5b, RET);
}

/* ---- read-only data ------------------------------------------------------------------------------------------ */

TEST(read_only_data_are_read_only)
{
	const int32_t words[] = {1, 2, 3, 4};
	/* an instruction at 0 of n bytes, and a displacement */
#define BY_RIP(n, at, ...) VERDICT_WITH(words, __VA_ARGS__, LE32(CODE_RODATA + (at) - (n)), RET)
	CHECK_EQ(BY_RIP(6, 0, 0x8b, 0x05), VERIFY_OK);
	CHECK_EQ(BY_RIP(6, 12, 0x8b, 0x05), VERIFY_OK);
	CHECK_EQ(BY_RIP(6, 13, 0x8b, 0x05), VERIFY_RODATA);
	CHECK_EQ(BY_RIP(6, -1, 0x8b, 0x05), VERIFY_RODATA);
	CHECK_EQ(BY_RIP(6, -CODE_RODATA, 0x8b, 0x05), VERIFY_RODATA); /* code */
	CHECK_EQ(BY_RIP(7, 0, 0x0f, 0x28, 0x05), VERIFY_OK);
	CHECK_EQ(BY_RIP(7, 8, 0x0f, 0x28, 0x05), VERIFY_RODATA);
	CHECK_EQ(BY_RIP(6, 0, 0x89, 0x05), VERIFY_RODATA);	      /* mov [rip], eax */
	CHECK_EQ(BY_RIP(6, 0, 0x01, 0x05), VERIFY_RODATA);	      /* add */
	CHECK_EQ(BY_RIP(6, -CODE_RODATA, 0x89, 0x05), VERIFY_RODATA); /* code */
}

int main(void)
{
	RUN(a_branch_goes_to_an_instruction_of_the_function);
	RUN(a_call_goes_to_a_function);
	RUN(a_call_through_a_slot_takes_a_slot_for_that);
	RUN(a_code_address_may_be_kept_but_not_made);
	RUN(a_jump_table_is_checked_entry_by_entry);
	RUN(a_jump_table_has_an_end);
	RUN(a_jump_goes_where_the_words_say);
	RUN(a_jump_does_not_leave_by_wrapping_around);
	RUN(flags_are_those_of_the_last_instruction_that_wrote_them);
	RUN(slots_begin_and_end);
	RUN(a_slot_is_written_only_if_it_is_the_guests);
	RUN(an_access_stays_in_one_slot);
	RUN(an_index_is_below_the_tables_count);
	RUN(an_index_is_checked_as_it_is_used);
	RUN(a_forged_reference_is_an_index_like_any_other);
	RUN(a_tables_entry_is_read_in_its_parts);
	RUN(a_tables_address_is_stale_after_a_call);
	RUN(a_table_of_fixed_size_needs_no_count);
	RUN(a_further_memory_is_reached_behind_its_check);
	RUN(a_part_of_a_size_is_not_the_size);
	RUN(a_size_that_was_compared_is_a_least_size);
	RUN(a_further_memory_has_a_least_size);
	RUN(read_only_data_are_read_only);
	return check_report();
}
