/*
 * Commands that call an export or read a global, and what they expect.
 * Trust: names and values are the script's, untrusted; an argument is given only to a parameter of
 * its type.
 */
#include "test/wast/line.h"
#include "test/wast/runner_impl.h"

struct action {
	uint8_t kind; /* enum wast_action */
	struct wasm_name module;
	struct wasm_name field;
	struct reader args; /* values of the script */
	uint32_t arg_count;
};

/* Reads over values, which stay in the script; returns how many. */
static uint32_t skip_values(struct reader *script)
{
	uint32_t count = reader_u32(script);
	struct wast_value v;

	if (count > WAST_VALUES_MAX)
		reader_fail(script);
	for (uint32_t i = 0; i < count && reader_ok(script); i++)
		wast_value_read(script, &v);
	return count;
}

static void read_action(struct wast_runner *r, struct action *a)
{
	a->kind = reader_u8(&r->script);
	a->module = wast_read_string(r);
	a->field = wast_read_string(r);
	a->args = r->script;
	a->arg_count = skip_values(&r->script);
	(void)reader_u32(&a->args);
}

/* ---- doing it -------------------------------------------------------------------------------- */

static bool act_get(struct wast_runner *r, const struct wasm_extern *x)
{
	if (x->kind != WASM_KIND_GLOBAL)
		return false;
	r->results[0] = x->global->value[0];
	r->results[1] = x->global->value[1];
	r->result_types = &x->global->type.type;
	r->result_count = 1;
	return true;
}

static bool act_invoke(struct wast_runner *r, const struct action *a, const struct wasm_extern *x,
		       enum wasm_trap *trap)
{
	uint64_t args[2 * WAST_VALUES_MAX];
	struct reader values = a->args;
	uint32_t slot = 0;

	if (x->kind != WASM_KIND_FUNC || x->func->type->param_count != a->arg_count ||
	    x->func->type->result_count > WAST_VALUES_MAX)
		return false;
	for (uint32_t i = 0; i < a->arg_count; i++) {
		uint32_t type = x->func->type->params[i];
		struct wast_value v;

		wast_value_read(&values, &v);
		if (!wast_value_to_slots(&v, type, args + slot))
			return false;
		slot += wasm_type_slots(type);
	}
	*trap = engine_call(&r->thread, x->func, args, r->results);
	r->result_types = x->func->type->results;
	r->result_count = x->func->type->result_count;
	return true;
}

/* False: the command was counted. */
static bool act(struct wast_runner *r, const struct action *a, enum wasm_trap *trap)
{
	const struct wast_loaded *l = wast_find_loaded(r, a->module);
	struct wasm_extern x;
	bool ok;

	*trap = TRAP_NONE;
	if (l && l->skip) {
		wast_skip(r, l->skip);
		return false;
	}
	if (!l || !l->instance || l->foreign || !wasm_instance_export(l->instance, a->field, &x)) {
		wast_fail(r, "no such module or export", NULL);
		return false;
	}
	ok = a->kind == WAST_GET ? act_get(r, &x) : act_invoke(r, a, &x, trap);
	if (!ok)
		wast_fail(r, "the export does not fit the action", NULL);
	return ok;
}

/* ---- what is expected ------------------------------------------------------------------------ */

/* Reads the values that one result may be; returns whether it is one of them. */
static bool result_matches(struct reader *expected, uint32_t type, const uint64_t *slots)
{
	unsigned count = reader_u8(expected);
	bool found = false;

	for (unsigned i = 0; i < count && reader_ok(expected); i++) {
		struct wast_value v;

		wast_value_read(expected, &v);
		found = found || (reader_ok(expected) && wast_value_matches(&v, type, slots));
	}
	return found;
}

static void fail_result(struct wast_runner *r, uint32_t result, uint32_t type,
			const uint64_t *slots)
{
	struct wast_line l = {.len = 0};

	wast_line_number(&l, result, 10);
	wast_line_text(&l, " is 0x");
	if (type == WASM_V128) {
		wast_line_number(&l, slots[1], 16);
		wast_line_text(&l, ":");
	}
	wast_line_number(&l, slots[0], 16);
	wast_line_bytes(&l, "", 1);
	wast_fail(r, "result", l.text);
}

/* Compares as many results as there are; returns the first that is wrong, or `count`. */
static void check_results(struct wast_runner *r, struct reader *expected, uint32_t count)
{
	const uint64_t *slots = r->results;

	if (count != r->result_count) {
		wast_fail(r, "another number of results", NULL);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t type = r->result_types[i];

		if (!result_matches(expected, type, slots)) {
			fail_result(r, i, type, slots);
			return;
		}
		slots += wasm_type_slots(type);
	}
	wast_pass(r);
}

/* Reads over the expected results, so that the script goes on behind them. */
static uint32_t skip_expected(struct reader *script)
{
	uint32_t count = reader_u32(script);
	struct wast_value v;

	if (count > WAST_VALUES_MAX)
		reader_fail(script);
	for (uint32_t i = 0; i < count && reader_ok(script); i++) {
		for (unsigned left = reader_u8(script); left && reader_ok(script); left--)
			wast_value_read(script, &v);
	}
	return count;
}

static void do_return(struct wast_runner *r, const struct action *a)
{
	struct reader expected = r->script;
	uint32_t count = skip_expected(&r->script);
	enum wasm_trap trap;

	(void)reader_u32(&expected);
	if (!reader_ok(&r->script) || !act(r, a, &trap))
		return;
	if (trap)
		wast_fail(r, "unexpected trap", wast_trap_words(trap));
	else
		check_results(r, &expected, count);
}

static void do_trap(struct wast_runner *r, const struct action *a)
{
	struct wasm_name text = wast_read_string(r);
	enum wasm_trap trap;

	if (reader_ok(&r->script) && act(r, a, &trap))
		wast_check(r, trap != TRAP_NONE && wast_text_matches(text, wast_trap_words(trap)),
			   "expected another trap", wast_trap_words(trap));
}

void wast_do_action(struct wast_runner *r, uint8_t command)
{
	struct action a = {0};
	enum wasm_trap wanted = command == WAST_EXCEPTION ? TRAP_UNCAUGHT_EXCEPTION : TRAP_NONE;
	enum wasm_trap trap;

	read_action(r, &a);
	if (command == WAST_RETURN)
		do_return(r, &a);
	else if (command == WAST_TRAP || command == WAST_EXHAUSTION)
		do_trap(r, &a);
	else if (reader_ok(&r->script) && act(r, &a, &trap))
		wast_check(r, trap == wanted, "expected another end", wast_trap_words(trap));
}
