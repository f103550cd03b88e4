/*
 * What a piece of collateral is, by its form; and keeping it.
 * Trust: all of it is untrusted, and stays so: whether it is authentic is asked when it is used
 * (verify.c).
 * Invariant: what is signed is kept byte for byte as it came.
 */
#include "attest/collateral.h"

#include <stdio.h>
#include <string.h>

#include <mbedtls/x509_crl.h>
#include <mbedtls/x509_crt.h>

#include "attest/der.h"
#include "attest/json.h"
#include "attest/pem.h"
#include "base/heap.h"

/* ---- keeping --------------------------------------------------------------------------------- */

static bool bytes_equal(const struct attest_bytes *b, const void *p, size_t size)
{
	return b->size == size && memcmp(b->p, p, size) == 0;
}

static enum err bytes_keep(struct attest_bytes *out, const void *p, size_t size)
{
	out->p = heap_alloc(size + 1); /* a NUL behind it, which parsers of PEM want */
	if (!out->p)
		return E_NOMEM;
	memcpy(out->p, p, size);
	out->size = size;
	return E_OK;
}

/* Adds a copy to a list of ATTEST_COLLATERAL_MAX, unless it is there. */
static enum err list_add(struct attest_bytes *list, uint32_t *count, const void *p, size_t size)
{
	enum err err;

	for (uint32_t i = 0; i < *count; i++) {
		if (bytes_equal(&list[i], p, size))
			return E_OK;
	}
	if (*count == ATTEST_COLLATERAL_MAX)
		return E_LIMIT;
	err = bytes_keep(&list[*count], p, size);
	if (err == E_OK)
		++*count;
	return err;
}

static enum err signed_add(struct attest_signed *list, uint32_t *count, const char *text,
			   size_t size, const uint8_t signature[64])
{
	enum err err;

	for (uint32_t i = 0; i < *count; i++) {
		if (bytes_equal(&list[i].text, text, size) &&
		    memcmp(list[i].signature, signature, sizeof list[i].signature) == 0)
			return E_OK;
	}
	if (*count == ATTEST_COLLATERAL_MAX)
		return E_LIMIT;
	err = bytes_keep(&list[*count].text, text, size);
	if (err == E_OK) {
		memcpy(list[*count].signature, signature, sizeof list[*count].signature);
		++*count;
	}
	return err;
}

void attest_collateral_fini(struct attest_collateral *c)
{
	for (uint32_t i = 0; i < ATTEST_COLLATERAL_MAX; i++) {
		heap_free(c->tcb_infos[i].text.p);
		heap_free(c->identities[i].text.p);
		heap_free(c->chains[i].p);
		heap_free(c->crls[i].p);
		heap_free(c->sev_keys[i].p);
		heap_free(c->sev_issuers[i].p);
		heap_free(c->sev_crls[i].p);
	}
	memset(c, 0, sizeof(*c));
}

/* ---- certificates and CRLs ------------------------------------------------------------------- */

/* A name in words, "C=US, CN=ARK-Milan": does it have a common name that begins so? `end`: and goes no further. */
static bool name_has(const mbedtls_x509_name *name, const char *common, bool end)
{
	static const uint8_t oid[] = {0x55, 0x04, 0x03}; /* commonName */
	size_t length = strlen(common);

	for (; name; name = name->next) {
		if (name->oid.len == sizeof oid && memcmp(name->oid.p, oid, sizeof oid) == 0 &&
		    (end ? name->val.len == length : name->val.len >= length) &&
		    memcmp(name->val.p, common, length) == 0)
			return true;
	}
	return false;
}

/* What a certificate of that subject is. The issuer of VLEKs is called SEV-VLEK-Milan. */
static enum attest_item name_item(const mbedtls_x509_name *subject)
{
	if (name_has(subject, "SEV-VCEK", true) || name_has(subject, "SEV-VLEK", true))
		return ATTEST_ITEM_SEV_KEY;
	if (name_has(subject, "SEV-", false) || name_has(subject, "ARK-", false))
		return ATTEST_ITEM_SEV_ISSUER;
	return ATTEST_ITEM_CHAIN;
}

