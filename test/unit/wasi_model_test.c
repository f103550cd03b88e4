/*
 * wasi: the same calls in random order on two file systems: in memory, and on a real directory through
 * buffers and the host-call service, or on a trusted volume. Every answer has to be the same: errors, bytes,
 * sizes, positions, names. What one of them gets wrong, the other tells.
 */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/service/service.h"
#include "test/lib/check.h"
#include "test/lib/direct_transport.h"
#include "test/lib/native.h"
#include "test/lib/volume_disk.h"
#include "volume/volume.h"
#include "wasi/funcs.h"

#define MEMORY 0x60000u
#define IOVS   0u
#define OUT    64u
#define PATH1  256u
#define PATH2  512u
#define DATA   4096u
#define ROOT   3u
#define FDS    8
#define OPS    6000

/* One of the two. */
struct side {
	struct wasi wasi;
	struct wasi_memory memory;
	struct wasi_config config;
	struct wasi_mount mount;
};

static struct side g_side[2];
static struct volume *g_volume; /* of a side that has one */
static uint64_t g_random;
static uint32_t g_fd[FDS]; /* the same on both; 0: closed */

static uint32_t pick(uint32_t n)
{
	g_random = g_random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(g_random >> 33) % n;
}

static void start(struct side *s, enum wasi_mount_kind kind)
{
	s->memory = (struct wasi_memory){calloc(1, MEMORY), MEMORY};
	s->mount = (struct wasi_mount){.path = {(const uint8_t *)"/", 1},
				       .kind = kind,
				       .handle = HOST_HANDLE_MOUNTS,
				       .size = 64 << 20,
				       .volume = g_volume};
	s->config = (struct wasi_config){.mounts = &s->mount, .mount_count = 1};
	CHECK_EQ(wasi_init(&s->wasi, &s->config), E_OK);
}

static void put_both(uint32_t at, const void *p, size_t size)
{
	for (int i = 0; i < 2; i++)
		memcpy(g_side[i].memory.base + at, p, size);
}

/* Makes the call on both sides; the errno that they agree on. */
static uint32_t both(wasi_handler call, const char *what, const uint64_t *args)
{
	uint32_t e[2];

	for (int i = 0; i < 2; i++)
		e[i] = call(&g_side[i].wasi, &g_side[i].memory, args);
	if (e[0] != e[1])
		printf("%s: %u in memory, %u on the other; %s, %s\n", what, e[0], e[1],
		       (const char *)g_side[0].memory.base + PATH1,
		       (const char *)g_side[0].memory.base + PATH2);
	CHECK_EQ(e[0], e[1]);
	return e[0];
}

#define BOTH(name, ...) both(wasi_##name, #name, (const uint64_t[9]){__VA_ARGS__})

static void check_same(uint32_t at, uint32_t size)
{
	CHECK(memcmp(g_side[0].memory.base + at, g_side[1].memory.base + at, size) == 0);
}

static uint32_t out_u32(uint32_t at)
{
	uint32_t v;

	memcpy(&v, g_side[0].memory.base + at, sizeof(v));
	return v;
}

/* A random path of few names, so that they meet; its size. */
static uint32_t path(uint32_t at)
{
	static const char *const paths[] = {"a",   "b",	    "c", "d", "d/a",	"d/b",
					    "d/e", "d/e/a", "e", "l", "d/../a", "l/a"};
	const char *p = paths[pick(sizeof(paths) / sizeof(paths[0]))];

	put_both(at, p, strlen(p));
	return (uint32_t)strlen(p);
}

static uint32_t any_fd(void)
{
	return g_fd[pick(FDS)];
}

/* Sizes from nothing to beyond a buffer. */
static uint32_t any_size(void)
{
	static const uint32_t sizes[] = {0, 1, 7, 100, 4096, 5000, 70000, 140000};

	return sizes[pick(sizeof(sizes) / sizeof(sizes[0]))];
}

static void do_open(void)
{
	static const uint32_t oflags[] = {0,
					  WASI_OPEN_CREATE,
					  WASI_OPEN_CREATE,
					  WASI_OPEN_CREATE | WASI_OPEN_EXCL,
					  WASI_OPEN_TRUNC,
					  WASI_OPEN_DIRECTORY};
	static const uint64_t rights[] = {WASI_RIGHT_FD_READ, WASI_RIGHT_FD_WRITE,
					  WASI_RIGHT_FD_READ | WASI_RIGHT_FD_WRITE};
	static const uint32_t fdflags[] = {0, 0, 0, WASI_FD_APPEND, WASI_FD_DSYNC};
	const uint32_t slot = pick(FDS), n = path(PATH1);

	if (g_fd[slot] != 0)
		CHECK_EQ(BOTH(fd_close, g_fd[slot]), WASI_SUCCESS);
	g_fd[slot] = 0;
	const uint32_t e = BOTH(path_open, ROOT, pick(2), PATH1, n, oflags[pick(6)],
				rights[pick(3)], 0, fdflags[pick(5)], OUT);

	check_same(OUT, 4);
	if (e == WASI_SUCCESS)
		g_fd[slot] = out_u32(OUT);
}

