/* A loop, and a chain that is too long: LOOP for everything that follows, never a hang. */
#include "test/wasi/program.h"

int main(void)
{
	__wasi_filestat_t st;
	uint32_t fd;
	char name[] = "l00", target[] = "l00";

	make_link("self", "self");
	make_link("pong/x", "ping");
	make_link("ping/x", "pong");
	EXPECT(LOOP, path_open(ROOT, FOLLOW, S("self"), 0, READ, 0, 0, &fd));
	EXPECT(LOOP, path_open(ROOT, FOLLOW, S("self"), CREATE, BOTH, 0, 0, &fd));
	EXPECT(LOOP, path_open(ROOT, FOLLOW, S("self/x"), 0, READ, 0, 0, &fd));
	EXPECT(LOOP, path_open(ROOT, FOLLOW, S("ping"), 0, READ, 0, 0, &fd));
	EXPECT(LOOP, path_filestat_get(ROOT, FOLLOW, S("self"), &st));
	EXPECT(LOOP, path_filestat_get(ROOT, 0, S("self/"), &st));
	EXPECT(LOOP,
	       path_filestat_set_times(ROOT, FOLLOW, S("self"), 0, 0, __WASI_FSTFLAGS_MTIM_NOW));
	EXPECT(LOOP, path_create_directory(ROOT, S("ping/new")));
	OK(path_filestat_get(ROOT, 0, S("self"), &st));
	make_file("l00", "end");
	for (int i = 1; i < 60; i++) {
		name[1] = (char)('0' + i / 10);
		name[2] = (char)('0' + i % 10);
		make_link(target, name);
		memcpy(target, name, sizeof(name));
	}
	CHECK(holds("l20", "end"));
	EXPECT(LOOP, path_open(ROOT, FOLLOW, S("l59"), 0, READ, 0, 0, &fd));
	return 0;
}
