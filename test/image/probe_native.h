/* Probes of the engine of native code and its assembler, on hand-written code; see probe.h. */
#ifndef TEST_IMAGE_PROBE_NATIVE_H
#define TEST_IMAGE_PROBE_NATIVE_H

#include <stdint.h>

uint64_t probe_native(uint64_t probe, uint64_t a);

#endif
