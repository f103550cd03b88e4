/*
 * Running a configured program: from the configuration to a request (host/run.h), from the raw
 * result to an outcome in words.
 * Trust: the result is the enclave's word, copied and bounded by host/run.c; names in it are the
 * guest's and are escaped.
 */
#include "include/retwine.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/cpu.h"
#include "host/program.h"
#include "host/report.h"
#include "host/run.h"
#include "host/service.h"
#include "host/sockets.h"
#include "host/text.h"
#include "host/value.h"
#include "host/words.h"
#include "wasm/trap.h"

#define NO_FUNCTION UINT32_MAX

const char *retwine_version(void)
{
	return RETWINE_VERSION;
}

void retwine_free(void *text)
{
	free(text);
}

/* ---- from the result to words ---- */

/* The shape of all of them: "app.wasm: ..." */
struct telling {
	const struct retwine_config *config;
	const struct host_run_result *result;
	struct retwine_outcome *outcome;
};

/* Adds what the error speaks of: a name, a place in the module. */
static void add_detail(struct text *t, const struct host_run_result *r)
{
	if (r->end.text_size != 0) {
		text_add(t, ": ");
		text_add_safe(t, r->text, r->end.text_size);
	}
	if (r->end.detail[0] != 0) {
		text_addf(t, " at offset 0x%llx", (unsigned long long)r->end.detail[0]);
		if (r->end.detail[1] < NO_FUNCTION)
			text_addf(t, " in function %llu", (unsigned long long)r->end.detail[1]);
	}
}

/* "app.wasm: native code refused: function 12 ("main") at +0x40: why; what to do" */
static void tell_unverified(const struct telling *t)
{
	const struct run_result *end = &t->result->end;
	const uint32_t func = (uint32_t)end->detail[1];
	struct text line = {0};

	text_addf(&line, "%s: native code refused: ", t->config->module);
	if (func == RUN_NO_FUNCTION)
		text_add(&line, "a shared routine");
	else
		text_addf(&line, "function %u", func);
	if (end->text_size != 0) {
		text_add(&line, " (\"");
		text_add_safe(&line, t->result->text, end->text_size);
		text_add(&line, "\")");
	}
	text_addf(&line, " at +0x%llx: %s; %s", (unsigned long long)end->detail[0],
		  words_verify((uint32_t)(end->detail[1] >> 32)), words_hint(end->code));
	char *s = text_take(&line);

	words_line(t->outcome->message, s ? s : "out of memory");
	free(s);
}

static void tell_error(const struct telling *t, const char *what)
{
	struct text line = {0};
	const char *hint = words_hint(t->result->end.code);

	text_addf(&line, "%s: %s: %s", t->config->module, what, words_err(t->result->end.code));
	add_detail(&line, t->result);
	if (hint[0])
		text_addf(&line, "; %s", hint);
	char *s = text_take(&line);

	words_line(t->outcome->message, s ? s : "out of memory");
	free(s);
}

static void tell_trap(const struct telling *t)
{
	struct text line = {0};
	uint32_t trap = t->result->end.code;

	text_addf(&line, "%s: trap", t->config->module);
	if (trap != TRAP_NONE) /* otherwise the launch record hides the kind */
		text_addf(&line, ": %s", words_trap(trap));
	char *s = text_take(&line);

	words_line(t->outcome->message, s ? s : "out of memory");
	free(s);
}

/* "    0: 0x16a - name"; native code does not know where in a function it trapped. */
static void add_frame(struct text *t, const struct host_run_result *r, uint32_t i, bool native)
{
	const char *name = r->frame_names[i];

	text_addf(t, "%5u: ", i);
	if (!native)
		text_addf(t, "0x%x - ", r->frames[i].offset);
	if (name)
		text_add_safe(t, name, strlen(name));
	else
		text_addf(t, "<function %u>", r->frames[i].func);
	text_add(t, "\n");
}

/* Innermost first. NULL without frames or memory. */
static char *backtrace_text(const struct host_run_result *r, bool native)
{
	struct text t = {0};

	if (r->end.frame_count == 0)
		return NULL;
	for (uint32_t i = 0; i < r->end.frame_count; i++)
		add_frame(&t, r, i, native);
	if (native)
		text_add(&t,
			 "       (native code records no callers; the interpreter shows them)\n");
	return text_take(&t);
}

