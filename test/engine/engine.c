/*
 * What both engines have in common for a test.
 * Trust: modules are decoded and validated.
 */
#include "test/engine/engine.h"

void engine_store_init(const struct engine_config *config, struct wasm_store *s)
{
	config->engine->store_init(s);
}

enum err engine_thread_init(struct engine_thread *t, const struct engine_config *config,
			    struct wasm_store *s)
{
	t->config = config;
	t->store = s;
	return config->engine->thread_init(t);
}

void engine_thread_fini(struct engine_thread *t)
{
	if (t->config)
		t->config->engine->thread_fini(t);
	*t = (struct engine_thread){0};
}

enum wasm_trap engine_call(struct engine_thread *t, const struct wasm_func_instance *func,
			   const uint64_t *args, uint64_t *results)
{
	return t->config->engine->call(t, func, args, results);
}

/* The instance that made functions from reference `first` on; NULL: none did. */
static struct wasm_instance *instance_of_funcs(const struct wasm_store *s, uint32_t first)
{
	for (uint32_t ref = first; ref < s->func_count; ref++) {
		if (s->funcs[ref] && s->funcs[ref]->instance)
			return s->funcs[ref]->instance;
	}
	return NULL;
}

enum err engine_instantiate(struct engine_thread *t, const struct wasm_module *module,
			    wasm_resolve *resolve, void *env, struct wasm_instance **instance,
			    struct wasm_link_error *error)
{
	const uint32_t first = t->store->func_count;
	enum err err = wasm_instantiate(t->store, module, resolve, env, instance, error);

	if (!err)
		return t->config->engine->link(t, *instance);
	if (err == E_WASM_TRAP) {
		struct wasm_instance *half_made = instance_of_funcs(t->store, first);
		enum err linked = half_made ? t->config->engine->link(t, half_made) : E_OK;

		return linked ? linked : err;
	}
	return err;
}

/* ---- the interpreter ------------------------------------------------------------------------- */

static enum err interpreter_thread_init(struct engine_thread *t)
{
	return interp_thread_init(&t->interp, t->store, &(struct interp_limits){0});
}

static void interpreter_thread_fini(struct engine_thread *t)
{
	interp_thread_fini(&t->interp);
}

static enum err interpreter_link(struct engine_thread *t, struct wasm_instance *instance)
{
	(void)t, (void)instance;
	return E_OK;
}

static enum wasm_trap interpreter_call(struct engine_thread *t,
				       const struct wasm_func_instance *func, const uint64_t *args,
				       uint64_t *results)
{
	return interp_call(&t->interp, func, args, results);
}

const struct engine engine_interp = {interp_store_init, interpreter_thread_init,
				     interpreter_thread_fini, interpreter_link, interpreter_call};
