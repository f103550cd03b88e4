/*
 * A module from bytes to the payload of its section: decoded and validated, cut into units, units
 * compiled by threads, objects linked.
 * Trust: the module is untrusted until wasm_validate has accepted it.
 * Invariant: the cut depends on the module alone, and objects are linked in its order, so the
 * output is the same for any number of threads.
 */
#include "compiler/compile.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/heap.h"
#include "compiler/link.h"
#include "compiler/prove.h"
#include "compiler/section.h"
#include "compiler/target.h"
#include "compiler/unit.h"
#include "wasm/validate.h"

/* A unit ends when it has so many bytes of bodies, or so many functions. */
#define UNIT_BYTES (64u * 1024)
#define UNIT_FUNCS 512u

/* In instructions, an argument of a call counting as one. */
#define UNWIELDY_RUN	20000u
#define UNWIELDY_FUNC	250000u
#define UNWIELDY_LOCALS 10000u

#define THREADS_MAX 256u
/* LLVM recurses over what it compiles here and there: the stack is only address space until used.
 */
#define THREAD_STACK ((size_t)512 * 1024 * 1024)

struct job {
	uint32_t first, count;
	int level;
	struct unit_code code;
	struct compile_error error;
};

struct pool {
	const struct compile_plan *plan;
	struct job *jobs;
	uint32_t job_count;
	pthread_mutex_t lock; /* of all that follows */
	uint32_t next;
	uint32_t funcs_done;
	bool failed;
};

static bool compile_fail(struct compile_error *error, const char *text)
{
	snprintf(error->text, sizeof error->text, "%s", text);
	return false;
}

/* ---- the plan ---------------------------------------------------------------------------------
 */

static const char *const err_words[] = {
#define ERR(name, words) [E_##name] = words,
#include "base/err.def"
#undef ERR
};

static bool compile_fail_module(struct compile_error *error, enum err code,
				const struct wasm_error *w)
{
	char where[64] = "";

	if (w && w->func != WASM_NO_INDEX)
		snprintf(where, sizeof where, "function %u, ", w->func);
	if (w)
		snprintf(error->text, sizeof error->text, "%sbyte %llu: %s", where,
			 (unsigned long long)w->offset, err_words[code]);
	else
		snprintf(error->text, sizeof error->text, "%s", err_words[code]);
	return false;
}

static bool body_has_tail_call(const struct wasm_module *m, const struct wasm_body *body)
{
	struct reader r = wasm_body_code(m, body);
	struct wasm_insn insn;

	while (r.left) {
		must(code_next(m, &r, &insn) == E_OK);
		if (insn.op == WASM_OP_RETURN_CALL || insn.op == WASM_OP_RETURN_CALL_INDIRECT ||
		    insn.op == WASM_OP_RETURN_CALL_REF)
			return true;
	}
	return false;
}

static bool module_has_tail_call(const struct wasm_module *m)
{
	for (uint32_t i = 0; i < m->func_count - m->import_func_count; i++)
		if (body_has_tail_call(m, &m->bodies[i]))
			return true;
	return false;
}

static bool plan_init(struct compile_plan *plan, struct compile_error *error)
{
	enum err e = native_layout_init(&plan->layout, plan->m);

	if (e)
		return compile_fail_module(error, e, NULL);
	plan->uniform = module_has_tail_call(plan->m);
	plan->may_throw = heap_alloc_array(plan->m->func_count, sizeof(bool));
	if (!plan->may_throw || !exception_plan(plan))
		return compile_fail(error, "out of memory");
	return true;
}

/* ---- units ------------------------------------------------------------------------------------
 */

/* Does the instruction end what becomes one basic block? */
static bool insn_ends_run(enum wasm_op op)
{
	switch (op) {
	case WASM_OP_LOOP:
	case WASM_OP_IF:
	case WASM_OP_ELSE:
	case WASM_OP_END:
	case WASM_OP_BR_IF:
	case WASM_OP_BR_TABLE:
		return true;
	default:
		return false;
	}
}

/* Parts of the code generator take time by the square of a basic block's length, or of the size of
 * a function: no compiler and hardly a person makes code of which this is true. */
static bool body_is_unwieldy(const struct wasm_module *m, const struct wasm_body *body)
{
	struct reader r = wasm_body_code(m, body);
	struct wasm_insn insn;
	uint64_t run = 0, all = 0;

	if (body->local_count > UNWIELDY_LOCALS)
		return true;
	while (r.left && run <= UNWIELDY_RUN && all <= UNWIELDY_FUNC) {
		must(code_next(m, &r, &insn) == E_OK);
		run = insn_ends_run(insn.op) ? 0 : run + insn_weight(m, &insn);
		all += insn_weight(m, &insn);
	}
	return run > UNWIELDY_RUN || all > UNWIELDY_FUNC;
}

/* How many functions from `first` on make a unit. One that is unwieldy makes its own, without
 * passes. */
static uint32_t unit_cut(const struct wasm_module *m, uint32_t first, bool *unwieldy)
{
	uint64_t bytes = 0;
	uint32_t n = 0;

	*unwieldy = false;
	while (first + n < m->func_count && n < UNIT_FUNCS && bytes < UNIT_BYTES && !*unwieldy) {
		const struct wasm_body *body = wasm_func_body(m, first + n);

		*unwieldy = body_is_unwieldy(m, body);
		if (*unwieldy && n > 0) {
			*unwieldy = false;
			break;
		}
		bytes += body->span.size;
		n++;
	}
	return n;
}

