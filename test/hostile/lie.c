/*
 * The lies.
 * Trust: test code.
 * Invariant: LIE_MUST_DROP is returned for replies alone that doc/boundary.md forbids, and for each lie
 * of such a class; the true reply of the moment is never returned as a lie, but by SECOND_READ, whose
 * lie is told behind the first read.
 */
#include "test/hostile/lie.h"

#include <string.h>

#include "base/cc.h"

static const struct {
	const char *name;
	uint8_t value, data;
} g_calls[HOST_CALL_END] = {
#define HOST_CALL(name, number, value_rule, data_rule) [number] = {#name, value_rule, data_rule},
#include "boundary/calls.def"
#undef HOST_CALL
};

static const uint32_t g_errnos[] = {
#define HOST_ERRNO(name, number) number,
#include "boundary/errno.def"
#undef HOST_ERRNO
};

static const char *const g_classes[] = {
#define LIE_CLASS(name, text) text,
#include "test/hostile/lie.def"
#undef LIE_CLASS
};

uint32_t liar_pick(struct liar *liar, uint32_t n)
{
	liar->random = liar->random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(liar->random >> 33) % n;
}

const char *lie_class_name(enum lie_class class)
{
	return g_classes[class];
}

const char *lie_call_name(uint32_t call)
{
	return call < HOST_CALL_END ? g_calls[call].name : NULL;
}

void liar_remember(struct liar *liar, const struct call_reply *reply)
{
	memmove(liar->old[1], liar->old[0], sizeof(liar->old) - sizeof(liar->old[0]));
	memcpy(liar->old[0], reply, sizeof(*reply));
	if (liar->old_count < LIE_OLD)
		liar->old_count++;
}

/* What one lie works on. */
struct telling {
	struct liar *liar;
	const struct call_request *request;
	struct call_reply *reply;
	uint8_t *data;
	uint8_t value, out; /* the call's rules */
};

static uint32_t pick(struct telling *t, uint32_t n)
{
	return liar_pick(t->liar, n);
}

static void polls_not_ready(struct telling *t)
{
	struct host_poll p;

	for (uint32_t off = 0; off < t->request->in_size; off += (uint32_t)sizeof(p)) {
		memcpy(&p, t->data + off, sizeof(p));
		p.ready = p.error = 0;
		p.bytes = 0;
		memcpy(t->data + off, &p, sizeof(p));
	}
}

/* An error becomes the emptiest success that the rules allow. */
static void succeed(struct telling *t)
{
	struct call_reply *r = t->reply;

	if (r->error == HOST_SUCCESS)
		return;
	*r = (struct call_reply){.seq = r->seq};
	if (t->out != DATA_EXACT)
		return;
	r->out_size = t->request->out_max;
	if (t->request->call == HOST_CALL_POLL) /* the service put them there, or nobody */
		polls_not_ready(t);
	else
		memset(t->data, 0, r->out_size);
}

static void fail(struct telling *t, uint32_t error)
{
	*t->reply = (struct call_reply){.seq = t->reply->seq, .error = error};
}

static uint32_t known_error(struct telling *t)
{
	return g_errnos[1 + pick(t, COUNT_OF(g_errnos) - 1)];
}

static bool errno_listed(uint32_t error)
{
	for (size_t i = 0; i < COUNT_OF(g_errnos); i++)
		if (g_errnos[i] == error)
			return true;
	return false;
}

static uint64_t value_limit(const struct telling *t)
{
	switch ((enum value_rule)t->value) {
	case VALUE_COUNT:
		return t->request->call == HOST_CALL_POLL
			       ? t->request->in_size / sizeof(struct host_poll)
			       : t->request->in_size;
	case VALUE_HANDLE:
		return HOST_HANDLES_MAX - 1;
	case VALUE_SIGNED:
		return INT64_MAX;
	case VALUE_FLAG:
		return 1;
	default:
		return 0;
	}
}

static enum lie_effect tell_plus_one(struct telling *t)
{
	succeed(t);
	if (pick(t, 2) == 0)
		t->reply->value = value_limit(t) + 1;
	else
		t->reply->out_size = t->out == DATA_NONE ? 1 : t->request->out_max + 1;
	return LIE_MUST_DROP;
}

static bool is_stat(const struct telling *t)
{
	return t->request->call == HOST_CALL_STAT || t->request->call == HOST_CALL_STAT_AT;
}

static enum lie_effect tell_negative(struct telling *t)
{
	const uint64_t negative = 0 - (uint64_t)1 - pick(t, 1000);

