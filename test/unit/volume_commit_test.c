/* Commits: in which order what is written, what happens when the device, the disk's room or memory fails. */
#include <stdlib.h>

#include "base/heap.h"
#include "test/unit/volume_scene.h"
#include "volume/cache.h"

#define BLOCKS 700u /* of the file that most tests write */

static void fill(uint8_t *block, uint64_t value)
{
	for (size_t i = 0; i < VOLUME_BLOCK_SIZE; i += 8)
		memcpy(block + i, &(uint64_t){value * 0x9e3779b97f4a7c15u + i}, 8);
}

static enum err put(struct volume_scene *s, uint64_t index, uint64_t value)
{
	uint8_t *block;
	enum err err = volume_tree_write(s->v, &s->file.tree, index, true, &block);

	if (err)
		return err;
	fill(block, value);
	err = volume_inode_store(s->v, &s->file);
	return err;
}

static bool get(struct volume_scene *s, uint64_t index, uint64_t value)
{
	uint8_t want[VOLUME_BLOCK_SIZE];
	const uint8_t *block;

	fill(want, value);
	return volume_tree_read(s->v, &s->file.tree, index, &block) == E_OK && block &&
	       memcmp(block, want, sizeof want) == 0;
}

static void put_all(struct volume_scene *s, uint64_t count, uint64_t value)
{
	for (uint64_t i = 0; i < count; i++)
		CHECK_EQ(put(s, i, value + i), E_OK);
}

static bool has_all(struct volume_scene *s, uint64_t count, uint64_t value)
{
	for (uint64_t i = 0; i < count; i++) {
		if (!get(s, i, value + i))
			return false;
	}
	return true;
}

/* ---- what is written, and where ---- */

static bool is_super(const struct disk_entry *e)
{
	return e->kind == DISK_WRITE && e->off < (uint64_t)VOLUME_DATA_BLOCK * VOLUME_BLOCK_SIZE;
}

TEST(commit_writes_blocks_sync_superblock_sync)
{
	struct volume_scene s;
	size_t i = 0;

	scene_init(&s, 0, 0);
	s.disk.logging = true;
	for (uint64_t n = 0; n < 4; n++) {
		const struct disk_entry *log;

		put_all(&s, BLOCKS, n * 1000);
		disk_log_clear(&s.disk);
		CHECK_EQ(volume_commit(s.v), E_OK);
		scene_load(&s);
		log = s.disk.log;
		for (i = 0; i < s.disk.log_count && log[i].kind != DISK_SYNC; i++)
			CHECK(!is_super(&log[i]));
		CHECK(i > 10);
		CHECK(s.disk.log_count == i + 3 ||
		      (s.disk.log_count == i + 4 && log[i + 3].kind == DISK_SIZE));
		CHECK(is_super(&log[i + 1]) && log[i + 2].kind == DISK_SYNC);
		CHECK_EQ(log[i + 1].off,
			 (VOLUME_SUPER_BLOCK + (s.v->super.sequence & 1)) * VOLUME_BLOCK_SIZE);
		CHECK_EQ(log[i + 1].size, VOLUME_BLOCK_SIZE);
	}
	disk_log_clear(&s.disk);
	scene_fini(&s);
}

static uint64_t super_place(const struct volume_scene *s)
{
	return (VOLUME_SUPER_BLOCK + (s->v->committed.sequence & 1)) * VOLUME_BLOCK_SIZE;
}

/* Blocks in a row go out together. */
TEST(commit_writes_runs)
{
	struct volume_scene s;

	scene_init(&s, 0, 0);
	put_all(&s, 640, 1);
	s.disk.writes = 0;
	CHECK_EQ(volume_commit(s.v), E_OK);
	CHECK(s.disk.writes <= 16);
	scene_fini(&s);
}

/* A device that refuses to write over what the last commit has. */
struct guard {
	struct volume_device device;
	uint8_t used[1 << 17]; /* a bit per block */
	uint64_t wrong;
};

static enum err guard_write(void *context, const void *buf, uint64_t off, size_t size)
{
	struct guard *g = context;

	for (uint64_t b = off / VOLUME_BLOCK_SIZE; b < (off + size) / VOLUME_BLOCK_SIZE; b++) {
		if (b >= VOLUME_DATA_BLOCK)
			g->wrong += g->used[b / 8] >> b % 8 & 1;
	}
	return g->device.write(g->device.context, buf, off, size);
}

