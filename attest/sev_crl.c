/*
 * The list of revoked certificates that an ARK issues (kdsintf.amd.com/vcek/v1/PRODUCT/crl).
 * Trust: the list comes from the network or a file; it counts when the ARK of the chain signed it.
 * Invariant: as in sev_certificate.c, time is the caller's. A VCEK is not on it: all of them have the number 0, and AMD
 * revokes their ASK.
 */
#include "attest/sev_impl.h"

#include <string.h>

#include "attest/x509.h"

/* One list, and nothing behind it. */
static bool parse(mbedtls_x509_crl *out, const uint8_t *p, size_t size)
{
	return size > 0 && size <= SEV_CRL_MAX && mbedtls_x509_crl_parse_der(out, p, size) == 0 &&
	       out->raw.len == size;
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

static bool is_signed(const mbedtls_x509_crl *crl, const mbedtls_x509_crt *ark)
{
	return sev_signed_by(ark, &crl->tbs, crl->sig_pk, crl->sig_md, crl->sig_opts, &crl->sig);
}

static bool revokes(const mbedtls_x509_crl *crl, const struct sev_chain *c)
{
	return lists(crl, &c->signers) || lists(crl, c->signers.next);
}

static struct attest_window window_of(const mbedtls_x509_crl *crl)
{
	return (struct attest_window){sev_time(&crl->this_update), sev_time(&crl->next_update)};
}

static enum attest_rule check(struct attest_window *window, const mbedtls_x509_crl *crl,
			      const struct sev_chain *c)
{
	const mbedtls_x509_crt *ark = c->signers.next;

	if (!attest_holds(SEV_CRL_ISSUER, is_issuer(ark, crl)))
		return ATTEST_SEV_CRL_ISSUER;
	if (!attest_holds(SEV_CRL_SIGNED, is_signed(crl, ark)))
		return ATTEST_SEV_CRL_SIGNED;
	if (!attest_holds(SEV_CRL_LISTED, !revokes(crl, c)))
		return ATTEST_SEV_CRL_LISTED;
	*window = window_of(crl);
	return ATTEST_OK;
}

enum attest_rule sev_crl_check(struct attest_window *window, const struct sev_chain *c,
			       const uint8_t *p, size_t size)
{
	mbedtls_x509_crl crl;

	mbedtls_x509_crl_init(&crl);
	enum attest_rule rule = attest_holds(SEV_CRL_FORM, parse(&crl, p, size))
					? check(window, &crl, c)
					: ATTEST_SEV_CRL_FORM;

	mbedtls_x509_crl_free(&crl);
	return rule;
}

static enum sev_crl_fit fit(const mbedtls_x509_crl *crl, const struct sev_chain *c, int64_t now)
{
	const struct attest_window window = window_of(crl);

	if (!is_issuer(c->signers.next, crl))
		return SEV_CRL_OF_ANOTHER;
	if (!is_signed(crl, c->signers.next))
		return SEV_CRL_NAMED;
	if (revokes(crl, c))
		return SEV_CRL_REVOKES;
	return window_holds(&window, now) ? SEV_CRL_CURRENT : SEV_CRL_SIGNED;
}

enum sev_crl_fit sev_crl_fit(int64_t *issued, const struct sev_chain *c, const uint8_t *p,
			     size_t size, int64_t now)
{
	enum sev_crl_fit out = SEV_CRL_NO_LIST;
	mbedtls_x509_crl crl;

	mbedtls_x509_crl_init(&crl);
	if (parse(&crl, p, size)) {
		out = fit(&crl, c, now);
		*issued = sev_time(&crl.this_update);
	}
	mbedtls_x509_crl_free(&crl);
	return out;
}
