/*
 * The descriptor table: small numbers for open files, directories and streams. A descriptor holds
 * what belongs to one opening: position, flags, rights.
 */
#ifndef WASI_TABLE_H
#define WASI_TABLE_H

#include "wasi/wasi.h"

#define WASI_ACCESS_READ  1u
#define WASI_ACCESS_WRITE 2u

/* All that makes sense for a directory, a file, a stream. */
#define WASI_RIGHTS_DIR                                                                            \
	(WASI_RIGHT_PATH_CREATE_DIRECTORY | WASI_RIGHT_PATH_CREATE_FILE |                          \
	 WASI_RIGHT_PATH_LINK_SOURCE | WASI_RIGHT_PATH_LINK_TARGET | WASI_RIGHT_PATH_OPEN |        \
	 WASI_RIGHT_FD_READDIR | WASI_RIGHT_PATH_READLINK | WASI_RIGHT_PATH_RENAME_SOURCE |        \
	 WASI_RIGHT_PATH_RENAME_TARGET | WASI_RIGHT_PATH_SYMLINK |                                 \
	 WASI_RIGHT_PATH_REMOVE_DIRECTORY | WASI_RIGHT_PATH_UNLINK_FILE |                          \
	 WASI_RIGHT_PATH_FILESTAT_GET | WASI_RIGHT_PATH_FILESTAT_SET_SIZE |                        \
	 WASI_RIGHT_PATH_FILESTAT_SET_TIMES | WASI_RIGHT_FD_FILESTAT_GET |                         \
	 WASI_RIGHT_FD_FILESTAT_SET_TIMES)
#define WASI_RIGHTS_STREAM                                                                         \
	(WASI_RIGHT_FD_READ | WASI_RIGHT_FD_WRITE | WASI_RIGHT_FD_FDSTAT_SET_FLAGS |               \
	 WASI_RIGHT_FD_DATASYNC | WASI_RIGHT_FD_SYNC | WASI_RIGHT_FD_FILESTAT_GET |                \
	 WASI_RIGHT_POLL_FD_READWRITE)
#define WASI_RIGHTS_SOCKET (WASI_RIGHTS_STREAM | WASI_RIGHT_SOCK_SHUTDOWN | WASI_RIGHT_SOCK_ACCEPT)
#define WASI_RIGHTS_FILE                                                                           \
	(WASI_RIGHTS_STREAM | WASI_RIGHT_FD_SEEK | WASI_RIGHT_FD_TELL | WASI_RIGHT_FD_ADVISE |     \
	 WASI_RIGHT_FD_ALLOCATE | WASI_RIGHT_FD_FILESTAT_SET_SIZE |                                \
	 WASI_RIGHT_FD_FILESTAT_SET_TIMES)
#define WASI_RIGHTS_ALL (WASI_RIGHTS_DIR | WASI_RIGHTS_FILE)

struct wasi_descriptor {
	_Atomic uint32_t refs;
	struct fs_node *node;		/* a reference */
	const struct wasi_mount *mount; /* a preopened directory; else NULL */
	uint8_t access;			/* WASI_ACCESS_*: how it was opened */
	_Atomic uint64_t rights;	/* changed by wasi_table_limit_rights alone */
	_Atomic uint64_t rights_inheriting;
	struct mutex lock; /* of what follows; held over host calls, but never for a stream's */
	uint64_t off;	   /* where fd_read and fd_write go on */
	bool off_at_end;   /* it appended: off is the size, not yet asked for */
	uint16_t flags;	   /* WASI_FD_* */
};

/* A descriptor over `node` (takes the reference over, also on NOMEM), with the rights among
 * `inherited` that fit the node's type and access. */
MUST_USE enum wasi_errno wasi_descriptor_new(struct wasi_descriptor **d, struct fs_node *node,
					     uint8_t access, uint64_t inherited);
void wasi_descriptor_put(struct wasi_descriptor *d);

/* Gives it the lowest free number and takes the reference over, also on failure: MFILE, NOMEM. */
MUST_USE enum wasi_errno wasi_table_add(struct wasi *wasi, struct wasi_descriptor *d, uint32_t *fd);

/* A reference to the descriptor: BADF when there is none, NOTCAPABLE when it lacks one of `rights`.
 */
MUST_USE enum wasi_errno wasi_table_get(struct wasi *wasi, uint32_t fd, uint64_t rights,
					struct wasi_descriptor **d);
/* The same; BADF for a directory as well. */
MUST_USE enum wasi_errno wasi_table_get_file(struct wasi *wasi, uint32_t fd, uint64_t rights,
					     struct wasi_descriptor **d);
/* The same; BADF for a directory, SPIPE for a stream. */
MUST_USE enum wasi_errno wasi_table_get_seekable(struct wasi *wasi, uint32_t fd, uint64_t rights,
						 struct wasi_descriptor **d);
/* The same; NOTSOCK for everything but a socket. */
MUST_USE enum wasi_errno wasi_table_get_socket(struct wasi *wasi, uint32_t fd, uint64_t rights,
					       struct wasi_descriptor **d);
/* The same; NOTDIR for everything but a directory. */
MUST_USE enum wasi_errno wasi_table_get_dir(struct wasi *wasi, uint32_t fd, uint64_t rights,
					    struct wasi_descriptor **d);

/* Takes rights away for good. BADF; NOTCAPABLE: one of these is not there any more. */
MUST_USE enum wasi_errno wasi_table_limit_rights(struct wasi *wasi, uint32_t fd, uint64_t rights,
						 uint64_t inheriting);

/* BADF; what fs_flush says: then it is closed all the same. */
MUST_USE enum wasi_errno wasi_table_remove(struct wasi *wasi, uint32_t fd);
/* Closes `to` and gives its number to `from`; BADF unless both are open; what fs_flush of `to` says:
 * then it is done all the same. */
MUST_USE enum wasi_errno wasi_table_renumber(struct wasi *wasi, uint32_t from, uint32_t to);

/* Closes all. */
void wasi_table_fini(struct wasi *wasi);

#endif
