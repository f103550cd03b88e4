/*
 * The identity of a quoting enclave, as Intel's service publishes it: which enclave may speak for a
 * platform, and how its versions are judged. (Intel PCS: "Get Quoting Enclave Identity", version
 * 2.)
 */
#ifndef ATTEST_IDENTITY_H
#define ATTEST_IDENTITY_H

#include "attest/tcb.h"
#include "sgx/arch.h"

struct enclave_identity {
	json_t *json; /* owns the advisories */
	bool td;      /* TD_QE, which makes quotes of TDX guests; else QE */
	struct attest_window window;
	uint32_t evaluation;
	uint8_t miscselect[4]; /* as in memory */
	uint8_t miscselect_mask[4];
	uint8_t attributes[16];
	uint8_t attributes_mask[16];
	uint8_t mrsigner[SGX_HASH_SIZE];
	uint16_t isvprodid;
	struct tcb_isv_levels levels;
};

/*
 * Decodes an enclaveIdentity (untrusted, size bytes of JSON; that it is authentic is the caller's
 * to check). IDENTITY_FORM, IDENTITY_VERSION, IDENTITY_KNOWN. On ATTEST_OK the caller frees with
 * enclave_identity_fini.
 */
MUST_USE enum attest_rule enclave_identity_decode(struct enclave_identity *out, const char *text,
						  size_t size);
void enclave_identity_fini(struct enclave_identity *identity);

/* Is the enclave of this report of that identity, and on which level? QE_*. The level stays the
 * identity's. */
MUST_USE enum attest_rule enclave_identity_match(const struct tcb_isv_level **level,
						 const struct enclave_identity *identity,
						 const struct sgx_report_body *report);

#endif
