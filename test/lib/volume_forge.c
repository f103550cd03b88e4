/* Blocks of a volume in plaintext; and sealed again, from the bottom up. */
#include "test/lib/volume_forge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "volume/impl.h"
#include "volume/inode.h"
#include "volume/seal.h"

#define INODE_REF 56u /* of a record: where the reference to its blocks stands */

static void forge_must(bool holds, const char *what)
{
	if (holds)
		return;
	printf("forge: %s\n", what);
	abort();
}

static void forge_add(struct forge *f, const struct volume_place *place,
		      const struct volume_ref *ref, enum forge_parent kind, uint32_t parent,
		      uint32_t at)
{
	struct forge_block *b;

	if (ref->block == 0)
		return;
	f->blocks = realloc(f->blocks, (f->count + 1) * sizeof(*f->blocks));
	forge_must(f->blocks, "memory");
	b = &f->blocks[f->count++];
	*b = (struct forge_block){
		.place = *place, .ref = *ref, .kind = kind, .parent = parent, .at = at};
	const uint8_t *cipher = f->pair.disk.image.bytes + (uint64_t)ref->block * VOLUME_BLOCK_SIZE;

	forge_must(volume_open_block(f->pair.v, place, ref, cipher, b->plain) == E_OK, "a block");
}

/* All blocks of a tree: breadth first, so that parents come before. */
static void forge_add_tree(struct forge *f, const struct volume_tree *tree, enum forge_parent kind,
			   uint32_t parent, uint32_t at)
{
	const struct volume_place top = {tree->ino, 0, tree->depth};
	uint32_t next = f->count;

	forge_add(f, &top, &tree->root, kind, parent, at);
	for (; next < f->count; next++) {
		for (uint32_t i = 0; f->blocks[next].place.level > 0 && i < VOLUME_FANOUT; i++) {
			const struct volume_place up = f->blocks[next].place;
			const struct volume_place place = {up.ino, up.index * VOLUME_FANOUT + i,
							   (uint8_t)(up.level - 1)};
			struct volume_ref ref;

			volume_ref_decode(&ref, f->blocks[next].plain + i * VOLUME_REF_SIZE);
			forge_add(f, &place, &ref, FORGE_NODE, next, i * VOLUME_REF_SIZE);
		}
	}
}

/* The block of the table of inodes that has this record. */
static uint32_t forge_table_block(const struct forge *f, uint64_t ino)
{
	for (uint32_t i = 0; i < f->count; i++) {
		const struct volume_place *p = &f->blocks[i].place;

		if (p->ino == INO_TABLE && p->level == 0 &&
		    p->index == ino / (VOLUME_BLOCK_SIZE / VOLUME_INODE_SIZE))
			return i;
	}
	forge_must(false, "a record");
	return 0;
}

static void forge_populate(struct pair *p)
{
	static uint8_t data[3 * VOLUME_BLOCK_SIZE + 100];
	static char target[1000];
	uint32_t dir, node;
	char name[40];

	memset(data, 'd', sizeof(data));
	memset(target, 't', sizeof(target));
	(void)pair_create(p, MODEL_ROOT, "dir", 3, VOLUME_DIRECTORY, &dir);
	for (uint32_t i = 0; i < 180; i++) {
		snprintf(name, sizeof(name), "a-name-of-some-length-%u", i);
		(void)pair_create(p, i < 150 ? dir : MODEL_ROOT, name, strlen(name), VOLUME_FILE,
				  &node);
	}
	(void)pair_symlink(p, MODEL_ROOT, "short", 5, target, 20);
	(void)pair_symlink(p, MODEL_ROOT, "long", 4, target, sizeof(target));
	(void)pair_create(p, MODEL_ROOT, "data", 4, VOLUME_FILE, &node);
	(void)pair_write(p, node, data, sizeof(data), 0);
	(void)pair_create(p, MODEL_ROOT, "sparse", 6, VOLUME_FILE, &node);
	(void)pair_write(p, node, data, 100, 600000);
	(void)pair_create(p, dir, "held", 4, VOLUME_FILE, &node);
	(void)pair_write(p, node, data, 5000, 0);
	pair_hold(p, node);
	(void)pair_unlink(p, dir, "held", 4);
	pair_commit(p);
}

void forge_init(struct forge *f)
{
	struct volume_inode inode;

	memset(f, 0, sizeof(*f));
	pair_init(&f->pair, 99, VOLUME_CACHE_MIN, 0);
	forge_populate(&f->pair);
	f->super = f->pair.v->super;
	forge_add_tree(f, &f->super.epochs, FORGE_SUPER, 0, 0);
	forge_add_tree(f, &f->super.map, FORGE_SUPER, 0, 1);
	forge_add_tree(f, &f->super.table, FORGE_SUPER, 0, 2);
	for (uint64_t ino = INO_ORPHANS; ino < f->super.inode_count; ino++) {
		if (volume_inode_load(f->pair.v, ino, &inode) != E_OK)
			continue;
		const uint32_t in = ino % (VOLUME_BLOCK_SIZE / VOLUME_INODE_SIZE);

		forge_add_tree(f, &inode.tree, FORGE_INODE, forge_table_block(f, ino),
			       in * VOLUME_INODE_SIZE + INODE_REF);
	}
	forge_must(f->pair.wrong == 0 && f->count > 20, "the volume");
}

void forge_fini(struct forge *f)
{
	free(f->blocks);
	pair_fini(&f->pair);
}

void forge_copy(struct forge *to, const struct forge *from)
{
	to->pair = from->pair;
	to->super = from->super;
	to->count = from->count;
	to->blocks = malloc(from->count * sizeof(*from->blocks));
	forge_must(to->blocks, "memory");
	memcpy(to->blocks, from->blocks, from->count * sizeof(*from->blocks));
}

void forge_copy_free(struct forge *f)
{
	free(f->blocks);
	f->blocks = NULL;
}

static void forge_seal_block(struct forge *f, struct forge_block *b, struct disk_image *image)
{
	uint8_t cipher[VOLUME_BLOCK_SIZE];
	const uint32_t block = b->ref.block;
	struct volume_tree *const trees[] = {&f->super.epochs, &f->super.map, &f->super.table};

	forge_must(volume_seal_block(f->pair.v, &b->place, b->plain, cipher, &b->ref) == E_OK,
		   "sealing");
	b->ref.block = block;
	memcpy(image->bytes + (uint64_t)block * VOLUME_BLOCK_SIZE, cipher, sizeof(cipher));
	if (b->kind == FORGE_SUPER) {
		trees[b->at]->root = b->ref;
		return;
	}
	volume_ref_encode(f->blocks[b->parent].plain + b->at, &b->ref);
	f->blocks[b->parent].dirty = true;
}

void forge_seal(struct forge *f, struct disk_image *image)
{
	uint8_t root[VOLUME_HASH_SIZE];
	const uint64_t slot = VOLUME_SUPER_BLOCK + (f->super.sequence & 1);

	for (uint32_t i = f->count; i-- > 0;) {
		if (f->blocks[i].dirty)
			forge_seal_block(f, &f->blocks[i], image);
	}
	forge_must(volume_seal_super(f->pair.v, &f->super, image->bytes + slot * VOLUME_BLOCK_SIZE,
				     root) == E_OK,
		   "the superblock");
}
