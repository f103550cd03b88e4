/*
 * `retwine serve`: takes connections, reads the hello of each, starts a process for it, and sees to it that
 * the process keeps within its time and goes when its client went. The enclave, the evidence and the channel are
 * that process's business (host/deploy/serve_client.c); not one byte behind the hello is read here.
 * Trust: the options are the owner's; clients are anybody. What a hello says decides nothing but the
 * launch digest and the nonce that the enclave is started with.
 * Invariant: at most max_clients processes are there, at most PENDING_MAX connections without one, and
 * every connection has a deadline.
 */
#include "include/retwine.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/base/sockets.h"
#include "host/base/words.h"
#include "host/deploy/hello.h"
#include "host/deploy/notify.h"
#include "host/deploy/worker.h"
#include "host/service/service.h"

#define PENDING_MAX	    64u /* connections that have not said hello yet */
#define PENDING_PER_ADDRESS 8u
#define CLIENTS_MAX	    4096u
#define NS_PER_S	    1000000000u
#define GONE_GRACE_NS	    (5 * (uint64_t)NS_PER_S) /* for a process to end after its client did */
#define TIME_GRACE_NS	    (5 * (uint64_t)NS_PER_S) /* ... after its program's time */
#define LINE_MAX_SIZE	    512
#define FILES_OWN	    32

enum client_state {
	CLIENT_FREE,
	CLIENT_PENDING, /* its hello is awaited */
	CLIENT_RUNNING, /* it has a process */
};

struct client {
	enum client_state state;
	int fd; /* also while it runs: to see that the other side went away */
	pid_t pid;
	unsigned long number; /* for the log */
	char name[SOCKET_NAME_MAX];
	uint8_t origin[SOCKET_ORIGIN_SIZE];
	uint8_t hello[HELLO_SIZE];
	size_t hello_got;
	uint64_t accepted; /* its place among all connections */
	uint64_t started_ns;
	uint64_t deadline_ns;
	const char *why; /* its process is ended at the deadline: the log's words */
	bool gone;	 /* nobody reads at the other side any more */
	bool killed;
};

struct serve {
	const struct retwine_serve_options *options;
	int listener; /* -1 once told to end */
	int signals;
	struct client *clients;
	struct pollfd *polls; /* the same number, then listener and signals */
	size_t client_max;
	unsigned long count; /* of clients so far */
	uint64_t accepted;   /* connections so far */
	bool ending;
	bool at_once; /* a second signal */
};

PRINTF_LIKE(2, 3) static void serve_log(const struct serve *s, const char *format, ...)
{
	char line[LINE_MAX_SIZE];
	va_list args;

	if (!s->options->log)
		return;
	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	s->options->log(s->options->log_context, line);
}

static uint64_t later(uint64_t ns)
{
	const uint64_t now = socket_now_ns();

	return ns == 0 || ns > SOCKET_NO_DEADLINE - now ? SOCKET_NO_DEADLINE : now + ns;
}

/* ---- the table ---- */

static unsigned count_clients(const struct serve *s, enum client_state state,
			      const uint8_t origin[SOCKET_ORIGIN_SIZE])
{
	unsigned n = 0;

	for (size_t i = 0; i < s->client_max; i++) {
		const struct client *c = &s->clients[i];

		if (c->state == state &&
		    (!origin || memcmp(c->origin, origin, SOCKET_ORIGIN_SIZE) == 0))
			n++;
	}
	return n;
}

static void client_drop(struct client *c)
{
	close(c->fd);
	*c = (struct client){.fd = -1};
}

/* ---- a process for a client ---- */

/* The stricter of the owner's time and the program's; 0: none. */
static uint64_t worker_timeout(const struct serve *s, const struct hello *hello)
{
	const uint64_t ours = s->options->max_time_ns;

	if (ours == 0 || (hello->timeout_ns != 0 && hello->timeout_ns < ours))
		return hello->timeout_ns;
	return ours;
}

static void client_kill(struct client *c, const char *why)
{
	if (c->killed)
		return;
	c->killed = true;
	c->why = why;
	(void)kill(c->pid, SIGKILL); /* not reaped yet, so it is still ours */
	c->deadline_ns = SOCKET_NO_DEADLINE;
}

/* ---- the hello ---- */