/* What a certificate in DER is of; ATTEST_ITEM_NONE: it is none. */
static enum attest_item certificate_item(const uint8_t *der, size_t size)
{
	mbedtls_x509_crt certificate;
	enum attest_item item = ATTEST_ITEM_NONE;

	mbedtls_x509_crt_init(&certificate);
	if (mbedtls_x509_crt_parse_der(&certificate, der, size) == 0)
		item = name_item(&certificate.subject);
	mbedtls_x509_crt_free(&certificate);
	return item;
}

static enum attest_item crl_item(const uint8_t *der, size_t size)
{
	mbedtls_x509_crl crl;
	enum attest_item item = ATTEST_ITEM_NONE;

	mbedtls_x509_crl_init(&crl);
	if (mbedtls_x509_crl_parse_der(&crl, der, size) == 0)
		item = name_has(&crl.issuer, "ARK-", false) ? ATTEST_ITEM_SEV_CRL : ATTEST_ITEM_CRL;
	mbedtls_x509_crl_free(&crl);
	return item;
}

static enum err item_keep(struct attest_collateral *c, enum attest_item item, const uint8_t *p,
			  size_t size)
{
	switch (item) {
	case ATTEST_ITEM_CHAIN:
		return list_add(c->chains, &c->chain_count, p, size);
	case ATTEST_ITEM_CRL:
		return list_add(c->crls, &c->crl_count, p, size);
	case ATTEST_ITEM_SEV_KEY:
		return list_add(c->sev_keys, &c->sev_key_count, p, size);
	case ATTEST_ITEM_SEV_ISSUER:
		return list_add(c->sev_issuers, &c->sev_issuer_count, p, size);
	case ATTEST_ITEM_SEV_CRL:
		return list_add(c->sev_crls, &c->sev_crl_count, p, size);
	default:
		return E_MALFORMED;
	}
}

static bool is_amd(enum attest_item item)
{
	return item == ATTEST_ITEM_SEV_KEY || item == ATTEST_ITEM_SEV_ISSUER ||
	       item == ATTEST_ITEM_SEV_CRL;
}

/* What DER is: of Intel's a CRL alone, since chains come in PEM. */
static enum attest_item der_item(const uint8_t *der, size_t size)
{
	enum attest_item item = crl_item(der, size);

	if (item == ATTEST_ITEM_NONE)
		item = certificate_item(der, size);
	return item == ATTEST_ITEM_CHAIN ? ATTEST_ITEM_NONE : item;
}

/* Nothing, or NULs, which sizes may count that are those of C's strings. */
static bool is_end(const struct reader *r)
{
	size_t n = 0;

	while (n < r->left && r->p[n] == 0)
		n++;
	return n == r->left;
}

/* Items in DER, one behind the other: each goes by its own length. *what: the first. */
static enum err add_der(struct attest_collateral *c, const uint8_t *der, size_t size,
			enum attest_item *what)
{
	enum err err = E_OK;
	struct reader r;

	reader_init(&r, der, size);
	while (err == E_OK && !is_end(&r)) {
		const uint8_t *begin = r.p;

		(void)der_take(&r, DER_SEQUENCE);
		const size_t length = reader_ok(&r) ? (size_t)(r.p - begin) : 0;
		const enum attest_item item = der_item(begin, length);

		if (item == ATTEST_ITEM_NONE)
			return *what == ATTEST_ITEM_NONE ? E_OK : E_MALFORMED;
		if (*what == ATTEST_ITEM_NONE)
			*what = item;
		err = item_keep(c, item, begin, length);
	}
	return err;
}

/* Blocks of AMD's, in any number and order: each is kept in DER, by itself. *what: the first. */
static enum err add_blocks(struct attest_collateral *c, struct reader *text, const char *label,
			   uint8_t *der, size_t room, enum attest_item *what)
{
	enum err err = E_OK;

	while (err == E_OK && pem_more(text)) {
		enum attest_item item = ATTEST_ITEM_NONE;
		size_t size;

		if (!pem_take(text, label, der, room, &size))
			return E_MALFORMED;
		err = add_der(c, der, size, &item);
		if (err == E_OK && !is_amd(item))
			err = E_MALFORMED;
		if (*what == ATTEST_ITEM_NONE)
			*what = item;
	}
	return err;
}

