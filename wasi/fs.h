/*
 * The small file interface that every kind of mount implements: files, directories and streams as
 * reference-counted nodes, one path component at a time. Path resolution (wasi/path.h) stands above
 * it and is the same for all kinds. The wrappers here hold the rules that no kind may forget:
 * read-only mounts, names that are one component, offsets that fit, no operation across mounts.
 */
#ifndef WASI_FS_H
#define WASI_FS_H

#include <stdatomic.h>

#include "base/cc.h"
#include "hostcall/hostcall.h"
#include "wasi/abi.h"

#define FS_NAME_MAX   255  /* bytes of one component */
#define FS_LINK_MAX   4095 /* bytes of a symlink's target */
#define FS_OFFSET_MAX INT64_MAX
#define FS_OFFSET_END UINT64_MAX /* as offset of a write: append */

#define FS_OPEN_READ   0x01u
#define FS_OPEN_WRITE  0x02u
#define FS_OPEN_CREATE 0x04u
#define FS_OPEN_EXCL   0x08u
#define FS_OPEN_TRUNC  0x10u
#define FS_OPEN_DIR    0x20u /* NOTDIR when it is something else */

struct fs_node;

/* New times; `flags` are WASI_TIME_*, at most one of the two for each time. */
struct fs_times {
	uint64_t atim; /* ns since 1970 */
	uint64_t mtim;
	uint32_t flags;
};

struct fs_dirent {
	uint64_t ino;
	uint64_t next; /* cookie of the entry that follows */
	enum wasi_filetype type;
	struct name name; /* valid during the call */
};

/* Takes entries one by one; false: no more, please. */
struct fs_dirent_sink {
	bool (*take)(struct fs_dirent_sink *sink, const struct fs_dirent *entry);
};

/*
 * What a kind of node can do; a missing operation gives NOTSUP. `name` is one valid component that
 * is neither "." nor ".."; symlinks are never followed (open answers LOOP or, with FS_OPEN_DIR,
 * perhaps NOTDIR). Reads and writes are short only at the end, when more would block, or on want of
 * space. Outputs are written on SUCCESS alone.
 */
struct fs_ops {
	void (*close)(struct fs_node *node); /* the last reference went: free everything */
	/* hands on what was written and kept back; missing: nothing ever is */
	enum wasi_errno (*flush)(struct fs_node *node);
	enum wasi_errno (*stat)(struct fs_node *node, struct wasi_filestat *st);
	enum wasi_errno (*set_times)(struct fs_node *node, const struct fs_times *times);
	enum wasi_errno (*set_flags)(struct fs_node *node, uint32_t fdflags);
	enum wasi_errno (*sync)(struct fs_node *node, bool data_only);
	bool dir_sync; /* of a directory, too */

	/* files, and streams, which ignore the offset */
	enum wasi_errno (*read)(struct fs_node *node, void *buf, size_t size, uint64_t off,
				size_t *done);
	enum wasi_errno (*write)(struct fs_node *node, const void *buf, size_t size, uint64_t off,
				 size_t *done);
	enum wasi_errno (*set_size)(struct fs_node *node, uint64_t size);
	enum wasi_errno (*allocate)(struct fs_node *node, uint64_t off, uint64_t len);
	/* the host handle whose readiness counts; missing: always ready */
	uint32_t (*poll_handle)(const struct fs_node *node);

	/* sockets, which all have recv; `flags` are WASI_RECV_* or WASI_SHUTDOWN_* */
	enum wasi_errno (*accept)(struct fs_node *node, uint32_t fdflags, struct fs_node **conn);
	enum wasi_errno (*recv)(struct fs_node *node, void *buf, size_t size, uint32_t flags,
				size_t *done);
	enum wasi_errno (*shutdown)(struct fs_node *node, uint32_t flags);

