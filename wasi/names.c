/*
 * preview1: directories and paths.
 * Trust: descriptors, paths and flags are the guest's; resolution (wasi/path.c) keeps them inside
 * their directory.
 * Invariant: each function decodes all its arguments before it asks the mount for anything.
 */
#include <string.h>

#include "base/heap.h"
#include "wasi/funcs.h"
#include "wasi/path.h"
#include "wasi/table.h"

/* A walk from descriptor fd, which must have `rights`, along the path in the guest's memory. The
 * path is copied when the walk starts. The caller frees *walk. */
static enum wasi_errno names_walk(struct wasi *wasi, const struct wasi_memory *m, uint64_t fd,
				  uint64_t rights, uint64_t ptr, uint64_t size,
				  struct path_walk **walk)
{
	struct wasi_descriptor *d;
	const char *p = wasi_memory_at(m, (uint32_t)ptr, (uint32_t)size);
	enum wasi_errno e = wasi_table_get_dir(wasi, (uint32_t)fd, rights, &d);

	if (e != WASI_SUCCESS)
		return e;
	if (p)
		e = path_walk_init(walk, d->node, (struct name){p, (uint32_t)size});
	else
		e = WASI_FAULT;
	wasi_descriptor_put(d);
	return e;
}

/* Resolves a path whose last component is to be changed itself. `if_self`: the answer for a path
 * that ends in a directory without a name (".", "a/.."). */
static enum wasi_errno names_parent(struct wasi *wasi, const struct wasi_memory *m, uint64_t fd,
				    uint64_t rights, uint64_t ptr, uint64_t size,
				    enum wasi_errno if_self, struct path_walk **walk,
				    struct path_end *end)
{
	struct path_walk *w;
	enum wasi_errno e = names_walk(wasi, m, fd, rights, ptr, size, &w);

	if (e != WASI_SUCCESS)
		return e;
	e = path_walk_first(w, end);
	if (e == WASI_SUCCESS && end->name.size == 0)
		e = if_self;
	if (e != WASI_SUCCESS) {
		path_walk_free(w);
		return e;
	}
	*walk = w;
	return WASI_SUCCESS;
}

/* A name with a slash behind it, where something that is no directory is to be made. */
static enum wasi_errno names_refuse_slash(const struct path_end *end)
{
	struct wasi_filestat st;

	if (!end->slash)
		return WASI_SUCCESS;

	const enum wasi_errno e = fs_stat_at(end->dir, end->name, &st);

	if (e != WASI_SUCCESS)
		return e;
	return st.type == WASI_TYPE_DIR ? WASI_EXIST : WASI_NOTDIR;
}

/* A name with a slash behind it, which must then be a directory; otherwise: if_dir. */
static enum wasi_errno names_slash_is_dir(const struct path_end *end, enum wasi_errno if_dir)
{
	struct wasi_filestat st;

	if (!end->slash)
		return WASI_SUCCESS;

	const enum wasi_errno e = fs_stat_at(end->dir, end->name, &st);

	if (e != WASI_SUCCESS)
		return e;
	return st.type == WASI_TYPE_DIR ? if_dir : WASI_NOTDIR;
}

uint32_t wasi_path_create_directory(struct wasi *wasi, const struct wasi_memory *memory,
				    const uint64_t *args)
{
	struct path_walk *walk;
	struct path_end end;
	enum wasi_errno e = names_parent(wasi, memory, args[0], WASI_RIGHT_PATH_CREATE_DIRECTORY,
					 args[1], args[2], WASI_EXIST, &walk, &end);

	if (e != WASI_SUCCESS)
		return e;
	e = fs_mkdir(end.dir, end.name);
	path_walk_free(walk);
	return e;
}

uint32_t wasi_path_remove_directory(struct wasi *wasi, const struct wasi_memory *memory,
				    const uint64_t *args)
{
	struct path_walk *walk;
	struct path_end end;
	enum wasi_errno e = names_parent(wasi, memory, args[0], WASI_RIGHT_PATH_REMOVE_DIRECTORY,
					 args[1], args[2], WASI_INVAL, &walk, &end);

	if (e != WASI_SUCCESS)
		return e;
	e = fs_rmdir(end.dir, end.name);
	path_walk_free(walk);
	return e;
}

