/* The messages of a delivery: order, limits, names, and their way over a channel that is a double here. */
#include "channel/deploy.h"

#include "base/heap.h"
#include "base/reader.h"
#include "base/writer.h"
#include "channel/channel.h"
#include "test/lib/check.h"
#include "test/lib/native.h"

/* ---- the double of the channel: what is written can be read --------------------------------- */

static uint8_t g_wire[3u << 20];
static size_t g_written, g_read;
static size_t g_step;	   /* bytes that one read gives at most; 0: all */
static size_t g_end;	   /* the channel ends behind so many; SIZE_MAX: behind what was written */
static enum err g_end_err; /* how: E_OK is in order */
static size_t g_largest;   /* read that was asked for */
static unsigned g_writes;
static struct channel *const g_channel = NULL;

static void wire_reset(void)
{
	g_written = g_read = g_step = g_largest = 0;
	g_writes = 0;
	g_end = SIZE_MAX;
	g_end_err = E_OK;
}

enum err channel_write(struct channel *channel, const void *p, size_t size)
{
	CHECK(channel == g_channel && size <= sizeof(g_wire) - g_written && size != 0);
	memcpy(g_wire + g_written, p, size);
	g_written += size;
	g_writes++;
	return E_OK;
}

enum err channel_read(struct channel *channel, void *p, size_t max, size_t *got)
{
	const size_t end = g_end < g_written ? g_end : g_written;
	size_t n = end - g_read;

	CHECK(channel == g_channel && max != 0);
	if (max > g_largest)
		g_largest = max;
	if (n > max)
		n = max;
	if (g_step != 0 && n > g_step)
		n = g_step;
	if (n == 0 && g_end_err != E_OK)
		return g_end_err;
	memcpy(p, g_wire + g_read, n);
	g_read += n;
	*got = n;
	return E_OK;
}

/* ---- order ---------------------------------------------------------------------------------- */

static struct deploy_order g_order;

static enum err take(uint32_t type, uint64_t size)
{
	return deploy_order_take(&g_order, (struct deploy_header){type, size});
}

static void begin(enum deploy_direction direction)
{
	deploy_order_init(&g_order, direction);
}

/* The order as it is after these. */
static void begin_with(const char *types)
{
	begin(DEPLOY_TO_ENCLAVE);
	for (; *types; types++) {
		switch (*types) {
		case 'r':
			CHECK_EQ(take(DEPLOY_RECORD, 1), E_OK);
			break;
		case 'm':
			CHECK_EQ(take(DEPLOY_MODULE, 1), E_OK);
			break;
		case 's':
			CHECK_EQ(take(DEPLOY_START, 0), E_OK);
			break;
		}
	}
}

