/* Offsets below zero, directories, descriptors that were opened for the other direction. */
#include "test/wasi/program.h"

int main(void)
{
	char c;
	size_t done;

	make_file("f", "text");
	const uint32_t reader = open_file("f", 0, READ), writer = open_file("f", 0, WRITE);

	EXPECT(INVAL, fd_pread(reader, IOV(&c, 1), UINT64_MAX, &done));
	EXPECT2(INVAL, FBIG, fd_pwrite(writer, IOV("x", 1), UINT64_MAX, &done));
	EXPECT(INVAL, fd_pwrite(writer, IOV("x", 1), UINT64_C(1) << 63, &done));
	EXPECT2(BADF, ISDIR, fd_pread(ROOT, IOV(&c, 1), 0, &done));
	EXPECT2(BADF, ISDIR, fd_pwrite(ROOT, IOV("x", 1), 0, &done));
	EXPECT2(BADF, ISDIR, fd_read(ROOT, IOV(&c, 1), &done));
	EXPECT2(BADF, ISDIR, fd_write(ROOT, IOV("x", 1), &done));
	EXPECT2(BADF, NOTCAPABLE, fd_pread(writer, IOV(&c, 1), 0, &done));
	EXPECT2(BADF, NOTCAPABLE, fd_pwrite(reader, IOV("x", 1), 0, &done));
	EXPECT2(BADF, NOTCAPABLE, fd_read(writer, IOV(&c, 1), &done));
	EXPECT2(BADF, NOTCAPABLE, fd_write(reader, IOV("x", 1), &done));
	EXPECT(FAULT, fd_pread(reader, IOV(NOWHERE, 32), 0, &done));
	EXPECT(FAULT, fd_pwrite(writer, IOV(NOWHERE, 32), 0, &done));
	CHECK(holds("f", "text"));
	return 0;
}
