/*
 * The limits that the retwine command puts on its own process for the time of a run: a list of system
 * calls, enforced by the kernel (seccomp). libretwine never does this: a process that embeds it has
 * system calls of its own.
 */
#ifndef CLI_SANDBOX_H
#define CLI_SANDBOX_H

#include "base/cc.h"

enum sandbox_kind {
	SANDBOX_RUN,	   /* a program that may have directories and listening sockets */
	SANDBOX_DELIVERED, /* one that has neither: nothing is opened and nobody accepted */
	SANDBOX_VOLUMES,   /* such a one that may have volumes: files of their directory are opened */
};

/*
 * From here on every thread of the process makes the system calls of a run and no other, for good. One
 * that is not allowed ends the process with a message and STATUS_REFUSED; with a status file, its
 * descriptor is status_fd (else -1). 0, or an errno: then nothing has changed but no_new_privs.
 */
MUST_USE int sandbox_enter(enum sandbox_kind kind, int status_fd);

#endif
