/*
 * The threads of the process that run one enclave: the caller's for the program's first thread, one
 * more for each that the program starts, and one for the end of a timeout or an interrupt. Each has
 * its own loop of entries, exits, host calls and exceptions; when one of them ends the run, all are
 * brought out, whatever they do.
 */
#ifndef HOST_THREADS_H
#define HOST_THREADS_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/cc.h"
#include "base/err.h"
#include "host/base/park.h"
#include "host/loader.h"
#include "host/service/service.h"
#include "host/shared_area.h"

/* How long a program that was told to end may take, before its run is given up. */
#define THREADS_GRACE_NS 1000000000u

struct threads_config {
	struct device *device;
	const struct enclave *enclave;
	const struct shared_area *area;
	struct host_service *service; /* made with threads_start and the struct threads */
	uint32_t max_threads; /* at once, the first included; 0: as many as the enclave has */
	uint64_t timeout_ns;  /* 0: none */
	bool handle_sigint;   /* between interrupt_begin and interrupt_end (host/interrupt.h) */
};

struct threads_thread {
	struct threads *all;
	uint32_t number;
	pthread_t id;
	bool made;   /* id is a thread, to be joined (but the caller's) */
	bool wanted; /* it is to enter */
	bool busy;   /* inside, or serving a call of its own */
	bool left;   /* enters no more */
};

/* Zeroed before the service is made; then threads_run. */
struct threads {
	struct threads_config config;
	struct threads_thread thread[LOADER_THREADS_MAX];
	uint32_t guest_count;	/* the last thread of the enclave is kept for ENTER_INTERRUPT */
	pthread_mutex_t lock;	/* made, wanted, busy, left, and the end */
	pthread_cond_t changed; /* each change of these */
	atomic_bool ending;
	struct park_token guard; /* what the guard waits for */
	atomic_bool guarded;	 /* the guard is there: a program can be told to end */
	atomic_bool interrupted; /* SIGINT ended the run */
	atomic_bool finished;	 /* the program ended all the same: its result stands in the slot */
	enum err err;
	char why[256];
};

/*
 * Runs the program to its end, on the calling thread and others, blocking; no thread is inside after
 * it. E_OK: the program ended (its result stands in the slot of thread 0), or threads->interrupted.
 * Otherwise threads->why says why there is no result.
 */
MUST_USE enum err threads_run(struct threads *threads, const struct threads_config *config);

/* The service's start_thread; context is the struct threads. */
enum host_errno threads_start(void *context, uint32_t thread);

#endif
