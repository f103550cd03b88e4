/* Trees of blocks: against a plain table, over flushes, commits and mounts; and what is wrong in them. */
#include <stdlib.h>

#include "test/unit/volume_scene.h"
#include "volume/cache.h"
#include "volume/seal.h"

#define MODEL 4096u /* blocks that the model knows */

/* Which value a block was filled with; 0: a hole. */
struct model {
	uint64_t value[MODEL];
};

/* Indexes near the start, in the middle and far out, so that trees have every depth. */
static uint64_t model_index(uint64_t i)
{
	const uint64_t group = i / 512;

	return group * group * group * 40000 + i % 512;
}

static void fill(uint8_t *block, uint64_t value)
{
	for (size_t i = 0; i < VOLUME_BLOCK_SIZE; i += 8)
		memcpy(block + i, &(uint64_t){value * 0x9e3779b97f4a7c15u + i}, 8);
}

static bool is_filled(const uint8_t *block, uint64_t value)
{
	uint8_t want[VOLUME_BLOCK_SIZE] = {0};

	if (value)
		fill(want, value);
	return memcmp(block, want, sizeof want) == 0;
}

static enum err put(struct volume_scene *s, uint64_t index, uint64_t value, bool whole)
{
	uint8_t *block;
	const enum err err = volume_tree_write(s->v, &s->file.tree, index, whole, &block);

	if (err)
		return err;
	fill(block, value);
	scene_store(s);
	return E_OK;
}

static bool get(struct volume_scene *s, uint64_t index, uint64_t value)
{
	const uint8_t *block;

	if (volume_tree_read(s->v, &s->file.tree, index, &block))
		return false;
	return block ? is_filled(block, value) : value == 0;
}

static void compare(struct volume_scene *s, const struct model *m)
{
	for (uint64_t i = 0; i < MODEL; i++) {
		if (!get(s, model_index(i), m->value[i])) {
			printf("block %llu is wrong\n", (unsigned long long)model_index(i));
			CHECK(false);
			return;
		}
	}
}

static void cut(struct volume_scene *s, struct model *m, uint64_t count)
{
	CHECK_EQ(volume_tree_cut(s->v, &s->file.tree, count), E_OK);
	scene_store(s);
	for (uint64_t i = 0; i < MODEL; i++) {
		if (model_index(i) >= count)
			m->value[i] = 0;
	}
}

static void step(struct volume_scene *s, struct model *m, uint64_t i)
{
	const uint64_t kind = scene_random(s) % 64;
	const uint64_t at = scene_random(s) % MODEL;

	if (kind < 50) {
		CHECK_EQ(put(s, model_index(at), i, kind < 25), E_OK);
		m->value[at] = i;
	} else if (kind < 51) {
		cut(s, m, kind % 2 ? model_index(at) : 0);
	} else if (kind < 53) {
		CHECK_EQ(volume_flush(s->v), E_OK);
	} else if (kind < 54) {
		CHECK_EQ(volume_commit(s->v), E_OK);
	} else {
		CHECK(get(s, model_index(at), m->value[at]));
	}
	CHECK_EQ(volume_balance(s->v), E_OK);
	scene_load(s);
}

TEST(tree_is_a_sparse_array_over_flushes_commits_and_mounts)
{
	struct model *m = calloc(1, sizeof *m);
	struct volume_scene s;

	scene_init(&s, VOLUME_CACHE_MIN, 0);
	for (uint64_t i = 1; i <= 6000; i++) {
		step(&s, m, i);
		if (i % 1000 != 0)
			continue;
		compare(&s, m);
		scene_remount(&s);
		compare(&s, m);
		scene_check(&s);
	}
	cut(&s, m, 0);
	CHECK(s.file.tree.depth == 0 && s.file.tree.root.block == 0);
	scene_remount(&s);
	scene_check(&s);
	scene_fini(&s);
	free(m);
}

