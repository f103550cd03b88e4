/*
 * Several threads in the test image: at work side by side, brought to an end in every state, and
 * entered by a host that does not keep to what it was asked. Usage: threads_test IMAGE SIGNATURE
 * [strict]
 */
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "enclave/layout.h"
#include "host/threads.h"
#include "program/program.h"
#include "test/enclave/bare.h"

#define MS    1000000u
#define GUARD (LAYOUT_THREAD_COUNT - 1)

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The probe's value under limits; ~0 and a failed check when the enclave did not answer. */
static uint64_t value_with(uint64_t number, uint64_t a, const struct host_run_request *more)
{
	struct host_run_result result;
	enum err err = probe_with(number, a, more, &result);
	uint64_t value = err == E_OK ? result.end.detail[0] : ~(uint64_t)0;

	if (err != E_OK)
		printf("probe %d: %s\n", (int)number, result.why);
	CHECK_EQ(err, E_OK);
	host_run_result_fini(&result);
	return value;
}

/* ---- side by side --------------------------------------------------------------------------- */

TEST(threads_trap_and_call_side_by_side)
{
	CHECK_EQ(probe_value(PROBE_THREADS_WORK, 300), 300 * PROGRAM_THREADS_MAX);
}

TEST(mutex_excludes)
{
	CHECK_EQ(probe_value(PROBE_THREADS_MUTEX, 20000), 20000 * PROGRAM_THREADS_MAX);
}

TEST(wake_ups_are_not_lost)
{
	CHECK_EQ(probe_value(PROBE_THREADS_PING_PONG, 5000), 10000);
	CHECK_EQ(probe_value(PROBE_THREADS_PARK, 20), 0);
}

TEST(threads_are_limited)
{
	struct host_run_request more = {.streams = {0, 1, 2}};

	CHECK_EQ(value_with(PROBE_THREADS_LIMIT, 0, &more), 6 << 8 | 6);
	more.max_threads = 3;
	CHECK_EQ(value_with(PROBE_THREADS_LIMIT, 0, &more), 2 << 8 | 2);
	more.limits.threads = 2;
	CHECK_EQ(value_with(PROBE_THREADS_LIMIT, 0, &more), 1 << 8 | 1);
	more.max_threads = 1;
	CHECK_EQ(value_with(PROBE_THREADS_LIMIT, 0, &more), 0);
	more.max_threads = 0;
	CHECK_EQ(value_with(PROBE_THREADS_LIMIT, 0, &more), 1 << 8 | 1);
}

TEST(threads_come_again)
{
	const struct host_run_request more = {.streams = {0, 1, 2}, .max_threads = 2};

	CHECK_EQ(value_with(PROBE_THREADS_REUSE, 2000, &more), 2000);
}

/* Kicks every thread of the process until told to stop. */
static atomic_bool g_storm;
static unsigned long g_kicks;

static void *storm_main(void *context)
{
	const long self = syscall(SYS_gettid);

	(void)context;
	while (atomic_load(&g_storm)) {
		DIR *tasks = opendir("/proc/self/task");

		for (struct dirent *e; (e = readdir(tasks));) {
			long tid = atol(e->d_name);

			if (tid != 0 && tid != self &&
			    syscall(SYS_tgkill, getpid(), tid, DEVICE_KICK_SIGNAL) == 0)
				g_kicks++;
		}
		closedir(tasks);
	}
	return NULL;
}

TEST(storm_over_all_threads_harms_nothing)
{
	uint64_t quiet = probe_value(PROBE_THREADS_SPIN, 5);
	pthread_t storm;

	atomic_store(&g_storm, true);
	CHECK_EQ(pthread_create(&storm, NULL, storm_main, NULL), 0);
	CHECK_EQ(probe_value(PROBE_THREADS_SPIN, 5), quiet);
	CHECK_EQ(probe_value(PROBE_THREADS_WORK, 50), 50 * PROGRAM_THREADS_MAX);
	CHECK_EQ(probe_value(PROBE_THREADS_PING_PONG, 500), 1000);
	CHECK_EQ(probe_value(PROBE_THREADS_REUSE, 100), 100);
	atomic_store(&g_storm, false);
	CHECK_EQ(pthread_join(storm, NULL), 0);
	printf("%lu kicks\n", g_kicks);
	CHECK(g_kicks > 500);
}

