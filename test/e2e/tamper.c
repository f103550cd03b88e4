/*
 * A host that is not honest: it starts the enclave with a module, a launch record or a digest that
 * do not belong together, below the checks of the API. Usage: tamper IMAGE MODULE [strict]; the
 * module is test/guests/exit.c. Every run that is not honest must be refused inside, before the
 * program's first instruction; the honest ones around them show that the harness itself works.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "host/base/files.h"
#include "host/run.h"
#include "include/retwine.h"
#include "launch/launch.h"
#include "test/lib/check.h"

#define STATUS 42 /* what the guest is asked to exit with */

static const char *g_image_path, *g_module_path;
static bool g_strict_simulation;
static struct file g_image, g_signature, g_module;
static struct file g_record; /* honest, for g_module and STATUS */
static uint8_t g_launch_digest[LAUNCH_DIGEST_SIZE];

/* How a run came out. */
struct outcome {
	enum err error; /* of host_run itself */
	uint32_t kind, code;
	char why[HOST_RUN_WHY_MAX];
};

static struct outcome start(struct host_bytes image, struct host_bytes signature,
			    struct host_bytes record, struct host_bytes module,
			    const uint8_t digest[LAUNCH_DIGEST_SIZE])
{
	struct host_run_request request = {
		.image = image,
		.sigstruct = signature,
		.launch_record = record,
		.module = module,
		.streams = {0, 1, 2},
		.simulation = true,
		.strict_simulation = g_strict_simulation,
	};
	struct host_run_result result = {0};
	struct outcome outcome = {0};

	memcpy(request.launch_digest, digest, LAUNCH_DIGEST_SIZE);
	outcome.error = host_run(&request, &result);
	outcome.kind = result.end.kind;
	outcome.code = result.end.code;
	memcpy(outcome.why, result.why, sizeof(outcome.why));
	host_run_result_fini(&result);
	return outcome;
}

static struct host_bytes bytes_of(struct file f)
{
	return (struct host_bytes){.p = f.p, .size = f.size};
}

static struct outcome start_with(struct file record, struct file module)
{
	return start(bytes_of(g_image), bytes_of(g_signature), bytes_of(record), bytes_of(module),
		     g_launch_digest);
}

/* A copy with room for `more` zero bytes, which count. */
static struct file copy_of(struct file f, size_t more)
{
	struct file copy = {.p = calloc(1, f.size + more), .size = f.size + more};
	if (copy.p == NULL)
		exit(2);
	memcpy(copy.p, f.p, f.size);
	return copy;
}

static bool refused_with(struct outcome o, enum err code)
{
	return o.error == E_OK && o.kind == RUN_REFUSED && o.code == (uint32_t)code;
}

/* Refused inside, or by the loader. What must not be: that the program ran. */
static bool refused(struct outcome o)
{
	return o.error != E_OK || o.kind == RUN_REFUSED;
}

static bool ran(struct outcome o, uint32_t status)
{
	return o.error == E_OK && o.kind == RUN_EXITED && o.code == status;
}

/* The record that the API makes for the module with an argument, and its launch digest. */
static bool make_record(struct file *record, uint8_t digest[LAUNCH_DIGEST_SIZE],
			const char *argument)
{
	struct retwine_config *config = retwine_config_new();
	struct retwine_error error;
	struct retwine_identity identity;
	void *p = NULL;
	bool good = config != NULL &&
		    retwine_config_set(config, "image", g_image_path, &error) == RETWINE_OK &&
		    retwine_config_set(config, "module", g_module_path, &error) == RETWINE_OK &&
		    retwine_config_set(config, "args", argument, &error) == RETWINE_OK &&
		    retwine_launch_record(config, &p, &record->size, &error) == RETWINE_OK &&
		    retwine_measure(config, &identity, &error) == RETWINE_OK;
	record->p = p;
	if (good)
		memcpy(digest, identity.launch_digest, LAUNCH_DIGEST_SIZE);
	else
		fprintf(stderr, "tamper: %s\n", error.message);
	retwine_config_free(config);
	return good;
}

TEST(honest_run_exits_as_asked)
{
	CHECK(ran(start_with(g_record, g_module), STATUS));
}

TEST(module_with_another_byte_is_refused)
{
	/* The last byte stands in a custom section: the module stays valid. */
	struct file module = copy_of(g_module, 0);
	module.p[module.size - 1] ^= 1;
	CHECK(refused_with(start_with(g_record, module), E_PROGRAM_MODULE));
	free(module.p);
}

TEST(module_with_an_empty_section_more_is_refused)
{
	struct file module = copy_of(g_module, 3);
	module.p[module.size - 2] = 1; /* custom section of one byte: an empty name */
	CHECK(refused_with(start_with(g_record, module), E_PROGRAM_MODULE));
	free(module.p);
}

TEST(module_one_byte_short_is_refused)
{
	struct file module = g_module;
	module.size--;
	CHECK(refused(start_with(g_record, module)));
}

TEST(another_argument_is_refused)
{
	struct file record = {0};
	uint8_t digest[LAUNCH_DIGEST_SIZE];
	CHECK(make_record(&record, digest, "43"));
	CHECK(refused_with(start_with(record, g_module), E_PROGRAM_LAUNCH));
	/* With its own digest it is another launch, an honest one. */
	CHECK(ran(start(bytes_of(g_image), bytes_of(g_signature), bytes_of(record),
			bytes_of(g_module), digest),
		  43));
	retwine_free(record.p);
}

