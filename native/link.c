/*
 * Threads of native code, what stops them, and the instances whose functions have native code.
 * Trust: code was loaded by native_load for the instance's module.
 * Invariant: every thread between init and fini is in the list, which the mutex guards, and its stop
 * slot is not 0 once control->stop is set and native_stop_all has run.
 */
#include <string.h>

#include "base/checked.h"
#include "base/heap.h"
#include "base/mutex.h"
#include "native/impl.h"

static struct mutex g_mutex;
static struct native_thread *g_threads;

void native_store_init(struct wasm_store *s)
{
	s->untranslated = NULL;
	s->free_code = NULL;
}

static void stop_set(const struct native_thread *t, uint64_t value)
{
	uint8_t *slot = native_slot(t, native_layout_fixed()->stop);

	__atomic_store_n((uint64_t *)(void *)slot, value, __ATOMIC_RELAXED);
}

/* Who sets control->stop sees the thread in the list, or the thread sees control->stop: the mutex
 * is between them. */
static void thread_register(struct native_thread *t)
{
	mutex_lock(&g_mutex);
	t->next = g_threads;
	g_threads = t;
	stop_set(t, native_stop(t) != TRAP_NONE);
	mutex_unlock(&g_mutex);
}

static void thread_unregister(const struct native_thread *t)
{
	mutex_lock(&g_mutex);
	for (struct native_thread **link = &g_threads; *link; link = &(*link)->next) {
		if (*link == t) {
			*link = t->next;
			break;
		}
	}
	mutex_unlock(&g_mutex);
}

void native_stop_all(const struct wasm_control *control)
{
	mutex_lock(&g_mutex);
	for (const struct native_thread *t = g_threads; t; t = t->next) {
		if (t->store->config.control == control)
			stop_set(t, 1);
	}
	mutex_unlock(&g_mutex);
}

enum err native_thread_init(struct native_thread *t, struct wasm_store *s,
			    const struct native_limits *limits)
{
	const struct wasm_control *control = s->config.control;
	const size_t fixed = native_layout_fixed()->transfer - NATIVE_SLOTS_DISP;
	size_t size = limits->stack_size ? limits->stack_size : NATIVE_STACK_DEFAULT;
	uint64_t top;

	*t = (struct native_thread){0};
	if (!checked_round_up(&size, size, NATIVE_PAGE)) /* what can be reached is whole pages */
		return E_LIMIT;
	enum err err = native_stack(size, &top);

	if (err)
		return err;
	uint8_t *slots = native_slots(fixed);

	if (!slots)
		return E_NOMEM;
	memset(slots, 0, fixed);
	*t = (struct native_thread){.store = s,
				    .slots = slots,
				    .stack_top = top,
				    .stack_size = size,
				    .metered = control && control->metered,
				    .polled = control && control->polled};
	thread_register(t);
	native_set_current(t);
	return E_OK;
}

void native_thread_fini(struct native_thread *t)
{
	if (!t->store)
		return;
	must(t->nesting == 0);
	thread_unregister(t);
	native_set_current(NULL);
	heap_free(t->functions);
	*t = (struct native_thread){0};
}

/* ---- instances ------------------------------------------------------------------------------------ */

bool native_instance_in_window(const struct wasm_instance *instance)
{
	const struct wasm_memory_instance *m = wasm_instance_memory(instance);

	return !m || m->base == native_window();
}

static bool is_right_kind(const struct wasm_instance *instance, const struct native_code *code)
{
	const bool checked = code->flags & NATIVE_CHECKED;

	return !wasm_instance_memory(instance) || native_instance_in_window(instance) != checked;
}

static void functions_set_code(const struct wasm_instance *instance, const struct native_code *code)
{
	const struct wasm_module *m = instance->module;

	for (uint32_t i = m->import_func_count; i < m->func_count; i++) {
		const uint64_t at = code->address + code->offsets[i - m->import_func_count];

		instance->funcs[i]->code = (const void *)(uintptr_t)at;
	}
}

static enum err instance_set_code(struct native_thread *t, struct wasm_instance *instance,
				  const struct native_code *code)
{
	must(instance->module == code->module && !instance->engine);
	if (!is_right_kind(instance, code))
		return E_NATIVE_WINDOW;
	if (!native_slots(code->layout.end - NATIVE_SLOTS_DISP))
		return E_NOMEM;
	functions_set_code(instance, code);
	instance->engine = code;
	t->instance_count++;
	return E_OK;
}

enum err native_link(struct native_thread *t, struct wasm_instance *instance,
		     const struct native_code *code)
{
	must(!t->instance);
	enum err err = instance_set_code(t, instance, code);

	if (err)
		return err;
	err = native_tables_sync(t);
	if (err) {
		instance->engine = NULL;
		t->instance_count--;
	}
	return err;
}

enum err native_link_failed(struct native_thread *t, const struct native_code *code)
{
	const struct wasm_store *s = t->store;
	enum err err = E_OK;

	must(!t->instance);
	for (uint32_t i = 1; i < s->func_count && !err; i++) {
		struct wasm_instance *instance = s->funcs[i]->instance;

		if (instance && !instance->engine && instance->module == code->module)
			err = native_link(t, instance, code);
	}
	return err ? err : native_tables_sync(t);
}
