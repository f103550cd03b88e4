/* Lists a directory of 100,000 entries, names of "n" and six digits: twice, each name once each time; the
 * second time some are removed on the way. */
#include "test/wasi/program.h"

#define ENTRIES 100000

static uint8_t g_seen[ENTRIES];

static uint32_t number(const char *name, uint32_t size)
{
	uint32_t n = 0;

	CHECK(size == 7 && name[0] == 'n');
	for (int i = 1; i < 7; i++)
		n = n * 10 + (uint32_t)(name[i] - '0');
	CHECK(n < ENTRIES);
	return n;
}

/* Takes one entry in; removes it when told to. */
static uint32_t take(const char *name, uint32_t size, bool remove)
{
	if (name[0] == '.')
		return 0;
	const uint32_t n = number(name, size);

	CHECK(!g_seen[n]);
	g_seen[n] = 1;
	if (remove && n % 10 == 0)
		OK(path_unlink_file(ROOT, name, size));
	return 1;
}

static uint32_t list(bool remove)
{
	static uint8_t buf[4096];
	uint64_t cookie = __WASI_DIRCOOKIE_START;
	uint32_t count = 0;
	size_t used;

	memset(g_seen, 0, sizeof(g_seen));
	do {
		OK(fd_readdir(ROOT, buf, sizeof(buf), cookie, &used));
		for (size_t at = 0; at + sizeof(__wasi_dirent_t) <= used;) {
			__wasi_dirent_t d;
			const char *const name = (const char *)buf + at + sizeof(d);

			memcpy(&d, buf + at, sizeof(d));
			at += sizeof(d) + d.d_namlen;
			if (at > used)
				break;
			cookie = d.d_next;
			count += take(name, d.d_namlen, remove);
		}
	} while (used == sizeof(buf));
	return count;
}

int main(void)
{
	CHECK(list(false) == ENTRIES);
	CHECK(list(true) == ENTRIES);
	CHECK(list(false) == ENTRIES - ENTRIES / 10);
	return 0;
}
