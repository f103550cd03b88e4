/*
 * The way to AESM: a process that makes the connections which this one, once it has limited itself,
 * may not make. It knows one address, gets whole messages, and gives whole replies or the reason
 * why there is none.
 */
#ifndef HOST_QUOTING_AESM_LINK_H
#define HOST_QUOTING_AESM_LINK_H

#include "base/cc.h"
#include "base/err.h"
#include "boundary/calls.h"

#define AESM_LINK_REPLY_MAX (65536 + 8) /* AESM_REPLY_MAX and a head */

/* Zeroed: no link. */
struct aesm_link {
	bool open;
	int fd; /* messages to the process and from it, each whole (SOCK_SEQPACKET) */
	int timeout_ms;
	uint32_t number; /* of the last request */
};

/* socket: as in host/quoting/aesm.h, never NULL. E_NOT_FOUND: nobody listens there; E_INVALID; E_STATE: no
 * process; E_NOMEM. */
MUST_USE enum err aesm_link_open(struct aesm_link *link, const char *socket, int timeout_ms);
void aesm_link_close(struct aesm_link *link);

/*
 * Sends a message (at most AESM_REQUEST_MAX bytes) and waits for the reply (max: at least
 * AESM_LINK_REPLY_MAX; the service's own bytes are at most AESM_REPLY_MAX). HOST_INTR: cancel_fd
 * (-1: none) is readable; HOST_TIMEDOUT; HOST_CONNRESET: the service closed too early;
 * HOST_OVERFLOW: it announced a larger reply than AESM_REPLY_MAX, or an empty one; HOST_NOTSUP:
 * nobody listens any more; HOST_BUSY: too many requests have passed their time; HOST_IO: the
 * process is gone.
 */
enum host_errno aesm_link_exchange(struct aesm_link *link, const uint8_t *request, size_t size,
				   uint8_t *reply, size_t max, size_t *reply_size, int cancel_fd);

#endif