	succeed(t);
	if (is_stat(t) && pick(t, 2) == 0)
		memcpy(t->data + offsetof(struct host_stat, size) + 8 * pick(t, 4), &negative, 8);
	else if (t->request->call == HOST_CALL_POLL && t->request->in_size != 0 && pick(t, 2) == 0)
		memcpy(t->data + offsetof(struct host_poll, bytes), &negative, 8);
	else if (pick(t, 2) == 0)
		t->reply->value = negative;
	else
		t->reply->out_size = (uint32_t)negative;
	return LIE_MUST_DROP;
}

static enum lie_effect tell_huge(struct telling *t)
{
	succeed(t);
	if (pick(t, 2) == 0)
		t->reply->out_size |= 1u << (19 + pick(t, 12));
	else if (t->value == VALUE_SIGNED)
		t->reply->value |= 1ull << 63;
	else
		t->reply->value |= 1ull << (32 + pick(t, 31));
	return LIE_MUST_DROP;
}

static enum lie_effect tell_errno(struct telling *t)
{
	uint32_t error = known_error(t);

	switch (pick(t, 3)) {
	case 0:
		error += 256u << pick(t, 16);
		break;
	case 1:
		error = 0u - error;
		break;
	default:
		while (errno_listed(error))
			error = pick(t, 100);
	}
	fail(t, error);
	return LIE_MUST_DROP;
}

static enum lie_effect tell_error_and_more(struct telling *t)
{
	fail(t, known_error(t));
	if (pick(t, 2) == 0)
		t->reply->value = 1;
	else
		t->reply->out_size = 1;
	return LIE_MUST_DROP;
}

static enum lie_effect tell_reserved(struct telling *t)
{
	const uint32_t bit = pick(t, 32 + 5 * 64);

	if (bit < 32)
		t->reply->reserved = 1u << bit;
	else
		t->reply->reserved2[(bit - 32) / 64] = 1ull << (bit % 64);
	return LIE_MUST_DROP;
}

/* Puts two records of a directory there, as the host may; where the second begins. */
static uint8_t *two_dirents(struct telling *t)
{
	const struct host_dirent d[2] = {{5, 1, HOST_TYPE_FILE, 3}, {6, 2, HOST_TYPE_DIR, 11}};

	succeed(t);
	memset(t->data, 0, 72);
	memcpy(t->data, &d[0], sizeof(d[0]));
	memcpy(t->data + 24, "one", 3);
	memcpy(t->data + 32, &d[1], sizeof(d[1]));
	memcpy(t->data + 56, "eleven-char", 11);
	t->reply->out_size = 72;
	return t->data + 32;
}

static void set_u32(uint8_t *record, size_t off, uint32_t v)
{
	memcpy(record + off, &v, sizeof(v));
}

#define NAME_SIZE offsetof(struct host_dirent, name_size)

static void put_map(struct telling *t, uint64_t address, uint64_t size)
{
	const struct host_map map = {address, size};

	succeed(t);
	memcpy(t->data, &map, sizeof(map));
}

/* Somewhere where the enclave, what is shared with it, or another mapping is. */
static bool map_taken(struct telling *t)
{
	const struct host_map *taken = &t->liar->taken[pick(t, LIE_TAKEN)];

	if (taken->size == 0)
		return false;
	switch (pick(t, 4)) {
	case 0:
		put_map(t, taken->address, taken->size);
		break;
	case 1:
		put_map(t, taken->address - HOST_MAP_PAGE, 2 * HOST_MAP_PAGE);
		break;
	case 2:
		put_map(t, taken->address + taken->size - HOST_MAP_PAGE, 2 * HOST_MAP_PAGE);
		break;
	default:
		put_map(t, taken->address - HOST_MAP_PAGE, taken->size + 2 * HOST_MAP_PAGE);
	}
	return true;
}

static enum lie_effect tell_outside(struct telling *t)
{
	if (t->request->call == HOST_CALL_MAP && pick(t, 4) != 0 && map_taken(t))
		return LIE_MUST_DROP;
	if (t->value == VALUE_HANDLE) {
		succeed(t);
		t->reply->value = HOST_HANDLES_MAX + pick(t, 1u << 20);
	} else if (t->request->call == HOST_CALL_READDIR && pick(t, 2) == 0) {
		uint8_t *second = two_dirents(t);

		set_u32(second, NAME_SIZE, 17 + pick(t, 200));
	} else if (t->out != DATA_NONE) {
		succeed(t);
		t->reply->out_size = SHARED_SLOT_DATA_SIZE + 1 + pick(t, 1u << 20);
	} else {
		return LIE_CANNOT;
	}
	return LIE_MUST_DROP;
}

