/*
 * Verifies the native code of modules, function by function, as the enclave does, and says what was refused and
 * how long it took.
 * Usage: verify_tool [--all] [--quiet] [--find] MODULE.wasm...
 * --all: each refused function; --find: by facts that are found here, also where the section has some.
 */
#include "native/verify_find.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "native/verify_section.h"
#include "test/lib/file.h"
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

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void dump(const uint8_t *p, uint32_t at, size_t left)
{
	printf(" %06x:", at);
	for (size_t i = 0; i < 12 && i < left; i++)
		printf(" %02x", p[i]);
	printf("\n");
}

struct total {
	unsigned reasons[COUNT_OF(g_words)], refused;
	uint64_t labels, steps;
	double seconds;
};

static void entry_print(const char *path, const struct verify_image *image, uint32_t i,
			const struct verify_result *r)
{
	printf("%s: entry %u at %x: %s at +%x\n   ", path, i, image->entries[i], g_names[r->reason],
	       r->offset - image->entries[i]);
	dump(image->code + r->offset, r->offset, image->code_size - r->offset);
}

static void verify_all(const char *path, struct verifier *v, struct total *t, bool all)
{
	double start = now();

	for (uint32_t i = 0; i < v->image->entry_count; i++) {
		struct verify_result r = verify_function(v, i);

		t->labels += r.labels;
		t->steps += r.steps;
		t->reasons[r.reason]++;
		t->refused += r.reason != VERIFY_OK;
		if (all && r.reason != VERIFY_OK)
			entry_print(path, v->image, i, &r);
	}
	t->seconds = now() - start;
}

static void total_print(const char *path, const struct verifier *v, const struct total *t)
{
	const struct verify_image *image = v->image;
	double ms = t->seconds * 1e3, code = image->code_size ? image->code_size : 1;
	uint64_t section = image->code_size + (uint64_t)image->rodata_size + image->facts_size +
			   4 * (uint64_t)image->entry_count;

	printf("%s: %u of %u verified, %.1f ms, %.0f ms/MB, %llu labels, %llu steps\n", path,
	       image->entry_count - t->refused, image->entry_count, ms, ms * 1e6 / code,
	       (unsigned long long)t->labels, (unsigned long long)t->steps);
	printf("    code %u, read-only data %u, facts %u; section/code %.3f; state %zu KiB\n",
	       image->code_size, image->rodata_size, image->facts_size, (double)section / code,
	       verifier_memory(v) / 1024);
	for (unsigned i = 1; i < COUNT_OF(g_words); i++) {
		if (t->reasons[i])
			printf("    %5u %s\n", t->reasons[i], g_words[i]);
	}
}

/* Gives the image facts that are found here. Those that are refused then have the finder's reason. */
static bool facts_find_all(const char *path, struct verify_image *image, struct facts_buffer *b,
			   struct total *t, bool all)
{
	struct finder f = {0};
	struct verify_result *results = calloc(image->entry_count + 1u, sizeof *results);
	double start = now();
	bool ok = results && !finder_init(&f, image) && !finder_find_all(&f, b, results);

	for (uint32_t i = 0; ok && i < image->entry_count; i++) {
		t->reasons[results[i].reason] += results[i].reason != VERIFY_OK;
		if (all && results[i].reason)
			entry_print(path, image, i, &results[i]);
	}
	finder_fini(&f);
	free(results);
	image->facts = b->bytes;
	image->facts_size = (uint32_t)b->size;
	printf("%s: facts found in %.0f ms\n", path, (now() - start) * 1e3);
	return ok;
}

static bool image_read(struct verify_image *image, struct native_image *n, struct wasm_module *m,
		       const uint8_t *bytes)
{
	if (native_decode(n, bytes + m->native.offset, m->native.size))
		return false;
	const uint32_t *entries = verify_entries(n);

	return entries && !verify_image_init(image, n, entries, m);
}

static int verify_file(const char *path, bool all, bool quiet, bool find)
{
	const struct host_bytes file = file_load(path);
	struct wasm_module m = {0};
	struct wasm_error error;
	struct native_image n;
	struct verify_image image = {0};
	struct verifier v = {0};
	struct total t = {0}, found = {0};
	struct facts_buffer b = {0};

	if (!file.p || wasm_decode(&m, &error, file.p, file.size)) {
		printf("%s: no module\n", path);
		return 1;
	}
	if (!image_read(&image, &n, &m, file.p)) {
		printf("%s: no native code\n", path);
		return 1;
	}
	if (find && !facts_find_all(path, &image, &b, &found, all))
		return 1;
	if (verifier_init(&v, &image)) {
		printf("%s: no facts\n", path);
		return 1;
	}
	verify_all(path, &v, &t, all && !find);
	if (find)
		memcpy(t.reasons, found.reasons, sizeof t.reasons);
	if (!quiet || t.refused)
		total_print(path, &v, &t);
	verifier_fini(&v);
	facts_buffer_fini(&b);
	wasm_module_fini(&m);
	return t.refused != 0;
}

int main(int argc, char **argv)
{
	bool all = false, quiet = false, find = false;
	int bad = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--all") == 0)
			all = true;
		else if (strcmp(argv[i], "--quiet") == 0)
			quiet = true;
		else if (strcmp(argv[i], "--find") == 0)
			find = true;
		else
			bad += verify_file(argv[i], all, quiet, find);
	}
	return bad != 0;
}
