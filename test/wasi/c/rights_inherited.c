/* What is opened below a directory has no more than the directory passes on, at any depth. */
#include "test/wasi/program.h"

int main(void)
{
	uint32_t dir, sub, fd;

	make_dir("d");
	make_dir("d/sub");
	make_file("d/sub/f", "text");
	dir = open_dir("d");
	const __wasi_fdstat_t st = status_of(dir);

	OK(fd_fdstat_set_rights(dir, st.fs_rights_base,
				st.fs_rights_inheriting & ~RIGHT(FD_WRITE)));
	EXPECT(NOTCAPABLE, fd_fdstat_set_rights(dir, st.fs_rights_base, st.fs_rights_inheriting));
	EXPECT(NOTCAPABLE, path_open(dir, 0, S("sub/f"), 0, BOTH, 0, 0, &fd));
	OK(path_open(dir, 0, S("sub/f"), 0, READ, 0, 0, &fd));
	CHECK(!(status_of(fd).fs_rights_base & RIGHT(FD_WRITE)));
	OK(path_open(dir, 0, S("sub"), DIRECTORY, RIGHT(PATH_OPEN),
		     st.fs_rights_inheriting & ~RIGHT(FD_WRITE), 0, &sub));
	EXPECT(NOTCAPABLE, path_open(sub, 0, S("f"), 0, BOTH, 0, 0, &fd));
	CHECK(!(status_of(sub).fs_rights_inheriting & RIGHT(FD_WRITE)));
	CHECK(holds("d/sub/f", "text"));
	return 0;
}
