/* The verifier: the stack pointer, the frame, and what the caller gets back. */
#include "test/unit/verify_code.h"

#define PUSH 0x50 /* push rax: the stack is aligned for calls */
#define POP  0x59 /* pop rcx */

TEST(the_frame_lies_between_rsp_and_the_return_address)
{
	ACCEPTED(PUSH, 0x48, 0x89, 0x04, 0x24, POP, RET);	      /* mov [rsp], rax */
	REFUSED(FRAME, 0x48, 0x89, 0x44, 0x24, 0xf8, RET);	      /* red zone */
	REFUSED(FRAME, 0x48, 0x8b, 0x44, 0x24, 0xf8, RET);	      /* ... read */
	REFUSED(FRAME, 0x48, 0x89, 0x04, 0x24, RET);		      /* the return address */
	REFUSED(FRAME, 0x48, 0x8b, 0x04, 0x24, RET);		      /* ... read */
	REFUSED(FRAME, 0x48, 0x89, 0x44, 0x24, 0x08, RET);	      /* the caller's frame */
	REFUSED(FRAME, PUSH, 0x48, 0x89, 0x44, 0x24, 0x04, POP, RET); /* half of it */
	REFUSED(FRAME, PUSH, 0x0f, 0x11, 0x04, 0x24, POP, RET);	      /* 16 bytes of 8 */
	REFUSED(FRAME, PUSH, 0xc6, 0x44, 0x24, 0x08, 0, POP, RET);    /* a byte */
	REFUSED(FRAME, PUSH, 0x88, 0x44, 0x24, 0xff, POP, RET);
	REFUSED(FRAME, 0x58, RET); /* pop of the return address */
}

TEST(the_stack_is_balanced)
{
	REFUSED(STACK_POINTER, PUSH, RET);
	REFUSED(STACK_POINTER, 0x48, 0x83, 0xc4, 0x08, RET); /* add rsp, 8 */
	REFUSED(STACK_POINTER, 0x48, 0x83, 0xec, 0x08, RET); /* sub rsp, 8 */
	/* over the return address and back */
	REFUSED(STACK_POINTER, 0x48, 0x83, 0xc4, 0x08, 0x48, 0x83, 0xec, 0x08, RET);
	REFUSED(STACK_POINTER, PUSH, 0xe9, LE32(10)); /* jmp next */
	ACCEPTED(0xe9, LE32(11));
	REFUSED(STACK_POINTER, PUSH, 0x85, 0xc0, 0x0f, 0x84, LE32(7), POP, RET); /* je next */
	ACCEPTED(0x85, 0xc0, 0x0f, 0x84, LE32(8), RET);
	/* a push on one path alone; in a loop */
	REFUSED(STACK_POINTER, 0x85, 0xc0, 0x74, 1, PUSH, RET);
	REFUSED(STACK_POINTER, PUSH, 0xff, 0xc9, 0x75, 0xfb, RET);
	REFUSED(STACK_POINTER, PUSH, PUSH, POP, 0xff, 0xc9, 0x75, 0xfb, POP, RET);
}

TEST(the_stack_pointer_goes_nowhere_else)
{
	REFUSED(STACK_POINTER, 0x48, 0x89, 0xfc, RET);		   /* mov rsp, rdi */
	REFUSED(STACK_POINTER, 0x89, 0xe4, RET);		   /* mov esp, esp */
	REFUSED(STACK_POINTER, 0x48, 0x87, 0xc4, RET);		   /* xchg rsp, rax */
	REFUSED(STACK_POINTER, 0x48, 0x8d, 0x27, RET);		   /* lea rsp, [rdi] */
	REFUSED(STACK_POINTER, PUSH, 0x5c, RET);		   /* pop rsp */
	REFUSED(STACK_POINTER, PUSH, 0x48, 0x8b, 0x24, 0x24, RET); /* mov rsp, [rsp] */
	REFUSED(STACK_POINTER, 0x48, 0x83, 0xe4, 0xe0, RET);	   /* and rsp, -32 */
	REFUSED(STACK_POINTER, 0x48, 0x0f, 0x44, 0xe7, RET);	   /* cmove rsp, rdi */
	REFUSED(STACK_POINTER, 0x48, 0x29, 0xc4, RET);		   /* sub rsp, rax */
	REFUSED(STACK_POINTER, 0x40, 0x80, 0xec, 0x08, RET);	   /* sub spl, 8 */
	REFUSED(STACK_POINTER, 0x40, 0x0f, 0x90, 0xc4, RET);	   /* seto spl */
	REFUSED(STACK_POINTER, 0xf3, 0x48, 0x0f, 0xb8, 0xe0, RET); /* popcnt rsp, rax */
	REFUSED(STACK_POINTER, 0x66, 0x48, 0x0f, 0x7e, 0xc4, RET); /* movq rsp, xmm0 */
	REFUSED(STACK_POINTER, 0x48, 0x83, 0xec, 2, 0x48, 0x83, 0xc4, 2, RET);
	REFUSED(STACK_POINTER, 0x65, 0x48, 0x8b, 0x24, 0x25, LE32(0), RET); /* mov rsp, gs:[0] */
}

