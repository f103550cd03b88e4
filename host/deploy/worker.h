/*
 * The process that serves one client of `retwine serve` (host/deploy/serve_client.c): what it is told on its
 * command line, and what it has of us: the connection, our log, a few variables, and nothing else.
 */
#ifndef HOST_DEPLOY_WORKER_H
#define HOST_DEPLOY_WORKER_H

#include <sys/types.h>

#include "base/cc.h"
#include "host/deploy/hello.h"

#define WORKER_WORDS_MAX 64u /* of its command, without what is added */

struct worker_order {
	const char *const *command; /* the program and its first words; at most WORKER_WORDS_MAX, then NULL */
	const struct hello *hello;
	uint64_t timeout_ns; /* 0: none */
	unsigned long client;
	const char *name; /* where it comes from; at most SOCKET_NAME_MAX bytes */
	int connection;
};

/* Starts it. Returns 0, or what errno would be. */
MUST_USE int worker_start(pid_t *pid, const struct worker_order *order);

/* 2 * size lower-case digits and a final 0. */
void worker_hex(char *out, const uint8_t *bytes, size_t size);

#endif
