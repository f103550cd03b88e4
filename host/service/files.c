/*
 * Calls on one open file, and opening.
 * Trust: arguments are the enclave's claims. Data go between the kernel and the slot directly.
 * Invariant: a symlink is never followed, opening never waits, every descriptor is close-on-exec.
 */
#include "host/service/impl.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/checked.h"

#define OPEN_SYNC_FLAGS (HOST_OPEN_DSYNC | HOST_OPEN_SYNC)
#define OPEN_CHANGES	(HOST_OPEN_WRITE | HOST_OPEN_CREATE | HOST_OPEN_TRUNC)
#define OPEN_KNOWN                                                                                 \
	(HOST_OPEN_READ | OPEN_CHANGES | HOST_OPEN_EXCL | HOST_OPEN_DIR | HOST_OPEN_APPEND |       \
	 HOST_OPEN_NONBLOCK | OPEN_SYNC_FLAGS)

static int sync_flags(uint64_t flags)
{
	if (flags & HOST_OPEN_SYNC)
		return O_SYNC;
	return flags & HOST_OPEN_DSYNC ? O_DSYNC : 0;
}

static bool open_flags_allowed(uint64_t flags)
{
	if (flags & ~(uint64_t)OPEN_KNOWN)
		return false;
	if ((flags & HOST_OPEN_DIR) && (flags & (OPEN_CHANGES | HOST_OPEN_APPEND)))
		return false;
	if ((flags & HOST_OPEN_EXCL) && !(flags & HOST_OPEN_CREATE))
		return false;
	return !(flags & HOST_OPEN_TRUNC) || (flags & HOST_OPEN_WRITE);
}

/* O_NONBLOCK: opening a pipe or a device must not wait. */
static int open_flags_system(uint64_t flags)
{
	int system = O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | sync_flags(flags);

	if (flags & HOST_OPEN_WRITE)
		system |= flags & HOST_OPEN_READ ? O_RDWR : O_WRONLY;
	if (flags & HOST_OPEN_CREATE)
		system |= O_CREAT;
	if (flags & HOST_OPEN_EXCL)
		system |= O_EXCL;
	if (flags & HOST_OPEN_TRUNC)
		system |= O_TRUNC;
	if (flags & HOST_OPEN_DIR)
		system |= O_DIRECTORY;
	if (flags & HOST_OPEN_APPEND)
		system |= O_APPEND;
	return system;
}

/* With O_DIRECTORY the kernel says "not a directory" of a symlink, too. */
static enum host_errno open_dir_error(int dir_fd, const char *name)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
		return HOST_LOOP;
	return HOST_NOTDIR;
}

static enum host_errno open_at(int dir_fd, const char *name, uint64_t flags,
			       struct service_file *out)
{
	out->fd = openat(dir_fd, name, open_flags_system(flags), 0666);
	if (out->fd == -1 && errno == EACCES && (flags & HOST_OPEN_DIR)) {
		out->fd = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		out->search = true;
	}
	if (out->fd != -1)
		return HOST_SUCCESS;
	if (errno == ENOTDIR && (flags & HOST_OPEN_DIR))
		return open_dir_error(dir_fd, name);
	return service_errno(errno);
}

/* One writer, or readers, of a regular file: as host/volume_file.c leases it. Before the lease nothing has
 * changed, since such a file is never opened with TRUNC. */
static enum host_errno open_lease(int fd, uint64_t flags)
{
	const int kind = flags & HOST_OPEN_WRITE ? LOCK_EX : LOCK_SH;
	struct stat st;

	if (fstat(fd, &st) == -1)
		return service_errno(errno);
	if (!S_ISREG(st.st_mode))
		return HOST_ACCES;
	if (flock(fd, kind | LOCK_NB) == 0)
		return HOST_SUCCESS;
	return errno == EWOULDBLOCK ? HOST_BUSY : service_errno(errno);
}

enum host_errno service_do_open(struct service_job *job, struct service_file *dir)
{
	uint64_t flags = job->request.arg[1];
	struct service_file file = {
		.read_only = dir->read_only, .may_read = true, .may_write = true};
	struct service_name name;
	struct stat st;
	enum host_errno error = service_name_take(job, 0, job->request.in_size, &name);

