/*
 * Arguments and environment variables of the configuration.
 * Trust: the text is the caller's.
 */
#include "host/config_impl.h"

#include <stdlib.h>
#include <string.h>

#include "host/base/words.h"

extern char **environ;

void config_clear_args(struct retwine_config *config)
{
	for (size_t i = 0; i < config->arg_count; i++)
		free(config->args[i].text);
	free(config->args);
	config->args = NULL;
	config->arg_count = 0;
}

enum retwine_code config_add_arg(struct retwine_config *config, const char *text,
				 struct retwine_error *error)
{
	if (config->args_source != config->source)
		config_clear_args(config);
	config->args_source = config->source;
	void *grown = config_grow(config->args, config->arg_count, sizeof(*config->args));
	char *copy = strdup(text);

	if (grown)
		config->args = grown;
	if (!grown || !copy) {
		free(copy);
		return error_no_memory(error);
	}
	config->args[config->arg_count++].text = copy;
	return RETWINE_OK;
}

void config_variable_fini(struct config_variable *v)
{
	free(v->name);
	free(v->value);
}

static struct config_variable *find_variable(struct retwine_config *config, const char *name)
{
	for (size_t i = 0; i < config->env_count; i++) {
		if (strcmp(config->env[i].name, name) == 0)
			return &config->env[i];
	}
	return NULL;
}

static enum retwine_code append_variable(struct retwine_config *config, const char *name,
					 const char *value, struct retwine_error *error)
{
	struct config_variable v = {
		.name = strdup(name), .value = strdup(value), .source = config->source};
	void *grown = config_grow(config->env, config->env_count, sizeof(*config->env));

	if (grown)
		config->env = grown;
	if (!grown || !v.name || !v.value) {
		config_variable_fini(&v);
		return error_no_memory(error);
	}
	config->env[config->env_count++] = v;
	return RETWINE_OK;
}

enum retwine_code config_add_variable(struct retwine_config *config, const char *name,
				      const char *value, struct retwine_error *error)
{
	if (name[0] == 0 || strchr(name, '='))
		return error_set(error, RETWINE_USAGE,
				 "env: '%s' is not a variable's name; write NAME=VALUE", name);
	struct config_variable *v = find_variable(config, name);

	if (!v)
		return append_variable(config, name, value, error);
	if (v->source == config->source)
		return error_set(error, RETWINE_USAGE,
				 "env: %s is given twice; leave out one of them", name);
	v->source = config->source;
	return config_set_string(&v->value, value, error);
}

/* The caller's value of a variable; NULL when it is not set. secure_getenv is not meant here: the
 * caller asks for what is there. */
static const char *inherited(const char *name)
{
	size_t n = strlen(name);

	for (char **e = environ; e && *e; e++) {
		if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
			return *e + n + 1;
	}
	return NULL;
}

enum retwine_code config_add_env(struct retwine_config *config, const char *text,
				 struct retwine_error *error)
{
	const char *equal = strchr(text, '=');

	if (!equal) {
		const char *value = inherited(text);

		if (text[0] != 0 && !value)
			return error_set(error, RETWINE_USAGE,
					 "env: %s is not set here, so it has no value to inherit; "
					 "write %s=VALUE",
					 text, text);
		return config_add_variable(config, text, value ? value : "", error);
	}
	char *name = strndup(text, (size_t)(equal - text));

	if (!name)
		return error_no_memory(error);
	enum retwine_code code = config_add_variable(config, name, equal + 1, error);

	free(name);
	return code;
}
