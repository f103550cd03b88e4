/*
 * The emulated CPU: one instruction after the other, every access and every transfer held against the sandbox.
 * Instructions of AVX, which Unicorn does not have, and a few others are carried out here: their memory operands,
 * as Zydis has them, are held against the sandbox, and what they write is made up, which is worse than anything
 * that they could compute.
 * Trust: Unicorn and Zydis; not the verifier, nor its decoder.
 * Invariant: a run that ends without an escape has left nothing behind but what a function may.
 */
#include "test/verifier/oracle_machine.h"

#include <Zydis/Zydis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

#include "native/format.h"
#include "test/verifier/oracle_sandbox.h"

/* Then the emulator is opened anew: where translated code was dropped often enough, it looks up an instruction that
 * traps in what is there no more, and crashes. */
#define EMULATOR_FUNCTIONS 4096u

#define STEPS_MAX  600u
#define FRAME_LOW  (SANDBOX_STACK - VERIFY_FRAME_MAX - 8) /* a call may still push there */
#define FLAG_DF	   0x400u
#define FLAG_AC	   0x40000u
#define MXCSR	   0x1fbfu
#define MXCSR_MODE 0xffc0u /* all but what exceptions there were */

/* Of each byte of the function. */
enum byte_kind { BYTE_INSIDE, BYTE_START, BYTE_HERE /* carried out here */ };

struct machine {
	const struct verify_image *image;
	uc_engine *uc;
	struct sandbox sandbox;
	ZydisDecoder zydis;
	uint32_t functions; /* that this emulator has had */
	uint32_t begin, end;
	uint8_t *bytes; /* enum byte_kind, code_size */
	uint32_t bytes_size;
	/* the run */
	struct machine_run run;
	uint64_t saved[6];
	uint64_t at; /* the instruction that is executed */
	uint32_t length;
	bool over;
	/* what the last instruction did to the stack */
	uint64_t pushed_at, pushed;
	bool has_pushed, has_read_return;
	/* a read of this instruction that crosses pages */
	uint64_t split_at;
	uint32_t split_size, split_step;
};

static const int g_saved[] = {UC_X86_REG_RBX, UC_X86_REG_RBP, UC_X86_REG_R12,
			      UC_X86_REG_R13, UC_X86_REG_R14, UC_X86_REG_R15};
static const int g_others[] = {UC_X86_REG_RAX, UC_X86_REG_RCX, UC_X86_REG_RDX,
			       UC_X86_REG_RSI, UC_X86_REG_RDI, UC_X86_REG_R8,
			       UC_X86_REG_R9,  UC_X86_REG_R10, UC_X86_REG_R11};

static uint64_t reg_get(struct machine *m, int reg)
{
	uint64_t v = 0;

	uc_reg_read(m->uc, reg, &v);
	return v;
}

static void reg_set(struct machine *m, int reg, uint64_t v)
{
	uc_reg_write(m->uc, reg, &v);
}

static void machine_stop(struct machine *m)
{
	m->over = true;
	uc_emu_stop(m->uc);
}

static void machine_escape(struct machine *m, const char *what, uint64_t at)
{
	if (!m->over) {
		m->run.end = MACHINE_ESCAPE;
		m->run.escape = what;
		m->run.escape_at = at;
		m->run.escape_rip = (uint32_t)(m->at - SANDBOX_CODE);
	}
	machine_stop(m);
}

static void trace(struct machine *m, uint64_t a, uint64_t b)
{
	m->run.trace = random_mix(m->run.trace ^ random_mix(a) ^ b);
}

/* ---- transfers ---------------------------------------------------------------------------------------------- */

