/* Signals: a storm during enclave code, faults that are nobody's, handlers of the process. */
#include "test/sim/sim_test.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sgx/sigstruct.h"
#include "test/lib/check.h"
#include "test/sim/tiny.h"

#define VECTOR_BYTES 2048

static enum device_sim_mode g_mode;
static struct tiny g_t;
static atomic_ulong g_alarms;
static _Thread_local unsigned long g_own_alarms; /* a handler may use thread-locals */

static void start(void)
{
	CHECK_EQ(tiny_start(&g_t, g_mode), 0);
}

static void stop(void)
{
	tiny_close(&g_t);
}

/* Uses the stack, FS (thread-locals, canary) and vector registers. */
static void on_alarm(int signo, siginfo_t *info, void *context)
{
	volatile uint8_t buffer[256];

	(void)info;
	(void)context;
	memset((void *)(uintptr_t)buffer, signo, sizeof buffer);
	__asm__ volatile("vpcmpeqb %%ymm0, %%ymm0, %%ymm0; vmovdqa %%ymm0, %%ymm15; std; cld" ::
				 : "xmm0", "xmm15");
	g_own_alarms++;
	atomic_fetch_add(&g_alarms, 1);
}

static void storm(bool on)
{
	struct itimerval timer = {{0, on ? 50 : 0}, {0, on ? 50 : 0}};
	struct sigaction action = {.sa_flags = SA_SIGINFO | SA_RESTART};

	action.sa_sigaction = on_alarm;
	if (on)
		CHECK_EQ(device_sigaction(SIGALRM, &action, NULL), 0);
	CHECK_EQ(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct spinner {
	pthread_t thread;
	unsigned number;
	bool avx512;
	unsigned long runs;
	unsigned long wrong;
	uint64_t in[VECTOR_BYTES / 8 + 8];
	uint64_t out[VECTOR_BYTES / 8 + 8];
};

/* Fills every register, lets the storm pass over it, compares; leaves in between. */
static void *spin(void *p)
{
	struct spinner *s = p;
	double end = seconds() + 1.0;

	for (size_t i = 0; i < COUNT_OF(s->in); i++)
		s->in[i] = (i + 1) * 0x9e3779b97f4a7c15 + s->number;
	while (seconds() < end) {
		struct device_run run;

		memset(s->out, 0, sizeof s->out);
		run = tiny_enter(&g_t, s->number, TINY_SPIN, (uint64_t)(uintptr_t)s->in,
				 (uint64_t)(uintptr_t)s->out, 200000, s->avx512);
		s->runs++;
		if (run.function != 4 || run.rdi != 0)
			s->wrong++;
		if (s->avx512 && memcmp((uint8_t *)s->in + VECTOR_BYTES + 8,
					(uint8_t *)s->out + VECTOR_BYTES + 8, 56) != 0)
			s->wrong++;
		for (size_t i = 0; i < (s->avx512 ? 32 : 16); i++)
			if (memcmp(s->in + i * 8, s->out + i * 8, s->avx512 ? 64 : 32) != 0)
				s->wrong++;
		run = tiny_enter(&g_t, s->number, TINY_BASES, 0, 0, 0, 0);
		if (run.rdi != tiny_tcs(&g_t, s->number) + TINY_FS)
			s->wrong++;
	}
	return NULL;
}

static bool cpu_has_avx512(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (low & XFRM_AVX512) == XFRM_AVX512;
}

static void run_storm(unsigned threads)
{
	static struct spinner spinners[TINY_THREADS];
	static struct tiny_plan plan;
	struct device_stats stats;
	bool avx512 = cpu_has_avx512();

	memset(spinners, 0, sizeof spinners);
	tiny_plan(&plan, g_mode);
	if (avx512)
		plan.secs.attributes.xfrm |= XFRM_AVX512;
	CHECK_EQ(tiny_launch(&g_t, &plan), 0);
	atomic_store(&g_alarms, 0);
	storm(true);
	for (unsigned i = 0; i < threads; i++) {
		spinners[i].number = i;
		spinners[i].avx512 = avx512;
		CHECK_EQ(pthread_create(&spinners[i].thread, NULL, spin, &spinners[i]), 0);
	}
	for (unsigned i = 0; i < threads; i++) {
		CHECK_EQ(pthread_join(spinners[i].thread, NULL), 0);
		CHECK_EQ(spinners[i].wrong, 0);
		CHECK(spinners[i].runs > 0);
	}
	storm(false);
	g_t.device->ops->stats(g_t.device, &stats);
	printf("  %u threads: %lu alarms, %llu of them in enclave code\n", threads,
	       atomic_load(&g_alarms), (unsigned long long)stats.aexs);
	CHECK(atomic_load(&g_alarms) > 100);
	CHECK_EQ(stats.aexs, stats.resumes);
	stop();
}

/* SIGALRM every 50 us for a second, on this thread and on many: no register is lost. */
TEST(a_storm_harms_nothing)
{
	static struct spinner s;
	struct device_stats stats;

	memset(&s, 0, sizeof s);
	start();
	storm(true);
	atomic_store(&g_alarms, 0);
	spin(&s);
	storm(false);
	CHECK_EQ(s.wrong, 0);
	CHECK(s.runs > 0 && g_own_alarms > 0);
	g_t.device->ops->stats(g_t.device, &stats);
	printf("  1 thread: %lu alarms, %llu of them in enclave code\n", atomic_load(&g_alarms),
	       (unsigned long long)stats.aexs);
	CHECK(stats.aexs > 0);
	stop();
}

TEST(a_storm_on_six_threads_harms_nothing)
{
	run_storm(6);
}

/* An interrupt leaves EXITINFO invalid, and in strict mode its trace in the SSA. */
TEST(an_interrupt_is_told_to_nobody)
{
	static struct spinner s;

	memset(&s, 0, sizeof s);
	start();
	memset(tiny_ssa(&g_t, 0, 0), 0xff, sizeof(struct sgx_gprs));
	storm(true);
	spin(&s);
	storm(false);
	if (g_mode == DEVICE_SIM_STRICT) {
		CHECK_EQ(tiny_ssa(&g_t, 0, 0)->exitinfo, 0);
		CHECK_EQ(tiny_ssa(&g_t, 0, 0)->fsbase, tiny_tcs(&g_t, 0) + TINY_FS);
	}
	stop();
}

/* --- breakpoints: the kernel gives them to the process --- */

static volatile sig_atomic_t g_traps;

static void on_trap(int signo)
{
	g_traps += signo == SIGTRAP;
}

TEST(a_breakpoint_goes_to_the_process)
{
	struct sigaction action = {.sa_handler = on_trap}, old;
	struct device_run run;

	start();
	g_traps = 0;
	CHECK_EQ(device_sigaction(SIGTRAP, &action, &old), 0);
	run = tiny_enter(&g_t, 0, TINY_BP, 0, 0, 0, 0);
	CHECK_EQ(g_traps, 1);
	CHECK_EQ(run.function, 4);
	CHECK_EQ(run.rdi, 7);
	CHECK_EQ(tiny_ssa(&g_t, 0, 0)->exitinfo, 0x80000603);
	CHECK_EQ(device_sigaction(SIGTRAP, &old, NULL), 0);
	stop();
}

/* --- faults of the host's own code --- */

static void on_segv(int signo)
{
	(void)signo;
	_exit(7);
}

static int *volatile g_no_page;

static void on_alarm_fault(int signo)
{
	volatile int *null = g_no_page;

	(void)signo;
	*null = 1;
}

/* Enclave code until a handler on top of it faults. */
static void spin_into_fault(void)
{
	struct sigaction action = {.sa_handler = on_alarm_fault};
	struct itimerval timer = {{0, 20000}, {0, 20000}};
	static uint64_t state[300];

	if (device_sigaction(SIGALRM, &action, NULL) != 0 ||
	    setitimer(ITIMER_REAL, &timer, NULL) != 0)
		_exit(1);
	for (int i = 0; i < 100; i++)
		tiny_enter(&g_t, 0, TINY_SPIN, (uint64_t)(uintptr_t)state,
			   (uint64_t)(uintptr_t)state, 100000000, 0);
}

/* The child's end after `what`: 0 null pointer, 1 kill, 2 int3 inside, 3 a handler's null pointer.
 */
static int child_ends(unsigned what, bool handler)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		volatile int *null = g_no_page;
		struct sigaction action = {.sa_handler = on_segv};

		if (handler && device_sigaction(SIGSEGV, &action, NULL) != 0)
			_exit(1);
		if (what == 0)
			*null = 1;
		else if (what == 1)
			kill(getpid(), SIGSEGV);
		else if (what == 3)
			spin_into_fault();
		else
			tiny_enter(&g_t, 0, TINY_BP, 0, 0, 0, 0);
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child);
	return status;
}

