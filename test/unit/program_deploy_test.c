/*
 * Whole deliveries: program_deploy on a simulated machine, with the real service and the simulated
 * quoting enclave, and a client over a socket in a process of its own. What the client hears stands in
 * memory that both share.
 */
#include "program/deploy.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/heap.h"
#include "channel/channel.h"
#include "channel/deploy.h"
#include "host/base/park.h"
#include "host/run.h"
#include "host/service/service.h"
#include "launch/launch.h"
#include "platform/platform.h"
#include "sgx/arch.h"
#include "test/lib/check.h"
#include "test/lib/direct_transport.h"
#include "test/lib/machine.h"
#include "test/lib/native.h"
#include "test/lib/native_program.h"
#include "test/unit/deploy_module.h"
#include "wasm/trap.h"

#define QUOTE_BODY_OFF 48 /* SGX quotes, version 3: the report's body stands behind the header */

enum err platform_random(void *out, size_t size)
{
	return getrandom(out, size, 0) == (ssize_t)size ? E_OK : E_STATE;
}

/* ---- what is delivered ---------------------------------------------------------------------- */

static const uint8_t g_nonce[32] = "a nonce that the client chose";
static uint8_t g_record[NATIVE_RECORD_MAX];
static size_t g_record_size;
static uint8_t g_digest[32];
static uint8_t g_input[40000];

static const struct launch_mount g_mounts[] = {
	{.guest_path = {(const uint8_t *)"/data", 5}, .kind = LAUNCH_MOUNT_TMP, .size = 1 << 20},
	{.guest_path = {(const uint8_t *)"/dev/attestation", 16}, .kind = LAUNCH_MOUNT_ATTESTATION},
};

static struct launch_record record_of(const char *invoke)
{
	return (struct launch_record){
		.engine = LAUNCH_ENGINE_INTERPRETER,
		.diagnostics = LAUNCH_DIAGNOSTICS_BACKTRACE,
		.args_policy = LAUNCH_ARGS_ANY,
		.invoke = {(const uint8_t *)invoke, strlen(invoke)},
		.mounts = g_mounts,
		.mount_count = COUNT_OF(g_mounts),
	};
}

/* The machine is started for this record. */
static void prepare_record(struct launch_record r)
{
	g_record_size =
		native_program_encode(g_record, g_digest, &r, module_deploy, sizeof(module_deploy));
	machine_launch(g_digest);
}

static void prepare(const char *invoke)
{
	prepare_record(record_of(invoke));
}

/* ---- the client ----------------------------------------------------------------------------- */

/* What it hears. */
struct heard {
	enum err open; /* of the channel */
	enum err peer; /* of the certificate */
	struct identity identity;
	uint8_t configid[64];
	bool quoted; /* the quote is over the certificate's report data */
	enum err sent;
	enum err received; /* the first error of deploy_receive */
	size_t out_size, err_size;
	uint8_t out[100000], err[100];
	bool refused, ended;
	enum err why;
	enum err decoded;
	struct run_result end;
	struct run_frame frame; /* the first */
	enum err close;		/* of a read behind the end: an orderly one gives E_OK */
};

static struct heard *g_heard; /* shared with the client's process */

struct client {
	int fd;
	struct channel *channel;
	struct deploy_order to, from;
};

/* What a test's client does once the channel is open. */
typedef void client_act(struct client *c);

static enum err socket_send(void *context, const void *p, size_t size, size_t *sent)
{
	const ssize_t n = send(((struct client *)context)->fd, p, size, MSG_NOSIGNAL);

	*sent = n > 0 ? (size_t)n : 0;
	return n > 0 ? E_OK : E_CHANNEL_CUT;
}

static enum err socket_receive(void *context, void *p, size_t max, size_t *got)
{
	const ssize_t n = recv(((struct client *)context)->fd, p, max, 0);

	*got = n > 0 ? (size_t)n : 0;
	return n >= 0 ? E_OK : E_CHANNEL_CUT;
}

static enum err client_random(void *context, void *out, size_t size)
{
	(void)context;
	return platform_random(out, size);
}

static enum err client_peer(void *context, const uint8_t *der, size_t size)
{
	struct certificate_evidence e;
	struct sgx_report_body body;

	(void)context;
	g_heard->peer = certificate_check(&e, der, size);
	if (g_heard->peer != E_OK || e.quote_size < QUOTE_BODY_OFF + sizeof(body))
		return E_CERTIFICATE_EVIDENCE;
	memcpy(&body, e.quote + QUOTE_BODY_OFF, sizeof(body));
	memcpy(g_heard->configid, body.configid, sizeof(body.configid));
	g_heard->identity = e.identity;
	g_heard->quoted = memcmp(body.reportdata.data, e.report_data, sizeof(e.report_data)) == 0;
	return E_OK;
}

