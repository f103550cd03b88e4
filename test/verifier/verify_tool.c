/*
 * Verifies the native code of modules, function by function, as the enclave does, and says what was refused and
 * how long it took.
 * Usage: verify_tool [--all] [--from FUNC --to FUNC] MODULE.wasm...   (--all: each refused function)
 */
#include "native/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/heap.h"
#include "native/format.h"
#include "wasm/module.h"

static const char *const g_words[] = {
#define REASON(name, words) words,
	VERIFY_REASONS(REASON)
#undef REASON
};

static const char *const g_names[] = {
#define REASON(name, words) #name,
	VERIFY_REASONS(REASON)
#undef REASON
};

static uint8_t *file_read(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");

	if (!f)
		return NULL;
	fseek(f, 0, SEEK_END);
	*size = (size_t)ftell(f);
	rewind(f);
	uint8_t *p = malloc(*size + 1);

	if (p && fread(p, 1, *size, f) != *size)
		p = NULL;
	fclose(f);
	return p;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int u32_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Where functions begin: the defined ones, and whatever is called besides. */
static uint32_t *find_entries(const struct native_image *n, uint32_t *count)
{
	static struct x86_index index;
	uint32_t size = (uint32_t)n->header.code_size, used = n->header.func_count,
		 room = used + 64;
	uint32_t *entries = malloc(4 * (size_t)room);

	x86_index_init(&index);
	for (uint32_t i = 0; i < used; i++)
		entries[i] = native_entry_offset(n, i);
	for (uint32_t at = 0; at < size;) {
		struct x86_insn insn;

		if (!x86_decode(&insn, &index, n->code + at, size - at)) {
			at++;
			continue;
		}
		at += insn.length;
		int64_t target = at + insn.immediate;

		if (insn.class != X86_CALL || target < 0 || target >= size)
			continue;
		uint32_t t = (uint32_t)target;

		if (bsearch(&t, entries, n->header.func_count, 4, u32_compare))
			continue;
		if (used + 1 >= room)
			entries = realloc(entries, 4 * (size_t)(room *= 2));
		entries[used++] = t;
	}
	qsort(entries, used, 4, u32_compare);
	uint32_t kept = 0;

	for (uint32_t i = 0; i < used; i++) {
		if (kept == 0 || entries[kept - 1] != entries[i])
			entries[kept++] = entries[i];
	}
	entries[kept] = size;
	*count = kept;
	return entries;
}

static void dump(const uint8_t *p, uint32_t at, size_t left)
{
	printf(" %06x:", at);
	for (size_t i = 0; i < 12 && i < left; i++)
		printf(" %02x", p[i]);
	printf("\n");
}

static int verify_file(const char *path, bool all, bool quiet)
{
	size_t size = 0;
	uint8_t *bytes = file_read(path, &size);
	struct wasm_module m = {0};
	struct wasm_error error;
	struct native_image n;
	struct verify_image image = {0};
	struct verifier v = {0};
	unsigned reasons[COUNT_OF(g_words)] = {0}, refused = 0;
	uint64_t labels = 0, steps = 0;

	if (!bytes || wasm_decode(&m, &error, bytes, size)) {
		printf("%s: no module\n", path);
		return 1;
	}
	enum err e = native_decode(&n, bytes + m.native.offset, m.native.size);

	if (e || native_layout_init(&image.layout, &m)) {
		printf("%s: no native code (%d)\n", path, e);
		return 1;
	}
	image.code = n.code;
	image.code_size = (uint32_t)n.header.code_size;
	image.rodata = n.rodata;
	image.rodata_size = (uint32_t)n.header.rodata_size;
	image.module = &m;
	image.window_size = n.header.flags & NATIVE_CHECKED ? 0 : NATIVE_WINDOW_SIZE;
	image.entries = find_entries(&n, &image.entry_count);
	if (verifier_init(&v, &image))
		return 1;
	double start = now();

	for (uint32_t i = 0; i < image.entry_count; i++) {
		double before = now();
		struct verify_result r = verify_function(&v, i);
		double took = now() - before;

		if (!quiet && took > 0.02)
			printf("%s: entry %u: %u bytes %u labels %u steps %.1f ms\n", path, i,
			       image.entries[i + 1] - image.entries[i], r.labels, r.steps,
			       took * 1e3);
		labels += r.labels;
		steps += r.steps;
		reasons[r.reason]++;
		refused += r.reason != VERIFY_OK;
		if (all && r.reason != VERIFY_OK) {
			printf("%s: entry %u at %x: %s at +%x\n   ", path, i, image.entries[i],
			       g_names[r.reason], r.offset - image.entries[i]);
			dump(n.code + r.offset, r.offset, image.code_size - r.offset);
		}
	}
	double ms = (now() - start) * 1e3;

	if (!quiet || refused) {
		printf("%s: %u of %u verified, %.1f ms, %.0f ms/MB, %llu labels, %llu steps, %zu "
		       "KiB, code %u\n",
		       path, image.entry_count - refused, image.entry_count, ms,
		       ms * 1e6 / (image.code_size + 1.0), (unsigned long long)labels,
		       (unsigned long long)steps, verifier_memory(&v) / 1024, image.code_size);
		for (unsigned i = 1; i < COUNT_OF(g_words); i++) {
			if (reasons[i])
				printf("    %5u %s\n", reasons[i], g_words[i]);
		}
	}
	verifier_fini(&v);
	wasm_module_fini(&m);
	return refused != 0;
}

int main(int argc, char **argv)
{
	bool all = false, quiet = false;
	int bad = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--all") == 0)
			all = true;
		else if (strcmp(argv[i], "--quiet") == 0)
			quiet = true;
		else
			bad += verify_file(argv[i], all, quiet);
	}
	return bad != 0;
}
