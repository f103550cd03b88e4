/*
 * The header of a volume: what is refused before the key is known, that nothing is believed before the MAC
 * holds, which copy counts, and that a crash at any write leaves one.
 */
#include "volume/header.h"

#include <stdlib.h>

#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/lib/volume_disk.h"
#include "volume/format.h"

static uint8_t g_seed;

/* Not random: the same bytes each time, other ones at each call. */
static enum err counting(void *context UNUSED, void *out, size_t size)
{
	uint8_t *p = out;

	for (size_t i = 0; i < size; i++)
		p[i] = (uint8_t)(g_seed + i * 7);
	g_seed = (uint8_t)(g_seed + 61);
	return E_OK;
}

static const struct crypto_random g_random = {NULL, counting};
static const uint8_t g_master[VOLUME_KEY_SIZE] = {1, 2, 3};
static uint8_t g_secret_key[VOLUME_SECRET_MIN] = {9, 9, 9};
static const struct volume_secret g_secret = {"k", 1, g_secret_key, sizeof(g_secret_key)};

static struct volume_keyring ring(void)
{
	return (struct volume_keyring){.secrets = &g_secret, .secret_count = 1, .random = g_random};
}

static struct volume_disk g_disk;
static struct volume_device g_device;
static struct volume_header g_header;
static struct volume_headers g_headers;

static struct volume_slot slot_of(const struct volume_secret *secret,
				  const uint8_t id[VOLUME_ID_SIZE])
{
	struct volume_slot slot;

	CHECK_EQ(volume_slot_provisioned(&slot, id, secret, &g_random, g_master), E_OK);
	return slot;
}

/* A header with one slot, in both places. */
static void set_up(void)
{
	disk_init(&g_disk);
	g_device = disk_device(&g_disk);
	g_header = (struct volume_header){.id = {5, 6, 7}, .place = 1};
	const struct volume_slot slot = slot_of(&g_secret, g_header.id);

	CHECK_EQ(volume_header_add(&g_header, &slot), E_OK);
	CHECK_EQ(volume_header_write(&g_header, &g_device, g_master), E_OK);
}

static void tear_down(void)
{
	disk_fini(&g_disk);
}

/* Reads and opens what is on the disk. */
static enum err open_with(const struct volume_keyring *keys, const struct volume_header **header)
{
	uint8_t master[VOLUME_KEY_SIZE];
	uint32_t slot;
	enum err err = volume_headers_read(&g_headers, &g_device);

	if (err == E_OK)
		err = volume_header_open(&g_headers, keys, header, &slot, master);
	if (err == E_OK)
		CHECK(memcmp(master, g_master, sizeof(master)) == 0);
	return err;
}

static enum err open_disk(void)
{
	const struct volume_header *header;
	const struct volume_keyring keys = ring();

	return open_with(&keys, &header);
}

TEST(a_header_comes_back)
{
	const struct volume_header *header = NULL;
	const struct volume_keyring keys = ring();

	set_up();
	CHECK_EQ(open_with(&keys, &header), E_OK);
	CHECK(header && header->sequence == 1 && header->slot_count == 1);
	CHECK(header && memcmp(header->id, g_header.id, VOLUME_ID_SIZE) == 0);
	CHECK(memcmp(g_disk.image.bytes, g_disk.image.bytes + VOLUME_HEADER_SIZE,
		     VOLUME_HEADER_SIZE) == 0);
	tear_down();
}

/* Each byte of both copies, changed the same way: the form refuses it or the MAC does, and what is in a slot, the
 * slot. */
TEST(no_byte_of_a_header_can_be_changed)
{
	size_t refused = 0;

	set_up();
	for (size_t i = 0; i < VOLUME_HEADER_SIZE; i++) {
		for (size_t copy = 0; copy < 2; copy++)
			g_disk.image.bytes[copy * VOLUME_HEADER_SIZE + i] ^= 0x10;
		const enum err err = open_disk();

		refused += err == E_VOLUME_MAGIC || err == E_VOLUME_VERSION ||
			   err == E_VOLUME_HEADER || err == E_VOLUME_KEY;
		for (size_t copy = 0; copy < 2; copy++)
			g_disk.image.bytes[copy * VOLUME_HEADER_SIZE + i] ^= 0x10;
	}
	CHECK_EQ(refused, VOLUME_HEADER_SIZE);
	CHECK_EQ(open_disk(), E_OK);
	tear_down();
}

/* What no slot depends on is the MAC's to keep: here the sequence number. */
TEST(a_header_is_not_believed_without_its_mac)
{
	set_up();
	g_disk.image.bytes[16] = 9;
	g_disk.image.bytes[VOLUME_HEADER_SIZE + 16] = 9;
	CHECK_EQ(open_disk(), E_VOLUME_HEADER);
	tear_down();
}

