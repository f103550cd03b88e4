/* wasi: the file system in memory: every operation, its limits, and want of memory at every point. */
#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/unit/wasi_guest.h"
#include "wasi/fs_tmp.h"

#define IOVS	 0x800u
#define NOFOLLOW 0u

/* A guest whose only mount is memory of `size` bytes. */
static void start(uint64_t size, bool read_only)
{
	guest_start(read_only);
	wasi_fini(&g_wasi); /* the host's directory goes */
	CHECK_EQ(g_fake.open_handles, 0);
	for (int i = 0; i < 3; i++)
		fake_handle(i, false, HOST_OPEN_READ | HOST_OPEN_WRITE);
	g_mounts[0].kind = WASI_MOUNT_TMP;
	g_mounts[0].size = size;
	if (wasi_init(&g_wasi, &g_config) != E_OK)
		abort();
}

static uint32_t move(bool out, uint32_t fd, uint32_t at, uint32_t size)
{
	const struct wasi_iovec v = {at, size};

	guest_put(IOVS, &v, sizeof(v));
	return out ? CALL(fd_write, fd, IOVS, 1, GUEST_OUT) : CALL(fd_read, fd, IOVS, 1, GUEST_OUT);
}

/* Writes text at the descriptor's position; the errno. */
static uint32_t put(uint32_t fd, const char *text)
{
	return move(true, fd, GUEST_DATA, guest_str(GUEST_DATA, text));
}

/* A file of this text, made anew. */
static void make(const char *path, const char *text)
{
	const uint32_t fd = guest_fd(path, WASI_OPEN_CREATE | WASI_OPEN_TRUNC, RIGHTS_RW, 0);

	CHECK_EQ(put(fd, text), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_close, fd), WASI_SUCCESS);
}

#define ON_PATH(function, path) CALL(function, GUEST_DIR, GUEST_PATH, guest_str(GUEST_PATH, path))

static uint32_t rename_to(const char *from, const char *to)
{
	return CALL(path_rename, GUEST_DIR, GUEST_PATH, guest_str(GUEST_PATH, from), GUEST_DIR,
		    GUEST_PATH2, guest_str(GUEST_PATH2, to));
}

static uint32_t link_to(const char *from, const char *to)
{
	return CALL(path_link, GUEST_DIR, 0, GUEST_PATH, guest_str(GUEST_PATH, from), GUEST_DIR,
		    GUEST_PATH2, guest_str(GUEST_PATH2, to));
}

static uint32_t symlink_to(const char *target, const char *path)
{
	return CALL(path_symlink, GUEST_PATH, guest_str(GUEST_PATH, target), GUEST_DIR, GUEST_PATH2,
		    guest_str(GUEST_PATH2, path));
}

static struct wasi_filestat stat_of(const char *path)
{
	struct wasi_filestat st = {0};

	CHECK_EQ(CALL(path_filestat_get, GUEST_DIR, NOFOLLOW, GUEST_PATH,
		      guest_str(GUEST_PATH, path), GUEST_DATA),
		 WASI_SUCCESS);
	memcpy(&st, g_memory.base + GUEST_DATA, sizeof(st));
	return st;
}

/* The names of a directory, each followed by a slash, read with a buffer of `size` bytes. */
static const char *list(uint32_t fd, uint32_t size)
{
	static char names[4096];
	uint64_t cookie = 0;
	size_t used = 0;

	for (;;) {
		struct wasi_dirent d;
		uint32_t at = 0;

		CHECK_EQ(CALL(fd_readdir, fd, GUEST_DATA, size, cookie, GUEST_OUT), WASI_SUCCESS);
		const uint32_t end = guest_u32(GUEST_OUT);

		while (end - at >= sizeof(d)) {
			memcpy(&d, g_memory.base + GUEST_DATA + at, sizeof(d));
			if (d.name_size > end - at - sizeof(d))
				break;
			memcpy(names + used, g_memory.base + GUEST_DATA + at + sizeof(d),
			       d.name_size);
			used += d.name_size;
			names[used++] = '/';
			at += (uint32_t)sizeof(d) + d.name_size;
			cookie = d.next;
		}
		if (end < size || at == 0)
			break;
	}
	names[used] = 0;
	return names;
}

