/*
 * WASI preview1 as it stands in the guest's memory: numbers, flags and records, little-endian, from
 * the witx of snapshot preview1. Records are copied in and out whole; padding is named so that it
 * is zero on the way out.
 */
#ifndef WASI_ABI_H
#define WASI_ABI_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* $errno, in witx order. */
enum wasi_errno {
	WASI_SUCCESS,
	WASI_2BIG,
	WASI_ACCES,
	WASI_ADDRINUSE,
	WASI_ADDRNOTAVAIL,
	WASI_AFNOSUPPORT,
	WASI_AGAIN,
	WASI_ALREADY,
	WASI_BADF,
	WASI_BADMSG,
	WASI_BUSY,
	WASI_CANCELED,
	WASI_CHILD,
	WASI_CONNABORTED,
	WASI_CONNREFUSED,
	WASI_CONNRESET,
	WASI_DEADLK,
	WASI_DESTADDRREQ,
	WASI_DOM,
	WASI_DQUOT,
	WASI_EXIST,
	WASI_FAULT,
	WASI_FBIG,
	WASI_HOSTUNREACH,
	WASI_IDRM,
	WASI_ILSEQ,
	WASI_INPROGRESS,
	WASI_INTR,
	WASI_INVAL,
	WASI_IO,
	WASI_ISCONN,
	WASI_ISDIR,
	WASI_LOOP,
	WASI_MFILE,
	WASI_MLINK,
	WASI_MSGSIZE,
	WASI_MULTIHOP,
	WASI_NAMETOOLONG,
	WASI_NETDOWN,
	WASI_NETRESET,
	WASI_NETUNREACH,
	WASI_NFILE,
	WASI_NOBUFS,
	WASI_NODEV,
	WASI_NOENT,
	WASI_NOEXEC,
	WASI_NOLCK,
	WASI_NOLINK,
	WASI_NOMEM,
	WASI_NOMSG,
	WASI_NOPROTOOPT,
	WASI_NOSPC,
	WASI_NOSYS,
	WASI_NOTCONN,
	WASI_NOTDIR,
	WASI_NOTEMPTY,
	WASI_NOTRECOVERABLE,
	WASI_NOTSOCK,
	WASI_NOTSUP,
	WASI_NOTTY,
	WASI_NXIO,
	WASI_OVERFLOW,
	WASI_OWNERDEAD,
	WASI_PERM,
	WASI_PIPE,
	WASI_PROTO,
	WASI_PROTONOSUPPORT,
	WASI_PROTOTYPE,
	WASI_RANGE,
	WASI_ROFS,
	WASI_SPIPE,
	WASI_SRCH,
	WASI_STALE,
	WASI_TIMEDOUT,
	WASI_TXTBSY,
	WASI_XDEV,
	WASI_NOTCAPABLE,
	WASI_ERRNO_END
};
static_assert(WASI_NOTCAPABLE == 76, "errno order");

