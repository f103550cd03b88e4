/*
 * Volumes opened, made, committed and closed for the API, natively, where one of their keys is.
 * Trust: keys and options are the user's. The file is anybody's: its header is believed when its MAC
 * holds under the master key that a slot gave, everything else as volume/ does.
 * Invariant: the master key is wiped on every way out.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/wipe.h"
#include "host/base/cpu.h"
#include "host/base/random.h"
#include "host/base/text.h"
#include "host/base/words.h"
#include "host/config.h"
#include "host/volume/keys.h"
#include "host/volume/volume.h"

bool retwine_parse_size(uint64_t *bytes, const char *text)
{
	return config_parse_size(bytes, text);
}

/* ---- words ---- */

static enum retwine_code volume_code(enum err err)
{
	switch (err) {
	case E_VOLUME_HEADER:
	case E_VOLUME_KEY:
	case E_VOLUME_SUPERBLOCK:
	case E_VOLUME_ANCHOR:
	case E_VOLUME_BLOCK:
	case E_VOLUME_FORMAT:
	case E_VOLUME_SHORT:
		return RETWINE_REFUSED;
	case E_NOMEM:
	case E_NO_SPACE:
	case E_IO:
	case E_HOST:
	case E_CRYPTO:
	case E_VOLUME_BROKEN:
		return RETWINE_FAILED;
	default:
		return RETWINE_INPUT;
	}
}

static const char *volume_advice(enum err err)
{
	switch (err) {
	case E_VOLUME_HEADER:
	case E_VOLUME_SUPERBLOCK:
	case E_VOLUME_BLOCK:
	case E_VOLUME_FORMAT:
	case E_VOLUME_SHORT:
		return "; restore a copy of the file";
	case E_VOLUME_VERSION:
		return "; use that version";
	case E_NO_SPACE:
		return "; make room, or raise --size-max";
	case E_IO:
		return "; look after the disk, and whether the file is whole";
	case E_IS_DIRECTORY:
		return "; copy it with -r";
	default:
		return "";
	}
}

/* The words of base/err.def, but where the tools know it better. */
static const char *volume_words(enum err err)
{
	if (err == E_VOLUME_KEY)
		return "none of its key slots opens with this key; 'retwine inspect' lists them";
	if (err == E_NOT_FOUND)
		return "there is nothing of that name";
	if (err == E_LIMIT)
		return "the path is too long or has too many symlinks";
	if (err == E_INVALID)
		return "that is no name, or no kind of file, for this";
	return words_err(err);
}

enum retwine_code volume_error(const struct retwine_volume *volume, const char *verb,
			       const char *name, enum err err, struct retwine_error *error)
{
	if (err == E_NOMEM)
		return error_no_memory(error);
	if (name)
		return error_set(error, volume_code(err),
				 "cannot %s %.300s in the volume %.300s: %s%s", verb, name,
				 volume->path, volume_words(err), volume_advice(err));
	return error_set(error, volume_code(err), "cannot %s the volume %.300s: %s%s", verb,
			 volume->path, volume_words(err), volume_advice(err));
}

