/*
 * volume: names. What create, link, unlink, rmdir, rename and the others answer, what they leave of
 * counts and parents, and what lives on because it is held.
 */
#include "test/lib/native.h"
#include "test/unit/volume_mounted.h"
#include "volume/format.h"

static struct mounted g_mounted;

TEST(names_that_are_not_allowed)
{
	static const struct {
		const char *name;
		size_t size;
	} bad[] = {{"", 0}, {".", 1}, {"..", 2}, {"a/b", 3}, {"/", 1}, {"a\0b", 3}, {"\0", 1}};
	struct mounted *m = &g_mounted;
	char longest[VOLUME_NAME_MAX + 1];
	enum volume_type type;
	uint64_t ino;

	mounted_start(m, 0);
	const uint64_t file = make_file(m, VOLUME_ROOT, "file");

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		const char *n = bad[i].name;
		const size_t size = bad[i].size;

		CHECK_EQ(volume_create(m->v, VOLUME_ROOT, n, size, VOLUME_FILE, &ino), E_INVALID);
		CHECK_EQ(volume_lookup(m->v, VOLUME_ROOT, n, size, &ino, &type), E_INVALID);
		CHECK_EQ(volume_symlink(m->v, VOLUME_ROOT, n, size, "x", 1), E_INVALID);
		CHECK_EQ(volume_link(m->v, file, VOLUME_ROOT, n, size), E_INVALID);
		CHECK_EQ(volume_unlink(m->v, VOLUME_ROOT, n, size), E_INVALID);
		CHECK_EQ(volume_rmdir(m->v, VOLUME_ROOT, n, size), E_INVALID);
		CHECK_EQ(volume_rename(m->v, VOLUME_ROOT, "file", 4, VOLUME_ROOT, n, size),
			 E_INVALID);
		CHECK_EQ(volume_rename(m->v, VOLUME_ROOT, n, size, VOLUME_ROOT, "b", 1), E_INVALID);
	}
	memset(longest, 'l', sizeof longest);
	CHECK_EQ(volume_create(m->v, VOLUME_ROOT, longest, VOLUME_NAME_MAX + 1, VOLUME_FILE, &ino),
		 E_INVALID);
	CHECK_EQ(volume_create(m->v, VOLUME_ROOT, longest, VOLUME_NAME_MAX, VOLUME_FILE, &ino),
		 E_OK);
	CHECK_EQ(volume_lookup(m->v, VOLUME_ROOT, longest, VOLUME_NAME_MAX, &ino, &type), E_OK);
	CHECK_EQ(volume_lookup(m->v, VOLUME_ROOT, longest, VOLUME_NAME_MAX - 1, &ino, &type),
		 E_NOT_FOUND);
	mounted_check(m);
	mounted_stop(m);
}

/* The volume's own objects do not exist for the program, nor does what is beyond the table. */
TEST(numbers_that_stand_for_nothing)
{
	static const uint64_t none[] = {0, 1, 2, 3, 4, 6, 7, 1000, UINT64_MAX};
	struct mounted *m = &g_mounted;
	struct volume_stat st;
	enum volume_type type;
	char buf[8];
	uint64_t ino;
	size_t done;

	mounted_start(m, 0);
	for (size_t i = 0; i < COUNT_OF(none); i++) {
		const uint64_t n = none[i];

		CHECK_EQ(volume_stat(m->v, n, &st), E_NOT_FOUND);
		CHECK_EQ(volume_hold(m->v, n), E_NOT_FOUND);
		CHECK_EQ(volume_set_times(m->v, n, NULL, NULL), E_NOT_FOUND);
		CHECK_EQ(volume_read(m->v, n, buf, 1, 0, &done), E_NOT_FOUND);
		CHECK_EQ(volume_write(m->v, n, "x", 1, 0, &done), E_NOT_FOUND);
		CHECK_EQ(volume_set_size(m->v, n, 0), E_NOT_FOUND);
		CHECK_EQ(volume_lookup(m->v, n, "a", 1, &ino, &type), E_NOT_FOUND);
		CHECK_EQ(volume_create(m->v, n, "a", 1, VOLUME_FILE, &ino), E_NOT_FOUND);
		CHECK_EQ(volume_readlink(m->v, n, buf, 1, &done), E_NOT_FOUND);
		CHECK_EQ(volume_link(m->v, n, VOLUME_ROOT, "a", 1), E_NOT_FOUND);
		CHECK_EQ(volume_unlink(m->v, n, "a", 1), E_NOT_FOUND);
		CHECK_EQ(volume_rename(m->v, n, "a", 1, n, "b", 1), E_NOT_FOUND);
		CHECK_EQ(volume_readdir(m->v, n, 0, NULL, NULL), E_NOT_FOUND);
		CHECK_EQ(volume_parent(m->v, n, &ino), E_NOT_FOUND);
	}
	mounted_stop(m);
}

