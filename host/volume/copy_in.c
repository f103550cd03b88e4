/*
 * From the host into a volume: files, directories, symlinks.
 * Trust: the source is the user's; what changes while it is read is copied as it was read.
 * Invariant: directories that wait stand in a list, so the depth of a tree costs memory, not stack; the
 * volume itself is never read into itself.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/words.h"
#include "host/volume/volume.h"

#define PART ((size_t)1 << 20) /* bytes of a file at once */

struct copy_in {
	const struct retwine_volume *volume;
	struct volume *v;
	bool recursive;
	uint8_t *part;		     /* PART bytes */
	struct volume_items pending; /* directories of the host, and theirs in the volume */
	const char *path;	     /* what is copied, for messages */
	struct retwine_volume_copied *copied;
	struct retwine_error *error;
};

static enum retwine_code in_error(const struct copy_in *c, enum err err)
{
	return err == E_OK ? RETWINE_OK : volume_error(c->volume, "store", c->path, err, c->error);
}

static enum retwine_code in_errno(const struct copy_in *c, const char *why)
{
	return error_set(c->error, RETWINE_INPUT, "cannot copy %.300s: %s; nothing is copied",
			 c->path, why);
}

/* Is the file one that the copy itself writes? */
static bool in_is_itself(const struct copy_in *c, const struct stat *st)
{
	const int fds[] = {c->volume->file.fd, c->volume->anchor_lease.fd};

	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		struct stat own;

		if (fds[i] >= 0 && fstat(fds[i], &own) == 0 && own.st_dev == st->st_dev &&
		    own.st_ino == st->st_ino)
			return true;
	}
	return false;
}

/* ---- contents ---- */

static bool in_is_zero(const uint8_t *p, size_t size)
{
	return size > 0 && p[0] == 0 && memcmp(p, p + 1, size - 1) == 0;
}

static enum err in_write(const struct copy_in *c, uint64_t ino, size_t size, uint64_t off)
{
	size_t at = 0, done;

	while (at < size) {
		const enum err err =
			volume_write(c->v, ino, c->part + at, size - at, off + at, &done);

		if (err != E_OK)
			return err;
		at += done;
	}
	return E_OK;
}

