/*
 * volume: the full check finds each kind of contradiction. Each is planted through the parts that
 * write what is right, so that everything is authentic and only the contents are wrong.
 */
#include "test/unit/volume_mounted.h"
#include "volume/cache.h"
#include "volume/commit.h"
#include "volume/dir.h"
#include "volume/inode.h"
#include "volume/map.h"
#include "volume/tree.h"

#define NAMES 760u /* in the large directory: several buckets */

static struct mounted g_mounted;
static uint64_t g_file, g_dir, g_empty, g_large, g_link, g_orphan;

/* Some of everything. */
static void scene(struct mounted *m)
{
	static char target[1000];
	char name[16];
	size_t done;

	mounted_start(m, 0);
	g_dir = make_dir(m, VOLUME_ROOT, "dir");
	g_empty = make_dir(m, g_dir, "empty");
	g_large = make_dir(m, VOLUME_ROOT, "large");
	g_file = make_file(m, g_dir, "file");
	g_orphan = make_file(m, VOLUME_ROOT, "orphan");
	for (uint32_t i = 0; i < NAMES; i++) {
		snprintf(name, sizeof name, "n%u", i);
		CHECK_EQ(link_as(m, g_file, g_large, name), E_OK);
	}
	memset(target, 't', sizeof target);
	CHECK_EQ(volume_symlink(m->v, VOLUME_ROOT, "link", 4, target, sizeof target), E_OK);
	g_link = find(m, VOLUME_ROOT, "link");
	CHECK_EQ(volume_write(m->v, g_file, target, sizeof target, 10000, &done), E_OK);
	CHECK_EQ(volume_hold(m->v, g_orphan), E_OK);
	CHECK_EQ(unlink_name(m, VOLUME_ROOT, "orphan"), E_OK);
	for (uint32_t i = 0; i < 4; i++) {
		snprintf(name, sizeof name, "free%u", i);
		make_file(m, VOLUME_ROOT, name);
	}
	for (uint32_t i = 0; i < 4; i++) {
		snprintf(name, sizeof name, "free%u", i);
		CHECK_EQ(unlink_name(m, VOLUME_ROOT, name), E_OK);
	}
	CHECK_EQ(volume_commit(m->v), E_OK);
}

static struct volume_inode load(struct mounted *m, uint64_t ino)
{
	struct volume_inode inode = {0};

	CHECK_EQ(volume_inode_load(m->v, ino, &inode), E_OK);
	return inode;
}

static void store(struct mounted *m, const struct volume_inode *inode)
{
	CHECK_EQ(volume_change(m->v), E_OK);
	CHECK_EQ(volume_inode_store(m->v, inode), E_OK);
}

/* A block of an object, to be changed; its record is stored with it. */
static uint8_t *block_of(struct mounted *m, uint64_t ino, uint64_t index)
{
	struct volume_inode inode = load(m, ino);
	uint8_t *block = NULL;

	CHECK_EQ(volume_change(m->v), E_OK);
	CHECK_EQ(volume_tree_write(m->v, &inode.tree, index, false, &block), E_OK);
	store(m, &inode);
	return block;
}

static struct volume_name name_of(struct mounted *m, const char *name)
{
	return volume_name_of(m->v, name, strlen(name));
}

/* A name more, whatever it stands for. */
static void insert(struct mounted *m, uint64_t dir_ino, const struct volume_name *name,
		   uint64_t ino, enum volume_type type)
{
	struct volume_inode dir = load(m, dir_ino);

	CHECK_EQ(volume_change(m->v), E_OK);
	CHECK_EQ(volume_dir_insert(m->v, &dir, name, ino, type), E_OK);
	store(m, &dir);
}

static void remove_name(struct mounted *m, uint64_t dir_ino, const char *text)
{
	const struct volume_name name = name_of(m, text);
	struct volume_inode dir = load(m, dir_ino);

	CHECK_EQ(volume_change(m->v), E_OK);
	CHECK_EQ(volume_dir_remove(m->v, &dir, &name), E_OK);
	store(m, &dir);
}

static void replace(struct mounted *m, uint64_t dir_ino, const char *text, uint64_t ino,
		    enum volume_type type)
{
	const struct volume_name name = name_of(m, text);
	struct volume_inode dir = load(m, dir_ino);

	CHECK_EQ(volume_change(m->v), E_OK);
	CHECK_EQ(volume_dir_replace(m->v, &dir, &name, ino, type), E_OK);
	store(m, &dir);
}

