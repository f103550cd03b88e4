/* Certificates, revocation lists and quotes, written byte by byte. */
#include "test/lib/pki.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/base64.h>

#include "attest/der.h"

#define PKI_UTC_TIME	     0x17
#define PKI_GENERALIZED_TIME 0x18
#define PKI_CONTEXT(n)	     (0xa0 | (n))

static void pki_must(bool holds)
{
	if (!holds) {
		fprintf(stderr, "test/lib/pki.c: cannot make what a test asks for\n");
		abort();
	}
}

/* ---- DER ------------------------------------------------------------------------------------- */

void pki_put(struct pki_bytes *b, const void *bytes, size_t size)
{
	pki_must(size <= PKI_MAX - b->size);
	if (size > 0)
		memcpy(b->p + b->size, bytes, size);
	b->size += size;
}

static void pki_byte(struct pki_bytes *b, unsigned byte)
{
	uint8_t one = (uint8_t)byte;

	pki_put(b, &one, 1);
}

size_t pki_begin(struct pki_bytes *b, uint8_t tag)
{
	pki_byte(b, tag);
	return b->size;
}

void pki_end(struct pki_bytes *b, size_t begin)
{
	size_t size = b->size - begin, octets = size < 0x80 ? 0 : size < 0x100 ? 1 : 2;
	uint8_t head[3] = {(uint8_t)(octets ? 0x80 | octets : size)};

	pki_must(size < 0x10000);
	if (octets == 1)
		head[1] = (uint8_t)size;
	if (octets == 2) {
		head[1] = (uint8_t)(size >> 8);
		head[2] = (uint8_t)size;
	}
	pki_put(b, head, 1 + octets); /* room */
	memmove(b->p + begin + 1 + octets, b->p + begin, size);
	memcpy(b->p + begin, head, 1 + octets);
}

void pki_value(struct pki_bytes *b, uint8_t tag, const void *contents, size_t size)
{
	size_t begin = pki_begin(b, tag);

	pki_put(b, contents, size);
	pki_end(b, begin);
}

/* A number that is not negative. */
static void pki_unsigned(struct pki_bytes *b, uint8_t tag, const uint8_t *number, size_t size)
{
	size_t begin = pki_begin(b, tag);

	while (size > 1 && number[0] == 0) {
		number++;
		size--;
	}
	if (number[0] & 0x80)
		pki_byte(b, 0);
	pki_put(b, number, size);
	pki_end(b, begin);
}

static void pki_u32(struct pki_bytes *b, uint8_t tag, uint32_t n)
{
	const uint8_t bytes[] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
				 (uint8_t)n};

	pki_unsigned(b, tag, bytes, sizeof bytes);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static enum err pki_random(void *context, void *out, size_t size)
{
	(void)context;
	memset(out, 0x5a, size);
	return E_OK;
}

static const struct crypto_random g_random = {.get = pki_random};

void pki_key(struct pki_key *out, const char *name)
{
	sha256_digest(out->private_key, name, strlen(name));
	pki_must(p256_public(out->public_key, out->private_key, &g_random) == E_OK);
}

void pki_sign(uint8_t signature[P256_SIGNATURE_SIZE], const struct pki_key *key, const void *bytes,
	      size_t size)
{
	uint8_t digest[SHA256_SIZE];

	sha256_digest(digest, bytes, size);
	pki_must(p256_sign(signature, key->private_key, digest, &g_random) == E_OK);
}

/* ---- certificates ---------------------------------------------------------------------------- */

static const uint8_t g_oid_cn[] = {0x55, 4, 3};
static const uint8_t g_oid_organization[] = {0x55, 4, 10};
static const uint8_t g_oid_constraints[] = {0x55, 0x1d, 19};
static const uint8_t g_oid_usage[] = {0x55, 0x1d, 15};
static const uint8_t g_oid_ec_key[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1};
static const uint8_t g_oid_p256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
static const uint8_t g_oid_sgx[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 1, 0x0d, 1};

