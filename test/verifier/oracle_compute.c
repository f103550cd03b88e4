/*
 * The generator's computations: an index is bounded, changed, copied, spilled, or something that is known of it is
 * made untrue on some way.
 */
#include "test/verifier/oracle_maker.h"

/* ---- choices ------------------------------------------------------------------------------------------------ */

unsigned any_reg(struct maker *k)
{
	static const uint8_t regs[] = {RAX, RCX, RDX, RSI, RDI, R8, R9, R11};
	uint32_t n = below(k, COUNT_OF(regs) + k->saved_count);

	return n < COUNT_OF(regs) ? regs[n] : k->saved[n - COUNT_OF(regs)];
}

/* Not one of these. */
unsigned other_reg(struct maker *k, unsigned a, unsigned b)
{
	for (;;) {
		unsigned reg = any_reg(k);

		if (reg != a && reg != b)
			return reg;
	}
}

unsigned any_size(struct maker *k)
{
	static const uint8_t sizes[] = {8, 8, 8, 4, 4, 4, 2, 1};

	return sizes[below(k, COUNT_OF(sizes))];
}

unsigned wide_size(struct maker *k)
{
	return one_in(k, 2) ? 8 : 4;
}

int64_t any_number(struct maker *k)
{
	static const int64_t edges[] = {0,	1,	2,	 3,	     4,	       7,    8,
					15,	16,	24,	 31,	     32,       63,   64,
					127,	128,	255,	 256,	     4095,     4096, 0x7fff,
					0x8000, 0xffff, 0x10000, 0x7ffffff8, INT32_MAX};
	int64_t n = edges[below(k, COUNT_OF(edges))];

	return one_in(k, 4) ? -n : n;
}

int64_t small_number(struct maker *k)
{
	return (int64_t)below(k, 12) * (one_in(k, 2) ? 1 : 8) * (one_in(k, 3) ? -1 : 1);
}

unsigned any_condition(struct maker *k)
{
	static const uint8_t conditions[] = {2, 3, 4, 5, 6, 7, 8, 9, 8, 9, 12, 13, 14, 15};

	return conditions[below(k, COUNT_OF(conditions))];
}

/* A place of the frame. */
static struct operand in_frame(struct maker *k)
{
	uint32_t words = k->frame / 4;

	return in_memory(RSP, words ? (int64_t)below(k, words) * 4 : 0);
}

/* Where it is more likely to fit. */
struct operand in_frame_word(struct maker *k)
{
	uint32_t words = k->frame / 8;

	return one_in(k, 6) ? in_frame(k)
			    : in_memory(RSP, words ? (int64_t)below(k, words) * 8 : 0);
}

/* ---- any computation --------------------------------------------------------------------------------------- */

static void compute_scan(struct maker *k, unsigned d)
{
	static const struct {
		uint16_t opcode;
		uint8_t mandatory;
	} ops[] = {{0x0fbc, 0}, {0x0fbd, 0}, {0x0fbc, 0xf3}, {0x0fbd, 0xf3}, {0x0fb8, 0xf3}};
	uint32_t n = below(k, COUNT_OF(ops));
	struct operand s = in_reg(any_reg(k));

	emit_with(k, wide_size(k), ops[n].mandatory, 0, ops[n].opcode, d, &s);
}

