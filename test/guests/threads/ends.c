/*
 * ends HOW: ways in which a program with threads ends.
 *   return        main returns 3 while threads compute, wait and sleep
 *   exit          a thread ends the program with 7 while main waits for ever
 *   trap          a thread divides by zero while main waits for ever
 *   main-trap     main divides by zero while threads wait for ever
 *   many          threads until there are no more: prints how many, wakes them, and again
 *   chain         a thread that makes a thread that makes ...
 *   grow          threads grow the memory and use it while others look on
 *   output        threads write lines, each as one piece
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasi/api.h>

#include "test/guests/threads/thread.h"

static _Atomic uint32_t g_started, g_never, g_turn, g_wrong;
static volatile uint32_t g_zero;
static volatile uint32_t g_spin = 1;

static void compute(void *arg)
{
	(void)arg;
	g_started++;
	for (;;)
		g_spin = g_spin * 3 + 1;
}

static void wait_for_ever(void *arg)
{
	(void)arg;
	g_started++;
	for (;;)
		futex_wait(&g_never, 0, -1);
}

static void sleep_for_ever(void *arg)
{
	const __wasi_subscription_t hour = {
		.u = {.tag = __WASI_EVENTTYPE_CLOCK,
		      .u.clock = {.id = __WASI_CLOCKID_MONOTONIC, .timeout = 3600000000000}}};
	__wasi_event_t event;
	__wasi_size_t n;

	(void)arg;
	g_started++;
	for (;;)
		(void)__wasi_poll_oneoff(&hour, &event, 1, &n);
}

static void divide(void *arg)
{
	(void)arg;
	g_started = 7 / g_zero;
}

static void leave(void *arg)
{
	(void)arg;
	__wasi_proc_exit(7);
}

static void wait_for_turn(void *arg)
{
	(void)arg;
	g_started++;
	while (!g_turn)
		futex_wait(&g_turn, 0, -1);
}

static void spawn_or_die(void (*function)(void *), void *arg)
{
	if (thread_spawn(function, arg) < 0) {
		fprintf(stderr, "ends: no thread\n");
		exit(2);
	}
}

/* A thread that was joined is about to end: its place may be taken for a moment still. */
static uint32_t count_threads(uint32_t expected)
{
	uint32_t n = 0, tries = 0;

	g_turn = 0;
	g_started = 0;
	for (;;) {
		if (thread_spawn(wait_for_turn, NULL) >= 0)
			n++;
		else if (n >= expected || tries++ == 1000)
			break;
		else
			futex_wait(&g_never, 0, 1000000);
	}
	while (g_started < n)
		futex_wait(&g_never, 0, 100000);
	g_turn = 1;
	futex_wake(&g_turn, UINT32_MAX);
	for (uint32_t i = 0; i < n; i++)
		thread_join((int)i);
	return n;
}

static void chain(void *arg)
{
	uint32_t left = (uint32_t)(uintptr_t)arg;
	int next = left ? thread_spawn(chain, (void *)(uintptr_t)(left - 1)) : -1;

	if (next >= 0)
		thread_join(next);
	g_started++;
}

#define GROWN_PAGES 20u

/* What memory.grow returned is this thread's alone. */
static void grow(void *arg)
{
	uint32_t number = (uint32_t)(uintptr_t)arg;

	for (uint32_t i = 0; i < GROWN_PAGES; i++) {
		size_t page = __builtin_wasm_memory_grow(0, 1);
		volatile uint32_t *p = (volatile uint32_t *)(page * 65536);

		if (page == SIZE_MAX || __builtin_wasm_memory_size(0) <= page) {
			g_wrong++;
			return;
		}
		for (uint32_t j = 0; j < 16384; j += 512)
			g_wrong += p[j] != 0, p[j] = number * 1000 + i;
		for (uint32_t j = 0; j < 16384; j += 512)
			g_wrong += p[j] != number * 1000 + i;
	}
}

static void output(void *arg)
{
	char line[] = "thread 0, line 0\n";
	const __wasi_ciovec_t v = {(const uint8_t *)line, sizeof line - 1};
	__wasi_size_t n;

	line[7] = (char)('0' + (uintptr_t)arg);
	for (char c = '0'; c <= '9'; c++) {
		line[15] = c;
		if (__wasi_fd_write(1, &v, 1, &n) || n != v.buf_len)
			g_wrong++;
	}
}

static int together(void (*function)(void *))
{
	int numbers[4];

	for (uintptr_t i = 0; i < 4; i++) {
		numbers[i] = thread_spawn(function, (void *)i);
		if (numbers[i] < 0)
			return 2;
	}
	for (int i = 0; i < 4; i++)
		thread_join(numbers[i]);
	return g_wrong ? 1 : 0;
}

static int end(const char *how)
{
	if (!strcmp(how, "return") || !strcmp(how, "main-trap")) {
		spawn_or_die(compute, NULL);
		spawn_or_die(wait_for_ever, NULL);
		spawn_or_die(sleep_for_ever, NULL);
		while (g_started < 3)
			futex_wait(&g_never, 0, 100000);
		return *how == 'r' ? 3 : (int)(3 / g_zero);
	}
	if (!strcmp(how, "exit") || !strcmp(how, "trap")) {
		spawn_or_die(*how == 'e' ? leave : divide, NULL);
		wait_for_ever(NULL);
	}
	if (!strcmp(how, "many")) {
		uint32_t first = count_threads(0), second = count_threads(first);

		printf("%u threads, and again %u\n", (unsigned)first, (unsigned)second);
		return 0;
	}
	if (!strcmp(how, "chain")) {
		chain((void *)3);
		printf("%u\n", (unsigned)g_started);
		return 0;
	}
	if (!strcmp(how, "grow")) {
		size_t before = __builtin_wasm_memory_size(0);
		int status = together(grow);

		printf("%u pages more\n", (unsigned)(__builtin_wasm_memory_size(0) - before));
		return status;
	}
	return strcmp(how, "output") ? 2 : together(output);
}

int main(int argc, char **argv)
{
	return argc > 1 ? end(argv[1]) : 2;
}
