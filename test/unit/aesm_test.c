/*
 * Quotes through AESM, against a stand-in that speaks its protocol: the right flow, every error of
 * the service, and whatever a reply can have wrong: each ends with an error of its own and words,
 * and the next request works.
 */
#include "host/quoting/aesm.h"
#include "host/quoting/aesm_link.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/device/sim.h"
#include "host/quoting/sim_quote.h"

#include "test/lib/check.h"
#include "test/lib/fake_aesm.h"

#define PATIENT_MS   5000
#define IMPATIENT_MS 500

static char g_dir[] = "/tmp/retwine-aesm-XXXXXX";
static char g_socket[64];
static struct quoting *g_quoting;
static uint8_t g_target[HOST_QUOTE_TARGET_SIZE];
static struct sgx_report g_report;
static uint8_t g_quote[HOST_QUOTE_MAX];
static size_t g_size;
static char g_why[QUOTING_WHY_MAX];

static void start(const struct fake_aesm_script *script, int timeout_ms)
{
	fake_aesm_start(g_socket, script);
	CHECK_EQ(aesm_quoting_open_timeout(&g_quoting, g_socket, timeout_ms), E_OK);
}

static void stop(void)
{
	quoting_close(g_quoting);
	fake_aesm_stop();
	CHECK_EQ(fake_aesm_wrong(), 0);
}

static enum host_errno target(void)
{
	const enum host_errno error = quoting_target(g_quoting, g_target, -1);

	quoting_why(g_quoting, g_why);
	return error;
}

static enum host_errno quote_up_to(size_t max)
{
	const enum host_errno error =
		quoting_quote(g_quoting, (uint8_t *)&g_report, g_quote, max, &g_size, -1);

	quoting_why(g_quoting, g_why);
	return error;
}

static enum host_errno quote(void)
{
	return quote_up_to(sizeof g_quote);
}

static void make_report(void)
{
	static const struct sgx_identity self = {.attributes = {.flags = ATTRIBUTE_INIT}};
	static const struct sgx_reportdata data = {{7}};
	struct sgx_targetinfo info;

	memcpy(&info, g_target, sizeof info);
	CHECK_EQ(sgx_make_report(&g_report, sim_machine(), &self, &info, &data), SGX_SUCCESS);
}

static bool quote_is_right(void)
{
	size_t trimmed = 0;

	return aesm_quote_trim(&trimmed, g_quote, g_size) == E_OK && trimmed == g_size &&
	       memcmp(g_quote + 48, &g_report.body, sizeof g_report.body) == 0;
}

TEST(a_quote_comes_by_the_documented_flow)
{
	const struct fake_aesm_script fine = {0};

	start(&fine, PATIENT_MS);
	CHECK_EQ(target(), HOST_SUCCESS);
	CHECK_EQ(fake_aesm_asked(FAKE_COUNT_KEYS), 1);
	CHECK_EQ(fake_aesm_asked(FAKE_LIST_KEYS), 1);
	CHECK_EQ(fake_aesm_asked(FAKE_INIT_QUOTE), 1);
	make_report();
	CHECK_EQ(quote(), HOST_SUCCESS);
	CHECK(quote_is_right());
	CHECK_EQ(fake_aesm_asked(FAKE_QUOTE_SIZE), 1);
	CHECK_EQ(fake_aesm_asked(FAKE_QUOTE), 1);
	CHECK_EQ(target(), HOST_SUCCESS); /* the key is known by now */
	CHECK_EQ(fake_aesm_asked(FAKE_LIST_KEYS), 1);
	CHECK_EQ(fake_aesm_asked(FAKE_INIT_QUOTE), 2);
	CHECK_EQ(g_why[0], 0);
	stop();
}

TEST(replies_may_come_in_pieces_and_quotes_padded)
{
	const struct fake_aesm_script script = {.pads = true, .in_pieces = true};

	start(&script, PATIENT_MS);
	CHECK_EQ(target(), HOST_SUCCESS);
	make_report();
	CHECK_EQ(quote(), HOST_SUCCESS);
	CHECK(quote_is_right()); /* without the padding */
	stop();
}

