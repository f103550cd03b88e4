/* A file system in the enclave's memory: at its limit NOSPC, nothing is lost, what is removed is room again.
 * --strict allows it. */
#include "test/wasi/program.h"

static uint8_t g_buf[4096];

static uint64_t fill(const char *path)
{
	const uint32_t fd = open_file(path, CREATE, BOTH);
	size_t done;
	uint64_t size = 0;
	uint32_t e;

	memset(g_buf, 'm', sizeof(g_buf));
	while ((e = wasi_fd_write(fd, IOV(g_buf, sizeof(g_buf)), &done)) == 0) {
		size += done;
		CHECK(size <= 1 << 20);
	}
	CHECK(e == __WASI_ERRNO_NOSPC);
	EXPECT(NOSPC, fd_write(fd, IOV(g_buf, sizeof(g_buf)), &done));
	CHECK(stat_fd(fd).size == size);
	OK(fd_close(fd));
	return size;
}

int main(void)
{
	const uint64_t room = fill("a");
	uint64_t total = 0;
	size_t n;

	CHECK(room > 512 << 10);
	const uint32_t fd = open_file("a", 0, BOTH);

	EXPECT2(NOSPC, FBIG, fd_filestat_set_size(fd, 2 << 20));
	EXPECT2(NOSPC, FBIG, fd_filestat_set_size(fd, INT64_MAX));
	EXPECT2(NOSPC, FBIG, fd_allocate(fd, 0, UINT64_C(1) << 40));
	while ((n = get(fd, g_buf, sizeof(g_buf))) > 0) {
		for (size_t i = 0; i < n; i++)
			CHECK(g_buf[i] == 'm');
		total += n;
	}
	CHECK(total == room);
	OK(fd_close(fd));
	for (int i = 0; i < 3; i++) {
		OK(path_unlink_file(ROOT, S("a")));
		CHECK(fill("a") == room);
	}
	return 0;
}
