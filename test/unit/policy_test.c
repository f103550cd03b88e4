/* What a verifier accepts: texts become fields, wrong ones change nothing, a copy stands alone, nothing is relaxed unasked. */
#include <stdlib.h>
#include <string.h>

#include "host/verify/policy.h"

#include "test/lib/check.h"

#define HEX32 "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F"

static struct retwine_error g_error;

static bool sets(struct retwine_policy *p, const char *key, const char *text)
{
	return retwine_policy_set(p, key, text, &g_error) == RETWINE_OK;
}

/* Refused as a wrong word, and nothing has changed. */
static bool refuses(struct retwine_policy *p, const char *key, const char *text)
{
	struct retwine_policy before = *p;
	const enum retwine_code code = retwine_policy_set(p, key, text, &g_error);

	if (code == RETWINE_USAGE && g_error.message[0] && memcmp(&before, p, sizeof before) == 0)
		return true;
	printf("%s %s: %d\n", key, text, code);
	return false;
}

TEST(policy_new_is_the_strictest)
{
	static const struct retwine_policy strictest;
	struct retwine_policy *p = retwine_policy_new();
	char *words = policy_relaxations(p);

	CHECK(memcmp(p, &strictest, sizeof strictest) == 0);
	CHECK(words && words[0] == 0);
	CHECK(!policy_names_enclave(p));
	free(words);
	retwine_policy_free(p);
	retwine_policy_free(NULL);
}

TEST(policy_reads_digests)
{
	static const char *const keys[] = {
		"mrenclave", "mrsigner", "launch-digest", "program-digest", "insecure-accept-root",
		"host-data"};
	struct retwine_policy *p = retwine_policy_new();

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		CHECK(refuses(p, keys[i], ""));
		CHECK(refuses(p, keys[i], "0"));
		CHECK(refuses(p, keys[i], HEX32 "00"));
		CHECK(refuses(p, keys[i], "zz" HEX32));
		CHECK(refuses(p, keys[i], "0x" HEX32));
		CHECK(sets(p, keys[i], HEX32));
	}
	CHECK(p->attest.mr_enclave == p->mr_enclave && p->mr_enclave[31] == 0x1f);
	CHECK(p->attest.mr_signer == p->mr_signer && p->mr_signer[1] == 1);
	CHECK(p->attest.launch_digest == p->launch_digest);
	CHECK(p->attest.insecure_accept_root == p->root);
	CHECK(p->attest.sev.host_data == p->host_data);
	CHECK(p->has_program_digest && !p->has_user_data && !p->attest.report_data);
	CHECK(refuses(p, "report-data", HEX32));
	CHECK(sets(p, "report-data", HEX32 HEX32));
	CHECK(sets(p, "user-data", HEX32 HEX32));
	CHECK(p->has_user_data && p->attest.report_data == p->report_data);
	CHECK(policy_names_enclave(p));
	retwine_policy_free(p);
}

TEST(policy_reads_numbers_and_times)
{
	struct retwine_policy *p = retwine_policy_new();

	CHECK(refuses(p, "isv-svn", "65536"));
	CHECK(refuses(p, "isv-svn", "-1"));
	CHECK(refuses(p, "isv-prod-id", "0x1"));
	CHECK(refuses(p, "isv-prod-id", ""));
	CHECK(refuses(p, "min-tcb-eval", "4294967296"));
	CHECK(refuses(p, "min-tcb-eval", "18446744073709551617"));
	CHECK(refuses(p, "time", "2025-01-01"));
	CHECK(refuses(p, "time", "9999999999999"));
	CHECK(refuses(p, "max-collateral-age", "1ms"));
	CHECK(refuses(p, "max-collateral-age", "old"));
	CHECK(sets(p, "isv-prod-id", "65535") && sets(p, "isv-svn", "7"));
	CHECK(sets(p, "min-tcb-eval", "17") && sets(p, "time", "0"));
	CHECK(sets(p, "max-collateral-age", "24h"));
	CHECK_EQ(p->attest.isv_prod_id, 65535);
	CHECK_EQ(p->attest.isv_svn, 7);
	CHECK_EQ(p->attest.min_tcb_evaluation, 17);
	CHECK_EQ(p->attest.max_collateral_age, 86400);
	CHECK_EQ(policy_time(p), 0);
	retwine_policy_free(p);
}

