/* 3,000 entries through a buffer for three: each comes exactly once, in one pass. */
#include "test/wasi/program.h"

int main(void)
{
	static uint8_t seen[3000];
	uint8_t buf[128];
	uint64_t cookie = 0;
	uint32_t count = 0, others = 0;
	size_t used;

	do {
		OK(fd_readdir(ROOT, buf, sizeof(buf), cookie, &used));
		for (size_t at = 0; at + sizeof(__wasi_dirent_t) <= used;) {
			__wasi_dirent_t d;
			const char *name = (const char *)buf + at + sizeof(d);
			uint32_t n = 0;

			memcpy(&d, buf + at, sizeof(d));
			at += sizeof(d) + d.d_namlen;
			if (at > used)
				break;
			cookie = d.d_next;
			if (d.d_namlen != 11) {
				others++;
				continue;
			}
			CHECK(memcmp(name, "entry-", 6) == 0);
			for (int i = 6; i < 11; i++)
				n = n * 10 + (uint32_t)(name[i] - '0');
			CHECK(n < 3000 && !seen[n]);
			seen[n] = 1;
			count++;
		}
	} while (used == sizeof(buf));
	CHECK(count == 3000);
	CHECK(others == 2);
	return 0;
}
