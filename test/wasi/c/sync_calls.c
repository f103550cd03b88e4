/* fd_sync and fd_datasync succeed, change nothing, and need their right. */
#include "test/wasi/program.h"

int main(void)
{
	const uint32_t fd = open_file("f", CREATE, BOTH);

	put(fd, "text");
	OK(fd_sync(fd));
	OK(fd_datasync(fd));
	CHECK(offset_of(fd) == 4);
	CHECK(holds("f", "text"));
	drop_right(fd, RIGHT(FD_SYNC));
	EXPECT(NOTCAPABLE, fd_sync(fd));
	OK(fd_datasync(fd));
	drop_right(fd, RIGHT(FD_DATASYNC));
	EXPECT(NOTCAPABLE, fd_datasync(fd));
	return 0;
}
