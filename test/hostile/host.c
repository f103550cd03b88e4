/*
 * The lying host.
 * Trust: test code.
 * Invariant: every byte of the slot changes behind the first read of it.
 */
#include "test/hostile/host.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "enclave/panic.h"
#include "enclave/shared.h"
#include "host/device/sim.h"
#include "host/quoting/sim_quote.h"
#include "host/service/service.h"
#include "hostcall/hostcall.h"
#include "test/hostile/lie.h"
#include "test/lib/native.h"

#define SLOTS 2 /* the thread's, and another's behind it */

struct hostile_host g_host;

static struct host_service g_service;
static struct quoting *g_quoting;
static ALIGNED(4096) uint8_t g_area[SLOTS * SHARED_SLOT_SIZE];
static uint64_t g_expected; /* hostcall_violations */
static char g_dir[] = "/tmp/retwine-hostile-XXXXXX";
static struct sockaddr_un g_address;

void hostcall_exit(void);

void hostile_violation(const char *what)
{
	const char *call = lie_call_name(g_host.call);

	g_host.violations++;
	if (g_host.violations <= 20)
		printf("VIOLATION: %s (last call %s)\n", what, call ? call : "none");
}

void hostile_host_settle(void)
{
	const uint64_t dropped = hostcall_violations();

	if (dropped < g_expected)
		hostile_violation("a reply outside its rule was believed");
	if (dropped > g_expected)
		hostile_violation("a reply in form was dropped");
	g_expected = dropped;
}

/* ---- what transport.c needs of an enclave ---- */

struct uref shared_slot(void)
{
	return (struct uref){0};
}

static bool inside(struct uref u, size_t size)
{
	return u.off % 8 == 0 && u.off <= sizeof(g_area) && size <= sizeof(g_area) - u.off;
}

enum err shared_read(void *dst, struct uref src, size_t size)
{
	if (!inside(src, size))
		return E_HOST;
	memcpy(dst, g_area + src.off, size);
	for (size_t i = 0; i < size; i++)
		g_area[src.off + i] = (uint8_t)(~g_area[src.off + i] ^ i);
	return E_OK;
}

enum err shared_write(struct uref dst, const void *src, size_t size)
{
	if (!inside(dst, size))
		return E_HOST;
	if (size != 0)
		memcpy(g_area + dst.off, src, size);
	return E_OK;
}

bool enclave_is_dead(void)
{
	return false;
}

void enclave_die(void)
{
	abort();
}

/* ---- the host ---- */

/* A client that has sent something and gone, so that nobody waits. */
static void connect_client(void)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (fd == -1)
		return;
	if (connect(fd, (const struct sockaddr *)&g_address, sizeof(g_address)) == 0 &&
	    write(fd, "from the client", 15) != 15)
		abort();
	close(fd);
}

/* What has no device or no second thread here is answered as if it had; nobody waits long. */
static bool answer_here(const struct call_request *request, struct call_reply *reply)
{
	*reply = (struct call_reply){.seq = request->seq};
	switch (request->call) {
	case HOST_CALL_PARK:
		reply->value = request->arg[0] != HOST_PARK_FOREVER;
		return true;
	case HOST_CALL_PREFAULT:
	case HOST_CALL_PROTECT_CODE:
	case HOST_CALL_RESTRICT:
	case HOST_CALL_UNPARK:
	case HOST_CALL_THREAD_START:
	case HOST_CALL_INTERRUPT:
		return true;
	default:
		return false;
	}
}

static void shorten_waits(struct call_request *request)
{
	if (request->call == HOST_CALL_POLL && request->arg[0] > 100000)
		request->arg[0] = 100000;
	memcpy(g_area + SLOT_REQUEST_OFF, request, sizeof(*request));
}

static void true_reply(struct call_request *request, struct call_reply *reply)
{
	if (answer_here(request, reply))
		return;
	if (request->call == HOST_CALL_ACCEPT)
		connect_client();
	shorten_waits(request);
	service_call(&g_service, 0, g_area);
	memcpy(reply, g_area + SLOT_REPLY_OFF, sizeof(*reply));
}

/* The handle that the lie hides. */
static void close_hidden(const struct call_reply *reply)
{
	const struct call_request request = {.call = HOST_CALL_CLOSE, .arg = {reply->value}};
	uint8_t old[sizeof(request)];

	memcpy(old, g_area, sizeof(old));
	memcpy(g_area, &request, sizeof(request));
	service_call(&g_service, 0, g_area);
	memcpy(g_area, old, sizeof(old));
}

static bool gives_bytes(uint32_t call)
{
	return call == HOST_CALL_READ || call == HOST_CALL_PREAD || call == HOST_CALL_RECV;
}

static enum lie_class choose(void)
{
	enum lie_class class = g_host.next;

	if (class == HOST_HONEST && g_host.rate != 0 && liar_pick(&g_host.liar, g_host.rate) == 0)
		class = (enum lie_class)liar_pick(&g_host.liar, LIE_CLASS_END);
	if (!g_host.stubborn)
		g_host.next = HOST_HONEST;
	return class;
}

