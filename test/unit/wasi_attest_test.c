/* wasi: /dev/attestation: what each file shows, what may be written, and that keys do not outlive it. */
#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/unit/wasi_guest.h"
#include "wasi/fs_attest.h"

#define IOVS	 0x800u
#define NOFOLLOW 0u

#define TARGET_SIZE WASI_TARGET_SIZE
#define REPORT_SIZE WASI_REPORT_SIZE

/* What stands behind the mount: it shows what it was asked. */
static struct {
	unsigned reports, quotes;
	size_t quote_size;
	enum wasi_errno fail;
	bool busy; /* a callback calls back: it must be able to, since no lock is held */
} g_fake_attest;

static void again(void)
{
	if (!g_fake_attest.busy)
		return;
	g_fake_attest.busy = false;
	CHECK_EQ(guest_open_at(GUEST_DIR, "user_report_data", 0, WASI_OPEN_TRUNC, RIGHTS_RW, 0),
		 WASI_SUCCESS);
	CHECK_EQ(CALL(fd_close, guest_u32(GUEST_OUT)), WASI_SUCCESS);
}

static enum wasi_errno fake_report(void *context, const uint8_t user[WASI_USER_SIZE],
				   const uint8_t target[TARGET_SIZE], uint8_t out[REPORT_SIZE])
{
	CHECK(context == &g_fake_attest);
	g_fake_attest.reports++;
	again();
	out[0] = 'R';
	out[1] = (uint8_t)g_fake_attest.reports;
	memcpy(out + 8, user, WASI_USER_SIZE);
	memcpy(out + 8 + WASI_USER_SIZE, target, 300);
	out[REPORT_SIZE - 1] = target[TARGET_SIZE - 1];
	return g_fake_attest.fail;
}

static enum wasi_errno fake_quote(void *context, const uint8_t user[WASI_USER_SIZE], void *out,
				  size_t max, size_t *size)
{
	uint8_t *p = out;

	CHECK(context == &g_fake_attest);
	CHECK_EQ(max, WASI_QUOTE_MAX);
	g_fake_attest.quotes++;
	again();
	memset(p, 'q', g_fake_attest.quote_size);
	p[0] = (uint8_t)g_fake_attest.quotes;
	memcpy(p + 8, user, WASI_USER_SIZE);
	*size = g_fake_attest.quote_size;
	return g_fake_attest.fail;
}

static enum wasi_errno fake_claims(void *context, const uint8_t user[WASI_USER_SIZE], void *out,
				   size_t max, size_t *size)
{
	CHECK(context == &g_fake_attest && max == WASI_QUOTE_MAX);
	memcpy(out, "claims", 6);
	memcpy((uint8_t *)out + 6, user, WASI_USER_SIZE);
	*size = 6 + WASI_USER_SIZE;
	return g_fake_attest.fail;
}

static enum wasi_errno fake_my_target(void *context, uint8_t out[TARGET_SIZE])
{
	CHECK(context == &g_fake_attest);
	memset(out, 'T', TARGET_SIZE);
	return g_fake_attest.fail;
}

#define BYTES(text)                                                                                \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}

static struct wasi_given g_keys[WASI_KEYS_MAX + 1];
static struct wasi_attestation g_attestation;

/* A guest whose only mount is that of attestation, with the keys that are set; what wasi_init says. */
static enum err open_guest(void)
{
	guest_start(false);
	wasi_fini(&g_wasi); /* the host's directory goes */
	for (int i = 0; i < 3; i++)
		fake_handle(i, false, HOST_OPEN_READ | HOST_OPEN_WRITE);
	memset(&g_fake_attest, 0, sizeof(g_fake_attest));
	g_fake_attest.quote_size = 4000;
	g_attestation.context = &g_fake_attest;
	g_attestation.report = fake_report;
	g_attestation.quote = fake_quote;
	g_attestation.claims = fake_claims;
	g_attestation.my_target = fake_my_target;
	memset(g_attestation.launch_digest, 'L', sizeof(g_attestation.launch_digest));
	memset(g_attestation.program_digest, 'P', sizeof(g_attestation.program_digest));
	g_attestation.keys = g_keys;
	g_mounts[0] = (struct wasi_mount){.path = BYTES("/dev/attestation"),
					  .kind = WASI_MOUNT_ATTESTATION};
	g_config.attestation = &g_attestation;
	return wasi_init(&g_wasi, &g_config);
}

