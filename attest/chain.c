/*
 * Chains of certificates.
 * Trust: the text and every certificate in it are untrusted, the root's too: it is its digest that the caller
 * knows.
 */
#include "attest/chain.h"

#include <string.h>

#include "attest/pem.h"
#include "base/heap.h"

#define CHAIN_ISSUERS 3

/* What the certificates of one maker are called. */
struct chain_names {
	const char *root;
	const char *issuers[CHAIN_ISSUERS]; /* of PCKs */
	const char *pck;
	const char *signer;
};

static const struct chain_names g_names[] = {
	{"Intel SGX Root CA",
	 {"Intel SGX PCK Processor CA", "Intel SGX PCK Platform CA"},
	 "Intel SGX PCK Certificate",
	 "Intel SGX TCB Signing"},
	{"Retwine Simulation Root CA",
	 {"Retwine Simulation PCK CA"},
	 "Retwine Simulation PCK Certificate",
	 "Retwine Simulation TCB Signing"},
};

/* ---- decoding -------------------------------------------------------------------------------- */

/* The text without the NULs behind it. */
static struct reader chain_text(const void *pem, size_t size)
{
	const uint8_t *p = pem;
	struct reader text;

	while (size > 0 && p[size - 1] == 0)
		size--;
	reader_init(&text, pem, size);
	return text;
}

/* Decodes what the text holds into out; its bytes have room for `room`. */
static enum attest_rule chain_take(struct attest_chain *out, struct reader *text, size_t room)
{
	uint8_t *next = out->bytes;
	bool more;

	while (pem_more(text) && out->count < CHAIN_MAX) {
		enum attest_rule rule;
		size_t size;
		bool taken = pem_take(text, "CERTIFICATE", next, room, &size);

		if (!attest_holds(CHAIN_TEXT, taken))
			return ATTEST_CHAIN_TEXT;
		rule = x509_decode(&out->certificates[out->count], next, size);
		if (rule != ATTEST_OK)
			return rule;
		out->count++;
		next += size;
		room -= size;
	}
	more = pem_more(text);
	if (!attest_holds(CHAIN_COUNT, out->count > 0 && !more))
		return ATTEST_CHAIN_COUNT;
	return ATTEST_OK;
}

static void chain_swap(struct attest_chain *c, size_t a, size_t b)
{
	struct x509_certificate kept = c->certificates[a];

	c->certificates[a] = c->certificates[b];
	c->certificates[b] = kept;
}

/* Leaf, CA, root, told by the names: some quoting libraries write leaf, root, CA. */
static void chain_arrange(struct attest_chain *c)
{
	for (size_t i = 0; i + 1 < c->count; i++) {
		if (x509_equal(c->certificates[i].issuer, c->certificates[i].subject)) {
			chain_swap(c, i, c->count - 1);
			break;
		}
	}
	if (c->count == CHAIN_MAX &&
	    x509_equal(c->certificates[1].issuer, c->certificates[0].subject))
		chain_swap(c, 0, 1);
}

enum attest_rule chain_decode(struct attest_chain *out, const void *pem, size_t size)
{
	struct reader text = chain_text(pem, size);
	enum attest_rule rule;

	memset(out, 0, sizeof *out);
	if (!attest_holds(CHAIN_SIZE, text.left <= CHAIN_TEXT_MAX))
		return ATTEST_CHAIN_SIZE;
	out->bytes = heap_alloc(text.left); /* base64 is longer than what it says */
	if (!out->bytes)
		return ATTEST_MEMORY;
	rule = chain_take(out, &text, text.left);
	if (rule != ATTEST_OK)
		chain_fini(out);
	else
		chain_arrange(out);
	return rule;
}

void chain_fini(struct attest_chain *c)
{
	heap_free(c->bytes);
	memset(c, 0, sizeof *c);
}

const struct x509_certificate *chain_leaf(const struct attest_chain *c)
{
	return &c->certificates[0];
}

const struct x509_certificate *chain_root(const struct attest_chain *c)
{
	return &c->certificates[c->count > 0 ? c->count - 1 : 0];
}

struct attest_window chain_window(const struct attest_chain *c)
{
	struct attest_window window = ATTEST_ALWAYS;

	for (size_t i = 0; i < c->count; i++)
		window_narrow(&window, &c->certificates[i].window);
	return window;
}

/* ---- verifying ------------------------------------------------------------------------------- */

