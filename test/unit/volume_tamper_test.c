/*
 * volume: whatever the host does to the bytes of a volume, nothing wrong is ever read, and damage of
 * any block that the accepted commit refers to is noticed. Every kind of block (tables, nodes, directories,
 * data) is damaged in every way: bits, zeros, other blocks, older ones, other volumes' ones, truncation;
 * superblocks exchanged; whole states rolled back and forked against an anchor. `long` as an argument:
 * all blocks instead of some of each kind.
 */
#include <stdlib.h>
#include <string.h>

#include "test/lib/check.h"
#include "test/lib/volume_pair.h"
#include "volume/anchor.h"
#include "volume/check.h"
#include "volume/header.h"
#include "volume/impl.h"
#include "volume/inode.h"
#include "volume/tree.h"

#define STATES_MAX 16
#define LARGE_SIZE (200u * VOLUME_BLOCK_SIZE) /* two leaves of references */

static bool g_long;

enum kind {
	KIND_EPOCHS,
	KIND_MAP,
	KIND_TABLE,
	KIND_ORPHANS,
	KIND_DIRECTORY,
	KIND_FILE,
	KIND_SYMLINK,
	KINDS
};
static const char *const g_kinds[] = {"epochs",	   "map",  "inodes", "orphans",
				      "directory", "data", "symlink"};

struct block {
	struct volume_place place;
	uint32_t block;
	enum kind kind;
};

/* A commit: the file as it was then, and which blocks it refers to. */
struct state {
	struct disk_image image;
	struct block *blocks;
	size_t count;
	struct volume_state name;
	struct model model;
};

struct scene {
	struct pair pair;
	struct state states[STATES_MAX];
	size_t count;
};

struct collect {
	struct state *state;
	enum kind kind;
};

static enum err collect_visit(void *context, const struct volume_place *place, uint32_t block)
{
	struct collect *c = context;
	struct state *s = c->state;

	s->blocks = realloc(s->blocks, (s->count + 1) * sizeof(*s->blocks));
	if (!s->blocks)
		abort();
	s->blocks[s->count++] = (struct block){*place, block, c->kind};
	return E_OK;
}

static enum kind kind_of(const struct volume_inode *inode)
{
	if (inode->tree.ino == INO_ORPHANS)
		return KIND_ORPHANS;
	return inode->type == VOLUME_DIRECTORY ? KIND_DIRECTORY
	       : inode->type == VOLUME_FILE    ? KIND_FILE
					       : KIND_SYMLINK;
}

/* All blocks of the commit that the volume is at. */
static void collect(struct volume *v, struct state *s)
{
	struct collect c = {s, KIND_EPOCHS};
	const struct volume_tree *const trees[] = {&v->super.epochs, &v->super.map,
						   &v->super.table};
	struct volume_inode inode;

	for (size_t i = 0; i < COUNT_OF(trees); i++) {
		c.kind = (enum kind)(KIND_EPOCHS + i);
		CHECK_EQ(volume_tree_visit(v, trees[i], false, collect_visit, &c), E_OK);
	}
	for (uint64_t ino = INO_ORPHANS; ino < v->super.inode_count; ino++) {
		if (volume_inode_load(v, ino, &inode) != E_OK)
			continue;
		c.kind = kind_of(&inode);
		CHECK_EQ(volume_tree_visit(v, &inode.tree, false, collect_visit, &c), E_OK);
	}
}

static void scene_commit(struct scene *s)
{
	struct state *state = &s->states[s->count++];

	pair_compare(&s->pair);
	pair_commit(&s->pair);
	disk_image_copy(&state->image, &s->pair.disk.image);
	volume_get_state(s->pair.v, &state->name);
	model_copy(&state->model, &s->pair.model);
	collect(s->pair.v, state);
}

static void scene_fill(struct scene *s, uint32_t node, uint64_t from, uint64_t to, uint32_t salt)
{
	static uint8_t data[VOLUME_BLOCK_SIZE];

	for (uint64_t off = from; off < to; off += sizeof(data)) {
		for (size_t i = 0; i < sizeof(data); i += 4) {
			const uint32_t x = ((uint32_t)off + (uint32_t)i) * 2654435761u + salt;

			memcpy(data + i, &x, 4);
		}
		CHECK_EQ(pair_write(&s->pair, node, data, sizeof(data), off), E_OK);
	}
}

