/*
 * Reading what is delivered, and sending it.
 * Trust: the configuration and the files are the caller's. Who is at the other end has been verified by now
 * (host/deploy/peer.h): nothing here asks again.
 * Invariant: what was read of files and keys is wiped before its memory is given back.
 */
#include "host/deploy/delivery.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/wipe.h"
#include "channel/deploy.h"
#include "host/base/random.h"
#include "host/base/words.h"

#define STDIN_BLOCK ((size_t)64 << 10)

static void file_wipe(struct file *file)
{
	if (file->p)
		wipe(file->p, file->size);
	file_fini(file);
}

static void items_fini(struct delivery_item *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(items[i].name);
		file_wipe(&items[i].file);
	}
	free(items);
}

void delivery_fini(struct delivery *d)
{
	program_fini(&d->program);
	items_fini(d->inputs, d->input_count);
	items_fini(d->secrets, d->secret_count);
	file_wipe(&d->input);
	*d = (struct delivery){0};
}

/* ---- what the program may ask for ---- */

/* Its key is delivered, and the server finds the file by it; the file that the option names is not looked at. */
static enum retwine_code check_volume(const struct config_volume *volume,
				      const struct retwine_deploy_options *options,
				      struct retwine_error *error)
{
	if (!volume->key_id || volume->insecure_key || volume->anchor)
		return error_set(error, RETWINE_USAGE,
				 "volume: that of a deployed program is opened by a key that is "
				 "delivered with it: give key=ID and --secret ID=FILE, and no "
				 "anchor= or insecure-key-file=");
	for (size_t i = 0; i < options->secret_count; i++) {
		if (strcmp(options->secrets[i].name, volume->key_id) == 0)
			return RETWINE_OK;
	}
	return error_set(error, RETWINE_USAGE,
			 "volume: key=%s is not among the keys that are delivered; give it with "
			 "--secret %s=FILE",
			 volume->key_id, volume->key_id);
}

static enum retwine_code check_config(const struct retwine_config *config,
				      const struct retwine_deploy_options *options,
				      struct retwine_error *error)
{
	for (size_t i = 0; i < config->mount_count; i++)
		if (config->mounts[i].volume) {
			const enum retwine_code code =
				check_volume(config->mounts[i].volume, options, error);

			if (code != RETWINE_OK)
				return code;
		} else if (config->mounts[i].host)
			return error_set(
				error, RETWINE_USAGE,
				"dir: a program that is deployed gets no directory of this "
				"machine; deliver files with --input into a --tmp");
	if (config->listener_count != 0)
		return error_set(error, RETWINE_USAGE,
				 "tcplisten: a program that is deployed gets no socket");
	if (options->secret_count != 0 && !config->attestation)
		return error_set(
			error, RETWINE_USAGE,
			"secret: the program reads keys below /dev/attestation/keys; give it "
			"that place with --attestation");
	return RETWINE_OK;
}

/* Is `path` below the mount `guest`? "/" and "." are above everything that is below them. */
static bool is_below(const char *path, const char *guest)
{
	const size_t n = strlen(guest);

	if (strcmp(guest, "/") == 0)
		return path[0] == '/' && path[1] != 0;
	return strncmp(path, guest, n) == 0 && path[n] == '/';
}

static enum retwine_code check_input(const struct retwine_config *config, const char *path,
				     struct retwine_error *error)
{
	if (path[0] != '/')
		return error_set(error, RETWINE_USAGE,
				 "input: '%s' is no guest path that begins with a slash", path);
	for (size_t i = 0; i < config->mount_count; i++)
		if (is_below(path, config->mounts[i].guest))
			return RETWINE_OK;
	return error_set(
		error, RETWINE_USAGE,
		"input: %s lies below no directory of the program; give it memory there with "
		"--tmp",
		path);
}

static enum retwine_code check_twice(const struct delivery_item *items, size_t count,
				     struct retwine_error *error)
{
	for (size_t i = 0; i + 1 < count; i++)
		if (strcmp(items[i].name, items[count - 1].name) == 0)
			return error_set(error, RETWINE_USAGE, "'%s' is delivered twice",
					 items[i].name);
	return RETWINE_OK;
}

/* ---- reading ---- */

