/*
 * Executes test scripts.
 * Trust: the script's bytes are untrusted and taken through a reader; its modules go through
 * decoder and validator as any module does.
 */
#include "test/wast/runner.h"

#include <string.h>

#include "base/heap.h"
#include "base/reader.h"
#include "interp/interp.h"
#include "test/wast/script.h"
#include "test/wast/spectest.h"
#include "wasm/linker.h"
#include "wasm/validate.h"

#define VALUES_MAX 64
#define LINE_MAX   400

/* A module that was instantiated; named ones are found by name. All live until the end. */
struct loaded {
	struct loaded *next;
	struct wasm_name name;
	struct wasm_instance *instance; /* NULL: it failed */
	struct wasm_module module;
};

struct value {
	uint8_t type;
	uint8_t match;
	uint64_t bits;
};

struct action {
	uint8_t kind;
	struct wasm_name module;
	struct wasm_name field;
	struct value args[VALUES_MAX];
	uint32_t arg_count;
};

struct runner {
	struct reader script;
	struct wasm_name file;
	uint32_t line;
	wast_output *output;
	void *env;
	struct wast_counts *counts;
	struct wasm_store store;
	struct wasm_linker linker;
	struct interp_thread thread;
	struct loaded *loaded; /* newest first */
	struct wasm_instance *last;
	struct arena arena;
	uint64_t results[VALUES_MAX];
	uint32_t result_count;
	const uint8_t *result_types;
};

/* ---- lines of text --------------------------------------------------------------------------- */

struct line {
	char text[LINE_MAX];
	size_t len;
};

static void line_add(struct line *l, const char *p, size_t n)
{
	size_t left = sizeof l->text - l->len;

	if (n > left)
		n = left;
	if (n)
		memcpy(l->text + l->len, p, n);
	l->len += n;
}

static void line_text(struct line *l, const char *s)
{
	line_add(l, s, strlen(s));
}