TEST(policy_reads_demands_of_sev_snp)
{
	static const char *const wrong[] = {"",		  "snp",	 "snp=",    "snp=256",
					    "snp=-1",	  "snp=5,",	 ",snp=5",  "snp=5,snp=5",
					    "firmware=1", "snp=5,tee=x", "snp =5",  "SNP=5",
					    "=5",	  "sn=5",	 "snp=5=6", "snp=5 tee=1"};
	struct retwine_policy *p = retwine_policy_new();
	const struct sev_tcb *tcb = &p->attest.sev.tcb;

	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		CHECK(refuses(p, "sev-tcb", wrong[i]));
	CHECK(sets(p, "sev-tcb", "microcode=68,fmc=1,bootloader=2,snp=255,tee=0"));
	CHECK(tcb->fmc == 1 && tcb->boot_loader == 2 && tcb->tee == 0);
	CHECK(tcb->snp == 255 && tcb->microcode == 68);
	CHECK(refuses(p, "sev-tcb", "snp=9,tee=256"));
	CHECK(sets(p, "sev-tcb", "snp=7")); /* the last one counts, whole */
	CHECK(tcb->snp == 7 && tcb->microcode == 0 && tcb->fmc == 0);
	CHECK(refuses(p, "guest-svn", "4294967296") && refuses(p, "guest-svn", ""));
	CHECK(sets(p, "guest-svn", "4294967295"));
	CHECK_EQ(p->attest.sev.guest_svn, UINT32_MAX);
	CHECK(refuses(p, "vmpl", "4") && refuses(p, "vmpl", "-1") && refuses(p, "vmpl", ""));
	CHECK(sets(p, "vmpl", "3"));
	CHECK_EQ(p->attest.sev.vmpl, 3);
	CHECK(refuses(p, "refuse-smt", "yes"));
	CHECK(sets(p, "refuse-smt", "true") && p->attest.sev.refuse_smt);
	char *words = policy_relaxations(p);

	CHECK(words && words[0] == 0); /* they are demands */
	free(words);
	retwine_policy_free(p);
}

TEST(policy_reads_a_nonce)
{
	struct retwine_policy *p = retwine_policy_new();

	CHECK(refuses(p, "nonce", ""));
	CHECK(refuses(p, "nonce", "123"));
	CHECK(refuses(p, "nonce", HEX32 HEX32 "00"));
	CHECK(sets(p, "nonce", "ff"));
	CHECK_EQ(p->nonce_size, 1);
	CHECK(sets(p, "nonce", HEX32 HEX32));
	CHECK_EQ(p->nonce_size, 64);
	retwine_policy_free(p);
}

TEST(policy_reads_lists)
{
	struct retwine_policy *p = retwine_policy_new();

	CHECK(refuses(p, "insecure-accept-status", ""));
	CHECK(refuses(p, "insecure-accept-status", "OutOfDate,"));
	CHECK(refuses(p, "insecure-accept-status", ",OutOfDate"));
	CHECK(refuses(p, "insecure-accept-status", "OutOfDate,Revoked"));
	CHECK(refuses(p, "insecure-accept-status", "outofdate"));
	CHECK(refuses(p, "insecure-accept-status", "Invalid"));
	CHECK(refuses(p, "insecure-accept-status", "NotSupported"));
	CHECK(refuses(p, "insecure-accept-status", "ExpiredOrNotYetValid"));
	CHECK(sets(p, "insecure-accept-status", "OutOfDate,SWHardeningNeeded"));
	CHECK_EQ(p->attest.accepted_statuses,
		 1u << ATTEST_STATUS_OUT_OF_DATE | 1u << ATTEST_STATUS_SW_HARDENING_NEEDED);
	CHECK(p->attest.advisories == NULL);
	CHECK(sets(p, "accept-advisories", "INTEL-SA-00001,INTEL-SA-00002"));
	CHECK_EQ(p->attest.advisory_count, 2);
	CHECK(strcmp(p->attest.advisories[1], "INTEL-SA-00002") == 0);
	retwine_policy_free(p);
}

TEST(policy_relaxes_only_by_name)
{
	static const char *const keys[] = {
		"insecure-accept-simulation",	  "insecure-accept-debug",
		"insecure-accept-migration",	  "insecure-accept-expired",
		"insecure-accept-missing-crl",	  "insecure-accept-any-enclave",
		"insecure-accept-http-collateral"};

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		struct retwine_policy *p = retwine_policy_new();

		CHECK(refuses(p, keys[i], "yes"));
		CHECK(refuses(p, keys[i], ""));
		CHECK(sets(p, keys[i], "true"));
		char *words = policy_relaxations(p);

		CHECK(words && strncmp(words, "--", 2) == 0);
		CHECK(words && strncmp(words + 2, keys[i], strlen(keys[i])) == 0);
		CHECK(words && strchr(words, '\n') == words + strlen(words) - 1);
		CHECK(sets(p, keys[i], "false"));
		free(words);
		words = policy_relaxations(p);
		CHECK(words && words[0] == 0);
		free(words);
		retwine_policy_free(p);
	}
}

