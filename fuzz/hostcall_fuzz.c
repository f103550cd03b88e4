/*
 * Replies of a hostile host, through the stubs. The input is a series of calls: one byte chooses
 * the call, 64 bytes are the reply, the bytes after it fill the output. Whatever the host says, the
 * outputs of an accepted reply keep the promises of hostcall.h, and a dropped one leaves none.
 */
#include "hostcall/hostcall.h"

#include <string.h>

#include "base/reader.h"
#include "test/lib/native.h"

#define FORBIDDEN      0x10000000u
#define FORBIDDEN_SIZE 0x1000000u

static struct reader g_input;

uint32_t hostcall_next_seq(void)
{
	static uint32_t seq;

	return ++seq;
}

enum err hostcall_transport(const struct call_request *request, const struct hostcall_in *in,
			    struct call_reply *reply, void *out)
{
	(void)in;
	reader_bytes(&g_input, reply, sizeof *reply);
	if (reply->seq == 0) /* else no input would guess it */
		reply->seq = request->seq;
	if (reply->out_size > request->out_max)
		return E_HOST;
	if (reply->out_size != 0)
		reader_bytes(&g_input, out, reply->out_size);
	return E_OK;
}

static struct name g_name = {"name", 4};

static void try_values(void)
{
	uint64_t ns = 0;
	uint32_t handle = 0;
	size_t done = 0;

	if (hostcall_clock(0, &ns) == HOST_SUCCESS)
		must(ns <= INT64_MAX);
	if (hostcall_open(3, g_name, 0, &handle) == HOST_SUCCESS)
		must(handle < HOST_HANDLES_MAX);
	if (hostcall_write(1, "12345", 5, &done) == HOST_SUCCESS)
		must(done <= 5);
	uint8_t passed = 2; /* a bool that is neither would show here */

	if (hostcall_park(1, (bool *)&passed) == HOST_SUCCESS)
		must(passed <= 1);
}

static void try_stat(void)
{
	struct host_stat st;

	if (hostcall_stat_at(3, g_name, &st) != HOST_SUCCESS)
		return;
	must(st.size <= INT64_MAX && st.atime <= INT64_MAX && st.mtime <= INT64_MAX);
	must(st.ctime <= INT64_MAX && st.type < HOST_TYPE_END && st.reserved == 0);
}

static void try_poll(void)
{
	struct host_poll polls[3] = {{.handle = 0, .want = HOST_POLL_READ},
				     {.handle = 1, .want = HOST_POLL_WRITE},
				     {.handle = 2, .want = HOST_POLL_READ | HOST_POLL_WRITE}};

	if (hostcall_poll(polls, COUNT_OF(polls), 0) != HOST_SUCCESS)
		return;
	for (uint32_t i = 0; i < COUNT_OF(polls); i++) {
		must(polls[i].handle == i && polls[i].want == i + 1);
		must((polls[i].ready & ~(polls[i].want | HOST_POLL_HANGUP)) == 0);
		must(polls[i].bytes <= INT64_MAX);
	}
}

/* Walks what was accepted as a careless user would: any overrun is the sanitizer's. */
static void try_readdir(void)
{
	static ALIGNED(8) uint8_t buf[600];
	size_t done = 0;

	memset(buf, 0xff, sizeof buf);
	if (hostcall_readdir(3, 0, buf, sizeof buf, &done) != HOST_SUCCESS)
		return;
	must(done <= sizeof buf);
	for (size_t off = 0; off < done;) {
		struct host_dirent d;

		must(done - off > sizeof d);
		memcpy(&d, buf + off, sizeof d);
		must(d.name_size >= 1 && d.name_size <= HOST_NAME_SIZE_MAX);
		must(d.type < HOST_TYPE_END);
		must(done - off - sizeof d >= d.name_size);
		must(!memchr(buf + off + sizeof d, '/', d.name_size));
		must(!memchr(buf + off + sizeof d, 0, d.name_size));
		off += sizeof d + ((d.name_size + 7u) & ~7u);
	}
}

static void try_bytes(void)
{
	static const uint8_t report[HOST_QUOTE_REPORT_SIZE];
	static uint8_t target[HOST_QUOTE_TARGET_SIZE];
	char buf[100];
	size_t done = 0;

	if (hostcall_pread(9, buf, sizeof buf, 0, &done) == HOST_SUCCESS)
		must(done <= sizeof buf);
	if (hostcall_quote(report, buf, sizeof buf, &done) == HOST_SUCCESS)
		must(done >= 1 && done <= sizeof buf);
	(void)hostcall_quote_target(target);
	if (hostcall_readlink(3, g_name, buf, sizeof buf, &done) == HOST_SUCCESS)
		must(done >= 1 && done <= sizeof buf && !memchr(buf, 0, done));
}

static void try_map(void)
{
	static struct host_mapping kept;
	struct host_mapping mapping = {0};

	hostcall_unmap(&kept);
	if (hostcall_map(3, &kept) != HOST_SUCCESS || hostcall_map(4, &mapping) != HOST_SUCCESS)
		return;
	must(mapping.address % 4096 == 0 && mapping.size % 4096 == 0);
	must(mapping.address != 0 && mapping.size != 0 && mapping.size <= HOST_MAP_MAX);
	must(mapping.address < HOST_MAP_END && mapping.address + mapping.size <= HOST_MAP_END);
	must(mapping.address + mapping.size <= FORBIDDEN ||
	     mapping.address >= FORBIDDEN + FORBIDDEN_SIZE);
	must(mapping.address + mapping.size <= kept.address ||
	     mapping.address >= kept.address + kept.size);
	hostcall_unmap(&mapping);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(void) = {try_values,  try_stat,  try_poll,
					      try_readdir, try_bytes, try_map};

	native_forbid(FORBIDDEN, FORBIDDEN_SIZE);
	reader_init(&g_input, data, size);
	while (g_input.left != 0)
		tries[reader_u8(&g_input) % COUNT_OF(tries)]();
	return 0;
}
