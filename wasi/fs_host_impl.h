/*
 * What the kinds of the host's nodes share: directories, files, streams. Not for others.
 */
#ifndef WASI_FS_HOST_IMPL_H
#define WASI_FS_HOST_IMPL_H

#include "wasi/fs_host.h"

/* First member of each kind's own node. */
struct host_node {
	struct fs_node node;
	struct fs_host *host;
	uint32_t handle; /* owned */
};

/* Where a listing can be taken up again. */
struct host_mark {
	uint64_t index;	 /* of an entry, counted from the first */
	uint64_t cookie; /* the host's, to ask for it */
};

/*
 * A directory's entries as the guest counts them: its cookies are small numbers, as programs that keep
 * them in 32 bits need. `batch` holds the entries from first up to after.
 */
struct host_list {
	struct mutex lock;
	uint8_t *batch;
	size_t size; /* bytes in it */
	uint64_t first;
	struct host_mark after;
	struct host_mark *marks; /* by rising index; the first is the start */
	size_t mark_count;
	size_t mark_room;
};

struct host_dir {
	struct host_node base;
	struct host_list list;
};

/* A node of this size over an open handle, which it owns from now on, also on NOMEM: then it is
 * closed. */
MUST_USE enum wasi_errno fs_host_node(struct fs_host *host, uint32_t handle, size_t size,
				      const struct fs_ops *ops, enum wasi_filetype type,
				      struct host_node **node);

uint32_t fs_host_handle(const struct fs_node *node);
struct fs_host *fs_host_of(const struct fs_node *node);
struct wasi_filestat fs_host_filestat(const struct host_stat *st);
enum wasi_filetype fs_host_type(uint32_t type);
/* The flags of an open file that the host must know. */
uint32_t fs_host_flags(uint32_t fdflags);

/* Operations on the handle alone. */
void fs_host_close(struct fs_node *node);
enum wasi_errno fs_host_stat(struct fs_node *node, struct wasi_filestat *st);
enum wasi_errno fs_host_set_flags(struct fs_node *node, uint32_t fdflags);
enum wasi_errno fs_host_sync(struct fs_node *node, bool data_only);
enum wasi_errno fs_host_set_times(struct fs_node *node, const struct fs_times *times);
enum wasi_errno fs_host_read(struct fs_node *node, void *buf, size_t size, uint64_t off,
			     size_t *done);
/* Writes all of it unless the host stops; FS_OFFSET_END: at the position that the host keeps. */
enum wasi_errno fs_host_write(struct fs_node *node, const void *buf, size_t size, uint64_t off,
			      size_t *done);

/* A stream over an open handle (wasi/stream.c), or a file that the host describes so
 * (wasi/fs_host_file.c); as fs_host_node. */
enum wasi_errno fs_host_stream_node(struct fs_host *host, uint32_t handle, enum wasi_filetype type,
				    struct fs_node **node);
enum wasi_errno fs_host_file_node(struct fs_host *host, uint32_t handle, const struct host_stat *st,
				  uint32_t flags, uint32_t fdflags, struct fs_node **node);

/* What streams do, for sockets as well. */
enum wasi_errno fs_host_stream_read(struct fs_node *node, void *buf, size_t size, uint64_t off,
				    size_t *done);
enum wasi_errno fs_host_stream_write(struct fs_node *node, const void *buf, size_t size,
				     uint64_t off, size_t *done);

/* What is known of a file by its name, as if everything written to it had gone out. */
void fs_host_stat_correct(struct fs_host *host, struct wasi_filestat *st);

/* Listing (wasi/fs_host_list.c). */
enum wasi_errno fs_host_list_read(struct host_dir *dir, uint64_t cookie,
				  struct fs_dirent_sink *sink);
void fs_host_list_fini(struct host_list *list);

#endif
