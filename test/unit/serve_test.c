/*
 * The hello of a delivery, and who is let in: `retwine serve` with a shell in the place of the process that has an
 * enclave.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/base/sockets.h"
#include "host/deploy/hello.h"
#include "include/retwine.h"
#include "test/lib/check.h"

#define SECOND 1000000000u

/* ---- the codec ---- */

static const struct hello g_hello = {
	.launch_digest = {1, 2, 3, [31] = 4},
	.nonce = {5, 6, 7, [31] = 8},
	.timeout_ns = 0x0102030405060708,
};

TEST(hello_is_what_was_said)
{
	uint8_t bytes[HELLO_SIZE];
	struct hello out;

	hello_encode(bytes, &g_hello);
	CHECK(memcmp(bytes, "RTWD\1\0\0\0", 8) == 0);
	CHECK_EQ(hello_decode(&out, bytes), E_OK);
	CHECK(memcmp(&out, &g_hello, sizeof(out)) == 0);
}

TEST(hello_of_another_kind_is_refused)
{
	uint8_t bytes[HELLO_SIZE];
	struct hello out;

	for (size_t i = 0; i < 8; i++) {
		hello_encode(bytes, &g_hello);
		bytes[i] ^= 1;
		CHECK_EQ(hello_decode(&out, bytes), i < 4 ? E_MALFORMED : E_UNSUPPORTED);
	}
}

TEST(answer_is_one_of_a_closed_list)
{
	uint8_t bytes[HELLO_ANSWER_SIZE];
	enum hello_status out;

	for (int i = 0; i < HELLO_STATUS_END; i++) {
		hello_answer_encode(bytes, (enum hello_status)i);
		CHECK_EQ(hello_answer_decode(&out, bytes), E_OK);
		CHECK_EQ(out, i);
		CHECK((hello_status_words(out)[0] == 0) == (i == HELLO_GO));
	}
	bytes[4] = HELLO_STATUS_END;
	CHECK_EQ(hello_answer_decode(&out, bytes), E_MALFORMED);
	hello_answer_encode(bytes, HELLO_GO);
	bytes[0] ^= 1;
	CHECK_EQ(hello_answer_decode(&out, bytes), E_MALFORMED);
}

TEST(address_that_is_none_is_refused)
{
	static const char *const bad[] = {
		"",	  "localhost", "localhost:", "localhost:x", ":80",
		"::1:80", "[::1]",     "[::1]:",     "h:1234567",   "host:80:90:1"};
	struct retwine_error error;
	int fd;

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		CHECK_EQ(socket_connect(&fd, bad[i], SECOND, &error), RETWINE_USAGE);
		CHECK(strstr(error.message, "HOST:PORT") != NULL);
	}
}

TEST(origin_is_the_host_not_the_port_nor_the_interface)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(1)};
	struct sockaddr_in6 b = {.sin6_family = AF_INET6, .sin6_port = htons(2)};
	struct sockaddr_in6 c = b;
	uint8_t x[SOCKET_ORIGIN_SIZE], y[SOCKET_ORIGIN_SIZE];

	(void)inet_pton(AF_INET, "192.0.2.7", &a.sin_addr);
	(void)inet_pton(AF_INET6, "::ffff:192.0.2.7", &b.sin6_addr);
	socket_origin(x, (struct sockaddr *)&a);
	socket_origin(y, (struct sockaddr *)&b);
	CHECK(memcmp(x, y, sizeof(x)) == 0);
	(void)inet_pton(AF_INET6, "2001:db8:1:2::1", &b.sin6_addr);
	(void)inet_pton(AF_INET6, "2001:db8:1:2:ffff::9", &c.sin6_addr);
	socket_origin(x, (struct sockaddr *)&b);
	socket_origin(y, (struct sockaddr *)&c);
	CHECK(memcmp(x, y, sizeof(x)) == 0);
	(void)inet_pton(AF_INET6, "2001:db8:1:3::1", &c.sin6_addr);
	socket_origin(y, (struct sockaddr *)&c);
	CHECK(memcmp(x, y, sizeof(x)) != 0);
}

/* ---- a server with other processes ---- */

/* Says which words it was started with once it is spoken to, then echoes the connection. */
static const char *const g_echo[] = {
	"/bin/sh", "-c", "read line <&3; echo \"$@\" >&3; exec cat <&3 >&3", "client", NULL};

struct server {
	pid_t pid;
	int log; /* its lines */
	char port[16];
};

static void log_line(void *context, const char *line)
{
	dprintf(*(int *)context, "%s\n", line);
}