static enum lie_effect tell_reordered(struct telling *t)
{
	struct host_poll polls[2];

	if (t->request->call == HOST_CALL_POLL && t->request->in_size >= sizeof(polls)) {
		succeed(t);
		memcpy(polls, t->data, sizeof(polls));
		if (polls[0].handle != polls[1].handle) {
			memcpy(t->data, &polls[1], sizeof(polls[1]));
			memcpy(t->data + sizeof(polls[1]), &polls[0], sizeof(polls[0]));
			return LIE_MUST_DROP;
		}
	}
	t->reply->seq += 1 + pick(t, 3);
	return LIE_MUST_DROP;
}

static enum lie_effect tell_old(struct telling *t, uint32_t first)
{
	if (t->liar->old_count <= first)
		return LIE_CANNOT;
	memcpy(t->reply, t->liar->old[first + pick(t, t->liar->old_count - first)],
	       sizeof(*t->reply));
	return LIE_MUST_DROP;
}

static void spoil_dirent(struct telling *t)
{
	uint8_t *second = two_dirents(t);

	switch (pick(t, 9)) {
	case 0:
		set_u32(second, offsetof(struct host_dirent, type), HOST_TYPE_END + pick(t, 9));
		break;
	case 1:
		set_u32(second, NAME_SIZE, 0);
		t->reply->out_size = 56;
		break;
	case 2:
		set_u32(second, NAME_SIZE, 256);
		memset(second + 24, 'a', 256);
		t->reply->out_size = 56 + 256;
		break;
	case 3:
		second[24 + pick(t, 11)] = '/';
		break;
	case 4:
		second[24 + pick(t, 11)] = 0;
		break;
	case 5:
		second[35 + pick(t, 5)] = 1;
		break;
	case 6:
		t->reply->out_size = 32 + 1 + pick(t, 39); /* cut somewhere in the second */
		break;
	case 7:
		t->reply->out_size = 73 + pick(t, 7);
		break;
	default:
		set_u32(second, NAME_SIZE, UINT32_MAX - pick(t, 32));
	}
}

static void spoil_stat(struct telling *t)
{
	struct host_stat st;

	succeed(t);
	memcpy(&st, t->data, sizeof(st));
	switch (pick(t, 6)) {
	case 0:
		st.type = HOST_TYPE_END + pick(t, 300);
		break;
	case 1:
		st.reserved = 1u << pick(t, 32);
		break;
	case 2:
		st.size |= 1ull << 63;
		break;
	case 3:
		st.atime |= 1ull << 63;
		break;
	case 4:
		st.mtime |= 1ull << 63;
		break;
	default:
		st.ctime |= 1ull << 63;
	}
	memcpy(t->data, &st, sizeof(st));
}

static uint64_t polls_ready(const uint8_t *data, uint32_t size)
{
	struct host_poll p;
	uint64_t n = 0;

	for (uint32_t off = 0; off < size; off += (uint32_t)sizeof(p)) {
		memcpy(&p, data + off, sizeof(p));
		n += p.ready != 0 || p.error != HOST_SUCCESS;
	}
	return n;
}

static enum lie_effect spoil_poll(struct telling *t)
{
	struct host_poll p;
	const uint32_t count = t->request->in_size / (uint32_t)sizeof(p);

	if (count == 0)
		return LIE_CANNOT;
	uint8_t *at = t->data + sizeof(p) * pick(t, count);

	succeed(t);
	memcpy(&p, at, sizeof(p));
	switch (pick(t, 6)) {
	case 0:
		p.handle ^= 1u << pick(t, 32);
		break;
	case 1:
		p.want ^= 1u << pick(t, 32);
		break;
	case 2:
		p.ready |= 8u << pick(t, 29);
		break;
	case 3:
		p.ready |= p.want ^ (HOST_POLL_READ | HOST_POLL_WRITE);
		if (p.want == (HOST_POLL_READ | HOST_POLL_WRITE))
			p.ready |= 8;
		break;
	case 4:
		p.error = 1 + 256 * pick(t, 9);
		break;
	default:
		p.bytes |= 1ull << 63;
	}
	memcpy(at, &p, sizeof(p));
	t->reply->value = polls_ready(t->data, t->request->in_size);
	return LIE_MUST_DROP;
}

/* Records that are right, and a number of those that are ready which is not. */
static enum lie_effect miscount_poll(struct telling *t)
{
	const uint32_t count = t->request->in_size / (uint32_t)sizeof(struct host_poll);

