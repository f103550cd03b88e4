/* EENTER, EEXIT, exceptions and ERESUME: the rules, and the kernel's way of telling. */
#include "test/sim/sim_test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/lib/check.h"
#include "test/sim/tiny.h"

static enum device_sim_mode g_mode;
static struct tiny g_t;
static struct tiny_plan g_plan;

static void start(void)
{
	CHECK_EQ(tiny_start(&g_t, g_mode), 0);
}

static void stop(void)
{
	tiny_close(&g_t);
}

static struct device_run do_it(unsigned thread, uint64_t what)
{
	return tiny_enter(&g_t, thread, what, 0, 0, 0, 0);
}

static void check_refused(struct device_run run, unsigned function, unsigned vector)
{
	CHECK_EQ(run.function, function);
	CHECK_EQ(run.vector, vector);
}

TEST(enter_gives_the_documented_registers)
{
	uint64_t seen[5];
	struct device_run run;

	start();
	run = tiny_enter(&g_t, 3, TINY_REGS, (uint64_t)(uintptr_t)seen, 0, 0, 0);
	CHECK_EQ(run.function, 4);
	CHECK_EQ(run.rdi, 0);
	CHECK_EQ(seen[0], 0);
	CHECK_EQ(seen[1], tiny_tcs(&g_t, 3));
	CHECK(seen[2] - g_t.base >= TINY_SIZE);
	/* what AEX would restore */
	CHECK_EQ(tiny_ssa(&g_t, 3, 0)->ursp, seen[3]);
	CHECK_EQ(tiny_ssa(&g_t, 3, 0)->urbp, seen[4]);
	run = do_it(3, TINY_BASES);
	CHECK_EQ(run.rdi, tiny_tcs(&g_t, 3) + TINY_FS);
	CHECK_EQ(run.rsi, g_t.base + TINY_DATA);
	stop();
}

TEST(enter_passes_five_registers)
{
	struct device_run run = {0};

	start();
	memset(tiny_at(&g_t, TINY_DATA), 0, 64);
	run = tiny_enter(&g_t, 0, TINY_WRITE, g_t.base + TINY_DATA, 0x1122334455667788, 0, 0);
	CHECK_EQ(run.function, 4);
	CHECK_EQ(*(uint64_t *)tiny_at(&g_t, TINY_DATA), 0x1122334455667788);
	run.tcs = tiny_tcs(&g_t, 0);
	CHECK_EQ(g_t.device->ops->enter(g_t.device, 0, 0, 0, 4, 0, 0, &run), -EINVAL);
	CHECK_EQ(g_t.device->ops->enter(g_t.device, 0, 0, 0, 0, 0, 0, &run), -EINVAL);
	stop();
}

static struct device_run enter_at(uint64_t tcs, uint32_t function)
{
	struct device_run run = {.tcs = tcs};

	CHECK_EQ(g_t.device->ops->enter(g_t.device, TINY_PROBE, 0, 0, function, 0, 0, &run), 0);
	return run;
}

TEST(enter_wants_a_tcs)
{
	start();
	check_refused(enter_at(tiny_tcs(&g_t, 0) + 8, 2), 2, 13);
	check_refused(enter_at(g_t.base + TINY_DATA, 2), 2, 14);
	check_refused(enter_at(g_t.base + TINY_HOLE, 2), 2, 14);
	check_refused(enter_at(0x1000, 2), 2, 14);
	check_refused(enter_at(g_t.base + TINY_SIZE, 2), 2, 14);
	check_refused(enter_at(tiny_tcs(&g_t, 0), 3), 3, 13); /* nothing to resume */
	CHECK_EQ(enter_at(tiny_tcs(&g_t, 0), 2).function, 4);
	stop();
}

TEST(enter_wants_einit)
{
	tiny_plan(&g_plan, g_mode);
	CHECK_EQ(tiny_build(&g_t, &g_plan), 0);
	CHECK_EQ(tiny_map(&g_t), 0);
	check_refused(do_it(0, TINY_PROBE), 2, 13);
	stop();
}

