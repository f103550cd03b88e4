/* A file system in plain memory, and the description of a whole tree, its own or a volume's, as text. */
#include "test/lib/volume_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DUMP_DEPTH_MAX 200u

static void *model_room(void *p, size_t size)
{
	p = realloc(p, size ? size : 1);
	if (!p)
		abort();
	return p;
}

static uint32_t model_node_new(struct model *m, enum volume_type type)
{
	uint32_t node = MODEL_ROOT;

	while (node < m->node_count && m->nodes[node].alive)
		node++;
	if (node >= m->node_count) {
		m->nodes = model_room(m->nodes, (node + 1) * sizeof(*m->nodes));
		m->node_count = node + 1;
	}
	m->alive++;
	m->nodes[node] = (struct model_node){.alive = true,
					     .type = type,
					     .nlink = type == VOLUME_DIRECTORY ? 2 : 1,
					     .atim = m->now,
					     .mtim = m->now,
					     .ctim = m->now};
	return node;
}

static void model_node_free(struct model *m, uint32_t node)
{
	m->alive -= m->nodes[node].alive;
	free(m->nodes[node].data);
	free(m->nodes[node].entries);
	m->nodes[node] = (struct model_node){0};
}

static void model_unused(struct model *m, uint32_t node)
{
	if (m->nodes[node].nlink == 0 && m->nodes[node].holds == 0)
		model_node_free(m, node);
}

void model_init(struct model *m, uint64_t now)
{
	*m = (struct model){.now = now};
	m->nodes = model_room(NULL, sizeof(*m->nodes));
	m->nodes[0] = (struct model_node){0};
	m->node_count = 1;
	(void)model_node_new(m, VOLUME_DIRECTORY);
	m->nodes[MODEL_ROOT].parent = MODEL_ROOT;
	m->nodes[MODEL_ROOT].ino = VOLUME_ROOT;
}

void model_fini(struct model *m)
{
	for (uint32_t i = 1; i < m->node_count; i++)
		model_node_free(m, i);
	free(m->nodes);
	*m = (struct model){0};
}

static bool model_name_valid(const char *name, size_t size)
{
	return size > 0 && size <= VOLUME_NAME_MAX && !memchr(name, '/', size) &&
	       !memchr(name, 0, size) && !(size == 1 && name[0] == '.') &&
	       !(size == 2 && memcmp(name, "..", 2) == 0);
}

static struct model_entry *model_find(const struct model *m, uint32_t dir, const char *name,
				      size_t size)
{
	for (uint32_t i = 0; i < m->nodes[dir].count; i++) {
		struct model_entry *e = &m->nodes[dir].entries[i];

		if (e->name_size == size && memcmp(e->name, name, size) == 0)
			return e;
	}
	return NULL;
}

/* What every operation on a name asks first. */
static enum err model_name(const struct model *m, uint32_t dir, const char *name, size_t size)
{
	if (!model_name_valid(name, size))
		return E_INVALID;
	return m->nodes[dir].type == VOLUME_DIRECTORY ? E_OK : E_NOT_DIRECTORY;
}

static void model_touch(struct model *m, uint32_t node)
{
	m->nodes[node].mtim = m->nodes[node].ctim = m->now;
}

static void model_enter(struct model *m, uint32_t dir, const char *name, size_t size, uint32_t node)
{
	struct model_node *d = &m->nodes[dir];

	d->entries = model_room(d->entries, (d->count + 1) * sizeof(*d->entries));
	struct model_entry *e = &d->entries[d->count++];

	memset(e, 0, sizeof(*e));
	memcpy(e->name, name, size);
	e->name_size = size;
	e->node = node;
	if (m->nodes[node].type == VOLUME_DIRECTORY) {
		m->nodes[node].parent = dir;
		d->nlink++;
	}
	model_touch(m, dir);
}

static void model_leave(struct model *m, uint32_t dir, struct model_entry *e)
{
	struct model_node *d = &m->nodes[dir];

	if (m->nodes[e->node].type == VOLUME_DIRECTORY)
		d->nlink--;
	*e = d->entries[--d->count];
	model_touch(m, dir);
}

/* The name is gone; so may be what it stood for. */
static void model_drop(struct model *m, uint32_t node)
{
	struct model_node *n = &m->nodes[node];

	n->nlink = n->type == VOLUME_DIRECTORY ? 0 : n->nlink - 1;
	n->ctim = m->now;
	model_unused(m, node);
}

