/*
 * Holds the verifier's decoder against Zydis, a general disassembler: whatever ours accepts, Zydis must decode to
 * the same length with the same operands, hidden registers included. First every prefix, opcode, ModRM and SIB
 * there is, then random bytes. Prints the mnemonics that were accepted with --list.
 * Usage: decoder_check [--list] [RANDOM_STRINGS [SEED]]
 */
#include "native/x86.h"

#include <Zydis/Zydis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct x86_index g_index;
static ZydisDecoder g_zydis;
static unsigned long long g_tried, g_accepted, g_mismatches;
static unsigned long long g_mnemonics[ZYDIS_MNEMONIC_MAX_VALUE + 1];
static uint64_t g_random = 0x9e3779b97f4a7c15;

static uint64_t random_next(void)
{
	g_random ^= g_random << 13;
	g_random ^= g_random >> 7;
	g_random ^= g_random << 17;
	return g_random;
}

static void mismatch(const uint8_t *p, const char *why)
{
	if (g_mismatches++ >= 40)
		return;
	printf("mismatch (%s):", why);
	for (unsigned i = 0; i < 15; i++)
		printf(" %02x", p[i]);
	printf("\n");
}

/* A general register of Zydis: number, bytes, high half. */
static bool zydis_gpr(ZydisRegister r, unsigned *reg, unsigned *size, bool *high)
{
	*high = r >= ZYDIS_REGISTER_AH && r <= ZYDIS_REGISTER_BH;
	switch (ZydisRegisterGetClass(r)) {
	case ZYDIS_REGCLASS_GPR8:
		*size = 1;
		break;
	case ZYDIS_REGCLASS_GPR16:
		*size = 2;
		break;
	case ZYDIS_REGCLASS_GPR32:
		*size = 4;
		break;
	case ZYDIS_REGCLASS_GPR64:
		*size = 8;
		break;
	default:
		return false;
	}
	*reg = (unsigned)ZydisRegisterGetId(
		ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, r));
	return true;
}

