/*
 * The host-call service: carries out what the enclave asks for in a slot of the shared area. The
 * machine's owner trusts neither the program nor the enclave, so the request is copied in once,
 * checked completely, then acted upon; what the owner did not give (a path outside a mount, writing
 * to a read-only one, more than a limit) is refused here, whatever the enclave checked before.
 *
 * One service serves one enclave; service_call may run in several threads at once.
 */
#ifndef HOST_SERVICE_SERVICE_H
#define HOST_SERVICE_SERVICE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/cc.h"
#include "base/err.h"
#include "boundary/abi.h"
#include "boundary/calls.h"
#include "host/base/park.h"
#include "host/device/device.h"
#include "host/quoting/quoting.h"
#include "host/service/grants.h"

/*
 * Sees to it that a thread of the process enters the enclave on `thread` (1 .. thread_count - 1) with
 * ENTER_THREAD, after an earlier entry there has ended. HOST_AGAIN: it does not.
 */
typedef enum host_errno service_start_func(void *context, uint32_t thread);

struct service_config {
	int stream_fd[3]; /* standard streams; -1: the handle answers HOST_BADF */
	const struct service_mount *mounts;
	size_t mount_count;
	const int *listeners; /* sockets that listen: handles behind the mounts; copied (dup) */
	size_t listener_count;
	const struct service_mount
		*extras; /* regular files that are not mapped: handles behind these */
	size_t extra_count;
	const int *connection; /* of a delivery: a handle behind the listeners; copied (dup) */
	uint64_t connection_idle_ns; /* the longest that a RECV on it waits; 0: no limit */
	struct service_limits limits;
	struct device *device;	 /* for the memory calls; NULL: they answer HOST_NOTSUP */
	struct quoting *quoting; /* for quotes, not owned; NULL: they answer HOST_NOTSUP */
	uint32_t thread_count;	 /* of the enclave, at most SHARED_THREADS_MAX; 0 counts as 1 */
	service_start_func *start_thread; /* needed with more than one thread */
	void *start_context;
};

struct service_stats {
	uint64_t calls[HOST_CALL_END]; /* by enum host_call; [HOST_CALL_NONE]: unknown numbers */
	uint64_t refused;	       /* requests outside the protocol */
	uint64_t bytes_in;	       /* output of replies: host to enclave */
	uint64_t bytes_out;	       /* input of requests: enclave to host */
};

struct service_file;

#define SERVICE_DIR_BATCH 32768

/* Why waiting calls end with HOST_INTR. */
#define SERVICE_INTERRUPTED_BY_OWNER   1u
#define SERVICE_INTERRUPTED_BY_PROGRAM 2u

/* Zeroed is safe to fini. About 65 KiB. */
struct host_service {
	struct service_file *files[HOST_HANDLES_MAX];
	uint32_t reserved_handles; /* streams and mounts: their numbers are never given again */
	uint32_t open_handles;
	pthread_mutex_t lock;	     /* files, open_handles, the reference counts */
	pthread_mutex_t dir_lock;    /* the read position of directories, and dir_batch */
	pthread_mutex_t stream_lock; /* between a look at a standard stream and its use */
	bool ready;		     /* the locks exist */
	int wake_fd;		     /* eventfd: readable once interrupted */
	atomic_uint interrupted;     /* SERVICE_INTERRUPTED_* */
	atomic_bool stopped;
	uint32_t thread_count;
	service_start_func *start_thread;
	void *start_context;
	struct park_token tokens[SHARED_THREADS_MAX];
	struct service_limits limits;
	_Atomic uint64_t disk_used;
	_Atomic uint64_t memory_used;
	struct device *device;
	struct quoting *quoting;
	uint8_t *
		granted; /* under lock: a bit for each page of ELRANGE; NULL: memory has no limit */
	_Atomic uint64_t calls[HOST_CALL_END];
	_Atomic uint64_t refused;
	_Atomic uint64_t bytes_in;
	_Atomic uint64_t bytes_out;
	ALIGNED(8) uint8_t dir_batch[SERVICE_DIR_BATCH]; /* what the kernel says of a directory */
};

/*
 * To be called before the process opens anything else: puts /dev/null where a standard stream is
 * closed, so that no later file takes its number, and sets fd[i] to i, or to -1 where it was
 * closed. E_NOT_FOUND when /dev/null cannot be opened.
 */
MUST_USE enum err service_streams_reserve(int fd[3]);

/*
 * Takes copies (dup) of the descriptors of mounts, listeners and connection; the streams stay the process's and are
 * never closed here. E_INVALID: more of them than handles, or a mount that is no directory (no regular file); E_NOMEM: no
 * memory or no descriptor left. On an error nothing is kept.
 */
MUST_USE enum err service_init(struct host_service *s, const struct service_config *config);

/* The handle of config.connection; both numbers as service_init takes them. */
static inline uint32_t service_connection_handle(size_t mount_count, size_t listener_count)
{
	return HOST_HANDLE_MOUNTS + (uint32_t)(mount_count + listener_count);
}

/*
 * Carries out the request of thread `thread` (below thread_count) at slot[SLOT_REQUEST_OFF] and
 * writes the reply. slot: SHARED_SLOT_SIZE bytes, 8-aligned, untrusted and perhaps changing
 * meanwhile. A request outside the protocol is answered with HOST_INVAL (an unknown call:
 * HOST_NOSYS) and counted. Wants SIGPIPE ignored.
 */
void service_call(struct host_service *s, uint32_t thread, void *slot);

/*
 * From a signal handler or another thread: calls that wait (READ, WRITE and POLL on what is not
 * ready) end with HOST_INTR, those that are waiting now and all later ones.
 */
void service_interrupt(struct host_service *s);

/* service_interrupt for PARK too, and no thread is started any more: the run is over. */
void service_stop(struct host_service *s);

void service_stats_get(struct host_service *s, struct service_stats *out);

/* The call's name in lower case ("set_times_at"), for reports; NULL for an unknown number. */
const char *service_call_name(uint32_t call);

/* Closes what the program left open. No thread may be in service_call. */
void service_fini(struct host_service *s);

#endif