/* A TCS with one field bent, measured and signed so. */
#define TCS_BENT(bend)                                                                             \
	do {                                                                                       \
		struct sgx_tcs *tcs = &g_plan.tcs;                                                 \
                                                                                                   \
		tiny_plan(&g_plan, g_mode);                                                        \
		bend;                                                                              \
		CHECK_EQ(tiny_launch(&g_t, &g_plan), 0);                                           \
		check_refused(do_it(0, TINY_PROBE), 2, 13);                                        \
		stop();                                                                            \
	} while (0)

TEST(enter_checks_the_tcs)
{
	TCS_BENT(tcs->nssa = 0);
	TCS_BENT(tcs->ossa = TINY_TCS + TINY_SSA + 8);
	TCS_BENT(tcs->ofsbase = TINY_TCS + TINY_FS + 64);
	TCS_BENT(tcs->ogsbase = 8);
	TCS_BENT(tcs->ofsbase = (uint64_t)1 << 62);
	TCS_BENT(tcs->ogsbase = (uint64_t)1 << 47);
	TCS_BENT(tcs->oentry = TINY_SIZE);
}

/* FS and GS may point anywhere, as long as the address is canonical. */
TEST(enter_allows_bases_in_holes)
{
	tiny_plan(&g_plan, g_mode);
	g_plan.tcs.ogsbase = TINY_HOLE;
	CHECK_EQ(tiny_launch(&g_t, &g_plan), 0);
	CHECK_EQ(do_it(0, TINY_BASES).rsi, g_t.base + TINY_HOLE);
	stop();
}

TEST(enter_needs_the_pages_mapped)
{
	const struct device_ops *ops;
	uint64_t ssa = TINY_TCS + TINY_SSA, result, count;
	struct device_run run;

	start();
	ops = g_t.device->ops;
	CHECK_EQ(do_it(0, TINY_PROBE).function, 4);
	CHECK_EQ(ops->protect(g_t.device, TINY_TCS, 4096, PROT_READ), 0);
	check_refused(do_it(0, TINY_PROBE), 2, 14);
	CHECK_EQ(ops->protect(g_t.device, TINY_TCS, 4096, PROT_READ | PROT_WRITE), 0);
	CHECK_EQ(ops->protect(g_t.device, ssa, 4096, PROT_READ), 0);
	run = do_it(0, TINY_PROBE);
	check_refused(run, 2, 14);
	CHECK_EQ(run.error_code, 0x7);
	CHECK_EQ(run.address, g_t.base + ssa);
	CHECK_EQ(ops->protect(g_t.device, ssa, 4096, PROT_READ | PROT_WRITE), 0);
	CHECK_EQ(ops->restrict_permissions(g_t.device, ssa, 4096, SECINFO_R, &result, &count), 0);
	run = do_it(0, TINY_PROBE);
	check_refused(run, 2, 14);
	CHECK_EQ(run.error_code, 0x8007);
	CHECK_EQ(do_it(1, TINY_PROBE).function, 4);
	stop();
}

/* --- one thread in a TCS --- */

/* Enters as soon as it can, and stays for a while. */
static void *spin_in_thread_0(void *turns)
{
	static uint8_t state[4096];
	struct device_run run;

	do
		run = tiny_enter(&g_t, 0, TINY_SPIN, (uint64_t)(uintptr_t)state,
				 (uint64_t)(uintptr_t)state, *(uint64_t *)turns, 0);
	while (run.function == 2);
	return (void *)(uintptr_t)run.function;
}

