/*
 * EGETKEY and EREPORT as functions of their inputs (SDM, those leaves; table "Key Derivation"):
 * what the simulator's leaves do once the operands have been found and copied. The derivation is
 * ours, since the CPU's is not public: it has the CPU's visible properties and none of its bytes.
 */
#ifndef SGX_KEYS_H
#define SGX_KEYS_H

#include "base/cc.h"
#include "sgx/arch.h"

/* An initialised enclave as the CPU knows it. */
struct sgx_identity {
	struct sgx_attributes attributes; /* with INIT */
	uint32_t miscselect;
	uint8_t mrenclave[SGX_HASH_SIZE];
	uint8_t mrsigner[SGX_HASH_SIZE];
	uint8_t configid[SGX_CONFIGID_SIZE];
	uint8_t isvfamilyid[16];
	uint8_t isvextprodid[16];
	uint16_t isvprodid;
	uint16_t isvsvn;
	uint16_t configsvn;
};

/* The simulated CPU. */
struct sgx_machine {
	uint8_t secret[32];	 /* stands for the fuses */
	uint8_t owner_epoch[16]; /* changes when the machine's owner does */
	uint8_t cpusvn[SGX_CPUSVN_SIZE];
	uint8_t report_keyid[32]; /* fresh at each start of the machine */
};

/* Beside SGX_*: the leaf ends in #GP(0). */
#define SGX_FAULT_GP 0x10000u

/*
 * EGETKEY. request: a copy of what the enclave asks, untrusted. Returns SGX_SUCCESS and the key, an
 * SGX_* code, or SGX_FAULT_GP; key is written on success alone.
 */
MUST_USE uint32_t sgx_get_key(uint8_t key[SGX_KEY_SIZE], const struct sgx_machine *machine,
			      const struct sgx_identity *self,
			      const struct sgx_keyrequest *request);

/*
 * EREPORT. target, data: copies of what the enclave gives, untrusted. SGX_SUCCESS or SGX_FAULT_GP;
 * out is written on success alone.
 */
MUST_USE uint32_t sgx_make_report(struct sgx_report *out, const struct sgx_machine *machine,
				  const struct sgx_identity *self,
				  const struct sgx_targetinfo *target,
				  const struct sgx_reportdata *data);

#endif
