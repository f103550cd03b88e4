/* Mappings, the EPCM, and pages that change after EINIT: what faults, and with which code. */
#include "test/sim/sim_test.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "test/lib/check.h"
#include "test/sim/tiny.h"

#define ACCEPT_RW 0x20b /* REG, PENDING, R, W */

static enum device_sim_mode g_mode;
static struct tiny g_t;

static int map(uint64_t off, uint64_t length, int prot)
{
	return g_t.device->ops->map(g_t.device, off, length, prot);
}

static int protect(uint64_t off, uint64_t length, int prot)
{
	return g_t.device->ops->protect(g_t.device, off, length, prot);
}

/* A fault of what thread 0 just did: vector 14 with this code, told alike inside and outside. */
#define CHECK_PF(run, off, code)                                                                   \
	do {                                                                                       \
		struct device_run check_run = (run);                                               \
		uint64_t check_at = g_t.base + (off);                                              \
                                                                                                   \
		CHECK_EQ(check_run.function, 3);                                                   \
		CHECK_EQ(check_run.vector, 14);                                                    \
		CHECK_EQ(check_run.error_code, code);                                              \
		CHECK_EQ(check_run.address, check_at & ~(uint64_t)4095);                           \
		CHECK_EQ(tiny_ssa(&g_t, 0, 0)->exitinfo, 0x8000030e);                              \
		CHECK_EQ(tiny_exinfo(&g_t, 0, 0)->maddr, check_at);                                \
		CHECK_EQ(tiny_exinfo(&g_t, 0, 0)->errcd, code);                                    \
		if (check_run.function == 3)                                                       \
			tiny_unwind(&g_t, 0);                                                      \
	} while (0)

#define CHECK_GP(run)                                                                              \
	do {                                                                                       \
		struct device_run check_run = (run);                                               \
                                                                                                   \
		CHECK_EQ(check_run.function, 3);                                                   \
		CHECK_EQ(check_run.vector, 13);                                                    \
		CHECK_EQ(check_run.error_code, 0);                                                 \
		CHECK_EQ(check_run.address, 0);                                                    \
		CHECK_EQ(tiny_ssa(&g_t, 0, 0)->exitinfo, 0x8000030d);                              \
		CHECK_EQ(tiny_exinfo(&g_t, 0, 0)->maddr, 0);                                       \
		if (check_run.function == 3)                                                       \
			tiny_unwind(&g_t, 0);                                                      \
	} while (0)

/* RAX, and ZF exactly with an error. */
#define CHECK_RAX(run, rax)                                                                        \
	do {                                                                                       \
		struct device_run check_run = (run);                                               \
                                                                                                   \
		CHECK_EQ(check_run.function, 4);                                                   \
		CHECK_EQ(check_run.rdi, rax);                                                      \
		CHECK_EQ(check_run.rsi & 0x8d5, (rax) != 0 ? 0x40 : 0);                            \
	} while (0)

static struct device_run peek(uint64_t off)
{
	return tiny_enter(&g_t, 0, TINY_READ, g_t.base + off, 0, 0, 0);
}

static struct device_run poke(uint64_t off, uint64_t value)
{
	return tiny_enter(&g_t, 0, TINY_WRITE, g_t.base + off, value, 0, 0);
}

static struct device_run call(uint64_t off)
{
	return tiny_enter(&g_t, 0, TINY_CALL, g_t.base + off, 0, 0, 0);
}

static struct device_run accept(uint64_t flags, uint64_t off)
{
	return tiny_secinfo_leaf(&g_t, 0, ENCLU_EACCEPT, flags, off, 0);
}

static struct device_run emodpe(uint64_t flags, uint64_t off)
{
	return tiny_secinfo_leaf(&g_t, 0, ENCLU_EMODPE, flags, off, 0);
}

static struct device_run accept_copy(uint64_t flags, uint64_t off, uint64_t source)
{
	return tiny_secinfo_leaf(&g_t, 0, ENCLU_EACCEPTCOPY, flags, off, source);
}

static void start(void)
{
	CHECK_EQ(tiny_start(&g_t, g_mode), 0);
}

static void stop(void)
{
	tiny_close(&g_t);
}

/* --- mappings --- */

