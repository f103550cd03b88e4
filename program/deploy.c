/*
 * One delivery from handshake to farewell.
 * Trust: the host gives the connection and the nonce; it may be the other end itself, and that is no
 * loss: what the evidence says is true for whoever reads it. Who delivers is not asked: the launch
 * digest, which stands in the evidence, says what is run, and program_run holds the delivery to it.
 * What is delivered is untrusted in content.
 * Invariant: nothing of a delivery goes to the host but as bytes of the channel; no byte of the
 * application is read or written before the handshake is through; what was received is wiped.
 */
#include "program/deploy.h"

#include <string.h>

#include "base/heap.h"
#include "base/mutex.h"
#include "base/park.h"
#include "base/wipe.h"
#include "channel/channel.h"
#include "channel/deploy.h"
#include "hostcall/hostcall.h"
#include "launch/launch.h"
#include "platform/platform.h"
#include "program/evidence.h"
#include "wasi/wasi.h"

#define NAMED_MAX     (DEPLOY_FILES_MAX + DEPLOY_KEYS_MAX)
#define RETRY_WAIT_NS 1000000u /* after a call that the end of other threads interrupted */

static_assert(DEPLOY_RECORD_MAX >= LAUNCH_SIZE_MAX, "every launch record can be delivered");
static_assert(PROGRAM_RESULT_MAX <= DEPLOY_END_MAX, "every outcome can be told");
static_assert(DEPLOY_KEYS_MAX <= WASI_KEYS_MAX, "every key has a place");

struct delivery {
	uint32_t connection;
	struct channel *channel;

	/* what has come */
	struct deploy_order received;
	struct deploy_message record;
	struct deploy_message module;
	struct deploy_message input;
	struct deploy_message named[NAMED_MAX]; /* what the next two point into */
	size_t named_count;
	struct wasi_given files[DEPLOY_FILES_MAX];
	size_t file_count;
	struct wasi_given keys[DEPLOY_KEYS_MAX];
	size_t key_count;

	/* while the program runs, perhaps on several threads */
	struct mutex read_lock;
	size_t input_at; /* read so far */
	struct mutex send_lock;
	struct deploy_order sent; /* and the channel itself */

	struct program_outcome outcome;
	uint8_t end[PROGRAM_RESULT_MAX];
};

/* ---- the connection ------------------------------------------------------------------------- */

/* True: the call is to be made again, after a pause; a program's end interrupts what its threads wait
 * for, and the channel cannot go on behind half a record. */
static bool connection_retry(enum host_errno error)
{
	if (error != HOST_INTR && error != HOST_AGAIN)
		return false;
	(void)park(RETRY_WAIT_NS);
	return true;
}

static enum err connection_send(void *context, const void *p, size_t size, size_t *sent)
{
	const struct delivery *d = context;
	enum host_errno error;

	do
		error = hostcall_write(d->connection, p, size, sent);
	while (connection_retry(error));
	return error == HOST_SUCCESS && *sent != 0 ? E_OK : E_CHANNEL_CUT;
}

static enum err connection_receive(void *context, void *p, size_t max, size_t *got)
{
	const struct delivery *d = context;
	enum host_errno error;

	do
		error = hostcall_recv(d->connection, 0, p, max, got);
	while (connection_retry(error));
	return error == HOST_SUCCESS ? E_OK : E_CHANNEL_CUT;
}

static enum err channel_random(void *context, void *out, size_t size)
{
	(void)context;
	return platform_random(out, size);
}

static enum err channel_quote(void *context, const uint8_t report_data[IDENTITY_REPORT_DATA_SIZE],
			      uint8_t *out, size_t max, size_t *size)
{
	(void)context;
	return program_quote(report_data, out, max, size);
}

/* The program is not known yet, so its digest is not in the claims; the launch digest holds it. */
static enum err delivery_certificate(struct certificate *out, const uint8_t nonce[32])
{
	struct certificate_request request = {
		.identity = {.nonce_size = 32},
		.random = {.get = channel_random},
		.quote = channel_quote,
	};
	const enum err err = platform_launch_digest(request.identity.launch_digest);

	if (err != E_OK)
		return err;
	memcpy(request.identity.nonce, nonce, 32);
	return certificate_create(out, &request);
}

static enum err delivery_open(struct delivery *d, const uint8_t nonce[32])
{
	struct certificate own = {0};
	const struct channel_config config = {
		.role = CHANNEL_SERVER,
		.transport = {d, connection_send, connection_receive},
		.own = &own,
		.random = {.get = channel_random},
	};
	enum err err = delivery_certificate(&own, nonce);

	if (err == E_OK)
		err = channel_open(&d->channel, &config);
	certificate_fini(&own);
	return err;
}

/* ---- what comes ----------------------------------------------------------------------------- */

static struct wasi_given given_of(const struct deploy_named *n)
{
	return (struct wasi_given){.path = {n->name, n->name_size}, .bytes = {n->p, n->size}};
}

/* Takes *m over in any case. The order of messages bounds how many there are. */
static enum err delivery_keep_named(struct delivery *d, const struct deploy_message *m)
{
	struct deploy_named named;

	must(d->named_count < NAMED_MAX);
	d->named[d->named_count++] = *m;
	const enum err err = deploy_named_decode(&named, m->type, m->body, m->size);

	if (err != E_OK)
		return err;
	if (m->type == DEPLOY_FILE)
		d->files[d->file_count++] = given_of(&named);
	else
		d->keys[d->key_count++] = given_of(&named);
	return E_OK;
}

