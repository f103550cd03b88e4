/*
 * Commands on modules: definitions, instances, registrations, and modules that are to be refused.
 * Trust: names and modules are the script's, untrusted.
 * Invariant: a module is skipped only if it was refused for a feature that its text asks for
 * (enum wast_needs), or imports from a module that was skipped.
 */
#include "test/wast/runner_impl.h"
#include "wasm/validate.h"

struct wast_loaded *wast_find_loaded(const struct wast_runner *r, struct wasm_name name)
{
	if (name.len == 0)
		return r->last;
	for (struct wast_loaded *l = r->loaded; l; l = l->next) {
		if (wast_names_equal(l->name, name))
			return l;
	}
	return NULL;
}

struct wast_loaded *wast_add_loaded(struct wast_runner *r, struct wasm_name name)
{
	struct wast_loaded *l = arena_alloc(&r->arena, sizeof *l);

	if (l) {
		l->name = name;
		l->next = r->loaded;
		r->loaded = l;
	}
	return l;
}

/* ---- loading --------------------------------------------------------------------------------- */

/* The reason for which a refusal is none of the runtime's faults; NONE: it is one. */
static enum wast_skip skip_of_refusal(enum err err, uint8_t needs)
{
	if (err == E_WASM_NEEDS_GC && needs & WAST_NEEDS_GC)
		return WAST_SKIP_GC;
	if (err == E_WASM_NEEDS_MEMORY64 && needs & WAST_NEEDS_MEMORY64)
		return WAST_SKIP_MEMORY64;
	return WAST_SKIP_NONE;
}

static enum wast_skip skip_of_name(const struct wast_runner *r, struct wasm_name module)
{
	for (const struct wast_registered *g = r->registered; g; g = g->next) {
		if (wast_names_equal(g->name, module))
			return g->skip;
	}
	return WAST_SKIP_NONE;
}

/* Imports it something of a module that was skipped? */
static enum wast_skip skip_of_imports(const struct wast_runner *r, const struct wasm_module *m)
{
	for (uint32_t i = 0; i < m->import_count; i++) {
		enum wast_skip skip = skip_of_name(r, m->imports[i].module);

		if (skip)
			return skip;
	}
	return WAST_SKIP_NONE;
}

/* Decodes and validates; sets l->module, or l->skip. */
static enum err load(struct wast_runner *r, struct wast_loaded *l, uint8_t needs,
		     struct wasm_name bytes)
{
	struct wasm_module *module = arena_alloc(&r->arena, sizeof *module);
	struct wasm_error error;

	if (!module)
		return E_NOMEM;
	enum err err = wasm_decode(module, &error, bytes.p, bytes.len);

	if (!err) {
		l->module = module;
		err = wasm_validate(module, &error);
	}
	l->skip = err ? skip_of_refusal(err, needs) : skip_of_imports(r, module);
	return err;
}

/* Instantiates and runs the start function. E_WASM_TRAP with *trap. */
static enum err instantiate(struct wast_runner *r, struct wast_loaded *l, enum wasm_trap *trap)
{
	struct wasm_link_error error = {.trap = TRAP_NONE};
	struct wasm_instance *instance;
	enum err err = engine_instantiate(&r->thread, l->module, spectest_resolve, &r->spectest,
					  &instance, &error);

	*trap = error.trap;
	if (err)
		return err;
	const struct wasm_func_instance *start = wasm_instance_start(instance);

	if (start)
		*trap = engine_call(&r->thread, start, NULL, NULL);
	if (*trap)
		return E_WASM_TRAP;
	l->instance = instance;
	return E_OK;
}

/* ---- commands -------------------------------------------------------------------------------- */

static void instantiate_and_count(struct wast_runner *r, struct wast_loaded *l)
{
	enum wasm_trap trap = TRAP_NONE;
	enum err err = instantiate(r, l, &trap);

	wast_check(r, !err, trap ? wast_trap_words(trap) : "not instantiated", wast_err_words(err));
}

void wast_do_module(struct wast_runner *r, bool instantiate_too)
{
	struct wasm_name name = wast_read_string(r);
	uint8_t needs = reader_u8(&r->script);
	struct wasm_name bytes = wast_read_string(r);
	struct wast_loaded *l = wast_add_loaded(r, name);
	enum err err = l ? load(r, l, needs, bytes) : E_NOMEM;

	r->definition = l;
	if (instantiate_too)
		r->last = l;
	if (!reader_ok(&r->script))
		return;
	if (l && l->skip)
		wast_skip(r, l->skip);
	else if (err)
		wast_fail(r, "module refused", wast_err_words(err));
	else if (instantiate_too)
		instantiate_and_count(r, l);
	else
		wast_pass(r);
}

