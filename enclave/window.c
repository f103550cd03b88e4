/*
 * Where the program's memories stand: the first memory of the program in the guest window, which
 * grows in place by EACCEPT and so never moves, as a shared one must not; any other on the heap,
 * where growth moves it unless it is shared and has all its room from the start.
 * Trust: sizes are within the module's limits (wasm/instance.c).
 * Invariant: the window is used by one memory in the enclave's life, so its pages are fresh and
 * zero. Of several threads that make a memory, one gets it; a memory is grown and released by one
 * thread at a time (wasm/instance.h).
 */
#include <stdatomic.h>

#include "enclave/memory.h"
#include "program/program.h"
#include "wasm/instance.h"

static atomic_bool g_window_taken;
static struct wasm_memory_instance *_Atomic g_window_owner; /* NULL before and after its life */

static bool window_resize(void *env, struct wasm_memory_instance *m, uint64_t size)
{
	(void)env;
	if (m->ordinal == 0 && !atomic_exchange(&g_window_taken, true))
		g_window_owner = m;
	if (g_window_owner != m)
		return wasm_memory_heap_ops.resize(NULL, m, size);
	if (memory_grow(MEMORY_WINDOW, size) != E_OK)
		return false;
	if (!m->base) /* it never moves; another thread may be reading it */
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
