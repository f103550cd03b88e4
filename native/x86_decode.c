/*
 * The decoder: prefixes in one order, then an opcode that the list has in just this form.
 * Trust: the bytes are untrusted; the list (x86.def) is believed to say what a CPU does.
 * Invariant: an accepted instruction is read completely within `left`; every prefix, every bit of REX or VEX
 * and every field of ModRM and SIB has a meaning in it, or has the one value that says so.
 */
#include "native/x86.h"

#include <assert.h>
#include <string.h>

#include "base/reader.h"
#include "native/verify_rule.h"

/* The columns of x86.def. */
enum map { M1, M0F, M38, M3A, V0F, V38, V3A };
static_assert(V3A + 1 == X86_MAPS, "maps");

enum prefix { NP, P66, PF3, PF2, PV }; /* the first four as VEX.pp has them */

enum w { W0, W1, WA };

enum l { L0, L1, LA };

enum modrm { N = 8, O, R }; /* below: the opcode extension */

enum attribute { K = 1, LK = 2 };

enum place {
	P_NOTHING,
	P_RM,
	P_REG,
	P_MEM,
	P_RMR,
	P_OPC,
	P_VVVV,
	P_RAX,
	P_RCX,
	P_RDX,
	P_XRM,
	P_XREG,
	P_XVVVV,
	P_XRMR,
	P_XIS4,
	P_XMM0,
	P_IMM,
	P_REL,
	P_ONE,
};

/* Sizes that are not bytes. */
enum size { S_V = 40, S_Y, S_Z, S_X, S_XH, S_XQ, S_XE };
#define S_0  0
#define S_1  1
#define S_2  2
#define S_4  4
#define S_8  8
#define S_16 16
#define S_32 32

struct form_operand {
	uint8_t place;
	uint8_t size;
	uint8_t access;
};

struct form {
	uint8_t map, opcode, prefix, w, l, modrm, class, attributes;
	struct form_operand operands[X86_OPERANDS];
};

#define OPERAND(place, size, access)                                                               \
	{                                                                                          \
		P_##place, S_##size, access                                                        \
	}
#define NONE(place, size)  OPERAND(place, size, 0)
#define READ(place, size)  OPERAND(place, size, X86_READ)
#define WRITE(place, size) OPERAND(place, size, X86_WRITE)
#define BOTH(place, size)  OPERAND(place, size, X86_READ | X86_WRITE)
#define FORM(name, map, opcode, prefix, w, l, modrm, class, attributes, ...)                       \
	{map, opcode, prefix, w, l, modrm, class, attributes, {__VA_ARGS__}},
static const struct form g_forms[] = {
#include "native/x86.def"
};

/* Of the forms with a register in the opcode, each of the eight opcodes is an entry. */
static_assert(COUNT_OF(g_forms) + 64 <= X86_ENTRIES_MAX, "forms");

static unsigned form_span(const struct form *form)
{
	return form->modrm == O ? 8 : 1;
}

void x86_index_init(struct x86_index *index)
{
	uint16_t *first = index->first;

	memset(index, 0, sizeof *index);
	for (unsigned i = 0; i < COUNT_OF(g_forms); i++) {
		for (unsigned r = 0; r < form_span(&g_forms[i]); r++)
			first[g_forms[i].map * 256u + g_forms[i].opcode + r + 1]++;
	}
	for (unsigned i = 0; i < X86_MAPS * 256; i++)
		first[i + 1] = (uint16_t)(first[i + 1] + first[i]);
	/* Each opcode's entries are filled from its end down to its beginning. */
	uint16_t left[X86_MAPS * 256];

	memcpy(left, first + 1, sizeof left);
	for (unsigned i = COUNT_OF(g_forms); i-- > 0;) {
		for (unsigned r = 0; r < form_span(&g_forms[i]); r++)
			index->entries[--left[g_forms[i].map * 256u + g_forms[i].opcode + r]] =
				(uint16_t)i;
	}
}

/* ---- what stands before the opcode's operands ------------------------------------------------------- */

#define REX_W	 8u
#define REX_R	 4u
#define REX_X	 2u
#define REX_B	 1u
#define REX_BYTE 0x10u /* that there is a REX at all tells which byte a register is */

