/* wasi: a trusted volume as a mount: what is its own; that it answers as others do is wasi_model_test.c's. */
#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/lib/volume_disk.h"
#include "test/unit/wasi_guest.h"
#include "wasi/fs_host_impl.h"
#include "wasi/fs_volume.h"

#define IOVS 0x800u

static struct volume_disk g_disk;
static struct volume *g_volume;
static struct volume_config g_volume_config;
static const uint8_t g_master[VOLUME_KEY_SIZE] = {1, 2, 3};
static uint64_t g_now, g_entropy;

static uint64_t volume_now(void *context)
{
	return *(uint64_t *)context;
}

static enum err volume_random(void *context, void *out, size_t size)
{
	uint64_t *state = context;

	for (size_t i = 0; i < size; i++) {
		*state = *state * 6364136223846793005u + 1442695040888963407u;
		((uint8_t *)out)[i] = (uint8_t)(*state >> 56);
	}
	return E_OK;
}

static enum err open_volume(bool read_only)
{
	struct volume_state found, expected;

	g_volume_config.device = disk_device(&g_disk);
	g_volume_config.read_only = read_only;
	return volume_open(&g_volume, &g_volume_config, g_master, &found, &expected);
}

/* A guest whose only mount is the volume on g_disk. */
static void mount(bool read_only)
{
	CHECK_EQ(open_volume(read_only), E_OK);
	guest_start(read_only);
	wasi_fini(&g_wasi); /* the host's directory goes */
	for (int i = 0; i < 3; i++)
		fake_handle(i, false, HOST_OPEN_READ | HOST_OPEN_WRITE);
	g_mounts[0].kind = WASI_MOUNT_VOLUME;
	g_mounts[0].volume = g_volume;
	if (wasi_init(&g_wasi, &g_config) != E_OK)
		abort();
}

/* Commits nothing. */
static void unmount(void)
{
	guest_end();
	volume_close(g_volume);
	g_volume = NULL;
}

static void start(void)
{
	g_now = 1000000000;
	disk_init(&g_disk);
	g_volume_config = (struct volume_config){
		.device = disk_device(&g_disk),
		.random = {&g_entropy, volume_random},
		.now = volume_now,
		.now_context = &g_now,
		.cache_size = VOLUME_CACHE_MIN,
	};
	CHECK_EQ(volume_format(&g_volume_config, g_master), E_OK);
	mount(false);
}

static void end(void)
{
	unmount();
	disk_fini(&g_disk);
}

/* As after a crash: what was not committed is gone. */
static void crash(void)
{
	unmount();
	mount(false);
}

static uint32_t put(uint32_t fd, const char *text)
{
	const struct wasi_iovec v = {GUEST_DATA, guest_str(GUEST_DATA, text)};

	guest_put(IOVS, &v, sizeof(v));
	return CALL(fd_write, fd, IOVS, 1, GUEST_OUT);
}

static uint32_t make_fd(const char *path, const char *text, uint32_t fdflags)
{
	const uint32_t fd = guest_fd(path, WASI_OPEN_CREATE | WASI_OPEN_TRUNC, RIGHTS_RW, fdflags);

	CHECK_EQ(put(fd, text), WASI_SUCCESS);
	return fd;
}

static void make(const char *path, const char *text)
{
	CHECK_EQ(CALL(fd_close, make_fd(path, text, 0)), WASI_SUCCESS);
}

#define ON_PATH(function, path) CALL(function, GUEST_DIR, GUEST_PATH, guest_str(GUEST_PATH, path))

static struct wasi_filestat stat_of(const char *path)
{
	struct wasi_filestat st = {0};

	CHECK_EQ(CALL(path_filestat_get, GUEST_DIR, 0, GUEST_PATH, guest_str(GUEST_PATH, path),
		      GUEST_DATA),
		 WASI_SUCCESS);
	memcpy(&st, g_memory.base + GUEST_DATA, sizeof(st));
	return st;
}

static uint64_t commits(void)
{
	struct volume_usage usage;

	volume_get_usage(g_volume, &usage);
	return usage.commits;
}