TEST(tree_grows_to_its_last_block_and_not_beyond)
{
	const uint64_t last = ((uint64_t)1 << VOLUME_FANOUT_SHIFT * VOLUME_DEPTH_MAX) - 1;
	struct volume_scene s;

	scene_init(&s, 0, 0);
	CHECK_EQ(put(&s, 0, 1, true), E_OK);
	CHECK_EQ(put(&s, last, 2, true), E_OK);
	CHECK_EQ(s.file.tree.depth, VOLUME_DEPTH_MAX);
	CHECK_EQ(put(&s, last + 1, 3, true), E_FILE_SIZE);
	CHECK_EQ(put(&s, UINT64_MAX, 3, true), E_FILE_SIZE);
	scene_remount(&s);
	CHECK(get(&s, 0, 1) && get(&s, last, 2) && get(&s, 1, 0) && get(&s, last + 1, 0));
	CHECK(get(&s, UINT64_MAX, 0));
	CHECK_EQ(scene_blocks_of(&s, &s.file.tree), 2 + 2 * 4 + 1);
	/* Cut behind block 0, it is a tree of one block again; nothing was looked at but what exists. */
	const uint64_t reads = s.disk.reads;

	CHECK_EQ(volume_tree_cut(s.v, &s.file.tree, 1), E_OK);
	CHECK(s.disk.reads - reads <= 2 * VOLUME_DEPTH_MAX);
	CHECK_EQ(s.file.tree.depth, 0);
	scene_store(&s);
	scene_remount(&s);
	CHECK(get(&s, 0, 1) && get(&s, last, 0));
	scene_check(&s);
	scene_fini(&s);
}

/* A block written whole is not read first; one that was cut away does not come back. */
TEST(tree_forgets_what_was_cut)
{
	struct volume_scene s;
	uint8_t *block;
	uint64_t reads;

	scene_init(&s, 0, 0);
	for (uint64_t i = 0; i < 300; i++)
		CHECK_EQ(put(&s, i, i + 1, true), E_OK);
	scene_remount(&s);
	CHECK(get(&s, 299, 300) && get(&s, 5, 6) && get(&s, 4, 5) && get(&s, 3, 4));
	reads = s.disk.reads;
	CHECK_EQ(volume_tree_write(s.v, &s.file.tree, 7, true, &block), E_OK);
	CHECK(is_filled(block, 0));
	CHECK_EQ(s.disk.reads, reads);
	CHECK_EQ(volume_tree_cut(s.v, &s.file.tree, 5), E_OK);
	CHECK(get(&s, 5, 0) && get(&s, 7, 0) && get(&s, 299, 0) && get(&s, 4, 5));
	CHECK_EQ(s.file.tree.depth, 1);
	/* A new block in an old place begins with zeros. */
	CHECK_EQ(volume_tree_write(s.v, &s.file.tree, 5, false, &block), E_OK);
	CHECK(is_filled(block, 0));
	scene_store(&s);
	scene_remount(&s);
	CHECK(get(&s, 3, 4) && get(&s, 5, 0) && get(&s, 6, 0));
	scene_check(&s);
	scene_fini(&s);
}

/* Cutting where nothing is makes nothing dirty. */
TEST(tree_cut_of_nothing_changes_nothing)
{
	struct volume_scene s;

	scene_init(&s, 0, 0);
	CHECK_EQ(put(&s, 700, 1, true), E_OK);
	scene_remount(&s);
	CHECK_EQ(volume_tree_cut(s.v, &s.file.tree, 701), E_OK);
	CHECK_EQ(volume_tree_cut(s.v, &s.file.tree, 5000), E_OK);
	CHECK_EQ(volume_tree_cut(s.v, &s.file.tree, UINT64_MAX), E_OK);
	CHECK_EQ(s.v->cache->dirty_count, 0);
	CHECK(!s.v->changed);
	CHECK(get(&s, 700, 1));
	scene_fini(&s);
}

/* tree.h: pointers stay valid over sixteen calls for other blocks. */
TEST(tree_keeps_the_last_sixteen_blocks_where_they_are)
{
	const uint8_t *last[16] = {0};
	struct volume_scene s;

	scene_init(&s, VOLUME_CACHE_MIN, 0);
	for (uint64_t i = 0; i < 2000; i++) {
		CHECK_EQ(put(&s, i * 997, i + 1, true), E_OK);
		CHECK_EQ(volume_balance(s.v), E_OK);
		scene_load(&s);
	}
	scene_remount(&s);
	for (uint64_t i = 0; i < 4000; i++) {
		const uint64_t n = i * 7 % 2000;
		uint8_t *block;

		if (i % 3 == 0) {
			CHECK_EQ(volume_tree_write(s.v, &s.file.tree, n * 997, false, &block),
				 E_OK);
			last[i % 16] = block;
		} else {
			CHECK_EQ(volume_tree_read(s.v, &s.file.tree, n * 997, &last[i % 16]), E_OK);
		}
		for (uint64_t k = 0; k < 16 && k <= i; k++)
			CHECK(is_filled(last[(i - k) % 16], (i - k) * 7 % 2000 + 1));
		if (i % 64 == 63) {
			scene_store(&s);
			CHECK_EQ(volume_flush(s.v), E_OK);
			scene_load(&s);
			for (uint64_t k = 0; k < 16; k++) /* no pointer survives that */
				CHECK_EQ(volume_tree_read(s.v, &s.file.tree,
							  (i - k) * 7 % 2000 * 997,
							  &last[(i - k) % 16]),
					 E_OK);
		}
	}
	CHECK(s.v->usage.cache_misses > 1000);
	scene_fini(&s);
}

