/*
 * Which of the rules a test leaves out: the one that the environment names (test/score.sh). Only in builds with
 * VOLUME_RULE_SCORE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "volume/rule.h"

enum volume_rule g_volume_rule_off;

static const char *const g_rules[] = {
	"",
#define VOLUME_RULE(name, words) #name,
#include "volume/rule.def"
#undef VOLUME_RULE
};

__attribute__((constructor)) static void rule_leave_out(void)
{
	const char *name = getenv("VOLUME_RULE_OFF");

	for (size_t rule = 1; name && rule < COUNT_OF(g_rules); rule++) {
		if (strcmp(name, g_rules[rule]) == 0) {
			g_volume_rule_off = (enum volume_rule)rule;
			return;
		}
	}
	if (name) {
		fprintf(stderr, "there is no rule %s\n", name);
		exit(2);
	}
}