static char *results_text(const struct host_run_result *r)
{
	struct text t = {0};

	if (r->end.value_count == 0)
		return NULL;
	for (uint32_t i = 0; i < r->end.value_count; i++) {
		value_write(&t, (uint32_t)r->values[i].type, r->values[i].bits);
		text_add(&t, "\n");
	}
	return text_take(&t);
}

static void tell_end(const struct telling *t)
{
	struct retwine_outcome *o = t->outcome;

	if (t->result->interrupted) {
		o->end = RETWINE_INTERRUPTED;
		words_line(o->message, "interrupted");
		return;
	}
	switch (t->result->end.kind) {
	case RUN_EXITED:
		o->end = RETWINE_EXITED;
		o->status = t->result->end.code;
		o->results = results_text(t->result);
		break;
	case RUN_TRAPPED:
		o->end = RETWINE_TRAPPED;
		tell_trap(t);
		o->backtrace = backtrace_text(t->result, o->identity.native);
		break;
	case RUN_REFUSED:
		o->end = RETWINE_NOT_STARTED;
		if (t->result->end.code == E_NATIVE_UNVERIFIED)
			tell_unverified(t);
		else
			tell_error(t, "the enclave refused to start it");
		break;
	default:
		o->end = RETWINE_ENDED;
		tell_error(t, "ended by a failure outside of it");
		break;
	}
}

static void copy_stats(struct retwine_stats *out, const struct host_run_stats *in)
{
	*out = (struct retwine_stats){
		.enters = in->enters,
		.resumes = in->resumes,
		.aexs = in->aexs,
		.image_pages = in->image_pages,
		.accepted_pages = in->accepted,
		.bytes_in = in->bytes_in,
		.bytes_out = in->bytes_out,
		.build_ns = in->build_ns,
		.run_ns = in->run_ns,
	};
	for (uint32_t i = 0; i < HOST_CALL_END && out->host_call_count < RETWINE_HOST_CALLS_MAX;
	     i++) {
		const char *name = service_call_name(i);

		if (name && in->calls[i] != 0)
			out->host_call[out->host_call_count++] =
				(struct retwine_host_call){name, in->calls[i]};
	}
}

/* ---- the run ---- */

struct running {
	const struct retwine_config *config;
	struct program program;
	struct service_mount mounts[LAUNCH_MOUNTS_MAX];
	size_t open_count; /* of mounts */
	int listeners[LAUNCH_LISTEN_MAX];
	size_t listener_count; /* those that are open */
	struct host_run_request request;
	struct host_run_result result;
};

static enum retwine_code open_mounts(struct running *r, struct retwine_error *error)
{
	for (size_t i = 0; i < r->program.record.mount_count; i++) {
		const struct config_mount *m = r->program.record.mounts[i];
		int fd = -1;
		enum retwine_code code = m->host ? directory_open(&fd, m->host, error) : RETWINE_OK;

		if (code != RETWINE_OK)
			return code;
		r->mounts[i] = (struct service_mount){.dir_fd = fd, .read_only = m->read_only};
		r->open_count++;
	}
	return RETWINE_OK;
}

static enum retwine_code open_listeners(struct running *r, struct retwine_error *error)
{
	for (size_t i = 0; i < r->config->listener_count; i++) {
		const enum retwine_code code =
			socket_listen(&r->listeners[i], r->config->listeners[i].text, error);

		if (code != RETWINE_OK)
			return code;
		r->listener_count++;
	}
	return RETWINE_OK;
}

static void on_starting(void *context, bool simulation, const uint8_t mrenclave[32])
{
	struct running *r = context;

	memcpy(r->program.identity.mr_enclave, mrenclave, 32);
	if (r->config->on_start)
		r->config->on_start(r->config->on_start_context, simulation, &r->program.identity);
}

static struct host_bytes file_bytes(const struct file *file)
{
	return (struct host_bytes){.p = file->p, .size = file->size};
}

static void make_request(struct running *r)
{
	const struct program *p = &r->program;
	struct host_run_request *q = &r->request;

	q->image = file_bytes(&p->image.elf);
	q->sigstruct = file_bytes(&p->image.sig);
	q->module = file_bytes(&p->module.file);
	q->launch_record = (struct host_bytes){.p = p->record.p, .size = p->record.size};
	memcpy(q->launch_digest, p->record.digests.launch, sizeof(q->launch_digest));
	q->mounts = r->mounts;
	q->mount_count = r->open_count;
	q->listeners = r->listeners;
	q->listener_count = r->listener_count;
	q->limits = r->config->host_limits;
	q->max_threads = r->config->limits.threads;
	q->timeout_ns = r->config->limits.timeout;
	q->strict_simulation = r->config->strict_simulation;
	q->simulation = r->config->simulation || p->engine.simulation_only;
	q->handle_sigint = r->config->handle_sigint;
	q->starting = on_starting;
	q->starting_context = r;
}

