/*
 * channel/: both ends in one process, and everything that may happen on the way between them.
 */
#include "channel/channel.h"

#include <pthread.h>
#include <sanitizer/allocator_interface.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/ssl.h>
#include <mbedtls/ssl_internal.h>

#include "base/wipe.h"
#include "channel/der.h"

#include "test/lib/check.h"
#include "test/lib/fake_certificate.h"
#include "test/lib/native.h"
#include "test/lib/wire.h"

static struct certificate g_server, g_client;

/* One end: what it is to do, and what came of it. */
struct end {
	struct channel_config config;
	const char *say; /* sent at once when it is open */
	bool close;	 /* then, in order */
	enum err opened, read, written;
	char heard[64];
	size_t heard_size;
	struct channel *channel;
	unsigned judged; /* calls of its peer callback */
	enum err verdict;
	const struct certificate *expected;
	struct wire *wire;
	unsigned index;
};

static enum err end_judge(void *context, const uint8_t *der, size_t size)
{
	struct end *e = context;
	struct certificate_evidence evidence;

	e->judged++;
	if (certificate_check(&evidence, der, size) != E_OK || !e->expected ||
	    e->expected->size != size || memcmp(e->expected->der, der, size) != 0)
		return E_CERTIFICATE_KEY;
	return e->verdict;
}

/* Opens, says what it has to say, closes, listens until the end. */
static void *end_run(void *context)
{
	struct end *e = context;

	e->opened = channel_open(&e->channel, &e->config);
	if (e->opened == E_OK && e->say)
		e->written = channel_write(e->channel, e->say, strlen(e->say));
	if (e->opened == E_OK && e->close && e->written == E_OK)
		e->written = channel_close(e->channel);
	while (e->opened == E_OK) {
		size_t got = 0;

		e->read = channel_read(e->channel, e->heard + e->heard_size,
				       sizeof e->heard - e->heard_size, &got);
		if (e->read != E_OK || got == 0)
			break;
		e->heard_size += got;
	}
	wire_end_of(e->wire, e->index);
	return NULL;
}

/* A client at end 0 and a server at end 1, as they are when nothing is wrong. */
struct pair {
	struct wire wire;
	struct end client, server;
};

static void pair_init(struct pair *p)
{
	memset(p, 0, sizeof *p);
	wire_init(&p->wire);
	p->client = (struct end){
		.config = {.role = CHANNEL_CLIENT,
			   .transport = wire_transport(&p->wire, 0),
			   .peer = end_judge,
			   .peer_context = &p->client,
			   .random = fake_random()},
		.say = "hello",
		.close = true,
		.expected = &g_server,
		.wire = &p->wire,
		.index = 0,
	};
	p->server = (struct end){
		.config = {.role = CHANNEL_SERVER,
			   .transport = wire_transport(&p->wire, 1),
			   .own = &g_server,
			   .peer_context = &p->server,
			   .random = fake_random()},
		.say = "welcome",
		.close = true,
		.expected = &g_client,
		.wire = &p->wire,
		.index = 1,
	};
}

static void pair_mutual(struct pair *p)
{
	p->client.config.own = &g_client;
	p->server.config.peer = end_judge;
}

static void pair_run(struct pair *p)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, end_run, &p->server))
		abort();
	end_run(&p->client);
	pthread_join(thread, NULL);
}

static void pair_fini(struct pair *p)
{
	channel_free(p->client.channel);
	channel_free(p->server.channel);
	wire_fini(&p->wire);
}

static bool end_heard(const struct end *e, const char *text)
{
	return e->opened == E_OK && e->read == E_OK && e->heard_size == strlen(text) &&
	       memcmp(e->heard, text, e->heard_size) == 0;
}

TEST(both_ends_hear_each_other)
{
	struct pair p;

	pair_init(&p);
	pair_run(&p);
	CHECK(end_heard(&p.client, "welcome"));
	CHECK(end_heard(&p.server, "hello"));
	CHECK_EQ(p.client.judged, 1);
	CHECK_EQ(p.server.judged, 0);
	pair_fini(&p);
}

TEST(both_ends_may_be_attested)
{
	struct pair p;

	pair_init(&p);
	pair_mutual(&p);
	pair_run(&p);
	CHECK(end_heard(&p.client, "welcome"));
	CHECK(end_heard(&p.server, "hello"));
	CHECK_EQ(p.client.judged, 1);
	CHECK_EQ(p.server.judged, 1);
	pair_fini(&p);
}

/* It arrives however the stream is cut into pieces. */
TEST(single_bytes_are_enough)
{
	struct pair p;

	pair_init(&p);
	pair_mutual(&p);
	p.wire.way[0].piece = 1;
	p.wire.way[1].piece = 1;
	pair_run(&p);
	CHECK(end_heard(&p.client, "welcome"));
	CHECK(end_heard(&p.server, "hello"));
	pair_fini(&p);
}

