/*
 * The compiler is a program of its own, retwine-compile: what runs programs needs no LLVM. Found
 * beside the executable or in ../libexec/retwine/ from there, and started without a shell.
 */
#ifndef HOST_COMPILER_H
#define HOST_COMPILER_H

#include "base/cc.h"
#include "include/retwine.h"

#define COMPILER_FILE_NAME "retwine-compile"

/* Owned (free). RETWINE_INPUT when there is none. */
MUST_USE enum retwine_code compiler_find(char **path, struct retwine_error *error);

/*
 * Runs it with the words, the first of which is its own name, and waits for its end. What it says on
 * standard error goes to ours; with `said`, its last line goes there instead, cut to RETWINE_MESSAGE_MAX.
 * RETWINE_OK: it ended by itself; *status is its exit status.
 */
MUST_USE enum retwine_code compiler_run(int *status, char said[RETWINE_MESSAGE_MAX],
					const char *path, const char *const words[],
					struct retwine_error *error);

#endif