/* Commits and checks; is the first problem the one that `words` begin? */
static void expect(const char *words)
{
	struct mounted *m = &g_mounted;
	struct volume_check check = {0};

	CHECK(mounted_problems(m, &check) > 0);
	const bool found = check.what && strncmp(check.what, words, strlen(words)) == 0;

	if (!found)
		printf("  expected \"%s\", got \"%s\"\n", words, check.what ? check.what : "");
	CHECK(found);
	mounted_stop(m);
}

TEST(what_is_right_is_counted)
{
	struct mounted *m = &g_mounted;
	struct volume_check check;
	struct volume_usage usage;

	scene(m);
	make_file(m, VOLUME_ROOT, "uncommitted");
	CHECK_EQ(volume_check(m->v, &check, NULL, NULL), E_STATE);
	CHECK_EQ(unlink_name(m, VOLUME_ROOT, "uncommitted"), E_OK);
	CHECK_EQ(mounted_problems(m, &check), 0);
	CHECK(check.what == NULL);
	CHECK_EQ(check.files, 2);
	CHECK_EQ(check.directories, 4);
	CHECK_EQ(check.symlinks, 1);
	CHECK_EQ(check.orphans, 1);
	volume_get_usage(m->v, &usage);
	CHECK_EQ(check.blocks, usage.used - VOLUME_DATA_BLOCK);
	mounted_stop(m);
}

/* ---- counts ---- */

TEST(a_file_with_a_wrong_count_of_names)
{
	for (int more = -1; more <= 1; more += 2) {
		scene(&g_mounted);
		struct volume_inode inode = load(&g_mounted, g_file);

		inode.nlink += (uint32_t)more;
		store(&g_mounted, &inode);
		expect("the count of its names");
	}
}

TEST(a_directory_with_wrong_counts)
{
	for (int more = -1; more <= 1; more += 2) {
		scene(&g_mounted);
		struct volume_inode inode = load(&g_mounted, g_dir);

		inode.nlink += (uint32_t)more;
		store(&g_mounted, &inode);
		expect("the count of its directories");
		scene(&g_mounted);
		inode = load(&g_mounted, g_dir);
		inode.count += (uint64_t)more;
		store(&g_mounted, &inode);
		expect("the count of its entries");
	}
}

TEST(a_wrong_count_of_blocks)
{
	scene(&g_mounted);
	CHECK_EQ(volume_change(g_mounted.v), E_OK);
	CHECK_EQ(volume_commit(g_mounted.v), E_OK);
	g_mounted.v->super.used_count++;
	expect("the count of blocks in use");
}

/* ---- blocks ---- */

TEST(a_block_that_leaked)
{
	uint32_t block;

	scene(&g_mounted);
	CHECK_EQ(volume_change(g_mounted.v), E_OK);
	CHECK_EQ(volume_map_take(g_mounted.v, &block), E_OK);
	expect("a block is in use and nothing refers to it");
}

TEST(a_block_that_is_free_and_in_use)
{
	struct mounted *m = &g_mounted;

	scene(m);
	const struct volume_inode dir = load(m, g_empty), file = load(m, g_dir);

	CHECK_EQ(dir.size, 0);
	CHECK_EQ(volume_change(m->v), E_OK);
	CHECK_EQ(volume_map_give(m->v, file.tree.root.block), E_OK);
	expect("a block that is referred to is free");
}

TEST(blocks_beyond_the_end)
{
	struct volume_inode inode;

	scene(&g_mounted);
	inode = load(&g_mounted, g_file);
	inode.size = 8192;
	store(&g_mounted, &inode);
	expect("there is a block beyond the end");
	scene(&g_mounted);
	inode = load(&g_mounted, g_file);
	inode.size -= 1;
	store(&g_mounted, &inode);
	expect("there are bytes behind the end");
	scene(&g_mounted);
	block_of(&g_mounted, g_link, 0)[1001] = 1;
	expect("there are bytes behind the end");
	scene(&g_mounted);
	(void)block_of(&g_mounted, g_link, 1);
	expect("there is a block beyond the end");
	scene(&g_mounted);
	(void)block_of(&g_mounted, g_large, 100);
	expect("there is a block beyond the end");
}

