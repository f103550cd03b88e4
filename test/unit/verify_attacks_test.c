/*
 * Attacks on the sandbox, by hand: each is refused for the reason that is meant, and something as close to it
 * as can be is accepted.
 */
#include "test/unit/verify_code.h"

/* ---- instructions that are on no list ------------------------------------------------------------------ */

TEST(refuses_segment_moves_and_bases)
{
	REFUSED(INSTRUCTION, 0x8e, 0xe8, RET);			 /* mov gs, eax */
	REFUSED(INSTRUCTION, 0x8e, 0xe0, RET);			 /* mov fs, eax */
	REFUSED(INSTRUCTION, 0x0f, 0xa1, RET);			 /* pop fs */
	REFUSED(INSTRUCTION, 0x0f, 0xa9, RET);			 /* pop gs */
	REFUSED(INSTRUCTION, 0xf3, 0x48, 0x0f, 0xae, 0xd0, RET); /* wrfsbase rax */
	REFUSED(INSTRUCTION, 0xf3, 0x48, 0x0f, 0xae, 0xd8, RET); /* wrgsbase rax */
	REFUSED(INSTRUCTION, 0xf3, 0x48, 0x0f, 0xae, 0xc8, RET); /* rdgsbase rax */
	REFUSED(INSTRUCTION, 0x0f, 0x01, 0xf8, RET);		 /* swapgs */
	REFUSED(INSTRUCTION, 0x0f, 0xb4, 0x07, RET);		 /* lfs */
}

TEST(refuses_the_host_and_the_machine)
{
	REFUSED(INSTRUCTION, 0x0f, 0x05, RET);		   /* syscall */
	REFUSED(INSTRUCTION, 0x0f, 0x34, RET);		   /* sysenter */
	REFUSED(INSTRUCTION, 0xcd, 0x80, RET);		   /* int 0x80 */
	REFUSED(INSTRUCTION, 0xcc, RET);		   /* int3 */
	REFUSED(INSTRUCTION, 0x0f, 0x01, 0xd7, RET);	   /* enclu */
	REFUSED(INSTRUCTION, 0x0f, 0x01, 0xcf, RET);	   /* encls */
	REFUSED(INSTRUCTION, 0x0f, 0x01, 0xef, RET);	   /* wrpkru */
	REFUSED(INSTRUCTION, 0x0f, 0x01, 0xd0, RET);	   /* xgetbv */
	REFUSED(INSTRUCTION, 0x0f, 0xa2, RET);		   /* cpuid */
	REFUSED(INSTRUCTION, 0x0f, 0x31, RET);		   /* rdtsc */
	REFUSED(INSTRUCTION, 0x0f, 0xc7, 0xf8, RET);	   /* rdseed eax */
	REFUSED(INSTRUCTION, 0xec, RET);		   /* in al, dx */
	REFUSED(INSTRUCTION, 0x0f, 0xae, 0x07, RET);	   /* fxsave [rdi] */
	REFUSED(INSTRUCTION, 0x0f, 0xae, 0x27, RET);	   /* xsave [rdi] */
	REFUSED(INSTRUCTION, 0xc7, 0xf8, 0, 0, 0, 0, RET); /* xbegin */
	REFUSED(INSTRUCTION, 0x0f, 0x01, 0xd5, RET);	   /* xend */
	REFUSED(INSTRUCTION, 0x0f, 0x18, 0x0f, RET);	   /* prefetcht0 [rdi] */
}

TEST(refuses_state_that_the_runtime_would_inherit)
{
	REFUSED(INSTRUCTION, 0x0f, 0x77, RET);			       /* emms */
	REFUSED(INSTRUCTION, 0xd9, 0xe8, RET);			       /* fld1 */
	REFUSED(INSTRUCTION, 0xfd, RET);			       /* std */
	REFUSED(INSTRUCTION, 0x9d, RET);			       /* popf */
	REFUSED(INSTRUCTION, 0x9e, RET);			       /* sahf */
	REFUSED(INSTRUCTION, 0x0f, 0x01, 0xcb, RET);		       /* stac */
	REFUSED(INSTRUCTION, 0x0f, 0xae, 0x14, 0x24, RET);	       /* ldmxcsr [rsp] */
	REFUSED(INSTRUCTION, 0xc5, 0xf8, 0xae, 0x14, 0x24, RET);       /* vldmxcsr [rsp] */
	REFUSED(INSTRUCTION, 0x0f, 0x6f, 0xc1, RET);		       /* movq mm0, mm1 */
	REFUSED(INSTRUCTION, 0xc5, 0xfc, 0x77, RET);		       /* vzeroall */
	REFUSED(INSTRUCTION, 0x62, 0xf1, 0x7c, 0x48, 0x28, 0xc1, RET); /* vmovaps zmm0, zmm1 */
	REFUSED(INSTRUCTION, 0x8f, 0xe9, 0x78, 0x01, 0xc8, RET);       /* XOP */
}

