/* A name that is not UTF-8 is either a name like others or ILSEQ: never another file. */
#include "test/wasi/program.h"

int main(void)
{
	char buf[64];
	uint32_t fd;
	const uint32_t e = wasi_path_open(ROOT, 0, S("\xff\xfe"), 0, READ, 0, 0, &fd);

	if (e == 0) {
		CHECK(get(fd, buf, sizeof(buf)) == 4);
		OK(path_open(ROOT, 0, S("\x80new"), CREATE | EXCL, BOTH, 0, 0, &fd));
		OK(path_rename(ROOT, S("\x80new"), ROOT, S("\xc0\xaf")));
		OK(path_filestat_get(ROOT, 0, S("\xc0\xaf"), buf));
		return 0;
	}
	EXPECT2(ILSEQ, INVAL, path_open(ROOT, 0, S("\xff\xfe"), 0, READ, 0, 0, &fd));
	EXPECT2(ILSEQ, INVAL, path_open(ROOT, 0, S("\x80new"), CREATE, BOTH, 0, 0, &fd));
	return 0;
}