static void pki_algorithm(struct pki_bytes *b, enum pki_algorithm algorithm)
{
	static const uint8_t rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11};
	const uint8_t oid[] = {0x2a, 0x86, 0x48, 0xce,
			       0x3d, 4,	   3,	 algorithm == PKI_ECDSA_SHA256 ? 2 : 3};
	size_t begin = pki_begin(b, DER_SEQUENCE);

	if (algorithm == PKI_RSA_SHA256)
		pki_value(b, DER_OID, rsa, sizeof rsa);
	else
		pki_value(b, DER_OID, oid, sizeof oid);
	pki_end(b, begin);
}

static void pki_attribute(struct pki_bytes *b, const uint8_t *oid, size_t oid_size,
			  const char *text)
{
	size_t set = pki_begin(b, DER_SET), sequence = pki_begin(b, DER_SEQUENCE);

	pki_value(b, DER_OID, oid, oid_size);
	pki_value(b, DER_UTF8_STRING, text, strlen(text));
	pki_end(b, sequence);
	pki_end(b, set);
}

static void pki_name(struct pki_bytes *b, const char *common_name, const char *second)
{
	size_t begin = pki_begin(b, DER_SEQUENCE);

	pki_attribute(b, g_oid_cn, sizeof g_oid_cn, common_name);
	if (second)
		pki_attribute(b, g_oid_cn, sizeof g_oid_cn, second);
	pki_attribute(b, g_oid_organization, sizeof g_oid_organization, "Test");
	pki_end(b, begin);
}

static void pki_time(struct pki_bytes *b, const char *text)
{
	size_t size = strlen(text);

	pki_value(b, size == 13 ? PKI_UTC_TIME : PKI_GENERALIZED_TIME, text, size);
}

static void pki_spki(struct pki_bytes *b, const struct pki_key *key)
{
	size_t whole = pki_begin(b, DER_SEQUENCE), algorithm = pki_begin(b, DER_SEQUENCE), bits;

	pki_value(b, DER_OID, g_oid_ec_key, sizeof g_oid_ec_key);
	pki_value(b, DER_OID, g_oid_p256, sizeof g_oid_p256);
	pki_end(b, algorithm);
	bits = pki_begin(b, DER_BIT_STRING);
	pki_byte(b, 0);
	pki_put(b, key->public_key, sizeof key->public_key);
	pki_end(b, bits);
	pki_end(b, whole);
}

void pki_extension(struct pki_bytes *out, const void *oid, size_t oid_size, bool critical,
		   const void *value, size_t size)
{
	size_t begin = pki_begin(out, DER_SEQUENCE);

	pki_value(out, DER_OID, oid, oid_size);
	if (critical)
		pki_value(out, DER_BOOLEAN, "\xff", 1);
	pki_value(out, DER_OCTET_STRING, value, size);
	pki_end(out, begin);
}

static void pki_constraints(struct pki_bytes *b, const struct pki_certificate *c)
{
	struct pki_bytes *value = calloc(1, sizeof *value);
	size_t begin;

	pki_must(value);
	begin = pki_begin(value, DER_SEQUENCE);
	if (c->ca)
		pki_value(value, DER_BOOLEAN, "\xff", 1);
	if (c->path_length >= 0)
		pki_u32(value, DER_INTEGER, (uint32_t)c->path_length);
	pki_end(value, begin);
	pki_extension(b, g_oid_constraints, sizeof g_oid_constraints, true, value->p, value->size);
	free(value);
}

static void pki_extensions(struct pki_bytes *b, const struct pki_certificate *c)
{
	size_t context = pki_begin(b, PKI_CONTEXT(3)), list = pki_begin(b, DER_SEQUENCE);

	if (c->usage >= 0) {
		const uint8_t usage[] = {DER_BIT_STRING, 2, 0, (uint8_t)c->usage};

		pki_extension(b, g_oid_usage, sizeof g_oid_usage, true, usage, sizeof usage);
	}
	if (c->ca >= 0)
		pki_constraints(b, c);
	if (c->extensions)
		pki_put(b, c->extensions->p, c->extensions->size);
	pki_end(b, list);
	pki_end(b, context);
}

