/*
 * differential verdict | run [FUEL]: our side of the comparison with another engine. Standard input is
 * a stream of modules, each after its length (four bytes, little-endian); the answers go to standard
 * output, module by module, so that one process serves thousands.
 *
 * verdict: a line for each: "ok", or the name of the error and its offset.
 * run: what the interpreter does with it (observe.h); a line "." ends each. With FUEL, each call may
 * use that much of it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/differential/observe.h"
#include "wasm/validate.h"

#define MODULE_MAX (64u * 1024 * 1024)

static void print_error(const struct wasm_error *error)
{
	printf("%s %" PRIu64 "\n", observe_err_name(error->code), error->offset);
}

static void verdict(const uint8_t *bytes, size_t size)
{
	struct wasm_module module;
	struct wasm_error error;

	if (wasm_decode(&module, &error, bytes, size)) {
		print_error(&error);
		return;
	}
	if (wasm_validate(&module, &error))
		print_error(&error);
	else
		printf("ok\n");
	wasm_module_fini(&module);
}

static void print(void *env, const char *p, size_t size)
{
	fwrite(p, 1, size, env);
}

static void run(const uint8_t *bytes, size_t size, uint64_t fuel)
{
	const struct engine_config engine = {.engine = &engine_interp};
	const struct observe_options options = {.fuel = fuel};
	const struct observe_out out = {print, stdout};

	if (observe_module(bytes, size, &engine, &options, &out))
		exit(2);
}

/* The next module of the stream, to be freed; NULL at its end. */
static uint8_t *read_module(size_t *size)
{
	uint8_t head[4];

	if (fread(head, 1, sizeof head, stdin) != sizeof head)
		return NULL;
	*size = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 |
		(size_t)head[3] << 24;
	if (*size > MODULE_MAX) {
		fprintf(stderr, "differential: a module of %zu bytes\n", *size);
		exit(2);
	}
	/* Of exactly that size, so that a sanitizer sees every byte too far. */
	uint8_t *bytes = malloc(*size ? *size : 1);

	if (!bytes || fread(bytes, 1, *size, stdin) != *size) {
		fprintf(stderr, "differential: the stream ends within a module\n");
		exit(2);
	}
	return bytes;
}

int main(int argc, char **argv)
{
	bool runs = argc >= 2 && !strcmp(argv[1], "run");
	uint64_t fuel = runs && argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	uint8_t *bytes;
	size_t size;

	if (!runs && (argc != 2 || strcmp(argv[1], "verdict") != 0)) {
		fprintf(stderr, "usage: differential verdict | run [FUEL] <MODULES\n");
		return 2;
	}
	while ((bytes = read_module(&size)) != NULL) {
		if (runs) {
			run(bytes, size, fuel);
			printf(".\n");
		} else {
			verdict(bytes, size);
		}
		fflush(stdout);
		free(bytes);
	}
	return 0;
}
