/*
 * wast-native FILE.script...: runs scripts (script.h; run.sh makes them of .wast files) natively.
 * Exit 1 when anything failed.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/base/park.h"
#include "test/lib/file.h"
#include "test/wast/runner.h"

static atomic_bool g_in_use[PARK_THREADS_MAX] = {true}; /* the main thread is number 0 */

static void print_line(void *env, const char *line, size_t len)
{
	(void)env;
	printf("%.*s\n", (int)len, line);
}

static void *run_thread(void *number)
{
	uint32_t thread = *(uint32_t *)number;

	park_enter(thread);
	(void)wast_thread_run(thread);
	atomic_store(&g_in_use[thread], false);
	return NULL;
}

static enum err start_thread(void *env, uint32_t *thread)
{
	static uint32_t numbers[PARK_THREADS_MAX];
	pthread_t id;

	(void)env;
	for (uint32_t i = 0; i < PARK_THREADS_MAX; i++) {
		if (atomic_exchange(&g_in_use[i], true))
			continue;
		numbers[i] = i;
		*thread = i;
		if (pthread_create(&id, NULL, run_thread, &numbers[i]))
			return E_LIMIT;
		pthread_detach(id);
		return E_OK;
	}
	return E_LIMIT;
}

static bool run_file(const char *path)
{
	static const struct wast_host host = {
		.print = print_line,
		.thread_start = start_thread,
		.engine = {.engine = &engine_interp},
	};
	struct host_bytes script = file_load(path);
	struct wast_counts counts;

	if (!script.p)
		return false;
	enum err err = wast_run(script.p, script.size, &host, &counts);

	free((void *)(uintptr_t)script.p);
	if (err)
		fprintf(stderr, "%s: error %d\n", path, (int)err);
	return !err && counts.failed == 0;
}

int main(int argc, char **argv)
{
	bool ok = argc > 1;

	if (!ok)
		fprintf(stderr, "usage: wast-native FILE.script...\n");
	for (int i = 1; i < argc; i++)
		ok = run_file(argv[i]) && ok;
	return ok ? 0 : 1;
}
