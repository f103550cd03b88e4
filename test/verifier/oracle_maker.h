/*
 * Inside the generator: an assembler for the instructions that it needs, and computations made of them.
 */
#ifndef TEST_VERIFIER_ORACLE_MAKER_H
#define TEST_VERIFIER_ORACLE_MAKER_H

#include "test/verifier/oracle_generate.h"

#define MAKER_ROOM   400u /* what the end of a function needs at most */
#define MAKER_LABELS 8u
#define MAKER_TRAPS  48u
#define NO_REG	     0xffu

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };
enum { NO_SEGMENT, FS = 0x64, GS = 0x65 };
/* Arithmetic by its number. */
enum { ADD, OR, ADC, SBB, AND, SUB, XOR, CMP };

struct maker {
	struct generated *g;
	struct random *r;
	uint32_t n; /* where the next byte goes */
	uint32_t frame;
	uint8_t saved[3];
	unsigned saved_count;
	bool calls;
	/* branches to the trap at the end, and to a place that is still to come */
	uint32_t traps[MAKER_TRAPS], trap_count;
	uint32_t labels[MAKER_LABELS], label_count;
	uint32_t rodata_used;
	struct x86_index x86;
};

static inline uint32_t below(struct maker *k, uint32_t n)
{
	return random_below(k->r, n);
}

static inline bool one_in(struct maker *k, uint32_t n)
{
	return random_one_in(k->r, n);
}

struct operand {
	bool is_memory, moves; /* its displacement may be moved */
	uint8_t reg, segment, base, index, shift;
	int64_t disp;
};

/* ---- instructions: oracle_assemble.c --------------------------------------------------------------------- */

/* size: bytes of the operands. Constants that `moves` may be moved (struct generated_number). */
void emit_byte(struct maker *k, unsigned b);
void emit_bytes(struct maker *k, uint64_t v, unsigned size);
void emit_number(struct maker *k, int64_t v, unsigned size);
struct operand in_reg(unsigned reg);
struct operand in_memory(unsigned base, int64_t disp);
struct operand in_indexed(unsigned base, unsigned index, unsigned shift, int64_t disp);
struct operand in_slot(uint32_t at);
void emit_address(struct maker *k, unsigned reg, const struct operand *o);
void emit_with(struct maker *k, unsigned size, unsigned mandatory, unsigned narrow, unsigned opcode,
	       unsigned reg, const struct operand *o);
void emit(struct maker *k, unsigned size, unsigned opcode, unsigned reg, struct operand o);
void emit_imm(struct maker *k, unsigned size, unsigned opcode, unsigned extension, struct operand o,
	      int64_t imm, bool moves);
void emit_mov(struct maker *k, unsigned size, unsigned to, unsigned from);
void emit_load(struct maker *k, unsigned size, unsigned to, struct operand o);
void emit_store(struct maker *k, unsigned size, struct operand o, unsigned from);
void emit_lea(struct maker *k, unsigned size, unsigned to, struct operand o);
void emit_lea_rodata(struct maker *k, unsigned to, int64_t at);
void emit_alu(struct maker *k, unsigned op, unsigned size, unsigned a, struct operand b);
void emit_alu_imm(struct maker *k, unsigned op, unsigned size, unsigned a, int64_t imm);
void emit_shift(struct maker *k, unsigned extension, unsigned size, unsigned a, unsigned n);
void emit_vex(struct maker *k, unsigned size, unsigned map, unsigned pp, unsigned opcode,
	      unsigned reg, unsigned vvvv, unsigned rm);
void emit_fix(struct maker *k, uint32_t at, uint32_t to);
void emit_jcc_trap(struct maker *k, unsigned condition);
void emit_jcc_label(struct maker *k, unsigned condition);
void emit_label(struct maker *k);

/* ---- choices: oracle_compute.c ---------------------------------------------------------------------------- */

unsigned any_reg(struct maker *k);
unsigned other_reg(struct maker *k, unsigned a, unsigned b);
unsigned any_size(struct maker *k);
unsigned wide_size(struct maker *k);
int64_t any_number(struct maker *k);
int64_t small_number(struct maker *k);
unsigned any_condition(struct maker *k);
struct operand in_frame_word(struct maker *k);

/* ---- computations: oracle_compute.c. i, d: the register that holds an index ---------------------------------- */

void emit_vector(struct maker *k, const struct operand *o, bool write);
void compute_insn(struct maker *k);
void compute_gentle(struct maker *k, unsigned d);
void compute_any(struct maker *k, unsigned d);
void bound_compare(struct maker *k, unsigned i, unsigned size);
void bound_any(struct maker *k, unsigned i);
unsigned compute_spilled(struct maker *k, unsigned i);
void compute_both(struct maker *k, unsigned i);
void emit_nop(struct maker *k);
void compute_sometimes(struct maker *k, unsigned i);
unsigned bound_twin(struct maker *k, unsigned i);
unsigned bound_derived(struct maker *k, unsigned i);
void bound_twice(struct maker *k, unsigned i);
void bound_low(struct maker *k, unsigned i);
void compute_over(struct maker *k, unsigned i);
void bound_small(struct maker *k, unsigned i);

#endif
