/*
 * What a verifier accepts: keys and texts to fields.
 * Trust: the texts are the user's.
 * Invariant: attest's pointers lead into the same policy or are NULL; a key that fails changes nothing.
 */
#include "host/verify/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attest/status.h"
#include "host/base/text.h"
#include "host/base/words.h"
#include "host/verify/collateral.h"

/* ---- texts ---- */

/* An even number of digits, at most max bytes. */
static bool parse_hex(uint8_t *out, size_t *size, size_t max, const char *text)
{
	size_t n = strlen(text);

	if (n % 2 != 0 || n / 2 > max)
		return false;
	for (size_t i = 0; i < n / 2; i++) {
		int high = text_hex_digit(text[2 * i]), low = text_hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	*size = n / 2;
	return true;
}

/* Decimal digits alone. */
static bool parse_number(uint64_t *out, const char *text, uint64_t max)
{
	uint64_t v = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || __builtin_mul_overflow(v, 10u, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*text - '0'), &v) || v > max)
			return false;
	}
	*out = v;
	return true;
}

static bool parse_bool(bool *out, const char *text)
{
	*out = strcmp(text, "true") == 0;
	return *out || strcmp(text, "false") == 0;
}

static enum retwine_code set_string(char **out, const char *text, struct retwine_error *error)
{
	char *copy = strdup(text);

	if (!copy)
		return error_no_memory(error);
	free(*out);
	*out = copy;
	return RETWINE_OK;
}

/* ---- values of a fixed number of bytes ---- */

#define AT(member) offsetof(struct retwine_policy, member)
#define NO_FLAG	   SIZE_MAX

/* `flag`: the bool that says that it is set; `wanted`: attest's pointer to it. */
struct bytes_key {
	const char *name;
	size_t at;
	size_t size;
	size_t wanted;
	size_t flag;
};

static const struct bytes_key g_bytes_keys[] = {
	{"mrenclave", AT(mr_enclave), POLICY_DIGEST_SIZE, AT(attest.mr_enclave), NO_FLAG},
	{"mrsigner", AT(mr_signer), POLICY_DIGEST_SIZE, AT(attest.mr_signer), NO_FLAG},
	{"launch-digest", AT(launch_digest), POLICY_DIGEST_SIZE, AT(attest.launch_digest), NO_FLAG},
	{"report-data", AT(report_data), POLICY_REPORT_DATA_SIZE, AT(attest.report_data), NO_FLAG},
	{"measurement", AT(measurement), SEV_MEASUREMENT_SIZE, AT(attest.measurement), NO_FLAG},
	{"host-data", AT(host_data), SEV_HOST_DATA_SIZE, AT(attest.sev.host_data), NO_FLAG},
	{"insecure-accept-root", AT(root), POLICY_DIGEST_SIZE, AT(attest.insecure_accept_root),
	 NO_FLAG},
	{"program-digest", AT(program_digest), POLICY_DIGEST_SIZE, NO_FLAG, AT(has_program_digest)},
	{"user-data", AT(user_data), POLICY_REPORT_DATA_SIZE, NO_FLAG, AT(has_user_data)},
	{"rtmr0", AT(rtmr[0]), TD_HASH_SIZE, AT(attest.rtmr[0]), NO_FLAG},
	{"rtmr1", AT(rtmr[1]), TD_HASH_SIZE, AT(attest.rtmr[1]), NO_FLAG},
	{"rtmr2", AT(rtmr[2]), TD_HASH_SIZE, AT(attest.rtmr[2]), NO_FLAG},
	{"rtmr3", AT(rtmr[3]), TD_HASH_SIZE, AT(attest.rtmr[3]), NO_FLAG},
	{"mrconfigid", AT(mr_config_id), TD_HASH_SIZE, AT(attest.mr_config_id), NO_FLAG},
	{"mrowner", AT(mr_owner), TD_HASH_SIZE, AT(attest.mr_owner), NO_FLAG},
};

/* Lets attest's pointer lead to the bytes. */
static void want_bytes(struct retwine_policy *policy, const struct bytes_key *k)
{
	uint8_t *base = (uint8_t *)policy;
	const uint8_t *bytes = base + k->at;

	if (k->wanted != NO_FLAG)
		memcpy(base + k->wanted, &bytes, sizeof bytes);
	if (k->flag != NO_FLAG)
		base[k->flag] = true;
}

static bool is_wanted(const struct retwine_policy *policy, const struct bytes_key *k)
{
	const uint8_t *p = NULL;

	if (k->wanted != NO_FLAG)
		memcpy(&p, (const uint8_t *)policy + k->wanted, sizeof p);
	return p != NULL;
}

