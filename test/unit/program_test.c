/*
 * Programs from launch record to outcome: limits, and threads that start, end together, are stopped
 * from outside, never come, or find no memory. The host is the real service on pipes.
 */
#include "program/program.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/base/park.h"
#include "platform/platform.h"
#include "test/lib/check.h"
#include "test/lib/native_program.h"
#include "test/unit/thread_modules.h"
#include "wasm/trap.h"

/* What the module's function `do` takes. */
enum { RETURNS, COUNTS, EXITS, TRAPS, SPINS, SLEEPS, READS };

static int g_stdin[2], g_stdout[2];
static struct program_outcome g_out;
static uint8_t g_module[sizeof(module_threads)]; /* what runs; tests bend it */
static size_t g_module_size;

enum err platform_random(void *out, size_t size)
{
	memset(out, 1, size);
	return E_OK;
}

static void use_module(const uint8_t *module, size_t size)
{
	memcpy(g_module, module, size);
	g_module_size = size;
}

static void set_up(void)
{
	CHECK(pipe(g_stdin) == 0 && pipe(g_stdout) == 0);
	use_module(module_threads, sizeof(module_threads));
	native_threads_use(NATIVE_THREADS_COME);
}

static void tear_down(void)
{
	native_threads_release();
	for (int i = 0; i < 2; i++) {
		close(g_stdin[i]);
		close(g_stdout[i]);
	}
}

/* Runs a function of g_module on `count` i32 values; the outcome is in g_out. */
static void run(const char *invoke, struct launch_limits limits, uint32_t count,
		const uint32_t *values)
{
	struct launch_value v[3];
	struct launch_record r = {
		.engine = LAUNCH_ENGINE_INTERPRETER,
		.diagnostics = LAUNCH_DIAGNOSTICS_BACKTRACE,
		.args_policy = LAUNCH_ARGS_ANY,
		.limits = limits,
		.invoke = {(const uint8_t *)invoke, strlen(invoke)},
		.values = v,
		.value_count = count,
	};

	for (uint32_t i = 0; i < count; i++)
		v[i] = (struct launch_value){LAUNCH_I32, values[i]};
	native_program_run(&r, g_module, g_module_size, (const int[]){g_stdin[0], g_stdout[1], -1},
			   &g_out);
}

#define RUN_LIMITED(invoke, limits, ...)                                                           \
	run(invoke, (struct launch_limits)limits,                                                  \
	    sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), (uint32_t[]){__VA_ARGS__})
#define RUN_FREELY(invoke, ...) RUN_LIMITED(invoke, {0}, __VA_ARGS__)
#define LIMITS(...)                                                                                \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

/* `count` threads do one thing, the first another. */
static void run_both(uint32_t count, uint32_t others, uint32_t first)
{
	run("both", (struct launch_limits){0}, 3, (uint32_t[]){count, others, first});
}

static bool returned(uint32_t value)
{
	return g_out.kind == RUN_EXITED && g_out.code == 0 && g_out.value_count == 1 &&
	       g_out.value[0].type == LAUNCH_I32 && g_out.value[0].bits == value;
}

static bool trapped(enum wasm_trap trap)
{
	return g_out.kind == RUN_TRAPPED && g_out.code == trap;
}

static bool exited(uint32_t status)
{
	return g_out.kind == RUN_EXITED && g_out.code == status && g_out.value_count == 0;
}

static bool refused(enum err err)
{
	return g_out.kind == RUN_REFUSED && g_out.code == err;
}

TEST(threads_count_together)
{
	set_up();
	for (int i = 0; i < 100; i++) {
		RUN_FREELY("sum", 4);
		CHECK(returned(4000));
	}
	RUN_FREELY("sum", 6);
	CHECK(returned(6000));
	tear_down();
}

TEST(a_thread_that_left_makes_room)
{
	set_up();
	RUN_LIMITED("serial", LIMITS(.threads = 2), 50);
	CHECK(returned(0));
	RUN_FREELY("sum", 20); /* more than there can be at once */
	CHECK(returned(20000));
	tear_down();
}

TEST(each_thread_has_an_instance_that_starts)
{
	set_up();
	run("instances", (struct launch_limits){0}, 0, NULL);
	CHECK(returned(2));
	tear_down();
}

TEST(the_number_of_threads_is_limited)
{
	set_up();
	run_both(1000, SLEEPS, RETURNS);
	CHECK(returned(PROGRAM_THREADS_MAX - 1));
	RUN_LIMITED("both", LIMITS(.threads = 3), 1000, SLEEPS, RETURNS);
	CHECK(returned(2));
	RUN_LIMITED("both", LIMITS(.threads = 1), 1000, SLEEPS, RETURNS);
	CHECK(returned(0));
	RUN_LIMITED("both", LIMITS(.threads = 4096), 1000, SLEEPS, RETURNS);
	CHECK(returned(PROGRAM_THREADS_MAX - 1));
	tear_down();
}