/* $rights */
#define WASI_RIGHT_FD_DATASYNC		   (UINT64_C(1) << 0)
#define WASI_RIGHT_FD_READ		   (UINT64_C(1) << 1)
#define WASI_RIGHT_FD_SEEK		   (UINT64_C(1) << 2)
#define WASI_RIGHT_FD_FDSTAT_SET_FLAGS	   (UINT64_C(1) << 3)
#define WASI_RIGHT_FD_SYNC		   (UINT64_C(1) << 4)
#define WASI_RIGHT_FD_TELL		   (UINT64_C(1) << 5)
#define WASI_RIGHT_FD_WRITE		   (UINT64_C(1) << 6)
#define WASI_RIGHT_FD_ADVISE		   (UINT64_C(1) << 7)
#define WASI_RIGHT_FD_ALLOCATE		   (UINT64_C(1) << 8)
#define WASI_RIGHT_PATH_CREATE_DIRECTORY   (UINT64_C(1) << 9)
#define WASI_RIGHT_PATH_CREATE_FILE	   (UINT64_C(1) << 10)
#define WASI_RIGHT_PATH_LINK_SOURCE	   (UINT64_C(1) << 11)
#define WASI_RIGHT_PATH_LINK_TARGET	   (UINT64_C(1) << 12)
#define WASI_RIGHT_PATH_OPEN		   (UINT64_C(1) << 13)
#define WASI_RIGHT_FD_READDIR		   (UINT64_C(1) << 14)
#define WASI_RIGHT_PATH_READLINK	   (UINT64_C(1) << 15)
#define WASI_RIGHT_PATH_RENAME_SOURCE	   (UINT64_C(1) << 16)
#define WASI_RIGHT_PATH_RENAME_TARGET	   (UINT64_C(1) << 17)
#define WASI_RIGHT_PATH_FILESTAT_GET	   (UINT64_C(1) << 18)
#define WASI_RIGHT_PATH_FILESTAT_SET_SIZE  (UINT64_C(1) << 19)
#define WASI_RIGHT_PATH_FILESTAT_SET_TIMES (UINT64_C(1) << 20)
#define WASI_RIGHT_FD_FILESTAT_GET	   (UINT64_C(1) << 21)
#define WASI_RIGHT_FD_FILESTAT_SET_SIZE	   (UINT64_C(1) << 22)
#define WASI_RIGHT_FD_FILESTAT_SET_TIMES   (UINT64_C(1) << 23)
#define WASI_RIGHT_PATH_SYMLINK		   (UINT64_C(1) << 24)
#define WASI_RIGHT_PATH_REMOVE_DIRECTORY   (UINT64_C(1) << 25)
#define WASI_RIGHT_PATH_UNLINK_FILE	   (UINT64_C(1) << 26)
#define WASI_RIGHT_POLL_FD_READWRITE	   (UINT64_C(1) << 27)
#define WASI_RIGHT_SOCK_SHUTDOWN	   (UINT64_C(1) << 28)
#define WASI_RIGHT_SOCK_ACCEPT		   (UINT64_C(1) << 29)

/* $filetype */
enum wasi_filetype {
	WASI_TYPE_UNKNOWN,
	WASI_TYPE_BLOCK,
	WASI_TYPE_CHAR,
	WASI_TYPE_DIR,
	WASI_TYPE_FILE,
	WASI_TYPE_SOCKET_DGRAM,
	WASI_TYPE_SOCKET_STREAM,
	WASI_TYPE_LINK
};

/* $whence */
enum wasi_whence { WASI_WHENCE_SET, WASI_WHENCE_CUR, WASI_WHENCE_END };

/* $clockid */
enum wasi_clock {
	WASI_CLOCK_REALTIME,
	WASI_CLOCK_MONOTONIC,
	WASI_CLOCK_PROCESS,
	WASI_CLOCK_THREAD,
	WASI_CLOCK_END
};

#define WASI_ADVICE_LAST 5u /* $advice: normal .. noreuse */

#define WASI_LOOKUP_FOLLOW 1u /* $lookupflags */

/* $oflags */
#define WASI_OPEN_CREATE    1u
#define WASI_OPEN_DIRECTORY 2u
#define WASI_OPEN_EXCL	    4u
#define WASI_OPEN_TRUNC	    8u
#define WASI_OPEN_ALL	    15u

/* $fdflags */
#define WASI_FD_APPEND	 1u
#define WASI_FD_DSYNC	 2u
#define WASI_FD_NONBLOCK 4u
#define WASI_FD_RSYNC	 8u
#define WASI_FD_SYNC	 16u
#define WASI_FD_ALL	 31u

/* $fstflags */
#define WASI_TIME_ATIM	   1u
#define WASI_TIME_ATIM_NOW 2u
#define WASI_TIME_MTIM	   4u
#define WASI_TIME_MTIM_NOW 8u
#define WASI_TIME_ALL	   15u

/* $eventtype, $eventrwflags, $subclockflags */
enum wasi_event_type { WASI_EVENT_CLOCK, WASI_EVENT_FD_READ, WASI_EVENT_FD_WRITE };
#define WASI_EVENT_HANGUP  1u
#define WASI_CLOCK_ABSTIME 1u

#define WASI_PREOPEN_DIR 0u /* $preopentype */

/* $riflags, $sdflags */
#define WASI_RECV_PEEK	    1u
#define WASI_RECV_WAITALL   2u
#define WASI_SHUTDOWN_READ  1u
#define WASI_SHUTDOWN_WRITE 2u