enum err model_lookup(const struct model *m, uint32_t dir, const char *name, size_t size,
		      uint32_t *node)
{
	const enum err err = model_name(m, dir, name, size);
	const struct model_entry *e = err == E_OK ? model_find(m, dir, name, size) : NULL;

	if (err != E_OK)
		return err;
	if (!e)
		return E_NOT_FOUND;
	*node = e->node;
	return E_OK;
}

/* May a name come into this directory? */
static enum err model_may_enter(const struct model *m, uint32_t dir, const char *name, size_t size)
{
	const enum err err = model_name(m, dir, name, size);

	if (err != E_OK)
		return err;
	if (m->nodes[dir].nlink == 0)
		return E_NOT_FOUND;
	return model_find(m, dir, name, size) ? E_EXISTS : E_OK;
}

enum err model_create(struct model *m, uint32_t dir, const char *name, size_t size,
		      enum volume_type type, uint32_t *node)
{
	const enum err err = model_may_enter(m, dir, name, size);

	if (err != E_OK)
		return err;
	*node = model_node_new(m, type);
	model_enter(m, dir, name, size, *node);
	return E_OK;
}

enum err model_symlink(struct model *m, uint32_t dir, const char *name, size_t size,
		       const char *target, size_t target_size, uint32_t *node)
{
	if (target_size == 0 || target_size > VOLUME_LINK_MAX)
		return E_INVALID;
	const enum err err = model_create(m, dir, name, size, VOLUME_SYMLINK, node);

	if (err != E_OK)
		return err;
	struct model_node *n = &m->nodes[*node];

	n->data = model_room(NULL, target_size);
	memcpy(n->data, target, target_size);
	n->size = target_size;
	return E_OK;
}

enum err model_link(struct model *m, uint32_t node, uint32_t dir, const char *name, size_t size)
{
	const enum err err = model_may_enter(m, dir, name, size);

	if (err != E_OK)
		return err;
	if (m->nodes[node].type == VOLUME_DIRECTORY)
		return E_IS_DIRECTORY;
	if (m->nodes[node].nlink == 0)
		return E_NOT_FOUND;
	m->nodes[node].nlink++;
	m->nodes[node].ctim = m->now;
	model_enter(m, dir, name, size, node);
	return E_OK;
}

enum err model_unlink(struct model *m, uint32_t dir, const char *name, size_t size)
{
	uint32_t node;
	const enum err err = model_lookup(m, dir, name, size, &node);

	if (err != E_OK)
		return err;
	if (m->nodes[node].type == VOLUME_DIRECTORY)
		return E_IS_DIRECTORY;
	model_leave(m, dir, model_find(m, dir, name, size));
	model_drop(m, node);
	return E_OK;
}

enum err model_rmdir(struct model *m, uint32_t dir, const char *name, size_t size)
{
	uint32_t node;
	const enum err err = model_lookup(m, dir, name, size, &node);

	if (err != E_OK)
		return err;
	if (m->nodes[node].type != VOLUME_DIRECTORY)
		return E_NOT_DIRECTORY;
	if (m->nodes[node].count > 0)
		return E_NOT_EMPTY;
	model_leave(m, dir, model_find(m, dir, name, size));
	model_drop(m, node);
	return E_OK;
}

/* Is `dir` the directory `node` or below it? */
static bool model_below(const struct model *m, uint32_t dir, uint32_t node)
{
	while (dir != node && dir != MODEL_ROOT)
		dir = m->nodes[dir].parent;
	return dir == node;
}

/* May `node` stand where `old` does? */
static enum err model_may_replace(const struct model *m, uint32_t node, uint32_t old)
{
	const bool is_dir = m->nodes[node].type == VOLUME_DIRECTORY;
	const bool old_dir = m->nodes[old].type == VOLUME_DIRECTORY;

	if (is_dir && !old_dir)
		return E_NOT_DIRECTORY;
	if (!is_dir && old_dir)
		return E_IS_DIRECTORY;
	return is_dir && m->nodes[old].count > 0 ? E_NOT_EMPTY : E_OK;
}

