/* Whole files in memory. */
#include "test/lib/file.h"

#include <stdio.h>
#include <stdlib.h>

struct host_bytes file_load(const char *path)
{
	struct host_bytes b = {NULL, 0};
	FILE *f = fopen(path, "rb");

	if (!f)
		return b;
	uint8_t *p = NULL;
	size_t size = 0, n;

	do {
		uint8_t *q = realloc(p, size + 65536);

		if (!q)
			abort();
		p = q;
		n = fread(p + size, 1, 65536, f);
		size += n;
	} while (n != 0);
	fclose(f);
	b.p = p;
	b.size = size;
	return b;
}
