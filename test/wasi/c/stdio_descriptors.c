/* What the three streams are: rights one way each, no positions. */
#include "test/wasi/program.h"

int main(void)
{
	char c;
	size_t done;
	uint64_t off;

	CHECK(status_of(0).fs_rights_base & RIGHT(FD_READ));
	CHECK(status_of(1).fs_rights_base & RIGHT(FD_WRITE));
	CHECK(status_of(2).fs_rights_base & RIGHT(FD_WRITE));
	for (uint32_t fd = 0; fd < 3; fd++) {
		CHECK(status_of(fd).fs_filetype != __WASI_FILETYPE_DIRECTORY);
		CHECK(!(status_of(fd).fs_rights_base & (RIGHT(FD_SEEK) | RIGHT(PATH_OPEN))));
		EXPECT(SPIPE, fd_seek(fd, 0, __WASI_WHENCE_SET, &off));
		EXPECT(SPIPE, fd_tell(fd, &off));
	}
	EXPECT2(BADF, NOTCAPABLE, fd_write(0, IOV("x", 1), &done));
	EXPECT2(BADF, NOTCAPABLE, fd_read(1, IOV(&c, 1), &done));
	EXPECT2(BADF, NOTCAPABLE, fd_read(2, IOV(&c, 1), &done));
	return 0;
}
