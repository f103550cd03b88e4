/* wasi: no path leaves its mount, whatever the guest asks and the host answers. */
#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/unit/wasi_guest.h"
#include "wasi/path.h"

/*
 * /data:  file  dir/{inner,sub/{deep}}  links: to_file -> file, to_dir -> dir, up -> .., abs ->
 * /etc, out -> dir/../../x, chain1 -> chain2 -> dir/inner, loop -> loop, dangling -> made, slash ->
 * dir/
 */
static void tree(bool read_only)
{
	guest_start(read_only);
	fake_file(g_root, "file", "outer");
	const int dir = fake_dir(g_root, "dir");

	fake_file(dir, "inner", "within");
	const int sub = fake_dir(dir, "sub");

	fake_file(sub, "deep", "bottom");
	fake_link(dir, "back", "../file");
	fake_link(dir, "far", "../../file");
	fake_link(g_root, "to_file", "file");
	fake_link(g_root, "to_dir", "dir");
	fake_link(g_root, "up", "..");
	fake_link(g_root, "abs", "/etc");
	fake_link(g_root, "out", "dir/../../x");
	fake_link(g_root, "chain1", "chain2");
	fake_link(g_root, "chain2", "dir/inner");
	fake_link(g_root, "loop", "loop");
	fake_link(g_root, "dangling", "made");
	fake_link(g_root, "slash", "dir/");
	fake_link(g_root, "file_slash", "file/");
	g_fake.writes = 0;
}

TEST(plain_paths_open)
{
	tree(false);
	CHECK(guest_reads("file", "outer"));
	CHECK(guest_reads("dir/inner", "within"));
	CHECK(guest_reads("./dir/.//sub/../../dir/sub/../sub///./deep", "bottom"));
	CHECK(guest_reads("dir/../file", "outer"));
	CHECK_EQ(guest_open("."), WASI_SUCCESS);
	CHECK_EQ(guest_open("dir/.."), WASI_SUCCESS);
	CHECK_EQ(guest_open("dir/"), WASI_SUCCESS);
	CHECK_EQ(guest_open("dir///"), WASI_SUCCESS);
	CHECK_EQ(guest_open("missing"), WASI_NOENT);
	CHECK_EQ(guest_open("missing/x"), WASI_NOENT);
	guest_end();
}

TEST(paths_do_not_leave)
{
	tree(false);
	CHECK_EQ(guest_open(".."), WASI_PERM);
	CHECK_EQ(guest_open("../file"), WASI_PERM);
	CHECK_EQ(guest_open("dir/../.."), WASI_PERM);
	CHECK_EQ(guest_open("dir/sub/../../../data/file"), WASI_PERM);
	CHECK_EQ(guest_open("/"), WASI_PERM);
	CHECK_EQ(guest_open("/file"), WASI_PERM);
	CHECK_EQ(guest_open("//file"), WASI_PERM);
	CHECK_EQ(guest_open("/data/file"), WASI_PERM);
	guest_end();
}

TEST(a_subdirectory_is_its_own_root)
{
	tree(false);
	const uint32_t dir = guest_fd("dir", WASI_OPEN_DIRECTORY, 0, 0);

	CHECK_EQ(guest_open_at(dir, "inner", 0, 0, 0, 0), WASI_SUCCESS);
	CHECK_EQ(guest_open_at(dir, "../file", 0, 0, 0, 0), WASI_PERM);
	CHECK_EQ(guest_open_at(dir, "sub/../../file", 0, 0, 0, 0), WASI_PERM);
	CHECK_EQ(guest_open_at(dir, "back", WASI_LOOKUP_FOLLOW, 0, 0, 0), WASI_PERM);
	guest_end();
}

TEST(symlinks_resolve_inside)
{
	tree(false);
	CHECK(guest_reads("to_file", "outer"));
	CHECK(guest_reads("to_dir/inner", "within"));
	CHECK(guest_reads("to_dir/sub/deep", "bottom"));
	CHECK(guest_reads("chain1", "within"));
	CHECK(guest_reads("dir/back", "outer"));
	CHECK(guest_reads("to_dir/../file", "outer"));
	CHECK(guest_reads("slash/inner", "within"));
	CHECK_EQ(guest_open("slash"), WASI_SUCCESS);
	CHECK_EQ(guest_open("file_slash"), WASI_NOTDIR);
	CHECK_EQ(guest_open("to_file/x"), WASI_NOTDIR);
	CHECK_EQ(guest_open("file/x"), WASI_NOTDIR);
	CHECK_EQ(guest_open("file/."), WASI_NOTDIR);
	CHECK_EQ(guest_open("file/.."), WASI_NOTDIR);
	guest_end();
}