TEST(a_volume_is_told_by_its_device)
{
	struct wasi_filestat st;

	start();
	make("f", "data");
	st = stat_of("f");
	CHECK_EQ(st.dev, FS_VOLUME_DEV | 1);
	CHECK_EQ(FS_VOLUME_DEV, 0x5254575600000000);
	const uint64_t ino = st.ino;
	const uint32_t fd = guest_fd("f", 0, RIGHTS_RW, 0);

	CHECK_EQ(CALL(fd_filestat_get, fd, GUEST_DATA), WASI_SUCCESS);
	memcpy(&st, g_memory.base + GUEST_DATA, sizeof(st));
	CHECK_EQ(st.dev, FS_VOLUME_DEV | 1);
	CHECK_EQ(st.ino, ino);
	CHECK_EQ(stat_of(".").ino, VOLUME_ROOT);
	end();
}

/* The number of a host's file system that gives itself out as one. */
TEST(a_host_directory_never_looks_like_a_volume)
{
	const struct host_stat st = {.dev = FS_VOLUME_DEV | 1}, other = {.dev = 2049};

	CHECK(fs_host_filestat(&st).dev >> 32 != FS_VOLUME_DEV >> 32);
	CHECK_EQ(fs_host_filestat(&other).dev, 2049);
}

TEST(what_is_synced_outlasts_a_crash_and_nothing_else)
{
	start();
	make("lost", "data");
	crash();
	CHECK_EQ(guest_open("lost"), WASI_NOENT);
	const uint32_t a = make_fd("a", "one", 0);

	make("b", "two");
	CHECK_EQ(CALL(fd_sync, a), WASI_SUCCESS);
	CHECK_EQ(put(a, " and more"), WASI_SUCCESS);
	crash();
	CHECK(guest_reads("a", "one"));
	CHECK(guest_reads("b", "two"));
	const uint32_t b = guest_fd("b", 0, RIGHTS_RW, WASI_FD_APPEND);

	CHECK_EQ(put(b, "!"), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_datasync, b), WASI_SUCCESS);
	crash();
	CHECK(guest_reads("b", "two!"));
	make("c", "three");
	const uint32_t d = guest_fd(".", WASI_OPEN_DIRECTORY, 0, 0);

	CHECK_EQ(CALL(fd_sync, d), WASI_SUCCESS);
	crash();
	CHECK(guest_reads("c", "three"));
	end();
}

/* By nothing but a sync: neither time, nor a close or a rename. */
TEST(closing_and_renaming_commit_nothing)
{
	start();
	const uint64_t before = commits();

	for (int i = 0; i < 10; i++) {
		make("f", "data");
		const uint32_t n = guest_str(GUEST_PATH, "f"), m = guest_str(GUEST_PATH2, "g");

		CHECK_EQ(CALL(path_rename, GUEST_DIR, GUEST_PATH, n, GUEST_DIR, GUEST_PATH2, m),
			 WASI_SUCCESS);
		g_now += 3600000000000;
		for (int c = 0; c < 4; c++)
			g_fake.clock[c] += 3600000000000;
	}
	CHECK_EQ(commits(), before);
	crash();
	CHECK_EQ(guest_open("g"), WASI_NOENT);
	end();
}

TEST(synchronous_flags_commit_each_change)
{
	static const uint32_t flags[] = {WASI_FD_SYNC, WASI_FD_DSYNC, WASI_FD_RSYNC};

	start();
	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		uint32_t fd = make_fd("f", "data", flags[i]);

		crash();
		CHECK(guest_reads("f", "data"));
		fd = guest_fd("f", 0, RIGHTS_RW, flags[i]);
		CHECK_EQ(CALL(fd_filestat_set_size, fd, 2), WASI_SUCCESS);
		CHECK_EQ(CALL(fd_fdstat_set_flags, fd, flags[i] | WASI_FD_APPEND), WASI_SUCCESS);
		crash();
		CHECK(guest_reads("f", "da"));
	}
	const uint32_t fd = guest_fd("f", 0, RIGHTS_RW, WASI_FD_APPEND);

	CHECK_EQ(put(fd, "xx"), WASI_SUCCESS);
	crash();
	CHECK(guest_reads("f", "da"));
	end();
}

