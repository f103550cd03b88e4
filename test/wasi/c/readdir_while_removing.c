/* As rm -r: entries are removed between the calls, and none is missed. */
#include "test/wasi/program.h"

int main(void)
{
	const uint32_t dir = open_dir("d");
	uint8_t buf[512];
	uint64_t cookie = 0;
	uint32_t removed = 0;
	size_t used;

	do {
		OK(fd_readdir(dir, buf, sizeof(buf), cookie, &used));
		for (size_t at = 0; at + sizeof(__wasi_dirent_t) <= used;) {
			__wasi_dirent_t d;
			const char *name = (const char *)buf + at + sizeof(d);

			memcpy(&d, buf + at, sizeof(d));
			at += sizeof(d) + d.d_namlen;
			if (at > used)
				break;
			cookie = d.d_next;
			if (name[0] == '.')
				continue;
			OK(path_unlink_file(dir, name, d.d_namlen));
			removed++;
		}
	} while (used == sizeof(buf));
	CHECK(removed == 500);
	OK(path_remove_directory(ROOT, S("d")));
	return 0;
}
