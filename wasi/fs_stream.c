/*
 * Standard streams by callbacks. As the host's they have no offsets and no buffering of our own.
 * Trust: the callbacks are ours; what was read is the owner's.
 * Invariant: nothing of it goes to the host here, by no operation; nor does the host say anything.
 */
#include "wasi/fs_stream.h"

#include "base/err.h"
#include "base/heap.h"

struct stream_node {
	struct fs_node node;
	const struct wasi_streams *streams;
	unsigned number;
};

static const struct stream_node *stream_of(const struct fs_node *node)
{
	return (const struct stream_node *)node;
}

static void stream_close(struct fs_node *node)
{
	heap_free(node);
}

/* Not a terminal: programs write to it in pieces as large as they like. */
static enum wasi_errno stream_stat(struct fs_node *node, struct wasi_filestat *st)
{
	*st = (struct wasi_filestat){
		.ino = stream_of(node)->number, .type = WASI_TYPE_UNKNOWN, .nlink = 1};
	return WASI_SUCCESS;
}

/* Input is there before the program starts, and output is taken as it comes: nothing to choose. */
static enum wasi_errno stream_set_flags(struct fs_node *node, uint32_t fdflags)
{
	(void)node;
	(void)fdflags;
	return WASI_SUCCESS;
}

static enum wasi_errno stream_sync(struct fs_node *node, bool data_only)
{
	(void)node;
	(void)data_only;
	return WASI_SUCCESS;
}

static enum wasi_errno stream_read(struct fs_node *node, void *buf, size_t size, uint64_t off,
				   size_t *done)
{
	const struct stream_node *s = stream_of(node);

	(void)off;
	const enum wasi_errno e = s->streams->read(s->streams->context, buf, size, done);

	must(e != WASI_SUCCESS || *done <= size);
	return e;
}

static enum wasi_errno stream_write(struct fs_node *node, const void *buf, size_t size,
				    uint64_t off, size_t *done)
{
	const struct stream_node *s = stream_of(node);

	(void)off;
	const enum wasi_errno e =
		s->streams->write(s->streams->context, s->number, buf, size, done);

	must(e != WASI_SUCCESS || *done <= size);
	return e;
}

static const struct fs_ops g_input_ops = {
	.close = stream_close,
	.stat = stream_stat,
	.set_flags = stream_set_flags,
	.sync = stream_sync,
	.read = stream_read,
};

static const struct fs_ops g_output_ops = {
	.close = stream_close,
	.stat = stream_stat,
	.set_flags = stream_set_flags,
	.sync = stream_sync,
	.write = stream_write,
};

enum wasi_errno fs_stream_new(const struct wasi_streams *streams, unsigned number,
			      struct fs_node **node)
{
	struct stream_node *s = heap_alloc(sizeof(*s));

	if (!s)
		return WASI_NOMEM;
	fs_node_init(&s->node, number == HOST_HANDLE_STDIN ? &g_input_ops : &g_output_ops,
		     WASI_TYPE_UNKNOWN, true);
	s->streams = streams;
	s->number = number;
	*node = &s->node;
	return WASI_SUCCESS;
}