TEST(other_faults_end_the_process_as_usual)
{
	start();
	CHECK_EQ(WTERMSIG(child_ends(0, false)), SIGSEGV);
	CHECK_EQ(WTERMSIG(child_ends(1, false)), SIGSEGV);
	CHECK_EQ(WTERMSIG(child_ends(2, false)), SIGTRAP);
	CHECK_EQ(WTERMSIG(child_ends(3, false)), SIGSEGV);
	stop();
}

TEST(other_faults_reach_the_process_handler)
{
	start();
	CHECK_EQ(WEXITSTATUS(child_ends(0, true)), 7);
	CHECK_EQ(WEXITSTATUS(child_ends(1, true)), 7);
	stop();
}

/* A handler may not enter: it runs on top of an enclave, or could. */
static volatile int g_nested;

static void on_alarm_enter(int signo)
{
	struct device_run run = {.tcs = tiny_tcs(&g_t, 1)};

	(void)signo;
	if (g_nested == 0)
		g_nested = g_t.device->ops->enter(g_t.device, 0, 0, 0, 2, 0, 0, &run);
}

TEST(a_handler_on_top_of_an_enclave_may_not_enter)
{
	struct sigaction action = {.sa_handler = on_alarm_enter}, old;
	struct itimerval timer = {{0, 20000}, {0, 20000}}, off = {0};
	uint64_t state[300] = {0};

	start();
	g_nested = 0;
	CHECK_EQ(device_sigaction(SIGALRM, &action, &old), 0);
	CHECK_EQ(setitimer(ITIMER_REAL, &timer, NULL), 0);
	while (g_nested == 0)
		CHECK_EQ(tiny_enter(&g_t, 0, TINY_SPIN, (uint64_t)(uintptr_t)state,
				    (uint64_t)(uintptr_t)state, 100000000, 0)
				 .rdi,
			 0);
	CHECK_EQ(setitimer(ITIMER_REAL, &off, NULL), 0);
	CHECK_EQ(g_nested, -EBUSY);
	CHECK_EQ(device_sigaction(SIGALRM, &old, NULL), 0);
	stop();
}

