/*
 * The anchors that are there: in memory, and in a file.
 * Trust: the anchor's file is read as any device is: its records are believed when their MAC holds. That
 * nobody puts an older file back is the medium's promise, not ours.
 * Invariant: the record that counts is never written over: the next one goes to the other place, and
 * is synced before put returns.
 */
#include "volume/anchor.h"

#include <string.h>

#include "base/reader.h"
#include "base/wipe.h"
#include "base/writer.h"
#include "crypto/hkdf.h"
#include "crypto/hmac.h"
#include "volume/rule.h"

/* ---- pinned ---- */

static enum err pin_get(void *context, const uint8_t id[VOLUME_ID_SIZE] UNUSED,
			struct volume_state *state)
{
	const struct volume_pin *pin = context;

	if (pin->state.sequence == 0)
		return E_NOT_FOUND;
	*state = pin->state;
	return E_OK;
}

static enum err pin_put(void *context, const uint8_t id[VOLUME_ID_SIZE] UNUSED,
			const struct volume_state *state)
{
	struct volume_pin *pin = context;

	pin->state = *state;
	return E_OK;
}

void volume_pin_init(struct volume_pin *pin, const struct volume_state *state)
{
	*pin = (struct volume_pin){.anchor = {.context = pin, .get = pin_get, .put = pin_put},
				   .state = *state};
}

/* ---- file ---- */

#define RECORD_MAC_OFF (VOLUME_ANCHOR_SLOT - HMAC_SIZE)

static const uint8_t g_magic[8] = {'R', 'T', 'W', 'A', 'N', 'C', '1', 0};

struct record {
	uint8_t id[VOLUME_ID_SIZE];
	uint64_t counter;
	struct volume_state state;
};

static void record_encode(uint8_t out[VOLUME_ANCHOR_SLOT], const struct record *record,
			  const uint8_t key[HMAC_SIZE])
{
	struct writer w;

	memset(out, 0, VOLUME_ANCHOR_SLOT);
	writer_init(&w, out, RECORD_MAC_OFF);
	writer_bytes(&w, g_magic, sizeof(g_magic));
	writer_bytes(&w, record->id, sizeof(record->id));
	writer_u64(&w, record->counter);
	writer_u64(&w, record->state.sequence);
	writer_bytes(&w, record->state.root, sizeof(record->state.root));
	hmac_sha256(out + RECORD_MAC_OFF, key, HMAC_SIZE, out, RECORD_MAC_OFF);
}

/* All that the MAC covers was written by us if it holds. */
static bool record_decode(struct record *record, const uint8_t in[VOLUME_ANCHOR_SLOT],
			  const uint8_t key[HMAC_SIZE])
{
	uint8_t mac[HMAC_SIZE];
	struct reader r;

	hmac_sha256(mac, key, HMAC_SIZE, in, RECORD_MAC_OFF);
	if (!volume_holds(ANCHOR_MAC, equal_ct(mac, in + RECORD_MAC_OFF, sizeof(mac))))
		return false;
	reader_init(&r, in, RECORD_MAC_OFF);
	if (memcmp(reader_take(&r, sizeof(g_magic)), g_magic, sizeof(g_magic)) != 0)
		return false;
	reader_bytes(&r, record->id, sizeof(record->id));
	record->counter = reader_u64(&r);
	record->state.sequence = reader_u64(&r);
	reader_bytes(&r, record->state.root, sizeof(record->state.root));
	return record->counter != 0 && record->state.sequence != 0;
}

/* The newest record, if there is one. One that the file holds and that cannot be read is an error: the one before
 * would be taken for it. */
static enum err file_newest(const struct volume_anchor_file *file, struct record *newest,
			    bool *found)
{
	const struct volume_device *d = &file->device;
	uint8_t bytes[VOLUME_ANCHOR_SLOT];
	struct record record;
	uint64_t size = 0;
	enum err err = d->size(d->context, &size);

	*found = false;
	for (uint64_t i = 0; i < 2 && err == E_OK && i < size / sizeof(bytes); i++) {
		err = d->read(d->context, bytes, i * sizeof(bytes), sizeof(bytes));
		if (err != E_OK || !record_decode(&record, bytes, file->key))
			continue;
		if (!*found || record.counter > newest->counter)
			*newest = record;
		*found = true;
	}
	return err;
}

/* E_NOT_FOUND, which fails a mount: there is no record of this volume. */
static enum err file_get(void *context, const uint8_t id[VOLUME_ID_SIZE],
			 struct volume_state *state)
{
	struct volume_anchor_file *file = context;
	struct record newest;
	bool found;
	const enum err err = file_newest(file, &newest, &found);

	if (err != E_OK)
		return err;
	if (!found || memcmp(newest.id, id, VOLUME_ID_SIZE) != 0)
		return E_NOT_FOUND;
	file->counter = newest.counter;
	*state = newest.state;
	return E_OK;
}

/* The counter's lowest bit says which place it is. */
static enum err file_put(void *context, const uint8_t id[VOLUME_ID_SIZE],
			 const struct volume_state *state)
{
	struct volume_anchor_file *file = context;
	struct record record = {.counter = file->counter + 1, .state = *state};
	uint8_t bytes[VOLUME_ANCHOR_SLOT];

	if (file->counter == UINT64_MAX)
		return E_LIMIT;
	memcpy(record.id, id, VOLUME_ID_SIZE);
	record_encode(bytes, &record, file->key);
	enum err err = file->device.write(file->device.context, bytes,
					  (record.counter & 1) * VOLUME_ANCHOR_SLOT, sizeof(bytes));

	if (err == E_OK)
		err = file->device.sync(file->device.context);
	if (err == E_OK)
		file->counter = record.counter;
	return err;
}

enum err volume_anchor_file_init(struct volume_anchor_file *file,
				 const struct volume_device *device,
				 const uint8_t id[VOLUME_ID_SIZE],
				 const uint8_t master[VOLUME_KEY_SIZE])
{
	static const char label[] = "retwine.volume.anchor.v1";

	*file = (struct volume_anchor_file){
		.anchor = {.context = file, .get = file_get, .put = file_put}, .device = *device};
	return hkdf_sha256(file->key, sizeof(file->key), id, VOLUME_ID_SIZE, master,
			   VOLUME_KEY_SIZE, label, sizeof(label) - 1);
}

void volume_anchor_file_fini(struct volume_anchor_file *file)
{
	wipe(file->key, sizeof(file->key));
}

enum err volume_anchor_file_is_new(const struct volume_device *device)
{
	uint64_t size;
	const enum err err = device->size(device->context, &size);

	if (err != E_OK)
		return err;
	return size == 0 ? E_OK : E_VOLUME_ANCHOR;
}
