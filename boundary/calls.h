/*
 * The host calls: numbers, records that travel in the data part, and the reply rule of each. The
 * table boundary/calls.def is the single description: the enclave's stubs check replies by it
 * (hostcall/), the host's service dispatches by it (host/), the tests lie by it.
 */
#ifndef BOUNDARY_CALLS_H
#define BOUNDARY_CALLS_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

enum host_call {
	HOST_CALL_NONE,
#define HOST_CALL(name, number, value_rule, data_rule) HOST_CALL_##name = number,
#include "boundary/calls.def"
#undef HOST_CALL
	HOST_CALL_END
};

/* What the reply's value may be. */
enum value_rule {
	VALUE_NONE,   /* 0 */
	VALUE_COUNT,  /* at most the bytes of input, or for POLL the number of subscriptions */
	VALUE_HANDLE, /* below HOST_HANDLES_MAX */
	VALUE_SIGNED, /* at most INT64_MAX: sizes, times */
	VALUE_FLAG,   /* 0 or 1 */
};

/* What the reply's output may be. */
enum data_rule {
	DATA_NONE,  /* no byte */
	DATA_UP_TO, /* at most out_max */
	DATA_EXACT, /* exactly out_max */
};

/* Errors that a host may answer with: a closed list, numbered as WASI preview1 does. */
enum host_errno {
#define HOST_ERRNO(name, number) HOST_##name = number,
#include "boundary/errno.def"
#undef HOST_ERRNO
};

#define HOST_HANDLES_MAX   4096
#define HOST_NAME_SIZE_MAX 255	/* bytes of one path component */
#define HOST_LINK_MAX	   4095 /* bytes of a symlink's target */

/* Handles that exist from the start: standard streams, then the mounts in launch record order, then
 * the sockets that listen, then the files that volumes need besides. A mount is a directory, or a volume's file. */
#define HOST_HANDLE_STDIN  0
#define HOST_HANDLE_STDOUT 1
#define HOST_HANDLE_STDERR 2
#define HOST_HANDLE_MOUNTS 3

enum host_file_type {
	HOST_TYPE_UNKNOWN,
	HOST_TYPE_FILE,
	HOST_TYPE_DIR,
	HOST_TYPE_LINK,
	HOST_TYPE_CHAR,
	HOST_TYPE_BLOCK,
	HOST_TYPE_FIFO,
	HOST_TYPE_SOCKET,
	HOST_TYPE_END
};

struct host_stat {
	uint64_t dev;
	uint64_t ino;
	uint64_t nlink;
	uint64_t size;	/* at most INT64_MAX */
	uint64_t atime; /* ns since 1970, at most INT64_MAX */
	uint64_t mtime;
	uint64_t ctime;
	uint32_t type; /* enum host_file_type */
	uint32_t reserved;
};
static_assert(sizeof(struct host_stat) == 64, "host stat");

/* READDIR output: entries, each padded with zeros to a multiple of 8 bytes; the name follows. An
 * empty output is the end. Names "." and ".." are among them. */
struct host_dirent {
	uint64_t ino;
	uint64_t next;	    /* cookie of the entry that follows */
	uint32_t type;	    /* enum host_file_type */
	uint32_t name_size; /* 1 .. HOST_NAME_SIZE_MAX */
};
static_assert(sizeof(struct host_dirent) == 24, "host dirent");

/* POLL: input is an array of these, output the same array with `ready` and `bytes` filled in. */
struct host_poll {
	uint32_t handle;
	uint32_t want;	/* HOST_POLL_* */
	uint32_t ready; /* subset of want, and HOST_POLL_HANGUP */
	uint32_t error; /* enum host_errno */
	uint64_t bytes; /* ready to be read, at most INT64_MAX */
};
static_assert(sizeof(struct host_poll) == 24, "host poll");

#define HOST_POLL_READ	  1u
#define HOST_POLL_WRITE	  2u
#define HOST_POLL_HANGUP  4u
#define HOST_POLL_FOREVER UINT64_MAX

/* MAP: host memory that shows the file from its start, read-only, with room to grow. Both are whole pages. What lies
 * beyond the file's end is not there. */
struct host_map {
	uint64_t address;
	uint64_t size; /* 1 .. HOST_MAP_MAX */
};
static_assert(sizeof(struct host_map) == 16, "host map");

#define HOST_MAP_MAX  ((uint64_t)1 << 40)
#define HOST_MAP_PAGE 4096u
#define HOST_MAP_END  ((uint64_t)1 << 47) /* of the addresses that a process has */

/* PARK's timeout. */
#define HOST_PARK_FOREVER UINT64_MAX

/* OPEN flags. Symlinks are never followed: one as the last component gives HOST_LOOP. */
#define HOST_OPEN_READ	   0x01u
#define HOST_OPEN_WRITE	   0x02u
#define HOST_OPEN_CREATE   0x04u
#define HOST_OPEN_EXCL	   0x08u
#define HOST_OPEN_TRUNC	   0x10u
#define HOST_OPEN_DIR	   0x20u /* must be a directory: HOST_NOTDIR otherwise */
#define HOST_OPEN_APPEND   0x40u
#define HOST_OPEN_NONBLOCK 0x80u
#define HOST_OPEN_DSYNC	   0x100u
#define HOST_OPEN_SYNC	   0x200u

/* RECV flags. WAITALL: not before all that was asked for is there, or the end. */
#define HOST_RECV_PEEK	  1u
#define HOST_RECV_WAITALL 2u

/* SHUTDOWN, as WASI's sdflags. */
#define HOST_SHUTDOWN_READ  1u
#define HOST_SHUTDOWN_WRITE 2u

/* QUOTE_TARGET, QUOTE: a TARGETINFO and a REPORT of SGX, and the largest quote that is asked for. */
#define HOST_QUOTE_TARGET_SIZE 512u
#define HOST_QUOTE_REPORT_SIZE 432u
#define HOST_QUOTE_MAX	       32768u

/* SET_TIMES flags, as WASI's fstflags. */
#define HOST_TIME_ATIM	   1u
#define HOST_TIME_ATIM_NOW 2u
#define HOST_TIME_MTIM	   4u
#define HOST_TIME_MTIM_NOW 8u

/* CLOCK ids, as WASI's. */
#define HOST_CLOCK_REALTIME  0u
#define HOST_CLOCK_MONOTONIC 1u
#define HOST_CLOCK_PROCESS   2u
#define HOST_CLOCK_THREAD    3u

/* UNLINK kinds. */
#define HOST_UNLINK_FILE 0u
#define HOST_UNLINK_DIR	 1u

#endif