TEST(what_is_no_directory_has_no_names)
{
	struct mounted *m = &g_mounted;
	enum volume_type type;
	uint64_t ino;

	mounted_start(m, 0);
	const uint64_t file = make_file(m, VOLUME_ROOT, "file");

	CHECK_EQ(volume_lookup(m->v, file, "a", 1, &ino, &type), E_NOT_DIRECTORY);
	CHECK_EQ(volume_create(m->v, file, "a", 1, VOLUME_FILE, &ino), E_NOT_DIRECTORY);
	CHECK_EQ(volume_unlink(m->v, file, "a", 1), E_NOT_DIRECTORY);
	CHECK_EQ(volume_rmdir(m->v, file, "a", 1), E_NOT_DIRECTORY);
	CHECK_EQ(rename_to(m, file, "a", VOLUME_ROOT, "b"), E_NOT_DIRECTORY);
	CHECK_EQ(rename_to(m, VOLUME_ROOT, "file", file, "b"), E_NOT_DIRECTORY);
	CHECK_EQ(volume_readdir(m->v, file, 0, NULL, NULL), E_NOT_DIRECTORY);
	CHECK_EQ(volume_parent(m->v, file, &ino), E_NOT_DIRECTORY);
	CHECK_EQ(volume_create(m->v, VOLUME_ROOT, "s", 1, VOLUME_SYMLINK, &ino), E_INVALID);
	mounted_stop(m);
}

TEST(create_link_unlink_count_names)
{
	struct mounted *m = &g_mounted;
	uint64_t ino;

	mounted_start(m, 0);
	const uint64_t dir = make_dir(m, VOLUME_ROOT, "dir");
	const uint64_t file = make_file(m, dir, "file");

	CHECK_EQ(volume_create(m->v, dir, "file", 4, VOLUME_FILE, &ino), E_EXISTS);
	CHECK_EQ(volume_create(m->v, dir, "file", 4, VOLUME_DIRECTORY, &ino), E_EXISTS);
	CHECK_EQ(volume_symlink(m->v, dir, "file", 4, "x", 1), E_EXISTS);
	CHECK_EQ(link_as(m, file, dir, "file"), E_EXISTS);
	CHECK_EQ(link_as(m, dir, dir, "other"), E_IS_DIRECTORY);
	CHECK_EQ(link_as(m, file, VOLUME_ROOT, "other"), E_OK);
	CHECK_EQ(stat_of(m, file).nlink, 2);
	CHECK_EQ(find(m, VOLUME_ROOT, "other"), file);
	mounted_check(m);
	CHECK_EQ(unlink_name(m, dir, "none"), E_NOT_FOUND);
	CHECK_EQ(unlink_name(m, VOLUME_ROOT, "dir"), E_IS_DIRECTORY);
	CHECK_EQ(unlink_name(m, dir, "file"), E_OK);
	CHECK_EQ(stat_of(m, file).nlink, 1);
	mounted_check(m);
	CHECK_EQ(unlink_name(m, VOLUME_ROOT, "other"), E_OK);
	CHECK_EQ(volume_hold(m->v, file), E_NOT_FOUND);
	mounted_check(m);
	mounted_stop(m);
}

TEST(directories_count_what_is_in_them)
{
	struct mounted *m = &g_mounted;
	uint64_t parent;

	mounted_start(m, 0);
	const uint64_t a = make_dir(m, VOLUME_ROOT, "a"), b = make_dir(m, a, "b");

	CHECK_EQ(stat_of(m, VOLUME_ROOT).nlink, 3);
	CHECK_EQ(stat_of(m, a).nlink, 3);
	CHECK_EQ(stat_of(m, b).nlink, 2);
	CHECK_EQ(volume_parent(m->v, b, &parent), E_OK);
	CHECK_EQ(parent, a);
	CHECK_EQ(volume_parent(m->v, VOLUME_ROOT, &parent), E_OK);
	CHECK_EQ(parent, VOLUME_ROOT);
	CHECK_EQ(remove_dir(m, VOLUME_ROOT, "a"), E_NOT_EMPTY);
	make_file(m, a, "file");
	CHECK_EQ(remove_dir(m, a, "file"), E_NOT_DIRECTORY);
	CHECK_EQ(remove_dir(m, a, "none"), E_NOT_FOUND);
	CHECK_EQ(remove_dir(m, a, "b"), E_OK);
	CHECK_EQ(stat_of(m, a).nlink, 2);
	CHECK_EQ(remove_dir(m, VOLUME_ROOT, "a"), E_NOT_EMPTY);
	CHECK_EQ(unlink_name(m, a, "file"), E_OK);
	CHECK_EQ(remove_dir(m, VOLUME_ROOT, "a"), E_OK);
	CHECK_EQ(stat_of(m, VOLUME_ROOT).nlink, 2);
	CHECK_EQ(stat_of(m, VOLUME_ROOT).size, 0);
	mounted_check(m);
	mounted_stop(m);
}