TEST(map_gives_no_more_than_the_pages)
{
	start();
	CHECK_EQ(map(0, 4096, PROT_READ | PROT_WRITE), EACCES);
	CHECK_EQ(map(TINY_RO, 4096, PROT_READ | PROT_EXEC), EACCES);
	CHECK_EQ(map(TINY_DATA, 0x3000, PROT_READ | PROT_WRITE), EACCES); /* the third is R */
	CHECK_EQ(map(TINY_TCS, 4096, PROT_READ | PROT_EXEC), EACCES);
	CHECK_EQ(protect(TINY_DATA, 4096, PROT_READ | PROT_EXEC), EACCES);
	CHECK_EQ(map(TINY_HOLE, 4096, PROT_READ | PROT_WRITE | PROT_EXEC), 0);
	CHECK_EQ(map(TINY_SIZE, 4096, PROT_READ), EACCES);
	CHECK_EQ(map(TINY_SIZE - 4096, 8192, PROT_READ), EACCES);
	CHECK_EQ(map(~(uint64_t)4095, 8192, PROT_READ), EACCES);
	CHECK_EQ(map(TINY_DATA + 1, 4096, PROT_READ), EINVAL);
	CHECK_EQ(map(TINY_DATA, 0, PROT_READ), EINVAL);
	CHECK_EQ(protect(TINY_HOLE + 4096, 4096, PROT_READ), ENOMEM);
	CHECK_EQ(protect(TINY_HOLE, 8192, PROT_READ), ENOMEM);
	CHECK_EQ(map(TINY_HOLE + 0x2000, 4096, PROT_READ), 0);
	CHECK_EQ(protect(TINY_HOLE, 0x3000, PROT_READ), ENOMEM);
	CHECK_EQ(map(TINY_HOLE + 0x1000, 4096, PROT_READ), 0);
	CHECK_EQ(protect(TINY_HOLE, 0x3000, PROT_READ), 0);
	stop();
}

/* Splits and joins of mappings: every page answers for itself. */
TEST(map_replaces_what_was_there)
{
	start();
	CHECK_EQ(protect(TINY_DYNAMIC + 0x2000, 0x1000, PROT_READ), 0);
	CHECK_EQ(map(TINY_DYNAMIC + 0x4000, 0x3000, PROT_NONE), 0);
	CHECK_EQ(map(TINY_DYNAMIC + 0x5000, 0x1000, PROT_READ | PROT_WRITE), 0);
	CHECK_PF(poke(TINY_DYNAMIC + 0x1008, 1), TINY_DYNAMIC + 0x1008, 0x8007);
	CHECK_PF(poke(TINY_DYNAMIC + 0x2008, 1), TINY_DYNAMIC + 0x2008, 0x6);
	CHECK_PF(poke(TINY_DYNAMIC + 0x3008, 1), TINY_DYNAMIC + 0x3008, 0x8007);
	CHECK_PF(poke(TINY_DYNAMIC + 0x4008, 1), TINY_DYNAMIC + 0x4008, 0x6);
	CHECK_PF(poke(TINY_DYNAMIC + 0x5008, 1), TINY_DYNAMIC + 0x5008, 0x8007);
	CHECK_PF(poke(TINY_DYNAMIC + 0x6008, 1), TINY_DYNAMIC + 0x6008, 0x6);
	CHECK_PF(poke(TINY_DYNAMIC + 0x7008, 1), TINY_DYNAMIC + 0x7008, 0x8007);
	stop();
}

TEST(holes_fault_without_sgx_bit)
{
	start();
	CHECK_PF(peek(TINY_HOLE + 0x123), TINY_HOLE + 0x123, 0x4);
	CHECK_PF(poke(TINY_HOLE + 0xff8, 1), TINY_HOLE + 0xff8, 0x6);
	CHECK_PF(call(TINY_HOLE + 0x10), TINY_HOLE + 0x10, 0x14);
	CHECK_EQ(map(TINY_HOLE, 4096, PROT_NONE), 0);
	CHECK_PF(poke(TINY_HOLE, 1), TINY_HOLE, 0x6);
	CHECK_PF(peek(TINY_SIZE - 8), TINY_SIZE - 8, 0x4);
	stop();
}

TEST(pages_allow_what_they_were_added_with)
{
	start();
	CHECK_EQ(peek(TINY_RO).function, 4);
	CHECK_PF(poke(TINY_RO + 0x10, 1), TINY_RO + 0x10, 0x7);
	CHECK_PF(poke(0, 1), 0, 0x7);
	CHECK_PF(call(TINY_DATA), TINY_DATA, 0x15);
	CHECK_EQ(poke(TINY_DATA + 0xff8, 77).function, 4);
	CHECK_EQ(peek(TINY_DATA + 0xff8).rdi, 77);
	stop();
}

TEST(a_tcs_is_out_of_reach)
{
	start();
	CHECK_PF(peek(TINY_TCS + 8), TINY_TCS + 8, 0x8005);
	CHECK_PF(poke(TINY_TCS + 16, 1), TINY_TCS + 16, 0x8007);
	stop();
}

TEST(the_host_may_take_mappings_away)
{
	start();
	CHECK_EQ(protect(TINY_DATA, 4096, PROT_READ), 0);
	CHECK_PF(poke(TINY_DATA + 8, 1), TINY_DATA + 8, 0x7);
	CHECK_EQ(protect(TINY_DATA, 4096, PROT_NONE), 0);
	CHECK_PF(peek(TINY_DATA + 8), TINY_DATA + 8, 0x4);
	CHECK_EQ(protect(TINY_DATA, 4096, PROT_READ | PROT_WRITE), 0);
	CHECK_EQ(poke(TINY_DATA + 8, 1).function, 4);
	stop();
}