static void line_number(struct line *l, uint64_t v, unsigned base)
{
	char digits[20];
	size_t n = sizeof digits;

	do {
		digits[--n] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	line_add(l, digits + n, sizeof digits - n);
}

static void runner_fail(struct runner *r, const char *what, const char *detail)
{
	struct line l = {.len = 0};

	line_add(&l, r->file.p, r->file.len);
	line_text(&l, ":");
	line_number(&l, r->line, 10);
	line_text(&l, ": ");
	line_text(&l, what);
	if (detail) {
		line_text(&l, ": ");
		line_text(&l, detail);
	}
	r->output(r->env, l.text, l.len);
	r->counts->failed++;
}

static void runner_check(struct runner *r, bool ok, const char *what, const char *detail)
{
	if (ok)
		r->counts->passed++;
	else
		runner_fail(r, what, detail);
}

static const char *const trap_words[TRAP_COUNT] = {
#define TRAP(name, words) words,
#include "wasm/trap.def"
#undef TRAP
};

static const char *const err_words[E_COUNT] = {
#define ERR(name, words) words,
#include "base/err.def"
#undef ERR
};

/* ---- reading the script ---------------------------------------------------------------------- */

static struct wasm_name read_string(struct runner *r)
{
	uint32_t len = reader_u32(&r->script);
	const uint8_t *p = reader_take(&r->script, len);

	return (struct wasm_name){(const char *)p, p ? len : 0};
}

static void read_values(struct runner *r, struct value *values, uint32_t *count)
{
	uint32_t n = reader_u32(&r->script);

	if (n > VALUES_MAX)
		reader_fail(&r->script);
	for (uint32_t i = 0; i < n && reader_ok(&r->script); i++) {
		values[i].type = reader_u8(&r->script);
		values[i].match = reader_u8(&r->script);
		values[i].bits = reader_u64(&r->script);
	}
	*count = reader_ok(&r->script) ? n : 0;
}

static void read_action(struct runner *r, struct action *a)
{
	a->kind = reader_u8(&r->script);
	a->module = read_string(r);
	a->field = read_string(r);
	read_values(r, a->args, &a->arg_count);
}

/* ---- modules --------------------------------------------------------------------------------- */

static bool names_equal(struct wasm_name a, struct wasm_name b)
{
	return a.len == b.len && (!a.len || memcmp(a.p, b.p, a.len) == 0);
}

static struct wasm_instance *find_instance(const struct runner *r, struct wasm_name name)
{
	if (name.len == 0)
		return r->last;
	for (struct loaded *l = r->loaded; l; l = l->next) {
		if (names_equal(l->name, name))
			return l->instance;
	}
	return NULL;
}

static enum err load(struct runner *r, struct wasm_name bytes, struct loaded **out)
{
	struct loaded *l = arena_alloc(&r->arena, sizeof *l);
	struct wasm_error error;

	if (!l)
		return E_NOMEM;
	enum err err = wasm_decode(&l->module, &error, bytes.p, bytes.len);

	if (!err) {
		l->next = r->loaded;
		r->loaded = l;
		*out = l;
		err = wasm_validate(&l->module, &error);
	}
	return err;
}

/* Instantiates and runs the start function; E_WASM_TRAP with *trap. */
static enum err instantiate(struct runner *r, struct loaded *l, enum wasm_trap *trap)
{
	struct wasm_link_error error;
	struct wasm_instance *instance;
	enum err err = wasm_instantiate(&r->store, &l->module, wasm_linker_resolve, &r->linker,
					&instance, &error);

	*trap = error.trap;
	if (err)
		return err;
	struct wasm_func_instance *start = wasm_instance_start(instance);

	if (start) {
		*trap = interp_call(&r->thread, start, NULL, NULL);
		if (*trap)
			return E_WASM_TRAP;
	}
	l->instance = instance;
	return E_OK;
}

static void do_module(struct runner *r, struct wasm_name name, struct wasm_name bytes)
{
	struct loaded *l = NULL;
	enum wasm_trap trap = TRAP_NONE;
	enum err err = load(r, bytes, &l);

	r->last = NULL;
	if (!err)
		err = instantiate(r, l, &trap);
	if (!err) {
		l->name = name;
		r->last = l->instance;
	}
	runner_check(r, !err, trap ? trap_words[trap] : "module refused", err_words[err]);
}

static void do_register(struct runner *r, struct wasm_name as, struct wasm_name name)
{
	struct wasm_instance *instance = find_instance(r, name);
	enum err err =
		instance ? wasm_linker_define_instance(&r->linker, as, instance) : E_NOT_FOUND;

	runner_check(r, !err, "register", err_words[err]);
}

static void do_refused(struct runner *r, struct wasm_name bytes)
{
	struct loaded *l;

	runner_check(r, load(r, bytes, &l) != E_OK, "an invalid module was accepted", NULL);
}

/* Does the text begin like the words, as far as both go? */
static bool text_matches(struct wasm_name text, const char *words)
{
	size_t n = strlen(words);

	if (text.len < n)
		n = text.len;
	return n > 0 && memcmp(text.p, words, n) == 0;
}

static void do_unlinkable(struct runner *r, struct wasm_name text, struct wasm_name bytes)
{
	struct loaded *l;
	enum wasm_trap trap;
	enum err err = load(r, bytes, &l);

	if (err) {
		runner_fail(r, "module refused", err_words[err]);
		return;
	}
	err = instantiate(r, l, &trap);
	runner_check(r,
		     (err == E_WASM_UNKNOWN_IMPORT && text_matches(text, "unknown import")) ||
			     (err == E_WASM_IMPORT_TYPE &&
			      text_matches(text, "incompatible import type")),
		     "expected not to link", err_words[err]);
}

static void do_uninstantiable(struct runner *r, struct wasm_name text, struct wasm_name bytes)
{
	struct loaded *l;
	enum wasm_trap trap = TRAP_NONE;
	enum err err = load(r, bytes, &l);

	if (!err)
		err = instantiate(r, l, &trap);
	runner_check(r, err == E_WASM_TRAP && text_matches(text, trap_words[trap]),
		     "expected a trap while instantiating",
		     trap ? trap_words[trap] : err_words[err]);
}

/* ---- actions --------------------------------------------------------------------------------- */

static bool act_get(struct runner *r, const struct wasm_extern *x)
{
	if (x->kind != WASM_KIND_GLOBAL)
		return false;
	r->results[0] = x->global->value;
	r->result_types = &x->global->type.type;
	r->result_count = 1;
	return true;
}

static bool act_invoke(struct runner *r, const struct action *a, const struct wasm_extern *x,
		       enum wasm_trap *trap)
{
	uint64_t args[VALUES_MAX];

	if (x->kind != WASM_KIND_FUNC || x->func->type->param_count != a->arg_count ||
	    x->func->type->result_count > VALUES_MAX)
		return false;
	for (uint32_t i = 0; i < a->arg_count; i++) {
		if (a->args[i].type != x->func->type->params[i] || a->args[i].match != WAST_BITS)
			return false;
		args[i] = a->args[i].bits;
	}
	*trap = interp_call(&r->thread, x->func, args, r->results);
	r->result_types = x->func->type->results;
	r->result_count = x->func->type->result_count;
	return true;
}

/* False: a failure was counted. */
static bool act(struct runner *r, const struct action *a, enum wasm_trap *trap)
{
	struct wasm_instance *instance = find_instance(r, a->module);
	struct wasm_extern x;
	bool ok;

	*trap = TRAP_NONE;
	if (!instance || !wasm_instance_export(instance, a->field, &x)) {
		runner_fail(r, "no such module or export", NULL);
		return false;
	}
	ok = a->kind == WAST_GET ? act_get(r, &x) : act_invoke(r, a, &x, trap);
	if (!ok)
		runner_fail(r, "the export does not fit the action", NULL);
	return ok;
}

/* The quiet bit set, and for canonical no other bit of the fraction; the sign is free. */
static bool nan_matches(const struct value *v, uint64_t bits)
{
	bool f32 = v->type == WASM_F32;
	uint64_t magnitude = bits & (f32 ? 0x7fffffff : INT64_MAX);
	uint64_t canonical = f32 ? 0x7fc00000 : 0x7ff8000000000000;

	return v->match == WAST_NAN_CANONICAL ? magnitude == canonical
					      : (magnitude & canonical) == canonical;
}

static bool value_matches(const struct value *v, uint8_t type, uint64_t bits)
{
	if (v->type != type)
		return false;
	switch (v->match) {
	case WAST_BITS:
		return v->bits == bits;
	case WAST_NOT_NULL:
		return bits != 0;
	case WAST_NAN_CANONICAL:
	case WAST_NAN_ARITHMETIC:
		return nan_matches(v, bits);
	default:
		return false;
	}
}

static void fail_result(struct runner *r, uint32_t i, const struct value *v)
{
	struct line l = {.len = 0};

	line_number(&l, i, 10);
	line_text(&l, " is 0x");
	line_number(&l, r->results[i], 16);
	line_text(&l, v->match == WAST_BITS ? ", expected 0x" : ", expected another kind than 0x");
	line_number(&l, v->bits, 16);
	line_add(&l, "", 1);
	runner_fail(r, "result", l.text);
}

static void do_return(struct runner *r, const struct action *a, const struct value *expected,
		      uint32_t count)
{
	enum wasm_trap trap;

	if (!act(r, a, &trap))
		return;
	if (trap) {
		runner_fail(r, "unexpected trap", trap_words[trap]);
		return;
	}
	if (count != r->result_count) {
		runner_fail(r, "another number of results", NULL);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!value_matches(&expected[i], r->result_types[i], r->results[i])) {
			fail_result(r, i, &expected[i]);
			return;
		}
	}
	r->counts->passed++;
}

