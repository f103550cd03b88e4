/*
 * Carries host calls over the thread's slot: request and input out, leave, reply and output in.
 * Trust: the reply is the host's; it is copied once and only its output size is used here, after a
 * check. Everything else is checked by hostcall/hostcall.c on the copy.
 */
#include "hostcall/hostcall.h"

#include <string.h>

#include "enclave/panic.h"
#include "enclave/shared.h"
#include "enclave/thread.h"

#define WORD ((size_t)8)

void hostcall_exit(void); /* entry.S */

static struct uref slot_at(uint64_t off)
{
	return (struct uref){shared_slot().off + off};
}

/* The two parts of input one behind the other: host memory is written by aligned words only, so the
 * word that holds the seam is put together here. */
static enum err write_input(const struct hostcall_in *in)
{
	size_t whole = in->size[0] / WORD * WORD;
	size_t tail = in->size[0] - whole;
	size_t head = tail == 0 ? 0 : WORD - tail;
	uint8_t seam[8] = {0};
	enum err err = shared_write(slot_at(SHARED_SLOT_DATA_OFF), in->part[0], whole);

	if (err != E_OK)
		return err;
	if (head > in->size[1])
		head = in->size[1];
	if (tail != 0) {
		memcpy(seam, (const uint8_t *)in->part[0] + whole, tail);
		if (head != 0)
			memcpy(seam + tail, in->part[1], head);
		err = shared_write(slot_at(SHARED_SLOT_DATA_OFF + whole), seam, WORD);
		if (err != E_OK)
			return err;
		whole += WORD;
	}
	if (in->size[1] == head)
		return E_OK;
	return shared_write(slot_at(SHARED_SLOT_DATA_OFF + whole),
			    (const uint8_t *)in->part[1] + head, in->size[1] - head);
}

enum err hostcall_transport(const struct call_request *request, const struct hostcall_in *in,
			    struct call_reply *reply, void *out)
{
	enum err err = E_OK;

	must(request->in_size <= SHARED_SLOT_DATA_SIZE &&
	     request->out_max <= SHARED_SLOT_DATA_SIZE);
	must(!in || in->size[0] + in->size[1] == request->in_size);
	if (in)
		err = write_input(in);
	if (err == E_OK)
		err = shared_write(slot_at(SLOT_REQUEST_OFF), request, sizeof(*request));
	if (err != E_OK)
		return err;
	hostcall_exit();
	if (enclave_is_dead())
		enclave_die();
	err = shared_read(reply, slot_at(SLOT_REPLY_OFF), sizeof(*reply));
	if (err != E_OK)
		return err;
	if (reply->error != HOST_SUCCESS || reply->out_size == 0)
		return E_OK;
	if (reply->out_size > request->out_max)
		return E_HOST;
	return shared_read(out, slot_at(SHARED_SLOT_DATA_OFF), reply->out_size);
}

uint32_t hostcall_next_seq(void)
{
	return ++thread_self()->call_seq;
}
