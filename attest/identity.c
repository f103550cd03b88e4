/*
 * The identity of a quoting enclave, decoded whole, then compared with its report (Intel DCAP,
 * "Quote Verification", verification of an enclave's report against its identity).
 * Trust: the text is nobody's until verify.c has found its signature; decoding is safe on any
 * bytes.
 */
#include "attest/identity.h"

#include <string.h>

#include "attest/json.h"

static bool read_enclave(struct enclave_identity *out, const json_t *identity)
{
	uint32_t product;

	if (!attest_json_hex(out->miscselect, sizeof out->miscselect, identity, "miscselect") ||
	    !attest_json_hex(out->miscselect_mask, sizeof out->miscselect_mask, identity,
			     "miscselectMask") ||
	    !attest_json_hex(out->attributes, sizeof out->attributes, identity, "attributes") ||
	    !attest_json_hex(out->attributes_mask, sizeof out->attributes_mask, identity,
			     "attributesMask") ||
	    !attest_json_hex(out->mrsigner, sizeof out->mrsigner, identity, "mrsigner") ||
	    !attest_json_number(&product, identity, "isvprodid", UINT16_MAX))
		return false;
	out->isvprodid = (uint16_t)product;
	return true;
}

static enum attest_rule identity_read(struct enclave_identity *out, const json_t *identity)
{
	uint32_t version;
	const char *id;

	if (!attest_json_number(&version, identity, "version", UINT32_MAX) ||
	    !attest_json_text(&id, identity, "id"))
		return rule_unless_off(IDENTITY_FORM);
	if (!attest_holds(IDENTITY_VERSION, version == 2))
		return ATTEST_IDENTITY_VERSION;
	out->td = strcmp(id, "TD_QE") == 0;
	if (!attest_holds(IDENTITY_KNOWN, out->td || strcmp(id, "QE") == 0))
		return ATTEST_IDENTITY_KNOWN;
	if (!tcb_read_window(&out->window, identity) ||
	    !attest_json_number(&out->evaluation, identity, "tcbEvaluationDataNumber",
				UINT32_MAX) ||
	    !read_enclave(out, identity) || !tcb_read_isv_levels(&out->levels, identity))
		return rule_unless_off(IDENTITY_FORM);
	return ATTEST_OK;
}

enum attest_rule enclave_identity_decode(struct enclave_identity *out, const char *text,
					 size_t size)
{
	enum attest_rule rule;

	memset(out, 0, sizeof(*out));
	out->json = attest_json_read(text, size);
	rule = identity_read(out, out->json);
	if (rule)
		enclave_identity_fini(out);
	return rule;
}

void enclave_identity_fini(struct enclave_identity *identity)
{
	json_decref(identity->json);
	identity->json = NULL;
}

/* The bits that the mask names are those of the identity, which asks for no other. The digits of
 * the text are the bytes in the order of memory, MISCSELECT's too. */
static bool bits_match(const void *is, const uint8_t *mask, const uint8_t *wanted, size_t size)
{
	const uint8_t *bytes = is;

	for (size_t i = 0; i < size; i++) {
		if ((bytes[i] & mask[i]) != wanted[i])
			return false;
	}
	return true;
}

enum attest_rule enclave_identity_match(const struct tcb_isv_level **level,
					const struct enclave_identity *identity,
					const struct sgx_report_body *report)
{
	if (!attest_holds(QE_MISCSELECT,
			  bits_match(&report->miscselect, identity->miscselect_mask,
				     identity->miscselect, sizeof identity->miscselect)))
		return ATTEST_QE_MISCSELECT;
	if (!attest_holds(QE_ATTRIBUTES,
			  bits_match(&report->attributes, identity->attributes_mask,
				     identity->attributes, sizeof identity->attributes)))
		return ATTEST_QE_ATTRIBUTES;
	if (!attest_holds(QE_MRSIGNER, memcmp(report->mrsigner, identity->mrsigner,
					      sizeof identity->mrsigner) == 0))
		return ATTEST_QE_MRSIGNER;
	if (!attest_holds(QE_PRODID, report->isvprodid == identity->isvprodid))
		return ATTEST_QE_PRODID;
	*level = tcb_isv_level(&identity->levels, report->isvsvn);
	if (*level)
		return ATTEST_OK;
	*level = &identity->levels.level[0];
	return rule_unless_off(QE_LEVEL);
}
