/*
 * The stubs of the host calls, and the one place where replies are checked.
 * Trust: the arguments are the enclave's, the names in them a guest's; nothing in a reply is
 * believed.
 * Invariant: a stub writes its outputs only after hostcall_exchange accepted the reply and the
 * check of the records in it passed; a reply that fails leaves no byte behind.
 */
#include "hostcall/hostcall.h"

#include <stdatomic.h>
#include <string.h>

#include "base/checked.h"
#include "base/heap.h"
#include "base/mutex.h"
#include "base/reader.h"

#define CACHE_LINE 64u

static _Atomic uint64_t g_violations, g_calls;

struct call_rule {
	uint8_t known;
	uint8_t value; /* enum value_rule */
	uint8_t data;  /* enum data_rule */
};

static const struct call_rule g_rules[HOST_CALL_END] = {
#define HOST_CALL(name, number, value_rule, data_rule) [number] = {1, value_rule, data_rule},
#include "boundary/calls.def"
#undef HOST_CALL
};

static bool errno_known(uint32_t error)
{
	switch (error) {
#define HOST_ERRNO(name, number) case number:
#include "boundary/errno.def"
#undef HOST_ERRNO
		return true;
	default:
		return false;
	}
}

/* The largest value that VALUE_COUNT allows. */
static uint64_t count_limit(const struct call_request *request)
{
	if (request->call == HOST_CALL_POLL)
		return request->in_size / sizeof(struct host_poll);
	return request->in_size;
}

static bool value_allowed(enum value_rule rule, const struct call_request *request, uint64_t value)
{
	switch (rule) {
	case VALUE_NONE:
		return value == 0;
	case VALUE_COUNT:
		return value <= count_limit(request);
	case VALUE_HANDLE:
		return value < HOST_HANDLES_MAX;
	case VALUE_SIGNED:
		return value <= INT64_MAX;
	case VALUE_FLAG:
		return value <= 1;
	}
	return false;
}

static bool data_allowed(enum data_rule rule, const struct call_request *request, uint32_t size)
{
	switch (rule) {
	case DATA_NONE:
		return size == 0;
	case DATA_UP_TO:
		return size <= request->out_max;
	case DATA_EXACT:
		return size == request->out_max;
	}
	return false;
}

static bool reserved_zero(const struct call_reply *reply)
{
	uint64_t bits = reply->reserved;

	for (size_t i = 0; i < COUNT_OF(reply->reserved2); i++)
		bits |= reply->reserved2[i];
	return bits == 0;
}

enum err hostcall_check_reply(const struct call_request *request, const struct call_reply *reply)
{
	must(request->call < HOST_CALL_END && g_rules[request->call].known);
	const struct call_rule *rule = &g_rules[request->call];

	if (reply->seq != request->seq || !reserved_zero(reply) || !errno_known(reply->error))
		return E_HOST;
	if (reply->error != HOST_SUCCESS)
		return reply->value == 0 && reply->out_size == 0 ? E_OK : E_HOST;
	if (!value_allowed((enum value_rule)rule->value, request, reply->value))
		return E_HOST;
	if (!data_allowed((enum data_rule)rule->data, request, reply->out_size))
		return E_HOST;
	return E_OK;
}

uint64_t hostcall_violations(void)
{
	return atomic_load_explicit(&g_violations, memory_order_relaxed);
}

uint64_t hostcall_count(void)
{
	return atomic_load_explicit(&g_calls, memory_order_relaxed);
}

struct exchange {
	struct call_request request;
	struct hostcall_in in;
	struct call_reply reply;
	void *out; /* out_max bytes */
};

/* The host broke the protocol: nothing of its reply stays. */
static enum host_errno exchange_drop(struct exchange *x)
{
	if (x->request.out_max != 0)
		memset(x->out, 0, x->request.out_max);
	atomic_fetch_add_explicit(&g_violations, 1, memory_order_relaxed);
	return HOST_IO;
}