	if (count == 0)
		return LIE_CANNOT;
	succeed(t);
	const uint64_t ready = polls_ready(t->data, t->request->in_size);

	t->reply->value = ready == 0 ? 1 : ready - 1;
	return LIE_MUST_DROP;
}

static void spoil_map(struct telling *t)
{
	static const struct host_map wrong[] = {
		{0, 4096},
		{1u << 20, 0},
		{(1u << 20) + 8, 4096},
		{(1u << 20) + 2048, 4096},
		{1u << 20, 4096 + 8},
		{1u << 20, 2048},
		{1u << 20, HOST_MAP_MAX + 4096},
		{1u << 20, 0 - (uint64_t)4096},
		{0 - (uint64_t)4096, 4096},
		{0 - (uint64_t)4096, 8192},
		{HOST_MAP_END - 4096, 8192},
		{HOST_MAP_END, 4096},
		{(uint64_t)1 << 63, 4096},
	};
	const struct host_map *map = &wrong[pick(t, COUNT_OF(wrong))];

	put_map(t, map->address, map->size);
}

static enum lie_effect tell_record(struct telling *t)
{
	switch (t->request->call) {
	case HOST_CALL_MAP:
		spoil_map(t);
		return LIE_MUST_DROP;
	case HOST_CALL_READDIR:
		spoil_dirent(t);
		return LIE_MUST_DROP;
	case HOST_CALL_STAT:
	case HOST_CALL_STAT_AT:
		spoil_stat(t);
		return LIE_MUST_DROP;
	case HOST_CALL_POLL:
		return pick(t, 4) == 0 ? miscount_poll(t) : spoil_poll(t);
	case HOST_CALL_READLINK:
		succeed(t);
		t->reply->out_size = pick(t, 2) * (1 + pick(t, t->request->out_max));
		if (t->reply->out_size != 0)
			t->data[pick(t, t->reply->out_size)] = 0;
		return LIE_MUST_DROP;
	case HOST_CALL_QUOTE:
		succeed(t);
		t->reply->out_size = 0;
		return LIE_MUST_DROP;
	case HOST_CALL_PARK:
		succeed(t);
		t->reply->value = 1;
		return t->request->arg[0] == HOST_PARK_FOREVER ? LIE_MUST_DROP : LIE_MAY_BELIEVE;
	default:
		return LIE_CANNOT;
	}
}

static enum lie_effect tell_short(struct telling *t)
{
	if (t->out != DATA_EXACT || t->request->out_max == 0)
		return LIE_CANNOT;
	succeed(t);
	t->reply->out_size = pick(t, t->request->out_max);
	return LIE_MUST_DROP;
}

/* ---- in form ---- */

static uint64_t any_number(struct telling *t)
{
	static const uint64_t numbers[] = {0,	       1,	   4095,	  1u << 16,
					   UINT32_MAX, 1ull << 40, INT64_MAX - 1, INT64_MAX};

	return numbers[pick(t, COUNT_OF(numbers))];
}

static void any_stat(struct telling *t)
{
	const struct host_stat st = {
		.dev = pick(t, 3),
		.ino = pick(t, 5),
		.nlink = any_number(t),
		.size = any_number(t),
		.atime = any_number(t),
		.mtime = any_number(t),
		.ctime = any_number(t),
		.type = pick(t, HOST_TYPE_END),
	};

	memcpy(t->data, &st, sizeof(st));
}

static void any_dirents(struct telling *t)
{
	static const char *const names[] = {".",    "..",   "a",	"b",
					    "same", "same", "\xff\xfe", "new\nline"};
	const uint32_t count = pick(t, 6);

	t->reply->out_size = 0;
	for (uint32_t i = 0; i < count; i++) {
		const char *name = names[pick(t, COUNT_OF(names))];
		uint8_t *at = t->data + t->reply->out_size;
		const struct host_dirent d = {any_number(t), any_number(t), pick(t, HOST_TYPE_END),
					      (uint32_t)strlen(name)};

		memset(at, 0, 40);
		memcpy(at, &d, sizeof(d));
		memcpy(at + sizeof(d), name, d.name_size);
		t->reply->out_size += (uint32_t)sizeof(d) + ((d.name_size + 7) & ~7u);
	}
}

