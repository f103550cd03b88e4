/*
 * SIGSTRUCT: making it, and judging it as EINIT does (SDM, EINIT; Linux adds the vendor rule).
 * Signed is what identifies an image: its measurement and the attributes that the machine may not
 * change.
 */
#ifndef SGX_SIGSTRUCT_H
#define SGX_SIGSTRUCT_H

#include "base/cc.h"
#include "base/err.h"
#include "crypto/rsa.h"
#include "sgx/arch.h"

/*
 * What every enclave of ours runs with. Everything is enforced but XFRM bits 5-7: the loader sets
 * all three of them (AVX-512) or none. DEBUG, PROVISIONKEY, EINITTOKENKEY, CET, AEXNOTIFY, PKRU and
 * AMX are enforced to be clear.
 */
#define SIGN_ATTRIBUTES (ATTRIBUTE_MODE64 | ATTRIBUTE_KSS)
#define SIGN_XFRM	(XFRM_X87 | XFRM_SSE | XFRM_AVX)
#define SIGN_XFRM_FREE	XFRM_AVX512
#define SIGN_MISCSELECT MISC_EXINFO

/* What the signer chooses. */
struct sgx_sign {
	uint8_t mrenclave[SGX_HASH_SIZE];
	uint32_t date; /* BCD, 0xYYYYMMDD */
	uint16_t isvprodid;
	uint16_t isvsvn;
	uint8_t isvfamilyid[16];
	uint8_t isvextprodid[16];
};

/*
 * Signs with the key in pem (untrusted text, pem_size bytes). The same arguments give the same
 * bytes. E_INVALID: the date is none; E_SGX_KEY: see rsa_sign.
 */
MUST_USE enum err sgx_sigstruct_create(struct sgx_sigstruct *out, const struct sgx_sign *sign,
				       const char *pem, size_t pem_size);

/* A new signing key as PEM text with a NUL; see rsa_generate_pem. */
MUST_USE enum err sgx_key_generate(char pem[RSA_PEM_MAX], const uint8_t seed[RSA_SEED_SIZE]);

/* SHA-256 of the modulus as it stands. */
void sgx_sigstruct_mrsigner(const struct sgx_sigstruct *s, uint8_t mrsigner[SGX_HASH_SIZE]);

/* Why EINIT would refuse, in the order in which the fields are looked at. */
enum sgx_refusal {
	REFUSAL_NONE,
	/* in the SIGSTRUCT itself */
	REFUSAL_HEADER,	   /* a constant of the format is another */
	REFUSAL_VENDOR,	   /* neither 0 nor 0x8086 */
	REFUSAL_RESERVED,  /* a reserved byte is not zero */
	REFUSAL_EXPONENT,  /* not 3 */
	REFUSAL_UNMASKED,  /* a MISCSELECT bit is set outside MISCMASK */
	REFUSAL_FAMILY,	   /* ISVFAMILYID or ISVEXTPRODID without KSS in the enclave's ATTRIBUTES */
	REFUSAL_QUOTIENTS, /* Q1 or Q2 do not belong to the signature */
	REFUSAL_SIGNATURE, /* the signature does not hold */
	/* between it and the enclave */
	REFUSAL_MRENCLAVE,  /* ENCLAVEHASH is another: the pages differ from what was signed */
	REFUSAL_ATTRIBUTES, /* ATTRIBUTES (flags) differ under the mask */
	REFUSAL_XFRM,	    /* XFRM differs under the mask */
	REFUSAL_MISCSELECT, /* MISCSELECT differs under the mask */
	REFUSAL_END
};

/*
 * Is this SIGSTRUCT (untrusted) well formed and signed? Constants, reserved fields, Q1 and Q2,
 * signature; one of the refusals up to REFUSAL_SIGNATURE, without the rule on ISVFAMILYID.
 */
MUST_USE enum sgx_refusal sgx_sigstruct_verify(const struct sgx_sigstruct *s);

/*
 * The whole of EINIT: sgx_sigstruct_verify, and does it belong to the enclave with this
 * measurement, ATTRIBUTES (INIT clear, as before EINIT) and MISCSELECT?
 */
MUST_USE enum sgx_refusal sgx_sigstruct_check(const struct sgx_sigstruct *s,
					      const uint8_t mrenclave[SGX_HASH_SIZE],
					      struct sgx_attributes attributes,
					      uint32_t miscselect);

/* The error code that EINIT gives for a refusal: SGX_*. */
uint32_t sgx_refusal_code(enum sgx_refusal refusal);

#endif
