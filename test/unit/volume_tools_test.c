/* host: a volume's file as a device with its lease, and the API of the owner's tools over it. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/volume/volume.h"
#include "test/lib/check.h"

static char g_dir[] = "/tmp/retwine-volume-XXXXXX";
static char g_path[256], g_key[256];

static const char *path_of(const char *name)
{
	static char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", g_dir, name);
	return path;
}

static void make_dir(void)
{
	CHECK(mkdtemp(g_dir) != NULL);
	(void)snprintf(g_path, sizeof(g_path), "%s/volume", g_dir);
	(void)snprintf(g_key, sizeof(g_key), "%s/key", g_dir);
	FILE *f = fopen(g_key, "w");

	CHECK(f && fputs("thirty-two bytes that anybody may know", f) > 0 && fclose(f) == 0);
}

static void remove_dir(void)
{
	char command[64];

	(void)snprintf(command, sizeof(command), "rm -rf %s", g_dir);
	CHECK(system(command) == 0);
}

/* ---- the file ---- */

TEST(file_has_one_writer_or_readers)
{
	struct volume_file a, b;
	struct retwine_error error;

	CHECK_EQ(volume_file_open(&a, path_of("lease"), VOLUME_FILE_WRITE, &error), RETWINE_INPUT);
	CHECK_EQ(volume_file_open(&a, path_of("lease"), VOLUME_FILE_CREATE, &error), RETWINE_OK);
	CHECK(a.fd > 2 && (fcntl(a.fd, F_GETFD) & FD_CLOEXEC) != 0);
	CHECK_EQ(volume_file_open(&b, path_of("lease"), VOLUME_FILE_CREATE, &error), RETWINE_INPUT);
	CHECK_EQ(volume_file_open(&b, path_of("lease"), VOLUME_FILE_WRITE, &error), RETWINE_INPUT);
	CHECK(strstr(error.message, "second writer") != NULL);
	CHECK_EQ(volume_file_open(&b, path_of("lease"), VOLUME_FILE_READ, &error), RETWINE_INPUT);
	CHECK_EQ(b.fd, -1);
	CHECK_EQ(volume_file_open(&b, path_of("lease"), VOLUME_FILE_LOOK, &error), RETWINE_OK);
	volume_file_close(&b);
	volume_file_close(&a);
	CHECK_EQ(volume_file_open(&a, path_of("lease"), VOLUME_FILE_READ, &error), RETWINE_OK);
	CHECK_EQ(volume_file_open(&b, path_of("lease"), VOLUME_FILE_READ, &error), RETWINE_OK);
	volume_file_close(&b);
	CHECK_EQ(volume_file_open(&b, path_of("lease"), VOLUME_FILE_WRITE, &error), RETWINE_INPUT);
	volume_file_close(&a);
	CHECK_EQ(volume_file_open(&a, g_dir, VOLUME_FILE_READ, &error), RETWINE_INPUT);
}

TEST(device_reads_all_or_nothing)
{
	struct volume_file file;
	uint8_t bytes[300];
	uint64_t size = 0;

	CHECK_EQ(volume_file_open(&file, path_of("device"), VOLUME_FILE_CREATE, NULL), RETWINE_OK);
	const struct volume_device d = volume_file_device(&file);

	memset(bytes, 7, sizeof(bytes));
	CHECK_EQ(d.write(d.context, bytes, 100, 200), E_OK);
	CHECK_EQ(d.size(d.context, &size), E_OK);
	CHECK_EQ(size, 300);
	CHECK_EQ(d.read(d.context, bytes, 0, 300), E_OK);
	CHECK(bytes[99] == 0 && bytes[100] == 7 && bytes[299] == 7);
	CHECK_EQ(d.read(d.context, bytes, 1, 300), E_IO);
	CHECK_EQ(d.read(d.context, bytes, UINT64_MAX - 5, 10), E_IO);
	CHECK_EQ(d.write(d.context, bytes, UINT64_MAX - 5, 10), E_NO_SPACE);
	CHECK_EQ(d.set_size(d.context, UINT64_MAX), E_NO_SPACE);
	CHECK_EQ(d.set_size(d.context, 100), E_OK);
	CHECK_EQ(d.size(d.context, &size), E_OK);
	CHECK_EQ(size, 100);
	CHECK_EQ(d.sync(d.context), E_OK);
	d.ahead(d.context, 0, 100);
	d.ahead(d.context, UINT64_MAX, 100);
	volume_file_close(&file);
	CHECK_EQ(d.read(d.context, bytes, 0, 1), E_IO);
	CHECK_EQ(d.sync(d.context), E_IO);
}

