/*
 * A transport without an enclave: requests of the stubs go straight to a host-call service in the
 * same process, through a slot as they would. For end-to-end tests under sanitizers.
 */
#ifndef TEST_LIB_DIRECT_TRANSPORT_H
#define TEST_LIB_DIRECT_TRANSPORT_H

#include "host/service/service.h"

/* The service that answers from now on, in all threads. */
void direct_transport_use(struct host_service *s);

/* The call after n more, on any thread, is not carried out but answered with this error; -1 switches
 * that off. And did it come? What it asked for then. */
void direct_transport_fail_at(long n, enum host_errno error);
bool direct_transport_failed(enum host_call *call);

/* From now on, every request with its input, and the slot that it stands in, is searched for these bytes
 * (the caller's; NULL switches that off): a secret that goes to the host is seen. */
void direct_transport_watch(const void *bytes, size_t size);
bool direct_transport_seen(void);

#endif