/* Every kind of block, several epochs, several commits that replaced some of everything. */
static void scene_init(struct scene *s, uint64_t seed)
{
	struct pair *p = &s->pair;
	uint32_t large, dir, file, held;
	char name[32];
	static char target[VOLUME_LINK_MAX];

	memset(s, 0, sizeof(*s));
	pair_init(p, seed, VOLUME_CACHE_MIN, 0);
	memset(target, 't', sizeof(target));
	CHECK_EQ(pair_create(p, MODEL_ROOT, "large", 5, VOLUME_FILE, &large), E_OK);
	CHECK_EQ(pair_create(p, MODEL_ROOT, "dir", 3, VOLUME_DIRECTORY, &dir), E_OK);
	CHECK_EQ(pair_symlink(p, MODEL_ROOT, "link", 4, target, sizeof(target)), E_OK);
	scene_fill(s, large, 0, LARGE_SIZE, 1);
	scene_commit(s);
	for (uint32_t i = 0; i < 400; i++) {
		p->model.now = p->now += 10;
		const size_t size = (size_t)snprintf(name, sizeof(name), "an-entry-%u", i);

		CHECK_EQ(pair_create(p, dir, name, size, VOLUME_FILE, &file), E_OK);
		if (i % 40 == 0)
			scene_fill(s, file, 0, 2 * VOLUME_BLOCK_SIZE, i);
	}
	scene_commit(s);
	for (uint32_t round = 0; round < 5; round++) {
		p->model.now = p->now += 10;
		pair_remount(p, true);
		for (uint32_t i = 0; i < 8; i++)
			scene_fill(s, large, (round * 8 + i * 20) * VOLUME_BLOCK_SIZE,
				   (round * 8 + i * 20 + 2) * VOLUME_BLOCK_SIZE, round + 2);
		const size_t size = (size_t)snprintf(name, sizeof(name), "an-entry-%u", round);

		CHECK_EQ(pair_unlink(p, dir, name, size), E_OK);
		CHECK_EQ(pair_create(p, MODEL_ROOT, "held", 4, VOLUME_FILE, &held), E_OK);
		scene_fill(s, held, 0, VOLUME_BLOCK_SIZE, round);
		pair_hold(p, held);
		CHECK_EQ(pair_unlink(p, MODEL_ROOT, "held", 4), E_OK);
		scene_commit(s);
	}
}

static void scene_fini(struct scene *s)
{
	for (size_t i = 0; i < s->count; i++) {
		disk_image_free(&s->states[i].image);
		model_fini(&s->states[i].model);
		free(s->states[i].blocks);
	}
	CHECK_EQ(s->pair.wrong, 0);
	pair_fini(&s->pair);
}

static struct state *scene_last(struct scene *s)
{
	return &s->states[s->count - 1];
}

/* ---- what is read of a damaged volume ---- */

struct look {
	enum err opened;
	uint64_t errors; /* answers that were errors */
	uint64_t odd;	 /* of these, such as do not say that the volume is damaged */
	uint64_t wrong;	 /* answers that were not those of the commit */
	size_t at;	 /* the commit */
	struct volume_state found, expected;
};

static bool is_damage(enum err err)
{
	return err == E_VOLUME_BLOCK || err == E_VOLUME_SUPERBLOCK || err == E_VOLUME_FORMAT ||
	       err == E_VOLUME_ANCHOR || err == E_VOLUME_SHORT || err == E_IO;
}

static bool look_error(struct look *l, enum err err)
{
	if (err == E_OK)
		return false;
	l->errors++;
	if (!is_damage(err) && l->odd++ == 0)
		printf("an odd answer: %d\n", (int)err);
	return true;
}

static void look_wrong(struct look *l, const char *what, uint64_t ino)
{
	if (l->wrong++ < 3)
		printf("wrong: %s of inode %llu\n", what, (unsigned long long)ino);
}

static void look_data(struct volume *v, const struct model_node *n, struct look *l)
{
	static uint8_t buf[VOLUME_BLOCK_SIZE];
	size_t done;

	for (uint64_t off = 0; off < n->size; off += sizeof(buf)) {
		const uint64_t left = n->size - off;
		const size_t size = left < sizeof(buf) ? (size_t)left : sizeof(buf);

		memset(buf, 0xee, sizeof(buf));
		if (look_error(l, volume_read(v, n->ino, buf, sizeof(buf), off, &done)))
			continue;
		if (done != size || memcmp(buf, n->data + off, size) != 0)
			look_wrong(l, "data", n->ino);
	}
}

static void look_target(struct volume *v, const struct model_node *n, struct look *l)
{
	static char buf[VOLUME_LINK_MAX + 1];
	size_t done;

	if (look_error(l, volume_readlink(v, n->ino, buf, sizeof(buf), &done)))
		return;
	if (done != n->size || memcmp(buf, n->data, done) != 0)
		look_wrong(l, "target", n->ino);
}

struct look_list {
	const struct model *m;
	const struct model_node *dir;
	uint64_t count, strange;
};

static bool look_take(void *context, const struct volume_dirent *e)
{
	struct look_list *list = context;

	list->count++;
	for (uint32_t i = 0; i < list->dir->count; i++) {
		const struct model_entry *x = &list->dir->entries[i];

		if (x->name_size == e->name_size && memcmp(x->name, e->name, e->name_size) == 0 &&
		    list->m->nodes[x->node].ino == e->ino)
			return true;
	}
	list->strange++;
	return true;
}

static void look_names(struct volume *v, const struct model *m, const struct model_node *n,
		       struct look *l)
{
	struct look_list list = {.m = m, .dir = n};
	const bool failed = look_error(l, volume_readdir(v, n->ino, 0, look_take, &list));

