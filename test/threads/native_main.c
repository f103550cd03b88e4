/*
 * Runs a program with threads again and again in one process, outside of an enclave: for the thread
 * sanitizer, under which a race of the runtime's own shows. Usage: native_main COUNT FILE.wasm [ARG...].
 * The program's output goes to ours; each run must exit with 0.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/platform.h"
#include "test/lib/file.h"
#include "test/lib/native_program.h"

#define ARGS_MAX 16

enum err platform_random(void *out, size_t size)
{
	uint8_t *p = out;

	for (size_t i = 0; i < size; i++)
		p[i] = (uint8_t)(i * 7 + 1);
	return E_OK;
}

int main(int argc, char **argv)
{
	static struct program_outcome out;
	struct launch_bytes args[ARGS_MAX];
	struct launch_record r = {
		.engine = LAUNCH_ENGINE_INTERPRETER,
		.diagnostics = LAUNCH_DIAGNOSTICS_BACKTRACE,
		.args_policy = LAUNCH_ARGS_ANY,
		.argv = args,
	};
	long passed = 0;

	if (argc < 3 || argc - 2 > ARGS_MAX)
		return 2;
	const long count = strtol(argv[1], NULL, 10);
	const struct host_bytes module = file_load(argv[2]);

	if (!module.p)
		return 2;
	for (; r.argc < (uint32_t)argc - 2; r.argc++)
		args[r.argc] = (struct launch_bytes){(const uint8_t *)argv[r.argc + 2],
						     strlen(argv[r.argc + 2])};
	for (long i = 0; i < count; i++) {
		native_program_run(&r, module.p, module.size, (const int[]){0, 1, 2}, &out);
		passed += out.kind == RUN_EXITED && out.code == 0;
	}
	native_threads_release();
	fprintf(stderr, "%ld passed, %ld failed\n", passed, count - passed);
	return passed != count;
}
