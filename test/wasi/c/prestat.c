/* The directories given, from 3 on, with their names; BADF behind the last one ends the search. */
#include "test/wasi/program.h"

int main(void)
{
	__wasi_prestat_t st;
	char name[8];

	for (uint32_t fd = 3; fd < 5; fd++) {
		OK(fd_prestat_get(fd, &st));
		CHECK(st.tag == __WASI_PREOPENTYPE_DIR);
		CHECK(st.u.dir.pr_name_len == 3);
		memset(name, 'x', sizeof(name));
		OK(fd_prestat_dir_name(fd, name, 3));
		CHECK(memcmp(name, fd == 3 ? "onexxxxx" : "twoxxxxx", 8) == 0);
		EXPECT(NAMETOOLONG, fd_prestat_dir_name(fd, name, 2));
		EXPECT(NAMETOOLONG, fd_prestat_dir_name(fd, name, 0));
	}
	EXPECT(BADF, fd_prestat_get(5, &st));
	EXPECT(BADF, fd_prestat_dir_name(5, name, 8));
	EXPECT(BADF, fd_prestat_get(1, &st));
	EXPECT(FAULT, fd_prestat_get(3, NOWHERE));
	EXPECT(FAULT, fd_prestat_dir_name(3, NOWHERE, 32));
	make_dir("d");
	CHECK(open_dir("d") == 5);
	EXPECT(BADF, fd_prestat_get(5, &st));
	return 0;
}