TEST(files_hold_what_is_written)
{
	start(0, false);
	make("f", "0123456789");
	CHECK(guest_reads("f", "0123456789"));
	const uint32_t fd = guest_fd("f", 0, RIGHTS_RW, 0);

	CHECK_EQ(CALL(fd_seek, fd, 4094, WASI_WHENCE_SET, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(put(fd, "across a block"), WASI_SUCCESS);
	CHECK_EQ(stat_of("f").size, 4094 + 14);
	CHECK_EQ(CALL(fd_seek, fd, 8, WASI_WHENCE_SET, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(move(false, fd, GUEST_DATA, 5000), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 4100);
	CHECK(memcmp(g_memory.base + GUEST_DATA, "89\0\0", 4) == 0);
	CHECK(memcmp(g_memory.base + GUEST_DATA + 4085, "\0across a block", 15) == 0);
	CHECK_EQ(move(false, fd, GUEST_DATA, 10), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 0);
	guest_end();
}

TEST(a_file_that_shrinks_forgets)
{
	start(0, false);
	make("f", "0123456789");
	const uint32_t fd = guest_fd("f", 0, RIGHTS_RW, 0);

	CHECK_EQ(CALL(fd_filestat_set_size, fd, 4), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_filestat_set_size, fd, 8), WASI_SUCCESS);
	CHECK_EQ(move(false, fd, GUEST_DATA, 100), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 8);
	CHECK(memcmp(g_memory.base + GUEST_DATA, "0123\0\0\0", 8) == 0);
	CHECK_EQ(CALL(fd_filestat_set_size, fd, 0), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_filestat_set_size, fd, 5000), WASI_SUCCESS);
	CHECK_EQ(stat_of("f").size, 5000);
	CHECK_EQ(CALL(fd_allocate, fd, 4000, 2000), WASI_SUCCESS);
	CHECK_EQ(stat_of("f").size, 6000);
	CHECK_EQ(CALL(fd_allocate, fd, 0, 10), WASI_SUCCESS);
	CHECK_EQ(stat_of("f").size, 6000);
	CHECK_EQ(CALL(fd_filestat_set_size, fd, FS_OFFSET_MAX), WASI_FBIG);
	CHECK_EQ(CALL(fd_allocate, fd, FS_OFFSET_MAX - 1, 1), WASI_FBIG);
	CHECK_EQ(CALL(fd_seek, fd, FS_OFFSET_MAX - 100, WASI_WHENCE_SET, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(put(fd, "x"), WASI_FBIG);
	CHECK_EQ(stat_of("f").size, 6000);
	guest_end();
}

TEST(appending_goes_to_the_end)
{
	start(0, false);
	make("f", "01");
	const uint32_t a = guest_fd("f", 0, RIGHTS_RW, WASI_FD_APPEND);
	const uint32_t b = guest_fd("f", 0, RIGHTS_RW, 0);

	CHECK_EQ(put(a, "ab"), WASI_SUCCESS);
	CHECK_EQ(put(b, "XYZ"), WASI_SUCCESS);
	CHECK_EQ(put(a, "c"), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_tell, a, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u64(GUEST_OUT), 5);
	CHECK(guest_reads("f", "XYZbc"));
	CHECK_EQ(CALL(fd_fdstat_set_flags, a, 0), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_sync, a), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_datasync, a), WASI_SUCCESS);
	guest_end();
}

TEST(opening_heeds_its_flags)
{
	start(0, false);
	make("f", "data");
	CHECK_EQ(ON_PATH(path_create_directory, "d"), WASI_SUCCESS);
	CHECK_EQ(symlink_to("f", "l"), WASI_SUCCESS);
	CHECK_EQ(guest_open("none"), WASI_NOENT);
	CHECK_EQ(guest_open("f/x"), WASI_NOTDIR);
	CHECK_EQ(guest_open("f/"), WASI_NOTDIR);
	CHECK(guest_reads("l", "data"));
	CHECK_EQ(guest_open_at(GUEST_DIR, "l", NOFOLLOW, 0, WASI_RIGHT_FD_READ, 0), WASI_LOOP);
	CHECK_EQ(guest_open_at(GUEST_DIR, "f", 0, WASI_OPEN_CREATE | WASI_OPEN_EXCL, RIGHTS_RW, 0),
		 WASI_EXIST);
	CHECK_EQ(guest_open_at(GUEST_DIR, "l", 0, WASI_OPEN_CREATE | WASI_OPEN_EXCL, RIGHTS_RW, 0),
		 WASI_EXIST);
	CHECK_EQ(guest_open_at(GUEST_DIR, "f", 0, WASI_OPEN_DIRECTORY, 0, 0), WASI_NOTDIR);
	CHECK_EQ(guest_open_at(GUEST_DIR, "d", 0, 0, RIGHTS_RW, 0), WASI_ISDIR);
	CHECK_EQ(guest_open_at(GUEST_DIR, "d", 0, WASI_OPEN_CREATE, 0, 0), WASI_ISDIR);
	CHECK_EQ(guest_open_at(GUEST_DIR, "d", 0, WASI_OPEN_DIRECTORY, 0, 0), WASI_SUCCESS);
	CHECK_EQ(guest_open_at(GUEST_DIR, "f", 0, WASI_OPEN_TRUNC, RIGHTS_RW, 0), WASI_SUCCESS);
	CHECK_EQ(stat_of("f").size, 0);
	guest_end();
}

TEST(names_come_and_go)
{
	start(0, false);
	CHECK_EQ(ON_PATH(path_create_directory, "d"), WASI_SUCCESS);
	CHECK_EQ(ON_PATH(path_create_directory, "d"), WASI_EXIST);
	CHECK_EQ(ON_PATH(path_create_directory, "x/y"), WASI_NOENT);
	make("d/f", "data");
	CHECK_EQ(ON_PATH(path_remove_directory, "d"), WASI_NOTEMPTY);
	CHECK_EQ(ON_PATH(path_remove_directory, "d/f"), WASI_NOTDIR);
	CHECK_EQ(ON_PATH(path_unlink_file, "d"), WASI_ISDIR);
	CHECK_EQ(ON_PATH(path_unlink_file, "none"), WASI_NOENT);
	CHECK_EQ(stat_of("d").nlink, 2);
	CHECK_EQ(stat_of(".").nlink, 3);
	CHECK_EQ(ON_PATH(path_unlink_file, "d/f"), WASI_SUCCESS);
	CHECK_EQ(ON_PATH(path_remove_directory, "d"), WASI_SUCCESS);
	CHECK_EQ(stat_of(".").nlink, 2);
	CHECK_EQ(guest_open("d"), WASI_NOENT);
	guest_end();
}

TEST(what_is_unlinked_lives_while_it_is_open)
{
	start(0, false);
	make("f", "data");
	const uint32_t fd = guest_fd("f", 0, RIGHTS_RW, 0);

	CHECK_EQ(ON_PATH(path_unlink_file, "f"), WASI_SUCCESS);
	CHECK_EQ(move(false, fd, GUEST_DATA, 100), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 4);
	CHECK_EQ(CALL(fd_filestat_get, fd, GUEST_DATA), WASI_SUCCESS);
	CHECK_EQ(guest_u64(GUEST_DATA + 24), 0); /* links */
	make("f", "other");
	CHECK_EQ(put(fd, "more"), WASI_SUCCESS);
	CHECK(guest_reads("f", "other"));
	guest_end();
}

TEST(nothing_is_made_in_a_directory_that_is_gone)
{
	start(0, false);
	CHECK_EQ(ON_PATH(path_create_directory, "d"), WASI_SUCCESS);
	make("f", "data");
	const uint32_t d = guest_fd("d", WASI_OPEN_DIRECTORY, 0, 0);

	CHECK_EQ(ON_PATH(path_remove_directory, "d"), WASI_SUCCESS);
	CHECK_EQ(guest_open_at(d, "x", 0, WASI_OPEN_CREATE, RIGHTS_RW, 0), WASI_NOENT);
	const uint32_t n = guest_str(GUEST_PATH, "f"), m = guest_str(GUEST_PATH2, "x");

	CHECK_EQ(CALL(path_create_directory, d, GUEST_PATH2, m), WASI_NOENT);
	CHECK_EQ(CALL(path_symlink, GUEST_PATH, n, d, GUEST_PATH2, m), WASI_NOENT);
	CHECK_EQ(CALL(path_link, GUEST_DIR, 0, GUEST_PATH, n, d, GUEST_PATH2, m), WASI_NOENT);
	CHECK_EQ(CALL(path_rename, GUEST_DIR, GUEST_PATH, n, d, GUEST_PATH2, m), WASI_NOENT);
	CHECK(strcmp(list(d, 4096), "./../") == 0);
	CHECK(guest_reads("f", "data"));
	guest_end();
}

TEST(renaming_replaces_what_is_alike)
{
	start(0, false);
	make("a", "A");
	make("b", "B");
	CHECK_EQ(rename_to("a", "b"), WASI_SUCCESS);
	CHECK_EQ(guest_open("a"), WASI_NOENT);
	CHECK(guest_reads("b", "A"));
	CHECK_EQ(rename_to("b", "b"), WASI_SUCCESS);
	CHECK(guest_reads("b", "A"));
	CHECK_EQ(rename_to("none", "b"), WASI_NOENT);
	CHECK_EQ(ON_PATH(path_create_directory, "d"), WASI_SUCCESS);
	CHECK_EQ(ON_PATH(path_create_directory, "e"), WASI_SUCCESS);
	CHECK_EQ(rename_to("b", "d"), WASI_ISDIR);
	CHECK_EQ(rename_to("d", "b"), WASI_NOTDIR);
	CHECK_EQ(rename_to("d", "d/in"), WASI_INVAL);
	make("e/f", "F");
	CHECK_EQ(rename_to("d", "e"), WASI_NOTEMPTY);
	CHECK_EQ(rename_to("e", "d"), WASI_SUCCESS);
	CHECK(guest_reads("d/f", "F"));
	CHECK_EQ(rename_to("d/f", "g"), WASI_SUCCESS);
	CHECK_EQ(ON_PATH(path_create_directory, "d/sub"), WASI_SUCCESS);
	CHECK_EQ(rename_to("d", "d/sub/deep"), WASI_INVAL);
	CHECK_EQ(rename_to("d/sub", "sub"), WASI_SUCCESS);
	CHECK_EQ(stat_of("d").nlink, 2);
	CHECK_EQ(stat_of("sub").nlink, 2);
	CHECK(strcmp(list(GUEST_DIR, 4096), "./../b/d/g/sub/") == 0);
	guest_end();
}

TEST(a_file_has_several_names)
{
	start(0, false);
	make("a", "A");
	CHECK_EQ(link_to("a", "b"), WASI_SUCCESS);
	CHECK_EQ(stat_of("a").nlink, 2);
	CHECK_EQ(stat_of("a").ino, stat_of("b").ino);
	CHECK_EQ(link_to("a", "b"), WASI_EXIST);
	CHECK_EQ(link_to("none", "c"), WASI_NOENT);
	CHECK_EQ(ON_PATH(path_create_directory, "d"), WASI_SUCCESS);
	CHECK_EQ(link_to("d", "c"), WASI_PERM);
	CHECK_EQ(rename_to("a", "b"), WASI_SUCCESS); /* both stay */
	CHECK_EQ(stat_of("a").nlink, 2);
	CHECK_EQ(ON_PATH(path_unlink_file, "a"), WASI_SUCCESS);
	CHECK(guest_reads("b", "A"));
	CHECK_EQ(stat_of("b").nlink, 1);
	guest_end();
}

TEST(symlinks_are_kept_as_they_are)
{
	start(0, false);
	CHECK_EQ(symlink_to("../up/../and/\xff", "l"), WASI_SUCCESS);
	CHECK_EQ(symlink_to("x", "l"), WASI_EXIST);
	CHECK_EQ(stat_of("l").size, 14);
	CHECK_EQ(stat_of("l").type, WASI_TYPE_LINK);
	CHECK_EQ(CALL(path_readlink, GUEST_DIR, GUEST_PATH, guest_str(GUEST_PATH, "l"), GUEST_DATA,
		      5, GUEST_OUT),
		 WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 5);
	CHECK(memcmp(g_memory.base + GUEST_DATA, "../up", 5) == 0);
	make("f", "");
	CHECK_EQ(CALL(path_readlink, GUEST_DIR, GUEST_PATH, guest_str(GUEST_PATH, "f"), GUEST_DATA,
		      5, GUEST_OUT),
		 WASI_INVAL);
	CHECK_EQ(guest_open("l"), WASI_PERM);
	CHECK_EQ(symlink_to("loop", "loop"), WASI_SUCCESS);
	CHECK_EQ(guest_open("loop"), WASI_LOOP);
	guest_end();
}

TEST(names_are_bytes_up_to_255)
{
	char name[257];

	start(0, false);
	memset(name, 0xff, sizeof(name));
	name[256] = 0;
	CHECK_EQ(guest_open_at(GUEST_DIR, name, 0, WASI_OPEN_CREATE, RIGHTS_RW, 0),
		 WASI_NAMETOOLONG);
	name[255] = 0;
	make(name, "long");
	make("new\nline", "n");
	make("a::b", "colons");
	CHECK(guest_reads(name, "long"));
	CHECK(guest_reads("a::b", "colons"));
	const char *names = list(GUEST_DIR, 300);

	CHECK(memcmp(names, "./../", 5) == 0 && memcmp(names + 5, name, 255) == 0);
	CHECK(strcmp(names + 260, "/new\nline/a::b/") == 0);
	guest_end();
}

TEST(a_listing_outlasts_changes)
{
	struct wasi_dirent d;

	start(0, false);
	for (char c = 'a'; c <= 'z'; c++)
		make((char[]){c, 0}, "");
	CHECK(strcmp(list(GUEST_DIR, 60),
		     "./../a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z/") == 0);
	/* after c: its neighbours and itself go, a new one comes */
	CHECK_EQ(CALL(fd_readdir, GUEST_DIR, GUEST_DATA, 5 * 25 + 1, 0, GUEST_OUT), WASI_SUCCESS);
	memcpy(&d, g_memory.base + GUEST_DATA + 4 * 25 + 1, sizeof(d)); /* ".." is longer */
	CHECK_EQ(g_memory.base[GUEST_DATA + 4 * 25 + 1 + 24], 'c');
	CHECK_EQ(ON_PATH(path_unlink_file, "b"), WASI_SUCCESS);
	CHECK_EQ(ON_PATH(path_unlink_file, "c"), WASI_SUCCESS);
	CHECK_EQ(ON_PATH(path_unlink_file, "d"), WASI_SUCCESS);
	make("new", "");
	CHECK_EQ(CALL(fd_readdir, GUEST_DIR, GUEST_DATA, 25, d.next, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(g_memory.base[GUEST_DATA + 24], 'e');
	CHECK(strcmp(list(GUEST_DIR, 4096),
		     "./../a/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z/new/") == 0);
	CHECK_EQ(CALL(fd_readdir, GUEST_DIR, GUEST_DATA, 100, UINT64_MAX, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 0);
	guest_end();
}

TEST(times_are_set_and_kept)
{
	start(0, false);
	g_fake.clock[0] = 2005000;
	make("f", "data");
	CHECK_EQ(stat_of("f").mtim, 2005000);
	g_fake.clock[0] = 2004000; /* the host's clock goes back: ours does not */
	make("g", "data");
	CHECK_EQ(stat_of("g").mtim, 2005000);
	g_fake.clock[0] = 2009000;
	const uint32_t n = guest_str(GUEST_PATH, "f");
	const uint32_t both = WASI_TIME_ATIM | WASI_TIME_MTIM_NOW;

	CHECK_EQ(CALL(path_filestat_set_times, GUEST_DIR, 0, GUEST_PATH, n, 11, 22, both),
		 WASI_SUCCESS);
	CHECK_EQ(stat_of("f").atim, 11);
	CHECK_EQ(stat_of("f").mtim, 2009000);
	const uint32_t fd = guest_fd("f", 0, RIGHTS_RW, 0);

	CHECK_EQ(CALL(fd_filestat_set_times, fd, 33, 44, WASI_TIME_MTIM), WASI_SUCCESS);
	CHECK_EQ(stat_of("f").atim, 11);
	CHECK_EQ(stat_of("f").mtim, 44);
	const unsigned calls = g_fake.calls;

	for (int i = 0; i < 100; i++)
		CHECK_EQ(put(fd, "x"), WASI_SUCCESS);
	CHECK_EQ(g_fake.calls, calls); /* memory: the host is not asked */
	g_fake.clock[0] = 2009999;
	CHECK_EQ(CALL(fd_close, fd), WASI_SUCCESS);
	g_fake.clock[0] = 2012345;
	CHECK_EQ(stat_of("f").mtim, 2009999); /* as it was when it was let go */
	g_fake.fail = HOST_IO;		      /* no clock */
	CHECK_EQ(ON_PATH(path_create_directory, "h"), WASI_SUCCESS);
	CHECK_EQ(stat_of("h").mtim, 2009999);
	guest_end();
}

TEST(bytes_are_limited_and_come_back)
{
	start(40000, false);
	const uint32_t fd = guest_fd("f", WASI_OPEN_CREATE, RIGHTS_RW, 0);
	uint32_t total = 0, e;

	for (e = 0; e == WASI_SUCCESS && total < 100000; total += guest_u32(GUEST_OUT))
		e = move(true, fd, GUEST_DATA, 1000);
	CHECK_EQ(e, WASI_NOSPC);
	CHECK(total > 30000 && total < 40000);
	CHECK_EQ(guest_open_at(GUEST_DIR, "g", 0, WASI_OPEN_CREATE, RIGHTS_RW, 0), WASI_SUCCESS);
	for (uint32_t i = 0; e == WASI_SUCCESS || i == 0; i++)
		e = guest_open_at(GUEST_DIR,
				  (char[]){(char)('a' + i / 26), (char)('a' + i % 26), 0}, 0,
				  WASI_OPEN_CREATE, RIGHTS_RW, 0);
	CHECK_EQ(e, WASI_NOSPC);
	CHECK_EQ(ON_PATH(path_create_directory, "d"), WASI_NOSPC);
	CHECK_EQ(symlink_to("somewhere", "l"), WASI_NOSPC);
	CHECK_EQ(CALL(fd_filestat_set_size, fd, 0), WASI_SUCCESS);
	CHECK_EQ(ON_PATH(path_create_directory, "d"), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_allocate, fd, 0, 39000), WASI_NOSPC);
	CHECK_EQ(CALL(fd_filestat_set_size, fd, 0), WASI_SUCCESS);
	/* files that come and go leave nothing behind */
	for (int i = 0; i < 2000; i++) {
		make("again", "some bytes");
		CHECK_EQ(rename_to("again", "other"), WASI_SUCCESS);
		CHECK_EQ(ON_PATH(path_unlink_file, "other"), WASI_SUCCESS);
	}
	guest_end();
}

TEST(writes_are_short_when_room_ends)
{
	start(20000, false);
	const uint32_t fd = guest_fd("f", WASI_OPEN_CREATE, RIGHTS_RW, 0);

	CHECK_EQ(move(true, fd, 0, GUEST_SIZE), WASI_SUCCESS);
	const uint32_t n = guest_u32(GUEST_OUT);

	CHECK(n > 8000 && n < 20000);
	CHECK_EQ(move(true, fd, 0, GUEST_SIZE), WASI_NOSPC);
	CHECK_EQ(stat_of("f").size, n);
	guest_end();
}

TEST(many_names_are_found)
{
	char name[16];

	start(0, false);
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		CHECK_EQ(ON_PATH(path_create_directory, name), WASI_SUCCESS);
	}
	for (int i = 0; i < 5000; i += 7) {
		snprintf(name, sizeof(name), "file%d", i);
		CHECK_EQ(ON_PATH(path_remove_directory, name), WASI_SUCCESS);
		CHECK_EQ(ON_PATH(path_remove_directory, name), WASI_NOENT);
	}
	CHECK_EQ(stat_of(".").nlink, 2 + 5000 - 715);
	guest_end();
}

TEST(nodes_are_limited_and_come_back)
{
	char name[16];
	uint32_t n = 1, e = WASI_SUCCESS; /* with the root */

	start((uint64_t)1 << 30, false);
	for (; e == WASI_SUCCESS && n <= FS_TMP_NODES_MAX; n++) {
		snprintf(name, sizeof(name), "%u", n);
		e = symlink_to("x", name);
	}
	CHECK_EQ(e, WASI_NOSPC);
	CHECK_EQ(n, FS_TMP_NODES_MAX + 1);
	CHECK_EQ(ON_PATH(path_unlink_file, "7"), WASI_SUCCESS);
	make("f", "works");
	CHECK(guest_reads("f", "works"));
	guest_end();
}

TEST(a_read_only_one_stays_empty)
{
	start(0, true);
	CHECK_EQ(ON_PATH(path_create_directory, "d"), WASI_ROFS);
	CHECK_EQ(guest_open_at(GUEST_DIR, "f", 0, WASI_OPEN_CREATE, RIGHTS_RW, 0), WASI_ROFS);
	CHECK(strcmp(list(GUEST_DIR, 4096), "./../") == 0);
	guest_end();
}

TEST(the_root_may_be_closed_before_the_rest)
{
	start(0, false);
	CHECK_EQ(ON_PATH(path_create_directory, "d"), WASI_SUCCESS);
	make("d/f", "data");
	const uint32_t d = guest_fd("d", WASI_OPEN_DIRECTORY, 0, 0);

	CHECK_EQ(CALL(fd_close, GUEST_DIR), WASI_SUCCESS);
	CHECK_EQ(guest_open_at(d, "f", 0, 0, WASI_RIGHT_FD_READ, 0), WASI_SUCCESS);
	CHECK_EQ(guest_open_at(d, "g", 0, WASI_OPEN_CREATE, RIGHTS_RW, 0), WASI_SUCCESS);
	guest_end();
}

/* Every operation, whose results are not looked at. */
static void do_everything(void)
{
	const uint32_t e = guest_open_at(GUEST_DIR, "f", 0, WASI_OPEN_CREATE, RIGHTS_RW, 0);

	(void)ON_PATH(path_create_directory, "d");
	(void)symlink_to("f", "l");
	if (e == WASI_SUCCESS) {
		const uint32_t fd = guest_u32(GUEST_OUT);

		(void)move(true, fd, 0, 10000);
		(void)CALL(fd_allocate, fd, 20000, 10000);
		(void)CALL(fd_filestat_set_size, fd, 100);
		(void)CALL(fd_close, fd);
	}
	(void)link_to("f", "d/g");
	(void)rename_to("d/g", "h");
	for (int i = 0; i < 100; i++)
		(void)ON_PATH(path_create_directory, ((char[]){'0', (char)(1 + i), 0}));
}

TEST(want_of_memory_is_survived_everywhere)
{
	bool failed = true;

	for (long n = 0; failed; n++) {
		guest_start(false);
		wasi_fini(&g_wasi);
		for (int i = 0; i < 3; i++)
			fake_handle(i, false, HOST_OPEN_READ | HOST_OPEN_WRITE);
		g_mounts[0].kind = WASI_MOUNT_TMP;
		native_heap_fail_at(n);
		if (wasi_init(&g_wasi, &g_config) == E_OK) {
			do_everything();
			failed = native_heap_failed();
			native_heap_fail_at(-1);
			/* whatever came of it is whole: it lists, and can be removed */
			(void)list(GUEST_DIR, 4096);
			make("works", "again");
			CHECK(guest_reads("works", "again"));
			guest_end();
			continue;
		}
		native_heap_fail_at(-1);
		fake_fini();
		free(g_memory.base);
	}
}

int main(void)
{
	RUN(files_hold_what_is_written);
	RUN(a_file_that_shrinks_forgets);
	RUN(appending_goes_to_the_end);
	RUN(opening_heeds_its_flags);
	RUN(names_come_and_go);
	RUN(what_is_unlinked_lives_while_it_is_open);
	RUN(nothing_is_made_in_a_directory_that_is_gone);
	RUN(renaming_replaces_what_is_alike);
	RUN(a_file_has_several_names);
	RUN(symlinks_are_kept_as_they_are);
	RUN(names_are_bytes_up_to_255);
	RUN(a_listing_outlasts_changes);
	RUN(times_are_set_and_kept);
	RUN(bytes_are_limited_and_come_back);
	RUN(writes_are_short_when_room_ends);
	RUN(many_names_are_found);
	RUN(nodes_are_limited_and_come_back);
	RUN(a_read_only_one_stays_empty);
	RUN(the_root_may_be_closed_before_the_rest);
	RUN(want_of_memory_is_survived_everywhere);
	return check_report();
}
