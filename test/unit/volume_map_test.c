/* The map of blocks in use: what is free, what is not yet, how the file grows and shrinks. */
#include <stdlib.h>

#include "base/heap.h"
#include "test/unit/volume_scene.h"
#include "volume/node.h"
#include "volume/seal.h"

#define STEP 256u /* blocks that a small file grows by */

/* A map alone: super counts, and a device that only has a size. */
static struct volume *map_new(struct volume_disk *disk, uint64_t size_max)
{
	struct volume *v = heap_alloc(sizeof *v);

	disk_init(disk);
	v->config.device = disk_device(disk);
	v->config.size_max = size_max;
	CHECK_EQ(volume_map_new(v), E_OK);
	return v;
}

static void map_free(struct volume *v, struct volume_disk *disk)
{
	volume_map_fini(v);
	heap_free(v);
	disk_fini(disk);
}

static uint32_t take(struct volume *v)
{
	uint32_t block = 0;

	CHECK_EQ(volume_map_take(v, &block), E_OK);
	return block;
}

/* As a commit does, the disk apart. */
static void commit(struct volume *v)
{
	const uint32_t old_count = v->super.block_count;

	v->super.block_count = volume_map_settle_end(v);
	volume_map_committed(v, old_count);
}

TEST(map_gives_blocks_out_in_a_row_and_none_twice)
{
	struct volume_disk disk;
	struct volume *v = map_new(&disk, 0);

	for (uint32_t i = 0; i < 5000; i++)
		CHECK_EQ(take(v), VOLUME_DATA_BLOCK + i);
	CHECK_EQ(v->super.used_count, VOLUME_DATA_BLOCK + 5000);
	CHECK_EQ(disk.image.size, (uint64_t)v->super.block_count * VOLUME_BLOCK_SIZE);
	CHECK(volume_map_used(v, 16) && volume_map_used(v, 5015) && !volume_map_used(v, 5016));
	CHECK(!volume_map_used(v, 15) && !volume_map_used(v, UINT32_MAX));
	CHECK_EQ(volume_map_give(v, 15), E_VOLUME_FORMAT);
	CHECK_EQ(volume_map_give(v, 5016), E_VOLUME_FORMAT);
	CHECK_EQ(volume_map_give(v, 5015), E_OK);
	CHECK_EQ(volume_map_give(v, 5015), E_VOLUME_FORMAT);
	map_free(v, &disk);
}

/* What the last commit has is not given out before the next one; what it does not have is at once. */
TEST(map_keeps_what_the_last_commit_has)
{
	struct volume_disk disk;
	struct volume *v = map_new(&disk, (uint64_t)26 * VOLUME_BLOCK_SIZE);
	uint32_t block;

	for (uint32_t i = 0; i < 10; i++)
		(void)take(v);
	CHECK_EQ(volume_map_take(v, &block), E_NO_SPACE);
	CHECK_EQ(volume_map_give(v, 20), E_OK);
	CHECK_EQ(take(v), 20);
	commit(v);
	CHECK_EQ(volume_map_give(v, 18), E_OK);
	CHECK_EQ(volume_map_give(v, 22), E_OK);
	CHECK_EQ(volume_map_take(v, &block), E_NO_SPACE);
	CHECK_EQ(volume_map_ensure(v, 1), E_NO_SPACE);
	commit(v);
	CHECK_EQ(volume_map_ensure(v, 2), E_OK);
	CHECK_EQ(volume_map_ensure(v, 3), E_NO_SPACE);
	CHECK_EQ(take(v), 18);
	CHECK_EQ(volume_map_give(v, 18), E_OK);
	CHECK_EQ(take(v), 22);
	CHECK_EQ(take(v), 18);
	CHECK_EQ(volume_map_take(v, &block), E_NO_SPACE);
	map_free(v, &disk);
}