TEST(nothing_on_the_wire_can_be_read)
{
	struct pair p;

	pair_init(&p);
	pair_run(&p);
	CHECK(end_heard(&p.server, "hello"));
	CHECK(!memmem(p.wire.way[0].sent, p.wire.way[0].size, "hello", 5));
	CHECK(!memmem(p.wire.way[1].sent, p.wire.way[1].size, "welcome", 7));
	pair_fini(&p);
}

/* The type of the last record of a stream (RFC 5246, 6.2.1). */
static uint8_t last_record(const struct wire_way *way)
{
	uint8_t type = 0;

	for (size_t at = 0; at + 5 <= way->size;) {
		type = way->sent[at];
		at += 5 + ((size_t)way->sent[at + 3] << 8 | way->sent[at + 4]);
	}
	return type;
}

TEST(a_client_that_refuses_says_nothing)
{
	struct pair p;

	pair_init(&p);
	p.client.verdict = E_DENIED;
	pair_run(&p);
	CHECK_EQ(p.client.opened, E_DENIED);
	CHECK(!p.client.channel);
	/* the server, whose handshake was complete, learns that it is over, and not in order */
	CHECK_EQ(last_record(&p.wire.way[0]), MBEDTLS_SSL_MSG_ALERT);
	CHECK_EQ(p.server.heard_size, 0);
	CHECK(p.server.opened != E_OK || p.server.read == E_CHANNEL_CUT);
	pair_fini(&p);
}

TEST(a_server_that_refuses_says_nothing)
{
	struct pair p;

	pair_init(&p);
	pair_mutual(&p);
	p.server.verdict = E_DENIED;
	pair_run(&p);
	CHECK_EQ(p.server.opened, E_DENIED);
	CHECK_EQ(p.server.heard_size, 0);
	CHECK_EQ(p.client.heard_size, 0);
	CHECK_EQ(p.client.read, E_CHANNEL_CUT);
	CHECK_EQ(last_record(&p.wire.way[1]), MBEDTLS_SSL_MSG_ALERT);
	pair_fini(&p);
}

TEST(a_client_without_a_certificate_is_refused_where_one_is_asked_for)
{
	struct pair p;

	pair_init(&p);
	p.server.config.peer = end_judge;
	pair_run(&p);
	CHECK_EQ(p.server.opened, E_CHANNEL_PEER);
	CHECK_EQ(p.server.judged, 0);
	CHECK(p.client.opened != E_OK || p.client.read == E_CHANNEL_CUT);
	pair_fini(&p);
}

/* The certificate of an enclave, shown by somebody who has not its key. */
TEST(a_certificate_without_its_key_is_refused)
{
	struct certificate thief = g_server;
	struct pair p;

	memcpy(thief.private_key, g_client.private_key, sizeof thief.private_key);
	pair_init(&p);
	p.server.config.own = &thief;
	pair_run(&p);
	CHECK_EQ(p.client.opened, E_CHANNEL_HANDSHAKE);
	CHECK_EQ(p.client.judged, 0);
	CHECK(p.server.opened != E_OK || p.server.heard_size == 0);
	pair_fini(&p);

	thief = g_client;
	memcpy(thief.private_key, g_server.private_key, sizeof thief.private_key);
	pair_init(&p);
	pair_mutual(&p);
	p.client.config.own = &thief;
	pair_run(&p);
	CHECK_EQ(p.server.opened, E_CHANNEL_HANDSHAKE);
	CHECK_EQ(p.server.judged, 0);
	pair_fini(&p);
}

TEST(another_enclave_than_the_expected_one_is_told_apart)
{
	struct pair p;

	pair_init(&p);
	p.client.expected = &g_client;
	pair_run(&p);
	CHECK_EQ(p.client.opened, E_CERTIFICATE_KEY);
	CHECK_EQ(p.server.heard_size, 0);
	pair_fini(&p);
}

/* An end without an announced end. */
TEST(a_stream_that_is_cut_is_no_end)
{
	struct pair p;

	pair_init(&p);
	p.client.close = false;
	p.server.close = false;
	pthread_t thread;

	if (pthread_create(&thread, NULL, end_run, &p.server))
		abort();
	CHECK_EQ(channel_open(&p.client.channel, &p.client.config), E_OK);
	CHECK_EQ(channel_write(p.client.channel, "hello", 5), E_OK);
	wire_end_of(&p.wire, 0);
	pthread_join(thread, NULL);
	CHECK_EQ(p.server.read, E_CHANNEL_CUT);
	CHECK(p.server.heard_size == 5);
	/* and it stays so */
	size_t got;

	CHECK_EQ(channel_read(p.server.channel, p.server.heard, 1, &got), E_CHANNEL_CUT);
	CHECK_EQ(channel_write(p.server.channel, "x", 1), E_CHANNEL_CUT);
	CHECK_EQ(channel_close(p.server.channel), E_CHANNEL_CUT);
	pair_fini(&p);
}

