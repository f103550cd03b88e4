/*
 * A host in memory for the tests of wasi/: it stands in for the stubs of hostcall/ with a small
 * tree of files, checks that every question is one that may be asked, and can be told to misbehave
 * between two questions. Included by one file per program, as it defines the functions themselves.
 */
#ifndef TEST_UNIT_WASI_FAKE_H
#define TEST_UNIT_WASI_FAKE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hostcall/hostcall.h"
#include "platform/platform.h"

#define FAKE_NODES   600
#define FAKE_HANDLES 600
#define FAKE_ENTRIES 64

struct fake_entry {
	char name[HOST_NAME_SIZE_MAX + 1];
	size_t size;
	int node;
};

struct fake_node {
	uint32_t type; /* HOST_TYPE_*; UNKNOWN: free */
	uint8_t *data; /* of a file, or the target of a link */
	size_t size;
	uint64_t atime, mtime;
	struct fake_entry *entries;
	int count;
};

struct fake_handle {
	int node;   /* -1: free */
	bool below; /* of the mount: names may be asked for here */
	uint32_t flags;
	size_t pos;
};

static struct {
	struct fake_node nodes[FAKE_NODES];
	struct fake_handle handles[FAKE_HANDLES];
	uint64_t clock[4];
	uint64_t clock_step; /* added at each question */
	unsigned calls;
	unsigned writes; /* changing calls that came through */
	unsigned bad;	 /* questions that must never be asked */
	unsigned open_handles;
	void (*before)(void); /* runs before each question about names */
	enum host_errno fail; /* the next data call fails so */
	enum host_errno poll_error;
	uint32_t poll_ready;
	uint64_t poll_timeout; /* of the last poll */
	const void *dirents;   /* instead of the true ones */
	size_t dirents_size;
	size_t short_write; /* largest write that is taken, 0: all */
	bool writes_nothing;
	unsigned connections; /* that wait to be accepted */
	uint32_t recv_flags;  /* of the last recv */
	uint32_t shut;	      /* all that was shut */
	bool random_fails;
	bool writes_dirs; /* opens directories for writing, which no system does */
} g_fake;

static inline void fake_bad(const char *what)
{
	fprintf(stderr, "the host was asked: %s\n", what);
	g_fake.bad++;
}

static inline int fake_node(uint32_t type)
{
	for (int i = 0; i < FAKE_NODES; i++) {
		if (g_fake.nodes[i].type == HOST_TYPE_UNKNOWN) {
			g_fake.nodes[i].type = type;
			if (type == HOST_TYPE_DIR)
				g_fake.nodes[i].entries =
					calloc(FAKE_ENTRIES, sizeof(struct fake_entry));
			return i;
		}
	}
	abort();
}

static inline void fake_enter(int dir, const char *name, size_t size, int node)
{
	struct fake_node *d = &g_fake.nodes[dir];
	struct fake_entry *e = &d->entries[d->count++];

	if (d->count > FAKE_ENTRIES || size > HOST_NAME_SIZE_MAX)
		abort();
	memcpy(e->name, name, size);
	e->size = size;
	e->node = node;
}

static inline struct fake_entry *fake_find(int dir, const char *name, size_t size)
{
	struct fake_node *d = &g_fake.nodes[dir];

	for (int i = 0; i < d->count; i++) {
		if (d->entries[i].size == size && memcmp(d->entries[i].name, name, size) == 0)
			return &d->entries[i];
	}
	return NULL;
}

static inline void fake_remove(int dir, struct fake_entry *e)
{
	struct fake_node *d = &g_fake.nodes[dir];

	*e = d->entries[--d->count];
}

static inline int fake_dir(int dir, const char *name)
{
	const int n = fake_node(HOST_TYPE_DIR);

	fake_enter(dir, name, strlen(name), n);
	return n;
}

static inline int fake_data(int dir, const char *name, uint32_t type, const char *data)
{
	const int n = fake_node(type);

	g_fake.nodes[n].data = (uint8_t *)strdup(data);
	g_fake.nodes[n].size = strlen(data);
	fake_enter(dir, name, strlen(name), n);
	return n;
}

static inline int fake_file(int dir, const char *name, const char *data)
{
	return fake_data(dir, name, HOST_TYPE_FILE, data);
}

static inline int fake_link(int dir, const char *name, const char *target)
{
	return fake_data(dir, name, HOST_TYPE_LINK, target);
}

static inline uint32_t fake_handle(int node, bool below, uint32_t flags)
{
	for (uint32_t i = 0; i < FAKE_HANDLES; i++) {
		if (g_fake.handles[i].node < 0) {
			g_fake.handles[i] = (struct fake_handle){node, below, flags, 0};
			g_fake.open_handles++;
			return i;
		}
	}
	abort();
}

