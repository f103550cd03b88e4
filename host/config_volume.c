/*
 * The option volume: FILE::GUEST[:ro] and what follows it behind commas.
 * Trust: the text is the caller's, as in host/config.c. What may not stand together is the launch
 * record's to refuse; here is told what no record could even hold, and what is told better here.
 */
#include <stdlib.h>
#include <string.h>

#include "host/base/words.h"
#include "host/config_impl.h"
#include "host/key_file.h"
#include "volume/volume.h"

#define FORM "write FILE::GUEST[:ro][,OPTION...]"

void config_volume_free(struct config_volume *volume)
{
	if (!volume)
		return;
	free(volume->label);
	free(volume->key_id);
	free(volume->insecure_key);
	free(volume->anchor);
	free(volume);
}

/* A mount while its options are read. */
struct parsing {
	const struct retwine_config *config;
	struct config_mount *mount;
	struct config_volume *volume;
	struct retwine_error *error;
};

static enum retwine_code take_text(const struct parsing *p, char **out, const char *name,
				   const char *text)
{
	if (text[0] == 0 || strlen(text) > LAUNCH_LABEL_MAX)
		return error_set(p->error, RETWINE_USAGE,
				 "volume: %s='%s' is empty or longer than %u bytes", name, text,
				 LAUNCH_LABEL_MAX);
	free(*out);
	*out = strdup(text);
	return *out ? RETWINE_OK : error_no_memory(p->error);
}

static enum retwine_code take_path(const struct parsing *p, char **out, const char *name,
				   const char *text)
{
	if (text[0] == 0)
		return error_set(p->error, RETWINE_USAGE, "volume: %s= names no file", name);
	free(*out);
	*out = config_host_path(p->config, text);
	return *out ? RETWINE_OK : error_no_memory(p->error);
}

/* ---- options with a value ---- */

static enum retwine_code set_label(const struct parsing *p, const char *text)
{
	return take_text(p, &p->volume->label, "label", text);
}

static enum retwine_code set_key(const struct parsing *p, const char *text)
{
	return take_text(p, &p->volume->key_id, "key", text);
}

static enum retwine_code set_anchor(const struct parsing *p, const char *text)
{
	return take_path(p, &p->volume->anchor, "anchor", text);
}

static enum retwine_code set_insecure_key(const struct parsing *p, const char *text)
{
	return take_path(p, &p->volume->insecure_key, "insecure-key-file", text);
}

static enum retwine_code set_by(const struct parsing *p, const char *text)
{
	if (strcmp(text, "enclave") == 0)
		p->volume->seal_by = LAUNCH_SEAL_ENCLAVE;
	else if (strcmp(text, "signer") == 0)
		p->volume->seal_by = LAUNCH_SEAL_SIGNER;
	else
		return error_set(p->error, RETWINE_USAGE,
				 "volume: by='%s' is neither enclave nor signer", text);
	return RETWINE_OK;
}

static enum retwine_code set_svn(const struct parsing *p, const char *text)
{
	const char *end = text;
	uint64_t n;

	if (!config_parse_number(&n, &end) || end[0] != 0 || n > UINT16_MAX)
		return error_set(p->error, RETWINE_USAGE,
				 "volume: svn='%s' is not a number from 0 to 65535", text);
	p->volume->has_svn = true;
	p->volume->svn = (uint16_t)n;
	return RETWINE_OK;
}

static enum retwine_code set_bind(const struct parsing *p, const char *text)
{
	if (strcmp(text, "launch") != 0)
		return error_set(p->error, RETWINE_USAGE,
				 "volume: bind='%s' is not launch; a volume is bound to the "
				 "program without it",
				 text);
	p->volume->bind_launch = true;
	return RETWINE_OK;
}

static enum retwine_code set_owner(const struct parsing *p, const char *text)
{
	char *path = NULL;
	enum retwine_code code = take_path(p, &path, "owner", text);

	if (code == RETWINE_OK)
		code = key_file_public(p->volume->owner, path, p->error);
	free(path);
	p->volume->has_owner = code == RETWINE_OK;
	return code;
}

static enum retwine_code set_cache(const struct parsing *p, const char *text)
{
	if (config_parse_size(&p->mount->size, text) && p->mount->size >= VOLUME_CACHE_MIN)
		return RETWINE_OK;
	return error_set(p->error, RETWINE_USAGE,
			 "volume: cache='%s' is not a size of at least %zu bytes", text,
			 VOLUME_CACHE_MIN);
}

/* "12:HEX", as 'retwine run --volume-state' writes it; "0" of a volume that is to be made. */
static enum retwine_code set_pin(const struct parsing *p, const char *text)
{
	struct launch_volume_start *pin = &p->volume->start;
	const char *end = text;
	const bool number = config_parse_number(&pin->sequence, &end);
	const bool none = number && pin->sequence == 0 && end[0] == 0;

	if (!none && (!number || pin->sequence == 0 || end[0] != ':' ||
		      !config_parse_digest(pin->root, end + 1)))
		return error_set(p->error, RETWINE_USAGE,
				 "volume: pin='%s' is not SEQUENCE:ROOT, as the end of a run tells "
				 "it, nor 0 for a new volume",
				 text);
	p->volume->pinned = true;
	return RETWINE_OK;
}

