/*
 * The directory of caches (XDG Base Directory Specification).
 * Trust: the environment is the user's. The directory has to be the user's alone: who could put a file
 * there could withhold or exchange an entry.
 */
#include "host/base/cache_directory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/words.h"

static enum retwine_code directory_error(struct retwine_error *error, const char *path,
					 const char *why)
{
	return error_set(error, RETWINE_FAILED,
			 "cannot keep files in %s: %s; set XDG_CACHE_HOME to another place", path,
			 why);
}

/* Where caches of this user are: only absolute paths count. NULL: nowhere, or no memory. */
static char *cache_home(bool *no_memory)
{
	const char *xdg = secure_getenv("XDG_CACHE_HOME");
	const char *home = secure_getenv("HOME");
	char *path = NULL;

	*no_memory = false;
	if (xdg && xdg[0] == '/')
		*no_memory = asprintf(&path, "%s", xdg) < 0;
	else if (home && home[0] == '/')
		*no_memory = asprintf(&path, "%s/.cache", home) < 0;
	return *no_memory ? NULL : path;
}

static int make_directory(const char *path)
{
	return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : errno;
}

/* NULL when the directory is one, and its user's alone. */
static const char *directory_problem(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return strerror(errno);
	if (!S_ISDIR(st.st_mode))
		return "it is not a directory";
	if (st.st_uid != geteuid() || (st.st_mode & 0077) != 0)
		return "it must belong to you, with mode 0700";
	return NULL;
}

enum retwine_code cache_directory(char **path, struct retwine_error *error)
{
	bool no_memory;
	char *home = cache_home(&no_memory), *made = NULL;

	if (no_memory)
		return error_no_memory(error);
	if (!home)
		return directory_error(error, "a cache", "neither XDG_CACHE_HOME nor HOME is set");
	int e = make_directory(home);

	if (asprintf(&made, "%s/retwine", home) < 0)
		made = NULL;
	free(home);
	if (!made)
		return error_no_memory(error);
	if (e == 0)
		e = make_directory(made);
	const char *problem = e ? strerror(e) : directory_problem(made);

	if (!problem) {
		*path = made;
		return RETWINE_OK;
	}
	enum retwine_code code = directory_error(error, made, problem);

	free(made);
	return code;
}