TEST(the_ecdsa_key_is_chosen)
{
	const struct fake_aesm_script second = {.other_key_first = true};
	const struct fake_aesm_script none = {.no_ecdsa = true};

	start(&second, PATIENT_MS);
	CHECK_EQ(target(), HOST_SUCCESS);
	stop();
	start(&none, PATIENT_MS);
	CHECK_EQ(target(), HOST_NOTSUP);
	CHECK(strstr(g_why, "no ECDSA attestation key") != NULL);
	stop();
}

TEST(without_a_target_there_is_no_quote)
{
	const struct fake_aesm_script fine = {0};

	start(&fine, PATIENT_MS);
	CHECK_EQ(quote(), HOST_AGAIN);
	CHECK_EQ(fake_aesm_asked(FAKE_QUOTE), 0);
	stop();
}

TEST(a_report_that_was_not_made_for_it_is_refused)
{
	const struct fake_aesm_script fine = {0};

	start(&fine, PATIENT_MS);
	CHECK_EQ(target(), HOST_SUCCESS);
	make_report();
	g_report.mac[0] ^= 1;
	CHECK_EQ(quote(), HOST_ACCES);
	CHECK(strstr(g_why, "refuses a parameter") && strstr(g_why, "(error 3)"));
	g_report.mac[0] ^= 1;
	CHECK_EQ(quote(), HOST_SUCCESS);
	stop();
}

/* The service forgot its key, once: it is made ready again, and the same report does. */
TEST(a_key_that_is_not_ready_is_made_ready_once)
{
	struct fake_aesm_script script = {.error = {[FAKE_QUOTE] = 42},
					  .times = {[FAKE_QUOTE] = 1}};

	start(&script, PATIENT_MS);
	CHECK_EQ(target(), HOST_SUCCESS);
	make_report();
	CHECK_EQ(quote(), HOST_SUCCESS);
	CHECK(quote_is_right());
	CHECK_EQ(fake_aesm_asked(FAKE_INIT_QUOTE), 2);
	CHECK_EQ(fake_aesm_asked(FAKE_QUOTE), 2);
	stop();
	script.times[FAKE_QUOTE] = 2;
	start(&script, PATIENT_MS);
	CHECK_EQ(target(), HOST_SUCCESS);
	make_report();
	CHECK_EQ(quote(), HOST_AGAIN);
	CHECK_EQ(fake_aesm_asked(FAKE_QUOTE), 2);
	stop();
	script = (struct fake_aesm_script){.error = {[FAKE_QUOTE_SIZE] = 42},
					   .times = {[FAKE_QUOTE_SIZE] = 1}};
	start(&script, PATIENT_MS);
	CHECK_EQ(target(), HOST_SUCCESS);
	make_report();
	CHECK_EQ(quote(), HOST_SUCCESS);
	stop();
}

TEST(another_quoting_enclave_wants_another_report)
{
	const struct fake_aesm_script script = {
		.error = {[FAKE_QUOTE] = 42}, .times = {[FAKE_QUOTE] = 1}, .new_target = true};

	start(&script, PATIENT_MS);
	CHECK_EQ(target(), HOST_SUCCESS);
	CHECK_EQ(quote(), HOST_AGAIN);
	CHECK(strstr(g_why, "has changed") != NULL);
	CHECK_EQ(fake_aesm_asked(FAKE_QUOTE), 1);
	stop();
}

TEST(every_error_has_its_number_and_words)
{
	static const struct {
		uint32_t error;
		enum host_errno told;
		const char *words;
	} errors[] = {
		{1, HOST_IO, "unexpected"},
		{2, HOST_NXIO, "no SGX device"},
		{3, HOST_ACCES, "parameter"},
		{12, HOST_IO, "network"},
		{16, HOST_IO, "provisioning failed"},
		{17, HOST_NXIO, "stopping"},
		{18, HOST_BUSY, "busy"},
		{29, HOST_NOMEM, "EPC"},
		{30, HOST_NOTSUP, "not available"},
		{38, HOST_NOTSUP, "kind of attestation key"},
		{42, HOST_AGAIN, "not ready"},
		{9999, HOST_IO, "no name"},
		{UINT32_MAX, HOST_IO, "no name"},
	};
	static const enum fake_aesm_request requests[] = {FAKE_COUNT_KEYS, FAKE_LIST_KEYS,
							  FAKE_INIT_QUOTE};

	for (size_t i = 0; i < COUNT_OF(errors); i++) {
		const enum fake_aesm_request in = requests[i % COUNT_OF(requests)];
		struct fake_aesm_script script = {0};

		script.error[in] = errors[i].error;
		script.times[in] = 1;
		start(&script, PATIENT_MS);
		CHECK_EQ(target(), errors[i].told);
		CHECK(strstr(g_why, errors[i].words) != NULL);
		CHECK_EQ(target(), HOST_SUCCESS); /* the next request works */
		stop();
	}
}