/* A mapping made before the pages came may not exceed them: the fault handler refuses it then. */
TEST(an_early_mapping_is_judged_at_the_fault)
{
	static struct tiny_plan plan;
	struct sgx_secinfo secinfo ALIGNED(64) = {.flags = 0x201};
	static const _Alignas(4096) uint8_t zero[4096];
	struct sgx_sigstruct s;
	struct sgx_measure m;
	uint8_t mrenclave[32];
	uint64_t count;

	/* Built by hand: the tiny enclave and one more page, mapped RW, added R. */
	tiny_plan(&plan, g_mode);
	CHECK_EQ(tiny_build(&g_t, &plan), 0);
	CHECK_EQ(map(TINY_HOLE, 4096, PROT_READ | PROT_WRITE), 0);
	CHECK_EQ(g_t.device->ops->add_pages(g_t.device, TINY_HOLE, zero, 4096, &secinfo, &count),
		 0);
	tiny_measure_begin(&plan, &m);
	sgx_measure_add(&m, TINY_HOLE, 0x201);
	sgx_measure_extend_page(&m, TINY_HOLE, zero);
	sgx_measure_final(&m, mrenclave);
	tiny_sign(&s, mrenclave);
	CHECK_EQ(g_t.device->ops->init(g_t.device, &s), 0);
	CHECK_EQ(tiny_map(&g_t), 0);
	CHECK_PF(peek(TINY_HOLE), TINY_HOLE, 0x4);
	CHECK_EQ(map(TINY_HOLE, 4096, PROT_READ), 0);
	CHECK_EQ(peek(TINY_HOLE).function, 4);
	stop();
}

/* --- EAUG and EACCEPT --- */

TEST(a_touched_page_is_pending)
{
	start();
	CHECK_PF(peek(TINY_DYNAMIC + 0x234), TINY_DYNAMIC + 0x234, 0x8005);
	CHECK_PF(poke(TINY_DYNAMIC + 0x1234, 1), TINY_DYNAMIC + 0x1234, 0x8007);
	CHECK_PF(poke(TINY_DYNAMIC, 1), TINY_DYNAMIC, 0x8007);
	CHECK_RAX(accept(ACCEPT_RW, TINY_DYNAMIC), 0);
	CHECK_EQ(peek(TINY_DYNAMIC).rdi, 0);
	CHECK_EQ(poke(TINY_DYNAMIC, 5).function, 4);
	CHECK_EQ(peek(TINY_DYNAMIC).rdi, 5);
	CHECK_PF(poke(TINY_DYNAMIC + 0x1000, 1), TINY_DYNAMIC + 0x1000, 0x8007);
	stop();
}

TEST(eaccept_makes_the_kernel_add_the_page)
{
	struct device_stats stats;

	start();
	CHECK_RAX(accept(ACCEPT_RW, TINY_DYNAMIC + 0x5000), 0);
	CHECK_EQ(poke(TINY_DYNAMIC + 0x5ff8, 5).function, 4);
	g_t.device->ops->stats(g_t.device, &stats);
	CHECK_EQ(stats.accepted, 1);
	CHECK_EQ(stats.aexs, 1);
	CHECK_EQ(stats.resumes, 1);
	CHECK_EQ(stats.enters, 2);
	stop();
}

TEST(eaccept_twice_is_refused)
{
	start();
	CHECK_RAX(accept(ACCEPT_RW, TINY_DYNAMIC), 0);
	CHECK_RAX(accept(ACCEPT_RW, TINY_DYNAMIC), 19);
	stop();
}

TEST(eaccept_compares_with_the_epcm)
{
	static const uint64_t other[] = {0x208, 0x209, 0x20d, 0x20f, 0x20e, 0x223, 0x22f & ~8};

	start();
	CHECK_EQ(g_t.device->ops->prefault(g_t.device, TINY_DYNAMIC, 0x1000), 0);
	for (size_t i = 0; i < COUNT_OF(other); i++)
		CHECK_RAX(accept(other[i], TINY_DYNAMIC), 19);
	CHECK_RAX(accept(0x410, TINY_DYNAMIC), 19);
	CHECK_RAX(accept(0x110, TINY_DYNAMIC), 19);
	CHECK_PF(poke(TINY_DYNAMIC, 1), TINY_DYNAMIC, 0x8007);
	CHECK_RAX(accept(ACCEPT_RW, TINY_DYNAMIC), 0);
	CHECK_RAX(accept(ACCEPT_RW, TINY_DATA), 19); /* never was pending */
	CHECK_RAX(accept(0x223, TINY_DATA), 0);	     /* as the SDM says: PR is not compared */
	stop();
}