/* A TCS that is in use cannot be entered (#GP at the EENTER) or trimmed. */
TEST(a_busy_tcs_refuses)
{
	uint64_t turns = 100000000;
	pthread_t other;
	unsigned refused = 0, entered = 0;
	uint64_t result, count;
	struct device_run run;
	void *end;

	start();
	CHECK_EQ(pthread_create(&other, NULL, spin_in_thread_0, &turns), 0);
	do {
		run = do_it(0, TINY_PROBE);
		if (run.function == 4)
			entered++; /* the other one is not inside yet */
		else
			refused++;
	} while (refused == 0 && entered < 100000000);
	CHECK_EQ(refused, 1);
	check_refused(run, 2, 13);
	CHECK_EQ(g_t.device->ops->modify_types(g_t.device, TINY_TCS, 4096, SGX_PT_TRIM, &result,
					       &count),
		 EAGAIN);
	CHECK_EQ(pthread_join(other, &end), 0);
	CHECK_EQ((uintptr_t)end, 4);
	CHECK_EQ(do_it(0, TINY_PROBE).function, 4);
	stop();
}

TEST(the_ssa_is_used_up)
{
	struct device_stats stats;

	start();
	check_refused(do_it(0, TINY_UD), 3, 6);
	check_refused(do_it(0, TINY_UD), 3, 6);
	check_refused(do_it(0, TINY_PROBE), 2, 13);
	tiny_ssa(&g_t, 0, 1)->rip += 2;
	CHECK_EQ(tiny_resume(&g_t, 0).rdi, 7);
	check_refused(do_it(0, TINY_UD), 3, 6); /* CSSA 1 is free again */
	tiny_ssa(&g_t, 0, 1)->rip += 2;
	CHECK_EQ(tiny_resume(&g_t, 0).rdi, 7);
	tiny_ssa(&g_t, 0, 0)->rip += 2;
	CHECK_EQ(tiny_resume(&g_t, 0).rdi, 7);
	check_refused(tiny_resume(&g_t, 0), 3, 13);
	g_t.device->ops->stats(g_t.device, &stats);
	CHECK_EQ(stats.enters, 3);
	CHECK_EQ(stats.aexs, 3);
	CHECK_EQ(stats.resumes, 3);
	stop();
}

TEST(a_handler_sees_cssa_1)
{
	uint64_t seen[5];

	start();
	check_refused(do_it(0, TINY_UD), 3, 6);
	CHECK_EQ(tiny_enter(&g_t, 0, TINY_REGS, (uint64_t)(uintptr_t)seen, 0, 0, 0).function, 4);
	CHECK_EQ(seen[0], 1);
	tiny_ssa(&g_t, 0, 0)->rip += 2;
	CHECK_EQ(tiny_resume(&g_t, 0).rdi, 7);
	stop();
}

/* --- exceptions --- */

static void check_exception(uint64_t what, unsigned vector, uint32_t exitinfo)
{
	struct device_run run = do_it(0, what);

	check_refused(run, 3, vector);
	CHECK_EQ(run.error_code, 0);
	CHECK_EQ(run.address, 0);
	CHECK_EQ(tiny_ssa(&g_t, 0, 0)->exitinfo, exitinfo);
	CHECK_EQ(tiny_ssa(&g_t, 0, 0)->fsbase, tiny_tcs(&g_t, 0) + TINY_FS);
	CHECK_EQ(tiny_ssa(&g_t, 0, 0)->gsbase, g_t.base + TINY_DATA);
	tiny_unwind(&g_t, 0);
}

TEST(exceptions_are_told_inside_and_outside)
{
	start();
	check_exception(TINY_UD, 6, 0x80000306);
	check_exception(TINY_DE, 0, 0x80000300);
	check_exception(TINY_GP, 13, 0x8000030d);
	stop();
}