	if (list.strange > 0 || (!failed && list.count != n->count))
		look_wrong(l, "listing", n->ino);
	for (uint32_t i = 0; i < n->count; i += g_long ? 1 : 7) {
		const struct model_entry *x = &n->entries[i];
		enum volume_type type;
		uint64_t ino;

		if (look_error(l, volume_lookup(v, n->ino, x->name, x->name_size, &ino, &type)))
			continue;
		if (ino != m->nodes[x->node].ino || type != m->nodes[x->node].type)
			look_wrong(l, "entry", n->ino);
	}
}

/* Asks for everything that the commit holds, going on after errors. */
static void look_all(struct volume *v, const struct model *m, struct look *l)
{
	struct volume_stat st;

	for (uint32_t i = 1; i < m->node_count; i++) {
		const struct model_node *n = &m->nodes[i];

		if (!n->alive || n->nlink == 0 || look_error(l, volume_stat(v, n->ino, &st)))
			continue;
		if (st.type != n->type || st.nlink != n->nlink || st.mtim != n->mtim ||
		    (n->type != VOLUME_DIRECTORY && st.size != n->size))
			look_wrong(l, "stat", n->ino);
		if (n->type == VOLUME_FILE)
			look_data(v, n, l);
		else if (n->type == VOLUME_SYMLINK)
			look_target(v, n, l);
		else
			look_names(v, m, n, l);
	}
}

static size_t scene_state(const struct scene *s, const struct volume_state *name)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->states[i].name.sequence == name->sequence &&
		    memcmp(s->states[i].name.root, name->root, VOLUME_HASH_SIZE) == 0)
			return i;
	}
	return SIZE_MAX;
}

static uint64_t g_looked, g_noticed, g_opened_well;

/* Mounts the image and looks at all of it: nothing may be wrong, whatever else is. */
static struct look look(struct scene *s, struct disk_image *image, const uint8_t *master,
			const struct volume_anchor *anchor, bool read_only)
{
	struct look l = {.at = SIZE_MAX};
	struct volume_disk disk;
	struct volume_check check = {0};
	struct volume_state state;
	struct volume *v;

	disk_init(&disk);
	disk.image = *image;
	struct volume_config config = pair_config(&s->pair, &disk);

	config.read_only = read_only;
	config.anchor = anchor;
	l.opened = volume_open(&v, &config, master, &l.found, &l.expected);
	g_looked++;
	if (!look_error(&l, l.opened)) {
		volume_get_state(v, &state);
		l.at = scene_state(s, &state);
		if (l.at == SIZE_MAX)
			look_wrong(&l, "commit", state.sequence);
		else
			look_all(v, &s->states[l.at].model, &l);
		if (read_only && !look_error(&l, volume_check(v, &check, NULL, NULL)) &&
		    check.problems > 0)
			l.errors++;
		volume_close(v);
	}
	g_noticed += l.errors > 0;
	g_opened_well += l.errors == 0;
	CHECK_EQ(l.wrong, 0);
	CHECK_EQ(l.odd, 0);
	*image = disk.image;
	return l;
}

/* ---- blocks ---- */

static struct disk_image g_image;
static uint64_t g_damages[KINDS];

static uint8_t *block_at(struct disk_image *image, uint32_t block)
{
	return image->bytes + (uint64_t)block * VOLUME_BLOCK_SIZE;
}

/* The image as it is now, in which `b` is damaged, must not pass for whole. */
static void must_be_noticed(struct scene *s, const struct block *b, const char *how)
{
	const struct look l = look(s, &g_image, s->pair.master, NULL, true);

	g_damages[b->kind]++;
	if (l.errors == 0 || l.wrong > 0) {
		printf("%s: %s, level %u, index %llu, block %u: %llu errors, %llu wrong\n", how,
		       g_kinds[b->kind], b->place.level, (unsigned long long)b->place.index,
		       b->block, (unsigned long long)l.errors, (unsigned long long)l.wrong);
		CHECK(l.errors > 0);
	}
	/* A mount for writing reads other things first. */
	if (g_long || g_looked % 16 == 0)
		(void)look(s, &g_image, s->pair.master, NULL, false);
	disk_image_copy(&g_image, &scene_last(s)->image);
}

/* Puts `bytes` where the block is, unless they are the same. */
static void replaced(struct scene *s, const struct block *b, const uint8_t *bytes, const char *how)
{
	uint8_t *at = block_at(&g_image, b->block);

	if (memcmp(at, bytes, VOLUME_BLOCK_SIZE) == 0)
		return;
	memcpy(at, bytes, VOLUME_BLOCK_SIZE);
	must_be_noticed(s, b, how);
}

static void flipped(struct scene *s, const struct block *b)
{
	const uint32_t places[] = {0, 1, 2047, 4095, pair_pick(&s->pair, VOLUME_BLOCK_SIZE)};

	for (size_t i = 0; i < COUNT_OF(places); i++) {
		block_at(&g_image, b->block)[places[i]] ^= (uint8_t)(1u << pair_pick(&s->pair, 8));
		must_be_noticed(s, b, "a bit");
	}
}

static void zeroed(struct scene *s, const struct block *b)
{
	static const uint8_t zeros[VOLUME_BLOCK_SIZE];

	replaced(s, b, zeros, "zeros");
}

