/*
 * Building the launch record.
 * Trust: the configuration is the caller's. What was built is decoded again: launch_decode holds
 * the rules, here are only the words.
 * Invariant: no host path enters the record; argv[0] is at most a file's last component.
 */
#include "host/record.h"

#include <stdlib.h>
#include <string.h>

#include "host/base/words.h"
#include "host/value.h"

/* The arrays that a record under construction points to. */
struct builder {
	const struct retwine_config *config;
	const struct module *module;
	enum launch_engine engine;
	const uint8_t *salt;
	struct retwine_error *error;
	struct launch_record record;
	struct launch_bytes *argv;
	struct launch_variable *env;
	struct launch_mount *mounts;
	struct launch_value *values;
	struct launch_volume_start *starts;
};

static struct launch_bytes bytes_of(const char *s)
{
	return (struct launch_bytes){.p = (const uint8_t *)s, .size = strlen(s)};
}

/* calloc that gives memory for 0 elements too. */
static void *array_new(size_t count, size_t size)
{
	return calloc(count ? count : 1, size);
}

/* What the guest sees as its own name: never a host path. */
static const char *program_name(const struct retwine_config *config)
{
	const char *slash = strrchr(config->module, '/');

	if (config->argv0)
		return config->argv0;
	return slash ? slash + 1 : config->module;
}

/* With --invoke the arguments are the function's; otherwise they follow argv[0]. */
static enum retwine_code build_argv(struct builder *b)
{
	size_t n = b->config->invoke ? 0 : b->config->arg_count;

	b->argv = array_new(n + 1, sizeof(*b->argv));
	if (!b->argv)
		return error_no_memory(b->error);
	if (n >= LAUNCH_ARGS_MAX)
		return error_set(b->error, RETWINE_USAGE, "there are %zu arguments; at most %u", n,
				 LAUNCH_ARGS_MAX - 1);
	b->argv[0] = bytes_of(program_name(b->config));
	for (size_t i = 0; i < n; i++)
		b->argv[i + 1] = bytes_of(b->config->args[i].text);
	b->record.argv = b->argv;
	b->record.argc = (uint32_t)n + 1;
	return RETWINE_OK;
}

static int variable_compare(const void *a, const void *b)
{
	const struct launch_variable *x = a, *y = b;

	return launch_compare(x->name, y->name);
}

static enum retwine_code build_env(struct builder *b)
{
	size_t n = b->config->env_count;

	b->env = array_new(n, sizeof(*b->env));
	if (!b->env)
		return error_no_memory(b->error);
	if (n > LAUNCH_ENV_MAX)
		return error_set(b->error, RETWINE_USAGE, "there are %zu variables; at most %u", n,
				 LAUNCH_ENV_MAX);
	for (size_t i = 0; i < n; i++) {
		b->env[i].name = bytes_of(b->config->env[i].name);
		b->env[i].value = bytes_of(b->config->env[i].value);
	}
	qsort(b->env, n, sizeof(*b->env), variable_compare);
	b->record.env = b->env;
	b->record.env_count = (uint32_t)n;
	return RETWINE_OK;
}

static int mount_compare(const void *a, const void *b)
{
	const struct config_mount *const *x = a, *const *y = b;

	return launch_compare(bytes_of((*x)->guest), bytes_of((*y)->guest));
}

/* What the switch stands for: a mount like others, that has its place. */
static char g_attestation_path[] = LAUNCH_ATTESTATION_PATH;
static const struct config_mount g_attestation = {.guest = g_attestation_path};

static enum launch_mount_kind mount_kind(const struct config_mount *m)
{
	if (m == &g_attestation)
		return LAUNCH_MOUNT_ATTESTATION;
	if (m->volume)
		return LAUNCH_MOUNT_VOLUME;
	return m->host ? LAUNCH_MOUNT_HOST : LAUNCH_MOUNT_TMP;
}

static enum launch_key_policy volume_key(const struct config_volume *v)
{
	if (v->insecure_key)
		return LAUNCH_KEY_INSECURE;
	return v->key_id ? LAUNCH_KEY_PROVISIONED : LAUNCH_KEY_SEAL;
}

static enum launch_anchor volume_anchor(const struct config_volume *v)
{
	if (v->anchor)
		return LAUNCH_ANCHOR_FILE;
	return v->pinned ? LAUNCH_ANCHOR_PINNED : LAUNCH_ANCHOR_NONE;
}

