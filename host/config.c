/*
 * Setting the configuration, key by key: the one place that reads the text of options.
 * Trust: the text is the caller's, who may do what the configuration says anyway; it is checked so
 * that mistakes are told.
 */
#include "host/base/sockets.h"
#include "host/config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "host/base/text.h"
#include "host/base/words.h"

extern char **environ;

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

static void config_clear_args(struct retwine_config *config)
{
	for (size_t i = 0; i < config->arg_count; i++)
		free(config->args[i].text);
	free(config->args);
	config->args = NULL;
	config->arg_count = 0;
}

static void variable_fini(struct config_variable *v)
{
	free(v->name);
	free(v->value);
}

void config_mount_fini(struct config_mount *m)
{
	free(m->host);
	free(m->guest);
	config_volume_free(m->volume);
}

void retwine_config_free(struct retwine_config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->env_count; i++)
		variable_fini(&config->env[i]);
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

/* Room for one more element behind `count`; NULL leaves the array as it was. */
static void *array_grow(void *array, size_t count, size_t size)
{
	size_t n;

	if (!checked_add(&n, count, 1))
		return NULL;
	return reallocarray(array, n, size);
}

/* ---- strings and paths ---- */

static enum retwine_code set_string(char **out, const char *text, struct retwine_error *error)
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
	return set_string(&config->argv0, text, error);
}

static enum retwine_code set_invoke(struct retwine_config *config, const char *text,
				    struct retwine_error *error)
{
	if (text[0] == 0)
		return error_set(error, RETWINE_USAGE,
				 "invoke: the name is empty; name an exported function");
	return set_string(&config->invoke, text, error);
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

static enum retwine_code set_size(uint64_t *out, const char *key, const char *text,
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
	return set_size(&config->limits.memory, "max-memory-size", text, error);
}

static enum retwine_code set_max_stack(struct retwine_config *config, const char *text,
				       struct retwine_error *error)
{
	return set_size(&config->limits.stack, "max-wasm-stack", text, error);
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
	return set_size(&config->host_limits.memory, "host-max-memory", text, error);
}

static enum retwine_code set_host_disk(struct retwine_config *config, const char *text,
				       struct retwine_error *error)
{
	return set_size(&config->host_limits.disk_bytes, "host-max-disk", text, error);
}

static enum retwine_code set_host_handles(struct retwine_config *config, const char *text,
					  struct retwine_error *error)
{
	uint64_t n;
	enum retwine_code code = set_size(&n, "host-max-handles", text, error);

	if (code == RETWINE_OK)
		config->host_limits.handles = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
	return code;
}

static enum retwine_code set_host_threads(struct retwine_config *config, const char *text,
					  struct retwine_error *error)
{
	return set_threads(&config->host_limits.threads, "host-max-threads", text, error);
}

/* ---- arguments and variables ---- */

static enum retwine_code add_arg(struct retwine_config *config, const char *text,
				 struct retwine_error *error)
{
	if (config->args_source != config->source)
		config_clear_args(config);
	config->args_source = config->source;
	void *grown = array_grow(config->args, config->arg_count, sizeof(*config->args));
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
	void *grown = array_grow(config->env, config->env_count, sizeof(*config->env));

