/*
 * Setting the configuration, key by key: the one place that reads the text of options.
 * Trust: the text is the caller's, who may do what the configuration says anyway; it is checked so
 * that mistakes are told.
 */
#include "host/config_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "host/base/sockets.h"
#include "host/base/text.h"
#include "host/base/words.h"

struct retwine_config *retwine_config_new(void)
{
	struct retwine_config *config = calloc(1, sizeof(*config));

	if (config) {
		config->engine = CONFIG_ENGINE_AUTO;
		config->diagnostics = LAUNCH_DIAGNOSTICS_BACKTRACE;
		config->args_policy = LAUNCH_ARGS_ANY;
	}
	return config;
}

void retwine_config_free(struct retwine_config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->env_count; i++)
		config_variable_fini(&config->env[i]);
	for (size_t i = 0; i < config->mount_count; i++)
		config_mount_fini(&config->mounts[i]);
	config_clear_args(config);
	free(config->env);
	for (size_t i = 0; i < config->listener_count; i++)
		free(config->listeners[i].text);
	free(config->listeners);
	free(config->mounts);
	free(config->module);
	free(config->image);
	free(config->argv0);
	free(config->invoke);
	free(config->quoting_text);
	free(config->base);
	free(config);
}

void retwine_config_on_start(struct retwine_config *config, retwine_start_func func, void *context)
{
	config->on_start = func;
	config->on_start_context = context;
}

void retwine_config_on_compile(struct retwine_config *config, retwine_compile_func func,
			       void *context)
{
	config->on_compile = func;
	config->on_compile_context = context;
}

void retwine_config_handle_sigint(struct retwine_config *config, bool handle)
{
	config->handle_sigint = handle;
}

void *config_grow(void *array, size_t count, size_t size)
{
	size_t n;

	if (!checked_add(&n, count, 1))
		return NULL;
	return reallocarray(array, n, size);
}

/* ---- strings and paths ---- */

enum retwine_code config_set_string(char **out, const char *text, struct retwine_error *error)
{
	char *copy = strdup(text);

	if (!copy)
		return error_no_memory(error);
	free(*out);
	*out = copy;
	return RETWINE_OK;
}

/* A path of the host: one from a file counts from the file's directory. */
char *config_host_path(const struct retwine_config *config, const char *text)
{
	size_t base = config->base && text[0] != '/' ? strlen(config->base) + 1 : 0;
	size_t size;

	if (!checked_add(&size, base, strlen(text) + 1))
		return NULL;
	char *path = malloc(size);

	if (!path)
		return NULL;
	if (base != 0) {
		memcpy(path, config->base, base - 1);
		path[base - 1] = '/';
	}
	memcpy(path + base, text, size - base);
	return path;
}

static enum retwine_code set_path(const struct retwine_config *config, char **out, const char *key,
				  const char *text, struct retwine_error *error)
{
	if (text[0] == 0)
		return error_set(error, RETWINE_USAGE, "%s: the path is empty; name a file", key);
	char *path = config_host_path(config, text);

	if (!path)
		return error_no_memory(error);
	free(*out);
	*out = path;
	return RETWINE_OK;
}

static enum retwine_code set_module(struct retwine_config *config, const char *text,
				    struct retwine_error *error)
{
	return set_path(config, &config->module, "module", text, error);
}

static enum retwine_code set_image(struct retwine_config *config, const char *text,
				   struct retwine_error *error)
{
	return set_path(config, &config->image, "image", text, error);
}

static enum retwine_code set_argv0(struct retwine_config *config, const char *text,
				   struct retwine_error *error)
{
	return config_set_string(&config->argv0, text, error);
}

static enum retwine_code set_invoke(struct retwine_config *config, const char *text,
				    struct retwine_error *error)
{
	if (text[0] == 0)
		return error_set(error, RETWINE_USAGE,
				 "invoke: the name is empty; name an exported function");
	return config_set_string(&config->invoke, text, error);
}

/* ---- choices and numbers ---- */

static enum retwine_code set_bool(bool *out, const char *key, const char *text,
				  struct retwine_error *error)
{
	if (strcmp(text, "true") == 0)
		*out = true;
	else if (strcmp(text, "false") == 0)
		*out = false;
	else
		return error_set(error, RETWINE_USAGE, "%s: '%s' is neither true nor false", key,
				 text);
	return RETWINE_OK;
}

static enum retwine_code set_attestation(struct retwine_config *config, const char *text,
					 struct retwine_error *error)
{
	return set_bool(&config->attestation, "attestation", text, error);
}

