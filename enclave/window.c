/*
 * Where the program's memories stand: the first memory of the program in the guest window, which
 * grows in place by EACCEPT; any other on the heap, where growth moves it.
 * Trust: sizes are within the module's limits (wasm/instance.c).
 * Invariant: the window is used by one memory in the enclave's life, so its pages are fresh and
 * zero.
 */
#include "enclave/memory.h"
#include "program/program.h"
#include "wasm/instance.h"

static bool g_window_taken;
static struct wasm_memory_instance *g_window_owner; /* NULL before and after its life */

static bool window_resize(void *env, struct wasm_memory_instance *m, uint64_t size)
{
	(void)env;
	if (!g_window_taken && m->ordinal == 0) {
		g_window_taken = true;
		g_window_owner = m;
	}
	if (g_window_owner != m)
		return wasm_memory_heap_ops.resize(NULL, m, size);
	if (memory_grow(MEMORY_WINDOW, size) != E_OK)
		return false;
	m->base = memory_base(MEMORY_WINDOW);
	return true;
}

static void window_release(void *env, struct wasm_memory_instance *m)
{
	(void)env;
	if (g_window_owner != m)
		wasm_memory_heap_ops.release(NULL, m);
	else
		g_window_owner = NULL;
}

const struct wasm_memory_ops *program_memory_ops(void)
{
	static const struct wasm_memory_ops ops = {window_resize, window_release};

	return &ops;
}