	if (grown)
		config->env = grown;
	if (!grown || !v.name || !v.value) {
		variable_fini(&v);
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
	return set_string(&v->value, value, error);
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

static enum retwine_code add_env(struct retwine_config *config, const char *text,
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

/* ---- directories ---- */

char *config_guest_path(const char *text, bool *no_memory)
{
	size_t n = strlen(text), len = 0;
	char *out = malloc(n + 2);
	bool bad = n == 0;

	*no_memory = !out;
	if (!out)
		return NULL;
	if (text[0] == '/')
		out[len++] = '/';
	for (const char *p = text; *p && !bad;) {
		size_t k = strcspn(p, "/");

		bad = k == 2 && memcmp(p, "..", 2) == 0;
		if (k != 0 && !(k == 1 && p[0] == '.')) {
			if (len != 0 && out[len - 1] != '/')
				out[len++] = '/';
			memcpy(out + len, p, k);
			len += k;
		}
		p += k + (p[k] == '/');
	}
	if (bad) {
		free(out);
		return NULL;
	}
	if (len == 0)
		out[len++] = '.';
	out[len] = 0;
	return out;
}

enum retwine_code config_append_mount(struct retwine_config *config, struct config_mount *m,
				      struct retwine_error *error)
{
	for (size_t i = 0; i < config->mount_count; i++) {
		struct config_mount *old = &config->mounts[i];

		if (strcmp(old->guest, m->guest) != 0)
			continue;
		if (old->source == config->source)
			return error_set(error, RETWINE_USAGE,
					 "%s: %s is mounted twice; give one of the two another "
					 "name with HOST::GUEST",
					 m->volume ? "volume" : "dir", m->guest);
		config_mount_fini(old);
		*old = *m;
		return RETWINE_OK;
	}
	void *grown = array_grow(config->mounts, config->mount_count, sizeof(*config->mounts));

	if (!grown)
		return error_no_memory(error);
	config->mounts = grown;
	config->mounts[config->mount_count++] = *m;
	return RETWINE_OK;
}

/* GUEST[:SIZE]. A path with a colon in it needs the size. */
static enum retwine_code add_tmp(struct retwine_config *config, const char *text,
				 struct retwine_error *error)
{
	const char *colon = strrchr(text, ':');
	struct config_mount m = {.source = config->source};
	bool no_memory;
	char *guest = colon ? strndup(text, (size_t)(colon - text)) : strdup(text);
	enum retwine_code code = RETWINE_OK;

	if (!guest)
		return error_no_memory(error);
	m.guest = config_guest_path(guest, &no_memory);
	free(guest);
	if (!m.guest)
		code = no_memory ? error_no_memory(error)
				 : error_set(error, RETWINE_USAGE,
					     "tmp: '%s' names no directory of the guest; write "
					     "GUEST[:SIZE] without '..'",
					     text);
	else if (colon)
		code = set_size(&m.size, "tmp", colon + 1, error);
	if (code == RETWINE_OK)
		code = config_append_mount(config, &m, error);
	if (code != RETWINE_OK)
		config_mount_fini(&m);
	return code;
}

static enum retwine_code add_mount(struct retwine_config *config, const char *host,
				   const char *guest, bool read_only, struct retwine_error *error)
{
	bool no_memory;
	struct config_mount m = {
		.host = config_host_path(config, host),
		.guest = config_guest_path(guest, &no_memory),
		.read_only = read_only,
		.source = config->source,
	};
	enum retwine_code code;

	if (!m.host || (!m.guest && no_memory))
		code = error_no_memory(error);
	else if (!m.guest)
		code = error_set(error, RETWINE_USAGE,
				 "dir: '%s' cannot be a guest's path; name one without '..' by "
				 "HOST::GUEST",
				 guest);
	else
		code = config_append_mount(config, &m, error);
	if (code != RETWINE_OK)
		config_mount_fini(&m);
	return code;
}

/* HOST[::GUEST][:ro], where HOST::ro has a GUEST of that name */
static enum retwine_code add_dir(struct retwine_config *config, const char *text,
				 struct retwine_error *error)
{
	size_t n = strlen(text);
	bool read_only =
		n >= 3 && strcmp(text + n - 3, ":ro") == 0 && !(n >= 4 && text[n - 4] == ':');
	char *host = strndup(text, read_only ? n - 3 : n);

	if (!host)
		return error_no_memory(error);
	char *guest = strstr(host, "::");

	if (guest) {
		*guest = 0;
		guest += 2;
	}
	enum retwine_code code =
		host[0] == 0
			? error_set(error, RETWINE_USAGE,
				    "dir: '%s' names no directory; write HOST[::GUEST][:ro]", text)
			: add_mount(config, host, guest ? guest : host, read_only, error);

	free(host);
	return code;
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
		array_grow(config->listeners, config->listener_count, sizeof(*config->listeners));

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
	{"args", SHAPE_LIST, add_arg},
	{"argv0", SHAPE_TEXT, set_argv0},
	{"env", SHAPE_ENV, add_env},
	{"dir", SHAPE_LIST, add_dir},
	{"tmp", SHAPE_LIST, add_tmp},
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