static void hex_words(char out[2 * VOLUME_HASH_SIZE + 1], const uint8_t *hash)
{
	for (size_t i = 0; i < VOLUME_HASH_SIZE; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

/* What was expected and what is there: both in full, since one of them may be wanted as --pin. */
static enum retwine_code anchor_error(const struct retwine_volume *volume,
				      const struct volume_state *found,
				      const struct volume_state *expected,
				      struct retwine_error *error)
{
	char is[2 * VOLUME_HASH_SIZE + 1], should[2 * VOLUME_HASH_SIZE + 1];

	hex_words(is, found->root);
	hex_words(should, expected->root);
	if (expected->sequence == 0)
		return error_set(
			error, RETWINE_REFUSED,
			"the volume %.300s is at commit %llu, but its anchor knows nothing "
			"of it: name the right anchor",
			volume->path, (unsigned long long)found->sequence);
	return error_set(error, RETWINE_REFUSED,
			 "the volume %.300s was rolled back or exchanged: expected commit %llu "
			 "(root %s) or the one after it, found commit %llu (root %s); restore the "
			 "newer file",
			 volume->path, (unsigned long long)expected->sequence, should,
			 (unsigned long long)found->sequence, is);
}

/* ---- opening ---- */

static uint64_t host_now(void *context)
{
	struct timespec t;

	(void)context;
	if (clock_gettime(CLOCK_REALTIME, &t) != 0 || t.tv_sec < 0)
		return 0;
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static struct retwine_volume *volume_new(const char *path)
{
	struct retwine_volume *volume = calloc(1, sizeof(*volume));

	if (!volume)
		return NULL;
	volume->file.fd = -1;
	volume->anchor_lease.fd = -1;
	volume->path = strdup(path);
	if (volume->path)
		return volume;
	free(volume);
	return NULL;
}

static void volume_configure(struct retwine_volume *volume,
			     const struct retwine_volume_options *options,
			     const uint8_t id[VOLUME_ID_SIZE])
{
	struct volume_config *c = &volume->config;

	*c = (struct volume_config){
		.device = volume->device,
		.random = {.get = host_random},
		.now = host_now,
		.cache_size = (size_t)options->cache_size,
		.size_max = options->size_max,
		.read_only = !options->write,
	};
	if (c->cache_size != 0 && c->cache_size < VOLUME_CACHE_MIN)
		c->cache_size = VOLUME_CACHE_MIN;
	memcpy(c->id, id, VOLUME_ID_SIZE);
}

static enum retwine_code open_with_key(struct retwine_volume *volume,
				       const struct retwine_volume_key *key,
				       struct retwine_error *error)
{
	struct volume_keys *keys = calloc(1, sizeof(*keys));
	enum retwine_code code = keys ? volume_keys_init(keys, key, &volume->headers, error)
				      : error_no_memory(error);

	if (code == RETWINE_OK) {
		const enum err err =
			volume_header_open(&volume->headers, &keys->ring, &volume->header,
					   &volume->slot, volume->master);

		if (err != E_OK)
			code = volume_error(volume, "open", NULL, err, error);
	}
	if (keys)
		volume_keys_fini(keys);
	free(keys);
	return code;
}

static enum retwine_code read_headers(struct retwine_volume *volume, enum volume_file_mode mode,
				      struct retwine_error *error)
{
	const enum retwine_code code = volume_file_open(&volume->file, volume->path, mode, error);

	if (code != RETWINE_OK)
		return code;
	volume->device = volume_file_device(&volume->file);
	const enum err err = volume_headers_read(&volume->headers, &volume->device);

	return err == E_OK ? RETWINE_OK : volume_error(volume, "open", NULL, err, error);
}

enum retwine_code volume_open_header(struct retwine_volume **out,
				     const struct retwine_volume_options *options,
				     struct retwine_error *error)
{
	struct retwine_volume *volume = volume_new(options->path);

	if (!volume)
		return error_no_memory(error);
	cpu_set_crypto_hints();
	enum retwine_code code =
		read_headers(volume, options->write ? VOLUME_FILE_WRITE : VOLUME_FILE_READ, error);

	if (code == RETWINE_OK)
		code = open_with_key(volume, &options->key, error);
	if (code == RETWINE_OK) {
		volume_configure(volume, options, volume->header->id);
		*out = volume;
	} else {
		retwine_volume_close(volume);
	}
	return code;
}

/* ---- anchors ---- */

static bool parse_root(uint8_t root[VOLUME_HASH_SIZE], const char *hex)
{
	if (strlen(hex) != (size_t)2 * VOLUME_HASH_SIZE)
		return false;
	for (size_t i = 0; i < VOLUME_HASH_SIZE; i++) {
		const int high = text_hex_digit(hex[2 * i]), low = text_hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		root[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* "SEQUENCE:ROOT" */
static bool parse_state(struct volume_state *state, const char *text)
{
	const size_t digits = strspn(text, "0123456789");

	if (digits == 0 || text[digits] != ':')
		return false;
	errno = 0;
	state->sequence = strtoull(text, NULL, 10);
	return errno == 0 && state->sequence > 0 && parse_root(state->root, text + digits + 1);
}

static enum retwine_code pin_anchor(struct retwine_volume *volume, const char *pin,
				    struct retwine_error *error)
{
	struct volume_state state;

	if (!parse_state(&state, pin))
		return error_set(
			error, RETWINE_USAGE,
			"'%.100s' is no state of a volume; it is SEQUENCE:ROOT, as the last "
			"change printed it",
			pin);
	volume_pin_init(&volume->pin, &state);
	volume->config.anchor = &volume->pin.anchor;
	return RETWINE_OK;
}

static enum retwine_code file_anchor(struct retwine_volume *volume, const char *path,
				     enum volume_file_mode mode, struct retwine_error *error)
{
	const enum retwine_code code = volume_file_open(&volume->anchor_lease, path, mode, error);

	if (code != RETWINE_OK)
		return code;
	volume->anchor_device = volume_file_device(&volume->anchor_lease);
	const enum err err = volume_anchor_file_init(&volume->anchor_file, &volume->anchor_device,
						     volume->config.id, volume->master);

	if (err != E_OK)
		return volume_error(volume, "read the anchor of", NULL, err, error);
	volume->config.anchor = &volume->anchor_file.anchor;
	return RETWINE_OK;
}

/* A volume that is only read writes its anchor as well: what was accepted is the last state from now on. */
static enum retwine_code set_anchor(struct retwine_volume *volume,
				    const struct retwine_volume_options *options,
				    struct retwine_error *error)
{
	if (options->pin && options->anchor)
		return error_set(error, RETWINE_USAGE,
				 "--pin and --anchor both say what the last commit is; give one");
	if (options->pin)
		return pin_anchor(volume, options->pin, error);
	if (options->anchor)
		return file_anchor(volume, options->anchor, VOLUME_FILE_WRITE, error);
	return RETWINE_OK;
}

static enum retwine_code volume_mount(struct retwine_volume *volume,
				      const struct retwine_volume_options *options,
				      struct retwine_error *error)
{
	struct volume_state found = {0}, expected = {0};
	const enum retwine_code code = set_anchor(volume, options, error);

	if (code != RETWINE_OK)
		return code;
	const enum err err =
		volume_open(&volume->volume, &volume->config, volume->master, &found, &expected);

	wipe(volume->master, sizeof(volume->master));
	if (err == E_OK)
		return RETWINE_OK;
	if (err == E_VOLUME_ANCHOR)
		return anchor_error(volume, &found, &expected, error);
	return volume_error(volume, "open", NULL, err, error);
}

enum retwine_code retwine_volume_open(struct retwine_volume **out,
				      const struct retwine_volume_options *options,
				      struct retwine_error *error)
{
	struct retwine_volume *volume = NULL;
	enum retwine_code code = volume_open_header(&volume, options, error);

	if (code != RETWINE_OK)
		return code;
	code = volume_mount(volume, options, error);
	if (code == RETWINE_OK)
		*out = volume;
	else
		retwine_volume_close(volume);
	return code;
}

void retwine_volume_close(struct retwine_volume *volume)
{
	if (!volume)
		return;
	volume_close(volume->volume);
	if (volume->anchor_lease.fd >= 0)
		volume_anchor_file_fini(&volume->anchor_file);
	volume_file_close(&volume->anchor_lease);
	volume_file_close(&volume->file);
	free(volume->path);
	wipe(volume, sizeof(*volume));
	free(volume);
}

static void state_out(struct retwine_volume_state *out, const struct volume_state *state)
{
	out->sequence = state->sequence;
	memcpy(out->root, state->root, sizeof(out->root));
}

void retwine_volume_get_state(struct retwine_volume *volume, struct retwine_volume_state *out)
{
	struct volume_state state;

	volume_get_state(volume->volume, &state);
	state_out(out, &state);
}

enum retwine_code retwine_volume_commit(struct retwine_volume *volume, struct retwine_error *error)
{
	const enum err err = volume_commit(volume->volume);

	return err == E_OK ? RETWINE_OK : volume_error(volume, "commit to", NULL, err, error);
}

/* ---- making one ---- */

/* The slots of a new header; the id is there. */
static enum retwine_code make_slots(struct volume_header *header,
				    const struct retwine_volume_slot *slots, size_t count,
				    const uint8_t master[VOLUME_KEY_SIZE],
				    struct retwine_error *error)
{
	enum retwine_code code = RETWINE_OK;

	if (count == 0 || count > VOLUME_SLOTS_MAX)
		return error_set(error, RETWINE_USAGE,
				 "a volume has 1 to %u key slots; name whom it is for with --owner "
				 "PUB.pem or --provisioned ID=KEYFILE",
				 VOLUME_SLOTS_MAX);
	for (size_t i = 0; code == RETWINE_OK && i < count; i++) {
		code = volume_keys_slot(&header->slots[i], &slots[i], header->id, master, error);
		header->slot_count++;
	}
	return code;
}

/* Files first: nothing is made in vain. The pin takes the first state where no anchor does. */
static enum retwine_code create_files(struct retwine_volume *volume,
				      const struct retwine_volume_options *options,
				      struct retwine_error *error)
{
	static const struct volume_state nothing = {0};
	enum retwine_code code =
		volume_file_open(&volume->file, volume->path, VOLUME_FILE_CREATE, error);

	if (code != RETWINE_OK)
		return code;
	volume->device = volume_file_device(&volume->file);
	volume_configure(volume, options, volume->headers.copy[0].id);
	volume->config.read_only = false;
	if (options->anchor)
		return file_anchor(volume, options->anchor, VOLUME_FILE_CREATE, error);
	volume_pin_init(&volume->pin, &nothing);
	volume->config.anchor = &volume->pin.anchor;
	return RETWINE_OK;
}

/* A name is durable when its directory is. Some file systems cannot sync one: then nothing can be done. */
static void sync_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	const int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		(void)fsync(fd);
		close(fd);
	}
	free(dir);
}

static enum retwine_code create_in(struct retwine_volume *volume,
				   struct retwine_volume_state *state, struct retwine_error *error)
{
	const struct volume_anchor *anchor = volume->config.anchor;
	struct volume_state made;
	enum err err =
		volume_header_create(&volume->headers.copy[0], &volume->config, volume->master);

	if (err == E_OK)
		err = anchor->get(anchor->context, volume->config.id, &made);
	if (err != E_OK)
		return volume_error(volume, "create", NULL, err, error);
	sync_directory(volume->path);
	state_out(state, &made);
	return RETWINE_OK;
}

/* What was begun and came to nothing is removed. */
static void create_undo(const struct retwine_volume *volume, const char *anchor)
{
	if (volume->file.fd >= 0)
		(void)unlink(volume->path);
	if (volume->anchor_lease.fd >= 0)
		(void)unlink(anchor);
}

enum retwine_code retwine_volume_create(const struct retwine_volume_options *options,
					const struct retwine_volume_slot *slots, size_t slot_count,
					struct retwine_volume_state *state,
					struct retwine_error *error)
{
	struct retwine_volume *volume = volume_new(options->path);
	enum retwine_code code = volume ? RETWINE_OK : error_no_memory(error);

	if (!volume)
		return code;
	cpu_set_crypto_hints();
	struct volume_header *header = &volume->headers.copy[0];

	if (host_random(NULL, volume->master, sizeof(volume->master)) != E_OK ||
	    host_random(NULL, header->id, sizeof(header->id)) != E_OK)
		code = volume_error(volume, "create", NULL, E_CRYPTO, error);
	if (code == RETWINE_OK)
		code = make_slots(header, slots, slot_count, volume->master, error);
	if (code == RETWINE_OK)
		code = create_files(volume, options, error);
	if (code == RETWINE_OK)
		code = create_in(volume, state, error);
	if (code != RETWINE_OK)
		create_undo(volume, options->anchor);
	retwine_volume_close(volume);
	return code;
}
