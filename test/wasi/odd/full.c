/*
 * full ERRNO [used up]: writes until there is no more room, which has to give that errno (a number) at a write
 * or a sync. What there was room for is there. When it is removed there is room again, unless the
 * limit is one of all that is ever written.
 */
#include <stdlib.h>

#include "test/wasi/program.h"

#define BLOCK 4096

static uint8_t g_block[BLOCK];

static void fill(uint64_t off)
{
	for (size_t i = 0; i < BLOCK; i++)
		g_block[i] = (uint8_t)((off + i) * 31 >> 3);
}

/* Writes one block: the errno. */
static uint32_t write_block(uint32_t fd, uint64_t *off)
{
	size_t at = 0, done;

	fill(*off);
	while (at < BLOCK) {
		const uint32_t e = wasi_fd_write(fd, IOV(g_block + at, BLOCK - at), &done);

		if (e != 0)
			return e;
		CHECK(done > 0 && done <= BLOCK - at);
		at += done;
		*off += done;
	}
	return 0;
}

static uint32_t write_all(uint32_t fd, uint64_t *off)
{
	uint32_t e = 0;

	while (e == 0 && *off < 64 << 20)
		e = write_block(fd, off);
	return e;
}

/* All that is in the file is what was written there. */
static uint64_t verify(const char *path)
{
	static uint8_t buf[BLOCK];
	const uint32_t fd = open_file(path, 0, READ);
	uint64_t off = 0;
	size_t n;

	do {
		size_t at = 0;

		while (at < BLOCK && (n = get(fd, buf + at, BLOCK - at)) > 0)
			at += n;
		fill(off);
		CHECK(memcmp(buf, g_block, at) == 0);
		off += at;
		n = at;
	} while (n == BLOCK);
	OK(fd_close(fd));
	return off;
}

int main(int argc, char **argv)
{
	CHECK(argc == 2 || argc == 3);
	const uint32_t want = (uint32_t)strtoul(argv[1], NULL, 10);
	const uint32_t fd = open_file("big", CREATE | TRUNC, BOTH);
	uint64_t off = 0;
	uint32_t e = write_all(fd, &off);

	if (e == 0)
		e = wasi_fd_sync(fd);
	expect(want, e, "the one given", "fd_write", __FILE__, __LINE__);
	/* and no more of it */
	CHECK(wasi_fd_write(fd, IOV(g_block, BLOCK), &(size_t){0}) != 0 || wasi_fd_sync(fd) != 0);
	e = wasi_fd_close(fd); /* the last chance to say that not everything is there */
	CHECK(e == 0 || e == want);
	const uint64_t room = size_of("big");

	CHECK(room >= 256 << 10 && room <= 1 << 20 && room <= off);
	CHECK(verify("big") == room);
	OK(path_unlink_file(ROOT, S("big")));
	if (argc == 3) {
		const uint32_t small = open_file("small", CREATE, BOTH);

		CHECK(wasi_fd_write(small, IOV("x", 1), &(size_t){0}) != 0 ||
		      wasi_fd_sync(small) != 0);
		return 0;
	}
	make_file("small", "there is room again");
	CHECK(holds("small", "there is room again"));
	return 0;
}