enum err model_rename(struct model *m, uint32_t dir, const char *name, size_t size,
		      uint32_t new_dir, const char *new_name, size_t new_size)
{
	uint32_t node, old = 0;
	enum err err = model_name(m, dir, name, size);

	if (err == E_OK)
		err = model_name(m, new_dir, new_name, new_size);
	if (err == E_OK)
		err = model_lookup(m, dir, name, size, &node);
	if (err != E_OK)
		return err;
	err = model_may_enter(m, new_dir, new_name, new_size);
	if (err != E_OK && err != E_EXISTS)
		return err;
	if (m->nodes[node].type == VOLUME_DIRECTORY && model_below(m, new_dir, node))
		return E_INVALID;
	if (err == E_EXISTS) {
		old = model_find(m, new_dir, new_name, new_size)->node;
		if (old == node)
			return E_OK;
		/* Linux asks this first: the old one is above what is to be moved. */
		if (m->nodes[old].type == VOLUME_DIRECTORY && model_below(m, dir, old))
			return E_NOT_EMPTY;
		err = model_may_replace(m, node, old);
		if (err != E_OK)
			return err;
		model_leave(m, new_dir, model_find(m, new_dir, new_name, new_size));
		model_drop(m, old);
	}
	model_leave(m, dir, model_find(m, dir, name, size));
	model_enter(m, new_dir, new_name, new_size, node);
	m->nodes[node].ctim = m->now;
	return E_OK;
}

static enum err model_file(const struct model *m, uint32_t node)
{
	if (m->nodes[node].type == VOLUME_DIRECTORY)
		return E_IS_DIRECTORY;
	return m->nodes[node].type == VOLUME_FILE ? E_OK : E_INVALID;
}

static void model_grow(struct model_node *n, uint64_t size)
{
	n->data = model_room(n->data, size);
	if (size > n->size)
		memset(n->data + n->size, 0, size - n->size);
	n->size = size;
}

enum err model_write(struct model *m, uint32_t node, const void *buf, size_t size, uint64_t off)
{
	struct model_node *n = &m->nodes[node];
	const enum err err = model_file(m, node);

	if (err != E_OK || size == 0)
		return err;
	if (off == UINT64_MAX)
		off = n->size;
	if (off > VOLUME_FILE_MAX || size > VOLUME_FILE_MAX - off)
		return E_FILE_SIZE;
	if (off + size > n->size)
		model_grow(n, off + size);
	memcpy(n->data + off, buf, size);
	model_touch(m, node);
	return E_OK;
}

enum err model_read(const struct model *m, uint32_t node, void *buf, size_t size, uint64_t off,
		    size_t *done)
{
	const struct model_node *n = &m->nodes[node];
	const enum err err = model_file(m, node);

	if (err != E_OK)
		return err;
	*done = off >= n->size ? 0 : size < n->size - off ? size : (size_t)(n->size - off);
	if (*done > 0)
		memcpy(buf, n->data + off, *done);
	return E_OK;
}

enum err model_set_size(struct model *m, uint32_t node, uint64_t size)
{
	const enum err err = model_file(m, node);

	if (err != E_OK)
		return err;
	if (size > VOLUME_FILE_MAX)
		return E_FILE_SIZE;
	model_grow(&m->nodes[node], size);
	model_touch(m, node);
	return E_OK;
}

enum err model_set_times(struct model *m, uint32_t node, const uint64_t *atim, const uint64_t *mtim)
{
	struct model_node *n = &m->nodes[node];

	if (atim)
		n->atim = *atim;
	if (mtim)
		n->mtim = *mtim;
	n->ctim = m->now;
	return E_OK;
}

enum err model_readlink(const struct model *m, uint32_t node, char *buf, size_t size, size_t *done)
{
	const struct model_node *n = &m->nodes[node];

	if (n->type != VOLUME_SYMLINK)
		return E_INVALID;
	*done = size < n->size ? size : (size_t)n->size;
	memcpy(buf, n->data, *done);
	return E_OK;
}

void model_hold(struct model *m, uint32_t node)
{
	m->nodes[node].holds++;
}

void model_release(struct model *m, uint32_t node)
{
	m->nodes[node].holds--;
	model_unused(m, node);
}

void model_release_all(struct model *m)
{
	for (uint32_t i = 1; i < m->node_count; i++) {
		if (m->nodes[i].alive) {
			m->nodes[i].holds = 0;
			model_unused(m, i);
		}
	}
}

void model_copy(struct model *to, const struct model *from)
{
	if (to == from)
		return;
	model_fini(to);
	*to = *from;
	to->nodes = model_room(NULL, from->node_count * sizeof(*to->nodes));
	memcpy(to->nodes, from->nodes, from->node_count * sizeof(*to->nodes));
	for (uint32_t i = 1; i < to->node_count; i++) {
		struct model_node *n = &to->nodes[i];
		const struct model_node *old = &from->nodes[i];

		if (old->data) {
			n->data = model_room(NULL, n->size);
			memcpy(n->data, old->data, n->size);
		}
		if (old->entries) {
			n->entries = model_room(NULL, n->count * sizeof(*n->entries));
			memcpy(n->entries, old->entries, n->count * sizeof(*n->entries));
		}
	}
}

