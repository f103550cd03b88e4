/*
 * Connections to the sockets that the owner lets the program listen on.
 * Trust: arguments are the enclave's claims; what a connection brings is its peer's.
 * Invariant: no socket is ever made, bound or connected for the program; each wait is in poll, where it
 * can be ended.
 */
#include "host/service/impl.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Waits for a connection; one that was taken or gave up meanwhile is none. */
static enum host_errno accept_next(struct host_service *s, const struct service_file *listener,
				   int *fd)
{
	for (;;) {
		const enum host_errno error = service_wait(s, listener, POLLIN);

		if (error != HOST_SUCCESS)
			return error;
		*fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (*fd != -1)
			return HOST_SUCCESS;
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			return service_errno(errno);
	}
}

enum host_errno service_do_accept(struct service_job *job, struct service_file *listener)
{
	const uint64_t flags = job->request.arg[1];
	struct service_file file = {
		.stream = true, .connected = true, .may_read = true, .may_write = true};

	if (flags & ~(uint64_t)HOST_OPEN_NONBLOCK)
		return HOST_INVAL;
	if (!listener->listens)
		return HOST_NOTSUP;
	enum host_errno error = service_file_room(job->service);

	if (error == HOST_SUCCESS)
		error = accept_next(job->service, listener, &file.fd);
	if (error != HOST_SUCCESS)
		return error;
	atomic_init(&file.nonblock, flags != 0);
	return service_file_add(job->service, &file, &job->value);
}

/* How much has to be there before poll says so. */
static void set_low_water(int fd, uint32_t bytes)
{
	const int value = bytes == 0 ? 1 : (int)bytes;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &value, sizeof value);
}

static enum host_errno recv_when_ready(struct service_job *job, const struct service_file *file)
{
	const int flags = job->request.arg[1] & HOST_RECV_PEEK ? MSG_PEEK : 0;

	for (;;) {
		const enum host_errno error = service_wait(job->service, file, POLLIN);

		if (error != HOST_SUCCESS)
			return error;
		const ssize_t n = recv(file->fd, job->data, job->request.out_max, flags);

		if (n >= 0) {
			job->out_size = (uint32_t)n;
			return HOST_SUCCESS;
		}
		if (errno != EAGAIN && errno != EINTR)
			return service_errno(errno);
	}
}

enum host_errno service_do_recv(struct service_job *job, struct service_file *file)
{
	const uint64_t flags = job->request.arg[1];

	if (flags & ~(uint64_t)(HOST_RECV_PEEK | HOST_RECV_WAITALL))
		return HOST_INVAL;
	if (!file->connected)
		return HOST_NOTSUP;
	if (flags & HOST_RECV_WAITALL)
		set_low_water(file->fd, job->request.out_max);
	const enum host_errno error = recv_when_ready(job, file);

	if (flags & HOST_RECV_WAITALL)
		set_low_water(file->fd, 1);
	return error;
}

enum host_errno service_do_shutdown(struct service_job *job, struct service_file *file)
{
	static const int how[] = {
		[HOST_SHUTDOWN_READ] = SHUT_RD,
		[HOST_SHUTDOWN_WRITE] = SHUT_WR,
		[HOST_SHUTDOWN_READ | HOST_SHUTDOWN_WRITE] = SHUT_RDWR,
	};
	const uint64_t asked = job->request.arg[1];

	if (asked == 0 || asked >= COUNT_OF(how))
		return HOST_INVAL;
	if (!file->connected)
		return HOST_NOTSUP;
	return service_result(shutdown(file->fd, how[asked]));
}
