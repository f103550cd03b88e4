/*
 * A guest for the tests of wasi/: memory of exactly GUEST_SIZE bytes (so that the address sanitizer
 * sees a byte too far), one mount, and calls by name.
 */
#ifndef TEST_UNIT_WASI_GUEST_H
#define TEST_UNIT_WASI_GUEST_H

#include "test/unit/wasi_fake.h"
#include "wasi/funcs.h"

#define GUEST_SIZE  0x20000u
#define GUEST_OUT   64u /* where results go */
#define GUEST_PATH  0x1000u
#define GUEST_PATH2 0x3000u
#define GUEST_DATA  0x5000u
#define GUEST_DIR   3u /* descriptor of the mount */

#define RIGHTS_RW (WASI_RIGHT_FD_READ | WASI_RIGHT_FD_WRITE)

static struct wasi g_wasi;
static struct wasi_memory g_memory;
static struct wasi_config g_config;
static struct wasi_mount g_mounts[2];
static int g_root; /* the mount's directory in the fake host */

/* wasi_NAME with the arguments as 64-bit slots; dirty upper halves must not matter for i32. */
#define CALL(name, ...) wasi_##name(&g_wasi, &g_memory, (const uint64_t[]){__VA_ARGS__})

static inline void guest_start(bool read_only)
{
	static const struct wasi_bytes args[] = {
		{(const uint8_t *)"prog", 4}, {(const uint8_t *)"", 0}, {(const uint8_t *)"-x", 2}};
	static const struct wasi_bytes env[] = {{(const uint8_t *)"A=1", 3}};

	g_root = fake_init();
	g_memory.base = malloc(GUEST_SIZE);
	g_memory.size = GUEST_SIZE;
	memset(g_memory.base, 0xee, GUEST_SIZE);
	g_mounts[0] = (struct wasi_mount){
		.path = {(const uint8_t *)"/data", 5},
		.kind = WASI_MOUNT_HOST,
		.read_only = read_only,
		.handle = HOST_HANDLE_MOUNTS,
	};
	g_config = (struct wasi_config){.args = args,
					.arg_count = 3,
					.env = env,
					.env_count = 1,
					.mounts = g_mounts,
					.mount_count = 1};
	if (wasi_init(&g_wasi, &g_config) != E_OK)
		abort();
}

/* Ends the guest: every handle must be closed and no forbidden question asked. */
static inline void guest_end(void)
{
	wasi_fini(&g_wasi);
	CHECK_EQ(g_fake.open_handles, 0);
	CHECK_EQ(g_fake.bad, 0);
	fake_fini();
	free(g_memory.base);
}

static inline uint32_t guest_u32(uint32_t at)
{
	uint32_t v;

	memcpy(&v, g_memory.base + at, sizeof(v));
	return v;
}

static inline uint64_t guest_u64(uint32_t at)
{
	uint64_t v;

	memcpy(&v, g_memory.base + at, sizeof(v));
	return v;
}

static inline uint32_t guest_put(uint32_t at, const void *p, size_t size)
{
	memcpy(g_memory.base + at, p, size);
	return (uint32_t)size;
}

static inline uint32_t guest_str(uint32_t at, const char *s)
{
	return guest_put(at, s, strlen(s));
}

static inline uint32_t guest_open_at(uint32_t dir, const char *path, uint32_t lookup,
				     uint32_t oflags, uint64_t rights, uint32_t fdflags)
{
	const uint32_t size = guest_str(GUEST_PATH, path);

	return CALL(path_open, dir, lookup, GUEST_PATH, size, oflags, rights, 0, fdflags,
		    GUEST_OUT);
}

/* Opens for reading, following symlinks; the errno. */
static inline uint32_t guest_open(const char *path)
{
	return guest_open_at(GUEST_DIR, path, WASI_LOOKUP_FOLLOW, 0, WASI_RIGHT_FD_READ, 0);
}

/* Opens what must open; the descriptor. */
static inline uint32_t guest_fd(const char *path, uint32_t oflags, uint64_t rights,
				uint32_t fdflags)
{
	const uint32_t e =
		guest_open_at(GUEST_DIR, path, WASI_LOOKUP_FOLLOW, oflags, rights, fdflags);

	CHECK_EQ(e, WASI_SUCCESS);
	return guest_u32(GUEST_OUT);
}

/* Opens and closes; the errno, or SUCCESS and the bytes read equal `data`. */
static inline bool guest_reads(const char *path, const char *data)
{
	const struct wasi_iovec iov = {GUEST_DATA, 100};

	if (guest_open(path) != WASI_SUCCESS)
		return false;
	const uint32_t fd = guest_u32(GUEST_OUT);

	guest_put(0x800, &iov, sizeof(iov));
	const uint32_t e = CALL(fd_read, fd, 0x800, 1, GUEST_OUT);
	const uint32_t n = guest_u32(GUEST_OUT);

	if (CALL(fd_close, fd) != WASI_SUCCESS || e != WASI_SUCCESS)
		return false;
	return n == strlen(data) && memcmp(g_memory.base + GUEST_DATA, data, n) == 0;
}

#endif
