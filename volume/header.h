/*
 * The header of a volume: its id and its key slots, twice in the first 32 KiB of the file.
 *
 *   u8 magic[8] "RTWVOL1\0", u32 version, u32 slot count, u64 sequence, u8 id[16], zeros up to 64
 *   from 64 on VOLUME_SLOTS_MAX places of 528 bytes: u32 kind, u32 size, u64 zero, u8 blob[512]
 *   zeros up to 16352, HMAC-SHA256 over all before
 *
 * The key of the MAC comes from the master key, which a slot has to give first: so both copies are
 * parsed strictly before anything is known of them, and nothing of them is believed before the MAC
 * holds. The copy with the higher sequence whose MAC holds is the header. Whoever can write the file can
 * put an older header back, with a slot that was dropped since (doc/volume.md).
 */
#ifndef VOLUME_HEADER_H
#define VOLUME_HEADER_H

#include "volume/slot.h"

#define VOLUME_SLOTS_MAX 16u

/* About 8.5 KiB: not for a stack. */
struct volume_header {
	uint64_t sequence; /* from 1 */
	uint8_t id[VOLUME_ID_SIZE];
	uint32_t slot_count;
	struct volume_slot slots[VOLUME_SLOTS_MAX];
	uint8_t mac[VOLUME_HASH_SIZE]; /* as it was read */
	uint32_t place;		       /* which copy it was, 0 or 1 */
};

/* Both copies, those first that count more. */
struct volume_headers {
	struct volume_header copy[2];
	uint32_t count;
};

/*
 * Reads what there is of the two copies: 1 or 2 that can be parsed. Untrusted in content. Errors:
 * E_VOLUME_MAGIC: this is no volume; E_VOLUME_VERSION; E_VOLUME_HEADER: it is one, but neither copy has
 * the form; E_NOMEM and those of the device.
 */
MUST_USE enum err volume_headers_read(struct volume_headers *headers,
				      const struct volume_device *device);

/* One copy's bytes (VOLUME_HEADER_SIZE). E_VOLUME_MAGIC, E_VOLUME_VERSION, E_VOLUME_HEADER. */
MUST_USE enum err volume_header_decode(struct volume_header *header, const uint8_t *bytes);

/* Does the MAC hold under this master key? E_VOLUME_HEADER when not. */
MUST_USE enum err volume_header_check(const struct volume_header *header,
				      const uint8_t master[VOLUME_KEY_SIZE]);

/*
 * Finds the master key: the first copy with a slot that the ring opens and a MAC that holds then.
 * *header becomes it; *slot is the slot's index. E_VOLUME_KEY: no slot opens; E_VOLUME_HEADER: one
 * did, but the MAC does not hold. The caller wipes `master`.
 */
MUST_USE enum err volume_header_open(const struct volume_headers *headers,
				     const struct volume_keyring *ring,
				     const struct volume_header **header, uint32_t *slot,
				     uint8_t master[VOLUME_KEY_SIZE]);

/*
 * Makes *header the header of the file: first in the place that it was not read from, then in the
 * other one, each with a sync, so that one is whole at any time and none of the old slots is left in
 * the end. Counts the sequence up, sets mac and place. Errors: E_NOMEM and those of the device.
 */
MUST_USE enum err volume_header_write(struct volume_header *header,
				      const struct volume_device *device,
				      const uint8_t master[VOLUME_KEY_SIZE]);

/* E_VOLUME_SLOTS: all are taken. */
MUST_USE enum err volume_header_add(struct volume_header *header, const struct volume_slot *slot);
/* Drops slot `index`, which there is; those behind it move up. */
void volume_header_drop(struct volume_header *header, uint32_t index);

/*
 * A new volume: the commit of an empty file system, then the header. header->id and the slots are the
 * caller's, made for config->id, which is the same; sequence and place are set. config as for
 * volume_format. Errors of both; the file is in no good state then.
 */
MUST_USE enum err volume_header_create(struct volume_header *header,
				       const struct volume_config *config,
				       const uint8_t master[VOLUME_KEY_SIZE]);

#endif
