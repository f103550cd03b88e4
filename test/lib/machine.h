/*
 * The simulated machine for platform/ outside of an enclave: who links this gets ENCLU by sgx/keys.h, as
 * an enclave whose launch digest a test chooses.
 */
#ifndef TEST_LIB_MACHINE_H
#define TEST_LIB_MACHINE_H

#include "sgx/keys.h"

/* From here on we are an enclave as the runtime is built, started for this launch digest. */
void machine_launch(const uint8_t launch_digest[32]);

/* What the CPU knows of us; tests bend it. */
struct sgx_identity *machine_self(void);

#endif