/* Adds text in PEM, from its first block on, which says whose it is. Of Intel's all of it is kept as it came. mbedTLS's own
 * reader of PEM is not for text of others. */
static enum err add_text_of(struct attest_collateral *c, const uint8_t *begin, size_t size,
			    const char *label, enum attest_item *what)
{
	const bool certificate = strcmp(label, "CERTIFICATE") == 0;
	uint8_t *der = heap_alloc(size);
	enum attest_item item = ATTEST_ITEM_NONE;
	struct reader text;
	size_t der_size;
	enum err err;

	if (!der)
		return E_NOMEM;
	reader_init(&text, begin, size);
	if (pem_take(&text, label, der, size, &der_size))
		item = certificate ? certificate_item(der, der_size) : crl_item(der, der_size);
	if (is_amd(item)) {
		reader_init(&text, begin, size);
		err = add_blocks(c, &text, label, der, size, what);
	} else {
		*what = item;
		err = item_keep(c, item, begin, size);
	}
	heap_free(der);
	return err;
}

/* The text is a copy with a NUL behind size bytes. */
static enum err add_pem(struct attest_collateral *c, const uint8_t *text, size_t size,
			enum attest_item *what)
{
	static const char *const labels[] = {"CERTIFICATE", "X509 CRL"};

	for (size_t i = 0; i < COUNT_OF(labels); i++) {
		char line[40];
		const char *at;

		(void)snprintf(line, sizeof line, "-----BEGIN %s-----", labels[i]);
		at = strstr((const char *)text, line);
		if (at)
			return add_text_of(c, (const uint8_t *)at,
					   size - (size_t)((const uint8_t *)at - text), labels[i],
					   what);
	}
	return E_OK;
}

/* Hexadecimal digits: PCCS gives the root's CRL so. */
static enum err add_hex(struct attest_collateral *c, const char *digits, size_t count,
			enum attest_item *what)
{
	uint8_t *der = heap_alloc(count / 2);
	enum err err = E_OK;

	if (!der)
		return E_NOMEM;
	if (attest_hex_read(der, count / 2, digits, count) && der[0] == 0x30)
		err = add_der(c, der, count / 2, what);
	heap_free(der);
	return err;
}

static enum err add_text(struct attest_collateral *c, const uint8_t *text, size_t size,
			 enum attest_item *what)
{
	size_t digits = size;