static void client_send(struct client *c, uint32_t type, const void *p, size_t size)
{
	const struct deploy_part part = {p, size};

	if (g_heard->sent == E_OK)
		g_heard->sent = deploy_send(c->channel, &c->to, type, &part, 1);
}

static void client_send_named(struct client *c, uint32_t type, const char *name, const void *p,
			      size_t size)
{
	const struct deploy_named n = {(const uint8_t *)name, strlen(name), p, size};

	if (g_heard->sent == E_OK)
		g_heard->sent = deploy_send_named(c->channel, &c->to, type, &n);
}

/* Past the order: what no honest client sends. */
static void client_send_raw(struct client *c, uint32_t type, uint64_t claimed, size_t size)
{
	static const uint8_t body[4096];
	uint8_t header[DEPLOY_HEADER_SIZE];

	deploy_header_encode(header, (struct deploy_header){type, claimed});
	g_heard->sent = channel_write(c->channel, header, sizeof(header));
	if (g_heard->sent == E_OK && size != 0)
		g_heard->sent = channel_write(c->channel, body, size);
}

static void hear_output(uint8_t *to, size_t max, size_t *have, const struct deploy_message *m)
{
	const size_t n = m->size < max - *have ? m->size : max - *have;

	memcpy(to + *have, m->body, n);
	*have += n;
}

static void hear_end(const struct deploy_message *m)
{
	struct host_run_result r = {0};

	g_heard->ended = true;
	g_heard->decoded = host_run_result_decode(&r, m->body, m->size);
	g_heard->end = r.end;
	if (r.end.frame_count != 0)
		g_heard->frame = r.frames[0];
	host_run_result_fini(&r);
}

static void hear_message(const struct deploy_message *m)
{
	switch (m->type) {
	case DEPLOY_STDOUT:
		hear_output(g_heard->out, sizeof(g_heard->out), &g_heard->out_size, m);
		break;
	case DEPLOY_STDERR:
		hear_output(g_heard->err, sizeof(g_heard->err), &g_heard->err_size, m);
		break;
	case DEPLOY_END:
		hear_end(m);
		break;
	default:
		g_heard->refused = true;
		g_heard->decoded = deploy_refused_decode(&g_heard->why, m);
		break;
	}
}

static void client_hear(struct client *c)
{
	struct deploy_message m;
	uint8_t byte;
	size_t got = 0;

	while (!deploy_order_done(&c->from)) {
		g_heard->received = deploy_receive(c->channel, &c->from, &m);
		if (g_heard->received != E_OK)
			return;
		hear_message(&m);
		deploy_message_fini(&m);
	}
	g_heard->close = channel_read(c->channel, &byte, 1, &got);
	if (g_heard->close == E_OK && got != 0)
		g_heard->close = E_TRAILING;
}

static void client_deliver(struct client *c, const uint8_t *record, size_t record_size,
			   const uint8_t *module, size_t module_size)
{
	client_send(c, DEPLOY_RECORD, record, record_size);
	client_send(c, DEPLOY_MODULE, module, module_size);
}

static void client_deliver_program(struct client *c)
{
	client_deliver(c, g_record, g_record_size, module_deploy, sizeof(module_deploy));
}

static void client_start(struct client *c)
{
	client_send(c, DEPLOY_START, NULL, 0);
	client_hear(c);
}

/* The client's process, from the handshake on. */
static void client_main(int fd, client_act *act)
{
	struct client c = {.fd = fd};
	const struct channel_config config = {
		.role = CHANNEL_CLIENT,
		.transport = {&c, socket_send, socket_receive},
		.peer = client_peer,
		.random = {.get = client_random},
	};

	deploy_order_init(&c.to, DEPLOY_TO_ENCLAVE);
	deploy_order_init(&c.from, DEPLOY_TO_CLIENT);
	g_heard->open = channel_open(&c.channel, &config);
	if (g_heard->open == E_OK)
		act(&c);
	channel_free(c.channel);
	close(fd);
}

/* ---- one delivery --------------------------------------------------------------------------- */

static struct program_outcome g_out;
static bool g_no_quotes; /* the host has nobody who makes them */
static long g_fail_at = -1;
static bool g_heap_failed;

static enum host_errno no_thread(void *context, uint32_t thread)
{
	(void)context;
	(void)thread;
	return HOST_AGAIN;
}

static struct host_service g_service;
static void *(*g_keeper)(void *); /* runs beside the enclave; NULL: nobody does */
static int g_gate[2];

/* Opens the gate when the program is ending. */
static void *keep_gate(void *unused)
{
	struct service_stats stats = {0};

	(void)unused;
	while (stats.calls[HOST_CALL_INTERRUPT] == 0) {
		sched_yield();
		service_stats_get(&g_service, &stats);
	}
	CHECK(write(g_gate[1], "", 1) == 1);
	return NULL;
}

