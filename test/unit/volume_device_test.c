/* program: a volume's file by host calls and by mapping, with a host that does little, fails, or lies. */
#include "program/volume_clock.h"
#include "program/volume_device.h"

#include <stdlib.h>

#include "test/lib/check.h"
#include "test/lib/native.h"

#define HANDLE	  9u
#define FILE_ROOM 0x200000u
#define PAGE	  4096u

/* The host: one file in memory, and what it does wrong. */
static struct {
	ALIGNED(4096) uint8_t bytes[FILE_ROOM];
	uint64_t size;
	size_t step; /* the largest read or write that it does; 0: all */
	bool writes_nothing;
	enum host_call fails; /* this call fails so: */
	enum host_errno error;
	enum host_call lies; /* of this one more comes back than was asked for */
	bool maps;
	uint64_t now; /* CLOCK's answer */
	unsigned calls[HOST_CALL_END];
	uint64_t arg[HOST_CALL_END][3]; /* of the last one */
} g_host;

static const enum host_call k_none = HOST_CALL_NONE;

uint32_t hostcall_next_seq(void)
{
	static uint32_t seq;

	return ++seq;
}

static size_t cut(size_t size)
{
	return g_host.step != 0 && size > g_host.step ? g_host.step : size;
}

static void host_pread(const struct call_request *r, struct call_reply *reply, void *out)
{
	size_t size = cut(r->out_max);

	if (r->arg[1] >= g_host.size)
		size = 0;
	else if (size > g_host.size - r->arg[1])
		size = g_host.size - r->arg[1];
	if (size != 0)
		memcpy(out, g_host.bytes + r->arg[1], size);
	reply->out_size = (uint32_t)size;
}

static void host_pwrite(const struct call_request *r, const struct hostcall_in *in,
			struct call_reply *reply)
{
	const size_t size = g_host.writes_nothing ? 0 : cut(r->in_size);

	CHECK(r->arg[1] + size <= FILE_ROOM);
	memcpy(g_host.bytes + r->arg[1], in->part[0], size);
	if (r->arg[1] + size > g_host.size)
		g_host.size = r->arg[1] + size;
	reply->value = size;
}

static void host_answer(const struct call_request *r, const struct hostcall_in *in,
			struct call_reply *reply, void *out)
{
	const struct host_stat st = {.size = g_host.size, .type = HOST_TYPE_FILE};
	const struct host_map map = {(uint64_t)(uintptr_t)g_host.bytes, FILE_ROOM / 2};

	switch (r->call) {
	case HOST_CALL_PREAD:
		host_pread(r, reply, out);
		break;
	case HOST_CALL_PWRITE:
		host_pwrite(r, in, reply);
		break;
	case HOST_CALL_CLOCK:
		CHECK(r->arg[0] == HOST_CLOCK_REALTIME);
		reply->value = g_host.now;
		break;
	case HOST_CALL_STAT:
		memcpy(out, &st, sizeof st);
		reply->out_size = sizeof st;
		break;
	case HOST_CALL_SET_SIZE:
		g_host.size = r->arg[1];
		break;
	case HOST_CALL_ALLOCATE:
		if (g_host.size < r->arg[1] + r->arg[2])
			g_host.size = r->arg[1] + r->arg[2];
		break;
	case HOST_CALL_MAP:
		if (!g_host.maps) {
			reply->error = HOST_NOMEM;
			break;
		}
		memcpy(out, &map, sizeof map);
		reply->out_size = sizeof map;
		break;
	default:
		break;
	}
}

enum err hostcall_transport(const struct call_request *request, const struct hostcall_in *in,
			    struct call_reply *reply, void *out)
{
	const uint32_t call = request->call;

	CHECK(request->arg[0] == HANDLE || call == HOST_CALL_CLOCK || call == HOST_CALL_YIELD);
	g_host.calls[call]++;
	memcpy(g_host.arg[call], request->arg, sizeof g_host.arg[call]);
	*reply = (struct call_reply){.seq = request->seq};
	if (g_host.fails == call) {
		reply->error = g_host.error;
		return E_OK;
	}
	host_answer(request, in, reply, out);
	if (g_host.lies == call) {
		reply->value = reply->value + UINT32_MAX;
		return E_OK;
	}
	return E_OK;
}

static struct volume_handle g_file;