static void compute_bmi(struct maker *k, unsigned d)
{
	unsigned a = any_reg(k), b = any_reg(k), size = wide_size(k);

	switch (below(k, 9)) {
	case 0:
		emit_vex(k, size, 2, 0, 0xf2, d, a, b); /* ANDN */
		break;
	case 1:
		emit_vex(k, size, 2, 0, 0xf3, 1 + below(k, 3), d, b); /* BLSR .. */
		break;
	case 2:
		emit_vex(k, size, 2, 0, 0xf5, d, a, b); /* BZHI */
		break;
	case 3:
		emit_vex(k, size, 2, 2 + below(k, 2), 0xf5, d, a, b); /* PEXT, PDEP */
		break;
	case 4:
		emit_vex(k, size, 2, 3, 0xf6, d, other_reg(k, d, d), b); /* MULX */
		break;
	case 5:
		emit_vex(k, size, 2, 0, 0xf7, d, a, b); /* BEXTR */
		break;
	case 6:
		emit_vex(k, size, 3, 3, 0xf0, d, 0, b); /* RORX */
		emit_byte(k, below(k, 64));
		break;
	default:
		emit_vex(k, size, 2, 1 + below(k, 3), 0xf7, d, a, b); /* SHLX, SARX, SHRX */
		break;
	}
}

/* An access that is not to be refused: of the frame, or of the window at a small constant. */
static struct operand in_safe_memory(struct maker *k)
{
	struct operand o = in_memory(NO_REG, below(k, 64));

	if (k->frame >= 16 && one_in(k, 2))
		return in_frame_word(k);
	o.segment = GS;
	return o;
}

static void compute_exchange(struct maker *k, unsigned d)
{
	unsigned size = any_size(k);
	struct operand o = in_safe_memory(k);

	switch (below(k, 4)) {
	case 0:
		emit(k, size, 0x87, d, in_reg(any_reg(k)));
		break;
	case 1:
		emit(k, size, 0x87, d, o);
		break;
	case 2:
		emit(k, size, 0x0fc1, d, o);
		break;
	default:
		emit(k, size, 0x0fb1, d, o);
		break;
	}
}

static void compute_wide(struct maker *k)
{
	struct operand o = in_reg(any_reg(k));

	switch (below(k, 5)) {
	case 0:
		emit_byte(k, 0x99); /* CDQ */
		break;
	case 1:
		emit_byte(k, 0x48);
		emit_byte(k, 0x98 + below(k, 2));
		break;
	case 2:
		emit_byte(k, 0x98);
		break;
	default:
		emit(k, any_size(k), 0xf7, 4 + below(k, 2), o); /* MUL, IMUL */
		break;
	}
}

static void compute_vector(struct maker *k, unsigned d)
{
	struct operand o = in_reg(below(k, 8)), g = in_reg(any_reg(k));

	switch (below(k, 5)) {
	case 0:
		emit_byte(k, 0x66); /* MOVD, MOVQ to a general register */
		emit_with(k, wide_size(k), 0, 0, 0x0f7e, below(k, 8),
			  &(struct operand){.reg = (uint8_t)d});
		break;
	case 1:
		emit_byte(k, 0x66);
		emit_with(k, 4, 0, 0, 0x0fd7, d, &o); /* PMOVMSKB */
		break;
	case 2:
		emit_with(k, wide_size(k), 0xf2, 0, 0x0f2c, d, &o); /* CVTTSD2SI */
		break;
	case 3:
		emit_with(k, wide_size(k), 0xf3, 0, 0x0f2a, below(k, 8), &g);
		break;
	default:
		emit_with(k, 4, 0, 0, 0x0f2e, below(k, 8), &o); /* UCOMISS */
		break;
	}
}

/* AVX: 16 or 32 bytes. */
void emit_vector(struct maker *k, const struct operand *o, bool write)
{
	bool wide = one_in(k, 2);
	struct operand plain = *o;

	plain.segment = NO_SEGMENT;
	if (o->segment)
		emit_byte(k, o->segment);
	emit_byte(k, 0xc4);
	emit_byte(k, 0x80u | (o->index != NO_REG && o->index >= 8 ? 0u : 0x40u) |
			     (o->base != NO_REG && o->base >= 8 ? 0u : 0x20u) | 1u);
	emit_byte(k, 0x78u | (wide ? 4u : 0u)); /* VMOVUPS */
	emit_byte(k, write ? 0x11 : 0x10);
	emit_address(k, below(k, 8), &plain);
}

