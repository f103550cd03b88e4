/* Each right of a directory, taken away alone: its function gives NOTCAPABLE and nothing changes. */
#include "test/wasi/program.h"

static uint32_t without(uint64_t right)
{
	const uint32_t fd = open_dir("d");

	drop_right(fd, right);
	return fd;
}

int main(void)
{
	uint8_t buf[64];
	size_t done;
	uint32_t fd;

	make_dir("d");
	make_dir("d/sub");
	make_file("d/f", "text");
	make_link("f", "d/link");
	EXPECT(NOTCAPABLE, path_create_directory(without(RIGHT(PATH_CREATE_DIRECTORY)), S("new")));
	EXPECT(NOTCAPABLE,
	       path_open(without(RIGHT(PATH_CREATE_FILE)), 0, S("new"), CREATE, BOTH, 0, 0, &fd));
	EXPECT(NOTCAPABLE, path_open(without(RIGHT(PATH_OPEN)), 0, S("f"), 0, READ, 0, 0, &fd));
	EXPECT(NOTCAPABLE, path_open(without(RIGHT(PATH_FILESTAT_SET_SIZE)), 0, S("f"), TRUNC, BOTH,
				     0, 0, &fd));
	EXPECT(NOTCAPABLE, path_link(without(RIGHT(PATH_LINK_SOURCE)), 0, S("f"), ROOT, S("new")));
	EXPECT(NOTCAPABLE,
	       path_link(ROOT, 0, S("d/f"), without(RIGHT(PATH_LINK_TARGET)), S("new")));
	EXPECT(NOTCAPABLE, fd_readdir(without(RIGHT(FD_READDIR)), buf, sizeof(buf), 0, &done));
	EXPECT(NOTCAPABLE, path_readlink(without(RIGHT(PATH_READLINK)), S("link"), buf, 8, &done));
	EXPECT(NOTCAPABLE, path_rename(without(RIGHT(PATH_RENAME_SOURCE)), S("f"), ROOT, S("new")));
	EXPECT(NOTCAPABLE,
	       path_rename(ROOT, S("d/f"), without(RIGHT(PATH_RENAME_TARGET)), S("new")));
	EXPECT(NOTCAPABLE, path_symlink(S("f"), without(RIGHT(PATH_SYMLINK)), S("new")));
	EXPECT(NOTCAPABLE, path_remove_directory(without(RIGHT(PATH_REMOVE_DIRECTORY)), S("sub")));
	EXPECT(NOTCAPABLE, path_unlink_file(without(RIGHT(PATH_UNLINK_FILE)), S("f")));
	EXPECT(NOTCAPABLE, path_filestat_get(without(RIGHT(PATH_FILESTAT_GET)), 0, S("f"), buf));
	EXPECT(NOTCAPABLE, path_filestat_set_times(without(RIGHT(PATH_FILESTAT_SET_TIMES)), 0,
						   S("f"), 0, 0, __WASI_FSTFLAGS_MTIM_NOW));
	CHECK(!exists("new") && !exists("d/new"));
	CHECK(exists("d/sub") && exists("d/link"));
	CHECK(holds("d/f", "text"));
	return 0;
}
