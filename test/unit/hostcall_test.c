/*
 * The lying host: every call of boundary/calls.def, with every lie that its rule forbids. Each must
 * come out as HOST_IO, be counted, and leave no byte in the outputs; the honest reply that the lie
 * departs from must be accepted. A call without a driver here does not compile.
 */
#include "hostcall/hostcall.h"

#include "test/lib/check.h"
#include "test/lib/native.h"

#define PATTERN	  0xa5	/* outputs before a call */
#define HOST_BYTE 0x5a	/* what the host fills data with */
#define DATA_SIZE 4096u /* of the scripted host; larger claims are copied up to here */

/* Everything a stub can write to. */
struct outputs {
	uint64_t ns;
	uint32_t handle;
	size_t done;
	struct host_stat st;
	struct host_poll polls[3];
	bool passed;
	struct host_map map;
	ALIGNED(8) uint8_t buf[512]; /* HOST_QUOTE_TARGET_SIZE, too */
};

static struct outputs g_outputs;

struct lie {
	const char *name;
	uint32_t call; /* HOST_CALL_NONE: every call whose rules fit */
	int value;     /* enum value_rule, or ANY */
	int data;      /* enum data_rule, or ANY */
	void (*tell)(const struct call_request *request, struct call_reply *reply, uint8_t *data);
};
#define ANY (-1)

/* The scripted host. */
static const struct lie *g_lie;
static struct call_request g_seen;
static unsigned g_asked;
static enum err g_transport_result = E_OK;
static ALIGNED(8) uint8_t g_data[DATA_SIZE];
static struct host_map g_map = {0x700000000000, HOST_MAP_MAX}; /* what MAP answers */

static size_t put_dirent(uint8_t *p, uint64_t next, enum host_file_type type, const char *name)
{
	struct host_dirent d = {7, next, type, (uint32_t)strlen(name)};
	size_t padded = (d.name_size + 7u) & ~(size_t)7;

	memcpy(p, &d, sizeof d);
	memset(p + sizeof d, 0, padded);
	memcpy(p + sizeof d, name, d.name_size);
	return sizeof d + padded;
}

static void answer_poll(const struct call_request *request, struct call_reply *reply)
{
	memcpy(g_data, g_outputs.polls, request->in_size);
	struct host_poll *polls = (void *)g_data;

	polls[0].ready = HOST_POLL_READ;
	polls[0].bytes = INT64_MAX;
	polls[1].error = HOST_BADF;
	polls[2].ready = HOST_POLL_WRITE | HOST_POLL_HANGUP;
	reply->value = 3;
	reply->out_size = request->in_size;
}

static void answer_stat(struct call_reply *reply)
{
	struct host_stat st = {.size = INT64_MAX, .mtime = INT64_MAX, .type = HOST_TYPE_END - 1};

	memcpy(g_data, &st, sizeof st);
	reply->out_size = sizeof st;
}

static void answer(const struct call_request *request, struct call_reply *reply)
{
	memset(reply, 0, sizeof *reply);
	memset(g_data, HOST_BYTE, sizeof g_data);
	reply->seq = request->seq;
	switch (request->call) {
	case HOST_CALL_CLOCK:
	case HOST_CALL_CLOCK_RES:
		reply->value = INT64_MAX;
		break;
	case HOST_CALL_POLL:
		answer_poll(request, reply);
		break;
	case HOST_CALL_OPEN:
	case HOST_CALL_ACCEPT:
		reply->value = HOST_HANDLES_MAX - 1;
		break;
	case HOST_CALL_WRITE:
	case HOST_CALL_PWRITE:
		reply->value = request->in_size;
		break;
	case HOST_CALL_READ:
	case HOST_CALL_PREAD:
	case HOST_CALL_RECV:
		reply->out_size = request->out_max;
		break;
	case HOST_CALL_STAT:
	case HOST_CALL_STAT_AT:
		answer_stat(reply);
		break;
	case HOST_CALL_READDIR:
		reply->out_size = (uint32_t)put_dirent(g_data, 1, HOST_TYPE_DIR, "..");
		reply->out_size += (uint32_t)put_dirent(g_data + reply->out_size, 2, HOST_TYPE_FILE,
							"eleven-char");
		break;
	case HOST_CALL_READLINK:
		reply->out_size = 6;
		break;
	case HOST_CALL_PARK:
		reply->value = 1;
		break;
	case HOST_CALL_QUOTE_TARGET:
		reply->out_size = HOST_QUOTE_TARGET_SIZE;
		break;
	case HOST_CALL_QUOTE:
		reply->out_size = 1;
		break;
	case HOST_CALL_MAP:
		memcpy(g_data, &g_map, sizeof g_map);
		reply->out_size = sizeof g_map;
		break;
	default:
		break;
	}
}