/* The canonical path, owned. */
static enum retwine_code input_name(char **out, const struct retwine_config *config,
				    const char *text, struct retwine_error *error)
{
	bool no_memory = false;
	char *path = config_guest_path(text, &no_memory);

	if (!path && no_memory)
		return error_no_memory(error);
	if (!path)
		return error_set(error, RETWINE_USAGE, "input: '%s' is not a guest path", text);
	const enum retwine_code code = check_input(config, path, error);

	if (code == RETWINE_OK)
		*out = path;
	else
		free(path);
	return code;
}

static enum retwine_code load_inputs(struct delivery *d, const struct retwine_config *config,
				     const struct retwine_deploy_options *options,
				     struct retwine_error *error)
{
	enum retwine_code code = RETWINE_OK;

	if (options->input_count > DEPLOY_FILES_MAX)
		return error_set(error, RETWINE_USAGE, "input: at most %u files", DEPLOY_FILES_MAX);
	d->inputs = calloc(options->input_count + 1, sizeof(*d->inputs));
	if (!d->inputs)
		return error_no_memory(error);
	for (size_t i = 0; i < options->input_count && code == RETWINE_OK; i++) {
		struct delivery_item *item = &d->inputs[d->input_count++];

		code = input_name(&item->name, config, options->inputs[i].name, error);
		if (code == RETWINE_OK)
			code = check_twice(d->inputs, d->input_count, error);
		if (code == RETWINE_OK)
			code = file_read(&item->file, options->inputs[i].path, "the input",
					 DEPLOY_TOTAL_MAX, error);
	}
	return code;
}

/* The rule for names is the codec's. */
static enum retwine_code check_secret(const struct delivery_item *item, struct retwine_error *error)
{
	uint8_t body[DEPLOY_NAMED_SIZE + DEPLOY_NAME_MAX];
	const size_t n = strlen(item->name);
	struct deploy_named named;

	if (n <= DEPLOY_NAME_MAX) {
		for (unsigned i = 0; i < DEPLOY_NAMED_SIZE; i++)
			body[i] = (uint8_t)(n >> (8 * i));
		memcpy(body + DEPLOY_NAMED_SIZE, item->name, n);
		if (deploy_named_decode(&named, DEPLOY_KEY, body, DEPLOY_NAMED_SIZE + n) == E_OK)
			return RETWINE_OK;
	}
	return error_set(
		error, RETWINE_USAGE,
		"secret: '%s' is not the name of a key: 1 to %u of A-Z a-z 0-9 . _ -, no dot "
		"first",
		item->name, DEPLOY_NAME_MAX);
}

static enum retwine_code load_secrets(struct delivery *d,
				      const struct retwine_deploy_options *options,
				      struct retwine_error *error)
{
	enum retwine_code code = RETWINE_OK;

	if (options->secret_count > DEPLOY_KEYS_MAX)
		return error_set(error, RETWINE_USAGE, "secret: at most %u keys", DEPLOY_KEYS_MAX);
	d->secrets = calloc(options->secret_count + 1, sizeof(*d->secrets));
	if (!d->secrets)
		return error_no_memory(error);
	for (size_t i = 0; i < options->secret_count && code == RETWINE_OK; i++) {
		struct delivery_item *item = &d->secrets[d->secret_count++];

		item->name = strdup(options->secrets[i].name);
		if (!item->name)
			return error_no_memory(error);
		code = check_secret(item, error);
		if (code == RETWINE_OK)
			code = check_twice(d->secrets, d->secret_count, error);
		if (code == RETWINE_OK)
			code = file_read(&item->file, options->secrets[i].path, "the secret",
					 DEPLOY_KEY_MAX, error);
	}
	return code;
}

/* Room for one more block; what moves is wiped where it was. */
static bool file_grow(struct file *file, size_t *room)
{
	const size_t size = file->size + STDIN_BLOCK;

	if (*room >= size)
		return true;
	uint8_t *p = malloc(2 * size);

	if (!p)
		return false;
	if (file->p) {
		memcpy(p, file->p, file->size);
		wipe(file->p, file->size);
		free(file->p);
	}
	file->p = p;
	*room = 2 * size;
	return true;
}

/* Standard input of ours, which may be a pipe, to its end. */
static enum retwine_code read_stdin(struct file *file, struct retwine_error *error)
{
	size_t room = 0;

