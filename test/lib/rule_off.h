/*
 * Builds in which a rule can be left out (*_RULE_SCORE): which one, the environment says (test/score.sh).
 */
#ifndef TEST_LIB_RULE_OFF_H
#define TEST_LIB_RULE_OFF_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cc.h"

/* The number of the rule that the variable names among `names`, whose first is none; 0 when it is not
 * set. A name that is no rule's ends the test. */
static inline unsigned rule_off(const char *variable, const char *const *names, unsigned count)
{
	const char *name = getenv(variable);

	if (!name)
		return 0;
	for (unsigned i = 1; i < count; i++) {
		if (strcmp(name, names[i]) == 0)
			return i;
	}
	fprintf(stderr, "there is no rule %s\n", name);
	exit(2);
}

#endif