/* The answer is a few bytes on a fresh connection: it is sent or it is lost. */
static bool answer(const struct client *c, enum hello_status status)
{
	uint8_t bytes[HELLO_ANSWER_SIZE];

	hello_answer_encode(bytes, status);
	return send(c->fd, bytes, sizeof(bytes), MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(bytes);
}

static void client_refuse(struct serve *s, struct client *c, enum hello_status status)
{
	serve_log(s, "%s: refused: %s", c->name, hello_status_words(status));
	(void)answer(c, status);
	(void)shutdown(c->fd, SHUT_WR);
	client_drop(c);
}

static void client_start(struct serve *s, struct client *c, const struct hello *hello)
{
	char digest[2 * HELLO_DIGEST_SIZE + 1];
	const struct worker_order order = {
		.command = s->options->worker,
		.hello = hello,
		.timeout_ns = worker_timeout(s, hello),
		.client = ++s->count,
		.name = c->name,
		.connection = c->fd,
	};
	const int error = worker_start(&c->pid, &order);

	c->number = order.client;
	if (error != 0) {
		serve_log(s, "client %lu (%s): cannot start a process: %s", c->number, c->name,
			  strerror(error));
		client_refuse(s, c, HELLO_FAILED);
		return;
	}
	worker_hex(digest, hello->launch_digest, HELLO_DIGEST_SIZE);
	serve_log(s, "client %lu (%s): process %ld for launch digest %s", c->number, c->name,
		  (long)c->pid, digest);
	c->state = CLIENT_RUNNING;
	c->started_ns = socket_now_ns();
	c->deadline_ns =
		later(s->options->max_time_ns == 0 ? 0 : s->options->max_time_ns + TIME_GRACE_NS);
	c->why = "its time is over";
	if (!answer(c, HELLO_GO))
		client_kill(c, "it could not be answered");
}

static void client_admit(struct serve *s, struct client *c, const struct hello *hello)
{
	if (count_clients(s, CLIENT_RUNNING, NULL) >= s->options->max_clients)
		client_refuse(s, c, HELLO_BUSY);
	else if (count_clients(s, CLIENT_RUNNING, c->origin) >= s->options->max_clients_per_address)
		client_refuse(s, c, HELLO_LIMIT);
	else
		client_start(s, c, hello);
}

/* Exactly the hello is taken: what follows is the channel's. */
static void client_read_hello(struct serve *s, struct client *c)
{
	const ssize_t n =
		recv(c->fd, c->hello + c->hello_got, HELLO_SIZE - c->hello_got, MSG_DONTWAIT);
	struct hello hello;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_drop(c);
		return;
	}
	c->hello_got += (size_t)n;
	if (c->hello_got < HELLO_SIZE)
		return;
	switch (hello_decode(&hello, c->hello)) {
	case E_OK:
		client_admit(s, c, &hello);
		break;
	case E_UNSUPPORTED:
		client_refuse(s, c, HELLO_UNSUPPORTED);
		break;
	default:
		serve_log(s, "%s: it does not speak this protocol", c->name);
		client_drop(c);
		break;
	}
}

/* ---- new connections ---- */

static struct client *table_free(struct serve *s)
{
	for (size_t i = 0; i < s->client_max; i++)
		if (s->clients[i].state == CLIENT_FREE)
			return &s->clients[i];
	return NULL;
}

/* Who has been silent for the longest goes when another comes: an honest client says hello at once, and so many
 * that say nothing cannot keep it out. */
static void pending_make_room(struct serve *s)
{
	struct client *oldest = NULL;

	if (count_clients(s, CLIENT_PENDING, NULL) < PENDING_MAX)
		return;
	for (size_t i = 0; i < s->client_max; i++) {
		struct client *c = &s->clients[i];

		if (c->state == CLIENT_PENDING && (!oldest || c->accepted < oldest->accepted))
			oldest = c;
	}
	serve_log(s, "%s: it did not say hello before others came", oldest->name);
	client_drop(oldest);
}

static void serve_accept(struct serve *s)
{
	struct sockaddr_storage from = {0};
	socklen_t size = sizeof(from);
	const int fd = accept4(s->listener, (struct sockaddr *)&from, &size, SOCK_CLOEXEC);
	struct client made = {.state = CLIENT_PENDING, .fd = fd};
	const int yes = 1;

	if (fd == -1)
		return;
	socket_name(made.name, (const struct sockaddr *)&from);
	socket_origin(made.origin, (const struct sockaddr *)&from);
	if (count_clients(s, CLIENT_PENDING, made.origin) >= PENDING_PER_ADDRESS) {
		close(fd);
		return;
	}
	/* Who vanished without a word is noticed in the end. */
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	made.deadline_ns = later(s->options->hello_time_ns);
	made.accepted = ++s->accepted;
	pending_make_room(s);
	struct client *c = table_free(s);

	must(c != NULL); /* there is a place for each process and PENDING_MAX more */
	*c = made;
}

/* ---- ends ---- */

