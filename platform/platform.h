/*
 * What a trusted platform gives to the runtime, and nothing more: randomness, secrets that only this
 * code on this machine can derive, evidence of what runs, and the binding of the launch. SGX and its
 * simulation implement it in the enclave (platform/sgx.c); a confidential VM would later.
 */
#ifndef PLATFORM_PLATFORM_H
#define PLATFORM_PLATFORM_H

#include "base/cc.h"
#include "base/err.h"

#define PLATFORM_SECRET_SIZE 32
#define PLATFORM_REPORT_DATA_SIZE 64
#define PLATFORM_EVIDENCE_MAX 8192

/* Random bytes for keys: a CTR-DRBG seeded by RDRAND. E_STATE when the source failed; no byte of
 * out is then to be used. */
MUST_USE enum err platform_random(void *out, size_t size);

/* A secret of this platform for this code (SGX: EGETKEY SEAL by MRENCLAVE). The caller derives keys
 * with HKDF and wipes it. E_UNSUPPORTED when there is none. */
MUST_USE enum err platform_secret(uint8_t out[PLATFORM_SECRET_SIZE]);

/* Evidence over report_data: on SGX a local report for `target` (NULL: for ourselves). */
MUST_USE enum err platform_evidence(const uint8_t report_data[PLATFORM_REPORT_DATA_SIZE],
				    const void *target, size_t target_size, uint8_t *out,
				    size_t out_max, size_t *out_size);

/* Is this launch digest the one that the machine was started with (SGX: CONFIGID of our own report,
 * CONFIGSVN 0)? E_DENIED when not. */
MUST_USE enum err platform_check_launch(const uint8_t launch_digest[32]);

#endif