TEST(blocks_that_are_missing)
{
	struct mounted *m = &g_mounted;

	scene(m);
	struct volume_inode inode = load(m, g_link);

	CHECK_EQ(volume_change(m->v), E_OK);
	CHECK_EQ(volume_tree_cut(m->v, &inode.tree, 0), E_OK);
	store(m, &inode);
	expect("a block is missing");
	scene(m);
	inode = load(m, g_large);
	CHECK_EQ(volume_change(m->v), E_OK);
	CHECK_EQ(volume_tree_cut(m->v, &inode.tree, inode.size / VOLUME_BLOCK_SIZE - 1), E_OK);
	store(m, &inode);
	expect("a block is missing");
}

TEST(a_block_that_was_damaged)
{
	struct mounted *m = &g_mounted;

	scene(m);
	const struct volume_inode inode = load(m, g_dir);

	m->disk.image.bytes[(uint64_t)inode.tree.root.block * VOLUME_BLOCK_SIZE + 1000] ^= 1;
	expect("a block is not what was written there");
}

/* ---- names ---- */

TEST(names_that_lead_nowhere)
{
	struct mounted *m = &g_mounted;

	scene(m);
	replace(m, g_dir, "file", m->v->super.inode_count + 5, VOLUME_FILE);
	expect("a name leads to no file");
	scene(m);
	replace(m, g_dir, "file", m->v->super.inode_free, VOLUME_FILE);
	expect("a name leads to no file");
	scene(m);
	replace(m, g_dir, "file", VOLUME_ROOT, VOLUME_DIRECTORY);
	expect("a name leads to no file");
	scene(m);
	replace(m, g_dir, "file", g_file, VOLUME_SYMLINK);
	expect("a name's type");
}

TEST(names_that_are_lost)
{
	struct mounted *m = &g_mounted;

	scene(m);
	remove_name(m, VOLUME_ROOT, "link");
	expect("no name leads to it");
	scene(m);
	remove_name(m, VOLUME_ROOT, "large");
	expect("the count of its directories");
}

TEST(names_that_are_not_allowed)
{
	static const char *const names[] = {".", "..", "a/b"};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		scene(&g_mounted);
		const struct volume_name name = name_of(&g_mounted, names[i]);

		insert(&g_mounted, g_dir, &name, g_file, VOLUME_FILE);
		expect("a name is not allowed");
	}
}

TEST(names_in_the_wrong_place)
{
	struct mounted *m = &g_mounted;

	scene(m);
	struct volume_name name = name_of(m, "astray");

	name.hash ^= (uint64_t)1 << 20;
	insert(m, g_dir, &name, g_file, VOLUME_FILE);
	expect("a name stands where its hash does not lead");
	scene(m);
	name = name_of(m, "twice");
	insert(m, g_dir, &name, g_file, VOLUME_FILE);
	insert(m, g_dir, &name, g_file, VOLUME_FILE);
	expect("a name is not found, or stands twice");
	scene(m);
	name = name_of(m, "one");
	insert(m, g_dir, &name, g_file, VOLUME_FILE);
	name = (struct volume_name){"two", 3, name.hash};
	insert(m, g_dir, &name, g_file, VOLUME_FILE);
	/* the last entry of the only bucket, whose position is the first one's but for its last bits */
	uint8_t *block = block_of(m, g_dir, 0);

	block[BUCKET_HEAD + (size_t)(block[2] | block[3] << 8) - 18 - 3] = 0;
	expect("two names have one position");
}

/* ---- directories ---- */

TEST(directories_that_hang_wrongly)
{
	struct mounted *m = &g_mounted;
	struct volume_inode inode;

	scene(m);
	inode = load(m, g_empty);
	inode.parent = VOLUME_ROOT;
	store(m, &inode);
	expect("a directory's parent");
	scene(m);
	const struct volume_name name = name_of(m, "second");

	insert(m, g_dir, &name, g_empty, VOLUME_DIRECTORY);
	inode = load(m, g_dir);
	inode.nlink++;
	store(m, &inode);
	expect("the count of its names");
	scene(m);
	inode = load(m, VOLUME_ROOT);
	inode.parent = g_dir;
	store(m, &inode);
	expect("the root is not one");
}