/* ---- the end -------------------------------------------------------------------------------- */

/* Standard input that never is ready. */
static struct host_run_request with_silent_input(int pipe_fd[2])
{
	CHECK_EQ(pipe(pipe_fd), 0);
	return (struct host_run_request){.streams = {pipe_fd[0], 1, 2}};
}

static size_t count_threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	size_t n = 0;

	while (readdir(tasks))
		n++;
	closedir(tasks);
	return n - 2;
}

/* Computing, asleep, reading, parked, calling: all come out, none is left in the process. */
TEST(the_first_threads_end_ends_all)
{
	int fd[2];
	struct host_run_request more = with_silent_input(fd);
	uint64_t start = now();

	CHECK_EQ(value_with(PROBE_THREADS_LEFT_BEHIND, 0, &more), 1);
	CHECK(now() - start < THREADS_GRACE_NS / 2);
	CHECK_EQ(count_threads(), 1);
	close(fd[0]);
	close(fd[1]);
}

TEST(one_threads_death_ends_all)
{
	int fd[2];
	struct host_run_request more = with_silent_input(fd);

	for (uint64_t how = 1; how <= 2; how++) {
		struct host_run_result result;
		uint64_t start = now();

		CHECK_EQ(probe_with(PROBE_THREADS_LEFT_BEHIND, how, &more, &result), E_HOST);
		/* told by the thread itself, or by one that found the enclave dead before */
		CHECK(strstr(result.why, "ended itself") != NULL ||
		      (how == 2 && strstr(result.why, "exception 14") != NULL));
		CHECK(now() - start < THREADS_GRACE_NS / 2);
		host_run_result_fini(&result);
	}
	CHECK_EQ(count_threads(), 1);
	close(fd[0]);
	close(fd[1]);
}

/* Who calls may have blocked every signal. */
TEST(run_ends_whatever_the_caller_blocks)
{
	int fd[2];
	struct host_run_request more = with_silent_input(fd);
	struct host_run_result result;
	sigset_t mine, before, after;

	sigemptyset(&mine);
	sigaddset(&mine, DEVICE_KICK_SIGNAL);
	CHECK_EQ(pthread_sigmask(SIG_BLOCK, &mine, &before), 0);
	CHECK_EQ(probe_with(PROBE_THREADS_LEFT_BEHIND, 2, &more, &result), E_HOST);
	CHECK_EQ(pthread_sigmask(SIG_SETMASK, &before, &after), 0);
	CHECK_EQ(sigismember(&after, DEVICE_KICK_SIGNAL), 1);
	host_run_result_fini(&result);
	close(fd[0]);
	close(fd[1]);
}

TEST(timeout_reaches_every_thread)
{
	const struct host_run_request more = {.streams = {0, 1, 2}, .timeout_ns = 30 * MS};
	uint64_t start = now();

	CHECK_EQ(value_with(PROBE_THREADS_INTERRUPTED, 0, &more), 6 << 8 | 1);
	CHECK(now() - start >= 30 * MS);
	CHECK(now() - start < THREADS_GRACE_NS);
}

TEST(timeout_that_does_not_come_changes_nothing)
{
	const struct host_run_request more = {.streams = {0, 1, 2}, .timeout_ns = UINT64_MAX};
	uint64_t start = now();

	CHECK_EQ(value_with(PROBE_THREADS_REUSE, 10, &more), 10);
	CHECK(now() - start < THREADS_GRACE_NS);
}

