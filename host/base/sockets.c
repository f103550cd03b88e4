/*
 * Addresses in figures, and sockets that listen there.
 * Trust: the text is the owner's.
 */
#include "host/base/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/base/words.h"

#define BACKLOG 128

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} to;
	socklen_t size;
};

/* 0 to 65535 in decimal, and nothing else. */
static bool parse_port(in_port_t *port, const char *text)
{
	unsigned value = 0;
	const size_t n = strlen(text);

	if (n == 0 || n > 5)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	*port = htons((uint16_t)value);
	return value <= UINT16_MAX;
}

static bool parse_host(struct address *a, const char *host, size_t size, in_port_t port)
{
	char text[INET6_ADDRSTRLEN];
	const bool v6 = size >= 2 && host[0] == '[' && host[size - 1] == ']';

	if (v6) {
		host++;
		size -= 2;
	}
	if (size >= sizeof(text))
		return false;
	memcpy(text, host, size);
	text[size] = 0;
	memset(a, 0, sizeof(*a));
	if (v6) {
		a->to.v6.sin6_family = AF_INET6;
		a->to.v6.sin6_port = port;
		a->size = sizeof(a->to.v6);
		return inet_pton(AF_INET6, text, &a->to.v6.sin6_addr) == 1;
	}
	a->to.v4.sin_family = AF_INET;
	a->to.v4.sin_port = port;
	a->size = sizeof(a->to.v4);
	return inet_pton(AF_INET, text, &a->to.v4.sin_addr) == 1;
}

static bool parse_address(struct address *a, const char *text)
{
	const char *colon = strrchr(text, ':');
	in_port_t port;

	return colon && parse_port(&port, colon + 1) &&
	       parse_host(a, text, (size_t)(colon - text), port);
}

bool socket_address_ok(const char *text)
{
	struct address a;

	return parse_address(&a, text);
}

/* SO_REUSEADDR: a program that is started again need not wait for the connections of the last one. */
static bool listen_on(int fd, const struct address *a)
{
	const int yes = 1;

	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
	       bind(fd, &a->to.any, a->size) == 0 && listen(fd, BACKLOG) == 0;
}

enum retwine_code socket_listen(int *fd, const char *text, struct retwine_error *error)
{
	struct address a;

	if (!parse_address(&a, text))
		return error_set(error, RETWINE_USAGE, "'%s' is not an address and a port", text);
	const int s = socket(a.to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (s == -1 || !listen_on(s, &a)) {
		const int why = errno;

		if (s != -1)
			close(s);
		return error_set(error, RETWINE_FAILED, "cannot listen on %s: %s", text,
				 strerror(why));
	}
	*fd = s;
	return RETWINE_OK;
}
