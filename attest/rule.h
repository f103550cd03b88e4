/*
 * What the verifier of evidence demands, rule by rule, by name: the verdict gives the names of the
 * rules that do not hold, doc/attestation.md explains each, and a test build can leave out any
 * single one and see its tests fail (test/score.sh). The lists are attest/rule*.def. A
 * function that checks something returns the first rule that does not hold; ATTEST_OK, 0, when all
 * do.
 */
#ifndef ATTEST_RULE_H
#define ATTEST_RULE_H

#include "base/cc.h"

enum attest_rule {
	ATTEST_OK,
#define ATTEST_RULE(name, kind, words) ATTEST_##name,
#include "attest/rule.def"
#undef ATTEST_RULE
	ATTEST_RULE_COUNT,
	ATTEST_MEMORY = ATTEST_RULE_COUNT /* not a rule: memory was short, so nothing is known */
};

/* What is wrong where a rule does not hold, the worst first: the verdict's status follows from
 * it. */
enum attest_kind {
	ATTEST_KIND_NONE,
	ATTEST_KIND_INVALID, /* bytes that make no sense, a signature that does not verify, an unknown root */
	ATTEST_KIND_REVOKED,	 /* a certificate that its issuer took back */
	ATTEST_KIND_TIME,	 /* expired, or not yet valid */
	ATTEST_KIND_MISSING,	 /* what a check needs was not given */
	ATTEST_KIND_UNSUPPORTED, /* authentic, but no TCB level covers the platform */
	ATTEST_KIND_POLICY,	 /* authentic, but not what the verifier's owner asked for */
};

/* "QUOTE_VERSION"; what it demands, "the quote's version is 3, 4 or 5"; what is wrong where it does
 * not hold, "this is not a quote of version 3, 4 or 5", or NULL; what that means. Of ATTEST_MEMORY
 * too. */
const char *attest_rule_name(enum attest_rule rule);
const char *attest_rule_words(enum attest_rule rule);
const char *attest_rule_complaint(enum attest_rule rule);
enum attest_kind attest_rule_kind(enum attest_rule rule);

/* A condition that a rule demands; or, alone, whether a rule applies. */
#ifdef ATTEST_RULE_SCORE
extern enum attest_rule g_attest_rule_off; /* of the test build: the rule that is left out */
#define attest_holds(name, condition) (g_attest_rule_off == ATTEST_##name || (condition))
#define attest_applies(name)	      (g_attest_rule_off != ATTEST_##name)
#else
#define attest_holds(name, condition) (condition)
#define attest_applies(name)	      true
#endif
/* A rule that is handed on; ATTEST_OK where it is left out. */
#define rule_unless_off(name) (attest_applies(name) ? ATTEST_##name : ATTEST_OK)

#endif