uint32_t hostcall_next_seq(void)
{
	static uint32_t seq = UINT32_MAX - 100; /* wraps around during the test */

	return ++seq;
}

enum err hostcall_transport(const struct call_request *request, const struct hostcall_in *in,
			    struct call_reply *reply, void *out)
{
	(void)in;
	g_seen = *request;
	g_asked++;
	answer(request, reply);
	if (g_lie)
		g_lie->tell(request, reply, g_data);
	size_t n = reply->out_size < request->out_max ? reply->out_size : request->out_max;

	if (n != 0)
		memcpy(out, g_data, n < DATA_SIZE ? n : DATA_SIZE);
	return g_transport_result;
}

/* One driver per call: honest arguments, all outputs in g_outputs. */
static const struct name g_name = {"name", 4};
static const uint8_t g_report[HOST_QUOTE_REPORT_SIZE] = {1, 2, 3};

#define DRIVE(name, expression)                                                                    \
	static enum host_errno drive_##name(void)                                                  \
	{                                                                                          \
		return expression;                                                                 \
	}

DRIVE(PREFAULT, hostcall_prefault(0, 4096))
DRIVE(PROTECT_CODE, hostcall_protect_code(0, 4096))
DRIVE(RESTRICT, hostcall_restrict(0, 4096, 1))
DRIVE(CLOCK, hostcall_clock(HOST_CLOCK_REALTIME, &g_outputs.ns))
DRIVE(CLOCK_RES, hostcall_clock_res(HOST_CLOCK_REALTIME, &g_outputs.ns))
DRIVE(POLL, hostcall_poll(g_outputs.polls, 3, 5))
DRIVE(YIELD, hostcall_yield())
DRIVE(OPEN, hostcall_open(3, g_name, HOST_OPEN_READ, &g_outputs.handle))
DRIVE(CLOSE, hostcall_close(9))
DRIVE(READ, hostcall_read(9, g_outputs.buf, 300, &g_outputs.done))
DRIVE(WRITE, hostcall_write(9, "abcde", 5, &g_outputs.done))
DRIVE(PREAD, hostcall_pread(9, g_outputs.buf, 300, 1, &g_outputs.done))
DRIVE(PWRITE, hostcall_pwrite(9, "abcde", 5, 1, &g_outputs.done))
DRIVE(STAT, hostcall_stat(9, &g_outputs.st))
DRIVE(STAT_AT, hostcall_stat_at(3, g_name, &g_outputs.st))
DRIVE(SET_SIZE, hostcall_set_size(9, 1))
DRIVE(SET_TIMES, hostcall_set_times(9, 1, 2, HOST_TIME_ATIM))
DRIVE(SET_TIMES_AT, hostcall_set_times_at(3, g_name, 1, 2, HOST_TIME_ATIM))
DRIVE(SYNC, hostcall_sync(9, true))
DRIVE(ALLOCATE, hostcall_allocate(9, 0, 1))
DRIVE(READDIR, hostcall_readdir(3, 0, g_outputs.buf, sizeof g_outputs.buf, &g_outputs.done))
DRIVE(SET_FLAGS, hostcall_set_flags(9, HOST_OPEN_APPEND))
DRIVE(MKDIR, hostcall_mkdir(3, g_name))
DRIVE(UNLINK, hostcall_unlink(3, g_name, HOST_UNLINK_FILE))
DRIVE(RENAME, hostcall_rename(3, g_name, 4, (struct name){"new", 3}))
DRIVE(LINK, hostcall_link(3, g_name, 4, (struct name){"new", 3}))
DRIVE(SYMLINK, hostcall_symlink((struct name){"to/../where", 11}, 3, g_name))
DRIVE(READLINK, hostcall_readlink(3, g_name, (char *)g_outputs.buf, 300, &g_outputs.done))
DRIVE(PARK, hostcall_park(5, &g_outputs.passed))
DRIVE(UNPARK, hostcall_unpark(1))
DRIVE(THREAD_START, hostcall_thread_start(1))
DRIVE(INTERRUPT, hostcall_interrupt(true))
DRIVE(ACCEPT, hostcall_accept(9, HOST_OPEN_NONBLOCK, &g_outputs.handle))
DRIVE(RECV, hostcall_recv(9, HOST_RECV_PEEK, g_outputs.buf, 300, &g_outputs.done))
DRIVE(SHUTDOWN, hostcall_shutdown(9, HOST_SHUTDOWN_WRITE))
DRIVE(QUOTE_TARGET, hostcall_quote_target(g_outputs.buf))
DRIVE(QUOTE, hostcall_quote(g_report, g_outputs.buf, 300, &g_outputs.done))