static _Atomic bool g_over;

/* As a host whose patience is at an end, again and again. */
static void *interrupt(void *unused)
{
	(void)unused;
	park_enter(PARK_THREADS_MAX - 1); /* it is none of the program's */
	while (!g_over) {
		sched_yield();
		program_interrupt();
	}
	return NULL;
}

static void run_enclave(int fd)
{
	pthread_t keeper = 0;
	struct quoting *quoting = NULL;
	char why[QUOTING_WHY_MAX];
	const struct quoting_config choice = {.choice = QUOTING_SIMULATED};
	struct program_delivery in = {.connection = service_connection_handle(0, 0)};

	if (!g_no_quotes)
		CHECK_EQ(quoting_open(&quoting, &choice, true, why), E_OK);
	const struct service_config config = {
		.stream_fd = {-1, -1, -1},
		.connection = &fd,
		.quoting = quoting,
		.thread_count = PROGRAM_THREADS_MAX + 1,
		.start_thread = no_thread,
	};

	CHECK_EQ(service_init(&g_service, &config), E_OK);
	direct_transport_use(&g_service);
	memcpy(in.nonce, g_nonce, sizeof(in.nonce));
	g_over = false;
	if (g_keeper)
		CHECK(pthread_create(&keeper, NULL, g_keeper, NULL) == 0);
	native_heap_fail_at(g_fail_at);
	program_deploy(&in, &g_out);
	g_over = true;
	if (g_keeper)
		pthread_join(keeper, NULL);
	g_heap_failed = native_heap_failed();
	native_heap_fail_at(-1);
	service_fini(&g_service);
	quoting_close(quoting);
}

/* The client has said all that it says when its process has ended. */
static void deliver(client_act *act)
{
	int fds[2], status = -1;

	memset(g_heard, 0, sizeof(*g_heard));
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	fflush(stdout);
	const pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		close(fds[0]);
		client_main(fds[1], act);
		_exit(0);
	}
	close(fds[1]);
	run_enclave(fds[0]);
	close(fds[0]);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

/* The host is told this, and nothing else. */
static bool host_told(enum run_kind kind, enum err code)
{
	const struct program_outcome only = {.kind = kind, .code = code};

	return memcmp(&only, &g_out, sizeof(only)) == 0;
}

static bool delivered(void)
{
	return host_told(RUN_DELIVERED, E_OK) && g_heard->ended && g_heard->decoded == E_OK &&
	       g_heard->close == E_OK;
}

static bool refused_in_end(enum err code)
{
	return delivered() && g_heard->end.kind == RUN_REFUSED && g_heard->end.code == code &&
	       g_heard->out_size == 0;
}

static bool refused(enum err code)
{
	return host_told(RUN_REFUSED, code) && g_heard->refused && g_heard->decoded == E_OK &&
	       g_heard->why == code && !g_heard->ended;
}

/* ---- right ones ----------------------------------------------------------------------------- */

static void deliver_all(struct client *c)
{
	client_deliver_program(c);
	client_send_named(c, DEPLOY_FILE, "/data/in", "[a file]", 8);
	client_send_named(c, DEPLOY_KEY, "k", "[a key]", 7);
	client_send(c, DEPLOY_STDIN, g_input, sizeof(g_input));
	client_start(c);
}

static bool output_is_complete(void)
{
	return g_heard->out_size == sizeof(g_input) + 15 &&
	       memcmp(g_heard->out, g_input, sizeof(g_input)) == 0 &&
	       memcmp(g_heard->out + sizeof(g_input), "[a file][a key]", 15) == 0 &&
	       g_heard->err_size == 4 && memcmp(g_heard->err, "done", 4) == 0;
}

TEST(a_delivered_program_runs_and_its_owner_hears_all)
{
	prepare("");
	deliver(deliver_all);
	CHECK(delivered());
	CHECK(output_is_complete());
	CHECK(g_heard->end.kind == RUN_EXITED && g_heard->end.code == 7);
}

TEST(the_evidence_is_of_this_launch_this_nonce_and_this_key)
{
	uint8_t configid[64] = {0};

	prepare("");
	deliver(deliver_all);
	CHECK_EQ(g_heard->peer, E_OK); /* the key */
	CHECK(g_heard->quoted);
	CHECK_EQ(g_heard->identity.domain, IDENTITY_CHANNEL);
	CHECK(!g_heard->identity.has_program_digest);
	CHECK(memcmp(g_heard->identity.launch_digest, g_digest, 32) == 0);
	CHECK(g_heard->identity.nonce_size == 32 &&
	      memcmp(g_heard->identity.nonce, g_nonce, 32) == 0);
	memcpy(configid, g_digest, 32);
	CHECK(memcmp(g_heard->configid, configid, sizeof(configid)) == 0);
}

