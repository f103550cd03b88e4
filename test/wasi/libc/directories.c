/* opendir, telldir, seekdir, rewinddir, scandir: each entry once, in the same order. */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
	char names[128][8];
	long places[128];
	struct dirent *e;
	int n = 0;
	DIR *d = opendir("/d");

	assert(d);
	for (places[0] = telldir(d); (e = readdir(d)) != NULL; places[n] = telldir(d)) {
		assert(n < 127);
		strcpy(names[n++], e->d_name);
	}
	assert(n == 100 || n == 102);
	for (int i = n - 1; i >= 0; i -= 7) {
		seekdir(d, places[i]);
		e = readdir(d);
		assert(e && strcmp(e->d_name, names[i]) == 0);
	}
	rewinddir(d);
	e = readdir(d);
	assert(e && strcmp(e->d_name, names[0]) == 0);
	assert(closedir(d) == 0);

	struct dirent **list;
	const int count = scandir("/d", &list, NULL, alphasort);

	assert(count == n && strcmp(list[count - 1]->d_name, "99") == 0);
	assert(!opendir("/none") && errno == ENOENT);
	assert(!opendir("/d/1") && errno == ENOTDIR);
	assert(mkdir("/d/new", 0777) == 0 && rmdir("/d/new") == 0);
	return 0;
}
