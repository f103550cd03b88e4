/*
 * The process that connects to AESM on our behalf, and the way to it. Messages on the pair of
 * sockets: a number, then the request; the same number, why there is no reply (0: there is one),
 * then the reply.
 * Trust: the process is a copy of this one, made before any guest ran; what the service sends it is
 * bounded here. A host process that an enclave took over can send requests to AESM and do nothing
 * else through it.
 * Invariant: the process runs nothing but this file, and no function that is not safe in a signal
 * handler, since its parent may have had threads; it holds no descriptor but its socket and one
 * connection.
 */
#include "host/quoting/aesm_link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/quoting/aesm.h"

#define OWN 0 /* the process's socket */

static_assert(AESM_LINK_REPLY_MAX == AESM_REPLY_MAX + 8, "reply");

/* Why there is no reply. */
enum link_fault {
	LINK_FINE,
	LINK_NOBODY,
	LINK_TIME,
	LINK_CUT,
	LINK_SIZE,
};

struct link_head {
	uint32_t number;
	uint32_t fault; /* enum link_fault; 0 in a request */
};

static uint64_t link_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

/* Milliseconds until then, as poll takes them. */
static int link_left_ms(uint64_t deadline)
{
	const uint64_t now = link_now_ms();

	return now >= deadline ? 0 : (int)(deadline - now);
}

static bool link_address(struct sockaddr_un *address, socklen_t *size, const char *socket_name)
{
	const bool abstract = socket_name[0] == '@';
	const size_t n = strlen(socket_name);

	memset(address, 0, sizeof *address);
	address->sun_family = AF_UNIX;
	if (n < 1u + abstract || n >= sizeof address->sun_path)
		return false;
	memcpy(address->sun_path, socket_name, n);
	if (abstract)
		address->sun_path[0] = 0;
	*size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + !abstract);
	return true;
}

bool aesm_socket_is_valid(const char *socket_name)
{
	struct sockaddr_un address;
	socklen_t size;

	return link_address(&address, &size, socket_name);
}

static bool link_connects(const struct sockaddr_un *address, socklen_t size)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const bool yes = fd != -1 && connect(fd, (const struct sockaddr *)address, size) == 0;

	if (fd != -1)
		close(fd);
	return yes;
}

bool aesm_listens(const char *socket_name)
{
	struct sockaddr_un address;
	socklen_t size;

	return link_address(&address, &size, socket_name) && link_connects(&address, size);
}

/* ---- the process ---- */

struct agent {
	struct sockaddr_un address;
	socklen_t address_size;
	int timeout_ms;
	union {
		struct link_head head;
		uint8_t bytes[sizeof(struct link_head) + AESM_REPLY_MAX];
	} message;
	uint8_t frame[sizeof(uint32_t) + AESM_REQUEST_MAX];
};

/* A descriptor that is ready before the deadline. */
static bool agent_wait(int fd, short events, uint64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = events};
	int n;

	do
		n = poll(&p, 1, link_left_ms(deadline));
	while (n < 0 && errno == EINTR);
	return n > 0;
}

static enum link_fault agent_send(int fd, const uint8_t *p, size_t size, uint64_t deadline)
{
	while (size > 0) {
		if (!agent_wait(fd, POLLOUT, deadline))
			return LINK_TIME;
		const ssize_t n = send(fd, p, size, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return LINK_CUT;
		if (n > 0) {
			p += n;
			size -= (size_t)n;
		}
	}
	return LINK_FINE;
}

static enum link_fault agent_receive(int fd, uint8_t *p, size_t size, uint64_t deadline)
{
	while (size > 0) {
		if (!agent_wait(fd, POLLIN, deadline))
			return LINK_TIME;
		const ssize_t n = recv(fd, p, size, MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return LINK_CUT;
		if (n > 0) {
			p += n;
			size -= (size_t)n;
		}
	}
	return LINK_FINE;
}

/* A frame out, a frame in; its length is looked at before anything is read behind it. */
static enum link_fault agent_talk(struct agent *a, int fd, size_t size, size_t *reply_size)
{
	const uint64_t deadline = link_now_ms() + (uint64_t)a->timeout_ms;
	uint32_t length = (uint32_t)size;

	memcpy(a->frame, &length, sizeof length);
	memcpy(a->frame + sizeof length, a->message.bytes + sizeof(struct link_head), size);
	enum link_fault fault = agent_send(fd, a->frame, sizeof length + size, deadline);

	if (fault == LINK_FINE)
		fault = agent_receive(fd, (uint8_t *)&length, sizeof length, deadline);
	if (fault == LINK_FINE && (length == 0 || length > AESM_REPLY_MAX))
		fault = LINK_SIZE;
	if (fault == LINK_FINE)
		fault = agent_receive(fd, a->message.bytes + sizeof(struct link_head), length,
				      deadline);
	if (fault == LINK_FINE)
		*reply_size = length;
	return fault;
}

static enum link_fault agent_ask(struct agent *a, size_t size, size_t *reply_size)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	enum link_fault fault = LINK_NOBODY;

