/*
 * Mutants. Most change what a compiler might have got wrong, so that some are accepted: an operand, a constant, a
 * target; some are noise.
 */
#include "test/verifier/oracle_mutate.h"

#include <string.h>

#include "native/format.h"

void mutator_init(struct mutator *m, const struct verify_image *image)
{
	m->image = image;
	ZydisDecoderInit(&m->zydis, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
}

static uint32_t rodata_begin(const struct verify_image *image)
{
	return (image->code_size + NATIVE_PAGE - 1) & ~(NATIVE_PAGE - 1u);
}

static void lea_note(struct mutator *m, const ZydisDecodedInstruction *z, uint32_t next)
{
	int64_t at = next + z->raw.disp.value - (int64_t)rodata_begin(m->image);

	if (z->mnemonic == ZYDIS_MNEMONIC_LEA && z->raw.modrm.mod == 0 && z->raw.modrm.rm == 5 &&
	    at >= 0 && at + 4 <= m->image->rodata_size && m->lea_count < MUTATE_LEAS_MAX)
		m->leas[m->lea_count++] = (uint32_t)at;
}

static void insn_note(struct mutator *m, const ZydisDecodedInstruction *z, uint32_t at)
{
	struct mutate_insn *i = &m->insns[m->insn_count++];

	*i = (struct mutate_insn){
		.at = at,
		.length = z->length,
		.modrm = z->attributes & ZYDIS_ATTRIB_HAS_MODRM ? z->raw.modrm.offset : 0,
		.sib = z->attributes & ZYDIS_ATTRIB_HAS_SIB ? z->raw.sib.offset : 0,
		.disp = z->raw.disp.offset,
		.disp_size = z->raw.disp.size / 8,
		.imm = z->raw.imm[0].offset,
		.imm_size = z->raw.imm[0].size / 8,
		.prefixes = z->raw.prefix_count,
		.is_branch = z->raw.imm[0].size != 0 && z->raw.imm[0].is_relative,
		.has_memory = (z->attributes & ZYDIS_ATTRIB_HAS_MODRM) && z->raw.modrm.mod != 3,
	};
}

bool mutator_function(struct mutator *m, uint32_t begin, uint32_t end)
{
	const uint8_t *code = m->image->code + begin;
	ZydisDecodedInstruction z;

	m->begin = begin;
	m->size = end - begin;
	m->insn_count = m->lea_count = 0;
	for (uint32_t at = 0; at < m->size; at += z.length) {
		if (m->insn_count == MUTATE_INSNS_MAX ||
		    !ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&m->zydis, NULL, code + at,
								m->size - at, &z)))
			return false;
		if (z.mnemonic == ZYDIS_MNEMONIC_HLT)
			continue;
		insn_note(m, &z, at);
		lea_note(m, &z, begin + at + z.length);
	}
	return m->insn_count >= 3;
}

static const struct mutate_insn *insn_any(struct mutator *m, struct random *r)
{
	return &m->insns[random_below(r, m->insn_count)];
}

/* One with a field: tries a few. */
static const struct mutate_insn *insn_with(struct mutator *m, struct random *r, size_t field)
{
	for (unsigned i = 0; i < 16; i++) {
		const struct mutate_insn *insn = insn_any(m, r);

		if (((const uint8_t *)insn)[field] != 0)
			return insn;
	}
	return insn_any(m, r);
}
#define INSN_WITH(m, r, field) insn_with(m, r, offsetof(struct mutate_insn, field))

/* ---- kinds of mutation ------------------------------------------------------------------------------------- */

static void mutate_bit(struct mutator *m, struct random *r, uint8_t *code)
{
	code[random_below(r, m->size)] ^= (uint8_t)(1u << random_below(r, 8));
}

static void mutate_byte(struct mutator *m, struct random *r, uint8_t *code)
{
	code[random_below(r, m->size)] = (uint8_t)random_next(r);
}

static void mutate_delete(struct mutator *m, struct random *r, uint8_t *code)
{
	const struct mutate_insn *i = insn_any(m, r);

	memset(code + i->at, 0x90, i->length);
}

/* Two neighbours change places. */
static void mutate_swap(struct mutator *m, struct random *r, uint8_t *code)
{
	uint32_t n = random_below(r, m->insn_count - 1);
	const struct mutate_insn *a = &m->insns[n], *b = &m->insns[n + 1];
	uint8_t first[16];

	if (a->at + a->length != b->at)
		return;
	memcpy(first, code + a->at, a->length);
	memmove(code + a->at, code + b->at, b->length);
	memcpy(code + a->at + b->length, first, a->length);
}