TEST(symlinks_of_all_sizes)
{
	static const size_t sizes[] = {1, VOLUME_INODE_INLINE - 1, VOLUME_INODE_INLINE,
				       VOLUME_INODE_INLINE + 1, VOLUME_LINK_MAX};
	struct mounted *m = &g_mounted;
	static char target[VOLUME_LINK_MAX + 1], buf[VOLUME_LINK_MAX + 1];
	size_t done;

	mounted_start(m, 0);
	for (size_t i = 0; i < sizeof target; i++)
		target[i] = (char)('a' + i % 26);
	CHECK_EQ(volume_symlink(m->v, VOLUME_ROOT, "s", 1, target, 0), E_INVALID);
	CHECK_EQ(volume_symlink(m->v, VOLUME_ROOT, "s", 1, target, sizeof target), E_INVALID);
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		const char name[] = {'s', (char)('0' + i), 0};

		CHECK_EQ(volume_symlink(m->v, VOLUME_ROOT, name, 2, target, sizes[i]), E_OK);
	}
	mounted_check(m);
	mounted_again(m, true);
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		const char name[] = {'s', (char)('0' + i), 0};
		const uint64_t ino = find(m, VOLUME_ROOT, name);

		CHECK_EQ(stat_of(m, ino).type, VOLUME_SYMLINK);
		CHECK_EQ(stat_of(m, ino).size, sizes[i]);
		CHECK_EQ(volume_readlink(m->v, ino, buf, sizeof buf, &done), E_OK);
		CHECK(done == sizes[i] && memcmp(buf, target, done) == 0);
		CHECK_EQ(volume_readlink(m->v, ino, buf, 1, &done), E_OK);
		CHECK(done == 1 && buf[0] == 'a');
		CHECK_EQ(volume_read(m->v, ino, buf, 1, 0, &done), E_INVALID);
		CHECK_EQ(link_as(m, ino, VOLUME_ROOT, "second"), E_OK);
		CHECK_EQ(unlink_name(m, VOLUME_ROOT, "second"), E_OK);
		CHECK_EQ(unlink_name(m, VOLUME_ROOT, name), E_OK);
	}
	CHECK_EQ(volume_readlink(m->v, VOLUME_ROOT, buf, 1, &done), E_INVALID);
	mounted_check(m);
	mounted_stop(m);
}

TEST(no_file_has_more_names_than_the_limit)
{
	struct mounted *m = &g_mounted;
	char name[16];
	uint64_t wrong = 0;

	mounted_start(m, 0);
	const uint64_t file = make_file(m, VOLUME_ROOT, "file");

	for (uint32_t i = 1; i < VOLUME_LINKS_MAX; i++) {
		snprintf(name, sizeof name, "l%u", i);
		wrong += link_as(m, file, VOLUME_ROOT, name) != E_OK;
	}
	CHECK_EQ(wrong, 0);
	CHECK_EQ(link_as(m, file, VOLUME_ROOT, "one more"), E_LINKS);
	CHECK_EQ(unlink_name(m, VOLUME_ROOT, "l1"), E_OK);
	CHECK_EQ(link_as(m, file, VOLUME_ROOT, "one more"), E_OK);
	mounted_check(m);
	mounted_stop(m);
}

/* ---- rename ---- */

