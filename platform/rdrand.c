/*
 * RDRAND, the one instruction, alone in its file so that tests can put a failing one in its place.
 * Trust: the CPU. A hypervisor can stop the instruction, not choose its value (SDM).
 */
#include "platform/rdrand.h"

#include <immintrin.h>

/* x86-64-v3 does not name RDRAND; every CPU with SGX has it. */
__attribute__((target("rdrnd"))) bool rdrand_once(uint64_t *out)
{
	unsigned long long v = 0;

	if (!_rdrand64_step(&v))
		return false;
	*out = v;
	return true;
}
