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
#include "volume/volume.h"
#include "wasi/fs_host.h"
#include "wasi/memory.h"

#define WASI_FDS_MAX	 4096
#define WASI_KEYS_MAX	 256   /* of /dev/attestation/keys */
#define WASI_QUOTE_MAX	 32768 /* bytes of a quote, or of the claims that it stands for */
#define WASI_USER_SIZE	 64    /* of what a program may have attested */
#define WASI_TARGET_SIZE 512   /* of a TARGETINFO */
#define WASI_REPORT_SIZE 432
#define WASI_DIGEST_SIZE 32

/* Bytes of the caller, who keeps them until wasi_fini. */
struct wasi_bytes {
	const uint8_t *p;
	size_t size;
};

enum wasi_mount_kind {
	WASI_MOUNT_HOST = 1, /* an untrusted directory of the host */
	WASI_MOUNT_TMP,	     /* memory: empty but for given files at the start, gone at the end */
	WASI_MOUNT_ATTESTATION, /* evidence of this program, and its keys (wasi/fs_attest.h); once */
	WASI_MOUNT_VOLUME,	/* a trusted volume (wasi/fs_volume.h) */
};

struct wasi_mount {
	struct wasi_bytes path; /* the guest's name of it: 1..FS_LINK_MAX bytes, no NUL */
	enum wasi_mount_kind kind;
	bool read_only;
	uint32_t handle; /* WASI_MOUNT_HOST: the host's directory, ours from wasi_init on */
	uint64_t size;	 /* WASI_MOUNT_TMP: most bytes, names and tables included; 0: the default */
	struct volume *
		volume; /* WASI_MOUNT_VOLUME: the caller's, open until wasi_fini, which commits nothing */
};

/*
 * Where the standard streams lead if not to the host. Called by any number of threads at once. All
 * input is there before the program starts: polls find it ready. read: SUCCESS with *done 0 is the end.
 * write: to stream 1 or 2; *done is at most size, at least 1 unless size is 0. Both buffers may be the
 * guest's memory, which may change meanwhile: what is written is read once.
 */
struct wasi_streams {
	void *context;
	enum wasi_errno (*read)(void *context, void *buf, size_t size, size_t *done);
	enum wasi_errno (*write)(void *context, unsigned stream, const void *buf, size_t size,
				 size_t *done);
};

/* A file by its canonical path, or a key by its name, one component; copied by wasi_init: the caller
 * may wipe both then. */
struct wasi_given {
	struct wasi_bytes path;
	struct wasi_bytes bytes;
};

/*
 * What stands behind a mount of kind WASI_MOUNT_ATTESTATION. Who implements it makes of the program's
 * `user` bytes claims of the guest's domain, and REPORTDATA is the hash of these: never the bytes
 * themselves. `target` is the program's choice, untrusted. Called by any number of threads at once; an
 * error is what opening the file answers. Outputs are written on SUCCESS alone.
 */
struct wasi_attestation {
	void *context;
	enum wasi_errno (*report)(void *context, const uint8_t user[WASI_USER_SIZE],
				  const uint8_t target[WASI_TARGET_SIZE],
				  uint8_t out[WASI_REPORT_SIZE]);
	enum wasi_errno (*quote)(void *context, const uint8_t user[WASI_USER_SIZE], void *out,
				 size_t max, size_t *size);
	/* the claims for these bytes: what REPORTDATA is the hash of */
	enum wasi_errno (*claims)(void *context, const uint8_t user[WASI_USER_SIZE], void *out,
				  size_t max, size_t *size);
	enum wasi_errno (*my_target)(void *context, uint8_t out[WASI_TARGET_SIZE]);
	uint8_t launch_digest[WASI_DIGEST_SIZE];
	uint8_t program_digest[WASI_DIGEST_SIZE];
	const struct wasi_given *keys; /* copied by wasi_init, wiped by wasi_fini */
	size_t key_count;
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
	const struct wasi_streams *streams;	    /* NULL: the host's */
	const struct wasi_attestation *attestation; /* NULL: there is no such mount, and no key */
	const struct wasi_given *files; /* put into mounts of kind WASI_MOUNT_TMP by wasi_init */
	size_t file_count;
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
 * Opens the standard streams (0, 1, 2) and the mounts. *config and all that it points to, but given
 * files and keys, must live until wasi_fini. Its strings are the launch record's: E_INVALID for a NUL
 * inside one or an empty mount path; E_LIMIT for more than UINT32_MAX bytes of strings or WASI_FDS_MAX
 * mounts; E_NOMEM; E_UNSUPPORTED for an unknown kind of mount, or one of attestation without what
 * stands behind it. Given files and keys come from whoever delivers them: E_INVALID for a path that is
 * not canonical, stands twice or goes through a file, or a name that is not one component; E_DENIED for
 * a file that no memory of the enclave has a place for, or keys without a mount of attestation; E_LIMIT
 * for too many keys or files that do not fit. On failure nothing is left open but the handles that
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