TEST(what_is_closed_takes_no_more)
{
	struct pair p;
	char byte;
	size_t got = 1;

	pair_init(&p);
	pair_run(&p);
	CHECK_EQ(channel_write(p.client.channel, "x", 1), E_STATE);
	CHECK_EQ(channel_close(p.client.channel), E_STATE);
	CHECK_EQ(channel_read(p.client.channel, &byte, 1, &got), E_OK);
	CHECK_EQ(got, 0);
	CHECK_EQ(channel_read(p.client.channel, &byte, 0, &got), E_INVALID);
	pair_fini(&p);
}

TEST(configurations_that_make_no_sense_are_refused)
{
	struct channel *c;
	struct pair p;

	pair_init(&p);
	struct channel_config config = p.client.config;

	config.peer = NULL; /* a client that would believe anybody */
	CHECK_EQ(channel_open(&c, &config), E_INVALID);
	config = p.server.config;
	config.own = NULL;
	CHECK_EQ(channel_open(&c, &config), E_INVALID);
	config.role = (enum channel_role)0;
	CHECK_EQ(channel_open(&c, &config), E_INVALID);
	pair_fini(&p);
}

/* Megabytes in both directions at once would block; one after the other they pass. */
TEST(large_data_pass)
{
	enum { SIZE = 1 << 20 };
	static uint8_t sent[SIZE], got[SIZE];
	struct pair p;
	size_t done = 0;

	for (size_t i = 0; i < SIZE; i++)
		sent[i] = (uint8_t)(i * 31 >> 3);
	pair_init(&p);
	p.server.say = NULL;
	p.server.close = false;
	p.server.config.peer = NULL;
	pthread_t thread;
	char *text = malloc(SIZE + 1);

	if (!text)
		abort();
	memset(text, 'x', SIZE);
	text[SIZE] = 0;
	p.client.say = text;
	if (pthread_create(&thread, NULL, end_run, &p.client))
		abort();
	CHECK_EQ(channel_open(&p.server.channel, &p.server.config), E_OK);
	while (done < SIZE) {
		size_t n = 0;

		if (channel_read(p.server.channel, got + done, SIZE - done, &n) != E_OK || n == 0)
			break;
		done += n;
	}
	CHECK_EQ(done, SIZE);
	CHECK(memcmp(got, text, SIZE) == 0);
	CHECK_EQ(channel_close(p.server.channel), E_OK);
	wire_end_of(&p.wire, 1);
	pthread_join(thread, NULL);
	CHECK(p.client.read == E_OK);
	free(text);
	pair_fini(&p);
}

/* How many bytes each end sends in a run in which nothing is wrong. */
static void pair_sizes(bool mutual, size_t size[2])
{
	struct pair p;

	pair_init(&p);
	if (mutual)
		pair_mutual(&p);
	pair_run(&p);
	CHECK(end_heard(&p.client, "welcome") && end_heard(&p.server, "hello"));
	size[0] = p.wire.way[0].size;
	size[1] = p.wire.way[1].size;
	pair_fini(&p);
}

/*
 * The stream ends before any of its bytes: neither end takes that for an orderly end, and neither
 * hears what was not said.
 */
TEST(cut_before_any_byte_it_is_no_end)
{
	size_t size[2], hits = 0;

	pair_sizes(true, size);
	for (unsigned way = 0; way < 2; way++) {
		for (size_t at = 0; at < size[way]; at += at < 8 || at + 100 > size[way] ? 1 : 31) {
			struct pair p;

			pair_init(&p);
			pair_mutual(&p);
			p.wire.way[way].cut_at = at;
			pair_run(&p);

			const struct end *deaf = way == 0 ? &p.server : &p.client;

			if (!p.wire.way[way].hit) { /* a signature was shorter this time */
				pair_fini(&p);
				continue;
			}
			hits++;
			CHECK(deaf->opened != E_OK || deaf->read != E_OK);
			CHECK(deaf->opened == E_OK || deaf->opened == E_CHANNEL_CUT ||
			      deaf->opened == E_CHANNEL_HANDSHAKE);
			CHECK(deaf->heard_size == 0 || deaf->heard_size == (way == 0 ? 5u : 7u));
			pair_fini(&p);
		}
	}
	CHECK(hits > 200);
}

/* Is this byte of the stream the version in a record's header? Nothing hangs on it in a handshake
 * (RFC 5246, appendix E.1): the version that counts is in the hellos. */
static bool is_record_version(const struct wire_way *way, size_t at)
{
	for (size_t record = 0; record + 5 <= way->size;) {
		if (at == record + 1 || at == record + 2)
			return true;
		record += 5 + ((size_t)way->sent[record + 3] << 8 | way->sent[record + 4]);
	}
	return false;
}

/* Any byte changed: what is heard is what was said, or nothing. */
TEST(changed_in_any_byte_nothing_false_is_heard)
{
	static const uint8_t flips[] = {1, 0x80};
	size_t size[2], hits = 0;

	pair_sizes(true, size);
	for (unsigned way = 0; way < 2; way++) {
		for (size_t at = 0; at < size[way];
		     at += at < 100 || at + 100 > size[way] ? 1 : 31) {
			struct pair p;

			pair_init(&p);
			pair_mutual(&p);
			p.wire.way[way].flip_at = at;
			p.wire.way[way].flip = flips[at % 2];
			pair_run(&p);
			if (!p.wire.way[way].hit) {
				pair_fini(&p);
				continue;
			}
			hits++;

			const struct end *end = way == 0 ? &p.server : &p.client;
			const char *said = way == 0 ? "hello" : "welcome";

			CHECK(!end_heard(end, said) || is_record_version(&p.wire.way[way], at));
			CHECK(end->heard_size == 0 ||
			      (end->heard_size == strlen(said) &&
			       memcmp(end->heard, said, end->heard_size) == 0));
			pair_fini(&p);
		}
	}
	CHECK(hits > 200);
}