/* Against a table of bytes: 1 in the commit, 2 in the transaction. */
TEST(map_agrees_with_a_plain_table)
{
	enum { BLOCKS = 70000, OPS = 300000 };
	struct volume_disk disk;
	struct volume *v = map_new(&disk, (uint64_t)BLOCKS * VOLUME_BLOCK_SIZE);
	uint8_t *model = calloc(1, BLOCKS);
	struct volume_scene random = {.random = 3};
	uint32_t used = 0, peak = 0;

	for (uint32_t op = 0; op < OPS; op++) {
		const uint64_t r = scene_random(&random);
		uint32_t b = (uint32_t)(r >> 8) % BLOCKS;

		if (r % 1024 == 0) {
			commit(v);
			for (b = 0; b < BLOCKS; b++)
				model[b] = model[b] & 2 ? 3 : 0;
		} else if (r % 8 < (op < OPS / 2 ? 6 : 1)) {
			if (volume_map_take(v, &b)) {
				CHECK_EQ(v->super.block_count, BLOCKS);
				continue;
			}
			CHECK(b >= VOLUME_DATA_BLOCK && b < BLOCKS && model[b] == 0);
			model[b] |= 2;
			used++;
		} else if (volume_map_used(v, b)) {
			CHECK(model[b] & 2);
			CHECK_EQ(volume_map_give(v, b), E_OK);
			model[b] &= 1;
			used--;
		} else {
			CHECK(!(model[b] & 2));
		}
		if (v->super.block_count > peak)
			peak = v->super.block_count;
		CHECK_EQ(v->super.used_count, VOLUME_DATA_BLOCK + used);
	}
	CHECK_EQ(peak, BLOCKS);
	/* And the blocks of INO_MAP say the same. */
	uint8_t bits[VOLUME_BLOCK_SIZE];

	for (uint32_t b = VOLUME_DATA_BLOCK; b < BLOCKS; b++) {
		if (b % 32768 == 0 || b == VOLUME_DATA_BLOCK)
			volume_map_encode(v, b / 32768, bits);
		CHECK_EQ(bits[b % 32768 / 8] >> b % 8 & 1, model[b] >> 1);
	}
	free(model);
	map_free(v, &disk);
}

TEST(map_knows_which_of_its_blocks_changed)
{
	struct volume_disk disk;
	struct volume *v = map_new(&disk, 0);
	uint64_t index;

	CHECK(volume_map_next_changed(v, 0, &index) && index == 0);
	for (uint32_t i = 0; i < 200000; i++)
		(void)take(v);
	commit(v);
	CHECK(!volume_map_next_changed(v, 0, &index));
	CHECK_EQ(volume_map_give(v, 32768 * 3 + 5), E_OK);
	CHECK_EQ(volume_map_give(v, 32767), E_OK);
	CHECK(volume_map_next_changed(v, 0, &index) && index == 0);
	CHECK(volume_map_next_changed(v, 1, &index) && index == 3);
	CHECK(!volume_map_next_changed(v, 4, &index));
	CHECK(!volume_map_next_changed(v, UINT64_MAX, &index));
	map_free(v, &disk);
}

TEST(map_shrinks_the_file_only_when_much_is_free)
{
	struct volume_disk disk;
	struct volume *v = map_new(&disk, 0);

	for (uint32_t i = 0; i < 20000; i++)
		(void)take(v);
	commit(v);
	const uint32_t full = v->super.block_count;

	for (uint32_t b = 20015; b >= 20000; b--)
		CHECK_EQ(volume_map_give(v, b), E_OK);
	commit(v);
	CHECK_EQ(v->super.block_count, full);
	for (uint32_t b = 19999; b >= 100; b--)
		CHECK_EQ(volume_map_give(v, b), E_OK);
	CHECK_EQ(disk.image.size, (uint64_t)full * VOLUME_BLOCK_SIZE);
	commit(v);
	CHECK_EQ(v->super.block_count, 100 + STEP);
	CHECK_EQ(disk.image.size, (uint64_t)(100 + STEP) * VOLUME_BLOCK_SIZE);
	CHECK_EQ(volume_map_ensure(v, STEP), E_OK);
	CHECK_EQ(v->super.block_count, 100 + STEP);
	CHECK_EQ(take(v), 100);
	map_free(v, &disk);
}

/* A large step if the disk has room for it, what is needed if not, nothing if not even that. */
TEST(map_grows_as_the_disk_allows)
{
	struct volume_disk disk;
	struct volume *v = map_new(&disk, 0);

	disk.size_max = (uint64_t)500 * VOLUME_BLOCK_SIZE;
	CHECK_EQ(volume_map_ensure(v, 1), E_OK);
	CHECK_EQ(v->super.block_count, VOLUME_DATA_BLOCK + STEP);
	CHECK_EQ(volume_map_ensure(v, STEP + 10), E_OK);
	CHECK_EQ(v->super.block_count, VOLUME_DATA_BLOCK + STEP + 10);
	CHECK_EQ(volume_map_ensure(v, 500), E_NO_SPACE);
	CHECK_EQ(volume_map_ensure(v, UINT32_MAX), E_NO_SPACE);
	CHECK_EQ(v->super.block_count, VOLUME_DATA_BLOCK + STEP + 10);
	CHECK_EQ(volume_map_ensure(v, 484), E_OK);
	CHECK_EQ(volume_map_ensure(v, 485), E_NO_SPACE);
	disk.size_max = 0;
	disk.fail_after = 0;
	CHECK_EQ(volume_map_ensure(v, 485), E_IO);
	disk.fail_after = -1;
	native_heap_fail_at(0);
	CHECK_EQ(volume_map_ensure(v, 40000), E_NOMEM);
	native_heap_fail_at(-1);
	CHECK_EQ(volume_map_ensure(v, 40000), E_OK);
	map_free(v, &disk);
}