/*
 * Any instruction that the verifier's decoder takes, with an operand in the frame: where that ends, the frame
 * may end.
 */
void compute_insn(struct maker *k)
{
	static const uint8_t prefixes[] = {0, 0, 0, 0x66, 0xf3, 0xf2, 0xf0, 0x65};
	static const uint16_t maps[] = {0, 0x0f, 0x0f, 0x0f38, 0x0f3a, 0xc4, 0xc4, 0xc5};
	struct x86_insn decoded;
	uint8_t p[16];

	for (unsigned tries = 0; tries < 300; tries++) {
		unsigned n = 0, disp = 0, prefix = prefixes[below(k, COUNT_OF(prefixes))];
		unsigned map = maps[below(k, COUNT_OF(maps))];
		bool memory = !one_in(k, 4);

		if (prefix && (map < 0xc4 || one_in(k, 16)))
			p[n++] = (uint8_t)prefix;
		if (map < 0xc4 && one_in(k, 3))
			p[n++] = (uint8_t)(0x40 + below(k, 16));
		if (map > 0xff)
			p[n++] = (uint8_t)(map >> 8);
		if (map != 0)
			p[n++] = (uint8_t)map;
		if (map == 0xc4)
			p[n++] = (uint8_t)(below(k, 256) & (one_in(k, 8) ? 0xff : 0xe3));
		if (map >= 0xc4 && map < 0x100)
			p[n++] = (uint8_t)below(k, 256) | (one_in(k, 2) ? 0x78 : 0);
		p[n++] = (uint8_t)below(k, 256); /* the opcode */
		p[n++] = (uint8_t)(memory ? 0x44 | below(k, 8) << 3 : 0xc0 | below(k, 64));
		if (memory) {
			p[n++] = 0x24; /* [rsp + disp8] */
			disp = n;
			p[n++] = (uint8_t)(8 * below(k, 1 + k->frame / 8));
		}
		for (unsigned imm = 0; imm < 4 && n < sizeof p; imm++)
			p[n++] = (uint8_t)below(k, 256);
		if (!x86_decode(&decoded, &k->x86, p, n) || decoded.class >= X86_PUSH ||
		    decoded.length < (disp ? disp + 1 : 2) || (memory && !decoded.has_memory))
			continue;
		if (disp && k->g->number_count < GENERATED_NUMBERS)
			k->g->numbers[k->g->number_count++] =
				(struct generated_number){(uint16_t)(k->n + disp), 1};
		for (unsigned i = 0; i < decoded.length; i++)
			emit_byte(k, p[i]);
		return;
	}
}

/* Something that changes d, knowing little of it; or only what d makes of itself and constants, if `gentle`. */
void compute_gentle(struct maker *k, unsigned d)
{
	static const uint8_t ops[] = {ADD, ADD, SUB, AND, AND, OR, XOR};
	unsigned size = any_size(k);
	struct operand o = in_reg(d);

	switch (below(k, 16)) {
	case 15: /* what writes RAX and RDX without naming them */
		if (d == RAX || d == RDX)
			compute_wide(k);
		break;
	case 0:
	case 1:
		emit_alu_imm(k, ops[below(k, COUNT_OF(ops))], size, d, any_number(k));
		break;
	case 14: /* bits 8 to 15, of a register that has them under a name */
		if (d < 4)
			emit_byte(k, 0xb4 + d);
		if (d < 4)
			emit_byte(k, below(k, 256));
		break;
	case 2:
		emit_alu_imm(k, ops[below(k, COUNT_OF(ops))], wide_size(k), d, small_number(k));
		break;
	case 3:
		emit_shift(k, one_in(k, 2) ? 4 : one_in(k, 2) ? 5 : 7, size, d, below(k, 9));
		break;
	case 4:
		emit(k, wide_size(k), one_in(k, 2) ? 0x0fb7 : 0x0fbf, d, o);
		break;
	case 5:
		emit_with(k, wide_size(k), 0, 2, one_in(k, 2) ? 0x0fb6 : 0x0fbe, d, &o);
		break;
	case 6:
		emit_with(k, 8, 0, 0, 0x63, d, &o);
		break;
	case 7:
		emit_lea(k, wide_size(k), d,
			 one_in(k, 2) ? in_indexed(d, d, below(k, 4), small_number(k))
				      : in_indexed(NO_REG, d, below(k, 4), small_number(k)));
		break;
	case 8:
		emit(k, size, 0xff, below(k, 2), o);
		break;
	case 9:
		emit_alu(k, one_in(k, 2) ? ADD : SUB, wide_size(k), d, o);
		break;
	case 10:
		emit_mov(k, 4, d, d);
		break;
	case 11:
		emit_with(k, wide_size(k), 0, 0, 0x6b, d, &o);
		emit_number(k, below(k, 33), 1);
		break;
	case 12:
		emit(k, size, 0xf7, 2 + below(k, 2), o); /* NOT, NEG */
		break;
	default:
		emit_shift(k, below(k, 2), size, d, below(k, 64)); /* ROL, ROR */
		break;
	}
}