static void do_action(struct runner *r, const struct action *a)
{
	enum wasm_trap trap;

	if (act(r, a, &trap))
		runner_check(r, !trap, "unexpected trap", trap_words[trap]);
}

static void do_trap(struct runner *r, const struct action *a, struct wasm_name text)
{
	enum wasm_trap trap;

	if (act(r, a, &trap))
		runner_check(r, trap != TRAP_NONE && text_matches(text, trap_words[trap]),
			     "expected another trap", trap_words[trap]);
}

/* ---- commands -------------------------------------------------------------------------------- */

static void run_action_command(struct runner *r, uint8_t kind)
{
	struct action a = {0};
	struct value expected[VALUES_MAX];
	struct wasm_name text = {0};
	uint32_t count = 0;

	read_action(r, &a);
	if (kind == WAST_RETURN)
		read_values(r, expected, &count);
	else if (kind != WAST_ACTION)
		text = read_string(r);
	if (!reader_ok(&r->script))
		return;
	if (kind == WAST_RETURN)
		do_return(r, &a, expected, count);
	else if (kind == WAST_ACTION)
		do_action(r, &a);
	else
		do_trap(r, &a, text);
}

static void run_module_command(struct runner *r, uint8_t kind)
{
	struct wasm_name first = read_string(r), second = read_string(r);

	if (!reader_ok(&r->script))
		return;
	switch (kind) {
	case WAST_MODULE:
		do_module(r, first, second);
		break;
	case WAST_REGISTER:
		do_register(r, first, second);
		break;
	case WAST_UNLINKABLE:
		do_unlinkable(r, first, second);
		break;
	case WAST_UNINSTANTIABLE:
		do_uninstantiable(r, first, second);
		break;
	default:
		do_refused(r, second);
		break;
	}
}