static void pki_tbs(struct pki_bytes *b, const struct pki_certificate *c)
{
	size_t whole = pki_begin(b, DER_SEQUENCE), part;

	if (c->version > 1) {
		part = pki_begin(b, PKI_CONTEXT(0));
		pki_u32(b, DER_INTEGER, (uint32_t)c->version - 1);
		pki_end(b, part);
	}
	pki_u32(b, DER_INTEGER, c->serial);
	pki_algorithm(b, c->algorithm);
	pki_name(b, c->issuer, NULL);
	part = pki_begin(b, DER_SEQUENCE);
	pki_time(b, c->not_before);
	pki_time(b, c->not_after);
	pki_end(b, part);
	pki_name(b, c->subject, c->second_subject);
	if (c->spki)
		pki_put(b, c->spki->p, c->spki->size);
	else
		pki_spki(b, c->key);
	if (c->version > 2)
		pki_extensions(b, c);
	pki_end(b, whole);
}

/* The signature over what begins at `tbs` in b, as X.509 has it. */
static void pki_put_signature(struct pki_bytes *b, size_t tbs, const struct pki_key *signer,
			      enum pki_algorithm algorithm)
{
	uint8_t signature[P256_SIGNATURE_SIZE];
	size_t bits, pair;

	pki_sign(signature, signer, b->p + tbs, b->size - tbs);
	pki_algorithm(b, algorithm);
	bits = pki_begin(b, DER_BIT_STRING);
	pki_byte(b, 0);
	pair = pki_begin(b, DER_SEQUENCE);
	pki_unsigned(b, DER_INTEGER, signature, 32);
	pki_unsigned(b, DER_INTEGER, signature + 32, 32);
	pki_end(b, pair);
	pki_end(b, bits);
}

void pki_certificate(struct pki_bytes *out, const struct pki_certificate *c)
{
	size_t whole = pki_begin(out, DER_SEQUENCE), tbs = out->size;

	pki_tbs(out, c);
	pki_put_signature(out, tbs, c->signer, c->algorithm);
	pki_end(out, whole);
}

void pki_pem(struct pki_bytes *out, const char *label, const void *der, size_t size)
{
	char line[80];
	size_t length;

	pki_put(out, line, (size_t)snprintf(line, sizeof line, "-----BEGIN %s-----\n", label));
	for (const uint8_t *p = der; size > 0;) {
		size_t n = size < 48 ? size : 48;

		pki_must(mbedtls_base64_encode((uint8_t *)line, sizeof line, &length, p, n) == 0);
		line[length] = '\n';
		pki_put(out, line, length + 1);
		p += n;
		size -= n;
	}
	pki_put(out, line, (size_t)snprintf(line, sizeof line, "-----END %s-----\n", label));
}

/* ---- the SGX extension ------------------------------------------------------------------------ */

/* The OID of field `a` of the extension, or `b` of field a if b is not 0. */
static void pki_sgx_oid(struct pki_bytes *out, uint8_t a, uint8_t b)
{
	uint8_t oid[sizeof g_oid_sgx + 2];
	size_t size = sizeof g_oid_sgx;

	memcpy(oid, g_oid_sgx, size);
	oid[size++] = a;
	if (b)
		oid[size++] = b;
	pki_value(out, DER_OID, oid, size);
}

static void pki_sgx_octets(struct pki_bytes *out, uint8_t a, uint8_t b, const void *p, size_t size)
{
	size_t begin = pki_begin(out, DER_SEQUENCE);

	pki_sgx_oid(out, a, b);
	pki_value(out, DER_OCTET_STRING, p, size);
	pki_end(out, begin);
}

static void pki_sgx_number(struct pki_bytes *out, uint8_t a, uint8_t b, uint8_t tag, uint32_t n)
{
	size_t begin = pki_begin(out, DER_SEQUENCE);

	pki_sgx_oid(out, a, b);
	if (tag == DER_BOOLEAN)
		pki_value(out, tag, n ? "\xff" : "", 1);
	else
		pki_u32(out, tag, n);
	pki_end(out, begin);
}