/* Streams 0..2 and a mount at handle 3; returns the mount's directory. */
static inline int fake_init(void)
{
	memset(&g_fake, 0, sizeof(g_fake));
	for (int i = 0; i < FAKE_HANDLES; i++)
		g_fake.handles[i].node = -1;
	for (int i = 0; i < 3; i++) {
		const int n = fake_node(HOST_TYPE_CHAR);

		fake_handle(n, false, HOST_OPEN_READ | HOST_OPEN_WRITE);
	}
	const int root = fake_node(HOST_TYPE_DIR);

	fake_handle(root, true, HOST_OPEN_READ);
	g_fake.clock[0] = 1000000;
	g_fake.clock[1] = 5000;
	return root;
}

static inline void fake_fini(void)
{
	for (int i = 0; i < FAKE_NODES; i++) {
		free(g_fake.nodes[i].data);
		free(g_fake.nodes[i].entries);
	}
}

/* Is it one component that may go out? */
static inline void fake_check_name(struct name n)
{
	if (n.size == 0 || n.size > HOST_NAME_SIZE_MAX || memchr(n.p, '/', n.size) ||
	    memchr(n.p, 0, n.size))
		fake_bad("for something that is not a component");
	if ((n.size == 1 && n.p[0] == '.') || (n.size == 2 && n.p[0] == '.' && n.p[1] == '.'))
		fake_bad("for . or ..");
}

static inline struct fake_handle *fake_open_handle(uint32_t h)
{
	static struct fake_handle none = {.node = 0};

	g_fake.calls++;
	if (h < FAKE_HANDLES && g_fake.handles[h].node >= 0)
		return &g_fake.handles[h];
	fake_bad("about a handle that is not open");
	return &none;
}

static inline enum host_errno fake_take_failure(void)
{
	const enum host_errno e = g_fake.fail;

	g_fake.fail = HOST_SUCCESS;
	return e;
}

/* The directory of a question about names; -1: it is none. */
static inline int fake_ask(uint32_t dir, struct name name)
{
	if (g_fake.before)
		g_fake.before();
	struct fake_handle *h = fake_open_handle(dir);

	fake_check_name(name);
	if (!h->below)
		fake_bad("for a name outside the mount");
	return g_fake.nodes[h->node].type == HOST_TYPE_DIR ? h->node : -1;
}

static inline void fake_resize(struct fake_node *n, size_t size)
{
	n->data = realloc(n->data, size + 1);
	if (size > n->size)
		memset(n->data + n->size, 0, size - n->size);
	n->size = size;
}

enum host_errno hostcall_open(uint32_t dir, struct name name, uint32_t flags, uint32_t *handle)
{
	const int d = fake_ask(dir, name);

	if (d < 0)
		return HOST_NOTDIR;
	struct fake_entry *e = fake_find(d, name.p, name.size);

	if (e && flags & HOST_OPEN_EXCL)
		return HOST_EXIST;
	if (!e && !(flags & HOST_OPEN_CREATE))
		return HOST_NOENT;
	if (!e) {
		g_fake.writes++;
		fake_enter(d, name.p, name.size, fake_node(HOST_TYPE_FILE));
		e = fake_find(d, name.p, name.size);
	}
	struct fake_node *n = &g_fake.nodes[e->node];

	if (n->type == HOST_TYPE_LINK)
		return flags & HOST_OPEN_DIR ? HOST_NOTDIR : HOST_LOOP;
	if (flags & HOST_OPEN_DIR && n->type != HOST_TYPE_DIR)
		return HOST_NOTDIR;
	if (n->type == HOST_TYPE_DIR && flags & HOST_OPEN_WRITE && !g_fake.writes_dirs)
		return HOST_ISDIR;
	if (flags & HOST_OPEN_TRUNC) {
		g_fake.writes++;
		fake_resize(n, 0);
	}
	*handle = fake_handle(e->node, true, flags);
	return HOST_SUCCESS;
}

enum host_errno hostcall_close(uint32_t handle)
{
	fake_open_handle(handle)->node = -1;
	g_fake.open_handles--;
	return HOST_SUCCESS;
}

static inline enum host_errno fake_read(struct fake_node *n, size_t off, void *buf, size_t size,
					size_t *done)
{
	if (n->type == HOST_TYPE_DIR)
		return HOST_ISDIR;
	if (size > HOSTCALL_DATA_MAX)
		abort();
	*done = off >= n->size ? 0 : n->size - off < size ? n->size - off : size;
	if (*done)
		memcpy(buf, n->data + off, *done);
	return HOST_SUCCESS;
}