/* Without EXINFO the enclave is not told of #GP and #PF. */
TEST(exinfo_is_needed_for_faults)
{
	struct sgx_sigstruct s;
	uint8_t mrenclave[32];

	tiny_plan(&g_plan, g_mode);
	g_plan.secs.miscselect = 0;
	CHECK_EQ(tiny_build(&g_t, &g_plan), 0);
	tiny_measure(&g_plan, mrenclave);
	tiny_sign(&s, mrenclave);
	s.miscselect = 0;
	tiny_sign_again(&s);
	CHECK_EQ(g_t.device->ops->init(g_t.device, &s), 0);
	CHECK_EQ(tiny_map(&g_t), 0);
	memset(tiny_exinfo(&g_t, 0, 0), 0x5a, sizeof(struct sgx_exinfo));
	check_exception(TINY_GP, 13, 0);
	CHECK_EQ(tiny_enter(&g_t, 0, TINY_READ, g_t.base + TINY_HOLE, 0, 0, 0).vector, 14);
	CHECK_EQ(tiny_ssa(&g_t, 0, 0)->exitinfo, 0);
	CHECK_EQ(tiny_exinfo(&g_t, 0, 0)->errcd, 0x5a5a5a5a);
	tiny_unwind(&g_t, 0);
	check_exception(TINY_UD, 6, 0x80000306);
	stop();
}

TEST(code_outside_elrange_is_gp)
{
	start();
	check_refused(tiny_enter(&g_t, 0, TINY_CALL, 0x10000, 0, 0, 0), 3, 13);
	CHECK_EQ(tiny_ssa(&g_t, 0, 0)->exitinfo, 0x8000030d);
	tiny_unwind(&g_t, 0);
	stop();
}

static void check_host_fault(const volatile void *p)
{
	uint64_t address = (uint64_t)(uintptr_t)p;
	struct device_run run = tiny_enter(&g_t, 0, TINY_READ, address, 0, 0, 0);

	check_refused(run, 3, 14);
	CHECK_EQ(run.error_code, 0x4);
	CHECK_EQ(run.address, address & ~(uint64_t)4095);
	CHECK_EQ(tiny_ssa(&g_t, 0, 0)->exitinfo, 0x8000030e);
	CHECK_EQ(tiny_exinfo(&g_t, 0, 0)->maddr, address);
	CHECK_EQ(tiny_exinfo(&g_t, 0, 0)->errcd, 0x4);
	tiny_unwind(&g_t, 0);
}

/* Host memory: absent, or a file that is shorter than its mapping. */
TEST(host_memory_faults_without_present_bit)
{
	char path[] = "/tmp/retwine-sim-XXXXXX";
	int fd = mkstemp(path);
	uint8_t *p;

	start();
	CHECK(fd >= 0 && unlink(path) == 0 && ftruncate(fd, 8192) == 0);
	p = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_EQ(tiny_enter(&g_t, 0, TINY_READ, (uint64_t)(uintptr_t)p + 4096, 0, 0, 0).function,
		 4);
	CHECK_EQ(ftruncate(fd, 4096), 0);
	check_host_fault(p + 4096 + 16);
	munmap(p, 8192);
	check_host_fault(p + 24);
	close(fd);
	stop();
}

/* --- ERESUME --- */

/* A resume that must fault after `bend` of SSA[0], leaves the frame alone, and works when it is
 * undone. */
#define SSA_BENT(bend, undo)                                                                       \
	do {                                                                                       \
		check_refused(do_it(0, TINY_UD), 3, 6);                                            \
		bend;                                                                              \
		uint64_t rip = tiny_ssa(&g_t, 0, 0)->rip;                                          \
		check_refused(tiny_resume(&g_t, 0), 3, 13);                                        \
		CHECK_EQ(tiny_ssa(&g_t, 0, 0)->rip, rip);                                          \
		undo;                                                                              \
		tiny_unwind(&g_t, 0);                                                              \
	} while (0)