TEST(symlinks_do_not_leave)
{
	tree(false);
	CHECK_EQ(guest_open("up"), WASI_PERM);
	CHECK_EQ(guest_open("up/data/file"), WASI_PERM);
	CHECK_EQ(guest_open("abs"), WASI_PERM);
	CHECK_EQ(guest_open("abs/passwd"), WASI_PERM);
	CHECK_EQ(guest_open("out"), WASI_PERM);
	CHECK_EQ(guest_open("out/y"), WASI_PERM);
	CHECK_EQ(guest_open("dir/far"), WASI_PERM);
	CHECK_EQ(guest_open("to_dir/far"), WASI_PERM);
	guest_end();
}

TEST(loops_end)
{
	char name[16], target[16];

	tree(false);
	CHECK_EQ(guest_open("loop"), WASI_LOOP);
	CHECK_EQ(guest_open("loop/x"), WASI_LOOP);
	for (int i = 0; i < 45; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		snprintf(target, sizeof(target), "l%d", i + 1);
		fake_link(g_root, name, i == 44 ? "file" : target);
	}
	CHECK(guest_reads("l5", "outer"));     /* 40 links: l5 .. l44 */
	CHECK_EQ(guest_open("l4"), WASI_LOOP); /* 41 */
	guest_end();
}

TEST(nofollow_is_heeded)
{
	tree(false);
	CHECK_EQ(guest_open_at(GUEST_DIR, "to_file", 0, 0, 0, 0), WASI_LOOP);
	CHECK_EQ(guest_open_at(GUEST_DIR, "to_dir", 0, 0, 0, 0), WASI_LOOP);
	CHECK_EQ(guest_open_at(GUEST_DIR, "to_dir", 0, WASI_OPEN_DIRECTORY, 0, 0), WASI_NOTDIR);
	CHECK_EQ(guest_open_at(GUEST_DIR, "to_dir/inner", 0, 0, 0, 0), WASI_SUCCESS);
	CHECK_EQ(guest_open_at(GUEST_DIR, "to_dir/", 0, 0, 0, 0), WASI_SUCCESS);
	CHECK_EQ(guest_open_at(GUEST_DIR, "to_dir", 1, WASI_OPEN_DIRECTORY, 0, 0), WASI_SUCCESS);
	CHECK_EQ(guest_open_at(GUEST_DIR, "to_file", 1, WASI_OPEN_DIRECTORY, 0, 0), WASI_NOTDIR);
	const uint32_t size = guest_str(GUEST_PATH, "to_file");

	CHECK_EQ(CALL(path_filestat_get, GUEST_DIR, 0, GUEST_PATH, size, GUEST_DATA), 0);
	CHECK_EQ(g_memory.base[GUEST_DATA + 16], WASI_TYPE_LINK);
	CHECK_EQ(CALL(path_filestat_get, GUEST_DIR, 1, GUEST_PATH, size, GUEST_DATA), 0);
	CHECK_EQ(g_memory.base[GUEST_DATA + 16], WASI_TYPE_FILE);
	CHECK_EQ(guest_u64(GUEST_DATA + 32), 5);
	guest_end();
}

TEST(trailing_slashes)
{
	tree(false);
	CHECK_EQ(guest_open("file/"), WASI_NOTDIR);
	CHECK_EQ(guest_open("file///"), WASI_NOTDIR);
	CHECK_EQ(guest_open("to_file/"), WASI_NOTDIR);
	CHECK_EQ(guest_open_at(GUEST_DIR, "new/", 0, WASI_OPEN_CREATE, RIGHTS_RW, 0), WASI_ISDIR);
	uint32_t size = guest_str(GUEST_PATH, "file/");

	CHECK_EQ(CALL(path_filestat_get, GUEST_DIR, 0, GUEST_PATH, size, GUEST_DATA), WASI_NOTDIR);
	CHECK_EQ(CALL(path_unlink_file, GUEST_DIR, GUEST_PATH, size), WASI_NOTDIR);
	CHECK_EQ(CALL(path_remove_directory, GUEST_DIR, GUEST_PATH, size), WASI_NOTDIR);
	CHECK_EQ(CALL(path_readlink, GUEST_DIR, GUEST_PATH, size, GUEST_DATA, 9, GUEST_OUT),
		 WASI_NOTDIR);
	CHECK_EQ(g_fake.writes, 0);
	size = guest_str(GUEST_PATH, "newdir//");
	CHECK_EQ(CALL(path_create_directory, GUEST_DIR, GUEST_PATH, size), WASI_SUCCESS);
	CHECK_EQ(CALL(path_unlink_file, GUEST_DIR, GUEST_PATH, size), WASI_ISDIR);
	CHECK_EQ(CALL(path_remove_directory, GUEST_DIR, GUEST_PATH, size), WASI_SUCCESS);
	guest_end();
}