static enum host_errno drive_MAP(void)
{
	struct host_mapping mapping = {0};
	enum host_errno error = hostcall_map(9, &mapping);

	if (error != HOST_SUCCESS) {
		CHECK(mapping.size == 0 && mapping.address == 0);
		return error;
	}
	g_outputs.map = (struct host_map){mapping.address, mapping.size};
	hostcall_unmap(&mapping);
	CHECK(mapping.size == 0);
	return error;
}
DRIVE(AHEAD, hostcall_ahead(9, 4096, 8192))

static const struct call {
	const char *name;
	uint32_t number;
	int value;
	int data;
	enum host_errno (*drive)(void);
} g_calls[] = {
#define HOST_CALL(name, number, value_rule, data_rule)                                             \
	{#name, number, value_rule, data_rule, drive_##name},
#include "boundary/calls.def"
#undef HOST_CALL
};

#define LIE(lie_name, statement)                                                                   \
	static void lie_name(const struct call_request *request, struct call_reply *reply,         \
			     uint8_t *data)                                                        \
	{                                                                                          \
		(void)request;                                                                     \
		(void)reply;                                                                       \
		(void)data;                                                                        \
		statement;                                                                         \
	}

/* An error with nothing else, to be spoiled further. */
static void fail(struct call_reply *reply, uint32_t error)
{
	reply->error = error;
	reply->value = 0;
	reply->out_size = 0;
}

LIE(seq_old, reply->seq--)
LIE(seq_new, reply->seq++)
LIE(seq_high_bit, reply->seq ^= 0x80000000u)
LIE(reserved_set, reply->reserved = 1)
LIE(reserved2_first, reply->reserved2[0] = 1)
LIE(reserved2_last, reply->reserved2[4] = 1ull << 63)
LIE(errno_unknown_low, fail(reply, 1))
LIE(errno_unknown_middle, fail(reply, 21))
LIE(errno_one_over, fail(reply, HOST_XDEV + 1))
LIE(errno_known_plus_256, fail(reply, HOST_NOENT + 256))
LIE(errno_negative, fail(reply, (uint32_t)-HOST_NOENT))
LIE(errno_with_value, fail(reply, HOST_NOENT); reply->value = 1)
LIE(errno_with_output, fail(reply, HOST_NOENT); reply->out_size = 1)
LIE(errno_with_reserved, fail(reply, HOST_NOENT); reply->reserved = 1)
LIE(value_one, reply->value = 1)
LIE(value_huge, reply->value = UINT64_MAX)
LIE(value_low_word_zero, reply->value = 1ull << 32)
LIE(count_one_over, reply->value++)
LIE(count_past_32_bits, reply->value += 1ull << 32)
LIE(handle_one_over, reply->value = HOST_HANDLES_MAX)
LIE(handle_past_32_bits, reply->value = (1ull << 32) + 5)
LIE(signed_one_over, reply->value = (uint64_t)INT64_MAX + 1)
LIE(flag_two, reply->value = 2)
LIE(out_one, reply->out_size = 1)
LIE(out_zero, reply->out_size = 0)
LIE(out_one_over, reply->out_size = request->out_max + 1)
LIE(out_one_under, reply->out_size = request->out_max - 1)
LIE(out_huge, reply->out_size = UINT32_MAX)

#define STAT_LIE(name, statement) LIE(name, struct host_stat *st = (void *)data; statement)
STAT_LIE(stat_type_over, st->type = HOST_TYPE_END)
STAT_LIE(stat_type_huge, st->type = UINT32_MAX)
STAT_LIE(stat_size_negative, st->size = (uint64_t)INT64_MAX + 1)
STAT_LIE(stat_atime_negative, st->atime = UINT64_MAX)
STAT_LIE(stat_mtime_negative, st->mtime = UINT64_MAX)
STAT_LIE(stat_ctime_negative, st->ctime = UINT64_MAX)
STAT_LIE(stat_reserved, st->reserved = 1)

/* The second record begins at 32: 24 bytes, 11 of name, 5 of padding; together 72. */
#define DIRENT_LIE(name, statement)                                                                \
	LIE(name, struct host_dirent *second = (void *)(data + 32);                                \
	    uint8_t *second_name = data + 56; (void)second; (void)second_name; statement)
DIRENT_LIE(dirent_type_over, second->type = HOST_TYPE_END)
DIRENT_LIE(dirent_name_empty, second->name_size = 0; reply->out_size = 56)
DIRENT_LIE(dirent_name_past_end, second->name_size = 17)
DIRENT_LIE(dirent_name_huge, second->name_size = UINT32_MAX)
DIRENT_LIE(dirent_name_256, second->name_size = 256; memset(second_name, 'a', 256);
	   reply->out_size = 56 + 256)
DIRENT_LIE(dirent_name_slash, second_name[3] = '/')
DIRENT_LIE(dirent_name_slash_last, second_name[10] = '/')
DIRENT_LIE(dirent_name_nul, second_name[0] = 0)
DIRENT_LIE(dirent_padding_first, second_name[11] = 1)
DIRENT_LIE(dirent_padding_last, second_name[15] = 1)
DIRENT_LIE(dirent_padding_missing, reply->out_size = 56 + 11)
DIRENT_LIE(dirent_header_cut, reply->out_size = 32 + 23)
DIRENT_LIE(dirent_trailing_byte, reply->out_size = 73)

#define POLL_LIE(name, statement) LIE(name, struct host_poll *polls = (void *)data; statement)
POLL_LIE(poll_other_handle, polls[1].handle ^= 1)
POLL_LIE(poll_other_want, polls[0].want |= HOST_POLL_WRITE)
POLL_LIE(poll_ready_not_wanted, polls[0].ready = HOST_POLL_WRITE)
POLL_LIE(poll_ready_unknown_bit, polls[2].ready |= 8)
POLL_LIE(poll_error_unknown, polls[1].error = 1)
POLL_LIE(poll_bytes_negative, polls[0].bytes = UINT64_MAX)
POLL_LIE(poll_count_under, polls[0].ready = HOST_POLL_READ; reply->value = 2)
POLL_LIE(poll_count_over, polls[0].ready = 0)

LIE(link_nul, data[5] = 0)

/* The test's own stack and data are what is forbidden, as an enclave and its shared area would be. */
#define FORBIDDEN      0x400000000000ull
#define FORBIDDEN_SIZE 0x1000000ull
#define MAP_LIE(name, at, bytes)                                                                   \
	LIE(name, struct host_map *map = (void *)data; map->address = (at); map->size = (bytes))
MAP_LIE(map_nowhere, 0, 8192)
MAP_LIE(map_empty, map->address, 0)
MAP_LIE(map_unaligned, map->address + 8, 8192)
MAP_LIE(map_part_of_a_page, map->address, 8192 - 8)
MAP_LIE(map_one_page_over, 0x100000, HOST_MAP_MAX + 4096)
MAP_LIE(map_huge, 4096, UINT64_MAX - 4095)
MAP_LIE(map_wraps, UINT64_MAX - 4095, 8192)
MAP_LIE(map_wraps_to_all, UINT64_MAX - 4095, 4096)
MAP_LIE(map_of_no_process, HOST_MAP_END - 4096, 8192)
MAP_LIE(map_not_canonical, 1ull << 62, 4096)
MAP_LIE(map_is_forbidden, FORBIDDEN, FORBIDDEN_SIZE)
MAP_LIE(map_begins_inside, FORBIDDEN + FORBIDDEN_SIZE - 4096, 8192)
MAP_LIE(map_ends_inside, FORBIDDEN - 4096, 8192)
MAP_LIE(map_goes_around, FORBIDDEN - 4096, FORBIDDEN_SIZE + 8192)

/* clang-format off */
#define EVERY(tell) {#tell, HOST_CALL_NONE, ANY, ANY, tell}
#define VALUE(rule, tell) {#tell, HOST_CALL_NONE, VALUE_##rule, ANY, tell}
#define DATA(rule, tell) {#tell, HOST_CALL_NONE, ANY, DATA_##rule, tell}
#define OF(call, tell) {#tell, HOST_CALL_##call, ANY, ANY, tell}
/* clang-format on */

static const struct lie g_lies[] = {
	EVERY(seq_old),
	EVERY(seq_new),
	EVERY(seq_high_bit),
	EVERY(reserved_set),
	EVERY(reserved2_first),
	EVERY(reserved2_last),
	EVERY(errno_unknown_low),
	EVERY(errno_unknown_middle),
	EVERY(errno_one_over),
	EVERY(errno_known_plus_256),
	EVERY(errno_negative),
	EVERY(errno_with_value),
	EVERY(errno_with_output),
	EVERY(errno_with_reserved),
	VALUE(NONE, value_one),
	VALUE(NONE, value_huge),
	VALUE(NONE, value_low_word_zero),
	VALUE(COUNT, count_one_over),
	VALUE(COUNT, count_past_32_bits),
	VALUE(COUNT, value_huge),
	VALUE(HANDLE, handle_one_over),
	VALUE(HANDLE, handle_past_32_bits),
	VALUE(HANDLE, value_huge),
	VALUE(SIGNED, signed_one_over),
	VALUE(SIGNED, value_huge),
	VALUE(FLAG, flag_two),
	VALUE(FLAG, value_low_word_zero),
	VALUE(FLAG, value_huge),
	DATA(NONE, out_one),
	DATA(NONE, out_huge),
	DATA(UP_TO, out_one_over),
	DATA(UP_TO, out_huge),
	DATA(EXACT, out_zero),
	DATA(EXACT, out_one_under),
	DATA(EXACT, out_one_over),
	DATA(EXACT, out_huge),
	OF(STAT, stat_type_over),
	OF(STAT, stat_type_huge),
	OF(STAT, stat_size_negative),
	OF(STAT, stat_atime_negative),
	OF(STAT, stat_mtime_negative),
	OF(STAT, stat_ctime_negative),
	OF(STAT, stat_reserved),
	OF(STAT_AT, stat_type_over),
	OF(STAT_AT, stat_size_negative),
	OF(STAT_AT, stat_reserved),
	OF(READDIR, dirent_type_over),
	OF(READDIR, dirent_name_empty),
	OF(READDIR, dirent_name_past_end),
	OF(READDIR, dirent_name_huge),
	OF(READDIR, dirent_name_256),
	OF(READDIR, dirent_name_slash),
	OF(READDIR, dirent_name_slash_last),
	OF(READDIR, dirent_name_nul),
	OF(READDIR, dirent_padding_first),
	OF(READDIR, dirent_padding_last),
	OF(READDIR, dirent_padding_missing),
	OF(READDIR, dirent_header_cut),
	OF(READDIR, dirent_trailing_byte),
	OF(POLL, poll_other_handle),
	OF(POLL, poll_other_want),
	OF(POLL, poll_ready_not_wanted),
	OF(POLL, poll_ready_unknown_bit),
	OF(POLL, poll_error_unknown),
	OF(POLL, poll_bytes_negative),
	OF(POLL, poll_count_under),
	OF(POLL, poll_count_over),
	OF(QUOTE, out_zero),
	OF(READLINK, out_zero),
	OF(READLINK, link_nul),
	OF(MAP, map_nowhere),
	OF(MAP, map_empty),
	OF(MAP, map_unaligned),
	OF(MAP, map_part_of_a_page),
	OF(MAP, map_one_page_over),
	OF(MAP, map_huge),
	OF(MAP, map_wraps),
	OF(MAP, map_wraps_to_all),
	OF(MAP, map_of_no_process),
	OF(MAP, map_not_canonical),
	OF(MAP, map_is_forbidden),
	OF(MAP, map_begins_inside),
	OF(MAP, map_ends_inside),
	OF(MAP, map_goes_around),
};

static void outputs_reset(void)
{
	static const struct host_poll polls[3] = {
		{.handle = 0, .want = HOST_POLL_READ},
		{.handle = 2000, .want = HOST_POLL_READ},
		{.handle = 1, .want = HOST_POLL_WRITE},
	};

	memset(&g_outputs, PATTERN, sizeof g_outputs);
	memcpy(g_outputs.polls, polls, sizeof polls);
}

/* All outputs as they were; a buffer may also have been zeroed. */
static bool outputs_untouched(const struct outputs *before)
{
	bool same = memcmp(&g_outputs, before, offsetof(struct outputs, buf)) == 0;

	for (size_t i = 0; i < sizeof g_outputs.buf; i++)
		same = same && (g_outputs.buf[i] == PATTERN || g_outputs.buf[i] == 0);
	return same;
}

static bool lie_applies(const struct lie *lie, const struct call *call)
{
	return (lie->call == HOST_CALL_NONE || lie->call == call->number) &&
	       (lie->value == ANY || lie->value == call->value) &&
	       (lie->data == ANY || lie->data == call->data);
}

/* Is the lie found out, and nothing believed? */
static bool lie_caught(const struct call *call, const struct lie *lie)
{
	uint64_t violations = hostcall_violations();

	outputs_reset();
	struct outputs before = g_outputs;

	g_lie = lie;
	enum host_errno error = call->drive();

	g_lie = NULL;
	return error == HOST_IO && hostcall_violations() == violations + 1 &&
	       outputs_untouched(&before);
}

TEST(every_lie_of_every_call_is_caught)
{
	unsigned told = 0;

	native_forbid(FORBIDDEN, FORBIDDEN_SIZE);
	for (size_t c = 0; c < COUNT_OF(g_calls); c++) {
		for (size_t l = 0; l < COUNT_OF(g_lies); l++) {
			if (!lie_applies(&g_lies[l], &g_calls[c]))
				continue;
			told++;
			bool caught = lie_caught(&g_calls[c], &g_lies[l]);

			if (!caught)
				printf("believed: %s of %s\n", g_lies[l].name, g_calls[c].name);
			CHECK(caught);
		}
	}
	CHECK(told > COUNT_OF(g_calls) * 14);
	printf("%u lies told by %zu calls\n", told, COUNT_OF(g_calls));
}

TEST(every_honest_reply_is_accepted)
{
	uint64_t violations = hostcall_violations();

	for (size_t c = 0; c < COUNT_OF(g_calls); c++) {
		outputs_reset();
		struct outputs before = g_outputs;

		CHECK_EQ(g_calls[c].drive(), HOST_SUCCESS);
		CHECK_EQ(g_seen.call, g_calls[c].number);
		if (g_calls[c].value != VALUE_NONE || g_calls[c].data != DATA_NONE)
			CHECK(memcmp(&before, &g_outputs, sizeof before) != 0);
		else
			CHECK(memcmp(&before, &g_outputs, sizeof before) == 0);
	}
	CHECK_EQ(hostcall_violations(), violations);
}

TEST(mappings_that_meet_are_refused)
{
	const struct host_map first = {0x10000000, 0x10000}, told = g_map;
	static const struct {
		struct host_map map;
		enum host_errno error;
	} cases[] = {
		{{0x10000000, 0x10000}, HOST_IO},     {{0x10000000, 0x1000}, HOST_IO},
		{{0xffff000, 0x2000}, HOST_IO},	      {{0x1000f000, 0x1000}, HOST_IO},
		{{0x1000000, HOST_MAP_MAX}, HOST_IO}, {{0xffff000, 0x1000}, HOST_SUCCESS},
		{{0x10010000, 0x1000}, HOST_SUCCESS},
	};
	struct host_mapping kept = {0};

	g_map = first;
	CHECK_EQ(hostcall_map(9, &kept), HOST_SUCCESS);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		g_map = cases[i].map;
		CHECK_EQ(drive_MAP(), cases[i].error);
	}
	hostcall_unmap(&kept);
	g_map = first;
	CHECK_EQ(drive_MAP(), HOST_SUCCESS);
	g_map = told;
}

