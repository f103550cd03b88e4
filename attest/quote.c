/*
 * Quotes, taken apart. One reader goes over the whole quote and one over each part that has a length of its
 * own; a part that does not end where its length says makes the quote malformed.
 * Trust: every byte is untrusted, and stays it until all three signatures have been verified up to a trusted root.
 */
#include "attest/quote.h"

#include <string.h>

#include "base/reader.h"

#define QUOTE_KEY_ECDSA_P256 2
#define QUOTE_VENDOR_SIZE    16
#define QUOTE_USER_DATA_SIZE 20

static const uint8_t g_intel[QUOTE_VENDOR_SIZE] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
						   0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

/* Body types of version 5. */
enum quote_body {
	QUOTE_BODY_NONE,
	QUOTE_BODY_ENCLAVE,
	QUOTE_BODY_TD_10,
	QUOTE_BODY_TD_15,
	QUOTE_BODY_TD_15_EXTENDED,
};

static size_t quote_body_size(enum quote_body type)
{
	switch (type) {
	case QUOTE_BODY_ENCLAVE:
		return sizeof(struct sgx_report_body);
	case QUOTE_BODY_TD_10:
		return TD_10_SIZE;
	case QUOTE_BODY_TD_15:
		return TD_15_SIZE;
	case QUOTE_BODY_TD_15_EXTENDED:
		return TD_15_EXTENDED_SIZE;
	default:
		return 0;
	}
}

static enum attest_rule quote_read_header(struct attest_quote *q, struct reader *r)
{
	uint8_t vendor[QUOTE_VENDOR_SIZE];
	uint16_t key_type;
	uint32_t tee;

	q->version = reader_u16(r);
	key_type = reader_u16(r);
	tee = reader_u32(r); /* reserved in version 3: the same as SGX */
	q->qe_svn = reader_u16(r);
	q->pce_svn = reader_u16(r);
	reader_bytes(r, vendor, sizeof vendor);
	q->user_data = reader_take(r, QUOTE_USER_DATA_SIZE);
	if (!attest_holds(QUOTE_COMPLETE, reader_ok(r)))
		return ATTEST_QUOTE_COMPLETE;
	if (!attest_holds(QUOTE_VERSION, q->version >= 3 && q->version <= 5))
		return ATTEST_QUOTE_VERSION;
	if (!attest_holds(QUOTE_KEY_TYPE, key_type == QUOTE_KEY_ECDSA_P256))
		return ATTEST_QUOTE_KEY_TYPE;
	if (!attest_holds(QUOTE_TEE, tee == QUOTE_SGX || (tee == QUOTE_TDX && q->version > 3)))
		return ATTEST_QUOTE_TEE;
	if (!attest_holds(QUOTE_VENDOR, memcmp(vendor, g_intel, sizeof vendor) == 0))
		return ATTEST_QUOTE_VENDOR;
	q->tee = tee == QUOTE_SGX ? QUOTE_SGX : QUOTE_TDX;
	return ATTEST_OK;
}

/* Which body follows: since version 5 the quote says so, and its size. */
static enum attest_rule quote_read_body_type(enum quote_body *type, const struct attest_quote *q,
					     struct reader *r)
{
	uint16_t said;
	uint32_t size;
	bool fits;

	*type = q->tee == QUOTE_SGX ? QUOTE_BODY_ENCLAVE : QUOTE_BODY_TD_10;
	if (q->version < 5)
		return ATTEST_OK;
	said = reader_u16(r);
	size = reader_u32(r);
	if (!attest_holds(QUOTE_COMPLETE, reader_ok(r)))
		return ATTEST_QUOTE_COMPLETE;
	fits = q->tee == QUOTE_SGX ? said == QUOTE_BODY_ENCLAVE
				   : said >= QUOTE_BODY_TD_10 && said <= QUOTE_BODY_TD_15_EXTENDED;
	if (!attest_holds(QUOTE_BODY_TYPE, fits))
		return ATTEST_QUOTE_BODY_TYPE;
	if (fits)
		*type = (enum quote_body)said;
	if (!attest_holds(QUOTE_BODY_SIZE, size == quote_body_size(*type)))
		return ATTEST_QUOTE_BODY_SIZE;
	return ATTEST_OK;
}

static bool quote_is_zero(const uint8_t *p, size_t size)
{
	uint8_t bits = 0;

	for (size_t i = 0; i < size; i++)
		bits |= p[i];
	return bits == 0;
}

/* Bytes that EREPORT writes as zeros (SDM, REPORT). */
static bool quote_reserved_zero(const struct sgx_report_body *b)
{
	return quote_is_zero(b->reserved1, sizeof b->reserved1) &&
	       quote_is_zero(b->reserved2, sizeof b->reserved2) &&
	       quote_is_zero(b->reserved3, sizeof b->reserved3) &&
	       quote_is_zero(b->reserved4, sizeof b->reserved4);
}

static enum attest_rule quote_read_body(struct attest_quote *q, struct reader *r)
{
	enum quote_body type;
	struct reader body;
	enum attest_rule rule = quote_read_body_type(&type, q, r);