static void pki_sgx_tcb(struct pki_bytes *out, const struct attest_pck *pck)
{
	size_t field = pki_begin(out, DER_SEQUENCE), list;

	pki_sgx_oid(out, 2, 0);
	list = pki_begin(out, DER_SEQUENCE);
	for (uint8_t i = 0; i < PCK_COMPONENTS; i++)
		pki_sgx_number(out, 2, (uint8_t)(i + 1), DER_INTEGER, pck->components[i]);
	pki_sgx_number(out, 2, 17, DER_INTEGER, pck->pcesvn);
	pki_sgx_octets(out, 2, 18, pck->cpusvn, sizeof pck->cpusvn);
	pki_end(out, list);
	pki_end(out, field);
}

static void pki_sgx_configuration(struct pki_bytes *out, const struct attest_pck *pck)
{
	size_t field = pki_begin(out, DER_SEQUENCE), list;

	pki_sgx_oid(out, 7, 0);
	list = pki_begin(out, DER_SEQUENCE);
	pki_sgx_number(out, 7, 1, DER_BOOLEAN, pck->dynamic_platform);
	pki_sgx_number(out, 7, 2, DER_BOOLEAN, pck->cached_keys);
	pki_sgx_number(out, 7, 3, DER_BOOLEAN, pck->smt_enabled);
	pki_end(out, list);
	pki_end(out, field);
}

void pki_pck_contents(struct pki_bytes *out, const struct attest_pck *pck)
{
	size_t whole = pki_begin(out, DER_SEQUENCE);

	pki_sgx_octets(out, 1, 0, pck->ppid, sizeof pck->ppid);
	pki_sgx_tcb(out, pck);
	pki_sgx_octets(out, 3, 0, pck->pceid, sizeof pck->pceid);
	pki_sgx_octets(out, 4, 0, pck->fmspc, sizeof pck->fmspc);
	pki_sgx_number(out, 5, 0, DER_ENUMERATED, pck->type);
	if (pck->has_instance)
		pki_sgx_octets(out, 6, 0, pck->instance, sizeof pck->instance);
	if (pck->has_configuration)
		pki_sgx_configuration(out, pck);
	pki_end(out, whole);
}

void pki_pck_extension(struct pki_bytes *out, const struct attest_pck *pck)
{
	struct pki_bytes *contents = calloc(1, sizeof *contents);

	pki_must(contents);
	pki_pck_contents(contents, pck);
	pki_extension(out, g_oid_sgx, sizeof g_oid_sgx, false, contents->p, contents->size);
	free(contents);
}

/* ---- revocation lists -------------------------------------------------------------------------- */

static void pki_revoked(struct pki_bytes *b, const struct pki_crl *c)
{
	size_t list = pki_begin(b, DER_SEQUENCE);

	for (size_t i = 0; i < c->count; i++) {
		size_t entry = pki_begin(b, DER_SEQUENCE);

		pki_u32(b, DER_INTEGER, c->serials[i]);
		pki_time(b, c->this_update);
		pki_end(b, entry);
	}
	pki_end(b, list);
}

void pki_crl(struct pki_bytes *out, const struct pki_crl *c)
{
	size_t whole = pki_begin(out, DER_SEQUENCE), tbs = pki_begin(out, DER_SEQUENCE);

	pki_u32(out, DER_INTEGER, 1); /* version 2 */
	pki_algorithm(out, c->algorithm);
	pki_name(out, c->issuer, NULL);
	pki_time(out, c->this_update);
	if (c->next_update)
		pki_time(out, c->next_update);
	if (c->count > 0)
		pki_revoked(out, c);
	if (c->extensions) {
		size_t context = pki_begin(out, PKI_CONTEXT(0)),
		       list = pki_begin(out, DER_SEQUENCE);

		pki_put(out, c->extensions->p, c->extensions->size);
		pki_end(out, list);
		pki_end(out, context);
	}
	pki_end(out, tbs);
	pki_put_signature(out, tbs - 1, c->signer, c->algorithm);
	pki_end(out, whole);
}

