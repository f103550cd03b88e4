/*
 * AESM's messages, by protobuf-c, and the provider that asks for quotes with them. The flow is that
 * of Intel's quoting library: which attestation keys there are; one is made ready, which tells the
 * target of reports; the size of a quote; the quote.
 * Trust: the service's replies are untrusted bytes; a size in them is believed when it agrees with
 * the bytes and is below its limit.
 * Invariant: what a reply makes us allocate is bounded (REPLY_MEMORY_MAX).
 */
#include "host/quoting/aesm.h"

#include <host/quoting/aesm.pb-c.h>
#include <stdlib.h>
#include <string.h>

#include "host/quoting/aesm_link.h"
#include "sgx/arch.h"

#define REPLY_MEMORY_MAX     (1u << 20)
#define ALGORITHM_ECDSA_P256 2u
#define KEY_ID_ALGORITHM_OFF 154 /* in a key id: behind id, version, signer, product, KSS fields */
#define PUBLIC_KEY_ID_SIZE   32
#define QUOTE_SIGNATURE_OFF  432 /* u32: bytes of signature data, which follow */

/* ---- words ---- */

static const struct {
	uint32_t error;
	enum host_errno told;
	const char *words;
} g_errors[] = {
	{1, HOST_IO, "an unexpected error"},
	{2, HOST_NXIO, "it finds no SGX device"},
	{3, HOST_ACCES,
	 "it refuses a parameter (is the report for its quoting enclave, made on this machine?)"},
	{12, HOST_IO,
	 "it cannot reach Intel's or the local provisioning service (PCCS) over the network"},
	{16, HOST_IO,
	 "provisioning failed: the machine has no certificate for its attestation key"},
	{17, HOST_NXIO, "the service is stopping"},
	{18, HOST_BUSY, "it is busy; try again"},
	{29, HOST_NOMEM, "the machine is out of enclave memory (EPC)"},
	{30, HOST_NOTSUP, "the service is not available"},
	{38, HOST_NOTSUP, "it does not know that kind of attestation key"},
	{42, HOST_AGAIN, "the attestation key is not ready"},
};

const char *aesm_words(uint32_t error)
{
	for (size_t i = 0; i < COUNT_OF(g_errors); i++)
		if (g_errors[i].error == error)
			return g_errors[i].words;
	return "an error that has no name";
}

enum host_errno aesm_errno(uint32_t error)
{
	for (size_t i = 0; i < COUNT_OF(g_errors); i++)
		if (g_errors[i].error == error)
			return g_errors[i].told;
	return HOST_IO;
}

/* ---- messages out ---- */

static ProtobufCBinaryData binary(const uint8_t *p, size_t size)
{
	return (ProtobufCBinaryData){.len = size, .data = (uint8_t *)(uintptr_t)p};
}

static enum err request_pack(uint8_t *out, size_t max, size_t *size, const Aesm__Request *message)
{
	const size_t n = aesm__request__get_packed_size(message);

	if (n > max)
		return E_LIMIT;
	*size = aesm__request__pack(message, out);
	return *size == n ? E_OK : E_NOMEM;
}

enum err aesm_request_encode(uint8_t *out, size_t max, size_t *size, const struct aesm_request *r)
{
	const ProtobufCBinaryData key = binary(r->key_id, sizeof r->key_id);
	Aesm__Request message = AESM__REQUEST__INIT;
	Aesm__Request__CountKeys count = AESM__REQUEST__COUNT_KEYS__INIT;
	Aesm__Request__ListKeys list = AESM__REQUEST__LIST_KEYS__INIT;
	Aesm__Request__InitQuote init = AESM__REQUEST__INIT_QUOTE__INIT;
	Aesm__Request__GetQuoteSize quote_size = AESM__REQUEST__GET_QUOTE_SIZE__INIT;
	Aesm__Request__GetQuote quote = AESM__REQUEST__GET_QUOTE__INIT;

	switch (r->kind) {
	case AESM_COUNT_KEYS:
		count.has_timeout = true;
		count.timeout = r->timeout_us;
		message.count_keys = &count;
		break;
	case AESM_LIST_KEYS:
		list.buffer_size = r->buffer_size;
		list.has_timeout = true;
		list.timeout = r->timeout_us;
		message.list_keys = &list;
		break;
	case AESM_INIT_QUOTE:
		init.key_id = key;
		init.with_public_key_id = true;
		init.has_buffer_size = true;
		init.buffer_size = PUBLIC_KEY_ID_SIZE;
		init.has_timeout = true;
		init.timeout = r->timeout_us;
		message.init_quote = &init;
		break;
	case AESM_GET_QUOTE_SIZE:
		quote_size.key_id = key;
		quote_size.has_timeout = true;
		quote_size.timeout = r->timeout_us;
		message.get_quote_size = &quote_size;
		break;
	case AESM_GET_QUOTE:
		quote.report = binary(r->report, sizeof r->report);
		quote.has_key_id = true;
		quote.key_id = key;
		quote.buffer_size = r->buffer_size;
		quote.has_timeout = true;
		quote.timeout = r->timeout_us;
		message.get_quote = &quote;
		break;
	}
	return request_pack(out, max, size, &message);
}