TEST(eaccept_rejects_combinations)
{
	static const uint64_t bad[] = {0x203, 0x213, 0x21b, 0x233, 0x400, 0x408, 0x418, 0x430,
				       0x100, 0x108, 0x118, 0x130, 0x00b, 0x30b, 0x50b, 0xff0b};

	start();
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		CHECK_GP(accept(bad[i], TINY_DYNAMIC));
	stop();
}

TEST(secinfo_is_checked)
{
	struct sgx_secinfo *secinfo;
	uint64_t page;

	start();
	secinfo = tiny_at(&g_t, TINY_DATA);
	page = g_t.base + TINY_DYNAMIC;
	CHECK_GP(accept(0x4b | 0x200, TINY_DYNAMIC));		       /* reserved bit 6 */
	CHECK_GP(accept((uint64_t)1 << 16 | ACCEPT_RW, TINY_DYNAMIC)); /* beyond the type */
	CHECK_GP(accept((uint64_t)1 << 63 | ACCEPT_RW, TINY_DYNAMIC));
	memset(secinfo, 0, sizeof *secinfo);
	secinfo->flags = ACCEPT_RW;
	secinfo->reserved[55] = 1;
	CHECK_GP(tiny_leaf(&g_t, 0, ENCLU_EACCEPT, g_t.base + TINY_DATA, page, 0));
	secinfo->reserved[55] = 0;
	CHECK_GP(tiny_leaf(&g_t, 0, ENCLU_EACCEPT, g_t.base + TINY_DATA + 32, page, 0));
	CHECK_GP(tiny_leaf(&g_t, 0, ENCLU_EACCEPT, g_t.base + TINY_SIZE, page, 0));
	CHECK_GP(tiny_leaf(&g_t, 0, ENCLU_EACCEPT, g_t.base - 64, page, 0));
	CHECK_GP(tiny_leaf(&g_t, 0, ENCLU_EACCEPT, g_t.base + TINY_DATA, page + 64, 0));
	CHECK_GP(tiny_leaf(&g_t, 0, ENCLU_EACCEPT, g_t.base + TINY_DATA, g_t.base + TINY_SIZE, 0));
	CHECK_GP(tiny_leaf(&g_t, 0, ENCLU_EACCEPT, g_t.base + TINY_DATA, 0, 0));
	CHECK_PF(tiny_leaf(&g_t, 0, ENCLU_EACCEPT, g_t.base + TINY_HOLE, page, 0), TINY_HOLE, 0x4);
	CHECK_PF(tiny_leaf(&g_t, 0, ENCLU_EACCEPT, g_t.base + TINY_DYNAMIC + 0x2040, page, 0),
		 TINY_DYNAMIC + 0x2040, 0x8005);
	CHECK_PF(tiny_leaf(&g_t, 0, ENCLU_EACCEPT, g_t.base + TINY_TCS, page, 0), TINY_TCS, 0x8005);
	CHECK_RAX(tiny_leaf(&g_t, 0, ENCLU_EACCEPT, g_t.base + TINY_DATA, page, 0), 0);
	stop();
}

TEST(eaccept_needs_a_mapping)
{
	start();
	CHECK_PF(accept(ACCEPT_RW, TINY_HOLE), TINY_HOLE, 0x4);
	CHECK_EQ(map(TINY_HOLE, 4096, PROT_NONE), 0);
	CHECK_PF(accept(ACCEPT_RW, TINY_HOLE), TINY_HOLE, 0x4);
	CHECK_EQ(map(TINY_HOLE, 4096, PROT_READ), 0);
	CHECK_RAX(accept(ACCEPT_RW, TINY_HOLE), 0);
	CHECK_PF(poke(TINY_HOLE, 1), TINY_HOLE, 0x7);
	stop();
}

TEST(prefault_makes_pages_pending)
{
	const struct device_ops *ops;

	start();
	ops = g_t.device->ops;
	CHECK_EQ(ops->prefault(g_t.device, TINY_DYNAMIC, 0x3000), 0);
	CHECK_EQ(ops->prefault(g_t.device, TINY_DYNAMIC, 0x3000), 0);
	CHECK_PF(peek(TINY_DYNAMIC + 0x2000), TINY_DYNAMIC + 0x2000, 0x8005);
	CHECK_RAX(accept(ACCEPT_RW, TINY_DYNAMIC + 0x2000), 0);
	CHECK_EQ(ops->prefault(g_t.device, TINY_HOLE, 0x1000), EFAULT);
	CHECK_EQ(ops->prefault(g_t.device, TINY_DYNAMIC + TINY_DYNAMIC_SIZE - 0x1000, 0x2000),
		 EFAULT);
	stop();
}

/* --- EACCEPTCOPY: code is never writable --- */

