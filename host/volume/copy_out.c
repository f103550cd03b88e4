/*
 * Out of a volume, to a directory of the host.
 * Trust: contents, names and targets are authentic, yet written by any program: a name of the volume is never
 * followed out of the directory that the user named. Below it no symlink is followed on the host's side.
 * Invariant: a file has its name only when it is whole; until then its name is a temporary one.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/base/words.h"
#include "host/volume/volume.h"

#define PART	  ((size_t)1 << 20) /* bytes of a file at once */
#define TEMPORARY 64

struct copy_out {
	const struct retwine_volume *volume;
	struct volume *v;
	uint8_t *part;		     /* PART bytes */
	int root;		     /* the directory that everything goes below */
	struct volume_items pending; /* directories, by their paths below it */
	struct volume_items entries;
	const char *path; /* what is copied, for messages */
	struct retwine_volume_copied *copied;
	struct retwine_error *error;
};

static enum retwine_code out_error(const struct copy_out *c, enum err err)
{
	return err == E_OK ? RETWINE_OK : volume_error(c->volume, "read", c->path, err, c->error);
}

static enum retwine_code out_errno(const struct copy_out *c, int e)
{
	const char *why = e == ELOOP || e == ENOTDIR
				  ? "something else than a directory is in the way"
				  : strerror(e);

	return error_set(c->error, e == ENOSPC || e == EDQUOT ? RETWINE_FAILED : RETWINE_INPUT,
			 "cannot copy %.300s to the host: %s", c->path, why);
}

/* ---- contents ---- */

static bool out_is_zero(const uint8_t *p, size_t size)
{
	return size > 0 && p[0] == 0 && memcmp(p, p + 1, size - 1) == 0;
}

