/* A directory's entries: "." and "..", each name once with the inode and kind that stat gives. */
#include "test/wasi/program.h"

static uint8_t g_buf[4096];

static uint32_t entry(size_t at, __wasi_dirent_t *d, char *name)
{
	memcpy(d, g_buf + at, sizeof(*d));
	CHECK(d->d_namlen < 64);
	memcpy(name, g_buf + at + sizeof(*d), d->d_namlen);
	name[d->d_namlen] = '\0';
	return (uint32_t)sizeof(*d) + d->d_namlen;
}

int main(void)
{
	const uint32_t dir = open_dir("d");
	__wasi_filestat_t st;
	__wasi_dirent_t d;
	size_t used;
	uint32_t seen = 0;
	char name[64];

	OK(fd_readdir(dir, g_buf, sizeof(g_buf), __WASI_DIRCOOKIE_START, &used));
	CHECK(used < sizeof(g_buf));
	for (size_t at = 0; at < used;) {
		static const char *const names[] = {".", "..", "sub", "file", "link", "pipe"};

		at += entry(at, &d, name);
		for (uint32_t i = 0; i < 6; i++)
			seen += strcmp(name, names[i]) == 0 ? 1u << (4 * i) : 0;
		if (strcmp(name, "..") == 0)
			continue;
		OK(path_filestat_get(dir, 0, name, strlen(name), &st));
		CHECK(d.d_ino == st.ino);
		CHECK(d.d_type == st.filetype);
		CHECK((strcmp(name, "file") == 0) == (d.d_type == __WASI_FILETYPE_REGULAR_FILE));
		CHECK((strcmp(name, "link") == 0) == (d.d_type == __WASI_FILETYPE_SYMBOLIC_LINK));
	}
	CHECK(seen == 0x111111);
	return 0;
}
