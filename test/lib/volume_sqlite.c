/* SQLite's files in the root directory of a volume. */
#include "test/lib/volume_sqlite.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

struct sqlite_on_volume {
	sqlite3_file file; /* first: SQLite knows only it */
	uint64_t ino;
	bool delete_on_close;
	char name[VOLUME_NAME_MAX + 1];
};

static struct volume *g_volume;
static void (*g_begin)(void *context);
static void (*g_end)(void *context, enum err err);
static void *g_context;
static uint64_t g_names; /* of files without one */

static struct sqlite_on_volume *file_of(sqlite3_file *file)
{
	return (struct sqlite_on_volume *)(void *)file;
}

static int result_of(enum err err, int otherwise)
{
	return err == E_OK ? SQLITE_OK : err == E_NO_SPACE ? SQLITE_FULL : otherwise;
}

static enum err vfs_commit(void)
{
	if (g_begin)
		g_begin(g_context);
	const enum err err = volume_commit(g_volume);

	if (g_end)
		g_end(g_context, err);
	return err;
}

static int vfs_close(sqlite3_file *file)
{
	struct sqlite_on_volume *f = file_of(file);

	volume_release(g_volume, f->ino);
	if (f->delete_on_close)
		(void)!volume_unlink(g_volume, VOLUME_ROOT, f->name, strlen(f->name));
	return SQLITE_OK;
}

static int vfs_read(sqlite3_file *file, void *buf, int size, sqlite3_int64 off)
{
	size_t done;
	const enum err err =
		volume_read(g_volume, file_of(file)->ino, buf, (size_t)size, (uint64_t)off, &done);

	if (err != E_OK)
		return SQLITE_IOERR_READ;
	if (done == (size_t)size)
		return SQLITE_OK;
	memset((char *)buf + done, 0, (size_t)size - done);
	return SQLITE_IOERR_SHORT_READ;
}

static int vfs_write(sqlite3_file *file, const void *buf, int size, sqlite3_int64 off)
{
	const char *p = buf;
	size_t left = (size_t)size, done;
	uint64_t at = (uint64_t)off;

	while (left > 0) {
		const enum err err = volume_write(g_volume, file_of(file)->ino, p, left, at, &done);

		if (err != E_OK)
			return result_of(err, SQLITE_IOERR_WRITE);
		p += done;
		at += done;
		left -= done;
	}
	return SQLITE_OK;
}

static int vfs_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return result_of(volume_set_size(g_volume, file_of(file)->ino, (uint64_t)size),
			 SQLITE_IOERR_TRUNCATE);
}

static int vfs_sync(sqlite3_file *file, int flags)
{
	(void)file;
	(void)flags;
	return result_of(vfs_commit(), SQLITE_IOERR_FSYNC);
}

static int vfs_size(sqlite3_file *file, sqlite3_int64 *size)
{
	struct volume_stat st;

	if (volume_stat(g_volume, file_of(file)->ino, &st) != E_OK)
		return SQLITE_IOERR_FSTAT;
	*size = (sqlite3_int64)st.size;
	return SQLITE_OK;
}

static int vfs_lock(sqlite3_file *file, int level)
{
	(void)file;
	(void)level;
	return SQLITE_OK;
}

static int vfs_reserved(sqlite3_file *file, int *out)
{
	(void)file;
	*out = 0;
	return SQLITE_OK;
}

static int vfs_control(sqlite3_file *file, int op, void *arg)
{
	(void)file;
	(void)op;
	(void)arg;
	return SQLITE_NOTFOUND;
}

static int vfs_sector(sqlite3_file *file)
{
	(void)file;
	return (int)VOLUME_BLOCK_SIZE;
}

static int vfs_abilities(sqlite3_file *file)
{
	(void)file;
	return 0;
}

static const sqlite3_io_methods g_methods = {
	.iVersion = 1,
	.xClose = vfs_close,
	.xRead = vfs_read,
	.xWrite = vfs_write,
	.xTruncate = vfs_truncate,
	.xSync = vfs_sync,
	.xFileSize = vfs_size,
	.xLock = vfs_lock,
	.xUnlock = vfs_lock,
	.xCheckReservedLock = vfs_reserved,
	.xFileControl = vfs_control,
	.xSectorSize = vfs_sector,
	.xDeviceCharacteristics = vfs_abilities,
};

