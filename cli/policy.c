/*
 * The options of a policy.
 * Trust: the words are the user's; the library checks the values.
 */
#include "cli/policy.h"

#include <string.h>

static const struct option g_options[] = {POLICY_OPTIONS};

static void say_note(void *context, const char *line)
{
	(void)context;
	command_say("%s", line);
}

struct retwine_policy *policy_make(void)
{
	struct retwine_policy *policy = retwine_policy_new();

	if (policy)
		retwine_policy_notes(policy, say_note, NULL);
	return policy;
}

bool policy_is_key(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(g_options); i++) {
		if (strcmp(g_options[i].name, name) == 0)
			return true;
	}
	return false;
}

int policy_option(const struct command *c, struct retwine_policy *policy,
		  const struct option *option, const char *value)
{
	struct retwine_error error;

	if (!policy_is_key(option->name))
		return -1;
	if (retwine_policy_set(policy, option->name, value ? value : "true", &error) == RETWINE_OK)
		return STATUS_OK;
	return error.code == RETWINE_USAGE ? command_usage(c, "--%s", error.message)
					   : command_error(&error);
}
