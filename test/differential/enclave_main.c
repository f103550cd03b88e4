/*
 * differential-enclave interp | native IMAGE.elf: one of our engines, inside an enclave. Standard input
 * is a stream of modules, each after its length (u32), flags (u32: SCRIPT_HEAP) and fuel for each call
 * (u64; 0: unlimited), all little-endian; each module has the section retwine.native when the engine is
 * to be native. What it does (observe.h, exactly) goes to standard output; a line "." ends each. Each
 * runs in an enclave of its own, whose window is fresh.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/run.h"
#include "host/service/service.h"
#include "test/image/script.h"
#include "test/lib/file.h"
#include "test/lib/sections.h"
#include "wasm/module.h"

#define MODULE_MAX (64u * 1024 * 1024)

struct head {
	uint32_t size;
	uint32_t flags;
	uint64_t fuel;
};

static struct host_bytes g_image, g_signature;
static uint32_t g_engine; /* SCRIPT_NATIVE or 0 */

static bool load_image(const char *path)
{
	char signature[PATH_MAX];
	size_t n = strlen(path);

	if (n < 4 || n >= sizeof(signature) || strcmp(path + n - 4, ".elf") != 0)
		return false;
	memcpy(signature, path, n - 4);
	memcpy(signature + n - 4, ".sig", 5);
	g_image = file_load(path);
	g_signature = file_load(signature);
	return g_image.p && g_signature.p;
}

static void run_input(const struct script_request *request, const struct sections *input)
{
	const struct host_run_request run = {
		.image = g_image,
		.sigstruct = g_signature,
		.launch_record = {(const uint8_t *)request, sizeof *request},
		.module = {input->p, input->size},
		.streams = {-1, 1, -1},
		.simulation = true,
	};
	struct host_run_result result;
	enum err err = host_run(&run, &result);

	if (err)
		printf("the enclave failed: error %d %s\n", (int)err, result.why);
	else if (result.end.kind != RUN_EXITED)
		printf("the enclave ended: kind %" PRIu32 " code %" PRIu32 "\n", result.end.kind,
		       result.end.code);
	host_run_result_fini(&result);
}

/* The module without its section, then the section as the image wants it. */
static void run_module(const uint8_t *bytes, const struct head *h)
{
	struct sections input = {0};
	size_t section, payload;

	wasm_find_native(bytes, h->size, &section, &payload);
	const struct script_request request = {
		.kind = SCRIPT_OBSERVE,
		.flags = g_engine | SCRIPT_EXACT | (h->flags & SCRIPT_HEAP),
		.size = section,
		.fuel = h->fuel,
	};

	sections_append(&input, bytes, section);
	if (g_engine)
		sections_add(&input, bytes + payload, h->size - payload);
	run_input(&request, &input);
	free(input.p);
}

static uint8_t *read_module(struct head *h)
{
	if (fread(h, sizeof *h, 1, stdin) != 1)
		return NULL;
	uint8_t *bytes = h->size <= MODULE_MAX ? malloc(h->size + 1u) : NULL;

	if (!bytes || fread(bytes, 1, h->size, stdin) != h->size) {
		fprintf(stderr, "differential-enclave: a broken stream\n");
		exit(2);
	}
	return bytes;
}

int main(int argc, char **argv)
{
	uint8_t *bytes;
	struct head head;
	int fd[3];

	if (argc != 3 || (strcmp(argv[1], "interp") != 0 && strcmp(argv[1], "native") != 0) ||
	    service_streams_reserve(fd) != E_OK || !load_image(argv[2])) {
		fprintf(stderr, "usage: differential-enclave interp|native IMAGE.elf <MODULES\n");
		return 2;
	}
	g_engine = strcmp(argv[1], "native") == 0 ? SCRIPT_NATIVE : 0;
	while ((bytes = read_module(&head)) != NULL) {
		run_module(bytes, &head);
		printf(".\n");
		fflush(stdout);
		free(bytes);
	}
	return 0;
}
