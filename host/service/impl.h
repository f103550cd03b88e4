/*
 * What the files of the service share: the request being carried out, the table of open files, and
 * one handler per call. Not for others.
 */
#ifndef HOST_SERVICE_IMPL_H
#define HOST_SERVICE_IMPL_H

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "host/service/service.h"

/* An open file of the program. Lives while its handle or a running call refers to it. */
struct service_file {
	int fd;
	uint32_t refs;	/* under host_service.lock */
	bool borrowed;	/* a standard stream: never closed here */
	bool read_only; /* of a read-only mount: nothing may change through it */
	bool stream;	/* reads and writes wait by poll: streams, pipes, devices */
	bool listens;	/* a socket that connections come to */
	bool connected; /* such a connection */
	bool leased;	/* a directory whose files are opened with a lease, and nothing else */
	bool search;	/* a directory that may be searched but not read: opened with O_PATH */
	bool may_read;	/* standard streams go one way, whatever the descriptor allows */
	bool may_write;
	void *map;	      /* of a volume: the file, for reading; NULL: it could not be mapped */
	uint64_t map_size;    /* 0: no volume's file */
	uint64_t idle_ns;     /* the longest that one call waits to read; 0: no limit */
	atomic_bool nonblock; /* of a stream: answer HOST_AGAIN instead of waiting */
};

/* A name out of a request: one path component, terminated. */
struct service_name {
	char text[HOST_NAME_SIZE_MAX + 1];
};

/*
 * One request, copied and checked against its shape. `data` is the slot's data part: shared and
 * changing, so it is handed to the kernel or copied once by service_copy_in, never read here twice.
 */
struct service_job {
	struct host_service *service;
	uint32_t thread; /* whose slot it is */
	struct call_request request;
	uint8_t *data;
	uint64_t value;	   /* of the reply */
	uint32_t out_size; /* of the reply */
};

/* A handler checks the meaning of its arguments and acts. File calls get the file of arg 0. */
typedef enum host_errno service_handler(struct service_job *job, struct service_file *file);

/* errno of the system, as the closed list names it; what is not in it is HOST_IO. */
enum host_errno service_errno(int error);
/* The same for a result that is -1 with errno, or else success. */
enum host_errno service_result(long result);

/* Copies n bytes that another thread may be changing; each is read once. */
void service_copy_in(void *dst, const volatile void *src, size_t n);

/* Takes a reference; NULL when the handle is not open. Give it back by service_file_put. */
struct service_file *service_file_get(struct host_service *s, uint64_t handle);
void service_file_put(struct host_service *s, struct service_file *file);
/* HOST_MFILE when no further file may be open. */
enum host_errno service_file_room(struct host_service *s);
/* A copy of *file under the lowest free handle; it owns the descriptor, which an error closes. */
enum host_errno service_file_add(struct host_service *s, const struct service_file *file,
				 uint64_t *handle);
/* Puts a file at a reserved handle; only at the start. */
MUST_USE enum err service_file_place(struct host_service *s, uint32_t handle,
				     const struct service_file *file);
/* Forgets the handle (below HOST_HANDLES_MAX); the file is closed when the last running call gives
 * it back. HOST_BADF when another thread was quicker. */
enum host_errno service_file_close(struct host_service *s, uint64_t handle);

/*
 * A volume's file becomes memory of this process, read-only, with address space for it to grow: file->map and
 * file->map_size. Without room for that, map is NULL. Before the program starts: no file is mapped later.
 */
void service_map_file(struct service_file *file);
void service_unmap_file(const struct service_file *file);

/* Takes `bytes` of a limited supply (limit 0: unlimited); false when it is used up. */
MUST_USE bool service_take(_Atomic uint64_t *used, uint64_t bytes, uint64_t limit);
/* Gives back what was taken and not used. */
void service_give(_Atomic uint64_t *used, uint64_t bytes, uint64_t limit);

/*
 * Waits until the file is ready for `events` (POLLIN or POLLOUT). HOST_AGAIN at once for a file in
 * non-blocking mode, HOST_INTR when interrupted, HOST_TIMEDOUT when it took longer than this file may.
 */
enum host_errno service_wait(struct host_service *s, const struct service_file *file, short events);

/* The name that stands at [off, off + size) of the input, or HOST_INVAL, HOST_NAMETOOLONG. */
enum host_errno service_name_take(const struct service_job *job, size_t off, size_t size,
				  struct service_name *name);

/* The output of STAT and STAT_AT. */
void service_stat_write(struct service_job *job, const struct stat *st);
enum host_file_type service_type_of_mode(mode_t mode);

/* Nanoseconds, clamped to 0 .. INT64_MAX. */
uint64_t service_nanoseconds(struct timespec t);

/* Arguments 1 to 3 of SET_TIMES as utimensat takes them. */
enum host_errno service_times(const struct service_job *job, struct timespec times[2]);

/* Handlers, by file. */
service_handler service_do_prefault, service_do_protect_code, service_do_restrict;
service_handler service_do_clock, service_do_clock_res, service_do_poll, service_do_yield;
service_handler service_do_open, service_do_close, service_do_read, service_do_write;
service_handler service_do_pread, service_do_pwrite, service_do_stat, service_do_set_size;
service_handler service_do_set_times, service_do_sync, service_do_allocate, service_do_set_flags;
service_handler service_do_readdir, service_do_stat_at, service_do_set_times_at, service_do_mkdir;
service_handler service_do_unlink, service_do_rename, service_do_link, service_do_symlink;
service_handler service_do_readlink, service_do_park, service_do_unpark, service_do_thread_start;
service_handler service_do_interrupt, service_do_accept, service_do_recv, service_do_shutdown;
service_handler service_do_quote_target, service_do_quote, service_do_map, service_do_ahead;

#endif