TEST(mappings_are_forgotten_in_any_order)
{
	const struct host_map told = g_map;
	struct host_mapping m[3];

	for (unsigned first = 0; first < 3; first++) {
		for (unsigned i = 0; i < 3; i++) {
			g_map = (struct host_map){0x1000000 * (i + 1), 4096};
			CHECK_EQ(hostcall_map(9, &m[i]), HOST_SUCCESS);
		}
		for (unsigned i = 0; i < 3; i++)
			hostcall_unmap(&m[(first + i) % 3]);
		hostcall_unmap(&m[0]); /* nothing is left of it */
	}
	g_map = told;
}

TEST(mapped_bytes_are_copied_by_words)
{
	static ALIGNED(4096) uint8_t file[8192];
	const struct host_map told = g_map;
	struct host_mapping mapping;
	uint8_t got[80];

	for (size_t i = 0; i < sizeof file; i++)
		file[i] = (uint8_t)(i * 7 + i / 256);
	g_map = (struct host_map){(uint64_t)(uintptr_t)file, sizeof file};
	CHECK_EQ(hostcall_map(9, &mapping), HOST_SUCCESS);
	for (size_t size = 0; size <= 70; size++) {
		memset(got, PATTERN, sizeof got);
		CHECK_EQ(hostcall_map_read(got, &mapping, 4096 - 24, size), E_OK);
		CHECK(memcmp(got, file + 4096 - 24, size) == 0);
		CHECK(got[size] == PATTERN);
	}
	CHECK_EQ(hostcall_map_read(got, &mapping, 8192 - 8, 8), E_OK);
	CHECK_EQ(hostcall_map_read(got, &mapping, 8192 - 8, 9), E_IO);
	CHECK_EQ(hostcall_map_read(got, &mapping, 8192, 1), E_IO);
	CHECK_EQ(hostcall_map_read(got, &mapping, UINT64_MAX - 7, 8), E_IO);
	CHECK_EQ(hostcall_map_read(got, &mapping, 0, SIZE_MAX), E_IO);
	for (size_t off = 1; off < 8; off++)
		CHECK_EQ(hostcall_map_read(got, &mapping, off, 8), E_IO);
	hostcall_unmap(&mapping);
	CHECK_EQ(hostcall_map_read(got, &mapping, 0, 8), E_IO);
	g_map = told;
}

