/*
 * A VFS for SQLite over volume/volume.h, natively: a sync is a commit, all else is a plain file. For
 * tests and measurements. One volume at a time.
 */
#ifndef TEST_LIB_VOLUME_SQLITE_H
#define TEST_LIB_VOLUME_SQLITE_H

#include "volume/volume.h"

#define VOLUME_SQLITE_VFS "retwine-volume"

/* From now on the VFS of that name keeps its files in the root directory of this volume; it is registered
 * at the first call, and is not the default. */
void volume_sqlite_use(struct volume *v);
/* What a sync calls first, and last with what the commit said; NULL: nothing. */
void volume_sqlite_watch(void (*begin)(void *context), void (*end)(void *context, enum err err),
			 void *context);

#endif