/* ---- a world like Intel's ---------------------------------------------------------------------- */

void pki_world_extend(struct pki_world *w)
{
	w->leaf_extensions.size = 0;
	pki_pck_extension(&w->leaf_extensions, &w->pck);
}

static void pki_world_certificate(struct pki_world *w, enum pki_who who, const char *subject,
				  enum pki_who issuer)
{
	const bool ca = who == PKI_ROOT || who == PKI_CA;

	w->certificates[who] = (struct pki_certificate){
		.subject = subject,
		.issuer = w->certificates[issuer].subject,
		.key = &w->keys[who],
		.signer = &w->keys[issuer],
		.not_before = "200101000000Z",
		.not_after = "20491231235959Z",
		.serial = (uint32_t)who + 1,
		.version = 3,
		.ca = ca,
		.path_length = who == PKI_ROOT ? 1
			       : who == PKI_CA ? 0
					       : -1,
		.usage = ca ? X509_KEY_CERT_SIGN | X509_CRL_SIGN : X509_DIGITAL_SIGNATURE | 0x40,
	};
	if (who == issuer)
		w->certificates[who].issuer = subject;
}

void pki_world(struct pki_world *w)
{
	static const char *const names[] = {"root", "ca", "leaf", "signer"};

	memset(w, 0, sizeof *w);
	for (size_t i = 0; i < PKI_COUNT; i++)
		pki_key(&w->keys[i], names[i]);
	pki_world_certificate(w, PKI_ROOT, "Intel SGX Root CA", PKI_ROOT);
	pki_world_certificate(w, PKI_CA, "Intel SGX PCK Platform CA", PKI_ROOT);
	pki_world_certificate(w, PKI_LEAF, "Intel SGX PCK Certificate", PKI_CA);
	pki_world_certificate(w, PKI_SIGNER, "Intel SGX TCB Signing", PKI_ROOT);
	memset(w->pck.ppid, 0x11, sizeof w->pck.ppid);
	memset(w->pck.components, 5, sizeof w->pck.components);
	w->pck.components[3] = 0xd9; /* two octets in DER */
	memcpy(w->pck.cpusvn, w->pck.components, sizeof w->pck.cpusvn);
	w->pck.pcesvn = 13;
	memcpy(w->pck.fmspc, "\x00\x60\x6a\x00\x00\x01", sizeof w->pck.fmspc);
	w->pck.type = PCK_SCALABLE;
	w->pck.has_instance = true;
	memset(w->pck.instance, 0x22, sizeof w->pck.instance);
	w->pck.has_configuration = true;
	w->pck.cached_keys = true;
	pki_world_extend(w);
	w->certificates[PKI_LEAF].extensions = &w->leaf_extensions;
}

void pki_world_der(struct pki_bytes *out, const struct pki_world *w, enum pki_who who)
{
	out->size = 0;
	pki_certificate(out, &w->certificates[who]);
}

static void pki_world_chain(struct pki_bytes *out, const struct pki_world *w,
			    const enum pki_who *who, size_t count)
{
	struct pki_bytes *der = malloc(sizeof *der);

	pki_must(der);
	out->size = 0;
	for (size_t i = 0; i < count; i++) {
		pki_world_der(der, w, who[i]);
		pki_pem(out, "CERTIFICATE", der->p, der->size);
	}
	free(der);
}

void pki_world_pck_chain(struct pki_bytes *out, const struct pki_world *w)
{
	static const enum pki_who who[] = {PKI_LEAF, PKI_CA, PKI_ROOT};

	pki_world_chain(out, w, who, COUNT_OF(who));
}

void pki_world_tcb_chain(struct pki_bytes *out, const struct pki_world *w)
{
	static const enum pki_who who[] = {PKI_SIGNER, PKI_ROOT};

	pki_world_chain(out, w, who, COUNT_OF(who));
}

