/*
 * The header's bytes, read and written.
 * Trust: what is read is the host's until its MAC holds. Counts and sizes are bounded by the layout,
 * which is fixed; what a runtime of this version does not write is refused.
 * Invariant: what volume_header_decode accepts, header_encode writes again byte for byte: so the MAC
 * is computed over the decoded header, and the bytes need not be kept.
 */
#include "volume/header.h"

#include <assert.h>
#include <string.h>

#include "base/heap.h"
#include "base/reader.h"
#include "base/wipe.h"
#include "base/writer.h"
#include "crypto/hkdf.h"
#include "crypto/hmac.h"
#include "volume/format.h"
#include "volume/rule.h"

#define HEADER_MAGIC_SIZE 8u
#define HEADER_SLOTS_OFF  64u
#define HEADER_SLOT_SIZE  528u
#define HEADER_MAC_OFF	  (VOLUME_HEADER_SIZE - VOLUME_HASH_SIZE)

static_assert(HEADER_SLOT_SIZE == 16 + VOLUME_SLOT_MAX, "a slot's place");
static_assert(HEADER_SLOTS_OFF + VOLUME_SLOTS_MAX * HEADER_SLOT_SIZE <= HEADER_MAC_OFF, "all fit");

static const uint8_t g_magic[HEADER_MAGIC_SIZE] = {'R', 'T', 'W', 'V', 'O', 'L', '1', 0};

static bool all_zero(const uint8_t *p, size_t n)
{
	uint8_t any = 0;

	for (size_t i = 0; i < n; i++)
		any |= p[i];
	return any == 0;
}

/* ---- encoding ---- */

static void slot_encode(uint8_t out[HEADER_SLOT_SIZE], const struct volume_slot *slot)
{
	struct writer w;

	must(slot->size <= VOLUME_SLOT_MAX);
	writer_init(&w, out, HEADER_SLOT_SIZE);
	writer_u32(&w, (uint32_t)slot->kind);
	writer_u32(&w, slot->size);
	writer_u64(&w, 0);
	writer_bytes(&w, slot->blob, slot->size);
}

/* All but the MAC, into zeros. */
static void header_encode(uint8_t out[VOLUME_HEADER_SIZE], const struct volume_header *header)
{
	struct writer w;

	must(header->slot_count <= VOLUME_SLOTS_MAX);
	writer_init(&w, out, HEADER_SLOTS_OFF);
	writer_bytes(&w, g_magic, sizeof(g_magic));
	writer_u32(&w, VOLUME_VERSION);
	writer_u32(&w, header->slot_count);
	writer_u64(&w, header->sequence);
	writer_bytes(&w, header->id, VOLUME_ID_SIZE);
	for (uint32_t i = 0; i < header->slot_count; i++)
		slot_encode(out + HEADER_SLOTS_OFF + i * HEADER_SLOT_SIZE, &header->slots[i]);
}

/* ---- decoding ---- */

static bool slot_decode(struct volume_slot *slot, const uint8_t in[HEADER_SLOT_SIZE])
{
	struct volume_slot_info info;
	struct reader r;

	reader_init(&r, in, HEADER_SLOT_SIZE);
	const uint32_t kind = reader_u32(&r), size = reader_u32(&r);
	const uint64_t zero = reader_u64(&r);

	if (kind >= VOLUME_SLOT_END || size > VOLUME_SLOT_MAX || zero != 0)
		return false;
	*slot = (struct volume_slot){.kind = kind, .size = size};
	reader_bytes(&r, slot->blob, size);
	return volume_holds(HEADER_FIELDS, all_zero(r.p, r.left)) &&
	       volume_slot_info(&info, slot) == E_OK;
}

static bool slots_decode(struct volume_header *header, const uint8_t *bytes)
{
	for (uint32_t i = 0; i < header->slot_count; i++) {
		if (!slot_decode(&header->slots[i],
				 bytes + HEADER_SLOTS_OFF + i * HEADER_SLOT_SIZE))
			return false;
	}
	const size_t end = HEADER_SLOTS_OFF + header->slot_count * HEADER_SLOT_SIZE;

	return volume_holds(HEADER_FIELDS, all_zero(bytes + end, HEADER_MAC_OFF - end));
}

enum err volume_header_decode(struct volume_header *header, const uint8_t *bytes)
{
	struct reader r;

