/*
 * preview1: sockets that listen, connections that come to them.
 * Trust: descriptors and flags are the guest's; who is at the other end, and what comes from there, is
 * the host's word.
 */
#include "wasi/fs_host_impl.h"
#include "wasi/funcs.h"
#include "wasi/table.h"

static_assert(WASI_RECV_PEEK == HOST_RECV_PEEK && WASI_RECV_WAITALL == HOST_RECV_WAITALL &&
		      WASI_SHUTDOWN_READ == HOST_SHUTDOWN_READ &&
		      WASI_SHUTDOWN_WRITE == HOST_SHUTDOWN_WRITE,
	      "socket flags");

static enum wasi_errno conn_recv(struct fs_node *node, void *buf, size_t size, uint32_t flags,
				 size_t *done)
{
	if (size > HOSTCALL_DATA_MAX)
		size = HOSTCALL_DATA_MAX;
	fs_host_flush_all(fs_host_of(node));
	return (enum wasi_errno)hostcall_recv(fs_host_handle(node), flags, buf, size, done);
}

static enum wasi_errno conn_shutdown(struct fs_node *node, uint32_t flags)
{
	return (enum wasi_errno)hostcall_shutdown(fs_host_handle(node), flags);
}

/* Of the host's answer only times are left: it is a socket, whatever it says. */
static enum wasi_errno sock_stat(struct fs_node *node, struct wasi_filestat *st)
{
	const enum wasi_errno e = fs_host_stat(node, st);

	if (e == WASI_SUCCESS)
		st->type = WASI_TYPE_SOCKET_STREAM;
	return e;
}

static const struct fs_ops g_conn_ops = {
	.close = fs_host_close,
	.stat = sock_stat,
	.set_flags = fs_host_set_flags,
	.read = fs_host_stream_read,
	.write = fs_host_stream_write,
	.poll_handle = fs_host_handle,
	.recv = conn_recv,
	.shutdown = conn_shutdown,
};

/* A socket over an open handle, which it owns from now on, also on NOMEM. */
static enum wasi_errno sock_node(struct fs_host *host, uint32_t handle, const struct fs_ops *ops,
				 struct fs_node **node)
{
	struct host_node *n;
	const enum wasi_errno e =
		fs_host_node(host, handle, sizeof(*n), ops, WASI_TYPE_SOCKET_STREAM, &n);

	if (e != WASI_SUCCESS)
		return e;
	n->node.stream = true;
	*node = &n->node;
	return WASI_SUCCESS;
}

static enum wasi_errno listener_accept(struct fs_node *node, uint32_t fdflags,
				       struct fs_node **conn)
{
	uint32_t handle;

	fs_host_flush_all(fs_host_of(node));
	const enum host_errno e =
		hostcall_accept(fs_host_handle(node), fs_host_flags(fdflags), &handle);

	if (e != HOST_SUCCESS)
		return (enum wasi_errno)e;
	return sock_node(fs_host_of(node), handle, &g_conn_ops, conn);
}

static enum wasi_errno listener_read(struct fs_node *node, void *buf, size_t size, uint64_t off,
				     size_t *done)
{
	(void)node, (void)buf, (void)size, (void)off, (void)done;
	return WASI_NOTCONN;
}

static enum wasi_errno listener_recv(struct fs_node *node, void *buf, size_t size, uint32_t flags,
				     size_t *done)
{
	return listener_read(node, buf, size, flags, done);
}

static enum wasi_errno listener_shutdown(struct fs_node *node, uint32_t flags)
{
	(void)node, (void)flags;
	return WASI_NOTCONN;
}

static const struct fs_ops g_listener_ops = {
	.close = fs_host_close,
	.stat = sock_stat,
	.set_flags = fs_host_set_flags,
	.read = listener_read,
	.poll_handle = fs_host_handle,
	.accept = listener_accept,
	.recv = listener_recv,
	.shutdown = listener_shutdown,
};

enum wasi_errno fs_host_listener(struct fs_host *host, uint32_t handle, struct fs_node **node)
{
	return sock_node(host, handle, &g_listener_ops, node);
}

/* A new connection under the lowest free number. */
static enum wasi_errno sock_accept(struct wasi *wasi, struct fs_node *listener, uint32_t fdflags,
				   uint32_t *fd)
{
	struct fs_node *conn;
	struct wasi_descriptor *d;
	enum wasi_errno e = listener->ops->accept ? listener->ops->accept(listener, fdflags, &conn)
						  : WASI_INVAL;

	if (e == WASI_SUCCESS)
		e = wasi_descriptor_new(&d, conn, WASI_ACCESS_READ | WASI_ACCESS_WRITE,
					WASI_RIGHTS_SOCKET);
	if (e != WASI_SUCCESS)
		return e;
	d->flags = (uint16_t)fdflags;
	return wasi_table_add(wasi, d, fd);
}

uint32_t wasi_sock_accept(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	struct wasi_descriptor *d;
	const uint32_t fdflags = (uint32_t)args[1], out = (uint32_t)args[2];
	uint32_t fd;
	enum wasi_errno e =
		wasi_table_get_socket(wasi, (uint32_t)args[0], WASI_RIGHT_SOCK_ACCEPT, &d);

	if (e != WASI_SUCCESS)
		return e;
	if (fdflags & ~WASI_FD_NONBLOCK)
		e = WASI_INVAL;
	else if (!wasi_memory_at(memory, out, sizeof(fd)))
		e = WASI_FAULT;
	else
		e = sock_accept(wasi, d->node, fdflags, &fd);
	wasi_descriptor_put(d);
	return e != WASI_SUCCESS ? e : wasi_memory_put(memory, out, &fd, sizeof(fd));
}

uint32_t wasi_sock_shutdown(struct wasi *wasi, const struct wasi_memory *memory,
			    const uint64_t *args)
{
	struct wasi_descriptor *d;
	const uint32_t how = (uint32_t)args[1];
	enum wasi_errno e =
		wasi_table_get_socket(wasi, (uint32_t)args[0], WASI_RIGHT_SOCK_SHUTDOWN, &d);

	(void)memory;
	if (e != WASI_SUCCESS)
		return e;
	if (how == 0 || how & ~(WASI_SHUTDOWN_READ | WASI_SHUTDOWN_WRITE))
		e = WASI_INVAL;
	else
		e = d->node->ops->shutdown(d->node, how);
	wasi_descriptor_put(d);
	return e;
}