/* After an init that failed. */
static void drop_guest(void)
{
	fake_fini();
	free(g_memory.base);
	g_attestation.key_count = 0;
}

static void end(void)
{
	guest_end();
	g_attestation.key_count = 0;
}

static void start(void)
{
	g_keys[0] = (struct wasi_given){BYTES("default"), BYTES("sixteen bytes ..")};
	g_keys[1] = (struct wasi_given){BYTES("empty"), {NULL, 0}};
	g_keys[2] = (struct wasi_given){BYTES("..."), BYTES("odd name")};
	g_attestation.key_count = 3;
	if (open_guest() != E_OK)
		abort();
}

/* The errno; how many bytes in GUEST_OUT. */
static uint32_t move(bool out, uint32_t fd, uint32_t at, uint32_t size)
{
	const struct wasi_iovec v = {at, size};

	guest_put(IOVS, &v, sizeof(v));
	return out ? CALL(fd_write, fd, IOVS, 1, GUEST_OUT) : CALL(fd_read, fd, IOVS, 1, GUEST_OUT);
}

static uint32_t put_at(uint32_t fd, uint64_t off, uint8_t byte, uint32_t size)
{
	memset(g_memory.base + GUEST_DATA, byte, size);
	CHECK_EQ(CALL(fd_seek, fd, off, WASI_WHENCE_SET, GUEST_OUT), WASI_SUCCESS);
	return move(true, fd, GUEST_DATA, size);
}

/* Writes `size` times this byte to a file, opened as fopen "w" does. */
static void input(const char *path, uint8_t byte, uint32_t size)
{
	const uint32_t fd =
		guest_fd(path, WASI_OPEN_CREATE | WASI_OPEN_TRUNC, WASI_RIGHT_FD_WRITE, 0);

	CHECK_EQ(put_at(fd, 0, byte, size), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), size);
	CHECK_EQ(CALL(fd_close, fd), WASI_SUCCESS);
}

/* All of a file, read in pieces of `piece`, to where it is then; its size. */
static const uint8_t *bytes_of(uint32_t fd, uint32_t piece, uint32_t *size)
{
	*size = 0;
	for (;;) {
		CHECK_EQ(move(false, fd, GUEST_DATA + *size, piece), WASI_SUCCESS);
		if (guest_u32(GUEST_OUT) == 0)
			return g_memory.base + GUEST_DATA;
		*size += guest_u32(GUEST_OUT);
	}
}

static const uint8_t *content(const char *path, uint32_t *size)
{
	const uint32_t fd = guest_fd(path, 0, WASI_RIGHT_FD_READ, 0);
	const uint8_t *p = bytes_of(fd, 4096, size);

	CHECK_EQ(CALL(fd_close, fd), WASI_SUCCESS);
	return p;
}

static bool all_are(const uint8_t *p, uint8_t byte, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (p[i] != byte)
			return false;
	}
	return true;
}

static bool shows(const char *path, uint8_t byte, uint32_t size)
{
	uint32_t got;
	const uint8_t *p = content(path, &got);

	return got == size && all_are(p, byte, size);
}

static struct wasi_filestat stat_of(const char *path)
{
	struct wasi_filestat st = {0};

	CHECK_EQ(CALL(path_filestat_get, GUEST_DIR, NOFOLLOW, GUEST_PATH,
		      guest_str(GUEST_PATH, path), GUEST_DATA),
		 WASI_SUCCESS);
	memcpy(&st, g_memory.base + GUEST_DATA, sizeof(st));
	return st;
}

static uint32_t open_to(const char *path, uint32_t oflags, uint64_t rights)
{
	const uint32_t e = guest_open_at(GUEST_DIR, path, 0, oflags, rights, 0);

	if (e == WASI_SUCCESS)
		CHECK_EQ(CALL(fd_close, guest_u32(GUEST_OUT)), WASI_SUCCESS);
	return e;
}