static enum host_errno exchange_run(struct exchange *x)
{
	must(x->in.size[0] <= HOSTCALL_DATA_MAX);
	must(x->in.size[1] <= HOSTCALL_DATA_MAX - x->in.size[0]);
	must(x->request.out_max <= HOSTCALL_DATA_MAX);
	x->request.in_size = (uint32_t)(x->in.size[0] + x->in.size[1]);
	x->request.seq = hostcall_next_seq();
	atomic_fetch_add_explicit(&g_calls, 1, memory_order_relaxed);
	if (hostcall_transport(&x->request, &x->in, &x->reply, x->out) != E_OK)
		return exchange_drop(x);
	if (hostcall_check_reply(&x->request, &x->reply) != E_OK)
		return exchange_drop(x);
	return (enum host_errno)x->reply.error;
}

/* A call without input and output. */
static enum host_errno exchange_plain(enum host_call call, uint64_t a0, uint64_t a1, uint64_t a2,
				      uint64_t a3)
{
	struct exchange x = {.request = {.call = call, .arg = {a0, a1, a2, a3}}};

	return exchange_run(&x);
}

static size_t cut(size_t size)
{
	return size < HOSTCALL_DATA_MAX ? size : HOSTCALL_DATA_MAX;
}

static enum host_errno name_check(struct name name)
{
	if (name.size > HOST_NAME_SIZE_MAX)
		return HOST_NAMETOOLONG;
	if (name.size == 0 || memchr(name.p, '/', name.size) || memchr(name.p, 0, name.size))
		return HOST_INVAL;
	if (name.p[0] == '.' && (name.size == 1 || (name.size == 2 && name.p[1] == '.')))
		return HOST_INVAL;
	return HOST_SUCCESS;
}

/* A call whose input is one name. */
static enum host_errno exchange_name(struct exchange *x, struct name name)
{
	enum host_errno bad = name_check(name);

	if (bad != HOST_SUCCESS)
		return bad;
	x->in = (struct hostcall_in){{name.p}, {name.size}};
	return exchange_run(x);
}

/* RENAME and LINK. */
static enum host_errno exchange_two_names(enum host_call call, uint32_t dir, struct name old,
					  uint32_t new_dir, struct name new)
{
	struct exchange x = {.request = {.call = call, .arg = {dir, new_dir, old.size}}};
	enum host_errno bad = name_check(old);

	if (bad == HOST_SUCCESS)
		bad = name_check(new);
	if (bad != HOST_SUCCESS)
		return bad;
	x.in = (struct hostcall_in){{old.p, new.p}, {old.size, new.size}};
	return exchange_run(&x);
}

enum host_errno hostcall_prefault(uint64_t off, uint64_t len)
{
	return exchange_plain(HOST_CALL_PREFAULT, off, len, 0, 0);
}

enum host_errno hostcall_protect_code(uint64_t off, uint64_t len)
{
	return exchange_plain(HOST_CALL_PROTECT_CODE, off, len, 0, 0);
}

enum host_errno hostcall_restrict(uint64_t off, uint64_t len, uint64_t secinfo_permissions)
{
	return exchange_plain(HOST_CALL_RESTRICT, off, len, secinfo_permissions, 0);
}

static enum host_errno clock_ask(enum host_call call, uint32_t id, uint64_t *ns)
{
	struct exchange x = {.request = {.call = call, .arg = {id}}};
	enum host_errno error = exchange_run(&x);

	if (error == HOST_SUCCESS)
		*ns = x.reply.value;
	return error;
}

enum host_errno hostcall_clock(uint32_t id, uint64_t *ns)
{
	return clock_ask(HOST_CALL_CLOCK, id, ns);
}

enum host_errno hostcall_clock_res(uint32_t id, uint64_t *ns)
{
	return clock_ask(HOST_CALL_CLOCK_RES, id, ns);
}

enum host_errno hostcall_yield(void)
{
	return exchange_plain(HOST_CALL_YIELD, 0, 0, 0, 0);
}

/* Does the answer speak of what was asked, and say only what can be true? */
static bool poll_allowed(const struct host_poll *asked, const struct host_poll *got)
{
	return got->handle == asked->handle && got->want == asked->want &&
	       (got->ready & ~(asked->want | HOST_POLL_HANGUP)) == 0 && errno_known(got->error) &&
	       got->bytes <= INT64_MAX;
}