	if (error != HOST_SUCCESS)
		return error;
	if (!open_flags_allowed(flags))
		return HOST_INVAL;
	if (dir->listens || dir->connected)
		return HOST_NOTDIR;
	if (dir->read_only && (flags & OPEN_CHANGES))
		return HOST_ROFS;
	if (dir->leased && (flags & (HOST_OPEN_TRUNC | HOST_OPEN_DIR)))
		return HOST_ACCES;
	error = service_file_room(job->service);
	if (error == HOST_SUCCESS)
		error = open_at(dir->fd, name.text, flags, &file);
	if (error != HOST_SUCCESS)
		return error;
	if (dir->leased)
		error = open_lease(file.fd, flags);
	if (error == HOST_SUCCESS && fstat(file.fd, &st) == -1)
		error = service_errno(errno);
	if (error != HOST_SUCCESS) {
		close(file.fd);
		return error;
	}
	file.stream = !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
	atomic_init(&file.nonblock, (flags & HOST_OPEN_NONBLOCK) != 0);
	return service_file_add(job->service, &file, &job->value);
}

enum host_errno service_do_close(struct service_job *job, UNUSED struct service_file *file)
{
	return service_file_close(job->service, job->request.arg[0]);
}

static enum host_errno read_done(struct service_job *job, ssize_t n)
{
	if (n < 0)
		return service_errno(errno);
	job->out_size = (uint32_t)n;
	return HOST_SUCCESS;
}

static ssize_t stream_move(const struct service_file *file, short events, uint8_t *p, size_t size)
{
	return events == POLLIN ? read(file->fd, p, size) : write(file->fd, p, size);
}

/*
 * Reads from a stream (POLLIN) or writes to it (POLLOUT) after service_wait; EAGAIN: it is to be
 * waited for again. What the wait saw another thread may have taken, and a standard stream is not in
 * non-blocking mode, so it is looked at again under a lock: of all of them, since two may be one pipe.
 */
static ssize_t stream_use(struct host_service *s, const struct service_file *file, short events,
			  uint8_t *p, size_t size)
{
	struct pollfd fd = {.fd = file->fd, .events = events};
	ssize_t n = -1;

	if (!file->borrowed)
		return stream_move(file, events, p, size);
	pthread_mutex_lock(&s->stream_lock);
	errno = EAGAIN;
	if (poll(&fd, 1, 0) > 0)
		n = stream_move(file, events, p, size);
	pthread_mutex_unlock(&s->stream_lock);
	return n;
}

enum host_errno service_do_read(struct service_job *job, struct service_file *file)
{
	if (!file->may_read)
		return HOST_BADF;
	for (;;) {
		enum host_errno error = HOST_SUCCESS;

		if (file->stream)
			error = service_wait(job->service, file, POLLIN);
		if (error != HOST_SUCCESS)
			return error;
		ssize_t n = file->stream ? stream_use(job->service, file, POLLIN, job->data,
						      job->request.out_max)
					 : read(file->fd, job->data, job->request.out_max);
		bool again = file->stream && n < 0 && errno == EAGAIN;

		if (n >= 0 || (errno != EINTR && !again))
			return read_done(job, n);
	}
}

enum host_errno service_do_pread(struct service_job *job, struct service_file *file)
{
	uint64_t off = job->request.arg[1];
	ssize_t n;

	if (off > INT64_MAX)
		return HOST_INVAL;
	do
		n = pread(file->fd, job->data, job->request.out_max, (off_t)off);
	while (n < 0 && errno == EINTR);
	return read_done(job, n);
}

/*
 * To a stream: pieces that a pipe takes whole once it is ready for writing, so that the wait stays
 * in poll, where it can be interrupted. The count so far, or -1 and *error.
 */
static ssize_t stream_write(struct service_job *job, const struct service_file *file,
			    enum host_errno *error)
{
	size_t size = job->request.in_size, done = 0;

	do {
		size_t piece = size - done < PIPE_BUF ? size - done : PIPE_BUF;

		*error = service_wait(job->service, file, POLLOUT);
		if (*error != HOST_SUCCESS)
			break;
		ssize_t n = stream_use(job->service, file, POLLOUT, job->data + done, piece);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR && errno != EAGAIN) {
			*error = service_errno(errno);
			break;
		}
	} while (done < size);
	return done == 0 && *error != HOST_SUCCESS ? -1 : (ssize_t)done;
}

