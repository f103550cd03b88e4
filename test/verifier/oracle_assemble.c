/*
 * The generator's assembler: just what it needs, in the encodings that a compiler has.
 * Invariant: the code never leaves its buffer.
 */
#include "test/verifier/oracle_maker.h"

#include <string.h>

void emit_byte(struct maker *k, unsigned b)
{
	if (k->n < GENERATED_CODE - 32)
		k->g->code[k->n++] = (uint8_t)b;
}

void emit_bytes(struct maker *k, uint64_t v, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		emit_byte(k, v >> 8 * i & 0xff);
}

void emit_number(struct maker *k, int64_t v, unsigned size)
{
	if (k->g->number_count < GENERATED_NUMBERS)
		k->g->numbers[k->g->number_count++] =
			(struct generated_number){(uint16_t)k->n, (uint8_t)size};
	emit_bytes(k, (uint64_t)v, size);
}

struct operand in_reg(unsigned reg)
{
	return (struct operand){.reg = (uint8_t)reg};
}

struct operand in_memory(unsigned base, int64_t disp)
{
	return (struct operand){
		.is_memory = true, .base = (uint8_t)base, .index = NO_REG, .disp = disp};
}

struct operand in_indexed(unsigned base, unsigned index, unsigned shift, int64_t disp)
{
	return (struct operand){.is_memory = true,
				.moves = true,
				.base = (uint8_t)base,
				.index = (uint8_t)index,
				.shift = (uint8_t)shift,
				.disp = disp};
}

struct operand in_slot(uint32_t at)
{
	return (struct operand){
		.is_memory = true, .segment = FS, .base = NO_REG, .index = NO_REG, .disp = at};
}

/* ModRM, SIB and displacement. */
void emit_address(struct maker *k, unsigned reg, const struct operand *o)
{
	bool sib = o->index != NO_REG || o->base == NO_REG || (o->base & 7) == RSP;
	unsigned mod = o->base == NO_REG			? 0
		       : o->moves || o->disp != (int8_t)o->disp ? 2
		       : o->disp != 0 || (o->base & 7) == RBP	? 1
								: 0;

	emit_byte(k, mod << 6 | (reg & 7) << 3 | (sib ? 4u : o->base & 7u));
	if (sib)
		emit_byte(k, (unsigned)o->shift << 6 |
				     (o->index == NO_REG ? 4u : o->index & 7u) << 3 |
				     (o->base == NO_REG ? 5u : o->base & 7u));
	if (mod == 2 || o->base == NO_REG) {
		if (o->moves)
			emit_number(k, o->disp, 4);
		else
			emit_bytes(k, (uint64_t)o->disp, 4);
	} else if (mod == 1) {
		emit_byte(k, (uint8_t)o->disp);
	}
}

/*
 * An instruction with a ModRM byte: opcode of one byte, or 0x0fXX. Of one byte, `narrow`: which of the operands
 * are byte registers (1: reg, 2: rm).
 */
void emit_with(struct maker *k, unsigned size, unsigned mandatory, unsigned narrow, unsigned opcode,
	       unsigned reg, const struct operand *o)
{
	unsigned rex = (size == 8 ? 8u : 0u) | (reg >= 8 ? 4u : 0u);

	if (o->is_memory)
		rex |= (o->index != NO_REG && o->index >= 8 ? 2u : 0u) |
		       (o->base != NO_REG && o->base >= 8 ? 1u : 0u);
	else
		rex |= o->reg >= 8 ? 1u : 0u;
	if (o->segment)
		emit_byte(k, o->segment);
	if (size == 2)
		emit_byte(k, 0x66);
	if (mandatory)
		emit_byte(k, mandatory);
	if (rex || ((narrow & 1) && reg >= 4) || ((narrow & 2) && !o->is_memory && o->reg >= 4))
		emit_byte(k, 0x40 | rex);
	if (opcode > 0xff)
		emit_byte(k, opcode >> 8);
	emit_byte(k, opcode & 0xff);
	if (o->is_memory)
		emit_address(k, reg, o);
	else
		emit_byte(k, 0xc0 | (reg & 7) << 3 | (o->reg & 7u));
}

/* Of the pairs of opcodes, the even one of which is of bytes. */
void emit(struct maker *k, unsigned size, unsigned opcode, unsigned reg, struct operand o)
{
	if (size == 1)
		emit_with(k, size, 0, 3, opcode & ~1u, reg, &o);
	else
		emit_with(k, size, 0, 0, opcode, reg, &o);
}

