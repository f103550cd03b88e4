/*
 * Choosing collateral for an SEV-SNP report.
 * Trust: what is found here is verified later, and a wrong choice is a refusal then; but for lists: one that revokes and is not
 * chosen would not be heard.
 */
#include "attest/sev_choose.h"

#include <string.h>

#include "attest/sev_impl.h"
#include "base/heap.h"

static bool certificate_parse(mbedtls_x509_crt *out, const struct attest_bytes *item)
{
	return mbedtls_x509_crt_parse_der(out, item->p, item->size) == 0;
}

/* ---- the key ---- */

/* How well a key's certificate fits. Its kind weighs most: a VLEK signs for no chip, which a VCEK's certificate may name. */
static unsigned key_fit(const mbedtls_x509_crt *certificate, const struct sev_report *report)
{
	struct sev_key key;
	unsigned fit = 1;

	if (sev_key_read(&key, certificate) != ATTEST_OK)
		return fit;
	const struct sev_tcb tcb = sev_tcb_read(key.product, report->reported_tcb);

	if ((report->signing_key == SEV_VCEK) == (key.hardware_id_size > 0))
		fit += 32;
	if (report->product == SEV_PRODUCT_UNKNOWN || report->product == key.product)
		fit += 16;
	if (memcmp(key.hardware_id, report->chip_id, sizeof report->chip_id) == 0)
		fit += 8;
	if (memcmp(&tcb, &key.tcb, sizeof tcb) == 0)
		fit += 4;
	if (sev_report_signed_by(report, certificate))
		fit += 2;
	return fit;
}

static const struct attest_bytes *choose_key(const struct attest_collateral *c,
					     const struct sev_report *report)
{
	const struct attest_bytes *best = NULL;
	unsigned best_fit = 0;

	for (uint32_t i = 0; i < c->sev_key_count; i++) {
		mbedtls_x509_crt certificate;

		mbedtls_x509_crt_init(&certificate);
		const unsigned fit = certificate_parse(&certificate, &c->sev_keys[i])
					     ? key_fit(&certificate, report)
					     : 0;

		mbedtls_x509_crt_free(&certificate);
		if (fit > best_fit) {
			best_fit = fit;
			best = &c->sev_keys[i];
		}
	}
	return best;
}

/* ---- its issuers ---- */

/* What the issuer of a certificate has to be. */
struct issuer_wanted {
	const mbedtls_x509_crt *of;
	bool root;
	int64_t now;
};

/* How well a certificate fits; 0: not at all. Names and keys are those of many. */
static unsigned issuer_fit(const mbedtls_x509_crt *issuer, const struct issuer_wanted *wanted)
{
	const struct attest_window window = sev_window(issuer);
	unsigned fit = 1;

	if (sev_is_issuer(issuer, issuer) != wanted->root)
		return 0;
	if (sev_is_issuer(issuer, wanted->of))
		fit += sev_issued_by(wanted->of, issuer) ? 12u : 4u;
	return fit + (window_holds(&window, wanted->now) ? 2u : 0u);
}

static const struct attest_bytes *choose_issuer(const struct attest_collateral *c,
						const struct issuer_wanted *wanted)
{
	const struct attest_bytes *best = NULL;
	unsigned best_fit = 0;

	for (uint32_t i = 0; i < c->sev_issuer_count; i++) {
		mbedtls_x509_crt issuer;

		mbedtls_x509_crt_init(&issuer);
		const unsigned fit = certificate_parse(&issuer, &c->sev_issuers[i])
					     ? issuer_fit(&issuer, wanted)
					     : 0;

		mbedtls_x509_crt_free(&issuer);
		if (fit > best_fit) {
			best_fit = fit;
			best = &c->sev_issuers[i];
		}
	}
	return best;
}

static const struct attest_bytes *choose_issuer_of(const struct attest_collateral *c,
						   const struct attest_bytes *item, bool root,
						   int64_t now)
{
	const struct attest_bytes *out = NULL;
	mbedtls_x509_crt certificate;

	mbedtls_x509_crt_init(&certificate);
	if (certificate_parse(&certificate, item))
		out = choose_issuer(c, &(struct issuer_wanted){&certificate, root, now});
	mbedtls_x509_crt_free(&certificate);
	return out;
}

/* ASK or ASVK, and the ARK behind it. */
static enum err choose_chain(struct sev_choice *out, const struct attest_collateral *c,
			     const struct attest_bytes *key, int64_t now)
{
	const struct attest_bytes *ask = choose_issuer_of(c, key, false, now);
	const struct attest_bytes *ark = ask ? choose_issuer_of(c, ask, true, now) : NULL;

	if (!ark)
		return E_OK;
	out->chain = heap_alloc(ask->size + ark->size);
	if (!out->chain)
		return E_NOMEM;
	memcpy(out->chain, ask->p, ask->size);
	memcpy(out->chain + ask->size, ark->p, ark->size);
	out->parts.chain = out->chain;
	out->parts.chain_size = ask->size + ark->size;
	return E_OK;
}

/* ---- the list ---- */

static enum err choose_crl(struct sev_collateral *out, const struct attest_collateral *c,
			   const struct sev_chain *chain, int64_t now)
{
	enum sev_crl_fit best = SEV_CRL_OF_ANOTHER, fit;
	int64_t newest = INT64_MIN, issued;

	for (uint32_t i = 0; i < c->sev_crl_count; i++) {
		const struct attest_bytes *list = &c->sev_crls[i];

		if (sev_crl_fit(&fit, &issued, chain, list->p, list->size, now) != E_OK)
			return E_NOMEM;
		if (fit < best || fit == SEV_CRL_OF_ANOTHER || (fit == best && issued <= newest))
			continue;
		best = fit;
		newest = issued;
		out->crl = list->p;
		out->crl_size = list->size;
	}
	return E_OK;
}

static enum err choose_list(struct sev_collateral *out, const struct attest_collateral *c,
			    int64_t now)
{
	enum err err = E_OK;
	struct sev_chain chain;

	sev_chain_init(&chain);
	if (sev_signers_parse(&chain, out) == ATTEST_OK)
		err = choose_crl(out, c, &chain, now);
	sev_chain_fini(&chain);
	return err;
}

/* ---- all ---- */

enum err sev_choose(struct sev_choice *out, const struct attest_collateral *c, const void *p,
		    size_t size, int64_t now)
{
	struct sev_report report;

	*out = (struct sev_choice){0};
	if (sev_decode(&report, p, size) != ATTEST_OK)
		return E_OK;
	const struct attest_bytes *key = choose_key(c, &report);

	if (!key)
		return E_OK;
	out->parts.key = key->p;
	out->parts.key_size = key->size;
	enum err err = choose_chain(out, c, key, now);

	if (err == E_OK && out->chain)
		err = choose_list(&out->parts, c, now);
	if (err != E_OK)
		sev_choice_fini(out);
	return err;
}

void sev_choice_fini(struct sev_choice *choice)
{
	heap_free(choice->chain);
	*choice = (struct sev_choice){0};
}
