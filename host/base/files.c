/*
 * Whole files and where the enclave image is.
 * Trust: a file may change while it is read; what was read is what is used.
 */
#include "host/base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/words.h"

/* Paths in messages: a long one keeps its end, which tells files apart. */
#define SHOWN_MAX 300

static const char *path_shown(const char *path)
{
	size_t n = strlen(path);

	return n > SHOWN_MAX ? path + n - SHOWN_MAX : path;
}

/* What to do about a failed open. */
static const char *errno_advice(int e)
{
	switch (e) {
	case ENOENT:
		return "; check the name";
	case EACCES:
		return "; give yourself read permission";
	case EMFILE:
	case ENFILE:
		return "; raise the limit of open files";
	case ENOSPC:
		return "; make room";
	case EEXIST:
		return "; remove it or name another";
	default:
		return "";
	}
}

static enum retwine_code file_error(struct retwine_error *error, const char *verb, const char *what,
				    const char *path, int e)
{
	return error_set(error, RETWINE_INPUT, "cannot %s %s %s: %s%s", verb, what,
			 path_shown(path), strerror(e), errno_advice(e));
}

/* Opens and checks that it is a regular file; the size is a first guess. */
static enum retwine_code file_open(int *fd, size_t *size, const char *path, const char *what,
				   struct retwine_error *error)
{
	struct stat st;

	/* O_NONBLOCK: a FIFO must not hold us. */
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (*fd < 0)
		return file_error(error, "open", what, path, errno);
	if (fstat(*fd, &st) != 0) {
		int e = errno;

		close(*fd);
		return file_error(error, "open", what, path, e);
	}
	*size = (size_t)st.st_size;
	if (S_ISREG(st.st_mode))
		return RETWINE_OK;
	close(*fd);
	return error_set(error, RETWINE_INPUT, "cannot read %s %s: it is %s; name a file", what,
			 path_shown(path),
			 S_ISDIR(st.st_mode) ? "a directory" : "not a regular file");
}