TEST(every_call_number_has_a_rule)
{
	CHECK_EQ(COUNT_OF(g_calls), HOST_CALL_END - 1);
	for (size_t c = 0; c < COUNT_OF(g_calls); c++)
		CHECK_EQ(g_calls[c].number, c + 1);
}

static uint32_t g_error; /* for lie_error */

LIE(lie_error, fail(reply, g_error))

TEST(every_listed_errno_passes_and_no_other)
{
	static const struct lie error_only = {"error", HOST_CALL_NONE, ANY, ANY, lie_error};
	unsigned passed = 0;

	for (g_error = 1; g_error < 300; g_error++) {
		uint64_t violations = hostcall_violations();

		outputs_reset();
		struct outputs before = g_outputs;

		g_lie = &error_only;
		enum host_errno error = drive_READ();

		g_lie = NULL;
		CHECK(outputs_untouched(&before));
		if (hostcall_violations() == violations) {
			passed++;
			CHECK_EQ(error, g_error);
		}
	}
	unsigned listed = 0;
#define HOST_ERRNO(name, number) listed++;
#include "boundary/errno.def"
#undef HOST_ERRNO
	CHECK_EQ(passed, listed - 1);
}

TEST(transport_failure_is_a_violation)
{
	for (size_t c = 0; c < COUNT_OF(g_calls); c++) {
		uint64_t violations = hostcall_violations();

		outputs_reset();
		struct outputs before = g_outputs;

		g_transport_result = E_HOST;
		CHECK_EQ(g_calls[c].drive(), HOST_IO);
		g_transport_result = E_OK;
		CHECK(outputs_untouched(&before));
		CHECK_EQ(hostcall_violations(), violations + 1);
	}
}

