/*
 * Nodes that live outside: a directory of the untrusted host with what is below it, and the
 * standard streams. Content, names, sizes and times are the host's word; what is guaranteed is only
 * that nothing outside the mount's directory is ever asked for, and that answers have a sane form.
 *
 * Small reads and writes of a file one after the other become few host calls (wasi/fs_host_file.c).
 * What was written goes out when the buffer is full, and before it could be missed: at a sync, a
 * close, a look at the file by whatever name or descriptor, a rename, before the program waits, and
 * at its end. What was read ahead is given out only to who reads on, once.
 */
#ifndef WASI_FS_HOST_H
#define WASI_FS_HOST_H

#include "base/mutex.h"
#include "wasi/fs.h"

#define FS_HOST_BUFFER_SIZE 131072u
#define FS_HOST_BUFFERS_MAX 64u /* at once; beyond, files are read and written without */
#define FS_HOST_SPARES	    4u

struct host_file;

/* What the nodes of all the host's mounts share. Zeroed is ready. */
struct fs_host {
	struct mutex lock; /* of the list; before any file's own */
	struct host_file *files;
	_Atomic uint32_t dirty;	  /* files with bytes that are to go out */
	struct mutex buffer_lock; /* of what follows; the last to be taken */
	uint32_t buffers;	  /* in use */
	uint32_t spares;
	uint8_t *spare[FS_HOST_SPARES];
};

/* After the last node is closed. */
void fs_host_fini(struct fs_host *host);

/* What was written to any file goes out. An error stays with its file, whose next write, sync or close
 * reports it. */
void fs_host_flush_all(struct fs_host *host);

/* The root directory of a mount, or NOMEM: then the handle, which it owns, is closed. */
MUST_USE enum wasi_errno fs_host_root(struct fs_host *host, uint32_t handle, struct fs_node **node);

/* A standard stream. Its type is asked for when somebody wants to know. */
MUST_USE enum wasi_errno fs_host_stream(struct fs_host *host, uint32_t handle,
					struct fs_node **node);

/* A socket that listens. It owns the handle, which on NOMEM is closed. */
MUST_USE enum wasi_errno fs_host_listener(struct fs_host *host, uint32_t handle,
					  struct fs_node **node);

#endif
