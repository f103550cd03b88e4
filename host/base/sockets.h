/*
 * Sockets that the owner lets a program listen on (host/service/sockets.c serves them), and those of
 * `retwine serve` and `retwine deploy`.
 */
#ifndef HOST_BASE_SOCKETS_H
#define HOST_BASE_SOCKETS_H

#include "base/cc.h"
#include "base/err.h"
#include "include/retwine.h"

/* Is it ADDR:PORT in figures: an IPv4 address, or an IPv6 address in brackets? */
MUST_USE bool socket_address_ok(const char *text);

/* A socket that listens there; the caller closes it. */
MUST_USE enum retwine_code socket_listen(int *fd, const char *text, struct retwine_error *error);

/* Connects to HOST:PORT, a name or an address in figures (IPv6 in brackets), within `timeout_ns`: a socket that
 * does not block. RETWINE_FAILED says why not. */
MUST_USE enum retwine_code socket_connect(int *fd, const char *text, uint64_t timeout_ns,
					  struct retwine_error *error);

/* Sends or receives all of the bytes on a socket that does not block, until `deadline_ns` of the monotonic clock.
 * E_OK; E_BUSY: the time is over; E_TRUNCATED: the other side closed; E_HOST: another error, see errno. */
MUST_USE enum err socket_send(int fd, const void *p, size_t size, uint64_t deadline_ns);
MUST_USE enum err socket_receive(int fd, void *p, size_t size, uint64_t deadline_ns);

/* Receives what is there, at least one byte, in the same way; *got is 0 at the end. */
MUST_USE enum err socket_receive_some(int fd, void *p, size_t max, size_t *got,
				      uint64_t deadline_ns);

/* The monotonic clock, in ns. */
uint64_t socket_now_ns(void);

#define SOCKET_NO_DEADLINE UINT64_MAX

/* An address as "192.0.2.1:80" or "[2001:db8::1]:80". */
#define SOCKET_NAME_MAX 64
struct sockaddr;
void socket_name(char out[SOCKET_NAME_MAX], const struct sockaddr *address);

/* What a limit per address counts: an IPv4 address (also one that is mapped into IPv6), or the network part of an
 * IPv6 address, which one host may have all of. */
#define SOCKET_ORIGIN_SIZE 8
void socket_origin(uint8_t out[SOCKET_ORIGIN_SIZE], const struct sockaddr *address);

#endif
