/*
 * The threads of a program: started by thread-spawn (the wasi-threads proposal), ended together.
 * Trust: whether and when a thread comes that was asked for, and when program_interrupt comes, is
 * the host's doing; the surroundings see to it that a thread comes at most once for each time it was
 * asked for. The guest may ask at any time and from any thread.
 * Invariant: whoever works on a program is its first thread, counted in running_count, or holds
 * g_lock; the first thread takes the program apart only when nobody else does.
 */
#include "base/heap.h"
#include "base/park.h"
#include "hostcall/hostcall.h"
#include "program/impl.h"

#define THREAD_ID_MAX 0x1fffffffu /* wasi-threads: the upper bits are the guest's own */

/* A guest that joins a thread may ask for the next before the old one has quite left: where there is
 * no room it waits a little, this often and this long. */
#define COUNT_TRIES   100
#define START_TRIES   10 /* each of which waits by itself, too, for threads on their way out */
#define SPAWN_WAIT_NS 1000000u

static_assert(PROGRAM_THREADS_MAX <= PARK_THREADS_MAX, "thread numbers");

static struct mutex g_lock; /* of what follows, and of what struct program says */
static struct program *g_program;

enum wasm_trap program_stop_reason(const struct program *p)
{
	return (enum wasm_trap)__atomic_load_n(&p->control.stop, __ATOMIC_ACQUIRE);
}

/* Makes all threads end soon: those that compute look at control.stop, or at what native_stop_all
 * sets; those that wait are woken. The first reason stays. */
static void program_stop(struct program *p, enum wasm_trap reason)
{
	uint32_t none = TRAP_NONE;

	(void)__atomic_compare_exchange_n(&p->control.stop, &none, reason, false, __ATOMIC_ACQ_REL,
					  __ATOMIC_ACQUIRE);
	native_stop_all(&p->control);
	(void)hostcall_interrupt(true); /* a host that does not heed it only delays the end */
	for (uint32_t i = 0; i < PROGRAM_THREADS_MAX; i++)
		unpark(i); /* a wait on a memory looks at control.stop, too, whenever that happens */
}

bool program_end(struct program *p, const struct program_thread *t, enum wasm_trap trap)
{
	mutex_lock(&g_lock);
	const bool first = !p->ended;

	if (first)
		program_set_outcome(p, t, trap);
	p->ended = true;
	mutex_unlock(&g_lock);
	return first;
}

/* What an interruption from outside means, as far as that is known yet. */
static enum wasm_trap interrupt_reason(const struct program *p)
{
	return p->ready && p->record.limits.timeout != 0 ? TRAP_TIMEOUT : TRAP_INTERRUPTED;
}

void program_interrupt(void)
{
	mutex_lock(&g_lock);
	if (g_program)
		program_stop(g_program, interrupt_reason(g_program));
	mutex_unlock(&g_lock);
}

void program_threads_open(struct program *p)
{
	mutex_lock(&g_lock);
	must(!g_program);
	g_program = p;
	p->thread_count = 1;
	p->first_number = park_self();
	mutex_unlock(&g_lock);
}

void program_threads_ready(struct program *p)
{
	mutex_lock(&g_lock);
	p->ready = true;
	if (p->control.stop == TRAP_INTERRUPTED) /* it came early; there is nobody else yet */
		p->control.stop = interrupt_reason(p);
	mutex_unlock(&g_lock);
}

static void thread_free(struct program_thread *t)
{
	program_thread_fini(t);
	heap_free(t);
}

/* Those that were asked for and have not come find nothing when they do. */
static void threads_forget(struct program *p)
{
	for (uint32_t i = 0; i < PROGRAM_THREADS_MAX; i++) {
		if (p->threads[i])
			thread_free(p->threads[i]);
	}
	g_program = NULL;
}

void program_threads_close(struct program *p)
{
	mutex_lock(&g_lock);
	if (p->running_count != 0)
		program_stop(p, TRAP_INTERRUPTED);
	while (p->running_count != 0) {
		mutex_unlock(&g_lock);
		(void)park(PARK_FOREVER);
		mutex_lock(&g_lock);
	}
	threads_forget(p);
	mutex_unlock(&g_lock);
	if (program_stop_reason(p) != TRAP_NONE)
		(void)hostcall_interrupt(false);
}

