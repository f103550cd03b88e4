/*
 * Connections between a client and a server of deliveries: made, read and written with deadlines.
 * Trust: names are the caller's; bytes are only moved here.
 */
#include "host/base/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "host/base/words.h"

#define NS_PER_MS 1000000u
#define HOST_MAX  256
#define PORT_MAX  6

uint64_t socket_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Until the deadline in milliseconds, rounded up; -1 without one. */
static int wait_ms(uint64_t deadline_ns)
{
	const uint64_t now = socket_now_ns();

	if (deadline_ns == SOCKET_NO_DEADLINE)
		return -1;
	if (deadline_ns <= now)
		return 0;
	const uint64_t ms = (deadline_ns - now) / NS_PER_MS + 1;

	return ms < INT_MAX ? (int)ms : INT_MAX;
}

static enum err wait_for(int fd, short events, uint64_t deadline_ns)
{
	struct pollfd p = {.fd = fd, .events = events};
	int n;

	do
		n = poll(&p, 1, wait_ms(deadline_ns));
	while (n == -1 && errno == EINTR);
	if (n == 0)
		return E_BUSY;
	return n == 1 ? E_OK : E_HOST;
}

/* What a failed send or recv means: E_OK, try it again. */
static enum err try_again(int fd, short events, uint64_t deadline_ns)
{
	if (errno == EINTR)
		return E_OK;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return wait_for(fd, events, deadline_ns);
	return errno == EPIPE || errno == ECONNRESET ? E_TRUNCATED : E_HOST;
}

enum err socket_send(int fd, const void *p, size_t size, uint64_t deadline_ns)
{
	const uint8_t *from = p;
	enum err err = E_OK;

	while (size > 0 && err == E_OK) {
		const ssize_t n = send(fd, from, size, MSG_NOSIGNAL);

		if (n < 0) {
			err = try_again(fd, POLLOUT, deadline_ns);
		} else {
			from += n;
			size -= (size_t)n;
		}
	}
	return err;
}

enum err socket_receive_some(int fd, void *p, size_t max, size_t *got, uint64_t deadline_ns)
{
	for (;;) {
		const ssize_t n = recv(fd, p, max, 0);

		if (n >= 0) {
			*got = (size_t)n;
			return E_OK;
		}
		const enum err err = try_again(fd, POLLIN, deadline_ns);

		if (err != E_OK)
			return err;
	}
}

enum err socket_receive(int fd, void *p, size_t size, uint64_t deadline_ns)
{
	uint8_t *to = p;

	while (size > 0) {
		size_t n = 0;
		const enum err err = socket_receive_some(fd, to, size, &n, deadline_ns);

		if (err != E_OK)
			return err;
		if (n == 0)
			return E_TRUNCATED;
		to += n;
		size -= n;
	}
	return E_OK;
}

/* ---- connecting ---- */

/* Takes HOST:PORT apart; brackets of an IPv6 address are left out. */
static bool split(char host[HOST_MAX], char port[PORT_MAX], const char *text)
{
	const char *colon = strrchr(text, ':');

	if (!colon || strlen(colon + 1) >= PORT_MAX || colon[1] == 0)
		return false;
	if (strspn(colon + 1, "0123456789") != strlen(colon + 1))
		return false;
	size_t size = (size_t)(colon - text);

	if (size >= 2 && text[0] == '[' && text[size - 1] == ']') {
		text++;
		size -= 2;
	} else if (memchr(text, ':', size)) {
		return false; /* where does an IPv6 address end? */
	}
	if (size == 0 || size >= HOST_MAX)
		return false;
	memcpy(host, text, size);
	host[size] = 0;
	memcpy(port, colon + 1, strlen(colon + 1) + 1);
	return true;
}

/* 0, or an errno. */
static int connect_to(int fd, const struct addrinfo *to, uint64_t deadline_ns)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	const enum err err = wait_for(fd, POLLOUT, deadline_ns);

	if (err != E_OK)
		return err == E_BUSY ? ETIMEDOUT : errno;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

/* One address of a name. Small messages go at once; a peer that vanished is noticed. */
static int open_address(int *out, const struct addrinfo *to, uint64_t deadline_ns)
{
	const int yes = 1;
	const int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1)
		return errno;
	const int error = connect_to(fd, to, deadline_ns);

	if (error != 0) {
		close(fd);
		return error;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
	*out = fd;
	return 0;
}

enum retwine_code socket_connect(int *fd, const char *text, uint64_t timeout_ns,
				 struct retwine_error *error)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	const uint64_t deadline = socket_now_ns() + timeout_ns;
	struct addrinfo *list = NULL;
	char host[HOST_MAX], port[PORT_MAX];

	if (!split(host, port, text))
		return error_set(error, RETWINE_USAGE,
				 "'%s' is not HOST:PORT; an IPv6 address stands in brackets", text);
	const int result = getaddrinfo(host, port, &hints, &list);
	int why = ENOENT;

	if (result != 0)
		return error_set(error, RETWINE_FAILED, "cannot find %s: %s", text,
				 gai_strerror(result));
	for (const struct addrinfo *a = list; a && why != 0; a = a->ai_next)
		why = open_address(fd, a, deadline);
	freeaddrinfo(list);
	if (why != 0)
		return error_set(error, RETWINE_FAILED,
				 "cannot connect to %s: %s; is 'retwine serve' running there?",
				 text, strerror(why));
	return RETWINE_OK;
}

/* ---- addresses ---- */

void socket_name(char out[SOCKET_NAME_MAX], const struct sockaddr *address)
{
	char text[INET6_ADDRSTRLEN] = "?";
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;

	if (address->sa_family == AF_INET6) {
		memcpy(&v6, address, sizeof(v6));
		(void)inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
		snprintf(out, SOCKET_NAME_MAX, "[%s]:%u", text, ntohs(v6.sin6_port));
	} else {
		memcpy(&v4, address, sizeof(v4));
		(void)inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
		snprintf(out, SOCKET_NAME_MAX, "%s:%u", text, ntohs(v4.sin_port));
	}
}

void socket_origin(uint8_t out[SOCKET_ORIGIN_SIZE], const struct sockaddr *address)
{
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;

	memset(out, 0, SOCKET_ORIGIN_SIZE);
	if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof(v4));
		memcpy(out + 4, &v4.sin_addr, 4);
		return;
	}
	memcpy(&v6, address, sizeof(v6));
	if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
		memcpy(out + 4, v6.sin6_addr.s6_addr + 12, 4);
	else
		memcpy(out, v6.sin6_addr.s6_addr, SOCKET_ORIGIN_SIZE);
}