static enum retwine_code run_error(const struct running *r, enum err err,
				   struct retwine_error *error)
{
	const char *why = r->result.why[0] ? r->result.why : words_err(err);
	enum retwine_code code = RETWINE_FAILED;

	if (err == E_DENIED || err == E_MALFORMED || err == E_SGX_SIGNATURE)
		code = RETWINE_REFUSED;
	return error_set(error, code, "cannot run %s: %s", r->config->module, why);
}

static enum retwine_code check_cpu(const struct running *r, struct retwine_error *error)
{
	struct cpu_features cpu;

	cpu_read(&cpu);
	return engine_check_cpu(&r->program.engine, cpu.x86_64_v3, r->config->module, error);
}

static enum retwine_code prepare(struct running *r, struct retwine_error *error)
{
	/* First of all: a closed standard stream must not become a file of ours. */
	if (service_streams_reserve(r->request.streams) != E_OK)
		return error_set(error, RETWINE_FAILED,
				 "a standard stream is closed and /dev/null cannot be opened; "
				 "open it");
	enum retwine_code code = program_load(&r->program, r->config, false, error);

	if (code == RETWINE_OK)
		code = check_cpu(r, error);
	if (code == RETWINE_OK)
		code = open_mounts(r, error);
	if (code == RETWINE_OK)
		code = open_listeners(r, error);
	if (code == RETWINE_OK)
		make_request(r);
	return code;
}

static enum retwine_code run(struct running *r, struct retwine_outcome *outcome,
			     struct retwine_error *error)
{
	enum retwine_code code = prepare(r, error);

	if (code != RETWINE_OK)
		return code;
	enum err err = host_run(&r->request, &r->result);

	if (err == E_OK) {
		struct telling t = {r->config, &r->result, outcome};

		outcome->simulation = r->result.simulation;
		outcome->identity = r->program.identity;
		copy_stats(&outcome->stats, &r->result.stats);
		tell_end(&t);
	} else {
		code = run_error(r, err, error);
	}
	host_run_result_fini(&r->result);
	return code;
}

enum retwine_code retwine_run(const struct retwine_config *config, struct retwine_outcome *outcome,
			      struct retwine_error *error)
{
	struct running *r = calloc(1, sizeof(*r));

	*outcome = (struct retwine_outcome){0};
	if (!r)
		return error_no_memory(error);
	r->config = config;
	enum retwine_code code = run(r, outcome, error);

	for (size_t i = 0; i < r->open_count; i++)
		if (r->mounts[i].dir_fd >= 0)
			close(r->mounts[i].dir_fd);
	for (size_t i = 0; i < r->listener_count; i++)
		close(r->listeners[i]);
	program_fini(&r->program);
	free(r);
	return code;
}

void retwine_outcome_fini(struct retwine_outcome *outcome)
{
	free(outcome->backtrace);
	free(outcome->results);
	*outcome = (struct retwine_outcome){0};
}

enum retwine_code retwine_stats_text(const struct retwine_outcome *outcome,
				     enum retwine_format format, char **text,
				     struct retwine_error *error)
{
	const struct retwine_stats *s = &outcome->stats;
	struct report r;

	report_init(&r);
	report_number(&r, r.root, "enters", s->enters);
	report_number(&r, r.root, "resumes", s->resumes);
	report_number(&r, r.root, "aexs", s->aexs);
	report_number(&r, r.root, "image_pages", s->image_pages);
	report_number(&r, r.root, "accepted_pages", s->accepted_pages);
	report_number(&r, r.root, "bytes_in", s->bytes_in);
	report_number(&r, r.root, "bytes_out", s->bytes_out);
	report_number(&r, r.root, "build_ns", s->build_ns);
	report_number(&r, r.root, "run_ns", s->run_ns);
	json_t *calls = report_object(&r, r.root, "host_calls");

	for (size_t i = 0; i < s->host_call_count; i++)
		report_number(&r, calls, s->host_call[i].name, s->host_call[i].count);
	return report_finish(&r, format, true, text, error);
}