void compute_any(struct maker *k, unsigned d)
{
	unsigned s = any_reg(k), size = any_size(k);
	struct operand o = in_reg(s);

	switch (below(k, 22)) {
	case 0:
	case 1:
		emit_mov(k, size, d, s);
		break;
	case 18: /* MOV of bits 8 to 15 */
		emit_byte(k, 0xb4 + below(k, 4));
		emit_byte(k, below(k, 256));
		break;
	case 19: /* and anything else with them, of RAX to RBX */
		emit_byte(k, (unsigned[]){0x88, 0x8a, 0x00, 0x28, 0x20, 0x86, 0x30}[below(k, 7)]);
		emit_byte(k, 0xc0 | below(k, 64));
		break;
	case 20:
	case 21:
		compute_insn(k);
		break;
	case 2:
		emit_with(k, wide_size(k), 0, 2, one_in(k, 2) ? 0x0fb6 : 0x0fbe, d, &o);
		break;
	case 3:
		emit_alu(k, below(k, 7), size, d, o);
		break;
	case 4:
		emit(k, size, 0xd3, (unsigned[]){4, 5, 7}[below(k, 3)], in_reg(d));
		break;
	case 5:
		emit_with(k, wide_size(k), 0, 0, 0x0faf, d, &o);
		break;
	case 6:
		emit_lea(k, wide_size(k), d,
			 in_indexed(s, any_reg(k), below(k, 4), small_number(k)));
		break;
	case 7:
		emit_with(k, 1, 0, 2, 0x0f90 + any_condition(k), 0,
			  &(struct operand){.reg = (uint8_t)d});
		break;
	case 8:
	case 9:
		emit_with(k, one_in(k, 4) ? 2 : wide_size(k), 0, 0, 0x0f40 + any_condition(k), d,
			  &o);
		break;
	case 10:
		compute_scan(k, d);
		break;
	case 11:
		compute_exchange(k, d);
		break;
	case 12:
		emit_byte(k, d >= 8 ? 0x49 : 0x48); /* BSWAP */
		emit_byte(k, 0x0f);
		emit_byte(k, 0xc8 + (d & 7));
		break;
	case 13:
		compute_wide(k);
		break;
	case 14:
		compute_bmi(k, d);
		break;
	case 15:
		compute_vector(k, d);
		break;
	case 16: /* bits of the other half of the register */
		emit(k, 1, 0x8b, d & 7, in_reg(s & 7));
		break;
	default:
		emit_imm(k, size, 0xc7, 0, in_reg(d), any_number(k), true);
		break;
	}
}

/* ---- bounds ------------------------------------------------------------------------------------------------- */

