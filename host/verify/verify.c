/*
 * retwine_verify: evidence in a file, judged by a policy.
 * Trust: the file is untrusted, whatever it looks like; the policy is the user's.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "attest/claims.h"
#include "base/heap.h"
#include "host/base/text.h"
#include "host/base/words.h"
#include "host/verify/evidence.h"
#include "host/verify/policy.h"

/* ---- what the report data have to be ---- */

/* Those of a quote that a program asked for at /dev/attestation. */
static enum retwine_code want_user_data(struct retwine_policy *p, struct retwine_error *error)
{
	struct identity identity = {.domain = IDENTITY_GUEST, .has_program_digest = true};
	uint8_t claims[IDENTITY_CLAIMS_MAX], report_data[IDENTITY_REPORT_DATA_SIZE];
	struct writer w;

	if (!p->attest.launch_digest || !p->has_program_digest)
		return error_set(
			error, RETWINE_USAGE,
			"user-data alone does not make the report data; give launch-digest "
			"and program-digest too");
	memcpy(identity.launch_digest, p->launch_digest, sizeof identity.launch_digest);
	memcpy(identity.program_digest, p->program_digest, sizeof identity.program_digest);
	memcpy(identity.user_data, p->user_data, sizeof identity.user_data);
	memcpy(identity.nonce, p->nonce, p->nonce_size);
	identity.nonce_size = (uint32_t)p->nonce_size;
	writer_init(&w, claims, sizeof claims);
	must(identity_claims(&w, &identity) == E_OK && writer_ok(&w));
	identity_report_data(report_data, claims, w.len);
	policy_set_report_data(p, report_data);
	return RETWINE_OK;
}

static enum retwine_code want_report_data(struct retwine_policy *p, const struct evidence_file *e,
					  struct retwine_error *error)
{
	if (e->is_certificate && (p->attest.report_data || p->has_user_data))
		return error_set(error, RETWINE_USAGE,
				 "the report data of a certificate follow from its key; leave "
				 "report-data and user-data out");
	if (e->is_certificate) {
		policy_set_report_data(p, e->certificate.report_data);
		return RETWINE_OK;
	}
	if (p->attest.report_data && p->has_user_data)
		return error_set(error, RETWINE_USAGE,
				 "report-data and user-data say two things; give one");
	return p->has_user_data ? want_user_data(p, error) : RETWINE_OK;
}

/* The claims of a certificate against the policy's. With user-data the report data have said it all. */
static void check_claims(struct attest_verdict *v, const struct retwine_policy *p,
			 const struct evidence_file *e)
{
	const struct identity *identity = &e->certificate.identity;
	const bool ours = identity->domain != IDENTITY_FOREIGN;
	const struct attest_claims said = {
		.launch_digest = ours ? identity->launch_digest : NULL,
		.program_digest = identity->has_program_digest ? identity->program_digest : NULL,
		.nonce = identity->nonce_size ? identity->nonce : NULL,
		.nonce_size = identity->nonce_size,
	};
	const struct attest_claims wanted = {
		.program_digest = p->has_program_digest ? p->program_digest : NULL,
		.nonce = p->nonce_size ? p->nonce : NULL,
		.nonce_size = p->nonce_size,
	};

	if (!p->has_user_data)
		attest_claims_check(v, e->is_certificate ? &said : NULL, &wanted);
}

/* ---- the answer ---- */

static void set_hex(json_t *o, const char *name, const uint8_t *p, size_t size)
{
	struct text t = {0};

	text_add(&t, "");
	text_add_hex(&t, p, size);
	char *s = text_take(&t);

	(void)json_object_set_new(o, name, json_string(s));
	free(s);
}

static json_t *claims_object(const struct identity *identity)
{
	json_t *o = json_object();
	const bool ours = identity->domain != IDENTITY_FOREIGN;

	(void)json_object_set_new(o, "domain", json_string(ours ? "channel" : "foreign"));
	if (ours)
		set_hex(o, "launch_digest", identity->launch_digest, IDENTITY_DIGEST_SIZE);
	if (identity->has_program_digest)
		set_hex(o, "program_digest", identity->program_digest, IDENTITY_DIGEST_SIZE);
	if (identity->nonce_size)
		set_hex(o, "nonce", identity->nonce, identity->nonce_size);
	set_hex(o, "key_hash", identity->key_hash, IDENTITY_DIGEST_SIZE);
	return o;
}

static char *write_json(const struct attest_verdict *v, const struct evidence_file *e)
{
	char *verdict = attest_verdict_json(v);
	json_t *o = verdict ? json_loads(verdict, 0, NULL) : NULL;
	struct text t = {0};

	heap_free(verdict);
	if (o && e->is_certificate)
		(void)json_object_set_new(o, "claims", claims_object(&e->certificate.identity));
	char *dump = o ? json_dumps(o, JSON_INDENT(2)) : NULL;

	json_decref(o);
	if (!dump)
		return NULL;
	text_add(&t, dump);
	text_add(&t, "\n");
	free(dump);
	return text_take(&t);
}

static char *write_text(const struct attest_verdict *v, const struct retwine_policy *p,
			const struct evidence_file *e)
{
	char *verdict = attest_verdict_text(v);
	struct text t = {0};

	if (!verdict)
		return NULL;
	text_add(&t, verdict);
	heap_free(verdict);
	if (e->is_certificate) {
		json_t *claims = claims_object(&e->certificate.identity);
		const char *name;
		json_t *value;

		json_object_foreach(claims, name, value)
			text_addf(&t, "claims.%s: %s\n", name, json_string_value(value));
		json_decref(claims);
	}
	if (v->accepted && !p->attest.mr_enclave && !p->attest.mr_signer && !p->attest.measurement)
		text_add(&t,
			 "note: nobody asked who it is (--mrenclave, --mrsigner, --measurement)\n");
	return text_take(&t);
}

static enum retwine_code verify_evidence(struct attest_verdict *v, struct retwine_policy *p,
					 const struct evidence_file *e, struct retwine_error *error)
{
	enum retwine_code code = want_report_data(p, e, error);

	if (code == RETWINE_OK)
		code = policy_verify(v, p, e->quote, e->quote_size, error);
	if (code == RETWINE_OK)
		check_claims(v, p, e);
	return code;
}

enum retwine_code retwine_verify(const struct retwine_policy *policy, const char *path,
				 enum retwine_format format, bool *accepted, char **text,
				 struct retwine_error *error)
{
	struct attest_verdict *v = calloc(1, sizeof *v);
	struct evidence_file e = {0};
	struct retwine_policy *p = NULL;
	enum retwine_code code = v ? policy_copy(&p, policy, error) : error_no_memory(error);

	if (code == RETWINE_OK)
		code = evidence_read(&e, path, error);
	if (code == RETWINE_OK)
		code = verify_evidence(v, p, &e, error);
	if (code == RETWINE_OK) {
		char *words = format == RETWINE_JSON ? write_json(v, &e) : write_text(v, p, &e);

		if (words) {
			*text = words;
			*accepted = v->accepted;
		} else {
			code = error_no_memory(error);
		}
	}
	evidence_fini(&e);
	retwine_policy_free(p);
	free(v);
	return code;
}