/* Also when nearly all of the cache is dirty. */
TEST(tree_keeps_them_among_dirty_blocks)
{
	const uint8_t *last[16] = {0};
	struct volume_scene s;

	scene_init(&s, VOLUME_CACHE_MIN, 0);
	for (uint64_t i = 0; i < 1000; i++)
		CHECK_EQ(put(&s, i * 33554393, i + 1, true), E_OK);
	scene_remount(&s);
	CHECK_EQ(s.file.tree.depth, VOLUME_DEPTH_MAX);
	for (uint64_t i = 0; i < 600; i++)
		CHECK_EQ(put(&s, 5000000 + i, 1, true), E_OK);
	CHECK(s.v->cache->dirty_count > s.v->cache->limit);
	for (uint64_t i = 0; i < 1000; i++) {
		CHECK_EQ(volume_tree_read(s.v, &s.file.tree, i * 33554393, &last[i % 16]), E_OK);
		for (uint64_t k = 0; k < 16 && k <= i; k++)
			CHECK(is_filled(last[(i - k) % 16], i - k + 1));
	}
	scene_fini(&s);
}

/* A large file that is read once does not put out what was asked for again. */
TEST(tree_read_through_once_leaves_the_others_in_the_cache)
{
	struct volume_scene s;
	uint64_t misses;

	scene_init(&s, (size_t)4 << 20, 0);
	for (uint64_t i = 0; i < 3000; i++)
		CHECK_EQ(put(&s, i, i + 1, true), E_OK);
	scene_remount(&s);
	for (uint64_t i = 0; i < 400; i++)
		CHECK(get(&s, i % 200, i % 200 + 1));
	for (uint64_t i = 200; i < 3000; i++)
		CHECK(get(&s, i, i + 1));
	misses = s.v->usage.cache_misses;
	for (uint64_t i = 0; i < 200; i++)
		CHECK(get(&s, i, i + 1));
	CHECK_EQ(s.v->usage.cache_misses, misses);
	/* And who turns to other blocks has them in the cache before long. */
	for (uint64_t i = 0; i < 20 * 300; i++)
		CHECK(get(&s, 2000 + i % 300, 2000 + i % 300 + 1));
	misses = s.v->usage.cache_misses;
	for (uint64_t i = 0; i < 300; i++)
		CHECK(get(&s, 2000 + i, 2000 + i + 1));
	CHECK(s.v->usage.cache_misses - misses < 30);
	scene_fini(&s);
}

/* A commit will write the record that holds the root: its block is dirty as soon as the tree is. */
TEST(tree_that_is_dirty_has_a_dirty_record)
{
	struct volume_scene s;
	const struct volume_place record = {INO_TABLE, 0, 0};
	uint8_t *block;

	scene_init(&s, 0, 0);
	CHECK_EQ(put(&s, 0, 1, true), E_OK);
	scene_remount(&s);
	CHECK(!volume_cache_find(s.v->cache, &record)->dirty);
	CHECK_EQ(volume_tree_write(s.v, &s.file.tree, 0, false, &block), E_OK);
	CHECK(volume_cache_find(s.v->cache, &record)->dirty);
	fill(block, 9);
	CHECK_EQ(volume_commit(s.v), E_OK);
	scene_load(&s);
	scene_remount(&s);
	CHECK(get(&s, 0, 9));
	scene_fini(&s);
}

/* ---- what is wrong on the disk or in a node ---- */

/* The place of a block of the file on the disk, by the visit. */
struct wanted {
	uint64_t index;
	unsigned level;
	uint32_t block;
};

static enum err find_wanted(void *context, const struct volume_place *place, uint32_t block)
{
	struct wanted *w = context;

	if (place->index == w->index && place->level == w->level)
		w->block = block;
	return E_OK;
}