/* A record sent twice is not heard twice. */
TEST(a_record_that_comes_again_is_refused)
{
	struct pair p;

	pair_init(&p);
	p.server.say = NULL;
	p.server.close = false;
	pthread_t thread;

	p.client.say = NULL;
	p.client.close = false;
	if (pthread_create(&thread, NULL, end_run, &p.server))
		abort();
	CHECK_EQ(channel_open(&p.client.channel, &p.client.config), E_OK);
	const size_t before = p.wire.way[0].size;

	CHECK_EQ(channel_write(p.client.channel, "pay", 3), E_OK);
	const size_t size = p.wire.way[0].size - before;
	uint8_t record[128];
	size_t sent;
	const struct channel_transport t = wire_transport(&p.wire, 0);

	must(size <= sizeof record);
	memcpy(record, p.wire.way[0].sent + before, size);
	CHECK_EQ(t.send(t.context, record, size, &sent), E_OK);
	/* and what follows is not heard, though it is genuine */
	CHECK_EQ(channel_write(p.client.channel, "more", 4), E_OK);
	wire_end_of(&p.wire, 0);
	pthread_join(thread, NULL);
	CHECK_EQ(p.server.heard_size, 3);
	CHECK_EQ(p.server.read, E_CHANNEL_RECORD);
	CHECK_EQ(channel_read(p.server.channel, record, sizeof record, &sent), E_CHANNEL_RECORD);
	pair_fini(&p);
}

/* Every allocation and every random number that can fail, does. */
TEST(what_fails_below_ends_the_handshake)
{
	struct pair p;

	for (long n = 0; n < 1; n++) {
		pair_init(&p);
		native_heap_fail_at(n);
		CHECK_EQ(channel_open(&p.client.channel, &p.client.config), E_NOMEM);
		native_heap_fail_at(-1);
		pair_fini(&p);
	}
	for (long n = 0; n < 40; n++) {
		pair_init(&p);
		fake_random_fail_at(n);
		pair_run(&p);
		fake_random_fail_at(-1);
		if (p.client.opened == E_OK && p.server.opened == E_OK)
			n = 40;
		else
			CHECK(p.client.opened == E_CHANNEL_HANDSHAKE ||
			      p.server.opened == E_CHANNEL_HANDSHAKE);
		pair_fini(&p);
	}
}

static enum err broken_send(void *context, const void *p, size_t size, size_t *sent)
{
	(void)context;
	(void)p;
	(void)size;
	(void)sent;
	return E_HOST;
}

TEST(errors_of_the_transport_come_back_as_they_are)
{
	struct pair p;

	pair_init(&p);
	p.client.config.transport.send = broken_send;
	CHECK_EQ(channel_open(&p.client.channel, &p.client.config), E_HOST);
	pair_fini(&p);
}

/* ---- a peer of our own making that breaks the rules ---- */

struct odd {
	struct end end;
	int min, max, suite, ems, renegotiation_info, authmode;
	bool renegotiate;
	mbedtls_ecp_group_id curve;
	int hash;
	unsigned warnings;		 /* to send before anything is said */
	bool chain;			 /* another certificate behind its own */
	const struct certificate *shown; /* in place of the server's own, with the same key */
	int result;
	uint8_t alert; /* the last byte of what our end sent */
};

static int odd_send(void *context, const unsigned char *p, size_t size)
{
	struct end *e = context;
	size_t sent;

	if (e->config.transport.send(e->config.transport.context, p, size, &sent) != E_OK)
		return -1;
	return (int)sent;
}

static int odd_receive(void *context, unsigned char *p, size_t max)
{
	struct end *e = context;
	size_t got;

	if (e->config.transport.receive(e->config.transport.context, p, max, &got) != E_OK)
		return -1;
	return (int)got;
}

