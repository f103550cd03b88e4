/*
 * The trusted volume: a whole file system in one file of an untrusted host. Names, sizes, types,
 * times, directories and data stand encrypted and authenticated in one tree of blocks, which is
 * never changed in place (doc/volume.md). The host can withhold the volume or destroy it, and, where
 * no anchor stands against it, give back an older state of all of it; it can do nothing else unnoticed.
 *
 * Everything between two commits is one transaction: after a crash the volume is at the last commit
 * or at the one that was being made. Nothing is committed but by volume_commit.
 *
 * Files are named by inode numbers (64 bits, never 0), VOLUME_ROOT is the root directory. A number
 * stays valid while the file has a name or is held (volume_hold). Any number of threads may call; one
 * mutex is around each call. Buffers of reads and writes may be memory that others change meanwhile:
 * each byte is copied once, and what is read is handed out only after it was authenticated.
 *
 * Errors of all: E_IO, E_HOST (the device failed), E_VOLUME_BLOCK (what it gave is not what was
 * written), E_NOMEM; of those that change something also E_NO_SPACE, E_READ_ONLY, and E_VOLUME_BROKEN
 * after a failure that left a change half-done: nothing can be committed then, the last commit stands.
 */
#ifndef VOLUME_VOLUME_H
#define VOLUME_VOLUME_H

#include "base/cc.h"
#include "base/err.h"
#include "crypto/random.h"
#include "volume/device.h"

#define VOLUME_KEY_SIZE	  32
#define VOLUME_ID_SIZE	  16
#define VOLUME_HASH_SIZE  32
#define VOLUME_BLOCK_SIZE 4096u

#define VOLUME_ROOT	 5u		     /* inode of the root directory */
#define VOLUME_NAME_MAX	 255u		     /* bytes of a name */
#define VOLUME_LINK_MAX	 4095u		     /* bytes of a symlink's target */
#define VOLUME_LINKS_MAX 65535u		     /* names of one file */
#define VOLUME_FILE_MAX	 ((uint64_t)1 << 44) /* bytes of a file: 16 TiB */

#define VOLUME_CACHE_MIN     ((size_t)1 << 20) /* bytes */
#define VOLUME_CACHE_DEFAULT ((size_t)16 << 20)

struct volume;

/* Which state of a volume: the commit's number, and the SHA-256 of its sealed superblock. */
struct volume_state {
	uint64_t sequence;
	uint8_t root[VOLUME_HASH_SIZE];
};

/*
 * Something outside the disk that remembers the last state. A mount accepts the state that `get`
 * gives or its direct child, and puts the accepted one there; every commit puts its state there
 * before it returns. E_NOT_FOUND from get: it knows nothing of this volume, and the mount fails with
 * E_VOLUME_ANCHOR as it does for a state that does not fit. `put` must be durable on return, or fail.
 */
struct volume_anchor {
	void *context;
	enum err (*get)(void *context, const uint8_t id[VOLUME_ID_SIZE],
			struct volume_state *state);
	enum err (*put)(void *context, const uint8_t id[VOLUME_ID_SIZE],
			const struct volume_state *state);
};

struct volume_config {
	struct volume_device device;
	struct crypto_random random;
	const struct volume_anchor *anchor; /* NULL: none */
	uint64_t (*now)(void *context);	    /* ns since 1970: the host's word */
	void *now_context;
	uint8_t id[VOLUME_ID_SIZE];
	size_t cache_size; /* bytes of blocks kept in memory; 0: the default; at least VOLUME_CACHE_MIN */
	uint64_t size_max; /* of the file of the host, in bytes; 0: what the device has room for */
	bool read_only;
};

enum volume_type { VOLUME_FILE = 1, VOLUME_DIRECTORY, VOLUME_SYMLINK, VOLUME_TYPE_END };

struct volume_stat {
	uint64_t ino;
	uint64_t size; /* of a directory: its blocks in bytes */
	uint64_t atim; /* ns since 1970; changes only when it is set */
	uint64_t mtim;
	uint64_t ctim;
	uint32_t nlink;
	enum volume_type type;
};

/*
 * Writes an empty volume behind the header (volume/header.h) that the caller writes: sequence 1. The
 * anchor, if there is one, gets its state. Then it can be opened.
 */
MUST_USE enum err volume_format(const struct volume_config *config,
				const uint8_t master[VOLUME_KEY_SIZE]);

/*
 * Mounts it; *config is copied, what it points to must live until volume_close. Besides the above:
 * E_VOLUME_SUPERBLOCK (no commit is intact under this key), E_VOLUME_ANCHOR (there is one, but not
 * what the anchor names; *found and *expected then say which, sequence 0: nothing), E_VOLUME_VERSION.
 */
MUST_USE enum err volume_open(struct volume **out, const struct volume_config *config,
			      const uint8_t master[VOLUME_KEY_SIZE], struct volume_state *found,
			      struct volume_state *expected);

