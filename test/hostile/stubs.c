/*
 * Every stub against every class of lie. A lie that has to be dropped comes out as IO and leaves the
 * outputs as they were (a buffer may be zeroed); what is believed is in form. A call without a driver
 * does not compile.
 */
#include "test/hostile/stubs.h"

#include <stdio.h>
#include <string.h>

#include "hostcall/hostcall.h"
#include "test/hostile/host.h"

#define BUF	  8192
#define UNTOUCHED 0xa5
#define CONTENT	  "what the file holds, and the host says once"

static struct outputs {
	uint64_t ns;
	size_t done;
	uint32_t handle;
	uint8_t passed; /* a bool */
	struct host_map map;
	struct host_stat st;
	struct host_poll polls[3];
	ALIGNED(8) uint8_t buf[BUF];
} g_out;

static const struct name g_name = {"name", 4}, g_new = {"new", 3}, g_file_name = {"file", 4};
static uint32_t g_file;
static uint64_t g_wait;

#define DRIVE(name, expression)                                                                    \
	static enum host_errno drive_##name(void)                                                  \
	{                                                                                          \
		return expression;                                                                 \
	}

DRIVE(PREFAULT, hostcall_prefault(0, 4096))
DRIVE(PROTECT_CODE, hostcall_protect_code(0, 4096))
DRIVE(RESTRICT, hostcall_restrict(0, 4096, 1))
DRIVE(CLOCK, hostcall_clock(HOST_CLOCK_REALTIME, &g_out.ns))
DRIVE(CLOCK_RES, hostcall_clock_res(HOST_CLOCK_REALTIME, &g_out.ns))
DRIVE(POLL, hostcall_poll(g_out.polls, 3, 5))
DRIVE(YIELD, hostcall_yield())
DRIVE(OPEN, hostcall_open(HOST_HANDLE_MOUNTS, g_file_name, HOST_OPEN_READ, &g_out.handle))
DRIVE(CLOSE, hostcall_close(4000))
DRIVE(READ, hostcall_read(HOST_HANDLE_STDIN, g_out.buf, BUF, &g_out.done))
DRIVE(WRITE, hostcall_write(HOST_HANDLE_STDOUT, "abcde", 5, &g_out.done))
DRIVE(PREAD, hostcall_pread(g_file, g_out.buf, BUF, 0, &g_out.done))
DRIVE(PWRITE, hostcall_pwrite(g_file, CONTENT, 5, 0, &g_out.done))
DRIVE(STAT, hostcall_stat(g_file, &g_out.st))
DRIVE(STAT_AT, hostcall_stat_at(HOST_HANDLE_MOUNTS, g_file_name, &g_out.st))
DRIVE(SET_SIZE, hostcall_set_size(g_file, sizeof(CONTENT)))
DRIVE(SET_TIMES, hostcall_set_times(g_file, 1, 2, HOST_TIME_ATIM))
DRIVE(SET_TIMES_AT, hostcall_set_times_at(HOST_HANDLE_MOUNTS, g_name, 1, 2, HOST_TIME_ATIM))
DRIVE(SYNC, hostcall_sync(g_file, true))
DRIVE(ALLOCATE, hostcall_allocate(g_file, 0, 1))
DRIVE(READDIR, hostcall_readdir(HOST_HANDLE_MOUNTS, 0, g_out.buf, BUF, &g_out.done))
DRIVE(SET_FLAGS, hostcall_set_flags(g_file, 0))
DRIVE(MKDIR, hostcall_mkdir(HOST_HANDLE_MOUNTS, (struct name){"dir", 3}))
DRIVE(UNLINK, hostcall_unlink(HOST_HANDLE_MOUNTS, g_name, HOST_UNLINK_FILE))
DRIVE(RENAME, hostcall_rename(HOST_HANDLE_MOUNTS, g_name, HOST_HANDLE_MOUNTS, g_new))
DRIVE(LINK, hostcall_link(HOST_HANDLE_MOUNTS, g_name, HOST_HANDLE_MOUNTS, g_new))
DRIVE(SYMLINK, hostcall_symlink((struct name){"to/../where", 11}, HOST_HANDLE_MOUNTS, g_name))
DRIVE(READLINK, hostcall_readlink(HOST_HANDLE_MOUNTS, g_name, (char *)g_out.buf, BUF, &g_out.done))
DRIVE(PARK, hostcall_park(g_wait, (bool *)&g_out.passed))
DRIVE(UNPARK, hostcall_unpark(1))
DRIVE(THREAD_START, hostcall_thread_start(1))
DRIVE(INTERRUPT, hostcall_interrupt(false))
DRIVE(ACCEPT, hostcall_accept(HOSTILE_LISTENER, 0, &g_out.handle))
DRIVE(RECV, hostcall_recv(g_file, HOST_RECV_PEEK, g_out.buf, BUF, &g_out.done))
DRIVE(SHUTDOWN, hostcall_shutdown(g_file, HOST_SHUTDOWN_WRITE))
DRIVE(QUOTE_TARGET, hostcall_quote_target(g_out.buf))
DRIVE(QUOTE, hostcall_quote(hostile_report(), g_out.buf, BUF, &g_out.done))