/* The next line of the log; the server is killed when it says nothing for a while. */
static bool server_says(const struct server *s, const char *words)
{
	char line[1024];

	for (;;) {
		struct pollfd p = {.fd = s->log, .events = POLLIN};
		size_t n = 0;

		do {
			if (n == sizeof(line) - 1 || poll(&p, 1, 20000) != 1 ||
			    read(s->log, line + n, 1) != 1)
				return false;
		} while (line[n++] != '\n');
		line[n] = 0;
		if (strstr(line, words))
			return true;
	}
}

static void server_start(struct server *s, const struct retwine_serve_options *options)
{
	struct retwine_serve_options o = *options;
	int fds[2];
	char line[256] = {0};

	if (pipe(fds) != 0)
		abort();
	s->pid = fork();
	if (s->pid == 0) {
		close(fds[0]);
		o.listen = "127.0.0.1:0";
		o.log = log_line;
		o.log_context = &fds[1];
		_exit(retwine_serve(&o, NULL) == RETWINE_OK ? 0 : 1);
	}
	close(fds[1]);
	s->log = fds[0];
	for (size_t n = 0; n < sizeof(line) - 1 && read(s->log, line + n, 1) == 1; n++)
		if (line[n] == '\n')
			break;
	const char *colon = strrchr(line, ':');

	CHECK(colon != NULL);
	(void)snprintf(s->port, sizeof(s->port), "%.*s", colon ? (int)strcspn(colon + 1, "\n") : 0,
		       colon ? colon + 1 : "");
}