TEST(inputs_are_zeros_until_they_are_written)
{
	start();
	CHECK(shows("user_report_data", 0, WASI_USER_SIZE));
	CHECK(shows("target_info", 0, TARGET_SIZE));
	input("user_report_data", 'u', WASI_USER_SIZE);
	CHECK(shows("user_report_data", 'u', WASI_USER_SIZE));
	CHECK(shows("target_info", 0, TARGET_SIZE));
	input("target_info", 't', TARGET_SIZE);
	CHECK(shows("target_info", 't', TARGET_SIZE));
	CHECK(shows("user_report_data", 'u', WASI_USER_SIZE));
	end();
}

TEST(an_input_keeps_its_size)
{
	uint32_t size;

	start();
	input("user_report_data", 'a', WASI_USER_SIZE);
	input("user_report_data", 'b', 3); /* opened with TRUNC: the rest is zeros */
	const uint8_t *p = content("user_report_data", &size);

	CHECK_EQ(size, WASI_USER_SIZE);
	CHECK(all_are(p, 'b', 3) && all_are(p + 3, 0, WASI_USER_SIZE - 3));
	const uint32_t fd = guest_fd("user_report_data", 0, RIGHTS_RW, 0);

	CHECK_EQ(put_at(fd, 60, 'c', 10), WASI_SUCCESS); /* what fits */
	CHECK_EQ(guest_u32(GUEST_OUT), 4);
	CHECK_EQ(put_at(fd, 64, 'd', 1), WASI_FBIG);
	CHECK_EQ(put_at(fd, 64, 'd', 0), WASI_SUCCESS);
	CHECK_EQ(put_at(fd, 1ull << 40, 'd', 1), WASI_FBIG);
	CHECK_EQ(CALL(fd_filestat_set_size, fd, 2), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_filestat_set_size, fd, 65), WASI_FBIG);
	CHECK_EQ(CALL(fd_allocate, fd, 0, 10), WASI_NOTSUP);
	CHECK_EQ(stat_of("user_report_data").size, WASI_USER_SIZE);
	CHECK_EQ(CALL(fd_seek, fd, 0, WASI_WHENCE_SET, GUEST_OUT), WASI_SUCCESS);
	p = bytes_of(fd, 7, &size); /* the descriptor sees what it wrote */
	CHECK(size == WASI_USER_SIZE && all_are(p, 'b', 2) && all_are(p + 2, 0, 62));
	end();
}

TEST(appending_is_behind_the_end)
{
	start();
	const uint32_t fd = guest_fd("user_report_data", 0, RIGHTS_RW, WASI_FD_APPEND);

	CHECK_EQ(put_at(fd, 0, 'a', 1), WASI_FBIG);
	CHECK(shows("user_report_data", 0, WASI_USER_SIZE));
	CHECK_EQ(CALL(fd_fdstat_set_flags, fd, 0), WASI_SUCCESS);
	CHECK_EQ(put_at(fd, 0, 'a', 1), WASI_SUCCESS);
	end();
}

TEST(a_report_is_of_the_inputs_as_they_were_at_its_opening)
{
	uint32_t size;

	start();
	input("user_report_data", 'u', WASI_USER_SIZE);
	input("target_info", 't', TARGET_SIZE);
	const uint32_t fd = guest_fd("report", 0, WASI_RIGHT_FD_READ, 0);

	input("user_report_data", 'v', WASI_USER_SIZE);
	const uint8_t *p = bytes_of(fd, 100, &size);

	CHECK_EQ(size, REPORT_SIZE);
	CHECK(p[0] == 'R' && p[1] == 1 && all_are(p + 8, 'u', 64) && all_are(p + 72, 't', 300));
	CHECK_EQ(p[REPORT_SIZE - 1], 't');
	CHECK_EQ(CALL(fd_seek, fd, 0, WASI_WHENCE_SET, GUEST_OUT), WASI_SUCCESS);
	p = bytes_of(fd, 432, &size);
	CHECK(size == REPORT_SIZE && p[1] == 1 && p[8] == 'u');
	p = content("report", &size);
	CHECK(size == REPORT_SIZE && p[1] == 2 && all_are(p + 8, 'v', 64));
	CHECK_EQ(g_fake_attest.reports, 2);
	end();
}