TEST(program_that_does_not_end_is_given_up)
{
	int fd[2];
	struct host_run_request more = with_silent_input(fd);
	struct host_run_result result;
	uint64_t start = now();

	more.timeout_ns = 30 * MS;
	CHECK_EQ(probe_with(PROBE_THREADS_FOREVER, 0, &more, &result), E_HOST);
	CHECK(strstr(result.why, "given up") != NULL);
	CHECK(now() - start >= THREADS_GRACE_NS);
	CHECK_EQ(count_threads(), 1);
	host_run_result_fini(&result);
	close(fd[0]);
	close(fd[1]);
}

TEST(another_thread_ends_the_program)
{
	CHECK_EQ(probe_value(PROBE_THREADS_END, 0), 3);
}

/* Sends SIGINT once the run has taken it over. */
static void *send_sigint(void *context)
{
	const pthread_t *to = context;
	struct sigaction now;

	do {
		sched_yield();
		CHECK_EQ(sigaction(SIGINT, NULL, &now), 0);
	} while (now.sa_handler == SIG_DFL);
	CHECK_EQ(pthread_kill(*to, SIGINT), 0);
	return NULL;
}

/* The grace period of a run ends the process, and a slow machine may need longer. */
static void hold_alarms(bool hold)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t alarm;

	if (!hold) /* one that waits is forgotten */
		CHECK_EQ(device_sigaction(SIGALRM, &ignore, NULL), 0);
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	CHECK_EQ(pthread_sigmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &alarm, NULL), 0);
}

/* Comes at any time of the run: while the enclave is set up, or the program runs and waits. */
TEST(sigint_ends_the_program_in_order)
{
	const struct host_run_request more = {
		.streams = {0, 1, 2}, .timeout_ns = 3600000u * (uint64_t)MS, .handle_sigint = true};
	pthread_t self = pthread_self(), sender;

	hold_alarms(true);
	for (int i = 0; i < 10; i++) {
		struct host_run_result result;

		CHECK_EQ(pthread_create(&sender, NULL, send_sigint, &self), 0);
		CHECK_EQ(probe_with(PROBE_THREADS_INTERRUPTED, 0, &more, &result), E_OK);
		CHECK(result.interrupted);
		CHECK_EQ(pthread_join(sender, NULL), 0);
		host_run_result_fini(&result);
	}
	hold_alarms(false);
}

/* Without a timeout the first thread that the program starts brings who can tell it. */
TEST(sigint_ends_a_program_with_threads)
{
	const struct host_run_request more = {.streams = {0, 1, 2}, .handle_sigint = true};
	pthread_t self = pthread_self(), sender;
	struct host_run_result result;

	hold_alarms(true);
	CHECK_EQ(pthread_create(&sender, NULL, send_sigint, &self), 0);
	CHECK_EQ(probe_with(PROBE_THREADS_INTERRUPTED, 0, &more, &result), E_OK);
	CHECK(result.interrupted);
	CHECK_EQ(pthread_join(sender, NULL), 0);
	host_run_result_fini(&result);
	hold_alarms(false);
}

/* An enclave that asks for threads that there are not, or that it does not want. */
TEST(host_starts_no_other_thread)
{
	CHECK_EQ(probe_value(PROBE_THREADS_ASK_HOST, 0), HOST_INVAL);
	CHECK_EQ(probe_value(PROBE_THREADS_ASK_HOST, GUARD), HOST_INVAL);
	CHECK_EQ(probe_value(PROBE_THREADS_ASK_HOST, LAYOUT_THREAD_COUNT), HOST_INVAL);
	CHECK_EQ(probe_value(PROBE_THREADS_ASK_HOST, UINT32_MAX), HOST_INVAL);
	CHECK_EQ(probe_value(PROBE_THREADS_ASK_HOST, 1), HOST_SUCCESS);
}

/* ---- a host that does as it likes ----------------------------------------------------------- */

