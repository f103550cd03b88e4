/*
 * The header of a volume for its owner: slots listed, added, dropped; and for anybody, what stands in
 * clear.
 * Trust: without a key nothing of a header is believed, and what is said of it says so.
 * Invariant: a header that is written has a slot of an owner, unless it had none or somebody insists.
 */
#include <stdlib.h>
#include <string.h>

#include "host/base/report.h"
#include "host/base/words.h"
#include "host/inspect.h"
#include "host/key_file.h"
#include "host/volume/keys.h"
#include "host/volume/volume.h"
#include "volume/file_name.h"

#define VOLUME_HEADER_MAGIC "RTWVOL1" /* and its NUL: volume/header.h */

/* ---- documents ---- */

static void report_seal(struct report *r, json_t *o, const struct volume_seal_policy *p)
{
	const bool signer = p->by == VOLUME_SEAL_SIGNER;

	report_words(r, o, "platform", p->platform == VOLUME_PLATFORM_SGX ? "sgx" : "unknown");
	report_words(r, o, "opens_for",
		     signer ? "images of the same signer and product, from svn on"
			    : "the same image");
	report_words(r, o, "bound_to",
		     p->bind_launch ? "one start: program, arguments, variables" : "the program");
	report_number(r, o, "isv_prod_id", p->product);
	report_number(r, o, "isv_svn", p->svn);
}

static bool is_insecure(const struct volume_slot_info *info)
{
	const size_t size = sizeof(VOLUME_INSECURE_KEY_ID) - 1;

	return info->key_id_size == size && memcmp(info->key_id, VOLUME_INSECURE_KEY_ID, size) == 0;
}

static void report_slot(struct report *r, json_t *slots, uint32_t number,
			const struct volume_slot *slot)
{
	json_t *o = report_object(r, slots, NULL);
	struct volume_slot_info info;

	report_number(r, o, "slot", number);
	if (volume_slot_info(&info, slot) != E_OK) {
		report_words(r, o, "kind", "unknown");
		return;
	}
	switch (info.kind) {
	case VOLUME_SLOT_SEAL:
		report_words(r, o, "kind", "seal");
		report_seal(r, o, &info.seal);
		break;
	case VOLUME_SLOT_OWNER:
		report_words(r, o, "kind", "owner");
		report_hex(r, o, "public_key", info.owner, sizeof(info.owner));
		break;
	case VOLUME_SLOT_PROVISIONED:
		report_words(r, o, "kind",
			     is_insecure(&info) ? "INSECURE key file" : "provisioned");
		report_text(r, o, "key", info.key_id, info.key_id_size);
		break;
	default:
		report_words(r, o, "kind", "unknown");
		break;
	}
}

static void report_header(struct report *r, const struct volume_header *header, bool authentic)
{
	report_words(r, r->root, "kind", "volume");
	report_bool(r, r->root, "authentic", authentic);
	if (!authentic)
		report_words(r, r->root, "note",
			     "no key was used: whoever can write the file can write all of this");
	report_hex(r, r->root, "volume_id", header->id, sizeof(header->id));
	report_number(r, r->root, "header_sequence", header->sequence);
	json_t *slots = report_array(r, r->root, "slots");

	for (uint32_t i = 0; i < header->slot_count; i++)
		report_slot(r, slots, i, &header->slots[i]);
}

bool inspect_is_volume(const char *path)
{
	uint8_t magic[sizeof(VOLUME_HEADER_MAGIC)];
	struct volume_file file;

	if (volume_file_open(&file, path, VOLUME_FILE_LOOK, NULL) != RETWINE_OK)
		return false;
	const struct volume_device device = volume_file_device(&file);
	const enum err err = device.read(device.context, magic, 0, sizeof(magic));

	volume_file_close(&file);
	return err == E_OK && memcmp(magic, VOLUME_HEADER_MAGIC, sizeof(magic)) == 0;
}

enum retwine_code inspect_volume(struct report *r, const char *path, struct retwine_error *error)
{
	struct volume_file file;
	struct volume_headers *headers = calloc(1, sizeof(*headers));
	enum retwine_code code = headers ? volume_file_open(&file, path, VOLUME_FILE_LOOK, error)
					 : error_no_memory(error);

	if (code == RETWINE_OK) {
		const struct volume_device device = volume_file_device(&file);
		const enum err err = volume_headers_read(headers, &device);

		if (err == E_OK) {
			report_header(r, &headers->copy[0], false);
			report_number(r, r->root, "header_copies", headers->count);
		} else {
			code = error_set(error, RETWINE_INPUT, "%.300s: %s", path, words_err(err));
		}
		volume_file_close(&file);
	}
	free(headers);
	return code;
}

enum retwine_code retwine_volume_inspect(const char *path, enum retwine_format format, char **text,
					 struct retwine_error *error)
{
	struct report r;

	report_init(&r);
	const enum retwine_code code = inspect_volume(&r, path, error);

	if (code == RETWINE_OK)
		return report_finish(&r, format, false, text, error);
	report_fini(&r);
	return code;
}

enum retwine_code retwine_volume_file_name(const char *key_file, const char *label, char **name,
					   struct retwine_error *error)
{
	const size_t label_size = strlen(label);
	uint8_t *key = NULL;
	size_t size = 0;