TEST(resume_checks_the_frame)
{
	uint64_t *header;
	struct sgx_gprs *regs;
	uint32_t *mxcsr;

	start();
	header = tiny_at(&g_t, TINY_TCS + TINY_SSA + XSAVE_HEADER_OFF);
	mxcsr = tiny_at(&g_t, TINY_TCS + TINY_SSA + 24);
	regs = tiny_ssa(&g_t, 0, 0);
	SSA_BENT(header[0] |= 8, header[0] &= 7);
	SSA_BENT(header[0] |= (uint64_t)1 << 63, header[0] &= 7);
	SSA_BENT(header[1] = (uint64_t)1 << 63, header[1] = 0);
	SSA_BENT(header[2] = 1, header[2] = 0);
	SSA_BENT(*mxcsr |= 0x10000, *mxcsr &= 0xffff);
	SSA_BENT(regs->fsbase ^= (uint64_t)1 << 60, regs->fsbase = tiny_tcs(&g_t, 0) + TINY_FS);
	SSA_BENT(regs->gsbase = (uint64_t)1 << 47, regs->gsbase = 0);
	SSA_BENT(regs->rip = (uint64_t)1 << 47, (void)0);
	stop();
}

/* The fetch faults at once; the frame is there again. */
TEST(resume_outside_elrange_is_gp)
{
	start();
	check_refused(do_it(0, TINY_UD), 3, 6);
	tiny_ssa(&g_t, 0, 0)->rip = 0x10000;
	check_refused(tiny_resume(&g_t, 0), 3, 13);
	CHECK_EQ(tiny_ssa(&g_t, 0, 0)->exitinfo, 0x8000030d);
	tiny_unwind(&g_t, 0);
	stop();
}

TEST(resume_takes_bases_from_the_frame)
{
	start();
	check_refused(do_it(0, TINY_UD), 3, 6);
	tiny_ssa(&g_t, 0, 0)->gsbase = 0x7000;
	tiny_ssa(&g_t, 0, 0)->rip = g_t.base + (uint64_t)(tiny_bases - tiny_code);
	CHECK_EQ(tiny_resume(&g_t, 0).rsi, 0x7000);
	CHECK_EQ(do_it(0, TINY_BASES).rsi, g_t.base + TINY_DATA); /* EENTER: the TCS's again */
	stop();
}

/* --- EEXIT --- */

TEST(exit_leads_where_rbx_says)
{
	struct device_run run;

	start();
	run = tiny_enter(&g_t, 0, TINY_EXIT_TO, (uint64_t)(uintptr_t)tiny_exit_elsewhere, 0, 0, 0);
	CHECK_EQ(run.function, 4);
	CHECK_EQ(run.rdi, TINY_EXIT_TO + 1000);
	stop();
}

TEST(exit_leads_nowhere_else)
{
	start();
	const uint64_t bad[] = {(uint64_t)1 << 47, (uint64_t)1 << 63, g_t.base,
				g_t.base + TINY_SIZE - 1};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		check_refused(tiny_enter(&g_t, 0, TINY_EXIT_TO, bad[i], 0, 0, 0), 3, 13);
		CHECK_EQ(tiny_ssa(&g_t, 0, 0)->rip,
			 g_t.base + (uint64_t)(tiny_enclu - tiny_code) + 14);
		tiny_unwind(&g_t, 0);
	}
	stop();
}

/* What the C ABI lets a caller rely on is there again, whatever the enclave left. */
TEST(exit_restores_control_words)
{
	uint32_t before, after;
	uint16_t fcw_before, fcw_after;
	uint64_t flags;

	start();
	__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(before), "=m"(fcw_before));
	CHECK_EQ(tiny_enter(&g_t, 0, TINY_SPOIL, 0x7f80, 0x0c7f, 0, 0).function, 4);
	__asm__ volatile("stmxcsr %0; fnstcw %1; pushf; pop %2"
			 : "=m"(after), "=m"(fcw_after), "=r"(flags));
	CHECK_EQ(after & 0xffc0, before & 0xffc0);
	CHECK_EQ(fcw_after, fcw_before);
	CHECK_EQ(flags & 0x400, 0);
	stop();
}

