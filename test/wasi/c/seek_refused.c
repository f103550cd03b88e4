/* No position below zero, no fourth whence, none in a directory; the position stays as it was. */
#include "test/wasi/program.h"

int main(void)
{
	uint64_t off;

	make_file("f", "0123456789");
	const uint32_t fd = open_file("f", 0, READ);

	OK(fd_seek(fd, 4, __WASI_WHENCE_SET, &off));
	EXPECT(INVAL, fd_seek(fd, -1, __WASI_WHENCE_SET, &off));
	EXPECT(INVAL, fd_seek(fd, -5, __WASI_WHENCE_CUR, &off));
	EXPECT(INVAL, fd_seek(fd, -11, __WASI_WHENCE_END, &off));
	EXPECT(INVAL, fd_seek(fd, INT64_MIN, __WASI_WHENCE_CUR, &off));
	EXPECT(INVAL, fd_seek(fd, INT64_MAX, __WASI_WHENCE_CUR, &off));
	EXPECT(INVAL, fd_seek(fd, 0, 3, &off));
	EXPECT(INVAL, fd_seek(fd, 0, 255, &off));
	EXPECT(FAULT, fd_seek(fd, 1, __WASI_WHENCE_CUR, NOWHERE));
	EXPECT(FAULT, fd_tell(fd, NOWHERE));
	CHECK(offset_of(fd) == 4);
	EXPECT(BADF, fd_seek(ROOT, 0, __WASI_WHENCE_SET, &off));
	EXPECT(BADF, fd_tell(ROOT, &off));
	drop_right(fd, RIGHT(FD_SEEK));
	EXPECT(NOTCAPABLE, fd_seek(fd, 0, __WASI_WHENCE_SET, &off));
	CHECK(offset_of(fd) == 4); /* FD_TELL alone is enough to ask */
	OK(fd_seek(fd, 0, __WASI_WHENCE_CUR, &off));
	drop_right(fd, RIGHT(FD_TELL));
	EXPECT(NOTCAPABLE, fd_tell(fd, &off));
	return 0;
}