TEST(refuses_implicit_addresses)
{
	REFUSED(INSTRUCTION, 0xa4, RET);			       /* movsb */
	REFUSED(INSTRUCTION, 0xf3, 0xa4, RET);			       /* rep movsb */
	REFUSED(INSTRUCTION, 0xaa, RET);			       /* stosb */
	REFUSED(INSTRUCTION, 0x65, 0xac, RET);			       /* lodsb gs:[rsi] */
	REFUSED(INSTRUCTION, 0x66, 0x0f, 0xf7, 0xc1, RET);	       /* maskmovdqu */
	REFUSED(INSTRUCTION, 0xc4, 0xe2, 0x75, 0x90, 0x04, 0x07, RET); /* vpgatherdd */
	REFUSED(INSTRUCTION, 0x0f, 0xab, 0x07, RET);		       /* bts [rdi], eax */
	REFUSED(INSTRUCTION, 0x48, 0x0f, 0xab, 0x44, 0x24, 0xf8, RET); /* bts [rsp - 8], rax */
	REFUSED(INSTRUCTION, 0x65, 0x0f, 0xa3, 0x07, RET);	       /* bt gs:[rdi], eax */
	REFUSED(INSTRUCTION, 0xd7, RET);			       /* xlat */
	REFUSED(INSTRUCTION, 0xa1, LE32(0), LE32(0), RET);	       /* mov eax, moffs */
	REFUSED(INSTRUCTION, 0xc9, RET);			       /* leave */
	REFUSED(INSTRUCTION, 0xc8, 8, 0, 0, RET);		       /* enter */
	ACCEPTED(0x0f, 0xab, 0xc7, RET);			       /* bts edi, eax */
}

TEST(refuses_other_ways_to_transfer_control)
{
	REFUSED(INSTRUCTION, 0xcb);		/* retf */
	REFUSED(INSTRUCTION, 0x48, 0xcb);	/* retfq */
	REFUSED(INSTRUCTION, 0xc2, 8, 0);	/* ret 8 */
	REFUSED(INSTRUCTION, 0x66, 0xc3);	/* data16 ret */
	REFUSED(INSTRUCTION, 0xf3, 0xc3);	/* rep ret */
	REFUSED(INSTRUCTION, 0xf2, 0xc3);	/* bnd ret */
	REFUSED(INSTRUCTION, 0x48, 0xcf);	/* iretq */
	REFUSED(INSTRUCTION, 0xff, 0x1f, RET);	/* call far [rdi] */
	REFUSED(INSTRUCTION, 0xff, 0x2f);	/* jmp far [rdi] */
	REFUSED(INSTRUCTION, 0x66, 0xe9, 0, 0); /* jmp rel16 */
	REFUSED(INSTRUCTION, 0x66, 0xe8, 0, 0, 0, 0, RET);
	REFUSED(INSTRUCTION, 0x66, 0xff, 0xe0);	     /* jmp ax */
	REFUSED(INSTRUCTION, 0xe2, 0xfe, RET);	     /* loop */
	REFUSED(INSTRUCTION, 0xe3, 0xfe, RET);	     /* jrcxz */
	REFUSED(INSTRUCTION, 0x2e, 0x74, 0x00, RET); /* je, with a hint */
	REFUSED(INSTRUCTION, 0x3e, 0xff, 0xe0);	     /* notrack jmp */
	ACCEPTED(RET);
}