static void fill(uint64_t off, uint8_t byte)
{
	memset(tiny_at(&g_t, off), byte, 4096);
}

TEST(eacceptcopy_makes_code)
{
	start();
	fill(TINY_DATA + 0x1000, 0xc3); /* ret */
	CHECK_RAX(accept_copy(0x205, TINY_DYNAMIC, TINY_DATA + 0x1000), 0);
	CHECK_EQ(peek(TINY_DYNAMIC + 0xff8).rdi, 0xc3c3c3c3c3c3c3c3);
	CHECK_PF(poke(TINY_DYNAMIC + 8, 1), TINY_DYNAMIC + 8, 0x8007);
	CHECK_RAX(accept(0x227, TINY_DYNAMIC), 19);
	CHECK_RAX(accept(0x223, TINY_DYNAMIC), 19);
	CHECK_RAX(accept(0x225, TINY_DYNAMIC), 0);
	CHECK_PF(call(TINY_DYNAMIC), TINY_DYNAMIC, 0x15); /* still mapped RW */
	CHECK_EQ(protect(TINY_DYNAMIC, 4096, PROT_READ | PROT_EXEC), 0);
	CHECK_EQ(call(TINY_DYNAMIC).function, 4);
	CHECK_PF(poke(TINY_DYNAMIC + 8, 1), TINY_DYNAMIC + 8, 0x7);
	/* Even under a mapping that allows everything, the EPCM does not. */
	CHECK_EQ(map(TINY_DYNAMIC, 4096, PROT_READ | PROT_WRITE | PROT_EXEC), 0);
	CHECK_EQ(call(TINY_DYNAMIC).function, 4);
	CHECK_PF(poke(TINY_DYNAMIC + 8, 1), TINY_DYNAMIC + 8, 0x8007);
	stop();
}

TEST(eacceptcopy_rejects_operands)
{
	start();
	CHECK_GP(accept_copy(0x202, TINY_DYNAMIC, TINY_DATA));
	CHECK_GP(accept_copy(0x206, TINY_DYNAMIC, TINY_DATA));
	CHECK_GP(accept_copy(0x105, TINY_DYNAMIC, TINY_DATA));
	CHECK_GP(accept_copy(0x245, TINY_DYNAMIC, TINY_DATA));
	CHECK_GP(accept_copy(0x20d, TINY_DYNAMIC, TINY_DATA));
	CHECK_GP(accept_copy(0x215, TINY_DYNAMIC, TINY_DATA));
	CHECK_GP(accept_copy(0x225, TINY_DYNAMIC, TINY_DATA));
	CHECK_GP(accept_copy(0x205, TINY_DYNAMIC + 64, TINY_DATA));
	CHECK_GP(accept_copy(0x205, TINY_DYNAMIC, TINY_DATA + 64));
	CHECK_GP(accept_copy(0x205, TINY_SIZE, TINY_DATA));
	CHECK_GP(accept_copy(0x205, TINY_DYNAMIC, TINY_SIZE));
	CHECK_PF(accept_copy(0x205, TINY_DYNAMIC, TINY_HOLE), TINY_HOLE, 0x4);
	CHECK_PF(accept_copy(0x205, TINY_DYNAMIC, TINY_TCS), TINY_TCS, 0x8005);
	CHECK_PF(accept_copy(0x205, TINY_DYNAMIC, TINY_DYNAMIC + 0x1000), TINY_DYNAMIC + 0x1000,
		 0x8005);
	CHECK_PF(accept_copy(0x205, TINY_HOLE, TINY_DATA), TINY_HOLE, 0x6);
	CHECK_EQ(protect(TINY_DYNAMIC, 4096, PROT_READ | PROT_EXEC), 0);
	CHECK_PF(accept_copy(0x205, TINY_DYNAMIC, TINY_DATA), TINY_DYNAMIC, 0x6);
	CHECK_EQ(g_t.device->ops->prefault(g_t.device, TINY_DYNAMIC, 4096), 0);
	CHECK_PF(accept_copy(0x205, TINY_DYNAMIC, TINY_DATA), TINY_DYNAMIC, 0x7);
	CHECK_EQ(protect(TINY_DYNAMIC, 4096, PROT_READ | PROT_WRITE), 0);
	CHECK_RAX(accept_copy(0x205, TINY_DYNAMIC, TINY_DATA), 0);
	stop();
}

TEST(eacceptcopy_may_give_no_rights)
{
	start();
	CHECK_RAX(accept_copy(0x200, TINY_DYNAMIC, TINY_DATA), 0);
	CHECK_PF(poke(TINY_DYNAMIC, 1), TINY_DYNAMIC, 0x8007);
	CHECK_PF(peek(TINY_DYNAMIC), TINY_DYNAMIC, 0x8005);
	stop();
}