	if (fd == -1)
		return fault;
	if (connect(fd, (const struct sockaddr *)&a->address, a->address_size) == 0)
		fault = agent_talk(a, fd, size, reply_size);
	close(fd);
	return fault;
}

/* Until the other end of the pair is closed. */
NORETURN static void agent_serve(struct agent *a)
{
	for (;;) {
		const ssize_t n =
			read(OWN, a->message.bytes, sizeof(struct link_head) + AESM_REQUEST_MAX);
		size_t size = 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= (ssize_t)sizeof(struct link_head))
			_exit(0);
		a->message.head.fault = agent_ask(a, (size_t)n - sizeof(struct link_head), &size);
		if (a->message.head.fault != LINK_FINE)
			size = 0;
		if (write(OWN, a->message.bytes, sizeof(struct link_head) + size) < 0)
			_exit(0);
	}
}

/* Nothing of the parent's stays but its memory: no descriptor, no terminal, no directory, no
 * signal. */
NORETURN static void agent_begin(struct agent *a, int fd)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	setsid();
	if (dup2(fd, OWN) != OWN || close_range(OWN + 1, ~0u, 0) != 0 || chdir("/") != 0)
		_exit(1);
	agent_serve(a);
}

/* The process is nobody's child whom anybody has to wait for. False: it could not be made. */
static bool agent_start(struct agent *a, int fd)
{
	const pid_t child = fork();
	int status;

	if (child == 0) {
		const pid_t agent = fork();

		if (agent == 0)
			agent_begin(a, fd);
		_exit(agent < 0);
	}
	if (child < 0)
		return false;
	while (waitpid(child, &status, 0) < 0)
		if (errno !=
		    EINTR) /* somebody else waits for all children: what is wrong shows later */
			return errno == ECHILD;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ---- the way to it ---- */

/* With the agent's address and memory in place. */
static enum err link_make(struct aesm_link *link, struct agent *a)
{
	int pair[2];

	if (!link_connects(&a->address, a->address_size))
		return E_NOT_FOUND;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return E_STATE;
	const bool started = fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0 && agent_start(a, pair[1]);

	close(pair[1]);
	if (!started) {
		close(pair[0]);
		return E_STATE;
	}
	*link = (struct aesm_link){.open = true, .fd = pair[0], .timeout_ms = a->timeout_ms};
	return E_OK;
}

enum err aesm_link_open(struct aesm_link *link, const char *socket_name, int timeout_ms)
{
	struct agent *a = calloc(1, sizeof *a);
	enum err err = E_INVALID;

	if (!a)
		return E_NOMEM;
	a->timeout_ms = timeout_ms;
	if (link_address(&a->address, &a->address_size, socket_name))
		err = link_make(link, a);
	free(a);
	return err;
}

void aesm_link_close(struct aesm_link *link)
{
	if (link->open)
		close(link->fd);
	memset(link, 0, sizeof *link);
}

static enum host_errno link_wait(const struct aesm_link *link, uint64_t deadline, int cancel_fd)
{
	struct pollfd p[2] = {{.fd = link->fd, .events = POLLIN},
			      {.fd = cancel_fd, .events = POLLIN}};
	int n;

	do
		n = poll(p, cancel_fd < 0 ? 1 : 2, link_left_ms(deadline));
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return HOST_TIMEDOUT;
	if (n < 0)
		return HOST_IO;
	return p[0].revents ? HOST_SUCCESS : HOST_INTR;
}

static enum host_errno link_errno(uint32_t fault)
{
	switch (fault) {
	case LINK_FINE:
		return HOST_SUCCESS;
	case LINK_NOBODY:
		return HOST_NOTSUP;
	case LINK_TIME:
		return HOST_TIMEDOUT;
	case LINK_CUT:
		return HOST_CONNRESET;
	case LINK_SIZE:
		return HOST_OVERFLOW;
	default:
		return HOST_IO;
	}
}

/* Replies to earlier requests, whose time had passed, are dropped. */
static enum host_errno link_receive(struct aesm_link *link, uint8_t *message, size_t max, size_t *n,
				    int cancel_fd)
{
	/* the process needs its own time, and may be busy with the request before */
	const uint64_t deadline = link_now_ms() + 2u * (uint64_t)link->timeout_ms + 1000u;
	struct link_head head;

	for (;;) {
		const enum host_errno error = link_wait(link, deadline, cancel_fd);

		if (error != HOST_SUCCESS)
			return error;
		const ssize_t got = read(link->fd, message, max);

		if (got < (ssize_t)sizeof head)
			return HOST_IO;
		memcpy(&head, message, sizeof head);
		if (head.number == link->number) {
			*n = (size_t)got;
			return link_errno(head.fault);
		}
	}
}

enum host_errno aesm_link_exchange(struct aesm_link *link, const uint8_t *request, size_t size,
				   uint8_t *reply, size_t max, size_t *reply_size, int cancel_fd)
{
	uint8_t message[sizeof(struct link_head) + AESM_REQUEST_MAX];
	const struct link_head head = {.number = ++link->number};
	size_t n = 0;

	must(size <= AESM_REQUEST_MAX && max >= AESM_LINK_REPLY_MAX);
	memcpy(message, &head, sizeof head);
	memcpy(message + sizeof head, request, size);
	if (write(link->fd, message, sizeof head + size) != (ssize_t)(sizeof head + size))
		return errno == EAGAIN ? HOST_BUSY : HOST_IO;
	const enum host_errno error = link_receive(link, reply, max, &n, cancel_fd);

	if (error != HOST_SUCCESS)
		return error;
	*reply_size = n - sizeof head;
	memmove(reply, reply + sizeof head, *reply_size);
	return HOST_SUCCESS;
}
