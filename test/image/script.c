/*
 * The script runner inside the test image: text goes to standard output by host calls.
 * Trust: request, script and sections are the host's and untrusted; what runs them bounds them.
 */
#include "test/image/script.h"

#include <stdatomic.h>
#include <string.h>

#include "hostcall/hostcall.h"
#include "test/differential/observe.h"
#include "test/wast/runner.h"
#include "wasm/instance.h"

/* A test's output: what the host does not take is its loss. */
static void print(void *env, const char *p, size_t size)
{
	size_t done;

	(void)env;
	for (size_t at = 0; at < size; at += done) {
		if (hostcall_write(HOST_HANDLE_STDOUT, p + at, size - at, &done) != HOST_SUCCESS)
			return;
	}
}

static void print_line(void *env, const char *line, size_t len)
{
	print(env, line, len);
	print(env, "\n", 1);
}

static enum err start_thread(void *env, uint32_t *thread)
{
	(void)env;
	return program_thread_start(thread);
}

/* Outlives script_run: a thread may still be on its way out. */
static struct wast_host g_host = {.print = print_line, .thread_start = start_thread};

/* ---- memories -------------------------------------------------------------------------------- */

static struct {
	uint64_t window; /* which one */
	_Atomic uint64_t made;
} g_memories;

/* The window is for the first memory of a store (enclave/window.c): the chosen one becomes that. */
static bool resize_memory(void *env, struct wasm_memory_instance *m, uint64_t size)
{
	if (!m->base)
		m->ordinal = atomic_fetch_add(&g_memories.made, 1) != g_memories.window;
	return program_memory_ops()->resize(env, m, size);
}

static void release_memory(void *env, struct wasm_memory_instance *m)
{
	program_memory_ops()->release(env, m);
}

static const struct wasm_memory_ops g_memory_ops = {resize_memory, release_memory};

/* ---- running --------------------------------------------------------------------------------- */

static enum err run_wast(const uint8_t *script, size_t size, const struct engine_config *engine,
			 struct program_outcome *out)
{
	struct wast_counts counts = {0};

	g_host.engine = *engine;
	g_host.failures_only = g_memories.window != 0;
	enum err err = wast_run(script, size, &g_host, &counts);

	out->detail[0] = (uint64_t)counts.passed << 32 | counts.failed;
	out->detail[1] = atomic_load(&g_memories.made) << 32 | counts.skipped;
	out->code = counts.failed != 0;
	return err;
}

static enum err run_observed(const uint8_t *module, const struct script_request *request,
			     const struct engine_config *engine)
{
	const struct observe_options options = {
		.fuel = request->fuel,
		.exact = request->flags & SCRIPT_EXACT,
	};
	const struct observe_out text = {print, NULL};

	return observe_module(module, request->size, engine, &options, &text);
}

static enum err run_request(const struct program_input *in, const struct script_request *request,
			    struct program_outcome *out)
{
	const bool heap = request->flags & SCRIPT_HEAP;
	const struct engine_config engine = {
		.engine = request->flags & SCRIPT_NATIVE ? &engine_native : &engine_interp,
		.sections = in->module + request->size,
		.sections_size = in->module_size - request->size,
		.memory_ops = heap ? NULL : &g_memory_ops,
	};

	g_memories.window = request->window;
	if (request->kind == SCRIPT_WAST)
		return run_wast(in->module, request->size, &engine, out);
	if (request->kind == SCRIPT_OBSERVE)
		return run_observed(in->module, request, &engine);
	return E_MALFORMED;
}

void script_run(const struct program_input *in, struct program_outcome *out)
{
	struct script_request request;
	enum err err = E_MALFORMED;

	if (in->launch_size == sizeof request) {
		memcpy(&request, in->launch_record, sizeof request);
		if (request.size <= in->module_size)
			err = run_request(in, &request, out);
	}
	out->kind = err ? RUN_REFUSED : RUN_EXITED;
	if (err)
		out->code = err;
}

bool script_run_thread(uint32_t thread)
{
	return wast_thread_run(thread);
}
