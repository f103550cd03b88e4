/*
 * A volume that the input has changed, mounted, read, checked and written to.
 * In the first mode the input changes bytes of the file, as a host can: claim: no byte that is read is
 * wrong. In the second one it changes plaintext, which is sealed again with all references above it:
 * claim: whatever a holder of the key writes, reading it ends, in bounds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "test/lib/volume_forge.h"
#include "volume/check.h"

#define WALK_MAX  300u /* files looked at */
#define READS_MAX 8u   /* parts of each */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct forge g_forge;
static char *g_truth; /* all that the volume holds */

static void claim(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "broken: %s\n", what);
	abort();
}

struct walk {
	uint64_t nodes[WALK_MAX];
	uint32_t count, seen;
};

static void walk_file(struct volume *v, uint64_t ino)
{
	static uint8_t buf[20000];
	struct volume_stat st;
	size_t done;

	if (volume_stat(v, ino, &st) != E_OK)
		return;
	claim(st.type >= VOLUME_FILE && st.type < VOLUME_TYPE_END,
	      "a type is one of those there are");
	claim(st.size <= VOLUME_FILE_MAX, "a size is bounded");
	(void)!volume_readlink(v, ino, (char *)buf, sizeof(buf), &done);
	for (uint64_t i = 0; i < READS_MAX; i++) {
		const uint64_t off = i < 4 ? i * sizeof(buf) : st.size / READS_MAX * i;

		if (volume_read(v, ino, buf, sizeof(buf), off, &done) == E_OK)
			claim(done <= sizeof(buf), "no more is read than was asked for");
	}
}

static bool walk_take(void *context, const struct volume_dirent *e)
{
	struct walk *w = context;

	claim(e->name_size >= 1 && e->name_size <= VOLUME_NAME_MAX, "a name has a size");
	claim(e->type >= VOLUME_FILE && e->type < VOLUME_TYPE_END, "an entry has a type");
	if (w->count < WALK_MAX)
		w->nodes[w->count++] = e->ino;
	return w->seen++ < 4 * WALK_MAX;
}

/* Every file that can be reached, and some that cannot. */
static void walk_all(struct volume *v)
{
	static struct walk w;
	uint64_t up;

	w = (struct walk){0};
	w.nodes[w.count++] = VOLUME_ROOT;
	for (uint32_t i = 0; i < w.count; i++) {
		(void)!volume_readdir(v, w.nodes[i], 0, walk_take, &w);
		(void)!volume_parent(v, w.nodes[i], &up);
		walk_file(v, w.nodes[i]);
	}
	for (uint64_t ino = 0; ino < 20; ino++)
		walk_file(v, ino);
}

static void write_some(struct volume *v)
{
	static const char *const names[] = {"dir", "data", "sparse", "short", "new"};
	uint64_t ino;
	enum volume_type type;
	size_t done;

	(void)!volume_create(v, VOLUME_ROOT, "new", 3, VOLUME_DIRECTORY, &ino);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (volume_lookup(v, VOLUME_ROOT, names[i], strlen(names[i]), &ino, &type) != E_OK)
			continue;
		(void)!volume_write(v, ino, "some bytes", 10, 4090, &done);
		(void)!volume_set_size(v, ino, 50);
		(void)!volume_link(v, ino, VOLUME_ROOT, "link", 4);
		(void)!volume_rename(v, VOLUME_ROOT, names[i], strlen(names[i]), VOLUME_ROOT, "to",
				     2);
		(void)!volume_unlink(v, VOLUME_ROOT, "to", 2);
		(void)!volume_rmdir(v, VOLUME_ROOT, "to", 2);
	}
	(void)!volume_commit(v);
}

static struct volume *mount(struct volume_disk *disk, bool read_only)
{
	struct volume_config config = pair_config(&g_forge.pair, disk);
	struct volume_state found, expected;
	struct volume *v;

	config.read_only = read_only;
	return volume_open(&v, &config, g_forge.pair.master, &found, &expected) == E_OK ? v : NULL;
}

static void try_all(struct volume_disk *disk, bool keyed)
{
	struct volume_check check = {0};
	struct volume *v = mount(disk, true);
	enum err err;

	if (!v)
		return;
	if (!keyed) {
		char *dump = model_dump_volume(v, &err);

		claim(!dump || strcmp(dump, g_truth) == 0, "what is read is what was written");
		free(dump);
	}
	walk_all(v);
	err = volume_check(v, &check, NULL, NULL);
	claim(err == E_OK || err == E_NOMEM || err == E_IO, "a check ends, whatever it finds");
	volume_close(v);
	v = mount(disk, false);
	if (!v)
		return;
	walk_all(v);
	write_some(v);
	volume_close(v);
}