/* The file of that name, made if that is wished for; held. */
static enum err vfs_find(struct sqlite_on_volume *f, int flags)
{
	const size_t size = strlen(f->name);
	enum volume_type type;
	enum err err = volume_lookup(g_volume, VOLUME_ROOT, f->name, size, &f->ino, &type);

	if (err == E_NOT_FOUND && flags & SQLITE_OPEN_CREATE)
		err = volume_create(g_volume, VOLUME_ROOT, f->name, size, VOLUME_FILE, &f->ino);
	return err == E_OK ? volume_hold(g_volume, f->ino) : err;
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	struct sqlite_on_volume *f = file_of(file);

	(void)vfs;
	memset(f, 0, sizeof(*f));
	if (name)
		sqlite3_snprintf(sizeof(f->name), f->name, "%s", name);
	else
		sqlite3_snprintf(sizeof(f->name), f->name, "temporary-%llu", ++g_names);
	f->delete_on_close = flags & SQLITE_OPEN_DELETEONCLOSE;
	const enum err err = vfs_find(f, flags);

	if (err != E_OK)
		return result_of(err, SQLITE_CANTOPEN);
	f->file.pMethods = &g_methods;
	if (out)
		*out = flags;
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	const enum err err = volume_unlink(g_volume, VOLUME_ROOT, name, strlen(name));

	(void)vfs;
	if (err == E_NOT_FOUND)
		return SQLITE_IOERR_DELETE_NOENT;
	if (err != E_OK)
		return result_of(err, SQLITE_IOERR_DELETE);
	return sync ? result_of(vfs_commit(), SQLITE_IOERR_DIR_FSYNC) : SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
	enum volume_type type;
	uint64_t ino;
	const enum err err = volume_lookup(g_volume, VOLUME_ROOT, name, strlen(name), &ino, &type);

	(void)vfs;
	(void)flags;
	*out = err == E_OK;
	return err == E_OK || err == E_NOT_FOUND ? SQLITE_OK : SQLITE_IOERR_ACCESS;
}

static int vfs_path(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
	(void)vfs;
	sqlite3_snprintf(size, out, "%s", name);
	return SQLITE_OK;
}

static int vfs_random(sqlite3_vfs *vfs, int size, char *out)
{
	(void)vfs;
	memset(out, 0x5a, (size_t)size);
	return size;
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds)
{
	(void)vfs;
	return microseconds;
}

static int vfs_time(sqlite3_vfs *vfs, double *out)
{
	(void)vfs;
	*out = 2460000.5;
	return SQLITE_OK;
}

static int vfs_error(sqlite3_vfs *vfs, int size, char *out)
{
	(void)vfs;
	(void)size;
	(void)out;
	return 0;
}

static sqlite3_vfs g_vfs = {
	.iVersion = 1,
	.szOsFile = sizeof(struct sqlite_on_volume),
	.mxPathname = VOLUME_NAME_MAX,
	.zName = VOLUME_SQLITE_VFS,
	.xOpen = vfs_open,
	.xDelete = vfs_delete,
	.xAccess = vfs_access,
	.xFullPathname = vfs_path,
	.xRandomness = vfs_random,
	.xSleep = vfs_sleep,
	.xCurrentTime = vfs_time,
	.xGetLastError = vfs_error,
};

void volume_sqlite_use(struct volume *v)
{
	if (!g_vfs.pNext && !sqlite3_vfs_find(VOLUME_SQLITE_VFS) &&
	    sqlite3_vfs_register(&g_vfs, 0) != SQLITE_OK)
		abort();
	g_volume = v;
}

void volume_sqlite_watch(void (*begin)(void *context), void (*end)(void *context, enum err err),
			 void *context)
{
	g_begin = begin;
	g_end = end;
	g_context = context;
}