TEST(names_have_limits)
{
	char path[PATH_SIZE_MAX + 2];

	tree(false);
	CHECK_EQ(guest_open(""), WASI_NOENT);
	memset(path, 'n', sizeof(path));
	path[255] = 0;
	CHECK_EQ(guest_open(path), WASI_NOENT);
	CHECK_EQ(guest_open_at(GUEST_DIR, path, 0, WASI_OPEN_CREATE, 0, 0), WASI_SUCCESS);
	path[255] = 'n';
	path[256] = 0;
	CHECK_EQ(guest_open(path), WASI_NAMETOOLONG);
	for (size_t i = 0; i < sizeof(path); i++)
		path[i] = i % 2 ? '/' : '.';
	path[PATH_SIZE_MAX] = 0;
	CHECK_EQ(guest_open(path), WASI_SUCCESS);
	path[PATH_SIZE_MAX] = '.';
	path[PATH_SIZE_MAX + 1] = 0;
	CHECK_EQ(guest_open(path), WASI_NAMETOOLONG);
	guest_end();
}

TEST(names_are_bytes_without_nul)
{
	tree(false);
	fake_file(g_root, "\xff\xfe\x80", "bytes");
	CHECK(guest_reads("\xff\xfe\x80", "bytes"));
	const uint32_t size = guest_put(GUEST_PATH, "file\0x", 6);

	CHECK_EQ(CALL(path_open, GUEST_DIR, 0, GUEST_PATH, size, 0, 0, 0, 0, GUEST_OUT),
		 WASI_INVAL);
	CHECK_EQ(CALL(path_open, GUEST_DIR, 0, GUEST_PATH, 5, 0, 0, 0, 0, GUEST_OUT), WASI_INVAL);
	CHECK_EQ(CALL(path_create_directory, GUEST_DIR, GUEST_PATH, 5), WASI_INVAL);
	CHECK_EQ(CALL(path_unlink_file, GUEST_DIR, GUEST_PATH, 5), WASI_INVAL);
	CHECK_EQ(g_fake.writes, 0);
	guest_end();
}

TEST(deep_paths_end)
{
	char path[2 * PATH_DEPTH_MAX + 8];
	int dir;

	tree(false);
	dir = g_root;
	path[0] = 0;
	for (int i = 0; i < PATH_DEPTH_MAX; i++) {
		dir = fake_dir(dir, "d");
		strcat(path, i ? "/d" : "d");
	}
	CHECK_EQ(guest_open(path), WASI_SUCCESS);
	strcat(path, "/d");
	CHECK_EQ(guest_open(path), WASI_NAMETOOLONG);
	guest_end();
}

/* What the host swaps in: just when it is asked the second time. */
static int g_swap_at;
static const char *g_swap_target;

static void swap_dir_for_link(void)
{
	struct fake_entry *e = fake_find(g_root, "dir", 3);

	if (--g_swap_at != 0 || !e)
		return;
	fake_remove(g_root, e);
	fake_link(g_root, "dir", g_swap_target);
}

TEST(swapped_symlinks_do_not_lead_out)
{
	static const char *const targets[] = {"..", "/etc", "sub/../../..", "up", "dir"};

	for (size_t t = 0; t < sizeof(targets) / sizeof(targets[0]); t++) {
		for (int at = 1; at < 6; at++) {
			tree(false);
			g_swap_at = at;
			g_swap_target = targets[t];
			g_fake.before = swap_dir_for_link;
			const uint32_t e = guest_open("dir/sub/../../dir/sub/deep");

			/* the handle of the true directory may have been won before */
			CHECK(e == WASI_SUCCESS || e == WASI_PERM || e == WASI_LOOP ||
			      e == WASI_NOENT);
			CHECK(at > 1 || e != WASI_SUCCESS);
			guest_end();
		}
	}
}

static void grow_links(void)
{
	struct fake_node *n = &g_fake.nodes[fake_find(g_root, "loop", 4)->node];

	/* a host that answers each question with a longer way */
	free(n->data);
	n->data = malloc(4096);
	n->size = 4090;
	for (size_t i = 0; i < n->size; i += 5)
		memcpy(n->data + i, "loop/", 5);
}

TEST(a_host_that_swaps_links_costs_bounded_work)
{
	tree(false);
	g_fake.before = grow_links;
	const uint32_t e = guest_open("loop/x");

	CHECK(e == WASI_LOOP || e == WASI_NAMETOOLONG);
	CHECK(g_fake.calls < 10000);
	guest_end();
}

