/*
 * The verifier's rules by name, so that doc/verifier.md, the code and the tests mean the same ones, and a test
 * build can leave out any single one and see its tests fail (make check-verifier).
 */
#ifndef NATIVE_VERIFY_RULE_H
#define NATIVE_VERIFY_RULE_H

#include <stdbool.h>

enum verify_rule {
	RULE_NONE,
#define VERIFY_RULE(name, words) RULE_##name,
#include "native/verify_rule.def"
#undef VERIFY_RULE
	RULE_COUNT
};

/* A condition that a rule demands; or, alone, whether a rule applies. */
#ifdef VERIFY_RULE_SCORE
extern enum verify_rule g_rule_off; /* of the test build: the rule that is left out */
#define rule_holds(name, condition) (g_rule_off == RULE_##name || (condition))
#define rule_applies(name)	    (g_rule_off != RULE_##name)
#else
#define rule_holds(name, condition) (condition)
#define rule_applies(name)	    true
#endif

#endif