/* ---- messages in ---- */

/* The library's memory for one reply: it counts what was ever asked for. */
static void *budget_alloc(void *context, size_t size)
{
	size_t *left = context;

	if (size > *left)
		return NULL;
	*left -= size;
	return malloc(size);
}

static void budget_free(UNUSED void *context, void *p)
{
	free(p);
}

static bool reply_take(struct aesm_reply *out, bool has, const ProtobufCBinaryData *bytes)
{
	if (!has || bytes->len > sizeof out->data)
		return false;
	if (bytes->len != 0)
		memcpy(out->data, bytes->data, bytes->len);
	out->size = bytes->len;
	return true;
}

static enum err decode_count(struct aesm_reply *out, const Aesm__Response__CountKeys *m)
{
	out->error = m->error;
	if (m->error != 0)
		return E_OK;
	out->count = m->count;
	return m->has_count && m->count <= AESM_KEYS_MAX ? E_OK : E_MALFORMED;
}

static enum err decode_list(struct aesm_reply *out, const Aesm__Response__ListKeys *m)
{
	out->error = m->error;
	if (m->error != 0)
		return E_OK;
	if (!reply_take(out, m->has_key_ids, &m->key_ids))
		return E_MALFORMED;
	return out->size % AESM_KEY_ID_SIZE == 0 && out->size <= AESM_KEYS_MAX * AESM_KEY_ID_SIZE
		       ? E_OK
		       : E_MALFORMED;
}

static enum err decode_init(struct aesm_reply *out, const Aesm__Response__InitQuote *m)
{
	out->error = m->error;
	if (m->error != 0)
		return E_OK;
	if (!reply_take(out, m->has_target_info, &m->target_info))
		return E_MALFORMED;
	return out->size == HOST_QUOTE_TARGET_SIZE ? E_OK : E_MALFORMED;
}

static enum err decode_quote_size(struct aesm_reply *out, const Aesm__Response__GetQuoteSize *m)
{
	out->error = m->error;
	if (m->error != 0)
		return E_OK;
	out->count = m->quote_size;
	return m->has_quote_size && m->quote_size <= HOST_QUOTE_MAX ? E_OK : E_MALFORMED;
}

static enum err decode_quote(struct aesm_reply *out, const Aesm__Response__GetQuote *m)
{
	out->error = m->error;
	if (m->error != 0)
		return E_OK;
	return reply_take(out, m->has_quote, &m->quote) ? E_OK : E_MALFORMED;
}

/* The one part of the message that answers the request; there is no other. */
static enum err reply_decode(struct aesm_reply *out, enum aesm_kind kind, const Aesm__Response *m)
{
	const int parts = (m->init_quote != NULL) + (m->get_quote_size != NULL) +
			  (m->get_quote != NULL) + (m->count_keys != NULL) + (m->list_keys != NULL);

	if (parts != 1)
		return E_MALFORMED;
	if (kind == AESM_COUNT_KEYS && m->count_keys)
		return decode_count(out, m->count_keys);
	if (kind == AESM_LIST_KEYS && m->list_keys)
		return decode_list(out, m->list_keys);
	if (kind == AESM_INIT_QUOTE && m->init_quote)
		return decode_init(out, m->init_quote);
	if (kind == AESM_GET_QUOTE_SIZE && m->get_quote_size)
		return decode_quote_size(out, m->get_quote_size);
	if (kind == AESM_GET_QUOTE && m->get_quote)
		return decode_quote(out, m->get_quote);
	return E_MALFORMED;
}

enum err aesm_reply_decode(struct aesm_reply *out, enum aesm_kind kind, const uint8_t *message,
			   size_t size)
{
	size_t left = REPLY_MEMORY_MAX;
	ProtobufCAllocator budget = {budget_alloc, budget_free, &left};

	out->error = out->count = 0;
	out->size = 0;
	if (size > AESM_REPLY_MAX)
		return E_LIMIT;
	Aesm__Response *m = aesm__response__unpack(&budget, size, message);

	if (!m)
		return E_MALFORMED;
	const enum err err = reply_decode(out, kind, m);

	aesm__response__free_unpacked(m, &budget);
	return err;
}