TEST(record_with_any_bit_changed_is_refused)
{
	for (size_t i = 0; i < g_record.size; i++) {
		struct file record = copy_of(g_record, 0);
		record.p[i] ^= (uint8_t)(1u << i % 8);
		CHECK(refused(start_with(record, g_module)));
		free(record.p);
	}
}

TEST(record_of_another_size_is_refused)
{
	struct file longer = copy_of(g_record, 1), shorter = g_record, empty = {0};
	shorter.size--;
	empty.p = g_record.p;
	CHECK(refused(start_with(longer, g_module)));
	CHECK(refused(start_with(shorter, g_module)));
	CHECK(refused(start_with(empty, g_module)));
	free(longer.p);
}

TEST(another_launch_digest_is_refused)
{
	for (size_t i = 0; i < LAUNCH_DIGEST_SIZE; i += 31) {
		uint8_t digest[LAUNCH_DIGEST_SIZE];
		memcpy(digest, g_launch_digest, sizeof(digest));
		digest[i] ^= 0x80;
		CHECK(refused_with(start(bytes_of(g_image), bytes_of(g_signature),
					 bytes_of(g_record), bytes_of(g_module), digest),
				   E_PROGRAM_LAUNCH));
	}
}

TEST(signature_of_another_size_is_malformed)
{
	struct file longer = copy_of(g_signature, 1), shorter = g_signature;
	shorter.size--;
	CHECK(start(bytes_of(g_image), bytes_of(longer), bytes_of(g_record), bytes_of(g_module),
		    g_launch_digest)
		      .error == E_MALFORMED);
	CHECK(start(bytes_of(g_image), bytes_of(shorter), bytes_of(g_record), bytes_of(g_module),
		    g_launch_digest)
		      .error == E_MALFORMED);
	free(longer.p);
}

/* Every field that EINIT looks at, by its offset (SDM 3D, table 35-19): HEADER, HEADER2, EXPONENT,
 * SIGNATURE, MISCSELECT, MISCMASK, ATTRIBUTES, ATTRIBUTEMASK, ENCLAVEHASH, ISVPRODID, Q1, Q2. */
TEST(signature_with_a_byte_changed_is_refused_by_einit)
{
	static const size_t offsets[] = {0,   24,  512, 516,  900,  904,
					 928, 944, 960, 1024, 1040, 1424};
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		struct file signature = copy_of(g_signature, 0);
		signature.p[offsets[i]] ^= 1;
		struct outcome o = start(bytes_of(g_image), bytes_of(signature), bytes_of(g_record),
					 bytes_of(g_module), g_launch_digest);
		CHECK(o.error != E_OK);
		CHECK(o.why[0] != '\0');
		free(signature.p);
	}
}

TEST(image_with_any_segment_changed_is_refused)
{
	/* A byte of each 64 KiB; those that are not loaded (symbols, debug data) may be anything.
	 */
	size_t differ = 0;
	for (size_t i = 0x1000; i < g_image.size; i += 0x10000) {
		struct file image = copy_of(g_image, 0);
		image.p[i] ^= 1;
		struct outcome o = start(bytes_of(image), bytes_of(g_signature), bytes_of(g_record),
					 bytes_of(g_module), g_launch_digest);
		differ += o.error != E_OK;
		CHECK(o.error != E_OK || ran(o, STATUS));
		free(image.p);
	}
	CHECK(differ > 0);
}

static bool read_inputs(const char *image, const char *module)
{
	struct retwine_error error;
	char *signature = signature_path(image);
	bool good =
		signature != NULL &&
		file_read(&g_image, image, "the image", (size_t)1 << 30, &error) == RETWINE_OK &&
		file_read(&g_signature, signature, "the signature", 4096, &error) == RETWINE_OK &&
		file_read(&g_module, module, "the module", (size_t)1 << 30, &error) == RETWINE_OK;
	if (!good)
		fprintf(stderr, "tamper: %s\n", error.message);
	free(signature);
	return good;
}

int main(int argc, char **argv)
{
	if (argc < 3 || argc > 4 || (argc == 4 && strcmp(argv[3], "strict") != 0)) {
		fprintf(stderr, "usage: tamper IMAGE MODULE [strict]\n");
		return 2;
	}
	g_image_path = argv[1];
	g_module_path = argv[2];
	g_strict_simulation = argc == 4;
	if (!read_inputs(argv[1], argv[2]) || !make_record(&g_record, g_launch_digest, "42"))
		return 2;
	RUN(honest_run_exits_as_asked);
	RUN(module_with_another_byte_is_refused);
	RUN(module_with_an_empty_section_more_is_refused);
	RUN(module_one_byte_short_is_refused);
	RUN(another_argument_is_refused);
	RUN(record_with_any_bit_changed_is_refused);
	RUN(record_of_another_size_is_refused);
	RUN(another_launch_digest_is_refused);
	RUN(signature_of_another_size_is_malformed);
	RUN(signature_with_a_byte_changed_is_refused_by_einit);
	RUN(image_with_any_segment_changed_is_refused);
	RUN(honest_run_exits_as_asked);
	retwine_free(g_record.p);
	file_fini(&g_module);
	file_fini(&g_signature);
	file_fini(&g_image);
	return check_report();
}
