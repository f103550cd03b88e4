/*
 * A platform with all that a verifier needs of it, made up: its quote is accepted as it stands, and
 * a test changes any one thing and says which rule must notice. Built on test/lib/pki.h; the root
 * is not Intel's and named by the policy.
 */
#ifndef TEST_LIB_ATTEST_SCENE_H
#define TEST_LIB_ATTEST_SCENE_H

#include "attest/verify.h"

#include "test/lib/pki.h"

#define SCENE_NOW     INT64_C(1717200000) /* 2024-06-01 */
#define SCENE_LEVELS  6
#define SCENE_ISVS    4
#define SCENE_MODULES 3

struct scene_level {
	uint16_t sgx[16];
	uint16_t tdx[16];
	uint16_t pcesvn;
	const char *status;
	const char *advisory; /* one, or NULL */
};

struct scene_isv {
	uint16_t isvsvn;
	const char *status;
	const char *advisory;
};

struct scene_module {
	const char *id;
	uint8_t mrsigner; /* every byte of it */
	uint8_t attributes;
	struct scene_isv levels[SCENE_ISVS];
	unsigned level_count;
};

/* Dates of JSON have 20 characters, of lists 13. */
struct scene {
	struct pki_world world;
	struct pki_key attestation_key;
	struct pki_quote quote; /* certification_data NULL: the platform's chain */
	/* TCB info */
	const char *info_id;
	unsigned info_version, info_type, info_evaluation;
	const char *info_from, *info_until, *info_fmspc, *info_pceid;
	struct scene_level levels[SCENE_LEVELS];
	unsigned level_count;
	const char (*more_advisories)[ATTEST_ADVISORY_SIZE]; /* of each level that has one */
	unsigned more_advisory_count;
	struct scene_module
		modules[SCENE_MODULES]; /* the first is tdxModule, without id and levels */
	unsigned module_count;
	const struct pki_key *info_signer; /* NULL: no TCB info */
	/* identity */
	const char *identity_id;
	unsigned identity_version, identity_evaluation;
	const char *identity_from, *identity_until;
	const char *identity_status;	       /* of the first level */
	const struct pki_key *identity_signer; /* NULL: no identity */
	/* the rest */
	const struct pki_world *signer_world; /* whose chain is there; NULL: none */
	const char *root_crl_from, *root_crl_until;
	const char *pck_crl_from, *pck_crl_until;
	uint32_t root_revoked, pck_revoked; /* serial numbers; 0: none */
	bool no_root_crl, no_pck_crl;
	struct attest_policy policy;
	int64_t now;
	uint8_t root_digest[SHA256_SIZE];
	struct attest_collateral collateral;
	struct pki_bytes quote_bytes;
	struct attest_verdict verdict;
};

/* An SGX enclave, version 3; a TD 1.5, version 5. UpToDate and accepted. */
void scene_init(struct scene *s);
void scene_init_td(struct scene *s);

/* The TCB info and the identity as they are signed, from the start of *out. */
void scene_tcb_info(struct pki_bytes *out, const struct scene *s);
void scene_identity(struct pki_bytes *out, const struct scene *s);

/* Makes collateral and quote of what the scene says; verifies. What was made stays until the
 * next call or scene_fini. */
void scene_make(struct scene *s);
/* Adds the TCB info, or the identity, that the scene says by now: one more of them. */
void scene_add_info(struct scene *s);
void scene_add_identity(struct scene *s);
/* Verifies what was made. */
void scene_verify_made(struct scene *s);
void scene_verify(struct scene *s);
void scene_fini(struct scene *s);

/* Is the rule among the reasons? */
bool scene_refused_by(const struct scene *s, enum attest_rule rule);

#endif
