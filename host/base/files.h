/*
 * Files of the host as the API uses them: whole, read once, and each failure one line that says
 * which file, why, and what to do.
 */
#ifndef HOST_BASE_FILES_H
#define HOST_BASE_FILES_H

#include "base/cc.h"
#include "include/retwine.h"

/* A whole file in memory; owned. Zeroed is valid. */
struct file {
	uint8_t *p;
	size_t size;
};

/*
 * Reads a regular file of at most `max` bytes. `what` names its role in messages ("the module").
 * RETWINE_INPUT; RETWINE_FAILED without memory.
 */
MUST_USE enum retwine_code file_read(struct file *file, const char *path, const char *what,
				     size_t max, struct retwine_error *error);
void file_fini(struct file *file);

/* Writes a file that others may read, replacing a regular file of that name as a whole: a reader
 * sees the old or the new contents. Anything else of that name (a device) is refused. */
MUST_USE enum retwine_code file_write(const char *path, const void *p, size_t size,
				      const char *what, struct retwine_error *error);

/* Writes a new file that its owner alone may read; refused when anything has that name. */
MUST_USE enum retwine_code file_create(const char *path, const void *p, size_t size,
				       const char *what, struct retwine_error *error);

/* Do both names lead to one file? False when one of them leads nowhere. */
bool file_is_same(const char *a, const char *b);

/* Opens a directory for a mount: a descriptor above 2, close-on-exec. */
MUST_USE enum retwine_code directory_open(int *fd, const char *path, struct retwine_error *error);

/*
 * Path of a file that comes with this program: beside the executable, or in `place` as seen from there
 * ("/../lib/retwine"). Owned (free). RETWINE_INPUT: there is none; RETWINE_FAILED: no memory.
 */
MUST_USE enum retwine_code companion_find(char **path, const char *name, const char *place);

/* Path of the enclave image that belongs to this program: next to the executable, or in
 * ../lib/retwine/ as seen from it. Owned (free). */
MUST_USE enum retwine_code image_find(char **path, struct retwine_error *error);

/* `path` with .sig in the place of a final .elf, or behind it. Owned (free); NULL without memory.
 */
MUST_USE char *signature_path(const char *path);

#define IMAGE_FILE_NAME "retwine-enclave.elf"

#endif
