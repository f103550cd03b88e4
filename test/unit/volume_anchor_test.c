/* Anchors: what they remember, that the file's record is whole or the one before, and that garbage is no anchor. */
#include "volume/anchor.h"

#include <stdlib.h>

#include "test/lib/check.h"
#include "test/lib/volume_disk.h"

static const uint8_t g_master[VOLUME_KEY_SIZE] = {1, 2, 3};
static const uint8_t g_id[VOLUME_ID_SIZE] = {4, 5, 6}, g_other[VOLUME_ID_SIZE] = {7};
static struct volume_disk g_disk;
static struct volume_device g_device;

static struct volume_state state(uint64_t sequence)
{
	struct volume_state s = {.sequence = sequence};

	memset(s.root, (int)sequence, sizeof(s.root));
	return s;
}

/* What a fresh start reads: the sequence number, 0 when it knows nothing, or all ones for an error. */
static uint64_t known_to(const uint8_t id[VOLUME_ID_SIZE], const uint8_t master[VOLUME_KEY_SIZE])
{
	struct volume_anchor_file file;
	struct volume_state s = {0};

	CHECK_EQ(volume_anchor_file_init(&file, &g_device, id, master), E_OK);
	const enum err err = file.anchor.get(file.anchor.context, id, &s);

	volume_anchor_file_fini(&file);
	if (err == E_NOT_FOUND)
		return 0;
	CHECK(err != E_OK || s.root[31] == (uint8_t)s.sequence);
	return err == E_OK ? s.sequence : UINT64_MAX;
}

static uint64_t known(void)
{
	return known_to(g_id, g_master);
}

/* A start that reads and puts n states. */
static void put(uint64_t first, uint64_t n)
{
	struct volume_anchor_file file;
	struct volume_state s;

	CHECK_EQ(volume_anchor_file_init(&file, &g_device, g_id, g_master), E_OK);
	(void)file.anchor.get(file.anchor.context, g_id, &s);
	for (uint64_t i = 0; i < n; i++) {
		s = state(first + i);
		CHECK_EQ(file.anchor.put(file.anchor.context, g_id, &s), E_OK);
	}
	volume_anchor_file_fini(&file);
}

static void set_up(void)
{
	disk_init(&g_disk);
	g_device = disk_device(&g_disk);
}

TEST(a_pin_remembers_what_it_was_given)
{
	const struct volume_state none = {0}, five = state(5);
	struct volume_state got;
	struct volume_pin pin;

	volume_pin_init(&pin, &none);
	CHECK_EQ(pin.anchor.get(pin.anchor.context, g_id, &got), E_NOT_FOUND);
	volume_pin_init(&pin, &five);
	CHECK_EQ(pin.anchor.get(pin.anchor.context, g_id, &got), E_OK);
	CHECK(got.sequence == 5 && memcmp(got.root, five.root, sizeof(got.root)) == 0);
	const struct volume_state six = state(6);

	CHECK_EQ(pin.anchor.put(pin.anchor.context, g_id, &six), E_OK);
	CHECK(pin.state.sequence == 6 && pin.state.root[0] == 6);
}

TEST(a_file_remembers_across_starts)
{
	set_up();
	CHECK_EQ(volume_anchor_file_is_new(&g_device), E_OK);
	CHECK_EQ(known(), 0);
	for (uint64_t i = 1; i < 20; i += 3) {
		put(i, 3);
		CHECK_EQ(known(), i + 2);
		CHECK_EQ(g_disk.image.size, 2 * VOLUME_ANCHOR_SLOT);
	}
	CHECK_EQ(volume_anchor_file_is_new(&g_device), E_VOLUME_ANCHOR);
	disk_fini(&g_disk);
}

TEST(a_file_knows_one_volume_and_one_key)
{
	static const uint8_t other[VOLUME_KEY_SIZE] = {1, 2, 4};

	set_up();
	put(3, 2);
	CHECK_EQ(known_to(g_other, g_master), 0);
	CHECK_EQ(known_to(g_id, other), 0);
	CHECK_EQ(known(), 4);
	disk_fini(&g_disk);
}