static void deliver_least(struct client *c)
{
	client_deliver_program(c);
	client_start(c);
}

TEST(values_of_a_function_come_back)
{
	prepare("large");
	deliver(deliver_least);
	CHECK(delivered() && g_heard->end.kind == RUN_EXITED && g_heard->end.value_count == 1);
	CHECK_EQ(g_heard->out_size, 65536);
}

/* As much as the record's diagnostics allow, and to the owner alone. */
TEST(a_trap_is_told_to_its_owner)
{
	struct launch_record r = record_of("trap");

	prepare_record(r);
	deliver(deliver_least);
	CHECK(delivered() && g_heard->end.kind == RUN_TRAPPED);
	CHECK_EQ(g_heard->end.code, TRAP_UNREACHABLE);
	CHECK(g_heard->end.frame_count == 1 && g_heard->frame.offset != 0);
	r.diagnostics = LAUNCH_DIAGNOSTICS_NONE;
	prepare_record(r);
	deliver(deliver_least);
	CHECK(delivered() && g_heard->end.kind == RUN_TRAPPED && g_heard->end.code == TRAP_NONE);
	CHECK_EQ(g_heard->end.frame_count, 0);
}

/* A program's own evidence is of another domain than a channel's. */
TEST(a_program_can_prove_what_it_is)
{
	struct identity identity = {.domain = IDENTITY_GUEST, .has_program_digest = true};
	uint8_t claims[IDENTITY_CLAIMS_MAX], expected[64];
	struct arena arena = {0};
	struct launch_record r;
	struct launch_digests digests;
	struct sgx_report_body body;
	struct writer w;

	prepare("quote");
	deliver(deliver_least);
	CHECK(delivered() && g_heard->end.kind == RUN_EXITED);
	CHECK(g_heard->out_size > QUOTE_BODY_OFF + sizeof(body));
	memcpy(&body, g_heard->out + QUOTE_BODY_OFF, sizeof(body));

	CHECK_EQ(launch_decode(&r, &arena, g_record, g_record_size), E_OK);
	launch_measure(&r, &digests);
	memcpy(identity.launch_digest, digests.launch, 32);
	memcpy(identity.program_digest, digests.program, 32);
	writer_init(&w, claims, sizeof(claims));
	CHECK_EQ(identity_claims(&w, &identity), E_OK);
	identity_report_data(expected, claims, w.len);
	CHECK(memcmp(body.reportdata.data, expected, sizeof(expected)) == 0);
	arena_fini(&arena);
}

/* ---- threads -------------------------------------------------------------------------------- */

static void prepare_threads(const char *invoke)
{
	struct launch_record r = record_of(invoke);

	g_record_size = native_program_encode(g_record, g_digest, &r, module_deploy_threads,
					      sizeof(module_deploy_threads));
	machine_launch(g_digest);
	native_threads_use(NATIVE_THREADS_COME);
}

static void deliver_threads(struct client *c)
{
	client_deliver(c, g_record, g_record_size, module_deploy_threads,
		       sizeof(module_deploy_threads));
	client_start(c);
}

/* How often "xxxxxxxx" stands among the words of 8 letters; SIZE_MAX: one is torn. */
static size_t words_of(char letter)
{
	size_t count = 0;

	for (size_t i = 0; i < g_heard->out_size; i++) {
		if (g_heard->out[i] != g_heard->out[i / 8 * 8])
			return SIZE_MAX;
		count += i % 8 == 0 && g_heard->out[i] == letter;
	}
	return count;
}

TEST(threads_write_one_after_the_other)
{
	prepare_threads("all");
	deliver(deliver_threads);
	native_threads_release();
	CHECK(delivered() && g_heard->end.kind == RUN_EXITED);
	CHECK_EQ(g_heard->out_size, 4 * 50 * 8);
	for (char c = 'a'; c <= 'd'; c++)
		CHECK_EQ(words_of(c), 50);
}

/* Some are writing, or waiting to, when the program is over: the channel stays whole. */
TEST(the_end_is_told_when_threads_were_writing)
{
	for (int i = 0; i < 10; i++) {
		prepare_threads("leave");
		deliver(deliver_threads);
		native_threads_release();
		CHECK(delivered() && g_heard->end.kind == RUN_EXITED);
		CHECK_EQ(g_heard->received, E_OK);
		CHECK(words_of('a') == 5);
	}
}

/* Reads nothing before the gate opens. */
static void deliver_and_wait(struct client *c)
{
	char byte;

	client_deliver(c, g_record, g_record_size, module_deploy_threads,
		       sizeof(module_deploy_threads));
	client_send(c, DEPLOY_START, NULL, 0);
	if (read(g_gate[0], &byte, 1) == 1)
		client_hear(c);
}

