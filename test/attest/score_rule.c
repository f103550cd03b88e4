/* Which of the rules a test leaves out. Only in builds with ATTEST_RULE_SCORE. */
#include "attest/rule.h"
#include "test/lib/rule_off.h"

enum attest_rule g_attest_rule_off;

static const char *const g_names[] = {
	"",
#define ATTEST_RULE(name, kind, words) #name,
#include "attest/rule.def"
#undef ATTEST_RULE
};

__attribute__((constructor)) static void leave_out(void)
{
	g_attest_rule_off = (enum attest_rule)rule_off("ATTEST_RULE_OFF", g_names, COUNT_OF(g_names));
}