static void swapped(struct scene *s, const struct block *b, bool same_object)
{
	const struct state *last = scene_last(s);
	static uint8_t keep[VOLUME_BLOCK_SIZE];

	for (size_t tries = 0, i = pair_pick(&s->pair, (uint32_t)last->count); tries < last->count;
	     tries++, i = (i + 1) % last->count) {
		const struct block *other = &last->blocks[i];

		if (other->block == b->block || (other->place.ino == b->place.ino) != same_object)
			continue;
		memcpy(keep, block_at(&g_image, b->block), sizeof(keep));
		memcpy(block_at(&g_image, b->block), block_at(&g_image, other->block),
		       sizeof(keep));
		memcpy(block_at(&g_image, other->block), keep, sizeof(keep));
		must_be_noticed(s, b, same_object ? "swapped within the object" : "swapped");
		return;
	}
}

/* What an earlier commit had in this block of the file; what it had as this block of the object. */
static void replayed(struct scene *s, const struct block *b)
{
	for (size_t i = 0; i + 1 < s->count; i++) {
		struct state *old = &s->states[i];

		if ((uint64_t)(b->block + 1) * VOLUME_BLOCK_SIZE <= old->image.size)
			replaced(s, b, block_at(&old->image, b->block),
				 "an older block of the file");
		for (size_t k = 0; k < old->count; k++) {
			const struct block *o = &old->blocks[k];

			if (o->place.ino == b->place.ino && o->place.index == b->place.index &&
			    o->place.level == b->place.level && o->kind == b->kind)
				replaced(s, b, block_at(&old->image, o->block),
					 "an older block of the object");
		}
	}
}

static void truncated(struct scene *s, const struct block *b)
{
	disk_image_resize(&g_image, (uint64_t)b->block * VOLUME_BLOCK_SIZE);
	must_be_noticed(s, b, "truncated before it");
	disk_image_resize(&g_image, (uint64_t)(b->block + 1) * VOLUME_BLOCK_SIZE - 1);
	must_be_noticed(s, b, "truncated in it");
}

/* Blocks of each kind and level to look at: some, or all. */
static bool enough(const struct block *b)
{
	static uint32_t taken[KINDS][VOLUME_DEPTH_MAX + 1];

	return !g_long && taken[b->kind][b->place.level]++ >= 4;
}

TEST(volume_notices_every_damage_of_a_block)
{
	static struct scene s;

	scene_init(&s, 11);
	disk_image_copy(&g_image, &scene_last(&s)->image);
	const struct look whole = look(&s, &g_image, s.pair.master, NULL, true);

	CHECK_EQ(whole.errors, 0);
	CHECK_EQ(whole.at, s.count - 1);
	for (size_t i = 0; i < scene_last(&s)->count; i++) {
		const struct block *b =
			&scene_last(&s)->blocks[g_long ? i : (i * 37) % scene_last(&s)->count];

		if (enough(b))
			continue;
		flipped(&s, b);
		zeroed(&s, b);
		swapped(&s, b, true);
		swapped(&s, b, false);
		replayed(&s, b);
		truncated(&s, b);
	}
	for (int i = 0; i < KINDS; i++) {
		printf("%s%s %llu", i ? ", " : "damaged: ", g_kinds[i],
		       (unsigned long long)g_damages[i]);
		CHECK(g_damages[i] > 0);
	}
	printf("; noticed %llu of %llu\n", (unsigned long long)g_noticed,
	       (unsigned long long)g_looked);
	scene_fini(&s);
}

/* ---- other volumes ---- */

/* The same operations on a volume with another id, or another key: its blocks in the place of ours. */
static void of_another_volume(bool same_key)
{
	static struct scene s, other;
	static const uint8_t nothing[VOLUME_BLOCK_SIZE];

	scene_init(&s, 21);
	scene_init(&other, 22);
	/* The other volume once more, under our key. */
	if (same_key) {
		scene_fini(&other);
		memset(&other, 0, sizeof(other));
		pair_init(&other.pair, 22, VOLUME_CACHE_MIN, 0);
		memcpy(other.pair.master, s.pair.master, sizeof(s.pair.master));
		volume_close(other.pair.v);
		struct volume_state found, expected;

		disk_image_resize(&other.pair.disk.image, 0);
		CHECK_EQ(volume_format(&other.pair.config, other.pair.master), E_OK);
		CHECK_EQ(volume_open(&other.pair.v, &other.pair.config, other.pair.master, &found,
				     &expected),
			 E_OK);
		scene_commit(&other);
	}
	disk_image_copy(&g_image, &scene_last(&s)->image);
	for (size_t i = 0; i < scene_last(&s)->count; i++) {
		const struct block *b = &scene_last(&s)->blocks[i];
		const struct disk_image *o = &scene_last(&other)->image;

		if ((!g_long && i % 16) || (uint64_t)(b->block + 1) * VOLUME_BLOCK_SIZE > o->size)
			continue;
		const uint8_t *bytes = o->bytes + (uint64_t)b->block * VOLUME_BLOCK_SIZE;

		if (memcmp(bytes, nothing, sizeof(nothing)) != 0)
			replaced(&s, b, bytes, "another volume's block");
	}
	/* Its superblocks; all of it. */
	for (uint32_t i = 0; i < 2; i++)
		memcpy(block_at(&g_image, VOLUME_SUPER_BLOCK + i),
		       block_at(&scene_last(&other)->image, VOLUME_SUPER_BLOCK + i),
		       VOLUME_BLOCK_SIZE);
	struct look l = look(&s, &g_image, s.pair.master, NULL, true);

	CHECK_EQ(l.opened, E_VOLUME_SUPERBLOCK);
	disk_image_copy(&g_image, &scene_last(&other)->image);
	l = look(&s, &g_image, s.pair.master, NULL, true);
	CHECK_EQ(l.opened, E_VOLUME_SUPERBLOCK);
	scene_fini(&other);
	scene_fini(&s);
}