static enum host_errno drive_MAP(void)
{
	struct host_mapping mapping;
	const enum host_errno e = hostcall_map(HOSTILE_VOLUME, &mapping);

	if (e != HOST_SUCCESS)
		return e;
	g_out.map = (struct host_map){mapping.address, mapping.size};
	hostcall_unmap(&mapping);
	return e;
}
DRIVE(AHEAD, hostcall_ahead(HOSTILE_VOLUME, 0, 4096))

static const struct {
	uint32_t number;
	enum host_errno (*drive)(void);
} g_drivers[] = {
#define HOST_CALL(name, number, value_rule, data_rule) {number, drive_##name},
#include "boundary/calls.def"
#undef HOST_CALL
};

static void outputs_reset(void)
{
	static const struct host_poll polls[3] = {
		{.handle = 0, .want = HOST_POLL_READ},
		{.handle = 1, .want = HOST_POLL_WRITE},
		{.handle = 2, .want = HOST_POLL_WRITE},
	};

	memset(&g_out, UNTOUCHED, sizeof(g_out));
	memcpy(g_out.polls, polls, sizeof(polls));
}

static bool untouched(const struct outputs *before)
{
	bool same = memcmp(&g_out, before, offsetof(struct outputs, buf)) == 0;

	for (size_t i = 0; i < BUF; i++)
		same = same && (g_out.buf[i] == UNTOUCHED || g_out.buf[i] == 0);
	return same;
}

static bool stat_in_form(void)
{
	const struct host_stat *st = &g_out.st;

	return st->size <= INT64_MAX && st->atime <= INT64_MAX && st->mtime <= INT64_MAX &&
	       st->ctime <= INT64_MAX && st->type < HOST_TYPE_END && st->reserved == 0;
}

static bool dirents_in_form(void)
{
	struct host_dirent d;
	size_t off = 0;

	while (off < g_out.done) {
		if (g_out.done - off < sizeof(d))
			return false;
		memcpy(&d, g_out.buf + off, sizeof(d));
		off += sizeof(d);
		if (d.type >= HOST_TYPE_END || d.name_size == 0 ||
		    d.name_size > HOST_NAME_SIZE_MAX || d.name_size > g_out.done - off ||
		    memchr(g_out.buf + off, '/', d.name_size) ||
		    memchr(g_out.buf + off, 0, d.name_size))
			return false;
		off += (d.name_size + 7u) & ~7u;
	}
	return off == g_out.done;
}

static bool polls_in_form(void)
{
	bool good = true;

	for (uint32_t i = 0; i < 3; i++) {
		const struct host_poll *p = &g_out.polls[i];

		good = good && p->handle == i && p->want == (i == 0 ? 1u : 2u) &&
		       (p->ready & ~(p->want | HOST_POLL_HANGUP)) == 0 && p->bytes <= INT64_MAX;
	}
	return good;
}

static bool apart(const struct host_map *a, const struct host_map *b)
{
	return a->address + a->size <= b->address || b->address + b->size <= a->address;
}

static bool map_in_form(void)
{
	const struct host_map *m = &g_out.map;
	bool good = m->address != 0 && m->size != 0 &&
		    (m->address | m->size) % HOST_MAP_PAGE == 0 && m->size <= HOST_MAP_MAX &&
		    m->address < HOST_MAP_END && m->size <= HOST_MAP_END - m->address;

	for (uint32_t i = 0; i < LIE_TAKEN; i++)
		good = good && apart(m, &g_host.liar.taken[i]);
	return good;
}