TEST(a_frame_has_a_limit)
{
	ACCEPTED(0x48, 0x81, 0xec, LE32(VERIFY_FRAME_MAX), 0x48, 0x81, 0xc4, LE32(VERIFY_FRAME_MAX),
		 RET);
	REFUSED(STACK_POINTER, 0x48, 0x81, 0xec, LE32(VERIFY_FRAME_MAX + 8), 0x48, 0x81, 0xc4,
		LE32(VERIFY_FRAME_MAX + 8), RET);
	/* sub rsp, max; push */
	REFUSED(STACK_POINTER, 0x48, 0x81, 0xec, LE32(VERIFY_FRAME_MAX), PUSH, POP, 0x48, 0x81,
		0xc4, LE32(VERIFY_FRAME_MAX), RET);
}

TEST(a_call_finds_the_stack_aligned)
{
	ACCEPTED(PUSH, 0xe8, LE32(10), POP, RET);
	REFUSED(STACK_POINTER, 0xe8, LE32(11), RET);
	REFUSED(STACK_POINTER, 0x48, 0x83, 0xec, 16, 0xe8, LE32(7), 0x48, 0x83, 0xc4, 16, RET);
	REFUSED(STACK_POINTER, 0x48, 0x83, 0xec, 12, 0xe8, LE32(7), 0x48, 0x83, 0xc4, 12, RET);
	ACCEPTED(0x48, 0x83, 0xec, 24, 0xe8, LE32(7), 0x48, 0x83, 0xc4, 24, RET);
	/* what calls nothing may have a frame of words */
	ACCEPTED(0x48, 0x83, 0xec, 12, 0x89, 0x44, 0x24, 8, 0x48, 0x83, 0xc4, 12, RET);
}

TEST(another_register_may_point_into_the_frame)
{
	/* push rbp; mov rbp, rsp; sub rsp, 16; mov [rbp + d], rax; mov rsp, rbp; pop rbp; ret */
#define BY_RBP(d)                                                                                  \
	0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 16, 0x48, 0x89, 0x45, d, 0x48, 0x89, 0xec, 0x5d, \
		RET
	ACCEPTED(BY_RBP(0xf8));
	ACCEPTED(BY_RBP(0xf0));
	REFUSED(FRAME, BY_RBP(0xef)); /* below RSP */
	REFUSED(FRAME, BY_RBP(8));    /* the return address */
	REFUSED(SAVED, BY_RBP(0));    /* the saved register */
	REFUSED(SAVED, BY_RBP(0xfc));
	/* an address of the frame is no index */
	REFUSED(WINDOW, 0x48, 0x8d, 0x3c, 0x24, LOAD_RDI, RET);
	/* what has been popped is out of reach: lea rdi, [rsp]; pop rcx; mov [rdi], rax */
	REFUSED(FRAME, PUSH, 0x48, 0x8d, 0x3c, 0x24, POP, 0x48, 0x89, 0x07, RET);
}

