/*
 * What the test image can be asked to do, in place of running a program: the "module" that the host
 * hands over is a struct probe_request, or a script (test/wast/script.h). The shipped image has
 * none of this.
 */
#ifndef TEST_IMAGE_PROBE_H
#define TEST_IMAGE_PROBE_H

#include <stdint.h>

#define PROBE_MAGIC 0x45424f5250575452ull /* "RTWPROBE" */

enum probe {
	/* guest code in the code region; the result is GUEST_TRAPPED | kind, or RAX */
	PROBE_GUEST_LOAD = 1, /* a = offset from GS */
	PROBE_GUEST_UD1,      /* a = kind byte */
	PROBE_GUEST_RECURSE,  /* until the guest stack ends */
	PROBE_GUEST_FAULTS,   /* a times: a load in the guard; result: the number of traps */
	PROBE_GUEST_FLAGS,  /* leaves DF, AC and MXCSR dirty; result: what the runtime sees after */
	PROBE_GUEST_UD2,    /* not a trap of ours: ends the enclave */
	PROBE_GUEST_DIVIDE, /* the same: #DE is no listed trap */
	PROBE_GUEST_WRITE_CODE, /* writes to its own page: ends the enclave */
	PROBE_GUEST_TOUCH_HEAP, /* an accepted heap page is fine, a heap hole ends the enclave (a =
				   1) */
	PROBE_GUEST_FALLS,	/* off its end into padding; the page behind it would return 42 */
	PROBE_GUEST_LAST_BYTES, /* ud2 as the last bytes of the code region: ends the enclave */
	PROBE_GUEST_EXCEPTION,	/* a trap; result: 1 when the handler ran on its own stack and is
				   over */
	/* the runtime's own faults all end the enclave */
	PROBE_RUNTIME_WRITE_TEXT,
	PROBE_RUNTIME_STACK,
	PROBE_RUNTIME_WINDOW,	/* the runtime itself reads the guest window's hole */
	PROBE_RUNTIME_READ,	/* reads the byte at address a */
	PROBE_RUNTIME_IN_GUEST, /* the hole of the window, read by the runtime for guest code */
	PROBE_RUNTIME_NO_GUEST, /* the same by code of the code region, not run as guest code */
	PROBE_PANIC,
	/* memory */
	PROBE_ACCEPT_TWICE, /* result: what the second EACCEPT says */
	PROBE_ACCEPT_UNASKED, /* of a page that the host was not asked for; result: what EACCEPT says */
	PROBE_GROW,	      /* a = bytes of window; result: 0, or enum err */
	PROBE_GROW_ACCEPTED, /* growth meets a page that was accepted before: ends the enclave */
	PROBE_LIMITS,	     /* result: the number of limits that do not hold */
	PROBE_HEAP,	     /* a = seed: allocate and free; result: number of broken blocks */
	PROBE_WINDOW_REUSE,  /* result: the byte that a second memory finds of the first */
	PROBE_CODE_IS_RX,    /* result: 1 when EACCEPT proves R+X and refuses R+W+X */
	/* entry */
	PROBE_ENTRY_STATE, /* result: MXCSR << 32 | x87 CW << 16 | bits of RFLAGS (DF, AC) */
	PROBE_CANARY,	   /* result: the canary */
	PROBE_CALLS,	   /* a host calls (YIELD) */
	PROBE_TRANSFER,	   /* reads 8 bytes, then writes 8; result: errno of the write << 16, of the
			    * read << 8, 1 when bytes behind the buffer changed */
	PROBE_MAP, /* maps handle 3 and reads two pages a times; result: errno of MAP << 56, or
			    * reads that went well << 28 | reads that failed */
	PROBE_GCM, /* seals 4 KiB, then copies and opens them a times; result: the tag's first 8 bytes,
			    * 0 when an opening failed */
	PROBE_SPIN, /* a million times a rounds of integer and vector work; a checksum */
	/* the engine of native code (probe_native.c) */
	PROBE_NATIVE,
	PROBE_NATIVE_REGISTERS = PROBE_NATIVE, /* result: how many were not what they are to be */
	PROBE_NATIVE_LEVELS, /* a levels of guest code and host functions, the innermost traps; result: a */
	PROBE_NATIVE_RODATA,	   /* result: the read-only data behind the code */
	PROBE_NATIVE_RODATA_WRITE, /* writes there: ends the enclave */
	PROBE_NATIVE_RODATA_EXEC,  /* jumps there: ends the enclave */
	PROBE_NATIVE_STOP, /* result: of code that polls, before << 32 | and after native_stop_all */
	PROBE_NATIVE_HELPER,	/* result: how many calls of helpers ended other than they should */
	PROBE_NATIVE_BAD_STACK, /* the same of calls out with a strange RSP */
	PROBE_NATIVE_TOUCH,	/* a = offset from GS */
	/* several threads (probe_threads.c) */
	PROBE_THREADS,
	PROBE_THREADS_WORK =
		PROBE_THREADS,	 /* 7 threads, each a rounds; result: rounds that were right */
	PROBE_THREADS_MUTEX,	 /* 7 threads count up a times each; result: the count */
	PROBE_THREADS_PING_PONG, /* 2 threads wake each other a times; result: 2 a */
	PROBE_THREADS_PARK,	 /* a: ms of a timeout; result: what was wrong */
	PROBE_THREADS_LIMIT,	 /* result: threads started << 8 | the second time */
	PROBE_THREADS_REUSE,	 /* a threads one after the other; result: a */
	PROBE_THREADS_LEFT_BEHIND, /* the first thread ends (a = 0) while 5 others never do; a = 1, 2: another dies */
	PROBE_THREADS_INTERRUPTED, /* waits for program_interrupt in 4 ways; result: ways and 2 << 8 | calls */
	PROBE_THREADS_END,     /* ended by another thread; result: 3 */
	PROBE_THREADS_FOREVER, /* 6 threads that nothing ends */
	PROBE_THREADS_ASK,     /* asks for a thread; 2 without one, else it parks for ever */
	PROBE_THREADS_ASK_HOST, /* THREAD_START of thread a that nobody prepared; result: the host's errno */
	PROBE_THREADS_SPIN, /* 7 threads, a million times a rounds; the sum of their checksums */
};

/* What PROBE_ENTRY_STATE returns, and what it is to be. */
uint64_t probe_machine_state(void);
#define PROBE_MACHINE_KNOWN ((uint64_t)0x1fbf << 32 | 0x37f << 16)

struct probe_request {
	uint64_t magic;
	uint64_t probe;
	uint64_t a;
};

#endif
