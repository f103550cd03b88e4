/* A directory of the host as the third of a pair: each node is a descriptor that stays open. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/lib/volume_pair.h"

#define HOST_NODES 4096u

struct pair_host {
	char path[256];
	int fd[HOST_NODES];
};

static enum err host_error(int result)
{
	if (result >= 0)
		return E_OK;
	switch (errno) {
	case ENOENT:
		return E_NOT_FOUND;
	case EEXIST:
		return E_EXISTS;
	case ENOTDIR:
		return E_NOT_DIRECTORY;
	case EISDIR:
	case EPERM: /* a second name for a directory */
		return E_IS_DIRECTORY;
	case ENOTEMPTY:
		return E_NOT_EMPTY;
	case EINVAL:
		return E_INVALID;
	case EFBIG:
		return E_FILE_SIZE;
	case EBADF: /* a symlink's descriptor */
		return E_INVALID;
	default:
		return E_IO;
	}
}

static const char *host_name(const char *name, size_t size)
{
	static char text[VOLUME_NAME_MAX + 2];

	memcpy(text, name, size);
	text[size] = 0;
	return text;
}

struct pair_host *host_start(const char *path)
{
	struct pair_host *h = calloc(1, sizeof(*h));

	if (!h || mkdir(path, 0700) != 0)
		abort();
	snprintf(h->path, sizeof(h->path), "%s", path);
	memset(h->fd, -1, sizeof(h->fd));
	h->fd[MODEL_ROOT] = open(path, O_RDONLY | O_DIRECTORY);
	return h;
}

static int host_remove(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void host_stop(struct pair_host *h)
{
	for (uint32_t i = 0; i < HOST_NODES; i++) {
		if (h->fd[i] >= 0)
			close(h->fd[i]);
	}
	nftw(h->path, host_remove, 16, FTW_DEPTH | FTW_PHYS);
	free(h);
}

void host_node(struct pair_host *h, uint32_t node, uint32_t dir, const char *name, size_t size,
	       enum volume_type type)
{
	const int flags = type == VOLUME_SYMLINK ? O_PATH | O_NOFOLLOW
			  : type == VOLUME_FILE	 ? O_RDWR
						 : O_RDONLY;

	if (node >= HOST_NODES)
		abort();
	h->fd[node] = openat(h->fd[dir], host_name(name, size), flags | O_CLOEXEC);
}

void host_forget(struct pair_host *h, uint32_t node)
{
	if (h->fd[node] >= 0)
		close(h->fd[node]);
	h->fd[node] = -1;
}

enum err host_create(struct pair_host *h, uint32_t dir, const char *name, size_t size,
		     enum volume_type type)
{
	const char *text = host_name(name, size);

	if (type == VOLUME_DIRECTORY)
		return host_error(mkdirat(h->fd[dir], text, 0700));
	const int fd = openat(h->fd[dir], text, O_CREAT | O_EXCL | O_RDWR, 0600);

	if (fd >= 0)
		close(fd);
	return host_error(fd);
}

enum err host_symlink(struct pair_host *h, uint32_t dir, const char *name, size_t size,
		      const char *target, size_t target_size)
{
	static char text[VOLUME_LINK_MAX + 1];

	memcpy(text, target, target_size);
	text[target_size] = 0;
	return host_error(symlinkat(text, h->fd[dir], host_name(name, size)));
}

enum err host_link(struct pair_host *h, uint32_t node, uint32_t dir, const char *name, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", h->fd[node]);
	return host_error(
		linkat(AT_FDCWD, path, h->fd[dir], host_name(name, size), AT_SYMLINK_FOLLOW));
}

enum err host_unlink(struct pair_host *h, uint32_t dir, const char *name, size_t size,
		     bool directory)
{
	return host_error(
		unlinkat(h->fd[dir], host_name(name, size), directory ? AT_REMOVEDIR : 0));
}

enum err host_rename(struct pair_host *h, uint32_t dir, const char *name, size_t size,
		     uint32_t new_dir, const char *new_name, size_t new_size)
{
	char from[VOLUME_NAME_MAX + 2];

	snprintf(from, sizeof(from), "%s", host_name(name, size));
	return host_error(
		renameat(h->fd[dir], from, h->fd[new_dir], host_name(new_name, new_size)));
}

/* What an open of the node for writing would say: descriptors of directories and links are others. */
static enum err host_file(struct pair_host *h, uint32_t node)
{
	struct stat st;

	if (fstat(h->fd[node], &st) != 0)
		return E_IO;
	return S_ISDIR(st.st_mode) ? E_IS_DIRECTORY : S_ISREG(st.st_mode) ? E_OK : E_INVALID;
}

enum err host_write(struct pair_host *h, uint32_t node, const void *buf, size_t size, uint64_t off)
{
	const enum err err = host_file(h, node);
	struct stat st;

	if (err != E_OK)
		return err;
	if (off == UINT64_MAX && fstat(h->fd[node], &st) == 0)
		off = (uint64_t)st.st_size;
	return pwrite(h->fd[node], buf, size, (off_t)off) == (ssize_t)size ? E_OK : E_IO;
}

enum err host_read(struct pair_host *h, uint32_t node, void *buf, size_t size, uint64_t off,
		   size_t *done)
{
	const enum err err = host_file(h, node);

	if (err != E_OK)
		return err;
	const ssize_t n = pread(h->fd[node], buf, size, (off_t)off);

	*done = n < 0 ? 0 : (size_t)n;
	return host_error((int)n);
}

enum err host_set_size(struct pair_host *h, uint32_t node, uint64_t size)
{
	const enum err err = host_file(h, node);

	return err != E_OK ? err : host_error(ftruncate(h->fd[node], (off_t)size));
}

void host_stat(struct pair_host *h, uint32_t node, uint64_t *size, uint64_t *nlink)
{
	struct stat st;
	const bool ok = fstat(h->fd[node], &st) == 0;

	*size = ok ? (uint64_t)st.st_size : UINT64_MAX;
	*nlink = ok ? st.st_nlink : UINT64_MAX;
}

uint64_t host_count(struct pair_host *h, uint32_t dir)
{
	const int fd = openat(h->fd[dir], ".", O_RDONLY | O_DIRECTORY);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	uint64_t count = 0;

	if (!d)
		return UINT64_MAX;
	for (const struct dirent *e = readdir(d); e; e = readdir(d))
		count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(d);
	return count;
}
