/*
 * SIGSTRUCT, both ways.
 * Trust: a SIGSTRUCT to be judged and the PEM text are untrusted; what is to be signed is the
 * caller's.
 */
#include "sgx/sigstruct.h"

#include <string.h>

#include "crypto/sha256.h"

#define VENDOR_INTEL 0x8086

static const uint8_t g_header[16] = {6, 0, 0, 0, 0xe1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0};
static const uint8_t g_header2[16] = {1, 1, 0, 0, 0x60, 0, 0, 0, 0x60, 0, 0, 0, 1, 0, 0, 0};

/* The digest that is signed: the two parts, without key, signature and quotients between and
 * behind. */
static void sigstruct_digest(const struct sgx_sigstruct *s, uint8_t digest[SHA256_SIZE])
{
	const uint8_t *bytes = (const uint8_t *)s;
	struct sha256 hash;

	sha256_init(&hash);
	sha256_update(&hash, bytes, SIGSTRUCT_PART1_SIZE);
	sha256_update(&hash, bytes + SIGSTRUCT_PART2_OFF, SIGSTRUCT_PART2_SIZE);
	sha256_final(&hash, digest);
}

/* Decimal digits, month 1-12, day 1-31. */
static bool date_is_valid(uint32_t date)
{
	uint32_t month = date >> 8 & 0xff, day = date & 0xff;

	for (uint32_t d = date; d != 0; d >>= 4)
		if ((d & 0xf) > 9)
			return false;
	return month >= 1 && month <= 0x12 && day >= 1 && day <= 0x31;
}

static void sigstruct_fill(struct sgx_sigstruct *s, const struct sgx_sign *sign)
{
	memset(s, 0, sizeof *s);
	memcpy(s->header, g_header, sizeof s->header);
	memcpy(s->header2, g_header2, sizeof s->header2);
	s->date = sign->date;
	s->exponent = RSA_EXPONENT;
	s->miscselect = SIGN_MISCSELECT;
	s->miscmask = UINT32_MAX;
	s->attributes.flags = SIGN_ATTRIBUTES;
	s->attributes.xfrm = SIGN_XFRM;
	s->attributemask.flags = UINT64_MAX;
	s->attributemask.xfrm = ~(uint64_t)SIGN_XFRM_FREE;
	memcpy(s->isvfamilyid, sign->isvfamilyid, sizeof s->isvfamilyid);
	memcpy(s->isvextprodid, sign->isvextprodid, sizeof s->isvextprodid);
	memcpy(s->enclavehash, sign->mrenclave, sizeof s->enclavehash);
	s->isvprodid = sign->isvprodid;
	s->isvsvn = sign->isvsvn;
}

static enum err sigstruct_sign(struct sgx_sigstruct *s, const char *pem, size_t pem_size)
{
	uint8_t digest[SHA256_SIZE];
	enum err err;

	sigstruct_digest(s, digest);
	err = rsa_sign(s->modulus, s->signature, pem, pem_size, digest);
	if (err == E_OK)
		err = rsa_quotients(s->q1, s->q2, s->modulus, s->signature);
	return err;
}

enum err sgx_sigstruct_create(struct sgx_sigstruct *out, const struct sgx_sign *sign,
			      const char *pem, size_t pem_size)
{
	struct sgx_sigstruct s;
	enum err err;

	if (!date_is_valid(sign->date))
		return E_INVALID;
	sigstruct_fill(&s, sign);
	err = sigstruct_sign(&s, pem, pem_size);
	if (err == E_OK)
		*out = s;
	return err;
}

enum err sgx_key_generate(char pem[RSA_PEM_MAX], const uint8_t seed[RSA_SEED_SIZE])
{
	return rsa_generate_pem(pem, seed);
}

void sgx_sigstruct_mrsigner(const struct sgx_sigstruct *s, uint8_t mrsigner[SGX_HASH_SIZE])
{
	sha256_digest(mrsigner, s->modulus, sizeof s->modulus);
}

static bool all_zero(const uint8_t *p, size_t n)
{
	uint8_t any = 0;

	for (size_t i = 0; i < n; i++)
		any |= p[i];
	return any == 0;
}

