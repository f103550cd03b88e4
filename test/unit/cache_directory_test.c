/* The directory of caches: where it is, and when it is refused. */
#include "host/base/cache_directory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/lib/check.h"

static struct retwine_error g_error;

static bool says(const char *words)
{
	return strstr(g_error.message, words) != NULL;
}

static bool finds(const char *want)
{
	char *path = NULL;
	bool ok = cache_directory(&path, &g_error) == RETWINE_OK && strcmp(path, want) == 0;

	free(path);
	return ok;
}

static bool refused(const char *words)
{
	char *path = NULL;

	return cache_directory(&path, &g_error) == RETWINE_FAILED && !path && says(words);
}

TEST(the_cache_is_where_the_user_keeps_caches)
{
	char home[] = "/tmp/engine_test.XXXXXX", path[128];
	struct stat st;

	CHECK(mkdtemp(home) != NULL);
	setenv("HOME", home, 1);
	unsetenv("XDG_CACHE_HOME");
	(void)snprintf(path, sizeof(path), "%s/.cache/retwine", home);
	CHECK(finds(path) && finds(path));
	CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0700);
	CHECK(chmod(path, 0750) == 0 && refused("0700"));
	CHECK(rmdir(path) == 0 && symlink(home, path) == 0 && refused("not a directory"));
	CHECK(unlink(path) == 0);
	setenv("XDG_CACHE_HOME", "relative", 1);
	unsetenv("HOME");
	CHECK(refused("neither"));
	setenv("XDG_CACHE_HOME", home, 1);
	(void)snprintf(path, sizeof(path), "%s/retwine", home);
	CHECK(finds(path));
	CHECK(rmdir(path) == 0);
	(void)snprintf(path, sizeof(path), "%s/.cache", home);
	CHECK(rmdir(path) == 0 && rmdir(home) == 0);
	(void)snprintf(path, sizeof(path), "%s/not/there", home);
	setenv("XDG_CACHE_HOME", path, 1);
	CHECK(refused("No such file"));
}

int main(void)
{
	RUN(the_cache_is_where_the_user_keeps_caches);
	return check_report();
}