struct wasi_iovec {
	uint32_t buf;
	uint32_t size;
};
static_assert(sizeof(struct wasi_iovec) == 8, "iovec");

struct wasi_prestat {
	uint8_t tag; /* WASI_PREOPEN_DIR */
	uint8_t pad[3];
	uint32_t name_size;
};
static_assert(sizeof(struct wasi_prestat) == 8, "prestat");

struct wasi_fdstat {
	uint8_t type; /* enum wasi_filetype */
	uint8_t pad;
	uint16_t flags; /* WASI_FD_* */
	uint32_t pad2;
	uint64_t rights_base;
	uint64_t rights_inheriting;
};
static_assert(sizeof(struct wasi_fdstat) == 24, "fdstat");
static_assert(offsetof(struct wasi_fdstat, rights_base) == 8, "fdstat");

struct wasi_filestat {
	uint64_t dev;
	uint64_t ino;
	uint8_t type; /* enum wasi_filetype */
	uint8_t pad[7];
	uint64_t nlink;
	uint64_t size;
	uint64_t atim; /* ns since 1970 */
	uint64_t mtim;
	uint64_t ctim;
};
static_assert(sizeof(struct wasi_filestat) == 64, "filestat");
static_assert(offsetof(struct wasi_filestat, nlink) == 24, "filestat");

/* The name follows, not terminated. */
struct wasi_dirent {
	uint64_t next; /* cookie of the entry that follows */
	uint64_t ino;
	uint32_t name_size;
	uint8_t type; /* enum wasi_filetype */
	uint8_t pad[3];
};
static_assert(sizeof(struct wasi_dirent) == 24, "dirent");

struct wasi_subscription_clock {
	uint32_t id; /* enum wasi_clock */
	uint32_t pad;
	uint64_t timeout; /* ns */
	uint64_t precision;
	uint16_t flags; /* WASI_CLOCK_ABSTIME */
	uint8_t pad2[6];
};
static_assert(sizeof(struct wasi_subscription_clock) == 32, "subscription clock");

struct wasi_subscription {
	uint64_t userdata;
	uint8_t type; /* enum wasi_event_type */
	uint8_t pad[7];
	union {
		struct wasi_subscription_clock clock;
		uint32_t fd;
	} u;
};
static_assert(sizeof(struct wasi_subscription) == 48, "subscription");
static_assert(offsetof(struct wasi_subscription, u) == 16, "subscription");

struct wasi_event {
	uint64_t userdata;
	uint16_t error; /* enum wasi_errno */
	uint8_t type;	/* enum wasi_event_type */
	uint8_t pad[5];
	uint64_t bytes;
	uint16_t flags; /* WASI_EVENT_HANGUP */
	uint8_t pad2[6];
};
static_assert(sizeof(struct wasi_event) == 32, "event");
static_assert(offsetof(struct wasi_event, bytes) == 16, "event");

/* What differs in the older module wasi_unstable (snapshot 0). */
enum wasi_old_whence { WASI_OLD_WHENCE_CUR, WASI_OLD_WHENCE_END, WASI_OLD_WHENCE_SET };

struct wasi_old_filestat {
	uint64_t dev;
	uint64_t ino;
	uint8_t type; /* enum wasi_filetype */
	uint8_t pad[3];
	uint32_t nlink;
	uint64_t size;
	uint64_t atim; /* ns since 1970 */
	uint64_t mtim;
	uint64_t ctim;
};
static_assert(sizeof(struct wasi_old_filestat) == 56, "old filestat");
static_assert(offsetof(struct wasi_old_filestat, nlink) == 20, "old filestat");

struct wasi_old_subscription {
	uint64_t userdata;
	uint8_t type; /* enum wasi_event_type */
	uint8_t pad[7];
	union {
		struct {
			uint64_t identifier; /* means nothing */
			struct wasi_subscription_clock clock;
		} clock;
		uint32_t fd;
	} u;
};
static_assert(sizeof(struct wasi_old_subscription) == 56, "old subscription");
static_assert(offsetof(struct wasi_old_subscription, u.clock.clock) == 24, "old subscription");

#endif
