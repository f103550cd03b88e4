/* The kernel's random numbers, for the host side's own keys and nonces. The enclave has none of them. */
#ifndef HOST_BASE_RANDOM_H
#define HOST_BASE_RANDOM_H

#include "crypto/random.h"

/* As the `get` of struct crypto_random, context NULL. E_CRYPTO: the kernel has none. */
MUST_USE enum err host_random(void *context, void *out, size_t size);

#endif