TEST(the_caller_gets_its_registers_back)
{
	REFUSED(SAVED, 0x31, 0xdb, RET);	   /* rbx */
	REFUSED(SAVED, 0x31, 0xed, RET);	   /* rbp */
	REFUSED(SAVED, 0x45, 0x31, 0xe4, RET);	   /* r12 */
	REFUSED(SAVED, 0x45, 0x31, 0xed, RET);	   /* r13 */
	REFUSED(SAVED, 0x45, 0x31, 0xf6, RET);	   /* r14 */
	REFUSED(SAVED, 0x45, 0x31, 0xff, RET);	   /* r15 */
	REFUSED(SAVED, 0x31, 0xdb, 0xe9, LE32(9)); /* jmp next */
	REFUSED(SAVED, 0xb3, 1, RET);		   /* mov bl, 1 */
	ACCEPTED(0x53, 0x31, 0xdb, 0x5b, RET);
	REFUSED(SAVED, 0x53, 0x55, 0x5b, 0x5d, RET);			    /* swapped */
	REFUSED(SAVED, 0x53, 0x48, 0x89, 0x04, 0x24, 0x5b, RET);	    /* overwritten */
	REFUSED(SAVED, 0x53, 0x89, 0x44, 0x24, 4, 0x5b, RET);		    /* half */
	REFUSED(SAVED, 0x53, 0x88, 0x44, 0x24, 7, 0x5b, RET);		    /* a byte */
	REFUSED(SAVED, 0x53, PUSH, 0x0f, 0x11, 0x04, 0x24, POP, 0x5b, RET); /* a vector */
	REFUSED(SAVED, 0x53, 0xf0, 0xff, 0x04, 0x24, 0x5b, RET);	    /* lock inc [rsp] */
	REFUSED(SAVED, 0x89, 0xd8, 0x89, 0xc3, RET);			    /* 32 bits of it */
	ACCEPTED(0x48, 0x89, 0xd8, 0x31, 0xdb, 0x48, 0x89, 0xc3, RET);
	/* pop and push again: no longer there */
	REFUSED(SAVED, 0x53, POP, PUSH, 0x5b, RET);
	/* through a call, which keeps it */
	ACCEPTED(0x53, 0x31, 0xdb, 0xe8, LE32(8), 0x5b, RET);
	/* in a register that a call changes */
	REFUSED(SAVED, 0x48, 0x89, 0xd8, PUSH, 0xe8, LE32(7), 0x48, 0x89, 0xc3, POP, RET);
}

TEST(an_index_into_the_frame_may_hit_every_place)
{
	/* push rbx; sub rsp, 32; cmp edi, n; ja out; mov edi, edi; mov [rsp + rdi * 4], eax; out: add rsp, 32;
	 * pop rbx; ret */
#define BY_INDEX(n)                                                                                \
	0x53, 0x48, 0x83, 0xec, 32, 0x83, 0xff, n, 0x77, 5, 0x89, 0xff, 0x89, 0x04, 0xbc, 0x48,    \
		0x83, 0xc4, 32, 0x5b, RET
	ACCEPTED(BY_INDEX(7));
	REFUSED(SAVED, BY_INDEX(8));
	REFUSED(SAVED, BY_INDEX(9));
	REFUSED(FRAME, BY_INDEX(10)); /* the return address */
}

TEST(one_of_several_places_is_none_of_them)
{
	/* push rax; mov edi, edi; push rdi; cmp esi, n; ja over; mov esi, esi; mov rdi, [rsp + rsi * 8];
	 * mov eax, gs:[rdi]; over: add rsp, 16; ret */
#define LOADED(n)                                                                                  \
	PUSH, MOV_EDI, 0x57, 0x83, 0xfe, n, 0x77, 9, MOV_ESI, 0x48, 0x8b, 0x3c, 0xf4, LOAD_RDI,    \
		0x48, 0x83, 0xc4, 16, RET
	ACCEPTED(LOADED(0));
	REFUSED(WINDOW, LOADED(1));
	/* push rax; push rax; mov edi, edi; cmp esi, n; ja over; mov esi, esi; mov [rsp + rsi * 8], rdi;
	 * mov rdi, [rsp]; mov eax, gs:[rdi]; over: add rsp, 16; ret */
#define STORED(n)                                                                                  \
	PUSH, PUSH, MOV_EDI, 0x83, 0xfe, n, 0x77, 13, MOV_ESI, 0x48, 0x89, 0x3c, 0xf4, 0x48, 0x8b, \
		0x3c, 0x24, LOAD_RDI, 0x48, 0x83, 0xc4, 16, RET
	ACCEPTED(STORED(0));
	REFUSED(WINDOW, STORED(1));
}