struct decoding {
	struct reader r;
	struct x86_insn *insn;
	bool has_rex, has_66, has_lock, is_vex;
	uint8_t segment;   /* enum x86_segment */
	uint8_t mandatory; /* NP, PF3, PF2; of VEX also P66 */
	uint8_t rex;	   /* W R X B, of VEX, too */
	uint8_t rex_used;  /* R X B, as far as they mean something in this form; REX_BYTE */
	uint8_t vvvv;
	uint8_t l;
	uint8_t map, opcode;
	uint8_t modrm, sib;
};

static bool decode_peek(struct decoding *d, uint8_t byte)
{
	if (d->r.left == 0 || d->r.p[0] != byte)
		return false;
	reader_u8(&d->r);
	return true;
}

/* Legacy prefixes and REX, each at most once and in the one order that the compiler has. */
static void decode_prefixes(struct decoding *d)
{
	if (decode_peek(d, 0x64))
		d->segment = X86_FS;
	else if (decode_peek(d, 0x65))
		d->segment = X86_GS;
	d->has_66 = decode_peek(d, 0x66);
	d->has_lock = decode_peek(d, 0xf0);
	if (decode_peek(d, 0xf3))
		d->mandatory = PF3;
	else if (decode_peek(d, 0xf2))
		d->mandatory = PF2;
	if (d->r.left != 0 && (d->r.p[0] & 0xf0) == 0x40) {
		d->has_rex = true;
		d->rex = reader_u8(&d->r) & 15;
	}
}

/* Of C5 and C4: what follows up to the opcode's map. C4 where C5 would do is refused. */
static bool decode_vex(struct decoding *d, bool three)
{
	uint8_t first = reader_u8(&d->r);
	uint8_t last = first;
	unsigned map = 1;

	if (!rule_holds(VEX_ALONE, !d->has_66 && !d->has_lock && d->mandatory == NP && !d->has_rex))
		return false;
	d->is_vex = true;
	d->rex = first & 0x80 ? 0 : REX_R;
	if (three) {
		last = reader_u8(&d->r);
		map = first & 0x1f;
		d->rex |= (uint8_t)((first & 0x40 ? 0 : REX_X) | (first & 0x20 ? 0 : REX_B) |
				    (last & 0x80 ? REX_W : 0));
		if (!rule_holds(VEX_SHORT, map != 1 || (d->rex & (REX_W | REX_X | REX_B)) != 0))
			return false;
	}
	if (!rule_holds(VEX_MAP, map >= 1 && map <= 3))
		return false;
	d->map = (uint8_t)(V0F + (map - 1) % 3);
	d->vvvv = (uint8_t)(~last >> 3 & 15);
	d->l = last >> 2 & 1;
	d->mandatory = last & 3;
	d->opcode = reader_u8(&d->r);
	return true;
}

static bool decode_opcode(struct decoding *d)
{
	if (decode_peek(d, 0xc5))
		return decode_vex(d, false);
	if (decode_peek(d, 0xc4))
		return decode_vex(d, true);
	d->map = M1;
	if (decode_peek(d, 0x0f)) {
		d->map = M0F;
		if (decode_peek(d, 0x38))
			d->map = M38;
		else if (decode_peek(d, 0x3a))
			d->map = M3A;
	}
	d->opcode = reader_u8(&d->r);
	return true;
}

/* ---- which form it is --------------------------------------------------------------------------------- */

static bool form_has_prefix(const struct form *form, const struct decoding *d)
{
	bool wide = d->rex & REX_W;

	if (d->is_vex)
		return form->prefix == d->mandatory;
	switch (form->prefix) {
	case PV:
		return d->mandatory == NP && !(d->has_66 && wide);
	case P66:
		return d->mandatory == NP && d->has_66;
	default:
		return d->mandatory == form->prefix && !d->has_66;
	}
}

static bool form_takes(const struct form *form, const struct decoding *d)
{
	bool memory = d->modrm < 0xc0;

	for (unsigned i = 0; i < X86_OPERANDS; i++) {
		uint8_t place = form->operands[i].place;

		if (!rule_holds(FORM_MEMORY, place != P_MEM || memory))
			return false;
		if (!rule_holds(FORM_REGISTER, (place != P_RMR && place != P_XRMR) || !memory))
			return false;
	}
	return true;
}

