/*
 * Collateral over the network: which URLs one piece of evidence needs.
 * Trust: the evidence is untrusted; of it nothing enters a URL but digits that are written here.
 */
#include "host/verify/collateral_fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attest/chain.h"
#include "attest/pck.h"
#include "attest/quote.h"
#include "attest/sev.h"
#include "host/base/text.h"
#include "host/base/words.h"
#include "host/verify/collateral_cache.h"
#include "host/verify/http.h"

#define INTEL_URL      "https://api.trustedservices.intel.com"
#define INTEL_ROOT_CRL "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der"
#define AMD_URL	       "https://kdsintf.amd.com"

/* One fetching. */
struct fetch {
	struct attest_collateral *out;
	const struct retwine_policy *policy;
	struct retwine_error *error;
	int64_t now;
};

/* ---- one URL ---- */

static enum retwine_code add(const struct fetch *f, const char *url, const void *p, size_t size)
{
	enum attest_item what = ATTEST_ITEM_NONE;
	enum err err = attest_collateral_add(f->out, p, size, &what);

	if (err == E_NOMEM)
		return error_no_memory(f->error);
	if (err == E_OK && what != ATTEST_ITEM_NONE)
		return RETWINE_OK;
	return error_set(f->error, RETWINE_FAILED,
			 "%s answers with something that is no collateral", url);
}

static enum retwine_code add_answer(const struct fetch *f, const char *url,
				    const struct http_answer *a)
{
	enum retwine_code code = add(f, url, a->body, a->size);

	if (code == RETWINE_OK && a->issuer_chain)
		code = add(f, url, a->issuer_chain, strlen(a->issuer_chain));
	return code;
}

static enum retwine_code get_fresh(const struct fetch *f, const char *url)
{
	const struct http_request request = {
		.url = url,
		.ca_file = f->policy->ca_file,
		.allow_http = f->policy->insecure_accept_http_collateral,
	};
	struct http_answer a = {0};
	enum retwine_code code = http_get(&a, &request, f->error);

	if (code == RETWINE_OK)
		code = add_answer(f, url, &a);
	if (code == RETWINE_OK)
		collateral_cache_put(&a, url, f->now);
	http_fini(&a);
	return code;
}

/* From what was kept, else from the network; offline, what was not kept is missing, which the verdict will say. Who sets an
 * age wants what is new. */
static enum retwine_code get(const struct fetch *f, const char *url)
{
	const bool kept_will_do = f->policy->offline || f->policy->attest.max_collateral_age == 0;
	struct http_answer a = {0};

	if (kept_will_do && collateral_cache_take(&a, url, f->now)) {
		enum retwine_code code = add_answer(f, url, &a);

		http_fini(&a);
		return code;
	}
	return f->policy->offline ? RETWINE_OK : get_fresh(f, url);
}

/* Takes the text over. */
static enum retwine_code get_text(const struct fetch *f, struct text *url)
{
	char *p = text_take(url);
	enum retwine_code code = p ? get(f, p) : error_no_memory(f->error);

	free(p);
	return code;
}

/* A server's URL without the slash behind it, and a path. */
static void begin_url(struct text *t, const char *base, const char *path)
{
	size_t n = strlen(base);

	while (n > 0 && base[n - 1] == '/')
		n--;
	text_addf(t, "%.*s%s", (int)n, base, path);
}

/* ---- Intel ---- */

struct platform {
	bool tdx;
	bool platform_ca; /* else the processor CA */
	uint8_t fmspc[6];
};

/* False: it cannot be told, or no service knows such a platform. */
static bool quote_platform(struct platform *out, const void *evidence, size_t size)
{
	struct attest_quote q;
	struct attest_chain chain;
	struct attest_pck pck;

	if (quote_decode(&q, evidence, size) != ATTEST_OK || q.certification != QUOTE_PCK_CHAIN ||
	    chain_decode(&chain, q.certification_data, q.certification_size) != ATTEST_OK)
		return false;
	const struct x509_certificate *ca = &chain.certificates[chain.count > 1 ? 1 : 0];
	bool ok = pck_decode(&pck, chain_leaf(&chain)) == ATTEST_OK;

	out->tdx = q.tee == QUOTE_TDX;
	out->platform_ca = x509_name_is(ca, "Intel SGX PCK Platform CA");
	memcpy(out->fmspc, pck.fmspc, sizeof out->fmspc);
	ok = ok && (out->platform_ca || x509_name_is(ca, "Intel SGX PCK Processor CA"));
	chain_fini(&chain);
	return ok;
}

