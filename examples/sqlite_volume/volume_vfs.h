/*
 * "volume": a file system of SQLite's (VFS) for programs whose database lies on a Retwine volume. What is
 * written between two fsyncs on a volume becomes durable as a whole or not at all, so a transaction needs
 * no journal on the disk: its pages are written and fsync is called once. README.md has the why, and what
 * to mind. Needs SQLite built with -DSQLITE_ENABLE_BATCH_ATOMIC_WRITE.
 */
#ifndef VOLUME_VFS_H
#define VOLUME_VFS_H

/* Makes it known; then sqlite3_open_v2(path, &db, flags, "volume") uses it, or every sqlite3_open if
 * make_default. A database in a directory that is not on a volume does not open: SQLITE_CANTOPEN, with
 * the reason in SQLite's error log. Returns SQLite's code. */
int volume_vfs_register(int make_default);

/* For -DSQLITE_EXTRA_INIT=volume_vfs_init: the default, in a program that does not know of it. */
int volume_vfs_init(const char *unused);

#endif