static void spoil(enum lie_class class, const struct call_request *request,
		  struct call_reply *reply)
{
	const struct call_reply was = *reply;
	uint8_t *data = g_area + SHARED_SLOT_DATA_OFF;

	g_host.effect = lie_tell(&g_host.liar, class, request, reply, data);
	if (g_host.effect == LIE_CANNOT)
		return;
	g_host.told[request->call][class]++;
	if (memcmp(&was, reply, sizeof(was)) != 0 && was.error == HOST_SUCCESS &&
	    (request->call == HOST_CALL_OPEN || request->call == HOST_CALL_ACCEPT))
		close_hidden(&was);
	if (g_host.effect != LIE_MUST_DROP)
		return;
	g_expected++;
	g_host.dropped++;
	if (gives_bytes(request->call)) {
		memset(data, HOST_PATTERN, SHARED_SLOT_DATA_SIZE);
		g_host.forbidden_bytes = true;
	}
}

/* In the place of the enclave's exit: a host call stands in the slot. */
void hostcall_exit(void)
{
	struct call_request request;
	struct call_reply reply;

	hostile_host_settle();
	memcpy(&request, g_area + SLOT_REQUEST_OFF, sizeof(request));
	g_host.calls++;
	if (g_host.asked)
		g_host.asked();
	g_host.call = request.call;
	g_host.effect = LIE_CANNOT;
	if (!lie_call_name(request.call)) {
		hostile_violation("an unknown call was asked for");
		return;
	}
	true_reply(&request, &reply);
	const struct call_reply truth = reply;
	const enum lie_class class = choose();

	if (class != HOST_HONEST)
		spoil(class, &request, &reply);
	liar_remember(&g_host.liar, &truth);
	memcpy(g_area + SLOT_REPLY_OFF, &reply, sizeof(reply));
}

static int listen_somewhere(void)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	g_address.sun_family = AF_UNIX;
	snprintf(g_address.sun_path, sizeof(g_address.sun_path), "%s.socket", g_dir);
	if (fd == -1 || bind(fd, (const struct sockaddr *)&g_address, sizeof(g_address)) == -1 ||
	    listen(fd, 100) == -1)
		abort();
	return fd;
}

const uint8_t *hostile_report(void)
{
	static const struct sgx_identity somebody = {.attributes = {.flags = ATTRIBUTE_INIT}};
	static const struct sgx_reportdata data = {{1}};
	static struct sgx_report report;
	struct sgx_targetinfo target;

	if (quoting_target(g_quoting, (uint8_t *)&target, -1) != HOST_SUCCESS ||
	    sgx_make_report(&report, sim_machine(), &somebody, &target, &data) != SGX_SUCCESS)
		abort();
	return (const uint8_t *)&report;
}

/* A file without a name, as a volume's. */
static int volume_file(void)
{
	FILE *f = tmpfile();

	if (!f || fwrite(HOSTILE_CONTENT, sizeof(HOSTILE_CONTENT), 1, f) != 1 || fflush(f) != 0)
		abort();
	const int fd = dup(fileno(f));

	fclose(f);
	return fd;
}

void hostile_host_start(uint64_t seed)
{
	memcpy(strrchr(g_dir, '-') + 1, "XXXXXX", 6);
	if (!mkdtemp(g_dir))
		abort();
	const int null = open("/dev/null", O_RDWR), listener = listen_somewhere();
	const struct service_mount mounts[] = {
		{.dir_fd = open(g_dir, O_RDONLY | O_DIRECTORY)},
		{.dir_fd = volume_file(), .volume = true},
		{.dir_fd = volume_file(), .read_only = true, .volume = true},
	};

	if (sim_quoting_open(&g_quoting) != E_OK)
		abort();
	struct service_config config = {.quoting = g_quoting,
					.stream_fd = {null, null, null},
					.mounts = mounts,
					.mount_count = COUNT_OF(mounts),
					.listeners = &listener,
					.listener_count = 1,
					.limits = {.disk_bytes = 1ull << 32}};

	/* What an enclave shares with its host is g_area here. */
	g_host.liar = (struct liar){.random = (seed + 1) * 0x9e3779b97f4a7c15u,
				    .taken = {{(uint64_t)(uintptr_t)g_area, sizeof(g_area)}}};
	native_forbid(g_host.liar.taken[0].address, sizeof(g_area));
	g_host.next = HOST_HONEST;
	g_host.rate = 0;
	if (service_init(&g_service, &config) != E_OK)
		abort();
	for (size_t i = 0; i < COUNT_OF(mounts); i++)
		close(mounts[i].dir_fd);
	close(listener);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

void hostile_host_stop(void)
{
	struct service_stats stats;

	hostile_host_settle();
	service_stats_get(&g_service, &stats);
	if (stats.refused != 0)
		hostile_violation("the enclave sent requests that are not in form");
	service_fini(&g_service);
	quoting_close(g_quoting);
	nftw(g_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	unlink(g_address.sun_path);
}