enum err aesm_quote_trim(size_t *size, const uint8_t *quote, size_t padded)
{
	const size_t before = QUOTE_SIGNATURE_OFF + sizeof(uint32_t);

	if (padded < before)
		return E_MALFORMED;
	const uint8_t *p = quote + QUOTE_SIGNATURE_OFF;
	const uint32_t n =
		(uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;

	if (n == 0 || n > padded - before)
		return E_MALFORMED;
	*size = before + n;
	return E_OK;
}

/* ---- the provider ---- */

struct aesm_quoting {
	struct quoting quoting; /* first */
	struct aesm_link link;
	struct aesm_request request;
	struct aesm_reply reply;
	bool has_key;
	uint8_t key_id[AESM_KEY_ID_SIZE];
	uint8_t target[HOST_QUOTE_TARGET_SIZE]; /* the last one that was given out */
	uint8_t message[AESM_LINK_REPLY_MAX];
};

static const char *link_words(enum host_errno error)
{
	switch (error) {
	case HOST_TIMEDOUT:
		return "it does not answer in time";
	case HOST_INTR:
		return "the run was ended before it answered";
	case HOST_CONNRESET:
		return "it closed the connection before its answer was complete";
	case HOST_OVERFLOW:
		return "its answer is longer than any";
	case HOST_NOTSUP:
		return "nobody listens at its socket any more";
	default:
		return "the process that asks it is gone";
	}
}

/* One request; the reply is in a->reply. Errors of the service are errors here, with its words. */
static enum host_errno aesm_ask(struct aesm_quoting *a, enum aesm_kind kind, int cancel_fd)
{
	uint8_t message[AESM_REQUEST_MAX];
	size_t size = 0, reply_size = 0;

	a->request.kind = kind;
	a->request.timeout_us = (uint32_t)a->link.timeout_ms * 1000u;
	memcpy(a->request.key_id, a->key_id, sizeof a->key_id);
	if (aesm_request_encode(message, sizeof message, &size, &a->request) != E_OK)
		return quoting_fail(&a->quoting, HOST_NOMEM, "AESM: out of memory");
	const enum host_errno error = aesm_link_exchange(&a->link, message, size, a->message,
							 sizeof a->message, &reply_size, cancel_fd);

	if (error != HOST_SUCCESS)
		return quoting_fail(&a->quoting, error == HOST_OVERFLOW ? HOST_IO : error,
				    "AESM: %s", link_words(error));
	if (aesm_reply_decode(&a->reply, kind, a->message, reply_size) != E_OK)
		return quoting_fail(&a->quoting, HOST_IO,
				    "AESM: its answer is not one to what it was asked");
	if (a->reply.error != 0)
		return quoting_fail(&a->quoting, aesm_errno(a->reply.error), "AESM: %s (error %u)",
				    aesm_words(a->reply.error), a->reply.error);
	return HOST_SUCCESS;
}

/* Among the attestation keys that it has, the first of the one kind that there are certificates
 * for. */
static enum host_errno aesm_choose_key(struct aesm_quoting *a)
{
	for (size_t off = 0; off < a->reply.size; off += AESM_KEY_ID_SIZE) {
		const uint8_t *id = a->reply.data + off;
		uint32_t algorithm;

		memcpy(&algorithm, id + KEY_ID_ALGORITHM_OFF, sizeof algorithm);
		if (algorithm != ALGORITHM_ECDSA_P256)
			continue;
		memcpy(a->key_id, id, AESM_KEY_ID_SIZE);
		a->has_key = true;
		return HOST_SUCCESS;
	}
	return quoting_fail(
		&a->quoting, HOST_NOTSUP,
		"AESM: it has no ECDSA attestation key (is its DCAP plugin installed?)");
}

static enum host_errno aesm_find_key(struct aesm_quoting *a, int cancel_fd)
{
	if (a->has_key)
		return HOST_SUCCESS;
	enum host_errno error = aesm_ask(a, AESM_COUNT_KEYS, cancel_fd);

	if (error != HOST_SUCCESS)
		return error;
	a->request.buffer_size = a->reply.count * AESM_KEY_ID_SIZE;
	if (a->reply.count != 0)
		error = aesm_ask(a, AESM_LIST_KEYS, cancel_fd);
	return error == HOST_SUCCESS ? aesm_choose_key(a) : error;
}

/* Makes the attestation key ready; its target is in a->reply. */
static enum host_errno aesm_init_key(struct aesm_quoting *a, int cancel_fd)
{
	const enum host_errno error = aesm_find_key(a, cancel_fd);