/* Whatever the others do: compute, sleep, wait for the host, or be about to begin. */
TEST(the_first_thread_ends_all)
{
	set_up();
	for (uint32_t others = SPINS; others <= READS; others++) {
		run_both(3, others, RETURNS);
		CHECK(returned(3));
		run_both(3, others, EXITS);
		CHECK(exited(7));
		run_both(3, others, TRAPS);
		CHECK(trapped(TRAP_UNREACHABLE));
	}
	tear_down();
}

TEST(any_thread_ends_all)
{
	set_up();
	for (uint32_t first = SPINS; first <= READS; first++) {
		run_both(1, EXITS, first);
		CHECK(exited(7));
		run_both(3, EXITS, first);
		CHECK(exited(7));
		run_both(1, TRAPS, first);
		CHECK(trapped(TRAP_UNREACHABLE));
		CHECK(g_out.frame_count == 2); /* do, wasi_thread_start */
	}
	tear_down();
}

/* Interrupts again and again, as a host may, until told to stop. */
static _Atomic bool g_interrupting;

static void *interrupt(void *pause_us)
{
	park_enter(PARK_THREADS_MAX - 1); /* it is none of the program's */
	while (g_interrupting) {
		usleep((unsigned)(uintptr_t)pause_us);
		program_interrupt();
	}
	return NULL;
}

static pthread_t interrupts_begin(uintptr_t pause_us)
{
	pthread_t thread;

	g_interrupting = true;
	if (pthread_create(&thread, NULL, interrupt, (void *)pause_us) != 0)
		abort();
	return thread;
}

static void interrupts_end(pthread_t thread)
{
	g_interrupting = false;
	pthread_join(thread, NULL);
}

TEST(an_interrupt_ends_all)
{
	set_up();
	program_interrupt(); /* of nothing */
	for (uint32_t what = SPINS; what <= READS; what++) {
		pthread_t thread = interrupts_begin(3000);

		run_both(2, what, what);
		CHECK(trapped(TRAP_INTERRUPTED));
		RUN_LIMITED("both", LIMITS(.timeout = 1), 2, what, what);
		CHECK(trapped(TRAP_TIMEOUT));
		RUN_LIMITED("both", LIMITS(.timeout = 1, .threads = 1), 0, 0, what);
		CHECK(trapped(TRAP_TIMEOUT));
		interrupts_end(thread);
	}
	for (uint32_t what = SLEEPS; what <= READS; what++) { /* code that does not look */
		pthread_t thread = interrupts_begin(3000);

		RUN_LIMITED("both", LIMITS(.threads = 1), 0, 0, what);
		CHECK(trapped(TRAP_INTERRUPTED));
		interrupts_end(thread);
	}
	run_both(2, RETURNS, RETURNS); /* the next one is not touched */
	CHECK(returned(2));
	tear_down();
}

TEST(an_interrupt_comes_at_any_time)
{
	set_up();
	pthread_t thread = interrupts_begin(50);

	for (int i = 0; i < 100; i++) {
		RUN_LIMITED("both", LIMITS(.timeout = 1), 3, COUNTS, COUNTS);
		CHECK(returned(3) || returned(2) || returned(1) || returned(0) ||
		      trapped(TRAP_TIMEOUT));
	}
	interrupts_end(thread);
	tear_down();
}

TEST(a_host_without_threads_gives_none)
{
	set_up();
	native_threads_use(NATIVE_THREADS_REFUSED);
	run("spawn", (struct launch_limits){0}, 0, NULL);
	CHECK(returned((uint32_t)-6));
	tear_down();
}

static void *give_threads(void *unused)
{
	usleep(400000); /* by now a start or two has failed */
	native_threads_use(NATIVE_THREADS_COME);
	return unused;
}

TEST(a_start_that_failed_costs_nothing)
{
	pthread_t giver;

	set_up();
	native_threads_use(NATIVE_THREADS_REFUSED);
	pthread_create(&giver, NULL, give_threads, NULL);
	RUN_LIMITED("sum", LIMITS(.threads = 2), 3); /* asks until it gets them */
	CHECK(returned(3000));
	pthread_join(giver, NULL);
	tear_down();
}

TEST(threads_that_never_come_keep_nobody)
{
	set_up();
	native_threads_use(NATIVE_THREADS_NEVER);
	run_both(1000, SPINS, RETURNS);
	CHECK(returned(PROGRAM_THREADS_MAX - 1));
	native_threads_release();
	run_both(1000, SPINS, TRAPS);
	CHECK(trapped(TRAP_UNREACHABLE));
	tear_down();
}

TEST(threads_that_come_late_find_nothing)
{
	set_up();
	program_thread_run(1);
	native_threads_use(NATIVE_THREADS_LATE);
	run_both(3, TRAPS, RETURNS);
	CHECK(returned(3));
	native_threads_release();
	CHECK(returned(3));
	tear_down();
}

