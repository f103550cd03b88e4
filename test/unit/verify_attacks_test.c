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
	REFUSED(INSTRUCTION, 0xf3, 0x0f, 0xae, 0xd0, RET);	 /* wrfsbase eax */
	REFUSED(INSTRUCTION, 0x65, 0x8e, 0xe8, RET);		 /* mov gs, eax, with a prefix */
	REFUSED(INSTRUCTION, 0x66, 0x8e, 0xe0, RET);		 /* mov fs, ax */
	REFUSED(INSTRUCTION, 0x8c, 0xe8, RET);			 /* mov eax, gs */
	REFUSED(INSTRUCTION, 0x0f, 0xb5, 0x07, RET);		 /* lgs */
	REFUSED(INSTRUCTION, 0x0f, 0x01, 0xf8, RET);		 /* swapgs */
	REFUSED(INSTRUCTION, 0x0f, 0xb4, 0x07, RET);		 /* lfs */
}

TEST(refuses_the_host_and_the_machine)
{
	REFUSED(INSTRUCTION, 0x0f, 0x05, RET);			 /* syscall */
	REFUSED(INSTRUCTION, 0x0f, 0x34, RET);			 /* sysenter */
	REFUSED(INSTRUCTION, 0xcd, 0x80, RET);			 /* int 0x80 */
	REFUSED(INSTRUCTION, 0xcc, RET);			 /* int3 */
	REFUSED(INSTRUCTION, 0x0f, 0x01, 0xd7, RET);		 /* enclu */
	REFUSED(INSTRUCTION, 0x0f, 0x01, 0xcf, RET);		 /* encls */
	REFUSED(INSTRUCTION, 0x0f, 0x01, 0xef, RET);		 /* wrpkru */
	REFUSED(INSTRUCTION, 0x0f, 0x01, 0xd0, RET);		 /* xgetbv */
	REFUSED(INSTRUCTION, 0x0f, 0xa2, RET);			 /* cpuid */
	REFUSED(INSTRUCTION, 0x0f, 0x31, RET);			 /* rdtsc */
	REFUSED(INSTRUCTION, 0x0f, 0xc7, 0xf8, RET);		 /* rdseed eax */
	REFUSED(INSTRUCTION, 0xec, RET);			 /* in al, dx */
	REFUSED(INSTRUCTION, 0x0f, 0xae, 0x07, RET);		 /* fxsave [rdi] */
	REFUSED(INSTRUCTION, 0x0f, 0xae, 0x27, RET);		 /* xsave [rdi] */
	REFUSED(INSTRUCTION, 0xc7, 0xf8, 0, 0, 0, 0, RET);	 /* xbegin */
	REFUSED(INSTRUCTION, 0x0f, 0x01, 0xd5, RET);		 /* xend */
	REFUSED(INSTRUCTION, 0x0f, 0x18, 0x0f, RET);		 /* prefetcht0 [rdi] */
	REFUSED(INSTRUCTION, 0xc6, 0xf8, 0x00, RET);		 /* xabort */
	REFUSED(INSTRUCTION, 0x0f, 0x01, 0xc0, RET);		 /* enclv */
	REFUSED(INSTRUCTION, 0x0f, 0x01, 0xee, RET);		 /* rdpkru */
	REFUSED(INSTRUCTION, 0x0f, 0x01, 0xe8, RET);		 /* serialize */
	REFUSED(INSTRUCTION, 0x0f, 0x01, 0x07, RET);		 /* sgdt [rdi] */
	REFUSED(INSTRUCTION, 0x0f, 0x00, 0xc8, RET);		 /* str eax */
	REFUSED(INSTRUCTION, 0x0f, 0x20, 0xc0, RET);		 /* mov rax, cr0 */
	REFUSED(INSTRUCTION, 0x0f, 0x23, 0xf8, RET);		 /* mov dr7, rax */
	REFUSED(INSTRUCTION, 0x0f, 0x30, RET);			 /* wrmsr */
	REFUSED(INSTRUCTION, 0x0f, 0x33, RET);			 /* rdpmc */
	REFUSED(INSTRUCTION, 0xfa, RET);			 /* cli */
	REFUSED(INSTRUCTION, 0xf3, 0x90, RET);			 /* pause */
	REFUSED(INSTRUCTION, 0x66, 0x0f, 0xae, 0xf7, RET);	 /* tpause edi */
	REFUSED(INSTRUCTION, 0x0f, 0xae, 0x3f, RET);		 /* clflush [rdi] */
	REFUSED(INSTRUCTION, 0x0f, 0x38, 0xf9, 0x07, RET);	 /* movdiri [rdi], eax */
	REFUSED(INSTRUCTION, 0x66, 0x0f, 0x38, 0xf8, 0x07, RET); /* movdir64b */
	REFUSED(INSTRUCTION, 0x0f, 0x38, 0xf6, 0x07, RET);	 /* wrssd [rdi], eax */
	REFUSED(INSTRUCTION, 0xf3, 0x0f, 0xae, 0xe8, RET);	 /* incsspd */
	REFUSED(INSTRUCTION, 0xf3, 0x0f, 0x01, 0xe8, RET);	 /* setssbsy */
	REFUSED(INSTRUCTION, 0xf3, 0x0f, 0xae, 0xe0, RET);	 /* ptwrite eax */
	REFUSED(INSTRUCTION, 0xf3, 0x0f, 0x1e, 0xfa, RET);	 /* endbr64 */
	REFUSED(INSTRUCTION, 0x0f, 0x1f, 0x07, RET);		 /* nop [rdi] */
	ACCEPTED(0x0f, 0xae, 0xf0, 0x0f, 0x1f, 0x00, RET);	 /* mfence; nop [rax] */
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
	REFUSED(INSTRUCTION, 0xfc, RET);			       /* cld */
	REFUSED(INSTRUCTION, 0x48, 0x9d, RET);			       /* popfq */
	REFUSED(INSTRUCTION, 0x9c, RET);			       /* pushf */
	REFUSED(INSTRUCTION, 0x9f, RET);			       /* lahf */
	REFUSED(INSTRUCTION, 0xf9, RET);			       /* stc */
	REFUSED(INSTRUCTION, 0x0f, 0x01, 0xca, RET);		       /* clac */
	REFUSED(INSTRUCTION, 0x0f, 0xae, 0x1c, 0x24, RET);	       /* stmxcsr [rsp] */
	REFUSED(INSTRUCTION, 0x0f, 0xae, 0x2f, RET);		       /* xrstor [rdi] */
	REFUSED(INSTRUCTION, 0x0f, 0xae, 0x0f, RET);		       /* fxrstor [rdi] */
	REFUSED(INSTRUCTION, 0xdb, 0xe3, RET);			       /* fninit */
	REFUSED(INSTRUCTION, 0xd9, 0x2f, RET);			       /* fldcw [rdi] */
	REFUSED(INSTRUCTION, 0x9b, RET);			       /* fwait */
	REFUSED(INSTRUCTION, 0xc5, 0xf8, 0x92, 0xc0, RET);	       /* kmovw k0, eax */
	REFUSED(INSTRUCTION, 0xc4, 0xe2, 0x78, 0x49, 0xc0, RET);       /* tilerelease */
	ACCEPTED(0xc5, 0xf8, 0x77, RET);			       /* vzeroupper */
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
	REFUSED(INSTRUCTION, 0x65, 0x0f, 0xb3, 0x07, RET);	       /* btr gs:[rdi], eax */
	REFUSED(INSTRUCTION, 0xf0, 0x0f, 0xbb, 0x07, RET);	       /* lock btc [rdi], eax */
	REFUSED(INSTRUCTION, 0xd7, RET);			       /* xlat */
	REFUSED(INSTRUCTION, 0xa6, RET);			       /* cmpsb */
	REFUSED(INSTRUCTION, 0x6c, RET);			       /* insb */
	REFUSED(INSTRUCTION, 0x0f, 0xf7, 0xc1, RET);		       /* maskmovq */
	REFUSED(INSTRUCTION, 0x48, 0x0f, 0xc7, 0x0f, RET);	       /* cmpxchg16b [rdi] */
	REFUSED(INSTRUCTION, 0x8f, 0x07, RET);			       /* pop [rdi] */
	REFUSED(INSTRUCTION, 0xff, 0x37, RET);			       /* push [rdi] */
	REFUSED(INSTRUCTION, 0x6a, 0x00, RET);			       /* push 0 */
	REFUSED(INSTRUCTION, 0x66, 0x50, RET);			       /* push ax */
	REFUSED(INSTRUCTION, 0xa1, LE32(0), LE32(0), RET);	       /* mov eax, moffs */
	REFUSED(INSTRUCTION, 0xc9, RET);			       /* leave */
	REFUSED(INSTRUCTION, 0xc8, 8, 0, 0, RET);		       /* enter */
	ACCEPTED(0x0f, 0xab, 0xc7, RET);			       /* bts edi, eax */
	ACCEPTED(MOV_EDI, 0x65, 0x0f, 0xba, 0x2f, 31, RET);	       /* bts gs:[rdi], 31 */
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
	REFUSED(INSTRUCTION, MOV_EDI, 0x65, 0xf2, 0xf0, 0x01, 0x07, RET); /* XACQUIRE */
	REFUSED(INSTRUCTION, MOV_EDI, 0x65, 0xf0, 0xf2, 0x01, 0x07, RET);
	REFUSED(INSTRUCTION, MOV_EDI, 0x65, 0xf0, 0x11, 0x07, RET); /* LOCK ADC */
	REFUSED(INSTRUCTION, MOV_EDI, 0x65, 0xf0, 0x39, 0x07, RET); /* LOCK CMP */
	REFUSED(INSTRUCTION, MOV_EDI, 0x65, 0xf0, 0x03, 0x07, RET); /* LOCK ADD eax, gs:[rdi] */
}