TEST(hostile_link_targets_are_refused)
{
	tree(false);
	struct fake_node *n = &g_fake.nodes[fake_find(g_root, "to_file", 7)->node];

	memcpy(n->data, "fi\0e", 4);
	CHECK_EQ(guest_open("to_file/x"), WASI_INVAL);
	n->size = 0;
	CHECK_EQ(guest_open("to_file"), WASI_NOENT);
	guest_end();
}

TEST(creating)
{
	tree(false);
	CHECK_EQ(guest_open_at(GUEST_DIR, "new", 0, WASI_OPEN_CREATE, RIGHTS_RW, 0), 0);
	CHECK_EQ(guest_open_at(GUEST_DIR, "new", 0, WASI_OPEN_CREATE | WASI_OPEN_EXCL, 0, 0),
		 WASI_EXIST);
	CHECK_EQ(guest_open_at(GUEST_DIR, "dangling", 1, WASI_OPEN_CREATE | WASI_OPEN_EXCL, 0, 0),
		 WASI_EXIST);
	CHECK_EQ(guest_open("made"), WASI_NOENT);
	CHECK_EQ(guest_open_at(GUEST_DIR, "dangling", 0, WASI_OPEN_CREATE, 0, 0), WASI_LOOP);
	CHECK_EQ(guest_open_at(GUEST_DIR, "dangling", 1, WASI_OPEN_CREATE, 0, 0), WASI_SUCCESS);
	CHECK_EQ(guest_open("made"), WASI_SUCCESS);
	CHECK_EQ(guest_open_at(GUEST_DIR, "file", 0, WASI_OPEN_TRUNC, WASI_RIGHT_FD_WRITE, 0), 0);
	CHECK(guest_reads("file", ""));
	CHECK_EQ(guest_open_at(GUEST_DIR, "dir", 0, 0, RIGHTS_RW, 0), WASI_ISDIR);
	CHECK_EQ(guest_open_at(GUEST_DIR, ".", 0, WASI_OPEN_DIRECTORY, RIGHTS_RW, 0), WASI_ISDIR);
	CHECK_EQ(guest_open_at(GUEST_DIR, "dir", 0, WASI_OPEN_DIRECTORY, RIGHTS_RW, 0), WASI_ISDIR);
	CHECK_EQ(guest_open_at(GUEST_DIR, "x", 0, WASI_OPEN_DIRECTORY | WASI_OPEN_CREATE, 0, 0),
		 WASI_INVAL);
	CHECK_EQ(guest_open_at(GUEST_DIR, "file", 2, 0, 0, 0), WASI_INVAL);
	CHECK_EQ(guest_open_at(GUEST_DIR, "file", 0, 16, 0, 0), WASI_INVAL);
	CHECK_EQ(guest_open_at(GUEST_DIR, "file", 0, 0, 0, 32), WASI_INVAL);
	const uint32_t fd = guest_fd("file", 0, WASI_RIGHT_FD_READ, 0);

	CHECK_EQ(guest_open_at(fd, "x", 0, 0, 0, 0), WASI_NOTDIR);
	CHECK_EQ(guest_open_at(1, "x", 0, 0, 0, 0), WASI_NOTDIR);
	CHECK_EQ(guest_open_at(77, "x", 0, 0, 0, 0), WASI_BADF);
	guest_end();
}

static uint32_t rename_to(const char *old, const char *new)
{
	const uint32_t a = guest_str(GUEST_PATH, old), b = guest_str(GUEST_PATH2, new);

	return CALL(path_rename, GUEST_DIR, GUEST_PATH, a, GUEST_DIR, GUEST_PATH2, b);
}

TEST(directories_are_not_opened_for_writing)
{
	tree(false);
	g_fake.writes_dirs = true;
	CHECK_EQ(guest_open_at(GUEST_DIR, "dir", 0, 0, RIGHTS_RW, 0), WASI_ISDIR);
	CHECK_EQ(guest_open_at(GUEST_DIR, "dir", 0, WASI_OPEN_DIRECTORY, RIGHTS_RW, 0), WASI_ISDIR);
	guest_end();
}