/* Its end interrupts who waits for the client, in the middle of a record perhaps. */
TEST(the_end_is_told_to_a_client_that_reads_late)
{
	prepare_threads("wait");
	CHECK(pipe(g_gate) == 0);
	g_keeper = keep_gate;
	deliver(deliver_and_wait);
	g_keeper = NULL;
	native_threads_release();
	CHECK(delivered() && g_heard->end.kind == RUN_EXITED);
	CHECK(words_of('a') == 0);
	close(g_gate[0]);
	close(g_gate[1]);
}

/* Whenever the interrupt comes, before the program is there too. */
TEST(a_program_that_is_told_to_end_does_and_its_owner_hears_why)
{
	struct launch_record r = record_of("spin");

	for (int timeout = 0; timeout < 2; timeout++) {
		r.limits.timeout = (uint64_t)timeout;
		g_record_size = native_program_encode(g_record, g_digest, &r, module_deploy_threads,
						      sizeof(module_deploy_threads));
		machine_launch(g_digest);
		g_keeper = interrupt;
		deliver(deliver_threads);
		g_keeper = NULL;
		CHECK(delivered() && g_heard->end.kind == RUN_TRAPPED);
		CHECK_EQ(g_heard->end.code, timeout ? TRAP_TIMEOUT : TRAP_INTERRUPTED);
	}
}

/* ---- secrets -------------------------------------------------------------------------------- */

static const char g_secret[] = "a secret that only its owner and the program know";

static void deliver_secret_input(struct client *c)
{
	client_deliver_program(c);
	client_send_named(c, DEPLOY_FILE, "/data/in", g_secret, sizeof(g_secret));
	client_send_named(c, DEPLOY_KEY, "k", g_secret, sizeof(g_secret));
	client_send(c, DEPLOY_STDIN, g_secret, sizeof(g_secret));
	client_start(c);
}

TEST(nothing_that_is_delivered_or_written_goes_to_the_host_in_clear)
{
	prepare("");
	direct_transport_watch(g_secret, sizeof(g_secret));
	deliver(deliver_secret_input);
	CHECK(delivered() && g_heard->end.code == 7);
	CHECK_EQ(g_heard->out_size, 3 * sizeof(g_secret)); /* the program wrote it, and it came */
	CHECK(!direct_transport_seen());
	direct_transport_watch(module_deploy, 8); /* nor the module */
	deliver(deliver_secret_input);
	CHECK(!direct_transport_seen());
	direct_transport_watch(NULL, 0);
}

/* That the search above can find something. */
TEST(what_the_host_sees_is_searched)
{
	static const uint8_t client_random_is_there[] = {0x16, 0x03, 0x03}; /* a TLS record */

	prepare("");
	direct_transport_watch(client_random_is_there, sizeof(client_random_is_there));
	deliver(deliver_least);
	CHECK(direct_transport_seen());
	direct_transport_watch(NULL, 0);
}

static void deliver_secret_key(struct client *c)
{
	client_deliver_program(c);
	client_send_named(c, DEPLOY_KEY, "k", g_secret, sizeof(g_secret));
	client_send(c, DEPLOY_STDIN, g_secret, sizeof(g_secret));
	client_start(c);
}

static void deliver_secret_and_stop(struct client *c)
{
	client_deliver_program(c);
	client_send_named(c, DEPLOY_KEY, "k", g_secret, sizeof(g_secret));
	client_send(c, DEPLOY_STDIN, g_secret, sizeof(g_secret));
}

TEST(what_was_delivered_is_wiped)
{
	prepare("large"); /* which reads neither */
	native_heap_watch(g_secret, sizeof(g_secret));
	deliver(deliver_secret_key);
	CHECK(delivered() && !native_heap_seen());
	deliver(deliver_secret_and_stop);
	CHECK(!delivered() && !native_heap_seen());
	native_heap_watch(NULL, 0);
}

/* Digests and what follows them, as they stand in the record alone. */
TEST(the_record_is_wiped)
{
	prepare("large");
	CHECK(g_record_size > 112);
	native_heap_watch(g_record, 112);
	deliver(deliver_least);
	CHECK(delivered() && !native_heap_seen());
	native_heap_watch(NULL, 0);
}

/* How it ended is its owner's alone as well. */
TEST(what_was_told_is_wiped)
{
	const struct run_result end = {.kind = RUN_EXITED, .value_count = 1};

	prepare("large");
	native_heap_watch(&end, sizeof(end));
	deliver(deliver_least);
	CHECK(delivered() && memcmp(&g_heard->end, &end, sizeof(end)) == 0);
	CHECK(!native_heap_seen());
	native_heap_watch(NULL, 0);
}

/* ---- wrong ones ----------------------------------------------------------------------------- */

static uint8_t g_other[NATIVE_RECORD_MAX];
static size_t g_other_size;