TEST(nobody_enters_before_the_program_runs)
{
	struct bare b;

	bare_open(&b);
	bare_set_probe(&b, PROBE_THREADS_ASK, 0);
	for (size_t i = 0; i < LAYOUT_THREAD_COUNT; i++) {
		CHECK_EQ(bare_enter_at(&b, i, ENTER_THREAD, 0, 0), EXIT_REFUSED);
		CHECK_EQ(bare_enter_at(&b, i, ENTER_INTERRUPT, 0, 0), EXIT_REFUSED);
		if (i != 0)
			CHECK_EQ(bare_enter_at(&b, i, ENTER_START, (uint64_t)(uintptr_t)b.shared,
					       b.shared_size),
				 EXIT_REFUSED);
	}
	/* the first call is for the heap: the record is being copied in */
	CHECK_EQ(bare_start(&b), EXIT_CALL);
	for (size_t i = 0; i < LAYOUT_THREAD_COUNT; i++) {
		CHECK_EQ(bare_enter_at(&b, i, ENTER_THREAD, 0, 0), EXIT_REFUSED);
		CHECK_EQ(bare_enter_at(&b, i, ENTER_INTERRUPT, 0, 0), EXIT_REFUSED);
		CHECK_EQ(bare_enter_at(&b, i, ENTER_START, (uint64_t)(uintptr_t)b.shared,
				       b.shared_size),
			 EXIT_REFUSED);
	}
	bare_close(&b);
}

/* Runs PROBE_THREADS_ASK up to its THREAD_START. */
static void bare_ask(struct bare *b)
{
	bare_open(b);
	bare_set_probe(b, PROBE_THREADS_ASK, 0);
	uint64_t exit = bare_start(b);

	while (exit == EXIT_CALL && bare_request(b).call != HOST_CALL_THREAD_START)
		exit = bare_answer(b);
	CHECK_EQ(exit, EXIT_CALL);
	CHECK_EQ(bare_request(b).arg[0], 1);
}

TEST(only_the_thread_that_was_asked_for_enters_and_once)
{
	struct bare b;

	bare_ask(&b);
	for (size_t i = 0; i < LAYOUT_THREAD_COUNT; i++)
		if (i != 1)
			CHECK_EQ(bare_enter_at(&b, i, ENTER_THREAD, 0, 0), EXIT_REFUSED);
	/* it waits for the mutex that the first one holds over its call */
	CHECK_EQ(bare_enter_at(&b, 1, ENTER_THREAD, 0, 0), EXIT_CALL);
	CHECK_EQ(bare_request_at(&b, 1).call, HOST_CALL_PARK);
	CHECK_EQ(bare_enter_at(&b, 1, ENTER_THREAD, 0, 0), EXIT_REFUSED);
	CHECK_EQ(bare_enter_at(&b, 2, ENTER_THREAD, 0, 0), EXIT_REFUSED);
	CHECK_EQ(bare_enter_at(&b, 2, ENTER_RESUME, 0, 0), EXIT_REFUSED);
	CHECK_EQ(bare_enter_at(&b, GUARD, ENTER_RESUME, 0, 0), EXIT_REFUSED);
	/* a wake-up that is none: it waits again */
	CHECK_EQ(bare_answer_at(&b, 1), EXIT_CALL);
	CHECK_EQ(bare_request_at(&b, 1).call, HOST_CALL_PARK);
	CHECK_EQ(bare_answer(&b), EXIT_CALL);
	CHECK_EQ(bare_request(&b).call, HOST_CALL_UNPARK);
	CHECK_EQ(bare_request(&b).arg[0], 1);
	CHECK_EQ(bare_answer(&b), EXIT_CALL); /* parks for ever */
	CHECK_EQ(bare_request(&b).call, HOST_CALL_PARK);
	CHECK_EQ(bare_answer_at(&b, 1), EXIT_CALL); /* over: wakes the first */
	CHECK_EQ(bare_request_at(&b, 1).call, HOST_CALL_UNPARK);
	CHECK_EQ(bare_answer_at(&b, 1), EXIT_DONE);
	CHECK_EQ(bare_enter_at(&b, 1, ENTER_THREAD, 0, 0), EXIT_REFUSED);
	CHECK_EQ(bare_enter_at(&b, 1, ENTER_RESUME, 0, 0), EXIT_REFUSED);
	CHECK_EQ(bare_enter_at(&b, 1, ENTER_PROBE, 0, 0), EXIT_PROBED);
	bare_close(&b);
}

