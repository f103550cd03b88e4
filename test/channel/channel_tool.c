/*
 * A channel from the command line, over a quote that is none: what others talk to when they test their
 * end, and what is measured.
 *
 *   channel_tool certificate CERT.pem KEY.pem [QUOTE]   makes a certificate
 *   channel_tool listen CERT.pem KEY.pem [mutual]       prints its port, takes one client, echoes
 *   channel_tool connect PORT CERT.pem TEXT [CERT KEY]  a client: expects that certificate, sends, prints
 *   channel_tool measure COUNT                          times of handshakes, stack of each end
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <mbedtls/ecp.h>
#include <mbedtls/pem.h>
#include <mbedtls/pk.h>

#include "channel/channel.h"

#include "test/lib/fake_certificate.h"
#include "test/lib/file.h"
#include "test/lib/wire.h"

static NORETURN void die(const char *what)
{
	fprintf(stderr, "channel_tool: %s\n", what);
	exit(1);
}

/* ---- files ---- */

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		die(path);
}

static void write_pem(const char *path, const char *kind, const uint8_t *der, size_t size)
{
	char begin[64], end[64];
	static unsigned char text[65536];
	size_t n;

	snprintf(begin, sizeof begin, "-----BEGIN %s-----\n", kind);
	snprintf(end, sizeof end, "-----END %s-----\n", kind);
	if (mbedtls_pem_write_buffer(begin, end, der, size, text, sizeof text, &n))
		die("cannot write PEM");
	write_text(path, (const char *)text);
}

static void read_pem(uint8_t *out, size_t *size, size_t max, const char *path, const char *kind)
{
	const struct host_bytes file = file_load(path);
	char begin[64], end[64], *text = calloc(1, file.size + 1);
	mbedtls_pem_context pem;
	size_t used;

	if (!file.p || !text)
		die(path);
	memcpy(text, file.p, file.size);
	snprintf(begin, sizeof begin, "-----BEGIN %s-----", kind);
	snprintf(end, sizeof end, "-----END %s-----", kind);
	mbedtls_pem_init(&pem);
	if (mbedtls_pem_read_buffer(&pem, begin, end, (const uint8_t *)text, NULL, 0, &used) ||
	    pem.buflen > max)
		die(path);
	memcpy(out, pem.buf, pem.buflen);
	*size = pem.buflen;
	mbedtls_pem_free(&pem);
	free(text);
}

static enum err quote_of_file(void *file, const uint8_t report_data[IDENTITY_REPORT_DATA_SIZE],
			      uint8_t *out, size_t max, size_t *size)
{
	const struct host_bytes *bytes = file;

	(void)report_data;
	if (bytes->size > max)
		return E_LIMIT;
	memcpy(out, bytes->p, bytes->size);
	*size = bytes->size;
	return E_OK;
}

static enum err system_random(void *context, void *out, size_t size)
{
	(void)context;
	return getentropy(out, size) ? E_STATE : E_OK;
}

static const struct crypto_random g_random = {.get = system_random};

static int make_certificate(const char *cert, const char *key, const char *quote)
{
	struct fake_quote fake = {.size = 64};
	struct certificate_request request = fake_request(&fake);
	struct host_bytes file = {0};
	struct certificate c;
	mbedtls_pk_context pk;
	static unsigned char text[4096];

	request.random = g_random;
	if (quote) {
		file = file_load(quote);
		request.quote = quote_of_file;
		request.quote_context = &file;
	}
	if (certificate_create(&c, &request) != E_OK)
		die("no certificate");
	write_pem(cert, "CERTIFICATE", c.der, c.size);
	mbedtls_pk_init(&pk);
	if (mbedtls_pk_setup(&pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) ||
	    mbedtls_ecp_read_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(pk), c.private_key, 32) ||
	    mbedtls_ecp_mul(&mbedtls_pk_ec(pk)->grp, &mbedtls_pk_ec(pk)->Q, &mbedtls_pk_ec(pk)->d,
			    &mbedtls_pk_ec(pk)->grp.G, NULL, NULL) ||
	    mbedtls_pk_write_key_pem(&pk, text, sizeof text))
		die("no key");
	write_text(key, (const char *)text);
	mbedtls_pk_free(&pk);
	certificate_fini(&c);
	return 0;
}