/* One of the two steps of a start; under g_lock. E_LIMIT: no room now, E_STATE: never again. */
typedef enum err spawn_step(struct program *p, struct program_thread *t);

static enum err spawn_count(struct program *p, struct program_thread *t)
{
	if (p->last_id == THREAD_ID_MAX)
		return E_STATE;
	if (p->thread_count == p->thread_limit)
		return E_LIMIT;
	p->thread_count++;
	t->id = ++p->last_id;
	return E_OK;
}

static enum err spawn_start(struct program *p, struct program_thread *t)
{
	uint32_t number;
	enum err err = program_thread_start(&number);

	if (err == E_OK) {
		must(number < PROGRAM_THREADS_MAX && !p->threads[number]);
		p->threads[number] = t;
	}
	return err;
}

static enum err spawn_try(struct program *p, struct program_thread *t, spawn_step *step)
{
	mutex_lock(&g_lock);
	const enum err err = program_stop_reason(p) == TRAP_NONE ? step(p, t) : E_STATE;

	mutex_unlock(&g_lock);
	return err;
}

static enum err spawn_retry(struct program *p, struct program_thread *t, spawn_step *step,
			    int tries)
{
	enum err err = spawn_try(p, t, step);

	for (int i = 1; i < tries && err == E_LIMIT && p->thread_limit > 1; i++) {
		(void)park(SPAWN_WAIT_NS);
		err = spawn_try(p, t, step);
	}
	return err;
}

/* The instance is made by the thread that asks, who can be told of an error; its start function runs
 * on the new thread. */
static enum err spawn_counted(struct program *p, struct program_thread *t)
{
	struct wasm_link_error error;
	enum err err = program_thread_init(p, t, &error);

	if (err == E_OK)
		err = spawn_retry(p, t, spawn_start, START_TRIES);
	if (err != E_OK) {
		mutex_lock(&g_lock);
		p->thread_count--;
		mutex_unlock(&g_lock);
	}
	return err;
}

int32_t program_spawn(struct program *p, uint32_t argument)
{
	struct program_thread *t = heap_alloc(sizeof(*t));

	if (!t)
		return -(int32_t)WASI_NOMEM;
	t->argument = argument;
	enum err err = spawn_retry(p, t, spawn_count, COUNT_TRIES);
	const uint32_t id = t->id; /* once started, it may be gone at any time */

	if (err == E_OK)
		err = spawn_counted(p, t);
	if (err == E_OK)
		return (int32_t)id;
	thread_free(t);
	return err == E_NOMEM ? -(int32_t)WASI_NOMEM : -(int32_t)WASI_AGAIN;
}

/* What thread `number` was asked for; NULL: the program is over. */
static struct program_thread *thread_take(uint32_t number, struct program **program)
{
	mutex_lock(&g_lock);
	struct program *p = g_program;
	struct program_thread *t = p ? p->threads[number] : NULL;

	if (t) {
		must(!t->running);
		t->running = true;
		p->running_count++;
	}
	mutex_unlock(&g_lock);
	*program = p;
	return t;
}

/* The first thread may be gone, and the program with it, as soon as the lock is free. */
static void thread_leave(struct program *p, uint32_t number)
{
	mutex_lock(&g_lock);
	const uint32_t first = p->first_number;

	p->threads[number] = NULL;
	p->running_count--;
	p->thread_count--;
	mutex_unlock(&g_lock);
	unpark(first);
}

/* Whoever asked for the thread has been told that it is there: that it cannot begin ends all. A stop
 * that came before it began is seen here. */
static enum wasm_trap thread_run(struct program *p, struct program_thread *t)
{
	if (program_engine_begin(t) != E_OK)
		return TRAP_OUT_OF_MEMORY;
	const enum wasm_trap trap = program_stop_reason(p);

	return trap == TRAP_NONE ? program_thread_call(t) : trap;
}

void program_thread_run(uint32_t thread)
{
	struct program *p;

	must(thread < PROGRAM_THREADS_MAX);
	struct program_thread *t = thread_take(thread, &p);

	if (!t)
		return;
	const enum wasm_trap trap = thread_run(p, t);

	if (trap != TRAP_NONE && program_end(p, t, trap))
		program_stop(p, TRAP_INTERRUPTED);
	thread_free(t);
	thread_leave(p, thread);
}