static inline enum host_errno fake_write(struct fake_node *n, size_t off, const void *buf,
					 size_t size, size_t *done)
{
	if (size > HOSTCALL_DATA_MAX)
		abort();
	g_fake.writes++;
	if (g_fake.short_write && size > g_fake.short_write)
		size = g_fake.short_write;
	if (g_fake.writes_nothing)
		size = 0;
	if (off + size > n->size)
		fake_resize(n, off + size);
	memcpy(n->data + off, buf, size);
	*done = size;
	return HOST_SUCCESS;
}

enum host_errno hostcall_read(uint32_t handle, void *buf, size_t size, size_t *done)
{
	struct fake_handle *h = fake_open_handle(handle);
	enum host_errno e = fake_take_failure();

	if (e == HOST_SUCCESS)
		e = fake_read(&g_fake.nodes[h->node], h->pos, buf, size, done);
	if (e == HOST_SUCCESS)
		h->pos += *done;
	return e;
}

enum host_errno hostcall_write(uint32_t handle, const void *buf, size_t size, size_t *done)
{
	struct fake_handle *h = fake_open_handle(handle);
	struct fake_node *n = &g_fake.nodes[h->node];
	const enum host_errno e = fake_take_failure();

	if (n->type == HOST_TYPE_FILE && !(h->flags & HOST_OPEN_APPEND))
		fake_bad("to append to a file that is not open for it");
	return e != HOST_SUCCESS ? e : fake_write(n, n->size, buf, size, done);
}

enum host_errno hostcall_pread(uint32_t handle, void *buf, size_t size, uint64_t off, size_t *done)
{
	struct fake_handle *h = fake_open_handle(handle);
	const enum host_errno e = fake_take_failure();

	return e != HOST_SUCCESS ? e : fake_read(&g_fake.nodes[h->node], off, buf, size, done);
}

enum host_errno hostcall_pwrite(uint32_t handle, const void *buf, size_t size, uint64_t off,
				size_t *done)
{
	struct fake_handle *h = fake_open_handle(handle);
	const enum host_errno e = fake_take_failure();

	return e != HOST_SUCCESS ? e : fake_write(&g_fake.nodes[h->node], off, buf, size, done);
}

static inline void fake_stat(int node, struct host_stat *st)
{
	const struct fake_node *n = &g_fake.nodes[node];

	*st = (struct host_stat){.dev = 7,
				 .ino = (uint64_t)node + 100,
				 .nlink = 1,
				 .size = n->size,
				 .atime = n->atime,
				 .mtime = n->mtime,
				 .type = n->type};
}

enum host_errno hostcall_stat(uint32_t handle, struct host_stat *st)
{
	struct fake_handle *h = fake_open_handle(handle);
	const enum host_errno e = fake_take_failure();

	if (e == HOST_SUCCESS)
		fake_stat(h->node, st);
	return e;
}

enum host_errno hostcall_stat_at(uint32_t dir, struct name name, struct host_stat *st)
{
	const int d = fake_ask(dir, name);
	struct fake_entry *e = d < 0 ? NULL : fake_find(d, name.p, name.size);

	if (!e)
		return d < 0 ? HOST_NOTDIR : HOST_NOENT;
	fake_stat(e->node, st);
	return HOST_SUCCESS;
}

enum host_errno hostcall_set_size(uint32_t handle, uint64_t size)
{
	struct fake_handle *h = fake_open_handle(handle);

	g_fake.writes++;
	fake_resize(&g_fake.nodes[h->node], size);
	return HOST_SUCCESS;
}

static inline void fake_set_times(int node, uint64_t atime, uint64_t mtime, uint32_t flags)
{
	struct fake_node *n = &g_fake.nodes[node];

	g_fake.writes++;
	if (flags & HOST_TIME_ATIM)
		n->atime = atime;
	if (flags & HOST_TIME_MTIM)
		n->mtime = mtime;
}

enum host_errno hostcall_set_times(uint32_t handle, uint64_t atime, uint64_t mtime, uint32_t flags)
{
	fake_set_times(fake_open_handle(handle)->node, atime, mtime, flags);
	return HOST_SUCCESS;
}

enum host_errno hostcall_set_times_at(uint32_t dir, struct name name, uint64_t atime,
				      uint64_t mtime, uint32_t flags)
{
	const int d = fake_ask(dir, name);
	struct fake_entry *e = d < 0 ? NULL : fake_find(d, name.p, name.size);

	if (!e)
		return HOST_NOENT;
	fake_set_times(e->node, atime, mtime, flags);
	return HOST_SUCCESS;
}

