/* A symlink holds its text, which need not lead anywhere; readlink cuts it to the buffer. */
#include "test/wasi/program.h"

int main(void)
{
	char buf[32];
	uint32_t used;

	OK(path_symlink(S("some/where else"), ROOT, S("link")));
	CHECK(stat_of("link").filetype == __WASI_FILETYPE_SYMBOLIC_LINK);
	CHECK(stat_of("link").size == 15);
	memset(buf, '#', sizeof(buf));
	OK(path_readlink(ROOT, S("link"), buf, sizeof(buf), &used));
	CHECK(used == 15 && memcmp(buf, "some/where else#", 16) == 0);
	memset(buf, '#', sizeof(buf));
	OK(path_readlink(ROOT, S("link"), buf, 4, &used));
	CHECK(used == 4 && memcmp(buf, "some#", 5) == 0);
	OK(path_readlink(ROOT, S("link"), buf, 0, &used));
	CHECK(used == 0);
	return 0;
}