static enum err guard_read(void *context, void *buf, uint64_t off, size_t size)
{
	struct guard *g = context;

	return g->device.read(g->device.context, buf, off, size);
}

static enum err guard_sync(void *context)
{
	struct guard *g = context;

	return g->device.sync(g->device.context);
}

static enum err guard_size(void *context, uint64_t *size)
{
	struct guard *g = context;

	return g->device.size(g->device.context, size);
}

static enum err guard_set_size(void *context, uint64_t size)
{
	struct guard *g = context;

	for (uint64_t b = size / VOLUME_BLOCK_SIZE; b < sizeof g->used * 8; b++)
		g->wrong += g->used[b / 8] >> b % 8 & 1;
	return g->device.set_size(g->device.context, size);
}

static void guard_commit(struct volume_scene *s, struct guard *g)
{
	const uint64_t sequence = s->v->committed.sequence;

	CHECK_EQ(volume_commit(s->v), E_OK);
	if (s->v->committed.sequence == sequence)
		return;
	for (uint64_t i = 0; i * 32768 < s->v->super.block_count; i++)
		volume_map_encode(s->v, i, &g->used[i * VOLUME_BLOCK_SIZE]);
}

TEST(commit_never_touches_what_the_last_one_has)
{
	struct guard *g = calloc(1, sizeof *g);
	struct volume_scene s;

	scene_init(&s, VOLUME_CACHE_MIN, 0);
	g->device = s.config.device;
	s.config.device = (struct volume_device){
		g, guard_read, guard_write, guard_sync, guard_size, guard_set_size, NULL};
	scene_remount(&s);
	guard_commit(&s, g);
	for (uint64_t i = 0; i < 8000; i++) {
		const uint64_t r = scene_random(&s);

		CHECK_EQ(put(&s, r % (r % 3 ? 300 : 40000), i), E_OK);
		if (r % 701 == 0) {
			CHECK_EQ(volume_tree_cut(s.v, &s.file.tree, r / 701 % 300), E_OK);
			scene_store(&s);
		}
		if (r % 501 == 0)
			guard_commit(&s, g);
		CHECK_EQ(volume_balance(s.v), E_OK);
		scene_load(&s);
	}
	CHECK(s.v->committed.sequence > 10);
	CHECK_EQ(g->wrong, 0);
	scene_fini(&s);
	free(g);
}

TEST(commit_of_nothing_writes_nothing)
{
	struct volume_scene s;

	scene_init(&s, 0, 0);
	scene_remount(&s);
	s.disk.writes = s.disk.syncs = 0;
	CHECK_EQ(volume_commit(s.v), E_OK);
	uint64_t ino;

	CHECK_EQ(volume_create(s.v, VOLUME_ROOT, "file", 4, VOLUME_FILE, &ino), E_EXISTS);
	CHECK_EQ(volume_commit(s.v), E_OK);
	CHECK_EQ(s.disk.writes + s.disk.syncs, 0);
	scene_fini(&s);
}

TEST(commit_gives_the_room_of_a_large_file_back)
{
	struct volume_scene s;
	uint64_t small;

	scene_init(&s, 0, 0);
	small = s.disk.image.size;
	for (uint64_t i = 0; i < 40000; i++) {
		CHECK_EQ(put(&s, i, i), E_OK);
		CHECK_EQ(volume_balance(s.v), E_OK);
		scene_load(&s);
	}
	scene_remount(&s);
	CHECK(s.disk.image.size > (uint64_t)40000 * VOLUME_BLOCK_SIZE);
	/* A first try fails when the map, two blocks and a node, has its new places already. */
	CHECK_EQ(put(&s, 0, 1), E_OK);
	CHECK_EQ(volume_flush(s.v), E_OK);
	s.disk.fail_after = 0;
	CHECK_EQ(volume_commit(s.v), E_IO);
	s.disk.fail_after = -1;
	CHECK(s.v->super.map.depth == 1 && !s.v->broken);
	scene_load(&s);
	CHECK_EQ(volume_tree_cut(s.v, &s.file.tree, 0), E_OK);
	scene_store(&s);
	CHECK_EQ(volume_commit(s.v), E_OK);
	scene_load(&s);
	/* What is left stands behind the file; the next commits move it to the front. */
	for (uint64_t i = 0; i < 4; i++) {
		CHECK_EQ(put(&s, 0, i), E_OK);
		scene_remount(&s);
	}
	CHECK(s.disk.image.size <= 2 * small);
	CHECK_EQ(s.v->super.map.depth, 0);
	scene_check(&s);
	scene_fini(&s);
}