TEST(refuses_operands_that_an_instruction_cannot_have)
{
	REFUSED(INSTRUCTION, 0x0f, 0xb1, 0xc1, RET); /* cmpxchg ecx, eax */
	REFUSED(INSTRUCTION, 0x0f, 0xc1, 0xc1, RET); /* xadd ecx, eax */
	REFUSED(INSTRUCTION, 0x8d, 0xc1, RET);	     /* lea eax, ecx */
	REFUSED(INSTRUCTION, 0x0f, 0x50, 0x07, RET); /* movmskps eax, [rdi] */
	ACCEPTED(0x0f, 0x50, 0xc7, RET);
	/* no index, though a scale: gs:[rdi + none * 2] */
	ACCEPTED(MOV_EDI, 0x65, 0x8b, 0x04, 0x27, RET);
	REFUSED(INSTRUCTION, MOV_EDI, 0x65, 0x8b, 0x04, 0x67, RET);
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
	/* test esi, esi; je (or jmp) to the ja; cmp rdi, 5; ja over; gs:[rdi]: of one of the two */
	REFUSED(WINDOW, 0x85, 0xf6, 0x74, 4, 0x48, 0x83, 0xff, 5, 0x77, 3, LOAD_RDI, RET);
	ACCEPTED(0x85, 0xf6, 0x74, 9, 0x48, 0x83, 0xff, 5, 0x77, 3, LOAD_RDI, RET);
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

TEST(an_immediate_is_as_long_as_its_operand)
{
	/* sub rsp, 8; mov edi, -1 (or mov rdi, -1); inc rdi; mov [rsp + rdi], al; add rsp, 8; ret */
#define FROM_MINUS_ONE(...)                                                                        \
	0x48, 0x83, 0xec, 8, __VA_ARGS__, LE32(-1), 0x48, 0xff, 0xc7, 0x88, 0x04, 0x3c, 0x48,      \
		0x83, 0xc4, 8, RET
	REFUSED(FRAME, FROM_MINUS_ONE(0xbf)); /* 2^32 */
	ACCEPTED(FROM_MINUS_ONE(0x48, 0xc7, 0xc7));
}

TEST(the_second_byte_of_a_register_is_not_its_first)
{
	/* sub rsp, 8; cmp al, 8; jae over; movzx edi, al (or ah); mov [rsp + rdi], cl; over: add rsp, 8; ret */
#define BYTE_READ(modrm)                                                                           \
	0x48, 0x83, 0xec, 8, 0x3c, 8, 0x73, 6, 0x0f, 0xb6, modrm, 0x88, 0x0c, 0x3c, 0x48, 0x83,    \
		0xc4, 8, RET
	ACCEPTED(BYTE_READ(0xf8));
	REFUSED(FRAME, BYTE_READ(0xfc));
	/* sub rsp, 8; xor eax, eax; mov ah (or al), 1; mov [rsp + rax], cl; ... */
#define BYTE_WRITTEN(op)                                                                           \
	0x48, 0x83, 0xec, 8, 0x31, 0xc0, op, 1, 0x88, 0x0c, 0x04, 0x48, 0x83, 0xc4, 8, RET
	ACCEPTED(BYTE_WRITTEN(0xb0));
	REFUSED(FRAME, BYTE_WRITTEN(0xb4));
	/* sub rsp, 8; cmp ah (or al), 8; jae over; movzx eax, al; mov [rsp + rax], cl; over: ... */
#define BYTE_COMPARED(modrm)                                                                       \
	0x48, 0x83, 0xec, 8, 0x80, modrm, 8, 0x73, 6, 0x0f, 0xb6, 0xc0, 0x88, 0x0c, 0x04, 0x48,    \
		0x83, 0xc4, 8, RET
	ACCEPTED(BYTE_COMPARED(0xf8));
	REFUSED(FRAME, BYTE_COMPARED(0xfc));
	/* xor al, al and xor al, ah */
	ACCEPTED(0x48, 0x83, 0xec, 8, 0x31, 0xc0, 0x30, 0xc0, 0x88, 0x0c, 0x04, 0x48, 0x83, 0xc4, 8,
		 RET);
	REFUSED(FRAME, 0x48, 0x83, 0xec, 8, 0x0f, 0xb7, 0xc0, 0x30, 0xe0, 0x0f, 0xb6, 0xc0, 0x88,
		0x0c, 0x04, 0x48, 0x83, 0xc4, 8, RET);
}

TEST(an_exchange_and_add_leaves_the_sum)
{
	/* push rdi; xor eax, eax; xadd (or xchg) [rsp], rax; mov rdi, [rsp]; mov eax, gs:[rdi]; pop rcx; ret */
	REFUSED(WINDOW, 0x57, 0x31, 0xc0, 0x48, 0x0f, 0xc1, 0x04, 0x24, 0x48, 0x8b, 0x3c, 0x24,
		LOAD_RDI, 0x59, RET);
	ACCEPTED(0x57, 0x31, 0xc0, 0x48, 0x87, 0x04, 0x24, 0x48, 0x8b, 0x3c, 0x24, LOAD_RDI, 0x59,
		 RET);
	/* and what was there, in the register: xor eax, eax; push rax; xchg [rsp], rdi; ... */
	REFUSED(WINDOW, 0x31, 0xff, 0x50, 0x48, 0x87, 0x3c, 0x24, LOAD_RDI, 0x59, RET);
	ACCEPTED(0x31, 0xc0, 0x50, 0x48, 0x87, 0x3c, 0x24, LOAD_RDI, 0x59, RET);
}

TEST(numbers_are_related_only_as_a_whole)
{
	/* mov esi, edi; add rsi, rdi; mov eax, gs:[rsi]: equal are the low halves alone */
	REFUSED(WINDOW, 0x89, 0xfe, 0x48, 0x01, 0xfe, 0x65, 0x8b, 0x06, RET);
	ACCEPTED(MOV_EDI, 0x89, 0xfe, 0x48, 0x01, 0xfe, 0x65, 0x8b, 0x06, RET);
	/* movzx esi, dil; cmp rsi, 5; ja over; mov edi, edi; gs:[rdi * 8]: a byte of it is no more; the same
	 * with movsx rsi, dil; and with what is all of it */
#define COMPARED(...)                                                                              \
	MOV_EDI, __VA_ARGS__, 0x48, 0x83, 0xfe, 5, 0x77, 8, 0x65, 0x8b, 0x04, 0xfd, LE32(0), RET
	REFUSED(WINDOW, COMPARED(0x40, 0x0f, 0xb6, 0xf7));
	REFUSED(WINDOW, COMPARED(0x48, 0x0f, 0xbe, 0xf7));
	REFUSED(WINDOW, COMPARED(0x0f, 0xb7, 0xf7));
	ACCEPTED(COMPARED(0x89, 0xfe));
	ACCEPTED(COMPARED(0x48, 0x63, 0xf7));
	/* movzx edi, dil; movsx esi, dil (or mov esi, edi); cmp esi, -128; jb over; gs:[rdi - 2^31]; over: ret */
#define EXTENDED(...)                                                                              \
	__VA_ARGS__, 0x83, 0xfe, 0x80, 0x72, 8, 0x65, 0x8b, 0x87, LE32(INT32_MIN), 0x90, RET
	REFUSED(WINDOW, EXTENDED(0x40, 0x0f, 0xb6, 0xff, 0x40, 0x0f, 0xbe, 0xf7));
	ACCEPTED(EXTENDED(MOV_EDI, 0x89, 0xfe));
	/* mov edi, edi; lea ecx (or rcx), [rdi + 16]; cmp edi, 16; jb over; mov eax, gs:[rcx - 32] */
	REFUSED(WINDOW, MOV_EDI, 0x8d, 0x4f, 16, 0x83, 0xff, 16, 0x72, 4, 0x65, 0x8b, 0x41, 0xe0,
		RET);
	ACCEPTED(MOV_EDI, 0x48, 0x8d, 0x4f, 16, 0x83, 0xff, 16, 0x72, 4, 0x65, 0x8b, 0x41, 0xe0,
		 RET);
	/* lea rdx, [rdi + 4]; cmp edi, 5; ja over; mov eax, gs:[rdx] */
	REFUSED(WINDOW, 0x48, 0x8d, 0x57, 4, 0x83, 0xff, 5, 0x77, 3, 0x65, 0x8b, 0x02, RET);
	ACCEPTED(MOV_EDI, 0x48, 0x8d, 0x57, 4, 0x83, 0xff, 5, 0x77, 3, 0x65, 0x8b, 0x02, RET);
}

TEST(an_operand_that_is_memory_is_looked_at)
{
	REFUSED(ADDRESS, 0xf7, 0x17, RET);			/* not [rdi] */
	REFUSED(ADDRESS, 0x10, 0x07, RET);			/* adc [rdi], al */
	REFUSED(ADDRESS, 0xf3, 0x0f, 0xb8, 0x07, RET);		/* popcnt eax, [rdi] */
	REFUSED(ADDRESS, 0x0f, 0x94, 0x07, RET);		/* sete [rdi] */
	REFUSED(ADDRESS, 0x0f, 0x44, 0x07, RET);		/* cmove eax, [rdi] */
	REFUSED(ADDRESS, 0x0f, 0xaf, 0x07, RET);		/* imul eax, [rdi] */
	REFUSED(ADDRESS, 0x85, 0x07, RET);			/* test [rdi], eax */
	REFUSED(ADDRESS, 0xd1, 0x27, RET);			/* shl [rdi], 1 */
	REFUSED(ADDRESS, 0x0f, 0xa4, 0x07, 1, RET);		/* shld [rdi], eax, 1 */
	REFUSED(ADDRESS, 0xf7, 0x27, RET);			/* mul [rdi] */
	REFUSED(ADDRESS, 0x0f, 0x38, 0xf1, 0x07, RET);		/* movbe [rdi], eax */
	REFUSED(ADDRESS, 0x0f, 0x58, 0x07, RET);		/* addps xmm0, [rdi] */
	REFUSED(ADDRESS, 0xc5, 0xfc, 0x11, 0x07, RET);		/* vmovups [rdi], ymm0 */
	REFUSED(ADDRESS, 0xc4, 0xe2, 0x71, 0x2e, 0x07, RET);	/* vmaskmovps [rdi], xmm1, xmm0 */
	REFUSED(ADDRESS, 0xc4, 0xe3, 0x79, 0x14, 0x07, 0, RET); /* vpextrb [rdi], xmm0, 0 */
	/* all of 32 bytes, whatever the mask; 8 bytes of a half */
	REFUSED(FRAME, 0x48, 0x83, 0xec, 24, 0xc4, 0xe2, 0x75, 0x2e, 0x04, 0x24, 0x48, 0x83, 0xc4,
		24, RET);
	ACCEPTED(0x48, 0x83, 0xec, 32, 0xc4, 0xe2, 0x75, 0x2e, 0x04, 0x24, 0x48, 0x83, 0xc4, 32,
		 RET);
	REFUSED(FRAME, 0x48, 0x83, 0xec, 4, 0x0f, 0x13, 0x04, 0x24, 0x48, 0x83, 0xc4, 4, RET);
	ACCEPTED(0x50, 0x0f, 0x13, 0x04, 0x24, 0x59, RET);
}

TEST(an_address_is_no_number)
{
	REFUSED(WINDOW, 0x48, 0x8d, 0x3d, LE32(0), LOAD_RDI, RET); /* lea rdi, [rip]; gs:[rdi] */
	REFUSED(WINDOW, 0x48, 0x8d, 0x3c, 0x24, LOAD_RDI, RET);	   /* lea rdi, [rsp] */
	REFUSED(WINDOW, FS(slots()->tables, 0x48, 0x8b, 0x3c), LOAD_RDI, RET);
	REFUSED(WINDOW, FS(slots()->memories, 0x48, 0x8b, 0x3c), LOAD_RDI, RET);
	REFUSED(WINDOW, FS(slots()->imports, 0x48, 0x8b, 0x3c), LOAD_RDI, RET);
	ACCEPTED(0x48, 0x8d, 0x3d, LE32(0), MOV_EDI, LOAD_RDI, RET); /* half of it is one */
	/* gs:[rip + rdi], gs:[rsp] */
	REFUSED(WINDOW, 0x65, 0x48, 0x8b, 0x04, 0x24, RET);
	/* push rax; mov fs:[rsp], eax; pop rcx: the frame by FS */
	REFUSED(SLOT, 0x50, 0x64, 0x89, 0x04, 0x24, 0x59, RET);
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
	/* sub rsp, 64; mov rdi, rsp; again: mov [rdi], al; add rdi (or 0), 8; dec rcx; jne again; add rsp, 64 */
#define GROWING(by)                                                                                \
	0x48, 0x83, 0xec, 64, 0x48, 0x89, 0xe7, 0x88, 0x07, 0x48, 0x83, 0xc7, by, 0x48, 0xff,      \
		0xc9, 0x75, 0xf5, 0x48, 0x83, 0xc4, 64, RET
	REFUSED(FRAME, GROWING(8));
	ACCEPTED(GROWING(0));
	/* ... add edi, 8 ... */
	ACCEPTED(MOV_EDI, LOAD_RDI, 0x83, 0xc7, 8, 0x48, 0xff, 0xc9, 0x75, 0xf5, RET);
}

TEST(a_call_leaves_nothing_known_of_its_registers)
{
	/* push rax; mov edi, edi; call next; mov eax, gs:[rdi]; pop rcx; ret */
	REFUSED(WINDOW, 0x50, MOV_EDI, 0xe8, LE32(8), LOAD_RDI, 0x59, RET);
	ACCEPTED(0x50, MOV_EDI, 0xe8, LE32(8), 0x90, 0x90, 0x90, 0x59, RET);
	/* nor of its flags: push rbx; mov rbx, rdi; cmp rbx, 5; call next; ja over; mov eax, gs:[rbx];
	 * over: pop rbx; ret; the same with the call before the comparison */
	REFUSED(WINDOW, 0x53, 0x48, 0x89, 0xfb, 0x48, 0x83, 0xfb, 5, 0xe8, LE32(19), 0x77, 3, 0x65,
		0x8b, 0x03, 0x5b, RET);
	ACCEPTED(0x53, 0x48, 0x89, 0xfb, 0xe8, LE32(23), 0x48, 0x83, 0xfb, 5, 0x77, 3, 0x65, 0x8b,
		 0x03, 0x5b, RET);
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

/* What is known of the low byte stays known when the rest of the register is not. */
TEST(a_byte_that_is_written_is_known_and_no_other)
{
	static const uint32_t one[1], two[2];

#define LOOK_UP                                                                                    \
	0x48, 0x8d, 0x0d, LE32(CODE_RODATA - 13), 0x8b, 0x04, 0x81, RET /* [rcx + 4 * rax] */
	CHECK_EQ(VERDICT_WITH(two, 0x0f, 0x94, 0xc0, 0x0f, 0xb6, 0xc0, LOOK_UP), VERIFY_OK);
	CHECK_EQ(VERDICT_WITH(one, 0x0f, 0x94, 0xc0, 0x0f, 0xb6, 0xc0, LOOK_UP), VERIFY_RODATA);
	/* sete ah, or all 16 bits afterwards */
	CHECK_EQ(VERDICT_WITH(two, 0x0f, 0x94, 0xc4, 0x0f, 0xb6, 0xc0, LOOK_UP), VERIFY_RODATA);
	CHECK_EQ(VERDICT_WITH(two, 0x0f, 0x94, 0xc0, 0x0f, 0xb7, 0xc0, LOOK_UP), VERIFY_RODATA);
#undef LOOK_UP
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
	RUN(refuses_operands_that_an_instruction_cannot_have);
	RUN(refuses_what_crosses_the_end);
	RUN(the_window_needs_a_zero_extended_index);
	RUN(numbers_wrap_around);
	RUN(a_negative_number_stays_one);
	RUN(flags_of_a_sum_tell_whether_it_is_zero);
	RUN(an_undefined_upper_half_is_no_zero);
	RUN(an_immediate_is_as_long_as_its_operand);
	RUN(the_second_byte_of_a_register_is_not_its_first);
	RUN(an_exchange_and_add_leaves_the_sum);
	RUN(numbers_are_related_only_as_a_whole);
	RUN(an_operand_that_is_memory_is_looked_at);
	RUN(an_address_is_no_number);
	RUN(an_address_is_made_of_the_old_registers);
	RUN(the_window_has_an_end);
	RUN(nothing_lies_below_the_window);
	RUN(no_window_no_access);
	RUN(a_loop_does_not_grow_out_of_the_window);
	RUN(a_call_leaves_nothing_known_of_its_registers);
	RUN(both_sources_of_a_cmov_count);
	RUN(a_byte_that_is_written_is_known_and_no_other);
	RUN(all_paths_to_a_label_count);
	return check_report();
}