TEST(volume_refuses_blocks_of_a_volume_with_another_id)
{
	of_another_volume(true);
}

TEST(volume_refuses_blocks_of_a_volume_with_another_key)
{
	of_another_volume(false);
}

/* ---- superblocks ---- */

TEST(volume_refuses_exchanged_superblocks)
{
	static struct scene s;
	uint8_t keep[VOLUME_BLOCK_SIZE];

	scene_init(&s, 31);
	struct state *last = scene_last(&s);
	const uint32_t newer = VOLUME_SUPER_BLOCK + (last->name.sequence & 1), older = newer ^ 1;

	/* Each in the other's place: neither is what stands there. */
	disk_image_copy(&g_image, &last->image);
	memcpy(keep, block_at(&g_image, newer), sizeof(keep));
	memcpy(block_at(&g_image, newer), block_at(&g_image, older), sizeof(keep));
	memcpy(block_at(&g_image, older), keep, sizeof(keep));
	CHECK_EQ(look(&s, &g_image, s.pair.master, NULL, true).opened, E_VOLUME_SUPERBLOCK);

	/* The newer one in both: it is the last commit all the same. */
	disk_image_copy(&g_image, &last->image);
	memcpy(block_at(&g_image, older), keep, sizeof(keep));
	const struct look l = look(&s, &g_image, s.pair.master, NULL, true);

	CHECK_EQ(l.opened, E_OK);
	CHECK_EQ(l.at, s.count - 1);

	/* Every commit's superblock over the current blocks: never anything but that commit. */
	for (size_t i = 0; i < s.count; i++) {
		const uint32_t slot = VOLUME_SUPER_BLOCK + (s.states[i].name.sequence & 1);

		disk_image_copy(&g_image, &last->image);
		memset(block_at(&g_image, slot ^ 1), 0, VOLUME_BLOCK_SIZE);
		memcpy(block_at(&g_image, slot), block_at(&s.states[i].image, slot),
		       VOLUME_BLOCK_SIZE);
		const struct look old = look(&s, &g_image, s.pair.master, NULL, true);

		CHECK(old.opened != E_OK || old.at == i);
		/* Two commits later what it refers to has been overwritten. */
		CHECK(i + 3 > s.count || old.errors > 0);
	}
	scene_fini(&s);
}

TEST(volume_falls_back_to_the_commit_before_a_damaged_superblock)
{
	static struct scene s;

	scene_init(&s, 32);
	struct state *last = scene_last(&s);
	const uint32_t newer = VOLUME_SUPER_BLOCK + (last->name.sequence & 1);

	for (uint32_t at = 0; at < VOLUME_BLOCK_SIZE; at += g_long ? 1 : 97) {
		disk_image_copy(&g_image, &last->image);
		block_at(&g_image, newer)[at] ^= 1;
		struct look l = look(&s, &g_image, s.pair.master, NULL, true);

		CHECK(l.opened == E_OK && l.at == s.count - 2 && l.errors == 0);
		block_at(&g_image, newer ^ 1)[at] ^= 0x80;
		l = look(&s, &g_image, s.pair.master, NULL, true);
		CHECK_EQ(l.opened, E_VOLUME_SUPERBLOCK);
	}
	scene_fini(&s);
}

/* More bytes behind the end are nothing to it, whatever they are. */
TEST(volume_ignores_what_is_behind_its_end)
{
	static struct scene s;

	scene_init(&s, 33);
	disk_image_copy(&g_image, &scene_last(&s)->image);
	disk_image_resize(&g_image, g_image.size + 1);
	CHECK_EQ(look(&s, &g_image, s.pair.master, NULL, true).errors, 0);
	const uint64_t size = g_image.size;

	disk_image_resize(&g_image, size + 100 * VOLUME_BLOCK_SIZE);
	memset(g_image.bytes + size, 0xa5, 100 * VOLUME_BLOCK_SIZE);
	CHECK_EQ(look(&s, &g_image, s.pair.master, NULL, true).errors, 0);
	CHECK_EQ(look(&s, &g_image, s.pair.master, NULL, false).errors, 0);
	scene_fini(&s);
}

