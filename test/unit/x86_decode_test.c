/* The decoder: lengths, operands and accesses by hand (test/verifier/decoder_check.c has the rest), and never a
 * byte too many. */
#include "native/x86.h"

#include "test/lib/check.h"

static struct x86_index g_index;

struct sample {
	uint8_t length;
	uint8_t bytes[X86_LENGTH_MAX];
};

static const struct sample g_samples[] = {
	{1, {0xc3}},
	{1, {0x90}},
	{1, {0x55}},
	{2, {0x41, 0x5f}},
	{2, {0x74, 0x10}},
	{6, {0x0f, 0x84, 1, 2, 3, 4}},
	{5, {0xe8, 1, 2, 3, 4}},
	{5, {0x67, 0x0f, 0xb9, 0x40, 0x07}},
	{2, {0x0f, 0x0b}},
	{3, {0x0f, 0xae, 0xf0}},
	{10, {0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8}},
	{4, {0x66, 0xb8, 1, 2}},
	{5, {0xb8, 1, 2, 3, 4}},
	{7, {0x48, 0xc7, 0xc0, 1, 2, 3, 4}},
	{9, {0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0xd0, 3, 0}},
	{6, {0x65, 0x43, 0x8b, 0x44, 0x3e, 0xfc}},
	{12, {0x65, 0x66, 0x41, 0xc7, 0x84, 0x24, 1, 2, 3, 4, 5, 6}},
	{7, {0x65, 0xf0, 0x48, 0x0f, 0xc1, 0x41, 8}},
	{6, {0xc4, 0xe3, 0x71, 0x0f, 0xc2, 8}},
	{7, {0x65, 0xc4, 0xe3, 0xfb, 0xf0, 0x00, 0x20}},
	{9, {0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0}},
	{15, {0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0}},
};

TEST(a_length_is_the_length_and_no_less_will_do)
{
	struct x86_insn insn;

	for (unsigned i = 0; i < COUNT_OF(g_samples); i++) {
		const struct sample *s = &g_samples[i];

		CHECK(x86_decode(&insn, &g_index, s->bytes, s->length));
		CHECK_EQ(insn.length, s->length);
		for (unsigned left = 0; left < insn.length; left++) {
			struct x86_insn shorter;

			/* a prefix of it may be another instruction, but none that reaches further */
			if (x86_decode(&shorter, &g_index, s->bytes, left))
				CHECK(shorter.length <= left);
		}
	}
}

static struct x86_insn decoded(const uint8_t *bytes, size_t size)
{
	struct x86_insn insn = {0};

	CHECK(x86_decode(&insn, &g_index, bytes, size));
	CHECK_EQ(insn.length, size);
	return insn;
}
#define DECODED(...) decoded((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

TEST(a_memory_operand_has_its_parts)
{
	/* lock xadd gs:[r14 + r15 * 4 - 4], rax */
	struct x86_insn insn = DECODED(0x65, 0xf0, 0x4b, 0x0f, 0xc1, 0x44, 0xbe, 0xfc);

	CHECK_EQ(insn.class, X86_XADD);
	CHECK(insn.locked && insn.has_memory && !insn.keeps_flags);
	CHECK_EQ(insn.segment, X86_GS);
	CHECK_EQ(insn.base, X86_R14);
	CHECK_EQ(insn.index, X86_R15);
	CHECK_EQ(insn.scale, 4);
	CHECK_EQ(insn.disp, -4);
	CHECK_EQ(insn.operands[0].kind, X86_MEMORY);
	CHECK_EQ(insn.operands[0].size, 8);
	CHECK_EQ(insn.operands[0].access, X86_READ | X86_WRITE);
	CHECK_EQ(insn.operands[1].kind, X86_GPR);
	CHECK_EQ(insn.operands[1].reg, X86_RAX);
	CHECK_EQ(insn.operands[1].access, X86_READ | X86_WRITE);
	/* mov rax, fs:[0x3d000]: neither base nor index */
	insn = DECODED(0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0xd0, 3, 0);
	CHECK_EQ(insn.segment, X86_FS);
	CHECK_EQ(insn.base, X86_NO_REG);
	CHECK_EQ(insn.index, X86_NO_REG);
	CHECK_EQ(insn.disp, 0x3d000);
	/* lea rcx, [rip + 16] */
	insn = DECODED(0x48, 0x8d, 0x0d, 16, 0, 0, 0);
	CHECK_EQ(insn.base, X86_RIP);
	CHECK_EQ(insn.operands[1].size, 0);
}

TEST(hidden_registers_are_operands)
{
	struct x86_insn insn = DECODED(0x48, 0xf7, 0xe1); /* mul rcx */

	CHECK_EQ(insn.operand_count, 3);
	CHECK_EQ(insn.operands[1].reg, X86_RAX);
	CHECK_EQ(insn.operands[2].reg, X86_RDX);
	CHECK_EQ(insn.operands[2].access, X86_WRITE);
	insn = DECODED(0xf0, 0x0f, 0xb1, 0x0f); /* lock cmpxchg [rdi], ecx */
	CHECK_EQ(insn.operands[2].reg, X86_RAX);
	CHECK_EQ(insn.operands[2].access, X86_READ | X86_WRITE);
	insn = DECODED(0x99); /* cdq */
	CHECK_EQ(insn.operands[1].reg, X86_RDX);
}

TEST(a_byte_register_is_high_only_without_rex)
{
	struct x86_insn insn = DECODED(0x88, 0xe0); /* mov al, ah */

	CHECK(insn.operands[1].high);
	CHECK_EQ(insn.operands[1].reg, X86_RAX);
	insn = DECODED(0x40, 0x88, 0xe0); /* mov al, spl */
	CHECK(!insn.operands[1].high);
	CHECK_EQ(insn.operands[1].reg, X86_RSP);
}

TEST(immediates_have_the_sign_that_they_are_given)
{
	struct x86_insn insn = DECODED(0x48, 0x83, 0xc0, 0xff); /* add rax, -1 */

	CHECK_EQ(insn.immediate, (uint64_t)-1);
	insn = DECODED(0xe8, 0xfb, 0xff, 0xff, 0xff);
	CHECK_EQ(insn.immediate, (uint64_t)-5);
	insn = DECODED(0x48, 0xb8, 1, 0, 0, 0, 0, 0, 0, 0x80);
	CHECK_EQ(insn.immediate, 0x8000000000000001);
}

int main(void)
{
	x86_index_init(&g_index);
	RUN(a_length_is_the_length_and_no_less_will_do);
	RUN(a_memory_operand_has_its_parts);
	RUN(hidden_registers_are_operands);
	RUN(a_byte_register_is_high_only_without_rex);
	RUN(immediates_have_the_sign_that_they_are_given);
	return check_report();
}
