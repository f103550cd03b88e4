/*
 * Path resolution, component by component.
 * Trust: the path is the guest's; what directories answer (types, link targets) is as trusted as
 * the mount, which may be the host, and it may change between two questions.
 * Invariant: stack[0] is the start and is never popped; every other entry was opened by one valid
 * component below the entry before it. Work is bounded: at most PATH_LINKS_MAX expansions, each of
 * a bounded text, and every step consumes text.
 */
#include "wasi/path.h"

#include <string.h>

#include "base/err.h"
#include "base/heap.h"
#include "wasi/memory.h"

struct path_walk {
	struct fs_node *stack[PATH_DEPTH_MAX];
	size_t depth;		  /* entries of the stack, at least 1 */
	size_t pos;		  /* text[pos ..] is still to be resolved */
	uint32_t links;		  /* symlinks expanded so far */
	size_t name_size;	  /* of the last component */
	char name[FS_NAME_MAX];	  /* its own copy: an expansion overwrites the text before pos */
	char text[PATH_TEXT_MAX]; /* filled from its end */
};

/* Puts bytes before what is still to be resolved. The one place that refuses absolute paths. */
static enum wasi_errno path_prepend(struct path_walk *w, const char *p, size_t size)
{
	if (size == 0)
		return WASI_NOENT;
	if (size > w->pos)
		return WASI_NAMETOOLONG;
	w->pos -= size;
	wasi_copy_in(w->text + w->pos, p, size);
	return w->text[w->pos] == '/' ? WASI_PERM : WASI_SUCCESS; /* of the copy */
}

enum wasi_errno path_walk_init(struct path_walk **walk, struct fs_node *dir, struct name path)
{
	must(dir->type == WASI_TYPE_DIR);
	if (path.size > PATH_SIZE_MAX)
		return WASI_NAMETOOLONG;

	struct path_walk *w = heap_alloc(sizeof(*w));

	if (!w)
		return WASI_NOMEM;
	w->stack[0] = fs_node_get(dir);
	w->depth = 1;
	w->pos = PATH_TEXT_MAX;

	const enum wasi_errno e = path_prepend(w, path.p, path.size);

	if (e != WASI_SUCCESS) {
		path_walk_free(w);
		return e;
	}
	*walk = w;
	return WASI_SUCCESS;
}

void path_walk_free(struct path_walk *w)
{
	if (!w)
		return;
	while (w->depth > 0)
		fs_node_put(w->stack[--w->depth]);
	heap_free(w);
}

static struct fs_node *path_top(const struct path_walk *w)
{
	return w->stack[w->depth - 1];
}

static void path_skip_slashes(struct path_walk *w, size_t *pos)
{
	while (*pos < PATH_TEXT_MAX && w->text[*pos] == '/')
		(*pos)++;
}

/* Takes the next component off the text; SUCCESS with an empty name at the end. */
static enum wasi_errno path_take(struct path_walk *w)
{
	path_skip_slashes(w, &w->pos);
	const size_t start = w->pos;

	while (w->pos < PATH_TEXT_MAX && w->text[w->pos] != '/')
		w->pos++;
	const struct name name = {w->text + start, w->pos - start};

	w->name_size = 0;
	if (name.size == 0)
		return WASI_SUCCESS;
	if (name.size > FS_NAME_MAX)
		return WASI_NAMETOOLONG;
	if (!fs_name_valid(name))
		return WASI_INVAL;
	memcpy(w->name, name.p, name.size);
	w->name_size = name.size;
	return WASI_SUCCESS;
}

static bool path_name_is(const struct path_walk *w, const char *s)
{
	return w->name_size == strlen(s) && memcmp(w->name, s, w->name_size) == 0;
}

static struct name path_name(const struct path_walk *w)
{
	return (struct name){w->name, w->name_size};
}

/* Is the component just taken the last one? */
static bool path_at_end(struct path_walk *w)
{
	size_t pos = w->pos;

	path_skip_slashes(w, &pos);
	return pos == PATH_TEXT_MAX;
}

/* Goes back one directory. The one place where a path could leave. */
static enum wasi_errno path_leave(struct path_walk *w)
{
	if (w->depth == 1)
		return WASI_PERM;
	fs_node_put(w->stack[--w->depth]);
	return WASI_SUCCESS;
}

/* Puts the target of the symlink `name` before the rest of the text. */
static enum wasi_errno path_expand(struct path_walk *w)
{
	size_t size;
	char *target = heap_alloc(FS_LINK_MAX);

	if (!target)
		return WASI_NOMEM;
	enum wasi_errno e = fs_readlink(path_top(w), path_name(w), target, FS_LINK_MAX, &size);

	if (e == WASI_SUCCESS && ++w->links > PATH_LINKS_MAX)
		e = WASI_LOOP;
	if (e == WASI_SUCCESS)
		e = path_prepend(w, target, size);
	heap_free(target);
	return e;
}

/* Goes down into the directory `name`, or expands it when it is a symlink. */
static enum wasi_errno path_enter(struct path_walk *w)
{
	struct fs_node *child;

