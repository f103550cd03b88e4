/*
 * retwine-wast [--engine=interp] [--strict-simulation] [--image FILE] FILE.script...: runs scripts
 * (script.h; run.sh makes them of .wast files) in the test image, each in an enclave of its own.
 * Prints failures and, for each file and at the end over all of them, `N passed, N failed,
 * N skipped`. Exit 1 when anything failed.
 */
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/run.h"
#include "host/service.h"
#include "test/lib/file.h"

static struct {
	struct host_bytes image, signature;
	bool strict;
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

/* test-enclave.elf beside this program. */
static bool load_default_image(void)
{
	char self[PATH_MAX], path[PATH_MAX + 32];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0)
		return false;
	self[n] = '\0';
	snprintf(path, sizeof(path), "%s/test-enclave.elf", dirname(self));
	return load_image(path);
}

static void run_script(const char *path, struct host_bytes script)
{
	const struct host_run_request request = {
		.image = g.image,
		.sigstruct = g.signature,
		.launch_record = {(const uint8_t *)"script", 6},
		.module = script,
		.streams = {0, 1, 2},
		.simulation = true,
		.strict_simulation = g.strict,
	};
	struct host_run_result result;
	enum err err = host_run(&request, &result);

	if (err != E_OK || result.end.kind != RUN_EXITED) {
		printf("%s: the enclave did not finish: error %d %s\n", path,
		       err != E_OK ? (int)err : (int)result.end.code, result.why);
		g.failed++;
	}
	g.passed += result.end.detail[0] >> 32;
	g.failed += (uint32_t)result.end.detail[0];
	g.skipped += result.end.detail[1];
	host_run_result_fini(&result);
}

static bool run_file(const char *path)
{
	struct host_bytes script = file_load(path);

	if (!script.p)
		return false;
	run_script(path, script);
	return true;
}

static bool take_option(int *i, int argc, char **argv, const char **image)
{
	const char *option = argv[*i];

	if (strcmp(option, "--strict-simulation") == 0) {
		g.strict = true;
		return true;
	}
	if (strcmp(option, "--image") == 0 && *i + 1 < argc) {
		*image = argv[++*i];
		return true;
	}
	return strcmp(option, "--engine=interp") == 0;
}

int main(int argc, char **argv)
{
	const char *image = NULL;
	int fd[3], i = 1;
	bool ok = service_streams_reserve(fd) == E_OK;

	for (; ok && i < argc && strncmp(argv[i], "--", 2) == 0; i++)
		ok = take_option(&i, argc, argv, &image);
	if (!ok || i >= argc) {
		fprintf(stderr, "usage: retwine-wast [--engine=interp] [--strict-simulation] "
				"[--image FILE.elf] FILE.script...\n");
		return 2;
	}
	if (!(image ? load_image(image) : load_default_image())) {
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