TEST(one_copy_is_enough_and_the_other_may_be_anything)
{
	for (size_t copy = 0; copy < 2; copy++) {
		set_up();
		uint8_t *p = g_disk.image.bytes + copy * VOLUME_HEADER_SIZE;

		memset(p, 0, VOLUME_HEADER_SIZE);
		CHECK_EQ(open_disk(), E_OK);
		memset(p, 0xff, VOLUME_HEADER_SIZE);
		CHECK_EQ(open_disk(), E_OK);
		memcpy(p, g_disk.image.bytes + (1 - copy) * VOLUME_HEADER_SIZE, VOLUME_HEADER_SIZE);
		memset(p + 16, 0xee, 8); /* a high sequence number, that nobody signed */
		CHECK_EQ(open_disk(), E_OK);
		tear_down();
	}
}

TEST(the_form_of_a_header_is_strict)
{
	static const struct {
		size_t off;
		uint8_t value;
		enum err err;
	} cases[] = {
		{0, 'X', E_VOLUME_MAGIC},	{7, 1, E_VOLUME_MAGIC},
		{8, 0, E_VOLUME_VERSION},	{8, 2, E_VOLUME_VERSION},
		{11, 1, E_VOLUME_VERSION},	{12, 0, E_VOLUME_HEADER},
		{12, 2, E_VOLUME_HEADER},	{12, VOLUME_SLOTS_MAX + 1, E_VOLUME_HEADER},
		{15, 0x80, E_VOLUME_HEADER},	{16, 0, E_VOLUME_HEADER},
		{40, 1, E_VOLUME_HEADER},	{63, 1, E_VOLUME_HEADER},
		{64, 0, E_VOLUME_HEADER},	{64, VOLUME_SLOT_END, E_VOLUME_HEADER},
		{67, 1, E_VOLUME_HEADER},	{68, 0, E_VOLUME_HEADER},
		{70, 0xff, E_VOLUME_HEADER},	{72, 1, E_VOLUME_HEADER},
		{79, 1, E_VOLUME_HEADER},	{64 + 16 + 157, 1, E_VOLUME_HEADER},
		{64 + 527, 1, E_VOLUME_HEADER}, {64 + 528, 1, E_VOLUME_HEADER},
		{16351, 1, E_VOLUME_HEADER},
	};
	static uint8_t bytes[VOLUME_HEADER_SIZE];

	set_up();
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		memcpy(bytes, g_disk.image.bytes, sizeof(bytes));
		CHECK_EQ(volume_header_decode(&g_header, bytes), E_OK);
		bytes[cases[i].off] = cases[i].value;
		CHECK_EQ(volume_header_decode(&g_header, bytes), cases[i].err);
	}
	tear_down();
}

TEST(a_file_that_is_short_is_no_volume)
{
	static const uint64_t sizes[] = {0, 1, 4096, VOLUME_HEADER_SIZE - 1};

	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		set_up();
		disk_image_resize(&g_disk.image, sizes[i]);
		CHECK_EQ(open_disk(), E_VOLUME_MAGIC);
		tear_down();
	}
	set_up();
	disk_image_resize(&g_disk.image, VOLUME_HEADER_SIZE); /* one copy is there */
	CHECK_EQ(open_disk(), E_OK);
	tear_down();
}

TEST(the_newer_header_counts)
{
	static const struct volume_secret other = {"other", 5, g_secret_key, sizeof(g_secret_key)};
	struct volume_keyring keys = ring();
	const struct volume_header *header = NULL;

	set_up();
	const struct volume_slot slot = slot_of(&other, g_header.id);

	CHECK_EQ(volume_header_add(&g_header, &slot), E_OK);
	CHECK_EQ(volume_header_write(&g_header, &g_device, g_master), E_OK);
	keys.secrets = &other;
	CHECK_EQ(open_with(&keys, &header), E_OK);
	CHECK(header && header->sequence == 2 && header->slot_count == 2);
	volume_header_drop(&g_header, 0);
	CHECK_EQ(volume_header_write(&g_header, &g_device, g_master), E_OK);
	CHECK_EQ(open_with(&keys, &header), E_OK);
	CHECK(header && header->sequence == 3 && header->slot_count == 1);
	CHECK_EQ(open_disk(), E_VOLUME_KEY); /* in neither copy is the slot that was dropped */
	tear_down();
}

/* A crash between the two writes: the newer one counts, wherever it stands. */
TEST(the_copy_with_the_higher_sequence_counts)
{
	struct volume_keyring keys = ring();
	const struct volume_header *header = NULL;
	struct disk_image before = {0};

	for (size_t old = 0; old < 2; old++) {
		set_up();
		disk_image_copy(&before, &g_disk.image);
		CHECK_EQ(volume_header_write(&g_header, &g_device, g_master), E_OK);
		memcpy(g_disk.image.bytes + old * VOLUME_HEADER_SIZE,
		       before.bytes + old * VOLUME_HEADER_SIZE, VOLUME_HEADER_SIZE);
		CHECK_EQ(open_with(&keys, &header), E_OK);
		CHECK(header && header->sequence == 2 && header->place == 1 - old);
		tear_down();
	}
	disk_image_free(&before);
}