/* The key's file is SEC 1: SEQUENCE, version, OCTET STRING of 32 bytes (RFC 5915). */
static struct certificate load_certificate(const char *cert, const char *key)
{
	struct certificate c = {.der = malloc(CERTIFICATE_MAX)};
	uint8_t sec1[256];
	size_t size;

	if (!c.der)
		die("memory");
	read_pem(c.der, &c.size, CERTIFICATE_MAX, cert, "CERTIFICATE");
	read_pem(sec1, &size, sizeof sec1, key, "EC PRIVATE KEY");
	if (size < 7 + 32 || sec1[5] != 4 || sec1[6] != 32)
		die(key);
	memcpy(c.private_key, sec1 + 7, 32);
	return c;
}

/* ---- sockets ---- */

static enum err socket_send(void *fd, const void *p, size_t size, size_t *sent)
{
	const ssize_t n = send(*(int *)fd, p, size, MSG_NOSIGNAL);

	if (n <= 0)
		return E_HOST;
	*sent = (size_t)n;
	return E_OK;
}

static enum err socket_receive(void *fd, void *p, size_t max, size_t *got)
{
	const ssize_t n = recv(*(int *)fd, p, max, 0);

	if (n < 0)
		return E_HOST;
	*got = (size_t)n;
	return E_OK;
}

/* Whom we expect. */
static enum err expect(void *certificate, const uint8_t *der, size_t size)
{
	const struct certificate *c = certificate;
	struct certificate_evidence e;
	const enum err err = certificate_check(&e, der, size);

	if (err != E_OK)
		return err;
	return !c || (c->size == size && memcmp(c->der, der, size) == 0) ? E_OK : E_DENIED;
}

static const char *const g_errors[] = {
#define ERR(name, words) #name,
#include "base/err.def"
#undef ERR
};

static int report(const char *what, enum err err)
{
	printf("%s: %s\n", what, g_errors[err]);
	return err != E_OK;
}

static struct sockaddr_in local(uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int echo(struct channel *c)
{
	for (;;) {
		uint8_t bytes[4096];
		size_t got;
		enum err err = channel_read(c, bytes, sizeof bytes, &got);

		if (err == E_OK && got == 0)
			err = channel_close(c);
		else if (err == E_OK)
			err = channel_write(c, bytes, got);
		if (err != E_OK || got == 0)
			return report("closed", err);
	}
}

static int serve(const char *cert, const char *key, bool mutual)
{
	struct certificate own = load_certificate(cert, key);
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd;
	struct sockaddr_in address = local(0);
	socklen_t size = sizeof address;
	struct channel *c;

	if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&address, &size))
		die("cannot listen");
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	fd = accept(listener, NULL, NULL);

	const struct channel_config config = {
		.role = CHANNEL_SERVER,
		.transport = {&fd, socket_send, socket_receive},
		.own = &own,
		.peer = mutual ? expect : NULL,
		.random = g_random,
	};
	const enum err err = channel_open(&c, &config);

	if (err != E_OK)
		return report("refused", err);
	int status = echo(c);

	channel_free(c);
	certificate_fini(&own);
	return status;
}

static int connect_to(char **argv)
{
	struct certificate expected = {.der = malloc(CERTIFICATE_MAX)}, own = {0};
	const struct sockaddr_in address = local((uint16_t)atoi(argv[0]));
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	const char *text = argv[2];
	struct channel *c;
	enum err err;

	if (!expected.der || connect(fd, (const struct sockaddr *)&address, sizeof address))
		die("cannot connect");
	read_pem(expected.der, &expected.size, CERTIFICATE_MAX, argv[1], "CERTIFICATE");
	if (argv[3])
		own = load_certificate(argv[3], argv[4]);

	const struct channel_config config = {
		.role = CHANNEL_CLIENT,
		.transport = {&fd, socket_send, socket_receive},
		.own = own.der ? &own : NULL,
		.peer = expect,
		.peer_context = &expected,
		.random = g_random,
	};

	err = channel_open(&c, &config);
	if (err != E_OK)
		return report("refused", err);
	err = channel_write(c, text, strlen(text));
	for (size_t done = 0; err == E_OK && done < strlen(text);) {
		char bytes[256];
		size_t got;

		err = channel_read(c, bytes, sizeof bytes, &got);
		if (err != E_OK || got == 0)
			break;
		fwrite(bytes, 1, got, stdout);
		done += got;
	}
	if (err == E_OK)
		err = channel_close(c);
	printf("\n");
	channel_free(c);
	certificate_fini(&own);
	certificate_fini(&expected);
	return report("closed", err);
}