TEST(policy_names_statuses_and_roots_as_relaxations)
{
	struct retwine_policy *p = retwine_policy_new();

	CHECK(sets(p, "insecure-accept-status", "OutOfDate"));
	CHECK(sets(p, "insecure-accept-root", HEX32));
	char *words = policy_relaxations(p);

	CHECK(words && strstr(words, "OutOfDate\n"));
	CHECK(words && strstr(words, "--insecure-accept-root"));
	free(words);
	retwine_policy_free(p);
}

TEST(policy_knows_no_other_key)
{
	struct retwine_policy *p = retwine_policy_new();

	CHECK(refuses(p, "insecure", "true"));
	CHECK(refuses(p, "", "true"));
	CHECK(refuses(p, "insecure-accept-everything", "true"));
	retwine_policy_free(p);
}

TEST(policy_copy_stands_alone)
{
	static const uint8_t zeros[POLICY_DIGEST_SIZE];
	struct retwine_policy *p = retwine_policy_new(), *q = NULL;

	CHECK(sets(p, "mrenclave", HEX32) && sets(p, "report-data", HEX32 HEX32));
	CHECK(sets(p, "accept-advisories", "A,B") && sets(p, "collateral", "one"));
	CHECK(sets(p, "pccs-url", "https://a") && sets(p, "ca-file", "b") &&
	      sets(p, "kds-url", "c"));
	CHECK_EQ(policy_copy(&q, p, &g_error), RETWINE_OK);
	CHECK(q->attest.mr_enclave == q->mr_enclave && q->attest.report_data == q->report_data);
	CHECK(q->attest.mr_signer == NULL && q->attest.launch_digest == NULL);
	CHECK(q->attest.advisories == (const char *const *)q->advisories);
	CHECK(q->pccs_url != p->pccs_url && q->files[0] != p->files[0]);
	policy_set_mr_enclave(q, zeros);
	policy_set_launch_digest(q, zeros);
	CHECK(p->mr_enclave[1] == 1 && !p->attest.launch_digest && q->mr_enclave[1] == 0);
	CHECK(sets(p, "pccs-url", "https://b"));
	retwine_policy_free(p);
	CHECK(strcmp(q->pccs_url, "https://a") == 0 && strcmp(q->files[0], "one") == 0);
	CHECK(strcmp(q->attest.advisories[1], "B") == 0);
	retwine_policy_free(q);
	CHECK_EQ(policy_copy(&q, NULL, &g_error), RETWINE_OK);
	CHECK(!policy_names_enclave(q));
	retwine_policy_free(q);
}

TEST(policy_bounds_its_files)
{
	struct retwine_policy *p = retwine_policy_new();

	for (int i = 0; i < POLICY_FILES_MAX; i++)
		CHECK(sets(p, "collateral", "x"));
	CHECK(refuses(p, "collateral", "x"));
	for (int i = 0; i < POLICY_ADVISORIES_MAX; i++)
		CHECK(sets(p, "accept-advisories", "x"));
	CHECK(refuses(p, "accept-advisories", "x"));
	retwine_policy_free(p);
}

TEST(policy_reads_the_registers_of_a_td)
{
	static const char *const keys[] = {"rtmr0", "rtmr1",	  "rtmr2",
					   "rtmr3", "mrconfigid", "mrowner"};
	struct retwine_policy *p = retwine_policy_new();
	struct retwine_policy *copy = NULL;

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		char text[97];

		CHECK(refuses(p, keys[i], HEX32));
		(void)snprintf(text, sizeof text, "%096zu", i);
		CHECK(sets(p, keys[i], text));
	}
	CHECK(policy_copy(&copy, p, &g_error) == RETWINE_OK);
	for (size_t i = 0; i < TD_RTMR_COUNT; i++) {
		CHECK(copy->attest.rtmr[i] == copy->rtmr[i]);
		CHECK_EQ(copy->attest.rtmr[i][47], i);
	}
	CHECK(copy->attest.mr_config_id == copy->mr_config_id && copy->mr_config_id[47] == 4);
	CHECK(copy->attest.mr_owner == copy->mr_owner && copy->mr_owner[47] == 5);
	retwine_policy_free(copy);
	retwine_policy_free(p);
}

int main(void)
{
	RUN(policy_new_is_the_strictest);
	RUN(policy_reads_digests);
	RUN(policy_reads_numbers_and_times);
	RUN(policy_reads_demands_of_sev_snp);
	RUN(policy_reads_a_nonce);
	RUN(policy_reads_lists);
	RUN(policy_relaxes_only_by_name);
	RUN(policy_names_statuses_and_roots_as_relaxations);
	RUN(policy_knows_no_other_key);
	RUN(policy_copy_stands_alone);
	RUN(policy_bounds_its_files);
	RUN(policy_reads_the_registers_of_a_td);
	return check_report();
}