static uint64_t offset_of(struct volume_scene *s, uint64_t index, unsigned level)
{
	struct wanted w = {index, level, 0};

	CHECK_EQ(volume_tree_visit(s->v, &s->file.tree, false, find_wanted, &w), E_OK);
	CHECK(w.block >= VOLUME_DATA_BLOCK);
	return (uint64_t)w.block * VOLUME_BLOCK_SIZE;
}

static void scene_200_blocks(struct volume_scene *s)
{
	scene_init(s, 0, 0);
	for (uint64_t i = 0; i < 200; i++)
		CHECK_EQ(put(s, i, i + 1, true), E_OK);
	scene_remount(s);
}

TEST(tree_refuses_changed_and_exchanged_blocks)
{
	struct volume_scene s;
	const uint8_t *block;
	uint8_t *bytes;

	scene_200_blocks(&s);
	bytes = s.disk.image.bytes;
	bytes[offset_of(&s, 10, 0) + 99] ^= 1;
	memcpy(bytes + offset_of(&s, 12, 0), bytes + offset_of(&s, 11, 0), VOLUME_BLOCK_SIZE);
	CHECK_EQ(volume_tree_read(s.v, &s.file.tree, 10, &block), E_VOLUME_BLOCK);
	CHECK_EQ(volume_tree_read(s.v, &s.file.tree, 12, &block), E_VOLUME_BLOCK);
	CHECK(get(&s, 11, 12) && get(&s, 13, 14));
	/* Nothing of it stayed in the cache. */
	CHECK_EQ(volume_tree_read(s.v, &s.file.tree, 10, &block), E_VOLUME_BLOCK);
	bytes[offset_of(&s, 0, 1) + 5] ^= 1;
	CHECK_EQ(volume_tree_visit(s.v, &s.file.tree, false, scene_count, &(uint64_t){0}),
		 E_VOLUME_BLOCK);
	CHECK(get(&s, 14, 15)); /* its node was read before */
	scene_fini(&s);
}

/* Puts a reference into a node by hand and reads through it. */
static enum err read_through(struct volume_scene *s, uint64_t index, const struct volume_ref *ref)
{
	const struct volume_place leaf = {s->file.tree.ino, index / VOLUME_FANOUT, 1};
	struct volume_frame *f;
	const uint8_t *block;
	uint8_t old[VOLUME_REF_SIZE], *at;
	enum err err;

	CHECK(get(s, index + 1, index + 2));
	f = volume_cache_find(s->v->cache, &leaf);
	at = f->data + index % VOLUME_FANOUT * VOLUME_REF_SIZE;
	memcpy(old, at, sizeof old);
	volume_ref_encode(at, ref);
	err = volume_tree_read(s->v, &s->file.tree, index, &block);
	if (!err && !block)
		err = E_NOT_FOUND;
	memcpy(at, old, sizeof old);
	return err;
}

TEST(tree_refuses_references_to_nowhere)
{
	struct volume_scene s;
	struct volume_ref ref = {.block = 0};

	scene_200_blocks(&s);
	CHECK_EQ(read_through(&s, 20, &ref), E_NOT_FOUND);
	ref.counter = 1;
	CHECK_EQ(read_through(&s, 20, &ref), E_VOLUME_FORMAT);
	ref = (struct volume_ref){.epoch = 1};
	CHECK_EQ(read_through(&s, 20, &ref), E_VOLUME_FORMAT);
	ref = (struct volume_ref){.tag = {[15] = 1}};
	CHECK_EQ(read_through(&s, 20, &ref), E_VOLUME_FORMAT);
	ref = (struct volume_ref){.block = VOLUME_DATA_BLOCK - 1};
	CHECK_EQ(read_through(&s, 20, &ref), E_VOLUME_FORMAT);
	ref.block = s.v->super.block_count;
	CHECK_EQ(read_through(&s, 20, &ref), E_VOLUME_FORMAT);
	ref.block--;
	CHECK_EQ(read_through(&s, 20, &ref), E_VOLUME_BLOCK);
	CHECK(get(&s, 20, 21));
	scene_fini(&s);
}

/* A node that names a block which is not in use: the cut says so instead of giving it back twice. */
TEST(tree_cut_refuses_a_block_that_is_free)
{
	struct volume_scene s;
	const struct volume_place leaf = {INO_FIRST, 0, 1};
	struct volume_frame *f;

	scene_200_blocks(&s);
	CHECK(get(&s, 20, 21));
	f = volume_cache_find(s.v->cache, &leaf);
	volume_ref_encode(f->data, &(struct volume_ref){.block = s.v->super.block_count - 1});
	CHECK_EQ(volume_tree_cut(s.v, &s.file.tree, 0), E_VOLUME_FORMAT);
	scene_fini(&s);
}