/* The same, where the reg field extends the opcode; an immediate follows. */
void emit_imm(struct maker *k, unsigned size, unsigned opcode, unsigned extension, struct operand o,
	      int64_t imm, bool moves)
{
	unsigned n = size == 8 ? 4 : size;

	emit_with(k, size, 0, size == 1 ? 2 : 0, size == 1 ? opcode & ~1u : opcode, extension, &o);
	if (moves)
		emit_number(k, imm, n);
	else
		emit_bytes(k, (uint64_t)imm, n);
}

void emit_mov(struct maker *k, unsigned size, unsigned to, unsigned from)
{
	emit(k, size, 0x8b, to, in_reg(from));
}

void emit_load(struct maker *k, unsigned size, unsigned to, struct operand o)
{
	emit(k, size, 0x8b, to, o);
}

void emit_store(struct maker *k, unsigned size, struct operand o, unsigned from)
{
	emit(k, size, 0x89, from, o);
}

void emit_lea(struct maker *k, unsigned size, unsigned to, struct operand o)
{
	emit_with(k, size, 0, 0, 0x8d, to, &o);
}

/* RIP-relative: LEA of a byte of the read-only data. */
void emit_lea_rodata(struct maker *k, unsigned to, int64_t at)
{
	emit_byte(k, to >= 8 ? 0x4c : 0x48);
	emit_byte(k, 0x8d);
	emit_byte(k, (to & 7) << 3 | 5);
	emit_bytes(k, (uint64_t)(GENERATED_CODE + at - (k->n + 4)), 4);
}

void emit_alu(struct maker *k, unsigned op, unsigned size, unsigned a, struct operand b)
{
	emit(k, size, op * 8 + 3, a, b);
}

void emit_alu_imm(struct maker *k, unsigned op, unsigned size, unsigned a, int64_t imm)
{
	if (size != 1 && imm == (int8_t)imm && !one_in(k, 3)) {
		struct operand o = in_reg(a);

		emit_with(k, size, 0, 0, 0x83, op, &o);
		emit_number(k, imm, 1);
	} else {
		emit_imm(k, size, 0x81, op, in_reg(a), imm, true);
	}
}

void emit_shift(struct maker *k, unsigned extension, unsigned size, unsigned a, unsigned n)
{
	struct operand o = in_reg(a);

	emit_with(k, size, 0, size == 1 ? 2 : 0, size == 1 ? 0xc0 : 0xc1, extension, &o);
	emit_number(k, n, 1);
}

/* Of VEX with a general register in every field. */
void emit_vex(struct maker *k, unsigned size, unsigned map, unsigned pp, unsigned opcode,
	      unsigned reg, unsigned vvvv, unsigned rm)
{
	emit_byte(k, 0xc4);
	emit_byte(k, (reg >= 8 ? 0u : 0x80u) | 0x40u | (rm >= 8 ? 0u : 0x20u) | map);
	emit_byte(k, (size == 8 ? 0x80u : 0u) | (~vvvv & 15) << 3 | pp);
	emit_byte(k, opcode);
	emit_byte(k, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

/* ---- branches ---------------------------------------------------------------------------------------------- */

void emit_fix(struct maker *k, uint32_t at, uint32_t to)
{
	uint32_t distance = to - (at + 4);

	memcpy(k->g->code + at, &distance, 4);
}

void emit_jcc_trap(struct maker *k, unsigned condition)
{
	if (one_in(k, 3)) { /* the other way round, over a trap */
		emit_byte(k, 0x70 | (condition ^ 1));
		emit_byte(k, 2);
		emit_bytes(k, 0x0b0f, 2);
		return;
	}
	emit_byte(k, 0x0f);
	emit_byte(k, 0x80 | condition);
	if (k->trap_count < MAKER_TRAPS)
		k->traps[k->trap_count++] = k->n;
	emit_bytes(k, 0, 4);
}

void emit_jcc_label(struct maker *k, unsigned condition)
{
	if (k->label_count == MAKER_LABELS)
		return;
	emit_byte(k, 0x0f);
	emit_byte(k, 0x80 | condition);
	k->labels[k->label_count++] = k->n;
	emit_bytes(k, 0, 4);
}

void emit_label(struct maker *k)
{
	if (k->label_count != 0)
		emit_fix(k, k->labels[--k->label_count], k->n);
}
