/*
 * The machine on which the oracle executes what the verifier accepts: an emulated CPU (Unicorn), with the window,
 * the slots, tables, further memories, a stack, and the rest of the address space, where nothing may be touched.
 * What memory, registers and callees hold is chosen by a seed, against the program: edges, addresses, constants
 * of the code. The sandbox is written down here a second time, from doc/native.md; nothing of the verifier
 * is used but struct verify_image, which tells what there is.
 */
#ifndef TEST_VERIFIER_ORACLE_MACHINE_H
#define TEST_VERIFIER_ORACLE_MACHINE_H

#include "native/verify.h"

struct machine;

enum machine_end {
	MACHINE_RETURN, /* to the caller, or by a jump to another function */
	MACHINE_TRAP,	/* an exception */
	MACHINE_STEPS,	/* it was long enough */
	MACHINE_ESCAPE,
};

struct machine_run {
	enum machine_end end;
	const char *escape;  /* what it did, or NULL */
	uint64_t escape_at;  /* the address that it reached */
	uint32_t escape_rip; /* the instruction, from the beginning of the code */
	uint32_t steps;
	uint32_t accesses;  /* of window, slots, tables and further memories */
	uint32_t transfers; /* calls, jumps to functions */
	uint64_t trace;	    /* the same for runs that did the same to memory and other functions */
};

/* For the code of this image, which may change in place, a function at a time. NULL: no memory. */
struct machine *machine_new(const struct verify_image *image);
void machine_free(struct machine *m);

/* Another image, or this one with everything changed. False: no memory. */
MUST_USE bool machine_image(struct machine *m, const struct verify_image *image);

/* Bytes of the read-only data have changed. */
void machine_constants(struct machine *m, uint32_t at, uint32_t size);

/*
 * The function begin..end is what runs next: its bytes are taken from the image. A disassembler of its own
 * (Zydis) says where its instructions begin; an instruction that it does not know, or that has no place in
 * a sandbox, is an escape already: the return value says so, NULL if there is none.
 */
const char *machine_function(struct machine *m, uint32_t begin, uint32_t end);

/* Runs it from its beginning; the seed decides everything else. */
struct machine_run machine_run(struct machine *m, uint64_t seed);

#endif
