/*
 * What a verifier accepts, as texts from a command line or a file give it (include/retwine.h), and the one way to judge
 * evidence by it: collateral is found, then attest/ decides.
 */
#ifndef HOST_VERIFY_POLICY_H
#define HOST_VERIFY_POLICY_H

#include "attest/verify.h"
#include "base/cc.h"
#include "include/retwine.h"

#define POLICY_DIGEST_SIZE	32
#define POLICY_REPORT_DATA_SIZE 64
#define POLICY_FILES_MAX	64 /* files and directories of collateral */
#define POLICY_ADVISORIES_MAX	ATTEST_ADVISORY_MAX
#define POLICY_VMPL_MAX		3 /* there are four levels */

/* Zeroed is the strictest. Who sets a value of `attest` by pointer lets it lead into the policy itself. */
struct retwine_policy {
	struct attest_policy attest;
	uint8_t mr_enclave[POLICY_DIGEST_SIZE];
	uint8_t mr_signer[POLICY_DIGEST_SIZE];
	uint8_t launch_digest[POLICY_DIGEST_SIZE];
	uint8_t report_data[POLICY_REPORT_DATA_SIZE];
	uint8_t measurement[SEV_MEASUREMENT_SIZE];
	uint8_t host_data[SEV_HOST_DATA_SIZE];
	uint8_t root[POLICY_DIGEST_SIZE];
	uint8_t rtmr[TD_RTMR_COUNT][TD_HASH_SIZE];
	uint8_t mr_config_id[TD_HASH_SIZE];
	uint8_t mr_owner[TD_HASH_SIZE];
	/* what stands in the claims of a certificate, or of a program's quote */
	bool has_program_digest;
	uint8_t program_digest[POLICY_DIGEST_SIZE];
	size_t nonce_size; /* 0: none is demanded */
	uint8_t nonce[POLICY_REPORT_DATA_SIZE];
	bool has_user_data; /* what a program said: makes the report data, with the digests and the nonce */
	uint8_t user_data[POLICY_REPORT_DATA_SIZE];
	bool has_product; /* isv-prod-id or isv-svn was given, which mean nothing without mrsigner */
	char *advisories[POLICY_ADVISORIES_MAX]; /* owned; attest.advisories leads here */
	/* where collateral comes from */
	char *files[POLICY_FILES_MAX]; /* owned */
	size_t file_count;
	char *pccs_url; /* owned; NULL: Intel's service */
	char *kds_url;	/* owned; NULL: AMD's */
	char *ca_file;	/* owned; NULL: the system's authorities */
	bool offline;	/* nothing is fetched */
	bool insecure_accept_http_collateral;
	bool insecure_accept_any_enclave;
	void (*note)(void *context, const char *line); /* may be NULL; retwine_policy_notes */
	void *note_context;
	bool has_time;
	int64_t time; /* UNIX seconds */
};

/* A copy of its own; `in` NULL: the strictest. RETWINE_FAILED without memory. */
MUST_USE enum retwine_code policy_copy(struct retwine_policy **out, const struct retwine_policy *in,
				       struct retwine_error *error);

/* Does it say which enclave it has to be, or that any will do? */
bool policy_names_enclave(const struct retwine_policy *policy);

void policy_set_mr_enclave(struct retwine_policy *policy, const uint8_t digest[POLICY_DIGEST_SIZE]);
void policy_set_launch_digest(struct retwine_policy *policy,
			      const uint8_t digest[POLICY_DIGEST_SIZE]);
void policy_set_report_data(struct retwine_policy *policy,
			    const uint8_t report_data[POLICY_REPORT_DATA_SIZE]);

/*
 * The verdict on a quote or report (untrusted), with collateral from the policy's files, from the cache or the network.
 * RETWINE_OK: *out is the verdict, whatever it is. RETWINE_INPUT, RETWINE_FAILED: there is none, since collateral could not
 * be read or fetched. *out is large: not for a stack.
 */
MUST_USE enum retwine_code policy_verify(struct attest_verdict *out,
					 const struct retwine_policy *policy, const void *evidence,
					 size_t size, struct retwine_error *error);

/* When it verifies: the time that it names, or now. */
int64_t policy_time(const struct retwine_policy *policy);

/* Each relaxation that the policy has, a line each, ended; "" without one. Freed by the caller; NULL: no memory. */
MUST_USE char *policy_relaxations(const struct retwine_policy *policy);

#endif