/* Compares, and goes on in one of the cases alone, or not. */
void bound_compare(struct maker *k, unsigned i, unsigned size)
{
	unsigned condition = one_in(k, 3) ? any_condition(k) : one_in(k, 2) ? 7 : 3;

	if (one_in(k, 6)) /* whatever flags there are, of a sum or so */
		compute_gentle(k, one_in(k, 4) ? any_reg(k) : i);
	else if (one_in(k, 5))
		emit(k, size, 0x85, i, in_reg(one_in(k, 2) ? i : any_reg(k)));
	else if (one_in(k, 5))
		emit_alu(k, CMP, size, i, in_reg(any_reg(k)));
	else
		emit_alu_imm(k, CMP, size, i, one_in(k, 3) ? any_number(k) : below(k, 40));
	if (one_in(k, 5)) /* something between that leaves flags alone, or not */
		compute_any(k, any_reg(k));
	if (k->calls && one_in(k, 8)) { /* the function before this one */
		emit_byte(k, 0xe8);
		emit_bytes(k, (uint64_t)0 - (k->n + 4), 4);
	}
	if (one_in(k, 4))
		emit_jcc_label(k, condition);
	else
		emit_jcc_trap(k, condition);
}

void bound_any(struct maker *k, unsigned i)
{
	struct operand o = in_reg(one_in(k, 2) ? i : any_reg(k));

	switch (below(k, 12)) {
	case 0:
	case 1:
		emit_mov(k, 4, i, one_in(k, 2) ? i : any_reg(k));
		break;
	case 2:
		emit_with(k, wide_size(k), 0, 2, 0x0fb6, i, &o);
		break;
	case 3:
		emit_with(k, wide_size(k), 0, 0, 0x0fb7, i, &o);
		break;
	case 4:
		emit_alu_imm(k, AND, wide_size(k), i, (int64_t)below(k, 64));
		break;
	case 5:
		emit_shift(k, 5, wide_size(k), i, 24 + below(k, 40));
		break;
	case 6:
		emit_load(k, 4, i, in_safe_memory(k));
		break;
	case 7:
		o = in_safe_memory(k);
		emit_with(k, 4, 0, 0, one_in(k, 2) ? 0x0fb7 : 0x0fb6, i, &o);
		break;
	case 8:
		emit_with(k, 1, 0, 2, 0x0f90 + any_condition(k), 0,
			  &(struct operand){.reg = (uint8_t)i});
		break;
	default:
		if (!one_in(k, 3))
			emit_mov(k, 4, i, i);
		bound_compare(k, i, one_in(k, 4) ? any_size(k) : wide_size(k));
		break;
	}
}

/* ---- the frame ---------------------------------------------------------------------------------------------- */

/* Through the frame and back, perhaps with something written over a part of it. */
unsigned compute_spilled(struct maker *k, unsigned i)
{
	struct operand at = in_frame_word(k), near = at;
	unsigned size = wide_size(k), to = any_reg(k);

	if (k->frame < 16)
		return i;
	emit_store(k, size, at, i);
	if (one_in(k, 3))
		compute_any(k, i);
	if (one_in(k, 2)) {
		near.disp += (int64_t)below(k, 12) - 4;
		if (near.disp >= 0)
			emit_store(k, any_size(k), near, any_reg(k));
	}
	if (one_in(k, 6)) { /* of 16 bytes */
		near.disp = at.disp & ~15;
		emit_with(k, 4, 0, 0, 0x0f11, below(k, 8), &near);
	}
	if (one_in(k, 8))
		at.disp += small_number(k);
	emit_load(k, one_in(k, 4) ? wide_size(k) : size, to, at);
	return to;
}

