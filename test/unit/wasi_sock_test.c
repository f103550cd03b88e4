/* wasi: sockets that listen, and the connections that come to them. */
#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/unit/wasi_guest.h"
#include "wasi/table.h"

#define IOVS	 0x800u
#define LISTENER 4u /* behind the mount */

/* A guest with a mount and a socket that listens. */
static void start(void)
{
	guest_start(false);
	wasi_fini(&g_wasi);
	for (int i = 0; i < 3; i++)
		fake_handle(i, false, HOST_OPEN_READ | HOST_OPEN_WRITE);
	fake_handle(g_root, true, HOST_OPEN_READ);
	g_config.listener_count = 1;
	g_config.listener_handle = fake_handle(fake_node(HOST_TYPE_SOCKET), false, 0);
	if (wasi_init(&g_wasi, &g_config) != E_OK)
		abort();
}

static void iov(uint32_t i, uint32_t buf, uint32_t size)
{
	const struct wasi_iovec v = {buf, size};

	guest_put(IOVS + i * 8, &v, sizeof(v));
}

static uint32_t accepted(void)
{
	g_fake.connections = 1;
	CHECK_EQ(CALL(sock_accept, LISTENER, 0, GUEST_OUT), WASI_SUCCESS);
	return guest_u32(GUEST_OUT);
}

#define RECV(fd, count, flags) CALL(sock_recv, fd, IOVS, count, flags, GUEST_OUT, GUEST_OUT + 8)