	memset(header, 0, sizeof(*header));
	reader_init(&r, bytes, HEADER_SLOTS_OFF);
	if (memcmp(reader_take(&r, sizeof(g_magic)), g_magic, sizeof(g_magic)) != 0)
		return E_VOLUME_MAGIC;
	if (reader_u32(&r) != VOLUME_VERSION)
		return E_VOLUME_VERSION;
	header->slot_count = reader_u32(&r);
	header->sequence = reader_u64(&r);
	reader_bytes(&r, header->id, VOLUME_ID_SIZE);
	if (header->slot_count > VOLUME_SLOTS_MAX)
		return E_VOLUME_HEADER;
	if (!volume_holds(HEADER_FIELDS, header->sequence != 0 && all_zero(r.p, r.left)) ||
	    !slots_decode(header, bytes))
		return E_VOLUME_HEADER;
	memcpy(header->mac, bytes + HEADER_MAC_OFF, VOLUME_HASH_SIZE);
	return E_OK;
}

/* ---- the MAC ---- */

static void header_mac(uint8_t mac[VOLUME_HASH_SIZE], const uint8_t bytes[VOLUME_HEADER_SIZE],
		       const uint8_t id[VOLUME_ID_SIZE], const uint8_t master[VOLUME_KEY_SIZE])
{
	static const char label[] = "retwine.volume.header.v1";
	uint8_t key[HMAC_SIZE];

	must(hkdf_sha256(key, sizeof(key), id, VOLUME_ID_SIZE, master, VOLUME_KEY_SIZE, label,
			 sizeof(label) - 1) == E_OK);
	hmac_sha256(mac, key, sizeof(key), bytes, HEADER_MAC_OFF);
	wipe(key, sizeof(key));
}

enum err volume_header_check(const struct volume_header *header,
			     const uint8_t master[VOLUME_KEY_SIZE])
{
	uint8_t mac[VOLUME_HASH_SIZE];
	uint8_t *bytes = heap_alloc(VOLUME_HEADER_SIZE);

	if (!bytes)
		return E_NOMEM;
	header_encode(bytes, header);
	header_mac(mac, bytes, header->id, master);
	heap_free(bytes);
	return volume_holds(HEADER_MAC, equal_ct(mac, header->mac, sizeof(mac))) ? E_OK
										 : E_VOLUME_HEADER;
}

/* ---- the file ---- */

/* Which of two errors says more: that it is a volume, that it is a newer one. */
static enum err worse(enum err a, enum err b)
{
	if (a == E_OK || a == E_VOLUME_MAGIC)
		return b;
	return b == E_VOLUME_MAGIC || a == E_VOLUME_VERSION ? a : b;
}

static enum err header_read_copy(struct volume_headers *headers, uint8_t *bytes, uint32_t place,
				 const struct volume_device *device)
{
	struct volume_header *header = &headers->copy[headers->count];
	enum err err = device->read(device->context, bytes, (uint64_t)place * VOLUME_HEADER_SIZE,
				    VOLUME_HEADER_SIZE);

	if (err == E_OK)
		err = volume_header_decode(header, bytes);
	if (err == E_OK) {
		header->place = place;
		headers->count++;
	}
	return err;
}

/* A file that is too short has no copy there. */
static bool is_verdict(enum err err)
{
	return err == E_OK || err == E_IO || err == E_VOLUME_MAGIC || err == E_VOLUME_VERSION ||
	       err == E_VOLUME_HEADER;
}

static void headers_swap(struct volume_headers *headers, uint8_t *scratch)
{
	static_assert(sizeof(headers->copy[0]) <= VOLUME_HEADER_SIZE, "one fits the scratch");
	memcpy(scratch, &headers->copy[0], sizeof(headers->copy[0]));
	headers->copy[0] = headers->copy[1];
	memcpy(&headers->copy[1], scratch, sizeof(headers->copy[0]));
}

enum err volume_headers_read(struct volume_headers *headers, const struct volume_device *device)
{
	uint8_t *bytes = heap_alloc(VOLUME_HEADER_SIZE);
	enum err first, second;