TEST(map_never_grows_beyond_its_bound)
{
	struct volume_disk disk;
	struct volume *v = map_new(&disk, (uint64_t)1000 * VOLUME_BLOCK_SIZE + 17);

	CHECK_EQ(volume_map_ensure(v, 984), E_OK);
	CHECK_EQ(v->super.block_count, 1000);
	CHECK_EQ(volume_map_ensure(v, 985), E_NO_SPACE);
	map_free(v, &disk);
}

static enum err set_no_size(void *context, uint64_t size)
{
	(void)context;
	(void)size;
	return E_OK;
}

/* 256 GiB, all of it in use but for a block here and there, and those are looked for thousands of times:
 * searching bit by bit, or word by word from the start, would take minutes. */
TEST(map_searches_a_huge_full_volume_quickly)
{
	enum { FREE = 4000 };
	const uint32_t blocks = (uint32_t)1 << 26, gap = (blocks - VOLUME_DATA_BLOCK) / FREE;
	struct volume_disk disk;
	struct volume *v = map_new(&disk, (uint64_t)blocks * VOLUME_BLOCK_SIZE);

	v->config.device.set_size = set_no_size;
	for (uint32_t i = VOLUME_DATA_BLOCK; i < blocks; i++)
		CHECK_EQ(take(v), i);
	commit(v);
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < FREE; i++)
			CHECK_EQ(volume_map_give(v, VOLUME_DATA_BLOCK + i * gap), E_OK);
		commit(v);
		for (uint32_t i = 0; i < FREE; i++)
			CHECK_EQ(take(v), VOLUME_DATA_BLOCK + i * gap);
		CHECK_EQ(volume_map_ensure(v, 1), E_NO_SPACE);
	}
	map_free(v, &disk);
}

/* ---- loading ---- */

static enum err reload(struct volume_scene *s)
{
	volume_map_fini(s->v);
	return volume_map_load(s->v);
}

TEST(map_that_contradicts_the_superblock_is_refused)
{
	struct volume_scene s;
	const uint8_t *block;
	uint8_t *bits;

	scene_init(&s, 0, 0);
	CHECK_EQ(reload(&s), E_OK);
	s.v->super.used_count++;
	CHECK_EQ(reload(&s), E_VOLUME_FORMAT);
	CHECK(s.v->map == NULL);
	s.v->super.used_count--;
	CHECK_EQ(reload(&s), E_OK);
	/* Beyond the end, the count being right. */
	CHECK_EQ(volume_tree_read(s.v, &s.v->super.map, 0, &block), E_OK);
	const struct volume_place place = {INO_MAP, 0, 0};

	bits = volume_cache_find(s.v->cache, &place)->data;
	CHECK(bits == block);
	const uint32_t last = s.v->super.block_count;

	bits[last / 8] |= (uint8_t)(1u << last % 8);
	s.v->super.used_count++;
	CHECK_EQ(reload(&s), E_VOLUME_FORMAT);
	bits[last / 8] = 0;
	bits[(last - 1) / 8] |= (uint8_t)(1u << (last - 1) % 8);
	CHECK_EQ(reload(&s), E_OK);
	/* A block of the header that is said to be free. */
	bits[0] &= 0xfe;
	s.v->super.used_count--;
	CHECK_EQ(reload(&s), E_VOLUME_FORMAT);
	scene_fini(&s);
}

int main(void)
{
	RUN(map_gives_blocks_out_in_a_row_and_none_twice);
	RUN(map_keeps_what_the_last_commit_has);
	RUN(map_agrees_with_a_plain_table);
	RUN(map_knows_which_of_its_blocks_changed);
	RUN(map_shrinks_the_file_only_when_much_is_free);
	RUN(map_grows_as_the_disk_allows);
	RUN(map_never_grows_beyond_its_bound);
	RUN(map_searches_a_huge_full_volume_quickly);
	RUN(map_that_contradicts_the_superblock_is_refused);
	return check_report();
}
