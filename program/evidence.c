/*
 * Reports and quotes.
 * Trust: the host says for whom a report is to be made, and hands back what is said to be a quote: both
 * are its word, and neither can make the report say something else. A program chooses 64 bytes of its
 * claims and the target of its report.
 * Invariant: report data is a hash of claims, and who may write which claims is decided by the function
 * that is called, never by an argument.
 */
#include "program/evidence.h"

#include <string.h>

#include "channel/identity.h"
#include "hostcall/hostcall.h"
#include "platform/platform.h"

#define QUOTE_TRIES 3 /* while whoever makes quotes changes */

static_assert(PROGRAM_REPORT_DATA_SIZE == IDENTITY_REPORT_DATA_SIZE &&
		      PROGRAM_REPORT_DATA_SIZE == PLATFORM_REPORT_DATA_SIZE,
	      "report data");
static_assert(WASI_TARGET_SIZE == HOST_QUOTE_TARGET_SIZE &&
		      WASI_REPORT_SIZE == HOST_QUOTE_REPORT_SIZE,
	      "target and report");
static_assert(WASI_USER_SIZE == IDENTITY_USER_DATA_SIZE, "what a program says");

static enum err quote_error(enum host_errno error)
{
	switch (error) {
	case HOST_SUCCESS:
		return E_OK;
	case HOST_NOTSUP:
		return E_UNSUPPORTED;
	case HOST_NOMEM:
		return E_NOMEM;
	case HOST_AGAIN:
		return E_BUSY;
	default:
		return E_HOST;
	}
}

/* E_INVALID: that is no target. A platform whose report is not of this size has none for a program. */
static enum err report_make(const uint8_t report_data[PROGRAM_REPORT_DATA_SIZE],
			    const uint8_t target[WASI_TARGET_SIZE], uint8_t out[WASI_REPORT_SIZE])
{
	uint8_t report[WASI_REPORT_SIZE];
	size_t size;
	const enum err err = platform_evidence(report_data, target, WASI_TARGET_SIZE, report,
					       sizeof(report), &size);

	if (err != E_OK)
		return err == E_LIMIT ? E_UNSUPPORTED : err;
	if (size != sizeof(report))
		return E_UNSUPPORTED;
	memcpy(out, report, sizeof(report));
	return E_OK;
}

/* E_BUSY: whoever makes quotes is another now. */
static enum err quote_try(const uint8_t report_data[PROGRAM_REPORT_DATA_SIZE], uint8_t *out,
			  size_t max, size_t *size)
{
	uint8_t target[WASI_TARGET_SIZE], report[WASI_REPORT_SIZE];
	enum err err = quote_error(hostcall_quote_target(target));

	if (err != E_OK)
		return err;
	err = report_make(report_data, target, report);
	if (err == E_INVALID) /* the target is the host's */
		err = E_HOST;
	if (err == E_OK)
		err = quote_error(hostcall_quote(report, out, max, size));
	return err;
}

enum err program_quote(const uint8_t report_data[PROGRAM_REPORT_DATA_SIZE], uint8_t *out,
		       size_t max, size_t *size)
{
	enum err err = E_BUSY;

	if (max == 0)
		return E_LIMIT;
	for (int i = 0; i < QUOTE_TRIES && err == E_BUSY; i++)
		err = quote_try(report_data, out, max < HOST_QUOTE_MAX ? max : HOST_QUOTE_MAX,
				size);
	return err == E_BUSY ? E_HOST : err;
}

/* ---- what a program sees -------------------------------------------------------------------- */

static enum wasi_errno evidence_errno(enum err err)
{
	switch (err) {
	case E_OK:
		return WASI_SUCCESS;
	case E_UNSUPPORTED:
		return WASI_NOTSUP;
	case E_NOMEM:
		return WASI_NOMEM;
	case E_INVALID:
		return WASI_INVAL;
	default:
		return WASI_IO;
	}
}

/* The claims of a program that says `user`. */
static void guest_claims(struct writer *w, const struct wasi_attestation *a,
			 const uint8_t user[WASI_USER_SIZE])
{
	struct identity identity = {.domain = IDENTITY_GUEST, .has_program_digest = true};

	memcpy(identity.launch_digest, a->launch_digest, sizeof(identity.launch_digest));
	memcpy(identity.program_digest, a->program_digest, sizeof(identity.program_digest));
	memcpy(identity.user_data, user, sizeof(identity.user_data));
	const enum err err = identity_claims(w, &identity);

	must(err == E_OK);
}

static void guest_report_data(uint8_t out[PROGRAM_REPORT_DATA_SIZE],
			      const struct wasi_attestation *a, const uint8_t user[WASI_USER_SIZE])
{
	uint8_t claims[IDENTITY_CLAIMS_MAX];
	struct writer w;

	writer_init(&w, claims, sizeof(claims));
	guest_claims(&w, a, user);
	must(writer_ok(&w));
	identity_report_data(out, claims, w.len);
}

static enum wasi_errno attestation_claims(void *context, const uint8_t user[WASI_USER_SIZE],
					  void *out, size_t max, size_t *size)
{
	struct writer w;

	writer_init(&w, out, max);
	guest_claims(&w, context, user);
	if (!writer_ok(&w))
		return WASI_OVERFLOW;
	*size = w.len;
	return WASI_SUCCESS;
}

static enum wasi_errno attestation_report(void *context, const uint8_t user[WASI_USER_SIZE],
					  const uint8_t target[WASI_TARGET_SIZE],
					  uint8_t out[WASI_REPORT_SIZE])
{
	uint8_t report_data[PROGRAM_REPORT_DATA_SIZE];

	guest_report_data(report_data, context, user);
	return evidence_errno(report_make(report_data, target, out));
}

static enum wasi_errno attestation_quote(void *context, const uint8_t user[WASI_USER_SIZE],
					 void *out, size_t max, size_t *size)
{
	uint8_t report_data[PROGRAM_REPORT_DATA_SIZE];

	guest_report_data(report_data, context, user);
	return evidence_errno(program_quote(report_data, out, max, size));
}

static enum wasi_errno attestation_target(void *context, uint8_t out[WASI_TARGET_SIZE])
{
	size_t size;

	(void)context;
	const enum err err = platform_target(out, WASI_TARGET_SIZE, &size);

	if (err == E_OK && size != WASI_TARGET_SIZE)
		return WASI_NOTSUP;
	return evidence_errno(err);
}

void program_attestation_init(struct wasi_attestation *out, const uint8_t launch_digest[32],
			      const uint8_t program_digest[32])
{
	*out = (struct wasi_attestation){
		.context = out,
		.report = attestation_report,
		.quote = attestation_quote,
		.claims = attestation_claims,
		.my_target = attestation_target,
	};
	memcpy(out->launch_digest, launch_digest, sizeof(out->launch_digest));
	memcpy(out->program_digest, program_digest, sizeof(out->program_digest));
}
