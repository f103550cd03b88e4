/* Names with a newline, colons, blanks, quotes, control characters: bytes like others. */
#include "test/wasi/program.h"

int main(void)
{
	static const char *const names[] = {"new\nline",  "a::b", " ",
					    "\"quoted\"", "-rf",  "gr\xc3\xbc\xc3\x9f",
					    "\x1b[31m",	  "...",  "back\\slash"};
	uint8_t buf[2048];
	uint32_t found = 0;
	size_t used;

	OK(fd_readdir(ROOT, buf, sizeof(buf), 0, &used));
	CHECK(used < sizeof(buf));
	for (uint32_t i = 0; i < 9; i++) {
		const size_t n = strlen(names[i]);

		CHECK(exists(names[i]));
		for (size_t at = 0; at < used;) {
			__wasi_dirent_t d;

			memcpy(&d, buf + at, sizeof(d));
			at += sizeof(d) + d.d_namlen;
			if (d.d_namlen == n && memcmp(buf + at - n, names[i], n) == 0)
				found |= 1u << i;
		}
	}
	CHECK(found == 0x1ff);
	make_file("made:::", "text");
	make_file("one", "text");
	OK(path_rename(ROOT, S("one"), ROOT, S("t\nwo")));
	make_link("a::b", "l\tink");
	OK(path_open(ROOT, FOLLOW, S("l\tink"), 0, READ, 0, 0, &found));
	return 0;
}
