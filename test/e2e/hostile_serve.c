/*
 * A server that is not what it says: it takes one client of `retwine deploy`, plays the enclave itself, and signs whatever
 * quote it likes by the keys of the simulation, which everybody has. It reads what a client that believes it
 * sends, and says so: not one byte may arrive.
 * Usage: hostile_serve IMAGE MODE [CERTIFICATE]: takes the identity of that image, prints "port N", serves one client, prints "got N bytes" for each message of
 * it. CERTIFICATE, in DER, is one that was recorded earlier. Modes:
 *   honest     everything as it should be, but outside of any enclave: what the simulation is worth, and what shows
 *              that each refusal below is for its own reason
 *   debug      an enclave that its host can read
 *   measure    another enclave
 *   config     an enclave that was started for another launch digest
 *   claims     claims of another launch digest
 *   nonce      claims of another nonce
 *   data       a quote that vouches for other claims
 *   quote      the quote of CERTIFICATE, a key and claims of our own
 *   relay      CERTIFICATE itself, without its key
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel/certificate.h"
#include "channel/channel.h"
#include "channel/deploy.h"
#include "host/base/files.h"
#include "host/base/sockets.h"
#include "host/deploy/hello.h"
#include "host/device/sim.h"
#include "host/quoting/sim_quote.h"
#include "include/retwine.h"

#define LIMIT_NS 60000000000u

struct hostile {
	const char *mode;
	struct file recorded; /* a certificate */
	struct retwine_identity enclave;
	struct sim_qe qe;
	struct hello hello;
	int fd;
};

NORETURN static void die(const char *what)
{
	(void)fprintf(stderr, "hostile_serve: %s\n", what);
	exit(2);
}

static bool is_mode(const struct hostile *h, const char *mode)
{
	return strcmp(h->mode, mode) == 0;
}

/* ---- evidence ---- */

static enum err random_get(void *context, void *out, size_t size)
{
	(void)context;
	return getrandom(out, size, 0) == (ssize_t)size ? E_OK : E_CRYPTO;
}

static enum err quote_recorded(const struct hostile *h, uint8_t *out, size_t max, size_t *size)
{
	struct certificate_evidence evidence;
	const enum err err = certificate_check(&evidence, h->recorded.p, h->recorded.size);

	if (err != E_OK || evidence.quote_size > max)
		die("the recorded certificate is none");
	memcpy(out, evidence.quote, evidence.quote_size);
	*size = evidence.quote_size;
	return E_OK;
}

static enum err quote(void *context, const uint8_t report_data[IDENTITY_REPORT_DATA_SIZE],
		      uint8_t *out, size_t max, size_t *size)
{
	const struct hostile *h = context;
	struct sgx_report_body body = {
		.cpusvn = {1},
		.miscselect = h->enclave.miscselect,
		.attributes = {.flags = h->enclave.attributes | ATTRIBUTE_INIT,
			       .xfrm = h->enclave.xfrm},
		.isvprodid = h->enclave.isv_prod_id,
		.isvsvn = h->enclave.isv_svn,
	};

	if (is_mode(h, "quote"))
		return quote_recorded(h, out, max, size);
	memcpy(body.mrenclave, h->enclave.mr_enclave, sizeof(body.mrenclave));
	memcpy(body.mrsigner, h->enclave.mr_signer, sizeof(body.mrsigner));
	memcpy(body.configid, h->hello.launch_digest, sizeof(h->hello.launch_digest));
	memcpy(&body.reportdata, report_data, sizeof(body.reportdata));
	body.mrenclave[0] ^= is_mode(h, "measure");
	body.configid[0] ^= is_mode(h, "config");
	((uint8_t *)&body.reportdata)[0] ^= is_mode(h, "data");
	if (is_mode(h, "debug"))
		body.attributes.flags |= ATTRIBUTE_DEBUG;
	return sim_qe_sign(&h->qe, out, max, size, &body);
}

