/*
 * A channel's end whose peer sends arbitrary bytes: the first says which end it is. Without the keys no
 * handshake completes, so nothing may be opened.
 */
#include <stdlib.h>
#include <string.h>

#include "channel/channel.h"

#include "test/lib/fake_certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct stream {
	const uint8_t *p;
	size_t left;
};

static enum err stream_receive(void *context, void *p, size_t max, size_t *got)
{
	struct stream *s = context;
	const size_t n = s->left < max ? s->left : max;

	memcpy(p, s->p, n);
	s->p += n;
	s->left -= n;
	*got = n;
	return E_OK;
}

static enum err stream_send(void *context, const void *p, size_t size, size_t *sent)
{
	(void)context;
	(void)p;
	*sent = size;
	return E_OK;
}

static enum err judge(void *context, const uint8_t *der, size_t size)
{
	struct certificate_evidence e;

	(void)context;
	return certificate_check(&e, der, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct certificate own;
	struct stream stream;
	struct channel *c;

	if (!own.der)
		own = fake_certificate(100);
	if (size == 0)
		return 0;
	stream = (struct stream){data + 1, size - 1};

	const struct channel_config config = {
		.role = data[0] & 1 ? CHANNEL_SERVER : CHANNEL_CLIENT,
		.transport = {&stream, stream_send, stream_receive},
		.own = &own,
		.peer = data[0] & 1 && data[0] & 2 ? NULL : judge,
		.random = fake_random(),
	};

	if (channel_open(&c, &config) == E_OK)
		abort();
	return 0;
}