static void deliver_other_record(struct client *c)
{
	client_deliver(c, g_other, g_other_size, module_deploy, sizeof(module_deploy));
	client_start(c);
}

TEST(a_record_that_the_enclave_was_not_started_for_is_refused)
{
	static const struct launch_bytes args[] = {{(const uint8_t *)"program", 7}};
	struct launch_record other = record_of("");
	uint8_t digest[32];

	other.argv = args;
	other.argc = 1;
	g_other_size = native_program_encode(g_other, digest, &other, module_deploy,
					     sizeof(module_deploy));
	prepare("");
	deliver(deliver_other_record);
	CHECK(refused_in_end(E_PROGRAM_LAUNCH));
	memset(g_other, 0xee, g_other_size);
	deliver(deliver_other_record);
	CHECK(refused_in_end(E_LAUNCH_MAGIC));
}

static void deliver_other_module(struct client *c)
{
	uint8_t module[sizeof(module_deploy)];

	memcpy(module, module_deploy, sizeof(module));
	module[sizeof(module) - 1] ^= 1;
	client_deliver(c, g_record, g_record_size, module, sizeof(module));
	client_start(c);
}

TEST(a_module_that_the_record_does_not_name_is_refused)
{
	prepare("");
	deliver(deliver_other_module);
	CHECK(refused_in_end(E_PROGRAM_MODULE));
}

TEST(nothing_of_the_host_is_given)
{
	static const struct launch_mount mounts[] = {
		{.guest_path = {(const uint8_t *)"/data", 5}, .kind = LAUNCH_MOUNT_HOST},
	};
	struct launch_record r = record_of("large");

	r.mounts = mounts;
	r.mount_count = 1;
	prepare_record(r);
	deliver(deliver_least);
	CHECK(refused_in_end(E_DEPLOY_HOST));
	r = record_of("large");
	r.listener_count = 1;
	prepare_record(r);
	deliver(deliver_least);
	CHECK(refused_in_end(E_DEPLOY_HOST));
}

static const char *g_path;

static void deliver_file(struct client *c)
{
	client_deliver_program(c);
	client_send_named(c, DEPLOY_FILE, g_path, "x", 1);
	client_start(c);
}

static void deliver_file_twice(struct client *c)
{
	client_deliver_program(c);
	client_send_named(c, DEPLOY_FILE, g_path, "x", 1);
	client_send_named(c, DEPLOY_FILE, g_path, "y", 1);
	client_start(c);
}

static void deliver_key_twice(struct client *c)
{
	client_deliver_program(c);
	client_send_named(c, DEPLOY_KEY, "k", "x", 1);
	client_send_named(c, DEPLOY_KEY, "k", "y", 1);
	client_start(c);
}

TEST(files_and_keys_without_a_place_or_a_name_of_their_own_are_refused)
{
	struct launch_record r = record_of("large");

	prepare("large");
	g_path = "/elsewhere/in";
	deliver(deliver_file);
	CHECK(refused_in_end(E_DEPLOY_PLACE));
	g_path = "/data/../in";
	deliver(deliver_file);
	CHECK(refused_in_end(E_DEPLOY_NAME));
	g_path = "/data/in";
	deliver(deliver_file_twice);
	CHECK(refused_in_end(E_DEPLOY_NAME));
	deliver(deliver_key_twice);
	CHECK(refused_in_end(E_DEPLOY_NAME));
	r.mount_count = 1;
	prepare_record(r);
	deliver(deliver_secret_key);
	CHECK(refused_in_end(E_DEPLOY_PLACE));
}

static struct {
	uint32_t type;
	uint64_t claimed;
	size_t size;
	bool after_program; /* else first of all */
	enum err expected;
} g_wrong;

static void deliver_wrong(struct client *c)
{
	if (g_wrong.after_program)
		client_deliver_program(c);
	client_send_raw(c, g_wrong.type, g_wrong.claimed, g_wrong.size);
	client_hear(c);
}

static void expect_wrong(uint32_t type, uint64_t claimed, size_t size, bool after_program,
			 enum err expected)
{
	g_wrong.type = type;
	g_wrong.claimed = claimed;
	g_wrong.size = size;
	g_wrong.after_program = after_program;
	deliver(deliver_wrong);
	CHECK(refused(expected));
}