/* On hardware the vDSO function would return to nowhere. */
TEST(exit_with_another_stack_ends_the_process)
{
	pid_t child;
	int status = 0;

	start();
	child = fork();
	if (child == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, 2);
		do_it(0, TINY_BAD_EXIT);
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	stop();
}

/* --- many threads --- */

struct worker {
	pthread_t thread;
	unsigned number;
	unsigned wrong;
};

/* Its own TCS, its own pages: enters, exceptions and leaves at once with the others. */
static void *work(void *p)
{
	struct worker *w = p;
	uint64_t page = g_t.base + TINY_DYNAMIC + w->number * 0x10000;
	uint64_t secinfo = tiny_tcs(&g_t, w->number) + TINY_FS + 0x400;
	unsigned turns = g_mode == DEVICE_SIM_FAST ? 2000 : 100;

	((struct sgx_secinfo *)(uintptr_t)secinfo)->flags = 0x20b;
	for (unsigned i = 0; i < turns; i++) {
		w->wrong += do_it(w->number, TINY_BASES).rdi != tiny_tcs(&g_t, w->number) + TINY_FS;
		if (i % 100 == 0) {
			w->wrong += do_it(w->number, TINY_UD).vector != 6;
			tiny_unwind(&g_t, w->number);
		}
		if (i % 256 == 0)
			w->wrong += tiny_leaf(&g_t, w->number, ENCLU_EACCEPT, secinfo,
					      page + i / 256 * 4096, 0)
					    .rdi != 0;
	}
	return NULL;
}

TEST(eight_threads_at_once)
{
	struct worker workers[TINY_THREADS] = {0};

	start();
	for (unsigned i = 0; i < TINY_THREADS; i++) {
		workers[i].number = i;
		CHECK_EQ(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (unsigned i = 0; i < TINY_THREADS; i++) {
		CHECK_EQ(pthread_join(workers[i].thread, NULL), 0);
		CHECK_EQ(workers[i].wrong, 0);
	}
	stop();
}

static void *enter_once(void *p)
{
	(void)p;
	return (void *)(uintptr_t)do_it(0, TINY_PROBE).function;
}

/* Threads that come and go give their places back: more of them than there are places. */
TEST(threads_come_and_go)
{
	pthread_t thread;
	unsigned ok = 0;
	void *end;

	start();
	for (unsigned i = 0; i < 600; i++) {
		if (pthread_create(&thread, NULL, enter_once, NULL) == 0 &&
		    pthread_join(thread, &end) == 0 && (uintptr_t)end == 4)
			ok++;
	}
	CHECK_EQ(ok, 600);
	stop();
}

void entry_tests(struct sim_totals *totals, enum device_sim_mode mode)
{
	g_mode = mode;
	RUN(enter_gives_the_documented_registers);
	RUN(enter_passes_five_registers);
	RUN(enter_wants_a_tcs);
	RUN(enter_wants_einit);
	RUN(enter_checks_the_tcs);
	RUN(enter_allows_bases_in_holes);
	RUN(enter_needs_the_pages_mapped);
	RUN(a_busy_tcs_refuses);
	RUN(the_ssa_is_used_up);
	RUN(a_handler_sees_cssa_1);
	RUN(exceptions_are_told_inside_and_outside);
	RUN(exinfo_is_needed_for_faults);
	RUN(code_outside_elrange_is_gp);
	RUN(host_memory_faults_without_present_bit);
	RUN(resume_checks_the_frame);
	RUN(resume_outside_elrange_is_gp);
	RUN(resume_takes_bases_from_the_frame);
	RUN(exit_leads_where_rbx_says);
	RUN(exit_leads_nowhere_else);
	RUN(exit_restores_control_words);
	RUN(exit_with_another_stack_ends_the_process);
	RUN(eight_threads_at_once);
	RUN(threads_come_and_go);
	SIM_TOTALS(totals);
}
