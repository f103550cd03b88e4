/* An open file outlives its name, and the name can be another file's. */
#include "test/wasi/program.h"

int main(void)
{
	const uint32_t fd = open_file("f", CREATE, BOTH);
	char buf[16];
	uint64_t off;

	put(fd, "old");
	OK(path_unlink_file(ROOT, S("f")));
	CHECK(!exists("f"));
	CHECK(stat_fd(fd).nlink == 0);
	make_file("f", "new");
	put(fd, "er");
	OK(fd_seek(fd, 0, __WASI_WHENCE_SET, &off));
	CHECK(get(fd, buf, 16) == 5 && memcmp(buf, "older", 5) == 0);
	CHECK(stat_fd(fd).ino != stat_of("f").ino);
	OK(fd_close(fd));
	CHECK(holds("f", "new"));
	return 0;
}
