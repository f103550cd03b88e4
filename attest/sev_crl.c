/*
 * The list of revoked certificates that an ARK issues (kdsintf.amd.com/vcek/v1/PRODUCT/crl).
 * Trust: the list comes from the network or a file; it counts when the ARK of the chain signed it.
 * Invariant: as in sev_certificate.c, time is the caller's. A VCEK is not on it: all of them have the number 0, and AMD
 * revokes their ASK.
 */
#include "attest/sev_impl.h"

#include <string.h>

#include "attest/pem.h"
#include "attest/x509.h"
#include "base/heap.h"

bool sev_crl_parse(mbedtls_x509_crl *out, const uint8_t *p, size_t size)
{
	if (size == 0 || size > SEV_CRL_MAX)
		return false;
	if (p[0] == 0x30)
		return mbedtls_x509_crl_parse_der(out, p, size) == 0 && out->raw.len == size;
	uint8_t *der = heap_alloc(size);
	struct reader text;
	size_t n = 0;

	reader_init(&text, p, size);
	bool ok = der && pem_take(&text, "X509 CRL", der, size, &n) && !pem_more(&text) &&
		  mbedtls_x509_crl_parse_der(out, der, n) == 0 && out->raw.len == n;

	heap_free(der);
	return ok;
}

static bool is_issuer(const mbedtls_x509_crt *ark, const mbedtls_x509_crl *crl)
{
	return crl->issuer_raw.len == ark->subject_raw.len &&
	       memcmp(crl->issuer_raw.p, ark->subject_raw.p, crl->issuer_raw.len) == 0 &&
	       (ark->key_usage & MBEDTLS_X509_KU_CRL_SIGN);
}

/* By number alone: the library would ask the clock whether the revocation lies in the past. */
static bool lists(const mbedtls_x509_crl *crl, const mbedtls_x509_crt *certificate)
{
	const struct x509_bytes serial = {certificate->serial.p, certificate->serial.len};

	for (const mbedtls_x509_crl_entry *e = &crl->entry; e && e->serial.len > 0; e = e->next) {
		if (x509_same_serial(serial, (struct x509_bytes){e->serial.p, e->serial.len}))
			return true;
	}
	return false;
}

static enum attest_rule check(struct attest_window *window, const mbedtls_x509_crl *crl,
			      const struct sev_chain *c)
{
	const mbedtls_x509_crt *ark = c->signers.next;

	if (!attest_holds(SEV_CRL_ISSUER, is_issuer(ark, crl)))
		return ATTEST_SEV_CRL_ISSUER;
	if (!attest_holds(SEV_CRL_SIGNED, sev_signed_by(ark, &crl->tbs, crl->sig_pk, crl->sig_md,
							crl->sig_opts, &crl->sig)))
		return ATTEST_SEV_CRL_SIGNED;
	if (!attest_holds(SEV_CRL_LISTED, !lists(crl, &c->signers) && !lists(crl, ark)))
		return ATTEST_SEV_CRL_LISTED;
	window->not_before = sev_time(&crl->this_update);
	window->not_after = sev_time(&crl->next_update);
	return ATTEST_OK;
}

enum attest_rule sev_crl_check(struct attest_window *window, const struct sev_chain *c,
			       const uint8_t *p, size_t size)
{
	mbedtls_x509_crl crl;

	mbedtls_x509_crl_init(&crl);
	enum attest_rule rule = attest_holds(SEV_CRL_FORM, sev_crl_parse(&crl, p, size))
					? check(window, &crl, c)
					: ATTEST_SEV_CRL_FORM;

	mbedtls_x509_crl_free(&crl);
	return rule;
}
