/*
 * Opens swap/sub/file and makes swap/sub/made, over and over, while the host exchanges `swap` between a
 * directory and a symlink that leads out. Prints how often the file was read and how often it was refused;
 * fails when anything but the file inside is read.
 */
#include <stdio.h>

#include "test/wasi/program.h"

static unsigned g_read, g_refused;

static void refused(uint32_t e)
{
	CHECK(e == __WASI_ERRNO_PERM || e == __WASI_ERRNO_NOTCAPABLE || e == __WASI_ERRNO_NOENT ||
	      e == __WASI_ERRNO_NOTDIR || e == __WASI_ERRNO_LOOP);
	g_refused++;
}

static void try_read(void)
{
	char buf[16];
	uint32_t fd;
	const uint32_t e = wasi_path_open(ROOT, FOLLOW, S("swap/sub/file"), 0, READ, 0, 0, &fd);

	if (e != 0) {
		refused(e);
		return;
	}
	CHECK(get(fd, buf, sizeof(buf)) == 7);
	CHECK(memcmp(buf, "inside\n", 7) == 0);
	OK(fd_close(fd));
	g_read++;
}

static void try_make(void)
{
	__wasi_filestat_t st;
	uint32_t fd;
	uint32_t e = wasi_path_open(ROOT, FOLLOW, S("swap/sub/made"), CREATE, BOTH, 0, 0, &fd);

	if (e != 0) {
		refused(e);
		return;
	}
	OK(fd_close(fd));
	e = wasi_path_filestat_get(ROOT, 0, S("swap/sub/../sub/made"), &st);
	if (e != 0)
		refused(e);
	e = wasi_path_unlink_file(ROOT, S("swap/sub/made"));
	if (e != 0)
		refused(e);
}

int main(void)
{
	for (int i = 0; i < 3000; i++) {
		try_read();
		try_make();
	}
	printf("%u read, %u refused\n", g_read, g_refused);
	return 0;
}