/* Reads to the end, at most room bytes; negative errno. */
static ssize_t read_all(int fd, uint8_t *p, size_t room)
{
	size_t done = 0;

	while (done < room) {
		ssize_t n = read(fd, p + done, room - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

static enum retwine_code file_fill(struct file *file, int fd, size_t size, const char *path,
				   const char *what, struct retwine_error *error)
{
	file->p = malloc(size + 1);
	if (!file->p)
		return error_no_memory(error);
	ssize_t n = read_all(fd, file->p, size + 1);

	if (n < 0)
		return file_error(error, "read", what, path, (int)-n);
	if ((size_t)n > size)
		return error_set(error, RETWINE_INPUT,
				 "cannot read %s %s: it grows while it is read; try again", what,
				 path_shown(path));
	file->size = (size_t)n;
	return RETWINE_OK;
}

enum retwine_code file_read(struct file *file, const char *path, const char *what, size_t max,
			    struct retwine_error *error)
{
	size_t size = 0;
	int fd = -1;
	struct file read = {0};
	enum retwine_code code = file_open(&fd, &size, path, what, error);

	if (code != RETWINE_OK)
		return code;
	if (size > max)
		code = error_set(error, RETWINE_INPUT,
				 "cannot read %s %s: it is larger than %zu bytes", what,
				 path_shown(path), max);
	else
		code = file_fill(&read, fd, size, path, what, error);
	close(fd);
	if (code == RETWINE_OK)
		*file = read;
	else
		file_fini(&read);
	return code;
}

void file_fini(struct file *file)
{
	free(file->p);
	*file = (struct file){0};
}

/* Writes all and syncs; errno or 0. */
static int write_all(int fd, const uint8_t *p, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		p += n;
		size -= (size_t)n;
	}
	return fsync(fd) == 0 ? 0 : errno;
}

/* A file that was not there, whole or not at all; errno or 0. */
static int file_make(const char *path, const void *p, size_t size, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0)
		return errno;
	int e = write_all(fd, p, size);

	if (close(fd) != 0 && e == 0)
		e = errno;
	if (e != 0)
		(void)unlink(path);
	return e;
}

/* Fills the temporary file and moves it to its name; errno or 0. */
static int file_replace(const char *temporary, const char *path, const void *p, size_t size)
{
	int e = file_make(temporary, p, size, 0644);

	if (e == 0 && rename(temporary, path) != 0) {
		e = errno;
		(void)unlink(temporary);
	}
	return e;
}

enum retwine_code file_write(const char *path, const void *p, size_t size, const char *what,
			     struct retwine_error *error)
{
	struct stat st;
	char *temporary;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return error_set(error, RETWINE_INPUT,
				 "cannot write %s %s: it is not a regular file; name another", what,
				 path_shown(path));
	if (asprintf(&temporary, "%s.%ld.new", path, (long)getpid()) < 0)
		return error_no_memory(error);
	int e = file_replace(temporary, path, p, size);

	free(temporary);
	return e == 0 ? RETWINE_OK : file_error(error, "write", what, path, e);
}

enum retwine_code file_create(const char *path, const void *p, size_t size, const char *what,
			      struct retwine_error *error)
{
	int e = file_make(path, p, size, 0600);

	return e == 0 ? RETWINE_OK : file_error(error, "write", what, path, e);
}

bool file_is_same(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

enum retwine_code directory_open(int *fd, const char *path, struct retwine_error *error)
{
	int low = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (low < 0) {
		int e = errno;

		return error_set(error, RETWINE_INPUT, "cannot mount %s: %s%s", path_shown(path),
				 strerror(e),
				 e == ENOENT ? "; create the directory or correct --dir"
					     : errno_advice(e));
	}
	/* A closed standard stream must not become a mount. */
	*fd = fcntl(low, F_DUPFD_CLOEXEC, 3);
	int e = errno;

	close(low);
	if (*fd < 0)
		return error_set(error, RETWINE_FAILED, "cannot mount %s: %s%s", path_shown(path),
				 strerror(e), errno_advice(e));
	return RETWINE_OK;
}

/* The executable's real path without its last component, owned; NULL when nobody tells. */
static char *executable_directory(void)
{
	char *path = realpath("/proc/self/exe", NULL);

	if (!path) { /* no /proc: what execve was given */
		const char *given = (const char *)(uintptr_t)getauxval(AT_EXECFN);

		path = given ? realpath(given, NULL) : NULL;
	}
	char *slash = path ? strrchr(path, '/') : NULL;

	if (slash)
		*slash = 0;
	return path;
}

static enum retwine_code companion_search(char **path, const char *directory, const char *name,
					  const char *place)
{
	const char *const places[] = {"", place};
	char *found;

	for (size_t i = 0; i < COUNT_OF(places); i++) {
		if (asprintf(&found, "%s%s/%s", directory, places[i], name) < 0)
			return RETWINE_FAILED;
		if (access(found, F_OK) == 0) {
			*path = found;
			return RETWINE_OK;
		}
		free(found);
	}
	return RETWINE_INPUT;
}

enum retwine_code companion_find(char **path, const char *name, const char *place)
{
	char *directory = executable_directory();
	enum retwine_code code =
		directory ? companion_search(path, directory, name, place) : RETWINE_INPUT;

	free(directory);
	return code;
}

enum retwine_code image_find(char **path, struct retwine_error *error)
{
	enum retwine_code code = companion_find(path, IMAGE_FILE_NAME, "/../lib/retwine");

	if (code == RETWINE_FAILED)
		return error_no_memory(error);
	if (code != RETWINE_OK)
		return error_set(error, code,
				 "cannot find the enclave image: no %s beside this program or in "
				 "../lib/retwine; name it with --image",
				 IMAGE_FILE_NAME);
	return RETWINE_OK;
}

char *signature_path(const char *path)
{
	size_t n = strlen(path);
	char *out;

	if (n >= 4 && strcmp(path + n - 4, ".elf") == 0)
		n -= 4;
	return asprintf(&out, "%.*s.sig", (int)n, path) < 0 ? NULL : out;
}