TEST(a_quote_has_the_size_that_it_came_with)
{
	struct wasi_filestat st;
	uint32_t size;

	start();
	CHECK_EQ(stat_of("quote").size, 0); /* nobody knows yet, and none is made to find out */
	CHECK_EQ(g_fake_attest.quotes, 0);
	input("user_report_data", 'u', WASI_USER_SIZE);
	const uint32_t fd = guest_fd("quote", 0, WASI_RIGHT_FD_READ, 0);

	CHECK_EQ(CALL(fd_filestat_get, fd, GUEST_DATA), WASI_SUCCESS);
	memcpy(&st, g_memory.base + GUEST_DATA, sizeof(st));
	CHECK(st.size == 4000 && st.type == WASI_TYPE_FILE && st.ino == stat_of("quote").ino);
	const uint8_t *p = bytes_of(fd, 999, &size);

	CHECK(size == 4000 && p[0] == 1 && p[3999] == 'q' && all_are(p + 8, 'u', 64));
	g_fake_attest.quote_size = WASI_QUOTE_MAX;
	p = content("quote", &size);
	CHECK(size == WASI_QUOTE_MAX && p[0] == 2 && p[size - 1] == 'q');
	CHECK_EQ(g_fake_attest.quotes, 2);
	end();
}

TEST(the_others_show_what_they_are_named_for)
{
	uint32_t size;

	start();
	CHECK(shows("my_target_info", 'T', TARGET_SIZE));
	CHECK(shows("launch_digest", 'L', 32) && shows("program_digest", 'P', 32));
	CHECK(guest_reads("attestation_type", "dcap"));
	input("user_report_data", 'u', WASI_USER_SIZE);
	const uint8_t *p = content("claims", &size);

	CHECK(size == 70 && memcmp(p, "claims", 6) == 0 && all_are(p + 6, 'u', 64));
	end();
}

TEST(keys_are_read_by_name)
{
	start();
	CHECK(guest_reads("keys/default", "sixteen bytes .."));
	CHECK(guest_reads("keys/empty", "") && guest_reads("keys/...", "odd name"));
	CHECK(guest_reads("keys/../keys/default", "sixteen bytes .."));
	CHECK_EQ(open_to("keys/none", 0, WASI_RIGHT_FD_READ), WASI_NOENT);
	CHECK_EQ(open_to("keys/defaul", 0, WASI_RIGHT_FD_READ), WASI_NOENT);
	CHECK_EQ(open_to("default", 0, WASI_RIGHT_FD_READ), WASI_NOENT);
	CHECK_EQ(open_to("keys/quote", 0, WASI_RIGHT_FD_READ), WASI_NOENT);
	CHECK_EQ(open_to("keys/default/x", 0, WASI_RIGHT_FD_READ), WASI_NOTDIR);
	CHECK_EQ(stat_of("keys/default").size, 16);
	CHECK_EQ(stat_of("keys").type, WASI_TYPE_DIR);
	end();
}

TEST(all_but_the_inputs_can_only_be_read)
{
	static const char *const names[] = {"report",	      "quote",	       "claims",
					    "my_target_info", "keys/default",  "attestation_type",
					    "launch_digest",  "program_digest"};

	start();
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		CHECK_EQ(open_to(names[i], 0, WASI_RIGHT_FD_WRITE), WASI_ACCES);
		CHECK_EQ(open_to(names[i], 0, RIGHTS_RW), WASI_ACCES);
		CHECK_EQ(open_to(names[i], WASI_OPEN_TRUNC, WASI_RIGHT_FD_READ), WASI_ACCES);
		CHECK_EQ(open_to(names[i], WASI_OPEN_CREATE | WASI_OPEN_EXCL, RIGHTS_RW),
			 WASI_EXIST);
		const uint32_t fd = guest_fd(names[i], WASI_OPEN_CREATE, WASI_RIGHT_FD_READ, 0);

		CHECK_EQ(move(true, fd, GUEST_DATA, 1), WASI_BADF);
		CHECK_EQ(CALL(fd_filestat_set_size, fd, 0), WASI_INVAL);
		CHECK_EQ(CALL(fd_sync, fd), WASI_SUCCESS);
	}
	CHECK_EQ(g_fake_attest.quotes, 1); /* what is refused costs no quote */
	end();
}