TEST(a_delivery_out_of_order_or_form_is_refused_and_its_client_told)
{
	prepare("");
	expect_wrong(DEPLOY_MODULE, 4, 4, false, E_DEPLOY_ORDER);
	expect_wrong(DEPLOY_START, 0, 0, false, E_DEPLOY_ORDER);
	expect_wrong(DEPLOY_RECORD, 4, 4, true, E_DEPLOY_ORDER);
	expect_wrong(DEPLOY_MODULE, 4, 4, true, E_DEPLOY_ORDER);
	expect_wrong(DEPLOY_END, 64, 64, false, E_DEPLOY_TYPE);
	expect_wrong(77, 4, 4, true, E_DEPLOY_TYPE);
	expect_wrong(DEPLOY_RECORD, UINT64_MAX, 4, false, E_DEPLOY_SIZE);
	expect_wrong(DEPLOY_RECORD, 0, 0, false, E_DEPLOY_SIZE);
	expect_wrong(DEPLOY_FILE, DEPLOY_TOTAL_MAX, 4096, true, E_DEPLOY_SIZE);
	expect_wrong(DEPLOY_KEY, 40, 40, true, E_MALFORMED);
	expect_wrong(DEPLOY_FILE, 40, 40, true, E_MALFORMED);
	expect_wrong(DEPLOY_START, 1, 1, true, E_DEPLOY_SIZE);
}

/* ---- clients that go ------------------------------------------------------------------------ */

static size_t g_stop; /* bytes of the delivery that are sent */
static bool g_orderly;

static void deliver_part(struct client *c)
{
	static uint8_t bytes[8192];
	struct writer w;
	uint8_t header[DEPLOY_HEADER_SIZE];

	writer_init(&w, bytes, sizeof(bytes));
	deploy_header_encode(header, (struct deploy_header){DEPLOY_RECORD, g_record_size});
	writer_bytes(&w, header, sizeof(header));
	writer_bytes(&w, g_record, g_record_size);
	deploy_header_encode(header, (struct deploy_header){DEPLOY_MODULE, sizeof(module_deploy)});
	writer_bytes(&w, header, sizeof(header));
	writer_bytes(&w, module_deploy, sizeof(module_deploy));
	deploy_header_encode(header, (struct deploy_header){DEPLOY_KEY, 6});
	writer_bytes(&w, header, sizeof(header));
	writer_bytes(&w, "\1\0\0\0kk", 6);
	if (g_stop != 0)
		g_heard->sent = channel_write(c->channel, bytes, g_stop);
	if (!g_orderly)
		return;
	g_heard->sent = channel_close(c->channel);
	client_hear(c);
}

TEST(a_delivery_that_ends_early_starts_nothing)
{
	const size_t record = DEPLOY_HEADER_SIZE + g_record_size;
	const size_t module = record + DEPLOY_HEADER_SIZE + sizeof(module_deploy);
	const size_t stops[] = {0,
				1,
				DEPLOY_HEADER_SIZE,
				record - 1,
				record,
				record + 5,
				record + DEPLOY_HEADER_SIZE,
				module - 1,
				module,
				module + DEPLOY_HEADER_SIZE + 3,
				module + DEPLOY_HEADER_SIZE + 6};

	prepare("");
	for (size_t i = 0; i < COUNT_OF(stops); i++) {
		g_stop = stops[i];
		g_orderly = true;
		deliver(deliver_part);
		CHECK(refused(E_TRUNCATED));
		g_orderly = false;
		deliver(deliver_part);
		CHECK(host_told(RUN_REFUSED, E_CHANNEL_CUT));
	}
}

static void start_and_go(struct client *c)
{
	uint8_t some[1000];
	size_t got;

	client_deliver_program(c);
	client_send(c, DEPLOY_START, NULL, 0);
	g_heard->received = channel_read(c->channel, some, sizeof(some), &got);
}

/* Its writes fail, and it ends by itself. */
TEST(a_program_whose_owner_is_gone_can_end)
{
	prepare("flood");
	deliver(start_and_go);
	CHECK_EQ(g_heard->received, E_OK);
	CHECK(host_told(RUN_DELIVERED, E_CHANNEL_CUT));
}

/* ---- surroundings --------------------------------------------------------------------------- */

TEST(without_evidence_nobody_is_spoken_to)
{
	prepare("");
	g_no_quotes = true;
	deliver(deliver_all);
	g_no_quotes = false;
	CHECK(host_told(RUN_REFUSED, E_UNSUPPORTED));
	CHECK(g_heard->open != E_OK && g_heard->peer == E_OK && g_heard->out_size == 0);
}

TEST(an_enclave_that_is_not_as_built_makes_no_evidence)
{
	prepare("");
	machine_self()->attributes.flags |= ATTRIBUTE_DEBUG;
	deliver(deliver_all);
	CHECK(host_told(RUN_REFUSED, E_DENIED));
	prepare("");
	machine_self()->configid[40] = 1;
	deliver(deliver_all);
	CHECK(host_told(RUN_REFUSED, E_DENIED));
}

static void speak_nonsense(int fd)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: retwine\r\n\r\n";

	CHECK(write(fd, text, sizeof(text)) == sizeof(text));
}