/* A client of the library's that does as it is told. */
static void *odd_client(void *context)
{
	struct odd *odd = context;
	struct end *e = &odd->end;
	const int suites[] = {odd->suite, 0};
	const mbedtls_ecp_group_id curves[] = {odd->curve, MBEDTLS_ECP_DP_NONE};
	const int hashes[] = {odd->hash, MBEDTLS_MD_NONE};
	struct crypto_random random = fake_random();
	mbedtls_ssl_context ssl;
	mbedtls_ssl_config config;

	mbedtls_ssl_init(&ssl);
	mbedtls_ssl_config_init(&config);
	if (mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT,
					MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT))
		abort();
	mbedtls_ssl_conf_min_version(&config, 3, odd->min);
	mbedtls_ssl_conf_max_version(&config, 3, odd->max);
	mbedtls_ssl_conf_ciphersuites(&config, suites);
	mbedtls_ssl_conf_curves(&config, curves);
	if (odd->hash)
		mbedtls_ssl_conf_sig_hashes(&config, hashes);
	mbedtls_ssl_conf_extended_master_secret(&config, (char)odd->ems);
	mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_NONE);
	mbedtls_ssl_conf_renegotiation(&config, odd->renegotiate);
	mbedtls_ssl_conf_rng(&config, crypto_random_library, &random);
	if (mbedtls_ssl_setup(&ssl, &config))
		abort();
	mbedtls_ssl_set_bio(&ssl, e, odd_send, odd_receive, NULL);
	odd->result = mbedtls_ssl_handshake(&ssl);
	if (odd->result == 0 && odd->renegotiate)
		odd->result = mbedtls_ssl_renegotiate(&ssl);
	for (unsigned i = 0; i < odd->warnings; i++)
		if (mbedtls_ssl_send_alert_message(&ssl, MBEDTLS_SSL_ALERT_LEVEL_WARNING,
						   MBEDTLS_SSL_ALERT_MSG_USER_CANCELED))
			abort();
	if (odd->result == 0)
		odd->result = mbedtls_ssl_write(&ssl, (const uint8_t *)"odd", 3) == 3 ? 0 : -1;
	mbedtls_ssl_close_notify(&ssl);
	mbedtls_ssl_free(&ssl);
	mbedtls_ssl_config_free(&config);
	wire_end_of(e->wire, e->index);
	return NULL;
}

/* The server's end of such a run; E_OK when it was opened and heard what was said. */
static enum err odd_against_server(struct odd *odd)
{
	struct pair p;
	pthread_t thread;
	enum err err;

	pair_init(&p);
	odd->end = p.client;
	p.server.say = NULL;
	p.server.close = false;
	if (pthread_create(&thread, NULL, end_run, &p.server))
		abort();
	odd_client(odd);
	pthread_join(thread, NULL);
	err = p.server.opened != E_OK ? p.server.opened : p.server.read;
	odd->alert = p.wire.way[1].size > 0 ? p.wire.way[1].sent[p.wire.way[1].size - 1] : 0;
	pair_fini(&p);
	return err;
}

static struct odd odd_nothing(void)
{
	return (struct odd){.min = 3,
			    .max = 3,
			    .suite = MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
			    .ems = MBEDTLS_SSL_EXTENDED_MS_ENABLED,
			    .curve = MBEDTLS_ECP_DP_SECP256R1};
}

TEST(a_server_speaks_one_protocol_only)
{
	static const struct {
		int min, max;
	} versions[] = {{1, 1}, {1, 2}, {2, 2}};
	static const int suites[] = {
		MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384,
		MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
		MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
		MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_CCM,
		MBEDTLS_TLS_ECDHE_ECDSA_WITH_NULL_SHA,
		MBEDTLS_TLS_ECDH_ECDSA_WITH_AES_256_GCM_SHA384,
		MBEDTLS_TLS_RSA_WITH_AES_256_GCM_SHA384,
		MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	};
	static const mbedtls_ecp_group_id curves[] = {
		MBEDTLS_ECP_DP_SECP521R1, MBEDTLS_ECP_DP_SECP224R1, MBEDTLS_ECP_DP_SECP256K1,
		MBEDTLS_ECP_DP_BP256R1, MBEDTLS_ECP_DP_CURVE25519};
	struct odd odd = odd_nothing();

	CHECK_EQ(odd_against_server(&odd), E_OK);
	odd.curve = MBEDTLS_ECP_DP_SECP384R1;
	/* a client that knows P-384 alone cannot use a certificate of P-256 */
	CHECK_EQ(odd_against_server(&odd), E_CHANNEL_HANDSHAKE);
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		odd = odd_nothing();
		odd.min = versions[i].min;
		odd.max = versions[i].max;
		odd.suite = MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA;
		CHECK_EQ(odd_against_server(&odd), E_CHANNEL_HANDSHAKE);
		CHECK(odd.result != 0);
		/* for the version, not only for its suite */
		CHECK_EQ(odd.alert, MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION);
	}
	for (size_t i = 0; i < COUNT_OF(suites); i++) {
		odd = odd_nothing();
		odd.suite = suites[i];
		CHECK_EQ(odd_against_server(&odd), E_CHANNEL_HANDSHAKE);
		CHECK(odd.result != 0);
	}
	for (size_t i = 0; i < COUNT_OF(curves); i++) {
		odd = odd_nothing();
		odd.curve = curves[i];
		CHECK_EQ(odd_against_server(&odd), E_CHANNEL_HANDSHAKE);
		CHECK(odd.result != 0);
	}
	odd = odd_nothing();
	odd.hash = MBEDTLS_MD_SHA1;
	CHECK(odd_against_server(&odd) != E_OK);
}

