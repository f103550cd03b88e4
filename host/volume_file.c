/*
 * A volume's device over a file of the host.
 * Trust: none in what is read. The lease is advisory: it keeps honest processes apart, and a volume stays
 * whole, or is found damaged, when somebody writes without it.
 */
#include "host/volume_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/words.h"

/* Paths in messages: a long one keeps its end, which tells files apart. */
#define SHOWN_MAX 300

static const char *volume_file_shown(const char *path)
{
	const size_t n = strlen(path);

	return n > SHOWN_MAX ? path + n - SHOWN_MAX : path;
}

static enum retwine_code volume_file_error(struct retwine_error *error, const char *path,
					   enum volume_file_mode mode, int e)
{
	const char *advice = "";

	if (e == ENOENT)
		advice = mode == VOLUME_FILE_CREATE ? "; create the directory first"
						    : "; check the name, or create the volume";
	else if (e == EEXIST)
		advice = "; remove it or name another";
	else if (e == EACCES)
		advice = "; give yourself permission";
	return error_set(error, RETWINE_INPUT, "cannot %s the volume %s: %s%s",
			 mode == VOLUME_FILE_CREATE ? "create" : "open", volume_file_shown(path),
			 strerror(e), advice);
}

/* A regular file above the standard streams, or an errno value. O_NONBLOCK: a FIFO must not hold us. */
static int volume_file_descriptor(int *fd, const char *path, enum volume_file_mode mode)
{
	static const int flags[] = {
		[VOLUME_FILE_READ] = O_RDONLY,
		[VOLUME_FILE_LOOK] = O_RDONLY,
		[VOLUME_FILE_WRITE] = O_RDWR,
		[VOLUME_FILE_CREATE] = O_RDWR | O_CREAT | O_EXCL,
	};
	const int low = open(path, flags[mode] | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);

	if (low < 0)
		return errno;
	*fd = fcntl(low, F_DUPFD_CLOEXEC, 3);
	const int e = *fd < 0 ? errno : 0;

	close(low);
	return e;
}

static enum retwine_code volume_file_lease(int fd, const char *path, enum volume_file_mode mode,
					   struct retwine_error *error)
{
	const bool reads = mode == VOLUME_FILE_READ;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return volume_file_error(error, path, mode, errno);
	if (!S_ISREG(st.st_mode))
		return error_set(error, RETWINE_INPUT,
				 "cannot open the volume %s: it is %s; name a file",
				 volume_file_shown(path),
				 S_ISDIR(st.st_mode) ? "a directory" : "not a regular file");
	while (mode != VOLUME_FILE_LOOK && flock(fd, (reads ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK)
			return error_set(error, RETWINE_INPUT,
					 "cannot open the volume %s: %s; wait for its end",
					 volume_file_shown(path),
					 reads ? "another process has it open for writing"
					       : "another process has it open, and there may be no "
						 "second writer");
		if (errno != EINTR)
			return volume_file_error(error, path, mode, errno);
	}
	return RETWINE_OK;
}

enum retwine_code volume_file_open(struct volume_file *file, const char *path,
				   enum volume_file_mode mode, struct retwine_error *error)
{
	int fd = -1;
	const int e = volume_file_descriptor(&fd, path, mode);

	*file = (struct volume_file){.fd = -1};
	if (e != 0)
		return volume_file_error(error, path, mode, e);
	const enum retwine_code code = volume_file_lease(fd, path, mode, error);

	if (code == RETWINE_OK)
		file->fd = fd;
	else
		close(fd);
	return code;
}

void volume_file_close(struct volume_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

/* ---- the device ---- */

static int volume_file_fd(void *context)
{
	return ((const struct volume_file *)context)->fd;
}

static enum err volume_file_errno(int e)
{
	return e == ENOSPC || e == EDQUOT || e == EFBIG ? E_NO_SPACE : E_IO;
}

/* Can these bytes be named by an off_t? */
static bool volume_file_range(uint64_t off, uint64_t size)
{
	return off <= INT64_MAX && size <= INT64_MAX - off;
}

static enum err volume_file_read(void *context, void *buf, uint64_t off, size_t size)
{
	uint8_t *p = buf;

	if (!volume_file_range(off, size))
		return E_IO;
	while (size > 0) {
		const ssize_t n = pread(volume_file_fd(context), p, size, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return E_IO;
		p += n;
		off += (uint64_t)n;
		size -= (size_t)n;
	}
	return E_OK;
}

static enum err volume_file_write(void *context, const void *buf, uint64_t off, size_t size)
{
	const uint8_t *p = buf;

	if (!volume_file_range(off, size))
		return E_NO_SPACE;
	while (size > 0) {
		const ssize_t n = pwrite(volume_file_fd(context), p, size, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? volume_file_errno(errno) : E_IO;
		p += n;
		off += (uint64_t)n;
		size -= (size_t)n;
	}
	return E_OK;
}

/* Not repeated after EINTR or any other failure: what was to be written may be lost by then. */
static enum err volume_file_sync(void *context)
{
	return fdatasync(volume_file_fd(context)) == 0 ? E_OK : E_IO;
}

static enum err volume_file_size(void *context, uint64_t *size)
{
	struct stat st;

	if (fstat(volume_file_fd(context), &st) != 0 || st.st_size < 0)
		return E_IO;
	*size = (uint64_t)st.st_size;
	return E_OK;
}

/* Space that was promised is there: a file that cannot be grown as a whole keeps its size. */
static enum err volume_file_grow(int fd, off_t from, off_t to)
{
	int e;

	do
		e = posix_fallocate(fd, from, to - from);
	while (e == EINTR);
	if (e == 0)
		return E_OK;
	const enum err err = volume_file_errno(e);

	return ftruncate(fd, from) == 0 ? err : E_IO;
}

static enum err volume_file_set_size(void *context, uint64_t size)
{
	const int fd = volume_file_fd(context);
	uint64_t now = 0;
	const enum err err = volume_file_size(context, &now);

	if (err != E_OK)
		return err;
	if (size > INT64_MAX)
		return E_NO_SPACE;
	if (size > now)
		return volume_file_grow(fd, (off_t)now, (off_t)size);
	return ftruncate(fd, (off_t)size) == 0 ? E_OK : E_IO;
}

static void volume_file_ahead(void *context, uint64_t off, uint64_t size)
{
	if (volume_file_range(off, size))
		(void)posix_fadvise(volume_file_fd(context), (off_t)off, (off_t)size,
				    POSIX_FADV_WILLNEED);
}

struct volume_device volume_file_device(struct volume_file *file)
{
	return (struct volume_device){
		.context = file,
		.read = volume_file_read,
		.write = volume_file_write,
		.sync = volume_file_sync,
		.size = volume_file_size,
		.set_size = volume_file_set_size,
		.ahead = volume_file_ahead,
	};
}
