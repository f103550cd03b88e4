/*
 * Replays inputs through a fuzz harness without a fuzzer: each argument is a file, or a directory
 * whose files are taken. Fails when nothing was replayed, so that a lost seed folder is noticed.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned g_replayed;

static int replay_file(const char *path, size_t size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(size ? size : 1);
	int failed = !f || !data || fread(data, 1, size, f) != size;

	if (failed) {
		perror(path);
	} else {
		LLVMFuzzerTestOneInput(data, size);
		g_replayed++;
	}
	free(data);
	if (f)
		fclose(f);
	return failed;
}

static int replay_directory(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char name[2048];
	struct stat st;
	int failed = 0;

	if (!dir) {
		perror(path);
		return 1;
	}
	while ((entry = readdir(dir))) {
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (stat(name, &st) == 0 && S_ISREG(st.st_mode))
			failed |= replay_file(name, (size_t)st.st_size);
	}
	closedir(dir);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0;

	for (int i = 1; i < argc; i++) {
		struct stat st;

		if (stat(argv[i], &st) != 0) {
			perror(argv[i]);
			failed = 1;
		} else if (S_ISDIR(st.st_mode)) {
			failed |= replay_directory(argv[i]);
		} else {
			failed |= replay_file(argv[i], (size_t)st.st_size);
		}
	}
	printf("%u passed, %d failed\n", g_replayed, failed);
	return failed || g_replayed == 0;
}