/* ---- descriptions ---- */

struct dump {
	char *text;
	size_t size, room;
	char path[1 << 16];
	size_t path_size;
};

struct dump_line {
	enum volume_type type;
	uint64_t ino, atim, mtim, ctim, size;
	uint32_t nlink;
	uint64_t digest;
};

static uint64_t dump_digest(uint64_t h, const uint8_t *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return h;
}

static void dump_line(struct dump *d, const struct dump_line *l)
{
	char line[4096];
	const int n =
		snprintf(line, sizeof(line),
			 "%.*s type %d ino %llu links %u atim %llu mtim %llu ctim %llu size "
			 "%llu data %016llx\n",
			 (int)(d->path_size < 3000 ? d->path_size : 3000), d->path, (int)l->type,
			 (unsigned long long)l->ino, l->nlink, (unsigned long long)l->atim,
			 (unsigned long long)l->mtim, (unsigned long long)l->ctim,
			 (unsigned long long)l->size, (unsigned long long)l->digest);

	if (d->size + (size_t)n + 1 > d->room) {
		d->room = d->room * 2 + (size_t)n + 4096;
		d->text = model_room(d->text, d->room);
	}
	memcpy(d->text + d->size, line, (size_t)n + 1);
	d->size += (size_t)n;
}

/* One more component, with bytes that are no letters as two digits; the old length. */
static size_t dump_enter(struct dump *d, const char *name, size_t size)
{
	const size_t old = d->path_size;

	if (old + size * 3 + 2 > sizeof(d->path))
		abort();
	d->path[d->path_size++] = '/';
	for (size_t i = 0; i < size; i++) {
		const unsigned char c = (unsigned char)name[i];

		if (c > ' ' && c < 127 && c != '%')
			d->path[d->path_size++] = (char)c;
		else
			d->path_size += (size_t)sprintf(d->path + d->path_size, "%%%02x", c);
	}
	return old;
}

static int dump_compare(const void *a, const void *b)
{
	const struct model_entry *x = a, *y = b;
	const size_t n = x->name_size < y->name_size ? x->name_size : y->name_size;
	const int c = memcmp(x->name, y->name, n);

	return c ? c : x->name_size < y->name_size ? -1 : x->name_size > y->name_size;
}

static void model_dump_node(const struct model *m, uint32_t node, struct dump *d)
{
	const struct model_node *n = &m->nodes[node];
	struct dump_line line = {.type = n->type,
				 .ino = n->ino,
				 .atim = n->atim,
				 .mtim = n->mtim,
				 .ctim = n->ctim,
				 .nlink = n->nlink,
				 .size = n->type == VOLUME_DIRECTORY ? 0 : n->size};
	struct model_entry *sorted;

	line.digest = dump_digest(0, n->data, n->data ? n->size : 0);
	dump_line(d, &line);
	if (n->count == 0)
		return;
	sorted = model_room(NULL, n->count * sizeof(*sorted));
	memcpy(sorted, n->entries, n->count * sizeof(*sorted));
	qsort(sorted, n->count, sizeof(*sorted), dump_compare);
	for (uint32_t i = 0; i < n->count; i++) {
		const size_t old = dump_enter(d, sorted[i].name, sorted[i].name_size);

		model_dump_node(m, sorted[i].node, d);
		d->path_size = old;
	}
	free(sorted);
}

char *model_dump(const struct model *m)
{
	struct dump *d = model_room(NULL, sizeof(*d));
	char *text;

	memset(d, 0, sizeof(*d));

	model_dump_node(m, MODEL_ROOT, d);
	text = d->text;
	free(d);
	return text;
}

struct dump_list {
	struct model_entry *entries;
	uint8_t *types;
	uint64_t *inos;
	uint32_t count;
};

static bool dump_take(void *context, const struct volume_dirent *entry)
{
	struct dump_list *l = context;
	const uint32_t n = l->count++;

	l->entries = model_room(l->entries, l->count * sizeof(*l->entries));
	l->inos = model_room(l->inos, l->count * sizeof(*l->inos));
	l->types = model_room(l->types, l->count);
	memset(&l->entries[n], 0, sizeof(l->entries[n]));
	memcpy(l->entries[n].name, entry->name, entry->name_size);
	l->entries[n].name_size = entry->name_size;
	l->entries[n].node = n;
	l->inos[n] = entry->ino;
	l->types[n] = (uint8_t)entry->type;
	return true;
}