/* ---- failures ---- */

/* The n-th change of the disk fails while a second content is committed over the first: the old one or
 * the new one is on the disk, and if the volume is not broken, the commit can be tried again. */
static bool fail_at(long n, bool torn)
{
	struct volume_scene s;
	enum err err;

	scene_init(&s, VOLUME_CACHE_MIN, 0);
	put_all(&s, 200, 1000);
	scene_remount(&s);
	put_all(&s, 300, 5000);
	s.disk.fail_after = n;
	s.disk.fail_once = true;
	s.disk.fail_torn = torn;
	err = volume_commit(s.v);
	const bool failed = s.disk.failed > 0;

	CHECK_EQ(err, failed ? E_IO : E_OK);
	s.disk.fail_after = -1;
	scene_load(&s);
	CHECK(has_all(&s, 300, 5000));
	if (s.v->broken) {
		CHECK_EQ(volume_commit(s.v), E_VOLUME_BROKEN);
		volume_close(s.v);
		s.v = NULL;
		CHECK_EQ(scene_try_open(&s), E_OK);
		scene_load(&s);
		CHECK(has_all(&s, 300, 5000) || has_all(&s, 200, 1000));
	} else {
		scene_remount(&s);
		CHECK(has_all(&s, 300, 5000));
	}
	scene_check(&s);
	scene_fini(&s);
	return failed;
}

TEST(commit_survives_the_failure_of_any_operation)
{
	long n = 0;

	for (; fail_at(n, false); n++)
		(void)fail_at(n, true);
	CHECK(n > 8);
}

/* As above, but all fails from there on, and work goes on when the device is well again. */
TEST(commit_that_failed_goes_on_later)
{
	struct volume_scene s;

	scene_init(&s, VOLUME_CACHE_MIN, 0);
	put_all(&s, 200, 1);
	scene_remount(&s);
	for (long n = 0; n < 7; n++) {
		put_all(&s, 300 + (uint64_t)n * 100, 2 + (uint64_t)n);
		s.disk.fail_after = n;
		CHECK_EQ(volume_flush(s.v), s.disk.failed ? E_IO : E_OK);
		s.disk.fail_after = 0;
		(void)volume_balance(s.v);
		CHECK_EQ(volume_commit(s.v), E_IO);
		s.disk.fail_after = -1;
		s.disk.failed = 0;
		if (s.v->broken)
			break;
		scene_load(&s);
		CHECK_EQ(volume_tree_cut(s.v, &s.file.tree, 250), E_OK);
		scene_store(&s);
		scene_remount(&s);
		CHECK(has_all(&s, 250, 2 + (uint64_t)n));
		scene_check(&s);
	}
	scene_fini(&s);
}

/* A sync that failed may have lost anything: there is no second try. */
TEST(commit_after_a_failed_sync_is_refused)
{
	struct volume_scene s;
	uint64_t ino, writes;

	scene_init(&s, 0, 0);
	put_all(&s, 3, 7);
	CHECK_EQ(volume_flush(s.v), E_OK);
	scene_load(&s);
	s.disk.writes = 0;
	s.disk.fail_once = true;
	/* The writes of the map and its like, then the sync. */
	for (long n = 0; !s.v->broken && n < 20; n++) {
		s.disk.fail_after = n;
		(void)volume_commit(s.v);
	}
	CHECK(s.v->broken);
	s.disk.fail_after = -1;
	writes = s.disk.writes;
	CHECK_EQ(volume_commit(s.v), E_VOLUME_BROKEN);
	CHECK_EQ(volume_create(s.v, VOLUME_ROOT, "b", 1, VOLUME_FILE, &ino), E_VOLUME_BROKEN);
	CHECK_EQ(s.disk.writes, writes);
	CHECK(get(&s, 1, 8)); /* it can still be read */
	scene_fini(&s);
}

/* Salts and nonces are random; without randomness nothing is sealed, and the transaction waits. */
static long g_random_left;

static enum err random_that_ends(void *context, void *out, size_t size)
{
	if (g_random_left == 0)
		return E_CRYPTO;
	g_random_left--;
	return scene_get_random(context, out, size);
}

