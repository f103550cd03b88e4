/* From every cookie the listing goes on with the entry behind it, the same each time. */
#include "test/wasi/program.h"

static uint8_t g_all[8192], g_part[8192];

int main(void)
{
	size_t used, part;
	char name[] = "file-00";

	make_dir("d");
	for (int i = 0; i < 40; i++) {
		char path[] = "d/file-00";

		name[5] = path[7] = (char)('0' + i / 10);
		name[6] = path[8] = (char)('0' + i % 10);
		make_file(path, "");
	}
	const uint32_t dir = open_dir("d");

	OK(fd_readdir(dir, g_all, sizeof(g_all), 0, &used));
	CHECK(used < sizeof(g_all));
	uint32_t count = 0;

	for (size_t at = 0; at < used; count++) {
		__wasi_dirent_t d;

		memcpy(&d, g_all + at, sizeof(d));
		at += sizeof(d) + d.d_namlen;
		OK(fd_readdir(dir, g_part, sizeof(g_part), d.d_next, &part));
		CHECK(part == used - at);
		CHECK(memcmp(g_part, g_all + at, part) == 0);
	}
	CHECK(count == 42);
	/* and from the start once more */
	OK(fd_readdir(dir, g_part, sizeof(g_part), 0, &part));
	CHECK(part == used && memcmp(g_part, g_all, used) == 0);
	return 0;
}