/* errno or 0 */
static int out_write(int fd, const uint8_t *p, size_t size)
{
	while (size > 0) {
		const ssize_t n = write(fd, p, size);

		if (n < 0 && errno != EINTR)
			return errno;
		if (n > 0) {
			p += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

/* Zeros leave a hole where `holes` says that there can be one. */
static int out_part(const struct copy_out *c, int fd, size_t size, bool holes)
{
	if (!holes || !out_is_zero(c->part, size))
		return out_write(fd, c->part, size);
	return lseek(fd, (off_t)size, SEEK_CUR) < 0 ? errno : 0;
}

static enum retwine_code out_contents(struct copy_out *c, int fd, uint64_t ino, bool holes)
{
	uint64_t off = 0;
	size_t size;

	do {
		const enum err err = volume_read(c->v, ino, c->part, PART, off, &size);

		if (err != E_OK)
			return out_error(c, err);
		const int e = out_part(c, fd, size, holes);

		if (e != 0)
			return out_errno(c, e);
		off += size;
	} while (size == PART);
	c->copied->bytes += off;
	if (holes && ftruncate(fd, (off_t)off) != 0)
		return out_errno(c, errno);
	return RETWINE_OK;
}

static enum retwine_code out_times(const struct copy_out *c, int fd, uint64_t ino)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
	struct volume_stat st;
	const enum err err = volume_stat(c->v, ino, &st);

	if (err != E_OK)
		return out_error(c, err);
	times[1].tv_sec = (time_t)(st.mtim / 1000000000u);
	times[1].tv_nsec = (long)(st.mtim % 1000000000u);
	(void)futimens(fd, times); /* a time that the host cannot say stays today's */
	return RETWINE_OK;
}

/* ---- one entry, in the open directory `at` ---- */

static enum retwine_code out_file(struct copy_out *c, int at, const char *name, uint64_t ino)
{
	char temporary[TEMPORARY];

	(void)snprintf(temporary, sizeof(temporary), ".retwine-%ld.new", (long)getpid());
	const int fd =
		openat(at, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return out_errno(c, errno);
	enum retwine_code code = out_contents(c, fd, ino, true);

	if (code == RETWINE_OK)
		code = out_times(c, fd, ino);
	if (close(fd) != 0 && code == RETWINE_OK)
		code = out_errno(c, errno);
	if (code == RETWINE_OK && renameat(at, temporary, at, name) != 0)
		code = out_errno(c, errno);
	if (code == RETWINE_OK)
		c->copied->files++;
	else
		(void)unlinkat(at, temporary, 0);
	return code;
}

static enum retwine_code out_symlink(struct copy_out *c, int at, const char *name, uint64_t ino)
{
	char *target = (char *)c->part;
	size_t size;
	const enum err err = volume_readlink(c->v, ino, target, VOLUME_LINK_MAX, &size);

	if (err != E_OK)
		return out_error(c, err);
	target[size] = 0;
	if (strlen(target) != size)
		return out_errno(c, EINVAL);
	if (unlinkat(at, name, 0) != 0 && errno != ENOENT)
		return out_errno(c, errno);
	if (symlinkat(target, at, name) != 0)
		return out_errno(c, errno);
	c->copied->symlinks++;
	return RETWINE_OK;
}

/* The directory, which waits for its contents. What is there already may be one as well, which its
 * opening shows. `below` is its path from the root. */
static enum retwine_code out_directory(struct copy_out *c, int at, const char *name,
				       const char *below, uint64_t ino)
{
	if (mkdirat(at, name, 0700) == 0)
		c->copied->directories++;
	else if (errno != EEXIST)
		return out_errno(c, errno);
	return out_error(c, volume_items_add(&c->pending, strdup(below), ino, VOLUME_DIRECTORY));
}

/* ---- trees ---- */

static int open_below(int root, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};

	return (int)syscall(SYS_openat2, root, path[0] ? path : ".", &how, sizeof(how));
}

static enum retwine_code out_entry(struct copy_out *c, int at, const struct volume_item *e)
{
	const char *slash = strrchr(e->path, '/');
	const char *name = slash ? slash + 1 : e->path;

	c->path = e->path;
	switch (e->type) {
	case VOLUME_FILE:
		return out_file(c, at, name, e->ino);
	case VOLUME_SYMLINK:
		return out_symlink(c, at, name, e->ino);
	default:
		return out_directory(c, at, name, e->path, e->ino);
	}
}

static enum retwine_code out_tree(struct copy_out *c, const struct volume_item *dir)
{
	const int at = open_below(c->root, dir->path);
	enum retwine_code code;

	c->path = dir->path;
	if (at < 0)
		return out_errno(c, errno);
	code = out_error(c, volume_items_read(&c->entries, c->v, dir->ino, dir->path));
	for (size_t i = 0; code == RETWINE_OK && i < c->entries.count; i++)
		code = out_entry(c, at, &c->entries.p[i]);
	close(at);
	return code;
}

static enum retwine_code out_pending(struct copy_out *c)
{
	enum retwine_code code = RETWINE_OK;

	while (code == RETWINE_OK && c->pending.count > 0) {
		const struct volume_item dir = volume_items_pop(&c->pending);

		code = out_tree(c, &dir);
		free(dir.path);
	}
	return code;
}

/* ---- what was asked for ---- */

/* Opens the directory that the user's path names or ends in, and says under which name in it the copy
 * goes; NULL: the contents go right into it. directory: what is copied is one. *kept: what *name points into, owned. */
static enum retwine_code out_target(struct copy_out *c, const char *from, const char *to,
				    bool directory, const char **name, char **kept)
{
	struct stat st;
	size_t size;
	const bool into = stat(to, &st) == 0 && S_ISDIR(st.st_mode);
	const bool slash = to[0] && to[strlen(to) - 1] == '/';
	const char *base = volume_base(into ? from : to, &size);
	char *dir = into ? strdup(to) : base ? strndup(to, (size_t)(base - to)) : NULL;

	if (!into && (!base || (slash && !directory))) {
		free(dir);
		return error_set(c->error, RETWINE_INPUT,
				 "cannot copy to %.300s: no such directory", to);
	}
	*kept = base ? strndup(base, size) : NULL;
	*name = *kept;
	if (!dir || (base && !*kept)) {
		free(dir);
		return error_no_memory(c->error);
	}
	c->root = open(dir[0] ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const int e = errno;

	free(dir);
	if (c->root < 0)
		return error_set(c->error, RETWINE_INPUT, "cannot copy to %.300s: %s", to,
				 strerror(e));
	return RETWINE_OK;
}

static enum retwine_code out_to(struct copy_out *c, const char *from, const char *to,
				const struct volume_at *at)
{
	const char *name = NULL;
	char *kept = NULL;
	enum retwine_code code =
		out_target(c, from, to, at->type == VOLUME_DIRECTORY, &name, &kept);

	if (code == RETWINE_OK && at->type != VOLUME_DIRECTORY)
		code = out_file(c, c->root, name, at->ino);
	else if (code == RETWINE_OK && name)
		code = out_directory(c, c->root, name, name, at->ino);
	else if (code == RETWINE_OK)
		code = out_error(
			c, volume_items_add(&c->pending, strdup(""), at->ino, VOLUME_DIRECTORY));
	if (code == RETWINE_OK)
		code = out_pending(c);
	free(kept);
	return code;
}

static enum retwine_code out_from(struct copy_out *c, const char *from, const char *to,
				  bool recursive)
{
	struct volume_at at;
	enum err err = volume_walk(&at, c->v, from, true);

	if (err == E_OK && at.ino == 0)
		err = E_NOT_FOUND;
	if (err == E_OK && at.type == VOLUME_DIRECTORY && (!recursive || strcmp(to, "-") == 0))
		err = E_IS_DIRECTORY;
	if (err != E_OK)
		return out_error(c, err);
	if (strcmp(to, "-") != 0)
		return out_to(c, from, to, &at);
	c->copied->files++;
	return out_contents(c, STDOUT_FILENO, at.ino, false);
}

enum retwine_code retwine_volume_copy_out(struct retwine_volume *volume, const char *from,
					  const char *to, bool recursive,
					  struct retwine_volume_copied *copied,
					  struct retwine_error *error)
{
	struct copy_out c = {
		.volume = volume,
		.v = volume->volume,
		.part = malloc(PART),
		.root = -1,
		.path = from,
		.copied = copied,
		.error = error,
	};

	if (!c.part)
		return error_no_memory(error);
	const enum retwine_code code = out_from(&c, from, to, recursive);

	if (c.root >= 0)
		close(c.root);
	volume_items_fini(&c.pending);
	volume_items_fini(&c.entries);
	free(c.part);
	return code;
}
