/*
 * What a trusted platform gives to the runtime, and nothing more: randomness, secrets that only
 * this code on this machine can derive, evidence of what runs, and the binding of the launch. SGX
 * and its simulation implement it in the enclave (platform/sgx.c); a confidential VM would later.
 */
#ifndef PLATFORM_PLATFORM_H
#define PLATFORM_PLATFORM_H

#include "base/cc.h"
#include "base/err.h"

#define PLATFORM_SECRET_SIZE	  32
#define PLATFORM_KEY_SIZE	  32
#define PLATFORM_REPORT_DATA_SIZE 64
#define PLATFORM_EVIDENCE_MAX	  8192
#define PLATFORM_LABEL_MAX	  64  /* bytes of a key's label */
#define PLATFORM_CONTEXT_MAX	  256 /* bytes of a key's context */

/* Random bytes for keys: a CTR-DRBG seeded by RDRAND. Any thread. E_STATE when the source failed:
 * out is zeros, and no byte of it is to be used. */
MUST_USE enum err platform_random(void *out, size_t size);

/* A secret of this platform for this code (SGX: EGETKEY SEAL by MRENCLAVE, with this SVN of CPU and
 * enclave). The caller wipes it; keys come from platform_derive_key. E_UNSUPPORTED when there is
 * none. */
MUST_USE enum err platform_secret(uint8_t out[PLATFORM_SECRET_SIZE]);

/*
 * The one function that makes keys: HKDF(platform secret, label ‖ 0 ‖ program_digest ‖ context).
 * The label names the purpose (ours, NUL-terminated, at most PLATFORM_LABEL_MAX bytes); the context
 * may be untrusted. E_LIMIT: context_size > PLATFORM_CONTEXT_MAX; else as platform_secret. The
 * caller wipes.
 */
MUST_USE enum err platform_derive_key(uint8_t key[PLATFORM_KEY_SIZE], const char *label,
				      const uint8_t program_digest[32], const void *context,
				      size_t context_size);

/* Under which policy a key for data at rest is derived, and for which versions. */
struct platform_seal {
	bool signer;	     /* any image of our signer's product; else this image alone */
	uint16_t product;    /* ours */
	uint16_t svn;	     /* of the image: at most ours */
	uint8_t cpu_svn[16]; /* of the machine: at most its own */
};

/* What we would seal under now: our product and the newest versions. */
void platform_seal_own(struct platform_seal *seal, bool signer);

/*
 * As platform_derive_key, from a secret under another policy or of older versions (SGX: EGETKEY SEAL by
 * MRENCLAVE or MRSIGNER; never with CONFIGID or XFRM). *seal is untrusted in content: E_DENIED when
 * it is another product's, or newer than we or the machine are.
 */
MUST_USE enum err platform_derive_seal_key(uint8_t key[PLATFORM_KEY_SIZE],
					   const struct platform_seal *seal, const char *label,
					   const uint8_t program_digest[32], const void *context,
					   size_t context_size);

/* Evidence over report_data: on SGX a local report for `target` (a TARGETINFO, untrusted but copied
 * in; NULL: for ourselves). E_INVALID: no TARGETINFO; E_LIMIT: out_max is too small. */
MUST_USE enum err platform_evidence(const uint8_t report_data[PLATFORM_REPORT_DATA_SIZE],
				    const void *target, size_t target_size, uint8_t *out,
				    size_t out_max, size_t *out_size);

/* What another enclave on this machine has to name to make evidence for us (SGX: TARGETINFO). E_LIMIT:
 * out_max is too small. */
MUST_USE enum err platform_target(uint8_t *out, size_t out_max, size_t *out_size);

/* Was this evidence (untrusted, copied in) made on this machine, for us? E_DENIED when not. Says
 * nothing about who made it: that stands in it. SGX: EGETKEY REPORT. */
MUST_USE enum err platform_evidence_verify(const void *evidence, size_t size);

/* The launch digest that the machine was started with (SGX: CONFIGID of our own report, which is the
 * digest and 32 zeros; CONFIGSVN is 0). E_DENIED when there is none, or we are not what the runtime was
 * built to be (SGX: our ATTRIBUTES, XFRM and MISCSELECT). */
MUST_USE enum err platform_launch_digest(uint8_t out[32]);

/* Is the state of AVX-512 ours to use: kept when we are interrupted, cleared when we leave (SGX: XFRM)? */
MUST_USE bool platform_has_avx512(void);

/* Is it this one? E_DENIED when not. */
MUST_USE enum err platform_check_launch(const uint8_t launch_digest[32]);

#endif