	/* directories */
	enum wasi_errno (*open)(struct fs_node *dir, struct name name, uint32_t flags,
				uint32_t fdflags, struct fs_node **node);
	enum wasi_errno (*stat_at)(struct fs_node *dir, struct name name, struct wasi_filestat *st);
	enum wasi_errno (*set_times_at)(struct fs_node *dir, struct name name,
					const struct fs_times *times);
	enum wasi_errno (*readdir)(struct fs_node *dir, uint64_t cookie,
				   struct fs_dirent_sink *sink);
	enum wasi_errno (*readlink)(struct fs_node *dir, struct name name, char *buf, size_t size,
				    size_t *done);
	enum wasi_errno (*mkdir)(struct fs_node *dir, struct name name);
	enum wasi_errno (*unlink)(struct fs_node *dir, struct name name);
	enum wasi_errno (*rmdir)(struct fs_node *dir, struct name name);
	enum wasi_errno (*rename)(struct fs_node *dir, struct name name, struct fs_node *new_dir,
				  struct name new_name);
	enum wasi_errno (*link)(struct fs_node *dir, struct name name, struct fs_node *new_dir,
				struct name new_name);
	enum wasi_errno (*symlink)(struct name target, struct fs_node *dir, struct name name);
};

/* First member of every kind's own node. */
struct fs_node {
	const struct fs_ops *ops;
	_Atomic uint32_t refs;
	enum wasi_filetype type;
	bool stream;	/* no offsets: a pipe, a terminal */
	bool read_only; /* of the mount */
	uint32_t mount; /* nodes of one mount have the same number */
};

/* A node with one reference, not yet in a mount. */
void fs_node_init(struct fs_node *node, const struct fs_ops *ops, enum wasi_filetype type,
		  bool stream);
struct fs_node *fs_node_get(struct fs_node *node);
/* NULL is allowed. */
void fs_node_put(struct fs_node *node);

/* One component: 1..FS_NAME_MAX bytes without '/' and NUL. */
MUST_USE bool fs_name_valid(struct name name);

/* Before a descriptor goes: the errors of writes that were kept back come out here. */
enum wasi_errno fs_flush(struct fs_node *node);
enum wasi_errno fs_stat(struct fs_node *node, struct wasi_filestat *st);
enum wasi_errno fs_set_times(struct fs_node *node, const struct fs_times *times);
enum wasi_errno fs_set_flags(struct fs_node *node, uint32_t fdflags);
enum wasi_errno fs_sync(struct fs_node *node, bool data_only);
/* INVAL when the offset, or FBIG when the end of a write, lies above FS_OFFSET_MAX. */
enum wasi_errno fs_read(struct fs_node *node, void *buf, size_t size, uint64_t off, size_t *done);
enum wasi_errno fs_write(struct fs_node *node, const void *buf, size_t size, uint64_t off,
			 size_t *done);
enum wasi_errno fs_set_size(struct fs_node *node, uint64_t size);
enum wasi_errno fs_allocate(struct fs_node *node, uint64_t off, uint64_t len);

/* *node: a new reference for the caller. */
enum wasi_errno fs_open(struct fs_node *dir, struct name name, uint32_t flags, uint32_t fdflags,
			struct fs_node **node);
enum wasi_errno fs_stat_at(struct fs_node *dir, struct name name, struct wasi_filestat *st);
enum wasi_errno fs_set_times_at(struct fs_node *dir, struct name name,
				const struct fs_times *times);
enum wasi_errno fs_readdir(struct fs_node *dir, uint64_t cookie, struct fs_dirent_sink *sink);
enum wasi_errno fs_readlink(struct fs_node *dir, struct name name, char *buf, size_t size,
			    size_t *done);
enum wasi_errno fs_mkdir(struct fs_node *dir, struct name name);
enum wasi_errno fs_unlink(struct fs_node *dir, struct name name);
enum wasi_errno fs_rmdir(struct fs_node *dir, struct name name);
enum wasi_errno fs_rename(struct fs_node *dir, struct name name, struct fs_node *new_dir,
			  struct name new_name);
enum wasi_errno fs_link(struct fs_node *dir, struct name name, struct fs_node *new_dir,
			struct name new_name);
enum wasi_errno fs_symlink(struct name target, struct fs_node *dir, struct name name);

#endif