uint32_t wasi_path_unlink_file(struct wasi *wasi, const struct wasi_memory *memory,
			       const uint64_t *args)
{
	struct path_walk *walk;
	struct path_end end;
	enum wasi_errno e = names_parent(wasi, memory, args[0], WASI_RIGHT_PATH_UNLINK_FILE,
					 args[1], args[2], WASI_ISDIR, &walk, &end);

	if (e != WASI_SUCCESS)
		return e;
	e = names_slash_is_dir(&end, WASI_ISDIR);
	if (e == WASI_SUCCESS)
		e = fs_unlink(end.dir, end.name);
	path_walk_free(walk);
	return e;
}

/* Both ends of a rename: a slash behind either means that a directory is moved. */
static enum wasi_errno names_rename(const struct path_end *old, const struct path_end *new)
{
	enum wasi_errno e = names_slash_is_dir(old, WASI_SUCCESS);

	if (e == WASI_SUCCESS && new->slash) {
		const struct path_end as_dir = {old->dir, old->name, true};

		e = names_slash_is_dir(&as_dir, WASI_SUCCESS);
	}
	return e != WASI_SUCCESS ? e : fs_rename(old->dir, old->name, new->dir, new->name);
}

uint32_t wasi_path_rename(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	struct path_walk *old_walk, *new_walk;
	struct path_end old, new;
	enum wasi_errno e = names_parent(wasi, memory, args[0], WASI_RIGHT_PATH_RENAME_SOURCE,
					 args[1], args[2], WASI_BUSY, &old_walk, &old);

	if (e != WASI_SUCCESS)
		return e;
	e = names_parent(wasi, memory, args[3], WASI_RIGHT_PATH_RENAME_TARGET, args[4], args[5],
			 WASI_BUSY, &new_walk, &new);
	if (e == WASI_SUCCESS) {
		e = names_rename(&old, &new);
		path_walk_free(new_walk);
	}
	path_walk_free(old_walk);
	return e;
}

/* A link to a directory: the host refuses it (PERM); a slash behind either name cannot be right. */
static enum wasi_errno names_link(const struct path_end *old, const struct path_end *new)
{
	enum wasi_errno e = names_slash_is_dir(old, WASI_PERM);

	if (e == WASI_SUCCESS)
		e = names_refuse_slash(new);
	return e != WASI_SUCCESS ? e : fs_link(old->dir, old->name, new->dir, new->name);
}

uint32_t wasi_path_link(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	struct path_walk *old_walk, *new_walk;
	struct path_end old, new;

	if ((uint32_t)args[1] != 0) /* to follow a symlink here is not supported, as in wasmtime */
		return WASI_INVAL;

	enum wasi_errno e = names_parent(wasi, memory, args[0], WASI_RIGHT_PATH_LINK_SOURCE,
					 args[2], args[3], WASI_PERM, &old_walk, &old);

	if (e != WASI_SUCCESS)
		return e;
	e = names_parent(wasi, memory, args[4], WASI_RIGHT_PATH_LINK_TARGET, args[5], args[6],
			 WASI_EXIST, &new_walk, &new);
	if (e == WASI_SUCCESS) {
		e = names_link(&old, &new);
		path_walk_free(new_walk);
	}
	path_walk_free(old_walk);
	return e;
}

/* A link's text, copied out of the guest's memory: it goes out to the mount as it was checked. An
 * absolute one could never be followed: PERM, as wasmtime. */
static enum wasi_errno names_link_text(const struct wasi_memory *m, uint32_t ptr, uint32_t size,
				       char **text)
{
	if (size == 0)
		return WASI_NOENT;
	if (size > FS_LINK_MAX)
		return WASI_NAMETOOLONG;

	char *p = heap_alloc(size);

	if (!p)
		return WASI_NOMEM;
	enum wasi_errno e = wasi_memory_get(m, p, ptr, size);

	if (e == WASI_SUCCESS && p[0] == '/')
		e = WASI_PERM;
	for (size_t i = 0; i < size && e == WASI_SUCCESS; i++)
		e = p[i] == '\0' ? WASI_INVAL : WASI_SUCCESS;
	if (e != WASI_SUCCESS) {
		heap_free(p);
		return e;
	}
	*text = p;
	return WASI_SUCCESS;
}

uint32_t wasi_path_symlink(struct wasi *wasi, const struct wasi_memory *memory,
			   const uint64_t *args)
{
	struct path_walk *walk;
	struct path_end end;
	char *text;
	const uint32_t size = (uint32_t)args[1];
	enum wasi_errno e = names_link_text(memory, (uint32_t)args[0], size, &text);

	if (e != WASI_SUCCESS)
		return e;
	e = names_parent(wasi, memory, args[2], WASI_RIGHT_PATH_SYMLINK, args[3], args[4],
			 WASI_EXIST, &walk, &end);
	if (e == WASI_SUCCESS) {
		e = names_refuse_slash(&end);
		if (e == WASI_SUCCESS)
			e = fs_symlink((struct name){text, size}, end.dir, end.name);
		path_walk_free(walk);
	}
	heap_free(text);
	return e;
}