TEST(listeners_are_behind_the_mounts)
{
	struct wasi_fdstat st;

	start();
	CHECK_EQ(CALL(fd_prestat_get, 3, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(CALL(fd_prestat_get, LISTENER, GUEST_OUT), WASI_BADF);
	CHECK_EQ(CALL(fd_fdstat_get, LISTENER, GUEST_OUT), WASI_SUCCESS);
	memcpy(&st, g_memory.base + GUEST_OUT, sizeof(st));
	CHECK_EQ(st.type, WASI_TYPE_SOCKET_STREAM);
	CHECK(st.rights_base & WASI_RIGHT_SOCK_ACCEPT);
	CHECK_EQ(CALL(fd_filestat_get, LISTENER, GUEST_DATA), WASI_SUCCESS);
	CHECK_EQ(g_memory.base[GUEST_DATA + 16], WASI_TYPE_SOCKET_STREAM);
	CHECK_EQ(CALL(fd_seek, LISTENER, 0, 0, GUEST_OUT), WASI_SPIPE);
	guest_end();
}

TEST(connections_are_accepted)
{
	start();
	CHECK_EQ(CALL(sock_accept, LISTENER, 0, GUEST_OUT), WASI_AGAIN);
	g_fake.connections = 3;
	CHECK_EQ(CALL(sock_accept, LISTENER, WASI_FD_NONBLOCK, GUEST_OUT), WASI_SUCCESS);
	const uint32_t fd = guest_u32(GUEST_OUT);

	CHECK_EQ(fd, LISTENER + 1);
	CHECK_EQ(CALL(fd_fdstat_get, fd, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(g_memory.base[GUEST_OUT], WASI_TYPE_SOCKET_STREAM);
	CHECK_EQ(g_memory.base[GUEST_OUT + 2], WASI_FD_NONBLOCK);
	CHECK_EQ(CALL(sock_accept, LISTENER, WASI_FD_APPEND, GUEST_OUT), WASI_INVAL);
	CHECK_EQ(CALL(sock_accept, LISTENER, 0, GUEST_SIZE - 3), WASI_FAULT);
	CHECK_EQ(CALL(sock_accept, fd, 0, GUEST_OUT), WASI_INVAL); /* it does not listen */
	CHECK_EQ(CALL(sock_accept, 3, 0, GUEST_OUT), WASI_NOTSOCK);
	CHECK_EQ(CALL(sock_accept, 1, 0, GUEST_OUT), WASI_NOTSOCK);
	CHECK_EQ(CALL(sock_accept, 99, 0, GUEST_OUT), WASI_BADF);
	CHECK_EQ(g_fake.connections, 2);
	for (long n = 0; n < 2; n++) {
		native_heap_fail_at(n);
		CHECK_EQ(CALL(sock_accept, LISTENER, 0, GUEST_OUT), WASI_NOMEM);
		native_heap_fail_at(-1);
	}
	CHECK_EQ(CALL(fd_fdstat_set_rights, LISTENER, WASI_RIGHT_FD_READ, 0), WASI_SUCCESS);
	CHECK_EQ(CALL(sock_accept, LISTENER, 0, GUEST_OUT), WASI_NOTCAPABLE);
	guest_end();
}

TEST(receiving)
{
	start();
	const uint32_t fd = accepted();

	iov(0, GUEST_DATA, 3);
	iov(1, GUEST_DATA + 100, 3);
	memset(g_memory.base + GUEST_OUT, 0xee, 16);
	CHECK_EQ(RECV(fd, 2, WASI_RECV_PEEK), WASI_SUCCESS);
	CHECK_EQ(g_fake.recv_flags, HOST_RECV_PEEK);
	CHECK_EQ(guest_u32(GUEST_OUT), 4);
	CHECK(memcmp(g_memory.base + GUEST_OUT + 8, "\0\0\xee", 3) == 0);
	CHECK(memcmp(g_memory.base + GUEST_DATA, "012\xee", 4) == 0);
	CHECK(memcmp(g_memory.base + GUEST_DATA + 100, "3\xee", 2) == 0);
	CHECK_EQ(RECV(fd, 1, 0), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 3);
	CHECK(memcmp(g_memory.base + GUEST_DATA, "012", 3) == 0);
	CHECK_EQ(RECV(fd, 2, WASI_RECV_WAITALL), WASI_SUCCESS); /* in two host calls */
	CHECK_EQ(guest_u32(GUEST_OUT), 6);
	CHECK(memcmp(g_memory.base + GUEST_DATA + 100, "678", 3) == 0);
	CHECK_EQ(RECV(fd, 2, WASI_RECV_WAITALL), WASI_SUCCESS); /* the end comes first */
	CHECK_EQ(guest_u32(GUEST_OUT), 1);
	CHECK_EQ(RECV(fd, 1, 0), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 0);
	CHECK_EQ(RECV(fd, 0, 0), WASI_SUCCESS);
	g_fake.fail = HOST_CONNRESET;
	CHECK_EQ(RECV(fd, 1, 0), WASI_CONNRESET);
	CHECK_EQ(RECV(fd, 1, 4), WASI_INVAL);
	CHECK_EQ(CALL(sock_recv, fd, IOVS, 1, 0, GUEST_SIZE - 3, GUEST_OUT), WASI_FAULT);
	CHECK_EQ(CALL(sock_recv, fd, IOVS, 1, 0, GUEST_OUT, GUEST_SIZE - 1), WASI_FAULT);
	iov(0, GUEST_SIZE - 2, 3);
	CHECK_EQ(RECV(fd, 1, 0), WASI_FAULT);
	iov(0, GUEST_DATA, 3);
	native_heap_fail_at(0);
	CHECK_EQ(RECV(fd, 2, 0), WASI_NOMEM);
	native_heap_fail_at(-1);
	CHECK_EQ(RECV(LISTENER, 1, 0), WASI_NOTCONN);
	CHECK_EQ(RECV(3, 1, 0), WASI_NOTSOCK);
	CHECK_EQ(RECV(99, 1, 0), WASI_BADF);
	guest_end();
}

TEST(sending)
{
	start();
	const uint32_t fd = accepted();

	iov(0, GUEST_DATA, guest_str(GUEST_DATA, "ab"));
	iov(1, GUEST_DATA + 100, guest_str(GUEST_DATA + 100, "cd"));
	CHECK_EQ(CALL(sock_send, fd, IOVS, 2, 0, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 4);
	CHECK_EQ(CALL(fd_write, fd, IOVS, 1, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(CALL(sock_send, fd, IOVS, 1, 1, GUEST_OUT), WASI_INVAL);
	CHECK_EQ(CALL(sock_send, 1, IOVS, 1, 1, GUEST_OUT), WASI_NOTSOCK);
	CHECK_EQ(CALL(sock_send, 1, IOVS, 1, 0, GUEST_OUT), WASI_NOTSOCK);
	CHECK_EQ(CALL(sock_send, 99, IOVS, 1, 0, GUEST_OUT), WASI_BADF);
	CHECK_EQ(CALL(sock_send, LISTENER, IOVS, 1, 0, GUEST_OUT), WASI_BADF);
	CHECK_EQ(CALL(sock_send, fd, IOVS, 1, 0, GUEST_SIZE - 3), WASI_FAULT);
	g_fake.fail = HOST_PIPE;
	CHECK_EQ(CALL(sock_send, fd, IOVS, 1, 0, GUEST_OUT), WASI_PIPE);
	guest_end();
}

TEST(shutting)
{
	start();
	const uint32_t fd = accepted();

	CHECK_EQ(CALL(sock_shutdown, fd, 0), WASI_INVAL);
	CHECK_EQ(CALL(sock_shutdown, fd, 4), WASI_INVAL);
	CHECK_EQ(CALL(sock_shutdown, fd, WASI_SHUTDOWN_WRITE), WASI_SUCCESS);
	CHECK_EQ(g_fake.shut, HOST_SHUTDOWN_WRITE);
	g_fake.fail = HOST_NOTCONN;
	CHECK_EQ(CALL(sock_shutdown, fd, WASI_SHUTDOWN_READ), WASI_NOTCONN);
	CHECK_EQ(CALL(sock_shutdown, LISTENER, WASI_SHUTDOWN_READ), WASI_NOTCONN);
	CHECK_EQ(CALL(sock_shutdown, 3, 1), WASI_NOTSOCK);
	CHECK_EQ(CALL(sock_shutdown, 99, 1), WASI_BADF);
	CHECK_EQ(CALL(fd_fdstat_set_rights, fd, WASI_RIGHT_FD_READ, 0), WASI_SUCCESS);
	CHECK_EQ(CALL(sock_shutdown, fd, 1), WASI_NOTCAPABLE);
	guest_end();
}

TEST(waiting_for_sockets)
{
	start();
	const struct wasi_subscription sub = {
		.userdata = 7, .type = WASI_EVENT_FD_READ, .u.fd = LISTENER};

	guest_put(0x2000, &sub, sizeof(sub));
	g_fake.poll_ready = HOST_POLL_READ;
	CHECK_EQ(CALL(poll_oneoff, 0x2000, 0x4000, 1, GUEST_OUT), WASI_SUCCESS);
	CHECK_EQ(guest_u32(GUEST_OUT), 1);
	CHECK_EQ(guest_u64(0x4000), 7);
	CHECK_EQ(guest_u32(0x4008) & 0xffff, WASI_SUCCESS);
	guest_end();
}

int main(void)
{
	RUN(listeners_are_behind_the_mounts);
	RUN(connections_are_accepted);
	RUN(receiving);
	RUN(sending);
	RUN(shutting);
	RUN(waiting_for_sockets);
	return check_report();
}