static ssize_t file_write(struct service_job *job, const struct service_file *file,
			  enum host_errno *error)
{
	bool at_offset = job->request.call == HOST_CALL_PWRITE;
	size_t size = job->request.in_size;
	ssize_t n;

	do
		n = at_offset ? pwrite(file->fd, job->data, size, (off_t)job->request.arg[1])
			      : write(file->fd, job->data, size);
	while (n < 0 && errno == EINTR);
	*error = n < 0 ? service_errno(errno) : HOST_SUCCESS;
	return n;
}

/* A write to what may be on a disk of the owner's, whose limit it uses up; neither a standard stream
 * nor a connection is. */
static enum host_errno limited_write(struct service_job *job, const struct service_file *file)
{
	struct host_service *s = job->service;
	uint64_t size = file->borrowed || file->connected ? 0 : job->request.in_size;
	enum host_errno error;

	if (!service_take(&s->disk_used, size, s->limits.disk_bytes))
		return HOST_NOSPC;
	bool streaming = file->stream && job->request.call == HOST_CALL_WRITE;
	ssize_t n = streaming ? stream_write(job, file, &error) : file_write(job, file, &error);

	if (size != 0)
		service_give(&s->disk_used, size - (n < 0 ? 0 : (uint64_t)n), s->limits.disk_bytes);
	if (n < 0)
		return error;
	job->value = (uint64_t)n;
	return HOST_SUCCESS;
}

enum host_errno service_do_write(struct service_job *job, struct service_file *file)
{
	return file->may_write ? limited_write(job, file) : HOST_BADF;
}

/* What lies between the end of the file and `off` counts as written: not every file system keeps holes. On an
 * error nothing is taken. */
static enum host_errno hole_take(struct host_service *s, const struct service_file *file,
				 uint64_t off, uint64_t *hole)
{
	struct stat st;

	if (s->limits.disk_bytes == 0)
		return HOST_SUCCESS;
	if (fstat(file->fd, &st) == -1)
		return service_errno(errno);
	const uint64_t size = st.st_size < 0 ? 0 : (uint64_t)st.st_size;
	const uint64_t bytes = off > size ? off - size : 0;

	if (!service_take(&s->disk_used, bytes, s->limits.disk_bytes))
		return HOST_NOSPC;
	*hole = bytes;
	return HOST_SUCCESS;
}

enum host_errno service_do_pwrite(struct service_job *job, struct service_file *file)
{
	struct host_service *s = job->service;
	uint64_t hole = 0;

	if (job->request.arg[1] > INT64_MAX)
		return HOST_INVAL;
	enum host_errno error = hole_take(s, file, job->request.arg[1], &hole);

	if (error == HOST_SUCCESS)
		error = limited_write(job, file);
	if (error != HOST_SUCCESS)
		service_give(&s->disk_used, hole, s->limits.disk_bytes);
	return error;
}

enum host_file_type service_type_of_mode(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return HOST_TYPE_FILE;
	case S_IFDIR:
		return HOST_TYPE_DIR;
	case S_IFLNK:
		return HOST_TYPE_LINK;
	case S_IFCHR:
		return HOST_TYPE_CHAR;
	case S_IFBLK:
		return HOST_TYPE_BLOCK;
	case S_IFIFO:
		return HOST_TYPE_FIFO;
	case S_IFSOCK:
		return HOST_TYPE_SOCKET;
	default:
		return HOST_TYPE_UNKNOWN;
	}
}

void service_stat_write(struct service_job *job, const struct stat *st)
{
	struct host_stat out = {
		.dev = st->st_dev,
		.ino = st->st_ino,
		.nlink = st->st_nlink,
		.size = st->st_size < 0 ? 0 : (uint64_t)st->st_size,
		.atime = service_nanoseconds(st->st_atim),
		.mtime = service_nanoseconds(st->st_mtim),
		.ctime = service_nanoseconds(st->st_ctim),
		.type = service_type_of_mode(st->st_mode),
	};

	memcpy(job->data, &out, sizeof out);
	job->out_size = sizeof out;
}

enum host_errno service_do_stat(struct service_job *job, struct service_file *file)
{
	struct stat st;