static void log_end(const struct serve *s, const struct client *c, int status)
{
	const double seconds = (double)(socket_now_ns() - c->started_ns) / NS_PER_S;

	if (c->killed)
		serve_log(s, "client %lu (%s): ended after %.1f s: %s", c->number, c->name, seconds,
			  c->why);
	else if (WIFSIGNALED(status))
		serve_log(s, "client %lu (%s): its process died after %.1f s by signal %d",
			  c->number, c->name, seconds, WTERMSIG(status));
	else
		serve_log(s, "client %lu (%s): ended after %.1f s, status %d", c->number, c->name,
			  seconds, WEXITSTATUS(status));
}

static void serve_reap(struct serve *s)
{
	for (size_t i = 0; i < s->client_max; i++) {
		struct client *c = &s->clients[i];
		int status = 0;

		if (c->state != CLIENT_RUNNING || waitpid(c->pid, &status, WNOHANG) != c->pid)
			continue;
		log_end(s, c, status);
		client_drop(c);
	}
}

static void client_gone(struct client *c)
{
	const uint64_t deadline = later(GONE_GRACE_NS);

	c->gone = true;
	if (c->deadline_ns > deadline) {
		c->deadline_ns = deadline;
		c->why = "its client went away";
	}
}

static void serve_deadlines(struct serve *s)
{
	const uint64_t now = socket_now_ns();

	for (size_t i = 0; i < s->client_max; i++) {
		struct client *c = &s->clients[i];

		if (c->state == CLIENT_FREE || c->deadline_ns > now)
			continue;
		if (c->state == CLIENT_RUNNING) {
			client_kill(c, c->why);
		} else {
			serve_log(s, "%s: it did not say hello in time", c->name);
			client_drop(c);
		}
	}
}

/* The first signal lets them end, the second ends them. */
static void serve_end(struct serve *s)
{
	const uint64_t deadline = later(s->options->shutdown_time_ns);

	if (!s->ending) {
		close(s->listener);
		s->listener = -1;
		notify_systemd("STOPPING=1");
		serve_log(s, "ending: no new clients; those that are there (%u) have %.0f s",
			  count_clients(s, CLIENT_RUNNING, NULL),
			  (double)s->options->shutdown_time_ns / NS_PER_S);
	}
	s->at_once = s->ending;
	s->ending = true;
	for (size_t i = 0; i < s->client_max; i++) {
		struct client *c = &s->clients[i];

		if (c->state == CLIENT_PENDING)
			client_drop(c);
		else if (c->state == CLIENT_RUNNING && s->at_once)
			client_kill(c, "the server was told to end at once");
		else if (c->state == CLIENT_RUNNING && c->deadline_ns > deadline) {
			c->deadline_ns = deadline;
			c->why = "the server was told to end";
		}
	}
}

static void serve_signals(struct serve *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			serve_reap(s);
		else
			serve_end(s);
	}
}

/* ---- the loop ---- */

static int poll_ms(const struct serve *s)
{
	uint64_t first = SOCKET_NO_DEADLINE;
	const uint64_t now = socket_now_ns();

	for (size_t i = 0; i < s->client_max; i++)
		if (s->clients[i].state != CLIENT_FREE && s->clients[i].deadline_ns < first)
			first = s->clients[i].deadline_ns;
	if (first == SOCKET_NO_DEADLINE)
		return -1;
	const uint64_t ms = first <= now ? 0 : (first - now) / 1000000u + 1;

	return ms < 3600000 ? (int)ms : 3600000;
}

static void set_polls(struct serve *s)
{
	for (size_t i = 0; i < s->client_max; i++) {
		const struct client *c = &s->clients[i];
		const bool watched =
			c->state == CLIENT_PENDING || (c->state == CLIENT_RUNNING && !c->gone);

		s->polls[i] = (struct pollfd){
			.fd = watched ? c->fd : -1,
			.events = c->state == CLIENT_PENDING ? POLLIN : POLLRDHUP,
		};
	}
	s->polls[s->client_max] = (struct pollfd){.fd = s->listener, .events = POLLIN};
	s->polls[s->client_max + 1] = (struct pollfd){.fd = s->signals, .events = POLLIN};
}

/* A client that is gone, or free, may stand where another was polled for: accept and signals come last. */
static void serve_events(struct serve *s)
{
	for (size_t i = 0; i < s->client_max; i++) {
		struct client *c = &s->clients[i];

		if (s->polls[i].revents == 0)
			continue;
		if (c->state == CLIENT_PENDING)
			client_read_hello(s, c);
		else if (c->state == CLIENT_RUNNING)
			client_gone(c);
	}
	if (s->polls[s->client_max].revents != 0)
		serve_accept(s);
	if (s->polls[s->client_max + 1].revents != 0)
		serve_signals(s);
}