static void make_certificate(struct hostile *h, struct certificate *certificate)
{
	struct certificate_request request = {
		.random = {NULL, random_get},
		.quote = quote,
		.quote_context = h,
	};

	memcpy(request.identity.launch_digest, h->hello.launch_digest, HELLO_DIGEST_SIZE);
	memcpy(request.identity.nonce, h->hello.nonce, HELLO_NONCE_SIZE);
	request.identity.nonce_size = HELLO_NONCE_SIZE;
	request.identity.launch_digest[31] ^= is_mode(h, "claims");
	request.identity.nonce[31] ^= is_mode(h, "nonce");
	if (certificate_create(certificate, &request) != E_OK)
		die("no certificate");
	if (!is_mode(h, "relay"))
		return;
	free(certificate->der);
	certificate->der = h->recorded.p;
	certificate->size = h->recorded.size;
}

/* ---- the connection ---- */

static uint64_t deadline(void)
{
	return socket_now_ns() + LIMIT_NS;
}

static enum err transport_send(void *context, const void *p, size_t size, size_t *sent)
{
	const struct hostile *h = context;

	*sent = size;
	return socket_send(h->fd, p, size, deadline());
}

static enum err transport_receive(void *context, void *p, size_t max, size_t *got)
{
	const struct hostile *h = context;

	return socket_receive_some(h->fd, p, max, got, deadline());
}

static void accept_one(struct hostile *h)
{
	struct sockaddr_in at = {0};
	socklen_t size = sizeof(at);
	int listener = -1;

	if (socket_listen(&listener, "127.0.0.1:0", NULL) != RETWINE_OK ||
	    getsockname(listener, (struct sockaddr *)&at, &size) != 0 ||
	    fcntl(listener, F_SETFL, 0) != 0)
		die("cannot listen");
	printf("port %u\n", ntohs(at.sin_port));
	(void)fflush(stdout);
	h->fd = accept(listener, NULL, NULL);
	if (h->fd < 0)
		die("no client");
}

static void greet(struct hostile *h)
{
	uint8_t bytes[HELLO_SIZE], answer[HELLO_ANSWER_SIZE];

	if (socket_receive(h->fd, bytes, sizeof(bytes), deadline()) != E_OK ||
	    hello_decode(&h->hello, bytes) != E_OK)
		die("no hello");
	hello_answer_encode(answer, HELLO_GO);
	if (socket_send(h->fd, answer, sizeof(answer), deadline()) != E_OK)
		die("the client is gone");
}

/* What a client that believes us gives away. */
static void read_delivery(struct channel *channel)
{
	struct deploy_order order;

	deploy_order_init(&order, DEPLOY_TO_ENCLAVE);
	while (!deploy_order_done(&order)) {
		struct deploy_message message = {0};

		if (deploy_receive(channel, &order, &message) != E_OK)
			return;
		printf("got %zu bytes\n", message.size);
		deploy_message_fini(&message);
	}
}

int main(int argc, char **argv)
{
	static struct hostile h;
	struct retwine_config *config = retwine_config_new();
	struct certificate certificate = {0};
	struct channel *channel = NULL;
	struct retwine_error error;

	if (argc < 3 || argc > 4 || !config)
		die("usage: hostile_serve IMAGE MODE [CERTIFICATE]");
	h.mode = argv[2];
	if (argc == 4 &&
	    file_read(&h.recorded, argv[3], "the certificate", 1 << 20, &error) != RETWINE_OK)
		die(error.message);
	if (retwine_config_set(config, "image", argv[1], &error) != RETWINE_OK ||
	    retwine_measure(config, &h.enclave, &error) != RETWINE_OK)
		die(error.message);
	if (sim_qe_init(&h.qe, sim_machine(), SIMULATION_CURRENT) != E_OK)
		die("no quoting enclave");
	accept_one(&h);
	greet(&h);
	make_certificate(&h, &certificate);
	const struct channel_config server = {
		.role = CHANNEL_SERVER,
		.transport = {&h, transport_send, transport_receive},
		.own = &certificate,
		.random = {NULL, random_get},
	};

	if (channel_open(&channel, &server) == E_OK)
		read_delivery(channel);
	channel_free(channel);
	return 0;
}
