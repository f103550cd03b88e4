/* A volume on a disk in memory, mounted, for the tests of files and names. */
#ifndef TEST_UNIT_VOLUME_MOUNTED_H
#define TEST_UNIT_VOLUME_MOUNTED_H

#include <string.h>

#include "base/err.h"
#include "test/lib/check.h"
#include "test/lib/volume_disk.h"
#include "volume/check.h"
#include "volume/volume.h"

struct mounted {
	struct volume_disk disk;
	struct volume_config config;
	struct volume *v;
	uint64_t entropy, now;
};

static const uint8_t g_mounted_key[VOLUME_KEY_SIZE] = {7, 7, 7};

static inline enum err mounted_random(void *context, void *out, size_t size)
{
	struct mounted *m = context;
	uint8_t *p = out;

	for (size_t i = 0; i < size; i++) {
		m->entropy = m->entropy * 6364136223846793005u + 1442695040888963407u;
		p[i] = (uint8_t)(m->entropy >> 56);
	}
	return E_OK;
}

/* Time goes on by a second with each look. */
static inline uint64_t mounted_now(void *context)
{
	struct mounted *m = context;

	return m->now += 1000000000u;
}

static inline void mounted_mount(struct mounted *m)
{
	struct volume_state found, expected;

	CHECK_EQ(volume_open(&m->v, &m->config, g_mounted_key, &found, &expected), E_OK);
}

/* size_max: bytes of the host's file; 0: no bound. */
static inline void mounted_start(struct mounted *m, uint64_t size_max)
{
	memset(m, 0, sizeof *m);
	disk_init(&m->disk);
	m->config = (struct volume_config){
		.device = disk_device(&m->disk),
		.random = {m, mounted_random},
		.now = mounted_now,
		.now_context = m,
		.cache_size = VOLUME_CACHE_DEFAULT,
		.size_max = size_max,
	};
	CHECK_EQ(volume_format(&m->config, g_mounted_key), E_OK);
	mounted_mount(m);
}

static inline void mounted_stop(struct mounted *m)
{
	volume_close(m->v);
	m->v = NULL;
	disk_fini(&m->disk);
}

/* The volume as its last commit has it; with what was changed, or without. */
static inline void mounted_again(struct mounted *m, bool commit)
{
	if (commit)
		CHECK_EQ(volume_commit(m->v), E_OK);
	volume_close(m->v);
	mounted_mount(m);
}

/* Commits and checks; the problems that were found, the first in *check. */
static inline uint64_t mounted_problems(struct mounted *m, struct volume_check *check)
{
	CHECK_EQ(volume_commit(m->v), E_OK);
	CHECK_EQ(volume_check(m->v, check, NULL, NULL), E_OK);
	return check->problems;
}

/* Commits, and nothing contradicts itself. */
static inline void mounted_check(struct mounted *m)
{
	struct volume_check check = {0};

	CHECK_EQ(mounted_problems(m, &check), 0);
	if (check.problems)
		printf("  %s: file %llu, block %llu\n", check.what, (unsigned long long)check.ino,
		       (unsigned long long)check.block);
}

/* ---- what the tests do most ---- */

static inline uint64_t make_node(struct mounted *m, uint64_t dir, const char *name,
				 enum volume_type type)
{
	uint64_t ino = 0;

	CHECK_EQ(volume_create(m->v, dir, name, strlen(name), type, &ino), E_OK);
	return ino;
}

static inline uint64_t make_file(struct mounted *m, uint64_t dir, const char *name)
{
	return make_node(m, dir, name, VOLUME_FILE);
}

static inline uint64_t make_dir(struct mounted *m, uint64_t dir, const char *name)
{
	return make_node(m, dir, name, VOLUME_DIRECTORY);
}

/* 0: nothing has the name. */
static inline uint64_t find(struct mounted *m, uint64_t dir, const char *name)
{
	enum volume_type type;
	uint64_t ino;

	return volume_lookup(m->v, dir, name, strlen(name), &ino, &type) == E_OK ? ino : 0;
}

static inline enum err unlink_name(struct mounted *m, uint64_t dir, const char *name)
{
	return volume_unlink(m->v, dir, name, strlen(name));
}

static inline enum err remove_dir(struct mounted *m, uint64_t dir, const char *name)
{
	return volume_rmdir(m->v, dir, name, strlen(name));
}

static inline enum err rename_to(struct mounted *m, uint64_t dir, const char *name, uint64_t to,
				 const char *new_name)
{
	return volume_rename(m->v, dir, name, strlen(name), to, new_name, strlen(new_name));
}

static inline enum err link_as(struct mounted *m, uint64_t ino, uint64_t dir, const char *name)
{
	return volume_link(m->v, ino, dir, name, strlen(name));
}

static inline struct volume_stat stat_of(struct mounted *m, uint64_t ino)
{
	struct volume_stat st = {0};

	CHECK_EQ(volume_stat(m->v, ino, &st), E_OK);
	return st;
}

#endif
