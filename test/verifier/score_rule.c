/*
 * Which of the verifier's rules a test leaves out: the one that the environment names (test/score.sh).
 * Only in builds with VERIFY_RULE_SCORE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "native/verify_rule.h"

enum verify_rule g_rule_off;

static const char *const g_names[] = {
	"",
#define VERIFY_RULE(name, words) #name,
#include "native/verify_rule.def"
#undef VERIFY_RULE
};

__attribute__((constructor)) static void rule_leave_out(void)
{
	const char *name = getenv("VERIFY_RULE_OFF");

	for (unsigned i = 0; name && i < RULE_COUNT; i++) {
		if (strcmp(name, g_names[i]) == 0) {
			g_rule_off = (enum verify_rule)i;
			return;
		}
	}
	if (name) {
		fprintf(stderr, "there is no rule %s\n", name);
		exit(2);
	}
}