TEST(want_of_memory_is_an_answer)
{
	bool done = false;
	int answers = 0;

	set_up();
	native_threads_use(NATIVE_THREADS_NEVER); /* the counter of allocations is for one thread */
	for (long n = 0; n < 2000 && !done; n++) {
		native_program_fail_at(n);
		run("spawn", (struct launch_limits){0}, 0, NULL);
		done = !native_program_failed();
		native_threads_release();
		CHECK(refused(E_NOMEM) || trapped(TRAP_OUT_OF_MEMORY) || g_out.kind == RUN_EXITED);
		if (g_out.kind == RUN_EXITED) {
			CHECK(returned(1) || returned((uint32_t)-48));
			answers += !returned(1);
		}
	}
	native_program_fail_at(-1);
	CHECK(done && returned(1));
	CHECK(answers > 3);
	tear_down();
}

TEST(fuel_is_used_up)
{
	set_up();
	RUN_LIMITED("work", LIMITS(.fuel = 100), 1000);
	CHECK(trapped(TRAP_OUT_OF_FUEL));
	RUN_LIMITED("work", LIMITS(.fuel = 100000), 1000);
	CHECK(g_out.kind == RUN_EXITED);
	/* all threads draw on one tank */
	RUN_LIMITED("sum", LIMITS(.fuel = 10000), 6);
	CHECK(trapped(TRAP_OUT_OF_FUEL));
	tear_down();
}

TEST(memory_is_limited)
{
	set_up();
	run("grow", (struct launch_limits){0}, 0, NULL);
	CHECK(returned(1));
	run("grow", (struct launch_limits){.memory = 3 << 16}, 0, NULL);
	CHECK(returned(UINT32_MAX));
	run("grow", (struct launch_limits){.memory = 100}, 0, NULL);
	CHECK(refused(E_PROGRAM_MEMORY_LIMIT));
	tear_down();
}

TEST(shared_memories_are_there_by_any_name)
{
	set_up();
	use_module(module_memories, sizeof(module_memories));
	run("same", (struct launch_limits){0}, 0, NULL);
	CHECK(returned(75));
	use_module(module_clash, sizeof(module_clash));
	run("same", (struct launch_limits){0}, 0, NULL);
	CHECK(refused(E_WASM_IMPORT_TYPE));
	use_module(module_unshared, sizeof(module_unshared));
	run("same", (struct launch_limits){0}, 0, NULL);
	CHECK(refused(E_WASM_UNKNOWN_IMPORT));
	tear_down();
}

/* The bytes of the export that threads begin with. */
static uint8_t *entry_name(void)
{
	const char name[] = "wasi_thread_start";

	return memmem(g_module, sizeof(g_module), name, sizeof(name) - 1);
}

TEST(what_starts_threads_says_where_they_begin)
{
	set_up();
	uint8_t *name = entry_name();

	name[0] = 'W';
	RUN_FREELY("sum", 1);
	CHECK(refused(E_PROGRAM_THREAD_ENTRY));
	name[0] = 'w';
	name[sizeof("wasi_thread_start")] = 0; /* thread-spawn itself: (i32) -> i32 */
	RUN_FREELY("sum", 1);
	CHECK(refused(E_PROGRAM_THREAD_ENTRY));
	tear_down();
}

TEST(values_are_those_that_can_be_told)
{
	set_up();
	run("vector", (struct launch_limits){0}, 0, NULL);
	CHECK(refused(E_PROGRAM_VECTOR));
	RUN_FREELY("sum", 1, 2);
	CHECK(refused(E_PROGRAM_ARGUMENTS));
	run("absent", (struct launch_limits){0}, 0, NULL);
	CHECK(refused(E_PROGRAM_NO_ENTRY) && g_out.text_size == 6);
	tear_down();
}

int main(void)
{
	RUN(threads_count_together);
	RUN(a_thread_that_left_makes_room);
	RUN(each_thread_has_an_instance_that_starts);
	RUN(the_number_of_threads_is_limited);
	RUN(the_first_thread_ends_all);
	RUN(any_thread_ends_all);
	RUN(an_interrupt_ends_all);
	RUN(an_interrupt_comes_at_any_time);
	RUN(a_host_without_threads_gives_none);
	RUN(a_start_that_failed_costs_nothing);
	RUN(threads_that_never_come_keep_nobody);
	RUN(threads_that_come_late_find_nothing);
	RUN(want_of_memory_is_an_answer);
	RUN(fuel_is_used_up);
	RUN(memory_is_limited);
	RUN(shared_memories_are_there_by_any_name);
	RUN(what_starts_threads_says_where_they_begin);
	RUN(values_are_those_that_can_be_told);
	return check_report();
}