TEST(volume_of_another_key_does_not_open)
{
	static struct scene s;
	uint8_t key[VOLUME_KEY_SIZE];

	scene_init(&s, 34);
	for (size_t i = 0; i < VOLUME_KEY_SIZE; i++) {
		memcpy(key, s.pair.master, sizeof(key));
		key[i] ^= 1;
		disk_image_copy(&g_image, &scene_last(&s)->image);
		CHECK_EQ(look(&s, &g_image, key, NULL, true).opened, E_VOLUME_SUPERBLOCK);
	}
	scene_fini(&s);
}

/* ---- anchors ---- */

/* A state of the past opens only where the anchor names it or the one before it. */
TEST(volume_rolled_back_as_a_whole_is_refused_by_an_anchor)
{
	static struct scene s;

	scene_init(&s, 41);
	for (size_t pinned = 0; pinned < s.count; pinned++) {
		for (size_t i = 0; i < s.count; i++) {
			struct volume_pin pin;
			const uint64_t want = s.states[pinned].name.sequence;
			const uint64_t have = s.states[i].name.sequence;

			volume_pin_init(&pin, &s.states[pinned].name);
			disk_image_copy(&g_image, &s.states[i].image);
			const struct look l = look(&s, &g_image, s.pair.master, &pin.anchor, true);

			/* The commit before the newest is still there. */
			if (have == want || have == want + 1) {
				CHECK_EQ(l.opened, E_OK);
				CHECK(l.errors == 0 && l.at == i);
				CHECK(memcmp(&pin.state, &s.states[i].name, sizeof(pin.state)) ==
				      0);
				continue;
			}
			CHECK_EQ(l.opened, E_VOLUME_ANCHOR);
			CHECK_EQ(l.found.sequence, have);
			CHECK_EQ(l.expected.sequence, want);
		}
	}
	scene_fini(&s);
}

TEST(volume_whose_anchor_knows_nothing_does_not_open)
{
	static struct scene s;
	struct volume_pin pin;
	const struct volume_state nothing = {0};

	memset(&s, 0, sizeof(s));
	pair_init(&s.pair, 42, VOLUME_CACHE_MIN, 0);
	scene_commit(&s); /* nothing to commit: the first state */
	disk_image_copy(&g_image, &scene_last(&s)->image);
	volume_pin_init(&pin, &nothing);
	CHECK_EQ(look(&s, &g_image, s.pair.master, &pin.anchor, true).opened, E_VOLUME_ANCHOR);
	scene_fini(&s);
}

/* Number and root have to fit both. */
TEST(volume_is_refused_by_an_anchor_that_is_right_by_half)
{
	static struct scene s;
	struct volume_pin pin;

	scene_init(&s, 43);
	for (size_t i = 1; i + 1 < s.count; i++) {
		disk_image_copy(&g_image, &s.states[i].image);
		for (size_t bit = 0; bit < 8 * VOLUME_HASH_SIZE; bit += 19) {
			struct volume_state state = s.states[i].name;

			state.root[bit / 8] ^= (uint8_t)(1u << bit % 8);
			volume_pin_init(&pin, &state);
			CHECK_EQ(look(&s, &g_image, s.pair.master, &pin.anchor, true).opened,
				 E_VOLUME_ANCHOR);
			/* As the parent. */
			state = s.states[i].name;
			state.sequence--;
			volume_pin_init(&pin, &state);
			CHECK_EQ(look(&s, &g_image, s.pair.master, &pin.anchor, true).opened,
				 E_VOLUME_ANCHOR);
		}
		for (int64_t d = -3; d <= 40; d += d == -1 ? 2 : d == 3 ? 37 : 1) {
			struct volume_state state = s.states[i].name;

			state.sequence += (uint64_t)d;
			volume_pin_init(&pin, &state);
			CHECK_EQ(look(&s, &g_image, s.pair.master, &pin.anchor, true).opened,
				 E_VOLUME_ANCHOR);
		}
	}
	scene_fini(&s);
}

/* Two that go on from one state: the anchor follows one of them, and the other is out. */
TEST(volume_forked_is_refused_by_the_anchor_of_the_other)
{
	static struct scene s;
	struct volume_disk disk;
	struct volume_state found, expected, fork[3];
	struct volume *v;
	struct volume_pin pin;
	uint64_t ino;

	scene_init(&s, 44);
	disk_init(&disk);
	disk_image_copy(&disk.image, &scene_last(&s)->image);
	struct volume_config config = pair_config(&s.pair, &disk);

	CHECK_EQ(volume_open(&v, &config, s.pair.master, &found, &expected), E_OK);
	for (char i = 0; i < 3; i++) {
		const char name = (char)('a' + i);

		CHECK_EQ(volume_create(v, VOLUME_ROOT, &name, 1, VOLUME_FILE, &ino), E_OK);
		CHECK_EQ(volume_commit(v), E_OK);
		volume_get_state(v, &fork[(size_t)i]);
	}
	volume_close(v);
	/* Ours: as many commits, of the same numbers. */
	for (char i = 0; i < 3; i++) {
		const char name = (char)('x' + i);

		CHECK_EQ(pair_create(&s.pair, MODEL_ROOT, &name, 1, VOLUME_FILE, NULL), E_OK);
		scene_commit(&s);
	}
	for (size_t i = 0; i < 3; i++) {
		volume_pin_init(&pin, &fork[i]);
		disk_image_copy(&g_image, &scene_last(&s)->image);
		CHECK_EQ(look(&s, &g_image, s.pair.master, &pin.anchor, true).opened,
			 E_VOLUME_ANCHOR);
	}
	disk_fini(&disk);
	scene_fini(&s);
}