/* Two indices become one. */
void compute_both(struct maker *k, unsigned i)
{
	unsigned j = other_reg(k, i, i), size = wide_size(k);
	struct operand o = in_reg(j);

	bound_any(k, j);
	switch (below(k, 12)) {
	case 0:
		emit_lea(k, size, i, in_indexed(i, j, below(k, 4), small_number(k)));
		break;
	case 9: /* what XADD or XCHG leave in memory */
		if (k->frame >= 8) {
			emit_store(k, 8, in_memory(RSP, 0), j);
			emit(k, size, one_in(k, 3) ? 0x87 : 0x0fc1, i, in_memory(RSP, 0));
			emit_load(k, size, i, in_memory(RSP, 0));
		}
		break;
	case 10: /* CMPXCHG of what is equal, or not */
		if (k->frame >= 8) {
			emit_store(k, 8, in_memory(RSP, 0), one_in(k, 2) ? (unsigned)RAX : j);
			emit(k, size, 0x0fb1, j, in_memory(RSP, 0));
			emit_mov(k, 8, i, RAX);
		}
		break;
	case 11:
		emit_alu(k, one_in(k, 2) ? OR : XOR, size, i, o);
		break;
	case 1:
		emit_with(k, size, 0, 0, 0x0faf, i, &o);
		break;
	case 2:
	case 3:
		emit_with(k, size, 0, 0, 0x0f40 + any_condition(k), i, &o);
		break;
	case 4:
		emit_mov(k, 4, RCX, j);
		emit(k, size, 0xd3, (unsigned[]){4, 5, 7}[below(k, 3)], in_reg(i));
		break;
	case 5:
		emit(k, size, below(k, 2) ? 0x87 : 0x0fc1, j, in_safe_memory(k));
		emit_alu(k, ADD, size, i, o);
		break;
	case 6: /* CMPXCHG and XADD with the index where the old value goes */
		emit(k, any_size(k), below(k, 2) ? 0x0fb1 : 0x0fc1, i, in_safe_memory(k));
		emit_mov(k, size, i, one_in(k, 2) ? (unsigned)RAX : i);
		break;
	case 7: {
		struct operand b = in_reg(one_in(k, 2) ? i : j);

		emit_with(k, size, 0, 0, below(k, 2) ? 0x0fbc : 0x0fbd, i, &b);
		break;
	}
	default:
		emit_alu(k, below(k, 7), any_size(k), i, o);
		break;
	}
}

void emit_nop(struct maker *k)
{
	if (one_in(k, 2))
		emit_bytes(k, 0x00401f0f, 4);
	else
		emit_bytes(k, 0x00000000801f0f, 7);
}

/* One way i is changed, the other way not, or otherwise. */
void compute_sometimes(struct maker *k, unsigned i)
{
	uint32_t open = k->label_count, skip = 0;

	if (open == MAKER_LABELS)
		return;
	if (one_in(k, 2))
		emit_alu_imm(k, CMP, wide_size(k), any_reg(k), small_number(k));
	else
		emit(k, 4, 0x85, RAX, in_reg(RAX));
	emit_jcc_label(k, any_condition(k));
	if (one_in(k, 4)) /* a mutant may have something else here */
		emit_nop(k);
	else if (one_in(k, 3))
		bound_any(k, i);
	else
		compute_gentle(k, i);
	if (one_in(k, 3)) {
		emit_byte(k, 0xe9);
		skip = k->n;
		emit_bytes(k, 0, 4);
	}
	while (k->label_count > open)
		emit_label(k);
	if (skip != 0) {
		compute_gentle(k, i);
		emit_fix(k, skip, k->n);
	}
}

