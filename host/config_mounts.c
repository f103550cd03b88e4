/*
 * Mounts of the configuration: directories of the host, and of the enclave's memory; volumes are
 * host/config_volume.c's.
 * Trust: the text is the caller's.
 */
#include "host/config_impl.h"

#include <stdlib.h>
#include <string.h>

#include "host/base/words.h"

void config_mount_fini(struct config_mount *m)
{
	free(m->host);
	free(m->guest);
	config_volume_free(m->volume);
}

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
	void *grown = config_grow(config->mounts, config->mount_count, sizeof(*config->mounts));

	if (!grown)
		return error_no_memory(error);
	config->mounts = grown;
	config->mounts[config->mount_count++] = *m;
	return RETWINE_OK;
}

/* GUEST[:SIZE]. A path with a colon in it needs the size. */
enum retwine_code config_add_tmp(struct retwine_config *config, const char *text,
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
		code = config_set_size(&m.size, "tmp", colon + 1, error);
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
enum retwine_code config_add_dir(struct retwine_config *config, const char *text,
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