static bool form_matches(const struct form *form, const struct decoding *d)
{
	bool wide = d->rex & REX_W;

	if (!rule_holds(FORM_PREFIX, form_has_prefix(form, d)))
		return false;
	if (!rule_holds(FORM_W, form->w == WA || (form->w == W1) == wide))
		return false;
	if (!rule_holds(FORM_L, form->l == LA || form->l == d->l))
		return false;
	if (!rule_holds(FORM_EXTENSION, form->modrm >= 8 || form->modrm == (d->modrm >> 3 & 7)))
		return false;
	return form->modrm == N || form->modrm == O || form_takes(form, d);
}

/* Has the opcode a ModRM byte? All its forms agree. */
static bool form_has_modrm(const struct form *form)
{
	return form->modrm != N && form->modrm != O;
}

static const struct form *form_find(struct decoding *d, const struct x86_index *index)
{
	unsigned key = d->map * 256u + d->opcode;
	unsigned end = index->first[key + 1];
	unsigned i = index->first[key];

	if (i == end)
		return NULL;
	if (form_has_modrm(&g_forms[index->entries[i]]))
		d->modrm = reader_u8(&d->r);
	for (; i < end; i++) {
		const struct form *form = &g_forms[index->entries[i]];

		if (form_matches(form, d))
			return form;
	}
	return NULL;
}

/* ---- operands ------------------------------------------------------------------------------------------- */

/* A register's number: three bits of the encoding and one of REX. */
static uint8_t decode_reg(struct decoding *d, unsigned low, uint8_t rex_bit)
{
	d->rex_used |= rex_bit;
	return (uint8_t)((low & 7) | (d->rex & rex_bit ? 8u : 0u));
}

static int32_t decode_disp(struct decoding *d, unsigned size)
{
	return size == 1 ? (int8_t)reader_u8(&d->r) : (int32_t)reader_u32(&d->r);
}

/* SIB and displacement (SDM volume 2, table 2-3). No index: scale 1, as the compiler has it. */
static bool decode_sib(struct decoding *d, unsigned mod)
{
	struct x86_insn *insn = d->insn;
	uint8_t sib = reader_u8(&d->r);
	uint8_t index = decode_reg(d, sib >> 3, REX_X);

	insn->scale = (uint8_t)(1u << (sib >> 6));
	if (index != X86_RSP)
		insn->index = index;
	else if (!rule_holds(SIB_SCALE, insn->scale == 1))
		return false;
	if (mod == 0 && (sib & 7) == 5)
		insn->disp = decode_disp(d, 4);
	else
		insn->base = decode_reg(d, sib, REX_B);
	return true;
}

static bool decode_memory(struct decoding *d)
{
	struct x86_insn *insn = d->insn;
	unsigned mod = d->modrm >> 6;
	unsigned rm = d->modrm & 7;

	insn->has_memory = true;
	insn->segment = d->segment;
	insn->base = X86_NO_REG;
	insn->index = X86_NO_REG;
	insn->scale = 1;
	if (rm == 4) {
		if (!decode_sib(d, mod))
			return false;
	} else if (mod == 0 && rm == 5) {
		insn->base = X86_RIP;
		insn->disp = decode_disp(d, 4);
	} else {
		insn->base = decode_reg(d, rm, REX_B);
	}
	if (mod != 0)
		insn->disp = decode_disp(d, mod == 1 ? 1 : 4);
	return true;
}

static uint8_t operand_size(const struct decoding *d, uint8_t size)
{
	bool wide = d->rex & REX_W;

	switch (size) {
	case S_V:
		return wide ? 8 : d->has_66 ? 2 : 4;
	case S_Z:
		return !wide && d->has_66 ? 2 : 4;
	case S_Y:
		return wide ? 8 : 4;
	case S_X:
	case S_XH:
	case S_XQ:
	case S_XE:
		return (uint8_t)((d->l ? 32 : 16) >> (size - S_X));
	default:
		return size;
	}
}

/* A general register; of one byte, without REX, the numbers 4 to 7 are bits 8 to 15 of 0 to 3. A REX without
 * bits is there for the others of that number alone. */