/* A saved RIP in host code: the ERESUME after the handler faults at the fetch. */
static void on_alarm_bend(int signo)
{
	(void)signo;
	tiny_ssa(&g_t, 0, 0)->rip = (uint64_t)(uintptr_t)tiny_exit_elsewhere;
}

TEST(an_interrupt_resumes_inside_alone)
{
	struct sigaction action = {.sa_handler = on_alarm_bend}, old;
	struct itimerval timer = {{0, 0}, {0, 20000}};
	static uint64_t state[300];
	struct device_run run;

	if (g_mode != DEVICE_SIM_STRICT)
		return;
	start();
	CHECK_EQ(device_sigaction(SIGALRM, &action, &old), 0);
	CHECK_EQ(setitimer(ITIMER_REAL, &timer, NULL), 0);
	run = tiny_enter(&g_t, 0, TINY_SPIN, (uint64_t)(uintptr_t)state, (uint64_t)(uintptr_t)state,
			 1000000000, 0);
	CHECK_EQ(run.function, 3);
	CHECK_EQ(run.vector, 13);
	CHECK_EQ(tiny_ssa(&g_t, 0, 0)->rip, (uint64_t)(uintptr_t)tiny_exit_elsewhere);
	CHECK_EQ(tiny_ssa(&g_t, 0, 0)->exitinfo, 0x8000030d);
	tiny_unwind(&g_t, 0);
	CHECK_EQ(device_sigaction(SIGALRM, &old, NULL), 0);
	stop();
}

TEST(sigaction_tells_what_was_set)
{
	struct sigaction action = {.sa_handler = on_trap}, old;

	CHECK_EQ(device_sigaction(0, &action, NULL), EINVAL);
	CHECK_EQ(device_sigaction(9999, &action, NULL), EINVAL);
	CHECK_EQ(device_sigaction(SIGKILL, &action, NULL), EINVAL);
	CHECK_EQ(device_sigaction(SIGUSR1, &action, NULL), 0);
	CHECK_EQ(device_sigaction(SIGUSR1, NULL, &old), 0);
	CHECK(old.sa_handler == on_trap);
	action.sa_handler = SIG_IGN;
	CHECK_EQ(device_sigaction(SIGUSR1, &action, &old), 0);
	CHECK(old.sa_handler == on_trap);
	CHECK_EQ(raise(SIGUSR1), 0);
	CHECK_EQ(device_sigaction(SIGUSR1, NULL, &old), 0);
	CHECK(old.sa_handler == SIG_IGN);
	CHECK_EQ(device_thread_init(), 0);
}

void signal_tests(struct sim_totals *totals, enum device_sim_mode mode)
{
	g_mode = mode;
	RUN(a_storm_harms_nothing);
	RUN(a_storm_on_six_threads_harms_nothing);
	RUN(an_interrupt_is_told_to_nobody);
	RUN(a_breakpoint_goes_to_the_process);
	RUN(other_faults_end_the_process_as_usual);
	RUN(other_faults_reach_the_process_handler);
	RUN(a_handler_on_top_of_an_enclave_may_not_enter);
	RUN(an_interrupt_resumes_inside_alone);
	RUN(sigaction_tells_what_was_set);
	SIM_TOTALS(totals);
}
