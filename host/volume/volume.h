/*
 * An opened volume as the API has it (include/retwine.h), and what the parts of the tools share: words for
 * its errors, and paths in it.
 */
#ifndef HOST_VOLUME_VOLUME_H
#define HOST_VOLUME_VOLUME_H

#include "host/volume_file.h"
#include "include/retwine.h"
#include "volume/anchor.h"
#include "volume/header.h"
#include "volume/volume.h"

struct retwine_volume {
	char *path; /* for messages */
	struct volume_file file;
	struct volume_file anchor_lease; /* of the anchor's file */
	struct volume_device anchor_device;
	struct volume_anchor_file anchor_file;
	struct volume_pin pin;
	struct volume_device device;
	struct volume_config config;
	struct volume_headers headers;	    /* as they were read */
	const struct volume_header *header; /* the one that counts */
	uint32_t slot;			    /* which opened */
	uint8_t master[VOLUME_KEY_SIZE];
	struct volume *volume; /* NULL: the header alone */
};

/* File, lease, key and header; the volume itself is not mounted. Untrusted: the file. */
MUST_USE enum retwine_code volume_open_header(struct retwine_volume **volume,
					      const struct retwine_volume_options *options,
					      struct retwine_error *error);

/* "cannot VERB PATH: words": RETWINE_REFUSED where the volume was changed from outside, RETWINE_INPUT where the
 * file does not fit, RETWINE_FAILED where the machine failed. `name` is shown; NULL: the volume's own. */
MUST_USE enum retwine_code volume_error(const struct retwine_volume *volume, const char *verb,
					const char *name, enum err err,
					struct retwine_error *error);

/* ---- paths ---- */

/* What a path leads to. */
struct volume_at {
	uint64_t ino; /* 0: the last component does not exist, `dir` does */
	enum volume_type type;
	uint64_t dir; /* where the last component is */
	char name[VOLUME_NAME_MAX];
	size_t name_size; /* 0: the path ends in no name ("/", ".."): it exists then */
	bool slash;	  /* the path ends in '/': it can only be a directory */
};

/*
 * Follows a path from the root; symlinks on the way are followed, absolute ones from the volume's root,
 * the last one if `follow`. E_NOT_FOUND, E_NOT_DIRECTORY, E_LIMIT (more than 40 symlinks), E_INVALID
 * (an impossible name), and those of the volume.
 */
MUST_USE enum err volume_walk(struct volume_at *at, struct volume *v, const char *path,
			      bool follow);

/* The last name in a path, or NULL when it ends in none: "/", ".", "a/..". */
const char *volume_base(const char *path, size_t *size);

/* "a/b" in memory that is freed by free; NULL without memory. */
MUST_USE char *volume_join(const char *dir, const char *name, size_t name_size);

/* ---- directories ---- */

struct volume_item {
	char *path; /* or name; owned */
	uint64_t ino;
	enum volume_type type;
};

/* Zeroed is empty. */
struct volume_items {
	struct volume_item *p; /* owned */
	size_t count;
	size_t room;
};

/* Takes the path, also on an error; NULL is one: E_NOMEM. */
MUST_USE enum err volume_items_add(struct volume_items *a, char *path, uint64_t ino,
				   enum volume_type type);
/* Replaces what there is by the entries of a directory, sorted, their paths those of `prefix`. */
MUST_USE enum err volume_items_read(struct volume_items *a, struct volume *v, uint64_t dir,
				    const char *prefix);
/* The last one, which the caller owns now. There is one. */
struct volume_item volume_items_pop(struct volume_items *a);
void volume_items_fini(struct volume_items *a);

#endif