static enum retwine_code set_strict(struct retwine_config *config, const char *text,
				    struct retwine_error *error)
{
	return set_bool(&config->strict, "strict", text, error);
}

static enum retwine_code set_strict_simulation(struct retwine_config *config, const char *text,
					       struct retwine_error *error)
{
	return set_bool(&config->strict_simulation, "strict-simulation", text, error);
}

static enum retwine_code set_simulation(struct retwine_config *config, const char *text,
					struct retwine_error *error)
{
	return set_bool(&config->simulation, "simulation", text, error);
}

/* The text is kept: what it names is a part of it. */
static enum retwine_code set_quoting(struct retwine_config *config, const char *text,
				     struct retwine_error *error)
{
	struct quoting_config quoting;
	char *copy = strdup(text);

	if (!copy)
		return error_no_memory(error);
	if (quoting_config_parse(&quoting, copy) != E_OK) {
		free(copy);
		return error_set(
			error, RETWINE_USAGE,
			"quoting: '%s' is none of auto, simulated, aesm, aesm:SOCKET, none", text);
	}
	free(config->quoting_text);
	config->quoting_text = copy;
	config->quoting = quoting;
	return RETWINE_OK;
}

static enum retwine_code set_engine(struct retwine_config *config, const char *text,
				    struct retwine_error *error)
{
	if (strcmp(text, "auto") == 0)
		config->engine = CONFIG_ENGINE_AUTO;
	else if (strcmp(text, "interpreter") == 0 || strcmp(text, "interp") == 0)
		config->engine = CONFIG_ENGINE_INTERPRETER;
	else if (strcmp(text, "native") == 0)
		config->engine = CONFIG_ENGINE_NATIVE;
	else
		return error_set(error, RETWINE_USAGE,
				 "engine: '%s' is not auto, interpreter or native", text);
	return RETWINE_OK;
}