TEST(eacceptcopy_takes_pending_pages_alone)
{
	start();
	CHECK_RAX(accept(ACCEPT_RW, TINY_DYNAMIC), 0);
	CHECK_EQ(poke(TINY_DYNAMIC, 42).function, 4);
	CHECK_RAX(accept_copy(0x205, TINY_DYNAMIC, TINY_RO), 19);
	CHECK_EQ(peek(TINY_DYNAMIC).rdi, 42);
	CHECK_EQ(poke(TINY_DYNAMIC, 43).function, 4);
	CHECK_RAX(accept_copy(0x203, TINY_DATA + 0x1000, TINY_RO), 19);
	stop();
}

/* --- EMODPE, EMODPR --- */

TEST(emodpe_adds_rights)
{
	start();
	CHECK_RAX(accept_copy(0x201, TINY_DYNAMIC, TINY_RO), 0);
	CHECK_PF(poke(TINY_DYNAMIC, 1), TINY_DYNAMIC, 0x8007);
	CHECK_EQ(emodpe(0x202, TINY_DYNAMIC).function, 4);
	CHECK_EQ(poke(TINY_DYNAMIC, 1).function, 4);
	CHECK_EQ(emodpe(0x201, TINY_DYNAMIC).function, 4); /* takes nothing away */
	CHECK_EQ(poke(TINY_DYNAMIC, 2).function, 4);
	CHECK_EQ(emodpe(0x205, TINY_DATA + 0x1000).function, 4);
	CHECK_RAX(accept(0x227, TINY_DATA + 0x1000), 0); /* RWX in the EPCM: its own doing */
	stop();
}

TEST(emodpe_rejects_pages)
{
	start();
	CHECK_PF(emodpe(0x203, TINY_TCS), TINY_TCS, 0x8005);
	CHECK_PF(emodpe(0x203, TINY_HOLE), TINY_HOLE, 0x4);
	CHECK_PF(emodpe(0x205, TINY_DYNAMIC), TINY_DYNAMIC, 0x8005);
	CHECK_PF(poke(TINY_DYNAMIC, 1), TINY_DYNAMIC, 0x8007);
	CHECK_GP(emodpe(0x203, TINY_DATA + 64));
	CHECK_GP(emodpe(0x243, TINY_DATA + 0x1000));
	CHECK_RAX(accept_copy(0x200, TINY_DYNAMIC + 0x1000, TINY_DATA), 0);
	CHECK_GP(emodpe(0x202, TINY_DYNAMIC + 0x1000)); /* W, and R on neither side */
	stop();
}

static int restrict_to(uint64_t off, uint64_t length, uint64_t permissions, uint64_t *result)
{
	uint64_t count;

	return g_t.device->ops->restrict_permissions(g_t.device, off, length, permissions, result,
						     &count);
}

TEST(restrict_takes_rights_and_eaccept_proves_it)
{
	uint64_t result;

	start();
	CHECK_RAX(accept(ACCEPT_RW, TINY_DYNAMIC), 0);
	fill(TINY_DYNAMIC, 0xc3);
	CHECK_RAX(accept(0x221, TINY_DYNAMIC), 19);
	CHECK_EQ(restrict_to(TINY_DYNAMIC, 4096, SECINFO_R, &result), 0);
	CHECK_EQ(result, 0);
	CHECK_RAX(accept(0x223, TINY_DYNAMIC), 19);
	CHECK_RAX(accept(0x221, TINY_DYNAMIC), 0);
	CHECK_PF(poke(TINY_DYNAMIC, 1), TINY_DYNAMIC, 0x8007);
	CHECK_EQ(emodpe(0x205, TINY_DYNAMIC).function, 4);
	CHECK_RAX(accept(0x225, TINY_DYNAMIC), 0);
	CHECK_EQ(protect(TINY_DYNAMIC, 4096, PROT_READ | PROT_EXEC), 0);
	CHECK_EQ(call(TINY_DYNAMIC).function, 4);
	stop();
}

TEST(restrict_rejects)
{
	uint64_t result;

	start();
	CHECK_EQ(restrict_to(TINY_DATA, 4096, SECINFO_W, &result), EINVAL);
	CHECK_EQ(restrict_to(TINY_DATA, 4096, 0, &result), EINVAL);
	CHECK_EQ(restrict_to(TINY_DATA, 4096, 0x201, &result), EINVAL);
	CHECK_EQ(restrict_to(TINY_DATA, 100, SECINFO_R, &result), EINVAL);
	CHECK_EQ(restrict_to(TINY_DATA, 0, SECINFO_R, &result), EINVAL);
	CHECK_EQ(restrict_to(TINY_SIZE, 4096, SECINFO_R, &result), EINVAL);
	CHECK_EQ(restrict_to(TINY_TCS, 4096, SECINFO_R, &result), EINVAL);
	CHECK_EQ(restrict_to(TINY_HOLE, 4096, SECINFO_R, &result), EFAULT);
	CHECK_EQ(result, 0);
	CHECK_EQ(g_t.device->ops->prefault(g_t.device, TINY_DYNAMIC, 4096), 0);
	CHECK_EQ(restrict_to(TINY_DYNAMIC, 4096, SECINFO_R, &result), EFAULT);
	CHECK_EQ(result, 20);
	stop();
}