static void describe_volume(struct launch_mount *m, const struct config_volume *v)
{
	m->key_policy = volume_key(v);
	m->label = bytes_of(v->label);
	if (v->key_id)
		m->key_id = bytes_of(v->key_id);
	m->bind_launch = v->bind_launch;
	m->seal_by = v->seal_by;
	m->svn = v->svn;
	m->anchor = volume_anchor(v);
	if (v->has_owner)
		m->owner = (struct launch_bytes){.p = v->owner, .size = sizeof(v->owner)};
}

static void describe_mount(struct launch_mount *m, const struct config_mount *from)
{
	m->kind = mount_kind(from);
	m->size = from->size;
	m->guest_path = bytes_of(from->guest);
	m->read_only = from->read_only;
	if (from->volume)
		describe_volume(m, from->volume);
}

static void add_start(struct builder *b, uint32_t mount, const struct config_volume *v)
{
	if (!v || (!v->start.create && !v->start.add_seal && v->start.sequence == 0))
		return;
	b->starts[b->record.start_count] = v->start;
	b->starts[b->record.start_count++].mount = mount;
}

/* The configuration's mounts, by rising guest path. */
static enum retwine_code sort_mounts(const struct builder *b, const struct config_mount **out,
				     size_t n)
{
	for (size_t i = 0; i < b->config->mount_count; i++) {
		out[i] = &b->config->mounts[i];
		if (launch_path_is_attestation(bytes_of(out[i]->guest)))
			return error_set(
				b->error, RETWINE_USAGE,
				"dir: %s is a place of evidence and keys, which the option "
				"attestation gives; give the directory another name",
				out[i]->guest);
	}
	if (b->config->attestation)
		out[n - 1] = &g_attestation;
	qsort(out, n, sizeof(*out), mount_compare);
	return RETWINE_OK;
}

/* What two volumes have in common that would let the host exchange their files; NULL: nothing. */
static const char *volumes_share(const struct config_volume *a, const struct config_volume *b)
{
	if (!a || !b)
		return NULL;
	if (strcmp(a->label, b->label) == 0)
		return "label; give one of the two another by label=";
	if (a->key_id && b->key_id && strcmp(a->key_id, b->key_id) == 0)
		return "key; deliver one for each";
	return NULL;
}

static enum retwine_code check_volumes(const struct builder *b, const struct config_mount **mounts,
				       size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < i; k++) {
			const char *what = volumes_share(mounts[i]->volume, mounts[k]->volume);

			if (what)
				return error_set(b->error, RETWINE_USAGE,
						 "volume: %s and %s have the same %s",
						 mounts[k]->guest, mounts[i]->guest, what);
		}
	}
	return RETWINE_OK;
}

/* Sorts the mounts into out, then describes them. */
static enum retwine_code build_mounts(struct builder *b, struct record *out)
{
	size_t n = b->config->mount_count + (b->config->attestation ? 1 : 0);

	b->mounts = array_new(n, sizeof(*b->mounts));
	b->starts = array_new(n, sizeof(*b->starts));
	out->mounts = array_new(n, sizeof(*out->mounts));
	if (!b->mounts || !b->starts || !out->mounts)
		return error_no_memory(b->error);
	if (n > LAUNCH_MOUNTS_MAX)
		return error_set(b->error, RETWINE_USAGE, "there are %zu mounts; at most %u", n,
				 LAUNCH_MOUNTS_MAX);
	enum retwine_code code = sort_mounts(b, out->mounts, n);

	if (code == RETWINE_OK)
		code = check_volumes(b, out->mounts, n);
	if (code != RETWINE_OK)
		return code;
	out->mount_count = n;
	for (size_t i = 0; i < n; i++) {
		describe_mount(&b->mounts[i], out->mounts[i]);
		add_start(b, (uint32_t)i, out->mounts[i]->volume);
	}
	b->record.starts = b->starts;
	b->record.mounts = b->mounts;
	b->record.mount_count = (uint32_t)n;
	return RETWINE_OK;
}

/* The type of the exported function that is to be invoked. */
static enum retwine_code find_invoked(const struct builder *b, const struct wasm_func_type **type)
{
	const char *name = b->config->invoke;
	const struct wasm_export *e = wasm_export_find(&b->module->wasm, name, strlen(name));

	if (!e || e->kind != WASM_KIND_FUNC)
		return error_set(b->error, RETWINE_USAGE,
				 "invoke: %s exports no function '%s'; 'retwine inspect' lists the "
				 "exports",
				 program_name(b->config), name);
	*type = wasm_func_type(&b->module->wasm, e->index);
	return RETWINE_OK;
}

