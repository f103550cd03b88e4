/*
 * Databases without a journal on the disk, by the volume's atomic commit. A layer over SQLite's own "unix-none":
 * journals, where there must be one, and files for sorting go straight to it.
 *
 * A transaction. SQLite keeps its rollback journal in memory and hands the changed pages over in one go (BEGIN,
 * write..., COMMIT of SQLITE_IOCAP_BATCH_ATOMIC). They are kept until COMMIT; then they are written in place, and
 * fsync makes all of them durable at once: a crash before it leaves the database as it was. Before the first one is
 * written the volume is asked whether it has room for all: so a full volume is an error of this transaction alone.
 *
 * SQLite falls back to a journal in a file by itself where this does not do: a transaction that outgrows the
 * page cache, or that changes several databases.
 */
#include "volume_vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sqlite3.h"

#ifndef SQLITE_IOCAP_SUBPAGE_READ
#define SQLITE_IOCAP_SUBPAGE_READ 0x00008000
#endif

/* The upper half of the st_dev of all that lies on a volume. */
#define VOLUME_DEVICE 0x52545756u

/* A page on its way. */
struct page {
	struct page *next;
	sqlite3_int64 off;
	int size;
	unsigned char bytes[];
};

/* A database and who in this program has it open. */
struct database {
	struct database *next;
	struct volume_file *writer; /* holds RESERVED or more */
	int files;
	int readers; /* hold SHARED or more */
	char path[];
};

struct volume_file {
	sqlite3_file base;
	sqlite3_file *real; /* lies behind this struct */
	struct database *database;
	int lock;
	bool written; /* since the last fsync */
	bool batch;   /* between BEGIN and COMMIT */
	struct page *pages, **last;
	sqlite3_int64 pages_size;
	int fd; /* of the same file */
};

static struct database *g_databases;
static sqlite3_vfs *g_unix;

static struct volume_file *volume_file(sqlite3_file *file)
{
	return (struct volume_file *)file;
}

/* ---- locks: one program has a volume, so they are a matter of its own connections ----------------------- */

static struct database *database_join(const char *path)
{
	struct database *d = g_databases;

	while (d && strcmp(d->path, path) != 0)
		d = d->next;
	if (!d) {
		size_t size = strlen(path) + 1;

		d = sqlite3_malloc64(sizeof(*d) + size);
		if (!d)
			return NULL;
		*d = (struct database){.next = g_databases};
		memcpy(d->path, path, size);
		g_databases = d;
	}
	d->files++;
	return d;
}

static void database_leave(struct database *gone)
{
	struct database **d = &g_databases;

	if (--gone->files > 0)
		return;
	while (*d != gone)
		d = &(*d)->next;
	*d = gone->next;
	sqlite3_free(gone);
}

static int volume_lock(sqlite3_file *file, int level)
{
	struct volume_file *f = volume_file(file);
	struct database *d = f->database;

	if (level <= f->lock)
		return SQLITE_OK;
	if (d->writer && d->writer != f &&
	    (level > SQLITE_LOCK_SHARED || d->writer->lock >= SQLITE_LOCK_PENDING))
		return SQLITE_BUSY;
	if (f->lock == SQLITE_LOCK_NONE)
		d->readers++;
	if (level > SQLITE_LOCK_SHARED)
		d->writer = f;
	if (level == SQLITE_LOCK_EXCLUSIVE && d->readers > 1) {
		f->lock = SQLITE_LOCK_PENDING;
		return SQLITE_BUSY;
	}
	f->lock = level;
	return SQLITE_OK;
}

static int volume_unlock(sqlite3_file *file, int level)
{
	struct volume_file *f = volume_file(file);

	if (level >= f->lock)
		return SQLITE_OK;
	if (f->database->writer == f)
		f->database->writer = NULL;
	if (level == SQLITE_LOCK_NONE)
		f->database->readers--;
	f->lock = level;
	return SQLITE_OK;
}

static int volume_check_reserved(sqlite3_file *file, int *reserved)
{
	*reserved = volume_file(file)->database->writer != NULL;
	return SQLITE_OK;
}