TEST(refused_thread_does_not_enter)
{
	struct bare b;

	bare_ask(&b);
	CHECK_EQ(bare_answer_with(&b, 0, HOST_AGAIN), EXIT_CALL);
	CHECK_EQ(bare_request(&b).call, HOST_CALL_YIELD);
	CHECK_EQ(bare_enter_at(&b, 1, ENTER_THREAD, 0, 0), EXIT_REFUSED);
	CHECK_EQ(bare_answer(&b), EXIT_DONE);
	CHECK_EQ(bare_result(&b), 2);
	bare_close(&b);
}

TEST(thread_that_was_refused_and_enters_has_been_started)
{
	struct bare b;

	bare_ask(&b);
	CHECK_EQ(bare_enter_at(&b, 1, ENTER_THREAD, 0, 0), EXIT_CALL);
	CHECK_EQ(bare_answer_with(&b, 0, HOST_AGAIN), EXIT_CALL);
	CHECK_EQ(bare_request(&b).call, HOST_CALL_UNPARK);
	CHECK_EQ(bare_answer(&b), EXIT_CALL);
	CHECK_EQ(bare_request(&b).call, HOST_CALL_PARK);
	bare_close(&b);
}

TEST(interrupt_is_for_one_thread_while_the_program_runs)
{
	struct bare b;

	bare_ask(&b);
	for (size_t i = 1; i < GUARD; i++)
		CHECK_EQ(bare_enter_at(&b, i, ENTER_INTERRUPT, 0, 0), EXIT_REFUSED);
	CHECK_EQ(bare_enter_at(&b, 0, ENTER_INTERRUPT, 0, 0), EXIT_REFUSED);
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(bare_enter_at(&b, GUARD, ENTER_INTERRUPT, 0, 0), EXIT_CALL);
		CHECK_EQ(bare_request_at(&b, GUARD).call, HOST_CALL_INTERRUPT);
		CHECK_EQ(bare_answer_at(&b, GUARD), EXIT_DONE);
	}
	/* now somebody is to be woken: the entry waits for that call, and cannot be made again */
	CHECK_EQ(bare_enter_at(&b, 1, ENTER_THREAD, 0, 0), EXIT_CALL);
	CHECK_EQ(bare_answer_at(&b, 1), EXIT_CALL);
	CHECK_EQ(bare_answer_at(&b, 1), EXIT_CALL);
	CHECK_EQ(bare_request_at(&b, 1).call, HOST_CALL_PARK);
	CHECK_EQ(bare_enter_at(&b, GUARD, ENTER_INTERRUPT, 0, 0), EXIT_CALL);
	CHECK_EQ(bare_answer_at(&b, GUARD), EXIT_CALL);
	CHECK_EQ(bare_request_at(&b, GUARD).call, HOST_CALL_UNPARK);
	CHECK_EQ(bare_request_at(&b, GUARD).arg[0], 1);
	CHECK_EQ(bare_enter_at(&b, GUARD, ENTER_INTERRUPT, 0, 0), EXIT_REFUSED);
	CHECK_EQ(bare_enter_at(&b, GUARD, ENTER_THREAD, 0, 0), EXIT_REFUSED);
	CHECK_EQ(bare_answer_at(&b, GUARD), EXIT_DONE);
	bare_close(&b);
	bare_ask(&b); /* the program is over */
	CHECK_EQ(bare_answer_with(&b, 0, HOST_AGAIN), EXIT_CALL);
	CHECK_EQ(bare_answer(&b), EXIT_DONE);
	CHECK_EQ(bare_enter_at(&b, GUARD, ENTER_INTERRUPT, 0, 0), EXIT_REFUSED);
	CHECK_EQ(bare_enter_at(&b, 1, ENTER_THREAD, 0, 0), EXIT_REFUSED);
	bare_close(&b);
}

