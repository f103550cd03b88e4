/* Where the randomness of keys, nonces and blinding comes from: the caller's choice. */
#ifndef CRYPTO_RANDOM_H
#define CRYPTO_RANDOM_H

#include "base/cc.h"
#include "base/err.h"

struct crypto_random {
	void *context;
	/* Fills out with `size` bytes, or fails; then none of them is used. */
	enum err (*get)(void *context, void *out, size_t size);
};

/* The same as mbedTLS calls it; `random` is a struct crypto_random. Not 0: it failed. */
int crypto_random_library(void *random, unsigned char *out, size_t size);

#endif