TEST(rename_moves_files)
{
	struct mounted *m = &g_mounted;

	mounted_start(m, 0);
	const uint64_t dir = make_dir(m, VOLUME_ROOT, "dir");
	const uint64_t a = make_file(m, VOLUME_ROOT, "a"), b = make_file(m, dir, "b");

	CHECK_EQ(rename_to(m, VOLUME_ROOT, "none", dir, "x"), E_NOT_FOUND);
	CHECK_EQ(rename_to(m, VOLUME_ROOT, "a", VOLUME_ROOT, "a"), E_OK);
	CHECK_EQ(rename_to(m, VOLUME_ROOT, "a", VOLUME_ROOT, "c"), E_OK);
	CHECK_EQ(find(m, VOLUME_ROOT, "a"), 0);
	CHECK_EQ(find(m, VOLUME_ROOT, "c"), a);
	CHECK_EQ(rename_to(m, VOLUME_ROOT, "c", dir, "b"), E_OK);
	CHECK_EQ(find(m, dir, "b"), a);
	CHECK_EQ(find(m, VOLUME_ROOT, "c"), 0);
	CHECK_EQ(volume_hold(m->v, b), E_NOT_FOUND);
	mounted_check(m);
	CHECK_EQ(link_as(m, a, VOLUME_ROOT, "again"), E_OK);
	CHECK_EQ(rename_to(m, VOLUME_ROOT, "again", dir, "b"), E_OK);
	CHECK_EQ(find(m, VOLUME_ROOT, "again"), a);
	CHECK_EQ(stat_of(m, a).nlink, 2);
	mounted_check(m);
	mounted_stop(m);
}

TEST(rename_replaces_only_what_fits)
{
	struct mounted *m = &g_mounted;

	mounted_start(m, 0);
	const uint64_t full = make_dir(m, VOLUME_ROOT, "full");

	make_file(m, full, "in it");
	make_dir(m, VOLUME_ROOT, "empty");
	make_file(m, VOLUME_ROOT, "file");
	CHECK_EQ(rename_to(m, VOLUME_ROOT, "file", VOLUME_ROOT, "empty"), E_IS_DIRECTORY);
	CHECK_EQ(rename_to(m, VOLUME_ROOT, "empty", VOLUME_ROOT, "file"), E_NOT_DIRECTORY);
	CHECK_EQ(rename_to(m, VOLUME_ROOT, "empty", VOLUME_ROOT, "full"), E_NOT_EMPTY);
	CHECK_EQ(rename_to(m, full, "in it", VOLUME_ROOT, "full"), E_NOT_EMPTY);
	mounted_check(m);
	CHECK_EQ(stat_of(m, VOLUME_ROOT).nlink, 4);
	CHECK_EQ(rename_to(m, VOLUME_ROOT, "full", VOLUME_ROOT, "empty"), E_OK);
	CHECK_EQ(stat_of(m, VOLUME_ROOT).nlink, 3);
	CHECK_EQ(find(m, VOLUME_ROOT, "empty"), full);
	mounted_check(m);
	mounted_stop(m);
}

TEST(rename_moves_no_directory_below_itself)
{
	struct mounted *m = &g_mounted;
	uint64_t parent;

	mounted_start(m, 0);
	const uint64_t a = make_dir(m, VOLUME_ROOT, "a"), b = make_dir(m, a, "b"),
		       c = make_dir(m, b, "c"), other = make_dir(m, VOLUME_ROOT, "other");

	CHECK_EQ(rename_to(m, VOLUME_ROOT, "a", a, "x"), E_INVALID);
	CHECK_EQ(rename_to(m, VOLUME_ROOT, "a", c, "x"), E_INVALID);
	CHECK_EQ(rename_to(m, b, "c", VOLUME_ROOT, "a"), E_NOT_EMPTY);
	CHECK_EQ(rename_to(m, a, "b", other, "moved"), E_OK);
	CHECK_EQ(stat_of(m, a).nlink, 2);
	CHECK_EQ(stat_of(m, other).nlink, 3);
	CHECK_EQ(volume_parent(m->v, b, &parent), E_OK);
	CHECK_EQ(parent, other);
	CHECK_EQ(rename_to(m, VOLUME_ROOT, "a", c, "x"), E_OK);
	CHECK_EQ(rename_to(m, VOLUME_ROOT, "other", a, "x"), E_INVALID);
	mounted_check(m);
	mounted_stop(m);
}

TEST(rename_within_a_large_directory)
{
	struct mounted *m = &g_mounted;
	char name[32], other[32];
	uint64_t wrong = 0;

	mounted_start(m, 0);
	for (uint32_t i = 0; i < 3000; i++) {
		snprintf(name, sizeof name, "n%u", i);
		make_file(m, VOLUME_ROOT, name);
	}
	for (uint32_t i = 0; i < 3000; i++) {
		snprintf(name, sizeof name, "n%u", i);
		snprintf(other, sizeof other, "other name of %u", i);
		const uint64_t ino = find(m, VOLUME_ROOT, name);

		wrong += rename_to(m, VOLUME_ROOT, name, VOLUME_ROOT, other) != E_OK;
		wrong += find(m, VOLUME_ROOT, name) != 0 || find(m, VOLUME_ROOT, other) != ino;
	}
	CHECK_EQ(wrong, 0);
	mounted_check(m);
	mounted_stop(m);
}