/* The caller goes on, or another function in its place. */
static void machine_leave(struct machine *m, uint64_t rsp)
{
	uint64_t back;
	uint64_t flags = reg_get(m, UC_X86_REG_EFLAGS);
	uint32_t mxcsr = 0;

	uc_reg_read(m->uc, UC_X86_REG_MXCSR, &mxcsr);
	memcpy(&back,
	       m->sandbox.host[REGION_STACK] + (SANDBOX_STACK - sandbox_region_base(REGION_STACK)),
	       8);
	if (rsp != SANDBOX_STACK)
		machine_escape(m, "left with another stack pointer", rsp);
	else if (back != SANDBOX_RETURN)
		machine_escape(m, "left with another return address", back);
	for (unsigned i = 0; i < 6; i++) {
		if (reg_get(m, g_saved[i]) != m->saved[i])
			machine_escape(m, "left with another register of the caller", i);
	}
	if (flags & (FLAG_DF | FLAG_AC))
		machine_escape(m, "left with flags of the caller changed", flags);
	if ((mxcsr ^ MXCSR) & MXCSR_MODE)
		machine_escape(m, "left with another mode of floating point", mxcsr);
	if (reg_get(m, UC_X86_REG_FS_BASE) != SANDBOX_FS ||
	    reg_get(m, UC_X86_REG_GS_BASE) != SANDBOX_WINDOW)
		machine_escape(m, "left with another segment", 0);
	if (!m->over)
		m->run.end = MACHINE_RETURN;
	machine_stop(m);
}

/* A callee of any kind: it changes what it may change, and returns. */
static void machine_callee(struct machine *m, uint64_t at)
{
	uint64_t rsp = reg_get(m, UC_X86_REG_RSP);
	bool is_call = m->has_pushed && m->pushed_at == rsp && m->pushed == m->at + m->length;

	m->run.transfers++;
	trace(m, at, 1);
	if (!is_call) {
		machine_leave(m, rsp);
		return;
	}
	if (rsp % 16 != 8)
		machine_escape(m, "a callee with a misaligned stack", rsp);
	if (rsp >= SANDBOX_STACK || rsp < FRAME_LOW)
		machine_escape(m, "a callee with another stack", rsp);
	sandbox_called(&m->sandbox, rsp + 8);
	for (unsigned i = 0; i < COUNT_OF(g_others); i++)
		reg_set(m, g_others[i], sandbox_number(&m->sandbox));
	reg_set(m, UC_X86_REG_EFLAGS, 2 | (random_next(&m->sandbox.random) & 0x8d5));
	reg_set(m, UC_X86_REG_RSP, rsp + 8);
	m->has_pushed = false;
	reg_set(m, UC_X86_REG_RIP, m->pushed);
}

static bool image_has_entry(const struct verify_image *image, uint64_t at)
{
	uint32_t lo = 0, hi = image->entry_count;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (image->entries[mid] <= at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo > 0 && image->entries[lo - 1] == at;
}

/* ---- vectors ----------------------------------------------------------------------------------------------------- */

static int zydis_to_uc(ZydisRegister r)
{
	static const int regs[] = {UC_X86_REG_RAX, UC_X86_REG_RCX, UC_X86_REG_RDX, UC_X86_REG_RBX,
				   UC_X86_REG_RSP, UC_X86_REG_RBP, UC_X86_REG_RSI, UC_X86_REG_RDI,
				   UC_X86_REG_R8,  UC_X86_REG_R9,  UC_X86_REG_R10, UC_X86_REG_R11,
				   UC_X86_REG_R12, UC_X86_REG_R13, UC_X86_REG_R14, UC_X86_REG_R15};

	return regs[ZydisRegisterGetId(
		ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, r))];
}

static uint64_t zydis_reg(struct machine *m, ZydisRegister r, uint64_t next)
{
	if (r == ZYDIS_REGISTER_NONE)
		return 0;
	return r == ZYDIS_REGISTER_RIP ? next : reg_get(m, zydis_to_uc(r));
}

static void machine_memory(struct machine *m, uint64_t at, unsigned size, bool write, uint64_t v);

/* Of 0, a CPU leaves there what it wants. */
static bool insn_is_scan(const ZydisDecodedInstruction *z)
{
	return z->mnemonic == ZYDIS_MNEMONIC_BSF || z->mnemonic == ZYDIS_MNEMONIC_BSR;
}