TEST(commit_without_randomness_goes_on_later)
{
	struct volume_scene s;
	enum err err = E_CRYPTO;

	for (long n = 0; err; n++) {
		scene_init(&s, 0, 0);
		put_all(&s, 10, 1);
		scene_remount(&s);
		put_all(&s, 20, 40);
		s.v->config.random.get = random_that_ends;
		g_random_left = n;
		err = volume_commit(s.v);
		scene_load(&s);
		CHECK(!s.v->broken && (err == E_OK || err == E_CRYPTO));
		g_random_left = 100;
		scene_remount(&s);
		CHECK(has_all(&s, 20, 40));
		scene_check(&s);
		scene_fini(&s);
		CHECK(err || n >= 3);
	}
}

/* ---- room ---- */

static enum err fill_up(struct volume_scene *s, uint64_t *count)
{
	enum err err = E_OK;

	while (!err) {
		err = volume_reserve(s->v, 1, false);
		if (!err)
			err = put(s, *count, *count);
		if (!err)
			++*count;
		if (!err)
			err = volume_balance(s->v);
		scene_load(s);
	}
	return err;
}

/* Whatever the size, a volume that is full can be committed, read and emptied, and is as good as new. */
static void full_disk(uint64_t blocks, bool commit_between)
{
	struct volume_scene s;
	uint64_t count = 0, again = 0;

	scene_init(&s, VOLUME_CACHE_MIN, blocks * VOLUME_BLOCK_SIZE);
	CHECK_EQ(fill_up(&s, &count), E_NO_SPACE);
	CHECK(count > blocks / 2);
	CHECK(s.disk.image.size <= blocks * VOLUME_BLOCK_SIZE);
	if (commit_between)
		scene_remount(&s);
	CHECK(has_all(&s, count, 0));
	CHECK_EQ(volume_reserve(s.v, 4, true), E_OK);
	CHECK_EQ(volume_tree_cut(s.v, &s.file.tree, 3), E_OK);
	scene_store(&s);
	scene_remount(&s);
	CHECK(has_all(&s, 3, 0));
	scene_check(&s);
	again = 3;
	CHECK_EQ(fill_up(&s, &again), E_NO_SPACE);
	CHECK(again + 8 >= count);
	scene_remount(&s);
	CHECK(has_all(&s, again, 0));
	scene_check(&s);
	scene_fini(&s);
}

TEST(commit_always_has_room_on_a_full_volume)
{
	for (uint64_t blocks = 272; blocks < 1000; blocks += 37) {
		full_disk(blocks, false);
		full_disk(blocks, true);
	}
	full_disk(3000, true);
}

/* Every block of a full volume is written anew, as often as one likes, commits between. */
TEST(commit_of_a_full_volume_again_and_again)
{
	struct volume_scene s;
	uint64_t count = 0;

	scene_init(&s, VOLUME_CACHE_MIN, (uint64_t)600 * VOLUME_BLOCK_SIZE);
	CHECK_EQ(fill_up(&s, &count), E_NO_SPACE);
	CHECK_EQ(volume_tree_cut(s.v, &s.file.tree, count - 30), E_OK);
	scene_store(&s);
	scene_remount(&s);
	for (uint64_t round = 0; round < 20; round++) {
		for (uint64_t i = 0; i < count - 30; i++) {
			enum err err = volume_reserve(s.v, 1, false);

			if (err == E_NO_SPACE) {
				CHECK_EQ(volume_commit(s.v), E_OK);
				scene_load(&s);
				err = volume_reserve(s.v, 1, false);
			}
			CHECK_EQ(err, E_OK);
			CHECK_EQ(put(&s, i, round + i), E_OK);
		}
		scene_remount(&s);
		CHECK(has_all(&s, count - 30, round));
	}
	scene_check(&s);
	scene_fini(&s);
}

/* The host's disk is full, not the volume's bound: E_NO_SPACE before anything is promised, and all is well
 * when there is room again. */
TEST(commit_on_a_full_host_disk)
{
	struct volume_scene s;
	uint64_t count = 0;

	scene_init(&s, VOLUME_CACHE_MIN, 0);
	s.disk.size_max = s.disk.image.size + ((uint64_t)100 * VOLUME_BLOCK_SIZE);
	CHECK_EQ(fill_up(&s, &count), E_NO_SPACE);
	CHECK_EQ(volume_commit(s.v), E_OK);
	s.disk.size_max = 0;
	scene_remount(&s);
	CHECK(has_all(&s, count, 0));
	put_all(&s, count + 500, 9);
	scene_remount(&s);
	CHECK(has_all(&s, count + 500, 9));
	scene_check(&s);
	scene_fini(&s);
}