	return error == HOST_SUCCESS ? aesm_ask(a, AESM_INIT_QUOTE, cancel_fd) : error;
}

static enum host_errno aesm_target(struct quoting *q, uint8_t target[HOST_QUOTE_TARGET_SIZE],
				   int cancel_fd)
{
	struct aesm_quoting *a = (struct aesm_quoting *)q;
	const enum host_errno error = aesm_init_key(a, cancel_fd);

	if (error != HOST_SUCCESS) {
		a->has_key = false; /* the service may be another one next time */
		return error;
	}
	memcpy(a->target, a->reply.data, sizeof a->target);
	memcpy(target, a->target, sizeof a->target);
	return HOST_SUCCESS;
}

/* Size, then quote, with the attestation key as it is. */
static enum host_errno aesm_try_quote(struct aesm_quoting *a, size_t max, int cancel_fd)
{
	enum host_errno error = aesm_ask(a, AESM_GET_QUOTE_SIZE, cancel_fd);

	if (error != HOST_SUCCESS)
		return error;
	if (a->reply.count > max)
		return quoting_fail(&a->quoting, HOST_OVERFLOW,
				    "AESM: its quotes are larger than %zu bytes", max);
	a->request.buffer_size = a->reply.count;
	error = aesm_ask(a, AESM_GET_QUOTE, cancel_fd);
	if (error == HOST_SUCCESS && a->reply.size > a->request.buffer_size)
		return quoting_fail(&a->quoting, HOST_IO, "AESM: the quote is larger than it said");
	return error;
}

/* The key is not ready any more: once more with a ready one, if reports for it are the same. */
static enum host_errno aesm_retry_quote(struct aesm_quoting *a, size_t max, int cancel_fd)
{
	const enum host_errno error = aesm_init_key(a, cancel_fd);

	if (error != HOST_SUCCESS)
		return error;
	if (memcmp(a->reply.data, a->target, sizeof a->target) != 0)
		return quoting_fail(&a->quoting, HOST_AGAIN,
				    "AESM: its quoting enclave has changed meanwhile");
	return aesm_try_quote(a, max, cancel_fd);
}

static enum host_errno aesm_quote(struct quoting *q, const uint8_t report[HOST_QUOTE_REPORT_SIZE],
				  uint8_t *out, size_t max, size_t *size, int cancel_fd)
{
	struct aesm_quoting *a = (struct aesm_quoting *)q;

	if (!a->has_key)
		return quoting_fail(q, HOST_AGAIN, "AESM: it was not asked for its target before");
	memcpy(a->request.report, report, sizeof a->request.report);
	enum host_errno error = aesm_try_quote(a, max, cancel_fd);

	if (error == HOST_AGAIN)
		error = aesm_retry_quote(a, max, cancel_fd);
	if (error != HOST_SUCCESS)
		return error;
	if (aesm_quote_trim(size, a->reply.data, a->reply.size) != E_OK)
		return quoting_fail(q, HOST_IO, "AESM: what it gave is not a quote");
	memcpy(out, a->reply.data, *size);
	q->why[0] = 0; /* of a first try */
	return HOST_SUCCESS;
}

static void aesm_close(struct quoting *q)
{
	struct aesm_quoting *a = (struct aesm_quoting *)q;

	aesm_link_close(&a->link);
	free(a);
}

const char *aesm_usual_socket(void)
{
	static const char *const usual[] = {"/var/run/aesmd/aesm.socket", "@sgx_aesm_socket_base"};

	for (size_t i = 0; i < COUNT_OF(usual); i++)
		if (aesm_listens(usual[i]))
			return usual[i];
	return NULL;
}

static enum err aesm_connect(struct aesm_link *link, const char *socket, int timeout_ms)
{
	if (!socket)
		socket = aesm_usual_socket();
	return socket ? aesm_link_open(link, socket, timeout_ms) : E_NOT_FOUND;
}

enum err aesm_quoting_open_timeout(struct quoting **out, const char *socket, int timeout_ms)
{
	static const struct quoting_ops ops = {
		.name = "aesm",
		.target = aesm_target,
		.quote = aesm_quote,
		.close = aesm_close,
	};
	struct aesm_quoting *a = calloc(1, sizeof *a);

	if (!a)
		return E_NOMEM;
	const enum err err = aesm_connect(&a->link, socket, timeout_ms);

	if (err != E_OK) {
		free(a);
		return err;
	}
	quoting_init(&a->quoting, &ops);
	*out = &a->quoting;
	return E_OK;
}

enum err aesm_quoting_open(struct quoting **out, const char *socket)
{
	return aesm_quoting_open_timeout(out, socket, AESM_TIMEOUT_MS);
}