static struct volume_device start(bool maps)
{
	memset(&g_host, 0, sizeof g_host);
	for (size_t i = 0; i < FILE_ROOM; i++)
		g_host.bytes[i] = (uint8_t)(i * 31 + i / 4096);
	g_host.size = FILE_ROOM;
	g_host.maps = maps;
	volume_handle_init(&g_file, HANDLE, true);
	CHECK_EQ(g_host.calls[HOST_CALL_MAP], 1);
	return volume_handle_device(&g_file);
}

static void stop(void)
{
	volume_handle_fini(&g_file);
	volume_handle_fini(&g_file);
}

static bool reads(const struct volume_device *d, uint64_t off, size_t size)
{
	uint8_t *buf = malloc(size + 1);
	const enum err err = d->read(d->context, buf, off, size);
	const bool same = err == E_OK && memcmp(buf, g_host.bytes + off, size) == 0;

	free(buf);
	return same;
}

TEST(reads_through_the_mapping_make_no_call)
{
	const struct volume_device d = start(true);

	CHECK(reads(&d, 0, PAGE) && reads(&d, 5 * PAGE, 16384) && reads(&d, 8, 3));
	CHECK(reads(&d, FILE_ROOM / 2 - PAGE, PAGE));
	CHECK_EQ(g_host.calls[HOST_CALL_PREAD], 0);
	CHECK(reads(&d, FILE_ROOM / 2 - PAGE, 2 * PAGE)); /* what it does not show */
	CHECK(reads(&d, FILE_ROOM / 2, PAGE));
	CHECK(reads(&d, 3, 10)); /* no offset of a word */
	CHECK_EQ(g_host.calls[HOST_CALL_PREAD], 3);
	stop();
}

TEST(without_a_mapping_reads_are_calls)
{
	const struct volume_device d = start(false);
	uint8_t byte;

	CHECK(reads(&d, 0, PAGE) && reads(&d, 4097, 700000));
	CHECK(g_host.calls[HOST_CALL_PREAD] == 1 + 3);
	g_host.step = 1000;
	CHECK(reads(&d, PAGE, 10 * PAGE));
	g_host.size = 5000;
	CHECK_EQ(d.read(d.context, &byte, 5000, 1), E_IO);
	CHECK_EQ(d.read(d.context, &byte, UINT64_MAX, 1), E_IO);
	CHECK(reads(&d, 4999, 1));
	stop();
}

TEST(what_is_announced_is_fetched_in_large_parts)
{
	const struct volume_device d = start(false);

	d.ahead(d.context, 4 * PAGE, 128 * PAGE);
	CHECK_EQ(g_host.calls[HOST_CALL_AHEAD] + g_host.calls[HOST_CALL_PREAD], 0);
	for (uint64_t i = 4; i < 4 + 128; i++)
		CHECK(reads(&d, i * PAGE, PAGE));
	CHECK_EQ(g_host.calls[HOST_CALL_PREAD], 2);
	CHECK(reads(&d, 131 * PAGE, 2 * PAGE)); /* half of it was announced */
	CHECK_EQ(g_host.calls[HOST_CALL_PREAD], 3);
	CHECK(reads(&d, 0, PAGE));
	CHECK_EQ(g_host.calls[HOST_CALL_PREAD], 4);
	d.ahead(d.context, UINT64_MAX - 5, UINT64_MAX);
	CHECK(reads(&d, PAGE, PAGE));
	d.ahead(d.context, 0, UINT64_MAX);
	g_host.step = 5000;
	for (uint64_t i = 0; i < 20; i++)
		CHECK(reads(&d, i * PAGE, PAGE));
	stop();
}

TEST(what_was_fetched_is_not_given_after_a_change)
{
	static const uint8_t bytes[PAGE] = {1, 2, 3};
	const struct volume_device d = start(false);
	uint8_t got[PAGE];

	d.ahead(d.context, 0, 8 * PAGE);
	CHECK(reads(&d, 0, PAGE));
	CHECK_EQ(d.write(d.context, bytes, PAGE, sizeof bytes), E_OK);
	CHECK(reads(&d, PAGE, PAGE));
	d.ahead(d.context, 0, 8 * PAGE);
	CHECK(reads(&d, 0, PAGE));
	CHECK_EQ(d.set_size(d.context, 2 * PAGE), E_OK);
	CHECK_EQ(d.read(d.context, got, 2 * PAGE, PAGE), E_IO);
	stop();
}

TEST(want_of_memory_costs_only_time)
{
	const struct volume_device d = start(false);

	d.ahead(d.context, 0, 8 * PAGE);
	native_heap_fail_at(0);
	uint8_t got[PAGE];

	CHECK_EQ(d.read(d.context, got, PAGE, PAGE), E_OK);
	native_heap_fail_at(-1);
	CHECK(memcmp(got, g_host.bytes + PAGE, PAGE) == 0);
	stop();
}

