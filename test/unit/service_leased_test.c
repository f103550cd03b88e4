/*
 * The directory that a server keeps volumes of delivered programs in: its files are opened one by one, each by
 * one writer, and nothing else is done to it, whatever the enclave asks for.
 */
#include "host/service/service.h"
#include "hostcall/hostcall.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/lib/check.h"
#include "test/lib/direct_transport.h"
#include "test/lib/native.h"

#define DIRECTORY  HOST_HANDLE_MOUNTS
#define CONNECTION (HOST_HANDLE_MOUNTS + 1)
#define USUAL	   (HOST_OPEN_READ | HOST_OPEN_WRITE | HOST_OPEN_CREATE)

static struct host_service g_service;
static char g_dir[] = "/tmp/retwine-leased-XXXXXX";
static int g_fd;

static void set_up(void)
{
	int pair[2];

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	const struct service_mount mount = {.dir_fd = g_fd, .leased = true};
	const struct service_config config = {
		.stream_fd = {-1, -1, -1},
		.mounts = &mount,
		.mount_count = 1,
		.connection = &pair[0],
	};

	CHECK_EQ(service_init(&g_service, &config), E_OK);
	close(pair[0]);
	close(pair[1]);
	direct_transport_use(&g_service);
}

static enum host_errno open_as(const char *text, uint32_t flags, uint32_t *handle)
{
	return hostcall_open(DIRECTORY, (struct name){text, strlen(text)}, flags, handle);
}

static struct name name_of(const char *text)
{
	return (struct name){text, strlen(text)};
}

TEST(a_file_has_one_writer)
{
	uint32_t a = 0, b = 0;
	size_t done = 0;

	set_up();
	CHECK_EQ(open_as("file", USUAL, &a), HOST_SUCCESS);
	CHECK_EQ(hostcall_pwrite(a, "text", 4, 0, &done), HOST_SUCCESS);
	CHECK_EQ(open_as("file", HOST_OPEN_READ | HOST_OPEN_WRITE, &b), HOST_BUSY);
	CHECK_EQ(open_as("file", HOST_OPEN_READ, &b), HOST_BUSY);
	CHECK_EQ(hostcall_close(a), HOST_SUCCESS);
	CHECK_EQ(open_as("file", HOST_OPEN_READ, &a), HOST_SUCCESS);
	CHECK_EQ(open_as("file", HOST_OPEN_READ, &b), HOST_SUCCESS);
	CHECK_EQ(hostcall_close(a), HOST_SUCCESS);
	CHECK_EQ(hostcall_close(b), HOST_SUCCESS);
	/* somebody of the machine's own */
	const int fd = openat(g_fd, "file", O_RDONLY);

	CHECK_EQ(flock(fd, LOCK_SH), 0);
	CHECK_EQ(open_as("file", HOST_OPEN_READ | HOST_OPEN_WRITE, &a), HOST_BUSY);
	close(fd);
	service_fini(&g_service);
}

TEST(a_file_that_is_busy_is_not_cut)
{
	struct stat st;
	uint32_t a = 0;

	set_up();
	CHECK_EQ(open_as("file", USUAL | HOST_OPEN_TRUNC, &a), HOST_ACCES);
	CHECK(fstatat(g_fd, "file", &st, 0) == 0 && st.st_size == 4);
	service_fini(&g_service);
}

TEST(files_alone_are_opened)
{
	uint32_t a = 0;

	set_up();
	CHECK_EQ(mkdirat(g_fd, "directory", 0700), 0);
	CHECK_EQ(symlinkat("file", g_fd, "link"), 0);
	CHECK_EQ(mkfifoat(g_fd, "fifo", 0600), 0);
	CHECK_EQ(open_as("directory", HOST_OPEN_READ, &a), HOST_ACCES);
	CHECK_EQ(open_as("directory", HOST_OPEN_READ | HOST_OPEN_DIR, &a), HOST_ACCES);
	CHECK_EQ(open_as("fifo", HOST_OPEN_READ, &a), HOST_ACCES);
	CHECK_EQ(open_as("link", HOST_OPEN_READ, &a), HOST_LOOP);
	CHECK_EQ(open_as("none", HOST_OPEN_READ, &a), HOST_NOENT);
	service_fini(&g_service);
}

TEST(nothing_else_is_done_to_the_directory)
{
	static char buffer[4096];
	struct host_stat st;
	size_t done = 0;

	set_up();
	CHECK_EQ(hostcall_mkdir(DIRECTORY, name_of("new")), HOST_ACCES);
	CHECK_EQ(hostcall_unlink(DIRECTORY, name_of("file"), HOST_UNLINK_FILE), HOST_ACCES);
	CHECK_EQ(hostcall_rename(DIRECTORY, name_of("file"), DIRECTORY, name_of("new")),
		 HOST_ACCES);
	CHECK_EQ(hostcall_link(DIRECTORY, name_of("file"), DIRECTORY, name_of("new")), HOST_ACCES);
	CHECK_EQ(hostcall_symlink(name_of("file"), DIRECTORY, name_of("new")), HOST_ACCES);
	CHECK_EQ(hostcall_stat_at(DIRECTORY, name_of("file"), &st), HOST_ACCES);
	CHECK_EQ(hostcall_stat(DIRECTORY, &st), HOST_ACCES);
	CHECK_EQ(hostcall_readlink(DIRECTORY, name_of("link"), buffer, sizeof(buffer), &done),
		 HOST_ACCES);
	CHECK_EQ(hostcall_sync(DIRECTORY, false), HOST_ACCES);
	CHECK(faccessat(g_fd, "file", F_OK, 0) == 0 && faccessat(g_fd, "new", F_OK, 0) != 0);
	service_fini(&g_service);
}

/* Where there is no directory, its number is the connection's. */
TEST(a_connection_is_no_directory)
{
	uint32_t a = 0;

	set_up();
	CHECK_EQ(hostcall_open(CONNECTION, name_of("file"), USUAL, &a), HOST_NOTDIR);
	service_fini(&g_service);
}

int main(void)
{
	char command[64];

	CHECK(mkdtemp(g_dir) != NULL);
	g_fd = open(g_dir, O_RDONLY | O_DIRECTORY);
	RUN(a_file_has_one_writer);
	RUN(a_file_that_is_busy_is_not_cut);
	RUN(files_alone_are_opened);
	RUN(nothing_else_is_done_to_the_directory);
	RUN(a_connection_is_no_directory);
	close(g_fd);
	(void)snprintf(command, sizeof(command), "rm -rf %s", g_dir);
	CHECK(system(command) == 0);
	return check_report();
}