static int server_end(struct server *s)
{
	int status = -1;

	(void)kill(s->pid, SIGTERM);
	(void)waitpid(s->pid, &status, 0);
	close(s->log);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static struct retwine_serve_options options(unsigned clients, unsigned per_address)
{
	return (struct retwine_serve_options){
		.worker = g_echo,
		.max_clients = clients,
		.max_clients_per_address = per_address,
		.hello_time_ns = 20 * (uint64_t)SECOND,
		.shutdown_time_ns = 20 * (uint64_t)SECOND,
	};
}

static int client_connect(const struct server *s)
{
	char to[64];
	int fd = -1;

	(void)snprintf(to, sizeof(to), "127.0.0.1:%s", s->port);
	CHECK_EQ(socket_connect(&fd, to, 20 * (uint64_t)SECOND, NULL), RETWINE_OK);
	return fd;
}

static uint64_t soon(void)
{
	return socket_now_ns() + 20 * (uint64_t)SECOND;
}

/* HELLO_STATUS_END: there was no answer. */
static enum hello_status greet(int fd, const uint8_t bytes[HELLO_SIZE])
{
	uint8_t answer[HELLO_ANSWER_SIZE];
	enum hello_status status = HELLO_STATUS_END;

	if (socket_send(fd, bytes, HELLO_SIZE, soon()) != E_OK ||
	    socket_receive(fd, answer, sizeof(answer), soon()) != E_OK ||
	    hello_answer_decode(&status, answer) != E_OK)
		return HELLO_STATUS_END;
	return status;
}

static enum hello_status greet_well(int fd)
{
	uint8_t bytes[HELLO_SIZE];

	hello_encode(bytes, &g_hello);
	return greet(fd, bytes);
}

/* The words of the process behind the connection. */
static void read_line(int fd, char *line, size_t size)
{
	size_t n = 0;

	CHECK_EQ(socket_send(fd, "\n", 1, soon()), E_OK);
	while (n < size - 1 && socket_receive(fd, line + n, 1, soon()) == E_OK && line[n] != '\n')
		n++;
	line[n] = 0;
}

TEST(a_client_gets_a_process_that_knows_what_it_announced)
{
	const struct retwine_serve_options o = options(1, 1);
	struct server s;
	char line[512], echo[4] = {0};

	server_start(&s, &o);
	const int fd = client_connect(&s);

	CHECK_EQ(greet_well(fd), HELLO_GO);
	read_line(fd, line, sizeof(line));
	CHECK(strstr(line, "--launch-digest=010203") != NULL);
	CHECK(strstr(line, "--nonce=050607") != NULL);
	CHECK(strstr(line, "--timeout=72623859790382856ns") != NULL);
	CHECK_EQ(socket_send(fd, "abc", 3, soon()), E_OK);
	CHECK_EQ(socket_receive(fd, echo, 3, soon()), E_OK);
	CHECK(memcmp(echo, "abc", 3) == 0);
	close(fd);
	CHECK(server_says(&s, "client 1 (127.0.0.1:"));
	CHECK(server_says(&s, "status 0"));
	CHECK_EQ(server_end(&s), 0);
}

/* The owner's time is the stricter one. */
/* Whoever broke out of an enclave would find these. */
TEST(a_process_gets_nothing_that_the_server_was_started_with)
{
	static const char *const worker[] = {"/bin/sh", "-c",
					     "read line <&3; for i in 4 5 6 7 8 9; do"
					     " [ -e /proc/$$/fd/$i ] && echo -n \"$i \"; done >&3;"
					     "echo \"home=$HOME secret=$RETWINE_TEST_SECRET.\" >&3",
					     "client", NULL};
	struct retwine_serve_options o = options(1, 1);
	struct server s;
	char line[512];
	const int inherited = fcntl(0, F_DUPFD, 9); /* not close-on-exec */

	o.worker = worker;
	CHECK(inherited == 9 && setenv("RETWINE_TEST_SECRET", "hunter2", 1) == 0 &&
	      setenv("HOME", "/somewhere", 1) == 0);
	server_start(&s, &o);
	const int fd = client_connect(&s);

	CHECK_EQ(greet_well(fd), HELLO_GO);
	read_line(fd, line, sizeof(line));
	if (strcmp(line, "home=/somewhere secret=.") != 0)
		printf("  %s\n", line);
	CHECK(strcmp(line, "home=/somewhere secret=.") == 0);
	close(fd);
	close(inherited);
	CHECK_EQ(server_end(&s), 0);
}

TEST(a_program_gets_no_more_time_than_the_owner_gives)
{
	struct retwine_serve_options o = options(1, 1);
	struct server s;
	char line[512];

	o.max_time_ns = 7 * (uint64_t)SECOND;
	server_start(&s, &o);
	const int fd = client_connect(&s);

	CHECK_EQ(greet_well(fd), HELLO_GO);
	read_line(fd, line, sizeof(line));
	CHECK(strstr(line, "--timeout=7000000000ns") != NULL);
	close(fd);
	CHECK_EQ(server_end(&s), 0);
}

TEST(more_clients_than_allowed_are_told_so)
{
	const struct retwine_serve_options few = options(1, 2), of_one = options(2, 1);
	struct server s;

	server_start(&s, &few);
	int first = client_connect(&s), second = client_connect(&s);

	CHECK_EQ(greet_well(first), HELLO_GO);
	CHECK_EQ(greet_well(second), HELLO_BUSY);
	close(first);
	close(second);
	/* With the first gone, there is room again. */
	CHECK(server_says(&s, "status 0"));
	first = client_connect(&s);
	CHECK_EQ(greet_well(first), HELLO_GO);
	close(first);
	CHECK_EQ(server_end(&s), 0);

	server_start(&s, &of_one);
	first = client_connect(&s);
	second = client_connect(&s);
	CHECK_EQ(greet_well(first), HELLO_GO);
	CHECK_EQ(greet_well(second), HELLO_LIMIT);
	close(first);
	close(second);
	CHECK_EQ(server_end(&s), 0);
}

TEST(nonsense_starts_no_process)
{
	const struct retwine_serve_options o = options(1, 1);
	uint8_t bytes[HELLO_SIZE];
	struct server s;

	server_start(&s, &o);
	int fd = client_connect(&s);

	hello_encode(bytes, &g_hello);
	bytes[4] = 2;
	CHECK_EQ(greet(fd, bytes), HELLO_UNSUPPORTED);
	close(fd);
	fd = client_connect(&s);
	memcpy(bytes, "GET / HTTP/1.1\r\n", 16);
	CHECK_EQ(greet(fd, bytes), HELLO_STATUS_END);
	close(fd);
	CHECK(server_says(&s, "it does not speak this protocol"));
	/* The one client's place is still free. */
	fd = client_connect(&s);
	CHECK_EQ(greet_well(fd), HELLO_GO);
	close(fd);
	CHECK_EQ(server_end(&s), 0);
}

TEST(who_says_no_hello_in_time_is_let_go)
{
	struct retwine_serve_options o = options(1, 1);
	struct server s;
	uint8_t bytes[HELLO_SIZE], byte;
	size_t got = 1;

	o.hello_time_ns = SECOND / 10;
	server_start(&s, &o);
	const int fd = client_connect(&s);

	hello_encode(bytes, &g_hello);
	CHECK_EQ(socket_send(fd, bytes, HELLO_SIZE - 1, soon()), E_OK);
	CHECK(server_says(&s, "it did not say hello in time"));
	const enum err err = socket_receive_some(fd, &byte, 1, &got, soon());

	CHECK((err == E_OK && got == 0) || err == E_TRUNCATED);
	close(fd);
	CHECK_EQ(server_end(&s), 0);
}

/* Connections that say nothing take the place of nobody else's for long, and of one address only few. */
TEST(silent_connections_of_one_address_are_few)
{
	const struct retwine_serve_options o = options(1, 1);
	struct server s;
	int silent[9];
	uint8_t byte;
	size_t got = 1;

	server_start(&s, &o);
	for (size_t i = 0; i < COUNT_OF(silent); i++)
		silent[i] = client_connect(&s);
	/* Eight may wait; the ninth is closed at once. */
	const enum err err =
		socket_receive_some(silent[COUNT_OF(silent) - 1], &byte, 1, &got, soon());

	CHECK((err == E_OK && got == 0) || err == E_TRUNCATED);
	CHECK_EQ(greet_well(silent[0]), HELLO_GO);
	for (size_t i = 0; i < COUNT_OF(silent); i++)
		close(silent[i]);
	CHECK_EQ(server_end(&s), 0);
}

/* From an address of this machine of its own. */
static int connect_from(const struct server *s, unsigned host)
{
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr = {htonl(0x7f000000 + host)}};
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)atoi(s->port)),
				 .sin_addr = {htonl(INADDR_LOOPBACK)}};
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0 &&
	      connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0);
	return fd;
}

