/* A path of 100 directories, up and down again; and removed from its end. */
#include "test/wasi/program.h"

static char g_path[1024];

int main(void)
{
	size_t n = 0;
	uint32_t fd;

	for (int i = 0; i < 100; i++) {
		memcpy(g_path + n, "d/", 3);
		n += 2;
		OK(path_create_directory(ROOT, g_path, n));
	}
	memcpy(g_path + n, "f", 2);
	make_file(g_path, "text");
	CHECK(holds(g_path, "text"));
	for (int i = 0; i < 100; i++)
		memcpy(g_path + n + 3 * (size_t)i, "../", 4);
	OK(path_open(ROOT, 0, g_path, n + 300, DIRECTORY, RIGHT(FD_READDIR), 0, 0, &fd));
	CHECK(stat_fd(fd).ino == stat_fd(ROOT).ino);
	memcpy(g_path + n + 300, "../", 3);
	EXPECT2(PERM, NOTCAPABLE,
		path_open(ROOT, 0, g_path, n + 303, DIRECTORY, RIGHT(FD_READDIR), 0, 0, &fd));
	g_path[n] = 'f';
	OK(path_unlink_file(ROOT, g_path, n + 1));
	for (; n > 0; n -= 2)
		OK(path_remove_directory(ROOT, g_path, n));
	CHECK(!exists("d"));
	return 0;
}