TEST(a_sync_of_nothing_new_writes_nothing)
{
	start();
	const uint32_t fd = make_fd("f", "data", 0);

	CHECK_EQ(CALL(fd_sync, fd), WASI_SUCCESS);
	const uint64_t writes = g_disk.writes, syncs = g_disk.syncs;

	CHECK_EQ(CALL(fd_sync, fd), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_datasync, fd), WASI_SUCCESS);
	CHECK(g_disk.writes == writes && g_disk.syncs == syncs);
	end();
}

/* fd_readdir with a buffer of `size` bytes, on from the cookie; how many entries, all told apart by number. */
static uint32_t list(uint32_t fd, uint32_t size, uint64_t *cookie, uint8_t *seen, uint32_t names)
{
	uint32_t count = 0;

	for (;;) {
		struct wasi_dirent d;
		uint32_t at = 0;

		CHECK_EQ(CALL(fd_readdir, fd, GUEST_DATA, size, *cookie, GUEST_OUT), WASI_SUCCESS);
		const uint32_t used = guest_u32(GUEST_OUT);

		while (used - at >= sizeof(d)) {
			memcpy(&d, g_memory.base + GUEST_DATA + at, sizeof(d));
			at += (uint32_t)sizeof(d);
			if (d.name_size > used - at)
				break;
			char name[16] = {0};

			CHECK(d.name_size < sizeof(name));
			memcpy(name, g_memory.base + GUEST_DATA + at, d.name_size);
			at += d.name_size;
			CHECK_EQ(d.next, *cookie + 1); /* fit for 32 bits */
			*cookie = d.next;
			if (name[0] == '.')
				continue;
			const uint32_t number = (uint32_t)strtoul(name + 1, NULL, 10);

			CHECK(number < names && !seen[number]);
			seen[number % names] = 1;
			count++;
		}
		if (used < size)
			return count;
	}
}

static const char *numbered(uint32_t i)
{
	static char name[16];

	snprintf(name, sizeof(name), "n%u", i);
	return name;
}

TEST(many_names_are_listed_once_each)
{
	enum { NAMES = 100000 };
	uint8_t *seen = calloc(1, NAMES);
	uint64_t cookie = 0;

	start();
	for (uint32_t i = 0; i < NAMES; i++)
		CHECK_EQ(ON_PATH(path_create_directory, numbered(i)), WASI_SUCCESS);
	CHECK_EQ(list(GUEST_DIR, 4096, &cookie, seen, NAMES), NAMES);
	CHECK_EQ(cookie, NAMES + 2);
	CHECK_EQ(CALL(fd_readdir, GUEST_DIR, GUEST_DATA, 100, UINT64_MAX, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 0);
	for (uint32_t i = 0; i < NAMES; i++)
		CHECK_EQ(ON_PATH(path_remove_directory, numbered(i)), WASI_SUCCESS);
	free(seen);
	end();
}

TEST(a_listing_outlasts_changes)
{
	enum { NAMES = 3000 };
	static uint8_t seen[NAMES];
	uint64_t cookie = 0;
	struct wasi_dirent d;

	start();
	memset(seen, 0, sizeof(seen));
	for (uint32_t i = 0; i < NAMES / 2; i++)
		make(numbered(i), "");
	for (int i = 0; i < 500; i++) { /* one at a time, first with room for nothing else */
		CHECK_EQ(CALL(fd_readdir, GUEST_DIR, GUEST_DATA, 40, cookie, GUEST_OUT),
			 WASI_SUCCESS);
		memcpy(&d, g_memory.base + GUEST_DATA, sizeof(d));
		char name[16] = {0};

		memcpy(name, g_memory.base + GUEST_DATA + sizeof(d), d.name_size);
		if (name[0] == 'n')
			seen[strtoul(name + 1, NULL, 10)] = 1;
		cookie = d.next;
	}
	for (uint32_t i = 0; i < NAMES / 2; i += 2) /* every second one goes; as many come */
		CHECK_EQ(ON_PATH(path_unlink_file, numbered(i)), WASI_SUCCESS);
	for (uint32_t i = NAMES / 2; i < NAMES; i++)
		make(numbered(i), "");
	(void)list(GUEST_DIR, 1000, &cookie, seen, NAMES);
	for (uint32_t i = 1; i < NAMES / 2; i += 2)
		CHECK(seen[i]);
	end();
}

/* A cookie that another descriptor of the directory gave. */
TEST(cookies_are_counts)
{
	static uint8_t seen[100];
	uint64_t cookie = 52;

	start();
	memset(seen, 0, sizeof(seen));
	for (uint32_t i = 0; i < 100; i++)
		make(numbered(i), "");
	CHECK_EQ(list(GUEST_DIR, 4096, &cookie, seen, 100), 50);
	memset(seen, 0, sizeof(seen));
	cookie = 0;
	CHECK_EQ(list(GUEST_DIR, 4096, &cookie, seen, 100), 100);
	end();
}

TEST(a_read_only_volume_is_read)
{
	start();
	CHECK_EQ(ON_PATH(path_create_directory, "d"), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_sync, make_fd("d/f", "data", 0)), WASI_SUCCESS);
	unmount();
	mount(true);
	CHECK(guest_reads("d/f", "data"));
	CHECK_EQ(guest_open_at(GUEST_DIR, "d/f", 0, 0, RIGHTS_RW, 0), WASI_ROFS);
	CHECK_EQ(guest_open_at(GUEST_DIR, "new", 0, WASI_OPEN_CREATE, RIGHTS_RW, 0), WASI_ROFS);
	CHECK_EQ(ON_PATH(path_create_directory, "e"), WASI_ROFS);
	CHECK_EQ(ON_PATH(path_unlink_file, "d/f"), WASI_ROFS);
	const uint32_t fd = guest_fd("d/f", 0, WASI_RIGHT_FD_READ, 0);

	CHECK_EQ(CALL(fd_sync, fd), WASI_SUCCESS);
	end();
}

