/* Each right of a file, taken away alone: its function gives NOTCAPABLE and the file stays as it was. */
#include "test/wasi/program.h"

static uint32_t without(uint64_t right)
{
	const uint32_t fd = open_file("f", CREATE, BOTH);

	drop_right(fd, right);
	return fd;
}

int main(void)
{
	uint8_t buf[64];
	size_t done;
	uint64_t off;

	make_file("f", "text");
	EXPECT(NOTCAPABLE, fd_read(without(RIGHT(FD_READ)), IOV(buf, 1), &done));
	EXPECT(NOTCAPABLE, fd_pread(without(RIGHT(FD_READ)), IOV(buf, 1), 0, &done));
	EXPECT(NOTCAPABLE, fd_pread(without(RIGHT(FD_SEEK)), IOV(buf, 1), 0, &done));
	EXPECT(NOTCAPABLE, fd_write(without(RIGHT(FD_WRITE)), IOV("x", 1), &done));
	EXPECT(NOTCAPABLE, fd_pwrite(without(RIGHT(FD_WRITE)), IOV("x", 1), 0, &done));
	EXPECT(NOTCAPABLE, fd_pwrite(without(RIGHT(FD_SEEK)), IOV("x", 1), 0, &done));
	EXPECT(NOTCAPABLE, fd_seek(without(RIGHT(FD_SEEK)), 1, __WASI_WHENCE_SET, &off));
	EXPECT(NOTCAPABLE, fd_tell(without(RIGHT(FD_TELL) | RIGHT(FD_SEEK)), &off));
	EXPECT(NOTCAPABLE, fd_advise(without(RIGHT(FD_ADVISE)), 0, 0, 0));
	EXPECT(NOTCAPABLE, fd_allocate(without(RIGHT(FD_ALLOCATE)), 0, 100));
	EXPECT(NOTCAPABLE, fd_filestat_get(without(RIGHT(FD_FILESTAT_GET)), buf));
	EXPECT(NOTCAPABLE, fd_filestat_set_size(without(RIGHT(FD_FILESTAT_SET_SIZE)), 0));
	EXPECT(NOTCAPABLE, fd_filestat_set_times(without(RIGHT(FD_FILESTAT_SET_TIMES)), 0, 0,
						 __WASI_FSTFLAGS_MTIM_NOW));
	CHECK(holds("f", "text"));
	return 0;
}
