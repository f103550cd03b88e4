/*
 * retwine-wast [--engine=interp|native] [--level N] [--with WORD]... [--compiler FILE]
 * [--every-window] [--strict-simulation] [--image FILE] FILE.script...: runs scripts (script.h; run.sh
 * makes them of .wast files) in the test image, each in an enclave of its own. With --engine=native
 * the modules are compiled first, by the compiler beside this program unless one is named, as -O1 or
 * -O with the level, and with further words. One memory of an enclave can be in the window: the
 * first that a script makes, or, with --every-window, each in turn, in as many enclaves; then the
 * script counts once, but for failures. Prints failures and, for each file and at the end over all
 * of them, `N passed, N failed, N skipped`. Exit 1 when anything failed.
 */
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/run.h"
#include "host/service/service.h"
#include "test/image/script.h"
#include "test/lib/file.h"
#include "test/lib/sections.h"

static struct {
	struct host_bytes image, signature;
	bool strict, native, every_window;
	struct sections_options compile;
	uint64_t passed, failed, skipped;
} g;

static bool load_image(const char *path)
{
	char signature[PATH_MAX];
	size_t n = strlen(path);

	if (n < 4 || n >= sizeof(signature) || strcmp(path + n - 4, ".elf") != 0)
		return false;
	memcpy(signature, path, n - 4);
	memcpy(signature + n - 4, ".sig", 5);
	g.image = file_load(path);
	g.signature = file_load(signature);
	return g.image.p && g.signature.p;
}

/* What is beside this program; never freed. */
static const char *sibling(const char *name)
{
	char self[PATH_MAX];
	char *path = malloc(PATH_MAX + 32);
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0 || !path)
		abort();
	self[n] = '\0';
	snprintf(path, PATH_MAX + 32, "%s/%s", dirname(self), name);
	return path;
}

/* The script as the test image takes it; false: the compiler failed. */
static bool make_input(struct sections *input, const struct host_bytes *script)
{
	sections_append(input, script->p, script->size);
	return !g.native || sections_compile_script(input, script->p, script->size, &g.compile);
}

/* Returns how many memories the script has made. */
static uint64_t run_input(const char *path, const struct sections *input, size_t script_size,
			  uint64_t window)
{
	const struct script_request script = {
		.kind = SCRIPT_WAST,
		/* the interpreter's memories are on the heap: it needs no window */
		.flags = g.native ? SCRIPT_NATIVE : SCRIPT_HEAP,
		.size = script_size,
		.window = window,
	};
	const struct host_run_request request = {
		.image = g.image,
		.sigstruct = g.signature,
		.launch_record = {(const uint8_t *)&script, sizeof(script)},
		.module = {input->p, input->size},
		.streams = {0, 1, 2},
		.simulation = true,
		.strict_simulation = g.strict,
	};
	struct host_run_result result;
	enum err err = host_run(&request, &result);

	if (err != E_OK || result.end.kind != RUN_EXITED) {
		printf("%s: the enclave did not finish, memory %llu in the window: error %d %s\n",
		       path, (unsigned long long)window,
		       err != E_OK ? (int)err : (int)result.end.code, result.why);
		g.failed++;
	}
	const uint64_t memories = result.end.detail[1] >> 32;

	g.failed += (uint32_t)result.end.detail[0];
	if (window == 0) {
		g.passed += result.end.detail[0] >> 32;
		g.skipped += (uint32_t)result.end.detail[1];
	}
	host_run_result_fini(&result);
	return memories;
}

static bool run_file(const char *path)
{
	const struct host_bytes script = file_load(path);
	struct sections input = {0};

	if (!script.p || !make_input(&input, &script)) {
		printf("%s: no script, or no native code\n", path);
		return false;
	}
	const uint64_t memories = run_input(path, &input, script.size, 0);

	for (uint64_t i = 1; g.every_window && i < memories; i++)
		(void)run_input(path, &input, script.size, i);
	free(input.p);
	free((void *)(uintptr_t)script.p);
	return true;
}

static bool take_word(int *i, int argc, char **argv)
{
	struct sections_options *o = &g.compile;

	if (strcmp(argv[*i], "--with") != 0 || *i + 1 >= argc || o->more_count == SECTIONS_MORE_MAX)
		return false;
	o->more[o->more_count++] = argv[++*i];
	return true;
}

/* An option with a value, which is taken. */
static bool take_value(int *i, int argc, char **argv, const char *option, const char **value)
{
	if (strcmp(argv[*i], option) != 0 || *i + 1 >= argc)
		return false;
	*value = argv[++*i];
	return true;
}

static bool take_option(int *i, int argc, char **argv, const char **image)
{
	const char *option = argv[*i];

	if (strcmp(option, "--strict-simulation") == 0) {
		g.strict = true;
		return true;
	}
	if (strcmp(option, "--every-window") == 0) {
		g.every_window = true;
		return true;
	}
	if (strncmp(option, "--engine=", 9) == 0) {
		g.native = strcmp(option + 9, "native") == 0;
		return g.native || strcmp(option + 9, "interp") == 0;
	}
	return take_word(i, argc, argv) || take_value(i, argc, argv, "--image", image) ||
	       take_value(i, argc, argv, "--level", &g.compile.level) ||
	       take_value(i, argc, argv, "--compiler", &g.compile.compiler);
}

int main(int argc, char **argv)
{
	const char *image = NULL;
	int fd[3], i = 1;
	bool ok = service_streams_reserve(fd) == E_OK;

	g.compile.level = "1";
	g.compile.compiler = sibling("retwine-compile");
	for (; ok && i < argc && strncmp(argv[i], "--", 2) == 0; i++)
		ok = take_option(&i, argc, argv, &image);
	if (!ok || i >= argc) {
		fprintf(stderr,
			"usage: retwine-wast [--engine=interp|native] [--level N] "
			"[--with WORD]... [--compiler FILE] [--every-window] [--strict-simulation] "
			"[--image FILE.elf] "
			"FILE.script...\n");
		return 2;
	}
	if (!(load_image(image ? image : sibling("test-enclave.elf")))) {
		fprintf(stderr, "retwine-wast: no test image beside the program\n");
		return 2;
	}
	for (; i < argc; i++) {
		if (!run_file(argv[i]))
			g.failed++;
	}
	printf("%llu passed, %llu failed, %llu skipped\n", (unsigned long long)g.passed,
	       (unsigned long long)g.failed, (unsigned long long)g.skipped);
	return g.failed != 0;
}