/* Every stub that takes a name, with this one. */
static void names_refused(struct name bad, enum host_errno expected)
{
	unsigned asked = g_asked;

	outputs_reset();
	CHECK_EQ(hostcall_open(3, bad, 0, &g_outputs.handle), expected);
	CHECK_EQ(hostcall_stat_at(3, bad, &g_outputs.st), expected);
	CHECK_EQ(hostcall_set_times_at(3, bad, 0, 0, 0), expected);
	CHECK_EQ(hostcall_mkdir(3, bad), expected);
	CHECK_EQ(hostcall_unlink(3, bad, 0), expected);
	CHECK_EQ(hostcall_rename(3, bad, 3, g_name), expected);
	CHECK_EQ(hostcall_rename(3, g_name, 3, bad), expected);
	CHECK_EQ(hostcall_link(3, bad, 3, g_name), expected);
	CHECK_EQ(hostcall_link(3, g_name, 3, bad), expected);
	CHECK_EQ(hostcall_symlink(g_name, 3, bad), expected);
	CHECK_EQ(hostcall_readlink(3, bad, (char *)g_outputs.buf, 9, &g_outputs.done), expected);
	CHECK_EQ(g_asked, asked);
}

TEST(poll_count_is_held_against_the_subscriptions)
{
	struct call_request request = {.call = HOST_CALL_POLL, .in_size = 48, .out_max = 48};
	struct call_reply reply = {.value = 2, .out_size = 48};

	CHECK_EQ(hostcall_check_reply(&request, &reply), E_OK);
	reply.value = 3;
	CHECK_EQ(hostcall_check_reply(&request, &reply), E_HOST);
}

