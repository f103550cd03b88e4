/* What is written after a rename is in the file of the new name; a file renamed over lives on while open. */
#include "test/wasi/program.h"

int main(void)
{
	const uint32_t a = open_file("a", CREATE, BOTH), b = open_file("b", CREATE, BOTH);
	char buf[8];
	uint64_t off;

	put(a, "one");
	put(b, "two");
	OK(path_rename(ROOT, S("a"), ROOT, S("b")));
	put(a, "!");
	put(b, "?");
	CHECK(!exists("a"));
	CHECK(holds("b", "one!"));
	OK(fd_seek(b, 0, __WASI_WHENCE_SET, &off));
	CHECK(get(b, buf, 8) == 4 && memcmp(buf, "two?", 4) == 0);
	return 0;
}
