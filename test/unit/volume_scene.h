/* A volume on a disk in memory, with randomness and a clock that repeat; an object to try trees on. */
#ifndef TEST_UNIT_VOLUME_SCENE_H
#define TEST_UNIT_VOLUME_SCENE_H

#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/lib/volume_disk.h"
#include "volume/commit.h"
#include "volume/inode.h"
#include "volume/map.h"
#include "volume/tree.h"

struct volume_scene {
	struct volume_disk disk;
	struct volume_config config;
	uint8_t master[VOLUME_KEY_SIZE];
	uint64_t random, clock;
	struct volume *v;
	struct volume_inode file; /* the object */
};

static inline uint64_t scene_random(struct volume_scene *s)
{
	s->random = s->random * 6364136223846793005u + 1442695040888963407u;
	return s->random >> 33;
}

static inline enum err scene_get_random(void *context, void *out, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((uint8_t *)out)[i] = (uint8_t)scene_random(context);
	return E_OK;
}

static inline uint64_t scene_now(void *context)
{
	return ((struct volume_scene *)context)->clock += 1000;
}

static inline enum err scene_try_open(struct volume_scene *s)
{
	struct volume_state found, expected;

	return volume_open(&s->v, &s->config, s->master, &found, &expected);
}

/* The numbers of the file as they are stored. */
static inline void scene_load(struct volume_scene *s)
{
	CHECK_EQ(volume_inode_load(s->v, INO_FIRST, &s->file), E_OK);
}

static inline void scene_store(struct volume_scene *s)
{
	CHECK_EQ(volume_inode_store(s->v, &s->file), E_OK);
}

/* Formatted, mounted, one empty file in it, committed. */
static inline void scene_init(struct volume_scene *s, size_t cache_size, uint64_t size_max)
{
	uint64_t ino;

	*s = (struct volume_scene){.random = 7, .master = {1, 2, 3}};
	disk_init(&s->disk);
	s->config = (struct volume_config){
		.device = disk_device(&s->disk),
		.random = {s, scene_get_random},
		.now = scene_now,
		.now_context = s,
		.cache_size = cache_size,
		.size_max = size_max,
	};
	CHECK_EQ(volume_format(&s->config, s->master), E_OK);
	CHECK_EQ(scene_try_open(s), E_OK);
	CHECK_EQ(volume_create(s->v, VOLUME_ROOT, "file", 4, VOLUME_FILE, &ino), E_OK);
	CHECK_EQ(ino, INO_FIRST);
	CHECK_EQ(volume_commit(s->v), E_OK);
	scene_load(s);
}

/* Commits, mounts again. */
static inline void scene_remount(struct volume_scene *s)
{
	CHECK_EQ(volume_commit(s->v), E_OK);
	volume_close(s->v);
	s->v = NULL;
	CHECK_EQ(scene_try_open(s), E_OK);
	scene_load(s);
}

static inline void scene_fini(struct volume_scene *s)
{
	volume_close(s->v);
	disk_fini(&s->disk);
}

static inline enum err scene_count(void *context, const struct volume_place *place, uint32_t block)
{
	(void)place;
	(void)block;
	++*(uint64_t *)context;
	return E_OK;
}

static inline uint64_t scene_blocks_of(struct volume_scene *s, const struct volume_tree *tree)
{
	uint64_t n = 0;

	CHECK_EQ(volume_tree_visit(s->v, tree, true, scene_count, &n), E_OK);
	return n;
}

/* Of a committed volume: every block in use belongs to one of the trees. */
static inline void scene_check(struct volume_scene *s)
{
	uint64_t n = VOLUME_DATA_BLOCK;
	struct volume_tree root;

	CHECK_EQ(volume_object_tree(s->v, VOLUME_ROOT, &root), E_OK);
	n += scene_blocks_of(s, &s->v->super.epochs) + scene_blocks_of(s, &s->v->super.map) +
	     scene_blocks_of(s, &s->v->super.table) + scene_blocks_of(s, &s->file.tree) +
	     scene_blocks_of(s, &root);
	CHECK_EQ(n, s->v->super.used_count);
}

#endif
