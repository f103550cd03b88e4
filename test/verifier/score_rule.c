/* Which of the rules a test leaves out. Only in builds with VERIFY_RULE_SCORE. */
#include "native/verify_rule.h"
#include "test/lib/rule_off.h"

enum verify_rule g_rule_off;

static const char *const g_names[] = {
	"",
#define VERIFY_RULE(name, words) #name,
#include "native/verify_rule.def"
#undef VERIFY_RULE
};

__attribute__((constructor)) static void leave_out(void)
{
	g_rule_off = (enum verify_rule)rule_off("VERIFY_RULE_OFF", g_names, COUNT_OF(g_names));
}