static enum err dump_content(struct volume *v, const struct volume_stat *st, uint64_t *digest)
{
	static uint8_t buf[1 << 16];
	uint64_t off = 0;
	size_t done = 0;
	enum err err;

	*digest = 0;
	if (st->type == VOLUME_SYMLINK) {
		err = volume_readlink(v, st->ino, (char *)buf, sizeof(buf), &done);
		*digest = err == E_OK ? dump_digest(0, buf, done) : 0;
		return err == E_OK && done != st->size ? E_STATE : err;
	}
	do {
		err = volume_read(v, st->ino, buf, sizeof(buf), off, &done);
		if (err != E_OK)
			return err;
		*digest = dump_digest(*digest, buf, done);
		off += done;
	} while (done == sizeof(buf));
	return off == st->size ? E_OK : E_STATE;
}

static enum err dump_volume_node(struct volume *v, uint64_t ino, uint64_t parent, uint32_t depth,
				 struct dump *d);

/* An entry says of its file what lookup and stat say. */
static enum err dump_volume_entry(struct volume *v, uint64_t dir, const struct dump_list *l,
				  const struct model_entry *e, uint32_t depth, struct dump *d)
{
	struct volume_stat st;
	enum volume_type type;
	uint64_t ino;
	enum err err = volume_lookup(v, dir, e->name, e->name_size, &ino, &type);

	if (err == E_OK)
		err = volume_stat(v, ino, &st);
	if (err != E_OK)
		return err;
	if (ino != l->inos[e->node] || type != l->types[e->node] || st.type != type ||
	    st.ino != ino)
		return E_STATE;
	const size_t old = dump_enter(d, e->name, e->name_size);

	err = dump_volume_node(v, ino, dir, depth, d);
	d->path_size = old;
	return err;
}

static enum err dump_volume_directory(struct volume *v, uint64_t ino, uint64_t parent,
				      uint32_t depth, struct dump *d)
{
	struct dump_list l = {0};
	uint64_t up;
	enum err err = volume_parent(v, ino, &up);

	if (err == E_OK && (up != parent || depth == 0))
		err = E_STATE;
	if (err == E_OK)
		err = volume_readdir(v, ino, 0, dump_take, &l);
	if (l.count > 0)
		qsort(l.entries, l.count, sizeof(*l.entries), dump_compare);
	for (uint32_t i = 0; err == E_OK && i < l.count; i++) {
		if (i > 0 && dump_compare(&l.entries[i - 1], &l.entries[i]) == 0)
			err = E_STATE;
		if (err == E_OK)
			err = dump_volume_entry(v, ino, &l, &l.entries[i], depth - 1, d);
	}
	free(l.entries);
	free(l.inos);
	free(l.types);
	return err;
}

static enum err dump_volume_node(struct volume *v, uint64_t ino, uint64_t parent, uint32_t depth,
				 struct dump *d)
{
	struct dump_line line = {.ino = ino};
	struct volume_stat st;
	enum err err = volume_stat(v, ino, &st);

	if (err != E_OK)
		return err;
	if (st.type != VOLUME_DIRECTORY)
		err = dump_content(v, &st, &line.digest);
	if (err != E_OK)
		return err;
	line.type = st.type;
	line.atim = st.atim;
	line.mtim = st.mtim;
	line.ctim = st.ctim;
	line.nlink = st.nlink;
	line.size = st.type == VOLUME_DIRECTORY ? 0 : st.size;
	dump_line(d, &line);
	return st.type == VOLUME_DIRECTORY ? dump_volume_directory(v, ino, parent, depth, d) : E_OK;
}

char *model_dump_volume(struct volume *v, enum err *err)
{
	struct dump *d = model_room(NULL, sizeof(*d));
	char *text;

	memset(d, 0, sizeof(*d));

	*err = dump_volume_node(v, VOLUME_ROOT, VOLUME_ROOT, DUMP_DEPTH_MAX, d);
	text = d->text;
	free(d);
	if (*err == E_OK)
		return text;
	free(text);
	return NULL;
}

static size_t dump_line_size(const char *text)
{
	return strcspn(text, "\n");
}

void model_print_difference(const char *what, const char *a, const char *b)
{
	while (*a && *b) {
		const size_t x = dump_line_size(a), y = dump_line_size(b);

		if (x != y || memcmp(a, b, x) != 0)
			break;
		a += x + (a[x] == '\n');
		b += y + (b[y] == '\n');
	}
	if (*a || *b)
		printf("%s:\n  %.*s\n  %.*s\n", what, (int)dump_line_size(a), a,
		       (int)dump_line_size(b), b);
}
