/*
 * The certificates of a collateral, taken apart once, and chains that are put together of them: by names, then by
 * signatures, so that it does not matter in which files they came.
 * Trust: every certificate is untrusted; a chain that is found has been verified up to its root, whose key may still be
 * anybody's.
 * Invariant: a search ends after some LINKS_MAX signatures, however many certificates have the same names.
 */
#include <string.h>

#include "attest/verify_impl.h"
#include "base/heap.h"

#define LINKS_MAX 1024

/* ---- the pool -------------------------------------------------------------------------------- */

/* What cannot be decoded is no certificate of anybody's. */
static void pool_add(struct verification *x, const void *text, size_t size)
{
	enum attest_rule rule = chain_decode(&x->pool.texts[x->pool.count], text, size);

	if (rule == ATTEST_OK)
		x->pool.count++;
	else if (rule == ATTEST_MEMORY)
		verification_refuse(x, rule, NULL);
}

void pool_fill(struct verification *x)
{
	if (x->quote.certification == QUOTE_PCK_LEAF)
		pool_add(x, x->quote.certification_data, x->quote.certification_size);
	for (uint32_t i = 0; i < x->c->chain_count; i++)
		pool_add(x, x->c->chains[i].p, x->c->chains[i].size);
}

void pool_fini(struct certificate_pool *pool)
{
	for (uint32_t i = 0; i < pool->count; i++)
		chain_fini(&pool->texts[i]);
	pool->count = 0;
}

const struct x509_certificate *pool_at(const struct certificate_pool *pool, size_t i)
{
	const struct attest_chain *text = &pool->texts[i / CHAIN_MAX];

	return i / CHAIN_MAX < pool->count && i % CHAIN_MAX < text->count
		       ? &text->certificates[i % CHAIN_MAX]
		       : NULL;
}

/* ---- chains of it ---------------------------------------------------------------------------- */

enum attest_rule pool_chain(struct attest_chain *out, const struct x509_certificate *const *c,
			    size_t count)
{
	enum attest_rule rule = ATTEST_OK;
	size_t size = 0;
	uint8_t *p;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < count; i++)
		size += c[i]->der.size;
	p = out->bytes = heap_alloc(size);
	if (!p)
		return ATTEST_MEMORY;
	for (; rule == ATTEST_OK && out->count < count; out->count++) {
		const struct x509_bytes der = c[out->count]->der;

		memcpy(p, der.p, der.size);
		rule = x509_decode(&out->certificates[out->count], p, der.size);
		p += der.size;
	}
	if (rule)
		chain_fini(out);
	return rule;
}

/* The next certificate from *at on that issued this one; NULL: there is no more. */
static const struct x509_certificate *search_issuer(struct chain_search *s, size_t *at,
						    const struct x509_certificate *of)
{
	while (*at < POOL_CERTIFICATES) {
		const struct x509_certificate *c = pool_at(&s->x->pool, (*at)++);
		enum err err;

		if (!c || !x509_equal(of->issuer, c->subject) || s->links >= LINKS_MAX)
			continue;
		s->links++;
		err = x509_signed_by(of, c->key);
		if (err == E_NOMEM)
			verification_refuse(s->x, ATTEST_MEMORY, NULL);
		if (err == E_OK)
			return c;
	}
	return NULL;
}

/* Takes a chain in the place of a worse one: it has to verify, and should end in a known root and be valid now. */
static void search_offer(struct chain_search *s, const struct x509_certificate *const *c,
			 size_t count)
{
	struct attest_chain chain;
	struct attest_window window;
	enum chain_worth worth = CHAIN_VERIFIES;

	if (pool_chain(&chain, c, count) != ATTEST_OK)
		return;
	window = chain_window(&chain);
	if (trust_knows(s->x, chain_root(&chain)))
		worth = window_holds(&window, s->x->now) ? CHAIN_VALID : CHAIN_KNOWN;
	if (worth > s->worth)
		s->links += (uint32_t)count; /* the root signs itself */
	if (worth > s->worth && chain_verify(&chain, s->role) == ATTEST_OK) {
		const struct attest_chain worse = s->best;

		s->best = chain;
		s->worth = worth;
		chain = worse;
	}
	chain_fini(&chain);
}

void search_leaf(struct chain_search *s, const struct x509_certificate *leaf)
{
	const struct x509_certificate *c[CHAIN_MAX] = {leaf};
	size_t first = 0;

	while (s->worth < CHAIN_VALID && (c[1] = search_issuer(s, &first, leaf))) {
		size_t second = 0;

		if (s->role == CHAIN_TCB) {
			search_offer(s, c, 2);
			continue;
		}
		while (s->worth < CHAIN_VALID && (c[2] = search_issuer(s, &second, c[1])))
			search_offer(s, c, 3);
	}
}
