/* The kinds of file that retwine_inspect describes, one function each. They add to the report's
 * root. */
#ifndef HOST_INSPECT_H
#define HOST_INSPECT_H

#include "base/cc.h"
#include "host/base/files.h"
#include "host/base/report.h"

/* `path` is for messages. The file's bytes are untrusted; inspect_module takes them over. */
MUST_USE enum retwine_code inspect_image(struct report *r, const struct file *file,
					 const char *path, struct retwine_error *error);
MUST_USE enum retwine_code inspect_sigstruct(struct report *r, const struct file *file,
					     const char *path, struct retwine_error *error);
MUST_USE enum retwine_code inspect_module(struct report *r, struct file *file, const char *path,
					  struct retwine_error *error);
MUST_USE enum retwine_code inspect_launch(struct report *r, const struct file *file,
					  const char *path, struct retwine_error *error);

/* Does the file begin as a volume does? */
bool inspect_is_volume(const char *path);
/* Of a volume only the header, read from the file by itself. */
MUST_USE enum retwine_code inspect_volume(struct report *r, const char *path,
					  struct retwine_error *error);

#endif
