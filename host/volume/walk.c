/*
 * Paths and directories of a volume, for the tools. What a program inside sees is resolved elsewhere (wasi/path.c): it
 * may not leave its directories; the owner's tools start at the root.
 * Trust: the path is the user's; names and targets are authentic, yet written by any program.
 * Invariant: the rest of the path is at most PATH_REST_MAX bytes, and so many symlinks are followed as
 * SYMLINKS_MAX says: nothing written inside keeps a walk from ending.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/volume/volume.h"

#define SYMLINKS_MAX  40u
#define PATH_REST_MAX 65536u

struct walk {
	struct volume *v;
	char *rest;	  /* what is to be followed; owned */
	const char *next; /* in it */
	uint64_t dir;
	unsigned symlinks;
	bool follow;
};

char *volume_join(const char *dir, const char *name, size_t name_size)
{
	const size_t n = strlen(dir);
	char *out = malloc(n + 1 + name_size + 1);

	if (!out)
		return NULL;
	memcpy(out, dir, n);
	size_t at = n;

	if (n > 0 && dir[n - 1] != '/')
		out[at++] = '/';
	memcpy(out + at, name, name_size);
	out[at + name_size] = 0;
	return out;
}

static void at_directory(struct volume_at *at, uint64_t ino)
{
	at->ino = ino;
	at->dir = ino;
	at->type = VOLUME_DIRECTORY;
	at->name_size = 0;
}

/* The symlink's target stands before what is left now. */
static enum err walk_symlink(struct walk *w, struct volume_at *at)
{
	const size_t left = strlen(w->next);
	size_t size = 0;
	char *rest;

	if (++w->symlinks > SYMLINKS_MAX || left > PATH_REST_MAX)
		return E_LIMIT;
	rest = malloc(VOLUME_LINK_MAX + 1 + left + 1);
	if (!rest)
		return E_NOMEM;
	const enum err err = volume_readlink(w->v, at->ino, rest, VOLUME_LINK_MAX, &size);

	if (err != E_OK || size == 0) {
		free(rest);
		return err != E_OK ? err : E_NOT_FOUND;
	}
	memcpy(rest + size, w->next, left + 1); /* which begins with '/' or ends here */
	if (rest[0] == '/')
		w->dir = VOLUME_ROOT;
	free(w->rest);
	w->rest = rest;
	w->next = rest;
	at_directory(at, w->dir);
	return E_OK;
}

static enum err walk_up(struct walk *w, struct volume_at *at)
{
	const enum err err = volume_parent(w->v, w->dir, &w->dir);

	if (err == E_OK)
		at_directory(at, w->dir);
	return err;
}

/* A name that is looked up. `last`: nothing comes behind it. */
static enum err walk_name(struct walk *w, struct volume_at *at, size_t size, bool last)
{
	if (size > VOLUME_NAME_MAX)
		return E_INVALID;
	at->dir = w->dir;
	memcpy(at->name, w->next, size);
	at->name_size = size;
	w->next += size;
	const enum err err = volume_lookup(w->v, w->dir, at->name, size, &at->ino, &at->type);

	if (err == E_NOT_FOUND && last) {
		at->ino = 0;
		return E_OK;
	}
	if (err != E_OK)
		return err;
	if (at->type == VOLUME_SYMLINK && (!last || w->follow))
		return walk_symlink(w, at);
	if (!last && at->type != VOLUME_DIRECTORY)
		return E_NOT_DIRECTORY;
	w->dir = at->ino;
	return E_OK;
}

static enum err walk_component(struct walk *w, struct volume_at *at)
{
	const size_t size = strcspn(w->next, "/");
	const bool last = w->next[size + strspn(w->next + size, "/")] == 0;

	if (size == 2 && memcmp(w->next, "..", 2) == 0) {
		w->next += size;
		return walk_up(w, at);
	}
	if (size == 1 && w->next[0] == '.') {
		w->next += size;
		at_directory(at, w->dir);
		return E_OK;
	}
	return walk_name(w, at, size, last);
}

enum err volume_walk(struct volume_at *at, struct volume *v, const char *path, bool follow)
{
	const size_t n = strlen(path);
	struct walk w = {.v = v, .dir = VOLUME_ROOT, .follow = follow};
	enum err err = E_OK;

	if (n > PATH_REST_MAX)
		return E_LIMIT;
	w.rest = strdup(path);
	if (!w.rest)
		return E_NOMEM;
	w.next = w.rest;
	*at = (struct volume_at){0};
	at_directory(at, VOLUME_ROOT);
	while (err == E_OK) {
		w.next += strspn(w.next, "/");
		if (*w.next == 0)
			break;
		err = walk_component(&w, at);
	}
	free(w.rest);
	at->slash = n > 0 && path[n - 1] == '/';
	if (err == E_OK && at->slash && at->ino != 0 && at->type != VOLUME_DIRECTORY)
		return E_NOT_DIRECTORY;
	return err;
}

const char *volume_base(const char *path, size_t *size)
{
	size_t end = strlen(path), start;

	while (end > 0 && path[end - 1] == '/')
		end--;
	start = end;
	while (start > 0 && path[start - 1] != '/')
		start--;
	*size = end - start;
	const bool dots = *size <= 2 && strspn(path + start, ".") >= *size;

	return dots ? NULL : path + start;
}

/* ---- directories ---- */

enum err volume_items_add(struct volume_items *a, char *path, uint64_t ino, enum volume_type type)
{
	if (path && a->count == a->room) {
		const size_t room = a->room ? 2 * a->room : 64;
		struct volume_item *p = reallocarray(a->p, room, sizeof(*p));

		if (p) {
			a->p = p;
			a->room = room;
		}
	}
	if (!path || a->count == a->room) {
		free(path);
		return E_NOMEM;
	}
	a->p[a->count++] = (struct volume_item){.path = path, .ino = ino, .type = type};
	return E_OK;
}

struct volume_item volume_items_pop(struct volume_items *a)
{
	return a->p[--a->count];
}

static void entries_clear(struct volume_items *a)
{
	for (size_t i = 0; i < a->count; i++)
		free(a->p[i].path);
	a->count = 0;
}

void volume_items_fini(struct volume_items *a)
{
	entries_clear(a);
	free(a->p);
	*a = (struct volume_items){0};
}

static int entries_compare(const void *a, const void *b)
{
	return strcmp(((const struct volume_item *)a)->path, ((const struct volume_item *)b)->path);
}

struct entries_reading {
	struct volume_items *a;
	const char *prefix;
	enum err err;
};

static bool entries_take(void *context, const struct volume_dirent *d)
{
	struct entries_reading *r = context;
	char *path = volume_join(r->prefix, d->name, d->name_size);

	r->err = volume_items_add(r->a, path, d->ino, d->type);
	return r->err == E_OK;
}

enum err volume_items_read(struct volume_items *a, struct volume *v, uint64_t dir,
			   const char *prefix)
{
	struct entries_reading r = {.a = a, .prefix = prefix};

	entries_clear(a);
	const enum err err = volume_readdir(v, dir, 0, entries_take, &r);

	if (a->count > 0)
		qsort(a->p, a->count, sizeof(*a->p), entries_compare);
	return err != E_OK ? err : r.err;
}
