/*
 * Calls that name an entry of a directory, and listing one.
 * Trust: names are the enclave's claims; each is copied in once and is one path component, so that
 * no call leaves the directory it starts from.
 * Invariant: a symlink is described, read, renamed or removed itself, never followed.
 */
#include "host/service/impl.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/heap.h"

enum host_errno service_name_take(const struct service_job *job, size_t off, size_t size,
				  struct service_name *name)
{
	if (!range_inside(off, size, job->request.in_size) || size == 0)
		return HOST_INVAL;
	if (size > HOST_NAME_SIZE_MAX)
		return HOST_NAMETOOLONG;
	service_copy_in(name->text, job->data + off, size);
	name->text[size] = 0;
	if (memchr(name->text, 0, size) || memchr(name->text, '/', size))
		return HOST_INVAL;
	if (!strcmp(name->text, ".") || !strcmp(name->text, ".."))
		return HOST_INVAL;
	return HOST_SUCCESS;
}

/* The only name of a call. */
static enum host_errno name_whole(const struct service_job *job, struct service_name *name)
{
	return service_name_take(job, 0, job->request.in_size, name);
}

enum host_errno service_do_stat_at(struct service_job *job, struct service_file *dir)
{
	struct service_name name;
	struct stat st;
	enum host_errno error = name_whole(job, &name);

	if (error != HOST_SUCCESS)
		return error;
	if (fstatat(dir->fd, name.text, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) == -1)
		return service_errno(errno);
	service_stat_write(job, &st);
	return HOST_SUCCESS;
}

enum host_errno service_do_set_times_at(struct service_job *job, struct service_file *dir)
{
	struct service_name name;
	struct timespec times[2];
	enum host_errno error = name_whole(job, &name);

	if (error == HOST_SUCCESS)
		error = service_times(job, times);
	if (error != HOST_SUCCESS)
		return error;
	return service_result(utimensat(dir->fd, name.text, times, AT_SYMLINK_NOFOLLOW));
}

enum host_errno service_do_mkdir(struct service_job *job, struct service_file *dir)
{
	struct service_name name;
	enum host_errno error = name_whole(job, &name);

	return error != HOST_SUCCESS ? error : service_result(mkdirat(dir->fd, name.text, 0777));
}

enum host_errno service_do_unlink(struct service_job *job, struct service_file *dir)
{
	struct service_name name;
	uint64_t kind = job->request.arg[1];
	enum host_errno error = name_whole(job, &name);

	if (error != HOST_SUCCESS)
		return error;
	if (kind > HOST_UNLINK_DIR)
		return HOST_INVAL;
	int flags = kind == HOST_UNLINK_DIR ? AT_REMOVEDIR : 0;

	return service_result(unlinkat(dir->fd, name.text, flags));
}

/* RENAME or LINK from one directory to another, both checked. */
typedef int two_names(int old_dir, const char *old, int new_dir, const char *new);

static int link_itself(int old_dir, const char *old, int new_dir, const char *new)
{
	return linkat(old_dir, old, new_dir, new, 0);
}

static enum host_errno two_names_into(struct service_job *job, struct service_file *dir,
				      struct service_file *new_dir, two_names *act)
{
	struct service_name old, new;
	uint64_t old_size = job->request.arg[2];
	enum host_errno error = service_name_take(job, 0, old_size, &old);

	if (error == HOST_SUCCESS)
		error = service_name_take(job, old_size, job->request.in_size - old_size, &new);
	if (error != HOST_SUCCESS)
		return error;
	if (new_dir->borrowed)
		return HOST_NOTDIR;
	if (new_dir->read_only)
		return HOST_ROFS;
	return service_result(act(dir->fd, old.text, new_dir->fd, new.text));
}

static enum host_errno two_names_run(struct service_job *job, struct service_file *dir,
				     two_names *act)
{
	struct service_file *new_dir = service_file_get(job->service, job->request.arg[1]);

	if (!new_dir)
		return HOST_BADF;
	enum host_errno error = two_names_into(job, dir, new_dir, act);

	service_file_put(job->service, new_dir);
	return error;
}

enum host_errno service_do_rename(struct service_job *job, struct service_file *dir)
{
	return two_names_run(job, dir, renameat);
}

enum host_errno service_do_link(struct service_job *job, struct service_file *dir)
{
	return two_names_run(job, dir, link_itself);
}