TEST(no_name_is_made_or_changed)
{
	start();
	CHECK_EQ(open_to("new", WASI_OPEN_CREATE, RIGHTS_RW), WASI_ACCES);
	CHECK_EQ(open_to("keys/new", WASI_OPEN_CREATE, RIGHTS_RW), WASI_ACCES);
	CHECK_EQ(open_to("keys", 0, RIGHTS_RW), WASI_ISDIR);
	CHECK_EQ(open_to("keys", WASI_OPEN_DIRECTORY, WASI_RIGHT_FD_READDIR), WASI_SUCCESS);
	CHECK_EQ(open_to("quote", WASI_OPEN_DIRECTORY, WASI_RIGHT_FD_READ), WASI_NOTDIR);
	CHECK_EQ(open_to("quote/", 0, WASI_RIGHT_FD_READ), WASI_NOTDIR);
	CHECK_EQ(open_to("../x", 0, WASI_RIGHT_FD_READ), WASI_PERM);
	CHECK_EQ(CALL(path_create_directory, GUEST_DIR, GUEST_PATH, guest_str(GUEST_PATH, "d")),
		 WASI_NOTSUP);
	CHECK_EQ(CALL(path_unlink_file, GUEST_DIR, GUEST_PATH, guest_str(GUEST_PATH, "quote")),
		 WASI_NOTSUP);
	CHECK_EQ(CALL(path_remove_directory, GUEST_DIR, GUEST_PATH, guest_str(GUEST_PATH, "keys")),
		 WASI_NOTSUP);
	CHECK_EQ(CALL(path_rename, GUEST_DIR, GUEST_PATH, guest_str(GUEST_PATH, "quote"), GUEST_DIR,
		      GUEST_PATH2, guest_str(GUEST_PATH2, "q")),
		 WASI_NOTSUP);
	CHECK_EQ(CALL(path_readlink, GUEST_DIR, GUEST_PATH, guest_str(GUEST_PATH, "quote"),
		      GUEST_DATA, 100, GUEST_OUT),
		 WASI_INVAL);
	CHECK_EQ(CALL(path_filestat_set_times, GUEST_DIR, NOFOLLOW, GUEST_PATH,
		      guest_str(GUEST_PATH, "quote"), 1, 1, WASI_TIME_ATIM),
		 WASI_NOTSUP);
	end();
}

/* The names of a directory, each followed by a slash, read with a buffer of `size` bytes. */
static const char *list(uint32_t fd, uint32_t size)
{
	static char names[1024];
	uint64_t cookie = 0;
	size_t used = 0;

	for (uint32_t at = 1; at != 0;) {
		struct wasi_dirent d;

		CHECK_EQ(CALL(fd_readdir, fd, GUEST_DATA, size, cookie, GUEST_OUT), WASI_SUCCESS);
		const uint32_t end_at = guest_u32(GUEST_OUT);

		for (at = 0; end_at - at >= sizeof(d); cookie = d.next) {
			memcpy(&d, g_memory.base + GUEST_DATA + at, sizeof(d));
			if (d.name_size > end_at - at - sizeof(d))
				break;
			memcpy(names + used, g_memory.base + GUEST_DATA + at + sizeof(d),
			       d.name_size);
			used += d.name_size;
			names[used++] = d.type == WASI_TYPE_DIR ? '/' : ' ';
			at += (uint32_t)sizeof(d) + d.name_size;
		}
	}
	names[used] = 0;
	return names;
}