/* ---- the transaction --------------------------------------------------------------------------------------- */

/* The pages are forgotten. */
static void volume_end(struct volume_file *f)
{
	for (struct page *p = f->pages, *next; p; p = next) {
		next = p->next;
		sqlite3_free(p);
	}
	f->pages = NULL;
	f->last = &f->pages;
	f->pages_size = 0;
	f->batch = false;
}

static int volume_keep(struct volume_file *f, const void *bytes, int size, sqlite3_int64 off)
{
	struct page *p = sqlite3_malloc64(sizeof(*p) + (sqlite3_uint64)size);

	if (!p)
		return SQLITE_IOERR_NOMEM;
	*p = (struct page){.off = off, .size = size};
	memcpy(p->bytes, bytes, (size_t)size);
	*f->last = p;
	f->last = &p->next;
	f->pages_size += size;
	return SQLITE_OK;
}

/* Is there room for all pages, each with a block of the volume's own that refers to it? The file may have grown by
 * the question. */
static int volume_ask_for_room(struct volume_file *f)
{
	switch (posix_fallocate(f->fd, 0, 2 * f->pages_size + 65536)) {
	case 0:
		return SQLITE_OK;
	case ENOSPC:
		return SQLITE_FULL;
	default:
		return SQLITE_IOERR_COMMIT_ATOMIC;
	}
}

static int volume_write_pages(struct volume_file *f, sqlite3_int64 size)
{
	const sqlite3_io_methods *real = f->real->pMethods;
	int status = SQLITE_OK;

	for (const struct page *p = f->pages; p && status == SQLITE_OK; p = p->next) {
		status = real->xWrite(f->real, p->bytes, p->size, p->off);
		if (p->off + p->size > size)
			size = p->off + p->size;
	}
	return status == SQLITE_OK ? real->xTruncate(f->real, size) : status;
}

static int volume_sync(sqlite3_file *file, int flags)
{
	struct volume_file *f = volume_file(file);
	int status = f->written ? f->real->pMethods->xSync(f->real, flags) : SQLITE_OK;

	if (status == SQLITE_OK)
		f->written = false;
	return status;
}

/* If writing fails now there is half a transaction in the file, which must not become durable with whatever is
 * synced next: the program ends, and the last commit stands. On a volume that has failed (EROFS) none will be. */
static int volume_commit(struct volume_file *f)
{
	sqlite3_int64 size;
	int status = f->real->pMethods->xFileSize(f->real, &size);

	if (status == SQLITE_OK)
		status = volume_ask_for_room(f);
	if (status != SQLITE_OK)
		return status;
	f->written = true;
	status = volume_write_pages(f, size);
	if (status != SQLITE_OK && errno != EROFS)
		abort();
	if (status == SQLITE_OK)
		status = volume_sync(&f->base, SQLITE_SYNC_NORMAL);
	volume_end(f);
	return status == SQLITE_OK ? SQLITE_OK : SQLITE_IOERR_COMMIT_ATOMIC;
}

static int volume_file_control(sqlite3_file *file, int op, void *arg)
{
	struct volume_file *f = volume_file(file);

	switch (op) {
	case SQLITE_FCNTL_BEGIN_ATOMIC_WRITE:
		f->batch = true;
		return SQLITE_OK;
	case SQLITE_FCNTL_COMMIT_ATOMIC_WRITE:
		return volume_commit(f);
	case SQLITE_FCNTL_ROLLBACK_ATOMIC_WRITE:
		volume_end(f);
		return SQLITE_OK;
	default:
		return f->real->pMethods->xFileControl(f->real, op, arg);
	}
}

/* ---- the file ------------------------------------------------------------------------------------------------ */

static int volume_read(sqlite3_file *file, void *buf, int size, sqlite3_int64 off)
{
	sqlite3_file *real = volume_file(file)->real;

	return real->pMethods->xRead(real, buf, size, off);
}

static int volume_write(sqlite3_file *file, const void *buf, int size, sqlite3_int64 off)
{
	struct volume_file *f = volume_file(file);

	if (f->batch)
		return volume_keep(f, buf, size, off);
	f->written = true;
	return f->real->pMethods->xWrite(f->real, buf, size, off);
}

