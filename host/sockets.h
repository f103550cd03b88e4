/*
 * Sockets that the owner lets a program listen on (host/service_sockets.c serves them).
 */
#ifndef HOST_SOCKETS_H
#define HOST_SOCKETS_H

#include "base/cc.h"
#include "include/retwine.h"

/* Is it ADDR:PORT in figures: an IPv4 address, or an IPv6 address in brackets? */
MUST_USE bool socket_address_ok(const char *text);

/* A socket that listens there; the caller closes it. */
MUST_USE enum retwine_code socket_listen(int *fd, const char *text, struct retwine_error *error);

#endif
