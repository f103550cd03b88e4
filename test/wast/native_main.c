/* wast-native FILE.json...: runs scripts natively. Exit 1 when anything failed. */
#include <stdio.h>
#include <stdlib.h>

#include "test/wast/convert.h"
#include "test/wast/runner.h"

static void print_line(void *env, const char *line, size_t len)
{
	(void)env;
	printf("%.*s\n", (int)len, line);
}

static bool run_file(const char *path)
{
	struct wast_counts counts;
	uint8_t *script;
	size_t size;

	if (!wast_convert(path, &script, &size))
		return false;
	enum err err = wast_run(script, size, print_line, NULL, &counts);

	free(script);
	if (err)
		fprintf(stderr, "%s: error %d\n", path, (int)err);
	return !err && counts.failed == 0;
}

int main(int argc, char **argv)
{
	bool ok = argc > 1;

	if (!ok)
		fprintf(stderr, "usage: wast-native FILE.json...\n");
	for (int i = 1; i < argc; i++)
		ok = run_file(argv[i]) && ok;
	return ok ? 0 : 1;
}
