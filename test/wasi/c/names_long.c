/* Names of 255 bytes are names, of 256 are too long; so is a path of a megabyte. */
#include "test/wasi/program.h"

static char g_path[1 << 20];

int main(void)
{
	char name[257], buf[64];
	uint32_t fd;

	memset(name, 'n', sizeof(name));
	OK(path_open(ROOT, 0, name, 255, CREATE, BOTH, 0, 0, &fd));
	put(fd, "text");
	OK(path_filestat_get(ROOT, 0, name, 255, buf));
	EXPECT(NAMETOOLONG, path_open(ROOT, 0, name, 256, CREATE, BOTH, 0, 0, &fd));
	EXPECT(NAMETOOLONG, path_filestat_get(ROOT, 0, name, 256, buf));
	EXPECT(NAMETOOLONG, path_create_directory(ROOT, name, 256));
	EXPECT(NAMETOOLONG, path_symlink(S("x"), ROOT, name, 256));
	EXPECT(NAMETOOLONG, path_rename(ROOT, name, 255, ROOT, name, 256));
	memset(g_path, '/', sizeof(g_path));
	g_path[0] = 'd';
	EXPECT(NAMETOOLONG, path_filestat_get(ROOT, 0, g_path, sizeof(g_path), buf));
	EXPECT(NAMETOOLONG, path_open(ROOT, 0, g_path, sizeof(g_path), CREATE, BOTH, 0, 0, &fd));
	OK(path_unlink_file(ROOT, name, 255));
	return 0;
}
