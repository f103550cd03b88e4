/* wasi: several threads on one trusted volume, whose names, files and commits they share. */
#include <pthread.h>
#include <stdlib.h>

#include "host/base/park.h"
#include "hostcall/hostcall.h"
#include "platform/platform.h"
#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/lib/volume_disk.h"
#include "volume/check.h"
#include "wasi/funcs.h"

#define THREADS	   4u
#define ROUNDS	   300u
#define AREA	   0x8000u /* memory of one thread */
#define GUEST_SIZE (AREA * (THREADS + 1))
#define DIR	   3u
#define PIECE	   6000u /* of the file that all write to; it crosses blocks */

#define CALL(name, ...) wasi_##name(&g_wasi, &g_memory, (const uint64_t[]){__VA_ARGS__})
#define RW		(WASI_RIGHT_FD_READ | WASI_RIGHT_FD_WRITE)

static struct wasi g_wasi;
static struct wasi_memory g_memory;
static struct wasi_config g_config;
static struct wasi_mount g_mount;
static struct volume_disk g_disk;
static struct volume_config g_volume_config;
static struct volume *g_volume;
static const uint8_t g_master[VOLUME_KEY_SIZE] = {9};
static uint64_t g_entropy;
static _Thread_local uint32_t g_seq;

uint32_t hostcall_next_seq(void)
{
	return ++g_seq;
}

enum err hostcall_transport(const struct call_request *request, const struct hostcall_in *in,
			    struct call_reply *reply, void *out)
{
	(void)in, (void)out;
	*reply = (struct call_reply){.seq = request->seq};
	return E_OK;
}

enum err platform_random(void *out, size_t size)
{
	memset(out, 1, size);
	return E_OK;
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

static uint64_t volume_time(void *context)
{
	(void)context;
	return 5;
}

static void open_volume(void)
{
	struct volume_state found, expected;

	CHECK_EQ(volume_open(&g_volume, &g_volume_config, g_master, &found, &expected), E_OK);
}

static void start(void)
{
	disk_init(&g_disk);
	g_volume_config = (struct volume_config){
		.device = disk_device(&g_disk),
		.random = {&g_entropy, volume_random},
		.now = volume_time,
		.cache_size = VOLUME_CACHE_MIN,
	};
	CHECK_EQ(volume_format(&g_volume_config, g_master), E_OK);
	open_volume();
	g_memory = (struct wasi_memory){calloc(1, GUEST_SIZE), GUEST_SIZE};
	g_mount = (struct wasi_mount){
		.path = {(const uint8_t *)"/", 1}, .kind = WASI_MOUNT_VOLUME, .volume = g_volume};
	g_config = (struct wasi_config){.mounts = &g_mount, .mount_count = 1};
	CHECK_EQ(wasi_init(&g_wasi, &g_config), E_OK);
}

/* What was committed is there after another mount, and whole. */
static void end(void)
{
	struct volume_check check;

	wasi_fini(&g_wasi);
	CHECK_EQ(volume_commit(g_volume), E_OK);
	volume_close(g_volume);
	open_volume();
	CHECK_EQ(volume_check(g_volume, &check, NULL, NULL), E_OK);
	CHECK_EQ(check.problems, 0);
	volume_close(g_volume);
	disk_fini(&g_disk);
	free(g_memory.base);
}

static uint32_t result(uint32_t at)
{
	uint32_t v;

	memcpy(&v, g_memory.base + at, sizeof(v));
	return v;
}

static uint32_t put_path(uint32_t at, const char *kind, uint32_t number)
{
	char text[32];
	const int n = snprintf(text, sizeof(text), "%s%u", kind, number);

	memcpy(g_memory.base + at, text, (size_t)n);
	return (uint32_t)n;
}

static uint32_t open_at(uint32_t area, const char *kind, uint32_t number, uint32_t *fd)
{
	const uint32_t n = put_path(area + 64, kind, number);
	const uint32_t e =
		CALL(path_open, DIR, 0, area + 64, n, WASI_OPEN_CREATE, RW, 0, 0, area + 8);

	*fd = e == WASI_SUCCESS ? result(area + 8) : 0;
	return e;
}

static uint32_t move(bool out, uint32_t area, uint32_t fd, uint32_t off)
{
	const struct wasi_iovec v = {area + 0x1000, PIECE};

	memcpy(g_memory.base + area + 16, &v, sizeof(v));
	return out ? CALL(fd_pwrite, fd, area + 16, 1, off, area + 8)
		   : CALL(fd_pread, fd, area + 16, 1, off, area + 8);
}

/* Its own piece of a file that all write to, again and again. */
static void *write_pieces(void *thread)
{
	const uint32_t number = (uint32_t)(uintptr_t)thread, area = AREA * (number + 1);
	uint8_t *piece = g_memory.base + area + 0x1000;
	uint32_t fd;

	park_enter(number + 1);
	CHECK_EQ(open_at(area, "shared", 0, &fd), WASI_SUCCESS);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		memset(piece, (int)(number * 50 + i % 50), PIECE);
		CHECK_EQ(move(true, area, fd, number * PIECE), WASI_SUCCESS);
		memset(piece, 0xee, PIECE);
		CHECK_EQ(move(false, area, fd, number * PIECE), WASI_SUCCESS);
		CHECK(piece[0] == number * 50 + i % 50 && memcmp(piece, piece + 1, PIECE - 1) == 0);
		if (i % 64 == number)
			CHECK_EQ(CALL(fd_sync, fd), WASI_SUCCESS);
	}
	CHECK_EQ(CALL(fd_close, fd), WASI_SUCCESS);
	return NULL;
}

