/* The CPU's random numbers. */
#ifndef PLATFORM_RDRAND_H
#define PLATFORM_RDRAND_H

#include "base/cc.h"

/* One RDRAND of 64 bits: false when the CPU had none (carry clear). */
MUST_USE bool rdrand_once(uint64_t *out);

#endif
