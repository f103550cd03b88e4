/*
 * Files given with the program, each below the mount that the guest would find it under.
 * Trust: paths and bytes come from whoever delivers the program.
 * Invariant: a given byte goes into the enclave's memory or nowhere: the mount that covers a path best
 * decides, and unless it is memory the file is refused. The operations are the kind's own, so that a
 * mount may be read-only for the program and hold what was given all the same.
 */
#include "wasi/given.h"

#include <string.h>

#include "base/err.h"
#include "wasi/path.h"

static enum err given_err(enum wasi_errno e)
{
	switch (e) {
	case WASI_SUCCESS:
		return E_OK;
	case WASI_NOMEM:
		return E_NOMEM;
	case WASI_NOSPC:
	case WASI_FBIG:
		return E_LIMIT;
	default: /* it is there already, or goes through a file */
		return E_INVALID;
	}
}

/* How many bytes of `path` name the mount and the slash behind it; 0: it is not below. */
static size_t given_below(const struct wasi_bytes *mount, const struct wasi_bytes *path)
{
	const bool absolute = path->size != 0 && path->p[0] == '/';

	if (mount->size == 1 && mount->p[0] == '/')
		return absolute;
	if (path->size <= mount->size || memcmp(path->p, mount->p, mount->size) != 0)
		return 0;
	return path->p[mount->size] == '/' ? mount->size + 1 : 0;
}

/* The mount that covers the path best, or NULL; *skip: the bytes of the path that name it. "." covers
 * every relative path, with none of its bytes. */
static const struct wasi_mount *given_mount(const struct wasi_config *c,
					    const struct wasi_bytes *path, size_t *skip)
{
	const struct wasi_mount *best = NULL;

	*skip = 0;
	for (size_t i = 0; i < c->mount_count; i++) {
		const struct wasi_mount *m = &c->mounts[i];
		const bool here = m->path.size == 1 && m->path.p[0] == '.';
		const size_t n = given_below(&m->path, path);

		if (n > *skip || (here && !best && path->size != 0 && path->p[0] != '/')) {
			best = m;
			*skip = n;
		}
	}
	return best;
}

static struct fs_node *given_root(const struct wasi *wasi, const struct wasi_mount *mount)
{
	const size_t number = (size_t)(mount - wasi->config->mounts) + 1;

	for (size_t i = 0; i < wasi->root_count; i++) {
		if (wasi->roots[i]->mount == number)
			return wasi->roots[i];
	}
	return NULL;
}

/* Takes the first component off the rest of a path; false unless it is a name. */
static bool given_component(const char **rest, size_t *left, struct name *name)
{
	const char *slash = memchr(*rest, '/', *left);

	*name = (struct name){*rest, slash ? (size_t)(slash - *rest) : *left};
	*rest += name->size;
	*left -= name->size;
	if (slash) {
		(*rest)++;
		(*left)--;
	}
	if (slash && *left == 0) /* nothing is behind it */
		return false;
	if (!fs_name_valid(*name) || (name->size == 1 && name->p[0] == '.'))
		return false;
	return !(name->size == 2 && name->p[0] == '.' && name->p[1] == '.');
}

/* Are these names with single slashes between them, that the guest can resolve? */
static bool given_path_ok(const char *rest, size_t left)
{
	struct name name;
	bool ok = left != 0 && left <= PATH_SIZE_MAX;

	for (size_t depth = 0; ok && left != 0; depth++)
		ok = depth < PATH_DEPTH_MAX && given_component(&rest, &left, &name);
	return ok;
}

/* The directory `name` in *dir, made unless it is there; takes its place. */
static enum wasi_errno given_enter(struct fs_node **dir, struct name name)
{
	struct fs_node *child;
	enum wasi_errno e = (*dir)->ops->mkdir(*dir, name);

	if (e == WASI_SUCCESS || e == WASI_EXIST)
		e = (*dir)->ops->open(*dir, name, FS_OPEN_READ | FS_OPEN_DIR, 0, &child);
	if (e != WASI_SUCCESS)
		return e;
	fs_node_put(*dir);
	*dir = child;
	return WASI_SUCCESS;
}

static enum wasi_errno given_write(struct fs_node *dir, struct name name,
				   const struct wasi_bytes *bytes)
{
	struct fs_node *file;
	size_t done = 0;
	enum wasi_errno e =
		dir->ops->open(dir, name, FS_OPEN_WRITE | FS_OPEN_CREATE | FS_OPEN_EXCL, 0, &file);

	if (e != WASI_SUCCESS)
		return e;
	if (bytes->size != 0)
		e = file->ops->write(file, bytes->p, bytes->size, 0, &done);
	fs_node_put(file);
	if (e == WASI_SUCCESS && done != bytes->size)
		e = WASI_NOSPC;
	return e;
}

/* `rest` is a path that given_path_ok knows. */
static enum wasi_errno given_place(struct fs_node *root, const char *rest, size_t left,
				   const struct wasi_bytes *bytes)
{
	struct fs_node *dir = fs_node_get(root);
	struct name name;
	enum wasi_errno e = WASI_SUCCESS;

	must(given_component(&rest, &left, &name));
	while (e == WASI_SUCCESS && left != 0) {
		e = given_enter(&dir, name);
		must(given_component(&rest, &left, &name));
	}
	if (e == WASI_SUCCESS)
		e = given_write(dir, name, bytes);
	fs_node_put(dir);
	return e;
}

static enum err give_one(const struct wasi *wasi, const struct wasi_given *g)
{
	size_t skip;
	const struct wasi_mount *m = given_mount(wasi->config, &g->path, &skip);

	if (!m || m->kind != WASI_MOUNT_TMP)
		return E_DENIED;
	const char *rest = (const char *)g->path.p + skip;

	if (!given_path_ok(rest, g->path.size - skip))
		return E_INVALID;
	struct fs_node *root = given_root(wasi, m);

	must(root != NULL);
	return given_err(given_place(root, rest, g->path.size - skip, &g->bytes));
}

enum err wasi_give(const struct wasi *wasi)
{
	const struct wasi_config *c = wasi->config;
	enum err e = E_OK;

	for (size_t i = 0; i < c->file_count && e == E_OK; i++)
		e = give_one(wasi, &c->files[i]);
	return e;
}