LIE(time_passed, reply->value = 1)

/* A guest's lock that waits for ever would take the end of the wait for the lock's. */
TEST(wait_without_a_timeout_never_passes)
{
	static const struct lie passed = OF(PARK, time_passed);
	uint64_t violations = hostcall_violations();
	bool told = true;

	g_lie = &passed;
	CHECK_EQ(hostcall_park(HOST_PARK_FOREVER - 1, &told), HOST_SUCCESS);
	CHECK(told);
	told = false;
	CHECK_EQ(hostcall_park(HOST_PARK_FOREVER, &told), HOST_IO);
	g_lie = NULL;
	CHECK(!told);
	CHECK_EQ(hostcall_violations(), violations + 1);
}

TEST(bad_names_never_reach_the_host)
{
	char longest[HOST_NAME_SIZE_MAX + 1];

	memset(longest, 'a', sizeof longest);
	names_refused((struct name){NULL, 0}, HOST_INVAL);
	names_refused((struct name){".", 1}, HOST_INVAL);
	names_refused((struct name){"..", 2}, HOST_INVAL);
	names_refused((struct name){"/", 1}, HOST_INVAL);
	names_refused((struct name){"a/", 2}, HOST_INVAL);
	names_refused((struct name){"a\0b", 3}, HOST_INVAL);
	names_refused((struct name){longest, HOST_NAME_SIZE_MAX + 1}, HOST_NAMETOOLONG);
	CHECK_EQ(hostcall_mkdir(3, (struct name){longest, HOST_NAME_SIZE_MAX}), HOST_SUCCESS);
	CHECK_EQ(hostcall_mkdir(3, (struct name){"...", 3}), HOST_SUCCESS);
	CHECK_EQ(hostcall_mkdir(3, (struct name){".a", 2}), HOST_SUCCESS);
}

