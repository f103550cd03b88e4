/*
 * The stand-in for AESM.
 * Trust: test code; requests are checked as the service would.
 */
#include "test/lib/fake_aesm.h"

#include <pthread.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "host/device/sim.h"
#include "host/quoting/sim_quote.h"

#define KEY_ID	    256u
#define MESSAGE_MAX 100000u
#define PADDING	    1000u

static struct {
	struct fake_aesm_script script;
	char path[108];
	int listener, stop_fd;
	pthread_t thread;
	struct sim_qe qe;
	atomic_uint asked[FAKE_REQUEST_END];
	atomic_uint wrong;
	unsigned errors[FAKE_REQUEST_END]; /* told */
} g_fake;

/* ---- messages: a field is tag, then a number of seven bits a byte, or that many bytes ---- */

struct out {
	uint8_t p[MESSAGE_MAX];
	size_t n;
};

static void put_number(struct out *o, uint64_t v)
{
	for (; v >= 128; v >>= 7)
		o->p[o->n++] = (uint8_t)(v | 128);
	o->p[o->n++] = (uint8_t)v;
}

static void put_uint(struct out *o, unsigned field, uint64_t v)
{
	put_number(o, field << 3);
	put_number(o, v);
}

static void put_bytes(struct out *o, unsigned field, const void *p, size_t n)
{
	must(n < sizeof o->p - o->n - 20);
	put_number(o, field << 3 | 2);
	put_number(o, n);
	memcpy(o->p + o->n, p, n);
	o->n += n;
}

struct in {
	const uint8_t *p;
	size_t left;
};

static bool get_number(struct in *in, uint64_t *v)
{
	*v = 0;
	for (unsigned shift = 0; shift < 64 && in->left != 0; shift += 7) {
		const uint8_t b = *in->p++;

		in->left--;
		*v |= (uint64_t)(b & 127) << shift;
		if (b < 128)
			return true;
	}
	return false;
}

/* A field: its number in *v, or its bytes in *bytes. 0: the end, or nonsense. */
static unsigned get_field(struct in *in, uint64_t *v, struct in *bytes)
{
	uint64_t tag;

	if (in->left == 0 || !get_number(in, &tag) || !get_number(in, v))
		return 0;
	if ((tag & 7) == 0)
		return (unsigned)(tag >> 3);
	if ((tag & 7) != 2 || *v > in->left)
		return 0;
	*bytes = (struct in){in->p, (size_t)*v};
	in->p += *v;
	in->left -= (size_t)*v;
	return (unsigned)(tag >> 3);
}

/* What the fields of a request say. */
struct asked {
	struct in report, key;
	uint64_t with_key_id, buffer, timeout;
};

static void asked_read(struct asked *a, enum fake_aesm_request request, struct in in)
{
	uint64_t v;
	struct in bytes = {0};

	for (unsigned field; (field = get_field(&in, &v, &bytes)) != 0;) {
		if (field == 9)
			a->timeout = v;
		else if (field == 4 || (field == 1 && request == FAKE_LIST_KEYS))
			a->buffer = v;
		else if (field == 3)
			a->with_key_id = v;
		else if (field == 1 && request == FAKE_QUOTE)
			a->report = bytes;
		else
			a->key = bytes;
	}
}

/* ---- answers ---- */

static void key_id(uint8_t id[KEY_ID], uint8_t algorithm)
{
	memset(id, 0, KEY_ID);
	id[4] = 32;
	memset(id + 6, 0x8c, 32);
	id[54] = 1;
	id[154] = algorithm;
}

static bool is_our_key(const struct in *key)
{
	uint8_t id[KEY_ID];

	key_id(id, 2);
	return key->left == KEY_ID && memcmp(key->p, id, KEY_ID) == 0;
}

static bool faulty(enum fake_aesm_request request, enum fake_aesm_fault fault)
{
	return g_fake.script.fault_in == request && g_fake.script.fault == fault;
}

/* Lengths that a content gets by the script. */
static size_t content_size(enum fake_aesm_request request, size_t right)
{
	if (faulty(request, FAKE_SHORT_CONTENT))
		return right - 1;
	if (faulty(request, FAKE_LONG_CONTENT))
		return request == FAKE_QUOTE ? 40960 : right + 1;
	return right;
}

static void check(bool right)
{
	if (!right)
		g_fake.wrong++;
}

static void answer_count(struct out *o)
{
	const unsigned count = g_fake.script.other_key_first ? 2 : 1;

	put_uint(o, 2, faulty(FAKE_COUNT_KEYS, FAKE_SHORT_CONTENT) ? 17 : count);
}