/* What is wrong with a reply, and what comes of it. */
static const struct {
	enum fake_aesm_fault fault;
	enum host_errno told;
	const char *words;
} g_faults[] = {
	{FAKE_CLOSES, HOST_CONNRESET, "closed the connection"},
	{FAKE_SILENT, HOST_TIMEDOUT, "in time"},
	{FAKE_LENGTH_CUT, HOST_CONNRESET, "closed the connection"},
	{FAKE_LENGTH_OVER, HOST_CONNRESET, "closed the connection"},
	{FAKE_LENGTH_OVER_OPEN, HOST_TIMEDOUT, "in time"},
	{FAKE_LENGTH_UNDER, HOST_IO, "not one to what it was asked"},
	{FAKE_LENGTH_ZERO, HOST_IO, "longer than any"},
	{FAKE_LENGTH_LIMIT, HOST_IO, "longer than any"},
	{FAKE_LENGTH_HUGE, HOST_IO, "longer than any"},
	{FAKE_OTHER_KIND, HOST_IO, "not one to what it was asked"},
	{FAKE_TWO_KINDS, HOST_IO, "not one to what it was asked"},
	{FAKE_NOTHING, HOST_IO, "not one to what it was asked"},
	{FAKE_GARBAGE, HOST_IO, "not one to what it was asked"},
	{FAKE_NO_CONTENT, HOST_IO, "not one to what it was asked"},
	{FAKE_NO_ERROR_CODE, HOST_IO, "not one to what it was asked"},
	{FAKE_SHORT_CONTENT, HOST_IO, "AESM: "},
	{FAKE_LONG_CONTENT, HOST_IO, "AESM: "},
	{FAKE_FLOOD, HOST_IO, "not one to what it was asked"},
};

static void one_fault(enum fake_aesm_request in, size_t i)
{
	const struct fake_aesm_script script = {.fault_in = in, .fault = g_faults[i].fault};
	const bool of_quote = in == FAKE_QUOTE || in == FAKE_QUOTE_SIZE;
	const bool slow = g_faults[i].told == HOST_TIMEDOUT;
	enum host_errno error;

	/* a key more than there is in the list: the list has no whole number of them then */
	if (in == FAKE_COUNT_KEYS && g_faults[i].fault == FAKE_LONG_CONTENT)
		return;
	start(&script, slow ? IMPATIENT_MS : PATIENT_MS);
	error = target();
	if (of_quote) {
		CHECK_EQ(error, HOST_SUCCESS);
		make_report();
		g_size = 77;
		error = quote();
		CHECK_EQ(g_size, 77);
	}
	if (error != g_faults[i].told || !strstr(g_why, g_faults[i].words))
		printf("request %d, fault %d: %d, %s\n", in, g_faults[i].fault, error, g_why);
	CHECK_EQ(error, g_faults[i].told);
	CHECK(strstr(g_why, g_faults[i].words) != NULL);
	stop();
}

TEST(every_fault_of_every_reply_is_found)
{
	static const enum fake_aesm_request requests[] = {
		FAKE_COUNT_KEYS, FAKE_LIST_KEYS, FAKE_INIT_QUOTE, FAKE_QUOTE_SIZE, FAKE_QUOTE};

	CHECK_EQ(COUNT_OF(g_faults), FAKE_FAULT_END - 1);
	for (size_t r = 0; r < COUNT_OF(requests); r++)
		for (size_t i = 0; i < COUNT_OF(g_faults); i++)
			one_fault(requests[r], i);
}

TEST(a_quote_larger_than_the_buffer_is_not_fetched)
{
	const struct fake_aesm_script fine = {0};

	start(&fine, PATIENT_MS);
	CHECK_EQ(target(), HOST_SUCCESS);
	make_report();
	CHECK_EQ(quote(), HOST_SUCCESS);
	CHECK_EQ(quote_up_to(g_size - 1), HOST_OVERFLOW);
	CHECK_EQ(fake_aesm_asked(FAKE_QUOTE), 1);
	CHECK_EQ(quote_up_to(g_size), HOST_SUCCESS);
	stop();
}