	headers->count = 0;
	if (!bytes)
		return E_NOMEM;
	first = header_read_copy(headers, bytes, 0, device);
	second = is_verdict(first) ? header_read_copy(headers, bytes, 1, device) : first;
	if (headers->count == 2 && headers->copy[1].sequence > headers->copy[0].sequence)
		headers_swap(headers, bytes);
	heap_free(bytes);
	if (!is_verdict(first) || !is_verdict(second))
		return is_verdict(first) ? second : first;
	if (headers->count != 0)
		return E_OK;
	return first == E_IO && second == E_IO ? E_VOLUME_MAGIC
					       : worse(first == E_IO ? E_VOLUME_MAGIC : first,
						       second == E_IO ? E_VOLUME_MAGIC : second);
}

/* One copy: E_OK with a key that fits it. */
static enum err header_open_copy(const struct volume_header *header,
				 const struct volume_keyring *ring, uint32_t *slot,
				 uint8_t master[VOLUME_KEY_SIZE])
{
	enum err found = E_VOLUME_KEY;

	for (uint32_t i = 0; i < header->slot_count; i++) {
		enum err err = volume_slot_open(&header->slots[i], header->id, ring, master);

		if (err == E_OK) {
			err = volume_header_check(header, master);
			*slot = i;
		}
		if (err == E_OK)
			return E_OK;
		wipe(master, VOLUME_KEY_SIZE);
		if (err != E_VOLUME_KEY && err != E_VOLUME_HEADER)
			return err;
		if (err == E_VOLUME_HEADER)
			found = err;
	}
	return found;
}

enum err volume_header_open(const struct volume_headers *headers, const struct volume_keyring *ring,
			    const struct volume_header **header, uint32_t *slot,
			    uint8_t master[VOLUME_KEY_SIZE])
{
	enum err found = E_VOLUME_KEY;

	for (uint32_t i = 0; i < headers->count; i++) {
		const enum err err = header_open_copy(&headers->copy[i], ring, slot, master);

		if (err == E_OK)
			*header = &headers->copy[i];
		if (err != E_VOLUME_KEY && err != E_VOLUME_HEADER)
			return err;
		if (err == E_VOLUME_HEADER)
			found = err;
	}
	return found;
}

static enum err header_write_copy(const uint8_t *bytes, uint32_t place,
				  const struct volume_device *device)
{
	const enum err err = device->write(
		device->context, bytes, (uint64_t)place * VOLUME_HEADER_SIZE, VOLUME_HEADER_SIZE);

	return err == E_OK ? device->sync(device->context) : err;
}

enum err volume_header_write(struct volume_header *header, const struct volume_device *device,
			     const uint8_t master[VOLUME_KEY_SIZE])
{
	uint8_t *bytes = heap_alloc(VOLUME_HEADER_SIZE);
	const uint32_t other = header->place ^ 1;

	if (!bytes)
		return E_NOMEM;
	if (header->sequence == UINT64_MAX) {
		heap_free(bytes);
		return E_LIMIT;
	}
	header->sequence++;
	header_encode(bytes, header);
	header_mac(header->mac, bytes, header->id, master);
	memcpy(bytes + HEADER_MAC_OFF, header->mac, VOLUME_HASH_SIZE);
	enum err err = header_write_copy(bytes, other, device);

	if (err == E_OK)
		err = header_write_copy(bytes, header->place, device);
	heap_free(bytes);
	return err;
}

enum err volume_header_add(struct volume_header *header, const struct volume_slot *slot)
{
	if (header->slot_count == VOLUME_SLOTS_MAX)
		return E_VOLUME_SLOTS;
	header->slots[header->slot_count++] = *slot;
	return E_OK;
}

void volume_header_drop(struct volume_header *header, uint32_t index)
{
	must(index < header->slot_count);
	header->slot_count--;
	for (uint32_t i = index; i < header->slot_count; i++)
		header->slots[i] = header->slots[i + 1];
	wipe(&header->slots[header->slot_count], sizeof(header->slots[0]));
}

enum err volume_header_create(struct volume_header *header, const struct volume_config *config,
			      const uint8_t master[VOLUME_KEY_SIZE])
{
	must(memcmp(header->id, config->id, VOLUME_ID_SIZE) == 0);
	header->sequence = 0;
	header->place = 1;
	const enum err err = volume_format(config, master);

	return err == E_OK ? volume_header_write(header, &config->device, master) : err;
}