TEST(a_file_that_is_not_mapped_does_not_ask)
{
	memset(&g_host, 0, sizeof g_host);
	volume_handle_init(&g_file, HANDLE, false);
	CHECK_EQ(g_host.calls[HOST_CALL_MAP], 0);
	stop();
}

TEST(writes_go_in_large_parts_and_on_when_cut)
{
	const struct volume_device d = start(true);
	uint8_t *buf = malloc(FILE_ROOM);

	for (size_t i = 0; i < FILE_ROOM; i++)
		buf[i] = (uint8_t)(i * 7 + 1);
	CHECK_EQ(d.write(d.context, buf, PAGE, 1 << 20), E_OK);
	CHECK_EQ(g_host.calls[HOST_CALL_PWRITE], (1 << 20) / HOSTCALL_DATA_MAX);
	CHECK(memcmp(g_host.bytes + PAGE, buf, 1 << 20) == 0);
	g_host.step = 777;
	CHECK_EQ(d.write(d.context, buf + 3, 0, 100000), E_OK);
	CHECK(memcmp(g_host.bytes, buf + 3, 100000) == 0);
	CHECK_EQ(d.write(d.context, buf, 0, 0), E_OK);
	free(buf);
	stop();
}

static void fails(enum host_call call, enum host_errno error, enum err expected,
		  const struct volume_device *d)
{
	uint8_t buf[16] = {0};
	uint64_t size = 1234;
	enum err got = E_OK;

	g_host.fails = call;
	g_host.error = error;
	switch (call) {
	case HOST_CALL_PREAD:
		got = d->read(d->context, buf, FILE_ROOM / 2, sizeof buf);
		break;
	case HOST_CALL_PWRITE:
		got = d->write(d->context, buf, 0, sizeof buf);
		break;
	case HOST_CALL_SYNC:
		got = d->sync(d->context);
		break;
	case HOST_CALL_STAT:
		got = d->size(d->context, &size);
		CHECK_EQ(size, 1234);
		break;
	case HOST_CALL_SET_SIZE:
		got = d->set_size(d->context, g_host.size - PAGE);
		break;
	default:
		got = d->set_size(d->context, g_host.size + PAGE);
	}
	CHECK_EQ(got, expected);
	g_host.fails = k_none;
}

TEST(errors_of_the_host_are_told)
{
	static const enum host_call calls[] = {HOST_CALL_PREAD,	   HOST_CALL_PWRITE,
					       HOST_CALL_SYNC,	   HOST_CALL_STAT,
					       HOST_CALL_SET_SIZE, HOST_CALL_ALLOCATE};
	const struct volume_device d = start(true);

	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		fails(calls[i], HOST_IO, E_IO, &d);
		fails(calls[i], HOST_NOSPC, E_NO_SPACE, &d);
		fails(calls[i], HOST_DQUOT, E_NO_SPACE, &d);
		fails(calls[i], HOST_FBIG, E_NO_SPACE, &d);
		fails(calls[i], HOST_ROFS, E_READ_ONLY, &d);
		fails(calls[i], HOST_INTR, E_IO, &d);
		fails(calls[i], HOST_NOENT, E_IO, &d);
	}
	stop();
}

/* A count of 0 would else be tried for ever. */
TEST(a_host_that_does_nothing_is_an_error)
{
	const struct volume_device d = start(false);
	uint8_t buf[100] = {0};

	g_host.size = 0;
	CHECK_EQ(d.read(d.context, buf, 0, sizeof buf), E_IO);
	g_host.writes_nothing = true;
	CHECK_EQ(d.write(d.context, buf, 0, sizeof buf), E_IO);
	CHECK_EQ(g_host.calls[HOST_CALL_PWRITE], 1);
	g_host.lies = HOST_CALL_PWRITE;
	CHECK_EQ(d.write(d.context, buf, 0, sizeof buf), E_IO);
	g_host.lies = HOST_CALL_PREAD;
	CHECK_EQ(d.read(d.context, buf, 0, sizeof buf), E_IO);
	stop();
}

