/*
 * Executes test scripts, command by command.
 * Trust: the script's bytes are untrusted and taken through a reader; its modules go through
 * decoder and validator as any module does.
 * Invariant: each command is counted once, as passed, failed or skipped.
 */
#include "test/wast/runner.h"

#include <string.h>

#include "base/heap.h"
#include "test/wast/line.h"
#include "test/wast/runner_impl.h"

static const char *const skip_words[WAST_SKIP_COUNT] = {
	[WAST_SKIP_NONE] = "",
	[WAST_SKIP_TEXT] = "a malformed text",
	[WAST_SKIP_GC] = "needs garbage collection",
	[WAST_SKIP_MEMORY64] = "needs 64-bit memories or tables",
};

const char *wast_trap_words(enum wasm_trap trap)
{
	static const char *const words[TRAP_COUNT] = {
#define TRAP(name, words) words,
#include "wasm/trap.def"
#undef TRAP
	};

	return words[trap];
}

const char *wast_err_words(enum err err)
{
	static const char *const words[E_COUNT] = {
#define ERR(name, words) words,
#include "base/err.def"
#undef ERR
	};

	return words[err];
}

/* ---- counting -------------------------------------------------------------------------------- */

void wast_pass(struct wast_runner *r)
{
	r->counts.passed++;
}

void wast_fail(struct wast_runner *r, const char *what, const char *detail)
{
	struct wast_line l = {.len = 0};

	wast_line_bytes(&l, r->file.p, r->file.len);
	wast_line_text(&l, ":");
	wast_line_number(&l, r->line, 10);
	wast_line_text(&l, ": ");
	wast_line_text(&l, what);
	if (detail) {
		wast_line_text(&l, ": ");
		wast_line_text(&l, detail);
	}
	r->host->print(r->host->env, l.text, l.len);
	r->counts.failed++;
}

void wast_skip(struct wast_runner *r, enum wast_skip reason)
{
	r->counts.skipped++;
	r->counts.skipped_for[reason]++;
}

void wast_check(struct wast_runner *r, bool ok, const char *what, const char *detail)
{
	if (ok)
		wast_pass(r);
	else
		wast_fail(r, what, detail);
}

static void print_note(const struct wast_host *host, uint32_t count, const char *what,
		       const char *why)
{
	struct wast_line l = {.len = 0};

	if (!count)
		return;
	wast_line_number(&l, count, 10);
	wast_line_text(&l, what);
	wast_line_text(&l, why);
	host->print(host->env, l.text, l.len);
}

static void print_counts(const struct wast_host *host, const struct wast_counts *counts)
{
	struct wast_line l = {.len = 0};

	for (unsigned i = 0; i < WAST_SKIP_COUNT; i++)
		print_note(host, counts->skipped_for[i], " skipped: ", skip_words[i]);
	print_note(host, counts->lifted, " turned around: ",
		   "asserted to be invalid, valid since there may be several tables and memories");
	wast_line_number(&l, counts->passed, 10);
	wast_line_text(&l, " passed, ");
	wast_line_number(&l, counts->failed, 10);
	wast_line_text(&l, " failed, ");
	wast_line_number(&l, counts->skipped, 10);
	wast_line_text(&l, " skipped");
	host->print(host->env, l.text, l.len);
}

/* ---- reading the script ---------------------------------------------------------------------- */

struct wasm_name wast_read_string(struct wast_runner *r)
{
	uint32_t len = reader_u32(&r->script);
	const uint8_t *p = reader_take(&r->script, len);

	return (struct wasm_name){(const char *)p, p ? len : 0};
}

bool wast_names_equal(struct wasm_name a, struct wasm_name b)
{
	return a.len == b.len && (!a.len || memcmp(a.p, b.p, a.len) == 0);
}

bool wast_text_matches(struct wasm_name text, const char *words)
{
	size_t n = strlen(words);

	if (text.len < n)
		n = text.len;
	return n > 0 && memcmp(text.p, words, n) == 0;
}

/* ---- commands -------------------------------------------------------------------------------- */

static void run_command(struct wast_runner *r)
{
	uint8_t command = reader_u8(&r->script);

	r->line = reader_u32(&r->script);
	switch (command) {
	case WAST_MODULE:
	case WAST_DEFINITION:
		wast_do_module(r, command == WAST_MODULE);
		break;
	case WAST_INSTANCE:
		wast_do_instance(r);
		break;
	case WAST_REGISTER:
		wast_do_register(r);
		break;
	case WAST_ACTION:
	case WAST_RETURN:
	case WAST_TRAP:
	case WAST_EXHAUSTION:
	case WAST_EXCEPTION:
		wast_do_action(r, command);
		break;
	case WAST_INVALID:
	case WAST_MALFORMED:
	case WAST_UNLINKABLE:
	case WAST_UNINSTANTIABLE:
	case WAST_LIFTED:
		wast_do_refused(r, command);
		break;
	case WAST_THREAD:
		wast_do_thread(r);
		break;
	case WAST_WAIT:
		wast_do_wait(r);
		break;
	case WAST_TEXT:
		wast_skip(r, WAST_SKIP_TEXT);
		break;
	default:
		reader_fail(&r->script);
	}
}

/* On the thread that the engine is to run on. */
enum err wast_runner_run(struct wast_runner *r)
{
	enum err err = engine_thread_init(&r->thread, &r->host->engine, &r->store);

	while (!err && reader_ok(&r->script) && r->script.left)
		run_command(r);
	wast_end_threads(r);
	engine_thread_fini(&r->thread);
	if (err)
		return err;
	return reader_ok(&r->script) ? E_OK : E_MALFORMED;
}

struct wast_runner *wast_runner_new(const struct wast_host *host, struct wasm_name file,
				    struct reader script)
{
	struct wast_runner *r = heap_alloc(sizeof *r);

	if (!r)
		return NULL;
	r->host = host;
	r->file = file;
	r->script = script;
	enum err err = wasm_store_init(
		&r->store, &(struct wasm_store_config){.memory_ops = host->engine.memory_ops});

	if (!err) {
		engine_store_init(&host->engine, &r->store);
		err = spectest_define(&r->spectest, &r->linker, &r->store);
	}
	if (!err)
		return r;
	wast_runner_free(r);
	return NULL;
}

void wast_runner_free(struct wast_runner *r)
{
	wasm_linker_fini(&r->linker);
	wasm_store_fini(&r->store);
	for (struct wast_loaded *l = r->loaded; l; l = l->next) {
		if (l->module && !l->foreign)
			wasm_module_fini(l->module);
	}
	arena_fini(&r->arena);
	heap_free(r);
}

enum err wast_run(const void *script, size_t size, const struct wast_host *host,
		  struct wast_counts *counts)
{
	struct wast_runner *r =
		wast_runner_new(host, (struct wasm_name){"", 0}, (struct reader){0});

	*counts = (struct wast_counts){0};
	if (!r)
		return E_NOMEM;
	reader_init(&r->script, script, size);
	if (reader_u32(&r->script) != WAST_MAGIC || reader_u32(&r->script) != WAST_VERSION)
		reader_fail(&r->script);
	r->file = wast_read_string(r);
	enum err err = wast_runner_run(r);

	*counts = r->counts;
	wast_runner_free(r);
	if (!host->failures_only)
		print_counts(host, counts);
	return err;
}
