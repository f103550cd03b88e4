/*
 * Keyrings and slots for the owner's tools.
 * Trust: the files are the user's. Headers are not: their identifiers only choose under which names the
 * key is tried.
 */
#include "host/volume/keys.h"

#include <string.h>

#include "base/wipe.h"
#include "host/base/random.h"
#include "host/base/words.h"
#include "host/key_file.h"

static bool keys_have_id(const struct volume_keys *keys, const uint8_t *id, size_t size)
{
	for (size_t i = 0; i < keys->ring.secret_count; i++) {
		const struct volume_secret *s = &keys->secrets[i];

		if (s->id_size == size && memcmp(s->id, id, size) == 0)
			return true;
	}
	return false;
}

static void keys_add(struct volume_keys *keys, const uint8_t *id, size_t size)
{
	const size_t n = keys->ring.secret_count;

	if (n == VOLUME_KEYS_MAX || size > VOLUME_KEY_ID_MAX || keys_have_id(keys, id, size))
		return;
	memcpy(keys->ids[n], id, size);
	keys->secrets[n] = (struct volume_secret){
		.id = keys->ids[n],
		.id_size = size,
		.key = keys->secret,
		.key_size = keys->secret_size,
	};
	keys->ring.secrets = keys->secrets;
	keys->ring.secret_count = n + 1;
}

/* `insecure`: under the name of keys that the host has; otherwise under every other one. */
static void keys_add_all(struct volume_keys *keys, const struct volume_headers *headers,
			 bool insecure)
{
	const size_t size = sizeof(VOLUME_INSECURE_KEY_ID) - 1;

	if (insecure)
		keys_add(keys, (const uint8_t *)VOLUME_INSECURE_KEY_ID, size);
	for (uint32_t c = 0; !insecure && c < headers->count; c++) {
		for (uint32_t i = 0; i < headers->copy[c].slot_count; i++) {
			struct volume_slot_info info;

			if (volume_slot_info(&info, &headers->copy[c].slots[i]) == E_OK &&
			    info.kind == VOLUME_SLOT_PROVISIONED &&
			    !(info.key_id_size == size &&
			      memcmp(info.key_id, VOLUME_INSECURE_KEY_ID, size) == 0))
				keys_add(keys, info.key_id, info.key_id_size);
		}
	}
}

enum retwine_code volume_keys_init(struct volume_keys *keys, const struct retwine_volume_key *key,
				   const struct volume_headers *headers,
				   struct retwine_error *error)
{
	const char *file = key->key_file ? key->key_file : key->insecure_key_file;
	enum retwine_code code;

	*keys = (struct volume_keys){.ring = {.random = {.get = host_random}}};
	if (!!key->owner_key + !!key->key_file + !!key->insecure_key_file != 1)
		return error_set(error, RETWINE_USAGE,
				 "a volume is opened with one key: --owner-key, --key-file or "
				 "--insecure-key-file");
	if (key->owner_key) {
		code = key_file_private(keys->owner, key->owner_key, error);
		keys->ring.owner = keys->owner;
		return code;
	}
	code = key_file_secret(&keys->secret, &keys->secret_size, file, error);
	if (code == RETWINE_OK)
		keys_add_all(keys, headers, key->insecure_key_file != NULL);
	return code;
}

void volume_keys_fini(struct volume_keys *keys)
{
	key_file_free(keys->secret, keys->secret_size);
	wipe(keys, sizeof(*keys));
}

/* ---- new slots ---- */

static enum retwine_code slot_made(enum err err, struct retwine_error *error)
{
	if (err == E_OK)
		return RETWINE_OK;
	if (err == E_NOMEM)
		return error_no_memory(error);
	return error_set(error, err == E_INVALID ? RETWINE_USAGE : RETWINE_FAILED,
			 "cannot make a key slot: %s", words_err(err));
}

static enum retwine_code slot_for_owner(struct volume_slot *slot, const char *path,
					const uint8_t id[VOLUME_ID_SIZE],
					const uint8_t master[VOLUME_KEY_SIZE],
					struct retwine_error *error)
{
	const struct crypto_random random = {.get = host_random};
	uint8_t owner[P256_PUBLIC_SIZE];
	const enum retwine_code code = key_file_public(owner, path, error);

	if (code != RETWINE_OK)
		return code;
	return slot_made(volume_slot_owner(slot, id, owner, &random, master), error);
}

static enum retwine_code slot_for_secret(struct volume_slot *slot, const char *name,
					 const char *path, const uint8_t id[VOLUME_ID_SIZE],
					 const uint8_t master[VOLUME_KEY_SIZE],
					 struct retwine_error *error)
{
	const struct crypto_random random = {.get = host_random};
	uint8_t *key = NULL;
	size_t size = 0;
	enum retwine_code code = key_file_secret(&key, &size, path, error);

	if (code != RETWINE_OK)
		return code;
	const struct volume_secret secret = {
		.id = name, .id_size = strlen(name), .key = key, .key_size = size};

	code = slot_made(volume_slot_provisioned(slot, id, &secret, &random, master), error);
	key_file_free(key, size);
	return code;
}

enum retwine_code volume_keys_slot(struct volume_slot *slot,
				   const struct retwine_volume_slot *wanted,
				   const uint8_t id[VOLUME_ID_SIZE],
				   const uint8_t master[VOLUME_KEY_SIZE],
				   struct retwine_error *error)
{
	if (!!wanted->owner + !!wanted->key_file + !!wanted->insecure_key_file != 1)
		return error_set(error, RETWINE_USAGE, "a key slot is for one key");
	if (wanted->owner)
		return slot_for_owner(slot, wanted->owner, id, master, error);
	if (wanted->insecure_key_file)
		return slot_for_secret(slot, VOLUME_INSECURE_KEY_ID, wanted->insecure_key_file, id,
				       master, error);
	const size_t n = wanted->id ? strlen(wanted->id) : 0;

	if (n == 0 || n > VOLUME_KEY_ID_MAX || strcmp(wanted->id, VOLUME_INSECURE_KEY_ID) == 0)
		return error_set(error, RETWINE_USAGE,
				 "'%s' is no name for a provisioned key: 1 to %u bytes, and not %s",
				 wanted->id ? wanted->id : "", VOLUME_KEY_ID_MAX,
				 VOLUME_INSECURE_KEY_ID);
	return slot_for_secret(slot, wanted->id, wanted->key_file, id, master, error);
}