TEST(what_is_unlinked_lives_while_it_is_open)
{
	const struct wasi_iovec v = {GUEST_DATA, 100};

	start();
	const uint32_t fd = make_fd("f", "data", 0);

	CHECK_EQ(ON_PATH(path_unlink_file, "f"), WASI_SUCCESS);
	make("f", "other"); /* may get no number that is in use */
	CHECK_EQ(CALL(fd_seek, fd, 0, WASI_WHENCE_SET, GUEST_OUT), WASI_SUCCESS);
	guest_put(IOVS, &v, sizeof(v));
	CHECK_EQ(CALL(fd_read, fd, IOVS, 1, GUEST_OUT), WASI_SUCCESS);
	CHECK(guest_u32(GUEST_OUT) == 4 && memcmp(g_memory.base + GUEST_DATA, "data", 4) == 0);
	CHECK_EQ(CALL(fd_sync, fd), WASI_SUCCESS);
	crash();
	CHECK(guest_reads("f", "other"));
	end();
}

TEST(nothing_is_made_in_a_directory_that_is_gone)
{
	uint64_t cookie = 0;
	uint8_t seen[1];

	start();
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
	CHECK_EQ(list(d, 4096, &cookie, seen, 1), 0);
	CHECK_EQ(cookie, 2);
	CHECK_EQ(CALL(fd_sync, d), WASI_SUCCESS);
	crash();
	CHECK(guest_reads("f", "data"));
	end();
}

TEST(the_root_may_be_closed_before_the_rest)
{
	start();
	CHECK_EQ(ON_PATH(path_create_directory, "d"), WASI_SUCCESS);
	const uint32_t d = guest_fd("d", WASI_OPEN_DIRECTORY, 0, 0);

	CHECK_EQ(CALL(fd_close, GUEST_DIR), WASI_SUCCESS);
	CHECK_EQ(guest_open_at(d, "g", 0, WASI_OPEN_CREATE, RIGHTS_RW, 0), WASI_SUCCESS);
	end();
}