	if (label_size == 0 || label_size > VOLUME_KEY_ID_MAX)
		return error_set(error, RETWINE_USAGE,
				 "'%.100s' is no label of a volume: 1 to %u bytes", label,
				 VOLUME_KEY_ID_MAX);
	const enum retwine_code code = key_file_secret(&key, &size, key_file, error);

	if (code != RETWINE_OK)
		return code;
	*name = calloc(1, VOLUME_FILE_NAME + 2);
	if (*name) {
		volume_file_name(*name, key, size, label, label_size);
		(*name)[VOLUME_FILE_NAME] = '\n';
	}
	key_file_free(key, size);
	return *name ? RETWINE_OK : error_no_memory(error);
}

/* ---- rekey ---- */

static uint32_t count_owners(const struct volume_header *header)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < header->slot_count; i++)
		n += header->slots[i].kind == VOLUME_SLOT_OWNER;
	return n;
}

static int compare_down(const void *a, const void *b)
{
	const unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* From the highest down, since those behind a dropped one move up. */
static enum retwine_code drop_slots(struct volume_header *header, const unsigned *numbers,
				    size_t count, struct retwine_error *error)
{
	unsigned sorted[VOLUME_SLOTS_MAX];

	if (count > VOLUME_SLOTS_MAX)
		return error_set(error, RETWINE_USAGE, "a volume has at most %u slots",
				 VOLUME_SLOTS_MAX);
	for (size_t i = 0; i < count; i++)
		sorted[i] = numbers[i];
	qsort(sorted, count, sizeof(sorted[0]), compare_down);
	for (size_t i = 0; i < count; i++) {
		if (sorted[i] >= header->slot_count || (i > 0 && sorted[i] == sorted[i - 1]))
			return error_set(error, RETWINE_USAGE,
					 "there is no slot %u to drop, or it is named twice; the "
					 "volume has slots 0 to %u",
					 sorted[i], header->slot_count - 1);
	}
	for (size_t i = 0; i < count; i++)
		volume_header_drop(header, sorted[i]);
	return RETWINE_OK;
}

static enum retwine_code add_slots(const struct retwine_volume *volume,
				   struct volume_header *header,
				   const struct retwine_volume_slot *slots, size_t count,
				   struct retwine_error *error)
{
	enum retwine_code code = RETWINE_OK;

	for (size_t i = 0; code == RETWINE_OK && i < count; i++) {
		struct volume_slot slot;

		code = volume_keys_slot(&slot, &slots[i], header->id, volume->master, error);
		if (code == RETWINE_OK && volume_header_add(header, &slot) != E_OK)
			code = error_set(error, RETWINE_INPUT,
					 "the volume %.300s has %u key slots and no room for more; "
					 "drop one",
					 volume->path, VOLUME_SLOTS_MAX);
	}
	return code;
}

/* Is what is left enough? */
static enum retwine_code check_left(const struct volume_header *before,
				    const struct volume_header *after, bool force,
				    struct retwine_error *error)
{
	if (after->slot_count == 0)
		return error_set(error, RETWINE_USAGE,
				 "that would drop the last key slot, and nobody could open the "
				 "volume again; add one as well, or delete the file");
	if (count_owners(before) > 0 && count_owners(after) == 0 && !force)
		return error_set(error, RETWINE_USAGE,
				 "that would drop the last slot of an owner: the volume would open "
				 "only where its other slots do; --force does it");
	return RETWINE_OK;
}

static enum retwine_code rekey_header(struct retwine_volume *volume, struct volume_header *header,
				      const struct retwine_volume_rekey *rekey,
				      struct retwine_error *error)
{
	enum retwine_code code = drop_slots(header, rekey->drop, rekey->drop_count, error);

	if (code == RETWINE_OK)
		code = add_slots(volume, header, rekey->add, rekey->add_count, error);
	if (code == RETWINE_OK)
		code = check_left(volume->header, header, rekey->force, error);
	if (code != RETWINE_OK || (rekey->add_count == 0 && rekey->drop_count == 0))
		return code;
	const enum err err = volume_header_write(header, &volume->device, volume->master);

	return err == E_OK ? RETWINE_OK : volume_error(volume, "rekey", NULL, err, error);
}

enum retwine_code retwine_volume_rekey(const struct retwine_volume_options *options,
				       const struct retwine_volume_rekey *rekey,
				       enum retwine_format format, char **text,
				       struct retwine_error *error)
{
	struct retwine_volume_options opened = *options;
	struct retwine_volume *volume = NULL;
	struct volume_header *header = malloc(sizeof(*header));
	struct report r;

	opened.write = rekey->add_count > 0 || rekey->drop_count > 0;
	enum retwine_code code =
		header ? volume_open_header(&volume, &opened, error) : error_no_memory(error);

	if (code == RETWINE_OK) {
		*header = *volume->header;
		code = rekey_header(volume, header, rekey, error);
	}
	if (code == RETWINE_OK) {
		report_init(&r);
		report_header(&r, header, true);
		code = report_finish(&r, format, false, text, error);
	}
	retwine_volume_close(volume);
	free(header);
	return code;
}