	if (w->depth == PATH_DEPTH_MAX)
		return WASI_NAMETOOLONG;

	enum wasi_errno e =
		fs_open(path_top(w), path_name(w), FS_OPEN_READ | FS_OPEN_DIR, 0, &child);

	if (e == WASI_LOOP || e == WASI_NOTDIR) {
		e = path_expand(w);
		return e == WASI_INVAL ? WASI_NOTDIR : e;
	}
	if (e != WASI_SUCCESS)
		return e;
	if (child->type != WASI_TYPE_DIR) {
		fs_node_put(child);
		return WASI_NOTDIR;
	}
	w->stack[w->depth++] = child;
	return WASI_SUCCESS;
}

enum wasi_errno path_walk_first(struct path_walk *w, struct path_end *end)
{
	for (;;) {
		enum wasi_errno e = path_take(w);

		if (e != WASI_SUCCESS)
			return e;
		if (w->name_size == 0)
			break;
		if (path_name_is(w, "."))
			continue;
		if (path_name_is(w, ".."))
			e = path_leave(w);
		else if (path_at_end(w))
			break;
		else
			e = path_enter(w);
		if (e != WASI_SUCCESS)
			return e;
	}
	*end = (struct path_end){
		.dir = path_top(w),
		.name = path_name(w),
		.slash = w->pos != PATH_TEXT_MAX,
	};
	return WASI_SUCCESS;
}

enum wasi_errno path_walk_follow(struct path_walk *w, struct path_end *end)
{
	const enum wasi_errno e = path_expand(w);

	return e != WASI_SUCCESS ? e : path_walk_first(w, end);
}

/* Opening the start of a walk, or what `..` led back to: the node is open already. */
static enum wasi_errno path_open_self(struct fs_node *dir, uint32_t flags, struct fs_node **node)
{
	if (flags & FS_OPEN_EXCL)
		return WASI_EXIST;
	if (flags & (FS_OPEN_WRITE | FS_OPEN_CREATE | FS_OPEN_TRUNC))
		return WASI_ISDIR;
	*node = fs_node_get(dir);
	return WASI_SUCCESS;
}

/* One attempt at the end of the walk. */
static enum wasi_errno path_open_end(const struct path_end *end, uint32_t flags, uint32_t fdflags,
				     struct fs_node **node)
{
	if (end->name.size == 0)
		return path_open_self(end->dir, flags, node);
	if (end->slash && flags & FS_OPEN_CREATE)
		return WASI_ISDIR;
	if (end->slash)
		flags |= FS_OPEN_DIR;
	return fs_open(end->dir, end->name, flags, fdflags, node);
}

/* Might an attempt that failed with e have met a symlink? */
static bool path_maybe_link(enum wasi_errno e, const struct path_end *end, uint32_t flags)
{
	return e == WASI_LOOP || (e == WASI_NOTDIR && (end->slash || flags & FS_OPEN_DIR));
}

enum wasi_errno path_open(struct path_walk *w, bool follow, uint32_t flags, uint32_t fdflags,
			  struct fs_node **node)
{
	struct path_end end;
	enum wasi_errno e = path_walk_first(w, &end);

	while (e == WASI_SUCCESS) {
		const enum wasi_errno opened = path_open_end(&end, flags, fdflags, node);

		if (opened == WASI_LOOP && flags & FS_OPEN_EXCL)
			return WASI_EXIST;
		if (!path_maybe_link(opened, &end, flags) || !(follow || end.slash))
			return opened;
		e = path_walk_follow(w, &end);
		if (e == WASI_INVAL)
			return opened;
	}
	return e;
}

enum wasi_errno path_stat(struct path_walk *w, bool follow, struct wasi_filestat *st)
{
	struct path_end end;
	enum wasi_errno e = path_walk_first(w, &end);

	while (e == WASI_SUCCESS) {
		if (end.name.size == 0)
			return fs_stat(end.dir, st);
		e = fs_stat_at(end.dir, end.name, st);
		if (e != WASI_SUCCESS)
			return e;
		if (st->type != WASI_TYPE_LINK || !(follow || end.slash))
			return end.slash && st->type != WASI_TYPE_DIR ? WASI_NOTDIR : e;
		e = path_walk_follow(w, &end);
	}
	return e;
}

enum wasi_errno path_set_times(struct path_walk *w, bool follow, const struct fs_times *times)
{
	struct wasi_filestat st;
	struct path_end end;
	enum wasi_errno e = path_walk_first(w, &end);

	while (e == WASI_SUCCESS) {
		if (end.name.size == 0)
			return fs_set_times(end.dir, times);
		if (!follow && !end.slash)
			return fs_set_times_at(end.dir, end.name, times);
		e = fs_stat_at(end.dir, end.name, &st);
		if (e != WASI_SUCCESS)
			return e;
		if (end.slash && st.type != WASI_TYPE_LINK && st.type != WASI_TYPE_DIR)
			return WASI_NOTDIR;
		if (st.type != WASI_TYPE_LINK)
			return fs_set_times_at(end.dir, end.name, times);
		e = path_walk_follow(w, &end);
	}
	return e;
}