/* Bytes of the file: block, offset, how many, what to add. */
static void change_file(struct reader *r, struct disk_image *image)
{
	while (r->left > 0 && !r->bad) {
		const uint64_t block = reader_u16(r) % (image->size / VOLUME_BLOCK_SIZE + 1);
		uint64_t off = block * VOLUME_BLOCK_SIZE + reader_u16(r) % VOLUME_BLOCK_SIZE;
		const uint8_t how = reader_u8(r), n = reader_u8(r);

		if (how == 255)
			disk_image_resize(image, off);
		for (uint8_t i = 0; i < n && off < image->size; i++)
			image->bytes[off++] ^= how;
	}
}

/* A block of the file over another one. */
static void change_places(struct reader *r, struct disk_image *image)
{
	const uint64_t count = image->size / VOLUME_BLOCK_SIZE;

	while (r->left > 0 && !r->bad && count > 0) {
		const uint64_t from = reader_u16(r) % count, to = reader_u16(r) % count;

		memmove(image->bytes + to * VOLUME_BLOCK_SIZE,
			image->bytes + from * VOLUME_BLOCK_SIZE, VOLUME_BLOCK_SIZE);
	}
}

static void change_super(struct reader *r, struct volume_super *s)
{
	struct volume_tree *const trees[] = {&s->epochs, &s->map, &s->table};
	const uint8_t which = reader_u8(r);
	const uint64_t n = reader_u64(r);

	switch (which % 9) {
	case 0:
		s->block_count = (uint32_t)n;
		return;
	case 1:
		s->used_count = (uint32_t)n;
		return;
	case 2:
		s->epoch_count = (uint32_t)n;
		return;
	case 3:
		s->inode_count = n;
		return;
	case 4:
		s->inode_free = n;
		return;
	case 5:
		s->sequence = n;
		return;
	case 6:
		trees[which / 9 % 3]->depth = (uint8_t)n;
		return;
	case 7:
		trees[which / 9 % 3]->root.block = (uint32_t)n;
		return;
	default:
		trees[which / 9 % 3]->root.epoch = (uint32_t)n;
	}
}

/* Plaintext: block 0 is the superblock; a block, an offset, bytes to put there. */
static void change_plaintext(struct reader *r, struct forge *f)
{
	while (r->left > 0 && !r->bad) {
		const uint32_t which = reader_u16(r) % (f->count + 1);
		const uint32_t off = reader_u16(r) % VOLUME_BLOCK_SIZE;
		const uint32_t n = reader_u8(r);

		if (which == 0) {
			change_super(r, &f->super);
			continue;
		}
		struct forge_block *b = &f->blocks[which - 1];

		b->dirty = true;
		for (uint32_t i = 0; i < n && off + i < VOLUME_BLOCK_SIZE && r->left > 0; i++)
			b->plain[off + i] = reader_u8(r);
	}
}

static void start(void)
{
	enum err err;

	forge_init(&g_forge);
	g_truth = model_dump_volume(g_forge.pair.v, &err);
	claim(g_truth != NULL, "the volume can be read before");
	/* There is no commit before it to fall back to. */
	const uint64_t older = VOLUME_SUPER_BLOCK + (~g_forge.super.sequence & 1);

	memset(g_forge.pair.disk.image.bytes + older * VOLUME_BLOCK_SIZE, 0, VOLUME_BLOCK_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct forge forged;
	struct volume_disk disk;
	struct reader r;

	if (!g_truth)
		start();
	reader_init(&r, data, size < 4096 ? size : 4096);
	const uint8_t mode = reader_u8(&r);

	disk_init(&disk);
	disk_image_copy(&disk.image, &g_forge.pair.disk.image);
	if (mode % 4 == 0) {
		change_file(&r, &disk.image);
	} else if (mode % 4 == 1) {
		change_places(&r, &disk.image);
	} else {
		forge_copy(&forged, &g_forge);
		change_plaintext(&r, &forged);
		forge_seal(&forged, &disk.image);
		forge_copy_free(&forged);
	}
	try_all(&disk, mode % 4 > 1);
	disk_fini(&disk);
	return 0;
}
