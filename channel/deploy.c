/*
 * The messages of a delivery: encoding, decoding, their order, sending and receiving them whole.
 * Trust: what comes from the other side is its word, also when it is attested or the owner: types,
 * sizes and names are checked before they are used.
 * Invariant: no memory is taken for a message beyond a constant and four times what has come of it.
 */
#include "channel/deploy.h"

#include <string.h>

#include "base/checked.h"
#include "base/heap.h"
#include "base/reader.h"
#include "base/wipe.h"
#include "base/writer.h"
#include "channel/channel.h"

#define FIRST_PIECE ((size_t)256 << 10) /* of a body; four times as much when that is full */

void deploy_header_encode(uint8_t out[DEPLOY_HEADER_SIZE], struct deploy_header header)
{
	struct writer w;

	writer_init(&w, out, DEPLOY_HEADER_SIZE);
	writer_u32(&w, header.type);
	writer_u64(&w, header.size);
	must(writer_ok(&w));
}

struct deploy_header deploy_header_decode(const uint8_t bytes[DEPLOY_HEADER_SIZE])
{
	struct reader r;
	struct deploy_header header;

	reader_init(&r, bytes, DEPLOY_HEADER_SIZE);
	header.type = reader_u32(&r);
	header.size = reader_u64(&r);
	must(reader_done(&r));
	return header;
}

/* ---- the order ------------------------------------------------------------------------------ */

struct type_rule {
	uint64_t min;
	uint64_t max;
	enum deploy_direction direction;
	uint32_t after; /* STAGE of those that it may follow; none: the type is not known */
	uint32_t stage; /* that it brings */
};

/* A stage is named by the type that brings it; 0 is the start. */
#define STAGE(stage) (1u << (stage))
#define TO_ENCLAVE(min, max, after, stage)                                                         \
	{                                                                                          \
		min, max, DEPLOY_TO_ENCLAVE, STAGE(after), stage                                   \
	}
#define TO_CLIENT(min, max, after, stage)                                                          \
	{                                                                                          \
		min, max, DEPLOY_TO_CLIENT, after, stage                                           \
	}
#define ANY_OUTPUT (STAGE(0) | STAGE(DEPLOY_STDOUT))

static const struct type_rule g_rules[] = {
	[DEPLOY_RECORD] = TO_ENCLAVE(1, DEPLOY_RECORD_MAX, 0, DEPLOY_RECORD),
	[DEPLOY_MODULE] = TO_ENCLAVE(1, DEPLOY_TOTAL_MAX, DEPLOY_RECORD, DEPLOY_MODULE),
	[DEPLOY_FILE] =
		TO_ENCLAVE(DEPLOY_NAMED_SIZE + 2, DEPLOY_TOTAL_MAX, DEPLOY_MODULE, DEPLOY_MODULE),
	[DEPLOY_KEY] = TO_ENCLAVE(DEPLOY_NAMED_SIZE + 1,
				  DEPLOY_NAMED_SIZE + DEPLOY_NAME_MAX + DEPLOY_KEY_MAX,
				  DEPLOY_MODULE, DEPLOY_MODULE),
	[DEPLOY_STDIN] = TO_ENCLAVE(0, DEPLOY_TOTAL_MAX, DEPLOY_MODULE, DEPLOY_MODULE),
	[DEPLOY_START] = TO_ENCLAVE(0, 0, DEPLOY_MODULE, DEPLOY_START),
	[DEPLOY_STDOUT] = TO_CLIENT(1, DEPLOY_OUTPUT_MAX, ANY_OUTPUT, DEPLOY_STDOUT),
	[DEPLOY_STDERR] = TO_CLIENT(1, DEPLOY_OUTPUT_MAX, ANY_OUTPUT, DEPLOY_STDOUT),
	[DEPLOY_END] = TO_CLIENT(1, DEPLOY_END_MAX, ANY_OUTPUT, DEPLOY_END),
	[DEPLOY_REFUSED] = TO_CLIENT(4, 4, STAGE(0), DEPLOY_REFUSED),
};

void deploy_order_init(struct deploy_order *order, enum deploy_direction direction)
{
	*order = (struct deploy_order){.direction = direction};
}

/* Standard input comes once; of others there may be so many. */
static enum err count_message(struct deploy_order *order, struct deploy_header header)
{
	if (header.type == DEPLOY_STDIN && order->stdin_seen)
		return E_DEPLOY_ORDER;
	order->stdin_seen |= header.type == DEPLOY_STDIN;
	order->file_count += header.type == DEPLOY_FILE;
	order->key_count += header.type == DEPLOY_KEY;
	if (order->file_count > DEPLOY_FILES_MAX || order->key_count > DEPLOY_KEYS_MAX)
		return E_DEPLOY_SIZE;
	return E_OK;
}