/* The text is cut to the guest's buffer silently, as readlink does. */
static enum wasi_errno names_readlink(const struct path_end *end, uint8_t *out, uint32_t out_size,
				      uint32_t *used)
{
	char *text = heap_alloc(FS_LINK_MAX);
	size_t size;

	if (!text)
		return WASI_NOMEM;

	const enum wasi_errno e = fs_readlink(end->dir, end->name, text, FS_LINK_MAX, &size);

	if (e == WASI_SUCCESS) {
		*used = size < out_size ? (uint32_t)size : out_size;
		memcpy(out, text, *used);
	}
	heap_free(text);
	return e;
}

uint32_t wasi_path_readlink(struct wasi *wasi, const struct wasi_memory *memory,
			    const uint64_t *args)
{
	struct path_walk *walk;
	struct path_end end;
	uint32_t used;
	const uint32_t out_size = (uint32_t)args[4], used_at = (uint32_t)args[5];
	uint8_t *out = wasi_memory_at(memory, (uint32_t)args[3], out_size);

	if (!out || !wasi_memory_at(memory, used_at, sizeof(used)))
		return WASI_FAULT;

	enum wasi_errno e = names_parent(wasi, memory, args[0], WASI_RIGHT_PATH_READLINK, args[1],
					 args[2], WASI_INVAL, &walk, &end);

	if (e != WASI_SUCCESS)
		return e;
	e = names_slash_is_dir(&end, WASI_INVAL);
	if (e == WASI_SUCCESS)
		e = names_readlink(&end, out, out_size, &used);
	path_walk_free(walk);
	return e != WASI_SUCCESS ? e : wasi_memory_put(memory, used_at, &used, sizeof(used));
}

enum wasi_errno wasi_path_stat(struct wasi *wasi, const struct wasi_memory *memory,
			       const uint64_t *args, struct wasi_filestat *st)
{
	struct path_walk *walk;
	const uint32_t lookup = (uint32_t)args[1];

	if (lookup & ~WASI_LOOKUP_FOLLOW)
		return WASI_INVAL;

	enum wasi_errno e = names_walk(wasi, memory, args[0], WASI_RIGHT_PATH_FILESTAT_GET, args[2],
				       args[3], &walk);

	if (e != WASI_SUCCESS)
		return e;
	e = path_stat(walk, lookup & WASI_LOOKUP_FOLLOW, st);
	path_walk_free(walk);
	return e;
}

uint32_t wasi_path_filestat_get(struct wasi *wasi, const struct wasi_memory *memory,
				const uint64_t *args)
{
	struct wasi_filestat st;
	const enum wasi_errno e = wasi_path_stat(wasi, memory, args, &st);

	return e != WASI_SUCCESS ? e : wasi_memory_put(memory, (uint32_t)args[4], &st, sizeof(st));
}

uint32_t wasi_path_filestat_set_times(struct wasi *wasi, const struct wasi_memory *memory,
				      const uint64_t *args)
{
	struct path_walk *walk;
	struct fs_times times;
	const uint32_t lookup = (uint32_t)args[1];
	enum wasi_errno e = wasi_times_decode(&times, args[4], args[5], (uint32_t)args[6]);

	if (lookup & ~WASI_LOOKUP_FOLLOW)
		e = WASI_INVAL;
	if (e == WASI_SUCCESS)
		e = names_walk(wasi, memory, args[0], WASI_RIGHT_PATH_FILESTAT_SET_TIMES, args[2],
			       args[3], &walk);
	if (e != WASI_SUCCESS)
		return e;
	e = path_set_times(walk, lookup & WASI_LOOKUP_FOLLOW, &times);
	path_walk_free(walk);
	return e;
}

/* path_open's arguments, decoded. */
struct names_open {
	bool follow;
	uint32_t flags;	  /* FS_OPEN_* */
	uint32_t fdflags; /* WASI_FD_* */
	uint8_t access;	  /* WASI_ACCESS_* */
	uint64_t needs;	  /* rights of the directory */
};

