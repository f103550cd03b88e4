/* An entry that does not fit is cut: the buffer is full, which says that there is more. */
#include "test/wasi/program.h"

static uint8_t g_all[1024], g_part[1024];

int main(void)
{
	size_t used, part;

	make_dir("d");
	make_file("d/a_name_of_some_length", "");
	const uint32_t dir = open_dir("d");

	OK(fd_readdir(dir, g_all, sizeof(g_all), 0, &used));
	for (uint32_t size = 0; size < used; size++) {
		memset(g_part, 0xa5, sizeof(g_part));
		OK(fd_readdir(dir, g_part, size, 0, &part));
		CHECK(part == size);
		CHECK(memcmp(g_part, g_all, size) == 0);
		CHECK(g_part[size] == 0xa5);
	}
	OK(fd_readdir(dir, g_part, (uint32_t)used, 0, &part));
	CHECK(part == used);
	OK(fd_readdir(dir, g_part, (uint32_t)used + 1, 0, &part));
	CHECK(part == used);
	return 0;
}