/* What makes room may use all but what the commit itself needs; what does not ask ends there, too. */
static void fill_to_the_brim(uint64_t blocks, uint64_t spread)
{
	struct volume_scene s;
	uint64_t count = 0;
	enum err err = E_OK;

	scene_init(&s, 0, blocks * VOLUME_BLOCK_SIZE);
	for (; !err && count < blocks; count += !err)
		err = put(&s, count * spread, count);
	CHECK_EQ(err, E_NO_SPACE);
	CHECK_EQ(volume_reserve(s.v, 1, true), E_NO_SPACE);
	CHECK_EQ(volume_commit(s.v), E_OK);
	scene_load(&s);
	for (uint64_t i = 0; i < count; i++)
		CHECK(get(&s, i * spread, i));
	/* Now there is not even room to change one block. */
	scene_remount(&s);
	scene_check(&s);
	scene_fini(&s);
}

TEST(commit_has_room_when_nobody_asked_for_it)
{
	for (uint64_t blocks = 272; blocks < 700; blocks += 61) {
		fill_to_the_brim(blocks, 1);
		fill_to_the_brim(blocks, 128);
		fill_to_the_brim(blocks, 40001);
	}
}

/* ---- memory ---- */

/* The n-th allocation fails while a volume is made and mounted. */
TEST(open_survives_the_failure_of_any_allocation)
{
	enum err err = E_NOMEM;

	for (long n = 0; err; n++) {
		struct volume_scene s;

		scene_init(&s, 0, 0);
		put_all(&s, 20, 3);
		scene_remount(&s);
		volume_close(s.v);
		s.v = NULL;
		native_heap_fail_at(n);
		err = scene_try_open(&s);
		native_heap_fail_at(-1);
		if (err) {
			CHECK_EQ(err, E_NOMEM);
			CHECK_EQ(scene_try_open(&s), E_OK);
		}
		scene_load(&s);
		CHECK(has_all(&s, 20, 3));
		scene_fini(&s);
		CHECK(err || n > 5);
	}
}

TEST(format_survives_the_failure_of_any_allocation)
{
	struct volume_scene s;
	enum err err = E_NOMEM;

	scene_init(&s, 0, 0);
	volume_close(s.v);
	s.v = NULL;
	for (long n = 0; err == E_NOMEM; n++) {
		native_heap_fail_at(n);
		err = volume_format(&s.config, s.master);
		native_heap_fail_at(-1);
		CHECK(n < 100);
	}
	CHECK_EQ(err, E_OK);
	CHECK_EQ(scene_try_open(&s), E_OK);
	scene_fini(&s);
}

TEST(commit_survives_the_failure_of_any_allocation)
{
	enum err err = E_NOMEM;

	for (long n = 0; err; n++) {
		struct volume_scene s;

		err = E_OK;
		scene_init(&s, VOLUME_CACHE_MIN, 0);
		put_all(&s, 100, 3);
		scene_remount(&s);
		native_heap_fail_at(n);
		for (uint64_t i = 0; !err && i < 200; i++)
			err = put(&s, i, 50 + i);
		if (!err) {
			err = volume_commit(s.v);
			scene_load(&s);
		}
		native_heap_fail_at(-1);
		CHECK(!err || err == E_NOMEM);
		CHECK(!s.v->broken);
		put_all(&s, 200, 50);
		scene_remount(&s);
		CHECK(has_all(&s, 200, 50));
		scene_check(&s);
		scene_fini(&s);
		CHECK(err || n > 2);
	}
}

/* ---- mounts ---- */

TEST(format_leaves_no_older_commit)
{
	struct volume_scene s;
	struct volume_state state;

	scene_init(&s, 0, 0);
	put_all(&s, 3, 3);
	scene_remount(&s);
	volume_close(s.v);
	CHECK_EQ(volume_format(&s.config, s.master), E_OK);
	CHECK_EQ(scene_try_open(&s), E_OK);
	volume_get_state(s.v, &state);
	CHECK_EQ(state.sequence, 1);
	CHECK_EQ(volume_inode_load(s.v, INO_FIRST, &s.file), E_NOT_FOUND);
	volume_close(s.v);
	/* And neither does a format that fails on the way. */
	s.disk.fail_after = 9;
	CHECK_EQ(volume_format(&s.config, s.master), E_IO);
	s.disk.fail_after = -1;
	s.v = NULL;
	CHECK_EQ(scene_try_open(&s), E_VOLUME_SUPERBLOCK);
	scene_fini(&s);
}