/* A ring: "dir" moves below "empty", which is in it. All counts are right. */
TEST(directories_that_hang_on_nothing)
{
	struct mounted *m = &g_mounted;

	scene(m);
	const struct volume_name name = name_of(m, "ring");

	insert(m, g_empty, &name, g_dir, VOLUME_DIRECTORY);
	remove_name(m, VOLUME_ROOT, "dir");
	struct volume_inode inode = load(m, VOLUME_ROOT);

	inode.nlink--;
	store(m, &inode);
	inode = load(m, g_empty);
	inode.nlink++;
	store(m, &inode);
	inode = load(m, g_dir);
	inode.parent = g_empty;
	store(m, &inode);
	expect("a directory does not hang on the root");
}

/* The large directory: where its table is, and how many slots it has. */
static uint8_t *table_of(struct mounted *m, uint32_t *slots)
{
	const struct volume_inode dir = load(m, g_large);
	struct volume_dir_shape shape;

	CHECK_EQ(volume_dir_shape(&dir, &shape), E_OK);
	CHECK(shape.tables == 1 && dir.bits > 1);
	*slots = 1u << dir.bits;
	return block_of(m, g_large, volume_dir_table_at(&shape, 0));
}

TEST(tables_and_buckets_that_disagree)
{
	struct mounted *m = &g_mounted;
	uint32_t slots;
	uint8_t *p, old;

	scene(m);
	p = table_of(m, &slots);
	old = p[0];
	p[0] = p[4 * (slots - 1)];
	p[4 * (slots - 1)] = old;
	expect("a slot leads to the wrong bucket");
	scene(m);
	p = table_of(m, &slots);
	for (uint32_t i = 0; i + 1 < slots; i++) {
		if (p[4 * i] != p[4 * i + 4])
			continue;
		p[4 * i + 4] ^= 1;
		break;
	}
	expect("slots of one bucket differ");
	scene(m);
	p = table_of(m, &slots);
	p[4 * slots] = 1;
	expect("there is a slot behind the table");
	scene(m);
	p = table_of(m, &slots);
	p[0] = 200;
	expect("a record cannot be understood");
	scene(m);
	p = block_of(m, g_dir, 0);
	p[VOLUME_BLOCK_SIZE - 1] = 1;
	expect("there are bytes behind a bucket's entries");
	scene(m);
	p = block_of(m, g_dir, 0);
	p[1] = 1;
	expect("a record cannot be understood");
}

TEST(a_bucket_that_nothing_leads_to)
{
	struct mounted *m = &g_mounted;
	struct volume_inode dir;
	struct volume_tree tree;
	uint8_t *p;

	scene(m);
	dir = load(m, g_dir);
	CHECK_EQ(volume_change(m->v), E_OK);
	tree = dir.tree;
	CHECK_EQ(volume_tree_write(m->v, &tree, 1, true, &p), E_OK);
	dir.tree = tree;
	dir.size += VOLUME_BLOCK_SIZE;
	store(m, &dir);
	expect("nothing leads to a bucket");
}

/* ---- orphans, free records ---- */

TEST(orphans_that_are_none)
{
	struct mounted *m = &g_mounted;
	struct volume_inode inode;

	scene(m);
	inode = load(m, g_orphan);
	inode.nlink = 1;
	store(m, &inode);
	expect("what has a name is listed as nameless");
	scene(m);
	struct volume_name name = name_of(m, "0000000000000001");

	insert(m, INO_ORPHANS, &name, g_orphan, VOLUME_FILE);
	expect("the name of what has none is not its number");
	scene(m);
	name = name_of(m, "back");
	insert(m, g_dir, &name, g_orphan, VOLUME_FILE);
	expect("what has a name is listed as nameless");
	scene(m);
	char text[17];

	snprintf(text, sizeof text, "%016llx", (unsigned long long)g_orphan);
	remove_name(m, INO_ORPHANS, text);
	expect("no name leads to it");
	scene(m);
	CHECK_EQ(volume_hold(m->v, g_empty), E_OK);
	CHECK_EQ(remove_dir(m, g_dir, "empty"), E_OK);
	inode = load(m, g_empty);
	inode.parent = VOLUME_ROOT;
	store(m, &inode);
	expect("a directory without a name has a place");
}

static struct volume_inode free_record(uint64_t ino, uint64_t next)
{
	return (struct volume_inode){.tree.ino = ino, .parent = next};
}