static void operand_gpr(struct decoding *d, struct x86_operand *op, uint8_t reg)
{
	op->kind = X86_GPR;
	op->reg = reg;
	if (op->size == 1 && reg >= 4 && reg < 8) {
		if (d->has_rex || d->is_vex)
			d->rex_used |= REX_BYTE;
		else {
			op->high = true;
			op->reg = reg - 4;
		}
	}
}

static void operand_immediate(struct decoding *d, struct x86_operand *op)
{
	static const uint8_t bits[] = {[1] = 56, [2] = 48, [4] = 32, [8] = 0};
	uint64_t v = 0;
	unsigned size = op->size;

	op->kind = X86_IMMEDIATE;
	for (unsigned i = 0; i < size; i++)
		v |= (uint64_t)reader_u8(&d->r) << 8 * i;
	d->insn->immediate = (int64_t)(v << bits[size]) >> bits[size];
}

static bool operand_is_memory(const struct decoding *d, uint8_t place)
{
	return place == P_MEM || ((place == P_RM || place == P_XRM) && d->modrm < 0xc0);
}

static bool operand_decode(struct decoding *d, struct x86_operand *op, uint8_t place)
{
	unsigned reg = d->modrm >> 3;

	if (operand_is_memory(d, place)) {
		op->kind = X86_MEMORY;
		return true; /* the address is decoded first of all: it precedes immediates */
	}
	op->kind = X86_XMM;
	switch (place) {
	case P_RM:
	case P_RMR:
		operand_gpr(d, op, decode_reg(d, d->modrm, REX_B));
		break;
	case P_REG:
		operand_gpr(d, op, decode_reg(d, reg, REX_R));
		break;
	case P_OPC:
		operand_gpr(d, op, decode_reg(d, d->opcode, REX_B));
		break;
	case P_VVVV:
		operand_gpr(d, op, d->vvvv);
		break;
	case P_RAX:
		operand_gpr(d, op, X86_RAX);
		break;
	case P_RCX:
		operand_gpr(d, op, X86_RCX);
		break;
	case P_RDX:
		operand_gpr(d, op, X86_RDX);
		break;
	case P_XRM:
	case P_XRMR:
		op->reg = decode_reg(d, d->modrm, REX_B);
		if (op->size < 16)
			op->size = 16;
		break;
	case P_XREG:
		op->reg = decode_reg(d, reg, REX_R);
		break;
	case P_XVVVV:
		op->reg = d->vvvv;
		break;
	case P_XMM0:
		op->reg = 0;
		break;
	case P_XIS4: {
		uint8_t imm = reader_u8(&d->r);

		op->reg = imm >> 4;
		return rule_holds(IS4_LOW, (imm & 15) == 0);
	}
	case P_IMM:
	case P_REL:
		operand_immediate(d, op);
		break;
	case P_ONE:
		op->kind = X86_IMMEDIATE;
		d->insn->immediate = 1;
		break;
	default:
		return false;
	}
	return true;
}

static bool decode_operands(struct decoding *d, const struct form *form)
{
	struct x86_insn *insn = d->insn;
	bool uses_vvvv = false;

	if (form_has_modrm(form) && d->modrm < 0xc0 && !decode_memory(d))
		return false;
	for (unsigned i = 0; i < X86_OPERANDS && form->operands[i].place != P_NOTHING; i++) {
		const struct form_operand *from = &form->operands[i];
		struct x86_operand *op = &insn->operands[i];

		if (from->place == P_VVVV || from->place == P_XVVVV)
			uses_vvvv = true;
		op->size = operand_size(d, from->size);
		op->access = from->access;
		if (!operand_decode(d, op, from->place))
			return false;
		insn->operand_count++;
	}
	return rule_holds(VEX_VVVV, uses_vvvv || !d->is_vex || d->vvvv == 0);
}