TEST(a_client_without_extended_master_secret_is_refused)
{
	struct odd odd = odd_nothing();

	odd.ems = MBEDTLS_SSL_EXTENDED_MS_DISABLED;
	CHECK_EQ(odd_against_server(&odd), E_CHANNEL_HANDSHAKE);
	CHECK(odd.result != 0);
}

TEST(renegotiation_is_refused)
{
	struct odd odd = odd_nothing();

	odd.renegotiate = true;
	(void)odd_against_server(&odd);
	CHECK(odd.result != 0);
}

/* The second suite that a client names says that it knows RFC 5746; with another number there it does not. */
TEST(a_client_without_secure_renegotiation_is_refused)
{
	enum { SIGNAL = 5 + 4 + 2 + 32 + 1 + 2 + 2 };
	struct pair p;

	pair_init(&p);
	pair_run(&p);
	CHECK(end_heard(&p.server, "hello"));
	CHECK(p.wire.way[0].sent[SIGNAL] == 0 && p.wire.way[0].sent[SIGNAL + 1] == 0xff);
	pair_fini(&p);

	pair_init(&p);
	p.wire.way[0].flip_at = SIGNAL + 1;
	p.wire.way[0].flip = 1;
	pair_run(&p);
	CHECK_EQ(p.server.opened, E_CHANNEL_HANDSHAKE);
	/* at once, and not when the transcripts are compared: an alert is all that it sent */
	CHECK_EQ(p.wire.way[1].size, 7);
	CHECK_EQ(p.wire.way[1].sent[0], MBEDTLS_SSL_MSG_ALERT);
	pair_fini(&p);
}

/* A server of the library's own, for clients of ours. */
static void *odd_server(void *context)
{
	struct odd *odd = context;
	struct end *e = &odd->end;
	const int suites[] = {odd->suite, 0};
	const mbedtls_ecp_group_id curves[] = {odd->curve, MBEDTLS_ECP_DP_NONE};
	struct crypto_random random = fake_random();
	mbedtls_ssl_context ssl;
	mbedtls_ssl_config config;
	mbedtls_x509_crt crt;
	mbedtls_pk_context key;

	mbedtls_ssl_init(&ssl);
	mbedtls_ssl_config_init(&config);
	mbedtls_x509_crt_init(&crt);
	mbedtls_pk_init(&key);
	if (mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_SERVER,
					MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT) ||
	    mbedtls_x509_crt_parse_der(&crt, odd->shown ? odd->shown->der : g_server.der,
				       odd->shown ? odd->shown->size : g_server.size) ||
	    (odd->chain && mbedtls_x509_crt_parse_der(&crt, g_client.der, g_client.size)) ||
	    mbedtls_pk_setup(&key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) ||
	    mbedtls_ecp_read_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(key), g_server.private_key,
				 32) ||
	    mbedtls_ssl_conf_own_cert(&config, &crt, &key))
		abort();
	mbedtls_ssl_conf_min_version(&config, 3, odd->min);
	mbedtls_ssl_conf_max_version(&config, 3, odd->max);
	mbedtls_ssl_conf_ciphersuites(&config, suites);
	mbedtls_ssl_conf_curves(&config, curves);
	mbedtls_ssl_conf_extended_master_secret(&config, (char)odd->ems);
	mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_NONE);
	mbedtls_ssl_conf_renegotiation(&config, odd->renegotiate);
	mbedtls_ssl_conf_rng(&config, crypto_random_library, &random);
	if (mbedtls_ssl_setup(&ssl, &config))
		abort();
	mbedtls_ssl_set_bio(&ssl, e, odd_send, odd_receive, NULL);
	odd->result = mbedtls_ssl_handshake(&ssl);
	if (odd->result == 0 && odd->renegotiate)
		(void)mbedtls_ssl_renegotiate(&ssl);
	mbedtls_ssl_close_notify(&ssl);
	wire_end_of(e->wire, e->index);
	mbedtls_ssl_free(&ssl);
	mbedtls_ssl_config_free(&config);
	mbedtls_x509_crt_free(&crt);
	mbedtls_pk_free(&key);
	return NULL;
}

static enum err odd_against_client(struct odd *odd)
{
	struct pair p;
	pthread_t thread;
	enum err err;

	pair_init(&p);
	odd->end = p.server;
	p.client.say = NULL;
	p.client.close = false;
	if (pthread_create(&thread, NULL, odd_server, odd))
		abort();
	end_run(&p.client);
	pthread_join(thread, NULL);
	err = p.client.opened != E_OK ? p.client.opened : p.client.read;
	pair_fini(&p);
	return err;
}

TEST(a_client_speaks_one_protocol_only)
{
	struct odd odd = odd_nothing();

	CHECK_EQ(odd_against_client(&odd), E_OK);
	odd.min = odd.max = 2;
	odd.suite = MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA;
	CHECK_EQ(odd_against_client(&odd), E_CHANNEL_HANDSHAKE);
	odd = odd_nothing();
	odd.suite = MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
	CHECK_EQ(odd_against_client(&odd), E_CHANNEL_HANDSHAKE);
	odd = odd_nothing();
	odd.ems = MBEDTLS_SSL_EXTENDED_MS_DISABLED;
	CHECK_EQ(odd_against_client(&odd), E_CHANNEL_HANDSHAKE);
	odd = odd_nothing();
	odd.curve = MBEDTLS_ECP_DP_SECP521R1;
	CHECK(odd_against_client(&odd) != E_OK);
	CHECK(odd.result != 0);
}

