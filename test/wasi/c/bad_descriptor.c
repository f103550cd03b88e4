/* Every function that takes a descriptor: one that is not open gives BADF. */
#include "test/wasi/program.h"

static void each(uint32_t fd)
{
	uint8_t buf[64];
	size_t done;
	uint64_t off;

	EXPECT(BADF, fd_advise(fd, 0, 0, 0));
	EXPECT(BADF, fd_allocate(fd, 0, 1));
	EXPECT(BADF, fd_close(fd));
	EXPECT(BADF, fd_datasync(fd));
	EXPECT(BADF, fd_sync(fd));
	EXPECT(BADF, fd_fdstat_get(fd, buf));
	EXPECT(BADF, fd_fdstat_set_flags(fd, 0));
	EXPECT(BADF, fd_fdstat_set_rights(fd, 0, 0));
	EXPECT(BADF, fd_filestat_get(fd, buf));
	EXPECT(BADF, fd_filestat_set_size(fd, 0));
	EXPECT(BADF, fd_filestat_set_times(fd, 0, 0, 0));
	EXPECT(BADF, fd_pread(fd, IOV(buf, 1), 0, &done));
	EXPECT(BADF, fd_pwrite(fd, IOV(buf, 1), 0, &done));
	EXPECT(BADF, fd_prestat_get(fd, buf));
	EXPECT(BADF, fd_prestat_dir_name(fd, buf, 1));
	EXPECT(BADF, fd_read(fd, IOV(buf, 1), &done));
	EXPECT(BADF, fd_write(fd, IOV(buf, 1), &done));
	EXPECT(BADF, fd_readdir(fd, buf, sizeof(buf), 0, &done));
	EXPECT(BADF, fd_seek(fd, 0, __WASI_WHENCE_SET, &off));
	EXPECT(BADF, fd_tell(fd, &off));
	EXPECT(BADF, fd_renumber(fd, ROOT));
	EXPECT(BADF, fd_renumber(ROOT, fd));
	EXPECT(BADF, sock_accept(fd, 0, &done));
	EXPECT(BADF, sock_recv(fd, IOV(buf, 1), 0, &done, buf));
	EXPECT(BADF, sock_send(fd, IOV(buf, 1), 0, &done));
	EXPECT(BADF, sock_shutdown(fd, __WASI_SDFLAGS_RD));
}

static void each_path(uint32_t fd)
{
	uint8_t buf[64];
	size_t done;

	EXPECT(BADF, path_create_directory(fd, S("a")));
	EXPECT(BADF, path_filestat_get(fd, 0, S("a"), buf));
	EXPECT(BADF, path_filestat_set_times(fd, 0, S("a"), 0, 0, 0));
	EXPECT(BADF, path_link(fd, 0, S("a"), ROOT, S("b")));
	EXPECT2(BADF, NOENT, path_link(ROOT, 0, S("a"), fd, S("b")));
	EXPECT(BADF, path_open(fd, 0, S("a"), 0, READ, 0, 0, &done));
	EXPECT(BADF, path_readlink(fd, S("a"), buf, 8, &done));
	EXPECT(BADF, path_remove_directory(fd, S("a")));
	EXPECT(BADF, path_rename(fd, S("a"), ROOT, S("b")));
	EXPECT2(BADF, NOENT, path_rename(ROOT, S("a"), fd, S("b")));
	EXPECT(BADF, path_symlink(S("a"), fd, S("b")));
	EXPECT(BADF, path_unlink_file(fd, S("a")));
}

int main(void)
{
	each(FREE_FD);
	each(UINT32_MAX);
	each(0x80000000);
	each_path(FREE_FD);
	each_path(UINT32_MAX);
	CHECK(status_of(ROOT).fs_filetype == __WASI_FILETYPE_DIRECTORY);
	return 0;
}