static bool polls_allowed(const struct host_poll *asked, const struct host_poll *got, size_t count,
			  uint64_t ready_count)
{
	uint64_t ready = 0;

	for (size_t i = 0; i < count; i++) {
		if (!poll_allowed(&asked[i], &got[i]))
			return false;
		ready += got[i].ready != 0 || got[i].error != HOST_SUCCESS;
	}
	return ready == ready_count;
}

static enum host_errno poll_into(struct host_poll *got, const struct host_poll *polls, size_t count,
				 uint64_t timeout_ns)
{
	size_t size = count * sizeof *polls;
	struct exchange x = {
		.request = {.call = HOST_CALL_POLL, .arg = {timeout_ns}, .out_max = (uint32_t)size},
		.in = {{polls}, {size}},
		.out = got,
	};
	enum host_errno error = exchange_run(&x);

	if (error == HOST_SUCCESS && !polls_allowed(polls, got, count, x.reply.value))
		return exchange_drop(&x);
	return error;
}

enum host_errno hostcall_poll(struct host_poll *polls, size_t count, uint64_t timeout_ns)
{
	if (count == 0)
		return poll_into(NULL, NULL, 0, timeout_ns);
	if (count > HOSTCALL_DATA_MAX / sizeof *polls)
		return HOST_INVAL;

	struct host_poll *got = heap_alloc_array(count, sizeof *got);

	if (!got)
		return HOST_NOMEM;
	enum host_errno error = poll_into(got, polls, count, timeout_ns);

	if (error == HOST_SUCCESS)
		memcpy(polls, got, count * sizeof *polls);
	heap_free(got);
	return error;
}

enum host_errno hostcall_open(uint32_t dir, struct name name, uint32_t flags, uint32_t *handle)
{
	struct exchange x = {.request = {.call = HOST_CALL_OPEN, .arg = {dir, flags}}};
	enum host_errno error = exchange_name(&x, name);

	if (error == HOST_SUCCESS)
		*handle = (uint32_t)x.reply.value;
	return error;
}

enum host_errno hostcall_close(uint32_t handle)
{
	return exchange_plain(HOST_CALL_CLOSE, handle, 0, 0, 0);
}

static enum host_errno read_at(enum host_call call, uint32_t handle, uint64_t off, void *buf,
			       size_t size, size_t *done)
{
	struct exchange x = {
		.request = {.call = call, .arg = {handle, off}, .out_max = (uint32_t)cut(size)},
		.out = buf,
	};
	enum host_errno error = exchange_run(&x);

	if (error == HOST_SUCCESS)
		*done = x.reply.out_size;
	return error;
}

enum host_errno hostcall_recv(uint32_t handle, uint32_t flags, void *buf, size_t size, size_t *done)
{
	return read_at(HOST_CALL_RECV, handle, flags, buf, size, done);
}

enum host_errno hostcall_accept(uint32_t listener, uint32_t flags, uint32_t *handle)
{
	struct exchange x = {.request = {.call = HOST_CALL_ACCEPT, .arg = {listener, flags}}};
	enum host_errno error = exchange_run(&x);

	if (error == HOST_SUCCESS)
		*handle = (uint32_t)x.reply.value;
	return error;
}

enum host_errno hostcall_shutdown(uint32_t handle, uint32_t how)
{
	return exchange_plain(HOST_CALL_SHUTDOWN, handle, how, 0, 0);
}

static enum host_errno write_at(enum host_call call, uint32_t handle, uint64_t off, const void *buf,
				size_t size, size_t *done)
{
	struct exchange x = {
		.request = {.call = call, .arg = {handle, off}},
		.in = {{buf}, {cut(size)}},
	};
	enum host_errno error = exchange_run(&x);

	if (error == HOST_SUCCESS)
		*done = x.reply.value;
	return error;
}

enum host_errno hostcall_read(uint32_t handle, void *buf, size_t size, size_t *done)
{
	return read_at(HOST_CALL_READ, handle, 0, buf, size, done);
}

enum host_errno hostcall_write(uint32_t handle, const void *buf, size_t size, size_t *done)
{
	return write_at(HOST_CALL_WRITE, handle, 0, buf, size, done);
}

