/* fd_renumber: the old number is free, the new one is the same opening, what it was before is closed. */
#include "test/wasi/program.h"

int main(void)
{
	char c;

	make_file("a", "aaaa");
	make_file("b", "bbbb");
	const uint32_t a = open_file("a", 0, READ), b = open_file("b", 0, READ);

	CHECK(get(a, &c, 1) == 1 && c == 'a');
	OK(fd_renumber(a, b));
	EXPECT(BADF, fd_close(a));
	CHECK(offset_of(b) == 1);
	CHECK(get(b, &c, 1) == 1 && c == 'a');
	OK(fd_renumber(b, b));
	CHECK(offset_of(b) == 2);
	EXPECT(BADF, fd_renumber(b, FREE_FD));
	EXPECT(BADF, fd_renumber(a, b));
	CHECK(offset_of(b) == 2);
	CHECK(open_file("b", 0, READ) == a);
	return 0;
}