TEST(refuses_prefixes_that_mean_nothing_or_something_else)
{
	ACCEPTED(MOV_EDI, 0x65, 0x8b, 0x07, RET);
	REFUSED(INSTRUCTION, MOV_EDI, 0x65, 0x65, 0x8b, 0x07, RET); /* GS twice */
	REFUSED(INSTRUCTION, MOV_EDI, 0x65, 0x64, 0x8b, 0x07, RET); /* the last one counts: FS */
	REFUSED(INSTRUCTION, MOV_EDI, 0x64, 0x65, 0x8b, 0x07, RET);
	REFUSED(INSTRUCTION, MOV_EDI, 0x65, 0x2e, 0x8b, 0x07, RET);
	REFUSED(INSTRUCTION, MOV_EDI, 0x65, 0x67, 0x8b, 0x07, RET); /* 32-bit address */
	REFUSED(INSTRUCTION, MOV_EDI, 0x67, 0x65, 0x8b, 0x07, RET);
	REFUSED(INSTRUCTION, MOV_EDI, 0x65, 0xf0, 0x8b, 0x07, RET); /* LOCK MOV */
	REFUSED(INSTRUCTION, 0xf0, 0x01, 0xc0, RET);		    /* LOCK ADD eax, eax */
	ACCEPTED(MOV_EDI, 0x65, 0xf0, 0x01, 0x07, RET);		    /* LOCK ADD gs:[rdi], eax */
	REFUSED(INSTRUCTION, 0x48, 0x66, 0x01, 0xc0, RET);	    /* REX before 66: no REX */
	REFUSED(INSTRUCTION, 0x48, 0x48, 0x01, 0xc0, RET);
	REFUSED(INSTRUCTION, 0x66, 0x66, 0x01, 0xc0, RET);
	REFUSED(INSTRUCTION, 0x66, 0x48, 0x01, 0xc0, RET); /* 66 and REX.W */
	REFUSED(INSTRUCTION, 0x40, 0x01, 0xc0, RET);	   /* REX for nothing */
	REFUSED(INSTRUCTION, 0x42, 0x01, 0xc0, RET);	   /* REX.X without an index */
	REFUSED(INSTRUCTION, 0xf3, 0x01, 0xc0, RET);
	REFUSED(INSTRUCTION, 0x65, 0x01, 0xc0, RET);	      /* a segment without memory */
	REFUSED(INSTRUCTION, 0x65, 0x8d, 0x07, RET);	      /* and of LEA */
	REFUSED(INSTRUCTION, 0x65, 0x8b, 0x05, LE32(0), RET); /* gs:[rip] */
}

TEST(refuses_vex_that_is_not_as_the_compiler_has_it)
{
	ACCEPTED(0xc5, 0xf0, 0x58, 0xc2, RET); /* vaddps xmm0, xmm1, xmm2 */
	REFUSED(INSTRUCTION, 0x66, 0xc5, 0xf0, 0x58, 0xc2, RET);
	REFUSED(INSTRUCTION, 0xf0, 0xc5, 0xf0, 0x58, 0xc2, RET);
	REFUSED(INSTRUCTION, 0x48, 0xc5, 0xf0, 0x58, 0xc2, RET);
	REFUSED(INSTRUCTION, 0xc4, 0xe1, 0x70, 0x58, 0xc2, RET);    /* long where short would do */
	REFUSED(INSTRUCTION, 0xc4, 0xe0, 0x70, 0x58, 0xc2, RET);    /* map 0 */
	REFUSED(INSTRUCTION, 0xc4, 0xe4, 0x70, 0x58, 0xc2, RET);    /* map 4 */
	REFUSED(INSTRUCTION, 0xc4, 0xe0, 0x79, 0x0f, 0xc2, 8, RET); /* map 0: no palignr */
	ACCEPTED(0xc5, 0xf8, 0x51, 0xc2, RET);			    /* vsqrtps xmm0, xmm2 */
	REFUSED(INSTRUCTION, 0xc5, 0xf0, 0x51, 0xc2, RET);	    /* vvvv is not unused */
	REFUSED(INSTRUCTION, 0xc5, 0xfc, 0x2e, 0xc2, RET);	    /* L of a scalar */
	REFUSED(INSTRUCTION, 0xc4, 0xe1, 0xf0, 0x58, 0xc2, RET);    /* W without a meaning */
	ACCEPTED(0xc4, 0xe3, 0x71, 0x4a, 0xc2, 0x30, RET);	    /* vblendvps */
	REFUSED(INSTRUCTION, 0xc4, 0xe3, 0x71, 0x4a, 0xc2, 0x31, RET);
}