/* Makes everything so far durable: data, sync, superblock, sync, anchor. Nothing to commit is E_OK. */
MUST_USE enum err volume_commit(struct volume *v);

/* Lets go of it and wipes; what was not committed is lost. NULL is allowed. */
void volume_close(struct volume *v);

/* Of the last commit. */
void volume_get_state(struct volume *v, struct volume_state *state);

struct volume_usage {
	uint64_t blocks;     /* of the file of the host */
	uint64_t used;	     /* of these, reachable from the last commit or newly written */
	uint64_t cache_hits; /* blocks asked for and found in the cache */
	uint64_t cache_misses;
	uint64_t blocks_written;
	uint64_t commits;
	uint64_t damaged; /* reads of blocks that were not what was written */
};
void volume_get_usage(struct volume *v, struct volume_usage *usage);

/* Keeps the file alive without a name until as many volume_release. E_NOT_FOUND: no such inode. */
MUST_USE enum err volume_hold(struct volume *v, uint64_t ino);
void volume_release(struct volume *v, uint64_t ino);

MUST_USE enum err volume_stat(struct volume *v, uint64_t ino, struct volume_stat *st);
/* Sets those that are not NULL, and ctim. */
MUST_USE enum err volume_set_times(struct volume *v, uint64_t ino, const uint64_t *atim,
				   const uint64_t *mtim);

/* Files. *done is short only at the end of the file. E_IS_DIRECTORY, E_INVALID for what is no file. */
MUST_USE enum err volume_read(struct volume *v, uint64_t ino, void *buf, size_t size, uint64_t off,
			      size_t *done);
/* *done may be short, but not 0 unless size is, when space ran out. E_FILE_SIZE: the end would lie
 * beyond VOLUME_FILE_MAX. `off` UINT64_MAX appends. */
MUST_USE enum err volume_write(struct volume *v, uint64_t ino, const void *buf, size_t size,
			       uint64_t off, size_t *done);
MUST_USE enum err volume_set_size(struct volume *v, uint64_t ino, uint64_t size);
/* Could that many bytes be written now, one after the other, over old ones or new? Keeps nothing: it holds
 * until somebody else writes. E_NO_SPACE. */
MUST_USE enum err volume_room(struct volume *v, uint64_t size);

/* Names. `dir` is a directory (E_NOT_DIRECTORY otherwise); a name has 1..VOLUME_NAME_MAX bytes, no
 * '/' and no NUL, and is neither "." nor ".." (E_INVALID otherwise). */
MUST_USE enum err volume_lookup(struct volume *v, uint64_t dir, const char *name, size_t name_size,
				uint64_t *ino, enum volume_type *type);
/* A new file or directory. E_EXISTS. */
MUST_USE enum err volume_create(struct volume *v, uint64_t dir, const char *name, size_t name_size,
				enum volume_type type, uint64_t *ino);
MUST_USE enum err volume_symlink(struct volume *v, uint64_t dir, const char *name, size_t name_size,
				 const char *target, size_t target_size);
/* The first `size` bytes of the target. E_INVALID: no symlink. */
MUST_USE enum err volume_readlink(struct volume *v, uint64_t ino, char *buf, size_t size,
				  size_t *done);
/* One more name for a file or symlink. E_IS_DIRECTORY, E_EXISTS, E_LINKS. */
MUST_USE enum err volume_link(struct volume *v, uint64_t ino, uint64_t dir, const char *name,
			      size_t name_size);
/* E_IS_DIRECTORY: use volume_rmdir. */
MUST_USE enum err volume_unlink(struct volume *v, uint64_t dir, const char *name, size_t name_size);
/* E_NOT_EMPTY. A directory that is held stays, empty and without a name; nothing can be created in it
 * (E_NOT_FOUND). */
MUST_USE enum err volume_rmdir(struct volume *v, uint64_t dir, const char *name, size_t name_size);
/* Replaces what stands at the new name as rename(2) does: a directory only by a directory and only an
 * empty one. E_INVALID: a directory would move below itself. Two names of one file: nothing happens. */
MUST_USE enum err volume_rename(struct volume *v, uint64_t dir, const char *name, size_t name_size,
				uint64_t new_dir, const char *new_name, size_t new_name_size);

struct volume_dirent {
	uint64_t ino;
	uint64_t next; /* cookie of what follows: above 65536 */
	enum volume_type type;
	const char *name; /* valid during the call */
	size_t name_size;
};

/*
 * Hands out the entries from the cookie on (0: the start), "." and ".." not among them, until `take`
 * says false: that entry counts as not taken. What exists all the time is given exactly once, however
 * names come and go between two calls. The volume is locked while `take` runs.
 */
MUST_USE enum err volume_readdir(struct volume *v, uint64_t dir, uint64_t cookie,
				 bool (*take)(void *context, const struct volume_dirent *entry),
				 void *context);

/* The directory that holds this one; of the root itself. */
MUST_USE enum err volume_parent(struct volume *v, uint64_t dir, uint64_t *parent);

#endif