static enum retwine_code set_bytes(struct retwine_policy *policy, const struct bytes_key *k,
				   const char *text, struct retwine_error *error)
{
	uint8_t bytes[POLICY_REPORT_DATA_SIZE];
	size_t size = 0;

	if (!parse_hex(bytes, &size, k->size, text) || size != k->size)
		return error_set(error, RETWINE_USAGE, "%s: '%s' is not %zu hexadecimal digits",
				 k->name, text, 2 * k->size);
	memcpy((uint8_t *)policy + k->at, bytes, size);
	want_bytes(policy, k);
	return RETWINE_OK;
}

/* ---- yes or no ---- */

struct bool_key {
	const char *name;
	size_t at;
	const char *what; /* of a relaxation; else NULL */
};

static const struct bool_key g_bool_keys[] = {
	{"insecure-accept-simulation", AT(attest.insecure_accept_simulation),
	 "evidence of the simulator, which anybody can make"},
	{"insecure-accept-debug", AT(attest.insecure_accept_debug),
	 "an enclave or guest that its host can read"},
	{"insecure-accept-migration", AT(attest.insecure_accept_migration),
	 "a guest that its host can move"},
	{"insecure-accept-missing-crl", AT(attest.insecure_accept_missing_crl),
	 "certificates that may have been revoked"},
	{"insecure-accept-expired", AT(attest.insecure_accept_expired),
	 "certificates and collateral outside of their time"},
	{"insecure-accept-http-collateral", AT(insecure_accept_http_collateral),
	 "collateral over plain http"},
	{"insecure-accept-any-enclave", AT(insecure_accept_any_enclave), "any enclave"},
	{"offline", AT(offline), NULL},
	{"refuse-smt", AT(attest.sev.refuse_smt), NULL},
};

static enum retwine_code set_bool(struct retwine_policy *policy, const struct bool_key *k,
				  const char *text, struct retwine_error *error)
{
	bool value;

	if (!parse_bool(&value, text))
		return error_set(error, RETWINE_USAGE, "%s: '%s' is not true or false", k->name,
				 text);
	((uint8_t *)policy)[k->at] = value;
	return RETWINE_OK;
}

/* ---- the rest, each in its way ---- */

static enum retwine_code not_a_number(const char *key, const char *text,
				      struct retwine_error *error)
{
	return error_set(error, RETWINE_USAGE, "%s: '%s' is not a number that fits", key, text);
}

static enum retwine_code set_prod_id(struct retwine_policy *policy, const char *text,
				     struct retwine_error *error)
{
	uint64_t v;

	if (!parse_number(&v, text, UINT16_MAX))
		return not_a_number("isv-prod-id", text, error);
	policy->attest.isv_prod_id = (uint16_t)v;
	policy->has_product = true;
	return RETWINE_OK;
}

static enum retwine_code set_svn(struct retwine_policy *policy, const char *text,
				 struct retwine_error *error)
{
	uint64_t v;

	if (!parse_number(&v, text, UINT16_MAX))
		return not_a_number("isv-svn", text, error);
	policy->attest.isv_svn = (uint16_t)v;
	policy->has_product = true;
	return RETWINE_OK;
}

static enum retwine_code set_tcb_evaluation(struct retwine_policy *policy, const char *text,
					    struct retwine_error *error)
{
	uint64_t v;

	if (!parse_number(&v, text, UINT32_MAX))
		return not_a_number("min-tcb-eval", text, error);
	policy->attest.min_tcb_evaluation = (uint32_t)v;
	return RETWINE_OK;
}

static enum retwine_code set_guest_svn(struct retwine_policy *policy, const char *text,
				       struct retwine_error *error)
{
	uint64_t v;

	if (!parse_number(&v, text, UINT32_MAX))
		return not_a_number("guest-svn", text, error);
	policy->attest.sev.guest_svn = (uint32_t)v;
	return RETWINE_OK;
}

static enum retwine_code set_vmpl(struct retwine_policy *policy, const char *text,
				  struct retwine_error *error)
{
	uint64_t v;

	if (!parse_number(&v, text, POLICY_VMPL_MAX))
		return not_a_number("vmpl", text, error);
	policy->attest.sev.vmpl = (uint32_t)v;
	return RETWINE_OK;
}

/* The parts of a chip's TCB, as they are asked for. */
static const struct {
	const char *name;
	size_t at;
} g_tcb_parts[] = {
	{"fmc", offsetof(struct sev_tcb, fmc)},
	{"bootloader", offsetof(struct sev_tcb, boot_loader)},
	{"tee", offsetof(struct sev_tcb, tee)},
	{"snp", offsetof(struct sev_tcb, snp)},
	{"microcode", offsetof(struct sev_tcb, microcode)},
};