	while (digits > 0 && strchr(" \t\r\n", text[digits - 1]))
		digits--;
	if (digits >= 2 && strspn((const char *)text, "0123456789abcdefABCDEF") == digits)
		return add_hex(c, (const char *)text, digits, what);
	return add_pem(c, text, size, what);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

struct form {
	const char *member;    /* of a PCS response: the object that is signed */
	const char *text;      /* of a bundle: the same as a string */
	const char *signature; /* and its signature */
	enum attest_item item;
};

static const struct form g_forms[] = {
	{"tcbInfo", "tcb_info", "tcb_info_signature", ATTEST_ITEM_TCB_INFO},
	{"enclaveIdentity", "qe_identity", "qe_identity_signature", ATTEST_ITEM_IDENTITY},
};

static const char *const g_bundle_members[] = {
	"tcb_info_issuer_chain", "qe_identity_issuer_chain",
	"pck_crl_issuer_chain",	 "pck_certificate_chain",
	"root_ca_crl",		 "pck_crl",
};

static enum err form_keep(struct attest_collateral *c, const struct form *form, const char *text,
			  size_t size, const uint8_t signature[64])
{
	return form->item == ATTEST_ITEM_TCB_INFO
		       ? signed_add(c->tcb_infos, &c->tcb_info_count, text, size, signature)
		       : signed_add(c->identities, &c->identity_count, text, size, signature);
}

/* {"tcbInfo":{...},"signature":"..."}: what is signed is the inner object, from brace to brace. */
static enum err add_response(struct attest_collateral *c, const struct form *form, const char *text,
			     size_t size, const json_t *json)
{
	uint8_t signature[64];
	const char *inner;
	size_t inner_size;

	if (!json_is_object(json_object_get(json, form->member)) ||
	    !attest_json_slice(&inner, &inner_size, text, size, form->member) ||
	    !attest_json_hex(signature, sizeof signature, json, "signature"))
		return E_MALFORMED;
	return form_keep(c, form, inner, inner_size, signature);
}

static enum err bundle_add_signed(struct attest_collateral *c, const struct form *form,
				  const json_t *bundle)
{
	const json_t *text = json_object_get(bundle, form->text);
	uint8_t signature[64];

	if (!text)
		return E_OK;
	if (!json_is_string(text) ||
	    !attest_json_hex(signature, sizeof signature, bundle, form->signature))
		return E_MALFORMED;
	return form_keep(c, form, json_string_value(text), json_string_length(text), signature);
}

/* A member that must be certificates or a CRL, where it is there and not empty. Some bundles have a NUL at its end. */
static enum err bundle_add_other(struct attest_collateral *c, const json_t *bundle,
				 const char *member)
{
	const json_t *text = json_object_get(bundle, member);
	const char *p = json_string_value(text);
	size_t size = json_string_length(text);
	enum attest_item item = ATTEST_ITEM_NONE;
	enum err err;

	while (size > 0 && p[size - 1] == 0)
		size--;
	if (!text || (p && size == 0))
		return E_OK;
	if (!p)
		return E_MALFORMED;
	err = add_text(c, (const uint8_t *)p, size, &item);
	return err == E_OK && item == ATTEST_ITEM_NONE ? E_MALFORMED : err;
}

static enum err add_bundle(struct attest_collateral *c, const json_t *bundle)
{
	enum err err = E_OK;

	for (size_t i = 0; err == E_OK && i < COUNT_OF(g_forms); i++)
		err = bundle_add_signed(c, &g_forms[i], bundle);
	for (size_t i = 0; err == E_OK && i < COUNT_OF(g_bundle_members); i++)
		err = bundle_add_other(c, bundle, g_bundle_members[i]);
	return err;
}

static enum err add_object(struct attest_collateral *c, const char *text, size_t size,
			   const json_t *json, enum attest_item *what)
{
	for (size_t i = 0; i < COUNT_OF(g_forms); i++) {
		if (json_object_get(json, g_forms[i].member)) {
			*what = g_forms[i].item;
			return add_response(c, &g_forms[i], text, size, json);
		}
	}
	for (size_t i = 0; i < COUNT_OF(g_forms); i++) {
		if (json_object_get(json, g_forms[i].text)) {
			*what = ATTEST_ITEM_BUNDLE;
			return add_bundle(c, json);
		}
	}
	return E_OK;
}

static enum err add_json(struct attest_collateral *c, const char *text, size_t size,
			 enum attest_item *what)
{
	json_t *json = attest_json_read_outer(text, size);
	enum err err;

	if (!json)
		return E_MALFORMED;
	err = add_object(c, text, size, json, what);
	json_decref(json);
	return err;
}

/* ---- all ------------------------------------------------------------------------------------- */

static enum err add_any(struct attest_collateral *c, const uint8_t *text, size_t size,
			enum attest_item *what)
{
	size_t space = strspn((const char *)text, " \t\r\n");

	if (text[0] == 0x30 && size > 4 && (text[1] & 0x80))
		return add_der(c, text, size, what);
	while (size > 0 && text[size - 1] == 0)
		size--;
	if (text[space] == '{')
		return add_json(c, (const char *)text, size, what);
	return add_text(c, text + space, size - space, what);
}

enum err attest_collateral_add(struct attest_collateral *c, const void *bytes, size_t size,
			       enum attest_item *what)
{
	enum attest_item item = ATTEST_ITEM_NONE;
	struct attest_bytes copy;
	enum err err;

	if (size > ATTEST_COLLATERAL_SIZE_MAX)
		return E_LIMIT;
	err = bytes_keep(&copy, bytes, size);
	if (err)
		return err;
	err = add_any(c, copy.p, size, &item);
	heap_free(copy.p);
	if (what && err == E_OK)
		*what = item;
	return err;
}
