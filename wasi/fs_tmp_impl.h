/*
 * What the files of the file system in memory share: nodes, their place in the tree, and the bytes of
 * files. Not for others.
 */
#ifndef WASI_FS_TMP_IMPL_H
#define WASI_FS_TMP_IMPL_H

#include "base/mutex.h"
#include "wasi/fs_tmp.h"

#define TMP_BLOCK_SIZE 4096u

struct tmp_node;

/* A name in a directory. */
struct tmp_entry {
	struct tmp_entry *hash_next;
	struct tmp_entry *next, *prev; /* in the directory, by rising seq */
	struct tmp_node *dir;
	struct tmp_node *node; /* a reference */
	uint64_t seq;	       /* the cookie that begins with it */
	uint32_t hash;
	uint32_t size;
	char name[];
};

/* The whole file system. It lives as long as its root. */
struct tmp_fs {
	struct mutex lock; /* of everything below, and of all nodes */
	uint64_t used;	   /* bytes charged */
	uint64_t limit;
	uint32_t node_count;
	uint64_t last_ino;
	uint64_t last_time; /* greatest time given to a change */
	struct tmp_entry **table;
	size_t table_size; /* a power of two */
	size_t entry_count;
};

struct tmp_node {
	struct fs_node node;
	struct tmp_fs *fs;
	uint64_t ino;
	uint64_t atim, mtim, ctim;
	uint32_t nlink;	  /* of a directory that was removed: 0 */
	bool changed;	  /* mtim and ctim are to be set when somebody looks */
	uint64_t size;	  /* of a file, or of a link's target */
	uint8_t **blocks; /* of a file; NULL where nothing was written: zeros */
	size_t block_count;
	char *target;		/* of a link */
	struct tmp_node *above; /* of a directory in the tree: where it is; the root's is itself */
	struct tmp_entry *first, *last;
	struct tmp_entry *hint; /* where a listing went on last, or NULL */
	uint64_t next_seq;
};

/* Takes bytes of what the file system may hold. NOSPC. */
MUST_USE enum wasi_errno tmp_charge(struct tmp_fs *fs, uint64_t size);
void tmp_give_back(struct tmp_fs *fs, uint64_t size);

/* Names, all under the lock. The entry of one; NULL: there is none. */
struct tmp_entry *tmp_find(const struct tmp_node *dir, struct name name);

/* An entry that is in no directory yet. NOSPC, NOMEM. */
MUST_USE enum wasi_errno tmp_entry_new(struct tmp_fs *fs, struct name name, struct tmp_entry **out);
void tmp_entry_free(struct tmp_fs *fs, struct tmp_entry *e);

/* Puts it at the end of dir and takes the reference to node over. */
void tmp_entry_place(struct tmp_entry *e, struct tmp_node *dir, struct tmp_node *node);

/* Takes it out of its directory and frees it; the reference to its node is the caller's then. */
struct tmp_node *tmp_entry_take(struct tmp_entry *e);

/* Operations on a file's bytes, under the lock. */
enum wasi_errno tmp_data_read(const struct tmp_node *n, void *buf, size_t size, uint64_t off,
			      size_t *done);
enum wasi_errno tmp_data_write(struct tmp_node *n, const void *buf, size_t size, uint64_t off,
			       size_t *done);
enum wasi_errno tmp_data_resize(struct tmp_node *n, uint64_t size);
enum wasi_errno tmp_data_allocate(struct tmp_node *n, uint64_t off, uint64_t len);
void tmp_data_free(struct tmp_node *n);

#endif
