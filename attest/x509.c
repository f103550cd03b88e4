/*
 * Certificates, decoded by mbedTLS and looked at once more: mbedTLS knows many kinds, this file one.
 * Trust: every byte is untrusted.
 * Invariant: the pointers of a decoded certificate lead into the bytes it was decoded from.
 */
#include "attest/x509.h"

#include <string.h>

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>
#include <mbedtls/x509_crt.h>

#include "attest/der.h"
#include "attest/x509_impl.h"

#define X509_EXTENSIONS_MAX 32

struct x509_extension {
	struct reader oid;
	struct reader value;
	bool critical;
};

bool x509_no_memory(int ret)
{
	unsigned code = 0u - (unsigned)ret;
	unsigned high = code & 0xff80, low = code & 0x7f;

	return high == -MBEDTLS_ERR_X509_ALLOC_FAILED || high == -MBEDTLS_ERR_PK_ALLOC_FAILED ||
	       high == -MBEDTLS_ERR_ECP_ALLOC_FAILED || low == -MBEDTLS_ERR_ASN1_ALLOC_FAILED ||
	       low == -MBEDTLS_ERR_MPI_ALLOC_FAILED;
}

/* Days since 1970-01-01 in the Gregorian calendar; years begin with March here, so that a leap day is
 * the last of a year. */
static int64_t x509_days(int year, int month, int day)
{
	int64_t y = month <= 2 ? (int64_t)year - 1 : year;
	int64_t m = (month + 9) % 12;
	int64_t era_free = y * 365 + y / 4 - y / 100 + y / 400;

	return era_free + (m * 153 + 2) / 5 + day - 1 - 719468;
}

int64_t x509_time(int year, int month, int day, int hour, int minute, int second)
{
	return x509_days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
}

int64_t x509_mbedtls_time(const struct mbedtls_x509_time *t)
{
	return x509_time(t->year, t->mon, t->day, t->hour, t->min, t->sec);
}

static struct x509_bytes x509_bytes(const mbedtls_x509_buf *b)
{
	return (struct x509_bytes){b->p, b->len};
}

bool x509_equal(struct x509_bytes a, struct x509_bytes b)
{
	return a.p && b.p && a.size == b.size && memcmp(a.p, b.p, a.size) == 0;
}

static struct x509_bytes x509_strip_zeros(struct x509_bytes b)
{
	while (b.size > 1 && b.p[0] == 0) {
		b.p++;
		b.size--;
	}
	return b;
}

bool x509_same_serial(struct x509_bytes a, struct x509_bytes b)
{
	return x509_equal(x509_strip_zeros(a), x509_strip_zeros(b));
}

bool x509_name_is(const struct x509_certificate *c, const char *name)
{
	size_t size = strlen(name);

	return c->name.p && c->name.size == size && memcmp(c->name.p, name, size) == 0;
}

/* The one common name among a subject's attributes. */
static struct x509_bytes x509_common_name(const mbedtls_x509_name *subject)
{
	struct x509_bytes found = {0};
	unsigned count = 0;

	for (const mbedtls_x509_name *n = subject; n; n = n->next) {
		if (n->oid.p && MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &n->oid) == 0) {
			found = x509_bytes(&n->val);
			count++;
		}
	}
	return count == 1 ? found : (struct x509_bytes){0};
}

/* The key as x || y; false, and zeros, if it is none of P-256. */
static bool x509_key(uint8_t out[ECDSA_P256_KEY_SIZE], const mbedtls_pk_context *pk)
{
	uint8_t point[1 + ECDSA_P256_KEY_SIZE];
	const mbedtls_ecp_keypair *pair;
	size_t size = 0;

	memset(out, 0, ECDSA_P256_KEY_SIZE);
	if (mbedtls_pk_get_type(pk) != MBEDTLS_PK_ECKEY)
		return false;
	pair = mbedtls_pk_ec(*pk);
	if (pair->grp.id != MBEDTLS_ECP_DP_SECP256R1 ||
	    mbedtls_ecp_point_write_binary(&pair->grp, &pair->Q, MBEDTLS_ECP_PF_UNCOMPRESSED, &size,
					   point, sizeof point) != 0 ||
	    size != sizeof point)
		return false;
	memcpy(out, point + 1, ECDSA_P256_KEY_SIZE);
	return true;
}

static void x509_keep(struct x509_certificate *out, const mbedtls_x509_crt *c)
{
	out->tbs = x509_bytes(&c->tbs);
	out->signature = x509_bytes(&c->sig);
	out->issuer = x509_bytes(&c->issuer_raw);
	out->subject = x509_bytes(&c->subject_raw);
	out->serial = x509_bytes(&c->serial);
	out->extensions = x509_bytes(&c->v3_ext);
	out->name = x509_common_name(&c->subject);
	out->window.not_before = x509_mbedtls_time(&c->valid_from);
	out->window.not_after = x509_mbedtls_time(&c->valid_to);
	out->ca = c->ca_istrue;
	out->path_length = c->max_pathlen > 0 ? c->max_pathlen - 1 : X509_PATH_UNLIMITED;
	out->usage = (uint8_t)c->key_usage;
}