TEST(a_header_with_seventeen_slots_is_refused)
{
	static uint8_t bytes[VOLUME_HEADER_SIZE];

	set_up();
	memcpy(bytes, g_disk.image.bytes, sizeof(bytes));
	for (size_t i = 1; i < VOLUME_SLOTS_MAX + 1; i++)
		memcpy(bytes + 64 + i * 528, bytes + 64, 528);
	bytes[12] = VOLUME_SLOTS_MAX + 1;
	CHECK_EQ(volume_header_decode(&g_header, bytes), E_VOLUME_HEADER);
	memset(bytes + 64 + (size_t)VOLUME_SLOTS_MAX * 528, 0, 528);
	bytes[12] = VOLUME_SLOTS_MAX;
	CHECK_EQ(volume_header_decode(&g_header, bytes), E_OK);
	tear_down();
}

/* At each write, whole, torn or missing, there is the old or the new header. */
TEST(a_crash_leaves_the_old_or_the_new_header)
{
	static const struct volume_secret other = {"other", 5, g_secret_key, sizeof(g_secret_key)};
	size_t states = 0;

	set_up();
	const struct volume_slot slot = slot_of(&other, g_header.id);
	struct disk_image before = {0};

	disk_image_copy(&before, &g_disk.image);
	g_disk.logging = true;
	CHECK_EQ(volume_header_add(&g_header, &slot), E_OK);
	CHECK_EQ(volume_header_write(&g_header, &g_device, g_master), E_OK);
	for (size_t end = 0; end < g_disk.log_count; end++) {
		for (int tear = DISK_WHOLE; tear < DISK_TEARS; tear++) {
			disk_image_copy(&g_disk.image, &before);
			for (size_t i = 0; i < end; i++)
				disk_apply(&g_disk.image, &g_disk.log[i]);
			disk_apply_torn(&g_disk.image, &g_disk.log[end], (enum disk_tear)tear);
			CHECK_EQ(open_disk(), E_OK);
			states++;
		}
	}
	CHECK(states >= 36);
	disk_image_free(&before);
	tear_down();
}

TEST(slots_are_sixteen_at_most)
{
	set_up();
	const struct volume_slot slot = slot_of(&g_secret, g_header.id);

	for (uint32_t i = 1; i < VOLUME_SLOTS_MAX; i++)
		CHECK_EQ(volume_header_add(&g_header, &slot), E_OK);
	CHECK_EQ(volume_header_add(&g_header, &slot), E_VOLUME_SLOTS);
	CHECK_EQ(volume_header_write(&g_header, &g_device, g_master), E_OK);
	CHECK_EQ(open_disk(), E_OK);
	CHECK_EQ(g_headers.copy[0].slot_count, VOLUME_SLOTS_MAX);
	for (uint32_t i = VOLUME_SLOTS_MAX; i > 0; i--)
		volume_header_drop(&g_header, i - 1);
	CHECK_EQ(volume_header_write(&g_header, &g_device, g_master), E_OK);
	CHECK_EQ(open_disk(), E_VOLUME_KEY);
	tear_down();
}

TEST(failures_of_the_device_and_of_memory_are_told)
{
	set_up();
	for (long n = 0; n < 4; n++) { /* two writes, two syncs */
		g_disk.fail_after = n;
		CHECK(volume_header_write(&g_header, &g_device, g_master) != E_OK);
	}
	g_disk.fail_after = -1;
	native_heap_fail_at(0);
	CHECK_EQ(volume_header_write(&g_header, &g_device, g_master), E_NOMEM);
	native_heap_fail_at(0);
	CHECK_EQ(volume_headers_read(&g_headers, &g_device), E_NOMEM);
	native_heap_fail_at(-1);
	CHECK_EQ(open_disk(), E_OK);
	CHECK_EQ(volume_header_write(&g_header, &g_device, g_master), E_OK);
	tear_down();
}

int main(void)
{
	RUN(a_header_comes_back);
	RUN(no_byte_of_a_header_can_be_changed);
	RUN(a_header_is_not_believed_without_its_mac);
	RUN(one_copy_is_enough_and_the_other_may_be_anything);
	RUN(the_form_of_a_header_is_strict);
	RUN(a_file_that_is_short_is_no_volume);
	RUN(the_newer_header_counts);
	RUN(the_copy_with_the_higher_sequence_counts);
	RUN(a_header_with_seventeen_slots_is_refused);
	RUN(a_crash_leaves_the_old_or_the_new_header);
	RUN(slots_are_sixteen_at_most);
	RUN(failures_of_the_device_and_of_memory_are_told);
	return check_report();
}
