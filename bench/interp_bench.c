/*
 * interp_bench DIR NAME:N[:M]...: how much slower than native code the interpreter is. For each
 * kernel DIR/NAME.so and DIR/NAME.wasm are built of one source (bench/build_kernels.sh); run(N) is
 * timed in both, in turn, ROUNDS times, the medians are compared, and so are the results: a
 * difference ends the program with 1. With M, wabt's wasm-interp runs DIR/NAME.measure.wasm too,
 * which was built for M.
 *
 * interp_bench --simd DIR NAME:N...: how much faster DIR/NAME.simd.wasm, which was built with vector
 * instructions, is in the interpreter than DIR/NAME.wasm.
 */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
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

static bool kernel_load_file(struct kernel *k, const char *path)
{
	return file_read(path, &k->bytes, &k->size) && kernel_load_wasm(k);
}

static void kernel_fini(struct kernel *k)
{
	interp_thread_fini(&k->thread);
	wasm_store_fini(&k->store);
	wasm_module_fini(&k->module);
	free(k->bytes);
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
	return k->native && kernel_load_file(k, path);
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

static double children_time(void)
{
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* Seconds that wasm-interp takes for run(m), its start included; 0: it failed. */
static double wasm_interp_time(const char *dir, const char *name)
{
	char command[700];
	double before = children_time();

	snprintf(command, sizeof command,
		 "wasm-interp --run-all-exports '%s/%s.measure.wasm' >/dev/null 2>&1", dir, name);
	return system(command) == 0 ? children_time() - before : 0;
}

struct ratios {
	double native;	    /* interpreter / native */
	double wasm_interp; /* wasm-interp / interpreter; 0: not measured */
};

/* False on a failure. */
static bool kernel_measure(struct kernel *k, const char *dir, const char *name, uint32_t n,
			   uint32_t m, struct ratios *ratios)
{
	double native[ROUNDS], interp[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t arg = n, result = 0;
		double t0 = now();
		uint64_t expected = k->native(n);
		double t1 = now();

		if (interp_call(&k->thread, k->run, &arg, &result) || result != expected) {
			fprintf(stderr, "%s: wrong result\n", name);
			return false;
		}
		native[i] = t1 - t0;
		interp[i] = now() - t1;
	}
	double a = median(native), b = median(interp);
	double other = m ? wasm_interp_time(dir, name) : 0;

	ratios->native = b / a;
	ratios->wasm_interp = m ? other / m * n / b : 0;
	printf("%-8s native %7.2f ms   interpreter %7.2f ms = %5.2fx", name, a * 1e3, b * 1e3,
	       b / a);
	if (m)
		printf("   wasm-interp %5.1fx slower than that", ratios->wasm_interp);
	printf("\n");
	return true;
}

static bool bench(const char *dir, const char *spec, struct ratios *ratios)
{
	struct kernel k = {0};
	char name[64];
	unsigned n, m = 0;

	if (sscanf(spec, "%63[^:]:%u:%u", name, &n, &m) < 2) {
		fprintf(stderr, "%s: NAME:N[:M] expected\n", spec);
		return false;
	}
	if (!kernel_load(&k, dir, name)) {
		fprintf(stderr, "%s: cannot be loaded\n", name);
		return false;
	}
	bool ok = kernel_measure(&k, dir, name, n, m, ratios);

	kernel_fini(&k);
	return ok;
}

/* ---- vectors --------------------------------------------------------------------------------- */

/* Seconds of run(n); false: it trapped. */
static bool kernel_time(struct kernel *k, uint64_t n, uint64_t *result, double *seconds)
{
	double start = now();
	bool ok = interp_call(&k->thread, k->run, &n, result) == TRAP_NONE;

	*seconds = now() - start;
	return ok;
}

/* Scalar time / vector time, or 0 on a failure: a trap, or results that differ. */
static double simd_ratio(struct kernel *scalar, struct kernel *simd, uint32_t n)
{
	double times[2][ROUNDS];
	uint64_t results[2];

	for (int i = 0; i < ROUNDS; i++)
		if (!kernel_time(scalar, n, &results[0], &times[0][i]) ||
		    !kernel_time(simd, n, &results[1], &times[1][i]) || results[0] != results[1])
			return 0;
	return median(times[0]) / median(times[1]);
}

static bool bench_simd(const char *dir, const char *spec)
{
	struct kernel scalar = {0}, simd = {0};
	char name[64], paths[2][512];
	unsigned n;
	double ratio = 0;

	if (sscanf(spec, "%63[^:]:%u", name, &n) < 2) {
		fprintf(stderr, "%s: NAME:N expected\n", spec);
		return false;
	}
	snprintf(paths[0], sizeof paths[0], "%s/%s.wasm", dir, name);
	snprintf(paths[1], sizeof paths[1], "%s/%s.simd.wasm", dir, name);
	if (kernel_load_file(&scalar, paths[0]) && kernel_load_file(&simd, paths[1]))
		ratio = simd_ratio(&scalar, &simd, n);
	kernel_fini(&scalar);
	kernel_fini(&simd);
	if (ratio == 0) {
		fprintf(stderr, "%s: cannot be loaded, or a wrong result\n", name);
		return false;
	}
	printf("%-8s with vectors %5.2fx faster than without   (target > 1)\n", name, ratio);
	return true;
}

int main(int argc, char **argv)
{
	double native = 0, wasm_interp = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: interp_bench [--simd] DIR NAME:N[:M]...\n");
		return 2;
	}
	if (strcmp(argv[1], "--simd") == 0) {
		for (int i = 3; i < argc; i++)
			if (!bench_simd(argv[2], argv[i]))
				return 1;
		return 0;
	}
	for (int i = 2; i < argc; i++) {
		struct ratios r;

		if (!bench(argv[1], argv[i], &r))
			return 1;
		native += log(r.native);
		wasm_interp += r.wasm_interp > 0 ? log(r.wasm_interp) : -INFINITY;
	}
	printf("geomean  interpreter %.2fx native", exp(native / (argc - 2)));
	if (wasm_interp > 0)
		printf(", wasm-interp %.1fx slower than the interpreter",
		       exp(wasm_interp / (argc - 2)));
	printf("\n");
	return 0;
}