/* ---- what is held ---- */

TEST(what_is_held_lives_without_a_name)
{
	struct mounted *m = &g_mounted;
	char buf[5];
	size_t done;

	mounted_start(m, 0);
	const uint64_t file = make_file(m, VOLUME_ROOT, "file");

	CHECK_EQ(volume_hold(m->v, file), E_OK);
	CHECK_EQ(volume_hold(m->v, file), E_OK);
	CHECK_EQ(unlink_name(m, VOLUME_ROOT, "file"), E_OK);
	CHECK_EQ(volume_write(m->v, file, "hello", 5, 0, &done), E_OK);
	mounted_check(m);
	volume_release(m->v, file);
	CHECK_EQ(volume_read(m->v, file, buf, 5, 0, &done), E_OK);
	CHECK(done == 5 && memcmp(buf, "hello", 5) == 0);
	CHECK_EQ(stat_of(m, file).nlink, 0);
	CHECK_EQ(link_as(m, file, VOLUME_ROOT, "back"), E_NOT_FOUND);
	volume_release(m->v, file);
	CHECK_EQ(volume_hold(m->v, file), E_NOT_FOUND);
	mounted_check(m);
	mounted_stop(m);
}

TEST(what_was_held_is_freed_by_the_next_mount)
{
	struct mounted *m = &g_mounted;
	static uint8_t data[400000];
	struct volume_check check;
	struct volume_usage before, after;
	uint64_t nodes[5];
	char name[8];
	size_t done;

	mounted_start(m, 0);
	CHECK_EQ(volume_commit(m->v), E_OK);
	volume_get_usage(m->v, &before);
	for (size_t i = 0; i < COUNT_OF(nodes); i++) {
		snprintf(name, sizeof name, "n%zu", i);
		nodes[i] = make_node(m, VOLUME_ROOT, name, i < 3 ? VOLUME_FILE : VOLUME_DIRECTORY);
		CHECK_EQ(volume_hold(m->v, nodes[i]), E_OK);
		if (i < 3)
			CHECK_EQ(volume_write(m->v, nodes[i], data, sizeof data, 0, &done), E_OK);
		CHECK_EQ(i < 3 ? unlink_name(m, VOLUME_ROOT, name)
			       : remove_dir(m, VOLUME_ROOT, name),
			 E_OK);
	}
	CHECK_EQ(mounted_problems(m, &check), 0);
	CHECK_EQ(check.orphans, COUNT_OF(nodes));
	mounted_again(m, false);
	for (size_t i = 0; i < COUNT_OF(nodes); i++)
		CHECK_EQ(volume_hold(m->v, nodes[i]), E_NOT_FOUND);
	CHECK_EQ(mounted_problems(m, &check), 0);
	CHECK_EQ(check.orphans, 0);
	volume_get_usage(m->v, &after);
	CHECK(after.used <= before.used + 4);
	mounted_stop(m);
}

TEST(nothing_is_made_in_a_directory_without_a_name)
{
	struct mounted *m = &g_mounted;
	uint64_t ino;

	mounted_start(m, 0);
	const uint64_t dir = make_dir(m, VOLUME_ROOT, "dir");
	const uint64_t file = make_file(m, VOLUME_ROOT, "file");

	CHECK_EQ(volume_hold(m->v, dir), E_OK);
	CHECK_EQ(remove_dir(m, VOLUME_ROOT, "dir"), E_OK);
	CHECK_EQ(volume_create(m->v, dir, "a", 1, VOLUME_FILE, &ino), E_NOT_FOUND);
	CHECK_EQ(volume_create(m->v, dir, "a", 1, VOLUME_DIRECTORY, &ino), E_NOT_FOUND);
	CHECK_EQ(volume_symlink(m->v, dir, "a", 1, "x", 1), E_NOT_FOUND);
	CHECK_EQ(link_as(m, file, dir, "a"), E_NOT_FOUND);
	CHECK_EQ(rename_to(m, VOLUME_ROOT, "file", dir, "a"), E_NOT_FOUND);
	CHECK_EQ(find(m, dir, "a"), 0);
	CHECK_EQ(volume_parent(m->v, dir, &ino), E_OK);
	CHECK_EQ(ino, dir);
	mounted_check(m);
	volume_release(m->v, dir);
	mounted_check(m);
	mounted_stop(m);
}