static const struct {
	const char *name;
	enum retwine_code (*set)(const struct parsing *p, const char *text);
} g_settings[] = {
	{"label", set_label}, {"key", set_key},
	{"by", set_by},	      {"svn", set_svn},
	{"bind", set_bind},   {"owner", set_owner},
	{"cache", set_cache}, {"anchor", set_anchor},
	{"pin", set_pin},     {"insecure-key-file", set_insecure_key},
};

static enum retwine_code set_option(const struct parsing *p, char *option)
{
	char *equal = strchr(option, '=');

	if (strcmp(option, "create") == 0) {
		p->volume->start.create = true;
		return RETWINE_OK;
	}
	if (strcmp(option, "add-seal") == 0) {
		p->volume->start.add_seal = true;
		return RETWINE_OK;
	}
	if (equal)
		*equal++ = 0;
	for (size_t i = 0; equal && i < COUNT_OF(g_settings); i++) {
		if (strcmp(g_settings[i].name, option) == 0)
			return g_settings[i].set(p, equal);
	}
	return error_set(
		p->error, RETWINE_USAGE,
		"volume: '%s' is no option; there are create, add-seal, label=, key=, by=, "
		"svn=, bind=launch, owner=, cache=, anchor=, pin= and insecure-key-file=",
		option);
}

/* ---- what they say together ---- */

static enum retwine_code contradiction(const struct parsing *p, const char *words)
{
	return error_set(p->error, RETWINE_USAGE, "volume: %s: %s", p->mount->guest, words);
}

static enum retwine_code check_together(const struct parsing *p)
{
	const struct config_volume *v = p->volume;
	const bool other_key = v->key_id || v->insecure_key;

	if (v->key_id && v->insecure_key)
		return contradiction(p, "key= and insecure-key-file= are two keys; leave out one");
	if (v->start.add_seal && !other_key)
		return contradiction(p, "add-seal needs a key that opens it until then: key= or "
					"insecure-key-file=");
	if (v->has_svn && v->seal_by != LAUNCH_SEAL_SIGNER)
		return contradiction(p, "svn= goes with by=signer");
	if (v->anchor && v->pinned)
		return contradiction(p, "anchor= and pin= are two anchors; leave out one");
	if (p->mount->read_only && (v->start.create || v->start.add_seal))
		return contradiction(p, "with :ro nothing can be created or added");
	return RETWINE_OK;
}

/* What is not said. */
static enum retwine_code fill_in(const struct parsing *p)
{
	struct config_volume *v = p->volume;
	const char *slash = strrchr(p->mount->guest, '/');
	const char *name = slash ? slash + 1 : p->mount->guest;

	if (v->seal_by == LAUNCH_SEAL_NONE)
		v->seal_by = LAUNCH_SEAL_ENCLAVE;
	if (v->label)
		return RETWINE_OK;
	return take_text(p, &v->label, "label", name[0] ? name : "root");
}

/* ---- the whole ---- */

static bool ends_read_only(const char *s, size_t n)
{
	return n > 3 && memcmp(s + n - 3, ":ro", 3) == 0;
}

static enum retwine_code set_guest(const struct parsing *p, char *guest)
{
	const size_t n = strlen(guest);
	bool no_memory;

	if (ends_read_only(guest, n)) {
		p->mount->read_only = true;
		guest[n - 3] = 0;
	}
	p->mount->guest = config_guest_path(guest, &no_memory);
	if (p->mount->guest)
		return RETWINE_OK;
	return no_memory ? error_no_memory(p->error)
			 : error_set(p->error, RETWINE_USAGE,
				     "volume: '%s' cannot be a guest's path; name one without '..'",
				     guest);
}

/* `text` is ours to cut. */
static enum retwine_code parse(const struct parsing *p, char *text)
{
	char *guest = strstr(text, "::");

	if (!guest || guest == text)
		return error_set(p->error, RETWINE_USAGE,
				 "volume: '%s' does not name a file and a place; " FORM, text);
	*guest = 0;
	guest += 2;
	char *option = strchr(guest, ',');

	if (option)
		*option++ = 0;
	p->mount->host = config_host_path(p->config, text);
	if (!p->mount->host)
		return error_no_memory(p->error);
	enum retwine_code code = set_guest(p, guest);

	while (code == RETWINE_OK && option) {
		char *next = strchr(option, ',');

		if (next)
			*next++ = 0;
		code = set_option(p, option);
		option = next;
	}
	if (code == RETWINE_OK)
		code = check_together(p);
	return code == RETWINE_OK ? fill_in(p) : code;
}

enum retwine_code config_add_volume(struct retwine_config *config, const char *text,
				    struct retwine_error *error)
{
	struct config_mount m = {.source = config->source, .volume = calloc(1, sizeof(*m.volume))};
	const struct parsing p = {config, &m, m.volume, error};
	char *copy = strdup(text);
	enum retwine_code code = copy && m.volume ? parse(&p, copy) : error_no_memory(error);

	free(copy);
	if (code == RETWINE_OK)
		code = config_append_mount(config, &m, error);
	if (code != RETWINE_OK)
		config_mount_fini(&m);
	return code;
}
