#include "test/guests/threads/thread.h"

#include <stddef.h>
#include <wasi/api.h>

#define STACK_SIZE 16384
#define TLS_SIZE   1024

struct thread {
	uint8_t *stack_top; /* thread_start.S loads it: stays first */
	void (*function)(void *);
	void *arg;
	_Atomic uint32_t state; /* enum state */
	_Alignas(16) uint8_t stack[STACK_SIZE];
	_Alignas(16) uint8_t tls[TLS_SIZE];
};

enum state { FREE, RUNNING, DONE };

static struct thread g_threads[THREADS_MAX];
static _Thread_local int g_id;

__attribute__((import_module("wasi"), import_name("thread-spawn"))) int32_t
wasi_thread_spawn(void *start_arg);
void __wasm_init_tls(void *);
void thread_main(int32_t id, struct thread *t);

int futex_wait(_Atomic uint32_t *p, uint32_t expected, int64_t timeout)
{
	return __builtin_wasm_memory_atomic_wait32((int *)p, (int)expected, timeout);
}

uint32_t futex_wake(_Atomic uint32_t *p, uint32_t count)
{
	return __builtin_wasm_memory_atomic_notify((int *)p, count);
}

/* Called by wasi_thread_start on the thread's own stack. */
void thread_main(int32_t id, struct thread *t)
{
	if (__builtin_wasm_tls_size() > TLS_SIZE)
		__builtin_trap();
	__wasm_init_tls(t->tls);
	g_id = id;
	t->function(t->arg);
	t->state = DONE; /* from here on the stack and the TLS may be another thread's */
	futex_wake(&t->state, UINT32_MAX);
}

int thread_spawn(void (*function)(void *), void *arg)
{
	for (int i = 0; i < THREADS_MAX; i++) {
		struct thread *t = &g_threads[i];
		uint32_t was = FREE;

		if (!__c11_atomic_compare_exchange_strong(&t->state, &was, RUNNING,
							  __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			continue;
		t->stack_top = t->stack + STACK_SIZE;
		t->function = function;
		t->arg = arg;
		if (wasi_thread_spawn(t) > 0)
			return i;
		t->state = FREE;
		return -1;
	}
	return -1;
}

void thread_join(int number)
{
	struct thread *t = &g_threads[number];

	while (t->state == RUNNING)
		futex_wait(&t->state, RUNNING, -1);
	t->state = FREE;
}

/*
 * In place of the C library's: as soon as somebody calls __wasm_call_ctors, the linker leaves exports
 * as they are. Otherwise it would run the destructors after each export, at the end of every thread.
 */
void __wasm_call_ctors(void);
void __wasm_call_dtors(void);
int __main_void(void);
void _start(void);

void _start(void)
{
	__wasm_call_ctors();
	int status = __main_void();

	__wasm_call_dtors();
	if (status)
		__wasi_proc_exit((__wasi_exitcode_t)status);
}

int thread_id(void)
{
	return g_id;
}

/* Drepper, "Futexes are tricky", the third mutex. */
void mutex_lock(struct mutex *m)
{
	uint32_t was = 0;

	if (__c11_atomic_compare_exchange_strong(&m->state, &was, 1, __ATOMIC_ACQUIRE,
						 __ATOMIC_RELAXED))
		return;
	while (__c11_atomic_exchange(&m->state, 2, __ATOMIC_ACQUIRE) != 0)
		futex_wait(&m->state, 2, -1);
}

void mutex_unlock(struct mutex *m)
{
	if (__c11_atomic_exchange(&m->state, 0, __ATOMIC_RELEASE) == 2)
		futex_wake(&m->state, 1);
}

void condition_wait(struct condition *c, struct mutex *m)
{
	uint32_t sequence = c->sequence;

	mutex_unlock(m);
	futex_wait(&c->sequence, sequence, -1);
	mutex_lock(m);
}

void condition_signal(struct condition *c)
{
	c->sequence++;
	futex_wake(&c->sequence, 1);
}

void condition_broadcast(struct condition *c)
{
	c->sequence++;
	futex_wake(&c->sequence, UINT32_MAX);
}

void barrier_wait(struct barrier *b)
{
	uint32_t round = b->round;

	if (++b->waiting == b->count) {
		b->waiting = 0;
		b->round++;
		futex_wake(&b->round, UINT32_MAX);
		return;
	}
	while (b->round == round)
		futex_wait(&b->round, round, -1);
}