enum host_errno hostcall_pread(uint32_t handle, void *buf, size_t size, uint64_t off, size_t *done)
{
	return read_at(HOST_CALL_PREAD, handle, off, buf, size, done);
}

enum host_errno hostcall_pwrite(uint32_t handle, const void *buf, size_t size, uint64_t off,
				size_t *done)
{
	return write_at(HOST_CALL_PWRITE, handle, off, buf, size, done);
}

static bool stat_allowed(const struct host_stat *st)
{
	return st->size <= INT64_MAX && st->atime <= INT64_MAX && st->mtime <= INT64_MAX &&
	       st->ctime <= INT64_MAX && st->type < HOST_TYPE_END && st->reserved == 0;
}

static enum host_errno stat_take(struct exchange *x, enum host_errno error,
				 const struct host_stat *got, struct host_stat *st)
{
	if (error != HOST_SUCCESS)
		return error;
	if (!stat_allowed(got))
		return exchange_drop(x);
	*st = *got;
	return HOST_SUCCESS;
}

enum host_errno hostcall_stat(uint32_t handle, struct host_stat *st)
{
	struct host_stat got;
	struct exchange x = {
		.request = {.call = HOST_CALL_STAT, .arg = {handle}, .out_max = sizeof got},
		.out = &got,
	};

	return stat_take(&x, exchange_run(&x), &got, st);
}

enum host_errno hostcall_stat_at(uint32_t dir, struct name name, struct host_stat *st)
{
	struct host_stat got;
	struct exchange x = {
		.request = {.call = HOST_CALL_STAT_AT, .arg = {dir}, .out_max = sizeof got},
		.out = &got,
	};

	return stat_take(&x, exchange_name(&x, name), &got, st);
}

enum host_errno hostcall_set_size(uint32_t handle, uint64_t size)
{
	return exchange_plain(HOST_CALL_SET_SIZE, handle, size, 0, 0);
}

enum host_errno hostcall_set_times(uint32_t handle, uint64_t atime, uint64_t mtime, uint32_t flags)
{
	return exchange_plain(HOST_CALL_SET_TIMES, handle, atime, mtime, flags);
}

enum host_errno hostcall_set_times_at(uint32_t dir, struct name name, uint64_t atime,
				      uint64_t mtime, uint32_t flags)
{
	struct exchange x = {
		.request = {.call = HOST_CALL_SET_TIMES_AT, .arg = {dir, atime, mtime, flags}},
	};

	return exchange_name(&x, name);
}

enum host_errno hostcall_sync(uint32_t handle, bool data_only)
{
	return exchange_plain(HOST_CALL_SYNC, handle, data_only, 0, 0);
}

enum host_errno hostcall_allocate(uint32_t handle, uint64_t off, uint64_t len)
{
	return exchange_plain(HOST_CALL_ALLOCATE, handle, off, len, 0);
}

enum host_errno hostcall_set_flags(uint32_t handle, uint32_t flags)
{
	return exchange_plain(HOST_CALL_SET_FLAGS, handle, flags, 0, 0);
}

static bool all_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

/* One record of READDIR: fields, name, zeros up to a multiple of 8. */
static bool dirent_allowed(struct reader *r)
{
	reader_u64(r); /* ino and next: any number */
	reader_u64(r);
	uint32_t type = reader_u32(r);
	uint32_t name_size = reader_u32(r);

	if (type >= HOST_TYPE_END || name_size == 0 || name_size > HOST_NAME_SIZE_MAX)
		return false;
	const uint8_t *name = reader_take(r, name_size);
	size_t padding = -name_size & 7u;
	const uint8_t *zeros = reader_take(r, padding);

	if (!reader_ok(r) || memchr(name, '/', name_size) || memchr(name, 0, name_size))
		return false;
	return all_zero(zeros, padding);
}

static bool dirents_allowed(const void *buf, size_t size)
{
	struct reader r;

	reader_init(&r, buf, size);
	while (r.left != 0)
		if (!dirent_allowed(&r))
			return false;
	return true;
}