TEST(paths_outside_memory_are_refused)
{
	const uint32_t end = GUEST_SIZE - 3, bad = GUEST_SIZE - 2, path = GUEST_PATH;

	tree(false);
	guest_put(end, "new", 3);
	guest_put(path, "new", 3);
	const unsigned calls = g_fake.calls;

	CHECK_EQ(CALL(path_create_directory, 3, bad, 3), WASI_FAULT);
	CHECK_EQ(CALL(path_create_directory, 3, 0xffffffff, 0xffffffff), WASI_FAULT);
	CHECK_EQ(CALL(path_remove_directory, 3, bad, 3), WASI_FAULT);
	CHECK_EQ(CALL(path_unlink_file, 3, bad, 3), WASI_FAULT);
	CHECK_EQ(CALL(path_filestat_get, 3, 0, bad, 3, GUEST_DATA), WASI_FAULT);
	CHECK_EQ(CALL(path_filestat_set_times, 3, 0, bad, 3, 1, 1, 5), WASI_FAULT);
	CHECK_EQ(CALL(path_open, 3, 0, bad, 3, WASI_OPEN_CREATE, 0, 0, 0, GUEST_OUT), WASI_FAULT);
	CHECK_EQ(CALL(path_open, 3, 0, path, 3, WASI_OPEN_CREATE, 0, 0, 0, GUEST_SIZE - 3),
		 WASI_FAULT);
	CHECK_EQ(CALL(path_rename, 3, bad, 3, 3, path, 3), WASI_FAULT);
	CHECK_EQ(CALL(path_rename, 3, path, 3, 3, bad, 3), WASI_FAULT);
	CHECK_EQ(CALL(path_link, 3, 0, bad, 3, 3, path, 3), WASI_FAULT);
	CHECK_EQ(CALL(path_link, 3, 0, path, 3, 3, bad, 3), WASI_FAULT);
	CHECK_EQ(CALL(path_symlink, bad, 3, 3, path, 3), WASI_FAULT);
	CHECK_EQ(CALL(path_symlink, path, 3, 3, bad, 3), WASI_FAULT);
	CHECK_EQ(CALL(path_readlink, 3, bad, 3, GUEST_DATA, 9, GUEST_OUT), WASI_FAULT);
	CHECK_EQ(CALL(path_readlink, 3, path, 3, GUEST_SIZE - 8, 9, GUEST_OUT), WASI_FAULT);
	CHECK_EQ(CALL(path_readlink, 3, path, 3, GUEST_DATA, 9, GUEST_SIZE - 3), WASI_FAULT);
	CHECK_EQ(g_fake.calls, calls);
	CHECK_EQ(CALL(path_create_directory, 3, end, 3), WASI_SUCCESS);
	CHECK_EQ(CALL(path_filestat_get, 3, 0, end, 3, GUEST_SIZE - 63), WASI_FAULT);
	guest_end();
}

TEST(renaming)
{
	tree(false);
	CHECK_EQ(rename_to("file", "dir/moved"), WASI_SUCCESS);
	CHECK(guest_reads("dir/moved", "outer"));
	CHECK_EQ(guest_open("file"), WASI_NOENT);
	CHECK_EQ(rename_to("dir/sub/", "top"), WASI_SUCCESS);
	CHECK_EQ(rename_to("top", "top2/"), WASI_SUCCESS);
	CHECK_EQ(rename_to("top2/", "top3/"), WASI_SUCCESS);
	CHECK_EQ(rename_to("dir/moved/", "x"), WASI_NOTDIR);
	CHECK_EQ(rename_to("dir/moved", "x/"), WASI_NOTDIR);
	CHECK_EQ(rename_to(".", "x"), WASI_BUSY);
	CHECK_EQ(rename_to("dir", "."), WASI_BUSY);
	CHECK_EQ(rename_to("dir/moved", "../x"), WASI_PERM);
	CHECK_EQ(rename_to("../file", "x"), WASI_PERM);
	CHECK_EQ(rename_to("nothing", "x"), WASI_NOENT);
	guest_end();
}

static uint32_t link_to(uint32_t flags, const char *old, const char *new)
{
	const uint32_t a = guest_str(GUEST_PATH, old), b = guest_str(GUEST_PATH2, new);

	return CALL(path_link, GUEST_DIR, flags, GUEST_PATH, a, GUEST_DIR, GUEST_PATH2, b);
}

TEST(linking)
{
	tree(false);
	CHECK_EQ(link_to(0, "file", "dir/hard"), WASI_SUCCESS);
	CHECK(guest_reads("dir/hard", "outer"));
	CHECK_EQ(link_to(0, "file", "file"), WASI_EXIST);
	CHECK_EQ(link_to(0, "file", "dir"), WASI_EXIST);
	CHECK_EQ(link_to(0, "file", "dangling"), WASI_EXIST);
	CHECK_EQ(link_to(0, "dir", "new"), WASI_PERM);
	CHECK_EQ(link_to(0, "dir/", "new"), WASI_PERM);
	CHECK_EQ(link_to(0, ".", "new"), WASI_PERM);
	CHECK_EQ(link_to(0, "file", "new/"), WASI_NOENT);
	CHECK_EQ(link_to(1, "file", "new"), WASI_INVAL);
	CHECK_EQ(link_to(0, "dangling", "new"), WASI_SUCCESS);
	CHECK_EQ(link_to(0, "file", "../new"), WASI_PERM);
	CHECK_EQ(link_to(0, "up/x", "new"), WASI_PERM);
	guest_end();
}

