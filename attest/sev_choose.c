/*
 * Choosing collateral for an SEV-SNP report.
 * Trust: nothing is verified here; a wrong choice is a refusal later.
 */
#include "attest/sev_choose.h"

#include <string.h>

#include "attest/sev_impl.h"

static bool name_equal(const mbedtls_x509_buf *a, const mbedtls_x509_buf *b)
{
	return a->len == b->len && memcmp(a->p, b->p, a->len) == 0;
}

/* How well a key's certificate fits: 0 not at all. */
static unsigned key_fit(const struct attest_bytes *item, const struct sev_report *report)
{
	const struct sev_collateral one = {.key = item->p, .key_size = item->size};
	struct sev_chain chain;
	struct sev_key key;
	unsigned fit = 0;

	sev_chain_init(&chain);
	if (sev_key_parse(&chain, &one) == ATTEST_OK &&
	    sev_key_read(&key, &chain.key) == ATTEST_OK) {
		const struct sev_tcb tcb = sev_tcb_read(key.product, report->reported_tcb);

		fit = 1;
		if ((report->signing_key == SEV_VCEK) == (key.hardware_id_size > 0))
			fit += 1;
		if (key.hardware_id_size > 0 &&
		    memcmp(key.hardware_id, report->chip_id, sizeof report->chip_id) == 0)
			fit += 4;
		if (memcmp(&tcb, &key.tcb, sizeof tcb) == 0)
			fit += 2;
		if (report->product == SEV_PRODUCT_UNKNOWN || report->product == key.product)
			fit += 8;
	}
	sev_chain_fini(&chain);
	return fit;
}

static const struct attest_bytes *choose_key(const struct attest_bytes *items, size_t count,
					     const struct sev_report *report)
{
	const struct attest_bytes *best = NULL;
	unsigned best_fit = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned fit = key_fit(&items[i], report);

		if (fit > best_fit) {
			best_fit = fit;
			best = &items[i];
		}
	}
	return best;
}

static bool chain_fits(const struct attest_bytes *item, const struct sev_collateral *chosen)
{
	struct sev_collateral all = *chosen;
	struct sev_chain chain;

	all.chain = item->p;
	all.chain_size = item->size;
	sev_chain_init(&chain);
	bool fits = sev_chain_parse(&chain, &all) == ATTEST_OK &&
		    name_equal(&chain.key.issuer_raw, &chain.signers.subject_raw);

	sev_chain_fini(&chain);
	return fits;
}

/* When a list of the chain's ARK was issued; INT64_MIN: it is another's. */
static int64_t crl_issued(const struct attest_bytes *item, const struct sev_collateral *chosen)
{
	struct sev_chain chain;
	mbedtls_x509_crl crl;
	int64_t issued = INT64_MIN;

	mbedtls_x509_crl_init(&crl);
	sev_chain_init(&chain);
	if (sev_crl_parse(&crl, item->p, item->size) &&
	    sev_chain_parse(&chain, chosen) == ATTEST_OK &&
	    name_equal(&crl.issuer_raw, &chain.signers.next->subject_raw))
		issued = sev_time(&crl.this_update);
	sev_chain_fini(&chain);
	mbedtls_x509_crl_free(&crl);
	return issued;
}

static void choose_chain(struct sev_collateral *out, const struct attest_collateral *c)
{
	for (uint32_t i = 0; i < c->sev_chain_count; i++) {
		if (chain_fits(&c->sev_chains[i], out)) {
			out->chain = c->sev_chains[i].p;
			out->chain_size = c->sev_chains[i].size;
			return;
		}
	}
}

/* Of several lists the newest. */
static void choose_crl(struct sev_collateral *out, const struct attest_collateral *c)
{
	int64_t newest = INT64_MIN;

	for (uint32_t i = 0; i < c->sev_crl_count; i++) {
		const int64_t issued = crl_issued(&c->sev_crls[i], out);

		if (issued > newest) {
			newest = issued;
			out->crl = c->sev_crls[i].p;
			out->crl_size = c->sev_crls[i].size;
		}
	}
}

void sev_choose(struct sev_collateral *out, const struct attest_collateral *c, const void *p,
		size_t size)
{
	struct sev_report report;

	*out = (struct sev_collateral){0};
	if (sev_decode(&report, p, size) != ATTEST_OK)
		return;
	const struct attest_bytes *key = choose_key(c->sev_keys, c->sev_key_count, &report);

	if (!key)
		return;
	out->key = key->p;
	out->key_size = key->size;
	choose_chain(out, c);
	if (out->chain)
		choose_crl(out, c);
}