TEST(a_chain_of_certificates_is_refused)
{
	struct odd odd = odd_nothing();

	odd.chain = true;
	CHECK_EQ(odd_against_client(&odd), E_CHANNEL_PEER);
}

/* ---- what a hostile peer costs ---- */

/* How much an end takes from a peer that sends one record for ever. */
static size_t flood(enum channel_role role, const uint8_t *record, size_t size, enum err *err)
{
	const unsigned peer = role == CHANNEL_SERVER ? 0 : 1;
	struct pair p;
	size_t taken;

	pair_init(&p);
	const struct channel_transport t = wire_transport(&p.wire, peer);
	struct end *end = role == CHANNEL_SERVER ? &p.server : &p.client;

	for (size_t i = 0; i < 4 * CHANNEL_HANDSHAKE_MAX; i += taken)
		if (t.send(t.context, record, size, &taken) != E_OK)
			abort();
	wire_end_of(&p.wire, peer);
	*err = channel_open(&end->channel, &end->config);
	taken = p.wire.way[peer].taken;
	pair_fini(&p);
	return taken;
}

TEST(a_handshake_takes_a_bounded_number_of_bytes)
{
	/* a warning is allowed at any time, and the library does not count them */
	static const uint8_t warning[] = {21, 3, 3, 0, 2, 1, 90};
	static const uint8_t empty[] = {22, 3, 3, 0, 0};
	static uint8_t garbage[16384 + 5] = {22, 3, 3, 0x40, 0};
	enum err err;

	CHECK_EQ(flood(CHANNEL_CLIENT, warning, sizeof warning, &err), CHANNEL_HANDSHAKE_MAX);
	CHECK_EQ(err, E_LIMIT);
	for (enum channel_role role = CHANNEL_SERVER; role <= CHANNEL_CLIENT; role++) {
		CHECK(flood(role, warning, sizeof warning, &err) <= CHANNEL_HANDSHAKE_MAX);
		CHECK(err != E_OK);
		CHECK(flood(role, empty, sizeof empty, &err) <= CHANNEL_HANDSHAKE_MAX);
		CHECK(err != E_OK);
		CHECK(flood(role, garbage, sizeof garbage, &err) <= CHANNEL_HANDSHAKE_MAX);
		CHECK(err != E_OK);
	}
}

TEST(so_does_reading)
{
	struct odd odd = odd_nothing();

	odd.warnings = 10;
	CHECK_EQ(odd_against_server(&odd), E_OK);
	odd.warnings = 10000;
	CHECK_EQ(odd_against_server(&odd), E_LIMIT);
}

static atomic_size_t g_now, g_peak;

static void count_malloc(const volatile void *p, size_t size)
{
	(void)p;
	const size_t now = atomic_fetch_add(&g_now, size) + size;
	size_t peak = atomic_load(&g_peak);

	while (now > peak && !atomic_compare_exchange_weak(&g_peak, &peak, now))
		;
}

static void count_free(const volatile void *p)
{
	if (p)
		atomic_fetch_sub(&g_now,
				 __sanitizer_get_allocated_size((const void *)(uintptr_t)p));
}

static void count_start(void)
{
	static bool installed;

	if (!installed && __sanitizer_install_malloc_and_free_hooks(count_malloc, count_free) == 0)
		abort();
	installed = true;
	atomic_store(&g_now, 0);
	atomic_store(&g_peak, 0);
}

/* Both ends together, each with the longest certificate that there is. */
TEST(a_channel_takes_a_bounded_amount_of_memory)
{
	const struct certificate server = g_server, client = g_client;
	struct pair p;

	g_server = fake_certificate(CERTIFICATE_QUOTE_MAX);
	g_client = fake_certificate(CERTIFICATE_QUOTE_MAX);
	pair_init(&p);
	pair_mutual(&p);
	/* the wire's own memory is there beforehand */
	for (unsigned i = 0; i < 2; i++) {
		p.wire.way[i].room = 1 << 17;
		p.wire.way[i].sent = malloc(p.wire.way[i].room);
	}
	count_start();
	pair_run(&p);
	const size_t peak = atomic_load(&g_peak);

	CHECK(end_heard(&p.client, "welcome") && end_heard(&p.server, "hello"));
	printf("two ends at once: at most %zu KiB\n", peak >> 10);
	CHECK(peak <= 2 * 128 * 1024);
	pair_fini(&p);
	certificate_fini(&g_server);
	certificate_fini(&g_client);
	g_server = server;
	g_client = client;
}

/* A certificate of the server's key with `count` names of nothing in it, each of which costs the reader a
 * block of memory: as an alternative name, or as a part of the subject. */