	if (fstat(file->fd, &st) == -1)
		return service_errno(errno);
	service_stat_write(job, &st);
	return HOST_SUCCESS;
}

enum host_errno service_do_set_size(struct service_job *job, struct service_file *file)
{
	struct host_service *s = job->service;
	uint64_t hole = 0;

	if (job->request.arg[1] > INT64_MAX)
		return HOST_INVAL;
	enum host_errno error = hole_take(s, file, job->request.arg[1], &hole);

	if (error == HOST_SUCCESS)
		error = service_result(ftruncate(file->fd, (off_t)job->request.arg[1]));
	if (error != HOST_SUCCESS)
		service_give(&s->disk_used, hole, s->limits.disk_bytes);
	return error;
}

/* One of the two times, `set` and `set_now` being its flags. */
static bool time_of_flags(struct timespec *t, uint64_t ns, uint64_t set, uint64_t set_now)
{
	if ((set && set_now) || ns > INT64_MAX)
		return false;
	t->tv_sec = set ? (time_t)(ns / 1000000000) : 0;
	t->tv_nsec = set ? (long)(ns % 1000000000) : set_now ? UTIME_NOW : UTIME_OMIT;
	return true;
}

enum host_errno service_times(const struct service_job *job, struct timespec times[2])
{
	const uint64_t *arg = job->request.arg;
	uint64_t flags = arg[3];

	if (flags > (HOST_TIME_ATIM | HOST_TIME_ATIM_NOW | HOST_TIME_MTIM | HOST_TIME_MTIM_NOW))
		return HOST_INVAL;
	if (!time_of_flags(&times[0], arg[1], flags & HOST_TIME_ATIM, flags & HOST_TIME_ATIM_NOW))
		return HOST_INVAL;
	if (!time_of_flags(&times[1], arg[2], flags & HOST_TIME_MTIM, flags & HOST_TIME_MTIM_NOW))
		return HOST_INVAL;
	return HOST_SUCCESS;
}

enum host_errno service_do_set_times(struct service_job *job, struct service_file *file)
{
	struct timespec times[2];
	enum host_errno error = service_times(job, times);

	return error != HOST_SUCCESS ? error : service_result(futimens(file->fd, times));
}

enum host_errno service_do_sync(struct service_job *job, struct service_file *file)
{
	if (job->request.arg[1] > 1)
		return HOST_INVAL;
	return service_result(job->request.arg[1] ? fdatasync(file->fd) : fsync(file->fd));
}

enum host_errno service_do_allocate(struct service_job *job, struct service_file *file)
{
	struct host_service *s = job->service;
	uint64_t off = job->request.arg[1], len = job->request.arg[2];

	if (len == 0 || !range_inside(off, len, INT64_MAX))
		return HOST_INVAL;
	if (!service_take(&s->disk_used, len, s->limits.disk_bytes))
		return HOST_NOSPC;
	enum host_errno error = service_result(fallocate(file->fd, 0, (off_t)off, (off_t)len));

	if (error != HOST_SUCCESS)
		service_give(&s->disk_used, len, s->limits.disk_bytes);
	return error;
}

/*
 * A standard stream's open file is shared with other processes, so its flags stay: NONBLOCK is ours
 * alone (service_wait). What the kernel cannot change after opening must stay as it is.
 */
enum host_errno service_do_set_flags(struct service_job *job, struct service_file *file)
{
	uint64_t flags = job->request.arg[1];
	uint64_t fixed = file->borrowed ? flags & ~(uint64_t)HOST_OPEN_NONBLOCK : 0;

	if (fixed || (flags & ~(uint64_t)(HOST_OPEN_APPEND | HOST_OPEN_NONBLOCK | OPEN_SYNC_FLAGS)))
		return HOST_INVAL;
	if (!file->borrowed) {
		int old = fcntl(file->fd, F_GETFL);

		if (old == -1)
			return service_errno(errno);
		if ((old & O_SYNC) != sync_flags(flags))
			return HOST_INVAL;
		int new = (old & ~O_APPEND) | (flags & HOST_OPEN_APPEND ? O_APPEND : 0);

		if (fcntl(file->fd, F_SETFL, new) == -1)
			return service_errno(errno);
	}
	atomic_store(&file->nonblock, (flags & HOST_OPEN_NONBLOCK) != 0);
	return HOST_SUCCESS;
}
