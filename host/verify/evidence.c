/*
 * Evidence in a file: which form it has.
 * Trust: the file is untrusted, whatever it looks like.
 */
#include "host/verify/evidence.h"

#include <mbedtls/base64.h>
#include <stdlib.h>
#include <string.h>

#include "attest/pem.h"
#include "attest/sev.h"
#include "host/base/text.h"
#include "host/base/words.h"

#define EVIDENCE_FILE_MAX ((size_t)1 << 20)
#define PEM_BEGIN	  "-----BEGIN "
#define ANSWER_SIZE	  4000

/* ---- text ---- */

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Copies what is no white space; the number of bytes. */
static size_t squeeze(uint8_t *out, const struct file *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->size; i++) {
		if (!is_space(f->p[i]))
			out[n++] = f->p[i];
	}
	return n;
}

/* Hexadecimal digits, with 0x before them or without. `out` has room for half as many bytes. */
static bool unhex(uint8_t *out, size_t *size, const uint8_t *text, size_t length)
{
	const size_t begin =
		length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 2 : 0;

	*size = (length - begin) / 2;
	if (*size == 0 || length % 2 != 0)
		return false;
	for (size_t i = 0; i < *size; i++) {
		const int high = text_hex_digit((char)text[begin + 2 * i]);
		const int low = text_hex_digit((char)text[begin + 2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* Text becomes the bytes that it means; anything else stays as it is. */
static enum retwine_code untext(struct file *f, struct retwine_error *error)
{
	uint8_t *text = malloc(f->size + 1), *bytes = malloc(f->size + 1);

	if (text && bytes) {
		const size_t length = squeeze(text, f);
		size_t size;

		if (unhex(bytes, &size, text, length) ||
		    (length != 0 &&
		     mbedtls_base64_decode(bytes, f->size, &size, text, length) == 0)) {
			memcpy(f->p, bytes, size);
			f->size = size;
		}
	}
	const bool ok = text && bytes;

	free(text);
	free(bytes);
	return ok ? RETWINE_OK : error_no_memory(error);
}

/* ---- evidence ---- */

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

enum retwine_code evidence_read(struct evidence_file *e, const char *path,
				struct retwine_error *error)
{
	const size_t begin = sizeof PEM_BEGIN - 1;
	enum retwine_code code =
		file_read(&e->file, path, "the evidence", EVIDENCE_FILE_MAX, error);

	if (code != RETWINE_OK)
		return code;
	code = untext(&e->file, error);
	if (code != RETWINE_OK)
		return code;
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

void evidence_fini(struct evidence_file *e)
{
	file_fini(&e->file);
}
