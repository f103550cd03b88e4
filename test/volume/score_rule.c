/* Which of the rules a test leaves out. Only in builds with VOLUME_RULE_SCORE. */
#include "volume/rule.h"
#include "test/lib/rule_off.h"

enum volume_rule g_volume_rule_off;

static const char *const g_names[] = {
	"",
#define VOLUME_RULE(name, words) #name,
#include "volume/rule.def"
#undef VOLUME_RULE
};

__attribute__((constructor)) static void leave_out(void)
{
	g_volume_rule_off = (enum volume_rule)rule_off("VOLUME_RULE_OFF", g_names, COUNT_OF(g_names));
}