static int volume_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct volume_file *f = volume_file(file);

	f->written = true;
	return f->real->pMethods->xTruncate(f->real, size);
}

static int volume_file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	sqlite3_file *real = volume_file(file)->real;

	return real->pMethods->xFileSize(real, size);
}

static int volume_sector_size(sqlite3_file *file)
{
	(void)file;
	return 4096;
}

/* Nothing can be seen after a crash but whole commits: so writes never overtake each other, and none spoils its
 * neighbours. */
static int volume_characteristics(sqlite3_file *file)
{
	(void)file;
	return SQLITE_IOCAP_BATCH_ATOMIC | SQLITE_IOCAP_SEQUENTIAL | SQLITE_IOCAP_SAFE_APPEND |
	       SQLITE_IOCAP_POWERSAFE_OVERWRITE | SQLITE_IOCAP_SUBPAGE_READ;
}

static int volume_close(sqlite3_file *file)
{
	struct volume_file *f = volume_file(file);

	volume_end(f);
	volume_unlock(file, SQLITE_LOCK_NONE);
	database_leave(f->database);
	close(f->fd);
	return f->real->pMethods->xClose(f->real);
}

static const sqlite3_io_methods g_methods = {
	.iVersion = 1,
	.xClose = volume_close,
	.xRead = volume_read,
	.xWrite = volume_write,
	.xTruncate = volume_truncate,
	.xSync = volume_sync,
	.xFileSize = volume_file_size,
	.xLock = volume_lock,
	.xUnlock = volume_unlock,
	.xCheckReservedLock = volume_check_reserved,
	.xFileControl = volume_file_control,
	.xSectorSize = volume_sector_size,
	.xDeviceCharacteristics = volume_characteristics,
};

/* ---- the file system ------------------------------------------------------------------------------------------- */

/* Asked of its directory, before a file is made in the wrong place. */
static bool is_on_a_volume(const char *path)
{
	const char *name = strrchr(path, '/');
	char *directory = sqlite3_mprintf("%.*s/", name ? (int)(name - path) : 0, path);
	struct stat st;
	bool is = directory && stat(directory, &st) == 0 &&
		  (uint64_t)st.st_dev >> 32 == VOLUME_DEVICE;

	sqlite3_free(directory);
	return is;
}

static int volume_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	struct volume_file *f = volume_file(file);
	int status, opened = 0;

	(void)vfs;
	if (!(flags & SQLITE_OPEN_MAIN_DB))
		return g_unix->xOpen(g_unix, name, file, flags, out);
	*f = (struct volume_file){.real = (sqlite3_file *)(f + 1)};
	if (!is_on_a_volume(name)) {
		sqlite3_log(SQLITE_CANTOPEN, "%s: not on a volume, where VFS volume is not safe",
			    name);
		return SQLITE_CANTOPEN;
	}
	status = g_unix->xOpen(g_unix, name, f->real, flags, &opened);
	if (status != SQLITE_OK)
		return status;
	if (out)
		*out = opened;
	f->database = database_join(name);
	f->fd = open(name, opened & SQLITE_OPEN_READONLY ? O_RDONLY : O_RDWR);
	volume_end(f);
	f->base.pMethods = &g_methods;
	if (f->database && f->fd >= 0)
		return SQLITE_OK;
	if (f->database)
		database_leave(f->database);
	f->real->pMethods->xClose(f->real);
	f->base.pMethods = NULL;
	return SQLITE_CANTOPEN;
}

int volume_vfs_register(int make_default)
{
	static sqlite3_vfs vfs;

	g_unix = sqlite3_vfs_find("unix-none");
	if (!g_unix)
		return SQLITE_ERROR;
	vfs = *g_unix;
	vfs.pNext = NULL;
	vfs.zName = "volume";
	vfs.szOsFile = (int)sizeof(struct volume_file) + g_unix->szOsFile;
	vfs.xOpen = volume_open;
	return sqlite3_vfs_register(&vfs, make_default);
}

int volume_vfs_init(const char *unused)
{
	(void)unused;
	return volume_vfs_register(1);
}