TEST(who_does_not_speak_the_protocol_is_sent_away)
{
	int fds[2];

	prepare("");
	memset(g_heard, 0, sizeof(*g_heard));
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	speak_nonsense(fds[1]);
	run_enclave(fds[0]);
	CHECK(host_told(RUN_REFUSED, E_CHANNEL_HANDSHAKE));
	close(fds[0]);
	close(fds[1]);
}

/* Whichever allocation fails, both ends come to an end, and nobody is told that all is well. */
TEST(want_of_memory_ends_a_delivery_in_order)
{
	long fail_at = 0;

	prepare("");
	do {
		g_fail_at = fail_at;
		deliver(deliver_all);
		if (!g_heap_failed)
			break;
		CHECK(g_out.kind == RUN_REFUSED || g_out.kind == RUN_DELIVERED);
		if (g_out.kind == RUN_REFUSED)
			CHECK(g_out.code != E_OK && !g_heard->ended);
		if (g_heard->ended && g_heard->end.kind == RUN_EXITED && g_heard->end.code == 7)
			CHECK(output_is_complete());
		fail_at += 1 + fail_at / 8;
	} while (fail_at < 1000000);
	g_fail_at = -1;
	CHECK(!g_heap_failed && delivered() && output_is_complete());
}

/* What may be told of a delivery in which one call of the host failed. */
static void check_failed_call(enum host_call call, enum host_errno error)
{
	const bool carries = call == HOST_CALL_RECV || call == HOST_CALL_WRITE;

	if (g_heard->ended && g_heard->end.kind == RUN_EXITED && g_heard->end.code == 7)
		CHECK(output_is_complete());
	if (carries && error == HOST_INTR) /* it is made again */
		CHECK(delivered() && output_is_complete());
	else if (carries)
		CHECK(host_told(RUN_REFUSED, E_CHANNEL_CUT) ||
		      host_told(RUN_DELIVERED, E_CHANNEL_CUT));
	else if (call == HOST_CALL_QUOTE || call == HOST_CALL_QUOTE_TARGET)
		CHECK(host_told(RUN_REFUSED, E_HOST) && g_heard->open != E_OK);
	else
		CHECK(g_out.kind == RUN_DELIVERED);
}

/* Each in its turn. */
TEST(a_call_that_fails_ends_a_delivery_or_is_made_again)
{
	static const enum host_errno errors[] = {HOST_IO, HOST_INTR};
	enum host_call call;

	prepare("");
	for (size_t e = 0; e < COUNT_OF(errors); e++) {
		long n = 0;

		do {
			direct_transport_fail_at(n++, errors[e]);
			deliver(deliver_all);
			if (direct_transport_failed(&call))
				check_failed_call(call, errors[e]);
		} while (direct_transport_failed(&call) && n < 10000);
		CHECK(n > 10 && delivered() && output_is_complete());
	}
	direct_transport_fail_at(-1, HOST_SUCCESS);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	g_heard = mmap(NULL, sizeof(*g_heard), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (g_heard == MAP_FAILED)
		return 2;
	for (size_t i = 0; i < sizeof(g_input); i++)
		g_input[i] = (uint8_t)(i * 2654435761u >> 24);
	RUN(a_delivered_program_runs_and_its_owner_hears_all);
	RUN(the_evidence_is_of_this_launch_this_nonce_and_this_key);
	RUN(values_of_a_function_come_back);
	RUN(a_trap_is_told_to_its_owner);
	RUN(a_program_can_prove_what_it_is);
	RUN(threads_write_one_after_the_other);
	RUN(the_end_is_told_when_threads_were_writing);
	RUN(the_end_is_told_to_a_client_that_reads_late);
	RUN(a_program_that_is_told_to_end_does_and_its_owner_hears_why);
	RUN(nothing_that_is_delivered_or_written_goes_to_the_host_in_clear);
	RUN(what_the_host_sees_is_searched);
	RUN(what_was_delivered_is_wiped);
	RUN(the_record_is_wiped);
	RUN(what_was_told_is_wiped);
	RUN(a_record_that_the_enclave_was_not_started_for_is_refused);
	RUN(a_module_that_the_record_does_not_name_is_refused);
	RUN(nothing_of_the_host_is_given);
	RUN(files_and_keys_without_a_place_or_a_name_of_their_own_are_refused);
	RUN(a_delivery_out_of_order_or_form_is_refused_and_its_client_told);
	RUN(a_delivery_that_ends_early_starts_nothing);
	RUN(a_program_whose_owner_is_gone_can_end);
	RUN(without_evidence_nobody_is_spoken_to);
	RUN(an_enclave_that_is_not_as_built_makes_no_evidence);
	RUN(who_does_not_speak_the_protocol_is_sent_away);
	RUN(a_call_that_fails_ends_a_delivery_or_is_made_again);
	RUN(want_of_memory_ends_a_delivery_in_order);
	return check_report();
}