TEST(waiting_ends_when_the_run_is_interrupted)
{
	const struct fake_aesm_script silent = {.fault_in = FAKE_INIT_QUOTE, .fault = FAKE_SILENT};
	const int cancel = eventfd(1, EFD_CLOEXEC);

	start(&silent, PATIENT_MS);
	CHECK_EQ(quoting_target(g_quoting, g_target, cancel), HOST_INTR);
	quoting_why(g_quoting, g_why);
	CHECK(strstr(g_why, "ended before") != NULL);
	close(cancel);
	stop();
}

/* The late reply of a request that was given up is not taken for the next one's. */
TEST(a_late_reply_is_dropped)
{
	const struct fake_aesm_script silent = {.fault_in = FAKE_COUNT_KEYS, .fault = FAKE_SILENT};
	const struct fake_aesm_script fine = {0};
	const int cancel = eventfd(1, EFD_CLOEXEC);

	start(&silent, IMPATIENT_MS);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(quoting_target(g_quoting, g_target, cancel), HOST_INTR);
	fake_aesm_stop();
	fake_aesm_start(g_socket, &fine);
	CHECK_EQ(target(), HOST_SUCCESS);
	make_report();
	CHECK_EQ(quote(), HOST_SUCCESS);
	close(cancel);
	stop();
}

TEST(a_service_that_goes_is_told_and_one_that_comes_back_serves)
{
	const struct fake_aesm_script fine = {0};

	CHECK_EQ(aesm_quoting_open(&g_quoting, g_socket), E_NOT_FOUND);
	start(&fine, PATIENT_MS);
	CHECK_EQ(target(), HOST_SUCCESS);
	fake_aesm_stop();
	CHECK_EQ(target(), HOST_NOTSUP);
	CHECK(strstr(g_why, "nobody listens") != NULL);
	CHECK_EQ(quote(), HOST_AGAIN);
	fake_aesm_start(g_socket, &fine);
	CHECK_EQ(target(), HOST_SUCCESS);
	stop();
}

/* ---- messages ---- */

TEST(a_quote_is_cut_to_its_signature_data)
{
	uint8_t bytes[500] = {0};
	size_t size = 0;

	bytes[432] = 64;
	CHECK(aesm_quote_trim(&size, bytes, 500) == E_OK && size == 500);
	CHECK_EQ(aesm_quote_trim(&size, bytes, 499), E_MALFORMED);
	bytes[432] = 1;
	CHECK(aesm_quote_trim(&size, bytes, 500) == E_OK && size == 437);
	CHECK_EQ(aesm_quote_trim(&size, bytes, 436), E_MALFORMED);
	CHECK_EQ(aesm_quote_trim(&size, bytes, 435), E_MALFORMED);
	CHECK_EQ(aesm_quote_trim(&size, bytes, 0), E_MALFORMED);
	bytes[432] = 0;
	CHECK_EQ(aesm_quote_trim(&size, bytes, 500), E_MALFORMED);
	bytes[435] = 0xff;
	CHECK_EQ(aesm_quote_trim(&size, bytes, 500), E_MALFORMED);
	CHECK_EQ(size, 437);
}

TEST(a_request_does_not_overrun_its_buffer)
{
	struct aesm_request r = {.kind = AESM_GET_QUOTE, .buffer_size = 1, .timeout_us = 1};
	uint8_t message[AESM_REQUEST_MAX];
	size_t size = 0, again = 0;

	CHECK_EQ(aesm_request_encode(message, sizeof message, &size, &r), E_OK);
	CHECK(size > 432 + 256);
	for (size_t max = 0; max < size; max++) {
		uint8_t *exact = malloc(max + (max == 0));

		CHECK_EQ(aesm_request_encode(exact, max, &again, &r), E_LIMIT);
		free(exact);
	}
	CHECK_EQ(aesm_request_encode(message, size, &again, &r), E_OK);
}