static enum wasi_errno names_open_decode(struct names_open *o, const uint64_t *args)
{
	const uint32_t lookup = (uint32_t)args[1], oflags = (uint32_t)args[4];
	const uint32_t fdflags = (uint32_t)args[7];
	const uint64_t rights = args[5];

	if (lookup & ~WASI_LOOKUP_FOLLOW || oflags & ~WASI_OPEN_ALL || fdflags & ~WASI_FD_ALL)
		return WASI_INVAL;
	if (oflags & WASI_OPEN_DIRECTORY && oflags & ~WASI_OPEN_DIRECTORY)
		return WASI_INVAL;
	o->follow = lookup & WASI_LOOKUP_FOLLOW;
	o->fdflags = fdflags;
	o->access = (rights & WASI_RIGHT_FD_READ ? WASI_ACCESS_READ : 0) |
		    (rights & WASI_RIGHT_FD_WRITE ? WASI_ACCESS_WRITE : 0);
	o->flags = (o->access & WASI_ACCESS_READ ? FS_OPEN_READ : 0) |
		   (o->access & WASI_ACCESS_WRITE ? FS_OPEN_WRITE : 0) |
		   (oflags & WASI_OPEN_CREATE ? FS_OPEN_CREATE : 0) |
		   (oflags & WASI_OPEN_EXCL ? FS_OPEN_EXCL : 0) |
		   (oflags & WASI_OPEN_TRUNC ? FS_OPEN_TRUNC : 0) |
		   (oflags & WASI_OPEN_DIRECTORY ? FS_OPEN_DIR : 0);
	o->needs = WASI_RIGHT_PATH_OPEN |
		   (oflags & WASI_OPEN_CREATE ? WASI_RIGHT_PATH_CREATE_FILE : 0) |
		   (oflags & WASI_OPEN_TRUNC ? WASI_RIGHT_PATH_FILESTAT_SET_SIZE : 0);
	return WASI_SUCCESS;
}

/* Puts what was opened into the table. A directory cannot be written to: ISDIR. */
static enum wasi_errno names_open_add(struct wasi *wasi, const struct names_open *o,
				      struct fs_node *node, uint64_t inherited, uint32_t *fd)
{
	struct wasi_descriptor *d;

	if (node->type == WASI_TYPE_DIR && o->access & WASI_ACCESS_WRITE) {
		fs_node_put(node);
		return WASI_ISDIR;
	}
	const enum wasi_errno e = wasi_descriptor_new(&d, node, o->access, inherited);

	if (e != WASI_SUCCESS)
		return e;
	d->flags = (uint16_t)o->fdflags;
	return wasi_table_add(wasi, d, fd);
}

/* Opens below descriptor `dir`. The directory's inheriting rights bound what can be asked for. */
static enum wasi_errno names_open(struct wasi *wasi, struct wasi_descriptor *dir,
				  const struct names_open *o, struct name path, uint32_t *fd)
{
	struct path_walk *walk;
	struct fs_node *node;
	const uint64_t may = dir->rights_inheriting;

	if ((o->access & WASI_ACCESS_READ && !(may & WASI_RIGHT_FD_READ)) ||
	    (o->access & WASI_ACCESS_WRITE && !(may & WASI_RIGHT_FD_WRITE)))
		return WASI_NOTCAPABLE;

	enum wasi_errno e = path_walk_init(&walk, dir->node, path);

	if (e != WASI_SUCCESS)
		return e;
	e = path_open(walk, o->follow, o->flags, o->fdflags, &node);
	path_walk_free(walk);
	return e != WASI_SUCCESS ? e : names_open_add(wasi, o, node, may, fd);
}

uint32_t wasi_path_open(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	struct wasi_descriptor *dir;
	struct names_open o;
	uint32_t fd;
	const uint32_t out = (uint32_t)args[8], size = (uint32_t)args[3];
	const char *p = wasi_memory_at(memory, (uint32_t)args[2], size);

	if (!p || !wasi_memory_at(memory, out, sizeof(fd)))
		return WASI_FAULT;

	enum wasi_errno e = names_open_decode(&o, args);

	if (e == WASI_SUCCESS)
		e = wasi_table_get_dir(wasi, (uint32_t)args[0], o.needs, &dir);
	if (e != WASI_SUCCESS)
		return e;
	e = names_open(wasi, dir, &o, (struct name){p, size}, &fd);
	wasi_descriptor_put(dir);
	return e != WASI_SUCCESS ? e : wasi_memory_put(memory, out, &fd, sizeof(fd));
}
