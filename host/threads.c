/*
 * The loops of entries, and the end of all of them.
 * Trust: exits are claims of the enclave; an exit that is not in the list ends the run, and so does
 * one that its entry cannot have. Which thread may be started is checked here for the machine's
 * owner, whatever the enclave checks.
 * Invariant: `ending` is set before any thread is told to come out, and looked at before each entry;
 * a thread that is told is told again until it has left. threads_run returns when all have.
 */
#include "host/threads.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "host/interrupt.h"

#define NS_PER_MS     1000000u
#define NS_PER_S      1000000000u
#define KICK_MS	      5			   /* between two kicks of a thread that has not come out */
#define STACK_SIZE    ((size_t)256 * 1024) /* of a thread of ours; an enclave has its own */
#define PLACE_WAIT_MS 20		   /* for the place of a thread that is on its way out */

static uint64_t threads_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* Under the lock: waits for a change until `deadline`, a time of threads_now. */
static void threads_wait(struct threads *a, uint64_t deadline)
{
	const struct timespec t = {.tv_sec = (time_t)(deadline / NS_PER_S),
				   .tv_nsec = (long)(deadline % NS_PER_S)};

	(void)pthread_cond_timedwait(&a->changed, &a->lock, &t);
}

/* ---- the end -------------------------------------------------------------------------------- */

/* The run is over for all threads; the first reason counts. */
static void threads_end(struct threads *a, enum err err, const char *why)
{
	pthread_mutex_lock(&a->lock);
	if (!atomic_load(&a->ending)) {
		a->err = err;
		snprintf(a->why, sizeof(a->why), "%s", why);
	}
	atomic_store(&a->ending, true);
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	service_stop(a->config.service);
	a->config.device->ops->stop(a->config.device);
	park_token_give(&a->guard);
}

/* A failure that this thread found. */
static void threads_fail(struct threads *a, const char *why)
{
	threads_end(a, E_HOST, why);
}

/* Under the lock: kicks thread `number` until it has left. */
static void threads_bring_out(struct threads *a, uint32_t number)
{
	struct threads_thread *t = &a->thread[number];

	while (t->made && !t->left) {
		device_kick(t->id);
		threads_wait(a, threads_now() + KICK_MS * NS_PER_MS);
	}
}

/* The last thing that a thread does. One that ends the run brings the first thread out, which waits
 * for nobody then and sees to the others. */