/* "snp=5", which is not in *seen, a bit for each part; false: it is something else. */
static bool parse_tcb_part(struct sev_tcb *out, unsigned *seen, const char *text, size_t size)
{
	char word[24];
	uint64_t v;

	if (size >= sizeof word)
		return false;
	memcpy(word, text, size);
	word[size] = 0;
	for (size_t i = 0; i < COUNT_OF(g_tcb_parts); i++) {
		const size_t n = strlen(g_tcb_parts[i].name);

		if (strncmp(word, g_tcb_parts[i].name, n) != 0 || word[n] != '=')
			continue;
		if ((*seen >> i & 1) || !parse_number(&v, word + n + 1, UINT8_MAX))
			return false;
		*seen |= 1u << i;
		((uint8_t *)out)[g_tcb_parts[i].at] = (uint8_t)v;
		return true;
	}
	return false;
}

static enum retwine_code set_sev_tcb(struct retwine_policy *policy, const char *text,
				     struct retwine_error *error)
{
	struct sev_tcb tcb = {0};
	const char *at = text;
	unsigned seen = 0;

	for (bool more = true; more;) {
		const size_t n = strcspn(at, ",");

		if (!parse_tcb_part(&tcb, &seen, at, n))
			return error_set(error, RETWINE_USAGE,
					 "sev-tcb: '%s' is not one or more of fmc=N, bootloader=N, "
					 "tee=N, snp=N, microcode=N (N up to 255), each once, with "
					 "commas",
					 text);
		more = at[n] != 0;
		at += n + more;
	}
	policy->attest.sev.tcb = tcb;
	return RETWINE_OK;
}

static enum retwine_code set_age(struct retwine_policy *policy, const char *text,
				 struct retwine_error *error)
{
	uint64_t ns;

	if (!retwine_parse_time(&ns, text) || ns < 1000000000)
		return error_set(error, RETWINE_USAGE,
				 "max-collateral-age: '%s' is not a time of a second or more",
				 text);
	policy->attest.max_collateral_age = (int64_t)(ns / 1000000000);
	return RETWINE_OK;
}

static enum retwine_code set_time(struct retwine_policy *policy, const char *text,
				  struct retwine_error *error)
{
	uint64_t v;

	if (!parse_number(&v, text, (uint64_t)1 << 40))
		return error_set(error, RETWINE_USAGE, "time: '%s' is not seconds since 1970",
				 text);
	policy->time = (int64_t)v;
	policy->has_time = true;
	return RETWINE_OK;
}

static enum retwine_code set_nonce(struct retwine_policy *policy, const char *text,
				   struct retwine_error *error)
{
	uint8_t nonce[POLICY_REPORT_DATA_SIZE];
	size_t size;

	if (!parse_hex(nonce, &size, sizeof nonce, text) || size == 0)
		return error_set(error, RETWINE_USAGE,
				 "nonce: '%s' is not 2 to 128 hexadecimal digits", text);
	memcpy(policy->nonce, nonce, size);
	policy->nonce_size = size;
	return RETWINE_OK;
}

static enum retwine_code add_file(struct retwine_policy *policy, const char *text,
				  struct retwine_error *error)
{
	if (policy->file_count == POLICY_FILES_MAX)
		return error_set(error, RETWINE_USAGE,
				 "collateral: more than %d files; name a directory",
				 POLICY_FILES_MAX);
	enum retwine_code code = set_string(&policy->files[policy->file_count], text, error);

	policy->file_count += code == RETWINE_OK;
	return code;
}

/* Calls take for each word of a list with commas between them. */
typedef enum retwine_code (*list_func)(struct retwine_policy *policy, const char *word,
				       struct retwine_error *error);

static enum retwine_code each_word(struct retwine_policy *policy, const char *key, const char *text,
				   list_func take, struct retwine_error *error)
{
	char word[64];
	enum retwine_code code = RETWINE_OK;

	while (code == RETWINE_OK) {
		const size_t n = strcspn(text, ",");

		if (n == 0 || n >= sizeof word)
			return error_set(error, RETWINE_USAGE,
					 "%s: '%s' is no list of words with one comma between them",
					 key, text);
		memcpy(word, text, n);
		word[n] = 0;
		code = take(policy, word, error);
		if (text[n] == 0)
			break;
		text += n + 1;
	}
	return code;
}

static enum retwine_code accept_status(struct retwine_policy *policy, const char *word,
				       struct retwine_error *error)
{
	enum attest_status status;