TEST(refuses_what_crosses_the_end)
{
	/* the next function's RET is not this one's */
	static const uint8_t nops[16] = {0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
					 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90};
	uint8_t crossing[16];

	CHECK_EQ(verdict_with(nops, sizeof nops, NULL, 0), VERIFY_END);
	memcpy(crossing, nops, sizeof crossing);
	crossing[15] = 0xb8; /* mov eax, with the immediate in the next function */
	CHECK_EQ(verdict_with(crossing, sizeof crossing, NULL, 0), VERIFY_INSTRUCTION);
}

/* ---- the window ------------------------------------------------------------------------------------------ */

TEST(the_window_needs_a_zero_extended_index)
{
	ACCEPTED(MOV_EDI, LOAD_RDI, RET);
	REFUSED(WINDOW, LOAD_RDI, RET);			  /* an argument: 64 bits of anything */
	REFUSED(ADDRESS, MOV_EDI, 0x8b, 0x07, RET);	  /* without GS */
	REFUSED(SLOT, MOV_EDI, 0x64, 0x8b, 0x07, RET);	  /* FS for GS */
	REFUSED(WINDOW, 0x48, 0x89, 0xff, LOAD_RDI, RET); /* mov rdi, rdi */
	REFUSED(WINDOW, 0x48, 0x63, 0xff, LOAD_RDI, RET); /* movsxd rdi, edi */
	REFUSED(WINDOW, 0x66, 0xbf, 5, 0, LOAD_RDI, RET); /* mov di, 5 */
	REFUSED(WINDOW, 0x40, 0xb7, 5, LOAD_RDI, RET);	  /* mov dil, 5 */
	ACCEPTED(MOV_EDI, 0x66, 0xbf, 5, 0, LOAD_RDI, RET);
	ACCEPTED(0x0f, 0xb7, 0xff, LOAD_RDI, RET);		      /* movzx edi, di */
	REFUSED(WINDOW, MOV_EDI, 0x48, 0x0f, 0xcf, LOAD_RDI, RET);    /* bswap rdi */
	REFUSED(WINDOW, MOV_EDI, 0x48, 0xf7, 0xdf, LOAD_RDI, RET);    /* neg rdi */
	REFUSED(WINDOW, MOV_EDI, 0x48, 0xf7, 0xd7, LOAD_RDI, RET);    /* not rdi */
	REFUSED(WINDOW, MOV_EDI, 0x48, 0xc1, 0xe7, 3, LOAD_RDI, RET); /* shl rdi, 3 */
	ACCEPTED(MOV_EDI, 0x48, 0xc1, 0xe7, 1, LOAD_RDI, RET);
	REFUSED(WINDOW, MOV_EDI, 0x48, 0xd3, 0xe7, LOAD_RDI, RET);	 /* shl rdi, cl */
	REFUSED(WINDOW, MOV_EDI, 0x48, 0x6b, 0xff, 9, LOAD_RDI, RET);	 /* imul rdi, rdi, 9 */
	REFUSED(WINDOW, MOV_EDI, 0x48, 0x83, 0xef, 1, LOAD_RDI, RET);	 /* sub rdi, 1 */
	REFUSED(WINDOW, MOV_EDI, 0x48, 0xff, 0xcf, LOAD_RDI, RET);	 /* dec rdi */
	REFUSED(WINDOW, MOV_EDI, 0x48, 0x83, 0xcf, 0x80, LOAD_RDI, RET); /* or rdi, -128 */
	REFUSED(WINDOW, MOV_EDI, 0x48, 0x83, 0xf7, 0x80, LOAD_RDI, RET); /* xor rdi, -128 */
	ACCEPTED(0x48, 0x83, 0xe7, 0x7f, LOAD_RDI, RET);		 /* and rdi, 127 */
	REFUSED(WINDOW, 0x48, 0x83, 0xe7, 0x80, LOAD_RDI, RET);		 /* and rdi, -128 */
	REFUSED(WINDOW, 0x48, 0xc1, 0xef, 29, LOAD_RDI, RET);		 /* shr rdi, 29 */
	ACCEPTED(0x48, 0xc1, 0xef, 32, LOAD_RDI, RET);
	REFUSED(WINDOW, 0x48, 0xc1, 0xff, 40, LOAD_RDI, RET); /* sar rdi, 40 */
}

