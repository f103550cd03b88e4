/*
 * A transport without an enclave: requests of the stubs go straight to a host-call service in the
 * same process, through a slot as they would. For end-to-end tests under sanitizers.
 */
#ifndef TEST_LIB_DIRECT_TRANSPORT_H
#define TEST_LIB_DIRECT_TRANSPORT_H

#include "host/service.h"

/* The service that answers from now on, in all threads. */
void direct_transport_use(struct host_service *s);

#endif