/* What the enclave has to keep until the end. Output passes through. */
static enum err count_bytes(struct deploy_order *order, struct deploy_header header)
{
	if (order->direction != DEPLOY_TO_ENCLAVE)
		return E_OK;
	if (header.size > DEPLOY_TOTAL_MAX - order->total)
		return E_DEPLOY_SIZE;
	order->total += header.size;
	return E_OK;
}

enum err deploy_order_take(struct deploy_order *order, struct deploy_header header)
{
	struct deploy_order next = *order;

	if (header.type >= COUNT_OF(g_rules))
		return E_DEPLOY_TYPE;
	const struct type_rule *rule = &g_rules[header.type];

	if (rule->after == 0 || rule->direction != order->direction)
		return E_DEPLOY_TYPE;
	if (!(rule->after & STAGE(order->stage)))
		return E_DEPLOY_ORDER;
	if (header.size < rule->min || header.size > rule->max)
		return E_DEPLOY_SIZE;
	enum err err = count_message(&next, header);

	if (err == E_OK)
		err = count_bytes(&next, header);
	if (err != E_OK)
		return err;
	next.stage = rule->stage;
	*order = next;
	return E_OK;
}

bool deploy_order_done(const struct deploy_order *order)
{
	return order->stage == DEPLOY_START || order->stage == DEPLOY_END ||
	       order->stage == DEPLOY_REFUSED;
}

/* ---- bodies --------------------------------------------------------------------------------- */

static bool key_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

static enum err key_name_check(const uint8_t *name, size_t size)
{
	if (size > DEPLOY_NAME_MAX)
		return E_DEPLOY_SIZE;
	if (size == 0 || name[0] == '.')
		return E_MALFORMED;
	for (size_t i = 0; i < size; i++) {
		if (!key_byte(name[i]))
			return E_MALFORMED;
	}
	return E_OK;
}

static enum err path_check(const uint8_t *path, size_t size)
{
	if (size > DEPLOY_PATH_MAX)
		return E_DEPLOY_SIZE;
	return size > 1 && path[0] == '/' && !memchr(path, 0, size) ? E_OK : E_MALFORMED;
}

static enum err named_check(uint32_t type, const struct deploy_named *n)
{
	if (type == DEPLOY_FILE)
		return path_check(n->name, n->name_size);
	must(type == DEPLOY_KEY);
	if (n->size > DEPLOY_KEY_MAX)
		return E_DEPLOY_SIZE;
	return key_name_check(n->name, n->name_size);
}

enum err deploy_named_decode(struct deploy_named *out, uint32_t type, const uint8_t *body,
			     size_t size)
{
	struct deploy_named n;
	struct reader r;

	reader_init(&r, body, size);
	n.name_size = reader_u32(&r);
	n.name = reader_take(&r, n.name_size);
	n.size = r.left;
	n.p = reader_take(&r, n.size);
	if (!reader_done(&r))
		return E_MALFORMED;
	enum err err = named_check(type, &n);

	if (err == E_OK)
		*out = n;
	return err;
}

enum err deploy_refused_decode(enum err *why, const struct deploy_message *message)
{
	struct reader r;

	reader_init(&r, message->body, message->size);
	const uint32_t code = reader_u32(&r);

	if (message->type != DEPLOY_REFUSED || !reader_done(&r) || code == E_OK || code >= E_COUNT)
		return E_MALFORMED;
	*why = (enum err)code;
	return E_OK;
}

/* ---- sending -------------------------------------------------------------------------------- */

/* A message that is short goes in one piece, so in one record. */
#define SHORT_MAX ((size_t)2048)

static bool parts_size(size_t *out, const struct deploy_part *parts, size_t count)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++) {
		if (!checked_add(&size, size, parts[i].size))
			return false;
	}
	*out = size;
	return true;
}

static enum err send_short(struct channel *channel, const uint8_t header[DEPLOY_HEADER_SIZE],
			   const struct deploy_part *parts, size_t count)
{
	uint8_t bytes[DEPLOY_HEADER_SIZE + SHORT_MAX];
	struct writer w;

	writer_init(&w, bytes, sizeof(bytes));
	writer_bytes(&w, header, DEPLOY_HEADER_SIZE);
	for (size_t i = 0; i < count; i++)
		writer_bytes(&w, parts[i].p, parts[i].size);
	must(writer_ok(&w));
	const enum err err = channel_write(channel, bytes, w.len);

	wipe(bytes, sizeof(bytes));
	return err;
}

