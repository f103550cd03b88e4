/*
 * Making the certificate of a channel's end. It is written here, from its end to its beginning, and
 * not by the library, whose writer overflows with long extensions in the version that we link
 * (CVE-2024-23775) and would bring its table of names along.
 * Trust: the quote is what the host gave for our report data: it is carried, not believed.
 * Invariant: the private key leaves through struct certificate alone.
 */
#include "channel/certificate.h"

#include <string.h>

#include "base/heap.h"
#include "base/wipe.h"
#include "channel/der.h"
#include "crypto/sha256.h"

/* Contents of OBJECT IDENTIFIERs. */
static const uint8_t g_oid_ecdsa_sha256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
static const uint8_t g_oid_ec_public_key[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t g_oid_p256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t g_oid_common_name[] = {0x55, 0x04, 0x03};
static const uint8_t g_oid_key_usage[] = {0x55, 0x1d, 0x0f};
static const uint8_t g_oid_basic_constraints[] = {0x55, 0x1d, 0x13};
static const uint8_t g_oid_evidence[] = {0x67, 0x81, 0x05, 0x05, 0x04, 0x09};

/*
 * An enclave has no clock that it could believe, so the certificate is valid whenever it is shown.
 * How old the evidence is, the nonce tells. RFC 5280, 4.1.2.5: the second is "no end".
 */
static const char g_not_before[] = "700101000000Z";
static const char g_not_after[] = "99991231235959Z";

static const char g_name[] = "Retwine enclave";

/* SubjectPublicKeyInfo of P-256 (RFC 5480): 26 bytes that never change, and the point. */
#define SPKI_SIZE (26 + P256_PUBLIC_SIZE)
/* Bytes of the key's hash that make the serial number. */
#define SERIAL_SIZE 16

/* The parts of one certificate while it is made. */
struct making {
	uint8_t private_key[P256_PRIVATE_SIZE];
	uint8_t public_key[P256_PUBLIC_SIZE];
	uint8_t key_hash[SHA256_SIZE];
	uint8_t *evidence;
	size_t evidence_size;
};

static void write_algorithm(struct der *d)
{
	const size_t mark = der_size(d);

	der_element(d, DER_OID, g_oid_ecdsa_sha256, sizeof g_oid_ecdsa_sha256);
	der_wrap(d, DER_SEQUENCE, mark);
}

static void write_key(struct der *d, const uint8_t public_key[P256_PUBLIC_SIZE])
{
	const size_t mark = der_size(d);

	der_put(d, public_key, P256_PUBLIC_SIZE);
	der_put(d, "", 1); /* no unused bits */
	der_wrap(d, DER_BIT_STRING, mark);

	const size_t algorithm = der_size(d);

	der_element(d, DER_OID, g_oid_p256, sizeof g_oid_p256);
	der_element(d, DER_OID, g_oid_ec_public_key, sizeof g_oid_ec_public_key);
	der_wrap(d, DER_SEQUENCE, algorithm);
	der_wrap(d, DER_SEQUENCE, mark);
}

static void write_name(struct der *d)
{
	const size_t mark = der_size(d);

	der_element(d, DER_UTF8_STRING, g_name, strlen(g_name));
	der_element(d, DER_OID, g_oid_common_name, sizeof g_oid_common_name);
	der_wrap(d, DER_SEQUENCE, mark);
	der_wrap(d, DER_SET, mark);
	der_wrap(d, DER_SEQUENCE, mark);
}

static void write_validity(struct der *d)
{
	const size_t mark = der_size(d);

	der_element(d, DER_GENERALIZED_TIME, g_not_after, strlen(g_not_after));
	der_element(d, DER_UTC_TIME, g_not_before, strlen(g_not_before));
	der_wrap(d, DER_SEQUENCE, mark);
}

static void write_extension(struct der *d, const uint8_t *oid, size_t oid_size, bool critical,
			    const uint8_t *value, size_t size)
{
	static const uint8_t yes = 0xff;
	const size_t mark = der_size(d);

	der_element(d, DER_OCTET_STRING, value, size);
	if (critical)
		der_element(d, DER_BOOLEAN, &yes, sizeof yes);
	der_element(d, DER_OID, oid, oid_size);
	der_wrap(d, DER_SEQUENCE, mark);
}

/* RFC 5280, 4.2.1.3 and 4.2.1.9: the key signs, and never another certificate. */
static void write_extensions(struct der *d, const struct making *m)
{
	static const uint8_t digital_signature[] = {DER_BIT_STRING, 2, 7, 0x80};
	static const uint8_t no_authority[] = {DER_SEQUENCE, 0};
	const size_t mark = der_size(d);

	write_extension(d, g_oid_evidence, sizeof g_oid_evidence, false, m->evidence,
			m->evidence_size);
	write_extension(d, g_oid_key_usage, sizeof g_oid_key_usage, true, digital_signature,
			sizeof digital_signature);
	write_extension(d, g_oid_basic_constraints, sizeof g_oid_basic_constraints, true,
			no_authority, sizeof no_authority);
	der_wrap(d, DER_SEQUENCE, mark);
	der_wrap(d, DER_CONTEXT_3, mark);
}

/* RFC 5280, 4.1.2: TBSCertificate. The serial number is as unique as the key: part of its hash. */
static void write_contents(struct der *d, const struct making *m)
{
	static const uint8_t version_3 = 2;
	const size_t mark = der_size(d);

	write_extensions(d, m);
	write_key(d, m->public_key);
	write_name(d); /* subject */
	write_validity(d);
	write_name(d); /* issuer */
	write_algorithm(d);
	der_integer(d, m->key_hash, SERIAL_SIZE);

	const size_t version = der_size(d);

	der_integer(d, &version_3, sizeof version_3);
	der_wrap(d, DER_CONTEXT_0, version);
	der_wrap(d, DER_SEQUENCE, mark);
}

/* BIT STRING of an Ecdsa-Sig-Value (RFC 5480, appendix A). */
static void write_signature(struct der *d, const uint8_t signature[P256_SIGNATURE_SIZE])
{
	const size_t half = P256_SIGNATURE_SIZE / 2;
	const size_t mark = der_size(d);

	der_integer(d, signature + half, half);
	der_integer(d, signature, half);
	der_wrap(d, DER_SEQUENCE, mark);
	der_put(d, "", 1); /* no unused bits */
	der_wrap(d, DER_BIT_STRING, mark);
}

static enum err making_key(struct making *m, const struct crypto_random *random)
{
	uint8_t spki[SPKI_SIZE];
	struct der d;
	enum err err = p256_generate(m->private_key, m->public_key, random);

	if (err != E_OK)
		return err;
	der_init(&d, spki, sizeof spki);
	write_key(&d, m->public_key);
	must(!d.bad && der_size(&d) == SPKI_SIZE);
	sha256_digest(m->key_hash, spki, sizeof spki);
	return E_OK;
}

/* Asks for the quote over the claims and puts both together. */
static enum err making_evidence(struct making *m, const struct certificate_request *request)
{
	uint8_t claims[IDENTITY_CLAIMS_MAX], report_data[IDENTITY_REPORT_DATA_SIZE];
	struct identity id = request->identity;
	struct evidence evidence = {0};
	struct writer w;
	enum err err;

	id.domain = IDENTITY_CHANNEL;
	memcpy(id.key_hash, m->key_hash, sizeof id.key_hash);
	writer_init(&w, claims, sizeof claims);
	err = identity_claims(&w, &id);
	if (err != E_OK)
		return err;
	must(writer_ok(&w));
	identity_report_data(report_data, claims, w.len);

	uint8_t *quote = heap_alloc(CERTIFICATE_QUOTE_MAX);

	m->evidence = heap_alloc(CERTIFICATE_MAX);
	if (!quote || !m->evidence) {
		err = E_NOMEM;
		goto out;
	}
	err = request->quote(request->quote_context, report_data, quote, CERTIFICATE_QUOTE_MAX,
			     &evidence.quote_size);
	if (err != E_OK)
		goto out;
	must(evidence.quote_size <= CERTIFICATE_QUOTE_MAX);
	evidence.quote = quote;
	evidence.claims = claims;
	evidence.claims_size = w.len;
	writer_init(&w, m->evidence, CERTIFICATE_MAX);
	err = evidence_encode(&w, &evidence);
	if (err == E_OK && !writer_ok(&w))
		err = E_LIMIT;
	m->evidence_size = w.len;
out:
	heap_free(quote);
	return err;
}

/* Signs what was written, and puts the rest of the certificate around it. */
static enum err making_sign(struct certificate *out, const struct making *m,
			    const struct der *contents, const struct crypto_random *random)
{
	uint8_t digest[SHA256_SIZE], signature[P256_SIGNATURE_SIZE];
	struct der d;
	enum err err;

	sha256_digest(digest, der_data(contents), der_size(contents));
	err = p256_sign(signature, m->private_key, digest, random);
	if (err != E_OK)
		return err;

	uint8_t *room = heap_alloc(CERTIFICATE_MAX);

	if (!room)
		return E_NOMEM;
	der_init(&d, room, CERTIFICATE_MAX);
	write_signature(&d, signature);
	write_algorithm(&d);
	der_put(&d, der_data(contents), der_size(contents));
	der_wrap(&d, DER_SEQUENCE, 0);
	if (d.bad) {
		heap_free(room);
		return E_LIMIT;
	}
	memmove(room, der_data(&d), der_size(&d));
	out->der = room;
	out->size = der_size(&d);
	memcpy(out->private_key, m->private_key, sizeof out->private_key);
	return E_OK;
}

static enum err making_certificate(struct certificate *out, const struct making *m,
				   const struct crypto_random *random)
{
	uint8_t *room = heap_alloc(CERTIFICATE_MAX);
	struct der contents;
	enum err err = E_LIMIT;

	if (!room)
		return E_NOMEM;
	der_init(&contents, room, CERTIFICATE_MAX);
	write_contents(&contents, m);
	if (!contents.bad)
		err = making_sign(out, m, &contents, random);
	heap_free(room);
	return err;
}

enum err certificate_create(struct certificate *out, const struct certificate_request *request)
{
	struct making m = {0};
	enum err err = making_key(&m, &request->random);

	if (err == E_OK)
		err = making_evidence(&m, request);
	if (err == E_OK)
		err = making_certificate(out, &m, &request->random);
	heap_free(m.evidence);
	wipe(&m, sizeof m);
	return err;
}

void certificate_fini(struct certificate *certificate)
{
	heap_free(certificate->der);
	wipe(certificate, sizeof *certificate);
}
