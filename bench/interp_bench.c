/*
 * interp_bench DIR NAME:N...: how much slower than native code the interpreter is. For each kernel
 * DIR/NAME.so and DIR/NAME.wasm are built of one source; run(N) is timed in both, in turn, ROUNDS
 * times, the medians are compared, and so are the results: a difference ends the program with 1.
 */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "interp/interp.h"
#include "wasm/validate.h"

#define ROUNDS 5

struct kernel {
	uint64_t (*native)(uint32_t);
	uint8_t *bytes;
	size_t size;
	struct wasm_module module;
	struct wasm_store store;
	struct interp_thread thread;
	struct wasm_func_instance *run;
};

/* Time of the processor, so that other programs on the machine do not count. */
static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool file_read(const char *path, uint8_t **bytes, size_t *size)
{
	FILE *f = fopen(path, "rb");
	long n;

	if (!f || fseek(f, 0, SEEK_END) || (n = ftell(f)) < 0 || fseek(f, 0, SEEK_SET)) {
		perror(path);
		return false;
	}
	*size = (size_t)n;
	*bytes = malloc(*size + 1);
	bool ok = *bytes && fread(*bytes, 1, *size, f) == *size;

	fclose(f);
	return ok;
}

static bool kernel_load_wasm(struct kernel *k)
{
	struct wasm_error error;
	struct wasm_link_error link_error;
	struct wasm_instance *instance;
	struct wasm_extern x;

	if (wasm_decode(&k->module, &error, k->bytes, k->size) ||
	    wasm_validate(&k->module, &error) ||
	    wasm_store_init(&k->store, &(struct wasm_store_config){0}))
		return false;
	interp_store_init(&k->store);
	if (interp_thread_init(&k->thread, &k->store, &(struct interp_limits){0}) ||
	    wasm_instantiate(&k->store, &k->module, NULL, NULL, &instance, &link_error) ||
	    !wasm_instance_export(instance, (struct wasm_name){"run", 3}, &x) ||
	    x.kind != WASM_KIND_FUNC)
		return false;
	k->run = x.func;
	return true;
}

static bool kernel_load(struct kernel *k, const char *dir, const char *name)
{
	char path[512];

	snprintf(path, sizeof path, "%s/%s.so", dir, name);
	void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!so) {
		fprintf(stderr, "%s\n", dlerror());
		return false;
	}
	*(void **)&k->native = dlsym(so, "run");
	snprintf(path, sizeof path, "%s/%s.wasm", dir, name);
	return k->native && file_read(path, &k->bytes, &k->size) && kernel_load_wasm(k);
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v)
{
	qsort(v, ROUNDS, sizeof *v, compare_doubles);
	return v[ROUNDS / 2];
}

/* The ratio, or 0 on a failure. */
static double kernel_measure(struct kernel *k, const char *name, uint32_t n)
{
	double native[ROUNDS], interp[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t arg = n, result = 0;
		double t0 = now();
		uint64_t expected = k->native(n);
		double t1 = now();

		if (interp_call(&k->thread, k->run, &arg, &result) || result != expected) {
			fprintf(stderr, "%s: wrong result\n", name);
			return 0;
		}
		native[i] = t1 - t0;
		interp[i] = now() - t1;
	}
	double a = median(native), b = median(interp);

	printf("%-10s native %8.2f ms   interpreter %8.2f ms   %6.2fx\n", name, a * 1e3, b * 1e3,
	       b / a);
	return b / a;
}

static double bench(const char *dir, const char *spec)
{
	struct kernel k = {0};
	char name[64];
	unsigned n;

	if (sscanf(spec, "%63[^:]:%u", name, &n) != 2) {
		fprintf(stderr, "%s: NAME:N expected\n", spec);
		return 0;
	}
	if (!kernel_load(&k, dir, name)) {
		fprintf(stderr, "%s: cannot be loaded\n", name);
		return 0;
	}
	double ratio = kernel_measure(&k, name, n);

	interp_thread_fini(&k.thread);
	wasm_store_fini(&k.store);
	wasm_module_fini(&k.module);
	free(k.bytes);
	return ratio;
}

int main(int argc, char **argv)
{
	double product = 1;

	if (argc < 3) {
		fprintf(stderr, "usage: interp_bench DIR NAME:N...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		double ratio = bench(argv[1], argv[i]);

		if (ratio == 0)
			return 1;
		product *= ratio;
	}
	printf("geomean    %.2fx native\n", pow(product, 1.0 / (argc - 2)));
	return 0;
}
