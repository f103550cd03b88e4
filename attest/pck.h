/*
 * What a PCK certificate says of its platform: the SGX extension 1.2.840.113741.1.13.1 (Intel, "SGX PCK
 * Certificate and Certificate Revocation List Profile").
 */
#ifndef ATTEST_PCK_H
#define ATTEST_PCK_H

#include "attest/x509.h"

#define PCK_COMPONENTS 16

enum pck_type {
	PCK_STANDARD,
	PCK_SCALABLE,
	PCK_SCALABLE_WITH_INTEGRITY,
};

struct attest_pck {
	uint8_t ppid[16];
	uint8_t components[PCK_COMPONENTS]; /* SVNs of the TCB */
	uint16_t pcesvn;
	uint8_t cpusvn[16];
	uint8_t pceid[2];
	uint8_t fmspc[6];
	enum pck_type type;
	/* of certificates that the platform CA made, else zeros */
	bool has_instance;
	uint8_t instance[16];
	bool has_configuration;
	bool dynamic_platform, cached_keys, smt_enabled;
};

/* The certificate's extension. The rules PCK_*. */
MUST_USE enum attest_rule pck_decode(struct attest_pck *out, const struct x509_certificate *leaf);

/* The contents of the extension alone (untrusted). */
MUST_USE enum attest_rule pck_decode_extension(struct attest_pck *out, const void *der,
					       size_t size);

#endif