TEST(free_records_that_are_no_list)
{
	struct mounted *m = &g_mounted;
	struct volume_inode record;

	scene(m);
	const uint64_t first = m->v->super.inode_free;

	record = free_record(first, first);
	store(m, &record);
	expect("the list of free records");
	scene(m);
	record = free_record(first, m->v->super.inode_count);
	store(m, &record);
	expect("the list of free records");
	scene(m);
	record = free_record(first, VOLUME_ROOT);
	store(m, &record);
	expect("the list of free records");
	scene(m);
	record = free_record(first, g_file);
	store(m, &record);
	expect("a record in use");
	scene(m);
	record = free_record(first, 0);
	store(m, &record);
	expect("a free record is not on the list");
}

TEST(a_root_that_is_missing)
{
	const struct volume_inode empty = free_record(VOLUME_ROOT, 0);

	mounted_start(&g_mounted, 0);
	store(&g_mounted, &empty);
	expect("the root is missing");
}

/* ---- contradictions that operations meet, without a check before ---- */

static bool take_any(void *context, const struct volume_dirent *entry)
{
	(void)context;
	return entry->name_size > 0;
}

TEST(operations_refuse_what_contradicts_itself)
{
	struct mounted *m = &g_mounted;
	struct volume_inode inode;
	uint64_t ino;

	scene(m);
	replace(m, g_dir, "file", g_file, VOLUME_SYMLINK);
	CHECK_EQ(unlink_name(m, g_dir, "file"), E_VOLUME_FORMAT);
	replace(m, g_dir, "file", m->v->super.inode_free, VOLUME_FILE);
	CHECK_EQ(unlink_name(m, g_dir, "file"), E_VOLUME_FORMAT);
	const struct volume_name name = name_of(m, "a/b");

	insert(m, g_dir, &name, g_file, VOLUME_FILE);
	CHECK_EQ(volume_readdir(m->v, g_dir, 0, take_any, NULL), E_VOLUME_FORMAT);
	m->v->super.inode_free = g_file;
	CHECK_EQ(volume_create(m->v, g_empty, "new", 3, VOLUME_FILE, &ino), E_VOLUME_FORMAT);
	inode = load(m, g_dir);
	inode.parent = g_empty;
	store(m, &inode);
	CHECK_EQ(rename_to(m, VOLUME_ROOT, "large", g_empty, "large"), E_VOLUME_FORMAT);
	inode.parent = g_file;
	store(m, &inode);
	CHECK_EQ(rename_to(m, VOLUME_ROOT, "large", g_empty, "large"), E_VOLUME_FORMAT);
	mounted_stop(m);
}

/* A slot leads to the table itself, which looks like an empty bucket. */
TEST(lookups_stay_among_the_buckets)
{
	struct mounted *m = &g_mounted;
	enum volume_type type;
	uint32_t slots;
	uint64_t ino;

	scene(m);
	const struct volume_inode dir = load(m, g_large);
	struct volume_dir_shape shape;
	uint8_t *p = table_of(m, &slots);
	char name[16];
	uint64_t slot = 0;

	for (uint32_t i = 0; i < NAMES && slot < 4; i++) {
		snprintf(name, sizeof name, "n%u", i);
		slot = name_of(m, name).hash >> (64 - dir.bits);
	}
	CHECK(slot >= 4);
	CHECK_EQ(volume_dir_shape(&dir, &shape), E_OK);
	memset(p, 0, 16);
	p[4 * slot] = (uint8_t)shape.buckets;
	CHECK_EQ(volume_lookup(m->v, g_large, name, strlen(name), &ino, &type), E_VOLUME_FORMAT);
	mounted_stop(m);
}

int main(void)
{
	RUN(a_root_that_is_missing);
	RUN(operations_refuse_what_contradicts_itself);
	RUN(lookups_stay_among_the_buckets);
	RUN(what_is_right_is_counted);
	RUN(a_file_with_a_wrong_count_of_names);
	RUN(a_directory_with_wrong_counts);
	RUN(a_wrong_count_of_blocks);
	RUN(a_block_that_leaked);
	RUN(a_block_that_is_free_and_in_use);
	RUN(blocks_beyond_the_end);
	RUN(blocks_that_are_missing);
	RUN(a_block_that_was_damaged);
	RUN(names_that_lead_nowhere);
	RUN(names_that_are_lost);
	RUN(names_that_are_not_allowed);
	RUN(names_in_the_wrong_place);
	RUN(directories_that_hang_wrongly);
	RUN(directories_that_hang_on_nothing);
	RUN(tables_and_buckets_that_disagree);
	RUN(a_bucket_that_nothing_leads_to);
	RUN(orphans_that_are_none);
	RUN(free_records_that_are_no_list);
	return check_report();
}
