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

#include "attest/chain.h"
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

/* ---- text in PEM ------------------------------------------------------------------------------ */

#define PEM_BEGIN "-----BEGIN "

/* A walk over blocks of any kind with anything between them. mbedTLS's own reader of PEM is not for text of others. */
struct pem_walk {
	struct attest_collateral *c;
	struct reader text;
	uint8_t *der; /* room for any block, decoded */
	uint8_t *run; /* and for all of Intel's certificates, as text */
	size_t size;  /* of each */
	size_t run_size;
	uint32_t run_count;
	enum attest_item *what; /* the first thing that was found */
};

/* Goes on to where a block begins; false: there is none. */
static bool walk_find(struct pem_walk *w)
{
	const uint8_t *at = w->text.left == 0 ? NULL
					      : memmem(w->text.p, w->text.left, PEM_BEGIN,
						       sizeof PEM_BEGIN - 1);

	if (at)
		(void)reader_take(&w->text, (size_t)(at - w->text.p));
	return at != NULL;
}

/* Takes the block if it has that label: its size in w->der, or 0 and *err when it is damaged. */
static bool walk_take(struct pem_walk *w, const char *label, size_t *size, enum err *err)
{
	char line[40];
	const int length = snprintf(line, sizeof line, PEM_BEGIN "%s-----", label);

	if (w->text.left < (size_t)length || memcmp(w->text.p, line, (size_t)length) != 0)
		return false;
	if (!pem_take(&w->text, label, w->der, w->size, size))
		*err = E_MALFORMED;
	return true;
}

static enum err walk_keep(struct pem_walk *w, enum attest_item item, const uint8_t *p, size_t size)
{
	if (*w->what == ATTEST_ITEM_NONE)
		*w->what = item;
	return item_keep(w->c, item, p, size);
}

/* A certificate: AMD's are kept in DER, by themselves; Intel's as text, for now in the run. What is behind one of
 * these belongs to its chain, and is judged with it. */
static enum err walk_certificate(struct pem_walk *w, const uint8_t *begin, size_t size)
{
	const size_t text_size = (size_t)(w->text.p - begin);
	enum attest_item item = certificate_item(w->der, size);

	if (item == ATTEST_ITEM_NONE && w->run_count > 0)
		item = ATTEST_ITEM_CHAIN;
	if (item != ATTEST_ITEM_CHAIN)
		return walk_keep(w, item, w->der, size);
	memcpy(w->run + w->run_size, begin, text_size);
	w->run_size += text_size;
	w->run_count++;
	if (*w->what == ATTEST_ITEM_NONE)
		*w->what = item;
	return E_OK;
}

static enum err walk_block(struct pem_walk *w)
{
	const uint8_t *begin = w->text.p;
	enum err err = E_OK;
	size_t size;

	if (walk_take(w, "CERTIFICATE", &size, &err))
		return err ? err : walk_certificate(w, begin, size);
	if (walk_take(w, "X509 CRL", &size, &err))
		return err ? err : walk_keep(w, crl_item(w->der, size), w->der, size);
	(void)reader_take(&w->text, sizeof PEM_BEGIN - 1);
	return E_OK;
}

/* Intel's certificates of a text: a chain, or, when they are more, each by itself. */
static enum err walk_end(struct pem_walk *w)
{
	enum err err = E_OK;

	if (w->run_count == 0)
		return E_OK;
	if (w->run_count <= CHAIN_MAX)
		return item_keep(w->c, ATTEST_ITEM_CHAIN, w->run, w->run_size);
	reader_init(&w->text, w->run, w->run_size);
	while (err == E_OK && walk_find(w)) {
		const uint8_t *begin = w->text.p;
		size_t size;

		if (walk_take(w, "CERTIFICATE", &size, &err) && err == E_OK)
			err = item_keep(w->c, ATTEST_ITEM_CHAIN, begin,
					(size_t)(w->text.p - begin));
	}
	return err;
}

static enum err add_pem(struct attest_collateral *c, const uint8_t *text, size_t size,
			enum attest_item *what)
{
	struct pem_walk w = {.c = c, .size = size, .what = what};
	enum err err = E_OK;

	if (size == 0 || memchr(text, 0, size))
		return E_OK; /* no text; a quote has blocks in it, too */
	w.der = heap_alloc(size);
	w.run = heap_alloc(size);
	if (!w.der || !w.run)
		err = E_NOMEM;
	reader_init(&w.text, text, size);
	while (err == E_OK && walk_find(&w))
		err = walk_block(&w);
	if (err == E_OK)
		err = walk_end(&w);
	heap_free(w.der);
	heap_free(w.run);
	return err;
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