TEST(silent_connections_of_many_addresses_keep_nobody_out)
{
	const struct retwine_serve_options o = options(1, 1);
	struct server s;
	int silent[10][8];

	server_start(&s, &o);
	for (unsigned i = 0; i < COUNT_OF(silent); i++)
		for (unsigned k = 0; k < COUNT_OF(silent[i]); k++)
			silent[i][k] = connect_from(&s, i + 2);
	const uint64_t start = socket_now_ns();
	const int fd = client_connect(&s);

	CHECK_EQ(greet_well(fd), HELLO_GO);
	CHECK(socket_now_ns() - start < 10 * (uint64_t)SECOND); /* they have 20 */
	close(fd);
	for (unsigned i = 0; i < COUNT_OF(silent); i++)
		for (unsigned k = 0; k < COUNT_OF(silent[i]); k++)
			close(silent[i][k]);
	CHECK_EQ(server_end(&s), 0);
}

TEST(told_to_end_it_lets_clients_end)
{
	const struct retwine_serve_options o = options(1, 1);
	struct server s;
	char line[512], echo;
	int status = -1, late = -1;
	char to[64];

	server_start(&s, &o);
	const int fd = client_connect(&s);

	CHECK_EQ(greet_well(fd), HELLO_GO);
	read_line(fd, line, sizeof(line));
	(void)kill(s.pid, SIGTERM);
	CHECK(server_says(&s, "ending: no new clients; those that are there (1)"));
	(void)snprintf(to, sizeof(to), "127.0.0.1:%s", s.port);
	CHECK_EQ(socket_connect(&late, to, SECOND, NULL), RETWINE_FAILED);
	CHECK_EQ(socket_send(fd, "x", 1, soon()), E_OK);
	CHECK_EQ(socket_receive(fd, &echo, 1, soon()), E_OK);
	close(fd);
	CHECK(server_says(&s, "status 0"));
	CHECK_EQ(waitpid(s.pid, &status, 0), s.pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(s.log);
}

TEST(told_to_end_it_waits_only_so_long)
{
	struct retwine_serve_options o = options(1, 1);
	struct server s;
	int status = -1;

	o.shutdown_time_ns = SECOND / 10;
	server_start(&s, &o);
	const int fd = client_connect(&s);

	CHECK_EQ(greet_well(fd), HELLO_GO);
	(void)kill(s.pid, SIGTERM);
	CHECK(server_says(&s, "the server was told to end"));
	CHECK_EQ(waitpid(s.pid, &status, 0), s.pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(s.log);
	close(fd);
}

TEST(a_second_signal_ends_it_at_once)
{
	const struct retwine_serve_options o = options(1, 1);
	struct server s;
	int status = -1;

	server_start(&s, &o);
	const int fd = client_connect(&s);

	CHECK_EQ(greet_well(fd), HELLO_GO);
	(void)kill(s.pid, SIGTERM);
	CHECK(server_says(&s, "ending:"));
	(void)kill(s.pid, SIGINT);
	CHECK(server_says(&s, "told to end at once"));
	CHECK_EQ(waitpid(s.pid, &status, 0), s.pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(s.log);
	close(fd);
}

TEST(a_worker_that_is_not_there_is_told)
{
	static const char *const none[] = {"/nonexistent/worker", NULL};
	struct retwine_serve_options o = options(1, 1);
	struct server s;

	o.worker = none;
	server_start(&s, &o);
	const int fd = client_connect(&s);

	CHECK_EQ(greet_well(fd), HELLO_FAILED);
	close(fd);
	CHECK(server_says(&s, "cannot start a process: No such file"));
	CHECK_EQ(server_end(&s), 0);
}

/* sd_notify's protocol: one datagram each. */
TEST(systemd_is_told)
{
	const struct retwine_serve_options o = options(1, 1);
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char message[64] = {0};
	struct server s;
	const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	/* An abstract name: nothing is left behind. */
	const int n = snprintf(at.sun_path + 1, sizeof(at.sun_path) - 1, "retwine-test-%ld",
			       (long)getpid());
	char name[64];

	(void)snprintf(name, sizeof(name), "@%s", at.sun_path + 1);
	CHECK_EQ(bind(fd, (struct sockaddr *)&at,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)),
		 0);
	(void)setenv("NOTIFY_SOCKET", name, 1);
	server_start(&s, &o);
	(void)unsetenv("NOTIFY_SOCKET");
	CHECK_EQ(recv(fd, message, sizeof(message) - 1, 0), 7);
	CHECK(strcmp(message, "READY=1") == 0);
	CHECK_EQ(server_end(&s), 0);
	CHECK_EQ(recv(fd, message, sizeof(message) - 1, MSG_DONTWAIT), 10);
	CHECK(strcmp(message, "STOPPING=1") == 0);
	close(fd);
}

TEST(more_clients_than_descriptors_are_refused)
{
	struct retwine_serve_options o = options(4096, 1);
	struct rlimit files, few;
	struct retwine_error error;

	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
	few = (struct rlimit){256, files.rlim_max};
	const pid_t pid = fork();

	if (pid == 0) {
		few.rlim_max = 256;
		o.listen = "127.0.0.1:0";
		_exit(setrlimit(RLIMIT_NOFILE, &few) == 0 &&
				      retwine_serve(&o, &error) == RETWINE_USAGE &&
				      strstr(error.message, "open files")
			      ? 0
			      : 1);
	}
	int status = -1;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(options_that_make_no_sense_are_refused)
{
	struct retwine_serve_options o = options(1, 1);
	struct retwine_error error;

	o.listen = "somewhere:80";
	CHECK_EQ(retwine_serve(&o, &error), RETWINE_USAGE);
	o.listen = "127.0.0.1:0";
	o.max_clients = 0;
	CHECK_EQ(retwine_serve(&o, &error), RETWINE_USAGE);
	o.max_clients = 100000;
	CHECK_EQ(retwine_serve(&o, &error), RETWINE_USAGE);
	o = options(1, 0);
	o.listen = "127.0.0.1:0";
	CHECK_EQ(retwine_serve(&o, &error), RETWINE_USAGE);
	o = options(1, 1);
	o.listen = "127.0.0.1:0";
	o.worker = NULL;
	CHECK_EQ(retwine_serve(&o, &error), RETWINE_USAGE);
}

int main(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	RUN(hello_is_what_was_said);
	RUN(hello_of_another_kind_is_refused);
	RUN(answer_is_one_of_a_closed_list);
	RUN(address_that_is_none_is_refused);
	RUN(origin_is_the_host_not_the_port_nor_the_interface);
	RUN(a_client_gets_a_process_that_knows_what_it_announced);
	RUN(a_process_gets_nothing_that_the_server_was_started_with);
	RUN(a_program_gets_no_more_time_than_the_owner_gives);
	RUN(more_clients_than_allowed_are_told_so);
	RUN(nonsense_starts_no_process);
	RUN(who_says_no_hello_in_time_is_let_go);
	RUN(silent_connections_of_one_address_are_few);
	RUN(silent_connections_of_many_addresses_keep_nobody_out);
	RUN(told_to_end_it_lets_clients_end);
	RUN(told_to_end_it_waits_only_so_long);
	RUN(a_second_signal_ends_it_at_once);
	RUN(a_worker_that_is_not_there_is_told);
	RUN(systemd_is_told);
	RUN(more_clients_than_descriptors_are_refused);
	RUN(options_that_make_no_sense_are_refused);
	return check_report();
}