	if (rule != ATTEST_OK)
		return rule;
	body = reader_sub(r, quote_body_size(type));
	q->td15 = type >= QUOTE_BODY_TD_15;
	if (type == QUOTE_BODY_ENCLAVE)
		reader_bytes(&body, &q->enclave, sizeof q->enclave);
	else
		reader_bytes(&body, &q->td, q->td15 ? TD_15_SIZE : TD_10_SIZE);
	if (!attest_holds(QUOTE_COMPLETE, reader_ok(r)))
		return ATTEST_QUOTE_COMPLETE;
	if (!attest_holds(QUOTE_RESERVED, quote_reserved_zero(&q->enclave)))
		return ATTEST_QUOTE_RESERVED;
	return ATTEST_OK;
}

/* The quoting enclave's report and what certifies it: to the end of version 3, in the envelope since 4. */
static enum attest_rule quote_read_qe(struct attest_quote *q, struct reader *r)
{
	uint16_t kind;

	q->qe_report = reader_take(r, sizeof q->qe);
	q->qe_signature = reader_take(r, ECDSA_P256_SIGNATURE_SIZE);
	q->auth_size = reader_u16(r);
	q->auth = reader_take(r, q->auth_size);
	kind = reader_u16(r);
	q->certification_size = reader_u32(r);
	q->certification_data = reader_take(r, q->certification_size);
	if (!attest_holds(QUOTE_COMPLETE, reader_ok(r)))
		return ATTEST_QUOTE_COMPLETE;
	if (!attest_holds(QUOTE_EXACT, reader_done(r)))
		return ATTEST_QUOTE_EXACT;
	if (!attest_holds(QUOTE_CERTIFICATION, kind >= QUOTE_PPID_CLEAR && kind <= QUOTE_PCK_CHAIN))
		return ATTEST_QUOTE_CERTIFICATION;
	q->certification = (enum quote_certification)kind;
	if (q->qe_report)
		memcpy(&q->qe, q->qe_report, sizeof q->qe);
	if (!attest_holds(QE_RESERVED, quote_reserved_zero(&q->qe)))
		return ATTEST_QE_RESERVED;
	return ATTEST_OK;
}

static enum attest_rule quote_read_signature(struct attest_quote *q, struct reader *r)
{
	struct reader envelope;
	uint16_t kind;

	q->signature = reader_take(r, ECDSA_P256_SIGNATURE_SIZE);
	q->key = reader_take(r, ECDSA_P256_KEY_SIZE);
	if (q->version < 4)
		return quote_read_qe(q, r);
	kind = reader_u16(r);
	envelope = reader_sub(r, reader_u32(r));
	if (!attest_holds(QUOTE_COMPLETE, reader_ok(r)))
		return ATTEST_QUOTE_COMPLETE;
	if (!attest_holds(QUOTE_ENVELOPE, kind == QUOTE_QE_REPORT))
		return ATTEST_QUOTE_ENVELOPE;
	if (!attest_holds(QUOTE_EXACT, reader_done(r)))
		return ATTEST_QUOTE_EXACT;
	return quote_read_qe(q, &envelope);
}

static enum attest_rule quote_read(struct attest_quote *q, const void *bytes, size_t size)
{
	struct reader r, signature;
	enum attest_rule rule;

	reader_init(&r, bytes, size);
	rule = quote_read_header(q, &r);
	if (rule == ATTEST_OK)
		rule = quote_read_body(q, &r);
	if (rule != ATTEST_OK)
		return rule;
	q->signed_bytes = bytes;
	q->signed_size = size - r.left;
	signature = reader_sub(&r, reader_u32(&r));
	q->size = size - r.left;
	q->tail = r.left;
	return quote_read_signature(q, &signature);
}

enum attest_rule quote_decode(struct attest_quote *out, const void *bytes, size_t size)
{
	enum attest_rule rule;

	memset(out, 0, sizeof *out);
	rule = quote_read(out, bytes, size);
	if (rule != ATTEST_OK)
		memset(out, 0, sizeof *out);
	return rule;
}

/* ---- signatures ------------------------------------------------------------------------------- */

enum attest_rule quote_verify_qe(const struct attest_quote *q,
				 const uint8_t pck_key[ECDSA_P256_KEY_SIZE])
{
	uint8_t digest[SHA256_SIZE];
	enum err err;

	sha256_digest(digest, q->qe_report, sizeof q->qe);
	err = ecdsa_p256_verify(pck_key, digest, q->qe_signature);
	if (err == E_NOMEM)
		return ATTEST_MEMORY;
	if (!attest_holds(QE_SIGNATURE, err == E_OK))
		return ATTEST_QE_SIGNATURE;
	return ATTEST_OK;
}

enum attest_rule quote_verify_key(const struct attest_quote *q)
{
	uint8_t expected[sizeof q->qe.reportdata] = {0};
	struct sha256 hash;

	sha256_init(&hash);
	sha256_update(&hash, q->key, ECDSA_P256_KEY_SIZE);
	sha256_update(&hash, q->auth, q->auth_size);
	sha256_final(&hash, expected);
	if (!attest_holds(QE_REPORT_DATA,
			  memcmp(expected, q->qe.reportdata.data, sizeof expected) == 0))
		return ATTEST_QE_REPORT_DATA;
	return ATTEST_OK;
}

enum attest_rule quote_verify_signature(const struct attest_quote *q)
{
	uint8_t digest[SHA256_SIZE];
	enum err err;

	sha256_digest(digest, q->signed_bytes, q->signed_size);
	err = ecdsa_p256_verify(q->key, digest, q->signature);
	if (err == E_NOMEM)
		return ATTEST_MEMORY;
	if (!attest_holds(QUOTE_SIGNATURE, err == E_OK))
		return ATTEST_QUOTE_SIGNATURE;
	return ATTEST_OK;
}
