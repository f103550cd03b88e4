/*
 * The one door to the ENCLU instruction. Every leaf goes through this function: enclave/entry.S has
 * the only ENCLU of the image, which the simulator patches; the tests have a double.
 */
#ifndef PLATFORM_ENCLU_H
#define PLATFORM_ENCLU_H

#include <stdint.h>

/*
 * Runs a leaf (ENCLU_*, sgx/arch.h) with RBX, RCX and RDX as given; the values are addresses that
 * the caller has aligned and that lie in the enclave. Returns RAX as the leaf left it: for EGETKEY,
 * EACCEPT and EACCEPTCOPY 0 or an SGX error code; EREPORT and EMODPE report nothing there.
 */
uint64_t enclu(uint32_t leaf, const void *rbx, void *rcx, void *rdx);

#endif