static struct certificate names_certificate(size_t count, bool subject)
{
	static uint8_t room[65536];
	static const uint8_t san[] = {0x06, 0x03, 0x55, 0x1d, 0x11}, empty[] = {0x82, 0};
	static const uint8_t part[] = {0x31, 9, 0x30, 7, 0x06, 3, 0x55, 4, 3, 0x0c, 0};
	static const uint8_t version[] = {0xa0, 3, 2, 1, 2}, serial[] = {2, 1, 1};
	static const uint8_t algorithm[] = {0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2};
	static const uint8_t validity[] = "\x30\x1e\x17\x0d"
					  "700101000000Z\x17\x0d"
					  "490101000000Z";
	struct certificate c = g_server;
	mbedtls_x509_crt crt;
	struct der d;

	mbedtls_x509_crt_init(&crt);
	if (mbedtls_x509_crt_parse_der(&crt, g_server.der, g_server.size))
		abort();
	der_init(&d, room, sizeof room);
	der_element(&d, DER_BIT_STRING, "", 1);
	der_put(&d, algorithm, sizeof algorithm);
	const size_t contents = der_size(&d);

	for (size_t i = 0; i < (subject ? 1 : count); i++)
		der_put(&d, empty, sizeof empty);
	der_wrap(&d, DER_SEQUENCE, contents);
	der_wrap(&d, DER_OCTET_STRING, contents);
	der_put(&d, san, sizeof san);
	der_wrap(&d, DER_SEQUENCE, contents);
	der_wrap(&d, DER_SEQUENCE, contents);
	der_wrap(&d, DER_CONTEXT_3, contents);
	der_put(&d, crt.pk_raw.p, crt.pk_raw.len);
	const size_t name = der_size(&d);

	for (size_t i = 0; i < (subject ? count : 1); i++)
		der_put(&d, part, sizeof part);
	der_wrap(&d, DER_SEQUENCE, name);
	der_put(&d, validity, sizeof validity - 1);
	der_put(&d, crt.issuer_raw.p, crt.issuer_raw.len);
	der_put(&d, algorithm, sizeof algorithm);
	der_put(&d, serial, sizeof serial);
	der_put(&d, version, sizeof version);
	der_wrap(&d, DER_SEQUENCE, contents);
	der_wrap(&d, DER_SEQUENCE, 0);
	must(!d.bad && der_size(&d) < 16000);
	mbedtls_x509_crt_free(&crt);
	c.size = der_size(&d);
	c.der = malloc(c.size);
	if (!c.der)
		abort();
	memcpy(c.der, der_data(&d), c.size);
	return c;
}

TEST(a_hostile_certificate_takes_a_bounded_amount_of_memory)
{
	for (unsigned subject = 0; subject < 2; subject++) {
		struct certificate c = names_certificate(subject ? 1400 : 7800, subject);
		struct odd odd = odd_nothing();

		odd.shown = &c;
		count_start();
		/* it is one that the callback refuses, after the library has taken it apart */
		CHECK_EQ(odd_against_client(&odd), E_CERTIFICATE_KEY);
		printf("hostile certificate, both ends: at most %zu KiB\n",
		       atomic_load(&g_peak) >> 10);
		CHECK(atomic_load(&g_peak) <= 2 << 20);
		free(c.der);
	}
}

int main(void)
{
	g_server = fake_certificate(300);
	g_client = fake_certificate(200);
	RUN(both_ends_hear_each_other);
	RUN(both_ends_may_be_attested);
	RUN(single_bytes_are_enough);
	RUN(nothing_on_the_wire_can_be_read);
	RUN(a_client_that_refuses_says_nothing);
	RUN(a_server_that_refuses_says_nothing);
	RUN(a_client_without_a_certificate_is_refused_where_one_is_asked_for);
	RUN(a_certificate_without_its_key_is_refused);
	RUN(another_enclave_than_the_expected_one_is_told_apart);
	RUN(a_stream_that_is_cut_is_no_end);
	RUN(what_is_closed_takes_no_more);
	RUN(configurations_that_make_no_sense_are_refused);
	RUN(large_data_pass);
	RUN(a_record_that_comes_again_is_refused);
	RUN(what_fails_below_ends_the_handshake);
	RUN(errors_of_the_transport_come_back_as_they_are);
	RUN(a_server_speaks_one_protocol_only);
	RUN(a_client_without_extended_master_secret_is_refused);
	RUN(renegotiation_is_refused);
	RUN(a_client_without_secure_renegotiation_is_refused);
	RUN(a_client_speaks_one_protocol_only);
	RUN(a_chain_of_certificates_is_refused);
	RUN(a_handshake_takes_a_bounded_number_of_bytes);
	RUN(so_does_reading);
	RUN(cut_before_any_byte_it_is_no_end);
	RUN(changed_in_any_byte_nothing_false_is_heard);
	RUN(a_channel_takes_a_bounded_amount_of_memory);
	RUN(a_hostile_certificate_takes_a_bounded_amount_of_memory);
	certificate_fini(&g_server);
	certificate_fini(&g_client);
	return check_report();
}