/* A limit of the file's size stands for the disk's. */
TEST(device_that_cannot_grow_keeps_its_size)
{
	struct volume_file file;
	struct rlimit old, small;
	struct stat st;
	uint64_t size = 0;
	uint8_t byte = 1;

	CHECK_EQ(volume_file_open(&file, path_of("full"), VOLUME_FILE_CREATE, NULL), RETWINE_OK);
	const struct volume_device d = volume_file_device(&file);

	CHECK_EQ(d.set_size(d.context, 1 << 20), E_OK);
	CHECK(fstat(file.fd, &st) == 0 && st.st_blocks >= (1 << 20) / 512); /* reserved */
	(void)signal(SIGXFSZ, SIG_IGN);
	CHECK_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 2 << 20;
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
	CHECK_EQ(d.set_size(d.context, 3 << 20), E_NO_SPACE);
	CHECK_EQ(d.write(d.context, &byte, 3 << 20, 1), E_NO_SPACE);
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
	CHECK_EQ(d.size(d.context, &size), E_OK);
	CHECK_EQ(size, 1 << 20);
	volume_file_close(&file);
}

/* ---- paths ---- */

static struct retwine_volume *open_new(const char *name)
{
	const struct retwine_volume_slot slot = {.id = "k", .key_file = g_key};
	struct retwine_volume_options options = {.path = path_of(name), .key = {.key_file = g_key}};
	struct retwine_volume_state state;
	struct retwine_volume *volume = NULL;

	CHECK_EQ(retwine_volume_create(&options, &slot, 1, &state, NULL), RETWINE_OK);
	options.write = true;
	CHECK_EQ(retwine_volume_open(&volume, &options, NULL), RETWINE_OK);
	return volume;
}

static uint64_t make(struct volume *v, uint64_t dir, const char *name, enum volume_type type)
{
	uint64_t ino = 0;

	CHECK_EQ(volume_create(v, dir, name, strlen(name), type, &ino), E_OK);
	return ino;
}

static void make_link(struct volume *v, uint64_t dir, const char *name, const char *target)
{
	CHECK_EQ(volume_symlink(v, dir, name, strlen(name), target, strlen(target)), E_OK);
}

/* The inode that the path leads to, 0: it could be made there; or minus the error. */
static int64_t walk(struct volume *v, const char *path, bool follow)
{
	struct volume_at at;
	const enum err err = volume_walk(&at, v, path, follow);

	return err == E_OK ? (int64_t)at.ino : -(int64_t)err;
}

TEST(paths_lead_where_they_should)
{
	struct retwine_volume *volume = open_new("paths");
	struct volume *v = volume->volume;
	const int64_t root = VOLUME_ROOT;
	const int64_t a = (int64_t)make(v, VOLUME_ROOT, "a", VOLUME_DIRECTORY);
	const int64_t b = (int64_t)make(v, (uint64_t)a, "b", VOLUME_DIRECTORY);
	const int64_t f = (int64_t)make(v, (uint64_t)b, "f", VOLUME_FILE);
	struct volume_at at;

	make_link(v, VOLUME_ROOT, "up", "a/b/..");
	make_link(v, VOLUME_ROOT, "abs", "/a/b");
	make_link(v, (uint64_t)b, "rel", "../b/f");
	make_link(v, (uint64_t)b, "self", "self");
	make_link(v, (uint64_t)b, "root", "/");
	make_link(v, (uint64_t)b, "dangling", "../new");
	CHECK_EQ(walk(v, "", true), root);
	CHECK_EQ(walk(v, "/", true), root);
	CHECK_EQ(walk(v, "/..//../.", true), root);
	CHECK_EQ(walk(v, "a//b/./f", true), f);
	CHECK_EQ(walk(v, "up", true), a);
	CHECK_EQ(walk(v, "up/b/rel", true), f);
	CHECK_EQ(walk(v, "/abs/f", true), f);
	CHECK_EQ(walk(v, "a/b/root/a/b", true), b);
	CHECK_EQ(walk(v, "a/b/root", true), root);
	CHECK_EQ(walk(v, "a/b/self", true), -E_LIMIT);
	CHECK(walk(v, "a/b/self", false) > f);
	CHECK_EQ(walk(v, "a/b/self/x", false), -E_LIMIT);
	CHECK_EQ(walk(v, "a/b/f/", true), -E_NOT_DIRECTORY);
	CHECK_EQ(walk(v, "a/b/f/x", true), -E_NOT_DIRECTORY);
	CHECK_EQ(walk(v, "a/none/x", true), -E_NOT_FOUND);
	CHECK_EQ(walk(v, "a/none", true), 0);
	CHECK_EQ(volume_walk(&at, v, "a/b/dangling", true), E_OK);
	CHECK(at.ino == 0 && at.dir == (uint64_t)a && at.name_size == 3 &&
	      memcmp(at.name, "new", 3) == 0);
	retwine_volume_close(volume);
}