/* A guest's lock rests on it: who waits for ever does not get on by the host's word alone. */
TEST(wait_for_ever_does_not_time_out)
{
	struct bare b;

	bare_ask(&b);
	CHECK_EQ(bare_answer(&b), EXIT_CALL);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(bare_request(&b).call, HOST_CALL_PARK);
		CHECK_EQ(bare_request(&b).arg[0], HOST_PARK_FOREVER);
		const struct call_reply passed = {.seq = bare_request(&b).seq, .value = 1};

		memcpy(bare_slot(&b, 0) + SLOT_REPLY_OFF, &passed, sizeof(passed));
		CHECK_EQ(bare_enter_at(&b, 0, ENTER_RESUME, 0, 0), EXIT_CALL);
	}
	bare_close(&b);
}

/* The reply that another thread's slot holds is none: sequence numbers count per thread. */
TEST(reply_of_another_thread_is_dropped)
{
	struct bare b;

	bare_ask(&b);
	CHECK_EQ(bare_enter_at(&b, 1, ENTER_THREAD, 0, 0), EXIT_CALL);
	CHECK(bare_request(&b).seq != bare_request_at(&b, 1).seq);
	const struct call_reply reply = {.seq = bare_request_at(&b, 1).seq};

	/* success by a stale reply would have started the thread in the first one's eyes; it is dropped,
	 * and the thread is there all the same */
	memcpy(bare_slot(&b, 0) + SLOT_REPLY_OFF, &reply, sizeof(reply));
	CHECK_EQ(bare_enter_at(&b, 0, ENTER_RESUME, 0, 0), EXIT_CALL);
	CHECK_EQ(bare_request(&b).call, HOST_CALL_UNPARK);
	bare_close(&b);
	bare_ask(&b); /* and without it there */
	memcpy(bare_slot(&b, 0) + SLOT_REPLY_OFF, &reply, sizeof(reply));
	CHECK_EQ(bare_enter_at(&b, 0, ENTER_RESUME, 0, 0), EXIT_CALL);
	CHECK_EQ(bare_answer(&b), EXIT_DONE);
	CHECK_EQ(bare_result(&b), 2);
	bare_close(&b);
}

/* Two threads of the process on one of the enclave: the CPU lets one in. */
struct rival {
	struct bare *b;
	uint64_t entered;
	uint64_t refused;
};

static void *rival_main(void *context)
{
	struct rival *r = context;

	for (int i = 0; i < 20000; i++) {
		uint64_t exit = bare_enter_at(r->b, 3, ENTER_PROBE, 0, 0);

		r->entered += exit == EXIT_PROBED;
		r->refused += exit == 2000 + VECTOR_GP;
	}
	return NULL;
}

TEST(busy_thread_is_not_entered)
{
	struct rival rival[2];
	pthread_t thread[2];
	struct bare b;

	bare_open(&b);
	for (int i = 0; i < 2; i++) {
		rival[i] = (struct rival){.b = &b};
		CHECK_EQ(pthread_create(&thread[i], NULL, rival_main, &rival[i]), 0);
	}
	for (int i = 0; i < 2; i++)
		CHECK_EQ(pthread_join(thread[i], NULL), 0);
	CHECK_EQ(rival[0].entered + rival[0].refused, 20000);
	CHECK_EQ(rival[1].entered + rival[1].refused, 20000);
	printf("%llu entries met a busy thread\n",
	       (unsigned long long)(rival[0].refused + rival[1].refused));
	CHECK_EQ(bare_enter_at(&b, 3, ENTER_PROBE, 0, 0), EXIT_PROBED);
	bare_close(&b);
}