/* Any byte of the newest record: the one before it is what is left. Of both: nothing is known. */
TEST(no_byte_of_a_record_can_be_changed)
{
	set_up();
	put(3, 2); /* counters 1, 2: the second place, then the first */
	for (size_t i = 0; i < VOLUME_ANCHOR_SLOT; i++) {
		g_disk.image.bytes[i] ^= 4;
		CHECK_EQ(known(), 3);
		g_disk.image.bytes[VOLUME_ANCHOR_SLOT + i] ^= 4;
		CHECK_EQ(known(), 0);
		g_disk.image.bytes[VOLUME_ANCHOR_SLOT + i] ^= 4;
		g_disk.image.bytes[i] ^= 4;
	}
	CHECK_EQ(known(), 4);
	disk_fini(&g_disk);
}

TEST(a_file_that_is_cut_off_or_garbage_is_no_new_one)
{
	set_up();
	put(3, 2);
	disk_image_resize(&g_disk.image, VOLUME_ANCHOR_SLOT + 100);
	CHECK_EQ(known(), 4);
	disk_image_resize(&g_disk.image, 100);
	CHECK_EQ(known(), 0);
	CHECK_EQ(volume_anchor_file_is_new(&g_device), E_VOLUME_ANCHOR);
	disk_image_resize(&g_disk.image, 0);
	CHECK_EQ(known(), 0);
	disk_fini(&g_disk);
}

/* At each write of a put, torn in each way, the old or the new state is there. */
TEST(a_crash_leaves_the_old_or_the_new_state)
{
	struct disk_image before = {0};

	for (uint64_t first = 3; first < 5; first++) { /* into each of the places */
		set_up();
		put(1, first - 1);
		disk_image_copy(&before, &g_disk.image);
		g_disk.logging = true;
		put(first, 1);
		for (size_t i = 0; i < g_disk.log_count; i++) {
			for (int tear = DISK_WHOLE; tear < DISK_TEARS; tear++) {
				disk_image_copy(&g_disk.image, &before);
				disk_apply_torn(&g_disk.image, &g_disk.log[i],
						(enum disk_tear)tear);
				const uint64_t k = known();

				CHECK(k == first || k == first - 1);
			}
		}
		CHECK(g_disk.log_count == 2 && g_disk.log[1].kind == DISK_SYNC);
		disk_fini(&g_disk);
	}
	disk_image_free(&before);
}

TEST(a_put_that_fails_says_so)
{
	struct volume_anchor_file file;
	const struct volume_state s = state(9);

	set_up();
	CHECK_EQ(volume_anchor_file_init(&file, &g_device, g_id, g_master), E_OK);
	for (long n = 0; n < 2; n++) { /* the write, the sync */
		g_disk.fail_after = n;
		CHECK(file.anchor.put(file.anchor.context, g_id, &s) != E_OK);
	}
	g_disk.fail_after = -1;
	CHECK_EQ(file.anchor.put(file.anchor.context, g_id, &s), E_OK);
	CHECK_EQ(known(), 9);
	volume_anchor_file_fini(&file);
	disk_fini(&g_disk);
}

static uint64_t g_unreadable; /* offset of the record that cannot be read */

static enum err read_all_but_one(void *context, void *buf, uint64_t off, size_t size)
{
	struct volume_disk *disk = context;
	const struct volume_device whole = disk_device(disk);

	return off == g_unreadable ? E_IO : whole.read(whole.context, buf, off, size);
}

/* Otherwise the one before would be taken for it. */
TEST(a_record_that_cannot_be_read_is_an_error)
{
	set_up();
	put(3, 2);
	g_device.read = read_all_but_one;
	for (uint64_t i = 0; i < 2; i++) {
		g_unreadable = i * VOLUME_ANCHOR_SLOT;
		CHECK_EQ(known(), UINT64_MAX);
	}
	g_unreadable = UINT64_MAX;
	CHECK_EQ(known(), 4);
	disk_fini(&g_disk);
}

int main(void)
{
	RUN(a_pin_remembers_what_it_was_given);
	RUN(a_file_remembers_across_starts);
	RUN(a_file_knows_one_volume_and_one_key);
	RUN(no_byte_of_a_record_can_be_changed);
	RUN(a_file_that_is_cut_off_or_garbage_is_no_new_one);
	RUN(a_crash_leaves_the_old_or_the_new_state);
	RUN(a_put_that_fails_says_so);
	RUN(a_record_that_cannot_be_read_is_an_error);
	return check_report();
}