	for (;;) {
		if (file->size > DEPLOY_TOTAL_MAX)
			return error_set(error, RETWINE_INPUT,
					 "standard input is larger than %llu bytes",
					 (unsigned long long)DEPLOY_TOTAL_MAX);
		if (!file_grow(file, &room))
			return error_no_memory(error);
		const ssize_t n = read(STDIN_FILENO, file->p + file->size, STDIN_BLOCK);

		if (n == 0)
			return RETWINE_OK;
		if (n < 0 && errno != EINTR)
			return error_set(error, RETWINE_INPUT, "cannot read standard input: %s",
					 strerror(errno));
		if (n > 0)
			file->size += (size_t)n;
	}
}

static enum retwine_code load_input(struct delivery *d, const char *path,
				    struct retwine_error *error)
{
	if (!path)
		return RETWINE_OK;
	d->has_input = true;
	if (strcmp(path, "-") == 0)
		return read_stdin(&d->input, error);
	return file_read(&d->input, path, "standard input", DEPLOY_TOTAL_MAX, error);
}

/* The codec's limit, in words before anybody is spoken to. */
static enum retwine_code check_total(const struct delivery *d, struct retwine_error *error)
{
	uint64_t total =
		(uint64_t)d->program.record.size + d->program.module.file.size + d->input.size;

	for (size_t i = 0; i < d->input_count; i++)
		total += strlen(d->inputs[i].name) + DEPLOY_NAMED_SIZE + d->inputs[i].file.size;
	for (size_t i = 0; i < d->secret_count; i++)
		total += strlen(d->secrets[i].name) + DEPLOY_NAMED_SIZE + d->secrets[i].file.size;
	if (total <= DEPLOY_TOTAL_MAX)
		return RETWINE_OK;
	return error_set(
		error, RETWINE_INPUT,
		"program and inputs are %llu bytes together, and at most %llu can be delivered",
		(unsigned long long)total, (unsigned long long)DEPLOY_TOTAL_MAX);
}

enum retwine_code delivery_load(struct delivery *d, const struct retwine_config *config,
				const struct retwine_deploy_options *options,
				struct retwine_error *error)
{
	enum retwine_code code = check_config(config, options, error);

	/* Launch digests are told in clear: without salt who knows the program could try arguments. */
	if (code == RETWINE_OK &&
	    host_random(NULL, d->program.salt, sizeof(d->program.salt)) != E_OK)
		code = error_set(error, RETWINE_FAILED, "this machine gives no randomness");
	if (code == RETWINE_OK)
		code = program_load(&d->program, config, false, error);
	if (code == RETWINE_OK)
		code = load_inputs(d, config, options, error);
	if (code == RETWINE_OK)
		code = load_secrets(d, options, error);
	if (code == RETWINE_OK)
		code = load_input(d, options->input, error);
	if (code == RETWINE_OK)
		code = check_total(d, error);
	return code;
}

/* ---- sending ---- */

static enum err send_bytes(struct channel *channel, struct deploy_order *order, uint32_t type,
			   const void *p, size_t size)
{
	const struct deploy_part part = {p, size};

	return deploy_send(channel, order, type, &part, 1);
}

static enum err send_items(struct channel *channel, struct deploy_order *order, uint32_t type,
			   const struct delivery_item *items, size_t count)
{
	enum err err = E_OK;

	for (size_t i = 0; i < count && err == E_OK; i++) {
		const struct deploy_named named = {
			.name = (const uint8_t *)items[i].name,
			.name_size = strlen(items[i].name),
			.p = items[i].file.p,
			.size = items[i].file.size,
		};

		err = deploy_send_named(channel, order, type, &named);
	}
	return err;
}

enum err delivery_send(const struct delivery *d, struct channel *channel)
{
	const struct file *module = &d->program.module.file;
	struct deploy_order order;

	deploy_order_init(&order, DEPLOY_TO_ENCLAVE);
	enum err err = send_bytes(channel, &order, DEPLOY_RECORD, d->program.record.p,
				  d->program.record.size);

	if (err == E_OK)
		err = send_bytes(channel, &order, DEPLOY_MODULE, module->p, module->size);
	if (err == E_OK)
		err = send_items(channel, &order, DEPLOY_FILE, d->inputs, d->input_count);
	if (err == E_OK)
		err = send_items(channel, &order, DEPLOY_KEY, d->secrets, d->secret_count);
	if (err == E_OK && d->has_input)
		err = send_bytes(channel, &order, DEPLOY_STDIN, d->input.p, d->input.size);
	if (err == E_OK)
		err = send_bytes(channel, &order, DEPLOY_START, "", 0);
	return err;
}