/* ---- quotes ----------------------------------------------------------------------------------- */

static void pki_le(struct pki_bytes *b, uint64_t n, size_t octets)
{
	for (size_t i = 0; i < octets; i++)
		pki_byte(b, (unsigned)(n >> (8 * i)) & 0xff);
}

/* Lengths of 32 bits that are known later. */
static size_t pki_le_begin(struct pki_bytes *b)
{
	pki_le(b, 0, 4);
	return b->size;
}

static void pki_le_end(struct pki_bytes *b, size_t begin)
{
	uint32_t size = (uint32_t)(b->size - begin);

	memcpy(b->p + begin - 4, &size, sizeof size);
}

static void pki_quote_signed(struct pki_bytes *out, const struct pki_quote *q)
{
	static const uint8_t vendor[16] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
					   0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};
	static const uint8_t user_data[20] = {1, 2, 3};
	static const uint8_t extension[TD_15_EXTENDED_SIZE - TD_15_SIZE] = {2};
	const size_t body = q->tee == QUOTE_SGX ? sizeof q->enclave
			    : q->td15		? TD_15_SIZE
						: TD_10_SIZE;
	const size_t more = q->td15_extended ? sizeof extension : 0;

	pki_le(out, q->version, 2);
	pki_le(out, 2, 2);
	pki_le(out, q->tee, 4);
	pki_le(out, q->version == 3 ? 10 : 0, 2);
	pki_le(out, q->version == 3 ? 15 : 0, 2);
	pki_put(out, vendor, sizeof vendor);
	pki_put(out, user_data, sizeof user_data);
	if (q->version > 4) {
		pki_le(out, q->tee == QUOTE_SGX ? 1 : q->td15_extended ? 4 : q->td15 ? 3 : 2, 2);
		pki_le(out, body + more, 4);
	}
	if (q->tee == QUOTE_SGX)
		pki_put(out, &q->enclave, body);
	else
		pki_put(out, &q->td, body);
	pki_put(out, extension, more);
}

static void pki_quote_qe(struct pki_bytes *out, const struct pki_quote *q)
{
	struct sgx_report_body qe = q->qe;
	uint8_t auth[1024], signature[P256_SIGNATURE_SIZE];
	struct sha256 hash;

	pki_must(q->auth_size <= sizeof auth);
	for (size_t i = 0; i < q->auth_size; i++)
		auth[i] = (uint8_t)i;
	memset(&qe.reportdata, 0, sizeof qe.reportdata);
	sha256_init(&hash);
	sha256_update(&hash, q->key->public_key + 1, ECDSA_P256_KEY_SIZE);
	sha256_update(&hash, auth, q->auth_size);
	sha256_final(&hash, qe.reportdata.data);
	pki_sign(signature, q->pck, &qe, sizeof qe);
	pki_put(out, &qe, sizeof qe);
	pki_put(out, signature, sizeof signature);
	pki_le(out, q->auth_size, 2);
	pki_put(out, auth, q->auth_size);
	pki_le(out, q->certification, 2);
	pki_le(out, q->certification_size, 4);
	pki_put(out, q->certification_data, q->certification_size);
}

void pki_quote(struct pki_bytes *out, const struct pki_quote *q)
{
	uint8_t signature[P256_SIGNATURE_SIZE];
	size_t all, envelope = 0;

	out->size = 0;
	pki_quote_signed(out, q);
	pki_sign(signature, q->key, out->p, out->size);
	all = pki_le_begin(out);
	pki_put(out, signature, sizeof signature);
	pki_put(out, q->key->public_key + 1, ECDSA_P256_KEY_SIZE);
	if (q->version > 3) {
		pki_le(out, QUOTE_QE_REPORT, 2);
		envelope = pki_le_begin(out);
	}
	pki_quote_qe(out, q);
	if (q->version > 3)
		pki_le_end(out, envelope);
	pki_le_end(out, all);
}