TEST(directories_list_all_there_is)
{
	static const char all[] = "./../user_report_data target_info keys/my_target_info report "
				  "quote claims attestation_type launch_digest program_digest ";

	start();
	CHECK(strcmp(list(GUEST_DIR, 4096), all) == 0);
	CHECK(strcmp(list(GUEST_DIR, 48), all) == 0); /* one at a time */
	const uint32_t fd = guest_fd("keys", WASI_OPEN_DIRECTORY, WASI_RIGHT_FD_READDIR, 0);

	CHECK(strcmp(list(fd, 4096), "./../default empty ... ") == 0);
	CHECK(strcmp(list(fd, 40), "./../default empty ... ") == 0);
	CHECK_EQ(CALL(fd_readdir, fd, GUEST_DATA, 100, UINT64_MAX, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 0);
	CHECK_EQ(move(false, fd, GUEST_DATA, 10), WASI_BADF);
	end();
}

TEST(what_goes_wrong_behind_is_told_at_the_opening)
{
	start();
	g_fake_attest.fail = WASI_NOTSUP;
	CHECK_EQ(open_to("quote", 0, WASI_RIGHT_FD_READ), WASI_NOTSUP);
	g_fake_attest.fail = WASI_IO;
	CHECK_EQ(open_to("report", 0, WASI_RIGHT_FD_READ), WASI_IO);
	CHECK_EQ(open_to("claims", 0, WASI_RIGHT_FD_READ), WASI_IO);
	CHECK_EQ(open_to("my_target_info", 0, WASI_RIGHT_FD_READ), WASI_IO);
	CHECK_EQ(open_to("user_report_data", 0, WASI_RIGHT_FD_READ), WASI_SUCCESS);
	CHECK_EQ(open_to("quote", 0, 0), WASI_SUCCESS); /* not to be read: nothing is asked */
	end();
}

TEST(no_lock_is_held_while_evidence_is_made)
{
	uint32_t size;

	start();
	input("user_report_data", 'u', WASI_USER_SIZE);
	g_fake_attest.busy = true;
	const uint8_t *p = content("report", &size);

	CHECK(size == REPORT_SIZE && all_are(p + 8, 'u', 64));
	CHECK(shows("user_report_data", 0, WASI_USER_SIZE));
	end();
}

TEST(the_root_may_be_closed_before_the_rest)
{
	start();
	const uint32_t fd = guest_fd("keys/default", 0, WASI_RIGHT_FD_READ, 0);

	CHECK_EQ(CALL(fd_close, GUEST_DIR), WASI_SUCCESS);
	CHECK_EQ(move(false, fd, GUEST_DATA, 100), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 16);
	end();
}

TEST(names_of_keys_are_checked)
{
	static const struct wasi_bytes bad[] = {BYTES(""),	 BYTES("."),   BYTES(".."),
						BYTES("a/b"),	 BYTES("a\0"), BYTES("/a"),
						BYTES("default")};
	static const uint8_t long_name[FS_NAME_MAX + 1] = {[0 ... FS_NAME_MAX] = 'k'};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		g_keys[0] = (struct wasi_given){BYTES("default"), BYTES("k")};
		g_keys[1] = (struct wasi_given){bad[i], BYTES("k")};
		g_attestation.key_count = 2;
		CHECK_EQ(open_guest(), E_INVALID);
		drop_guest();
	}
	g_keys[1].path = (struct wasi_bytes){long_name, FS_NAME_MAX + 1};
	g_attestation.key_count = 2;
	CHECK_EQ(open_guest(), E_INVALID);
	drop_guest();
	g_keys[1].path.size = FS_NAME_MAX;
	g_attestation.key_count = 2;
	CHECK_EQ(open_guest(), E_OK);
	end();
}

TEST(keys_are_counted)
{
	static char names[WASI_KEYS_MAX + 1][8];

	for (size_t i = 0; i <= WASI_KEYS_MAX; i++) {
		const int n = snprintf(names[i], sizeof(names[i]), "k%zu", i);

		g_keys[i] = (struct wasi_given){{(const uint8_t *)names[i], (size_t)n}, BYTES("x")};
	}
	g_attestation.key_count = WASI_KEYS_MAX + 1;
	CHECK_EQ(open_guest(), E_LIMIT);
	drop_guest();
	g_attestation.key_count = WASI_KEYS_MAX;
	CHECK_EQ(open_guest(), E_OK);
	CHECK(guest_reads("keys/k255", "x"));
	end();
}

