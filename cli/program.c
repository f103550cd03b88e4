/*
 * The options that describe a program: from the command line into a configuration.
 * Trust: the words are the user's; the library checks each value.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"

/* Options that are keys of the configuration under the same name. */
static bool is_key(const char *name)
{
	static const char *const keys[] = {
		"dir",
		"tmp",
		"volume",
		"salt",
		"tcplisten",
		"env",
		"argv0",
		"invoke",
		"max-memory-size",
		"max-wasm-stack",
		"host-max-memory",
		"host-max-disk",
		"host-max-handles",
		"host-max-threads",
		"fuel",
		"timeout",
		"max-threads",
		"diagnostics",
		"args-policy",
		"engine",
		"native-digest",
		"module",
		"image",
		"attestation",
		"strict",
		"simulation",
		"strict-simulation",
		"quoting",
	};

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		if (strcmp(keys[i], name) == 0)
			return true;
	}
	return false;
}

static int status_of(const struct command *c, const struct retwine_error *error)
{
	if (error->code == RETWINE_USAGE)
		return command_usage(c, "%s", error->message);
	return command_error(error);
}

static int set_key(const struct command *c, struct retwine_config *config, const char *key,
		   const char *value)
{
	struct retwine_error error;

	/* An option without a value is a switch. */
	if (retwine_config_set(config, key, value ? value : "true", &error) == RETWINE_OK)
		return STATUS_OK;
	return status_of(c, &error);
}

/* -W NAME=VALUE */
static int set_limit(const struct command *c, struct retwine_config *config, const char *text)
{
	static const char *const names[] = {"max-memory-size", "max-wasm-stack", "fuel", "timeout"};
	const char *equal = strchr(text, '=');

	for (size_t i = 0; equal && i < COUNT_OF(names); i++) {
		if (strlen(names[i]) == (size_t)(equal - text) &&
		    memcmp(names[i], text, strlen(names[i])) == 0)
			return set_key(c, config, names[i], equal + 1);
	}
	return command_usage(c,
			     "-W %s: not a limit; there are max-memory-size=BYTES, "
			     "max-wasm-stack=BYTES, fuel=N and timeout=TIME",
			     text);
}

static int apply(const struct command *c, struct retwine_config *config,
		 const struct option *option, const char *value, other_option_func other,
		 void *context)
{
	if (strcmp(option->name, "config") == 0) /* read already */
		return STATUS_OK;
	if (strcmp(option->name, "limit") == 0)
		return set_limit(c, config, value);
	if (is_key(option->name))
		return set_key(c, config, option->name, value);
	return other(context, option, value);
}

/* One pass over the options: for the configuration files, or for all else. */
static int pass(const struct command *c, struct retwine_config *config, struct options *o,
		bool files, other_option_func other, void *context)
{
	const struct option *option = NULL;
	const char *value = NULL;
	char problem[OPTIONS_PROBLEM_MAX];
	struct retwine_error error;
	enum options_result result;
	int status = STATUS_OK;

	while ((result = options_next(o, &option, &value, problem)) == OPTIONS_FOUND) {
		if (!files)
			status = apply(c, config, option, value, other, context);
		else if (strcmp(option->name, "config") == 0 &&
			 retwine_config_load(config, value, &error) != RETWINE_OK)
			status = status_of(c, &error);
		if (status != STATUS_OK)
			return status;
	}
	return result == OPTIONS_BAD ? command_usage(c, "%s", problem) : STATUS_OK;
}

/* The words behind the options: the module unless it is named already, then the arguments. */
static int take_words(const struct command *c, struct retwine_config *config, int argc, char **argv)
{
	int status = STATUS_OK;

	if (argc > 0 && !retwine_config_has_module(config)) {
		status = set_key(c, config, "module", argv[0]);
		argc--;
		argv++;
	}
	for (int i = 0; i < argc && status == STATUS_OK; i++)
		status = set_key(c, config, "args", argv[i]);
	return status;
}

int program_options(const struct command *c, struct retwine_config *config, int argc, char **argv,
		    other_option_func other, void *context)
{
	struct options first = {c->options, c->option_count, argc, argv, 0};
	struct options second = first;
	int status = pass(c, config, &first, true, other, context);

	if (status == STATUS_OK)
		status = pass(c, config, &second, false, other, context);
	if (status != STATUS_OK)
		return status;
	return take_words(c, config, argc - second.at, argv + second.at);
}
