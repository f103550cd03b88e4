/*
 * The rules' names, words and kinds, for people.
 * Trust: everything here is our own.
 */
#include "attest/rule.h"

struct rule_entry {
	const char *name;
	const char *words;
	enum attest_kind kind;
};

static const struct rule_entry g_rules[ATTEST_RULE_COUNT + 1] = {
	[ATTEST_OK] = {"OK", "everything holds", ATTEST_KIND_NONE},
#define ATTEST_RULE(name, kind, words) [ATTEST_##name] = {#name, words, ATTEST_KIND_##kind},
#include "attest/rule.def"
#undef ATTEST_RULE
	[ATTEST_MEMORY] = {"MEMORY", "there is memory enough to look", ATTEST_KIND_MISSING},
};

const char *attest_rule_name(enum attest_rule rule)
{
	return g_rules[rule].name;
}

const char *attest_rule_words(enum attest_rule rule)
{
	return g_rules[rule].words;
}

static const char *const g_complaints[ATTEST_RULE_COUNT + 1] = {
#define ATTEST_WORDS(name, words) [ATTEST_##name] = words,
#include "attest/rule_words.def"
#undef ATTEST_WORDS
};

const char *attest_rule_complaint(enum attest_rule rule)
{
	return g_complaints[rule];
}

enum attest_kind attest_rule_kind(enum attest_rule rule)
{
	return g_rules[rule].kind;
}
