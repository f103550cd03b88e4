/*
 * Quotes through the host calls: stubs, service and the simulated quoting enclave together; and
 * what the service refuses, whoever makes the quotes.
 */
#include "host/service/service.h"
#include "hostcall/hostcall.h"

#include <pthread.h>
#include <poll.h>
#include <string.h>

#include "host/device/sim.h"
#include "host/quoting/sim_quote.h"

#include "test/lib/check.h"
#include "test/lib/direct_transport.h"

static struct host_service g_service;
static struct quoting *g_quoting;
static uint8_t g_target[HOST_QUOTE_TARGET_SIZE];
static struct sgx_report g_report;
static uint8_t g_quote[HOST_QUOTE_MAX + 100];
static size_t g_size;

static void serve(struct quoting *quoting)
{
	const struct service_config config = {.stream_fd = {-1, -1, -1}, .quoting = quoting};

	CHECK_EQ(service_init(&g_service, &config), E_OK);
	direct_transport_use(&g_service);
}

static void set_up(void)
{
	CHECK_EQ(sim_quoting_open(&g_quoting), E_OK);
	serve(g_quoting);
}

static void tear_down(void)
{
	service_fini(&g_service);
	quoting_close(g_quoting);
	g_quoting = NULL;
}

static void make_report(void)
{
	static const struct sgx_identity self = {.attributes = {.flags = ATTRIBUTE_INIT}};
	static const struct sgx_reportdata data = {{9}};
	struct sgx_targetinfo info;

	memcpy(&info, g_target, sizeof info);
	CHECK_EQ(sgx_make_report(&g_report, sim_machine(), &self, &info, &data), SGX_SUCCESS);
}

static enum host_errno quote_up_to(size_t max)
{
	return hostcall_quote((const uint8_t *)&g_report, g_quote, max, &g_size);
}

TEST(a_quote_comes_through_the_boundary)
{
	set_up();
	CHECK_EQ(hostcall_quote_target(g_target), HOST_SUCCESS);
	make_report();
	CHECK_EQ(quote_up_to(sizeof g_quote), HOST_SUCCESS);
	CHECK(g_size > 1000 && g_size < HOST_QUOTE_MAX);
	CHECK(memcmp(g_quote + 48, &g_report.body, sizeof g_report.body) == 0);
	const size_t size = g_size;

	CHECK_EQ(quote_up_to(size), HOST_SUCCESS);
	CHECK_EQ(quote_up_to(size - 1), HOST_OVERFLOW);
	CHECK_EQ(quote_up_to(0), HOST_INVAL);
	struct service_stats stats;

	service_stats_get(&g_service, &stats);
	CHECK_EQ(stats.calls[HOST_CALL_QUOTE], 3);
	CHECK_EQ(stats.refused, 0);
	tear_down();
}

TEST(a_forged_report_gets_no_quote)
{
	set_up();
	CHECK_EQ(hostcall_quote_target(g_target), HOST_SUCCESS);
	make_report();
	g_report.body.mrenclave[0] ^= 1;
	g_size = 5;
	memset(g_quote, 0x5a, sizeof g_quote);
	CHECK_EQ(quote_up_to(sizeof g_quote), HOST_ACCES);
	CHECK(g_size == 5 && g_quote[0] == 0x5a);
	tear_down();
}

TEST(without_anybody_who_quotes_it_is_not_supported)
{
	const struct quoting_config nobody = {QUOTING_NOBODY, NULL};
	char why[QUOTING_WHY_MAX];

	serve(NULL);
	CHECK_EQ(hostcall_quote_target(g_target), HOST_NOTSUP);
	CHECK_EQ(quote_up_to(sizeof g_quote), HOST_NOTSUP);
	service_fini(&g_service);
	CHECK_EQ(quoting_open(&g_quoting, &nobody, true, why), E_OK);
	serve(g_quoting);
	CHECK_EQ(hostcall_quote_target(g_target), HOST_NOTSUP);
	CHECK_EQ(quote_up_to(sizeof g_quote), HOST_NOTSUP);
	tear_down();
}

static ALIGNED(8) uint8_t g_slot[SHARED_SLOT_SIZE];