/* In the place of an instruction stands another that is not longer, of this function or of any. */
static void mutate_replace(struct mutator *m, struct random *r, uint8_t *code)
{
	const struct mutate_insn *to = insn_any(m, r);
	ZydisDecodedInstruction z;
	const uint8_t *from = code + insn_any(m, r)->at;
	size_t left = m->size - (size_t)(from - code);

	if (random_one_in(r, 2)) {
		uint32_t f = random_below(r, m->image->entry_count);
		uint32_t at = m->image->entries[f], end = m->image->entries[f + 1];

		for (uint32_t n = random_below(r, 40);; n--) {
			if (at >= end ||
			    !ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(
				    &m->zydis, NULL, m->image->code + at, end - at, &z)))
				return;
			if (n == 0)
				break;
			at += z.length;
		}
		from = m->image->code + at;
		left = end - at;
	}
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&m->zydis, NULL, from, left, &z)) ||
	    z.length > to->length)
		return;
	memmove(code + to->at, from, z.length);
	memset(code + to->at + z.length, 0x90, to->length - z.length);
}

/* A long NOP gives way to a short instruction. */
static void mutate_nop(struct mutator *m, struct random *r, uint8_t *code)
{
	static const uint8_t shorts[][4] = {{0x89, 0xc0, 0x90, 0x90}, {0x48, 0x89, 0xc0, 0x90},
					    {0x83, 0xc0, 0x01, 0x90}, {0x48, 0xff, 0xc0, 0x90},
					    {0x31, 0xc0, 0x90, 0x90}, {0x48, 0x83, 0xe8, 0x10}};
	const uint8_t *from = shorts[random_below(r, COUNT_OF(shorts))];
	uint32_t n = random_below(r, m->insn_count);

	for (uint32_t i = 0; i < m->insn_count; i++, n = (n + 1) % m->insn_count) {
		uint8_t *p = code + m->insns[n].at;
		uint32_t length = m->insns[n].length, field = from[0] == 0x48 ? 2 : 1;

		if (length < 4 || p[0] != 0x0f || p[1] != 0x1f)
			continue;
		memset(p, 0x90, length);
		memcpy(p, from, 4);
		p[field] ^=
			(uint8_t)(random_next(r) & (from[0] == 0x89 || from[1] == 0x89 ? 63 : 7));
		return;
	}
}

static void mutate_prefix(struct mutator *m, struct random *r, uint8_t *code)
{
	static const uint8_t prefixes[] = {0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e,
					   0x40, 0x41, 0x44, 0x48, 0x49, 0x4c, 0xc5, 0x0f};
	uint8_t prefix = prefixes[random_below(r, sizeof prefixes)];
	uint32_t n = random_below(r, m->insn_count);
	const struct mutate_insn *i = &m->insns[n];

	switch (random_below(r, 3)) {
	case 0: /* away, with a NOP at the end */
		memmove(code + i->at, code + i->at + 1, i->length - 1u);
		code[i->at + i->length - 1] = 0x90;
		break;
	case 1:
		code[i->at] = prefix;
		break;
	default: /* before the instruction, over the end of the one before */
		if (n > 0)
			code[i->at - 1] = prefix;
		break;
	}
}

/* Registers of an operand; size and direction by the opcode. */
static void mutate_modrm(struct mutator *m, struct random *r, uint8_t *code)
{
	const struct mutate_insn *i = INSN_WITH(m, r, modrm);
	uint32_t at = i->at + i->modrm;

	if (i->modrm == 0)
		return;
	switch (random_below(r, 5)) {
	case 0:
		code[at] = (uint8_t)((code[at] & 0xc7) | random_below(r, 8) << 3);
		break;
	case 1:
	case 2:
		code[at] = (uint8_t)((code[at] & 0xf8) | random_below(r, 8));
		break;
	case 3:
		code[i->at + i->modrm - 1] ^= (uint8_t)(1u << random_below(r, 2));
		break;
	default: /* REX */
		if (i->modrm >= 2 && (code[at - 2] & 0xf0) == 0x40)
			code[at - 2] ^= (uint8_t)(1u << random_below(r, 4));
		break;
	}
}

static void mutate_sib(struct mutator *m, struct random *r, uint8_t *code)
{
	const struct mutate_insn *i = INSN_WITH(m, r, sib);
	uint8_t *sib = code + i->at + i->sib;

	if (i->sib == 0)
		return;
	switch (random_below(r, 3)) {
	case 0:
		*sib = (uint8_t)((*sib & 0x3f) | random_below(r, 4) << 6);
		break;
	case 1:
		*sib = (uint8_t)((*sib & 0xc7) | random_below(r, 8) << 3);
		break;
	default:
		*sib = (uint8_t)((*sib & 0xf8) | random_below(r, 8));
		break;
	}
}

