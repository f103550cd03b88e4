/*
 * retwine_verify: evidence in a file, judged by a policy.
 * Trust: the file is untrusted, whatever it looks like; the policy is the user's.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "attest/claims.h"
#include "attest/pem.h"
#include "base/heap.h"
#include "channel/certificate.h"
#include "host/base/files.h"
#include "host/base/text.h"
#include "host/base/words.h"
#include "host/verify/policy.h"

#define EVIDENCE_FILE_MAX ((size_t)1 << 20)
#define PEM_BEGIN	  "-----BEGIN "
#define ANSWER_SIZE	  4000

/* What a file holds. */
struct evidence_file {
	struct file file;
	bool is_certificate;
	struct certificate_evidence certificate; /* leads into the file's bytes */
	const uint8_t *quote;
	size_t quote_size;
};

/* ---- the file's form ---- */

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One line of hexadecimal digits, with 0x before it or without, becomes the bytes that they mean; anything else stays as it
 * is. */
static void unhex(struct file *f)
{
	const size_t begin =
		f->size > 2 && f->p[0] == '0' && (f->p[1] == 'x' || f->p[1] == 'X') ? 2 : 0;
	size_t end = f->size;

	while (end > begin &&
	       (f->p[end - 1] == '\n' || f->p[end - 1] == '\r' || f->p[end - 1] == ' '))
		end--;
	if (end == begin || (end - begin) % 2 != 0)
		return;
	for (size_t i = begin; i < end; i++) {
		if (hex_digit(f->p[i]) < 0)
			return;
	}
	for (size_t i = 0; i < (end - begin) / 2; i++)
		f->p[i] = (uint8_t)(hex_digit(f->p[begin + 2 * i]) << 4 |
				    hex_digit(f->p[begin + 2 * i + 1]));
	f->size = (end - begin) / 2;
}

/* What /dev/sev-guest answers to SNP_GET_REPORT, whole (56860, MSG_REPORT_RSP, in struct snp_report_resp of Linux): status 0, the
 * size, 24 reserved bytes, the report, and nothing that counts. */
static void take_answer(struct evidence_file *e)
{
	static const uint8_t head[32] = {[4] = SEV_REPORT_SIZE & 0xff, [5] = SEV_REPORT_SIZE >> 8};

	if (e->quote_size != ANSWER_SIZE || memcmp(e->quote, head, sizeof head) != 0)
		return;
	e->quote += sizeof head;
	e->quote_size = SEV_REPORT_SIZE;
}

/* A certificate in PEM becomes its DER. */
static bool unpem(struct file *f)
{
	struct reader text;
	size_t size = 0;
	uint8_t *der = malloc(f->size + 1);

	if (!der)
		return false;
	reader_init(&text, f->p, f->size);
	bool ok = pem_take(&text, "CERTIFICATE", der, f->size, &size) && !pem_more(&text);

	if (ok) {
		memcpy(f->p, der, size);
		f->size = size;
	}
	free(der);
	return ok;
}

static enum retwine_code no_evidence(const char *path, const char *why, struct retwine_error *error)
{
	return error_set(
		error, RETWINE_INPUT,
		"%s is no evidence: %s; name a quote, a report of SEV-SNP or a certificate "
		"with a quote in it",
		path, why);
}

static enum retwine_code read_certificate(struct evidence_file *e, const char *path,
					  struct retwine_error *error)
{
	enum err err = certificate_check_any(&e->certificate, e->file.p, e->file.size);

	if (err == E_NOMEM)
		return error_no_memory(error);
	if (err != E_OK)
		return no_evidence(path, words_err(err), error);
	e->is_certificate = true;
	e->quote = e->certificate.quote;
	e->quote_size = e->certificate.quote_size;
	return RETWINE_OK;
}

static enum retwine_code read_evidence(struct evidence_file *e, const char *path,
				       struct retwine_error *error)
{
	const size_t begin = sizeof PEM_BEGIN - 1;
	enum retwine_code code =
		file_read(&e->file, path, "the evidence", EVIDENCE_FILE_MAX, error);

	if (code != RETWINE_OK)
		return code;
	unhex(&e->file);
	if (e->file.size > begin && memcmp(e->file.p, PEM_BEGIN, begin) == 0 && !unpem(&e->file))
		return no_evidence(path, "it is not one certificate in PEM", error);
	if (e->file.size > 0 && e->file.p[0] == 0x30)
		return read_certificate(e, path, error);
	if (e->file.size < 48)
		return no_evidence(path, "it is too short", error);
	e->quote = e->file.p;
	e->quote_size = e->file.size;
	take_answer(e);
	return RETWINE_OK;
}

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
		code = read_evidence(&e, path, error);
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
	file_fini(&e.file);
	retwine_policy_free(p);
	free(v);
	return code;
}
