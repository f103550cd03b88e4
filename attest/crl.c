/*
 * Revocation lists, decoded by mbedTLS, which refuses critical extensions that it does not know: so no list is
 * indirect or only a difference to another one.
 * Trust: every byte is untrusted until crl_verify has said that the issuer signed them.
 */
#include "attest/crl.h"

#include <string.h>

#include <mbedtls/x509_crl.h>

#include "attest/pem.h"
#include "attest/x509_impl.h"
#include "base/heap.h"

static struct x509_bytes crl_bytes(const mbedtls_x509_buf *b)
{
	return (struct x509_bytes){b->p, b->len};
}

static enum attest_rule crl_keep(struct attest_crl *out, const mbedtls_x509_crl *c)
{
	if (!attest_holds(CRL_ALGORITHM,
			  c->sig_pk == MBEDTLS_PK_ECDSA && c->sig_md == MBEDTLS_MD_SHA256))
		return ATTEST_CRL_ALGORITHM;
	if (!attest_holds(CRL_NEXT, c->next_update.year != 0))
		return ATTEST_CRL_NEXT;
	out->issuer = crl_bytes(&c->issuer_raw);
	out->tbs = crl_bytes(&c->tbs);
	out->signature = crl_bytes(&c->sig);
	out->window.not_before = x509_mbedtls_time(&c->this_update);
	out->window.not_after = x509_mbedtls_time(&c->next_update);
	return ATTEST_OK;
}

static enum attest_rule crl_decode_der(struct attest_crl *out, const void *der, size_t size)
{
	enum attest_rule rule;
	int ret;

	out->parsed = heap_alloc(sizeof *out->parsed);
	if (!out->parsed)
		return ATTEST_MEMORY;
	mbedtls_x509_crl_init(out->parsed);
	ret = mbedtls_x509_crl_parse_der(out->parsed, der, size);
	if (x509_no_memory(ret))
		rule = ATTEST_MEMORY;
	else if (!attest_holds(CRL_FORM, ret == 0))
		rule = ATTEST_CRL_FORM;
	else
		rule = crl_keep(out, out->parsed);
	if (rule != ATTEST_OK)
		crl_fini(out);
	return rule;
}

static enum attest_rule crl_decode_pem(struct attest_crl *out, const void *pem, size_t size)
{
	enum attest_rule rule = ATTEST_CRL_FORM;
	uint8_t *der = heap_alloc(size);
	struct reader text;
	size_t der_size;

	if (!der)
		return ATTEST_MEMORY;
	reader_init(&text, pem, size);
	if (pem_take(&text, "X509 CRL", der, size, &der_size) && !pem_more(&text))
		rule = crl_decode_der(out, der, der_size);
	heap_free(der);
	return rule;
}

enum attest_rule crl_decode(struct attest_crl *out, const void *data, size_t size)
{
	const uint8_t *p = data;

	memset(out, 0, sizeof *out);
	if (!attest_holds(CRL_SIZE, size <= CRL_SIZE_MAX))
		return ATTEST_CRL_SIZE;
	return size > 0 && p[0] == '-' ? crl_decode_pem(out, data, size)
				       : crl_decode_der(out, data, size);
}

void crl_fini(struct attest_crl *c)
{
	if (c->parsed)
		mbedtls_x509_crl_free(c->parsed);
	heap_free(c->parsed);
	memset(c, 0, sizeof *c);
}

enum attest_rule crl_verify(const struct attest_crl *c, const struct x509_certificate *issuer)
{
	uint8_t digest[SHA256_SIZE];
	enum err err;

	if (!attest_holds(CRL_ISSUER, x509_equal(c->issuer, issuer->subject)))
		return ATTEST_CRL_ISSUER;
	if (!attest_holds(CRL_SIGNER, issuer->usage & X509_CRL_SIGN))
		return ATTEST_CRL_SIGNER;
	sha256_digest(digest, c->tbs.p, c->tbs.size);
	err = ecdsa_p256_verify_der(issuer->key, digest, c->signature.p, c->signature.size);
	if (err == E_NOMEM)
		return ATTEST_MEMORY;
	if (!attest_holds(CRL_SIGNATURE, err == E_OK))
		return ATTEST_CRL_SIGNATURE;
	return ATTEST_OK;
}

bool crl_lists(const struct attest_crl *c, const struct x509_certificate *certificate)
{
	for (const mbedtls_x509_crl_entry *e = &c->parsed->entry; e; e = e->next) {
		if (x509_same_serial(crl_bytes(&e->serial), certificate->serial))
			return true;
	}
	return false;
}