TEST(what_was_spilled_is_known_until_it_is_overwritten)
{
	/* push rax; mov edi, edi; mov [rsp], rdi; ...; mov rdi, [rsp]; mov eax, gs:[rdi]; pop rcx; ret */
#define SPILLED(...)                                                                               \
	PUSH, MOV_EDI, 0x48, 0x89, 0x3c, 0x24, __VA_ARGS__, 0x48, 0x8b, 0x3c, 0x24, LOAD_RDI, POP, \
		RET
	ACCEPTED(SPILLED(0x90));
	ACCEPTED(SPILLED(0xe8, LE32(20)));	       /* a call */
	REFUSED(WINDOW, SPILLED(0x89, 0x44, 0x24, 4)); /* its upper half */
	REFUSED(WINDOW, SPILLED(0x88, 0x44, 0x24, 7));
	REFUSED(WINDOW, SPILLED(0x48, 0x89, 0x04, 0x24));
	REFUSED(WINDOW, SPILLED(0x0f, 0x13, 0x04, 0x24)); /* movlps [rsp], xmm0 */
	REFUSED(WINDOW, SPILLED(POP, PUSH));
	REFUSED(WINDOW, SPILLED(0x48, 0x83, 0xc4, 8, 0x48, 0x83, 0xec, 8));
	/* push rax; mov [rsp], 0 (a byte, two, four); test esi, esi; je to the next, a label; mov edi, [rsp];
	 * mov eax, gs:[rdi * 8] */
#define PART_SPILLED(...)                                                                          \
	PUSH, __VA_ARGS__, 0x85, 0xf6, 0x74, 0, 0x8b, 0x3c, 0x24, 0x65, 0x8b, 0x04, 0xfd, LE32(0), \
		POP, RET
	REFUSED(WINDOW, PART_SPILLED(0xc6, 0x04, 0x24, 0));
	REFUSED(WINDOW, PART_SPILLED(0x66, 0xc7, 0x04, 0x24, 0, 0));
	ACCEPTED(PART_SPILLED(0xc7, 0x04, 0x24, LE32(0)));
	ACCEPTED(PART_SPILLED(0x48, 0xc7, 0x04, 0x24, LE32(0)));
	/* 4 bytes stored, 8 loaded */
	REFUSED(WINDOW, PUSH, 0x89, 0x3c, 0x24, 0x48, 0x8b, 0x3c, 0x24, LOAD_RDI, POP, RET);
	ACCEPTED(PUSH, 0x48, 0x89, 0x3c, 0x24, 0x8b, 0x3c, 0x24, LOAD_RDI, POP, RET);
}

TEST(an_index_of_a_table_is_not_what_it_was_made_of)
{
	const uint32_t count = slots()->tables + 8;

	/* mov edi, edi; lea rsi, [rdi + 4096]; cmp rsi, fs:[count]; jae (or ja) out; cmp edi, 2; jae out;
	 * sub rsp, 16; mov [rsp + rsi + d], al; add rsp, 16; out: ret: RSI is 4096 or 4097 either way */
#define PLUS(jcc, d)                                                                               \
	MOV_EDI, 0x48, 0x8d, 0xb7, LE32(4096), FS(count, 0x48, 0x3b, 0x34), jcc, 20, 0x83, 0xff,   \
		2, 0x73, 15, 0x48, 0x83, 0xec, 16, 0x88, 0x84, 0x34, LE32(d), 0x48, 0x83, 0xc4,    \
		16, RET
	REFUSED(FRAME, PLUS(0x73, 0));
	REFUSED(FRAME, PLUS(0x77, 0));
	REFUSED(FRAME, PLUS(0x77, -4096 + 15));
	ACCEPTED(PLUS(0x77, -4096 + 14));
	/* mov edi, edi; mov rsi, rdi; shl rsi, 4; cmp rsi, fs:[count]; jae (or ja) out; cmp edi, 2; jae out;
	 * sub rsp, n; mov [rsp + rsi], al; add rsp, n; out: ret: RSI is 0 or 16 */
#define TIMES(jcc, n)                                                                              \
	MOV_EDI, 0x48, 0x89, 0xfe, 0x48, 0xc1, 0xe6, 4, FS(count, 0x48, 0x3b, 0x34), jcc, 16,      \
		0x83, 0xff, 2, 0x73, 11, 0x48, 0x83, 0xec, n, 0x88, 0x04, 0x34, 0x48, 0x83, 0xc4,  \
		n, RET
	REFUSED(FRAME, TIMES(0x73, 16));
	REFUSED(FRAME, TIMES(0x77, 16));
	ACCEPTED(TIMES(0x77, 24));
}

int main(void)
{
	RUN(the_frame_lies_between_rsp_and_the_return_address);
	RUN(the_stack_is_balanced);
	RUN(the_stack_pointer_goes_nowhere_else);
	RUN(a_frame_has_a_limit);
	RUN(a_call_finds_the_stack_aligned);
	RUN(another_register_may_point_into_the_frame);
	RUN(the_caller_gets_its_registers_back);
	RUN(an_index_into_the_frame_may_hit_every_place);
	RUN(one_of_several_places_is_none_of_them);
	RUN(what_was_spilled_is_known_until_it_is_overwritten);
	RUN(an_index_of_a_table_is_not_what_it_was_made_of);
	return check_report();
}