bool config_parse_digest(uint8_t out[LAUNCH_DIGEST_SIZE], const char *text)
{
	uint8_t digest[LAUNCH_DIGEST_SIZE];

	if (strlen(text) != 2 * LAUNCH_DIGEST_SIZE)
		return false;
	for (size_t i = 0; i < LAUNCH_DIGEST_SIZE; i++) {
		int high = text_hex_digit(text[2 * i]), low = text_hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		digest[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(out, digest, sizeof(digest));
	return true;
}

static enum retwine_code set_native_digest(struct retwine_config *config, const char *text,
					   struct retwine_error *error)
{
	if (!config_parse_digest(config->native_digest, text))
		return error_set(error, RETWINE_USAGE,
				 "native-digest: '%s' is not 64 hexadecimal digits; 'retwine "
				 "inspect' shows the digest of a section",
				 text);
	config->has_native_digest = true;
	return RETWINE_OK;
}

/* For who wants the digest of a launch to be the same again, and yet not to be guessed. */
static enum retwine_code set_salt(struct retwine_config *config, const char *text,
				  struct retwine_error *error)
{
	static_assert(LAUNCH_SALT_SIZE == LAUNCH_DIGEST_SIZE, "as long as a digest");
	if (!config_parse_digest(config->salt, text))
		return error_set(error, RETWINE_USAGE, "salt: '%s' is not 64 hexadecimal digits",
				 text);
	config->has_salt = true;
	return RETWINE_OK;
}

static enum retwine_code set_diagnostics(struct retwine_config *config, const char *text,
					 struct retwine_error *error)
{
	static const char *const words[LAUNCH_DIAGNOSTICS_END] = {NULL, "none", "trap",
								  "backtrace"};

	for (int i = LAUNCH_DIAGNOSTICS_NONE; i < LAUNCH_DIAGNOSTICS_END; i++) {
		if (strcmp(text, words[i]) == 0) {
			config->diagnostics = (enum launch_diagnostics)i;
			return RETWINE_OK;
		}
	}
	return error_set(error, RETWINE_USAGE, "diagnostics: '%s' is none of none, trap, backtrace",
			 text);
}

static enum retwine_code set_args_policy(struct retwine_config *config, const char *text,
					 struct retwine_error *error)
{
	if (strcmp(text, "any") == 0)
		config->args_policy = LAUNCH_ARGS_ANY;
	else if (strcmp(text, "fixed") == 0)
		config->args_policy = LAUNCH_ARGS_FIXED;
	else
		return error_set(error, RETWINE_USAGE, "args-policy: '%s' is neither any nor fixed",
				 text);
	return RETWINE_OK;
}

/* Decimal digits; false without any, or when the number does not fit. */
bool config_parse_number(uint64_t *out, const char **p)
{
	const char *s = *p;
	uint64_t v = 0;

	for (; *s >= '0' && *s <= '9'; s++) {
		if (__builtin_mul_overflow(v, 10u, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return false;
	}
	if (s == *p)
		return false;
	*out = v;
	*p = s;
	return true;
}

/* A number of bytes with an optional K, M or G. */
bool config_parse_size(uint64_t *out, const char *text)
{
	static const char suffixes[] = "KMG";
	uint64_t v;

	if (!config_parse_number(&v, &text) || v == 0)
		return false;
	if (text[0] != 0) {
		const char *suffix = strchr(suffixes, text[0]);

		if (!suffix || text[1] != 0)
			return false;
		unsigned shift = 10u * ((unsigned)(suffix - suffixes) + 1);

		if (v > UINT64_MAX >> shift)
			return false;
		v <<= shift;
	}
	*out = v;
	return true;
}

enum retwine_code config_set_size(uint64_t *out, const char *key, const char *text,
				  struct retwine_error *error)
{
	if (config_parse_size(out, text))
		return RETWINE_OK;
	return error_set(
		error, RETWINE_USAGE,
		"%s: '%s' is not a size; write a number of bytes above 0, with K, M or G if "
		"you like",
		key, text);
}

static enum retwine_code set_max_memory(struct retwine_config *config, const char *text,
					struct retwine_error *error)
{
	return config_set_size(&config->limits.memory, "max-memory-size", text, error);
}

static enum retwine_code set_max_stack(struct retwine_config *config, const char *text,
				       struct retwine_error *error)
{
	return config_set_size(&config->limits.stack, "max-wasm-stack", text, error);
}

static enum retwine_code set_fuel(struct retwine_config *config, const char *text,
				  struct retwine_error *error)
{
	const char *end = text;
	uint64_t v;

	if (!config_parse_number(&v, &end) || end[0] != 0 || v == 0)
		return error_set(error, RETWINE_USAGE,
				 "fuel: '%s' is not a number of instructions above 0", text);
	config->limits.fuel = v;
	return RETWINE_OK;
}

/* A time above 0 with a unit; a number alone counts seconds. In nanoseconds. */
static bool parse_time(uint64_t *out, const char *text)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = {
		{"", 1000000000},  {"ns", 1},		{"us", 1000},	       {"ms", 1000000},
		{"s", 1000000000}, {"m", 60000000000u}, {"h", 3600000000000u},
	};
	uint64_t v;

	if (!config_parse_number(&v, &text) || v == 0)
		return false;
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (strcmp(text, units[i].unit) == 0)
			return !__builtin_mul_overflow(v, units[i].ns, out);
	}
	return false;
}

bool retwine_parse_time(uint64_t *ns, const char *text)
{
	return parse_time(ns, text);
}

static enum retwine_code set_timeout(struct retwine_config *config, const char *text,
				     struct retwine_error *error)
{
	if (parse_time(&config->limits.timeout, text))
		return RETWINE_OK;
	return error_set(error, RETWINE_USAGE,
			 "timeout: '%s' is not a time; write a number above 0 with ns, us, ms, s, "
			 "m or h",
			 text);
}

/* Threads at once, the first included. */
static enum retwine_code set_threads(uint32_t *out, const char *key, const char *text,
				     struct retwine_error *error)
{
	const char *end = text;
	uint64_t v;

	if (!config_parse_number(&v, &end) || end[0] != 0 || v == 0 || v > LAUNCH_THREADS_MAX)
		return error_set(error, RETWINE_USAGE,
				 "%s: '%s' is not a number of threads from 1 to %u", key, text,
				 LAUNCH_THREADS_MAX);
	*out = (uint32_t)v;
	return RETWINE_OK;
}

static enum retwine_code set_max_threads(struct retwine_config *config, const char *text,
					 struct retwine_error *error)
{
	return set_threads(&config->limits.threads, "max-threads", text, error);
}

/* ---- limits of the machine's owner: the host side enforces them, no digest covers them ---- */

static enum retwine_code set_host_memory(struct retwine_config *config, const char *text,
					 struct retwine_error *error)
{
	return config_set_size(&config->host_limits.memory, "host-max-memory", text, error);
}

static enum retwine_code set_host_disk(struct retwine_config *config, const char *text,
				       struct retwine_error *error)
{
	return config_set_size(&config->host_limits.disk_bytes, "host-max-disk", text, error);
}

static enum retwine_code set_host_handles(struct retwine_config *config, const char *text,
					  struct retwine_error *error)
{
	uint64_t n;
	enum retwine_code code = config_set_size(&n, "host-max-handles", text, error);

	if (code == RETWINE_OK)
		config->host_limits.handles = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
	return code;
}

static enum retwine_code set_host_threads(struct retwine_config *config, const char *text,
					  struct retwine_error *error)
{
	return set_threads(&config->host_limits.threads, "host-max-threads", text, error);
}

/* ---- sockets ---- */

/* ADDR:PORT. Those of a later source replace all of an earlier one. */
static enum retwine_code add_listener(struct retwine_config *config, const char *text,
				      struct retwine_error *error)
{
	if (!socket_address_ok(text))
		return error_set(error, RETWINE_USAGE,
				 "tcplisten: '%s' is not an address and a port; write them as in "
				 "127.0.0.1:8080 or [::1]:8080",
				 text);
	if (config->listener_count != 0 && config->listeners[0].source != config->source) {
		while (config->listener_count != 0)
			free(config->listeners[--config->listener_count].text);
	}
	if (config->listener_count == LAUNCH_LISTEN_MAX)
		return error_set(error, RETWINE_USAGE, "tcplisten: there are more than %u",
				 LAUNCH_LISTEN_MAX);
	struct config_listener l = {.text = strdup(text), .source = config->source};
	void *grown =
		config_grow(config->listeners, config->listener_count, sizeof(*config->listeners));

	if (grown)
		config->listeners = grown;
	if (!grown || !l.text) {
		free(l.text);
		return error_no_memory(error);
	}
	config->listeners[config->listener_count++] = l;
	return RETWINE_OK;
}

/* ---- the table of keys ---- */

struct config_key {
	const char *name;
	enum config_shape shape;
	enum retwine_code (*set)(struct retwine_config *config, const char *text,
				 struct retwine_error *error);
};

static const struct config_key g_keys[] = {
	{"module", SHAPE_TEXT, set_module},
	{"image", SHAPE_TEXT, set_image},
	{"args", SHAPE_LIST, config_add_arg},
	{"argv0", SHAPE_TEXT, set_argv0},
	{"env", SHAPE_ENV, config_add_env},
	{"dir", SHAPE_LIST, config_add_dir},
	{"tmp", SHAPE_LIST, config_add_tmp},
	{"volume", SHAPE_LIST, config_add_volume},
	{"tcplisten", SHAPE_LIST, add_listener},
	{"invoke", SHAPE_TEXT, set_invoke},
	{"engine", SHAPE_TEXT, set_engine},
	{"native-digest", SHAPE_TEXT, set_native_digest},
	{"diagnostics", SHAPE_TEXT, set_diagnostics},
	{"args-policy", SHAPE_TEXT, set_args_policy},
	{"max-memory-size", SHAPE_TEXT, set_max_memory},
	{"max-wasm-stack", SHAPE_TEXT, set_max_stack},
	{"fuel", SHAPE_TEXT, set_fuel},
	{"timeout", SHAPE_TEXT, set_timeout},
	{"max-threads", SHAPE_TEXT, set_max_threads},
	{"host-max-memory", SHAPE_TEXT, set_host_memory},
	{"host-max-disk", SHAPE_TEXT, set_host_disk},
	{"host-max-handles", SHAPE_TEXT, set_host_handles},
	{"host-max-threads", SHAPE_TEXT, set_host_threads},
	{"attestation", SHAPE_BOOL, set_attestation},
	{"strict", SHAPE_BOOL, set_strict},
	{"strict-simulation", SHAPE_BOOL, set_strict_simulation},
	{"simulation", SHAPE_BOOL, set_simulation},
	{"quoting", SHAPE_TEXT, set_quoting},
	{"salt", SHAPE_TEXT, set_salt},
};

static const struct config_key *find_key(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(g_keys); i++) {
		if (strcmp(g_keys[i].name, name) == 0)
			return &g_keys[i];
	}
	return NULL;
}

bool config_key_shape(enum config_shape *shape, const char *key)
{
	const struct config_key *k = find_key(key);

	if (k)
		*shape = k->shape;
	return k != NULL;
}

enum retwine_code retwine_config_set(struct retwine_config *config, const char *key,
				     const char *text, struct retwine_error *error)
{
	const struct config_key *k = find_key(key);

	if (!k)
		return error_set(error, RETWINE_USAGE,
				 "'%s' is not a key of the configuration; see 'retwine help run'",
				 key);
	return k->set(config, text, error);
}

bool retwine_config_has_module(const struct retwine_config *config)
{
	return config->module != NULL;
}