TEST(numbers_wrap_around)
{
	/* gs:[rdi * 8] needs more than 32 bits that are zero */
#define LOAD_RDI_8 0x65, 0x8b, 0x04, 0xfd, LE32(0)
	REFUSED(WINDOW, 0x31, 0xff, 0xff, 0xcf, 0x48, 0xff, 0xc7, LOAD_RDI_8,
		RET); /* 0 - 1 as 32 bits + 1 */
	ACCEPTED(MOV_EDI, 0xff, 0xcf, LOAD_RDI, RET);
	ACCEPTED(MOV_EDI, 0x01, 0xff, LOAD_RDI, RET);		     /* add edi, edi */
	REFUSED(WINDOW, MOV_EDI, 0x66, 0xbf, 5, 0, LOAD_RDI_8, RET); /* mov di, 5 */
	ACCEPTED(0x0f, 0xb7, 0xff, 0x66, 0xbf, 5, 0, LOAD_RDI_8, RET);
	/* 0..2 shifted by 63 */
	REFUSED(WINDOW, 0x83, 0xff, 2, 0x77, 9, MOV_EDI, 0x48, 0xc1, 0xe7, 63, LOAD_RDI, RET);
	/* (1..2^32) * (1..2^32) */
	REFUSED(WINDOW, MOV_EDI, MOV_ESI, 0x48, 0xff, 0xc7, 0x48, 0xff, 0xc6, 0x48, 0x0f, 0xaf,
		0xfe, LOAD_RDI, RET);
}

TEST(a_negative_number_stays_one)
{
#define MOVSX_RDI 0x48, 0x0f, 0xbe, 0xff /* movsx rdi, dil */
#define MOVSX_RSI 0x48, 0x0f, 0xbe, 0xf6
	REFUSED(WINDOW, MOVSX_RDI, LOAD_RDI, RET);
	REFUSED(WINDOW, MOVSX_RDI, MOV_ESI, 0x48, 0x0f, 0xaf, 0xfe, LOAD_RDI,
		RET);							/* imul rdi, rsi */
	REFUSED(WINDOW, MOVSX_RDI, 0x48, 0x83, 0xcf, 1, LOAD_RDI, RET); /* or rdi, 1 */
	REFUSED(WINDOW, MOVSX_RSI, 0x48, 0x21, 0xf7, LOAD_RDI, RET);	/* and rdi, rsi */
	/* cmp rdi, rsi; jae over; ... : below what may be very large */
	REFUSED(WINDOW, MOVSX_RSI, 0x48, 0x39, 0xf7, 0x73, 3, LOAD_RDI, RET);
	/* mov di, 5; cmp rdi, 100; jg over */
	REFUSED(WINDOW, 0x66, 0xbf, 5, 0, 0x48, 0x83, 0xff, 100, 0x7f, 3, LOAD_RDI, RET);
	/* ... ja over */
	ACCEPTED(0x66, 0xbf, 5, 0, 0x48, 0x83, 0xff, 100, 0x77, 3, LOAD_RDI, RET);
}

TEST(flags_of_a_sum_tell_whether_it_is_zero)
{
	REFUSED(WINDOW, 0x48, 0x01, 0xf7, 0x77, 3, LOAD_RDI, RET); /* add rdi, rsi; ja over */
	REFUSED(WINDOW, 0x48, 0xff, 0xcf, 0x76, 3, LOAD_RDI, RET); /* dec rdi; jbe over */
	REFUSED(WINDOW, 0x48, 0x01, 0xf7, 0x74, 3, LOAD_RDI, RET); /* je over */
	ACCEPTED(0x48, 0x01, 0xf7, 0x75, 3, LOAD_RDI, RET);	   /* jne over: it is 0 */
	ACCEPTED(0x48, 0x85, 0xff, 0x75, 3, LOAD_RDI, RET);	   /* test rdi, rdi */
	REFUSED(WINDOW, 0x48, 0x85, 0xff, 0x79, 3, LOAD_RDI, RET); /* jns */
	REFUSED(WINDOW, 0x48, 0x85, 0xf7, 0x75, 3, LOAD_RDI, RET); /* test rdi, rsi */
}