TEST(rename_over_what_is_held)
{
	struct mounted *m = &g_mounted;

	mounted_start(m, 0);
	const uint64_t old = make_file(m, VOLUME_ROOT, "old"), new = make_file(m, VOLUME_ROOT, "n");
	const uint64_t a = make_dir(m, VOLUME_ROOT, "a"), b = make_dir(m, VOLUME_ROOT, "b");

	CHECK_EQ(volume_hold(m->v, old), E_OK);
	CHECK_EQ(volume_hold(m->v, b), E_OK);
	CHECK_EQ(rename_to(m, VOLUME_ROOT, "n", VOLUME_ROOT, "old"), E_OK);
	CHECK_EQ(rename_to(m, VOLUME_ROOT, "a", VOLUME_ROOT, "b"), E_OK);
	CHECK_EQ(find(m, VOLUME_ROOT, "old"), new);
	CHECK_EQ(find(m, VOLUME_ROOT, "b"), a);
	CHECK_EQ(stat_of(m, old).nlink, 0);
	CHECK_EQ(stat_of(m, b).nlink, 0);
	mounted_check(m);
	volume_release(m->v, old);
	volume_release(m->v, b);
	CHECK_EQ(volume_hold(m->v, old), E_NOT_FOUND);
	CHECK_EQ(volume_hold(m->v, b), E_NOT_FOUND);
	mounted_check(m);
	mounted_stop(m);
}

/* More than the table of holds begins with, in an order that leaves gaps. */
TEST(many_are_held_at_once)
{
	struct mounted *m = &g_mounted;
	static uint64_t nodes[1000];
	char name[16];
	uint64_t wrong = 0;

	mounted_start(m, 0);
	for (size_t i = 0; i < COUNT_OF(nodes); i++) {
		snprintf(name, sizeof name, "n%zu", i);
		nodes[i] = make_file(m, VOLUME_ROOT, name);
		for (size_t n = 0; n <= i % 3; n++)
			wrong += volume_hold(m->v, nodes[i]) != E_OK;
		wrong += unlink_name(m, VOLUME_ROOT, name) != E_OK;
	}
	for (size_t n = 0; n < 3; n++) {
		for (size_t i = 0; i < COUNT_OF(nodes); i++) {
			const size_t at = i * 7 % COUNT_OF(nodes);

			if (n <= at % 3)
				volume_release(m->v, nodes[at]);
		}
	}
	for (size_t i = 0; i < COUNT_OF(nodes); i++)
		wrong += volume_hold(m->v, nodes[i]) != E_NOT_FOUND;
	CHECK_EQ(wrong, 0);
	mounted_check(m);
	mounted_stop(m);
}

/* Numbers that the table of holds (64 places) wants at one place, released in several orders. */
TEST(holds_that_meet_are_kept_apart)
{
	struct mounted *m = &g_mounted;
	uint64_t nodes[20], ino, wrong = 0;
	char name[16];
	size_t count = 0;

	for (size_t stride = 1; stride < 20; stride += 6) {
		mounted_start(m, 0);
		count = 0;
		for (uint32_t i = 0; i < 5000 && count < COUNT_OF(nodes); i++) {
			snprintf(name, sizeof name, "n%u", i);
			ino = make_file(m, VOLUME_ROOT, name);
			if ((ino * 0x9e3779b97f4a7c15u >> 32) % 64 >= 61) {
				nodes[count++] = ino;
				wrong += volume_hold(m->v, ino) != E_OK;
				wrong += unlink_name(m, VOLUME_ROOT, name) != E_OK;
			}
		}
		CHECK_EQ(count, COUNT_OF(nodes));
		for (size_t i = 0; i < count; i++) {
			volume_release(m->v, nodes[i * stride % count]);
			for (size_t k = 0; k < count; k++) {
				struct volume_stat st;
				const bool gone =
					volume_stat(m->v, nodes[k * stride % count], &st) != E_OK;

				wrong += gone != (k <= i);
			}
		}
		mounted_check(m);
		mounted_stop(m);
	}
	CHECK_EQ(wrong, 0);
}

/* ---- failures ---- */