static enum err delivery_keep(struct delivery *d, struct deploy_message *m)
{
	switch (m->type) {
	case DEPLOY_RECORD:
		d->record = *m;
		return E_OK;
	case DEPLOY_MODULE:
		d->module = *m;
		return E_OK;
	case DEPLOY_STDIN:
		d->input = *m;
		return E_OK;
	case DEPLOY_START:
		deploy_message_fini(m);
		return E_OK;
	default:
		return delivery_keep_named(d, m);
	}
}

static enum err delivery_receive(struct delivery *d)
{
	struct deploy_message m;
	enum err err = E_OK;

	deploy_order_init(&d->received, DEPLOY_TO_ENCLAVE);
	while (err == E_OK && !deploy_order_done(&d->received)) {
		err = deploy_receive(d->channel, &d->received, &m);
		if (err == E_OK)
			err = delivery_keep(d, &m);
	}
	return err;
}

/* ---- what goes ------------------------------------------------------------------------------ */

/* After an error every further one fails: the channel keeps it. */
static enum err delivery_send(struct delivery *d, uint32_t type, const void *p, size_t size)
{
	const struct deploy_part part = {p, size};

	mutex_lock(&d->send_lock);
	const enum err err = deploy_send(d->channel, &d->sent, type, &part, 1);

	mutex_unlock(&d->send_lock);
	return err;
}

static enum wasi_errno stream_read(void *context, void *buf, size_t size, size_t *done)
{
	struct delivery *d = context;

	mutex_lock(&d->read_lock);
	const size_t left = d->input.size - d->input_at;
	const size_t n = size < left ? size : left;

	if (n != 0)
		memcpy(buf, d->input.body + d->input_at, n);
	d->input_at += n;
	mutex_unlock(&d->read_lock);
	*done = n;
	return WASI_SUCCESS;
}

static enum wasi_errno stream_write(void *context, unsigned stream, const void *buf, size_t size,
				    size_t *done)
{
	const uint32_t type = stream == 1 ? DEPLOY_STDOUT : DEPLOY_STDERR;
	const size_t n = size < DEPLOY_OUTPUT_MAX ? size : DEPLOY_OUTPUT_MAX;

	if (n != 0 && delivery_send(context, type, buf, n) != E_OK)
		return WASI_PIPE;
	*done = n;
	return WASI_SUCCESS;
}

static void delivery_run(struct delivery *d)
{
	const struct wasi_streams streams = {d, stream_read, stream_write};
	const struct program_input in = {
		.launch_record = d->record.body,
		.launch_size = d->record.size,
		.module = d->module.body,
		.module_size = d->module.size,
		.delivered = true,
		.streams = &streams,
		.files = d->files,
		.file_count = d->file_count,
		.keys = d->keys,
		.key_count = d->key_count,
	};

	program_run(&in, &d->outcome);
}

/* The client has heard all when it has read to the end of the channel. */
static enum err delivery_close(struct delivery *d)
{
	const enum err err = channel_close(d->channel);

	if (err == E_OK && hostcall_shutdown(d->connection, HOST_SHUTDOWN_WRITE) != HOST_SUCCESS)
		return E_CHANNEL_CUT;
	return err;
}

static enum err delivery_tell_end(struct delivery *d)
{
	const size_t size = program_result_encode(d->end, &d->outcome);
	const enum err err = delivery_send(d, DEPLOY_END, d->end, size);

	return err == E_OK ? delivery_close(d) : err;
}

/* A connection that is closed with bytes in it is reset, and then the client may never read why. So what
 * is still on its way is taken, as much as a delivery can be, and dropped. */
static void delivery_drain(struct delivery *d)
{
	size_t got = 1;

	for (uint64_t left = 2 * DEPLOY_TOTAL_MAX; left >= sizeof(d->end) && got != 0;
	     left -= got) {
		if (connection_receive(d, d->end, sizeof(d->end), &got) != E_OK)
			return;
	}
}

/* Where there is a channel that can carry it. */
static void delivery_tell_refusal(struct delivery *d, enum err why)
{
	uint8_t code[4];
	struct writer w;

	if (!d->channel)
		return;
	writer_init(&w, code, sizeof(code));
	writer_u32(&w, why);
	if (delivery_send(d, DEPLOY_REFUSED, code, sizeof(code)) == E_OK &&
	    delivery_close(d) == E_OK)
		delivery_drain(d);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void delivery_fini(struct delivery *d)
{
	deploy_message_fini(&d->record);
	deploy_message_fini(&d->module);
	deploy_message_fini(&d->input);
	for (size_t i = 0; i < d->named_count; i++)
		deploy_message_fini(&d->named[i]);
	channel_free(d->channel);
	wipe(d, sizeof(*d));
	heap_free(d);
}

static void delivery_serve(struct delivery *d, const struct program_delivery *in,
			   struct program_outcome *out)
{
	enum err err = delivery_open(d, in->nonce);

	deploy_order_init(&d->sent, DEPLOY_TO_CLIENT);
	if (err == E_OK)
		err = delivery_receive(d);
	if (err != E_OK) {
		delivery_tell_refusal(d, err);
		out->kind = RUN_REFUSED;
		out->code = err;
		return;
	}
	delivery_run(d);
	out->kind = RUN_DELIVERED;
	out->code = delivery_tell_end(d);
}

void program_deploy(const struct program_delivery *in, struct program_outcome *out)
{
	struct delivery *d = heap_alloc(sizeof(*d));

	memset(out, 0, sizeof(*out));
	if (!d) {
		out->kind = RUN_REFUSED;
		out->code = E_NOMEM;
		return;
	}
	d->connection = in->connection;
	delivery_serve(d, in, out);
	delivery_fini(d);
}