static enum err send_long(struct channel *channel, const uint8_t header[DEPLOY_HEADER_SIZE],
			  const struct deploy_part *parts, size_t count)
{
	enum err err = channel_write(channel, header, DEPLOY_HEADER_SIZE);

	for (size_t i = 0; i < count && err == E_OK; i++) {
		if (parts[i].size != 0)
			err = channel_write(channel, parts[i].p, parts[i].size);
	}
	return err;
}

enum err deploy_send(struct channel *channel, struct deploy_order *order, uint32_t type,
		     const struct deploy_part *parts, size_t count)
{
	uint8_t header[DEPLOY_HEADER_SIZE];
	size_t size;

	if (!parts_size(&size, parts, count))
		return E_DEPLOY_SIZE;
	const enum err err = deploy_order_take(order, (struct deploy_header){type, size});

	if (err != E_OK)
		return err;
	deploy_header_encode(header, (struct deploy_header){type, size});
	return size <= SHORT_MAX ? send_short(channel, header, parts, count)
				 : send_long(channel, header, parts, count);
}

enum err deploy_send_named(struct channel *channel, struct deploy_order *order, uint32_t type,
			   const struct deploy_named *named)
{
	uint8_t prefix[DEPLOY_NAMED_SIZE];
	struct writer w;
	const enum err err = named_check(type, named);

	if (err != E_OK)
		return err;
	writer_init(&w, prefix, sizeof(prefix));
	writer_u32(&w, (uint32_t)named->name_size); /* named_check bounds it */
	const struct deploy_part parts[] = {
		{prefix, sizeof(prefix)}, {named->name, named->name_size}, {named->p, named->size}};

	return deploy_send(channel, order, type, parts, COUNT_OF(parts));
}

/* ---- receiving ------------------------------------------------------------------------------ */

static enum err read_whole(struct channel *channel, uint8_t *p, size_t size)
{
	size_t got = 0;

	for (size_t at = 0; at < size; at += got) {
		const enum err err = channel_read(channel, p + at, size - at, &got);

		if (err != E_OK)
			return err;
		if (got == 0)
			return E_TRUNCATED;
	}
	return E_OK;
}

/* A body on its way. */
struct body {
	uint32_t type;
	uint8_t *p;
	size_t room;
};

/* A module is large, and no secret that an enclave would have to keep from itself. */
static void body_free(uint32_t type, uint8_t *p, size_t size)
{
	if (p && type != DEPLOY_MODULE)
		wipe(p, size);
	heap_free(p);
}

/* Makes room for more of `size` bytes, the first `have` of which are there; wipes what it leaves. */
static enum err body_grow(struct body *b, size_t have, size_t size)
{
	size_t room = have == 0 ? FIRST_PIECE : 4 * have; /* have is below DEPLOY_TOTAL_MAX */

	if (room > size)
		room = size;
	uint8_t *grown = heap_alloc(room);

	if (!grown)
		return E_NOMEM;
	if (have != 0)
		memcpy(grown, b->p, have);
	body_free(b->type, b->p, b->room);
	b->p = grown;
	b->room = room;
	return E_OK;
}

static enum err body_receive(struct channel *channel, struct body *b, size_t size)
{
	size_t have = 0;

	do {
		enum err err = body_grow(b, have, size);

		if (err == E_OK)
			err = read_whole(channel, b->p + have, b->room - have);
		if (err != E_OK)
			return err;
		have = b->room;
	} while (have < size);
	return E_OK;
}

enum err deploy_receive(struct channel *channel, struct deploy_order *order,
			struct deploy_message *out)
{
	uint8_t bytes[DEPLOY_HEADER_SIZE];
	enum err err = read_whole(channel, bytes, sizeof(bytes));

	if (err != E_OK)
		return err;
	const struct deploy_header header = deploy_header_decode(bytes);

	err = deploy_order_take(order, header);
	if (err != E_OK)
		return err;
	struct body body = {.type = header.type};

	err = body_receive(channel, &body, header.size);
	if (err != E_OK) {
		body_free(body.type, body.p, body.room);
		return err;
	}
	*out = (struct deploy_message){header.type, body.p, header.size};
	return E_OK;
}

void deploy_message_fini(struct deploy_message *message)
{
	body_free(message->type, message->body, message->size);
	*message = (struct deploy_message){0};
}