static uint32_t symlink_to(const char *target, const char *name)
{
	const uint32_t a = guest_str(GUEST_PATH, target), b = guest_str(GUEST_PATH2, name);

	return CALL(path_symlink, GUEST_PATH, a, GUEST_DIR, GUEST_PATH2, b);
}

TEST(symlinking)
{
	tree(false);
	CHECK_EQ(symlink_to("dir/inner", "made_link"), WASI_SUCCESS);
	CHECK(guest_reads("made_link", "within"));
	CHECK_EQ(symlink_to("/etc", "x"), WASI_PERM);
	CHECK_EQ(symlink_to("", "x"), WASI_NOENT);
	CHECK_EQ(symlink_to("file", "x/"), WASI_NOENT);
	CHECK_EQ(symlink_to("file", "dir/"), WASI_EXIST);
	CHECK_EQ(symlink_to("file", "file/"), WASI_NOTDIR);
	CHECK_EQ(symlink_to("file", "file"), WASI_EXIST);
	CHECK_EQ(symlink_to("file", "dir"), WASI_EXIST);
	CHECK_EQ(symlink_to("file", "."), WASI_EXIST);
	CHECK_EQ(symlink_to("file", "../x"), WASI_PERM);
	guest_put(GUEST_PATH, "a\0b", 3);
	CHECK_EQ(CALL(path_symlink, GUEST_PATH, 3, GUEST_DIR, GUEST_PATH2, 1), WASI_INVAL);
	CHECK_EQ(CALL(path_symlink, GUEST_PATH, 4096, GUEST_DIR, GUEST_PATH2, 1), WASI_NAMETOOLONG);
	guest_end();
}

TEST(reading_links)
{
	tree(false);
	uint32_t size = guest_str(GUEST_PATH, "to_file");

	CHECK_EQ(CALL(path_readlink, GUEST_DIR, GUEST_PATH, size, GUEST_DATA, 100, GUEST_OUT), 0);
	CHECK_EQ(guest_u32(GUEST_OUT), 4);
	CHECK(memcmp(g_memory.base + GUEST_DATA, "file\xee", 5) == 0);
	CHECK_EQ(CALL(path_readlink, GUEST_DIR, GUEST_PATH, size, GUEST_DATA + 50, 2, GUEST_OUT),
		 0);
	CHECK_EQ(guest_u32(GUEST_OUT), 2);
	CHECK(memcmp(g_memory.base + GUEST_DATA + 50, "fi\xee", 3) == 0);
	size = guest_str(GUEST_PATH, "file");
	CHECK_EQ(CALL(path_readlink, GUEST_DIR, GUEST_PATH, size, GUEST_DATA, 9, GUEST_OUT),
		 WASI_INVAL);
	size = guest_str(GUEST_PATH, "none");
	CHECK_EQ(CALL(path_readlink, GUEST_DIR, GUEST_PATH, size, GUEST_DATA, 9, GUEST_OUT),
		 WASI_NOENT);
	size = guest_str(GUEST_PATH, ".");
	CHECK_EQ(CALL(path_readlink, GUEST_DIR, GUEST_PATH, size, GUEST_DATA, 9, GUEST_OUT),
		 WASI_INVAL);
	guest_end();
}