/* The names of the maker whose root it is; false, and any names, if it is nobody's. */
static bool chain_find_names(const struct chain_names **out, const struct x509_certificate *root)
{
	for (size_t i = 0; i < COUNT_OF(g_names); i++) {
		*out = &g_names[i];
		if (x509_name_is(root, g_names[i].root))
			return true;
	}
	return false;
}

static bool chain_issuer_named(const struct chain_names *names, const struct x509_certificate *ca)
{
	for (size_t i = 0; i < CHAIN_ISSUERS && names->issuers[i]; i++) {
		if (x509_name_is(ca, names->issuers[i]))
			return true;
	}
	return false;
}

static enum attest_rule chain_check_names(const struct attest_chain *c, enum chain_role role)
{
	const struct chain_names *names;
	bool known = chain_find_names(&names, chain_root(c));
	const char *leaf;

	if (!attest_holds(CHAIN_ROOT_NAME, known))
		return ATTEST_CHAIN_ROOT_NAME;
	if (!attest_holds(CHAIN_CA_NAME,
			  role != CHAIN_PCK || chain_issuer_named(names, &c->certificates[1])))
		return ATTEST_CHAIN_CA_NAME;
	leaf = role == CHAIN_PCK ? names->pck : names->signer;
	if (!attest_holds(CHAIN_LEAF_NAME, x509_name_is(chain_leaf(c), leaf)))
		return ATTEST_CHAIN_LEAF_NAME;
	return ATTEST_OK;
}

/* May the certificate at idx, above idx - 1 other CAs, issue certificates (RFC 5280, 6.1.4 k-n)? */
static enum attest_rule chain_check_ca(const struct attest_chain *c, size_t idx)
{
	const struct x509_certificate *ca = &c->certificates[idx];

	if (!attest_holds(CHAIN_CA, ca->ca))
		return ATTEST_CHAIN_CA;
	if (!attest_holds(CHAIN_PATH, ca->path_length == X509_PATH_UNLIMITED ||
					      (size_t)ca->path_length >= idx - 1))
		return ATTEST_CHAIN_PATH;
	if (!attest_holds(CHAIN_CA_USAGE, ca->usage & X509_KEY_CERT_SIGN))
		return ATTEST_CHAIN_CA_USAGE;
	return ATTEST_OK;
}

static enum attest_rule chain_check_leaf(const struct x509_certificate *leaf)
{
	const uint8_t issues = X509_KEY_CERT_SIGN | X509_CRL_SIGN;

	if (!attest_holds(CHAIN_LEAF, !leaf->ca))
		return ATTEST_CHAIN_LEAF;
	if (!attest_holds(CHAIN_LEAF_USAGE,
			  leaf->usage & X509_DIGITAL_SIGNATURE && !(leaf->usage & issues)))
		return ATTEST_CHAIN_LEAF_USAGE;
	return ATTEST_OK;
}

/* Is the certificate issued by the other one? */
static enum attest_rule chain_check_link(const struct x509_certificate *certificate,
					 const struct x509_certificate *issuer)
{
	enum err err;

	if (!attest_holds(CHAIN_ISSUER, x509_equal(certificate->issuer, issuer->subject)))
		return ATTEST_CHAIN_ISSUER;
	err = x509_signed_by(certificate, issuer->key);
	if (err == E_NOMEM)
		return ATTEST_MEMORY;
	if (!attest_holds(CHAIN_SIGNATURE, err == E_OK))
		return ATTEST_CHAIN_SIGNATURE;
	return ATTEST_OK;
}

enum attest_rule chain_verify(const struct attest_chain *c, enum chain_role role)
{
	enum attest_rule rule;

	if (!attest_holds(CHAIN_LENGTH, c->count == (role == CHAIN_PCK ? 3 : 2)))
		return ATTEST_CHAIN_LENGTH;
	rule = chain_check_names(c, role);
	if (rule == ATTEST_OK)
		rule = chain_check_leaf(chain_leaf(c));
	for (size_t i = 1; rule == ATTEST_OK && i < c->count; i++)
		rule = chain_check_ca(c, i);
	for (size_t i = 0; rule == ATTEST_OK && i < c->count; i++)
		rule = chain_check_link(&c->certificates[i],
					i + 1 < c->count ? &c->certificates[i + 1] : chain_root(c));
	return rule;
}
