/*
 * Paths of given files and names of keys from the fuzzer's input, into a guest with mounts of each
 * kind. Claims: whatever wasi_init accepts is found by the guest's own way, byte for byte; nothing is
 * ever written to the host, accepted or not; and all is given back.
 */
#include "base/reader.h"
#include "test/lib/check.h"
#include "test/unit/wasi_guest.h"

#define GIVEN_MAX 8
#define BYTES(text)                                                                                \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Descriptors 3 and on. */
static const struct wasi_mount g_fuzz_mounts[] = {
	{.path = BYTES("."), .kind = WASI_MOUNT_TMP, .size = 1 << 20},
	{.path = BYTES("/dev/attestation"), .kind = WASI_MOUNT_ATTESTATION},
	{.path = BYTES("/h"), .kind = WASI_MOUNT_HOST, .handle = HOST_HANDLE_MOUNTS},
	{.path = BYTES("/h/m"), .kind = WASI_MOUNT_TMP, .size = 4096, .read_only = true},
	{.path = BYTES("/m"), .kind = WASI_MOUNT_TMP, .size = 1 << 20},
};

static void fuzz_claim(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "broken: %s\n", what);
	abort();
}

/* A byte with the size, then as many bytes as there are. */
static struct wasi_bytes take(struct reader *r)
{
	const size_t n = reader_u8(r);
	const size_t size = n < r->left ? n : r->left;
	const uint8_t *p = reader_take(r, size);

	return (struct wasi_bytes){p, p ? size : 0};
}

/* Where the guest's C library would look: the mount with the longest name. */
static uint32_t home_of(struct wasi_bytes *path)
{
	static const char *const prefixes[] = {"", "/dev/attestation/", "/h/", "/h/m/", "/m/"};
	size_t best = 0;

	for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
		const size_t n = strlen(prefixes[i]);

		if (n >= strlen(prefixes[best]) && path->size >= n &&
		    memcmp(path->p, prefixes[i], n) == 0)
			best = i;
	}
	path->p += strlen(prefixes[best]);
	path->size -= strlen(prefixes[best]);
	return GUEST_DIR + (uint32_t)best;
}

static void find(uint32_t dir, struct wasi_bytes path, struct wasi_bytes bytes)
{
	const struct wasi_iovec iov = {GUEST_DATA, 1000};

	guest_put(GUEST_PATH, path.p, path.size);
	fuzz_claim(CALL(path_open, dir, 0, GUEST_PATH, path.size, 0, WASI_RIGHT_FD_READ, 0, 0,
			GUEST_OUT) == WASI_SUCCESS,
		   "what was given is there");
	const uint32_t fd = guest_u32(GUEST_OUT);

	guest_put(0x800, &iov, sizeof(iov));
	fuzz_claim(CALL(fd_read, fd, 0x800, 1, GUEST_OUT) == WASI_SUCCESS, "it can be read");
	fuzz_claim(guest_u32(GUEST_OUT) == bytes.size, "it has its size");
	if (bytes.size != 0)
		fuzz_claim(memcmp(g_memory.base + GUEST_DATA, bytes.p, bytes.size) == 0,
			   "and its bytes");
	fuzz_claim(CALL(fd_close, fd) == WASI_SUCCESS, "it can be closed");
}

static size_t take_all(struct reader *r, struct wasi_given given[GIVEN_MAX])
{
	const size_t most = reader_u8(r) % (GIVEN_MAX + 1);
	size_t n = 0;

	for (; n < most && r->left != 0; n++) {
		given[n].path = take(r);
		given[n].bytes = take(r);
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wasi_given files[GIVEN_MAX], keys[GIVEN_MAX];
	struct wasi_attestation attestation = {.keys = keys};
	struct reader r;

	reader_init(&r, data, size);
	guest_start(false);
	g_config.mounts = g_fuzz_mounts;
	g_config.mount_count = COUNT_OF(g_fuzz_mounts);
	g_config.attestation = &attestation;
	g_config.files = files;
	g_config.file_count = take_all(&r, files);
	attestation.key_count = take_all(&r, keys);
	wasi_fini(&g_wasi);
	for (int i = 0; i < 3; i++)
		fake_handle(i, false, HOST_OPEN_READ | HOST_OPEN_WRITE);
	fake_handle(g_root, true, HOST_OPEN_READ);
	if (wasi_init(&g_wasi, &g_config) == E_OK) {
		for (size_t i = 0; i < g_config.file_count; i++) {
			struct wasi_bytes path = files[i].path;
			const uint32_t dir = home_of(&path);

			find(dir, path, files[i].bytes);
		}
		fuzz_claim(guest_open_at(GUEST_DIR + 1, "keys", 0, WASI_OPEN_DIRECTORY, 0, 0) ==
				   WASI_SUCCESS,
			   "there are keys");
		const uint32_t dir = guest_u32(GUEST_OUT);

		for (size_t i = 0; i < attestation.key_count; i++)
			find(dir, keys[i].path, keys[i].bytes);
		wasi_fini(&g_wasi);
		fuzz_claim(g_fake.open_handles == 0, "all handles are closed");
	}
	fuzz_claim(g_fake.writes == 0 && g_fake.bad == 0, "the host is not written to");
	fake_fini();
	free(g_memory.base);
	return 0;
}