/* Every block that the host changed is an error of the program's call, and no bytes. */
TEST(a_changed_block_is_an_input_error)
{
	enum { SIZE = 3 << 20 }; /* more than the cache holds */
	static char bytes[4000];

	start();
	const uint32_t fd = make_fd("f", "", 0);

	memset(bytes, 'x', sizeof(bytes) - 1);
	for (uint32_t at = 0; at < SIZE; at += (uint32_t)strlen(bytes))
		CHECK_EQ(put(fd, bytes), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_sync, fd), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_seek, fd, 0, WASI_WHENCE_SET, GUEST_OUT), WASI_SUCCESS);
	for (uint64_t at = 16 * VOLUME_BLOCK_SIZE; at < g_disk.image.size; at += VOLUME_BLOCK_SIZE)
		g_disk.image.bytes[at] ^= 1;
	const struct wasi_iovec v = {GUEST_DATA, 4096};
	uint32_t e = WASI_SUCCESS;

	for (uint32_t at = 0; at < SIZE && e == WASI_SUCCESS; at += 4096) {
		guest_put(IOVS, &v, sizeof(v));
		memset(g_memory.base + GUEST_DATA, 0xee, 4096);
		e = CALL(fd_read, fd, IOVS, 1, GUEST_OUT);
	}
	CHECK_EQ(e, WASI_IO);
	CHECK(g_memory.base[GUEST_DATA] == 0xee || g_memory.base[GUEST_DATA] == 'x');
	end();
}

TEST(a_full_disk_is_told_and_space_helps)
{
	start();
	g_disk.size_max = g_disk.image.size + 40 * VOLUME_BLOCK_SIZE;
	const uint32_t fd = make_fd("f", "kept", 0);

	CHECK_EQ(CALL(fd_sync, fd), WASI_SUCCESS);
	uint32_t e = WASI_SUCCESS;
	static char bytes[4097];

	memset(bytes, 'x', sizeof(bytes) - 1);
	for (int i = 0; i < 2000 && e == WASI_SUCCESS; i++)
		e = put(fd, bytes);
	CHECK_EQ(e, WASI_NOSPC);
	CHECK_EQ(CALL(fd_filestat_set_size, fd, 4), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_sync, fd), WASI_SUCCESS);
	g_disk.size_max = 0;
	CHECK_EQ(put(fd, bytes), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_sync, fd), WASI_SUCCESS);
	end();
}

/* A sync that fails half-way; what was there before is there afterwards. True: nothing can be changed any more. */
static bool breaks(long after)
{
	start();
	const uint32_t fd = make_fd("f", "kept", 0);

	CHECK_EQ(CALL(fd_sync, fd), WASI_SUCCESS);
	CHECK_EQ(put(fd, " and more"), WASI_SUCCESS);
	g_disk.fail_after = after;
	const uint32_t e = CALL(fd_sync, fd);

	g_disk.fail_after = -1;
	CHECK(e == WASI_IO || e == WASI_ROFS || e == WASI_SUCCESS);
	const bool broken = ON_PATH(path_create_directory, "d") == WASI_ROFS;

	if (broken) {
		CHECK_EQ(put(fd, "x"), WASI_ROFS);
		CHECK_EQ(CALL(fd_sync, fd), WASI_ROFS);
		CHECK_EQ(CALL(fd_filestat_set_size, fd, 0), WASI_ROFS);
		crash();
		CHECK(guest_reads("f", "kept") || guest_reads("f", "kept and more"));
	}
	end();
	return broken;
}

TEST(after_a_failed_sync_a_volume_is_read_only)
{
	int broken = 0;

	for (long after = 0; after < 8; after++)
		broken += breaks(after);
	CHECK(broken >= 2);
}

TEST(times_come_from_the_volume_and_are_kept)
{
	struct wasi_filestat st;

	start();
	g_now = 5000;
	make("f", "data");
	st = stat_of("f");
	CHECK(st.mtim == 5000 && st.ctim == 5000);
	const uint32_t fd = guest_fd("f", 0, RIGHTS_RW, 0);

	g_now = 6000;
	CHECK_EQ(CALL(fd_filestat_set_times, fd, 1, 2, WASI_TIME_ATIM | WASI_TIME_MTIM),
		 WASI_SUCCESS);
	st = stat_of("f");
	CHECK(st.atim == 1 && st.mtim == 2 && st.ctim == 6000);
	g_fake.clock[WASI_CLOCK_REALTIME] = 7000;
	CHECK_EQ(CALL(fd_filestat_set_times, fd, 1, 2, WASI_TIME_ATIM_NOW), WASI_SUCCESS);
	st = stat_of("f");
	CHECK(st.atim == 7000 && st.mtim == 2);
	CHECK_EQ(CALL(fd_sync, fd), WASI_SUCCESS);
	crash();
	st = stat_of("f");
	CHECK(st.atim == 7000 && st.mtim == 2);
	end();
}