TEST(mount_of_a_file_that_was_cut_is_refused)
{
	struct volume_scene s;

	scene_init(&s, 0, 0);
	put_all(&s, BLOCKS, 3);
	scene_remount(&s);
	volume_close(s.v);
	s.v = NULL;
	disk_image_resize(&s.disk.image, s.disk.image.size + 12345);
	CHECK_EQ(scene_try_open(&s), E_OK);
	const uint64_t size = (uint64_t)s.v->super.block_count * VOLUME_BLOCK_SIZE;

	volume_close(s.v);
	s.v = NULL;
	disk_image_resize(&s.disk.image, size);
	CHECK_EQ(scene_try_open(&s), E_OK);
	volume_close(s.v);
	s.v = NULL;
	disk_image_resize(&s.disk.image, size - 1);
	CHECK_EQ(scene_try_open(&s), E_VOLUME_SHORT);
	scene_fini(&s);
}

TEST(mount_for_reading_writes_nothing)
{
	struct volume_scene s;
	uint64_t ino;

	scene_init(&s, 0, 0);
	put_all(&s, 3, 3);
	scene_remount(&s);
	volume_close(s.v);
	s.v = NULL;
	s.disk.writes = s.disk.syncs = 0;
	s.config.read_only = true;
	CHECK_EQ(volume_format(&s.config, s.master), E_READ_ONLY);
	CHECK_EQ(scene_try_open(&s), E_OK);
	CHECK(s.v->map == NULL);
	CHECK_EQ(volume_create(s.v, VOLUME_ROOT, "b", 1, VOLUME_FILE, &ino), E_READ_ONLY);
	CHECK_EQ(volume_unlink(s.v, VOLUME_ROOT, "file", 4), E_READ_ONLY);
	CHECK_EQ(volume_commit(s.v), E_OK);
	scene_load(&s);
	CHECK(get(&s, 2, 5));
	CHECK_EQ(s.disk.writes + s.disk.syncs, 0);
	scene_fini(&s);
}

/*
 * A mount is ended by the failure of its very last sync. The next one sees the new commit, but the disk
 * may not have it when the power goes, while it has all that the second mount wrote.
 */
static bool lose_super(long n)
{
	struct disk_image durable = {0};
	struct volume_scene s;
	size_t super = 0;

	scene_init(&s, 0, 0);
	put_all(&s, 200, 1);
	scene_remount(&s);
	put_all(&s, 200, 5000);
	s.disk.logging = true;
	disk_image_copy(&durable, &s.disk.image);
	s.disk.fail_after = n;
	CHECK_EQ(volume_commit(s.v), E_IO);
	s.disk.fail_after = -1;
	super = s.disk.log_count - 1;
	if (!s.v->broken || !is_super(&s.disk.log[super])) {
		disk_log_clear(&s.disk);
		disk_image_free(&durable);
		scene_fini(&s);
		return false;
	}
	volume_close(s.v);
	CHECK_EQ(scene_try_open(&s), E_OK);
	scene_load(&s);
	CHECK(has_all(&s, 200, 5000));
	put_all(&s, 200, 9000);
	CHECK_EQ(volume_flush(s.v), E_OK);
	volume_close(s.v);
	s.v = NULL;
	for (size_t i = 0; i < s.disk.log_count; i++) {
		if (i != super)
			disk_apply(&durable, &s.disk.log[i]);
	}
	disk_image_copy(&s.disk.image, &durable);
	CHECK_EQ(scene_try_open(&s), E_OK);
	scene_load(&s);
	CHECK(has_all(&s, 200, 5000));
	scene_check(&s);
	disk_log_clear(&s.disk);
	disk_image_free(&durable);
	scene_fini(&s);
	return true;
}

TEST(mount_makes_the_commit_durable_that_it_builds_on)
{
	long n = 0;

	while (n < 50 && !lose_super(n))
		n++;
	CHECK(n < 50);
}

