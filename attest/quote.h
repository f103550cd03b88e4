/*
 * Quotes of SGX enclaves and TDX guests (Intel, "SGX DCAP ECDSA Quote Library API", "TDX DCAP Quoting Library API"):
 * version 3 (SGX), 4 (SGX or TDX 1.0), 5 (SGX, TDX 1.0, 1.5, 1.5 extended), taken apart, and the signatures inside. Three signatures
 * make the chain: the PCK's over the quoting enclave's report, whose report data has the attestation key, whose
 * signature is over the quote.
 */
#ifndef ATTEST_QUOTE_H
#define ATTEST_QUOTE_H

#include "attest/rule.h"
#include "base/cc.h"
#include "crypto/ecdsa.h"
#include "sgx/arch.h"

enum quote_tee {
	QUOTE_SGX = 0,
	QUOTE_TDX = 0x81,
};

/* What certifies the attestation key. */
enum quote_certification {
	QUOTE_PPID_CLEAR = 1, /* 1 to 4 name or hold a part of what 5 has whole */
	QUOTE_PPID_RSA_2048,
	QUOTE_PPID_RSA_3072,
	QUOTE_PCK_LEAF,
	QUOTE_PCK_CHAIN, /* PEM: leaf, CA, root */
	QUOTE_QE_REPORT, /* the envelope of version 4 and 5 */
	QUOTE_PLATFORM_MANIFEST,
};

#define TD_HASH_SIZE  48
#define TD_RTMR_COUNT 4

/* A TD's report as a quote has it (TDREPORT, Intel TDX Module ABI). */
struct attest_td {
	uint8_t tee_tcb_svn[16];
	uint8_t mrseam[TD_HASH_SIZE];
	uint8_t mrsignerseam[TD_HASH_SIZE];
	uint8_t seam_attributes[8];
	uint8_t attributes[8];
	uint8_t xfam[8];
	uint8_t mrtd[TD_HASH_SIZE];
	uint8_t mrconfigid[TD_HASH_SIZE];
	uint8_t mrowner[TD_HASH_SIZE];
	uint8_t mrownerconfig[TD_HASH_SIZE];
	uint8_t rtmr[TD_RTMR_COUNT][TD_HASH_SIZE];
	uint8_t report_data[64];
	/* since TDX 1.5; else zeros */
	uint8_t tee_tcb_svn2[16];
	uint8_t mrservicetd[TD_HASH_SIZE];
};
#define TD_10_SIZE 584
#define TD_15_SIZE 648
/* The extended form has VMID, TD ID, devices and bound service TDs behind it: signed, and not judged. */
#define TD_15_EXTENDED_SIZE 885
static_assert(sizeof(struct attest_td) == TD_15_SIZE, "TD report 1.5");
static_assert(offsetof(struct attest_td, attributes) == 120, "TDATTRIBUTES");
static_assert(offsetof(struct attest_td, mrtd) == 136, "MRTD");
static_assert(offsetof(struct attest_td, report_data) == 520, "REPORTDATA");
static_assert(offsetof(struct attest_td, tee_tcb_svn2) == TD_10_SIZE, "TD report 1.0");

#define TD_ATTRIBUTE_DEBUG 0x01 /* of attributes[0] */

/* Decoded. Pointers lead into the caller's bytes. */
struct attest_quote {
	uint16_t version;
	enum quote_tee tee;
	bool td15;			/* td has what came with TDX 1.5 */
	uint16_t qe_svn, pce_svn;	/* what the header says; 0 for TDX */
	const uint8_t *user_data;	/* 20 bytes */
	struct sgx_report_body enclave; /* SGX, else zeros */
	struct attest_td td;		/* TDX, else zeros */
	const uint8_t *signed_bytes;	/* header and body */
	size_t signed_size;
	const uint8_t *signature;  /* ECDSA_P256_SIGNATURE_SIZE, by key */
	const uint8_t *key;	   /* ECDSA_P256_KEY_SIZE */
	struct sgx_report_body qe; /* the quoting enclave */
	const uint8_t *qe_report;  /* the same as it stands */
	const uint8_t *qe_signature;
	const uint8_t *auth; /* data of the quoting enclave's that its report binds, too */
	size_t auth_size;
	enum quote_certification certification; /* QUOTE_PPID_CLEAR .. QUOTE_PCK_CHAIN */
	const uint8_t *certification_data;
	size_t certification_size;
	size_t size; /* of the quote */
	size_t tail; /* bytes behind it, which mean nothing */
};

/* Takes untrusted bytes apart. The rules QUOTE_* and QE_RESERVED. No signature is looked at. */
MUST_USE enum attest_rule quote_decode(struct attest_quote *out, const void *bytes, size_t size);

/* The rule QE_SIGNATURE: the quoting enclave's report is signed by the PCK certificate's key. */
MUST_USE enum attest_rule quote_verify_qe(const struct attest_quote *q,
					  const uint8_t pck_key[ECDSA_P256_KEY_SIZE]);

/* The rule QE_REPORT_DATA: that report speaks of this attestation key. */
MUST_USE enum attest_rule quote_verify_key(const struct attest_quote *q);

/* The rule QUOTE_SIGNATURE: the attestation key signed header and body. */
MUST_USE enum attest_rule quote_verify_signature(const struct attest_quote *q);

#endif