/* An instance shares the module of its definition: the definition frees it. */
void wast_do_instance(struct wast_runner *r)
{
	struct wasm_name name = wast_read_string(r), of = wast_read_string(r);
	struct wast_loaded *definition = of.len ? wast_find_loaded(r, of) : r->definition;
	struct wast_loaded copy = {.module = definition ? definition->module : NULL};
	struct wast_loaded *l = wast_add_loaded(r, name);

	r->last = l;
	if (!reader_ok(&r->script))
		return;
	if (!l || !definition || (!copy.module && !definition->skip)) {
		wast_fail(r, "no such definition", NULL);
		return;
	}
	l->skip = definition->skip;
	if (l->skip) {
		wast_skip(r, l->skip);
		return;
	}
	instantiate_and_count(r, &copy);
	l->instance = copy.instance;
}

static enum err register_name(struct wast_runner *r, struct wasm_name name, enum wast_skip skip)
{
	struct wast_registered *g = arena_alloc(&r->arena, sizeof *g);

	if (!g)
		return E_NOMEM;
	*g = (struct wast_registered){r->registered, name, skip};
	r->registered = g;
	return E_OK;
}

/* Of an instance of another thread's store: its shared memories. */
static enum err register_foreign(struct wast_runner *r, struct wasm_name as,
				 const struct wasm_instance *instance)
{
	const struct wasm_module *m = instance->module;

	for (uint32_t i = 0; i < m->export_count; i++) {
		struct wasm_extern x;
		bool found = wasm_instance_export(instance, m->exports[i].name, &x);

		if (!found || x.kind != WASM_KIND_MEMORY || !x.memory->type.shared)
			continue;
		enum err err = wasm_linker_define(&r->linker, as, m->exports[i].name, x);

		if (err)
			return err;
	}
	return E_OK;
}

void wast_do_register(struct wast_runner *r)
{
	struct wasm_name as = wast_read_string(r), name = wast_read_string(r);
	const struct wast_loaded *l = wast_find_loaded(r, name);
	enum err err;

	if (!reader_ok(&r->script))
		return;
	if (!l || (!l->instance && !l->skip)) {
		wast_fail(r, "no such module to register", NULL);
		return;
	}
	err = register_name(r, as, l->skip);
	if (!err && l->foreign)
		err = register_foreign(r, as, l->instance);
	else if (!err && !l->skip)
		err = wasm_linker_define_instance(&r->linker, as, l->instance);
	if (!err && l->skip)
		wast_skip(r, l->skip);
	else
		wast_check(r, !err, "register", wast_err_words(err));
}

/* ---- modules that are to be refused ---------------------------------------------------------- */

static bool is_link_error(enum err err, struct wasm_name text)
{
	if (err == E_WASM_UNKNOWN_IMPORT)
		return wast_text_matches(text, "unknown import");
	return err == E_WASM_IMPORT_TYPE && wast_text_matches(text, "incompatible import type");
}

static void check_instantiation(struct wast_runner *r, struct wast_loaded *l, uint8_t command,
				struct wasm_name text)
{
	enum wasm_trap trap = TRAP_NONE;
	enum err err = instantiate(r, l, &trap);
	const char *detail = trap ? wast_trap_words(trap) : wast_err_words(err);

	if (command == WAST_UNLINKABLE)
		wast_check(r, is_link_error(err, text), "expected not to link", detail);
	else
		wast_check(r, err == E_WASM_TRAP && wast_text_matches(text, wast_trap_words(trap)),
			   "expected a trap while instantiating", detail);
}

static void check_lifted(struct wast_runner *r, enum err err)
{
	wast_check(r, !err, "a module was refused that is valid now", wast_err_words(err));
	r->counts.lifted += !err;
}

void wast_do_refused(struct wast_runner *r, uint8_t command)
{
	bool decodes = command == WAST_UNLINKABLE || command == WAST_UNINSTANTIABLE;
	struct wasm_name text = wast_read_string(r);
	uint8_t needs = reader_u8(&r->script);
	struct wasm_name bytes = wast_read_string(r);
	struct wast_loaded *l = wast_add_loaded(r, (struct wasm_name){"", 0});
	enum err err = l ? load(r, l, needs, bytes) : E_NOMEM;

	if (!reader_ok(&r->script))
		return;
	if (err == E_NOMEM)
		wast_fail(r, "no memory", NULL);
	else if (l->skip && (err || decodes))
		wast_skip(r, l->skip);
	else if (command == WAST_LIFTED)
		check_lifted(r, err);
	else if (!decodes)
		wast_check(r, err != E_OK, "a module was accepted that is not valid", NULL);
	else if (err)
		wast_fail(r, "module refused", wast_err_words(err));
	else
		check_instantiation(r, l, command, text);
}