/* A copy of the low half, or of all; what is learnt of one is true of the other, or not. Returns one. */
unsigned bound_twin(struct maker *k, unsigned i)
{
	unsigned j = other_reg(k, i, i);

	struct operand o = in_reg(i);

	switch (below(k, 8)) {
	case 0:
		emit_with(k, wide_size(k), 0, 0, one_in(k, 2) ? 0x0fb7 : 0x0fbf, j, &o);
		break;
	case 1:
		emit_with(k, wide_size(k), 0, 2, one_in(k, 2) ? 0x0fb6 : 0x0fbe, j, &o);
		break;
	case 2:
		emit_with(k, 8, 0, 0, 0x63, j, &o);
		break;
	default:
		emit_mov(k, one_in(k, 4) ? 8 : 4, j, i);
		break;
	}
	if (one_in(k, 3))
		compute_sometimes(k, one_in(k, 2) ? i : j);
	switch (below(k, 6)) {
	case 0:
		emit_alu(k, ADD, 8, i, in_reg(j));
		return i;
	case 1:
		emit_lea(k, 8, i, in_indexed(i, j, 0, small_number(k)));
		return i;
	case 2:
		emit_alu(k, ADD, 8, j, in_reg(i));
		return j;
	default:
		bound_compare(k, i, one_in(k, 4) ? any_size(k) : wide_size(k));
		return j;
	}
}

/* A multiple of i, or i plus something, is there when i is compared. Returns it. */
unsigned bound_derived(struct maker *k, unsigned i)
{
	unsigned j = other_reg(k, i, i);

	if (!one_in(k, 4))
		emit_mov(k, 4, i, i);
	if (one_in(k, 2))
		emit_lea(k, 8, j, in_indexed(i, NO_REG, 0, any_number(k)));
	else
		emit_lea(k, 8, j, in_indexed(NO_REG, i, below(k, 4), 0));
	bound_compare(k, i, any_size(k));
	return j;
}

/* From both sides, with or without signs. */
void bound_twice(struct maker *k, unsigned i)
{
	unsigned size = one_in(k, 3) ? 4 : 8;

	for (unsigned n = 0; n < 2; n++) {
		emit_alu_imm(k, CMP, size, i,
			     one_in(k, 4) ? -(int64_t)below(k, 60) : below(k, 100));
		emit_jcc_trap(k, any_condition(k));
	}
}

/* The low bits are compared, then extended. */
void bound_low(struct maker *k, unsigned i)
{
	unsigned size = 1 + below(k, 2);
	struct operand o = in_reg(i);

	emit_alu_imm(k, CMP, size, i, below(k, 60));
	emit_jcc_trap(k, 7);
	if (!one_in(k, 3))
		compute_sometimes(k, i);
	emit_with(k, wide_size(k), 0, size == 1 ? 2 : 0, size == 1 ? 0x0fb6 : 0x0fb7, i, &o);
}

/* Something that may undo what is known of i. */
void compute_over(struct maker *k, unsigned i)
{
	unsigned other = other_reg(k, i, i);
	struct operand o = in_reg(other);

	switch (below(k, 4)) {
	case 0:
		compute_sometimes(k, i);
		break;
	case 1:
		compute_gentle(k, i);
		break;
	case 2:
		emit_mov(k, 4, other, other);
		emit_with(k, wide_size(k), 0, 0, 0x0f40 + any_condition(k), i, &o);
		break;
	default:
		compute_any(k, i);
		break;
	}
}

/* At most some small number, surely. */
void bound_small(struct maker *k, unsigned i)
{
	static const uint8_t above[] = {3, 7, 7, 13, 15}, below_it[] = {2, 6, 12, 14};
	unsigned other = other_reg(k, i, i), size = wide_size(k);

	switch (below(k, 6)) {
	case 0:
		emit_alu_imm(k, AND, 4, i, below(k, 64));
		break;
	case 1:
		emit_shift(k, 5, 4, i, 26 + below(k, 5));
		break;
	case 2: /* the operands the other way round */
		emit_mov(k, 4, i, i);
		emit_imm(k, 4, 0xc7, 0, in_reg(other), below(k, 50), true);
		emit_alu(k, CMP, size, other, in_reg(i));
		emit_jcc_trap(k, below_it[below(k, COUNT_OF(below_it))]);
		break;
	default:
		emit_mov(k, 4, i, i);
		emit_alu_imm(k, CMP, size, i, below(k, 50));
		emit_jcc_trap(k, above[below(k, COUNT_OF(above))]);
		break;
	}
}
