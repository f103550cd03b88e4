/*
 * Programs outside of an enclave; their threads are threads of the process.
 * Trust: test code.
 */
#include "test/lib/native_program.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/park.h"
#include "host/service/service.h"
#include "test/lib/direct_transport.h"
#include "test/lib/machine.h"
#include "test/lib/native.h"
#include "wasm/instance.h"

enum life { LIFE_FREE, LIFE_ASKED, LIFE_RUNNING };

static struct {
	_Atomic uint32_t life; /* enum life */
	bool made;	       /* `thread` is to be joined */
	pthread_t thread;
} g_threads[PROGRAM_THREADS_MAX];

static pthread_mutex_t g_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic enum native_threads g_how;
static long g_fail_at = -1;
static bool g_heap_failed;

void native_program_fail_at(long n)
{
	g_fail_at = n;
}

bool native_program_failed(void)
{
	return g_heap_failed;
}

void native_threads_use(enum native_threads how)
{
	g_how = how;
}

static void *thread_main(void *number)
{
	const uint32_t i = (uint32_t)(uintptr_t)number;

	park_enter(i);
	program_thread_run(i);
	g_threads[i].life = LIFE_FREE;
	return NULL;
}

static void thread_join(uint32_t i)
{
	if (g_threads[i].made)
		pthread_join(g_threads[i].thread, NULL);
	g_threads[i].made = false;
}

static void thread_enter(uint32_t i)
{
	thread_join(i);
	g_threads[i].life = LIFE_RUNNING;
	if (pthread_create(&g_threads[i].thread, NULL, thread_main, (void *)(uintptr_t)i) != 0)
		abort();
	g_threads[i].made = true;
}

static enum err thread_ask(uint32_t *thread)
{
	if (g_how == NATIVE_THREADS_REFUSED)
		return E_LIMIT;
	for (uint32_t i = 1; i < PROGRAM_THREADS_MAX; i++) {
		if (g_threads[i].life != LIFE_FREE)
			continue;
		g_threads[i].life = LIFE_ASKED;
		if (g_how == NATIVE_THREADS_COME)
			thread_enter(i);
		*thread = i;
		return E_OK;
	}
	return E_LIMIT;
}

enum err program_thread_start(uint32_t *thread)
{
	pthread_mutex_lock(&g_lock);
	const enum err err = thread_ask(thread);

	pthread_mutex_unlock(&g_lock);
	return err;
}

void native_threads_release(void)
{
	for (uint32_t i = 1; i < PROGRAM_THREADS_MAX; i++) {
		if (g_threads[i].life == LIFE_ASKED && g_how == NATIVE_THREADS_LATE)
			thread_enter(i);
		thread_join(i);
		g_threads[i].life = LIFE_FREE;
	}
}

const struct wasm_memory_ops *program_memory_ops(void)
{
	return &wasm_memory_heap_ops;
}

/* Threads are not started by way of the service here. */
static enum host_errno no_thread(void *context, uint32_t thread)
{
	(void)context;
	(void)thread;
	return HOST_AGAIN;
}

static void record_measure(uint8_t launch_digest[32], const uint8_t *bytes, size_t size)
{
	struct arena arena = {0};
	struct launch_record record;
	struct launch_digests digests;

	if (launch_decode(&record, &arena, bytes, size) != E_OK)
		abort();
	launch_measure(&record, &digests);
	memcpy(launch_digest, digests.launch, 32);
	arena_fini(&arena);
}

size_t native_program_encode(uint8_t out[NATIVE_RECORD_MAX], uint8_t launch_digest[32],
			     struct launch_record *record, const uint8_t *module, size_t size)
{
	struct writer w;

	size_t section_off, payload_off;

	wasm_find_native(module, size, &section_off, &payload_off);
	launch_measure_module(record->module_digest, record->native_digest, module, size,
			      section_off, payload_off);
	writer_init(&w, out, NATIVE_RECORD_MAX);
	if (launch_encode(record, &w) != E_OK || !writer_ok(&w))
		abort();
	record_measure(launch_digest, out, w.len);
	return w.len;
}

void native_program_run(struct launch_record *record, const uint8_t *module, size_t size,
			const int streams[3], struct program_outcome *out)
{
	static struct host_service service; /* too large for the stack; each program has its own */
	static uint8_t bytes[NATIVE_RECORD_MAX];
	uint8_t digest[32];
	const struct service_config config = {
		.stream_fd = {streams[0], streams[1], streams[2]},
		.thread_count = PROGRAM_THREADS_MAX + 1,
		.start_thread = no_thread,
	};
	const size_t record_size = native_program_encode(bytes, digest, record, module, size);

	if (service_init(&service, &config) != E_OK)
		abort();
	machine_launch(digest);
	direct_transport_use(&service);
	native_heap_fail_at(g_fail_at);
	program_run(&(struct program_input){.launch_record = bytes,
					    .launch_size = record_size,
					    .module = module,
					    .module_size = size},
		    out);
	g_heap_failed = native_heap_failed();
	native_heap_fail_at(-1);
	service_fini(&service);
}
