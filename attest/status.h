/*
 * What the verdict says first: the state of the platform, in Intel's words, or what keeps it from
 * being known.
 */
#ifndef ATTEST_STATUS_H
#define ATTEST_STATUS_H

#include "base/cc.h"

/* The first five never become accepted. */
enum attest_status {
	ATTEST_STATUS_INVALID, /* malformed, forged, of an unknown root */
	ATTEST_STATUS_REVOKED, /* a certificate or the TCB level was revoked */
	ATTEST_STATUS_EXPIRED, /* something needed is not valid at that time: expired, or not yet valid */
	ATTEST_STATUS_MISSING,	     /* collateral is missing */
	ATTEST_STATUS_NOT_SUPPORTED, /* authentic; no TCB level matches */
	ATTEST_STATUS_UP_TO_DATE,
	ATTEST_STATUS_SW_HARDENING_NEEDED,
	ATTEST_STATUS_CONFIGURATION_NEEDED,
	ATTEST_STATUS_CONFIGURATION_AND_SW_HARDENING_NEEDED,
	ATTEST_STATUS_OUT_OF_DATE,
	ATTEST_STATUS_OUT_OF_DATE_CONFIGURATION_NEEDED,
	ATTEST_STATUS_TD_RELAUNCH_ADVISED,
	ATTEST_STATUS_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED,
	ATTEST_STATUS_VERIFIED, /* authentic; its maker publishes no levels (SEV-SNP) */
	ATTEST_STATUS_COUNT
};

/* "UpToDate", as Intel writes the statuses that are Intel's. */
const char *attest_status_name(enum attest_status status);

/* Reads a status of a TCB level, as Intel writes it; false for any other text. */
MUST_USE bool attest_status_read(enum attest_status *out, const char *name);

/* Reads what a policy may accept: these, without Revoked, and the advice to launch a TD again. */
MUST_USE bool attest_status_acceptable(enum attest_status *out, const char *name);

/* What a platform of that status is when a part of it (quoting enclave, TDX module) has that
 * other one. */
enum attest_status attest_status_converge(enum attest_status platform, enum attest_status part);

/*
 * What a TD's platform is when it had the status `launch` under the TDX module that started the TD and has
 * the status `now` under the one that runs: out of date and current make the advice to launch the TD again
 * (Intel, "TD relaunch"). What is revoked now is revoked.
 */
enum attest_status attest_status_relaunch(enum attest_status launch, enum attest_status now);

/* Does the status ask for another configuration? */
MUST_USE bool attest_status_needs_configuration(enum attest_status status);

#endif
