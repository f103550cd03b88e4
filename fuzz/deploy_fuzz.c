/*
 * What comes over a channel in a delivery, in either direction, from a peer that sends what it likes. The
 * first byte: bit 0 the direction, the others how many bytes a read gives. A message that is received
 * is inside its limits, what is in it is inside the message, and memory is taken only for what came.
 */
#include "channel/deploy.h"

#include <string.h>

#include "base/reader.h"
#include "channel/channel.h"
#include "host/run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct reader g_input;
static size_t g_come, g_step;

enum err channel_read(struct channel *channel, void *p, size_t max, size_t *got)
{
	size_t n = g_input.left < g_step ? g_input.left : g_step;

	(void)channel;
	must(max <= ((size_t)256 << 10) || max <= 3 * g_come);
	if (n > max)
		n = max;
	reader_bytes(&g_input, p, n);
	g_come += n;
	*got = n;
	return E_OK;
}

enum err channel_write(struct channel *channel, const void *p, size_t size)
{
	(void)channel;
	(void)p;
	(void)size;
	return E_OK;
}

static void look_at_named(const struct deploy_message *m)
{
	struct deploy_named n;

	if (deploy_named_decode(&n, m->type, m->body, m->size) != E_OK)
		return;
	must(n.name_size >= 1 && n.name_size <= DEPLOY_PATH_MAX);
	must(n.name == m->body + DEPLOY_NAMED_SIZE && n.p == n.name + n.name_size);
	must(n.p + n.size == m->body + m->size);
	must(!memchr(n.name, 0, n.name_size));
	must((n.name[0] == '/') == (m->type == DEPLOY_FILE));
}

/* It can be walked through, whatever it says. */
static void look_at_end(const struct deploy_message *m)
{
	struct host_run_result r = {0};

	if (host_run_result_decode(&r, m->body, m->size) == E_OK) {
		must(r.end.kind >= RUN_EXITED && r.end.kind < RUN_KIND_END);
		for (uint32_t i = 0; i < r.end.frame_count; i++)
			must(r.frames[i].name_size == 0 ||
			     strlen(r.frame_names[i]) <= RUN_NAME_MAX);
		for (uint32_t i = 0; i < r.end.text_size; i++)
			must(r.text[i] <= UINT8_MAX);
	}
	host_run_result_fini(&r);
}

static void look_at(const struct deploy_message *m)
{
	enum err why = E_OK;

	if (m->type == DEPLOY_FILE || m->type == DEPLOY_KEY)
		look_at_named(m);
	if (m->type == DEPLOY_END)
		look_at_end(m);
	if (deploy_refused_decode(&why, m) == E_OK)
		must(m->type == DEPLOY_REFUSED && why > E_OK && why < E_COUNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct deploy_order order;
	struct deploy_message m;
	uint64_t total = 0;
	bool going = true;

	reader_init(&g_input, data, size);
	const uint8_t how = reader_u8(&g_input);

	g_come = 0;
	g_step = 1 + (size_t)(how >> 1) * 41;
	deploy_order_init(&order, how & 1 ? DEPLOY_TO_CLIENT : DEPLOY_TO_ENCLAVE);
	while (going && !deploy_order_done(&order)) {
		going = deploy_receive(NULL, &order, &m) == E_OK;
		if (!going)
			continue;
		total += m.size;
		must((m.type < DEPLOY_STDOUT) == !(how & 1) && total <= size);
		look_at(&m);
		deploy_message_fini(&m);
	}
	return 0;
}