enum host_errno hostcall_readdir(uint32_t dir, uint64_t cookie, void *buf, size_t size,
				 size_t *done)
{
	struct exchange x = {
		.request = {.call = HOST_CALL_READDIR,
			    .arg = {dir, cookie},
			    .out_max = (uint32_t)cut(size)},
		.out = buf,
	};

	if (size < HOSTCALL_DIRENT_MAX)
		return HOST_INVAL;
	enum host_errno error = exchange_run(&x);

	if (error != HOST_SUCCESS)
		return error;
	if (!dirents_allowed(buf, x.reply.out_size))
		return exchange_drop(&x);
	*done = x.reply.out_size;
	return HOST_SUCCESS;
}

enum host_errno hostcall_mkdir(uint32_t dir, struct name name)
{
	struct exchange x = {.request = {.call = HOST_CALL_MKDIR, .arg = {dir}}};

	return exchange_name(&x, name);
}

enum host_errno hostcall_unlink(uint32_t dir, struct name name, uint32_t kind)
{
	struct exchange x = {.request = {.call = HOST_CALL_UNLINK, .arg = {dir, kind}}};

	return exchange_name(&x, name);
}

enum host_errno hostcall_rename(uint32_t dir, struct name old, uint32_t new_dir, struct name new)
{
	return exchange_two_names(HOST_CALL_RENAME, dir, old, new_dir, new);
}

enum host_errno hostcall_link(uint32_t dir, struct name old, uint32_t new_dir, struct name new)
{
	return exchange_two_names(HOST_CALL_LINK, dir, old, new_dir, new);
}

enum host_errno hostcall_symlink(struct name target, uint32_t dir, struct name name)
{
	struct exchange x = {.request = {.call = HOST_CALL_SYMLINK, .arg = {dir, target.size}}};
	enum host_errno bad = name_check(name);

	if (bad != HOST_SUCCESS)
		return bad;
	if (target.size > HOST_LINK_MAX)
		return HOST_NAMETOOLONG;
	if (target.size == 0 || memchr(target.p, 0, target.size))
		return HOST_INVAL;
	x.in = (struct hostcall_in){{target.p, name.p}, {target.size, name.size}};
	return exchange_run(&x);
}

enum host_errno hostcall_readlink(uint32_t dir, struct name name, char *buf, size_t size,
				  size_t *done)
{
	struct exchange x = {
		.request = {.call = HOST_CALL_READLINK,
			    .arg = {dir},
			    .out_max = (uint32_t)cut(size)},
		.out = buf,
	};
	if (size == 0)
		return HOST_INVAL;
	enum host_errno error = exchange_name(&x, name);

	if (error != HOST_SUCCESS)
		return error;
	if (x.reply.out_size == 0 || memchr(buf, 0, x.reply.out_size))
		return exchange_drop(&x);
	*done = x.reply.out_size;
	return HOST_SUCCESS;
}

enum host_errno hostcall_quote_target(uint8_t out[HOST_QUOTE_TARGET_SIZE])
{
	uint8_t got[HOST_QUOTE_TARGET_SIZE];
	struct exchange x = {
		.request = {.call = HOST_CALL_QUOTE_TARGET, .out_max = sizeof got},
		.out = got,
	};
	enum host_errno error = exchange_run(&x);

	if (error == HOST_SUCCESS)
		memcpy(out, got, sizeof got);
	return error;
}

enum host_errno hostcall_quote(const uint8_t report[HOST_QUOTE_REPORT_SIZE], void *out, size_t max,
			       size_t *size)
{
	struct exchange x = {
		.request = {.call = HOST_CALL_QUOTE,
			    .out_max = (uint32_t)(max < HOST_QUOTE_MAX ? max : HOST_QUOTE_MAX)},
		.in = {{report}, {HOST_QUOTE_REPORT_SIZE}},
		.out = out,
	};
	if (max == 0)
		return HOST_INVAL;
	enum host_errno error = exchange_run(&x);

	if (error != HOST_SUCCESS)
		return error;
	if (x.reply.out_size == 0)
		return exchange_drop(&x);
	*size = x.reply.out_size;
	return HOST_SUCCESS;
}

/* All mappings. */
static struct mutex g_map_lock;
static struct host_mapping *g_maps;

static bool ranges_meet(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a < b + b_size && b < a + a_size;
}