/* Between the mount and its first write the host exchanges the superblock. */
TEST(mount_whose_superblock_was_exchanged_writes_nothing)
{
	struct volume_scene s;

	scene_init(&s, 0, 0);
	scene_remount(&s);
	s.disk.image.bytes[super_place(&s) + 100] ^= 1;
	put_all(&s, 2, 1);
	s.disk.writes = 0;
	CHECK_EQ(volume_commit(s.v), E_VOLUME_SUPERBLOCK);
	CHECK_EQ(s.disk.writes, 0);
	s.disk.image.bytes[super_place(&s) + 100] ^= 1;
	CHECK_EQ(volume_commit(s.v), E_OK);
	scene_fini(&s);
}

/* ---- the anchor ---- */

struct memory_anchor {
	struct volume_state state;
	enum err err;
	uint64_t syncs; /* of the disk, when the last state came */
	struct volume_disk *disk;
};

static enum err anchor_get(void *context, const uint8_t id[VOLUME_ID_SIZE],
			   struct volume_state *state)
{
	(void)id;
	*state = ((struct memory_anchor *)context)->state;
	return E_OK;
}

static enum err anchor_put(void *context, const uint8_t id[VOLUME_ID_SIZE],
			   const struct volume_state *state)
{
	struct memory_anchor *a = context;

	(void)id;
	if (a->err)
		return a->err;
	a->state = *state;
	a->syncs = a->disk->syncs;
	return E_OK;
}

TEST(commit_tells_the_anchor_after_the_second_sync)
{
	struct volume_scene s;
	struct memory_anchor a = {.disk = &s.disk};
	const struct volume_anchor anchor = {&a, anchor_get, anchor_put};
	struct volume_state state;

	scene_init(&s, 0, 0);
	volume_get_state(s.v, &a.state);
	volume_close(s.v);
	s.config.anchor = &anchor;
	CHECK_EQ(scene_try_open(&s), E_OK);
	scene_load(&s);
	s.disk.syncs = 0;
	put_all(&s, 3, 3);
	CHECK_EQ(volume_commit(s.v), E_OK);
	scene_load(&s);
	CHECK_EQ(a.syncs, 2);
	volume_get_state(s.v, &state);
	CHECK_EQ(a.state.sequence, state.sequence);
	CHECK(memcmp(a.state.root, state.root, VOLUME_HASH_SIZE) == 0);
	/* It fails: the commit is on the disk, but nothing may come after it here. */
	a.err = E_IO;
	put_all(&s, 4, 4);
	CHECK_EQ(volume_commit(s.v), E_IO);
	CHECK_EQ(volume_commit(s.v), E_VOLUME_BROKEN);
	volume_close(s.v);
	s.v = NULL;
	CHECK_EQ(scene_try_open(&s), E_IO);
	a.err = E_OK;
	CHECK_EQ(scene_try_open(&s), E_OK);
	scene_load(&s);
	CHECK(has_all(&s, 4, 4));
	CHECK_EQ(a.state.sequence, state.sequence + 1);
	scene_fini(&s);
}

int main(void)
{
	RUN(commit_writes_blocks_sync_superblock_sync);
	RUN(commit_writes_runs);
	RUN(commit_never_touches_what_the_last_one_has);
	RUN(commit_of_nothing_writes_nothing);
	RUN(commit_gives_the_room_of_a_large_file_back);
	RUN(commit_survives_the_failure_of_any_operation);
	RUN(commit_that_failed_goes_on_later);
	RUN(commit_after_a_failed_sync_is_refused);
	RUN(commit_without_randomness_goes_on_later);
	RUN(commit_always_has_room_on_a_full_volume);
	RUN(commit_of_a_full_volume_again_and_again);
	RUN(commit_on_a_full_host_disk);
	RUN(commit_has_room_when_nobody_asked_for_it);
	RUN(open_survives_the_failure_of_any_allocation);
	RUN(format_survives_the_failure_of_any_allocation);
	RUN(commit_survives_the_failure_of_any_allocation);
	RUN(format_leaves_no_older_commit);
	RUN(mount_of_a_file_that_was_cut_is_refused);
	RUN(mount_for_reading_writes_nothing);
	RUN(mount_makes_the_commit_durable_that_it_builds_on);
	RUN(mount_whose_superblock_was_exchanged_writes_nothing);
	RUN(commit_tells_the_anchor_after_the_second_sync);
	return check_report();
}
