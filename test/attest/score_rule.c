/*
 * Which of the rules a test leaves out: the one that the environment names (test/score.sh). Only in builds with
 * ATTEST_RULE_SCORE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/rule.h"

enum attest_rule g_attest_rule_off;

__attribute__((constructor)) static void rule_leave_out(void)
{
	const char *name = getenv("ATTEST_RULE_OFF");

	for (enum attest_rule rule = ATTEST_OK; name && rule < ATTEST_RULE_COUNT; rule++) {
		if (strcmp(name, attest_rule_name(rule)) == 0) {
			g_attest_rule_off = rule;
			return;
		}
	}
	if (name) {
		fprintf(stderr, "there is no rule %s\n", name);
		exit(2);
	}
}
