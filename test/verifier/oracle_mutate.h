/*
 * Mutants of real functions: bits and bytes, whole instructions, prefixes, operands, branch targets, words of jump
 * tables.
 */
#ifndef TEST_VERIFIER_ORACLE_MUTATE_H
#define TEST_VERIFIER_ORACLE_MUTATE_H

#include <Zydis/Zydis.h>

#include "native/verify.h"

#include "test/verifier/oracle_random.h"

#define MUTATE_INSNS_MAX 1024u
#define MUTATE_LEAS_MAX	 16u

/* Where the fields of an instruction are, from the beginning of the function; 0: there is no such field. */
struct mutate_insn {
	uint32_t at;
	uint8_t length, modrm, sib, disp, disp_size, imm, imm_size, prefixes;
	bool is_branch, has_memory;
};

struct mutator {
	const struct verify_image *image; /* as it was */
	ZydisDecoder zydis;
	uint32_t begin, size; /* the function */
	struct mutate_insn insns[MUTATE_INSNS_MAX];
	uint32_t insn_count;
	uint32_t leas[MUTATE_LEAS_MAX]; /* in the read-only data: what may be a jump table */
	uint32_t lea_count;
};

void mutator_init(struct mutator *m, const struct verify_image *image);

/* The mutants to come are of this function of the image. False: it is too large or too small. */
bool mutator_function(struct mutator *m, uint32_t begin, uint32_t end);

/*
 * Changes the function's bytes at `code`, and, if *word is UINT32_MAX, maybe a word of the read-only data at `rodata`:
 * *word is then where in them.
 */
void mutate(struct mutator *m, struct random *r, uint8_t *code, uint8_t *rodata, uint32_t *word);

#endif