static unsigned zydis_access(const ZydisDecodedOperand *op)
{
	unsigned access = 0;

	if (op->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
		access |= X86_READ;
	if (op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
		access |= X86_WRITE;
	return access;
}

/* Takes the first of our operands that is this register, with these accesses at least. */
static bool take_register(bool taken[X86_OPERANDS], const struct x86_insn *insn, uint8_t kind,
			  unsigned reg, unsigned size, bool high, unsigned access)
{
	for (unsigned i = 0; i < insn->operand_count; i++) {
		const struct x86_operand *op = &insn->operands[i];

		if (taken[i] || op->kind != kind || op->reg != reg || op->high != high)
			continue;
		if (op->size < size || (op->access & access) != access)
			continue;
		taken[i] = true;
		return true;
	}
	return false;
}

static bool same_address(const struct x86_insn *insn, const ZydisDecodedOperandMem *mem)
{
	unsigned reg = X86_NO_REG, size, index = X86_NO_REG;
	bool high;
	uint8_t segment = mem->segment == ZYDIS_REGISTER_FS   ? X86_FS
			  : mem->segment == ZYDIS_REGISTER_GS ? X86_GS
							      : X86_NO_SEGMENT;

	if (mem->base == ZYDIS_REGISTER_RIP)
		reg = X86_RIP;
	else if (mem->base != ZYDIS_REGISTER_NONE &&
		 (!zydis_gpr(mem->base, &reg, &size, &high) || size != 8))
		return false;
	if (mem->index != ZYDIS_REGISTER_NONE &&
	    (!zydis_gpr(mem->index, &index, &size, &high) || size != 8))
		return false;
	return insn->segment == segment && insn->base == reg && insn->index == index &&
	       (index == X86_NO_REG ? insn->scale == 1 : insn->scale == mem->scale) &&
	       insn->disp == mem->disp.value;
}

static bool take_memory(bool taken[X86_OPERANDS], const struct x86_insn *insn,
			const ZydisDecodedInstruction *z, const ZydisDecodedOperand *op)
{
	for (unsigned i = 0; i < insn->operand_count; i++) {
		const struct x86_operand *ours = &insn->operands[i];
		unsigned bits = z->mnemonic == ZYDIS_MNEMONIC_LEA ? 0 : op->size;

		if (taken[i] || ours->kind != X86_MEMORY)
			continue;
		taken[i] = true;
		/* Zydis has the mask's view of VMASKMOV: fewer bytes never, so sizes are the same */
		return ours->size * 8u == bits && ours->access == (bits ? zydis_access(op) : 0) &&
		       same_address(insn, &op->mem);
	}
	return false;
}

static bool same_operand(bool taken[X86_OPERANDS], const struct x86_insn *insn,
			 const ZydisDecodedInstruction *z, const ZydisDecodedOperand *op)
{
	unsigned reg, size;
	bool high, hidden = op->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;

	switch (op->type) {
	case ZYDIS_OPERAND_TYPE_REGISTER:
		if (hidden &&
		    (op->reg.value == ZYDIS_REGISTER_RFLAGS ||
		     op->reg.value == ZYDIS_REGISTER_RIP || op->reg.value == ZYDIS_REGISTER_RSP))
			return true;
		if (zydis_gpr(op->reg.value, &reg, &size, &high))
			return take_register(taken, insn, X86_GPR, reg, size, high,
					     zydis_access(op));
		if (ZydisRegisterGetClass(op->reg.value) != ZYDIS_REGCLASS_XMM &&
		    ZydisRegisterGetClass(op->reg.value) != ZYDIS_REGCLASS_YMM)
			return z->mnemonic == ZYDIS_MNEMONIC_VZEROUPPER;
		if (z->mnemonic == ZYDIS_MNEMONIC_VZEROUPPER)
			return true;
		reg = (unsigned)ZydisRegisterGetId(op->reg.value);
		size = ZydisRegisterGetWidth(ZYDIS_MACHINE_MODE_LONG_64, op->reg.value) / 8;
		return take_register(taken, insn, X86_XMM, reg, size, false, zydis_access(op));
	case ZYDIS_OPERAND_TYPE_MEMORY:
		if (hidden) /* of PUSH, CALL, RET: the stack */
			return op->mem.base == ZYDIS_REGISTER_RSP;
		return take_memory(taken, insn, z, op);
	case ZYDIS_OPERAND_TYPE_IMMEDIATE:
		for (unsigned i = 0; i < insn->operand_count; i++) {
			if (!taken[i] && insn->operands[i].kind == X86_IMMEDIATE) {
				unsigned n = 64 - op->size;

				taken[i] = true;
				return op->size != 0 &&
				       (uint64_t)insn->immediate << n == op->imm.value.u << n;
			}
		}
		return false;
	default:
		return false;
	}
}

static bool flags_written(const ZydisDecodedInstruction *z)
{
	return z->cpu_flags && (z->cpu_flags->modified | z->cpu_flags->set_0 | z->cpu_flags->set_1 |
				z->cpu_flags->undefined);
}

static void compare(const uint8_t *p, const struct x86_insn *insn)
{
	ZydisDecodedInstruction z;
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
	bool taken[X86_OPERANDS] = {0};

	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&g_zydis, p, 15, &z, ops))) {
		mismatch(p, "unknown to Zydis");
		return;
	}
	g_mnemonics[z.mnemonic]++;
	if (z.length != insn->length) {
		mismatch(p, "length");
		return;
	}
	if (insn->class == X86_TRAP || z.mnemonic == ZYDIS_MNEMONIC_NOP)
		return;
	if (insn->keeps_flags && flags_written(&z))
		mismatch(p, "flags");
	if (insn->locked != !!(z.attributes & ZYDIS_ATTRIB_HAS_LOCK))
		mismatch(p, "lock");
	for (unsigned i = 0; i < z.operand_count; i++) {
		if (!same_operand(taken, insn, &z, &ops[i])) {
			char text[100];

			snprintf(text, sizeof text, "%s, operand %u",
				 ZydisMnemonicGetString(z.mnemonic), i);
			mismatch(p, text);
			return;
		}
	}
	for (unsigned i = 0; i < insn->operand_count; i++) {
		if (!taken[i])
			mismatch(p, "an operand too many");
	}
}

static void try(const uint8_t *p)
{
	struct x86_insn insn;

	g_tried++;
	if (!x86_decode(&insn, &g_index, p, 15))
		return;
	g_accepted++;
	compare(p, &insn);
	struct x86_insn again;

	if (insn.length > 1 && x86_decode(&again, &g_index, p, insn.length - 1u) &&
	    again.length >= insn.length)
		mismatch(p, "reads beyond its end");
}