/*
 * A host of several threads that belong to no thread of the enclave: each enters and answers
 * whichever it comes by, tells no thread of any other, ends waits at once and interrupts all the
 * time. What it must not do is lie in what the program needs (memory, a start), and go back into what
 * another of its threads left by an exception, which would come out on that one's stack. The program's
 * result is what it is with an honest host.
 */
#define CARRIERS 4

struct chaos {
	struct bare b;
	struct {
		pthread_mutex_t lock; /* who carries the thread on */
		uint32_t carrier;     /* whose entry an exception interrupted; 0: none is */
	} thread[LAYOUT_THREAD_COUNT];
	atomic_bool over;
	_Atomic uint64_t exits[8], exceptions, busy;
	_Atomic uint32_t carriers;
};

static uint32_t chaos_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* True: an exception came while the enclave ran. */
static bool chaos_enter(struct chaos *c, size_t thread, uint64_t op, uint32_t function)
{
	struct device_run run = {.tcs = c->b.enclave.tcs[thread]};

	CHECK_EQ(c->b.device->ops->enter(c->b.device, op, (uint64_t)(uintptr_t)c->b.shared,
					 c->b.shared_size, function, 0, 0, &run),
		 0);
	if (run.function == ENCLU_ERESUME && run.vector != VECTOR_GP)
		atomic_fetch_add(&c->exceptions, 1);
	else if (run.function != ENCLU_EEXIT)
		atomic_fetch_add(&c->busy, 1);
	else if (run.rdi < COUNT_OF(c->exits))
		atomic_fetch_add(&c->exits[run.rdi], 1);
	if (run.function == ENCLU_EEXIT &&
	    (run.rdi == EXIT_DEAD || (run.rdi == EXIT_DONE && thread == 0)))
		atomic_store(&c->over, true);
	return run.function == ENCLU_ERESUME;
}

/* The answer is to the request that the thread waits with, if it does: its lock is held. */
static void chaos_answer(struct chaos *c, size_t thread, uint32_t random)
{
	const struct call_request request = bare_request_at(&c->b, thread);
	const bool timed = request.call == HOST_CALL_PARK && request.arg[0] != HOST_PARK_FOREVER;
	const struct call_reply reply = {.seq = request.seq, .value = timed ? random & 1 : 0};
	struct device *d = c->b.device;

	if (request.call == HOST_CALL_PREFAULT)
		CHECK_EQ(d->ops->prefault(d, request.arg[0], request.arg[1]), 0);
	if (request.call == HOST_CALL_PROTECT_CODE)
		CHECK_EQ(d->ops->protect(d, request.arg[0], request.arg[1], PROT_READ | PROT_EXEC),
			 0);
	memcpy(bare_slot(&c->b, thread) + SLOT_REPLY_OFF, &reply, sizeof(reply));
}

static void chaos_carry(struct chaos *c, size_t thread, uint32_t random, uint32_t self)
{
	static const uint64_t op[] = {ENTER_THREAD, ENTER_INTERRUPT, ENTER_RESUME, ENTER_RESUME};
	uint32_t *carrier = &c->thread[thread].carrier;

	if (*carrier == self) {
		*carrier = chaos_enter(c, thread, 0, ENCLU_ERESUME) ? self : 0;
	} else if (*carrier == 0) {
		chaos_answer(c, thread, random >> 2);
		*carrier = chaos_enter(c, thread, op[random % 4], ENCLU_EENTER) ? self : 0;
	}
}

