/*
 * SEV-SNP attestation reports (AMD's SEV-SNP Firmware ABI, 56860; VCEK and VLEK certificates, 57230 and
 * 58369): what a report says, who signed it, and what its owner demands of it. A chip's key (VCEK) or a
 * cloud provider's (VLEK) signs the report; AMD's ASK signs the certificate of that key, a pinned ARK the ASK's.
 */
#ifndef ATTEST_SEV_H
#define ATTEST_SEV_H

#include "attest/rule.h"
#include "base/cc.h"
#include "base/err.h"

#define SEV_REPORT_SIZE	     1184
#define SEV_SIGNED_SIZE	     0x2a0
#define SEV_TCB_SIZE	     8
#define SEV_CHIP_ID_SIZE     64
#define SEV_MEASUREMENT_SIZE 48
#define SEV_HOST_DATA_SIZE   32
#define SEV_REPORT_DATA_SIZE 64
#define SEV_CERTIFICATE_MAX  ((size_t)64 << 10) /* bytes of one input: a certificate, a chain */
#define SEV_CRL_MAX	     ((size_t)1 << 20)

/* Bits of the guest's policy (56860, 4.3). */
#define SEV_POLICY_SMT		 (UINT64_C(1) << 16)
#define SEV_POLICY_ONE		 (UINT64_C(1) << 17) /* reserved, always 1 */
#define SEV_POLICY_MIGRATE	 (UINT64_C(1) << 18)
#define SEV_POLICY_DEBUG	 (UINT64_C(1) << 19)
#define SEV_POLICY_SINGLE_SOCKET (UINT64_C(1) << 20)
#define SEV_POLICY_KNOWN	 UINT64_C(0x3ffffff) /* up to PAGE_SWAP_DISABLE; the rest is reserved */

/* The generation of a chip; it decides how a TCB version is laid out. */
enum sev_product {
	SEV_PRODUCT_UNKNOWN,
	SEV_MILAN,
	SEV_GENOA,
	SEV_TURIN,
};

/* The security versions in a TCB version, whatever the layout. fmc is 0 before Turin. */
struct sev_tcb {
	uint8_t fmc;
	uint8_t boot_loader;
	uint8_t tee;
	uint8_t snp;
	uint8_t microcode;
};

/* The key that signed, as the report says. */
enum sev_signing_key {
	SEV_VCEK = 0,
	SEV_VLEK = 1,
};

/* A report, decoded. */
struct sev_report {
	uint32_t version;
	uint32_t guest_svn;
	uint64_t policy;
	uint32_t vmpl;
	uint64_t platform_info;
	enum sev_signing_key signing_key;
	bool chip_masked;	  /* the host hides which chip it is: chip_id is zeros */
	enum sev_product product; /* SEV_PRODUCT_UNKNOWN before version 3, which does not say */
	uint8_t family_id[16];
	uint8_t image_id[16];
	uint8_t report_data[SEV_REPORT_DATA_SIZE];
	uint8_t measurement[SEV_MEASUREMENT_SIZE];
	uint8_t host_data[SEV_HOST_DATA_SIZE];
	uint8_t id_key_digest[48];
	uint8_t author_key_digest[48]; /* zeros without an author key */
	uint8_t report_id[32];
	uint8_t chip_id[SEV_CHIP_ID_SIZE]; /* zeros where it is masked (56860, MASK_CHIP_ID) */
	uint8_t current_tcb[SEV_TCB_SIZE]; /* as they stand there */
	uint8_t reported_tcb[SEV_TCB_SIZE];
	uint8_t committed_tcb[SEV_TCB_SIZE];
	uint8_t launch_tcb[SEV_TCB_SIZE];
	const uint8_t *message;	  /* the caller's bytes: SEV_SIGNED_SIZE that are signed */
	const uint8_t *signature; /* and R and S behind them, 72 bytes each, little-endian */
};

/* What a check needs beside the report, in DER; NULL is missing. Untrusted; the caller's bytes. */
struct sev_collateral {
	const uint8_t *key; /* certificate of the VCEK or VLEK */
	size_t key_size;
	const uint8_t
		*chain; /* those of ASK (or ASVK) and ARK, in this order, one behind the other */
	size_t chain_size;
	const uint8_t *crl; /* the ARK's */
	size_t crl_size;
};

/* What the owner demands of a guest beyond what struct attest_policy says. Zeroed: VMPL 0, and nothing else. */
struct sev_policy {
	const uint8_t *host_data; /* SEV_HOST_DATA_SIZE bytes; NULL: any */
	uint32_t guest_svn;	  /* at least */
	struct sev_tcb tcb;	  /* at least, one by one */
	uint32_t vmpl;		  /* at most */
	bool refuse_smt;	  /* the guest's policy has to forbid SMT */
};

struct attest_verdict;
struct attest_policy;

/* Could these bytes be a report, whole or not? A quote never is: its bytes 2 and 3 are a key type that is not 0. */
MUST_USE bool sev_detect(const void *p, size_t size);

/* Decodes a report, untrusted; its signature is not looked at. The first rule that does not hold. */
MUST_USE enum attest_rule sev_decode(struct sev_report *out, const void *p, size_t size);

/*
 * Verifies a report at the time `now` for attest_verify: form, certificates, CRL, signature, policy. All input but the
 * policy is untrusted. Adds to the verdict what does not hold, and what was found. E_NOMEM.
 */
MUST_USE enum err sev_verify(struct attest_verdict *v, const void *report, size_t size,
			     const struct sev_collateral *collateral,
			     const struct attest_policy *policy, int64_t now);

/* The security versions in a TCB version as that product lays it out. */
struct sev_tcb sev_tcb_read(enum sev_product product, const uint8_t tcb[SEV_TCB_SIZE]);

/* "Milan", "Genoa", "Turin", "unknown". */
const char *sev_product_name(enum sev_product product);

#endif