/* ---- while it is mounted ---- */

struct liar {
	struct pair *pair;
	struct disk_image old; /* the file as it was once */
	uint64_t random, lies;
	bool quiet;
};

/* One read in eight gives something else: a bit, another block, the same block at another time, zeros. */
static void liar_spoil(void *context, uint8_t *buf, uint64_t off, size_t size)
{
	struct liar *l = context;
	const struct disk_image *now = &l->pair->disk.image;

	l->random = l->random * 6364136223846793005u + 1442695040888963407u;
	const uint64_t r = l->random >> 20;
	const uint64_t other = (r >> 6) % (now->size / VOLUME_BLOCK_SIZE) * VOLUME_BLOCK_SIZE;

	if (l->quiet || r % 8 != 0)
		return;
	l->lies++;
	if (r % 64 < 16)
		buf[(r >> 6) % size] ^= 4;
	else if (r % 64 < 32 && other + size <= now->size)
		memcpy(buf, now->bytes + other, size);
	else if (r % 64 < 48 && off + size <= l->old.size)
		memcpy(buf, l->old.bytes + off, size);
	else
		memset(buf, 0, size);
}

/* Data larger than the cache, so that blocks are read again and again. */
static void liar_fill(struct pair *p)
{
	static uint8_t data[200000];
	uint32_t node;

	for (char name = 'A'; name < 'M'; name++) {
		memset(data, name, sizeof(data));
		CHECK_EQ(pair_create(p, MODEL_ROOT, &name, 1, VOLUME_FILE, &node), E_OK);
		CHECK_EQ(pair_write(p, node, data, sizeof(data), (uint64_t)(name - 'A') * 1000),
			 E_OK);
	}
	pair_commit(p);
}

/* Every answer is right or an error; and when the host has had its fun everything is as it was left. */
TEST(volume_believes_nothing_while_it_is_mounted)
{
	static struct pair p;
	struct liar liar = {.pair = &p, .random = 5};

	pair_init(&p, 61, VOLUME_CACHE_MIN, 0);
	liar_fill(&p);
	disk_image_copy(&liar.old, &p.disk.image);
	for (uint32_t i = 0; i < 300; i++)
		pair_step(&p);
	pair_commit(&p);
	p.disk.spoil = liar_spoil;
	p.disk.spoil_context = &liar;
	p.faults = true;
	for (uint32_t i = 0; i < (g_long ? 60000 : 4000); i++) {
		const uint64_t failed = p.failed;

		pair_step(&p);
		liar.quiet = true;
		if (p.failed > failed)
			pair_recover(&p);
		if (i % 500 == 0)
			pair_compare(&p);
		liar.quiet = false;
	}
	liar.quiet = true;
	p.faults = false;
	pair_compare(&p);
	pair_remount(&p, true);
	pair_compare(&p);
	pair_commit(&p);
	CHECK(pair_check_volume(p.v, "after a host that lied"));
	printf("while mounted: %llu reads spoiled, %llu errors, %llu times broken, no wrong "
	       "answer\n",
	       (unsigned long long)liar.lies, (unsigned long long)p.failed,
	       (unsigned long long)p.losses);
	CHECK(liar.lies > 100 && p.failed > 100);
	CHECK_EQ(p.wrong, 0);
	disk_image_free(&liar.old);
	pair_fini(&p);
}

/* ---- headers ---- */

static const uint8_t g_secret[VOLUME_SECRET_MIN] = "a secret of thirty-two bytes....";

static struct volume_secret secret(void)
{
	return (struct volume_secret){"key", 3, g_secret, sizeof(g_secret)};
}

/* A header with one slot in front of the scene's volume, in each of its states. */
static void add_header(struct scene *s)
{
	static struct volume_header header;
	struct volume_slot slot;
	const struct volume_secret key = secret();
	struct volume_disk disk;

	memset(&header, 0, sizeof(header));
	memcpy(header.id, s->pair.config.id, VOLUME_ID_SIZE);
	CHECK_EQ(volume_slot_provisioned(&slot, header.id, &key, &s->pair.config.random,
					 s->pair.master),
		 E_OK);
	CHECK_EQ(volume_header_add(&header, &slot), E_OK);
	disk_init(&disk);
	disk.image = scene_last(s)->image;
	const struct volume_device device = disk_device(&disk);

	CHECK_EQ(volume_header_write(&header, &device, s->pair.master), E_OK);
	scene_last(s)->image = disk.image;
}