TEST(directories)
{
	tree(false);
	uint32_t size = guest_str(GUEST_PATH, "dir");

	CHECK_EQ(CALL(path_create_directory, GUEST_DIR, GUEST_PATH, size), WASI_EXIST);
	CHECK_EQ(CALL(path_remove_directory, GUEST_DIR, GUEST_PATH, size), WASI_NOTEMPTY);
	CHECK_EQ(CALL(path_unlink_file, GUEST_DIR, GUEST_PATH, size), WASI_ISDIR);
	size = guest_str(GUEST_PATH, "nodir/x");
	CHECK_EQ(CALL(path_create_directory, GUEST_DIR, GUEST_PATH, size), WASI_NOENT);
	size = guest_str(GUEST_PATH, "file");
	CHECK_EQ(CALL(path_remove_directory, GUEST_DIR, GUEST_PATH, size), WASI_NOTDIR);
	CHECK_EQ(CALL(path_unlink_file, GUEST_DIR, GUEST_PATH, size), WASI_SUCCESS);
	size = guest_str(GUEST_PATH, "to_dir");
	CHECK_EQ(CALL(path_remove_directory, GUEST_DIR, GUEST_PATH, size), WASI_NOTDIR);
	CHECK_EQ(CALL(path_unlink_file, GUEST_DIR, GUEST_PATH, size), WASI_SUCCESS);
	CHECK_EQ(guest_open("dir/inner"), WASI_SUCCESS);
	size = guest_str(GUEST_PATH, ".");
	CHECK_EQ(CALL(path_create_directory, GUEST_DIR, GUEST_PATH, size), WASI_EXIST);
	CHECK_EQ(CALL(path_remove_directory, GUEST_DIR, GUEST_PATH, size), WASI_INVAL);
	CHECK_EQ(CALL(path_unlink_file, GUEST_DIR, GUEST_PATH, size), WASI_ISDIR);
	size = guest_str(GUEST_PATH, "../x");
	CHECK_EQ(CALL(path_create_directory, GUEST_DIR, GUEST_PATH, size), WASI_PERM);
	CHECK_EQ(CALL(path_remove_directory, GUEST_DIR, GUEST_PATH, size), WASI_PERM);
	CHECK_EQ(CALL(path_unlink_file, GUEST_DIR, GUEST_PATH, size), WASI_PERM);
	CHECK_EQ(CALL(path_filestat_get, GUEST_DIR, 0, GUEST_PATH, size, GUEST_DATA), WASI_PERM);
	CHECK_EQ(CALL(path_filestat_set_times, GUEST_DIR, 0, GUEST_PATH, size, 1, 1, 5), WASI_PERM);
	guest_end();
}

TEST(times_by_path)
{
	tree(false);
	const int file = fake_find(g_root, "file", 4)->node;
	const int link = fake_find(g_root, "to_file", 7)->node;
	uint32_t size = guest_str(GUEST_PATH, "to_file");

	CHECK_EQ(CALL(path_filestat_set_times, GUEST_DIR, 1, GUEST_PATH, size, 11, 12, 5), 0);
	CHECK_EQ(g_fake.nodes[file].atime, 11);
	CHECK_EQ(g_fake.nodes[file].mtime, 12);
	CHECK_EQ(CALL(path_filestat_set_times, GUEST_DIR, 0, GUEST_PATH, size, 21, 22, 5), 0);
	CHECK_EQ(g_fake.nodes[link].atime, 21);
	CHECK_EQ(g_fake.nodes[file].atime, 11);
	CHECK_EQ(CALL(path_filestat_set_times, GUEST_DIR, 1, GUEST_PATH, size, 1, 1, 3),
		 WASI_INVAL);
	CHECK_EQ(CALL(path_filestat_set_times, GUEST_DIR, 1, GUEST_PATH, size, 1, 1, 12),
		 WASI_INVAL);
	CHECK_EQ(CALL(path_filestat_set_times, GUEST_DIR, 1, GUEST_PATH, size, 1, 1, 16),
		 WASI_INVAL);
	CHECK_EQ(CALL(path_filestat_set_times, GUEST_DIR, 1, GUEST_PATH, size, UINT64_MAX, 1, 1),
		 WASI_INVAL);
	CHECK_EQ(CALL(path_filestat_set_times, GUEST_DIR, 2, GUEST_PATH, size, 1, 1, 1),
		 WASI_INVAL);
	size = guest_str(GUEST_PATH, "to_file/");
	CHECK_EQ(CALL(path_filestat_set_times, GUEST_DIR, 0, GUEST_PATH, size, 1, 1, 1),
		 WASI_NOTDIR);
	size = guest_str(GUEST_PATH, "loop");
	CHECK_EQ(CALL(path_filestat_set_times, GUEST_DIR, 1, GUEST_PATH, size, 1, 1, 1), WASI_LOOP);
	CHECK_EQ(CALL(path_filestat_get, GUEST_DIR, 1, GUEST_PATH, size, GUEST_DATA), WASI_LOOP);
	guest_end();
}