TEST(an_undefined_upper_half_is_no_zero)
{
	REFUSED(WINDOW, 0x0f, 0xbc, 0xfe, LOAD_RDI, RET); /* bsf edi, esi */
	REFUSED(WINDOW, 0x0f, 0xbd, 0xfe, LOAD_RDI, RET); /* bsr edi, esi */
	ACCEPTED(0xf3, 0x0f, 0xbc, 0xfe, LOAD_RDI, RET);  /* tzcnt */
	/* cmpxchg leaves RAX alone if it was equal */
	REFUSED(WINDOW, MOV_EDI, 0x65, 0xf0, 0x0f, 0xb1, 0x37, 0x65, 0x8b, 0x00, RET);
	ACCEPTED(MOV_EDI, 0x31, 0xc0, 0x65, 0xf0, 0x0f, 0xb1, 0x37, 0x65, 0x8b, 0x00, RET);
}

TEST(an_address_is_made_of_the_old_registers)
{
	/* popcnt rax, gs:[rax]: RAX is small only afterwards */
	REFUSED(WINDOW, 0x65, 0xf3, 0x48, 0x0f, 0xb8, 0x00, RET);
	ACCEPTED(0x31, 0xc0, 0x65, 0xf3, 0x48, 0x0f, 0xb8, 0x00, RET);
	ACCEPTED(0xf3, 0x48, 0x0f, 0xb8, 0xc0, 0x65, 0x8b, 0x00, RET);
}

TEST(the_window_has_an_end)
{
	/* gs:[rdi * 4 + d]: 4 * (2^32 - 1) + 4 is its size */
	ACCEPTED(MOV_EDI, 0x65, 0x8b, 0x04, 0xbd, LE32(0), RET);
	REFUSED(WINDOW, MOV_EDI, 0x65, 0x8b, 0x04, 0xbd, LE32(1), RET);
	REFUSED(WINDOW, MOV_EDI, 0x65, 0x48, 0x8b, 0x04, 0xbd, LE32(0), RET); /* 8 bytes */
	REFUSED(WINDOW, MOV_EDI, 0x65, 0x0f, 0x10, 0x04, 0xbd, LE32(0), RET); /* 16 */
	REFUSED(WINDOW, MOV_EDI, 0x65, 0x8b, 0x04, 0xfd, LE32(0), RET);	      /* rdi * 8 */
	REFUSED(WINDOW, MOV_EDI, MOV_ESI, 0x65, 0x8b, 0x04, 0xbe, RET);	      /* rsi + rdi * 4 */
}

TEST(nothing_lies_below_the_window)
{
	ACCEPTED(MOV_EDI, 0x65, 0x8b, 0x87, LE32(8192), RET);
	REFUSED(WINDOW, MOV_EDI, 0x65, 0x8b, 0x87, LE32(-8192), RET); /* gs:[rdi - 8192] */
	REFUSED(WINDOW, 0x65, 0x8b, 0x04, 0x25, LE32(-4), RET);	      /* gs:[-4] */
	ACCEPTED(0x65, 0x8b, 0x04, 0x25, LE32(4), RET);
	/* ... unless the index is known to be above */
	ACCEPTED(MOV_EDI, 0x81, 0xff, LE32(8192), 0x72, 8, 0x65, 0x8b, 0x87, LE32(-8192), 0x90,
		 RET);
	REFUSED(WINDOW, MOV_EDI, 0x81, 0xff, LE32(8191), 0x72, 8, 0x65, 0x8b, 0x87, LE32(-8192),
		0x90, RET);
}

TEST(no_window_no_access)
{
	world()->image.window_size = 0;
	REFUSED(WINDOW, MOV_EDI, LOAD_RDI, RET);
	world()->image.window_size = 4;
	ACCEPTED(0x31, 0xff, LOAD_RDI, RET);
	REFUSED(WINDOW, 0xbf, LE32(1), LOAD_RDI, RET);
	REFUSED(WINDOW, 0x31, 0xff, 0x65, 0x48, 0x8b, 0x07, RET);
	world()->image.window_size = CODE_WINDOW;
}