static void any_polls(struct telling *t)
{
	struct host_poll p;

	for (uint32_t off = 0; off < t->request->in_size; off += (uint32_t)sizeof(p)) {
		memcpy(&p, t->data + off, sizeof(p));
		p.ready = pick(t, 2) * (p.want | pick(t, 2) * HOST_POLL_HANGUP);
		p.error = pick(t, 4) == 0 ? known_error(t) : 0;
		p.bytes = any_number(t);
		memcpy(t->data + off, &p, sizeof(p));
	}
	t->reply->value = polls_ready(t->data, t->request->in_size);
}

static void any_bytes(struct telling *t)
{
	static const char *const targets[] = {"a", "../..", "/",	"/etc/passwd",
					      "l", "d/l",   "../tmp/t0"};
	const char *target = targets[pick(t, COUNT_OF(targets))];
	const size_t size = strlen(target);

	if (t->request->call != HOST_CALL_READLINK) {
		t->reply->out_size = pick(t, t->request->out_max + 1);
		if (t->request->call == HOST_CALL_QUOTE && t->reply->out_size == 0)
			t->reply->out_size = 1;
		memset(t->data, (int)pick(t, 256), t->reply->out_size);
		return;
	}
	t->reply->out_size = (uint32_t)(size < t->request->out_max ? size : t->request->out_max);
	memcpy(t->data, target, t->reply->out_size);
}

/* Low in the address space, where nothing is: who reads there finds no page. */
static void any_map(struct telling *t)
{
	put_map(t, HOST_MAP_PAGE * (uint64_t)(1 + pick(t, 8)),
		HOST_MAP_PAGE * (uint64_t)(1 + pick(t, 8)));
}

static enum lie_effect tell_in_form(struct telling *t)
{
	if (pick(t, 4) == 0) {
		fail(t, known_error(t));
		return LIE_MAY_BELIEVE;
	}
	succeed(t);
	if (t->value == VALUE_SIGNED)
		t->reply->value = any_number(t);
	else if (t->value == VALUE_FLAG)
		t->reply->value = t->request->arg[0] == HOST_PARK_FOREVER ? 0 : pick(t, 2);
	else if (t->value == VALUE_HANDLE) /* not a mount: closing it would end all that follows */
		t->reply->value = 8 + pick(t, HOST_HANDLES_MAX - 8);
	else if (t->value != VALUE_NONE && t->request->call != HOST_CALL_POLL)
		t->reply->value = pick(t, (uint32_t)value_limit(t) + 1);
	if (is_stat(t))
		any_stat(t);
	else if (t->request->call == HOST_CALL_READDIR)
		any_dirents(t);
	else if (t->request->call == HOST_CALL_POLL)
		any_polls(t);
	else if (t->request->call == HOST_CALL_MAP)
		any_map(t);
	else if (t->out == DATA_UP_TO)
		any_bytes(t);
	return LIE_MAY_BELIEVE;
}

/* Success, and nothing done: no byte, no record, time stands still. */
static enum lie_effect tell_nothing(struct telling *t)
{
	if (t->request->call == HOST_CALL_READLINK || t->request->call == HOST_CALL_QUOTE ||
	    t->request->call == HOST_CALL_MAP)
		return LIE_CANNOT;
	fail(t, HOST_AGAIN);
	succeed(t);
	return LIE_MAY_BELIEVE;
}

enum lie_effect lie_tell(struct liar *liar, enum lie_class class,
			 const struct call_request *request, struct call_reply *reply,
			 uint8_t *data)
{
	struct telling t = {liar,
			    request,
			    reply,
			    data,
			    g_calls[request->call].value,
			    g_calls[request->call].data};

	switch (class) {
	case LIE_PLUS_ONE:
		return tell_plus_one(&t);
	case LIE_NEGATIVE:
		return tell_negative(&t);
	case LIE_HUGE:
		return tell_huge(&t);
	case LIE_ERRNO:
		return tell_errno(&t);
	case LIE_ERROR_AND_MORE:
		return tell_error_and_more(&t);
	case LIE_RESERVED:
		return tell_reserved(&t);
	case LIE_SECOND_READ:
		return LIE_MAY_BELIEVE;
	case LIE_OUTSIDE:
		return tell_outside(&t);
	case LIE_REORDERED:
		return tell_reordered(&t);
	case LIE_REPEATED:
		return tell_old(&t, 0);
	case LIE_LATE:
		return tell_old(&t, 1);
	case LIE_RECORD:
		return tell_record(&t);
	case LIE_SHORT:
		return tell_short(&t);
	case LIE_IN_FORM:
		return tell_in_form(&t);
	case LIE_NOTHING:
		return tell_nothing(&t);
	case LIE_CLASS_END:
		break;
	}
	return LIE_CANNOT;
}
