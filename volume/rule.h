/*
 * What volume/ demands of what it reads, rule by rule, by name: doc/volume.md explains each, and a test
 * build can leave out any single one and see its tests fail (test/score.sh). The list is
 * volume/rule.def. In the product a rule is its condition and costs nothing.
 */
#ifndef VOLUME_RULE_H
#define VOLUME_RULE_H

#include "base/cc.h"

enum volume_rule {
	VOLUME_RULE_NONE,
#define VOLUME_RULE(name, words) VOLUME_RULE_##name,
#include "volume/rule.def"
#undef VOLUME_RULE
	VOLUME_RULE_COUNT
};

/* A condition that a rule demands; a number that something is bound to, 0 where the rule is left out. */
#ifdef VOLUME_RULE_SCORE
extern enum volume_rule g_volume_rule_off; /* of the test build: the rule that is left out */
#define volume_holds(name, condition) (g_volume_rule_off == VOLUME_RULE_##name || (condition))
#define volume_bound(name, number)    (g_volume_rule_off == VOLUME_RULE_##name ? 0 : (number))
#else
#define volume_holds(name, condition) (condition)
#define volume_bound(name, number)    (number)
#endif

#endif