/* The CET fields count as reserved: CET is never enabled, and a mask or a value means a newer
 * format. */
static bool sigstruct_reserved_is_zero(const struct sgx_sigstruct *s)
{
	return all_zero(s->reserved1, sizeof s->reserved1) && s->cet_attributes == 0 &&
	       s->cet_attributes_mask == 0 && all_zero(s->reserved2, sizeof s->reserved2) &&
	       all_zero(s->reserved3, sizeof s->reserved3) &&
	       all_zero(s->reserved4, sizeof s->reserved4);
}

static bool sigstruct_quotients_fit(const struct sgx_sigstruct *s)
{
	uint8_t q1[SGX_RSA_SIZE], q2[SGX_RSA_SIZE];

	return rsa_quotients(q1, q2, s->modulus, s->signature) == E_OK &&
	       memcmp(q1, s->q1, sizeof q1) == 0 && memcmp(q2, s->q2, sizeof q2) == 0;
}

enum sgx_refusal sgx_sigstruct_verify(const struct sgx_sigstruct *s)
{
	uint8_t digest[SHA256_SIZE];

	if (memcmp(s->header, g_header, sizeof g_header) != 0 ||
	    memcmp(s->header2, g_header2, sizeof g_header2) != 0)
		return REFUSAL_HEADER;
	if (s->vendor != 0 && s->vendor != VENDOR_INTEL)
		return REFUSAL_VENDOR;
	if (!sigstruct_reserved_is_zero(s))
		return REFUSAL_RESERVED;
	if (s->exponent != RSA_EXPONENT)
		return REFUSAL_EXPONENT;
	if (s->miscselect & ~s->miscmask)
		return REFUSAL_UNMASKED;
	if (!sigstruct_quotients_fit(s))
		return REFUSAL_QUOTIENTS;
	sigstruct_digest(s, digest);
	if (rsa_verify(s->modulus, s->signature, digest) != E_OK)
		return REFUSAL_SIGNATURE;
	return REFUSAL_NONE;
}

/* Equal in the bits of the mask? */
static bool equal_under(uint64_t a, uint64_t b, uint64_t mask)
{
	return ((a ^ b) & mask) == 0;
}

enum sgx_refusal sgx_sigstruct_check(const struct sgx_sigstruct *s,
				     const uint8_t mrenclave[SGX_HASH_SIZE],
				     struct sgx_attributes attributes, uint32_t miscselect)
{
	enum sgx_refusal refusal = sgx_sigstruct_verify(s);

	if (refusal != REFUSAL_NONE)
		return refusal;
	if (!(attributes.flags & ATTRIBUTE_KSS) &&
	    !(all_zero(s->isvfamilyid, sizeof s->isvfamilyid) &&
	      all_zero(s->isvextprodid, sizeof s->isvextprodid)))
		return REFUSAL_FAMILY;
	if (memcmp(s->enclavehash, mrenclave, SGX_HASH_SIZE) != 0)
		return REFUSAL_MRENCLAVE;
	if (!equal_under(s->attributes.flags, attributes.flags, s->attributemask.flags))
		return REFUSAL_ATTRIBUTES;
	if (!equal_under(s->attributes.xfrm, attributes.xfrm, s->attributemask.xfrm))
		return REFUSAL_XFRM;
	if (!equal_under(s->miscselect, miscselect, s->miscmask))
		return REFUSAL_MISCSELECT;
	return REFUSAL_NONE;
}

uint32_t sgx_refusal_code(enum sgx_refusal refusal)
{
	switch (refusal) {
	case REFUSAL_NONE:
		return SGX_SUCCESS;
	case REFUSAL_QUOTIENTS:
	case REFUSAL_SIGNATURE:
		return SGX_INVALID_SIGNATURE;
	case REFUSAL_MRENCLAVE:
		return SGX_INVALID_MEASUREMENT;
	case REFUSAL_ATTRIBUTES:
	case REFUSAL_XFRM:
	case REFUSAL_MISCSELECT:
		return SGX_INVALID_ATTRIBUTE;
	default:
		return SGX_INVALID_SIG_STRUCT;
	}
}