/* Fills the part; less is the end. errno or 0. */
static int in_read(const struct copy_in *c, int fd, size_t *size)
{
	*size = 0;
	while (*size < PART) {
		const ssize_t n = read(fd, c->part + *size, PART - *size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (n == 0)
			break;
		*size += (size_t)n;
	}
	return 0;
}

/* Where the next bytes are that are no hole of the host's file; its end when there are none. */
static uint64_t in_skip_hole(int fd, uint64_t off)
{
	struct stat st;
	const off_t data = lseek(fd, (off_t)off, SEEK_DATA);

	if (data >= 0)
		return (uint64_t)data;
	if (errno != ENXIO || fstat(fd, &st) != 0 || st.st_size < (off_t)off)
		return off;
	return lseek(fd, st.st_size, SEEK_SET) < 0 ? off : (uint64_t)st.st_size;
}

/* To the end of the descriptor; what is zero all over becomes a hole. own: we opened it; standard input is
 * read from where it stands. */
static enum retwine_code in_contents(struct copy_in *c, int fd, bool own, uint64_t ino)
{
	uint64_t off = 0;
	size_t size;
	enum err err = E_OK;

	do {
		off = own ? in_skip_hole(fd, off) : off;
		const int e = in_read(c, fd, &size);

		if (e != 0)
			return in_errno(c, strerror(e));
		if (!in_is_zero(c->part, size))
			err = in_write(c, ino, size, off);
		off += size;
	} while (err == E_OK && size == PART);
	if (err == E_OK)
		err = volume_set_size(c->v, ino, off);
	c->copied->bytes += off;
	return in_error(c, err);
}

/* ---- names ---- */

/* The file of that name, empty: a new one, or the one that there is. A symlink gives way: those on the user's
 * own path were followed before. */
static enum err in_make_file(const struct copy_in *c, uint64_t dir, const char *name, size_t size,
			     uint64_t *ino)
{
	enum volume_type type;
	enum err err = volume_lookup(c->v, dir, name, size, ino, &type);

	if (err == E_OK && type == VOLUME_FILE)
		return volume_set_size(c->v, *ino, 0);
	if (err == E_OK && type == VOLUME_DIRECTORY)
		return E_IS_DIRECTORY;
	if (err == E_OK)
		err = volume_unlink(c->v, dir, name, size);
	if (err == E_OK || err == E_NOT_FOUND)
		err = volume_create(c->v, dir, name, size, VOLUME_FILE, ino);
	return err;
}

static enum retwine_code in_descriptor(struct copy_in *c, int fd, const struct stat *st,
				       uint64_t dir, const char *name, size_t size)
{
	const uint64_t mtim = st->st_mtim.tv_sec < 0 ? 0
						     : (uint64_t)st->st_mtim.tv_sec * 1000000000u +
							       (uint64_t)st->st_mtim.tv_nsec;
	uint64_t ino;
	const enum err err = in_make_file(c, dir, name, size, &ino);
	enum retwine_code code = in_error(c, err);

	if (code == RETWINE_OK)
		code = in_contents(c, fd, fd != STDIN_FILENO, ino);
	if (code == RETWINE_OK && S_ISREG(st->st_mode))
		code = in_error(c, volume_set_times(c->v, ino, NULL, &mtim));
	c->copied->files += code == RETWINE_OK;
	return code;
}

static enum retwine_code in_file(struct copy_in *c, int at, const char *leaf, int flags,
				 uint64_t dir, const char *name, size_t size)
{
	/* O_NONBLOCK: what became a FIFO meanwhile must not hold us. */
	const int fd = openat(at, leaf, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
	enum retwine_code code;
	struct stat st;

	if (fd < 0)
		return in_errno(c, strerror(errno));
	if (fstat(fd, &st) != 0)
		code = in_errno(c, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		code = in_errno(c, "it is no regular file");
	else if (in_is_itself(c, &st))
		code = in_errno(c, "it is the volume itself, or its anchor");
	else
		code = in_descriptor(c, fd, &st, dir, name, size);
	close(fd);
	return code;
}

static enum retwine_code in_symlink(struct copy_in *c, int at, uint64_t dir, const char *name)
{
	char *target = (char *)c->part;
	const ssize_t n = readlinkat(at, name, target, PART);
	const size_t size = strlen(name);
	enum volume_type type;
	uint64_t ino;

	if (n < 0)
		return in_errno(c, strerror(errno));
	enum err err = volume_lookup(c->v, dir, name, size, &ino, &type);

	if (err == E_OK)
		err = volume_unlink(c->v, dir, name, size); /* not a directory: E_IS_DIRECTORY */
	if (err == E_OK || err == E_NOT_FOUND)
		err = volume_symlink(c->v, dir, name, size, target, (size_t)n);
	c->copied->symlinks += err == E_OK;
	return in_error(c, err);
}

/* The directory of that name, which waits for its contents. */
static enum retwine_code in_directory(struct copy_in *c, uint64_t dir, const char *name,
				      size_t size)
{
	enum volume_type type;
	uint64_t ino;
	enum err err = volume_lookup(c->v, dir, name, size, &ino, &type);

	if (err == E_OK && type != VOLUME_DIRECTORY)
		err = E_NOT_DIRECTORY;
	else if (err == E_NOT_FOUND) {
		err = volume_create(c->v, dir, name, size, VOLUME_DIRECTORY, &ino);
		c->copied->directories += err == E_OK;
	}
	if (err == E_OK)
		err = volume_items_add(&c->pending, strdup(c->path), ino, VOLUME_DIRECTORY);
	return in_error(c, err);
}

/* ---- directories of the host ---- */

static enum retwine_code in_entry(struct copy_in *c, int at, const char *name, uint64_t dir)
{
	struct stat st;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return in_errno(c, strerror(errno));
	if (S_ISREG(st.st_mode))
		return in_file(c, at, name, O_NOFOLLOW, dir, name, strlen(name));
	if (S_ISLNK(st.st_mode))
		return in_symlink(c, at, dir, name);
	if (S_ISDIR(st.st_mode))
		return in_directory(c, dir, name, strlen(name));
	return in_errno(c, "it is neither file, directory nor symlink");
}

static enum retwine_code in_entries(struct copy_in *c, DIR *stream, const struct volume_item *dir)
{
	enum retwine_code code = RETWINE_OK;

	while (code == RETWINE_OK) {
		errno = 0;
		const struct dirent *d = readdir(stream);

		c->path = dir->path;
		if (!d)
			return errno == 0 ? RETWINE_OK : in_errno(c, strerror(errno));
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		char *path = volume_join(dir->path, d->d_name, strlen(d->d_name));

		if (!path)
			return error_no_memory(c->error);
		c->path = path;
		code = in_entry(c, dirfd(stream), d->d_name, dir->ino);
		free(path);
	}
	return code;
}

static enum retwine_code in_pending(struct copy_in *c)
{
	enum retwine_code code = RETWINE_OK;

	while (code == RETWINE_OK && c->pending.count > 0) {
		const struct volume_item dir = volume_items_pop(&c->pending);
		DIR *stream = opendir(dir.path);

		c->path = dir.path;
		code = stream ? in_entries(c, stream, &dir) : in_errno(c, strerror(errno));
		if (stream)
			closedir(stream);
		free(dir.path);
	}
	return code;
}

/* ---- what was asked for ---- */

static enum retwine_code in_stdin(struct copy_in *c, const struct volume_at *to)
{
	struct stat st;

	if (to->ino != 0 && to->type == VOLUME_DIRECTORY)
		return error_set(c->error, RETWINE_USAGE,
				 "standard input has no name; name the file in the volume");
	if (fstat(STDIN_FILENO, &st) != 0)
		return in_errno(c, strerror(errno));
	return in_descriptor(c, STDIN_FILENO, &st, to->dir, to->name, to->name_size);
}

static enum retwine_code in_host(struct copy_in *c, const char *from, const struct volume_at *to)
{
	const bool into = to->ino != 0 && to->type == VOLUME_DIRECTORY;
	size_t size = to->name_size;
	const char *name = into ? volume_base(from, &size) : to->name;
	const uint64_t dir = into ? to->ino : to->dir;
	struct stat st;

	if (stat(from, &st) != 0)
		return in_errno(c, strerror(errno));
	if (S_ISDIR(st.st_mode) && !c->recursive)
		return in_errno(c, "it is a directory, which takes -r");
	if (S_ISDIR(st.st_mode) && !name) /* "dir/.": what is in it */
		return in_error(c,
				volume_items_add(&c->pending, strdup(from), dir, VOLUME_DIRECTORY));
	if (S_ISDIR(st.st_mode))
		return in_directory(c, dir, name, size);
	if (!into && to->slash)
		return in_error(c, E_NOT_DIRECTORY);
	return in_file(c, AT_FDCWD, from, 0, dir, name, size);
}

enum retwine_code retwine_volume_copy_in(struct retwine_volume *volume, const char *from,
					 const char *to, bool recursive,
					 struct retwine_volume_copied *copied,
					 struct retwine_error *error)
{
	struct volume_at at;
	struct copy_in c = {
		.volume = volume,
		.v = volume->volume,
		.recursive = recursive,
		.part = malloc(PART),
		.path = from,
		.copied = copied,
		.error = error,
	};

	if (!c.part)
		return error_no_memory(error);
	const enum err err = volume_walk(&at, c.v, to, true);
	enum retwine_code code =
		err == E_OK ? RETWINE_OK : volume_error(volume, "store to", to, err, error);

	if (code == RETWINE_OK)
		code = strcmp(from, "-") == 0 ? in_stdin(&c, &at) : in_host(&c, from, &at);
	if (code == RETWINE_OK)
		code = in_pending(&c);
	volume_items_fini(&c.pending);
	free(c.part);
	return code;
}
