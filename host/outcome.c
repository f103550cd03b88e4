/*
 * How a run ended, in words.
 * Trust: the result is the enclave's word, copied and bounded by whoever took it; names in it are the
 * guest's and are escaped.
 */
#include "host/outcome.h"

#include <stdlib.h>
#include <string.h>

#include "host/base/report.h"
#include "host/base/text.h"
#include "host/base/words.h"
#include "host/service/service.h"
#include "host/value.h"
#include "wasm/trap.h"

#define NO_FUNCTION UINT32_MAX

/* The shape of all of them: "app.wasm: ..." */
struct telling {
	const char *module; /* its name */
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

	text_addf(&line, "%s: native code refused: ", t->module);
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

/* "... : /data: expected commit 12, found 9; ..." */
static void tell_anchor(const struct telling *t)
{
	const struct run_result *end = &t->result->end;
	struct text line = {0};

	text_addf(&line, "%s: the enclave refused to start it: %s: ", t->module,
		  words_err(end->code));
	text_add_safe(&line, t->result->text, end->text_size);
	if (end->detail[0] != 0)
		text_addf(&line, ": expected commit %llu", (unsigned long long)end->detail[0]);
	else
		text_addf(&line, ": %s",
			  end->detail[1] ? "expected a new volume"
					 : "its anchor knows of something else");
	if (end->detail[1] != 0)
		text_addf(&line, ", found %s%llu%s", end->detail[0] ? "" : "commit ",
			  (unsigned long long)end->detail[1],
			  end->detail[0] == end->detail[1] ? " with other contents" : "");
	else
		text_add(&line, ", found none");
	text_addf(&line, "; %s", words_hint(end->code));
	char *s = text_take(&line);

	words_line(t->outcome->message, s ? s : "out of memory");
	free(s);
}

static void tell_error(const struct telling *t, const char *what)
{
	struct text line = {0};
	const char *hint = words_hint(t->result->end.code);

	text_addf(&line, "%s: %s: %s", t->module, what, words_err(t->result->end.code));
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

	text_addf(&line, "%s: trap", t->module);
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
		else if (t->result->end.code == E_VOLUME_ANCHOR)
			tell_anchor(t);
		else
			tell_error(t, "the enclave refused to start it");
		break;
	default:
		o->end = RETWINE_ENDED;
		tell_error(t, "ended by a failure outside of it");
		break;
	}
}

void outcome_tell(struct retwine_outcome *outcome, const struct host_run_result *result,
		  const char *module)
{
	const struct telling t = {module, result, outcome};

	tell_end(&t);
	words_line(outcome->no_quote, result->quoting_why);
}

/* The enclave's word; what it says of a mount that is no volume is nothing to us. */
static bool add_volume(struct retwine_outcome *outcome, const struct run_volume *v,
		       const struct config_mount *mount)
{
	struct retwine_mounted_volume *out = &outcome->volumes[outcome->volume_count];

	*out = (struct retwine_mounted_volume){
		.guest = strdup(mount->guest),
		.pinned = mount->volume->pinned,
		.sequence = v->sequence,
		.blocks = v->blocks,
		.used = v->used,
		.cache_hits = v->cache_hits,
		.cache_misses = v->cache_misses,
		.blocks_written = v->blocks_written,
		.commits = v->commits,
		.damaged = v->damaged,
	};
	memcpy(out->root, v->root, sizeof(out->root));
	if (!out->guest)
		return false;
	outcome->volume_count++;
	return true;
}

bool outcome_volumes(struct retwine_outcome *outcome, const struct host_run_result *result,
		     const struct config_mount *const *mounts, size_t mount_count)
{
	bool ok = true;

	if (result->end.volume_count == 0)
		return true;
	outcome->volumes = calloc(result->end.volume_count, sizeof(*outcome->volumes));
	if (!outcome->volumes)
		return false;
	for (uint32_t i = 0; i < result->end.volume_count && ok; i++) {
		const struct run_volume *v = &result->volumes[i];

		if (v->mount < mount_count && mounts[v->mount]->volume)
			ok = add_volume(outcome, v, mounts[v->mount]);
	}
	return ok;
}

void outcome_count(struct retwine_stats *out, const struct host_run_stats *in)
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

void retwine_outcome_fini(struct retwine_outcome *outcome)
{
	free(outcome->backtrace);
	free(outcome->results);
	for (size_t i = 0; i < outcome->volume_count; i++)
		free(outcome->volumes[i].guest);
	free(outcome->volumes);
	*outcome = (struct retwine_outcome){0};
}

static void report_volumes(struct report *r, const struct retwine_outcome *outcome)
{
	json_t *list = outcome->volume_count ? report_array(r, r->root, "volumes") : NULL;

	for (size_t i = 0; i < outcome->volume_count; i++) {
		const struct retwine_mounted_volume *v = &outcome->volumes[i];
		json_t *o = report_object(r, list, NULL);

		report_text(r, o, "path", v->guest, strlen(v->guest));
		report_number(r, o, "commit", v->sequence);
		report_hex(r, o, "root", v->root, sizeof(v->root));
		report_number(r, o, "blocks", v->blocks);
		report_number(r, o, "used", v->used);
		report_number(r, o, "cache_hits", v->cache_hits);
		report_number(r, o, "cache_misses", v->cache_misses);
		report_number(r, o, "blocks_written", v->blocks_written);
		report_number(r, o, "commits", v->commits);
		report_number(r, o, "damaged", v->damaged);
	}
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
	report_volumes(&r, outcome);
	return report_finish(&r, format, true, text, error);
}
