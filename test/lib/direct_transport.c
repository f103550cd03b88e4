/*
 * The stubs' transport over a private slot per thread.
 * Trust: test code; it copies as the enclave's transport does.
 */
#include "test/lib/direct_transport.h"

#include <string.h>

#include "hostcall/hostcall.h"

static struct host_service *g_service;
static _Thread_local uint32_t g_seq;
static _Thread_local ALIGNED(4096) uint8_t g_slot[SHARED_SLOT_SIZE];

void direct_transport_use(struct host_service *s)
{
	g_service = s;
}

uint32_t hostcall_next_seq(void)
{
	return ++g_seq;
}

enum err hostcall_transport(const struct call_request *request, const struct hostcall_in *in,
			    struct call_reply *reply, void *out)
{
	uint8_t *data = g_slot + SHARED_SLOT_DATA_OFF;

	memcpy(g_slot + SLOT_REQUEST_OFF, request, sizeof *request);
	for (size_t i = 0, at = 0; i < COUNT_OF(in->part); at += in->size[i++])
		if (in->size[i] != 0)
			memcpy(data + at, in->part[i], in->size[i]);
	service_call(g_service, 0, g_slot);
	memcpy(reply, g_slot + SLOT_REPLY_OFF, sizeof *reply);
	if (reply->out_size > request->out_max)
		return E_HOST;
	if (reply->out_size != 0)
		memcpy(out, data, reply->out_size);
	return E_OK;
}