static void *chaos_main(void *context)
{
	static const uint64_t wrong[] = {0, ENTER_START, ENTER_PROBE, 6};
	struct chaos *c = context;
	const uint32_t self = atomic_fetch_add(&c->carriers, 1) + 1;
	uint32_t random = self * 0x9e3779b9u;

	while (!atomic_load(&c->over)) {
		const size_t thread = chaos_random(&random) % LAYOUT_THREAD_COUNT;

		if (random & 0x100) {
			(void)chaos_enter(c, thread, wrong[random >> 16 & 3], ENCLU_EENTER);
		} else if (pthread_mutex_trylock(&c->thread[thread].lock) == 0) {
			chaos_carry(c, thread, random >> 9, self);
			pthread_mutex_unlock(&c->thread[thread].lock);
		}
	}
	return NULL;
}

static uint64_t chaos_run(uint64_t number, uint64_t a)
{
	struct chaos c = {0};
	pthread_t carrier[CARRIERS];

	bare_open(&c.b);
	bare_set_probe(&c.b, number, a);
	for (size_t i = 0; i < LAYOUT_THREAD_COUNT; i++)
		pthread_mutex_init(&c.thread[i].lock, NULL);
	CHECK_EQ(bare_start(&c.b), EXIT_CALL);
	for (size_t i = 0; i < CARRIERS; i++)
		CHECK_EQ(pthread_create(&carrier[i], NULL, chaos_main, &c), 0);
	for (size_t i = 0; i < CARRIERS; i++)
		CHECK_EQ(pthread_join(carrier[i], NULL), 0);
	printf("%llu calls, %llu refused, %llu met a busy thread, %llu exceptions\n",
	       (unsigned long long)c.exits[EXIT_CALL], (unsigned long long)c.exits[EXIT_REFUSED],
	       (unsigned long long)c.busy, (unsigned long long)c.exceptions);
	CHECK_EQ(c.exits[EXIT_DEAD], 0);
	uint64_t result = bare_result(&c.b);

	bare_close(&c.b);
	return result;
}

TEST(host_that_enters_anywhere_at_any_time_changes_no_result)
{
	CHECK_EQ(chaos_run(PROBE_THREADS_MUTEX, 3000), 3000 * PROGRAM_THREADS_MAX);
	CHECK_EQ(chaos_run(PROBE_THREADS_WORK, 20), 20 * PROGRAM_THREADS_MAX);
	CHECK_EQ(chaos_run(PROBE_THREADS_PING_PONG, 200), 400);
	CHECK_EQ(chaos_run(PROBE_THREADS_REUSE, 50), 50);
}

int main(int argc, char **argv)
{
	if (!bare_arguments(argc, argv))
		return 2;
	signal(SIGINT, SIG_DFL); /* whoever started us in the background may have had it ignored */
	RUN(threads_trap_and_call_side_by_side);
	RUN(mutex_excludes);
	RUN(wake_ups_are_not_lost);
	RUN(threads_are_limited);
	RUN(threads_come_again);
	RUN(storm_over_all_threads_harms_nothing);
	RUN(the_first_threads_end_ends_all);
	RUN(one_threads_death_ends_all);
	RUN(run_ends_whatever_the_caller_blocks);
	RUN(timeout_reaches_every_thread);
	RUN(timeout_that_does_not_come_changes_nothing);
	RUN(program_that_does_not_end_is_given_up);
	RUN(another_thread_ends_the_program);
	RUN(sigint_ends_the_program_in_order);
	RUN(sigint_ends_a_program_with_threads);
	RUN(host_starts_no_other_thread);
	RUN(nobody_enters_before_the_program_runs);
	RUN(only_the_thread_that_was_asked_for_enters_and_once);
	RUN(refused_thread_does_not_enter);
	RUN(thread_that_was_refused_and_enters_has_been_started);
	RUN(interrupt_is_for_one_thread_while_the_program_runs);
	RUN(wait_for_ever_does_not_time_out);
	RUN(reply_of_another_thread_is_dropped);
	RUN(busy_thread_is_not_entered);
	RUN(host_that_enters_anywhere_at_any_time_changes_no_result);
	return check_report();
}
