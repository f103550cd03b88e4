/*
 * Path resolution. A walk starts at a directory and goes down one component at a time, so that
 * neither the guest nor a host that swaps names meanwhile can lead it out: `..` goes back to a
 * directory that the walk itself came from and never above the start, symlinks are read and
 *resolved here, absolute paths and absolute link targets are refused (PERM, as wasmtime answers).
 *
 *	path_walk_init -> path_walk_first -> the operation on (dir, name)
 *	                       the operation found a symlink that is to be followed:
 *	                  path_walk_follow -> the operation again, and so on
 *	path_walk_free
 */
#ifndef WASI_PATH_H
#define WASI_PATH_H

#include "wasi/fs.h"

#define PATH_SIZE_MAX  4096 /* bytes of a path as the guest gives it */
#define PATH_TEXT_MAX  8192 /* bytes still to be resolved, link targets included */
#define PATH_LINKS_MAX 40   /* symlinks on one path */
#define PATH_DEPTH_MAX 256  /* directories open at once on one path */

/* Where a path ends. */
struct path_end {
	struct fs_node *dir; /* owned by the walk */
	struct name name;    /* the last component; size 0: dir itself is meant */
	bool slash;	     /* a slash followed the name: it must be a directory */
};

struct path_walk;

/*
 * Starts at `dir` (a reference is taken), which must be a directory. The path is untrusted bytes,
 * any but NUL, which may change meanwhile: they are copied once. NOENT: empty. PERM: absolute.
 * NAMETOOLONG: over PATH_SIZE_MAX. NOMEM. On success the caller owns *walk.
 */
enum wasi_errno path_walk_init(struct path_walk **walk, struct fs_node *dir, struct name path);
void path_walk_free(struct path_walk *walk); /* NULL is allowed */

/*
 * Resolves all but the last component. PERM: it would leave the start. INVAL: a NUL in a name.
 * NAMETOOLONG: a name over FS_NAME_MAX, or over PATH_TEXT_MAX or PATH_DEPTH_MAX. LOOP: more than
 * PATH_LINKS_MAX symlinks. Otherwise what the mount answers: NOENT, NOTDIR, ACCES.
 */
enum wasi_errno path_walk_first(struct path_walk *walk, struct path_end *end);

/* The last component is said to be a symlink: puts its target in its place and resolves again.
 * INVAL: it is none. */
enum wasi_errno path_walk_follow(struct path_walk *walk, struct path_end *end);

/* Opens what the end of the walk means, following symlinks when `follow`. *node: a new reference.
 */
enum wasi_errno path_open(struct path_walk *walk, bool follow, uint32_t flags, uint32_t fdflags,
			  struct fs_node **node);

/* Describes it. */
enum wasi_errno path_stat(struct path_walk *walk, bool follow, struct wasi_filestat *st);

/* Sets its times. */
enum wasi_errno path_set_times(struct path_walk *walk, bool follow, const struct fs_times *times);

#endif