/* Memory is wanted where a name has its record already and its directory must grow. */
TEST(half_an_operation_is_never_committed)
{
	struct mounted *m = &g_mounted;
	struct volume_check check;
	char name[16];
	uint64_t ino;
	enum err err = E_OK;

	mounted_start(m, 0);
	const uint64_t first = make_file(m, VOLUME_ROOT, "first");

	CHECK_EQ(volume_commit(m->v), E_OK);
	for (uint32_t i = 0; i < 1000 && !err; i++) {
		snprintf(name, sizeof name, "n%u", i);
		native_heap_fail_at(0);
		err = volume_create(m->v, VOLUME_ROOT, name, strlen(name), VOLUME_FILE, &ino);
		native_heap_fail_at(-1);
	}
	CHECK_EQ(err, E_NOMEM);
	CHECK_EQ(volume_commit(m->v), E_VOLUME_BROKEN);
	CHECK_EQ(unlink_name(m, VOLUME_ROOT, "first"), E_VOLUME_BROKEN);
	CHECK_EQ(find(m, VOLUME_ROOT, "first"), first);
	mounted_again(m, false);
	CHECK_EQ(find(m, VOLUME_ROOT, "first"), first);
	CHECK_EQ(find(m, VOLUME_ROOT, "n0"), 0);
	CHECK_EQ(mounted_problems(m, &check), 0);
	mounted_stop(m);
}

TEST(want_of_memory_for_a_hold_holds_nothing)
{
	struct mounted *m = &g_mounted;
	uint64_t nodes[33], ino = 0;
	char name[16];

	mounted_start(m, 0);
	for (size_t i = 0; i < COUNT_OF(nodes); i++) {
		snprintf(name, sizeof name, "n%zu", i);
		nodes[i] = ino = make_file(m, VOLUME_ROOT, name);
		if (i < 32)
			CHECK_EQ(volume_hold(m->v, nodes[i]), E_OK);
	}
	native_heap_fail_at(0);
	CHECK_EQ(volume_hold(m->v, ino), E_NOMEM);
	native_heap_fail_at(-1);
	CHECK_EQ(unlink_name(m, VOLUME_ROOT, "n32"), E_OK);
	CHECK_EQ(volume_hold(m->v, ino), E_NOT_FOUND);
	CHECK_EQ(unlink_name(m, VOLUME_ROOT, "n31"), E_OK);
	CHECK_EQ(stat_of(m, nodes[31]).nlink, 0);
	mounted_check(m);
	mounted_stop(m);
}

TEST(numbers_are_used_again)
{
	struct mounted *m = &g_mounted;
	struct volume_usage before, after;

	mounted_start(m, 0);
	make_file(m, VOLUME_ROOT, "stays");
	CHECK_EQ(volume_commit(m->v), E_OK);
	volume_get_usage(m->v, &before);
	for (uint32_t i = 0; i < 2000; i++) {
		make_file(m, VOLUME_ROOT, "comes and goes");
		CHECK_EQ(unlink_name(m, VOLUME_ROOT, "comes and goes"), E_OK);
	}
	CHECK(make_file(m, VOLUME_ROOT, "last") < 16);
	CHECK_EQ(volume_commit(m->v), E_OK);
	volume_get_usage(m->v, &after);
	CHECK(after.used <= before.used + 2);
	mounted_check(m);
	mounted_stop(m);
}

TEST(a_full_volume_refuses_and_stays_whole)
{
	struct mounted *m = &g_mounted;
	static uint8_t data[65536];
	char name[16];
	uint64_t ino, count = 0;
	enum err err;
	size_t done;

	mounted_start(m, 4u << 20);
	const uint64_t big = make_file(m, VOLUME_ROOT, "big");

	while (volume_write(m->v, big, data, sizeof data, UINT64_MAX, &done) == E_OK)
		;
	do {
		snprintf(name, sizeof name, "n%u", (unsigned)count++);
		err = volume_create(m->v, VOLUME_ROOT, name, strlen(name), VOLUME_DIRECTORY, &ino);
	} while (err == E_OK);
	CHECK_EQ(err, E_NO_SPACE);
	CHECK_EQ(find(m, VOLUME_ROOT, name), 0);
	CHECK_EQ(volume_symlink(m->v, VOLUME_ROOT, "s", 1, "target", 6), E_NO_SPACE);
	CHECK_EQ(find(m, VOLUME_ROOT, "s"), 0);
	mounted_check(m);
	CHECK_EQ(volume_set_size(m->v, big, 4096), E_OK);
	CHECK_EQ(volume_commit(m->v), E_OK);
	make_dir(m, VOLUME_ROOT, name);
	mounted_check(m);
	mounted_again(m, true);
	CHECK(find(m, VOLUME_ROOT, name) != 0);
	CHECK_EQ(unlink_name(m, VOLUME_ROOT, "big"), E_OK);
	mounted_check(m);
	mounted_stop(m);
}