/* Under the lock. */
static bool map_is_apart(const struct host_map *got)
{
	for (const struct host_mapping *m = g_maps; m; m = m->next)
		if (ranges_meet(got->address, got->size, m->address, m->size))
			return false;
	return true;
}

/* Whole pages, bounded, in the half of the addresses that a process has: no sum of the two wraps. */
static bool map_in_form(const struct host_map *got)
{
	return got->address != 0 && got->size != 0 && got->address % HOST_MAP_PAGE == 0 &&
	       got->size % HOST_MAP_PAGE == 0 && got->size <= HOST_MAP_MAX &&
	       range_inside(got->address, got->size, HOST_MAP_END);
}

static bool map_take(struct host_mapping *mapping, const struct host_map *got)
{
	if (!map_in_form(got) || !hostcall_outside(got->address, got->size))
		return false;
	mutex_lock(&g_map_lock);
	const bool apart = map_is_apart(got);

	if (apart) {
		*mapping = (struct host_mapping){g_maps, got->address, got->size};
		g_maps = mapping;
	}
	mutex_unlock(&g_map_lock);
	return apart;
}

enum host_errno hostcall_map(uint32_t handle, struct host_mapping *mapping)
{
	struct host_map got;
	struct exchange x = {
		.request = {.call = HOST_CALL_MAP, .arg = {handle}, .out_max = sizeof got},
		.out = &got,
	};
	enum host_errno error = exchange_run(&x);

	if (error != HOST_SUCCESS)
		return error;
	return map_take(mapping, &got) ? HOST_SUCCESS : exchange_drop(&x);
}

void hostcall_unmap(struct host_mapping *mapping)
{
	struct host_mapping **at = &g_maps;

	mutex_lock(&g_map_lock);
	while (*at && *at != mapping)
		at = &(*at)->next;
	if (*at)
		*at = mapping->next;
	mutex_unlock(&g_map_lock);
	memset(mapping, 0, sizeof *mapping);
}

enum err hostcall_map_read(void *dst, const struct host_mapping *mapping, uint64_t off, size_t size)
{
	const size_t whole = size / sizeof(uint64_t) * sizeof(uint64_t);
	uint64_t last;

	/* The last word lies within the mapping as its first byte does: whole pages. */
	if (off % sizeof last != 0 || !range_inside(off, size, mapping->size))
		return E_IO;
	if (!hostcall_copy_words(dst, mapping->address + off, whole / sizeof last))
		return E_IO;
	if (whole == size)
		return E_OK;
	if (!hostcall_copy_words(&last, mapping->address + off + whole, 1))
		return E_IO;
	memcpy((uint8_t *)dst + whole, &last, size - whole);
	return E_OK;
}

void hostcall_map_hint(const struct host_mapping *mapping, uint64_t off, size_t size)
{
	if (!range_inside(off, size, mapping->size))
		return;
	for (size_t i = 0; i < size; i += CACHE_LINE)
		prefetch((const void *)(uintptr_t)(mapping->address + off + i));
}

enum host_errno hostcall_ahead(uint32_t handle, uint64_t off, uint64_t len)
{
	return exchange_plain(HOST_CALL_AHEAD, handle, off, len, 0);
}

enum host_errno hostcall_park(uint64_t timeout_ns, bool *passed)
{
	struct exchange x = {.request = {.call = HOST_CALL_PARK, .arg = {timeout_ns}}};
	enum host_errno error = exchange_run(&x);

	if (error != HOST_SUCCESS)
		return error;
	if (x.reply.value != 0 && timeout_ns == HOST_PARK_FOREVER)
		return exchange_drop(&x);
	*passed = x.reply.value != 0;
	return HOST_SUCCESS;
}

enum host_errno hostcall_unpark(uint32_t thread)
{
	return exchange_plain(HOST_CALL_UNPARK, thread, 0, 0, 0);
}

enum host_errno hostcall_thread_start(uint32_t thread)
{
	return exchange_plain(HOST_CALL_THREAD_START, thread, 0, 0, 0);
}

enum host_errno hostcall_interrupt(bool on)
{
	return exchange_plain(HOST_CALL_INTERRUPT, on, 0, 0, 0);
}
