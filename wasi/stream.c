/*
 * Streams of the host: standard input and output, pipes, terminals. No offsets, no buffering of our
 * own: programs buffer, and what they write is to be seen when they have written it.
 * Trust: nothing the host says; a stream is as untrusted as its reader.
 */
#include "wasi/fs_host_impl.h"

/* One host call: what is there now. A second one could wait although data have come. What it waits for
 * may depend on what was written to a file before. */
enum wasi_errno fs_host_stream_read(struct fs_node *node, void *buf, size_t size, uint64_t off,
				    size_t *done)
{
	(void)off;
	if (size > HOSTCALL_DATA_MAX)
		size = HOSTCALL_DATA_MAX;
	fs_host_flush_all(fs_host_of(node));
	return (enum wasi_errno)hostcall_read(fs_host_handle(node), buf, size, done);
}

enum wasi_errno fs_host_stream_write(struct fs_node *node, const void *buf, size_t size,
				     uint64_t off, size_t *done)
{
	(void)off;
	return fs_host_write(node, buf, size, FS_OFFSET_END, done);
}

/* Whatever the host says, a stream is not something with names in it. */
static enum wasi_errno stream_stat(struct fs_node *node, struct wasi_filestat *st)
{
	const enum wasi_errno e = fs_host_stat(node, st);

	if (e == WASI_SUCCESS && (st->type == WASI_TYPE_DIR || st->type == WASI_TYPE_LINK))
		st->type = WASI_TYPE_UNKNOWN;
	return e;
}

static const struct fs_ops g_stream_ops = {
	.close = fs_host_close,
	.stat = stream_stat,
	.set_times = fs_host_set_times,
	.set_flags = fs_host_set_flags,
	.sync = fs_host_sync,
	.read = fs_host_stream_read,
	.write = fs_host_stream_write,
	.poll_handle = fs_host_handle,
};

enum wasi_errno fs_host_stream_node(struct fs_host *host, uint32_t handle, enum wasi_filetype type,
				    struct fs_node **node)
{
	struct host_node *n;
	const enum wasi_errno e = fs_host_node(host, handle, sizeof(*n), &g_stream_ops, type, &n);

	if (e != WASI_SUCCESS)
		return e;
	n->node.stream = true;
	*node = &n->node;
	return WASI_SUCCESS;
}

enum wasi_errno fs_host_stream(struct fs_host *host, uint32_t handle, struct fs_node **node)
{
	return fs_host_stream_node(host, handle, WASI_TYPE_UNKNOWN, node);
}