enum host_errno service_do_symlink(struct service_job *job, struct service_file *dir)
{
	uint64_t size = job->request.arg[1];
	struct service_name name;
	/* A size beyond the input is refused with the name that would follow it. */
	enum host_errno error = service_name_take(job, size, job->request.in_size - size, &name);

	if (error != HOST_SUCCESS)
		return error;
	if (size == 0)
		return HOST_INVAL;
	if (size > HOST_LINK_MAX)
		return HOST_NAMETOOLONG;
	char *target = heap_alloc(size + 1);

	if (!target)
		return HOST_NOMEM;
	service_copy_in(target, job->data, size);
	error = memchr(target, 0, size) ? HOST_INVAL
					: service_result(symlinkat(target, dir->fd, name.text));
	heap_free(target);
	return error;
}

enum host_errno service_do_readlink(struct service_job *job, struct service_file *dir)
{
	struct service_name name;
	enum host_errno error = name_whole(job, &name);

	if (error != HOST_SUCCESS)
		return error;
	ssize_t n = readlinkat(dir->fd, name.text, (char *)job->data, job->request.out_max);

	if (n < 0)
		return service_errno(errno);
	job->out_size = (uint32_t)n;
	return HOST_SUCCESS;
}

/* The type of a directory's entry; asked for where the file system does not say. */
static enum host_file_type entry_type(int dir_fd, const struct dirent64 *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return service_type_of_mode((mode_t)DTTOIF(entry->d_type));
	if (fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) == -1)
		return HOST_TYPE_UNKNOWN;
	return service_type_of_mode(st.st_mode);
}

/* Appends the entry to the output; false when it has no room there. */
static bool entry_write(struct service_job *job, int dir_fd, const struct dirent64 *entry)
{
	size_t name_size = strlen(entry->d_name);
	size_t padding = -name_size & 7u;

	if (name_size > HOST_NAME_SIZE_MAX)
		return true; /* a name that the boundary cannot carry: left out */
	struct host_dirent out = {
		.ino = entry->d_ino,
		.next = (uint64_t)entry->d_off,
		.type = entry_type(dir_fd, entry),
		.name_size = (uint32_t)name_size,
	};

	if (sizeof out + name_size + padding > job->request.out_max - job->out_size)
		return false;
	uint8_t *p = job->data + job->out_size;

	memcpy(p, &out, sizeof out);
	memcpy(p + sizeof out, entry->d_name, name_size);
	memset(p + sizeof out + name_size, 0, padding);
	job->out_size += (uint32_t)(sizeof out + name_size + padding);
	return true;
}

/* Appends `size` bytes of the kernel's records as far as they fit; false when one did not. */
static bool batch_write(struct service_job *job, int dir_fd, const uint8_t *batch, size_t size)
{
	for (size_t off = 0; off < size;) {
		const struct dirent64 *entry = (const void *)(batch + off);

		if (!entry_write(job, dir_fd, entry))
			return false;
		off += entry->d_reclen;
	}
	return true;
}

/*
 * Cookies are the kernel's own (d_off): position, then read on. No more is asked of the kernel than
 * the output can take, so that hardly an entry is read twice.
 */
static enum host_errno dir_read(struct service_job *job, int fd)
{
	struct host_service *s = job->service;
	bool room = true;

	if (lseek(fd, (off_t)job->request.arg[1], SEEK_SET) == -1)
		return service_errno(errno);
	while (room) {
		size_t left = job->request.out_max - job->out_size;

		if (left < sizeof(struct host_dirent) + HOST_NAME_SIZE_MAX + 1)
			break;
		size_t ask = left < sizeof s->dir_batch ? left : sizeof s->dir_batch;
		ssize_t n = getdents64(fd, s->dir_batch, ask);

		if (n < 0)
			return service_errno(errno);
		if (n == 0)
			break;
		room = batch_write(job, fd, s->dir_batch, (size_t)n);
	}
	return HOST_SUCCESS;
}

enum host_errno service_do_readdir(struct service_job *job, struct service_file *dir)
{
	if (job->request.out_max < sizeof(struct host_dirent) + HOST_NAME_SIZE_MAX + 1)
		return HOST_INVAL;
	if (job->request.arg[1] > INT64_MAX)
		return HOST_INVAL;
	pthread_mutex_lock(&job->service->dir_lock);
	enum host_errno error = dir_read(job, dir->fd);

	pthread_mutex_unlock(&job->service->dir_lock);
	return error;
}