/* Is there no prefix, and no bit of one, without a meaning? */
static bool decode_is_tight(const struct decoding *d, const struct form *form)
{
	bool memory = d->insn->operands[0].kind == X86_MEMORY;

	/* the form itself says what W may be */
	if (!rule_holds(REX_USED, (d->rex & ~(d->rex_used | REX_W)) == 0))
		return false;
	if (!rule_holds(REX_NEEDED, !d->has_rex || d->rex != 0 || (d->rex_used & REX_BYTE)))
		return false;
	if (!rule_holds(LOCK_LISTED, !d->has_lock || ((form->attributes & LK) && memory)))
		return false;
	return rule_holds(SEGMENT_USED, d->segment == X86_NO_SEGMENT ||
						(d->insn->has_memory && d->insn->base != X86_RIP &&
						 form->class != X86_LEA));
}

/* ---- instructions that are whole byte strings -------------------------------------------------------------- */

/* NOP in the lengths that the assembler fills with (SDM volume 2, NOP), and MFENCE: without effect here. */
static const struct whole {
	uint8_t length;
	uint8_t bytes[9];
} g_whole[] = {
	{3, {0x0f, 0xae, 0xf0}},
	{9, {0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0}},
	{8, {0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0}},
	{7, {0x0f, 0x1f, 0x80, 0, 0, 0, 0}},
	{6, {0x66, 0x0f, 0x1f, 0x44, 0, 0}},
	{5, {0x0f, 0x1f, 0x44, 0, 0}},
	{4, {0x0f, 0x1f, 0x40, 0}},
	{3, {0x0f, 0x1f, 0x00}},
	{2, {0x66, 0x90}},
	{1, {0x90}},
};

static bool bytes_begin(const uint8_t *p, size_t left, const uint8_t *bytes, size_t length)
{
	return left >= length && memcmp(p, bytes, length) == 0;
}

/* From 10 bytes on: 66 up to six times, then CS NOPW. */
static unsigned nop_long(const uint8_t *p, size_t left)
{
	static const uint8_t nopw[] = {0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0};
	unsigned n = 0;

	while (n < 6 && n < left && p[n] == 0x66)
		n++;
	if (n == 0 || !bytes_begin(p + n, left - n, nopw, sizeof nopw))
		return 0;
	return n + (unsigned)sizeof nopw;
}

static unsigned decode_whole(struct x86_insn *insn, const uint8_t *p, size_t left)
{
	static const uint8_t ud1[] = {0x67, 0x0f, 0xb9, 0x40}; /* ud1 kk(%eax), %eax */
	static const uint8_t ud2[] = {0x0f, 0x0b};

	if (left == 0 || (p[0] != 0x0f && p[0] != 0x66 && p[0] != 0x67 && p[0] != 0x90))
		return 0;
	insn->keeps_flags = true;
	for (unsigned i = 0; i < COUNT_OF(g_whole); i++) {
		if (bytes_begin(p, left, g_whole[i].bytes, g_whole[i].length))
			return g_whole[i].length;
	}
	if (bytes_begin(p, left, ud1, sizeof ud1) && left > sizeof ud1) {
		insn->class = X86_TRAP;
		insn->immediate = p[sizeof ud1];
		return sizeof ud1 + 1;
	}
	if (bytes_begin(p, left, ud2, sizeof ud2)) {
		insn->class = X86_TRAP;
		return sizeof ud2;
	}
	return nop_long(p, left);
}

bool x86_decode(struct x86_insn *insn, const struct x86_index *index, const uint8_t *p, size_t left)
{
	struct decoding d = {.insn = insn};
	size_t max = left < X86_LENGTH_MAX ? left : X86_LENGTH_MAX;

	memset(insn, 0, sizeof *insn);
	insn->length = (uint8_t)decode_whole(insn, p, max);
	if (insn->length != 0)
		return true;
	reader_init(&d.r, p, max);
	decode_prefixes(&d);
	if (!decode_opcode(&d))
		return false;
	const struct form *form = form_find(&d, index);

	if (!form) {
		insn->length = 1; /* only a test build that leaves the rule out goes on behind it */
		return rule_holds(LISTED, false);
	}
	if (!decode_operands(&d, form) || !decode_is_tight(&d, form) ||
	    !rule_holds(COMPLETE, !d.r.bad))
		return false;
	insn->class = form->class;
	insn->condition = d.opcode & 15;
	insn->keeps_flags = form->attributes & K;
	insn->locked = d.has_lock;
	insn->length = (uint8_t)(max - d.r.left);
	return true;
}