static uint32_t ask(const struct call_request *request)
{
	struct call_reply reply;

	memcpy(g_slot, request, sizeof *request);
	service_call(&g_service, 0, g_slot);
	memcpy(&reply, g_slot + SLOT_REPLY_OFF, sizeof reply);
	return reply.error;
}

TEST(requests_that_no_stub_makes_are_refused)
{
	static const struct call_request bad[] = {
		{.call = HOST_CALL_QUOTE_TARGET, .out_max = 511},
		{.call = HOST_CALL_QUOTE_TARGET, .out_max = 513},
		{.call = HOST_CALL_QUOTE_TARGET, .out_max = 512, .in_size = 1},
		{.call = HOST_CALL_QUOTE_TARGET, .out_max = 512, .arg = {1}},
		{.call = HOST_CALL_QUOTE, .in_size = 431, .out_max = 8192},
		{.call = HOST_CALL_QUOTE, .in_size = 433, .out_max = 8192},
		{.call = HOST_CALL_QUOTE, .in_size = 0, .out_max = 8192},
		{.call = HOST_CALL_QUOTE, .in_size = 432, .out_max = 0},
		{.call = HOST_CALL_QUOTE, .in_size = 432, .out_max = HOST_QUOTE_MAX + 1},
		{.call = HOST_CALL_QUOTE, .in_size = 432, .out_max = 8192, .arg = {1}},
	};

	set_up();
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		CHECK_EQ(ask(&bad[i]), HOST_INVAL);
	tear_down();
}

/* ---- a provider that waits for the interrupt, and changes the slot while it works ---- */

static enum host_errno waits(struct quoting *q, UNUSED uint8_t target[HOST_QUOTE_TARGET_SIZE],
			     int cancel_fd)
{
	struct pollfd wait = {.fd = cancel_fd, .events = POLLIN};

	return poll(&wait, 1, 10000) == 1 ? HOST_INTR : quoting_fail(q, HOST_TIMEDOUT, "late");
}

static enum host_errno changes(UNUSED struct quoting *q,
			       const uint8_t report[HOST_QUOTE_REPORT_SIZE], uint8_t *out,
			       UNUSED size_t max, size_t *size, UNUSED int cancel_fd)
{
	memset(g_slot + SHARED_SLOT_DATA_OFF, 0xff, HOST_QUOTE_REPORT_SIZE);
	out[0] = report[0];
	*size = 1;
	return HOST_SUCCESS;
}

static void closes(UNUSED struct quoting *q)
{
}

static const struct quoting_ops g_odd = {"odd", waits, changes, closes};

static void *interrupt(void *unused)
{
	service_interrupt(&g_service);
	return unused;
}

TEST(an_interrupt_ends_the_wait_for_a_quote)
{
	struct quoting odd;
	pthread_t thread;

	quoting_init(&odd, &g_odd);
	serve(&odd);
	CHECK_EQ(pthread_create(&thread, NULL, interrupt, NULL), 0);
	CHECK_EQ(hostcall_quote_target(g_target), HOST_INTR);
	pthread_join(thread, NULL);
	service_fini(&g_service);
	quoting_close(&odd);
}

TEST(the_report_is_copied_before_it_is_looked_at)
{
	const struct call_request request = {
		.call = HOST_CALL_QUOTE, .in_size = 432, .out_max = 10};
	struct quoting odd;

	quoting_init(&odd, &g_odd);
	serve(&odd);
	memset(g_slot + SHARED_SLOT_DATA_OFF, 0x21, HOST_QUOTE_REPORT_SIZE);
	CHECK_EQ(ask(&request), HOST_SUCCESS);
	CHECK_EQ(g_slot[SHARED_SLOT_DATA_OFF], 0x21); /* the output: first byte of the copy */
	service_fini(&g_service);
	quoting_close(&odd);
}

int main(void)
{
	RUN(a_quote_comes_through_the_boundary);
	RUN(a_forged_report_gets_no_quote);
	RUN(without_anybody_who_quotes_it_is_not_supported);
	RUN(requests_that_no_stub_makes_are_refused);
	RUN(an_interrupt_ends_the_wait_for_a_quote);
	RUN(the_report_is_copied_before_it_is_looked_at);
	return check_report();
}
