/* /dev/attestation by its descriptor: two inputs, what can only be read, and nothing to be made. */
#include "test/wasi/program.h"

static const char *const g_made[] = {"my_target_info",	 "report",	  "quote",	   "claims",
				     "attestation_type", "launch_digest", "program_digest"};

static uint32_t length(const char *s)
{
	return (uint32_t)strlen(s);
}

static void inputs(void)
{
	uint8_t bytes[64], zeros[64] = {0};
	size_t done;
	const uint32_t fd = open_at(ROOT, "user_report_data", CREATE | TRUNC, BOTH, 0);

	CHECK(size_of("user_report_data") == 64 && size_of("target_info") == 512);
	CHECK(put(fd, "what I want attested") == 20);
	OK(fd_pwrite(fd, IOV("end", 3), 61, &done));
	CHECK(done == 3);
	OK(fd_pwrite(fd, IOV("end", 3), 63, &done));
	CHECK(done == 1);
	EXPECT(FBIG, fd_pwrite(fd, IOV("e", 1), 64, &done));
	EXPECT(FBIG, fd_filestat_set_size(fd, 65));
	EXPECT(NOTSUP, fd_allocate(fd, 0, 10));
	OK(fd_pread(fd, &(const iov){bytes, 64}, 1, 0, &done));
	CHECK(done == 64 && memcmp(bytes, "what I want attested", 20) == 0 && bytes[61] == 'e');
	OK(fd_filestat_set_size(fd, 0));
	OK(fd_pread(fd, &(const iov){bytes, 64}, 1, 0, &done));
	CHECK(done == 64 && memcmp(bytes, zeros, 64) == 0);
	OK(fd_close(fd));
}

static void made(const char *name)
{
	uint32_t fd;

	EXPECT(ACCES, path_open(ROOT, 0, name, length(name), 0, BOTH, 0, 0, &fd));
	EXPECT(ACCES, path_open(ROOT, 0, name, length(name), TRUNC, READ, 0, 0, &fd));
	EXPECT(EXIST, path_open(ROOT, 0, name, length(name), CREATE | EXCL, BOTH, 0, 0, &fd));
	EXPECT(NOTDIR, path_open(ROOT, 0, name, length(name), DIRECTORY, READ, 0, 0, &fd));
	fd = open_file(name, 0, READ);
	const __wasi_filestat_t st = stat_fd(fd);

	CHECK(st.filetype == __WASI_FILETYPE_REGULAR_FILE && st.size != 0);
	CHECK(st.ino == stat_of(name).ino && st.dev == stat_of(name).dev);
	EXPECT(NOTSUP, path_unlink_file(ROOT, name, length(name)));
	EXPECT(NOTSUP, path_rename(ROOT, name, length(name), ROOT, S("other")));
	OK(fd_close(fd));
}

static void directories(void)
{
	uint8_t entries[2048];
	uint32_t used, fd;

	OK(fd_readdir(ROOT, entries, sizeof(entries), 0, &used));
	CHECK(used < sizeof(entries));
	for (size_t i = 0; i < sizeof(g_made) / sizeof(*g_made); i++)
		CHECK(memmem(entries, used, g_made[i], strlen(g_made[i])));
	fd = open_dir("keys");
	OK(fd_readdir(fd, entries, sizeof(entries), 0, &used)); /* "." and ".." */
	CHECK(used == 2 * 24 + 3);
	EXPECT(NOENT, path_open(fd, 0, S("default"), 0, READ, 0, 0, &fd));
	EXPECT(ACCES, path_open(ROOT, 0, S("keys/new"), CREATE, BOTH, 0, 0, &fd));
	EXPECT(ACCES, path_open(ROOT, 0, S("new"), CREATE, BOTH, 0, 0, &fd));
	EXPECT(NOTSUP, path_create_directory(ROOT, S("new")));
	EXPECT2(PERM, NOTCAPABLE, path_open(ROOT, 0, S("../x"), 0, READ, 0, 0, &fd));
}

int main(void)
{
	__wasi_prestat_t st;
	char name[16];

	OK(fd_prestat_get(ROOT, &st));
	CHECK(st.u.dir.pr_name_len == 16);
	OK(fd_prestat_dir_name(ROOT, name, 16));
	CHECK(memcmp(name, "/dev/attestation", 16) == 0);
	inputs();
	for (size_t i = 0; i < sizeof(g_made) / sizeof(*g_made); i++)
		made(g_made[i]);
	directories();
	return 0;
}