TEST(allocating_never_cuts)
{
	start();
	const uint32_t fd = make_fd("f", "0123456789", 0);

	CHECK_EQ(CALL(fd_allocate, fd, 0, 4), WASI_SUCCESS);
	CHECK_EQ(stat_of("f").size, 10);
	CHECK_EQ(CALL(fd_allocate, fd, 5000, 100), WASI_SUCCESS);
	CHECK_EQ(stat_of("f").size, 5100);
	CHECK_EQ(CALL(fd_allocate, fd, VOLUME_FILE_MAX, 1), WASI_FBIG);
	CHECK_EQ(CALL(fd_filestat_set_size, fd, VOLUME_FILE_MAX + 1), WASI_FBIG);
	CHECK_EQ(stat_of("f").size, 5100);
	end();
}

TEST(a_mount_needs_its_volume)
{
	static const struct wasi_mount none = {.path = {(const uint8_t *)"/v", 2},
					       .kind = WASI_MOUNT_VOLUME};
	const struct wasi_config config = {.mounts = &none, .mount_count = 1};
	struct wasi wasi;

	CHECK_EQ(wasi_init(&wasi, &config), E_INVALID);
}

/* Every operation, whose results are not looked at. */
static void do_everything(void)
{
	const uint32_t e = guest_open_at(GUEST_DIR, "f", 0, WASI_OPEN_CREATE, RIGHTS_RW, 0);
	uint64_t cookie = 0;

	if (e == WASI_SUCCESS) {
		const uint32_t fd = guest_u32(GUEST_OUT);

		(void)put(fd, "text");
		(void)CALL(fd_allocate, fd, 20000, 10000);
		(void)CALL(fd_sync, fd);
		(void)CALL(fd_close, fd);
	}
	(void)ON_PATH(path_create_directory, "d");
	(void)guest_open("d");
	for (int i = 0; i < 40; i++)
		(void)ON_PATH(path_create_directory, numbered((uint32_t)i));
	for (int i = 0; i < 50; i++) {
		struct wasi_dirent d;

		if (CALL(fd_readdir, GUEST_DIR, GUEST_DATA, 40, cookie, GUEST_OUT) != WASI_SUCCESS)
			break;
		memcpy(&d, g_memory.base + GUEST_DATA, sizeof(d));
		cookie = d.next;
	}
}

TEST(want_of_memory_is_survived_everywhere)
{
	bool failed = true;

	for (long n = 0; failed && n < 2000; n++) {
		start();
		native_heap_fail_at(n);
		do_everything();
		failed = native_heap_failed();
		native_heap_fail_at(-1);
		if (!failed || !guest_reads("f", "text"))
			(void)ON_PATH(path_create_directory, "more");
		end();
	}
	CHECK(!failed);
}

int main(void)
{
	RUN(a_volume_is_told_by_its_device);
	RUN(a_host_directory_never_looks_like_a_volume);
	RUN(what_is_synced_outlasts_a_crash_and_nothing_else);
	RUN(closing_and_renaming_commit_nothing);
	RUN(synchronous_flags_commit_each_change);
	RUN(a_sync_of_nothing_new_writes_nothing);
	RUN(many_names_are_listed_once_each);
	RUN(a_listing_outlasts_changes);
	RUN(cookies_are_counts);
	RUN(a_read_only_volume_is_read);
	RUN(what_is_unlinked_lives_while_it_is_open);
	RUN(nothing_is_made_in_a_directory_that_is_gone);
	RUN(the_root_may_be_closed_before_the_rest);
	RUN(a_changed_block_is_an_input_error);
	RUN(a_full_disk_is_told_and_space_helps);
	RUN(after_a_failed_sync_a_volume_is_read_only);
	RUN(times_come_from_the_volume_and_are_kept);
	RUN(allocating_never_cuts);
	RUN(a_mount_needs_its_volume);
	RUN(want_of_memory_is_survived_everywhere);
	return check_report();
}