/* Two buffers, in one vector. */
static void vector(uint32_t size)
{
	const uint32_t first = size == 0 ? 0 : pick(size + 1);
	const struct wasi_iovec v[2] = {{DATA, first}, {DATA + first, size - first}};

	put_both(IOVS, v, sizeof(v));
}

static void do_write(bool at)
{
	const uint32_t size = any_size(), fd = any_fd();
	uint8_t *p = g_side[0].memory.base + DATA;

	for (uint32_t i = 0; i < size; i++)
		p[i] = (uint8_t)pick(256);
	memcpy(g_side[1].memory.base + DATA, p, size);
	vector(size);
	if (at)
		BOTH(fd_pwrite, fd, IOVS, 2, pick(200000), OUT);
	else
		BOTH(fd_write, fd, IOVS, 2, OUT);
	check_same(OUT, 4);
}

static void do_read(bool at)
{
	const uint32_t size = any_size();

	vector(size);
	if (at)
		BOTH(fd_pread, any_fd(), IOVS, 2, pick(200000), OUT);
	else
		BOTH(fd_read, any_fd(), IOVS, 2, OUT);
	check_same(OUT, 4);
	check_same(DATA, size);
}

static void do_position(void)
{
	if (pick(2) == 0)
		BOTH(fd_seek, any_fd(), pick(3) == 0 ? 0 : pick(200000), pick(2), OUT);
	else
		BOTH(fd_seek, any_fd(), (uint64_t) - (int64_t)pick(3), WASI_WHENCE_END, OUT);
	check_same(OUT, 8);
	BOTH(fd_tell, any_fd(), OUT);
	check_same(OUT, 8);
}

/* Type, and of what is no directory links and size. */
static void check_stat(uint32_t e)
{
	struct wasi_filestat st[2];

	if (e != WASI_SUCCESS)
		return;
	for (int i = 0; i < 2; i++)
		memcpy(&st[i], g_side[i].memory.base + DATA, sizeof(st[i]));
	CHECK_EQ(st[0].type, st[1].type);
	if (st[0].type == WASI_TYPE_DIR)
		return;
	CHECK_EQ(st[0].nlink, st[1].nlink);
	CHECK_EQ(st[0].size, st[1].size);
}

static void do_stat(void)
{
	if (pick(2) == 0)
		check_stat(BOTH(fd_filestat_get, any_fd(), DATA));
	else
		check_stat(BOTH(path_filestat_get, ROOT, pick(2), PATH1, path(PATH1), DATA));
}

static void do_size(void)
{
	switch (pick(4)) {
	case 0:
		BOTH(fd_filestat_set_size, any_fd(), pick(3) * 50000);
		break;
	case 1: {
		const uint32_t fd = any_fd();

		/* Of a directory a sync says something where there is a volume (fs_ops.dir_sync). */
		if (!g_volume || BOTH(fd_tell, fd, OUT) == WASI_SUCCESS)
			BOTH(fd_sync, fd);
		break;
	}
	case 2:
		BOTH(fd_fdstat_set_flags, any_fd(), pick(2) * WASI_FD_APPEND);
		break;
	default:
		BOTH(fd_filestat_set_times, any_fd(), 5, 6, WASI_TIME_ATIM | WASI_TIME_MTIM);
	}
}