static void vector_memory(struct machine *m, const ZydisDecodedOperand *op, uint64_t next)
{
	uint64_t at = zydis_reg(m, op->mem.base, next) +
		      zydis_reg(m, op->mem.index, next) * op->mem.scale +
		      (uint64_t)op->mem.disp.value;
	bool write = op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
	unsigned size = op->size / 8;

	at += op->mem.segment == ZYDIS_REGISTER_GS   ? SANDBOX_WINDOW
	      : op->mem.segment == ZYDIS_REGISTER_FS ? SANDBOX_FS
						     : 0;
	machine_memory(m, at, size, write, 0);
	if (m->over || !write)
		return;
	for (unsigned i = 0; i < size; i += 8) {
		uint64_t v = sandbox_number(&m->sandbox);

		uc_mem_write(m->uc, at + i, &v, size - i < 8 ? size - i : 8);
	}
}

/* General registers that it writes hold anything of their size after it. */
static void vector_step(struct machine *m)
{
	ZydisDecodedInstruction z;
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
	uint64_t at = m->at - SANDBOX_CODE;

	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&m->zydis, m->image->code + at,
						 m->image->code_size - at, &z, ops)))
		return;
	for (unsigned i = 0; i < z.operand_count && !m->over; i++) {
		if (ops[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
			vector_memory(m, &ops[i], m->at + z.length);
	}
	if (z.cpu_flags && (z.cpu_flags->modified | z.cpu_flags->undefined))
		reg_set(m, UC_X86_REG_EFLAGS, 2 | (sandbox_number(&m->sandbox) & 0x8d5));
	for (unsigned i = 0; i < z.operand_count; i++) {
		if (ops[i].type != ZYDIS_OPERAND_TYPE_REGISTER ||
		    ops[i].reg.value == ZYDIS_REGISTER_RFLAGS ||
		    !(ops[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			continue;
		uint64_t v = sandbox_number(&m->sandbox);

		if (ZydisRegisterGetClass(ops[i].reg.value) == ZYDIS_REGCLASS_GPR64 ||
		    insn_is_scan(&z))
			reg_set(m, zydis_to_uc(ops[i].reg.value), v);
		else if (ZydisRegisterGetClass(ops[i].reg.value) == ZYDIS_REGCLASS_GPR32)
			reg_set(m, zydis_to_uc(ops[i].reg.value), (uint32_t)v);
	}
	if (!m->over)
		reg_set(m, UC_X86_REG_RIP, m->at + z.length);
}

/* ---- what the CPU does --------------------------------------------------------------------------------------- */

/* Was what the last instruction did below RSP a push, and what it read of the return address a return? */
static void machine_settle(struct machine *m, uint64_t at)
{
	if (m->has_pushed && m->pushed_at != reg_get(m, UC_X86_REG_RSP))
		machine_escape(m, "a write below RSP", m->pushed_at);
	if (m->has_read_return && at != SANDBOX_RETURN)
		machine_escape(m, "a read of the return address", SANDBOX_STACK);
}

static void on_code(uc_engine *uc, uint64_t at, uint32_t size, void *user)
{
	struct machine *m = user;
	uint64_t d = at - SANDBOX_CODE;

	(void)uc;
	if (m->over)
		return;
	if (m->has_pushed || m->has_read_return)
		machine_settle(m, at);
	if (at == SANDBOX_RETURN) {
		machine_leave(m, reg_get(m, UC_X86_REG_RSP) - 8);
	} else if (sandbox_is_stub(&m->sandbox, at)) {
		machine_callee(m, SANDBOX_STUBS);
	} else if (d >= m->image->code_size) {
		machine_escape(m, "execution elsewhere", at);
	} else if (m->run.steps != 0 && image_has_entry(m->image, d)) {
		machine_callee(m, at);
	} else if (d < m->begin || d >= m->end) {
		machine_escape(m, "a jump into another function", at);
	} else if (m->bytes[d - m->begin] == BYTE_INSIDE) {
		machine_escape(m, "a jump into an instruction", at);
	} else {
		m->at = at;
		m->length = size;
		m->has_pushed = m->has_read_return = false;
		if (++m->run.steps > STEPS_MAX)
			machine_stop(m);
		else if (m->bytes[d - m->begin] == BYTE_HERE)
			vector_step(m);
	}
}

static void machine_stack(struct machine *m, uint64_t at, unsigned size, bool write, uint64_t v)
{
	uint64_t rsp = reg_get(m, UC_X86_REG_RSP);

	if (at == SANDBOX_STACK && size == 8 && !write && rsp == SANDBOX_STACK)
		m->has_read_return = true;
	else if (at + size > SANDBOX_STACK)
		machine_escape(m, "the caller's frame", at);
	else if (at < FRAME_LOW)
		machine_escape(m, "below all frames", at);
	else if (at < rsp && write && size == 8 && at == rsp - 8) {
		m->has_pushed = true;
		m->pushed_at = at;
		m->pushed = v;
	} else if (at < rsp)
		machine_escape(m, "an access below RSP", at);
}

static void machine_memory(struct machine *m, uint64_t at, unsigned size, bool write, uint64_t v)
{
	enum sandbox_region region = sandbox_region_of(at);
	const char *why = NULL;

	if (region == REGION_STACK && size <= 64)
		machine_stack(m, at, size, write, v);
	else
		why = sandbox_access(&m->sandbox, at, size, write);
	if (why)
		machine_escape(m, why, at);
	if (m->over)
		return;
	if (!sandbox_touch(&m->sandbox, at, size)) {
		machine_stop(m);
		return;
	}
	if (region == REGION_WINDOW && !write && random_one_in(&m->sandbox.random, 16))
		sandbox_disturb(&m->sandbox, at, size);
	if (region == REGION_STACK)
		return;
	m->run.accesses++;
	trace(m, at * 64 + size * 2 + write, write ? v : 0);
}

/* A read across two pages Unicorn does as two aligned reads, after it has told of the whole. */
static bool machine_splits(struct machine *m, uint64_t at, unsigned size)
{
	if (m->split_step == m->run.steps && size == m->split_size &&
	    (at == m->split_at || at == m->split_at + size))
		return true;
	if (at / 4096 != (at + size - 1) / 4096) {
		m->split_step = m->run.steps;
		m->split_at = at & ~(size - 1ull);
		m->split_size = size;
	}
	return false;
}

static void on_memory(uc_engine *uc, uc_mem_type type, uint64_t at, int size, int64_t value,
		      void *user)
{
	struct machine *m = user;
	uint64_t v = (uint64_t)value;

	(void)uc;
	if (type == UC_MEM_READ && machine_splits(m, at, (unsigned)size))
		return;
	if (size < 8)
		v &= (UINT64_C(1) << 8 * size) - 1;
	if (!m->over)
		machine_memory(m, at, (unsigned)size, type == UC_MEM_WRITE, v);
}

/* Nothing is mapped there, or not for this. */
static bool on_fault(uc_engine *uc, uc_mem_type type, uint64_t at, int size, int64_t value,
		     void *user)
{
	struct machine *m = user;
	bool fetch = type == UC_MEM_FETCH_UNMAPPED || type == UC_MEM_FETCH_PROT;
	bool write = type == UC_MEM_WRITE_UNMAPPED || type == UC_MEM_WRITE_PROT;
	const char *why = fetch ? "execution elsewhere"
				: sandbox_access(&m->sandbox, at, (unsigned)size, write);

	(void)uc;
	(void)value;
	machine_escape(m, why ? why : "a fault of the emulator", at);
	return false;
}

/* ---- the function -------------------------------------------------------------------------------------------- */

/* Categories with nothing in them that a sandbox must fear, for what uses general and vector registers alone. */
static bool category_is_plain(ZydisInstructionCategory category)
{
	switch (category) {
	case ZYDIS_CATEGORY_BINARY:
	case ZYDIS_CATEGORY_BITBYTE:
	case ZYDIS_CATEGORY_BMI1:
	case ZYDIS_CATEGORY_BMI2:
	case ZYDIS_CATEGORY_BROADCAST:
	case ZYDIS_CATEGORY_CALL:
	case ZYDIS_CATEGORY_CMOV:
	case ZYDIS_CATEGORY_COND_BR:
	case ZYDIS_CATEGORY_CONVERT:
	case ZYDIS_CATEGORY_DATAXFER:
	case ZYDIS_CATEGORY_LOGICAL:
	case ZYDIS_CATEGORY_LOGICAL_FP:
	case ZYDIS_CATEGORY_LZCNT:
	case ZYDIS_CATEGORY_NOP:
	case ZYDIS_CATEGORY_POP:
	case ZYDIS_CATEGORY_PUSH:
	case ZYDIS_CATEGORY_RET:
	case ZYDIS_CATEGORY_ROTATE:
	case ZYDIS_CATEGORY_SEMAPHORE:
	case ZYDIS_CATEGORY_SETCC:
	case ZYDIS_CATEGORY_SHIFT:
	case ZYDIS_CATEGORY_SSE:
	case ZYDIS_CATEGORY_AVX:
	case ZYDIS_CATEGORY_AVX2:
	case ZYDIS_CATEGORY_VFMA:
	case ZYDIS_CATEGORY_WIDENOP:
	case ZYDIS_CATEGORY_UNCOND_BR:
		return true;
	default:
		return false;
	}
}

static bool register_is_plain(ZydisRegister r)
{
	switch (ZydisRegisterGetClass(r)) {
	case ZYDIS_REGCLASS_GPR8:
	case ZYDIS_REGCLASS_GPR16:
	case ZYDIS_REGCLASS_GPR32:
	case ZYDIS_REGCLASS_GPR64:
	case ZYDIS_REGCLASS_XMM:
	case ZYDIS_REGCLASS_YMM:
	case ZYDIS_REGCLASS_FLAGS:
	case ZYDIS_REGCLASS_IP:
		return true;
	default:
		return r == ZYDIS_REGISTER_MXCSR; /* arithmetic notes its exceptions there */
	}
}

static bool insn_is_plain(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *ops)
{
	switch (z->mnemonic) {
	case ZYDIS_MNEMONIC_LEA:
	case ZYDIS_MNEMONIC_UD1:
	case ZYDIS_MNEMONIC_UD2:
	case ZYDIS_MNEMONIC_HLT:
	case ZYDIS_MNEMONIC_MFENCE:
	case ZYDIS_MNEMONIC_CMPXCHG:
	case ZYDIS_MNEMONIC_XADD:
	case ZYDIS_MNEMONIC_BSWAP:
		return true;
	case ZYDIS_MNEMONIC_LDMXCSR:
	case ZYDIS_MNEMONIC_VLDMXCSR:
		return false;
	default:
		break;
	}
	if (!category_is_plain(z->meta.category) || z->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
		return false;
	for (unsigned i = 0; i < z->operand_count; i++) {
		if (ops[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    !register_is_plain(ops[i].reg.value))
			return false;
		if (ops[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    ops[i].mem.type != ZYDIS_MEMOP_TYPE_MEM &&
		    ops[i].mem.type != ZYDIS_MEMOP_TYPE_AGEN)
			return false;
	}
	return true;
}

/* Unicorn reads 16 bytes for some instructions that read less (ROUNDSD, CVTPS2PD). */
static bool insn_reads_less(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *ops)
{
	bool vector = false, less = false;

	for (unsigned i = 0; i < z->operand_count; i++) {
		if (ops[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
			less = ops[i].size < 128;
		else if (ops[i].type == ZYDIS_OPERAND_TYPE_REGISTER)
			vector |= ZydisRegisterGetClass(ops[i].reg.value) == ZYDIS_REGCLASS_XMM;
	}
	return vector && less && z->meta.category != ZYDIS_CATEGORY_DATAXFER;
}

static bool insn_is_avx(const ZydisDecodedInstruction *z)
{
	switch (z->meta.isa_ext) {
	case ZYDIS_ISA_EXT_AVX:
	case ZYDIS_ISA_EXT_AVX2:
	case ZYDIS_ISA_EXT_FMA:
	case ZYDIS_ISA_EXT_F16C:
		return true;
	default:
		return false;
	}
}

/* Numbers of the code, which inputs are chosen around. */
static void constant_note(struct sandbox *s, uint64_t n)
{
	if (n == 0)
		return;
	if (s->constant_count < SANDBOX_CONSTANTS)
		s->constants[s->constant_count++] = n;
	else
		s->constants[random_mix(n) % SANDBOX_CONSTANTS] = n;
}

static void constants_note(struct sandbox *s, const ZydisDecodedInstruction *z,
			   const ZydisDecodedOperand *ops)
{
	for (unsigned i = 0; i < z->operand_count; i++) {
		if (ops[i].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && !ops[i].imm.is_relative)
			constant_note(s, ops[i].imm.value.u);
		if (ops[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    ops[i].mem.base != ZYDIS_REGISTER_RIP &&
		    ops[i].mem.segment != ZYDIS_REGISTER_FS)
			constant_note(s, (uint64_t)ops[i].mem.disp.value);
	}
}

/* ---- the emulator ------------------------------------------------------------------------------------------- */

static bool machine_map(struct machine *m)
{
	for (unsigned i = 1; i < REGION_COUNT; i++) {
		bool runs = i == REGION_CODE || i == REGION_STUBS || i == REGION_RETURN;

		if (uc_mem_map_ptr(m->uc, sandbox_region_base(i), sandbox_region_size(i),
				   runs ? UC_PROT_READ | UC_PROT_WRITE | UC_PROT_EXEC
					: UC_PROT_READ | UC_PROT_WRITE,
				   m->sandbox.host[i]))
			return false;
	}
	return true;
}

static bool machine_hook(struct machine *m)
{
	uc_hook hook;

	return !uc_hook_add(m->uc, &hook, UC_HOOK_CODE, (void *)on_code, m, 1, 0) &&
	       !uc_hook_add(m->uc, &hook, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, (void *)on_memory,
			    m, 1, 0) &&
	       !uc_hook_add(m->uc, &hook, UC_HOOK_MEM_INVALID, (void *)on_fault, m, 1, 0);
}

/* BMI and the like; AVX is known to it in name alone. */
static bool emulator_open(struct machine *m)
{
	m->functions = 0;
	return !uc_open(UC_ARCH_X86, UC_MODE_64, &m->uc) &&
	       !uc_ctl_set_cpu_model(m->uc, UC_CPU_X86_HASWELL) && machine_map(m) &&
	       machine_hook(m);
}

static void emulator_renew(struct machine *m)
{
	uc_close(m->uc);
	m->uc = NULL;
	if (!emulator_open(m)) {
		fprintf(stderr, "oracle: no memory for the emulator\n");
		exit(2);
	}
}

const char *machine_function(struct machine *m, uint32_t begin, uint32_t end)
{
	const uint8_t *code = m->image->code;
	ZydisDecodedInstruction z;
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];

	if (++m->functions == EMULATOR_FUNCTIONS)
		emulator_renew(m);
	m->begin = begin;
	m->end = end;
	m->sandbox.constant_count = 0;
	memset(m->bytes, BYTE_INSIDE, end - begin);
	memcpy(m->sandbox.host[REGION_CODE] + begin, code + begin, end - begin);
	uc_ctl_remove_cache(m->uc, SANDBOX_CODE + begin, SANDBOX_CODE + end);
	for (uint32_t at = begin; at < end; at += z.length) {
		if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&m->zydis, code + at, end - at, &z, ops)))
			return "an instruction that a disassembler does not know";
		if (!insn_is_plain(&z, ops))
			return "an instruction that has no place in a sandbox";
		m->bytes[at - begin] =
			insn_is_avx(&z) || insn_is_scan(&z) || insn_reads_less(&z, ops)
				? BYTE_HERE
				: BYTE_START;
		constants_note(&m->sandbox, &z, ops);
	}
	return NULL;
}

/* ---- runs ---------------------------------------------------------------------------------------------------- */

static void registers_begin(struct machine *m)
{
	uint32_t mxcsr = MXCSR;

	for (unsigned i = 0; i < COUNT_OF(g_others); i++)
		reg_set(m, g_others[i], sandbox_number(&m->sandbox));
	for (unsigned i = 0; i < 6; i++) {
		m->saved[i] = sandbox_number(&m->sandbox);
		reg_set(m, g_saved[i], m->saved[i]);
	}
	for (int i = 0; i < 16; i++) {
		uint64_t v[2] = {sandbox_number(&m->sandbox), sandbox_number(&m->sandbox)};

		uc_reg_write(m->uc, UC_X86_REG_XMM0 + i, v);
	}
	reg_set(m, UC_X86_REG_RSP, SANDBOX_STACK);
	reg_set(m, UC_X86_REG_FS_BASE, SANDBOX_FS);
	reg_set(m, UC_X86_REG_GS_BASE, SANDBOX_WINDOW);
	reg_set(m, UC_X86_REG_EFLAGS, 2 | (random_next(&m->sandbox.random) & 0x8d5));
	uc_reg_write(m->uc, UC_X86_REG_MXCSR, &mxcsr);
}

static void return_address_begin(struct machine *m)
{
	uint64_t back = SANDBOX_RETURN;

	(void)sandbox_touch(&m->sandbox, SANDBOX_STACK, 8);
	memcpy(m->sandbox.host[REGION_STACK] + (SANDBOX_STACK - sandbox_region_base(REGION_STACK)),
	       &back, 8);
}

struct machine_run machine_run(struct machine *m, uint64_t seed)
{
	m->run = (struct machine_run){.end = MACHINE_STEPS};
	m->over = m->has_pushed = m->has_read_return = false;
	m->split_step = UINT32_MAX;
	if (!sandbox_begin(&m->sandbox, seed))
		return m->run;
	registers_begin(m);
	return_address_begin(m);
	uc_err e = uc_emu_start(m->uc, SANDBOX_CODE + m->begin, 0, 0, 0);

	if (!m->over) /* HLT ends it without an error; another trap is one */
		m->run.end = MACHINE_TRAP;
	trace(m, m->run.end, e ? 1 : 0);
	return m->run;
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

static uint8_t *machine_rodata(struct machine *m)
{
	size_t at = ((size_t)m->image->code_size + NATIVE_PAGE - 1) & ~(size_t)(NATIVE_PAGE - 1);

	return m->sandbox.host[REGION_CODE] + at;
}

void machine_constants(struct machine *m, uint32_t at, uint32_t size)
{
	if (size != 0)
		memcpy(machine_rodata(m) + at, m->image->rodata + at, size);
}

bool machine_image(struct machine *m, const struct verify_image *image)
{
	m->image = m->sandbox.image = image;
	memcpy(m->sandbox.host[REGION_CODE], image->code, image->code_size);
	machine_constants(m, 0, image->rodata_size);
	uc_ctl_remove_cache(m->uc, SANDBOX_CODE, SANDBOX_CODE + image->code_size);
	if (m->bytes_size >= image->code_size)
		return true;
	free(m->bytes);
	m->bytes = malloc(image->code_size);
	m->bytes_size = m->bytes ? image->code_size : 0;
	return m->bytes;
}

struct machine *machine_new(const struct verify_image *image)
{
	struct machine *m = calloc(1, sizeof *m);

	if (!m)
		return NULL;
	ZydisDecoderInit(&m->zydis, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	if (!sandbox_init(&m->sandbox, image) || !emulator_open(m) || !machine_image(m, image)) {
		machine_free(m);
		return NULL;
	}
	/* where a hook redirects, something must stand */
	memset(m->sandbox.host[REGION_STUBS], 0x90, SANDBOX_STUBS_SIZE);
	memset(m->sandbox.host[REGION_RETURN], 0x90, 0x1000);
	return m;
}

void machine_free(struct machine *m)
{
	if (!m)
		return;
	if (m->uc)
		uc_close(m->uc);
	sandbox_fini(&m->sandbox);
	free(m->bytes);
	free(m);
}