TEST(the_mount_stands_once_with_something_behind_it)
{
	start();
	wasi_fini(&g_wasi);
	g_mounts[1] = g_mounts[0];
	g_mounts[1].path = (struct wasi_bytes)BYTES("/other");
	g_config.mount_count = 2;
	CHECK_EQ(wasi_init(&g_wasi, &g_config), E_INVALID);
	g_config.mount_count = 1;
	g_mounts[0].read_only = true;
	CHECK_EQ(wasi_init(&g_wasi, &g_config), E_INVALID);
	g_mounts[0].read_only = false;
	g_config.attestation = NULL;
	CHECK_EQ(wasi_init(&g_wasi, &g_config), E_UNSUPPORTED);
	g_config.attestation = &g_attestation;
	g_config.mount_count = 0;
	CHECK_EQ(wasi_init(&g_wasi, &g_config), E_DENIED); /* keys that nobody could read */
	drop_guest();
}

TEST(keys_are_wiped_when_all_ends)
{
	struct fs_node *root, *keys, *key;
	size_t done;
	uint8_t buf[16];

	start();
	CHECK_EQ(fs_attest_new(&g_attestation, 1, &root), WASI_SUCCESS);
	CHECK_EQ(fs_open(root, (struct name){"keys", 4}, FS_OPEN_READ, 0, &keys), WASI_SUCCESS);
	CHECK_EQ(fs_open(keys, (struct name){"default", 7}, FS_OPEN_READ, 0, &key), WASI_SUCCESS);
	CHECK_EQ(fs_read(key, buf, sizeof(buf), 0, &done), WASI_SUCCESS);
	CHECK(done == 16 && memcmp(buf, "sixteen bytes ..", 16) == 0);
	fs_node_put(key);
	fs_node_put(keys);
	native_heap_watch("sixteen bytes ..", 16);
	fs_node_put(root);
	wasi_fini(&g_wasi);
	CHECK(!native_heap_seen());
	native_heap_watch(NULL, 0);
	drop_guest();
}

static void read_everything(void)
{
	static const char *const names[] = {"report",	    "quote",	      "claims",
					    "keys/default", "my_target_info", "user_report_data"};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const uint32_t e = open_to(names[i], 0, WASI_RIGHT_FD_READ);

		CHECK(e == WASI_SUCCESS || e == WASI_NOMEM);
	}
}

TEST(want_of_memory_is_survived_everywhere)
{
	bool failed = true;
	long n = 0;

	for (; failed; n++) {
		g_keys[0] = (struct wasi_given){BYTES("default"), BYTES("sixteen bytes ..")};
		g_attestation.key_count = 0;
		if (open_guest() != E_OK)
			abort();
		wasi_fini(&g_wasi);
		for (int i = 0; i < 3; i++)
			fake_handle(i, false, HOST_OPEN_READ | HOST_OPEN_WRITE);
		g_attestation.key_count = 1;
		native_heap_fail_at(n);
		const enum err e = wasi_init(&g_wasi, &g_config);

		if (e == E_OK)
			read_everything();
		failed = native_heap_failed();
		native_heap_fail_at(-1);
		if (e != E_OK) {
			CHECK_EQ(e, E_NOMEM);
			drop_guest();
			continue;
		}
		CHECK(guest_reads("keys/default", "sixteen bytes .."));
		end();
	}
	CHECK(n > 10);
}

int main(void)
{
	RUN(inputs_are_zeros_until_they_are_written);
	RUN(an_input_keeps_its_size);
	RUN(appending_is_behind_the_end);
	RUN(a_report_is_of_the_inputs_as_they_were_at_its_opening);
	RUN(a_quote_has_the_size_that_it_came_with);
	RUN(the_others_show_what_they_are_named_for);
	RUN(keys_are_read_by_name);
	RUN(all_but_the_inputs_can_only_be_read);
	RUN(no_name_is_made_or_changed);
	RUN(directories_list_all_there_is);
	RUN(what_goes_wrong_behind_is_told_at_the_opening);
	RUN(no_lock_is_held_while_evidence_is_made);
	RUN(the_root_may_be_closed_before_the_rest);
	RUN(names_of_keys_are_checked);
	RUN(keys_are_counted);
	RUN(the_mount_stands_once_with_something_behind_it);
	RUN(keys_are_wiped_when_all_ends);
	RUN(want_of_memory_is_survived_everywhere);
	return check_report();
}