/* Few names that all make, rename, link, list and remove: any answer but a wrong one. */
static void *shuffle_names(void *thread)
{
	const uint32_t number = (uint32_t)(uintptr_t)thread, area = AREA * (number + 1);
	uint32_t state = number + 1;

	park_enter(number + 1);
	for (uint32_t i = 0; i < ROUNDS * 3; i++) {
		state = state * 1103515245 + 12345;
		const uint32_t n = put_path(area + 128, "n", state >> 16 & 3);
		const uint32_t m = put_path(area + 192, "n", state >> 20 & 3);
		uint32_t fd, e = WASI_SUCCESS;

		switch (state >> 24 & 7) {
		case 0:
		case 1:
			e = open_at(area, "n", state >> 16 & 3, &fd);
			if (e == WASI_SUCCESS) {
				CHECK_EQ(move(true, area, fd, 0), WASI_SUCCESS);
				CHECK_EQ(move(false, area, fd, 0), WASI_SUCCESS);
				CHECK_EQ(result(area + 8), PIECE);
				CHECK_EQ(CALL(fd_close, fd), WASI_SUCCESS);
			}
			break;
		case 2:
			e = CALL(path_rename, DIR, area + 128, n, DIR, area + 192, m);
			break;
		case 3:
			e = CALL(path_link, DIR, 0, area + 128, n, DIR, area + 192, m);
			break;
		case 4:
			e = CALL(path_unlink_file, DIR, area + 128, n);
			break;
		case 5:
			e = CALL(path_create_directory, DIR, area + 128, n);
			break;
		case 6:
			e = CALL(path_remove_directory, DIR, area + 128, n);
			break;
		default:
			CHECK_EQ(CALL(fd_readdir, DIR, area + 0x1000, 1000, 0, area + 8),
				 WASI_SUCCESS);
			e = CALL(path_filestat_get, DIR, 0, area + 128, n, area + 256);
		}
		CHECK(e == WASI_SUCCESS || e == WASI_NOENT || e == WASI_EXIST || e == WASI_ISDIR ||
		      e == WASI_NOTDIR || e == WASI_PERM || e == WASI_NOTEMPTY || e == WASI_INVAL);
	}
	return NULL;
}

static void in_threads(void *(*body)(void *))
{
	pthread_t threads[THREADS];

	for (uintptr_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, body, (void *)i) != 0)
			abort();
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

TEST(each_reads_what_it_wrote)
{
	start();
	in_threads(write_pieces);
	end();
}

TEST(names_stay_whole)
{
	start();
	in_threads(shuffle_names);
	end();
}

int main(void)
{
	RUN(each_reads_what_it_wrote);
	RUN(names_stay_whole);
	return check_report();
}