/* Finds the key in the header of the image, and looks at the volume with it. */
static enum err look_by_header(struct scene *s)
{
	static struct volume_headers headers;
	const struct volume_secret key = secret();
	const struct volume_keyring ring = {
		.secrets = &key, .secret_count = 1, .random = s->pair.config.random};
	const struct volume_header *header;
	uint8_t master[VOLUME_KEY_SIZE];
	struct volume_disk disk;
	uint32_t slot;

	disk_init(&disk);
	disk.image = g_image;
	const struct volume_device device = disk_device(&disk);
	enum err err = volume_headers_read(&headers, &device);

	if (err == E_OK)
		err = volume_header_open(&headers, &ring, &header, &slot, master);
	if (err != E_OK) {
		g_looked++;
		g_noticed++;
		return err;
	}
	CHECK(memcmp(header->id, s->pair.config.id, VOLUME_ID_SIZE) == 0);
	const struct look l = look(s, &g_image, master, NULL, true);

	CHECK(l.opened != E_OK || l.errors == 0);
	return l.opened;
}

static bool is_header_damage(enum err err)
{
	return err == E_VOLUME_MAGIC || err == E_VOLUME_VERSION || err == E_VOLUME_HEADER ||
	       err == E_VOLUME_KEY;
}

/* One copy may be anything: the other one counts. With both damaged there is no volume. */
TEST(volume_notices_damage_of_both_headers_and_survives_that_of_one)
{
	static struct scene s;
	const uint32_t places[] = {0,  7,   8,	 12,   16,   24,   40,	  63,	 64,   68,
				   80, 100, 200, 4000, 8191, 9000, 16000, 16352, 16383};

	scene_init(&s, 51);
	add_header(&s);
	const struct disk_image *whole = &scene_last(&s)->image;

	disk_image_copy(&g_image, whole);
	CHECK_EQ(look_by_header(&s), E_OK);
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		for (uint32_t copies = 1; copies < 4; copies++) {
			disk_image_copy(&g_image, whole);
			for (uint32_t k = 0; k < 2; k++) {
				if (copies >> k & 1)
					g_image.bytes[k * VOLUME_HEADER_SIZE + places[i]] ^= 0x40;
			}
			const enum err err = look_by_header(&s);

			CHECK(copies < 3 ? err == E_OK : is_header_damage(err));
		}
	}
	disk_image_copy(&g_image, whole);
	memset(g_image.bytes, 0, 2 * VOLUME_HEADER_SIZE);
	CHECK_EQ(look_by_header(&s), E_VOLUME_MAGIC);
	disk_image_copy(&g_image, whole);
	disk_image_resize(&g_image, VOLUME_HEADER_SIZE - 1);
	CHECK(look_by_header(&s) != E_OK);
	scene_fini(&s);
}

/* Another volume's header leads to another volume's key, which opens nothing here. */
TEST(volume_with_the_header_of_another_does_not_open)
{
	static struct scene s, other;
	uint8_t *bytes;

	scene_init(&s, 52);
	scene_init(&other, 53);
	add_header(&s);
	add_header(&other);
	disk_image_copy(&g_image, &scene_last(&s)->image);
	memcpy(g_image.bytes, scene_last(&other)->image.bytes, 2 * VOLUME_HEADER_SIZE);
	bytes = other.pair.config.id;
	memcpy(s.pair.config.id, bytes, VOLUME_ID_SIZE);
	CHECK_EQ(look_by_header(&s), E_VOLUME_SUPERBLOCK);
	/* One slot of the other in our header: the MAC is no more. */
	disk_image_copy(&g_image, &scene_last(&s)->image);
	for (uint32_t k = 0; k < 2; k++)
		memcpy(g_image.bytes + k * VOLUME_HEADER_SIZE + 64,
		       scene_last(&other)->image.bytes + 64, 528);
	CHECK(is_header_damage(look_by_header(&s)));
	scene_fini(&other);
	scene_fini(&s);
}

int main(int argc, char **argv)
{
	g_long = argc > 1 && strcmp(argv[1], "long") == 0;
	RUN(volume_notices_every_damage_of_a_block);
	RUN(volume_refuses_blocks_of_a_volume_with_another_id);
	RUN(volume_refuses_blocks_of_a_volume_with_another_key);
	RUN(volume_refuses_exchanged_superblocks);
	RUN(volume_falls_back_to_the_commit_before_a_damaged_superblock);
	RUN(volume_ignores_what_is_behind_its_end);
	RUN(volume_of_another_key_does_not_open);
	RUN(volume_rolled_back_as_a_whole_is_refused_by_an_anchor);
	RUN(volume_whose_anchor_knows_nothing_does_not_open);
	RUN(volume_is_refused_by_an_anchor_that_is_right_by_half);
	RUN(volume_forked_is_refused_by_the_anchor_of_the_other);
	RUN(volume_believes_nothing_while_it_is_mounted);
	RUN(volume_notices_damage_of_both_headers_and_survives_that_of_one);
	RUN(volume_with_the_header_of_another_does_not_open);
	printf("%llu volumes looked at: %llu found damaged, %llu whole; no wrong answer\n",
	       (unsigned long long)g_looked, (unsigned long long)g_noticed,
	       (unsigned long long)g_opened_well);
	disk_image_free(&g_image);
	return check_report();
}
