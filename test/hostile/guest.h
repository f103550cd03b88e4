/*
 * A guest in front of the lying host: all functions of preview1 at random, on a host directory, a directory
 * in memory and a socket that listens; between hostile_host_start and _stop.
 */
#ifndef TEST_HOSTILE_GUEST_H
#define TEST_HOSTILE_GUEST_H

#include <stdint.h>

void guest_run(uint32_t ops);

#endif
