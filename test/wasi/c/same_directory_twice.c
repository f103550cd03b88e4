/* One directory of the host under two names: what is written by one is read by the other. */
#include "test/wasi/program.h"

int main(void)
{
	const uint32_t a = open_at(ROOT, "f", CREATE, BOTH, 0),
		       b = open_at(SECOND, "f", 0, BOTH, 0);
	char buf[16];
	uint32_t fd;

	put(a, "text");
	CHECK(stat_fd(b).size == 4);
	CHECK(get(b, buf, 16) == 4 && memcmp(buf, "text", 4) == 0);
	put(b, "more");
	CHECK(get(a, buf, 16) == 4 && memcmp(buf, "more", 4) == 0);
	OK(path_unlink_file(SECOND, S("f")));
	EXPECT(NOENT, path_open(ROOT, 0, S("f"), 0, READ, 0, 0, &fd));
	return 0;
}