static void jobs_cut(const struct compile_plan *plan, struct job *jobs, uint32_t *count)
{
	const struct wasm_module *m = plan->m;
	bool unwieldy;

	*count = 0;
	for (uint32_t at = m->import_func_count; at < m->func_count;) {
		uint32_t n = unit_cut(m, at, &unwieldy);

		if (jobs)
			jobs[*count] = (struct job){.first = at,
						    .count = n,
						    .level = unwieldy ? 0 : plan->options->level};
		(*count)++;
		at += n;
	}
}

static void job_done(struct pool *p, const struct job *job, bool ok)
{
	const struct compile_options *o = p->plan->options;

	pthread_mutex_lock(&p->lock);
	p->failed |= !ok;
	p->funcs_done += job->count;
	if (o->progress)
		o->progress(o->env, p->funcs_done,
			    p->plan->m->func_count - p->plan->m->import_func_count);
	pthread_mutex_unlock(&p->lock);
}

static struct job *job_take(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	struct job *job = p->next < p->job_count && !p->failed ? &p->jobs[p->next++] : NULL;

	pthread_mutex_unlock(&p->lock);
	return job;
}

static void *pool_work(void *arg)
{
	struct pool *p = arg;

	for (struct job *job = job_take(p); job; job = job_take(p))
		job_done(p, job,
			 prove_unit(p->plan, job->first, job->count, job->level, &job->code,
				    &job->error));
	return NULL;
}

static unsigned pool_threads(const struct pool *p)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned n = p->plan->options->threads;

	if (n == 0)
		n = cpus > 0 ? (unsigned)cpus : 1;
	if (n > p->job_count)
		n = p->job_count;
	return n > THREADS_MAX ? THREADS_MAX : n;
}

/* At least one thread has to start; fewer than asked for are only slower. */
static bool pool_run(struct pool *p, struct compile_error *error)
{
	pthread_t threads[THREADS_MAX];
	pthread_attr_t attr;
	unsigned wanted = pool_threads(p), n = 0;

	if (pthread_attr_init(&attr))
		return compile_fail(error, "no thread");
	bool stack = pthread_attr_setstacksize(&attr, THREAD_STACK) == 0;

	while (stack && n < wanted && pthread_create(&threads[n], &attr, pool_work, p) == 0)
		n++;
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	pthread_attr_destroy(&attr);
	return n > 0 || wanted == 0 || compile_fail(error, "no thread could be started");
}

/* The error of the first unit that has one: the same whichever thread was first. */
static bool jobs_ok(const struct pool *p, struct compile_error *error)
{
	for (uint32_t i = 0; i < p->job_count; i++)
		if (p->jobs[i].code.count == 0)
			return compile_fail(error, p->jobs[i].error.text);
	return true;
}

static bool jobs_link(const struct pool *p, struct linked *l, struct compile_error *error)
{
	const struct wasm_module *m = p->plan->m;
	struct link_object *objects =
		heap_alloc_array((size_t)p->job_count * UNIT_FORMS, sizeof(*objects));
	uint32_t count = 0;

	if (!objects)
		return compile_fail(error, "out of memory");
	for (uint32_t i = 0; i < p->job_count; i++)
		count += prove_objects(&p->jobs[i].code, objects + count);
	bool ok = link_objects(l, objects, count, m->import_func_count,
			       m->func_count - m->import_func_count, false, error);

	heap_free(objects);
	return ok;
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static bool compile_units(struct pool *p, struct linked *l, struct compile_error *error)
{
	jobs_cut(p->plan, NULL, &p->job_count);
	p->jobs = heap_alloc_array(p->job_count, sizeof(*p->jobs));
	if (!p->jobs)
		return compile_fail(error, "out of memory");
	jobs_cut(p->plan, p->jobs, &p->job_count);
	pthread_mutex_init(&p->lock, NULL);
	bool ok = pool_run(p, error) && jobs_ok(p, error) && jobs_link(p, l, error);

	pthread_mutex_destroy(&p->lock);
	for (uint32_t i = 0; i < p->job_count; i++)
		prove_fini(&p->jobs[i].code);
	heap_free(p->jobs);
	return ok;
}

static bool compile_decoded(const struct wasm_module *m, const struct compile_options *options,
			    uint8_t **payload, size_t *payload_size, struct compile_error *error)
{
	struct compile_plan plan = {.m = m, .options = options};
	struct pool pool = {.plan = &plan};
	struct linked linked = {0};
	struct facts_buffer facts = {0};
	bool ok = plan_init(&plan, error) && compile_units(&pool, &linked, error) &&
		  (options->unverified || prove_all(&plan, &linked, &facts, error));

	if (ok &&
	    !section_make(&linked, m, options, facts.bytes, facts.size, payload, payload_size))
		ok = compile_fail(error, "out of memory");
	facts_buffer_fini(&facts);
	link_fini(&linked);
	heap_free(plan.may_throw);
	return ok;
}

bool compile_module(const uint8_t *bytes, size_t size, const struct compile_options *options,
		    uint8_t **payload, size_t *payload_size, struct compile_error *error)
{
	struct wasm_module m;
	struct wasm_error why;
	enum err e = wasm_decode(&m, &why, bytes, size);

	*error = (struct compile_error){0};
	if (e)
		return compile_fail_module(error, e, &why);
	e = wasm_validate(&m, &why);
	target_init();
	bool ok = e ? compile_fail_module(error, e, &why)
		    : compile_decoded(&m, options, payload, payload_size, error);

	wasm_module_fini(&m);
	return ok;
}