static bool in_form(uint32_t call)
{
	switch (call) {
	case HOST_CALL_CLOCK:
	case HOST_CALL_CLOCK_RES:
		return g_out.ns <= INT64_MAX;
	case HOST_CALL_OPEN:
	case HOST_CALL_ACCEPT:
		return g_out.handle < HOST_HANDLES_MAX;
	case HOST_CALL_WRITE:
	case HOST_CALL_PWRITE:
		return g_out.done <= 5;
	case HOST_CALL_READ:
	case HOST_CALL_PREAD:
	case HOST_CALL_RECV:
		return g_out.done <= BUF;
	case HOST_CALL_QUOTE:
		return g_out.done != 0 && g_out.done <= BUF;
	case HOST_CALL_READLINK:
		return g_out.done != 0 && g_out.done <= BUF && !memchr(g_out.buf, 0, g_out.done);
	case HOST_CALL_STAT:
	case HOST_CALL_STAT_AT:
		return stat_in_form();
	case HOST_CALL_READDIR:
		return g_out.done <= BUF && dirents_in_form();
	case HOST_CALL_POLL:
		return polls_in_form();
	case HOST_CALL_PARK:
		return g_out.passed <= (g_wait != HOST_PARK_FOREVER);
	case HOST_CALL_MAP:
		return map_in_form();
	default:
		return true;
	}
}

/* The truth, although every byte of the host's memory changed behind the first look at it. */
static bool is_true(uint32_t call, enum host_errno e)
{
	switch (call) {
	case HOST_CALL_PREAD:
		return e == HOST_SUCCESS && g_out.done == sizeof(CONTENT) &&
		       memcmp(g_out.buf, CONTENT, sizeof(CONTENT)) == 0;
	case HOST_CALL_STAT:
	case HOST_CALL_STAT_AT:
		return e == HOST_SUCCESS && g_out.st.size == sizeof(CONTENT) &&
		       g_out.st.type == HOST_TYPE_FILE;
	case HOST_CALL_OPEN:
	case HOST_CALL_ACCEPT:
		return e == HOST_SUCCESS && hostcall_close(g_out.handle) == HOST_SUCCESS;
	case HOST_CALL_POLL:
		return e == HOST_SUCCESS && g_out.polls[1].ready == HOST_POLL_WRITE;
	case HOST_CALL_QUOTE: /* version 3, key type 2 */
		return e == HOST_SUCCESS && g_out.done > 1000 &&
		       memcmp(g_out.buf, "\3\0\2", 3) == 0;
	case HOST_CALL_MAP:
		return e == HOST_SUCCESS && memcmp((const void *)(uintptr_t)g_out.map.address,
						   HOSTILE_CONTENT, sizeof(HOSTILE_CONTENT)) == 0;
	case HOST_CALL_CLOSE:
		return e == HOST_BADF;
	default:
		return e != HOST_IO;
	}
}

static void one_lie(uint32_t call, enum host_errno (*drive)(void), enum lie_class class)
{
	outputs_reset();
	g_wait = liar_pick(&g_host.liar, 2) == 0 ? HOST_PARK_FOREVER : 5;
	g_host.next = class;

	const struct outputs before = g_out;
	const enum host_errno e = drive();

	hostile_host_settle();
	if (g_host.call != call)
		hostile_violation("another call than the stub's went out");
	if (g_host.effect == LIE_MUST_DROP && (e != HOST_IO || !untouched(&before)))
		hostile_violation("something of a dropped reply came out of a stub");
	if (e != HOST_SUCCESS && !untouched(&before))
		hostile_violation("outputs were written with an error");
	if (g_host.effect == LIE_MAY_BELIEVE && e == HOST_SUCCESS && !in_form(call))
		hostile_violation("what a stub gave out is not in form");
	if (class == LIE_SECOND_READ && !is_true(call, e))
		hostile_violation("the host's memory was read twice");
	g_host.next = HOST_HONEST;
}

void stubs_run(uint32_t rounds)
{
	struct host_mapping kept; /* another volume's, all the time */
	size_t done;

	if (hostcall_map(HOSTILE_VOLUME + 1, &kept) != HOST_SUCCESS)
		hostile_violation("an honest host was not believed");
	g_host.liar.taken[1] = (struct host_map){kept.address, kept.size};
	if (hostcall_open(HOST_HANDLE_MOUNTS, g_file_name,
			  HOST_OPEN_READ | HOST_OPEN_WRITE | HOST_OPEN_CREATE,
			  &g_file) != HOST_SUCCESS ||
	    hostcall_pwrite(g_file, CONTENT, sizeof(CONTENT), 0, &done) != HOST_SUCCESS)
		hostile_violation("an honest host was not believed");
	for (uint32_t round = 0; round < rounds; round++)
		for (size_t i = 0; i < COUNT_OF(g_drivers); i++)
			for (uint32_t class = 0; class < LIE_CLASS_END; class ++)
				one_lie(g_drivers[i].number, g_drivers[i].drive,
					(enum lie_class) class);
	(void)hostcall_close(g_file);
	hostcall_unmap(&kept);
	g_host.liar.taken[1] = (struct host_map){0, 0};
}
