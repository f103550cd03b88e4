/* The probes with several threads; numbers from PROBE_THREADS on (test/image/probe.h). */
#ifndef TEST_IMAGE_PROBE_THREADS_H
#define TEST_IMAGE_PROBE_THREADS_H

#include <stdint.h>

uint64_t probe_threads(uint64_t probe, uint64_t a);

#endif
