/*
 * Statuses by name, and what a part's status makes of the whole's.
 * Trust: names are untrusted; one that is not on the list is refused.
 */
#include "attest/status.h"

#include <string.h>

#include "attest/rule.h"

static const char *const g_names[ATTEST_STATUS_COUNT] = {
	[ATTEST_STATUS_INVALID] = "Invalid",
	[ATTEST_STATUS_REVOKED] = "Revoked",
	[ATTEST_STATUS_EXPIRED] = "ExpiredOrNotYetValid",
	[ATTEST_STATUS_MISSING] = "MissingCollateral",
	[ATTEST_STATUS_NOT_SUPPORTED] = "NotSupported",
	[ATTEST_STATUS_UP_TO_DATE] = "UpToDate",
	[ATTEST_STATUS_SW_HARDENING_NEEDED] = "SWHardeningNeeded",
	[ATTEST_STATUS_CONFIGURATION_NEEDED] = "ConfigurationNeeded",
	[ATTEST_STATUS_CONFIGURATION_AND_SW_HARDENING_NEEDED] = "ConfigurationAndSWHardeningNeeded",
	[ATTEST_STATUS_OUT_OF_DATE] = "OutOfDate",
	[ATTEST_STATUS_OUT_OF_DATE_CONFIGURATION_NEEDED] = "OutOfDateConfigurationNeeded",
	[ATTEST_STATUS_TD_RELAUNCH_ADVISED] = "TDRelaunchAdvised",
	[ATTEST_STATUS_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED] =
		"TDRelaunchAdvisedConfigurationNeeded",
	[ATTEST_STATUS_VERIFIED] = "Verified",
};

const char *attest_status_name(enum attest_status status)
{
	return (unsigned)status < ATTEST_STATUS_COUNT ? g_names[status] : "?";
}

static bool status_find(enum attest_status *out, const char *name, enum attest_status first,
			enum attest_status last)
{
	for (enum attest_status s = first; s <= last; s++) {
		if (strcmp(name, g_names[s]) == 0) {
			*out = s;
			return true;
		}
	}
	return false;
}

bool attest_status_read(enum attest_status *out, const char *name)
{
	return status_find(out, name, ATTEST_STATUS_REVOKED, ATTEST_STATUS_REVOKED) ||
	       status_find(out, name, ATTEST_STATUS_UP_TO_DATE,
			   ATTEST_STATUS_OUT_OF_DATE_CONFIGURATION_NEEDED);
}

bool attest_status_acceptable(enum attest_status *out, const char *name)
{
	return status_find(out, name, ATTEST_STATUS_UP_TO_DATE,
			   ATTEST_STATUS_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED);
}

bool attest_status_needs_configuration(enum attest_status status)
{
	return status == ATTEST_STATUS_CONFIGURATION_NEEDED ||
	       status == ATTEST_STATUS_CONFIGURATION_AND_SW_HARDENING_NEEDED ||
	       status == ATTEST_STATUS_OUT_OF_DATE_CONFIGURATION_NEEDED ||
	       status == ATTEST_STATUS_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED;
}

/* Of two that are not out of date: what either needs. */
static enum attest_status status_both(enum attest_status a, enum attest_status b)
{
	bool configuration =
		attest_status_needs_configuration(a) || attest_status_needs_configuration(b);
	bool hardening = a == ATTEST_STATUS_SW_HARDENING_NEEDED ||
			 a == ATTEST_STATUS_CONFIGURATION_AND_SW_HARDENING_NEEDED ||
			 b == ATTEST_STATUS_SW_HARDENING_NEEDED ||
			 b == ATTEST_STATUS_CONFIGURATION_AND_SW_HARDENING_NEEDED;

	if (configuration)
		return hardening ? ATTEST_STATUS_CONFIGURATION_AND_SW_HARDENING_NEEDED
				 : ATTEST_STATUS_CONFIGURATION_NEEDED;
	return hardening ? ATTEST_STATUS_SW_HARDENING_NEEDED : ATTEST_STATUS_UP_TO_DATE;
}

static bool status_old(enum attest_status status)
{
	return status >= ATTEST_STATUS_OUT_OF_DATE;
}

static bool status_relaunch(enum attest_status status)
{
	return status == ATTEST_STATUS_TD_RELAUNCH_ADVISED ||
	       status == ATTEST_STATUS_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED;
}

enum attest_status attest_status_converge(enum attest_status platform, enum attest_status part)
{
	if (platform == ATTEST_STATUS_REVOKED || part == ATTEST_STATUS_REVOKED)
		return ATTEST_STATUS_REVOKED;
	if (status_relaunch(platform) && !status_old(part))
		return platform;
	if (!status_old(platform) && !status_old(part))
		return status_both(platform, part);
	return attest_status_needs_configuration(platform) ||
			       attest_status_needs_configuration(part)
		       ? ATTEST_STATUS_OUT_OF_DATE_CONFIGURATION_NEEDED
		       : ATTEST_STATUS_OUT_OF_DATE;
}

enum attest_status attest_status_relaunch(enum attest_status launch, enum attest_status now)
{
	if (now == ATTEST_STATUS_REVOKED)
		return ATTEST_STATUS_REVOKED;
	if (launch != ATTEST_STATUS_OUT_OF_DATE &&
	    launch != ATTEST_STATUS_OUT_OF_DATE_CONFIGURATION_NEEDED)
		return launch;
	if (!attest_holds(RELAUNCH_CURRENT, !status_old(now)))
		return launch;
	return attest_status_needs_configuration(launch) || attest_status_needs_configuration(now)
		       ? ATTEST_STATUS_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED
		       : ATTEST_STATUS_TD_RELAUNCH_ADVISED;
}
