/*
 * Taking a certificate of another side apart. The library decodes X.509, as it does in the handshake,
 * so that both see the same certificate; what it leaves open is checked here.
 * Trust: all of the certificate is untrusted. The claims are believed only so far as a quote over
 * their hash is, which is for the caller to find out.
 */
#include "channel/certificate.h"

#include <string.h>

#include <mbedtls/oid.h>
#include <mbedtls/pk.h>
#include <mbedtls/sha512.h>
#include <mbedtls/x509_crt.h>

#include "base/wipe.h"
#include "crypto/sha256.h"

/* TCG DICE Attestation Architecture, 6.1.5: tcg-dice-TaggedEvidence, 2.23.133.5.4.9. */
static const uint8_t g_oid_evidence[] = {0x67, 0x81, 0x05, 0x05, 0x04, 0x09};

#define HASH_MAX 48

/* What the library's pass over the extensions found. */
struct found {
	const uint8_t *evidence;
	size_t size;
	unsigned count;
};

/* Called for every extension that the library does not know. One that is critical is not known to us
 * either: refused (RFC 5280, 4.2). */
static int check_extension(void *context, const mbedtls_x509_crt *crt UNUSED,
			   const mbedtls_x509_buf *oid, int critical UNUSED, const unsigned char *p,
			   const unsigned char *end)
{
	struct found *found = context;

	if (oid->len != sizeof g_oid_evidence ||
	    memcmp(oid->p, g_oid_evidence, sizeof g_oid_evidence) != 0)
		return MBEDTLS_ERR_X509_UNKNOWN_OID;
	found->evidence = p;
	found->size = (size_t)(end - p);
	found->count++;
	return 0;
}

static enum err check_parse(mbedtls_x509_crt *crt, struct found *found, const void *der,
			    size_t size)
{
	int result;

	if (size == 0 || size > CERTIFICATE_CHECK_MAX)
		return E_LIMIT;
	result = mbedtls_x509_crt_parse_der_with_ext_cb(crt, der, size, 0, check_extension, found);
	if (result == MBEDTLS_ERR_X509_ALLOC_FAILED)
		return E_NOMEM;
	/* one certificate and nothing behind it */
	if (result != 0 || crt->raw.len != size || crt->version != 3)
		return E_CERTIFICATE_FORMAT;
	return E_OK;
}

/* P-256 with SHA-256; of other makers also P-384 and SHA-384. */
static bool check_algorithms(const mbedtls_x509_crt *crt, bool any)
{
	if (mbedtls_pk_get_type(&crt->pk) != MBEDTLS_PK_ECKEY || crt->sig_pk != MBEDTLS_PK_ECDSA)
		return false;

	const mbedtls_ecp_group_id group = mbedtls_pk_ec(crt->pk)->grp.id;

	return (group == MBEDTLS_ECP_DP_SECP256R1 && crt->sig_md == MBEDTLS_MD_SHA256) ||
	       (any && (group == MBEDTLS_ECP_DP_SECP256R1 || group == MBEDTLS_ECP_DP_SECP384R1) &&
		(crt->sig_md == MBEDTLS_MD_SHA256 || crt->sig_md == MBEDTLS_MD_SHA384));
}

/* The certificate is signed by its own key, under its own name. */
static enum err check_signature(mbedtls_x509_crt *crt)
{
	uint8_t hash[HASH_MAX];
	size_t size = SHA256_SIZE;

	if (crt->sig_md == MBEDTLS_MD_SHA256) {
		sha256_digest(hash, crt->tbs.p, crt->tbs.len);
	} else {
		uint8_t sha512[64];

		if (mbedtls_sha512_ret(crt->tbs.p, crt->tbs.len, sha512, 1))
			return E_CRYPTO;
		size = HASH_MAX;
		memcpy(hash, sha512, size);
	}
	if (crt->issuer_raw.len != crt->subject_raw.len ||
	    memcmp(crt->issuer_raw.p, crt->subject_raw.p, crt->issuer_raw.len) != 0 ||
	    mbedtls_pk_verify(&crt->pk, crt->sig_md, hash, size, crt->sig.p, crt->sig.len) != 0)
		return E_CERTIFICATE_SIGNATURE;
	return E_OK;
}

static enum err check_claims(struct identity *id, const struct evidence *evidence, bool any)
{
	enum err err = identity_decode(id, evidence->claims, evidence->claims_size);

	if (err != E_OK && any)
		err = identity_decode_foreign(id, evidence->claims, evidence->claims_size);
	/* what a program said of itself is no certificate's */
	return err == E_OK && id->domain != IDENTITY_GUEST ? E_OK : E_CERTIFICATE_EVIDENCE;
}

static enum err check_evidence(struct certificate_evidence *out, const mbedtls_x509_crt *crt,
			       const struct found *found, bool any)
{
	uint8_t key_hash[SHA256_SIZE];
	struct evidence evidence;
	enum err err;

	if (found->count != 1 || evidence_decode(&evidence, found->evidence, found->size) != E_OK)
		return E_CERTIFICATE_EVIDENCE;
	err = check_claims(&out->identity, &evidence, any);
	if (err != E_OK)
		return err;
	sha256_digest(key_hash, crt->pk_raw.p, crt->pk_raw.len);
	if (memcmp(key_hash, out->identity.key_hash, sizeof key_hash) != 0)
		return E_CERTIFICATE_KEY;
	out->quote = evidence.quote;
	out->quote_size = evidence.quote_size;
	out->claims = evidence.claims;
	out->claims_size = evidence.claims_size;
	identity_report_data(out->report_data, evidence.claims, evidence.claims_size);
	return E_OK;
}

static enum err check(struct certificate_evidence *out, const void *der, size_t size, bool any)
{
	struct certificate_evidence result;
	struct found found = {0};
	mbedtls_x509_crt crt;
	enum err err;

	mbedtls_x509_crt_init(&crt);
	err = check_parse(&crt, &found, der, size);
	if (err == E_OK && !check_algorithms(&crt, any))
		err = E_CERTIFICATE_FORMAT;
	if (err == E_OK)
		err = check_signature(&crt);
	if (err == E_OK)
		err = check_evidence(&result, &crt, &found, any);
	mbedtls_x509_crt_free(&crt);
	if (err == E_OK)
		*out = result;
	return err;
}

enum err certificate_check(struct certificate_evidence *out, const void *der, size_t size)
{
	return check(out, der, size, false);
}

enum err certificate_check_any(struct certificate_evidence *out, const void *der, size_t size)
{
	return check(out, der, size, true);
}