TEST(a_read_only_mount_stays_as_it_is)
{
	tree(true);
	CHECK(guest_reads("file", "outer"));
	CHECK_EQ(guest_open_at(GUEST_DIR, "file", 0, 0, RIGHTS_RW, 0), WASI_ROFS);
	CHECK_EQ(guest_open_at(GUEST_DIR, "file", 0, WASI_OPEN_TRUNC, 0, 0), WASI_ROFS);
	CHECK_EQ(guest_open_at(GUEST_DIR, "new", 0, WASI_OPEN_CREATE, 0, 0), WASI_ROFS);
	CHECK_EQ(guest_open_at(GUEST_DIR, "file", 0, WASI_OPEN_CREATE, 0, 0), WASI_SUCCESS);
	CHECK_EQ(guest_open_at(GUEST_DIR, "file", 0, WASI_OPEN_CREATE | WASI_OPEN_EXCL, 0, 0),
		 WASI_EXIST);
	CHECK_EQ(guest_open_at(GUEST_DIR, "dangling", 1, WASI_OPEN_CREATE | WASI_OPEN_EXCL, 0, 0),
		 WASI_EXIST);
	CHECK_EQ(guest_open_at(GUEST_DIR, "dir/new", 0, WASI_OPEN_CREATE, 0, 0), WASI_ROFS);
	CHECK_EQ(rename_to("file", "x"), WASI_ROFS);
	CHECK_EQ(link_to(0, "file", "x"), WASI_ROFS);
	CHECK_EQ(symlink_to("file", "x"), WASI_ROFS);
	const uint32_t size = guest_str(GUEST_PATH, "file");

	CHECK_EQ(CALL(path_unlink_file, GUEST_DIR, GUEST_PATH, size), WASI_ROFS);
	CHECK_EQ(CALL(path_create_directory, GUEST_DIR, GUEST_PATH, 2), WASI_ROFS);
	CHECK_EQ(CALL(path_remove_directory, GUEST_DIR, GUEST_PATH, size), WASI_ROFS);
	CHECK_EQ(CALL(path_filestat_set_times, GUEST_DIR, 0, GUEST_PATH, size, 1, 1, 5), WASI_ROFS);
	const uint32_t fd = guest_fd("file", 0, WASI_RIGHT_FD_READ, 0);

	CHECK_EQ(CALL(fd_filestat_set_times, fd, 1, 1, 5), WASI_ROFS);
	CHECK_EQ(CALL(fd_filestat_set_times, GUEST_DIR, 1, 1, 5), WASI_ROFS);
	CHECK_EQ(g_fake.writes, 0);
	guest_end();
}

TEST(nothing_moves_across_mounts)
{
	tree(false);
	wasi_fini(&g_wasi);
	g_fake.open_handles = 0;
	for (int i = 0; i < 3; i++)
		fake_handle(fake_node(HOST_TYPE_CHAR), false, 0);
	g_mounts[0].handle = fake_handle(g_root, true, 0);
	g_mounts[1] = g_mounts[0];
	g_mounts[1].handle = fake_handle(fake_node(HOST_TYPE_DIR), true, 0);
	g_config.mount_count = 2;
	CHECK_EQ(wasi_init(&g_wasi, &g_config), E_OK);
	guest_str(GUEST_PATH, "file");
	CHECK_EQ(CALL(path_rename, 3, GUEST_PATH, 4, 4, GUEST_PATH, 4), WASI_XDEV);
	CHECK_EQ(CALL(path_link, 3, 0, GUEST_PATH, 4, 4, GUEST_PATH, 4), WASI_XDEV);
	guest_end();
}

TEST(every_want_of_memory_is_survived)
{
	uint32_t e = WASI_NOMEM;
	long n = 0;

	for (; e == WASI_NOMEM; n++) {
		tree(false);
		native_heap_fail_at(n);
		e = guest_open("to_dir/../to_dir/sub/deep");
		native_heap_fail_at(-1);
		guest_end();
	}
	CHECK_EQ(e, WASI_SUCCESS);
	CHECK(n > 6);
}

int main(void)
{
	RUN(plain_paths_open);
	RUN(paths_do_not_leave);
	RUN(a_subdirectory_is_its_own_root);
	RUN(symlinks_resolve_inside);
	RUN(symlinks_do_not_leave);
	RUN(loops_end);
	RUN(nofollow_is_heeded);
	RUN(trailing_slashes);
	RUN(names_have_limits);
	RUN(names_are_bytes_without_nul);
	RUN(deep_paths_end);
	RUN(swapped_symlinks_do_not_lead_out);
	RUN(a_host_that_swaps_links_costs_bounded_work);
	RUN(hostile_link_targets_are_refused);
	RUN(creating);
	RUN(directories_are_not_opened_for_writing);
	RUN(paths_outside_memory_are_refused);
	RUN(renaming);
	RUN(linking);
	RUN(symlinking);
	RUN(reading_links);
	RUN(directories);
	RUN(times_by_path);
	RUN(a_read_only_mount_stays_as_it_is);
	RUN(nothing_moves_across_mounts);
	RUN(every_want_of_memory_is_survived);
	return check_report();
}