static void do_names(void)
{
	const uint32_t n = path(PATH1), m = path(PATH2);

	switch (pick(8)) {
	case 0:
	case 1:
		BOTH(path_create_directory, ROOT, PATH1, n);
		break;
	case 2:
		BOTH(path_unlink_file, ROOT, PATH1, n);
		break;
	case 3:
		BOTH(path_remove_directory, ROOT, PATH1, n);
		break;
	case 4:
	case 5:
		BOTH(path_rename, ROOT, PATH1, n, ROOT, PATH2, m);
		break;
	case 6:
		BOTH(path_link, ROOT, 0, PATH1, n, ROOT, PATH2, m);
		break;
	default:
		BOTH(path_symlink, PATH1, n, ROOT, PATH2, m);
		if (BOTH(path_readlink, ROOT, PATH2, m, DATA, 100, OUT) == WASI_SUCCESS)
			check_same(DATA, out_u32(OUT));
	}
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The names of the root on one side, sorted, with their types. */
static size_t list(struct side *s, char names[64][16])
{
	size_t count = 0;
	uint64_t cookie = 0;
	struct wasi_dirent d;

	for (;;) {
		const uint64_t args[] = {ROOT, DATA, sizeof(d) + 8, cookie, OUT};

		CHECK_EQ(wasi_fd_readdir(&s->wasi, &s->memory, args), WASI_SUCCESS);
		memcpy(&d, s->memory.base + DATA, sizeof(d));
		uint32_t used;

		memcpy(&used, s->memory.base + OUT, sizeof(used));
		if (used == 0)
			break;
		snprintf(names[count++], 16, "%.*s %d", (int)d.name_size,
			 s->memory.base + DATA + sizeof(d), d.type);
		cookie = d.next;
	}
	qsort(names, count, 16, compare_names);
	return count;
}

static void do_list(void)
{
	char names[2][64][16] = {0};

	CHECK_EQ(list(&g_side[0], names[0]), list(&g_side[1], names[1]));
	CHECK(memcmp(names[0], names[1], sizeof(names[0])) == 0);
}

static void do_something(void)
{
	for (int i = 0; i < 2; i++) /* what an earlier call left there */
		memset(g_side[i].memory.base, 0, DATA + 150000);
	switch (pick(14)) {
	case 0:
	case 1:
	case 2:
		do_open();
		break;
	case 3:
	case 4:
		do_write(false);
		break;
	case 5:
		do_write(true);
		break;
	case 6:
	case 7:
		do_read(false);
		break;
	case 8:
		do_read(true);
		break;
	case 9:
		do_position();
		break;
	case 10:
		do_stat();
		break;
	case 11:
		do_size();
		break;
	case 12:
		do_names();
		break;
	default:
		do_list();
	}
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

/* What the host's clock and randomness are to a volume. */
static uint64_t volume_now(void *context)
{
	return ++*(uint64_t *)context;
}

static enum err volume_random(void *context, void *out, size_t size)
{
	uint8_t *p = out;

	for (size_t i = 0; i < size; i++)
		p[i] = (uint8_t)pick(256);
	return context ? E_INVALID : E_OK;
}

/* Memory against a file system of this kind. */
static void compare(uint64_t seed, enum wasi_mount_kind kind)
{
	g_random = seed;
	memset(g_fd, 0, sizeof(g_fd));
	start(&g_side[0], WASI_MOUNT_TMP);
	start(&g_side[1], kind);
	for (uint32_t i = 0; i < OPS && g_checks_failed == 0; i++)
		do_something();
	if (g_checks_failed != 0)
		printf("seed %llu\n", (unsigned long long)seed);
	for (int i = 0; i < 2; i++) {
		wasi_fini(&g_side[i].wasi);
		free(g_side[i].memory.base);
	}
}

TEST(a_directory_answers_as_memory_does)
{
	const bool memory = access("/dev/shm", W_OK) == 0;

	for (uint64_t seed = 1; seed <= 4 && g_checks_failed == 0; seed++) {
		static struct host_service service;
		char root[] = "/dev/shm/retwine-XXXXXX", other[] = "/tmp/retwine-XXXXXX";
		char *dir = mkdtemp(memory ? root : other);
		struct service_mount mount = {.dir_fd = open(dir, O_RDONLY | O_DIRECTORY)};
		struct service_config config = {
			.stream_fd = {-1, -1, -1}, .mounts = &mount, .mount_count = 1};

		CHECK_EQ(service_init(&service, &config), E_OK);
		direct_transport_use(&service);
		compare(seed, WASI_MOUNT_HOST);
		service_fini(&service);
		close(mount.dir_fd);
		nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	}
}

TEST(a_volume_answers_as_memory_does)
{
	static const uint8_t master[VOLUME_KEY_SIZE] = {7};
	static struct host_service service; /* for the clock alone */
	const struct service_config nothing = {.stream_fd = {-1, -1, -1}};

	CHECK_EQ(service_init(&service, &nothing), E_OK);
	direct_transport_use(&service);
	for (uint64_t seed = 1; seed <= 4 && g_checks_failed == 0; seed++) {
		struct volume_disk disk;
		struct volume_state found, expected;
		uint64_t clock = 1000;

		disk_init(&disk);
		const struct volume_config config = {
			.device = disk_device(&disk),
			.random = {NULL, volume_random},
			.now = volume_now,
			.now_context = &clock,
			.cache_size = VOLUME_CACHE_MIN,
		};

		CHECK_EQ(volume_format(&config, master), E_OK);
		CHECK_EQ(volume_open(&g_volume, &config, master, &found, &expected), E_OK);
		compare(seed, WASI_MOUNT_VOLUME);
		CHECK_EQ(volume_commit(g_volume), E_OK);
		volume_close(g_volume);
		g_volume = NULL;
		disk_fini(&disk);
	}
	service_fini(&service);
}

int main(void)
{
	RUN(a_directory_answers_as_memory_does);
	RUN(a_volume_answers_as_memory_does);
	return check_report();
}
