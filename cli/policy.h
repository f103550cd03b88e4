/* Options that say what a verifier accepts: `retwine verify` and `retwine deploy` share them. */
#ifndef CLI_POLICY_H
#define CLI_POLICY_H

#include "cli/command.h"

/* clang-format off */
#define POLICY_OPTIONS                                                                               \
	{0, "mrenclave", "HEX", false, "the enclave has to have this measurement"},                  \
	{0, "mrsigner", "HEX", false, "or this signer, with the next two"},                          \
	{0, "isv-prod-id", "N", false, "its product (default 0)"},                                   \
	{0, "isv-svn", "N", false, "its security version, at least (default 0)"},                    \
	{0, "collateral", "FILE|DIR", false, "collateral from there; again for more; nothing is fetched"}, \
	{0, "pccs-url", "URL", false, "fetch collateral there instead of from Intel"},               \
	{0, "ca-file", "FILE", false, "certificates that the server's own is checked with"},         \
	{0, "offline", NULL, false, "fetch nothing: files and what was kept"},                       \
	{0, "min-tcb-eval", "N", false, "tcbEvaluationDataNumber of the collateral, at least"},      \
	{0, "max-collateral-age", "TIME", false, "since it was issued (s, m, h)"},                   \
	{0, "insecure-accept-status", "LIST", false, "TCB statuses besides UpToDate, with commas"},  \
	{0, "accept-advisories", "LIST", false, "of these, only such with these advisories"},        \
	{0, "insecure-accept-simulation", NULL, false, "evidence of the simulator, which anybody can make"}, \
	{0, "insecure-accept-debug", NULL, false, "an enclave or guest that its host can read"},     \
	{0, "insecure-accept-missing-crl", NULL, false, "certificates that may have been revoked"},  \
	{0, "insecure-accept-expired", NULL, false, "certificates and collateral outside of their time"}, \
	{0, "insecure-accept-root", "HEX", false, "a root certificate with this SHA-256"},           \
	{0, "insecure-accept-http-collateral", NULL, false, "collateral over plain http"}
/* clang-format on */

/* The strictest policy, whose notes go to standard error; NULL without memory. */
struct retwine_policy *policy_make(void);

/* Is it an option of that table? */
bool policy_is_key(const char *name);

/* Sets such an option; a status. -1: it is none of the table. */
int policy_option(const struct command *c, struct retwine_policy *policy,
		  const struct option *option, const char *value);

#endif
