/*
 * The seam between enclave and host: what goes through registers at entry and exit, and the layout
 * of the one shared area of host memory. Both sides include this; neither includes the other.
 * Everything that stands in the shared area is untrusted for the enclave, which copies each record
 * in once and checks the copy. Little-endian, fixed width; offsets count from the start of the
 * area.
 */
#ifndef BOUNDARY_ABI_H
#define BOUNDARY_ABI_H

#define ABI_VERSION 3

/* EENTER at CSSA 0: RDI says why. Every other value is answered by EXIT_REFUSED. */
#define ENTER_START	1 /* once, first, on thread 0: RSI = the shared area, RDX = its size */
#define ENTER_RESUME	2 /* the host call that this thread asked for is answered */
#define ENTER_PROBE	3 /* does nothing: the cost of a round trip */
#define ENTER_THREAD	4 /* once after each THREAD_START, on the thread that it named */
#define ENTER_INTERRUPT 5 /* on the last thread: the program is to end */

/* EEXIT: RDI says why. */
#define EXIT_DONE    1 /* what the entry was for is over; START: see struct run_result */
#define EXIT_CALL    2 /* a host call stands in the thread's slot */
#define EXIT_PROBED  3 /* answer to ENTER_PROBE */
#define EXIT_REFUSED 4 /* this entry is not allowed in this state; nothing happened */
#define EXIT_DEAD    5 /* an invariant broke; every later entry gives this */
#define EXIT_HANDLED 6 /* from the exception entry (CSSA 1): resume the thread */

#define SHARED_MAGIC	      0x45575452u /* "RTWE" */
#define SHARED_THREADS_MAX    64
#define SHARED_SLOT_SIZE      0x41000u /* one page of record, 256 KiB of data */
#define SHARED_SLOT_DATA_OFF  0x1000u
#define SHARED_SLOT_DATA_SIZE 0x40000u

#ifndef __ASSEMBLER__

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* First bytes of the shared area. The enclave reads it once, at ENTER_START. */
struct shared_header {
	uint32_t magic;
	uint32_t abi_version;
	uint64_t size;	    /* of the whole area */
	uint64_t slots_off; /* thread_count slots of SHARED_SLOT_SIZE, page-aligned */
	uint32_t thread_count;
	uint32_t cpu_hints;  /* CPU_HINT_*: a false hint ends in #UD, nothing worse */
	uint64_t launch_off; /* the launch record */
	uint64_t launch_size;
	uint64_t module_off; /* the module, native section included */
	uint64_t module_size;
	uint32_t mode; /* enum run_mode */
	uint32_t
		connection; /* RUN_MODE_DEPLOY: the handle of a connected socket, whoever is at its end */
	uint8_t nonce
		[32]; /* RUN_MODE_DEPLOY: for the evidence; whose it is shows at the other end */
};
static_assert(sizeof(struct shared_header) == 104, "shared header");
static_assert(offsetof(struct shared_header, mode) == 64, "shared header");

/* Where the program comes from. */
enum run_mode {
	RUN_MODE_RUN = 1, /* record and module stand in the area; connection and nonce are 0 */
	RUN_MODE_DEPLOY, /* its owner delivers it over the connection; record and module are empty */
	RUN_MODE_END
};

#define CPU_HINT_SHA  1u /* SHA extensions */
#define CPU_HINT_VAES 2u /* VAES, VPCLMULQDQ and AVX-512 F, VL, BW, DQ */

/* A host call: written by the enclave at the start of the slot. Input data stand in the data part.
 */
struct call_request {
	uint32_t call;	  /* enum host_call */
	uint32_t seq;	  /* counts up per thread; the reply repeats it */
	uint64_t arg[6];  /* by call, see boundary/calls.def */
	uint32_t in_size; /* bytes of input in the data part */
	uint32_t out_max; /* bytes of output that the reply may put there */
};
static_assert(sizeof(struct call_request) == 64, "call request");

/* Written by the host behind the request (offset 64 of the slot). */
struct call_reply {
	uint32_t seq;
	uint32_t error;	   /* enum host_errno; with an error value and out_size are 0 */
	uint64_t value;	   /* by the call's value rule */
	uint32_t out_size; /* bytes of output in the data part, by the call's data rule */
	uint32_t reserved; /* 0 */
	uint64_t reserved2[5];
};
static_assert(sizeof(struct call_reply) == 64, "call reply");

#define SLOT_REQUEST_OFF 0
#define SLOT_REPLY_OFF	 64

/* How a program ended: written by the enclave at the start of thread 0's slot before its EXIT_DONE. */
struct run_result {
	uint32_t kind;	      /* enum run_kind */
	uint32_t code;	      /* exit status, enum trap or enum err */
	uint64_t detail[2];   /* by error: an offset in the module, an index; see RUN_NO_FUNCTION */
	uint32_t frame_count; /* struct run_frame records in the data part, */
	uint32_t value_count; /* then struct run_value records: results of an invoked function, */
	uint32_t text_size;   /* then this many bytes: the name that an error speaks of, */
	uint32_t volume_count; /* then struct run_volume records, by rising mount */
	uint64_t reserved2[3];
};
static_assert(sizeof(struct run_result) == 64, "run result");

enum run_kind {
	RUN_EXITED = 1, /* code: the guest's status */
	RUN_TRAPPED,	/* code: enum trap; frames: innermost first */
	RUN_REFUSED,	/* code: enum err; the program did not start */
	RUN_FAILED,	/* code: enum err; the program was ended by a failure of its surroundings */
	RUN_DELIVERED, /* its owner delivered it and was told how it ended; code: 0, or enum err when
			   that could not be told. The host learns nothing else */
	RUN_KIND_END
};

/* One frame of a Wasm backtrace; the name follows, padded with zeros to a multiple of 8 bytes. */
struct run_frame {
	uint32_t func;	    /* function index */
	uint32_t offset;    /* of the instruction, in the module's bytes */
	uint32_t name_size; /* 0 without a name; at most RUN_NAME_MAX */
	uint32_t reserved;
};
static_assert(sizeof(struct run_frame) == 16, "run frame");

/* A result of the function that was invoked. */
struct run_value {
	uint64_t type; /* the value type's code (Core 5.3.1) */
	uint64_t bits;
};
static_assert(sizeof(struct run_value) == 16, "run value");

/* A volume that was mounted, as it was in the end. */
struct run_volume {
	uint32_t mount; /* index in the launch record */
	uint32_t reserved;
	uint64_t sequence; /* of the last commit */
	uint8_t root[32];
	uint64_t blocks; /* of 4 KiB: of the file, and of these in use; */
	uint64_t used;	 /* this and what follows is 0 when the record wants no diagnostics */
	uint64_t cache_hits;
	uint64_t cache_misses;
	uint64_t blocks_written;
	uint64_t commits;
	uint64_t damaged; /* reads of blocks that were not what was written */
};
static_assert(sizeof(struct run_volume) == 104, "run volume");

/* Volumes in another state than their anchor's (E_VOLUME_ANCHOR): detail[0] is the sequence number that the anchor
 * names, detail[1] the one that was found, 0: none. */

/* Native code that was refused (E_NATIVE_UNVERIFIED): detail[0] is the offset in the function's code, the lower half
 * of detail[1] the function's index or this for a routine that functions share, the upper half the reason (enum
 * verify_reason). */
#define RUN_NO_FUNCTION 0xffffffffu

#define RUN_FRAMES_MAX	64
#define RUN_VALUES_MAX	1000
#define RUN_NAME_MAX	256
#define RUN_VOLUMES_MAX 64

#endif /* __ASSEMBLER__ */
#endif
