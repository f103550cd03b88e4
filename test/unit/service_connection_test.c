/* The connection of a delivery, as the service gives it to an enclave. */
#include "host/service/service.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hostcall/hostcall.h"
#include "test/lib/check.h"
#include "test/lib/direct_transport.h"

static struct host_service g_service;
static int g_ours, g_peer; /* both ends */
static const uint32_t g_connection = HOST_HANDLE_MOUNTS;

static void set_up(uint64_t idle_ns)
{
	int fds[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	g_ours = fds[0];
	g_peer = fds[1];
	const struct service_config config = {
		.stream_fd = {-1, -1, -1},
		.connection = &g_ours,
		.connection_idle_ns = idle_ns,
		.limits = {.disk_bytes = 1}, /* output is none */
	};

	CHECK_EQ(service_connection_handle(0, 0), g_connection);
	CHECK_EQ(service_init(&g_service, &config), E_OK);
	direct_transport_use(&g_service);
}

static void tear_down(void)
{
	service_fini(&g_service);
	close(g_ours);
	close(g_peer);
}

TEST(the_connection_is_read_written_and_shut)
{
	char buf[16];
	size_t done = 0;

	set_up(0);
	CHECK(write(g_peer, "hello", 5) == 5);
	CHECK_EQ(hostcall_recv(g_connection, 0, buf, sizeof(buf), &done), HOST_SUCCESS);
	CHECK(done == 5 && memcmp(buf, "hello", 5) == 0);
	CHECK_EQ(hostcall_write(g_connection, "answer", 6, &done), HOST_SUCCESS);
	CHECK(done == 6 && read(g_peer, buf, 6) == 6 && memcmp(buf, "answer", 6) == 0);
	CHECK_EQ(hostcall_shutdown(g_connection, HOST_SHUTDOWN_WRITE), HOST_SUCCESS);
	CHECK(read(g_peer, buf, 6) == 0);
	tear_down();
}

/* Its number is its own, also once it is closed: what an enclave opens later is never taken for it. */
TEST(its_handle_stays_reserved)
{
	set_up(0);
	CHECK_EQ(g_service.reserved_handles, g_connection + 1);
	CHECK_EQ(hostcall_close(g_connection), HOST_SUCCESS);
	CHECK_EQ(hostcall_shutdown(g_connection, HOST_SHUTDOWN_WRITE), HOST_BADF);
	CHECK(fcntl(g_ours, F_GETFD) != -1); /* the caller's descriptor is the caller's */
	tear_down();
}

TEST(it_is_behind_mounts_and_listeners)
{
	const struct service_mount mounts[2] = {{.dir_fd = -1}, {.dir_fd = -1}};
	struct service_config config = {.stream_fd = {-1, -1, -1}, .mounts = mounts};
	int fds[2];
	size_t done;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	config.mount_count = 2;
	config.connection = &fds[0];
	CHECK_EQ(service_init(&g_service, &config), E_OK);
	direct_transport_use(&g_service);
	CHECK_EQ(service_connection_handle(2, 0), HOST_HANDLE_MOUNTS + 2);
	CHECK_EQ(hostcall_write(HOST_HANDLE_MOUNTS + 1, "x", 1, &done), HOST_BADF);
	CHECK_EQ(hostcall_write(HOST_HANDLE_MOUNTS + 2, "x", 1, &done), HOST_SUCCESS);
	service_fini(&g_service);
	config.mount_count = HOST_HANDLES_MAX - HOST_HANDLE_MOUNTS;
	CHECK_EQ(service_init(&g_service, &config), E_INVALID);
	service_fini(&g_service);
	close(fds[0]);
	close(fds[1]);
}

/* For a peer that falls silent; who reads nothing may have good reasons. */
TEST(waiting_to_read_has_a_limit)
{
	char c;
	size_t done;

	set_up(1000000);
	CHECK_EQ(hostcall_recv(g_connection, 0, &c, 1, &done), HOST_TIMEDOUT);
	CHECK_EQ(hostcall_read(g_connection, &c, 1, &done), HOST_TIMEDOUT);
	CHECK(write(g_peer, "x", 1) == 1); /* what is there is still given */
	CHECK_EQ(hostcall_recv(g_connection, 0, &c, 1, &done), HOST_SUCCESS);
	tear_down();
}

TEST(waiting_on_it_ends_when_the_run_does)
{
	char c;
	size_t done;

	set_up(0);
	service_interrupt(&g_service);
	CHECK_EQ(hostcall_recv(g_connection, 0, &c, 1, &done), HOST_INTR);
	tear_down();
}

TEST(without_one_there_is_none)
{
	const struct service_config config = {.stream_fd = {-1, -1, -1}};
	char c;
	size_t done;

	CHECK_EQ(service_init(&g_service, &config), E_OK);
	direct_transport_use(&g_service);
	CHECK_EQ(hostcall_recv(g_connection, 0, &c, 1, &done), HOST_BADF);
	service_fini(&g_service);
}

int main(void)
{
	RUN(the_connection_is_read_written_and_shut);
	RUN(its_handle_stays_reserved);
	RUN(it_is_behind_mounts_and_listeners);
	RUN(waiting_to_read_has_a_limit);
	RUN(waiting_on_it_ends_when_the_run_does);
	RUN(without_one_there_is_none);
	return check_report();
}
