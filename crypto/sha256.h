/* SHA-256 (FIPS 180-4), over whole buffers or piece by piece. Cannot fail. */
#ifndef CRYPTO_SHA256_H
#define CRYPTO_SHA256_H

#include "base/cc.h"

#define SHA256_SIZE	  32
#define SHA256_BLOCK_SIZE 64

/* May be copied: the copy goes on from the same point. */
struct sha256 {
	uint32_t state[8];
	uint32_t used;	/* bytes waiting in block */
	uint64_t total; /* bytes so far */
	uint8_t block[SHA256_BLOCK_SIZE];
};

void sha256_init(struct sha256 *s);
void sha256_update(struct sha256 *s, const void *data, size_t size);

/* Writes the digest and wipes s. */
void sha256_final(struct sha256 *s, uint8_t digest[SHA256_SIZE]);

/* Digest of one buffer. */
void sha256_digest(uint8_t digest[SHA256_SIZE], const void *data, size_t size);

/*
 * What the CPU has beyond the baseline of the build: CPU_HINT_* of boundary/abi.h; other bits are
 * ignored. Call once, before a second thread uses crypto/; without the call nothing beyond the
 * baseline is used. The hint is the host's word: a false one ends in #UD.
 */
void crypto_set_cpu_hints(uint32_t hints);

/* Inside crypto/: what was set. */
#define CRYPTO_HINT_SHA	 1u /* SHA extensions */
#define CRYPTO_HINT_VAES 2u /* VAES, VPCLMULQDQ and AVX-512 F, VL, BW, DQ */
uint32_t crypto_cpu_hints(void);

#endif
