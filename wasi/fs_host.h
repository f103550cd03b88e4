/*
 * Nodes that live outside: a directory of the untrusted host with what is below it, and the
 * standard streams. Content, names, sizes and times are the host's word; what is guaranteed is only
 * that nothing outside the mount's directory is ever asked for, and that answers have a sane form.
 */
#ifndef WASI_FS_HOST_H
#define WASI_FS_HOST_H

#include "wasi/fs.h"

struct host_node {
	struct fs_node node;
	uint32_t handle; /* owned */
};

/* A node over an open handle, which it owns from now on, also when it fails (NOMEM: closed). Types
 * DIR, FILE and BLOCK have offsets; every other is a stream. */
MUST_USE enum wasi_errno fs_host_node(uint32_t handle, enum wasi_filetype type,
				      struct fs_node **node);

/* A standard stream. Its type is asked for when somebody wants to know. */
MUST_USE enum wasi_errno fs_host_stream(uint32_t handle, struct fs_node **node);

/* For the kinds of node that share the host's handles (wasi/stream.c). */
extern const struct fs_ops g_fs_stream_ops;
/* Writes all of it unless the host stops; FS_OFFSET_END: at the position that the host keeps. */
enum wasi_errno fs_host_write(struct fs_node *node, const void *buf, size_t size, uint64_t off,
			      size_t *done);
void fs_host_close(struct fs_node *node);
uint32_t fs_host_handle(const struct fs_node *node);
enum wasi_errno fs_host_stat(struct fs_node *node, struct wasi_filestat *st);
enum wasi_errno fs_host_set_flags(struct fs_node *node, uint32_t fdflags);
enum wasi_errno fs_host_sync(struct fs_node *node, bool data_only);
enum wasi_errno fs_host_set_times(struct fs_node *node, const struct fs_times *times);

#endif