/* A process that ended before its signal was waited for, or a signal that stood for several: reap always. */
static enum retwine_code serve_loop(struct serve *s, struct retwine_error *error)
{
	while (!s->ending || count_clients(s, CLIENT_RUNNING, NULL) > 0) {
		set_polls(s);
		if (poll(s->polls, s->client_max + 2, poll_ms(s)) == -1 && errno != EINTR)
			return error_set(error, RETWINE_FAILED, "waiting for clients: %s",
					 strerror(errno));
		serve_events(s);
		serve_deadlines(s);
		serve_reap(s);
	}
	serve_log(s, "ended");
	return RETWINE_OK;
}

/* ---- beginning and end ---- */

static enum retwine_code check(const struct retwine_serve_options *o, struct retwine_error *error)
{
	size_t words = 0;

	while (o->worker && words <= WORKER_WORDS_MAX && o->worker[words])
		words++;
	if (words == 0 || words > WORKER_WORDS_MAX)
		return error_set(error, RETWINE_USAGE,
				 "the worker's command has no word, or more than %u",
				 WORKER_WORDS_MAX);
	if (o->max_clients == 0 || o->max_clients > CLIENTS_MAX || o->max_clients_per_address == 0)
		return error_set(error, RETWINE_USAGE, "the number of clients is from 1 to %u",
				 CLIENTS_MAX);
	if (!o->listen || !socket_address_ok(o->listen))
		return error_set(error, RETWINE_USAGE,
				 "'%s' is not an address and a port in figures, ADDR:PORT",
				 o->listen ? o->listen : "");
	return RETWINE_OK;
}

static void log_listening(const struct serve *s)
{
	struct sockaddr_storage at = {0};
	socklen_t size = sizeof(at);
	char name[SOCKET_NAME_MAX];

	if (getsockname(s->listener, (struct sockaddr *)&at, &size) == 0) {
		socket_name(name, (const struct sockaddr *)&at);
		serve_log(s, "listening on %s", name);
	}
	notify_systemd("READY=1");
}

/* A descriptor for each client and connection, and some. */
static enum retwine_code raise_files(const struct serve *s, struct retwine_error *error)
{
	const rlim_t want = s->client_max + FILES_OWN;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= want)
		return RETWINE_OK;
	files.rlim_cur = want < files.rlim_max ? want : files.rlim_max;
	if (files.rlim_cur == want && setrlimit(RLIMIT_NOFILE, &files) == 0)
		return RETWINE_OK;
	return error_set(
		error, RETWINE_USAGE,
		"max-clients: %u clients need %llu open files, and the limit of this process is "
		"%llu; raise it, or serve fewer",
		s->options->max_clients, (unsigned long long)want,
		(unsigned long long)files.rlim_max);
}

static enum retwine_code serve_open(struct serve *s, const sigset_t *signals,
				    struct retwine_error *error)
{
	s->client_max = s->options->max_clients + PENDING_MAX;
	const enum retwine_code code = raise_files(s, error);

	if (code != RETWINE_OK)
		return code;
	s->clients = calloc(s->client_max, sizeof(*s->clients));
	s->polls = calloc(s->client_max + 2, sizeof(*s->polls));
	s->signals = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (!s->clients || !s->polls || s->signals == -1)
		return error_no_memory(error);
	return socket_listen(&s->listener, s->options->listen, error);
}

static void serve_close(struct serve *s)
{
	for (size_t i = 0; s->clients && i < s->client_max; i++) {
		struct client *c = &s->clients[i];

		if (c->state == CLIENT_RUNNING) {
			client_kill(c, "");
			(void)waitpid(c->pid, NULL, 0);
		}
		if (c->state != CLIENT_FREE)
			client_drop(c);
	}
	if (s->listener != -1)
		close(s->listener);
	if (s->signals != -1)
		close(s->signals);
	free(s->clients);
	free(s->polls);
}

enum retwine_code retwine_serve(const struct retwine_serve_options *options,
				struct retwine_error *error)
{
	struct serve s = {.options = options, .listener = -1, .signals = -1};
	sigset_t signals, old;
	enum retwine_code code = check(options, error);
	int streams[3];

	if (code != RETWINE_OK)
		return code;
	if (service_streams_reserve(streams) != E_OK)
		return error_set(
			error, RETWINE_FAILED,
			"a standard stream is closed and /dev/null cannot be opened; open it");
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGCHLD);
	if (pthread_sigmask(SIG_BLOCK, &signals, &old) != 0)
		return error_set(error, RETWINE_FAILED, "cannot block signals");
	code = serve_open(&s, &signals, error);
	if (code == RETWINE_OK) {
		log_listening(&s);
		code = serve_loop(&s, error);
	}
	serve_close(&s);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return code;
}