static void thread_leave(struct threads_thread *t)
{
	struct threads *a = t->all;

	pthread_mutex_lock(&a->lock);
	if (t->number != 0)
		threads_bring_out(a, 0);
	t->left = true;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

/* ---- one thread ----------------------------------------------------------------------------- */

/* False when it was not possible, or the run is ending. */
static bool thread_enter(struct threads_thread *t, struct device_run *run, uint64_t op,
			 uint32_t function)
{
	const struct threads_config *c = &t->all->config;
	int result;

	memset(run, 0, sizeof(*run));
	run->tcs = c->enclave->tcs[t->number];
	if (atomic_load(&t->all->ending))
		return false;
	result = c->device->ops->enter(c->device, op, (uint64_t)(uintptr_t)c->area->base,
				       c->area->size, function, 0, 0, run);
	if (result != 0 && !atomic_load(&t->all->ending))
		threads_fail(t->all, "the enclave cannot be entered");
	return result == 0;
}

static bool thread_crashed(struct threads_thread *t, const struct device_run *run)
{
	char why[sizeof(t->all->why)];

	snprintf(why, sizeof(why),
		 "the enclave stopped with exception %u (error code 0x%x, page 0x%llx)",
		 run->vector, run->error_code, (unsigned long long)run->address);
	threads_fail(t->all, why);
	return false;
}

/* A fault inside: lets the enclave's own handler look at it, then resumes the thread. */
static bool thread_handle_exception(struct threads_thread *t, struct device_run *run)
{
	struct device_run handler;

	if (run->function != ENCLU_ERESUME)
		return thread_crashed(t, run);
	if (!thread_enter(t, &handler, 0, ENCLU_EENTER) || handler.function != ENCLU_EEXIT ||
	    handler.rdi != EXIT_HANDLED)
		return thread_crashed(t, run);
	return thread_enter(t, run, 0, ENCLU_ERESUME) || thread_crashed(t, run);
}

/* Without a guard, a program is not told of SIGINT: its run ends at its next call. */
static bool thread_interrupted(const struct threads_thread *t)
{
	const struct threads *a = t->all;

	return a->config.handle_sigint && !atomic_load(&a->guarded) && interrupt_pending();
}

static bool thread_call(struct threads_thread *t, struct device_run *run)
{
	struct threads *a = t->all;

	service_call(a->config.service, t->number, shared_area_slot(a->config.area, t->number));
	if (thread_interrupted(t)) {
		atomic_store(&a->interrupted, true);
		threads_end(a, E_OK, "");
		return false;
	}
	return thread_enter(t, run, ENTER_RESUME, ENCLU_EENTER);
}

/* Acts on how the enclave was left. False: this entry is over, *exit says how. */
static bool thread_step(struct threads_thread *t, struct device_run *run, uint64_t *exit)
{
	if (run->function != ENCLU_EEXIT)
		return thread_handle_exception(t, run);
	if (run->rdi == EXIT_CALL)
		return thread_call(t, run);
	*exit = run->rdi;
	return false;
}

/* One entry from its start to its last exit: EXIT_DONE, EXIT_REFUSED, or another number of the
 * enclave's choice; 0 when the run is ending. */
static uint64_t thread_serve(struct threads_thread *t, uint64_t op)
{
	struct device_run run;
	uint64_t exit = 0;

	if (!thread_enter(t, &run, op, ENCLU_EENTER))
		return 0;
	while (thread_step(t, &run, &exit))
		;
	return exit;
}

/* ---- the program's threads ------------------------------------------------------------------ */

/* Waits until it is to enter; false when the run is ending. */
static bool worker_wait(struct threads_thread *t)
{
	struct threads *a = t->all;

	pthread_mutex_lock(&a->lock);
	t->busy = false;
	pthread_cond_broadcast(&a->changed);
	while (!t->wanted && !atomic_load(&a->ending))
		pthread_cond_wait(&a->changed, &a->lock);
	t->busy = t->wanted;
	t->wanted = false;
	pthread_mutex_unlock(&a->lock);
	return !atomic_load(&a->ending);
}

static void *worker_main(void *context)
{
	struct threads_thread *t = context;

	while (worker_wait(t)) {
		uint64_t exit = thread_serve(t, ENTER_THREAD);

		/* EXIT_REFUSED: the program ended before the thread that it had asked for came. */
		if (exit != EXIT_DONE && exit != EXIT_REFUSED && exit != 0)
			threads_fail(t->all, "the enclave ended itself: a check of its own failed");
	}
	thread_leave(t);
	return NULL;
}

/* Under the lock. Signals of the process are for its own threads; faults and kicks are for ours. */
static bool thread_make(struct threads *a, uint32_t number, void *(*entry)(void *))
{
	static const int ours[] = {SIGSEGV, SIGBUS,  SIGILL, SIGFPE,
				   SIGTRAP, SIGABRT, SIGSYS, DEVICE_KICK_SIGNAL};
	struct threads_thread *t = &a->thread[number];
	pthread_attr_t attr;
	sigset_t blocked, old;

	if (t->made)
		return true;
	sigfillset(&blocked);
	for (size_t i = 0; i < COUNT_OF(ours); i++)
		sigdelset(&blocked, ours[i]);
	if (pthread_attr_init(&attr) != 0)
		return false;
	pthread_sigmask(SIG_SETMASK, &blocked, &old);
	t->made = pthread_attr_setstacksize(&attr, STACK_SIZE) == 0 &&
		  pthread_create(&t->id, &attr, entry, t) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return t->made;
}

/* Under the lock: may one more thread run beside those that do? One that is through inside may still
 * be on its way out; it is waited for. */
static bool threads_have_place(struct threads *a)
{
	const uint64_t deadline = threads_now() + PLACE_WAIT_MS * NS_PER_MS;

	for (;;) {
		uint32_t running = 0;

		for (uint32_t i = 0; i < a->guest_count; i++)
			running += a->thread[i].busy || a->thread[i].wanted;
		if (a->config.max_threads == 0 || running < a->config.max_threads)
			return true;
		if (threads_now() >= deadline || atomic_load(&a->ending))
			return false;
		threads_wait(a, deadline);
	}
}

static void *guard_main(void *context);

/* Under the lock. */
static bool guard_make(struct threads *a)
{
	const bool made = thread_make(a, a->guest_count, guard_main);

	atomic_store(&a->guarded, made);
	return made;
}

static enum host_errno start_locked(struct threads *a, uint32_t number)
{
	struct threads_thread *t = &a->thread[number];

	if (t->wanted || atomic_load(&a->ending))
		return HOST_AGAIN;
	if (!t->busy && !threads_have_place(a))
		return HOST_AGAIN;
	if ((a->config.handle_sigint && !guard_make(a)) || !thread_make(a, number, worker_main))
		return HOST_AGAIN;
	t->wanted = true;
	pthread_cond_broadcast(&a->changed);
	return HOST_SUCCESS;
}

enum host_errno threads_start(void *context, uint32_t thread)
{
	struct threads *a = context;

	if (thread == 0 || thread >= a->guest_count)
		return HOST_INVAL;
	pthread_mutex_lock(&a->lock);
	enum host_errno error = start_locked(a, thread);

	pthread_mutex_unlock(&a->lock);
	return error;
}

/* ---- the guard ------------------------------------------------------------------------------ */

/* Until there is a reason to end the program, or the run is over: then false. */
static bool guard_wait(struct threads *a, uint64_t deadline)
{
	for (;;) {
		uint64_t now = threads_now();

		if (atomic_load(&a->ending))
			return false;
		if (now >= deadline || (a->config.handle_sigint && interrupt_pending()))
			return true;
		(void)park_token_take(&a->guard,
				      deadline == UINT64_MAX ? PARK_FOREVER : deadline - now);
	}
}

/* Tells the program to end, which ends its waits itself: ended from here they would come back to a
 * program that knows of nothing yet. Before it runs it cannot be told, and after it need not: again
 * until it took it. */
static void guard_interrupt(struct threads_thread *t, uint64_t deadline)
{
	struct threads *a = t->all;

	while (!atomic_load(&a->ending) && threads_now() < deadline) {
		uint64_t exit = thread_serve(t, ENTER_INTERRUPT);

		if (exit == EXIT_DONE)
			return;
		if (exit != EXIT_REFUSED && exit != 0) {
			threads_fail(a, "the enclave ended itself: a check of its own failed");
			return;
		}
		(void)park_token_take(&a->guard, NS_PER_MS);
	}
}

/* Does the run end before the deadline? */
static bool guard_wait_for_end(struct threads *a, uint64_t deadline)
{
	uint64_t now;

	while (!atomic_load(&a->ending) && (now = threads_now()) < deadline)
		(void)park_token_take(&a->guard, deadline - now);
	return atomic_load(&a->ending);
}

static void *guard_main(void *context)
{
	struct threads_thread *t = context;
	struct threads *a = t->all;
	const uint64_t timeout = a->config.timeout_ns;
	const uint64_t start = threads_now();
	uint64_t end = timeout == 0 || timeout > UINT64_MAX - start ? UINT64_MAX : start + timeout;

	if (guard_wait(a, end)) {
		end = threads_now() + THREADS_GRACE_NS;
		guard_interrupt(t, end);
		if (!guard_wait_for_end(a, end))
			threads_fail(a, "it was told to end and did not, so its run was given up");
	}
	thread_leave(t);
	return NULL;
}

/* ---- the first thread ----------------------------------------------------------------------- */

static void first_run(struct threads *a)
{
	switch (thread_serve(&a->thread[0], ENTER_START)) {
	case EXIT_DONE:
		atomic_store(&a->finished, true);
		if (a->config.handle_sigint && atomic_load(&a->guarded) && interrupt_pending())
			atomic_store(&a->interrupted, true);
		threads_end(a, E_OK, "");
		break;
	case 0:
		break;
	case EXIT_REFUSED:
		threads_fail(a, "the enclave refused its start");
		break;
	default:
		threads_fail(a, "the enclave ended itself: a check of its own failed");
		break;
	}
}

/* After threads_end. The guard's thread is one of them. */
static void threads_join(struct threads *a)
{
	pthread_mutex_lock(&a->lock);
	for (uint32_t i = 1; i <= a->guest_count; i++)
		threads_bring_out(a, i);
	pthread_mutex_unlock(&a->lock);
	for (uint32_t i = 1; i <= a->guest_count; i++) {
		if (a->thread[i].made)
			pthread_join(a->thread[i].id, NULL);
	}
}

static void threads_init(struct threads *a, const struct threads_config *config)
{
	pthread_condattr_t monotonic;

	a->config = *config;
	a->guest_count = (uint32_t)config->enclave->thread_count - 1;
	for (uint32_t i = 0; i <= a->guest_count; i++)
		a->thread[i] = (struct threads_thread){.all = a, .number = i};
	a->thread[0].id = pthread_self();
	a->thread[0].made = a->thread[0].busy = true;
	pthread_mutex_init(&a->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&a->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

static bool guard_begin(struct threads *a)
{
	if (a->config.timeout_ns == 0)
		return true;
	pthread_mutex_lock(&a->lock);
	bool made = guard_make(a);

	pthread_mutex_unlock(&a->lock);
	return made;
}

/* The calling thread's signal mask is the caller's own, but a kick must reach it. */
static void threads_run_kickable(struct threads *a)
{
	sigset_t kick, old;

	sigemptyset(&kick);
	sigaddset(&kick, DEVICE_KICK_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &kick, &old);
	if (guard_begin(a))
		first_run(a);
	else
		threads_end(a, E_NOMEM, "no thread for the timeout");
	thread_leave(&a->thread[0]);
	threads_join(a);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

enum err threads_run(struct threads *a, const struct threads_config *config)
{
	if (config->enclave->thread_count < 2 || device_kick_init() != 0) {
		snprintf(a->why, sizeof(a->why),
			 "the enclave has too few threads, or a signal is refused");
		return E_STATE;
	}
	threads_init(a, config);
	if (config->handle_sigint)
		interrupt_wakes(&a->guard);
	threads_run_kickable(a);
	if (config->handle_sigint)
		interrupt_wakes(NULL);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
	return a->err;
}
