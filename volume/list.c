/*
 * Listing a directory.
 * Trust: the cookie is the program's: any number stands for some position.
 * Invariant: names come in the order of their positions, and a position stays its name's; so what exists
 * all the time is given exactly once.
 */
#include "base/err.h"
#include "volume/dir.h"
#include "volume/inode.h"

static enum err readdir_locked(struct volume *v, uint64_t ino, uint64_t from,
			       bool (*take)(void *context, const struct volume_dirent *entry),
			       void *context)
{
	struct volume_inode dir;
	struct volume_entry e;
	enum err err = ino < VOLUME_ROOT ? E_NOT_FOUND : volume_inode_load(v, ino, &dir);

	if (!err && dir.type != VOLUME_DIRECTORY)
		err = E_NOT_DIRECTORY;
	if (err)
		return err;
	while ((err = volume_dir_next(v, &dir, from, &e)) == E_OK) {
		const struct volume_dirent entry = {
			.ino = e.ino,
			.next = e.position + 1,
			.type = e.type,
			.name = e.name,
			.name_size = e.name_size,
		};

		if (entry.next == 0)
			return E_VOLUME_FORMAT;
		if (!take(context, &entry))
			return E_OK;
		from = entry.next;
	}
	return err == E_NOT_FOUND ? E_OK : err;
}

enum err volume_readdir(struct volume *v, uint64_t dir, uint64_t cookie,
			bool (*take)(void *context, const struct volume_dirent *entry),
			void *context)
{
	mutex_lock(&v->lock);
	const enum err err = readdir_locked(v, dir, cookie, take, context);

	mutex_unlock(&v->lock);
	return err;
}