/* Every cut of a reply, on memory that ends with it. */
TEST(a_cut_reply_is_malformed)
{
	/* field 22: error 0, one key id of 256 bytes */
	static struct aesm_reply reply;
	uint8_t whole[4 + 2 + 3 + 256] = {0xb2, 0x01, 0x85, 0x02, 0x08, 0, 0x12, 0x80, 0x02};

	CHECK_EQ(aesm_reply_decode(&reply, AESM_LIST_KEYS, whole, sizeof whole), E_OK);
	CHECK(reply.error == 0 && reply.size == 256);
	for (size_t n = 0; n < sizeof whole; n++) {
		uint8_t *exact = malloc(n + (n == 0));

		memcpy(exact, whole, n);
		CHECK_EQ(aesm_reply_decode(&reply, AESM_LIST_KEYS, exact, n), E_MALFORMED);
		free(exact);
	}
	CHECK_EQ(aesm_reply_decode(&reply, AESM_COUNT_KEYS, whole, sizeof whole), E_MALFORMED);
	static uint8_t huge[AESM_REPLY_MAX + 1];

	CHECK_EQ(aesm_reply_decode(&reply, AESM_LIST_KEYS, huge, sizeof huge), E_LIMIT);
}

/* One byte more than any quote has room for. */
TEST(a_content_is_bounded)
{
	static uint8_t message[HOST_QUOTE_MAX + 100] = {0x8a, 0x01};
	static struct aesm_reply reply;

	for (uint32_t n = HOST_QUOTE_MAX; n <= HOST_QUOTE_MAX + 1; n++) {
		/* lengths in three bytes of seven bits: field 17 with error 0, then n bytes of
		 * quote */
		const uint32_t outer = n + 6;
		const uint8_t head[] = {(uint8_t)(outer | 128),
					(uint8_t)(outer >> 7 | 128),
					(uint8_t)(outer >> 14),
					0x08,
					0,
					0x12,
					(uint8_t)(n | 128),
					(uint8_t)(n >> 7 | 128),
					(uint8_t)(n >> 14)};

		memcpy(message + 2, head, sizeof head);
		CHECK_EQ(aesm_reply_decode(&reply, AESM_GET_QUOTE, message, 2 + sizeof head + n),
			 n == HOST_QUOTE_MAX ? E_OK : E_MALFORMED);
	}
}

/* The process between does not answer, says too little, or is gone. */
TEST(the_process_between_need_not_be_there)
{
	static uint8_t reply[AESM_LINK_REPLY_MAX];
	static const uint8_t request[4] = {1};
	struct aesm_link link = {.open = true, .timeout_ms = 1};
	size_t size = 5;
	int pair[2];

	CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	link.fd = pair[0];
	CHECK_EQ(aesm_link_exchange(&link, request, 4, reply, sizeof reply, &size, -1),
		 HOST_TIMEDOUT);
	CHECK_EQ(write(pair[1], "1234567", 7), 7);
	CHECK_EQ(aesm_link_exchange(&link, request, 4, reply, sizeof reply, &size, -1), HOST_IO);
	close(pair[1]);
	CHECK_EQ(aesm_link_exchange(&link, request, 4, reply, sizeof reply, &size, -1), HOST_IO);
	CHECK_EQ(size, 5);
	aesm_link_close(&link);
	aesm_link_close(&link);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(g_dir))
		return 2;
	snprintf(g_socket, sizeof g_socket, "%s/socket", g_dir);
	RUN(a_quote_comes_by_the_documented_flow);
	RUN(replies_may_come_in_pieces_and_quotes_padded);
	RUN(the_ecdsa_key_is_chosen);
	RUN(without_a_target_there_is_no_quote);
	RUN(a_report_that_was_not_made_for_it_is_refused);
	RUN(a_key_that_is_not_ready_is_made_ready_once);
	RUN(another_quoting_enclave_wants_another_report);
	RUN(every_error_has_its_number_and_words);
	RUN(every_fault_of_every_reply_is_found);
	RUN(a_quote_larger_than_the_buffer_is_not_fetched);
	RUN(waiting_ends_when_the_run_is_interrupted);
	RUN(a_late_reply_is_dropped);
	RUN(a_service_that_goes_is_told_and_one_that_comes_back_serves);
	RUN(a_quote_is_cut_to_its_signature_data);
	RUN(a_request_does_not_overrun_its_buffer);
	RUN(a_cut_reply_is_malformed);
	RUN(a_content_is_bounded);
	RUN(the_process_between_need_not_be_there);
	rmdir(g_dir);
	return check_report();
}