/* --- EMODT, EREMOVE --- */

static int modify(uint64_t off, uint64_t type, uint64_t *result)
{
	uint64_t count;

	return g_t.device->ops->modify_types(g_t.device, off, 4096, type, result, &count);
}

static int remove_page(uint64_t off)
{
	uint64_t count = 9;
	int error = g_t.device->ops->remove_pages(g_t.device, off, 4096, &count);

	CHECK_EQ(count, error == 0 ? 4096 : 0);
	return error;
}

TEST(trim_accept_remove)
{
	uint64_t result;

	start();
	CHECK_RAX(accept(ACCEPT_RW, TINY_DYNAMIC), 0);
	CHECK_EQ(poke(TINY_DYNAMIC, 42).function, 4);
	CHECK_EQ(remove_page(TINY_DYNAMIC), EPERM);
	CHECK_EQ(modify(TINY_DYNAMIC, SGX_PT_TRIM, &result), 0);
	CHECK_PF(peek(TINY_DYNAMIC), TINY_DYNAMIC, 0x8005);
	CHECK_EQ(remove_page(TINY_DYNAMIC), EPERM);
	CHECK_EQ(modify(TINY_DYNAMIC, SGX_PT_TRIM, &result), EINVAL);
	CHECK_RAX(accept(ACCEPT_RW, TINY_DYNAMIC), 19);
	CHECK_RAX(accept(0x410, TINY_DYNAMIC), 0);
	CHECK_RAX(accept(0x410, TINY_DYNAMIC), 19);
	CHECK_EQ(remove_page(TINY_DYNAMIC), 0);
	CHECK_EQ(remove_page(TINY_DYNAMIC), EFAULT);
	/* A page that comes again is empty, and has to be accepted again. */
	CHECK_PF(peek(TINY_DYNAMIC), TINY_DYNAMIC, 0x8005);
	CHECK_RAX(accept(ACCEPT_RW, TINY_DYNAMIC), 0);
	CHECK_EQ(peek(TINY_DYNAMIC).rdi, 0);
	stop();
}

TEST(modify_rejects)
{
	uint64_t result;

	start();
	CHECK_EQ(modify(TINY_DATA, SGX_PT_REG, &result), EINVAL);
	CHECK_EQ(modify(TINY_DATA, SGX_PT_VA, &result), EINVAL);
	CHECK_EQ(modify(TINY_TCS + TINY_TCS_GAP, SGX_PT_TCS, &result), EINVAL);
	CHECK_EQ(modify(0, SGX_PT_TCS, &result), EPERM);
	CHECK_EQ(modify(TINY_HOLE, SGX_PT_TRIM, &result), EFAULT);
	CHECK_EQ(g_t.device->ops->prefault(g_t.device, TINY_DYNAMIC, 4096), 0);
	CHECK_EQ(modify(TINY_DYNAMIC, SGX_PT_TRIM, &result), EFAULT);
	CHECK_EQ(result, 20);
	stop();
}

/* The image of a TCS at TINY_DYNAMIC that uses thread 1's pages. */
static void write_tcs(struct sgx_tcs *tcs)
{
	memset(tcs, 0, sizeof *tcs);
	tcs->nssa = 2;
	tcs->ossa = TINY_TCS + TINY_TCS_GAP + TINY_SSA;
	tcs->ofsbase = TINY_TCS + TINY_TCS_GAP + TINY_FS;
	tcs->ogsbase = TINY_DATA;
}

