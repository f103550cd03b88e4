/*
 * Threads of a script (threads proposal): each runs its commands with a runner, and so a store, of
 * its own; shared memories are what it has in common with the thread that started it.
 * Trust: names and commands are the script's, untrusted.
 * Invariant: whoever starts a thread waits for it before its own store ends, so a shared memory
 * outlives all who use it.
 */
#include <stdatomic.h>

#include "base/mutex.h"
#include "base/park.h"
#include "test/wast/runner_impl.h"

struct wast_thread {
	struct wast_thread *next;
	struct wasm_name name;
	struct wast_runner *runner; /* NULL: waited for */
	enum err err;
	uint32_t waiter; /* who is to be woken */
	atomic_bool done;
};

/* What a thread that was asked for finds to do, by its number. */
static struct {
	struct mutex lock;
	struct wast_thread *todo[PARK_THREADS_MAX];
} g_threads;

static enum err start(const struct wast_host *host, struct wast_thread *t)
{
	uint32_t number;
	enum err err;

	if (!host->thread_start)
		return E_UNSUPPORTED;
	mutex_lock(&g_threads.lock);
	err = host->thread_start(host->env, &number);
	if (!err)
		g_threads.todo[number] = t;
	mutex_unlock(&g_threads.lock);
	return err;
}

bool wast_thread_run(uint32_t thread)
{
	struct wast_thread *t;

	mutex_lock(&g_threads.lock);
	t = g_threads.todo[thread];
	g_threads.todo[thread] = NULL;
	mutex_unlock(&g_threads.lock);
	if (!t)
		return false;

	uint32_t waiter = t->waiter;

	t->err = wast_runner_run(t->runner);
	atomic_store(&t->done, true);
	unpark(waiter);
	return true;
}

/* The threads' failures and passes are those of the script. */
static void add_counts(struct wast_counts *sum, const struct wast_counts *counts)
{
	sum->passed += counts->passed;
	sum->failed += counts->failed;
	sum->skipped += counts->skipped;
	sum->lifted += counts->lifted;
	for (unsigned i = 0; i < WAST_SKIP_COUNT; i++)
		sum->skipped_for[i] += counts->skipped_for[i];
}

static enum err wait_for(struct wast_runner *r, struct wast_thread *t)
{
	if (!t->runner)
		return E_OK;
	while (!atomic_load(&t->done))
		(void)park(PARK_FOREVER);
	add_counts(&r->counts, &t->runner->counts);
	wast_runner_free(t->runner);
	t->runner = NULL;
	return t->err;
}

void wast_end_threads(struct wast_runner *r)
{
	for (struct wast_thread *t = r->threads; t; t = t->next) {
		if (wait_for(r, t))
			reader_fail(&r->script);
	}
}

/* ---- commands -------------------------------------------------------------------------------- */

/* The thread may register one of the modules that were named as shared. */
static enum err share(struct wast_runner *from, struct wast_runner *to, struct wasm_name name)
{
	const struct wast_loaded *l = wast_find_loaded(from, name);
	struct wast_loaded *shared = l ? wast_add_loaded(to, name) : NULL;

	if (!l || !l->instance)
		return E_NOT_FOUND;
	if (!shared)
		return E_NOMEM;
	shared->instance = l->instance;
	shared->foreign = true;
	return E_OK;
}

/* Reads the names of what is shared, which come before the commands. */
static enum err share_all(struct wast_runner *from, struct wast_runner *to)
{
	uint32_t count = reader_u32(&from->script);
	enum err err = E_OK;

	for (uint32_t i = 0; i < count && reader_ok(&from->script) && !err; i++)
		err = share(from, to, wast_read_string(from));
	return err;
}

static enum err make_thread(struct wast_runner *r, struct wast_thread **out)
{
	struct wast_thread *t = arena_alloc(&r->arena, sizeof *t);
	struct wast_runner *runner = wast_runner_new(r->host, r->file, (struct reader){0});

	if (!t || !runner) {
		if (runner)
			wast_runner_free(runner);
		return E_NOMEM;
	}
	t->name = wast_read_string(r);
	t->runner = runner;
	t->waiter = park_self();
	enum err err = share_all(r, runner);
	struct wasm_name commands = wast_read_string(r);

	reader_init(&runner->script, commands.p, commands.len);
	*out = t;
	return err;
}

void wast_do_thread(struct wast_runner *r)
{
	struct wast_thread *t = NULL;
	enum err err = make_thread(r, &t);

	if (!err && reader_ok(&r->script))
		err = start(r->host, t);
	else if (!err)
		err = E_MALFORMED;
	if (err) {
		if (t)
			wast_runner_free(t->runner);
		reader_fail(&r->script); /* nothing that follows would make sense */
		wast_fail(r, "the thread was not started", wast_err_words(err));
		return;
	}
	t->next = r->threads;
	r->threads = t;
	wast_pass(r);
}

void wast_do_wait(struct wast_runner *r)
{
	struct wasm_name name = wast_read_string(r);

	for (struct wast_thread *t = r->threads; t; t = t->next) {
		if (wast_names_equal(t->name, name)) {
			enum err err = wait_for(r, t);

			wast_check(r, !err, "the thread", wast_err_words(err));
			return;
		}
	}
	wast_fail(r, "no such thread", NULL);
}
