/*
 * A directory whose blocks hold arbitrary bytes, under every operation on names and the check: whatever
 * a broken runtime may have sealed there, nothing is read or written outside, everything ends, and no
 * name is handed out that could not have been made.
 *
 * Input: bits of the table, blocks, count of entries, number of patches; then the patches: block, offset
 * (2 bytes), length, bytes; then operations: kind, and which name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "test/lib/volume_disk.h"
#include "volume/check.h"
#include "volume/commit.h"
#include "volume/dir.h"
#include "volume/inode.h"
#include "volume/tree.h"

#define BLOCKS_MAX 12u
#define OPS_MAX	   40u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t g_key[VOLUME_KEY_SIZE] = {7, 7, 7};

static enum err fuzz_random(void *context, void *out, size_t size)
{
	uint8_t *n = context;

	memset(out, ++*n, size);
	return E_OK;
}

static uint64_t fuzz_now(void *context)
{
	(void)context;
	return 1;
}

static void fuzz_must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "broken: %s\n", what);
	abort();
}

static bool fuzz_take(void *context, const struct volume_dirent *entry)
{
	uint64_t *count = context;

	fuzz_must(volume_name_is_valid(entry->name, entry->name_size), "a name that cannot be");
	fuzz_must(entry->type > 0 && entry->type < VOLUME_TYPE_END, "a type that is none");
	return ++*count < 100000;
}

/* The directory's blocks and record as the input says. */
static enum err fuzz_plant(struct volume *v, uint64_t ino, struct reader *r)
{
	struct volume_inode dir;
	enum err err = volume_inode_load(v, ino, &dir);

	dir.bits = reader_u8(r);
	const uint32_t blocks = reader_u8(r) % (BLOCKS_MAX + 1);

	dir.size = (uint64_t)blocks * VOLUME_BLOCK_SIZE;
	dir.count = reader_u8(r);
	uint8_t patches = reader_u8(r);
	uint8_t *block;

	for (uint32_t i = 0; i < blocks && !err; i++)
		err = volume_tree_write(v, &dir.tree, i, true, &block);
	while (patches-- > 0 && !err && blocks > 0) {
		const uint32_t at = reader_u8(r) % blocks;
		const uint32_t off = reader_u16(r) % VOLUME_BLOCK_SIZE;
		uint32_t n = reader_u8(r);
		const uint8_t *p = reader_take(r, n);

		err = volume_tree_write(v, &dir.tree, at, false, &block);
		if (!p || err)
			break;
		n = n < VOLUME_BLOCK_SIZE - off ? n : VOLUME_BLOCK_SIZE - off;
		memcpy(block + off, p, n);
	}
	return err ? err : volume_inode_store(v, &dir);
}

static void fuzz_operate(struct volume *v, uint64_t dir, struct reader *r)
{
	const uint8_t kind = reader_u8(r), which = reader_u8(r);
	char name[VOLUME_NAME_MAX + 1] = "n0";
	size_t size = 2;
	enum volume_type type;
	uint64_t ino, count = 0;

	name[1] = (char)('0' + which % 64);
	if (which >= 192) {
		memset(name + 2, 'x', VOLUME_NAME_MAX - 2);
		size = VOLUME_NAME_MAX;
	}
	switch (kind % 8) {
	case 0:
		(void)!volume_lookup(v, dir, name, size, &ino, &type);
		break;
	case 1:
	case 2:
		(void)!volume_create(v, dir, name, size, VOLUME_FILE, &ino);
		break;
	case 3:
		(void)!volume_unlink(v, dir, name, size);
		break;
	case 4:
		(void)!volume_rmdir(v, dir, name, size);
		break;
	case 5:
		(void)!volume_rename(v, dir, name, size, VOLUME_ROOT, "elsewhere", 9);
		break;
	case 6:
		(void)!volume_rename(v, dir, name, size, dir, "n1", 2);
		break;
	default:
		(void)!volume_readdir(v, dir, kind, fuzz_take, &count);
	}
}

static void fuzz_mounted(struct volume *v, struct reader *r)
{
	struct volume_check check;
	uint64_t dir, count = 0;
	enum err err = volume_create(v, VOLUME_ROOT, "dir", 3, VOLUME_DIRECTORY, &dir);

	if (!err)
		err = fuzz_plant(v, dir, r);
	fuzz_must(!err, "nothing was planted");
	if (volume_commit(v) == E_OK)
		fuzz_must(volume_check(v, &check, NULL, NULL) == E_OK, "the check gave up");
	(void)!volume_readdir(v, dir, 0, fuzz_take, &count);
	for (uint32_t i = 0; i < OPS_MAX && r->left > 0; i++)
		fuzz_operate(v, dir, r);
	if (volume_commit(v) == E_OK)
		fuzz_must(volume_check(v, &check, NULL, NULL) == E_OK, "the check gave up");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct volume_disk disk;
	struct volume_state found, expected;
	struct volume *v;
	struct reader r;
	uint8_t entropy = 0;

	disk_init(&disk);
	const struct volume_config config = {
		.device = disk_device(&disk),
		.random = {&entropy, fuzz_random},
		.now = fuzz_now,
		.cache_size = VOLUME_CACHE_MIN,
	};

	reader_init(&r, data, size);
	if (volume_format(&config, g_key) == E_OK &&
	    volume_open(&v, &config, g_key, &found, &expected) == E_OK) {
		fuzz_mounted(v, &r);
		volume_close(v);
	}
	disk_fini(&disk);
	return 0;
}