enum host_errno hostcall_sync(uint32_t handle, bool data_only)
{
	(void)data_only;
	fake_open_handle(handle);
	return fake_take_failure();
}

enum host_errno hostcall_allocate(uint32_t handle, uint64_t off, uint64_t len)
{
	struct fake_node *n = &g_fake.nodes[fake_open_handle(handle)->node];

	g_fake.writes++;
	if (off + len > n->size)
		fake_resize(n, off + len);
	return HOST_SUCCESS;
}

enum host_errno hostcall_set_flags(uint32_t handle, uint32_t flags)
{
	struct fake_handle *h = fake_open_handle(handle);

	h->flags = (h->flags & ~(HOST_OPEN_APPEND | HOST_OPEN_NONBLOCK)) | flags;
	return HOST_SUCCESS;
}

/* Entries ".", ".." and the directory's; a cookie is 100 plus the index. */
enum host_errno hostcall_readdir(uint32_t dir, uint64_t cookie, void *buf, size_t size,
				 size_t *done)
{
	const int d = fake_open_handle(dir)->node;
	const size_t total = (size_t)g_fake.nodes[d].count + 2;
	uint8_t *p = buf;

	*done = 0;
	if (g_fake.dirents) {
		*done = g_fake.dirents_size < size ? g_fake.dirents_size : size;
		memcpy(buf, g_fake.dirents, *done);
		return HOST_SUCCESS;
	}
	for (size_t i = cookie ? cookie - 100 : 0; i < total; i++) {
		const struct fake_entry *e = i < 2 ? NULL : &g_fake.nodes[d].entries[i - 2];
		const char *name = e ? e->name : "..";
		const size_t name_size = e ? e->size : i + 1;
		const struct host_dirent record = {
			.ino = e ? (uint64_t)e->node + 100 : 1,
			.next = 100 + i + 1,
			.type = e ? g_fake.nodes[e->node].type : HOST_TYPE_DIR,
			.name_size = (uint32_t)name_size,
		};
		const size_t whole = sizeof(record) + (name_size + 7) / 8 * 8;

		if (*done + whole > size)
			break;
		memset(p + *done, 0, whole);
		memcpy(p + *done, &record, sizeof(record));
		memcpy(p + *done + sizeof(record), name, name_size);
		*done += whole;
	}
	return HOST_SUCCESS;
}

enum host_errno hostcall_mkdir(uint32_t dir, struct name name)
{
	const int d = fake_ask(dir, name);

	if (d < 0 || fake_find(d, name.p, name.size))
		return d < 0 ? HOST_NOTDIR : HOST_EXIST;
	g_fake.writes++;
	fake_enter(d, name.p, name.size, fake_node(HOST_TYPE_DIR));
	return HOST_SUCCESS;
}

enum host_errno hostcall_unlink(uint32_t dir, struct name name, uint32_t kind)
{
	const int d = fake_ask(dir, name);
	struct fake_entry *e = d < 0 ? NULL : fake_find(d, name.p, name.size);

	if (!e)
		return HOST_NOENT;
	const struct fake_node *n = &g_fake.nodes[e->node];

	if (kind == HOST_UNLINK_FILE && n->type == HOST_TYPE_DIR)
		return HOST_ISDIR;
	if (kind == HOST_UNLINK_DIR && n->type != HOST_TYPE_DIR)
		return HOST_NOTDIR;
	if (kind == HOST_UNLINK_DIR && n->count)
		return HOST_NOTEMPTY;
	g_fake.writes++;
	fake_remove(d, e);
	return HOST_SUCCESS;
}

static inline enum host_errno fake_place(uint32_t dir, struct name old, uint32_t new_dir,
					 struct name new_name, bool keep)
{
	const int from = fake_ask(dir, old), to = fake_ask(new_dir, new_name);
	struct fake_entry *e = from < 0 ? NULL : fake_find(from, old.p, old.size);
	struct fake_entry *t = to < 0 ? NULL : fake_find(to, new_name.p, new_name.size);

	if (!e || to < 0)
		return HOST_NOENT;
	if (t && keep)
		return HOST_EXIST;
	if (keep && g_fake.nodes[e->node].type == HOST_TYPE_DIR)
		return HOST_PERM;
	g_fake.writes++;
	const int node = e->node;

	if (t)
		fake_remove(to, t);
	if (!keep)
		fake_remove(from, fake_find(from, old.p, old.size));
	fake_enter(to, new_name.p, new_name.size, node);
	return HOST_SUCCESS;
}

