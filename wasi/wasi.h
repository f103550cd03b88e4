/*
 * WASI preview1 for one program: arguments, environment, descriptors and mounts, and the table of
 * the 45 functions. The glue that makes them importable by a module is program/'s.
 *
 * Rights. A preopened directory has every right that a directory can have. What path_open grants
 * follows wasmtime: reading and writing as asked for, and every other right that the directory
 * hands down (its inheriting rights), asked for or not, because programs of today ask for none of
 * them. fd_fdstat_set_rights takes rights away for good; every operation checks its own.
 *
 * Threads. After wasi_init any number of threads may call the functions at once, until wasi_fini.
 * One mutex guards the table of descriptors (wasi/table.c); no file is waited for under it. A call
 * counts the descriptor that it uses, so a close meanwhile does not take it away. Positions have a
 * mutex each; reading and writing a stream takes none, so that who waits for input keeps nobody
 * from writing.
 */
#ifndef WASI_WASI_H
#define WASI_WASI_H

#include <stdatomic.h>

#include "base/err.h"
#include "base/mutex.h"
#include "wasi/fs_host.h"
#include "wasi/memory.h"

#define WASI_FDS_MAX 4096

/* Bytes of the caller, who keeps them until wasi_fini. */
struct wasi_bytes {
	const uint8_t *p;
	size_t size;
};

enum wasi_mount_kind {
	WASI_MOUNT_HOST = 1, /* an untrusted directory of the host */
	WASI_MOUNT_TMP,	     /* memory: empty at the start, gone at the end */
};

struct wasi_mount {
	struct wasi_bytes path; /* the guest's name of it: 1..FS_LINK_MAX bytes, no NUL */
	enum wasi_mount_kind kind;
	bool read_only;
	uint32_t handle; /* WASI_MOUNT_HOST: the host's directory, ours from wasi_init on */
	uint64_t size;	 /* WASI_MOUNT_TMP: most bytes, names and tables included; 0: the default */
};

struct wasi_config {
	const struct wasi_bytes *args; /* argv[0] first; without terminators */
	size_t arg_count;
	const struct wasi_bytes *env; /* NAME=VALUE */
	size_t env_count;
	const struct wasi_mount *mounts; /* descriptors 3, 4, … in this order */
	size_t mount_count;
	uint32_t listener_count;  /* sockets that listen: the descriptors behind the mounts, */
	uint32_t listener_handle; /* over handles from this one on, ours from wasi_init on */
	/* Atomic; other than 0: the program is being ended, and no call waits any longer. What it
	 * returns then is not for the guest. NULL: this never happens. */
	const uint32_t *stop;
};

struct wasi_descriptor;

struct wasi {
	const struct wasi_config *config; /* the caller's */
	struct mutex lock;		  /* of the next three */
	struct wasi_descriptor **fds;	  /* by number; NULL where free */
	size_t fd_size;			  /* elements of fds */
	size_t fd_hint;			  /* no free number is below it */
	struct fs_node **roots;		  /* of mounts that live to the end; a reference each */
	size_t root_count;
	struct fs_host host; /* what the host's files have in common */
	_Atomic uint64_t
		last[WASI_CLOCK_END]; /* greatest time given out, of clocks that only go on */
	_Atomic uint64_t exit;	      /* see wasi_exited */
};

/*
 * Opens the standard streams (0, 1, 2) and the mounts. *config and all that it points to must live
 * until wasi_fini. Its strings are the launch record's: E_INVALID for a NUL inside one or an empty
 * mount path; E_LIMIT for more than UINT32_MAX bytes of strings or WASI_FDS_MAX mounts; E_NOMEM;
 * E_UNSUPPORTED for an unknown kind of mount. On failure nothing is left open but the handles that
 * *config names.
 */
MUST_USE enum err wasi_init(struct wasi *wasi, const struct wasi_config *config);

/* Closes everything; to be called at exit, after a trap too. */
void wasi_fini(struct wasi *wasi);

/* Was proc_exit called? Then the program must not go on, on any thread; *status is that of the first
 * call. */
MUST_USE bool wasi_exited(const struct wasi *wasi, uint32_t *status);

/* One function: `args` has one element per letter of `params`; an i32 is its low half, whatever the
 * upper half holds. The result is an enum wasi_errno. */
typedef uint32_t (*wasi_handler)(struct wasi *wasi, const struct wasi_memory *memory,
				 const uint64_t *args);

struct wasi_func {
	const char *module; /* wasi_snapshot_preview1, or wasi_unstable with its older layouts */
	const char *name;
	const char *params; /* 'i' i32, 'I' i64 */
	bool returns;	    /* an i32; only proc_exit returns nothing: ask wasi_exited */
	wasi_handler call;
};

extern const struct wasi_func g_wasi_funcs[];
extern const size_t g_wasi_func_count;

/* The function of an import, or NULL: a module or a name that does not exist (untrusted bytes). */
const struct wasi_func *wasi_find(const char *module, size_t module_size, const char *name,
				  size_t name_size);

#endif