/* Two references to one block, both replaced: the second gives back what is free already. */
TEST(tree_with_a_block_referred_to_twice_is_broken)
{
	struct volume_scene s;
	const struct volume_place leaf = {INO_FIRST, 0, 1};
	struct volume_frame *f;

	scene_200_blocks(&s);
	CHECK(get(&s, 20, 21));
	f = volume_cache_find(s.v->cache, &leaf);
	memcpy(f->data + 30 * VOLUME_REF_SIZE, f->data + 31 * VOLUME_REF_SIZE, VOLUME_REF_SIZE);
	CHECK_EQ(put(&s, 30, 1, true), E_OK);
	CHECK_EQ(put(&s, 31, 2, true), E_OK);
	CHECK_EQ(volume_commit(s.v), E_VOLUME_FORMAT);
	CHECK_EQ(volume_commit(s.v), E_VOLUME_BROKEN);
	scene_fini(&s);
}

/* Each block has the key of another mount; the table of salts is a tree of several blocks itself. */
TEST(tree_reads_the_blocks_of_hundreds_of_mounts)
{
	enum { MOUNTS = 300 };
	struct volume_scene s;

	scene_init(&s, VOLUME_CACHE_MIN, 0);
	for (uint64_t i = 0; i < MOUNTS; i++) {
		CHECK_EQ(put(&s, i, i + 1, true), E_OK);
		scene_remount(&s);
	}
	CHECK(s.v->super.epoch_count > MOUNTS && s.v->super.epochs.depth == 1);
	for (uint64_t i = 0; i < MOUNTS; i++)
		CHECK(get(&s, i * 11 % MOUNTS, i * 11 % MOUNTS + 1));
	scene_check(&s);
	scene_fini(&s);
}

/* Reads of blocks in a row are announced to the device, each block at most once. */
static uint64_t g_ahead_calls, g_ahead_bytes;

static void ahead(void *context, uint64_t off, uint64_t size)
{
	(void)context;
	(void)off;
	g_ahead_calls++;
	g_ahead_bytes += size;
}

TEST(tree_announces_reads_in_a_row)
{
	struct volume_scene s;

	scene_init(&s, 0, 0);
	for (uint64_t i = 0; i < 1280; i++)
		CHECK_EQ(put(&s, i, i + 1, true), E_OK);
	s.config.device.ahead = ahead;
	scene_remount(&s);
	g_ahead_calls = g_ahead_bytes = 0;
	for (uint64_t i = 0; i < 1280; i++)
		CHECK(get(&s, i, i + 1));
	CHECK(g_ahead_calls >= 9 && g_ahead_calls <= 11);
	CHECK(g_ahead_bytes > 1200 * VOLUME_BLOCK_SIZE &&
	      g_ahead_bytes <= 1280 * VOLUME_BLOCK_SIZE);
	scene_remount(&s);
	g_ahead_calls = 0;
	for (uint64_t i = 0; i < 1280; i++)
		CHECK(get(&s, i * 7 % 1280, i * 7 % 1280 + 1));
	CHECK_EQ(g_ahead_calls, 0);
	scene_fini(&s);
}

int main(void)
{
	RUN(tree_is_a_sparse_array_over_flushes_commits_and_mounts);
	RUN(tree_grows_to_its_last_block_and_not_beyond);
	RUN(tree_forgets_what_was_cut);
	RUN(tree_cut_of_nothing_changes_nothing);
	RUN(tree_keeps_the_last_sixteen_blocks_where_they_are);
	RUN(tree_keeps_them_among_dirty_blocks);
	RUN(tree_read_through_once_leaves_the_others_in_the_cache);
	RUN(tree_that_is_dirty_has_a_dirty_record);
	RUN(tree_refuses_changed_and_exchanged_blocks);
	RUN(tree_refuses_references_to_nowhere);
	RUN(tree_cut_refuses_a_block_that_is_free);
	RUN(tree_with_a_block_referred_to_twice_is_broken);
	RUN(tree_reads_the_blocks_of_hundreds_of_mounts);
	RUN(tree_announces_reads_in_a_row);
	return check_report();
}