/* ---- measuring ---- */

#define STACK_SIZE ((size_t)1 << 20)
#define PAINT	   0xa7

struct measured {
	struct channel_config config;
	bool create; /* makes its certificate, too */
	double seconds;
	size_t stack;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *measured_end(void *context)
{
	struct measured *m = context;
	const double start = now();
	struct channel *c;
	struct certificate own = {0};
	uint8_t bytes[8];
	size_t got;

	if (m->create) {
		own = fake_certificate(4600);
		m->config.own = &own;
	}
	if (channel_open(&c, &m->config) != E_OK)
		die("no handshake");
	m->seconds = now() - start;
	if (channel_write(c, "12345678", 8) != E_OK ||
	    channel_read(c, bytes, sizeof bytes, &got) != E_OK)
		die("no data");
	channel_free(c);
	certificate_fini(&own);
	return NULL;
}

/* Runs an end on a painted stack; pthread's own use of it (about 2 KiB and the thread's block) counts. */
static pthread_t measured_start(struct measured *m, uint8_t *stack)
{
	pthread_attr_t attributes;
	pthread_t thread;

	memset(stack, PAINT, STACK_SIZE);
	if (pthread_attr_init(&attributes) ||
	    pthread_attr_setstack(&attributes, stack, STACK_SIZE) ||
	    pthread_create(&thread, &attributes, measured_end, m))
		die("no thread");
	pthread_attr_destroy(&attributes);
	return thread;
}

static size_t measured_stack(const uint8_t *stack)
{
	size_t untouched = 0;

	while (untouched < STACK_SIZE && stack[untouched] == PAINT)
		untouched++;
	return STACK_SIZE - untouched;
}

static void measure_once(struct measured *client, struct measured *server, bool mutual)
{
	static uint8_t *stack[2];
	static struct certificate own;
	struct wire wire;
	pthread_t thread[2];

	for (unsigned i = 0; i < 2 && !stack[i]; i++)
		stack[i] = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (!own.der)
		own = fake_certificate(4600);
	wire_init(&wire);
	*client = (struct measured){.config = {.role = CHANNEL_CLIENT,
					       .transport = wire_transport(&wire, 0),
					       .own = mutual ? &own : NULL,
					       .peer = expect,
					       .random = g_random}};
	*server = (struct measured){.config = {.role = CHANNEL_SERVER,
					       .transport = wire_transport(&wire, 1),
					       .peer = mutual ? expect : NULL,
					       .random = g_random},
				    .create = true};
	thread[0] = measured_start(client, stack[0]);
	thread[1] = measured_start(server, stack[1]);
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
	client->stack = measured_stack(stack[0]);
	server->stack = measured_stack(stack[1]);
	wire_fini(&wire);
}

static int measure(unsigned count)
{
	double best = 1e9, sum = 0;
	size_t stack[2] = {0};

	for (unsigned i = 0; i < count; i++) {
		struct measured client, server;

		measure_once(&client, &server, i % 2);
		best = client.seconds < best ? client.seconds : best;
		sum += client.seconds;
		stack[0] = client.stack > stack[0] ? client.stack : stack[0];
		stack[1] = server.stack > stack[1] ? server.stack : stack[1];
	}
	printf("certificate and handshake, both ends: best %.2f ms, mean %.2f ms of %u\n",
	       best * 1e3, sum / count * 1e3, count);
	printf("stack: client %zu bytes, server %zu bytes\n", stack[0], stack[1]);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "certificate") == 0 && (argc == 4 || argc == 5))
		return make_certificate(argv[2], argv[3], argv[4]);
	if (strcmp(what, "listen") == 0 && (argc == 4 || argc == 5))
		return serve(argv[2], argv[3], argc == 5);
	if (strcmp(what, "connect") == 0 && (argc == 5 || argc == 7))
		return connect_to(argv + 2);
	if (strcmp(what, "measure") == 0 && argc == 3)
		return measure((unsigned)atoi(argv[2]));
	die("certificate CERT KEY [QUOTE] | listen CERT KEY [mutual] | connect PORT CERT TEXT "
	    "[CERT KEY] | measure COUNT");
}