static int64_t number_near(struct random *r, int64_t n)
{
	static const int64_t edges[] = {0,    1,    -1,	 8,	 -8,	16,	   127,
					-128, 4096, 255, 0x7fff, 65536, INT32_MAX, INT32_MIN};
	static const int64_t steps[] = {1, 2, 4, 8, 12, 16, 24, 32, 64, 4096, 65536};

	switch (random_below(r, 4)) {
	case 0:
		return edges[random_below(r, COUNT_OF(edges))];
	case 1:
		return -n;
	default:
		return n + (random_one_in(r, 2) ? 1 : -1) * steps[random_below(r, COUNT_OF(steps))];
	}
}

static void field_mutate(struct random *r, uint8_t *at, unsigned size)
{
	uint64_t n = 0;

	if (size == 0 || size > 8)
		return;
	memcpy(&n, at, size);
	n = (uint64_t)number_near(r, (int64_t)(n << (64 - 8 * size)) >> (64 - 8 * size));
	memcpy(at, &n, size);
}

static void mutate_disp(struct mutator *m, struct random *r, uint8_t *code)
{
	const struct mutate_insn *i = INSN_WITH(m, r, disp);

	field_mutate(r, code + i->at + i->disp, i->disp_size);
}

static void mutate_imm(struct mutator *m, struct random *r, uint8_t *code)
{
	const struct mutate_insn *i = INSN_WITH(m, r, imm);

	field_mutate(r, code + i->at + i->imm, i->imm_size);
}

/* To another instruction, or near one; the condition, too. */
static void mutate_branch(struct mutator *m, struct random *r, uint8_t *code)
{
	const struct mutate_insn *i = NULL;

	for (unsigned k = 0; k < 16 && (!i || !i->is_branch); k++)
		i = INSN_WITH(m, r, imm);
	if (!i->is_branch)
		return;
	int64_t to = insn_any(m, r)->at, next = (int64_t)i->at + i->length;

	if (random_one_in(r, 4)) {
		code[i->at + i->imm - 1] ^= (uint8_t)(1u << random_below(r, 4));
		return;
	}
	if (random_one_in(r, 8))
		to += (int64_t)random_below(r, 9) - 4;
	if (i->imm_size == 4 && random_one_in(r, 4)) {
		uint32_t f = random_below(r, m->image->entry_count);

		to = (int64_t)m->image->entries[f] - m->begin + (random_one_in(r, 4) ? 16 : 0);
	}
	to -= next;
	if (i->imm_size == 1 && (to < INT8_MIN || to > INT8_MAX))
		return;
	memcpy(code + i->at + i->imm, &to, i->imm_size);
}

static void mutate_word(struct mutator *m, struct random *r, uint8_t *rodata, uint32_t *word)
{
	if (m->lea_count == 0 || *word != UINT32_MAX)
		return;
	uint32_t table = m->leas[random_below(r, m->lea_count)];
	uint32_t at = table + 4 * random_below(r, 12);

	if (at + 4 > m->image->rodata_size)
		return;
	*word = at;
	if (random_one_in(r, 2)) {
		field_mutate(r, rodata + at, 4);
		return;
	}
	uint32_t to = m->begin + insn_any(m, r)->at + (random_one_in(r, 4) ? 1 : 0) -
		      (rodata_begin(m->image) + table);

	memcpy(rodata + at, &to, 4);
}

static void mutate_once(struct mutator *m, struct random *r, uint8_t *code, uint8_t *rodata,
			uint32_t *word)
{
	typedef void kind(struct mutator *, struct random *, uint8_t *);
	static kind *const kinds[] = {
		mutate_bit,	mutate_byte,   mutate_delete, mutate_swap,  mutate_replace,
		mutate_replace, mutate_prefix, mutate_modrm,  mutate_modrm, mutate_sib,
		mutate_disp,	mutate_disp,   mutate_imm,    mutate_imm,   mutate_branch,
		mutate_branch,	mutate_nop,    mutate_nop,
	};
	uint32_t k = random_below(r, COUNT_OF(kinds) + 1);

	if (k == COUNT_OF(kinds))
		mutate_word(m, r, rodata, word);
	else
		kinds[k](m, r, code);
}

void mutate(struct mutator *m, struct random *r, uint8_t *code, uint8_t *rodata, uint32_t *word)
{
	unsigned times = random_one_in(r, 3) ? 2 : 1;

	for (unsigned i = 0; i < times; i++)
		mutate_once(m, r, code, rodata, word);
}