TEST(a_new_tcs_is_accepted_and_entered)
{
	uint64_t result;
	struct device_run run;

	start();
	CHECK_RAX(accept(ACCEPT_RW, TINY_DYNAMIC), 0);
	write_tcs(tiny_at(&g_t, TINY_DYNAMIC));
	CHECK_EQ(modify(TINY_DYNAMIC, SGX_PT_TCS, &result), 0);
	run = (struct device_run){.tcs = g_t.base + TINY_DYNAMIC};
	CHECK_EQ(g_t.device->ops->enter(g_t.device, TINY_BASES, 0, 0, 2, 0, 0, &run), 0);
	CHECK_EQ(run.vector, 14); /* not accepted yet */
	CHECK_EQ(run.function, 2);
	CHECK_RAX(accept(0x110, TINY_DYNAMIC), 0);
	CHECK_EQ(g_t.device->ops->enter(g_t.device, TINY_BASES, 0, 0, 2, 0, 0, &run), 0);
	CHECK_EQ(run.function, 4);
	CHECK_EQ(run.rdi, g_t.base + TINY_TCS + TINY_TCS_GAP + TINY_FS);
	CHECK_PF(peek(TINY_DYNAMIC), TINY_DYNAMIC, 0x8005);
	/* And it goes again. */
	CHECK_EQ(modify(TINY_DYNAMIC, SGX_PT_TRIM, &result), 0);
	CHECK_EQ(g_t.device->ops->enter(g_t.device, TINY_BASES, 0, 0, 2, 0, 0, &run), 0);
	CHECK_EQ(run.function, 2);
	CHECK_EQ(run.vector, 14);
	/* What comes next at this address is another one. */
	CHECK_RAX(accept(0x410, TINY_DYNAMIC), 0);
	CHECK_EQ(remove_page(TINY_DYNAMIC), 0);
	CHECK_RAX(accept(ACCEPT_RW, TINY_DYNAMIC), 0);
	write_tcs(tiny_at(&g_t, TINY_DYNAMIC));
	((struct sgx_tcs *)tiny_at(&g_t, TINY_DYNAMIC))->ogsbase = TINY_RO;
	CHECK_EQ(modify(TINY_DYNAMIC, SGX_PT_TCS, &result), 0);
	CHECK_RAX(accept(0x110, TINY_DYNAMIC), 0);
	CHECK_EQ(g_t.device->ops->enter(g_t.device, TINY_BASES, 0, 0, 2, 0, 0, &run), 0);
	CHECK_EQ(run.rsi, g_t.base + TINY_RO);
	stop();
}

TEST(a_new_tcs_is_checked)
{
	struct sgx_tcs *tcs;
	uint64_t result;

	start();
	for (unsigned i = 0; i < 6; i++) {
		uint64_t off = TINY_DYNAMIC + i * 4096;

		CHECK_RAX(accept(ACCEPT_RW, off), 0);
		tcs = tiny_at(&g_t, off);
		write_tcs(tcs);
		tcs->nssa = i == 0 ? 0 : 2;
		tcs->flags = i == 1 ? TCS_DBGOPTIN : 0;
		tcs->aep = i == 2;
		tcs->state = i == 3;
		tcs->reserved[0] = i == 4;
		tcs->cssa = i == 5 ? 2 : 0;
		CHECK_EQ(modify(off, SGX_PT_TCS, &result), 0);
		CHECK_GP(accept(0x110, off));
	}
	stop();
}

TEST(pages_change_after_einit_alone)
{
	static struct tiny_plan plan;
	uint64_t result, count;

	tiny_plan(&plan, g_mode);
	CHECK_EQ(tiny_build(&g_t, &plan), 0);
	CHECK_EQ(tiny_map(&g_t), 0);
	CHECK_EQ(restrict_to(TINY_DATA, 4096, SECINFO_R, &result), EINVAL);
	CHECK_EQ(modify(TINY_DATA, SGX_PT_TRIM, &result), EINVAL);
	CHECK_EQ(g_t.device->ops->remove_pages(g_t.device, TINY_DATA, 4096, &count), EINVAL);
	CHECK_EQ(g_t.device->ops->prefault(g_t.device, TINY_DYNAMIC, 4096), EFAULT);
	stop();
}

void pages_tests(struct sim_totals *totals, enum device_sim_mode mode)
{
	g_mode = mode;
	RUN(map_gives_no_more_than_the_pages);
	RUN(map_replaces_what_was_there);
	RUN(holes_fault_without_sgx_bit);
	RUN(pages_allow_what_they_were_added_with);
	RUN(a_tcs_is_out_of_reach);
	RUN(the_host_may_take_mappings_away);
	RUN(an_early_mapping_is_judged_at_the_fault);
	RUN(a_touched_page_is_pending);
	RUN(eaccept_makes_the_kernel_add_the_page);
	RUN(eaccept_twice_is_refused);
	RUN(eaccept_compares_with_the_epcm);
	RUN(eaccept_rejects_combinations);
	RUN(secinfo_is_checked);
	RUN(eaccept_needs_a_mapping);
	RUN(prefault_makes_pages_pending);
	RUN(eacceptcopy_makes_code);
	RUN(eacceptcopy_rejects_operands);
	RUN(eacceptcopy_may_give_no_rights);
	RUN(eacceptcopy_takes_pending_pages_alone);
	RUN(emodpe_adds_rights);
	RUN(emodpe_rejects_pages);
	RUN(restrict_takes_rights_and_eaccept_proves_it);
	RUN(restrict_rejects);
	RUN(trim_accept_remove);
	RUN(modify_rejects);
	RUN(a_new_tcs_is_accepted_and_entered);
	RUN(a_new_tcs_is_checked);
	RUN(pages_change_after_einit_alone);
	SIM_TOTALS(totals);
}