TEST(a_loop_does_not_grow_out_of_the_window)
{
	/* again: mov eax, gs:[rdi]; add rdi, 8; dec rcx; jne again */
	REFUSED(WINDOW, MOV_EDI, LOAD_RDI, 0x48, 0x83, 0xc7, 8, 0x48, 0xff, 0xc9, 0x75, 0xf4, RET);
	/* ... add edi, 8 ... */
	ACCEPTED(MOV_EDI, LOAD_RDI, 0x83, 0xc7, 8, 0x48, 0xff, 0xc9, 0x75, 0xf5, RET);
}

TEST(a_call_leaves_nothing_known_of_its_registers)
{
	/* push rax; mov edi, edi; call next; mov eax, gs:[rdi]; pop rcx; ret */
	REFUSED(WINDOW, 0x50, MOV_EDI, 0xe8, LE32(8), LOAD_RDI, 0x59, RET);
	ACCEPTED(0x50, MOV_EDI, 0xe8, LE32(8), 0x90, 0x90, 0x90, 0x59, RET);
}

TEST(both_sources_of_a_cmov_count)
{
	/* mov edi, edi; cmovb rdi, rsi; mov eax, gs:[rdi] */
	REFUSED(WINDOW, MOV_EDI, 0x48, 0x0f, 0x42, 0xfe, LOAD_RDI, RET);
	ACCEPTED(MOV_EDI, MOV_ESI, 0x48, 0x0f, 0x42, 0xfe, LOAD_RDI, RET);
	REFUSED(WINDOW, MOV_ESI, 0x48, 0x0f, 0x42, 0xfe, LOAD_RDI, RET);
	/* xchg rdi, rsi */
	REFUSED(WINDOW, MOV_EDI, 0x48, 0x87, 0xfe, LOAD_RDI, RET);
	ACCEPTED(MOV_ESI, 0x48, 0x87, 0xfe, LOAD_RDI, RET);
}

TEST(all_paths_to_a_label_count)
{
	/* test esi, esi; je over; mov edi, edi; over: mov eax, gs:[rdi] */
	REFUSED(WINDOW, 0x85, 0xf6, 0x74, 2, MOV_EDI, LOAD_RDI, RET);
	ACCEPTED(MOV_EDI, 0x85, 0xf6, 0x74, 2, MOV_EDI, LOAD_RDI, RET);
	/* backwards: jmp test; load: mov eax, gs:[rdi]; ret; test: mov edi, edi; jmp load */
	ACCEPTED(0xeb, 4, LOAD_RDI, RET, MOV_EDI, 0xeb, 0xf8);
	REFUSED(WINDOW, 0xeb, 4, LOAD_RDI, RET, 0x89, 0xf8, 0xeb, 0xf8);
}

int main(void)
{
	RUN(refuses_segment_moves_and_bases);
	RUN(refuses_the_host_and_the_machine);
	RUN(refuses_state_that_the_runtime_would_inherit);
	RUN(refuses_implicit_addresses);
	RUN(refuses_other_ways_to_transfer_control);
	RUN(refuses_prefixes_that_mean_nothing_or_something_else);
	RUN(refuses_vex_that_is_not_as_the_compiler_has_it);
	RUN(refuses_what_crosses_the_end);
	RUN(the_window_needs_a_zero_extended_index);
	RUN(numbers_wrap_around);
	RUN(a_negative_number_stays_one);
	RUN(flags_of_a_sum_tell_whether_it_is_zero);
	RUN(an_undefined_upper_half_is_no_zero);
	RUN(an_address_is_made_of_the_old_registers);
	RUN(the_window_has_an_end);
	RUN(nothing_lies_below_the_window);
	RUN(no_window_no_access);
	RUN(a_loop_does_not_grow_out_of_the_window);
	RUN(a_call_leaves_nothing_known_of_its_registers);
	RUN(both_sources_of_a_cmov_count);
	RUN(all_paths_to_a_label_count);
	return check_report();
}