TEST(size_is_changed_as_it_must_be)
{
	const struct volume_device d = start(true);
	uint64_t size;

	CHECK_EQ(d.size(d.context, &size), E_OK);
	CHECK_EQ(size, FILE_ROOM);
	CHECK_EQ(d.set_size(d.context, FILE_ROOM), E_OK);
	CHECK_EQ(g_host.calls[HOST_CALL_SET_SIZE] + g_host.calls[HOST_CALL_ALLOCATE], 0);
	CHECK_EQ(d.set_size(d.context, PAGE), E_OK);
	CHECK(g_host.size == PAGE && g_host.calls[HOST_CALL_SET_SIZE] == 1);
	CHECK_EQ(d.set_size(d.context, 5 * PAGE), E_OK);
	CHECK(g_host.size == 5 * PAGE && g_host.calls[HOST_CALL_ALLOCATE] == 1);
	CHECK_EQ(g_host.arg[HOST_CALL_ALLOCATE][1], PAGE);
	CHECK_EQ(g_host.arg[HOST_CALL_ALLOCATE][2], 4 * PAGE);
	g_host.fails = HOST_CALL_ALLOCATE;
	g_host.error = HOST_NOTSUP;
	CHECK_EQ(d.set_size(d.context, 7 * PAGE), E_OK);
	CHECK_EQ(g_host.size, 7 * PAGE);
	g_host.fails = k_none;
	CHECK_EQ(d.sync(d.context), E_OK);
	CHECK_EQ(g_host.arg[HOST_CALL_SYNC][1], 1);
	stop();
}

/* Each region of half a MiB as a whole and once; want of memory only costs time. */
TEST(what_is_mapped_is_announced_once)
{
	const uint64_t region = (uint64_t)512 << 10;
	const struct volume_device d = start(true);

	native_heap_fail_at(0);
	d.ahead(d.context, 0, PAGE);
	native_heap_fail_at(-1);
	CHECK_EQ(g_host.calls[HOST_CALL_AHEAD], 0);
	d.ahead(d.context, region - PAGE, 2 * PAGE);
	CHECK_EQ(g_host.calls[HOST_CALL_AHEAD], 2);
	CHECK_EQ(g_host.arg[HOST_CALL_AHEAD][1], region);
	CHECK_EQ(g_host.arg[HOST_CALL_AHEAD][2], region);
	d.ahead(d.context, 0, 2 * region);
	CHECK_EQ(g_host.calls[HOST_CALL_AHEAD], 2);
	d.ahead(d.context, 2 * region, 1);
	CHECK_EQ(g_host.calls[HOST_CALL_AHEAD], 3);
	d.ahead(d.context, (uint64_t)1 << 36, region); /* beyond what is kept count of */
	CHECK_EQ(g_host.calls[HOST_CALL_AHEAD], 3);
	stop();
}

TEST(the_clock_is_asked_when_something_may_have_happened)
{
	struct volume_clock c = {0};

	memset(&g_host, 0, sizeof g_host);
	g_host.now = 1000;
	CHECK_EQ(volume_clock_now(&c), 1000);
	g_host.now = 2000;
	CHECK_EQ(volume_clock_now(&c), 1000);
	CHECK_EQ(g_host.calls[HOST_CALL_CLOCK], 1);
	CHECK_EQ(hostcall_yield(), HOST_SUCCESS);
	CHECK_EQ(volume_clock_now(&c), 2000);
	g_host.now = 1500; /* it never goes back */
	CHECK_EQ(hostcall_yield(), HOST_SUCCESS);
	CHECK_EQ(volume_clock_now(&c), 2000);
	g_host.fails = HOST_CALL_CLOCK;
	g_host.error = HOST_IO;
	CHECK_EQ(hostcall_yield(), HOST_SUCCESS);
	CHECK_EQ(volume_clock_now(&c), 2000);
	g_host.fails = k_none;
	g_host.now = 3000;
	for (unsigned i = 0; i < VOLUME_CLOCK_USES; i++)
		(void)volume_clock_now(&c);
	CHECK_EQ(volume_clock_now(&c), 3000);
	CHECK_EQ(g_host.calls[HOST_CALL_CLOCK], 5);
}

int main(void)
{
	RUN(reads_through_the_mapping_make_no_call);
	RUN(without_a_mapping_reads_are_calls);
	RUN(what_is_announced_is_fetched_in_large_parts);
	RUN(what_was_fetched_is_not_given_after_a_change);
	RUN(want_of_memory_costs_only_time);
	RUN(a_file_that_is_not_mapped_does_not_ask);
	RUN(what_is_mapped_is_announced_once);
	RUN(writes_go_in_large_parts_and_on_when_cut);
	RUN(errors_of_the_host_are_told);
	RUN(a_host_that_does_nothing_is_an_error);
	RUN(size_is_changed_as_it_must_be);
	RUN(the_clock_is_asked_when_something_may_have_happened);
	return check_report();
}
