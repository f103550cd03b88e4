/*
 * The list of revoked certificates that an ARK issues (kdsintf.amd.com/vcek/v1/PRODUCT/crl).
 * Trust: the list comes from the network or a file; it counts when the ARK of the chain signed it.
 * Invariant: as in sev_certificate.c, time is the caller's. A VCEK is not on it: all of them have the number 0, and AMD
 * revokes their ASK.
 */
#include "attest/sev_impl.h"

#include <string.h>

#include "attest/x509.h"
#include "attest/x509_impl.h"

/* One list, and nothing behind it. 0, or mbedTLS's error. */
static int parse(mbedtls_x509_crl *out, const uint8_t *p, size_t size)
{
	if (size == 0 || size > SEV_CRL_MAX)
		return MBEDTLS_ERR_X509_INVALID_FORMAT;
	const int ret = mbedtls_x509_crl_parse_der(out, p, size);

	return ret == 0 && out->raw.len != size ? MBEDTLS_ERR_X509_INVALID_FORMAT : ret;
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
	enum attest_rule rule = attest_holds(SEV_CRL_FORM, parse(&crl, p, size) == 0)
					? check(window, &crl, c)
					: ATTEST_SEV_CRL_FORM;

	mbedtls_x509_crl_free(&crl);
	return rule;
}

static enum err fit(enum sev_crl_fit *out, const mbedtls_x509_crl *crl, const struct sev_chain *c,
		    int64_t now)
{
	const mbedtls_x509_crt *ark = c->signers.next;
	const struct attest_window window = window_of(crl);

	*out = SEV_CRL_OF_ANOTHER;
	if (!is_issuer(ark, crl))
		return E_OK;
	const enum err err = sev_check_signature(ark, &crl->tbs, crl->sig_pk, crl->sig_md,
						 crl->sig_opts, &crl->sig);

	if (err == E_NOMEM)
		return err;
	if (err != E_OK)
		*out = SEV_CRL_NAMED;
	else if (revokes(crl, c))
		*out = SEV_CRL_REVOKES;
	else
		*out = window_holds(&window, now) ? SEV_CRL_CURRENT : SEV_CRL_SIGNED;
	return E_OK;
}

enum err sev_crl_fit(enum sev_crl_fit *out, int64_t *issued, const struct sev_chain *c,
		     const uint8_t *p, size_t size, int64_t now)
{
	enum err err = E_OK;
	mbedtls_x509_crl crl;

	*out = SEV_CRL_OF_ANOTHER;
	*issued = INT64_MIN;
	mbedtls_x509_crl_init(&crl);
	const int ret = parse(&crl, p, size);

	if (x509_no_memory(ret))
		err = E_NOMEM;
	if (ret == 0) {
		err = fit(out, &crl, c, now);
		*issued = sev_time(&crl.this_update);
	}
	mbedtls_x509_crl_free(&crl);
	return err;
}