static enum retwine_code get_tcb_info(const struct fetch *f, const char *base,
				      const struct platform *p)
{
	struct text url = {0};

	begin_url(&url, base,
		  p->tdx ? "/tdx/certification/v4/tcb?fmspc=" : "/sgx/certification/v4/tcb?fmspc=");
	for (size_t i = 0; i < sizeof p->fmspc; i++)
		text_addf(&url, "%02X", p->fmspc[i]);
	return get_text(f, &url);
}

static enum retwine_code get_path(const struct fetch *f, const char *base, const char *path)
{
	struct text url = {0};

	begin_url(&url, base, path);
	return get_text(f, &url);
}

static enum retwine_code fetch_intel(const struct fetch *f, const struct platform *p)
{
	const char *base = f->policy->pccs_url ? f->policy->pccs_url : INTEL_URL;
	enum retwine_code code = get_tcb_info(f, base, p);

	if (code == RETWINE_OK)
		code = get_path(f, base,
				p->tdx ? "/tdx/certification/v4/qe/identity"
				       : "/sgx/certification/v4/qe/identity");
	if (code == RETWINE_OK)
		code = get_path(f, base,
				p->platform_ca
					? "/sgx/certification/v4/pckcrl?ca=platform&encoding=der"
					: "/sgx/certification/v4/pckcrl?ca=processor&encoding=der");
	if (code != RETWINE_OK)
		return code;
	/* Only a PCCS has it under its own name. */
	return f->policy->pccs_url ? get_path(f, base, "/sgx/certification/v4/rootcacrl")
				   : get(f, INTEL_ROOT_CRL);
}

/* ---- AMD (57230, chapter 4) ---- */

static enum retwine_code get_vcek(const struct fetch *f, const char *base, const char *product,
				  const struct sev_report *r)
{
	const bool turin = r->product == SEV_TURIN;
	const struct sev_tcb tcb = sev_tcb_read(r->product, r->reported_tcb);
	struct text url = {0};

	begin_url(&url, base, "/vcek/v1/");
	text_addf(&url, "%s/", product);
	text_add_hex(&url, r->chip_id, turin ? 8 : sizeof r->chip_id);
	text_add(&url, "?");
	if (turin)
		text_addf(&url, "fmcSPL=%02u&", tcb.fmc);
	text_addf(&url, "blSPL=%02u&teeSPL=%02u&snpSPL=%02u&ucodeSPL=%02u", tcb.boot_loader,
		  tcb.tee, tcb.snp, tcb.microcode);
	return get_text(f, &url);
}

static enum retwine_code get_amd(const struct fetch *f, const char *base, const char *kind,
				 const char *product, const char *what)
{
	struct text url = {0};

	begin_url(&url, base, "");
	text_addf(&url, "/%s/v1/%s/%s", kind, product, what);
	return get_text(f, &url);
}

/* A VLEK's certificate is the provider's to give: AMD has none for everybody; nor is there one of a chip without a name. */
static bool has_key(const struct sev_report *r)
{
	return r->signing_key == SEV_VCEK && !r->chip_masked;
}

/* A report before version 3 does not say which chip made it; such reports are of Milan or Genoa. Offline, what is not there
 * is no failure: what counts is whether a certificate came. */
static enum retwine_code fetch_amd(const struct fetch *f, const struct sev_report *r)
{
	const char *base = f->policy->kds_url ? f->policy->kds_url : AMD_URL;
	const char *kind = r->signing_key == SEV_VLEK ? "vlek" : "vcek";
	const char *product =
		sev_product_name(r->product == SEV_PRODUCT_UNKNOWN ? SEV_MILAN : r->product);
	enum retwine_code code = has_key(r) ? get_vcek(f, base, product, r) : RETWINE_OK;

	if (has_key(r) && f->out->sev_key_count == 0 && r->product == SEV_PRODUCT_UNKNOWN) {
		product = sev_product_name(SEV_GENOA);
		code = get_vcek(f, base, product, r);
	}
	if (code == RETWINE_OK)
		code = get_amd(f, base, kind, product, "cert_chain");
	if (code == RETWINE_OK)
		code = get_amd(f, base, kind, product, "crl");
	return code;
}

enum retwine_code collateral_fetch(struct attest_collateral *out,
				   const struct retwine_policy *policy, const void *evidence,
				   size_t size, struct retwine_error *error)
{
	const struct fetch f = {out, policy, error, (int64_t)time(NULL)};
	struct sev_report report;
	struct platform platform = {0};

	if (sev_detect(evidence, size))
		return sev_decode(&report, evidence, size) == ATTEST_OK ? fetch_amd(&f, &report)
									: RETWINE_OK;
	return quote_platform(&platform, evidence, size) ? fetch_intel(&f, &platform) : RETWINE_OK;
}
