/*
 * The stubs' transport over a private slot per thread.
 * Trust: test code; it copies as the enclave's transport does.
 */
#include "test/lib/direct_transport.h"

#include <string.h>

#include "hostcall/hostcall.h"

static struct host_service *g_service;
static const void *g_watched;
static size_t g_watched_size;
static _Atomic bool g_seen;
static _Atomic long g_fail_at = -1;
static enum host_errno g_fail_error;
static _Atomic uint32_t g_failed_call;
static _Thread_local uint32_t g_seq;
static _Thread_local ALIGNED(4096) uint8_t g_slot[SHARED_SLOT_SIZE];

void direct_transport_use(struct host_service *s)
{
	g_service = s;
}

void direct_transport_fail_at(long n, enum host_errno error)
{
	g_fail_error = error;
	g_failed_call = HOST_CALL_NONE;
	g_fail_at = n;
}

bool direct_transport_failed(enum host_call *call)
{
	*call = (enum host_call)g_failed_call;
	return *call != HOST_CALL_NONE;
}

/* Is it this one? */
static bool fails_now(const struct call_request *request)
{
	if (g_fail_at < 0 || g_fail_at-- != 0)
		return false;
	g_failed_call = request->call;
	return true;
}

void direct_transport_watch(const void *bytes, size_t size)
{
	g_watched = bytes;
	g_watched_size = size;
	g_seen = false;
}

bool direct_transport_seen(void)
{
	return g_seen;
}

static void look_at_slot(void)
{
	if (g_watched && memmem(g_slot, sizeof g_slot, g_watched, g_watched_size))
		g_seen = true;
}

uint32_t hostcall_next_seq(void)
{
	return ++g_seq;
}

enum err hostcall_transport(const struct call_request *request, const struct hostcall_in *in,
			    struct call_reply *reply, void *out)
{
	uint8_t *data = g_slot + SHARED_SLOT_DATA_OFF;

	if (fails_now(request)) {
		*reply = (struct call_reply){.seq = request->seq, .error = g_fail_error};
		return E_OK;
	}
	memcpy(g_slot + SLOT_REQUEST_OFF, request, sizeof *request);
	for (size_t i = 0, at = 0; i < COUNT_OF(in->part); at += in->size[i++])
		if (in->size[i] != 0)
			memcpy(data + at, in->part[i], in->size[i]);
	look_at_slot();
	service_call(g_service, 0, g_slot);
	memcpy(reply, g_slot + SLOT_REPLY_OFF, sizeof *reply);
	if (reply->out_size > request->out_max)
		return E_HOST;
	if (reply->out_size != 0)
		memcpy(out, data, reply->out_size);
	return E_OK;
}