static void run_command(struct runner *r)
{
	uint8_t kind = reader_u8(&r->script);

	r->line = reader_u32(&r->script);
	switch (kind) {
	case WAST_ACTION:
	case WAST_RETURN:
	case WAST_TRAP:
	case WAST_EXHAUSTION:
		run_action_command(r, kind);
		break;
	case WAST_SKIP:
		(void)read_string(r);
		r->counts->skipped++;
		break;
	default:
		if (kind >= WAST_COMMAND_COUNT)
			reader_fail(&r->script);
		run_module_command(r, kind);
		break;
	}
}

static enum err runner_init(struct runner *r, const void *script, size_t size)
{
	enum err err = wasm_store_init(&r->store, &(struct wasm_store_config){0});

	if (err)
		return err;
	interp_store_init(&r->store);
	err = interp_thread_init(&r->thread, &r->store, &(struct interp_limits){0});
	if (!err)
		err = spectest_define(&r->linker, &r->store);
	reader_init(&r->script, script, size);
	if (reader_u32(&r->script) != WAST_MAGIC || reader_u32(&r->script) != WAST_VERSION)
		reader_fail(&r->script);
	r->file = read_string(r);
	return err;
}

static void runner_fini(struct runner *r)
{
	interp_thread_fini(&r->thread);
	wasm_linker_fini(&r->linker);
	wasm_store_fini(&r->store);
	for (struct loaded *l = r->loaded; l; l = l->next)
		wasm_module_fini(&l->module);
	arena_fini(&r->arena);
}

static void print_counts(struct runner *r)
{
	struct line l = {.len = 0};

	line_number(&l, r->counts->passed, 10);
	line_text(&l, " passed, ");
	line_number(&l, r->counts->failed, 10);
	line_text(&l, " failed, ");
	line_number(&l, r->counts->skipped, 10);
	line_text(&l, " skipped");
	r->output(r->env, l.text, l.len);
}

enum err wast_run(const void *script, size_t size, wast_output *output, void *env,
		  struct wast_counts *counts)
{
	struct runner *r = heap_alloc(sizeof *r);

	*counts = (struct wast_counts){0};
	if (!r)
		return E_NOMEM;
	r->output = output;
	r->env = env;
	r->counts = counts;
	enum err err = runner_init(r, script, size);

	while (!err && reader_ok(&r->script) && r->script.left)
		run_command(r);
	if (!err && !reader_ok(&r->script))
		err = E_MALFORMED;
	print_counts(r);
	runner_fini(r);
	heap_free(r);
	return err;
}