static void answer_list(struct out *o, const struct asked *a)
{
	uint8_t ids[2 * KEY_ID + 1] = {0};
	const size_t n = g_fake.script.other_key_first ? 2 : 1;

	key_id(ids, g_fake.script.no_ecdsa || n == 2 ? 1 : 2);
	if (n == 2)
		key_id(ids + KEY_ID, 2);
	check(a->buffer == n * KEY_ID);
	put_bytes(o, 2, ids, content_size(FAKE_LIST_KEYS, n * KEY_ID));
}

static void answer_init(struct out *o, const struct asked *a)
{
	static uint8_t changes;
	struct sgx_targetinfo target[2] = {0};
	const uint8_t key_hash[32] = {1};

	check(is_our_key(&a->key) && a->with_key_id == 1 && a->buffer == 32);
	sim_qe_target(&target[0], &g_fake.qe);
	if (g_fake.script.new_target)
		target[0].mrenclave[0] = ++changes;
	put_bytes(o, 2, target, content_size(FAKE_INIT_QUOTE, sizeof target[0]));
	put_uint(o, 3, sizeof key_hash);
	put_bytes(o, 4, key_hash, sizeof key_hash);
}

/* *size: what it is, padding included; 0: the quoting enclave refuses. */
static void make_quote(uint8_t *quote, size_t max, size_t *size, const struct in *report)
{
	struct sgx_report r = {0};

	*size = 0;
	if (report && report->left == sizeof r)
		memcpy(&r, report->p, sizeof r);
	if ((report && !sim_qe_report_holds(&g_fake.qe, &r)) ||
	    sim_qe_sign(&g_fake.qe, quote, max, size, &r.body) != E_OK)
		return;
	if (g_fake.script.pads) {
		memset(quote + *size, 0xee, PADDING);
		*size += PADDING;
	}
}

static void answer_size(struct out *o, const struct asked *a)
{
	static uint8_t quote[20000];
	size_t size;

	check(is_our_key(&a->key));
	make_quote(quote, sizeof quote - PADDING, &size, NULL);
	if (faulty(FAKE_QUOTE_SIZE, FAKE_SHORT_CONTENT))
		size--;
	if (faulty(FAKE_QUOTE_SIZE, FAKE_LONG_CONTENT))
		size = 32769;
	put_uint(o, 2, size);
}

/* False: the report is refused. */
static bool answer_quote(struct out *o, const struct asked *a)
{
	static uint8_t quote[40960];
	size_t size;

	check(is_our_key(&a->key) && a->report.left == 432);
	make_quote(quote, sizeof quote - PADDING, &size, &a->report);
	if (size == 0)
		return false;
	if (size > a->buffer && g_fake.script.fault == FAKE_FINE)
		check(false);
	put_bytes(o, 2, quote, content_size(FAKE_QUOTE, size));
	return true;
}

static uint32_t answer_content(struct out *o, enum fake_aesm_request request, const struct asked *a)
{
	switch (request) {
	case FAKE_COUNT_KEYS:
		answer_count(o);
		return 0;
	case FAKE_LIST_KEYS:
		answer_list(o, a);
		return 0;
	case FAKE_INIT_QUOTE:
		answer_init(o, a);
		return 0;
	case FAKE_QUOTE_SIZE:
		answer_size(o, a);
		return 0;
	case FAKE_QUOTE:
		return answer_quote(o, a) ? 0 : 3;
	default:
		check(false);
		return 1;
	}
}

/* Error code, then the content. */
static void answer_part(struct out *o, enum fake_aesm_request request, const struct asked *a)
{
	static struct out content;
	uint32_t error = 0;

	content.n = 0;
	if (g_fake.errors[request] < g_fake.script.times[request]) {
		g_fake.errors[request]++;
		error = g_fake.script.error[request];
	} else {
		error = answer_content(&content, request, a);
	}
	if (!faulty(request, FAKE_NO_ERROR_CODE))
		put_uint(o, 1, error);
	if (error != 0 || faulty(request, FAKE_NO_CONTENT))
		return;
	memcpy(o->p + o->n, content.p, content.n);
	o->n += content.n;
}

static void answer(struct out *o, enum fake_aesm_request request, const struct asked *a)
{
	static struct out part;

	part.n = o->n = 0;
	check(a->timeout != 0);
	answer_part(&part, request, a);
	if (faulty(request, FAKE_FLOOD))
		for (unsigned i = 0; i < 30000; i++)
			put_uint(o, 12, 0);
	if (faulty(request, FAKE_NOTHING))
		put_uint(o, 12, 0);
	else if (faulty(request, FAKE_OTHER_KIND))
		put_bytes(o, request == FAKE_QUOTE_SIZE ? FAKE_COUNT_KEYS : FAKE_QUOTE_SIZE, part.p,
			  part.n);
	else
		put_bytes(o, request, part.p, part.n);
	if (faulty(request, FAKE_TWO_KINDS))
		put_bytes(o, request == FAKE_COUNT_KEYS ? FAKE_QUOTE_SIZE : FAKE_COUNT_KEYS,
			  "\x8\0", 2);
	if (faulty(request, FAKE_GARBAGE))
		memset(o->p, 0xff, o->n);
}