TEST(paths_are_bounded)
{
	struct retwine_volume *volume = open_new("long");
	char *path = malloc(70001), name[260];

	memset(path, '/', 70000);
	path[70000] = 0;
	CHECK_EQ(walk(volume->volume, path, true), -E_LIMIT);
	path[65536] = 0;
	CHECK_EQ(walk(volume->volume, path, true), VOLUME_ROOT);
	memset(name, 'n', 256);
	name[256] = 0;
	CHECK_EQ(walk(volume->volume, name, true), -E_INVALID);
	name[255] = 0;
	CHECK_EQ(walk(volume->volume, name, true), 0);
	memset(path, 'n', 60000);
	path[60000] = 0;
	CHECK_EQ(walk(volume->volume, path, true), -E_INVALID);
	free(path);
	retwine_volume_close(volume);
}

/* Symlinks that name symlinks, each longer than the last: a walk ends at the fortieth. */
TEST(symlinks_are_counted)
{
	struct retwine_volume *volume = open_new("links");
	struct volume *v = volume->volume;
	char name[8], target[8];

	const int64_t f = (int64_t)make(v, VOLUME_ROOT, "l0", VOLUME_FILE);

	for (int i = 1; i <= 41; i++) {
		(void)snprintf(name, sizeof(name), "l%d", i);
		(void)snprintf(target, sizeof(target), "l%d", i - 1);
		make_link(v, VOLUME_ROOT, name, target);
	}
	CHECK_EQ(walk(v, "l40", true), f);
	CHECK_EQ(walk(v, "l41", true), -E_LIMIT);
	retwine_volume_close(volume);
}

TEST(base_is_the_last_name)
{
	static const struct {
		const char *path, *base;
	} cases[] = {{"a", "a"},     {"/x/yz/", "yz"}, {"x/..a", "..a"}, {"x//y", "y"},
		     {"...", "..."}, {"", NULL},       {"/", NULL},	 {"a/.", NULL},
		     {"a/..", NULL}, {"./", NULL},     {"a./", "a."}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		size_t size = 0;
		const char *base = volume_base(cases[i].path, &size);

		CHECK((base == NULL) == (cases[i].base == NULL));
		CHECK(!base ||
		      (size == strlen(cases[i].base) && memcmp(base, cases[i].base, size) == 0));
	}
}

/* ---- what a program may have written ---- */

/* A volume's names and targets do not lead out of the directory that is copied to. */
TEST(copies_stay_where_they_should)
{
	struct retwine_volume *volume = open_new("trap");
	struct retwine_volume_copied copied = {0};
	struct retwine_error error;
	struct volume *v = volume->volume;
	const uint64_t d = make(v, VOLUME_ROOT, "d", VOLUME_DIRECTORY);
	const uint64_t inner = make(v, d, "inner", VOLUME_DIRECTORY);

	(void)make(v, inner, "stolen", VOLUME_FILE);
	make_link(v, d, "link", "../outside");
	CHECK_EQ(mkdir(path_of("outside"), 0700), 0);
	CHECK_EQ(mkdir(path_of("to"), 0700), 0);
	char *to = strdup(path_of("to"));

	CHECK_EQ(retwine_volume_copy_out(volume, "/d/.", to, true, &copied, &error), RETWINE_OK);
	CHECK(copied.files == 1 && copied.directories == 1 && copied.symlinks == 1);
	CHECK_EQ(access(path_of("to/inner/stolen"), F_OK), 0);
	/* the same again, with a symlink of the host where the directory was */
	CHECK_EQ(unlink(path_of("to/inner/stolen")), 0);
	CHECK_EQ(rmdir(path_of("to/inner")), 0);
	CHECK_EQ(symlink("../outside", path_of("to/inner")), 0);
	CHECK_EQ(retwine_volume_copy_out(volume, "/d/.", to, true, &copied, &error), RETWINE_INPUT);
	CHECK(access(path_of("outside/stolen"), F_OK) != 0);
	free(to);
	retwine_volume_close(volume);
}

int main(void)
{
	make_dir();
	RUN(file_has_one_writer_or_readers);
	RUN(device_reads_all_or_nothing);
	RUN(device_that_cannot_grow_keeps_its_size);
	RUN(paths_lead_where_they_should);
	RUN(paths_are_bounded);
	RUN(symlinks_are_counted);
	RUN(base_is_the_last_name);
	RUN(copies_stay_where_they_should);
	remove_dir();
	return check_report();
}