	if (!attest_status_acceptable(&status, word))
		return error_set(error, RETWINE_USAGE,
				 "insecure-accept-status: '%s' is no status that can be accepted; "
				 "there are SWHardeningNeeded, ConfigurationNeeded, "
				 "ConfigurationAndSWHardeningNeeded, OutOfDate, "
				 "OutOfDateConfigurationNeeded, TDRelaunchAdvised, "
				 "TDRelaunchAdvisedConfigurationNeeded",
				 word);
	policy->attest.accepted_statuses |= 1u << status;
	return RETWINE_OK;
}

static enum retwine_code set_statuses(struct retwine_policy *policy, const char *text,
				      struct retwine_error *error)
{
	const uint32_t before = policy->attest.accepted_statuses;
	enum retwine_code code =
		each_word(policy, "insecure-accept-status", text, accept_status, error);

	if (code != RETWINE_OK)
		policy->attest.accepted_statuses = before;
	return code;
}

static void point_to_advisories(struct retwine_policy *policy)
{
	policy->attest.advisories =
		policy->attest.advisory_count ? (const char *const *)policy->advisories : NULL;
}

static enum retwine_code add_advisory(struct retwine_policy *policy, const char *word,
				      struct retwine_error *error)
{
	const uint32_t n = policy->attest.advisory_count;

	if (n == POLICY_ADVISORIES_MAX)
		return error_set(error, RETWINE_USAGE, "accept-advisories: more than %d",
				 POLICY_ADVISORIES_MAX);
	enum retwine_code code = set_string(&policy->advisories[n], word, error);

	policy->attest.advisory_count += code == RETWINE_OK;
	point_to_advisories(policy);
	return code;
}

static enum retwine_code set_advisories(struct retwine_policy *policy, const char *text,
					struct retwine_error *error)
{
	return each_word(policy, "accept-advisories", text, add_advisory, error);
}

static enum retwine_code set_pccs_url(struct retwine_policy *policy, const char *text,
				      struct retwine_error *error)
{
	return set_string(&policy->pccs_url, text, error);
}

static enum retwine_code set_kds_url(struct retwine_policy *policy, const char *text,
				     struct retwine_error *error)
{
	return set_string(&policy->kds_url, text, error);
}

static enum retwine_code set_ca_file(struct retwine_policy *policy, const char *text,
				     struct retwine_error *error)
{
	return set_string(&policy->ca_file, text, error);
}

static const struct {
	const char *name;
	list_func set;
} g_other_keys[] = {
	{"isv-prod-id", set_prod_id},
	{"isv-svn", set_svn},
	{"min-tcb-eval", set_tcb_evaluation},
	{"max-collateral-age", set_age},
	{"sev-tcb", set_sev_tcb},
	{"guest-svn", set_guest_svn},
	{"vmpl", set_vmpl},
	{"time", set_time},
	{"nonce", set_nonce},
	{"collateral", add_file},
	{"insecure-accept-status", set_statuses},
	{"accept-advisories", set_advisories},
	{"pccs-url", set_pccs_url},
	{"kds-url", set_kds_url},
	{"ca-file", set_ca_file},
};

/* ---- the policy ---- */

struct retwine_policy *retwine_policy_new(void)
{
	return calloc(1, sizeof(struct retwine_policy));
}

void retwine_policy_free(struct retwine_policy *policy)
{
	if (!policy)
		return;
	for (size_t i = 0; i < policy->file_count; i++)
		free(policy->files[i]);
	for (uint32_t i = 0; i < policy->attest.advisory_count; i++)
		free(policy->advisories[i]);
	free(policy->pccs_url);
	free(policy->kds_url);
	free(policy->ca_file);
	free(policy);
}

enum retwine_code retwine_policy_set(struct retwine_policy *policy, const char *key,
				     const char *text, struct retwine_error *error)
{
	for (size_t i = 0; i < COUNT_OF(g_bytes_keys); i++) {
		if (strcmp(g_bytes_keys[i].name, key) == 0)
			return set_bytes(policy, &g_bytes_keys[i], text, error);
	}
	for (size_t i = 0; i < COUNT_OF(g_bool_keys); i++) {
		if (strcmp(g_bool_keys[i].name, key) == 0)
			return set_bool(policy, &g_bool_keys[i], text, error);
	}
	for (size_t i = 0; i < COUNT_OF(g_other_keys); i++) {
		if (strcmp(g_other_keys[i].name, key) == 0)
			return g_other_keys[i].set(policy, text, error);
	}
	return error_set(error, RETWINE_USAGE, "a policy has no key '%s'", key);
}