/* ---- connections ---- */

/* All of it, or false: the other end went away, or it is time to stop. */
static bool receive(int fd, void *p, size_t n)
{
	uint8_t *to = p;

	while (n != 0) {
		struct pollfd wait[2] = {{.fd = fd, .events = POLLIN},
					 {.fd = g_fake.stop_fd, .events = POLLIN}};

		if (poll(wait, 2, -1) < 0 || wait[1].revents)
			return false;
		const ssize_t got = recv(fd, to, n, 0);

		if (got <= 0)
			return false;
		to += got;
		n -= (size_t)got;
	}
	return true;
}

static void say(int fd, const void *p, size_t n)
{
	const uint8_t *from = p;

	while (n != 0) {
		const ssize_t sent = send(fd, from, g_fake.script.in_pieces ? 1 : n, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		from += sent;
		n -= (size_t)sent;
	}
}

/* Nothing more is said until the other end goes. */
static void stay(int fd)
{
	uint8_t byte;

	while (receive(fd, &byte, 1))
		;
}

static void reply(int fd, enum fake_aesm_request request, const struct out *o)
{
	uint32_t length = (uint32_t)o->n;

	if (faulty(request, FAKE_LENGTH_OVER) || faulty(request, FAKE_LENGTH_OVER_OPEN))
		length++;
	else if (faulty(request, FAKE_LENGTH_UNDER))
		length--;
	else if (faulty(request, FAKE_LENGTH_ZERO))
		length = 0;
	else if (faulty(request, FAKE_LENGTH_LIMIT))
		length = 65537;
	else if (faulty(request, FAKE_LENGTH_HUGE))
		length = UINT32_MAX;
	say(fd, &length, faulty(request, FAKE_LENGTH_CUT) ? 2 : sizeof length);
	if (faulty(request, FAKE_LENGTH_CUT))
		return;
	say(fd, o->p, o->n);
	if (faulty(request, FAKE_LENGTH_OVER_OPEN))
		stay(fd);
}

static void serve(int fd)
{
	static uint8_t message[4096];
	static struct out o;
	struct asked a = {0};
	struct in in = {message, 0}, bytes = {0};
	uint32_t length;
	uint64_t v;

	if (!receive(fd, &length, sizeof length))
		return; /* somebody who only looked whether we are here */
	check(length <= sizeof message);
	if (length > sizeof message || !receive(fd, message, length))
		return;
	in.left = length;
	const unsigned request = get_field(&in, &v, &bytes);

	check(request < FAKE_REQUEST_END && in.left == 0);
	if (request >= FAKE_REQUEST_END)
		return;
	g_fake.asked[request]++;
	asked_read(&a, request, bytes);
	if (faulty(request, FAKE_CLOSES))
		return;
	if (faulty(request, FAKE_SILENT)) {
		stay(fd);
		return;
	}
	answer(&o, request, &a);
	reply(fd, request, &o);
}

static void *run(void *unused)
{
	for (;;) {
		struct pollfd wait[2] = {{.fd = g_fake.listener, .events = POLLIN},
					 {.fd = g_fake.stop_fd, .events = POLLIN}};

		if (poll(wait, 2, -1) < 0 || wait[1].revents)
			return unused;
		const int fd = accept(g_fake.listener, NULL, NULL);

		if (fd == -1)
			continue;
		serve(fd);
		close(fd);
	}
}

void fake_aesm_start(const char *path, const struct fake_aesm_script *script)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memset(&g_fake, 0, sizeof g_fake);
	g_fake.script = *script;
	snprintf(g_fake.path, sizeof g_fake.path, "%s", path);
	memcpy(address.sun_path, g_fake.path, sizeof address.sun_path);
	g_fake.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_fake.stop_fd = eventfd(0, EFD_CLOEXEC);
	if (g_fake.listener == -1 || g_fake.stop_fd == -1 ||
	    bind(g_fake.listener, (const struct sockaddr *)&address, sizeof address) == -1 ||
	    listen(g_fake.listener, 10) == -1 ||
	    sim_qe_init(&g_fake.qe, sim_machine(), SIMULATION_CURRENT) != E_OK ||
	    pthread_create(&g_fake.thread, NULL, run, NULL) != 0)
		abort();
}

void fake_aesm_stop(void)
{
	const uint64_t one = 1;

	if (write(g_fake.stop_fd, &one, sizeof one) != sizeof one)
		abort();
	pthread_join(g_fake.thread, NULL);
	close(g_fake.listener);
	close(g_fake.stop_fd);
	unlink(g_fake.path);
}

unsigned fake_aesm_asked(enum fake_aesm_request request)
{
	return g_fake.asked[request];
}

unsigned fake_aesm_wrong(void)
{
	return g_fake.wrong;
}
