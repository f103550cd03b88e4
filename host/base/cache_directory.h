/* Where this user's caches of ours are: native code (host/cache.h), collateral (host/verify/). */
#ifndef HOST_BASE_CACHE_DIRECTORY_H
#define HOST_BASE_CACHE_DIRECTORY_H

#include "base/cc.h"
#include "include/retwine.h"

/*
 * $XDG_CACHE_HOME/retwine or ~/.cache/retwine, made if it is not there; owned (free). RETWINE_FAILED: the
 * environment names no place, it cannot be made, or others may write to it or read it.
 */
MUST_USE enum retwine_code cache_directory(char **path, struct retwine_error *error);

#endif