/* A copy of a string into an emptied place. */
static bool copy_string(char **out, const char *in)
{
	*out = in ? strdup(in) : NULL;
	return !in || *out;
}

/* What is owned, anew; counts grow with what is there, so that a failure can be undone. */
static bool copy_owned(struct retwine_policy *out, const struct retwine_policy *in)
{
	bool ok = copy_string(&out->pccs_url, in->pccs_url);

	ok = copy_string(&out->kds_url, in->kds_url) && ok;
	ok = copy_string(&out->ca_file, in->ca_file) && ok;
	out->file_count = 0;
	out->attest.advisory_count = 0;
	for (size_t i = 0; ok && i < in->file_count; i++) {
		ok = copy_string(&out->files[i], in->files[i]);
		out->file_count += ok;
	}
	for (uint32_t i = 0; ok && i < in->attest.advisory_count; i++) {
		ok = copy_string(&out->advisories[i], in->advisories[i]);
		out->attest.advisory_count += ok;
	}
	return ok;
}

enum retwine_code policy_copy(struct retwine_policy **out, const struct retwine_policy *in,
			      struct retwine_error *error)
{
	struct retwine_policy *policy = retwine_policy_new();

	if (!policy)
		return error_no_memory(error);
	if (in) {
		*policy = *in;
		if (!copy_owned(policy, in)) {
			retwine_policy_free(policy);
			return error_no_memory(error);
		}
		for (size_t i = 0; i < COUNT_OF(g_bytes_keys); i++) {
			if (is_wanted(in, &g_bytes_keys[i]))
				want_bytes(policy, &g_bytes_keys[i]);
		}
		point_to_advisories(policy);
	}
	*out = policy;
	return RETWINE_OK;
}

bool policy_names_enclave(const struct retwine_policy *policy)
{
	return policy->attest.mr_enclave || policy->attest.mr_signer ||
	       policy->insecure_accept_any_enclave;
}

void policy_set_mr_enclave(struct retwine_policy *policy, const uint8_t digest[POLICY_DIGEST_SIZE])
{
	memcpy(policy->mr_enclave, digest, POLICY_DIGEST_SIZE);
	policy->attest.mr_enclave = policy->mr_enclave;
}

void policy_set_launch_digest(struct retwine_policy *policy,
			      const uint8_t digest[POLICY_DIGEST_SIZE])
{
	memcpy(policy->launch_digest, digest, POLICY_DIGEST_SIZE);
	policy->attest.launch_digest = policy->launch_digest;
}

void policy_set_report_data(struct retwine_policy *policy,
			    const uint8_t report_data[POLICY_REPORT_DATA_SIZE])
{
	memcpy(policy->report_data, report_data, POLICY_REPORT_DATA_SIZE);
	policy->attest.report_data = policy->report_data;
}

int64_t policy_time(const struct retwine_policy *policy)
{
	return policy->has_time ? policy->time : (int64_t)time(NULL);
}

char *policy_relaxations(const struct retwine_policy *policy)
{
	struct text t = {0};

	text_add(&t, "");
	for (size_t i = 0; i < COUNT_OF(g_bool_keys); i++) {
		const struct bool_key *k = &g_bool_keys[i];

		if (k->what && ((const uint8_t *)policy)[k->at])
			text_addf(&t, "--%s: accepts %s\n", k->name, k->what);
	}
	if (policy->attest.insecure_accept_root)
		text_add(&t, "--insecure-accept-root: accepts evidence of a root that is not its "
			     "maker's\n");
	for (unsigned s = 0; s < ATTEST_STATUS_COUNT; s++) {
		if (policy->attest.accepted_statuses & 1u << s)
			text_addf(&t, "--insecure-accept-status: accepts a platform that is %s\n",
				  attest_status_name((enum attest_status)s));
	}
	return text_take(&t);
}

enum retwine_code policy_verify(struct attest_verdict *out, const struct retwine_policy *policy,
				const void *evidence, size_t size, struct retwine_error *error)
{
	struct attest_collateral *c = calloc(1, sizeof *c);

	if (!c)
		return error_no_memory(error);
	if (policy->has_product && !policy->attest.mr_signer) {
		free(c);
		return error_set(
			error, RETWINE_USAGE,
			"isv-prod-id and isv-svn are a signer's numbers; give mrsigner too");
	}
	enum retwine_code code = collateral_find(c, policy, evidence, size, error);

	if (code == RETWINE_OK &&
	    attest_verify(out, evidence, size, c, &policy->attest, policy_time(policy)) != E_OK)
		code = error_no_memory(error);
	attest_collateral_fini(c);
	free(c);
	return code;
}