/* What mbedTLS made of the bytes; it refuses what it does not know where that is critical. */
static enum attest_rule x509_check(struct x509_certificate *out, const mbedtls_x509_crt *c,
				   size_t size)
{
	bool key = x509_key(out->key, &c->pk);

	if (!attest_holds(CERTIFICATE_END, c->raw.len == size))
		return ATTEST_CERTIFICATE_END;
	if (!attest_holds(CERTIFICATE_VERSION, c->version == 3))
		return ATTEST_CERTIFICATE_VERSION;
	if (!attest_holds(CERTIFICATE_ALGORITHM,
			  c->sig_pk == MBEDTLS_PK_ECDSA && c->sig_md == MBEDTLS_MD_SHA256))
		return ATTEST_CERTIFICATE_ALGORITHM;
	if (!attest_holds(CERTIFICATE_KEY, key))
		return ATTEST_CERTIFICATE_KEY;
	x509_keep(out, c);
	return ATTEST_OK;
}

static void x509_next_extension(struct x509_extension *out, struct reader *list)
{
	struct reader entry = der_take(list, DER_SEQUENCE);

	out->oid = der_take(&entry, DER_OID);
	out->critical = der_is(&entry, DER_BOOLEAN) && der_boolean(&entry);
	out->value = der_take(&entry, DER_OCTET_STRING);
	if (!reader_done(&entry))
		reader_fail(list);
}

static struct reader x509_extensions(const struct x509_certificate *c)
{
	struct reader all;

	reader_init(&all, c->extensions.p, c->extensions.size);
	return c->extensions.size > 0 ? der_take(&all, DER_SEQUENCE) : all;
}

/* Well-formed, not too many, none twice? */
static bool x509_extensions_valid(const struct x509_certificate *c)
{
	struct reader oids[X509_EXTENSIONS_MAX], list = x509_extensions(c);
	size_t count = 0;

	while (list.left > 0 && count < X509_EXTENSIONS_MAX) {
		struct x509_extension e;

		x509_next_extension(&e, &list);
		for (size_t i = 0; i < count; i++) {
			if (der_equal(&oids[i], e.oid.p, e.oid.left))
				return false;
		}
		oids[count++] = e.oid;
	}
	return reader_done(&list);
}

static bool x509_critical_known(const struct x509_certificate *c)
{
	struct reader list = x509_extensions(c);

	while (list.left > 0) {
		struct x509_extension e;

		x509_next_extension(&e, &list);
		if (e.critical &&
		    !der_equal(&e.oid, MBEDTLS_OID_KEY_USAGE,
			       MBEDTLS_OID_SIZE(MBEDTLS_OID_KEY_USAGE)) &&
		    !der_equal(&e.oid, MBEDTLS_OID_BASIC_CONSTRAINTS,
			       MBEDTLS_OID_SIZE(MBEDTLS_OID_BASIC_CONSTRAINTS)))
			return false;
	}
	return true;
}

struct reader x509_extension(const struct x509_certificate *c, const void *oid, size_t oid_size)
{
	struct reader list = x509_extensions(c), none = {0};

	while (list.left > 0) {
		struct x509_extension e;

		x509_next_extension(&e, &list);
		if (der_equal(&e.oid, oid, oid_size))
			return e.value;
	}
	return none;
}

enum attest_rule x509_decode(struct x509_certificate *out, const void *der, size_t size)
{
	enum attest_rule rule = ATTEST_CERTIFICATE_FORM;
	mbedtls_x509_crt parsed;
	int ret;

	memset(out, 0, sizeof *out);
	if (!attest_holds(CERTIFICATE_SIZE, size <= X509_CERTIFICATE_MAX))
		return ATTEST_CERTIFICATE_SIZE;
	out->der = (struct x509_bytes){der, size};
	sha256_digest(out->digest, der, size);
	mbedtls_x509_crt_init(&parsed);
	ret = mbedtls_x509_crt_parse_der_nocopy(&parsed, der, size);
	if (x509_no_memory(ret))
		rule = ATTEST_MEMORY;
	else if (attest_holds(CERTIFICATE_FORM, ret == 0))
		rule = x509_check(out, &parsed, size);
	mbedtls_x509_crt_free(&parsed);
	if (rule != ATTEST_OK)
		return rule;
	if (!attest_holds(CERTIFICATE_EXTENSIONS, x509_extensions_valid(out)))
		return ATTEST_CERTIFICATE_EXTENSIONS;
	if (!attest_holds(CERTIFICATE_CRITICAL, x509_critical_known(out)))
		return ATTEST_CERTIFICATE_CRITICAL;
	return ATTEST_OK;
}

enum err x509_signed_by(const struct x509_certificate *c, const uint8_t key[ECDSA_P256_KEY_SIZE])
{
	uint8_t digest[SHA256_SIZE];

	sha256_digest(digest, c->tbs.p, c->tbs.size);
	return ecdsa_p256_verify_der(key, digest, c->signature.p, c->signature.size);
}
