/* The user's keys for volumes, out of files: to open slots with, and to make slots for. */
#ifndef HOST_VOLUME_KEYS_H
#define HOST_VOLUME_KEYS_H

#include "include/retwine.h"
#include "volume/header.h"

#define VOLUME_KEYS_MAX ((size_t)2 * VOLUME_SLOTS_MAX)

/* Zeroed is valid to fini; large, and not to be moved. */
struct volume_keys {
	uint8_t owner[P256_PRIVATE_SIZE];
	uint8_t *secret; /* owned */
	size_t secret_size;
	uint8_t ids[VOLUME_KEYS_MAX][VOLUME_KEY_ID_MAX];
	struct volume_secret secrets[VOLUME_KEYS_MAX];
	struct volume_keyring ring; /* points into the rest */
};

/* Reads the key's file and fits it to the slots that there are: a provisioned key is tried under every
 * identifier. RETWINE_USAGE: not exactly one key. */
MUST_USE enum retwine_code volume_keys_init(struct volume_keys *keys,
					    const struct retwine_volume_key *key,
					    const struct volume_headers *headers,
					    struct retwine_error *error);
/* Wipes. */
void volume_keys_fini(struct volume_keys *keys);

/* Makes a slot as it is asked for. */
MUST_USE enum retwine_code volume_keys_slot(struct volume_slot *slot,
					    const struct retwine_volume_slot *wanted,
					    const uint8_t id[VOLUME_ID_SIZE],
					    const uint8_t master[VOLUME_KEY_SIZE],
					    struct retwine_error *error);

#endif