TEST(bad_link_targets_never_reach_the_host)
{
	static char target[HOST_LINK_MAX + 1];
	unsigned asked = g_asked;

	memset(target, 't', sizeof target);
	CHECK_EQ(hostcall_symlink((struct name){target, 0}, 3, g_name), HOST_INVAL);
	CHECK_EQ(hostcall_symlink((struct name){"a\0", 2}, 3, g_name), HOST_INVAL);
	CHECK_EQ(hostcall_symlink((struct name){target, sizeof target}, 3, g_name),
		 HOST_NAMETOOLONG);
	CHECK_EQ(g_asked, asked);
	CHECK_EQ(hostcall_symlink((struct name){target, HOST_LINK_MAX}, 3, g_name), HOST_SUCCESS);
}

TEST(requests_carry_what_the_table_says)
{
	drive_RENAME();
	CHECK_EQ(g_seen.arg[0], 3);
	CHECK_EQ(g_seen.arg[1], 4);
	CHECK_EQ(g_seen.arg[2], 4);
	CHECK_EQ(g_seen.in_size, 7);
	drive_SYMLINK();
	CHECK_EQ(g_seen.arg[0], 3);
	CHECK_EQ(g_seen.arg[1], 11);
	CHECK_EQ(g_seen.in_size, 15);
	drive_PARK();
	CHECK_EQ(g_seen.arg[0], 5);
	drive_INTERRUPT();
	CHECK_EQ(g_seen.arg[0], 1);
	CHECK_EQ(hostcall_interrupt(false), HOST_SUCCESS);
	CHECK_EQ(g_seen.arg[0], 0);
	drive_PREAD();
	CHECK_EQ(g_seen.arg[1], 1);
	CHECK_EQ(g_seen.out_max, 300);
	drive_SET_TIMES_AT();
	CHECK_EQ(g_seen.arg[1], 1);
	CHECK_EQ(g_seen.arg[2], 2);
	CHECK_EQ(g_seen.arg[3], HOST_TIME_ATIM);
}

TEST(large_transfers_are_cut_to_one_slot)
{
	static uint8_t large[HOSTCALL_DATA_MAX + 1];
	size_t done = 0;

	CHECK_EQ(hostcall_read(9, large, sizeof large, &done), HOST_SUCCESS);
	CHECK_EQ(done, HOSTCALL_DATA_MAX);
	CHECK_EQ(g_seen.out_max, HOSTCALL_DATA_MAX);
	CHECK_EQ(hostcall_write(9, large, sizeof large, &done), HOST_SUCCESS);
	CHECK_EQ(done, HOSTCALL_DATA_MAX);
}

TEST(poll_refuses_what_does_not_fit)
{
	unsigned asked = g_asked;
	size_t most = HOSTCALL_DATA_MAX / sizeof(struct host_poll);

	outputs_reset();
	CHECK_EQ(hostcall_poll(g_outputs.polls, most + 1, 0), HOST_INVAL);
	CHECK_EQ(hostcall_poll(g_outputs.polls, SIZE_MAX / 24 + 1, 0), HOST_INVAL);
	native_heap_fail_at(0);
	CHECK_EQ(hostcall_poll(g_outputs.polls, 3, 0), HOST_NOMEM);
	native_heap_fail_at(-1);
	CHECK_EQ(g_asked, asked);
}

TEST(readdir_and_readlink_refuse_hopeless_buffers)
{
	unsigned asked = g_asked;

	outputs_reset();
	CHECK_EQ(hostcall_readdir(3, 0, g_outputs.buf, HOSTCALL_DIRENT_MAX - 1, &g_outputs.done),
		 HOST_INVAL);
	CHECK_EQ(hostcall_readlink(3, g_name, (char *)g_outputs.buf, 0, &g_outputs.done),
		 HOST_INVAL);
	CHECK_EQ(g_asked, asked);
}

int main(void)
{
	RUN(every_lie_of_every_call_is_caught);
	RUN(every_honest_reply_is_accepted);
	RUN(mappings_that_meet_are_refused);
	RUN(mappings_are_forgotten_in_any_order);
	RUN(mapped_bytes_are_copied_by_words);
	RUN(every_call_number_has_a_rule);
	RUN(every_listed_errno_passes_and_no_other);
	RUN(transport_failure_is_a_violation);
	RUN(poll_count_is_held_against_the_subscriptions);
	RUN(wait_without_a_timeout_never_passes);
	RUN(bad_names_never_reach_the_host);
	RUN(bad_link_targets_never_reach_the_host);
	RUN(requests_carry_what_the_table_says);
	RUN(large_transfers_are_cut_to_one_slot);
	RUN(poll_refuses_what_does_not_fit);
	RUN(readdir_and_readlink_refuse_hopeless_buffers);
	return check_report();
}
