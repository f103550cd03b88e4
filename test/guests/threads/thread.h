/*
 * Threads on wasi-threads alone, for guests that are built without a threaded C library: spawn and
 * join, a mutex, a condition variable, a barrier. Only one thread at a time may use the C library.
 */
#ifndef GUESTS_THREAD_H
#define GUESTS_THREAD_H

#include <stdint.h>

#define THREADS_MAX 64

/* Starts function(arg) in a new thread. Returns its number, from 0 on, or -1: there are no more. */
int thread_spawn(void (*function)(void *), void *arg);

/* Waits until the thread has returned; its number may be used again. */
void thread_join(int number);

/* The number that the runtime gave the running thread; 0: the main one. */
int thread_id(void);

struct mutex {
	_Atomic uint32_t state; /* 0 free, 1 taken, 2 taken and somebody may wait */
};

void mutex_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);

struct condition {
	_Atomic uint32_t sequence;
};

void condition_wait(struct condition *c, struct mutex *m);
void condition_signal(struct condition *c);
void condition_broadcast(struct condition *c);

struct barrier {
	_Atomic uint32_t waiting;
	_Atomic uint32_t round;
	uint32_t count;
};

void barrier_wait(struct barrier *b);

/* Results of memory.atomic.wait32. */
enum { WAIT_WOKEN, WAIT_NOT_EQUAL, WAIT_TIMED_OUT };

/* timeout in nanoseconds; below zero: none. */
int futex_wait(_Atomic uint32_t *p, uint32_t expected, int64_t timeout);
/* Returns how many were woken. */
uint32_t futex_wake(_Atomic uint32_t *p, uint32_t count);

#endif