static enum retwine_code build_values(struct builder *b, const struct wasm_func_type *type)
{
	const struct retwine_config *config = b->config;
	size_t n = config->arg_count;

	if (n != type->param_count)
		return error_set(b->error, RETWINE_USAGE,
				 "invoke: function '%s' takes %u values, and %zu are given",
				 config->invoke, type->param_count, n);
	b->values = array_new(n, sizeof(*b->values));
	if (!b->values)
		return error_no_memory(b->error);
	for (size_t i = 0; i < n; i++) {
		if (!value_parse(&b->values[i], type->params[i], config->args[i].text))
			return error_set(b->error, RETWINE_USAGE,
					 "invoke: value %zu, '%s', is not of type %s", i + 1,
					 config->args[i].text, value_type_name(type->params[i]));
	}
	b->record.values = b->values;
	b->record.value_count = (uint32_t)n;
	return RETWINE_OK;
}

static enum retwine_code build_invoke(struct builder *b)
{
	const struct wasm_func_type *type = NULL;

	if (!b->config->invoke)
		return RETWINE_OK;
	enum retwine_code code = find_invoked(b, &type);

	if (code != RETWINE_OK)
		return code;
	b->record.invoke = bytes_of(b->config->invoke);
	return build_values(b, type);
}

static enum retwine_code build_lists(struct builder *b, struct record *out)
{
	enum retwine_code code = build_argv(b);

	if (code == RETWINE_OK)
		code = build_env(b);
	if (code == RETWINE_OK)
		code = build_mounts(b, out);
	if (code == RETWINE_OK)
		code = build_invoke(b);
	return code;
}

static void build_scalars(struct builder *b, const struct record *out)
{
	memcpy(b->record.module_digest, out->module_digest, LAUNCH_DIGEST_SIZE);
	memcpy(b->record.native_digest, out->native_digest, LAUNCH_DIGEST_SIZE);
	b->record.engine = b->engine;
	b->record.diagnostics = b->config->diagnostics;
	b->record.args_policy = b->config->args_policy;
	b->record.strict = b->config->strict;
	b->record.listener_count = (uint32_t)b->config->listener_count;
	b->record.limits = b->config->limits;
	memcpy(b->record.salt, b->config->has_salt ? b->config->salt : b->salt, LAUNCH_SALT_SIZE);
}

/* Encodes into a buffer of the exact size. */
static enum err encode(struct record *out, const struct launch_record *record)
{
	struct writer w;

	writer_init(&w, NULL, 0);
	enum err err = launch_encode(record, &w);

	if (err != E_OK)
		return err;
	out->size = w.len;
	out->p = malloc(out->size);
	if (!out->p)
		return E_NOMEM;
	writer_init(&w, out->p, out->size);
	return launch_encode(record, &w);
}

/* The rules are those of the decoder. */
static enum err check_and_measure(struct record *out)
{
	struct launch_record decoded;
	struct arena arena = {0};
	enum err err = launch_decode(&decoded, &arena, out->p, out->size);

	if (err == E_OK)
		launch_measure(&decoded, &out->digests);
	arena_fini(&arena);
	return err;
}

static enum retwine_code build(struct builder *b, struct record *out)
{
	module_measure(b->module, out->module_digest, out->native_digest);
	build_scalars(b, out);
	enum retwine_code code = build_lists(b, out);

	if (code != RETWINE_OK)
		return code;
	enum err err = encode(out, &b->record);

	if (err == E_OK)
		err = check_and_measure(out);
	if (err == E_OK)
		return RETWINE_OK;
	if (err == E_NOMEM)
		return error_no_memory(b->error);
	const char *hint = words_hint(err);

	return error_set(b->error, RETWINE_USAGE, "no launch record: %s%s%s", words_err(err),
			 hint[0] ? "; " : "", hint);
}

enum retwine_code record_build(struct record *record, const struct retwine_config *config,
			       const struct module *module, enum launch_engine engine,
			       const uint8_t salt[LAUNCH_SALT_SIZE], struct retwine_error *error)
{
	struct builder b = {
		.config = config, .module = module, .engine = engine, .salt = salt, .error = error};
	struct record out = {0};
	enum retwine_code code = build(&b, &out);

	free(b.argv);
	free(b.env);
	free(b.mounts);
	free(b.values);
	free(b.starts);
	if (code == RETWINE_OK)
		*record = out;
	else
		record_fini(&out);
	return code;
}

void record_fini(struct record *record)
{
	free(record->p);
	free(record->mounts);
	*record = (struct record){0};
}