enum host_errno hostcall_rename(uint32_t dir, struct name old, uint32_t new_dir, struct name new)
{
	return fake_place(dir, old, new_dir, new, false);
}

enum host_errno hostcall_link(uint32_t dir, struct name old, uint32_t new_dir, struct name new)
{
	return fake_place(dir, old, new_dir, new, true);
}

enum host_errno hostcall_symlink(struct name target, uint32_t dir, struct name name)
{
	const int d = fake_ask(dir, name);

	if (d < 0 || fake_find(d, name.p, name.size))
		return d < 0 ? HOST_NOTDIR : HOST_EXIST;
	g_fake.writes++;
	const int n = fake_node(HOST_TYPE_LINK);

	g_fake.nodes[n].data = malloc(target.size + 1);
	memcpy(g_fake.nodes[n].data, target.p, target.size);
	g_fake.nodes[n].size = target.size;
	fake_enter(d, name.p, name.size, n);
	return HOST_SUCCESS;
}

enum host_errno hostcall_readlink(uint32_t dir, struct name name, char *buf, size_t size,
				  size_t *done)
{
	const int d = fake_ask(dir, name);
	struct fake_entry *e = d < 0 ? NULL : fake_find(d, name.p, name.size);

	if (!e)
		return HOST_NOENT;
	const struct fake_node *n = &g_fake.nodes[e->node];

	if (n->type != HOST_TYPE_LINK)
		return HOST_INVAL;
	*done = n->size < size ? n->size : size;
	memcpy(buf, n->data, *done);
	return HOST_SUCCESS;
}

/* A connection reads "0123456789" and writes behind it. */
enum host_errno hostcall_accept(uint32_t listener, uint32_t flags, uint32_t *handle)
{
	if (g_fake.nodes[fake_open_handle(listener)->node].type != HOST_TYPE_SOCKET)
		fake_bad("to accept from something else than a socket");
	if (g_fake.connections == 0)
		return HOST_AGAIN;
	g_fake.connections--;
	const int n = fake_node(HOST_TYPE_SOCKET);

	fake_resize(&g_fake.nodes[n], 10);
	memcpy(g_fake.nodes[n].data, "0123456789", 10);
	*handle = fake_handle(n, false, flags);
	return HOST_SUCCESS;
}

/* Not more than four bytes at once. */
enum host_errno hostcall_recv(uint32_t handle, uint32_t flags, void *buf, size_t size, size_t *done)
{
	struct fake_handle *h = fake_open_handle(handle);
	enum host_errno e = fake_take_failure();

	g_fake.recv_flags = flags;
	if (e == HOST_SUCCESS)
		e = fake_read(&g_fake.nodes[h->node], h->pos, buf, size < 4 ? size : 4, done);
	if (e == HOST_SUCCESS && !(flags & HOST_RECV_PEEK))
		h->pos += *done;
	return e;
}

enum host_errno hostcall_shutdown(uint32_t handle, uint32_t how)
{
	fake_open_handle(handle);
	g_fake.shut |= how;
	return fake_take_failure();
}

enum host_errno hostcall_clock(uint32_t id, uint64_t *ns)
{
	const enum host_errno e = fake_take_failure();

	g_fake.calls++;
	if (e != HOST_SUCCESS)
		return e;
	*ns = g_fake.clock[id];
	g_fake.clock[id] += g_fake.clock_step;
	return HOST_SUCCESS;
}

enum host_errno hostcall_clock_res(uint32_t id, uint64_t *ns)
{
	*ns = id + 1;
	return HOST_SUCCESS;
}

enum host_errno hostcall_poll(struct host_poll *polls, size_t count, uint64_t timeout_ns)
{
	g_fake.calls++;
	g_fake.poll_timeout = timeout_ns;
	for (size_t i = 0; i < count; i++) {
		polls[i].ready = g_fake.poll_ready & (polls[i].want | HOST_POLL_HANGUP);
		polls[i].bytes = polls[i].ready & HOST_POLL_READ ? 5 : 0;
	}
	if (timeout_ns != HOST_POLL_FOREVER) {
		g_fake.clock[0] += timeout_ns;
		g_fake.clock[1] += timeout_ns;
	}
	return g_fake.poll_error;
}

enum host_errno hostcall_yield(void)
{
	g_fake.calls++;
	return HOST_SUCCESS;
}

enum err platform_random(void *out, size_t size)
{
	uint8_t *p = out;

	for (size_t i = 0; i < size; i++)
		p[i] = (uint8_t)(i * 7 + 1);
	return g_fake.random_fails ? E_STATE : E_OK;
}

#endif
