/* CTR_DRBG with AES-256 (NIST SP 800-90A): many random bytes from a small source. */
#ifndef CRYPTO_DRBG_H
#define CRYPTO_DRBG_H

#include "base/cc.h"
#include "base/err.h"

/* Fills out with `size` bytes of entropy, or says that it could not. */
typedef bool (*drbg_entropy_func)(void *context, uint8_t *out, size_t size);

/* Holds pointers to itself: neither copy nor move it. One thread at a time. */
struct drbg {
	drbg_entropy_func entropy;
	void *entropy_context;
	uint64_t state[64]; /* the library's */
};

/* Seeds from `entropy`, which is asked again from time to time as long as d lives. E_CRYPTO when it
 * fails; d is then as drbg_fini leaves it. */
MUST_USE enum err drbg_init(struct drbg *d, drbg_entropy_func entropy, void *context);

/* Any size. E_CRYPTO when a reseed failed: out is zeros. */
MUST_USE enum err drbg_random(struct drbg *d, void *out, size_t size);

/* Takes fresh entropy now. */
MUST_USE enum err drbg_reseed(struct drbg *d);

/* Wipes. A zeroed or finished d may be finished again. */
void drbg_fini(struct drbg *d);

#endif