/* All ModRM bytes, with some SIB bytes each, over random displacements and immediates. */
static void try_modrm(uint8_t *p, unsigned n)
{
	for (unsigned modrm = 0; modrm < 256; modrm++) {
		uint64_t noise = random_next();

		p[n] = (uint8_t)modrm;
		memcpy(p + n + 1, &noise, sizeof noise);
		try(p);
		if (modrm >= 0xc0 || (modrm & 7) != 4)
			continue;
		for (unsigned sib = 0; sib < 256; sib += 1 + (unsigned)(random_next() & 7)) {
			p[n + 1] = (uint8_t)sib;
			try(p);
		}
	}
}

static void try_legacy(void)
{
	static const uint8_t segments[] = {0, 0x64, 0x65, 0x2e, 0x67};
	static const uint8_t reps[] = {0, 0xf2, 0xf3};
	static const uint8_t maps[][2] = {{0, 0}, {0x0f, 0}, {0x0f, 0x38}, {0x0f, 0x3a}};
	uint8_t p[32] = {0};

	for (unsigned v = 0; v < 5 * 2 * 2 * 3 * 17; v++) {
		for (unsigned map = 0; map < 4; map++) {
			for (unsigned op = 0; op < 256; op++) {
				unsigned n = 0, x = v;
				uint8_t segment = segments[x % 5];

				if (segment)
					p[n++] = segment;
				x /= 5;
				if (x % 2)
					p[n++] = 0x66;
				x /= 2;
				if (x % 2)
					p[n++] = 0xf0;
				x /= 2;
				if (reps[x % 3])
					p[n++] = reps[x % 3];
				x /= 3;
				if (x)
					p[n++] = (uint8_t)(0x40 + x - 1);
				for (unsigned i = 0; i < 2 && maps[map][i]; i++)
					p[n++] = maps[map][i];
				p[n++] = (uint8_t)op;
				try_modrm(p, n);
			}
		}
	}
}

static void try_vex(void)
{
	uint8_t p[32] = {0};

	for (unsigned byte = 0; byte < 256; byte++) {
		for (unsigned op = 0; op < 256; op++) {
			p[0] = 0xc5;
			p[1] = (uint8_t)byte;
			p[2] = (uint8_t)op;
			try_modrm(p, 3);
		}
	}
	for (unsigned first = 0; first < 256; first++) {
		if ((first & 31) > 4)
			continue;
		for (unsigned last = 0; last < 256; last += (last & 0x78) == 8 ? 0x60 : 1) {
			for (unsigned op = 0; op < 256; op++) {
				p[0] = 0xc4;
				p[1] = (uint8_t)first;
				p[2] = (uint8_t)last;
				p[3] = (uint8_t)op;
				try_modrm(p, 4);
			}
		}
	}
}

static void try_random(unsigned long long count)
{
	uint8_t p[32] = {0};

	for (unsigned long long i = 0; i < count; i++) {
		uint64_t a = random_next(), b = random_next();

		memcpy(p, &a, 8);
		memcpy(p + 8, &b, 8);
		try(p);
	}
}

int main(int argc, char **argv)
{
	bool list = argc > 1 && strcmp(argv[1], "--list") == 0;
	unsigned long long count = 1000000;

	argv += list;
	argc -= list;
	if (argc > 1)
		count = strtoull(argv[1], NULL, 0);
	if (argc > 2)
		g_random ^= strtoull(argv[2], NULL, 0) << 8;
	x86_index_init(&g_index);
	ZydisDecoderInit(&g_zydis, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	try_legacy();
	try_vex();
	try_random(count);
	if (list) {
		for (unsigned i = 0; i <= ZYDIS_MNEMONIC_MAX_VALUE; i++) {
			if (g_mnemonics[i])
				printf("%s %llu\n", ZydisMnemonicGetString((ZydisMnemonic)i),
				       g_mnemonics[i]);
		}
	}
	printf("%llu tried, %llu accepted, %llu mismatches\n", g_tried, g_accepted, g_mismatches);
	return g_mismatches != 0;
}