TEST(a_mount_for_reading_changes_nothing)
{
	struct mounted *m = &g_mounted;
	struct volume_check check;
	uint64_t ino;
	size_t done;

	mounted_start(m, 0);
	const uint64_t file = make_file(m, VOLUME_ROOT, "file");

	CHECK_EQ(volume_commit(m->v), E_OK);
	volume_close(m->v);
	m->config.read_only = true;
	mounted_mount(m);
	const uint64_t writes = m->disk.writes;

	CHECK_EQ(volume_create(m->v, VOLUME_ROOT, "a", 1, VOLUME_FILE, &ino), E_READ_ONLY);
	CHECK_EQ(volume_symlink(m->v, VOLUME_ROOT, "a", 1, "x", 1), E_READ_ONLY);
	CHECK_EQ(link_as(m, file, VOLUME_ROOT, "a"), E_READ_ONLY);
	CHECK_EQ(unlink_name(m, VOLUME_ROOT, "file"), E_READ_ONLY);
	CHECK_EQ(rename_to(m, VOLUME_ROOT, "file", VOLUME_ROOT, "a"), E_READ_ONLY);
	CHECK_EQ(volume_write(m->v, file, "x", 1, 0, &done), E_READ_ONLY);
	CHECK_EQ(volume_set_size(m->v, file, 1), E_READ_ONLY);
	CHECK_EQ(volume_set_times(m->v, file, NULL, NULL), E_READ_ONLY);
	CHECK_EQ(volume_hold(m->v, file), E_OK);
	volume_release(m->v, file);
	CHECK_EQ(find(m, VOLUME_ROOT, "file"), file);
	CHECK_EQ(volume_check(m->v, &check, NULL, NULL), E_OK);
	CHECK_EQ(check.problems, 0);
	CHECK_EQ(check.files, 1);
	CHECK_EQ(m->disk.writes, writes);
	mounted_stop(m);
}

/* What changes names, over and over, while the n-th allocation fails: never half of it. */
static void change_names(struct mounted *m)
{
	uint64_t ino;

	(void)volume_create(m->v, VOLUME_ROOT, "c", 1, VOLUME_DIRECTORY, &ino);
	(void)volume_symlink(m->v, VOLUME_ROOT, "s", 1, "x", 1);
	(void)rename_to(m, VOLUME_ROOT, "a", VOLUME_ROOT, "b");
	(void)unlink_name(m, VOLUME_ROOT, "b");
	(void)remove_dir(m, VOLUME_ROOT, "c");
}

TEST(want_of_memory_leaves_the_last_commit)
{
	struct mounted *m = &g_mounted;
	struct volume_check check;

	for (long n = 0; n < 20; n++) {
		mounted_start(m, 0);
		make_file(m, VOLUME_ROOT, "a");
		mounted_again(m, true);
		native_heap_fail_at(n);
		change_names(m);
		const bool failed = native_heap_failed();

		native_heap_fail_at(-1);
		const enum err err = volume_commit(m->v);

		CHECK(err == E_OK || (failed && err == E_VOLUME_BROKEN));
		mounted_again(m, false);
		CHECK_EQ(mounted_problems(m, &check), 0);
		CHECK(err == E_OK || find(m, VOLUME_ROOT, "a") != 0);
		mounted_stop(m);
		if (!failed)
			break;
	}
}

int main(void)
{
	RUN(names_that_are_not_allowed);
	RUN(numbers_that_stand_for_nothing);
	RUN(what_is_no_directory_has_no_names);
	RUN(create_link_unlink_count_names);
	RUN(directories_count_what_is_in_them);
	RUN(symlinks_of_all_sizes);
	RUN(no_file_has_more_names_than_the_limit);
	RUN(rename_moves_files);
	RUN(rename_replaces_only_what_fits);
	RUN(rename_moves_no_directory_below_itself);
	RUN(rename_within_a_large_directory);
	RUN(what_is_held_lives_without_a_name);
	RUN(what_was_held_is_freed_by_the_next_mount);
	RUN(nothing_is_made_in_a_directory_without_a_name);
	RUN(rename_over_what_is_held);
	RUN(many_are_held_at_once);
	RUN(holds_that_meet_are_kept_apart);
	RUN(half_an_operation_is_never_committed);
	RUN(want_of_memory_for_a_hold_holds_nothing);
	RUN(numbers_are_used_again);
	RUN(a_full_volume_refuses_and_stays_whole);
	RUN(a_mount_for_reading_changes_nothing);
	RUN(want_of_memory_leaves_the_last_commit);
	return check_report();
}