TEST(header_is_type_and_size_little_endian)
{
	static const uint8_t bytes[DEPLOY_HEADER_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
	uint8_t out[DEPLOY_HEADER_SIZE];
	const struct deploy_header h = deploy_header_decode(bytes);

	CHECK_EQ(h.type, 0x04030201);
	CHECK_EQ(h.size, 0x0c0b0a0908070605);
	deploy_header_encode(out, h);
	CHECK(memcmp(out, bytes, sizeof(bytes)) == 0);
}

TEST(a_delivery_in_order_is_taken)
{
	begin(DEPLOY_TO_ENCLAVE);
	CHECK_EQ(take(DEPLOY_RECORD, 100), E_OK);
	CHECK_EQ(take(DEPLOY_MODULE, 100), E_OK);
	CHECK_EQ(take(DEPLOY_KEY, 10), E_OK);
	CHECK_EQ(take(DEPLOY_FILE, 10), E_OK);
	CHECK_EQ(take(DEPLOY_STDIN, 0), E_OK);
	CHECK_EQ(take(DEPLOY_FILE, 10), E_OK);
	CHECK(!deploy_order_done(&g_order));
	CHECK_EQ(take(DEPLOY_START, 0), E_OK);
	CHECK(deploy_order_done(&g_order));
	CHECK_EQ(g_order.total, 230);
}

TEST(a_program_in_order_is_heard)
{
	begin(DEPLOY_TO_CLIENT);
	CHECK_EQ(take(DEPLOY_STDOUT, 1), E_OK);
	CHECK_EQ(take(DEPLOY_STDERR, 1), E_OK);
	CHECK_EQ(take(DEPLOY_STDOUT, 1), E_OK);
	CHECK_EQ(take(DEPLOY_REFUSED, 4), E_DEPLOY_ORDER);
	CHECK(!deploy_order_done(&g_order));
	CHECK_EQ(take(DEPLOY_END, 64), E_OK);
	CHECK(deploy_order_done(&g_order));
	for (uint32_t type = DEPLOY_STDOUT; type <= DEPLOY_REFUSED; type++)
		CHECK_EQ(take(type, 4), E_DEPLOY_ORDER);
	begin(DEPLOY_TO_CLIENT);
	CHECK_EQ(take(DEPLOY_REFUSED, 4), E_OK);
	CHECK(deploy_order_done(&g_order));
	CHECK_EQ(take(DEPLOY_END, 64), E_DEPLOY_ORDER);
	CHECK_EQ(take(DEPLOY_STDOUT, 64), E_DEPLOY_ORDER);
}

static uint64_t fitting_size(uint32_t type)
{
	return type == DEPLOY_START ? 0 : type == DEPLOY_REFUSED ? 4 : 6;
}

/* At each stage exactly these types may come. */
static void expect_allowed(const char *before, uint32_t allowed)
{
	for (uint32_t type = DEPLOY_RECORD; type <= DEPLOY_START; type++) {
		begin_with(before);
		CHECK_EQ(take(type, fitting_size(type)),
			 allowed & 1u << type ? E_OK : E_DEPLOY_ORDER);
	}
}

TEST(nothing_comes_out_of_order_or_twice)
{
	expect_allowed("", 1u << DEPLOY_RECORD);
	expect_allowed("r", 1u << DEPLOY_MODULE);
	expect_allowed("rm", 1u << DEPLOY_FILE | 1u << DEPLOY_KEY | 1u << DEPLOY_STDIN |
				     1u << DEPLOY_START);
	expect_allowed("rms", 0);
	begin_with("rm");
	CHECK_EQ(take(DEPLOY_STDIN, 1), E_OK);
	CHECK_EQ(take(DEPLOY_STDIN, 1), E_DEPLOY_ORDER);
	CHECK_EQ(take(DEPLOY_STDIN, 0), E_DEPLOY_ORDER);
	CHECK_EQ(take(DEPLOY_START, 0), E_OK);
}

TEST(types_of_the_other_direction_and_unknown_ones_are_refused)
{
	for (uint32_t type = 0; type < 100; type++) {
		const bool in = type >= DEPLOY_RECORD && type <= DEPLOY_START;
		const bool out = type >= DEPLOY_STDOUT && type <= DEPLOY_REFUSED;

		begin(DEPLOY_TO_ENCLAVE);
		CHECK_EQ(take(type, 4) == E_DEPLOY_TYPE, !in);
		begin(DEPLOY_TO_CLIENT);
		CHECK_EQ(take(type, 4) == E_DEPLOY_TYPE, !out);
	}
	begin(DEPLOY_TO_ENCLAVE);
	CHECK_EQ(take(UINT32_MAX, 1), E_DEPLOY_TYPE);
	CHECK_EQ(take(0x10000 + DEPLOY_RECORD, 1), E_DEPLOY_TYPE);
}

static void expect_sizes(const char *before, uint32_t type, uint64_t min, uint64_t max)
{
	begin_with(before);
	CHECK_EQ(take(type, max + 1), E_DEPLOY_SIZE);
	CHECK_EQ(take(type, UINT64_MAX), E_DEPLOY_SIZE);
	if (min != 0)
		CHECK_EQ(take(type, min - 1), E_DEPLOY_SIZE);
	CHECK_EQ(take(type, min), E_OK);
	begin_with(before);
	CHECK_EQ(take(type, max), E_OK);
}

TEST(sizes_are_limited_by_type)
{
	const uint64_t left = DEPLOY_TOTAL_MAX - 2;

	expect_sizes("", DEPLOY_RECORD, 1, DEPLOY_RECORD_MAX);
	expect_sizes("r", DEPLOY_MODULE, 1, DEPLOY_TOTAL_MAX - 1);
	expect_sizes("rm", DEPLOY_FILE, 6, left);
	expect_sizes("rm", DEPLOY_KEY, 5, 4 + 64 + 4096);
	expect_sizes("rm", DEPLOY_STDIN, 0, left);
	expect_sizes("rm", DEPLOY_START, 0, 0);
	for (uint32_t type = DEPLOY_STDOUT; type <= DEPLOY_END; type++) {
		begin(DEPLOY_TO_CLIENT);
		CHECK_EQ(take(type, 65537), E_DEPLOY_SIZE);
		CHECK_EQ(take(type, 0), E_DEPLOY_SIZE);
		CHECK_EQ(take(type, 65536), E_OK);
	}
	begin(DEPLOY_TO_CLIENT);
	CHECK_EQ(take(DEPLOY_REFUSED, 3), E_DEPLOY_SIZE);
	CHECK_EQ(take(DEPLOY_REFUSED, 5), E_DEPLOY_SIZE);
}

TEST(all_together_is_limited)
{
	begin_with("rm");
	for (int i = 0; i < 3; i++)
		CHECK_EQ(take(DEPLOY_FILE, DEPLOY_TOTAL_MAX / 4), E_OK);
	CHECK_EQ(take(DEPLOY_FILE, DEPLOY_TOTAL_MAX / 4 - 1), E_DEPLOY_SIZE);
	CHECK_EQ(take(DEPLOY_STDIN, DEPLOY_TOTAL_MAX / 4 - 2), E_OK);
	CHECK_EQ(take(DEPLOY_KEY, 6), E_DEPLOY_SIZE);
	CHECK_EQ(take(DEPLOY_START, 0), E_OK);
}

/* Output may go on for ever: nobody keeps it. */
TEST(output_has_no_total)
{
	begin(DEPLOY_TO_CLIENT);
	for (uint64_t i = 0; i <= DEPLOY_TOTAL_MAX / DEPLOY_OUTPUT_MAX + 1; i++)
		CHECK_EQ(take(DEPLOY_STDOUT, DEPLOY_OUTPUT_MAX), E_OK);
}

TEST(files_and_keys_are_counted)
{
	begin_with("rm");
	for (uint32_t i = 0; i < DEPLOY_FILES_MAX; i++)
		CHECK_EQ(take(DEPLOY_FILE, 6), E_OK);
	CHECK_EQ(take(DEPLOY_FILE, 6), E_DEPLOY_SIZE);
	for (uint32_t i = 0; i < DEPLOY_KEYS_MAX; i++)
		CHECK_EQ(take(DEPLOY_KEY, 6), E_OK);
	CHECK_EQ(take(DEPLOY_KEY, 6), E_DEPLOY_SIZE);
	CHECK_EQ(take(DEPLOY_START, 0), E_OK);
}

TEST(what_is_refused_leaves_no_trace)
{
	struct deploy_order before;

	begin_with("rm");
	before = g_order;
	CHECK_EQ(take(DEPLOY_RECORD, 1), E_DEPLOY_ORDER);
	CHECK_EQ(take(DEPLOY_STDIN, DEPLOY_TOTAL_MAX), E_DEPLOY_SIZE);
	CHECK_EQ(take(DEPLOY_FILE, 1), E_DEPLOY_SIZE);
	CHECK_EQ(take(99, 1), E_DEPLOY_TYPE);
	CHECK(memcmp(&before, &g_order, sizeof(before)) == 0);
}

/* ---- names ---------------------------------------------------------------------------------- */

static uint8_t g_body[16384];

static size_t named_body(const void *name, size_t name_size, size_t size)
{
	struct writer w;

	writer_init(&w, g_body, sizeof(g_body));
	writer_u32(&w, (uint32_t)name_size);
	writer_bytes(&w, name, name_size);
	for (size_t i = 0; i < size; i++)
		writer_u8(&w, (uint8_t)i);
	CHECK(writer_ok(&w));
	return w.len;
}

static enum err decode(uint32_t type, const char *name, size_t size)
{
	struct deploy_named n;

	return deploy_named_decode(&n, type, g_body, named_body(name, strlen(name), size));
}

TEST(named_bodies_are_taken_apart)
{
	struct deploy_named n;
	size_t size = named_body("/data/in", 8, 3);

	CHECK_EQ(deploy_named_decode(&n, DEPLOY_FILE, g_body, size), E_OK);
	CHECK(n.name == g_body + 4 && n.name_size == 8 && n.p == g_body + 12 && n.size == 3);
	size = named_body("db.key_1-A", 10, 0);
	CHECK_EQ(deploy_named_decode(&n, DEPLOY_KEY, g_body, size), E_OK);
	CHECK(n.name_size == 10 && n.size == 0);
}

TEST(named_bodies_that_end_early_are_refused)
{
	struct deploy_named n = {.size = 77};
	const size_t size = named_body("/data/in", 8, 0);

	for (size_t i = 0; i < size; i++)
		CHECK_EQ(deploy_named_decode(&n, DEPLOY_FILE, g_body, i), E_MALFORMED);
	memset(g_body, 0xff, 4); /* a name of 4 GiB */
	CHECK_EQ(deploy_named_decode(&n, DEPLOY_FILE, g_body, size), E_MALFORMED);
	CHECK_EQ(n.size, 77);
}

TEST(names_of_keys_are_of_few_letters)
{
	char name[66];

	memset(name, 'a', sizeof(name));
	name[65] = 0;
	CHECK_EQ(decode(DEPLOY_KEY, name, 1), E_DEPLOY_SIZE);
	name[64] = 0;
	CHECK_EQ(decode(DEPLOY_KEY, name, 1), E_OK);
	CHECK_EQ(decode(DEPLOY_KEY, "", 1), E_MALFORMED);
	CHECK_EQ(decode(DEPLOY_KEY, ".", 1), E_MALFORMED);
	CHECK_EQ(decode(DEPLOY_KEY, "..", 1), E_MALFORMED);
	CHECK_EQ(decode(DEPLOY_KEY, ".a", 1), E_MALFORMED);
	CHECK_EQ(decode(DEPLOY_KEY, "a", DEPLOY_KEY_MAX), E_OK);
	CHECK_EQ(decode(DEPLOY_KEY, "a", DEPLOY_KEY_MAX + 1), E_DEPLOY_SIZE);
	for (unsigned c = 0; c < 256; c++) {
		const uint8_t two[2] = {'a', (uint8_t)c};
		const bool good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
				  (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-';
		struct deploy_named n;

		CHECK_EQ(deploy_named_decode(&n, DEPLOY_KEY, g_body, named_body(two, 2, 1)),
			 good ? E_OK : E_MALFORMED);
	}
}

TEST(paths_are_absolute_and_bounded)
{
	static char path[DEPLOY_PATH_MAX + 2];
	struct deploy_named n;

	memset(path, '/', sizeof(path) - 1);
	CHECK_EQ(decode(DEPLOY_FILE, path, 1), E_DEPLOY_SIZE);
	path[DEPLOY_PATH_MAX] = 0;
	CHECK_EQ(decode(DEPLOY_FILE, path, 1), E_OK);
	CHECK_EQ(decode(DEPLOY_FILE, "data/in", 1), E_MALFORMED);
	CHECK_EQ(decode(DEPLOY_FILE, "/", 1), E_MALFORMED);
	CHECK_EQ(decode(DEPLOY_FILE, "", 1), E_MALFORMED);
	CHECK_EQ(deploy_named_decode(&n, DEPLOY_FILE, g_body, named_body("/a\0b", 4, 1)),
		 E_MALFORMED);
}

TEST(refusals_carry_an_error)
{
	uint8_t body[5] = {E_NOMEM};
	struct deploy_message m = {DEPLOY_REFUSED, body, 4};
	enum err why = E_OK;

	CHECK_EQ(deploy_refused_decode(&why, &m), E_OK);
	CHECK_EQ(why, E_NOMEM);
	m.size = 3;
	CHECK_EQ(deploy_refused_decode(&why, &m), E_MALFORMED);
	m.size = 5;
	CHECK_EQ(deploy_refused_decode(&why, &m), E_MALFORMED);
	m.size = 4;
	m.type = DEPLOY_END;
	CHECK_EQ(deploy_refused_decode(&why, &m), E_MALFORMED);
	m.type = DEPLOY_REFUSED;
	body[0] = E_OK;
	CHECK_EQ(deploy_refused_decode(&why, &m), E_MALFORMED);
	body[0] = E_COUNT;
	CHECK_EQ(deploy_refused_decode(&why, &m), E_MALFORMED);
	body[0] = E_COUNT - 1;
	CHECK_EQ(deploy_refused_decode(&why, &m), E_OK);
	body[3] = 0xff;
	CHECK_EQ(deploy_refused_decode(&why, &m), E_MALFORMED);
}

/* ---- over the channel ----------------------------------------------------------------------- */

static struct deploy_order g_to, g_from;
static struct deploy_message g_message;

static void open_both(void)
{
	wire_reset();
	deploy_order_init(&g_to, DEPLOY_TO_ENCLAVE);
	deploy_order_init(&g_from, DEPLOY_TO_ENCLAVE);
}

static enum err send_bytes(uint32_t type, const void *p, size_t size)
{
	const struct deploy_part part = {p, size};

	return deploy_send(g_channel, &g_to, type, &part, 1);
}

static enum err receive(void)
{
	return deploy_receive(g_channel, &g_from, &g_message);
}

static bool received(uint32_t type, const void *p, size_t size)
{
	const bool same = receive() == E_OK && g_message.type == type && g_message.size == size &&
			  memcmp(g_message.body, p, size) == 0;

	deploy_message_fini(&g_message);
	return same;
}

TEST(messages_arrive_as_they_were_sent)
{
	static uint8_t large[1500000];
	static const struct deploy_named key = {(const uint8_t *)"k", 1, (const uint8_t *)"12", 2};

	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (uint8_t)(i * 2654435761u >> 24);
	for (size_t step = 0; step < 70000; step = step * 9 + 7) {
		open_both();
		g_step = step;
		CHECK_EQ(send_bytes(DEPLOY_RECORD, "record", 6), E_OK);
		CHECK_EQ(g_writes, 1); /* a short one is one record of the channel */
		CHECK_EQ(send_bytes(DEPLOY_MODULE, large, sizeof(large)), E_OK);
		CHECK_EQ(deploy_send_named(g_channel, &g_to, DEPLOY_KEY, &key), E_OK);
		CHECK_EQ(send_bytes(DEPLOY_START, NULL, 0), E_OK);
		CHECK(received(DEPLOY_RECORD, "record", 6));
		CHECK(received(DEPLOY_MODULE, large, sizeof(large)));
		CHECK(received(DEPLOY_KEY, "\1\0\0\0k12", 7));
		CHECK(received(DEPLOY_START, "", 0));
		CHECK(deploy_order_done(&g_from) && g_read == g_written);
	}
}

TEST(what_the_order_forbids_is_not_sent)
{
	static const struct deploy_named bad = {(const uint8_t *)".", 1, NULL, 0};

	open_both();
	CHECK_EQ(send_bytes(DEPLOY_MODULE, "m", 1), E_DEPLOY_ORDER);
	CHECK_EQ(send_bytes(DEPLOY_RECORD, "", 0), E_DEPLOY_SIZE);
	CHECK_EQ(send_bytes(DEPLOY_STDOUT, "x", 1), E_DEPLOY_TYPE);
	const struct deploy_part huge[2] = {{"", SIZE_MAX}, {"", 2}};

	CHECK_EQ(deploy_send(g_channel, &g_to, DEPLOY_RECORD, huge, 2), E_DEPLOY_SIZE);
	CHECK_EQ(deploy_send_named(g_channel, &g_to, DEPLOY_KEY, &bad), E_MALFORMED);
	CHECK_EQ(g_written, 0);
}

TEST(what_the_order_forbids_is_not_received)
{
	open_both();
	deploy_header_encode(g_wire, (struct deploy_header){DEPLOY_RECORD, DEPLOY_RECORD_MAX + 1});
	g_written = DEPLOY_HEADER_SIZE;
	CHECK_EQ(receive(), E_DEPLOY_SIZE);
	g_read = 0;
	deploy_header_encode(g_wire, (struct deploy_header){DEPLOY_START, 0});
	CHECK_EQ(receive(), E_DEPLOY_ORDER);
	g_read = 0;
	deploy_header_encode(g_wire, (struct deploy_header){DEPLOY_END, 64});
	CHECK_EQ(receive(), E_DEPLOY_TYPE);
}

TEST(a_channel_that_ends_in_a_message_is_an_error_at_each_byte)
{
	for (size_t end = 0; end < DEPLOY_HEADER_SIZE + 6; end++) {
		for (int how = 0; how < 2; how++) {
			open_both();
			CHECK_EQ(send_bytes(DEPLOY_RECORD, "record", 6), E_OK);
			g_end = end;
			g_end_err = how == 0 ? E_OK : E_CHANNEL_CUT;
			CHECK_EQ(receive(), how == 0 ? E_TRUNCATED : E_CHANNEL_CUT);
		}
	}
}

/* Whatever size a message claims. */
TEST(memory_is_taken_for_what_has_come)
{
	static const size_t come[] = {0, 1, 262143, 262144, 262145, 1048576, 1048577};

	for (size_t i = 0; i < COUNT_OF(come); i++) {
		open_both();
		CHECK_EQ(send_bytes(DEPLOY_RECORD, "r", 1), E_OK);
		CHECK(received(DEPLOY_RECORD, "r", 1));
		deploy_header_encode(g_wire + g_written,
				     (struct deploy_header){DEPLOY_MODULE, 1 << 29});
		g_written += DEPLOY_HEADER_SIZE + come[i];
		CHECK_EQ(receive(), E_TRUNCATED);
		CHECK(g_largest <= 262144 || g_largest <= 3 * come[i]);
	}
}

TEST(want_of_memory_is_an_error)
{
	static uint8_t large[300000];

	for (long n = 0; n < 3; n++) {
		open_both();
		CHECK_EQ(send_bytes(DEPLOY_RECORD, large, sizeof(large)), E_OK);
		native_heap_fail_at(n);
		const enum err err = receive();

		native_heap_fail_at(-1);
		CHECK_EQ(err, n < 2 ? E_NOMEM : E_OK);
		if (err == E_OK)
			deploy_message_fini(&g_message);
	}
}

/* Whole bodies, those that never become whole, and what is left behind when one grows. */
TEST(bodies_are_wiped)
{
	static uint8_t large[300000];
	static const char secret[] = "the secret of this test";

	for (size_t end = 0; end < 2; end++) {
		open_both();
		memcpy(large + 100, secret, sizeof(secret));
		CHECK_EQ(send_bytes(DEPLOY_RECORD, large, sizeof(large)), E_OK);
		g_end = end == 0 ? SIZE_MAX : 290000;
		native_heap_watch(secret, sizeof(secret));
		if (receive() == E_OK)
			deploy_message_fini(&g_message);
		CHECK(!native_heap_seen());
		native_heap_watch(NULL, 0);
	}
}

int main(void)
{
	RUN(header_is_type_and_size_little_endian);
	RUN(a_delivery_in_order_is_taken);
	RUN(a_program_in_order_is_heard);
	RUN(nothing_comes_out_of_order_or_twice);
	RUN(types_of_the_other_direction_and_unknown_ones_are_refused);
	RUN(sizes_are_limited_by_type);
	RUN(all_together_is_limited);
	RUN(output_has_no_total);
	RUN(files_and_keys_are_counted);
	RUN(what_is_refused_leaves_no_trace);
	RUN(named_bodies_are_taken_apart);
	RUN(named_bodies_that_end_early_are_refused);
	RUN(names_of_keys_are_of_few_letters);
	RUN(paths_are_absolute_and_bounded);
	RUN(refusals_carry_an_error);
	RUN(messages_arrive_as_they_were_sent);
	RUN(what_the_order_forbids_is_not_sent);
	RUN(what_the_order_forbids_is_not_received);
	RUN(a_channel_that_ends_in_a_message_is_an_error_at_each_byte);
	RUN(memory_is_taken_for_what_has_come);
	RUN(want_of_memory_is_an_error);
	RUN(bodies_are_wiped);
	return check_report();
}
